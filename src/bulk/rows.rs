//! The rows of a CSV: pages to be sent, one after the other, in constant memory.
//!
//! Answers for the header, for what each column may hold, and for naming the
//! line of a bad row. A bad row does not end the run; a file that cannot be
//! read on does.

use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest, Sha256};

use super::input::{Input, MAX_RECORD};
use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::page::{self, Column, PageOptions};
use crate::text::hex::hex;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Counted from 1, without the header.
    pub number: u64,
    /// Where it begins in the file.
    pub line: u64,
    /// The user's own name for it.
    pub id: String,
    /// Whom it is for; empty where even that cannot be read.
    pub pager: String,
    /// What it says, or why it cannot be sent.
    pub page: Result<RowPage, String>,
    /// Tells this row from any other that could stand in its place; empty
    /// where nobody asked for it.
    pub hash: String,
}

/// What a good row says.
#[derive(Clone, Debug, Default)]
pub struct RowPage {
    /// The pager's password.
    pub pin: Option<String>,
    /// The message, not yet checked for length.
    pub message: String,
    /// The options.
    pub options: PageOptions,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    Id,
    Pager,
    Pin,
    Message,
    Option(Column),
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "pager" => Self::Pager,
            "pin" => Self::Pin,
            "message" => Self::Message,
            _ => {
                let mut columns = Column::ALL.into_iter();
                Self::Option(columns.find(|(_, known)| *known == name)?.0)
            }
        })
    }
}

/// Reads rows.
#[derive(Debug)]
pub struct Rows<'a> {
    reader: csv::Reader<Input<'a>>,
    path: String,
    fields: Vec<Field>,
    defaults: PageOptions,
    needs_text: bool,
    hashes: bool,
    number: u64,
}

impl<'a> Rows<'a> {
    /// Opens a CSV and reads its header. `defaults` fill empty cells;
    /// `needs_text` is false where every page goes without a text.
    pub fn open(
        path: &Path,
        delimiter: u8,
        defaults: PageOptions,
        needs_text: bool,
        interrupt: Option<&'a Interrupt>,
    ) -> Result<Self, Failure> {
        let input = Input::open(path, delimiter, interrupt)?;
        let mut rows = Self {
            reader: ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(delimiter)
                .from_reader(input),
            path: path.display().to_string(),
            fields: Vec::new(),
            defaults,
            needs_text,
            hashes: false,
            number: 0,
        };
        rows.read_header()?;
        Ok(rows)
    }

    /// The same rows, each with its hash.
    #[must_use]
    pub fn with_hashes(mut self) -> Self {
        self.hashes = true;
        self
    }

    fn wrong(&self, text: &str) -> Failure {
        Failure::data(format!("{}: {text}", self.path))
    }

    fn read_header(&mut self) -> Result<(), Failure> {
        let mut record = ByteRecord::new();
        if !self.read(&mut record)? {
            return Err(self.wrong("line 1: there is no header row"));
        }
        let end = self.reader.position().byte();
        self.reader.get_mut().take_start(end);
        for cell in &record {
            let cell = cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell);
            let name = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
            let Some(field) = Field::named(&name) else {
                let text = format!(
                    "line 1: unknown column {name:?}; known are id, pager, message, pin, level, \
                     alert, coverage, hold, expire, caller, subject"
                );
                return Err(self.wrong(&text));
            };
            if self.fields.contains(&field) {
                return Err(self.wrong(&format!("line 1: column {name:?} stands twice")));
            }
            self.fields.push(field);
        }
        let missing = |field, name: &str| {
            (!self.fields.contains(&field))
                .then(|| self.wrong(&format!("line 1: no column {name:?}")))
        };
        let no_text = self
            .needs_text
            .then(|| missing(Field::Message, "message"))
            .flatten();
        match missing(Field::Pager, "pager").or(no_text) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    fn read(&mut self, record: &mut ByteRecord) -> Result<bool, Failure> {
        self.reader.read_byte_record(record).map_err(|error| {
            let exit = match error.kind() {
                csv::ErrorKind::Io(error) => match error.kind() {
                    ErrorKind::InvalidData => Exit::Data,
                    ErrorKind::IsADirectory => Exit::NoInput,
                    _ => Exit::Io,
                },
                _ => Exit::Data,
            };
            let text = match error.kind() {
                csv::ErrorKind::Io(error) => cause(error),
                _ => error.to_string(),
            };
            Failure::new(exit, format!("{}: {text}", self.path))
        })
    }

    /// The next row; `None` after the last one. An error ends the run: what
    /// follows cannot be read.
    pub fn next(&mut self, now: SystemTime) -> Result<Option<Row>, Failure> {
        let mut record = ByteRecord::new();
        if !self.read(&mut record)? {
            return Ok(None);
        }
        self.number += 1;
        let start = record.position().map_or(0, csv::Position::byte);
        let end = self.reader.position().byte();
        let (line, cut) = self.reader.get_mut().take_start(end).unwrap_or_default();
        let quote = self.reader.get_ref().open_quote();
        let unclosed = quote.filter(|(offset, _)| (start..end).contains(offset));
        let cell = |field| {
            let at = self.fields.iter().position(|known| *known == field)?;
            std::str::from_utf8(record.get(at)?).ok()
        };
        let page = match unclosed {
            Some((_, line)) => Err(format!("the quote in line {line} is never closed")),
            None if cut => Err(format!("the row is longer than {MAX_RECORD} bytes")),
            None => self.page(&record, now),
        };
        Ok(Some(Row {
            number: self.number,
            line,
            id: cell(Field::Id).unwrap_or_default().to_owned(),
            pager: cell(Field::Pager).unwrap_or_default().to_owned(),
            page,
            hash: if self.hashes {
                hash(&record)
            } else {
                String::new()
            },
        }))
    }

