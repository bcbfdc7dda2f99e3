//! One message of a dialogue: `FROM:USER:DEVICE:TEXT`.
//!
//! Answers for the first three colons being those that separate, and for
//! nothing becoming a line that would be read as something else. Must never
//! know who anybody is.

use std::fmt;

/// A message, as it stands on the line: any bytes, UTF-8 advised.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Message {
    /// Who sends it, by his own account; may be empty.
    pub from: Vec<u8>,
    /// The login that it is for; empty where the server is to choose.
    pub user: Vec<u8>,
    /// The terminal that it is for; usually empty: the server chooses.
    pub device: Vec<u8>,
    /// What it says; may have colons in it.
    pub text: Vec<u8>,
}

/// Why something cannot be a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadMessage {
    /// A field other than the text has a colon in it.
    Colon(&'static str),
    /// A field has a CR, LF or NUL in it.
    Control(&'static str),
    /// The text is empty.
    Empty,
}

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Colon(field) => write!(f, "the {field} has a colon in it"),
            Self::Control(field) => write!(f, "the {field} has a CR, LF or NUL in it"),
            Self::Empty => f.write_str("the message is empty"),
        }
    }
}

impl std::error::Error for BadMessage {}

impl Message {
    /// Reads a line without its end. `None`: it is no message.
    pub fn read(line: &[u8]) -> Option<Self> {
        let mut fields = line.splitn(4, |byte| *byte == b':').map(<[u8]>::to_vec);
        let (from, user) = (fields.next()?, fields.next()?);
        let (device, text) = (fields.next()?, fields.next()?);
        let message = Self {
            from,
            user,
            device,
            text,
        };
        // What a text has in it is for whoever shows it.
        let is_clean = [&message.from, &message.user, &message.device]
            .into_iter()
            .all(|field| !has_control(field));
        (is_clean && !message.text.is_empty()).then_some(message)
    }

    /// The line, with its end, as a server reads it back. Fails where it would
    /// read something else.
    pub fn wire(&self) -> Result<Vec<u8>, BadMessage> {
        let fields = [
            ("sender", &self.from),
            ("user", &self.user),
            ("terminal", &self.device),
        ];
        let mut line = Vec::new();
        for (name, field) in fields {
            if field.contains(&b':') {
                return Err(BadMessage::Colon(name));
            }
            if has_control(field) {
                return Err(BadMessage::Control(name));
            }
            line.extend_from_slice(field);
            line.push(b':');
        }
        if self.text.is_empty() {
            return Err(BadMessage::Empty);
        }
        if has_control(&self.text) {
            return Err(BadMessage::Control("message"));
        }
        line.extend_from_slice(&self.text);
        line.extend_from_slice(b"\r\n");
        Ok(line)
    }
}

fn has_control(field: &[u8]) -> bool {
    field.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(from: &str, user: &str, device: &str, text: &str) -> Message {
        Message {
            from: from.into(),
            user: user.into(),
            device: device.into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_message_is_read_as_it_was_written() {
        for message in [
            message("joe", "jane", "pts/3", "see 12:30, ok?"),
            message("", "", "", ":"),
            message("QUIT", "", "", " "),
            message("j\u{f6}e", "jane", "", "\t\u{20ac}\x1b"),
        ] {
            let line = message.wire().unwrap();
            let line = line.strip_suffix(b"\r\n").unwrap();
            assert_eq!(Message::read(line), Some(message));
        }
    }

    #[test]
    fn what_would_be_read_as_something_else_is_not_written() {
        for (message, error) in [
            (message("j:", "", "", "x"), BadMessage::Colon("sender")),
            (message("", "j:k", "", "x"), BadMessage::Colon("user")),
            (message("", "", ":", "x"), BadMessage::Colon("terminal")),
            (message("\n", "", "", "x"), BadMessage::Control("sender")),
            (message("", "j\r", "", "x"), BadMessage::Control("user")),
            (message("", "", "\0", "x"), BadMessage::Control("terminal")),
            (
                message("", "", "", "x\nQUIT"),
                BadMessage::Control("message"),
            ),
            (message("", "", "", "\r"), BadMessage::Control("message")),
            (message("", "", "", "\0"), BadMessage::Control("message")),
            (message("joe", "jane", "pts/3", ""), BadMessage::Empty),
        ] {
            assert_eq!(message.wire(), Err(error), "{message:?}");
        }
    }

    #[test]
    fn three_colons_and_a_text_make_a_message() {
        for line in [
            &b""[..],
            b"a",
            b"a:b:c",
            b":::",
            b"a:b:c:",
            b"\r:b:c:x",
            b"a:\0:c:x",
            b"a:b:\n:x",
        ] {
            assert_eq!(Message::read(line), None, "{line:?}");
        }
        let found = Message::read(b":::x\r\0:").unwrap();
        assert_eq!(found.text, b"x\r\0:");
    }
}
