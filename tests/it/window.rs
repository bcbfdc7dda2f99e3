//! `--window`: pages that are written before the ones before them were answered, and what becomes
//! of each when a server refuses one, drops some, answers out of turn, or goes away.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::bulk::{bulk, closed, count, fates, outcomes, results};
use crate::support::desk::{Delivered, Desk};
use crate::support::fake::Conversation;
use crate::support::kit::link;
use crate::support::{Cmd, Fake, Output, Scratch, applet, eventually, scratch};

/// What a fault does about a line.
enum Act {
    /// Nothing: the desk answers.
    Keep,
    /// All there was to do.
    Done,
    /// The connection is over.
    Leave,
}

/// A gateway that keeps the rules but for one fault, and what it delivered.
struct Gateway {
    fake: Fake,
    delivered: Arc<Mutex<Vec<Delivered>>>,
}

impl Gateway {
    fn new(
        fault: impl Fn(&mut Conversation, &mut Desk, &str) -> Act + Send + Sync + 'static,
    ) -> Self {
        let delivered = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&delivered);
        let fake = Fake::lockstep(move |client: &mut Conversation| {
            let mut desk = Desk::default();
            client.say(Desk::GREETING);
            while let Some(line) = client.hear() {
                let act = fault(client, &mut desk, &line);
                if let Act::Keep = act {
                    let reply = desk.answer(&line);
                    all.lock().unwrap().append(&mut desk.delivered);
                    client.say(reply);
                }
                all.lock().unwrap().append(&mut desk.delivered);
                if matches!(act, Act::Leave) || line == "QUIT" {
                    return;
                }
            }
        });
        Self { fake, delivered }
    }

    fn polite() -> Self {
        Self::new(|_, _, _| Act::Keep)
    }

    fn send(&self, csv: &Path, args: &[&str]) -> Cmd {
        bulk(&self.fake).arg(csv).args(args)
    }

    fn delivered(&self) -> Vec<Delivered> {
        self.delivered.lock().unwrap().clone()
    }

    /// What is said of every row is true, nothing went out twice, and nothing to a wrong pager.
    #[track_caller]
    fn is_right(&self, csv: &Path, output: &Output) -> BTreeMap<u64, String> {
        let fates = fates(output);
        let delivered = self.delivered();
        let mut reader = csv::Reader::from_path(csv).unwrap();
        let rows: Vec<(String, String)> = reader
            .records()
            .map(|row| row.unwrap())
            .map(|row| (row[0].to_owned(), row[1].to_owned()))
            .collect();
        assert_eq!(fates.len(), rows.len(), "{output:?}");
        for ((pager, text), (row, fate)) in rows.iter().zip(&fates) {
            let own = (vec![pager.clone()], text.clone());
            let times = delivered.iter().filter(|page| **page == own).count();
            match fate.as_str() {
                "sent" => assert_eq!(times, 1, "row {row} is {fate}: {output:?}\n{delivered:?}"),
                "unknown" => assert!(times <= 1, "row {row} is {fate}: {delivered:?}"),
                _ => assert_eq!(times, 0, "row {row} is {fate}: {output:?}\n{delivered:?}"),
            }
        }
        for (pagers, text) in &delivered {
            let [pager] = pagers.as_slice() else {
                panic!("{text:?} went to {pagers:?}");
            };
            assert!(
                rows.contains(&(pager.clone(), text.clone())),
                "{text:?} went to {pager}"
            );
        }
        fates
    }
}

/// A file of rows with pagers of their own and texts of their own. Some are special: pager, text.
fn rows(dir: &Scratch, count: usize, special: &[(usize, &str, &str)]) -> PathBuf {
    let mut csv = "pager,message\n".to_owned();
    for row in 1..=count {
        let (pager, text) = special
            .iter()
            .find(|(at, ..)| *at == row)
            .map_or(("", "text"), |(_, pager, text)| (*pager, *text));
        let _ = writeln!(csv, "{pager}{row},\"{text} {row}\"");
    }
    dir.file("rows.csv", csv)
}

/// How often each outcome came.
fn tally(fates: &BTreeMap<u64, String>) -> BTreeMap<&str, usize> {
    let mut tally = BTreeMap::new();
    for fate in fates.values() {
        *tally.entry(fate.as_str()).or_default() += 1;
    }
    tally
}

const REHEARSAL: &[&str] = &[
    "RESE",
    "MESS rehearsal, not sent",
    "MESS rehearsal, not sent",
    "RESE",
    "MESS rehearsal, not sent",
    "RESE",
    "HELP",
];

