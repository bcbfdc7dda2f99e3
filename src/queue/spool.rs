//! The spool directory, from the submitters' side: a job that was accepted is
//! on disk, whole, and stays there through a power cut.
//!
//! ```text
//! tmp/ID ─ write, fsync ─▶ rename ─▶ new/ID ─ fsync(new/) ─▶ accepted
//! ```
//!
//! Many jobs share their syncs: all are written, then the file system is synced
//! as a whole, all are renamed, and one fsync makes their names safe.
//!
//! Answers for that order, for leaving nothing behind where it fails, and for
//! the room that others need. Must never know what is in a message, nor build
//! a name from what a client sent.

use std::borrow::Borrow;
use std::error::Error;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, CWD, Dir, DirEntry, Mode, OFlags, fchmod, fstat, fstatfs, fstatvfs, fsync, mkdirat,
    openat, renameat, syncfs, unlinkat,
};
use rustix::io::Errno;
use rustix::system::uname;

use super::job::Job;
use super::tags::Forget;
use crate::diag::cause;

const TMP: &str = "tmp";
const NEW: &str = "new";

/// The longest file that deliverers take, in bytes.
pub const MAX_JOB: usize = 64 * 1024;

/// The most jobs that share their syncs: their files are all open meanwhile.
pub const GROUP: usize = 128;

/// Modes, before the umask takes its part; in a spool that is shared it takes none of a file's.
const DIRECTORY_MODE: Mode = Mode::RWXU.union(Mode::RWXG);
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP);

/// An open spool. It stays the same one, whatever its path comes to name.
#[derive(Debug)]
pub struct Spool {
    tmp: OwnedFd,
    new: OwnedFd,
    /// Its files get the group of `tmp/`, which somebody has chosen for them.
    shared: bool,
    room: Room,
}

/// When a spool takes no more.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Room {
    /// Bytes of its file system that must stay free.
    pub free: u64,
    /// The most jobs that may lie in `new/`, where deliverers find them.
    pub queue: Option<usize>,
}

