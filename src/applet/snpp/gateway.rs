//! Paging gateways in order of preference: connections, failover and retry.
//!
//! Answers for when a page is tried again and where, and for what is known of
//! pages on a connection whose end is not known yet. The dialogue itself is
//! [`crate::protocol::snpp::client`]'s affair.

mod dialogue;
mod together;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(in crate::applet) use self::together::LockStep;
use super::page::Page;
use crate::applet::snpp::dialogue::Dialogue;
use crate::bulk::retry::{Backoff, RetryArgs};
use crate::bulk::sender::{Commit, Receipt, TakenBack};
use crate::cli::line::LineArgs;
use crate::cli::peer::{Peer, Place};
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::client::{Answered, End, Job};
use crate::protocol::snpp::command::{BadArgument, Command, Verb};
use crate::protocol::snpp::plan::Plan;
use crate::protocol::snpp::progress::PageAnswer;
use crate::protocol::snpp::reply::Reply;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// Pages called sent on one connection before a farewell must confirm them:
/// what is kept of them is bounded.
const MAX_RECEIPTS: usize = 20_000;

/// Refused pages on one connection before it is given up for a new one: a
/// server may say 421 to too many, and then nobody knows what it would have
/// said to the page itself, nor what became of those written behind it.
const MAX_REFUSED: usize = 5;

/// What all gateways of a run have in common.
#[derive(Debug)]
pub(in crate::applet) struct Settings<'a> {
    pub(in crate::applet) line: &'a LineArgs,
    pub(in crate::applet) timeout: Duration,
    /// Nothing is waited for any longer, the verdict and the goodbye included.
    pub(in crate::applet) limit: Deadline,
    pub(in crate::applet) login: Option<Command>,
    /// Several transactions share a connection.
    pub(in crate::applet) strict: bool,
    pub(in crate::applet) retry: &'a RetryArgs,
    /// The servers that take pages only one by one.
    pub(in crate::applet) lock_step: LockStep,
    pub(in crate::applet) diag: &'a Diag,
    pub(in crate::applet) interrupt: &'a Interrupt,
}

#[derive(Debug)]
struct Server {
    peer: Peer,
    dialogue: Option<Dialogue>,
    receipts: Vec<Receipt>,
    /// Pages that this connection did not take.
    refused: usize,
    /// Why it cannot be used for now.
    down: Option<Fate>,
    /// Options whose refusal the user was told of.
    told: Vec<Verb>,
}

/// The gateways of a run.
#[derive(Debug)]
pub(in crate::applet) struct Gateways<'a> {
    settings: &'a Settings<'a>,
    servers: Vec<Server>,
    trace: Trace<'a>,
    /// No server is of any use: the fate of every further page.
    dead: Option<Fate>,
    taken_back: Vec<TakenBack>,
}

/// What a command brought.
pub(in crate::applet) type CommandResult = Result<Reply, Fate>;

impl<'a> Gateways<'a> {
    pub(in crate::applet) fn new(
        settings: &'a Settings<'a>,
        peers: &[Peer],
        trace: Trace<'a>,
    ) -> Self {
        let server = |peer: &Peer| Server {
            peer: peer.clone(),
            dialogue: None,
            receipts: Vec::new(),
            refused: 0,
            down: None,
            told: Vec::new(),
        };
        Self {
            settings,
            servers: peers.iter().map(server).collect(),
            trace,
            dead: None,
            taken_back: Vec::new(),
        }
    }

    pub(in crate::applet) fn is_dead(&self) -> bool {
        self.dead.is_some()
    }

    pub(in crate::applet) fn take_back(&mut self) -> Vec<TakenBack> {
        std::mem::take(&mut self.taken_back)
    }

    /// Sends one page to each of its recipients, part by part; a part goes
    /// out only to those who got the parts before it.
    pub(in crate::applet) fn send(&mut self, page: &Page, commit: Commit<'_>) -> Vec<Report> {
        let mut reports = page.untried();
        for part in 0..page.parts {
            let pending: Vec<usize> = (0..reports.len())
                .filter(|index| {
                    reports
                        .get(*index)
                        .is_some_and(|report| report.parts.0 == part)
                })
                .collect();
            if pending.is_empty() {
                break;
            }
            self.send_part(page, part, pending, &mut reports, 0, commit);
        }
        for report in &mut reports {
            report.settle_parts();
            report.settle_tries();
        }
        reports
    }

