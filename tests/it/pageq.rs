//! `pageq`: the queue as it is shown, and what changes in it.

mod change;
mod hands;
mod queue;
mod reply;

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant, SystemTime};

use pagebox::queue::store::Claim;
use pagebox::queue::work::{Mark, Work};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::{Winsize, tcsetwinsize};

use self::queue::{HOUR, MINUTE, Queue, ago, event, id, plan};
use crate::support::peers::skip_unless;
use crate::support::pty::open_raw;
use crate::support::{Pty, applet};

const JOB: &str = "To: oncall\nFrom: ?joe\n\nDisk full\n";

/// A job in each state.
fn every_state(name: &str) -> Queue {
    let queue = Queue::new(name);
    queue.deliver(1, JOB, SystemTime::now());
    queue.fail(2, JOB, Mark::Failed, true);
    queue.fail(3, "To: 5551212\n\nDisk full\n", Mark::Unknown, false);
    queue.wait(4, JOB, |work| {
        work.received = ago(3 * MINUTE + MINUTE / 2);
        plan(work, "alice", "modem");
        work.parts[0].tries = 2;
        work.parts[0].due = ago(MINUTE);
        work.parts[0].tell(event("temporary", 421, "No carrier"));
    });
    queue.wait(5, "To: bob; level=0\n\nDoor open\n", |work| {
        work.received = ago(2 * HOUR + MINUTE);
        work.parts[0].due = u64::MAX / 2_000_000;
        work.parts[0].stopped = true;
    });
    let name = queue.wait(6, "To: carol\n\nLunch\n", |work| {
        work.received = ago(120 * HOUR);
        plan(work, "carol", "gateway");
    });
    queue.active(&name);
    queue.submit(&id(7), "To: dave\nReceived: 2026-08-23T04:05:06Z\n\nTea\n");
    queue
}

#[test]
fn what_is_queued_is_listed_the_most_urgent_and_oldest_first() {
    let queue = every_state("pageq-list");
    let age = ago(Duration::ZERO) / 1000 - 1_787_457_906;
    let age = match age / 3600 {
        hours @ 0..48 => format!("{hours}h"),
        hours => format!("{}d", hours / 24),
    };
    let blanks = " ".repeat(4 - age.len());
    let table = format!(
        "AGE   ID                                 STATE   LEVEL  PAGER           ROUTE    TRIES  DUE  LAST\n\
         2h    1787457905-000000000-4711-0-9f3c  held    0      bob             -        0      -    -\n\
         3m    1787457904-000000000-4711-0-9f3c  wait    1      oncall_(alice)  modem    2      now  temporary 421 No carrier\n\
         5d    1787457906-000000000-4711-0-9f3c  active  1      carol           gateway  0      now  -\n\
         {age}{blanks}  1787457907-000000000-4711-0-9f3c  new     1      dave            -        0      now  -\n"
    );
    let squeeze = |text: &str| {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().map(words).collect::<Vec<_>>()
    };
    for words in [&["list"][..], &[]] {
        let output = queue.pageq(words).run();
        output.expect(0, &output.stdout, "");
        let table = table.replace("oncall_(alice)", "oncall (alice)");
        assert_eq!(squeeze(&output.stdout), squeeze(&table));
        // Every column begins where its heading does.
        let lines: Vec<&str> = output.stdout.lines().collect();
        for heading in ["ID", "STATE", "PAGER", "ROUTE", "DUE", "LAST"] {
            let at = lines[0].find(heading).unwrap();
            for line in &lines {
                assert_eq!(&line[at - 2..at], "  ", "{heading}: {line}");
                assert_ne!(&line[at..=at], " ", "{heading}: {line}");
            }
        }
    }
    Queue::new("pageq-empty").pageq(&[]).run().expect(0, "", "");
}

