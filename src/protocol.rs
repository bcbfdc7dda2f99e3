//! Pure protocol machines: input in, actions out.
//!
//! A machine knows the words of its protocol and the state of one dialogue.
//! It must never know a socket, a file, a clock or the environment. Its first
//! law: fed whole, byte by byte or in any other chunks, it does the same.

pub mod ident;
pub mod line;
pub mod modem;
pub mod snpp;
pub mod tap;
pub mod xtell;

use std::ops::Range;
use std::time::SystemTime;

/// What the world tells a machine.
#[derive(Debug)]
pub enum Input<'a, A> {
    /// The line is open.
    Start,
    /// Bytes came from the other side.
    Bytes(&'a [u8]),
    /// The other side closed, or the line broke.
    Eof,
    /// The time for the phase last waited for has run out.
    Timeout,
    /// The answer to the machine's last question.
    Answer(A),
}

/// What a machine tells the world to do, in order.
#[derive(Debug, Eq, PartialEq)]
pub enum Action<Q, D> {
    /// Write these bytes, in one write.
    Send(Wire),
    /// The other side said this; nothing to do, but a trace may show it.
    Event(Wire),
    /// What is waited for has come in part: the wait begins anew.
    Progress,
    /// Wait for bytes, for as long as this phase may last.
    Wait(Phase),
    /// Answer this before anything else; no byte is consumed until then.
    Ask(Q),
    /// The dialogue is over. Close the line.
    Done(D),
}

/// Bytes of a dialogue, with the part that no trace may show.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wire {
    /// As they stand on the line.
    pub bytes: Vec<u8>,
    /// Which of them are a password, a PIN or a pass code.
    pub secret: Option<Range<usize>>,
}

impl Wire {
    /// Bytes without a secret.
    pub fn open(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            secret: None,
        }
    }
}

/// What a dialogue is waiting for: names the timeout, so that an error can say which ran out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// The first words of a server.
    Greeting,
    /// The reply to a command.
    Reply,
    /// The reply to a message body.
    Body,
    /// The verdict on a page.
    Verdict,
    /// The reply to a farewell, or the end of the line after it.
    Farewell,
    /// Nothing: bytes that are there already are early. Lasts no time at all.
    Quiet,
    /// A client's next command.
    Command,
    /// A prompt, or the answer to it.
    Prompt,
    /// The rest of what was said more than once.
    Drain,
    /// Nothing: the other side needs a moment.
    Pause,
    /// A logon, or the answer to it.
    Logon,
    /// The word to begin.
    GoAhead,
    /// A client's next block.
    Block,
    /// What a modem says to a command.
    Modem,
    /// The far end of a telephone line.
    Dial,
}

/// A protocol machine. See the module's text for what it may know.
pub trait Machine {
    /// What it asks the world.
    type Question;
    /// What the world answers.
    type Answer;
    /// How a dialogue ends.
    type Done;

    /// One step: what to do after `input` at the time `now`.
    fn step(
        &mut self,
        now: SystemTime,
        input: Input<'_, Self::Answer>,
    ) -> Vec<Action<Self::Question, Self::Done>>;
}
