//! The message and its options as the command line gives them: from words, a
//! file, standard input or a prompt, checked and cut to what can be sent.

use std::ffi::OsString;
use std::io::{Read, Write};

use clap::Args;

use super::terminal;
use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::text::charset::{self, Charset};
use crate::text::split::{self, Fitted, Limit, Overflow};

/// More than any paging network takes; standard input is read no further.
const MAX_INPUT: u64 = 1024 * 1024;

/// What a message may look like.
#[derive(Args, Clone, Debug)]
pub struct TextArgs {
    /// The message; - reads standard input
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "Message"
    )]
    pub message: Option<OsString>,
    /// Page without a text
    #[arg(long, conflicts_with = "message", help_heading = "Message")]
    pub tone: bool,
    /// Longest message, in characters as sent [default: SNPP 256; TAP what fits one block; xtell 400 for each line, counted in bytes; page none]
    #[arg(long, value_name = "N", value_parser = positive(), help_heading = "Message")]
    pub max_length: Option<usize>,
    /// What to do with a longer one
    #[arg(long, value_enum, default_value = "reject", help_heading = "Message")]
    pub overflow: Overflow,
    /// Most parts of a split message
    #[arg(long, value_name = "N", default_value_t = split::DEFAULT_PARTS, value_parser = positive(), help_heading = "Message")]
    pub max_parts: usize,
    /// Characters of the message: ascii transliterates [default: TAP ascii; others utf8]
    #[arg(long, value_enum, help_heading = "Message")]
    pub charset: Option<Charset>,
}

/// A whole number from 1 on.
pub fn positive() -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser as _;
    clap::value_parser!(u32)
        .range(1..)
        .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

impl TextArgs {
    /// The message of a command line: `words` behind the target, `-m`, standard
    /// input, or what a person types at the prompt. Empty only with `--tone`.
    pub fn text(&self, words: &[OsString]) -> Result<String, Failure> {
        if self.tone && !words.is_empty() {
            return Err(Failure::usage(
                "--tone sends no text: leave out the message",
            ));
        }
        if self.tone {
            return Ok(String::new());
        }
        match &self.message {
            Some(_) if !words.is_empty() => Err(Failure::usage(
                "--message takes the whole text: put it in quotes, or leave out the further words",
            )),
            Some(dash) if dash == "-" => read_input(),
            Some(text) => decoded(text),
            None if words.is_empty() => read_input(),
            None => {
                let words: Result<Vec<String>, Failure> = words.iter().map(decoded).collect();
                Ok(words?.join(" "))
            }
        }
    }

    /// Cuts a text to what may be sent: as many characters of this charset as
    /// `length` says, each measuring what `measure` says. `cut`: some of it was
    /// left out, because the user asked for that.
    pub fn fit(
        &self,
        text: &str,
        charset: Charset,
        length: usize,
        measure: impl Fn(&str) -> usize,
    ) -> Result<Fitted, Failure> {
        if self.tone {
            return Ok(Fitted {
                parts: vec![String::new()],
                cut: false,
            });
        }
        let text = charset.apply(checked(text)?);
        let limit = Limit {
            length,
            overflow: self.overflow,
            parts: self.max_parts,
            shorten: false,
        };
        split::fit(&text, &limit, measure).map_err(|error| Failure::data(error.to_string()))
    }
}

/// Lines end in LF; anything else that moves the cursor is refused, and so is
/// a text that says nothing.
fn checked(text: &str) -> Result<String, Failure> {
    let text = text.replace("\r\n", "\n");
    if text.contains('\r') {
        return Err(Failure::data(
            "the message has a bare CR in it: end its lines with LF",
        ));
    }
    if text.contains('\0') {
        return Err(Failure::data("the message has a NUL in it"));
    }
    let text = text.trim_end_matches('\n');
    if text.trim().is_empty() {
        return Err(Failure::data(
            "the message is empty: --tone pages without a text",
        ));
    }
    Ok(text.to_owned())
}

fn decoded(text: &OsString) -> Result<String, Failure> {
    use std::os::unix::ffi::OsStrExt;
    charset::decode(text.as_bytes().to_vec())
        .map_err(|error| Failure::data(format!("the message is {error}")))
}

fn read_input() -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::NoInput, format!("standard input: {}", cause(&error)))
    };
    let mut bytes = Vec::new();
    if terminal::asks_person() {
        // Nobody misses the question where standard error is closed.
        _ = std::io::stderr().write_all(b"Message: ");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(unreadable)?;
        return Ok(line);
    }
    std::io::stdin()
        .lock()
        .take(MAX_INPUT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_INPUT) {
        return Err(Failure::data(format!(
            "the message is longer than {MAX_INPUT} bytes"
        )));
    }
    charset::decode(bytes).map_err(|error| Failure::data(format!("the message is {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_checked_before_it_is_cut() {
        assert_eq!(checked("a\r\nb\n\n").unwrap(), "a\nb");
        for bad in ["a\rb", "a\0b", "", " \n "] {
            assert_eq!(checked(bad).unwrap_err().exit, Exit::Data, "{bad:?}");
        }
    }
}
