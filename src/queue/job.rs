//! The job file: what is to be sent to whom, as a text that a shell can write.
//!
//! ```text
//! To: oncall
//! To: 5551212; level=0 alert=1 coverage=2 hold=2026-08-23T06:00:00Z pin=1234
//! To: vault; pin-file=/etc/pagebox/vault.pin
//! Caller: 555-9876
//! Subject: Seattle Meeting
//! Expires: 2026-08-23T16:05:06Z
//! Dedup: 600s
//! Max-parts: 3
//! Failure-of: 1787457901-000000000-4711-0-1b2d
//! Origin: 1787457902-000000000-4711-0-2c8e-5f0d1a7e90b3c264
//! Two-way: 004711471147114711 9f86d081… ack=1 reply=multichoice
//! Choice: 01 In the West Pasture
//! From: ?joe
//! Received: 2026-08-23T04:05:06Z
//! Id: 1787457906-000000000-4711-0-9f3c
//!
//! Disk full
//! ```
//!
//! A value is what follows the colon and one blank. Blanks around it count in
//! `Caller`, `Subject` and `Choice` only, which stay as they were written. We
//! write times in UTC, to the second; what else we read, [`read()`] says.
//!
//! Answers for the one form of a job and for the rule that no value can become
//! a header of its own. Must never know where the file lies or who reads it.

mod read;
mod write;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::spool::new_id;

pub use read::{Submission, read};
pub(super) use write::{header, named, ticket, time};

/// The kinds of answer, as RTYP names them.
const REPLIES: [&str; 5] = ["NONE", "YESNO", "SIMREPLY", "MULTICHOICE", "TEXT"];

/// So many recipients a job may have: each has a story, and maybe a text, of its own.
pub const MAX_TO: usize = 1000;

/// One page, to one or more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// To whom: at least one, at most [`MAX_TO`].
    pub to: Vec<Recipient>,
    /// Who sends it.
    pub from: Option<Sender>,
    /// Who calls: one line, as written.
    pub caller: Option<String>,
    /// What about: one line, as written.
    pub subject: Option<String>,
    /// Worthless after that.
    pub expires: Option<SystemTime>,
    /// Not to be sent where the same text was queued for or sent to the same
    /// name within that time.
    pub dedup: Option<Duration>,
    /// A message of more parts than that is sent without its end; without it,
    /// one of too many is not sent.
    pub max_parts: Option<NonZeroUsize>,
    /// It reports that this job has failed, and is not reported itself.
    pub failure_of: Option<String>,
    /// What another machine, which handed it over, calls this page: two jobs of
    /// one origin are the same page twice.
    pub origin: Option<String>,
    /// What its pager's user is asked for.
    pub two_way: Option<TwoWay>,
    /// When we took it.
    pub received: SystemTime,
    /// What we call it; see [`super::spool::new_id`].
    pub id: String,
    /// The message as it was written, its lines joined by LF.
    pub message: Vec<u8>,
}

impl Job {
    /// A page to these, accepted now, that asks for nothing else.
    pub fn new(
        to: impl IntoIterator<Item = impl Into<Recipient>>,
        message: impl Into<Vec<u8>>,
    ) -> Self {
        let received = SystemTime::now();
        Self {
            to: to.into_iter().map(Into::into).collect(),
            from: None,
            caller: None,
            subject: None,
            expires: None,
            dedup: None,
            max_parts: None,
            failure_of: None,
            origin: None,
            two_way: None,
            received,
            id: new_id(received),
            message: message.into(),
        }
    }
}

impl From<String> for Recipient {
    fn from(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }
}

/// One of those a job is for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recipient {
    /// A configured name or a pager ID: a word without a semicolon or a comma.
    pub name: String,
    /// Service level, 0 to 11.
    pub level: Option<u8>,
    /// Alert override.
    pub alert: Option<bool>,
    /// Alternate coverage area: a word.
    pub coverage: Option<String>,
    /// Not to be delivered before.
    pub hold: Option<SystemTime>,
    /// The pager's PIN: a word.
    pub pin: Option<String>,
    /// The file that the PIN stands in, where `pin` does not say it: absolute, a word.
    pub pin_file: Option<PathBuf>,
}

/// Who sends a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// A login or an address: one line.
    pub name: String,
    /// Somebody made sure of it; else it is shown with a `?` in front.
    pub verified: bool,
}

/// What a two-way page asks for, and the key to its status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TwoWay {
    /// The message tag.
    pub tag: String,
    /// The hash of its pass code; see [`super::tags::hash`].
    pub pass: String,
    /// Tell when it was read.
    pub ack: bool,
    /// The kind of answer that is wanted, as RTYP names it.
    pub reply: Option<&'static str>,
    /// The answers to choose from: code and text.
    pub choices: Vec<(String, String)>,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.verified { "" } else { "?" };
        write!(f, "{mark}{}", self.name)
    }
}

/// Why there is no file of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadJob {
    /// It goes to nobody.
    Nobody,
    /// It goes to more than [`MAX_TO`].
    Many,
    /// The value of this header would be read as something else.
    Value(&'static str),
    /// It was received at a time that no calendar has.
    Time,
}

impl fmt::Display for BadJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => write!(f, "the job has no recipient"),
            Self::Many => write!(f, "a job may have at most {MAX_TO} recipients"),
            Self::Value(name) => write!(
                f,
                "the value of {name}: is empty, cannot stand in one line, or would be read as something else"
            ),
            Self::Time => write!(f, "the time of receipt is out of range"),
        }
    }
}

impl std::error::Error for BadJob {}
