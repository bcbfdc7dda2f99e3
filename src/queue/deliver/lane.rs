//! One route: what is to go there, and the child that takes it there.
//!
//! Answers for a part being marked before the child has it, for no more rows
//! being unanswered than the route may have, and for a route that does not
//! answer, or not in order, costing nobody else anything. Must never know what
//! a verdict means.

mod away;
mod child;
mod feed;
mod hear;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::storm::Bucket;
use super::{AT_HAND, Deliverer, END, Place, is_later};
use crate::queue::route::child::Child;
use crate::queue::work::NORMAL;

/// A route that cannot work is tried again after so long at most.
const MAX_REST: Duration = Duration::from_secs(60);
/// And after so long at first.
const MIN_REST: Duration = Duration::from_secs(1);
/// A child is ended after so many rows: only then are its verdicts final. One
/// that would have to call anew is ended later.
const ROWS: u32 = 200;
const ROWS_OF_CALLS: u32 = 50;
/// How long a call is held for the next page. Elsewhere a connection is soon made.
const LINGER: Duration = Duration::from_secs(1);
/// A process ends a moment after its output does, or the other way round.
const GLANCE: Duration = Duration::from_micros(500);
/// How long we wait for the process of a child that says nothing more.
const GONE: Duration = Duration::from_secs(5);

/// A part that is to go, by urgency and age.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Item {
    level: u8,
    /// How often the route could not take it: others have their turn first.
    misses: u32,
    id: String,
    pub(super) place: Place,
}

/// A route.
#[derive(Debug, Default)]
pub(super) struct Lane {
    queue: BTreeSet<Item>,
    running: Option<Running>,
    /// It cannot work before that.
    rest: Option<Instant>,
    /// It will be able to: another route has its device, or it is paced.
    waits: bool,
    failures: u32,
    /// Its devices that failed: until when, and how often.
    tired: BTreeMap<String, (Instant, u32)>,
    /// How often it could not take a part.
    misses: BTreeMap<Place, u32>,
    /// When it was given its last page.
    last: Option<Instant>,
}

/// A child, and what it was given.
#[derive(Debug)]
struct Running {
    child: Child,
    device: Option<String>,
    /// It sends pages without a text, and nothing else.
    tone: bool,
    /// Somebody else's: what it could not send it may have sent after all.
    foreign: bool,
    at_once: usize,
    timeout: Duration,
    linger: Duration,
    gap: Duration,
    /// Rows without a verdict.
    out: VecDeque<Given>,
    /// Rows with one, which it may still take back.
    answered: BTreeMap<u64, Place>,
    /// What is marked and not yet synced.
    unsynced: Vec<Place>,
    rows: u32,
    /// It is given so many.
    most: u32,
    idle_since: Instant,
    closing: bool,
    /// It was told to end, and has to by then.
    stop: Option<Instant>,
    killed: bool,
    /// How often it has said what makes no sense.
    nonsense: u32,
    /// It says nothing more, since then.
    silent: Option<Instant>,
    /// Its process has ended, then and like this.
    exited: Option<(Instant, ExitStatus)>,
    failed: bool,
}

#[derive(Debug)]
struct Given {
    row: u64,
    item: Item,
    /// It has taken a token of each.
    buckets: Vec<Bucket>,
    until: Instant,
}

impl Running {
    /// Asks it to end.
    fn halt(&mut self) {
        self.closing = true;
        self.child.close();
        self.child.stop();
        self.stop = Some(Instant::now() + END);
    }
}

