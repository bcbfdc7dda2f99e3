//! Pages on their way into a route.
//!
//! Answers for a part being marked on disk before its route has it, and for no
//! more rows being unanswered than the route may have.

use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use super::{Given, Item, Lane, MIN_REST};
use crate::config::tables::Route;
use crate::diag::cause;
use crate::outcome::Outcome;
use crate::queue::deliver::storm::Turn;
use crate::queue::deliver::{BREATH, Deliverer, Place, Said, is_later, pin};
use crate::queue::route::child::Page;
use crate::queue::work::Mark;
use crate::transport::fd::{Deadline, wait_any};

impl Deliverer<'_> {
    /// Gives pages, as many as may be unanswered.
    pub(super) fn feed(&mut self, route: &str, lane: &mut Lane, done: &mut Vec<u64>) {
        if self.setup.only.is_some_and(|only| only != route) {
            return;
        }
        let mut gathered = Vec::new();
        while let Some(item) = lane.queue.first().cloned() {
            match &lane.running {
                Some(running) => {
                    let early = lane.last.is_some_and(|last| last.elapsed() < running.gap);
                    if running.closing || running.out.len() >= running.at_once || early {
                        break;
                    }
                }
                None if lane.rests() => break,
                None => {
                    let gap = self.setup.config.route(route).map(Route::gap);
                    let next = lane.last.map(|last| last + gap.unwrap_or_default());
                    if next.is_some_and(is_later) {
                        lane.rest = next;
                        lane.waits = true;
                        break;
                    }
                }
            }
            lane.queue.pop_first();
            if !self.give(route, lane, item, done, &mut gathered) {
                break;
            }
        }
        self.set_aside(lane, gathered, done);
        // While the pages are on their way, the disk has time for what is next,
        // and for what was said of those before.
        let Some(running) = &mut lane.running else {
            return;
        };
        if running.out.is_empty() && !running.closing {
            return;
        }
        if let (Some(given), Some(said)) = (lane.last, running.child.stdout()) {
            let mut said = [PollFd::from_borrowed_fd(said, PollFlags::IN)];
            let left = (given + BREATH).saturating_duration_since(Instant::now());
            // What goes wrong is told by what is read.
            _ = wait_any(&mut said, Deadline::after(left));
        }
        let next = lane.queue.first().map(|item| item.place);
        for place in std::mem::take(&mut running.unsynced) {
            if let Some(job) = self.jobs.get(&place.job) {
                let synced = self.store().sync(&job.active);
                synced.unwrap_or_else(|error| self.fail("active", &error));
            }
            self.rest_file(place.job);
        }
        if let Some(place) = next.filter(|place| self.mark_of(*place) == Some(Mark::ToDo)) {
            self.mark(place, Mark::Next, true);
        }
    }

    /// Gives one page. False: none can be given now.
    /// One that goes into a digest is in `gathered`.
    fn give(
        &mut self,
        route: &str,
        lane: &mut Lane,
        item: Item,
        done: &mut Vec<u64>,
        gathered: &mut Vec<Item>,
    ) -> bool {
        let place = item.place;
        if !self.mark_of(place).is_some_and(Mark::is_open) {
            // A verdict that came late has settled it.
            self.drop_item(place);
            done.push(place.job);
            return true;
        }
        let Some(job) = self.jobs.get(&place.job) else {
            return true;
        };
        let (work, Some(part)) = (&job.active.work, job.active.work.parts.get(place.at)) else {
            return true;
        };
        if let Some(said) = self.has_expired(work, part) {
            self.drop_item(place);
            self.expire(place, &said);
            done.push(place.job);
            return true;
        }
        let tone = work.text(place.at).is_empty();
        match self.turn(place) {
            Turn::Go => {}
            Turn::Gather => {
                gathered.push(item);
                return true;
            }
            turn @ (Turn::Settle | Turn::Wait) => {
                if turn == Turn::Wait {
                    self.pace(place);
                } else {
                    self.wait_for_end(place);
                }
                self.drop_item(place);
                done.push(place.job);
                return true;
            }
        }
        if let Some(running) = lane.running.as_mut().filter(|running| running.tone != tone) {
            lane.queue.insert(item);
            running.closing = true;
            running.child.close();
            return false;
        }
        if lane.running.is_none() && !self.start(route, lane, tone) {
            lane.queue.insert(item);
            return false;
        }
        let buckets = self.spend(place);
        let was_next = self.mark_of(place) == Some(Mark::Next);
        if !self.try_mark(place, Mark::InFlight, !was_next) {
            self.give_back(&buckets);
            lane.queue.insert(item);
            lane.rest = Some(Instant::now() + MIN_REST);
            lane.close();
            return false;
        }
        let given = self.hand_over(lane, place);
        let Some(running) = &mut lane.running else {
            return false;
        };
        match given {
            Ok(row) => {
                let until = Instant::now() + running.timeout;
                running.out.push_back(Given {
                    row,
                    item,
                    buckets,
                    until,
                });
                running.rows += 1;
                lane.last = Some(Instant::now());
                if running.rows >= running.most {
                    running.closing = true;
                    running.child.close();
                }
                true
            }
            Err(said) => {
                self.give_back(&buckets);
                self.mark(place, Mark::ToDo, false);
                self.drop_item(place);
                self.judge(place, &said);
                self.go_on(place.job);
                done.push(place.job);
                true
            }
        }
    }

    /// Puts pages into digests. Those that were about to go take them in first.
    fn set_aside(&mut self, lane: &mut Lane, items: Vec<Item>, done: &mut Vec<u64>) {
        if items.is_empty() {
            return;
        }
        let digests = lane.queue.iter().map(|item| item.place);
        let digests = digests.filter(|place| self.is_gathering(place.job));
        for place in digests.collect::<Vec<_>>() {
            lane.queue.retain(|item| item.place != place);
            self.drop_item(place);
            done.push(place.job);
        }
        let gathered = self.gather(items.iter().map(|item| item.place), done);
        for item in items {
            if gathered.contains(&item.place) {
                self.drop_item(item.place);
                done.push(item.place.job);
            } else {
                lane.queue.insert(item);
                lane.rest = Some(Instant::now() + MIN_REST);
                lane.close();
            }
        }
    }

    fn hand_over(&self, lane: &mut Lane, place: Place) -> Result<u64, Said> {
        let for_now = |why: String| Said::new(Outcome::Temporary, why);
        let missing = || for_now("the job is gone".to_owned());
        let job = self.jobs.get(&place.job).ok_or_else(missing)?;
        let work = &job.active.work;
        let part = work.parts.get(place.at).ok_or_else(missing)?;
        let plan = part.plan.as_ref().ok_or_else(missing)?;
        if !self.setup.config.takes(&plan.route, &plan.pager) {
            let why = format!("route {}: it takes no ID with an @", plan.route);
            return Err(Said::new(Outcome::Refused, why));
        }
        let pin = match &part.pin {
            Some(pin) => Some(pin.clone()),
            None => self.pin(&plan.pager, &plan.route).map_err(for_now)?,
        };
        let page = Page {
            id: &work.id,
            pager: &plan.id,
            pin: pin.as_deref(),
            message: work.text(place.at),
            level: part.level,
            alert: part.alert,
            coverage: part.coverage.as_deref(),
            caller: work.caller.as_deref(),
            subject: work.subject.as_deref(),
        };
        let running = lane.running.as_mut().ok_or_else(missing)?;
        running
            .child
            .give(&page)
            .map_err(|error| for_now(cause(&error)))
    }

    fn pin(&self, pager: &str, route: &str) -> Result<Option<String>, String> {
        let way = self.setup.config.way(pager, route);
        let Some(path) = way.and_then(|way| way.pin_file) else {
            return Ok(None);
        };
        pin::read(path, None).map(Some)
    }
}
