//! A route that runs: its rows on their way in, its verdicts on their way out.
//!
//! Nothing here waits: what a pipe does not take or give now is left for
//! later, and whoever polls knows when that is.
//!
//! Answers for each row entering whole and once, and for what is certain of
//! rows that a dead route leaves behind. Must never know what a verdict leads
//! to, nor how long one may take.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus};

use command_fds::CommandFdExt;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, fcntl_dupfd_cloexec, ioctl_fionread};
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, pipe_with};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::program::Program;
use super::verdict::{Results, Said};
use crate::diag::cause;
use crate::transport::command::SECRETS;

/// The columns of a row.
const HEADER: [&str; 9] = [
    "id", "pager", "pin", "message", "level", "alert", "coverage", "caller", "subject",
];

/// Where a route finds the lock that it holds: behind the descriptors that a
/// shell's redirections and our own commands name.
const LOCK_FROM: i32 = 10;

/// One page as a row. What is absent is an empty cell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page<'a> {
    /// Comes back with its verdict.
    pub id: &'a str,
    /// Whom it is for, as the route calls them.
    pub pager: &'a str,
    /// That one's PIN.
    pub pin: Option<&'a str>,
    /// The text.
    pub message: &'a str,
    /// Service level.
    pub level: Option<u8>,
    /// Alert override.
    pub alert: Option<bool>,
    /// Coverage area.
    pub coverage: Option<&'a str>,
    /// Who calls.
    pub caller: Option<&'a str>,
    /// What about.
    pub subject: Option<&'a str>,
}

impl Page<'_> {
    fn row(&self) -> io::Result<Vec<u8>> {
        let level = self.level.map(|level| level.to_string());
        row([
            self.id,
            self.pager,
            self.pin.unwrap_or_default(),
            self.message,
            level.as_deref().unwrap_or_default(),
            self.alert.map_or("", |on| if on { "1" } else { "0" }),
            self.coverage.unwrap_or_default(),
            self.caller.unwrap_or_default(),
            self.subject.unwrap_or_default(),
        ])
    }
}

fn row(cells: [&str; HEADER.len()]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// What a route has said since the last time.
#[derive(Debug, Default)]
pub struct Read {
    /// Its verdicts on rows that it was given and has read, and what is wrong
    /// with what else it wrote. A later verdict on the same row supersedes.
    pub verdicts: Vec<Said>,
    /// It will say nothing more.
    pub ended: bool,
}

/// A route that runs. One that is dropped goes on: it finishes its page.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    /// It was waited for: its number may be another's by now.
    is_over: bool,
    /// Our end of its standard input.
    stdin: Option<OwnedFd>,
    /// Its own end: tells what nobody has read, and makes a route that does
    /// not read a matter of patience, and not of a broken pipe.
    unread: OwnedFd,
    stdout: Option<OwnedFd>,
    /// Bytes that the pipe has not taken yet.
    waiting: Vec<u8>,
    is_closing: bool,
    /// How many bytes have entered the pipe.
    entered: u64,
    /// How many were to enter it.
    total: u64,
    /// How many rows there were.
    rows: u64,
    /// Where the last of them begin: those of which nobody has read a byte, as
    /// far as we have looked.
    starts: VecDeque<u64>,
    results: Results,
}

