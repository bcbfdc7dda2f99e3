//! Storms: so many pages go to a pager, and on a route, and what is more is
//! gathered in a digest, or waits for its turn.
//!
//! Each pager and each route that has a rate has a bucket of tokens, and a page
//! takes one of each when it is given to its route. Answers for a bucket never
//! giving more, also over several passes, and for a page that did not go having
//! its tokens back. Must never know what a digest says.

mod digest;
mod gather;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::gather::IN_DIGEST;
use super::{Deliverer, Place, now};
use crate::diag::{Priority, cause};
use crate::outcome::Outcome;
use crate::queue::store::name::{LONGEST, Name};
use crate::queue::work::{Event, Millis, NORMAL, PACED, Part, Work};
use crate::rate::Rate;

/// Behind what a route may take back, in milliseconds.
const SOON: Millis = 1000;

/// What is known of rates.
#[derive(Debug, Default)]
pub(super) struct Storm {
    /// When each bucket that is not full will be; `None`: the file was not read yet.
    full: Option<BTreeMap<String, Millis>>,
    /// The file does not say the same.
    dirty: bool,
    /// The turns that were given away: of which bucket and when, to which part of
    /// which job.
    turns: BTreeMap<(String, Millis), (String, usize)>,
    /// Digests that take in more, by pager and route, in `wait/`.
    open: BTreeMap<(String, String), Name>,
    /// What a digest holds, by job and pager, and which one, until that is on disk
    /// in a receipt, or with the job: it may not be marked so, or not tell it.
    counted: BTreeMap<(String, String), String>,
}

/// A bucket, and how often it can be taken from.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    name: String,
    rate: Rate,
}

/// What is to become of a page whose route could have it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// It goes.
    Go,
    /// It goes into a digest.
    Gather,
    /// The same, once no route can take back any more what it said of it.
    Settle,
    /// It waits for its turn.
    Wait,
}

