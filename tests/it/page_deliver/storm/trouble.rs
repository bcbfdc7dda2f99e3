//! Storms on bad days: kills, power cuts, full disks, routes that do not take a digest.

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use jiff::{Timestamp, ToSpan as _};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::process::Signal;
use serde_json::Value;

use super::super::crash::eventually_all_is_said;
use super::super::site::Site;
use super::super::station::{Station, shell, taking};
use super::{count, job, let_go};
use crate::support::peers::skip_unless;
use crate::support::{Dice, Running, Tmpfs, eventually};

const KILLS: usize = 70;

/// Writes down what it was given.
const LOG: &str = r#"
[pager.ann]
RATE
[route.default]
type = "exec"
command = ["sh", "-c", 't=$(cat); echo "$t" >>"$0/log"', "DIR"]
max-length = 5000
[route.other]
type = "xtell"
"#;

/// The texts that a page stands for.
fn texts(page: &str) -> Vec<String> {
    let listed = page.split_once(" more: ");
    let texts: Vec<String> = match listed {
        Some((_, texts)) => texts.split(", ").map(str::to_owned).collect(),
        None => vec![page.to_owned()],
    };
    assert_eq!(texts.len(), count(&format!("ann: {page}")), "{page}");
    texts
}

/// Tells of every step of a pass in `active/`.
fn steps(site: &Site) -> OwnedFd {
    let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
    let steps = WatchFlags::MOVED_TO | WatchFlags::MODIFY | WatchFlags::CREATE;
    let active = site.spool().join("active");
    inotify::add_watch(&fd, active, steps | WatchFlags::MOVED_FROM).unwrap();
    fd
}

