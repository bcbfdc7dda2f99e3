//! The child of a route, from its start to its end.
//!
//! Answers for one that does not start, does not answer or does not end costing
//! nobody else anything, and for what it leaves behind being judged.

use std::collections::{BTreeMap, VecDeque};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::{GONE, LINGER, Lane, MAX_REST, MIN_REST, ROWS, ROWS_OF_CALLS, Running};
use crate::config::tables::{Kind, Route};
use crate::diag::{Priority, cause};
use crate::outcome::Outcome;
use crate::queue::deliver::judge::pause;
use crate::queue::deliver::{Deliverer, END, Place, STOP, Said};
use crate::queue::route::child::Child;
use crate::queue::route::program::{Program, program};
use crate::text::escape::printable;

impl Deliverer<'_> {
    /// Starts the child. False: it cannot run now.
    pub(super) fn start(&mut self, route: &str, lane: &mut Lane, tone: bool) -> bool {
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
                    foreign: kind == Kind::Csv,
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
                    nonsense: 0,
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
    pub(super) fn mind(&mut self, route: &str, lane: &mut Lane, done: &mut Vec<u64>) {
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
            running.halt();
        } else if running.stop.is_none() && overdue && running.idle_since + running.timeout <= now {
            let text = format!("route {route}: does not end: it is stopped");
            self.setup.diag.log(Priority::Error, &text);
            running.halt();
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
            self.give_back_if_unsent(&given.buckets, outcome);
            self.judge(place, &Said::new(outcome, why));
            self.go_on(place.job);
            done.push(place.job);
        }
        for place in running.answered.into_values() {
            if let Some(job) = self.jobs.get_mut(&place.job) {
                job.unsettled -= 1;
            }
            if running.foreign {
                self.settle_part(place);
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

    /// A verdict on it is final: where that was the last one, its mark is made.
    fn settle_part(&mut self, place: Place) {
        let Some(part) = self.part_mut(place) else {
            return;
        };
        part.unsettled = part.unsettled.saturating_sub(1);
        let settled = part.unsettled == 0;
        let mark = self.mark_of(place).filter(|mark| mark.is_open());
        if let Some(mark) = mark.filter(|_| settled) {
            self.mark(place, mark, false);
            self.rest_file(place.job);
        }
    }
}

fn shown(program: &Program) -> String {
    printable(program.program.as_encoded_bytes())
}
