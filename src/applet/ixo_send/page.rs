//! A page as this applet sends it, built from whatever the user gave.

use std::sync::Arc;

use crate::applet::send;
use crate::bulk::sender::Receipt;
use crate::cli::message::TextArgs;
use crate::cli::report::Report;
use crate::exit::Failure;
use crate::outcome::Fate;
use crate::page::PageOptions;
use crate::protocol::tap;
use crate::protocol::tap::block::Block;
use crate::text::charset::{Charset, to_ascii};
use crate::text::split::Fitted;

/// The longest message of several blocks, unless the user says otherwise:
/// centrals that take more are rare.
const MULTIBLOCK: usize = 1000;

/// What holds for every page of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    pub(super) multiblock: bool,
    /// Control characters may have to be escaped.
    pub(super) escapes: bool,
    pub(super) numeric: bool,
}

/// A message to one pager, in as many parts as it takes.
#[derive(Clone, Debug)]
pub(super) struct Page {
    number: u64,
    id: String,
    hash: String,
    pager: String,
    parts: Vec<Arc<tap::page::Page>>,
    /// Options that TAP has no words for, and that do no harm.
    left_out: Vec<String>,
    /// What is not sent exactly as it was given.
    remarks: Vec<String>,
}

impl Page {
    pub(super) fn new(
        number: u64,
        pager: &str,
        text: &str,
        options: &PageOptions,
        args: &TextArgs,
        wishes: Wishes,
    ) -> Result<Self, Failure> {
        let bad = |error: tap::page::BadPage| Failure::data(error.to_string());
        let page = |text: &str| {
            tap::page::Page::new(pager, text, wishes.escapes, wishes.multiblock).map(Arc::new)
        };
        // Before the text is measured against what the pager ID leaves of a block.
        page("").map_err(bad)?;
        let mut remarks = Vec::new();
        let plain = seven_bits(text, args.charset, &mut remarks);
        if wishes.numeric && !plain.bytes().all(tap::page::is_numeric) {
            return Err(Failure::data(
                "the pager shows no letters: --numeric takes digits, blanks, and - * # only",
            ));
        }
        let fitted = fit(without_end(&plain), pager, args, wishes)?;
        if wishes.numeric && fitted.parts.len() > 1 {
            return Err(Failure::data(
                "the marks of parts are no digits: --numeric and --overflow split do not go together",
            ));
        }
        if fitted.cut {
            let length = length(pager, args, wishes);
            remarks.push(format!("the message was cut to {length} characters"));
        }
        let parts = fitted.parts.iter();
        let parts = parts.map(|text| page(text.trim_end_matches(' ')));
        let (left_out, remark) = send::left_out("TAP", options);
        remarks.extend(remark);
        Ok(Self {
            number,
            id: String::new(),
            hash: String::new(),
            pager: pager.to_owned(),
            parts: parts.collect::<Result<_, _>>().map_err(bad)?,
            left_out,
            remarks,
        })
    }

    /// The same page as a row of a bulk run.
    pub(super) fn with_row(mut self, id: &str, hash: &str) -> Self {
        id.clone_into(&mut self.id);
        hash.clone_into(&mut self.hash);
        self
    }

    /// What is not sent exactly as it was given.
    pub(super) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// What goes on the line, part by part.
    pub(super) fn parts(&self) -> &[Arc<tap::page::Page>] {
        &self.parts
    }

    /// All blocks of all parts.
    pub(super) fn blocks(&self, escapes: bool) -> Vec<Block> {
        let parts = self.parts.iter();
        parts.flat_map(|part| part.blocks(escapes)).collect()
    }

    /// A report to which nothing has happened yet.
    pub(super) fn untried(&self) -> Report {
        let fate = Fate::untried("not tried");
        let mut report = Report::new(self.number, &self.id, &self.pager, self.parts.len(), fate);
        report.options_refused.clone_from(&self.left_out);
        report
    }

    /// What is kept of it once it was accepted.
    pub(super) fn receipt(&self, report: &Report) -> Receipt {
        Receipt::of(report, &self.hash)
    }
}

/// The text without what no 7-bit line carries: transliterated, or marked `?`.
fn seven_bits(text: &str, charset: Option<Charset>, remarks: &mut Vec<String>) -> String {
    // Receivers drop DEL, whatever it stands for.
    let plain = text.replace('\x7f', "?");
    let plain = match charset {
        Some(Charset::Utf8) => {
            let mark = |c: char| if c.is_ascii() { c } else { '?' };
            plain.chars().map(mark).collect()
        }
        _ => to_ascii(&plain),
    };
    let marks = |text: &str| text.bytes().filter(|byte| *byte == b'?').count();
    let lost = marks(&plain).saturating_sub(marks(text));
    if lost > 0 {
        remarks.push(format!("{lost} characters that TAP cannot carry went as ?"));
    }
    plain
}

/// The text without the blanks and line ends behind it, which only cost time
/// on the line: what is not sent is not measured.
fn without_end(mut text: &str) -> &str {
    let ends = ["\r\n", "\n", " "];
    while let Some(rest) = ends.iter().find_map(|end| text.strip_suffix(end)) {
        text = rest;
    }
    text
}

/// The most bytes of a message, part mark and escapes included.
fn length(pager: &str, args: &TextArgs, wishes: Wishes) -> usize {
    if wishes.multiblock {
        return args.max_length.unwrap_or(MULTIBLOCK);
    }
    let room = tap::page::room(pager);
    args.max_length.map_or(room, |length| length.min(room))
}

fn fit(text: &str, pager: &str, args: &TextArgs, wishes: Wishes) -> Result<Fitted, Failure> {
    let length = length(pager, args, wishes);
    args.fit(text, Charset::Ascii, length, |part| {
        tap::page::measure(part, wishes.escapes, wishes.multiblock)
    })
}
