//! The work file: a job as its deliverer keeps it, from the claim to the end.
//!
//! ```text
//! TTI
//! {"id":"1787457906-…","received":…,"message":"Disk full","parts":[{"to":"oncall",…},…]}
//! ```
//!
//! The first line has a mark for each recipient-part; it alone is overwritten
//! in place, which no full disk can prevent. All else is written whole, beside
//! the old one, and renamed over it. So a job is one file, whichever directory
//! it lies in, and moving it is one rename.
//!
//! Answers for the form. Must never know where the file lies.

mod gathered;

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::gathered::Gathered;
pub use crate::rate::Millis;

use super::job::{Job, Recipient};
use crate::outcome::Outcome;
use crate::text::charset::utf8_or_latin1;
use crate::text::hex::hex;

/// What has become of one part of a message for one recipient.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Mark {
    /// To do.
    ToDo,
    /// To do, and next: it is given to its route as soon as the one before is
    /// answered, without waiting for the disk once more. After a power cut it
    /// may have been, after a crash it was not.
    Next,
    /// Given to its route, which has not answered.
    InFlight,
    /// Delivered.
    Delivered,
    /// Failed for good.
    Failed,
    /// It may have been delivered: nobody knows.
    Unknown,
}

impl Mark {
    /// All of them, with their letters in the file.
    pub const ALL: [(Self, u8); 6] = [
        (Self::ToDo, b'T'),
        (Self::Next, b'N'),
        (Self::InFlight, b'I'),
        (Self::Delivered, b'D'),
        (Self::Failed, b'F'),
        (Self::Unknown, b'U'),
    ];

    /// As it stands in the file.
    pub fn byte(self) -> u8 {
        let known = Self::ALL.into_iter().find(|(mark, _)| *mark == self);
        known.map_or(b'U', |(_, byte)| byte)
    }

    /// The mark that stands in the file like this.
    pub fn from_byte(byte: u8) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|(_, known)| *known == byte);
        known.map(|(mark, _)| mark)
    }

    /// Is there something left to do?
    pub fn is_open(self) -> bool {
        matches!(self, Self::ToDo | Self::Next | Self::InFlight)
    }
}

/// The letter of a part that is [`Mark::Unknown`] and stopped: the disk may have
/// no room for the one place that says so otherwise.
pub const HELD: u8 = b'H';

/// The same moment in milliseconds; one before 1970 counts as that year's first.
pub fn millis(at: SystemTime) -> Millis {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// The same moment as a time; what no clock reaches is far ahead.
pub fn time(at: Millis) -> SystemTime {
    let far = Duration::from_secs(1 << 40);
    UNIX_EPOCH + Duration::from_millis(at).min(far)
}

/// A job that its deliverer has claimed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Work {
    /// What we call it.
    pub id: String,
    /// Tells the file that it was from any other of that name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Who sends it, with a `?` in front where nobody made sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// When it was accepted.
    pub received: Millis,
    /// Worthless after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Millis>,
    /// Who calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// What about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The key to its status, if somebody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// So many parts of its message are sent at most; without it, all or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parts: Option<NonZeroUsize>,
    /// The job whose failure this one tells: nobody is told of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_of: Option<String>,
    /// What the machine that handed it over calls this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Why it was none: nothing of it can be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It is a digest, and holds that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gathered: Option<Gathered>,
    /// The message; of what was no job, the file.
    pub message: String,
    /// To whom, part by part.
    pub parts: Vec<Part>,
    /// What has become of each, in the same order.
    #[serde(skip)]
    pub marks: Vec<Mark>,
}

/// Who may ask what became of a job.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Ticket {
    /// The message tag.
    pub tag: String,
    /// The hash of its pass code.
    pub pass: String,
    /// Tell when it was read.
    pub ack: bool,
    /// An answer is wanted.
    pub reply: bool,
    /// The answers to choose from: code and text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<(String, String)>,
}

