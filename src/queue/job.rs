//! The job file: what is to be sent to whom, as a text that a shell can write.
//!
//! ```text
//! To: oncall
//! To: 5551212; level=0 alert=1 coverage=2 hold=2026-08-23T06:00:00Z pin=1234
//! Caller: 555-9876
//! Subject: Seattle Meeting
//! Expires: 2026-08-23T16:05:06Z
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
//! `Caller` and `Subject` only, which stay as they were written. Times are in
//! UTC, to the second.
//!
//! Answers for the one form of a job and for the rule that no value can become
//! a header of its own. Must never know where the file lies or who reads it.

use std::fmt::{self, Write};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::text::shape::breaks_line;

/// One page, to one or more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// To whom: at least one.
    pub to: Vec<Recipient>,
    /// Who sends it.
    pub from: Option<Sender>,
    /// Who calls: one line, as written.
    pub caller: Option<String>,
    /// What about: one line, as written.
    pub subject: Option<String>,
    /// Worthless after that.
    pub expires: Option<SystemTime>,
    /// What its pager's user is asked for.
    pub two_way: Option<TwoWay>,
    /// When we took it.
    pub received: SystemTime,
    /// What we call it; see [`super::spool::new_id`].
    pub id: String,
    /// The message as it was written, its lines joined by LF.
    pub message: Vec<u8>,
}

/// One of those a job is for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recipient {
    /// A configured name or a pager ID: a word without a semicolon.
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
    /// The value of this header would be read as something else.
    Value(&'static str),
    /// It was received at a time that no calendar has.
    Time,
}

impl fmt::Display for BadJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => write!(f, "the job has no recipient"),
            Self::Value(name) => write!(
                f,
                "the value of {name}: is empty or cannot stand in one line"
            ),
            Self::Time => write!(f, "the time of receipt is out of range"),
        }
    }
}

impl std::error::Error for BadJob {}

impl Job {
    /// The file. Its last LF is the file's and not the message's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadJob> {
        if self.to.is_empty() {
            return Err(BadJob::Nobody);
        }
        let mut file = String::with_capacity(32 * self.to.len() + 256);
        for recipient in &self.to {
            header(&mut file, "To", &recipient.value()?)?;
        }
        for (name, value) in [("Caller", &self.caller), ("Subject", &self.subject)] {
            if let Some(value) = value {
                line(&mut file, name, value)?;
            }
        }
        if let Some(at) = self.expires {
            header(&mut file, "Expires", &time(at)?)?;
        }
        if let Some(two_way) = &self.two_way {
            two_way.write(&mut file)?;
        }
        if let Some(sender) = &self.from {
            // A name that is none must not hide behind its mark.
            if sender.name.is_empty() || sender.name.trim() != sender.name {
                return Err(BadJob::Value("From"));
            }
            header(&mut file, "From", &sender.to_string())?;
        }
        header(&mut file, "Received", &time(self.received)?)?;
        header(&mut file, "Id", &self.id)?;
        Ok([file.as_bytes(), b"\n", &self.message, b"\n"].concat())
    }
}

impl Recipient {
    fn value(&self) -> Result<String, BadJob> {
        // What follows a semicolon is an option.
        if self.name.contains(';') {
            return Err(BadJob::Value("To"));
        }
        let mut words = vec![("", self.name.clone())];
        words.extend(self.level.map(|level| ("level=", level.to_string())));
        words.extend(self.alert.map(|on| ("alert=", u8::from(on).to_string())));
        words.extend(self.coverage.clone().map(|area| ("coverage=", area)));
        if let Some(at) = self.hold {
            words.push(("hold=", time(at)?));
        }
        words.extend(self.pin.clone().map(|pin| ("pin=", pin)));
        let mut value = String::new();
        for (at, (key, word)) in words.iter().enumerate() {
            if word.is_empty() || word.contains(char::is_whitespace) {
                return Err(BadJob::Value("To"));
            }
            let joint = ["", "; ", " "].get(at.min(2)).copied();
            value.extend([joint.unwrap_or_default(), key, word]);
        }
        Ok(value)
    }
}

impl TwoWay {
    fn write(&self, file: &mut String) -> Result<(), BadJob> {
        let mut value = format!("{} {}", self.tag, self.pass);
        let ack = self.ack.then_some(" ack=1");
        value.push_str(ack.unwrap_or_default());
        if let Some(reply) = self.reply {
            value.push_str(" reply=");
            value.push_str(&reply.to_ascii_lowercase());
        }
        header(file, "Two-way", &value)?;
        for (code, text) in &self.choices {
            line(file, "Choice", &format!("{code} {text}"))?;
        }
        Ok(())
    }
}

/// A time as job files write it.
pub(super) fn time(at: SystemTime) -> Result<String, BadJob> {
    let at = Timestamp::try_from(at).map_err(|_| BadJob::Time)?;
    Ok(format!("{at:.0}"))
}

/// A header whose reader may trim its value.
pub(super) fn header(file: &mut String, name: &'static str, value: &str) -> Result<(), BadJob> {
    if value.trim() != value {
        return Err(BadJob::Value(name));
    }
    line(file, name, value)
}

