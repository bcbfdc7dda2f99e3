//! What each command makes of a job, and where it cannot be done.

use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use pagebox::queue::store::name::{Name, Why};
use pagebox::queue::work::{Mark, Millis, millis};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use super::JOB;
use super::queue::{HOUR, MINUTE, Queue, ago, id, plan};
use crate::durability::strace_may_trace;
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Scratch, Tmpfs, applet, kit::link};

/// Two hours ahead, in whole seconds, as a job file would have it.
fn later() -> Millis {
    millis(SystemTime::now() + 2 * HOUR) / 1000 * 1000
}

fn is_now(at: Millis) -> bool {
    at <= millis(SystemTime::now()) && at > ago(MINUTE)
}

fn only_name(queue: &Queue) -> Name {
    let names = queue.names("wait");
    assert_eq!(names.len(), 1, "{names:?}");
    Name::read(&names[0]).unwrap()
}

#[test]
fn what_is_held_is_not_due_before_it_is_released() {
    let queue = Queue::new("pageq-hold");
    let due = later();
    let before = queue.wait(1, JOB, |work| {
        plan(work, "alice", "modem");
        work.parts[0].due = due;
        work.parts[0].tries = 2;
    });
    for _ in 0..2 {
        queue.pageq(&["hold", "17"]).run().expect(0, "", "");
        let name = only_name(&queue);
        assert_eq!(
            (name.why, name.due, &name.route),
            (Why::Stopped, due, &before.route)
        );
        let work = queue.works("wait").pop().unwrap();
        assert!(work.parts[0].stopped && work.parts[0].due == due);
    }
    let waiting = queue.store.waiting(Millis::MAX, Millis::MAX).unwrap();
    assert!(waiting.due.is_empty() && waiting.next.is_none());
    queue.pageq(&["release", &id(1)]).run().expect(0, "", "");
    let name = only_name(&queue);
    assert!(name.why == Why::Retry && is_now(name.due), "{name}");
    assert_eq!(queue.works("wait")[0].parts[0].tries, 2);
    let again = queue.pageq(&["release", &id(1)]).run();
    again.expect_complaint(65, "", "is not held; `pageq retry` makes it due now");
    assert_eq!(only_name(&queue), name);
}

#[test]
fn a_waiting_job_is_tried_now_and_one_that_has_failed_begins_anew() {
    let queue = Queue::new("pageq-retry");
    queue.wait(1, JOB, |work| {
        work.parts[0].due = later();
        work.parts[0].tries = 2;
        work.parts[0].stopped = true;
    });
    queue.pageq(&["retry", "17"]).run().expect(0, "", "");
    let name = only_name(&queue);
    assert!(is_now(name.due) && name.why == Why::Retry);
    assert_eq!(queue.works("wait")[0].parts[0].tries, 2);
    queue.pageq(&["remove", "17"]).run().expect(0, "", "");

    for (number, mark, untold) in [
        (2, Mark::Failed, false),
        (3, Mark::Failed, true),
        (4, Mark::Unknown, false),
    ] {
        queue.fail(number, JOB, mark, untold);
        queue.pageq(&["retry", &id(number)]).run().expect(0, "", "");
        let work = queue.works("wait").pop().unwrap();
        let part = &work.parts[0];
        assert_eq!(
            (&*work.id, work.marks[0], part.tries),
            (&*id(number), Mark::ToDo, 0)
        );
        assert_eq!(part.duplicate_possible, mark == Mark::Unknown);
        assert!(is_now(part.due) && part.story.len() == 2);
        assert!(queue.names("failed").is_empty() && queue.names("active").is_empty());
        queue
            .pageq(&["remove", &id(number)])
            .run()
            .expect(0, "", "");
    }
}

#[test]
fn what_was_delivered_is_not_delivered_again() {
    let queue = Queue::new("pageq-delivered");
    let name = queue.wait(1, "To: a\nTo: b\nTo: c\n\nx\n", |_| {});
    let mut job = queue.active(&name);
    for (at, mark) in [Mark::Delivered, Mark::Failed, Mark::Unknown]
        .into_iter()
        .enumerate()
    {
        queue.store.mark(&mut job, at, mark, true).unwrap();
    }
    queue.store.fail(&job, false).unwrap();
    queue.pageq(&["retry", "17"]).run().expect(0, "", "");
    let work = queue.works("wait").pop().unwrap();
    assert_eq!(work.marks, [Mark::Delivered, Mark::ToDo, Mark::ToDo]);
    let twice: Vec<bool> = work
        .parts
        .iter()
        .map(|part| part.duplicate_possible)
        .collect();
    assert_eq!(twice, [false, false, true]);
}