impl Lane {
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Is there something that a pass waits for?
    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some() || (self.waits && !self.queue.is_empty())
    }

    pub(super) fn child(&self) -> Option<&Child> {
        self.running.as_ref().map(|running| &running.child)
    }

    /// Could a child be started for what is there?
    pub(super) fn is_ready(&self) -> bool {
        self.running.is_none() && !self.queue.is_empty() && !self.rests()
    }

    /// When its child was given its last page.
    pub(super) fn last_given(&self) -> Option<Instant> {
        self.last.filter(|_| self.is_running())
    }

    /// Is its child about to be gone?
    pub(super) fn is_ending(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.silent.is_some())
    }

    /// No more pages.
    pub(super) fn close(&mut self) {
        if let Some(running) = &mut self.running {
            running.closing = true;
            running.child.close();
        }
    }

    /// What runs was told otherwise than it would be now, and so was what could not.
    pub(super) fn renew(&mut self) {
        self.close();
        self.rest = None;
        self.failures = 0;
        self.tired.clear();
    }

    fn rests(&self) -> bool {
        self.rest.is_some_and(|until| until > Instant::now())
    }

    /// When it wants to be looked at.
    pub(super) fn timer(&self) -> Option<Instant> {
        let Some(running) = &self.running else {
            return self.rest.filter(|_| !self.queue.is_empty());
        };
        let answer = running.out.iter().map(|given| given.until).min();
        let answer = answer.filter(|_| running.stop.is_none());
        let idle = (!running.closing && running.out.is_empty() && self.queue.is_empty())
            .then(|| running.idle_since + running.linger);
        let gap = self
            .last
            .filter(|_| !self.queue.is_empty())
            .map(|last| last + running.gap);
        let gap = gap.filter(|gap| *gap > Instant::now());
        // A process ends a moment after it has said so.
        let ends = running.silent.is_some() || running.exited.is_some();
        let gone = ends.then(|| Instant::now() + GLANCE);
        let stop = running.stop.filter(|stop| is_later(*stop));
        [answer, idle, gap, gone, stop].into_iter().flatten().min()
    }
}

impl Deliverer<'_> {
    /// How many more parts a route can have at hand.
    pub(super) fn room_in(&self, route: &str) -> usize {
        let Some(lane) = self.lanes.get(route) else {
            return AT_HAND;
        };
        if lane.rests() {
            return 0;
        }
        AT_HAND.saturating_sub(lane.queue.len())
    }

    /// A part is to go on its route.
    pub(super) fn enqueue(&mut self, place: Place) {
        let Some(part) = self.part(place) else { return };
        let Some(route) = part.route().map(str::to_owned) else {
            return;
        };
        let level = part.level.unwrap_or(NORMAL);
        let Some(job) = self.jobs.get_mut(&place.job) else {
            return;
        };
        if !job.held.insert(place.at) {
            return;
        }
        let id = job.active.work.id.clone();
        let lane = self.lanes.entry(route).or_default();
        let misses = lane.misses.get(&place).copied().unwrap_or_default();
        lane.queue.insert(Item {
            level,
            misses,
            id,
            place,
        });
    }

    /// Looks after every route.
    pub(super) fn tend_lanes(&mut self) {
        let routes: Vec<String> = self.lanes.keys().cloned().collect();
        for route in routes {
            // While it is out of the map, nobody else changes it.
            let Some(mut lane) = self.lanes.remove(&route) else {
                continue;
            };
            let mut done = self.hear(&route, &mut lane);
            self.join(&route, &mut lane);
            if self.stopping.is_none() {
                self.feed(&route, &mut lane, &mut done);
                self.join(&route, &mut lane);
            }
            self.mind(&route, &mut lane, &mut done);
            self.join(&route, &mut lane);
            if self.stopping.is_none() && lane.is_ready() {
                // What the child left behind can wait for the next one's first page.
                self.feed(&route, &mut lane, &mut done);
                self.join(&route, &mut lane);
            }
            self.lanes.insert(route, lane);
            for job in done {
                self.go_on(job);
            }
        }
    }

    /// Is there a route that could begin at once? A page may have come to it
    /// from another one, or from a filter, after its turn.
    pub(super) fn has_ready_lane(&self) -> bool {
        let only = self.setup.only;
        let mut ours = self
            .lanes
            .iter()
            .filter(|(route, _)| only.is_none_or(|only| only == *route));
        self.stopping.is_none() && ours.any(|(_, lane)| lane.is_ready())
    }

    /// Takes over what was put there while it was out of the map.
    fn join(&mut self, route: &str, lane: &mut Lane) {
        let other = self.lanes.remove(route).unwrap_or_default();
        for mut item in other.queue {
            item.misses = lane.misses.get(&item.place).copied().unwrap_or_default();
            lane.queue.insert(item);
        }
    }

    /// A lane has it no more.
    fn drop_item(&mut self, place: Place) {
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.held.remove(&place.at);
        }
    }

    /// All that lanes have not given: it is not theirs any more.
    pub(super) fn empty_lanes(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.queue.clear();
        }
    }
}