    /// Can [`Rows::next`] tell what comes next by then, without waiting longer?
    pub fn is_at_hand(&mut self, deadline: Deadline) -> bool {
        self.reader.get_mut().is_at_hand(deadline)
    }

    fn page(&self, record: &ByteRecord, now: SystemTime) -> Result<RowPage, String> {
        if record.len() != self.fields.len() {
            return Err(format!(
                "{} fields instead of {}",
                record.len(),
                self.fields.len()
            ));
        }
        let mut page = RowPage {
            options: self.defaults.clone(),
            ..RowPage::default()
        };
        for (field, cell) in self.fields.iter().zip(record) {
            let Ok(value) = std::str::from_utf8(cell) else {
                return Err("the text is not UTF-8".to_owned());
            };
            match field {
                Field::Id => {}
                Field::Pager => drop(page::pager(value)?),
                Field::Message if !self.needs_text && !value.is_empty() => {
                    return Err("--tone sends no text, and the row has one".to_owned());
                }
                Field::Message => value.clone_into(&mut page.message),
                _ if value.is_empty() => {}
                Field::Pin => page.pin = Some(pin(value)?),
                Field::Option(column) => page.options.set(*column, value, now)?,
            }
        }
        Ok(page)
    }
}

/// A PIN; what is wrong with one is said without it.
fn pin(value: &str) -> Result<String, String> {
    page::word("pin", value)
        .map_err(|_| "the pin has a blank or a control character in it".to_owned())
}

fn hash(record: &ByteRecord) -> String {
    let mut hash = Sha256::new();
    for cell in record {
        hash.update(u64::try_from(cell.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(cell);
    }
    short(&hash.finalize())
}

/// The first 128 bits in hexadecimal: enough to tell rows apart.
pub(super) fn short(digest: &[u8]) -> String {
    hex(digest.iter().take(16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn rows(csv: &str) -> Result<Vec<Row>, Failure> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "pagebox-rows-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::write(&path, csv).unwrap();
        let read = || {
            let mut rows =
                Rows::open(&path, b',', PageOptions::default(), true, None)?.with_hashes();
            let mut all = Vec::new();
            while let Some(row) = rows.next(SystemTime::now())? {
                all.push(row);
            }
            Ok(all)
        };
        let result = read();
        fs::remove_file(&path).unwrap();
        result
    }

    #[test]
    fn a_byte_order_mark_blank_lines_and_quotes_are_read() {
        let all =
            rows("\u{feff}pager,message,id\r\n\r\n1,\"a \"\"b\"\"\nc\",x\r\n2,d,y\n").unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].page.as_ref().unwrap().message, "a \"b\"\nc");
        assert_eq!(
            (all[0].number, all[0].line, all[0].id.as_str()),
            (1, 3, "x")
        );
        assert_eq!((all[1].number, all[1].line), (2, 5));
    }

    #[test]
    fn a_header_must_be_known_and_complete() {
        for (csv, text) in [
            ("", "no header"),
            ("pager,message,colour\n", "unknown column \"colour\""),
            ("pager,pager,message\n", "stands twice"),
            ("message\n", "no column \"pager\""),
            ("pager\n", "no column \"message\""),
        ] {
            let error = rows(csv).unwrap_err();
            assert_eq!(error.exit, Exit::Data);
            assert!(
                error.cause.to_string().contains(text),
                "{csv:?}: {}",
                error.cause
            );
        }
    }

    #[test]
    fn a_bad_row_names_its_line_and_the_run_goes_on() {
        let all = rows("pager,message,level\n5.55E+09,a,\n1,b\n1,c,12\n2,d,3\n").unwrap();
        let bad: Vec<bool> = all.iter().map(|row| row.page.is_err()).collect();
        assert_eq!(bad, [true, true, true, false]);
        assert_eq!(all[2].line, 4);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_with_its_line() {
        let all = rows("pager,message\n1,fine\n2,\"open\n3,lost\n").unwrap();
        assert!(all[0].page.is_ok());
        assert_eq!(
            all[1].page.as_ref().unwrap_err(),
            "the quote in line 3 is never closed"
        );
        assert_eq!(all.len(), 2);
        let long = format!("pager,message\n1,{}\n2,b\n", "x".repeat(100_000));
        let all = rows(&long).unwrap();
        assert!(all[0].page.as_ref().unwrap_err().contains("longer than"));
        assert_eq!((all[1].pager.as_str(), all[1].line), ("2", 3));
        for length in [65_534, 65_535] {
            let edge = format!("pager,message\n1,\"{}\"\n2,b\n", "x".repeat(length - 3));
            match rows(&edge) {
                Ok(all) => assert_eq!(all.len(), 2, "{length}"),
                Err(failure) => assert_eq!(failure.exit, Exit::Data, "{length}"),
            }
        }
        let endless = format!("pager,message\n1,\"{}", "x\n".repeat(40_000));
        assert!(
            rows(&endless)
                .unwrap_err()
                .cause
                .to_string()
                .contains("line 2")
        );
    }

    #[test]
    fn rows_differ_by_every_byte() {
        let all = rows("pager,message\n1,23\n12,3\n1,23\n").unwrap();
        assert_ne!(all[0].hash, all[1].hash);
        assert_eq!(all[0].hash, all[2].hash);
    }
}
