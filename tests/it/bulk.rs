//! The CSV contract, and what a journal makes of a run that was interrupted.

mod reader;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Barrier, Mutex, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::page::wait_until_signals_are_noted;
use crate::support::fake::{Conversation, HANG_UP, RESET, SILENCE, polite};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Fake, Output, Tmpfs, applet, eventually, scratch};

const HEADER: &str = "row,id,pager,outcome,code,response,server,attempts,parts,tag,rtt_ms";

pub(crate) fn bulk(fake: &Fake) -> Cmd {
    applet("snpp-send").args(["-s", &fake.addr(), "--csv"])
}

/// The results, each record as a map from column to value.
#[track_caller]
pub(crate) fn results(output: &Output) -> Vec<BTreeMap<String, String>> {
    assert_eq!(output.stdout.lines().next(), Some(HEADER), "{output:?}");
    let mut reader = csv::Reader::from_reader(output.stdout.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// `row:outcome` of every result, in order.
#[track_caller]
pub(crate) fn outcomes(output: &Output) -> Vec<String> {
    let all = results(output);
    all.iter()
        .map(|row| format!("{}:{}", row["row"], row["outcome"]))
        .collect()
}

/// The last word on every row.
#[track_caller]
pub(crate) fn fates(output: &Output) -> BTreeMap<u64, String> {
    let all = results(output);
    all.iter()
        .map(|row| (row["row"].parse().unwrap(), row["outcome"].clone()))
        .collect()
}

pub(crate) fn count(fake: &Fake, line: &str) -> usize {
    fake.heard().iter().filter(|heard| *heard == line).count()
}

/// A CSV of that many rows, the pager's ID of each being its number.
fn numbered(rows: usize) -> String {
    let rows: Vec<String> = (1..=rows).map(|row| format!("{row},text")).collect();
    format!("pager,message\n{}\n", rows.join("\n"))
}

pub(crate) fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn rows_go_out_in_order_over_one_connection() {
    let fake = Fake::replies(&[("PAGE 2", "550 Invalid Pager ID"), ("LEVE", "250 ok")]);
    let csv = "pager,message,id,level\n1,one,a,\n2,two,b,\n3,\"three, \"\"3\"\"\",c,0\n";
    let output = bulk(&fake).arg("-").stdin(csv).run();
    output.expect_status(67);
    assert_eq!(fake.connections(), 1);
    assert_eq!(
        fake.heard(),
        [
            "PAGE 1",
            "MESS one",
            "SEND",
            "PAGE 2",
            "RESE",
            "LEVE 0",
            "PAGE 3",
            "MESS three, \"3\"",
            "SEND",
            "QUIT",
        ]
    );
    let all = results(&output);
    assert_eq!(outcomes(&output), ["1:sent", "2:refused", "3:sent"]);
    let expected = [
        ("row", "2"),
        ("id", "b"),
        ("pager", "2"),
        ("outcome", "refused"),
        ("code", "550"),
        ("response", "Invalid Pager ID"),
        ("attempts", "1"),
        ("tag", ""),
    ];
    for (column, value) in expected {
        assert_eq!(all[1][column], value, "{column}");
    }
    assert_eq!(all[1]["server"], fake.addr());
    assert_eq!(all[0]["parts"], "1/1");
    assert!(all[0]["rtt_ms"].parse::<u64>().is_ok());
    assert!(
        output.stderr.contains("row 2") && output.stderr.contains("550"),
        "{output:?}"
    );
}

#[test]
fn every_column_is_used_and_empty_cells_take_the_options() {
    let verbs = [
        "2WAY", "EXPT", "CALL", "SUBJ", "LEVE", "ALER", "COVE", "HOLD",
    ];
    let fake = Fake::replies(&verbs.map(|verb| (verb, "250 ok")));
    let csv = "expire,subject,caller,hold,coverage,alert,level,pin,id,pager,message\n\
               3h,it,me,2h,N,1,11,0042,x,1,hi\n,,,,,,,,y,2,hi\n";
    let output = bulk(&fake)
        .args(["-", "--level", "5", "--caller", "us"])
        .stdin(csv)
        .run();
    output.expect_status(0);
    let heard = fake.heard();
    let at = heard.iter().position(|line| line == "SEND").unwrap();
    let (first, second) = heard.split_at(at + 1);
    for line in [
        "2WAY",
        "EXPT 3",
        "CALL me",
        "SUBJ it",
        "LEVE 11",
        "ALER 1",
        "COVE N",
        "PAGE 1 0042",
        "MESS hi",
    ] {
        assert!(first.contains(&line.to_owned()), "{line}: {first:?}");
    }
    assert!(
        first
            .iter()
            .any(|line| line.starts_with("HOLD ") && line.ends_with(" +0000"))
    );
    assert_eq!(
        second,
        ["CALL us", "LEVE 5", "PAGE 2", "MESS hi", "SEND", "QUIT"]
    );
    let shown = format!("{}{}", output.stdout, output.stderr);
    assert!(!shown.contains("0042"), "{output:?}");
}

#[test]
fn headers_and_delimiters_are_read() {
    for (delimiter, csv) in [
        (",", "\u{feff}pager,message\r\n1,hi\r\n"),
        (",", "\"pager\",\"message\"\n\"1\",\"hi\"\n"),
        (",", "message,pager\nhi,1"),
        (";", "pager;message\n1;hi\n"),
        ("\\t", "pager\tmessage\n1\thi\n"),
        ("|", "\u{feff}\"pager\"|message\n1|hi\n"),
    ] {
        let fake = Fake::replies(&[]);
        let output = bulk(&fake)
            .args(["-", "--delimiter", delimiter])
            .stdin(csv)
            .run();
        output.expect_status(0);
        assert_eq!(
            fake.heard(),
            ["PAGE 1", "MESS hi", "SEND", "QUIT"],
            "{csv:?}"
        );
    }
    let dir = scratch("rows");
    let fake = Fake::replies(&[]);
    bulk(&fake)
        .arg(dir.file("rows.csv", "pager,message\n1,hi\n"))
        .run()
        .expect_status(0);
    bulk(&fake)
        .args(["-", "--tone"])
        .stdin("pager\n1\n")
        .run()
        .expect_status(0);
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_header_that_is_wrong_ends_the_run() {
    let fake = Fake::replies(&[]);
    for (csv, words) in [
        ("", "header"),
        ("1,hi\n2,ho\n", "unknown column"),
        ("pager,message,colour\n1,hi,red\n", "colour"),
        ("pager,message,pager\n1,hi,1\n", "twice"),
        ("message\nhi\n", "pager"),
        ("pager\n1\n", "message"),
        ("pager,message,\n1,hi,\n", "unknown column"),
    ] {
        let output = bulk(&fake).arg("-").stdin(csv).run();
        output.expect_status(65);
        assert!(
            output.stderr.contains(words) && output.stderr.contains("line 1"),
            "{output:?}"
        );
        assert!(output.stdout.lines().count() <= 1, "{output:?}");
    }
    for (status, args) in [
        (64, &["-", "-m", "hi"][..]),
        (64, &["-", "1", "hi"]),
        (64, &["-", "--delimiter", ";;"]),
        (64, &["-", "--jobs", "0"]),
        (66, &["/nonexistent.csv"]),
    ] {
        bulk(&fake)
            .args(args)
            .stdin("pager,message\n1,hi\n")
            .run()
            .expect_complaint(status, "", "");
    }
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_bad_row_is_told_with_its_line_and_the_run_goes_on() {
    // The message of row 1 has two lines, so every later row begins one line further down.
    let bad: [(&str, &str); 16] = [
        ("5.55E+09,hi,,,", "5.55E+09"),
        (",hi,,,", "pager"),
        ("1 2,hi,,,", "pager"),
        ("\"1\n\",hi,,,", "pager"),
        ("1,,,,", "empty"),
        ("1,a\rb,,,", ""),
        ("1,hi,12,,", "0 to 11"),
        ("1,hi,x,,", "level"),
        ("1,hi,,2001-01-01T00:00:00Z,", "past"),
        ("1,hi,,soon,", "duration"),
        ("1,hi,,,\"a\nb\"", "caller"),
        ("1,hi", "fields"),
        ("1,hi,,,,,", "fields"),
        ("1,a\0b,,,", "NUL"),
        ("1,\"a\"\"\r\"\"b\",,,", "CR"),
        ("1,\"\n\n\",,,", "empty"),
    ];
    for (row, words) in bad {
        let fake = Fake::replies(&[]);
        let csv =
            format!("pager,message,level,hold,caller\n7,\"two\nlines\",,,\n{row}\n8,good,,,\n");
        if row.contains("a\rb,") {
            // A CR outside quotes ends a row: nothing to refuse in a single cell.
            continue;
        }
        let output = bulk(&fake).arg("-").stdin(&csv).run();
        output.expect_status(65);
        assert_eq!(
            outcomes(&output),
            ["1:sent", "2:refused", "3:sent"],
            "{row:?}"
        );
        let all = results(&output);
        assert!(all[1]["response"].contains("line 4"), "{row:?}: {all:?}");
        assert!(all[1]["response"].contains(words), "{row:?}: {all:?}");
        assert!(
            output.stderr.contains("line 4") && output.stderr.contains("row 2"),
            "{output:?}"
        );
        assert_eq!(all[1]["attempts"], "0");
        assert_eq!(count(&fake, "SEND"), 2);
    }
    let fake = Fake::replies(&[]);
    let output = bulk(&fake)
        .arg("-")
        .stdin(b"pager,message\n1,caf\xe9\n2,hi\n")
        .run();
    output.expect_status(65);
    assert_eq!(outcomes(&output), ["1:refused", "2:sent"]);
    let long = format!("pager,message\n1,{}\n2,hi\n", "x".repeat(257));
    let output = bulk(&fake).arg("-").stdin(long).run();
    assert_eq!(outcomes(output.expect_status(65)), ["1:refused", "2:sent"]);
    // Two lines in one file are two pages, though they look the same.
    let output = bulk(&fake)
        .arg("-")
        .stdin("pager,message\n1,hi\n1,hi\n")
        .run();
    assert_eq!(outcomes(output.expect_status(0)), ["1:sent", "2:sent"]);
}

#[test]
fn a_quote_that_nothing_closes_is_an_error_with_its_line() {
    let fake = Fake::replies(&[]);
    let output = bulk(&fake)
        .arg("-")
        .stdin("pager,message\n1,fine\n2,\"open\n3,lost\n4,lost\n")
        .run();
    output.expect_status(65);
    assert!(output.stderr.contains("line 3"), "{output:?}");
    assert_eq!(fake.heard(), ["PAGE 1", "MESS fine", "SEND", "QUIT"]);
    assert_eq!(fates(&output)[&1], "sent");
    // And not only at the end of a small file.
    let fake = Fake::replies(&[]);
    let csv = format!(
        "pager,message\n1,fine\n2,\"open\n{}",
        "3,lost\n".repeat(50_000)
    );
    let output = bulk(&fake).arg("-").stdin(csv).run();
    output.expect_status(65);
    assert!(output.stderr.contains("line 3"), "{output:?}");
    assert!(!fake.heard().iter().any(|line| line.contains("lost")));
}

#[test]
fn results_come_at_once_and_rows_may_come_late() {
    let fake = Fake::replies(&[]);
    let mut running = bulk(&fake).arg("-").stdin_open().spawn();
    running.write("pager,message\n1,one\n2,");
    running.wait_for_stdout("\n1,,1,sent,250,");
    running.write("two\n");
    running.wait_for_stdout("\n2,,2,sent,250,");
    let output = running.wait();
    assert_eq!(outcomes(output.expect_status(0)), ["1:sent", "2:sent"]);
}

#[test]
fn json_has_a_line_for_each_row() {
    let fake = Fake::replies(&[("PAGE 2", "550 No")]);
    let output = bulk(&fake)
        .args(["-", "--json"])
        .stdin("id,pager,message\na,1,hi\nb,2,hi\nc,3\nd,4,hi\n")
        .run();
    output.expect_status(67);
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<(u64, &str, &str)> = lines
        .iter()
        .map(|line| {
            (
                line["row"].as_u64().unwrap(),
                line["id"].as_str().unwrap(),
                line["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, "a", "sent"),
            (2, "b", "refused"),
            (3, "c", "refused"),
            (4, "d", "sent")
        ]
    );
    assert_eq!(lines[0]["pagerId"], "1");
    assert_eq!(lines[1]["error"], "PAGE command failed: 550 No");
    assert!(
        lines[2]["error"].as_str().unwrap().contains("line 4"),
        "{lines:?}"
    );
    let output = bulk(&fake)
        .args(["-", "-q"])
        .stdin("pager,message\n2,hi\n")
        .run();
    output.expect(67, "", "");
}

#[test]
fn a_dry_run_checks_every_row_and_connects_to_nothing() {
    let fake = Fake::replies(&[]);
    let dir = scratch("dry-bulk");
    let output = bulk(&fake)
        .args(["-", "--dry-run", "--journal"])
        .arg(dir.join("journal"))
        .stdin("pager,message\n1,hi\n5.55E+09,hi\n")
        .run();
    output.expect_status(65);
    assert_eq!(outcomes(&output), ["1:untried", "2:refused"]);
    assert_eq!(fake.connections(), 0);
    assert!(!dir.join("journal").exists());
}

#[test]
fn a_connection_lost_between_two_rows_is_made_again() {
    let (go, gone) = mpsc::channel();
    let gone = Mutex::new(gone);
    let (lost, is_lost) = mpsc::channel();
    let lost = Mutex::new(lost);
    let fake = Fake::lockstep(move |client: &mut Conversation| {
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            client.say(polite(&line));
            if line == "SEND" && client.number == 0 {
                let _: Result<(), _> = gone.lock().unwrap().recv();
                client.reset();
                lost.lock().unwrap().send(()).unwrap();
                return;
            }
        }
    });
    let mut running = bulk(&fake).arg("-").stdin_open().spawn();
    running.write("pager,message\n1,one\n");
    running.wait_for_stdout("\n1,,1,sent,");
    go.send(()).unwrap();
    is_lost.recv().unwrap();
    running.write("2,two\n3,three\n");
    let output = running.wait();
    output.expect_status(0);
    let all = results(&output);
    assert_eq!(outcomes(&output), ["1:sent", "2:sent", "3:sent"]);
    assert!(all.iter().all(|row| row["attempts"] == "1"), "{all:?}");
    assert_eq!(fake.connections(), 2);
    for pager in ["PAGE 1", "PAGE 2", "PAGE 3"] {
        assert_eq!(count(&fake, pager), 1);
    }
}

#[test]
fn a_goodbye_between_two_rows_does_not_take_back_the_first() {
    let (go, said) = mpsc::channel();
    let said = Mutex::new(said);
    let (told, is_told) = mpsc::channel();
    let told = Mutex::new(told);
    let fake = Fake::lockstep(move |client: &mut Conversation| {
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            client.say(polite(&line));
            if line == "SEND" && client.number == 0 {
                let _: Result<(), _> = said.lock().unwrap().recv();
                client.say("421 Timeout, Goodbye\r\n");
                told.lock().unwrap().send(()).unwrap();
                return;
            }
        }
    });
    let mut running = bulk(&fake).arg("-").stdin_open().spawn();
    running.write("pager,message\n1,one\n");
    running.wait_for_stdout("\n1,,1,sent,");
    go.send(()).unwrap();
    is_told.recv().unwrap();
    running.write("2,two\n");
    let output = running.wait();
    assert_eq!(outcomes(output.expect_status(0)), ["1:sent", "2:sent"]);
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_row_that_fails_is_followed_by_the_next() {
    let rules: [(&str, &str); 4] = [
        ("SEND", HANG_UP),
        ("SEND", "554 No"),
        ("SEND", "421 Bye"),
        ("SEND", "250 ok"),
    ];
    let fake = Fake::replies(&rules);
    let csv = "pager,message\n1,a\n2,b\n3,c\n4,d\n";
    let output = bulk(&fake).arg("-").stdin(csv).run();
    output.expect_status(79);
    assert_eq!(
        outcomes(&output),
        ["1:unknown", "2:temporary", "3:temporary", "4:sent"]
    );
    assert_eq!(fake.connections(), 3);
    let fake = Fake::replies(&rules);
    let output = bulk(&fake)
        .args(["-", "--retry", "2", "--retry-delay", "1ms"])
        .stdin(csv)
        .run();
    output.expect_status(79);
    assert_eq!(
        outcomes(&output),
        ["1:unknown", "2:sent", "3:sent", "4:sent"]
    );
    assert_eq!(results(&output)[1]["attempts"], "3");
}

#[test]
fn a_dead_server_leaves_the_rest_untried_at_once() {
    let csv = "pager,message\n".to_owned() + &"1,hi\n".repeat(3000);
    let silent = Fake::replies(&[("greeting", SILENCE)]);
    let busy = Fake::replies(&[("greeting", "421 SERVER DOWN, Goodbye")]);
    for servers in [
        vec![closed()],
        vec![silent.addr()],
        vec![busy.addr()],
        vec![closed(), busy.addr()],
    ] {
        let mut cmd = applet("snpp-send").args(["--timeout", "300ms", "--csv", "-"]);
        for server in &servers {
            cmd = cmd.args(["-s", server]);
        }
        let output = cmd.stdin(&csv).limit(Duration::from_secs(10)).run();
        output.expect_status(75);
        let all = results(&output);
        assert_eq!(all.len(), 3000);
        assert!(
            all.iter().all(|row| row["outcome"] == "untried"),
            "{:?}",
            all[0]
        );
        assert!(output.took < Duration::from_secs(4), "{:?}", output.took);
    }
    assert_eq!((silent.connections(), busy.connections()), (1, 2));
    // What was sent before stays sent.
    let fake = Fake::lockstep(|client| {
        if client.number > 0 {
            return client.say("421 SERVER DOWN, Goodbye\r\n");
        }
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            client.say("250 ok\r\n");
            if line == "PAGE 2" {
                return;
            }
        }
    });
    let output = bulk(&fake)
        .arg("-")
        .stdin("pager,message\n1,a\n2,b\n3,c\n4,d\n")
        .run();
    output.expect_status(79);
    assert_eq!(
        outcomes(&output),
        ["1:sent", "2:temporary", "3:untried", "4:untried"]
    );
    assert_eq!(fake.connections(), 2);
}

#[test]
fn several_jobs_have_a_connection_each() {
    let barrier = Barrier::new(4);
    let fake = Fake::lockstep(move |client| {
        client.say("220 ready\r\n");
        let mut first = true;
        while let Some(line) = client.hear() {
            if line.starts_with("PAGE") && first {
                // Nobody goes on until four are here.
                barrier.wait();
                first = false;
            }
            client.say(polite(&line));
        }
    });
    let csv = numbered(40);
    let output = bulk(&fake).args(["-", "--jobs", "4"]).stdin(&csv).run();
    output.expect_status(0);
    assert_eq!(fake.connections(), 4);
    let fates = fates(&output);
    assert_eq!(results(&output).len(), 40);
    assert!((1..=40).all(|row| fates[&row] == "sent"));
    for row in 1..=40 {
        assert_eq!(count(&fake, &format!("PAGE {row}")), 1);
    }
}

#[test]
fn several_jobs_leave_no_row_out_when_servers_fail() {
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n");
        let mut sends = 0;
        while let Some(line) = client.hear() {
            sends += usize::from(line == "SEND");
            if sends == 3 {
                return client.reset();
            }
            client.say(polite(&line));
        }
    });
    let csv = numbered(60);
    let output = bulk(&fake).args(["-", "--jobs", "4"]).stdin(&csv).run();
    output.expect_status(79);
    let fates = fates(&output);
    assert_eq!(fates.len(), 60);
    assert_eq!(results(&output).len(), 60);
    assert!(
        fates
            .values()
            .all(|fate| fate == "sent" || fate == "unknown"),
        "{fates:?}"
    );
    let dead = applet("snpp-send").args(["-s", &closed(), "--jobs", "4", "--csv", "-"]);
    let output = dead.stdin(&csv).run();
    output.expect_status(75);
    assert_eq!(results(&output).len(), 60);
}

/// A server that answers every command as if it were the one before.
fn one_ahead(client: &mut Conversation, verdict: &'static str) {
    client.say("220 ready\r\n");
    let mut next = "250 READY";
    while let Some(line) = client.hear() {
        client.say(next.to_owned() + "\r\n");
        next = if line == "SEND" { verdict } else { "250 ok" };
        if line == "QUIT" {
            return client.say("221 bye\r\n");
        }
    }
}

#[test]
fn rows_do_not_stay_sent_when_replies_had_shifted() {
    let dir = scratch("shifted");
    let csv = "pager,message\n1,a\n2,b\n3,c\n";
    for (index, verdict) in ["250 ok", "220 really"].into_iter().enumerate() {
        let fake = Fake::lockstep(move |client| one_ahead(client, verdict));
        let journal = dir.join(index.to_string());
        let output = bulk(&fake)
            .args(["-", "--journal"])
            .arg(&journal)
            .stdin(csv)
            .run();
        output.expect_status(79);
        let fates = fates(&output);
        assert_eq!(fates.len(), 3, "{output:?}");
        assert!(fates.values().all(|fate| fate == "unknown"), "{output:?}");
        // The journal knows it too.
        let heard = fake.heard().len();
        let again = bulk(&fake)
            .args(["-", "--journal"])
            .arg(&journal)
            .stdin(csv)
            .run();
        again.expect_status(79);
        assert_eq!(outcomes(&again), ["1:unknown", "2:unknown", "3:unknown"]);
        assert_eq!(fake.heard().len(), heard);
    }
    // Seen before anything went out.
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n250 READY\r\n");
        while let Some(line) = client.hear() {
            client.say(polite(&line));
        }
    });
    let output = bulk(&fake).arg("-").stdin(csv).run();
    assert_ne!(output.status, 0, "{output:?}");
    assert!(
        fates(&output).values().all(|fate| fate != "sent"),
        "{output:?}"
    );
    // A reply too many behind a good row: what that row was told is worthless too.
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            client.say(match line.as_str() {
                "SEND" => "250 sent\r\n250 and again\r\n",
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            });
        }
    });
    let output = bulk(&fake).arg("-").stdin(csv).run();
    output.expect_status(79);
    assert!(
        fates(&output).values().all(|fate| fate != "sent"),
        "{output:?}"
    );
}

