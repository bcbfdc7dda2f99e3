//! Programs that run beside the routes: filters, and who is told of a failure.
//!
//! Answers for none of them holding up anything: the text fits into a pipe
//! before the program starts, and it has its time to end. Must never know what
//! comes of it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::{Pid, Signal, kill_process_group};

use super::Place;
use crate::config::value::Line;
use crate::transport::command::SECRETS;

/// How long a program may take.
const TIME: Duration = Duration::from_secs(60);
/// No message is longer, in bytes, and a pipe takes it whole.
const MAX: usize = 256 * 1024;
/// A process ends a moment after its output does.
const GLANCE: Duration = Duration::from_millis(5);

/// On whose account a program runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Account {
    /// The filter of a route, for a job.
    Filter {
        /// The job.
        job: u64,
        /// The route.
        route: String,
    },
    /// Somebody is told of a part that failed.
    Failure(Place),
    /// Somebody is told of a job in `failed/`.
    Untold {
        /// Its name there.
        name: String,
        /// The part.
        at: usize,
    },
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) account: Account,
    process: process::Child,
    stdout: Option<OwnedFd>,
    said: Vec<u8>,
    until: Instant,
    killed: bool,
}

/// How it ended, and what it wrote; an error: it took too long, or wrote too much.
pub(super) type Ended = Result<(ExitStatus, Vec<u8>), String>;

impl Aside {
    /// Starts a program with this text on its standard input and these variables.
    pub(super) fn start(
        account: Account,
        words: &[Line],
        variables: &[(&str, String)],
        text: &str,
    ) -> io::Result<Self> {
        let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        if text.len() > MAX {
            return Err(io::Error::other("the message is too long for a pipe"));
        }
        let (input, message) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stdout, output) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setfl(&stdout, OFlags::NONBLOCK)?;
        fcntl_setfl(&message, OFlags::NONBLOCK)?;
        // One that fits has room already.
        _ = fcntl_setpipe_size(&message, MAX);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let taken = rustix::io::write(&message, rest)?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        drop(message);
        let mut command = Command::new(program.as_str());
        command
            .args(args.iter().map(Line::as_str))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(input)
            .stdout(Stdio::from(output))
            .process_group(0);
        for name in SECRETS {
            command.env_remove(name);
        }
        Ok(Self {
            account,
            process: command.spawn()?,
            stdout: Some(stdout),
            said: Vec::new(),
            until: Instant::now() + TIME,
            killed: false,
        })
    }

    pub(super) fn stdout(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().map(AsFd::as_fd)
    }

    /// When it wants to be looked at.
    pub(super) fn timer(&self) -> Instant {
        match self.stdout {
            Some(_) => self.until,
            None => self.until.min(Instant::now() + GLANCE),
        }
    }

    /// Ends a filter, which nobody waits for any more. False: it is none.
    pub(super) fn was_stopped_as_filter(&mut self) -> bool {
        let is_filter = matches!(self.account, Account::Filter { .. });
        if is_filter {
            self.kill();
        }
        is_filter
    }

    fn kill(&self) {
        let number = i32::try_from(self.process.id()).ok();
        if let Some(process) = number.and_then(Pid::from_raw) {
            // Who is gone is what we want.
            _ = kill_process_group(process, Signal::KILL);
        }
    }

    /// Has it ended?
    pub(super) fn look(&mut self) -> Option<Ended> {
        self.read();
        let status = match self.process.try_wait() {
            Ok(Some(status)) => status,
            Ok(None) => {
                if Instant::now() >= self.until && !self.killed {
                    self.killed = true;
                    self.kill();
                    self.until = Instant::now() + TIME;
                }
                return None;
            }
            Err(error) => return Some(Err(crate::diag::cause(&error))),
        };
        self.read();
        if self.killed {
            return Some(Err(format!("stopped: it took longer than {TIME:?}")));
        }
        if self.said.len() > MAX {
            return Some(Err(format!("it wrote more than {MAX} bytes")));
        }
        Some(Ok((status, std::mem::take(&mut self.said))))
    }

    /// What is there; of what is too long only as much as shows that it is. A filter
    /// that has written too much need not go on.
    fn read(&mut self) {
        let mut chunk = [0; 8192];
        while let Some(stdout) = &self.stdout {
            match rustix::io::read(stdout, &mut chunk) {
                Ok(length @ 1..) if self.said.len() <= MAX => {
                    self.said.extend(chunk.get(..length).unwrap_or_default());
                }
                Ok(1..) if self.was_stopped_as_filter() => self.stdout = None,
                Err(Errno::INTR) => {}
                // There is more to do than to hear who never ends.
                Ok(1..) | Err(Errno::AGAIN) => return,
                _ => self.stdout = None,
            }
        }
    }
}
