//! A command that is run once for each page: the message on its standard
//! input, the envelope in `PAGEBOX_*`, a PIN at file descriptor 3. Its exit
//! status is the verdict.
//!
//! Answers for an end within the time limit, whatever the command and its
//! children do, and for nothing a stranger sent being a word of a command
//! line. Its standard output leads nowhere: ours is the client's.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use command_fds::{CommandFdExt, FdMapping};
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PIPE_BUF, PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::SIGCHLD;

use super::{Origin, Verdict};
use crate::diag::cause;
use crate::exit::Exit;
use crate::queue::job::{Job, Recipient};
use crate::text::charset::utf8_or_latin1;
use crate::transport::command::SECRETS;
use crate::transport::fd::{Deadline, wait_any};
use crate::transport::interrupt::Interrupt;

/// Where a command finds the PIN.
const PIN_FD: i32 = 3;
/// How long a command that is told to stop may take.
const GRACE: Duration = Duration::from_secs(2);
/// How long a command may go on once we are told to stop ourselves.
const HURRY: Duration = Duration::from_secs(30);
/// Whoever started us may keep from us that a child has ended, so we look.
const GLANCE: Duration = Duration::from_secs(1);
/// Higher ones are a shell's for a program that a signal ended.
const SIGNALLED: u8 = 128;
/// What is logged of a command: so many lines, of so many bytes.
const MAX_LINES: usize = 50;
const MAX_LINE: usize = 500;

/// What a command sees of the envelope, where there is something to see.
pub const VARIABLES: [&str; 10] = [
    "PAGEBOX_PAGER",
    "PAGEBOX_LEVEL",
    "PAGEBOX_ALERT",
    "PAGEBOX_COVERAGE",
    "PAGEBOX_HOLD",
    "PAGEBOX_CALLER",
    "PAGEBOX_SUBJECT",
    "PAGEBOX_LOGIN",
    "PAGEBOX_PEER",
    "PAGEBOX_ID",
];

/// See the module's text.
#[derive(Debug)]
pub struct Command {
    program: OsString,
    args: Vec<OsString>,
    timeout: Duration,
    /// Readable when a child has ended.
    ended: UnixStream,
}

impl Command {
    /// `words` are the program and its arguments; it has `timeout` to end.
    /// `None` where there is no word.
    pub fn new(words: &[OsString], timeout: Duration) -> io::Result<Option<Self>> {
        let Some((program, args)) = words.split_first() else {
            return Ok(None);
        };
        let (ended, write) = UnixStream::pair()?;
        ended.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGCHLD, write)?;
        Ok(Some(Self {
            program: program.clone(),
            args: args.to_vec(),
            timeout,
            ended,
        }))
    }

    /// Runs it for the first recipient of the job, who should be the only
    /// one: one status cannot tell two fates.
    pub(super) fn run(
        &self,
        job: &Job,
        origin: &Origin,
        interrupt: &Interrupt,
        log: &mut dyn FnMut(&str),
    ) -> (Verdict, Option<String>) {
        let program = self.program.to_string_lossy();
        let Some(recipient) = job.to.first() else {
            return (Verdict::Refused, Some("nobody to send to".to_owned()));
        };
        let talk = match self.start(job, recipient, origin) {
            Ok(talk) => talk,
            Err(error) => {
                let why = format!("cannot run {program}: {}", cause(&error));
                return (Verdict::TryLater, Some(why));
            }
        };
        match talk.attend(self, interrupt, log) {
            Ok(Some(status)) => verdict(&program, status),
            Ok(None) => {
                let cause = match interrupt.exit() {
                    Some(_) => "we are told to stop, and it went on",
                    None => "it took too long",
                };
                (
                    Verdict::Uncertain,
                    Some(format!("{program}: stopped, {cause}")),
                )
            }
            Err(error) => {
                let why = format!("{program}: lost sight of it: {}", cause(&error));
                (Verdict::Uncertain, Some(why))
            }
        }
    }

    fn start(&self, job: &Job, recipient: &Recipient, origin: &Origin) -> io::Result<Talk> {
        let (input, message) = pipe_with(PipeFlags::CLOEXEC)?;
        let (errors, output) = pipe_with(PipeFlags::CLOEXEC)?;
        let mut command = process::Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(output)
            .process_group(0);
        for name in SECRETS.iter().chain(&VARIABLES) {
            command.env_remove(name);
        }
        command.envs(envelope(job, recipient, origin));
        let parent_fd = match &recipient.pin {
            Some(pin) => secret(pin)?,
            // Not some descriptor that we happened to inherit.
            None => File::open("/dev/null")?.into(),
        };
        command
            .fd_mappings(vec![FdMapping {
                parent_fd,
                child_fd: PIN_FD,
            }])
            .map_err(io::Error::other)?;
        // A command may count on text. It is there before the command is: should
        // we be killed in between, it would read half a message and deliver that.
        let mut rest = utf8_or_latin1(&job.message).into_bytes();
        fcntl_setfl(&message, OFlags::NONBLOCK)?;
        while !rest.is_empty() {
            match rustix::io::write(&message, &rest) {
                Ok(length) => drop(rest.drain(..length)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Talk {
            child: command.spawn()?,
            ended: false,
            message: (!rest.is_empty()).then_some(message),
            rest,
            errors: Some(errors),
            line: Vec::new(),
            lines: 0,
        })
    }
}

/// A pipe with a line in it and nobody else to write.
fn secret(word: &str) -> io::Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    // It is a word, so the pipe takes it whole.
    rustix::io::write(&write, format!("{word}\n").as_bytes())?;
    Ok(read)
}