#[test]
fn one_of_unknown_fate_that_is_let_go_may_be_out_twice() {
    for word in ["release", "retry"] {
        let queue = Queue::new("pageq-unknown");
        queue.wait(1, JOB, |work| {
            work.marks[0] = Mark::Unknown;
            work.parts[0].stopped = true;
        });
        assert_eq!(queue.json(&[])[0]["state"], "held");
        queue.pageq(&[word, "17"]).run().expect(0, "", "");
        let work = queue.works("wait").pop().unwrap();
        assert!(work.marks[0] == Mark::ToDo && work.parts[0].duplicate_possible);
    }
}

#[test]
fn an_expired_job_that_somebody_wants_has_no_end_any_more() {
    let queue = Queue::new("pageq-expired");
    queue.wait(1, JOB, |work| work.expires = Some(ago(HOUR)));
    let name = only_name(&queue);
    let mut job = queue.active(&name);
    queue.store.mark(&mut job, 0, Mark::Failed, true).unwrap();
    queue.store.fail(&job, false).unwrap();
    let retry = queue.pageq(&["retry", "17"]).run();
    retry.expect_complaint(0, "", "and is sent all the same");
    assert_eq!(queue.works("wait")[0].expires, None);
}

#[test]
fn a_directory_goes_with_its_job_once_it_is_empty() {
    let queue = Queue::new("pageq-directory");
    queue.fail(1, JOB, Mark::Failed, true);
    let beside = queue.dir().join(format!("failed/{}~file", id(1)));
    fs::create_dir_all(beside.join("full")).unwrap();
    let remove = || queue.pageq(&["remove", "17"]).run();
    let told = format!(
        "{0}: not removed: failed/{0}~file: Directory not empty",
        id(1)
    );
    remove().expect_complaint(74, "", &told);
    let left = [format!("{}~file", id(1)), format!("{}~untold", id(1))];
    assert_eq!(queue.names("failed"), left);
    assert!(queue.receipts().is_empty() && beside.join("full").is_dir());
    fs::remove_dir(beside.join("full")).unwrap();
    remove().expect(0, "", "");
    assert_eq!(queue.names("failed"), [""; 0]);
    assert_eq!(queue.receipts().len(), 1);
}

#[test]
fn what_is_removed_is_gone_and_leaves_a_receipt() {
    let queue = Queue::new("pageq-remove");
    queue.submit(&id(1), JOB);
    queue.submit("by hand", "To oncall\n");
    queue.wait(2, JOB, |_| {});
    queue.fail(3, JOB, Mark::Failed, true);
    queue
        .scratch
        .file(&format!("spool/failed/{}~file", id(3)), "x");
    let spoilt = queue.wait(4, JOB, |_| {}).to_string();
    fs::write(queue.dir().join("wait").join(&spoilt), "").unwrap();
    let ids = [id(1), "by hand".to_owned(), id(2), id(3), id(4)];
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    queue
        .pageq(&[&["remove"], &*words].concat())
        .run()
        .expect(0, "", "");
    for dir in ["new", "active", "wait", "failed"] {
        assert!(queue.names(dir).is_empty(), "{dir}: {:?}", queue.names(dir));
    }
    let told: Vec<String> = queue
        .receipts()
        .iter()
        .map(|receipt| {
            let part = &receipt.parts[0];
            format!(
                "{} {} {} {}",
                receipt.id, part.to, part.mark, part.last.outcome
            )
        })
        .collect();
    let expected = [
        format!("{} oncall R removed", id(1)),
        "by hand  R removed".to_owned(),
        format!("{} oncall R removed", id(2)),
        format!("{} oncall R removed", id(3)),
        format!("{}  R removed", id(4)),
    ];
    assert_eq!(told, expected);
    let rows = queue.json(&["--sent"]);
    assert!(rows.iter().all(|row| row["state"] == "removed"));
    assert_eq!(rows[1]["response"], "refused Unknown\u{1b}[2J pager");
    assert!(queue.names("sent").len() == 1);
    let file = fs::read_to_string(queue.dir().join("sent").join(&queue.names("sent")[0]));
    assert!(!file.unwrap().contains("Disk full"));
}

