//! A disk that is full in each state of a job: nothing is lost, nothing goes
//! out twice in silence, and the next pass that finds room goes on.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::site::Site;
use crate::support::peers::skip_unless;
use crate::support::{Tmpfs, applet, eventually};

/// Its program fills the disk, and then ends as the file `verdict` says.
const CONFIG: &str = r#"
[pager.joe]
route = "log"
[pager.ann]
route = "log"
[group.all]
members = ["joe", "ann"]
[route.log]
type = "exec"
command = ["sh", "-c", 't=$(cat); echo "$t" >>"$0/log"; cat /dev/zero >"$0/spool/filler" 2>&-; . "$0/verdict"', "DIR"]
retry-delay = "50ms"
on-unknown = "retry"
"#;

/// The spool alone is small.
fn small(name: &str) -> Site {
    let site = Site::new(name, CONFIG);
    fs::remove_dir_all(site.spool()).unwrap();
    site.dir.file("verdict", "exit 0");
    site
}

fn directories(site: &Site) {
    for name in ["spool/tmp", "spool/new"] {
        fs::create_dir(site.dir.join(name)).unwrap();
    }
    // Makes the others.
    site.deliver(&[]).run().expect_status(0);
}

fn make_room(site: &Site) {
    fs::remove_file(site.spool().join("filler")).unwrap();
}

#[test]
fn a_job_that_finds_no_room_is_taken_when_there_is_some() {
    skip_unless!("root");
    let site = small("deliver-full-claim");
    let spool = site.spool();
    let Some(disk) = Tmpfs::on(&spool) else {
        return;
    };
    directories(&site);
    site.job("one", "To: all\n\none\n");
    site.job("bad", "To: joe\nnot whole");
    disk.fill();
    let run = site.deliver(&[]).run();
    run.expect_complaint(74, "", "No space left");
    assert_eq!(site.lines("log"), [""; 0]);
    make_room(&site);
    site.deliver(&[]).run();
    make_room(&site);
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.lines("log"), ["one", "one"]);
    assert_eq!(site.names("failed").len(), 1);
    assert!(
        site.fates()
            .values()
            .all(|fate| fate.place == "sent" && fate.mark == 'D')
    );
}

#[test]
fn a_verdict_that_finds_no_room_is_no_less_one() {
    skip_unless!("root");
    // How it ends, where it is then, with which mark, and how often it was sent in the end.
    let cases = [
        ("exit 0", "active", 'D', 1),
        ("exit 75", "wait", 'T', 2),
        ("exit 69", "failed", 'F', 1),
        // Once more it would be twice in silence.
        ("kill -9 $$", "wait", 'H', 1),
    ];
    for (verdict, place, mark, times) in cases {
        let site = small("deliver-full-verdict");
        let spool = site.spool();
        let Some(_disk) = Tmpfs::on(&spool) else {
            return;
        };
        directories(&site);
        site.dir.file("verdict", verdict);
        site.job("one", "To: joe\n\none\n");
        let run = site.deliver(&[]).run();
        run.expect_complaint(74, "", "No space left");
        let fates = site.fates();
        let found: Vec<(&str, char)> = fates.values().map(|fate| (fate.place, fate.mark)).collect();
        assert_eq!(found, [(place, mark)], "{verdict}: {}", run.stderr);
        make_room(&site);
        site.dir.file("verdict", "rm $0/spool/filler");
        eventually("it is due again", || {
            site.deliver(&[]).run().expect_status(0);
            site.lines("log").len() == times
        });
        if mark == 'D' || mark == 'T' {
            assert!(
                site.fates().values().all(|fate| fate.place == "sent"),
                "{verdict}"
            );
        }
    }
}

#[test]
fn what_was_unknown_without_room_is_held_and_can_be_let_go() {
    skip_unless!("root");
    for word in ["release", "retry"] {
        let site = small("deliver-full-unknown");
        site.configure(&CONFIG.replace("\"retry\"", "\"hold\""));
        let spool = site.spool();
        let Some(_disk) = Tmpfs::on(&spool) else {
            return;
        };
        directories(&site);
        site.dir.file("verdict", "exit 79");
        site.job("one", "To: joe\n\none\n");
        let run = site.deliver(&[]).run();
        run.expect_complaint(74, "", "No space left");
        make_room(&site);
        site.deliver(&[]).run().expect_status(0);
        let pageq = |words: &[&str]| {
            let run = applet("pageq").args(words).arg("--spool").arg(&spool).run();
            run.expect(0, &run.stdout, "");
            run.stdout
        };
        let row: Value = serde_json::from_str(&pageq(&["--json"])).unwrap();
        assert_eq!((&row["state"], &row["mark"]), (&json!("held"), &json!("U")));
        site.dir.file("verdict", "rm $0/spool/filler");
        pageq(&[word, row["id"].as_str().unwrap()]);
        site.deliver(&[]).run().expect_status(0);
        assert_eq!(site.lines("log"), ["one", "one"]);
        let fates = site.fates();
        let mut sent = fates
            .values()
            .map(|fate| fate.place == "sent" && fate.duplicate_possible);
        assert_eq!((sent.next(), sent.next()), (Some(true), None), "{word}");
    }
}

#[test]
fn a_group_that_finds_no_room_to_be_opened_waits_whole() {
    skip_unless!("root");
    let site = small("deliver-full-plan");
    let spool = site.spool();
    let Some(disk) = Tmpfs::on(&spool) else {
        return;
    };
    directories(&site);
    site.job("one", "To: all; hold=2100-01-01T00:00:00Z\n\none\n");
    site.deliver(&[]).run().expect_status(0);
    // Its time has come.
    let name = site.names("wait").concat();
    let due = name.split('~').next().unwrap();
    let wait = site.spool().join("wait");
    let file = fs::read_to_string(wait.join(&name)).unwrap();
    fs::remove_file(wait.join(&name)).unwrap();
    let second_ago = SystemTime::now() - Duration::from_secs(1);
    let since = second_ago.duration_since(UNIX_EPOCH).unwrap();
    let now = since.as_millis().to_string();
    fs::write(wait.join(name.replace(due, &now)), file.replace(due, &now)).unwrap();
    disk.fill();
    site.deliver(&[])
        .run()
        .expect_complaint(74, "", "No space left");
    assert_eq!(site.lines("log"), [""; 0]);
    // One that stays goes on by itself.
    let mut watch = site.watch();
    watch.wait_for_stderr("No space left");
    site.dir.file("verdict", "rm $0/spool/filler");
    make_room(&site);
    site.wait_for_lines("log", 2);
    // In order: what it leaves behind would hold the disk.
    watch.signal(Signal::TERM);
    watch.wait();
    assert!(site.fates().values().all(|fate| fate.mark == 'D'));
}
