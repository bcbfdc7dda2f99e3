//! What a verdict makes of a part, and of those behind it.
//!
//! Answers for a mark and all that follows from it being on disk together, and
//! for no part of a message being sent behind one that did not arrive.

use std::time::SystemTime;

use super::judge::Policy;
use super::{Deliverer, Place, Said, now};
use crate::outcome::Outcome;
use crate::queue::work::{Event, Mark, Part};

/// The outcome of a page that was too old.
pub(super) const EXPIRED: &str = "expired";

impl Deliverer<'_> {
    /// Something was said of a part.
    pub(super) fn judge(&mut self, place: Place, said: &Said) {
        let route = self.part(place).and_then(Part::route).unwrap_or_default();
        let route = route.to_owned();
        let event = Event {
            at: now(),
            route: route.clone(),
            server: said.server.clone(),
            outcome: said.outcome.word().to_owned(),
            code: said.code,
            response: said.response.clone(),
        };
        self.tell(place, event);
        self.log_page(&route, place, said);
        let policy = self.setup.config.route(&route).map(Policy::of);
        let Some(part) = self.part_mut(place) else {
            return;
        };
        let mark = match policy {
            Some(policy) => policy.judge(part, said.outcome, now()),
            // The route is not in the configuration any more.
            None => match said.outcome {
                Outcome::Sent | Outcome::Queued => Mark::Delivered,
                Outcome::Unknown => {
                    part.stopped = true;
                    Mark::Unknown
                }
                _ => Mark::ToDo,
            },
        };
        match (mark, said.outcome) {
            (Mark::Failed | Mark::Unknown, _) => self.put_down(place, mark),
            (Mark::ToDo, Outcome::Unknown) => self.send_again(place),
            _ => self.mark(place, mark, false),
        }
    }

    /// A part goes no further by itself. Its mark and all that follows from it
    /// are written as one, so that no crash comes between.
    pub(super) fn put_down(&mut self, place: Place, mark: Mark) {
        self.set(place, mark);
        self.give_up_rest(place, mark);
        self.save(place.job);
        self.notify(place);
    }

    /// A part that may be out is sent once more, if there is room to say so first.
    pub(super) fn send_again(&mut self, place: Place) {
        self.set(place, Mark::ToDo);
        if self.write(place.job) {
            return;
        }
        if let Some(part) = self.part_mut(place) {
            part.stopped = true;
            part.duplicate_possible = false;
        }
        self.put_down(place, Mark::Unknown);
    }

    /// In memory; it is to be saved.
    pub(super) fn set(&mut self, place: Place, mark: Mark) {
        let Some(job) = self.jobs.get_mut(&place.job) else {
            return;
        };
        if let Some(known) = job.active.work.marks.get_mut(place.at) {
            *known = mark;
            job.dirty = true;
        }
    }

    /// A later verdict on a part, which supersedes the one before.
    pub(super) fn revise(&mut self, place: Place, said: &Said) {
        let Some(mark) = self.mark_of(place) else {
            return;
        };
        let out = said.outcome.accepted() || said.outcome == Outcome::Unknown;
        match mark {
            Mark::Delivered if said.outcome.accepted() => {}
            // Whatever it says now, it has said that the page was out.
            Mark::Delivered => {
                let said = Said {
                    outcome: Outcome::Unknown,
                    code: said.code,
                    response: said.response.clone(),
                    server: said.server.clone(),
                };
                self.judge(place, &said);
            }
            // It was given out once more meanwhile.
            Mark::InFlight if out => {
                let why = "it went out after all, and once more".to_owned();
                self.tell(place, Event::of(SystemTime::now(), said.outcome, why));
                if let Some(part) = self.part_mut(place) {
                    part.duplicate_possible = true;
                }
            }
            Mark::InFlight => {}
            _ if out => self.judge(place, said),
            _ => {}
        }
    }

    /// The parts behind one that did not arrive are not sent: half a message
    /// with a hole in it is worse.
    pub(super) fn give_up_rest(&mut self, place: Place, mark: Mark) {
        let Some(part) = self.part(place) else { return };
        let held = mark == Mark::Unknown && part.stopped;
        let (number, count) = part.plan.as_ref().map_or((1, 1), |plan| plan.part);
        let why = format!("part {number} of {count} was not delivered");
        for behind in 1..=count.saturating_sub(number) {
            let at = place.at + behind;
            let next = Place { at, ..place };
            if !self.mark_of(next).is_some_and(Mark::is_open) {
                continue;
            }
            if held {
                if let Some(part) = self.part_mut(next) {
                    part.stopped = true;
                }
                continue;
            }
            self.tell(
                next,
                Event::of(SystemTime::now(), Outcome::Refused, why.clone()),
            );
            self.set(next, Mark::Failed);
            if let Some(part) = self.part_mut(next) {
                part.told = true;
            }
        }
    }

    /// What follows from a part that was put down may not have found room on
    /// the disk.
    pub(super) fn give_up_rests(&mut self, job: u64) {
        let Some(known) = self.jobs.get(&job) else {
            return;
        };
        let work = &known.active.work;
        let down = |(at, mark, _): (usize, Mark, &Part)| {
            let is_down = matches!(mark, Mark::Failed | Mark::Unknown);
            is_down.then_some((Place { job, at }, mark))
        };
        let down: Vec<(Place, Mark)> = work.each().filter_map(down).collect();
        for (place, mark) in down {
            self.give_up_rest(place, mark);
        }
    }

    /// It is too old.
    pub(super) fn expire(&mut self, place: Place, said: &Said) {
        let route = self.part(place).and_then(Part::route).unwrap_or_default();
        let event = Event {
            at: now(),
            route: route.to_owned(),
            outcome: EXPIRED.to_owned(),
            response: said.response.clone(),
            ..Event::default()
        };
        self.tell(place, event);
        self.put_down(place, Mark::Failed);
    }
}
