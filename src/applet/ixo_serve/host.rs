//! One call, and the answers to what its machine asks.
//!
//! Answers for the log, for how long a client may be silent, for the client
//! being told to wait while a page takes its time, and for nothing being begun
//! once a signal came. What is answered is put into words by the machine.

use std::cell::Cell;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

use super::Args;
use crate::applet::serve::GUESS;
use crate::applet::serve::intake::Intake;
use crate::diag::{Priority, cause};
use crate::protocol::tap::receiver::talk::{Answer, End, Question, Submission, Verdict};
use crate::protocol::tap::receiver::{Receiver, please_wait};
use crate::protocol::{Input, Phase};
use crate::queue::job::Job;
use crate::session::{Pause, Session};
use crate::sink;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// Who has said nothing for that long is asked for a logon (t1).
const UNASKED: Duration = Duration::from_secs(2);
/// How long the logon may take then, before it is asked for again (t5).
const LOGON: Duration = Duration::from_secs(8);
/// Longest silence behind a logon.
const BLOCK: Duration = Duration::from_secs(30);
/// How long a line may take nothing of what is said.
const WRITE: Duration = Duration::from_secs(30);
/// How long one word of patience may take to be said.
const WORD: Duration = Duration::from_secs(1);
/// How often a client is told to wait: it gives up after ten seconds (t3).
const STILL_AT_IT: Duration = Duration::from_secs(5);

/// How long a call may take, and each wait in it.
pub(super) struct Limits<'a> {
    /// Of the whole call.
    pub(super) session: Duration,
    /// Nobody has to be there: a call begins with its first word.
    pub(super) silent: bool,
    /// Told that one begins.
    pub(super) begun: &'a dyn Fn(),
    whole: Cell<Option<Deadline>>,
}

impl<'a> Limits<'a> {
    pub(super) fn new(session: Duration, silent: bool, begun: &'a dyn Fn()) -> Self {
        let whole = Cell::new(None);
        Self {
            session,
            silent,
            begun,
            whole,
        }
    }

    fn of(&self, phase: Phase) -> Deadline {
        if self.silent && phase == Phase::Prompt {
            self.whole.set(None);
            return Deadline::NEVER;
        }
        let whole = self.whole.get().unwrap_or_else(|| {
            (self.begun)();
            Deadline::after(self.session)
        });
        self.whole.set(Some(whole));
        let time = match phase {
            Phase::Prompt => UNASKED,
            Phase::Logon => LOGON,
            Phase::Block => BLOCK,
            _ => WRITE,
        };
        Deadline::after(time).earlier(whole)
    }

    /// The client waited for us, not we for it.
    fn stand_still(&self, time: Duration) {
        self.whole
            .set(self.whole.get().map(|whole| whole.later(time)));
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Parting {
    /// As the protocol has it.
    Over(End),
    /// We are told to stop; the client was not told yet.
    Stopped,
}

/// One call and those who take part in it.
pub(super) struct Host<'a> {
    pub(super) session: Session<Receiver>,
    pub(super) args: &'a Args,
    pub(super) intake: &'a Intake<'a>,
    pub(super) password: Option<&'a [u8]>,
}

impl Host<'_> {
    /// Serves the client to the end.
    pub(super) fn talk(&mut self, limits: &Limits<'_>, interrupt: &Interrupt) -> Parting {
        let patience = |phase| limits.of(phase);
        let mut trace = Trace::new(None, false);
        let mut input = Input::Start;
        loop {
            let pause = self
                .session
                .run(input, &patience, &mut trace, Some(interrupt));
            for line in self.session.machine_mut().take_refusals() {
                self.intake.log(Priority::Warning, &line);
            }
            match pause {
                // What was sent behind an answer is not begun any more.
                Pause::Asked(_) if interrupt.exit().is_some() => return Parting::Stopped,
                Pause::Asked(question) => {
                    let asked = Instant::now();
                    let Some(answer) = self.answer(question, interrupt, &mut trace) else {
                        return Parting::Stopped;
                    };
                    limits.stand_still(asked.elapsed());
                    input = Input::Answer(answer);
                }
                Pause::Interrupted => return Parting::Stopped,
                Pause::Stalled => {
                    self.ended(End::Timeout);
                    return Parting::Over(End::Timeout);
                }
                Pause::Done(end) => {
                    self.ended(end);
                    return Parting::Over(end);
                }
            }
        }
    }

