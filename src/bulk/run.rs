//! A bulk run: rows to one or several senders, their results to one place.
//!
//! Answers for handing each row to exactly one sender at a time, and to none
//! once nobody reads the results. Must never know how a page is sent.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::books::{Books, UNHEARD, Wanted};
use super::flags::BulkArgs;
use super::floor::{Floor, Taken};
use super::journal::Journal;
use super::results::{Form, Results};
use super::rows::{Row, Rows};
use super::sender::Sender;
use super::supply::{Supply, lock};
use super::together;
use crate::cli::report::Report;
use crate::cli::{ReportArgs, terminal};
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::Fate;
use crate::page::PageOptions;
use crate::transport::interrupt::{Interrupt, reader_is_gone};

/// What a run needs beside its senders.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Where the rows are, and how they are sent.
    pub flags: &'a BulkArgs,
    /// How it is reported.
    pub report: ReportArgs,
    /// What fills empty cells.
    pub defaults: PageOptions,
    /// Every page has a text.
    pub needs_text: bool,
    /// Rows that may be out already are sent again.
    pub retry_unknown: bool,
    /// Everything but the rows that decides where a page goes and what it says.
    pub fingerprint: String,
    /// Where talk goes.
    pub diag: &'a Diag,
    /// What ends it.
    pub interrupt: &'a Interrupt,
}

/// Sends the rows of a CSV, each sender over a connection of its own, and
/// returns the run's exit status, or why it could not go on.
pub fn from_csv<S: Sender + Send>(
    csv: &Path,
    setup: Setup<'_>,
    sender: &dyn Fn() -> S,
) -> Result<Exit, Failure> {
    let Setup {
        flags,
        report,
        interrupt,
        diag,
        ..
    } = setup;
    let form = match (report.quiet, report.json) {
        (true, _) => Form::Silent,
        (_, true) => Form::Json,
        _ => Form::Csv,
    };
    if form != Form::Silent {
        interrupt.mind_reader();
    }
    let rows = Rows::open(
        csv,
        flags.delimiter,
        setup.defaults,
        setup.needs_text,
        Some(interrupt),
    );
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    if form != Form::Silent && reader_is_gone() {
        let text = format!("{UNHEARD}: nothing is sent");
        return Err(Failure::new(Exit::TempFail, text));
    }
    let mut rows = rows?;
    let journal = match &flags.journal {
        Some(path) if !report.dry_run => Some(Journal::open(path, &setup.fingerprint)?),
        _ => None,
    };
    if journal.is_some() {
        rows = rows.with_hashes();
    }
    let jobs = if report.dry_run { 1 } else { flags.jobs };
    let senders: Vec<S> = (0..jobs).map(|_| sender()).collect();
    let wanted = Wanted {
        retry_unknown: setup.retry_unknown,
        dry: report.dry_run,
        progress: !report.quiet && !report.verbose && terminal::shows_progress(),
    };
    let books = Books::new(journal, Results::new(form, diag), diag, interrupt, wanted);
    run(Supply::new(rows, interrupt), books, senders)
}

fn run<'a, S: Sender + Send>(
    supply: Supply<'a>,
    books: Books<'a>,
    mut senders: Vec<S>,
) -> Result<Exit, Failure> {
    let floor = Floor {
        supply: supply.for_workers(senders.len()),
        books: Mutex::new(books),
    };
    if let Some((first, others)) = senders.split_first_mut() {
        thread::scope(|scope| {
            for sender in others {
                let worker = thread::Builder::new().spawn_scoped(scope, || work(&floor, sender));
                if worker.is_err() {
                    // As many as the system gives; the others have the rows.
                    floor.supply.lose_worker();
                }
            }
            work(&floor, first);
        });
    }
    let mut books = floor
        .books
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if books.are_unheard() {
        books.leave(floor.supply.next_at_hand());
    }
    let (rest, failure) = floor.supply.into_rest();
    for row in rest {
        let fate = Fate::untried("not tried");
        books.record(
            &row,
            &Report::new(row.number, &row.id, &row.pager, 1, fate),
            false,
        );
    }
    books.close(failure)
}

/// The next row. Who waits long for one rests meanwhile.
fn next_row<S: Sender>(floor: &Floor<'_>, sender: &mut S) -> Option<Row> {
    if let Ok(row) = floor.supply.next(sender.patience()) {
        return row;
    }
    sender.finish();
    lock(&floor.books).take_back(sender);
    floor.supply.next(None).ok().flatten()
}

fn work<S: Sender>(floor: &Floor<'_>, sender: &mut S) {
    let mut next: Option<Taken<S>> = None;
    while let Some((row, page)) = next.take().or_else(|| {
        let row = next_row(floor, sender)?;
        Some(floor.look_at(row, sender))
    }) {
        let goes_on = match page {
            Ok(page) => together::send(floor, sender, (row, page), &mut next),
            Err(report) => {
                let mut books = lock(&floor.books);
                books.record(&row, &report, false);
                !books.are_unheard()
            }
        };
        if !goes_on {
            break;
        }
    }
    sender.finish();
    lock(&floor.books).take_back(sender);
}
