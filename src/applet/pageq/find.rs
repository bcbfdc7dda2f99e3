//! Which job is meant by the beginning of an ID.

use super::failed;
use crate::exit::Failure;
use crate::queue::store::{Content, Entry, Place, Receipt, Store};

/// A job moves on while we look at it; not more often than that.
pub(super) const TRIES: usize = 10;

/// What there is of a job.
pub(super) enum Found {
    /// Its file.
    File(Entry, Place, Content),
    /// Its receipt.
    Receipt(Receipt),
}

/// The one job whose ID begins so, or its receipt.
pub(super) fn find(store: &Store, id: &str) -> Result<Found, Failure> {
    for _ in 0..TRIES {
        let Some(entry) = entry(store, id)? else {
            return receipt(store, id);
        };
        let read = store.read(&entry);
        let read = read.map_err(|error| failed(&store.dir().display().to_string(), &error))?;
        if let Some((place, content)) = read {
            return Ok(Found::File(entry, place, content));
        }
    }
    Err(restless(id))
}

/// The one job in the spool whose ID begins so.
pub(super) fn entry(store: &Store, id: &str) -> Result<Option<Entry>, Failure> {
    let found = store.find(id);
    let mut found = found.map_err(|error| failed(&store.dir().display().to_string(), &error))?;
    if found.len() > 1 {
        return Err(ambiguous(id, found.iter().map(|entry| &*entry.id)));
    }
    Ok(found.pop())
}

fn receipt(store: &Store, id: &str) -> Result<Found, Failure> {
    let mut found: Vec<Receipt> = Vec::new();
    let mut exact = None;
    let read = store.receipts_backwards(&mut |receipt| {
        if receipt.id == id {
            exact = Some(receipt);
            return false;
        }
        let known = found.iter().any(|known| known.id == receipt.id);
        if receipt.id.starts_with(id) && !known {
            found.push(receipt);
        }
        // Whoever writes so little hears of a few.
        found.len() < SHOWN + 1
    });
    read.map_err(|error| failed(&store.dir().display().to_string(), &error))?;
    if let Some(receipt) = exact {
        return Ok(Found::Receipt(receipt));
    }
    if found.len() > 1 {
        return Err(ambiguous(id, found.iter().map(|receipt| &*receipt.id)));
    }
    let none = || Failure::data(format!("{id}: no such job in {}", store.dir().display()));
    found.pop().map(Found::Receipt).ok_or_else(none)
}

/// It was in another place each time.
pub(super) fn restless(id: &str) -> Failure {
    super::later(format!("{id}: moves on whenever it is found: try again"))
}

/// So many jobs are named where several are meant.
const SHOWN: usize = 5;

fn ambiguous<'a>(id: &str, found: impl Iterator<Item = &'a str>) -> Failure {
    let mut shown: Vec<&str> = found.take(SHOWN + 1).collect();
    if shown.len() > SHOWN {
        shown.truncate(SHOWN);
        shown.push("…");
    }
    let shown = shown.join(", ");
    Failure::data(format!("{id}: several jobs begin so: {shown}"))
}
