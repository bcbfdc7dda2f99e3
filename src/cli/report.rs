//! What became of one page, as a line for people, a CSV record, or a JSON
//! object with the field names of the Port of Call API.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::peer::{Peer, Place};
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome};
use crate::text::escape::{self, printable};
use crate::transport::interrupt::reader_is_gone;

/// What became of one page.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which page of the run: a row's number, or the place in the list.
    pub number: u64,
    /// The user's own name for it.
    pub id: String,
    /// Whom it was for.
    pub pager: String,
    /// What became of it.
    pub fate: Fate,
    /// Where the verdict came from, or what was tried last.
    pub server: Option<Place>,
    /// How often it was tried.
    pub attempts: u32,
    /// Parts that went out, of how many.
    pub parts: (usize, usize),
    /// Message tag and pass code of a two-way page.
    pub tag: Option<(String, String)>,
    /// From the beginning of the last try to its verdict.
    pub rtt: Duration,
    /// Options that the server refused and the page went without.
    pub options_refused: Vec<String>,
    /// It may be out more than once.
    pub duplicate_possible: bool,
    /// The reply to PAGE.
    pub page_reply: Option<String>,
    /// The reply to SEND.
    pub send_reply: Option<String>,
    /// The command that failed.
    pub failed_at: Option<String>,
    /// What the pager's user answered.
    pub reply: Option<String>,
    /// What the spool calls it.
    pub job: Option<String>,
    /// The dialogue.
    pub transcript: Vec<String>,
}

impl Report {
    /// The report of a page that nothing has happened to yet.
    pub fn new(number: u64, id: &str, pager: &str, parts: usize, fate: Fate) -> Self {
        Self {
            number,
            id: id.to_owned(),
            pager: pager.to_owned(),
            fate,
            server: None,
            attempts: 0,
            parts: (0, parts),
            tag: None,
            rtt: Duration::ZERO,
            options_refused: Vec::new(),
            duplicate_possible: false,
            page_reply: None,
            send_reply: None,
            failed_at: None,
            reply: None,
            job: None,
            transcript: Vec::new(),
        }
    }

    /// For people: `PAGER outcome code text`.
    pub fn line(&self) -> String {
        let response = self.fate.response();
        if response.is_empty() {
            format!("{} {}", self.shown_pager(), self.fate.outcome)
        } else {
            format!("{} {} {response}", self.shown_pager(), self.fate.outcome)
        }
    }

    /// For people, when it failed: `SERVER: what happened (pager ID)`.
    pub fn error(&self) -> String {
        let server = self.server.as_ref().map(|server| format!("{server}: "));
        format!(
            "{}{} (pager {})",
            server.unwrap_or_default(),
            self.fate.response(),
            self.shown_pager()
        )
    }

    /// What people must be told of it, whoever looks at results or does not.
    pub fn warning(&self) -> Option<String> {
        if self.fate.exit != Exit::Ok {
            return Some(self.error());
        }
        self.duplicate_possible.then(|| {
            let text = "accepted when it was sent again, so it may arrive twice";
            format!("{text}: {}", self.error())
        })
    }

    fn peer(&self) -> Option<&Peer> {
        self.server.as_ref().and_then(Place::peer)
    }

    /// A bad row's pager may be anything.
    fn shown_pager(&self) -> String {
        printable(self.pager.as_bytes())
    }

    /// The JSON object, without a line end. `row` belongs to rows of CSV, and
    /// `id` is what those call themselves, or else what the spool calls the page.
    pub fn json(&self, is_row: bool) -> serde_json::Result<String> {
        let failed = !self.fate.outcome.accepted();
        let (tag, pass) = self.tag.clone().unzip();
        let text = serde_json::to_string(&Json {
            success: !failed,
            row: is_row.then_some(self.number),
            id: is_row.then_some(&self.id).or(self.job.as_ref()),
            host: self.peer().map(|peer| peer.host.as_str()),
            port: self.peer().map(|peer| peer.port),
            device: self.server.as_ref().and_then(|place| match place {
                Place::Net(_) => None,
                Place::Line(name) => Some(name.as_str()),
            }),
            pager_id: &self.pager,
            page_response: self.page_reply.as_deref(),
            send_response: self.send_reply.as_deref(),
            transcript: &self.transcript,
            rtt: millis(self.rtt),
            error: failed.then(|| self.failure()),
            outcome: self.fate.outcome.word(),
            code: self.fate.code,
            attempts: self.attempts,
            parts: self.parts_text(),
            tag,
            pass,
            reply: self.reply.as_deref(),
            options_refused: &self.options_refused,
            duplicate_possible: self.duplicate_possible,
        })?;
        Ok(escape::json(&text))
    }

    /// For programs, when it failed: the command that was refused, and the reply.
    pub fn failure(&self) -> String {
        match (&self.failed_at, self.fate.code) {
            (Some(verb), Some(_)) => format!("{verb} command failed: {}", self.fate.response()),
            _ => self.fate.response(),
        }
    }

    fn parts_text(&self) -> String {
        format!("{}/{}", self.parts.0, self.parts.1)
    }

    /// Writes the fields of a CSV record, in the order of [`CSV_HEADER`].
    pub fn write_csv(&self, out: &mut csv::Writer<impl Write>) -> csv::Result<()> {
        let code = self.fate.code.map(|code| code.to_string());
        let server = self.server.as_ref().map(ToString::to_string);
        let tag = self.tag.as_ref().map(|(tag, _)| tag.as_str());
        for field in [
            self.number.to_string().as_str(),
            &self.id,
            &self.pager,
            self.fate.outcome.word(),
            code.as_deref().unwrap_or_default(),
            &self.fate.text,
            server.as_deref().unwrap_or_default(),
            &self.attempts.to_string(),
            &self.parts_text(),
            tag.unwrap_or_default(),
            &millis(self.rtt).to_string(),
        ] {
            out.write_field(field)?;
        }
        out.write_record(None::<&[u8]>)
    }

