//! The same page once more: whoever has it already, or is about to, does not get
//! it again where its sender or the configuration would not have that, nor where
//! another machine has handed over one page twice.
//!
//! Answers for a storm of equal pages being looked through once, and not once
//! for each of them. Must never know how a page goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::storm::IN_DIGEST;
use super::{Deliverer, now};
use crate::queue::amend::REMOVED;
use crate::queue::store::{Arrival, Claim, Place, Receipt};
use crate::queue::work::{Event, GATHERED, Mark, Millis, NORMAL, Part, Work, millis};

/// The outcome of a page that was not sent because it had been.
pub(super) const DUPLICATE: &str = "duplicate";
/// How its response ends where the other one is not done: that may fail yet.
pub(super) const NOT_YET: &str = ", which is on its way";

/// A message as far as receipts know it: its hash and its length.
type Message = (String, usize);

/// What was looked for, and found.
#[derive(Debug, Default)]
struct Known {
    /// Who was sent which message: when it was accepted, and in which job.
    sent: BTreeMap<(Message, String), (Millis, String)>,
    /// Who is about to be sent which.
    coming: BTreeMap<(Message, String), Vec<Coming>>,
    /// Who has, or is about to have, the page of which origin.
    origins: BTreeMap<(String, String), Same>,
    /// Digests that have failed, or were removed.
    gone: BTreeSet<String>,
    /// Those that wait.
    waiting: BTreeSet<String>,
}

/// A page that is not done, and may fail yet.
#[derive(Debug)]
struct Coming {
    job: String,
    level: u8,
    /// Its sender would have it no earlier.
    from: Millis,
}

impl Coming {
    /// Does it do for one of that level, which is due then?
    fn is_for(&self, level: u8, due: Millis) -> bool {
        self.level <= level && self.from <= due
    }
}

/// The job that somebody has the same page from.
#[derive(Clone, Debug)]
struct Same {
    job: String,
    is_done: bool,
}

/// A broker gives a page once more hours later at most.
const HANDED_OVER: Millis = 24 * 60 * 60 * 1000;

impl Known {
    fn note_origin(&mut self, origin: Option<&String>, to: &str, job: &str, is_done: bool) {
        if let Some(origin) = origin {
            let first = self.origins.entry((origin.clone(), to.to_owned()));
            first.or_insert_with(|| Same {
                job: job.to_owned(),
                is_done,
            });
        }
    }

    fn note_coming(&mut self, message: &Message, to: &str, coming: Coming) {
        let key = (message.clone(), to.to_owned());
        let known = self.coming.entry(key).or_default();
        if !known
            .iter()
            .any(|one| one.is_for(coming.level, coming.from))
        {
            known.push(coming);
        }
    }

    /// The job that a part's recipient has the message from, if not before that, or
    /// that is about to bring it as soon as this one would.
    fn since(&self, since: Millis, message: &Message, part: &Part) -> Option<Same> {
        let key = (message.clone(), part.to.clone());
        if let Some((at, job)) = self.sent.get(&key) {
            if *at >= since {
                let job = job.clone();
                return Some(Same { job, is_done: true });
            }
        }
        let (level, due) = (part.level.unwrap_or(NORMAL), part.due.max(now()));
        let mut coming = self.coming.get(&key)?.iter();
        let coming = coming.find(|one| one.is_for(level, due))?;
        Some(Same {
            job: coming.job.clone(),
            is_done: false,
        })
    }

    /// The job that this recipient has the very same page from.
    fn of_origin(&self, origin: &str, to: &str) -> Option<Same> {
        let known = self.origins.get(&(origin.to_owned(), to.to_owned()));
        known.cloned()
    }

    /// What was not sent itself is no reason, nor is what only is in a digest that
    /// is gone.
    fn is_none(&self, last: &Event) -> bool {
        let digest = digest_of(last);
        last.outcome == DUPLICATE || digest.is_some_and(|digest| self.gone.contains(digest))
    }

    /// Nor is what has failed; and what is held, or may have failed, is one only for
    /// the very same page.
    fn note_work(&mut self, message: &Message, work: &Work) {
        for (_, mark, part) in work.each() {
            let is_none = part.last().is_some_and(|last| self.is_none(last));
            if mark == Mark::Failed || is_none {
                continue;
            }
            self.note_origin(work.origin.as_ref(), &part.to, &work.id, false);
            if mark != Mark::Unknown && !part.stopped {
                let coming = Coming {
                    job: work.id.clone(),
                    level: part.level.unwrap_or(NORMAL),
                    // One that has begun waits for its route, as this one would.
                    from: part.plan.as_ref().map_or(part.due, |_| 0),
                };
                self.note_coming(message, &part.to, coming);
            }
        }
    }

    fn note_receipt(&mut self, receipt: &Receipt) {
        let message = (receipt.digest.clone(), receipt.length);
        for part in &receipt.parts {
            if part.mark != "D" || self.is_none(&part.last) {
                continue;
            }
            let digest = digest_of(&part.last).filter(|digest| self.waiting.contains(*digest));
            let is_done = digest.is_none();
            self.note_origin(receipt.origin.as_ref(), &part.to, &receipt.id, is_done);
            if is_done {
                let key = (message.clone(), part.to.clone());
                let (at, job) = self.sent.entry(key).or_default();
                if job.is_empty() || *at < receipt.received {
                    (*at, *job) = (receipt.received, receipt.id.clone());
                }
            } else {
                let coming = Coming {
                    job: receipt.id.clone(),
                    // No page of level 0 waits in a digest.
                    level: NORMAL,
                    from: 0,
                };
                self.note_coming(&message, &part.to, coming);
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
                let last = since.and_then(|since| known.since(since, &job.message, part));
                let origin = job.work.origin.as_deref();
                let last = last.or_else(|| known.of_origin(origin?, &part.to));
                if let Some(Same { job, is_done }) = last {
                    let yet = if is_done { "" } else { NOT_YET };
                    *mark = Mark::Delivered;
                    part.tell(Event {
                        at: millis(SystemTime::now()),
                        outcome: DUPLICATE.to_owned(),
                        response: format!("the same page as {job}{yet}"),
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
        let places = [Place::Failed, Place::Wait, Place::Active];
        let found = self.store().look(&places).unwrap_or_else(|error| {
            self.fail("failed", &error);
            Vec::new()
        });
        for entry in found {
            let digests = match entry.place {
                Place::Failed => &mut known.gone,
                _ => &mut known.waiting,
            };
            digests.insert(entry.id);
        }
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