#[test]
fn rows_are_written_together_to_a_server_that_says_it_can_take_that() {
    let dir = scratch("window");
    let csv = rows(&dir, 5, &[]);
    let gateway = Gateway::polite();
    let output = gateway.send(&csv, &["--window", "3"]).run();
    output.expect(0, &output.stdout, "");
    assert_eq!(
        outcomes(&output),
        ["1:sent", "2:sent", "3:sent", "4:sent", "5:sent"]
    );
    gateway.is_right(&csv, &output);
    let mut expected = vec!["PAGE 1", "MESS text 1", "SEND", "HELP"];
    expected.extend(REHEARSAL);
    expected.extend(["RESE", "PAGE 2", "MESS text 2", "SEND"]);
    expected.extend(["RESE", "PAGE 3", "MESS text 3", "SEND", "HELP"]);
    expected.extend(["RESE", "PAGE 4", "MESS text 4", "SEND"]);
    expected.extend(["RESE", "PAGE 5", "MESS text 5", "SEND", "HELP", "QUIT"]);
    assert_eq!(gateway.fake.heard(), expected);
    assert_eq!(gateway.fake.connections(), 1);
    let all = results(&output);
    assert!(
        all.iter()
            .all(|row| row["attempts"] == "1" && row["parts"] == "1/1" && row["code"] == "250"),
        "{all:?}"
    );
    // A window of one is what there was before windows.
    let gateway = Gateway::polite();
    let output = gateway.send(&csv, &["--window", "1"]).run();
    output.expect(0, &output.stdout, "");
    assert!(!gateway.fake.heard().contains(&"HELP".to_owned()));
    assert!(!gateway.fake.heard().contains(&"RESE".to_owned()));
}

#[test]
fn a_window_has_a_size_and_goes_with_rows() {
    let fake = Fake::replies(&[]);
    for (args, words) in [
        (&["--csv", "-", "--window", "0"][..], "0"),
        (&["--csv", "-", "--window", "257"], "257"),
        (&["--csv", "-", "--window", "many"], "many"),
        (&["--window", "8", "1", "hi"], "goes with --csv only"),
    ] {
        let cmd = applet("snpp-send").args(["-s", &fake.addr()]).args(args);
        cmd.run().expect_complaint(64, "", words);
    }
    assert_eq!(fake.connections(), 0);
}

#[test]
fn our_own_server_takes_windows_and_each_page_is_its_own() {
    link("pagebox");
    let dir = scratch("window-serve");
    // What no server would take, and what goes by itself: two lines, a hold time, a PIN.
    let special = [
        (7, "#", "nobody"),
        (8, "#", "nobody"),
        (20, "", "two\nlines"),
        (33, "", "SEND"),
        (34, "", "PAGE 99"),
    ];
    let csv = rows(&dir, 70, &special);
    let output = applet("snpp-send")
        .args(["-s", "localhost", "--window", "32", "--csv"])
        .arg(&csv)
        .args(["--proxy-command", "pagebox snpp-serve --spool spool"])
        .dir(&*dir)
        .run();
    output.expect_status(67);
    let fates = fates(&output);
    let mut jobs = BTreeMap::new();
    for name in dir.names("spool/new") {
        let job = dir.read(&format!("spool/new/{name}"));
        let (headers, text) = job.split_once("\n\n").unwrap();
        let to: Vec<&str> = headers
            .lines()
            .filter_map(|line| line.strip_prefix("To: "))
            .collect();
        assert_eq!(to.len(), 1, "{job}");
        let before = jobs.insert(to[0].to_owned(), text.trim_end().to_owned());
        assert_eq!(before, None, "{job}");
    }
    for row in 1..=70_u64 {
        let text = special
            .iter()
            .find(|(at, ..)| u64::try_from(*at).unwrap() == row)
            .map_or("text", |(.., text)| *text);
        let (fate, job) = match row {
            7 | 8 => ("refused", None),
            _ => ("sent", Some(format!("{text} {row}"))),
        };
        assert_eq!(fates[&row], fate, "row {row}");
        assert_eq!(jobs.remove(&row.to_string()), job, "row {row}");
    }
    assert!(jobs.is_empty(), "{jobs:?}");
}

#[test]
fn a_refusal_in_mid_window_stays_with_its_row() {
    let dir = scratch("window-refused");
    let special = [
        (3, "bad", "text"),
        (5, "", "bad"),
        (7, "", "full"),
        (9, "busy", "text"),
        (10, "bad", "bad"),
    ];
    let csv = rows(&dir, 12, &special);
    let gateway = Gateway::polite();
    let output = gateway.send(&csv, &["--window", "11"]).run();
    output.expect_status(79);
    let fates = gateway.is_right(&csv, &output);
    let expected = [
        (3, "refused", "550", "Error, Invalid Pager ID"),
        (5, "refused", "550", "ERROR, Invalid Message"),
        (7, "temporary", "554", "Message Failed"),
        (9, "temporary", "554", "All lines busy"),
        (10, "refused", "550", "Error, Invalid Pager ID"),
    ];
    let all = results(&output);
    for (row, outcome, code, response) in expected {
        let result = &all[row - 1];
        assert_eq!(
            (&*result["outcome"], &*result["code"], &*result["response"]),
            (outcome, code, response)
        );
        assert!(
            output.stderr.contains(&format!("row {row}: ")),
            "{output:?}"
        );
    }
    assert_eq!(tally(&fates)["sent"], 7);
    // In the order of the input, all of them once.
    let order: Vec<&str> = all.iter().map(|row| row["row"].as_str()).collect();
    let input: Vec<String> = (1..=12).map(|row| row.to_string()).collect();
    assert_eq!(order, input);
}

