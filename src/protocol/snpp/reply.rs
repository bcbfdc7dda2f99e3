//! The replies of SNPP: reading them from a stream of bytes, whatever a
//! server makes of the rules, in bounded memory.
//!
//! Answers for: line ends, several replies in one segment, one reply in
//! several, `214` series, `NNN-` continuation, unnumbered lines. Must never
//! know which command a reply answers. Source: RFC 1861 section 4.

use std::fmt;
use std::ops::Range;

use crate::outcome::with_code;
use crate::protocol::Wire;
use crate::text::escape::printable;

/// A line longer than this is cut, and the rest of it dropped.
const MAX_LINE: usize = 4096;
/// The lines of one reply, and their bytes; more is an error.
const MAX_LINES: usize = 500;
const MAX_BYTES: usize = 64 * 1024;
/// Lines in a row without a reply code; more is an error.
const MAX_UNNUMBERED: usize = 50;

/// The class of a reply: what a client does about it (RFC 1861 section 4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// 2, 8, 9: done, go on.
    Done,
    /// 3: send the message now.
    SendMore,
    /// 4: failed, and the server is closing.
    Closing,
    /// 5, 7: failed, and the session stays up.
    Failed,
    /// 0, 1, 6: SNPP has no such replies.
    Undefined,
}

/// One whole reply.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// The code of its last line.
    pub code: u16,
    /// What stands behind the code in its last line, as received.
    pub text: Vec<u8>,
    /// The texts of the lines before the last: of a `214` series, or of `NNN-` lines.
    pub info: Vec<Vec<u8>>,
}

impl Reply {
    /// What a client does about it.
    pub fn class(&self) -> Class {
        match self.code / 100 {
            2 | 8 | 9 => Class::Done,
            3 => Class::SendMore,
            4 => Class::Closing,
            5 | 7 => Class::Failed,
            _ => Class::Undefined,
        }
    }

    /// The last line's text, safe to print.
    pub fn shown_text(&self) -> String {
        printable(&self.text)
    }

    /// The last line whole, `250 Message OK`, safe to print.
    pub fn shown(&self) -> String {
        with_code(self.code, &self.shown_text())
    }

    /// Does this reply to HELP say that commands may be written before the
    /// replies to earlier ones have come? No RFC has this; a line of the
    /// `214` series with the word `PIPELINING` says so.
    pub fn lists_pipelining(&self) -> bool {
        let is_separator = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'*';
        let mut words = self.info.iter().flat_map(|line| line.split(is_separator));
        words.any(|word| word.eq_ignore_ascii_case(b"PIPELINING"))
    }

    /// Message tag and pass code of a reply to a two-way SEND (RFC 1861
    /// section 4.6.6). `880 Message Delivered` has none: both have digits.
    pub fn tag(&self) -> Option<(String, String)> {
        if !matches!(self.code / 100, 8 | 9) {
            return None;
        }
        let text = self.shown_text();
        let mut words = text.split_ascii_whitespace();
        let (tag, pass) = words.next().zip(words.next())?;
        let has_digit = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
        (has_digit(tag) && has_digit(pass)).then(|| (tag.to_owned(), pass.to_owned()))
    }
}

/// Why the bytes of a server are no reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyError {
    /// Too many lines in a row without a reply code.
    Unnumbered,
    /// A reply with too many lines, or too many bytes.
    Endless,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnumbered => {
                write!(
                    f,
                    "the server sent {MAX_UNNUMBERED} lines without a reply code"
                )
            }
            Self::Endless => write!(f, "the server sent a reply without end"),
        }
    }
}

/// Cuts a stream of bytes into replies.
#[derive(Debug, Default)]
pub struct Reader {
    pending: Vec<u8>,
    /// How many bytes of `pending` were looked at for a line end.
    scanned: usize,
    reply: Reply,
    lines: usize,
    bytes: usize,
    unnumbered: usize,
    /// The first line that had no reply code, and was not blank.
    strange: Option<Vec<u8>>,
}

impl Reader {
    /// Takes bytes from the line. Call [`Reader::next`] until it has none.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Are there bytes of a further reply, whole or in part?
    pub fn has_more(&self) -> bool {
        !self.pending.is_empty() || self.lines > 0
    }

