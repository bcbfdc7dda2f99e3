//! What the other side of a line protocol writes, cut into lines.
//!
//! Answers for bounds: however much comes without a line end, no more is kept
//! than was asked for. Must never know what a line means. RFC 1861 leaves line
//! ends and lengths open, and who speaks xtell is no stricter.

/// How a line ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// LF alone.
    Lf,
    /// CR LF.
    CrLf,
}

/// One line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Its bytes without the end, or the first of them.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
    /// It was longer than what was kept of it.
    pub cut: bool,
}

impl Line {
    /// The text of the line: CRs at its end never belong to it, however many,
    /// nor do those that a telnet client wrote as CR NUL (RFC 854).
    pub fn text(&self) -> &[u8] {
        let mut text = self.bytes.as_slice();
        while let Some(rest) = text.strip_suffix(b"\r\0").or(text.strip_suffix(b"\r")) {
            text = rest;
        }
        text
    }
}

/// First byte of a telnet command (RFC 854).
const IAC: u8 = 0xff;
/// WILL, WONT, DO and DONT: the commands that one byte more belongs to.
const OPTIONS: std::ops::RangeInclusive<u8> = 0xfb..=0xfe;

/// What the next byte in front of a line is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Telnet {
    /// The line's, or the first of a command.
    #[default]
    Text,
    /// The second of a command.
    Command,
    /// The third.
    Option,
}

/// Cuts a stream of bytes into lines. A line without its end is never given out.
#[derive(Debug, Default)]
pub struct Lines {
    input: Vec<u8>,
    /// How much of `input` was consumed.
    at: usize,
    /// The beginning of the current line, and how long the line is by now.
    kept: Vec<u8>,
    length: usize,
    last: Option<u8>,
    telnet: Telnet,
}

impl Lines {
    /// Takes bytes from the line. Call [`Lines::next`] until it has none.
    pub fn push(&mut self, bytes: &[u8]) {
        // Who takes one line at a time may never have been told that it was the last.
        self.input.drain(..self.at);
        self.at = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The next line, of which at most `keep` bytes are kept. With `telnet`,
    /// telnet commands in front of it are skipped. `None`: more bytes are needed.
    ///
    /// Both must stay the same until a line has come, or the result would
    /// depend on how the bytes were chunked.
    pub fn next(&mut self, keep: usize, telnet: bool) -> Option<Line> {
        if telnet {
            self.skip_telnet();
        }
        let rest = self.input.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (part, _) = rest.split_at(end.unwrap_or(rest.len()));
        let room = keep.saturating_sub(self.kept.len()).min(part.len());
        self.kept.extend_from_slice(part.split_at(room).0);
        self.length = self.length.saturating_add(part.len());
        self.last = part.last().copied().or(self.last);
        if end.is_none() {
            self.input.clear();
            self.at = 0;
            return None;
        }
        self.at += part.len() + 1;
        Some(self.finish(keep))
    }

    /// Has anything come of a line that has no end yet, or of more lines?
    pub fn has_rest(&self) -> bool {
        self.length > 0 || self.at < self.input.len()
    }

    fn finish(&mut self, keep: usize) -> Line {
        let (ending, length) = match self.last.take() {
            Some(b'\r') => (Ending::CrLf, self.length.saturating_sub(1)),
            _ => (Ending::Lf, self.length),
        };
        self.length = 0;
        let mut bytes = std::mem::take(&mut self.kept);
        bytes.truncate(length);
        Line {
            bytes,
            ending,
            cut: length > keep,
        }
    }

    /// A telnet client negotiates where we never asked it to, and tells of
    /// keys such as ^C. The last byte of a triple may be 10, which is then no LF.
    fn skip_telnet(&mut self) {
        while self.length == 0 {
            let Some(&byte) = self.input.get(self.at) else {
                return;
            };
            self.telnet = match self.telnet {
                Telnet::Text if byte == IAC => Telnet::Command,
                Telnet::Text => return,
                Telnet::Command if OPTIONS.contains(&byte) => Telnet::Option,
                Telnet::Command | Telnet::Option => Telnet::Text,
            };
            self.at += 1;
        }
    }
}

#[cfg(test)]
impl Lines {
    pub(super) fn held(&self) -> usize {
        self.input.capacity() + self.kept.capacity()
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&[u8]], keep: usize) -> Vec<(Vec<u8>, Ending, bool)> {
        let mut lines = Lines::default();
        let mut result = Vec::new();
        for chunk in chunks {
            lines.push(chunk);
            while let Some(line) = lines.next(keep, true) {
                result.push((line.bytes, line.ending, line.cut));
            }
        }
        result
    }

    fn both(bytes: &[u8], keep: usize) -> Vec<(Vec<u8>, Ending, bool)> {
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        let whole = cut(&[bytes], keep);
        assert_eq!(whole, cut(&single, keep));
        whole
    }

    #[test]
    fn both_line_ends_and_no_others() {
        assert_eq!(
            both(b"a\r\nb\n\r\n\nc\rd\r\r\nrest", 9),
            [
                (b"a".to_vec(), Ending::CrLf, false),
                (b"b".to_vec(), Ending::Lf, false),
                (b"".to_vec(), Ending::CrLf, false),
                (b"".to_vec(), Ending::Lf, false),
                (b"c\rd\r".to_vec(), Ending::CrLf, false),
            ]
        );
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_stands() {
        assert_eq!(
            both(b"1234\r\n12345\r\n12345\n1234\n", 4),
            [
                (b"1234".to_vec(), Ending::CrLf, false),
                (b"1234".to_vec(), Ending::CrLf, true),
                (b"1234".to_vec(), Ending::Lf, true),
                (b"1234".to_vec(), Ending::Lf, false),
            ]
        );
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.push(&[b'x'; 4096]);
            assert_eq!(lines.next(100, true), None);
        }
        assert!(lines.held() < 20_000);
    }

    #[test]
    fn lines_that_were_taken_are_not_kept() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.push(b"200 message sent\r\n");
            assert!(lines.next(100, false).is_some());
        }
        assert!(lines.held() < 1000);
    }

    #[test]
    fn telnet_commands_in_front_are_skipped() {
        // ^C: interrupt, and a timing mark.
        assert_eq!(
            both(b"\xff\xf4\xff\xfd\x06QUIT\r\n", 9),
            [(b"QUIT".to_vec(), Ending::CrLf, false)]
        );
        // Option 10 looks like LF.
        assert_eq!(
            both(b"\xff\xfd\x03\xff\xfb\x0aQUIT\r\n\xff\xfe\nHELP\xff\n", 9),
            [
                (b"QUIT".to_vec(), Ending::CrLf, false),
                (b"HELP\xff".to_vec(), Ending::Lf, false),
            ]
        );
    }
}