#[test]
fn what_must_be_able_to_stop_its_page_goes_by_itself_between_two_windows() {
    let dir = scratch("window-options");
    let line = |row: usize| match row {
        4 => format!("{row},text {row},2h,,,\n"),
        5 => format!("{row},\"two\nlines {row}\",,,,\n"),
        8 => format!("{row},text {row},,0042,,\n"),
        9 => format!("{row},text {row},,,3,\n"),
        10 => format!("{row},text {row},,,,me\n"),
        _ => format!("{row},text {row},,,,\n"),
    };
    let lines: String = (1..=12).map(line).collect();
    let csv = format!("pager,message,hold,pin,level,caller\n{lines}");
    let csv = dir.file("rows.csv", csv);
    let gateway = Gateway::polite();
    let output = gateway.send(&csv, &["--window", "12", "-v"]).run();
    output.expect_status(69);
    let fates = fates(&output);
    // The hold time was refused, and nothing of that page went out.
    assert_eq!(fates[&4], "refused");
    assert_eq!(tally(&fates)["sent"], 11);
    let mut delivered = gateway.delivered();
    delivered.retain(|(pagers, text)| {
        !(pagers[0] == "8 0042" && text == "text 8" || pagers[0] == "5" && text == "two\nlines 5")
    });
    let expected: Vec<Delivered> = [1, 2, 3, 6, 7, 9, 10, 11, 12]
        .map(|row| (vec![row.to_string()], format!("text {row}")))
        .into();
    assert_eq!(delivered, expected);
    let heard = gateway.fake.heard();
    let at = heard
        .iter()
        .position(|line| line.starts_with("HOLD"))
        .unwrap();
    // Behind a window a page begins afresh; the refused one is forgotten as well.
    assert_eq!(heard[at - 2..at], ["HELP", "RESE"]);
    assert_eq!(heard[at + 1..at + 4], ["RESE", "PAGE 5", "DATA"]);
    assert!(!output.stderr.contains("0042"), "{output:?}");
}

#[test]
fn with_a_login_each_page_of_a_window_logs_in_again() {
    let dir = scratch("window-login");
    let csv = rows(&dir, 4, &[]);
    let gateway = Gateway::polite();
    let output = gateway
        .send(&csv, &["--window", "4", "--login", "joe", "-v"])
        .env("SNPP_PASSWORD", "hunter2")
        .run();
    output.expect_status(0);
    gateway.is_right(&csv, &output);
    let heard = gateway.fake.heard();
    let resets: Vec<usize> = (0..heard.len()).filter(|at| heard[*at] == "RESE").collect();
    assert_eq!(resets.len(), 6);
    assert!(resets.iter().all(|at| heard[at + 1] == "LOGI joe hunter2"));
    assert!(!output.stderr.contains("hunter2"), "{output:?}");
    assert!(output.stderr.contains("C: LOGI joe ****"));
}

#[test]
fn a_server_that_does_not_list_pipelining_gets_one_command_at_a_time() {
    let dir = scratch("window-no");
    let csv = rows(&dir, 9, &[]);
    for help in [
        "500 What?",
        "214 PAGE MESS\r\n250 End",
        "250 PIPELINING",
        "214 PIPELINING*\r\n250 End",
    ] {
        for jobs in ["1", "3"] {
            let fake = Fake::replies(&[("HELP", help)]);
            let output = bulk(&fake)
                .arg(&csv)
                .args(["--window", "8", "--jobs", jobs])
                .run();
            // Said once, whoever finds out.
            let remark = format!(
                "snpp-send: {}: HELP does not list PIPELINING; its pages go one by one\n",
                fake.addr()
            );
            output.expect(0, &output.stdout, &remark);
            assert_eq!(tally(&fates(&output))["sent"], 9);
            assert_eq!(count(&fake, "RESE"), 0);
        }
    }
}

#[test]
fn a_server_that_swallows_what_follows_a_reset_is_found_out_in_time() {
    let dir = scratch("window-swallow");
    let csv = rows(&dir, 9, &[]);
    let gateway = Gateway::new(|client, _, line| {
        if line == "RESE" {
            client.swallow();
        }
        Act::Keep
    });
    let output = gateway
        .send(&csv, &["--window", "8", "--timeout", "500ms"])
        .run();
    output.expect_complaint(0, &output.stdout, "its pages go one by one");
    assert_eq!(tally(&gateway.is_right(&csv, &output))["sent"], 9);
    assert_eq!(gateway.delivered().len(), 9);
}

#[test]
fn so_is_one_that_swallows_what_follows_a_refusal_or_that_forgets_nothing() {
    let dir = scratch("window-rehearsal");
    let csv = rows(&dir, 9, &[(3, "bad", "text"), (4, "busy", "text")]);
    let flushes = Gateway::new(|client, desk, line| {
        let reply = desk.answer(line);
        if reply.starts_with('5') {
            client.swallow();
        }
        client.say(reply);
        Act::Done
    });
    let forgets_nothing = Gateway::new(|client, _, line| match line {
        "RESE" => {
            client.say("250 Sure\r\n");
            Act::Done
        }
        _ => Act::Keep,
    });
    for gateway in [flushes, forgets_nothing] {
        let args = ["--window", "8", "--timeout", "500ms"];
        let output = gateway.send(&csv, &args).run();
        output.expect_complaint(79, &output.stdout, "its pages go one by one");
        let fates = gateway.is_right(&csv, &output);
        let expected = BTreeMap::from([("refused", 1), ("sent", 7), ("temporary", 1)]);
        assert_eq!(tally(&fates), expected);
    }
}