    /// Tries and tries again, the first time from the server `first` on.
    fn send_part(
        &mut self,
        page: &Page,
        part: usize,
        mut pending: Vec<usize>,
        reports: &mut [Report],
        mut first: usize,
        commit: Commit<'_>,
    ) {
        let mut backoff = Backoff::new(self.settings.retry);
        loop {
            if let Some(fate) = &self.dead {
                for report in pick(reports, &pending) {
                    report.fate = fate.clone();
                }
                return;
            }
            self.try_servers(
                std::mem::take(&mut first),
                page,
                part,
                &pending,
                reports,
                commit,
            );
            pending.retain(|index| {
                reports
                    .get(*index)
                    .is_some_and(|report| self.goes_on(report))
            });
            if pending.is_empty() || self.settings.interrupt.exit().is_some() {
                break;
            }
            let Some(pause) = backoff.pause() else { break };
            self.trace
                .remark(&format!("next try in {:.1} s", pause.as_secs_f64()));
            if !self.settings.interrupt.sleep(pause) {
                break;
            }
            for report in pick(reports, &pending) {
                report.duplicate_possible |= report.fate.outcome == Outcome::Unknown;
            }
            for server in &mut self.servers {
                server.down = None;
            }
        }
        let all_down = self.servers.iter().all(|server| server.down.is_some());
        if all_down && self.settings.interrupt.exit().is_none() {
            let last = self.servers.last().and_then(|server| server.down.clone());
            // Nothing of the further pages goes on the wire, whatever it was.
            self.dead = last.map(|fate| Fate {
                outcome: Outcome::Untried,
                ..fate
            });
        }
    }

    /// May a page that came to this be tried again?
    pub(in crate::applet) fn goes_on(&self, report: &Report) -> bool {
        let outcome = report.fate.outcome;
        outcome.may_retry() || (outcome == Outcome::Unknown && self.settings.retry.retry_unknown)
    }

    fn say_next(&self, report: &Report) {
        let text = format!("{}; trying the next server", report.error());
        self.settings.diag.warn(&text);
    }

    /// Tries the servers in order until nothing is left that may be tried elsewhere.
    fn try_servers(
        &mut self,
        first: usize,
        page: &Page,
        part: usize,
        pending: &[usize],
        reports: &mut [Report],
        commit: Commit<'_>,
    ) {
        let mut rest = pending.to_vec();
        let last = self.servers.len().saturating_sub(1);
        for index in first..self.servers.len() {
            if self
                .servers
                .get(index)
                .is_none_or(|server| server.down.is_some())
            {
                continue;
            }
            self.attempt(index, page, part, &rest, reports, commit);
            rest.retain(|at| {
                reports
                    .get(*at)
                    .is_some_and(|report| report.fate.outcome.may_retry())
            });
            if rest.is_empty() || self.settings.interrupt.exit().is_some() {
                return;
            }
            if index < last {
                for report in pick(reports, &rest) {
                    self.say_next(report);
                }
            }
        }
    }

    fn attempt(
        &mut self,
        index: usize,
        page: &Page,
        part: usize,
        who: &[usize],
        reports: &mut [Report],
        commit: Commit<'_>,
    ) {
        let begun = Instant::now();
        let result = self.transact(index, &|| page.plan(part, who), commit);
        let rtt = begun.elapsed();
        let transcript = self.trace.take_transcript().unwrap_or_default();
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        let answer = result.unwrap_or_else(|fate| PageAnswer {
            fates: vec![fate; who.len()],
            ..PageAnswer::default()
        });
        server.tell(&answer.refused_options, self.settings.diag);
        let reports = pick(reports, who);
        server.enter(page, part, reports, answer, rtt, &transcript);
        if server.is_worn() {
            self.part(index);
        }
    }

