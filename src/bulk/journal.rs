//! A journal that makes a bulk run resumable, through power loss.
//!
//! One line a step, appended: a row's `begin` is on disk before its SEND is
//! written, its `end` follows with the verdict. A row that began and never
//! ended may be out. The journal holds no text of any message.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::rows::short;
use crate::cli::peer::Place;
use crate::cli::report::Report;
use crate::diag::cause;
use crate::exit::{self, Exit, Failure};
use crate::outcome::{Fate, Outcome};

const MAGIC: &str = "pagebox-journal 1";

/// Room for the longest `end`, and what is asked of the disk at once.
const END_ROOM: u64 = 1024;
const RESERVE: u64 = 4096;

/// What is known of a row from earlier runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The row's hash when it was begun.
    pub hash: String,
    /// Its verdict; `None`: it was in flight.
    pub verdict: Option<Verdict>,
}

impl Entry {
    /// What became of the row, as far as anybody can know.
    pub fn outcome(&self) -> Outcome {
        self.verdict
            .as_ref()
            .map_or(Outcome::Unknown, |verdict| verdict.outcome)
    }
}

/// A recorded verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    outcome: Outcome,
    exit: Exit,
    code: Option<u16>,
    attempts: u32,
    parts: (usize, usize),
    rtt_ms: u64,
    server: Option<Place>,
    tag: Option<(String, String)>,
}

impl Verdict {
    /// The report of a row whose page is not sent again.
    pub fn report(&self, number: u64, id: &str, pager: &str) -> Report {
        // Tag and pass code stand where a reply to SEND has them.
        let tag = self
            .tag
            .as_ref()
            .map(|(tag, pass)| format!("{tag} {pass} "));
        let text = format!("{}as the journal has it", tag.unwrap_or_default());
        let mut fate = Fate::new(self.outcome, self.exit, text);
        fate.code = self.code;
        let mut report = Report::new(number, id, pager, self.parts.1, fate);
        report.parts = self.parts;
        report.attempts = self.attempts;
        report.rtt = Duration::from_millis(self.rtt_ms);
        report.server.clone_from(&self.server);
        report.tag.clone_from(&self.tag);
        report
    }

    fn of(report: &Report) -> Self {
        Self {
            outcome: report.fate.outcome,
            exit: report.fate.exit,
            code: report.fate.code,
            attempts: report.attempts,
            parts: report.parts,
            rtt_ms: u64::try_from(report.rtt.as_millis()).unwrap_or(u64::MAX),
            server: report.server.clone(),
            tag: report.tag.clone(),
        }
    }

    /// `OUTCOME STATUS CODE ATTEMPTS OUT/PARTS MS SERVER TAG PASS`, `-` for what there is not.
    fn to_words(&self) -> String {
        let code = self.code.map(|code| code.to_string());
        let (tag, pass) = self.tag.clone().unzip();
        let or_dash = |word: Option<String>| word.unwrap_or_else(|| "-".to_owned());
        format!(
            "{} {} {} {} {}/{} {} {} {} {}",
            self.outcome,
            self.exit.status(),
            or_dash(code),
            self.attempts,
            self.parts.0,
            self.parts.1,
            self.rtt_ms,
            or_dash(
                self.server
                    .as_ref()
                    .map(ToString::to_string)
                    .filter(|text| is_word(text))
            ),
            or_dash(tag),
            or_dash(pass),
        )
    }

    fn from_words(words: &[&str]) -> Option<Self> {
        let [
            outcome,
            status,
            code,
            attempts,
            parts,
            rtt_ms,
            server,
            tag,
            pass,
        ] = words
        else {
            return None;
        };
        let some = |word: &str| (word != "-").then(|| word.to_owned());
        let status: u8 = status.parse().ok()?;
        let (out, total) = parts.split_once('/')?;
        Some(Self {
            outcome: Outcome::from_word(outcome)?,
            exit: exit::TABLE.iter().find(|(_, known, _)| *known == status)?.0,
            code: some(code).map(|code| code.parse()).transpose().ok()?,
            attempts: attempts.parse().ok()?,
            parts: (out.parse().ok()?, total.parse().ok()?),
            rtt_ms: rtt_ms.parse().ok()?,
            server: some(server).map(|server| Place::read(&server)),
            tag: some(tag).zip(some(pass)),
        })
    }
}

/// Not so the name of every device.
fn is_word(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// An open, locked journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: String,
    entries: HashMap<u64, Entry>,
    /// Bytes written, and bytes that the disk has promised to take.
    length: u64,
    reserved: u64,
    /// Rows that this run began and has not ended.
    open: HashSet<u64>,
}

