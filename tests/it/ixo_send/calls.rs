//! When a call is made, what it carries, and when it ends.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{ixo_send, to};
use crate::bulk::{outcomes, results};
use crate::support::scripted::{ACCEPTED, LOST, SILENCE, said};
use crate::support::{Central, Page, applet, scratch, spooled};

const FULL: &str = "112 Maximum pages<CR><ESC><EOT><CR>";

/// A CSV of that many rows, the pager of each being its number.
fn numbered(rows: usize) -> String {
    let rows: Vec<String> = (1..=rows).map(|row| format!("{row},Hi")).collect();
    format!("pager,message\n{}\n", rows.join("\n"))
}

/// The pagers that each call tried, and whether it said goodbye.
fn calls(said: &[String]) -> Vec<String> {
    let calls = said.iter().map(|call| {
        let pagers = call.split("<STX>").skip(1);
        let pagers: Vec<&str> = pagers
            .map(|block| block.split('<').next().unwrap())
            .collect();
        let end = if call.ends_with("<EOT><CR>") { "." } else { "" };
        format!("{}{end}", pagers.join(" "))
    });
    calls.collect()
}

#[test]
fn one_call_carries_all_pages() {
    let fake = Central::default().on_tcp();
    let run = to(&fake, &["--csv", "-"]).stdin(numbered(25)).run();
    run.expect_status(0);
    let all: Vec<String> = (1..=25).map(|row| row.to_string()).collect();
    assert_eq!(calls(&said(&fake)), [format!("{}.", all.join(" "))]);
    let line = Central::default().on_line();
    let path = line.path().to_str().unwrap().to_owned();
    let run = ixo_send(&["--device", &path, "--baud", "9600", "1,2,3", "Hi"]).run();
    run.expect_status(0);
    assert_eq!(line.heard().matches("<ESC>").count(), 1);
    assert_eq!(line.heard().matches("<STX>").count(), 3);
}

#[test]
fn the_next_call_takes_the_rest() {
    let fake = Central::default().on_tcp();
    let flags = ["--pages-per-call", "2", "--csv", "-"];
    to(&fake, &flags).stdin(numbered(5)).run().expect_status(0);
    assert_eq!(calls(&said(&fake)), ["1 2.", "3 4.", "5."]);
    let fake = Central::default().on_tcp();
    to(&fake, &["--pages-per-call", "2", "1,2,3", "Hi"])
        .run()
        .expect_status(0);
    assert_eq!(calls(&said(&fake)), ["1 2.", "3."]);
}

#[test]
fn a_central_shows_once_how_many_it_takes() {
    let fake = Central::verdicts(&[ACCEPTED, ACCEPTED, FULL]).on_tcp();
    let run = to(&fake, &["--csv", "-"]).stdin(numbered(7)).run();
    run.expect_status(0);
    assert_eq!(calls(&said(&fake)), ["1 2 3", "3 4.", "5 6.", "7."]);
    let tries: Vec<String> = results(&run)
        .iter()
        .map(|row| row["attempts"].clone())
        .collect();
    assert_eq!(tries, ["1", "1", "2", "1", "1", "1", "1"]);
    // Or in front of the ACK of the last that it takes.
    let last = "112 Maximum pages<CR>211 OK<CR><ACK><CR>";
    let fake = Central::verdicts(&[ACCEPTED, last]).on_tcp();
    to(&fake, &["--csv", "-"])
        .stdin(numbered(5))
        .run()
        .expect_status(0);
    assert_eq!(calls(&said(&fake)), ["1 2.", "3 4.", "5."]);
}

/// Our own central behind a superserver, and how often it was called.
fn inetd(words: Vec<String>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let called = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            called.fetch_add(1, Ordering::SeqCst);
            applet("ixo-serve")
                .args(&words)
                .inetd(stream.unwrap())
                .run();
        }
    });
    (addr, count)
}

#[test]
fn our_own_central_gets_each_page_once_however_few_it_takes_in_a_call() {
    let scratch = scratch("ixo-send-calls");
    let spool = scratch.join("spool").display().to_string();
    let (addr, calls) = inetd(
        ["--max-pages", "2", "--spool", &spool]
            .map(String::from)
            .to_vec(),
    );
    let run = ixo_send(&["--connect", &addr, "--csv", "-"])
        .stdin(numbered(5))
        .run();
    run.expect_status(0);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    let pages = spooled::accepted(&scratch.join("spool"));
    let mut pages: Vec<Page> = pages.into_iter().map(|(_, page)| page).collect();
    pages.sort();
    let numbers: Vec<Page> = (1..=5)
        .map(|row| Page::new(&[&row.to_string()], "Hi"))
        .collect();
    assert_eq!(pages, numbers);
}

#[test]
fn a_call_that_is_lost_again_and_again_is_not_made_for_ever() {
    for (verdict, fates) in [
        (
            FULL,
            [
                "temporary",
                "temporary",
                "untried",
                "untried",
                "untried",
                "untried",
            ],
        ),
        (
            LOST,
            [
                "unknown", "unknown", "unknown", "unknown", "untried", "untried",
            ],
        ),
    ] {
        let fake = Central::verdicts(&[verdict; 20]).on_tcp();
        let run = to(&fake, &["--csv", "-"]).stdin(numbered(6)).run();
        let is: Vec<String> = results(&run)
            .iter()
            .map(|row| row["outcome"].clone())
            .collect();
        assert_eq!(is, fates, "{run:?}");
        // Whatever became of the others, nothing of these is out.
        let last = &results(&run)[5]["response"];
        assert_eq!(last, "not tried: 4 calls in a row were lost");
        assert_eq!(fake.connections(), 4);
        run.expect_status(if verdict == FULL { 75 } else { 79 });
    }
}

