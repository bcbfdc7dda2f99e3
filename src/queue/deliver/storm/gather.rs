//! Pages on their way into a digest.
//!
//! Answers for a page being in its own file until the digest that holds it is
//! on disk, and for none being counted twice, whatever comes between.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::digest;
use crate::diag::Priority;
use crate::queue::deliver::{Deliverer, Place, now};
use crate::queue::store::name::Name;
use crate::queue::store::{self, Active};
use crate::queue::work::{Event, GATHERED, Mark, NORMAL, Part, Work};

/// In front of the digest that a page is in.
pub(in crate::queue::deliver) const IN_DIGEST: &str = "in the digest ";

fn is_in_digest(event: &Event) -> bool {
    event.outcome == GATHERED && event.response.starts_with(IN_DIGEST)
}

/// The pager and the route that a digest is for.
type Way = (String, String);

/// Those of one that takes in more.
fn gathering(work: &Work) -> Option<Way> {
    let plan = work.parts.first()?.plan.as_ref();
    let plan = plan.filter(|_| work.gathers())?;
    Some((plan.pager.clone(), plan.route.clone()))
}

impl Deliverer<'_> {
    /// The parts of a message, of which this is the first.
    fn message(&self, place: Place) -> Range<usize> {
        let plan = self.part(place).and_then(|part| part.plan.as_ref());
        let count = plan.map_or(1, |plan| plan.part.1.max(1));
        place.at..place.at + count
    }

    fn way_of(&self, place: Place) -> Option<Way> {
        let plan = self.part(place)?.plan.as_ref()?;
        Some((plan.pager.clone(), plan.route.clone()))
    }

    /// Nobody waits for this very page, it says something, and nothing of it is out.
    pub(super) fn can_be_gathered(&self, place: Place) -> bool {
        let Some(job) = self.jobs.get(&place.job) else {
            return false;
        };
        let work = &job.active.work;
        let is_plain = |at: usize| {
            let (mark, part) = (work.marks.get(at), work.parts.get(at));
            let plain = |part: &Part| part.pin.is_none() && !part.duplicate_possible;
            matches!(mark, Some(Mark::ToDo | Mark::Next)) && part.is_some_and(plain)
        };
        work.gathered.is_none()
            && work.ticket.is_none()
            && !work.text(place.at).is_empty()
            && self.message(place).all(is_plain)
    }

    /// May a route that could not send it say later that it has?
    pub(super) fn is_unsettled(&self, place: Place) -> bool {
        let Some(job) = self.jobs.get(&place.job) else {
            return false;
        };
        let parts = job.active.work.parts.get(self.message(place));
        let mut events = parts
            .unwrap_or_default()
            .iter()
            .flat_map(|part| &part.story);
        job.unsettled > 0 && events.any(|event| !event.route.is_empty())
    }

    /// Is there a digest that takes in more, for the way of this page, and no
    /// less urgent?
    pub(super) fn has_digest(&self, place: Place) -> bool {
        let (Some(way), Some(part)) = (self.way_of(place), self.part(place)) else {
            return false;
        };
        let mut works = self.jobs.values().map(|job| &job.active.work);
        let opened = works.find(|work| gathering(work).as_ref() == Some(&way));
        let level = opened.map(Work::level);
        let level = level.or_else(|| Some(self.storm.open.get(&way)?.level));
        level.is_some_and(|level| level <= part.level.unwrap_or(NORMAL))
    }

    /// Is this job one?
    pub(in crate::queue::deliver) fn is_gathering(&self, job: u64) -> bool {
        self.jobs
            .get(&job)
            .is_some_and(|job| job.active.work.gathers())
    }

    /// Puts pages into the digests of their ways. Says which are there; the
    /// others stay as they are. Jobs that may go on now are in `done`.
    pub(in crate::queue::deliver) fn gather(
        &mut self,
        places: impl Iterator<Item = Place>,
        done: &mut Vec<u64>,
    ) -> BTreeSet<Place> {
        let mut ways: BTreeMap<Way, Vec<Place>> = BTreeMap::new();
        for place in places {
            if let Some(way) = self.way_of(place) {
                ways.entry(way).or_default().push(place);
            }
        }
        let mut gathered = BTreeSet::new();
        for (way, places) in ways {
            let known = self.open_digest(&way);
            let digest = self.put_into(known, &places);
            done.extend(digest.or(known));
            if digest.is_some() {
                gathered.extend(places);
            }
        }
        gathered
    }

    /// The digest of a way that takes in more, opened.
    fn open_digest(&mut self, way: &Way) -> Option<u64> {
        let mut jobs = self.jobs.iter();
        let known = jobs.find(|(_, job)| gathering(&job.active.work).as_ref() == Some(way));
        if let Some((job, _)) = known {
            return Some(*job);
        }
        let name = self.storm.open.remove(way)?;
        match self.store().activate(&name) {
            Ok(Some(active)) => Some(self.admit(active)),
            Ok(None) => {
                // Somebody has removed it, and its turn is free.
                self.storm.turns.retain(|_, (id, _)| *id != name.id);
                None
            }
            Err(error) => {
                self.lose(&format!("wait/{name}"), &error);
                None
            }
        }
    }

    /// Puts pages of one way into a digest, or into a new one. First it is on
    /// disk, then they are marked.
    fn put_into(&mut self, known: Option<u64>, places: &[Place]) -> Option<u64> {
        let first = *places.first()?;
        let (pager, _) = self.way_of(first)?;
        let mut work = if let Some(job) = known.and_then(|job| self.jobs.get(&job)) {
            job.active.work.clone()
        } else {
            let job = self.jobs.get(&first.job)?;
            let part = job.active.work.parts.get(first.at)?;
            let mut work = digest::begin(&job.active.work, part);
            let turn = self.turn_of(first, (work.id.clone(), 0));
            let part = work.parts.first()?;
            let due = self.due_at(turn, &work, part);
            work.parts.first_mut()?.due = due;
            work
        };
        let id = work.id.clone();
        let counted = self.storm.counted.iter();
        let before = counted.filter(|(_, digest)| **digest == id);
        let mut last: BTreeSet<String> = before.map(|((job, _), _)| job.clone()).collect();
        for place in places {
            let from = &self.jobs.get(&place.job)?.active.work;
            let route = self.part(*place)?.route()?;
            let table = self.setup.config.route(route)?;
            let text = digest::text(from, place.at, table.filter.is_some());
            digest::take_in(&mut work, from, place.at, &text);
            last.insert(from.id.clone());
        }
        if !digest::compose(&mut work, &self.setup.config) {
            return None;
        }
        if let Some(gathered) = &mut work.gathered {
            gathered.last = last.iter().cloned().collect();
        }
        let job = self.keep_digest(known, work)?;
        let counted = last.into_iter().map(|of| ((of, pager.clone()), id.clone()));
        self.storm.counted.extend(counted);
        let jobs: Vec<u64> = places.iter().map(|place| place.job).collect();
        self.settle(&jobs);
        Some(job)
    }

    fn keep_digest(&mut self, known: Option<u64>, work: Work) -> Option<u64> {
        let store = self.store();
        let name = format!("active/{}", work.id);
        let known = known.and_then(|id| Some((id, self.jobs.get_mut(&id)?)));
        let kept = if let Some((id, job)) = known {
            let before = std::mem::replace(&mut job.active.work, work);
            let kept = store.rewrite(&mut job.active);
            if kept.is_err() {
                job.active.work = before;
            }
            kept.map(|()| id)
        } else {
            let mut active = Active::new(work);
            let kept = store.rewrite(&mut active);
            kept.map(|()| self.admit(active))
        };
        kept.map_err(|error| self.fail(&name, &error)).ok()
    }

    /// Marks what digests hold of these jobs, and tells it, also of what was
    /// marked by one who did not come to tell it.
    pub(in crate::queue::deliver) fn settle(&mut self, jobs: &[u64]) {
        if self.storm.counted.is_empty() {
            return;
        }
        let mut marked = Vec::new();
        for job in jobs {
            for (at, digest) in self.counted(*job) {
                let place = Place { job: *job, at };
                let is_marked = self.mark_of(place) == Some(Mark::Delivered);
                if is_marked || self.try_mark(place, Mark::Delivered, false) {
                    marked.push((place, digest));
                }
            }
        }
        let jobs: BTreeSet<u64> = marked.iter().map(|(place, _)| place.job).collect();
        let files = jobs.iter().filter_map(|job| self.jobs.get(job));
        let files: Vec<&Active> = files.map(|job| &job.active).collect();
        if let Err(error) = self.store().sync_together(&files) {
            self.fail("active", &error);
            return;
        }
        for (place, digest) in marked {
            self.settled(place, &digest);
        }
        for job in jobs {
            let known = self.jobs.get(&job).map(|job| &job.active.work.marks);
            let is_done = |marks: &Vec<Mark>| marks.iter().all(|mark| *mark == Mark::Delivered);
            if !known.is_some_and(is_done) {
                // It stays for the others in it, maybe for longer than the digest.
                self.write(job);
            }
            self.rest_file(job);
        }
    }

    /// The parts of a job that a digest holds and that are to do, or do not tell
    /// so, and which one.
    fn counted(&self, job: u64) -> Vec<(usize, String)> {
        let Some(job) = self.jobs.get(&job) else {
            return Vec::new();
        };
        let work = &job.active.work;
        let is_mute = |mark: Mark, part: &Part| match mark {
            Mark::Delivered => !part.last().is_some_and(is_in_digest),
            mark => mark.is_open(),
        };
        let mute = work.each().filter(|(_, mark, part)| is_mute(*mark, part));
        let held = mute.filter_map(|(at, _, part)| {
            let pager = part.plan.as_ref()?.pager.clone();
            let digest = self.storm.counted.get(&(work.id.clone(), pager))?;
            Some((at, digest.clone()))
        });
        held.collect()
    }

    fn settled(&mut self, place: Place, digest: &str) {
        let Some(job) = self.jobs.get(&place.job) else {
            return;
        };
        let id = job.active.work.id.clone();
        let response = format!("{IN_DIGEST}{digest}");
        let (pager, route) = self.way_of(place).unwrap_or_default();
        let text = format!("{id}: {pager}: route {route}: {GATHERED}: {response}");
        self.log(Priority::Info, &text);
        let event = Event {
            at: now(),
            outcome: GATHERED.to_owned(),
            response,
            ..Event::default()
        };
        self.tell(place, event);
    }

    /// Which digests hold parts of this job is on disk with it, or with its receipt.
    pub(in crate::queue::deliver) fn uncount(&mut self, id: &str) {
        let of_it = (id.to_owned(), String::new())..;
        let counted = self.storm.counted.range(of_it).map(|(key, _)| key.clone());
        let of_it: Vec<(String, String)> = counted.take_while(|(job, _)| job == id).collect();
        for key in of_it {
            self.storm.counted.remove(&key);
        }
    }

    /// A job was written anew; what is not marked in it stays counted.
    pub(in crate::queue::deliver) fn uncount_settled(&mut self, job: u64) {
        let is_settled = self.counted(job).is_empty();
        let known = self.jobs.get(&job).filter(|_| is_settled);
        if let Some(id) = known.map(|job| job.active.work.id.clone()) {
            self.uncount(&id);
        }
    }

    /// A digest is in `wait/` now.
    pub(in crate::queue::deliver) fn note_digest(&mut self, work: &Work, name: &Name) {
        if let Some(way) = gathering(work) {
            self.storm.open.insert(way, name.clone());
        }
    }

    /// These are in `wait/`, and take in more.
    pub(in crate::queue::deliver) fn note_digests(&mut self, names: Vec<Name>) {
        let mut ways: BTreeMap<String, Way> = BTreeMap::new();
        for (way, name) in std::mem::take(&mut self.storm.open) {
            ways.insert(name.id, way);
        }
        for name in names {
            if let Some(way) = ways.remove(&name.id) {
                self.storm.open.insert(way, name);
                continue;
            }
            match self.store().read_waiting(&name) {
                Ok(Some(work)) => {
                    self.count(&work);
                    self.note_digest(&work, &name);
                }
                Ok(None) => {}
                Err(error) => self.fail(&format!("wait/{name}"), &error),
            }
        }
    }

    /// It is not in `wait/` any more.
    pub(in crate::queue::deliver) fn forget_digest(&mut self, name: &Name) {
        self.storm.open.retain(|_, known| known.id != name.id);
    }

    /// What it took in last may not be marked yet, or not tell so.
    fn count(&mut self, digest: &Work) {
        let part = digest.parts.first();
        let Some(plan) = part.and_then(|part| part.plan.as_ref()) else {
            return;
        };
        let last = digest.gathered.iter().flat_map(|gathered| &gathered.last);
        let last = last.map(|job| ((job.clone(), plan.pager.clone()), digest.id.clone()));
        self.storm.counted.extend(last);
    }

    /// The same of all digests in `active/`.
    pub(in crate::queue::deliver) fn recount(&mut self) {
        let works = self.jobs.values().map(|job| &job.active.work);
        let works = works.filter(|work| work.gathered.is_some());
        let digests: Vec<Work> = works.cloned().collect();
        for digest in &digests {
            self.count(digest);
        }
    }

    /// What a digest holds, and a power cut has put back into `wait/`, is marked
    /// before anything is sent.
    pub(in crate::queue::deliver) fn settle_all(&mut self) {
        if self.storm.counted.is_empty() {
            return;
        }
        let counted = self.storm.counted.keys().map(|(id, _)| id.clone());
        let counted: BTreeSet<String> = counted.collect();
        let waiting = self.store().look(&[store::Place::Wait]);
        let waiting = waiting.unwrap_or_else(|error| {
            self.fail("wait", &error);
            Vec::new()
        });
        for entry in waiting {
            let name = entry.waits().filter(|_| counted.contains(&entry.id));
            if let Some(name) = name {
                self.open(&name);
            }
        }
        let jobs = self.jobs.values().map(|job| job.active.work.id.clone());
        let jobs: BTreeSet<String> = jobs.collect();
        self.storm.counted.retain(|(id, _), _| jobs.contains(id));
    }
}
