//! Logins, as login(1) and its like keep them in the records of utmp(5).
//!
//! Answers for reading records of either layout, and no more of them than a
//! bound. Must never know whether the terminal of an entry is there, and whose
//! it is: a program that crashed leaves its entry behind.

use std::io;
use std::ops::Range;
use std::path::Path;

use rustix::fs::CWD;

use super::device::Name;
use super::files;
use crate::diag::cause;

/// As much of the file as is read: ten thousand logins.
const MAX: usize = 4 * 1024 * 1024;
/// The type of a record that is somebody's login.
const USER_PROCESS: i16 = 7;
/// Where the terminal stands in every layout.
const LINE: Range<usize> = 8..40;
/// Where the user's name does.
const USER: Range<usize> = 44..76;

/// The length of a record, which is all that layouts differ in as far as we read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Layout(usize);

/// With times of 32 bits.
const SHORT: Layout = Layout(384);
/// With times of 64 bits.
const LONG: Layout = Layout(400);
/// As the C library of this machine writes it.
pub(super) const NATIVE: Layout = if cfg!(any(
    target_arch = "aarch64",
    target_arch = "loongarch64",
    target_arch = "s390x"
)) {
    LONG
} else {
    SHORT
};

/// Somebody's login.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Entry<'a> {
    user: &'a [u8],
    line: &'a [u8],
}

/// The records of the file given, or of the one that the system has. A missing
/// file holds none; only one that was asked for by name is missed.
pub(super) fn read(path: Option<&Path>, warnings: &mut Vec<String>) -> Vec<u8> {
    let usual = [Path::new("/run/utmp"), Path::new("/var/run/utmp")];
    for file in path
        .as_slice()
        .iter()
        .chain(usual.iter().filter(|_| path.is_none()))
    {
        match files::read(CWD, *file, MAX) {
            Ok(bytes) => return bytes,
            Err(error) if path.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                warnings.push(format!("{}: {}", file.display(), cause(&error)));
                break;
            }
        }
    }
    Vec::new()
}

/// All logins, in the order of the file. A record cut at the end is ignored.
pub(super) fn entries(bytes: &[u8], layout: Layout) -> impl Iterator<Item = Entry<'_>> {
    bytes.chunks_exact(layout.0).filter_map(|record| {
        let (kind, _) = record.split_first_chunk()?;
        let entry = Entry {
            line: text(record.get(LINE)?),
            user: text(record.get(USER)?),
        };
        let login = i16::from_ne_bytes(*kind) == USER_PROCESS && !entry.user.is_empty();
        login.then_some(entry)
    })
}

/// A field up to the first NUL; one that is full has none.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

impl Entry<'_> {
    /// Is it this user's? A longer name is cut in the file.
    pub(super) fn is_of(&self, user: &str) -> bool {
        let cut = user.as_bytes().get(..USER.len());
        self.user == cut.unwrap_or(user.as_bytes())
    }

    /// The user's name, if it can be one.
    pub(super) fn login(&self) -> Option<String> {
        std::str::from_utf8(self.user).ok().map(str::to_owned)
    }

    /// The terminal; a display, as `:0`, is none.
    pub(super) fn terminal(&self) -> Option<Name> {
        Name::parse(std::str::from_utf8(self.line).ok()?)
    }

    /// Is it at the machine itself?
    pub(super) fn is_at_console(&self) -> bool {
        self.line == b"console"
            || self.line.starts_with(b":")
            || self.terminal().is_some_and(|name| name.is_console())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(layout: Layout, kind: i16, line: &str, user: &str) -> Vec<u8> {
        let mut bytes = vec![0xAA; layout.0];
        bytes[..2].copy_from_slice(&kind.to_ne_bytes());
        for (at, text) in [(LINE.start, line), (USER.start, user)] {
            bytes[at..at + 32].fill(0);
            bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn both_layouts_are_read_up_to_a_record_that_is_cut() {
        for layout in [SHORT, LONG] {
            let long = "x".repeat(32);
            let mut bytes = [
                record(layout, 2, "~", "reboot"),
                record(layout, 7, "pts/3", "joe"),
                record(layout, 8, "pts/4", "joe"),
                record(layout, 7, ":0", &long),
                record(layout, 7, "pts/5", ""),
                record(layout, 7, &long, "ann"),
                record(layout, 7, "pts/6", "cut"),
            ]
            .concat();
            bytes.pop();
            let found: Vec<Entry<'_>> = entries(&bytes, layout).collect();
            let expected = [("joe", "pts/3"), (&long, ":0"), ("ann", &long)];
            let expected = expected.map(|(user, line)| Entry {
                user: user.as_bytes(),
                line: line.as_bytes(),
            });
            assert_eq!(found, expected);
        }
    }

    fn entry<'a>(user: &'a str, line: &'a str) -> Entry<'a> {
        Entry {
            user: user.as_bytes(),
            line: line.as_bytes(),
        }
    }

    #[test]
    fn a_user_is_known_by_as_much_of_the_name_as_the_file_holds() {
        let long = "x".repeat(32);
        assert!(entry(&long, "").is_of(&long));
        assert!(entry(&long, "").is_of(&format!("{long}y")));
        assert!(!entry(&"x".repeat(31), "").is_of(&long));
        assert!(entry("joe", "").is_of("joe"));
        assert!(!entry("joe", "").is_of("joey"));
        assert!(!entry("joey", "").is_of("joe"));
    }

    #[test]
    fn a_display_is_at_the_machine_and_no_terminal() {
        for (line, terminal, console) in [
            ("pts/3", true, false),
            ("tty1", true, true),
            ("ttyS0", true, false),
            (":0", false, true),
            ("console", false, true),
            ("../tty1", false, false),
            ("", false, false),
        ] {
            let entry = entry("joe", line);
            assert_eq!(entry.terminal().is_some(), terminal, "{line}");
            assert_eq!(entry.is_at_console(), console, "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..900)) {
            if let Some(kind) = bytes.first_chunk_mut() {
                *kind = USER_PROCESS.to_ne_bytes();
            }
            for layout in [SHORT, LONG] {
                for entry in entries(&bytes, layout) {
                    _ = (entry.is_of("joe"), entry.login(), entry.is_at_console());
                }
            }
        }
    }
}
