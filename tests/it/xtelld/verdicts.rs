//! `xtelld`: every answer that a message can get, and what is never opened for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{
    CLOSED, FAILED, Machine, NO_DEVICE, NOT_LOGGED_IN, OPENS, SENT, SYNTAX, TOO_LONG, traced,
};
use crate::support::Cmd;
use crate::support::login::{Terminal, account};
use crate::support::peers::skip_unless;

#[test]
fn who_is_not_logged_in_is_told_from_nobody() {
    skip_unless!("root");
    let (jane, john) = (account(), account());
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-absent", &jane, &terminal);
    let known = machine.said(format!("joe:{}::hi\n", john.name));
    let logged = format!(
        "<4>xtelld: unknown: not shown to {} (403) from ?joe, 2 bytes\n",
        john.name
    );
    known.expect(0, NOT_LOGGED_IN, &logged);
    for user in [
        &b"nobody-of-that-name"[..],
        b"../../etc/passwd",
        b"-oops",
        b" ",
        b"\xff\xfe",
        "mü".as_bytes(),
        jane.name.to_uppercase().as_bytes(),
        format!("{} ", jane.name).as_bytes(),
    ] {
        let output = machine.said([b"joe:", user, b"::hi\n"].concat());
        assert_eq!(output.stdout, NOT_LOGGED_IN, "{}", user.escape_ascii());
    }
    assert!(terminal.is_clean());
}

#[test]
fn what_cannot_be_found_out_is_no_fact_about_the_user() {
    let machine = Machine::new("xtelld-blind");
    let blind = |user: &str| {
        let server = machine.xtelld().args(["--dev", "/nonexistent"]);
        server.stdin(format!("joe:{user}::hi\njoe:::hi\n")).run()
    };
    let unavailable = "400 service unavailable\r\n".repeat(2);
    let run = blind("root");
    assert_eq!((run.status, run.stdout), (0, unavailable));
    assert!(
        run.stderr
            .starts_with("<3>xtelld: unknown: /nonexistent: No such file or directory\n"),
        "{}",
        run.stderr
    );
    // Who cannot be a login is not there, wherever that might be.
    assert!(blind("-x").stdout.starts_with(NOT_LOGGED_IN));
}

#[test]
fn who_has_messages_off_is_not_written_to() {
    skip_unless!("root");
    let jane = account();
    let terminals = [jane.terminal(0), jane.terminal(9)];
    let machine = Machine::with_login("xtelld-closed", &jane, &terminals[0]);
    for terminal in &terminals {
        terminal.mode(0o600);
    }
    let user = &jane.name;
    let output = machine.said(format!("joe:{user}::hi\n"));
    let logged = format!("<4>xtelld: unknown: not shown to {user} (404) from ?joe, 2 bytes\n");
    output.expect(0, CLOSED, &logged);
    // Named, it is one of the reasons that there can be.
    let line = terminals[0].line();
    let output = machine.said(format!("joe:{user}:{line}:hi\n"));
    let logged = format!(
        "<4>xtelld: unknown: not shown to {user} (405) from ?joe, 2 bytes: {line}: messages are off\n"
    );
    output.expect(0, NO_DEVICE, &logged);
    assert!(terminals.iter().all(Terminal::is_clean));
}

#[test]
fn who_has_no_terminal_cannot_be_shown_anything() {
    skip_unless!("root");
    let jane = account();
    let machine = Machine::new("xtelld-display");
    machine.logins(&[(&jane.name, ":0")]);
    let output = machine.said(format!("joe:{}::hi\n", jane.name));
    let logged = format!(
        "<3>xtelld: unknown: not shown to {0} (405) from ?joe, 2 bytes: {0} is logged in at no terminal\n",
        jane.name
    );
    output.expect(0, FAILED, &logged);
}

#[test]
fn what_is_no_message_is_told_so_and_the_session_goes_on() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-syntax", &jane, &terminal);
    let user = &jane.name;
    let long = format!("joe:{user}::{}", "x".repeat(1024));
    let words = format!(
        "hello\r\n\r\njoe:{user}:hi\r\njoe:{user}::\r\njo\0e:{user}::hi\r\n{long}\r\njoe:{user}::now\r\n"
    );
    let output = machine.said(words);
    let expected = [SYNTAX, SYNTAX, SYNTAX, SYNTAX, SYNTAX, TOO_LONG, SENT].concat();
    assert_eq!(output.stdout, expected);
    terminal.expect("?joe@unknown", user, "now");
}

