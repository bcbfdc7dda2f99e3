//! The client machine's ways to an end: goodbyes, lost lines, servers that
//! close or break the protocol.
//!
//! Answers for what an end means for the page that was under way, and for the
//! pages before it. Must never know how a line was lost.

use super::{Actions, Answered, Client, End, SHIFTED, State};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::command::{Command, Verb};
use crate::protocol::snpp::progress::Progress;
use crate::protocol::snpp::reply::{Class, Reply};
use crate::protocol::{Action, Phase};
use crate::text::escape::printable;

impl Client {
    /// Ends a dialogue that the world does not wait for any longer.
    pub fn give_up(&mut self, text: &str) -> End {
        let mut actions = Vec::new();
        self.outgoing = None;
        self.ended(text, &mut actions);
        let end = actions.into_iter().find_map(|action| match action {
            Action::Done(end) => Some(end),
            _ => None,
        });
        end.unwrap_or_else(|| End {
            cause: Some(Fate::untried(text)),
            answered: None,
            closed: false,
            shifted: false,
            farewell: None,
        })
    }

    /// The reply to QUIT. Anything but 221 may be the reply to an earlier
    /// command; then another one follows.
    pub(super) fn parted(&mut self, reply: &Reply, again: bool, actions: &mut Actions) {
        self.farewell.get_or_insert_with(|| reply.shown());
        let shifted = again || reply.class() != Class::Done || (self.early && reply.code != 221);
        if !shifted && reply.code != 221 {
            self.state = State::Farewell { again: true };
            self.listen(Phase::Farewell, actions);
            return;
        }
        let cause = shifted.then(|| Fate::unknown(format!("QUIT was answered {}", reply.shown())));
        self.end(cause, None, shifted, actions);
    }

    /// The line is gone, or is good for nothing any more.
    pub(super) fn lose(&mut self, exit: Exit, text: &str, shifted: bool, actions: &mut Actions) {
        self.fall(Fate::new(Outcome::Temporary, exit, text), shifted, actions);
    }

    /// Ends the connection; a page under way shares its fate, or is unknown
    /// where SEND was written and not answered.
    pub(super) fn fall(&mut self, fate: Fate, shifted: bool, actions: &mut Actions) {
        let begun = self.page.take().filter(|page| page.said);
        let window = self.window.take();
        let answered = window.and_then(|window| window.ended(&fate, shifted));
        let answered = answered.or_else(|| {
            let mut page = begun?;
            if page.sending {
                page.judge(&Fate::unknown(format!(
                    "{}; the page may have been accepted",
                    fate.text
                )));
            } else {
                page.judge(&fate);
            }
            Some(Answered::Page(page.done()))
        });
        self.end(Some(fate), answered, shifted, actions);
    }

    /// Ends a session that stays up at the other side: says goodbye, and does
    /// not wait for the answer.
    pub(super) fn leave(&mut self, reply: &Reply, fate: Fate, actions: &mut Actions) {
        if reply.class() == Class::Failed {
            actions.push(Action::Send(Command::bare(Verb::Quit).wire()));
        }
        let shifted = matches!(reply.class(), Class::SendMore | Class::Undefined);
        self.end(Some(fate), None, shifted, actions);
    }

    pub(super) fn end(
        &mut self,
        cause: Option<Fate>,
        answered: Option<Answered>,
        shifted: bool,
        actions: &mut Actions,
    ) {
        let code = cause.as_ref().and_then(|fate| fate.code);
        let closed = self.closed || code.is_some_and(|code| code / 100 == 4);
        // Where nothing of a page was said, the page is untried.
        let untried = answered.is_none();
        let cause = cause.map(|fate| match fate.outcome {
            Outcome::Temporary if untried => Fate {
                outcome: Outcome::Untried,
                ..fate
            },
            _ => fate,
        });
        actions.push(Action::Done(End {
            cause,
            answered,
            closed,
            shifted,
            farewell: self.farewell.take(),
        }));
    }

    /// The other side closed, or was silent for too long. Who has said what is
    /// no greeting before that speaks another protocol.
    pub(super) fn fell_silent(&mut self, text: &str, actions: &mut Actions) {
        match self.reader.strange() {
            Some(line) if matches!(self.state, State::Greeting) => {
                let text = format!("{text}, only \"{}\"", printable(line));
                let fate = Fate::new(Outcome::Untried, Exit::Protocol, text);
                self.end(Some(fate), None, false, actions);
            }
            _ => self.ended(text, actions),
        }
    }

    /// What there is to wait for has not come.
    pub(super) fn ended(&mut self, text: &str, actions: &mut Actions) {
        match self.state {
            // The page was accepted, and that nobody says goodbye changes
            // nothing; but a reply that came before its command may have been
            // one too many, and then only 221 shows that it was not.
            State::Farewell { .. } => {
                let cause = self.early.then(|| Fate::unknown(SHIFTED));
                self.end(cause, None, self.early, actions);
            }
            State::Greeting | State::Login => {
                let fate = Fate::untried(text);
                self.end(Some(fate), None, false, actions);
            }
            // Half a reply is no reply too many.
            State::Window => self.lose(Exit::TempFail, text, false, actions),
            _ => self.lose(
                Exit::TempFail,
                text,
                self.reader.has_more() && self.setup.strict,
                actions,
            ),
        }
    }

    /// Names what the client was waiting for, for a timeout's text.
    pub(super) fn awaited(&self) -> String {
        match &self.state {
            State::Greeting => "no greeting".to_owned(),
            State::Login => "no reply to LOGI".to_owned(),
            State::Reset => "no reply to RESE".to_owned(),
            State::Said(command) => format!("no reply to {}", command.verb()),
            State::Body => "no reply to the message".to_owned(),
            State::Farewell { .. } => "no reply to QUIT".to_owned(),
            State::Window => self.window.as_ref().map_or_else(
                || "no reply".to_owned(),
                |window| format!("no reply to {}", window.awaited()),
            ),
            State::Paging | State::Committing | State::Ready => {
                self.page.as_ref().and_then(Progress::step).map_or_else(
                    || "no reply".to_owned(),
                    |step| format!("no reply to {}", step.command.verb()),
                )
            }
        }
    }
}
