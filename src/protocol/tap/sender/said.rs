//! What a central has said since its last verdict: the codes that explain the
//! next one, and how much it was.
//!
//! Must never know what is waited for.

use super::ear::Text;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome, with_code};
use crate::protocol::tap::code;

/// More lines, or more bytes, in a row and without a verdict are too much.
const MAX_LINES: usize = 50;
const MAX_BYTES: usize = 4 * 1024;

/// A code and its text.
type Coded = (u16, String);

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The last code that explains an ACK.
    accepted: Option<Coded>,
    /// The last code that explains why not.
    refused: Option<Coded>,
    last: Option<String>,
    /// `212` or `214`.
    pub(super) is_cut: bool,
    /// `112` or `113`.
    pub(super) is_full: bool,
    lines: usize,
    bytes: usize,
    strays: usize,
}

impl Said {
    /// Keeps a line; `counts`, if it counts towards what is too much.
    pub(super) fn note(&mut self, text: &Text, counts: bool) {
        self.lines += usize::from(counts);
        self.last = Some(text.line.clone());
        let Some(code) = text.code else {
            return;
        };
        let coded = Some((code, text.words.clone()));
        match code {
            code::MAX_PAGES | code::MAX_TIME => {
                self.is_full = true;
                // It says less of a page than any 5xx.
                if self.code().is_none_or(|code| code < 500) {
                    self.refused = coded;
                }
            }
            200..=299 => {
                self.is_cut |= matches!(code, code::TRUNCATED | code::TRUNCATED_TO);
                self.accepted = coded;
            }
            500..=599 => self.refused = coded,
            _ => {}
        }
    }

    /// So many bytes were a line.
    pub(super) fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// One more byte came where none was waited for. Is it one too many?
    pub(super) fn stray(&mut self) -> bool {
        self.strays += 1;
        self.strays > MAX_BYTES
    }

    /// Is it too much, with so many bytes of a line that is not at its end?
    pub(super) fn is_too_much(&self, begun: usize) -> bool {
        self.lines > MAX_LINES || self.bytes.saturating_add(begun) > MAX_BYTES
    }

    /// The last line, safe to print.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The last code that says why something was not done.
    pub(super) fn code(&self) -> Option<u16> {
        self.refused.as_ref().map(|(code, _)| *code)
    }

    /// A code refuses a page, and can be said of nothing else.
    pub(super) fn refuses_page(&self) -> bool {
        let of_page = |code| matches!(code, code::ILLEGAL_PAGER..=code::TOO_LONG | code::QUOTA..=code::LONGER_THAN);
        self.code().is_some_and(of_page)
    }

    /// A code is none that an answer to a logon could have.
    pub(super) fn is_of_page(&self) -> bool {
        self.accepted.is_some() || self.refuses_page()
    }

    /// A code says that the page was accepted, and none that it was not.
    pub(super) fn is_contradictory(&self) -> bool {
        self.accepted.is_some() && self.code().is_none_or(|code| code < 500)
    }

    /// Why something was not done, as one line.
    pub(super) fn refusal(&self) -> Option<String> {
        match &self.refused {
            Some((code, words)) => Some(with_code(*code, words)),
            None => self.last.clone(),
        }
    }

    /// The fate of a page that was accepted.
    pub(super) fn acceptance(&self) -> Fate {
        let outcome = match self.accepted {
            Some((code::HELD, _)) => Outcome::Queued,
            _ => Outcome::Sent,
        };
        self.explain(self.accepted.as_ref(), outcome, Exit::Ok, "accepted (ACK)")
    }

    /// The fate of what was not done: as the code says, and otherwise this.
    pub(super) fn failure(&self, verdict: (Outcome, Exit), why: &str) -> Fate {
        let (outcome, exit) = self.code().and_then(code::refusal).unwrap_or(verdict);
        self.refuse(outcome, exit, why)
    }

    /// This fate, with what the central said to it.
    pub(super) fn refuse(&self, outcome: Outcome, exit: Exit, why: &str) -> Fate {
        self.explain(self.refused.as_ref(), outcome, exit, why)
    }

    fn explain(&self, coded: Option<&Coded>, outcome: Outcome, exit: Exit, why: &str) -> Fate {
        match coded {
            Some((code, words)) => Fate::new(outcome, exit, words.clone()).with_code(*code),
            None => Fate::new(outcome, exit, self.last().unwrap_or(why)),
        }
    }
}
