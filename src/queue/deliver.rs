//! Delivery: what is in the spool goes out on its routes, until nothing that
//! is due can go on.
//!
//! One loop waits for everything: for the verdicts of routes, of which each
//! has a child of its own, for new jobs, for what comes due. Nothing in it
//! waits for one thing alone but the disk.
//!
//! Answers for the order of things: a mark is made before a page goes out, the
//! next page goes out before anything else is done. Must never know a protocol.

mod aside;
mod finish;
mod intake;
mod judge;
mod lane;
mod onward;
mod pin;
mod plan;
mod recover;
mod status;
mod storm;
mod tell;
mod twice;
mod verdict;
mod wait;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant, SystemTime};

use self::aside::Aside;
use self::lane::Lane;
use self::storm::Storm;
use self::watch::Watch;
use super::store::name::Name;
use super::store::{Active, Candidate, Receipt, Store};
use super::work::{Event, Mark, Millis, Part, millis};
use crate::config::Config;
use crate::diag::{Diag, Priority, cause};
use crate::outcome::Outcome;
use crate::transport::interrupt::Interrupt;

/// A route has so many parts at hand; the rest of its jobs lie in `wait/`,
/// where pageq can have them.
const AT_HAND: usize = 16;
/// Jobs that several routes share, or none has yet: so many are opened at most.
const MIXED: usize = 1024;
/// And none while so many programs run beside the routes.
const FILTERS: usize = 64;
/// New files share their syncs: so many at first, of which the most urgent page
/// goes out first, then twice as many each time, up to so many where nothing
/// else is to be done, and up to so many while pages go out.
const FIRST_BATCH: usize = 128;
const BATCH: usize = 256;
const BUSY_BATCH: usize = 64;
/// How long routes have to finish their pages once we are told to stop, and
/// then to end.
const STOP: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(5);
/// Trouble that goes on is told again after so long.
const REMIND: Duration = Duration::from_secs(600);
/// What a route has to say before it waits takes so long.
const BREATH: Duration = Duration::from_micros(600);
/// What nobody tells us of is looked at so often.
const TICK: Duration = Duration::from_secs(1);

/// What is to be delivered, and how.
pub struct Setup<'a> {
    /// The jobs. Whoever calls holds the right to deliver.
    pub store: &'a Store,
    /// Who is paged how.
    pub config: Config,
    /// The configuration, if it has changed.
    pub reload: &'a mut dyn FnMut() -> Option<Config>,
    /// The login of a user's number.
    pub login: &'a dyn Fn(u32) -> Option<String>,
    /// Only this route.
    pub only: Option<&'a str>,
    /// Until a signal comes, and not until all is done.
    pub watch: bool,
    /// Where talk goes.
    pub diag: &'a Diag,
    /// Success is worth a line, too.
    pub verbose: bool,
    /// Our own senders show what they say and hear.
    pub trace: bool,
    /// What ends it.
    pub interrupt: &'a Interrupt,
}

/// Delivers. An error is trouble of our own: something could not be kept, and
/// the next pass has to do it.
pub fn run(setup: Setup<'_>) -> io::Result<()> {
    let mut deliverer = Deliverer::new(setup);
    deliverer.recover()?;
    deliverer.deliver()?;
    deliverer.leave();
    match deliverer.trouble.take() {
        Some(trouble) => Err(io::Error::other(trouble)),
        None => Ok(()),
    }
}

/// A job in memory.
#[derive(Debug)]
struct Job {
    active: Active,
    /// Parts that a lane has, or a child of an earlier pass.
    held: BTreeSet<usize>,
    /// Programs that run on its account.
    asides: usize,
    /// All is delivered, and its receipt is to be written.
    done: bool,
    /// Parts whose verdict may still be taken back.
    unsettled: usize,
    /// What is on disk is not all.
    dirty: bool,
    /// What filters made of the message, by route.
    filtered: BTreeMap<String, Result<String, String>>,
}

impl Job {
    /// Does a lane have something of it, or a program beside them?
    fn is_held(&self) -> bool {
        !self.held.is_empty() || self.asides > 0
    }

