//! Standard input, line by line, as a person types it or a program writes it.
//!
//! Answers for bounds, and for the prompt. Must never know where a line goes.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::stdio::stdin;

use crate::cli::terminal;
use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::text::charset;
use crate::transport::fd::{Deadline, Ready, wait};
use crate::transport::interrupt::Interrupt;

/// The longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// What came.
#[derive(Debug)]
pub(super) enum Next {
    Line(String),
    /// Nothing, until the deadline.
    Idle,
    /// Nothing more will: the end, or a signal.
    End,
}

#[derive(Debug)]
pub(super) struct Input {
    /// Shown before each line.
    prompt: Option<OsString>,
    /// It was shown.
    asked: bool,
    bytes: Vec<u8>,
    /// So many of them have no line end among them.
    searched: usize,
    /// Lines that came.
    line: u64,
    ended: bool,
}

impl Input {
    /// Only a person is asked.
    pub(super) fn new(quiet: bool) -> Self {
        let asks = terminal::asks_person() && !quiet;
        let prompt = || std::env::var_os("XTELLPROMPT").unwrap_or_else(|| "> ".into());
        Self {
            prompt: asks.then(prompt),
            asked: false,
            bytes: Vec::new(),
            searched: 0,
            line: 0,
            ended: false,
        }
    }

    /// The number of the line that came last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// A failure of the line that came last.
    pub(super) fn blame(&self, text: &str) -> Failure {
        Failure::data(format!("line {}: {text}", self.line))
    }

    /// What came and was not asked for any more.
    pub(super) fn remark(&self) -> Option<String> {
        let line = self.line;
        let text = format!("interrupted: what came after line {line} is not sent");
        (!self.bytes.is_empty()).then_some(text)
    }

    /// The next line, without its end.
    pub(super) fn next(
        &mut self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Next, Failure> {
        let unreadable = |error: io::Error| {
            Failure::new(Exit::NoInput, format!("standard input: {}", cause(&error)))
        };
        while interrupt.exit().is_none() {
            if let Some(line) = self.take_line()? {
                return Ok(Next::Line(line));
            }
            if self.ended {
                break;
            }
            self.ask();
            match wait(stdin(), PollFlags::IN, deadline, Some(interrupt)).map_err(unreadable)? {
                Ready::Yes => {}
                Ready::TimedOut => return Ok(Next::Idle),
                Ready::Interrupted => break,
            }
            let mut chunk = [0; 8192];
            match rustix::io::read(stdin(), &mut chunk) {
                Ok(0) => self.end(),
                Ok(length) => {
                    let bytes = chunk.get(..length).unwrap_or_default();
                    self.bytes.extend_from_slice(bytes);
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(unreadable(error.into())),
            }
        }
        Ok(Next::End)
    }

    fn take_line(&mut self) -> Result<Option<String>, Failure> {
        let fresh = self.bytes.iter().skip(self.searched);
        let end = fresh
            .copied()
            .position(|byte| byte == b'\n')
            .map(|at| self.searched + at);
        self.searched = self.bytes.len();
        if end.unwrap_or(self.bytes.len()) > MAX_LINE {
            self.line += 1;
            return Err(self.blame(&format!("longer than {MAX_LINE} bytes")));
        }
        let line = match end {
            Some(at) => {
                let rest = self.bytes.split_off(at + 1);
                let mut line = std::mem::replace(&mut self.bytes, rest);
                line.truncate(at);
                line
            }
            None if self.ended && !self.bytes.is_empty() => std::mem::take(&mut self.bytes),
            None => return Ok(None),
        };
        self.searched = 0;
        self.asked = false;
        self.line += 1;
        let line = charset::decode(line).map_err(|text| self.blame(&text))?;
        Ok(Some(line))
    }

    fn ask(&mut self) {
        if !self.asked {
            self.asked = true;
            say(self.prompt.as_ref().map(|prompt| prompt.as_bytes()));
        }
    }

    fn end(&mut self) {
        self.ended = true;
        // The shell's prompt stands in a line of its own.
        say(self.prompt.as_ref().map(|_| &b"\n"[..]));
    }
}

/// Nobody misses a prompt where standard error is closed.
fn say(words: Option<&[u8]>) {
    _ = io::stderr().write_all(words.unwrap_or_default());
}

/// Asks a person whom the message is for; `None` where there is nobody to ask,
/// or nobody is to be.
pub(super) fn ask_target(quiet: bool) -> Option<String> {
    if quiet || !terminal::asks_person() {
        return None;
    }
    say(Some(b"To: "));
    let mut line = String::new();
    // A terminal gives one line at a time: what follows is left for others.
    io::stdin().read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}
