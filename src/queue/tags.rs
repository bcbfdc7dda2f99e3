//! The status of two-way pages, by tag: what a server may tell a sender who
//! has the pass code.
//!
//! ```text
//! tags/004711471147114711     Pass: 9f86d081…
//!                             Sequence: 2
//!                             Code: 888
//!                             Time: 2026-08-23T04:05:06Z
//!                             Text: 1E2C
//!                             Exit: 0
//! ```
//!
//! `Exit` stands there once the fate is final, until somebody has it tried again.
//!
//! Whoever delivers writes these files, by rename. A server reads them and
//! nothing else of the queue; to have one removed it leaves a request among
//! the jobs. Must never keep a pass code, only its hash.

mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::job::{BadJob, TwoWay, header, named, ticket, time};
use crate::text::hex::hex;

pub use self::write::write;

/// The directory of the status files.
pub const TAGS: &str = "tags";
/// The code of a page that is to be sent, for the first time or anew.
pub const QUEUED: u16 = 960;
/// Digits of a tag and of a pass code: clients in the field read digits only.
const DIGITS: usize = 18;
/// No file of ours is longer, in bytes.
const MAX_FILE: u64 = 4096;

/// What became of a page so far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// Rises by one with each change.
    pub sequence: u64,
    /// The reply code of MSTA, of class 7, 8 or 9.
    pub code: u16,
    /// When it came to that.
    pub at: SystemTime,
    /// What the code alone does not say; one line, mostly empty.
    pub text: String,
    /// The exit status that tells its fate, once that is final.
    pub exit: Option<u8>,
}

/// The request to forget a tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forget {
    /// The message tag.
    pub tag: String,
    /// The hash of its pass code.
    pub pass: String,
    /// When it was asked for.
    pub received: SystemTime,
    /// What we call the request; see [`super::spool::new_id`].
    pub id: String,
}

impl Forget {
    /// The file, which has no message.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadJob> {
        let mut file = String::new();
        header(
            &mut file,
            "Forget",
            &ticket("Forget", &self.tag, &self.pass)?,
        )?;
        header(&mut file, "Received", &time(self.received)?)?;
        named(&mut file, "Id", &self.id)?;
        file.push('\n');
        Ok(file.into_bytes())
    }
}

/// The key to the status of one page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    /// The message tag.
    pub tag: String,
    /// Its pass code.
    pub pass: String,
}

impl Ticket {
    /// A ticket that nobody else has.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            tag: new_code()?,
            pass: new_code()?,
        })
    }

    /// What a job says to have its status kept for this ticket, and asks its pager's
    /// user for nothing.
    pub fn two_way(&self) -> TwoWay {
        TwoWay {
            pass: hash(&self.tag, &self.pass),
            tag: self.tag.clone(),
            ack: false,
            reply: None,
            choices: Vec::new(),
        }
    }
}

/// A new tag, or a new pass code: 18 random digits, which is 59 bits.
pub fn new_code() -> io::Result<String> {
    let mut bytes = [0; 8];
    let length = getrandom(&mut bytes, GetRandomFlags::empty())?;
    if length != bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(code_of(bytes))
}

/// The tag, or the pass code, that random bytes stand for.
pub fn code_of(bytes: [u8; 8]) -> String {
    let number = u64::from_ne_bytes(bytes) % 10_u64.pow(18);
    format!("{number:0DIGITS$}")
}

/// What is kept of a pass code: it is random, so no slow hash is needed.
pub fn hash(tag: &str, pass: &str) -> String {
    let hash = Sha256::new()
        .chain_update(tag)
        .chain_update(" ")
        .chain_update(pass);
    hex(&hash.finalize())
}

/// Reads the status of the page with that tag from the spool in `dir`.
/// `None`: there is no such tag, or that is not its pass code.
pub fn status(dir: &Path, tag: &str, pass: &str) -> io::Result<Option<Status>> {
    let Some((hashed, status)) = stored(dir, tag)? else {
        return Ok(None);
    };
    let is_right: bool = hashed.as_bytes().ct_eq(hash(tag, pass).as_bytes()).into();
    Ok(is_right.then_some(status))
}

/// Could [`new_code`] have made it? Then it names no other file.
fn is_tag(tag: &str) -> bool {
    tag.len() == DIGITS && tag.bytes().all(|byte| byte.is_ascii_digit())
}