    /// May what has come so far be a server's announcement that it closes?
    pub fn may_be_closing(&self) -> bool {
        self.lines == 0 && self.pending.first().is_none_or(|byte| *byte == b'4')
    }

    /// The first line of all that was no reply.
    pub fn strange(&self) -> Option<&[u8]> {
        self.strange.as_deref()
    }

    /// The next reply, and what of it a trace should show, line by line.
    /// `None`: more bytes are needed.
    pub fn next(&mut self, heard: &mut Vec<Wire>) -> Option<Result<Reply, ReplyError>> {
        while let Some(line) = self.line() {
            let taken = self.take(&line);
            heard.push(Wire::open(line));
            match taken {
                Ok(None) => {}
                Ok(Some(reply)) => return Some(Ok(reply)),
                Err(error) => return Some(Err(error)),
            }
        }
        (self.bytes > MAX_BYTES).then_some(Err(ReplyError::Endless))
    }

    /// The next line without its end: up to LF, trailing CRs removed.
    fn line(&mut self) -> Option<Vec<u8>> {
        let unseen = self.pending.get(self.scanned..).unwrap_or_default();
        let Some(at) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.drop_overlong();
            return None;
        };
        // In lock-step nothing is left, and nothing is copied.
        let rest = self.pending.split_off(self.scanned + at + 1);
        let mut line = std::mem::replace(&mut self.pending, rest);
        self.scanned = 0;
        self.bytes += line.len();
        line.pop();
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        line.truncate(MAX_LINE);
        Some(line)
    }

    /// Keeps a line without end from filling the memory: its bytes are
    /// counted, and only its beginning is kept.
    fn drop_overlong(&mut self) {
        if self.pending.len() > MAX_LINE {
            self.bytes += self.pending.len() - MAX_LINE;
            self.pending.truncate(MAX_LINE);
        }
        self.scanned = self.pending.len();
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        self.lines += 1;
        if self.lines > MAX_LINES || self.bytes > MAX_BYTES {
            return Err(ReplyError::Endless);
        }
        let Some((code, mark, text)) = split(line) else {
            self.unnumbered += 1;
            if self.strange.is_none() && !line.trim_ascii().is_empty() {
                self.strange = Some(line.to_vec());
            }
            if self.unnumbered >= MAX_UNNUMBERED {
                return Err(ReplyError::Unnumbered);
            }
            return Ok(None);
        };
        self.unnumbered = 0;
        if code == 214 || mark == Some(b'-') {
            self.reply.info.push(text.to_vec());
            return Ok(None);
        }
        let mut reply = std::mem::take(&mut self.reply);
        reply.code = code;
        reply.text = text.to_vec();
        self.lines = 0;
        self.bytes = 0;
        Ok(Some(reply))
    }
}

/// Code, the character behind it, and text. `None`: the line has no reply code.
fn split(line: &[u8]) -> Option<(u16, Option<u8>, &[u8])> {
    let (head, rest) = line.split_at_checked(3)?;
    let code = head.iter().try_fold(0_u16, |code, digit| {
        digit
            .is_ascii_digit()
            .then(|| code * 10 + u16::from(digit - b'0'))
    })?;
    match rest.split_first() {
        None => Some((code, None, rest)),
        Some((mark @ (b' ' | b'-' | b'\t'), text)) => Some((code, Some(*mark), text)),
        Some(_) => None,
    }
}

/// Where the pass code stands in a reply to a two-way SEND, `860 TAG PASS …`.
pub fn pass_code(line: &[u8]) -> Option<Range<usize>> {
    let mut words = word_ranges(line);
    let _code = words.next()?;
    let _tag = words.next()?;
    words.next()
}

