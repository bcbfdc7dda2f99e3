//! Entities: the characters that HTML has names and numbers for.
//!
//! The names are a text and no table of pointers, which every start of every applet
//! would have to set right, for the few mails that have one.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::charset::no_control;

/// A line for each name: the name, a blank, and the one or two characters it stands for.
/// From the HTML standard, section 13.5, less the two that stand for an end of a line or
/// for a tab.
const NAMES: &str = include_str!("entities.txt");

static NAMED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    NAMES
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// What `&...;` stands for, or itself where that is nothing known.
pub(super) fn push(text: &mut String, token: &str) {
    let name = token
        .strip_prefix('&')
        .and_then(|rest| rest.strip_suffix(';'));
    let number = name.and_then(|name| name.strip_prefix('#'));
    if let Some(c) = number.and_then(numbered) {
        text.push(c);
    } else {
        let named = match name {
            // As outside of entities.
            Some("Tab" | "NewLine") => Some(" "),
            other => other.and_then(|name| NAMED.get(name).copied()),
        };
        text.push_str(named.unwrap_or(token));
    }
}

/// A number as a character; U+FFFD for one that is none.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    // Too long for a number is none, too.
    let code = u32::from_str_radix(digits, radix).unwrap_or_default();
    let c = char::from_u32(code).filter(|c| *c != '\0');
    Some(c.map_or(char::REPLACEMENT_CHARACTER, no_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_name_or_a_number_is_a_character() {
        for (token, character) in [
            ("&amp;", "&"),
            ("&AMP;", "&"),
            ("&Uuml;", "\u{dc}"),
            ("&nbsp;", "\u{a0}"),
            ("&NotEqualTilde;", "\u{2242}\u{338}"),
            ("&CounterClockwiseContourIntegral;", "\u{2233}"),
            ("&zwnj;", "\u{200c}"),
            ("&Tab;", " "),
            ("&NewLine;", " "),
            ("&#228;", "\u{e4}"),
            ("&#xE4;", "\u{e4}"),
            ("&#X1f525;", "\u{1f525}"),
            ("&#146;", "\u{2019}"),
            ("&#x80;", "\u{20ac}"),
            ("&#x81;", "\u{fffd}"),
            ("&#0;", "\u{fffd}"),
            ("&#xd800;", "\u{fffd}"),
            ("&#99999999999999999999;", "\u{fffd}"),
        ] {
            let mut text = String::new();
            push(&mut text, token);
            assert_eq!(text, character, "{token}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for token in [
            "&", "&;", "&#;", "&#x;", "&#+5;", "&#-5;", "&#x+5;", "&nosuch;", "&amp", "& ;",
        ] {
            let mut text = String::new();
            push(&mut text, token);
            assert_eq!(text, token);
        }
    }

    #[test]
    fn every_line_is_a_name() {
        assert_eq!(NAMES.lines().count(), 2123);
        assert_eq!(NAMED.len(), 2123);
        for (name, characters) in NAMED.iter() {
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
            assert!((1..=2).contains(&characters.chars().count()), "{name}");
        }
    }
}