#[test]
fn what_cannot_be_done_changes_nothing_and_says_why() {
    let queue = Queue::new("pageq-cannot");
    queue.deliver(1, JOB, SystemTime::now());
    queue.fail(2, JOB, Mark::Failed, false);
    let name = queue.wait(3, JOB, |_| {});
    queue.active(&name);
    queue.submit(&id(4), JOB);
    let spoilt = queue.wait(5, JOB, |_| {}).to_string();
    fs::write(queue.dir().join("wait").join(&spoilt), "?").unwrap();
    fs::write(
        queue.dir().join("active").join(format!(".in-{}", id(6))),
        JOB,
    )
    .unwrap();
    let dirs = ["new", "wait", "active", "failed", "sent"];
    let before = dirs.map(|dir| queue.names(dir));
    for (words, number, status, why) in [
        (
            &["hold", "release", "retry", "remove"][..],
            1,
            65,
            "is done since 20",
        ),
        (
            &["hold", "release"],
            2,
            65,
            "has failed: retry or remove it",
        ),
        (
            &["hold", "release", "retry", "remove"],
            3,
            75,
            "is being delivered now",
        ),
        (
            &["hold", "release", "retry"],
            4,
            75,
            "no page-deliver(8) has taken it yet",
        ),
        (
            &["hold", "release", "retry"],
            5,
            65,
            "the file is spoilt: remove it",
        ),
        (&["remove"], 6, 75, "another program has it now"),
        (
            &["hold", "release", "retry", "remove"],
            7,
            65,
            "no such job",
        ),
    ] {
        for word in words {
            let output = queue.pageq(&[word, &id(number)]).run();
            output.expect_complaint(status, "", why);
        }
    }
    // The first that could not be done gives the status, and the others are done.
    let output = queue.pageq(&["remove", &id(7), &id(3), &id(4)]).run();
    output.expect_complaint(65, "", "is being delivered now");
    queue.submit(&id(4), JOB);
    queue
        .pageq(&["hold", "1787457"])
        .run()
        .expect_complaint(65, "", "several jobs begin so");
    let mut after = dirs.map(|dir| queue.names(dir));
    after[4].clone_from(&before[4]);
    assert_eq!(after, before);
    assert_eq!(queue.names("wait"), [spoilt]);
}

#[test]
fn a_pass_that_watches_the_spool_is_told() {
    let queue = Queue::new("pageq-poke");
    queue.wait(1, JOB, |_| {});
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK);
    let watch = watch.unwrap();
    inotify::add_watch(
        &watch,
        queue.dir().join("wait"),
        inotify::WatchFlags::ATTRIB,
    )
    .unwrap();
    let is_told = || {
        let mut ready = [PollFd::from_borrowed_fd(watch.as_fd(), PollFlags::IN)];
        let limit = Timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        assert_eq!(poll(&mut ready, Some(&limit)), Ok(1));
        while rustix::io::read(&watch, &mut [0_u8; 4096]).is_ok() {}
    };
    for word in ["hold", "release", "retry"] {
        queue.pageq(&[word, "17"]).run().expect(0, "", "");
        is_told();
    }
}

#[test]
fn what_root_changes_stays_its_owners() {
    skip_unless!("root", "chown");
    let queue = Queue::new("pageq-root");
    let name = queue.wait(1, JOB, |_| {});
    queue.submit(&id(2), JOB);
    let tags = queue.dir().join("tags");
    let chown = Cmd::new("chown")
        .args(["-R", "65533:65532"])
        .arg(queue.dir());
    chown.run().expect(0, "", "");
    // As this program is not to be found below a directory of root's alone.
    queue.pageq(&["hold", &id(1)]).run().expect(0, "", "");
    queue.pageq(&["remove", &id(2)]).run().expect(0, "", "");
    assert_ne!(only_name(&queue), name);
    let owner = |path: &Path| {
        (
            fs::metadata(path).unwrap().uid(),
            fs::metadata(path).unwrap().gid(),
        )
    };
    assert_eq!(owner(&tags), (65533, 65532));
    for dir in ["wait", "sent"] {
        let file = queue.dir().join(dir).join(&queue.names(dir)[0]);
        assert_eq!(owner(&file), (65533, 65532), "{dir}");
    }
}

