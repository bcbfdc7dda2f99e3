//! Who may page by mail.
//!
//! Must never take an address for more than it is: anybody can write any.

use crate::config::tables;
use crate::exit::{Exit, Failure};
use crate::mail::Mailbox;

/// Fails unless all of a mail's senders may send it. Without a list anybody may.
pub(super) fn check(table: Option<&tables::Mail>, from: &[Mailbox]) -> Result<(), Failure> {
    let Some(patterns) = table.and_then(|mail| mail.allow_from.as_ref()) else {
        return Ok(());
    };
    let nobody = [Mailbox::default()];
    let from = if from.is_empty() { &nobody } else { from };
    let may = |from: &&Mailbox| {
        let mut patterns = patterns.iter();
        patterns.any(|pattern| matches(pattern.as_str().as_bytes(), from.address.as_bytes()))
    };
    match from.iter().find(|from| !may(from)) {
        None => Ok(()),
        Some(stranger) => {
            let who = match stranger.address.as_str() {
                "" => "a sender without an address".to_owned(),
                address => format!("{address:?}"),
            };
            let text = format!("allow-from does not let {who} page anybody");
            Err(Failure::new(Exit::NoPermission, text))
        }
    }
}

/// Whether a `*` can stand for what lets a pattern be this text, in letters of any case.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let is = |a: &[u8], b: &[u8]| a.eq_ignore_ascii_case(b);
    let first = pieces.next().unwrap_or_default();
    let Some((head, mut rest)) = text.split_at_checked(first.len()) else {
        return false;
    };
    if !is(head, first) {
        return false;
    }
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let found = rest.windows(piece.len()).position(|part| is(part, piece));
        let Some(at) = found else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    let end = rest.len().checked_sub(last.len());
    end.and_then(|end| rest.get(end..))
        .is_some_and(|end| is(end, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is_match) in [
            ("joe@example.com", "Joe@EXAMPLE.com", true),
            ("joe@example.com", "joe@example.com.evil", false),
            ("joe@example.com", "x.joe@example.com", false),
            ("*@example.com", "joe@example.com", true),
            ("*@example.com", "@example.com", true),
            ("*@example.com", "joe@example.com.evil", false),
            ("*@example.com", "joe@notexample.com", false),
            ("*@*.example.com", "joe@host.example.com", true),
            ("*@*.example.com", "joe@example.com", false),
            ("root@*", "root@x", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbxbxc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("**", "", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
        ] {
            let found = matches(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, is_match, "{pattern} {text}");
        }
    }
}
