//! Standard input, line by line.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::Signal;

use super::{at, polite, serves, xtell};
use crate::support::{Cmd, Fake, Pty, applet};

#[test]
fn each_line_is_sent_as_it_comes() {
    let fake = polite();
    let mut run = xtell(&["-v", &at("jane", &fake)]).stdin_open().spawn();
    run.write("one\n");
    fake.wait_for("joe:jane::one");
    run.write("\ntw");
    run.write("o\r\nthree");
    fake.wait_for("joe:jane::two");
    let run = run.wait();
    run.expect_status(0);
    assert!(!run.stderr.contains("> "), "a pipe gets no prompt: {run:?}");
    let lines = ["one", "two", "three"].map(|line| format!("joe:jane::{line}"));
    assert_eq!(fake.heard()[..3], lines);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_target_that_fails_gets_no_further_lines() {
    const CODES: &[(&str, &str)] = &[("bob", "404 no"), ("zoe", "403 no")];
    let fake = serves(CODES);
    let [jane, bob, zoe] = ["jane", "bob", "zoe"].map(|user| at(user, &fake));
    let run = xtell(&["--json", &format!("{jane},{bob}"), "-m", "-"])
        .stdin("1\n2\n3\n")
        .run();
    run.expect_complaint(77, &run.stdout, "further lines go without this one");
    let parts: Vec<bool> = ["\"3/3\"", "\"0/3\""]
        .iter()
        .zip(run.stdout.lines())
        .map(|(parts, line)| line.contains(parts))
        .collect();
    assert_eq!(parts, [true, true], "{run:?}");
    assert_eq!(
        fake.heard()
            .iter()
            .filter(|line| line.contains("bob"))
            .count(),
        1
    );
    // With nobody left, nothing more is read.
    let mut run = xtell(&[&format!("{bob},{zoe}")]).stdin_open().spawn();
    run.write("1\n");
    crate::support::eventually("it ends by itself", || run.has_ended());
    run.wait().expect_status(77);
}

#[test]
fn the_line_that_fails_is_named() {
    let fake = Fake::lockstep(|client| {
        super::answers(client, |line| {
            let bad = line.ends_with("bad") || line.contains(":(2/2) ");
            if bad { "403 gone\r\n" } else { super::SHOWN }.to_owned()
        });
    });
    let long = format!("one\n{}\n", "x".repeat(500));
    for (input, text) in [
        ("bad\n", "403 gone"),
        ("one\n\nbad\nmore\n", "403 line 3: gone"),
        (&long, "403 line 2: part 2 of 2: gone"),
    ] {
        let jane = at("jane", &fake);
        let run = xtell(&[&jane]).stdin(input).run();
        let told = format!("xtell: {}: {text} (pager {jane})\n", fake.addr());
        run.expect(67, "", &told);
    }
}

#[test]
fn a_line_that_cannot_be_sent_ends_it() {
    let fake = polite();
    let jane = at("jane", &fake);
    let long = "x".repeat(64 * 1024 + 1);
    for (input, text) in [
        (b"ok\n\xff\nmore\n".to_vec(), "line 2: not UTF-8 at byte 1"),
        (
            format!("ok\n{long}\n").into_bytes(),
            "line 2: longer than 65536 bytes",
        ),
        (
            format!("ok\n{long}").into_bytes(),
            "line 2: longer than 65536 bytes",
        ),
        (
            format!("ok\n{}\n", &long[..4000]).into_bytes(),
            "line 2: 4000 characters do not fit",
        ),
    ] {
        let run = xtell(&[&jane]).stdin(input).run();
        run.expect_complaint(65, "", text);
    }
    assert_eq!(
        fake.heard()
            .iter()
            .filter(|line| *line == "joe:jane::ok")
            .count(),
        4
    );
    for input in ["", "\n \n"] {
        let run = xtell(&[&jane]).stdin(input).run();
        run.expect(65, "", "xtell: the message is empty\n");
    }
}

#[test]
fn a_signal_says_goodbye_first() {
    let fake = polite();
    let mut run = xtell(&[&at("jane", &fake)]).stdin_open().spawn();
    run.write("one\n");
    fake.wait_for("joe:jane::one");
    run.signal(Signal::INT);
    crate::support::eventually("it ends", || run.has_ended());
    run.wait().expect_status(130);
    assert_eq!(fake.heard().last().unwrap(), "QUIT");
}

#[test]
fn lines_that_were_read_and_not_sent_are_not_lost_in_silence() {
    let fake = Fake::lockstep(|client| {
        client.hear();
        client.hold(std::time::Duration::from_secs(20));
    });
    let mut run = xtell(&[&at("jane", &fake)]).stdin_open().spawn();
    run.write("one\ntwo\nthr");
    fake.wait_for("joe:jane::one");
    run.signal(Signal::TERM);
    let run = run.wait();
    run.expect_status(143);
    let told = "what came after line 1 is not sent";
    assert!(run.stderr.contains(told), "{run:?}");
}

#[test]
fn who_is_idle_says_goodbye_and_comes_again() {
    let fake = polite();
    let mut run = xtell(&["--json", &at("jane", &fake)])
        .limit(std::time::Duration::from_secs(40))
        .stdin_open()
        .spawn();
    run.write("one\n");
    fake.wait_for("joe:jane::one");
    fake.wait_for_within(std::time::Duration::from_secs(20), "QUIT");
    run.write("two\n");
    fake.wait_for("joe:jane::two");
    let run = run.wait();
    run.expect_status(0);
    assert!(run.stdout.contains("[\"C: joe:jane::two\""), "{run:?}");
    assert_eq!(fake.connections(), 2);
}

/// A program at a terminal, and the terminal.
fn at_terminal(cmd: Cmd) -> (crate::support::Running, Pty) {
    let pty = Pty::new();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let far: OwnedFd = open(pty.path(), flags, Mode::empty()).unwrap();
    (cmd.stdin_from(far).spawn(), pty)
}

/// What a person sees who types two lines and ends.
fn types(fake: &Fake, cmd: Cmd) -> String {
    let (run, mut pty) = at_terminal(cmd);
    let before = fake.heard_so_far().len();
    for line in ["one", "two"] {
        pty.write(format!("{line}\n").as_bytes());
        crate::support::eventually("the line is there", || {
            fake.heard_so_far()[before..].contains(&format!("joe:jane::{line}"))
        });
    }
    pty.write(b"\x04");
    let run = run.wait();
    run.expect(0, "", &run.stderr);
    run.stderr
}

#[test]
fn a_person_gets_a_prompt() {
    let fake = polite();
    let jane = at("jane", &fake);
    let cmd = || xtell(&[&jane]);
    assert_eq!(types(&fake, cmd()), "> > > \n");
    assert_eq!(
        types(&fake, cmd().env("XTELLPROMPT", "me: ")),
        "me: me: me: \n"
    );
    assert_eq!(types(&fake, cmd().env("XTELLPROMPT", "")), "\n");
    assert_eq!(types(&fake, cmd().arg("-q")), "");
}

#[test]
fn a_person_who_named_nobody_is_asked() {
    let fake = polite();
    let (run, mut pty) = at_terminal(applet("xtell"));
    run.wait_for_stderr("To: ");
    pty.write(format!("{}\n", at("jane", &fake)).as_bytes());
    run.wait_for_stderr("> ");
    pty.write(b"hello\n\x04");
    run.wait().expect(0, "", "To: > > \n");
    assert!(fake.heard()[0].ends_with(":jane::hello"));
    let (run, mut pty) = at_terminal(applet("xtell"));
    run.wait_for_stderr("To: ");
    pty.write(b"\x04");
    run.wait().expect_complaint(64, "", "whom is it for?");
    let (run, _pty) = at_terminal(applet("xtell").arg("-q"));
    run.wait().expect(64, "", "");
}
