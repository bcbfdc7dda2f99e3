//! A status as it is written, by whoever delivers or tells what was answered.
//!
//! Answers for the file being whole at every moment, and for two that write
//! at once not taking one sequence for another.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, flock, fstat, fsync, ftruncate, openat, renameat, statat,
};
use rustix::io::Errno;

use super::super::job::{BadJob, header, time};
use super::{QUEUED, Status, TAGS, is_tag, stored};

/// Nobody else can lock what is not whole yet.
const UNFINISHED: Mode = Mode::RUSR.union(Mode::WUSR);
/// Readable for the group, to which servers belong.
const MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP);

/// Writes what has become of the page with that tag, for those who have the
/// pass code with that hash. The sequence is one more than that of the status
/// before, if there is one, and its exit status stays where this one has none,
/// unless it is queued anew. What a user has answered stays until another answer comes.
///
/// `WouldBlock`: another one is just writing it. `InvalidInput`: this is no tag,
/// or that of a page with another pass code.
pub fn write(dir: &Path, tag: &str, pass: &str, status: &Status) -> io::Result<()> {
    if !is_tag(tag) {
        let text = format!("{tag:?} is no tag");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let tags = openat(rustix::fs::CWD, dir.join(TAGS), flags, Mode::empty())?;
    // One that was killed leaves it, and the next one writes it anew.
    let beside = format!(".{tag}");
    let mut file = loop {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&tags, &*beside, flags, UNFINISHED)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        match statat(&tags, &*beside, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) if there.st_ino == fstat(&file)?.st_ino => break File::from(file),
            // The one before has just finished with it.
            Ok(_) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    };
    let mut status = status.clone();
    if let Some((known, before)) = stored(dir, tag).ok().flatten() {
        if known != pass {
            let text = format!("{TAGS}/{tag} is another page's");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        status.sequence = before.sequence.saturating_add(1);
        if status.code != QUEUED {
            status.exit = status.exit.or(before.exit);
        }
        if is_answer(before.code) && !is_answer(status.code) {
            (status.code, status.text, status.at) = (before.code, before.text, before.at);
        }
    }
    let bytes = to_bytes(pass, &status);
    let bytes = bytes.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    ftruncate(&file, 0)?;
    file.write_all(&bytes)?;
    rustix::fs::fchmod(&file, MODE)?;
    file.sync_all()?;
    renameat(&tags, &*beside, &tags, tag)?;
    Ok(fsync(&tags)?)
}

/// A reply was received: one of the choices, or a text.
fn is_answer(code: u16) -> bool {
    matches!(code, 888 | 889)
}

fn to_bytes(pass: &str, status: &Status) -> Result<Vec<u8>, BadJob> {
    let mut file = String::new();
    header(&mut file, "Pass", pass)?;
    header(&mut file, "Sequence", &status.sequence.to_string())?;
    header(&mut file, "Code", &status.code.to_string())?;
    header(&mut file, "Time", &time(status.at)?)?;
    if !status.text.is_empty() {
        header(&mut file, "Text", &status.text)?;
    }
    if let Some(exit) = status.exit {
        header(&mut file, "Exit", &exit.to_string())?;
    }
    Ok(file.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scratch;
    use super::super::{hash, status};
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::{Duration, SystemTime};

    const TAG: &str = "000000000000000321";

    fn told(code: u16, text: &str, exit: Option<u8>) -> Status {
        Status {
            sequence: 1,
            code,
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(7),
            text: text.to_owned(),
            exit,
        }
    }

    #[test]
    fn what_is_written_is_read_and_counted() {
        let scratch = Scratch::new();
        let pass = hash(TAG, "4242");
        let write = |status| write(&scratch.0, TAG, &pass, &status).unwrap();
        write(told(960, "", Some(0)));
        write(told(888, "1E2C", None));
        let read = status(&scratch.0, TAG, "4242").unwrap().unwrap();
        let expected = Status {
            sequence: 2,
            ..told(888, "1E2C", Some(0))
        };
        assert_eq!(read, expected);
        assert_eq!(status(&scratch.0, TAG, "1").unwrap(), None);
        let file = fs::metadata(scratch.0.join("tags").join(TAG)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(scratch.0.join("tags")).unwrap().count(), 1);
    }

    /// Writes that, and reads what it comes to.
    fn then(scratch: &Scratch, new: &Status) -> (u16, String, Option<u8>, u64) {
        write(&scratch.0, TAG, &hash(TAG, "4242"), new).unwrap();
        let read = status(&scratch.0, TAG, "4242").unwrap().unwrap();
        (read.code, read.text, read.exit, read.sequence)
    }

    #[test]
    fn an_answer_stays_and_the_fate_is_told_beside_it() {
        let scratch = Scratch::new();
        let then = |status| then(&scratch, &status);
        then(told(960, "", None));
        then(told(888, "01", None));
        let heard = then(told(880, "", Some(0)));
        assert_eq!(heard, (888, "01".to_owned(), Some(0), 3));
        let heard = then(told(889, "No", None));
        assert_eq!(heard, (889, "No".to_owned(), Some(0), 4));
    }

    #[test]
    fn what_is_queued_anew_has_no_end_and_what_was_answered_stays() {
        let scratch = Scratch::new();
        let then = |status| then(&scratch, &status);
        then(told(780, "No", Some(69)));
        let heard = then(told(QUEUED, "Again", None));
        assert_eq!(heard, (QUEUED, "Again".to_owned(), None, 2));
        then(told(888, "01", None));
        then(told(780, "No", Some(69)));
        let heard = then(told(QUEUED, "Again", None));
        assert_eq!(heard, (888, "01".to_owned(), None, 5));
    }

    #[test]
    fn what_would_be_read_otherwise_is_not_written() {
        let scratch = Scratch::new();
        let pass = hash(TAG, "4242");
        for (tag, text) in [("../x", "a"), (TAG, "a\nCode: 960"), (TAG, " a"), ("1", "")] {
            let error = write(&scratch.0, tag, &pass, &told(888, text, None)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{tag} {text:?}");
        }
        assert_eq!(status(&scratch.0, TAG, "4242").unwrap(), None);
        // Nor does what was left hinder the next one, whatever was in it.
        fs::write(
            scratch.0.join("tags").join(format!(".{TAG}")),
            "x".repeat(999),
        )
        .unwrap();
        write(&scratch.0, TAG, &pass, &told(960, "", None)).unwrap();
        assert_eq!(
            status(&scratch.0, TAG, "4242").unwrap(),
            Some(told(960, "", None))
        );
    }

    #[test]
    fn a_tag_stays_with_its_pass_code() {
        let scratch = Scratch::new();
        write(&scratch.0, TAG, &hash(TAG, "4242"), &told(960, "", None)).unwrap();
        let error = write(&scratch.0, TAG, &hash(TAG, "1"), &told(880, "", None)).unwrap_err();
        assert_eq!(error.to_string(), format!("tags/{TAG} is another page's"));
        let read = status(&scratch.0, TAG, "4242").unwrap();
        assert_eq!(read, Some(told(960, "", None)));
    }

    #[test]
    fn two_that_write_at_once_are_both_counted() {
        let scratch = Scratch::new();
        let pass = hash(TAG, "4242");
        let many = || {
            let mut written = 0;
            while written < 50 {
                match write(&scratch.0, TAG, &pass, &told(960, "", None)) {
                    Ok(()) => written += 1,
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(many);
            }
        });
        let read = status(&scratch.0, TAG, "4242").unwrap().unwrap();
        assert_eq!(read.sequence, 150);
    }
}
