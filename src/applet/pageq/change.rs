//! `pageq hold`, `release`, `retry` and `remove`.
//!
//! Answers for a job being either changed or left as it was, and for saying
//! which.

use std::io;
use std::time::SystemTime;

use super::find::{Found, TRIES, entry, find, restless};
use super::row::moment;
use super::{failed, later};
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::queue::amend::{self, hold, hurry, release, revive};
use crate::queue::store::{Changes, Content, Entry, Place, Receipt, Store, Taken};
use crate::queue::tags::{self, QUEUED, Status};
use crate::queue::work::{Ticket, Work, millis};

/// What is to become of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wish {
    Hold,
    Release,
    Retry,
    Remove,
}

/// The code of RFC 1861 for a page that will not be delivered.
const NOT_DELIVERED: u16 = 780;

/// Changes each job; the status is that of the first that could not be.
pub(super) fn run(store: &Store, wish: Wish, ids: &[String], diag: &Diag) -> Result<Exit, Failure> {
    let changes = store.begin_changes();
    let changes = changes.map_err(|error| failed(&store.dir().display().to_string(), &error))?;
    let changes = changes.ok_or_else(|| later("the spool is being put in order: try again"))?;
    let mut exit = Exit::Ok;
    for id in ids {
        if let Err(failure) = change(store, &changes, wish, id, diag) {
            diag.warn(&format!("{:#}", failure.cause));
            if exit == Exit::Ok {
                exit = failure.exit;
            }
        }
    }
    Ok(exit)
}

fn change(
    store: &Store,
    changes: &Changes,
    wish: Wish,
    id: &str,
    diag: &Diag,
) -> Result<(), Failure> {
    for _ in 0..TRIES {
        let Some(entry) = entry(store, id)? else {
            return Err(no_more(store, id));
        };
        let id = &entry.id;
        match (entry.place, wish) {
            (Place::Active, _) => {
                return Err(later(format!("{id}: is being delivered now")));
            }
            (Place::New, Wish::Hold | Wish::Release | Wish::Retry) => {
                let text = format!("{id}: no page-deliver(8) has taken it yet: try again");
                return Err(later(text));
            }
            (Place::Failed, Wish::Hold | Wish::Release) => {
                return Err(Failure::data(format!(
                    "{id}: has failed: retry or remove it"
                )));
            }
            _ => {}
        }
        let taken = store.take_aside(changes, &entry);
        let taken = taken.map_err(|error| failed(id, &error))?;
        if let Some(taken) = taken {
            return match wish {
                Wish::Remove => remove(store, &entry, &taken, diag),
                _ => amend(store, &entry, &taken, wish, diag),
            };
        }
        if entry.is_aside() {
            return Err(later(format!(
                "{id}: another program has it now: try again"
            )));
        }
    }
    Err(restless(id))
}

/// Why a job that is in no directory cannot be changed.
fn no_more(store: &Store, id: &str) -> Failure {
    match find(store, id) {
        Ok(Found::File(entry, ..)) => restless(&entry.id),
        Ok(Found::Receipt(receipt)) => {
            let text = format!("{}: is done since {}", receipt.id, moment(receipt.at));
            Failure::data(text)
        }
        Err(failure) => failure,
    }
}

fn amend(
    store: &Store,
    entry: &Entry,
    taken: &Taken,
    wish: Wish,
    diag: &Diag,
) -> Result<(), Failure> {
    let id = &entry.id;
    let read = store.read_taken(taken);
    let mut work = match read {
        Content::Work(work) => work,
        Content::Spoilt(why) => {
            return give_back(store, id, taken, Some(format!("{why}: remove it")));
        }
    };
    let now = SystemTime::now();
    let had_ended = work.marks.iter().all(|mark| !mark.is_open());
    let decided = match (wish, entry.place) {
        (Wish::Hold, _) => {
            if !hold(&mut work) {
                return give_back(store, id, taken, None);
            }
            true
        }
        (Wish::Release, _) => release(&mut work, millis(now)),
        (_, Place::Failed) => revive(&mut work, millis(now)),
        _ => hurry(&mut work, millis(now)),
    };
    if !decided {
        let why = match wish {
            Wish::Release => "is not held; `pageq retry` makes it due now".to_owned(),
            _ => nothing_to_do(&work),
        };
        return give_back(store, id, taken, Some(why));
    }
    if entry.place == Place::Failed {
        // Another job may be called as this one was.
        work.id.clone_from(id);
        if let Some(until) = work.expires.filter(|until| *until <= millis(now)) {
            work.expires = None;
            diag.warn(&format!(
                "{id}: expired at {}, and is sent all the same",
                moment(until)
            ));
        }
    }
    let tell = || {
        if had_ended && wish != Wish::Hold {
            tell_again(store, id, work.ticket.as_ref(), diag);
        }
    };
    store
        .put_changed(taken, &work, tell)
        .map_err(|error| failed(&format!("{id}: not changed"), &error))
}

