//! Rows of a CSV, and what a journal makes of a run that was interrupted.

use std::fs;

use serde_json::Value;

use super::{ixo_send, served, to};
use crate::bulk::{closed, outcomes, results};
use crate::support::scripted::{ACCEPTED, LOST, SILENCE, said};
use crate::support::{Central, Page, eventually, scratch, spooled};

#[test]
fn each_row_has_a_result() {
    let verdicts = [
        "211 OK<CR><ACK><CR>",
        "511 Nobody<CR><RS><CR>",
        "213 Held<CR><ACK><CR>",
    ];
    let fake = Central::verdicts(&verdicts).on_tcp();
    let csv = "id,pager,message\na,1,one\nb,2,two\nc,3,\"three, \"\"3\"\"\"\n";
    let run = to(&fake, &["--csv", "-"]).stdin(csv).run();
    run.expect_status(67);
    assert_eq!(outcomes(&run), ["1:sent", "2:refused", "3:queued"]);
    let rows = results(&run);
    for (column, value) in [
        ("row", "2"),
        ("id", "b"),
        ("pager", "2"),
        ("code", "511"),
        ("response", "Nobody"),
        ("server", &fake.addr()),
        ("attempts", "1"),
        ("parts", "0/1"),
        ("tag", ""),
    ] {
        assert_eq!(rows[1][column], value, "{column}");
    }
    let told = format!("ixo-send: row 2: {}: 511 Nobody (pager 2)\n", fake.addr());
    assert_eq!(run.stderr, told);
    assert!(said(&fake)[0].contains("<STX>3<CR>three, \"3\"<CR><ETX>"));
}

#[test]
fn a_bad_row_is_named_and_the_others_go() {
    let scratch = scratch("ixo-send-rows");
    let central = served(&format!("--spool {}", scratch.join("spool").display()));
    let csv = "\u{feff}pager;message;id\n1;a;x\n5.55E+09;b;\n;c;\n2;;\n3;d;;\n4;\"a\rb\";\n\
               Zoë;e;\n5;\"two\nlines\";y\n6;never \"closed;\n7;\"open\n";
    let run = ixo_send(&[&central, "--delimiter", ";", "--csv", "-"])
        .stdin(csv)
        .run();
    let is: Vec<String> = outcomes(&run)
        .iter()
        .map(|fate| fate.replace(":refused", ""))
        .collect();
    assert_eq!(
        is,
        [
            "1:sent", "2", "3", "4", "5", "6", "7", "8:sent", "9:sent", "10"
        ]
    );
    run.expect_status(65);
    let rows = results(&run);
    for (row, text) in [
        (2, "line 3: "),
        (2, "5.55E+09"),
        (4, "line 5: the message is empty"),
        (5, "line 6: 4 fields instead of 3"),
        (6, "line 7: the message has a bare CR"),
        (7, "line 8: "),
        (10, "line 12 is never closed"),
    ] {
        let is = &rows[row - 1]["response"];
        assert!(is.contains(text), "{row}: {is}");
    }
    assert_eq!(rows[7]["id"], "y");
    let mut pages: Vec<Page> = spooled::accepted(&scratch.join("spool"))
        .into_iter()
        .map(|(_, page)| page)
        .collect();
    pages.sort();
    let expected = [("1", "a"), ("5", "two\nlines"), ("6", "never \"closed")];
    assert_eq!(
        pages,
        expected.map(|(pager, text)| Page::new(&[pager], text))
    );
    for (header, text) in [
        ("pager,message,color\n", "unknown column \"color\""),
        ("pager\n", "no column \"message\""),
        ("message\n", "no column \"pager\""),
        ("", "there is no header row"),
    ] {
        let run = ixo_send(&[&central, "--csv", "-"]).stdin(header).run();
        run.expect_complaint(65, "", text);
    }
    ixo_send(&[&central, "--csv", "/nowhere.csv"])
        .run()
        .expect_status(66);
    // Pages without a text need no such column.
    let run = ixo_send(&[&central, "--tone", "--csv", "-"])
        .stdin("pager\n1\n")
        .run();
    run.expect_status(0);
}

