//! `ixo-serve --device`: call after call on a serial line, which a pseudo terminal stands for.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::termios::{ControlModes, tcgetattr};

use super::{ACCEPTED, GOODBYE, WELCOME, block, expect_pages, serve};
use crate::support::{Pty, Running, Scratch, eventually, scratch, spooled};

/// A central on a pseudo terminal, once it listens: what is written before is for nobody.
fn on(pty: &Pty, scratch: &Scratch, flags: &[&str]) -> Running {
    let central = serve(scratch).arg("--device").arg(pty.path());
    let central = central.args(flags).spawn();
    listening(pty, &central);
    central
}

fn listening(pty: &Pty, central: &Running) {
    let stat = format!("/proc/{}/stat", central.pid());
    eventually("it listens", || {
        let modes = tcgetattr(pty.fd()).unwrap().control_modes;
        let stat = fs::read_to_string(&stat).unwrap_or_default();
        modes.contains(ControlModes::HUPCL) && stat.contains(") S ")
    });
}

#[track_caller]
fn ask(pty: &mut Pty, words: &str, answer: &str) {
    pty.write(words.as_bytes());
    let heard = pty.read(answer.len());
    assert_eq!(
        heard.escape_ascii().to_string(),
        answer.as_bytes().escape_ascii().to_string()
    );
}

#[test]
fn calls_follow_each_other_on_one_line() {
    let scratch = scratch("tap-device");
    let mut pty = Pty::new();
    let mut central = on(&pty, &scratch, &[]);
    for pager in ["1", "2", "3"] {
        ask(&mut pty, "\r", "ID=");
        ask(&mut pty, "\x1bPG1\r", WELCOME);
        ask(&mut pty, &block(pager, "x"), ACCEPTED);
        // Also where a call ends for another reason.
        if pager == "2" {
            ask(&mut pty, "NO CARRIER\r\r", "ID=");
        } else {
            ask(&mut pty, "\x04\r", GOODBYE);
        }
        // Nobody is logged on any more.
        ask(&mut pty, &block("9", "x"), "507 Log on first\r\x15\r");
        ask(&mut pty, "\x04\r", GOODBYE);
    }
    central.signal(Signal::TERM);
    assert_eq!(pty.read(3), b"\x1b\x04\r");
    let output = central.wait();
    output.expect_status(0);
    let device = pty.path().display();
    let accepted = format!("<6>ixo-serve: {device}: accepted ");
    assert_eq!(
        output.stderr.matches(&accepted).count(),
        3,
        "{}",
        output.stderr
    );
    expect_pages(&scratch, &[("1", "x"), ("2", "x"), ("3", "x")]);
    let jobs = spooled::accepted(&scratch.join("spool"));
    let job = scratch.read(&format!("spool/new/{}", jobs[0].0));
    assert!(job.contains(&format!("\nFrom: {device}\n")), "{job}");
}

#[test]
fn a_silent_line_is_left_in_peace_for_ever() {
    let scratch = scratch("tap-device-silent");
    let mut pty = Pty::new();
    let flags = ["--no-login", "--session-timeout", "1s"];
    let mut central = on(&pty, &scratch, &flags);
    for pager in ["1", "2"] {
        // Longer than a client has to be asked for its logon, and than a session may last.
        let started = Instant::now();
        eventually("time passes", || {
            started.elapsed() > Duration::from_millis(2500)
        });
        ask(&mut pty, &block(pager, "x"), ACCEPTED);
    }
    ask(&mut pty, "\r\r", "ID=");
    assert!(!central.has_ended());
    drop(central);
    expect_pages(&scratch, &[("1", "x"), ("2", "x")]);
}

/// A caller who says CR every two seconds, until it is answered; then its page is taken.
#[track_caller]
fn expect_call(pty: &mut Pty) {
    for _ in 0..4 {
        pty.write(b"\r");
        let mut fds = [PollFd::from_borrowed_fd(pty.fd(), PollFlags::IN)];
        let two_seconds = Timespec {
            tv_sec: 2,
            tv_nsec: 0,
        };
        if poll(&mut fds, Some(&two_seconds)).unwrap() > 0 {
            break;
        }
    }
    assert_eq!(pty.read(3), b"ID=");
    ask(pty, "\x1bPG1\r", WELCOME);
    ask(pty, &block("1", "x"), ACCEPTED);
    ask(pty, "\x04\r", GOODBYE);
}