#[test]
fn a_full_disk_leaves_each_job_as_it_was_and_lets_it_be_removed() {
    skip_unless!("root", "mount");
    let scratch: Scratch = crate::support::scratch("pageq-full");
    let disk = scratch.join("spool");
    let Some(full) = Tmpfs::on(&disk) else {
        return;
    };
    let store = pagebox::queue::store::Store::open(&disk).unwrap();
    let queue = Queue { scratch, store };
    let long = format!("To: oncall\n\n{}\n", "x".repeat(12_000));
    queue.wait(1, &long, |_| {});
    queue.fail(2, &long, Mark::Failed, false);
    let before = ["wait", "failed", "active"].map(|dir| queue.names(dir));
    let filler = full.fill();
    for words in [["hold", &id(1)], ["retry", &id(1)], ["retry", &id(2)]] {
        let output = queue.pageq(&words).run();
        output.expect_complaint(74, "", "not changed: No space left on device");
        let after = ["wait", "failed", "active"].map(|dir| queue.names(dir));
        assert_eq!(after, before);
        assert!(queue.works("wait").len() + queue.works("failed").len() == 2);
    }
    // What is in the way may go, and its receipt has room then.
    queue.pageq(&["remove", &id(2)]).run().expect(0, "", "");
    assert!(queue.names("failed").is_empty());
    assert_eq!(queue.receipts().len(), 1);
    fs::remove_file(filler).unwrap();
    queue.pageq(&["hold", &id(1)]).run().expect(0, "", "");
}

#[test]
fn a_command_that_is_killed_at_any_call_loses_nothing_and_doubles_nothing() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    for (word, has_failed) in [
        ("hold", false),
        ("retry", false),
        ("retry", true),
        ("remove", true),
    ] {
        let mut kills = 0;
        for at in 1.. {
            let queue = Queue::quick("pageq-kill");
            if has_failed {
                queue.fail(1, JOB, Mark::Failed, false);
            } else {
                queue.wait(1, JOB, |_| {});
            }
            let calls = "renameat,renameat2,unlinkat,fsync,write,pwrite64,openat,flock,utimensat";
            let inject = format!("inject={calls}:signal=KILL:when={at}");
            let output = Cmd::new("strace")
                .args([
                    "-f",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={calls}"),
                    "-e",
                    &inject,
                ])
                .arg(link("pageq"))
                .args([word, "17", "--spool"])
                .arg(queue.dir())
                .limit(Duration::from_secs(60))
                .run();
            let is_done = output.status == 0;
            assert!(is_done || output.status == 137, "{}", output.stderr);
            kills += usize::from(!is_done);
            // What the next pass does before anything else.
            let waiting = queue.store.waiting(Millis::MAX, Millis::MAX).unwrap();
            queue.store.tidy().unwrap();
            assert_eq!(queue.names("active"), [""; 0], "{word} {at}");
            let (wait, failed) = (queue.works("wait"), queue.works("failed"));
            let place = format!("{word}, killed at call {at}");
            match (wait.len() + failed.len(), queue.receipts().len()) {
                (1, _) => {}
                // It is gone, and its receipt is not.
                (0, 1) => assert_eq!(word, "remove", "{place}"),
                other => panic!("{place}: {other:?}"),
            }
            // Either as it was, or as it was to be.
            for work in &wait {
                let stopped = work.parts[0].stopped;
                assert_eq!(waiting.due.is_empty(), stopped, "{place}");
                assert!(
                    work.is_pending() && !(stopped && word == "retry"),
                    "{place}"
                );
            }
            assert!(failed.iter().all(|work| !work.is_pending()), "{place}");
            // And the same command can be given again.
            if !is_done && word != "remove" {
                applet("pageq")
                    .args([word, "17", "--spool"])
                    .arg(queue.dir())
                    .run()
                    .expect(0, "", "");
                assert_eq!(queue.works("wait").len(), 1, "{place}");
            }
            if is_done {
                break;
            }
        }
        assert!(kills > 20, "{word}: {kills}");
    }
}
