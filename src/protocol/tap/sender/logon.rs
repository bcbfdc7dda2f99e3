//! The sending machine from the first CR to the go-ahead.
//!
//! Answers for `ID=` and how often it is due, for the logon, and for whose
//! fault it is that a call does not come about. Must never know a page.

use super::{Actions, Question, Said, Sender, State};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::tap::code;
use crate::protocol::tap::control::{CR, ESC};
use crate::protocol::{Action, Wire};

/// Logons said in one call.
const MAX_LOGONS: u32 = 3;

impl Sender {
    pub(super) fn start(&mut self, actions: &mut Actions) {
        self.findings.started = Some(self.now);
        if !self.settings.pause {
            self.prompt(actions);
        }
    }

    /// Says CR, to be asked for a logon.
    pub(super) fn prompt(&mut self, actions: &mut Actions) {
        self.state = State::Prompting;
        self.findings.crs += 1;
        actions.push(Action::Send(Wire::open([CR])));
    }

    /// `ID=` has come, perhaps not for the first time.
    pub(super) fn hear_prompt(&mut self, actions: &mut Actions) {
        let is_first = self.findings.prompted.is_none();
        let heard = self.ear.take(false);
        self.said.count(heard.wire.bytes.len());
        actions.push(Action::Event(heard.wire));
        if let Some(text) = heard.text {
            self.findings.note(&text, is_first);
        }
        if is_first {
            self.findings.prompted = Some(self.now);
            self.outstanding = self.findings.crs.saturating_sub(1);
            self.said = Said::default();
            match self.state {
                // It is paused already.
                State::Pause => {}
                _ if self.outstanding > 0 => self.state = State::Draining,
                _ => self.log_on_or_pause(actions),
            }
        } else if self.outstanding > 0 {
            self.outstanding -= 1;
        } else if self.state == State::Renewing {
            self.log_on_or_pause(actions);
        } else if self.state == State::Logon {
            // It may have crossed the logon, whose answer is at hand then.
            self.renew(actions);
        }
    }

    /// Nothing more was said: logs on, after a pause if there is to be one.
    pub(super) fn log_on_or_pause(&mut self, actions: &mut Actions) {
        if self.settings.pause {
            self.state = State::Pause;
        } else {
            self.log_on(actions);
        }
    }

    pub(super) fn log_on(&mut self, actions: &mut Actions) {
        self.state = State::Logon;
        self.logons += 1;
        self.unanswered += 1;
        let mut bytes = vec![ESC];
        bytes.extend_from_slice(self.settings.service.as_bytes());
        let begin = bytes.len();
        bytes.extend(self.settings.password.iter().flat_map(|word| word.bytes()));
        let secret = Some(begin..bytes.len()).filter(|secret| !secret.is_empty());
        bytes.push(CR);
        actions.push(Action::Send(Wire { bytes, secret }));
    }

    /// All CRs were said in vain.
    pub(super) fn no_prompt(&mut self, actions: &mut Actions) {
        if !self.ear.is_empty() && self.hear_line(false, actions) {
            return;
        }
        let found = &self.findings;
        let heard = match self.said.last() {
            _ if found.bytes == 0 => "nothing was heard".to_owned(),
            _ if found.bytes == found.nuls => "only NULs were heard".to_owned(),
            Some(line) => format!("heard {line}"),
            None => format!("heard {} bytes without text", found.bytes),
        };
        let high = match found.high_bits {
            0 => String::new(),
            high => format!(", {high} of {} bytes with bit 8 set", found.bytes),
        };
        let text = format!("no ID= after {} CRs: {heard}{high}", found.crs);
        self.finish(Some(Fate::untried(text)), None, actions);
    }

    /// NAK or `ID=`: the logon is wanted again, if nothing else follows.
    pub(super) fn renew(&mut self, actions: &mut Actions) {
        if self.is_refused(actions) {
            self.state = State::Renewing;
        }
    }

    /// NAK, or `ID=` once more. Is there another logon to be said?
    fn is_refused(&mut self, actions: &mut Actions) -> bool {
        self.naks += 1;
        let goes_on = self.logons < MAX_LOGONS;
        if !goes_on {
            let cause = self.refusal();
            self.finish(Some(cause), None, actions);
        }
        goes_on
    }

    /// Nothing was said to the logon.
    pub(super) fn unheard(&mut self, actions: &mut Actions) {
        if self.logons < MAX_LOGONS {
            self.log_on(actions);
        } else {
            let text = format!("no answer to {MAX_LOGONS} logons");
            self.finish(Some(Fate::untried(text)), None, actions);
        }
    }

    /// A logon that will never do.
    fn refusal(&self) -> Fate {
        let exit = match self.said.code().and_then(code::refusal) {
            Some((_, exit @ (Exit::Config | Exit::NoPermission))) => exit,
            _ if self.settings.password.is_some() => Exit::NoPermission,
            _ => Exit::Protocol,
        };
        let why = "the central refuses the logon";
        self.said.refuse(Outcome::Refused, exit, why)
    }

    /// ESC EOT before a page could be sent.
    pub(super) fn turned_away(&mut self, actions: &mut Actions) {
        let is_logon = |code| matches!(code, code::BAD_LOGON..=code::BAD_PASSWORD);
        let why = "the central ended the call before a page was sent";
        let cause = if self.is_before_logon() {
            self.said.refuse(Outcome::Untried, Exit::TempFail, why)
        } else if self.naks > 0 || self.said.code().is_some_and(is_logon) {
            self.refusal()
        } else {
            self.not_begun(why)
        };
        self.finish(Some(cause), None, actions);
    }

    /// The fate of a page that nothing was sent of, by what the central says.
    pub(super) fn not_begun(&self, why: &str) -> Fate {
        let verdict = (Outcome::Untried, Exit::TempFail);
        let fate = self.said.failure(verdict, why);
        match fate.outcome {
            Outcome::Refused => fate,
            _ => Fate {
                outcome: Outcome::Untried,
                ..fate
            },
        }
    }

    pub(super) fn logged_on(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.state = State::GoAhead;
        self.findings.logged_on = Some(self.now);
        self.said = Said::default();
        self.naks = 0;
    }

    /// The central says when to begin, with or without an ACK before.
    pub(super) fn goahead(&mut self, actions: &mut Actions) {
        self.findings.goahead = true;
        self.findings.early_goahead = self.state == State::Logon;
        self.findings.logged_on.get_or_insert(self.now);
        if self.unanswered > 0 {
            self.state = State::Settling;
        } else {
            self.ready(actions);
        }
    }

    /// An answer to a logon came behind the go-ahead.
    pub(super) fn count_answer(&mut self, actions: &mut Actions) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if self.unanswered == 0 {
            self.ready(actions);
        }
    }

    /// No more answers to logons came.
    pub(super) fn no_more_answers(&mut self, actions: &mut Actions) {
        if self.unanswered == self.logons {
            // Without an ACK, the go-ahead was an answer.
            self.unanswered = self.unanswered.saturating_sub(1);
            self.is_doubtful = true;
        }
        self.ready(actions);
    }

    /// The central does not say when to begin.
    pub(super) fn no_goahead(&mut self, actions: &mut Actions) {
        if self.settings.goahead {
            let text = "no go-ahead ([p) after the logon";
            let cause = Fate::new(Outcome::Untried, Exit::Protocol, text);
            self.finish(Some(cause), None, actions);
        } else {
            self.ready(actions);
        }
    }

    fn ready(&mut self, actions: &mut Actions) {
        self.state = State::Ready;
        self.findings.ready = Some(self.now);
        actions.push(Action::Ask(Question::Next(None)));
    }
}