/// What is left to say to whom: a recipient, or a part of its message.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Part {
    /// The name that the sender wrote.
    pub to: String,
    /// Service level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Alert override.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<bool>,
    /// Coverage area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<String>,
    /// The PIN that the sender gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Not before that.
    pub due: Millis,
    /// Somebody has to let it go first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// It waits for quiet hours to end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub put_off: bool,
    /// Its way, once it was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Tries of this route that count.
    pub tries: u32,
    /// It may be out more than once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate_possible: bool,
    /// Who is to be told of its failure was.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
    /// What happened to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<Event>,
    /// So many verdicts on it may still become another one: it may go out, or be
    /// out, for as long as who gave them runs.
    #[serde(skip)]
    pub unsettled: u32,
}

/// The way of a part.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Plan {
    /// The pager's name.
    pub pager: String,
    /// What its route calls it.
    pub id: String,
    /// The route that has it now.
    pub route: String,
    /// The route that its text was made for.
    pub made: String,
    /// Since when the route has it.
    pub since: Millis,
    /// When it was due for the first time: its age counts from there.
    pub begun: Millis,
    /// Which part of how many.
    pub part: (usize, usize),
    /// What it says, where that is not the whole message as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Something that happened to a part.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Event {
    /// When.
    pub at: Millis,
    /// On which route.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub route: String,
    /// At which server or device.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// What was said of it: an outcome's word, or one of ours.
    pub outcome: String,
    /// The reply code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// In words; one line.
    pub response: String,
}

/// The outcome of a page that a digest holds now; and of a digest that was not
/// tried yet.
pub const GATHERED: &str = "gathered";
/// That of a page that waits for its turn within a rate.
pub const PACED: &str = "paced";

/// The longest story that is kept of a part: its beginning and its end count most.
const MAX_STORY: usize = 20;

impl Part {
    /// Something happened.
    pub fn tell(&mut self, event: Event) {
        if self.story.len() >= MAX_STORY {
            self.story.remove(MAX_STORY / 2);
        }
        self.story.push(event);
    }

    /// What happened last.
    pub fn last(&self) -> Option<&Event> {
        self.story.last()
    }

    /// What was said of it when its end was cut off.
    pub fn cut(&self) -> Option<&Event> {
        self.story.iter().find(|event| event.outcome == CUT)
    }

    /// Does it wait because somebody wants it to? A job was received then.
    pub fn is_put_off(&self, received: Millis) -> bool {
        self.put_off || (self.tries == 0 && self.due > received)
    }

    /// Does it wait for its turn within a rate, and was not tried since?
    pub fn is_paced(&self) -> bool {
        let last = self.last().map(|last| last.outcome.as_str());
        matches!(last, Some(PACED | GATHERED))
    }

    /// Is there something left to do, or to decide?
    pub fn is_pending(&self, mark: Mark) -> bool {
        mark.is_open() || (mark == Mark::Unknown && self.stopped)
    }

    /// Its mark on disk: who is killed does not hear how it went on.
    fn on_disk(&self, mark: Mark) -> Mark {
        match mark {
            Mark::ToDo | Mark::Next if self.unsettled > 0 => Mark::InFlight,
            mark => mark,
        }
    }

    /// Its route, once it has one.
    pub fn route(&self) -> Option<&str> {
        self.plan.as_ref().map(|plan| plan.route.as_str())
    }
}

impl Event {
    /// A verdict.
    pub fn of(at: SystemTime, outcome: Outcome, response: impl Into<String>) -> Self {
        Self {
            at: millis(at),
            outcome: outcome.word().to_owned(),
            response: response.into(),
            ..Self::default()
        }
    }
}

impl Work {
    /// A job that was just claimed: nothing is planned, all is to do.
    pub fn new(job: &Job, id: &str, now: Millis) -> Self {
        // What was accepted by a clock that was ahead is due no less.
        let due = millis(job.received).min(now);
        let parts: Vec<Part> = job.to.iter().map(|to| part(to, due)).collect();
        Self {
            id: id.to_owned(),
            source: String::new(),
            from: job.from.as_ref().map(ToString::to_string),
            received: millis(job.received),
            expires: job.expires.map(millis),
            caller: job.caller.clone(),
            subject: job.subject.clone(),
            ticket: job.two_way.as_ref().map(|wishes| Ticket {
                tag: wishes.tag.clone(),
                pass: wishes.pass.clone(),
                ack: wishes.ack,
                reply: wishes.reply.is_some_and(|kind| kind != "NONE"),
                choices: wishes.choices.clone(),
            }),
            max_parts: job.max_parts,
            failure_of: job.failure_of.clone(),
            origin: job.origin.clone(),
            error: None,
            gathered: None,
            message: utf8_or_latin1(&job.message),
            marks: vec![Mark::ToDo; parts.len()],
            parts,
        }
    }

