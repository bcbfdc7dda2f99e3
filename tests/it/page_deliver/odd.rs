//! Files in `new/` that are no jobs, or jobs in odd shapes, and clocks that
//! jump: nothing stops a pass, nothing goes without a trace.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::id;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use super::site::Site;
use crate::support::Cmd;
use crate::support::peers::skip_unless;

const CONFIG: &str = r#"
[pager.joe]
route = "log"
[pager.ann]
route = "tries"
[route.log]
type = "exec"
command = ["sh", "-c", 't=$(cat); printf "%.40s\n" "$t" >>"$0/log"', "DIR"]
[route.tries]
type = "exec"
command = ["sh", "-c", 'echo >>"$0/tries"; exit 75', "DIR"]
retry-delay = "10m"
"#;

fn good(site: &Site) {
    site.job("good", "To: joe\n\ngood\n");
}

/// Puts odd files into `new/`. Those that are no job have these reasons.
fn litter(site: &Site, elsewhere: &Path, job: &str) -> Vec<&'static str> {
    let new = site.spool().join("new");
    symlink(elsewhere, new.join("link")).unwrap();
    symlink("nowhere", new.join("dangling")).unwrap();
    fs::hard_link(elsewhere, new.join("hard")).unwrap();
    mknodat(CWD, new.join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    fs::create_dir(new.join("empty-dir")).unwrap();
    fs::create_dir(new.join("full-dir")).unwrap();
    fs::write(new.join("full-dir/job"), job).unwrap();
    drop(UnixListener::bind(new.join("socket")).unwrap());
    let mut reasons = vec![
        "a symbolic link",
        "a symbolic link",
        "other names",
        "a FIFO",
        "a directory",
        "a directory",
        "a socket",
        "bytes are more",
        "bytes are more",
        "not whole",
        "not whole",
        "not whole",
        "not UTF-8",
        "no header",
        // A job, and more than the route takes.
        "the row is longer",
        "no such pager",
    ];
    let device = makedev(1, 5);
    if mknodat(
        CWD,
        new.join("device"),
        FileType::CharacterDevice,
        Mode::RWXU,
        device,
    )
    .is_ok()
    {
        reasons.push("a device");
    }
    let huge = File::create(site.dir.join("spool/tmp/huge")).unwrap();
    huge.set_len(1 << 30).unwrap();
    fs::rename(site.dir.join("spool/tmp/huge"), new.join("huge")).unwrap();
    let filled = |length: usize| {
        let head = "To: joe\n\nfull ";
        format!("{head}{}", "x".repeat(length - head.len()))
    };
    site.job("full", filled(64 * 1024));
    site.job("long", filled(60 * 1024));
    site.job("over", filled(64 * 1024 + 1));
    site.job("empty", "");
    site.job("headers", "To: joe\n");
    site.job("one", "T");
    site.job("binary", b"\0\x01\xff\xfe\n\n\n".as_slice());
    site.job("nobody", "Subject: x\n\nodd\n");
    site.job("stranger", "To: stranger\n\nodd\n");
    // Jobs of odd names.
    let long = "n".repeat(255);
    for name in ["-rf", ".hidden", "a b", "..x", "~", "\u{1b}[31m", &long] {
        site.job(name, job);
    }
    let bytes = OsStr::from_bytes(b"\xff\n\xfe");
    fs::write(site.dir.join("spool/tmp/bytes"), job).unwrap();
    fs::rename(site.dir.join("spool/tmp/bytes"), new.join(bytes)).unwrap();
    reasons
}