/// A server that keeps the rules until the RESE with this number, counted from 1 on, and then
/// drops whatever it has read behind it.
fn swallower(from: usize) -> Gateway {
    let resets = AtomicUsize::new(0);
    Gateway::new(move |client, _, line| {
        if line == "RESE" && resets.fetch_add(1, Ordering::SeqCst) + 1 >= from {
            client.swallow();
        }
        Act::Keep
    })
}

#[test]
fn commands_that_were_swallowed_in_mid_window_leave_no_row_of_it_sent() {
    let dir = scratch("window-swallowed");
    // Some texts would be commands if the beginning of their line were gone.
    let csv = rows(&dir, 30, &[(5, "", "PAGE 4\u{2028}SEND"), (6, "", "SEND")]);
    // Three are the rehearsal's.
    for from in [4, 5, 9] {
        let gateway = swallower(from);
        let output = gateway
            .send(&csv, &["--window", "10", "--verdict-timeout", "500ms"])
            .run();
        output.expect_complaint(79, &output.stdout, "its pages go one by one");
        let fates = gateway.is_right(&csv, &output);
        // One window, and nothing before or behind it.
        assert_eq!(
            tally(&fates),
            BTreeMap::from([("sent", 21), ("unknown", 9)]),
            "{from}"
        );
        for row in 2..=10 {
            assert_eq!(fates[&row], "unknown", "{from}");
        }
    }
}

#[test]
fn a_reply_too_many_in_mid_window_makes_all_of_the_connection_unknown() {
    let dir = scratch("window-ahead");
    let csv = rows(&dir, 12, &[(6, "", "full")]);
    for extra in ["250 and again", "550 and again", "554 and again"] {
        for at in ["PAGE 3", "MESS text 4", "SEND", "RESE"] {
            let seen = AtomicUsize::new(0);
            let gateway = Gateway::new(move |client, desk, line| {
                let nth = if line == at {
                    seen.fetch_add(1, Ordering::SeqCst)
                } else {
                    0
                };
                let reply = desk.answer(line);
                // The fifth SEND or RESE is one of the first window.
                let is_it = line == at && (line.contains(' ') || nth == 4);
                client.say(if is_it {
                    format!("{reply}{extra}\r\n")
                } else {
                    reply
                });
                Act::Done
            });
            let output = gateway.send(&csv, &["--window", "8"]).run();
            output.expect_complaint(79, &output.stdout, "replies have shifted");
            let fates = gateway.is_right(&csv, &output);
            for row in 1..=8 {
                assert_eq!(fates[&row], "unknown", "{extra} {at}: {output:?}");
            }
            for row in 9..=12 {
                assert_eq!(fates[&row], "sent", "{extra} {at}: {output:?}");
            }
        }
    }
}

#[test]
fn a_server_that_answers_before_it_was_asked_is_not_believed() {
    let dir = scratch("window-early");
    let csv = rows(&dir, 8, &[]);
    let helps = AtomicUsize::new(0);
    // It knows the dialogue by heart: behind the rehearsal comes what a whole window is answered
    // with, to the line.
    let gateway = Gateway::new(move |client, desk, line| {
        if line == "HELP" && helps.fetch_add(1, Ordering::SeqCst) == 1 {
            let help = desk.answer("HELP");
            client.say(format!("{help}{}{help}", "250 Sure\r\n".repeat(7 * 4)));
            return Act::Done;
        }
        Act::Keep
    });
    let output = gateway.send(&csv, &["--window", "8"]).run();
    output.expect_complaint(79, &output.stdout, "replies have shifted");
    let fates = gateway.is_right(&csv, &output);
    assert_eq!(fates[&1], "unknown");
    assert_eq!(tally(&fates)["sent"], 7);
}

#[test]
fn a_line_lost_in_mid_window_leaves_unknown_what_was_written_and_not_answered() {
    let dir = scratch("window-lost");
    let csv = rows(&dir, 30, &[(3, "bad", "text")]);
    for (from, closes) in [
        ("RESE", true),
        ("PAGE 5", false),
        ("MESS text 5", true),
        ("SEND", false),
    ] {
        let sends = AtomicUsize::new(0);
        let gateway = Gateway::new(move |client, desk, line| {
            let sent = sends.load(Ordering::SeqCst);
            sends.fetch_add(usize::from(line == "SEND"), Ordering::SeqCst);
            // Rows 1 to 4 have been answered by then.
            if client.number == 0 && sent == 4 && line == from {
                // It may have been done, or not.
                desk.answer(line);
                if closes {
                    client.close();
                } else {
                    client.reset();
                }
                return Act::Leave;
            }
            Act::Keep
        });
        let output = gateway.send(&csv, &["--window", "10"]).run();
        output.expect_complaint(79, &output.stdout, "its pages go one by one");
        let fates = gateway.is_right(&csv, &output);
        let answered = fates.range(..=4).map(|(_, fate)| fate.as_str());
        // A reset may overtake what was said before it.
        if closes {
            assert!(
                answered.eq(["sent", "sent", "refused", "sent"]),
                "{from}: {output:?}"
            );
        }
        assert!(
            (5..=10).all(|row| fates[&row] == "unknown"),
            "{from}: {output:?}"
        );
        assert!(
            (11..=30).all(|row| fates[&row] == "sent"),
            "{from}: {output:?}"
        );
        assert_eq!(gateway.fake.connections(), 2);
    }
}

