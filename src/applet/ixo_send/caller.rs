//! Calls to a central, one after the other, and the pages that each carries.
//!
//! Answers for when a call is made and when it ends, for when a page is tried
//! again, and for what is known of pages whose call has not ended yet.

use std::time::Instant;

use super::call::{Call, Down};
use super::page::Page;
use super::way::Settings;
use crate::bulk::retry::Backoff;
use crate::bulk::sender::{Commit, Receipt, TakenBack};
use crate::cli::report::Report;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::tap::code;
use crate::protocol::tap::page::Page as TapPage;
use crate::protocol::tap::sender::{Answered, End};
use crate::transport::trace::Trace;

/// Makes the calls of a run.
pub(super) struct Caller<'a> {
    settings: &'a Settings<'a>,
    trace: Trace<'a>,
    call: Option<Call>,
    /// Pages that the central has accepted in this call.
    receipts: Vec<Receipt>,
    taken_back: Vec<TakenBack>,
    /// Pages of a call, as the user says or as the central has shown.
    pages_per_call: Option<usize>,
    /// Calls in a row that ended before they carried a page.
    lost: u32,
    /// No call can be made: the fate of every further page.
    dead: Option<Fate>,
}

/// So many lost calls in a row, and no more are paid for.
const MAX_LOST: u32 = 4;

/// What came of one try.
struct Try {
    answered: Answered,
    /// How often something was tried: a line that is busy is not.
    tries: u32,
    /// The call was not made, so no other page would fare better.
    no_call: bool,
}

