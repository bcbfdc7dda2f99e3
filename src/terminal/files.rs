//! Files and directories that others may be changing: never waited for, and
//! read only as far as a bound. Must never know what is in them.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{FileType, Mode, OFlags, RawDir, fstat, openat};
use rustix::io::Errno;
use rustix::path::Arg;

/// Some hundred entries for each system call.
const BATCH: usize = 32 * 1024;

/// The names in a directory, in its own order, of what is of this kind or
/// does not tell its kind.
pub(super) fn list(dir: BorrowedFd<'_>, kind: FileType) -> io::Result<Vec<String>> {
    let mut buffer = vec![MaybeUninit::uninit(); BATCH];
    let mut entries = RawDir::new(dir, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let fits = [kind, FileType::Unknown].contains(&entry.file_type());
        // No device or session of ours has a name that is not UTF-8.
        if let (true, Ok(name)) = (fits, entry.file_name().to_str()) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// What is in a regular file, or the first `limit` bytes of it.
pub(super) fn read(dir: BorrowedFd<'_>, path: impl Arg, limit: usize) -> io::Result<Vec<u8>> {
    // Opening a FIFO that nobody writes to must not wait, nor a terminal become ours.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = openat(dir, path, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("not a regular file"));
    }
    let size = usize::try_from(stat.st_size).unwrap_or(limit);
    let mut bytes = vec![0; size.min(limit)];
    let mut length = 0;
    while length < bytes.len() {
        let room = bytes.get_mut(length..).unwrap_or_default();
        match rustix::io::read(file.as_fd(), room) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}