#[test]
fn what_was_not_written_when_the_line_was_lost_is_untried() {
    let dir = scratch("window-gone");
    let csv = rows(&dir, 30, &[]);
    let gateway = Gateway::new(|client, _, line| {
        if client.number > 0 || line == "PAGE 5" {
            client.reset();
            return Act::Leave;
        }
        Act::Keep
    });
    let output = gateway.send(&csv, &["--window", "10"]).run();
    output.expect_status(79);
    let fates = gateway.is_right(&csv, &output);
    assert!((5..=10).all(|row| fates[&row] == "unknown"), "{output:?}");
    assert!(
        (11..=30).all(|row| fates[&row] == "untried" || fates[&row] == "temporary"),
        "{output:?}"
    );
}

#[test]
fn a_goodbye_in_mid_window_leaves_unknown_what_was_written() {
    let dir = scratch("window-421");
    let csv = rows(&dir, 12, &[]);
    for at in ["PAGE 5", "MESS text 5", "SEND"] {
        let sends = AtomicUsize::new(0);
        let gateway = Gateway::new(move |client, _, line| {
            let sent = sends.load(Ordering::SeqCst);
            sends.fetch_add(usize::from(line == "SEND"), Ordering::SeqCst);
            if sent == 4 && line == at {
                client.say("421 SERVER DOWN, Goodbye\r\n");
                return Act::Leave;
            }
            Act::Keep
        });
        let output = gateway.send(&csv, &["--window", "8"]).run();
        output.expect_status(79);
        let fates = gateway.is_right(&csv, &output);
        // 421 is the answer to SEND where it comes in its place: that page is not out.
        let fifth = if at == "SEND" { "temporary" } else { "unknown" };
        assert_eq!(fates[&5], fifth, "{output:?}");
        assert!(
            (1..=4).chain(9..=12).all(|row| fates[&row] == "sent"),
            "{output:?}"
        );
        assert!((6..=8).all(|row| fates[&row] == "unknown"), "{output:?}");
    }
}

#[test]
fn a_server_that_falls_silent_in_mid_window_is_not_waited_for_without_end() {
    let dir = scratch("window-silent");
    let csv = rows(&dir, 10, &[]);
    for at in ["RESE", "PAGE 3", "MESS text 3", "SEND"] {
        let count = AtomicUsize::new(0);
        let gateway = Gateway::new(move |_, desk, line| {
            let nth = if line == at {
                count.fetch_add(1, Ordering::SeqCst) + 1
            } else {
                0
            };
            if nth == 5 || nth == 1 && at.contains(' ') {
                desk.answer(line);
                return Act::Done;
            }
            Act::Keep
        });
        let args = ["--window", "8", "--verdict-timeout", "300ms"];
        let output = gateway.send(&csv, &args).run();
        output.expect_status(79);
        let fates = gateway.is_right(&csv, &output);
        // Its replies may have been those to other commands.
        assert!(
            (2..=8).all(|row| fates[&row] == "unknown"),
            "{at}: {output:?}"
        );
        assert!(
            [1, 9, 10].iter().all(|row| fates[row] == "sent"),
            "{at}: {output:?}"
        );
    }
}

#[test]
fn each_page_of_a_window_has_a_time_of_its_own() {
    let dir = scratch("window-slow");
    let csv = rows(&dir, 9, &[]);
    // It delivers before it answers, and all of that takes longer than the limit for one page.
    let gateway = Gateway::new(|client, _, line| {
        if line == "SEND" {
            client.pause(Duration::from_millis(200));
        }
        Act::Keep
    });
    let args = [
        "--window",
        "9",
        "--verdict-timeout",
        "1s",
        "--timeout",
        "1s",
    ];
    let output = gateway.send(&csv, &args).run();
    output.expect(0, &output.stdout, "");
    assert_eq!(tally(&gateway.is_right(&csv, &output))["sent"], 9);
}

#[test]
fn a_second_text_for_an_old_one_is_unknown_and_the_last_window() {
    let dir = scratch("window-contaminated");
    let csv = rows(&dir, 20, &[(3, "bad", "text")]);
    let resets = AtomicUsize::new(0);
    // Three resets are the rehearsal's; the one of row 4 does nothing.
    let gateway = Gateway::new(move |client, _, line| {
        if line == "RESE" && resets.fetch_add(1, Ordering::SeqCst) + 1 == 6 {
            client.say("250 Sure\r\n");
            return Act::Done;
        }
        Act::Keep
    });
    let output = gateway.send(&csv, &["--window", "8"]).run();
    output.expect_complaint(79, &output.stdout, "another page may be out in its place");
    assert!(
        output.stderr.contains("its pages go one by one"),
        "{output:?}"
    );
    let fates = fates(&output);
    assert_eq!(
        gateway.delivered()[2],
        (vec!["4".to_owned()], "text 3".to_owned())
    );
    assert_eq!(
        (fates[&3].as_str(), fates[&4].as_str()),
        ("unknown", "unknown")
    );
    assert_eq!(tally(&fates)["sent"], 18);
}

