//! SIGINT and SIGTERM as something that a wait can wait for.
//!
//! A signal between two waits is not lost: its byte stands in a pipe until
//! the process ends.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::PollFlags;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::fd::{Deadline, Ready, wait};
use crate::exit::Exit;

/// Signals that ask for an orderly stop. While it lives they no longer end the process.
#[derive(Debug)]
pub struct Interrupt {
    pipe: UnixStream,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// From now on SIGINT and SIGTERM are noted instead of obeyed.
    pub fn register() -> io::Result<Self> {
        Self::of(&[(SIGINT, 2), (SIGTERM, 15)])
    }

    /// SIGHUP too: a server's line may be a terminal's or an ssh session's,
    /// and there is a client to be told.
    pub fn of_a_server() -> io::Result<Self> {
        Self::of(&[(SIGINT, 2), (SIGTERM, 15), (SIGHUP, 1)])
    }

    fn of(signals: &[(i32, usize)]) -> io::Result<Self> {
        let (pipe, write) = UnixStream::pair()?;
        let signal = Arc::new(AtomicUsize::new(0));
        for &(number, value) in signals {
            // The number first: whoever finds the byte must find the number too.
            signal_hook::flag::register_usize(number, Arc::clone(&signal), value)?;
            signal_hook::low_level::pipe::register(number, write.try_clone()?)?;
        }
        Ok(Self { pipe, signal })
    }

    /// Readable once a signal came, for ever.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }

    /// The exit status of a run that a signal stopped; `None` while none came.
    pub fn exit(&self) -> Option<Exit> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            15 => Some(Exit::Terminated),
            _ => Some(Exit::Interrupted),
        }
    }

    /// Ends the process by the signal that came, as if nobody had noted it.
    pub fn obey(&self) {
        let number = i32::try_from(self.signal.load(Ordering::SeqCst)).unwrap_or(SIGTERM);
        // Where even that fails, the process goes on and is asked again.
        _ = signal_hook::low_level::emulate_default_handler(number);
    }

    /// Sleeps, but not past a signal. False: a signal came.
    pub fn sleep(&self, time: Duration) -> bool {
        let ready = wait(self.fd(), PollFlags::IN, Deadline::after(time), None);
        matches!(ready, Ok(Ready::TimedOut))
    }
}