const ROWS: &str =
    "pager,message,id\n1,secret text one,a\n2,secret text two,b\n3,secret text three,c\n";

fn journaled(fake: &Fake, journal: &Path) -> Cmd {
    bulk(fake).args(["-", "--journal"]).arg(journal).stdin(ROWS)
}

/// A run over these rows that is killed while the server thinks about row 2.
fn killed_in_mid_run(journal: &Path) -> Fake {
    let fake = Fake::replies(&[
        ("SEND", "250 one"),
        ("SEND", SILENCE),
        ("SEND", "250 later"),
    ]);
    let mut running = journaled(&fake, journal).spawn();
    eventually("the second SEND", || {
        let heard = fake.heard_so_far();
        heard.iter().filter(|line| *line == "SEND").count() == 2
    });
    running.signal(Signal::KILL);
    running.wait().expect_status(137);
    fake
}

#[test]
fn a_killed_run_is_resumed_and_what_was_in_flight_is_unknown() {
    let dir = scratch("killed");
    let journal = dir.join("journal");
    let fake = killed_in_mid_run(&journal);
    let output = journaled(&fake, &journal).run();
    output.expect_status(79);
    assert_eq!(outcomes(&output), ["1:sent", "2:unknown", "3:sent"]);
    let ids: Vec<String> = results(&output)
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    for pager in ["PAGE 1", "PAGE 2", "PAGE 3"] {
        assert_eq!(count(&fake, pager), 1, "{pager}");
    }
    // Nothing is left to do.
    let connections = fake.connections();
    let output = journaled(&fake, &journal).run();
    output.expect_status(79);
    assert_eq!(outcomes(&output), ["1:sent", "2:unknown", "3:sent"]);
    assert_eq!(fake.connections(), connections);
    // But for those who ask for it.
    let output = journaled(&fake, &journal)
        .args(["--retry-unknown", "--json"])
        .run();
    output.expect_status(0);
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| line["outcome"] == "sent"),
        "{output:?}"
    );
    assert_eq!(lines[1]["duplicate_possible"], true);
    assert_eq!(lines[0]["duplicate_possible"], false);
    let counts = ["PAGE 1", "PAGE 2", "PAGE 3"].map(|pager| count(&fake, pager));
    assert_eq!(counts, [1, 2, 1]);
    let output = journaled(&fake, &journal).run();
    assert_eq!(
        outcomes(output.expect_status(0)),
        ["1:sent", "2:sent", "3:sent"]
    );
}

