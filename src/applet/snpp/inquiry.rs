//! A gateway that is asked something, and sent nothing.
//!
//! Answers for a session being opened, asked and left, all of it in one time.

use std::time::Duration;

use super::dialogue::{Around, Dialogue};
use crate::cli::line::LineArgs;
use crate::cli::peer::Peer;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::client::{Answered, End, Job, Setup};
use crate::protocol::snpp::command::Command;
use crate::protocol::snpp::reply::Reply;
use crate::transport::What;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// A gateway that is asked.
#[derive(Debug)]
pub(in crate::applet) struct Inquiry<'a> {
    peer: &'a Peer,
    line: &'a LineArgs,
    timeout: Duration,
    trace: Trace<'a>,
    interrupt: &'a Interrupt,
    dialogue: Option<Dialogue>,
    deadline: Deadline,
    name_failed: bool,
}

impl<'a> Inquiry<'a> {
    /// One that has not begun; each session gets the whole time.
    pub(in crate::applet) fn new(
        peer: &'a Peer,
        line: &'a LineArgs,
        timeout: Duration,
        trace: Trace<'a>,
        interrupt: &'a Interrupt,
    ) -> Self {
        Self {
            peer,
            line,
            timeout,
            trace,
            interrupt,
            dialogue: None,
            deadline: Deadline::NEVER,
            name_failed: false,
        }
    }

    /// Opens a new session and returns its greeting. An error with a code is a
    /// greeting that is no welcome.
    pub(in crate::applet) fn connect(&mut self) -> Result<Reply, Fate> {
        self.part();
        self.name_failed = false;
        self.deadline = Deadline::after(self.timeout);
        self.trace.remark(&format!("connecting to {}", self.peer));
        let line = self
            .line
            .open(self.peer, self.deadline, Some(self.interrupt));
        let line = line.map_err(|error| {
            self.name_failed = error.what == What::Name;
            Fate::new(Outcome::Untried, error.exit, error.text)
        })?;
        let deadline = self.deadline;
        let mut around = Around {
            patience: &|_| deadline,
            trace: &mut self.trace,
            interrupt: self.interrupt,
        };
        let dialogue = Dialogue::begin(line, Setup::default(), &mut around).map_err(cause)?;
        let banner = dialogue.banner();
        self.dialogue = Some(dialogue);
        Ok(banner)
    }

    /// One command and its reply.
    pub(in crate::applet) fn say(&mut self, command: &Command) -> Result<Reply, Fate> {
        match self.job(Job::Command(command.clone()))? {
            Answered::Reply(reply) => Ok(reply),
            _ => Err(Fate::untried("the dialogue went astray")),
        }
    }

    /// One job; a page is never sent, its transaction ends before SEND.
    pub(in crate::applet) fn job(&mut self, job: Job) -> Result<Answered, Fate> {
        let Some(dialogue) = &mut self.dialogue else {
            return Err(Fate::untried("no connection"));
        };
        let deadline = self.deadline;
        let mut around = Around {
            patience: &|_| deadline,
            trace: &mut self.trace,
            interrupt: self.interrupt,
        };
        let result = dialogue.converse(job, &mut around, &mut || {
            Err(Fate::untried("an inquiry sends nothing"))
        });
        result.map_err(|end| {
            self.dialogue = None;
            cause(end)
        })
    }

    /// Says goodbye, if there is anybody, and returns the answer.
    pub(in crate::applet) fn part(&mut self) -> Option<String> {
        let dialogue = self.dialogue.take()?;
        let deadline = self.deadline;
        let mut around = Around {
            patience: &|_| deadline,
            trace: &mut self.trace,
            interrupt: self.interrupt,
        };
        dialogue.part(&mut around).farewell
    }

    /// Could the last session not be opened for want of an address? That says
    /// nothing about the gateway.
    pub(in crate::applet) fn name_failed(&self) -> bool {
        self.name_failed
    }

    /// The dialogue since the last call.
    pub(in crate::applet) fn transcript(&mut self) -> Vec<String> {
        self.trace.take_transcript().unwrap_or_default()
    }
}

fn cause(end: End) -> Fate {
    end.cause
        .unwrap_or_else(|| Fate::untried("the session ended"))
}

/// What a gateway has told of itself: its greeting, and its goodbye if one came.
pub(in crate::applet) fn server_info(banner: &str, farewell: Option<&str>) -> String {
    let farewell = farewell.map(|text| format!(" | QUIT: {text}"));
    format!("{banner}{}", farewell.unwrap_or_default())
}
