//! Rows of a CSV, and what a journal makes of a run that failed.

use std::fs;

use super::{SHOWN, answers, at, polite, serves, xtell};
use crate::bulk::{closed, outcomes, results};
use crate::support::{Fake, scratch};

/// A CSV of that many rows for one user, the message of each being its number.
fn numbered(rows: usize, user: &str) -> String {
    let rows: Vec<String> = (1..=rows).map(|row| format!("{user},{row}")).collect();
    format!("pager,message\n{}\n", rows.join("\n"))
}

#[test]
fn each_row_has_a_result() {
    const CODES: &[(&str, &str)] = &[("bob", "404 no")];
    let (fake, dead) = (serves(CODES), closed());
    let [jane, bob] = [at("jane", &fake), at("bob", &fake)];
    let csv = format!(
        "id,pager,message,level\na,{jane},\"1\n2\",\nb,{bob},hi,\nc,x@{dead},hi,\n\
         d,y@{dead},hi,\ne,jane@,hi,\nf,{jane}, ,\ng,{jane},last,1\n"
    );
    let run = xtell(&["--csv", "-", "--window", "2"]).stdin(csv).run();
    run.expect_status(79);
    let is = [
        "1:sent",
        "2:refused",
        "3:untried",
        "4:untried",
        "5:refused",
        "6:refused",
        "7:sent",
    ];
    assert_eq!(outcomes(&run), is, "{run:?}");
    let rows = results(&run);
    for (row, column, value) in [
        (0, "parts", "2/2"),
        (0, "server", &*fake.addr()),
        (1, "code", "404"),
        (2, "attempts", "1"),
        (3, "attempts", "0"),
        (5, "response", "line 8: the message is empty"),
    ] {
        assert_eq!(rows[row][column], value, "{row} {column}");
    }
    for text in [
        "--window changes nothing",
        "row 7: xtell has no words for level",
    ] {
        assert!(run.stderr.contains(text), "{run:?}");
    }
    let expected =
        ["jane::1", "jane::2", "bob::hi", "jane::last"].map(|line| format!("joe:{line}"));
    let heard = fake.heard();
    let heard: Vec<&String> = heard.iter().filter(|line| *line != "QUIT").collect();
    assert_eq!(heard, expected.iter().collect::<Vec<_>>());
}

#[test]
fn what_would_go_astray_stops_its_row() {
    let fake = polite();
    let jane = at("jane", &fake);
    let csv = format!(
        "pager,message,hold,coverage,expire,pin,caller\n{jane},a,2h,,,,\n{jane},b,,N,,,\n\
         {jane},c,,,3h,,\n{jane},d,,,,1,\n{jane},e,,,,,ops\n"
    );
    let run = crate::support::applet("xtell")
        .args(["--csv", "-"])
        .stdin(csv)
        .run();
    run.expect_status(69);
    assert_eq!(outcomes(&run).last().unwrap(), "5:sent");
    assert_eq!(fake.heard(), ["ops:jane::e", "QUIT"]);
}

#[test]
fn a_run_is_resumed_without_doubling() {
    let fake = Fake::lockstep(|client| {
        let number = client.number;
        answers(client, |line| {
            let busy = number == 0 && line.ends_with("two");
            if busy { "400 busy\r\n" } else { SHOWN }.to_owned()
        });
    });
    let scratch = scratch("xtell-journal");
    let jane = at("jane", &fake);
    let csv = format!("pager,message\n{jane},two\n{jane},one\n");
    let csv = scratch.file("lines.csv", csv);
    let journal = scratch.join("journal");
    let words = [
        "--csv",
        csv.to_str().unwrap(),
        "--journal",
        journal.to_str().unwrap(),
    ];
    let first = xtell(&words).run();
    first.expect_status(79);
    assert_eq!(outcomes(&first), ["1:temporary", "2:sent"]);
    let second = xtell(&words).run();
    second.expect_status(0);
    assert_eq!(outcomes(&second), ["1:sent", "2:sent"]);
    let heard = fake.heard();
    assert_eq!(heard.iter().filter(|line| line.ends_with("one")).count(), 1);
    let kept = fs::read_to_string(&journal).unwrap();
    assert!(!kept.contains("one") && !kept.contains("two"), "{kept}");
}

#[test]
fn several_jobs_have_connections_of_their_own_and_a_dry_run_none() {
    let fake = polite();
    let csv = numbered(40, &at("jane", &fake));
    let dry = xtell(&["--csv", "-", "--dry-run"]).stdin(&csv).run();
    dry.expect_status(0);
    assert_eq!(fake.connections(), 0);
    let run = xtell(&["--csv", "-", "--jobs", "4"]).stdin(&csv).run();
    run.expect_status(0);
    assert_eq!(outcomes(&run).len(), 40);
    let heard = fake.heard();
    let messages: std::collections::BTreeSet<&String> =
        heard.iter().filter(|line| *line != "QUIT").collect();
    assert_eq!(messages.len(), 40);
    assert!(fake.connections() <= 4);
}

#[test]
fn one_word_too_many_takes_back_all_rows_of_its_connection() {
    let fake = Fake::lockstep(|client| {
        answers(client, |line| {
            let twice = if line.ends_with('3') {
                "403 no\r\n"
            } else {
                ""
            };
            format!("{SHOWN}{twice}")
        });
    });
    let jane = at("jane", &fake);
    let csv = format!("pager,message\n{jane},1\n{jane},2\n{jane},3\n");
    let run = xtell(&["--csv", "-"]).stdin(csv).run();
    run.expect_status(79);
    let fates = crate::bulk::fates(&run);
    assert!(fates.values().all(|fate| fate == "unknown"), "{run:?}");
}

#[test]
fn what_one_connection_carries_is_bounded() {
    let fake = polite();
    let csv = numbered(10_001, &at("jane", &fake));
    xtell(&["--csv", "-"]).stdin(csv).run().expect_status(0);
    assert_eq!(fake.connections(), 2);
    assert_eq!(fake.heard()[10_000], "QUIT");
}
