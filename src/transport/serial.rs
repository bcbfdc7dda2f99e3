//! A serial line as a line, and its signals.
//!
//! Answers for having it alone (UUCP locks, TIOCEXCL, flock), for speed and
//! framing, and for the signals of a modem. Must never know what is said on
//! it, nor what a modem is told.
//!
//! The line is opened twice: the descriptor that lines read and write with is
//! ours; the one that the `serialport` crate keeps sets it up and has its
//! signals. A terminal that has hung up stays so for both: for another call
//! it is opened anew.

mod lock;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, major};
use rustix::io::Errno;
use rustix::termios::{
    ControlModes, InputModes, OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr,
    tcsetattr,
};
use serialport::{DataBits, FlowControl, Parity, SerialPort, StopBits, TTYPort};

use self::lock::Locks;
use super::OpenError;
use super::coding::EvenParity;
use super::fd::{Deadline, Line, pause};
use super::interrupt::Interrupt;
use crate::diag::cause;
use crate::exit::Exit;

/// How bytes stand on a serial line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum, serde::Deserialize)]
pub enum Framing {
    /// 7 bits, even parity, as TAP has it
    #[default]
    #[value(name = "7e1")]
    #[serde(rename = "7e1")]
    SevenEven,
    /// 8 bits, no parity
    #[value(name = "8n1")]
    #[serde(rename = "8n1")]
    EightNone,
    /// 8 bits, the highest an even parity that we make
    #[value(name = "8n1-even")]
    #[serde(rename = "8n1-even")]
    EightEven,
}

impl Framing {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::SevenEven => "7e1",
            Self::EightNone => "8n1",
            Self::EightEven => "8n1-even",
        }
    }

    /// What the device must be set to.
    fn bits(self) -> (DataBits, Parity) {
        match self {
            Self::SevenEven => (DataBits::Seven, Parity::Even),
            Self::EightNone | Self::EightEven => (DataBits::Eight, Parity::None),
        }
    }
}

/// How a serial line is set up. XON and XOFF are obeyed and sent always.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bits per second.
    pub baud: u32,
    /// Bits and parity.
    pub framing: Framing,
    /// Where UUCP locks are.
    pub lock_dir: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            baud: 1200,
            framing: Framing::default(),
            lock_dir: PathBuf::from("/var/lock"),
        }
    }
}

/// How long the last words may take to leave when the line is closed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often a line that cannot tell us is asked whether they have left.
const LOOK: Duration = Duration::from_millis(10);

/// A serial line, which nobody else may have meanwhile.
#[derive(Debug)]
pub struct Serial {
    fd: OwnedFd,
    port: TTYPort,
    framing: Framing,
    /// They go last, when the line is free.
    locks: Locks,
}

