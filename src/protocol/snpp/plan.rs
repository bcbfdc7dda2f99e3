//! What a client will say to send one message: the commands of a transaction
//! in order, and what the refusal of each means.
//!
//! Answers for the order of RFC 1861 and for the rule that nothing malformed
//! is ever planned. Must never know a reply; that is [`super::client`]'s part.

use std::borrow::Cow;

use super::command::{self, BadArgument, Command, Verb};
use crate::protocol::Wire;

/// Whom a message goes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recipient {
    /// The pager ID: one word, not necessarily a number.
    pub id: String,
    /// The pager's password (level 2).
    pub pin: Option<String>,
}

/// How the message is handed over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Body {
    /// DATA for several lines or a long one, MESS otherwise; where DATA is unknown, MESS.
    #[default]
    Auto,
    /// MESS only.
    Mess,
    /// DATA only.
    Data,
}

/// Which reply a two-way pager shall give.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyType {
    /// No reply.
    None,
    /// Yes or no.
    YesNo,
    /// A canned reply of the provider's.
    SimReply,
    /// One of the choices sent along.
    MultiChoice,
    /// Free text.
    Text,
}

impl ReplyType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::YesNo,
        Self::SimReply,
        Self::MultiChoice,
        Self::Text,
    ];

    /// The word of RTYP (RFC 1861 section 4.6.6).
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::YesNo => "YESNO",
            Self::SimReply => "SIMREPLY",
            Self::MultiChoice => "MULTICHOICE",
            Self::Text => "TEXT",
        }
    }
}

/// The options of a two-way transaction (level 3).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TwoWay {
    /// Deliver now or not at all.
    pub no_queue: bool,
    /// Expiry of the queued message, in hours.
    pub expire_hours: Option<u64>,
    /// Ask for a read acknowledgment.
    pub ack: bool,
    /// Ask for a reply.
    pub reply: Option<ReplyType>,
    /// The answers of a multiple choice: code and text.
    pub choices: Vec<(String, String)>,
}

impl TwoWay {
    /// A reply is asked for, of whatever kind.
    pub fn wants_reply(&self) -> bool {
        self.reply.is_some_and(|reply| reply != ReplyType::None)
    }
}

/// The options of a transaction, as the wire spells them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// Service level, 0 to 11.
    pub level: Option<u8>,
    /// Alert override.
    pub alert: Option<bool>,
    /// Alternate coverage area.
    pub coverage: Option<String>,
    /// Delivery time, `YYMMDDHHMMSS` in UTC.
    pub hold: Option<String>,
    /// Caller ID.
    pub caller: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// Two-way transaction.
    pub two_way: Option<TwoWay>,
}

/// What the refusal of a command means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The page must not go without it.
    Needed,
    /// The page goes without it, and the user is told.
    Wish,
    /// The pager with this index is not reached.
    Pager(usize),
    /// Nothing to send, so nothing is sent.
    Message,
    /// The verdict.
    Send,
}

/// One command of a transaction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What is sent.
    pub command: Command,
    /// What its refusal means.
    pub role: Role,
    /// For DATA: the body, sent after 354.
    pub body: Option<Wire>,
    /// For DATA: what to send instead where the server does not know DATA.
    pub fallback: Option<Command>,
}

/// A whole transaction, ready to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) recipients: usize,
    pub(super) two_way: bool,
}

impl Plan {
    /// Plans one message to `recipients`, which share one SEND and one fate
    /// of it. An empty `text` is a page without text. `strict` makes every
    /// wish a need.
    ///
    /// Fails where an argument cannot be sent as one line; then nothing of the
    /// transaction may be sent.
    pub fn new(
        recipients: &[Recipient],
        options: &Options,
        text: &str,
        body: Body,
        strict: bool,
    ) -> Result<Self, BadArgument> {
        let mut steps = Vec::new();
        let wish = if strict { Role::Needed } else { Role::Wish };
        let mut add = |command: Command, role| steps.push(Step::new(command, role));
        if let Some(two_way) = &options.two_way {
            add(Command::bare(Verb::TwoWay), Role::Needed);
            if two_way.no_queue {
                add(Command::bare(Verb::Noqu), Role::Needed);
            }
            if let Some(hours) = two_way.expire_hours {
                add(
                    Command::words(Verb::Expt, &hours.to_string(), None)?,
                    Role::Needed,
                );
            }
            if two_way.ack {
                add(Command::words(Verb::Ackr, "1", None)?, wish);
            }
            if let Some(reply) = two_way.reply {
                add(Command::words(Verb::Rtyp, reply.word(), None)?, wish);
            }
            for (code, answer) in &two_way.choices {
                Command::words(Verb::Mcre, code, None)?;
                add(
                    Command::text(Verb::Mcre, &format!("{code} {answer}"))?,
                    wish,
                );
            }
        }
        if let Some(caller) = &options.caller {
            add(Command::text(Verb::Call, caller)?, wish);
        }
        if let Some(subject) = &options.subject {
            add(Command::text(Verb::Subj, subject)?, wish);
        }
        for (index, recipient) in recipients.iter().enumerate() {
            if let Some(level) = options.level {
                add(Command::words(Verb::Leve, &level.to_string(), None)?, wish);
            }
            if let Some(alert) = options.alert {
                let word = if alert { "1" } else { "0" };
                add(Command::words(Verb::Aler, word, None)?, wish);
            }
            if let Some(area) = &options.coverage {
                add(Command::words(Verb::Cove, area, None)?, Role::Needed);
            }
            if let Some(time) = &options.hold {
                add(
                    Command::text(Verb::Hold, &format!("{time} +0000"))?,
                    Role::Needed,
                );
            }
            let pin = recipient.pin.as_deref();
            add(
                Command::words(Verb::Page, &recipient.id, pin)?,
                Role::Pager(index),
            );
        }
        steps.push(message(text, body)?);
        steps.push(Step::new(Command::bare(Verb::Send), Role::Send));
        Ok(Self {
            steps,
            recipients: recipients.len(),
            two_way: options.two_way.is_some(),
        })
    }

