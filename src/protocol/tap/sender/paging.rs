//! The sending machine's pages: blocks, the verdicts on them, and the farewell.
//!
//! Answers for what a page's fate is, and for never taking one block's verdict
//! for another's. Must never know how the call came about.

use super::{Actions, Answered, LAST_WORDS, Question, Said, Sender, State, Verdict};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::tap::block::Block;
use crate::protocol::tap::code;
use crate::protocol::tap::page::Page;
use crate::protocol::{Action, Wire};

/// A block is sent again so often, after NAK and after silence together.
const MAX_RESENDS: u32 = 3;

/// The page in hand.
#[derive(Debug)]
pub(super) struct Hand {
    /// The block that is being sent.
    block: Vec<u8>,
    /// Those behind it.
    rest: std::vec::IntoIter<Block>,
    /// Something of it was sent.
    is_begun: bool,
    /// How often the block was sent again.
    resends: u32,
    /// A block was sent again after silence, or what was heard may have been
    /// another's verdict: the page may be out.
    is_doubled: bool,
    /// An ACK was taken for a logon's.
    is_acked: bool,
    is_cut: bool,
    call_is_full: bool,
}

impl Sender {
    /// Takes a page in hand. What stands on the line before its first block is
    /// no verdict on it.
    pub(super) fn begin(&mut self, page: &Page) {
        let mut rest = page.blocks(self.escapes()).into_iter();
        let block = rest.next().map(|block| block.wire());
        self.hand = Some(Hand {
            block: block.unwrap_or_default(),
            rest,
            is_begun: false,
            resends: 0,
            is_doubled: false,
            is_acked: false,
            is_cut: false,
            call_is_full: false,
        });
        self.waits = 0;
        self.hush();
    }

    /// Waits until what is there already has been thrown away.
    fn hush(&mut self) {
        self.state = State::Quiet;
        self.said = Said::default();
    }

    /// The line is quiet: the block goes out, and from now on the page may be.
    pub(super) fn send_block(&mut self, actions: &mut Actions) {
        self.said = Said::default();
        self.transmit(actions);
    }

    fn transmit(&mut self, actions: &mut Actions) {
        if let Some(hand) = &mut self.hand {
            hand.is_begun = true;
            self.owed += 1;
            self.state = State::Verdict;
            self.ear.expect_echo(&hand.block);
            actions.push(Action::Send(Wire::open(hand.block.clone())));
        }
    }

    /// A verdict on a block. Did it decide anything?
    pub(super) fn judge(&mut self, verdict: Verdict, actions: &mut Actions) -> bool {
        if self.said.is_of_page() {
            // A central answers in turn: no logon's answer is still to come.
            self.unanswered = 0;
        }
        let is_no = matches!(verdict, Verdict::Nak | Verdict::Rs);
        let is_doubtful = is_no && self.unanswered > 0;
        self.is_worn |= is_doubtful;
        self.had_nak |= verdict == Verdict::Nak;
        let has_code = self.said.is_of_page() || self.said.code().is_some_and(|code| code >= 500);
        self.had_bare |= !has_code;
        if let Some(hand) = &mut self.hand {
            hand.is_doubled |= is_doubtful;
            hand.is_doubled |= hand.is_acked && (is_no || verdict == Verdict::Over);
            hand.is_cut |= self.said.is_cut;
            hand.call_is_full |= self.said.is_full;
        }
        match verdict {
            Verdict::Ack if self.unanswered > 0 => self.state = State::Confirming,
            Verdict::Ack => self.acked(actions),
            Verdict::Nak => self.nakked(actions),
            Verdict::Rs => {
                let verdict = (Outcome::Refused, Exit::NoUser);
                let why = "the central refuses the page (RS)";
                let fate = self.said.failure(verdict, why);
                self.conclude(fate, actions);
            }
            Verdict::Over => self.thrown_out(actions),
            // A central may say so before each page.
            Verdict::GoAhead => return false,
        }
        true
    }

