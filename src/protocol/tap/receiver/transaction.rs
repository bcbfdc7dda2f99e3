//! A page as its blocks bring it: fields, some of them torn between two blocks.
//!
//! Where the ACK of a block is lost, its sender says it again. The first block
//! of several, said twice, counts once: no text goes on with its own pager ID.
//! Further ones count as they come: a text may repeat itself, and nothing of it
//! may be lost.

use crate::protocol::tap::block::{Block, Terminator, unescaped};
use crate::protocol::tap::control::CR;

/// The most bytes of a page, escapes counted as the two bytes they are.
pub(super) const MAX_PAGE: usize = 8 * 1024;

/// The blocks so far.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    info: Vec<u8>,
}

/// What a block makes of its transaction.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// It goes on.
    More,
    /// This is all of it: the pager ID and the text.
    Whole(Vec<u8>, Vec<u8>),
    /// It has no two fields.
    Malformed,
    /// It is longer than any page may be, and is given up.
    TooLong,
}

impl Transaction {
    /// Has none of it come yet?
    pub(super) fn is_empty(&self) -> bool {
        self.info.is_empty()
    }

    /// Takes the next block. Where a field ends its CR says, whatever the
    /// terminator does: some senders mix ETB and US up.
    pub(super) fn add(&mut self, block: &Block) -> Part {
        if block.end != Terminator::Etx && block.info == self.info {
            return Part::More;
        }
        let mut info = std::mem::take(&mut self.info);
        info.extend_from_slice(&block.info);
        if info.len() > MAX_PAGE {
            Part::TooLong
        } else if block.end == Terminator::Etx {
            whole(&info)
        } else {
            self.info = info;
            Part::More
        }
    }
}

/// The lines of a message are its fields from the second on.
fn whole(info: &[u8]) -> Part {
    let Some(info) = info.strip_suffix(&[CR]) else {
        return Part::Malformed;
    };
    let mut fields = info.split(|byte| *byte == CR).map(unescaped);
    let pager = fields.next().unwrap_or_default();
    let lines: Vec<Vec<u8>> = fields.collect();
    if lines.is_empty() {
        return Part::Malformed;
    }
    Part::Whole(pager, lines.join(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(parts: &[(&[u8], Terminator)]) -> Vec<Part> {
        let mut transaction = Transaction::default();
        let block = |&(info, end): &(&[u8], Terminator)| {
            let info = info.to_vec();
            transaction.add(&Block { info, end })
        };
        parts.iter().map(block).collect()
    }

    fn page(pager: &str, text: &str) -> Part {
        Part::Whole(pager.into(), text.into())
    }

    #[test]
    fn fields_are_joined_across_blocks() {
        use Terminator::{Etb, Etx, Us};
        assert_eq!(add(&[(b"1\r\r", Etx)]), [page("1", "")]);
        assert_eq!(add(&[(b"1\rA\x1aJB\rC\r", Etx)]), [page("1", "A\nB\nC")]);
        assert_eq!(
            add(&[
                (b"1\rAB", Us),
                (b"C\r", Etb),
                (b"D\r", Etx),
                (b"2\rx\r", Etx)
            ]),
            [Part::More, Part::More, page("1", "ABC\nD"), page("2", "x")]
        );
        // The first that comes again is one; a text may repeat itself.
        let first = (&b"1\rAB"[..], Us);
        let (next, last) = ((&b"CD"[..], Us), (&b"CD\r"[..], Etx));
        let blocks = [first, first, next, next, first, next, last];
        let mut told: Vec<Part> = (1..blocks.len()).map(|_| Part::More).collect();
        told.push(page("1", "ABCDCD1\nABCDCD"));
        assert_eq!(add(&blocks), told);
        assert_eq!(
            add(&[first, last, first, last]),
            [Part::More, page("1", "ABCD"), Part::More, page("1", "ABCD")]
        );
        for bad in [&b""[..], b"1", b"1\r", b"1\rx"] {
            assert_eq!(add(&[(bad, Etx)]), [Part::Malformed]);
        }
    }

    #[test]
    fn a_page_without_end_is_given_up() {
        let begin = [b"1\r", &[b'x'; 248][..]].concat();
        let more = (&[b'y'; 250][..], Terminator::Us);
        let mut blocks = vec![more; 40];
        blocks[0] = (&begin, Terminator::Us);
        let parts = add(&blocks);
        let more = parts.iter().take_while(|part| **part == Part::More);
        assert_eq!(more.count(), MAX_PAGE / 250);
        assert_eq!(parts[MAX_PAGE / 250], Part::TooLong);
        assert_eq!(parts[MAX_PAGE / 250 + 1], Part::More);
        // The same block again is the next page's.
        let first = [b"1\r", &[b'z'; 248][..]].concat();
        let first = (&first[..], Terminator::Us);
        let last = (&b"\r"[..], Terminator::Etx);
        let parts = add(&[&blocks[..33], &[first, first, last]].concat());
        let (too_long, rest) = parts[32..].split_first().unwrap();
        assert_eq!(*too_long, Part::TooLong);
        let whole = page("1", &"z".repeat(248));
        assert_eq!(rest, [Part::More, Part::More, whole]);
    }
}
