//! Sessions, as systemd-logind keeps them in files of `KEY=VALUE` lines.
//!
//! Debian 13 has nothing else that tells who is logged in. Answers for leaving
//! out sessions that are over or nobody's. Must never know whether the terminal
//! that a file names is there, and whose it is: a file may be out of date.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, openat};

use super::device::Name;
use super::files;
use crate::diag::cause;

/// No session file is longer, in bytes.
const MAX: usize = 64 * 1024;
/// The seat with the machine's own screen and keyboard.
const SEAT: &str = "seat0";

/// Somebody is logged in.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) uid: Option<u32>,
    /// A graphical session may have none.
    pub(super) terminal: Option<Name>,
    /// At the machine itself.
    pub(super) at_seat: bool,
    /// On the screen now.
    pub(super) active: bool,
}

/// All sessions, none where there is no logind.
pub(super) fn sessions(dir: &Path, warnings: &mut Vec<String>) -> Vec<Session> {
    let mut warn = |error: &io::Error, name: &str| {
        // A session ends when it likes.
        if error.kind() != io::ErrorKind::NotFound {
            let path = dir.join(name);
            warnings.push(format!("{}: {}", path.display(), cause(error)));
        }
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(CWD, dir, flags, Mode::empty()).map_err(io::Error::from);
    let listed = opened.and_then(|fd| {
        let names = files::list(fd.as_fd(), FileType::RegularFile)?;
        Ok((fd, names))
    });
    let (fd, names) = match listed {
        Ok(listed) => listed,
        Err(error) => {
            warn(&error, "");
            return Vec::new();
        }
    };
    let mut sessions = Vec::new();
    // A name that begins with a dot is one that logind is still writing.
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        match files::read(fd.as_fd(), name.as_str(), MAX + 1) {
            Ok(bytes) if bytes.len() > MAX => {
                warn(&io::Error::other("longer than 64 KiB"), name);
            }
            Ok(bytes) => sessions.extend(parse(&bytes)),
            Err(error) => warn(&error, name),
        }
    }
    sessions
}

/// The session in a file; `None` where it is over, or nobody's who could read
/// a message: a greeter's, a timer's, the one that runs a user's services.
fn parse(bytes: &[u8]) -> Option<Session> {
    let mut user = None;
    let mut session = Session {
        user: String::new(),
        uid: None,
        terminal: None,
        at_seat: false,
        active: false,
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| std::str::from_utf8(line).ok()) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let value = unquoted(value);
        match key {
            "STATE" if value == "closing" => return None,
            "CLASS" if !value.starts_with("user") => return None,
            "USER" => user = Some(value),
            "UID" => session.uid = value.parse().ok(),
            "TTY" => session.terminal = Name::parse(&value),
            "SEAT" => session.at_seat = value == SEAT,
            "ACTIVE" => session.active = value == "1",
            _ => {}
        }
    }
    session.user = user.filter(|user| !user.is_empty())?;
    Some(session)
}

/// A value as it was before it was quoted: a login of Windows has a backslash.
fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut chars = inner.chars();
    let mut plain = String::with_capacity(inner.len());
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        plain.push(escaped.unwrap_or(c));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As systemd 257 writes it.
    const FILE: &str = "# This is private data. Do not parse.\nUID=1000\nUSER=joe\nACTIVE=1\n\
        IS_DISPLAY=1\nSTATE=active\nREMOTE=0\nLEADER_FD_SAVED=1\nTYPE=tty\nCLASS=user\n\
        SCOPE=session-3.scope\nFIFO=/run/systemd/sessions/3.ref\nSEAT=seat0\nTTY=tty1\n\
        TTY_VALIDITY=from-pam\nSERVICE=login\nVTNR=1\nLEADER=811\nAUDIT=3\n";

    #[test]
    fn a_session_file_is_read_as_logind_writes_it() {
        let session = parse(FILE.as_bytes()).unwrap();
        let expected = Session {
            user: "joe".to_owned(),
            uid: Some(1000),
            terminal: Name::parse("tty1"),
            at_seat: true,
            active: true,
        };
        assert_eq!(session, expected);
    }

    #[test]
    fn who_cannot_read_a_message_has_no_session() {
        for (from, to) in [
            ("STATE=active", "STATE=closing"),
            ("CLASS=user", "CLASS=greeter"),
            ("CLASS=user", "CLASS=manager"),
            ("CLASS=user", "CLASS=background"),
            ("USER=joe\n", ""),
            ("USER=joe", "USER="),
        ] {
            assert_eq!(parse(FILE.replace(from, to).as_bytes()), None, "{to}");
        }
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn what_is_missing_or_strange_is_left_out() {
        let session = |text: &str| parse(text.as_bytes()).unwrap();
        let bare = session("USER=joe");
        assert_eq!((bare.uid, bare.terminal), (None, None));
        assert!(!bare.at_seat && !bare.active);
        let other =
            session("USER=\"EX\\\\joe\"\nUID=-1\nTTY=:0\nSEAT=seat1\nACTIVE=0\nCLASS=user-early");
        assert_eq!(other.user, "EX\\joe");
        assert_eq!((other.uid, other.terminal), (None, None));
        assert!(!other.at_seat && !other.active);
        assert_eq!(
            session("USER=joe\nTTY=\"pts/3\"").terminal,
            Name::parse("pts/3")
        );
        assert_eq!(session("USER=\"\nTTY=../pts/3").user, "\"");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>, value in "[\\\\\"a=]{0,6}") {
            _ = parse(&bytes);
            let quoted = format!("USER=x{value}\nTTY={value}\nUID={value}");
            prop_assert!(parse(quoted.as_bytes()).is_some());
        }
    }
}
