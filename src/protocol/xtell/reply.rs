//! What a server says to a message: a code of three digits and a text.
//!
//! Answers for what each code makes of the message. The first digit decides,
//! 2 or 4; anything else is no reply of xtell.

use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::text::escape::printable;

/// A reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// From 0 to 999.
    pub code: u16,
    /// For people; safe to print.
    pub text: String,
}

impl Reply {
    /// Reads a line without its end. `None`: it has no code.
    pub fn read(line: &[u8]) -> Option<Self> {
        let (code, text) = line.split_at_checked(3)?;
        if !code.iter().all(u8::is_ascii_digit) || text.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        Some(Self {
            code: std::str::from_utf8(code).ok()?.parse().ok()?,
            text: printable(text.trim_ascii()),
        })
    }

    /// Did the server take the message?
    pub fn is_good(&self) -> bool {
        self.code / 100 == 2
    }

    /// Is this a word of the protocol?
    pub fn is_known(&self) -> bool {
        matches!(self.code / 100, 2 | 4)
    }

    /// What became of the message.
    pub fn fate(self) -> Fate {
        let (outcome, exit) = match self.code {
            200..=299 => (Outcome::Sent, Exit::Ok),
            403 => (Outcome::Refused, Exit::NoUser),
            404 | 405 => (Outcome::Refused, Exit::NoPermission),
            400..=499 if self.code != 406 => (Outcome::Temporary, Exit::TempFail),
            _ => (Outcome::Refused, Exit::Protocol),
        };
        Fate::new(outcome, exit, self.text).with_code(self.code)
    }
}

/// Said where nothing can be delivered.
pub const UNAVAILABLE: &[u8] = b"400 service unavailable\r\n";

/// What a server makes of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is on the terminal.
    Shown,
    /// Nobody of that name is logged in, or there is nobody of that name.
    NotLoggedIn,
    /// All of the user's terminals are closed to messages.
    Closed,
    /// The terminal that was named is not to be had.
    NoDevice,
    /// No terminal took it.
    Failed,
    /// The line is no message.
    Syntax,
    /// The line is too long.
    TooLong,
    /// Who sends it cannot be verified, and must be.
    Unverified,
    /// Who is logged in cannot be found out.
    Unavailable,
}

impl Verdict {
    /// Its three digits.
    pub fn code(self) -> String {
        self.wire().get(..3).map(printable).unwrap_or_default()
    }

    /// Its line, with the end. The words of 200 to 406 are those of PROTOCOL.
    pub fn wire(self) -> &'static [u8] {
        match self {
            Self::Shown => b"200 message sent\r\n",
            Self::NotLoggedIn => b"403 user is not currently logged in\r\n",
            Self::Closed => {
                b"404 user has indicated that s/he does not want to receive messages\r\n"
            }
            Self::NoDevice => b"405 error writing to specified device\r\n",
            Self::Failed => b"405 error writing to device\r\n",
            Self::Syntax => b"406 syntax error\r\n",
            Self::TooLong => b"402 message too long\r\n",
            Self::Unverified => b"400 sender cannot be verified\r\n",
            Self::Unavailable => UNAVAILABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[u8]) -> Option<(u16, String)> {
        Reply::read(line).map(|reply| (reply.code, reply.text))
    }

    #[test]
    fn a_code_has_three_digits() {
        let reply = |code, text: &str| Some((code, text.to_owned()));
        assert_eq!(read(b"200 message sent"), reply(200, "message sent"));
        assert_eq!(read(b"406"), reply(406, ""));
        assert_eq!(read(b"007\tx \x1b"), reply(7, "x ^["));
        assert_eq!(read(b"200\xff"), reply(200, r"\xff"));
        for line in [
            &b""[..],
            b"2",
            b"20",
            b"20 x",
            b"2000",
            b"2000 x",
            b"2xx",
            b"x200",
            b" 200",
            b"-20",
            b"+20 x",
            "\u{662}\u{660}\u{660}".as_bytes(),
        ] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }

    #[test]
    fn only_codes_of_the_protocol_are_a_verdict() {
        for code in 0..=999 {
            let reply = Reply {
                code,
                text: String::new(),
            };
            let known = reply.is_known();
            let good = reply.is_good();
            let fate = reply.fate();
            assert_eq!(
                known,
                (200..300).contains(&code) || (400..500).contains(&code)
            );
            assert_eq!(good, fate.outcome == Outcome::Sent, "{code}");
            assert_eq!(known && code != 406, fate.exit != Exit::Protocol, "{code}");
            assert_eq!(fate.code, Some(code));
        }
    }

    #[test]
    fn each_verdict_has_its_line_and_what_a_client_makes_of_it() {
        for (verdict, exit) in [
            (Verdict::Shown, Exit::Ok),
            (Verdict::NotLoggedIn, Exit::NoUser),
            (Verdict::Closed, Exit::NoPermission),
            (Verdict::NoDevice, Exit::NoPermission),
            (Verdict::Failed, Exit::NoPermission),
            (Verdict::Syntax, Exit::Protocol),
            (Verdict::TooLong, Exit::TempFail),
            (Verdict::Unverified, Exit::TempFail),
            (Verdict::Unavailable, Exit::TempFail),
        ] {
            let line = verdict.wire().strip_suffix(b"\r\n").unwrap();
            let reply = Reply::read(line).unwrap();
            assert_eq!(reply.is_good(), verdict == Verdict::Shown);
            assert_eq!(reply.fate().exit, exit, "{verdict:?}");
        }
    }
}
