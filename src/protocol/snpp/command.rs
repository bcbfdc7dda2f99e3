//! The commands of SNPP: which there are, how a line names one, and how a
//! client writes one that no server can misread.
//!
//! Must never know what a command does; that is the machines' affair.
//! Source: RFC 1861 sections 3 and 4.

use std::fmt;
use std::ops::Range;

use crate::protocol::Wire;

/// The longest command line that a client may send, in bytes without CR LF:
/// some servers run what lies beyond 512 bytes as a new command.
pub const MAX_LINE: usize = 510;

/// The longest line of a message body that a client may send, in bytes
/// without CR LF, for the same reason.
pub const MAX_BODY_LINE: usize = 500;

macro_rules! verbs {
    ($($name:ident $word:literal $level:literal $doc:literal,)*) => {
        /// The verbs of the three levels.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Verb {
            $(#[doc = $doc] $name,)*
        }

        impl Verb {
            /// All verbs, level by level.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The four letters that count.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The level of RFC 1861 that defines it.
            pub fn level(self) -> u8 {
                match self { $(Self::$name => $level,)* }
            }
        }
    };
}

verbs! {
    Page "PAGE" 1 "A pager ID to send to.",
    Mess "MESS" 1 "A message of one line.",
    Rese "RESE" 1 "Back to a fresh session.",
    Send "SEND" 1 "Deliver.",
    Quit "QUIT" 1 "Goodbye.",
    Help "HELP" 1 "Which commands are there?",
    Data "DATA" 2 "A message of several lines follows.",
    Logi "LOGI" 2 "Who is sending.",
    Leve "LEVE" 2 "Service level of the next pager.",
    Aler "ALER" 2 "Alert override of the next pager.",
    Cove "COVE" 2 "Coverage area of the next pager.",
    Hold "HOLD" 2 "Delivery time of the next pager.",
    Call "CALL" 2 "Caller ID of the message.",
    Subj "SUBJ" 2 "Subject of the message.",
    TwoWay "2WAY" 3 "Begin a two-way transaction.",
    Ping "PING" 3 "Where is this unit?",
    Expt "EXPT" 3 "Expiry of the queued message, in hours.",
    Noqu "NOQU" 3 "Deliver now or not at all.",
    Ackr "ACKR" 3 "Ask for a read acknowledgment.",
    Rtyp "RTYP" 3 "Kind of reply wanted.",
    Mcre "MCRE" 3 "One answer of a multiple choice.",
    Msta "MSTA" 3 "Status of a message.",
    Ktag "KTAG" 3 "Forget a message tag.",
}

impl Verb {
    /// The verb that a word names. The word ends at the first blank; its case
    /// does not matter, and only its first four characters count, so `Pager`
    /// is `PAGE` and `PAG` is nothing.
    pub fn of_word(word: &[u8]) -> Option<Self> {
        let head = word.get(..4)?;
        Self::ALL
            .iter()
            .copied()
            .find(|verb| verb.word().as_bytes().eq_ignore_ascii_case(head))
    }

    /// Splits a received line (without its end) into verb and argument.
    ///
    /// Blanks in front are skipped. One blank separates a free text from its
    /// verb and every further one belongs to the text; see [`structured`] for
    /// the other arguments.
    pub fn of_line(line: &[u8]) -> (Option<Self>, &[u8]) {
        let line = line.trim_ascii_start();
        let end = line
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        (Self::of_word(word), rest.get(1..).unwrap_or_default())
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The words of a structured argument: the whole run of blanks is a separator.
/// A CR is none: who sends one inside a line means two lines.
pub fn structured(argument: &[u8]) -> impl Iterator<Item = &[u8]> {
    argument
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty())
}

/// Why an argument cannot stand in a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BadArgument {
    /// It has a CR, LF or NUL, which would end the command or worse.
    Break(Verb),
    /// It must be one word and has a blank or a control character.
    NotAWord(Verb),
    /// It must not be empty.
    Empty(Verb),
    /// The line would have this many bytes.
    TooLong(Verb, usize),
}

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Break(verb) => write!(f, "the argument of {verb} has a CR, LF or NUL in it"),
            Self::NotAWord(verb) => {
                write!(
                    f,
                    "the argument of {verb} has a blank or a control character in it"
                )
            }
            Self::Empty(verb) => write!(f, "the argument of {verb} is empty"),
            Self::TooLong(verb, bytes) => {
                let most = match verb {
                    Verb::Data => MAX_BODY_LINE,
                    _ => MAX_LINE,
                };
                write!(
                    f,
                    "{verb} would be a line of {bytes} bytes; servers take {most}"
                )
            }
        }
    }
}

impl std::error::Error for BadArgument {}

/// A command as a client sends it. That it is one line of at most
/// [`MAX_LINE`] bytes is certain, whatever its arguments came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    verb: Verb,
    line: String,
    secret: Option<Range<usize>>,
}

impl Command {
    /// A verb alone.
    pub fn bare(verb: Verb) -> Self {
        Self {
            verb,
            line: verb.word().to_owned(),
            secret: None,
        }
    }

