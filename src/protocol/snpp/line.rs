//! What a client writes, cut into lines, and the lines of a body gathered
//! into a message.
//!
//! Answers for bounds: however much comes without a line end, no more is kept
//! than was asked for. Must never know what a line means, nor a reply.
//! Source: RFC 1861 sections 3 and 4.4.1 (DATA), which leave line ends and
//! lengths open.

/// How a line ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// LF alone.
    Lf,
    /// CR LF.
    CrLf,
}

/// One line of a client's.
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

/// The body of a message, line by line.
///
/// Only a lone dot ends it. In a dialogue whose lines end in CR LF the dot's
/// line must do so too: clients pass texts on whose lines end in LF alone,
/// and a dot among those is text. Ended there, the rest of the text would be
/// run as commands. The line that said DATA counts as the first one, because
/// a client may write its commands with CR LF and a text as it found it
/// (`HylaFAX` does); such a text is ended by the `.` CR LF behind its last LF.
#[derive(Debug)]
pub struct Body {
    limit: usize,
    text: Vec<u8>,
    begun: bool,
    over: bool,
    crlf: bool,
}

impl Body {
    /// An empty body, of which at most `limit` bytes are kept, after a DATA that ended so.
    pub fn new(limit: usize, ending: Ending) -> Self {
        Self {
            limit,
            text: Vec::new(),
            begun: false,
            over: false,
            crlf: ending == Ending::CrLf,
        }
    }

    /// How much of the next line is worth keeping: the room that is left, and a doubled dot.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.text.len()).saturating_add(1)
    }

    /// Takes a line. True: it was the end.
    pub fn take(&mut self, line: &Line) -> bool {
        let ends = line.ending == Ending::CrLf || !self.crlf;
        // A telnet client that reads CR LF from a file writes CR NUL CR LF.
        if ends && !line.cut && matches!(line.bytes.as_slice(), b"." | b".\r\0") {
            return true;
        }
        self.crlf |= line.ending == Ending::CrLf;
        let text = line.text();
        // Clients that double a leading dot are undone; a single one stays, for those that do not.
        let text = if text.starts_with(b"..") {
            text.split_at(1).1
        } else {
            text
        };
        let joint = usize::from(self.begun);
        self.begun = true;
        self.over |= line.cut || self.text.len() + joint + text.len() > self.limit;
        if self.over {
            self.text = Vec::new();
            self.limit = 0;
        } else {
            self.text.extend(std::iter::repeat_n(b'\n', joint));
            self.text.extend_from_slice(text);
        }
        false
    }

    /// The lines joined by LF. `None`: they were over the limit.
    pub fn into_text(self) -> Option<Vec<u8>> {
        (!self.over).then_some(self.text)
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.text.capacity()
    }
}

#[cfg(test)]
impl Lines {
    pub(super) fn held(&self) -> usize {
        self.input.capacity() + self.kept.capacity()
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

    /// The text, and what follows the end. `None`: it never ended.
    fn body(data: Ending, bytes: &[u8], limit: usize) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
        let mut lines = Lines::default();
        lines.push(bytes);
        let mut body = Body::new(limit, data);
        while let Some(line) = lines.next(body.room(), false) {
            if body.take(&line) {
                let rest = lines.input.get(lines.at..).unwrap_or_default().to_vec();
                return Some((body.into_text(), rest));
            }
            assert!(body.text.len() <= limit);
        }
        None
    }

    #[test]
    fn a_lone_dot_ends_a_body_and_other_dots_do_not() {
        for (bytes, text) in [
            (&b"a\r\nb\r\n.\r\n"[..], &b"a\nb"[..]),
            (
                b"..hidden\r\n...\r\n.one\r\n. \r\n.\r\n",
                b".hidden\n..\n.one\n. ",
            ),
            (b"a\r\r\n\r\n.\r\n", b"a\n"),
            (b".\r\r\n.\r\n", b"."),
            (b"a\r\0\r\n.\r\0\r\n", b"a"),
            (b".\r\n", b""),
        ] {
            assert_eq!(
                body(Ending::CrLf, bytes, 99),
                Some((Some(text.to_vec()), vec![]))
            );
        }
    }

    #[test]
    fn text_never_becomes_commands() {
        use Ending::{CrLf, Lf};
        // A dialogue in LF alone.
        assert_eq!(
            body(Lf, b"a\n.\nSEND\n", 99),
            Some((Some(b"a".to_vec()), b"SEND\n".to_vec()))
        );
        // Begun with CR LF: the dot in LF is text.
        let text = Some(b"a\n.\nPAGE 2\nSEND".to_vec());
        assert_eq!(
            body(Lf, b"a\r\n.\nPAGE 2\nSEND\r\n.\r\n", 99),
            Some((text.clone(), vec![]))
        );
        // DATA in CR LF, a text in LF, and the dot in CR LF again.
        assert_eq!(
            body(CrLf, b"a\n.\nPAGE 2\nSEND\n.\r\n", 99),
            Some((text, vec![]))
        );
        assert_eq!(body(CrLf, b"a\n.\n", 99), None);
    }

    #[test]
    fn a_body_over_the_limit_is_dropped_and_still_ends() {
        let kept = |bytes: &[u8]| body(Ending::CrLf, bytes, 4).map(|(text, _)| text);
        assert_eq!(kept(b"1234\r\n.\r\n"), Some(Some(b"1234".to_vec())));
        assert_eq!(kept(b"..34\r\n.\r\n"), Some(Some(b".34".to_vec())));
        assert_eq!(kept(b"..345\r\n.\r\n"), Some(Some(b".345".to_vec())));
        assert_eq!(kept(b"12\r\n4\r\n.\r\n"), Some(Some(b"12\n4".to_vec())));
        assert_eq!(kept(b"12345\r\n.\r\n"), Some(None));
        assert_eq!(kept(b"12\r\n45\r\n.\r\n"), Some(None));
        assert_eq!(kept(b"1234\r\n\r\n.\r\n"), Some(None));
        assert_eq!(kept(b"123456789\r\nx\r\n..\r\n.\r\n"), Some(None));
    }
}
