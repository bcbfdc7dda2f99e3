//! What the workers of a run share.
//!
//! Answers for the order of things around a page: looked up, begun, sent,
//! settled, recorded.

use std::sync::Mutex;

use super::books::Books;
use super::rows::Row;
use super::sender::Sender;
use super::supply::{Supply, lock};
use crate::cli::report::Report;
use crate::outcome::Outcome;

/// What the workers share. The rows have locks of their own: who waits for
/// the next row must not hold up a page that is about to go out.
pub(super) struct Floor<'a> {
    pub(super) supply: Supply<'a>,
    pub(super) books: Mutex<Books<'a>>,
}

/// A row, and its page or the report that stands in its place.
pub(super) type Taken<S> = (Row, Result<<S as Sender>::Prepared, Box<Report>>);

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
