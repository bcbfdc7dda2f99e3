//! The server machine: one connection of a client's, many messages.
//!
//! ```text
//! Start ─▶ line ◀──────────────────────────────────┐
//!            ├─ a message: Ask(Deliver), its reply ─▶│
//!            ├─ no message, or too long: its reply ─▶┘
//!            └─ QUIT, EOF, silence, one line too many ─▶ Done
//! ```
//!
//! Answers for one reply to each line, in order, and for bounds: nothing a
//! client says fills the memory. Must never know who is logged in, nor say that
//! a message was shown before it was told so itself.

use std::time::SystemTime;

use super::message::Message;
use super::reply::Verdict;
use crate::protocol::line::{Line, Lines};
use crate::protocol::{Action, Input, Machine, Phase, Wire};

/// The longest line, in bytes without its end.
const MAX_LINE: usize = 1024;

/// Said to who may not speak here.
pub const NOT_YOU: &[u8] = b"400 no messages from your address\r\n";
/// Said by a server that is told to stop.
pub const GOING_DOWN: &[u8] = b"400 going down\r\n";
const ENOUGH: &[u8] = b"400 too many messages on one connection\r\n";
const SILENT: &[u8] = b"400 silent for too long\r\n";

/// What the machine asks.
#[derive(Debug, Eq, PartialEq)]
pub enum Question {
    /// Show this to whom it is for; what became of it?
    Deliver(Message),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The client left, with QUIT or without.
    Left,
    /// It said nothing for too long.
    Silent,
    /// It said too much.
    Enough,
}

/// See the module's text.
#[derive(Debug)]
pub struct Server {
    lines: Lines,
    /// Lines that may still come.
    left: usize,
    asking: bool,
}

type Actions = Vec<Action<Question, End>>;

impl Server {
    /// A server that takes so many lines.
    pub fn new(messages: usize) -> Self {
        Self {
            lines: Lines::default(),
            left: messages,
            asking: false,
        }
    }

    /// Works off what is there, up to a question or the end.
    fn run(&mut self, actions: &mut Actions) {
        while !self.asking {
            let Some(line) = self.lines.next(MAX_LINE, false) else {
                actions.push(Action::Wait(Phase::Command));
                return;
            };
            let is_over = self.line(&line, actions);
            if is_over {
                return;
            }
        }
    }

    /// One line. True: it was the last.
    fn line(&mut self, line: &Line, actions: &mut Actions) -> bool {
        let text = line.text();
        if !line.cut && text.trim_ascii_end().eq_ignore_ascii_case(b"QUIT") {
            actions.push(Action::Done(End::Left));
            return true;
        }
        if self.left == 0 {
            actions.push(Action::Send(Wire::open(ENOUGH)));
            actions.push(Action::Done(End::Enough));
            return true;
        }
        self.left -= 1;
        if line.cut {
            say(Verdict::TooLong, actions);
        } else if let Some(message) = Message::read(text) {
            self.asking = true;
            actions.push(Action::Ask(Question::Deliver(message)));
        } else {
            say(Verdict::Syntax, actions);
        }
        false
    }
}

fn say(verdict: Verdict, actions: &mut Actions) {
    actions.push(Action::Send(Wire::open(verdict.wire())));
}

impl Machine for Server {
    type Question = Question;
    type Answer = Verdict;
    type Done = End;

    fn step(&mut self, _now: SystemTime, input: Input<'_, Verdict>) -> Actions {
        let mut actions = Vec::new();
        match input {
            Input::Start => self.run(&mut actions),
            Input::Answer(verdict) => {
                self.asking = false;
                say(verdict, &mut actions);
                self.run(&mut actions);
            }
            Input::Bytes(bytes) => {
                self.lines.push(bytes);
                self.run(&mut actions);
            }
            Input::Eof => {
                // A line without its end may have lost more than that.
                if self.lines.has_rest() {
                    say(Verdict::Syntax, &mut actions);
                }
                actions.push(Action::Done(End::Left));
            }
            Input::Timeout => {
                actions.push(Action::Send(Wire::open(SILENT)));
                actions.push(Action::Done(End::Silent));
            }
        }
        actions
    }
}