    /// One transaction at one server, over the connection that is there or a
    /// new one. An error is the fate of a page of which nothing was said.
    fn transact(
        &mut self,
        index: usize,
        plan: &dyn Fn() -> Result<Arc<Plan>, BadArgument>,
        commit: Commit<'_>,
    ) -> Result<PageAnswer, Fate> {
        let mut deadline = Deadline::after(self.settings.timeout);
        let mut fresh = self.open(index, deadline)?;
        loop {
            let plan = plan()
                .map_err(|error| Fate::new(Outcome::Refused, Exit::Data, error.to_string()))?;
            let end = match self.converse(index, Job::Page(plan), deadline, commit) {
                Ok(Answered::Page(answer)) => return Ok(answer),
                Ok(_) => None,
                Err(end) => Some(end),
            };
            let is_stopped = self.settings.interrupt.exit().is_some();
            let mut lost = None;
            let cause = match end {
                // A connection may end with the page before it: as long as
                // SEND was not said, nothing of this one is out.
                Some(End {
                    answered: Some(Answered::Page(answer)),
                    closed,
                    shifted,
                    ..
                }) => {
                    let is_over = closed && !shifted && answer.is_before_send();
                    if fresh || is_stopped || !is_over {
                        return Ok(answer);
                    }
                    lost = Some(answer);
                    None
                }
                Some(End { cause, .. }) => cause,
                None => None,
            };
            // A connection that idled may be gone by now; that is no try.
            let cause = cause.unwrap_or_else(|| Fate::untried("the dialogue went astray"));
            let is_final = cause.outcome == Outcome::Refused || is_stopped;
            if fresh || is_final {
                let outcome = if is_final {
                    cause.outcome
                } else {
                    Outcome::Untried
                };
                return Err(Fate { outcome, ..cause });
            }
            // What was lost on the old connection is not the new one's time.
            deadline = Deadline::after(self.settings.timeout);
            fresh = match (self.open(index, deadline), lost) {
                (Ok(fresh), _) => fresh,
                (Err(_), Some(answer)) => return Ok(answer),
                (Err(fate), None) => return Err(fate),
            };
        }
    }

    /// Says goodbye to all servers.
    pub(in crate::applet) fn finish(&mut self) {
        for index in 0..self.servers.len() {
            self.part(index);
        }
    }

    /// The dialogue since the last page, for a report.
    pub(in crate::applet) fn transcript(&mut self) -> Vec<String> {
        self.trace.take_transcript().unwrap_or_default()
    }
}

impl Server {
    /// Enters what came of a try into the reports of those whom it was for.
    fn enter<'r>(
        &mut self,
        page: &Page,
        part: usize,
        reports: impl Iterator<Item = &'r mut Report>,
        answer: PageAnswer,
        rtt: Duration,
        transcript: &[String],
    ) {
        let mut replies = answer.page_replies.into_iter();
        for (report, fate) in reports.zip(answer.fates) {
            report.attempts += 1;
            report.server = Some(Place::Net(self.peer.clone()));
            report.rtt = rtt;
            report.fate = fate;
            report.page_reply = replies.next().flatten();
            report.send_reply.clone_from(&answer.send_reply);
            report.tag.clone_from(&answer.tag);
            report.failed_at = answer.failed_at.map(|verb| verb.to_string());
            report.transcript.extend(transcript.iter().cloned());
            report.options_refused = answer
                .refused_options
                .iter()
                .map(|(verb, _)| verb.to_string())
                .collect();
            if report.fate.outcome.accepted() {
                report.parts.0 = part + 1;
                report.failed_at = None;
                if report.parts.0 == report.parts.1 {
                    self.receipts.push(page.receipt(report));
                }
            } else {
                self.refused += 1;
            }
        }
    }

    /// A new connection is better for what comes next.
    fn is_worn(&self) -> bool {
        self.receipts.len() >= MAX_RECEIPTS || self.refused > MAX_REFUSED
    }

    /// Tells the user once of each option that this server does not take.
    fn tell(&mut self, refused: &[(Verb, String)], diag: &Diag) {
        for (verb, reply) in refused {
            if self.told.contains(verb) {
                continue;
            }
            self.told.push(*verb);
            let instead = match verb {
                Verb::Data => "the message went as one line",
                _ => "the page went without it",
            };
            diag.warn(&format!(
                "{}: {verb} was refused: {reply}; {instead}",
                self.peer
            ));
        }
    }
}

fn pick<'r>(reports: &'r mut [Report], which: &'r [usize]) -> impl Iterator<Item = &'r mut Report> {
    let chosen = reports.iter_mut().enumerate();
    chosen.filter_map(move |(index, report)| which.contains(&index).then_some(report))
}
