//! From `new/` into `wait/`: a file that anybody may have written becomes a
//! job that nobody else can change.
//!
//! Answers for the order of it, and for no file stopping a pass. Must never
//! know what is in a file.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fsync, openat, statat, syncfs, unlinkat};
use rustix::io::Errno;

use super::super::spool::{MAX_JOB, is_id, new_id, syncs_as_one};
use super::super::work::Work;
use super::active::{second, to_file};
use super::name::Name;
use super::{AS_FOUND, MODE, STAGED, Store, UNTOLD, all_names, rename_new};
use crate::diag::cause;
use crate::text::escape::printable;

/// What was moved out of new/ and is not copied yet.
pub const CLAIMED: &str = ".in-";
/// What cannot be taken out of new/, for whoever looks there.
const REFUSED: &str = ".refused-";
/// From so many files on, one sync of all costs less than one of each.
pub(super) const MANY: usize = 4;

/// A file that somebody left in `new/`, now ours alone.
#[derive(Debug)]
pub struct Arrival {
    /// What we call it from now on.
    pub id: String,
    /// Tells the file from any other of that name.
    pub source: String,
    /// Whose it was: a user's number.
    pub owner: u32,
    /// When it was written.
    pub written: SystemTime,
    /// What is in it, or why it can be no job.
    pub file: Result<Vec<u8>, String>,
    /// It can be kept as it is.
    keep: bool,
}

/// A file that can be taken.
#[derive(Debug)]
pub struct Candidate {
    /// What we will call it.
    id: String,
    /// Its name in `new/`; `None`: it was taken already.
    name: Option<OsString>,
}

/// What becomes of an arrival.
#[derive(Debug)]
pub enum Claim {
    /// It is a job, and waits.
    Job(Work),
    /// It is none, and has failed; `untold`: somebody is to be told.
    Failed {
        /// Why, and what it was.
        work: Work,
        /// Somebody is to be told.
        untold: bool,
    },
    /// It was a request, and is done.
    Done,
}

impl Store {
    /// The names in `new/`, sorted.
    pub fn arrivals(&self) -> io::Result<Vec<OsString>> {
        let mut names = all_names(&self.new)?.collect::<io::Result<Vec<_>>>()?;
        names.retain(|name| !name.as_encoded_bytes().starts_with(REFUSED.as_bytes()));
        names.sort();
        Ok(names)
    }

    /// What lies in `new/` and, first, what an earlier pass took from there
    /// and did not come to copy: the oldest last.
    pub fn in_new(&self) -> io::Result<Vec<Candidate>> {
        let mut found = Vec::new();
        let left = self.claimed()?;
        self.forget_copied(&left)?;
        for id in self.claimed()? {
            found.push(Candidate { id, name: None });
        }
        let arrivals = self.arrivals()?;
        let known = self.known(&arrivals)?;
        for name in arrivals {
            let ours = name.to_str().filter(|name| is_id(name) && second(name) > 0);
            let ours = ours
                .filter(|name| !known.contains(*name))
                .map(str::to_owned);
            let id = ours.unwrap_or_else(|| new_id(self.age(&name)));
            let name = Some(name);
            found.push(Candidate { id, name });
        }
        found.sort_unstable_by(|one, other| other.id.cmp(&one.id));
        Ok(found)
    }

    /// The IDs of jobs that are here already, where anything arrived that may
    /// have been here before: what is claimed under an ID that is another job's
    /// would be taken for that one's leftover.
    fn known(&self, arrivals: &[OsString]) -> io::Result<BTreeSet<String>> {
        const MOMENT: u64 = 10;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let recent = now.as_secs().saturating_sub(MOMENT)..=now.as_secs();
        let mut seconds = arrivals.iter().filter_map(|name| name.to_str()).map(second);
        if seconds.all(|second| second == 0 || recent.contains(&second)) {
            return Ok(BTreeSet::new());
        }
        self.known_ids()
    }

    /// When a file in `new/` was written, as far as can be seen.
    fn age(&self, name: &OsStr) -> SystemTime {
        let stat = statat(&self.new, name, AtFlags::SYMLINK_NOFOLLOW);
        let since = stat.ok().and_then(|stat| {
            let whole = Duration::from_secs(u64::try_from(stat.st_mtime).ok()?);
            Some(whole + Duration::from_nanos(stat.st_mtime_nsec))
        });
        since.map_or_else(SystemTime::now, |since| UNIX_EPOCH + since)
    }