    /// A verb with one word, and perhaps a second one that no trace may show
    /// (a password, a PIN, a pass code).
    pub fn words(verb: Verb, word: &str, secret: Option<&str>) -> Result<Self, BadArgument> {
        for word in [Some(word), secret].into_iter().flatten() {
            if word.is_empty() {
                return Err(BadArgument::Empty(verb));
            }
            if has_break(word) {
                return Err(BadArgument::Break(verb));
            }
            if word.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(BadArgument::NotAWord(verb));
            }
        }
        let mut command = Self::bare(verb);
        command.append(word);
        if let Some(word) = secret {
            command.append(word);
            command.secret = Some(command.line.len() - word.len()..command.line.len());
        }
        command.checked()
    }

    /// A verb with a free text of one line.
    pub fn text(verb: Verb, text: &str) -> Result<Self, BadArgument> {
        if has_break(text) {
            return Err(BadArgument::Break(verb));
        }
        let mut command = Self::bare(verb);
        if !text.is_empty() {
            command.append(text);
        }
        command.checked()
    }

    fn append(&mut self, word: &str) {
        self.line.push(' ');
        self.line.push_str(word);
    }

    fn checked(self) -> Result<Self, BadArgument> {
        if self.line.len() > MAX_LINE {
            return Err(BadArgument::TooLong(self.verb, self.line.len()));
        }
        Ok(self)
    }

    /// Which command it is.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Is part of it a password, a PIN or a pass code?
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The line as it goes out, CR LF included.
    pub fn wire(&self) -> Wire {
        Wire {
            bytes: [self.line.as_bytes(), b"\r\n"].concat(),
            secret: self.secret.clone(),
        }
    }
}

fn has_break(text: &str) -> bool {
    text.contains(['\r', '\n', '\0'])
}

/// A message body as DATA sends it: lines ended by CR LF, a leading dot
/// doubled, and the lone dot at the end. `text` has its lines ended by LF.
///
/// RFC 1861 defines no transparency; doubling is what SMTP does and what
/// servers undo. A text with CR or NUL, or with a line over
/// [`MAX_BODY_LINE`] bytes as sent, is refused.
pub fn body(text: &str) -> Result<Wire, BadArgument> {
    if text.contains(['\r', '\0']) {
        return Err(BadArgument::Break(Verb::Data));
    }
    let mut bytes = Vec::with_capacity(text.len() + 16);
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        let start = bytes.len();
        if line.starts_with('.') {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line.as_bytes());
        let length = bytes.len() - start;
        if length > MAX_BODY_LINE {
            return Err(BadArgument::TooLong(Verb::Data, length));
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    Ok(Wire::open(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_letters_name_a_verb() {
        for (word, verb) in [
            ("PAGER", Some(Verb::Page)),
            ("pagE", Some(Verb::Page)),
            ("PAGEXYZZY", Some(Verb::Page)),
            ("PAG", None),
            ("NOQUEUEING", Some(Verb::Noqu)),
            ("RTYPE", Some(Verb::Rtyp)),
            ("MCRESP", Some(Verb::Mcre)),
            ("EXPTAG", Some(Verb::Expt)),
            ("2way", Some(Verb::TwoWay)),
            ("", None),
            ("FOOO", None),
        ] {
            assert_eq!(Verb::of_word(word.as_bytes()), verb, "{word}");
        }
    }

    #[test]
    fn a_line_is_a_verb_and_its_argument() {
        assert_eq!(Verb::of_line(b"PAGE5551212"), (Some(Verb::Page), &b""[..]));
        assert_eq!(Verb::of_line(b"SEND "), (Some(Verb::Send), &b""[..]));
        assert_eq!(
            Verb::of_line(b"  mess  two blanks"),
            (Some(Verb::Mess), &b" two blanks"[..])
        );
        assert_eq!(Verb::of_line(b""), (None, &b""[..]));
        let words: Vec<_> = structured(b"  5551212\t 99 ").collect();
        assert_eq!(words, [&b"5551212"[..], b"99"]);
    }

    #[test]
    fn no_argument_can_end_its_command() {
        assert_eq!(
            Command::words(Verb::Page, "1\rSEND", None),
            Err(BadArgument::Break(Verb::Page))
        );
        assert_eq!(
            Command::words(Verb::Page, "1\nSEND", None),
            Err(BadArgument::Break(Verb::Page))
        );
        assert_eq!(
            Command::words(Verb::Logi, "a", Some("b\0")),
            Err(BadArgument::Break(Verb::Logi))
        );
        assert_eq!(
            Command::words(Verb::Page, "1 2", None),
            Err(BadArgument::NotAWord(Verb::Page))
        );
        assert_eq!(
            Command::words(Verb::Page, "", None),
            Err(BadArgument::Empty(Verb::Page))
        );
        assert_eq!(
            Command::text(Verb::Mess, "a\nb"),
            Err(BadArgument::Break(Verb::Mess))
        );
        assert_eq!(
            Command::text(Verb::Mess, &"x".repeat(506)),
            Err(BadArgument::TooLong(Verb::Mess, 511))
        );
        assert!(Command::text(Verb::Mess, &"x".repeat(505)).is_ok());
    }

    #[test]
    fn a_secret_is_marked_in_the_line() {
        let wire = Command::words(Verb::Logi, "joe", Some("hunter2"))
            .unwrap()
            .wire();
        assert_eq!(wire.bytes, b"LOGI joe hunter2\r\n");
        assert_eq!(wire.secret, Some(9..16));
    }

    #[test]
    fn a_body_is_transparent_and_ends_in_a_lone_dot() {
        assert_eq!(body("a\nb").unwrap().bytes, b"a\r\nb\r\n.\r\n");
        assert_eq!(body("a\n").unwrap().bytes, b"a\r\n.\r\n");
        assert_eq!(
            body(".\n.hidden\n..").unwrap().bytes,
            b"..\r\n..hidden\r\n...\r\n.\r\n"
        );
        assert_eq!(body("a\n\nb").unwrap().bytes, b"a\r\n\r\nb\r\n.\r\n");
        assert_eq!(body("a\rb"), Err(BadArgument::Break(Verb::Data)));
        assert_eq!(
            body(&format!(".{}", "x".repeat(499))),
            Err(BadArgument::TooLong(Verb::Data, 501))
        );
    }
}