#[test]
fn replies_that_turn_out_to_have_shifted_take_rows_of_windows_back() {
    let dir = scratch("window-taken-back");
    let csv = rows(&dir, 9, &[]);
    let gateway = Gateway::new(|client, _, line| {
        if line == "QUIT" {
            client.say("250 sent\r\n221 bye\r\n");
            return Act::Leave;
        }
        Act::Keep
    });
    let journal = dir.join("journal");
    let run = || {
        gateway
            .send(&csv, &["--window", "4", "--journal"])
            .arg(&journal)
            .run()
    };
    let output = run();
    output.expect_status(79);
    assert!(
        fates(&output).values().all(|fate| fate == "unknown"),
        "{output:?}"
    );
    assert_eq!(results(&output).len(), 18);
    let output = run();
    output.expect_status(79);
    assert!(
        fates(&output).values().all(|fate| fate == "unknown"),
        "{output:?}"
    );
    assert_eq!(gateway.delivered().len(), 9);
}

#[test]
fn what_was_refused_for_now_goes_on_elsewhere_and_what_is_unknown_does_not() {
    let dir = scratch("window-failover");
    let csv = rows(
        &dir,
        10,
        &[(3, "busy", "text"), (5, "", "full"), (7, "bad", "text")],
    );
    let first = Gateway::new(|client, _, line| {
        if line == "PAGE 9" {
            client.close();
            return Act::Leave;
        }
        Act::Keep
    });
    let second = Fake::replies(&[]);
    let output = first
        .send(&csv, &["-s", &second.addr(), "--window", "10"])
        .run();
    output.expect_status(79);
    let all = results(&output);
    let seen: Vec<(&str, &str, &str)> = all
        .iter()
        .map(|row| {
            let server = if row["server"] == second.addr() {
                "second"
            } else {
                "first"
            };
            (row["outcome"].as_str(), server, row["attempts"].as_str())
        })
        .collect();
    let here = ("sent", "first", "1");
    let there = ("sent", "second", "2");
    let unknown = ("unknown", "first", "1");
    assert_eq!(
        seen,
        [
            here,
            here,
            there,
            here,
            there,
            here,
            ("refused", "first", "1"),
            here,
            unknown,
            unknown
        ]
    );
    assert!(
        output.stderr.contains("trying the next server"),
        "{output:?}"
    );
    assert_eq!(count(&second, "SEND"), 2);
    // And here again, where there is no other.
    let tries = AtomicUsize::new(0);
    let moody = Gateway::new(move |client, _, line| {
        if line.starts_with("PAGE busy") && tries.fetch_add(1, Ordering::SeqCst) > 0 {
            client.say("250 ok\r\n");
            return Act::Done;
        }
        Act::Keep
    });
    let csv = rows(&dir, 4, &[(3, "busy", "text")]);
    let output = moody
        .send(
            &csv,
            &["--window", "4", "--retry", "1", "--retry-delay", "10ms"],
        )
        .run();
    assert_eq!(results(&output)[2]["attempts"], "2");
    let pages = moody.fake.heard();
    assert_eq!(pages.iter().filter(|line| *line == "PAGE busy3").count(), 2);
}

#[test]
fn begins_of_a_whole_window_are_on_disk_before_any_of_it_is_written() {
    let dir = scratch("window-begin");
    let csv = rows(&dir, 8, &[]);
    let journal = dir.join("journal");
    let path = journal.clone();
    let seen: Arc<Mutex<Vec<(String, usize)>>> = Arc::default();
    let notes = Arc::clone(&seen);
    let gateway = Gateway::new(move |_, _, line| {
        if line.starts_with("PAGE") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let begun = text
                .lines()
                .filter(|line| line.starts_with("begin "))
                .count();
            notes.lock().unwrap().push((line.to_owned(), begun));
        }
        Act::Keep
    });
    let run = || {
        gateway
            .send(&csv, &["--window", "4", "--journal"])
            .arg(&journal)
            .run()
    };
    run().expect_status(0);
    let begun: Vec<usize> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, begun)| *begun)
        .collect();
    assert_eq!(begun, [0, 4, 4, 4, 8, 8, 8, 8]);
    // Nothing is left to do.
    let heard = gateway.fake.heard().len();
    run().expect_status(0);
    assert_eq!(gateway.fake.heard().len(), heard);
}

#[test]
fn no_row_of_a_window_goes_out_twice_wherever_a_run_is_killed() {
    for kill_at in [1, 2, 7, 19] {
        let dir = scratch("window-killed");
        let csv = rows(&dir, 24, &[]);
        let journal = dir.join("journal");
        let sends = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sends);
        // It thinks for ever about one page, once.
        let gateway = Gateway::new(move |client, _, line| {
            if line == "SEND" && count.fetch_add(1, Ordering::SeqCst) + 1 == kill_at {
                client.hold(Duration::from_secs(20));
                return Act::Leave;
            }
            Act::Keep
        });
        let run = || {
            gateway
                .send(&csv, &["--window", "8", "--journal"])
                .arg(&journal)
        };
        let mut running = run().spawn();
        eventually("that SEND", || sends.load(Ordering::SeqCst) >= kill_at);
        running.signal(Signal::KILL);
        running.wait().expect_status(137);
        let output = run().run();
        output.expect_status(79);
        let fates = gateway.is_right(&csv, &output);
        let unknown = tally(&fates)["unknown"];
        assert!((1..=8).contains(&unknown), "{output:?}");
        assert_eq!(tally(&fates)["sent"], 24 - unknown);
    }
}