#[test]
fn a_run_that_was_interrupted_is_resumed() {
    let dir = scratch("interrupted");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[
        ("SEND", "250 one"),
        ("SEND", SILENCE),
        ("SEND", "250 later"),
    ]);
    let mut running = journaled(&fake, &journal).spawn();
    eventually("the second SEND", || {
        let heard = fake.heard_so_far();
        heard.iter().filter(|line| *line == "SEND").count() == 2
    });
    running.signal(Signal::INT);
    let output = running.wait();
    output.expect_status(130);
    let fates = fates(&output);
    assert_eq!(
        (fates[&1].as_str(), fates[&2].as_str()),
        ("sent", "unknown")
    );
    let output = journaled(&fake, &journal).run();
    assert_eq!(
        outcomes(output.expect_status(79)),
        ["1:sent", "2:unknown", "3:sent"]
    );
}

#[test]
fn an_interrupt_ends_the_wait_for_the_next_row() {
    let fake = Fake::replies(&[]);
    let mut running = bulk(&fake).arg("-").stdin_open().spawn();
    running.write("pager,message\n1,one\n");
    running.wait_for_stdout("\n1,,1,sent,");
    running.signal(Signal::INT);
    eventually("its end", || running.has_ended());
    let output = running.wait();
    assert_eq!(outcomes(output.expect_status(130)), ["1:sent"]);
}