#[test]
fn no_file_stops_a_pass_and_none_goes_without_a_trace() {
    let site = Site::new("deliver-odd", CONFIG);
    let job = "To: joe\n\nodd\n";
    let elsewhere = site.dir.file("elsewhere", job);
    let reasons = litter(&site, &elsewhere, job);
    good(&site);

    let run = site.deliver(&[]).run();
    run.expect_status(0);
    assert_eq!(site.dir.names("spool/new"), [""; 0]);
    let told = site.lines("log");
    let count = |word: &str| told.iter().filter(|line| line.starts_with(word)).count();
    assert_eq!(
        (count("good"), count("odd"), count("full")),
        (1, 8, 1),
        "{told:?}"
    );
    let failed = site.names("failed");
    let stories: Vec<String> = failed
        .iter()
        .filter(|name| !name.ends_with("~file"))
        .map(|name| site.dir.read(&format!("spool/failed/{name}")))
        .collect();
    for reason in &reasons {
        let wanted = reasons.iter().filter(|other| *other == reason).count();
        let found = stories
            .iter()
            .filter(|story| story.contains(reason))
            .count();
        assert!(
            found >= wanted,
            "{reason}: {found} of {wanted}: {stories:#?}"
        );
    }
    assert_eq!(stories.len(), reasons.len(), "{stories:#?}");
    // What can be kept is there as it was found.
    let found: Vec<u64> = failed
        .iter()
        .filter(|name| name.ends_with("~file"))
        .map(|name| fs::metadata(site.spool().join("failed").join(name)).unwrap())
        .map(|file| if file.is_dir() { 0 } else { file.len() })
        .collect();
    assert_eq!(found.iter().filter(|length| **length == 1 << 30).count(), 1);
    assert_eq!(
        found.iter().filter(|length| **length == 0).count(),
        2,
        "directories"
    );
    assert!(fs::read_to_string(&elsewhere).unwrap() == job);
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    assert!(site.names("active").is_empty());
    // And never again.
    site.deliver(&[]).run().expect(0, "", "");
}

#[test]
fn a_file_that_cannot_be_read_is_kept_and_named() {
    skip_unless!("root", "setpriv");
    let site = Site::new("deliver-unreadable", &CONFIG.replace("DIR", "/tmp"));
    let nobody = Some(65534);
    for path in ["", "spool", "spool/new", "spool/tmp"] {
        std::os::unix::fs::chown(site.dir.join(path), nobody, nobody).unwrap();
    }
    site.job("closed", "To: joe\n\nclosed\n");
    let closed = site.spool().join("new/closed");
    fs::set_permissions(closed, Permissions::from_mode(0o600)).unwrap();
    site.job("good", "To: ann\n\ngood\n");
    let config = site.dir.join("pagebox.toml");
    let run = Cmd::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(crate::support::kit::link("page-deliver"))
        .arg("--config")
        .arg(config)
        .arg("--spool")
        .arg(site.spool())
        .run();
    run.expect_complaint(0, "", "chmod 640");
    assert_eq!(site.dir.names("spool/new"), [""; 0]);
    assert_eq!(
        site.names("failed").len(),
        2,
        "the story, and the file itself"
    );
    assert_eq!(site.names("wait").len(), 1, "{}", run.stderr);
}

#[test]
fn who_goes_on_writing_gets_one_page_or_a_reason() {
    let site = Site::new("deliver-rewritten", CONFIG);
    for round in 0..10 {
        let name = format!("spool/new/written-{round}");
        let mut file = File::create(site.dir.join(&name)).unwrap();
        file.write_all(b"To: joe\n\nwritten").unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    file.write_all(b" on").unwrap();
                }
            });
            let run = site.deliver(&[]).run();
            stop.store(true, Ordering::Relaxed);
            run.expect_status(0);
        });
        assert_eq!(site.dir.names("spool/new"), [""; 0]);
        let failed = site.names("failed");
        let failed = failed
            .iter()
            .filter(|name| !name.ends_with("~file"))
            .count();
        assert_eq!(site.lines("log").len() + failed, round + 1);
    }
}

#[test]
fn a_name_that_was_there_before_is_another_job() {
    let site = Site::new("deliver-same-name", CONFIG);
    let id = "1700000000-000000000-1-0-0001";
    let other = "1700000000-000000000-1-0-0002";
    let held = "To: joe; hold=2100-01-01T00:00:00Z\n\nheld\n";
    for job in [held, held, "To: joe\n\nnow\n"] {
        site.job(id, job);
        site.job(other, "To: stranger\n\nodd\n");
        site.deliver(&[]).run().expect_status(0);
    }
    assert_eq!(site.names("wait").len(), 2);
    assert_eq!(site.names("failed").len(), 3);
    assert_eq!(site.lines("log"), ["now"]);
    // Whoever was killed before it could copy one of that name has lost nothing.
    let claimed = site
        .spool()
        .join("active/.in-1700000000-000000000-1-0-0003");
    fs::write(claimed, "To: joe\n\nclaimed\n").unwrap();
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.lines("log"), ["now", "claimed"]);
}