fn word_ranges(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = line.get(at..)?;
        let start = at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let word = line.get(start..)?;
        let end = start
            + word
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(word.len());
        at = end;
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Result<Reply, ReplyError>> {
        let mut reader = Reader::default();
        reader.push(bytes);
        let mut heard = Vec::new();
        std::iter::from_fn(|| reader.next(&mut heard))
            .take(1000)
            .collect()
    }

    fn codes(bytes: &[u8]) -> Vec<u16> {
        read(bytes)
            .into_iter()
            .map(|reply| reply.unwrap().code)
            .collect()
    }

    #[test]
    fn line_ends_and_missing_texts_are_forgiven() {
        assert_eq!(
            codes(b"220 a\r\n250\n250 \r\r\n221 b\r\n"),
            [220, 250, 250, 221]
        );
        assert_eq!(read(b"250 part"), []);
        assert_eq!(read(b"250\r\n")[0].as_ref().unwrap().shown(), "250");
    }

    #[test]
    fn a_series_ends_with_another_code() {
        let replies = read(b"214 one\r\n214 two\r\n250 end\r\n220-a\r\n220 b\r\n");
        let help = replies[0].as_ref().unwrap();
        assert_eq!((help.code, help.info.len()), (250, 2));
        let greeting = replies[1].as_ref().unwrap();
        assert_eq!(greeting.shown(), "220 b");
        assert_eq!(greeting.info, [b"a"]);
    }

    #[test]
    fn unnumbered_lines_are_skipped_but_not_for_ever() {
        assert_eq!(codes(b"hello\r\n\r\n2501 no\r\n250 ok\r\n"), [250]);
        let junk = b"junk\n".repeat(MAX_UNNUMBERED);
        assert_eq!(read(&junk)[0], Err(ReplyError::Unnumbered));
    }

    #[test]
    fn nothing_endless_fills_the_memory() {
        let series = b"214 x\r\n".repeat(MAX_LINES + 1);
        assert_eq!(read(&series)[0], Err(ReplyError::Endless));
        let mut reader = Reader::default();
        let mut heard = Vec::new();
        let mut result = None;
        for _ in 0..100 {
            reader.push(&[b'x'; 4096]);
            result = reader.next(&mut heard);
            if result.is_some() {
                break;
            }
        }
        assert_eq!(result, Some(Err(ReplyError::Endless)));
        assert!(reader.pending.capacity() < 64 * 1024);
    }

    #[test]
    fn a_long_line_is_cut_and_its_reply_stands() {
        let mut line = b"220 ".to_vec();
        line.extend([b'x'; 6000]);
        line.extend(b"\r\n250 next\r\n");
        let replies = read(&line);
        assert_eq!(replies[0].as_ref().unwrap().text.len(), MAX_LINE - 4);
        assert_eq!(replies[1].as_ref().unwrap().code, 250);
    }

    #[test]
    fn classes_follow_the_first_digit() {
        for (code, class) in [
            (250, Class::Done),
            (860, Class::Done),
            (960, Class::Done),
            (354, Class::SendMore),
            (421, Class::Closing),
            (550, Class::Failed),
            (750, Class::Failed),
            (199, Class::Undefined),
            (600, Class::Undefined),
        ] {
            assert_eq!(
                Reply {
                    code,
                    ..Reply::default()
                }
                .class(),
                class
            );
        }
    }

    #[test]
    fn a_tag_keeps_its_zeros_and_words_are_none() {
        let tag = |code, text: &str| {
            let text = text.as_bytes().to_vec();
            Reply {
                code,
                text,
                ..Reply::default()
            }
            .tag()
        };
        assert_eq!(
            tag(860, "00321 1234 Delivered"),
            Some(("00321".into(), "1234".into()))
        );
        assert_eq!(tag(880, "Message Delivered"), None);
        assert_eq!(tag(250, "00321 1234 Sent"), None);
    }

    #[test]
    fn pipelining_is_a_word_of_help() {
        let help = |line: &str| Reply {
            info: vec![b"PAGE MESS".to_vec(), line.as_bytes().to_vec()],
            ..Reply::default()
        };
        for line in [
            "PIPELINING",
            "Extensions: pipelining, more",
            "x;PIPELINING.",
        ] {
            assert!(help(line).lists_pipelining(), "{line}");
        }
        // An asterisk marks what is known and not implemented.
        for line in ["", "PIPELINING*", "XPIPELINING", "PIPELINE"] {
            assert!(!help(line).lists_pipelining(), "{line}");
        }
    }

    #[test]
    fn the_pass_code_is_found_for_masking() {
        assert_eq!(pass_code(b"860 00321 1234 Delivered"), Some(10..14));
        assert_eq!(pass_code(b"250 Sent"), None);
    }
}
