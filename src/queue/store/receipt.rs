//! What is kept of a job that was delivered: a line in the file of its day in
//! `sent/`, with the message's hash and length and not its text.
//!
//! Answers for a receipt being on disk before its job goes, and for old days
//! being removed. A line that a crash cut short, or wrote twice, is passed over
//! by who reads them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, fsync, openat, unlinkat};
use serde::{Deserialize, Serialize};

use super::super::work::{Event, Mark, Millis, Ticket, Work, millis, time};
use super::{MODE, Store, names};

/// One job.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Receipt {
    /// The job.
    pub id: String,
    /// When it was done.
    pub at: Millis,
    /// When it was accepted.
    pub received: Millis,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What the machine that handed it over calls this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The message's length in bytes.
    pub length: usize,
    /// Of the message; see [`Work::digest`].
    pub digest: String,
    /// The key to its status, if somebody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// What became of each part.
    pub parts: Vec<ReceiptPart>,
}

/// One part of a job, for one recipient.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct ReceiptPart {
    /// The name that the sender wrote.
    pub to: String,
    /// The pager's name.
    pub pager: String,
    /// The mark's letter: `D`, or what else was given up on.
    pub mark: String,
    /// Which part of how many.
    pub part: (usize, usize),
    /// Tries that count.
    pub tries: u32,
    /// It may be out more than once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate_possible: bool,
    /// Its end was cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Event>,
    /// What happened last.
    pub last: Event,
}

impl Receipt {
    /// Of those parts that were delivered; `None`: there are none.
    #[must_use]
    pub fn delivered(mut self) -> Option<Self> {
        let is_done = |part: &ReceiptPart| part.mark.as_bytes() == [Mark::Delivered.byte()];
        self.parts.retain(is_done);
        (!self.parts.is_empty()).then_some(self)
    }

    /// Of a job that is done.
    pub fn of(work: &Work, at: SystemTime) -> Self {
        let part = |mark: Mark, part: &super::super::work::Part| {
            let plan = part.plan.clone().unwrap_or_default();
            ReceiptPart {
                to: part.to.clone(),
                pager: plan.pager,
                mark: char::from(mark.byte()).to_string(),
                part: plan.part,
                tries: part.tries,
                duplicate_possible: part.duplicate_possible,
                cut: part.cut().cloned(),
                last: part.last().cloned().unwrap_or_default(),
            }
        };
        Self {
            id: work.id.clone(),
            at: millis(at),
            received: work.received,
            from: work.from.clone(),
            origin: work.origin.clone(),
            length: work.message.len(),
            digest: work.digest(),
            ticket: work.ticket.clone(),
            parts: work.each().map(|(_, mark, of)| part(mark, of)).collect(),
        }
    }
}

impl Store {
    /// Puts receipts on disk, all with one sync.
    pub fn file_receipts(&self, receipts: &[Receipt], now: SystemTime) -> io::Result<()> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.sent, day(now), flags, MODE)?);
        // pageq writes here, too; whoever has it is quick.
        flock(&file, FlockOperation::LockExclusive)?;
        let before = file.metadata()?.len();
        let mut lines = Vec::new();
        let mut last = [b'\n'];
        if let Some(end) = before.checked_sub(1) {
            file.read_exact_at(&mut last, end)?;
        }
        if last != [b'\n'] {
            // What a crash cut short does not spoil what comes behind it.
            lines.push(b'\n');
        }
        for receipt in receipts {
            serde_json::to_writer(&mut lines, receipt)?;
            lines.push(b'\n');
        }
        // A line that did not find room must not be in front of the next one.
        let written = file.write_all(&lines).and_then(|()| file.sync_all());
        if let Err(error) = written {
            _ = file.set_len(before);
            return Err(error);
        }
        if before == 0 {
            fsync(&self.sent)?;
        }
        Ok(())
    }

    /// The receipts of all days since then, the newest day first; `each` says
    /// false to have seen enough.
    pub fn receipts(&self, since: Millis, each: &mut dyn FnMut(Receipt) -> bool) -> io::Result<()> {
        let first = day(time(since));
        let mut days = self.days()?;
        days.retain(|day| *day >= first);
        for day in days.iter().rev() {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = match openat(&self.sent, day.as_str(), flags, Mode::empty()) {
                Err(rustix::io::Errno::NOENT) => continue,
                other => File::from(other?),
            };
            for line in BufReader::new(file).split(b'\n') {
                let receipt = serde_json::from_slice::<Receipt>(&line?);
                let receipt = receipt.ok().filter(|receipt| receipt.at >= since);
                if receipt.is_some_and(|receipt| !each(receipt)) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Removes the receipts of days that are older than that.
    pub fn forget_receipts(&self, now: SystemTime, keep: Duration) -> io::Result<()> {
        let Some(oldest) = now.checked_sub(keep) else {
            return Ok(());
        };
        let oldest = day(oldest);
        for day in self.days()?.iter().filter(|day| **day < oldest) {
            unlinkat(&self.sent, day.as_str(), AtFlags::empty())?;
        }
        Ok(())
    }

    pub(super) fn days(&self) -> io::Result<Vec<String>> {
        let mut days = Vec::new();
        for name in names(&self.sent)? {
            days.extend(name?.into_string().ok().filter(|name| is_day(name)));
        }
        days.sort();
        Ok(days)
    }
}

/// The file of a day, in UTC: `2026-08-23`.
fn day(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d").to_string()
}

fn is_day(name: &str) -> bool {
    name.parse::<jiff::civil::Date>().is_ok() && name.len() == "2026-08-23".len()
}
