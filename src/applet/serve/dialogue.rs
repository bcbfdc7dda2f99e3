//! A session with one client, from its first word to the last.
//!
//! Answers for its limits, which stand still while the client waits for us, and
//! for nothing being begun once a signal came. Must never know what is asked.

use std::time::{Duration, Instant};

use crate::protocol::{Input, Machine, Phase};
use crate::session::{Pause, Session};
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// What a client may take.
#[derive(Clone, Copy, Debug)]
pub(in crate::applet) struct Limits {
    /// Its longest silence.
    pub(in crate::applet) idle: Duration,
    /// All of its session.
    pub(in crate::applet) session: Duration,
}

/// Talks to a client to the end, and returns how it came to it: `timed_out`
/// where the client does not read what it is told. `None`: a signal came, and
/// the client was not told yet. `answer` gives `None` for that too.
pub(in crate::applet) fn talk<M: Machine>(
    session: &mut Session<M>,
    limits: Limits,
    timed_out: M::Done,
    interrupt: &Interrupt,
    mut answer: impl FnMut(M::Question) -> Option<M::Answer>,
) -> Option<M::Done> {
    let mut whole = Deadline::after(limits.session);
    let mut trace = Trace::new(None, false);
    let mut input = Input::Start;
    loop {
        let patience = |_: Phase| Deadline::after(limits.idle).earlier(whole);
        match session.run(input, &patience, &mut trace, Some(interrupt)) {
            // What was pipelined behind an answer is not begun any more.
            Pause::Asked(_) if interrupt.exit().is_some() => return None,
            Pause::Asked(question) => {
                let asked = Instant::now();
                input = Input::Answer(answer(question)?);
                whole = whole.later(asked.elapsed());
            }
            Pause::Interrupted => return None,
            Pause::Stalled => return Some(timed_out),
            Pause::Done(end) => return Some(end),
        }
    }
}
