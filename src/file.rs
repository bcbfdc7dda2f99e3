//! Reads a file of the administrator's whole: a regular one, and a small one.
//!
//! Answers for the promise that a wrong path neither hangs a server nor fills
//! its memory. Must never know what is in the file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// No file of ours is longer, in bytes.
const MAX: u64 = 1024 * 1024;

/// All that is in the file; symbolic links are followed.
///
/// A FIFO, a device or a directory is an error, as is more than 1 MiB. The
/// error's words do not name the file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_owned(path, None)
}

/// The same of a file that belongs to this user, if one is given: that is asked
/// of the file that is read, whatever the path leads to a moment later.
pub fn read_owned(path: &Path, owner: Option<u32>) -> io::Result<Vec<u8>> {
    // Opening a FIFO that nobody writes to must not wait, nor a terminal become ours.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let about = file.metadata()?;
    if let Some(owner) = owner.filter(|owner| *owner != about.uid()) {
        return Err(io::Error::other(format!("it has to belong to uid {owner}")));
    }
    if !about.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let length = usize::try_from(about.len().min(MAX)).unwrap_or_default();
    // Room to see its end at once. It may grow while it is read.
    let mut bytes = Vec::with_capacity(length + 32);
    file.take(MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX) {
        Ok(bytes)
    } else {
        Err(io::Error::other("longer than 1 MiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_a_regular_file_of_a_bounded_length_is_read() {
        let dir = std::env::temp_dir().join(format!("pagebox-file-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("file");
        let longest = vec![b'x'; 1024 * 1024];
        fs::write(&path, &longest).unwrap();
        let whole = read(&path);
        let user = fs::metadata(&path).unwrap().uid();
        let owned = [user, user + 1].map(|owner| {
            let bytes = read_owned(&path, Some(owner));
            bytes
                .map(|bytes| bytes.len())
                .map_err(|error| error.to_string())
        });
        fs::write(&path, [&longest[..], b"x"].concat()).unwrap();
        let long = read(&path).map_err(|error| error.to_string());
        let fifo = dir.join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            Mode::RUSR,
            0,
        )
        .unwrap();
        // A writer that has nothing to say: a reader would wait for it.
        let _writer = File::options().read(true).write(true).open(&fifo);
        let others = [fifo.as_path(), &dir, Path::new("/dev/zero")].map(read);
        let missing = read(&dir.join("none")).map_err(|error| error.kind());
        fs::remove_dir_all(&dir).unwrap();

        assert!(whole.is_ok_and(|bytes| bytes == longest));
        let other = format!("it has to belong to uid {}", user + 1);
        assert_eq!(owned, [Ok(longest.len()), Err(other)]);
        assert_eq!(long, Err("longer than 1 MiB".to_owned()));
        for other in others {
            assert_eq!(other.unwrap_err().to_string(), "not a regular file");
        }
        assert_eq!(missing, Err(io::ErrorKind::NotFound));
    }
}