/// The hash of the pass code, and the status.
fn stored(dir: &Path, tag: &str) -> io::Result<Option<(String, Status)>> {
    if !is_tag(tag) {
        return Ok(None);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(CWD, dir.join(TAGS).join(tag), flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let spoilt = || io::Error::new(io::ErrorKind::InvalidData, format!("{TAGS}/{tag}: spoilt"));
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(spoilt());
    }
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    let whole = text.len() as u64 <= MAX_FILE;
    let stored = parse(&text).filter(|_| whole).ok_or_else(spoilt)?;
    Ok(Some(stored))
}

/// Is it a tag, and nobody's yet?
pub fn is_new(dir: &Path, tag: &str) -> bool {
    is_tag(tag) && matches!(stored(dir, tag), Ok(None))
}

/// Forgets the tag, if it is that pass code's.
pub fn forget(dir: &Path, request: &Forget) -> io::Result<()> {
    let known = stored(dir, &request.tag)?;
    if known.is_some_and(|(pass, _)| pass == request.pass) {
        std::fs::remove_file(dir.join(TAGS).join(&request.tag))?;
    }
    Ok(())
}

fn parse(text: &str) -> Option<(String, Status)> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let at: Timestamp = value("Time")?.parse().ok()?;
    Some((
        value("Pass")?.to_owned(),
        Status {
            sequence: value("Sequence")?.parse().ok()?,
            code: value("Code")?
                .parse()
                .ok()
                .filter(|code| (700..1000).contains(code))?,
            at: at.into(),
            text: value("Text").unwrap_or_default().to_owned(),
            exit: value("Exit").map(str::parse).transpose().ok()?,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::time::Duration;

    /// A spool with `tags/` that goes away with its test.
    pub(super) struct Scratch(pub(super) PathBuf);

    impl Scratch {
        pub(super) fn new() -> Self {
            let dir = std::env::temp_dir().join(format!("pagebox-tags-{}", new_code().unwrap()));
            fs::create_dir_all(dir.join(TAGS)).unwrap();
            Self(dir)
        }

        fn tag(&self, tag: &str) -> PathBuf {
            self.0.join(TAGS).join(tag)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(&self.0);
        }
    }

    const TAG: &str = "000000000000000321";

    fn file(pass: &str) -> String {
        let pass = hash(TAG, pass);
        format!("Pass: {pass}\nSequence: 2\nCode: 888\nTime: 1970-01-01T00:00:07Z\nText: 1E2C\n")
    }

    #[test]
    fn who_has_the_pass_code_is_told() {
        let scratch = Scratch::new();
        fs::write(scratch.tag(TAG), file("4242")).unwrap();
        let told = status(&scratch.0, TAG, "4242").unwrap();
        assert_eq!(
            told,
            Some(Status {
                sequence: 2,
                code: 888,
                at: SystemTime::UNIX_EPOCH + Duration::from_secs(7),
                text: "1E2C".to_owned(),
                exit: None,
            })
        );
        fs::write(scratch.tag(TAG), file("4242") + "Exit: 75\n").unwrap();
        let told = status(&scratch.0, TAG, "4242").unwrap();
        assert_eq!(told.unwrap().exit, Some(75));
        for (tag, pass) in [
            (TAG, "4243"),
            (TAG, ""),
            ("000000000000000322", "4242"),
            ("321", "4242"),
        ] {
            assert_eq!(status(&scratch.0, tag, pass).unwrap(), None, "{tag} {pass}");
        }
        // Nobody delivers, so there is no directory of tags.
        assert_eq!(status(Path::new("/nowhere"), TAG, "4242").unwrap(), None);
    }

    #[test]
    fn a_tag_names_no_other_file() {
        let scratch = Scratch::new();
        fs::write(scratch.0.join("x"), file("4242")).unwrap();
        for tag in ["../x", "", ".", "/etc/passwd", "00000000000000/../x"] {
            assert_eq!(status(&scratch.0, tag, "4242").unwrap(), None, "{tag}");
        }
        symlink(scratch.0.join("x"), scratch.tag(TAG)).unwrap();
        assert!(status(&scratch.0, TAG, "4242").is_err());
    }

    #[test]
    fn what_is_no_status_is_an_error() {
        let scratch = Scratch::new();
        for text in [
            "",
            "Pass: x\n",
            &file("1").replace("888", "many"),
            &(file("1") + "Exit: 256\n"),
        ] {
            fs::write(scratch.tag(TAG), text).unwrap();
            let error = status(&scratch.0, TAG, "1").unwrap_err();
            assert_eq!(error.to_string(), format!("tags/{TAG}: spoilt"));
        }
        fs::remove_file(scratch.tag(TAG)).unwrap();
        fs::create_dir(scratch.tag(TAG)).unwrap();
        assert!(status(&scratch.0, TAG, "1").is_err());
    }

    #[test]
    fn codes_are_digits_and_differ() {
        let codes: Vec<_> = (0..100).map(|_| new_code().unwrap()).collect();
        for code in &codes {
            assert!(code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()));
        }
        let mut different = codes.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), codes.len());
    }

    #[test]
    fn a_request_is_a_file_like_a_job() {
        let request = Forget {
            tag: "321".to_owned(),
            pass: "9f86".to_owned(),
            received: SystemTime::UNIX_EPOCH,
            id: "id".to_owned(),
        };
        assert_eq!(
            String::from_utf8(request.to_bytes().unwrap()).unwrap(),
            "Forget: 321 9f86\nReceived: 1970-01-01T00:00:00Z\nId: id\n\n"
        );
    }
}
