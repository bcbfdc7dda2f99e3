//! What SEND sends, gathered command by command; SEND and RESE forget it.
//! Source: RFC 1861 sections 4.3, 4.5 and 4.6.

use std::time::SystemTime;

use super::say;
use super::talk::{Login, Recipient, Settings, Submission, Unit};
use super::two_way::Mode;
use super::words;
use crate::protocol::snpp::command::Verb;

/// A transaction that is under way.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    recipients: Vec<Recipient>,
    message: Option<Vec<u8>>,
    caller: Option<String>,
    subject: Option<String>,
    two_way: Option<Mode>,
    /// What the next PAGE will have: an accepted one takes it along, a
    /// refused one leaves it.
    next: Recipient,
}

impl Transaction {
    /// It is a two-way one and its one pager is selected.
    pub(super) fn is_full_two_way(&self) -> bool {
        self.two_way.is_some() && !self.recipients.is_empty()
    }

    /// Whom the next PAGE would add.
    pub(super) fn recipient(&self, pager: &str, pin: Option<String>) -> Recipient {
        Recipient {
            pager: pager.to_owned(),
            pin,
            ..self.next.clone()
        }
    }

    /// Does nobody ask this pager's user for more than there is to be had?
    pub(super) fn suits(&self, unit: Unit) -> bool {
        self.two_way
            .as_ref()
            .is_none_or(|mode| mode.suits(unit.two_way))
    }

    /// PAGE, once it is known that there is such a pager and that it suits.
    pub(super) fn add(
        &mut self,
        recipient: Recipient,
        unit: Unit,
        settings: &Settings,
    ) -> &'static str {
        // Once is enough for who is named twice.
        let known = self.recipients.contains(&recipient);
        if !known && self.recipients.len() >= settings.recipients {
            return say::PAGERS;
        }
        let text = match &mut self.two_way {
            Some(mode) => {
                mode.select(unit.two_way);
                if settings.direct {
                    say::ONLINE
                } else {
                    say::OFFLINE
                }
            }
            None => say::PAGER,
        };
        if !known {
            self.recipients.push(recipient);
        }
        self.next = Recipient::default();
        text
    }

    /// There is a message, and no second one is taken.
    pub(super) fn has_message(&self) -> bool {
        self.message.is_some()
    }

    /// MESS, with its text unless the line was too long.
    pub(super) fn message(&mut self, text: Option<&[u8]>, settings: &Settings) -> &'static str {
        if self.has_message() {
            return say::AGAIN;
        }
        let text = text.filter(|text| text.len() <= settings.message);
        self.body(text.map(<[u8]>::to_vec))
    }

    /// The text of DATA, if it was not too long.
    pub(super) fn body(&mut self, text: Option<Vec<u8>>) -> &'static str {
        self.message = text.filter(|text| words::is_message(text));
        match self.message {
            Some(_) => say::MESSAGE,
            None => say::BAD_MESSAGE,
        }
    }

    /// HOLD, once the moment is known.
    pub(super) fn hold(&mut self, moment: SystemTime) {
        self.next.hold = Some(moment);
    }

    /// LEVE, ALER and COVE for the next pager, CALL and SUBJ for the message.
    /// What was said last counts.
    pub(super) fn option(&mut self, verb: Verb, argument: &[u8]) -> &'static str {
        let next = &mut self.next;
        let word = words::only(argument);
        match verb {
            Verb::Leve => {
                let level = word.and_then(words::number).filter(|level| *level <= 11);
                let level = level.and_then(|level| u8::try_from(level).ok());
                set(&mut next.level, level, say::LEVEL, say::BAD_LEVEL)
            }
            Verb::Aler => {
                let alert = match word {
                    Some(b"0") => Some(false),
                    Some(b"1") => Some(true),
                    _ => None,
                };
                set(&mut next.alert, alert, say::ALERT, say::BAD_ALERT)
            }
            Verb::Cove => {
                let area = word.and_then(words::token);
                set(&mut next.coverage, area, say::COVERAGE, say::BAD_COVERAGE)
            }
            Verb::Call => {
                let text = words::line(argument);
                set(&mut self.caller, text, say::CALLER, say::BAD_CALLER)
            }
            _ => {
                let text = words::line(argument);
                set(&mut self.subject, text, say::SUBJECT, say::BAD_SUBJECT)
            }
        }
    }

    /// 2WAY: before anything else is under way. Options of the next PAGE are not.
    pub(super) fn begin_two_way(&mut self) -> &'static str {
        let fresh = self.two_way.as_ref().is_none_or(Mode::is_fresh);
        if !fresh || !self.recipients.is_empty() || self.has_message() {
            return say::STANDARD;
        }
        self.two_way = Some(Mode::default());
        say::TWO_WAY
    }

    /// EXPT, NOQU, ACKR, RTYP and MCRE, which are legal in a two-way transaction only.
    pub(super) fn two_way(&mut self, verb: Verb, argument: &[u8], settings: &Settings) -> String {
        let text = match (&mut self.two_way, verb) {
            (Some(mode), Verb::Expt) => return mode.expire(argument, settings),
            (Some(mode), Verb::Noqu) => mode.no_queue(settings),
            (Some(mode), Verb::Ackr) => mode.ack(argument, settings),
            (Some(mode), Verb::Rtyp) => mode.reply(argument, settings),
            (Some(mode), _) => mode.choice(argument),
            (None, Verb::Expt) => say::BAD_EXPIRY,
            (None, Verb::Noqu) => say::MUST_QUEUE,
            (None, Verb::Ackr) => say::BAD_ACK,
            (None, Verb::Rtyp) => say::BAD_REPLY,
            (None, _) => say::NO_CHOICES,
        };
        text.to_owned()
    }

    /// SEND. `None`: something is missing, and nothing is lost. Otherwise
    /// everything is forgotten, whatever becomes of the submission: after a
    /// failure the client begins anew.
    pub(super) fn submit(&mut self, login: Option<Login>) -> Option<Submission> {
        if self.recipients.is_empty() {
            return None;
        }
        let message = self.message.take()?;
        let Self {
            recipients,
            caller,
            subject,
            two_way,
            ..
        } = std::mem::take(self);
        Some(Submission {
            recipients,
            message,
            caller,
            subject,
            login,
            two_way: two_way.map(Mode::into_wishes),
        })
    }
}

/// Takes a value, if there is one, and says so.
fn set<T>(
    place: &mut Option<T>,
    value: Option<T>,
    good: &'static str,
    bad: &'static str,
) -> &'static str {
    if value.is_none() {
        return bad;
    }
    *place = value;
    good
}
