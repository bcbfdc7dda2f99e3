//! The headers of a mail, or of a part of one: found by name, decoded when asked for.
//!
//! Answers for bounds: the parser that decodes a value may go over it again and
//! again. Must never know what a header means to a reader.

use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, ContentType, HeaderValue};

use super::Mailbox;
use super::text::one_line;
use crate::text::charset::utf8_or_latin1;
use crate::text::split::MORE;

/// So much of a value is looked at; of one that tells the type of a part, less.
const MAX_VALUE: usize = 16 * 1024;
const MAX_TYPE: usize = 1024;
/// No address of the net is longer, and what is no address is nobody's.
const MAX_ADDRESS: usize = 320;

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

    /// A header that is text, decoded, in one line; empty where there is none. One
    /// that is too long says so.
    pub(super) fn text(&self, name: &str) -> String {
        let value = self.all(name).next().unwrap_or_default();
        let more = if value.len() > MAX_VALUE { MORE } else { "" };
        let value = bounded(value, MAX_VALUE);
        match MessageStream::new(&value).parse_unstructured() {
            HeaderValue::Text(text) => one_line(&text) + more,
            _ => String::new(),
        }
    }

    /// The word that a header begins with, in small letters; empty where there is none.
    pub(super) fn word(&self, name: &str) -> String {
        let value = self.all(name).next().unwrap_or_default();
        let mut words = value.split(|byte| byte.is_ascii_whitespace() || b";(".contains(byte));
        let word = words.find(|word| !word.is_empty()).unwrap_or_default();
        String::from_utf8_lossy(word).to_ascii_lowercase()
    }

    /// The mailboxes of so many headers of a name; none where there is no such
    /// header. One without an address stands for those that are not looked at.
    pub(super) fn addresses(&self, name: &str, headers: usize) -> Vec<Mailbox> {
        let values = self.all(name).take(headers).map(<[u8]>::trim_ascii_end);
        let values = values.collect::<Vec<_>>().join(&b", "[..]);
        let value = bounded(&values, MAX_VALUE);
        let mut found = match MessageStream::new(&value).parse_address() {
            HeaderValue::Address(found) => found.iter().filter_map(mailbox).collect(),
            _ => Vec::new(),
        };
        if values.len() > MAX_VALUE {
            found.push(Mailbox::default());
        }
        found
    }

    /// The value of a header such as `Content-Type`.
    pub(super) fn content(&self, name: &str) -> Option<ContentType<'static>> {
        let value = bounded(self.all(name).next()?, MAX_TYPE);
        match MessageStream::new(&value).parse_content_type().into_owned() {
            HeaderValue::ContentType(found) => Some(found),
            _ => None,
        }
    }
}

/// So much of a value as a parser may have, with the line end that it looks for.
fn bounded(value: &[u8], most: usize) -> Vec<u8> {
    let value = value.get(..most).unwrap_or(value);
    let mut value = utf8_or_latin1(value).into_bytes();
    value.push(b'\n');
    value
}

fn mailbox(found: &Addr<'_>) -> Option<Mailbox> {
    let name = one_line(found.name().unwrap_or_default());
    let address = found.address().unwrap_or_default();
    if address.len() > MAX_ADDRESS {
        return Some(Mailbox {
            name,
            address: String::new(),
        });
    }
    let address: String = address
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    match (name.is_empty(), address.is_empty()) {
        (true, true) => None,
        // A bare word is a user of this host.
        (false, true) if !name.contains(' ') => Some(Mailbox {
            name: String::new(),
            address: name,
        }),
        _ => Some(Mailbox { name, address }),
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
