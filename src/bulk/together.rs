//! Rows that are sent together, and what becomes of each.
//!
//! Answers for which rows those are: those at hand, one behind the other, as
//! long as none of them must go alone; nobody waits for one more. And for
//! their results being told in their order. Must never know how pages are
//! sent, nor why one must go alone.

use super::floor::{Floor, Taken};
use super::rows::Row;
use super::sender::Sender;
use super::supply::lock;

/// Sends a page, and together with it those behind it that are at hand. What
/// was taken and cannot go with them is `next`. False: this sender is of no
/// more use, and all these rows were given to others.
pub(super) fn send<S: Sender>(
    floor: &Floor<'_>,
    sender: &mut S,
    first: (Row, S::Prepared),
    next: &mut Option<Taken<S>>,
) -> bool {
    let pages = gather(floor, sender, first, next);
    let mut rest = pages.as_slice();
    while let Some(((row, page), behind)) = rest.split_first() {
        if !behind.is_empty() && at_once(floor, sender, rest) {
            return true;
        }
        let others = behind.iter().map(|(row, _)| row);
        let others = others.chain(next.as_ref().map(|(row, _)| row));
        if !floor.one(sender, (row, page), others) {
            return false;
        }
        rest = behind;
    }
    true
}

fn gather<S: Sender>(
    floor: &Floor<'_>,
    sender: &S,
    first: (Row, S::Prepared),
    next: &mut Option<Taken<S>>,
) -> Vec<(Row, S::Prepared)> {
    let (most, mut room) = sender.room();
    let mut weight = sender.weight(&first.1);
    let mut pages = vec![first];
    while let Some(left) = weight.and_then(|weight| room.checked_sub(weight)) {
        room = left;
        if pages.len() >= most {
            break;
        }
        let Ok(Some(row)) = floor.supply.next_at_hand() else {
            break;
        };
        let (row, page) = floor.look_at(row, sender);
        match page {
            Ok(page) => {
                weight = sender.weight(&page);
                if weight.is_none_or(|weight| weight > room) {
                    *next = Some((row, Ok(page)));
                    break;
                }
                pages.push((row, page));
            }
            Err(report) => {
                *next = Some((row, Err(report)));
                break;
            }
        }
    }
    pages
}

/// All of them at once. False: nothing was said of any.
fn at_once<S: Sender>(floor: &Floor<'_>, sender: &mut S, pages: &[(Row, S::Prepared)]) -> bool {
    let rows: Vec<&Row> = pages.iter().map(|(row, _)| row).collect();
    let ready: Vec<&S::Prepared> = pages.iter().map(|(_, page)| page).collect();
    let mut reports = sender.send_together(&ready, &mut || lock(&floor.books).begin(&rows));
    if reports.is_empty() {
        return false;
    }
    let mut unsettled = Vec::new();
    {
        // A verdict is kept before others are waited for.
        let mut books = lock(&floor.books);
        for (row, report) in rows.iter().zip(&mut reports) {
            let goes_on = sender.goes_on(report);
            unsettled.push(goes_on);
            if !goes_on {
                books.settle(row, report);
                books.note_end(&row.hash, report);
            }
        }
    }
    for (((row, page), mut report), goes_on) in pages.iter().zip(reports).zip(unsettled) {
        if goes_on {
            report = sender.go_on(page, report, &mut || lock(&floor.books).begin(&[row]));
        }
        let mut books = lock(&floor.books);
        if goes_on {
            books.settle(row, &mut report);
            books.note_end(&row.hash, &report);
        }
        books.tell(&report);
    }
    lock(&floor.books).take_back(sender);
    true
}
