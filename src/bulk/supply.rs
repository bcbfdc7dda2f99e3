//! Where the workers of a bulk run get their rows.
//!
//! Answers for each row being in one pair of hands at a time, and for no row
//! being left behind when a worker leaves.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::rows::{Row, Rows};
use crate::exit::Failure;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;

/// Rows that are not done yet. Who waits for the next one holds up nobody
/// who gives one back.
#[derive(Debug)]
pub struct Supply<'a> {
    /// Taken by the one who reads, who may wait for long.
    rows: Mutex<Option<Box<Rows<'a>>>>,
    /// They are there again.
    free: Condvar,
    /// There may be someone who waits for that: telling nobody costs a system call.
    is_shared: bool,
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
            rows: Mutex::new(Some(Box::new(rows))),
            free: Condvar::new(),
            is_shared: false,
            interrupt,
            state: Mutex::default(),
        }
    }

    pub(super) fn for_workers(mut self, workers: usize) -> Self {
        self.is_shared = workers > 1;
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

    /// The next row if it is there by then, or, without a limit to the
    /// patience, while somebody reads the results. `None` is said once to each worker, which then leaves.
    pub(super) fn next(&self, patience: Option<Duration>) -> Result<Option<Row>, Late> {
        let row = self.get(patience)?;
        if row.is_some() {
            return Ok(row);
        }
        // What was given back meanwhile is not left to nobody.
        let mut state = lock(&self.state);
        let row = state.take_returned(self.interrupt);
        if row.is_none() {
            state.workers = state.workers.saturating_sub(1);
        }
        Ok(row)
    }

    /// The next row if it is there by now: nobody waits, nor for who waits.
    pub(super) fn next_at_hand(&self) -> Result<Option<Row>, Late> {
        self.get(Some(Duration::ZERO))
    }

    fn get(&self, patience: Option<Duration>) -> Result<Option<Row>, Late> {
        let returned = lock(&self.state).take_returned(self.interrupt);
        if returned.is_some() {
            return Ok(returned);
        }
        let deadline = patience.map_or(Deadline::NEVER, Deadline::after);
        let mut rows = self.take(patience).ok_or(Late)?;
        let row = rows
            .is_at_hand(deadline)
            .then(|| self.read_from(&mut rows))
            .ok_or(Late);
        *lock(&self.rows) = Some(rows);
        if self.is_shared {
            self.free.notify_one();
        }
        row
    }

    /// The rows, once nobody else has them.
    fn take(&self, patience: Option<Duration>) -> Option<Box<Rows<'a>>> {
        let rows = lock(&self.rows);
        let gone = |rows: &mut Option<Box<Rows<'_>>>| rows.is_none();
        let mut rows = match patience {
            None => self
                .free
                .wait_while(rows, gone)
                .unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                let waited = self.free.wait_timeout_while(rows, patience, gone);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        rows.take()
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

/// There was nothing in time.
#[derive(Debug)]
pub(super) struct Late;

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
