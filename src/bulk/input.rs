//! The bytes of a CSV, watched as they pass.
//!
//! Answers for what a CSV parser does not tell: in which line a record begins,
//! that a file ended inside quotes, that a record has no end, whether a whole
//! record is there, and that a signal came, or the reader of the results went,
//! while standard input was silent.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::event::PollFlags;

use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::transport::fd::{Deadline, Ready, open, wait};
use crate::transport::interrupt::Interrupt;

/// Longer than any row that could be sent; what is longer has lost a quote.
pub(super) const MAX_RECORD: u64 = 64 * 1024;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    FieldStart,
    Bare,
    Quoted,
    /// Behind a quote inside quotes: it ended them, or doubles itself.
    QuoteInQuotes,
}

/// Where a record begins.
#[derive(Clone, Copy, Debug)]
struct Start {
    offset: u64,
    line: u64,
    cut: bool,
}

/// A file or standard input.
#[derive(Debug)]
pub struct Input<'a> {
    file: OwnedFd,
    interrupt: Option<&'a Interrupt>,
    delimiter: u8,
    place: Place,
    offset: u64,
    line: u64,
    /// Where the record that is being read begins, once it has.
    record: Option<u64>,
    /// Records that began and were not asked for yet.
    starts: VecDeque<Start>,
    quote: (u64, u64),
    ended: bool,
    /// Bytes that were read before the parser asked for them.
    ahead: VecDeque<u8>,
    /// What went wrong with those behind them.
    failure: Option<io::Error>,
}

impl<'a> Input<'a> {
    /// Opens a file, or standard input for `-`.
    pub fn open(
        path: &Path,
        delimiter: u8,
        interrupt: Option<&'a Interrupt>,
    ) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| {
            Failure::new(
                Exit::NoInput,
                format!("{}: {}", path.display(), cause(&error)),
            )
        };
        let file = if path.as_os_str() == "-" {
            rustix::io::dup(rustix::stdio::stdin()).map_err(|error| unreadable(error.into()))?
        } else {
            open(path).map_err(unreadable)?
        };
        Ok(Self::new(file, delimiter, interrupt))
    }

    fn new(file: OwnedFd, delimiter: u8, interrupt: Option<&'a Interrupt>) -> Self {
        Self {
            file,
            interrupt,
            delimiter,
            place: Place::FieldStart,
            offset: 0,
            line: 1,
            record: None,
            starts: VecDeque::new(),
            quote: (0, 0),
            ended: false,
            ahead: VecDeque::new(),
            failure: None,
        }
    }

    /// Where the quote stands that nothing closed before the end: offset and line.
    pub fn open_quote(&self) -> Option<(u64, u64)> {
        (self.ended && self.place == Place::Quoted).then_some(self.quote)
    }

    /// The line in which the next record before this offset begins, and
    /// whether it was cut.
    pub fn take_start(&mut self, before: u64) -> Option<(u64, bool)> {
        let start = *self.starts.front()?;
        if start.offset >= before {
            return None;
        }
        self.starts.pop_front();
        Some((start.line, start.cut))
    }

    /// Is a whole record there, or the end of all of them, at the latest then?
    pub fn is_at_hand(&mut self, deadline: Deadline) -> bool {
        loop {
            let begun = self.starts.len();
            let is_whole = begun > 1 || (begun == 1 && self.record.is_none());
            if is_whole || self.ended || self.failure.is_some() {
                return true;
            }
            match self.wait(deadline) {
                Ok(Ready::Yes) => {}
                // After a signal nothing more is read, which `next` will say.
                Ok(Ready::Interrupted) => return self.is_interrupted(),
                Ok(Ready::TimedOut) => return false,
                Err(error) => {
                    self.failure = Some(error);
                    continue;
                }
            }
            let mut chunk = [0; 4096];
            match self.take_in(&mut chunk) {
                Ok(length) => self.ahead.extend(chunk.iter().take(length)),
                Err(error) => self.failure = Some(error),
            }
        }
    }

    fn wait(&self, deadline: Deadline) -> io::Result<Ready> {
        let file = self.file.as_fd();
        match self.interrupt {
            Some(interrupt) => interrupt.wait_for(file, deadline),
            None => wait(file, PollFlags::IN, deadline, None),
        }
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt
            .is_some_and(|interrupt| interrupt.exit().is_some())
    }

    /// Reads what is there, and drops what is too long. No bytes: the end, or
    /// nothing but what was dropped.
    fn take_in(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = rustix::io::read(&self.file, &mut *buffer)?;
        self.ended = length == 0;
        self.watch(buffer.get_mut(..length).unwrap_or_default())
    }

    /// Follows the quoting rules of RFC 4180, as the parser behind us does.
    /// Returns how many bytes are passed on: of a record that is too long only
    /// the beginning. One with an open quote has no end to go on from.
    fn watch(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut passed = 0;
        for at in 0..bytes.len() {
            let byte = bytes.get(at).copied().unwrap_or_default();
            let ends_line = matches!(byte, b'\n' | b'\r');
            if self.record.is_none() && !ends_line {
                self.record = Some(self.offset);
                self.starts.push_back(Start {
                    offset: self.offset,
                    line: self.line,
                    cut: false,
                });
            }
            self.place = self.follow(byte, ends_line);
            self.line += u64::from(byte == b'\n');
            let ends_record = ends_line && self.place == Place::FieldStart;
            let too_long = self
                .record
                .is_some_and(|start| self.offset - start >= MAX_RECORD);
            let was_cut = self.starts.back().is_some_and(|start| start.cut);
            if too_long && !was_cut && matches!(self.place, Place::Quoted | Place::QuoteInQuotes) {
                return Err(self.endless());
            }
            if too_long && !ends_record {
                if let Some(start) = self.starts.back_mut() {
                    start.cut = true;
                }
                continue;
            }
            if ends_record {
                self.record = None;
            }
            self.offset += 1;
            if let Some(slot) = bytes.get_mut(passed) {
                *slot = byte;
            }
            passed += 1;
        }
        Ok(passed)
    }

    fn follow(&mut self, byte: u8, ends_line: bool) -> Place {
        match (self.place, byte) {
            (Place::Quoted, b'"') => Place::QuoteInQuotes,
            (Place::Quoted, _) | (Place::QuoteInQuotes, b'"') => Place::Quoted,
            (Place::FieldStart, b'"') => {
                self.quote = (self.offset, self.line);
                Place::Quoted
            }
            (_, byte) if byte == self.delimiter || ends_line => Place::FieldStart,
            _ => Place::Bare,
        }
    }

    fn endless(&self) -> io::Error {
        let text = format!(
            "line {}: a quoted text of more than {MAX_RECORD} bytes; is a quote missing?",
            self.quote.1
        );
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.ahead.is_empty() {
            return self.ahead.read(buffer);
        }
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        // A terminal would wait for its end once more.
        if self.ended {
            return Ok(0);
        }
        if self.wait(Deadline::NEVER)? == Ready::Interrupted {
            // Not ErrorKind::Interrupted: readers would just try again.
            return Err(io::Error::other("interrupted"));
        }
        loop {
            let passed = self.take_in(buffer)?;
            // No bytes would mean the end.
            if passed > 0 || self.ended {
                return Ok(passed);
            }
        }
    }
}
