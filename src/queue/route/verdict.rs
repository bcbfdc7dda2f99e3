//! What a route says of its rows: its standard output, read as it comes.
//!
//! The first record names the columns: `row` and `outcome` must be among them,
//! `code`, `response`, `server`, `attempts`, `parts` and `tag` are known. They
//! may stand in any order, and others beside them.
//!
//! Answers for reading whole records only, and for nothing that a program
//! writes being more than one error. What is wrong with a record is said
//! without it: it may be a page that came back.

use csv::{ByteRecord, ReaderBuilder};

use crate::outcome::Outcome;
use crate::text::escape::printable;

/// The longest record, in bytes.
pub const MAX_RECORD: usize = 64 * 1024;

/// The longest response, and the longest name of a server, in characters: they
/// are kept in stories and handed to programs.
const MAX_TEXT: usize = 500;

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
                // An empty line is no record, nor is what is between CR and LF.
                if !self.record.is_empty() {
                    let record = std::mem::take(&mut self.record);
                    said.extend(self.read(&record));
                }
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
        self.records += 1;
        let record = match parsed(bytes) {
            Ok(record) => record,
            Err(error) => return Some(self.wrong(&error.to_string())),
        };
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
            response: shortened(text("response")),
            server: shortened(text("server")),
            attempts: text("attempts").parse().unwrap_or(tried),
            parts: text("parts"),
            tag: (!tag.is_empty()).then(|| (tag.to_owned(), pass.to_owned())),
        })
    }
}

/// At most [`MAX_TEXT`] characters of a text, with `...` where some are missing.
fn shortened(mut text: String) -> String {
    if text.chars().nth(MAX_TEXT).is_some() {
        let end = text.char_indices().nth(MAX_TEXT - 3);
        text.truncate(end.map_or(0, |(at, _)| at));
        text.push_str("...");
    }
    text
}

/// Where the byte behind this one stands, and whether this one ends the record,
/// as CR and LF do.
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

