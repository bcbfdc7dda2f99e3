//! Every line of talk: errors, warnings, traces and logs. Talk never goes to
//! standard output, and failing to talk never fails a page.

use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::fstat;
use rustix::pipe::PIPE_BUF;
use rustix::stdio::{stderr, stdin};

use crate::text::escape::printable;

/// How grave a log line is, as syslog(3) counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Priority {
    /// Our own trouble.
    Error = 3,
    /// A client's trouble.
    Warning = 4,
    /// A session event worth keeping.
    Info = 6,
}

/// How long a line waits for whoever keeps the journal.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// syslog's facilities.
const MAIL: u8 = 2;
const DAEMON: u8 = 3;

#[derive(Debug)]
enum Place {
    /// Standard error, for a person.
    Stderr,
    /// Standard error, with a priority in front that journald understands.
    Journal,
    /// syslog, under a facility: standard error is somebody else's.
    Syslog(u8, Option<UnixDatagram>),
}

/// Where an applet talks.
#[derive(Debug)]
pub struct Diag {
    applet: &'static str,
    place: Place,
    quiet: bool,
    /// Nobody took the last line.
    deaf: AtomicBool,
}

impl Diag {
    /// For a program that a person or a script runs. `quiet` says nothing at all.
    pub fn client(applet: &'static str, quiet: bool) -> Self {
        Self {
            applet,
            place: Place::Stderr,
            quiet,
            deaf: AtomicBool::new(false),
        }
    }

    /// For a program whose standard error may be its client's socket, as
    /// under inetd: then it talks to syslog.
    pub fn server(applet: &'static str) -> Self {
        Self::beside(applet, Place::Journal)
    }

    /// For what the system's mail log is to keep of a program whose standard error
    /// goes back to who sent a mail.
    pub fn mail_log(applet: &'static str) -> Self {
        Self {
            applet,
            place: Place::Syslog(MAIL, syslog()),
            quiet: false,
            deaf: AtomicBool::new(false),
        }
    }

    /// For a last word, whoever is listening.
    pub fn anywhere(applet: &'static str) -> Self {
        Self::beside(applet, Place::Stderr)
    }

    fn beside(applet: &'static str, usual: Place) -> Self {
        let is_client = same_file();
        Self {
            applet,
            place: if is_client {
                Place::Syslog(DAEMON, syslog())
            } else {
                usual
            },
            quiet: false,
            deaf: AtomicBool::new(false),
        }
    }

    /// An error or a warning.
    pub fn warn(&self, text: &str) {
        self.log(Priority::Warning, text);
    }

    /// A line of the trace, with the time since its start.
    pub fn trace(&self, elapsed: Duration, text: &str) {
        self.put(&format!("{:8.3}  {}\n", elapsed.as_secs_f64(), safe(text)));
    }

    /// A line of a terminal that takes the place of the one before it.
    pub fn status(&self, text: &str) {
        self.put(&format!("\r\x1b[K{text}"));
    }

    /// A line of the log. Whatever it quotes is made safe to print.
    pub fn log(&self, priority: Priority, text: &str) {
        let applet = self.applet;
        let text = safe(text);
        match &self.place {
            Place::Stderr => self.put(&format!("{applet}: {text}\n")),
            Place::Journal => self.offer(&format!("<{}>{applet}: {text}\n", priority as u8)),
            Place::Syslog(facility, socket) => {
                let number = facility * 8 + priority as u8;
                let line = format!("<{number}>{applet}[{}]: {text}", std::process::id());
                if let Some(socket) = socket {
                    _ = socket.send(line.as_bytes());
                }
            }
        }
    }

    /// Writes a line as far as somebody takes it: a log that nobody reads is
    /// no reason to hold up a session, not even a little with each line.
    fn offer(&self, line: &str) {
        // A pipe that has room takes so much at once.
        for part in line.as_bytes().chunks(PIPE_BUF) {
            let mut room = [PollFd::from_borrowed_fd(stderr(), PollFlags::OUT)];
            let deaf = self.deaf.load(Ordering::Relaxed);
            let patience = if deaf {
                &Timespec::default()
            } else {
                &PATIENCE
            };
            let full = matches!(poll(&mut room, Some(patience)), Ok(0));
            self.deaf.store(full, Ordering::Relaxed);
            if full {
                return;
            }
            _ = io::stderr().lock().write_all(part);
        }
    }

    fn put(&self, line: &str) {
        if !self.quiet {
            // One write, so that lines of several processes do not mix. There
            // is nobody left to tell when standard error is gone.
            _ = io::stderr().lock().write_all(line.as_bytes());
        }
    }
}

/// The text, line by line, without anything that a terminal would obey.
fn safe(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| printable(line.as_bytes()))
        .collect();
    lines.join("\n")
}

/// The system's words for an error, without its number.
pub fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Is standard error the same socket as standard input?
fn same_file() -> bool {
    match (fstat(stdin()), fstat(stderr())) {
        (Ok(input), Ok(error)) => {
            (input.st_dev, input.st_ino) == (error.st_dev, error.st_ino)
                && rustix::net::sockopt::socket_type(stdin()).is_ok()
        }
        _ => false,
    }
}

fn syslog() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    // A full syslog must not hold up a session.
    socket.set_nonblocking(true).ok()?;
    socket.connect("/dev/log").ok()?;
    Some(socket)
}
