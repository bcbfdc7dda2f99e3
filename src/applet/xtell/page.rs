//! A page as this applet sends it, built from whatever the user gave.

use super::flags::Args;
use super::from;
use super::target::Target;
use crate::applet::send;
use crate::bulk::sender::Receipt;
use crate::cli::message::TextArgs;
use crate::cli::report::Report;
use crate::exit::Failure;
use crate::outcome::Fate;
use crate::page::PageOptions;
use crate::protocol::xtell::message::Message;

/// The longest message in bytes, unless the user says otherwise.
const LENGTH: usize = 400;

/// A text as it can be sent: each of its lines a message, or several.
#[derive(Clone, Debug)]
pub(super) struct Text {
    messages: Vec<String>,
    /// What is not sent exactly as it was given.
    pub(super) remarks: Vec<String>,
}

impl Text {
    /// Cuts a text into messages. Lines that say nothing make none.
    pub(super) fn of(text: &str, args: &TextArgs) -> Result<Self, Failure> {
        let length = args.max_length.unwrap_or(LENGTH);
        let charset = args.charset.unwrap_or_default();
        let (mut messages, mut dropped, mut cut) = (Vec::new(), 0, false);
        for line in text.split('\n') {
            let mut line = line.strip_suffix('\r').unwrap_or(line).to_owned();
            line.retain(|c| {
                let is_text = c == '\t' || !c.is_control();
                dropped += usize::from(!is_text);
                is_text
            });
            if !line.trim().is_empty() {
                let mut fitted = args.fit(&line, charset, length, str::len)?;
                cut |= fitted.cut;
                messages.append(&mut fitted.parts);
            }
        }
        let mut remarks = Vec::new();
        if dropped > 0 {
            remarks.push(format!("control characters that were left out: {dropped}"));
        }
        if cut {
            remarks.push(format!("what was longer was cut to {length} bytes"));
        }
        Ok(Self { messages, remarks })
    }

    /// Does it say nothing?
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// A text to one user.
#[derive(Clone, Debug)]
pub(super) struct Page {
    number: u64,
    id: String,
    hash: String,
    pub(super) target: Target,
    /// Its messages as they stand on the line.
    pub(super) wires: Vec<Vec<u8>>,
    /// Options that xtell has no words for, and that do no harm.
    left_out: Vec<String>,
    /// What says so.
    pub(super) remark: Option<String>,
}

impl Page {
    pub(super) fn new(
        number: u64,
        target: &Target,
        text: &Text,
        options: &PageOptions,
        args: &Args,
    ) -> Result<Self, Failure> {
        if text.is_empty() {
            return Err(Failure::data("the message is empty"));
        }
        let given = args.from.as_deref().or(options.caller.as_deref());
        let from = from::name(given, args.text.charset.unwrap_or_default());
        let wire = |text: &String| {
            let message = Message {
                from: from.clone().into(),
                user: target.user.clone().into(),
                device: target.tty.clone().into(),
                text: text.clone().into(),
            };
            message.wire()
        };
        let wires: Result<Vec<_>, _> = text.messages.iter().map(wire).collect();
        let (left_out, remark) = send::left_out(
            "xtell",
            &PageOptions {
                caller: None,
                ..options.clone()
            },
        );
        Ok(Self {
            number,
            id: String::new(),
            hash: String::new(),
            target: target.clone(),
            wires: wires.map_err(|error| Failure::data(error.to_string()))?,
            left_out,
            remark,
        })
    }

    /// The same page as a row of a bulk run.
    pub(super) fn with_row(mut self, id: &str, hash: &str) -> Self {
        id.clone_into(&mut self.id);
        hash.clone_into(&mut self.hash);
        self
    }

    /// A report to which nothing has happened yet.
    pub(super) fn untried(&self) -> Report {
        let fate = Fate::untried("not tried");
        let (id, pager) = (&self.id, &self.target.text);
        let mut report = Report::new(self.number, id, pager, self.wires.len(), fate);
        report.options_refused.clone_from(&self.left_out);
        report
    }

    /// What is kept of it once it was accepted.
    pub(super) fn receipt(&self, report: &Report) -> Receipt {
        Receipt::of(report, &self.hash)
    }
}