#[test]
fn an_option_that_tap_has_no_words_for_stops_the_page_or_is_left_out() {
    let fake = Central::default().on_tcp();
    let csv = "pager,message,hold,coverage,expire,pin,level,alert,caller,subject\n\
               1,a,2h,,,,,,,\n2,a,,N,,,,,,\n3,a,,,3h,,,,,\n4,a,,,,0042,,,,\n5,a,,,,,1,1,me,it\n6,a,,,,,,,,\n";
    let run = to(&fake, &["--json", "--csv", "-"]).stdin(csv).run();
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (line, text) in lines
        .iter()
        .zip(["hold it until later", "coverage", "expire", "PIN"])
    {
        let error = line["error"].as_str().unwrap();
        assert!(
            error.contains("TAP cannot") && error.contains(text),
            "{line}"
        );
        assert_eq!(
            (&line["outcome"], &line["attempts"]),
            (&"refused".into(), &0.into())
        );
    }
    // As for one page alone.
    run.expect_status(69);
    assert_eq!(lines[4]["outcome"], "sent");
    let left_out = serde_json::json!(["level", "alert", "caller", "subject"]);
    assert_eq!(lines[4]["options_refused"], left_out);
    assert_eq!(lines[5]["options_refused"], serde_json::json!([]));
    let text = "row 5: TAP has no words for level, alert, caller, subject: the page goes without";
    assert!(run.stderr.contains(text), "{run:?}");
    assert!(!run.stderr.contains("0042") && !run.stdout.contains("0042"));
    let call = &said(&fake)[0];
    assert_eq!(call.matches("<STX>").count(), 2, "{call}");
}

#[test]
fn a_verdict_that_is_taken_back_is_told_again() {
    let central = Central {
        farewell: "513 Too long<CR><RS><CR><ESC><EOT><CR>",
        ..Central::default()
    };
    let scratch = scratch("ixo-send-back");
    let journal = scratch.join("journal").display().to_string();
    let (fake, csv) = (central.on_tcp(), "pager,message\n1,a\n2,b\n");
    let flags = ["--journal", &journal, "--csv", "-"];
    let run = to(&fake, &flags).stdin(csv).run();
    run.expect_status(79);
    assert_eq!(
        outcomes(&run),
        ["1:sent", "2:sent", "1:unknown", "2:unknown"]
    );
    // The journal has the last word; it is not sent again unasked.
    let run = to(&fake, &flags).stdin(csv).run();
    assert_eq!(outcomes(&run), ["1:unknown", "2:unknown"]);
    assert_eq!(fake.connections(), 1);
    // The call in which it happened is that of all its pages, and of no other.
    let fake = Central {
        farewell: "513 Too long<CR><RS><CR><ESC><EOT><CR>",
        ..Central::default()
    };
    let run = to(&fake.on_tcp(), &["--pages-per-call", "1", "--csv", "-"])
        .stdin(csv)
        .run();
    assert_eq!(outcomes(&run), ["1:unknown", "2:unknown"]);
}

#[test]
fn a_journal_makes_a_run_resumable() {
    let scratch = scratch("ixo-send-journal");
    let journal = scratch.join("journal").display().to_string();
    let csv = "pager,message\n1,a\n2,b\n3,c\n4,d\n";
    let flags = ["--journal", &journal, "--csv", "-"];
    let later = "512 Later<CR><RS><CR>";
    let fake = Central::verdicts(&[ACCEPTED, later, "511 Nobody<CR><RS><CR>", LOST]).on_tcp();
    let run = to(&fake, &flags).stdin(csv).run();
    run.expect_status(79);
    assert_eq!(
        outcomes(&run),
        ["1:sent", "2:temporary", "3:refused", "4:unknown"]
    );
    assert!(!fs::read_to_string(&journal).unwrap().contains(",a"));
    let run = to(&fake, &flags).stdin(csv).run();
    run.expect_status(79);
    assert_eq!(
        outcomes(&run),
        ["1:sent", "2:sent", "3:refused", "4:unknown"]
    );
    let calls = said(&fake);
    assert_eq!(calls[1].matches("<STX>").count(), 1, "{calls:?}");
    // Who wants to risk a second one gets it, and is told.
    let run = to(&fake, &flags)
        .args(["--retry-unknown", "--json"])
        .stdin(csv)
        .run();
    run.expect_status(67);
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["outcome"], &last["duplicate_possible"]),
        (&"sent".into(), &true.into())
    );
    assert_eq!(run.stderr.matches("it may arrive twice").count(), 1);
    // Another destination, or other rows, are not this run.
    let other = Central::default().on_tcp();
    to(&other, &flags).stdin(csv).run().expect_status(65);
    let run = to(&fake, &flags).stdin(csv.replace(",d", ",e")).run();
    assert_eq!(results(&run)[3]["outcome"], "refused");
    assert_eq!(other.connections(), 0);
}

