//! The parts of a mail, looked through for its first text.
//!
//! One pass over the lines, with a stack of our own for the parts that are open:
//! neither many parts nor deep ones cost more than the lines they stand in. What
//! stands outside of a forwarded mail goes before what stands in one, and plain
//! text before HTML. Must never know how a text is decoded.

use std::collections::HashMap;

use super::header::{Headers, split_line, trim_end};
use super::text::{Leaf, Shape};

/// A part that is open, and has parts in it.
struct Open {
    /// What stands between its parts; `None`: the mail in it ends where it does.
    boundary: Option<Vec<u8>>,
    /// The one outside that has the same boundary.
    hidden: Option<usize>,
    /// Its parts are mails unless they say what they are.
    digest: bool,
    /// It is, or lies in, a mail that was forwarded.
    forwarded: bool,
}

/// What a part is, by its headers.
enum Kind {
    Parts { boundary: Vec<u8>, digest: bool },
    Mail,
    Text(Leaf),
    Other,
}

/// The first text of a mail, by its headers and its body: at most `room` bytes,
/// and a few more where there are more; and whether something told its end.
pub(super) fn first_text(headers: &Headers<'_>, body: &[u8], room: usize) -> (String, bool) {
    let mut search = Search {
        room,
        ..Search::default()
    };
    search.run(headers, body);
    let mut found = search.found.into_iter().flatten();
    found.next().unwrap_or_default()
}

#[derive(Default)]
struct Search {
    room: usize,
    /// By rank: plain text, HTML; the same of a mail that was forwarded.
    found: [Option<(String, bool)>; 4],
    /// From the outside in.
    open: Vec<Open>,
    /// Which of them has a boundary: the innermost.
    boundaries: HashMap<Vec<u8>, usize>,
}

impl Search {
    fn run(&mut self, headers: &Headers<'_>, body: &[u8]) {
        let (mut kind, mut rest) = (kind(headers, false), body);
        loop {
            let is_parts = matches!(kind, Kind::Parts { .. });
            let leaf = match kind {
                Kind::Mail => {
                    // It ends where the part does that it stands in.
                    self.enter(None, false, true);
                    let (headers, body) = Headers::read(rest);
                    (kind, rest) = (self::kind(&headers, false), body);
                    continue;
                }
                Kind::Parts { boundary, digest } => {
                    self.enter(Some(boundary), digest, false);
                    None
                }
                Kind::Text(leaf) => Some(leaf),
                Kind::Other => None,
            };
            let (content, end) = until_boundary(rest, &self.boundaries);
            if is_parts && end.is_none() && self.found.iter().all(Option::is_none) {
                // A boundary that never comes parts nothing.
                self.take(&Leaf::PLAIN, content, false);
                return;
            }
            if leaf.is_some_and(|leaf| self.take(&leaf, content, end.is_some())) {
                return;
            }
            let Some(end) = end else { return };
            rest = end.behind;
            kind = Kind::Other;
            if end.closes {
                self.leave(end.depth);
            } else {
                self.leave(end.depth + 1);
                let digest = self.open.last().is_some_and(|open| open.digest);
                let (headers, body) = Headers::read(rest);
                (kind, rest) = (self::kind(&headers, digest), body);
            }
        }
    }

    fn is_forwarded(&self) -> bool {
        self.open.last().is_some_and(|open| open.forwarded)
    }

    /// What comes stands in this part.
    fn enter(&mut self, boundary: Option<Vec<u8>>, digest: bool, mail: bool) {
        let depth = self.open.len();
        let known = boundary.clone();
        let hidden = known.and_then(|known| self.boundaries.insert(known, depth));
        self.open.push(Open {
            boundary,
            hidden,
            digest,
            forwarded: mail || self.is_forwarded(),
        });
    }

