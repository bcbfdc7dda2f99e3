//! Bulk sending: rows of a CSV, each a page.

use std::path::Path;
use std::time::Duration;

use super::Settings;
use super::page::{Page, Text};
use super::talker::Talker;
use super::target::Target;
use crate::applet::send;
use crate::bulk::rows::{Row, RowPage};
use crate::bulk::run::{self, Setup};
use crate::bulk::sender::{Commit, Sender, TakenBack};
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::page::PageOptions;

/// How long a connection waits for the next line or row: servers drop who is
/// idle, and what is written into a connection that ends is lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

struct RowSender<'a> {
    talker: Talker<'a>,
    settings: &'a Settings<'a>,
}

impl Sender for RowSender<'_> {
    type Prepared = Page;

    fn prepare(&self, row: &Row, page: &RowPage) -> Result<Page, Failure> {
        send::supports("xtell", &page.options, page.pin.is_some())?;
        let args = self.settings.args;
        let target = Target::parse(&row.pager, &args.host)?;
        let text = Text::of(&page.message, &args.text)?;
        let page = Page::new(row.number, &target, &text, &page.options, args)?;
        for text in text.remarks.iter().chain(&page.remark) {
            let line = format!("row {}: {text} (pager {})", row.number, row.pager);
            self.settings.diag.warn(&line);
        }
        Ok(page.with_row(&row.id, &row.hash))
    }

    fn send(&mut self, page: &Page, commit: Commit<'_>) -> Report {
        self.talker.send(page, commit)
    }

    /// Other rows are for other servers.
    fn is_dead(&self) -> bool {
        false
    }

    fn take_back(&mut self) -> Vec<TakenBack> {
        self.talker.take_back()
    }

    fn patience(&self) -> Option<Duration> {
        self.talker.peer().map(|_| PATIENCE)
    }

    fn finish(&mut self) {
        self.talker.rest();
    }
}

/// Sends the rows of a CSV.
pub(super) fn run(csv: &Path, settings: &Settings<'_>) -> Result<Exit, Failure> {
    let args = settings.args;
    let setup = Setup {
        flags: &args.bulk,
        report: args.report,
        defaults: PageOptions::default(),
        needs_text: true,
        retry_unknown: args.retry.retry_unknown,
        fingerprint: format!(
            "{:?} {:?} {:?} {:?} {:?}",
            args.host, args.line.proxy_command, args.from, args.text, args.bulk.delimiter
        ),
        diag: settings.diag,
        interrupt: settings.interrupt,
    };
    run::from_csv(csv, setup, &|| RowSender {
        talker: Talker::new(settings),
        settings,
    })
}
