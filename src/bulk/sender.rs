//! What a bulk run needs of whoever sends its pages, and what it gives.

use std::time::Duration;

use super::rows::{Row, RowPage};
use crate::cli::peer::Place;
use crate::cli::report::Report;
use crate::exit::Failure;
use crate::outcome::Fate;

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
    /// What is kept of a page that this was said of; `hash` is its row's.
    pub fn of(report: &Report, hash: &str) -> Self {
        Self {
            number: report.number,
            id: report.id.clone(),
            pager: report.pager.clone(),
            hash: hash.to_owned(),
            attempts: report.attempts,
            parts: report.parts.1,
        }
    }
}

/// A page that was called sent and is unknown.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// What was kept of it.
    pub receipt: Receipt,
    /// Who had called it sent.
    pub server: Place,
    /// What came out since.
    pub why: String,
}

impl TakenBack {
    /// Takes the verdict back in a report that was not given to anybody yet.
    pub fn apply(&self, report: &mut Report) {
        let taken = self.report();
        report.fate = taken.fate;
        report.parts = taken.parts;
    }

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

    /// How many pages, and how many bytes of them, may be sent together;
    /// unless it is said otherwise, they go one by one.
    fn room(&self) -> (usize, usize) {
        (1, 0)
    }

    /// The bytes that a page takes of that room; `None`: it goes alone.
    fn weight(&self, _page: &Self::Prepared) -> Option<usize> {
        None
    }

    /// Sends pages together and once: a report for each, in order. None where
    /// they cannot go together now; then nothing was said of them.
    fn send_together(&mut self, _pages: &[&Self::Prepared], _commit: Commit<'_>) -> Vec<Report> {
        Vec::new()
    }

    /// Is a page that was sent together with others to be tried again?
    fn goes_on(&self, _report: &Report) -> bool {
        false
    }

    /// Tries it again.
    fn go_on(&mut self, _page: &Self::Prepared, report: Report, _commit: Commit<'_>) -> Report {
        report
    }

    /// Sends a page.
    fn send(&mut self, page: &Self::Prepared, commit: Commit<'_>) -> Report;

    /// Is there no use in sending more? Then `send` only says so.
    fn is_dead(&self) -> bool;

    /// Pages that were called sent and are unknown, as far as has come out by now.
    fn take_back(&mut self) -> Vec<TakenBack>;

    /// How long an open connection may wait for the next page; `None`: for ever.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Says goodbye, until the next page; afterwards `take_back` is complete.
    fn finish(&mut self);
}
