//! What one call shows of a central and of the line to it, for who wants to
//! know why it does not work.
//!
//! Must never decide anything but what the central's version allows.

use std::time::SystemTime;

use super::ear::Text;
use crate::protocol::tap::control::{CR, LF, NUL};

/// Lines kept of what was said.
const MAX_LINES: usize = 50;

/// The first version that understands escapes.
const ESCAPES: (u32, u32) = (1, 6);

/// How a central ends its lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LineEnd {
    /// As TAP says.
    Cr,
    /// CR LF.
    CrLf,
    /// LF CR.
    LfCr,
}

/// What a call has shown so far.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The first lines before `ID=`, safe to print.
    pub banner: Vec<String>,
    /// The first lines behind it, safe to print.
    pub said: Vec<String>,
    /// The TAP version that the central says it speaks: 1 and 8 are 1.8.
    pub version: Option<(u32, u32)>,
    /// How it ends them.
    pub line_end: Option<LineEnd>,
    /// Bytes received.
    pub bytes: u64,
    /// NULs among them.
    pub nuls: u64,
    /// Bytes with bit 8 set.
    pub high_bits: u64,
    /// CRs said until `ID=` came.
    pub crs: u32,
    /// The central said when to begin.
    pub goahead: bool,
    /// It did so without an ACK to the logon.
    pub early_goahead: bool,
    /// When the line was there.
    pub started: Option<SystemTime>,
    /// When `ID=` came.
    pub prompted: Option<SystemTime>,
    /// When the logon was accepted.
    pub logged_on: Option<SystemTime>,
    /// When a page could be sent.
    pub ready: Option<SystemTime>,
    /// When the call was over.
    pub ended: Option<SystemTime>,
    last: u8,
}

impl Findings {
    /// Counts a byte as it came.
    pub(super) fn count(&mut self, raw: u8) {
        let byte = raw & 0x7F;
        self.bytes += 1;
        self.nuls += u64::from(byte == NUL);
        self.high_bits += u64::from(raw != byte);
        self.line_end = match (self.line_end, self.last, byte) {
            (None, LF, CR) => Some(LineEnd::LfCr),
            (None, _, CR) => Some(LineEnd::Cr),
            (Some(LineEnd::Cr), CR, LF) => Some(LineEnd::CrLf),
            (known, ..) => known,
        };
        // Padding stands between CR and LF as well.
        if byte != NUL {
            self.last = byte;
        }
    }

    /// Keeps a line.
    pub(super) fn note(&mut self, text: &Text, is_banner: bool) {
        self.version = text.version().or(self.version);
        let lines = if is_banner {
            &mut self.banner
        } else {
            &mut self.said
        };
        if lines.len() < MAX_LINES {
            lines.push(text.line.clone());
        }
    }

    /// Does the central understand escapes, by what it says?
    pub(super) fn escapes(&self) -> bool {
        self.version.is_some_and(|version| version >= ESCAPES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_known_by_its_lf() {
        let end = |bytes: &[u8]| {
            let mut findings = Findings::default();
            for byte in bytes {
                findings.count(*byte);
            }
            findings.line_end
        };
        assert_eq!(end(b"x"), None);
        assert_eq!(end(b"x\ry\r"), Some(LineEnd::Cr));
        assert_eq!(end(b"\r\nx\r\n"), Some(LineEnd::CrLf));
        assert_eq!(end(b"x\r\0\n"), Some(LineEnd::CrLf));
        assert_eq!(end(b"x\n\ry\n\r"), Some(LineEnd::LfCr));
        assert_eq!(end(b"x\x8d\x0a"), Some(LineEnd::CrLf));
    }
}
