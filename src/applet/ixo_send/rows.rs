//! Bulk sending: rows of a CSV, each a page, in as few calls as it takes.

use std::path::Path;
use std::time::Duration;

use super::caller::Caller;
use super::page::Page;
use super::way::Settings;
use crate::applet::send;
use crate::bulk::rows::{Row, RowPage};
use crate::bulk::run::{self, Setup};
use crate::bulk::sender::{Commit, Sender, TakenBack};
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::page::PageOptions;

/// How long a call waits for the next row: a central hangs up on who is idle
/// for 4 s (t4 of TAP 1.8).
const PATIENCE: Duration = Duration::from_secs(1);

struct RowSender<'a> {
    caller: Caller<'a>,
    settings: &'a Settings<'a>,
}

impl Sender for RowSender<'_> {
    type Prepared = Page;

    fn prepare(&self, row: &Row, page: &RowPage) -> Result<Page, Failure> {
        send::supports("TAP", &page.options, page.pin.is_some())?;
        let args = self.settings.args;
        let page = Page::new(
            row.number,
            &row.pager,
            &page.message,
            &page.options,
            &args.text,
            args.wishes(),
        )?;
        for text in page.remarks() {
            let line = format!("row {}: {text} (pager {})", row.number, row.pager);
            self.settings.diag.warn(&line);
        }
        Ok(page.with_row(&row.id, &row.hash))
    }

    fn send(&mut self, page: &Page, commit: Commit<'_>) -> Report {
        self.caller.send(page, commit)
    }

    fn is_dead(&self) -> bool {
        self.caller.is_dead()
    }

    fn take_back(&mut self) -> Vec<TakenBack> {
        self.caller.take_back()
    }

    fn patience(&self) -> Option<Duration> {
        self.caller.is_open().then_some(PATIENCE)
    }

    fn finish(&mut self) {
        self.caller.finish();
    }
}

/// Sends the rows of a CSV.
pub(super) fn run<'a>(
    csv: &Path,
    settings: &'a Settings<'a>,
    caller: &dyn Fn() -> Caller<'a>,
) -> Result<Exit, Failure> {
    let args = settings.args;
    let setup = Setup {
        flags: &args.bulk,
        report: args.report,
        defaults: PageOptions::default(),
        needs_text: !args.text.tone,
        retry_unknown: args.retry.retry_unknown,
        fingerprint: settings.fingerprint(),
        diag: settings.diag,
        interrupt: settings.interrupt,
    };
    run::from_csv(csv, setup, &|| RowSender {
        caller: caller(),
        settings,
    })
}
