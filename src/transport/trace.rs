//! What went over a line, for the eyes of the user: with `-v` as it happens,
//! for JSON as a transcript. Secrets are masked here, and nowhere later.

use std::ops::Range;
use std::time::Instant;

use crate::diag::Diag;
use crate::text::escape::{named, printable};

/// Stands for a secret.
const MASK: &str = "****";

/// Keeps or shows a dialogue.
#[derive(Debug)]
pub struct Trace<'a> {
    started: Instant,
    show: Option<&'a Diag>,
    transcript: Option<Vec<String>>,
    lines: fn(&[u8], Option<&Range<usize>>) -> Vec<String>,
}

impl<'a> Trace<'a> {
    /// `show`: print each line as it passes. `keep`: collect a transcript.
    pub fn new(show: Option<&'a Diag>, keep: bool) -> Self {
        Self {
            started: Instant::now(),
            show,
            transcript: keep.then(Vec::new),
            lines,
        }
    }

    /// For a line protocol whose control characters have names.
    #[must_use]
    pub fn with_names(mut self) -> Self {
        self.lines = named_line;
        self
    }

    /// The client said this, some of it a secret.
    pub fn said(&mut self, bytes: &[u8], secret: Option<&Range<usize>>) {
        self.note("C: ", bytes, secret);
    }

    /// The server said this, some of it a secret.
    pub fn heard(&mut self, bytes: &[u8], secret: Option<&Range<usize>>) {
        self.note("S: ", bytes, secret);
    }

    /// Something else happened: a connection, a retry.
    pub fn remark(&mut self, text: &str) {
        if let Some(diag) = self.show {
            diag.trace(self.started.elapsed(), text);
        }
    }

    /// What was collected since the last call.
    pub fn take_transcript(&mut self) -> Option<Vec<String>> {
        self.transcript.as_mut().map(std::mem::take)
    }

    fn note(&mut self, who: &str, bytes: &[u8], secret: Option<&Range<usize>>) {
        if self.show.is_none() && self.transcript.is_none() {
            return;
        }
        for line in (self.lines)(bytes, secret) {
            let line = format!("{who}{line}");
            if let Some(diag) = self.show {
                diag.trace(self.started.elapsed(), &line);
            }
            if let Some(transcript) = &mut self.transcript {
                transcript.push(line);
            }
        }
    }
}

/// The lines of some bytes of a dialogue, safe to print, their secret masked.
pub fn lines(bytes: &[u8], secret: Option<&Range<usize>>) -> Vec<String> {
    let shown = masked(bytes, secret);
    let text = shown.strip_suffix(b"\n").unwrap_or(&shown);
    text.split(|byte| *byte == b'\n')
        .map(|line| printable(line.strip_suffix(b"\r").unwrap_or(line)))
        .collect()
}

/// The same for a line protocol: one line, in which a CR is a character like others.
pub fn named_line(bytes: &[u8], secret: Option<&Range<usize>>) -> Vec<String> {
    vec![named(&masked(bytes, secret))]
}

fn masked(bytes: &[u8], secret: Option<&Range<usize>>) -> Vec<u8> {
    let hidden = secret.cloned().unwrap_or_default();
    let mut shown = bytes.get(..hidden.start).unwrap_or_default().to_vec();
    if !hidden.is_empty() {
        shown.extend_from_slice(MASK.as_bytes());
    }
    shown.extend_from_slice(bytes.get(hidden.end..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_and_controls_are_escaped() {
        assert_eq!(
            lines(b"LOGI joe hunter2\r\n", Some(&(9..16))),
            ["LOGI joe ****"]
        );
        assert_eq!(lines(b"250 \x1b[2J", None), ["250 ^[[2J"]);
        assert_eq!(lines(b"a\r\n.\r\n", None), ["a", "."]);
        assert_eq!(
            named_line(b"\x1bPG1secret\r", Some(&(4..10))),
            ["<ESC>PG1****<CR>"]
        );
    }
}
