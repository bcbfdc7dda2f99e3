//! A bulk run: rows to one or several senders, their results to one place.
//!
//! Answers for handing each row to exactly one sender at a time, and for the
//! order of things around a page. Must never know how a page is sent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::books::Books;
use super::rows::{Row, RowPage};
use super::supply::Supply;
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
struct Floor<'a> {
    supply: Supply<'a>,
    books: Mutex<Books<'a>>,
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

fn work<S: Sender>(floor: &Floor<'_>, sender: &mut S) {
    while let Some(row) = floor.supply.next() {
        if !one(floor, sender, &row) {
            break;
        }
    }
    sender.finish();
    lock(&floor.books).take_back(sender);
}

/// One row. False: this sender is of no more use, and others go on.
fn one<S: Sender>(floor: &Floor<'_>, sender: &mut S, row: &Row) -> bool {
    let before = lock(&floor.books).before(row, sender);
    let page = match before {
        Ok(page) => page,
        Err(report) => {
            lock(&floor.books).record(row, &report, false);
            return true;
        }
    };
    if sender.is_dead() && floor.supply.give_back(row) {
        return false;
    }
    let mut report = sender.send(&page, &mut || lock(&floor.books).begin(row));
    let untried = report.fate.outcome == Outcome::Untried;
    if untried && sender.is_dead() && floor.supply.give_back(row) {
        return false;
    }
    let mut books = lock(&floor.books);
    report.duplicate_possible |= books.is_second_try(row);
    report.settle_tries();
    books.record(row, &report, true);
    books.take_back(sender);
    true
}