    fn ended(&self, end: End) {
        let why = match end {
            End::Goodbye | End::Closed | End::Carrier => return,
            End::Logons => "too many refused logons",
            End::Blocks => "too many bad blocks",
            End::Junk => "too much that is no block",
            End::Pages => "as many pages as one session may bring",
            End::Timeout => "timed out",
        };
        self.intake.log(Priority::Warning, why);
    }

    /// `None`: a signal came, there is no time for an answer.
    fn answer(
        &mut self,
        question: Question,
        interrupt: &Interrupt,
        trace: &mut Trace<'_>,
    ) -> Option<Answer> {
        Some(match question {
            Question::Login { password } => Answer::Login(self.is_good(password, interrupt)?),
            Question::Accept(page) => Answer::Verdict(self.accept(page, interrupt, trace)),
        })
    }

    fn is_good(&self, given: Option<Vec<u8>>, interrupt: &Interrupt) -> Option<bool> {
        if !interrupt.sleep(GUESS) {
            return None;
        }
        let expected = self.password.unwrap_or_default();
        let why = match given {
            Some(given) if bool::from(given.ct_eq(expected)) => return Some(true),
            Some(_) => "wrong password",
            None => "no password",
        };
        self.intake
            .log(Priority::Warning, &format!("logon refused: {why}"));
        Some(false)
    }

    /// The page is taken beside us, and the client told to wait meanwhile.
    fn accept(
        &mut self,
        page: Submission,
        interrupt: &Interrupt,
        trace: &mut Trace<'_>,
    ) -> Verdict {
        let intake = self.intake;
        if intake.reach(&page.pager).is_none() {
            let why = format!("not accepted for {}: no such pager", page.pager);
            intake.log(Priority::Warning, &why);
            return Verdict::NoSuchPager;
        }
        let origin = intake.origin(None);
        let mut job = Job::new([page.pager], page.text);
        job.from = origin.sender().cloned();
        let taken = beside(
            || intake.take(&job, &origin, interrupt),
            || {
                let words = please_wait(self.args.sends_codes());
                self.session.say(words, Deadline::after(WORD), trace);
            },
        );
        match taken {
            Ok(sink::Verdict::Accepted) => Verdict::Accepted,
            Ok(sink::Verdict::Full) => Verdict::Full,
            Ok(sink::Verdict::TryLater) => Verdict::TryLater,
            Ok(sink::Verdict::NoSuchPager) => Verdict::NoSuchPager,
            Ok(sink::Verdict::Refused) => Verdict::Refused,
            Ok(sink::Verdict::Uncertain) => Verdict::Uncertain,
            Err(error) => {
                let why = format!("not accepted: no thread: {}", cause(&error));
                intake.log(Priority::Error, &why);
                Verdict::TryLater
            }
        }
    }
}

/// Takes a page in a thread of its own, and does something else from time to
/// time until that is done. An error: it was not begun.
fn beside(
    take: impl FnOnce() -> sink::Verdict + Send,
    mut meanwhile: impl FnMut(),
) -> io::Result<sink::Verdict> {
    thread::scope(|scope| {
        let (done, over) = mpsc::channel::<()>();
        let worker = thread::Builder::new().spawn_scoped(scope, move || {
            let verdict = take();
            // Wakes who waits, by going.
            drop(done);
            verdict
        })?;
        while over.recv_timeout(STILL_AT_IT) == Err(RecvTimeoutError::Timeout) {
            meanwhile();
        }
        Ok(worker.join().unwrap_or(sink::Verdict::Uncertain))
    })
}
