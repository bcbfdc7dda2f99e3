//! From `wait/` into `active/`, and on from there.
//!
//! Answers for a mark being on disk before what it tells of happens, and for a
//! job never being in two places.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use rustix::fs::{
    AtFlags, Mode, OFlags, fdatasync, fsync, openat, renameat, statat, syncfs, unlinkat,
};
use rustix::io::Errno;

use super::super::spool::{new_id, syncs_as_one};
use super::super::work::{Mark, Millis, Work};
use super::arrival::{CLAIMED, MANY, source};
use super::change::TAKEN;
use super::name::{Name, Why};
use super::{MODE, STAGED, Store, UNTOLD, all_names, names, rename_new};

/// No work file of ours is longer, in bytes: what is cannot be read again.
pub(super) const MAX_WORK: u64 = 64 * 1024 * 1024;

/// A job that is being delivered.
#[derive(Debug)]
pub struct Active {
    /// What it says, and to whom.
    pub work: Work,
    /// In `active/`.
    name: String,
    file: Option<File>,
}

/// What lies in `wait/`.
#[derive(Debug, Default)]
pub struct Waiting {
    /// What is due.
    pub due: Vec<Name>,
    /// When the next of the others is.
    pub next: Option<Millis>,
    /// Digests that take in more, due or not.
    pub gathering: Vec<Name>,
    /// The jobs that have a turn, due or not.
    pub turns: BTreeSet<String>,
    /// The newest job: its second.
    pub newest: u64,
}

impl Active {
    /// A job of our own, which is on disk once it was [`Store::rewrite`]n.
    pub fn new(work: Work) -> Self {
        Self {
            name: work.id.clone(),
            work,
            file: None,
        }
    }

    /// Its name in `active/`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Store {
    /// What is due at `now`. A retry that would be tried later than `latest`
    /// was put there by a clock that was wrong, and is due.
    pub fn waiting(&self, now: Millis, latest: Millis) -> io::Result<Waiting> {
        self.put_back_changed()?;
        let mut waiting = Waiting::default();
        for name in names(&self.wait)? {
            let name = name?;
            let Some(name) = name.to_str().and_then(Name::read) else {
                continue;
            };
            waiting.newest = waiting.newest.max(second(&name.id));
            if matches!(name.why, Why::Gather | Why::Paced) {
                waiting.turns.insert(name.id.clone());
            }
            if name.why == Why::Gather {
                waiting.gathering.push(name.clone());
            }
            if name.why == Why::Stopped {
            } else if name.due <= now || name.is_astray(now, latest) {
                waiting.due.push(name);
            } else {
                let next = waiting.next.unwrap_or(Millis::MAX);
                waiting.next = Some(next.min(name.due));
            }
        }
        Ok(waiting)
    }