#[test]
fn what_was_in_flight_when_a_run_was_killed_is_unknown() {
    let scratch = scratch("ixo-send-killed");
    let journal = scratch.join("journal").display().to_string();
    let csv = "pager,message\n1,a\n2,b\n3,c\n";
    let flags = ["--journal", &journal, "--csv", "-"];
    let fake = Central::verdicts(&[ACCEPTED, SILENCE]).on_tcp();
    let mut run = to(&fake, &flags).stdin(csv).spawn();
    fake.wait_for("\u{2}2");
    eventually("the second is out", || fake.heard_so_far().len() == 8);
    // Held by one, it is no other's.
    to(&fake, &flags)
        .stdin(csv)
        .run()
        .expect_complaint(75, "", "journal");
    run.kill();
    drop(run);
    let run = to(&fake, &flags).stdin(csv).run();
    run.expect_status(79);
    assert_eq!(outcomes(&run), ["1:sent", "2:unknown", "3:sent"]);
}

#[test]
fn what_is_safe_to_try_again_is_tried_again() {
    let brief = ["--json", "--retry", "2", "--retry-delay", "10ms", "1", "Hi"];
    let later = "512 Later<CR><RS><CR>";
    for (verdicts, status, attempts) in [
        (&[later, later][..], 0, 3),
        (&[later, later, later], 75, 3),
        (&["511 Nobody<CR><RS><CR>"], 67, 1),
        (&[LOST], 79, 1),
    ] {
        let fake = Central::verdicts(verdicts).on_tcp();
        let run = to(&fake, &brief).run();
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, line["attempts"].as_u64()),
            (status, Some(attempts)),
            "{run:?}"
        );
        // Each try is a call of its own.
        assert_eq!(fake.connections(), usize::try_from(attempts).unwrap());
    }
    let fake = Central::verdicts(&[LOST]).on_tcp();
    let run = to(&fake, &brief).arg("--retry-unknown").run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&line["outcome"], &line["duplicate_possible"]),
        (&"sent".into(), &true.into())
    );
    assert!(run.stderr.contains("it may arrive twice"), "{run:?}");
    let nobody = closed();
    let run = ixo_send(&["--connect", &nobody]).args(brief).run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, &line["attempts"]), (75, &3.into()));
    assert_eq!(line["outcome"], "untried");
}

#[test]
fn an_engaged_number_is_no_try() {
    let line = Central {
        dialled: vec!["BUSY", "NO CARRIER"],
        ..Central::default()
    }
    .on_line();
    let path = line.path().to_str().unwrap();
    let run = ixo_send(&["--json", "--device", path, "--dial", "555-1234"])
        .args(["--retry", "2", "--retry-delay", "10ms", "1", "Hi"])
        .run();
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, &json["attempts"]), (0, &2.into()), "{run:?}");
    let heard = line.heard();
    assert_eq!(heard.matches("ATDT555-1234<CR>").count(), 3, "{heard}");
    assert!(
        heard.starts_with("ATZ<CR>") || heard.contains("<CR>ATZ<CR>"),
        "{heard}"
    );
    // The line is hung up in the modem's words: a pseudo terminal has no DTR.
    assert!(heard.ends_with("<EOT><CR>+++ATH0<CR>"), "{heard}");
}

#[test]
fn several_connections_share_the_rows() {
    let fake = Central::default().on_tcp();
    let rows: Vec<String> = (1..=20).map(|row| format!("{row},Hi")).collect();
    let csv = format!("pager,message\n{}\n", rows.join("\n"));
    let run = to(&fake, &["--jobs", "4", "--csv", "-"]).stdin(csv).run();
    run.expect_status(0);
    let mut numbers: Vec<u64> = results(&run)
        .iter()
        .map(|row| row["row"].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert!((1..=4).contains(&fake.connections()));
    assert_eq!(said(&fake).concat().matches("<STX>").count(), 20);
    let run = ixo_send(&["--device", "/dev/null", "--jobs", "2", "--csv", "-"]).run();
    run.expect_complaint(64, "", "a serial line carries one call at a time");
}