    /// Something came behind an ACK that may have been a logon's.
    pub(super) fn confirm(&mut self, verdict: Verdict, actions: &mut Actions) -> bool {
        self.not_confirmed();
        if let Some(hand) = &mut self.hand {
            hand.is_acked |= verdict != Verdict::Ack;
        }
        if verdict == Verdict::GoAhead {
            self.said = Said::default();
            self.owed += 1;
            return true;
        }
        self.judge(verdict, actions)
    }

    /// No verdict came behind it: it was the block's, as far as anybody can
    /// know, unless the central has begun to talk of the page.
    pub(super) fn confirmed(&mut self, actions: &mut Actions) {
        if self.said.is_of_page() {
            self.owed += 1;
            return self.not_confirmed();
        }
        self.is_worn = true;
        self.is_doubtful = true;
        self.acked(actions);
    }

    /// The ACK was a logon's.
    fn not_confirmed(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.state = State::Verdict;
    }

    fn acked(&mut self, actions: &mut Actions) {
        let is_doubled = self.hand.as_ref().is_some_and(|hand| hand.is_doubled);
        if is_doubled && self.hand.as_ref().is_some_and(|hand| hand.rest.len() > 0) {
            // The next block's verdict could not be told from a late one on this.
            let text = "a block was sent again, and the rest of the page was not: its verdict could not be told from a late one";
            return self.conclude(Fate::unknown(text), actions);
        }
        let next = self.hand.as_mut().and_then(|hand| {
            hand.block = hand.rest.next()?.wire();
            hand.resends = 0;
            Some(())
        });
        if next.is_some() {
            self.waits = 0;
            self.hush();
        } else {
            let fate = self.said.acceptance();
            self.conclude(fate, actions);
        }
    }

    fn nakked(&mut self, actions: &mut Actions) {
        if self.hand.as_ref().is_some_and(|hand| hand.resends > 0) {
            // It may be the first one's once more.
            self.is_worn = true;
            self.is_doubtful = true;
        }
        if self.may_resend() {
            self.state = State::Resting;
            self.said = Said::default();
        } else {
            self.is_worn = true;
            let verdict = (Outcome::Temporary, Exit::TempFail);
            let fate = self.said.failure(verdict, "checksum errors (NAK)");
            self.conclude(fate, actions);
        }
    }

    /// No verdict in time.
    pub(super) fn silence(&mut self, actions: &mut Actions) {
        self.is_worn = true;
        if self.may_resend() {
            if let Some(hand) = &mut self.hand {
                hand.is_doubled = true;
            }
            self.transmit(actions);
        } else {
            self.unjudged(actions);
        }
    }

    fn may_resend(&mut self) -> bool {
        self.hand.as_mut().is_some_and(|hand| {
            hand.resends += 1;
            hand.resends <= MAX_RESENDS
        })
    }

    /// `111` and nothing else, too often.
    pub(super) fn waited_too_long(&mut self, actions: &mut Actions) -> bool {
        match self.state {
            State::Verdict => {
                self.is_worn = true;
                self.unjudged(actions);
            }
            // Its end is that of the phase.
            State::Farewell => return false,
            _ => {
                let cause = self.not_begun("the central is not ready");
                self.finish(Some(cause), None, actions);
            }
        }
        true
    }

    fn unjudged(&mut self, actions: &mut Actions) {
        let last = self.said.last().map(|line| format!(": {line}"));
        let text = format!("no verdict on the page{}", last.unwrap_or_default());
        self.conclude(Fate::unknown(text), actions);
    }

    /// The page in hand has this fate; the call goes on.
    fn conclude(&mut self, fate: Fate, actions: &mut Actions) {
        self.had_refusal |= !fate.outcome.accepted();
        let answered = self.hand.take().map(|hand| hand.answered(fate));
        self.state = State::Ready;
        self.said = Said::default();
        actions.push(Action::Ask(Question::Next(answered)));
    }

