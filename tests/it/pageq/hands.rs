//! Many hands at one spool: a pass that takes jobs and puts them back, and
//! commands that hold, release and remove them.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use pagebox::queue::store::Store;
use pagebox::queue::work::{Mark, Millis};

use super::JOB;
use super::queue::{Queue, id};
use crate::support::{applet, eventually};

const JOBS: usize = 20;
const ROUNDS: usize = 60;

#[test]
fn a_pass_and_many_commands_lose_nothing_and_double_nothing() {
    let queue = Queue::quick("pageq-hands");
    for number in 0..JOBS {
        queue.wait(number, JOB, |_| {});
    }
    let done = AtomicBool::new(false);
    let delivered = AtomicUsize::new(0);
    let removed = AtomicUsize::new(0);
    let changed = AtomicUsize::new(0);
    let dir = queue.dir();
    // Takes what is due, marks it as a pass does, and now and then delivers one.
    let pass = || {
        let store = Store::open(&dir).unwrap();
        let mut turns = 0_usize;
        while !done.load(Ordering::Relaxed) {
            for name in store.waiting(Millis::MAX, Millis::MAX).unwrap().due {
                let Some(mut job) = store.activate(&name).unwrap() else {
                    continue;
                };
                assert!(!job.work.parts[0].stopped, "{name} is held");
                assert_eq!(job.work.marks, [Mark::ToDo], "{name} was taken twice");
                store.mark(&mut job, 0, Mark::InFlight, false).unwrap();
                turns += 1;
                if turns % 5000 == 0 {
                    store.mark(&mut job, 0, Mark::Delivered, false).unwrap();
                    store.drop_sent(&job).unwrap();
                    delivered.fetch_add(1, Ordering::Relaxed);
                } else {
                    store.mark(&mut job, 0, Mark::ToDo, false).unwrap();
                    store.put_back(&job).unwrap();
                }
            }
        }
    };
    let hand = |which: usize| {
        for round in 0..ROUNDS {
            let job = id((round * 5 + which) % JOBS);
            let word = ["hold", "release", "retry"][(round + which) % 3];
            let word = if round % 20 == 9 { "remove" } else { word };
            // Tried again, as who is told 75 would.
            let mut tries = (0..20).map(|_| queue.pageq(&[word, &job]).run());
            let Some(output) = tries.find(|output| output.status != 75) else {
                continue;
            };
            match output.status {
                0 if word == "remove" => drop(removed.fetch_add(1, Ordering::Relaxed)),
                0 => drop(changed.fetch_add(1, Ordering::Relaxed)),
                // It is gone, or was not held.
                65 => {}
                _ => panic!("{word} {job}: {} {}", output.status, output.stderr),
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(pass);
        let hands: Vec<_> = (0..3)
            .map(|which| scope.spawn(move || hand(which)))
            .collect();
        for hand in hands {
            // However it ends, the pass must.
            let ended = hand.join();
            done.store(ended.is_err(), Ordering::Relaxed);
            assert!(ended.is_ok());
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(
        queue.names("active").is_empty(),
        "{:?}",
        queue.names("active")
    );
    let left = queue.works("wait");
    let ids: BTreeSet<&str> = left.iter().map(|work| &*work.id).collect();
    assert_eq!(ids.len(), left.len(), "one has two names");
    assert!(left.iter().all(|work| work.marks == [Mark::ToDo]));
    let (delivered, removed) = (delivered.into_inner(), removed.into_inner());
    assert_eq!(left.len() + delivered + removed, JOBS);
    assert_eq!(queue.receipts().len(), removed);
    let changed = changed.into_inner();
    assert!(changed > ROUNDS / 3 && removed > 0, "{changed} {removed}");
}

#[test]
fn what_one_that_was_killed_has_left_is_put_back_by_whoever_comes() {
    for by_hand in [false, true] {
        let queue = Queue::new("pageq-left");
        let name = queue.wait(1, JOB, |_| {}).to_string();
        let failed = queue.fail(2, JOB, Mark::Failed, true);
        queue.submit("x y", JOB);
        let spoilt = queue.wait(3, JOB, |_| {}).to_string();
        fs::write(queue.dir().join("wait").join(&spoilt), "?").unwrap();
        for (from, to) in [
            (format!("wait/{name}"), format!("wait-{}", id(1))),
            (format!("wait/{spoilt}"), format!("wait-{}", id(3))),
            (format!("failed/{failed}"), format!("failed-{failed}")),
            ("new/x y".to_owned(), "new-x y".to_owned()),
        ] {
            let to = format!("active/.pageq-{to}");
            fs::rename(queue.dir().join(from), queue.dir().join(to)).unwrap();
        }
        // It is out of nobody's sight meanwhile.
        let rows = queue.json(&["--failed", "--sent"]);
        let mut seen: Vec<String> = rows
            .iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["id"].as_str().unwrap(),
                    row["state"].as_str().unwrap()
                )
            })
            .collect();
        seen.sort();
        let expected = [
            format!("{} wait", id(1)),
            format!("{} failed", id(2)),
            format!("{} wait", id(3)),
            "x y new".to_owned(),
        ];
        assert_eq!(seen, expected);
        if by_hand {
            queue.pageq(&["hold", "none"]).run().expect_status(65);
        } else {
            queue.store.waiting(0, 0).unwrap();
        }
        assert!(queue.names("active").is_empty());
        assert_eq!(queue.names("wait"), [name]);
        assert_eq!(queue.names("new"), ["x y"]);
        assert_eq!(queue.names("failed"), [failed, format!("{}~untold", id(3))]);
    }
}

#[test]
fn nobody_puts_back_what_a_command_has_in_its_hands() {
    let queue = Queue::new("pageq-in-hands");
    queue.wait(1, JOB, |_| {});
    let changes = queue.store.begin_changes().unwrap().unwrap();
    let entry = queue.store.find("17").unwrap().pop().unwrap();
    let taken = queue.store.take_aside(&changes, &entry).unwrap().unwrap();
    assert!(
        queue
            .store
            .waiting(Millis::MAX, Millis::MAX)
            .unwrap()
            .due
            .is_empty()
    );
    let busy = queue.pageq(&["remove", "17"]).run();
    busy.expect_complaint(75, "", "another program has it now: try again");
    assert!(queue.store.take_aside(&changes, &entry).unwrap().is_none());
    queue.store.give_back(&taken).unwrap();
    drop(changes);
    queue.pageq(&["remove", "17"]).run().expect(0, "", "");
}

#[test]
fn a_deliverer_that_watches_does_at_once_what_it_is_told() {
    let queue = Queue::new("pageq-watch");
    let pages = queue.scratch.join("pages");
    let config = format!(
        "[pager.oncall]\nroute = \"r\"\n[route.r]\ntype = \"exec\"\ncommand = [\"sh\", \"-c\", \"cat >>{}\"]\n",
        pages.display()
    );
    let config = queue.scratch.file("pagebox.toml", config);
    let far = "To: oncall; hold=2999-01-01T00:00:00Z\n\n";
    let stopped = queue.wait(1, &format!("{far}stopped\n"), |_| {});
    queue.wait(2, &format!("{far}let go\n"), |_| {});
    queue.wait(3, &format!("{far}removed\n"), |_| {});
    queue.wait(4, &format!("{far}hurried\n"), |_| {});
    queue
        .pageq(&["hold", &id(1), &id(2)])
        .run()
        .expect(0, "", "");
    let mut deliver = applet("page-deliver")
        .args(["--watch", "--spool"])
        .arg(queue.dir())
        .arg("--config")
        .arg(config)
        .spawn();
    queue.submit(&id(5), "To: oncall\n\nfirst\n");
    let said = || fs::read_to_string(&pages).unwrap_or_default();
    eventually("it delivers", || said() == "first");
    for (word, number, all) in [
        ("release", 2, "firstlet go"),
        ("remove", 3, "firstlet go"),
        ("retry", 4, "firstlet gohurried"),
    ] {
        queue.pageq(&[word, &id(number)]).run().expect(0, "", "");
        eventually(word, || said() == all);
    }
    eventually("nothing else is left", || queue.names("wait").len() == 1);
    assert_eq!(queue.works("wait")[0].id, stopped.id);
    deliver.signal(rustix::process::Signal::TERM);
    deliver.wait().expect_status(143);
}