impl Journal {
    /// Opens a journal, or begins one, and locks it. `settings` is everything
    /// but the rows that a verdict depends on; a journal of other settings is
    /// refused (65), and so is one that another run holds (75).
    pub fn open(path: &Path, settings: &str) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let fail = |exit, text: &str| Failure::new(exit, format!("{shown}: {text}"));
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| fail(Exit::CantCreate, &cause(&error)))?;
        if !file.metadata().is_ok_and(|data| data.is_file()) {
            return Err(fail(Exit::CantCreate, "a journal is a regular file"));
        }
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| fail(Exit::TempFail, "another run holds this journal"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .map_err(|error| fail(Exit::Io, &cause(&error)))?;
        let header = format!("{MAGIC} {}", short(&Sha256::digest(settings)));
        let mut journal = Self {
            file,
            path: shown.clone(),
            entries: HashMap::new(),
            length: 0,
            reserved: 0,
            open: HashSet::new(),
        };
        let kept = journal
            .load(&text, &header)
            .map_err(|text| fail(Exit::Data, &text))?;
        journal
            .repair(kept, text.len(), &header, path)
            .map_err(|error| fail(Exit::Io, &cause(&error)))?;
        Ok(journal)
    }

    /// Takes in every whole line, and says how many bytes they are. What
    /// stands behind them is a torn tail, unless whole lines follow it.
    fn load(&mut self, text: &[u8], header: &str) -> Result<usize, String> {
        let mut kept = 0;
        let mut torn = None;
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let whole = line
                .strip_suffix(b"\n")
                .and_then(|line| std::str::from_utf8(line).ok());
            if index == 0 && whole.is_none() && !header.as_bytes().starts_with(line) {
                return Err(foreign(""));
            }
            let good = match whole {
                Some(line) if index == 0 => {
                    if line != header {
                        return Err(foreign(line));
                    }
                    true
                }
                Some(line) => self.take(line),
                None => false,
            };
            match (good, torn) {
                (true, None) => kept += line.len(),
                (true, Some(at)) => return Err(format!("line {at} is damaged")),
                (false, _) => torn = torn.or(Some(index + 1)),
            }
        }
        Ok(kept)
    }

    fn take(&mut self, line: &str) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        let (Some(kind), Some(Ok(row)), Some(hash)) = (
            words.first(),
            words.get(1).map(|row| row.parse::<u64>()),
            words.get(2),
        ) else {
            return false;
        };
        let rest = words.get(3..).unwrap_or_default();
        let verdict = match *kind {
            "begin" if rest.is_empty() => None,
            "end" => match Verdict::from_words(rest) {
                Some(verdict) => Some(verdict),
                None => return false,
            },
            _ => return false,
        };
        let hash = (*hash).to_owned();
        self.entries.insert(row, Entry { hash, verdict });
        true
    }

    /// Cuts a torn tail, and writes the header of a new journal.
    fn repair(&mut self, kept: usize, length: usize, header: &str, path: &Path) -> io::Result<()> {
        if kept < length {
            self.file.set_len(u64::try_from(kept).unwrap_or(u64::MAX))?;
        }
        self.file.seek(SeekFrom::End(0))?;
        if kept == 0 {
            self.file.write_all(format!("{header}\n").as_bytes())?;
            // The name must outlive a crash as well as the bytes.
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        self.length = self.file.metadata()?.len();
        self.file.sync_data()
    }

    /// What earlier runs know of a row.
    pub fn entry(&self, row: u64) -> Option<&Entry> {
        self.entries.get(&row)
    }

    /// Did this run begin the row, and not end it?
    pub fn is_open(&self, row: u64) -> bool {
        self.open.contains(&row)
    }

    /// The pages of these rows, number and hash, may go out from now on. On
    /// disk when this returns, and so is the room for their ends.
    pub fn begin(&mut self, rows: &[(u64, &str)]) -> Result<(), String> {
        let mut lines = String::new();
        for (row, hash) in rows {
            // Writing to a string cannot fail.
            _ = writeln!(lines, "begin {row} {hash}");
        }
        self.reserve(lines.len(), rows.len())
            .and_then(|()| self.append(&lines))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| format!("{}: {}", self.path, cause(&error)))?;
        self.open.extend(rows.iter().map(|(row, _)| row));
        Ok(())
    }

    /// The verdict on a row. On disk with the next `begin`, or with [`Journal::close`]:
    /// a verdict that is lost makes its row unknown, never forgotten.
    pub fn end(&mut self, hash: &str, report: &Report) -> Result<(), String> {
        let words = Verdict::of(report).to_words();
        self.open.remove(&report.number);
        self.append(&format!("end {} {hash} {words}\n", report.number))
            .map_err(|error| format!("{}: {}", self.path, cause(&error)))
    }

    /// Takes care that a disk that is full by then cannot keep out the end of
    /// what is about to begin.
    fn reserve(&mut self, bytes: usize, rows: usize) -> io::Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let open = u64::try_from(self.open.len() + rows).unwrap_or(u64::MAX >> 16);
        let needed = self.length.saturating_add(bytes) + open * END_ROOM;
        if needed <= self.reserved {
            return Ok(());
        }
        let more = (needed - self.length).next_multiple_of(RESERVE);
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.length, more) {
            Ok(()) => self.reserved = self.length + more,
            // Not every file system can promise room.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.reserved = u64::MAX,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Puts everything on disk.
    pub fn close(&mut self) -> Result<(), String> {
        self.file
            .sync_data()
            .map_err(|error| format!("{}: {}", self.path, cause(&error)))
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes()).inspect_err(|_| {
            // Half a line would be taken for damage by what is written after it.
            _ = self.file.set_len(self.length);
        })?;
        self.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

fn foreign(line: &str) -> String {
    if line.starts_with(MAGIC) {
        "this journal belongs to a run with other servers or options".to_owned()
    } else {
        "this is no journal".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn path(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("pagebox-journal-{}-{name}", std::process::id()));
        _ = std::fs::remove_file(&path);
        path
    }

    fn sent(number: u64) -> Report {
        let fate = Fate::new(Outcome::Sent, Exit::Ok, "ok").with_code(860);
        let mut report = Report::new(number, "", "1", 1, fate);
        report.tag = Some(("00321".into(), "1234".into()));
        report.server = Some(Place::read("[::1]:4444"));
        report
    }

    #[test]
    fn a_verdict_survives_and_a_begin_without_end_is_in_flight() {
        let path = path("resume");
        let mut journal = Journal::open(&path, "s").unwrap();
        journal.begin(&[(1, "aa")]).unwrap();
        journal.end("aa", &sent(1)).unwrap();
        journal.begin(&[(2, "bb")]).unwrap();
        drop(journal);
        let journal = Journal::open(&path, "s").unwrap();
        let first = journal.entry(1).unwrap();
        let report = first.verdict.as_ref().unwrap().report(1, "", "1");
        assert_eq!(report.fate.outcome, Outcome::Sent);
        assert_eq!(report.tag, sent(1).tag);
        assert_eq!(report.server, sent(1).server);
        assert_eq!(journal.entry(2).unwrap().verdict, None);
        assert_eq!(journal.entry(3), None);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_torn_tail_is_cut_and_damage_is_refused() {
        let path = path("torn");
        let mut journal = Journal::open(&path, "s").unwrap();
        journal.begin(&[(1, "aa")]).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for tail in [&b"end 1 aa sent 0 25"[..], b"beg", b"\0\0\0\0"] {
            std::fs::write(&path, [&whole, tail].concat()).unwrap();
            let journal = Journal::open(&path, "s").unwrap();
            assert!(journal.entry(1).unwrap().verdict.is_none());
            drop(journal);
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        std::fs::write(&path, whole.get(..9).unwrap()).unwrap();
        drop(Journal::open(&path, "s").unwrap());
        for foreign in [&b"my diary"[..], b"\x80\x81bin\nmore\n", b"my\ndiary\n"] {
            std::fs::write(&path, foreign).unwrap();
            assert_eq!(Journal::open(&path, "s").unwrap_err().exit, Exit::Data);
            assert_eq!(std::fs::read(&path).unwrap(), foreign);
        }
        std::fs::write(&path, [&whole, &b"nonsense\nbegin 2 bb\n"[..]].concat()).unwrap();
        assert_eq!(Journal::open(&path, "s").unwrap_err().exit, Exit::Data);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn other_settings_and_a_second_run_are_refused() {
        let path = path("lock");
        let journal = Journal::open(&path, "s").unwrap();
        assert_eq!(Journal::open(&path, "s").unwrap_err().exit, Exit::TempFail);
        drop(journal);
        assert_eq!(Journal::open(&path, "other").unwrap_err().exit, Exit::Data);
        std::fs::remove_file(&path).unwrap();
    }
}
