//! A paging central that says to each block what a test wants it to say, for what no healthy
//! central does: NAK for ever, silence, a line that is lost, a hundred words too many.
//!
//! What is said is written with names, as in tests/transcripts: `511 Nobody<CR><RS><CR>`.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pagebox::transport::fd::{Deadline, Got, Line};
use rustix::fs::{Mode, OFlags, open};

use super::fake::Conversation;
use super::tap::{Turn, bytes, shown};
use super::{Fake, Pty};

/// Instead of an answer: nothing, and listen on.
pub(crate) const SILENCE: &str = ". silence";
/// Instead of an answer: the line is lost.
pub(crate) const LOST: &str = ". lost";

pub(crate) const ACCEPTED: &str = "211 Page accepted<CR><ACK><CR>";
const GOODBYE: &str = "115 Bye<CR><ESC><EOT><CR>";

/// What such a central says.
#[derive(Clone)]
pub(crate) struct Central {
    /// To the first CR, and to those behind it.
    pub(crate) prompt: &'static str,
    /// To each logon of the run; the last one for ever.
    pub(crate) logons: Vec<&'static str>,
    /// To each block of the run, in whatever call; `ACCEPTED` to those behind them.
    pub(crate) verdicts: Vec<String>,
    /// To EOT.
    pub(crate) farewell: &'static str,
    /// What a modem in front of it says to each dialling; `CONNECT 1200` to those behind them.
    pub(crate) dialled: Vec<&'static str>,
}

impl Default for Central {
    fn default() -> Self {
        Self {
            prompt: "ID=",
            logons: vec!["110 1.8<CR><ACK><CR><ESC>[p<CR>"],
            verdicts: Vec::new(),
            farewell: GOODBYE,
            dialled: Vec::new(),
        }
    }
}

