//! Terminals as devices: their names, what they look like from outside, and a
//! text written to one.
//!
//! A name that someone gave opens nothing: it is compared with those of
//! devices that were looked at, through no symbolic link, and found to be a
//! terminal of the one who was meant. What is opened is looked at again. Must
//! never know who is logged in, nor what a text says.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, major, openat, statat};
use rustix::io::Errno;
use rustix::termios::isatty;

use super::files;
use crate::diag::cause;
use crate::transport::fd::{Deadline, Ready, pause, wait};
use crate::transport::interrupt::Interrupt;

/// Where pseudo terminals are.
const PSEUDO: &str = "pts/";
/// What the name of any other terminal begins with.
const TTY: &str = "tty";
/// The devices that stand for others: `/dev/tty`, `/dev/console`, `/dev/ptmx`
/// and with it `pts/ptmx`, which would open a new pseudo terminal.
const STAND_INS: u32 = 5;
/// How long a terminal is left alone that has room, but not for the next character.
const NAP: Duration = Duration::from_millis(10);

/// The name of a terminal below `/dev`: `pts/3`, `tty1`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let own = line.strip_prefix(PSEUDO).or(line.strip_prefix(TTY))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let good = !["", ".", ".."].contains(&own) && own.bytes().all(plain);
        good.then(|| Self(line.to_owned()))
    }

    /// Is it one of the machine's own, `tty1` and so on?
    pub(super) fn is_console(&self) -> bool {
        let own = self.0.strip_prefix(TTY);
        own.is_some_and(|own| own.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// A terminal that was looked at.
#[derive(Debug)]
pub(super) struct Device {
    name: Name,
    stat: Stat,
}

impl Device {
    /// `pts/3`
    pub(super) fn line(&self) -> &str {
        &self.name.0
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> u32 {
        self.stat.st_uid
    }

    /// When something was last typed at it: the later, the less idle.
    pub(super) fn used(&self) -> i64 {
        // It is not of 64 bits everywhere.
        #[allow(clippy::useless_conversion, reason = "see above")]
        i64::from(self.stat.st_atime)
    }

    /// Is this the same device, and still of the same user?
    fn is(&self, other: &Stat) -> bool {
        let known = |stat: &Stat| (stat.st_dev, stat.st_ino, stat.st_rdev, stat.st_uid);
        known(&self.stat) == known(other)
    }
}

/// Whether messages are allowed, `mesg y`.
fn takes_messages(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).contains(Mode::WGRP)
}

/// What became of a text on one terminal.
#[derive(Debug)]
pub(super) enum Written {
    /// It is there.
    Shown,
    /// Messages are off.
    Closed,
    /// Nothing of it is there, and why.
    Untouched(String),
    /// A part of it is there, and why the rest is not.
    Torn(String),
}

/// The directories of devices.
#[derive(Debug)]
pub(super) struct Tree {
    path: PathBuf,
    dev: Option<OwnedFd>,
    pts: Option<OwnedFd>,
}

impl Tree {
    /// A machine may well have no pseudo terminals.
    pub(super) fn open(path: &Path, warnings: &mut Vec<String>) -> Self {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dev = openat(CWD, path, flags, Mode::empty());
        let pts = dev.as_ref().ok().map(|dev| {
            let flags = flags | OFlags::NOFOLLOW;
            openat(dev, PSEUDO.trim_end_matches('/'), flags, Mode::empty())
        });
        let mut warn = |path: &Path, error: Errno| {
            warnings.push(format!("{}: {}", path.display(), cause(&error.into())));
        };
        let pts = match pts {
            Some(Err(error)) if error != Errno::NOENT => {
                warn(&path.join(PSEUDO), error);
                None
            }
            pts => pts.and_then(Result::ok),
        };
        let dev = dev.map_err(|error| warn(path, error)).ok();
        Self {
            path: path.to_owned(),
            dev,
            pts,
        }
    }

    /// Can anything be found in it?
    pub(super) fn is_open(&self) -> bool {
        self.dev.is_some()
    }

    /// All that may be pseudo terminals, by their names. To be asked once.
    pub(super) fn pseudo(&self, warnings: &mut Vec<String>) -> Vec<Name> {
        self.names(self.pts.as_ref(), PSEUDO, warnings)
    }

    /// All that may be any other terminals. To be asked once.
    pub(super) fn others(&self, warnings: &mut Vec<String>) -> Vec<Name> {
        self.names(self.dev.as_ref(), "", warnings)
    }

    fn names(&self, dir: Option<&OwnedFd>, prefix: &str, warnings: &mut Vec<String>) -> Vec<Name> {
        let Some(dir) = dir else { return Vec::new() };
        match files::list(dir.as_fd(), FileType::CharacterDevice) {
            Ok(own) => own
                .iter()
                .filter_map(|own| Name::parse(&format!("{prefix}{own}")))
                .collect(),
            Err(error) => {
                let path = self.path.join(prefix);
                warnings.push(format!("{}: {}", path.display(), cause(&error)));
                Vec::new()
            }
        }
    }

    /// Its directory, and its name there.
    fn place<'a>(&'a self, name: &'a Name) -> Option<(BorrowedFd<'a>, &'a str)> {
        match name.0.strip_prefix(PSEUDO) {
            Some(own) => Some((self.pts.as_ref()?.as_fd(), own)),
            None => Some((self.dev.as_ref()?.as_fd(), &name.0)),
        }
    }

    /// Looks at what has this name, through no symbolic link. `None`: it is
    /// not there, or no terminal.
    pub(super) fn look(&self, name: Name) -> Option<Device> {
        let (dir, own) = self.place(&name)?;
        let stat = statat(dir, own, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
        // The type of a device number is not the same everywhere.
        #[allow(clippy::useless_conversion, reason = "see above")]
        let stand_in = major(stat.st_rdev.into()) == STAND_INS;
        (device && !stand_in).then_some(Device { name, stat })
    }

    /// Writes all of a text to a terminal, in one write where it takes it so.
    ///
    /// Nothing here waits for longer than the deadline, whatever the terminal
    /// does: it is opened without waiting for a carrier, never becomes ours,
    /// and one that is stopped takes nothing.
    pub(super) fn write(
        &self,
        device: &Device,
        text: &[u8],
        deadline: Deadline,
        interrupt: Option<&Interrupt>,
    ) -> Written {
        if !takes_messages(&device.stat) {
            return Written::Closed;
        }
        let line = device.line();
        let untouched = |why: &str| Written::Untouched(format!("{line}: {why}"));
        let Some((dir, own)) = self.place(&device.name) else {
            return untouched("gone");
        };
        let flags =
            OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(dir, own, flags, Mode::empty());
        let looked = opened.and_then(|fd| fstat(&fd).map(|stat| (fd, stat)));
        let (fd, stat) = match looked {
            Ok(looked) => looked,
            Err(Errno::ACCESS) => {
                return untouched("Permission denied: the server must run in group tty");
            }
            Err(error) => return untouched(&cause(&error.into())),
        };
        if !device.is(&stat) || !isatty(&fd) {
            return untouched("not the terminal any more that it was");
        }
        if !takes_messages(&stat) {
            return Written::Closed;
        }
        let mut rest = text;
        match write_all(&fd, &mut rest, deadline, interrupt) {
            Ok(()) => Written::Shown,
            Err(error) if rest.len() == text.len() => untouched(&cause(&error)),
            Err(error) => {
                let (left, whole) = (rest.len(), text.len());
                let why = cause(&error);
                Written::Torn(format!("{line}: {why}, {left} of {whole} bytes not shown"))
            }
        }
    }
}

/// Writes until nothing is left, the deadline has passed or a signal came.
fn write_all(
    fd: &OwnedFd,
    rest: &mut &[u8],
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> io::Result<()> {
    let stopped = || io::Error::other("interrupted");
    let mut ready = false;
    while !rest.is_empty() {
        match rustix::io::write(fd, rest) {
            Err(Errno::INTR) => {}
            Ok(0) | Err(Errno::AGAIN) => {
                let left = deadline.remaining().unwrap_or(NAP);
                if left.is_zero() {
                    return Err(io::Error::other("it takes nothing"));
                }
                // Room for one byte is none for a line's end of two, and no
                // event tells when there will be.
                if ready && !pause(NAP.min(left), interrupt)? {
                    return Err(stopped());
                }
                ready = match wait(fd.as_fd(), PollFlags::OUT, deadline, interrupt)? {
                    Ready::Yes => true,
                    Ready::TimedOut => false,
                    Ready::Interrupted => return Err(stopped()),
                };
            }
            Ok(length) => {
                *rest = rest.get(length..).unwrap_or_default();
                ready = false;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_names_of_terminals_are_names() {
        for line in [
            "pts/3", "pts/1234", "tty1", "ttyS0", "ttyUSB0", "tty.x-1_", "pts/..3",
        ] {
            assert_eq!(Name::parse(line).unwrap().0, line);
        }
        for line in [
            "",
            "pts",
            "pts/",
            "pts/.",
            "pts/..",
            "pts//3",
            "pts/3/",
            "pts/../tty1",
            "tty",
            "tty.",
            "tty..",
            "tty/1",
            "ttyx/../sda",
            "/dev/pts/3",
            "../pts/3",
            "null",
            "console",
            ":0",
            "pts/3\n",
            "pts/\u{e9}",
            "pts/ 3",
            "tty\0",
            "PTS/3",
        ] {
            assert_eq!(Name::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn consoles_are_those_with_a_number() {
        for (line, console) in [
            ("tty1", true),
            ("tty63", true),
            ("ttyS0", false),
            ("pts/1", false),
        ] {
            assert_eq!(Name::parse(line).unwrap().is_console(), console);
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_its_directory(line in r"(pts/|tty|/dev/|)[./a-z0-9\n]{0,6}") {
            if let Some(Name(line)) = Name::parse(&line) {
                let own = line.strip_prefix(PSEUDO).unwrap_or(&line);
                prop_assert!(!own.contains('/') && own != "." && own != "..");
            }
        }
    }
}
