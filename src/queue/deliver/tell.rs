//! Who is told of a failure, and the programs beside the routes.
//!
//! Answers for each part that failed being told of once, or again after a crash.

use std::io;

use super::aside::{Account, Aside, Ended};
use super::{Deliverer, Job, Place};
use crate::diag::{Priority, cause};
use crate::queue::work::{Mark, Part, Work};
use crate::text::charset::utf8_or_latin1;

/// So many programs run beside the routes at most.
const ASIDES: usize = 8;

impl Deliverer<'_> {
    /// Tells somebody that a part has failed.
    pub(super) fn notify(&mut self, place: Place) {
        let Some(words) = self.setup.config.on_failure() else {
            return;
        };
        let (Some(job), Some(part)) = (self.jobs.get(&place.job), self.part(place)) else {
            return;
        };
        let account = Account::Failure(place);
        let running = self.asides.iter().any(|aside| aside.account == account);
        let work = &job.active.work;
        if part.told || running || work.failure_of.is_some() || self.asides.len() >= ASIDES {
            return;
        }
        let message = work.text(place.at);
        match Aside::start(account, words, &failure(work, part), message) {
            Ok(aside) => {
                self.asides.push(aside);
                if let Some(job) = self.jobs.get_mut(&place.job) {
                    job.asides += 1;
                }
            }
            Err(error) => self.log_once(&format!("on-failure: {}", cause(&error))),
        }
    }

    /// Tells somebody of failed jobs that nobody was told of.
    pub(super) fn tell_untold(&mut self) {
        for name in self.store().untold().unwrap_or_default() {
            let is_it = |aside: &Aside| matches!(&aside.account, Account::Untold { name: known, .. } if *known == name);
            if !self.asides.iter().any(is_it) && self.asides.len() < ASIDES {
                self.tell_next(name, 0);
            }
        }
    }

    /// Tells of the first part of a failed job from this one on that nobody was
    /// told of. Where there is none, all is told.
    pub(super) fn tell_next(&mut self, name: String, from: usize) {
        let Some(words) = self.setup.config.on_failure() else {
            return;
        };
        let work = match self.store().read_failed(&name) {
            Ok(work) => work.unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                self.log_once(&format!("failed/{name}: {}", cause(&error)));
                return;
            }
        };
        let mut failed = work.each().filter(|(at, mark, part)| {
            *at >= from && matches!(mark, Mark::Failed | Mark::Unknown) && !part.told
        });
        let (at, part) = match failed.next() {
            Some((at, _, part)) => (at, part.clone()),
            // What was no job has no parts.
            None if from == 0 && work.parts.is_empty() => (0, Part::default()),
            None => {
                let told = self.store().told(&name);
                return told.unwrap_or_else(|error| self.fail(&format!("failed/{name}"), &error));
            }
        };
        let account = Account::Untold { name, at };
        match Aside::start(account, words, &failure(&work, &part), work.text(at)) {
            Ok(aside) => self.asides.push(aside),
            Err(error) => self.log_once(&format!("on-failure: {}", cause(&error))),
        }
    }

    /// Looks after the programs beside the routes.
    pub(super) fn attend(&mut self) {
        let mut ended = Vec::new();
        let mut at = 0;
        while let Some(aside) = self.asides.get_mut(at) {
            match aside.look() {
                Some(end) => ended.push((self.asides.swap_remove(at).account, end)),
                None => at += 1,
            }
        }
        let some = !ended.is_empty();
        for (account, end) in ended {
            self.aside_ended(account, end);
        }
        if some && self.stopping.is_none() {
            self.tell_untold();
            let jobs: Vec<u64> = self.jobs.keys().copied().collect();
            for job in jobs {
                self.conclude(job);
            }
        }
    }

    pub(super) fn aside_ended(&mut self, account: Account, end: Ended) {
        match account {
            Account::Filter { job, route } => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.asides -= 1;
                }
                let text = match end {
                    Ok((status, text)) if status.success() => {
                        let text = utf8_or_latin1(&text).trim_end_matches('\n').to_owned();
                        // A text does not become a page without one.
                        let some = Some(text).filter(|text| !text.is_empty());
                        some.ok_or_else(|| "the filter wrote nothing".to_owned())
                    }
                    Ok((status, _)) => Err(format!("the filter failed: {status}")),
                    Err(why) => Err(format!("the filter: {why}")),
                };
                self.filtered(job, &route, text);
            }
            Account::Failure(place) => {
                self.say_if_bad(&end);
                if let Some(part) = self.part_mut(place) {
                    part.told = true;
                }
                if let Some(job) = self.jobs.get_mut(&place.job) {
                    job.asides -= 1;
                    job.dirty = true;
                }
                self.conclude(place.job);
            }
            Account::Untold { name, at } => {
                self.say_if_bad(&end);
                // The next pass begins with its first part.
                if self.stopping.is_none() {
                    self.tell_next(name, at + 1);
                }
            }
        }
    }

    pub(super) fn say_if_bad(&self, end: &Ended) {
        let why = match end {
            Ok((status, _)) if status.success() => return,
            Ok((status, _)) => status.to_string(),
            Err(why) => why.clone(),
        };
        self.log(Priority::Error, &format!("on-failure: {why}"));
    }

    /// Is somebody to be told of it who has not been, because there is so much
    /// to tell?
    pub(super) fn tells_of(&self, job: &Job) -> bool {
        let work = &job.active.work;
        let untold = |(_, mark, part): (usize, Mark, &Part)| {
            matches!(mark, Mark::Failed | Mark::Unknown) && !part.told
        };
        let tells = self.setup.config.on_failure().is_some() && work.failure_of.is_none();
        tells && self.asides.len() >= ASIDES && work.each().any(untold)
    }
}

/// What a program learns of a failure.
fn failure(work: &Work, part: &Part) -> Vec<(&'static str, String)> {
    let plan = part.plan.clone().unwrap_or_default();
    let last = part.last().cloned().unwrap_or_default();
    let pager = if plan.pager.is_empty() {
        &part.to
    } else {
        &plan.pager
    };
    let error = work.error.clone();
    let mut variables = vec![
        ("PAGEBOX_FAILURE_OF", work.id.clone()),
        ("PAGEBOX_ID", work.id.clone()),
        ("PAGEBOX_PAGER", pager.clone()),
        ("PAGEBOX_ROUTE", last.route),
        (
            "PAGEBOX_OUTCOME",
            if error.is_some() {
                "refused".to_owned()
            } else {
                last.outcome
            },
        ),
        ("PAGEBOX_RESPONSE", error.unwrap_or(last.response)),
    ];
    variables.extend(last.code.map(|code| ("PAGEBOX_CODE", code.to_string())));
    variables
}
