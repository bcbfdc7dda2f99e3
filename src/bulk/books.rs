//! What a bulk run knows of its rows: the journal, the results, the count.
//!
//! Answers for a row's begin being on disk before its page goes out, for every
//! row having a result, for telling again a result that turned out to be
//! worthless, and for no page going out once nobody hears of it.

use std::time::{Duration, Instant};

use super::journal::Journal;
use super::results::Results;
use super::rows::Row;
use super::sender::Sender;
use super::supply::Late;
use crate::cli::progress::Progress;
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome, Tally};
use crate::transport::interrupt::Interrupt;

/// Why a run ends before its rows do.
pub(super) const UNHEARD: &str = "nobody reads standard output";

/// How long after a look at a row its page begins at the latest, if nothing had
/// to be waited for.
const AT_ONCE: Duration = Duration::from_millis(1);

/// What is asked of a run.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Rows that may be out already are sent again.
    pub retry_unknown: bool,
    /// Check every row and send none.
    pub dry: bool,
    /// Show how far it is.
    pub progress: bool,
}

/// The books of a run.
#[derive(Debug)]
pub struct Books<'a> {
    journal: Option<Journal>,
    results: Results<'a>,
    diag: &'a Diag,
    interrupt: &'a Interrupt,
    wanted: Wanted,
    tally: Tally,
    /// Why no further page may go out: its begin could not be kept.
    broken: Option<String>,
    /// Nor if nobody reads the results any more.
    unheard: bool,
    /// When that was looked at last.
    looked: Instant,
    /// The first row that was left since.
    first_left: Option<u64>,
    progress: Option<Progress>,
}

impl<'a> Books<'a> {
    /// Opens the books.
    pub fn new(
        journal: Option<Journal>,
        results: Results<'a>,
        diag: &'a Diag,
        interrupt: &'a Interrupt,
        wanted: Wanted,
    ) -> Self {
        Self {
            journal,
            results,
            diag,
            interrupt,
            wanted,
            tally: Tally::default(),
            broken: None,
            unheard: false,
            looked: Instant::now(),
            first_left: None,
            progress: wanted.progress.then(Progress::new),
        }
    }

    /// Closes them: the run's exit status, or why it could not go on.
    /// `failure` is why the rows ended early.
    pub(super) fn close(mut self, failure: Option<Failure>) -> Result<Exit, Failure> {
        if let Some(progress) = self.progress.take() {
            progress.finish(self.diag);
        }
        if let Some(Err(text)) = self.journal.as_mut().map(Journal::close) {
            self.diag.warn(&text);
        }
        if let Some(exit) = self.interrupt.exit() {
            self.diag
                .warn("interrupted; the result lines tell what went out");
            return Ok(exit);
        }
        if let Some(row) = self.first_left {
            self.diag.warn(&format!(
                "{UNHEARD}: no more pages are sent, row {row} is the first that is left"
            ));
        }
        let pages = self.tally.exit();
        match failure {
            Some(failure) if pages == Exit::Unknown => {
                self.diag.warn(&failure.cause.to_string());
                Ok(pages)
            }
            Some(failure) => Err(failure),
            None => Ok(pages),
        }
    }

    /// What is known of a row before it is sent: the page, or the report that
    /// stands in its place.
    pub(super) fn before<S: Sender>(
        &mut self,
        row: &Row,
        sender: &S,
    ) -> Result<S::Prepared, Box<Report>> {
        // First, because a row that is out may have become bad since: its hold
        // time has passed.
        if let Some(report) = self.known(row) {
            return Err(report);
        }
        let page = match &row.page {
            Ok(page) => page,
            Err(text) => return Err(refused(row, Exit::Data, text)),
        };
        let page = match sender.prepare(row, page) {
            Ok(page) => page,
            Err(failure) => return Err(refused(row, failure.exit, &failure.cause.to_string())),
        };
        if self.wanted.dry {
            let fate = Fate::new(Outcome::Untried, Exit::Ok, "dry run");
            return Err(report(row, fate));
        }
        if self.are_unheard() {
            return Err(left(row));
        }
        match &self.broken {
            Some(text) => Err(report(row, Fate::untried(text.clone()))),
            None => Ok(page),
        }
    }

    /// Does nobody read the results any more? Then the run is over.
    pub(super) fn are_unheard(&mut self) -> bool {
        self.looked = Instant::now();
        self.unheard = self.unheard || self.results.have_no_reader();
        self.unheard
    }

