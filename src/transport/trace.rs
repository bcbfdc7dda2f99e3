//! What went over a line, for the eyes of the user: with `-v` as it happens,
//! for JSON as a transcript. Secrets are masked here, and nowhere later.

use std::time::Instant;

use crate::diag::Diag;
use crate::protocol::Wire;
use crate::text::escape::printable;

/// Stands for a secret.
const MASK: &str = "****";

/// Keeps or shows a dialogue.
#[derive(Debug)]
pub struct Trace<'a> {
    started: Instant,
    show: Option<&'a Diag>,
    transcript: Option<Vec<String>>,
}

impl<'a> Trace<'a> {
    /// `show`: print each line as it passes. `keep`: collect a transcript.
    pub fn new(show: Option<&'a Diag>, keep: bool) -> Self {
        Self {
            started: Instant::now(),
            show,
            transcript: keep.then(Vec::new),
        }
    }

    /// The client said this.
    pub fn said(&mut self, wire: &Wire) {
        self.note("C: ", wire);
    }

    /// The server said this.
    pub fn heard(&mut self, wire: &Wire) {
        self.note("S: ", wire);
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

    fn note(&mut self, who: &str, wire: &Wire) {
        if self.show.is_none() && self.transcript.is_none() {
            return;
        }
        for line in lines(wire) {
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
pub fn lines(wire: &Wire) -> Vec<String> {
    let hidden = wire.secret.clone().unwrap_or(0..0);
    let head = wire.bytes.get(..hidden.start).unwrap_or(&wire.bytes);
    let tail = wire.bytes.get(hidden.end..).unwrap_or_default();
    let mut shown = head.to_vec();
    if !hidden.is_empty() {
        shown.extend_from_slice(MASK.as_bytes());
    }
    shown.extend_from_slice(tail);
    let text = shown.strip_suffix(b"\n").unwrap_or(&shown);
    text.split(|byte| *byte == b'\n')
        .map(|line| printable(line.strip_suffix(b"\r").unwrap_or(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_and_controls_are_escaped() {
        let wire = Wire {
            bytes: b"LOGI joe hunter2\r\n".to_vec(),
            secret: Some(9..16),
        };
        assert_eq!(lines(&wire), ["LOGI joe ****"]);
        assert_eq!(lines(&Wire::open(*b"250 \x1b[2J")), ["250 ^[[2J"]);
        assert_eq!(lines(&Wire::open(*b"a\r\n.\r\n")), ["a", "."]);
    }
}
