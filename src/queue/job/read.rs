//! The job as it is read: what a shell has written, or one of our own programs.
//!
//! Forgiving about form: names of headers in any case, blanks around values,
//! CRLF, a last line without its end. Strict about sense: what is not understood
//! is an error that names its line, as it may be what the page depends on.
//!
//! Answers for reading back whatever `Job::to_bytes` writes, and for taking
//! nothing for a job that was cut short. Must never drop a header.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{BadJob, Job, MAX_TO, REPLIES, Recipient, Sender, TwoWay};
use crate::duration;
use crate::page::{alert, level};
use crate::queue::spool::is_id;
use crate::queue::tags::Forget;
use crate::text::shape::breaks_line;

/// What a file in the spool asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every one is a job, and one is read at a time"
)]
pub enum Submission {
    /// A page.
    Job(Job),
    /// That a tag be forgotten.
    Forget(Forget),
}

/// The longest reason, in characters: what was written may be a whole file in one line.
const MAX_REASON: usize = 240;

/// Reads a file. `received` and `id` stand in where it does not say them.
///
/// The message is what follows the first empty line, less one last LF; where
/// that line ends in CRLF, those of the message end in LF instead. A time may
/// have any offset, and `Expires` may be a duration, counted from the receipt.
pub fn read(file: &[u8], received: SystemTime, id: &str) -> Result<Submission, String> {
    let mut draft = Draft::default();
    let mut rest = file;
    for number in 1_usize.. {
        let at = |why: &str| {
            let mut why: String = why.chars().take(MAX_REASON).collect();
            why.insert_str(0, &format!("line {number}: "));
            why
        };
        let mut lines = rest.splitn(2, |byte| *byte == b'\n');
        let (line, behind) = (lines.next().unwrap_or_default(), lines.next());
        let behind =
            behind.ok_or_else(|| at("no empty line behind the headers: the file is not whole"))?;
        let (line, crlf) = match line.strip_suffix(b"\r") {
            Some(line) => (line, true),
            None => (line, false),
        };
        if line.is_empty() {
            let submission = draft.finish(message(behind, crlf), received, id);
            return submission.map_err(|why| at(&why));
        }
        let line = std::str::from_utf8(line).map_err(|_| at("a header that is not UTF-8"))?;
        draft.header(line).map_err(|why| at(&why))?;
        rest = behind;
    }
    Err("more lines than can be counted".to_owned())
}

fn message(bytes: &[u8], crlf: bool) -> Vec<u8> {
    let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if !crlf {
        return whole.to_vec();
    }
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut text = lines.collect::<Vec<_>>().join(&b'\n');
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    text
}

/// What the headers have said so far.
#[derive(Default)]
struct Draft {
    to: Vec<Recipient>,
    from: Option<Sender>,
    caller: Option<String>,
    subject: Option<String>,
    expires: Option<Until>,
    dedup: Option<Duration>,
    max_parts: Option<NonZeroUsize>,
    failure_of: Option<String>,
    origin: Option<String>,
    two_way: Option<TwoWay>,
    choices: Vec<(String, String)>,
    forget: Option<(String, String)>,
    received: Option<SystemTime>,
    id: Option<String>,
}

enum Until {
    At(SystemTime),
    /// Counted from the receipt, which another line may tell.
    For(Duration),
}

