//! The parts of a mail, looked through for its first text.
//!
//! One pass over the lines, with a stack of our own for the parts that are open:
//! neither many parts nor deep ones cost more than the lines they stand in. The first
//! that says something wins; but what stands outside of a forwarded mail goes before
//! what stands in one, plain text and HTML go before text of another kind, and among
//! alternatives plain text goes before HTML. Must never know how a text is decoded.

use std::collections::HashMap;

use super::charset;
use super::header::{Headers, split_line, trim_end};
use super::text::{Leaf, Shape};
use super::transfer;

/// Texts that are none for people.
const NO_TEXTS: [&str; 7] = [
    "calendar",
    "css",
    "directory",
    "javascript",
    "rfc822-headers",
    "vcard",
    "x-vcard",
];

/// So many boundaries of a mail are guessed, and each goes over its lines again.
const MAX_GUESSES: usize = 8;

/// How good a text is; the smaller, the better.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Rank {
    /// It stands in a mail that was forwarded.
    forwarded: bool,
    shape: Shape,
}

impl Rank {
    /// None goes before it.
    const BEST: Self = Self {
        forwarded: false,
        shape: Shape::Plain,
    };

    /// Does it go before that one, which stands in front of it?
    fn is_better(self, other: Self, alternative: bool) -> bool {
        // Where they are no alternatives, both say something of their own.
        let of = |rank: Self| match rank.shape {
            Shape::Html if !alternative => Self {
                shape: Shape::Plain,
                ..rank
            },
            _ => rank,
        };
        of(self) < of(other)
    }
}

/// A text that was found.
#[derive(Debug)]
struct Found {
    rank: Rank,
    text: String,
    /// Something told its end.
    ends: bool,
}

/// A part that is open, and has parts in it.
struct Open {
    /// What stands between its parts; `None`: the mail in it ends where it does.
    boundary: Option<Vec<u8>>,
    /// The one outside that has the same boundary.
    hidden: Option<usize>,
    /// Its parts are mails unless they say what they are.
    digest: bool,
    /// Its parts say the same, each in its own way.
    alternative: bool,
    /// It is, or lies in, a mail that was forwarded.
    forwarded: bool,
    /// The best text in it until now.
    found: Option<Found>,
}

/// Where a part stands.
#[derive(Clone, Copy)]
enum Place {
    /// It is a whole mail.
    Mail,
    Part,
    Digest,
}

/// What a part is, by its headers.
enum Kind {
    /// Parts in parts, with what parts them.
    Parts {
        /// Empty: the header names none.
        boundary: Vec<u8>,
        subtype: String,
        /// What it is as a whole, where nothing in it is a part.
        raw: Leaf,
    },
    Mail,
    /// A mail in an encoding that no mail should have.
    Encoded(String),
    Text(Leaf),
    Other,
}

/// The first text of a mail, by its headers and its body: at most `room` bytes,
/// and a few more where there are more; and whether something told its end.
pub(super) fn first_text(headers: &Headers<'_>, body: &[u8], room: usize) -> (String, bool) {
    let mut search = Search::new(room, false);
    search.run(headers, body);
    let found = search.end();
    found
        .map(|found| (found.text, found.ends))
        .unwrap_or_default()
}

struct Search {
    room: usize,
    /// So many boundaries may yet be guessed.
    guesses: usize,
    /// It goes through a mail that was decoded for it, and decodes none itself.
    within: bool,
    /// The best that stands in none that is open.
    found: Option<Found>,
    /// From the outside in.
    open: Vec<Open>,
    /// Which of them has a boundary: the innermost.
    boundaries: HashMap<Vec<u8>, usize>,
}

impl Search {
    fn new(room: usize, within: bool) -> Self {
        Self {
            room,
            guesses: MAX_GUESSES,
            within,
            found: None,
            open: Vec::new(),
            boundaries: HashMap::new(),
        }
    }