impl Serial {
    /// Opens a line, locks it, sets it up and raises DTR. It never waits, not
    /// even for a carrier.
    ///
    /// The error is 75 where the line is in use or not there: it may have been
    /// unplugged. It is 77 without permission, and 78 for what is no serial
    /// line or cannot be set up so.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let wrong = |exit, text: &str| OpenError::new(exit, text);
        let failed = |error: Errno| match error {
            Errno::BUSY | Errno::AGAIN => OpenError::in_use("in use by another process"),
            error => wrong(exit_of(error), &cause(&error.into())),
        };
        let Some(name) = path.to_str() else {
            return Err(wrong(Exit::Config, "a name that is not UTF-8"));
        };
        let locks = Locks::take(&settings.lock_dir, path).map_err(OpenError::in_use)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
        if !isatty(&fd) {
            return Err(wrong(Exit::Config, "not a serial line"));
        }
        // Asked here first: where the crate fails to open a line, it ends what
        // keeps others from doing so, and that may be someone else's.
        flock(&fd, FlockOperation::NonBlockingLockExclusive)
            .and_then(|()| flock(&fd, FlockOperation::Unlock))
            .map_err(failed)?;
        let (bits, parity) = settings.framing.bits();
        let mut port = TTYPort::open(
            &serialport::new(name, settings.baud)
                .data_bits(bits)
                .parity(parity)
                .stop_bits(StopBits::One)
                .flow_control(FlowControl::Software)
                .dtr_on_open(true),
        )
        .map_err(|error| wrong(Exit::TempFail, &error.to_string()))?;
        is_set(&fd, &mut port, settings).map_err(|text| wrong(Exit::Config, &text))?;
        let serial = Self {
            fd,
            port,
            framing: settings.framing,
            locks,
        };
        serial
            .set(|modes| {
                modes.control_modes |= ControlModes::HUPCL;
                // An XOFF has a parity too there, in which the kernel knows none.
                let strip = settings.framing == Framing::EightEven;
                modes.input_modes.set(InputModes::ISTRIP, strip);
            })
            // What stopped the line was for someone else,
            .and_then(|()| serial.undo_xoff())
            // and so was what stood in the buffers.
            .and_then(|()| tcflush(&serial.fd, QueueSelector::IOFlush))
            .map_err(failed)?;
        Ok(serial)
    }

    /// Reads from and writes to it. The signals stay here.
    pub fn line(&self) -> io::Result<Line> {
        let line = Line::new(self.fd.try_clone()?, self.fd.try_clone()?);
        Ok(match self.framing {
            Framing::EightEven => line.with_coding(Box::new(EvenParity)),
            Framing::SevenEven | Framing::EightNone => line,
        })
    }

    /// Why there is not every UUCP lock that there should be. The line is
    /// locked for those who ask the kernel.
    pub fn remark(&self) -> Option<&str> {
        self.locks.remark()
    }

    /// Does the modem hear another one? `None`: the line has no such signal.
    pub fn has_carrier(&mut self) -> Option<bool> {
        match self.port.read_carrier_detect() {
            Ok(carrier) => Some(carrier),
            // No signal, or no line any more.
            Err(_) => tcgetattr(&self.fd).is_err().then_some(false),
        }
    }

    /// From now on the loss of the carrier is the end of the line, if there is
    /// a carrier now. It would be the end at once otherwise.
    pub fn watch_carrier(&mut self) -> io::Result<()> {
        if self.has_carrier() == Some(true) {
            self.set(|modes| modes.control_modes -= ControlModes::CLOCAL)?;
        }
        Ok(())
    }

    /// Lets a line go on that an XOFF has stopped: where it was noise, no XON
    /// will ever follow.
    pub fn undo_xoff(&self) -> rustix::io::Result<()> {
        // A line that obeys none starts again.
        self.set(|modes| modes.input_modes -= InputModes::IXON)?;
        self.set(|modes| modes.input_modes |= InputModes::IXON)
    }

    /// Hangs up: DTR goes off for a time. False: the line has no such signal.
    pub fn drop_dtr(&mut self, time: Duration, interrupt: Option<&Interrupt>) -> bool {
        // The carrier goes with it, and the line shall stay.
        _ = self.set(|modes| modes.control_modes |= ControlModes::CLOCAL);
        if self.port.write_data_terminal_ready(false).is_err() {
            return false;
        }
        _ = pause(time, interrupt);
        self.port.write_data_terminal_ready(true).is_ok()
    }

    /// Throws away what has not left yet: behind an XOFF that was noise it
    /// would hold up whoever closes the line.
    pub fn clear(&self) {
        // A line that is gone holds up nobody.
        _ = tcflush(&self.fd, QueueSelector::OFlush);
    }

    /// Waits until all has left, as far as the kernel knows. False: not in time.
    pub fn drain(&self, deadline: Deadline) -> bool {
        while self.port.bytes_to_write().is_ok_and(|left| left > 0) {
            let left = deadline.remaining().unwrap_or(LOOK);
            if left.is_zero() || pause(LOOK.min(left), None).is_err() {
                return false;
            }
        }
        true
    }

    fn set(&self, change: impl FnOnce(&mut Termios)) -> rustix::io::Result<()> {
        let mut modes = tcgetattr(&self.fd)?;
        change(&mut modes);
        tcsetattr(&self.fd, OptionalActions::Now, &modes)
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        if !self.drain(Deadline::after(LAST_WORDS)) {
            self.clear();
        }
    }
}

/// Was the line set to what was asked? A pseudo terminal keeps its eight bits
/// whatever it is told, and has no need of others.
fn is_set(fd: &OwnedFd, port: &mut TTYPort, asked: &Settings) -> Result<(), String> {
    let (bits, parity) = asked.framing.bits();
    let framed = port.data_bits().ok() == Some(bits) && port.parity().ok() == Some(parity);
    if !framed && !is_pseudo(fd) {
        return Err(format!("does not do {}", asked.framing.word()));
    }
    // A clock divided is seldom the speed to the bit.
    match port.baud_rate() {
        Ok(baud) if baud.abs_diff(asked.baud) <= asked.baud / 32 => Ok(()),
        Ok(baud) => Err(format!("does not do {} baud, but {baud}", asked.baud)),
        Err(error) => Err(error.to_string()),
    }
}

/// The major numbers of Unix98 pseudo terminals.
const PSEUDO: std::ops::RangeInclusive<u32> = 136..=143;

fn is_pseudo(fd: &OwnedFd) -> bool {
    fstat(fd).is_ok_and(|stat| PSEUDO.contains(&major(stat.st_rdev)))
}

fn exit_of(error: Errno) -> Exit {
    match error {
        Errno::ACCESS | Errno::PERM => Exit::NoPermission,
        Errno::ISDIR | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG => Exit::Config,
        _ => Exit::TempFail,
    }
}