fn nothing_to_do(work: &Work) -> String {
    match &work.error {
        Some(error) => format!("was no job: {error}"),
        None => "has nothing left to do".to_owned(),
    }
}

/// Leaves a job as it was: there is nothing to change, or it cannot be.
fn give_back(store: &Store, id: &str, taken: &Taken, why: Option<String>) -> Result<(), Failure> {
    store.give_back(taken).map_err(|error| failed(id, &error))?;
    match why {
        Some(why) => Err(Failure::data(format!("{id}: {why}"))),
        None => Ok(()),
    }
}

/// Its receipt is on disk before it goes; where there is no room for that, the
/// job itself may be what has to go first.
fn remove(store: &Store, entry: &Entry, taken: &Taken, diag: &Diag) -> Result<(), Failure> {
    let id = &entry.id;
    let now = SystemTime::now();
    if let Err(error) = store.discard_directory(taken) {
        let failure = failed(&format!("{id}: not removed"), &error);
        _ = give_back(store, id, taken, None);
        return Err(failure);
    }
    let receipt = match store.read_taken(taken) {
        Content::Work(work) => Receipt {
            id: id.clone(),
            ..amend::removed(&work, now)
        },
        Content::Spoilt(why) => amend::removed_spoilt(id, &why, now),
    };
    let write = || store.file_receipts(std::slice::from_ref(&receipt), now);
    let mut written = write();
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    match &written {
        Err(error) if !full.contains(&error.kind()) => {
            let failure = failed(&format!("{id}: not removed: its receipt"), error);
            _ = give_back(store, id, taken, None);
            return Err(failure);
        }
        _ => {}
    }
    if let Err(error) = store.discard(taken) {
        let failure = failed(&format!("{id}: not removed"), &error);
        _ = give_back(store, id, taken, None);
        return Err(failure);
    }
    if written.is_err() {
        written = write();
    }
    tell_removed(store, &receipt, diag);
    if let Err(error) = written {
        diag.warn(&format!(
            "{id}: removed without a receipt: {}",
            cause(&error)
        ));
    }
    Ok(())
}

/// Whoever asks what became of it is told, and does not wait for it any more.
fn tell_removed(store: &Store, receipt: &Receipt, diag: &Diag) {
    let Some(ticket) = &receipt.ticket else {
        return;
    };
    let status = Status {
        sequence: 1,
        code: NOT_DELIVERED,
        at: SystemTime::now(),
        text: "removed".to_owned(),
        exit: Some(Exit::Unavailable.status()),
    };
    tell(store, ("removed", &receipt.id), ticket, &status, diag);
}

/// And who was told of an end is told that it is none.
fn tell_again(store: &Store, id: &str, ticket: Option<&Ticket>, diag: &Diag) {
    let Some(ticket) = ticket else { return };
    let status = Status {
        sequence: 1,
        code: QUEUED,
        at: SystemTime::now(),
        text: "it is tried again".to_owned(),
        exit: None,
    };
    tell(store, ("tried again", id), ticket, &status, diag);
}

fn tell(store: &Store, (what, id): (&str, &str), ticket: &Ticket, status: &Status, diag: &Diag) {
    if let Err(error) = tags::write(store.dir(), &ticket.tag, &ticket.pass, status) {
        diag.warn(&format!(
            "{id}: {what}, and its status says nothing of it: {}",
            cause(&error)
        ));
    }
}
