//! One route: what is to go there, and the child that takes it there.
//!
//! Answers for a part being marked before the child has it, for no more rows
//! being unanswered than the route may have, and for a route that does not
//! answer, or not in order, costing nobody else anything. Must never know what
//! a verdict means.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::judge::{Policy, pause};
use super::{AT_HAND, Deliverer, Due, END, Place, STOP, Said, now};
use crate::config::tables::{Kind, Route};
use crate::diag::{Priority, cause};
use crate::file;
use crate::outcome::Outcome;
use crate::queue::route::child::{Child, Page};
use crate::queue::route::program::{Program, program};
use crate::queue::route::verdict::Verdict;
use crate::queue::store::name::Name;
use crate::queue::work::{Mark, Millis, NORMAL};

/// A route that cannot work is tried again after so long at most.
const MAX_REST: Duration = Duration::from_secs(60);
/// And after so long at first.
const MIN_REST: Duration = Duration::from_secs(1);
/// A child is ended after so many rows: only then are its verdicts final. One
/// that would have to call anew is ended later.
const ROWS: u32 = 200;
const ROWS_OF_CALLS: u32 = 1000;
/// How long a call is held for the next page. Elsewhere a connection is soon made.
const LINGER: Duration = Duration::from_secs(1);
/// A process ends a moment after its output does, or the other way round.
const GLANCE: Duration = Duration::from_millis(2);
/// How long we wait for the process of a child that says nothing more.
const GONE: Duration = Duration::from_secs(5);

