//! The same page once more: whoever has it already, or is about to, does not get
//! it again where its sender or the configuration would not have that, nor where
//! another machine has handed over one page twice.
//!
//! Answers for a storm of equal pages being looked through once, and not once
//! for each of them. Must never know how a page goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::Deliverer;
use super::storm::IN_DIGEST;
use crate::queue::amend::REMOVED;
use crate::queue::store::{Arrival, Claim, Place, Receipt};
use crate::queue::work::{Event, GATHERED, Mark, Millis, Work, millis};

/// The outcome of a page that was not sent because it had been.
pub(super) const DUPLICATE: &str = "duplicate";
/// How its response ends where the other one is not done: that may fail yet.
pub(super) const NOT_YET: &str = ", which is on its way";

/// A message as far as receipts know it: its hash and its length.
type Message = (String, usize);

/// What was looked for, and found.
#[derive(Debug, Default)]
struct Known {
    /// Who has which message: when it was accepted, if it is done, and in which job.
    messages: BTreeMap<(Message, String), (Millis, String)>,
    /// Who has the page of which origin: the same.
    origins: BTreeMap<(String, String), (Millis, String)>,
    /// Digests that have failed, or were removed.
    gone: BTreeSet<String>,
}

/// A broker gives a page once more hours later at most.
const HANDED_OVER: Millis = 24 * 60 * 60 * 1000;

/// It is not done, so it is not long ago.
const NOT_DONE: Millis = Millis::MAX;

impl Known {
    fn note(
        &mut self,
        message: &Message,
        origin: Option<&String>,
        to: &str,
        (at, id): (Millis, &str),
    ) {
        if let Some(origin) = origin {
            let key = (origin.clone(), to.to_owned());
            let first = self.origins.entry(key);
            first.or_insert_with(|| (at, id.to_owned()));
        }
        let key = (message.clone(), to.to_owned());
        let known = self.messages.entry(key).or_default();
        if known.1.is_empty() || known.0 < at {
            *known = (at, id.to_owned());
        }
    }

    /// The job that this recipient has the message from, if not before that.
    fn since(&self, since: Millis, message: &Message, to: &str) -> Option<&(Millis, String)> {
        let last = self.messages.get(&(message.clone(), to.to_owned()));
        last.filter(|(last, _)| *last >= since)
    }

    /// The job that this recipient has the very same page from.
    fn of_origin(&self, origin: &str, to: &str) -> Option<&(Millis, String)> {
        self.origins.get(&(origin.to_owned(), to.to_owned()))
    }

    /// What was not sent itself is no reason, nor is what only is in a digest that
    /// is gone.
    fn is_none(&self, last: &Event) -> bool {
        let digest = digest_of(last);
        last.outcome == DUPLICATE || digest.is_some_and(|digest| self.gone.contains(digest))
    }

    /// Nor is what has failed.
    fn note_work(&mut self, message: &Message, work: &Work) {
        for (_, mark, part) in work.each() {
            let is_none = part.last().is_some_and(|last| self.is_none(last));
            if mark != Mark::Failed && !is_none {
                let job = (NOT_DONE, work.id.as_str());
                self.note(message, work.origin.as_ref(), &part.to, job);
            }
        }
    }

    fn note_receipt(&mut self, receipt: &Receipt) {
        let message = (receipt.digest.clone(), receipt.length);
        for part in &receipt.parts {
            if part.mark == "D" && !self.is_none(&part.last) {
                let job = (receipt.received, receipt.id.as_str());
                self.note(&message, receipt.origin.as_ref(), &part.to, job);
            }
        }
    }
}

/// The digest that a page is in.
fn digest_of(last: &Event) -> Option<&str> {
    let digest = last.response.strip_prefix(IN_DIGEST);
    digest.filter(|_| last.outcome == GATHERED)
}

/// A job that has just come.
struct Fresh<'a> {
    work: &'a mut Work,
    message: Message,
    /// Of each recipient: since when it may have no other one.
    since: Vec<Option<Millis>>,
    /// Since when it may have come once before.
    handed_over: Option<Millis>,
}

impl Fresh<'_> {
    /// Since when others are to be looked for.
    fn since(&self) -> Option<Millis> {
        let times = self.since.iter().chain([&self.handed_over]);
        times.flatten().min().copied()
    }
}