/// The answer to a message to a terminal of that name among these devices, and what is opened for
/// it to be written to.
fn opened(machine: &Machine, user: &str, dev: &Path, device: &str) -> (String, Vec<String>) {
    let mut args = machine.args().to_vec();
    args.extend(["--dev".into(), dev.into()]);
    let words = format!("joe:{user}:{device}:hi\n");
    let (said, mut opened) = traced(machine, OPENS, &args, &words);
    let flags = ["O_WRONLY", "O_RDWR", "O_CREAT"];
    opened.retain(|line| flags.iter().any(|flag| line.contains(flag)));
    (said, opened)
}

#[test]
fn a_bad_device_opens_nothing() {
    skip_unless!("root", "strace");
    let (jane, john) = (account(), account());
    let (janes, johns) = (jane.terminal(0), john.terminal(0));
    let machine = Machine::with_login("xtelld-devices", &jane, &janes);
    let number = janes.line().strip_prefix("pts/").unwrap();
    for device in [
        "..".to_owned(),
        ".".to_owned(),
        "/".to_owned(),
        "/dev".to_owned(),
        "pts".to_owned(),
        "pts/".to_owned(),
        "../../etc/passwd".to_owned(),
        "pts/../../etc/passwd".to_owned(),
        "/etc/passwd".to_owned(),
        format!("pts/../pts/{number}"),
        format!("pts//{number}"),
        format!("/dev//pts/{number}"),
        format!("/dev/../dev/pts/{number}"),
        format!("/dev/dev/pts/{number}"),
        format!("pts/{number}/"),
        format!("pts/{number} "),
        format!("PTS/{number}"),
        number.to_owned(),
        "tty".to_owned(),
        "console".to_owned(),
        "null".to_owned(),
        "ptmx".to_owned(),
        "pts/ptmx".to_owned(),
        "pts/999999".to_owned(),
        "stdin".to_owned(),
        "fd/0".to_owned(),
        "\u{1b}[2J".to_owned(),
        johns.line().to_owned(),
        johns.path().to_str().unwrap().to_owned(),
    ] {
        let (said, opened) = opened(&machine, &jane.name, Path::new("/dev"), &device);
        assert_eq!(said, NO_DEVICE, "{device:?}");
        assert_eq!(opened, [""; 0], "{device:?}");
    }
    let output = machine.said([b"joe:", jane.name.as_bytes(), b":\xff:hi\n"].concat());
    assert_eq!(output.stdout, NO_DEVICE);
    assert!(janes.is_clean() && johns.is_clean());
}

#[test]
fn what_is_no_terminal_is_never_opened_whatever_it_is_called() {
    skip_unless!("root", "strace");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::new("xtelld-things");
    // A directory of devices in which nothing is what it should be, and all of it jane's.
    let dev = machine.scratch.join("dev");
    fs::create_dir_all(dev.join("pts")).unwrap();
    let own = |name: &str| {
        let chown = Cmd::new("chown")
            .arg("-h")
            .arg(&jane.name)
            .arg(dev.join(name));
        chown.run().expect_status(0);
    };
    machine.scratch.file("dev/ttyfile", "");
    mknodat(
        CWD,
        dev.join("ttyfifo"),
        FileType::Fifo,
        Mode::from_raw_mode(0o666),
        0,
    )
    .unwrap();
    symlink(terminal.path(), dev.join("ttylink")).unwrap();
    symlink(terminal.path(), dev.join("pts/0")).unwrap();
    machine.scratch.file("dev/pts/1", "");
    let names = ["ttyfile", "ttyfifo", "ttylink", "pts/0", "pts/1"];
    for name in names {
        own(name);
    }
    let logins: Vec<(&str, &str)> = names.iter().map(|name| (&*jane.name, *name)).collect();
    machine.logins(&logins);
    for (device, answer) in names
        .map(|name| (name, NO_DEVICE))
        .into_iter()
        .chain([("", FAILED)])
    {
        let (said, opened) = opened(&machine, &jane.name, &dev, device);
        assert_eq!(said, answer, "{device:?}");
        assert_eq!(opened, [""; 0], "{device:?}");
    }
    assert!(terminal.is_clean());
    assert_eq!(
        machine.scratch.read("dev/ttyfile") + &machine.scratch.read("dev/pts/1"),
        ""
    );
    // One that cannot be read holds nobody.
    let output = machine
        .xtelld()
        .arg("--dev")
        .arg(dev.join("gone"))
        .stdin(format!("joe:{}::hi\n", jane.name))
        .run();
    output.expect_complaint(0, FAILED, "<3>xtelld: unknown: ");
}

