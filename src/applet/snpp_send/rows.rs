//! Bulk sending: rows of a CSV, each a page, over one or several connections.

use std::path::Path;

use super::Args;
use crate::applet::snpp;
use crate::applet::snpp::gateway::{Gateways, Settings};
use crate::applet::snpp::page::{Page, Wishes};
use crate::bulk::rows::{Row, RowPage};
use crate::bulk::run::{self, Setup};
use crate::bulk::sender::{Commit, Sender, TakenBack};
use crate::cli::message::TextArgs;
use crate::cli::peer::Peer;
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::page::PageOptions;
use crate::protocol::snpp::plain::MAX_AHEAD;
use crate::protocol::snpp::plan::Recipient;

struct RowSender<'a> {
    gateways: Gateways<'a>,
    diag: &'a Diag,
    wishes: &'a Wishes,
    text: &'a TextArgs,
    window: usize,
}

impl RowSender<'_> {
    fn warn(&self, row: &Row, text: &str) {
        self.diag
            .warn(&format!("row {}: {text} (pager {})", row.number, row.pager));
    }
}

impl Sender for RowSender<'_> {
    type Prepared = Page;

    fn prepare(&self, row: &Row, page: &RowPage) -> Result<Page, Failure> {
        let fitted = snpp::fit(self.text, &page.message, self.wishes.body)?;
        let cut = fitted.cut.then(|| snpp::cut_to(&fitted));
        let recipient = Recipient {
            id: row.pager.clone(),
            pin: page.pin.clone(),
        };
        let recipients = vec![recipient];
        let page = Page::new(
            row.number,
            recipients,
            fitted.parts,
            &page.options,
            self.wishes,
        )
        .map_err(|error| Failure::data(error.to_string()))?;
        for text in cut.into_iter().chain(page.remark()) {
            self.warn(row, &text);
        }
        Ok(page.with_row(&row.id, &row.hash))
    }

    fn send(&mut self, page: &Page, commit: Commit<'_>) -> Report {
        let mut reports = self.gateways.send(page, commit);
        // A row has one recipient, and each recipient a report.
        reports.pop().unwrap_or_else(|| page.lost())
    }

    fn room(&self) -> (usize, usize) {
        (self.window, MAX_AHEAD)
    }

    fn weight(&self, page: &Page) -> Option<usize> {
        if self.window < 2 {
            return None;
        }
        Some(self.gateways.wire(&page.plain()?).bytes.len())
    }

    fn send_together(&mut self, pages: &[&Page], commit: Commit<'_>) -> Vec<Report> {
        self.gateways.send_together(pages, commit)
    }

    fn goes_on(&self, report: &Report) -> bool {
        self.gateways.goes_on(report)
    }

    fn go_on(&mut self, page: &Page, report: Report, commit: Commit<'_>) -> Report {
        self.gateways.go_on(page, report, commit)
    }

    fn is_dead(&self) -> bool {
        self.gateways.is_dead()
    }

    fn take_back(&mut self) -> Vec<TakenBack> {
        self.gateways.take_back()
    }

    fn finish(&mut self) {
        self.gateways.finish();
    }
}

/// Sends the rows of a CSV.
pub(super) fn run<'a>(
    args: &'a Args,
    csv: &Path,
    defaults: PageOptions,
    wishes: &'a Wishes,
    settings: &'a Settings<'a>,
    servers: &[Peer],
    gateways: &dyn Fn() -> Gateways<'a>,
) -> Result<Exit, Failure> {
    let setup = Setup {
        flags: &args.bulk,
        report: args.report,
        defaults,
        needs_text: !args.text.tone,
        retry_unknown: args.retry.retry_unknown,
        fingerprint: fingerprint(args, wishes, servers),
        diag: settings.diag,
        interrupt: settings.interrupt,
    };
    run::from_csv(csv, setup, &|| RowSender {
        gateways: gateways(),
        diag: settings.diag,
        wishes,
        text: &args.text,
        window: args.bulk.window,
    })
}

/// Everything but the rows that decides where a page goes and what it says.
fn fingerprint(args: &Args, wishes: &Wishes, servers: &[Peer]) -> String {
    format!(
        "{servers:?} {:?} {:?} {:?} {:?} {wishes:?} {:?} {:?} {:?}",
        args.line.proxy_command,
        args.login,
        args.options,
        args.hold,
        args.two_way.expire,
        args.text,
        args.bulk.delimiter
    )
}