impl Deliverer<'_> {
    /// Recipients that have a message already, or are about to, get it no more.
    /// `wishes` are the times that the jobs name; else those of the names count.
    pub(super) fn drop_duplicates(
        &mut self,
        claims: &mut [(Arrival, Claim)],
        wishes: &[Option<Duration>],
    ) {
        let mut jobs = Vec::new();
        for ((_, claim), wish) in claims.iter_mut().zip(wishes) {
            if let Claim::Job(work) = claim {
                let since = |to: &str| {
                    let time = wish.or_else(|| self.setup.config.dedup(to))?;
                    let time = Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX);
                    Some(work.received.saturating_sub(time))
                };
                let before = work.received.saturating_sub(HANDED_OVER);
                jobs.push(Fresh {
                    handed_over: work.origin.as_ref().map(|_| before),
                    since: work.parts.iter().map(|part| since(&part.to)).collect(),
                    message: (work.digest(), work.message.len()),
                    work,
                });
            }
        }
        let asking = jobs.iter().filter(|job| job.since().is_some());
        let wanted: BTreeSet<Message> = asking.map(|job| job.message.clone()).collect();
        let since = jobs.iter().filter_map(Fresh::since).min();
        let Some(since) = since else { return };
        let mut known = self.known(&wanted, since);
        for job in jobs {
            let parts = job.work.marks.iter_mut().zip(&mut job.work.parts);
            for ((mark, part), since) in parts.zip(&job.since) {
                let last = since.and_then(|since| known.since(since, &job.message, &part.to));
                let origin = job.work.origin.as_deref();
                let last = last.or_else(|| known.of_origin(origin?, &part.to));
                if let Some((at, id)) = last {
                    let yet = if *at == NOT_DONE { NOT_YET } else { "" };
                    *mark = Mark::Delivered;
                    part.tell(Event {
                        at: millis(SystemTime::now()),
                        outcome: DUPLICATE.to_owned(),
                        response: format!("the same page as {id}{yet}"),
                        ..Event::default()
                    });
                }
            }
            if wanted.contains(&job.message) {
                known.note_work(&job.message, job.work);
            }
        }
    }

    /// Who has these messages since then.
    fn known(&mut self, wanted: &BTreeSet<Message>, since: Millis) -> Known {
        let mut known = Known::default();
        let failed = self.store().look(&[Place::Failed]);
        let failed = failed.unwrap_or_else(|error| {
            self.fail("failed", &error);
            Vec::new()
        });
        known.gone = failed.into_iter().map(|entry| entry.id).collect();
        let digests: BTreeSet<&str> = wanted.iter().map(|(digest, _)| digest.as_str()).collect();
        // A digest is removed after it has taken something in.
        let mut gathered = Vec::new();
        let mut of_receipt = |receipt: &Receipt| {
            if receipt.parts.iter().any(|part| part.mark == REMOVED) {
                known.gone.insert(receipt.id.clone());
            }
            if digests.contains(receipt.digest.as_str()) {
                let mut parts = receipt.parts.iter();
                if parts.any(|part| digest_of(&part.last).is_some()) {
                    gathered.push(receipt.clone());
                } else {
                    known.note_receipt(receipt);
                }
            }
        };
        self.receipts
            .iter()
            .for_each(|(_, receipt)| of_receipt(receipt));
        let read = self.store().receipts(since, &mut |receipt| {
            of_receipt(&receipt);
            true
        });
        read.unwrap_or_else(|error| self.fail("sent", &error));
        for receipt in &gathered {
            known.note_receipt(receipt);
        }
        // What cannot be read is not known to have been sent.
        let waiting = self.store().waiting_with(&digests);
        let waiting = waiting.unwrap_or_else(|error| {
            self.fail("wait", &error);
            Vec::new()
        });
        let lengths: BTreeSet<usize> = wanted.iter().map(|(_, length)| *length).collect();
        let active = self.jobs.values().map(|job| &job.active.work);
        let active = active.filter(|work| lengths.contains(&work.message.len()));
        for work in active.chain(&waiting) {
            let message = (work.digest(), work.message.len());
            if wanted.contains(&message) {
                known.note_work(&message, work);
            }
        }
        known
    }
}
