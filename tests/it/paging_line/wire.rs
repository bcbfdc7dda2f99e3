//! Two serial lines and a null modem between them.

use std::time::Duration;

use rustix::process::Signal;

use super::{central_at, expect_spooled, told};
use crate::support::{Cmd, NullModem, applet, scratch, spooled};

fn send(wire: &NullModem, words: &[&str]) -> Cmd {
    applet("ixo-send")
        .args(["--json", "--device"])
        .arg(wire.path(0))
        .args(words)
}

#[test]
fn call_after_call_goes_over_a_wire() {
    for framing in ["7e1", "8n1-even"] {
        let scratch = scratch("wire");
        let spool = scratch.join("spool");
        let wire = NullModem::new();
        let mut central = central_at(&wire, &["--framing", framing], &spool);
        for pager in ["1", "2", "3"] {
            let output = send(&wire, &["--framing", framing, pager, "Disk\nfull"]).run();
            output.expect(0, &output.stdout, "");
            assert_eq!(told(&output).0, "sent");
            // Nobody waits for a CR to be repeated.
            assert!(output.took < Duration::from_secs(2), "{:?}", output.took);
        }
        let text = "Disk\nfull";
        expect_spooled(&spool, &[("1", text), ("2", text), ("3", text)]);
        assert!(!central.running().has_ended());
    }
}

#[test]
fn a_call_that_is_given_up_does_not_spoil_the_next() {
    let scratch = scratch("wire-given-up");
    let spool = scratch.join("spool");
    let wire = NullModem::new();
    let _central = central_at(&wire, &[], &spool);
    let mut first = send(&wire, &["--csv", "-"]).stdin_open().spawn();
    first.write("pager,message\n1,Disk full\n");
    first.wait_for_stdout("\"outcome\":\"sent\"");
    first.signal(Signal::TERM);
    first.wait().expect_status(128 + Signal::TERM.as_raw());
    let output = send(&wire, &["2", "Disk full"]).run();
    output.expect(0, &output.stdout, "");
    assert_eq!(told(&output).0, "sent");
    assert!(output.took < Duration::from_secs(2), "{:?}", output.took);
    expect_spooled(&spool, &[("1", "Disk full"), ("2", "Disk full")]);
}

#[test]
fn a_wire_that_is_pulled_out_in_a_call_is_not_waited_for() {
    let scratch = scratch("wire-unplugged");
    let spool = scratch.join("spool");
    let wire = NullModem::new();
    let central = central_at(&wire, &[], &spool);
    let mut sending = send(&wire, &["--csv", "-"]).stdin_open().spawn();
    sending.write("pager,message\n1,Disk full\n");
    sending.wait_for_stdout("\"outcome\":\"sent\"");
    drop(wire);
    sending.write("2,Disk full\n");
    let output = sending.wait();
    // One is out, the other may be tried again.
    output.expect_status(79);
    assert!(
        output.stdout.contains("\"outcome\":\"untried\""),
        "{}",
        output.stdout
    );
    // Its unit starts it again.
    central.wait().expect_status(75);
    assert_eq!(spooled::accepted(&spool).len(), 1);
}

#[test]
fn a_line_that_somebody_has_is_left_to_them() {
    let scratch = scratch("wire-locked");
    let wire = NullModem::new();
    let mut central = central_at(&wire, &[], &scratch.join("spool"));
    // The same line from the wrong end.
    let output = applet("ixo-send")
        .args(["--json", "--device"])
        .arg(wire.path(1))
        .args(["1", "Disk full"])
        .run();
    output.expect_status(75);
    let (outcome, attempts, why) = told(&output);
    assert_eq!((&*outcome, attempts), ("untried", 0));
    let holder = format!("in use by process {}", central.running().pid());
    assert!(why.contains(&holder), "{why}");
}
