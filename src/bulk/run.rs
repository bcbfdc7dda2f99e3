//! A bulk run: rows to one or several senders, their results to one place.
//!
//! Answers for handing each row to exactly one sender at a time, and for the
//! order of things around a page. Must never know how a page is sent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::books::Books;
use super::rows::{Row, RowPage};
use super::supply::Supply;
use super::together;
use crate::cli::peer::Peer;
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome};

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

/// A page that was called sent and is unknown.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// What was kept of it.
    pub receipt: Receipt,
    /// The server that had called it sent.
    pub server: Peer,
    /// What came out since.
    pub why: String,
}

impl TakenBack {
    /// The report that takes the page's verdict back.
    pub fn report(&self) -> Report {
        let receipt = &self.receipt;
        let text = format!("{}; the page may not have been accepted", self.why);
        let fate = Fate::unknown(text);
        let mut report = Report::new(
            receipt.number,
            &receipt.id,
            &receipt.pager,
            receipt.parts,
            fate,
        );
        report.server = Some(self.server.clone());
        report.attempts = receipt.attempts;
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

    /// How many pages, and how many bytes of them, may be sent together.
    fn room(&self) -> (usize, usize);

    /// The bytes that a page takes of that room; `None`: it goes alone.
    fn weight(&self, page: &Self::Prepared) -> Option<usize>;

    /// Sends pages together and once: a report for each, in order. None where
    /// they cannot go together now; then nothing was said of them.
    fn send_together(&mut self, pages: &[&Self::Prepared], commit: Commit<'_>) -> Vec<Report>;

    /// Is a page that was sent together with others to be tried again?
    fn goes_on(&self, report: &Report) -> bool;

    /// Tries it again.
    fn go_on(&mut self, page: &Self::Prepared, report: Report, commit: Commit<'_>) -> Report;

    /// Sends a page.
    fn send(&mut self, page: &Self::Prepared, commit: Commit<'_>) -> Report;

    /// Is there no use in sending more? Then `send` only says so.
    fn is_dead(&self) -> bool;

    /// Pages that were called sent and are unknown, as far as has come out by now.
    fn take_back(&mut self) -> Vec<TakenBack>;

    /// Says goodbye; afterwards `take_back` is complete.
    fn finish(&mut self);
}

/// What the workers share. The rows have locks of their own: who waits for
/// the next row must not hold up a page that is about to go out.
pub(super) struct Floor<'a> {
    pub(super) supply: Supply<'a>,
    pub(super) books: Mutex<Books<'a>>,
}

/// Runs to the end and returns the run's exit status, or why it could not go on.
pub fn run<'a, S: Sender + Send>(
    supply: Supply<'a>,
    books: Books<'a>,
    mut senders: Vec<S>,
) -> Result<Exit, Failure> {
    let floor = Floor {
        supply: supply.for_workers(senders.len()),
        books: Mutex::new(books),
    };
    if let Some((first, others)) = senders.split_first_mut() {
        thread::scope(|scope| {
            for sender in others {
                let worker = thread::Builder::new().spawn_scoped(scope, || work(&floor, sender));
                if worker.is_err() {
                    // As many as the system gives; the others have the rows.
                    floor.supply.lose_worker();
                }
            }
            work(&floor, first);
        });
    }
    let mut books = floor
        .books
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let (rest, failure) = floor.supply.into_rest();
    for row in rest {
        let fate = Fate::untried("not tried");
        books.record(
            &row,
            &Report::new(row.number, &row.id, &row.pager, 1, fate),
            false,
        );
    }
    books.close(failure)
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A row, and its page or the report that stands in its place.
pub(super) type Taken<S> = (Row, Result<<S as Sender>::Prepared, Box<Report>>);

fn work<S: Sender>(floor: &Floor<'_>, sender: &mut S) {
    let mut next: Option<Taken<S>> = None;
    while let Some((row, page)) = next.take().or_else(|| {
        let row = floor.supply.next()?;
        Some(floor.look_at(row, sender))
    }) {
        let goes_on = match page {
            Ok(page) => together::send(floor, sender, (row, page), &mut next),
            Err(report) => {
                lock(&floor.books).record(&row, &report, false);
                true
            }
        };
        if !goes_on {
            break;
        }
    }
    sender.finish();
    lock(&floor.books).take_back(sender);
}

impl Floor<'_> {
    /// What is known of a row before it is sent.
    pub(super) fn look_at<S: Sender>(&self, row: Row, sender: &S) -> Taken<S> {
        let page = lock(&self.books).before(&row, sender);
        (row, page)
    }

    /// One page. False: this sender is of no more use, and others go on, with
    /// this row and those `behind` it.
    pub(super) fn one<'r, S: Sender>(
        &self,
        sender: &mut S,
        (row, page): (&'r Row, &S::Prepared),
        behind: impl Iterator<Item = &'r Row> + Clone,
    ) -> bool {
        let rest = std::iter::once(row).chain(behind);
        if sender.is_dead() && self.supply.give_back(rest.clone()) {
            return false;
        }
        let mut report = sender.send(page, &mut || lock(&self.books).begin(&[row]));
        let untried = report.fate.outcome == Outcome::Untried;
        if untried && sender.is_dead() && self.supply.give_back(rest) {
            return false;
        }
        let mut books = lock(&self.books);
        books.settle(row, &mut report);
        books.record(row, &report, true);
        books.take_back(sender);
        true
    }
}
