//! Changes from outside of a pass, while one may be running: a job is held,
//! released, tried again or removed by hand.
//!
//! ```text
//! new/NAME, wait/…, failed/ID ─▶ active/.pageq-PLACE-NAME ─▶ wait/…, or gone
//!                                    │            ▲
//!                                    └─ rewritten ┘
//! ```
//!
//! Whoever has renamed a job has it, and a pass takes jobs by renaming them
//! too: so nobody changes what is being delivered, and nobody delivers what is
//! being changed. A job has one name at every moment. Where it is rewritten,
//! the directory is on disk before the job can be delivered: the old file, in
//! which it has not been, does not come back.
//!
//! Who changes jobs shares a lock. Where nobody has it, what still lies aside
//! was left by one that was killed, and belongs where its name and what is in
//! it say: [`Store::put_back_changed`].
//!
//! Answers for that order. Must never know why a job is changed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::time::SystemTime;

use rustix::fs::{
    AtFlags, FlockOperation, OFlags, Timespec, Timestamps, UTIME_NOW, flock, fsync, futimens,
    openat, renameat, unlinkat,
};
use rustix::io::Errno;

use super::super::spool::new_id;
use super::super::work::Work;
use super::look::{Content, Entry, Place, read_job, read_work};
use super::name::Name;
use super::{AS_FOUND, MODE, STAGED, Store, UNTOLD, all_names, rename_new};
use crate::diag::cause;

/// A job that was taken aside to be changed.
pub const TAKEN: &str = ".pageq-";
/// Shared by all who change something.
const LOCK: &str = ".changes";

