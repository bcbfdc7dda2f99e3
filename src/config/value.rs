//! The values of the configuration: what a string has to be, to be one.
//!
//! A wrong value is an error of its type, so the parser knows its line. Must
//! never know which key a value belongs to.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::duration;
use crate::rate::Rate;
use crate::text::host::host_and_port;
use crate::text::shape::{MAX_NAME, is_name};

/// The name of a pager, group, route or device; see [`is_name`].
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Name(String);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_name(&text) {
            return Ok(Self(text));
        }
        Err(format!(
            "{text:?} is no name: letters, digits and . _ + @ - behind the first, at most {MAX_NAME}"
        ))
    }
}

/// A text of one line, not empty and without control characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line(String);

impl Line {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Line {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("an empty text".to_owned());
        }
        if text.contains(char::is_control) {
            return Err(format!("{text:?} has control characters"));
        }
        Ok(Self(text))
    }
}

/// A text of one word: a host with its port, a pager ID. It may end in an argv,
/// so it begins with no `-`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Word(String);

impl Word {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Line(text) = text.try_into()?;
        if text.contains(char::is_whitespace) {
            return Err(format!("{text:?} has blanks"));
        }
        if text.starts_with('-') {
            return Err(format!("{text:?} begins with a -"));
        }
        Ok(Self(text))
    }
}

/// A host, with or without a port; see [`host_and_port`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Host(String);

impl Host {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        host_and_port(&text)?;
        Ok(Self(text))
    }
}

/// A host without a port, as a browser names the one that it asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerName(Host);

impl ServerName {
    /// Is it this one, with or without a port, and with or without the dot of the root?
    pub fn is(&self, asked: &str) -> bool {
        let host = |text| host_and_port(text).map(|(host, _)| host.trim_end_matches('.'));
        let (ours, asked) = (host(self.0.as_str()), host(asked));
        ours.is_ok_and(|ours| asked.is_ok_and(|asked| ours.eq_ignore_ascii_case(asked)))
    }
}

impl TryFrom<String> for ServerName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if host_and_port(&text)?.1.is_some() {
            return Err(format!("{text:?} has a port: any port of a host is meant"));
        }
        Ok(Self(text.try_into()?))
    }
}

/// Senders of mail: an address, in which `*` stands for any text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Senders(String);

impl Senders {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Senders {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Line(text) = text.try_into()?;
        // It would be nobody's, and all mail would be sent back.
        if text.contains(|c: char| c.is_whitespace() || "<>,;\"".contains(c)) {
            return Err(format!(
                "{text:?} is no address alone, such as *@example.org"
            ));
        }
        Ok(Self(text))
    }
}

/// The path of a file, from the root on: nobody knows in which directory a
/// server is started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Absolute(PathBuf);

impl Absolute {
    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl TryFrom<String> for Absolute {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Line(text) = text.try_into()?;
        if text.starts_with('/') {
            return Ok(Self(text.into()));
        }
        Err(format!("{text:?} does not begin with a /"))
    }
}

/// A command line that is split into words and run without a shell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandLine(String);

impl CommandLine {
    /// The line, not split yet.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CommandLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Line(text) = text.try_into()?;
        match shell_words::split(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!("{text:?}: {error}")),
        }
    }
}

/// What is kept of a mail: a text in which `{from}`, `{address}`, `{subject}` and
/// `{text}` stand for the mail's own, and a doubled brace for itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(Vec<Piece>);

/// A piece of a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Stands for itself.
    Text(String),
    /// The sender's name, or else address.
    From,
    /// The sender's address.
    Address,
    /// The subject.
    Subject,
    /// The first text of the mail.
    Body,
}

impl Template {
    /// Its pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |why: &str| format!("{text:?}: {why}");
        if text.contains(|c: char| c.is_control() && c != '\n') {
            return Err(wrong("has control characters"));
        }
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let doubled = rest.as_str().starts_with(c);
            if matches!(c, '{' | '}') && doubled {
                rest.next();
                plain.push(c);
            } else if c == '{' {
                let Some((word, behind)) = rest.as_str().split_once('}') else {
                    return Err(wrong("a { without its }; {{ stands for one"));
                };
                rest = behind.chars();
                let piece = match word {
                    "from" => Piece::From,
                    "address" => Piece::Address,
                    "subject" => Piece::Subject,
                    "text" => Piece::Body,
                    _ => {
                        return Err(wrong(&format!(
                            "{{{word}}} is none of {{from}} {{address}} {{subject}} {{text}}"
                        )));
                    }
                };
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(piece);
            } else if c == '}' {
                return Err(wrong("a } without its {; }} stands for one"));
            } else {
                plain.push(c);
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        if !pieces.iter().any(|piece| !matches!(piece, Piece::Text(_))) {
            return Err(wrong("keeps nothing of a mail"));
        }
        Ok(Self(pieces))
    }
}

/// Reads a value inside of the parser's call, which is what gives an error its
/// line: `try_from` would see the item of a list too late for that.
pub(super) struct Text<T>(PhantomData<T>);

impl<T> Text<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: TryFrom<String, Error = String>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.to_owned().try_into().map_err(E::custom)
    }
}

macro_rules! read_from_text {
    ($($value:ty),+) => {$(
        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(Text::new())
            }
        }
    )+};
}

read_from_text!(
    Name,
    Line,
    Word,
    Host,
    Senders,
    ServerName,
    Absolute,
    CommandLine,
    Rate,
    Template
);

/// A list that is not empty. Never a string: `["prog", "arg"]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub struct Filled<T>(Vec<T>);

impl<T> Filled<T> {
    /// Its items, at least one.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    pub(super) fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> TryFrom<Vec<T>> for Filled<T> {
    type Error = String;

    fn try_from(list: Vec<T>) -> Result<Self, String> {
        if list.is_empty() {
            return Err("an empty list".to_owned());
        }
        Ok(Self(list))
    }
}

/// A time to wait, at most a day: `"10m"`, or a number of seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delay(pub Duration);

/// How long something may take: at most a day, and not no time at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit(pub Duration);

/// A time to live, at most a year, and not none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetime(pub Duration);

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(Span)?;
        duration::up_to_a_day(&text)
            .map(Self)
            .map_err(|error| D::Error::custom(quoted(&text, &error)))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(Span)?;
        duration::limit(&text)
            .map(Self)
            .map_err(|error| D::Error::custom(quoted(&text, &error)))
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = from.deserialize_any(Span)?;
        let wrong = |error: &str| D::Error::custom(quoted(&text, error));
        match duration::up_to_a_year(&text).map_err(|error| wrong(&error))? {
            Duration::ZERO => Err(wrong("no time at all: everything would be too old")),
            time => Ok(Self(time)),
        }
    }
}

fn quoted(text: &str, error: &str) -> String {
    format!("{text:?}: {error}")
}

/// A duration as it is written, not read yet: a string, or a number of seconds.
struct Span;

impl Visitor<'_> for Span {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a duration such as \"10m\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<String, E> {
        Ok(seconds.to_string())
    }
}
