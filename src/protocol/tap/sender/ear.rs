//! The ear: cuts what a central says into lines, and tells a verdict from a
//! text and both from an echo of what we said, in bounded memory.
//!
//! Answers for what no trace may show. Must never know what is waited for.

use crate::protocol::Wire;
use crate::protocol::tap::block::Terminator;
use crate::protocol::tap::code;
use crate::protocol::tap::control::{ACK, CR, EOT, ESC, NAK, RS, STX};
use crate::text::escape::printable;

/// A line longer than this loses its middle.
const MAX_LINE: usize = 1024;
/// So much of its end is kept: a verdict may be glued to it, or `ID=`.
const KEPT_END: usize = 4;
/// Characters of a text that are worth showing.
const MAX_SHOWN: usize = 200;

const PROMPT: &[u8] = b"ID=";

/// What a modem says of a line that is lost.
const HANG_UP: &str = "NO CARRIER";
/// What else it says of a call that did not come about.
const NO_CALL: [&str; 4] = ["BUSY", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE"];

/// What a line decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Ack,
    Nak,
    Rs,
    /// ESC EOT: the central ends the call.
    Over,
    /// ESC `[p`: begin.
    GoAhead,
}

/// The ends of lines that decide something.
const VERDICTS: [(&[u8], Verdict); 5] = [
    (&[ACK], Verdict::Ack),
    (&[NAK], Verdict::Nak),
    (&[RS], Verdict::Rs),
    (&[ESC, EOT], Verdict::Over),
    (&[ESC, b'[', b'p'], Verdict::GoAhead),
];

/// The verdict that ends this line, and the text in front of it.
fn verdict(line: &[u8]) -> (Option<Verdict>, &[u8]) {
    let ends = VERDICTS.iter();
    let mut ends = ends.filter_map(|(end, verdict)| Some((line.strip_suffix(*end)?, *verdict)));
    match ends.next() {
        Some((text, verdict)) => (Some(verdict), text),
        None => (None, line),
    }
}

/// A line of text, safe to print and without our password.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) code: Option<u16>,
    /// All of it, as it was said: to be understood, and never to be shown.
    raw: String,
    /// All of it.
    pub(super) line: String,
    /// What stands behind the code.
    pub(super) words: String,
}

impl Text {
    /// The version of TAP that it names, `M.m` and nothing else. A password
    /// may be a part of it.
    pub(super) fn version(&self) -> Option<(u32, u32)> {
        let number = |digits: &str| {
            let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| are_digits)
        };
        let (_, words) = code::of_line(&self.raw).filter(|(code, _)| *code == code::VERSION)?;
        let (major, minor) = words.split_once('.')?;
        Some((number(major)?, number(minor)?))
    }
}

/// What was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) wire: Wire,
    pub(super) verdict: Option<Verdict>,
    /// None: there is none, or it is an echo or a prompt.
    pub(super) text: Option<Text>,
    /// It is nothing but `ID=`.
    pub(super) asks_for_logon: bool,
}

impl Heard {
    pub(super) fn has_code(&self, code: u16) -> bool {
        self.text
            .as_ref()
            .is_some_and(|text| text.code == Some(code))
    }

    /// Does a modem say that the line is lost; or, `early`, that there was none?
    pub(super) fn is_hang_up(&self, early: bool) -> bool {
        let line = self.text.as_ref().map(|text| text.raw.trim());
        self.verdict.is_none()
            && line.is_some_and(|line| line == HANG_UP || (early && NO_CALL.contains(&line)))
    }
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Ear {
    /// The line that is being heard.
    line: Vec<u8>,
    /// Its bytes, kept or not.
    length: usize,
    /// How our logon begins.
    logon: Vec<u8>,
    password: Option<String>,
    /// The lines of the block that was sent last.
    block: usize,
    /// So many lines of its echo may still come.
    echo: usize,
}

impl Ear {
    pub(super) fn new(service: &str, password: Option<String>) -> Self {
        Self {
            line: Vec::new(),
            length: 0,
            logon: [&[ESC], service.as_bytes()].concat(),
            password,
            block: 0,
            echo: 0,
        }
    }

    /// This block goes out, and may come back.
    pub(super) fn expect_echo(&mut self, block: &[u8]) {
        self.block = block.split_inclusive(|byte| *byte == CR).count();
        self.echo = 0;
    }

