//! A file that requests share: made by the first of them, and had by one at a time.
//!
//! Answers for none being waited for for long. Must never know what is in it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, fchmod, flock, openat};
use rustix::io::Errno;

use super::refusal::Refusal;
use super::site::within;
use crate::diag::cause;
use crate::transport::fd::{Deadline, pause};

const MODE: Mode = Mode::RUSR
    .union(Mode::WUSR)
    .union(Mode::RGRP)
    .union(Mode::WGRP);
/// How long to wait for others, and between two looks.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// The file, for as long as it is open; none where others have it for too long.
pub(super) fn locked(web: &Path, path: &Path) -> Result<Option<File>, Refusal> {
    let file = within(web, path, || open(path))?;
    match lock(&file) {
        Ok(is_ours) => Ok(is_ours.then_some(file)),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Others have that file for too long.
pub(super) fn in_use(path: &Path) -> Refusal {
    let text = format!("{}: in use for more than a second", path.display());
    Refusal::ours(text).in_seconds(1)
}

/// There is trouble with that file.
pub(super) fn failed(path: &Path, error: &io::Error) -> Refusal {
    Refusal::ours(format!("{}: {}", path.display(), cause(error)))
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Err(Errno::NOENT) => {
            let file = openat(CWD, path, flags | OFlags::CREATE, MODE)?;
            // Another user may serve the next request; whose file it is has been first.
            _ = fchmod(&file, MODE);
            file
        }
        other => other?,
    };
    Ok(file.into())
}

/// Nothing tells when a lock is free but waiting for it, and that has no deadline: so it
/// is looked at again and again. False: it was not to be had in time.
fn lock(file: &File) -> io::Result<bool> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) if deadline.remaining() != Some(Duration::ZERO) => {
                pause(PAUSE, None)?;
            }
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