impl Spool {
    /// Opens the spool in `dir`. With `create`, what is missing of `dir`,
    /// `tmp/` and `new/` is made, with mode 0770 less the umask; its parent is not.
    ///
    /// Fails where one of the three is no directory, or `tmp` or `new` a link,
    /// and on a file system of another machine.
    pub fn open(dir: &Path, create: bool, room: Room) -> io::Result<Self> {
        // "spool" has the parent "", which is here.
        let parent = dir.parent().filter(|path| !path.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let at = |error: Errno| named(dir, error);
        let top = match directory(CWD, dir, OFlags::empty()) {
            Err(Errno::NOENT) if create => {
                let parent = directory(CWD, parent, OFlags::empty()).map_err(at)?;
                make(CWD, dir, &parent).map_err(at)?;
                directory(CWD, dir, OFlags::empty()).map_err(at)?
            }
            other => other.map_err(at)?,
        };
        let inner = |name: &str| {
            let name = Path::new(name);
            let found = match directory(&top, name, OFlags::NOFOLLOW) {
                Err(Errno::NOENT) if create => {
                    make(&top, name, &top).and_then(|()| directory(&top, name, OFlags::NOFOLLOW))
                }
                other => other,
            };
            found.map_err(|error| named(&dir.join(name), error))
        };
        let tmp = inner(TMP)?;
        let mode = fstat(&tmp).map_err(at)?.st_mode;
        let spool = Self {
            tmp,
            new: inner(NEW)?,
            shared: Mode::from_raw_mode(mode).contains(Mode::SGID),
            room,
        };
        local(&spool.new).map_err(|error| named(dir, error))?;
        Ok(spool)
    }

    /// Takes a job in. When this returns without an error, the job is on disk;
    /// when it returns one, nothing of it is left. `InvalidInput` that is no
    /// error of the system's: this job never will be.
    pub fn accept(&self, job: &Job) -> io::Result<()> {
        self.put(&job.id, &job.to_bytes().map_err(invalid)?)
    }

    /// Takes in the request to forget a tag, as [`Spool::accept`] takes a job.
    pub fn forget(&self, request: &Forget) -> io::Result<()> {
        self.put(&request.id, &request.to_bytes().map_err(invalid)?)
    }

    /// Takes many jobs in, each as [`Spool::accept`] does, at a fraction of the
    /// cost: they share their syncs, [`GROUP`] of them at a time. The results are
    /// in the order of the jobs, and one that fails stops no other.
    pub fn accept_all<J: Borrow<Job>>(&self, jobs: &[J]) -> Vec<io::Result<()>> {
        let mut results = Vec::with_capacity(jobs.len());
        for group in jobs.chunks(GROUP) {
            results.extend(self.group(group));
        }
        results
    }

    fn group(&self, jobs: &[impl Borrow<Job>]) -> Vec<io::Result<()>> {
        let mut places = match self.places() {
            Ok(places) => places,
            Err(error) => return jobs.iter().map(|_| Err(again(&error))).collect(),
        };
        let written = jobs.iter().map(Borrow::borrow).map(|job| {
            let bytes = job.to_bytes().map_err(invalid)?;
            self.write(&job.id, &bytes, &mut places)
        });
        let written: Vec<io::Result<File>> = written.collect();
        let many = written.iter().flatten().nth(1).is_some();
        let synced = many && syncs_as_one(&self.tmp) && syncfs(&self.tmp).is_ok();
        let moved = jobs
            .iter()
            .map(Borrow::borrow)
            .zip(written)
            .map(|(job, file)| {
                let file = file?;
                // Where one of the many has failed, its own sync tells which.
                let safe = if synced { Ok(()) } else { file.sync_all() };
                safe.and_then(|()| self.rename(&job.id))
                    .inspect_err(|_| remove(&self.tmp, &job.id))
            });
        let moved: Vec<io::Result<()>> = moved.collect();
        let Err(error) = self.sync_names() else {
            return moved;
        };
        let taken_back = jobs
            .iter()
            .map(Borrow::borrow)
            .zip(moved)
            .map(|(job, moved)| {
                moved?;
                remove(&self.new, &job.id);
                Err(again(&error))
            });
        taken_back.collect()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.write(name, bytes, &mut self.places()?)?;
        let moved = file.sync_all().and_then(|()| self.rename(name));
        moved.inspect_err(|_| remove(&self.tmp, name))?;
        self.sync_names().inspect_err(|_| remove(&self.new, name))
    }

    /// Writes a file in `tmp/`, of which nothing is left where that fails.
    fn write(&self, name: &str, bytes: &[u8], places: &mut Places) -> io::Result<File> {
        if !is_id(name) {
            return Err(invalid("the name of the job is not one of ours"));
        }
        if bytes.len() > MAX_JOB {
            let why = format!("{} bytes are more than a job may have", bytes.len());
            return Err(invalid(why));
        }
        places.take(self.room, bytes.len())?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // Where this fails, a file of that name is not ours to remove.
        let mut file = File::from(openat(&self.tmp, name, flags, FILE_MODE)?);
        // Who delivers is in that group, and has to read it whatever the umask is.
        let readable = if self.shared {
            fchmod(&file, FILE_MODE)
        } else {
            Ok(())
        };
        let written = readable.map_err(io::Error::from);
        written
            .and_then(|()| file.write_all(bytes))
            .inspect_err(|_| remove(&self.tmp, name))?;
        Ok(file)
    }

    fn rename(&self, name: &str) -> io::Result<()> {
        Ok(renameat(&self.tmp, name, &self.new, name)?)
    }

    /// Not safe is not accepted. Who finds a file before it is gone may deliver
    /// a page that the sender was told has failed; better twice than never.
    fn sync_names(&self) -> io::Result<()> {
        Ok(fsync(&self.new)?)
    }

    /// Sessions that ask at the same moment may each find the last place free.
    fn places(&self) -> io::Result<Places> {
        let mut places = Places::default();
        if self.room.free > 0 {
            let disk = fstatvfs(&self.tmp)?;
            places.free = disk.f_bavail.saturating_mul(disk.f_frsize);
        }
        if let Some(most) = self.room.queue {
            let is_job = |entry: &Result<DirEntry, Errno>| {
                let entry = entry.as_ref();
                entry.is_ok_and(|entry| !entry.file_name().to_bytes().starts_with(b"."))
            };
            let jobs = Dir::read_from(&self.new)?.filter(is_job);
            places.waiting = jobs.take(most).count();
        }
        Ok(places)
    }
}

/// What there is of what a [`Room`] limits.
#[derive(Default)]
struct Places {
    /// Bytes that are free.
    free: u64,
    /// Jobs that wait.
    waiting: usize,
}

impl Places {
    /// Takes the place of one job with so many bytes.
    fn take(&mut self, room: Room, length: usize) -> io::Result<()> {
        let Self { free, waiting } = *self;
        let left = free.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        if room.free > 0 && left < room.free {
            let why = format!("{free} bytes free, {} are to stay so", room.free);
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        if let Some(most) = room.queue.filter(|most| waiting >= *most) {
            let why = format!("{most} jobs are waiting, more are not taken");
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, why));
        }
        self.free = left;
        self.waiting += 1;
        Ok(())
    }
}