#[test]
fn a_signal_in_mid_window_leaves_its_rows_unknown() {
    let dir = scratch("window-signal");
    let csv = rows(&dir, 24, &[]);
    let gateway = Gateway::new(|client, _, line| {
        if line == "PAGE 5" {
            client.hold(Duration::from_secs(20));
            return Act::Leave;
        }
        Act::Keep
    });
    let mut running = gateway.send(&csv, &["--window", "8"]).spawn();
    gateway.fake.wait_for("PAGE 5");
    running.signal(Signal::INT);
    let output = running.wait();
    output.expect_status(130);
    let fates = fates(&output);
    assert_eq!(fates.len(), 8, "{output:?}");
    assert!((1..=4).all(|row| fates[&row] == "sent"), "{output:?}");
    assert!((5..=8).all(|row| fates[&row] == "unknown"), "{output:?}");
    // What is answered soon enough is known.
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let gateway = Gateway::new(move |_, _, line| {
        if line == "PAGE 5" {
            let _ = gone.lock().unwrap().recv();
        }
        Act::Keep
    });
    let mut running = gateway.send(&csv, &["--window", "8"]).spawn();
    gateway.fake.wait_for("PAGE 5");
    running.signal(Signal::INT);
    go.send(()).unwrap();
    let output = running.wait();
    output.expect_status(130);
    let all: BTreeMap<u64, String> = (1..=8).map(|row| (row, "sent".to_owned())).collect();
    assert_eq!(crate::bulk::fates(&output), all, "{output:?}");
}

#[test]
fn rows_that_come_late_hold_up_none_that_are_there() {
    let gateway = Gateway::polite();
    let mut running = bulk(&gateway.fake)
        .args(["-", "--window", "8"])
        .stdin_open()
        .spawn();
    running.write("pager,message\n1,one\n2,\"t");
    running.wait_for_stdout("\n1,,1,sent,250,");
    running.write("wo\"\n3,three\n4,four\n5,");
    running.wait_for_stdout("\n4,,4,sent,250,");
    running.write("five");
    let output = running.wait();
    let all = ["1:sent", "2:sent", "3:sent", "4:sent", "5:sent"];
    assert_eq!(outcomes(output.expect_status(0)), all);
    let expected: Vec<Delivered> = [
        ("1", "one"),
        ("2", "two"),
        ("3", "three"),
        ("4", "four"),
        ("5", "five"),
    ]
    .map(|(pager, text)| (vec![pager.to_owned()], text.to_owned()))
    .into();
    assert_eq!(gateway.delivered(), expected);
}

#[test]
fn bad_rows_are_told_in_their_place() {
    let dir = scratch("window-bad");
    let csv = dir.file(
        "rows.csv",
        "pager,message\r\n1,one\r\n2,two\r\n5.55E+09,x\r\n4,four\r\n\r\n5,\r\n6,six\r\n7,seven\r\n8,\"open\r\n",
    );
    let gateway = Gateway::polite();
    let output = gateway.send(&csv, &["--window", "8"]).run();
    output.expect_status(65);
    let words = [
        "1:sent",
        "2:sent",
        "3:refused",
        "4:sent",
        "5:refused",
        "6:sent",
        "7:sent",
        "8:refused",
    ];
    assert_eq!(outcomes(&output), words);
    let all = results(&output);
    assert!(all[2]["response"].starts_with("line 4: "), "{all:?}");
    assert!(all[4]["response"].starts_with("line 7: "), "{all:?}");
    assert!(all[7]["response"].contains("never closed"), "{all:?}");
    // And one without end is the end of the run, behind all that came before it.
    let endless = format!(
        "pager,message\n1,one\n2,two\n3,three\n4,\"{}",
        "x\n".repeat(50_000)
    );
    let csv = dir.file("endless.csv", endless);
    let output = gateway.send(&csv, &["--window", "8"]).run();
    output.expect_status(65);
    assert_eq!(outcomes(&output), ["1:sent", "2:sent", "3:sent"]);
    assert!(output.stderr.contains("line 5"), "{output:?}");
}

#[test]
fn several_jobs_have_windows_of_their_own() {
    let dir = scratch("window-jobs");
    let csv = rows(&dir, 200, &[(50, "bad", "text"), (120, "busy", "text")]);
    let gateway = Gateway::polite();
    let journal = dir.join("journal");
    let output = gateway
        .send(&csv, &["--window", "8", "--jobs", "4", "--journal"])
        .arg(&journal)
        .run();
    output.expect_status(79);
    let fates = gateway.is_right(&csv, &output);
    assert_eq!(
        tally(&fates),
        BTreeMap::from([("refused", 1), ("sent", 198), ("temporary", 1)])
    );
    // A connection that fails leaves no row without a result, and none twice.
    let gateway = Gateway::new(|client, _, line| {
        if client.number < 3 && line == "PAGE 100" {
            client.reset();
            return Act::Leave;
        }
        Act::Keep
    });
    let csv = rows(&dir, 200, &[]);
    let output = gateway.send(&csv, &["--window", "8", "--jobs", "4"]).run();
    let fates = gateway.is_right(&csv, &output);
    assert!(tally(&fates)["sent"] >= 192, "{output:?}");
    let dead = applet("snpp-send").args(["-s", &closed(), "--jobs", "4", "--window", "8", "--csv"]);
    let output = dead.arg(&csv).run();
    output.expect_status(75);
    assert_eq!(results(&output).len(), 200);
}

