//! Whole jobs, as they may come from a file, a pipe or a socket.
//!
//! Answers for their two forms (that of the spool, and a line of names with the
//! message behind it), for bounds, and for what no stranger may ask for. Must
//! never know where they go.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::stdio::stdin;

use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::queue::job::{self, Job, Submission};
use crate::queue::spool::{MAX_JOB, new_id};
use crate::text::shape::is_name;
use crate::transport::fd::{self, Deadline, Patience};
use crate::transport::interrupt::Interrupt;

/// How long nothing may come, and how long it may take altogether.
const IDLE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(600);

/// Reads a job from a file, or from standard input for `-`.
pub(super) fn read(path: &Path, interrupt: &Interrupt) -> Result<Job, Failure> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::Interrupted => {
            let exit = interrupt.exit().unwrap_or(Exit::Interrupted);
            Failure::new(exit, "interrupted; nothing is queued")
        }
        io::ErrorKind::TimedOut => Failure::data("the end of the job did not come in time"),
        _ => Failure::new(Exit::NoInput, cause(&error)),
    };
    let bytes = if path.as_os_str() == "-" {
        read_all(stdin(), interrupt)
    } else {
        fd::open(path).and_then(|file| read_all(file.as_fd(), interrupt))
    };
    parse(&bytes.map_err(unreadable)?).map_err(Failure::data)
}

/// To the end, but not much more than a job may have.
fn read_all(input: BorrowedFd<'_>, interrupt: &Interrupt) -> io::Result<Vec<u8>> {
    let patience = Patience {
        idle: IDLE,
        end: Deadline::after(LIMIT),
    };
    let mut bytes = Vec::new();
    fd::read_each(input, patience, Some(interrupt), |chunk| {
        bytes.extend_from_slice(chunk);
        bytes.len() <= MAX_JOB
    })?;
    Ok(bytes)
}

/// The job that stands in a file; when it came and what it is called is ours to say.
fn parse(bytes: &[u8]) -> Result<Job, String> {
    if bytes.len() > MAX_JOB {
        return Err(format!("more than the {MAX_JOB} bytes that a job may have"));
    }
    let now = SystemTime::now();
    let id = new_id(now);
    let job = match names_and_text(bytes) {
        Some((names, text)) => plain(names, text)?,
        None => match job::read(bytes, now, &id)? {
            Submission::Job(job) => job,
            Submission::Forget(_) => {
                return Err("a request to forget is no page".to_owned());
            }
        },
    };
    Ok(Job {
        received: now,
        id,
        ..job
    })
}

/// A first line of nothing but names, and what stands behind it. No header is
/// one: a name has no colon.
fn names_and_text(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (first, text) = (lines.next()?, lines.next()?);
    let first = std::str::from_utf8(first).ok()?.trim();
    let names = first.split(',').map(str::trim);
    let names = names.map(|name| is_name(name).then(|| name.to_owned()));
    Some((names.collect::<Option<_>>()?, text))
}

fn plain(names: Vec<String>, text: &[u8]) -> Result<Job, String> {
    let text = text.split(|byte| *byte == b'\n');
    let text = text.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut message = text.collect::<Vec<_>>().join(&b'\n');
    if message.last() == Some(&b'\n') {
        message.pop();
    }
    if message.trim_ascii().is_empty() {
        return Err("no message behind the names".to_owned());
    }
    Ok(Job::new(names, message))
}

/// What a job must not have that comes through a socket: it would let a
/// stranger read our files, be told of another's page, or hide that one failed, or
/// was one of our own.
pub(super) fn check_stranger(job: &Job) -> Result<(), String> {
    let asked = [
        (
            job.to.iter().any(|to| to.pin_file.is_some()),
            "To: pin-file",
        ),
        (job.two_way.is_some(), "Two-way"),
        (job.failure_of.is_some(), "Failure-of"),
        (job.origin.is_some(), "Origin"),
    ];
    match asked.into_iter().find(|(is_there, _)| *is_there) {
        Some((_, name)) => Err(format!("{name}: not from elsewhere")),
        None => Ok(()),
    }
}
