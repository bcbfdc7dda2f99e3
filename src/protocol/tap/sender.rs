//! The sending machine: the entry device's end of one call to a paging central.
//!
//! ```text
//! Start ─▶ [pause] ─▶ CR, CR … ─▶ ID= ─▶ [drain] ─▶ [pause]
//!                                                     │
//!        ESC PG1 … ◀── NAK [renew], ID=, silence ──▶ logon
//!                                                     │ ACK
//!   Ask(Next) ◀── [settle] ◀── [p, or no wish for it ── go-ahead
//!    │  ▲  │
//!    │  │  │ Logoff
//!    │  │  └──▶ EOT CR ─▶ [RS] ─▶ ESC EOT, Done
//!    ▼  └──────────────────────┐
//!   quiet ─▶ block ─▶ verdict: ACK [confirm], RS; NAK [rest], silence: again;
//!                              ESC EOT: Done
//! ```
//!
//! What stands in brackets is a moment in which more of an answer may come:
//! where something was said twice, its second answer must not be taken for a
//! verdict on a page.
//!
//! Answers for what is a verdict and what only an echo or a text, for how
//! often a thing is said again, and for the moment from which a page may be
//! out. Must never know where a page came from, how long a phase may last,
//! nor call anew.

mod ear;
mod findings;
mod logon;
mod paging;
mod said;
mod talk;

use std::time::SystemTime;

use self::ear::{Ear, Heard, Verdict};
pub use self::findings::{Findings, LineEnd};
use self::paging::Hand;
use self::said::Said;
pub use self::talk::{Answer, Answered, End, Escape, Question, Settings};
use super::control::{CR, EOT};
use super::{code, received};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::{Action, Input, Machine, Phase};

/// What is waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Nothing, before the first CR or before the logon.
    Pause,
    Prompting,
    Draining,
    Logon,
    GoAhead,
    /// The rest of a refused logon's answer: the prompt for the next one.
    Renewing,
    /// The rest of the answers to logons that were said more than once.
    Settling,
    /// A question is open: nothing is heard.
    Ready,
    /// That what is there already has been thrown away.
    Quiet,
    Verdict,
    /// An ACK was heard: if it is a logon's, its go-ahead follows.
    Confirming,
    /// A NAK was heard, of which there may be more.
    Resting,
    Farewell,
    Over,
}

/// See the module's text.
#[derive(Debug)]
pub struct Sender {
    settings: Settings,
    state: State,
    ear: Ear,
    /// Bytes that came before a question was answered, or behind the end.
    rest: Vec<u8>,
    /// What the central has said since its last verdict.
    said: Said,
    findings: Findings,
    now: SystemTime,
    /// Logons said.
    logons: u32,
    /// Logons that were answered with NAK or another `ID=`.
    naks: u32,
    /// More CRs were said than `ID=` heard.
    outstanding: u32,
    /// More logons were said than ACKs heard: one may still come, and must not
    /// be taken for a verdict on a page. NAK and `ID=` do not count: they may
    /// have been for noise, or have crossed the logon.
    unanswered: u32,
    /// More blocks were sent than verdicts heard.
    owed: u32,
    /// A block was answered with NAK, which may have been for noise.
    had_nak: bool,
    /// A verdict had no code, and may have been noise itself.
    had_bare: bool,
    /// An ACK too many came behind a NAK.
    may_arrive_twice: bool,
    /// A page was refused: which one it was matters.
    had_refusal: bool,
    /// A verdict may have been another's.
    is_doubtful: bool,
    /// `111` heard, and the wait begun anew.
    waits: u32,
    hand: Option<Hand>,
    is_worn: bool,
    taken_back: Option<String>,
}

/// What is said when a call must end at once.
pub const LAST_WORDS: &[u8] = &[EOT, CR];

/// `111 please wait` for one answer; then it is silence.
const MAX_WAITS: u32 = 120;

type Actions = Vec<Action<Question, End>>;

impl Sender {
    /// A call that has not begun.
    pub fn new(mut settings: Settings) -> Self {
        settings.password = settings.password.filter(|password| !password.is_empty());
        let ear = Ear::new(&settings.service, settings.password.clone());
        Self {
            settings,
            state: State::Pause,
            ear,
            rest: Vec::new(),
            said: Said::default(),
            findings: Findings::default(),
            now: SystemTime::UNIX_EPOCH,
            logons: 0,
            naks: 0,
            outstanding: 0,
            unanswered: 0,
            owed: 0,
            had_nak: false,
            had_bare: false,
            may_arrive_twice: false,
            had_refusal: false,
            is_doubtful: false,
            waits: 0,
            hand: None,
            is_worn: false,
            taken_back: None,
        }
    }

    /// What this call has shown of the central and of the line.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Are control characters escaped? Known once the central has said `110`.
    pub fn escapes(&self) -> bool {
        match self.settings.escape {
            Escape::Auto => self.findings.escapes(),
            Escape::On => true,
            Escape::Off => false,
        }
    }