impl Deliverer<'_> {
    /// The buckets that a page takes from. The parts behind the first one of a
    /// message go with it.
    fn buckets(&self, place: Place) -> Vec<Bucket> {
        let plan = self.part(place).and_then(|part| part.plan.as_ref());
        let Some(plan) = plan.filter(|plan| plan.part.0 <= 1) else {
            return Vec::new();
        };
        let config = &self.setup.config;
        let bucket = |kind: &str, name: &str, rate: Option<Rate>| {
            let name = format!("{kind} {name}");
            rate.map(|rate| Bucket { name, rate })
        };
        let route = config.route(&plan.route).and_then(|route| route.rate);
        let pager = bucket("pager", &plan.pager, config.rate(&plan.pager));
        let route = bucket("route", &plan.route, route);
        pager.into_iter().chain(route).collect()
    }

    /// When the buckets will be full.
    fn full(&mut self) -> &mut BTreeMap<String, Millis> {
        let (store, diag) = (self.setup.store, self.setup.diag);
        self.storm.full.get_or_insert_with(|| {
            store.rates().unwrap_or_else(|error| {
                let why = cause(&error);
                let text = format!("active/.rates: {why}: all rates begin anew");
                diag.log(Priority::Warning, &text);
                BTreeMap::new()
            })
        })
    }

    /// The bucket that has no token for the longest time, and until when. `None`:
    /// all of them have one.
    fn empty(&mut self, buckets: &[Bucket]) -> Option<(Millis, Bucket)> {
        let now = now();
        let full = self.full();
        let until = |bucket: &Bucket| {
            let full = full.get(&bucket.name).copied().unwrap_or_default();
            let until = bucket.rate.take(full, now).err()?;
            Some((until, bucket.clone()))
        };
        buckets
            .iter()
            .filter_map(until)
            .max_by_key(|(until, _)| *until)
    }

    /// What is to become of a page now.
    pub(super) fn turn(&mut self, place: Place) -> Turn {
        let buckets = self.buckets(place);
        let level = self.part(place).and_then(|part| part.level);
        if buckets.is_empty() || level.unwrap_or(NORMAL) == 0 {
            return Turn::Go;
        }
        let is_empty = self.empty(&buckets).is_some();
        let gather = if self.is_unsettled(place) {
            Turn::Settle
        } else {
            Turn::Gather
        };
        match (is_empty, self.can_be_gathered(place)) {
            (true, true) => gather,
            (true, false) => Turn::Wait,
            // Else the digest, which is older, would wait for it.
            (false, true) if self.has_digest(place) => gather,
            (false, _) => Turn::Go,
        }
    }

    /// It is looked at again when that route has ended, or soon behind that.
    pub(super) fn wait_for_end(&mut self, place: Place) {
        if let Some(part) = self.part_mut(place) {
            part.due = now() + SOON;
        }
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.dirty = true;
        }
    }

    /// The turn of a part of a job, which takes from the buckets of this page: the
    /// one that it has, or the next behind those that were given away.
    fn turn_of(&mut self, place: Place, whose: (String, usize)) -> Millis {
        let buckets = self.buckets(place);
        let is_known = self.part(place).is_some_and(Part::is_paced);
        let Some((until, bucket)) = self.empty(&buckets) else {
            return now();
        };
        let turns = &mut self.storm.turns;
        let given = (bucket.name.clone(), 0)..=(bucket.name.clone(), Millis::MAX);
        let mut known = turns.range(given.clone()).filter(|_| is_known);
        let own = known.find(|(_, of)| **of == whose);
        if let Some(own) = own.map(|((_, turn), _)| *turn) {
            if own >= until {
                return own;
            }
            turns.remove(&(bucket.name.clone(), own));
        }
        let last = turns.range(given).next_back().map(|((_, turn), _)| *turn);
        let behind = last.map_or(0, |last| last.saturating_add(bucket.rate.share()));
        let turn = until.max(behind).min(now().saturating_add(LONGEST));
        turns.insert((bucket.name, turn), whose);
        turn
    }

    /// Only what waits, and what is at work, has a turn.
    pub(super) fn keep_turns(&mut self, waiting: &BTreeSet<String>) {
        let jobs = self.jobs.values().map(|job| &job.active.work.id);
        let jobs: BTreeSet<&String> = jobs.collect();
        let is_there = |id: &String| waiting.contains(id) || jobs.contains(id);
        self.storm.turns.retain(|_, (id, _)| is_there(id));
    }

    /// When a part is due whose turn comes then: before that, if it is worthless
    /// before that.
    fn due_at(&self, turn: Millis, work: &Work, part: &Part) -> Millis {
        let end = Some(self.expires(work, part)).filter(|end| *end > now());
        end.map_or(turn, |end| turn.min(end))
    }

    /// It waits for its turn.
    pub(super) fn pace(&mut self, place: Place) {
        let job = self.jobs.get(&place.job);
        let Some(id) = job.map(|job| job.active.work.id.clone()) else {
            return;
        };
        let turn = self.turn_of(place, (id, place.at));
        let job = self.jobs.get(&place.job).map(|job| &job.active.work);
        let Some((work, part)) = job.zip(self.part(place)) else {
            return;
        };
        let due = self.due_at(turn, work, part);
        let Some(part) = self.part_mut(place) else {
            return;
        };
        part.due = due;
        if let Some(plan) = &mut part.plan {
            // Its fallback has nothing to wait for before that.
            plan.since = turn;
        }
        if !part.is_paced() {
            let why = "as many pages as the rate allows were sent: it waits for its turn";
            let event = Event {
                at: now(),
                outcome: PACED.to_owned(),
                response: why.to_owned(),
                ..Event::default()
            };
            self.tell(place, event);
        }
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.dirty = true;
        }
    }

    /// A page is about to be given to its route: takes its tokens, as far as
    /// there are any, and says of which buckets. That is on disk, too, or told.
    pub(super) fn spend(&mut self, place: Place) -> Vec<Bucket> {
        let now = now();
        let mut buckets = self.buckets(place);
        buckets.retain(|Bucket { name, rate }| {
            let full = self.full();
            let before = full.get(name).copied().unwrap_or_default();
            let taken = rate.take(before, now).ok();
            taken
                .map(|after| full.insert(name.clone(), after))
                .is_some()
        });
        if !buckets.is_empty() {
            self.storm.dirty = true;
            self.keep_rates();
        }
        buckets
    }

    /// Its page has not gone.
    pub(super) fn give_back(&mut self, buckets: &[Bucket]) {
        for Bucket { name, rate } in buckets {
            if let Some(full) = self.full().get_mut(name) {
                *full = rate.give_back(*full);
            }
            self.storm.dirty = true;
        }
    }

    /// The same, if that is what a verdict says.
    pub(super) fn give_back_if_unsent(&mut self, buckets: &[Bucket], outcome: Outcome) {
        if matches!(outcome, Outcome::Untried | Outcome::Temporary) {
            self.give_back(buckets);
        }
    }

    /// What is kept of rates is on disk. Where there is no room, pages go all
    /// the same.
    pub(super) fn keep_rates(&mut self) {
        let store = self.store();
        if !std::mem::take(&mut self.storm.dirty) {
            return;
        }
        let now = now();
        let full = self.full();
        full.retain(|_, full| *full > now);
        if let Err(error) = store.keep_rates(full) {
            self.storm.dirty = true;
            self.fail("active/.rates", &error);
        }
    }
}
