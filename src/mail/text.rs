//! The text of a part: decoded, and tidied up for a pager.
//!
//! Answers for every byte that can be read being read: what cannot becomes U+FFFD.
//! Must never know where the part stood.

use super::{charset, html, transfer};

/// The line above a signature.
const SIGNATURE: &str = "-- ";

/// What a text is written in; what people read more easily goes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Shape {
    Plain,
    Html,
    /// Another kind of text, shown as it stands.
    Other,
    /// Bytes that nobody calls a text; they may be one.
    Perhaps,
}

/// How a part with a text is written.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) shape: Shape,
    /// `base64`, `quoted-printable`, `x-uuencode`, in small letters, or something that
    /// changes nothing.
    pub(super) encoding: String,
    pub(super) charset: Option<String>,
    /// A blank at the end of a line joins the next one to it, and goes (`DelSp`).
    pub(super) joins: bool,
}

impl Leaf {
    /// The text, tidied up: at most `room` bytes, and a few more where there are
    /// more; and whether a signature stands below it.
    pub(super) fn decode(&self, content: &[u8], room: usize) -> (String, bool) {
        let bytes = transfer::decode(&self.encoding, content);
        let named = self.charset.as_deref();
        let named = named.filter(|name| !charset::says_nothing(name));
        match self.shape {
            Shape::Perhaps if !is_text(&bytes) => (String::new(), false),
            Shape::Plain if self.joins => tidy(&join(&charset::to_text(named, &bytes)), room),
            Shape::Plain | Shape::Other | Shape::Perhaps => {
                tidy(&charset::to_text(named, &bytes), room)
            }
            Shape::Html => {
                let own = named.is_none().then(|| html::charset(&bytes)).flatten();
                let text = charset::to_text(named.or(own.as_deref()), &bytes);
                tidy(&html::to_text(&text), room)
            }
        }
    }
}

/// Could that be a text? What s-nail sends as bytes because of a NUL in it is one.
fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && !b"\0\t\n\x0c\r".contains(byte);
    let error = std::str::from_utf8(bytes).err();
    // The end of it may be missing.
    let is_utf8 = error.is_none_or(|error| error.error_len().is_none());
    is_utf8 && !bytes.iter().any(is_control)
}

/// The lines of a text as they were before its sender cut them (RFC 3676, with `DelSp`).
fn join(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let words = line.trim_end_matches(['\r', '\n']);
        if words == SIGNATURE && !joined.ends_with('\n') {
            joined.push('\n');
        }
        // What begins with a blank has got one more.
        let begin = usize::from(words.starts_with(' '));
        match words.strip_suffix(' ').filter(|_| words != SIGNATURE) {
            Some(words) => joined.push_str(words.get(begin..).unwrap_or_default()),
            None => joined.push_str(line.get(begin..).unwrap_or(line)),
        }
    }
    joined
}

/// The text without controls, its blanks one by one, without empty lines and
/// without a signature; and whether there was one. At most `room` bytes, and a
/// line more where there is more.
fn tidy(text: &str, room: usize) -> (String, bool) {
    let mut tidied = String::new();
    for line in text.split(['\n', '\u{2028}', '\u{2029}']) {
        if line.strip_suffix('\r').unwrap_or(line) == SIGNATURE {
            return (tidied, true);
        }
        if tidied.len() > room {
            break;
        }
        let start = tidied.len();
        for word in line.split(is_blank) {
            let end = tidied.len();
            tidied.extend(word.chars().filter(|c| is_shown(*c)).take(room));
            if end > start && tidied.len() > end {
                tidied.insert(end, ' ');
            }
            if tidied.len() > room {
                break;
            }
        }
        if start > 0 && tidied.len() > start {
            tidied.insert(start, '\n');
        }
    }
    (tidied, false)
}

/// A text of a header as one line.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c| is_blank(c) || matches!(c, '\u{2028}' | '\u{2029}'));
    let words = words.map(|word| word.chars().filter(|c| is_shown(*c)).collect::<String>());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Blanks of all kinds: one that must not break is none to a pager.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t' | '\r' | '\n' | '\u{b}' | '\u{c}' | ' ' | '\u{85}' | '\u{a0}'
    )
}

/// Not a control, nor one of those that only fill a line.
fn is_shown(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}')
}
