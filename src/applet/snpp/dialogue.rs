//! One dialogue of a client with a gateway, as the applets drive it.
//!
//! Answers for a job being run to its end, and for a dialogue that a signal
//! ends being ended in order.

use std::time::Duration;

use crate::bulk::sender::Commit;
use crate::outcome::Fate;
use crate::protocol::snpp::client::{
    Answer, Answered, Client, End, Job, LAST_WORDS, Question, Setup,
};
use crate::protocol::snpp::reply::Reply;
use crate::protocol::{Input, Phase};
use crate::session::{Pause, Session};
use crate::transport::fd::{Deadline, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// How long an interrupted dialogue may take to end in order.
const ABANDON: Duration = Duration::from_secs(2);

/// An open dialogue.
#[derive(Debug)]
pub(in crate::applet) struct Dialogue {
    session: Session<Client>,
}

/// What a dialogue is driven with.
pub(in crate::applet) struct Around<'d, 't> {
    /// Until when each phase may last.
    pub(in crate::applet) patience: &'d dyn Fn(Phase) -> Deadline,
    /// Who watches.
    pub(in crate::applet) trace: &'d mut Trace<'t>,
    /// What ends it.
    pub(in crate::applet) interrupt: &'d Interrupt,
}

impl Dialogue {
    /// Hears the greeting, and logs in where the setup says so.
    pub(in crate::applet) fn begin(
        line: Line,
        setup: Setup,
        around: &mut Around<'_, '_>,
    ) -> Result<Self, End> {
        let session = Session::new(Client::new(setup), line);
        let mut dialogue = Self { session };
        dialogue.advance(Input::Start, around)?;
        Ok(dialogue)
    }

    /// The server's greeting.
    pub(in crate::applet) fn banner(&self) -> Reply {
        self.session.machine().banner().cloned().unwrap_or_default()
    }

    /// Runs one job, and asks `commit` before a page may be out. After an
    /// error there is no dialogue any more.
    pub(in crate::applet) fn converse(
        &mut self,
        job: Job,
        around: &mut Around<'_, '_>,
        commit: Commit<'_>,
    ) -> Result<Answered, End> {
        let mut answer = Answer::Job(job);
        loop {
            match self.advance(Input::Answer(answer), around)? {
                Question::Next(answered) => return Ok(answered),
                Question::Commit => {
                    answer = match commit() {
                        // The wait for the commit may have been long.
                        Ok(()) if around.interrupt.exit().is_some() => {
                            Answer::Stop(Fate::temporary("interrupted"))
                        }
                        Ok(()) => Answer::Go,
                        Err(fate) => Answer::Stop(fate),
                    };
                }
            }
        }
    }

    /// Says goodbye.
    pub(in crate::applet) fn part(mut self, around: &mut Around<'_, '_>) -> End {
        match self.converse(Job::Quit, around, &mut || Ok(())) {
            Err(end) => end,
            Ok(_) => self
                .session
                .machine_mut()
                .give_up("the server said no goodbye"),
        }
    }

    fn advance(
        &mut self,
        input: Input<'_, Answer>,
        around: &mut Around<'_, '_>,
    ) -> Result<Question, End> {
        let interrupt = Some(around.interrupt);
        match self
            .session
            .run(input, around.patience, around.trace, interrupt)
        {
            Pause::Asked(question) => Ok(question),
            Pause::Done(end) => Err(end),
            Pause::Stalled => {
                let machine = self.session.machine_mut();
                Err(machine.give_up("the server does not read what it is told"))
            }
            Pause::Interrupted => {
                let limit = Deadline::after(ABANDON);
                // Verdicts on pages that are out already may be on their way.
                // Who asks a second time does not want to wait for them.
                let again = Interrupt::register().ok();
                let more = if self.session.machine().awaits_verdict() {
                    self.session.hear_out(limit, around.trace, again.as_ref())
                } else {
                    None
                };
                match more {
                    Some(Pause::Asked(question)) => return Ok(question),
                    Some(Pause::Done(end)) => return Err(end),
                    Some(Pause::Interrupted | Pause::Stalled) | None => {}
                }
                let end = self.session.machine_mut().give_up("interrupted");
                let limit = match again.and_then(|again| again.exit()) {
                    Some(_) => Deadline::after(Duration::ZERO),
                    None => limit,
                };
                self.session.part(LAST_WORDS, limit);
                Err(end)
            }
        }
    }
}
