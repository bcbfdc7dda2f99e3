//! `xtelld`: one xtell session on standard input and output, its messages shown
//! on the terminals of whoever is logged in.
//!
//! Answers for its flags and for what it needs to begin. The dialogue is
//! [`crate::protocol::xtell::server`]'s affair, the answers to its questions
//! [`host`]'s, and who is logged in where [`crate::terminal`]'s.

mod clock;
mod host;
mod notice;
mod sender;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use self::clock::Clock;
use self::host::Host;
use self::sender::Senders;
use super::serve::{self, LINGER};
use crate::access::ident::PORT;
use crate::access::network::Network;
use crate::cli::message::positive;
use crate::diag::Diag;
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::protocol::xtell::reply::UNAVAILABLE;
use crate::protocol::xtell::server::{NOT_YOU, Server};
use crate::session::Session;
use crate::terminal::Places;
use crate::transport::fd::Deadline;

const NAME: &str = "xtelld";

/// Show messages from other machines on the terminals of this one
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// File of logins [default: /run/utmp or /var/run/utmp, if there is one]
    #[arg(long, value_name = "FILE")]
    utmp: Option<PathBuf>,
    /// Directory of systemd-logind's sessions
    #[arg(long, value_name = "DIR", default_value = "/run/systemd/sessions")]
    sessions: PathBuf,
    /// Directory of the terminals' devices
    #[arg(long, value_name = "DIR", default_value = "/dev")]
    dev: PathBuf,
    /// Ask the sender's machine who the sender is
    #[arg(long, value_enum, value_name = "WHEN", default_value = "off")]
    ident: Ident,
    /// Port that is asked
    #[arg(long, value_name = "N", default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1..))]
    ident_port: u16,
    /// Longest silence of a client
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = duration::limit)]
    idle_timeout: Duration,
    /// Longest session
    #[arg(long, value_name = "DUR", default_value = "5m", value_parser = duration::limit)]
    session_timeout: Duration,
    /// Most messages of one session
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = positive())]
    max_messages: usize,
    /// Serve these networks and no others
    #[arg(long, value_name = "CIDR", num_args = 1.., value_delimiter = ',')]
    allow: Vec<Network>,
    /// Log the text of messages
    #[arg(long)]
    log_text: bool,
}

/// Whether the sender's machine is asked who the sender is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Ident {
    /// Nobody is asked, and every sender is marked
    Off,
    /// Whoever is not confirmed is marked
    Try,
    /// Whoever is not confirmed is refused
    Require,
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
    let Some(mut guest) = serve::admit(&args.allow, false, NOT_YOU, diag)? else {
        return Ok(());
    };
    match serve::signals() {
        Ok(interrupt) => {
            let host = Host {
                args,
                places: args.places(),
                senders: Senders::new(args.ident, args.ident_port, &guest.peer),
                clock: Clock::default(),
                messages: 0,
                diag,
            };
            let session = Session::new(Server::new(args.max_messages), guest.line);
            host.talk(session, &interrupt);
            Ok(())
        }
        Err(failure) => {
            guest.line.part(UNAVAILABLE, Deadline::after(LINGER));
            Err(failure)
        }
    }
}

impl Args {
    fn places(&self) -> Places {
        Places {
            utmp: self.utmp.clone(),
            sessions: self.sessions.clone(),
            dev: self.dev.clone(),
        }
    }
}
