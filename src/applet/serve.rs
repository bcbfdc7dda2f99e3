//! What the servers share: what a session needs before it begins; and those of
//! pages, the flags of where pages go and who may send them.
//!
//! Answers for turning away who may not speak here, and for every error of
//! ours being told to the log and not to the client. What becomes of a page
//! is [`intake`]'s affair. Must never know a word of any protocol.

pub(super) mod dialogue;
pub(super) mod intake;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::spool::SpoolArgs;
use crate::access::network::Network;
use crate::access::peer::{Admission, Peer};
use crate::cli::message::positive;
use crate::config::Config;
use crate::diag::{Diag, Priority, cause};
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::queue::job::Sender;
use crate::queue::spool::{Room, Spool};
use crate::sink::Sink;
use crate::sink::command::Command;
use crate::transport::fd::{Deadline, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::stdio::{self, Far};

/// How long a client may take to close after the last word.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// Before a password is looked at: who guesses over many connections waits in each.
pub(super) const GUESS: Duration = Duration::from_millis(500);

/// Where pages go, and who may send them.
#[derive(clap::Args, Debug)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    place: SpoolArgs,
    /// Longest run of the command
    #[arg(long, value_name = "DUR", default_value = "120s", value_parser = duration::limit)]
    command_timeout: Duration,
    /// Serve these networks and no others
    #[arg(long, value_name = "CIDR", num_args = 1.., value_delimiter = ',')]
    pub(super) allow: Vec<Network>,
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
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "spool")]
    command: Vec<OsString>,
}

impl ServeArgs {
    /// The configuration, where there is one.
    pub(super) fn find_config(&self) -> Result<Option<Config>, Failure> {
        self.place.find_config()
    }

    /// Where pages go, and the directory where that is a spool.
    fn open_sink(&self, config: Option<&Config>) -> Result<(Sink, Option<PathBuf>), Failure> {
        let command = Command::new(&self.command, self.command_timeout);
        if let Some(command) = command.map_err(|error| os("signals", &error))? {
            return Ok((Sink::Command(command), None));
        }
        let otherwise = "give --spool DIR or -- COMMAND to take any pager ID";
        let dir = self.place.dir(config, otherwise)?;
        let room = Room {
            free: self.min_free,
            queue: self.max_queue,
        };
        let spool = Spool::open(&dir, true, room);
        let spool = spool.map_err(|error| Failure::new(Exit::CantCreate, error.to_string()))?;
        Ok((Sink::Spool(spool), Some(dir)))
    }
}

/// Runs a server, and logs what it could not do.
pub(super) fn run(name: &'static str, serve: impl FnOnce(&Diag) -> Result<(), Failure>) -> Exit {
    let diag = Diag::server(name);
    match serve(&diag) {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            diag.log(Priority::Error, &format!("{:#}", failure.cause));
            failure.exit
        }
    }
}

/// Tells a client, if there is one, that nobody serves it: the command line is wrong.
pub(super) fn turn_away(words: &[u8]) {
    if Far::of_stdin() != Far::Pipe {
        if let Ok(mut line) = stdio::line() {
            line.part(words, Deadline::after(LINGER));
        }
    }
}

/// A client on standard input and output who may speak here.
pub(super) struct Guest {
    pub(super) line: Line,
    pub(super) peer: Peer,
    /// Nothing is taken from it before a login.
    pub(super) login_first: bool,
}

impl Guest {
    /// Its name, and whether the kernel vouches for it. `None`: nobody knows.
    pub(super) fn sender(&self) -> Option<Sender> {
        let (name, verified) = self.peer.name()?;
        Some(Sender { name, verified })
    }
}

/// Looks who is there. `None`: one that may not speak here, see [`Peer::admit`];
/// it was told so in `words`. `logins`: it could prove who it is.
pub(super) fn admit(
    allow: &[Network],
    logins: bool,
    words: &[u8],
    diag: &Diag,
) -> Result<Option<Guest>, Failure> {
    let line = stdio::line();
    let mut line = line.map_err(|error| os("standard input and output", &error))?;
    let peer = Peer::new(Far::of_stdin(), |name| std::env::var(name).ok());
    let admission = peer.admit(allow, logins);
    if let Admission::Refused(why) = admission {
        diag.log(Priority::Warning, &format!("{peer}: refused: {why}"));
        line.part(words, Deadline::after(LINGER));
        return Ok(None);
    }
    Ok(Some(Guest {
        line,
        peer,
        login_first: admission == Admission::WithLogin,
    }))
}

/// From now on signals are noted instead of obeyed.
pub(super) fn signals() -> Result<Interrupt, Failure> {
    let signals = || -> std::io::Result<Interrupt> {
        let interrupt = Interrupt::of_a_server()?;
        // A file over the size limit is then an error of its write, which is answered.
        let noted = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noted)?;
        Ok(interrupt)
    };
    signals().map_err(|error| os("signals", &error))
}

fn os(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Os, format!("{what}: {}", cause(error)))
}
