//! What the arguments of commands may look like. Whatever passes here can go
//! into a job, an environment or a log and stays what it is.

use crate::protocol::snpp::command::structured;
use crate::text::charset::utf8_or_latin1;
use crate::text::shape::{breaks_line, is_name};

/// The longest PIN and coverage area, in bytes.
const MAX_WORD: usize = 64;
/// The longest login, and the longest caller or subject, in bytes.
const MAX_LOGIN: usize = 255;
const MAX_LINE: usize = 255;
/// The longest text of a choice, in bytes.
const MAX_CHOICE: usize = 128;

/// The only word of an argument.
pub(super) fn only(argument: &[u8]) -> Option<&[u8]> {
    let mut words = structured(argument);
    match (words.next(), words.next()) {
        (Some(word), None) => Some(word),
        _ => None,
    }
}

/// A pager ID; see [`is_name`].
pub(super) fn pager(word: &[u8]) -> Option<String> {
    let word = std::str::from_utf8(word).ok()?;
    is_name(word).then(|| word.to_owned())
}

/// A PIN or a coverage area.
pub(super) fn token(word: &[u8]) -> Option<String> {
    one_word(word, MAX_WORD)
}

/// A login and the rest of its line, which is the password: blanks around it
/// do not count, blanks in it do.
pub(super) fn login(argument: &[u8]) -> Option<(String, Option<Vec<u8>>)> {
    let argument = argument.trim_ascii();
    let end = argument.iter().position(u8::is_ascii_whitespace);
    let (name, rest) = argument.split_at(end.unwrap_or(argument.len()));
    let password = rest.trim_ascii_start();
    let password = (!password.is_empty()).then(|| password.to_owned());
    Some((one_word(name, MAX_LOGIN)?, password))
}

/// A caller or a subject, as written.
pub(super) fn line(argument: &[u8]) -> Option<String> {
    one_line(utf8_or_latin1(argument), MAX_LINE)
}

/// A choice: one to four hexadecimal digits, and what they stand for.
pub(super) fn choice(argument: &[u8]) -> Option<(String, String)> {
    let argument = argument.trim_ascii_start();
    let end = argument.iter().position(u8::is_ascii_whitespace)?;
    let (code, text) = argument.split_at(end);
    let sound = matches!(code.len(), 1..=4) && code.iter().all(u8::is_ascii_hexdigit);
    let code = sound.then(|| code.iter().copied().map(char::from).collect())?;
    Some((code, one_line(utf8_or_latin1(text.get(1..)?), MAX_CHOICE)?))
}

/// A decimal number of at most three digits.
pub(super) fn number(word: &[u8]) -> Option<u16> {
    let sound = matches!(word.len(), 1..=3) && word.iter().all(u8::is_ascii_digit);
    sound.then(|| {
        word.iter()
            .fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
    })
}

/// Is that a message, with something in it to read? Its bytes are nobody's
/// affair but the sender's and the pager's. A CR inside a line is refused, as a
/// NUL is: no server further on could be trusted to see one line in it, so our
/// own clients will not send it.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    !bytes.trim_ascii().is_empty() && !bytes.contains(&b'\0') && !bytes.contains(&b'\r')
}

fn one_word(word: &[u8], longest: usize) -> Option<String> {
    let word = std::str::from_utf8(word).ok()?;
    let word = one_line(word.to_owned(), longest)?;
    (!word.contains(char::is_whitespace)).then_some(word)
}

/// Text that shows something and is one line.
fn one_line(text: String, longest: usize) -> Option<String> {
    let sound = text.len() <= longest && !text.trim().is_empty() && !text.contains(breaks_line);
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_id_is_a_name() {
        assert_eq!(pager(b"+49.30"), Some("+49.30".to_owned()));
        for id in [&b""[..], b"-o", b"caf\xe9"] {
            assert_eq!(pager(id), None, "{id:?}");
        }
    }

    #[test]
    fn a_login_is_a_word_and_a_password_the_rest() {
        let found = |line: &str| login(line.as_bytes());
        let pair = |name: &str, password: Option<&str>| {
            Some((
                name.to_owned(),
                password.map(|word| word.as_bytes().to_owned()),
            ))
        };
        assert_eq!(found("joe"), pair("joe", None));
        assert_eq!(found(" joe "), pair("joe", None));
        assert_eq!(found("joe  open sesame "), pair("joe", Some("open sesame")));
        for line in ["", "  ", "j\u{7}oe", "j\u{85}oe x"] {
            assert_eq!(found(line), None, "{line:?}");
        }
        let latin = Some(("joe".to_owned(), Some(b"caf\xe9".to_vec())));
        assert_eq!(login(b"joe caf\xe9"), latin);
        assert_eq!(login(b"j\xf6rg x"), None);
    }

    #[test]
    fn a_line_stays_as_it_was_written() {
        assert_eq!(line(b" two  blanks "), Some(" two  blanks ".to_owned()));
        assert_eq!(line(b"a\tb"), Some("a\tb".to_owned()));
        for bad in [
            "",
            " ",
            "\t",
            "a\rb",
            "a\0",
            "a\u{1b}b",
            "a\u{2028}b",
            "a\u{85}b",
        ] {
            assert_eq!(line(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(line(&[b'x'; 256]), None);
        assert_eq!(line(b"caf\xe9"), Some("café".to_owned()));
        assert_eq!(line(b"\x9b2J\xff"), None);
    }

    #[test]
    fn a_choice_is_a_code_and_a_text() {
        let found = |text: &str| choice(text.as_bytes());
        let pair = |code: &str, text: &str| Some((code.to_owned(), text.to_owned()));
        assert_eq!(
            found("01 In the West Pasture"),
            pair("01", "In the West Pasture")
        );
        assert_eq!(found(" 1E2C  Yes "), pair("1E2C", " Yes "));
        for bad in ["", "01", "01 ", "ZZ What", "12345 x", "01 a\u{7}"] {
            assert_eq!(found(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_message_is_any_text() {
        for text in [&b"x"[..], b" x ", b"caf\xe9", b"a\n\nb"] {
            assert!(is_message(text), "{text:?}");
        }
        for text in [&b""[..], b"\n\n", b" \t\n ", b"a\0", b"a\rb"] {
            assert!(!is_message(text), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_words() {
        assert_eq!(number(b"11"), Some(11));
        assert_eq!(number(b"007"), Some(7));
        for bad in ["", "+1", "-1", "1.0", "1000", "x"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(only(b" 1 "), Some(&b"1"[..]));
        assert_eq!(only(b"1 2"), None);
        assert_eq!(only(b""), None);
        assert_eq!(token(b"a;b=c"), Some("a;b=c".to_owned()));
        assert_eq!(token(b"a\x07"), None);
    }
}