impl Draft {
    fn header(&mut self, line: &str) -> Result<(), String> {
        if line.contains(breaks_line) {
            return Err(format!("a control character in {line:?}"));
        }
        let (name, written) = line.split_once(':').ok_or_else(|| {
            format!("{line:?} is no header such as \"To: NAME\", and no empty line stands before")
        })?;
        let written = written.strip_prefix(' ').unwrap_or(written);
        let value = written.trim();
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            // Whose value a script had nothing to put in.
            "caller" | "subject" if written.is_empty() => return Ok(()),
            "caller" => once(&mut self.caller, Ok(written.to_owned())),
            "subject" => once(&mut self.subject, Ok(written.to_owned())),
            "choice" => choice(written).map(|choice| self.choices.push(choice)),
            "to" => recipients(value).and_then(|more| self.add(more)),
            "from" => once(&mut self.from, sender(value)),
            "expires" => once(&mut self.expires, until(value)),
            "dedup" => once(&mut self.dedup, duration::up_to_a_year(value)),
            "max-parts" => once(&mut self.max_parts, parts(value)),
            "failure-of" => once(&mut self.failure_of, id_of(value)),
            "origin" => once(&mut self.origin, id_of(value)),
            "two-way" => once(&mut self.two_way, two_way(value)),
            "forget" => once(&mut self.forget, ticket(value)),
            "received" => once(&mut self.received, time(value)),
            "id" => once(&mut self.id, id_of(value)),
            _ => {
                let name = line.split(':').next().unwrap_or_default();
                return Err(format!("unknown header {name:?}"));
            }
        }
        .map_err(|why| format!("{}: {why}", title(&name)))
    }

    fn add(&mut self, more: Vec<Recipient>) -> Result<(), String> {
        self.to.extend(more);
        if self.to.len() > MAX_TO {
            return Err(BadJob::Many.to_string());
        }
        Ok(())
    }

    fn finish(
        self,
        message: Vec<u8>,
        received: SystemTime,
        id: &str,
    ) -> Result<Submission, String> {
        let received = self.received.unwrap_or(received);
        let id = self.id.unwrap_or_else(|| id.to_owned());
        if let Some((tag, pass)) = self.forget {
            let is_alone = self.to.is_empty()
                && self.from.is_none()
                && self.caller.is_none()
                && self.subject.is_none()
                && self.expires.is_none()
                && self.dedup.is_none()
                && self.max_parts.is_none()
                && self.failure_of.is_none()
                && self.origin.is_none()
                && self.two_way.is_none()
                && self.choices.is_empty()
                && message.is_empty();
            if !is_alone {
                return Err("a request to forget is no page as well".to_owned());
            }
            return Ok(Submission::Forget(Forget {
                tag,
                pass,
                received,
                id,
            }));
        }
        if self.to.is_empty() {
            return Err("no header \"To: NAME\" says for whom it is".to_owned());
        }
        let two_way = match self.two_way {
            Some(wishes) => Some(TwoWay {
                choices: self.choices,
                ..wishes
            }),
            None if self.choices.is_empty() => None,
            None => return Err("Choice: is nothing without Two-way:".to_owned()),
        };
        let expires = match self.expires {
            Some(Until::At(at)) => Some(at),
            Some(Until::For(span)) => {
                let at = received.checked_add(span);
                Some(at.ok_or("Expires: no calendar has that time")?)
            }
            None => None,
        };
        Ok(Submission::Job(Job {
            to: self.to,
            from: self.from,
            caller: self.caller,
            subject: self.subject,
            expires,
            dedup: self.dedup,
            max_parts: self.max_parts,
            failure_of: self.failure_of,
            origin: self.origin,
            two_way,
            received,
            id,
            message,
        }))
    }
}

/// `failure-of` as it is written: `Failure-of`.
fn title(name: &str) -> String {
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    first.to_ascii_uppercase() + rest
}

fn once<T>(place: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    if place.is_some() {
        return Err("stands there twice".to_owned());
    }
    *place = Some(value?);
    Ok(())
}

/// A word of an option, or of a list.
fn word(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.contains(char::is_whitespace) {
        return Err(format!("{text:?} is more than one word"));
    }
    Ok(text.to_owned())
}

fn id_of(value: &str) -> Result<String, String> {
    if is_id(value) {
        return Ok(value.to_owned());
    }
    Err(format!(
        "{value:?} is no ID: letters and digits, and hyphens behind the first"
    ))
}

fn time(value: &str) -> Result<SystemTime, String> {
    let at = value.parse::<Timestamp>().map_err(|_| {
        format!("{value:?} is not RFC 3339 with an offset, such as 2030-12-24T18:00:00+01:00")
    })?;
    Ok(at.into())
}

