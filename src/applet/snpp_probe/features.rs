//! Which commands a gateway knows: it is asked with HELP, and where that says
//! nothing useful each command is tried in a way that does nothing.

use std::sync::Arc;

use serde::Serialize;

use super::ask::{Gateway, Stop};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::client::{Answered, Job};
use crate::protocol::snpp::command::{Command, Verb};
use crate::protocol::snpp::plan::{Body, Options, Plan};
use crate::protocol::snpp::reply::{Class, Reply};

/// Refusals that a connection may collect before it is changed for a new one:
/// many servers hang up after ten, some after fewer.
const MAX_REFUSALS: usize = 5;

/// What a gateway can do.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(super) struct Features {
    /// Levels of RFC 1861.
    pub(super) levels: Vec<u8>,
    /// Verbs, in the order of the RFC.
    pub(super) commands: Vec<&'static str>,
    /// It takes commands ahead of its replies.
    pub(super) pipelining: bool,
}

/// Finds out.
pub(super) fn find(gateway: &mut Gateway<'_>) -> Result<Features, Stop> {
    let help = gateway.inquiry.say(&Command::bare(Verb::Help))?;
    if help.code == 530 {
        let text = format!("it wants a login first: {}", help.shown());
        return Err(Fate::new(Outcome::Refused, Exit::NoPermission, text));
    }
    let listed = listed(&help);
    let verbs = if listed.contains(&Verb::Page) && listed.contains(&Verb::Send) {
        listed
    } else {
        tried(gateway, help.class() == Class::Done)?
    };
    Ok(Features::new(&verbs, help.lists_pipelining()))
}

impl Features {
    fn new(verbs: &[Verb], pipelining: bool) -> Self {
        let known = |verb: &Verb| verbs.contains(verb);
        let levels = [(1, Verb::Page), (2, Verb::Data), (3, Verb::TwoWay)];
        Self {
            levels: levels
                .iter()
                .filter(|(_, verb)| known(verb))
                .map(|(level, _)| *level)
                .collect(),
            commands: Verb::ALL
                .iter()
                .filter(|verb| known(verb))
                .map(|verb| verb.word())
                .collect(),
            pipelining,
        }
    }
}

/// The verbs that HELP names. One with an asterisk is known and not implemented.
fn listed(help: &Reply) -> Vec<Verb> {
    let mut verbs = Vec::new();
    for line in &help.info {
        let is_separator = |byte: &u8| {
            byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b';' | b'/' | b'(' | b')')
        };
        for word in line.split(is_separator) {
            let is_name = word
                .iter()
                .take(4)
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            match Verb::of_word(word) {
                Some(verb) if is_name && !word.ends_with(b"*") && !verbs.contains(&verb) => {
                    verbs.push(verb);
                }
                _ => {}
            }
        }
    }
    verbs
}

/// Tries each verb, none of them in a way that a pager could notice.
fn tried(gateway: &mut Gateway<'_>, knows_help: bool) -> Result<Vec<Verb>, Stop> {
    let mut verbs = vec![Verb::Page, Verb::Mess, Verb::Rese, Verb::Send, Verb::Quit];
    if knows_help {
        verbs.push(Verb::Help);
    }
    let mut refusals = usize::from(!knows_help);
    for (verb, argument) in [
        (Verb::Data, ""),
        (Verb::Leve, "99"),
        (Verb::Aler, "9"),
        (Verb::Cove, ""),
        (Verb::Hold, "0"),
        (Verb::Call, "probe"),
        (Verb::Subj, "probe"),
        (Verb::TwoWay, ""),
        (Verb::Ping, ""),
        (Verb::Expt, "0"),
        (Verb::Noqu, ""),
        (Verb::Ackr, "9"),
        (Verb::Rtyp, "BOGUS"),
        (Verb::Mcre, ""),
        (Verb::Msta, "0 0"),
        (Verb::Ktag, "0 0"),
    ] {
        if refusals >= MAX_REFUSALS {
            gateway.inquiry.connect()?;
            gateway.log_in()?;
            refusals = 0;
        }
        let reply = if verb == Verb::Data {
            try_data(gateway)?
        } else {
            try_verb(gateway, verb, argument)?
        };
        match reply {
            Tried::Known => verbs.push(verb),
            Tried::Refused => {
                verbs.push(verb);
                refusals += 1;
            }
            Tried::Unknown => refusals += 1,
        }
    }
    Ok(verbs)
}

enum Tried {
    Known,
    /// It knows the verb and did not like the argument.
    Refused,
    Unknown,
}

fn try_verb(gateway: &mut Gateway<'_>, verb: Verb, argument: &str) -> Result<Tried, Stop> {
    let command = Command::text(verb, argument)
        .map_err(|error| Fate::new(Outcome::Refused, Exit::Software, error.to_string()))?;
    let reply = gateway.inquiry.say(&command)?;
    Ok(match (reply.class(), reply.code) {
        (Class::Failed, 500) => Tried::Unknown,
        (Class::Failed, _) => Tried::Refused,
        _ => Tried::Known,
    })
}

/// DATA needs a body before the session goes on; RESE then drops it.
fn try_data(gateway: &mut Gateway<'_>) -> Result<Tried, Stop> {
    let plan = Plan::new(&[], &Options::default(), "probe", Body::Data, false)
        .map_err(|error| Fate::new(Outcome::Refused, Exit::Software, error.to_string()))?;
    let answered = gateway.inquiry.job(Job::Page(Arc::new(plan)))?;
    let Answered::Page(answer) = answered else {
        return Ok(Tried::Unknown);
    };
    Ok(match answer.failed_at {
        Some(Verb::Data) => Tried::Unknown,
        _ => Tried::Known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(lines: &[&str]) -> Reply {
        Reply {
            code: 250,
            text: Vec::new(),
            info: lines.iter().map(|line| line.as_bytes().to_vec()).collect(),
        }
    }

    #[test]
    fn help_names_verbs_in_many_ways() {
        let verbs = listed(&help(&[
            "Level 1: PAGEr, MESSage RESEt SEND",
            "   DATA   ALER*  2WAY",
            "please send help to root",
        ]));
        assert_eq!(
            verbs,
            [
                Verb::Page,
                Verb::Mess,
                Verb::Rese,
                Verb::Send,
                Verb::Data,
                Verb::TwoWay
            ]
        );
        assert_eq!(Features::new(&verbs, false).levels, [1, 2, 3]);
    }
}
