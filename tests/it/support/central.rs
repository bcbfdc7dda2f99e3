//! A paging central that takes every page, but not for everyone: as it is
//! found at the far end of a connection, and of a serial line.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;

use pagebox::transport::fd::{Deadline, Got, Line};
use rustix::fs::{Mode, OFlags, open};

use super::{Fake, Pty};

/// What a central says to a line without its CR, or the modem in front of it:
/// to a block by its pager ID.
fn answer(line: &str) -> &'static str {
    match line.as_bytes() {
        [] => "ID=",
        [0x1B, b'P', b'G', b'1', ..] => "110 1.8\r\x06\r\x1b[p\r",
        [0x04] => "115 Goodbye\r\x1b\x04\r",
        [0x03, ..] => "211 Page accepted\r\x06\r",
        b"ATZ" | b"+++" | b"ATH0" => "\r\nOK\r\n",
        [b'A', b'T', b'D', ..] => "\r\nCONNECT 1200\r\n",
        _ => "",
    }
}

/// The lines of calls, and what is said to them.
#[derive(Default)]
struct Talk {
    pager: String,
}

impl Talk {
    fn hear(&mut self, line: &str) -> &'static str {
        if let Some(pager) = line.strip_prefix('\x02') {
            pager.clone_into(&mut self.pager);
            return "";
        }
        match (line.as_bytes(), &*self.pager) {
            ([0x03, ..], "nobody") => "511 No such pager\r\x1e\r",
            ([0x03, ..], "busy") => "512 Cannot deliver now, try later\r\x1e\r",
            _ => answer(line),
        }
    }
}

/// A central that is called over TCP.
pub(crate) fn on_tcp() -> Fake {
    Fake::lockstep(|client| {
        let mut talk = Talk::default();
        while let Some(line) = client.hear_through(b"\r") {
            client.say(talk.hear(&line));
            if line == "\x04" {
                return;
            }
        }
    })
}

/// A central at the far end of a serial line, call after call, with a modem
/// for those who dial.
pub(crate) struct OnLine {
    path: PathBuf,
    /// Or the line would hang up behind the first call. The central is gone
    /// when this is.
    _open: OwnedFd,
}

impl OnLine {
    pub(crate) fn new() -> Self {
        let pty = Pty::new();
        let path = pty.path().to_owned();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let held = open(&path, flags, Mode::empty()).expect("the other end");
        let mut line = pty.into_line();
        thread::spawn(move || serve(&mut line));
        Self { path, _open: held }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn serve(line: &mut Line) {
    let mut talk = Talk::default();
    let mut heard = String::new();
    let mut byte = [0];
    while line.read(&mut byte, Deadline::NEVER, None) == Got::Bytes(1) {
        if byte != *b"\r" {
            heard.push(byte[0].into());
        }
        // The escape of a modem has no CR.
        if byte == *b"\r" || heard == "+++" {
            let said = talk.hear(&std::mem::take(&mut heard));
            if line.write(said.as_bytes(), Deadline::NEVER, None).is_err() {
                return;
            }
        }
    }
}
