//! `page-mail`: queue the page that a mail on standard input asks for.
//!
//! Answers for its flags, for who may page whom, and for an exit status that a
//! mail server understands: what is our own trouble is 75, so that it keeps the
//! mail. Standard input is read to its end whatever comes of it. Must never know
//! how a page is delivered.

mod names;
mod sender;
mod words;

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Parser;
use rustix::stdio::stdin;

use self::names::Names;
use super::serve::signals;
use super::spool::{self, SpoolArgs, not_taken};
use crate::config::Config;
use crate::config::defaults::MAX_MAIL;
use crate::config::tables;
use crate::diag::{Diag, Priority, cause};
use crate::exit::{Exit, Failure};
use crate::mail::Mail;
use crate::queue::job::{Job, Sender};
use crate::queue::spool::{MAX_JOB, Spool};
use crate::text::split::{DEFAULT_PARTS, MORE};
use crate::transport::fd::{Deadline, Patience, read_each};
use crate::transport::interrupt::Interrupt;

const NAME: &str = "page-mail";

/// How long nothing may come, and how long the mail may take altogether: less
/// than a mail server waits.
const IDLE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(540);

/// Queue the page that a mail on standard input asks for
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Names of pagers or groups, or addresses page+NAME@...
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    place: SpoolArgs,
    /// Most parts of a split message [default: the configuration's, else 9]
    #[arg(long, value_name = "N")]
    max_parts: Option<NonZeroUsize>,
}

/// What there must be before a mail can be taken.
struct Gateway {
    config: Config,
    spool: Spool,
}

/// A mail as it came.
struct Input {
    /// Its beginning.
    bytes: Vec<u8>,
    /// All of it, in bytes.
    size: u64,
}

/// What became of a mail, in words for the log.
enum Fate {
    Accepted(String),
    Dropped(String),
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let log = Diag::mail_log(NAME);
    let mut about = String::new();
    match take(args, &mut about) {
        Ok(Fate::Accepted(what)) => {
            log.log(Priority::Info, &format!("accepted {what}{about}"));
            Exit::Ok
        }
        Ok(Fate::Dropped(why)) => {
            log.log(Priority::Info, &format!("dropped{about}: {why}"));
            Exit::Ok
        }
        Err(failure) => {
            let why = format!("{:#}", failure.cause);
            let (priority, what) = match failure.exit {
                Exit::TempFail => (Priority::Error, "put off"),
                _ => (Priority::Warning, "refused"),
            };
            log.log(priority, &format!("{what}{about}: {why}"));
            Diag::client(NAME, false).warn(&why);
            failure.exit
        }
    }
}

/// Reads the mail that came with a wrong command line: who sends it must not
/// find the pipe broken.
pub(super) fn turn_away() {
    if !rustix::termios::isatty(stdin()) {
        // There is nobody left to tell of an error.
        _ = read(0, None);
    }
}

/// Takes a mail. `about`: what the log says of it, as far as it is known.
fn take(args: &Args, about: &mut String) -> Result<Fate, Failure> {
    let interrupt = signals().map_err(ours)?;
    let gateway = Gateway::open(&args.place);
    let keep = gateway.as_ref().map_or(0, Gateway::max_size);
    let input = read(keep, Some(&interrupt)).map_err(|error| unread(&error))?;
    *about = format!(", {} bytes of mail", input.size);
    let gateway = gateway.map_err(ours)?;
    let mut mail = Mail::read(&input.bytes, MAX_JOB);
    let is_cut = input.size > input.bytes.len() as u64;
    if is_cut && !mail.text_ends {
        mail.text.push_str(MORE);
    }
    let from = mail.from.first().map_or("", |from| from.address.as_str());
    *about = match from {
        "" => format!(" from nobody{about}"),
        from => format!(" from {from}{about}"),
    };
    if let Some(why) = mail.unwanted {
        return Ok(Fate::Dropped(why.word().to_owned()));
    }
    sender::check(gateway.table(), &mail.from)?;
    let names = Names(&gateway.config).of(&args.names, &mail)?;
    let job = gateway.job(names, &mail, args.max_parts)?;
    if let Err(error) = gateway.spool.accept(&job) {
        return Err(later(not_taken(&error).text));
    }
    let names: Vec<&str> = job.to.iter().map(|to| to.name.as_str()).collect();
    let length = job.message.len();
    Ok(Fate::Accepted(format!(
        "{} for {}, {length} bytes,",
        job.id,
        names.join(",")
    )))
}

impl Gateway {
    fn open(place: &SpoolArgs) -> Result<Self, Failure> {
        let config = place.find_config()?.ok_or_else(|| {
            let text = "no configuration, so there is nobody to page: write /etc/pagebox.toml, or give --config FILE";
            Failure::new(Exit::Config, text)
        })?;
        let spool = spool::open(&place.dir(Some(&config), "")?)?;
        Ok(Self { config, spool })
    }

    fn table(&self) -> Option<&tables::Mail> {
        self.config.tables().mail.as_ref()
    }

    fn max_size(&self) -> usize {
        let size = self.table().and_then(|mail| mail.max_size);
        size.map_or(MAX_MAIL, NonZeroUsize::get)
    }

    /// The page that a mail asks for.
    fn job(
        &self,
        names: Vec<String>,
        mail: &Mail,
        parts: Option<NonZeroUsize>,
    ) -> Result<Job, Failure> {
        let template = self.table().and_then(|mail| mail.template.as_ref());
        let text = words::message(mail, template)?;
        let mut job = Job::new(names, Vec::new());
        let from = mail.from.iter().find(|from| !from.address.is_empty());
        job.from = from.map(|from| Sender {
            name: from.address.clone(),
            verified: false,
        });
        let parts = parts.or(self.table().and_then(|mail| mail.max_parts));
        job.max_parts = parts.or(NonZeroUsize::new(DEFAULT_PARTS));
        let head = job.to_bytes();
        let head = head.map_err(|error| Failure::data(error.to_string()))?;
        let room = MAX_JOB.saturating_sub(head.len());
        job.message = words::shorten(text, room).into_bytes();
        Ok(job)
    }
}

/// Reads standard input to its end, and keeps so many bytes of it.
fn read(keep: usize, interrupt: Option<&Interrupt>) -> io::Result<Input> {
    let patience = Patience {
        idle: IDLE,
        end: Deadline::after(LIMIT),
    };
    let (mut bytes, mut size) = (Vec::new(), 0);
    read_each(stdin(), patience, interrupt, |chunk| {
        let room = keep - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        size += chunk.len() as u64;
        true
    })?;
    Ok(Input { bytes, size })
}

fn unread(error: &io::Error) -> Failure {
    later(match error.kind() {
        io::ErrorKind::TimedOut => "the end of the mail did not come in time".to_owned(),
        io::ErrorKind::Interrupted => "interrupted; nothing is queued".to_owned(),
        _ => format!("standard input: {}", cause(error)),
    })
}

fn ours(failure: Failure) -> Failure {
    Failure {
        exit: Exit::TempFail,
        ..failure
    }
}

/// Our own trouble, or nobody's: the mail server keeps the mail, and tries again.
fn later(text: String) -> Failure {
    Failure::new(Exit::TempFail, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_without_an_end_is_put_off_before_its_server_gives_up() {
        let failure = unread(&io::ErrorKind::TimedOut.into());
        assert_eq!(failure.exit, Exit::TempFail);
        let words = "the end of the mail did not come in time";
        assert_eq!(failure.cause.to_string(), words);
        assert!(IDLE < LIMIT && LIMIT < Duration::from_secs(600));
    }
}