/// The right to change jobs.
#[derive(Debug)]
pub struct Changes(#[expect(dead_code, reason = "held, not used")] OwnedFd);

/// A job that nobody else has.
#[derive(Debug)]
pub struct Taken {
    /// Where it was.
    place: Place,
    /// What it was called there.
    old: OsString,
    /// In `active/`.
    name: OsString,
}

impl Taken {
    /// The name in `failed/` of the file beside it as it was found.
    fn found(&self) -> Option<String> {
        let id = self.old.to_string_lossy();
        let id = id.strip_suffix(UNTOLD).unwrap_or(&id);
        (self.place == Place::Failed).then(|| format!("{id}{AS_FOUND}"))
    }
}

/// What a job from that place is called meanwhile.
pub(super) fn taken(place: Place, name: &str) -> String {
    let place = match place {
        Place::New => "new",
        Place::Wait | Place::Active => "wait",
        Place::Failed => "failed",
    };
    format!("{TAKEN}{place}-{name}")
}

impl Store {
    /// The right to change jobs. `None`: what another one left is just being
    /// put back.
    pub fn begin_changes(&self) -> io::Result<Option<Changes>> {
        self.put_back_changed()?;
        let lock = self.change_lock(FlockOperation::NonBlockingLockShared)?;
        Ok(lock.map(Changes))
    }

    fn change_lock(&self, how: FlockOperation) -> io::Result<Option<OwnedFd>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.active, LOCK, flags, MODE)?;
        match flock(&file, how) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn home(&self, place: Place) -> &OwnedFd {
        match place {
            Place::New => &self.new,
            Place::Wait => &self.wait,
            Place::Active => &self.active,
            Place::Failed => &self.failed,
        }
    }

    /// Takes a job. `None`: it is not there any more, or another one has it.
    pub fn take_aside(&self, _: &Changes, entry: &Entry) -> io::Result<Option<Taken>> {
        if entry.aside || entry.place == Place::Active {
            return Ok(None);
        }
        let mut name = OsString::from(taken(entry.place, ""));
        name.push(match entry.place {
            // So that it fits, however long the name of its file is.
            Place::Wait => OsStr::new(&entry.id),
            _ => &entry.name,
        });
        match rename_new(self.home(entry.place), &*entry.name, &self.active, &*name) {
            Ok(()) => Ok(Some(Taken {
                place: entry.place,
                old: entry.name.clone(),
                name,
            })),
            Err(Errno::NOENT | Errno::EXIST) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What is in it.
    pub fn read_taken(&self, taken: &Taken) -> Content {
        let read = match taken.place {
            Place::New => read_job(&self.active, &taken.name, &taken.old.to_string_lossy()),
            _ => read_work(&self.active, &taken.name),
        };
        read.unwrap_or_else(|error| Content::Spoilt(cause(&error)))
    }

    /// Puts a job back as it was.
    pub fn give_back(&self, taken: &Taken) -> io::Result<()> {
        let home = self.home(taken.place);
        rename_new(&self.active, &*taken.name, home, &*taken.old)?;
        self.poke();
        Ok(())
    }

    /// Puts a job into `wait/` as it is told here. Where this fails, it is back
    /// where it was, or will be put there by the next one to look. `tell` comes
    /// when it is on disk, and nobody can deliver it yet.
    pub fn put_changed(&self, taken: &Taken, work: &Work, tell: impl FnOnce()) -> io::Result<()> {
        let beside = format!("{STAGED}{}", new_id(SystemTime::now()));
        let written = self.write_beside(&beside, work).and_then(|_| {
            renameat(&self.active, &*beside, &self.active, &*taken.name)?;
            Ok(())
        });
        if let Err(error) = written {
            _ = unlinkat(&self.active, &*beside, AtFlags::empty());
            self.give_back(taken)?;
            return Err(error);
        }
        fsync(&self.active)?;
        tell();
        let name = Name::of(work).to_string();
        rename_new(&self.active, &*taken.name, &self.wait, name)?;
        fsync(&self.wait)?;
        self.poke();
        Ok(())
    }

    /// Removes a job, and the file beside it as it was found.
    pub fn discard(&self, taken: &Taken) -> io::Result<()> {
        match unlinkat(&self.active, &*taken.name, AtFlags::empty()) {
            Err(Errno::ISDIR) => {
                unlinkat(&self.active, &*taken.name, AtFlags::REMOVEDIR)?;
            }
            other => other?,
        }
        fsync(&self.active)?;
        if let Some(found) = taken.found() {
            match unlinkat(&self.failed, found, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes an empty directory that lies beside a job as it was found. One
    /// that is not empty is an error: nobody would see it without its job.
    pub fn discard_directory(&self, taken: &Taken) -> io::Result<()> {
        let Some(found) = taken.found() else {
            return Ok(());
        };
        match unlinkat(&self.failed, &found, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(error) => {
                let error = io::Error::from(error);
                let text = format!("failed/{found}: {}: remove that first", cause(&error));
                Err(io::Error::new(error.kind(), text))
            }
        }
    }

    /// Puts back what a change has left that was killed. Does nothing while
    /// somebody changes something.
    pub fn put_back_changed(&self) -> io::Result<()> {
        let mut left = Vec::new();
        for name in all_names(&self.active)? {
            let name = name?;
            if name.as_encoded_bytes().starts_with(TAKEN.as_bytes()) {
                left.push(name);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let Some(_alone) = self.change_lock(FlockOperation::NonBlockingLockExclusive)? else {
            return Ok(());
        };
        for name in left {
            match self.put_back_left(&name) {
                // Whoever had it has finished, or there is another one of that name.
                Ok(()) | Err(Errno::NOENT | Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(fsync(&self.wait)?)
    }

    fn put_back_left(&self, name: &OsStr) -> Result<(), Errno> {
        use std::os::unix::ffi::OsStrExt as _;
        let behind = |place| {
            let bytes = name.as_bytes();
            bytes
                .strip_prefix(taken(place, "").as_bytes())
                .map(OsStr::from_bytes)
        };
        if let Some(old) = behind(Place::New) {
            return rename_new(&self.active, name, &self.new, old);
        }
        let work = match read_work(&self.active, name) {
            Ok(Content::Work(work)) => Some(work),
            Ok(Content::Spoilt(_)) => None,
            Err(error) => return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        };
        let pending = work.filter(|work| work.is_pending());
        if let Some(work) = pending {
            return rename_new(&self.active, name, &self.wait, Name::of(&work).to_string());
        }
        if let Some(old) = behind(Place::Failed) {
            return rename_new(&self.active, name, &self.failed, old);
        }
        let id = behind(Place::Wait).unwrap_or(name).to_string_lossy();
        rename_new(&self.active, name, &self.failed, format!("{id}{UNTOLD}"))
    }

    /// Tells a pass that watches the spool that something has changed.
    fn poke(&self) {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        };
        let times = Timestamps {
            last_access: now,
            last_modification: now,
        };
        // Where this fails, a pass that watches finds it a little later.
        _ = futimens(&self.wait, &times);
    }
}
