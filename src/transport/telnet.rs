//! Telnet as terminal servers speak it (RFC 854, 855, 856), and with RFC 2217
//! the settings of the serial line behind it.
//!
//! Answers for telling data from commands and for agreeing to as little as
//! possible: both ways may be binary, and nobody need say "go ahead". Must
//! never know what is said on the line.

mod port;

use std::io;
use std::time::Duration;

use self::port::{Answer, Port};
use super::OpenError;
use super::coding::{Coding, EvenParity};
use super::fd::{Deadline, Got, Line, pause};
use super::interrupt::Interrupt;
use super::serial::Framing;
use crate::exit::Exit;
use crate::text::escape::printable;

/// In front of every command.
const IAC: u8 = 0xFF;
/// The other side shall stop something.
const DONT: u8 = 0xFE;
/// The other side shall begin something.
const DO: u8 = 0xFD;
/// We do not do something.
const WONT: u8 = 0xFC;
/// We do something.
const WILL: u8 = 0xFB;
/// The parameters of an option begin.
const SB: u8 = 0xFA;
/// They end.
const SE: u8 = 0xF0;
/// The option to send all 8 bits, and CR without a NUL (RFC 856).
const BINARY: u8 = 0;
/// The option to say no "go ahead" (RFC 858).
const SUPPRESS_GO_AHEAD: u8 = 3;
/// The option to control a serial line (RFC 2217).
const COM_PORT: u8 = 44;

const CR: u8 = 0x0D;

/// The parameters of one option that are kept; those of RFC 2217 are short.
const MAX_PARAMETERS: usize = 64;

/// How often the other side may change its mind before it gets no answer.
const MAX_ANSWERS: u32 = 256;

/// What the far device may say before its line is set up.
const MAX_EARLY: usize = 16 * 1024;

const NO_RFC2217: &str = "does not speak RFC 2217: try --telnet";
const SILENT: &str = "no answer in RFC 2217 in time: try --telnet, or neither";

/// A line through a telnet server.
pub fn plain(line: Line) -> Line {
    line.with_coding(Box::new(Telnet::default()))
}

