//! Reading and writing a pair of descriptors against a deadline.
//!
//! Every wait is a poll, so that pipes, sockets and terminals time out alike,
//! and none depends on the descriptor being non-blocking: a descriptor that
//! we inherited is shared with others, who would be surprised.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustix::pipe::PIPE_BUF;

use super::coding::Coding;
use super::interrupt::Interrupt;

/// A point in time that a wait must not pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No limit.
    pub const NEVER: Self = Self(None);

    /// `after` from now.
    pub fn after(after: Duration) -> Self {
        Self(Instant::now().checked_add(after))
    }

    /// The earlier of two.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }

    /// The same, `time` later.
    #[must_use]
    pub fn later(self, time: Duration) -> Self {
        Self(self.0.and_then(|at| at.checked_add(time)))
    }

    /// How long it is until then; zero when it has passed, `None` without a limit.
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .map(|at| at.saturating_duration_since(Instant::now()))
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ready {
    /// There is something to read, or room to write.
    Yes,
    /// The deadline passed.
    TimedOut,
    /// A signal asks us to stop.
    Interrupted,
}

/// Waits until `fd` is ready for `flags`, or failed, which reading or writing will tell.
pub fn wait(
    fd: BorrowedFd<'_>,
    flags: PollFlags,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> io::Result<Ready> {
    let signal = interrupt.map_or(fd, Interrupt::fd);
    let mut fds = [
        PollFd::from_borrowed_fd(fd, flags),
        PollFd::from_borrowed_fd(signal, PollFlags::IN),
    ];
    let count = if interrupt.is_some() { 2 } else { 1 };
    let polled = fds.get_mut(..count).unwrap_or_default();
    if !wait_any(polled, deadline)? {
        return Ok(Ready::TimedOut);
    }
    match polled.get(1) {
        Some(signal) if !signal.revents().is_empty() => Ok(Ready::Interrupted),
        _ => Ok(Ready::Yes),
    }
}

/// Waits until one of several is ready or failed. False: the deadline passed.
pub fn wait_any(fds: &mut [PollFd<'_>], deadline: Deadline) -> io::Result<bool> {
    loop {
        let remaining = deadline.remaining();
        let timeout = remaining.map(|left| {
            Timespec::try_from(left).unwrap_or(Timespec {
                tv_sec: i64::MAX,
                tv_nsec: 0,
            })
        });
        match poll(fds, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(0) if remaining.is_some() => return Ok(false),
            Ok(_) => return Ok(true),
        }
    }
}

/// Lets time pass. False: a signal asks us to stop.
pub fn pause(time: Duration, interrupt: Option<&Interrupt>) -> io::Result<bool> {
    let deadline = Deadline::after(time);
    let mut signal =
        interrupt.map(|interrupt| PollFd::from_borrowed_fd(interrupt.fd(), PollFlags::IN));
    Ok(!wait_any(signal.as_mut_slice(), deadline)?)
}

/// Opens a file to read from. A FIFO that nobody writes to does not block.
pub fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Reads a file or a pipe to its end, but not more than `limit` bytes, not past
/// the deadline, and not past a signal.
pub fn read_all(
    fd: BorrowedFd<'_>,
    limit: usize,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let patience = Patience {
        idle: Duration::MAX,
        end: deadline,
    };
    read_each(fd, patience, interrupt, |chunk| {
        bytes.extend_from_slice(chunk);
        bytes.len() < limit
    })?;
    bytes.truncate(limit);
    Ok(bytes)
}

/// How long an input may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// So long nothing may come.
    pub idle: Duration,
    /// Then all must have come.
    pub end: Deadline,
}

/// Reads a file or a pipe to its end, chunk by chunk, or until `each` has had
/// enough (false); not past a deadline, and not past a signal.
pub fn read_each(
    fd: BorrowedFd<'_>,
    patience: Patience,
    interrupt: Option<&Interrupt>,
    mut each: impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let mut chunk = [0; 8192];
    loop {
        let deadline = Deadline::after(patience.idle).earlier(patience.end);
        match wait(fd, PollFlags::IN, deadline, interrupt)? {
            Ready::Yes => {}
            Ready::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
            Ready::Interrupted => return Err(io::ErrorKind::Interrupted.into()),
        }
        match rustix::io::read(fd, &mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                if !each(chunk.get(..length).unwrap_or_default()) {
                    return Ok(());
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes all of it to a descriptor that is no socket.
pub fn write_all(fd: BorrowedFd<'_>, bytes: &[u8], deadline: Deadline) -> io::Result<()> {
    write_by(|rest| write_some(fd, rest), fd, bytes, deadline, None)
}

/// Writes all of it, by something that writes what goes without waiting.
fn write_by(
    some: impl Fn(&[u8]) -> Result<usize, Errno>,
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match some(rest) {
            Ok(length) => rest = rest.get(length..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => match wait(fd, PollFlags::OUT, deadline, interrupt)? {
                Ready::Yes => {}
                Ready::TimedOut => return Err(io::ErrorKind::TimedOut.into()),
                Ready::Interrupted => return Err(io::ErrorKind::Interrupted.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn write_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let ready = wait(fd, PollFlags::OUT, Deadline::after(Duration::ZERO), None);
    if !matches!(ready, Ok(Ready::Yes)) {
        return Err(Errno::AGAIN);
    }
    // A pipe takes so much without blocking once poll calls it writable.
    let atom = bytes.get(..PIPE_BUF).unwrap_or(bytes);
    rustix::io::write(fd, atom)
}

/// What a read brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Got {
    /// This many bytes.
    Bytes(usize),
    /// The end of the line: it was closed, or broke.
    Eof,
    /// Nothing in time.
    TimedOut,
    /// A signal asks us to stop.
    Interrupted,
}

/// An open line.
#[derive(Debug)]
pub struct Line {
    input: OwnedFd,
    output: OwnedFd,
    socket: bool,
    child: Option<Child>,
    /// The first is the one next to the line.
    codings: Vec<Box<dyn Coding>>,
    /// The time between two characters.
    pace: Option<Duration>,
    /// What was read, and is to be read again.
    unread: Vec<u8>,
    /// What the codings have to say to the line itself.
    answers: Vec<u8>,
}

impl Line {
    /// A line that reads from one descriptor and writes to the other.
    pub fn new(input: OwnedFd, output: OwnedFd) -> Self {
        let socket = rustix::net::sockopt::socket_type(&output).is_ok();
        Self {
            input,
            output,
            socket,
            child: None,
            codings: Vec::new(),
            pace: None,
            unread: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The same line, with the process at its other end.
    #[must_use]
    pub fn with_child(mut self, child: Child) -> Self {
        self.child = Some(child);
        self
    }

    /// The same line, what is said and heard on it in another form. Of
    /// several codings, the first given is the one next to the line.
    #[must_use]
    pub fn with_coding(mut self, coding: Box<dyn Coding>) -> Self {
        self.codings.push(coding);
        self
    }

    /// The same line, with a pause between the characters that are written.
    #[must_use]
    pub fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = (!pace.is_zero()).then_some(pace);
        self
    }

    /// Puts back what was read and is someone else's, in front of what comes.
    pub fn unread(&mut self, bytes: &[u8]) {
        self.unread.splice(..0, bytes.iter().copied());
    }

    /// Reads what is there, or waits for it.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        deadline: Deadline,
        interrupt: Option<&Interrupt>,
    ) -> Got {
        if let Some(length) = self.reread(buffer) {
            return Got::Bytes(length);
        }
        loop {
            match wait(self.input.as_fd(), PollFlags::IN, deadline, interrupt) {
                Ok(Ready::TimedOut) => return Got::TimedOut,
                Ok(Ready::Interrupted) => return Got::Interrupted,
                Err(_) => return Got::Eof,
                Ok(Ready::Yes) => {}
            }
            match rustix::io::read(&self.input, &mut *buffer) {
                Ok(0) => return Got::Eof,
                Ok(length) => match self.decode(buffer, length) {
                    // Words of the line itself move no deadline.
                    0 if deadline.remaining() == Some(Duration::ZERO) => return Got::TimedOut,
                    0 => {}
                    length => return Got::Bytes(length),
                },
                Err(Errno::INTR | Errno::AGAIN) => {}
                // A reset, or a terminal that hung up: nothing more will come.
                Err(_) => return Got::Eof,
            }
        }
    }

    /// Says a last word, and reads on until the other side closes: a socket
    /// closed with bytes unread would be reset, and the last word lost.
    pub fn part(&mut self, words: &[u8], deadline: Deadline) {
        if self.write(words, deadline, None).is_ok() {
            self.end_output();
            self.drain(&mut [0; 4096], deadline);
        }
    }

    /// Reads on until the other side closes, and forgets it; never past the
    /// deadline, whatever it goes on sending.
    pub fn drain(&mut self, buffer: &mut [u8], deadline: Deadline) {
        while deadline.remaining() != Some(Duration::ZERO) {
            if !matches!(self.read(buffer, deadline, None), Got::Bytes(_)) {
                return;
            }
        }
    }

    /// Reads what is there now, without waiting.
    pub fn glance(&mut self, buffer: &mut [u8]) -> Got {
        if !self.socket {
            return self.read(buffer, Deadline::after(Duration::ZERO), None);
        }
        if let Some(length) = self.reread(buffer) {
            return Got::Bytes(length);
        }
        match rustix::net::recv(&self.input, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Got::Eof,
            Ok((_, length)) => match self.decode(buffer, length) {
                0 => Got::TimedOut,
                length => Got::Bytes(length),
            },
            Err(Errno::INTR | Errno::AGAIN) => Got::TimedOut,
            Err(_) => Got::Eof,
        }
    }

    /// Writes all of it, in one write where the line takes it so.
    ///
    /// Fails when the line broke or took nothing in time. What the other side
    /// sent before it went can still be read.
    pub fn write(
        &mut self,
        bytes: &[u8],
        deadline: Deadline,
        interrupt: Option<&Interrupt>,
    ) -> io::Result<()> {
        if self.codings.is_empty() {
            return self.write_plain(bytes, deadline, interrupt);
        }
        let mut coded = bytes.to_vec();
        for coding in self.codings.iter_mut().rev() {
            coded = coding.encode(&coded);
        }
        self.write_plain(&coded, deadline, interrupt)
    }

    /// Writes past all codings, to the line itself.
    pub fn write_plain(
        &mut self,
        bytes: &[u8],
        deadline: Deadline,
        interrupt: Option<&Interrupt>,
    ) -> io::Result<()> {
        let answers = std::mem::take(&mut self.answers);
        self.write_all(&answers, deadline, interrupt)?;
        let Some(pace) = self.pace else {
            return self.write_all(bytes, deadline, interrupt);
        };
        for (at, byte) in bytes.iter().enumerate() {
            let left = deadline.remaining().unwrap_or(pace);
            if at > 0 && !pause(pace.min(left), interrupt)? {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if at > 0 && left < pace {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.write_all(&[*byte], deadline, interrupt)?;
        }
        Ok(())
    }

    fn write_all(
        &self,
        bytes: &[u8],
        deadline: Deadline,
        interrupt: Option<&Interrupt>,
    ) -> io::Result<()> {
        let some = |rest: &[u8]| self.write_some(rest);
        write_by(some, self.output.as_fd(), bytes, deadline, interrupt)
    }

    /// As much as fits of what was put back. `None`: nothing was.
    fn reread(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let length = self.unread.len().min(buffer.len());
        let (place, _) = buffer.split_at_mut(length);
        for (to, from) in place.iter_mut().zip(self.unread.drain(..length)) {
            *to = from;
        }
        (length > 0).then_some(length)
    }

    /// Turns the first bytes of a buffer into what was said, and answers what
    /// was meant for the line itself, as far as it takes it now.
    fn decode(&mut self, buffer: &mut [u8], mut length: usize) -> usize {
        for coding in &mut self.codings {
            let bytes = buffer.get_mut(..length).unwrap_or_default();
            length = coding.decode(bytes, &mut self.answers);
        }
        if !self.answers.is_empty() {
            // What is left goes in front of what is written next.
            let written = self.write_some(&self.answers).unwrap_or(0);
            self.answers.drain(..written);
        }
        length
    }

    /// Says that nothing more will be written, where the line can say so.
    pub fn end_output(&mut self) {
        if self.socket {
            // The other side may be gone already.
            _ = rustix::net::shutdown(&self.output, rustix::net::Shutdown::Write);
        }
    }

    fn write_some(&self, bytes: &[u8]) -> Result<usize, Errno> {
        if self.socket {
            return rustix::net::send(
                &self.output,
                bytes,
                SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
            );
        }
        write_some(self.output.as_fd(), bytes)
    }
}

impl Drop for Line {
    /// A command that serves as the line has no use after it; it gets a moment
    /// to end by itself once its standard input is closed.
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if let Ok(null) = open(Path::new("/dev/null")) {
            self.output = null;
        }
        let deadline = Deadline::after(Duration::from_millis(500));
        let mut sink = [0; 4096];
        self.drain(&mut sink, deadline);
        if !matches!(child.try_wait(), Ok(Some(_))) {
            // It may have ended in this very moment; either is fine.
            _ = child.kill();
            _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};
    use std::fs::File;
    use std::io::{ErrorKind, Write};
    use std::os::fd::AsFd;

    fn pipe() -> (OwnedFd, File) {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        (read, write.into())
    }

    fn patience(idle: Duration, end: Duration) -> Patience {
        let end = Deadline::after(end);
        Patience { idle, end }
    }

    #[test]
    fn an_input_is_read_to_its_end_and_no_longer_than_it_may_take() {
        let (short, long) = (Duration::from_millis(1), Duration::from_secs(60));
        let (read, mut write) = pipe();
        write.write_all(b"abc").unwrap();
        let mut seen = Vec::new();
        let mut all = |patience| {
            read_each(read.as_fd(), patience, None, |chunk| {
                seen.extend_from_slice(chunk);
                true
            })
        };
        // Nothing more comes, and nobody closes it.
        let kind = |result: io::Result<()>| result.unwrap_err().kind();
        assert_eq!(kind(all(patience(short, long))), ErrorKind::TimedOut);
        assert_eq!(kind(all(patience(long, short))), ErrorKind::TimedOut);
        write.write_all(b"def").unwrap();
        drop(write);
        all(patience(long, long)).unwrap();
        assert_eq!(seen, b"abcdef");
    }

    #[test]
    fn who_has_had_enough_is_not_kept_waiting() {
        let long = Duration::from_secs(60);
        let (read, mut write) = pipe();
        write.write_all(b"abc").unwrap();
        read_each(read.as_fd(), patience(long, long), None, |_| false).unwrap();
        write.write_all(b"abc").unwrap();
        let read = read_all(read.as_fd(), 2, Deadline::after(long), None);
        assert_eq!(read.unwrap(), b"ab");
    }
}