    fn run(&mut self, headers: &Headers<'_>, body: &[u8]) {
        let (mut kind, mut rest) = (kind(headers, Place::Mail), body);
        loop {
            match &kind {
                Kind::Mail => {
                    // It ends where the part does that it stands in.
                    self.enter(None, "");
                    let (headers, body) = Headers::read(rest);
                    (kind, rest) = (self::kind(&headers, Place::Mail), body);
                    continue;
                }
                Kind::Parts {
                    boundary, subtype, ..
                } => self.enter(Some(boundary.clone()), subtype),
                _ => {}
            }
            let (content, end) = until_boundary(rest, &self.boundaries);
            match &mut kind {
                Kind::Text(leaf) => self.take(leaf, content, end.is_some()),
                Kind::Encoded(encoding) => self.look_into(encoding, content, end.is_some()),
                Kind::Parts { boundary, raw, .. } if !self.begins_part(end.as_ref()) => {
                    if let Some(guessed) = self.guess_boundary(content) {
                        self.leave(self.open.len() - 1);
                        *boundary = guessed;
                        continue;
                    }
                    self.take(raw, content, end.is_some());
                }
                _ => {}
            }
            let Some(end) = end.filter(|_| !self.has_best()) else {
                return;
            };
            rest = end.behind;
            kind = Kind::Other;
            if end.closes {
                self.leave(end.depth);
            } else {
                self.leave(end.depth + 1);
                let digest = self.open.last().is_some_and(|open| open.digest);
                let place = if digest { Place::Digest } else { Place::Part };
                let (headers, body) = Headers::read(rest);
                (kind, rest) = (self::kind(&headers, place), body);
            }
        }
    }

    /// The best text of all.
    fn end(mut self) -> Option<Found> {
        self.leave(0);
        self.found
    }

    fn is_forwarded(&self) -> bool {
        self.open.last().is_some_and(|open| open.forwarded)
    }

    /// What comes stands in this part; without a boundary, in this mail.
    fn enter(&mut self, boundary: Option<Vec<u8>>, subtype: &str) {
        let depth = self.open.len();
        let known = boundary.clone().filter(|boundary| !boundary.is_empty());
        let hidden = known.and_then(|known| self.boundaries.insert(known, depth));
        self.open.push(Open {
            forwarded: boundary.is_none() || self.is_forwarded(),
            boundary,
            hidden,
            digest: subtype == "digest",
            alternative: subtype == "alternative",
            found: None,
        });
    }

