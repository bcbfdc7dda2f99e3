//! What becomes of a job: which of its parts go on, and where it goes when
//! none can.
//!
//! Answers for every end of a page being kept, and for somebody being told of
//! each failure.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::aside::{Account, Aside, Ended};
use super::judge::Policy;
use super::{Deliverer, Job, Place, Said, now};
use crate::config::way::Nobody;
use crate::diag::{Priority, cause};
use crate::exit::Exit;
use crate::outcome::{Outcome, Tally};
use crate::queue::store::Receipt;
use crate::queue::tags::{self, Status};
use crate::queue::work::{Event, Mark, Part, Work};
use crate::text::charset::utf8_or_latin1;

/// Receipts share a sync, unless they would wait longer than that.
const PATIENCE: Duration = Duration::from_millis(50);
/// So many share one at most.
const RECEIPTS: usize = 64;
/// So many programs run beside the routes at most.
const ASIDES: usize = 8;
/// A status tells of so many failures, in so many characters.
const MAX_TEXTS: usize = 5;
const MAX_TEXT: usize = 800;
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
    fn put_down(&mut self, place: Place, mark: Mark) {
        self.set(place, mark);
        self.give_up_rest(place, mark);
        self.save(place.job);
        self.notify(place);
    }

    /// A part that may be out is sent once more, if there is room to say so first.
    fn send_again(&mut self, place: Place) {
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
    fn set(&mut self, place: Place, mark: Mark) {
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
    fn give_up_rest(&mut self, place: Place, mark: Mark) {
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

    /// Its file is not needed for a while.
    pub(super) fn rest_file(&mut self, job: u64) {
        let store = self.store();
        if let Some(job) = self.jobs.get_mut(&job) {
            store.rest(&mut job.active);
        }
    }

    /// Plans what is due, and gives its lanes what can go.
    pub(super) fn go_on(&mut self, job: u64) {
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
                && !super::plan::is_misfit(mark, part)
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

    /// What follows from a part that was put down may not have found room on
    /// the disk.
    fn give_up_rests(&mut self, job: u64) {
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

    /// To its lane, if nothing is in the way.
    fn send_on(&mut self, place: Place) {
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
        let astray = part.due > now() + super::judge::TOO_FAR && !part.is_put_off(work.received);
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
        let fits = |part: &Part| !super::plan::is_misfit(Mark::ToDo, part);
        if self.part(place).is_some_and(fits) {
            self.enqueue(place);
        }
    }

    /// Its route may have left the configuration since it was planned. False:
    /// and so has its pager.
    fn reroute(&mut self, place: Place) -> bool {
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
    fn plan_job(&mut self, id: u64) -> bool {
        let Some(job) = self.jobs.get(&id) else {
            return false;
        };
        // Where anything of it is on its way, its parts stay in their places.
        let is_told =
            |aside: &Aside| matches!(aside.account, Account::Failure(place) if place.job == id);
        let is_busy = !job.held.is_empty() || job.unsettled > 0 || self.asides.iter().any(is_told);
        if is_busy || !super::plan::is_due(&job.active.work) {
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
    fn refuse_unplanned(&mut self, id: u64, why: &str) {
        if let Some(job) = self.jobs.get_mut(&id) {
            super::plan::refuse_due(&mut job.active.work, why);
            job.dirty = true;
        }
        self.save(id);
    }

    fn filter(&mut self, job: u64, route: &str) {
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

    fn filtered(&mut self, job: u64, route: &str, text: Result<String, String>) {
        if let Some(job) = self.jobs.get_mut(&job) {
            job.filtered.insert(route.to_owned(), text);
        }
        self.go_on(job);
        // Another route's may have to come yet; what has failed is asked anew.
        if let Some(job) = self.jobs.get_mut(&job) {
            job.filtered.retain(|_, text| text.is_ok());
        }
    }

    /// Tells somebody that a part has failed.
    fn notify(&mut self, place: Place) {
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
    fn tell_next(&mut self, name: String, from: usize) {
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

    fn aside_ended(&mut self, account: Account, end: Ended) {
        match account {
            Account::Filter { job, route } => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.asides -= 1;
                }
                let text = match end {
                    Ok((status, text)) if status.success() => {
                        Ok(utf8_or_latin1(&text).trim_end_matches('\n').to_owned())
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

    fn say_if_bad(&self, end: &Ended) {
        let why = match end {
            Ok((status, _)) if status.success() => return,
            Ok((status, _)) => status.to_string(),
            Err(why) => why.clone(),
        };
        self.log(Priority::Error, &format!("on-failure: {why}"));
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
    fn save(&mut self, id: u64) {
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
    fn write(&mut self, id: u64) -> bool {
        let store = self.store();
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.dirty) else {
            return true;
        };
        let Err(error) = store.rewrite(&mut job.active) else {
            job.dirty = false;
            return true;
        };
        let name = job.active.work.id.clone();
        self.fail(&format!("active/{name}"), &error);
        false
    }

    fn back_to_wait(&mut self, id: u64) {
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
            Ok(name) => self.shelve(name),
            Err(error) => {
                let name = job.active.work.id.clone();
                self.lose(&format!("active/{name}"), &error);
            }
        }
    }

    /// Is somebody to be told of it who has not been, because there is so much
    /// to tell?
    fn tells_of(&self, job: &Job) -> bool {
        let work = &job.active.work;
        let untold = |(_, mark, part): (usize, Mark, &Part)| {
            matches!(mark, Mark::Failed | Mark::Unknown) && !part.told
        };
        let tells = self.setup.config.on_failure().is_some() && work.failure_of.is_none();
        tells && self.asides.len() >= ASIDES && work.each().any(untold)
    }

    fn put_to_failed(&mut self, id: u64) {
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
        for (id, _) in std::mem::take(&mut self.receipts) {
            if !all {
                self.give_way();
            }
            if let Some(job) = self.jobs.remove(&id) {
                let dropped = self.store().drop_sent(&job.active);
                dropped.unwrap_or_else(|error| self.fail("active", &error));
            }
        }
    }

    /// Tells who has its ticket what has become of a job.
    pub(super) fn status(&mut self, id: u64) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        let work = &job.active.work;
        let Some(ticket) = &work.ticket else { return };
        let (code, exit, text) = fate(work);
        let code = match (code, ticket.ack, ticket.reply) {
            (880, true, _) => 860,
            (880, false, true) => 861,
            (code, ..) => code,
        };
        let status = Status {
            sequence: 2,
            code,
            at: SystemTime::now(),
            text,
            exit: Some(exit.status()),
        };
        let (tag, pass) = (ticket.tag.clone(), ticket.pass.clone());
        self.write_status(&tag, &pass, &status);
    }

    pub(super) fn write_status(&mut self, tag: &str, pass: &str, status: &Status) {
        match tags::write(self.store().dir(), tag, pass, status) {
            // It is no tag, or another page's.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.log(Priority::Warning, &format!("tags: {}", cause(&error)));
            }
            written => written.unwrap_or_else(|error| self.fail("tags", &error)),
        }
    }

    /// What is not done goes back, and what a route still has stays in
    /// `active/`, for the pass that can be sure of its end.
    pub(super) fn leave(&mut self) {
        self.file_receipts(true);
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

/// What has become of a job: the code of MSTA (RFC 1861, 4.6.10), the exit
/// status that a sender would have ended with, and words for what went wrong.
fn fate(work: &Work) -> (u16, Exit, String) {
    let mut tally = Tally::default();
    let mut texts = Vec::new();
    let mut code = 880;
    for (_, mark, part) in work.each() {
        let last = part.last().cloned().unwrap_or_default();
        let (outcome, exit) = match mark {
            Mark::Delivered => (Outcome::Sent, Exit::Ok),
            Mark::Unknown => (Outcome::Unknown, Exit::Unknown),
            _ => match last.outcome.as_str() {
                EXPIRED | "temporary" | "untried" => (Outcome::Temporary, Exit::TempFail),
                _ if part.plan.is_some() => (Outcome::Refused, Exit::Unavailable),
                // There was a route, and the message is not for it.
                _ if !last.route.is_empty() => (Outcome::Refused, Exit::Data),
                _ => (Outcome::Refused, Exit::NoUser),
            },
        };
        tally.add(outcome, exit);
        if mark != Mark::Delivered {
            // No code of the RFC says more than that it was not delivered.
            code = 780;
            texts.push(format!("{}: {}", part.to, last.response));
        }
    }
    let more = texts.len().saturating_sub(MAX_TEXTS);
    texts.truncate(MAX_TEXTS);
    texts.extend((more > 0).then(|| format!("and {more} more")));
    let text = texts.join("; ").chars().take(MAX_TEXT).collect();
    (code, tally.exit(), text)
}

/// The first thing that who has a ticket can be told: it is queued.
pub(super) fn queued(at: SystemTime) -> Status {
    Status {
        sequence: 1,
        code: 960,
        at,
        text: String::new(),
        exit: None,
    }
}

/// The last thing: it was no job.
pub(super) fn rejected(why: &str) -> Status {
    Status {
        sequence: 1,
        code: 780,
        at: SystemTime::now(),
        text: why.chars().take(MAX_TEXT).collect(),
        exit: Some(Exit::Unavailable.status()),
    }
}
