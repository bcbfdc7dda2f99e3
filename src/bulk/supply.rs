//! Where the workers of a bulk run get their rows.
//!
//! Answers for each row being in one pair of hands at a time, and for no row
//! being left behind when a worker leaves.

use std::time::SystemTime;

use super::rows::{Row, Rows};
use crate::exit::Failure;
use crate::transport::interrupt::Interrupt;

/// Rows that are not done yet.
#[derive(Debug)]
pub struct Supply<'a> {
    rows: Rows<'a>,
    interrupt: &'a Interrupt,
    returned: Vec<Row>,
    workers: usize,
    failure: Option<Failure>,
}

impl<'a> Supply<'a> {
    /// The rows of a file; none of them after a signal.
    pub fn new(rows: Rows<'a>, interrupt: &'a Interrupt) -> Self {
        Self {
            rows,
            interrupt,
            returned: Vec::new(),
            workers: 0,
            failure: None,
        }
    }

    pub(super) fn for_workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Rows that nobody took again, and why the rows ended early.
    pub(super) fn into_rest(self) -> (Vec<Row>, Option<Failure>) {
        (self.returned, self.failure)
    }

    /// The next row. `None` is said once to each worker, which then leaves.
    pub(super) fn next(&mut self) -> Option<Row> {
        let row = self.take();
        if row.is_none() {
            self.lose_worker();
        }
        row
    }

    /// A worker is not there any more, or never was.
    pub(super) fn lose_worker(&mut self) {
        self.workers = self.workers.saturating_sub(1);
    }

    fn take(&mut self) -> Option<Row> {
        if self.failure.is_some() || self.interrupt.exit().is_some() {
            return None;
        }
        if let Some(row) = self.returned.pop() {
            return Some(row);
        }
        match self.rows.next(SystemTime::now()) {
            Ok(row) => row,
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }

    /// A worker without a connection leaves, and its row stays to the others,
    /// where there are any.
    pub(super) fn give_back(&mut self, row: &Row) -> bool {
        if self.workers < 2 {
            return false;
        }
        self.lose_worker();
        self.returned.push(row.clone());
        true
    }
}
