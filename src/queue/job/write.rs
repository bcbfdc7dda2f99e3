//! The job as it is written.
//!
//! Answers for refusing what would be read as something else.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{BadJob, Job, MAX_TO, REPLIES, Recipient, TwoWay};
use crate::duration::YEAR;
use crate::queue::spool::is_id;
use crate::text::shape::breaks_line;

impl Job {
    /// The file. Its last LF is the file's and not the message's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadJob> {
        if self.to.is_empty() {
            return Err(BadJob::Nobody);
        }
        if self.to.len() > MAX_TO {
            return Err(BadJob::Many);
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
        if let Some(span) = self.dedup {
            header(&mut file, "Dedup", &seconds(span)?)?;
        }
        if let Some(parts) = self.max_parts {
            header(&mut file, "Max-parts", &parts.to_string())?;
        }
        if let Some(two_way) = &self.two_way {
            two_way.write(&mut file)?;
        }
        if let Some(sender) = &self.from {
            // A name that is none must not hide behind its mark.
            let name = &sender.name;
            let is_marked = sender.verified && name.starts_with('?');
            if name.is_empty() || name.trim() != name || is_marked {
                return Err(BadJob::Value("From"));
            }
            header(&mut file, "From", &sender.to_string())?;
        }
        for (name, id) in [("Failure-of", &self.failure_of), ("Origin", &self.origin)] {
            if let Some(id) = id {
                named(&mut file, name, id)?;
            }
        }
        header(&mut file, "Received", &time(self.received)?)?;
        named(&mut file, "Id", &self.id)?;
        Ok([file.as_bytes(), b"\n", &self.message, b"\n"].concat())
    }
}

