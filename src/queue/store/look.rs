//! Looking into the spool from outside of a pass: what lies where, what is in
//! it, and which job is meant by the beginning of an ID.
//!
//! Answers for telling from the names alone what they tell, and for one broken
//! file hiding no other. Changes nothing, and must never know how it is shown.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::super::job::{self, Submission};
use super::super::spool::MAX_JOB;
use super::super::work::{NORMAL, Work, millis};
use super::active::MAX_WORK;
use super::arrival::CLAIMED;
use super::change::TAKEN;
use super::name::Name;
use super::receipt::Receipt;
use super::{AS_FOUND, Store, UNTOLD, all_names, names};
use crate::diag::cause;
use crate::text::escape::printable;

/// Where a job lies.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// Accepted, and as its submitter wrote it.
    New,
    /// Waiting for its time.
    Wait,
    /// On its way.
    Active,
    /// Given up.
    Failed,
}

/// A job, as its name tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Where it lies.
    pub place: Place,
    /// What we call it; in `new/` its file's name, safe to print.
    pub id: String,
    /// The most urgent level in it, where the name tells it.
    pub level: Option<u8>,
    /// Its file.
    pub(super) name: OsString,
    /// The file lies in `active/`: it is being claimed, or changed by hand.
    pub(super) aside: bool,
}

/// What is in a job's file.
#[derive(Debug)]
pub enum Content {
    /// A job.
    Work(Box<Work>),
    /// None that can be read, and why.
    Spoilt(String),
}

impl Entry {
    /// What the name of a waiting job tells.
    pub fn waits(&self) -> Option<Name> {
        let here = self.place == Place::Wait && !self.aside;
        here.then(|| Name::read(self.name.to_str()?)).flatten()
    }

    /// It is being claimed, or changed by another one.
    pub fn is_aside(&self) -> bool {
        self.aside
    }

    /// One whose file's name is its ID, with or without an ending.
    fn plain(place: Place, name: OsString, aside: bool) -> Self {
        let shown = printable(name.as_encoded_bytes());
        let id = match (aside, place) {
            (true, _) => shown
                .strip_prefix(CLAIMED)
                .or_else(|| shown.strip_prefix(TAKEN)?.split_once('-').map(|(_, id)| id))
                .unwrap_or(&shown),
            (false, _) => &shown,
        };
        Self {
            place,
            id: id.strip_suffix(UNTOLD).unwrap_or(id).to_owned(),
            level: None,
            name,
            aside,
        }
    }

    fn waiting(name: OsString) -> Self {
        match name.to_str().and_then(Name::read) {
            Some(read) => Self {
                place: Place::Wait,
                id: read.id,
                level: Some(read.level),
                name,
                aside: false,
            },
            // Nobody delivers it, so it is shown all the more.
            None => Self::plain(Place::Wait, name, false),
        }
    }
}