fn until(value: &str) -> Result<Until, String> {
    if let Ok(at) = time(value) {
        return Ok(Until::At(at));
    }
    let span = duration::up_to_a_year(value);
    span.map(Until::For).map_err(|why| {
        format!(
            "{value:?} is neither RFC 3339 with an offset, such as 2030-12-24T18:00:00Z, nor a duration: {why}"
        )
    })
}

fn parts(value: &str) -> Result<NonZeroUsize, String> {
    let number = value.parse();
    number.map_err(|_| format!("{value:?} is no whole number from 1 on"))
}

fn sender(value: &str) -> Result<Sender, String> {
    let (name, verified) = match value.strip_prefix('?') {
        Some(name) => (name.trim(), false),
        None => (value, true),
    };
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(Sender {
        name: name.to_owned(),
        verified,
    })
}

/// One recipient with its options, or names with commas between them.
fn recipients(value: &str) -> Result<Vec<Recipient>, String> {
    let (names, options) = value.split_once(';').unwrap_or((value, ""));
    let names = names.split(',').map(|name| word(name.trim()));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let mut recipient = Recipient::default();
    for text in options.split_whitespace() {
        option(&mut recipient, text)?;
    }
    if names.len() > 1 && recipient != Recipient::default() {
        return Err("options of several names: each needs a line of its own".to_owned());
    }
    if recipient.pin.is_some() && recipient.pin_file.is_some() {
        return Err("has both a pin and a pin-file".to_owned());
    }
    let one = |name| Recipient {
        name,
        ..recipient.clone()
    };
    Ok(names.into_iter().map(one).collect())
}

fn option(recipient: &mut Recipient, text: &str) -> Result<(), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is no option such as level=1"))?;
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "level" => return once(&mut recipient.level, level(value)),
        "alert" => return once(&mut recipient.alert, alert(value)),
        "coverage" => once(&mut recipient.coverage, word(value)),
        "hold" => once(&mut recipient.hold, time(value)),
        "pin" => once(&mut recipient.pin, word(value)),
        "pin-file" => once(&mut recipient.pin_file, path(value)),
        _ => return Err(format!("unknown option {text:?}")),
    }
    .map_err(|why| format!("{name}: {why}"))
}

fn path(value: &str) -> Result<PathBuf, String> {
    if !value.starts_with('/') {
        return Err(format!("{value:?} is no path that begins with /"));
    }
    Ok(value.into())
}

fn ticket(value: &str) -> Result<(String, String), String> {
    let mut words = value.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(tag), Some(pass), None) => Ok((tag.to_owned(), pass.to_owned())),
        _ => Err(format!("{value:?} is not a tag and a hash")),
    }
}

fn two_way(value: &str) -> Result<TwoWay, String> {
    let mut words = value.split_whitespace();
    let (Some(tag), Some(pass)) = (words.next(), words.next()) else {
        return Err(format!("{value:?} is not a tag and a hash"));
    };
    let (mut ack, mut reply) = (None, None);
    for text in words {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match name.to_ascii_lowercase().as_str() {
            "ack" => once(&mut ack, alert(value).map_err(|_| no_option(text)))?,
            "reply" => {
                let mut known = REPLIES.into_iter();
                let kind = known.find(|kind| kind.eq_ignore_ascii_case(value));
                once(&mut reply, kind.ok_or_else(|| no_option(text)))?;
            }
            _ => return Err(no_option(text)),
        }
    }
    Ok(TwoWay {
        tag: tag.to_owned(),
        pass: pass.to_owned(),
        ack: ack.unwrap_or_default(),
        reply,
        choices: Vec::new(),
    })
}

fn no_option(text: &str) -> String {
    format!("unknown option {text:?}")
}