    /// Does nothing go on with it, though it is not done?
    fn is_idle(&self) -> bool {
        !self.is_held() && self.unsettled == 0 && !self.done
    }
}

/// A part of a job in memory.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    job: u64,
    at: usize,
}

/// A job in `wait/` that is due, by urgency and age.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Due(Name);

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (one, other) = (&self.0, &other.0);
        let by_age = || one.id.cmp(&other.id).then(one.due.cmp(&other.due));
        one.level.cmp(&other.level).then_with(by_age)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a route said of a part, or what happened instead.
struct Said {
    outcome: Outcome,
    code: Option<u16>,
    response: String,
    server: String,
}

impl Said {
    fn new(outcome: Outcome, response: impl Into<String>) -> Self {
        Self {
            outcome,
            code: None,
            response: response.into(),
            server: String::new(),
        }
    }
}

struct Deliverer<'a> {
    setup: Setup<'a>,
    watch: Watch,
    jobs: BTreeMap<u64, Job>,
    last_job: u64,
    /// `new/` is to be looked at.
    has_new: bool,
    /// What lies there, the oldest last.
    fresh: Vec<Candidate>,
    /// So many of it are taken next.
    batch: usize,
    /// What is due, by route; those of several routes, or of none yet, are under "".
    due: BTreeMap<String, BTreeSet<Due>>,
    /// When `wait/` is to be looked at.
    look: Option<Instant>,
    lanes: BTreeMap<String, Lane>,
    asides: Vec<Aside>,
    /// Parts that a child of an earlier pass has, and their routes.
    orphans: Vec<(String, Place)>,
    /// Receipts to be written, and the jobs that go with them.
    receipts: Vec<(u64, Receipt)>,
    receipts_since: Option<Instant>,
    /// What is known of rates, and of what is gathered.
    storm: Storm,
    /// The newest job there is; a clock behind it is wrong.
    newest: Millis,
    /// When we were told to stop.
    stopping: Option<Instant>,
    /// The next time that slow things are looked at.
    tick: Instant,
    /// What was logged, and is not logged again for a while.
    said: BTreeSet<String>,
    said_since: Instant,
    /// Something of `new/` found no room on the disk.
    left_over: bool,
    /// Something in `active/` is not in memory.
    astray: bool,
    /// What this pass could not do.
    trouble: Option<String>,
}

impl<'a> Deliverer<'a> {
    fn new(setup: Setup<'a>) -> Self {
        let watch = Watch::new(setup.store.dir());
        Self {
            setup,
            watch,
            jobs: BTreeMap::new(),
            last_job: 0,
            has_new: true,
            fresh: Vec::new(),
            batch: FIRST_BATCH,
            due: BTreeMap::new(),
            look: Some(Instant::now()),
            lanes: BTreeMap::new(),
            asides: Vec::new(),
            orphans: Vec::new(),
            receipts: Vec::new(),
            receipts_since: None,
            storm: Storm::default(),
            newest: 0,
            stopping: None,
            tick: Instant::now(),
            said: BTreeSet::new(),
            said_since: Instant::now(),
            left_over: false,
            astray: false,
            trouble: None,
        }
    }

