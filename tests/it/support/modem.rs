//! A modem on a pseudo terminal, played by a thread: it listens to commands, and once it has
//! dialled, the far end of the telephone line is a program of ours.
//!
//! A pseudo terminal has no signals. So what hangs this modem up is `+++` in the midst of silence,
//! and `ATH0` behind it.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::kit::{Cmd, Running};
use super::pty::{Pty, open_raw};

/// Silence in front of `+++`, a little less than the second of a real one.
const GUARD: Duration = Duration::from_millis(950);
/// And behind it.
const AFTER: Duration = Duration::from_millis(100);

/// What the modem does when it has heard a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// It says these results, in the framing of words, or of digits where one is a number.
    Says(&'static [&'static str]),
    /// It dials, and this is what it says when someone has answered.
    Connects(&'static [&'static str]),
    /// It says nothing; if it was told to dial, it goes on until any character comes.
    Nothing,
    /// It is pulled out.
    Unplugged,
}

pub(crate) const OK: Answer = Answer::Says(&["OK"]);

/// What happens to a call once this has passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mishap {
    /// The caller said it: it is the last that the far end hears, and the carrier is lost.
    LostAfterCaller(&'static [u8]),
    /// The far end said it: it is the last that the caller hears before the carrier is lost.
    LostAfterCentral(&'static [u8]),
    /// The modem is pulled out when the caller has said this.
    UnpluggedAfterCaller(&'static [u8]),
    /// The same when the far end has said it; the caller may not have read it then.
    UnpluggedAfterCentral(&'static [u8]),
}

/// How a modem behaves.
pub(crate) struct Modem {
    answer: Box<dyn FnMut(&str) -> Answer + Send>,
    central: Box<dyn Fn() -> Cmd + Send>,
    echoes: bool,
    echoes_calls: bool,
    loses: &'static str,
    mishap: Option<Mishap>,
}

impl Modem {
    /// One that answers commands like this, with such a program at the far end.
    pub(crate) fn new(
        answer: impl FnMut(&str) -> Answer + Send + 'static,
        central: impl Fn() -> Cmd + Send + 'static,
    ) -> Self {
        Self {
            answer: Box::new(answer),
            central: Box::new(central),
            echoes: true,
            echoes_calls: false,
            loses: "NO CARRIER",
            mishap: None,
        }
    }

    /// It does not repeat what it is told.
    pub(crate) fn without_echo(mut self) -> Self {
        self.echoes = false;
        self
    }

    /// What it sends in a call comes back too, as on a line of half duplex.
    pub(crate) fn echoing_calls(mut self) -> Self {
        self.echoes_calls = true;
        self
    }

    /// What it says when the carrier is lost: `3` where it speaks in digits.
    pub(crate) fn losing(mut self, result: &'static str) -> Self {
        self.loses = result;
        self
    }

    /// What happens to its calls.
    pub(crate) fn with(mut self, mishap: Mishap) -> Self {
        self.mishap = Some(mishap);
        self
    }

    /// Begins to listen.
    pub(crate) fn start(self) -> Playing {
        let pty = Pty::new();
        let path = pty.path().to_owned();
        let (stop, stopped) = UnixStream::pair().unwrap();
        let player = Player::new(self, pty);
        Playing {
            path,
            stop,
            thread: thread::spawn(move || player.play(&stopped)),
        }
    }
}

/// A modem that is being played.
pub(crate) struct Playing {
    path: PathBuf,
    stop: UnixStream,
    thread: thread::JoinHandle<Heard>,
}

impl Playing {
    /// The serial line that it is at.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until it has heard this command.
    pub(crate) fn wait_for(&mut self, command: &str) {
        let limit = Some(Duration::from_secs(20));
        self.stop.set_read_timeout(limit).unwrap();
        let mut heard = String::new();
        while !heard.lines().any(|line| line == command) {
            let mut chunk = [0; 256];
            let length = self.stop.read(&mut chunk).expect("a command");
            assert!(length > 0, "the modem is gone, and heard {heard:?}");
            heard += std::str::from_utf8(&chunk[..length]).unwrap();
        }
    }

    /// Pulls it out, if nothing else did, and tells what it has heard.
    pub(crate) fn end(self) -> Heard {
        drop(self.stop);
        self.thread.join().expect("the modem")
    }
}

/// What a modem has heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Commands, `+++`, and `any character` where that ended its dialling.
    pub(crate) commands: Vec<String>,
    /// What went to the far end.
    pub(crate) caller: Vec<u8>,
    /// What came from there.
    pub(crate) central: Vec<u8>,
}

/// The far end of a call.
struct Call {
    far: UnixStream,
    /// What the caller and the far end have said in it.
    caller: Vec<u8>,
    central: Vec<u8>,
    program: Running,
}

struct Player {
    modem: Modem,
    pty: Option<(Pty, OwnedFd)>,
    heard: Heard,
    call: Option<Call>,
    /// In the midst of a call it listens to us.
    escaped: bool,
    dialling: bool,
    line: Vec<u8>,
    /// When something came last.
    last: Instant,
    /// `+++` came in silence then.
    plus: Option<Instant>,
}

impl Player {
    fn new(modem: Modem, pty: Pty) -> Self {
        let device = open_raw(pty.path());
        Self {
            modem,
            // Kept open, so that the line outlives its user, as that of a real modem does.
            pty: Some((pty, device)),
            heard: Heard::default(),
            call: None,
            escaped: false,
            dialling: false,
            line: Vec::new(),
            last: Instant::now(),
            plus: None,
        }
    }

    fn play(mut self, stopped: &UnixStream) -> Heard {
        while let Some((pty, _)) = &self.pty {
            let mut fds = vec![
                PollFd::new(stopped, PollFlags::IN),
                PollFd::from_borrowed_fd(pty.fd(), PollFlags::IN),
            ];
            if let Some(call) = &self.call {
                fds.push(PollFd::new(&call.far, PollFlags::IN));
            }
            let wait = self.plus.map(|at| AFTER.saturating_sub(at.elapsed()));
            let wait = wait.map(|time| Timespec::try_from(time).unwrap());
            let ready = poll(&mut fds, wait.as_ref()).unwrap();
            let is = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
            let (stops, near, far) = (is(0), is(1), is(2));
            if stops {
                break;
            }
            if ready == 0 {
                self.escape(stopped);
            }
            if near {
                self.hear_caller(stopped);
            }
            if far && self.call.is_some() {
                self.hear_central();
            }
        }
        self.end_call();
        self.heard
    }

    fn hear_caller(&mut self, tell: &UnixStream) {
        let Some((pty, _)) = &self.pty else { return };
        let mut chunk = [0; 512];
        let Ok(length) = rustix::io::read(pty.fd(), &mut chunk) else {
            return;
        };
        let bytes = &chunk[..length];
        let silent = self.last.elapsed() >= GUARD;
        self.last = Instant::now();
        if self.call.is_some() && !self.escaped {
            if bytes == b"+++" && silent {
                self.plus = Some(self.last);
                return;
            }
            if self.plus.take().is_some() {
                self.pass_on(b"+++");
            }
            self.pass_on(bytes);
            return;
        }
        if self.dialling {
            self.dialling = false;
            self.note("any character", tell);
            self.say("NO CARRIER");
            return;
        }
        if self.modem.echoes {
            self.write(bytes);
        }
        for byte in bytes {
            if *byte != b'\r' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line).into_owned();
            // Anything in front of it is not meant for a modem.
            if let Some(at) = line.find("AT") {
                self.obey(&line[at..], tell);
            }
        }
    }

    fn obey(&mut self, command: &str, tell: &UnixStream) {
        self.note(command, tell);
        let answer = (self.modem.answer)(command);
        if self.escaped && command == "ATH0" && answer == OK {
            self.end_call();
        }
        match answer {
            Answer::Says(results) => self.say_all(results),
            Answer::Connects(results) => {
                self.say_all(results);
                let (far, there) = UnixStream::pair().unwrap();
                let program = (self.modem.central)()
                    .stdin_from(there.try_clone().unwrap())
                    .stdout_to(there)
                    .spawn();
                self.call = Some(Call {
                    far,
                    caller: Vec::new(),
                    central: Vec::new(),
                    program,
                });
            }
            Answer::Nothing => self.dialling = command.starts_with("ATD"),
            Answer::Unplugged => self.pty = None,
        }
    }

    fn escape(&mut self, tell: &UnixStream) {
        self.plus = None;
        self.escaped = true;
        self.note("+++", tell);
        match (self.modem.answer)("+++") {
            Answer::Unplugged => self.pty = None,
            Answer::Says(results) => self.say_all(results),
            _ => {}
        }
    }

    fn pass_on(&mut self, bytes: &[u8]) {
        if self.modem.echoes_calls {
            self.write(bytes);
        }
        let mishap = self.modem.mishap;
        let Some(call) = &mut self.call else { return };
        self.heard.caller.extend(bytes);
        call.caller.extend(bytes);
        // Whoever has hung up already is heard of soon.
        _ = call.far.write_all(bytes);
        let is_said = |words| find(&call.caller, words).is_some();
        match mishap {
            Some(Mishap::LostAfterCaller(words)) if is_said(words) => self.lose(),
            Some(Mishap::UnpluggedAfterCaller(words)) if is_said(words) => self.pty = None,
            _ => {}
        }
    }

    fn hear_central(&mut self) {
        let Some(call) = &mut self.call else { return };
        let mut chunk = [0; 512];
        let length = match call.far.read(&mut chunk) {
            Ok(0) => return self.lose(),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return self.lose(),
            Err(error) => panic!("{error}"),
        };
        let before = call.central.len();
        call.central.extend(&chunk[..length]);
        let mut bytes = &chunk[..length];
        let mut mishap = self.modem.mishap;
        match mishap {
            Some(Mishap::LostAfterCentral(words) | Mishap::UnpluggedAfterCentral(words)) => {
                match find(&call.central, words) {
                    // What it said in the same breath is lost with the rest.
                    Some(end) => bytes = &bytes[..end.saturating_sub(before)],
                    None => mishap = None,
                }
            }
            _ => mishap = None,
        }
        self.heard.central.extend(bytes);
        if !self.escaped {
            self.write(bytes);
        }
        match mishap {
            Some(Mishap::LostAfterCentral(_)) => self.lose(),
            Some(_) => self.pty = None,
            None => {}
        }
    }

    /// The carrier is gone.
    fn lose(&mut self) {
        self.end_call();
        self.say(self.modem.loses);
    }

    fn end_call(&mut self) {
        self.escaped = false;
        if let Some(Call { far, program, .. }) = self.call.take() {
            drop(far);
            program.wait().expect_status(0);
        }
    }

    fn say_all(&mut self, results: &[&str]) {
        for result in results {
            self.say(result);
        }
    }

    fn say(&mut self, result: &str) {
        let digits = result.bytes().all(|byte| byte.is_ascii_digit());
        let said = if digits {
            format!("{result}\r")
        } else {
            format!("\r\n{result}\r\n")
        };
        self.write(said.as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some((pty, _)) = &mut self.pty {
            pty.write(bytes);
        }
    }

    fn note(&mut self, command: &str, mut tell: &UnixStream) {
        self.heard.commands.push(command.to_owned());
        // Nobody may be waiting for it any more.
        _ = tell.write_all(format!("{command}\n").as_bytes());
    }
}

/// Where these words end in a text, if they are in it.
fn find(text: &[u8], words: &[u8]) -> Option<usize> {
    let at = text.windows(words.len()).position(|part| part == words)?;
    Some(at + words.len())
}
