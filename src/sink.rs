//! Where every server ends: what becomes of a page that a client sent.
//!
//! Answers for the verdict on a page, whichever protocol will put it into
//! words: into the spool, where it stays through a power cut, or to a command,
//! which tells its fate at once. Must never know a protocol.

pub mod command;

use std::io::ErrorKind;

use self::command::Command;
use crate::diag::cause;
use crate::queue::job::{Job, Sender};
use crate::queue::spool::Spool;
use crate::transport::interrupt::Interrupt;

/// The fate of a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// On disk, or delivered, whichever the sink is for.
    Accepted,
    /// Nothing of it is left; the same may be sent again.
    TryLater,
    /// The same, because we keep no more than so much.
    Full,
    /// There is no such pager.
    NoSuchPager,
    /// Refused for good.
    Refused,
    /// Nobody knows; it may have been delivered.
    Uncertain,
}

/// Where a page comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origin {
    /// Who the client says it is.
    pub login: Option<Sender>,
    /// Where it is.
    pub peer: Option<Sender>,
}

impl Origin {
    /// Who sends: the login, else the peer.
    pub fn sender(&self) -> Option<&Sender> {
        self.login.as_ref().or(self.peer.as_ref())
    }
}

/// The end of the way.
#[derive(Debug)]
pub enum Sink {
    /// One job, one file.
    Spool(Spool),
    /// Run once for each page.
    Command(Command),
}

impl Sink {
    /// Takes a page, and says what a log should know beyond the verdict.
    /// `log` hears what a command says meanwhile; `interrupt` makes it hurry.
    pub fn accept(
        &self,
        job: &Job,
        origin: &Origin,
        interrupt: &Interrupt,
        log: &mut dyn FnMut(&str),
    ) -> (Verdict, Option<String>) {
        match self {
            Self::Spool(spool) => match spool.accept(job) {
                Ok(()) => (Verdict::Accepted, None),
                Err(error) => (verdict(&error), Some(cause(&error))),
            },
            Self::Command(command) => command.run(job, origin, interrupt, log),
        }
    }
}

/// An error of the system's may pass; of ours, it is the job that will never do,
/// or the limit that is reached.
fn verdict(error: &std::io::Error) -> Verdict {
    match (error.raw_os_error(), error.kind()) {
        (None, ErrorKind::InvalidInput) => Verdict::Refused,
        (None, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => Verdict::Full,
        _ => Verdict::TryLater,
    }
}
