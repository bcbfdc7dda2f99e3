//! What a route says of its rows: its standard output, read as it comes.
//!
//! The first record names the columns: `row` and `outcome` must be among them,
//! `code`, `response`, `server`, `attempts`, `parts` and `tag` are known. They
//! may stand in any order, and others beside them.
//!
//! Answers for reading whole records only, and for nothing that a program
//! writes being more than one error. What is wrong with a record is said
//! without it: it may be a page that came back.

use std::io;

use csv::{ByteRecord, ReaderBuilder};

use crate::outcome::Outcome;
use crate::text::escape::printable;

/// The longest record, in bytes.
pub const MAX_RECORD: usize = 64 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a route says of one of its rows. Its texts are safe to show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// Which row, counted from 1.
    pub row: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// The code of the other side's reply, where that is a number.
    pub code: Option<u16>,
    /// The text of the reply, or what went wrong.
    pub response: String,
    /// Who says so.
    pub server: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Parts that went out, of how many, as `1/3`.
    pub parts: String,
    /// Tag and pass code of a two-way page, `tag/pass`; the pass code is empty
    /// where the route tells only the tag.
    pub tag: Option<(String, String)>,
}

/// Where in a record the next byte stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Place {
    #[default]
    FieldStart,
    Bare,
    Quoted,
    /// Behind a quote inside quotes: it ended them, or doubles itself.
    QuoteInQuotes,
    /// In a record that is too long, whose line is passed over.
    Lost,
}

/// Reads results.
#[derive(Debug, Default)]
pub struct Results {
    place: Place,
    record: Vec<u8>,
    /// How many there were.
    records: u64,
    /// The columns, once they are known; none where the first record is no header.
    header: Option<Vec<String>>,
}

/// A verdict, or what is wrong with a record.
pub type Said = Result<Verdict, String>;

impl Results {
    /// Takes what was written next, and tells what it says.
    pub fn feed(&mut self, bytes: &[u8], said: &mut Vec<Said>) {
        for byte in bytes {
            let (place, ends) = next(self.place, *byte);
            self.place = place;
            if ends {
                let record = std::mem::take(&mut self.record);
                said.extend(self.read(&record));
                continue;
            }
            if place == Place::Lost {
                continue;
            }
            self.record.push(*byte);
            if self.header.is_none() && self.records == 0 && self.record == BOM {
                self.record.clear();
                self.place = Place::FieldStart;
            }
            if self.record.len() > MAX_RECORD {
                self.records += 1;
                said.push(self.wrong(&format!("longer than {MAX_RECORD} bytes")));
                self.record = Vec::new();
                self.place = Place::Lost;
            }
        }
    }

    /// Nothing more will come. A record without its line end is half a one.
    pub fn end(&mut self, said: &mut Vec<Said>) {
        if !self.record.is_empty() {
            self.record.clear();
            self.records += 1;
            said.push(self.wrong("it has no end"));
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Option<Said> {
        let record = match parsed(bytes) {
            Ok(record) => record?,
            Err(error) => {
                self.records += 1;
                return Some(self.wrong(&error.to_string()));
            }
        };
        self.records += 1;
        if self.records == 1 {
            return self.read_header(&record).map(Err);
        }
        let verdict = self.verdict(&record);
        Some(verdict.or_else(|what| self.wrong(what)))
    }

    fn wrong(&self, what: &str) -> Said {
        Err(format!("record {} of its results: {what}", self.records))
    }

    fn read_header(&mut self, record: &ByteRecord) -> Option<String> {
        let names = record.iter().map(|cell| {
            let name = printable(cell);
            name.trim().to_ascii_lowercase()
        });
        let names: Vec<String> = names.collect();
        let count = |column: &str| names.iter().filter(|name| *name == column).count();
        if count("row") == 1 && count("outcome") == 1 {
            self.header = Some(names);
            return None;
        }
        Some("its results do not begin with a header that has the columns row and outcome".into())
    }

    fn verdict(&self, record: &ByteRecord) -> Result<Verdict, &'static str> {
        let Some(header) = &self.header else {
            return Err("there was no header");
        };
        let cell = |column: &str| {
            let at = header.iter().position(|name| name == column);
            at.and_then(|at| record.get(at)).unwrap_or_default()
        };
        let text = |column| printable(cell(column));
        let row = text("row")
            .trim()
            .parse()
            .map_err(|_| "no number of a row")?;
        let outcome = Outcome::from_word(text("outcome").trim()).ok_or("no outcome")?;
        let tag = text("tag");
        let (tag, pass) = tag.split_once('/').unwrap_or((&tag, ""));
        // No other cell undoes a verdict.
        let tried = u32::from(outcome != Outcome::Untried);
        Ok(Verdict {
            row,
            outcome,
            code: text("code").parse().ok(),
            response: text("response"),
            server: text("server"),
            attempts: text("attempts").parse().unwrap_or(tried),
            parts: text("parts"),
            tag: (!tag.is_empty()).then(|| (tag.to_owned(), pass.to_owned())),
        })
    }
}

/// Where the byte behind this one stands, and whether this one ends the record.
/// CR ends one as well as LF; between the two of a line end there is an empty
/// record, which is none.
fn next(place: Place, byte: u8) -> (Place, bool) {
    let inside = match (place, byte) {
        (Place::Quoted, b'"') => Place::QuoteInQuotes,
        (Place::FieldStart | Place::QuoteInQuotes, b'"') | (Place::Quoted, _) => Place::Quoted,
        (_, b'\r' | b'\n') => return (Place::FieldStart, true),
        (Place::Lost, _) => Place::Lost,
        (_, b',') => Place::FieldStart,
        _ => Place::Bare,
    };
    (inside, false)
}

/// `None` for an empty line.
fn parsed(bytes: &[u8]) -> csv::Result<Option<ByteRecord>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(bytes.len().max(1))
        .from_reader(io::Cursor::new(bytes));
    let mut record = ByteRecord::new();
    Ok(reader.read_byte_record(&mut record)?.then_some(record))
}
