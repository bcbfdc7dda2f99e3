//! Transactions that can be written whole, before any of their replies has come.
//!
//! Answers for which transactions those are, and for their bytes: one pager
//! without a PIN, one line of text, and nothing whose refusal must stop the
//! page. Must never know a reply.

use std::sync::Arc;

use super::command::{Command, Verb};
use super::plan::Plan;
use crate::protocol::Wire;

/// The most bytes that are written before the replies to them are read. They
/// fit the buffers on the way even where the server does not read, so writing
/// never waits for a server that itself waits to be read.
pub const MAX_AHEAD: usize = 16 * 1024;

/// A transaction of PAGE, MESS and SEND alone.
#[derive(Clone, Debug)]
pub struct Plain(Arc<Plan>);

impl Plain {
    /// The same transaction, if it is plain.
    pub fn of(plan: &Arc<Plan>) -> Option<Self> {
        let verbs = plan.steps.iter().map(|step| step.command.verb());
        let is_plain = verbs.eq([Verb::Page, Verb::Mess, Verb::Send])
            && !plan.steps.iter().any(|step| step.command.has_secret());
        is_plain.then(|| Self(Arc::clone(plan)))
    }

    /// Its bytes, behind a RESE, so that nothing of the transaction before it
    /// is left, and behind LOGI, because RESE may log out.
    pub fn wire(&self, login: Option<&Command>) -> Wire {
        let mut whole = Command::bare(Verb::Rese).wire();
        if let Some(login) = login {
            let wire = login.wire();
            let begin = whole.bytes.len();
            whole.secret = wire
                .secret
                .map(|secret| begin + secret.start..begin + secret.end);
            whole.bytes.extend(wire.bytes);
        }
        for wire in self.0.wires() {
            whole.bytes.extend(wire.bytes);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::snpp::plan::{Body, Options, Recipient};

    fn plan(pin: Option<&str>, options: &Options, text: &str, body: Body) -> Arc<Plan> {
        let recipient = Recipient {
            id: "5551212".into(),
            pin: pin.map(str::to_owned),
        };
        Arc::new(Plan::new(&[recipient], options, text, body, false).unwrap())
    }

    #[test]
    fn what_a_refusal_must_stop_is_not_plain() {
        let none = Options::default();
        let hold = Options {
            hold: Some("301122101500".into()),
            ..Options::default()
        };
        assert!(Plain::of(&plan(None, &none, "hi", Body::Auto)).is_some());
        assert!(Plain::of(&plan(None, &none, "", Body::Mess)).is_some());
        assert!(Plain::of(&plan(Some("99"), &none, "hi", Body::Auto)).is_none());
        assert!(Plain::of(&plan(None, &hold, "hi", Body::Auto)).is_none());
        assert!(Plain::of(&plan(None, &none, "a\nb", Body::Auto)).is_none());
        assert!(Plain::of(&plan(None, &none, "hi", Body::Data)).is_none());
        let two: Vec<Recipient> = ["1", "2"]
            .map(|id| Recipient {
                id: id.to_owned(),
                pin: None,
            })
            .into();
        let two = Plan::new(&two, &none, "hi", Body::Auto, false).unwrap();
        assert!(Plain::of(&Arc::new(two)).is_none());
    }

    #[test]
    fn each_begins_afresh_and_hides_its_password() {
        let plain = Plain::of(&plan(None, &Options::default(), "hi", Body::Auto)).unwrap();
        assert_eq!(
            plain.wire(None).bytes,
            b"RESE\r\nPAGE 5551212\r\nMESS hi\r\nSEND\r\n"
        );
        let login = Command::words(Verb::Logi, "joe", Some("hunter2")).unwrap();
        let wire = plain.wire(Some(&login));
        assert!(wire.bytes.starts_with(b"RESE\r\nLOGI joe hunter2\r\nPAGE "));
        assert_eq!(wire.bytes.get(wire.secret.unwrap()).unwrap(), b"hunter2");
    }
}
