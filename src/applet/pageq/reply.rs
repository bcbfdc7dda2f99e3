//! `pageq reply`: what the pager's user answered goes to whoever asks for it.

use std::io;
use std::time::SystemTime;

use super::find::{Found, find};
use super::{failed, later};
use crate::exit::{Exit, Failure};
use crate::queue::store::{Content, Store};
use crate::queue::tags::{self, Status};
use crate::queue::work::Ticket;
use crate::text::shape::breaks_line;

/// An answer is told in one line of a reply, in bytes.
const MAX_ANSWER: usize = 400;

/// The reply to one of several choices, and any other.
const CHOICE: u16 = 888;
const TEXT: u16 = 889;

/// An answer: one line.
pub(super) fn answer(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(breaks_line) {
        return Err("an answer is one line, and not an empty one".to_owned());
    }
    if text.len() > MAX_ANSWER {
        return Err(format!("an answer has at most {MAX_ANSWER} bytes"));
    }
    Ok(text.to_owned())
}

pub(super) fn run(store: &Store, id: &str, text: &str) -> Result<Exit, Failure> {
    let (id, ticket) = match find(store, id)? {
        Found::File(entry, _, Content::Work(work)) => (entry.id, work.ticket),
        Found::File(entry, _, Content::Spoilt(why)) => {
            return Err(Failure::data(format!("{}: {why}", entry.id)));
        }
        Found::Receipt(receipt) => (receipt.id, receipt.ticket),
    };
    let ticket = ticket.ok_or_else(|| {
        let text = format!("{id}: nobody asks for an answer: it was not sent as a two-way page");
        Failure::data(text)
    })?;
    let (code, text) = meaning(&ticket, text);
    let status = Status {
        sequence: 1,
        code,
        at: SystemTime::now(),
        text,
        exit: None,
    };
    let written = tags::write(store.dir(), &ticket.tag, &ticket.pass, &status);
    written.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => later(format!("{id}: its status is being written: try again")),
        io::ErrorKind::InvalidInput => Failure::data(format!("{id}: {error}")),
        _ => failed(&format!("{id}: tags/{}", ticket.tag), &error),
    })?;
    Ok(Exit::Ok)
}

/// A choice, by its code or its text, or else the words themselves.
fn meaning(ticket: &Ticket, text: &str) -> (u16, String) {
    let mut choices = ticket.choices.iter();
    let chosen = choices.find(|(code, words)| {
        code.eq_ignore_ascii_case(text) || words.trim().eq_ignore_ascii_case(text)
    });
    match chosen {
        Some((code, _)) => (CHOICE, code.clone()),
        None => (TEXT, text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_told_by_its_code_and_anything_else_as_it_is() {
        let choice = |code: &str, text: &str| (code.to_owned(), text.to_owned());
        let ticket = Ticket {
            choices: vec![choice("1e2C", " Yes; please "), choice("2", "No")],
            ..Ticket::default()
        };
        for (text, code, told) in [
            ("1E2c", 888, "1e2C"),
            ("yes; please", 888, "1e2C"),
            ("2", 888, "2"),
            ("NO", 888, "2"),
            ("Not now", 889, "Not now"),
        ] {
            assert_eq!(meaning(&ticket, text), (code, told.to_owned()));
        }
    }

    #[test]
    fn an_answer_is_one_line() {
        assert_eq!(answer(" On my way ").as_deref(), Ok("On my way"));
        for text in ["", " ", "a\nb", "a\u{85}b", &"x".repeat(401)] {
            assert!(answer(text).is_err(), "{text:?}");
        }
    }
}