/// The one record that these bytes are.
fn parsed(bytes: &[u8]) -> csv::Result<ByteRecord> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(bytes.len())
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8], chunk: usize) -> Vec<Said> {
        let mut results = Results::default();
        let mut said = Vec::new();
        for part in bytes.chunks(chunk) {
            results.feed(part, &mut said);
        }
        results.end(&mut said);
        said
    }

    #[track_caller]
    fn verdict(text: &str) -> Verdict {
        let mut said = all(text.as_bytes(), text.len());
        assert_eq!(said.len(), 1, "{said:?}");
        said.remove(0).unwrap()
    }

    #[test]
    fn what_our_own_programs_write_is_read() {
        let header = "row,id,pager,outcome,code,response,server,attempts,parts,tag,rtt_ms\n";
        let line = "3,id,5551212,temporary,554,Busy,[::1]:444,2,1/3,00321,17\n";
        let sure = Verdict {
            row: 3,
            outcome: Outcome::Temporary,
            code: Some(554),
            response: "Busy".to_owned(),
            server: "[::1]:444".to_owned(),
            attempts: 2,
            parts: "1/3".to_owned(),
            tag: Some(("00321".to_owned(), String::new())),
        };
        assert_eq!(verdict(&format!("{header}{line}")), sure);
        for (tag, read) in [
            ("", None),
            ("1/2", Some(("1".to_owned(), "2".to_owned()))),
            ("1/", Some(("1".to_owned(), String::new()))),
        ] {
            let line = line.replace("00321", tag);
            assert_eq!(verdict(&format!("{header}{line}")).tag, read);
        }
    }

    #[test]
    fn columns_are_known_by_their_names() {
        let sure = Verdict {
            row: 12,
            outcome: Outcome::Sent,
            code: None,
            response: String::new(),
            server: String::new(),
            attempts: 1,
            parts: String::new(),
            tag: None,
        };
        for text in [
            "row,outcome\n12,sent\n",
            "\u{feff}row,outcome\r\n12,sent\r\n",
            "\u{feff}\"row\",outcome\r\r12,sent\r",
            "\n\n Outcome ,colour,ROW\n\nsent,red,12\n",
            "outcome,row,attempts,code\nsent,12,often,OK\n",
            "row,outcome,response\n 12, sent\n",
            "row,outcome\n12,sent,more\n",
        ] {
            assert_eq!(verdict(text), sure, "{text:?}");
        }
        let untried = verdict("row,outcome\n1,untried\n");
        assert_eq!(untried.attempts, 0);
    }

    #[test]
    fn a_text_is_safe_to_show() {
        let text = b"row,outcome,response,server\n1,refused,\"a \"\"b\"\"\r\n\x1b[2J\xff\",\xe4\n";
        for chunk in 1..text.len() {
            let said = all(text, chunk);
            let verdict = said[0].as_ref().unwrap();
            assert_eq!(verdict.response, "a \"b\"^M^J^[[2J\\xff");
            assert_eq!((verdict.server.as_str(), said.len()), ("\\xe4", 1));
        }
    }

    #[test]
    fn what_is_no_verdict_is_an_error_that_does_not_show_it() {
        let none = "its results do not begin with a header that has the columns row and outcome";
        for (text, error) in [
            ("id,outcome\n", none),
            ("row,row,outcome\n", none),
            (
                "row,outcome\n-1,sent\n",
                "record 2 of its results: no number of a row",
            ),
            (
                "row,outcome\n\n,sent\n",
                "record 2 of its results: no number of a row",
            ),
            (
                "row,outcome\n18446744073709551616,sent\n",
                "record 2 of its results: no number of a row",
            ),
            (
                "row,outcome\n1,secret\n",
                "record 2 of its results: no outcome",
            ),
            ("row,outcome\n1\n", "record 2 of its results: no outcome"),
            (
                "row,outcome\n1,sent",
                "record 2 of its results: it has no end",
            ),
            ("row,outcome", "record 1 of its results: it has no end"),
            (
                "row,outcome\n\"\n1,sent\n",
                "record 2 of its results: it has no end",
            ),
        ] {
            for chunk in [1, text.len()] {
                let said = all(text.as_bytes(), chunk);
                assert_eq!(said, [Err(error.to_owned())], "{text:?}");
            }
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        for (length, shown) in [
            (500, "ü".repeat(500)),
            (501, "ü".repeat(497) + "..."),
            (15_000, "ü".repeat(497) + "..."),
        ] {
            let long = "ü".repeat(length);
            let verdict = verdict(&format!(
                "row,outcome,response,server\n1,sent,{long},{long}\n"
            ));
            assert_eq!((&verdict.response, &verdict.server), (&shown, &shown));
        }
    }

    #[test]
    fn a_record_has_a_bound() {
        for quote in ["", "\""] {
            let cell = |length: usize| format!("{quote}{}{quote}", "x".repeat(length));
            let with = |length: usize| {
                let head = format!("1,sent,{}", cell(0));
                let text = cell(length - head.len());
                format!("row,outcome,response\n1,sent,{text}\n2,sent\n")
            };
            let said = all(with(MAX_RECORD).as_bytes(), 1000);
            assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 2);
            let said = all(with(MAX_RECORD + 1).as_bytes(), 1000);
            let error = "record 2 of its results: longer than 65536 bytes";
            assert_eq!(said[0], Err(error.to_owned()));
            assert_eq!(said[1].as_ref().unwrap().row, 2);
            assert_eq!(said.len(), 2);
        }
    }

    /// What the parser of CSV makes of the whole, header and half a record aside.
    fn records(text: &str) -> usize {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        reader.into_byte_records().count()
    }

    proptest! {
        #[test]
        fn records_end_where_the_parser_says(text in "[a,\"\r\n]{0,40}") {
            // A record more stands behind it, unless a quote has taken it in.
            let text = format!("row,outcome\n{text}\n");
            let mut said = Vec::new();
            let mut results = Results::default();
            results.feed(text.as_bytes(), &mut said);
            let whole = said.len() + usize::from(!results.record.is_empty());
            prop_assert_eq!(whole + 1, records(&text));
        }

        #[test]
        fn chunks_do_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            head in prop::bool::ANY,
            chunk in 1_usize..20,
        ) {
            let head: &[u8] = if head { b"row,outcome\n" } else { b"" };
            let bytes = [head, &bytes].concat();
            prop_assert_eq!(all(&bytes, chunk), all(&bytes, 1000));
        }
    }
}
