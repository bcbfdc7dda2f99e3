//! What is said of a page, and what is not: secrets, and words of a central that a terminal obeys.

use std::fs::File;

use serde_json::{Value, json};

use super::{ixo_send, to};
use crate::support::scripted::play;
use crate::support::tap::transcript;
use crate::support::{Central, Fake, scratch};

#[test]
fn json_has_the_fields_of_every_sender() {
    let fake = Central::default().on_tcp();
    let run = to(&fake, &["--json", "5551212", "Server down: db01"])
        .env("IXO_PASSWORD", "secret")
        .run();
    let mut line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(line["rtt"].take().is_u64());
    let port = fake.port();
    let is = json!({
        "success": true, "host": "127.0.0.1", "port": port, "pagerId": "5551212",
        "pageResponse": null, "sendResponse": "211 Page accepted", "rtt": null,
        "outcome": "sent", "code": 211, "attempts": 1, "parts": "1/1", "tag": null, "pass": null,
        "options_refused": [], "duplicate_possible": false,
        "transcript": [
            "C: <CR>", "S: ID=", "C: <ESC>PG1****<CR>", "S: 110 1.8<CR>", "S: <ACK><CR>",
            "S: <ESC>[p<CR>", "C: <STX>5551212<CR>Server down: db01<CR><ETX>754<CR>",
            "S: 211 Page accepted<CR>", "S: <ACK><CR>", "C: <EOT><CR>", "S: 115 Bye<CR>",
            "S: <ESC><EOT><CR>",
        ],
    });
    assert_eq!(line, is);
    run.expect_status(0);
    // Errors too, and those of the command line.
    let run = to(&fake, &["--json", "--numeric", "1", "Hi"]).run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, &line["success"]), (65, &false.into()));
    assert!(line["error"].as_str().unwrap().contains("shows no letters"));
    let run = to(&fake, &["--json", "--csv", "-"])
        .stdin("id,pager,message\nx,1,Hi\n")
        .run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&line["row"], &line["id"], &line["code"]),
        (&1.into(), &"x".into(), &211.into())
    );
}

#[test]
fn the_dialogue_is_shown_with_names_and_without_the_password() {
    let fake = Central::default().on_tcp();
    let run = to(&fake, &["-v", "1", "-m", "A\nB"])
        .env("IXO_PASSWORD", "secret")
        .run();
    run.expect_complaint(
        0,
        "1 sent 211 Page accepted\n",
        "  C: <STX>1<CR>A<SUB>JB<CR><ETX>",
    );
    // How long each step took stands in front of it.
    let (time, _) = run.stderr.split_once("  C: <CR>\n").unwrap();
    let time = time.rsplit('\n').next().unwrap();
    assert!(time.trim().parse::<f64>().is_ok(), "{time}");
    assert!(run.stderr.contains("  C: <ESC>PG1****<CR>\n"), "{run:?}");
    // One that comes back does not show either, whole or in pieces of a text.
    let echoing =
        Central::logons(&["<ESC>PG1secret<CR>110 1.8<CR>Hello secret!<CR><ACK><CR><ESC>[p<CR>"]);
    let refusing = Central::logons(&["<ESC>PG1secret<CR>509 Bad password secret<CR><NAK><CR>"]);
    for (central, status) in [(echoing, 0), (refusing, 77)] {
        let fake = central.on_tcp();
        for flag in ["-v", "--json"] {
            let run = to(&fake, &[flag, "1", "Hi"])
                .env("IXO_PASSWORD", "secret")
                .run();
            run.expect_status(status);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(!told.contains("secret"), "{told}");
            assert!(told.contains("***"), "{told}");
        }
        let csv = "pager,message\n1,Hi\n";
        let run = to(&fake, &["--csv", "-"])
            .stdin(csv)
            .env("IXO_PASSWORD", "secret")
            .run();
        assert!(
            !run.stdout.contains("secret") && !run.stderr.contains("secret"),
            "{run:?}"
        );
        let run = to(&fake, &["--probe"]).env("IXO_PASSWORD", "secret").run();
        assert!(
            !run.stdout.contains("secret") && !run.stderr.contains("secret"),
            "{run:?}"
        );
    }
    let fake = play(transcript("x13"));
    let run = to(&fake, &["-v", "5550000", "Hi"]).run();
    run.expect_complaint(0, "5550000 sent 211 OK\n", "S: <ETX>22?<CR>\n");
}