impl Store {
    /// What lies in those places, in no order. While a pass is at work, a job
    /// that moves may be found twice, where it was and where it is.
    pub fn look(&self, places: &[Place]) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        let wanted = |place| places.contains(&place);
        if wanted(Place::New) {
            for name in names(&self.new)? {
                found.push(Entry::plain(Place::New, name?, false));
            }
        }
        // Twice: whichever way a job moves meanwhile, it is found.
        self.look_aside(places, &mut found)?;
        if wanted(Place::Wait) {
            for name in names(&self.wait)? {
                found.push(Entry::waiting(name?));
            }
            self.look_aside(places, &mut found)?;
        }
        if wanted(Place::Failed) {
            for name in names(&self.failed)? {
                let name = name?;
                if !name.as_encoded_bytes().ends_with(AS_FOUND.as_bytes()) {
                    found.push(Entry::plain(Place::Failed, name, false));
                }
            }
        }
        Ok(found)
    }

    fn look_aside(&self, places: &[Place], found: &mut Vec<Entry>) -> io::Result<()> {
        for name in all_names(&self.active)? {
            let name = name?;
            let bytes = name.as_encoded_bytes();
            let taken =
                |place: Place| bytes.starts_with(super::change::taken(place, "").as_bytes());
            let place = if !bytes.starts_with(b".") {
                Some(Place::Active)
            } else if bytes.starts_with(CLAIMED.as_bytes()) {
                Some(Place::New)
            } else {
                [Place::New, Place::Wait, Place::Failed]
                    .into_iter()
                    .find(|place| taken(*place))
            };
            if let Some(place) = place.filter(|place| places.contains(place)) {
                found.push(Entry::plain(place, name, place != Place::Active));
            }
        }
        Ok(())
    }

    /// The jobs whose IDs begin so, each once; or the one whose whole ID it is.
    pub fn find(&self, beginning: &str) -> io::Result<Vec<Entry>> {
        let all = [Place::New, Place::Wait, Place::Active, Place::Failed];
        let mut found = self.look(&all)?;
        found.retain(|entry| entry.id.starts_with(beginning));
        if found.iter().any(|entry| entry.id == beginning) {
            found.retain(|entry| entry.id == beginning);
        }
        // Of a job that was found twice, the later place is the one.
        found.sort_by(|one, other| (&one.id, other.place).cmp(&(&other.id, one.place)));
        found.dedup_by(|one, other| one.id == other.id);
        Ok(found)
    }

    /// What is in a job's file, and where that is by now: a waiting job may
    /// have become active. `None`: it is gone.
    pub fn read(&self, entry: &Entry) -> io::Result<Option<(Place, Content)>> {
        let home = match entry.place {
            _ if entry.aside => &self.active,
            Place::New => &self.new,
            Place::Wait => &self.wait,
            Place::Active => &self.active,
            Place::Failed => &self.failed,
        };
        let mut places = vec![(entry.place, home, entry.name.clone())];
        match entry.place {
            Place::Wait => places.push((Place::Active, &self.active, entry.id.clone().into())),
            Place::New if !entry.aside => {
                let claimed = format!("{CLAIMED}{}", entry.id);
                places.push((Place::New, &self.active, claimed.into()));
            }
            _ => {}
        }
        for (place, at, name) in places {
            let read = if place == Place::New {
                read_job(at, &name, &entry.id)
            } else {
                read_work(at, &name)
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Ok(Some((place, Content::Spoilt(cause(&error))))),
                Ok(content) => return Ok(Some((place, content))),
            }
        }
        Ok(None)
    }

    /// All receipts that are kept, the newest first; `each` says false to have
    /// seen enough. Of a day that is being shown, only the places of its lines
    /// are kept in memory.
    pub fn receipts_backwards(&self, each: &mut dyn FnMut(Receipt) -> bool) -> io::Result<()> {
        for day in self.days()?.iter().rev() {
            let file = match open(&self.sent, day.as_ref()) {
                Err(Errno::NOENT) => continue,
                other => other?,
            };
            let mut ends = Vec::new();
            let mut at = 0_u64;
            let mut lines = BufReader::new(&file);
            let mut line = Vec::new();
            loop {
                line.clear();
                let length = (&mut lines).take(MAX_WORK).read_until(b'\n', &mut line)?;
                if length == 0 {
                    break;
                }
                ends.push((at, length));
                at = at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            }
            for (start, length) in ends.into_iter().rev() {
                line.resize(length, 0);
                file.read_exact_at(&mut line, start)?;
                let receipt = serde_json::from_slice(&line);
                if receipt.is_ok_and(|receipt| !each(receipt)) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn open(at: &OwnedFd, name: &std::ffi::OsStr) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match openat(at, name, flags, Mode::empty()) {
        // Nor is the directory there.
        Err(Errno::NOTDIR) => Err(Errno::NOENT),
        opened => opened.map(File::from),
    }
}

pub(super) fn read_work(at: &OwnedFd, name: &std::ffi::OsStr) -> io::Result<Content> {
    let mut bytes = Vec::new();
    open(at, name)?.take(MAX_WORK).read_to_end(&mut bytes)?;
    let spoilt = || Content::Spoilt("the file is spoilt".to_owned());
    Ok(Work::read(&bytes).map_or_else(spoilt, |work| Content::Work(Box::new(work))))
}

/// A file that anybody may have written, as its deliverer would read it.
pub(super) fn read_job(at: &OwnedFd, name: &std::ffi::OsStr, id: &str) -> io::Result<Content> {
    let file = open(at, name)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Ok(Content::Spoilt("not a regular file".to_owned()));
    }
    let limit = u64::try_from(MAX_JOB).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_JOB {
        return Ok(Content::Spoilt("longer than a job may be".to_owned()));
    }
    let written = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let work = match job::read(&bytes, written, id) {
        Ok(Submission::Job(job)) => Work::new(&job, id, millis(job.received)),
        Ok(Submission::Forget(forget)) => {
            let text = "no job, but the request to forget a tag".to_owned();
            Work::refused(id, forget.received, b"", text)
        }
        Err(why) => Work::refused(id, written, &bytes, why),
    };
    Ok(Content::Work(Box::new(work)))
}

impl Content {
    /// The most urgent level in it.
    pub fn level(&self) -> u8 {
        match self {
            Self::Work(work) => work.level(),
            Self::Spoilt(_) => NORMAL,
        }
    }
}
