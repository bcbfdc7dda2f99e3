//! One connection to a server, as the applet drives it.
//!
//! Answers for a message being said and its reply heard, and for a connection
//! that a signal ends being ended in order.

use std::time::Duration;

use crate::outcome::Fate;
use crate::protocol::xtell::client::{Answer, Client, End, QUIT, Question};
use crate::protocol::{Input, Phase};
use crate::session::{Pause, Session};
use crate::transport::fd::{Deadline, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// How long a reply is still waited for once a signal came, and the farewell
/// behind it.
const ABANDON: Duration = Duration::from_secs(1);

/// How long a server gets to hang up.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Connection {
    session: Session<Client>,
}

impl Connection {
    /// Nothing is said in the beginning.
    pub(super) fn new(line: Line, trace: &mut Trace<'_>) -> Self {
        let mut session = Session::new(Client::default(), line);
        session.run(Input::Start, &|_| Deadline::NEVER, trace, None);
        Self { session }
    }

    /// Says one message. After an error there is only the drop.
    pub(super) fn say(
        &mut self,
        wire: &[u8],
        patience: &dyn Fn(Phase) -> Deadline,
        trace: &mut Trace<'_>,
        interrupt: &Interrupt,
    ) -> Result<Fate, End> {
        let input = Input::Answer(Answer::Say(wire.to_vec()));
        let mut pause = Some(self.session.run(input, patience, trace, Some(interrupt)));
        if let Some(Pause::Interrupted) = pause {
            // The reply may be on its way.
            let limit = Deadline::after(ABANDON);
            pause = self.session.hear_out(limit, trace, None);
            if pause.is_none() {
                self.session.part(QUIT, limit);
            }
        }
        match pause {
            Some(Pause::Asked(Question::Next(Some(fate)))) => Ok(fate),
            Some(Pause::Done(end)) => Err(end),
            _ => Err(End {
                fate: Some(Fate::unknown(
                    "interrupted before the reply; the message may have been shown",
                )),
                doubt: None,
            }),
        }
    }

    /// Says goodbye. Why nobody knows what became of the messages, if nobody does.
    pub(super) fn part(mut self, trace: &mut Trace<'_>, interrupt: &Interrupt) -> Option<String> {
        let limit = match interrupt.exit() {
            Some(_) => ABANDON,
            None => FAREWELL,
        };
        let deadline = Deadline::after(limit);
        let input = Input::Answer(Answer::Quit);
        match self.session.run(input, &|_| deadline, trace, None) {
            Pause::Done(end) => end.doubt,
            Pause::Asked(_) | Pause::Interrupted | Pause::Stalled => None,
        }
    }
}