/// Whether syncfs(2) tells that a write has failed: since Linux 5.8, and where no
/// other file system lies below, whose failures it does not hear of.
pub(super) fn syncs_as_one(at: &OwnedFd) -> bool {
    // ext2 to ext4, XFS, Btrfs, F2FS, tmpfs.
    const TOLD: [u64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994];
    let release = uname();
    let release = release.release().to_string_lossy();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next(), numbers.next());
    version >= (Some(5), Some(8)) && kind(at).is_ok_and(|kind| TOLD.contains(&kind))
}

fn directory(at: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(at, path, flags, Mode::empty())
}

/// Makes a directory. Its name must be on disk before a job in it can be.
fn make(at: impl AsFd, path: &Path, parent: &OwnedFd) -> Result<(), Errno> {
    match mkdirat(at, path, DIRECTORY_MODE) {
        // Another session was quicker; it may not have come to its fsync yet.
        Ok(()) | Err(Errno::EXIST) => fsync(parent),
        Err(error) => Err(error),
    }
}

fn remove(at: &OwnedFd, name: &str) {
    // The error that brought us here is the one worth telling.
    _ = unlinkat(at, name, AtFlags::empty());
}

fn invalid(error: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// The same failure, of one job more.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

pub(super) fn named(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    let why = format!("{}: {}", path.display(), cause(&error));
    io::Error::new(error.kind(), why)
}

/// Over a network, neither a rename nor an fsync is what it is here.
pub(super) fn local(at: &OwnedFd) -> io::Result<()> {
    const FOREIGN: [(u32, &str); 6] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x5346_414f, "AFS"),
        (0x0102_1997, "9P"),
    ];
    let kind = kind(at)?;
    match FOREIGN.iter().find(|(magic, _)| u64::from(*magic) == kind) {
        Some((_, name)) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("on {name}; a spool must be on a file system of this machine"),
        )),
        None => Ok(()),
    }
}

/// The magic number of a file system: 32 bits wide, in a field that may sign-extend it.
fn kind(at: &OwnedFd) -> io::Result<u64> {
    Ok(u64::try_from(fstatfs(at)?.f_type & 0xffff_ffff).unwrap_or_default())
}

/// A name for a job, from our own clock, process and dice: it sorts by time,
/// and no two are the same, also where two processes have the same number
/// because each is the first one of its container.
pub fn new_id(now: SystemTime) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let dice = RandomState::new().build_hasher().finish() & 0xffff;
    let process = std::process::id();
    format!(
        "{:010}-{:09}-{process}-{count}-{dice:04x}",
        time.as_secs(),
        time.subsec_nanos()
    )
}

