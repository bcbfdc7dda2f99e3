//! What an earlier pass left behind.
//!
//! Answers for no page being sent that another child may have, nor in silence
//! one that may be out: who was killed knew more than the disk tells.

use std::collections::BTreeSet;
use std::io;
use std::time::SystemTime;

use super::lane::Lane;
use super::{Deliverer, Place, Said};
use crate::diag::{Priority, cause};
use crate::duration::{DAY, YEAR};
use crate::outcome::Outcome;
use crate::queue::store::FORM;
use crate::queue::tags::TAGS;
use crate::queue::work::Mark;

impl Deliverer<'_> {
    /// What an earlier pass left in `active/`.
    pub(super) fn recover(&mut self) -> io::Result<()> {
        self.store().tidy()?;
        // First of all: what is the newest job?
        self.look_into_wait();
        let after_boot = self.store().is_first_since_boot();
        if self.resume_all(after_boot)? {
            self.store().note_boot();
        }
        self.settle_all();
        self.tell_untold();
        self.forget();
        Ok(())
    }

    /// Takes up what lies in `active/` and is not in memory. Says whether that
    /// was all.
    pub(super) fn resume_all(&mut self, after_boot: bool) -> io::Result<bool> {
        let known = self.jobs.values().map(|job| job.active.name().to_owned());
        let known: BTreeSet<String> = known.collect();
        let mut names = self.store().in_active()?;
        names.retain(|name| !known.contains(name));
        let mut resumed = Vec::new();
        self.astray = false;
        for name in names {
            match self.store().resume(&name) {
                Ok(active) => resumed.push(self.admit(active)),
                Err(error) => self.lose(&format!("active/{name}"), &error),
            }
        }
        self.recount();
        for job in resumed {
            self.recover_job(job, after_boot);
        }
        Ok(!self.astray)
    }

    /// A job lies in `active/` and cannot be had now.
    pub(super) fn lose(&mut self, what: &str, error: &io::Error) {
        if error.kind() == io::ErrorKind::InvalidData {
            self.log(Priority::Error, &format!("{what}: {}", cause(error)));
            self.tell_untold();
            return;
        }
        self.astray = true;
        self.fail(what, error);
    }

    /// What was kept long enough.
    pub(super) fn forget(&mut self) {
        if !self.store().is_time_to_tidy() {
            return;
        }
        let keep = self.setup.config.keep_sent();
        let now = SystemTime::now();
        let forgotten = self.store().forget_receipts(now, keep);
        forgotten.unwrap_or_else(|error| self.fail("sent", &error));
        // A page that waits for long has its status no less.
        if let Some(since) = now.checked_sub(keep + YEAR) {
            let forgotten = self.store().forget_old(TAGS, "", since);
            forgotten.unwrap_or_else(|error| self.fail("tags", &error));
        }
        // No form is good for as long.
        if let Some(since) = now.checked_sub(DAY) {
            let forgotten = self.store().forget_old("web", FORM, since);
            forgotten.unwrap_or_else(|error| self.fail("web", &error));
        }
    }

    pub(super) fn recover_job(&mut self, job: u64, after_boot: bool) {
        self.settle(&[job]);
        let Some(known) = self.jobs.get(&job) else {
            return;
        };
        let marked: Vec<(usize, Mark, Option<String>)> = known
            .active
            .work
            .each()
            .map(|(at, mark, part)| (at, mark, part.route().map(str::to_owned)))
            .collect();
        for (at, mark, route) in marked {
            let place = Place { job, at };
            match (mark, route) {
                (Mark::Next, _) if !after_boot => self.mark(place, Mark::ToDo, false),
                (Mark::Next, Some(_)) => {
                    let why = "the machine went down when it was about to be sent";
                    self.judge(place, &Said::new(Outcome::Unknown, why));
                }
                (Mark::InFlight, Some(route)) => self.inherit(route, place),
                _ => {}
            }
        }
        self.go_on(job);
    }

    /// A part that was in flight when an earlier pass ended: whoever drives its
    /// route may still be at it.
    pub(super) fn inherit(&mut self, route: String, place: Place) {
        // Where a child of ours could be started, none of theirs is left.
        let ours = self.lanes.get(&route).is_some_and(Lane::is_running);
        let lock = self.store().lock_route(&route);
        match lock.map(|lock| ours || lock.is_some()) {
            Ok(true) => {
                let why = "page-deliver was ended while the route had it";
                self.judge(place, &Said::new(Outcome::Unknown, why));
            }
            Ok(false) => {
                if let Some(job) = self.jobs.get_mut(&place.job) {
                    job.held.insert(place.at);
                }
                self.orphans.push((route, place));
            }
            Err(error) => self.fail(&format!("the lock of route {route}"), &error),
        }
    }

    /// Those whose child has ended by now.
    pub(super) fn visit_orphans(&mut self) {
        for (route, place) in std::mem::take(&mut self.orphans) {
            if let Some(job) = self.jobs.get_mut(&place.job) {
                job.held.remove(&place.at);
            }
            self.inherit(route, place);
            self.go_on(place.job);
        }
    }
}
