//! `ixo-serve`: a paging central, of one TAP session on standard input and
//! output, or of all calls on a serial line; into a spool or to a command.
//!
//! Answers for its flags and for what it needs to begin. The dialogue is
//! [`crate::protocol::tap::receiver`]'s affair, the answers to its questions
//! [`host`]'s, one call behind the other [`device`]'s, and what becomes of a page
//! [`crate::sink`]'s.

mod device;
mod host;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use self::host::{Host, Limits, Parting};
use super::serve::intake::Intake;
use super::serve::{self, LINGER, ServeArgs};
use crate::cli::message::positive;
use crate::cli::serial::SerialArgs;
use crate::diag::{Diag, cause};
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::file;
use crate::protocol::tap::receiver::talk::Settings;
use crate::protocol::tap::receiver::{GOING_DOWN, NOT_YOU, Receiver, UNAVAILABLE};
use crate::queue::job::Sender;
use crate::session::Session;
use crate::transport::fd::{Deadline, Line};

const NAME: &str = "ixo-serve";

/// The longest password, in bytes; the protocol speaks of six.
const MAX_PASSWORD: usize = 64;

/// Be a paging central (TAP, IXO) on standard input and output or a serial line
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100, mut_arg("allow", |allow| allow.conflicts_with("device")))]
pub(crate) struct Args {
    #[command(flatten)]
    serve: ServeArgs,
    #[command(flatten)]
    serial: SerialArgs,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", conflicts_with = "no_login")]
    password_file: Option<PathBuf>,
    /// Take blocks without a logon too
    #[arg(long)]
    no_login: bool,
    /// Take blocks whatever their checksum
    #[arg(long)]
    no_checksum: bool,
    /// Version of TAP to speak
    #[arg(long, value_enum, value_name = "VERSION", default_value = "1.8")]
    tap_version: Version,
    /// Most pages of one session
    #[arg(long, value_name = "N", value_parser = positive())]
    max_pages: Option<usize>,
    /// Longest message, in characters as sent
    #[arg(long, value_name = "N", value_parser = positive())]
    max_length: Option<usize>,
    /// What to do with a longer one
    #[arg(long, value_enum, default_value = "reject")]
    overflow: Overflow,
    /// Take only digits, blanks, and - * #: the pagers show no letters
    #[arg(long)]
    numeric: bool,
    /// Longest session
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration::limit)]
    session_timeout: Duration,
}

/// What a client hears beside the control characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Version {
    /// Each reply has its code and text
    #[value(name = "1.8")]
    Current,
    /// No codes, as before 1.6
    None,
}

/// What becomes of a message that is too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Overflow {
    /// Take nothing
    Reject,
    /// Take the beginning
    Truncate,
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
    if let Some(path) = &args.serial.device {
        return device::serve(args, path, diag);
    }
    let Some(mut guest) = serve::admit(&args.serve.allow, false, NOT_YOU, diag)? else {
        return Ok(());
    };
    let ready = serve::signals().and_then(|interrupt| {
        let ready = Ready::new(args, guest.sender(), diag)?;
        Ok((interrupt, ready))
    });
    match ready {
        Ok((interrupt, ready)) => {
            let mut host = ready.host(args, guest.line);
            let limits = Limits::new(args.session_timeout, false, &|| {});
            let last_words = match host.talk(&limits, &interrupt) {
                Parting::Over(_) => b"",
                Parting::Stopped => GOING_DOWN,
            };
            host.session.part(last_words, Deadline::after(LINGER));
            Ok(())
        }
        Err(failure) => {
            guest.line.part(UNAVAILABLE, Deadline::after(LINGER));
            Err(failure)
        }
    }
}

/// What calls need before they begin.
struct Ready<'a> {
    intake: Intake<'a>,
    password: Option<Vec<u8>>,
}

impl<'a> Ready<'a> {
    /// `peer`: who is at the other end of the line.
    fn new(args: &Args, peer: Option<Sender>, diag: &'a Diag) -> Result<Self, Failure> {
        let config = args.serve.find_config()?;
        let password = args.password_file.as_deref().map(password).transpose()?;
        let intake = Intake::open(&args.serve, config, peer, diag)?;
        Ok(Self { intake, password })
    }

    fn host<'b>(&'b self, args: &'b Args, line: Line) -> Host<'b> {
        Host {
            session: Session::new(Receiver::new(args.settings()), line),
            args,
            intake: &self.intake,
            password: self.password.as_deref(),
        }
    }
}

impl Args {
    fn settings(&self) -> Settings {
        Settings {
            version: self.sends_codes().then(|| "1.8".to_owned()),
            login: !self.no_login,
            password: self.password_file.is_some(),
            checked: !self.no_checksum,
            max_pages: self.max_pages,
            max_length: self.max_length,
            truncate: self.overflow == Overflow::Truncate,
            numeric: self.numeric,
            unprompted: self.serial.device.is_none(),
            identity: format!("pagebox {NAME} {}", env!("CARGO_PKG_VERSION")),
        }
    }

    fn sends_codes(&self) -> bool {
        self.tap_version == Version::Current
    }
}

/// The first line of a file, as a client can send it.
fn password(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |why: &str| Failure::new(Exit::Config, format!("{}: {why}", path.display()));
    let bytes = file::read(path).map_err(|error| wrong(&cause(&error)))?;
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(wrong("its first line, the password, is empty"));
    }
    if line.len() > MAX_PASSWORD || line.iter().any(|byte| !matches!(byte, b' '..=b'~')) {
        return Err(wrong(
            "its first line is no password of TAP: at most 64 ASCII letters, digits and signs",
        ));
    }
    Ok(line.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_that_can_be_sent() {
        let path = std::env::temp_dir().join(format!("pagebox-tap-{}", std::process::id()));
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let read = password(&path);
            std::fs::remove_file(&path).unwrap();
            read.map_err(|failure| failure.exit)
        };
        assert_eq!(read(b"secret\r\nmore"), Ok(b"secret".to_vec()));
        assert_eq!(read(b"with blank"), Ok(b"with blank".to_vec()));
        for bad in [&b""[..], b"\nx", b"\xc3\xa4", b"a\tb", &[b'x'; 65]] {
            assert_eq!(read(bad), Err(Exit::Config));
        }
        assert!(password(Path::new("/nowhere/password")).is_err());
    }
}
