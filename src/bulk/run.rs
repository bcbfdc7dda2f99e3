//! A bulk run: rows to one or several senders, their results to one place.
//!
//! Answers for handing each row to exactly one sender at a time. Must never
//! know how a page is sent.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::books::Books;
use super::floor::{Floor, Taken};
use super::sender::Sender;
use super::supply::{Supply, lock};
use super::together;
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::outcome::Fate;

/// Runs to the end and returns the run's exit status, or why it could not go on.
pub fn run<'a, S: Sender + Send>(
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

fn work<S: Sender>(floor: &Floor<'_>, sender: &mut S) {
    let mut next: Option<Taken<S>> = None;
    while let Some((row, page)) = next.take().or_else(|| {
        let row = floor.supply.next()?;
        Some(floor.look_at(row, sender))
    }) {
        let goes_on = match page {
            Ok(page) => together::send(floor, sender, (row, page), &mut next),
            Err(report) => {
                lock(&floor.books).record(&row, &report, false);
                true
            }
        };
        if !goes_on {
            break;
        }
    }
    sender.finish();
    lock(&floor.books).take_back(sender);
}