/// A header whose value stays as it is.
fn line(file: &mut String, name: &'static str, value: &str) -> Result<(), BadJob> {
    if value.is_empty() || value.contains(breaks_line) {
        return Err(BadJob::Value(name));
    }
    writeln!(file, "{name}: {value}").map_err(|_| BadJob::Value(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn to(name: &str) -> Recipient {
        Recipient {
            name: name.to_owned(),
            ..Recipient::default()
        }
    }

    fn from(name: &str, verified: bool) -> Sender {
        let name = name.to_owned();
        Sender { name, verified }
    }

    fn moment() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(1_787_457_906_900)
    }

    fn job() -> Job {
        Job {
            to: vec![to("oncall"), to("5551212")],
            from: Some(from("joe", false)),
            caller: None,
            subject: None,
            expires: None,
            two_way: None,
            received: moment(),
            id: "id".to_owned(),
            message: b"Disk full\n\nTo: x".to_vec(),
        }
    }

    fn text(job: &Job) -> String {
        String::from_utf8(job.to_bytes().unwrap()).unwrap()
    }

    #[test]
    fn the_file_is_what_the_design_says() {
        assert_eq!(
            text(&job()),
            "To: oncall\nTo: 5551212\nFrom: ?joe\nReceived: 2026-08-23T04:05:06Z\nId: id\n\nDisk full\n\nTo: x\n"
        );
    }

    #[test]
    fn every_option_has_its_place() {
        let second = Recipient {
            level: Some(0),
            alert: Some(true),
            coverage: Some("2;x=y".to_owned()),
            hold: Some(moment()),
            pin: Some("FOOBAR".to_owned()),
            ..to("5551212")
        };
        let third = Recipient {
            pin: Some("1".to_owned()),
            ..to("3")
        };
        let job = Job {
            to: vec![to("oncall"), second, third],
            from: Some(from("joe", true)),
            caller: Some("  555\t9876 ".to_owned()),
            subject: Some("Seattle: Meeting".to_owned()),
            expires: Some(moment() + Duration::from_secs(3600)),
            two_way: Some(TwoWay {
                tag: "00321".to_owned(),
                pass: "9f86".to_owned(),
                ack: true,
                reply: Some("MULTICHOICE"),
                choices: vec![("01".to_owned(), " West".to_owned())],
            }),
            message: b"m".to_vec(),
            ..job()
        };
        assert_eq!(
            text(&job),
            "To: oncall\n\
             To: 5551212; level=0 alert=1 coverage=2;x=y hold=2026-08-23T04:05:06Z pin=FOOBAR\n\
             To: 3; pin=1\n\
             Caller:   555\t9876 \n\
             Subject: Seattle: Meeting\n\
             Expires: 2026-08-23T05:05:06Z\n\
             Two-way: 00321 9f86 ack=1 reply=multichoice\n\
             Choice: 01  West\n\
             From: joe\n\
             Received: 2026-08-23T04:05:06Z\nId: id\n\nm\n"
        );
    }

    #[test]
    fn a_job_that_would_be_read_as_another_is_none() {
        let bad = |job: Job| job.to_bytes().unwrap_err();
        for name in [
            "",
            "a\nTo: b",
            "a\rb",
            "a; level=0",
            "a b",
            " a",
            "a\u{85}b",
            "a\0",
        ] {
            let to = vec![to(name)];
            assert_eq!(bad(Job { to, ..job() }), BadJob::Value("To"), "{name:?}");
        }
        for word in ["", "a b", "a\nTo: b", "a\u{a0}b"] {
            for recipient in [
                Recipient {
                    pin: Some(word.to_owned()),
                    ..to("1")
                },
                Recipient {
                    coverage: Some(word.to_owned()),
                    ..to("1")
                },
            ] {
                let to = vec![recipient];
                assert_eq!(bad(Job { to, ..job() }), BadJob::Value("To"), "{word:?}");
            }
        }
        for name in ["", "a\nb", "a ", "a\u{2028}b"] {
            let from = Some(from(name, false));
            assert_eq!(bad(Job { from, ..job() }), BadJob::Value("From"));
        }
        for text in ["", "a\nTo: b", "a\u{2029}b"] {
            let subject = Some(text.to_owned());
            assert_eq!(bad(Job { subject, ..job() }), BadJob::Value("Subject"));
        }
        let id = "a\nb".to_owned();
        assert_eq!(bad(Job { id, ..job() }), BadJob::Value("Id"));
        let nobody = Job {
            to: vec![],
            ..job()
        };
        assert_eq!(bad(nobody), BadJob::Nobody);
        let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 60));
        let received = far.unwrap();
        assert_eq!(bad(Job { received, ..job() }), BadJob::Time);
    }

    proptest! {
        #[test]
        fn values_add_no_line(name: String, word: String, line: String, id: String, message: Vec<u8>) {
            let recipient = Recipient { pin: Some(word.clone()), coverage: Some(word), ..to(&name) };
            let job = Job {
                to: vec![recipient],
                from: Some(from(&line, false)),
                caller: Some(line.clone()),
                subject: Some(line),
                id,
                message,
                ..job()
            };
            if let Ok(file) = job.to_bytes() {
                let end = file.windows(2).position(|pair| pair == b"\n\n").unwrap();
                let (head, message) = file.split_at(end);
                let head = std::str::from_utf8(head).unwrap();
                prop_assert_eq!(head.lines().count(), 6);
                prop_assert_eq!(message, [b"\n\n", job.message.as_slice(), b"\n"].concat());
            }
        }
    }
}
