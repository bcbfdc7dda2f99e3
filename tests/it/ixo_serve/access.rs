//! `ixo-serve`: who may speak to it, and what it needs to begin.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{
    ACCEPTED, Caller, GOODBYE, OUT_OF_SERVICE, WELCOME, block, call, expect_pages, said, serve,
};
use crate::support::{Scratch, applet, scratch};

const WRONG: &str = "509 Invalid password\r\x15\r";

fn password(scratch: &Scratch) -> PathBuf {
    scratch.file("password", "hunter2\nnot this line\n")
}

#[test]
fn a_password_opens_the_central_and_stands_nowhere() {
    let scratch = scratch("tap-password");
    let central = || {
        let central = serve(&scratch).arg("--password-file");
        central.arg(password(&scratch)).arg("--log-text")
    };
    let words = format!(
        "\r\x1bPG1\r\x1bPG1hunter3\r\x1bPG1hunter2\r{}\x04\r",
        block("1", "x")
    );
    let started = Instant::now();
    let output = said(central(), words);
    // Each guess takes half a second, the right one too.
    assert!(started.elapsed() >= Duration::from_millis(1500));
    assert_eq!(
        output.stdout,
        format!("ID={WRONG}{WRONG}{WELCOME}{ACCEPTED}{GOODBYE}")
    );
    let name = &scratch.names("spool/new")[0];
    assert_eq!(
        output.stderr,
        format!(
            "<4>ixo-serve: unknown: logon refused: no password\n\
             <4>ixo-serve: unknown: logon refused: wrong password\n\
             <6>ixo-serve: unknown: accepted {name} for 1, 1 bytes: x\n"
        )
    );
    // Nothing but logons is taken before, and not many of those.
    let (mut caller, running) = Caller::inetd(central());
    caller.ask(block("1", "x"), "507 Log on first\r\x15\r");
    caller.ask("\x1bPG1hunter\r", WRONG);
    caller.ask("\x1bPG1\r", "509 Invalid password\r\x1b\x04\r");
    assert_eq!(caller.end(), "");
    running.wait().expect(0, "", "");
    expect_pages(&scratch, &[("1", "x")]);
}

#[test]
fn a_logon_sent_again_is_one_guess() {
    let scratch = scratch("tap-guess");
    let central = serve(&scratch).arg("--password-file");
    let (mut caller, running) = Caller::inetd(central.arg(password(&scratch)));
    // All of them come while the first is being looked at.
    caller.ask("\x1bPG1x\r".repeat(5), WRONG);
    caller.ask("\x1bPG1hunter2\r", WELCOME);
    assert_eq!(caller.rest(), "");
    running.wait().expect(0, "", "");
}

#[test]
fn strangers_are_turned_away_in_the_words_of_the_protocol() {
    let scratch = scratch("tap-strangers");
    let allow = serve(&scratch).args(["--allow", "192.0.2.0/24"]);
    let (mut caller, running) = Caller::inetd(allow);
    assert_eq!(caller.end(), "Not served\r\x1b\x04\r");
    running.wait().expect(0, "", "");
    // Not this machine, says whoever started us.
    let output = said(serve(&scratch).env("REMOTE_ADDR", "192.0.2.7"), "\r");
    output.expect_complaint(0, "Not served\r\x1b\x04\r", "?192.0.2.7: refused: ");
    let allow = serve(&scratch).args(["--allow", "192.0.2.0/24"]);
    let output = said(allow.env("REMOTE_ADDR", "192.0.2.7"), call(&[]));
    assert_eq!(output.stdout, format!("ID={WELCOME}{GOODBYE}"));
    // And no file is made for them.
    assert!(!scratch.join("spool/new").exists() || scratch.names("spool/new").is_empty());
}

#[test]
fn what_cannot_begin_says_so_to_the_client_and_to_the_log() {
    let scratch = scratch("tap-begin");
    let taken = scratch.file("taken", "");
    let empty = scratch.file("empty", "\n");
    let config = scratch.file("bad.toml", "colour = 1\n");
    let missing = scratch.join("missing");
    let central = || applet("ixo-serve").env("PAGEBOX_CONFIG", "");
    for (central, status, words) in [
        (central(), 78, "no configuration"),
        (central().arg("--spool").arg(&taken), 73, "/taken: "),
        (central().arg("--config").arg(&config), 78, "bad.toml:1: "),
        (
            serve(&scratch).arg("--password-file").arg(&empty),
            78,
            "/empty: its first line, the password, is empty",
        ),
        (
            serve(&scratch).arg("--password-file").arg(&missing),
            78,
            "/missing: No such file",
        ),
    ] {
        let output = said(central, call(&[]));
        output.expect_complaint(status, OUT_OF_SERVICE, words);
    }
    for words in [
        &["--max-pages", "0"][..],
        &["--no-login", "--password-file", "x"],
        &["--spool", "x", "--", "true"],
        &["--overflow", "split"],
        &["--tap-version", "1.7"],
    ] {
        let (mut caller, running) = Caller::inetd(applet("ixo-serve").args(words));
        assert_eq!(caller.end(), OUT_OF_SERVICE, "{words:?}");
        running.wait().expect(64, "", "");
    }
}
