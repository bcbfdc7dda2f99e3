//! The system calls of a session, as strace(1) saw them, and what of them
//! changes the disk or reaches the client.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::disk::Step;
use crate::support::Cmd;

/// Every call that can name a file, hold a descriptor or speak. Strings and paths are in hex:
/// nothing in them can be taken for a part of the line.
const OPTIONS: [&str; 8] = [
    "-f",
    "-y",
    "-xx",
    "-s",
    "1000000",
    "-e",
    "trace=%file,%desc,%network,sync",
    "-o",
];

/// Calls that change nothing which a crash could undo.
const HARMLESS: &[&str] = &[
    "access",
    "chdir",
    "chmod",
    "close",
    "dup",
    "dup2",
    "dup3",
    "execve",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fcntl",
    "flock",
    "fstat",
    "fstatfs",
    "getcwd",
    "getdents64",
    "ioctl",
    "lseek",
    "lstat",
    "newfstatat",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "stat",
    "statfs",
    "statx",
];

/// strace in front of a program, for `-e` and what else is to come before it.
pub(super) fn strace(to: &Path) -> Cmd {
    Cmd::new("strace").args(OPTIONS).arg(to)
}

/// May we trace at all? Some containers forbid it.
pub(crate) fn permitted() -> bool {
    let probe = Cmd::new("strace").args(["-o", "/dev/null", "true"]).run();
    if probe.status != 0 {
        eprintln!("skipped: strace may not trace: {}", probe.stderr);
    }
    probe.status == 0
}

/// One call that has returned.
#[derive(Debug)]
struct Call<'a> {
    name: &'a str,
    args: Vec<&'a str>,
    returned: &'a str,
}

/// What was done below `base`, and said to the socket or pipe `client`, by what `-y` calls it
/// (`socket:[4711]`).
pub(super) fn steps(trace: &str, base: &Path, client: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in whole_lines(trace) {
        if let Some(call) = Call::of_line(&line) {
            // What failed has done nothing, and a sync that failed least of all.
            if !call.returned.starts_with("-1 ") {
                steps.extend(call.step(base, client));
            }
        }
    }
    steps
}

/// Joins the halves of calls that another thread's call came between, where they end.
fn whole_lines(trace: &str) -> Vec<String> {
    let mut begun = HashMap::new();
    let mut whole = Vec::new();
    for line in trace.lines() {
        let (process, call) = line.split_once(' ').expect("a process ID");
        let call = call.trim_start();
        if let Some(half) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(process, half);
        } else if let Some((_, rest)) = call.split_once(" resumed>") {
            let half = begun.remove(process).expect("the first half of a call");
            whole.push(format!("{half}{rest}"));
        } else {
            whole.push(call.to_owned());
        }
    }
    whole
}

impl<'a> Call<'a> {
    /// None: a signal, or the end of a process.
    fn of_line(line: &'a str) -> Option<Self> {
        let (call, returned) = line.rsplit_once(" = ")?;
        let returned = returned.trim();
        let (name, args) = call.split_once('(')?;
        let args = args
            .trim_end()
            .strip_suffix(')')
            .expect("the end of the arguments");
        let mut cut = Vec::new();
        let (mut depth, mut begin) = (0, 0);
        for (at, c) in args.char_indices() {
            match c {
                '[' | '{' | '(' => depth += 1,
                ']' | '}' | ')' => depth -= 1,
                ',' if depth == 0 => {
                    cut.push(args[begin..at].trim());
                    begin = at + 1;
                }
                _ => {}
            }
        }
        cut.push(args[begin..].trim());
        Some(Self {
            name,
            args: cut,
            returned,
        })
    }

    fn step(&self, base: &Path, client: &str) -> Option<Step> {
        let file = |at: usize| below(base, &descriptor(self.args[at]));
        let path = |at: usize| below(base, &path_of(self.args[at]));
        let path_at = |at: usize| {
            let directory = descriptor(self.args[at]);
            below(base, &directory.join(path_of(self.args[at + 1])))
        };
        match self.name {
            "open" | "openat" | "openat2" if !self.says("O_CREAT") && !self.says("O_TRUNC") => None,
            "open" if self.says("O_EXCL") => Some(Step::Create(path(0)?)),
            "openat" | "openat2" if self.says("O_EXCL") => Some(Step::Create(path_at(0)?)),
            "write" | "writev" | "send" | "sendto" | "sendmsg" => {
                let mut bytes = text(self.args[1]);
                bytes.truncate(self.returned.parse().expect("a length"));
                if descriptor(self.args[0]) == Path::new(client) {
                    return Some(Step::Said(bytes));
                }
                Some(Step::Write(file(0)?, bytes))
            }
            "fsync" | "fdatasync" => Some(Step::Sync(file(0)?)),
            "syncfs" => file(0).map(|_| Step::SyncAll),
            "mkdir" => Some(Step::Mkdir(path(0)?)),
            "mkdirat" => Some(Step::Mkdir(path_at(0)?)),
            "rename" => Some(Step::Rename(path(0)?, path(1)?)),
            "renameat" => Some(Step::Rename(path_at(0)?, path_at(2)?)),
            "renameat2" if !self.says("RENAME_EXCHANGE") => {
                Some(Step::Rename(path_at(0)?, path_at(2)?))
            }
            "link" => Some(Step::Link(path(0)?, path(1)?)),
            "linkat" => Some(Step::Link(path_at(0)?, path_at(2)?)),
            "unlink" | "rmdir" => Some(Step::Unlink(path(0)?)),
            "unlinkat" => Some(Step::Unlink(path_at(0)?)),
            name if HARMLESS.contains(&name) => None,
            name => {
                let texts = self
                    .args
                    .iter()
                    .flat_map(|arg| [path_of(arg), descriptor(arg)]);
                let ours = texts.into_iter().any(|text| below(base, &text).is_some());
                assert!(!ours, "what does {name} do to the disk? {self:?}");
                None
            }
        }
    }