fn envelope<'a>(
    job: &'a Job,
    recipient: &'a Recipient,
    origin: &Origin,
) -> impl Iterator<Item = (&'static str, String)> {
    let hold = recipient.hold.map(|at: SystemTime| {
        let at = Timestamp::try_from(at).unwrap_or(Timestamp::MAX);
        format!("{at:.0}")
    });
    let values = [
        Some(recipient.name.clone()),
        recipient.level.map(|level| level.to_string()),
        recipient.alert.map(|on| u8::from(on).to_string()),
        recipient.coverage.clone(),
        hold,
        job.caller.clone(),
        job.subject.clone(),
        origin.login.as_ref().map(ToString::to_string),
        origin.peer.as_ref().map(ToString::to_string),
        Some(job.id.clone()).filter(|id| !id.is_empty()),
    ];
    let pairs = VARIABLES.into_iter().zip(values);
    pairs.filter_map(|(name, value)| Some((name, value?)))
}

fn verdict(program: &str, status: ExitStatus) -> (Verdict, Option<String>) {
    let verdict = match status.code() {
        Some(0) => return (Verdict::Accepted, None),
        Some(code) => match u8::try_from(code) {
            Ok(code) if code == Exit::TempFail.status() || code == Exit::Os.status() => {
                Verdict::TryLater
            }
            Ok(code) if code == Exit::NoUser.status() => Verdict::NoSuchPager,
            Ok(code) if code == Exit::Unknown.status() || code > SIGNALLED => Verdict::Uncertain,
            _ => Verdict::Refused,
        },
        // It may have delivered before.
        None => Verdict::Uncertain,
    };
    let why = match (status.code(), status.signal()) {
        (Some(code), _) => format!("{program}: exit status {code}"),
        (None, Some(signal)) => format!("{program}: killed by signal {signal}"),
        (None, None) => format!("{program}: {status}"),
    };
    (verdict, Some(why))
}

/// A command that runs, and what it still has to hear and to say.
#[derive(Debug)]
struct Talk {
    child: Child,
    /// Its number may be another's by now.
    ended: bool,
    message: Option<OwnedFd>,
    rest: Vec<u8>,
    errors: Option<OwnedFd>,
    line: Vec<u8>,
    lines: usize,
}

