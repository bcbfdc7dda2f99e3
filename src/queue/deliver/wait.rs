//! What the loop waits for, all of it at once, and who goes first meanwhile.
//!
//! Answers for a route that has answered having its next page before the disk
//! has anything, and for no wait having nothing that ends it.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::aside::Aside;
use super::lane::Lane;
use super::{BREATH, Deliverer, END, STOP, is_later};
use crate::queue::route::child::Child;
use crate::transport::fd::{Deadline, wait_any};

impl Deliverer<'_> {
    /// Between two steps on the disk: a route that has answered has its next
    /// page before anything else is done.
    pub(super) fn give_way(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        self.hold_breath();
        if self.is_called() {
            self.tend_lanes();
            self.open_shelved();
        }
    }

    /// A route that has just been given a page has the machine to itself for
    /// what it has to say before the long wait for its verdict.
    pub(super) fn hold_breath(&self) {
        let given = self.lanes.values().filter_map(Lane::last_given).max();
        let until = given
            .map(|given| given + BREATH)
            .filter(|until| is_later(*until));
        if let Some(until) = until {
            let left = until.saturating_duration_since(Instant::now());
            let mut fds = self.verdicts();
            // What goes wrong is told by the next wait.
            _ = wait_any(&mut fds, Deadline::after(left));
        }
    }

    /// Where verdicts come.
    pub(super) fn verdicts(&self) -> Vec<PollFd<'_>> {
        let said = self
            .lanes
            .values()
            .filter_map(|lane| lane.child()?.stdout());
        said.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect()
    }

    pub(super) fn is_called(&self) -> bool {
        let ours = |route: &str| self.setup.only.is_none_or(|only| only == route);
        let mut lanes = self.lanes.iter();
        if lanes.any(|(route, lane)| lane.is_ending() || (ours(route) && lane.is_ready())) {
            return true;
        }
        let mut fds = self.verdicts();
        // What goes wrong is told by the next wait.
        !fds.is_empty() && wait_any(&mut fds, Deadline::after(Duration::ZERO)).unwrap_or(false)
    }

    pub(super) fn is_done(&self, more: bool) -> bool {
        let running = self.lanes.values().any(Lane::is_running) || !self.asides.is_empty();
        let busy = running || self.lanes.values().any(Lane::is_busy);
        match self.stopping {
            Some(since) => !running || since.elapsed() > STOP + END,
            None => {
                !more
                    && !busy
                    && !self.setup.watch
                    && !self.has_new
                    && self.look.is_none_or(is_later)
            }
        }
    }

    pub(super) fn wait(&mut self, more: bool) -> io::Result<()> {
        let mut until = Deadline::after(self.tick.saturating_duration_since(Instant::now()));
        if more {
            until = Deadline::after(Duration::ZERO);
        }
        // What is not begun any more has no time.
        let lanes = self.lanes.values();
        let lanes = lanes.filter(|lane| self.stopping.is_none() || lane.is_running());
        let timers = lanes.filter_map(Lane::timer);
        let timers = timers.chain(self.asides.iter().map(Aside::timer));
        let look = self.look.filter(|_| self.stopping.is_none());
        let timers = timers.chain(look).chain(self.receipts_due());
        for timer in timers {
            let left = timer.saturating_duration_since(Instant::now());
            until = until.earlier(Deadline::after(left));
        }
        let mut fds = Vec::new();
        if self.stopping.is_none() {
            fds.push(PollFd::from_borrowed_fd(
                self.setup.interrupt.fd(),
                PollFlags::IN,
            ));
            fds.extend(
                self.watch
                    .fd()
                    .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
            );
        }
        for child in self.lanes.values().filter_map(Lane::child) {
            poll_child(child, &mut fds);
        }
        for aside in &self.asides {
            fds.extend(
                aside
                    .stdout()
                    .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
            );
        }
        wait_any(&mut fds, until)?;
        drop(fds);
        let seen = self.watch.read();
        self.has_new |= seen.arrived;
        if seen.poked {
            self.look = Some(Instant::now());
        }
        Ok(())
    }
}

fn poll_child<'c>(child: &'c Child, fds: &mut Vec<PollFd<'c>>) {
    fds.extend(
        child
            .stdout()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
    );
    let stdin = child.stdin().filter(|_| child.wants_to_write());
    fds.extend(stdin.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::OUT)));
}