    /// The jobs in `wait/` whose message has one of these digests.
    pub fn waiting_with(&self, digests: &BTreeSet<&str>) -> io::Result<Vec<Work>> {
        let mut found = Vec::new();
        for name in names(&self.wait)? {
            let name = name?;
            let known = name.to_str().and_then(Name::read);
            if known.is_none_or(|name| !digests.contains(name.digest.as_str())) {
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(&self.wait, name.as_os_str(), flags, Mode::empty()) {
                Ok(file) => found.extend(read(File::from(file))?),
                // It was taken meanwhile, by somebody who changes it.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }

    /// Reads a waiting job. `None`: it is not there any more, or spoilt.
    pub fn read_waiting(&self, name: &Name) -> io::Result<Option<Work>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.wait, name.to_string(), flags, Mode::empty()) {
            Ok(file) => read(File::from(file)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a waiting job to deliver it. `None`: it is not there any more.
    pub fn activate(&self, name: &Name) -> io::Result<Option<Active>> {
        let mut to = name.id.clone();
        let mut moved = rename_new(&self.wait, name.to_string(), &self.active, &to);
        if moved == Err(Errno::EXIST) {
            // Another job says that it has the same name.
            to = new_id(std::time::SystemTime::now());
            moved = rename_new(&self.wait, name.to_string(), &self.active, &to);
        }
        match moved {
            Ok(()) => self.resume(&to).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What lies in `active/`.
    pub fn in_active(&self) -> io::Result<Vec<String>> {
        let text = |name: io::Result<std::ffi::OsString>| name.map(|name| name.into_string().ok());
        names(&self.active)?
            .filter_map(|name| text(name).transpose())
            .collect()
    }

    /// Opens a job in `active/`. `InvalidData`: it is spoilt, and lies in `failed/` now.
    pub fn resume(&self, name: &str) -> io::Result<Active> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&self.active, name, flags, Mode::empty())?);
        let Some(work) = read(&file)? else {
            self.give_up(name)?;
            let why = "spoilt; it lies in failed/ now";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        };
        Ok(Active {
            work,
            name: name.to_owned(),
            // There may be more jobs than descriptors.
            file: None,
        })
    }

    /// Of a file that cannot be read, nothing can be sent; somebody has to look at it.
    fn give_up(&self, name: &str) -> io::Result<()> {
        rename_new(&self.active, name, &self.failed, format!("{name}{UNTOLD}"))?;
        Ok(fsync(&self.failed)?)
    }

    /// Marks a part. With `synced` it is on disk when this returns.
    pub fn mark(&self, job: &mut Active, at: usize, mark: Mark, synced: bool) -> io::Result<()> {
        if job.file.is_none() {
            let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            job.file = Some(openat(&self.active, job.name.as_str(), flags, Mode::empty())?.into());
        }
        if let Some(file) = &job.file {
            let letter = job.work.letter(at, mark);
            file.write_all_at(&[letter], u64::try_from(at).unwrap_or(u64::MAX))?;
            if synced {
                fdatasync(file)?;
            }
        }
        if let Some(known) = job.work.marks.get_mut(at) {
            *known = mark;
        }
        Ok(())
    }

    /// What was marked is on disk when this returns.
    pub fn sync(&self, job: &Active) -> io::Result<()> {
        match &job.file {
            Some(file) => Ok(fdatasync(file)?),
            None => Ok(()),
        }
    }

    /// The same of several jobs.
    pub fn sync_together(&self, jobs: &[&Active]) -> io::Result<()> {
        let as_one = jobs.len() >= MANY && syncs_as_one(&self.active);
        if as_one && syncfs(&self.active).is_ok() {
            return Ok(());
        }
        jobs.iter().try_for_each(|job| self.sync(job))
    }

    /// Needs no descriptor until it is marked again.
    pub fn rest(&self, job: &mut Active) {
        job.file = None;
    }

    /// Writes the whole file anew: its parts are planned, or something is to be told of them.
    /// One that is too long is [`io::ErrorKind::FileTooLarge`].
    pub fn rewrite(&self, job: &mut Active) -> io::Result<()> {
        let beside = format!("{STAGED}{}", job.name);
        let written = self.write_beside(&beside, &job.work);
        written.inspect_err(|_| {
            _ = unlinkat(&self.active, &beside, AtFlags::empty());
        })?;
        renameat(&self.active, &beside, &self.active, job.name.as_str())?;
        job.file = None;
        // Else a power cut could bring back the old file, whose marks say less.
        Ok(fsync(&self.active)?)
    }

    pub(super) fn write_beside(&self, name: &str, work: &Work) -> io::Result<File> {
        let bytes = to_file(work)?;
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.active, name, flags, MODE)?);
        file.write_all(&bytes)?;
        file.sync_all()?;
        Ok(file)
    }

    /// Is its file short enough to be written?
    pub fn fits(work: &Work) -> bool {
        to_file(work).is_ok()
    }

    /// Back to `wait/`, as it is on disk.
    pub fn put_back(&self, job: &Active) -> io::Result<Name> {
        let name = Name::of(&job.work);
        rename_new(
            &self.active,
            job.name.as_str(),
            &self.wait,
            name.to_string(),
        )?;
        Ok(name)
    }

    /// Into `failed/`, as it is on disk; `untold`: somebody is to be told.
    pub fn fail(&self, job: &Active, untold: bool) -> io::Result<String> {
        let end = if untold { UNTOLD } else { "" };
        let mut name = format!("{}{end}", job.work.id);
        if let Err(Errno::EXIST) = rename_new(&self.active, job.name.as_str(), &self.failed, &name)
        {
            name = format!("{}{end}", new_id(std::time::SystemTime::now()));
            rename_new(&self.active, job.name.as_str(), &self.failed, &name)?;
        }
        fsync(&self.failed)?;
        Ok(name)
    }

    /// Its receipt is on disk: it goes.
    pub fn drop_sent(&self, job: &Active) -> io::Result<()> {
        Ok(unlinkat(&self.active, job.name.as_str(), AtFlags::empty())?)
    }

    /// Failed jobs that nobody was told of.
    pub fn untold(&self) -> io::Result<Vec<String>> {
        let mut untold = Vec::new();
        for name in names(&self.failed)? {
            let name = name?.into_string().unwrap_or_default();
            if name.ends_with(UNTOLD) {
                untold.push(name);
            }
        }
        Ok(untold)
    }

    /// Reads a failed job.
    pub fn read_failed(&self, name: &str) -> io::Result<Option<Work>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&self.failed, name, flags, Mode::empty())?);
        read(file)
    }

    /// Somebody was told of a failed job.
    pub fn told(&self, name: &str) -> io::Result<()> {
        let Some(told) = name.strip_suffix(UNTOLD) else {
            return Ok(());
        };
        match rename_new(&self.failed, name, &self.failed, told) {
            // Somebody has retried or removed it meanwhile.
            Err(Errno::NOENT) => Ok(()),
            moved => Ok(moved?),
        }
    }

    /// Removes what an earlier pass began to write, and what it had copied and
    /// did not come to remove.
    pub fn tidy(&self) -> io::Result<()> {
        for name in all_names(&self.active)? {
            let name = name?.into_string().unwrap_or_default();
            if name.starts_with(STAGED) {
                unlinkat(&self.active, name, AtFlags::empty())?;
            }
        }
        let claimed = self.claimed()?;
        self.forget_copied(&claimed)
    }

    /// Removes of what was claimed that of which there is a copy.
    pub(super) fn forget_copied(&self, claimed: &[String]) -> io::Result<()> {
        if claimed.is_empty() {
            return Ok(());
        }
        for name in all_names(&self.active)? {
            let name = name?.into_string().unwrap_or_default();
            // What pageq has aside is a copy no less.
            if !name.starts_with('.') || name.starts_with(TAKEN) {
                self.remove_if_copied(&self.active, &name)?;
            }
        }
        for copy in self.copies_in_wait(claimed)? {
            self.remove_if_copied(&self.wait, &copy)?;
        }
        for id in claimed {
            for copy in [id.clone(), format!("{id}{UNTOLD}")] {
                self.remove_if_copied(&self.failed, &copy)?;
            }
        }
        Ok(fsync(&self.active)?)
    }
}

