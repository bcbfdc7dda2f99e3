//! UUCP lock files, which minicom, mgetty, HylaFAX and others look for:
//! `LCK..ttyS0` with the process ID as ten characters and a newline (FHS 5.9).
//!
//! Answers for taking, judging and removing them. Must never know the line:
//! what is locked is a name.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::diag::cause;

/// The locks of one line. They go when it does.
#[derive(Debug, Default)]
pub(super) struct Locks {
    held: Vec<PathBuf>,
    remark: Option<String>,
}

/// What stands in a lock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    /// A process, which may be gone. 0 is nobody that could be gone.
    Process(i32),
    /// Nothing that could be read.
    Garbage,
    /// There is no lock any more.
    None,
}

/// Why a lock was not made.
enum Refused {
    /// Someone else has it.
    Held(i32),
    /// It cannot be made here.
    Failed(io::Error),
}

impl Locks {
    /// Locks a device under its name and, where it is a link, the name of what
    /// it leads to. The error says who has it.
    ///
    /// Where no lock can be made, because there is no such directory or it is
    /// not ours to write to, [`Locks::remark`] says so.
    pub(super) fn take(dir: &Path, device: &Path) -> Result<Self, String> {
        let target = device.canonicalize().unwrap_or_else(|_| device.to_owned());
        let mut names: Vec<_> = [device, &target]
            .iter()
            .filter_map(|path| path.file_name())
            .collect();
        names.dedup();
        let mut locks = Self::default();
        for name in names {
            let mut lock = dir.join("LCK..").into_os_string();
            lock.push(name);
            let lock = PathBuf::from(lock);
            match make(dir, &lock) {
                Ok(()) => locks.held.push(lock),
                Err(Refused::Held(pid)) => {
                    let who = match pid {
                        0 => "another process".to_owned(),
                        pid if pid == our_pid() => "this process itself".to_owned(),
                        pid => format!("process {pid}"),
                    };
                    return Err(format!("in use by {who} (lock {})", lock.display()));
                }
                Err(Refused::Failed(error)) => {
                    let text = format!("no lock {}: {}", lock.display(), cause(&error));
                    locks.remark.get_or_insert(text);
                }
            }
        }
        Ok(locks)
    }

    /// Why there is not every lock that there should be.
    pub(super) fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        for lock in &self.held {
            // Someone may have thought it stale, and made their own.
            if owner(lock) == Owner::Process(our_pid()) {
                _ = fs::remove_file(lock);
            }
        }
    }
}

fn our_pid() -> i32 {
    rustix::process::getpid().as_raw_pid()
}

/// Makes a lock: written under another name, then linked, so that nobody ever
/// finds one without its process.
fn make(dir: &Path, lock: &Path) -> Result<(), Refused> {
    let new = dir.join(format!("LTMP.{}", our_pid()));
    let written = write(&new);
    let made = written.map_err(Refused::Failed).and_then(|()| {
        // Once more behind a stale one, and no more often: then someone else
        // was faster.
        link(&new, lock).or_else(|refused| match refused {
            Refused::Failed(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                link(&new, lock)
            }
            refused => Err(refused),
        })
    });
    _ = fs::remove_file(&new);
    made
}

fn write(new: &Path) -> io::Result<()> {
    // Whatever is there was left by a process of our number that is gone; and
    // what someone else put there is not written to.
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(open(new, flags, Mode::from_raw_mode(0o444))?);
    writeln!(file, "{:>10}", our_pid())
}

/// One try. The error `AlreadyExists`: a stale lock was removed.
fn link(new: &Path, lock: &Path) -> Result<(), Refused> {
    let error = match fs::hard_link(new, lock) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    if error.kind() != io::ErrorKind::AlreadyExists {
        return Err(Refused::Failed(error));
    }
    match owner(lock) {
        Owner::Process(pid) if is_alive(pid) => return Err(Refused::Held(pid)),
        Owner::None => {}
        stale => remove(lock, stale).map_err(Refused::Failed)?,
    }
    Err(Refused::Failed(error))
}

/// Removes a stale lock. Who judged it a moment earlier may have put another
/// one in its place, and that is given back.
fn remove(lock: &Path, stale: Owner) -> io::Result<()> {
    let aside = lock.with_file_name(format!("LTMP.{}.old", our_pid()));
    match fs::rename(lock, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        moved => moved?,
    }
    if owner(&aside) != stale {
        // Where a third one has come meanwhile, the kernel's locks decide.
        _ = fs::hard_link(&aside, lock);
    }
    fs::remove_file(&aside)
}

fn is_alive(pid: i32) -> bool {
    Pid::from_raw(pid).is_none_or(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

fn owner(lock: &Path) -> Owner {
    // A lock is a file; anything else is neither followed nor waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match open(lock, flags | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Owner::None,
        Err(_) => return Owner::Garbage,
    };
    let mut bytes = Vec::new();
    match file.take(64).read_to_end(&mut bytes) {
        Ok(_) => parse(&bytes),
        Err(_) => Owner::Garbage,
    }
}

/// Ten characters and a newline, more or less, with more words behind them
/// from some; or, long ago, the four bytes of a number.
fn parse(bytes: &[u8]) -> Owner {
    let binary = bytes.contains(&0);
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let text = if binary { "" } else { text };
    let word = text.split_ascii_whitespace().next().unwrap_or_default();
    let pid = match (word.parse().ok(), <[u8; 4]>::try_from(bytes)) {
        (Some(pid), _) => pid,
        (None, Ok(binary)) => i32::from_ne_bytes(binary),
        (None, Err(_)) => -1,
    };
    if pid < 0 {
        Owner::Garbage
    } else {
        Owner::Process(pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_others_write_it() {
        for (bytes, owner) in [
            (&b"      1234\n"[..], Owner::Process(1234)),
            (b"1234", Owner::Process(1234)),
            (b"      1234 minicom root\n", Owner::Process(1234)),
            (b"12\n\n", Owner::Process(12)),
            (b"         0\n", Owner::Process(0)),
            (&1234_i32.to_ne_bytes(), Owner::Process(1234)),
            // Its bytes begin as a text with an 8 in it does.
            (&0x0A38_i32.to_ne_bytes(), Owner::Process(0x0A38)),
            (b"", Owner::Garbage),
            (b"\n", Owner::Garbage),
            (b"-1\n", Owner::Garbage),
            (b"99999999999\n", Owner::Garbage),
            (b"ttyS0 is mine\n", Owner::Garbage),
            (b"\xff\xff\xff\xff", Owner::Garbage),
        ] {
            assert_eq!(parse(bytes), owner, "{bytes:?}");
        }
    }
}
