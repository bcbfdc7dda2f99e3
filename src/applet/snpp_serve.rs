//! `snpp-serve`: one SNPP session on standard input and output, into a spool.
//!
//! Answers for its flags, for who may speak to it, and for the log. The
//! dialogue is [`crate::protocol::snpp::server`]'s affair, and what is
//! accepted [`crate::queue::spool`]'s.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use clap::Parser;

use crate::cli::duration;
use crate::cli::message::positive;
use crate::diag::{Diag, Priority, cause};
use crate::exit::{Exit, Failure};
use crate::protocol::snpp::server::{
    Answer, End, GOING_DOWN, Limits, NOT_YOU, Question, Server, Submission, UNAVAILABLE,
};
use crate::protocol::{Input, Phase};
use crate::queue::job::Job;
use crate::queue::spool::{Spool, new_id};
use crate::session::{Pause, Session};
use crate::text::escape::printable;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::stdio::{self, Far};
use crate::transport::trace::Trace;

const NAME: &str = "snpp-serve";

/// How long a client may take to close after the last word.
const LINGER: Duration = Duration::from_secs(1);

/// Serve one SNPP session on standard input and output
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Directory that accepted pages go into
    #[arg(long, value_name = "DIR", default_value = "/var/spool/pagebox")]
    spool: PathBuf,
    /// Name in the greeting [default: this host's]
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    hostname: Option<String>,
    /// Longest message, in bytes
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = positive())]
    max_message: usize,
    /// Most pagers of one message
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = positive())]
    max_recipients: usize,
    /// Unknown commands before the session is ended
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = positive())]
    max_errors: usize,
    /// Longest silence of a client
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = duration::limit)]
    idle_timeout: Duration,
    /// Longest session
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration::limit)]
    session_timeout: Duration,
    /// Log the text of messages
    #[arg(long)]
    log_text: bool,
}

fn host_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("a host name has no blanks".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::server(NAME);
    match serve(args, &diag) {
        Ok(exit) => exit,
        Err(failure) => {
            diag.log(Priority::Error, &format!("{:#}", failure.cause));
            failure.exit
        }
    }
}

fn serve(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    let os = |what: &str, error: std::io::Error| {
        Failure::new(Exit::Os, format!("{what}: {}", cause(&error)))
    };
    let interrupt = Interrupt::register().map_err(|error| os("signals", error))?;
    // A file over the size limit is then an error of its write, which is answered 554.
    signal_hook::flag::register(
        signal_hook::consts::SIGXFSZ,
        Arc::new(AtomicBool::new(false)),
    )
    .map_err(|error| os("signals", error))?;
    let line = stdio::line().map_err(|error| os("standard input and output", error))?;
    let far = Far::of_stdin();
    let server = Server::new(Limits {
        hostname: args.hostname.clone().unwrap_or_else(this_host),
        message: args.max_message,
        recipients: args.max_recipients,
        errors: args.max_errors,
    });
    let mut host = Host {
        session: Session::new(server, line),
        peer: shown(far),
        diag,
        log_text: args.log_text,
    };
    if !far.is_local() {
        diag.log(
            Priority::Warning,
            &format!("{}: refused: not this machine", host.peer),
        );
        host.session.part(NOT_YOU, Deadline::after(LINGER));
        return Ok(Exit::Ok);
    }
    let spool = match Spool::open(&args.spool, true) {
        Ok(spool) => spool,
        Err(error) => {
            host.session.part(UNAVAILABLE, Deadline::after(LINGER));
            return Err(Failure::new(Exit::CantCreate, error.to_string()));
        }
    };
    host.talk(args, &spool, &interrupt);
    Ok(Exit::Ok)
}

/// One session and those who take part in it.
struct Host<'a> {
    session: Session<Server>,
    peer: String,
    diag: &'a Diag,
    log_text: bool,
}

impl Host<'_> {
    fn talk(&mut self, args: &Args, spool: &Spool, interrupt: &Interrupt) {
        let whole = Deadline::after(args.session_timeout);
        let patience = |_: Phase| Deadline::after(args.idle_timeout).earlier(whole);
        let mut trace = Trace::new(None, false);
        let mut input = Input::Start;
        loop {
            match self
                .session
                .run(input, &patience, &mut trace, Some(interrupt))
            {
                Pause::Asked(Question::Accept(submission)) => {
                    input = Input::Answer(self.accept(submission, spool));
                }
                Pause::Done(End::Quit | End::Closed) => {
                    return self.session.part(b"", Deadline::after(LINGER));
                }
                Pause::Done(end @ (End::Errors | End::Timeout)) => {
                    let why = if end == End::Errors {
                        "too many errors"
                    } else {
                        "timed out"
                    };
                    self.diag
                        .log(Priority::Warning, &format!("{}: {why}", self.peer));
                    return self.session.part(b"", Deadline::after(LINGER));
                }
                Pause::Interrupted => {
                    return self.session.part(GOING_DOWN, Deadline::after(LINGER));
                }
            }
        }
    }

    /// Puts a page on disk. Only then is it accepted.
    fn accept(&self, submission: Submission, spool: &Spool) -> Answer {
        let now = SystemTime::now();
        let id = new_id(now);
        let pagers = submission.pagers.join(",");
        let length = submission.message.len();
        let text = if self.log_text {
            format!(": {}", printable(submission.message.as_bytes()))
        } else {
            String::new()
        };
        let job = Job {
            to: submission.pagers,
            from: submission.from,
            received: now,
            id: id.clone(),
            message: submission.message,
        };
        match spool.accept(&job) {
            Ok(()) => {
                let line = format!(
                    "{}: accepted {id} for {pagers}, {length} bytes{text}",
                    self.peer
                );
                self.diag.log(Priority::Info, &line);
                Answer::Accepted { id }
            }
            Err(error) => {
                let line = format!(
                    "{}: not accepted for {pagers}: {}",
                    self.peer,
                    cause(&error)
                );
                self.diag.log(Priority::Error, &line);
                Answer::Failed
            }
        }
    }
}

fn this_host() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    host_name(&name).unwrap_or_else(|_| "localhost".to_owned())
}

fn shown(far: Far) -> String {
    match far {
        Far::Inet(address) => address.to_string(),
        Far::Unix => "unix".to_owned(),
        Far::NoSocket | Far::Hidden => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_one_word() {
        assert!(host_name("pager.example.com").is_ok());
        assert!(host_name("a b").is_err());
        assert!(host_name("").is_err());
        assert!(host_name(&this_host()).is_ok());
    }
}
