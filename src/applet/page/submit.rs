//! Pages into the spool: what became of each, and when it is tried again.
//!
//! Answers for a failure being said with what to do about it, and for not
//! trying page after page where none can be queued.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Instant;

use super::page::Page;
use crate::bulk::retry::{Backoff, RetryArgs};
use crate::cli::login;
use crate::cli::report::Report;
use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome};
use crate::queue::job::Job;
use crate::queue::spool::{Room, Spool};
use crate::transport::interrupt::Interrupt;

/// The way into a spool.
#[derive(Debug)]
pub(super) struct Submitter<'a> {
    spool: &'a Spool,
    retry: &'a RetryArgs,
    interrupt: &'a Interrupt,
    /// Why nothing more is tried.
    dead: Option<Fate>,
}

/// Opens a spool, which must be there: who delivers has made it.
pub(super) fn open(dir: &Path) -> Result<Spool, Failure> {
    Spool::open(dir, false, Room::default()).map_err(|error| {
        let (exit, advice) = advice(&error);
        Failure::new(exit, format!("{}{advice}", cause(&error)))
    })
}

/// How it ends where a spool cannot be used at all, and what to do.
fn advice(error: &io::Error) -> (Exit, String) {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            let user = match login::name() {
                "" => "USER",
                name => name,
            };
            let text = format!(
                "; who is to queue pages must be in the spool's group: usermod -aG pagebox {user}, and log in again"
            );
            (Exit::NoPermission, text)
        }
        ErrorKind::NotFound => {
            let text = "; there is no spool: see FILES in page(1), or give --spool DIR";
            (Exit::CantCreate, text.to_owned())
        }
        _ => (Exit::CantCreate, String::new()),
    }
}

/// The fate of a job that was not taken; nothing of it is left.
fn fate(error: &io::Error) -> Fate {
    let text = format!("not queued: {}", cause(error));
    match (error.raw_os_error(), error.kind()) {
        (None, ErrorKind::InvalidInput) => Fate::new(Outcome::Refused, Exit::Data, text),
        (_, ErrorKind::PermissionDenied | ErrorKind::NotFound | ErrorKind::ReadOnlyFilesystem) => {
            let (exit, advice) = advice(error);
            Fate::new(Outcome::Refused, exit, text + &advice)
        }
        _ => Fate::temporary(text),
    }
}

impl<'a> Submitter<'a> {
    pub(super) fn new(spool: &'a Spool, retry: &'a RetryArgs, interrupt: &'a Interrupt) -> Self {
        Self {
            spool,
            retry,
            interrupt,
            dead: None,
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.is_some()
    }

    /// Queues a page.
    pub(super) fn send(&mut self, page: &Page) -> Report {
        let mut report = page.untried();
        if let Some(fate) = &self.dead {
            report.fate = fate.clone();
            return report;
        }
        self.attempt(page, &mut report);
        self.go_on(page, report)
    }

    /// Queues pages of one job each together, once; a report for each.
    pub(super) fn send_together(&self, pages: &[&Page]) -> Vec<Report> {
        let begun = Instant::now();
        let jobs: Vec<&Job> = pages.iter().flat_map(|page| &page.jobs).collect();
        let results = self.spool.accept_all(&jobs);
        let rtt = begun.elapsed();
        let reports = pages.iter().zip(results).map(|(page, result)| {
            let mut report = page.untried();
            (report.attempts, report.rtt) = (1, rtt);
            enter(page, &mut report, result);
            report
        });
        reports.collect()
    }

    /// May a page that came to this be tried again?
    pub(super) fn goes_on(report: &Report) -> bool {
        report.fate.outcome.may_retry()
    }

    /// Tries a page again that was tried once, if that is wanted.
    pub(super) fn go_on(&mut self, page: &Page, mut report: Report) -> Report {
        let mut backoff = Backoff::new(self.retry);
        while Self::goes_on(&report) && !self.is_dead() {
            let pause = backoff.pause();
            if !pause.is_some_and(|pause| self.interrupt.sleep(pause)) {
                // The next page would find the same spool.
                let fate = report.fate.clone();
                self.dead = Some(Fate {
                    outcome: Outcome::Untried,
                    ..fate
                });
                break;
            }
            self.attempt(page, &mut report);
        }
        report.settle_parts();
        report
    }

    /// What is not queued yet, up to the first failure.
    fn attempt(&self, page: &Page, report: &mut Report) {
        let begun = Instant::now();
        report.attempts += 1;
        for job in page.jobs.iter().skip(report.parts.0) {
            let result = self.spool.accept(job);
            let failed = result.is_err();
            enter(page, report, result);
            if failed {
                break;
            }
        }
        report.rtt = begun.elapsed();
    }
}

/// Notes what became of the next part.
fn enter(page: &Page, report: &mut Report, result: io::Result<()>) {
    match result {
        Ok(()) => {
            report.parts.0 += 1;
            let ids = page.ids();
            report.fate = Fate::new(Outcome::Queued, Exit::Ok, ids.clone());
            report.send_reply = Some(ids.clone());
            report.job = Some(ids);
        }
        Err(error) => {
            report.fate = fate(&error);
            (report.send_reply, report.job) = (None, None);
        }
    }
}
