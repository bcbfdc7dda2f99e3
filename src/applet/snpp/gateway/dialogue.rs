//! Connections to gateways, and what is said over them.
//!
//! Answers for opening, for deadlines, for a connection that idled away, and
//! for putting a connection away with what is known of its pages.

use std::time::Duration;

use super::{CommandResult, Gateways, Settings};
use crate::applet::snpp::dialogue::{Around, Dialogue};
use crate::bulk::sender::{Commit, TakenBack};
use crate::cli::peer::{Peer, Place};
use crate::outcome::{Fate, Outcome};
use crate::protocol::Phase;
use crate::protocol::snpp::client::{Answered, Client, End, Job, Setup};
use crate::protocol::snpp::command::Command;
use crate::transport::fd::Deadline;

/// How long the answer to SEND may take: delivery may be synchronous.
const VERDICT: Duration = Duration::from_secs(300);

/// How long a server gets to say goodbye.
const FAREWELL: Duration = Duration::from_secs(5);

impl Gateways<'_> {
    /// One command at the first server that can be reached, and its reply.
    pub(in crate::applet) fn command(
        &mut self,
        command: &Command,
    ) -> (Option<Peer>, CommandResult) {
        let mut result = (None, Err(Fate::untried("no server")));
        for index in 0..self.servers.len() {
            let peer = self.servers.get(index).map(|server| server.peer.clone());
            let reply = self.command_at(index, command);
            let elsewhere = matches!(&reply, Err(fate) if fate.outcome.may_retry());
            result = (peer, reply);
            if !elsewhere || self.settings.interrupt.exit().is_some() {
                break;
            }
        }
        result
    }

    /// One command at one server.
    pub(in crate::applet) fn command_at(
        &mut self,
        index: usize,
        command: &Command,
    ) -> CommandResult {
        let mut deadline = Deadline::after(self.settings.timeout);
        let mut fresh = self.open(index, deadline)?;
        loop {
            let job = Job::Command(command.clone());
            match self.converse(index, job, deadline, &mut || Ok(())) {
                Ok(Answered::Reply(reply)) => return Ok(reply),
                Err(End {
                    cause: Some(cause), ..
                }) if fresh => return Err(cause),
                _ if fresh => return Err(Fate::untried("the dialogue went astray")),
                _ => {
                    deadline = Deadline::after(self.settings.timeout);
                    fresh = self.open(index, deadline)?;
                }
            }
        }
    }

    /// The server that gave the verdict on a page.
    pub(in crate::applet) fn index_of(&self, peer: &Peer) -> Option<usize> {
        self.servers.iter().position(|server| server.peer == *peer)
    }

    /// Makes sure that there is a dialogue. True: it is new.
    pub(super) fn open(&mut self, index: usize, deadline: Deadline) -> Result<bool, Fate> {
        let Some(server) = self.servers.get_mut(index) else {
            return Err(Fate::untried("no server"));
        };
        if server.dialogue.is_some() {
            return Ok(false);
        }
        self.trace.remark(&format!("connecting to {}", server.peer));
        let interrupt = Some(self.settings.interrupt);
        let line = self.settings.line.open(&server.peer, deadline, interrupt);
        let begun = line
            .map_err(|error| Fate::new(Outcome::Untried, error.exit, error.text))
            .and_then(|line| {
                let setup = Setup {
                    login: self.settings.login.clone(),
                    strict: self.settings.strict,
                };
                let mut around = Around {
                    patience: &patience(self.settings, deadline),
                    trace: &mut self.trace,
                    interrupt: self.settings.interrupt,
                };
                Dialogue::begin(line, setup, &mut around)
                    .map_err(|end| end.cause.unwrap_or_else(|| Fate::untried("no session")))
            });
        match begun {
            Ok(dialogue) => {
                server.dialogue = Some(dialogue);
                server.refused = 0;
                Ok(true)
            }
            Err(fate) => {
                server.down = Some(fate.clone());
                Err(fate)
            }
        }
    }

    /// One job over the dialogue that is there; one that ended is put away.
    pub(super) fn converse(
        &mut self,
        index: usize,
        job: Job,
        deadline: Deadline,
        commit: Commit<'_>,
    ) -> Result<Answered, End> {
        let Some(server) = self.servers.get_mut(index) else {
            return Err(no_dialogue());
        };
        let Some(dialogue) = &mut server.dialogue else {
            return Err(no_dialogue());
        };
        let mut around = Around {
            patience: &patience(self.settings, deadline),
            trace: &mut self.trace,
            interrupt: self.settings.interrupt,
        };
        let result = dialogue.converse(job, &mut around, commit);
        if let Err(end) = &result {
            server.dialogue = None;
            self.put_away(index, end);
        }
        result
    }

    /// Says goodbye to one server.
    pub(super) fn part(&mut self, index: usize) {
        let Some(dialogue) = self
            .servers
            .get_mut(index)
            .and_then(|server| server.dialogue.take())
        else {
            return;
        };
        let deadline = Deadline::after(self.settings.timeout);
        let mut around = Around {
            patience: &patience(self.settings, deadline),
            trace: &mut self.trace,
            interrupt: self.settings.interrupt,
        };
        let end = dialogue.part(&mut around);
        self.put_away(index, &end);
    }

    /// What is known now of the pages of a dialogue that ended.
    fn put_away(&mut self, index: usize, end: &End) {
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        let receipts = std::mem::take(&mut server.receipts);
        if end.shifted {
            let why = end.cause.as_ref().map_or("", |cause| cause.text.as_str());
            let taken = receipts.into_iter().map(|receipt| TakenBack {
                receipt,
                server: Place::Net(server.peer.clone()),
                why: why.to_owned(),
            });
            self.taken_back.extend(taken);
        }
    }
}

/// Everything up to SEND shares a deadline; the verdict and the goodbye have
/// times of their own.
fn patience(settings: &Settings<'_>, deadline: Deadline) -> impl Fn(Phase) -> Deadline {
    let verdict = settings.line.verdict_timeout.unwrap_or(VERDICT);
    let farewell = FAREWELL.min(settings.timeout);
    let limit = settings.limit;
    move |phase| match phase {
        Phase::Verdict => Deadline::after(verdict).earlier(limit),
        Phase::Farewell => Deadline::after(farewell).earlier(limit),
        _ => deadline,
    }
}

fn no_dialogue() -> End {
    Client::new(Setup::default()).give_up("no connection")
}