    /// What comes stands in that many parts: all that is open within them has ended.
    fn leave(&mut self, depth: usize) {
        for open in self.open.drain(depth.min(self.open.len())..).rev() {
            match (open.boundary, open.hidden) {
                (Some(boundary), Some(depth)) => drop(self.boundaries.insert(boundary, depth)),
                (Some(boundary), None) => drop(self.boundaries.remove(&boundary)),
                (None, _) => {}
            }
        }
    }

    /// Decodes a text unless a better one is there. True: there is none better.
    fn take(&mut self, leaf: &Leaf, content: &[u8], ends: bool) -> bool {
        let html = leaf.shape == Shape::Html;
        let rank = usize::from(html) + 2 * usize::from(self.is_forwarded());
        let Some(place) = self.found.get_mut(rank).filter(|place| place.is_none()) else {
            return false;
        };
        let (text, is_signed) = leaf.decode(content, self.room);
        if !text.is_empty() {
            *place = Some((text, ends || is_signed));
        }
        rank == 0 && place.is_some()
    }
}

/// The line at which the content of a part ended.
struct End<'m> {
    /// Which of the open parts has this boundary.
    depth: usize,
    /// It was the last one.
    closes: bool,
    behind: &'m [u8],
}

/// What stands in front of the next boundary of a part that is open.
fn until_boundary<'m>(
    bytes: &'m [u8],
    boundaries: &HashMap<Vec<u8>, usize>,
) -> (&'m [u8], Option<End<'m>>) {
    let mut rest = bytes;
    while !rest.is_empty() && !boundaries.is_empty() {
        let (line, behind) = split_line(rest);
        if let Some(word) = line.strip_prefix(b"--") {
            let word = word.trim_ascii_end();
            let last = word.strip_suffix(b"--");
            // A boundary may itself end like that.
            let next = boundaries.get(word).map(|depth| (*depth, false));
            let found = next.or_else(|| Some((*boundaries.get(last?)?, true)));
            if let Some((depth, closes)) = found {
                let length = bytes.len() - rest.len();
                let content = bytes.get(..length).unwrap_or(bytes);
                let end = End {
                    depth,
                    closes,
                    behind,
                };
                // The line end in front of a boundary is the boundary's.
                return (trim_end(content), Some(end));
            }
        }
        rest = behind;
    }
    (bytes, None)
}

fn kind(headers: &Headers<'_>, in_digest: bool) -> Kind {
    let content = headers.content("Content-Type");
    let attribute = |name: &str| content.as_ref().and_then(|content| content.attribute(name));
    let words = content.as_ref().map(|content| {
        // Some leave out the semicolon behind it.
        let mut subtype = content.subtype().unwrap_or_default().split_whitespace();
        let subtype = subtype.next().unwrap_or_default().to_ascii_lowercase();
        (content.ctype().to_ascii_lowercase(), subtype)
    });
    let (kind, subtype) = match &words {
        // RFC 2045, 5.2: what has no type, or none that can be read, is plain text.
        Some((kind, subtype)) if !subtype.is_empty() => (kind.as_str(), subtype.as_str()),
        _ if in_digest => ("message", "rfc822"),
        _ => ("text", "plain"),
    };
    let attached = headers.content("Content-Disposition");
    let shape = match (kind, subtype) {
        ("multipart", _) => match attribute("boundary").map(str::trim_ascii_end) {
            Some(boundary) if !boundary.is_empty() => {
                let boundary = boundary.as_bytes().to_vec();
                let digest = subtype == "digest";
                return Kind::Parts { boundary, digest };
            }
            // Nothing can tell where its parts are.
            _ => Shape::Plain,
        },
        // However it was forwarded.
        ("message", "rfc822" | "global") => return Kind::Mail,
        _ if attached.is_some_and(|attached| attached.is_attachment()) => return Kind::Other,
        ("text", "plain") => Shape::Plain,
        ("text", "html") => Shape::Html,
        _ => return Kind::Other,
    };
    Kind::Text(Leaf {
        shape,
        encoding: headers.word("Content-Transfer-Encoding"),
        charset: attribute("charset").map(str::to_owned),
    })
}
