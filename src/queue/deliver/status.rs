//! What who has a job's ticket is told.

use std::io;
use std::time::SystemTime;

use super::Deliverer;
use super::twice::{DUPLICATE, NOT_YET};
use super::verdict::EXPIRED;
use crate::diag::{Priority, cause};
use crate::exit::Exit;
use crate::outcome::{Outcome, Tally};
use crate::queue::tags::{self, QUEUED, Status};
use crate::queue::work::{Event, Mark, Work};

/// A status tells of so many failures, in so many characters.
const MAX_TEXTS: usize = 5;
const MAX_TEXT: usize = 800;

impl Deliverer<'_> {
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
}

/// The same page is about to go to that recipient, and this one does not.
fn is_pending(last: &Event) -> bool {
    last.outcome == DUPLICATE && last.response.ends_with(NOT_YET)
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
            // Who waits for it is not told that somebody has what may fail yet.
            Mark::Delivered if is_pending(&last) => (Outcome::Unknown, Exit::Unknown),
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
        if outcome != Outcome::Sent {
            // No code of the RFC says more than that it was not delivered.
            code = 780;
        }
        if outcome != Outcome::Sent || last.outcome == DUPLICATE {
            texts.push(format!("{}: {}", part.to, last.response));
        }
    }
    let cuts = work.cuts();
    texts.extend(cuts.map(|(part, cut)| format!("{}: {}", part.to, cut.response)));
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
        code: QUEUED,
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
