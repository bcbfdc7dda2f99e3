//! The spool directory, from the deliverer's side: every move of a job, and
//! the order that makes it safe.
//!
//! ```text
//! new/NAME ─▶ active/.in-ID ─▶ active/.new-ID (copied, synced) ─▶ wait/… ─▶ active/ID ─▶ sent/DAY, or failed/ID
//!                                                             ▲            │
//!                                                             └── retry ───┘
//! ```
//!
//! A job that is in `wait/` is on disk, and only then is what its submitter
//! wrote removed, and only then can it be sent: so a power cut brings back
//! nothing that was delivered. What a submitter may still hold open is copied.
//! In `active/`, a mark is on disk before what it tells of happens.
//!
//! Answers for that order. Must never know what a route is, nor the time.

mod active;
mod arrival;
mod change;
mod look;
pub mod name;
mod rates;
mod receipt;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{
    AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, RenameFlags, fchmod, flock, fstat, fsync,
    mkdirat, openat, renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;

use super::spool::{self, named};

pub use self::active::{Active, Waiting};
pub use self::arrival::{Arrival, CLAIMED, Candidate, Claim};
pub use self::change::{Changes, TAKEN, Taken};
pub use self::look::{Content, Entry, Place};
pub use self::receipt::{Receipt, ReceiptPart};

/// The directories of a spool, and who may look into them beside the owner.
pub const DIRECTORIES: [(&str, u32); 8] = [
    ("tmp", 0o3770),
    ("new", 0o3770),
    ("active", 0o700),
    ("wait", 0o700),
    ("failed", 0o700),
    ("sent", 0o700),
    ("tags", 0o2750),
    ("web", 0o2770),
];
/// What forms from the web leave in `web/` begins with that.
pub const FORM: &str = "form-";
/// Nobody but the owner reads a job that was claimed.
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// A work file that is being written.
pub const STAGED: &str = ".new-";
/// A failed job that nobody was told of yet.
pub const UNTOLD: &str = "~untold";
/// The file beside a failed job that was no job, as it was found.
pub const AS_FOUND: &str = "~file";

/// Stands for a directory that is missing.
const NOTHING: &str = "/dev/null";

/// An open spool.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    new: OwnedFd,
    active: OwnedFd,
    wait: OwnedFd,
    failed: OwnedFd,
    sent: OwnedFd,
}

