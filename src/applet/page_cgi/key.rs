//! The secret that requests share: with it, one knows what another has handed out.
//!
//! Answers for there being one, the same for all. Must never know what is signed.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::SystemTime;

use blake2::Blake2sMac256;
use blake2::digest::{KeyInit, Mac};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, fchmod, openat, renameat_with, unlink};
use rustix::rand::{GetRandomFlags, getrandom};

use super::refusal::Refusal;
use super::site::within;
use crate::file;
use crate::queue::spool::new_id;

/// The file, in the directory that requests share.
const NAME: &str = "key";
const LENGTH: usize = 32;
const MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP);

/// A secret of this spool, and all that a code has of it.
pub(super) struct Key(Blake2sMac256);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key in that directory, made where there is none yet.
    pub(super) fn find(web: &Path) -> Result<Self, Refusal> {
        let path = web.join(NAME);
        within(web, &path, || match read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(web, &path)?;
                read(&path)
            }
            found => found,
        })
    }

    #[cfg(test)]
    pub(super) fn of(bytes: [u8; LENGTH]) -> Self {
        Self(Blake2sMac256::new(&bytes.into()))
    }

    /// A code that only who has the key can make, for these words and no others.
    pub(super) fn code(&self, words: &[&str]) -> [u8; LENGTH] {
        let mut mac = self.0.clone();
        for word in words {
            mac.update(&word.len().to_be_bytes());
            mac.update(word.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

fn read(path: &Path) -> io::Result<Key> {
    let bytes = file::read(path)?;
    let key = <[u8; LENGTH]>::try_from(bytes);
    key.map(|key| Key(Blake2sMac256::new(&key.into())))
        .map_err(|_| io::Error::other("spoilt: remove it"))
}

/// Puts a new key there, unless another request was quicker.
fn make(web: &Path, path: &Path) -> io::Result<()> {
    let mut key = [0; LENGTH];
    if getrandom(&mut key, GetRandomFlags::empty())? != LENGTH {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let beside = web.join(format!(".key-{}", new_id(SystemTime::now())));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut new = File::from(openat(CWD, &beside, flags, MODE)?);
    let made = fchmod(&new, MODE)
        .map_err(io::Error::from)
        .and_then(|()| new.write_all(&key))
        .and_then(|()| new.sync_all())
        .and_then(|()| {
            let renamed = renameat_with(CWD, &beside, CWD, path, RenameFlags::NOREPLACE);
            renamed.map_err(io::Error::from)
        });
    if made.is_err() {
        // The error that brought us here is the one worth telling.
        _ = unlink(&beside);
    }
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::hex::hex;

    #[test]
    fn a_code_is_for_its_words_and_its_key() {
        let key = Key::of([1; LENGTH]);
        let code = key.code(&["a", "bc"]);
        assert_eq!(code, key.code(&["a", "bc"]));
        for words in [&["ab", "c"][..], &["abc"], &["a", "bc", ""], &[]] {
            assert_ne!(code, key.code(words), "{words:?}");
        }
        assert_ne!(code, Key::of([2; LENGTH]).code(&["a", "bc"]));
    }

    #[test]
    fn the_code_is_a_keyed_blake2s() {
        // Of nothing, with the key of the reference's own test vectors.
        let key = Key::of(std::array::from_fn(|byte| u8::try_from(byte).unwrap()));
        let code = hex(&key.code(&[]));
        let right = "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49";
        assert_eq!(code, right);
    }
}