    /// ESC EOT: whatever of the page was acknowledged, the page was not.
    pub(super) fn thrown_out(&mut self, actions: &mut Actions) {
        let why = "the central ended the call (ESC EOT)";
        let verdict = (Outcome::Temporary, Exit::TempFail);
        let fate = self.said.failure(verdict, why);
        let cause = self.said.refuse(Outcome::Untried, Exit::TempFail, why);
        let hand = self.hand.take().filter(|hand| hand.is_begun);
        let is_contradictory = self.said.is_contradictory();
        let is_final = is_contradictory || self.said.code().is_some_and(code::is_for_good);
        let again = !is_final && hand.as_ref().is_some_and(|hand| !hand.is_doubled);
        let fate = if is_contradictory {
            let said = self.said.acceptance().response();
            let text = format!("{said}; then the central ended the call without an ACK");
            Fate::unknown(text)
        } else {
            fate
        };
        let answered = hand.map(|hand| hand.answered(fate));
        let end = super::End {
            again,
            ..self.end(Some(cause), answered)
        };
        actions.push(Action::Done(end));
    }

    /// `ID=` where something else was due: the central begins anew, and has
    /// forgotten what was said.
    pub(super) fn restarted(&mut self, actions: &mut Actions) {
        let end = self.lost("the central asks for a logon again");
        actions.push(Action::Done(end));
    }

    /// The page in hand, if anything of it was sent: it may be out.
    pub(super) fn doubt(&mut self, why: &str) -> Option<Answered> {
        let hand = self.hand.take().filter(|hand| hand.is_begun)?;
        let text = format!("{why}; the page may have been accepted");
        Some(hand.answered(Fate::unknown(text)))
    }

    /// Counts a verdict. Is it one more than there were blocks?
    pub(super) fn count_verdict(&mut self, verdict: Option<Verdict>) -> bool {
        let is_verdict = matches!(verdict, Some(Verdict::Ack | Verdict::Nak | Verdict::Rs));
        let is_heard = matches!(
            self.state,
            State::Quiet | State::Verdict | State::Confirming | State::Resting | State::Farewell
        );
        let counts = is_verdict && is_heard;
        let is_extra = counts && self.owed == 0;
        self.owed = self.owed.saturating_sub(u32::from(counts));
        is_extra
    }

    /// May a refusal have been that of another page? Among nothing but ACKs it
    /// does not matter whose is whose, and a verdict with a code of its own is
    /// no noise; so a central may well answer EOT with one more ACK.
    pub(super) fn may_be_shifted(&self) -> bool {
        self.had_refusal && (self.is_doubtful || self.unanswered > 0 || self.had_bare)
    }

    /// One verdict too many: no page of this call is certain of its own.
    pub(super) fn take_back(&mut self) {
        self.is_worn = true;
        let why = "one verdict more than there were blocks: they may have been those of others";
        self.taken_back.get_or_insert_with(|| why.to_owned());
    }

    /// A farewell that explains a refusal as a verdict is explained: it may
    /// have been the last page's.
    pub(super) fn note_refusal(&mut self) {
        let is_doubtful = self.is_doubtful || self.unanswered > 0;
        if self.said.refuses_page() || (is_doubtful && self.said.code().is_some()) {
            let said = self.said.refusal().unwrap_or_default();
            self.taken_back.get_or_insert(said);
        }
    }

    pub(super) fn log_off(&mut self, actions: &mut Actions) {
        self.state = State::Farewell;
        self.said = Said::default();
        self.waits = 0;
        actions.push(Action::Send(Wire::open(LAST_WORDS)));
    }
}

impl Hand {
    fn answered(self, fate: Fate) -> Answered {
        Answered {
            fate,
            duplicate_possible: self.is_doubled,
            is_cut: self.is_cut,
            call_is_full: self.call_is_full,
        }
    }
}
