//! The lines of a body (RFC 1861 section 4.4.1, DATA), gathered into a message.
//!
//! Answers for where it ends and for its bound. Must never know a command.

use crate::protocol::line::{Ending, Line};

/// The lone dot of a telnet client: reading CR LF from a file, it writes CR
/// NUL CR LF.
const TELNET_END: &[u8] = b".\r\0";

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

    /// How much of the next line is worth keeping: the room that is left, a
    /// doubled dot, and what telnet puts behind it. So there is always room for the end.
    pub fn room(&self) -> usize {
        let room = self.limit.saturating_sub(self.text.len());
        room.saturating_add(TELNET_END.len())
    }

    /// Takes a line. True: it was the end.
    pub fn take(&mut self, line: &Line) -> bool {
        let ends = line.ending == Ending::CrLf || !self.crlf;
        if ends && !line.cut && matches!(line.bytes.as_slice(), b"." | TELNET_END) {
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
mod tests {
    use super::*;
    use crate::protocol::line::Lines;

    /// The text, and what follows the end. `None`: it never ended.
    fn body(data: Ending, bytes: &[u8], limit: usize) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
        let mut lines = Lines::default();
        lines.push(bytes);
        let mut body = Body::new(limit, data);
        while let Some(line) = lines.next(body.room(), false) {
            if body.take(&line) {
                return Some((body.into_text(), lines.rest().to_vec()));
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
        // The end has room when nothing else has.
        for (lines, text) in [
            (&b"123"[..], Some(&b"123"[..])),
            (b"1234", Some(b"1234")),
            (b"12345", None),
            (b"123456789", None),
        ] {
            let bytes = [lines, b"\r\0\r\n.\r\0\r\n"].concat();
            assert_eq!(kept(&bytes), Some(text.map(<[u8]>::to_vec)));
        }
        for tail in ["1", "12", "123", ".\r", "..", "...\r"] {
            let bytes = format!("1234\r\n{tail}\r\n.\r\n");
            assert_eq!(kept(bytes.as_bytes()), Some(None), "{tail:?}");
        }
        assert_eq!(kept(b"12\r\n45\r\n.\r\n"), Some(None));
        assert_eq!(kept(b"1234\r\n\r\n.\r\n"), Some(None));
        assert_eq!(kept(b"123456789\r\nx\r\n..\r\n.\r\n"), Some(None));
    }
}