#[test]
fn what_may_be_out_stays_unknown_when_a_later_try_fails() {
    let dir = scratch("still-unknown");
    for later in ["554 No", "421 Bye"] {
        let journal = dir.join(&later[..3]);
        let fake = Fake::replies(&[("SEND", HANG_UP), ("SEND", later), ("SEND", "250 ok")]);
        let run = || {
            bulk(&fake)
                .args(["-", "--journal"])
                .arg(&journal)
                .stdin("pager,message\n1,hi\n")
        };
        assert_eq!(outcomes(run().run().expect_status(79)), ["1:unknown"]);
        let output = run().arg("--retry-unknown").run();
        assert_eq!(
            outcomes(output.expect_status(79)),
            ["1:unknown"],
            "{output:?}"
        );
        // So it is not sent again by itself.
        assert_eq!(outcomes(run().run().expect_status(79)), ["1:unknown"]);
        assert_eq!(count(&fake, "SEND"), 2);
    }
}

#[test]
fn a_rerun_sends_what_failed_for_now_and_nothing_else() {
    let dir = scratch("rerun");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[
        ("PAGE 1", "550 No"),
        ("PAGE 2", "554 Later"),
        ("PAGE 2", "250 Now"),
    ]);
    let first = journaled(&fake, &journal).run();
    first.expect_status(79);
    assert_eq!(outcomes(&first), ["1:refused", "2:temporary", "3:sent"]);
    let second = journaled(&fake, &journal).run();
    second.expect_status(67);
    assert_eq!(outcomes(&second), ["1:refused", "2:sent", "3:sent"]);
    let counts = ["PAGE 1", "PAGE 2", "PAGE 3"].map(|pager| count(&fake, pager));
    assert_eq!(counts[1..], [2, 1]);
    let third = journaled(&fake, &journal).run();
    assert_eq!(
        outcomes(third.expect_status(67)),
        ["1:refused", "2:sent", "3:sent"]
    );
    assert_eq!(results(&third)[1]["code"], "250");
}