impl Talk {
    /// Stays with it to its end. `None`: it had to be stopped.
    fn attend(
        mut self,
        command: &Command,
        interrupt: &Interrupt,
        log: &mut dyn FnMut(&str),
    ) -> io::Result<Option<ExitStatus>> {
        let mut deadline = Deadline::after(command.timeout);
        let mut hurry = false;
        let mut stopped = false;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                self.ended = true;
                break status;
            }
            if !hurry && interrupt.exit().is_some() {
                hurry = true;
                deadline = deadline.earlier(Deadline::after(HURRY));
            }
            if deadline.remaining() != Some(Duration::ZERO) {
                let waker = (!hurry).then_some(interrupt);
                self.exchange(&command.ended, waker, deadline, log)?;
                continue;
            }
            if stopped {
                self.signal(Signal::KILL);
                self.ended = true;
                break self.child.wait()?;
            }
            stopped = true;
            self.signal(Signal::TERM);
            deadline = Deadline::after(GRACE);
        };
        if stopped {
            // What it started may not have heard the first time.
            self.signal(Signal::KILL);
        }
        self.last_words(log);
        Ok((!stopped).then_some(status))
    }

    /// Waits for the next thing to do, a while, and does it.
    fn exchange(
        &mut self,
        ended: &UnixStream,
        interrupt: Option<&Interrupt>,
        deadline: Deadline,
        log: &mut dyn FnMut(&str),
    ) -> io::Result<()> {
        let mut fds = vec![PollFd::new(ended, PollFlags::IN)];
        let errors = self.errors.iter();
        fds.extend(errors.map(|fd| PollFd::new(fd, PollFlags::IN)));
        let message = self.message.iter();
        fds.extend(message.map(|fd| PollFd::new(fd, PollFlags::OUT)));
        let signals = interrupt.map(Interrupt::fd);
        fds.extend(signals.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        wait_any(&mut fds, Deadline::after(GLANCE).earlier(deadline))?;
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let over = ready.next() == Some(true);
        let heard = self.errors.is_some() && ready.next() == Some(true);
        let room = self.message.is_some() && ready.next() == Some(true);
        if over {
            // Only that it is readable counts.
            _ = rustix::io::read(ended, &mut [0; 64]);
        }
        if heard {
            self.hear(log);
        }
        if room {
            self.tell();
        }
        Ok(())
    }

    /// Writes as much of the message as a pipe takes at once. A command need
    /// not read it.
    fn tell(&mut self) {
        let Some(message) = &self.message else { return };
        let part = self.rest.get(..PIPE_BUF).unwrap_or(&self.rest);
        match rustix::io::write(message, part) {
            Ok(length) => {
                self.rest.drain(..length);
            }
            Err(Errno::INTR | Errno::AGAIN) => return,
            Err(_) => self.rest.clear(),
        }
        if self.rest.is_empty() {
            self.message = None;
        }
    }

    /// Reads what is there of its standard error, and logs the lines.
    fn hear(&mut self, log: &mut dyn FnMut(&str)) {
        let mut chunk = [0; PIPE_BUF];
        let Some(errors) = &self.errors else { return };
        let length = match rustix::io::read(errors, &mut chunk) {
            Ok(length) => length,
            Err(Errno::INTR | Errno::AGAIN) => return,
            Err(_) => 0,
        };
        if length == 0 {
            self.errors = None;
        }
        for byte in chunk.iter().take(length) {
            if *byte == b'\n' {
                self.say(log);
            } else if self.line.len() < MAX_LINE {
                self.line.push(*byte);
            }
        }
    }

    /// Logs the line that was heard.
    fn say(&mut self, log: &mut dyn FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() || self.lines > MAX_LINES {
            return;
        }
        self.lines += 1;
        if self.lines > MAX_LINES {
            return log("(it says more than is logged)");
        }
        log(&String::from_utf8_lossy(&line));
    }

    /// What it said before it ended is there already. Others may still have
    /// its standard error, and go on: that is not waited for.
    fn last_words(&mut self, log: &mut dyn FnMut(&str)) {
        for _ in 0..MAX_LINES {
            let Some(errors) = &self.errors else { break };
            let mut fds = [PollFd::new(errors, PollFlags::IN)];
            if !matches!(
                wait_any(&mut fds, Deadline::after(Duration::ZERO)),
                Ok(true)
            ) {
                break;
            }
            self.hear(log);
        }
        self.say(log);
    }

    /// To all that it started, and to itself, should it have left its group.
    fn signal(&self, signal: Signal) {
        let child = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(child) = child {
            // Who is gone is what we want.
            _ = kill_process_group(child, signal);
            if !self.ended {
                _ = kill_process(child, signal);
            }
        }
    }
}
