//! What a central says: the texts of its replies, and how they are put. Only
//! codes and control characters bind (TAP 1.8 sections 2 to 6).

use std::borrow::Cow;

use super::talk::{End, Verdict};
use crate::protocol::tap::code;
use crate::protocol::tap::control::{ACK, CR, EOT, ESC, NAK, RS};

/// Asks for a logon.
pub(super) const PROMPT: &[u8] = b"ID=";
/// A block of several was good.
pub(super) const GO_ON: &[u8] = &[ACK, CR];
/// The end of every call.
pub(super) const HANG_UP: &[u8] = &[ESC, EOT, CR];

/// The control characters that say what a reply comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    /// Accepted; for a logon, blocks may follow.
    Ack,
    Welcome,
    /// Say it again.
    Nak,
    /// Given up; the next transaction may come.
    Rs,
    /// The call is over.
    Over(End),
}

/// A message with its code, and what it comes to.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) text: Cow<'static, str>,
    pub(super) sign: Sign,
}

impl Reply {
    pub(super) fn new(code: u16, text: impl Into<Cow<'static, str>>, sign: Sign) -> Self {
        Self {
            code,
            text: text.into(),
            sign,
        }
    }

    /// Its bytes, from a central that sends codes and texts, or none.
    pub(super) fn wire(&self, words: bool) -> Vec<u8> {
        let mut bytes = if words {
            format!("{:03} {}\r", self.code, self.text).into_bytes()
        } else if matches!(self.sign, Sign::Over(_)) {
            Vec::new()
        } else {
            vec![CR]
        };
        bytes.extend_from_slice(match self.sign {
            Sign::Ack => GO_ON,
            Sign::Welcome => &[ACK, CR, ESC, b'[', b'p', CR],
            Sign::Nak => &[NAK, CR],
            Sign::Rs => &[RS, CR],
            Sign::Over(_) => HANG_UP,
        });
        bytes
    }
}

/// The reply to a page. `cut`: to so many characters.
pub(super) fn verdict(verdict: Verdict, cut: Option<usize>) -> Reply {
    let (code, text) = match verdict {
        Verdict::Accepted => {
            return match cut {
                None => Reply::new(code::ACCEPTED, "Page accepted", Sign::Ack),
                Some(most) => {
                    let text = format!("{most} character maximum, message truncated and sent");
                    Reply::new(code::TRUNCATED_TO, text, Sign::Ack)
                }
            };
        }
        Verdict::Full => (code::QUOTA, "Message quota temporarily exceeded"),
        Verdict::TryLater => (code::TRY_LATER, "Temporarily cannot deliver, try later"),
        Verdict::NoSuchPager => (code::NO_SUCH_PAGER, "Invalid pager ID"),
        Verdict::Refused => (code::FORMAT, "Message refused"),
        Verdict::Uncertain => (code::FORMAT, "Outcome unknown, may have been delivered"),
    };
    Reply::new(code, text, Sign::Rs)
}

/// The message is longer than it may be.
pub(super) fn too_long(most: usize) -> Reply {
    let text = format!("Message too long, at most {most} characters");
    Reply::new(code::TOO_LONG, text, Sign::Rs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_central_of_old_says_no_word() {
        let reply = |sign| Reply::new(514, "Checksum error", sign);
        for (sign, new, old) in [
            (Sign::Ack, "514 Checksum error\r\x06\r", "\r\x06\r"),
            (
                Sign::Welcome,
                "514 Checksum error\r\x06\r\x1b[p\r",
                "\r\x06\r\x1b[p\r",
            ),
            (Sign::Nak, "514 Checksum error\r\x15\r", "\r\x15\r"),
            (Sign::Rs, "514 Checksum error\r\x1e\r", "\r\x1e\r"),
            (
                Sign::Over(End::Blocks),
                "514 Checksum error\r\x1b\x04\r",
                "\x1b\x04\r",
            ),
        ] {
            assert_eq!(reply(sign).wire(true), new.as_bytes());
            assert_eq!(reply(sign).wire(false), old.as_bytes());
        }
    }
}
