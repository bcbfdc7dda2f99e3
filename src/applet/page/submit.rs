//! Pages into the spool: what became of each, and when it is tried again.
//!
//! Answers for not trying page after page where none can be queued.

use std::io;
use std::time::Instant;

use super::page::Page;
use crate::applet::spool::not_taken;
use crate::bulk::retry::{Backoff, RetryArgs};
use crate::cli::report::Report;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::queue::job::Job;
use crate::queue::spool::Spool;
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
            report.fate = not_taken(&error);
            (report.send_reply, report.job) = (None, None);
        }
    }
}