    fn store(&self) -> &'a Store {
        self.setup.store
    }

    fn log(&self, priority: Priority, text: &str) {
        if priority != Priority::Info || self.setup.verbose {
            self.setup.diag.log(priority, text);
        }
    }

    /// Says it once.
    fn log_once(&mut self, text: &str) {
        if self.said.insert(text.to_owned()) {
            self.log(Priority::Warning, text);
        }
    }

    /// Something of our own went wrong, and stays undone.
    fn fail(&mut self, what: &str, error: &io::Error) {
        let text = format!("{what}: {}", cause(error));
        if self.said.insert(text.clone()) {
            self.log(Priority::Error, &text);
        }
        self.trouble = Some(text);
    }

    fn admit(&mut self, active: Active) -> u64 {
        self.last_job += 1;
        self.newest = self.newest.max(active.work.received);
        let job = Job {
            active,
            held: BTreeSet::new(),
            asides: 0,
            done: false,
            unsettled: 0,
            dirty: false,
            filtered: BTreeMap::new(),
        };
        self.jobs.insert(self.last_job, job);
        self.last_job
    }

    fn part(&self, place: Place) -> Option<&Part> {
        self.jobs.get(&place.job)?.active.work.parts.get(place.at)
    }

    fn part_mut(&mut self, place: Place) -> Option<&mut Part> {
        let job = self.jobs.get_mut(&place.job)?;
        job.active.work.parts.get_mut(place.at)
    }

    fn mark_of(&self, place: Place) -> Option<Mark> {
        let job = self.jobs.get(&place.job)?;
        job.active.work.marks.get(place.at).copied()
    }

    /// Makes a mark, where it is one. What cannot be marked is told, and so is
    /// whether it was.
    fn try_mark(&mut self, place: Place, mark: Mark, synced: bool) -> bool {
        let store = self.store();
        let Some(job) = self.jobs.get_mut(&place.job) else {
            return false;
        };
        let id = job.active.work.id.clone();
        match store.mark(&mut job.active, place.at, mark, synced) {
            Ok(()) => true,
            Err(error) => {
                self.fail(&format!("active/{id}"), &error);
                false
            }
        }
    }

    fn mark(&mut self, place: Place, mark: Mark, synced: bool) {
        _ = self.try_mark(place, mark, synced);
    }

    fn tell(&mut self, place: Place, event: Event) {
        if let Some(part) = self.part_mut(place) {
            part.tell(event);
        }
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.dirty = true;
        }
    }

    /// The loop.
    fn deliver(&mut self) -> io::Result<()> {
        loop {
            self.obey();
            self.tend_lanes();
            self.attend();
            let mut more = false;
            if self.stopping.is_none() {
                more |= self.take_in();
                more |= self.open_due();
            }
            self.file_receipts(false);
            if Instant::now() >= self.tick {
                self.tick = Instant::now() + TICK;
                self.look_around();
            }
            more |= self.has_ready_lane();
            if self.is_done(more) {
                // What cannot go now may go elsewhere.
                more = self.stopping.is_none() && self.hand_over_late();
                if !more {
                    self.file_receipts(true);
                    return Ok(());
                }
            }
            self.wait(more)?;
        }
    }

    fn look_around(&mut self) {
        self.visit_orphans();
        self.hand_over_late();
        self.set_down();
        if self.newest > now() {
            // The job that a fast clock has left may have gone.
            self.look = Some(Instant::now());
        }
        // What found no room on the disk may find it now.
        let idle = self.jobs.iter().filter(|(_, job)| job.is_idle());
        let idle: Vec<u64> = idle.map(|(id, _)| *id).collect();
        for job in idle {
            self.go_on(job);
        }
        if self.astray && self.stopping.is_none() {
            let resumed = self.resume_all(false);
            resumed.map_or_else(|error| self.lose("active", &error), drop);
        }
        // Nobody may tell us.
        self.has_new |= self.watch.fd().is_none();
        self.has_new |= std::mem::take(&mut self.left_over) && self.setup.watch;
        if self.said_since.elapsed() > REMIND {
            self.said.clear();
            self.forget();
            self.said_since = Instant::now();
        }
        if let Some(config) = (self.setup.reload)() {
            self.setup.config = config;
            self.lanes.values_mut().for_each(Lane::renew);
            self.leave_routes();
            self.log(Priority::Info, "the configuration was read anew");
        }
    }

    /// Does what a signal asks for.
    fn obey(&mut self) {
        if self.setup.interrupt.exit().is_none() {
            return;
        }
        let now = Instant::now();
        if self.stopping.is_none() {
            self.stopping = Some(now);
            // The next pass asks them anew.
            self.asides
                .retain_mut(|aside| !aside.was_stopped_as_filter());
            for lane in self.lanes.values_mut() {
                lane.close();
            }
        }
    }
}

fn is_later(at: Instant) -> bool {
    at > Instant::now()
}

fn now() -> Millis {
    millis(SystemTime::now())
}