    /// A block was sent again after silence, or too often: a late verdict
    /// would be taken for that on the next page. Log off.
    pub fn is_worn(&self) -> bool {
        self.is_worn
    }

    /// Ends a call that the world does not wait for any longer.
    pub fn give_up(&mut self, why: &str) -> End {
        self.lost(why)
    }

    /// What has come behind the end of the call: a modem says there that it has
    /// hung up.
    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }

    fn phase(&self) -> Option<Phase> {
        Some(match self.state {
            State::Pause => Phase::Pause,
            State::Prompting => Phase::Prompt,
            State::Draining
            | State::Renewing
            | State::Settling
            | State::Confirming
            | State::Resting => Phase::Drain,
            State::Logon => Phase::Logon,
            State::GoAhead => Phase::GoAhead,
            State::Quiet => Phase::Quiet,
            State::Verdict => Phase::Verdict,
            State::Farewell => Phase::Farewell,
            State::Ready | State::Over => return None,
        })
    }

    /// Is `ID=` still to come, or to come again?
    fn is_before_logon(&self) -> bool {
        matches!(
            self.state,
            State::Pause | State::Prompting | State::Draining
        )
    }

    fn hear(&mut self, bytes: &[u8], actions: &mut Actions) {
        for (at, raw) in bytes.iter().enumerate() {
            match self.state {
                State::Ready | State::Over => {
                    self.rest
                        .extend_from_slice(bytes.get(at..).unwrap_or_default());
                    return;
                }
                _ => {}
            }
            self.findings.count(*raw);
            // Who does not stop talking is never quiet.
            let floods = self.state == State::Quiet && self.said.stray();
            match received(*raw) {
                Some(CR) => _ = self.hear_line(true, actions),
                Some(byte) => {
                    self.ear.push(byte);
                    if self.is_prompt() {
                        self.hear_prompt(actions);
                    }
                }
                None => {}
            }
            let babbles = self.state != State::Farewell && self.said.is_too_much(self.ear.length());
            if (floods || babbles) && self.phase().is_some() {
                self.babbled(actions);
            }
        }
    }

    /// Does what was heard of this line ask for a logon? `ID=` has no end of
    /// its own, and stands behind any text.
    fn is_prompt(&self) -> bool {
        match self.state {
            State::Logon | State::Renewing => {
                self.ear.is_prompt() && !self.ear.is_message_or_echo()
            }
            _ => self.is_before_logon() && self.ear.is_prompt(),
        }
    }

    /// Hears a line, or at a wait's end what there is of one. Did it decide anything?
    fn hear_line(&mut self, is_whole: bool, actions: &mut Actions) -> bool {
        let heard = self.ear.take(is_whole);
        let is_wait = heard.has_code(code::WAIT) && !self.is_before_logon();
        if !is_wait || self.waits >= MAX_WAITS {
            self.said.count(heard.wire.bytes.len());
        }
        if self.state != State::Farewell || !self.said.is_too_much(0) {
            actions.push(Action::Event(heard.wire.clone()));
        }
        if let Some(text) = &heard.text {
            self.findings.note(text, self.is_before_logon());
            self.said.note(text, !is_wait);
        }
        if heard.is_hang_up(self.is_before_logon()) {
            let end = self.lost("the line was lost");
            actions.push(Action::Done(end));
            return true;
        }
        if is_wait && self.state != State::Quiet && heard.verdict.is_none() {
            self.waits += 1;
            if self.waits > MAX_WAITS {
                return self.waited_too_long(actions);
            }
            actions.push(Action::Progress);
        }
        self.decide(&heard, actions)
    }

    fn decide(&mut self, heard: &Heard, actions: &mut Actions) -> bool {
        let is_extra = self.count_verdict(heard.verdict);
        match (self.state, heard.verdict) {
            (State::Quiet, Some(Verdict::Over)) => self.thrown_out(actions),
            (State::Farewell, Some(Verdict::Over)) => self.finish(None, None, actions),
            (State::Verdict, Some(verdict)) => return self.judge(verdict, actions),
            (State::Confirming, Some(verdict)) => return self.confirm(verdict, actions),
            // The NAK was for noise.
            (State::Resting, Some(verdict @ (Verdict::Ack | Verdict::Rs | Verdict::Over))) => {
                return self.judge(verdict, actions);
            }
            (_, Some(Verdict::Over)) => self.turned_away(actions),
            // A NAK before it was for noise.
            (State::Logon | State::Renewing, Some(Verdict::Ack)) => self.logged_on(),
            (State::Logon | State::GoAhead, Some(Verdict::GoAhead)) => self.goahead(actions),
            (State::Logon, Some(Verdict::Nak | Verdict::Rs)) => self.renew(actions),
            (State::Settling, Some(Verdict::Ack | Verdict::Nak | Verdict::Rs)) => {
                self.count_answer(actions);
            }
            (State::Quiet, Some(Verdict::Nak | Verdict::Rs))
            | (State::Farewell, Some(Verdict::Nak))
                if is_extra =>
            {
                self.take_back();
            }
            (State::Farewell, Some(Verdict::Ack)) if is_extra && self.may_be_shifted() => {
                self.take_back();
            }
            (State::Farewell, Some(Verdict::Ack)) if is_extra && self.had_nak => {
                self.may_arrive_twice = true;
            }
            (State::GoAhead, None) if heard.asks_for_logon && self.outstanding > 0 => {
                self.outstanding -= 1;
            }
            (
                State::GoAhead
                | State::Settling
                | State::Verdict
                | State::Confirming
                | State::Resting,
                None,
            ) if heard.asks_for_logon => self.restarted(actions),
            (State::Farewell, Some(Verdict::Rs)) => {
                let none = "the central refuses a page of this call (RS after EOT)";
                let said = self.said.refusal().unwrap_or_else(|| none.to_owned());
                self.taken_back.get_or_insert(said);
            }
            _ => return false,
        }
        true
    }

    fn timed_out(&mut self, actions: &mut Actions) {
        // What has come of a line may go on after this wait, except where an answer was due.
        let goes_on = self.is_before_logon() || self.state == State::Logon;
        let is_due = !goes_on || self.ear.has_verdict();
        if is_due && !self.ear.is_empty() && self.hear_line(false, actions) {
            return;
        }
        match self.state {
            State::Pause if self.findings.prompted.is_some() => self.log_on(actions),
            State::Pause => self.prompt(actions),
            State::Prompting if self.findings.crs < self.settings.prompts => self.prompt(actions),
            State::Prompting => self.no_prompt(actions),
            State::Draining => self.log_on_or_pause(actions),
            State::Logon => self.unheard(actions),
            State::Renewing => self.log_on(actions),
            State::Settling => self.no_more_answers(actions),
            State::GoAhead => self.no_goahead(actions),
            State::Quiet | State::Resting => self.send_block(actions),
            State::Verdict => self.silence(actions),
            State::Confirming => self.confirmed(actions),
            State::Farewell => self.finish(None, None, actions),
            State::Ready | State::Over => {}
        }
    }

    fn closed(&mut self, actions: &mut Actions) {
        if !self.ear.is_empty() && self.phase().is_some() {
            // The CR was lost with the line.
            self.hear_line(false, actions);
        }
        if self.phase().is_some() {
            let end = self.lost("the line was lost");
            actions.push(Action::Done(end));
        }
    }

    /// What there is to say to a line that is gone, for whatever reason.
    fn lost(&mut self, why: &str) -> End {
        if self.state == State::Farewell {
            // The pages have their verdicts.
            return self.end(None, None);
        }
        let awaited = match self.state {
            State::Pause | State::Prompting | State::Draining => " before ID=",
            State::Logon | State::Renewing => " before the answer to the logon",
            State::GoAhead | State::Settling => " before the go-ahead",
            _ => "",
        };
        let last = self.said.last().map(|line| format!(": {line}"));
        let text = format!("{why}{awaited}{}", last.unwrap_or_default());
        let answered = self.doubt(&format!("{why} before the verdict"));
        self.end(Some(Fate::untried(text)), answered)
    }

    /// The central says more than any central has to say.
    fn babbled(&mut self, actions: &mut Actions) {
        let text = "the central talks on and on, and not in TAP";
        let last = self.said.last().map(|line| format!(": {line}"));
        let text = format!("{text}{}", last.unwrap_or_default());
        let answered = self.doubt(&text);
        let cause = Fate::new(Outcome::Untried, Exit::Protocol, text);
        self.finish(Some(cause), answered, actions);
    }

    fn finish(&mut self, cause: Option<Fate>, answered: Option<Answered>, actions: &mut Actions) {
        let end = self.end(cause, answered);
        actions.push(Action::Done(end));
    }

    fn end(&mut self, cause: Option<Fate>, answered: Option<Answered>) -> End {
        if self.state == State::Farewell {
            self.note_refusal();
        }
        self.state = State::Over;
        self.hand = None;
        self.findings.ended = Some(self.now);
        End {
            answered,
            again: false,
            cause,
            taken_back: self.taken_back.take(),
            may_arrive_twice: self.may_arrive_twice,
        }
    }
}

impl Machine for Sender {
    type Question = Question;
    type Answer = Answer;
    type Done = End;

    fn step(&mut self, now: SystemTime, input: Input<'_, Answer>) -> Actions {
        self.now = now;
        let mut actions = Vec::new();
        match input {
            Input::Start => self.start(&mut actions),
            Input::Bytes(bytes) => self.hear(bytes, &mut actions),
            Input::Eof => self.closed(&mut actions),
            Input::Timeout => self.timed_out(&mut actions),
            Input::Answer(answer) => {
                match answer {
                    Answer::Page(page) => self.begin(&page),
                    Answer::Logoff => self.log_off(&mut actions),
                }
                let rest = std::mem::take(&mut self.rest);
                self.hear(&rest, &mut actions);
            }
        }
        actions.extend(self.phase().map(Action::Wait));
        actions
    }
}