#[test]
fn nothing_expires_while_the_clock_is_behind_the_newest_job() {
    let old = "To: joe\nReceived: 2020-01-01T00:00:00Z\nExpires: 1h\n\nold\n";
    for (what, newest) in [("right", false), ("behind", true)] {
        let site = Site::new("deliver-clock", CONFIG);
        if newest {
            // An hour ahead of us; it waits longer than that.
            let ahead = SystemTime::now() + Duration::from_secs(3600);
            site.job("newest", "To: joe; hold=2100-01-01T00:00:00Z\n\nnewest\n");
            let file = File::options()
                .write(true)
                .open(site.spool().join("new/newest"));
            file.unwrap().set_modified(ahead).unwrap();
            site.deliver(&[]).run().expect_status(0);
            assert_eq!(site.names("wait").len(), 1);
        }
        site.job("old", old);
        site.deliver(&[]).run().expect_status(0);
        let expired = usize::from(!newest);
        assert_eq!(site.lines("log").len(), 1 - expired, "{what}");
        assert_eq!(site.names("failed").len(), expired, "{what}");
    }
}

#[test]
fn what_was_being_delivered_does_not_expire_either() {
    let site = Site::new("deliver-clock-active", CONFIG);
    let soon = SystemTime::now() + Duration::from_secs(3600);
    site.job("newest", "To: joe; hold=2100-01-01T00:00:00Z\n\nnewest\n");
    let file = File::options()
        .write(true)
        .open(site.spool().join("new/newest"));
    file.unwrap().set_modified(soon).unwrap();
    // As a pass leaves it that was killed.
    site.job(
        "old",
        "To: ann\nReceived: 2020-01-01T00:00:00Z\nExpires: 1h\n\nold\n",
    );
    site.deliver(&[]).run().expect_status(0);
    let wait = site.spool().join("wait");
    let old = site
        .names("wait")
        .into_iter()
        .find(|name| name.ends_with("tries"))
        .unwrap();
    let id = old.split('~').nth(3).unwrap();
    fs::rename(wait.join(&old), site.spool().join("active").join(id)).unwrap();
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.names("failed"), [""; 0]);
    assert_eq!(site.names("wait").len(), 2);
}

#[test]
fn a_retry_of_a_clock_that_was_ahead_is_due() {
    let site = Site::new("deliver-ahead", CONFIG);
    site.job("job", "To: ann\n\ntried\n");
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.lines("tries").len(), 1);
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.lines("tries").len(), 1, "not before ten minutes");
    let name = site.names("wait").concat();
    let (due, rest) = name.split_once('~').unwrap();
    // Three hours later than it can have been meant.
    let later = (due.parse::<u64>().unwrap() + 3 * 3600 * 1000).to_string();
    let wait = site.spool().join("wait");
    let file = fs::read_to_string(wait.join(&name)).unwrap();
    fs::remove_file(wait.join(&name)).unwrap();
    fs::write(
        wait.join(format!("{later}~{rest}")),
        file.replace(due, &later),
    )
    .unwrap();
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.lines("tries").len(), 2);
}

#[test]
fn a_receipt_that_was_cut_short_spoils_no_other() {
    let site = Site::new("deliver-receipt", CONFIG);
    good(&site);
    site.deliver(&[]).run().expect_status(0);
    let day = format!("spool/sent/{}", site.names("sent").concat());
    let mut file = File::options()
        .append(true)
        .open(site.dir.join(&day))
        .unwrap();
    file.write_all(b"{\"id\":\"cut sh").unwrap();
    good(&site);
    site.deliver(&[]).run().expect_status(0);
    let lines = site.lines(&day);
    let whole = |line: &&String| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert_eq!(
        (lines.len(), lines.iter().filter(whole).count()),
        (3, 2),
        "{lines:?}"
    );
}

#[test]
fn more_jobs_at_once_than_descriptors() {
    // Two routes, one of which takes its time, so that the jobs of both pile up.
    let config = format!(
        "{CONFIG}[pager.slow]\nroute = 'slow'\n[group.both]\nmembers = ['joe', 'slow']\n\
         [route.slow]\ntype = 'csv'\ncommand = ['sh', '-c', 'exec sleep 1000']\ntimeout = '2s'\n"
    );
    let site = Site::new("deliver-descriptors", &config);
    for number in 0..80 {
        site.job(
            &format!("{number:03}"),
            format!("To: both\n\nnumber {number}\n"),
        );
    }
    let text = format!(
        "ulimit -n 48; exec page-deliver --config {0}/pagebox.toml --spool {0}/spool",
        site.dir.display()
    );
    let run = Cmd::new("sh").args(["-c", &text]).run();
    run.expect_status(0);
    assert_eq!(site.lines("log").len(), 80, "{}", run.stderr);
    assert_eq!(site.fates().len(), 160);
    assert!(!run.stderr.contains("too many"), "{} {}", id(), run.stderr);
}