#[test]
fn a_block_that_never_ends_is_not_the_next_callers_affair() {
    let scratch = scratch("tap-device-half");
    let mut pty = Pty::new();
    let _central = on(&pty, &scratch, &["--session-timeout", "3s"]);
    // Noise on an idle line, and right behind a call.
    pty.write(b"\x02");
    expect_call(&mut pty);
    ask(&mut pty, "\r\x04\r\x02", &format!("ID={GOODBYE}"));
    expect_call(&mut pty);
    // A caller is lost in the midst of a block, which a modem's words do not end.
    ask(&mut pty, "\r", "ID=");
    ask(&mut pty, "\x1bPG1\r", WELCOME);
    pty.write(b"\x021\rhalf\r\nNO CARRIER\r\n");
    let timeout = "501 Timeout\r\x1b\x04\r";
    assert_eq!(pty.read(timeout.len()), timeout.as_bytes());
    expect_call(&mut pty);
    expect_pages(&scratch, &[("1", "x"), ("1", "x"), ("1", "x")]);
}

#[test]
fn who_calls_behind_one_that_went_in_the_midst_of_a_block_is_answered_soon() {
    let scratch = scratch("tap-device-torn");
    let mut pty = Pty::new();
    let _central = on(&pty, &scratch, &[]);
    ask(&mut pty, "\r", "ID=");
    ask(&mut pty, "\x1bPG1\r", WELCOME);
    pty.write(b"\x021\rhalf");
    expect_call(&mut pty);
    expect_pages(&scratch, &[("1", "x")]);
}

#[test]
fn an_xoff_before_a_call_mutes_nobody() {
    let scratch = scratch("tap-device-xoff");
    let mut pty = Pty::new();
    let _central = on(&pty, &scratch, &[]);
    for _ in 0..2 {
        pty.write(b"\x13");
        ask(&mut pty, "\r", "ID=");
        ask(&mut pty, "\x1bPG1\r", WELCOME);
        ask(&mut pty, "\x04\r", GOODBYE);
    }
    // In a call it is the client's.
    ask(&mut pty, "\r", "ID=");
    ask(&mut pty, "\x1bPG1\r", WELCOME);
    pty.write(format!("\x13{}", block("1", "x")).as_bytes());
    let spool = scratch.join("spool");
    eventually("the page is taken", || {
        !spooled::accepted(&spool).is_empty()
    });
    pty.write(b"\x11");
    assert_eq!(pty.read(ACCEPTED.len()), ACCEPTED.as_bytes());
}

#[test]
fn parity_is_made_where_the_device_makes_none() {
    let scratch = scratch("tap-device-parity");
    let mut pty = Pty::new();
    let _central = on(&pty, &scratch, &["--framing", "8n1-even", "--baud", "9600"]);
    pty.write(b"\x8d");
    assert_eq!(pty.read(3), b"\xc9D\xbd");
}

#[test]
fn a_line_in_use_or_none_at_all_is_told_by_the_status() {
    let scratch = scratch("tap-device-locked");
    let pty = Pty::new();
    let _central = on(&pty, &scratch, &[]);
    let again = serve(&scratch).arg("--device").arg(pty.path()).run();
    again.expect_complaint(75, "", ": in use by ");
    let file = scratch.file("file", "");
    let run = |path| serve(&scratch).arg("--device").arg(path).run();
    run(file).expect_complaint(78, "", "/file: not a serial line");
    run(scratch.join("none")).expect_complaint(75, "", "/none: No such file");
    let both = serve(&scratch).args(["--device", "x", "--allow", "127.0.0.1"]);
    both.run().expect_status(64);
}

#[test]
fn a_line_that_is_gone_ends_in_an_error() {
    let scratch = scratch("tap-device-gone");
    let mut pty = Pty::new();
    // Another test may be given a pseudo terminal of the same name.
    let path = scratch.join("line");
    symlink(pty.path(), &path).unwrap();
    let central = serve(&scratch).arg("--device").arg(&path).spawn();
    listening(&pty, &central);
    ask(&mut pty, "\r", "ID=");
    fs::remove_file(path).unwrap();
    drop(pty);
    central
        .wait()
        .expect_complaint(75, "", "/line: No such file");
}
