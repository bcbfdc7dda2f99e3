//! Lines: what bytes travel on, each a pair of descriptors and a deadline.
//!
//! Answers for opening a line (TCP, a serial line, a command, our own standard
//! input and output), for how bytes stand on it, and for waiting on it without
//! ever waiting too long. Must never know a word of any protocol.

pub mod coding;
pub mod command;
pub mod fd;
pub mod interrupt;
pub mod resolve;
pub mod serial;
pub mod stdio;
pub mod tcp;
pub mod telnet;
pub mod trace;

use std::fmt;

use crate::exit::Exit;

/// Why a line could not be opened. Nothing has been written to it.
#[derive(Debug)]
pub struct OpenError {
    /// 75 where another try may help; 68 where the name service is sure that
    /// there is no such host; 76 to 78 where the line is not what it is taken for.
    pub exit: Exit,
    /// What happened.
    pub text: String,
    /// What it was that failed.
    pub what: What,
}

/// What failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum What {
    /// The line itself.
    Line,
    /// The name of the host.
    Name,
    /// Nothing yet: somebody else has the line.
    InUse,
}

impl OpenError {
    /// An error that is not that of a name.
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
            what: What::Line,
        }
    }

    fn temporary(text: impl Into<String>) -> Self {
        Self::new(Exit::TempFail, text)
    }

    fn in_use(text: impl Into<String>) -> Self {
        Self {
            what: What::InUse,
            ..Self::temporary(text)
        }
    }

    fn of_name(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            what: What::Name,
            ..Self::new(exit, text)
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