impl Store {
    /// The IDs of all jobs that were claimed and are not delivered.
    pub(super) fn known_ids(&self) -> io::Result<BTreeSet<String>> {
        let mut known = BTreeSet::from_iter(self.in_active()?);
        for name in names(&self.wait)? {
            let name = name?;
            known.extend(name.to_str().and_then(Name::read).map(|name| name.id));
        }
        for name in names(&self.failed)? {
            let name = name?.into_string().unwrap_or_default();
            known.insert(name.trim_end_matches(UNTOLD).to_owned());
        }
        Ok(known)
    }

    /// The names in `wait/` of jobs that may be copies of what was claimed.
    fn copies_in_wait(&self, claimed: &[String]) -> io::Result<BTreeSet<String>> {
        let mut copies = BTreeSet::new();
        for name in names(&self.wait)? {
            let name = name?.into_string().unwrap_or_default();
            let job = Name::read(&name);
            if job.is_some_and(|job| claimed.contains(&job.id)) {
                copies.insert(name);
            }
        }
        Ok(copies)
    }

    /// Removes what was claimed, if the work file of that name is its copy.
    fn remove_if_copied(&self, at: &OwnedFd, copy: &str) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(at, copy, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(()),
            other => File::from(other?),
        };
        let Some(work) = read(file)? else {
            return Ok(());
        };
        let found = format!("{CLAIMED}{}", work.id);
        match statat(&self.active, found, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if source(&stat) == work.source => self.remove_found(&work.id),
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The second in which [`new_id`] made this; 0: it did not.
pub(super) fn second(id: &str) -> u64 {
    let second = id.split('-').next();
    second
        .filter(|second| second.len() == 10)
        .and_then(|second| second.parse().ok())
        .unwrap_or(0)
}

/// The file of a job, if it can be read again.
pub(super) fn to_file(work: &Work) -> io::Result<Vec<u8>> {
    let bytes = work.to_bytes()?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_WORK) {
        return Ok(bytes);
    }
    let text = format!(
        "with all its parts it has {} bytes, and {MAX_WORK} at most can be kept: send it to fewer, or shorten it",
        bytes.len()
    );
    Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
}

fn read(file: impl Read) -> io::Result<Option<Work>> {
    let mut bytes = Vec::with_capacity(4096);
    file.take(MAX_WORK).read_to_end(&mut bytes)?;
    Ok(Work::read(&bytes))
}
