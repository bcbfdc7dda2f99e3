//! Bulk queueing: rows of a CSV, each a page, many of them with one sync.

use std::path::Path;

use super::Settings;
use super::names::Names;
use super::page::{Page, Wishes, fit};
use super::submit::Submitter;
use crate::bulk::rows::{Row, RowPage};
use crate::bulk::run::{self, Setup};
use crate::bulk::sender::{Commit, Sender, TakenBack};
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::outcome::Fate;
use crate::page::PageOptions;
use crate::queue::spool::GROUP;

/// Bytes of messages that are queued together.
const ROOM: usize = 4 * 1024 * 1024;

struct RowSender<'a> {
    submitter: Submitter<'a>,
    names: &'a Names,
    wishes: &'a Wishes,
    settings: &'a Settings<'a>,
}

impl Sender for RowSender<'_> {
    type Prepared = Page;

    fn prepare(&self, row: &Row, page: &RowPage) -> Result<Page, Failure> {
        self.names.check(std::iter::once(row.pager.as_str()))?;
        let (texts, remark) = fit(&page.message, &self.settings.args.text)?;
        let names = std::slice::from_ref(&row.pager);
        let (pin, options) = (page.pin.as_ref(), &page.options);
        let page = Page::new(row.number, names, pin, texts, options, self.wishes)?;
        if let Some(text) = remark {
            let line = format!("row {}: {text} (pager {})", row.number, row.pager);
            self.settings.diag.warn(&line);
        }
        Ok(page.with_row(&row.id))
    }

    fn room(&self) -> (usize, usize) {
        (GROUP, ROOM)
    }

    /// Parts go one after the other.
    fn weight(&self, page: &Page) -> Option<usize> {
        match page.jobs.as_slice() {
            [job] => Some(job.message.len()),
            _ => None,
        }
    }

    fn send_together(&mut self, pages: &[&Page], commit: Commit<'_>) -> Vec<Report> {
        // One by one they are told why not.
        if self.submitter.is_dead() {
            return Vec::new();
        }
        match commit() {
            Ok(()) => self.submitter.send_together(pages),
            Err(fate) => pages.iter().map(|page| kept(page, &fate)).collect(),
        }
    }

    fn goes_on(&self, report: &Report) -> bool {
        report.attempts > 0 && Submitter::goes_on(report)
    }

    /// Its begin is in the journal already.
    fn go_on(&mut self, page: &Page, report: Report, _commit: Commit<'_>) -> Report {
        self.submitter.go_on(page, report)
    }

    fn send(&mut self, page: &Page, commit: Commit<'_>) -> Report {
        if self.submitter.is_dead() {
            return self.submitter.send(page);
        }
        match commit() {
            Ok(()) => self.submitter.send(page),
            Err(fate) => kept(page, &fate),
        }
    }

    fn is_dead(&self) -> bool {
        self.submitter.is_dead()
    }

    /// What is queued stays so.
    fn take_back(&mut self) -> Vec<TakenBack> {
        Vec::new()
    }

    fn finish(&mut self) {}
}

/// The report of a page that the journal keeps in.
fn kept(page: &Page, fate: &Fate) -> Report {
    let mut report = page.untried();
    report.fate = fate.clone();
    report
}

/// Queues the rows of a CSV.
pub(super) fn run(
    csv: &Path,
    defaults: PageOptions,
    names: &Names,
    wishes: &Wishes,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    let args = settings.args;
    let setup = Setup {
        flags: &args.bulk,
        report: args.report,
        defaults,
        needs_text: !args.text.tone,
        retry_unknown: args.retry.retry_unknown,
        fingerprint: format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?}",
            settings.dir.display(),
            args.options,
            args.at,
            args.expire,
            args.dedup,
            args.text,
            args.bulk.delimiter
        ),
        diag: settings.diag,
        interrupt: settings.interrupt,
    };
    run::from_csv(csv, setup, &|| RowSender {
        submitter: Submitter::new(settings.spool, &args.retry, settings.interrupt),
        names,
        wishes,
        settings,
    })
}
