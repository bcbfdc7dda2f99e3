//! Where a job goes when none of its parts can go on.
//!
//! Answers for every end of a page being kept.

use std::time::{Duration, Instant, SystemTime};

use super::{Deliverer, Place};
use crate::diag::Priority;
use crate::queue::store::Receipt;
use crate::queue::work::Mark;

/// Receipts share a sync, unless they would wait longer than that.
const PATIENCE: Duration = Duration::from_millis(50);
/// So many share one at most.
const RECEIPTS: usize = 64;

impl Deliverer<'_> {
    /// Its file is not needed for a while.
    pub(super) fn rest_file(&mut self, job: u64) {
        let store = self.store();
        if let Some(job) = self.jobs.get_mut(&job) {
            store.rest(&mut job.active);
        }
    }

    /// Puts a job where it belongs, if nothing of it goes on now.
    pub(super) fn conclude(&mut self, id: u64) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if !job.is_idle() {
            return;
        }
        let work = &job.active.work;
        let pending = work.is_pending();
        let delivered = work.marks.iter().all(|mark| *mark == Mark::Delivered);
        if pending {
            if work.marks.iter().all(|mark| !mark.is_open()) {
                // It is held, and nothing more will become of it by itself.
                self.status(id);
            }
            self.back_to_wait(id);
        } else if delivered && !work.parts.is_empty() {
            for (part, cut) in work.cuts() {
                let text = format!("{}: {}: {}", work.id, part.to, cut.response);
                self.log(Priority::Warning, &text);
            }
            let receipt = Receipt::of(work, SystemTime::now());
            self.status(id);
            if let Some(job) = self.jobs.get_mut(&id) {
                job.done = true;
            }
            self.receipts.push((id, receipt));
            self.receipts_since.get_or_insert_with(Instant::now);
        } else {
            self.status(id);
            self.put_to_failed(id);
        }
    }

    /// What is on disk is all there is to know. What finds no room there is
    /// not lost: its marks are made.
    pub(super) fn save(&mut self, id: u64) {
        if self.write(id) {
            return;
        }
        if self.stopping.is_none() && self.jobs.get(&id).is_some_and(|job| self.tells_of(job)) {
            // Somebody is told as soon as others have been.
            return;
        }
        let marks = self.jobs.get(&id).map(|job| job.active.work.marks.clone());
        for (at, mark) in marks.into_iter().flatten().enumerate() {
            self.mark(Place { job: id, at }, mark, false);
        }
    }

    /// Says whether what is in memory is on disk, too.
    pub(super) fn write(&mut self, id: u64) -> bool {
        let store = self.store();
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.dirty) else {
            return true;
        };
        let written = store.rewrite(&mut job.active);
        let name = job.active.work.id.clone();
        let Err(error) = written else {
            job.dirty = false;
            self.uncount_settled(id);
            return true;
        };
        self.fail(&format!("active/{name}"), &error);
        false
    }

    pub(super) fn back_to_wait(&mut self, id: u64) {
        // Only the disk, or a filter, keeps it from being planned.
        if self
            .jobs
            .get(&id)
            .is_some_and(|job| super::plan::is_due(&job.active.work))
        {
            return;
        }
        if self.stopping.is_none() && self.jobs.get(&id).is_some_and(|job| self.tells_of(job)) {
            // Somebody is told as soon as others have been.
            return;
        }
        let marks = self.jobs.get(&id).map(|job| job.active.work.marks.clone());
        for (at, mark) in marks.into_iter().flatten().enumerate() {
            if mark == Mark::Next {
                self.mark(Place { job: id, at }, Mark::ToDo, false);
            }
        }
        self.save(id);
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        match self.store().put_back(&job.active) {
            Ok(name) => {
                self.note_digest(&job.active.work, &name);
                self.shelve(name);
            }
            Err(error) => {
                let name = job.active.work.id.clone();
                self.lose(&format!("active/{name}"), &error);
            }
        }
    }

    pub(super) fn put_to_failed(&mut self, id: u64) {
        self.save(id);
        let Some(job) = self.jobs.remove(&id) else {
            return;
        };
        let work = &job.active.work;
        let tells = self.setup.config.on_failure().is_some() && work.failure_of.is_none();
        let untold = tells
            && work
                .each()
                .any(|(_, mark, part)| matches!(mark, Mark::Failed | Mark::Unknown) && !part.told);
        let receipt = Receipt::of(work, SystemTime::now()).delivered();
        if let Some(receipt) = receipt {
            // Without it somebody could have the same page once more.
            let filed = self.store().file_receipts(&[receipt], SystemTime::now());
            filed.unwrap_or_else(|error| self.fail("sent", &error));
        }
        match self.store().fail(&job.active, untold) {
            Ok(_) => {
                let text = format!("{}: failed; see pageq --failed", work.id);
                self.log(Priority::Error, &text);
            }
            Err(error) => {
                let name = work.id.clone();
                self.lose(&format!("active/{name}"), &error);
            }
        }
    }

    pub(super) fn receipts_due(&self) -> Option<Instant> {
        self.receipts_since.map(|since| since + PATIENCE)
    }

    /// Writes receipts, and drops the jobs they are for.
    pub(super) fn file_receipts(&mut self, all: bool) {
        let due = self.receipts_due().is_some_and(|due| due <= Instant::now());
        if self.receipts.is_empty() || !(all || due || self.receipts.len() >= RECEIPTS) {
            return;
        }
        let lines: Vec<Receipt> = self
            .receipts
            .iter()
            .map(|(_, receipt)| receipt.clone())
            .collect();
        if let Err(error) = self.store().file_receipts(&lines, SystemTime::now()) {
            self.fail("sent", &error);
            // Their marks say that they were delivered: a later pass tries again.
            self.receipts_since = Some(Instant::now() + super::TICK);
            return;
        }
        self.receipts_since = None;
        for (id, receipt) in std::mem::take(&mut self.receipts) {
            self.uncount(&receipt.id);
            if !all {
                self.give_way();
            }
            if let Some(job) = self.jobs.remove(&id) {
                let dropped = self.store().drop_sent(&job.active);
                dropped.unwrap_or_else(|error| self.fail("active", &error));
            }
        }
    }

    /// What is not done goes back, and what a route still has stays in
    /// `active/`, for the pass that can be sure of its end.
    pub(super) fn leave(&mut self) {
        self.file_receipts(true);
        self.keep_rates();
        self.empty_lanes();
        let jobs: Vec<u64> = self.jobs.keys().copied().collect();
        for id in jobs {
            let Some(job) = self.jobs.get(&id) else {
                continue;
            };
            let marks = &job.active.work.marks;
            let stays = marks.contains(&Mark::InFlight) || job.unsettled > 0 || job.done;
            if stays {
                self.save(id);
            } else if let Some(job) = self.jobs.get_mut(&id) {
                job.held.clear();
                job.asides = 0;
                let pending = job.active.work.is_pending();
                if pending {
                    self.back_to_wait(id);
                } else {
                    self.conclude(id);
                }
            }
        }
        self.file_receipts(true);
    }
}
