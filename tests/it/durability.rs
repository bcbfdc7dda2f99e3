//! What `snpp-serve` has answered 250, and `page` calls queued, is on disk: held against the
//! system calls of a session with a crash after each of them, against a disk that fails, and
//! against `kill -9`.

mod disk;
mod group;
mod kill;
mod law;
mod trace;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

pub(crate) use trace::permitted as strace_may_trace;

use disk::Disk;
use law::Pledge;

use crate::snpp_serve::{jobs, serve};
use crate::support::peers::skip_unless;
use crate::support::spooled::accepted;
use crate::support::{Cmd, Page, Scratch, scratch};

/// A session and what is to come of it: command after command, each with its one reply.
#[derive(Default)]
struct Script {
    commands: Vec<Vec<u8>>,
    codes: Vec<&'static str>,
    pledges: Vec<Pledge>,
}

impl Script {
    fn new() -> Self {
        Self {
            codes: vec!["220"],
            ..Self::default()
        }
    }

    fn say(&mut self, command: impl Into<Vec<u8>>, code: &'static str) {
        self.commands.push(command.into());
        self.codes.push(code);
    }

    /// A page, in one line or as the body of DATA.
    fn page(&mut self, page: &Page) {
        for pager in &page.to {
            self.say(format!("PAGE {pager}\r\n"), "250");
        }
        let text = std::str::from_utf8(&page.text).unwrap();
        if text.contains('\n') {
            let body: Vec<String> = text
                .lines()
                .map(|line| match line.strip_prefix('.') {
                    Some(rest) => format!("..{rest}\r\n"),
                    None => format!("{line}\r\n"),
                })
                .collect();
            self.say("DATA\r\n", "354");
            self.say(body.concat() + ".\r\n", "250");
        } else {
            self.say(format!("MESS {text}\r\n"), "250");
        }
        self.pledges.push(Pledge {
            reply: self.codes.len(),
            page: page.clone(),
        });
        self.say("SEND\r\n", "250");
    }

    /// Three pages to one and to several, with a SEND that is refused and a RESE between them.
    fn of_three() -> Self {
        let mut script = Self::new();
        script.page(&Page::new(&["1"], "Disk full"));
        script.say("SEND\r\n", "503");
        let many: Vec<String> = (100..150).map(|number: i32| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        script.page(&Page::new(&many, ".\n.hidden\nSEND\n\nlast"));
        script.say("PAGE 7\r\n", "250");
        script.say("MESS never sent\r\n", "250");
        script.say("RESE\r\n", "250");
        script.page(&Page::new(&["2", "+3"], "long ".repeat(200).trim_end()));
        script.say("QUIT\r\n", "221");
        script
    }
}

/// A unix socket: the client's end, the server's, and what strace calls the latter.
fn line() -> (UnixStream, UnixStream, String) {
    let (client, server) = UnixStream::pair().unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let inode = rustix::fs::fstat(&server).unwrap().st_ino;
    (client, server, format!("socket:[{inode}]"))
}

/// A server on the socket.
fn on(server: Cmd, socket: UnixStream) -> Cmd {
    let out = socket.try_clone().unwrap();
    server.stdin_from(socket).stdout_to(out)
}

/// Reads until so many replies are there; fewer only where the server has gone.
fn hear(client: &mut UnixStream, heard: &mut Vec<u8>, replies: usize) {
    let mut chunk = [0; 4096];
    while codes(heard).len() < replies {
        match client.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => heard.extend_from_slice(&chunk[..length]),
            // A read with a time limit is not begun again by itself.
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "no reply: {error}"),
        }
    }
}

/// The codes of the replies that are there whole.
fn codes(heard: &[u8]) -> Vec<String> {
    let lines = heard.split_inclusive(|byte| *byte == b'\n');
    let whole = lines.filter(|line| line.ends_with(b"\r\n"));
    whole
        .map(|line| String::from_utf8_lossy(&line[..3]).into_owned())
        .collect()
}