    /// What comes stands in that many parts: all that is open within them has ended.
    fn leave(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(open) = self.open.pop() else { return };
            match (open.boundary, open.hidden) {
                (Some(boundary), Some(depth)) => drop(self.boundaries.insert(boundary, depth)),
                (Some(boundary), None) => drop(self.boundaries.remove(&boundary)),
                (None, _) => {}
            }
            if let Some(found) = open.found {
                self.offer(found);
            }
        }
    }

    /// The best of the innermost that is open; and whether the texts in it are
    /// alternatives.
    fn innermost(&self) -> (Option<&Found>, bool) {
        match self.open.last() {
            Some(open) => (open.found.as_ref(), open.alternative),
            None => (self.found.as_ref(), false),
        }
    }

    /// Is such a text better than the best there?
    fn wants(&self, rank: Rank) -> bool {
        let (best, alternative) = self.innermost();
        best.is_none_or(|best| rank.is_better(best.rank, alternative))
    }

    fn offer(&mut self, found: Found) {
        if self.wants(found.rank) {
            match self.open.last_mut() {
                Some(open) => open.found = Some(found),
                None => self.found = Some(found),
            }
        }
    }

    fn has_best(&self) -> bool {
        let (best, _) = self.innermost();
        best.is_some_and(|best| best.rank == Rank::BEST)
    }

    /// Does the innermost that is open have a part behind this?
    fn begins_part(&self, end: Option<&End<'_>>) -> bool {
        end.is_some_and(|end| end.depth + 1 == self.open.len() && !end.closes)
    }

    /// What parts a content whose header names no boundary that stands in it: the first
    /// line that looks like one.
    fn guess_boundary(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        self.guesses = self.guesses.checked_sub(1)?;
        let mut rest = content;
        while !rest.is_empty() {
            let (line, behind) = split_line(rest);
            let boundary = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end);
            let header = behind.get(..8).unwrap_or_default();
            if header.eq_ignore_ascii_case(b"Content-") {
                if let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) {
                    return Some(boundary.to_vec());
                }
            }
            rest = behind;
        }
        None
    }

    /// Decodes a text that may be the best.
    fn take(&mut self, leaf: &Leaf, content: &[u8], ends: bool) {
        let rank = Rank {
            forwarded: self.is_forwarded(),
            shape: leaf.shape,
        };
        if !self.wants(rank) {
            return;
        }
        let (text, is_signed) = leaf.decode(content, self.room);
        if !text.is_empty() {
            let ends = ends || is_signed;
            self.offer(Found { rank, text, ends });
        }
    }

    /// Reads a mail that is encoded as a whole. One that stands in such a one is not
    /// looked into: each of them would be decoded once more.
    fn look_into(&mut self, encoding: &str, content: &[u8], ends: bool) {
        if self.within {
            return;
        }
        let mail = transfer::decode(encoding, content);
        let (headers, body) = Headers::read(&mail);
        let mut search = Self::new(self.room, true);
        search.run(&headers, body);
        if let Some(mut found) = search.end() {
            found.rank.forwarded = true;
            found.ends |= ends;
            self.offer(found);
        }
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

fn kind(headers: &Headers<'_>, place: Place) -> Kind {
    let content = headers.content("Content-Type");
    let attribute = |name: &str| content.as_ref().and_then(|content| content.attribute(name));
    let words = content.as_ref().map(|content| {
        let subtype = content.subtype().unwrap_or_default();
        (token(content.ctype()), token(subtype))
    });
    let (kind, subtype) = match &words {
        // RFC 2045, 5.2: what has no type, or none that can be read, is plain text.
        Some((kind, subtype)) if !subtype.is_empty() => (kind.as_str(), subtype.as_str()),
        _ if matches!(place, Place::Digest) => ("message", "rfc822"),
        _ => ("text", "plain"),
    };
    let encoding = headers.word("Content-Transfer-Encoding");
    // It should have no quotes, and has them with some.
    let encoding = encoding.replace('"', "");
    let attached = headers.content("Content-Disposition");
    let is_attached = attached.is_some_and(|attached| attached.is_attachment());
    let is_mail = matches!(place, Place::Mail);
    let shape = match (kind, subtype) {
        ("multipart", _) => {
            let boundary = attribute("boundary").unwrap_or_default().trim_ascii_end();
            let bytes: Result<_, _> = boundary.chars().map(u8::try_from).collect();
            return Kind::Parts {
                boundary: bytes.unwrap_or_else(|_| boundary.into()),
                subtype: subtype.to_owned(),
                raw: Leaf {
                    shape: Shape::Other,
                    encoding,
                    charset: None,
                    joins: false,
                },
            };
        }
        // However it was forwarded.
        ("message", "rfc822" | "global" | "news" | "partial") => {
            let encodings = ["base64", "quoted-printable"];
            let is_encoded = encodings.contains(&encoding.as_str());
            return if is_encoded {
                Kind::Encoded(encoding)
            } else {
                Kind::Mail
            };
        }
        // But for a mail that is nothing else.
        _ if is_attached && !is_mail => return Kind::Other,
        ("text", "plain") | ("plain", "text") => Shape::Plain,
        ("text", "html") => Shape::Html,
        ("text", _) if NO_TEXTS.contains(&subtype) => return Kind::Other,
        // RFC 2046, 4.1.4: a kind of text that is not known is plain.
        // So is what a mail server says of a mail.
        ("text" | "message", _) => Shape::Other,
        ("image" | "audio" | "video", _) => return Kind::Other,
        _ if is_mail => Shape::Perhaps,
        _ => return Kind::Other,
    };
    let is_yes = |name, yes| attribute(name).is_some_and(|value| value.eq_ignore_ascii_case(yes));
    let charset = attribute("charset").map(str::to_owned).or_else(|| {
        let header = headers.all("Content-Type").next()?;
        charset::named_in(&String::from_utf8_lossy(header)).map(str::to_owned)
    });
    Kind::Text(Leaf {
        shape,
        encoding,
        charset,
        joins: is_yes("format", "flowed") && is_yes("delsp", "yes"),
    })
}

/// The word of a type, in small letters: some write more behind it, after a comma or a
/// blank.
fn token(word: &str) -> String {
    let word = word.trim_start_matches(['"', ' ', '\t']);
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || "-+._".contains(c)));
    word.get(..end.unwrap_or(word.len()))
        .unwrap_or(word)
        .to_ascii_lowercase()
}