#[test]
fn a_journal_has_no_text_and_no_stranger_reads_it() {
    let dir = scratch("privacy");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[]);
    let output = bulk(&fake)
        .args(["-", "--journal"])
        .arg(&journal)
        .stdin("pager,message,pin\n1,secret text one,0042\n")
        .run();
    output.expect_status(0);
    let text = fs::read_to_string(&journal).unwrap();
    for secret in ["secret", "text", "0042"] {
        assert!(!text.contains(secret), "{text}");
    }
    let mode = fs::metadata(&journal).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn begin_is_on_disk_before_send_is_written() {
    let dir = scratch("begin");
    let journal = dir.join("journal");
    let path: PathBuf = journal.clone();
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let fake = Fake::lockstep(move |client| {
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            if line == "SEND" {
                let text = fs::read_to_string(&path).unwrap_or_default();
                tell.lock().unwrap().send(text.lines().count()).unwrap();
            }
            client.say(polite(&line));
        }
    });
    journaled(&fake, &journal).run().expect_status(0);
    let seen: Vec<usize> = told.try_iter().collect();
    // The header, and a begin and an end for each row before.
    assert_eq!(seen, [2, 4, 6]);
}

#[test]
fn a_torn_tail_is_cut() {
    let dir = scratch("torn");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[]);
    journaled(&fake, &journal).run().expect_status(0);
    let whole = fs::read(&journal).unwrap();
    // Torn anywhere in the last line: row 3 may be out.
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    let heard = fake.heard().len();
    for cut in [whole.len() - 1, last + 3, last] {
        fs::write(&journal, &whole[..cut]).unwrap();
        let output = journaled(&fake, &journal).run();
        output.expect_status(79);
        assert_eq!(
            outcomes(&output),
            ["1:sent", "2:sent", "3:unknown"],
            "{cut}"
        );
        assert_eq!(fake.heard().len(), heard);
    }
    // Garbage at the end is no reason to forget what is before it.
    for tail in [&b"end 1 abc"[..], b"\0\0\0\0\0\0", b"begin 3"] {
        fs::write(&journal, [&whole[..], tail].concat()).unwrap();
        let output = journaled(&fake, &journal).run();
        output.expect_status(0);
        assert_eq!(outcomes(&output), ["1:sent", "2:sent", "3:sent"]);
        assert_eq!(fs::read(&journal).unwrap(), whole);
    }
    // Torn in its first line, it never began anything.
    fs::write(&journal, &whole[..5]).unwrap();
    let output = journaled(&fake, &journal).run();
    assert_eq!(
        outcomes(output.expect_status(0)),
        ["1:sent", "2:sent", "3:sent"]
    );
    assert!(fake.heard().len() > heard);
}

