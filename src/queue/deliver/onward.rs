//! What of a job can go on: planned, filtered, and given to the lane of its route.
//!
//! Answers for parts staying in their places while any of them is out. Must
//! never know what a lane does with one.

use std::io;
use std::time::SystemTime;

use super::aside::{Account, Aside};
use super::plan::{is_due, is_misfit};
use super::{Deliverer, Place, judge, now};
use crate::config::way::Nobody;
use crate::diag::cause;
use crate::outcome::Outcome;
use crate::queue::store::name::LONGEST;
use crate::queue::work::{Event, Mark, Part};

impl Deliverer<'_> {
    /// Plans what is due, and gives its lanes what can go.
    pub(super) fn go_on(&mut self, job: u64) {
        self.settle(&[job]);
        if !self.plan_job(job) {
            return;
        }
        self.give_up_rests(job);
        let Some(known) = self.jobs.get(&job) else {
            return;
        };
        let work = &known.active.work;
        let mut ready = Vec::new();
        let mut failed = Vec::new();
        for (at, mark, part) in work.each() {
            let place = Place { job, at };
            let is_ready = matches!(mark, Mark::ToDo | Mark::Next)
                && !part.stopped
                && part.plan.is_some()
                && !is_misfit(mark, part)
                && !known.held.contains(&at)
                && work.is_next(at);
            if is_ready {
                ready.push(place);
            } else if matches!(mark, Mark::Failed | Mark::Unknown) && !part.told {
                failed.push(place);
            }
        }
        for place in ready {
            self.send_on(place);
        }
        for place in failed {
            self.notify(place);
        }
        self.conclude(job);
    }

    /// To its lane, if nothing is in the way.
    pub(super) fn send_on(&mut self, place: Place) {
        let Some(job) = self.jobs.get(&place.job) else {
            return;
        };
        let (work, Some(part)) = (&job.active.work, self.part(place)) else {
            return;
        };
        if let Some(said) = self.has_expired(work, part) {
            self.expire(place, &said);
            return;
        }
        let astray = if part.is_paced() {
            part.due > now() + LONGEST && !part.put_off
        } else {
            part.due > now() + judge::TOO_FAR && !part.is_put_off(work.received)
        };
        if part.due > now() && !astray {
            return;
        }
        if let Some(until) = self.quiet_until(part) {
            if let Some(part) = self.part_mut(place) {
                part.due = until;
                part.put_off = true;
                if let Some(plan) = &mut part.plan {
                    // Its fallback has nothing to wait for before that.
                    plan.since = until;
                }
            }
            if let Some(job) = self.jobs.get_mut(&place.job) {
                job.dirty = true;
            }
            return;
        }
        if let Some(part) = self.part_mut(place) {
            part.put_off = false;
        }
        if !self.reroute(place) {
            return;
        }
        let fits = |part: &Part| !is_misfit(Mark::ToDo, part);
        if self.part(place).is_some_and(fits) {
            self.enqueue(place);
        }
    }

    /// Its route may have left the configuration since it was planned. False:
    /// and so has its pager.
    pub(super) fn reroute(&mut self, place: Place) -> bool {
        let config = &self.setup.config;
        let Some(plan) = self.part(place).and_then(|part| part.plan.as_ref()) else {
            return true;
        };
        if config.route(&plan.route).is_some() {
            return true;
        }
        let route = match config.ways(&plan.pager, SystemTime::now()) {
            Ok(ways) => ways.first().map(|way| way.route.to_owned()),
            Err(nobody @ (Nobody::Unknown | Nobody::Empty)) => {
                let event = Event::of(SystemTime::now(), Outcome::Refused, nobody.to_string());
                self.tell(place, event);
                self.put_down(place, Mark::Failed);
                return false;
            }
            Err(_) => None,
        };
        if let (Some(route), Some(part)) = (route, self.part_mut(place)) {
            if let Some(plan) = &mut part.plan {
                plan.route = route;
            }
        }
        true
    }

    /// False: it waits for a filter, or for the disk.
    pub(super) fn plan_job(&mut self, id: u64) -> bool {
        let Some(job) = self.jobs.get(&id) else {
            return false;
        };
        // Where anything of it is on its way, its parts stay in their places.
        let is_told =
            |aside: &Aside| matches!(aside.account, Account::Failure(place) if place.job == id);
        let is_busy = !job.held.is_empty() || job.unsettled > 0 || self.asides.iter().any(is_told);
        if is_busy || !is_due(&job.active.work) {
            return true;
        }
        let mut work = job.active.work.clone();
        let filtered = |route: &str| job.filtered.get(route).cloned();
        let (changed, missing) = self.plan_with(&mut work, &filtered);
        let store = self.store();
        if changed {
            let Some(job) = self.jobs.get_mut(&id) else {
                return false;
            };
            let before = std::mem::replace(&mut job.active.work, work);
            if let Err(error) = store.rewrite(&mut job.active) {
                // Its marks have no room for the new parts.
                job.active.work = before;
                if error.kind() == io::ErrorKind::FileTooLarge {
                    self.refuse_unplanned(id, &cause(&error));
                    return true;
                }
                let name = job.active.work.id.clone();
                self.fail(&format!("active/{name}"), &error);
                return false;
            }
            job.dirty = false;
        }
        for route in missing {
            self.filter(id, &route);
        }
        true
    }

    /// What can never be planned has failed.
    pub(super) fn refuse_unplanned(&mut self, id: u64, why: &str) {
        if let Some(job) = self.jobs.get_mut(&id) {
            super::plan::refuse_due(&mut job.active.work, why);
            job.dirty = true;
        }
        self.save(id);
    }

    pub(super) fn filter(&mut self, job: u64, route: &str) {
        if self.stopping.is_some() {
            return;
        }
        let account = Account::Filter {
            job,
            route: route.to_owned(),
        };
        if self.asides.iter().any(|aside| aside.account == account) {
            return;
        }
        let table = self.setup.config.route(route);
        let words = table.and_then(|table| table.filter.as_ref());
        let (Some(words), Some(known)) = (words, self.jobs.get(&job)) else {
            return;
        };
        let variables = [("PAGEBOX_ID", known.active.work.id.clone())];
        let started = Aside::start(
            account,
            words.as_slice(),
            &variables,
            &known.active.work.message,
        );
        match started {
            Ok(aside) => {
                self.asides.push(aside);
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.asides += 1;
                }
            }
            Err(error) => {
                let why = format!("the filter cannot be run: {}", cause(&error));
                self.filtered(job, route, Err(why));
            }
        }
    }

    pub(super) fn filtered(&mut self, job: u64, route: &str, text: Result<String, String>) {
        if let Some(job) = self.jobs.get_mut(&job) {
            job.filtered.insert(route.to_owned(), text);
        }
        self.go_on(job);
        // Another route's may have to come yet; what has failed is asked anew.
        if let Some(job) = self.jobs.get_mut(&job) {
            job.filtered.retain(|_, text| text.is_ok());
        }
    }
}
