//! Encoded words (RFC 2047) in a text: ASCII for what is none.
//!
//! Answers for every character that is in one, as senders write them: in the wrong
//! charset, unpadded, cut in the middle of a character. What cannot be decoded
//! stays as it is. Must never know what the text is for.

use mail_parser::decoders::base64::base64_decode;

use super::charset::to_text;
use super::transfer;

/// An encoded word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    charset: &'t str,
    is_base64: bool,
    text: &'t str,
}

impl<'t> Word<'t> {
    /// The one that a text begins with, and what stands behind it.
    pub(super) fn read(text: &'t str) -> Option<(Self, &'t str)> {
        let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
        let (encoding, rest) = rest.split_once('?')?;
        let is_base64 = match encoding {
            "B" | "b" => true,
            "Q" | "q" => false,
            _ => return None,
        };
        if charset.is_empty() || !charset.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (text, rest) = rest.split_at_checked(end(rest)?)?;
        let word = Self {
            // RFC 2231, 5: its language may stand behind it.
            charset: charset.split_once('*').map_or(charset, |(name, _)| name),
            is_base64,
            text,
        };
        Some((word, rest.strip_prefix("?=")?))
    }

    /// What is encoded in it, as it stands there.
    pub(super) fn text(self) -> &'t str {
        self.text
    }

    fn bytes(self) -> Option<Vec<u8>> {
        let text = self.text.as_bytes();
        if !self.is_base64 {
            return Some(unquoted(text));
        }
        // Less than a byte is none.
        base64_decode(text).filter(|bytes| text.is_empty() || !bytes.is_empty())
    }
}

/// Where the text of a word ends. Another word that begins in front of that tells
/// that it does not end.
fn end(text: &str) -> Option<usize> {
    let is_mark = |at: &usize| {
        let around = text.split_at_checked(*at);
        around.is_some_and(|(front, behind)| front.ends_with('=') || behind.starts_with("?="))
    };
    let mut marks = text.match_indices('?').map(|(at, _)| at);
    marks
        .find(is_mark)
        .filter(|at| text.get(*at..).is_some_and(|end| end.starts_with("?=")))
}

/// The bytes of a text in the encoding Q. A `=` that escapes nothing is one.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, behind)) = rest.split_first() {
        let (byte, behind) = match first {
            b'=' => transfer::escaped(behind).unwrap_or((b'=', behind)),
            b'_' => (b' ', behind),
            byte => (*byte, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

/// What was decoded of words that follow each other, in one charset: a character
/// may begin in one and end in the next.
#[derive(Default)]
struct Run<'t> {
    charset: &'t str,
    bytes: Vec<u8>,
}

impl<'t> Run<'t> {
    fn add(&mut self, charset: &'t str, bytes: &[u8], decoded: &mut String) {
        // ISO 2022: with an escape it begins anew, and the decoder wants nothing before.
        if bytes.starts_with(b"\x1b") || !self.charset.eq_ignore_ascii_case(charset) {
            self.end(decoded);
        }
        self.charset = charset;
        self.bytes.extend_from_slice(bytes);
    }

    fn end(&mut self, decoded: &mut String) {
        decoded.push_str(&to_text(Some(self.charset), &self.bytes));
        *self = Self::default();
    }
}

/// The text with all its encoded words decoded. Blanks between two of them go.
pub(super) fn decode(text: &str) -> String {
    let (mut decoded, mut run) = (String::with_capacity(text.len()), Run::default());
    let mut rest = text;
    while let Some((plain, word)) = rest.find("=?").and_then(|at| rest.split_at_checked(at)) {
        let found = Word::read(word);
        let found = found.and_then(|(word, behind)| Some((word, word.bytes()?, behind)));
        let is_between =
            found.is_some() && !run.charset.is_empty() && plain.trim_ascii().is_empty();
        if !is_between {
            run.end(&mut decoded);
            decoded.push_str(plain);
        }
        if let Some((word, bytes, behind)) = found {
            run.add(word.charset, &bytes, &mut decoded);
            rest = behind;
        } else {
            decoded.push_str("=?");
            rest = word.strip_prefix("=?").unwrap_or_default();
        }
    }
    run.end(&mut decoded);
    decoded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (written, text) in [
            ("=?utf-8?B?aGVsbG8=?=", "hello"),
            ("=?utf-8?B?aGVsbG8?=", "hello"),
            ("=?utf-8?b?aGVs bG8==?=", "hello"),
            ("=?utf-8?B?aGVsb?=", "hel"),
            ("=?US-ASCII*en?Q?Gr=C3=BC?=", "Grü"),
            ("=?us-ascii?Q?Gr=FC?=", "Grü"),
            ("=?utf-8?Q?50%_=3D_=_x?=", "50% = = x"),
            ("=?utf-8?Q?=C3=BC=ZZ?=", "ü=ZZ"),
            ("=?utf-8?q?a=?=", "a="),
            ("=?utf-8?q?=c3=bc?_x?=", "ü? x"),
            ("=?utf-8?q?Disk full?=", "Disk full"),
            ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
            ("=?utf-8?q??=x", "x"),
            ("[=?utf-8?q?a?=]=?utf-8?q?b?=c", "[a]bc"),
        ] {
            assert_eq!(decode(written), text, "{written}");
        }
    }

    #[test]
    fn words_that_follow_each_other_are_one_text() {
        for (written, text) in [
            ("=?utf-8?B?8J+U?= =?utf-8?B?pQ==?=", "🔥"),
            ("=?utf-8?Q?=F0=9F=94?=\n\t=?UTF-8?B?pQ==?=", "🔥"),
            ("=?utf-8?q?a?= =?iso-8859-1?q?=FC?==?utf-8?q?b?=", "aüb"),
            ("=?utf-8?q?a?= b =?utf-8?q?c?= d", "a b c d"),
            (
                "=?iso-2022-jp?b?GyRCJU8bKEI=?= =?iso-2022-jp?b?GyRCJW0bKEI=?=",
                "ハロ",
            ),
            (
                "=?utf-8?q?=F0=9F?= x =?utf-8?q?=94=A5?=",
                "\u{fffd} x \u{fffd}\u{fffd}",
            ),
        ] {
            assert_eq!(decode(written), text, "{written}");
        }
    }

    #[test]
    fn what_is_no_word_stays() {
        for text in [
            "",
            "a =? b ?=",
            "=?utf-8?x?a?=",
            "=??q?a?=",
            "=?a b?q?a?=",
            "=?utf-8?q?a",
            "=?utf-8?q?a? =",
            "=?utf-8?b?***?=",
            "=?utf-8?b?a?=",
        ] {
            assert_eq!(decode(text), text);
        }
        assert_eq!(decode("=?=?utf-8?q?a?="), "=?a");
        assert_eq!(decode("=?utf-8?q?a =?utf-8?q?=C3=BC?="), "=?utf-8?q?a ü");
        assert_eq!(decode("=?utf-8?q?a?= =?utf-8?b?*?="), "a =?utf-8?b?*?=");
    }
}