    fn says(&self, flag: &str) -> bool {
        self.args.iter().any(|arg| arg.contains(flag))
    }
}

/// What the strings of an argument hold; several only where they are the parts of one text.
fn text(arg: &str) -> Vec<u8> {
    let strings = arg.split('"').skip(1).step_by(2);
    strings.flat_map(unhex).collect()
}

fn path_of(arg: &str) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(&text(arg)))
}

/// The file that a descriptor stands for; nothing where strace does not tell.
fn descriptor(arg: &str) -> PathBuf {
    let named = arg
        .split_once('<')
        .and_then(|(_, rest)| rest.rsplit_once('>'));
    let name = unhex(named.map_or("", |(name, _)| name));
    PathBuf::from(OsStr::from_bytes(&name))
}

fn unhex(text: &str) -> Vec<u8> {
    // In front of the first \x stands what was not in hex.
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (hex, plain) = part.split_at(2);
        bytes.push(u8::from_str_radix(hex, 16).expect("two digits"));
        bytes.extend_from_slice(plain.as_bytes());
    }
    bytes
}

/// A path as the model has it.
fn below(base: &Path, path: &Path) -> Option<String> {
    let path = path.strip_prefix(base).ok()?;
    Some(path.to_str().expect("a path of ours").to_owned())
}

#[test]
fn calls_become_steps() {
    let trace = r#"7 execve("\x2f\x62\x2f\x61", ["\x61"], 0x7ffd /* 3 vars */) = 0
7 openat(AT_FDCWD</>, "\x2f\x62\x2f\x64", O_RDONLY|O_DIRECTORY) = 3<\x2f\x62\x2f\x64>
7 mkdirat(3<\x2f\x62\x2f\x64>, "\x65", 0770) = 0
7 mkdirat(3<\x2f\x62\x2f\x64>, "\x65", 0770) = -1 EEXIST (File exists)
7 fsync(4<\x2f\x62>) = 0
7 syncfs(4<\x2f\x63>) = 0
7 syncfs(4<\x2f\x62>) = 0
7 fsync(3<\x2f\x62\x2f\x64>) = -1 EIO (Input/output error)
7 openat(3</b/d>, "\x66", O_WRONLY|O_CREAT|O_EXCL, 0640) = 5<\x2f\x62\x2f\x64\x2f\x66>
7 write(5</b/d/f>, "\x61\x62\x63", 3) = 2
7 writev(5</b/d/f>, [{iov_base="\x61", iov_len=1}, {iov_base="\x62", iov_len=1}], 2) = 2
7 fdatasync(5</b/d/f> <unfinished ...>
8 sendto(9<socket:[4711]>, "\x35", 1, MSG_NOSIGNAL, NULL, 0) = 1
7 <... fdatasync resumed>) = 0
7 renameat(3</b/d>, "\x66", 3</b/d>, "\x67") = 0
7 renameat(3</c/d>, "\x66", 3</c/d>, "\x67") = 0
7 unlinkat(3</b/d>, "\x67", 0) = 0
7 write(2<pipe:[1]>, "\x32\x35\x30", 3) = 3
7 --- SIGTERM {si_signo=SIGTERM} ---
7 +++ exited with 0 +++
"#;
    let path = |path: &str| path.to_owned();
    let steps = steps(trace, Path::new("/b"), "socket:[4711]");
    assert_eq!(
        steps,
        [
            Step::Mkdir(path("d/e")),
            Step::Sync(path("")),
            Step::SyncAll,
            Step::Create(path("d/f")),
            Step::Write(path("d/f"), b"ab".to_vec()),
            Step::Write(path("d/f"), b"ab".to_vec()),
            Step::Said(b"5".to_vec()),
            Step::Sync(path("d/f")),
            Step::Rename(path("d/f"), path("d/g")),
            Step::Unlink(path("d/g")),
        ]
    );
}

#[test]
#[should_panic(expected = "what does ftruncate do to the disk?")]
fn a_call_that_the_model_does_not_know_is_an_error() {
    steps("7 ftruncate(5</b/d/f>, 3) = 0\n", Path::new("/b"), "");
}
