//! What comes in: from files that anybody may have written to jobs that wait,
//! and from those to jobs that are being delivered.
//!
//! Answers for what a file asks for, and for whose word it is.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use super::pin;
use super::status::{queued, rejected};
use super::{
    AT_HAND, BATCH, BUSY_BATCH, Deliverer, Due, FILTERS, FIRST_BATCH, MIXED, Place, Said, now,
};
use crate::diag::{Priority, cause};
use crate::outcome::Outcome;
use crate::queue::job::{self, Job, Sender, Submission};
use crate::queue::store::name::Name;
use crate::queue::store::{Arrival, Claim};
use crate::queue::tags;
use crate::queue::work::{Mark, Millis, Ticket, Work};

/// The most names that a line of the log tells.
const MAX_LOGGED: usize = 20;
/// What is due later is looked at meanwhile.
const LOOK: Duration = Duration::from_secs(60);
/// Looking at `wait/` may take so much of our time: one part of so many.
const SHARE: u32 = 20;

impl Deliverer<'_> {
    /// Takes in what lies in `new/`, some of it. Says whether there is more.
    pub(super) fn take_in(&mut self) -> bool {
        if self.fresh.is_empty() && self.has_new {
            self.has_new = false;
            match self.store().in_new() {
                Ok(fresh) => (self.fresh, self.batch) = (fresh, FIRST_BATCH),
                Err(error) => self.fail("new", &error),
            }
        }
        if self.fresh.is_empty() {
            return false;
        }
        let is_busy = self.lanes.values().any(super::Lane::is_running);
        let most = if is_busy { BUSY_BATCH } else { BATCH };
        let rest = self.fresh.len().saturating_sub(self.batch.min(most));
        self.batch = (self.batch * 2).min(BATCH);
        let (mut claims, mut wishes) = (Vec::new(), Vec::new());
        for candidate in self.fresh.split_off(rest).into_iter().rev() {
            self.give_way();
            match self.store().take(candidate) {
                Ok(Some(arrival)) => {
                    let (claim, wish) = self.claim(&arrival);
                    claims.push((arrival, claim));
                    wishes.push(wish);
                }
                Ok(None) => {}
                Err(error) => self.log_once(&cause(&error)),
            }
        }
        self.drop_duplicates(&mut claims, &wishes);
        for (_, claim) in &mut claims {
            if let Claim::Job(work) = claim {
                self.plan_all(work);
            }
        }
        let told: Vec<_> = claims.iter().map(|(_, claim)| told(claim)).collect();
        let tickets: Vec<Option<Ticket>> = claims.iter().map(|(_, claim)| ticket(claim)).collect();
        let kept = self.store().keep(claims, &mut || self.give_way());
        for ((told, ticket), kept) in told.into_iter().zip(tickets).zip(kept) {
            match kept {
                Ok(name) => {
                    if let Some(Ticket { tag, pass, .. }) = ticket {
                        self.write_status(&tag, &pass, &queued(SystemTime::now()));
                    }
                    self.welcome(name, told);
                }
                Err(error) => {
                    self.left_over = true;
                    self.fail("a job in active/ is not taken yet", &error);
                }
            }
        }
        !self.fresh.is_empty()
    }

    fn welcome(&mut self, name: Option<Name>, told: Option<(Priority, String)>) {
        if let Some((priority, text)) = told {
            self.log(priority, &text);
        }
        match name {
            Some(name) => self.shelve(name),
            None => self.tell_untold(),
        }
    }

    /// A job that is in `wait/` now.
    pub(super) fn shelve(&mut self, name: Name) {
        let due = name.due;
        if name.why == crate::queue::store::name::Why::Stopped {
        } else if due <= now() {
            let route = name.route.clone().unwrap_or_default();
            self.due.entry(route).or_default().insert(Due(name));
        } else {
            self.look_at(due);
        }
    }

    fn look_at(&mut self, due: Millis) {
        let left = Duration::from_millis(due.saturating_sub(now()));
        // Clocks are set, and machines sleep.
        let at = Instant::now() + left.min(LOOK);
        self.look = Some(self.look.map_or(at, |look| look.min(at)));
    }

    /// What a file asks for; of a job, also within which time nobody is to have
    /// it twice.
    fn claim(&mut self, arrival: &Arrival) -> (Claim, Option<Duration>) {
        let untold = self.setup.config.on_failure().is_some();
        let refused = |file: &[u8], error: String| {
            let work = Work::refused(&arrival.id, arrival.written, file, error);
            (Claim::Failed { work, untold }, None)
        };
        let file = match &arrival.file {
            Ok(file) => file,
            Err(error) => return refused(b"", error.clone()),
        };
        match job::read(file, arrival.written, &arrival.id) {
            Err(error) => refused(file, error),
            Ok(Submission::Forget(request)) => {
                let gone = tags::forget(self.store().dir(), &request);
                gone.unwrap_or_else(|error| self.fail("tags", &error));
                (Claim::Done, None)
            }
            Ok(Submission::Job(mut job)) => {
                if let Err(error) = self.vouch(&mut job, arrival.owner) {
                    if let Some(ticket) = &job.two_way {
                        self.write_status(&ticket.tag, &ticket.pass, &rejected(&error));
                    }
                    return refused(file, error);
                }
                let mut work = Work::new(&job, &arrival.id, now());
                self.check_ticket(&mut work);
                self.newest = self.newest.max(work.received);
                (Claim::Job(work), job.dedup)
            }
        }
    }

    /// A tag is the first one's that has it: by a second one, anybody could have
    /// another's page told as delivered. The page goes all the same.
    fn check_ticket(&self, work: &mut Work) {
        let Some(ticket) = &work.ticket else { return };
        if !tags::is_new(self.store().dir(), &ticket.tag) {
            let text = format!(
                "{}: its tag is none, or taken: nobody is told its status",
                work.id
            );
            self.log(Priority::Warning, &text);
            work.ticket = None;
        }
    }

    /// Whose word a job is: the file's owner is the one thing that is sure.
    fn vouch(&self, job: &mut Job, owner: u32) -> Result<(), String> {
        let ours = rustix::process::geteuid().as_raw();
        let trusted = owner == 0 || owner == ours;
        if !trusted {
            let login = (self.setup.login)(owner).unwrap_or_else(|| format!("uid {owner}"));
            let said = job
                .from
                .take()
                .map(|from| from.name)
                .filter(|name| *name != login);
            job.from = Some(match said {
                Some(name) => Sender {
                    name: format!("{name} ({login})"),
                    verified: false,
                },
                None => Sender {
                    name: login,
                    verified: true,
                },
            });
        }
        for to in &mut job.to {
            if let Some(path) = to.pin_file.take() {
                // Else anybody could have any file of ours sent to a pager.
                let pin = pin::read(&path, (!trusted).then_some(owner))?;
                to.pin = Some(pin);
            }
        }
        Ok(())
    }

    /// Opens jobs that are due, as many as lanes can use. Says whether there is more.
    pub(super) fn open_due(&mut self) -> bool {
        if self.look.is_some_and(|look| look <= Instant::now()) {
            self.look_into_wait();
        }
        self.open_shelved()
    }

    /// The same, of those that are known.
    pub(super) fn open_shelved(&mut self) -> bool {
        let mut opened = false;
        let routes: Vec<String> = self.due.keys().cloned().collect();
        for route in routes {
            if self
                .setup
                .only
                .is_some_and(|only| !route.is_empty() && only != route)
            {
                continue;
            }
            let room = if route.is_empty() {
                let filters = FILTERS.saturating_sub(self.asides.len());
                // Those that only wait for a route to end are in nobody's way.
                let open = self.jobs.values().filter(|job| job.is_held());
                MIXED.saturating_sub(open.count()).min(filters)
            } else {
                self.room_in(&route)
            };
            for _ in 0..room.min(AT_HAND) {
                let next = self.due.get_mut(&route).and_then(BTreeSet::pop_first);
                let Some(Due(name)) = next else {
                    break;
                };
                opened = true;
                self.open(&name);
            }
        }
        self.due.retain(|_, due| !due.is_empty());
        opened
    }

    pub(super) fn open(&mut self, name: &Name) {
        match self.store().activate(name) {
            Ok(Some(active)) => {
                self.forget_digest(name);
                let job = self.admit(active);
                self.settle(&[job]);
                self.doubt(job);
                self.go_on(job);
            }
            Ok(None) => {}
            Err(error) => self.lose(&format!("wait/{name}"), &error),
        }
    }

    /// What waits was not given to anybody, unless the way back from a power
    /// cut was further than that of the marks.
    fn doubt(&mut self, job: u64) {
        let Some(known) = self.jobs.get(&job) else {
            return;
        };
        let marks = known.active.work.marks.clone();
        for (at, mark) in marks.into_iter().enumerate() {
            if matches!(mark, Mark::Next | Mark::InFlight) {
                let why = "the machine went down when it may have been sent";
                self.judge(Place { job, at }, &Said::new(Outcome::Unknown, why));
            }
        }
    }

    pub(super) fn look_into_wait(&mut self) {
        let begun = Instant::now();
        self.look = None;
        match self.store().waiting(now(), now() + super::judge::TOO_FAR) {
            Ok(waiting) => {
                let jobs = self.jobs.values().map(|job| job.active.work.received);
                let newest = waiting.newest.saturating_mul(1000);
                self.newest = jobs.fold(newest, Millis::max);
                self.keep_turns(&waiting.turns);
                self.note_digests(waiting.gathering);
                self.due.clear();
                for name in waiting.due {
                    let route = name.route.clone().unwrap_or_default();
                    self.due.entry(route).or_default().insert(Due(name));
                }
                if let Some(next) = waiting.next {
                    self.look_at(next);
                    let earliest = Instant::now() + begun.elapsed() * SHARE;
                    self.look = self.look.map(|look| look.max(earliest));
                }
            }
            Err(error) => {
                self.fail("wait", &error);
                self.look = Some(Instant::now() + super::TICK);
            }
        }
    }
}

fn ticket(claim: &Claim) -> Option<Ticket> {
    match claim {
        Claim::Job(work) => work.ticket.clone(),
        Claim::Failed { .. } | Claim::Done => None,
    }
}

/// What the log is to know of a file that came.
fn told(claim: &Claim) -> Option<(Priority, String)> {
    match claim {
        Claim::Job(work) => {
            let mut to: Vec<&str> = work.parts.iter().map(|part| part.to.as_str()).collect();
            to.dedup();
            to.truncate(MAX_LOGGED);
            let from = work.from.as_deref().unwrap_or("?");
            let length = work.message.len();
            let text = format!(
                "{}: for {} from {from}, {length} bytes",
                work.id,
                to.join(",")
            );
            Some((Priority::Info, text))
        }
        Claim::Failed { work, .. } => {
            let error = work.error.as_deref().unwrap_or_default();
            Some((
                Priority::Error,
                format!("{}: no job: {error}; see pageq --failed", work.id),
            ))
        }
        Claim::Done => None,
    }
}
