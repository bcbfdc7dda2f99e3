//! The headers of a mail, or of a part of one: found by name, decoded when asked for.
//!
//! Answers for bounds: of what is decoded, and may be gone over again and again.
//! Must never know what a header means to a reader.

use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};

use super::address::{self, Written};
use super::text::one_line;
use super::{charset, encoded};
use crate::text::split::MORE;

/// So much of a value is looked at; of one that tells the type of a part, less.
const MAX_VALUE: usize = 16 * 1024;
const MAX_TYPE: usize = 4096;

/// The headers in front of a body.
#[derive(Debug)]
pub(super) struct Headers<'m> {
    block: &'m [u8],
}

impl<'m> Headers<'m> {
    /// The headers, and what stands behind them. They end at an empty line, or in
    /// front of the first line that is no header: then the text begins there.
    pub(super) fn read(bytes: &'m [u8]) -> (Self, &'m [u8]) {
        let mut rest = bytes;
        // What a mailbox puts in front.
        while rest.starts_with(b"From ") || rest.starts_with(b">From ") {
            rest = split_line(rest).1;
        }
        let begin = rest;
        loop {
            let (line, behind) = split_line(rest);
            let length = begin.len() - rest.len();
            let goes_on = length > 0 && (line.starts_with(b" ") || line.starts_with(b"\t"));
            if trim_end(line).is_empty() || !(goes_on || name(line).is_some()) {
                let block = begin.get(..length).unwrap_or(begin);
                let body = match (trim_end(line).is_empty(), length) {
                    (true, _) => behind,
                    // Without a header, what seemed a mailbox's is text, too.
                    (false, 0) => bytes,
                    (false, _) => rest,
                };
                return (Self { block }, body);
            }
            rest = behind;
        }
    }

    /// The values of all headers of this name, in their order, as they stand there.
    pub(super) fn all(&self, wanted: &str) -> impl Iterator<Item = &'m [u8]> {
        let mut rest = self.block;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (head, behind) = split_header(rest);
                rest = behind;
                let found = name(head);
                if let Some((_, value)) =
                    found.filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()))
                {
                    return Some(value);
                }
            }
            None
        })
    }

    /// A header that is text, decoded, in one line: the first that says something, or
    /// else empty. One that is too long says so.
    pub(super) fn text(&self, name: &str) -> String {
        let mut texts = self.all(name).map(|value| {
            let begin = value.get(..MAX_VALUE).unwrap_or(value);
            let more = if begin.len() < value.len() { MORE } else { "" };
            one_line(&encoded::decode(&charset::guess(begin))) + more
        });
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The words that the headers of a name begin with, in small letters; empty where
    /// there is none.
    pub(super) fn words(&self, name: &str) -> impl Iterator<Item = String> {
        self.all(name).map(|value| {
            let mut words = value.split(|byte| byte.is_ascii_whitespace() || b";(".contains(byte));
            let word = words.find(|word| !word.is_empty()).unwrap_or_default();
            String::from_utf8_lossy(word).to_ascii_lowercase()
        })
    }

    /// The first of these.
    pub(super) fn word(&self, name: &str) -> String {
        self.words(name).next().unwrap_or_default()
    }

    /// The mailboxes of so many headers of a name; none where there is no such
    /// header. An empty one stands for those that are not looked at.
    pub(super) fn addresses(&self, name: &str, headers: usize) -> Vec<Written> {
        let (mut found, mut room) = (Vec::new(), MAX_VALUE);
        for value in self.all(name).take(headers) {
            let value = value.trim_ascii_end();
            let begin = value.get(..room).unwrap_or(value);
            found.extend(address::read(&charset::guess(begin)));
            if begin.len() < value.len() {
                found.push(Written::default());
                break;
            }
            room -= begin.len();
        }
        found
    }

    /// The value of a header such as `Content-Type`. Each character of it stands for a
    /// byte: of what charset that is nobody says.
    pub(super) fn content(&self, name: &str) -> Option<ContentType<'static>> {
        let value = self.all(name).next()?;
        let value = value.iter().take(MAX_TYPE).copied().map(char::from);
        // With the line end that the parser looks for.
        let value: String = value.chain(['\n']).collect();
        match MessageStream::new(value.as_bytes())
            .parse_content_type()
            .into_owned()
        {
            HeaderValue::ContentType(found) => Some(found),
            _ => None,
        }
    }
}

/// A line with its end, and what follows it.
pub(super) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let end = end.map_or(bytes.len(), |end| end + 1);
    bytes.split_at_checked(end).unwrap_or((bytes, b""))
}

/// A header with all the lines that it goes on in, and what follows it.
fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = split_line(bytes).1;
    while rest.starts_with(b" ") || rest.starts_with(b"\t") {
        rest = split_line(rest).1;
    }
    let length = bytes.len() - rest.len();
    bytes.split_at_checked(length).unwrap_or((bytes, b""))
}

/// The name of a header and its value; `None`: the line begins none.
fn name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| (name, value.get(1..).unwrap_or_default()))
}

/// The line without its end.
pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
