//! RFC 2217: what is asked of a serial line behind a server, and its answers.
//!
//! Answers for the words of option 44. Must never know when they are said.

use super::{COM_PORT, IAC, SB, SE};
use crate::transport::serial::Framing;

/// A server answers each command with the command's number and this.
const ANSWER: u8 = 100;

/// SET-CONTROL: flow control, and the signals.
const CONTROL: u8 = 5;
const XON_XOFF: u8 = 2;
const DTR_ON: u8 = 8;
const DTR_OFF: u8 = 9;

/// A setting that was asked for.
#[derive(Debug)]
struct Setting {
    name: &'static str,
    command: u8,
    value: Vec<u8>,
    /// What the server says that it is.
    answer: Option<Vec<u8>>,
}

/// How far the setting up has come.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// Not all has been answered.
    Open,
    /// The line is as it was asked for.
    Agreed,
    /// The server does not know the option.
    Refused,
    /// The line is otherwise.
    Other(String),
}

/// The far serial line.
#[derive(Debug)]
pub(super) struct Port {
    settings: Vec<Setting>,
    begun: bool,
    refused: bool,
}

impl Port {
    pub(super) fn new(baud: u32, framing: Framing) -> Self {
        let (bits, parity) = match framing {
            Framing::SevenEven => (7, 3),
            Framing::EightNone | Framing::EightEven => (8, 1),
        };
        let setting = |name, command, value: &[u8]| Setting {
            name,
            command,
            value: value.to_vec(),
            answer: None,
        };
        Self {
            settings: vec![
                setting("baud", 1, &baud.to_be_bytes()),
                setting("data size", 2, &[bits]),
                setting("parity", 3, &[parity]),
                setting("stop size", 4, &[1]),
                setting("flow control", CONTROL, &[XON_XOFF]),
            ],
            begun: false,
            refused: false,
        }
    }

    /// The server agreed: all that is asked for, once.
    pub(super) fn begin(&mut self) -> Vec<u8> {
        if std::mem::replace(&mut self.begun, true) {
            return Vec::new();
        }
        let settings = self.settings.iter();
        settings
            .flat_map(|setting| command(setting.command, &setting.value))
            .collect()
    }

    /// The server does not.
    pub(super) fn refuse(&mut self) {
        self.refused = true;
    }

    /// The server said this: the answer to a command, or news of the line,
    /// which nobody waits for.
    pub(super) fn hear(&mut self, words: &[u8]) {
        let Some((number, value)) = words.split_first() else {
            return;
        };
        let mut settings = self.settings.iter_mut();
        let asked = settings.find(|setting| setting.command + ANSWER == *number);
        // DTR has answers of the same number, and comes later.
        if let Some(setting) = asked.filter(|setting| setting.answer.is_none()) {
            setting.answer = Some(value.to_vec());
        }
    }

    pub(super) fn answer(&self) -> Answer {
        if self.refused {
            return Answer::Refused;
        }
        for setting in &self.settings {
            match &setting.answer {
                Some(answer) if *answer != setting.value => {
                    return Answer::Other(format!(
                        "the serial line of the server does not do {} {}, but {}",
                        setting.name,
                        number(&setting.value),
                        number(answer),
                    ));
                }
                Some(_) => {}
                None => return Answer::Open,
            }
        }
        Answer::Agreed
    }
}

/// DTR, on or off.
pub(super) fn dtr(on: bool) -> Vec<u8> {
    command(CONTROL, &[if on { DTR_ON } else { DTR_OFF }])
}

fn command(number: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![IAC, SB, COM_PORT, number];
    for byte in value {
        bytes.push(*byte);
        if *byte == IAC {
            bytes.push(IAC);
        }
    }
    bytes.extend([IAC, SE]);
    bytes
}

/// A value in as many bytes as it takes; those of a server may be too many.
fn number(value: &[u8]) -> u64 {
    let low = value.iter().rev().take(8).rev();
    low.fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_255_is_doubled() {
        let words = Port::new(0x00ff_00ff, Framing::EightNone).begin();
        assert_eq!(
            &words[..12],
            b"\xff\xfa\x2c\x01\x00\xff\xff\x00\xff\xff\xff\xf0"
        );
    }

    #[test]
    fn all_is_asked_once_and_each_answer_counts() {
        let mut port = Port::new(1200, Framing::EightEven);
        assert_eq!(port.begin().len(), 10 + 4 * 7);
        assert_eq!(port.begin(), b"");
        // News of the line and of the modem are no answers.
        for words in [&b""[..], b"\x6a\x00", b"\x6b\x00", b"\x02\x07"] {
            port.hear(words);
        }
        for words in [b"\x69\x02", b"\x66\x08", b"\x67\x01", b"\x68\x01"] {
            port.hear(words);
            assert_eq!(port.answer(), Answer::Open);
        }
        port.hear(b"\x65\x00\x00\x04\xb0");
        assert_eq!(port.answer(), Answer::Agreed);
        // That was DTR.
        port.hear(b"\x69\x09");
        assert_eq!(port.answer(), Answer::Agreed);
    }

    #[test]
    fn another_value_is_named() {
        let mut port = Port::new(1200, Framing::SevenEven);
        port.hear(b"\x65\x00\x00\x25\x80");
        let text = "the serial line of the server does not do baud 1200, but 9600";
        assert_eq!(port.answer(), Answer::Other(text.to_owned()));
        port.hear(b"\x65\x00\x00\x04\xb0");
        assert_eq!(port.answer(), Answer::Other(text.to_owned()));
        port.refuse();
        assert_eq!(port.answer(), Answer::Refused);
    }

    #[test]
    fn dtr_goes_off_and_on() {
        assert_eq!(dtr(false), b"\xff\xfa\x2c\x05\x09\xff\xf0");
        assert_eq!(dtr(true), b"\xff\xfa\x2c\x05\x08\xff\xf0");
    }
}
