//! What a client sends, cut into lines and blocks, however long it is and in
//! whatever pieces it comes.
//!
//! A line ends with its CR. A block begins with STX, wherever that is, and ends
//! with the CR behind its terminator: those of its fields are inside of it.

use std::collections::VecDeque;

use crate::protocol::Wire;
use crate::protocol::tap::block::{MAX_INFO, Terminator};
use crate::protocol::tap::control::{CR, ESC, STX};
use crate::protocol::tap::received;

/// The longest line, in bytes.
const MAX_LINE: usize = 512;
/// The longest block (STX, the fields, the terminator and the checksum), and
/// one byte more, which makes any checksum a wrong one.
const MAX_BLOCK: usize = MAX_INFO + 6;
/// ESC, the service and the terminal's type: what is behind them is a password.
const LOGON: usize = 4;

/// A line or a block, without the CR at its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Frame {
    /// It begins with STX.
    pub(super) is_block: bool,
    /// All of it, or where it is `long` its beginning.
    pub(super) bytes: Vec<u8>,
    /// It was longer than anything can be.
    pub(super) long: bool,
    /// How much had come in before its first byte.
    pub(super) start: u64,
}

impl Frame {
    /// For a trace: what may be a password is none of its business.
    pub(super) fn wire(&self) -> Wire {
        let length = self.bytes.len();
        let is_logon = self.bytes.first() == Some(&ESC) && length > LOGON;
        let secret = is_logon.then_some(LOGON..length);
        let mut bytes = self.bytes.clone();
        bytes.push(CR);
        Wire { bytes, secret }
    }
}

/// Cuts a line's bytes into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What was not looked at yet.
    rest: VecDeque<u8>,
    /// How much was looked at.
    taken: u64,
    /// What has begun.
    bytes: Vec<u8>,
    start: u64,
    is_block: bool,
    /// Of a block: the fields are over.
    terminated: bool,
    long: bool,
}

impl Frames {
    /// Takes in what came over the line, parity bits and padding included.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes.iter().copied().filter_map(received));
    }

    /// What is no frame yet.
    pub(super) fn rest(&self) -> Vec<u8> {
        self.bytes.iter().chain(&self.rest).copied().collect()
    }

    /// Has what came last ended a field, and not its block?
    pub(super) fn ends_in_cr(&self) -> bool {
        self.bytes.last() == Some(&CR)
    }

    /// How much has come in so far.
    pub(super) fn arrived(&self) -> u64 {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        self.taken.saturating_add(rest)
    }

    /// The next one that is whole.
    pub(super) fn next(&mut self) -> Option<Frame> {
        while let Some(byte) = self.rest.pop_front() {
            let at = self.taken;
            self.taken += 1;
            match byte {
                STX => {
                    // Where the end of a block was lost, its sender begins anew
                    // and expects one answer; anything else is noise in front.
                    let noise = !self.is_block && !self.bytes.is_empty();
                    let noise = noise.then(|| self.end(at));
                    self.begin(true, at);
                    self.bytes.push(STX);
                    if noise.is_some() {
                        return noise;
                    }
                }
                CR if !self.is_block || self.terminated => return Some(self.end(at)),
                byte => self.add(byte, at),
            }
        }
        None
    }

    /// Gives up a block that has begun: who sent it is gone, or it was noise.
    /// Else it would swallow whatever comes up to a terminator, CRs included.
    pub(super) fn drop_block(&mut self) {
        if self.is_block {
            self.begin(false, self.taken);
        }
    }

    fn begin(&mut self, is_block: bool, at: u64) {
        self.bytes.clear();
        self.start = at;
        self.is_block = is_block;
        self.terminated = false;
        self.long = false;
    }

    fn add(&mut self, byte: u8, at: u64) {
        if self.bytes.is_empty() {
            self.start = at;
        }
        self.terminated |= self.is_block && Terminator::of(byte).is_some();
        let most = if self.is_block { MAX_BLOCK } else { MAX_LINE };
        if self.bytes.len() < most {
            self.bytes.push(byte);
        } else {
            self.long = true;
        }
    }

    fn end(&mut self, at: u64) -> Frame {
        let frame = Frame {
            is_block: self.is_block,
            long: self.long,
            start: self.start,
            bytes: std::mem::take(&mut self.bytes),
        };
        self.begin(false, at + 1);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(bytes: &[u8]) -> Vec<(bool, Vec<u8>, u64)> {
        let mut frames = Frames::default();
        frames.push(bytes);
        std::iter::from_fn(|| frames.next())
            .map(|frame| (frame.is_block, frame.bytes, frame.start))
            .collect()
    }

    #[test]
    fn a_line_ends_with_its_cr_and_a_block_with_the_one_behind_its_checksum() {
        let line = |text: &[u8], at| (false, text.to_vec(), at);
        let block = |text: &[u8], at| (true, text.to_vec(), at);
        assert_eq!(
            cut(b"\r\nATI\r\n\x021\rTEST\r\x03190\r\x04\rrest"),
            [
                line(b"", 0),
                line(b"ATI", 1),
                block(b"\x021\rTEST\r\x03190", 5),
                line(b"\x04", 18),
            ]
        );
        // Parity, padding, flow control.
        assert_eq!(cut(b"\x00\xc1\x91\xd4\x7f\x8d"), [line(b"AT", 0)]);
    }

    #[test]
    fn a_block_begins_wherever_its_stx_is() {
        assert_eq!(
            cut(b"noise\x021\r\x03x\r"),
            [
                (false, b"noise".to_vec(), 0),
                (true, b"\x021\r\x03x".to_vec(), 5)
            ]
        );
        // The first one lost its end.
        assert_eq!(
            cut(b"\x021\rx\r190\r\x021\r\x03x\r"),
            [(true, b"\x021\r\x03x".to_vec(), 9)]
        );
    }

    #[test]
    fn what_is_too_long_is_dropped_up_to_its_end() {
        let mut frames = Frames::default();
        for _ in 0..100 {
            frames.push(&[b'x'; 100]);
            assert_eq!(frames.next(), None);
            assert!(frames.bytes.capacity() <= 2 * MAX_LINE);
        }
        frames.push(b"\r\x02");
        assert!(frames.next().is_some_and(|frame| frame.long));
        frames.push(&[b'y'; 300]);
        frames.push(b"\x03123\r\r");
        let block = frames.next().unwrap();
        assert!(block.long && block.is_block && block.bytes.len() == MAX_BLOCK);
        assert!(frames.next().is_some_and(|frame| !frame.long));
    }

    #[test]
    fn a_password_is_no_part_of_a_trace() {
        let wire = |line: &[u8]| {
            let mut frames = Frames::default();
            frames.push(line);
            frames.next().unwrap().wire()
        };
        assert_eq!(wire(b"\x1bPG1hunter2\r").secret, Some(4..11));
        assert_eq!(wire(b"\x1bPG1\r"), Wire::open(b"\x1bPG1\r"));
        assert_eq!(wire(b"\x02PG1x\r\x03x\r").secret, None);
    }
}
