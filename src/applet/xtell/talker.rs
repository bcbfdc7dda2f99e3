//! Messages to servers, one connection after the other.
//!
//! Answers for when a connection is made and when it ends, for when a message
//! is tried again, and for what is known of pages whose connection has not
//! ended yet.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Settings;
use super::connection::Connection;
use super::page::Page;
use crate::bulk::retry::Backoff;
use crate::bulk::sender::{Commit, Receipt, TakenBack};
use crate::cli::peer::{Peer, Place};
use crate::cli::report::Report;
use crate::outcome::{Fate, Outcome};
use crate::protocol::Phase;
use crate::transport::fd::Deadline;
use crate::transport::trace::Trace;

/// How long everything up to a message may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How long the reply to it may take.
const VERDICT: Duration = Duration::from_secs(30);
/// Pages called sent on one connection before a farewell must confirm them:
/// what is kept of them is bounded.
const MAX_RECEIPTS: usize = 10_000;
/// Servers of which it is remembered that they cannot be reached.
const MAX_DOWN: usize = 1000;

/// See the module's text.
pub(super) struct Talker<'a> {
    settings: &'a Settings<'a>,
    trace: Trace<'a>,
    open: Option<(Peer, Connection)>,
    /// Pages that were called sent on this connection.
    receipts: Vec<Receipt>,
    taken_back: Vec<TakenBack>,
    /// Servers that cannot be reached, and what that makes of their pages.
    down: HashMap<Peer, Fate>,
}

impl<'a> Talker<'a> {
    pub(super) fn new(settings: &'a Settings<'a>) -> Self {
        let flags = settings.args.report;
        Self {
            settings,
            trace: Trace::new(flags.verbose.then_some(settings.diag), flags.json),
            open: None,
            receipts: Vec::new(),
            taken_back: Vec::new(),
            down: HashMap::new(),
        }
    }

    /// The server at the other end of the connection, if there is one.
    pub(super) fn peer(&self) -> Option<&Peer> {
        self.open.as_ref().map(|(peer, _)| peer)
    }

    pub(super) fn take_back(&mut self) -> Vec<TakenBack> {
        std::mem::take(&mut self.taken_back)
    }

    /// The dialogue since the last report.
    pub(super) fn transcript(&mut self) -> Vec<String> {
        self.trace.take_transcript().unwrap_or_default()
    }

    /// Sends one page, message by message; the first that fails is the last.
    pub(super) fn send(&mut self, page: &Page, commit: Commit<'_>) -> Report {
        let mut report = page.untried();
        for wire in &page.wires {
            let peers = match report.server.as_ref().and_then(Place::peer) {
                // Where the page began it goes on: who read the one part reads the other.
                Some(peer) if report.parts.0 > 0 => vec![peer.clone()],
                _ => page.target.peers.clone(),
            };
            self.send_message(&peers, wire, &mut report, commit);
            if !report.fate.outcome.accepted() {
                break;
            }
            report.parts.0 += 1;
            if !self.has_receipt(&report) {
                self.receipts.push(page.receipt(&report));
            }
        }
        report.settle_parts();
        report.settle_tries();
        if !report.fate.outcome.accepted() && self.has_receipt(&report) {
            self.receipts.pop();
        }
        if self.receipts.len() >= MAX_RECEIPTS {
            self.rest();
        }
        let is_ours = |taken: &TakenBack| taken.receipt.number == report.number;
        let (ours, others): (Vec<_>, Vec<_>) = self.take_back().into_iter().partition(is_ours);
        self.taken_back = others;
        for taken in ours {
            taken.apply(&mut report);
        }
        report
    }

    fn has_receipt(&self, report: &Report) -> bool {
        let last = self.receipts.last();
        last.is_some_and(|receipt| receipt.number == report.number)
    }

    /// Tries and tries again.
    fn send_message(
        &mut self,
        peers: &[Peer],
        wire: &[u8],
        report: &mut Report,
        commit: Commit<'_>,
    ) {
        let retry = &self.settings.args.retry;
        let interrupt = self.settings.interrupt;
        let mut backoff = Backoff::new(retry);
        loop {
            let unreachable = self.try_peers(peers, wire, report, commit);
            let is_unknown = report.fate.outcome == Outcome::Unknown;
            let goes_on = report.fate.outcome.may_retry() || (is_unknown && retry.retry_unknown);
            // None that could be tried is left.
            let is_hopeless = peers.iter().all(|peer| self.down.contains_key(peer));
            let pause = backoff.pause().filter(|_| goes_on && !is_hopeless);
            if interrupt.exit().is_some() {
                return;
            }
            let Some(pause) = pause else {
                let room = MAX_DOWN.saturating_sub(self.down.len());
                self.down.extend(unreachable.into_iter().take(room));
                return;
            };
            let text = format!("next try in {:.1} s", pause.as_secs_f64());
            self.trace.remark(&text);
            if !interrupt.sleep(pause) {
                return;
            }
            report.duplicate_possible |= is_unknown;
        }
    }

