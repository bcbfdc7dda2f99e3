//! The client machine: one connection, many messages.
//!
//! ```text
//! Start ─▶ Ask(Next) ◀───────────────────────────┐
//!             ├─ message: nothing early? Send ─▶ reply
//!             └─ Quit ─▶ QUIT, the end of the line, Done
//! ```
//!
//! Answers for lock-step, and for noticing replies that have shifted: a server
//! that says one line too many makes every verdict of the connection worthless.
//! Must never know where a message came from, nor retry anything.

use std::time::SystemTime;

use super::reply::Reply;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::line::{Line, Lines};
use crate::protocol::{Action, Input, Machine, Phase, Wire};
use crate::text::escape::printable;

/// The farewell, which gets no answer.
pub const QUIT: &[u8] = b"QUIT\r\n";

/// What is kept of a reply, in bytes.
const MAX_REPLY: usize = 512;

/// What a server says that ends the connection by itself.
const OVER: u16 = 400;

/// Said where replies and messages do not belong together any more.
const SHIFTED: &str = "the server said more than one line to a message";

/// What the machine asks.
#[derive(Debug, Eq, PartialEq)]
pub enum Question {
    /// What became of the last message, if there was one; what is next?
    Next(Option<Fate>),
}

/// What it is told.
#[derive(Debug)]
pub enum Answer {
    /// Say this, as [`super::message::Message::wire`] gave it.
    Say(Vec<u8>),
    /// Say goodbye.
    Quit,
}

/// How a connection ended.
#[derive(Debug, Eq, PartialEq)]
pub struct End {
    /// What became of the message under way, if there was one.
    pub fate: Option<Fate>,
    /// Why nobody knows what became of the messages before, if nobody does.
    pub doubt: Option<String>,
}

#[derive(Debug)]
enum State {
    /// The world is asked what is next.
    Asking,
    /// Bytes that are there now are early.
    Early(Vec<u8>),
    /// There were some: not more than their first line is wanted.
    Spoken,
    /// It sends us away; or that was the verdict on the message before, and
    /// then it does not close.
    Dismissed(Fate),
    /// The reply to a message.
    Reply,
    /// It said what is no reply, and QUIT was said: a verdict may follow.
    Strange {
        /// What it said.
        said: String,
        /// What that makes of the message.
        fate: Fate,
    },
    /// The end of the line.
    Farewell,
    Over,
}

/// See the module's text.
#[derive(Debug)]
pub struct Client {
    lines: Lines,
    state: State,
    /// Messages that got a reply.
    replies: u64,
    /// One of them was not a good one.
    refused: bool,
}

type Actions = Vec<Action<Question, End>>;

impl Default for Client {
    fn default() -> Self {
        Self {
            lines: Lines::default(),
            state: State::Asking,
            replies: 0,
            refused: false,
        }
    }
}

impl Client {
    /// The end; `doubt` is about the messages before.
    fn end(&mut self, fate: Option<Fate>, doubt: Option<String>, actions: &mut Actions) {
        self.state = State::Over;
        let doubt = doubt.filter(|_| self.replies > 0);
        actions.push(Action::Done(End { fate, doubt }));
    }

    fn answered(&mut self, answer: Answer, actions: &mut Actions) {
        match answer {
            Answer::Say(_) if self.lines.has_rest() => self.early(actions),
            Answer::Say(line) => {
                self.state = State::Early(line);
                actions.push(Action::Wait(Phase::Quiet));
            }
            Answer::Quit => {
                actions.push(Action::Send(Wire::open(QUIT)));
                self.state = State::Farewell;
                self.run(actions);
            }
        }
    }

    /// The server speaks before it was spoken to.
    fn early(&mut self, actions: &mut Actions) {
        self.state = State::Spoken;
        self.run(actions);
    }

    /// Works off the lines that are there.
    fn run(&mut self, actions: &mut Actions) {
        loop {
            let phase = match self.state {
                State::Spoken => Phase::Reply,
                State::Reply => Phase::Verdict,
                State::Dismissed(_) | State::Strange { .. } | State::Farewell => Phase::Farewell,
                State::Asking | State::Early(_) | State::Over => return,
            };
            let Some(line) = self.lines.next(MAX_REPLY, false) else {
                actions.push(Action::Wait(phase));
                return;
            };
            actions.push(Action::Event(Wire::open(line.bytes.clone())));
            match &mut self.state {
                State::Spoken => self.spoken(&line, actions),
                State::Reply => self.reply(&line, actions),
                State::Dismissed(fate) => {
                    let fate = fate.clone();
                    self.end(Some(fate), Some(SHIFTED.to_owned()), actions);
                }
                State::Strange { .. } => self.strange(&line, actions),
                _ => self.surplus(&line, actions),
            }
        }
    }

