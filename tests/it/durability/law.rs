//! The law of the spool: whatever the instant of the crash, a page that was
//! answered 250, or was told to be queued, is there, and what is in `new/` is whole.

use std::collections::BTreeSet;

use super::disk::{Disk, Fate, Step};
use crate::support::Page;

/// A page, and the reply to its SEND, or the result of its row: the number of its line, that of
/// the greeting or the header being 0.
#[derive(Clone, Debug)]
pub(super) struct Pledge {
    pub(super) reply: usize,
    pub(super) page: Page,
}

/// Crashes after every step there is. The error names the first one that breaks the law.
pub(super) fn holds(mut disk: Disk, steps: &[Step], pledges: &[Pledge]) -> Result<Disk, String> {
    let mut said = Vec::new();
    for (count, step) in steps.iter().enumerate() {
        if let Step::Said(bytes) = step {
            said.extend_from_slice(bytes);
        }
        disk.step(step);
        after(&disk, &said, pledges).map_err(|wrong| {
            let step = match step {
                Step::Said(bytes) => format!("Said {}", bytes.escape_ascii()),
                Step::Write(path, bytes) => format!("Write {path} {}", bytes.escape_ascii()),
                step => format!("{step:?}"),
            };
            format!("a crash after step {count}, {step}: {wrong}")
        })?;
    }
    Ok(disk)
}

fn after(disk: &Disk, said: &[u8], pledges: &[Pledge]) -> Result<(), String> {
    let mut sure = Vec::new();
    for name in disk.names("spool/new") {
        let fates = disk.fates(&format!("spool/new/{name}"));
        let only = fates.len() == 1;
        for fate in fates {
            let bytes = match fate {
                Fate::Gone => continue,
                Fate::Torn | Fate::Directory => return Err(format!("{name} may be {fate:?}")),
                Fate::Whole(bytes) => bytes,
            };
            let page = Page::of_file(name, &bytes)?;
            if !pledges.iter().any(|pledge| pledge.page == page) {
                return Err(format!("{name} may be what nobody sent: {page:?}"));
            }
            if only {
                sure.push(page);
            }
        }
    }
    let replies: Vec<&[u8]> = said.split(|byte| *byte == b'\n').collect();
    for pledge in pledges {
        // A client may believe the digits before it has the rest of the line.
        let told = replies
            .get(pledge.reply)
            .is_some_and(|reply| is_pledge(reply));
        let kept = sure.iter().filter(|page| **page == pledge.page).count();
        if told && kept != 1 {
            return Err(format!("accepted, and perhaps lost: {:?}", pledge.page));
        }
    }
    let left: BTreeSet<&Page> = sure.iter().collect();
    if left.len() < sure.len() {
        return Err(format!("a page is there twice: {sure:?}"));
    }
    Ok(())
}

/// Does it say that a page is safe?
pub(super) fn is_pledge(reply: &[u8]) -> bool {
    reply.starts_with(b"250") || reply.windows(8).any(|part| part == b",queued,")
}

/// A session as it ought to be, the spool made by itself.
fn good() -> Vec<Step> {
    let path = |path: &str| path.to_owned();
    let mut steps = Vec::new();
    for (made, below) in [
        ("spool", ""),
        ("spool/tmp", "spool"),
        ("spool/new", "spool"),
    ] {
        steps.extend([Step::Mkdir(path(made)), Step::Sync(path(below))]);
    }
    steps.push(Step::Said(b"220 h\r\n250 Message OK\r\n".to_vec()));
    steps.extend([
        Step::Create(path("spool/tmp/a")),
        Step::Write(path("spool/tmp/a"), b"To: 1\nId: a\n\nDisk ".to_vec()),
        Step::Write(path("spool/tmp/a"), b"full\n".to_vec()),
        Step::Sync(path("spool/tmp/a")),
        Step::Rename(path("spool/tmp/a"), path("spool/new/a")),
        Step::Sync(path("spool/new")),
        Step::Said(b"250 Message a queued\r\n".to_vec()),
    ]);
    steps
}

