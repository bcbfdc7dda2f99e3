//! What became of a page, and what that makes the run's exit status.
//!
//! Answers for the six outcomes and for the precedence among many of them.
//! Must never know which protocol spoke.

use std::fmt;

use crate::exit::Exit;

/// What became of a page.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// Accepted.
    Sent,
    /// Accepted, and waiting at the other side for the pager.
    Queued,
    /// Refused for good.
    Refused,
    /// Refused for now: trying again is safe.
    Temporary,
    /// Nothing of it went on the wire.
    Untried,
    /// It may be out: nobody can know.
    Unknown,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 6] = [
        Self::Sent,
        Self::Queued,
        Self::Refused,
        Self::Temporary,
        Self::Untried,
        Self::Unknown,
    ];

    /// The word used in results, JSON and journals.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Queued => "queued",
            Self::Refused => "refused",
            Self::Temporary => "temporary",
            Self::Untried => "untried",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// Did the other side take it?
    pub fn accepted(self) -> bool {
        matches!(self, Self::Sent | Self::Queued)
    }

    /// May the same page be tried again, here or elsewhere, without doubling it?
    pub fn may_retry(self) -> bool {
        matches!(self, Self::Temporary | Self::Untried)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A code and its text as one line; a code alone where there is no text.
pub fn with_code(code: u16, text: &str) -> String {
    let mut line = format!("{code:03}");
    if !text.is_empty() {
        line.reserve_exact(text.len() + 1);
        line.push(' ');
        line.push_str(text);
    }
    line
}

/// The fate of one page at one server, as a protocol machine judged it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fate {
    /// What became of the page.
    pub outcome: Outcome,
    /// The exit status if this page were alone.
    pub exit: Exit,
    /// The reply code, where the other side gave one.
    pub code: Option<u16>,
    /// The reply's text, or what happened instead of a reply; safe to print.
    pub text: String,
}

impl Fate {
    /// A fate without a reply code.
    pub fn new(outcome: Outcome, exit: Exit, text: impl Into<String>) -> Self {
        Self {
            outcome,
            exit,
            code: None,
            text: text.into(),
        }
    }

    /// Nothing went on the wire, and trying again may help.
    pub fn untried(text: impl Into<String>) -> Self {
        Self::new(Outcome::Untried, Exit::TempFail, text)
    }

    /// Refused for now.
    pub fn temporary(text: impl Into<String>) -> Self {
        Self::new(Outcome::Temporary, Exit::TempFail, text)
    }

    /// It may be out.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self::new(Outcome::Unknown, Exit::Unknown, text)
    }

    /// Code and text as one line.
    pub fn response(&self) -> String {
        match self.code {
            Some(code) => with_code(code, &self.text),
            None => self.text.clone(),
        }
    }

    /// The same fate with the reply code that brought it.
    #[must_use]
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }
}

/// Counts the pages of a run by what they would have made the exit status.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    accepted: u64,
    retryable: u64,
    failures: Vec<(Exit, u64)>,
}

impl Tally {
    /// Which failure gives the run its status when several happened and nothing else decides.
    const PRECEDENCE: [Exit; 16] = [
        Exit::Protocol,
        Exit::Config,
        Exit::NoPermission,
        Exit::Unavailable,
        Exit::NoHost,
        Exit::NoUser,
        Exit::Data,
        Exit::NoInput,
        Exit::Io,
        Exit::CantCreate,
        Exit::OsFile,
        Exit::Os,
        Exit::Software,
        Exit::Usage,
        Exit::TempFail,
        Exit::No,
    ];

    /// Counts one page.
    pub fn add(&mut self, outcome: Outcome, exit: Exit) {
        if outcome.accepted() {
            self.accepted += 1;
        }
        if exit == Exit::Ok {
            return;
        }
        self.retryable += u64::from(outcome.may_retry());
        match self.failures.iter_mut().find(|(known, _)| *known == exit) {
            Some((_, count)) => *count += 1,
            None => self.failures.push((exit, 1)),
        }
    }

    /// Takes back one accepted page whose verdict turned out to be unknown.
    pub fn supersede(&mut self) {
        self.accepted = self.accepted.saturating_sub(1);
        self.add(Outcome::Unknown, Exit::Unknown);
    }

    /// Pages that the other side took.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Pages that failed in any way.
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|(_, count)| count).sum()
    }

    fn has(&self, exit: Exit) -> bool {
        self.failures.iter().any(|(known, _)| *known == exit)
    }

    /// The status of the whole run: 79 when anything is unknown, or when
    /// something may be tried again beside something sent; 75 when all
    /// failures are temporary; else the gravest failure.
    pub fn exit(&self) -> Exit {
        if self.failures.is_empty() {
            return Exit::Ok;
        }
        if self.has(Exit::Unknown) || (self.retryable > 0 && self.accepted > 0) {
            return Exit::Unknown;
        }
        Self::PRECEDENCE
            .into_iter()
            .find(|exit| self.has(*exit))
            .unwrap_or(Exit::Software)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(pages: &[(Outcome, Exit)]) -> Exit {
        let mut tally = Tally::default();
        for (outcome, exit) in pages {
            tally.add(*outcome, *exit);
        }
        tally.exit()
    }

    const SENT: (Outcome, Exit) = (Outcome::Sent, Exit::Ok);
    const TEMPORARY: (Outcome, Exit) = (Outcome::Temporary, Exit::TempFail);
    const UNKNOWN: (Outcome, Exit) = (Outcome::Unknown, Exit::Unknown);
    const NO_USER: (Outcome, Exit) = (Outcome::Refused, Exit::NoUser);
    const BAD_DATA: (Outcome, Exit) = (Outcome::Refused, Exit::Data);
    const REFUSED: (Outcome, Exit) = (Outcome::Refused, Exit::Unavailable);

    #[test]
    fn the_run_ends_as_the_precedence_says() {
        assert_eq!(exit_of(&[SENT, SENT]), Exit::Ok);
        assert_eq!(exit_of(&[TEMPORARY, TEMPORARY]), Exit::TempFail);
        assert_eq!(exit_of(&[SENT, TEMPORARY]), Exit::Unknown);
        let garbage = (Outcome::Temporary, Exit::Protocol);
        assert_eq!(exit_of(&[SENT, garbage]), Exit::Unknown);
        assert_eq!(exit_of(&[TEMPORARY, garbage]), Exit::Protocol);
        assert_eq!(exit_of(&[UNKNOWN, NO_USER]), Exit::Unknown);
        assert_eq!(exit_of(&[SENT, NO_USER]), Exit::NoUser);
        assert_eq!(exit_of(&[TEMPORARY, NO_USER]), Exit::NoUser);
        assert_eq!(exit_of(&[BAD_DATA, REFUSED, NO_USER]), Exit::Unavailable);
    }

    #[test]
    fn a_superseded_page_is_no_longer_sent() {
        let mut tally = Tally::default();
        tally.add(Outcome::Sent, Exit::Ok);
        tally.supersede();
        assert_eq!(tally.accepted(), 0);
        assert_eq!(tally.exit(), Exit::Unknown);
    }

    #[test]
    fn words_lead_back_to_their_outcome() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_word(outcome.word()), Some(outcome));
        }
        assert_eq!(Outcome::from_word("lost"), None);
    }
}
