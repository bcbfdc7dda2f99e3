//! A pseudo terminal: what opens its path has a serial line, as far as that
//! goes, and we are at the other end of it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pagebox::transport::fd::{Deadline, Got, Line};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// How long the other end may take.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Pty {
    line: Line,
    master: OwnedFd,
    path: PathBuf,
}

impl Pty {
    pub(crate) fn new() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master: OwnedFd = openpt(flags).expect("a pseudo terminal");
        grantpt(&master).expect("its other end");
        unlockpt(&master).expect("its other end");
        let path = ptsname(&master, Vec::new()).expect("its name");
        let copy = || master.try_clone().expect("a copy of a descriptor");
        Self {
            line: Line::new(copy(), copy()),
            master,
            path: PathBuf::from(path.into_string().expect("a plain name")),
        }
    }

    /// What a program opens.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Our end; both have the same settings.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let written = self.line.write(bytes, Deadline::after(LIMIT), None);
        written.expect("a pseudo terminal takes bytes");
    }

    /// Exactly so many bytes.
    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut at = 0;
        while at < length {
            match self
                .line
                .read(&mut bytes[at..], Deadline::after(LIMIT), None)
            {
                Got::Bytes(more) => at += more,
                other => panic!(
                    "{other:?} behind {:?}",
                    bytes[..at].escape_ascii().to_string()
                ),
            }
        }
        bytes
    }

    /// All bytes up to one of these and with it.
    pub(crate) fn read_to(&mut self, end: u8) -> Vec<u8> {
        let mut bytes = self.read(1);
        while bytes.last() != Some(&end) {
            bytes.extend(self.read(1));
        }
        bytes
    }

    /// As a line of its own.
    pub(crate) fn into_line(self) -> Line {
        self.line
    }
}
