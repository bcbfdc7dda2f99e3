//! A program as a route: pages as CSV on standard input, the program run once
//! for each of them, its exit status the verdict.
//!
//! Answers for the contract of all senders around a program that knows nothing
//! of it. How one is run is [`crate::sink::command`]'s affair.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::applet::send;
use crate::bulk::flags::BulkArgs;
use crate::bulk::rows::{Row, RowPage};
use crate::bulk::run::{self, Setup};
use crate::bulk::sender::{Commit, Sender, TakenBack};
use crate::cli::ReportArgs;
use crate::cli::report::Report;
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome};
use crate::page::{self, PageOptions};
use crate::queue::job::{Job, Recipient};
use crate::sink::command::Command;
use crate::sink::{Origin, Sink, Verdict};
use crate::transport::interrupt::Interrupt;

/// Runs the program for the pages on standard input, and returns the run's
/// exit status, or why it could not go on. `words` are the program and its
/// arguments; it has `timeout` for each page.
pub(super) fn run(words: &[OsString], timeout: Duration, diag: &Diag) -> Result<Exit, Failure> {
    let no_signals = |error| Failure::new(Exit::Os, format!("signals: {}", cause(&error)));
    let Some(command) = Command::new(words, timeout).map_err(no_signals)? else {
        return Err(Failure::usage("which command? it stands behind --"));
    };
    let sink = Sink::Command(command);
    // A page that is being delivered is waited for, as a server does.
    let interrupt = Interrupt::of_a_server().map_err(no_signals)?;
    let setup = Setup {
        flags: &BulkArgs::of_a_route(),
        report: ReportArgs::default(),
        defaults: PageOptions::default(),
        needs_text: true,
        retry_unknown: false,
        fingerprint: String::new(),
        diag,
        interrupt: &interrupt,
    };
    run::from_csv(Path::new("-"), setup, &|| Program {
        sink: &sink,
        diag,
        interrupt: &interrupt,
    })
}

/// See the module's text.
struct Program<'a> {
    sink: &'a Sink,
    diag: &'a Diag,
    interrupt: &'a Interrupt,
}

impl Sender for Program<'_> {
    type Prepared = (u64, Job);

    fn prepare(&self, row: &Row, page: &RowPage) -> Result<(u64, Job), Failure> {
        let options = &page.options;
        let expire = PageOptions {
            expire: options.expire,
            ..PageOptions::default()
        };
        send::supports("a command", &expire, false)?;
        let id = page::one_line("id", &row.id).map_err(Failure::data)?;
        let recipient = Recipient {
            name: row.pager.clone(),
            level: options.level,
            alert: options.alert,
            coverage: options.coverage.clone(),
            hold: options.hold,
            pin: page.pin.clone(),
            pin_file: None,
        };
        let job = Job {
            caller: options.caller.clone(),
            subject: options.subject.clone(),
            id,
            ..Job::new([recipient], page.message.clone())
        };
        Ok((row.number, job))
    }

    fn send(&mut self, (number, job): &(u64, Job), commit: Commit<'_>) -> Report {
        let pager = job.to.first().map_or("", |to| &to.name);
        let report = |fate| Report::new(*number, &job.id, pager, 1, fate);
        if let Err(fate) = commit() {
            return report(fate);
        }
        let begun = Instant::now();
        let mut say = |line: &str| self.diag.warn(&format!("row {number}: {line}"));
        let (verdict, why) = self
            .sink
            .accept(job, &Origin::default(), self.interrupt, &mut say);
        let mut report = report(fate(verdict, why.unwrap_or_default()));
        report.parts.0 = usize::from(report.fate.outcome.accepted());
        report.attempts = 1;
        report.rtt = begun.elapsed();
        report
    }

    /// What happened to one page says nothing of the next.
    fn is_dead(&self) -> bool {
        false
    }

    fn take_back(&mut self) -> Vec<TakenBack> {
        Vec::new()
    }

    fn finish(&mut self) {}
}

fn fate(verdict: Verdict, why: String) -> Fate {
    match verdict {
        Verdict::Accepted => Fate::new(Outcome::Sent, Exit::Ok, why),
        Verdict::TryLater | Verdict::Full => Fate::temporary(why),
        Verdict::NoSuchPager => Fate::new(Outcome::Refused, Exit::NoUser, why),
        Verdict::Refused => Fate::new(Outcome::Refused, Exit::Unavailable, why),
        Verdict::Uncertain => Fate::unknown(why),
    }
}