impl Recipient {
    fn value(&self) -> Result<String, BadJob> {
        // What follows a semicolon is an option, and what follows a comma another name.
        let is_one = !self.name.contains([';', ',']);
        let has_one_pin = self.pin.is_none() || self.pin_file.is_none();
        let has_level = self.level.is_none_or(|level| level <= 11);
        if !(is_one && has_one_pin && has_level) {
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
        if let Some(path) = &self.pin_file {
            let path = path.to_str().filter(|path| path.starts_with('/'));
            words.push(("pin-file=", path.ok_or(BadJob::Value("To"))?.to_owned()));
        }
        let mut value = String::new();
        for (at, (key, word)) in words.iter().enumerate() {
            if !is_word(word) {
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
        let is_known = self.reply.is_none_or(|reply| REPLIES.contains(&reply));
        if !is_known {
            return Err(BadJob::Value("Two-way"));
        }
        let mut value = ticket("Two-way", &self.tag, &self.pass)?;
        let ack = self.ack.then_some(" ack=1");
        value.push_str(ack.unwrap_or_default());
        if let Some(reply) = self.reply {
            value.push_str(" reply=");
            value.push_str(&reply.to_ascii_lowercase());
        }
        header(file, "Two-way", &value)?;
        for (code, text) in &self.choices {
            if !is_word(code) {
                return Err(BadJob::Value("Choice"));
            }
            line(file, "Choice", &format!("{code} {text}"))?;
        }
        Ok(())
    }
}

/// A time as job files write it.
pub(in crate::queue) fn time(at: SystemTime) -> Result<String, BadJob> {
    let at = Timestamp::try_from(at).map_err(|_| BadJob::Time)?;
    Ok(format!("{at:.0}"))
}

/// A span of time as job files write it: what is less than a second is a whole one.
fn seconds(span: Duration) -> Result<String, BadJob> {
    let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    if whole > YEAR.as_secs() {
        return Err(BadJob::Value("Dedup"));
    }
    Ok(format!("{whole}s"))
}

/// Does it stay one word among others?
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// A tag and the hash of its pass code: two words.
pub(in crate::queue) fn ticket(
    name: &'static str,
    tag: &str,
    pass: &str,
) -> Result<String, BadJob> {
    if !is_word(tag) || !is_word(pass) {
        return Err(BadJob::Value(name));
    }
    Ok(format!("{tag} {pass}"))
}

/// A header that names a job.
pub(in crate::queue) fn named(
    file: &mut String,
    name: &'static str,
    id: &str,
) -> Result<(), BadJob> {
    if !is_id(id) {
        return Err(BadJob::Value(name));
    }
    line(file, name, id)
}

/// A header whose reader may trim its value.
pub(in crate::queue) fn header(
    file: &mut String,
    name: &'static str,
    value: &str,
) -> Result<(), BadJob> {
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
    use crate::queue::job::Sender;
    use proptest::prelude::*;

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
            from: Some(from("joe", false)),
            received: moment(),
            id: "id".to_owned(),
            ..Job::new([to("oncall"), to("5551212")], "Disk full\n\nTo: x")
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
            pin_file: Some("/etc/pin".into()),
            ..to("3")
        };
        let job = Job {
            to: vec![to("oncall"), second, third],
            from: Some(from("joe", true)),
            caller: Some("  555\t9876 ".to_owned()),
            subject: Some("Seattle: Meeting".to_owned()),
            expires: Some(moment() + Duration::from_secs(3600)),
            dedup: Some(Duration::from_millis(599_001)),
            max_parts: std::num::NonZeroUsize::new(3),
            failure_of: Some("1-2".to_owned()),
            origin: Some("3-4".to_owned()),
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
             To: 3; pin-file=/etc/pin\n\
             Caller:   555\t9876 \n\
             Subject: Seattle: Meeting\n\
             Expires: 2026-08-23T05:05:06Z\n\
             Dedup: 600s\n\
             Max-parts: 3\n\
             Two-way: 00321 9f86 ack=1 reply=multichoice\n\
             Choice: 01  West\n\
             From: joe\n\
             Failure-of: 1-2\nOrigin: 3-4\n\
             Received: 2026-08-23T04:05:06Z\nId: id\n\nm\n"
        );
    }

    #[test]
    fn an_option_that_would_be_read_as_another_is_none() {
        let bad = |job: Job| job.to_bytes().unwrap_err();
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
        for recipient in [
            Recipient {
                level: Some(12),
                ..to("1")
            },
            Recipient {
                pin: Some("1".to_owned()),
                pin_file: Some("/pin".into()),
                ..to("1")
            },
            Recipient {
                pin_file: Some("pin".into()),
                ..to("1")
            },
            Recipient {
                pin_file: Some("/a b".into()),
                ..to("1")
            },
        ] {
            let to = vec![recipient];
            assert_eq!(bad(Job { to, ..job() }), BadJob::Value("To"));
        }
    }

    #[test]
    fn a_job_that_would_be_read_as_another_is_none() {
        let bad = |job: Job| job.to_bytes().unwrap_err();
        for name in [
            "",
            "a\nTo: b",
            "a\rb",
            "a; level=0",
            "a,b",
            "a b",
            " a",
            "a\u{85}b",
            "a\0",
        ] {
            let to = vec![to(name)];
            assert_eq!(bad(Job { to, ..job() }), BadJob::Value("To"), "{name:?}");
        }
        for name in ["", "a\nb", "a ", "a\u{2028}b"] {
            let from = Some(from(name, false));
            assert_eq!(bad(Job { from, ..job() }), BadJob::Value("From"));
        }
        let marked = Some(from("?joe", true));
        assert_eq!(
            bad(Job {
                from: marked,
                ..job()
            }),
            BadJob::Value("From")
        );
        let dedup = Some(YEAR + Duration::from_millis(1));
        assert_eq!(bad(Job { dedup, ..job() }), BadJob::Value("Dedup"));
        for (reply, code, name) in [
            (Some("MAYBE"), "1", "Two-way"),
            (None, "1 ", "Choice"),
            (None, "", "Choice"),
        ] {
            let two_way = Some(TwoWay {
                tag: "1".to_owned(),
                pass: "2".to_owned(),
                ack: false,
                reply,
                choices: vec![(code.to_owned(), String::new())],
            });
            assert_eq!(bad(Job { two_way, ..job() }), BadJob::Value(name));
        }
        for text in ["", "a\nTo: b", "a\u{2029}b"] {
            let subject = Some(text.to_owned());
            assert_eq!(bad(Job { subject, ..job() }), BadJob::Value("Subject"));
        }
        for id in ["", "a\nb", "../a", "a b"] {
            let id = id.to_owned();
            let failure_of = Some(id.clone());
            let named = id.clone();
            assert_eq!(bad(Job { id: named, ..job() }), BadJob::Value("Id"));
            assert_eq!(
                bad(Job {
                    failure_of,
                    ..job()
                }),
                BadJob::Value("Failure-of")
            );
            let origin = Some(id);
            assert_eq!(bad(Job { origin, ..job() }), BadJob::Value("Origin"));
        }
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
        fn values_add_no_line(name: String, word: String, line: String, id in "[a-z0-9\n -]{1,9}", message: Vec<u8>) {
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