#[test]
fn a_line_that_carries_no_page_is_not_paid_for_for_ever() {
    for (verdict, limit, outcome, status) in [
        ("<NAK><CR>", "10s", "temporary", 75),
        (SILENCE, "20ms", "unknown", 79),
    ] {
        let fake = Central::verdicts(&[verdict; 100]).on_tcp();
        let flags = ["--verdict-timeout", limit, "--csv", "-"];
        let run = to(&fake, &flags).stdin(numbered(6)).run();
        let rows = results(&run);
        let is: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str()).collect();
        let expected = [outcome, outcome, outcome, outcome, "untried", "untried"];
        assert_eq!(is, expected, "{run:?}");
        assert_eq!(fake.connections(), 4);
        run.expect_status(status);
        // One that goes through shows that the line is well.
        let some = [
            &[verdict; 12][..],
            &["<ACK><CR>"],
            &[verdict; 12],
            &["<ACK><CR>"],
        ]
        .concat();
        let fake = Central::verdicts(&some).on_tcp();
        let run = to(&fake, &flags).stdin(numbered(8)).run();
        let rows = results(&run);
        let is: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str()).collect();
        assert_eq!(
            is[3..],
            ["sent", outcome, outcome, outcome, "sent"],
            "{run:?}"
        );
    }
}

#[test]
fn without_a_call_the_rest_is_untried_at_once() {
    let fake = Central {
        prompt: "",
        ..Central::default()
    }
    .on_tcp();
    let run = to(&fake, &["--id-timeout", "300ms", "--csv", "-"])
        .stdin(numbered(3))
        .run();
    run.expect_status(75);
    assert_eq!(outcomes(&run), ["1:untried", "2:untried", "3:untried"]);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn it_dials_for_a_row_and_logs_off_where_none_comes() {
    let fake = Central::default().on_tcp();
    let mut run = to(&fake, &["-v", "--csv", "-"]).stdin_open().spawn();
    run.write("pager,message\n");
    run.wait_for_stdout("row,id,pager");
    assert_eq!(fake.connections(), 0);
    run.write("1,Hi\n");
    run.wait_for_stdout("\n1,,1,sent,211");
    // A row in time goes out in the same call.
    run.write("2,Hi\n");
    run.wait_for_stdout("\n2,,2,sent,211");
    let verdict = Instant::now();
    fake.wait_for("\x04");
    let rested = verdict.elapsed();
    assert!(rested >= Duration::from_millis(900), "{rested:?}");
    assert!(rested < Duration::from_secs(3), "{rested:?}");
    run.write("3,Hi\n");
    run.wait_for_stdout("\n3,,3,sent,211");
    run.wait().expect_status(0);
    assert_eq!(calls(&said(&fake)), ["1 2.", "3."]);
}

#[test]
fn a_call_that_the_central_ends_between_two_pages_is_no_try() {
    // It has said all that it had to say, with the first verdict.
    let fake = Central::verdicts(&["211 OK<CR><ACK><CR>115 Bye<CR><ESC><EOT><CR>"]).on_tcp();
    let run = to(&fake, &["--csv", "-"]).stdin(numbered(2)).run();
    run.expect_status(0);
    assert_eq!(calls(&said(&fake)), ["1", "2."]);
    assert_eq!(results(&run)[1]["attempts"], "1");
}

#[test]
fn a_part_whose_call_ends_badly_is_the_last() {
    let central = Central {
        farewell: "511 Nobody<CR><RS><CR><ESC><EOT><CR>",
        ..Central::default()
    };
    let fake = central.on_tcp();
    let flags = ["--pages-per-call", "1", "--overflow", "split", "--json"];
    let run = to(&fake, &flags).args(["1", &"word ".repeat(100)]).run();
    let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (run.status, &line["outcome"]),
        (79, &"unknown".into()),
        "{run:?}"
    );
    assert_eq!(calls(&said(&fake)), ["1."]);
}

#[test]
fn a_command_that_ends_at_once_is_a_line_that_is_lost() {
    for (command, status) in [
        ("false", 75),
        ("/nowhere/program", 78),
        ("sh -c 'echo in use'", 75),
    ] {
        let run = ixo_send(&["--json", "--proxy-command", command, "1", "Hi"]).run();
        let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, &line["outcome"]),
            (status, &"untried".into()),
            "{run:?}"
        );
    }
}

#[test]
fn the_line_is_free_while_no_row_is_there() {
    let line = Central::default().on_line();
    let path = line.path().to_str().unwrap().to_owned();
    let mut run = ixo_send(&["-v", "--device", &path, "--csv", "-"])
        .stdin_open()
        .spawn();
    run.write("pager,message\n1,Hi\n");
    run.wait_for_stderr("C: <EOT>");
    run.wait_for_stderr("S: <ESC><EOT>");
    let other = || ixo_send(&["--device", &path, "2", "Hi"]).run().status == 0;
    crate::support::eventually("another one gets the line", other);
    run.write("3,Hi\n");
    run.wait().expect_status(0);
    assert_eq!(line.heard().matches("<EOT>").count(), 3);
}
