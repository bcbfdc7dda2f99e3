//! What a message looks like on a terminal.
//!
//! Answers for the terminal being told nothing but the frame's own line ends
//! and bell: every other word is a stranger's. Must never know where any of
//! them comes from.

use jiff::civil::Time;

use crate::text::escape::printable;

/// No name is shown longer, in characters.
const MAX_NAME: usize = 64;

/// A message, and what is told with it.
pub(super) struct Notice<'a> {
    /// Who sends it.
    pub(super) from: &'a [u8],
    /// From which machine.
    pub(super) host: &'a str,
    /// The login that it is for.
    pub(super) user: &'a str,
    /// What it says.
    pub(super) text: &'a [u8],
}

impl Notice<'_> {
    /// The bytes for a terminal, whatever state its cursor is in.
    pub(super) fn at(&self, time: Time) -> Vec<u8> {
        let from = name(self.from);
        let [host, user] = [self.host, self.user].map(|it| name(it.as_bytes()));
        let text = printable(self.text);
        let (hour, minute) = (time.hour(), time.minute());
        format!(
            "\r\n\x07Message from {from}@{host} to {user} at {hour:02}:{minute:02}\r\n| {text}\r\n"
        )
        .into_bytes()
    }
}

/// A name as it may be shown, and cut where it is longer than any name is.
///
/// No name has a TAB in it, and TABs would push what stands behind it into a
/// line that seems to be another header.
pub(super) fn name(bytes: &[u8]) -> String {
    let mut shown = printable(bytes).replace('\t', "^I");
    if let Some((end, _)) = shown.char_indices().nth(MAX_NAME) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(from: &str, host: &str, user: &str, text: &[u8]) -> String {
        let notice = Notice {
            from: from.as_bytes(),
            host,
            user,
            text,
        };
        String::from_utf8(notice.at(Time::constant(9, 5, 59, 0))).unwrap()
    }

    #[test]
    fn a_message_has_its_sender_its_time_and_its_text() {
        assert_eq!(
            shown("?joe", "192.0.2.7", "jane", b"see 12:30, ok?"),
            "\r\n\x07Message from ?joe@192.0.2.7 to jane at 09:05\r\n| see 12:30, ok?\r\n"
        );
        assert_eq!(
            shown(
                "j\to\u{202e}e",
                "h\x1b[2J",
                "j\r\nane",
                b"\x9b2J\x07\xc3\xa4\tx\x7f"
            ),
            "\r\n\x07Message from j^Io\\u{202e}e@h^[[2J to j^M^Jane at 09:05\r\n| \\x9b2J^G\u{e4}\tx^?\r\n"
        );
    }

    #[test]
    fn a_name_has_an_end() {
        let long = "ä".repeat(64);
        assert_eq!(name(long.as_bytes()), long);
        assert_eq!(name(format!("{long}b").as_bytes()), format!("{long}…"));
        // What stands there in place of a character counts as it is seen.
        assert_eq!(name(&[0x1b; 40]), "^[".repeat(32) + "…");
    }

    proptest! {
        #[test]
        fn no_control_character_comes_from_a_stranger(
            names: [String; 3],
            text in prop_oneof![
                any::<Vec<u8>>(),
                "[\\x00-\\x1f\\x7f-\\u{9f}\\u{2028}-\\u{202e}\\u{2066}-\\u{2069}a:\t]*".prop_map(String::into_bytes),
            ],
        ) {
            let [from, host, user] = &names;
            let whole = shown(from, host, user, &text);
            let inner = whole.strip_prefix("\r\n\x07").and_then(|rest| rest.strip_suffix("\r\n"));
            let (head, text) = inner.and_then(|inner| inner.split_once("\r\n")).unwrap();
            prop_assert!(!head.contains('\t'), "{whole:?}");
            for c in head.chars().chain(text.chars()) {
                let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                prop_assert!(!turns && (c == '\t' || !c.is_control()), "{whole:?}");
            }
        }
    }
}
