//! Standard input, each line sent as it comes.
//!
//! Answers for a target that fails getting nothing more, and for connections
//! that nobody uses being ended.

use std::collections::HashMap;

use super::input::{Input, Next};
use super::page::{Page, Text};
use super::rows::PATIENCE;
use super::talker::Talker;
use super::target::Target;
use super::{Settings, conclude};
use crate::cli::peer::Peer;
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome};
use crate::page::PageOptions;
use crate::transport::fd::Deadline;

/// What became of one target's lines so far.
struct Recipient<'t> {
    target: &'t Target,
    report: Report,
    /// A line did not go out.
    failed: bool,
}

type Talkers<'a> = HashMap<Vec<Peer>, Talker<'a>>;

impl Recipient<'_> {
    fn tell<'a>(&mut self, text: &Text, talkers: &mut Talkers<'a>, settings: &'a Settings<'a>) {
        let number = self.report.number;
        let options = PageOptions::default();
        let page = match Page::new(number, self.target, text, &options, settings.args) {
            Ok(page) => page,
            Err(failure) => return self.refuse(&failure),
        };
        let peers = self.target.peers.clone();
        let talker = talkers
            .entry(peers)
            .or_insert_with(|| Talker::new(settings));
        let line = talker.send(&page, &mut || Ok(()));
        self.failed = !line.fate.outcome.accepted();
        // The dialogue is that of the last line: there may be no end of them.
        self.report = Report {
            parts: (self.report.parts.0 + usize::from(!self.failed), 0),
            attempts: self.report.attempts + line.attempts,
            duplicate_possible: self.report.duplicate_possible || line.duplicate_possible,
            ..line
        };
    }

    /// Says which line did not go out. The first needs no number.
    fn name(&mut self, line: u64) {
        if self.failed && line > 1 {
            let text = &mut self.report.fate.text;
            *text = format!("line {line}: {text}");
        }
    }

    fn refuse(&mut self, failure: &Failure) {
        let text = failure.cause.to_string();
        self.report.fate = Fate::new(Outcome::Refused, failure.exit, text);
        self.failed = true;
    }
}

/// Sends until the input ends, a signal comes, or nobody is left.
pub(super) fn run(targets: &[Target], settings: &Settings<'_>) -> Result<Exit, Failure> {
    let mut input = Input::new(settings.args.report.quiet);
    let mut recipients: Vec<Recipient<'_>> = (1..)
        .zip(targets)
        .map(|(number, target)| Recipient {
            target,
            report: Report::new(number, "", &target.text, 0, Fate::untried("not tried")),
            failed: false,
        })
        .collect();
    let mut talkers = Talkers::new();
    let mut seen = 0;
    while recipients.iter().any(|recipient| !recipient.failed) {
        let is_open = talkers.values().any(|talker| talker.peer().is_some());
        let patience = if is_open {
            Deadline::after(PATIENCE)
        } else {
            Deadline::NEVER
        };
        let text = match input.next(patience, settings.interrupt) {
            Ok(Next::End) => break,
            Ok(Next::Idle) => {
                talkers.values_mut().for_each(Talker::rest);
                continue;
            }
            Ok(Next::Line(line)) => Text::of(&line, &settings.args.text)
                .map_err(|failure| input.blame(&failure.cause.to_string())),
            Err(failure) => Err(failure),
        };
        if let Ok(text) = &text {
            for remark in &text.remarks {
                settings.diag.warn(remark);
            }
            if text.is_empty() {
                continue;
            }
        }
        seen += 1;
        let mut lost = Vec::new();
        for recipient in recipients.iter_mut().filter(|recipient| !recipient.failed) {
            match &text {
                Ok(text) => {
                    recipient.tell(text, &mut talkers, settings);
                    recipient.name(input.line());
                }
                Err(failure) => recipient.refuse(failure),
            }
            lost.extend(recipient.failed.then(|| recipient.report.error()));
        }
        // The others' lines may go on for days.
        if recipients.iter().any(|recipient| !recipient.failed) {
            for error in lost {
                let text = format!("{error}; further lines go without this one");
                settings.diag.warn(&text);
            }
        }
    }
    if let Some(text) = settings.interrupt.exit().and_then(|_| input.remark()) {
        settings.diag.warn(&text);
    }
    if seen == 0 {
        return match settings.interrupt.exit() {
            Some(exit) => Ok(exit),
            None => Err(Failure::data("the message is empty")),
        };
    }
    let reports = recipients.into_iter().map(|mut recipient| {
        recipient.report.parts.1 = seen;
        recipient.report.settle_rest();
        recipient.report
    });
    conclude(reports.collect(), talkers.values_mut(), settings)
}
