//! Where the workers of a bulk run get their rows.
//!
//! Answers for each row being in one pair of hands at a time, and for no row
//! being left behind when a worker leaves.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::rows::{Row, Rows};
use crate::exit::Failure;
use crate::transport::interrupt::Interrupt;

/// Rows that are not done yet. Who waits for the next one holds up nobody
/// who gives one back.
#[derive(Debug)]
pub struct Supply<'a> {
    rows: Mutex<Rows<'a>>,
    interrupt: &'a Interrupt,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    returned: Vec<Row>,
    workers: usize,
    failure: Option<Failure>,
}

impl<'a> Supply<'a> {
    /// The rows of a file; none of them after a signal.
    pub fn new(rows: Rows<'a>, interrupt: &'a Interrupt) -> Self {
        Self {
            rows: Mutex::new(rows),
            interrupt,
            state: Mutex::default(),
        }
    }

    pub(super) fn for_workers(self, workers: usize) -> Self {
        lock(&self.state).workers = workers;
        self
    }

    /// Rows that nobody took again, and why the rows ended early.
    pub(super) fn into_rest(self) -> (Vec<Row>, Option<Failure>) {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        (state.returned, state.failure)
    }

    /// The next row. `None` is said once to each worker, which then leaves.
    pub(super) fn next(&self) -> Option<Row> {
        if let Some(row) = lock(&self.state).take_returned(self.interrupt) {
            return Some(row);
        }
        if let Some(row) = self.read() {
            return Some(row);
        }
        // What was given back meanwhile is not left to nobody.
        let mut state = lock(&self.state);
        let row = state.take_returned(self.interrupt);
        if row.is_none() {
            state.workers = state.workers.saturating_sub(1);
        }
        row
    }

    /// The next row if it is there by now: nobody waits, nor for who waits.
    pub(super) fn next_at_hand(&self) -> Option<Row> {
        let returned = lock(&self.state).take_returned(self.interrupt);
        returned.or_else(|| {
            let mut rows = self.rows.try_lock().ok()?;
            rows.is_at_hand().then(|| self.read_from(&mut rows))?
        })
    }

    fn read(&self) -> Option<Row> {
        self.read_from(&mut lock(&self.rows))
    }

    fn read_from(&self, rows: &mut Rows<'a>) -> Option<Row> {
        if self.interrupt.exit().is_some() || lock(&self.state).failure.is_some() {
            return None;
        }
        match rows.next(SystemTime::now()) {
            Ok(row) => row,
            Err(failure) => {
                lock(&self.state).failure = Some(failure);
                None
            }
        }
    }

    /// A worker never was there.
    pub(super) fn lose_worker(&self) {
        let mut state = lock(&self.state);
        state.workers = state.workers.saturating_sub(1);
    }

    /// A worker without a connection leaves, and its rows stay to the others,
    /// where there are any.
    pub(super) fn give_back<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) -> bool {
        let mut state = lock(&self.state);
        if state.workers < 2 {
            return false;
        }
        state.workers -= 1;
        state.returned.extend(rows.into_iter().cloned());
        true
    }
}

impl State {
    fn take_returned(&mut self, interrupt: &Interrupt) -> Option<Row> {
        match interrupt.exit() {
            Some(_) => None,
            None => self.returned.pop(),
        }
    }
}

/// What a worker that panicked left is as good as before.
pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
