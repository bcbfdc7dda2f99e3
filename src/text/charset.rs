//! Between bytes, UTF-8 text and the ASCII that old networks carry.
//!
//! It must never refuse or hide a control character of ASCII: what a message
//! may contain is the protocol's business, and it looks afterwards.

use deunicode::AsciiChars as _;

/// The character set that a message is sent in (`--charset`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Charset {
    /// As it is
    #[default]
    Utf8,
    /// Transliterated, for networks that carry nothing else
    Ascii,
}

impl Charset {
    /// The text in this character set; see [`to_ascii`] for what that can change.
    pub fn apply(self, text: String) -> String {
        match self {
            Self::Utf8 => text,
            Self::Ascii if text.is_ascii() => text,
            Self::Ascii => to_ascii(&text),
        }
    }
}

/// The bytes as text, unchanged.
///
/// The error names the first byte, counted from 1, that is not UTF-8.
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        format!("not UTF-8 at byte {at}")
    })
}

/// The text of a stranger who names no charset: UTF-8, or else Latin-1, which
/// has a character for every byte and is what old senders write.
pub fn utf8_or_latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The text in ASCII letters: `ä` becomes `a`, `€` becomes `EUR`.
///
/// ASCII stays as it is, newline, tab and control characters included. A
/// character that has no transliteration becomes `?`; one that is invisible
/// (a combining mark, a joiner) goes.
pub fn to_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for (c, transliterated) in text.chars().zip(text.ascii_chars()) {
        match c {
            // deunicode drops control characters, and then nobody could refuse them.
            '\0'..='\x7f' => ascii.push(c),
            '\u{80}'..='\u{9f}' => ascii.push('?'),
            // deunicode makes newlines of these, in what was checked to be one line.
            '\u{2028}' | '\u{2029}' => ascii.push(' '),
            _ => ascii.push_str(transliterated.unwrap_or("?")),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wrong_byte_is_named() {
        assert_eq!(decode("ä".into()), Ok("ä".to_owned()));
        assert_eq!(
            decode(b"ab\xffc".to_vec()),
            Err("not UTF-8 at byte 3".to_owned())
        );
    }

    #[test]
    fn letters_are_transliterated_and_ascii_stays() {
        assert_eq!(
            to_ascii("Grüße, 5€ “now”…\n\t"),
            "Grusse, 5EUR \"now\"...\n\t"
        );
        assert_eq!(to_ascii("北京 x\u{e000}"), "Bei Jing x?");
        assert_eq!(to_ascii("ä\x1b\r\n\x7f"), "a\x1b\r\n\x7f");
    }

    #[test]
    fn a_strangers_text_is_read_either_way() {
        assert_eq!(utf8_or_latin1("café".as_bytes()), "café");
        assert_eq!(utf8_or_latin1(b"caf\xe9"), "café");
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(utf8_or_latin1(&all).chars().count(), 256);
    }

    #[test]
    fn utf8_is_left_alone() {
        assert_eq!(Charset::Utf8.apply("ä".into()), "ä");
        assert_eq!(Charset::Ascii.apply("ä".into()), "a");
        assert_eq!(Charset::default(), Charset::Utf8);
    }

    #[test]
    fn no_character_becomes_a_control_character() {
        for c in ('\u{80}'..=char::MAX).map(String::from) {
            let ascii = to_ascii(&c);
            assert!(
                ascii.bytes().all(|b| (b' '..=b'~').contains(&b)),
                "{c:?} gives {ascii:?}"
            );
        }
    }
}