#[test]
fn json_has_a_line_for_each_part() {
    let queue = every_state("pageq-json");
    let rows = queue.json(&[]);
    let field = |name: &str| {
        rows.iter()
            .map(|row| row[name].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        field("state"),
        [r#""held""#, r#""wait""#, r#""active""#, r#""new""#]
    );
    assert_eq!(
        field("pager"),
        [r#""bob""#, r#""alice""#, r#""carol""#, r#""dave""#]
    );
    assert_eq!(field("level"), ["0", "1", "1", "1"]);
    assert_eq!(field("mark"), [r#""T""#, r#""T""#, r#""T""#, "null"]);
    let wait = &rows[1];
    for (name, value) in [
        ("to", r#""oncall""#),
        ("route", r#""modem""#),
        ("outcome", r#""temporary""#),
        ("code", "421"),
        ("attempts", "2"),
        ("part", r#""1/1""#),
        ("from", r#""?joe""#),
        ("length", "9"),
        ("response", r#""No carrier""#),
        ("server", r#""/dev/ttyS0""#),
        ("duplicate_possible", "false"),
    ] {
        assert_eq!(wait[name].to_string(), value, "{name}");
    }
    assert_eq!(rows[3]["received"], "2026-08-23T04:05:06Z");
    for name in ["route", "outcome", "code", "response", "server", "part"] {
        assert!(rows[3][name].is_null(), "{name}");
    }
    // Together: all there is, in this order.
    let all = queue.json(&["--failed", "--sent"]);
    let states: Vec<&str> = all
        .iter()
        .map(|row| row["state"].as_str().unwrap())
        .collect();
    let expected = ["held", "wait", "active", "new", "failed", "failed", "sent"];
    assert_eq!(states, expected);
    let failed = queue.json(&["--failed"]);
    assert_eq!(failed, all[4..6]);
    let sent = queue.json(&["list", "--sent"]);
    assert_eq!(sent, all[6..]);
    assert_eq!(
        (&sent[0]["code"], &sent[0]["due"]),
        (&211.into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_job_for_several_is_told_part_by_part() {
    let queue = Queue::new("pageq-parts");
    queue.wait(1, "To: a\nTo: b\nTo: c; level=3\nTo: d\n\nx\n", |work| {
        work.marks = vec![Mark::Delivered, Mark::Failed, Mark::ToDo, Mark::Unknown];
        work.parts[3].stopped = true;
    });
    let rows = queue.json(&[]);
    let told: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {}", row["to"], row["state"], row["due"].is_null()))
        .collect();
    assert_eq!(
        told,
        [
            r#""a" "sent" true"#,
            r#""b" "failed" true"#,
            r#""c" "wait" false"#,
            r#""d" "held" false"#
        ]
    );
}

#[test]
fn the_failed_tell_their_story() {
    let queue = every_state("pageq-failed");
    let output = queue.pageq(&["--failed"]).run();
    let story = |line: &str| {
        let line = line.trim_start();
        line.starts_with("2026-") || line.starts_with("it may")
    };
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.iter().filter(|line| !story(line)).count(), 3);
    for (at, line) in [
        (
            2,
            "      2026-08-23T04:05:06Z modem /dev/ttyS0 temporary 421 No carrier",
        ),
        (
            3,
            "      2026-08-23T04:05:06Z modem /dev/ttyS0 refused 550 Unknown^[[2J pager",
        ),
        (7, "      it may have been delivered: nobody knows"),
    ] {
        assert_eq!(lines[at], line);
    }
    assert!(
        lines[1].contains(&id(2)) && lines[4].contains(&id(3)),
        "{}",
        output.stdout
    );
    // What was no job has a reason, and no pager.
    let id = id(9);
    queue.submit(&id, "To oncall\n\nx\n");
    let candidate = queue.store.in_new().unwrap().into_iter();
    let candidate = candidate.rev().find(|one| format!("{one:?}").contains(&id));
    let arrival = queue.store.take(candidate.unwrap()).unwrap().unwrap();
    let work = Work::refused(
        &id,
        SystemTime::now(),
        b"To oncall",
        "line 1: what?".to_owned(),
    );
    let claim = Claim::Failed {
        work,
        untold: false,
    };
    let mut kept = queue.store.keep(vec![(arrival, claim)], &mut || {});
    kept.pop().unwrap().unwrap();
    let output = queue.pageq(&["--failed"]).run();
    output.expect_status(0);
    let last = output.stdout.lines().rev().take(2).collect::<Vec<_>>();
    assert_eq!(last[0], "      line 1: what?");
    assert!(last[1].contains(&id) && last[1].ends_with("line 1: what?"));
}

#[test]
fn show_tells_all_but_secrets_and_nothing_that_a_terminal_obeys() {
    let queue = Queue::new("pageq-show");
    let text = "To: oncall; pin=4711 alert=1\nCaller: a\tb\nSubject: \u{202e}x\n\nDisk \x1b[2J full\n\nsecond\n";
    queue.wait(1, text, |work| {
        plan(work, "alice", "modem");
        work.parts[0].tell(event("temporary", 421, "\u{9b}1m"));
        work.parts[0].duplicate_possible = true;
    });
    let output = queue.pageq(&["show", "17"]).run();
    output.expect(0, &output.stdout, "");
    let text = &output.stdout;
    for told in [
        "ID:       1787457901-",
        "Subject:  \\u{202e}x\n",
        "\noncall (alice): wait, level 1, route modem, part 1/1, 0 tries, due now, alert 1, with a PIN\n",
        "   2026-08-23T04:05:06Z modem /dev/ttyS0 temporary 421 \\u{9b}1m\n",
        "   it may have been delivered more than once\n",
        "\nMessage:\n   | Disk ^[[2J full\n   | \n   | second\n",
    ] {
        assert!(text.contains(told), "{told:?} is not in\n{text}");
    }
    let dangerous = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!text.contains(dangerous) && !text.contains("4711\n") && !text.contains("pin=4711"));
    let json = queue.json(&["show", &id(1)]);
    assert_eq!(json[0]["message"], "Disk \x1b[2J full\n\nsecond");
    assert_eq!(json[0]["subject"], "\u{202e}x");
    for words in [&["show", "17", "--json"][..], &["--json"]] {
        let text = queue.pageq(words).run().stdout;
        assert!(text.contains(r"\u009b1m"), "{text}");
        assert!(!text.contains(['\u{9b}', '\u{202e}']), "{text}");
    }
    assert_eq!(
        (&json[0]["caller"], &json[0]["story"][0]["code"]),
        (&"a\tb".into(), &421.into())
    );
    assert!(!json[0].to_string().contains("\"4711\""));
}

#[test]
fn show_finds_a_job_wherever_it_is() {
    let queue = every_state("pageq-show-all");
    for (number, state) in [
        (1, "sent"),
        (2, "failed"),
        (4, "wait"),
        (5, "held"),
        (6, "active"),
        (7, "new"),
    ] {
        let json = queue.json(&["show", &id(number)]);
        assert_eq!(
            (json.len(), &json[0]["state"]),
            (1, &state.into()),
            "{number}"
        );
        let message = json[0]["message"].is_null();
        assert_eq!(message, state == "sent");
        let shown = queue.pageq(&["show", &id(number)]).run();
        shown.expect_status(0);
        assert_eq!(shown.stdout.contains("Message:"), state != "sent");
    }
    queue
        .pageq(&["show", "2"])
        .run()
        .expect_complaint(65, "", "2: no such job in ");
    let several = queue.pageq(&["show", "178745790"]).run();
    several.expect_complaint(65, "", "several jobs begin so: 1787457902-");
    queue.pageq(&["show", ""]).run().expect_status(64);
}

#[test]
fn a_broken_file_hides_no_other() {
    let queue = every_state("pageq-broken");
    let dir = queue.dir();
    let spoilt = queue.wait(8, JOB, |_| {});
    fs::write(dir.join("wait").join(spoilt.to_string()), "TTT\n{").unwrap();
    fs::write(dir.join("wait/who am I"), "x").unwrap();
    fs::write(dir.join("failed/spoilt"), "").unwrap();
    fs::write(dir.join("active/x"), [0xff; 99]).unwrap();
    symlink("/etc/passwd", dir.join("new/link")).unwrap();
    symlink("/etc/passwd", dir.join(format!("failed/{}", id(10)))).unwrap();
    fs::create_dir(dir.join("new/directory")).unwrap();
    fs::write(dir.join("new/long"), vec![b'x'; 1 << 20]).unwrap();
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\x1b[2J");
    fs::write(dir.join("new").join(bytes), "To: x\n\nx\n").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.join("new/fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o640),
        0,
    )
    .unwrap();
    let rows = queue.json(&["--failed", "--sent"]);
    let of = |id: &str| {
        let row = rows.iter().find(|row| row["id"] == id);
        row.unwrap_or_else(|| panic!("no {id} in {rows:?}"))
    };
    for (id, state, response) in [
        (&*spoilt.id, "wait", "the file is spoilt"),
        ("who am I", "wait", "the file is spoilt"),
        ("spoilt", "failed", "the file is spoilt"),
        ("x", "active", "the file is spoilt"),
        ("directory", "new", "not a regular file"),
        ("fifo", "new", "not a regular file"),
        ("long", "new", "longer than a job may be"),
        ("link", "new", "Too many levels of symbolic links"),
        (&id(10), "failed", "Too many levels of symbolic links"),
    ] {
        assert_eq!(
            (&of(id)["state"], &of(id)["response"]),
            (&state.into(), &response.into())
        );
    }
    assert_eq!(of("\\xff^[[2J")["pager"], "x");
    assert!(of(&spoilt.id)["due"].is_string() && of(&spoilt.id)["level"] == 1);
    assert_eq!(
        rows.iter().filter(|row| row["pager"].is_string()).count(),
        8
    );
    let table = queue.pageq(&["--failed", "--sent"]).run();
    table.expect(0, &table.stdout, "");
    assert!(!table.stdout.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn receipts_are_listed_newest_first_and_torn_ones_passed_over() {
    let queue = Queue::new("pageq-sent");
    let now = SystemTime::now();
    queue.deliver(1, JOB, now - 48 * HOUR);
    queue.deliver(2, JOB, now);
    queue.deliver(3, JOB, now);
    let today = queue.names("sent").pop().unwrap();
    let path = queue.dir().join("sent").join(today);
    let whole = fs::read_to_string(&path).unwrap();
    let torn = whole.replacen('\n', "\n{\"id\":\"17\n\n", 1) + "{\"id\":\"1787";
    fs::write(&path, torn).unwrap();
    let ids: Vec<String> = queue
        .json(&["--sent"])
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, [id(3), id(2), id(1)]);
}

#[test]
fn a_list_that_nobody_reads_on_opens_no_more_files() {
    let queue = Queue::quick("pageq-many");
    let name = queue.wait(1, JOB, |_| {});
    let first = queue.dir().join("wait").join(name.to_string());
    let bytes = fs::read(&first).unwrap();
    let mut other = name.clone();
    for number in 0..100_000 {
        other.id = format!("18{number:08}-000000000-1-0-0000");
        fs::write(queue.dir().join("wait").join(other.to_string()), &bytes).unwrap();
    }
    let begun = Instant::now();
    let all = queue.pageq(&["--json"]).run();
    let whole = begun.elapsed();
    assert_eq!(all.stdout.lines().count(), 100_001);
    // A reader that goes with the first line; the list must not have its end too.
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let begun = Instant::now();
    let list = queue.pageq(&["list"]).stdout_to(writer).spawn();
    let mut line = [0; 3];
    assert_eq!(rustix::io::read(&reader, &mut line), Ok(3));
    drop(reader);
    list.wait().expect(0, "", "");
    let part = begun.elapsed();
    assert!(part < whole / 2, "{part:?} of {whole:?}");
    // A single job among them is found as well.
    queue.pageq(&["hold", &id(1)]).run().expect(0, "", "");
    assert!(!first.exists());
}

#[test]
fn a_terminal_is_shown_what_fits_and_a_pipe_everything() {
    let queue = Queue::new("pageq-terminal");
    queue.wait(1, JOB, |work| {
        work.parts[0].tell(event("temporary", 421, &"x".repeat(300)));
    });
    let pipe = queue.pageq(&[]).run();
    assert!(pipe.stdout.lines().any(|line| line.len() > 300));
    let mut pty = Pty::new();
    let device = open_raw(pty.path());
    let size = Winsize {
        ws_row: 24,
        ws_col: 60,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&device, size).unwrap();
    queue
        .pageq(&[])
        .stdout_to(device.try_clone().unwrap())
        .run()
        .expect_status(0);
    let mut lines = || String::from_utf8(pty.read_to(b'\n')).unwrap();
    for line in [lines(), lines()] {
        assert!(line.trim_end().chars().count() <= 60, "{line}");
        assert!(line.starts_with("AGE") || line.contains(&id(1)));
    }
}

#[test]
fn output_that_cannot_be_written_is_74_and_a_reader_that_has_gone_is_no_trouble() {
    let queue = every_state("pageq-output");
    for words in [&[][..], &["--json"], &["--failed"], &["show", &id(4)]] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = queue.pageq(words).stdout_to(full).run();
        output.expect_complaint(74, "", "standard output: No space left on device");
        let (_, closed) = rustix::pipe::pipe().unwrap();
        queue.pageq(words).stdout_to(closed).run().expect(0, "", "");
    }
}

#[test]
fn where_the_spool_is_and_whether_it_is_one() {
    let queue = every_state("pageq-where");
    let dir = queue.dir();
    let config = format!("spool = {dir:?}\n");
    let config = queue.scratch.file("pagebox.toml", config);
    let by_flag = applet("pageq").arg("--config").arg(&config).run();
    by_flag.expect(0, &queue.pageq(&[]).run().stdout, "");
    let by_variable = applet("pageq")
        .arg("list")
        .env("PAGEBOX_CONFIG", &config)
        .run();
    by_variable.expect(0, &by_flag.stdout, "");
    let bad = queue.scratch.file("bad.toml", "spoool = 1\n");
    applet("pageq")
        .arg("--config")
        .arg(bad)
        .run()
        .expect_complaint(78, "", "bad.toml:1: ");
    // A directory that is no spool does not become one.
    let none = queue.scratch.join("none");
    fs::create_dir(&none).unwrap();
    let list = |dir: &std::path::Path| applet("pageq").arg("--spool").arg(dir).run();
    list(&none).expect_complaint(66, "", "none: no spool: there is no new/ in it");
    assert_eq!(queue.scratch.names("none").len(), 0);
    // What is missing of one is empty, and stays missing.
    let new = queue.scratch.join("none/new");
    fs::create_dir(&new).unwrap();
    list(&none).expect(0, "", "");
    fs::write(new.join(id(1)), JOB).unwrap();
    for words in [&["--json"][..], &["--failed", "--sent"], &["show", "1"]] {
        let pageq = applet("pageq").arg("--spool").arg(&none).args(words);
        assert!(pageq.run().expect_status(0).stdout.contains(&id(1)));
        assert_eq!(queue.scratch.names("none"), ["new"]);
    }
    list(&queue.scratch.join("nowhere")).expect_complaint(66, "", "nowhere: no spool");
    for words in [
        &["show"][..],
        &["hold"],
        &["reply", "17"],
        &["reply", "17", "a\nb"],
        &["show", "17", "--failed"],
        &["hold", "17", "--sent"],
        &["forget"],
    ] {
        queue.pageq(words).run().expect_status(64);
    }
}

#[test]
fn only_root_and_the_owner_of_the_spool_may_look() {
    skip_unless!("root", "setpriv");
    // The test's own directory may be below one that others cannot enter.
    let scratch = crate::support::Scratch::below(&std::env::temp_dir(), "pageq-owner");
    let dir = scratch.join("spool");
    fs::create_dir(&dir).unwrap();
    let store = pagebox::queue::store::Store::open(&dir).unwrap();
    drop(store);
    let chown = crate::support::Cmd::new("chown")
        .args(["-R", "65533:65532"])
        .arg(&dir)
        .run();
    chown.expect(0, "", "");
    let program = env!("CARGO_BIN_EXE_pagebox");
    let copy = scratch.join("pageq");
    fs::copy(program, &copy).unwrap();
    let other = |uid: &str| {
        let cmd = crate::support::Cmd::new("setpriv");
        let cmd = cmd.args(["--reuid", uid, "--regid", "65532", "--clear-groups"]);
        cmd.arg(&copy).arg("--spool").arg(&dir)
    };
    other("65533").run().expect(0, "", "");
    let stranger = other("65534").run();
    stranger.expect_complaint(77, "", "it belongs to the user with number 65533");
    fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let stranger = other("65534").run();
    stranger.expect_complaint(77, "", "Permission denied: this is for root and the owner");
}
