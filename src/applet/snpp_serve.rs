//! `snpp-serve`: one SNPP session on standard input and output, into a spool
//! or to a command.
//!
//! Answers for its flags and for what it needs to begin. The dialogue is
//! [`crate::protocol::snpp::server`]'s affair, the answers to its questions
//! [`host`]'s, and what becomes of a page [`crate::sink`]'s.

mod host;
mod tickets;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use jiff::tz::TimeZone;

use self::host::Host;
use super::serve::intake::Intake;
use super::serve::{self, Guest, LINGER, ServeArgs};
use crate::access::users::Users;
use crate::cli::message::positive;
use crate::config::Config;
use crate::diag::Diag;
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::protocol::snpp::server::talk::Settings;
use crate::protocol::snpp::server::{NOT_YOU, Server, UNAVAILABLE};
use crate::queue::spool::MAX_JOB;
use crate::session::Session;
use crate::transport::fd::Deadline;

const NAME: &str = "snpp-serve";

/// The longest message whose job has room for its headers, in bytes.
const MAX_SPOOLED: usize = MAX_JOB - 16 * 1024;

/// Serve one SNPP session on standard input and output
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    serve: ServeArgs,
    /// Name in the greeting [default: this host's]
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    hostname: Option<String>,
    /// Longest message, in bytes
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = positive())]
    max_message: usize,
    /// Most pagers of one message [default: 50; with a command 1, and no more]
    #[arg(long, value_name = "N", value_parser = positive())]
    max_recipients: Option<usize>,
    /// Errors before the session is ended; refused pagers in a row: ten times as many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = positive())]
    max_errors: usize,
    /// Longest silence of a client
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = duration::limit)]
    idle_timeout: Duration,
    /// Longest session
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration::limit)]
    session_timeout: Duration,
    /// Time zone of a HOLD without offset [default: this machine's]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    hold_zone: Option<TimeZone>,
    /// File of logins, as htpasswd -B writes it
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Take nothing from a client before its login
    #[arg(long, requires = "users")]
    require_login: bool,
}

fn host_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("a host name has no blanks".to_owned());
    }
    Ok(text.to_owned())
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "no such time zone; one is Europe/Berlin".to_owned())
}

/// Tells a client, if there is one, that nobody serves it: the command line is wrong.
pub(super) fn turn_away() {
    serve::turn_away(UNAVAILABLE);
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    serve::run(NAME, |diag| serve(args, diag))
}

fn serve(args: &Args, diag: &Diag) -> Result<(), Failure> {
    let guest = serve::admit(&args.serve.allow, args.users.is_some(), NOT_YOU, diag)?;
    let Some(mut guest) = guest else {
        return Ok(());
    };
    let ready = serve::signals().and_then(|interrupt| {
        let ready = prepare(args, &guest, diag)?;
        Ok((interrupt, ready))
    });
    match ready {
        Ok((interrupt, ready)) => {
            let host = Host {
                args,
                intake: ready.intake,
                users: ready.users,
                credential: None,
                tickets: tickets::Tickets::default(),
            };
            let session = Session::new(Server::new(ready.settings), guest.line);
            host.talk(session, &interrupt);
            Ok(())
        }
        Err(failure) => {
            guest.line.part(UNAVAILABLE, Deadline::after(LINGER));
            Err(failure)
        }
    }
}

/// What a session needs before it begins.
struct Ready<'a> {
    settings: Settings,
    intake: Intake<'a>,
    users: Option<Users>,
}

fn prepare<'a>(args: &Args, guest: &Guest, diag: &'a Diag) -> Result<Ready<'a>, Failure> {
    let config = args.serve.find_config()?;
    let users = args.users.as_deref().map(Users::read).transpose();
    let users = users.map_err(|text| Failure::new(Exit::Config, text))?;
    let two_way = config.as_ref().is_some_and(Config::any_two_way);
    let intake = Intake::open(&args.serve, config, guest.sender(), diag)?;
    let direct = intake.spool().is_none();
    let recipients = match (args.max_recipients, direct) {
        (Some(2..), true) => {
            return Err(Failure::usage(
                "--max-recipients: with a command it is 1, because one reply cannot tell two fates",
            ));
        }
        (given, true) => given.unwrap_or(1),
        (given, false) => given.unwrap_or(50),
    };
    Ok(Ready {
        settings: Settings {
            hostname: args.hostname.clone().unwrap_or_else(this_host),
            message: if direct {
                args.max_message
            } else {
                args.max_message.min(MAX_SPOOLED)
            },
            recipients,
            errors: args.max_errors,
            login_first: guest.login_first || args.require_login,
            direct,
            two_way: !direct && two_way,
        },
        intake,
        users,
    })
}

fn this_host() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    host_name(&name).unwrap_or_else(|_| "localhost".to_owned())
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

    #[test]
    fn a_zone_is_one_that_there_is() {
        assert!(zone("UTC").is_ok());
        assert!(zone("Mars/Olympus").is_err());
    }
}
