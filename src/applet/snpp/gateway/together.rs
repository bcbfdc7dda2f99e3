//! Pages that are written together, where a gateway can take that.
//!
//! Answers for which gateway is trusted with a window, and for when no longer:
//! a window is only sent over a connection that has taken a page by itself,
//! and whatever goes astray in one, the pages behind it go one by one.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::Gateways;
use crate::applet::snpp::page::Page;
use crate::bulk::sender::Commit;
use crate::cli::peer::{Peer, Place};
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::protocol::Wire;
use crate::protocol::snpp::client::{Answered, Job};
use crate::protocol::snpp::plain::Plain;
use crate::transport::fd::Deadline;
use crate::transport::trace::lines;

/// The servers that take pages only one by one, as far as any connection of
/// the run has found out.
#[derive(Debug, Default)]
pub(in crate::applet) struct LockStep(Mutex<Vec<Peer>>);

impl LockStep {
    fn holds(&self, peer: &Peer) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(peer)
    }

    /// From now on, and the user is told once.
    fn add(&self, peer: &Peer, why: &str, diag: &Diag) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(peer) {
            known.push(peer.clone());
            diag.warn(&format!("{peer}: {why}; its pages go one by one"));
        }
    }
}

impl Gateways<'_> {
    /// A transaction as it stands in a window.
    pub(in crate::applet) fn wire(&self, page: &Plain) -> Wire {
        page.wire(self.settings.login.as_ref())
    }

    /// Sends pages together, once, to the server that is next. A report for
    /// each; none where they must go one by one for now: the server takes no
    /// windows, or there is no connection to it yet.
    pub(in crate::applet) fn send_together(
        &mut self,
        pages: &[&Page],
        commit: Commit<'_>,
    ) -> Vec<Report> {
        let Some((index, peer)) = self.trusted() else {
            return Vec::new();
        };
        let plain = pages.iter().map(|page| page.plain());
        let Some(plain) = plain.collect::<Option<Vec<Plain>>>() else {
            return Vec::new();
        };
        let begun = Instant::now();
        let deadline = Deadline::after(self.settings.timeout);
        let result = self.converse(index, Job::Window(plain.clone()), deadline, commit);
        let rtt = begun.elapsed();
        // It is all in one piece; each page gets what is its own.
        let keeps_transcript = self.trace.take_transcript().is_some();
        let is_open = result.is_ok();
        let together = match result.or_else(|end| end.answered.ok_or(())) {
            Ok(Answered::Together(together)) => together,
            Ok(Answered::LockStep { why, tainted }) => {
                self.distrust(&peer, &why);
                if tainted {
                    self.part(index);
                }
                return Vec::new();
            }
            // Nothing was said: the connection idled away.
            _ => return Vec::new(),
        };
        let mut reports: Vec<Report> = pages.iter().flat_map(|page| page.untried()).collect();
        let Some(server) = self.servers.get_mut(index) else {
            return reports;
        };
        let each = reports.iter_mut().zip(pages).zip(&plain);
        for (((report, page), plain), answer) in each.zip(together.pages) {
            let transcript = if keeps_transcript {
                transcript(&plain.wire(self.settings.login.as_ref()), &answer.heard)
            } else {
                Vec::new()
            };
            server.enter(page, 0, std::iter::once(report), answer, rtt, &transcript);
        }
        if !is_open {
            // What the connection has taken is not confirmed by the next one.
            server.receipts.clear();
        }
        let is_worn = server.is_worn();
        if let Some(why) = &together.doubt {
            self.distrust(&peer, why);
        }
        if is_worn || together.doubt.is_some() {
            // The answer to QUIT tells whether replies have shifted.
            self.part(index);
        }
        reports
    }

    /// The server that the next page goes to, if it can take more than one.
    fn trusted(&self) -> Option<(usize, Peer)> {
        let mut servers = self.servers.iter().enumerate();
        let (index, server) = servers.find(|(_, server)| server.down.is_none())?;
        let is_trusted = server.dialogue.is_some() && !self.settings.lock_step.holds(&server.peer);
        is_trusted.then(|| (index, server.peer.clone()))
    }

    fn distrust(&self, peer: &Peer, why: &str) {
        if self.settings.interrupt.exit().is_none() {
            self.settings.lock_step.add(peer, why, self.settings.diag);
        }
    }

    /// Tries a page again that was sent together with others: at the servers
    /// behind that one, and then at all of them, by itself.
    pub(in crate::applet) fn go_on(
        &mut self,
        page: &Page,
        mut report: Report,
        commit: Commit<'_>,
    ) -> Report {
        if self.is_dead() || self.settings.interrupt.exit().is_some() {
            return report;
        }
        let place = report.server.as_ref().and_then(Place::peer);
        let tried = place.and_then(|peer| self.index_of(peer));
        let all = self.servers.len();
        // What may be out goes to no other server.
        let next = match tried {
            Some(index) if report.fate.outcome.may_retry() => index + 1,
            _ => all,
        };
        if next < all {
            self.say_next(&report);
        }
        self.send_part(
            page,
            0,
            vec![0],
            std::slice::from_mut(&mut report),
            next,
            commit,
        );
        report.settle_tries();
        report
    }
}

/// The dialogue about one page of a window.
fn transcript(said: &Wire, heard: &[String]) -> Vec<String> {
    let mut heard = heard.iter();
    let commands = lines(&said.bytes, said.secret.as_ref()).into_iter();
    let turns = commands.flat_map(|line| {
        let reply = heard.next().map(|reply| format!("S: {reply}"));
        [Some(format!("C: {line}")), reply]
    });
    turns.flatten().collect()
}