/// A line through a server of RFC 2217, once that has set its serial line to
/// what is asked. What the device says meanwhile is kept.
///
/// The error is 76 where the server does not speak RFC 2217, 78 where it
/// cannot set the line so, and 75 where it says nothing or closes.
pub fn rfc2217(
    mut line: Line,
    baud: u32,
    framing: Framing,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<Line, OpenError> {
    let mut telnet = Telnet {
        port: Some(Port::new(baud, framing)),
        ..Telnet::default()
    };
    let mut early = negotiate(&mut line, &mut telnet, deadline, interrupt)?;
    let mut line = line.with_coding(Box::new(telnet));
    if framing == Framing::EightEven {
        EvenParity.decode(&mut early, &mut Vec::new());
        line = line.with_coding(Box::new(EvenParity));
    }
    line.unread(&early);
    Ok(line)
}

/// Hangs up: DTR of the line behind a server of RFC 2217 goes off for a time.
pub fn drop_dtr(
    line: &mut Line,
    time: Duration,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> io::Result<()> {
    line.write_plain(&port::dtr(false), deadline, interrupt)?;
    pause(time, interrupt)?;
    line.write_plain(&port::dtr(true), deadline, None)
}

/// Until the line is set up; what the device said meanwhile.
fn negotiate(
    line: &mut Line,
    telnet: &mut Telnet,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<Vec<u8>, OpenError> {
    let mut say = telnet.offer();
    let mut early = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        // A line that broke shows itself at the next read, behind what the
        // server still had to say; a full one runs out of time there.
        _ = line.write_plain(&say, deadline, interrupt);
        say.clear();
        let wrong = match telnet.port.as_ref().map(Port::answer) {
            None | Some(Answer::Agreed) => return Ok(early),
            Some(Answer::Open) => None,
            Some(Answer::Refused) => Some((Exit::Protocol, NO_RFC2217.to_owned())),
            Some(Answer::Other(text)) => Some((Exit::Config, text)),
        };
        if let Some((exit, text)) = wrong {
            return Err(OpenError::new(exit, text));
        }
        let got = match deadline.remaining() {
            // What comes without end is no reason to go on.
            Some(Duration::ZERO) => Got::TimedOut,
            _ => line.read(&mut buffer, deadline, interrupt),
        };
        let length = match got {
            Got::Bytes(length) => length,
            Got::Eof => {
                let said = printable(early.trim_ascii());
                let text = format!("closed before its serial line was set up: {said}");
                let text = text.trim_end_matches([':', ' ']);
                return Err(OpenError::temporary(text));
            }
            Got::TimedOut => return Err(OpenError::temporary(SILENT)),
            Got::Interrupted => return Err(OpenError::temporary("interrupted")),
        };
        let bytes = buffer.get_mut(..length).unwrap_or_default();
        let length = telnet.decode(bytes, &mut say);
        early.extend_from_slice(buffer.get(..length).unwrap_or_default());
        if early.len() > MAX_EARLY {
            return Err(OpenError::new(Exit::Protocol, NO_RFC2217));
        }
    }
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// Data, or an IAC.
    #[default]
    Data,
    /// What stands behind an IAC.
    Command,
    /// The option behind this verb.
    Option(u8),
    /// A parameter.
    Parameters,
    /// What stands behind an IAC among the parameters.
    End,
}

/// Some of the options 0 to 63.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Options(u64);

impl Options {
    fn has(self, option: u8) -> bool {
        self.0 & bit(option) != 0
    }

    /// True: it was not there.
    fn add(&mut self, option: u8) -> bool {
        let new = !self.has(option);
        self.0 |= bit(option);
        new
    }

    /// True: it was there.
    fn remove(&mut self, option: u8) -> bool {
        let was = self.has(option);
        self.0 &= !bit(option);
        was
    }
}

fn bit(option: u8) -> u64 {
    1_u64.checked_shl(u32::from(option)).unwrap_or(0)
}

/// One end of a telnet connection.
#[derive(Debug, Default)]
struct Telnet {
    state: State,
    parameters: Vec<u8>,
    /// What we do, and what we have offered to.
    ours: Options,
    offered: Options,
    /// What the other side does, and what we have asked it to.
    theirs: Options,
    asked: Options,
    answered: u32,
    port: Option<Port>,
}

impl Telnet {
    /// The first words, where there is a serial line to be set up.
    fn offer(&mut self) -> Vec<u8> {
        self.offered.add(COM_PORT);
        self.offered.add(BINARY);
        self.asked.add(BINARY);
        vec![IAC, WILL, COM_PORT, IAC, WILL, BINARY, IAC, DO, BINARY]
    }

    /// An answer is given only where something changes, so that no two ends
    /// can go on answering each other (RFC 854).
    fn agree(&mut self, verb: u8, option: u8, answers: &mut Vec<u8>) {
        let port = option == COM_PORT && self.offered.has(option);
        let known = matches!(option, BINARY | SUPPRESS_GO_AHEAD);
        let answer = match verb {
            DO if known || port => {
                let answer = self.ours.add(option) && !self.offered.remove(option);
                answer.then_some(WILL)
            }
            DO => (!self.ours.has(option)).then_some(WONT),
            DONT => {
                self.offered.remove(option);
                self.ours.remove(option).then_some(WONT)
            }
            WILL if known => {
                let answer = self.theirs.add(option) && !self.asked.remove(option);
                answer.then_some(DO)
            }
            WILL => Some(DONT),
            _ => {
                self.asked.remove(option);
                self.theirs.remove(option).then_some(DONT)
            }
        };
        if let Some(answer) = answer {
            if self.answered < MAX_ANSWERS {
                answers.extend([IAC, answer, option]);
            }
            self.answered = self.answered.saturating_add(1);
        }
        if let (COM_PORT, Some(port)) = (option, &mut self.port) {
            match verb {
                DO => answers.extend(port.begin()),
                DONT => port.refuse(),
                _ => {}
            }
        }
    }

    /// One byte from the line. `Some`: it is data.
    fn take(&mut self, byte: u8, answers: &mut Vec<u8>) -> Option<u8> {
        let state = self.state;
        self.state = State::Data;
        match (state, byte) {
            (State::Data, IAC) => self.state = State::Command,
            (State::Data, _) | (State::Command, IAC) => return Some(byte),
            (State::Command | State::End, SB) => {
                self.parameters.clear();
                self.state = State::Parameters;
            }
            (State::End, SE) => {
                if let (Some(port), Some((&COM_PORT, words))) =
                    (&mut self.port, self.parameters.split_first())
                {
                    port.hear(words);
                }
            }
            (State::Parameters, IAC) => self.state = State::End,
            (State::Parameters, _) | (State::End, IAC) => {
                if self.parameters.len() < MAX_PARAMETERS {
                    self.parameters.push(byte);
                }
                self.state = State::Parameters;
            }
            // Parameters that end without their end, too.
            (State::Command | State::End, WILL..=DONT) => self.state = State::Option(byte),
            // Nothing else concerns us.
            (State::Command | State::End, _) => {}
            (State::Option(verb), _) => self.agree(verb, byte, answers),
        }
        None
    }
}

impl Coding for Telnet {
    fn encode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut coded = Vec::with_capacity(bytes.len() + 8);
        for byte in bytes {
            coded.push(*byte);
            match *byte {
                IAC => coded.push(IAC),
                CR if !self.ours.has(BINARY) => coded.push(0),
                _ => {}
            }
        }
        coded
    }

    /// The NUL or LF behind a CR is left to whoever knows what it means.
    fn decode(&mut self, bytes: &mut [u8], answers: &mut Vec<u8>) -> usize {
        let mut length = 0;
        for at in 0..bytes.len() {
            let byte = bytes.get(at).copied().unwrap_or_default();
            if let (Some(data), Some(place)) = (self.take(byte, answers), bytes.get_mut(length)) {
                *place = data;
                length += 1;
            }
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hear(telnet: &mut Telnet, chunks: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (mut data, mut answers) = (Vec::new(), Vec::new());
        for chunk in chunks {
            let mut chunk = chunk.to_vec();
            let length = telnet.decode(&mut chunk, &mut answers);
            data.extend_from_slice(&chunk[..length]);
        }
        (data, answers)
    }

    fn with_port() -> Telnet {
        Telnet {
            port: Some(Port::new(1200, Framing::SevenEven)),
            ..Telnet::default()
        }
    }

    /// What a server of RFC 2217 says to all that is asked.
    const ECHO: &[u8] = b"\xff\xfd\x2c\
        \xff\xfa\x2c\x65\x00\x00\x04\xb0\xff\xf0\
        \xff\xfa\x2c\x66\x07\xff\xf0\
        \xff\xfa\x2c\x67\x03\xff\xf0\
        \xff\xfa\x2c\x68\x01\xff\xf0\
        \xff\xfa\x2c\x69\x02\xff\xf0";

    #[test]
    fn commands_never_reach_the_dialogue() {
        for (wire, data, answer) in [
            (&b"ID=\r\0\r\n"[..], &b"ID=\r\0\r\n"[..], &b""[..]),
            (b"I\xff\xffD", b"I\xffD", b""),
            (b"I\xff\xf9D\xff\xf1=", b"ID=", b""),
            // Echo, in both directions, is not for us.
            (b"\xff\xfb\x01I", b"I", b"\xff\xfe\x01"),
            (b"\xff\xfd\x01I", b"I", b"\xff\xfc\x01"),
            (b"\xff\xfc\x01\xff\xfe\x01I", b"I", b""),
            // Nor is an option of a high number, nor a port that we asked for nothing.
            (b"\xff\xfd\xffI", b"I", b"\xff\xfc\xff"),
            (b"\xff\xfd\x2cI", b"I", b"\xff\xfc\x2c"),
            // Binary and no go-ahead are agreed to, once.
            (
                b"\xff\xfd\x00\xff\xfb\x03\xff\xfd\x00\xff\xfb\x03",
                b"",
                b"\xff\xfb\x00\xff\xfd\x03",
            ),
            (b"\xff\xfa\x18\x01ID=\xff\xff\r\xff\xf0=", b"=", b""),
            // Parameters without their end.
            (b"\xff\xfa\x18\xff\xfb\x01ID=", b"ID=", b"\xff\xfe\x01"),
        ] {
            let single: Vec<&[u8]> = wire.chunks(1).collect();
            for chunks in [&[wire][..], &single] {
                let (heard, answers) = hear(&mut Telnet::default(), chunks);
                assert_eq!((&*heard, &*answers), (data, answer), "{wire:02x?}");
            }
        }
    }

    #[test]
    fn a_cr_is_followed_by_nul_until_binary_is_agreed() {
        let mut telnet = Telnet::default();
        assert_eq!(telnet.encode(b"A\r\n\xff\x8d"), b"A\r\0\n\xff\xff\x8d");
        hear(&mut telnet, &[b"\xff\xfb\x00"]);
        assert_eq!(telnet.encode(b"\r"), b"\r\0", "that was their side");
        hear(&mut telnet, &[b"\xff\xfd\x00"]);
        assert_eq!(telnet.encode(b"\r\xff"), b"\r\xff\xff");
        let (_, answer) = hear(&mut telnet, &[b"\xff\xfe\x00"]);
        assert_eq!(answer, b"\xff\xfc\x00");
        assert_eq!(telnet.encode(b"\r"), b"\r\0");
    }

    #[test]
    fn a_port_is_set_up_and_its_echo_is_waited_for() {
        for step in [1, 2, 3, ECHO.len()] {
            let mut telnet = with_port();
            assert_eq!(&telnet.offer()[..3], b"\xff\xfb\x2c");
            let chunks: Vec<&[u8]> = ECHO.chunks(step).collect();
            let (last, first) = chunks.split_last().unwrap();
            let (data, asked) = hear(&mut telnet, first);
            assert_eq!(telnet.port.as_ref().unwrap().answer(), Answer::Open);
            let (more, late) = hear(&mut telnet, &[last, b"ID="]);
            assert_eq!(telnet.port.as_ref().unwrap().answer(), Answer::Agreed);
            assert_eq!(
                ([data, more].concat(), late),
                (b"ID=".to_vec(), {
                    if step == ECHO.len() {
                        asked_for()
                    } else {
                        vec![]
                    }
                })
            );
            assert!(step == ECHO.len() || asked == asked_for());
        }
    }

    /// 1200 baud, 7E1, XON and XOFF.
    fn asked_for() -> Vec<u8> {
        b"\xff\xfa\x2c\x01\x00\x00\x04\xb0\xff\xf0\
          \xff\xfa\x2c\x02\x07\xff\xf0\
          \xff\xfa\x2c\x03\x03\xff\xf0\
          \xff\xfa\x2c\x04\x01\xff\xf0\
          \xff\xfa\x2c\x05\x02\xff\xf0"
            .to_vec()
    }

    #[test]
    fn who_never_stops_asking_is_not_answered_for_ever() {
        let mut telnet = Telnet::default();
        let flood = b"\xff\xfd\x00\xff\xfe\x00\xff\xfb\x63".repeat(10_000);
        let (data, answers) = hear(&mut telnet, &[&flood]);
        assert!(data.is_empty());
        assert_eq!(answers.len(), 3 * 256);
        let endless = [&b"\xff\xfa\x2c"[..], &[b'x'; 10_000]].concat();
        hear(&mut telnet, &[&endless]);
        assert!(telnet.parameters.capacity() <= 2 * MAX_PARAMETERS);
    }

    proptest! {
        #[test]
        fn chunks_change_nothing(
            wire in prop::collection::vec(
                prop_oneof![
                    Just(IAC), Just(SB), Just(SE), WILL..=DONT, Just(COM_PORT), Just(BINARY), any::<u8>()
                ],
                0..200
            ),
            step in 1_usize..20,
        ) {
            let (mut one, mut many) = (with_port(), with_port());
            one.offer();
            many.offer();
            let chunks: Vec<&[u8]> = wire.chunks(step).collect();
            prop_assert_eq!(hear(&mut one, &[&wire]), hear(&mut many, &chunks));
            prop_assert_eq!(one.port.unwrap().answer(), many.port.unwrap().answer());
        }

        #[test]
        fn what_is_said_is_what_is_heard(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let (mut near, mut far) = (Telnet::default(), Telnet::default());
            hear(&mut near, &[b"\xff\xfd\x00"]);
            let wire = near.encode(&data);
            prop_assert_eq!(hear(&mut far, &[&wire]), (data, vec![]));
        }
    }
}
