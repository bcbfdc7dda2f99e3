//! The way to the central: a serial line, a connection, or a command.

use std::path::PathBuf;

use super::flags::Args;
use crate::cli::peer::{Peer, Place};
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::transport::coding::EvenParity;
use crate::transport::fd::{Deadline, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::serial::{Framing, Serial};
use crate::transport::trace::Trace;
use crate::transport::{OpenError, command, telnet};

/// What all calls of a run have in common.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) args: &'a Args,
    pub(super) way: Way,
    pub(super) password: Option<String>,
    pub(super) diag: &'a Diag,
    pub(super) interrupt: &'a Interrupt,
}

impl Settings<'_> {
    /// Everything but the rows that decides where a page goes and what it says.
    pub(super) fn fingerprint(&self) -> String {
        let args = self.args;
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.way,
            args.modem.dial,
            args.central.service,
            args.central.multiblock,
            args.central.escape,
            args.numeric,
            args.text,
            args.bulk.delimiter
        )
    }
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Over a serial line.
    Device(PathBuf),
    /// Over a connection.
    Net(Peer),
    /// Over the standard input and output of a command.
    Command(String),
}

/// An open line, and what it is made of where that is a serial one.
pub(super) struct Opened {
    pub(super) line: Line,
    pub(super) serial: Option<Serial>,
}

impl Way {
    /// The way that the flags name, if they do.
    pub(super) fn of(args: &Args) -> Result<Option<Self>, Failure> {
        if let Some(path) = &args.serial.device {
            return Ok(Some(Self::Device(path.clone())));
        }
        if let Some(peer) = &args.net.connect {
            return Ok(Some(Self::Net(peer.clone())));
        }
        let Some(command) = &args.line.proxy_command else {
            return Ok(None);
        };
        if command.contains("%h") || command.contains("%p") {
            return Err(Failure::usage(
                "--proxy-command: %h and %p are those of --connect, which is not given",
            ));
        }
        Ok(Some(Self::Command(command.clone())))
    }

    /// The way of a run that calls nobody.
    pub(super) fn nowhere() -> Self {
        Self::Command(String::new())
    }

    /// What results call it.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Device(path) => Place::Line(path.display().to_string()),
            Self::Net(peer) => Place::Net(peer.clone()),
            Self::Command(command) => {
                let program = command.split_whitespace().next();
                Place::Line(program.unwrap_or_default().to_owned())
            }
        }
    }

    /// Opens a line, by `deadline` at the latest.
    pub(super) fn open(
        &self,
        settings: &Settings<'_>,
        deadline: Deadline,
        trace: &mut Trace<'_>,
    ) -> Result<Opened, OpenError> {
        let args = settings.args;
        let interrupt = Some(settings.interrupt);
        let line = match self {
            Self::Device(path) => {
                let serial = Serial::open(path, &args.serial.settings())?;
                if let Some(text) = serial.remark() {
                    trace.remark(text);
                }
                return Ok(Opened {
                    line: serial
                        .line()
                        .map_err(|error| OpenError::new(Exit::Os, cause(&error)))?,
                    serial: Some(serial),
                });
            }
            Self::Net(peer) => args.line.open(peer, deadline, interrupt)?,
            Self::Command(command) => command::spawn(command, "", 0)?,
        };
        let deadline = Deadline::after(args.line.connect_timeout).earlier(deadline);
        let line = if args.net.rfc2217 {
            let framing = args.serial.framing.unwrap_or_default();
            return Ok(Opened {
                line: telnet::rfc2217(line, args.serial.baud, framing, deadline, interrupt)?,
                serial: None,
            });
        } else if args.net.telnet {
            telnet::plain(line)
        } else {
            line
        };
        // A serial line makes its own, and so does that behind RFC 2217.
        let line = match args.serial.framing {
            Some(Framing::EightEven) => line.with_coding(Box::new(EvenParity)),
            _ => line,
        };
        Ok(Opened { line, serial: None })
    }
}