    /// Enters what a run leaves that nobody hears of any more: its next row, if
    /// it is there; `None`: it has had them all.
    pub(super) fn leave(&mut self, next: Result<Option<Row>, Late>) {
        match next {
            Ok(None) => {}
            Ok(Some(row)) => self.record(&row, &left(&row), false),
            Err(Late) => {
                self.tally.add(Outcome::Untried, Exit::TempFail);
                let text = format!("{UNHEARD}: rows that are still to come are not sent");
                self.diag.warn(&text);
            }
        }
    }

    /// What the journal says of a row that is not to be sent again.
    fn known(&self, row: &Row) -> Option<Box<Report>> {
        let entry = self.journal.as_ref()?.entry(row.number)?;
        if entry.hash != row.hash {
            let text = "not the row that the journal knows";
            return Some(refused(row, Exit::Data, text));
        }
        let outcome = entry.outcome();
        if outcome.may_retry() || (outcome == Outcome::Unknown && self.wanted.retry_unknown) {
            return None;
        }
        Some(match &entry.verdict {
            Some(verdict) => Box::new(verdict.report(row.number, &row.id, &row.pager)),
            None => report(
                row,
                Fate::unknown("in flight when an earlier run ended; it may have been accepted"),
            ),
        })
    }

    /// Brings in that an earlier run may have sent this row's page already.
    pub(super) fn settle(&self, row: &Row, report: &mut Report) {
        let entry = self
            .journal
            .as_ref()
            .and_then(|journal| journal.entry(row.number));
        report.duplicate_possible |= entry.is_some_and(|entry| entry.outcome() == Outcome::Unknown);
        report.settle_tries();
    }

    /// The rows may be out from now on.
    pub(super) fn begin(&mut self, rows: &[&Row]) -> Result<(), Fate> {
        // A page that begins at once was looked at with its row.
        if self.looked.elapsed() > AT_ONCE && self.are_unheard() {
            return Err(Fate::untried(UNHEARD));
        }
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let rows: Vec<(u64, &str)> = rows
            .iter()
            .map(|row| (row.number, row.hash.as_str()))
            .collect();
        journal.begin(&rows).map_err(|text| {
            let text = format!("not sent, the journal cannot be written: {text}");
            self.broken = Some(text.clone());
            Fate::untried(text)
        })
    }

    pub(super) fn record(&mut self, row: &Row, report: &Report, was_sent: bool) {
        self.tell(report);
        if was_sent {
            self.note_end(&row.hash, report);
        }
    }

    /// The row's result, for all but the journal.
    pub(super) fn tell(&mut self, report: &Report) {
        self.tally.add(report.fate.outcome, report.fate.exit);
        self.results.put(report);
        if self.unheard && report.fate.outcome == Outcome::Untried {
            // One word at the end is for all of them.
            let first = self.first_left.unwrap_or(report.number);
            self.first_left = Some(first.min(report.number));
        } else if let Some(text) = report.warning() {
            self.diag.warn(&format!("row {}: {text}", report.number));
        }
        if let Some(progress) = &mut self.progress {
            progress.add(self.diag);
        }
    }

    /// The row's verdict, for the journal.
    pub(super) fn note_end(&mut self, hash: &str, report: &Report) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        // A row that was not begun is not begun at the next run either; and a
        // login that was refused, for whatever reason, says nothing about a row.
        let is_open = journal.is_open(report.number);
        let of_all = matches!(
            report.fate.exit,
            Exit::NoPermission | Exit::Config | Exit::Protocol
        );
        let forgettable = report.fate.outcome.may_retry() || of_all;
        if forgettable && !is_open {
            return;
        }
        if let Err(text) = journal.end(hash, report) {
            self.diag.warn(&format!(
                "{text}; the next run will call row {} unknown",
                report.number
            ));
        }
    }

    /// Rows that were called sent are unknown.
    pub(super) fn take_back(&mut self, sender: &mut impl Sender) {
        for taken in sender.take_back() {
            let report = taken.report();
            self.tally.supersede();
            self.results.put(&report);
            self.diag
                .warn(&format!("row {}: {}", report.number, report.error()));
            self.note_end(&taken.receipt.hash, &report);
        }
    }
}

fn report(row: &Row, fate: Fate) -> Box<Report> {
    Box::new(Report::new(row.number, &row.id, &row.pager, 1, fate))
}

fn left(row: &Row) -> Box<Report> {
    report(row, Fate::untried(UNHEARD))
}

fn refused(row: &Row, exit: Exit, text: &str) -> Box<Report> {
    let text = format!("line {}: {text}", row.line);
    report(row, Fate::new(Outcome::Refused, exit, text))
}
