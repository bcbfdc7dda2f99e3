//! The bytes of a CSV, watched as they pass.
//!
//! Answers for what a CSV parser does not tell: in which line a record begins,
//! that a file ended inside quotes, that a record has no end, and that a
//! signal came while standard input was silent.

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
const MAX_RECORD: u64 = 64 * 1024;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    FieldStart,
    Bare,
    Quoted,
    /// Behind a quote inside quotes: it ended them, or doubles itself.
    QuoteInQuotes,
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
    /// Records that began and were not asked for yet: offset and line.
    starts: VecDeque<(u64, u64)>,
    quote: (u64, u64),
    ended: bool,
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
        }
    }

    /// Where the quote stands that nothing closed before the end: offset and line.
    pub fn open_quote(&self) -> Option<(u64, u64)> {
        (self.ended && self.place == Place::Quoted).then_some(self.quote)
    }

    /// The line in which the next record before this offset begins.
    pub fn take_start(&mut self, before: u64) -> Option<u64> {
        let (offset, line) = self.starts.front().copied()?;
        if offset >= before {
            return None;
        }
        self.starts.pop_front();
        Some(line)
    }

    /// Follows the quoting rules of RFC 4180, as the parser behind us does.
    fn watch(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            let ends_line = matches!(byte, b'\n' | b'\r');
            if self.record.is_none() && !ends_line {
                self.record = Some(self.offset);
                self.starts.push_back((self.offset, self.line));
            }
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::QuoteInQuotes,
                (Place::Quoted, _) | (Place::QuoteInQuotes, b'"') => Place::Quoted,
                (Place::FieldStart, b'"') => {
                    self.quote = (self.offset, self.line);
                    Place::Quoted
                }
                (_, byte) if *byte == self.delimiter || ends_line => Place::FieldStart,
                _ => Place::Bare,
            };
            self.offset += 1;
            self.line += u64::from(*byte == b'\n');
            if ends_line && self.place == Place::FieldStart {
                self.record = None;
            }
        }
        if self
            .record
            .is_some_and(|start| self.offset - start > MAX_RECORD)
        {
            let line = if self.place == Place::Quoted {
                self.quote.1
            } else {
                self.line
            };
            let text =
                format!("line {line}: a row of more than {MAX_RECORD} bytes; is a quote missing?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = wait(
            self.file.as_fd(),
            PollFlags::IN,
            Deadline::NEVER,
            self.interrupt,
        )?;
        if ready == Ready::Interrupted {
            // Not ErrorKind::Interrupted: readers would just try again.
            return Err(io::Error::other("interrupted"));
        }
        let length = rustix::io::read(&self.file, &mut *buffer)?;
        self.ended = length == 0;
        self.watch(buffer.get(..length).unwrap_or_default())?;
        Ok(length)
    }
}