/// A part that is to go, by urgency and age.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Item {
    level: u8,
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
    until: Instant,
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
        [answer, idle, gap, gone, running.stop]
            .into_iter()
            .flatten()
            .min()
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
        let item = Item { level, id, place };
        self.lanes.entry(route).or_default().queue.insert(item);
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
            self.lanes.insert(route, lane);
            for job in done {
                self.conclude(job);
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
        lane.queue.extend(other.queue);
    }

    /// Takes the verdicts that are there.
    fn hear(&mut self, route: &str, lane: &mut Lane) -> Vec<u64> {
        let mut done = Vec::new();
        while let Some(running) = &mut lane.running {
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
                    Err(why) => {
                        self.log(Priority::Warning, &format!("route {route}: {why}"));
                    }
                }
            }
        }
        done
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
            if let Some(place) = running.answered.get(&row) {
                running.unsynced.push(*place);
                self.revise(*place, &said);
            }
            return;
        };
        let Some(given) = running.out.remove(at) else {
            return;
        };
        let place = given.item.place;
        running.idle_since = Instant::now();
        running.answered.insert(row, place);
        running.unsynced.push(place);
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.held.remove(&place.at);
            job.unsettled += 1;
        }
        if outcome == Outcome::Untried {
            running.failed = true;
            running.closing = true;
            running.child.close();
        } else {
            lane.failures = 0;
            if let Some(device) = &running.device {
                lane.tired.remove(device);
            }
        }
        self.judge(place, &said);
        if !self.settles_later(place) {
            // A part that is tried again is not waited for.
            running.answered.remove(&row);
            if let Some(job) = self.jobs.get_mut(&place.job) {
                job.unsettled -= 1;
            }
        }
        self.go_on(place.job);
        done.push(place.job);
    }

    /// Gives pages, as many as may be unanswered.
    fn feed(&mut self, route: &str, lane: &mut Lane, done: &mut Vec<u64>) {
        if self.setup.only.is_some_and(|only| only != route) {
            return;
        }
        while let Some(item) = lane.queue.first().cloned() {
            match &lane.running {
                Some(running) => {
                    let early = lane.last.is_some_and(|last| last.elapsed() < running.gap);
                    if running.closing || running.out.len() >= running.at_once || early {
                        break;
                    }
                }
                None if lane.rests() => break,
                None => {
                    let gap = self.setup.config.route(route).map(Route::gap);
                    let next = lane.last.map(|last| last + gap.unwrap_or_default());
                    if next.is_some_and(super::is_later) {
                        lane.rest = next;
                        lane.waits = true;
                        break;
                    }
                }
            }
            lane.queue.pop_first();
            if !self.give(route, lane, item.clone(), done) {
                break;
            }
        }
        // While the pages are on their way, the disk has time for what is next,
        // and for what was said of those before.
        let Some(running) = &mut lane.running else {
            return;
        };
        if running.out.is_empty() && !running.closing {
            return;
        }
        let next = lane.queue.first().map(|item| item.place);
        for place in std::mem::take(&mut running.unsynced) {
            if let Some(job) = self.jobs.get(&place.job) {
                let synced = self.store().sync(&job.active);
                synced.unwrap_or_else(|error| self.fail("active", &error));
            }
            self.rest_file(place.job);
        }
        if let Some(place) = next.filter(|place| self.mark_of(*place) == Some(Mark::ToDo)) {
            self.mark(place, Mark::Next, true);
        }
    }

    /// Gives one page. False: none can be given now.
    fn give(&mut self, route: &str, lane: &mut Lane, item: Item, done: &mut Vec<u64>) -> bool {
        let place = item.place;
        let Some(job) = self.jobs.get(&place.job) else {
            return true;
        };
        let (work, Some(part)) = (&job.active.work, job.active.work.parts.get(place.at)) else {
            return true;
        };
        if let Some(said) = self.has_expired(work, part) {
            self.drop_item(place);
            self.expire(place, &said);
            done.push(place.job);
            return true;
        }
        let tone = work.text(place.at).is_empty();
        if let Some(running) = lane.running.as_mut().filter(|running| running.tone != tone) {
            lane.queue.insert(item);
            running.closing = true;
            running.child.close();
            return false;
        }
        if lane.running.is_none() && !self.start(route, lane, tone) {
            lane.queue.insert(item);
            return false;
        }
        let was_next = self.mark_of(place) == Some(Mark::Next);
        if !self.try_mark(place, Mark::InFlight, !was_next) {
            lane.queue.insert(item);
            lane.rest = Some(Instant::now() + MIN_REST);
            lane.close();
            return false;
        }
        let given = self.hand_over(lane, place);
        let Some(running) = &mut lane.running else {
            return false;
        };
        match given {
            Ok(row) => {
                let until = Instant::now() + running.timeout;
                running.out.push_back(Given { row, item, until });
                running.rows += 1;
                lane.last = Some(Instant::now());
                if running.rows >= running.most {
                    running.closing = true;
                    running.child.close();
                }
                true
            }
            Err(why) => {
                self.mark(place, Mark::ToDo, false);
                self.drop_item(place);
                self.judge(place, &Said::new(Outcome::Temporary, why));
                self.go_on(place.job);
                done.push(place.job);
                true
            }
        }
    }

    fn hand_over(&self, lane: &mut Lane, place: Place) -> Result<u64, String> {
        let missing = || "the job is gone".to_owned();
        let job = self.jobs.get(&place.job).ok_or_else(missing)?;
        let work = &job.active.work;
        let part = work.parts.get(place.at).ok_or_else(missing)?;
        let plan = part.plan.as_ref().ok_or_else(missing)?;
        let pin = match &part.pin {
            Some(pin) => Some(pin.clone()),
            None => self.pin(&plan.pager, &plan.route)?,
        };
        let page = Page {
            id: &work.id,
            pager: &plan.id,
            pin: pin.as_deref(),
            message: work.text(place.at),
            level: part.level,
            alert: part.alert,
            coverage: part.coverage.as_deref(),
            caller: work.caller.as_deref(),
            subject: work.subject.as_deref(),
        };
        let running = lane.running.as_mut().ok_or_else(missing)?;
        running.child.give(&page).map_err(|error| cause(&error))
    }

    fn pin(&self, pager: &str, route: &str) -> Result<Option<String>, String> {
        let way = self.setup.config.way(pager, route);
        let Some(path) = way.and_then(|way| way.pin_file) else {
            return Ok(None);
        };
        let named = |why: &str| format!("{}: {why}", path.display());
        let bytes = file::read(path).map_err(|error| named(&cause(&error)))?;
        let text = String::from_utf8(bytes).map_err(|_| named("not UTF-8"))?;
        let pin = text.lines().next().unwrap_or_default().trim().to_owned();
        Ok((!pin.is_empty()).then_some(pin))
    }

    /// Starts the child. False: it cannot run now.
    fn start(&mut self, route: &str, lane: &mut Lane, tone: bool) -> bool {
        let config = &self.setup.config;
        let Some(table) = config.route(route) else {
            lane.rest = Some(Instant::now() + MAX_REST);
            self.log_once(&format!("route {route}: not in the configuration any more"));
            return false;
        };
        let device = match self.device(table, lane) {
            Ok(device) => device,
            Err((until, in_use)) => {
                lane.rest = Some(until);
                lane.waits = in_use;
                return false;
            }
        };
        lane.waits = false;
        let tables = config.tables();
        let of = device
            .as_ref()
            .and_then(|device| tables.device.get(device.as_str()));
        let mut program = program(table, of);
        let kind = *table.r#type.get_ref();
        if matches!(kind, Kind::Snpp | Kind::Ixo | Kind::Xtell) {
            // xtell knows none, and refuses each by itself.
            let tone = tone && kind != Kind::Xtell;
            let given = [(tone, "--tone"), (self.setup.trace, "--verbose")];
            let given = given.into_iter().filter(|(is_given, _)| *is_given);
            program.args.extend(given.map(|(_, flag)| flag.into()));
        }
        let (timeout, gap) = (table.timeout(), table.gap());
        // Whom only a pass started, another pass follows.
        let holds = kind == Kind::Ixo && self.setup.watch;
        let linger = if holds { LINGER } else { Duration::ZERO };
        let started = match self.store().lock_route(route) {
            Ok(Some(lock)) => Child::start(&program, std::os::fd::AsFd::as_fd(&lock)),
            Ok(None) => {
                lane.rest = Some(Instant::now() + MIN_REST);
                self.log_once(&format!(
                    "route {route}: a child of an earlier run still has it"
                ));
                return false;
            }
            Err(error) => Err(error),
        };
        match started {
            Ok(child) => {
                lane.rest = None;
                lane.running = Some(Running {
                    child,
                    device,
                    tone,
                    at_once: program.at_once,
                    timeout,
                    linger,
                    gap,
                    out: VecDeque::new(),
                    answered: BTreeMap::new(),
                    unsynced: Vec::new(),
                    rows: 0,
                    most: if kind == Kind::Ixo {
                        ROWS_OF_CALLS
                    } else {
                        ROWS
                    },
                    idle_since: Instant::now(),
                    closing: false,
                    stop: None,
                    killed: false,
                    silent: None,
                    exited: None,
                    failed: false,
                });
                true
            }
            Err(error) => {
                let name = shown(&program);
                let text = format!("route {route}: cannot run {name}: {}", cause(&error));
                self.log(Priority::Error, &text);
                self.tire(route, lane, None);
                false
            }
        }
    }

    /// The device to use: the first that neither rests nor is in use. An
    /// error: none before that, and whether another route has one.
    fn device(&self, route: &Route, lane: &Lane) -> Result<Option<String>, (Instant, bool)> {
        let Some(devices) = &route.device else {
            return Ok(None);
        };
        let now = Instant::now();
        let mut soonest = now + MAX_REST;
        let mut in_use = false;
        for device in devices.get_ref().as_slice() {
            let device = device.get_ref();
            let others = self.lanes.values().filter_map(|lane| lane.running.as_ref());
            let mut others = others.filter_map(|running| running.device.as_ref());
            if others.any(|other| other == device) {
                soonest = soonest.min(now + MIN_REST);
                in_use = true;
                continue;
            }
            match lane.tired.get(device) {
                Some((until, _)) if *until > now => soonest = soonest.min(*until),
                _ => return Ok(Some(device.clone())),
            }
        }
        Err((soonest, in_use))
    }

    /// It could not work: it rests, and so does its device, the longer the
    /// oftener that was so.
    fn tire(&mut self, route: &str, lane: &mut Lane, device: Option<String>) {
        let config = &self.setup.config;
        let delay = config.route(route).map_or(MIN_REST, Route::retry_delay);
        let first = delay.clamp(Duration::from_millis(100), MAX_REST);
        lane.failures = lane.failures.saturating_add(1);
        match device {
            Some(device) => {
                let (_, times) = lane
                    .tired
                    .get(&device)
                    .copied()
                    .unwrap_or((Instant::now(), 0));
                let times = times.saturating_add(1);
                let until = Instant::now() + pause(first, times, MAX_REST);
                lane.tired.insert(device, (until, times));
            }
            None => lane.rest = Some(Instant::now() + pause(first, lane.failures, MAX_REST)),
        }
    }

    /// Looks after the child itself.
    fn mind(&mut self, route: &str, lane: &mut Lane, done: &mut Vec<u64>) {
        let more =
            lane.queue.first().is_some() || self.due.get(route).is_some_and(|due| !due.is_empty());
        let Some(running) = &mut lane.running else {
            return;
        };
        let now = Instant::now();
        // Errors of writing show in what it says, or does not.
        _ = running.child.write();
        if !running.closing && running.out.is_empty() && !more {
            let lingers = running.idle_since + running.linger;
            if lingers <= now {
                running.closing = true;
                running.child.close();
            }
        }
        let overtime = running.out.iter().any(|given| given.until <= now);
        let told = self.stopping.is_some_and(|since| since.elapsed() > STOP);
        let overdue = running.closing && running.out.is_empty();
        if running.stop.is_none() && (overtime || told) {
            if overtime {
                let text = format!(
                    "route {route}: no answer in {:?}: it is stopped",
                    running.timeout
                );
                self.setup.diag.log(Priority::Error, &text);
            }
            running.child.stop();
            running.stop = Some(now + END);
        } else if running.stop.is_none() && overdue && running.idle_since + running.timeout <= now {
            let text = format!("route {route}: does not end: it is stopped");
            self.setup.diag.log(Priority::Error, &text);
            running.child.stop();
            running.stop = Some(now + END);
        }
        if running.stop.is_some_and(|until| until <= now)
            && !running.killed
            && self.stopping.is_none()
        {
            running.child.kill();
            running.killed = true;
            running.stop = Some(now + END);
        }
        if running.exited.is_none() {
            match running.child.try_wait() {
                Ok(Some(status)) => {
                    running.exited = Some((now, status));
                    running.closing = true;
                    running.child.close();
                }
                Ok(None) => {}
                Err(_) => return self.end(route, lane, None, done),
            }
        }
        let long_silent = running.silent.is_some_and(|since| since.elapsed() > GONE);
        match running.exited {
            // Something that it started may still have its standard output.
            Some((since, status)) if running.silent.is_some() || since.elapsed() > GONE => {
                self.end(route, lane, Some(status), done);
            }
            None if long_silent && !running.killed => {
                running.child.kill();
                running.killed = true;
            }
            _ => {}
        }
    }

    /// The child is gone: what it had not answered, and what it can take back no more.
    fn end(
        &mut self,
        route: &str,
        lane: &mut Lane,
        status: Option<ExitStatus>,
        done: &mut Vec<u64>,
    ) {
        // Its last words may have come with its end.
        done.extend(self.hear(route, lane));
        let Some(mut running) = lane.running.take() else {
            return;
        };
        let unread = running.child.take_back().unwrap_or_default();
        if status.is_some() {
            self.store().release_route(route);
        }
        let status = status.map_or_else(|| "it is gone".to_owned(), |status| status.to_string());
        let answered = !running.answered.is_empty();
        for given in std::mem::take(&mut running.out) {
            let place = given.item.place;
            let was_read = !unread.contains(&given.row);
            let why = if was_read {
                format!("the route ended without a verdict: {status}")
            } else {
                format!("the route ended before it had read the page: {status}")
            };
            let outcome = if was_read {
                Outcome::Unknown
            } else {
                Outcome::Untried
            };
            running.failed |= !was_read;
            self.drop_item(place);
            self.judge(place, &Said::new(outcome, why));
            self.go_on(place.job);
            done.push(place.job);
        }
        for place in running.answered.into_values() {
            if let Some(job) = self.jobs.get_mut(&place.job) {
                job.unsettled -= 1;
            }
            done.push(place.job);
        }
        for place in running.unsynced {
            self.rest_file(place.job);
        }
        if running.failed {
            if !answered {
                self.log_once(&format!("route {route}: {status}"));
            }
            self.tire(route, lane, running.device);
        }
    }

    /// What waits for routes that are in the configuration no more finds others.
    pub(super) fn leave_routes(&mut self) {
        let config = &self.setup.config;
        let gone = |(route, _): &(&String, &mut Lane)| config.route(route).is_none();
        let lanes = self.lanes.iter_mut().filter(gone);
        let queues = lanes.map(|(_, lane)| std::mem::take(&mut lane.queue));
        let items: Vec<Item> = queues.flatten().collect();
        for item in items {
            self.drop_item(item.place);
            self.go_on(item.place.job);
        }
    }

    /// A lane has it no more.
    fn drop_item(&mut self, place: Place) {
        if let Some(job) = self.jobs.get_mut(&place.job) {
            job.held.remove(&place.at);
        }
    }

    /// Parts that have waited long enough for a route that cannot work go to
    /// its fallback.
    pub(super) fn hand_over_late(&mut self) {
        let mut waited = Vec::new();
        for (route, table) in &self.setup.config.tables().route {
            let route = route.as_str();
            let rests = self.lanes.get(route).is_some_and(Lane::rests);
            let policy = Policy::of(table);
            let (true, Some(after), true) = (rests, policy.after, policy.fallback.is_some()) else {
                continue;
            };
            let after = Millis::try_from(after.as_millis()).unwrap_or(Millis::MAX);
            let due = self.due.get(route);
            let names = due.into_iter().flatten().map(|Due(name)| name);
            let names = names.filter(|name| name.due.saturating_add(after) <= now());
            waited.extend(names.take(AT_HAND).cloned());
        }
        for name in waited {
            self.unshelve(&name);
            self.open(&name);
        }
        for (route, mut lane) in std::mem::take(&mut self.lanes) {
            let table = self.setup.config.route(&route);
            let policy = table.filter(|_| lane.rests()).map(Policy::of);
            if let Some(policy) = policy {
                for item in std::mem::take(&mut lane.queue) {
                    let place = item.place;
                    let moved = self
                        .part_mut(place)
                        .is_some_and(|part| policy.take_over_if_late(part, now()));
                    if moved {
                        self.drop_item(place);
                        if let Some(job) = self.jobs.get_mut(&place.job) {
                            job.dirty = true;
                        }
                        self.enqueue(place);
                    } else {
                        lane.queue.insert(item);
                    }
                }
            }
            self.join(&route, &mut lane);
            self.lanes.insert(route, lane);
        }
    }

    fn unshelve(&mut self, name: &Name) {
        let route = name.route.clone().unwrap_or_default();
        if let Some(due) = self.due.get_mut(&route) {
            due.remove(&Due(name.clone()));
        }
    }

    /// All that lanes have not given: it is not theirs any more.
    pub(super) fn empty_lanes(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.queue.clear();
        }
    }

    pub(super) fn log_page(&self, route: &str, place: Place, said: &Said) {
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

fn shown(program: &Program) -> String {
    crate::text::escape::printable(program.program.as_encoded_bytes())
}