    /// One try at each server, until one has taken the message or may have.
    /// Returns those that could not be talked to.
    fn try_peers(
        &mut self,
        peers: &[Peer],
        wire: &[u8],
        report: &mut Report,
        commit: Commit<'_>,
    ) -> Vec<(Peer, Fate)> {
        let mut unreachable = Vec::new();
        let mut failed = None;
        for peer in peers {
            if let Some(fate) = self.down.get(peer) {
                if failed.is_none() {
                    report.server = Some(Place::Net(peer.clone()));
                    report.fate = fate.clone();
                }
                continue;
            }
            if let Some(error) = failed.take() {
                let text = format!("{error}; trying the next host");
                self.settings.diag.warn(&text);
            }
            let begun = Instant::now();
            let (fate, is_down) = self.attempt(peer, wire, commit);
            report.server = Some(Place::Net(peer.clone()));
            report.rtt = begun.elapsed();
            report.attempts += 1;
            report.transcript.extend(self.transcript());
            report.send_reply = fate.code.map(|_| fate.response());
            report.fate = fate;
            if is_down {
                unreachable.push((peer.clone(), report.fate.clone()));
            }
            // What may be out already is not tried again by itself.
            report.settle_tries();
            if !report.fate.outcome.may_retry() || self.settings.interrupt.exit().is_some() {
                break;
            }
            failed = Some(report.error());
        }
        unreachable
    }

    /// One try. A connection that had served before may be over by now, or
    /// have served enough: that is none, and the message is said in a new one.
    /// True: this server cannot be talked to.
    fn attempt(&mut self, peer: &Peer, wire: &[u8], commit: Commit<'_>) -> (Fate, bool) {
        let args = self.settings.args;
        let interrupt = self.settings.interrupt;
        let verdict = args.line.verdict_timeout.unwrap_or(VERDICT);
        if self.peer().is_some_and(|open| open != peer) {
            self.rest();
        }
        loop {
            let mut deadline = Deadline::after(args.line.timeout.unwrap_or(TIMEOUT));
            let (mut connection, is_fresh) = match self.open.take() {
                Some((_, connection)) => (connection, false),
                None => match self.connect(peer, deadline) {
                    Ok(connection) => (connection, true),
                    Err(fate) => return (fate, true),
                },
            };
            let commit = match commit() {
                // The wait for the commit may have been long.
                Ok(()) if interrupt.exit().is_some() => Err(Fate::untried("interrupted")),
                commit => commit,
            };
            if let Err(fate) = commit {
                self.open = Some((peer.clone(), connection));
                return (fate, false);
            }
            if !is_fresh {
                deadline = Deadline::after(args.line.timeout.unwrap_or(TIMEOUT));
            }
            let patience = |phase| match phase {
                Phase::Verdict => Deadline::after(verdict),
                _ => deadline,
            };
            let fate = match connection.say(wire, &patience, &mut self.trace, interrupt) {
                Ok(fate) => {
                    self.open = Some((peer.clone(), connection));
                    // It may be said again, and so it must be certain that it is not out.
                    let ends = fate.outcome.may_retry();
                    match ends.then(|| self.part()).flatten() {
                        Some(why) => Fate::unknown(format!(
                            "{}, but {why}; the message may have been shown",
                            fate.response()
                        )),
                        None => fate,
                    }
                }
                Err(end) => {
                    self.put_away(peer, end.doubt);
                    let lost = || Fate::untried("the connection was lost");
                    end.fate.unwrap_or_else(lost)
                }
            };
            let is_over = fate.outcome.may_retry() && interrupt.exit().is_none();
            if is_fresh || !is_over {
                let is_down = is_over && fate.outcome == Outcome::Untried;
                return (fate, is_down);
            }
        }
    }

    fn connect(&mut self, peer: &Peer, deadline: Deadline) -> Result<Connection, Fate> {
        self.trace.remark(&format!("connecting to {peer}"));
        let interrupt = Some(self.settings.interrupt);
        let line = self.settings.args.line.open(peer, deadline, interrupt);
        let line = line.map_err(|error| Fate::new(Outcome::Untried, error.exit, error.text))?;
        Ok(Connection::new(line, &mut self.trace))
    }

    /// Says goodbye, so that the verdicts are final.
    pub(super) fn finish(&mut self) {
        self.part();
    }

    /// The same; why nobody knows what became of the messages, if nobody does.
    fn part(&mut self) -> Option<String> {
        let (peer, connection) = self.open.take()?;
        let doubt = connection.part(&mut self.trace, self.settings.interrupt);
        self.put_away(&peer, doubt.clone());
        doubt
    }

    /// Says goodbye for a while: that is no part of the next page's dialogue.
    pub(super) fn rest(&mut self) {
        self.finish();
        drop(self.transcript());
    }

    /// What is known now of the pages of a connection that ended.
    fn put_away(&mut self, peer: &Peer, doubt: Option<String>) {
        let receipts = std::mem::take(&mut self.receipts).into_iter();
        let Some(why) = doubt else { return };
        self.taken_back.extend(receipts.map(|receipt| TakenBack {
            receipt,
            server: Place::Net(peer.clone()),
            why: why.clone(),
        }));
    }
}