    /// What was no job.
    pub fn refused(id: &str, received: SystemTime, file: &[u8], error: String) -> Self {
        Self {
            id: id.to_owned(),
            received: millis(received),
            error: Some(error),
            message: utf8_or_latin1(file),
            ..Self::default()
        }
    }

    /// The file.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let letter = |(_, mark, part): (_, Mark, &Part)| part.on_disk(mark).byte();
        let mut file: Vec<u8> = self.each().map(letter).collect();
        file.push(b'\n');
        serde_json::to_writer(&mut file, self)?;
        file.push(b'\n');
        Ok(file)
    }

    /// Reads a file. `None`: it is none, or spoilt.
    pub fn read(file: &[u8]) -> Option<Self> {
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let (marks, rest) = file.split_at_checked(end)?;
        let mark = |byte: &u8| match *byte {
            HELD => Some(Mark::Unknown),
            byte => Mark::from_byte(byte),
        };
        let mut work: Self = serde_json::from_slice(rest).ok()?;
        work.marks = marks.iter().map(mark).collect::<Option<_>>()?;
        for (byte, part) in marks.iter().zip(&mut work.parts) {
            part.stopped |= *byte == HELD;
        }
        (work.marks.len() == work.parts.len()).then_some(work)
    }

    /// The letter that marks part number `at` so in the file.
    pub fn letter(&self, at: usize, mark: Mark) -> u8 {
        match self.parts.get(at) {
            Some(part) if part.stopped && mark == Mark::Unknown => HELD,
            Some(part) => part.on_disk(mark).byte(),
            None => mark.byte(),
        }
    }

    /// The parts with their marks.
    pub fn each(&self) -> impl Iterator<Item = (usize, Mark, &Part)> {
        let marked = self.marks.iter().zip(&self.parts).enumerate();
        marked.map(|(at, (mark, part))| (at, *mark, part))
    }

    /// Who was, or may have been, sent the message without its end, and what was said
    /// of that.
    pub fn cuts(&self) -> impl Iterator<Item = (&Part, &Event)> {
        self.each().filter_map(|(_, mark, part)| {
            let is_first = part.plan.as_ref().is_some_and(|plan| plan.part.0 <= 1);
            let is_out = is_first && matches!(mark, Mark::Delivered | Mark::Unknown);
            Some((part, part.cut().filter(|_| is_out)?))
        })
    }

    /// Is there anything left to do, or to decide?
    pub fn is_pending(&self) -> bool {
        self.each().any(|(_, mark, part)| part.is_pending(mark))
    }

    /// Is it a digest that takes in more? What a route may have had says no other
    /// thing later: nobody could tell which pages are out.
    pub fn gathers(&self) -> bool {
        let fresh = |(_, mark, part): (usize, Mark, &Part)| {
            let plan = part.plan.as_ref();
            matches!(mark, Mark::ToDo | Mark::Next)
                && !part.stopped
                && !part.duplicate_possible
                && part.last().is_some_and(|last| last.outcome == GATHERED)
                && plan.is_some_and(|plan| plan.made == plan.route)
        };
        let is_open = self.gathered.as_ref().is_some_and(|held| !held.closed);
        is_open && !self.parts.is_empty() && self.each().all(fresh)
    }

    /// Are all parts of the same message in front of this one delivered?
    pub fn is_next(&self, at: usize) -> bool {
        let plan = self.parts.get(at).and_then(|part| part.plan.as_ref());
        let before = plan.map_or(0, |plan| plan.part.0.saturating_sub(1));
        (1..=before).all(|behind| {
            let mark = at.checked_sub(behind).and_then(|at| self.marks.get(at));
            mark == Some(&Mark::Delivered)
        })
    }

    /// The lowest level that is still to be delivered, which is the most urgent one.
    pub fn level(&self) -> u8 {
        let pending = self.each().filter(|(_, mark, part)| part.is_pending(*mark));
        pending
            .map(|(.., part)| part.level.unwrap_or(NORMAL))
            .min()
            .unwrap_or(NORMAL)
    }

    /// What part number `at` says.
    pub fn text(&self, at: usize) -> &str {
        let plan = self.parts.get(at).and_then(|part| part.plan.as_ref());
        plan.and_then(|plan| plan.text.as_deref())
            .unwrap_or(&self.message)
    }

    /// Tells what it says, with what and who it is about, from what others say, in
    /// receipts and names of files: 64 bits of a hash, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new_with_prefix(&self.message);
        for (name, said) in [("Subject", &self.subject), ("Caller", &self.caller)] {
            if let Some(said) = said {
                hash.update(format!("\0{name}: {said}"));
            }
        }
        hex(hash.finalize().iter().take(8))
    }
}