    /// Everything that would be sent if nothing were refused.
    pub fn wires(&self) -> impl Iterator<Item = Wire> {
        self.steps
            .iter()
            .flat_map(|step| [Some(step.command.wire()), step.body.clone()])
            .flatten()
    }
}

/// Is this text, handed over so, more bytes in a line than a client may send?
pub fn is_too_long(text: &str, body: Body) -> bool {
    matches!(message(text, body), Err(BadArgument::TooLong(..)))
}

impl Step {
    pub(super) fn new(command: Command, role: Role) -> Self {
        Self {
            command,
            role,
            body: None,
            fallback: None,
        }
    }
}

fn message(text: &str, body: Body) -> Result<Step, BadArgument> {
    let mess = |text: &str| Command::text(Verb::Mess, text);
    let data = |fallback| -> Result<Step, BadArgument> {
        Ok(Step {
            command: Command::bare(Verb::Data),
            role: Role::Message,
            body: Some(command::body(text)?),
            fallback,
        })
    };
    match body {
        Body::Mess => Ok(Step::new(mess(text)?, Role::Message)),
        Body::Data => data(None),
        Body::Auto if text.contains('\n') => data(mess(&one_line(text)).ok()),
        Body::Auto => match mess(text) {
            Err(BadArgument::TooLong(..)) => data(None),
            other => Ok(Step::new(other?, Role::Message)),
        },
    }
}

/// A text of several lines as one line: what MESS can carry of it.
fn one_line(text: &str) -> Cow<'_, str> {
    Cow::Owned(
        text.split('\n')
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(options: &Options, text: &str, body: Body) -> Vec<String> {
        let recipient = Recipient {
            id: "5551212".into(),
            pin: Some("99".into()),
        };
        Plan::new(&[recipient], options, text, body, false)
            .unwrap()
            .wires()
            .map(|wire| String::from_utf8(wire.bytes).unwrap())
            .collect()
    }

    #[test]
    fn options_come_before_their_page_and_two_way_comes_first() {
        let options = Options {
            level: Some(0),
            alert: Some(true),
            coverage: Some("2".into()),
            hold: Some("301122101500".into()),
            caller: Some("Joe  Blow".into()),
            subject: Some("s".into()),
            two_way: Some(TwoWay {
                no_queue: true,
                expire_hours: Some(12),
                ack: true,
                reply: Some(ReplyType::MultiChoice),
                choices: vec![("01".into(), "Yes please".into())],
            }),
        };
        assert_eq!(
            lines(&options, "hi", Body::Auto).concat(),
            "2WAY\r\nNOQU\r\nEXPT 12\r\nACKR 1\r\nRTYP MULTICHOICE\r\nMCRE 01 Yes please\r\n\
             CALL Joe  Blow\r\nSUBJ s\r\nLEVE 0\r\nALER 1\r\nCOVE 2\r\nHOLD 301122101500 +0000\r\n\
             PAGE 5551212 99\r\nMESS hi\r\nSEND\r\n"
        );
    }

    #[test]
    fn the_body_is_chosen_by_the_text() {
        let none = Options::default();
        assert_eq!(
            lines(&none, "hi", Body::Auto)[1..],
            ["MESS hi\r\n", "SEND\r\n"]
        );
        assert_eq!(
            lines(&none, "a\nb", Body::Auto)[1..],
            ["DATA\r\n", "a\r\nb\r\n.\r\n", "SEND\r\n"]
        );
        assert_eq!(lines(&none, "", Body::Auto)[1..], ["MESS\r\n", "SEND\r\n"]);
        assert_eq!(
            message("a\nb", Body::Mess),
            Err(BadArgument::Break(Verb::Mess))
        );
        assert_eq!(
            message("a\nb", Body::Auto).unwrap().fallback,
            Some(Command::text(Verb::Mess, "a b").unwrap())
        );
        assert_eq!(
            message(&"x".repeat(600), Body::Auto),
            Err(BadArgument::TooLong(Verb::Data, 600))
        );
    }
}
