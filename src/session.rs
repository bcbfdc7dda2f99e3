//! The only loop that waits: drives a protocol machine over a line.
//!
//! Answers for doing a machine's actions in order and for holding every wait
//! to its deadline. Must never know a protocol's words nor what a line is
//! made of.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use crate::protocol::{Action, Input, Machine, Phase};
use crate::transport::fd::{Deadline, Got, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// Bytes read at once.
const CHUNK: usize = 8 * 1024;

/// Why a session came to a halt.
#[derive(Debug)]
pub enum Pause<Q, D> {
    /// The machine asks; go on with the answer.
    Asked(Q),
    /// The dialogue is over.
    Done(D),
    /// A signal asks us to stop. The machine still waits.
    Interrupted,
    /// The other side does not read what it is told, and the machine has more
    /// to say: nothing can come of it.
    Stalled,
}

/// A machine and the line that it talks over.
#[derive(Debug)]
pub struct Session<M> {
    machine: M,
    line: Line,
    chunk: Vec<u8>,
    /// A deadline had passed already when the line was last read.
    late: bool,
    /// Something was written in part only: what followed would be misread.
    stalled: bool,
}

impl<M: Machine> Session<M> {
    /// A session that has not begun.
    pub fn new(machine: M, line: Line) -> Self {
        Self {
            machine,
            line,
            chunk: vec![0; CHUNK],
            late: false,
            stalled: false,
        }
    }

    /// The line, for another machine.
    pub fn into_line(self) -> Line {
        self.line
    }

    /// The machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to tell it something between two steps.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Runs until the machine asks something or is done.
    ///
    /// `patience` says until when a phase may last, asked anew whenever
    /// something was said or the machine made progress; a trickle of bytes
    /// does not move a deadline, nor does a flood of them. Where the other side
    /// does not read what it is told, the time has run out too, and nothing
    /// more is said.
    pub fn run(
        &mut self,
        input: Input<'_, M::Answer>,
        patience: &dyn Fn(Phase) -> Deadline,
        trace: &mut Trace<'_>,
        interrupt: Option<&Interrupt>,
    ) -> Pause<M::Question, M::Done> {
        let mut actions = self.machine.step(SystemTime::now(), input);
        let mut waiting: Option<(Phase, Deadline)> = None;
        loop {
            let mut phase = None;
            let stalled = self.stalled;
            // Something could not be said any more.
            let mut deaf = false;
            let mut rest = actions.into_iter().peekable();
            let mut unsent = Vec::new();
            while let Some(action) = rest.next() {
                match action {
                    Action::Send(wire) if !self.stalled => {
                        trace.said(&wire.bytes, wire.secret.as_ref());
                        if unsent.is_empty() {
                            unsent = wire.bytes;
                        } else {
                            unsent.extend_from_slice(&wire.bytes);
                        }
                        // What is said in one breath goes out in one write.
                        if matches!(rest.peek(), Some(Action::Send(_))) {
                            continue;
                        }
                        waiting = None;
                        // A line that broke shows itself at the next read,
                        // behind what the other side still had to say.
                        let limit = patience(Phase::Reply);
                        let written = self.line.write(&unsent, limit, interrupt);
                        unsent.clear();
                        self.stalled = matches!(
                            written.map_err(|error| error.kind()),
                            Err(ErrorKind::TimedOut | ErrorKind::Interrupted)
                        );
                    }
                    Action::Send(_) => deaf = true,
                    Action::Event(wire) => trace.heard(&wire.bytes, wire.secret.as_ref()),
                    Action::Progress => waiting = None,
                    Action::Wait(next) => phase = Some(next),
                    Action::Ask(question) => return Pause::Asked(question),
                    Action::Done(done) => return Pause::Done(done),
                }
            }
            if self.stalled && !stalled {
                if interrupt.is_some_and(|interrupt| interrupt.exit().is_some()) {
                    return Pause::Interrupted;
                }
                actions = self.machine.step(SystemTime::now(), Input::Timeout);
                continue;
            }
            if stalled && (deaf || phase.is_none()) {
                return Pause::Stalled;
            }
            let phase = phase.unwrap_or(Phase::Reply);
            let got = if phase == Phase::Quiet {
                self.line.glance(&mut self.chunk)
            } else {
                let deadline = match waiting {
                    Some((same, deadline)) if same == phase => deadline,
                    _ => patience(phase),
                };
                waiting = Some((phase, deadline));
                let passed = deadline.remaining() == Some(Duration::ZERO);
                // What came in time may be read a little late, once.
                if std::mem::replace(&mut self.late, passed) && passed {
                    Got::TimedOut
                } else {
                    self.line.read(&mut self.chunk, deadline, interrupt)
                }
            };
            let now = SystemTime::now();
            actions = match got {
                Got::Bytes(length) => {
                    let bytes = self.chunk.get(..length).unwrap_or_default();
                    self.machine.step(now, Input::Bytes(bytes))
                }
                Got::Eof => self.machine.step(now, Input::Eof),
                Got::TimedOut => self.machine.step(now, Input::Timeout),
                Got::Interrupted => return Pause::Interrupted,
            };
        }
    }

    /// Says something while a question of the machine's is being answered. Where
    /// the other side does not take it, the machine hears that at its next step.
    pub fn say(&mut self, bytes: &[u8], deadline: Deadline, trace: &mut Trace<'_>) {
        if !self.stalled {
            trace.said(bytes, None);
            let written = self.line.write(bytes, deadline, None);
            self.stalled = written.is_err_and(|error| error.kind() == ErrorKind::TimedOut);
        }
    }

    /// Lets a machine that has said all it had to say hear what still comes,
    /// until the deadline or a signal. `None`: it still waits.
    pub fn hear_out(
        &mut self,
        deadline: Deadline,
        trace: &mut Trace<'_>,
        interrupt: Option<&Interrupt>,
    ) -> Option<Pause<M::Question, M::Done>> {
        while deadline.remaining() != Some(Duration::ZERO) {
            let got = self.line.read(&mut self.chunk, deadline, interrupt);
            let now = SystemTime::now();
            let actions = match got {
                Got::Bytes(length) => {
                    let bytes = self.chunk.get(..length).unwrap_or_default();
                    self.machine.step(now, Input::Bytes(bytes))
                }
                Got::Eof => self.machine.step(now, Input::Eof),
                Got::TimedOut | Got::Interrupted => break,
            };
            for action in actions {
                match action {
                    Action::Event(wire) => trace.heard(&wire.bytes, wire.secret.as_ref()),
                    Action::Ask(question) => return Some(Pause::Asked(question)),
                    Action::Done(done) => return Some(Pause::Done(done)),
                    Action::Send(_) | Action::Progress | Action::Wait(_) => {}
                }
            }
        }
        None
    }

    /// Says a last word, if it can be told from what was said before; see [`Line::part`].
    pub fn part(&mut self, words: &[u8], deadline: Deadline) {
        let words = if self.stalled { b"" } else { words };
        self.line.part(words, deadline);
    }
}
