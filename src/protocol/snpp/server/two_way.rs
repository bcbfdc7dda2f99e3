//! A two-way transaction: what may be asked for in it, and in which order.
//! Source: RFC 1861 section 4.6.

use super::say;
use super::talk::Settings;
use super::words;
use crate::protocol::snpp::plan::{ReplyType, TwoWay};

/// The longest life of a queued message, in hours.
const MAX_HOURS: u16 = 720;
/// The most answers of one multiple choice.
const MAX_CHOICES: usize = 16;

/// A transaction that 2WAY began.
#[derive(Debug, Default)]
pub(super) struct Mode {
    wishes: TwoWay,
    /// Can the user of the pager that was selected answer?
    selected: Option<bool>,
}

impl Mode {
    /// Nothing was asked for yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.wishes == TwoWay::default() && self.selected.is_none()
    }

    /// Can what was asked for so far be had of such a pager?
    pub(super) fn suits(&self, two_way: bool) -> bool {
        two_way || !(self.wishes.ack || self.wishes.wants_reply())
    }

    /// A pager is selected that suits.
    pub(super) fn select(&mut self, two_way: bool) {
        self.selected = Some(two_way);
    }

    /// What was asked for.
    pub(super) fn into_wishes(self) -> TwoWay {
        self.wishes
    }

    /// NOQU: only before PAGE, and only where nothing is ever queued.
    pub(super) fn no_queue(&mut self, settings: &Settings) -> &'static str {
        if !settings.direct || self.selected.is_some() {
            return say::MUST_QUEUE;
        }
        self.wishes.no_queue = true;
        say::NO_QUEUE
    }

    /// EXPT: what is delivered at once cannot expire.
    pub(super) fn expire(&mut self, argument: &[u8], settings: &Settings) -> String {
        match words::only(argument).and_then(words::number) {
            Some(hours @ 1..=MAX_HOURS) if !settings.direct => {
                self.wishes.expire_hours = Some(u64::from(hours));
                format!("250 Message Expiry Time Changed to '{hours}' Hours")
            }
            _ => say::BAD_EXPIRY.to_owned(),
        }
    }

    /// ACKR: to ask for nothing is always possible.
    pub(super) fn ack(&mut self, argument: &[u8], settings: &Settings) -> &'static str {
        let wanted = match words::only(argument) {
            Some(b"0") => false,
            Some(b"1") if self.can_answer(settings) => true,
            _ => return say::BAD_ACK,
        };
        self.wishes.ack = wanted;
        if wanted { say::ACK } else { say::NO_ACK }
    }

    /// RTYP: once in a transaction.
    pub(super) fn reply(&mut self, argument: &[u8], settings: &Settings) -> &'static str {
        let Some(kind) = words::only(argument).and_then(reply_type) else {
            return say::BAD_REPLY;
        };
        if self.wishes.reply.is_some() {
            return say::REPLY_AGAIN;
        }
        if kind != ReplyType::None && !self.can_answer(settings) {
            return say::BAD_REPLY;
        }
        self.wishes.reply = Some(kind);
        say::REPLY
    }

    /// MCRE.
    pub(super) fn choice(&mut self, argument: &[u8]) -> &'static str {
        if self.wishes.reply != Some(ReplyType::MultiChoice) {
            return say::NO_CHOICES;
        }
        let Some((code, text)) = words::choice(argument) else {
            return say::BAD_CHOICE;
        };
        let choices = &mut self.wishes.choices;
        if choices
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(&code))
        {
            return say::CHOICE_AGAIN;
        }
        if choices.len() >= MAX_CHOICES {
            return say::CHOICES;
        }
        choices.push((code, text));
        say::CHOICE
    }

    /// Before a pager is selected, some pager must be able to.
    fn can_answer(&self, settings: &Settings) -> bool {
        self.selected.unwrap_or(settings.two_way)
    }
}

fn reply_type(word: &[u8]) -> Option<ReplyType> {
    ReplyType::ALL
        .into_iter()
        .find(|kind| kind.word().as_bytes().eq_ignore_ascii_case(word))
}