#[test]
fn a_terminal_that_takes_nothing_holds_up_nobody_for_long() {
    skip_unless!("root");
    let jane = account();
    let (stuck, mut other) = (jane.terminal(0), jane.terminal(9));
    let machine = Machine::with_login("xtelld-blocked", &jane, &stuck);
    let user = &jane.name;
    stuck.block();
    for (device, answer) in [(stuck.line(), NO_DEVICE), ("", FAILED)] {
        other.mode(0o600);
        let began = Instant::now();
        let output = machine.said(format!("joe:{user}:{device}:hi\n"));
        output.expect_complaint(0, answer, ": it takes nothing");
        let took = began.elapsed().as_secs_f64();
        assert!((2.0..10.0).contains(&took), "{took}");
    }
    // Nobody else is kept waiting, and a terminal that takes it gets it in the end.
    other.mode(0o620);
    let output = machine.said(format!("joe:{user}:{}:hi\n", other.line()));
    assert_eq!(output.stdout, SENT);
    assert!(output.took < Duration::from_secs(2));
    other.expect("?joe@unknown", user, "hi");
}

#[test]
fn nothing_that_a_stranger_says_is_obeyed_by_the_terminal() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-escapes", &jane, &terminal);
    let user = &jane.name;
    for (said, shown) in [
        (&b"\x1b]0;owned\x07"[..], "^[]0;owned^G"),
        (b"\x1b[2J\x08\x0b\x0c\x0e", "^[[2J^H^K^L^N"),
        (b"back\rover", "back^Mover"),
        (b"\x01\x02\x1c\x1f\x7f", "^A^B^\\^_^?"),
        (b"nul\0", "nul^@"),
        (b"a\tb | c", "a\tb | c"),
        (
            "\u{9b}2J\u{85}\u{80}\u{9f}".as_bytes(),
            "\\u{9b}2J\\u{85}\\u{80}\\u{9f}",
        ),
        (b"\x9b2J\xff\xc3", "\\x9b2J\\xff\\xc3"),
        (b"\xed\xa0\x80\xc0\xaf", "\\xed\\xa0\\x80\\xc0\\xaf"),
        (
            "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".as_bytes(),
            "\\u{202a}\\u{202b}\\u{202c}\\u{202d}\\u{202e}\\u{2066}\\u{2067}\\u{2068}\\u{2069}",
        ),
        ("Grüße 🐶 שלום".as_bytes(), "Grüße 🐶 שלום"),
    ] {
        let output = machine.said([b"joe:", user.as_bytes(), b"::", said, b"\r\n"].concat());
        assert_eq!(output.stdout, SENT, "{}", output.stderr);
        terminal.expect("?joe@unknown", user, shown);
        // A sender's name may not have all of it.
        if !said.iter().any(|byte| matches!(byte, b'\r' | 0)) {
            let output = machine
                .xtelld()
                .stdin([said, b":", user.as_bytes(), b"::hi\r\n"].concat())
                .run();
            assert_eq!(output.stdout, SENT, "{}", output.stderr);
            let shown = shown.replace('\t', "^I");
            let from: String = format!("?{shown}").chars().take(64).collect();
            let cut = if shown.chars().count() > 63 {
                "…"
            } else {
                ""
            };
            terminal.expect(&format!("{from}{cut}@unknown"), user, "hi");
            let is_bad = |c: char| c.is_control() && c != '\n';
            assert!(!output.stderr.contains(is_bad), "{:?}", output.stderr);
        }
    }
}

#[test]
fn who_cannot_be_looked_up_is_not_said_to_be_away() {
    let machine = Machine::new("xtelld-lookup");
    // In no file, and in that of logins; in neither case in /etc/passwd.
    machine.logins(&[("elsewhere", "pts/0")]);
    for user in ["nobody-here", "elsewhere"] {
        // No thread can have so much, and so nobody asks the name service.
        let server = machine.xtelld().env("RUST_MIN_STACK", "1000000000000000");
        let output = server.stdin(format!("joe:{user}::hi\n")).run();
        output.expect_status(0);
        assert_eq!(output.stdout, "400 service unavailable\r\n");
        let lines: Vec<&str> = output.stderr.lines().collect();
        assert!(
            lines[0].contains(": cannot ask the name service: "),
            "{lines:?}"
        );
        let last = format!("<3>xtelld: unknown: not shown to {user} (400) from ?joe, 2 bytes");
        assert_eq!(lines[1..], [last]);
    }
}
