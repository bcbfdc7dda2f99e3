//! `ixo-send`: one command line, the calls that it makes, and what is said of
//! them.

mod bulk;
mod calls;
mod days;
mod line;
mod logon;
mod probe;
mod relay;
mod reports;
mod text;
mod verdicts;

use crate::support::central::{self, OnLine};
use crate::support::kit::link;
use crate::support::{Cmd, Fake, applet};

fn ixo_send(words: &[&str]) -> Cmd {
    applet("ixo-send").args(words)
}

/// The flag that makes our own central the far end of the line.
fn served(words: &str) -> String {
    format!("--proxy-command={} {words}", link("ixo-serve").display())
}

/// Sends to a central over TCP.
fn to(fake: &Fake, words: &[&str]) -> Cmd {
    ixo_send(&["--connect", &fake.addr()]).args(words)
}

#[test]
fn a_page_that_is_taken_is_silent() {
    let central = central::on_tcp();
    ixo_send(&["--connect", &central.addr(), "555-1212", "Disk full"])
        .run()
        .expect(0, "", "");
    let said = b"\r\x1bPG1\r\x025551212\rDisk full\r\x034>2\r\x04\r";
    assert_eq!(central.raw(), [said.to_vec()]);
}

#[test]
fn one_serial_line_carries_call_after_call() {
    let line = OnLine::new();
    let path = line.path().to_str().unwrap();
    let one = ["--device", path, "--pages-per-call", "1", "1,2", "Hi"];
    let told = "1 sent 211 Page accepted\n2 sent 211 Page accepted\n";
    ixo_send(&one).run().expect(0, told, "");
    let refused = format!("ixo-send: {path}: 512 Cannot deliver now, try later (pager busy)\n");
    ixo_send(&["--device", path, "busy", "Hi"])
        .run()
        .expect(75, "", &refused);
}

#[test]
fn a_wrong_command_line_is_64() {
    for (words, text) in [
        (&["5551212", "Hi"][..], "no line: give --device, --connect"),
        (&["--probe"], "no line: give --device, --connect"),
        (&["--connect", "localhost", "5551212", "Hi"], "has no port"),
        (
            &["--device", "x", "--connect", "localhost:1", "1", "Hi"],
            "cannot be used with",
        ),
        (
            &["--device", "x", "--proxy-command", "y", "1", "Hi"],
            "one line only",
        ),
        (&["--device", "x", "--telnet", "1", "Hi"], "cannot be used"),
        (&["--telnet", "1", "Hi"], "need --connect"),
        (
            &["--proxy-command", "nc %h %p", "1", "Hi"],
            "%h and %p are those of --connect",
        ),
        (
            &["--device", "x", "--csv", "-", "--jobs", "2"],
            "one call at a time",
        ),
        (
            &["--device", "x", "--jobs", "2", "1", "Hi"],
            "goes with --csv only",
        ),
        (&["--device", "x", "--init", "ATZ", "1", "Hi"], "--dial"),
        (
            &["--device", "x", "--probe", "--dry-run"],
            "leave out --dry-run",
        ),
        (&["--device", "x", "-w", "1s", "1", "Hi"], "--probe"),
        (&["--device", "x", "--probe", "5551212"], "--probe"),
        (&["--device", "x"], "required"),
        (&["--device", "x", "--tone", "1", "Hi"], "--tone"),
    ] {
        let run = ixo_send(words).run();
        let complains = run.stderr.contains(text);
        assert!(complains && run.stdout.is_empty(), "{words:?}: {run:?}");
        assert_eq!(run.status, 64, "{words:?}: {run:?}");
    }
}

#[test]
fn a_monitoring_system_never_pages() {
    let central = central::on_tcp();
    let told = "TAP UNKNOWN - --nagios goes with --probe only\n";
    ixo_send(&["--nagios", "--connect", &central.addr(), "1", "Hi"])
        .run()
        .expect(3, told, "");
    assert_eq!(central.connections(), 0);
}

#[test]
fn numbers_and_words_of_the_line_are_checked() {
    for words in [
        &["--baud", "0"][..],
        &["--baud", "4000001"],
        &["--framing", "8e1"],
        &["--pages-per-call", "0"],
        &["--id-timeout", "0"],
        &["--id-timeout", "25h"],
        &["--service", ""],
        &["--service", "P G1"],
        &["--dial", "nobody"],
        &["--dial", "555;"],
        &["--dial", ""],
        &["--dial", "1", "--init", "AT\r"],
        &["--dial-command", "ATDé"],
        &["--escape", "maybe"],
        &["--window", "0"],
    ] {
        let run = ixo_send(words).args(["--device", "x", "1", "Hi"]).run();
        assert!(run.stderr.contains(words[0]) || run.stderr.contains(words[words.len() - 2]));
        assert_eq!((run.status, &*run.stdout), (64, ""), "{words:?}: {run:?}");
    }
}

#[test]
fn what_no_block_can_carry_is_65_and_calls_nobody() {
    let central = central::on_tcp();
    let long = "x".repeat(242);
    for (words, text) in [
        (&["1", "-m", ""][..], "the message is empty"),
        (&["1", "-m", " \n"], "the message is empty"),
        (&["1", "-m", "a\rb"], "bare CR"),
        (&["5551212", &long], "242"),
        (&["--numeric", "1", "Call me"], "shows no letters"),
        (&["Zoë", "Hi"], "pager IDs of ASCII"),
        (&["5.55E+09", "Hi"], "5.55E+09"),
        (&["", "Hi"], "pager"),
        (
            &["--max-parts", "1", "--overflow", "split", "1", &long, &long],
            "parts",
        ),
    ] {
        let run = ixo_send(&["--connect", &central.addr()]).args(words).run();
        assert!(run.stderr.contains(text), "{words:?}: {run:?}");
        assert_eq!((run.status, &*run.stdout), (65, ""), "{words:?}: {run:?}");
    }
    assert_eq!(central.connections(), 0);
}

#[test]
fn a_dry_run_says_the_blocks_and_calls_nobody() {
    for (words, told) in [
        (
            &["5551212", "Server down: db01"][..],
            "C: <STX>5551212<CR>Server down: db01<CR><ETX>754<CR>\n",
        ),
        (
            &["5551212", "-m", "A\nB"],
            "C: <STX>5551212<CR>A<SUB>JB<CR><ETX>26;<CR>\n",
        ),
        (
            &["--escape", "off", "5551212", "-m", "A\nB"],
            "C: <STX>5551212<CR>A B<CR><ETX>227<CR>\n",
        ),
        (
            &["--tone", "5551212"],
            "C: <STX>5551212<CR><CR><ETX>184<CR>\n",
        ),
        (
            &["--multiblock", "5551212", "-m", "LINE ONE\nLINE TWO"],
            "C: <STX>5551212<CR>LINE ONE<CR>LINE TWO<CR><ETX>5?=<CR>\n",
        ),
        (
            &["123,1", "ABC"],
            "C: <STX>123<CR>ABC<CR><ETX>17;<CR>\nC: <STX>1<CR>ABC<CR><ETX>116<CR>\n",
        ),
    ] {
        ixo_send(&["--dry-run"])
            .args(words)
            .run()
            .expect(0, told, "");
    }
}
