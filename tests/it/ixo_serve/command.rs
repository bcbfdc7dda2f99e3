//! `ixo-serve -- COMMAND`: what becomes of its status, and what a client hears while it runs.

use std::fs::File;
use std::io::Write;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use super::{ACCEPTED, Caller, GOODBYE, LATER, block, call, heard, said};
use crate::support::peers::{net_snpp_server, skip_unless};
use crate::support::{Cmd, Scratch, applet, eventually, scratch};

const WAIT: &str = "111 Processing, please wait\r";
const UNCERTAIN: &str = "515 Outcome unknown, may have been delivered\r\x1e\r";

/// A central whose command is a shell script; `$0` is the test's directory.
fn shell(scratch: &Scratch, options: &[&str], script: &str) -> Cmd {
    applet("ixo-serve")
        .args(options)
        .args(["--", "sh", "-c", script])
        .arg(scratch)
}

/// What a command waits for: it reads a line from the FIFO `gate` of the test's directory.
struct Gate(File);

impl Gate {
    fn new(scratch: &Scratch) -> Self {
        let path = scratch.join("gate");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        // Opened for both, it waits for nobody.
        Self(File::options().read(true).write(true).open(path).unwrap())
    }

    fn open(&mut self) {
        self.0.write_all(b"\n").unwrap();
    }
}

/// Counts its runs, and waits at the gate in each.
const COUNT: &str = r#"echo run >>"$0/runs"; read -r go <"$0/gate""#;

fn runs(scratch: &Scratch) -> usize {
    let runs = std::fs::read_to_string(scratch.join("runs"));
    runs.map_or(0, |runs| runs.lines().count())
}

#[test]
fn a_status_is_a_verdict() {
    let scratch = scratch("tap-status");
    for (status, reply) in [
        (0, ACCEPTED),
        (75, LATER),
        (71, LATER),
        (67, "511 Invalid pager ID\r\x1e\r"),
        (79, UNCERTAIN),
        (137, UNCERTAIN),
        (1, "515 Message refused\r\x1e\r"),
        (69, "515 Message refused\r\x1e\r"),
    ] {
        let central = shell(&scratch, &[], &format!("exit {status}"));
        let output = said(central, call(&[block("1", "x"), block("2", "y")]));
        assert_eq!(output.stdout, heard(&[reply, reply]), "{status}");
        output.expect_status(0);
    }
    let output = said(
        applet("ixo-serve").args(["--", "/nowhere/command"]),
        call(&[block("1", "x")]),
    );
    assert_eq!(output.stdout, heard(&[LATER]));
}

#[test]
fn a_command_sees_the_page() {
    let scratch = scratch("tap-envelope");
    let script = r#"env >"$0/env"; cat >"$0/message""#;
    let central = shell(&scratch, &[], script)
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("PAGEBOX_CALLER", "forged");
    let output = said(central, call(&[block("5551212", "Disk\rfull")]));
    assert_eq!(output.stdout, heard(&[ACCEPTED]));
    assert_eq!(scratch.read("message"), "Disk\nfull");
    let env = scratch.read("env");
    let mut ours: Vec<&str> = env
        .lines()
        .filter(|line| line.starts_with("PAGEBOX_"))
        .collect();
    ours.sort_unstable();
    let ours: Vec<&str> = ours
        .into_iter()
        .filter(|line| !line.starts_with("PAGEBOX_ID="))
        .collect();
    assert_eq!(ours, ["PAGEBOX_PAGER=5551212", "PAGEBOX_PEER=?127.0.0.1"]);
}

#[test]
fn who_waits_for_a_command_is_told_so_and_a_block_sent_again_runs_nothing() {
    let scratch = scratch("tap-wait");
    let mut gate = Gate::new(&scratch);
    let (mut caller, central) = Caller::inetd(shell(&scratch, &[], COUNT));
    caller.log_on();
    let page = block("1", "x");
    caller.say(&page);
    caller.hear(WAIT);
    // Now the client has lost its patience, twice, and once the line spoilt a byte.
    caller.say(&page);
    caller.say(page.replace('x', "y"));
    caller.hear(WAIT);
    caller.say(&page);
    gate.open();
    caller.hear(ACCEPTED);
    // What comes now was written with the verdict in hand.
    gate.open();
    caller.ask(&page, ACCEPTED);
    caller.ask("\x04\r", GOODBYE);
    assert_eq!(caller.rest(), "");
    assert_eq!(runs(&scratch), 2);
    central.wait().expect_status(0);
}

