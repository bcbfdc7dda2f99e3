//! Connections to gateways, and what is said over them.
//!
//! Answers for opening, for deadlines, for a connection that idled away, and
//! for putting a connection away with what is known of its pages.

use std::time::Duration;

use super::{CommandResult, Gateways};
use crate::bulk::run::Commit;
use crate::cli::peer::Peer;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::client::{
    Answer, Answered, Client, End, Job, LAST_WORDS, Question, Setup,
};
use crate::protocol::snpp::command::Command;
use crate::protocol::{Input, Phase};
use crate::session::{Pause, Session};
use crate::transport::fd::Deadline;

/// How long a server gets to say goodbye.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long an interrupted dialogue may take to end in order.
const ABANDON: Duration = Duration::from_secs(2);

impl Gateways<'_> {
    /// One command at the first server that can be reached, and its reply.
    pub(in super::super) fn command(&mut self, command: &Command) -> (Option<Peer>, CommandResult) {
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
    pub(in super::super) fn command_at(
        &mut self,
        index: usize,
        command: &Command,
    ) -> CommandResult {
        let deadline = Deadline::after(self.settings.timeout);
        let mut fresh = self.open(index, deadline)?;
        loop {
            let job = Job::Command(command.clone());
            match self.converse(index, job, deadline, &mut || Ok(())) {
                Ok(Answered::Reply(reply)) => return Ok(reply),
                Err(End {
                    cause: Some(cause), ..
                }) if fresh => return Err(cause),
                _ if fresh => return Err(Fate::untried("the dialogue went astray")),
                _ => fresh = self.open(index, deadline)?,
            }
        }
    }

    /// The server that gave the verdict on a page.
    pub(in super::super) fn index_of(&self, peer: &Peer) -> Option<usize> {
        self.servers.iter().position(|server| server.peer == *peer)
    }

    /// Makes sure that there is a session. True: it is new.
    pub(super) fn open(&mut self, index: usize, deadline: Deadline) -> Result<bool, Fate> {
        let Some(server) = self.servers.get_mut(index) else {
            return Err(Fate::untried("no server"));
        };
        if server.session.is_some() {
            return Ok(false);
        }
        self.trace.remark(&format!("connecting to {}", server.peer));
        let line = self
            .settings
            .line
            .open(&server.peer, deadline, Some(self.settings.interrupt));
        let begun = match line {
            Ok(line) => {
                let setup = Setup {
                    login: self.settings.login.clone(),
                    strict: self.settings.strict,
                };
                server.session = Some(Session::new(Client::new(setup), line));
                self.advance(index, Input::Start, deadline)
                    .map_err(|end| end.cause.unwrap_or_else(|| Fate::untried("no session")))
            }
            Err(error) => Err(Fate::new(Outcome::Untried, error.exit, error.text)),
        };
        if let (Err(fate), Some(server)) = (&begun, self.servers.get_mut(index)) {
            server.down = Some(fate.clone());
        }
        begun.map(|_| true)
    }

    /// Runs a session to its next question; a session that ended is put away.
    fn advance(
        &mut self,
        index: usize,
        input: Input<'_, Answer>,
        deadline: Deadline,
    ) -> Result<Question, End> {
        let settings = self.settings;
        let patience = |phase| match phase {
            Phase::Verdict => Deadline::after(settings.line.verdict_timeout),
            Phase::Farewell => Deadline::after(FAREWELL.min(settings.timeout)),
            _ => deadline,
        };
        let Some(session) = self
            .servers
            .get_mut(index)
            .and_then(|server| server.session.as_mut())
        else {
            return Err(Client::new(Setup::default()).give_up("no connection"));
        };
        let interrupt = Some(settings.interrupt);
        let end = match session.run(input, &patience, &mut self.trace, interrupt) {
            Pause::Asked(question) => return Ok(question),
            Pause::Done(end) => end,
            Pause::Interrupted => {
                let end = session.machine_mut().give_up("interrupted");
                session.part(LAST_WORDS, Deadline::after(ABANDON));
                end
            }
        };
        self.put_away(index, &end);
        Err(end)
    }

    fn put_away(&mut self, index: usize, end: &End) {
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        server.session = None;
        let receipts = std::mem::take(&mut server.receipts);
        if end.shifted {
            let peer = &server.peer;
            self.taken_back
                .extend(receipts.into_iter().map(|receipt| (receipt, peer.clone())));
        }
    }

    /// One job, with its commit.
    pub(super) fn converse(
        &mut self,
        index: usize,
        job: Job,
        deadline: Deadline,
        commit: Commit<'_>,
    ) -> Result<Answered, End> {
        let mut answer = Answer::Job(job);
        loop {
            match self.advance(index, Input::Answer(answer), deadline)? {
                Question::Next(answered) => return Ok(answered),
                Question::Commit => {
                    answer = match commit() {
                        Ok(()) if self.settings.interrupt.exit().is_some() => {
                            Answer::Stop(Fate::temporary("interrupted"))
                        }
                        Ok(()) => Answer::Go,
                        Err(fate) => Answer::Stop(fate),
                    };
                }
            }
        }
    }

    /// Says goodbye to one server.
    pub(super) fn part(&mut self, index: usize) {
        if self
            .servers
            .get(index)
            .is_some_and(|server| server.session.is_some())
        {
            let deadline = Deadline::after(self.settings.timeout);
            // Its end is told by what is taken back.
            drop(self.converse(index, Job::Quit, deadline, &mut || Ok(())));
        }
    }
}
