//! A bulk run: rows to one or several senders, their results to one place.
//!
//! Answers for the order of things around a page: what the journal says of
//! it, that its begin is on disk before it goes out, that its result is told,
//! and that a result which turns out to be worthless is told again. Must
//! never know how a page is sent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::SystemTime;

use indicatif::{ProgressBar, ProgressStyle};

use super::journal::Journal;
use super::results::Results;
use super::rows::{Row, RowPage, Rows};
use crate::cli::peer::Peer;
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome, Tally};
use crate::transport::interrupt::Interrupt;

/// Called when a page is about to go out; an error keeps it in.
pub type Commit<'a> = &'a mut dyn FnMut() -> Result<(), Fate>;

/// What is kept of a page that was called sent, until its connection has
/// ended well: replies may turn out to have shifted.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Which page of the run.
    pub number: u64,
    /// The user's own name for it.
    pub id: String,
    /// Whom it was for.
    pub pager: String,
    /// The row's hash.
    pub hash: String,
    /// How often it was tried.
    pub attempts: u32,
    /// How many parts it had.
    pub parts: usize,
}

impl Receipt {
    /// The report that takes the page's verdict back.
    pub fn taken_back(&self, server: &Peer) -> Report {
        let fate =
            Fate::unknown("the server's replies had shifted; the page may have been accepted");
        let mut report = Report::new(self.number, &self.id, &self.pager, self.parts, fate);
        report.server = Some(server.clone());
        report.attempts = self.attempts;
        report
    }
}

/// Something that sends pages, over a connection of its own.
pub trait Sender {
    /// A row's page, ready to be sent.
    type Prepared;

    /// Makes a row's page ready, without sending anything. The error says why
    /// it cannot be sent.
    fn prepare(&self, row: &Row, page: &RowPage) -> Result<Self::Prepared, Failure>;

    /// Sends a page.
    fn send(&mut self, page: &Self::Prepared, commit: Commit<'_>) -> Report;

    /// Is there no use in sending more? Then `send` only says so.
    fn is_dead(&self) -> bool;

    /// Pages that were called sent and are unknown, as far as has come out by now.
    fn take_back(&mut self) -> Vec<(Receipt, Peer)>;

    /// Says goodbye; afterwards `take_back` is complete.
    fn finish(&mut self);
}

/// What a run is made of.
#[derive(Debug)]
pub struct Run<'a> {
    /// Its rows.
    pub rows: Rows<'a>,
    /// Its journal.
    pub journal: Option<Journal>,
    /// Where its results go.
    pub results: Results<'a>,
    /// Where errors go.
    pub diag: &'a Diag,
    /// Stops it in order.
    pub interrupt: &'a Interrupt,
    /// Rows that may be out already are sent again.
    pub retry_unknown: bool,
    /// Check every row and send none.
    pub dry: bool,
    /// Draw a progress bar.
    pub progress: bool,
}

/// What the workers share.
struct Shared<'a> {
    run: Run<'a>,
    returned: Vec<Row>,
    alive: usize,
    broken: Option<Failure>,
    stopped: bool,
    tally: Tally,
    bar: Option<ProgressBar>,
}

/// Runs to the end and returns the run's exit status, or why it could not go on.
pub fn run<S: Sender + Send>(run: Run<'_>, mut senders: Vec<S>) -> Result<Exit, Failure> {
    let bar = run.progress.then(progress_bar);
    let shared = Mutex::new(Shared {
        run,
        returned: Vec::new(),
        alive: senders.len(),
        broken: None,
        stopped: false,
        tally: Tally::default(),
        bar,
    });
    match senders.as_mut_slice() {
        [only] => work(&shared, only),
        many => thread::scope(|scope| {
            for sender in many {
                scope.spawn(|| work(&shared, sender));
            }
        }),
    }
    let mut shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(bar) = shared.bar.take() {
        bar.finish_and_clear();
    }
    if let Some(Err(text)) = shared.run.journal.as_mut().map(Journal::close) {
        shared.run.diag.warn(&text);
    }
    if let Some(exit) = shared.run.interrupt.exit() {
        shared
            .run
            .diag
            .warn("interrupted; the result lines tell what went out");
        return Ok(exit);
    }
    let pages = shared.tally.exit();
    match shared.broken {
        Some(failure) if pages == Exit::Unknown => {
            shared.run.diag.warn(&failure.cause.to_string());
            Ok(pages)
        }
        Some(failure) => Err(failure),
        None => Ok(pages),
    }
}

fn lock<'s, 'r>(shared: &'s Mutex<Shared<'r>>) -> MutexGuard<'s, Shared<'r>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work<S: Sender>(shared: &Mutex<Shared<'_>>, sender: &mut S) {
    loop {
        let Some(row) = lock(shared).next() else {
            break;
        };
        if !one(shared, sender, &row) {
            break;
        }
    }
    sender.finish();
    lock(shared).take_back(sender);
}