#[test]
fn quiet_is_silent() {
    let fake = Central::verdicts(&["512 Later<CR><RS><CR>"]).on_tcp();
    to(&fake, &["-q", "1", "Hi"]).run().expect(75, "", "");
    to(&fake, &["-q", "1,2", "Hé"]).run().expect(0, "", "");
    to(&fake, &["-q", "--json", "1", "Hi"])
        .run()
        .expect(0, "", "");
    let run = to(&fake, &["-q", "--csv", "-"])
        .stdin("pager,message\n,x\n")
        .run();
    run.expect(65, "", "");
    to(&fake, &["-q", "--probe"]).run().expect(0, "", "");
}

#[test]
fn a_dry_run_of_rows_checks_each_and_calls_nobody() {
    let fake = Central::default().on_tcp();
    let scratch = scratch("ixo-send-dry");
    let journal = scratch.join("journal");
    let csv = "pager,message\n1,Hi\n2,\n";
    let run = to(&fake, &["--dry-run", "--csv", "-", "--journal"])
        .arg(&journal)
        .stdin(csv)
        .run();
    run.expect_status(65);
    let fates = crate::bulk::outcomes(&run);
    assert_eq!(fates, ["1:untried", "2:refused"]);
    assert!(!journal.exists());
    let run = ixo_send(&[
        "--dry-run",
        "--json",
        "--password-file",
        "/nowhere",
        "1,2",
        "Hi",
    ])
    .run();
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1]["transcript"],
        json!(["C: <STX>2<CR>Hi<CR><ETX>102<CR>"])
    );
    assert_eq!((run.status, &lines[0]["outcome"]), (0, &"untried".into()));
    assert_eq!(fake.connections(), 0);
}

/// Colours, titles, bells, and C1 controls, whose eighth bit a line may add.
const TRICKS: &[u8] = b"\x1b[31m\x1b]0;owned\x07\x08\x7f\x9b2J\xc2\x9b1m";

#[test]
fn what_a_central_says_is_never_raw_on_a_terminal() {
    let fake = Fake::lockstep(|client| {
        client.hear_through(b"\r");
        client.say([TRICKS, b"\rID="].concat());
        client.hear_through(b"\r");
        client.say([b"114 ", TRICKS, b"\r\x06\r\x1b[p\r"].concat());
        while let Some(line) = client.hear_through(b"\r") {
            match line.as_bytes() {
                [0x04] => return client.say([TRICKS, b"\r\x1b\x04\r"].concat()),
                [0x03, ..] => client.say([b"511 ", TRICKS, b"\r\x1e\r"].concat()),
                _ => {}
            }
        }
    });
    let csv = "pager,message\n1,Hi\n";
    for words in [
        &["1", "Hi"][..],
        &["-v", "1,2", "Hi"],
        &["--json", "1", "Hi"],
        &["--csv", "-"],
        &["--json", "--csv", "-"],
        &["--probe", "-v"],
        &["--probe", "--json"],
        &["--probe", "--nagios"],
    ] {
        let run = to(&fake, words).stdin(csv).run();
        let status = if words[0] == "--probe" { 0 } else { 67 };
        run.expect_status(status);
        let told = format!("{}{}", run.stdout, run.stderr);
        let raw = told.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "{words:?}: {told:?}");
        assert!(!told.contains('\u{fffd}'), "{words:?}: {told:?}");
    }
}

#[test]
fn output_that_goes_nowhere_changes_no_fate() {
    let fake = Central::default().on_tcp();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (words, unread) in [
        (&["-v", "1", "Hi"][..], 0),
        (&["--json", "1", "Hi"], 0),
        // Here nobody would ever hear what became of a page.
        (&["--csv", "-"], 75),
    ] {
        let csv = "pager,message\n1,Hi\n2,Hi\n";
        let run = to(&fake, words).stdin(csv).stdout_to(full()).run();
        run.expect_complaint(0, "", "standard output: No space left on device");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        to(&fake, words)
            .stdin(csv)
            .stdout_to(writer)
            .run()
            .expect_status(unread);
    }
    // Rows whose results find no room go out nevertheless.
    let calls = crate::support::scripted::said(&fake);
    assert_eq!((calls.len(), calls[4].matches("<STX>").count()), (5, 2));
    let run = to(&fake, &["--csv", "-"])
        .stdin("pager,message\n1,Hi\n")
        .stderr_to(full())
        .run();
    run.expect_status(0);
}
