//! What a refusal means for the page: reply code and command in, fate out.
//!
//! The one place that knows which code ends in which exit status. Must never
//! know the state of a dialogue. Source: RFC 1861 section 4.

use super::command::Verb;
use super::reply::{Class, Reply};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};

/// How a 550 to SEND begins where the page may be out.
const OUTCOME_UNKNOWN: &str = "Outcome Unknown";

/// The fate of a page one of whose commands was refused, or whose SEND was
/// refused: nothing of it is out, unless the server says that it may be.
pub fn refusal(verb: Verb, reply: &Reply) -> Fate {
    let text = reply.shown_text();
    let (outcome, exit) = match reply.class() {
        Class::Closing if verb == Verb::Logi && is_illegal_access(&text) => {
            (Outcome::Refused, Exit::NoPermission)
        }
        Class::Closing => (Outcome::Temporary, Exit::TempFail),
        Class::Failed if verb == Verb::Send && reply.code == 550 && is_outcome_unknown(&text) => {
            (Outcome::Unknown, Exit::Unknown)
        }
        Class::Failed => failed(verb, reply.code),
        Class::Done | Class::SendMore | Class::Undefined => (Outcome::Temporary, Exit::Protocol),
    };
    Fate::new(outcome, exit, text).with_code(reply.code)
}

fn failed(verb: Verb, code: u16) -> (Outcome, Exit) {
    let exit = match (code, verb) {
        // A status: what was accepted has failed, and is not to be sent again unseen.
        (700..=799, Verb::Msta) => Exit::Unavailable,
        (554 | 750, _) => return (Outcome::Temporary, Exit::TempFail),
        (_, Verb::Logi) | (530, _) => Exit::NoPermission,
        (503, _) => Exit::Protocol,
        (550, Verb::Page) => Exit::NoUser,
        (552, _) | (550, Verb::Mess | Verb::Data) => Exit::Data,
        _ => Exit::Unavailable,
    };
    (Outcome::Refused, exit)
}

/// RFC 1861 section 4.5.1 gives LOGI this 421 of its own.
fn is_illegal_access(text: &str) -> bool {
    text.to_ascii_lowercase().contains("illegal access")
}

/// Our own server's word for a command that was begun, and whose end it does
/// not know: SNPP has no code for that.
fn is_outcome_unknown(text: &str) -> bool {
    let head = text.get(..OUTCOME_UNKNOWN.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(OUTCOME_UNKNOWN))
}

/// The fate of all pages at a server whose greeting is no welcome.
pub fn greeting(reply: &Reply) -> Fate {
    let exit = match (reply.class(), reply.code) {
        (Class::Closing, _) | (_, 554) => Exit::TempFail,
        (Class::Failed, 530) => Exit::NoPermission,
        (Class::Failed, _) => Exit::Unavailable,
        _ => Exit::Protocol,
    };
    Fate::new(Outcome::Untried, exit, reply.shown_text()).with_code(reply.code)
}

/// The fate of a page whose SEND was answered with success.
pub fn success(reply: &Reply) -> Fate {
    let outcome = if reply.code / 100 == 9 {
        Outcome::Queued
    } else {
        Outcome::Sent
    };
    Fate::new(outcome, Exit::Ok, reply.shown_text()).with_code(reply.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(verb: Verb, code: u16) -> Exit {
        let reply = Reply {
            code,
            ..Reply::default()
        };
        refusal(verb, &reply).exit
    }

    #[test]
    fn each_refusal_has_its_exit_status() {
        for (verb, code, expected) in [
            (Verb::Page, 550, Exit::NoUser),
            (Verb::Mess, 550, Exit::Data),
            (Verb::Data, 550, Exit::Data),
            (Verb::Logi, 550, Exit::NoPermission),
            (Verb::Logi, 500, Exit::NoPermission),
            (Verb::Hold, 550, Exit::Unavailable),
            (Verb::Cove, 500, Exit::Unavailable),
            (Verb::Send, 550, Exit::Unavailable),
            (Verb::Send, 554, Exit::TempFail),
            (Verb::Page, 554, Exit::TempFail),
            (Verb::Page, 750, Exit::TempFail),
            (Verb::Page, 552, Exit::Data),
            (Verb::Page, 530, Exit::NoPermission),
            (Verb::Send, 503, Exit::Protocol),
            (Verb::TwoWay, 500, Exit::Unavailable),
            (Verb::Send, 780, Exit::Unavailable),
            (Verb::Msta, 750, Exit::Unavailable),
            (Verb::Page, 421, Exit::TempFail),
            (Verb::Page, 199, Exit::Protocol),
        ] {
            assert_eq!(exit(verb, code), expected, "{code} to {verb}");
        }
    }

    #[test]
    fn who_says_that_it_may_be_out_is_believed() {
        for (verb, code, text, outcome) in [
            (
                Verb::Send,
                550,
                "Outcome Unknown, May Have Been Delivered",
                Outcome::Unknown,
            ),
            (Verb::Send, 550, "OUTCOME UNKNOWN", Outcome::Unknown),
            (Verb::Send, 550, "Outcome", Outcome::Refused),
            (
                Verb::Send,
                550,
                "Illegal: outcome unknown",
                Outcome::Refused,
            ),
            (Verb::Send, 554, "Outcome Unknown", Outcome::Temporary),
            (Verb::Page, 550, "Outcome Unknown", Outcome::Refused),
        ] {
            let reply = Reply {
                code,
                text: text.into(),
                ..Reply::default()
            };
            assert_eq!(refusal(verb, &reply).outcome, outcome, "{text} to {verb}");
        }
    }

    #[test]
    fn an_illegal_access_attempt_is_not_tried_again() {
        let reply = Reply {
            code: 421,
            text: b"Illegal Access Attempt".to_vec(),
            ..Reply::default()
        };
        assert_eq!(refusal(Verb::Logi, &reply).exit, Exit::NoPermission);
        assert_eq!(refusal(Verb::Page, &reply).exit, Exit::TempFail);
    }
}