#[test]
fn a_damaged_or_foreign_journal_is_refused_and_kept() {
    let dir = scratch("damaged");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[]);
    journaled(&fake, &journal).run().expect_status(0);
    let whole = fs::read_to_string(&journal).unwrap();
    let connections = fake.connections();
    let mut lines: Vec<&str> = whole.lines().collect();
    lines[2] = "end 1 broken";
    for text in [
        lines.join("\n") + "\n",
        "my diary\n".to_owned(),
        whole.replacen("1 ", "2 ", 1),
    ] {
        fs::write(&journal, &text).unwrap();
        let output = journaled(&fake, &journal).run();
        output.expect_status(65);
        assert!(output.stderr.contains("journal"), "{output:?}");
        assert_eq!(fs::read_to_string(&journal).unwrap(), text);
    }
    assert_eq!(fake.connections(), connections);
    journaled(&fake, Path::new("/nonexistent/journal"))
        .run()
        .expect_status(73);
}

#[test]
fn a_file_that_is_no_journal_is_never_cut() {
    let dir = scratch("no-journal");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[]);
    for text in [
        &b"my diary"[..],
        b"\x80\x81 not text\nmore\n",
        b"\n",
        b"pagebox-journal 1 ",
        ROWS.as_bytes(),
    ] {
        let is_torn_header = b"pagebox-journal 1 ".starts_with(text);
        fs::write(&journal, text).unwrap();
        let output = journaled(&fake, &journal).run();
        if is_torn_header {
            output.expect_status(0);
        } else {
            output.expect_status(65);
            assert_eq!(fs::read(&journal).unwrap(), text);
        }
    }
    assert_eq!(fake.connections(), 1);
}

/// The pagers that a SEND went out for, over all connections.
fn sends(fake: &Fake) -> Vec<u64> {
    let mut sends = Vec::new();
    for raw in fake.raw() {
        let mut pager = None;
        for line in String::from_utf8(raw).unwrap().lines() {
            match line.split_once(' ') {
                Some(("PAGE", id)) => pager = Some(id.parse().unwrap()),
                None if line == "SEND" => sends.push(pager.take().expect("a PAGE before SEND")),
                _ => {}
            }
        }
    }
    sends
}