fn judged(steps: &[Step]) -> Result<(), String> {
    let page = Page::new(&["1"], "Disk full");
    let pledges = [Pledge { reply: 2, page }];
    holds(Disk::with(&[]), steps, &pledges).map(drop)
}

#[test]
fn a_good_session_is_acquitted() {
    assert_eq!(judged(&good()), Ok(()));
    // Of a page that was not answered 250, nothing has to be there.
    let mut failed = good();
    failed.truncate(failed.len() - 3);
    failed.push(Step::Unlink("spool/tmp/a".to_owned()));
    failed.push(Step::Said(b"554 Message Failed\r\n".to_vec()));
    assert_eq!(judged(&failed), Ok(()));
}

#[test]
fn whatever_sync_is_left_out_it_is_noticed() {
    let steps = good();
    let mut left_out = 0;
    for (at, step) in steps.iter().enumerate() {
        let Step::Sync(path) = step else { continue };
        // What is made in it later, and synced, takes the first one's place.
        if path == "spool" && steps[at + 1..].contains(step) {
            continue;
        }
        let mut steps = steps.clone();
        steps.remove(at);
        let wrong = judged(&steps).expect_err(path);
        let torn = path == "spool/tmp/a";
        assert_eq!(wrong.contains("Torn"), torn, "{path}: {wrong}");
        assert_eq!(wrong.contains("perhaps lost"), !torn, "{path}: {wrong}");
        left_out += 1;
    }
    assert_eq!(left_out, 4);
}

#[test]
fn a_250_that_comes_too_early_is_noticed() {
    let steps = good();
    for at in 7..steps.len() - 1 {
        let mut steps = steps.clone();
        let said = steps.pop().unwrap();
        steps.insert(at, said);
        let wrong = judged(&steps).expect_err("too early");
        assert!(wrong.contains("perhaps lost"), "{at}: {wrong}");
    }
    // The digits are enough.
    let mut steps = steps;
    steps.pop();
    steps.insert(7, Step::Said(b"250".to_vec()));
    assert!(judged(&steps).is_err());
}

#[test]
fn a_file_in_the_making_is_noticed() {
    let steps = good();
    let at = |wanted: &Step| steps.iter().position(|step| step == wanted).unwrap();
    let write = at(&Step::Write("spool/tmp/a".to_owned(), b"full\n".to_vec()));
    // The rest is written when the file has its name already.
    let mut late = steps.clone();
    late.remove(write);
    late.insert(
        steps.len() - 3,
        Step::Write("spool/new/a".to_owned(), b"full\n".to_vec()),
    );
    assert!(judged(&late).is_err());
    // Synced, renamed, and never finished.
    let mut half = steps.clone();
    half.remove(write);
    let wrong = judged(&half).expect_err("half a page");
    assert!(wrong.contains("no end"), "{wrong}");
    // Another page than the client's.
    let mut other = steps.clone();
    other[write] = Step::Write("spool/tmp/a".to_owned(), b"empty\n".to_vec());
    let wrong = judged(&other).expect_err("another page");
    assert!(wrong.contains("nobody sent"), "{wrong}");
    // The same page twice.
    let path = || "spool/new/b".to_owned();
    let mut twice = steps;
    let again = b"To: 1\nId: b\n\nDisk full\n".to_vec();
    let again = [
        Step::Create(path()),
        Step::Write(path(), again),
        Step::Sync(path()),
    ];
    let end = twice.len() - 2;
    twice.splice(end..end, again);
    let mut disk = Disk::with(&[]);
    for step in &twice {
        disk.step(step);
    }
    let page = Page::new(&["1"], "Disk full");
    let wrong = after(&disk, b"", &[Pledge { reply: 2, page }]).expect_err("twice");
    assert!(wrong.contains("twice"), "{wrong}");
}
