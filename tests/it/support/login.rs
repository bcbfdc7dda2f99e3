//! People who are logged in: accounts of this machine, and terminals of theirs.
//!
//! Whose a terminal is counts as a login, so a test has accounts of its own for
//! as long as it runs. That needs `root`.

use std::fs::{self, Permissions};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Timespec as Time, Timestamps, futimens};
use rustix::io::Errno;

use super::pty::{Pty, open_raw};

/// An account that no other test uses meanwhile, in this run or in another.
pub(crate) struct Account {
    pub(crate) name: String,
    uid: u32,
    _lock: UnixDatagram,
}

/// One of the accounts of services, which are never logged in.
pub(crate) fn account() -> Account {
    let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(account) = passwd.lines().find_map(lease) {
            return account;
        }
        // All are in use: no event tells when one is not.
        thread::sleep(Duration::from_millis(20));
    }
    panic!("no account is free");
}

fn lease(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, uid) = (fields.next()?, fields.nth(1)?.parse().ok()?);
    if !(1..1000).contains(&uid) {
        return None;
    }
    // A name that only one process of the machine can have at a time, and that leaves no file.
    let lock = SocketAddr::from_abstract_name(format!("pagebox-test-account-{uid}")).ok()?;
    let lock = UnixDatagram::bind_addr(&lock).ok()?;
    Some(Account {
        name: name.to_owned(),
        uid,
        _lock: lock,
    })
}

impl Account {
    /// A terminal of theirs on which messages are allowed, used so many seconds ago.
    pub(crate) fn terminal(&self, idle: u64) -> Terminal {
        let pty = Pty::new();
        let terminal = Terminal {
            slave: open_raw(pty.path()),
            pty,
        };
        chown(terminal.path(), Some(self.uid), None).expect("a terminal of theirs");
        terminal.mode(0o620);
        terminal.idle(idle);
        terminal
    }
}

/// A terminal of somebody's, gone when it is dropped. What is written to it is read without a change.
pub(crate) struct Terminal {
    pty: Pty,
    slave: OwnedFd,
}

impl Terminal {
    /// `/dev/pts/3`
    pub(crate) fn path(&self) -> &Path {
        self.pty.path()
    }

    /// `pts/3`
    pub(crate) fn line(&self) -> &str {
        let line = self.path().strip_prefix("/dev").expect("a device");
        line.to_str().expect("a plain name")
    }

    /// 0620 is `mesg y`, 0600 `mesg n`.
    pub(crate) fn mode(&self, mode: u32) {
        fs::set_permissions(self.path(), Permissions::from_mode(mode)).expect("its mode");
    }

    /// The group that may write to it.
    pub(crate) fn group(&self, gid: u32) {
        chown(self.path(), None, Some(gid)).expect("its group");
    }

    /// Something was typed at it so many seconds ago.
    pub(crate) fn idle(&self, seconds: u64) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let at = now.expect("a clock").as_secs() - seconds;
        let time = Time {
            tv_sec: i64::try_from(at).expect("a time"),
            tv_nsec: 0,
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        futimens(&self.slave, &times).expect("its times");
    }

    /// Nobody reads it any more, and it is full.
    pub(crate) fn block(&self) {
        fill(&self.slave);
    }

    /// What is on it next, so many bytes.
    pub(crate) fn read(&mut self, length: usize) -> String {
        String::from_utf8(self.pty.read(length)).expect("UTF-8")
    }

    /// Is there anything on it that was not read?
    pub(crate) fn is_clean(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.pty.fd(), PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).expect("poll") == 0
    }
}

/// Writes to a terminal that nobody reads until it takes no more.
pub(crate) fn fill(device: &OwnedFd) {
    rustix::io::ioctl_fionbio(device, true).expect("a terminal that does not wait");
    loop {
        let full = loop {
            if let Err(error) = rustix::io::write(device, &[b'x'; 4096]) {
                break error;
            }
        };
        assert_eq!(full, Errno::AGAIN);
        // What it took may still be on its way to where it is read.
        let mut fds = [PollFd::new(device, PollFlags::OUT)];
        let soon = Timespec {
            tv_sec: 0,
            tv_nsec: 500_000_000,
        };
        if poll(&mut fds, Some(&soon)).expect("poll") == 0 {
            return;
        }
    }
}