/// The one who holds it delivers, and no other pass does.
#[derive(Debug)]
pub struct Pass(#[expect(dead_code, reason = "held, not used")] OwnedFd);

impl Store {
    /// Opens the spool in `dir`, which must be ours, and makes what is missing of it.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::open_with(dir, true)
    }

    /// Opens it to look into it, and makes nothing: what is missing of it is empty.
    pub fn open_to_look(dir: &Path) -> io::Result<Self> {
        Self::open_with(dir, false)
    }

    fn open_with(dir: &Path, create: bool) -> io::Result<Self> {
        let at = |error: Errno| named(dir, error);
        match Self::is_ours(dir) {
            Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
                mkdirat(CWD, dir, Mode::RWXU | Mode::RGRP | Mode::XGRP).map_err(at)?;
            }
            looked => looked?,
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = openat(CWD, dir, flags, Mode::empty()).map_err(at)?;
        let open = |name: &str| {
            let path = Path::new(name);
            let mode = DIRECTORIES.iter().find(|(known, _)| *known == name);
            let mode = Mode::from_raw_mode(mode.map_or(0o700, |(_, mode)| *mode));
            let found = match directory(&top, path) {
                Err(Errno::NOENT) if create => {
                    make(&top, path, mode).and_then(|()| directory(&top, path))
                }
                // Nothing is in there, see `all_names`, nor can be put there.
                Err(Errno::NOENT) => openat(CWD, NOTHING, flags - OFlags::DIRECTORY, Mode::empty()),
                other => other,
            };
            found.map_err(|error| named(&dir.join(name), error))
        };
        open("tmp")?;
        open("tags")?;
        open("web")?;
        let store = Self {
            dir: dir.to_owned(),
            new: open("new")?,
            active: open("active")?,
            wait: open("wait")?,
            failed: open("failed")?,
            sent: open("sent")?,
        };
        spool::local(&store.new).map_err(|error| named(dir, error))?;
        Ok(store)
    }

    /// Is there a spool in `dir`, and is it ours? Makes nothing.
    pub fn is_ours(dir: &Path) -> io::Result<()> {
        let at = |error: Errno| named(dir, error);
        // It may be a link to another disk.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = openat(CWD, dir, flags, Mode::empty()).map_err(at)?;
        let owner = fstat(&top).map_err(at)?.st_uid;
        let user = rustix::process::geteuid();
        // What root would write, its owner could not read.
        if owner != user.as_raw() {
            let text = format!("it belongs to the user with number {owner}, who has to run this");
            let error = io::Error::new(io::ErrorKind::PermissionDenied, text);
            return Err(named(dir, error));
        }
        Ok(())
    }

    /// The spool's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The right to deliver; `None`: another pass has it.
    pub fn begin_pass(&self) -> io::Result<Option<Pass>> {
        Ok(self.lock(".pass")?.map(Pass))
    }

    /// The lock of a route, to be inherited by whoever drives it; `None`: a
    /// child of an earlier pass still does.
    pub fn lock_route(&self, route: &str) -> io::Result<Option<OwnedFd>> {
        self.lock(&format!(".route-{route}"))
    }

    /// The child that had the lock has ended, and we have seen it: whoever it
    /// left behind has no page any more.
    pub fn release_route(&self, route: &str) {
        // Where this fails, the route waits for them.
        _ = unlinkat(&self.active, format!(".route-{route}"), AtFlags::empty());
    }

    fn lock(&self, name: &str) -> io::Result<Option<OwnedFd>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.active, name, flags, MODE)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether nobody has tidied up for an hour; then whoever asks does.
    pub fn is_time_to_tidy(&self) -> bool {
        const HOUR: Duration = Duration::from_secs(3600);
        let path = self.dir.join("active/.tidied");
        let last = std::fs::metadata(&path).and_then(|file| file.modified());
        // A time ahead of us is none.
        let recent = last.is_ok_and(|last| last.elapsed().is_ok_and(|since| since < HOUR));
        if !recent {
            // Where this fails, the next pass tidies up, too.
            _ = std::fs::write(&path, "");
        }
        !recent
    }

    /// Removes what has not changed since then of a directory with names that begin so.
    pub fn forget_old(&self, name: &str, prefix: &str, since: SystemTime) -> io::Result<()> {
        for entry in std::fs::read_dir(self.dir.join(name))? {
            let entry = entry?;
            let is_such = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(prefix.as_bytes());
            if is_such && entry.metadata()?.modified()? < since {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Whether the machine was started since [`Store::note_boot`]; then
    /// what had not reached the disk is gone.
    pub fn is_first_since_boot(&self) -> bool {
        let Ok(now) = std::fs::read("/proc/sys/kernel/random/boot_id") else {
            return true;
        };
        let before = std::fs::read(self.dir.join("active/.boot"));
        !before.is_ok_and(|before| before == now)
    }

    /// What the last run of the machine left has been seen to.
    pub fn note_boot(&self) {
        if let Ok(now) = std::fs::read("/proc/sys/kernel/random/boot_id") {
            // Where this fails, the next pass is as careful as this one.
            _ = std::fs::write(self.dir.join("active/.boot"), now);
        }
    }
}

fn directory(at: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, path, flags, Mode::empty())
}

/// Makes a directory of that mode, whatever the umask says.
fn make(at: &OwnedFd, path: &Path, mode: Mode) -> Result<(), Errno> {
    match mkdirat(at, path, Mode::RWXU) {
        Ok(()) => fchmod(directory(at, path)?, mode)?,
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    fsync(at)
}

/// The names in a directory, in no order, but for those that begin with a dot.
fn names(at: &OwnedFd) -> io::Result<impl Iterator<Item = io::Result<OsString>>> {
    let all = all_names(at)?;
    Ok(all.filter(|name| {
        let name = name.as_ref().map(|name| name.as_encoded_bytes());
        !name.is_ok_and(|name| name.starts_with(b"."))
    }))
}

/// All names in a directory but `.` and `..`.
fn all_names(at: &OwnedFd) -> io::Result<impl Iterator<Item = io::Result<OsString>>> {
    let name = |entry: Result<rustix::fs::DirEntry, Errno>| {
        let entry = entry.map_err(io::Error::from);
        entry.map(|entry| OsString::from_vec(entry.file_name().to_bytes().to_vec()))
    };
    let inner =
        |name: &io::Result<OsString>| !name.as_ref().is_ok_and(|name| name == "." || name == "..");
    let there = match Dir::read_from(at) {
        Err(Errno::NOTDIR) => None,
        other => Some(other?),
    };
    Ok(there.into_iter().flatten().map(name).filter(inner))
}

/// Moves a file to where there is none of that name.
fn rename_new(
    from: &OwnedFd,
    old: impl AsRef<OsStr>,
    to: &OwnedFd,
    new: impl AsRef<OsStr>,
) -> Result<(), Errno> {
    let (old, new) = (old.as_ref(), new.as_ref());
    match renameat_with(from, old, to, new, RenameFlags::NOREPLACE) {
        // Some file systems cannot; nobody else gives names here.
        Err(Errno::INVAL | Errno::NOSYS) => match statat(to, new, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(Errno::EXIST),
            Err(Errno::NOENT) => renameat(from, old, to, new),
            Err(error) => Err(error),
        },
        moved => moved,
    }
}