impl Central {
    /// One that says this to the blocks.
    pub(crate) fn verdicts(verdicts: &[&str]) -> Self {
        Self {
            verdicts: verdicts.iter().map(|&verdict| verdict.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// One that says this to the logons.
    pub(crate) fn logons(logons: &[&'static str]) -> Self {
        Self {
            logons: logons.to_vec(),
            ..Self::default()
        }
    }

    /// Called over TCP, by as many as like.
    pub(crate) fn on_tcp(self) -> Fake {
        let script = Script::new(self);
        Fake::lockstep(move |client| script.serve(client))
    }

    /// At the far end of a serial line, call after call.
    pub(crate) fn on_line(self) -> OnLine {
        OnLine::new(self)
    }
}

/// The far end of a line, as a script needs it.
trait Client {
    /// What comes up to and with a CR, without it; none: nobody is there any more.
    fn line(&mut self) -> Option<String>;
    fn answer(&mut self, bytes: &[u8]);
    /// Loses the line.
    fn lose(&mut self);
}

impl Client for Conversation {
    fn line(&mut self) -> Option<String> {
        self.hear_through(b"\r")
    }

    fn answer(&mut self, bytes: &[u8]) {
        self.say(bytes);
    }

    fn lose(&mut self) {
        self.reset();
    }
}

/// What is left to be said.
struct Script {
    central: Central,
    logons: Mutex<VecDeque<&'static str>>,
    dialled: Mutex<VecDeque<&'static str>>,
    verdicts: Mutex<VecDeque<String>>,
}

impl Script {
    fn new(central: Central) -> Self {
        Self {
            logons: Mutex::new(central.logons.clone().into()),
            dialled: Mutex::new(central.dialled.clone().into()),
            verdicts: Mutex::new(central.verdicts.clone().into()),
            central,
        }
    }

    /// One call.
    fn serve(&self, client: &mut impl Client) {
        while let Some(line) = client.line() {
            // As every central does: telnet may leave one behind a CR.
            let line = line.replace('\0', "");
            let answer = match line.as_bytes() {
                [] => self.central.prompt.to_owned(),
                [b'A', b'T', b'D', ..] => {
                    let result = self.dialled.lock().unwrap().pop_front();
                    format!("<CR><LF>{}<CR><LF>", result.unwrap_or("CONNECT 1200"))
                }
                [b'A', b'T', ..] | b"+++" => "<CR><LF>OK<CR><LF>".to_owned(),
                [0x04] => self.central.farewell.to_owned(),
                [0x1B, ..] => {
                    let mut logons = self.logons.lock().unwrap();
                    let next = logons.front().copied().unwrap_or(SILENCE);
                    if logons.len() > 1 {
                        logons.pop_front();
                    }
                    next.to_owned()
                }
                _ if is_block_end(line.as_bytes()) => {
                    let next = self.verdicts.lock().unwrap().pop_front();
                    next.unwrap_or_else(|| ACCEPTED.to_owned())
                }
                _ => continue,
            };
            match answer.as_str() {
                SILENCE => continue,
                LOST => return client.lose(),
                words => client.answer(&bytes(words)),
            }
            if answer.ends_with("<ESC><EOT><CR>") {
                return;
            }
        }
    }
}

/// ETX, ETB or US, and three characters of a checksum.
fn is_block_end(line: &[u8]) -> bool {
    line.len() >= 4 && matches!(line[line.len() - 4], 0x03 | 0x17 | 0x1F)
}

/// A central at the far end of a serial line.
pub(crate) struct OnLine {
    path: PathBuf,
    heard: Arc<Mutex<Vec<u8>>>,
    /// Or the line would hang up behind the first call. The central is gone when this is.
    _open: OwnedFd,
}

impl OnLine {
    fn new(central: Central) -> Self {
        let pty = Pty::new();
        let path = pty.path().to_owned();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let held = open(&path, flags, Mode::empty()).expect("the other end");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut wire = Wire {
            line: pty.into_line(),
            heard: Arc::clone(&heard),
            is_gone: false,
        };
        let script = Script::new(central);
        thread::spawn(move || {
            while !wire.is_gone {
                script.serve(&mut wire);
            }
        });
        Self {
            path,
            heard,
            _open: held,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it has heard so far, with names.
    pub(crate) fn heard(&self) -> String {
        shown(&self.heard.lock().unwrap())
    }
}

struct Wire {
    line: Line,
    heard: Arc<Mutex<Vec<u8>>>,
    is_gone: bool,
}

impl Client for Wire {
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.line.read(&mut byte, Deadline::NEVER, None) == Got::Bytes(1) {
            self.heard.lock().unwrap().extend(byte);
            if byte == *b"\r" {
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            line.extend(byte);
            // A modem does not wait for a CR behind it.
            if line == b"+++" {
                return Some("+++".to_owned());
            }
        }
        self.is_gone = true;
        None
    }

    fn answer(&mut self, bytes: &[u8]) {
        let limit = Deadline::after(Duration::from_secs(10));
        self.is_gone = self.line.write(bytes, limit, None).is_err();
    }

    fn lose(&mut self) {
        self.is_gone = true;
    }
}

/// A central that plays its part of a transcript, and stops where a client does not play its own.
pub(crate) fn play(turns: Vec<Turn>) -> Fake {
    Fake::lockstep(move |client| {
        for turn in &turns {
            match turn {
                Turn::Central(said) => client.say(said),
                Turn::Passes(_) => {}
                Turn::Client(said) => {
                    for line in said.split_inclusive(|byte| *byte == b'\r') {
                        let heard = client.hear_through(b"\r").map(String::into_bytes);
                        let line = line.strip_suffix(b"\r").unwrap_or(line);
                        if heard.as_deref() != Some(line) {
                            let heard = heard.as_deref().map(shown);
                            eprintln!("heard {heard:?} instead of {:?}", shown(line));
                            return;
                        }
                    }
                }
            }
        }
    })
}

/// What a client said in each call, with names.
pub(crate) fn said(fake: &Fake) -> Vec<String> {
    fake.raw().iter().map(|bytes| shown(bytes)).collect()
}