    /// Takes a file out of `new/`, and looks at it. `None`: it is not there any more.
    pub fn take(&self, candidate: Candidate) -> io::Result<Option<Arrival>> {
        let Candidate { mut id, name } = candidate;
        let Some(name) = name else {
            return Ok(Some(self.arrival(id)));
        };
        for _ in 0..3 {
            let claimed = format!("{CLAIMED}{id}");
            match rename_new(&self.new, name.as_os_str(), &self.active, &claimed) {
                Ok(()) => return Ok(Some(self.arrival(id))),
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::EXIST) => id = new_id(SystemTime::now()),
                // A directory that its owner does not let us write to.
                Err(Errno::ACCESS | Errno::PERM) if self.sweep(&name) => return Ok(None),
                Err(error) => {
                    let name = printable(name.as_encoded_bytes());
                    let text = format!("new/{name}: cannot be taken: {}", cause(&error.into()));
                    return Err(io::Error::new(io::Error::from(error).kind(), text));
                }
            }
        }
        Err(io::Error::other(format!(
            "active/{CLAIMED}{id} is in the way"
        )))
    }

    /// Removes a directory, or hides it from who watches `new/`.
    fn sweep(&self, name: &OsStr) -> bool {
        let mut hidden = OsString::from(REFUSED);
        hidden.push(name);
        unlinkat(&self.new, name, AtFlags::REMOVEDIR).is_ok()
            || rename_new(&self.new, name, &self.new, hidden).is_ok()
    }

    /// Puts claimed jobs on disk, together, and only then removes what was
    /// found. When this returns, each is where it belongs, or told of in the
    /// result: of that one, what was found is still there. Between two steps,
    /// `pause` is called; it must not look for jobs in `wait/`.
    pub fn keep(
        &self,
        claims: Vec<(Arrival, Claim)>,
        pause: &mut dyn FnMut(),
    ) -> Vec<io::Result<Option<Name>>> {
        let mut written: Vec<(Arrival, Claim, io::Result<()>)> = Vec::new();
        for (arrival, mut claim) in claims {
            pause();
            let result = match &mut claim {
                Claim::Job(work) | Claim::Failed { work, .. } => {
                    work.source.clone_from(&arrival.source);
                    self.stage(work)
                }
                Claim::Done => Ok(()),
            };
            written.push((arrival, claim, result));
        }
        pause();
        let synced = self.sync_all(&written);
        let mut kept = Vec::new();
        for (arrival, claim, result) in written {
            pause();
            let moved = match (result, &synced) {
                (Err(error), _) => Err(error),
                (Ok(()), Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
                (Ok(()), Ok(())) => self.settle(&arrival, &claim),
            };
            if let (Err(_), Claim::Job(work) | Claim::Failed { work, .. }) = (&moved, &claim) {
                _ = unlinkat(&self.active, staged(&work.id), AtFlags::empty());
            }
            kept.push((arrival, moved));
        }
        // What is removed below must not be gone before its copy is there.
        pause();
        let safe = fsync(&self.wait).and_then(|()| fsync(&self.failed));
        let mut results = Vec::new();
        for (arrival, moved) in kept {
            pause();
            let result = moved.and_then(|name| {
                safe?;
                self.remove_found(&arrival.id)?;
                Ok(name)
            });
            results.push(result);
        }
        pause();
        // Nor may it come back once its page is out.
        if let Err(error) = fsync(&self.active) {
            for result in &mut results {
                *result = Err(error.into());
            }
        }
        results
    }

    fn stage(&self, work: &Work) -> io::Result<()> {
        let bytes = to_file(work)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.active, staged(&work.id), flags, MODE)?);
        file.write_all(&bytes)
    }

    fn sync_all(&self, written: &[(Arrival, Claim, io::Result<()>)]) -> io::Result<()> {
        let as_one = written.len() >= MANY && syncs_as_one(&self.active);
        if as_one && syncfs(&self.active).is_ok() {
            return Ok(());
        }
        for (_, claim, result) in written {
            if let (Claim::Job(work) | Claim::Failed { work, .. }, Ok(())) = (claim, result) {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                fsync(openat(
                    &self.active,
                    staged(&work.id),
                    flags,
                    Mode::empty(),
                )?)?;
            }
        }
        Ok(())
    }

    fn settle(&self, arrival: &Arrival, claim: &Claim) -> io::Result<Option<Name>> {
        match claim {
            Claim::Job(work) => {
                let name = Name::of(work);
                rename_new(&self.active, staged(&work.id), &self.wait, name.to_string())?;
                Ok(Some(name))
            }
            Claim::Failed { work, untold } => {
                let untold = if *untold { UNTOLD } else { "" };
                let name = format!("{}{untold}", work.id);
                rename_new(&self.active, staged(&work.id), &self.failed, name)?;
                if arrival.keep && arrival.file.is_err() {
                    let found = format!("{CLAIMED}{}", arrival.id);
                    let name = format!("{}{AS_FOUND}", work.id);
                    rename_new(&self.active, found, &self.failed, name)?;
                }
                Ok(None)
            }
            Claim::Done => Ok(None),
        }
    }

    pub(super) fn remove_found(&self, id: &str) -> io::Result<()> {
        let found = format!("{CLAIMED}{id}");
        let removed = match unlinkat(&self.active, &found, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => {
                // With what is in it, it goes where somebody can look at it.
                let name = format!("{id}{AS_FOUND}");
                rename_new(&self.active, &found, &self.failed, name)
            }
            other => other,
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn claimed(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for name in all_names(&self.active)? {
            let name = name?;
            let id = name.to_str().and_then(|name| name.strip_prefix(CLAIMED));
            found.extend(id.map(str::to_owned));
        }
        Ok(found)
    }

    /// Looks at a file that only its writer can still have open.
    fn arrival(&self, id: String) -> Arrival {
        let name = format!("{CLAIMED}{id}");
        let mut arrival = Arrival {
            id,
            source: String::new(),
            owner: 0,
            written: SystemTime::now(),
            file: Err(String::new()),
            keep: false,
        };
        let stat = statat(&self.active, &name, AtFlags::SYMLINK_NOFOLLOW);
        let stat = match stat {
            Ok(stat) => stat,
            Err(error) => {
                arrival.file = Err(cause(&error.into()));
                return arrival;
            }
        };
        arrival.owner = stat.st_uid;
        arrival.source = source(&stat);
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => None,
            FileType::Directory => Some("a directory"),
            FileType::Symlink => Some("a symbolic link"),
            FileType::Fifo => Some("a FIFO"),
            FileType::Socket => Some("a socket"),
            _ => Some("a device"),
        };
        if let Some(kind) = kind {
            arrival.file = Err(format!("{kind}, and not a file"));
            return arrival;
        }
        if stat.st_nlink != 1 {
            arrival.file = Err("the file has other names too: move it into new/".to_owned());
            return arrival;
        }
        arrival.keep = true;
        arrival.file = self.whole(&name).map(|(bytes, written)| {
            arrival.written = written;
            bytes
        });
        arrival
    }

    /// All of a file, if nobody writes to it meanwhile.
    fn whole(&self, name: &str) -> Result<(Vec<u8>, SystemTime), String> {
        let why = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "not to be read by the group: chmod 640 before it is moved".to_owned()
            }
            _ => cause(&error),
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.active, name, flags, Mode::empty());
        let mut file = File::from(file.map_err(|error| why(error.into()))?);
        for _ in 0..3 {
            let before = file.metadata().map_err(why)?;
            if !before.is_file() {
                return Err("not a regular file".to_owned());
            }
            let mut bytes = Vec::new();
            let limit = u64::try_from(MAX_JOB).unwrap_or(u64::MAX);
            if before.len() > limit {
                return Err(format!(
                    "{} bytes are more than a job may have, which is {MAX_JOB}",
                    before.len()
                ));
            }
            let read = (&file)
                .take(limit + 1)
                .read_to_end(&mut bytes)
                .map_err(why)?;
            let after = file.metadata().map_err(why)?;
            let same = |one: &std::fs::Metadata| (one.mtime(), one.mtime_nsec(), one.len());
            if same(&before) == same(&after) && u64::try_from(read).ok() == Some(after.len()) {
                return Ok((bytes, after.modified().map_err(why)?));
            }
            io::Seek::rewind(&mut file).map_err(why)?;
        }
        Err("it was still being written to: write it in tmp/, then move it".to_owned())
    }
}

/// A file that takes the number of one that is gone was written at another time.
pub(super) fn source(stat: &Stat) -> String {
    let Stat {
        st_ino,
        st_mtime,
        st_mtime_nsec,
        ..
    } = stat;
    format!("{st_ino}-{st_mtime}-{st_mtime_nsec}")
}

/// Of a work file that is being written.
fn staged(id: &str) -> String {
    format!("{STAGED}{id}")
}