#[test]
fn no_more_is_written_ahead_than_fits_and_a_talkative_server_holds_up_nothing() {
    let dir = scratch("window-large");
    let text = "x".repeat(240);
    let csv = rows(&dir, 600, &[]);
    let long = fs::read_to_string(&csv).unwrap().replace("text", &text);
    let csv = dir.file("long.csv", long);
    // Each reply is a line of 2000 bytes, said before the next command is heard.
    let talk = "z".repeat(2000);
    let gateway = Gateway::new(move |client, desk, line| {
        let reply = desk.answer(line);
        client.say(reply.replace("\r\n", &format!(" {talk}\r\n")));
        Act::Done
    });
    let output = gateway.send(&csv, &["--window", "256"]).run();
    output.expect_status(0);
    assert_eq!(tally(&gateway.is_right(&csv, &output))["sent"], 600);
    let raw = String::from_utf8(gateway.fake.raw().concat()).unwrap();
    let windows: Vec<&str> = raw.split("HELP\r\n").collect();
    assert!(
        windows.iter().all(|window| window.len() <= 16 * 1024),
        "{}",
        windows.len()
    );
    assert!(windows.iter().any(|window| window.len() > 15 * 1024));
    // One that reads no more holds up nobody either.
    let gateway = Gateway::new(|client, _, line| {
        if line == "PAGE 2" {
            client.pause(Duration::from_secs(20));
            return Act::Leave;
        }
        Act::Keep
    });
    let args = [
        "--window",
        "256",
        "--verdict-timeout",
        "300ms",
        "--timeout",
        "1s",
    ];
    let mut running = gateway.send(&csv, &args).stdin_open().spawn();
    running.wait_for_stdout("\n2,,2,unknown,");
    running.kill();
}

#[test]
fn a_server_that_counts_errors_is_left_in_time() {
    let dir = scratch("window-errors");
    // Every eighth pager is unknown, and eleven errors are too many.
    let special: Vec<(usize, &str, &str)> = (1..=200)
        .step_by(8)
        .map(|row| (row, "bad", "text"))
        .collect();
    let csv = rows(&dir, 200, &special);
    let errors = Mutex::new(BTreeMap::<usize, usize>::new());
    let gateway = Gateway::new(move |client, desk, line| {
        let reply = desk.answer(line);
        let mut errors = errors.lock().unwrap();
        let count = errors.entry(client.number).or_default();
        *count += usize::from(reply.starts_with('5') && line.starts_with("PAGE"));
        if *count > 10 {
            client.say("421 Too Many Errors, Goodbye\r\n");
            return Act::Leave;
        }
        drop(errors);
        client.say(reply);
        Act::Done
    });
    let output = gateway.send(&csv, &["--window", "32"]).run();
    output.expect_status(67);
    let fates = gateway.is_right(&csv, &output);
    assert_eq!(
        tally(&fates),
        BTreeMap::from([("refused", 25), ("sent", 175)])
    );
    assert!(gateway.fake.connections() > 1);
}

#[test]
fn json_has_the_dialogue_of_each_page() {
    let dir = scratch("window-json");
    let csv = rows(&dir, 3, &[(3, "bad", "text")]);
    let gateway = Gateway::polite();
    let output = gateway
        .send(&csv, &["--window", "8", "--json", "--login", "joe"])
        .env("SNPP_PASSWORD", "hunter2")
        .run();
    output.expect_status(67);
    assert!(!output.stdout.contains("hunter2"));
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = [
        "C: RESE",
        "S: 250 RESET OK",
        "C: LOGI joe ****",
        "S: 250 Login Accepted",
        "C: PAGE bad3",
        "S: 550 Error, Invalid Pager ID",
        "C: MESS text 3",
        "S: 250 Message OK",
        "C: SEND",
        "S: 503 Error, Pager ID or Message Incomplete",
    ];
    assert_eq!(lines[2]["transcript"], serde_json::json!(expected));
    assert_eq!(
        lines[2]["error"],
        "PAGE command failed: 550 Error, Invalid Pager ID"
    );
    assert_eq!(lines[1]["sendResponse"], "250 Message Sent");
    assert_eq!(lines[1]["pageResponse"], "250 Pager ID Accepted");
    assert_eq!(lines[1]["success"], true);
    let transcript = lines[1]["transcript"].as_array().unwrap();
    assert_eq!(transcript.len(), 10);
}

#[test]
fn a_connection_that_idled_away_costs_no_row_of_a_window() {
    let gateway = Gateway::new(|client, desk, line| {
        let reply = desk.answer(line);
        client.say(reply);
        if client.number == 0
            && line == "SEND"
            && desk.delivered.len() == 1
            && desk.delivered[0].0 == ["1"]
        {
            client.say("421 Timeout, Goodbye\r\n");
            return Act::Leave;
        }
        Act::Done
    });
    let mut running = bulk(&gateway.fake)
        .args(["-", "--window", "8"])
        .stdin_open()
        .spawn();
    running.write("pager,message\n1,one\n");
    running.wait_for_stdout("\n1,,1,sent,250,");
    eventually("the goodbye", || gateway.delivered().len() == 1);
    running.write("2,two\n3,three\n4,four\n");
    let output = running.wait();
    output.expect_status(0);
    assert_eq!(outcomes(&output), ["1:sent", "2:sent", "3:sent", "4:sent"]);
    assert_eq!(gateway.delivered().len(), 4);
    assert_eq!(gateway.fake.connections(), 2);
}
