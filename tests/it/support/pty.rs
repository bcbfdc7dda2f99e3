//! A pseudo terminal: what opens its path has a serial line, as far as that
//! goes, and we are at the other end of it.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pagebox::transport::fd::{Deadline, Got, Line};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::kit::{Scratch, scratch};

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

/// A null modem: what is written to one of two pseudo terminals is read from the other. Dropped,
/// both are unplugged.
pub(crate) struct NullModem {
    /// Names of our own: those of the system may be another's once this is unplugged.
    ends: [PathBuf; 2],
    _links: Scratch,
    masters: [OwnedFd; 2],
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl NullModem {
    pub(crate) fn new() -> Self {
        let ptys = [Pty::new(), Pty::new()];
        let links = scratch("line");
        let name = links.file_name().unwrap().to_str().unwrap().to_owned();
        let ends = [0, 1].map(|end| links.join(format!("{name}-{end}")));
        for (pty, end) in ptys.iter().zip(&ends) {
            symlink(pty.path(), end).unwrap();
        }
        let masters = [&ptys[0], &ptys[1]].map(|pty| pty.master.try_clone().unwrap());
        let (stop, stopped) = UnixStream::pair().unwrap();
        // Kept open, so that the line outlives whoever is at its end.
        let devices = [&ends[0], &ends[1]].map(|path| open_raw(path));
        let thread = thread::spawn(move || {
            carry(&ptys, &stopped);
            drop(devices);
        });
        Self {
            ends,
            _links: links,
            masters,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// What a program opens at this end, 0 or 1.
    pub(crate) fn path(&self, end: usize) -> &Path {
        &self.ends[end]
    }

    /// What tells how a program has set up this end.
    pub(crate) fn fd(&self, end: usize) -> BorrowedFd<'_> {
        self.masters[end].as_fd()
    }
}

impl Drop for NullModem {
    fn drop(&mut self) {
        for end in &self.ends {
            let _ = fs::remove_file(end);
        }
        self.stop = None;
        let carried = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || carried.is_some_and(|it| it.is_ok()));
    }
}

fn carry(ptys: &[Pty; 2], stopped: &UnixStream) {
    loop {
        let mut fds = [
            PollFd::new(stopped, PollFlags::IN),
            PollFd::from_borrowed_fd(ptys[0].fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(ptys[1].fd(), PollFlags::IN),
        ];
        poll(&mut fds, None).unwrap();
        let [stops, ready @ ..] = fds.map(|fd| !fd.revents().is_empty());
        if stops {
            return;
        }
        for (from, to) in [(0, 1), (1, 0)] {
            let mut chunk = [0; 512];
            if ready[from] {
                let length = rustix::io::read(ptys[from].fd(), &mut chunk).unwrap();
                let mut rest = &chunk[..length];
                while !rest.is_empty() {
                    let written = rustix::io::write(ptys[to].fd(), rest).unwrap();
                    rest = &rest[written..];
                }
            }
        }
    }
}

/// Opens a pseudo terminal by its path, and makes it pass every byte.
pub(crate) fn open_raw(path: &Path) -> OwnedFd {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let device = rustix::fs::open(path, flags, Mode::empty()).expect("a pseudo terminal");
    let mut raw = tcgetattr(&device).unwrap();
    raw.make_raw();
    tcsetattr(&device, OptionalActions::Now, &raw).unwrap();
    device
}