#[test]
fn sixty_copies_of_a_block_run_a_command_once() {
    let scratch = scratch("tap-copies");
    let mut gate = Gate::new(&scratch);
    let (mut caller, central) = Caller::inetd(shell(&scratch, &[], COUNT));
    caller.log_on();
    let page = block("1", &"m".repeat(230));
    caller.say(&page);
    eventually("the command runs", || runs(&scratch) == 1);
    caller.say(page.repeat(60));
    gate.open();
    // Whatever runs again must not wait.
    gate.open();
    caller.hear(ACCEPTED);
    caller.ask("\x04\r", GOODBYE);
    assert_eq!(caller.rest(), "");
    assert_eq!(runs(&scratch), 1);
    central.wait().expect_status(0);
}

#[test]
fn a_central_of_old_has_its_own_words_for_waiting() {
    let scratch = scratch("tap-wait-old");
    let mut gate = Gate::new(&scratch);
    let (mut caller, central) = Caller::inetd(shell(&scratch, &["--tap-version", "none"], COUNT));
    caller.ask("\x1bPG1\r", "\r\x06\r\x1b[p\r");
    caller.ask(block("1", "x"), "Processing - Please Wait\r");
    gate.open();
    caller.hear("\r\x06\r");
    assert_eq!(caller.rest(), "");
    central.wait().expect_status(0);
}

#[test]
fn a_command_that_takes_too_long_is_stopped_and_nobody_knows() {
    let scratch = scratch("tap-slow");
    let _gate = Gate::new(&scratch);
    let (mut caller, central) =
        Caller::inetd(shell(&scratch, &["--command-timeout", "200ms"], COUNT));
    caller.log_on();
    caller.ask(block("1", "x"), UNCERTAIN);
    // The session is not hurt, and its time did not count.
    caller.ask("\x04\r", GOODBYE);
    assert_eq!(caller.rest(), "");
    central.wait().expect_status(0);
    let (mut caller, central) = Caller::inetd(shell(
        &scratch,
        &["--command-timeout", "3s", "--session-timeout", "2s"],
        COUNT,
    ));
    caller.ask("\x1bPG1\r", super::WELCOME);
    caller.ask(block("1", "x"), UNCERTAIN);
    caller.ask("\x04\r", GOODBYE);
    assert_eq!(caller.rest(), "");
    central.wait().expect_status(0);
}

#[test]
fn a_page_under_way_is_answered_before_a_signal_is_obeyed() {
    let scratch = scratch("tap-term");
    let mut gate = Gate::new(&scratch);
    let (mut caller, central) = Caller::inetd(shell(&scratch, &[], COUNT));
    caller.log_on();
    caller.say(block("1", "x"));
    eventually("the command runs", || runs(&scratch) == 1);
    caller.say(block("2", "y"));
    let pid = i32::try_from(central.pid()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    gate.open();
    caller.hear(ACCEPTED);
    // The page behind it is not begun.
    assert_eq!(caller.end(), "\x1b\x04\r");
    drop(caller);
    assert_eq!(runs(&scratch), 1);
    central.wait().expect_status(0);
}

#[test]
fn a_killed_central_has_said_nothing_that_is_not_so() {
    let scratch = scratch("tap-killed");
    let _gate = Gate::new(&scratch);
    let (mut caller, mut central) = Caller::inetd(shell(&scratch, &[], COUNT));
    caller.log_on();
    caller.say(block("1", "x"));
    eventually("the command runs", || runs(&scratch) == 1);
    central.kill();
    assert_eq!(caller.end(), "");
    eventually("it is gone", || central.has_ended());
}

#[test]
fn a_client_that_does_not_listen_holds_up_nothing() {
    let scratch = scratch("tap-deaf");
    let (mut caller, central) = Caller::inetd(shell(&scratch, &[], "echo run >>\"$0/runs\""));
    caller.say(call(&[block("1", "x")]));
    drop(caller);
    eventually("the page is out", || runs(&scratch) == 1);
    central.wait().expect_status(0);
}

#[test]
fn a_relay_tells_what_the_far_gateway_says() {
    skip_unless!("perl", "Net::SNPP::Server");
    let gateway = net_snpp_server();
    let central =
        applet("ixo-serve").args(["--", "snpp-send", "--envelope", "-s", &gateway.addr()]);
    let output = said(
        central,
        call(&[block("5551212", "relayed"), block("5551213", "")]),
    );
    output.expect_status(0);
    assert!(
        output
            .stdout
            .starts_with(&format!("ID=110 1.8\r\x06\r\x1b[p\r{ACCEPTED}")),
        "{}",
        output.stdout
    );
    eventually("it is delivered", || !gateway.pages().is_empty());
    let pages = gateway.pages();
    assert_eq!(
        (&*pages[0].pager, pages[0].text.trim_end()),
        ("5551212", "relayed")
    );
}