    /// Hears one byte of a line.
    pub(super) fn push(&mut self, byte: u8) {
        self.length = self.length.saturating_add(1);
        if self.line.len() == MAX_LINE {
            self.line.remove(MAX_LINE - KEPT_END);
        }
        self.line.push(byte);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// The bytes of the line so far.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Has a verdict come, if not its CR?
    pub(super) fn has_verdict(&self) -> bool {
        verdict(&self.line).0.is_some()
    }

    /// Is the line's last word `ID=`?
    pub(super) fn is_prompt(&self) -> bool {
        self.line.ends_with(PROMPT)
    }

    /// May `ID=` be a word of a text like any other?
    pub(super) fn is_message_or_echo(&self) -> bool {
        let text = String::from_utf8_lossy(&self.line);
        self.line.contains(&ESC) || code::of_line(&text).is_some()
    }

    /// The line, which begins anew; with its CR if it is whole.
    pub(super) fn take(&mut self, is_whole: bool) -> Heard {
        let mut bytes = std::mem::take(&mut self.line);
        self.length = 0;
        let (verdict, front) = verdict(&bytes);
        let is_echo = self.is_echo(front, verdict);
        let asks_for_logon = !is_echo && verdict.is_none() && is_prompts(front);
        let is_text = !is_echo && !asks_for_logon && !front.trim_ascii().is_empty();
        let text = is_text.then(|| self.text(front));
        if is_whole {
            bytes.push(CR);
        }
        let secret = self.secret(&bytes);
        Heard {
            wire: Wire { bytes, secret },
            verdict,
            text,
            asks_for_logon,
        }
    }

    /// Is this what we said ourselves? A block comes back in several lines, up
    /// to the one with its terminator; none of them ends in a verdict, and one
    /// that does shows that the echo is over, however damaged.
    fn is_echo(&mut self, text: &[u8], verdict: Option<Verdict>) -> bool {
        let has = |byte: u8| text.contains(&byte);
        let begins = has(STX);
        if begins {
            self.echo = self.block;
        }
        let goes_on = self.echo > 0;
        self.echo = self.echo.saturating_sub(1);
        if verdict.is_some() || text.iter().any(|byte| Terminator::of(*byte).is_some()) {
            self.echo = 0;
        }
        begins || goes_on || find(text, &self.logon).is_some() || text == [EOT]
    }

    fn text(&self, line: &[u8]) -> Text {
        let line = String::from_utf8_lossy(line);
        let (code, words) = code::of_line(&line).unzip();
        Text {
            code,
            raw: line.to_string(),
            line: self.shown(line.trim()),
            words: self.shown(words.unwrap_or_default()),
        }
    }

    fn shown(&self, text: &str) -> String {
        let text = match &self.password {
            Some(password) => text.replace(password, "***"),
            None => text.to_owned(),
        };
        let shown = printable(text.as_bytes());
        shown.chars().take(MAX_SHOWN).collect()
    }

    /// Where our password stands: behind our logon, and wherever it is repeated.
    fn secret(&self, line: &[u8]) -> Option<std::ops::Range<usize>> {
        let password = self.password.as_ref()?.as_bytes();
        let end = line.strip_suffix(&[CR]).unwrap_or(line).len();
        let logon = find(line, &self.logon).map(|at| at + self.logon.len());
        let first = find(line, password);
        let last = line
            .windows(password.len())
            .rposition(|word| word == password)
            .map(|at| at + password.len());
        let first = first.into_iter().chain(logon).min()?;
        let last = if logon.is_some() { end } else { last? };
        Some(first..last).filter(|secret| !secret.is_empty())
    }
}

/// Where this word begins.
fn find(line: &[u8], word: &[u8]) -> Option<usize> {
    line.windows(word.len()).position(|window| window == word)
}

/// Is this `ID=`, as often as you like, and nothing else?
fn is_prompts(line: &[u8]) -> bool {
    let mut rest = line.trim_ascii();
    let is_any = !rest.is_empty();
    while let Some(behind) = rest.strip_prefix(PROMPT) {
        rest = behind.trim_ascii_start();
    }
    is_any && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_two_numbers_whatever_the_password_is() {
        let ear = Ear::new("PG1", Some("1".to_owned()));
        let version = |words: &str| ear.text(format!("110 {words}").as_bytes()).version();
        assert_eq!(version("1.8"), Some((1, 8)));
        assert_eq!(version("1.10"), Some((1, 10)));
        for other in ["", "1", "1.", ".8", "1.8 beta", "1.+8", "v1.8", "1.8.1"] {
            assert_eq!(version(other), None, "{other}");
        }
        assert_eq!(ear.text(b"110 1.8").line, "******0 ***.8");
    }

    fn ear() -> Ear {
        Ear::new("PG1", Some("secret".to_owned()))
    }

    fn heard(ear: &mut Ear, line: &[u8]) -> Heard {
        for byte in line {
            ear.push(*byte);
        }
        ear.take(true)
    }

    fn said(ear: &mut Ear, line: &[u8]) -> (Option<Verdict>, Option<String>) {
        let heard = heard(ear, line);
        (heard.verdict, heard.text.map(|text| text.line))
    }

    #[test]
    fn a_verdict_is_the_end_of_a_line_and_nothing_in_its_midst() {
        let text = |text: &str| Some(text.to_owned());
        for (line, told) in [
            (&b"\x06"[..], (Some(Verdict::Ack), None)),
            (b"\x15", (Some(Verdict::Nak), None)),
            (b"\x1e", (Some(Verdict::Rs), None)),
            (b"\x1b\x04", (Some(Verdict::Over), None)),
            (b"\x1b[p", (Some(Verdict::GoAhead), None)),
            (b"211 OK\x06", (Some(Verdict::Ack), text("211 OK"))),
            (b"bye\x1b\x04", (Some(Verdict::Over), text("bye"))),
            (b"\x06 noise", (None, text("^F noise"))),
            (b"\x04", (None, None)),
            (b"x\x04", (None, text("x^D"))),
            (b"\x1b[P", (None, text("^[[P"))),
            (b"  ", (None, None)),
        ] {
            assert_eq!(said(&mut ear(), line), told, "{line:?}");
        }
    }

    #[test]
    fn a_long_line_keeps_its_beginning_and_its_verdict() {
        let mut ear = ear();
        let line = [b"511 no ", &vec![b'x'; 100_000][..], b"\x1b\x04"].concat();
        let heard = heard(&mut ear, &line);
        assert_eq!(heard.verdict, Some(Verdict::Over));
        assert!(heard.has_code(511));
        assert_eq!(heard.wire.bytes.len(), MAX_LINE + 1);
        assert!(ear.line.capacity() <= MAX_LINE * 2);
    }

    #[test]
    fn an_echo_ends_with_its_checksum_or_with_a_verdict() {
        let mut ear = ear();
        ear.expect_echo(b"\x021\r511 x\rNO CARRIER\r\x03123\r");
        for line in [&b"\x021"[..], b"511 x", b"NO CARRIER", b"\x03123"] {
            assert_eq!(said(&mut ear, line), (None, None), "{line:?}");
        }
        assert_eq!(said(&mut ear, b"211 OK").1.unwrap(), "211 OK");
        // One that breaks off, before and behind a verdict.
        said(&mut ear, b"\x021");
        assert_eq!(said(&mut ear, b"211 OK\x06"), (Some(Verdict::Ack), None));
        assert_eq!(said(&mut ear, b"511 x").1.unwrap(), "511 x");
        // One without a terminator is no longer than the block was.
        for line in [&b"\x021"[..], b"a", b"b", b"c"] {
            assert_eq!(said(&mut ear, line), (None, None));
        }
        assert_eq!(said(&mut ear, b"211 OK").1.unwrap(), "211 OK");
        // A field that is broken ends in the midst of a line.
        said(&mut ear, b"\x021");
        said(&mut ear, b"abc\x1f259");
        assert_eq!(said(&mut ear, b"211 OK").1.unwrap(), "211 OK");
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let mut ear = ear();
        let mut secret = |line: &[u8]| {
            let heard = heard(&mut ear, line);
            let text = heard.text.map(|text| text.line + &text.words);
            assert!(!text.unwrap_or_default().contains("secret"));
            heard.wire.secret
        };
        assert_eq!(secret(b"509 secret is wrong, secret"), Some(4..27));
        assert_eq!(secret(b"\x1bPG1secret"), Some(4..10));
        assert_eq!(secret(b"\x1bPG1sec"), Some(4..7));
        assert_eq!(secret(b"ID= \x1bPG1secret"), Some(8..14));
        assert_eq!(secret(b"\x1bPG1"), None);
        assert_eq!(secret(b"211 OK"), None);
    }

    #[test]
    fn a_line_of_prompts_has_nothing_else() {
        for line in [&b"ID="[..], b" ID= ", b"ID=ID= ID="] {
            assert!(is_prompts(line), "{line:?}");
        }
        for line in [&b""[..], b" ", b"ID=5551212 is unknown", b"511 ID="] {
            assert!(!is_prompts(line), "{line:?}");
        }
    }
}