#[test]
fn no_row_goes_out_twice_wherever_a_run_is_killed() {
    const ROWS: u64 = 60;
    for kill_at in [1, 7, 30] {
        let dir = scratch("kill");
        let journal = dir.join("journal");
        let fake = Fake::replies(&[]);
        let run = || {
            let cmd = bulk(&fake)
                .args(["-", "--jobs", "3", "--journal"])
                .arg(&journal);
            cmd.stdin(numbered(ROWS.try_into().unwrap()))
        };
        let mut running = run().spawn();
        eventually("some SENDs", || {
            let heard = fake.heard_so_far();
            heard.iter().filter(|line| *line == "SEND").count() >= kill_at
        });
        running.kill();
        let output = run().run();
        let fates = fates(&output);
        let sends = sends(&fake);
        for row in 1..=ROWS {
            let times = sends.iter().filter(|sent| **sent == row).count();
            match fates[&row].as_str() {
                "sent" => assert_eq!(times, 1, "row {row}: {output:?}"),
                "unknown" => assert!(times <= 1, "row {row}: {output:?}"),
                other => panic!("row {row} is {other}: {output:?}"),
            }
        }
        let unknown = fates.values().filter(|fate| *fate == "unknown").count();
        assert!(unknown <= 3, "{output:?}");
        output.expect_status(if unknown > 0 { 79 } else { 0 });
    }
}

#[test]
fn a_journal_is_for_one_run_at_a_time() {
    let dir = scratch("locked");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[("SEND", SILENCE)]);
    let mut first = journaled(&fake, &journal).spawn();
    fake.wait_for("SEND");
    let second = journaled(&fake, &journal).run();
    second.expect_status(75);
    assert!(second.stderr.contains("another run"), "{second:?}");
    assert_eq!(
        fake.heard_so_far()
            .iter()
            .filter(|line| line.starts_with("PAGE"))
            .count(),
        1
    );
    first.signal(Signal::KILL);
    first.wait().expect_status(137);
}

#[test]
fn a_journal_is_for_the_same_servers_and_options_only() {
    let dir = scratch("options");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[]);
    journaled(&fake, &journal).run().expect_status(0);
    let connections = fake.connections();
    let text = fs::read(&journal).unwrap();
    for options in [
        &["--level", "0"][..],
        &["--caller", "me"],
        &["--charset", "ascii"],
        &["--max-length", "100"],
        &["--login", "joe"],
        &["--two-way"],
        &["--hold", "1h"],
        &["--coverage", "N"],
        &["--strict"],
        &["--body", "data"],
        &["-s", "127.0.0.1:1"],
    ] {
        let output = journaled(&fake, &journal).args(options).run();
        output.expect_status(65);
        assert!(
            output.stderr.contains("other servers or options"),
            "{output:?}"
        );
    }
    // These change nothing in what a page is.
    for options in [
        &["--json"][..],
        &["-q"],
        &["-v"],
        &["--retry", "1"],
        &["--timeout", "5s"],
        &["--jobs", "2"],
    ] {
        journaled(&fake, &journal)
            .args(options)
            .run()
            .expect_status(0);
    }
    assert_eq!(fake.connections(), connections);
    assert_eq!(fs::read(&journal).unwrap(), text);
}

#[test]
fn a_row_that_is_not_the_one_of_the_journal_is_refused() {
    let dir = scratch("changed");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[]);
    journaled(&fake, &journal).run().expect_status(0);
    let heard = fake.heard().len();
    let changed = ROWS.replace("text two", "other text") + "4,four,d\n";
    let output = journaled(&fake, &journal).stdin(changed).run();
    output.expect_status(65);
    assert_eq!(
        outcomes(&output),
        ["1:sent", "2:refused", "3:sent", "4:sent"]
    );
    assert!(
        results(&output)[1]["response"].contains("line 3"),
        "{output:?}"
    );
    assert_eq!(
        fake.heard()[heard..],
        ["PAGE 4", "MESS four", "SEND", "QUIT"]
    );
}

#[test]
fn a_two_way_row_keeps_its_tag_in_results_and_journal() {
    let dir = scratch("tags");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[("2WAY", "250 ok"), ("SEND", "960 00321 0234 Queued")]);
    for _ in 0..2 {
        let output = journaled(&fake, &journal).arg("--two-way").run();
        output.expect_status(0);
        let all = results(&output);
        assert_eq!(all[0]["outcome"], "queued");
        assert_eq!(all[0]["tag"], "00321");
    }
    assert_eq!(count(&fake, "SEND"), 3);
}

#[test]
fn rows_are_split_and_stop_at_their_first_failure() {
    let fake = Fake::replies(&[("SEND", "250 ok"), ("SEND", "554 No"), ("SEND", "250 ok")]);
    let output = bulk(&fake)
        .args(["-", "--max-length", "20", "--overflow", "split"])
        .stdin("pager,message\n1,alpha beta gamma delta epsilon\n2,short\n")
        .run();
    output.expect_status(79);
    assert_eq!(outcomes(&output), ["1:unknown", "2:sent"]);
    assert_eq!(results(&output)[0]["parts"], "1/3");
    assert_eq!(results(&output)[1]["parts"], "1/1");
}

#[test]
fn a_broken_output_does_not_stop_the_pages() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let fake = Fake::replies(&[]);
    bulk(&fake)
        .arg("-")
        .stdin(ROWS)
        .stdout_to(full)
        .run()
        .expect_complaint(0, "", "standard output");
    assert_eq!(count(&fake, "SEND"), 3);
}