/// Could [`new_id`] have made it?
pub fn is_id(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 80
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    /// A directory that goes away with its test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("pagebox-{}", new_id(SystemTime::now())));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn spool(&self) -> (PathBuf, Spool) {
            let dir = self.0.join("spool");
            let spool = Spool::open(&dir, true, Room::default()).unwrap();
            (dir, spool)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(&self.0);
        }
    }

    fn job() -> Job {
        Job::new(["5551212".to_owned()], "Disk full")
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn an_accepted_job_is_in_new_and_nowhere_else() {
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        let job = job();
        spool.accept(&job).unwrap();
        assert_eq!(names(&dir.join("new")), [job.id.as_str()]);
        assert!(names(&dir.join("tmp")).is_empty());
        let path = dir.join("new").join(&job.id);
        assert_eq!(fs::read(&path).unwrap(), job.to_bytes().unwrap());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777 & !0o640, 0);
        let mode = fs::metadata(dir.join("new")).unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0);
        // A second session finds everything there.
        Spool::open(&dir, false, Room::default())
            .unwrap()
            .accept(&self::job())
            .unwrap();
        assert_eq!(names(&dir.join("new")).len(), 2);
    }

    #[test]
    fn many_are_taken_as_one_is_and_one_that_fails_stops_no_other() {
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        let mut jobs: Vec<Job> = (0..GROUP + 5).map(|_| job()).collect();
        jobs[1].message = vec![b'x'; MAX_JOB];
        jobs[3].to.clear();
        // Each failure of its own: the name is taken here, and there.
        fs::write(dir.join("tmp").join(&jobs[5].id), "theirs").unwrap();
        fs::create_dir(dir.join("new").join(&jobs[7].id)).unwrap();
        let results = spool.accept_all(&jobs);
        assert_eq!(results.len(), jobs.len());
        for (at, (job, result)) in jobs.iter().zip(&results).enumerate() {
            assert_eq!(
                result.is_ok(),
                ![1, 3, 5, 7].contains(&at),
                "{at}: {result:?}"
            );
            if result.is_ok() {
                let file = fs::read(dir.join("new").join(&job.id)).unwrap();
                assert_eq!(file, job.to_bytes().unwrap());
            }
        }
        assert_eq!(names(&dir.join("new")).len(), jobs.len() - 3);
        assert_eq!(names(&dir.join("tmp")), [jobs[5].id.as_str()]);
        assert!(spool.accept_all::<Job>(&[]).is_empty());
        assert!(spool.accept_all(&[job()]).iter().all(Result::is_ok));
    }

    #[test]
    fn many_have_the_room_of_many() {
        let scratch = Scratch::new();
        let (dir, _) = scratch.spool();
        let with = |room| Spool::open(&dir, false, room).unwrap();
        let queue = Some(3);
        let spool = with(Room { queue, free: 1 });
        let jobs: Vec<Job> = (0..5).map(|_| job()).collect();
        let results = spool.accept_all(&jobs);
        let errors = results.iter().filter_map(|result| result.as_ref().err());
        let kinds: Vec<_> = errors.map(io::Error::kind).collect();
        assert_eq!(kinds, [io::ErrorKind::QuotaExceeded; 2]);
        assert!(results.iter().take(3).all(Result::is_ok));
        assert_eq!(names(&dir.join("new")).len(), 3);
        let free = u64::MAX;
        let results = with(Room { queue: None, free }).accept_all(&jobs);
        assert!(results.iter().all(Result::is_err));
        assert_eq!(names(&dir.join("new")).len(), 3);
        assert!(names(&dir.join("tmp")).is_empty());
        // Nothing of them stays where the directory has gone.
        fs::remove_dir_all(dir.join("new")).unwrap();
        assert!(spool.accept_all(&jobs).iter().all(Result::is_err));
        assert!(names(&dir.join("tmp")).is_empty());
    }

    #[test]
    fn a_spool_is_three_directories() {
        let scratch = Scratch::new();
        let dir = scratch.0.join("spool");
        assert_eq!(
            Spool::open(&dir, false, Room::default())
                .unwrap_err()
                .kind(),
            io::ErrorKind::NotFound
        );
        assert!(
            Spool::open(&dir.join("deeper"), true, Room::default()).is_err(),
            "the parent is not made"
        );
        fs::write(&dir, "").unwrap();
        let error = Spool::open(&dir, true, Room::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        assert!(error.to_string().contains("spool: "), "{error}");
        fs::remove_file(&dir).unwrap();
        fs::create_dir(&dir).unwrap();
        symlink(&scratch.0, dir.join("tmp")).unwrap();
        assert!(
            Spool::open(&dir, true, Room::default()).is_err(),
            "a link is not followed"
        );
        assert!(!dir.join("new").exists());
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        let job = job();
        // Something that no file can replace has the name: the rename fails, for root too.
        let taken = dir.join("new").join(&job.id);
        fs::create_dir(&taken).unwrap();
        assert!(spool.accept(&job).is_err());
        assert!(names(&dir.join("tmp")).is_empty());
        fs::remove_dir(&taken).unwrap();
        fs::remove_dir(dir.join("new")).unwrap();
        assert!(spool.accept(&job).is_err());
        assert!(names(&dir.join("tmp")).is_empty());
    }

    #[test]
    fn a_directory_that_cannot_be_written_leaves_nothing_behind() {
        if rustix::process::geteuid().is_root() {
            return; // Nothing is read-only for root.
        }
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        for name in ["new", "tmp"] {
            let path = dir.join(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o550)).unwrap();
            let error = spool.accept(&job()).unwrap_err();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert!(names(&dir.join("tmp")).is_empty() && names(&dir.join("new")).is_empty());
        }
    }

    #[test]
    fn a_file_of_somebody_else_is_neither_used_nor_removed() {
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        let job = job();
        let theirs = dir.join("tmp").join(&job.id);
        fs::write(&theirs, "theirs").unwrap();
        let error = spool.accept(&job).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    }

    #[test]
    fn no_room_is_an_error_and_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let (dir, _) = scratch.spool();
        let with = |room| Spool::open(&dir, false, room).unwrap().accept(&job());
        let queue = |most| Room {
            queue: Some(most),
            ..Room::default()
        };
        let free = |free| Room {
            free,
            ..Room::default()
        };
        with(free(1)).unwrap();
        assert_eq!(
            with(free(u64::MAX)).unwrap_err().kind(),
            io::ErrorKind::StorageFull
        );
        with(queue(2)).unwrap();
        let error = with(queue(2)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
        assert_eq!(error.to_string(), "2 jobs are waiting, more are not taken");
        assert_eq!(names(&dir.join("new")).len(), 2);
        assert!(names(&dir.join("tmp")).is_empty());
    }

    #[test]
    fn what_no_deliverer_would_take_is_not_taken() {
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        let message = vec![b'x'; MAX_JOB];
        let error = spool.accept(&Job { message, ..job() }).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(names(&dir.join("tmp")).is_empty() && names(&dir.join("new")).is_empty());
    }

    #[test]
    fn only_our_own_names_become_files() {
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        for id in [
            "", ".", "..", "../x", "/etc/x", "a/b", "-o", ".hidden", "a b",
        ] {
            let error = spool
                .accept(&Job {
                    id: id.to_owned(),
                    ..job()
                })
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{id}");
        }
        assert!(names(&dir.join("tmp")).is_empty() && names(&dir.join("new")).is_empty());
    }

    #[test]
    fn names_differ_in_the_same_instant_and_sort_by_time() {
        let now = SystemTime::now();
        let mut ids: Vec<_> = (0..100).map(|_| new_id(now)).collect();
        let later = new_id(now + std::time::Duration::from_micros(1));
        assert!(ids.iter().all(|id| is_id(id) && *id < later));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 100);
        let scratch = Scratch::new();
        let (dir, spool) = scratch.spool();
        for id in [new_id(now), new_id(now)] {
            spool.accept(&Job { id, ..job() }).unwrap();
        }
        assert_eq!(names(&dir.join("new")).len(), 2);
    }
}