    /// A line before the message: the connection is over, in order or not.
    fn spoken(&mut self, line: &Line, actions: &mut Actions) {
        match Reply::read(line.text()) {
            Some(reply) if self.replies > 0 && reply.code == OVER => {
                self.state = State::Dismissed(Fate::untried(reply.text).with_code(OVER));
            }
            // Who sends everybody away may do so with any code of refusal.
            Some(reply) if self.replies == 0 && reply.is_known() && !reply.is_good() => {
                let fate = Fate::untried(reply.text).with_code(reply.code);
                self.end(Some(fate), None, actions);
            }
            _ => {
                let text = format!(
                    "the server speaks before it was spoken to: {}",
                    printable(line.text())
                );
                let fate = Fate::new(Outcome::Untried, Exit::Protocol, text);
                self.end(Some(fate), Some(SHIFTED.to_owned()), actions);
            }
        }
    }

    fn reply(&mut self, line: &Line, actions: &mut Actions) {
        match Reply::read(line.text()) {
            Some(reply) if reply.is_known() => {
                self.replies += 1;
                self.refused |= !reply.is_good();
                self.state = State::Asking;
                actions.push(Action::Ask(Question::Next(Some(reply.fate()))));
            }
            reply => {
                let said = printable(line.text());
                let fate = reply.map_or_else(
                    || {
                        let text = format!("no reply of xtell: {said}");
                        Fate::new(Outcome::Refused, Exit::Protocol, text)
                    },
                    Reply::fate,
                );
                self.state = State::Strange { said, fate };
                actions.push(Action::Send(Wire::open(QUIT)));
            }
        }
    }

    /// A line behind one that is no reply, which may have been a banner: a good
    /// one may be the verdict, or the answer to QUIT.
    fn strange(&mut self, line: &Line, actions: &mut Actions) {
        let State::Strange { said, .. } = &self.state else {
            return;
        };
        if Reply::read(line.text()).is_some_and(|reply| reply.is_good()) {
            let text = format!("no reply of xtell: {said}; the message may have been shown");
            let doubt = went_on_with(said);
            self.end(Some(Fate::unknown(text)), Some(doubt), actions);
        }
    }

    /// A line behind QUIT, which gets no answer. A good one may be a server's
    /// farewell; or replies have shifted, but then all of them were good.
    fn surplus(&mut self, line: &Line, actions: &mut Actions) {
        let reply = Reply::read(line.text());
        if self.refused || !reply.is_some_and(|reply| reply.is_good()) {
            self.end(None, Some(SHIFTED.to_owned()), actions);
        }
    }

    /// Nothing more comes, or nothing in time.
    fn lost(&mut self, why: &str, closed: bool, actions: &mut Actions) {
        let half = self.lines.has_rest();
        let (fate, shifted) = match &mut self.state {
            State::Strange { said, fate } => {
                let (fate, doubt) = (fate.clone(), went_on_with(said));
                return self.end(Some(fate), Some(doubt), actions);
            }
            State::Reply => (
                Some(Fate::unknown(format!(
                    "{why}; the message may have been shown"
                ))),
                false,
            ),
            State::Early(_) => (Some(Fate::untried(why)), false),
            State::Spoken => (Some(Fate::untried(why)), true),
            State::Dismissed(fate) => (Some(fate.clone()), half || !closed),
            State::Farewell => (None, half),
            State::Asking | State::Over => (None, false),
        };
        self.end(fate, shifted.then(|| SHIFTED.to_owned()), actions);
    }
}

/// Why the messages before a line that is no reply are in doubt.
fn went_on_with(said: &str) -> String {
    format!("the server went on with {said}")
}

impl Machine for Client {
    type Question = Question;
    type Answer = Answer;
    type Done = End;

    fn step(&mut self, _now: SystemTime, input: Input<'_, Answer>) -> Actions {
        let mut actions = Vec::new();
        match input {
            Input::Start => actions.push(Action::Ask(Question::Next(None))),
            Input::Answer(answer) => self.answered(answer, &mut actions),
            Input::Bytes(bytes) => {
                self.lines.push(bytes);
                match self.state {
                    State::Early(_) => self.early(&mut actions),
                    _ => self.run(&mut actions),
                }
            }
            Input::Eof => self.lost("the server closed the connection", true, &mut actions),
            Input::Timeout => match &mut self.state {
                State::Early(line) => {
                    actions.push(Action::Send(Wire::open(std::mem::take(line))));
                    self.state = State::Reply;
                    actions.push(Action::Wait(Phase::Verdict));
                }
                _ => self.lost("no reply in time", false, &mut actions),
            },
        }
        actions
    }
}