/// One row. False: this sender is of no more use, and others go on.
fn one<S: Sender>(shared: &Mutex<Shared<'_>>, sender: &mut S, row: &Row) -> bool {
    let before = lock(shared).before(row, sender);
    let page = match before {
        Ok(page) => page,
        Err(report) => {
            lock(shared).record(row, &report, false);
            return true;
        }
    };
    if sender.is_dead() && lock(shared).give_back(row) {
        return false;
    }
    let mut report = sender.send(&page, &mut || lock(shared).commit(row));
    let untried = report.fate.outcome == Outcome::Untried;
    if untried && sender.is_dead() && lock(shared).give_back(row) {
        return false;
    }
    let mut shared = lock(shared);
    report.duplicate_possible |= shared.is_second_try(row);
    report.settle_tries();
    shared.record(row, &report, true);
    shared.take_back(sender);
    true
}

impl Shared<'_> {
    /// The next row. `None` is said once to each worker, which then leaves.
    fn next(&mut self) -> Option<Row> {
        let row = self.read();
        if row.is_none() {
            self.alive = self.alive.saturating_sub(1);
        }
        row
    }

    fn read(&mut self) -> Option<Row> {
        if self.stopped || self.run.interrupt.exit().is_some() {
            return None;
        }
        if let Some(row) = self.returned.pop() {
            return Some(row);
        }
        match self.run.rows.next(SystemTime::now()) {
            Ok(row) => row,
            Err(failure) => {
                self.stopped = true;
                self.broken = Some(failure);
                None
            }
        }
    }

    /// A sender without a connection leaves, and its row stays to the others,
    /// where there are any.
    fn give_back(&mut self, row: &Row) -> bool {
        if self.alive < 2 {
            return false;
        }
        self.alive -= 1;
        self.returned.push(row.clone());
        true
    }

    /// What is known of a row before it is sent: the page, or the report that
    /// stands in its place.
    fn before<S: Sender>(&self, row: &Row, sender: &S) -> Result<S::Prepared, Box<Report>> {
        let report = |fate| Box::new(Report::new(row.number, &row.id, &row.pager, 1, fate));
        let refused = |text: String| report(Fate::new(Outcome::Refused, Exit::Data, text));
        let page = match &row.page {
            Ok(page) => page,
            Err(text) => return Err(refused(format!("line {}: {text}", row.line))),
        };
        let page = match sender.prepare(row, page) {
            Ok(page) => page,
            Err(failure) => return Err(refused(format!("line {}: {}", row.line, failure.cause))),
        };
        if self.run.dry {
            return Err(report(Fate::new(Outcome::Untried, Exit::Ok, "dry run")));
        }
        let Some(entry) = self
            .run
            .journal
            .as_ref()
            .and_then(|journal| journal.entry(row.number))
        else {
            return Ok(page);
        };
        if entry.hash != row.hash {
            return Err(refused(format!(
                "line {}: not the row that the journal knows",
                row.line
            )));
        }
        match &entry.verdict {
            Some(verdict) if verdict.outcome().may_retry() => Ok(page),
            Some(verdict) if verdict.outcome() != Outcome::Unknown || !self.run.retry_unknown => {
                Err(Box::new(verdict.report(row.number, &row.id, &row.pager)))
            }
            None if !self.run.retry_unknown => Err(report(Fate::unknown(
                "in flight when an earlier run ended; it may have been accepted",
            ))),
            _ => Ok(page),
        }
    }

    fn is_second_try(&self, row: &Row) -> bool {
        let entry = self
            .run
            .journal
            .as_ref()
            .and_then(|journal| journal.entry(row.number));
        entry.is_some_and(|entry| match &entry.verdict {
            None => true,
            Some(verdict) => verdict.outcome() == Outcome::Unknown,
        })
    }

    fn commit(&mut self, row: &Row) -> Result<(), Fate> {
        let Some(journal) = &mut self.run.journal else {
            return Ok(());
        };
        journal.begin(row.number, &row.hash).map_err(|text| {
            self.stopped = true;
            let text = format!("not sent, the journal cannot be written: {text}");
            self.broken = Some(Failure::new(Exit::Io, text.clone()));
            Fate::new(Outcome::Untried, Exit::Io, text)
        })
    }

    fn record(&mut self, row: &Row, report: &Report, was_sent: bool) {
        self.tally.add(report.fate.outcome, report.fate.exit);
        self.run.results.put(report);
        if report.fate.exit != Exit::Ok {
            self.run
                .diag
                .warn(&format!("row {}: {}", report.number, report.error()));
        }
        if was_sent {
            self.note_end(&row.hash, report);
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn note_end(&mut self, hash: &str, report: &Report) {
        if let Some(Err(text)) = self
            .run
            .journal
            .as_mut()
            .map(|journal| journal.end(hash, report))
        {
            self.run.diag.warn(&format!(
                "{text}; the next run will call row {} unknown",
                report.number
            ));
        }
    }

    /// Rows that were called sent are unknown.
    fn take_back(&mut self, sender: &mut impl Sender) {
        for (receipt, server) in sender.take_back() {
            let report = receipt.taken_back(&server);
            self.tally.supersede();
            self.run.results.put(&report);
            self.run
                .diag
                .warn(&format!("row {}: {}", report.number, report.error()));
            self.note_end(&receipt.hash, &report);
        }
    }
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{pos} pages, {per_sec}, {elapsed}");
    let bar = ProgressBar::new_spinner();
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