#[test]
fn a_server_lost_by_a_reset_while_it_thinks_leaves_its_row_unknown() {
    let fake = Fake::replies(&[("SEND", "250 ok"), ("SEND", RESET), ("SEND", "250 ok")]);
    let output = bulk(&fake).arg("-").stdin(ROWS).run();
    output.expect_status(79);
    assert_eq!(outcomes(&output), ["1:sent", "2:unknown", "3:sent"]);
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_silent_producer_holds_up_no_page() {
    let fake = Fake::replies(&[]);
    let mut running = bulk(&fake).args(["-", "--jobs", "3"]).stdin_open().spawn();
    running.write("pager,message\n1,one\n");
    fake.wait_for("SEND");
    running.wait_for_stdout("\n1,,1,sent,250,");
    running.write("2,two\n");
    let output = running.wait();
    output.expect_status(0);
    assert_eq!(count(&fake, "SEND"), 2);
}

#[test]
fn a_fifo_that_nobody_writes_to_holds_up_no_signal() {
    let fake = Fake::replies(&[]);
    let dir = scratch("fifo");
    let fifo = dir.join("fifo");
    Cmd::new("mkfifo").arg(&fifo).run().expect(0, "", "");
    let mut running = bulk(&fake).arg(&fifo).spawn();
    running.signal(Signal::TERM);
    running.wait().expect_status(143);
    let journal = bulk(&fake)
        .args(["-", "--journal"])
        .arg(&fifo)
        .stdin(numbered(1))
        .run();
    journal.expect_complaint(73, "", "a journal is a regular file");
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_full_disk_under_the_journal_leaves_every_row_a_result() {
    skip_unless!("root", "mount");
    let fake = Fake::replies(&[]);
    let dir = scratch("journal-full");
    let disk = dir.join("disk");
    let Some(full) = Tmpfs::on(&disk) else {
        return;
    };
    let journal = disk.join("journal");
    let run = |rows: usize| {
        let csv = numbered(rows);
        bulk(&fake)
            .args(["-", "--journal"])
            .arg(&journal)
            .stdin(csv)
            .run()
    };
    run(1).expect_status(0);
    let filler = full.fill();
    let output = run(400);
    output.expect_status(79);
    let fates = fates(&output);
    assert_eq!(fates.len(), 400);
    assert_eq!(fates[&1], "sent");
    assert_eq!(fates[&400], "untried");
    assert!(
        output.stderr.contains("the journal cannot be written"),
        "{output:?}"
    );
    fs::remove_file(filler).unwrap();
    run(400).expect_status(0);
    assert_eq!(count(&fake, "SEND"), 400);
}

#[test]
fn flags_of_a_bulk_run_want_a_bulk_run() {
    let fake = Fake::replies(&[]);
    for flags in [["--journal", "j"], ["--jobs", "2"], ["--delimiter", ";"]] {
        let output = applet("snpp-send")
            .args(["-s", &fake.addr(), "1", "hi"])
            .args(flags)
            .run();
        output.expect_complaint(64, "", "goes with --csv only");
    }
    bulk(&fake)
        .args(["-", "--pin-file", "/nonexistent"])
        .stdin(numbered(1))
        .run()
        .expect_status(64);
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_signal_before_the_header_is_a_signal() {
    let fake = Fake::replies(&[]);
    let mut running = bulk(&fake).arg("-").stdin_open().spawn();
    running.write("pager,mess");
    wait_until_signals_are_noted(&running);
    running.signal(Signal::INT);
    let output = running.wait();
    output.expect_status(130);
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_connection_that_fell_silent_is_not_the_end_of_the_run() {
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            match line.as_str() {
                "PAGE 1" => client.say("550 No\r\n"),
                "RESE" => client.hold(Duration::from_secs(10)),
                "QUIT" => return client.say("221 bye\r\n"),
                _ => client.say("250 ok\r\n"),
            }
        }
    });
    let output = bulk(&fake)
        .args(["-", "--timeout", "300ms"])
        .stdin(numbered(3))
        .run();
    output.expect_status(67);
    assert_eq!(outcomes(&output), ["1:refused", "2:sent", "3:sent"]);
}

#[test]
fn a_login_that_is_mended_sends_what_was_kept_back() {
    let dir = scratch("login");
    let journal = dir.join("journal");
    let fake = Fake::replies(&[("LOGI joe wrong", "550 No"), ("LOGI joe right", "250 ok")]);
    let run = |password: &str| {
        bulk(&fake)
            .args(["-", "--login", "joe", "--journal"])
            .arg(&journal)
            .env("SNPP_PASSWORD", password)
            .stdin(numbered(3))
            .run()
    };
    run("wrong").expect_status(77);
    assert_eq!(count(&fake, "LOGI joe wrong"), 1);
    let output = run("right");
    output.expect_status(0);
    assert_eq!(outcomes(&output), ["1:sent", "2:sent", "3:sent"]);
}

#[test]
fn a_password_that_does_not_come_holds_up_no_signal() {
    let fake = Fake::replies(&[]);
    let dir = scratch("password-fifo");
    let fifo = dir.join("fifo");
    Cmd::new("mkfifo").arg(&fifo).run().expect(0, "", "");
    let mut running = bulk(&fake)
        .args(["-", "--login", "joe", "--password-file"])
        .arg(&fifo)
        .stdin(numbered(1))
        .spawn();
    wait_until_signals_are_noted(&running);
    running.signal(Signal::TERM);
    running.wait().expect_status(143);
    assert_eq!(fake.connections(), 0);
}