/// The outcome of what is sent without its end.
pub const CUT: &str = "cut";

/// The level of a page that names none.
pub const NORMAL: u8 = 1;

fn part(to: &Recipient, due: Millis) -> Part {
    Part {
        to: to.name.clone(),
        level: to.level,
        alert: to.alert,
        coverage: to.coverage.clone(),
        pin: to.pin.clone(),
        due: to.hold.map_or(due, millis),
        ..Part::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job() -> Job {
        let file =
            b"To: oncall; level=0 pin=1234\nTo: ann\nFrom: ?joe\nSubject:  Disk \n\nfull\xe4";
        let received = UNIX_EPOCH + Duration::from_secs(7);
        match super::super::job::read(file, received, "1-1") {
            Ok(super::super::job::Submission::Job(job)) => job,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let mut work = Work::new(&job(), "1-1", 9000);
        work.marks = vec![Mark::InFlight, Mark::Delivered];
        let event = Event::of(time(5), Outcome::Temporary, "554 busy");
        work.parts[1].tell(event);
        let file = work.to_bytes().unwrap();
        assert!(file.starts_with(b"ID\n{\"id\":\"1-1\""));
        assert_eq!(Work::read(&file), Some(work.clone()));
        assert_eq!((work.parts[0].due, work.level()), (7000, 0));
        // Nothing of a message is lost that is not UTF-8.
        assert_eq!(work.message, "full\u{e4}");
    }

    #[test]
    fn a_job_of_a_fast_clock_is_due_now() {
        let work = Work::new(&job(), "1-1", 5000);
        assert_eq!((work.received, work.parts[0].due), (7000, 5000));
    }

    #[test]
    fn marks_stand_in_front_one_byte_each() {
        for (mark, byte) in Mark::ALL {
            assert_eq!((mark.byte(), Mark::from_byte(byte)), (byte, Some(mark)));
        }
        let file = Work::new(&job(), "1-1", 0).to_bytes().unwrap();
        let spoil = |from: &[u8], to: &[u8]| Work::read(&[to, &file[from.len()..]].concat());
        assert!(spoil(b"TT", b"UD").is_some());
        let held = spoil(b"TT", b"TH").unwrap();
        assert_eq!(held.marks, [Mark::ToDo, Mark::Unknown]);
        assert!(held.parts[1].stopped && !held.parts[0].stopped);
        assert_eq!(held.letter(1, Mark::Unknown), HELD);
        assert_eq!(held.letter(1, Mark::ToDo), b'T');
        assert_eq!(held.letter(0, Mark::Unknown), b'U');
        for (from, to) in [("TT", "TX"), ("TT", "T"), ("TT", "TTT"), ("TT\n{", "TT\n")] {
            assert_eq!(spoil(from.as_bytes(), to.as_bytes()), None, "{to}");
        }
    }

    #[test]
    fn a_long_story_keeps_its_beginning_and_its_end() {
        let mut part = Part::default();
        for at in 0..100 {
            part.tell(Event {
                at,
                ..Event::default()
            });
        }
        let told: Vec<Millis> = part.story.iter().map(|event| event.at).collect();
        assert_eq!(
            (told.len(), told[0], told[MAX_STORY - 1]),
            (MAX_STORY, 0, 99)
        );
        assert!(told.is_sorted());
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(bytes: Vec<u8>) {
            _ = Work::read(&bytes);
        }
    }
}