/// A session under strace, and its trace.
fn traced(scratch: &Scratch, options: &[&str], script: &Script, lockstep: bool) -> Traced {
    let file = scratch.join("trace");
    let (mut client, socket, name) = line();
    let spool = scratch.join("spool");
    let server = trace::strace(&file)
        .args(options)
        .args(["snpp-serve", "--spool"])
        .arg(&spool);
    let server = on(server, socket).spawn();
    let mut heard = Vec::new();
    for (at, command) in script.commands.iter().enumerate() {
        if lockstep {
            hear(&mut client, &mut heard, at + 1);
        }
        client.write_all(command).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    client.read_to_end(&mut heard).unwrap();
    server.wait().expect_status(0);
    Traced {
        trace: scratch.read("trace"),
        client: name,
        heard,
    }
}

struct Traced {
    trace: String,
    client: String,
    heard: Vec<u8>,
}

#[test]
fn no_crash_between_two_system_calls_loses_or_tears_a_page() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    for (name, lockstep) in [("in lockstep", true), ("pipelined", false)] {
        let scratch = scratch("durability-prefixes");
        // The first session makes the spool, the second one finds it.
        for found in [&[][..], &["spool", "spool/tmp", "spool/new"]] {
            let script = Script::of_three();
            let before = accepted(&scratch.join("spool"));
            let traced = traced(&scratch, &[], &script, lockstep);
            assert_eq!(codes(&traced.heard), script.codes, "{name}");
            let steps = trace::steps(&traced.trace, &scratch, &traced.client);
            let disk = law::holds(Disk::with(found), &steps, &script.pledges)
                .unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            // The model has seen all that there was to be seen.
            let mut now = accepted(&scratch.join("spool"));
            now.retain(|job| !before.contains(job));
            assert_eq!(now.len(), script.pledges.len());
            for (id, _) in &now {
                let path = format!("spool/new/{id}");
                let bytes = std::fs::read(scratch.join(&path)).unwrap();
                assert_eq!(disk.read(&path), Some(&bytes[..]), "{name}");
            }
            assert_eq!(jobs(&scratch).len(), before.len() + now.len());
        }
    }
}

/// Calls of which every one in turn fails; with which error; where, if not anywhere; and how many
/// of them three pages need at least.
type Fault = (&'static str, &'static str, &'static [&'static str], usize);

const FAULTS: &[Fault] = &[
    ("fsync,fdatasync", "EIO", &[], 6),
    ("rename,renameat,renameat2", "EIO", &[], 3),
    ("write,writev", "ENOSPC", &[], 3),
    ("openat", "EMFILE", &["spool/tmp"], 3),
];

#[test]
fn a_call_that_fails_is_554_and_costs_one_page() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    for (calls, error, only_at, least) in FAULTS {
        let mut hit = 0;
        for at in 1..50 {
            let scratch = scratch("durability-faults");
            serve(&scratch).run().expect_status(0);
            let mut script = Script::new();
            for text in ["one", "two", "three"] {
                script.page(&Page::new(&["1", "2"], text));
            }
            script.say("QUIT\r\n", "221");
            let inject = format!("inject={calls}:error={error}:when={at}");
            let mut options = vec!["-e".to_owned(), inject];
            for path in *only_at {
                options.extend(["-P".to_owned(), scratch.join(path).display().to_string()]);
            }
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            let traced = traced(&scratch, &options, &script, true);
            let what = format!("{calls} {at}: {error}\n{}", traced.trace);
            if !traced.trace.contains("(INJECTED)") {
                break;
            }
            let lost = judge(&scratch, &script, &traced.heard, &what);
            // A line of the log is no page.
            assert!(lost == 1 || calls.starts_with("write"), "ignored: {what}");
            hit += lost;
        }
        assert!(hit >= *least, "{calls}: {hit} pages failed");
    }
}

/// Holds the spool to what the client was told, after a fault that may cost one page at most.
/// Gives how many it has cost.
fn judge(scratch: &Scratch, script: &Script, heard: &[u8], what: &str) -> usize {
    let codes = codes(heard);
    assert_eq!(codes.len(), script.codes.len(), "{what}");
    let mut kept = Vec::new();
    for (at, (code, good)) in codes.iter().zip(&script.codes).enumerate() {
        match script.pledges.iter().find(|pledge| pledge.reply == at) {
            Some(pledge) if code == "250" => kept.push(pledge.page.clone()),
            Some(_) => assert_eq!(code, "554", "{what}"),
            None => assert_eq!(code, good, "{what}"),
        }
    }
    let found = accepted(&scratch.join("spool"));
    let found: Vec<Page> = found.into_iter().map(|(_, page)| page).collect();
    assert_eq!(found, kept, "{what}");
    assert_eq!(scratch.names("spool/tmp"), [""; 0], "{what}");
    let lost = script.pledges.len() - kept.len();
    assert!(lost <= 1, "{what}");
    lost
}

/// Where syncing costs nothing, if there is such a place: what is killed loses what it has not
/// written, and the disk has no part in that.
pub(crate) fn quick(name: &str) -> Scratch {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        Scratch::below(memory, name)
    } else {
        scratch(name)
    }
}