/// Kills a pass at that step; `false`: it had ended before.
fn kill_at(pass: &mut Running, steps: &OwnedFd, step: usize) -> bool {
    let mut room = [MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(steps, &mut room);
    let mut seen = 0;
    while !pass.has_ended() {
        while events.next().is_ok() {
            seen += 1;
            if seen >= step {
                pass.kill();
                return true;
            }
        }
        let mut fds = [PollFd::new(steps, PollFlags::IN)];
        let glance = Timespec {
            tv_sec: 0,
            tv_nsec: 5_000_000,
        };
        poll(&mut fds, Some(&glance)).unwrap();
    }
    false
}

#[test]
fn kills_at_any_step_leave_each_text_in_one_page() {
    let mut dice = Dice::new(77);
    let site = Site::new("storm-kill", &LOG.replace("RATE", "rate = '2/100ms'"));
    site.deliver(&[]).run().expect_status(0);
    let (mut jobs, mut kills) = (0, 0);
    while kills < KILLS {
        for _ in 0..=dice.below(6) {
            let name = format!("1700000000-{jobs:09}-1-0-aaaa");
            site.job(&name, format!("To: ann\n\nj{jobs}\n"));
            jobs += 1;
        }
        let steps = steps(&site);
        let mut pass = site.deliver(&[]).spawn();
        // Some come to their end, or a digest would never be sent.
        let last = *dice.one(&[&40, &120, &1000]);
        let step = 1 + dice.below(last);
        kills += usize::from(kill_at(&mut pass, &steps, step));
    }
    let mut last = site.watch();
    eventually_all_is_said(&site, &|| last.stderr());
    last.signal(Signal::TERM);
    last.wait().expect_status(143);
    let mut pages = site.lines("log");
    let digests = pages.iter().filter(|page| page.starts_with('+')).count();
    assert!(digests > 0 && digests < pages.len(), "{pages:?}");
    // What was killed on its way may be out or not.
    for name in site.names("wait") {
        let file = site.dir.read(&format!("spool/wait/{name}"));
        let (marks, work) = file.split_once('\n').unwrap();
        assert_eq!(marks, "U", "{file}");
        let work: Value = serde_json::from_str(work).unwrap();
        let text = work["message"].as_str().unwrap().to_owned();
        if !pages.contains(&text) {
            pages.push(text);
        }
    }
    assert_eq!(site.names("failed"), [""; 0]);
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for text in pages.iter().flat_map(|page| texts(page)) {
        *told.entry(text).or_default() += 1;
    }
    for number in 0..jobs {
        let times = told.remove(&format!("j{number}"));
        assert_eq!(times, Some(1), "j{number}: {}", site.dir.display());
    }
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn whoever_is_killed_has_told_what_is_in_a_digest() {
    let site = Site::new("storm-mute", &LOG.replace("RATE", "rate = '1/1h'"));
    let first = "1600000000-000000000-1-0-aaaa";
    site.job(first, "To: ann\n\nfirst\n");
    site.deliver(&[]).run().expect_status(0);
    let mut jobs = 0;
    for step in (1..).step_by(9) {
        for _ in 0..40 {
            let name = format!("1700000000-{jobs:09}-1-0-aaaa");
            site.job(&name, format!("To: ann\n\nj{jobs}\n"));
            jobs += 1;
        }
        let steps = steps(&site);
        let mut pass = site.deliver(&[]).spawn();
        let was_killed = kill_at(&mut pass, &steps, step);
        site.deliver(&[]).run().expect_status(0);
        let fates = site.fates();
        let mut gathered = 0;
        for ((_, id, _), fate) in fates.iter().filter(|(_, fate)| fate.place == "sent") {
            let outcome = if id == first { "sent" } else { "gathered" };
            assert_eq!(fate.story, [outcome], "{id}, killed at step {step}");
            gathered += usize::from(id != first);
        }
        assert_eq!(gathered, jobs);
        if !was_killed {
            assert!(step > 100, "{step}");
            return;
        }
    }
}

#[test]
fn what_a_digest_holds_of_a_job_is_for_its_pager_alone() {
    let short = taking("default") + "max-length = 12\n[pager.bob]\n";
    let names = "[pager.ann]\nroute = 'long'\nrate = '1/1day'\n";
    let site = Station::new("storm-others", &(short + &taking("long") + names));
    job(&site, 0, "To: ann\n\none\n");
    site.pass();
    // Its own parts come in front of that which is in the digest.
    let hold = Timestamp::now() + 1.second();
    job(
        &site,
        1,
        &format!("To: bob; hold={hold}\nTo: ann\n\none two three four\n"),
    );
    site.pass();
    assert_eq!(
        site.list(&[], &["outcome"]),
        ["ann gathered", "ann gathered", "bob null"]
    );
    eventually("bob has his", || {
        site.pass();
        site.list(&[], &["outcome"]) == ["ann gathered"]
    });
    assert_eq!(
        site.out(),
        "ann: one\nbob: (1/4) one\nbob: (2/4) two\nbob: (3/4) three\nbob: (4/4) four\n"
    );
}

#[test]
fn what_a_digest_holds_is_not_sent_though_its_mark_was_lost() {
    let id = "1700000000-000000001-1-0-aaaa";
    let file = format!(
        "{{\"id\":\"{id}\",\"received\":1,\"message\":\"two\",\"parts\":[{{\"to\":\"ann\",\
         \"plan\":{{\"pager\":\"ann\",\"id\":\"ann\",\"route\":\"default\",\"made\":\"default\",\
         \"begun\":9999999999999,\"part\":[1,1]}}}}]}}\n"
    );
    // Where a crash leaves it, with its mark or without, and where a power cut may.
    let waits = "wait/0000000000001~r~00~ID~00~default";
    for (place, mark) in [("active/ID", "N"), ("active/ID", "D"), (waits, "N")] {
        let config = taking("default") + "[pager.ann]\n";
        let site = Station::new("storm-cut", &format!("{config}rate = '1/1day'\n"));
        job(&site, 0, "To: ann\n\none\n");
        site.pass();
        job(&site, 1, "To: ann\n\ntwo\n");
        site.pass();
        assert_eq!(site.row(&[])["response"], "1 page so far");
        let sent = site.spool().join("sent");
        for day in fs::read_dir(&sent).unwrap() {
            fs::remove_file(day.unwrap().path()).unwrap();
        }
        let digest = site.row(&[])["id"].as_str().unwrap().to_owned();
        let left = site.spool().join(place.replace("ID", id));
        fs::write(left, format!("{mark}\n{file}")).unwrap();
        job(&site, 2, "To: ann\n\nthree\n");
        site.pass();
        assert_eq!(site.row(&[])["response"], "2 pages so far", "{place}");
        let gathered = format!("ann gathered in the digest {digest}");
        assert_eq!(
            site.list(&["--sent"], &["outcome", "response"]),
            [&*gathered; 2]
        );
        let_go(&site, &config);
        assert_eq!(
            site.out(),
            "ann: one\nann: +2 more: two, three\n",
            "{place}"
        );
        site.is_empty();
    }
}

#[test]
fn rates_that_cannot_be_read_begin_anew() {
    let names = "[pager.ann]\nrate = '1/1day'\n";
    let site = Station::new("storm-spoilt", &(taking("default") + names));
    for (number, spoilt) in ["", "no json", "[1]"].iter().enumerate() {
        if number > 0 {
            site.scratch.file("spool/active/.rates", spoilt);
        }
        job(&site, number, "To: ann\n\nHi\n");
        let run = site.run("page-deliver").run();
        run.expect_status(0);
        let warned = run.stderr.contains("active/.rates: ");
        assert_eq!(warned, number > 0, "{}", run.stderr);
        assert_eq!(site.out(), "ann: Hi\n".repeat(number + 1));
    }
    // And nothing is written where there is no rate.
    fs::remove_file(site.spool().join("active/.rates")).unwrap();
    site.configure(&taking("default"));
    job(&site, 9, "To: ann\n\nHi\n");
    site.pass();
    assert!(!site.spool().join("active/.rates").exists());
}

#[test]
fn a_page_that_did_not_go_gives_its_token_back() {
    let names = "[pager.ann]\nrate = '1/1day'\n";
    let script = r#"echo >>"$0/tries"; test -e "$0/up" || exit 75; echo "$(cat)" >>"$0/out""#;
    let config = shell("default", script) + "retry-delay = '20ms'\nretry = 100000\n" + names;
    let site = Station::new("storm-back", &config);
    job(&site, 0, "To: ann\n\none\n");
    let _watch = site.watch();
    eventually("it is tried again", || {
        site.scratch.read("tries").lines().count() > 3
    });
    site.scratch.file("up", "");
    eventually("it goes", || site.out() == "one\n");
    job(&site, 1, "To: ann\n\ntwo\n");
    eventually("the next one has none", || {
        site.rows(&[])
            .iter()
            .any(|row| row["outcome"] == "gathered")
    });
}

#[test]
fn a_digest_that_is_refused_has_failed_with_all_that_it_holds() {
    let names = "on-failure = ['sh', '-c', '''echo \"$PAGEBOX_PAGER $PAGEBOX_OUTCOME $(cat)\" >>\"$0/told\"''', '@']\n";
    let script = r#"t=$(cat); case $t in +*) exit 69; esac; echo "$t" >>"$0/out""#;
    let config = names.to_owned() + &shell("default", script) + "[pager.ann]\n";
    let dedup = "To: ann\nDedup: 1h\n\nDisk full\n";
    let site = Station::new("storm-refused", &format!("{config}rate = '1/1day'\n"));
    for number in 0..4 {
        job(&site, number, "To: ann\n\nDisk full\n");
    }
    site.pass();
    // One that is held takes in no more.
    let held = site.row(&[])["id"].as_str().unwrap().to_owned();
    site.pageq(&["hold", &held]);
    job(&site, 4, "To: ann\n\nLunch\n");
    site.pass();
    let mut said = site.list(&[], &["state", "response"]);
    assert_eq!(said.remove(0), "ann held 3 pages so far");
    assert_eq!(said, ["ann wait 1 page so far"]);
    site.pageq(&["release", &held]);
    let_go(&site, &config);
    assert_eq!(site.out(), "Disk full\nLunch\n");
    assert_eq!(site.row(&["--failed"])["id"], *held);
    assert_eq!(
        site.scratch.read("told"),
        "ann refused +3 more: Disk full (3)\n"
    );
    let shown = site.run("pageq").args(["show", &held]).run().stdout;
    assert!(shown.contains("\n    3 Disk full\n"), "{shown}");
    // Whoever was only told so in vain is told again; but not who was told.
    job(&site, 5, dedup);
    site.pass();
    assert_eq!(site.out(), "Disk full\nLunch\n");
    let day = site.scratch.names("spool/sent").concat();
    let kept = site.scratch.read(&format!("spool/sent/{day}"));
    let kept: Vec<&str> = kept
        .lines()
        .filter(|line| line.contains("gathered"))
        .collect();
    site.scratch
        .file(&format!("spool/sent/{day}"), kept.join("\n") + "\n");
    job(&site, 6, dedup);
    site.pass();
    assert_eq!(site.out(), "Disk full\nLunch\nDisk full\n");
}

#[test]
fn a_page_that_finds_no_room_in_a_digest_stays_where_it_is() {
    skip_unless!("root");
    let site = Site::new("storm-full", &LOG.replace("RATE", "rate = '1/1day'"));
    fs::remove_dir_all(site.spool()).unwrap();
    let spool = site.spool();
    let Some(disk) = Tmpfs::on(&spool) else {
        return;
    };
    for name in ["spool/tmp", "spool/new"] {
        fs::create_dir(site.dir.join(name)).unwrap();
    }
    for number in 0..3 {
        site.job(
            &format!("1700000000-00000000{number}-1-0-aaaa"),
            format!("To: ann\n\nj{number}\n"),
        );
    }
    // Takes them in, and no more.
    site.deliver(&["--route", "other"]).run().expect_status(0);
    disk.fill();
    let run = site.deliver(&[]).run();
    run.expect_complaint(74, "", "No space left");
    assert_eq!(site.lines("log"), ["j0"]);
    fs::remove_file(spool.join("filler")).unwrap();
    let run = site.deliver(&[]).run();
    run.expect_status(0);
    site.configure(&LOG.replace("RATE", ""));
    let wait = site.names("wait").concat();
    assert!(wait.contains("~g~"), "{wait}");
    let file = site.dir.read(&format!("spool/wait/{wait}"));
    let pages = [site.lines("log"), vec![file]].concat().concat();
    assert!(pages.contains("j1") && pages.contains("j2"), "{pages}");
}