impl Child {
    /// Starts a route, in a process group of its own. It inherits `lock`, which
    /// stays open in it and in all that it starts until the last of them has
    /// ended, and no secret of the environment.
    pub fn start(program: &Program, lock: BorrowedFd<'_>) -> io::Result<Self> {
        let (unread, stdin) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stdout, results) = pipe_with(PipeFlags::CLOEXEC)?;
        // Those of the route stay as programs know them.
        for ours in [&stdin, &stdout] {
            fcntl_setfl(ours, OFlags::NONBLOCK)?;
        }
        let mut command = Command::new(&program.program);
        command
            .args(&program.args)
            .stdin(unread.try_clone()?)
            .stdout(results)
            .process_group(0)
            .preserved_fds(vec![fcntl_dupfd_cloexec(lock, LOCK_FROM)?]);
        if let Some(name) = program.name {
            command.arg0(name);
        }
        for name in SECRETS {
            command.env_remove(name);
        }
        let header = row(HEADER)?;
        Ok(Self {
            process: command.spawn()?,
            is_over: false,
            stdin: Some(stdin),
            unread,
            stdout: Some(stdout),
            is_closing: false,
            entered: 0,
            total: length(&header),
            waiting: header,
            rows: 0,
            starts: VecDeque::new(),
            results: Results::default(),
        })
    }

    /// Gives it a row, and returns the row's number, from 1 on. What the pipe
    /// does not take now is kept: see [`Child::write`]. An error: it was not
    /// given the row.
    pub fn give(&mut self, page: &Page<'_>) -> io::Result<u64> {
        if self.is_closing {
            return Err(io::Error::other("it was told that no more rows will come"));
        }
        let row = page.row()?;
        self.starts.push_back(self.total);
        self.rows += 1;
        self.total += length(&row);
        self.waiting.extend(row);
        // What goes wrong is told by the next one.
        _ = self.write();
        Ok(self.rows)
    }

    /// Is there something that the pipe has not taken yet?
    pub fn wants_to_write(&self) -> bool {
        self.stdin.is_some() && !self.waiting.is_empty()
    }

    /// Its standard input, until it is closed: to be polled for room where it
    /// [wants that](Self::wants_to_write).
    pub fn stdin(&self) -> Option<BorrowedFd<'_>> {
        self.stdin.as_ref().map(AsFd::as_fd)
    }

    /// Its standard output, until that has ended: to be polled for something to read.
    pub fn stdout(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().map(AsFd::as_fd)
    }

    /// Writes what the pipe takes now.
    pub fn write(&mut self) -> io::Result<()> {
        while let (Some(stdin), false) = (&self.stdin, self.waiting.is_empty()) {
            match rustix::io::write(stdin, &self.waiting) {
                Ok(taken) => {
                    self.entered += length(self.waiting.drain(..taken).as_slice());
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        if self.is_closing {
            self.stdin = None;
        }
        Ok(())
    }

    /// No more rows: it sees the end of its standard input behind the last one.
    pub fn close(&mut self) {
        self.is_closing = true;
        _ = self.write();
    }

    /// Reads what it has said by now.
    pub fn read(&mut self) -> Read {
        let mut verdicts = Vec::new();
        let Some(stdout) = &self.stdout else {
            return Read {
                verdicts,
                ended: true,
            };
        };
        let mut chunk = [0; 8192];
        match rustix::io::read(stdout, &mut chunk) {
            Ok(length @ 1..) => {
                let bytes = chunk.get(..length).unwrap_or_default();
                self.results.feed(bytes, &mut verdicts);
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            end => {
                self.stdout = None;
                self.results.end(&mut verdicts);
                let error = end.err().map(io::Error::from);
                verdicts.extend(error.map(|error| Err(format!("its results: {}", cause(&error)))));
            }
        }
        self.check(&mut verdicts);
        Read {
            verdicts,
            ended: self.stdout.is_none(),
        }
    }

    /// A verdict on a row that it has not read is none.
    fn check(&mut self, said: &mut [Said]) {
        if !said.iter().any(Result::is_ok) {
            return;
        }
        let read = self.rows_read();
        for said in said {
            if let Ok(verdict) = said {
                let row = verdict.row;
                if row == 0 || row > self.rows {
                    *said = Err(format!("a verdict on row {row}, which it was not given"));
                } else if row > read {
                    *said = Err(format!("a verdict on row {row}, which it has not read"));
                }
            }
        }
    }

    /// How many rows somebody has read a byte of.
    fn rows_read(&mut self) -> u64 {
        // Where nobody can tell, all of them.
        let inside = ioctl_fionread(&self.unread).unwrap_or(0);
        let read = self.entered.saturating_sub(inside);
        while self.starts.front().is_some_and(|start| *start < read) {
            self.starts.pop_front();
        }
        self.rows - u64::try_from(self.starts.len()).unwrap_or(u64::MAX)
    }

    /// Takes back the rows of which nobody has read a byte, and tells their
    /// numbers: nobody ever will, so they were certainly not sent. Its standard
    /// input is closed.
    pub fn take_back(&mut self) -> io::Result<Vec<u64>> {
        self.is_closing = true;
        // Without a writer an empty pipe is at its end, and no read waits.
        self.stdin = None;
        self.waiting.clear();
        let mut all = vec![0; fcntl_getpipe_size(&self.unread)?];
        // One call: what others read, they read before or never.
        let taken = rustix::io::retry_on_intr(|| rustix::io::read(&self.unread, &mut all))?;
        self.entered -= length(all.get(..taken).unwrap_or_default());
        let first = self.rows_read() + 1;
        Ok((first..=self.rows).collect())
    }

    /// Asks it, and all that it has started, to end.
    pub fn stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it, and all that it has started.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if self.is_over && self.stdout.is_none() {
            // Nobody that we know of is left, and the number may be another's.
            return;
        }
        let process = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        let Some(process) = process else { return };
        // Who is gone is what we want.
        _ = kill_process_group(process, signal);
        if !self.is_over {
            // Should it have left its group.
            _ = kill_process(process, signal);
        }
    }

    /// How it ended, once it has. What it started may still go on, and hold
    /// the lock.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.process.try_wait()?;
        self.is_over = status.is_some();
        Ok(status)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