impl<'a> Caller<'a> {
    pub(super) fn new(settings: &'a Settings<'a>, trace: Trace<'a>) -> Self {
        Self {
            settings,
            trace,
            call: None,
            receipts: Vec::new(),
            taken_back: Vec::new(),
            pages_per_call: settings.args.central.pages_per_call,
            lost: 0,
            dead: None,
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.is_some()
    }

    pub(super) fn is_open(&self) -> bool {
        self.call.is_some()
    }

    pub(super) fn take_back(&mut self) -> Vec<TakenBack> {
        std::mem::take(&mut self.taken_back)
    }

    /// The dialogue since the last report.
    pub(super) fn transcript(&mut self) -> Vec<String> {
        self.trace.take_transcript().unwrap_or_default()
    }

    /// Sends one page, part by part; the first part that fails is the last.
    pub(super) fn send(&mut self, page: &Page, commit: Commit<'_>) -> Report {
        let mut report = page.untried();
        for (sent, part) in page.parts().iter().enumerate() {
            self.send_part(part, &mut report, commit);
            if !report.fate.outcome.accepted() {
                break;
            }
            report.parts.0 = sent + 1;
            let known = self.receipts.last().map(|receipt| receipt.number);
            if self.call.is_some() && known != Some(report.number) {
                self.receipts.push(page.receipt(&report));
            }
            self.end_full_call();
            if self.is_taken_back(&mut report) {
                break;
            }
        }
        report.settle_parts();
        report.settle_tries();
        self.end_full_call();
        report
    }

    /// Did the call that took the page end in a way that makes it unknown?
    fn is_taken_back(&mut self, report: &mut Report) -> bool {
        let taken = self.taken_back.iter();
        let mut taken = taken.map(|taken| taken.receipt.number);
        let Some(at) = taken.position(|number| number == report.number) else {
            return false;
        };
        self.taken_back.remove(at).apply(report);
        true
    }

    /// Tries and tries again.
    fn send_part(&mut self, part: &TapPage, report: &mut Report, commit: Commit<'_>) {
        let mut backoff = Backoff::new(&self.settings.args.retry);
        loop {
            report.server = Some(self.settings.way.place());
            if let Some(fate) = &self.dead {
                report.fate = fate.clone();
                return;
            }
            let begun = Instant::now();
            let came = self.try_twice(part, commit);
            report.rtt = begun.elapsed();
            report.transcript.extend(self.transcript());
            report.attempts += came.tries;
            report.duplicate_possible |= came.answered.duplicate_possible;
            report.fate = came.answered.fate.clone();
            // What may be out already is not tried again by itself.
            report.settle_tries();
            report.send_reply = (!came.no_call && report.fate.outcome != Outcome::Unknown)
                .then(|| report.fate.response());
            if came.answered.is_cut {
                let cut = match code::limit(&report.fate.text) {
                    Some(limit) => format!("the central cut the message to {limit} characters"),
                    None => "the central cut the message".to_owned(),
                };
                self.settings
                    .diag
                    .warn(&format!("{cut}: {}", report.error()));
            }
            if !self.goes_on(&report.fate) || self.settings.interrupt.exit().is_some() {
                // A refused logon is the page's that met it; no other one is tried.
                self.note_dead(came.no_call, &came.answered.fate);
                return;
            }
            let Some(pause) = backoff.pause() else {
                self.note_dead(came.no_call, &came.answered.fate);
                return;
            };
            self.finish();
            self.trace
                .remark(&format!("next try in {:.1} s", pause.as_secs_f64()));
            if !self.settings.interrupt.sleep(pause) {
                return;
            }
            report.duplicate_possible |= report.fate.outcome == Outcome::Unknown;
        }
    }

    fn goes_on(&self, fate: &Fate) -> bool {
        fate.outcome.may_retry()
            || (fate.outcome == Outcome::Unknown && self.settings.args.retry.retry_unknown)
    }

    /// Without a call nothing of the further pages goes on the wire; nor is one
    /// made for each of them where the line is lost again and again.
    fn note_dead(&mut self, no_call: bool, fate: &Fate) {
        let of_no_use = no_call || self.lost >= MAX_LOST;
        if of_no_use && self.settings.interrupt.exit().is_none() {
            let exit = match fate.exit {
                Exit::Unknown => Exit::TempFail,
                exit => exit,
            };
            // A verdict is that of the page that met it, and of no other.
            let text = if no_call {
                fate.response()
            } else {
                format!("not tried: {MAX_LOST} calls in a row were lost")
            };
            self.dead = Some(Fate::new(Outcome::Untried, exit, text));
        }
    }

    /// One try, and another in a new call where the central ended the first
    /// instead of giving a verdict: mostly it takes no more pages in one call.
    fn try_twice(&mut self, part: &TapPage, commit: Commit<'_>) -> Try {
        let mut tries = 0;
        loop {
            let fresh = self.call.is_none();
            if let Err(down) = self.open() {
                return Try {
                    answered: unsent(down.fate),
                    tries: tries + u32::from(down.counts),
                    no_call: true,
                };
            }
            if let Err(fate) = commit() {
                return Try {
                    answered: unsent(fate),
                    tries,
                    no_call: false,
                };
            }
            let end = match self.page(part) {
                Ok(answered) => return tried(answered, tries + 1),
                Err(end) => end,
            };
            let stopped = self.settings.interrupt.exit().is_some();
            match end {
                End {
                    answered: Some(answered),
                    again: wanted,
                    ..
                } => {
                    tries += 1;
                    if !wanted || tries > 1 || stopped {
                        return tried(answered, tries);
                    }
                    let text = format!("{}; calling again", answered.fate.response());
                    self.trace.remark(&text);
                }
                // A call that idled may be over by now; that is no try.
                End { cause, .. } if fresh || stopped => {
                    let fate = cause.unwrap_or_else(|| Fate::untried("the call ended"));
                    return Try {
                        answered: unsent(fate),
                        tries: tries + 1,
                        no_call: !stopped,
                    };
                }
                _ => {}
            }
        }
    }

    /// Makes sure that there is a call.
    fn open(&mut self) -> Result<(), Down> {
        if self.call.is_none() {
            self.call = Some(Call::begin(self.settings, &mut self.trace)?);
        }
        Ok(())
    }

    /// One page in the call that there is; one that ended is put away.
    fn page(&mut self, part: &TapPage) -> Result<Answered, End> {
        let Some(mut call) = self.call.take() else {
            return Err(End {
                answered: None,
                again: false,
                cause: None,
                taken_back: None,
                may_arrive_twice: false,
            });
        };
        if !call.escapes() {
            if let Some(text) = part.loses() {
                let text = format!("{}: {text}", self.settings.way.place());
                self.settings.diag.warn(&text);
            }
        }
        match call.send(part.clone(), self.settings, &mut self.trace) {
            Ok(answered) => {
                // NAK to the end, or silence: the line carries nothing.
                let is_lost = call.is_worn() && !answered.fate.outcome.accepted();
                if is_lost && call.pages == 0 {
                    self.lost += 1;
                } else {
                    self.lost = 0;
                }
                call.pages += 1;
                if answered.call_is_full {
                    self.pages_per_call = Some(call.pages);
                }
                self.call = Some(call);
                Ok(answered)
            }
            Err(end) => {
                if call.pages == 0 {
                    self.lost += 1;
                } else if end.again {
                    // So many it takes.
                    self.pages_per_call = Some(call.pages);
                }
                call.hang_up(self.settings, &mut self.trace);
                self.put_away(&end);
                Err(end)
            }
        }
    }

    /// The next page needs a new call where this one takes no more.
    fn end_full_call(&mut self) {
        let is_full = self.call.as_ref().is_some_and(|call| {
            call.is_worn() || self.pages_per_call.is_some_and(|most| call.pages >= most)
        });
        if is_full {
            self.finish();
        }
    }

    /// Logs off, so that the verdicts are final.
    pub(super) fn finish(&mut self) {
        if let Some(call) = self.call.take() {
            let (end, _) = call.log_off(self.settings, &mut self.trace);
            self.put_away(&end);
        }
    }

    /// What is known now of the pages of a call that ended.
    fn put_away(&mut self, end: &End) {
        let receipts = std::mem::take(&mut self.receipts);
        if end.may_arrive_twice {
            let place = self.settings.way.place();
            let text = "one ACK more than blocks were sent: a page that was sent again after NAK may arrive twice";
            self.settings.diag.warn(&format!("{place}: {text}"));
        }
        let Some(why) = &end.taken_back else { return };
        let place = self.settings.way.place();
        let taken = receipts.into_iter().map(|receipt| TakenBack {
            receipt,
            server: place.clone(),
            why: why.clone(),
        });
        self.taken_back.extend(taken);
    }
}

fn tried(answered: Answered, tries: u32) -> Try {
    Try {
        answered,
        tries,
        no_call: false,
    }
}

fn unsent(fate: Fate) -> Answered {
    Answered {
        fate,
        duplicate_possible: false,
        is_cut: false,
        call_is_full: false,
    }
}
