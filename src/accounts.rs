//! Login names and numbers, within a deadline.
//!
//! Nearly everybody stands in /etc/passwd, and to look there costs a fraction of
//! asking the name service, which is for the others. getpwnam(3) knows no
//! deadline, and behind it may be a server that does not answer, so it runs in
//! a thread of its own, which is left behind when it takes too long. Must never
//! know who is logged in.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use nix::errno::Errno;
use nix::unistd::{Uid, User};

use crate::diag::cause;
use crate::file;
use crate::transport::fd::Deadline;

/// The longest name that the name service is asked for, in bytes.
const MAX_NAME: usize = 256;

/// The accounts of this machine itself: passwd(5).
const LOCAL: &str = "/etc/passwd";

/// Can anyone be called so? Nobody else is looked for.
pub fn may_be_login(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with('-')
        && !name.contains(|c: char| matches!(c, '/' | ':') || c.is_control())
}

/// The number of a login; `None`: there is no such account.
pub fn uid_of(name: &str, deadline: Deadline) -> Result<Option<u32>, String> {
    if let Some((_, uid)) = find(&local(), |(known, _)| *known == name) {
        return Ok(Some(uid));
    }
    let name = name.to_owned();
    let user = ask(deadline, move || User::from_name(&name))?;
    Ok(found(user)?.map(|user| user.uid.as_raw()))
}

/// The login of a number; `None`: there is no such account.
pub fn name_of(uid: u32, deadline: Deadline) -> Result<Option<String>, String> {
    if let Some((name, _)) = find(&local(), |(_, known)| *known == uid) {
        return Ok(Some(name.to_owned()));
    }
    let user = ask(deadline, move || User::from_uid(Uid::from_raw(uid)))?;
    Ok(found(user)?.map(|user| user.name))
}

/// Several errors, one for each system, say that there is nobody (getpwnam(3)).
fn found(user: nix::Result<Option<User>>) -> Result<Option<User>, String> {
    match user {
        Ok(user) => Ok(user),
        Err(Errno::ENOENT | Errno::ESRCH | Errno::EBADF | Errno::EPERM | Errno::EINVAL) => Ok(None),
        Err(error) => Err(format!("the name service: {}", error.desc())),
    }
}

/// Nothing, where it cannot be read: the name service can say as much.
fn local() -> Vec<u8> {
    file::read(Path::new(LOCAL)).unwrap_or_default()
}

/// The first account that is meant. A line that was cut, or is none, is nobody's.
fn find(accounts: &[u8], is_meant: impl Fn(&(&str, u32)) -> bool) -> Option<(&str, u32)> {
    let mut lines = accounts.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = std::str::from_utf8(line).ok()?.split(':');
        let (name, uid) = (fields.next()?, fields.nth(1)?);
        // A number that another field follows is whole.
        fields.next()?;
        Some((name, uid.parse().ok()?))
    });
    lines.find(is_meant)
}

fn ask<T: Send + 'static>(
    deadline: Deadline,
    question: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (answer, receiver) = channel();
    let thread = thread::Builder::new().spawn(move || {
        // Nobody listens any more once the deadline has passed.
        _ = answer.send(question());
    });
    thread.map_err(|error| format!("cannot ask the name service: {}", cause(&error)))?;
    let answer = match deadline.remaining() {
        Some(left) => receiver.recv_timeout(left),
        None => receiver.recv().map_err(RecvTimeoutError::from),
    };
    answer.map_err(|_| "the name service does not answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_cannot_be_a_login_is_not_asked_for() {
        for name in ["joe", "j.doe", "DOM\\joe", "joe@example.org", "mü", "x$"] {
            assert!(may_be_login(name), "{name}");
        }
        let long = "x".repeat(257);
        for name in [
            "", "-joe", "../joe", "/", "a:b", "a\nb", "a\0", "\u{9b}", &long,
        ] {
            assert!(!may_be_login(name), "{name:?}");
        }
    }

    #[test]
    fn accounts_are_found_by_name_and_number_in_whole_lines_alone() {
        let accounts = b"root:x:0:0::/:/bin/sh\n#joe:x:5:5::/:\n+::::::\n\xff:x:6:6::/:\n\
            joe:x:1000:1000:,,,:/home/joe:/bin/sh\njoe:x:7:7::/:\n\njane:x:100";
        let uid = |name| find(accounts, |(known, _)| *known == name).map(|(_, uid)| uid);
        assert_eq!(uid("root"), Some(0));
        assert_eq!(uid("joe"), Some(1000));
        let name = |uid| find(accounts, |(_, known)| *known == uid).map(|(name, _)| name);
        assert_eq!(name(1000), Some("joe"));
        for nobody in ["jane", "jo", "+", "", "x"] {
            assert_eq!(uid(nobody), None, "{nobody}");
        }
        assert_eq!([name(100), name(6)], [None, None]);
    }

    #[test]
    fn root_is_known_by_name_and_number_and_nobody_else_is_made_up() {
        let deadline = Deadline::after(Duration::from_secs(10));
        assert_eq!(uid_of("root", deadline), Ok(Some(0)));
        assert_eq!(name_of(0, deadline), Ok(Some("root".to_owned())));
        assert_eq!(uid_of("no such login", deadline), Ok(None));
        assert_eq!(uid_of("a\0b", deadline), Ok(None));
    }

    #[test]
    fn a_name_service_that_hangs_is_left_behind() {
        let (_open, wait) = channel::<()>();
        let answer = ask(Deadline::after(Duration::from_millis(20)), move || {
            wait.recv().is_ok()
        });
        assert_eq!(answer, Err("the name service does not answer".to_owned()));
    }
}