    /// Part of a page is out, and the rest is not to be had: whoever would
    /// send it again would double what is out.
    pub fn settle_parts(&mut self) {
        let (out, total) = self.parts;
        if total < 2 || self.fate.outcome.accepted() {
            return;
        }
        self.fate.text = format!("part {} of {total}: {}", out + 1, self.fate.text);
        self.settle_rest();
    }

    /// The same, where it is said elsewhere which part is not out.
    pub fn settle_rest(&mut self) {
        if self.parts.0 > 0 && self.fate.outcome.may_retry() {
            self.make_unknown("the parts before it are out");
        }
    }

    /// An earlier try may have gone out: whatever the last one brought but
    /// success, nobody can know.
    pub fn settle_tries(&mut self) {
        let is_known = self.fate.outcome != Outcome::Unknown;
        if self.duplicate_possible && is_known && !self.fate.outcome.accepted() {
            self.make_unknown("an earlier try may have been accepted");
        }
    }

    /// Says why: the reply alone may be that of a page which is not out.
    fn make_unknown(&mut self, why: &str) {
        self.fate.outcome = Outcome::Unknown;
        self.fate.exit = Exit::Unknown;
        if !self.fate.text.is_empty() {
            self.fate.text += "; ";
        }
        self.fate.text += why;
    }
}

/// Header of the results as CSV.
pub const CSV_HEADER: [&str; 11] = [
    "row", "id", "pager", "outcome", "code", "response", "server", "attempts", "parts", "tag",
    "rtt_ms",
];

/// Whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a String>,
    host: Option<&'a str>,
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    pager_id: &'a str,
    page_response: Option<&'a str>,
    send_response: Option<&'a str>,
    transcript: &'a [String],
    rtt: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    outcome: &'a str,
    code: Option<u16>,
    attempts: u32,
    parts: String,
    tag: Option<String>,
    pass: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a str>,
    #[serde(rename = "options_refused")]
    options_refused: &'a [String],
    #[serde(rename = "duplicate_possible")]
    duplicate_possible: bool,
}

/// Standard output for results: one line at a time, and no more once nobody reads.
///
/// A status tells the fate of the page, never of our output, so failing to
/// write is a warning here and never an error.
#[derive(Debug, Default)]
pub struct Output {
    /// What the first failure was.
    broken: Option<io::ErrorKind>,
}

impl Output {
    /// Writes some bytes at once. The first failure is returned, unless the
    /// reader has just gone; after it nothing is written any more.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.broken.is_some() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.broken = Some(error.kind());
                if error.kind() == io::ErrorKind::BrokenPipe {
                    return Ok(());
                }
                Err(error)
            }
        }
    }

    /// Has whoever read it gone?
    pub fn has_no_reader(&self) -> bool {
        self.broken == Some(io::ErrorKind::BrokenPipe) || reader_is_gone()
    }
}

/// Says something on standard output, once. Failing is a warning: the exit
/// status still tells what happened.
pub fn put(text: &str, diag: &Diag) {
    if let Err(error) = Output::default().put(text.as_bytes()) {
        diag.warn(&format!(
            "standard output: {}; what became of the pages is not changed by that",
            cause(&error)
        ));
    }
}

/// Says what was asked for and nothing else, on standard output: failing is an error.
pub fn answer(text: &str) -> Result<(), Failure> {
    let put = Output::default().put(text.as_bytes());
    put.map_err(|error| {
        let text = format!("standard output: {}", cause(&error));
        Failure::new(Exit::Io, text)
    })
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome, exit: Exit) -> Report {
        let fate = Fate::new(outcome, exit, "Invalid Pager ID").with_code(550);
        let mut report = Report::new(1, "", "5551212", 3, fate);
        report.server = Some(Place::read("pager.example.com:444"));
        report.failed_at = Some("PAGE".into());
        report
    }

    #[test]
    fn an_error_names_server_reply_and_pager() {
        let report = report(Outcome::Refused, Exit::NoUser);
        assert_eq!(
            report.error(),
            "pager.example.com:444: 550 Invalid Pager ID (pager 5551212)"
        );
        let json = report.json(false).unwrap();
        assert!(
            json.contains(r#""error":"PAGE command failed: 550 Invalid Pager ID""#),
            "{json}"
        );
    }

    #[test]
    fn what_is_partly_out_is_not_to_be_sent_again() {
        let mut report = report(Outcome::Temporary, Exit::TempFail);
        report.parts = (1, 3);
        report.settle_parts();
        assert_eq!(report.fate.outcome, Outcome::Unknown);
        let why = "part 2 of 3: Invalid Pager ID; the parts before it are out";
        assert_eq!(report.fate.text, why);
    }

    #[test]
    fn a_try_that_failed_does_not_undo_one_that_may_be_out() {
        let mut report = report(Outcome::Refused, Exit::NoUser);
        report.duplicate_possible = true;
        for _ in 0..2 {
            report.settle_tries();
            assert_eq!(report.fate.exit, Exit::Unknown);
            let why = "550 Invalid Pager ID; an earlier try may have been accepted";
            assert_eq!(report.fate.response(), why);
        }
    }
}