fn choice(written: &str) -> Result<(String, String), String> {
    let (code, text) = written.split_once(' ').unwrap_or((written, ""));
    Ok((word(code)?, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    const NOW: Duration = Duration::from_secs(1_787_457_906);

    fn read_at(file: impl AsRef<[u8]>) -> Result<Submission, String> {
        read(file.as_ref(), UNIX_EPOCH + NOW, "now-1")
    }

    fn job(file: impl AsRef<[u8]>) -> Job {
        match read_at(file).unwrap() {
            Submission::Job(job) => job,
            Submission::Forget(request) => panic!("{request:?}"),
        }
    }

    fn names(job: &Job) -> Vec<&str> {
        job.to.iter().map(|to| to.name.as_str()).collect()
    }

    #[test]
    fn what_a_shell_writes_is_a_job() {
        let read = job("To: oncall\n\nDisk full\n");
        assert_eq!(names(&read), ["oncall"]);
        assert_eq!(read.message, b"Disk full");
        assert_eq!(read.received, UNIX_EPOCH + NOW);
        assert_eq!((read.id.as_str(), read.from), ("now-1", None));
        let all = job(
            "tO:a , b,c\r\nTO:\t5;level=0 ALERT=1  coverage=2;x=y hold=2026-08-23T08:05:07+02:00 \
             pin=1\r\nto: v ; pin-file=/etc/pin\r\nCaller:  555 \r\nSubject:\r\nExpires: 10m\r\n\
             dedup: 90\r\nmax-parts: 3\r\nFailure-Of: 1-2\r\nORIGIN: 3-4\r\nTwo-way: 1 2 reply=YesNo ack=1\r\nChoice: 1 \r\n\
             From: ? joe\r\nReceived: 2026-08-23T06:05:06+02:00\r\nId: 9\r\n\r\na\r\nb\r\n\r\n",
        );
        assert_eq!(names(&all), ["a", "b", "c", "5", "v"]);
        let fifth = &all.to[3];
        assert_eq!((fifth.level, fifth.alert), (Some(0), Some(true)));
        assert_eq!(fifth.coverage.as_deref(), Some("2;x=y"));
        let second = Duration::from_secs(1);
        assert_eq!(fifth.hold, Some(UNIX_EPOCH + NOW + 7201 * second));
        assert_eq!(fifth.pin.as_deref(), Some("1"));
        assert_eq!(all.to[4].pin_file, Some("/etc/pin".into()));
        assert_eq!(all.caller.as_deref(), Some(" 555 "));
        assert_eq!(all.subject, None);
        assert_eq!(all.received, UNIX_EPOCH + NOW);
        assert_eq!(all.expires, Some(UNIX_EPOCH + NOW + 600 * second));
        assert_eq!(all.dedup, Some(90 * second));
        assert_eq!(all.max_parts, NonZeroUsize::new(3));
        assert_eq!(all.failure_of.as_deref(), Some("1-2"));
        let from = all.from.unwrap();
        assert_eq!((from.name.as_str(), from.verified), ("joe", false));
        let wishes = all.two_way.unwrap();
        assert_eq!((wishes.ack, wishes.reply), (true, Some("YESNO")));
        assert_eq!(wishes.choices, [("1".to_owned(), String::new())]);
        assert_eq!((all.id.as_str(), all.message), ("9", b"a\nb\n".to_vec()));
    }

    #[test]
    fn the_message_is_what_follows_less_one_line_end() {
        for (text, message) in [
            ("", ""),
            ("\n", ""),
            ("a", "a"),
            ("a\n", "a"),
            ("a\n\n", "a\n"),
            ("\na\r\n", "\na\r"),
            ("To: b\n\0\n", "To: b\n\0"),
        ] {
            let read = job(format!("To: a\n\n{text}"));
            assert_eq!(read.message, message.as_bytes(), "{text:?}");
        }
        assert_eq!(job(b"To: a\n\n\xff\n").message, b"\xff");
    }

    /// What is wrong, and how it is said.
    const WRONG: &[(&str, &str)] = &[
        (
            "To: a\nColour: red\n\n",
            "line 2: unknown header \"Colour\"",
        ),
        (
            "To: a\nred\n\n",
            "line 2: \"red\" is no header such as \"To: NAME\", and no empty line stands before",
        ),
        (
            "",
            "line 1: no empty line behind the headers: the file is not whole",
        ),
        (
            "To: a\nSubj",
            "line 2: no empty line behind the headers: the file is not whole",
        ),
        (
            "To: a\n",
            "line 2: no empty line behind the headers: the file is not whole",
        ),
        (
            "Subject: x\n\nm",
            "line 2: no header \"To: NAME\" says for whom it is",
        ),
        ("\nm", "line 1: no header \"To: NAME\" says for whom it is"),
        ("To:\n\n", "line 1: To: is empty"),
        ("To: a,,b\n\n", "line 1: To: is empty"),
        ("To: a b\n\n", "line 1: To: \"a b\" is more than one word"),
        (
            "To: a,b; level=1\n\n",
            "line 1: To: options of several names: each needs a line of its own",
        ),
        (
            "To: a; level=12\n\n",
            "line 1: To: level \"12\" is no number from 0 to 11",
        ),
        (
            "To: a; level=1 level=1\n\n",
            "line 1: To: stands there twice",
        ),
        (
            "To: a; urgent\n\n",
            "line 1: To: \"urgent\" is no option such as level=1",
        ),
        (
            "To: a; colour=red\n\n",
            "line 1: To: unknown option \"colour=red\"",
        ),
        ("To: a; pin=\n\n", "line 1: To: pin: is empty"),
        (
            "To: a; pin=1 pin-file=/1\n\n",
            "line 1: To: has both a pin and a pin-file",
        ),
        (
            "To: a; pin-file=x\n\n",
            "line 1: To: pin-file: \"x\" is no path that begins with /",
        ),
        (
            "To: a; hold=2026-08-23T08:05:07\n\n",
            "line 1: To: hold: \"2026-08-23T08:05:07\" is not RFC 3339 with an offset, such as 2030-12-24T18:00:00+01:00",
        ),
        (
            "Subject: a\nSubject: b\n\n",
            "line 2: Subject: stands there twice",
        ),
        (
            "Subject: a\rb\n\n",
            "line 1: a control character in \"Subject: a\\rb\"",
        ),
        ("To: a\0\n\n", "line 1: a control character in \"To: a\\0\""),
        (
            "Expires: soon\n\n",
            "line 1: Expires: \"soon\" is neither RFC 3339 with an offset, such as 2030-12-24T18:00:00Z, nor a duration: not a duration such as 500ms, 10s or 1h30m",
        ),
        (
            "Dedup: 5M\n\n",
            "line 1: Dedup: `M` would be months: use `m` for minutes, `d` for days",
        ),
        (
            "Id: ../x\n\n",
            "line 1: Id: \"../x\" is no ID: letters and digits, and hyphens behind the first",
        ),
        ("From: ?\n\n", "line 1: From: is empty"),
        (
            "Two-way: 1\n\n",
            "line 1: Two-way: \"1\" is not a tag and a hash",
        ),
        (
            "Two-way: 1 2 reply=maybe\n\n",
            "line 1: Two-way: unknown option \"reply=maybe\"",
        ),
        (
            "Two-way: 1 2 ack=2\n\n",
            "line 1: Two-way: unknown option \"ack=2\"",
        ),
        (
            "To: a\nChoice: 1 x\n\n",
            "line 3: Choice: is nothing without Two-way:",
        ),
        (
            "Forget: 1 2\nTo: a\n\n",
            "line 3: a request to forget is no page as well",
        ),
        (
            "Forget: 1 2\n\nm",
            "line 2: a request to forget is no page as well",
        ),
    ];

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        for (file, error) in WRONG {
            assert_eq!(read_at(file).unwrap_err(), *error, "{file:?}");
        }
        assert_eq!(
            read_at(b"To: \xe4\n\n").unwrap_err(),
            "line 1: a header that is not UTF-8"
        );
        let long = read_at(format!("{}\n\n", "x".repeat(65_000))).unwrap_err();
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn a_job_has_a_bound_on_its_recipients() {
        let most = "To: a\n".repeat(MAX_TO - 2) + "To: b,c\n";
        let mut job = job(format!("{most}\n"));
        assert!(job.to.len() == MAX_TO && job.to_bytes().is_ok());
        job.to.push(Recipient::default());
        assert_eq!(job.to_bytes(), Err(BadJob::Many));
        for more in ["To: d\n\n", "To: d,e\n\n"] {
            assert_eq!(
                read_at(format!("{most}{more}")).unwrap_err(),
                "line 1000: To: a job may have at most 1000 recipients"
            );
        }
    }

    #[test]
    fn a_request_to_forget_is_read_back() {
        let request = Forget {
            tag: "321".to_owned(),
            pass: "9f86".to_owned(),
            received: UNIX_EPOCH,
            id: "1".to_owned(),
        };
        let read = read_at(request.to_bytes().unwrap());
        assert_eq!(read, Ok(Submission::Forget(request)));
    }

    fn span() -> impl Strategy<Value = Duration> {
        (0..40_000_000_u64).prop_map(Duration::from_secs)
    }

    fn moment() -> impl Strategy<Value = SystemTime> {
        (0..300_000_000_000_u64).prop_map(|s| UNIX_EPOCH + Duration::from_secs(s))
    }

    /// Mostly plain, sometimes what must be refused.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![4 => "[a-zA-Z0-9=?+:;, .-]{1,8}", 1 => any::<String>()]
    }

    fn plain() -> impl Strategy<Value = String> {
        prop_oneof![9 => "[a-zA-Z0-9=?+:.-]{1,8}", 1 => text()]
    }

    fn recipient() -> impl Strategy<Value = Recipient> {
        let pin = prop_oneof![
            Just((None, None)),
            plain().prop_map(|pin| (Some(pin), None)),
            plain().prop_map(|path| (None, Some(format!("/{path}").into())))
        ];
        (
            plain(),
            option::of(0..=11_u8),
            option::of(any::<bool>()),
            option::of(plain()),
            option::of(moment()),
            pin,
        )
            .prop_map(
                |(name, level, alert, coverage, hold, (pin, pin_file))| Recipient {
                    name,
                    level,
                    alert,
                    coverage,
                    hold,
                    pin,
                    pin_file,
                },
            )
    }

    fn wishes() -> impl Strategy<Value = TwoWay> {
        let reply = option::of(proptest::sample::select(&REPLIES[..]));
        let choices = prop::collection::vec((plain(), text()), 0..3);
        (plain(), plain(), any::<bool>(), reply, choices).prop_map(
            |(tag, pass, ack, reply, choices)| TwoWay {
                tag,
                pass,
                ack,
                reply,
                choices,
            },
        )
    }

    fn any_job() -> impl Strategy<Value = Job> {
        let from = (text(), any::<bool>()).prop_map(|(name, verified)| Sender { name, verified });
        let head = (
            prop::collection::vec(recipient(), 1..4),
            option::of(from),
            option::of(text()),
            option::of(text()),
        );
        let rest = (
            option::of(moment()),
            option::of(span()),
            option::of((1_usize..).prop_map(|parts| NonZeroUsize::new(parts).unwrap())),
            option::of("[a-z0-9-]{1,9}"),
            option::of("[a-z0-9-]{1,9}"),
            option::of(wishes()),
            moment(),
            "[a-z0-9-]{1,9}",
            any::<Vec<u8>>(),
        );
        (head, rest).prop_map(
            |(
                (to, from, caller, subject),
                (expires, dedup, max_parts, failure_of, origin, two_way, received, id, message),
            )| Job {
                to,
                from,
                caller,
                subject,
                expires,
                dedup,
                max_parts,
                failure_of,
                origin,
                two_way,
                received,
                id,
                message,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(job in any_job()) {
            if let Ok(file) = job.to_bytes() {
                prop_assert_eq!(read_at(file), Ok(Submission::Job(job)));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, lines in "((To|From|Expires|Two-way|Choice|Forget|Dedup|x): ?[a-z0-9=;, ?TZ:-]{0,12}\r?\n?){0,4}\n?") {
            _ = read_at(bytes);
            _ = read_at(lines);
        }
    }
}
