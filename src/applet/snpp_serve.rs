//! `snpp-serve`: one SNPP session on standard input and output, into a spool
//! or to a command.
//!
//! Answers for its flags, for who may speak to it, and for what it needs to
//! begin. The dialogue is [`crate::protocol::snpp::server`]'s affair, the
//! answers to its questions [`host`]'s, and what becomes of a page
//! [`crate::sink`]'s.

mod host;
mod tickets;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Parser;
use jiff::tz::TimeZone;

use self::host::Host;
use crate::access::network::Network;
use crate::access::peer::{Admission, Peer};
use crate::access::users::Users;
use crate::cli::message::positive;
use crate::config::Config;
use crate::diag::{Diag, Priority, cause};
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::protocol::snpp::server::talk::Settings;
use crate::protocol::snpp::server::{NOT_YOU, Server, UNAVAILABLE};
use crate::queue::spool::{MAX_JOB, Room, Spool};
use crate::session::Session;
use crate::sink::Sink;
use crate::sink::command::Command;
use crate::transport::fd::{Deadline, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::stdio::{self, Far};

const NAME: &str = "snpp-serve";

/// Where pages go if neither the command line nor the configuration says.
const SPOOL: &str = "/var/spool/pagebox";

/// The longest message whose job has room for its headers, in bytes.
const MAX_SPOOLED: usize = MAX_JOB - 16 * 1024;

/// How long a client may take to close after the last word.
const LINGER: Duration = Duration::from_secs(1);

/// Serve one SNPP session on standard input and output
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Directory that accepted pages go into [default: the configuration's, else
    /// /var/spool/pagebox]
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    spool: Option<PathBuf>,
    /// Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if
    /// it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name in the greeting [default: this host's]
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    hostname: Option<String>,
    /// Longest message, in bytes
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = positive())]
    max_message: usize,
    /// Most pagers of one message [default: 50; with a command 1, and no more]
    #[arg(long, value_name = "N", value_parser = positive())]
    max_recipients: Option<usize>,
    /// Unknown commands and refused pagers before the session is ended
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = positive())]
    max_errors: usize,
    /// Longest silence of a client
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = duration::limit)]
    idle_timeout: Duration,
    /// Longest session
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration::limit)]
    session_timeout: Duration,
    /// Longest run of the command
    #[arg(long, value_name = "DUR", default_value = "120s", value_parser = duration::limit)]
    command_timeout: Duration,
    /// Time zone of a HOLD without offset [default: this machine's]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    hold_zone: Option<TimeZone>,
    /// File of logins, as htpasswd -B writes it
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Take nothing from a client before its login
    #[arg(long, requires = "users")]
    require_login: bool,
    /// Serve these networks and no others
    #[arg(long, value_name = "CIDR", num_args = 1.., value_delimiter = ',')]
    allow: Vec<Network>,
    /// Bytes of the spool's file system that stay free
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    min_free: u64,
    /// Most jobs that may wait in the spool for a deliverer
    #[arg(long, value_name = "N", value_parser = positive())]
    max_queue: Option<usize>,
    /// Log the text of messages
    #[arg(long)]
    log_text: bool,
    /// Command that delivers each page, instead of the spool
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
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
    if Far::of_stdin() != Far::Pipe {
        if let Ok(mut line) = stdio::line() {
            line.part(UNAVAILABLE, Deadline::after(LINGER));
        }
    }
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::server(NAME);
    match serve(args, &diag) {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            diag.log(Priority::Error, &format!("{:#}", failure.cause));
            failure.exit
        }
    }
}

fn serve(args: &Args, diag: &Diag) -> Result<(), Failure> {
    let os = |what: &str, error: std::io::Error| {
        Failure::new(Exit::Os, format!("{what}: {}", cause(&error)))
    };
    let mut line = stdio::line().map_err(|error| os("standard input and output", error))?;
    let peer = Peer::new(Far::of_stdin(), |name| std::env::var(name).ok());
    let admission = peer.admit(&args.allow, args.users.is_some());
    if let Admission::Refused(why) = admission {
        diag.log(Priority::Warning, &format!("{peer}: refused: {why}"));
        line.part(NOT_YOU, Deadline::after(LINGER));
        return Ok(());
    }
    let signals = signals().map_err(|error| os("signals", error));
    let ready = signals
        .and_then(|interrupt| Ok((interrupt, prepare(args, admission == Admission::WithLogin)?)));
    match ready {
        Ok((interrupt, ready)) => {
            ready.host(args, line, peer, diag).talk(&interrupt);
            Ok(())
        }
        Err(failure) => {
            line.part(UNAVAILABLE, Deadline::after(LINGER));
            Err(failure)
        }
    }
}

fn signals() -> std::io::Result<Interrupt> {
    let interrupt = Interrupt::of_a_server()?;
    // A file over the size limit is then an error of its write, which is answered 554.
    let noted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted)?;
    Ok(interrupt)
}

/// What a session needs before it begins.
struct Ready {
    settings: Settings,
    sink: Sink,
    /// The spool's directory, where there is one.
    spool: Option<PathBuf>,
    config: Option<Config>,
    users: Option<Users>,
}

fn prepare(args: &Args, login_first: bool) -> Result<Ready, Failure> {
    let wrong = |text: String| Failure::new(Exit::Config, text);
    let variable = std::env::var_os("PAGEBOX_CONFIG");
    let config = Config::find(args.config.as_deref(), variable.as_deref());
    let config = config.map_err(|error| wrong(error.to_string()))?;
    let users = args.users.as_deref().map(Users::read).transpose();
    let users = users.map_err(wrong)?;
    let command = Command::new(&args.command, args.command_timeout)
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {}", cause(&error))))?;
    let direct = command.is_some();
    let (sink, spool) = if let Some(command) = command {
        (Sink::Command(command), None)
    } else {
        let dir = spool_dir(args, config.as_ref())?;
        let room = Room {
            free: args.min_free,
            queue: args.max_queue,
        };
        let spool = Spool::open(&dir, true, room);
        let spool = spool.map_err(|error| Failure::new(Exit::CantCreate, error.to_string()))?;
        (Sink::Spool(spool), Some(dir))
    };
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
            login_first: login_first || args.require_login,
            direct,
            two_way: !direct && config.as_ref().is_some_and(Config::any_two_way),
        },
        sink,
        spool,
        config,
        users,
    })
}

/// The spool's directory. Without a word of ours or a configuration no pager
/// is known, and a gateway that takes nothing should not look like one.
fn spool_dir(args: &Args, config: Option<&Config>) -> Result<PathBuf, Failure> {
    if let Some(dir) = &args.spool {
        return Ok(dir.clone());
    }
    let Some(config) = config else {
        return Err(Failure::new(
            Exit::Config,
            "no configuration, so there are no pagers: write /etc/pagebox.toml, or give --spool DIR or -- COMMAND to take any pager ID",
        ));
    };
    Ok(config.spool().unwrap_or(SPOOL.as_ref()).to_owned())
}

impl Ready {
    fn host<'a>(self, args: &'a Args, line: Line, peer: Peer, diag: &'a Diag) -> Host<'a> {
        Host {
            session: Session::new(Server::new(self.settings), line),
            args,
            peer,
            diag,
            sink: self.sink,
            spool: self.spool,
            config: self.config,
            users: self.users,
            credential: None,
            tickets: tickets::Tickets::default(),
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
