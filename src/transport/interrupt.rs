//! SIGINT and SIGTERM as something that a wait can wait for; and, for a run
//! whose results are all it is for, that nobody reads them any more.
//!
//! A signal between two waits is not lost: its byte stands in a pipe until
//! the process ends.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::stdio::stdout;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::fd::{Deadline, Ready, wait_any};
use crate::exit::Exit;

/// Signals that ask for an orderly stop. While it lives they no longer end the process.
#[derive(Debug)]
pub struct Interrupt {
    pipe: UnixStream,
    signal: Arc<AtomicUsize>,
    minds_reader: AtomicBool,
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
        Ok(Self {
            pipe,
            signal,
            minds_reader: AtomicBool::new(false),
        })
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

    /// From now on nothing is worth waiting for, as [`Interrupt::sleep`] and
    /// [`Interrupt::wait_for`] do, once nobody reads standard output.
    pub fn mind_reader(&self) {
        self.minds_reader.store(true, Ordering::Relaxed);
    }

    /// Waits until there is something to read. [`Ready::Interrupted`]: a signal
    /// came, or there is nothing yet and nobody who would hear of it.
    pub fn wait_for(&self, fd: BorrowedFd<'_>, deadline: Deadline) -> io::Result<Ready> {
        let mut fds = [
            PollFd::from_borrowed_fd(self.fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(fd, PollFlags::IN),
            reader(),
        ];
        let minds_reader = self.minds_reader.load(Ordering::Relaxed);
        let count = if minds_reader { 3 } else { 2 };
        if !wait_any(fds.get_mut(..count).unwrap_or_default(), deadline)? {
            return Ok(Ready::TimedOut);
        }
        let [signal, input, _] = fds.map(|fd| !fd.revents().is_empty());
        Ok(if input && !signal {
            Ready::Yes
        } else {
            Ready::Interrupted
        })
    }

    /// Sleeps, but not past a signal. False: a signal came, or nobody is left
    /// to hear of what comes next.
    pub fn sleep(&self, time: Duration) -> bool {
        let ready = self.wait_for(self.fd(), Deadline::after(time));
        matches!(ready, Ok(Ready::TimedOut))
    }
}

/// From now on SIGINT and SIGTERM do nothing, for a process that ends soon anyway.
pub fn ignore() -> io::Result<()> {
    for number in [SIGINT, SIGTERM] {
        signal_hook::flag::register(number, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}

/// Has whoever read our standard output gone?
pub fn reader_is_gone() -> bool {
    matches!(
        wait_any(&mut [reader()], Deadline::after(Duration::ZERO)),
        Ok(true)
    )
}

/// Nothing but the end of standard output: of a pipe's readers, of a terminal.
fn reader<'fd>() -> PollFd<'fd> {
    PollFd::from_borrowed_fd(stdout(), PollFlags::empty())
}
