//! Verdicts on their way out of a route.
//!
//! Answers for a route that answers twice, or too much, or what nobody asked,
//! being no trouble but its own.

use std::time::Instant;

use super::Lane;
use crate::diag::Priority;
use crate::outcome::Outcome;
use crate::queue::deliver::{Deliverer, Place, Said};
use crate::queue::route::verdict::Verdict;

/// So much is read of one route before the others have their turn.
const READS: usize = 8;
/// So many lines that make no sense are told, and so many borne.
const MAX_TOLD: u32 = 5;
const MAX_NONSENSE: u32 = 100;

impl Deliverer<'_> {
    /// Takes the verdicts that are there.
    pub(super) fn hear(&mut self, route: &str, lane: &mut Lane) -> Vec<u64> {
        let mut done = Vec::new();
        for _ in 0..READS {
            let Some(running) = &mut lane.running else {
                break;
            };
            if running.child.stdout().is_none() {
                // What it is given now it could not answer.
                running.closing = true;
                running.child.close();
                running.silent.get_or_insert_with(Instant::now);
                break;
            }
            let read = running.child.read();
            if read.verdicts.is_empty() && !read.ended {
                break;
            }
            for said in read.verdicts {
                match said {
                    Ok(verdict) => self.verdict(lane, verdict, &mut done),
                    Err(why) => self.doubt_route(route, lane, &why),
                }
            }
        }
        done
    }

    /// It said something that makes no sense. Who does so all the time is stopped.
    fn doubt_route(&self, route: &str, lane: &mut Lane, why: &str) {
        let Some(running) = &mut lane.running else {
            return;
        };
        running.nonsense += 1;
        if running.nonsense <= MAX_TOLD {
            self.log(Priority::Warning, &format!("route {route}: {why}"));
        }
        if running.nonsense > MAX_NONSENSE && running.stop.is_none() {
            let text = format!("route {route}: its results make no sense: it is stopped");
            self.log(Priority::Error, &text);
            running.halt();
        }
    }

    fn verdict(&mut self, lane: &mut Lane, verdict: Verdict, done: &mut Vec<u64>) {
        let Some(running) = &mut lane.running else {
            return;
        };
        let Verdict {
            row,
            outcome,
            code,
            response,
            server,
            ..
        } = verdict;
        let said = Said {
            outcome,
            code,
            response,
            server,
        };
        let Some(at) = running.out.iter().position(|given| given.row == row) else {
            if let Some(place) = running.answered.get(&row).copied() {
                running.unsynced.push(place);
                self.revise(place, &said);
                done.push(place.job);
            }
            return;
        };
        let Some(given) = running.out.remove(at) else {
            return;
        };
        let place = given.item.place;
        self.give_back_if_unsent(&given.buckets, outcome);
        running.idle_since = Instant::now();
        running.answered.insert(row, place);
        running.unsynced.push(place);
        let foreign = running.foreign;
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.held.remove(&place.at);
            job.unsettled += 1;
        }
        if let Some(part) = self.part_mut(place).filter(|_| foreign) {
            part.unsettled += 1;
        }
        if outcome == Outcome::Untried {
            running.failed = true;
            *lane.misses.entry(place).or_default() += 1;
            running.closing = true;
            running.child.close();
        } else {
            lane.failures = 0;
            lane.misses.remove(&place);
            if let Some(device) = &running.device {
                lane.tired.remove(device);
            }
        }
        self.judge(place, &said);
        self.go_on(place.job);
        done.push(place.job);
    }

    pub(in crate::queue::deliver) fn log_page(&self, route: &str, place: Place, said: &Said) {
        let Some(job) = self.jobs.get(&place.job) else {
            return;
        };
        let pager = self.part(place).and_then(|part| part.plan.as_ref());
        let pager = pager.map_or("", |plan| plan.pager.as_str());
        let Said {
            outcome, response, ..
        } = said;
        let priority = match outcome {
            Outcome::Sent | Outcome::Queued => Priority::Info,
            Outcome::Temporary | Outcome::Untried => Priority::Warning,
            Outcome::Refused | Outcome::Unknown => Priority::Error,
        };
        let id = &job.active.work.id;
        let text = format!("{id}: {pager}: route {route}: {outcome}: {response}");
        self.log(priority, &text);
    }
}
