//! The dialogues of tests/transcripts/tap-*.txt, which both ends of the line play, and what a line
//! makes of the bytes of a central.
//!
//! In a file, `> ` stands before what the client says, `< ` before what the central says, `. `
//! before what happens besides. A control character is its name: `<CR>`. A file that is only a part
//! of a call begins with the logon or with a block; `opening` is what came before.

use std::fs;
use std::path::Path;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    Client(Vec<u8>),
    Central(Vec<u8>),
    /// Something passes: time.
    Passes(String),
}

const NAMES: [(u8, &str); 16] = [
    (0x00, "NUL"),
    (0x02, "STX"),
    (0x03, "ETX"),
    (0x04, "EOT"),
    (0x06, "ACK"),
    (0x0A, "LF"),
    (0x0D, "CR"),
    (0x11, "XON"),
    (0x13, "XOFF"),
    (0x15, "NAK"),
    (0x17, "ETB"),
    (0x1A, "SUB"),
    (0x1B, "ESC"),
    (0x1E, "RS"),
    (0x1F, "US"),
    (0x7F, "DEL"),
];

/// The bytes that a text with names stands for.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let named = NAMES.iter().find_map(|(byte, name)| {
            let behind = rest.strip_prefix('<')?.strip_prefix(name)?;
            Some((*byte, behind.strip_prefix('>')?))
        });
        let (byte, behind) = named.unwrap_or_else(|| {
            assert!((' '..='~').contains(&c), "{text:?} is not all printable");
            (u8::try_from(c).unwrap(), &rest[1..])
        });
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

/// The text with names that stands for these bytes.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let shown = bytes.iter().map(|byte| {
        let name = NAMES.iter().find(|(named, _)| named == byte);
        match name {
            Some((_, name)) => format!("<{name}>"),
            None if matches!(byte, b' '..=b'~') => char::from(*byte).to_string(),
            None => format!("<{byte:02x}>"),
        }
    });
    shown.collect()
}

/// The turns of `tap-NAME.txt`.
pub(crate) fn transcript(name: &str) -> Vec<Turn> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(format!("tap-{name}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut lines = text.lines();
    let heading = lines.next().unwrap_or_default();
    assert!(heading.ends_with('.') && !heading.starts_with(['<', '>', '.']));
    let turns = lines.map(|line| match line.split_at(2) {
        ("> ", said) => Turn::Client(bytes(said)),
        ("< ", said) => Turn::Central(bytes(said)),
        (". ", what) => Turn::Passes(what.to_owned()),
        _ => panic!("{name}: what is {line:?}?"),
    });
    turns.collect()
}

/// What came before a dialogue that begins in the midst of a call.
pub(crate) fn opening(turns: &[Turn]) -> Vec<Turn> {
    let Some(Turn::Client(first)) = turns.first() else {
        panic!("the client begins");
    };
    let prompt = [Turn::Client(bytes("<CR>")), Turn::Central(bytes("ID="))];
    let logon = [
        Turn::Client(bytes("<ESC>PG1<CR>")),
        Turn::Central(bytes("110 1.8<CR><ACK><CR><ESC>[p<CR>")),
    ];
    match shown(first) {
        block if block.starts_with("<STX>") => [prompt, logon].concat(),
        logon if logon.starts_with("<ESC>") => prompt.to_vec(),
        _ => Vec::new(),
    }
}

/// What becomes of bytes on their way.
pub(crate) type Noise = fn(&[u8]) -> Vec<u8>;

pub(crate) const NOISES: [(&str, Noise); 8] = [
    ("nothing", <[u8]>::to_vec),
    ("CR LF", |said| behind_cr(said, b"\r\n")),
    ("LF CR", |said| behind_cr(said, b"\n\r")),
    ("CR NUL LF", |said| behind_cr(said, b"\r\0\n")),
    ("NULs and DELs", |said| {
        said.iter()
            .flat_map(|byte| [0, *byte, 0, 0, 0x7F])
            .collect()
    }),
    ("XOFF and XON", |said| {
        said.iter().flat_map(|byte| [0x13, *byte, 0x11]).collect()
    }),
    ("even parity", |said| {
        let parity = |byte: &u8| {
            if byte.count_ones() % 2 == 0 {
                *byte
            } else {
                byte | 0x80
            }
        };
        said.iter().map(parity).collect()
    }),
    ("bit 8 set", |said| {
        said.iter().map(|byte| byte | 0x80).collect()
    }),
];

fn behind_cr(said: &[u8], end: &[u8]) -> Vec<u8> {
    let each = said.iter().map(|byte| match byte {
        b'\r' => end.to_vec(),
        byte => vec![*byte],
    });
    each.collect::<Vec<_>>().concat()
}

#[test]
fn control_characters_are_spelled_both_ways() {
    let all: Vec<u8> = NAMES.iter().map(|(byte, _)| *byte).collect();
    assert_eq!(bytes(&shown(&all)), all);
    assert_eq!(bytes("a<b<ACK><"), b"a<b\x06<");
    assert_eq!(shown(b"ID= \x1b[p\r\x80"), "ID= <ESC>[p<CR><80>");
}

#[test]
fn every_transcript_of_tap_is_there() {
    for number in 1..=20 {
        assert!(!transcript(&format!("x{number:02}")).is_empty());
    }
}
