//! Who is told of a page that failed, and pages that are sent once though they came twice.

use std::fs;

use jiff::{Timestamp, ToSpan};

use super::station::{Station, shell, taking};

/// A program that notes what it is told.
fn tells(script: &str) -> String {
    format!("on-failure = ['sh', '-c', '''{script}''', '@']\n")
}

const NOTE: &str = r#"echo "$PAGEBOX_PAGER $PAGEBOX_ROUTE $PAGEBOX_OUTCOME $PAGEBOX_RESPONSE: $(cat)" >>"$0/told""#;

#[test]
fn each_failure_is_told_once() {
    let script = r"case $PAGEBOX_PAGER in ann) exit 67;; bob) exit 79;; esac";
    let config = format!(
        "{}{}on-unknown = 'fail'\n",
        tells(NOTE),
        shell("default", script)
    );
    let site = Station::new("told", &config);
    let id = site.page(&["ann,bob,cid", "Hi"]);
    for _ in 0..3 {
        site.pass();
    }
    let told = site.scratch.read("told");
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    let expected = [
        "ann default refused sh: exit status 67: Hi",
        "bob default unknown sh: exit status 79: Hi",
    ];
    assert_eq!(lines, expected);
    let failed = site.list(&["--failed"], &["state"]);
    assert_eq!(failed, ["ann failed", "bob failed", "cid sent"]);
    // Whoever tries it again hears of its end again.
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.scratch.read("told").lines().count(), 4);
}

#[test]
fn many_failures_are_told_each() {
    let script = r#"sleep 0.3; echo "$PAGEBOX_PAGER" >>"$0/told""#;
    let site = Station::new("told-many", &(tells(script) + &shell("default", "exit 67")));
    let names: Vec<String> = (10..40).map(|number| number.to_string()).collect();
    site.page(&[&names.join(","), "Hi"]);
    site.pass();
    let told = site.scratch.read("told");
    let mut told: Vec<&str> = told.lines().collect();
    told.sort_unstable();
    assert_eq!(told, names);
}

#[test]
fn a_file_that_is_no_job_is_told_too() {
    let site = Station::new("told-file", &(tells(NOTE) + &taking("default")));
    site.job("some-file", "Colour: red\n\nHi\n");
    site.pass();
    let told = site.scratch.read("told");
    assert!(
        told.contains(r#"refused line 1: unknown header "Colour""#),
        "{told}"
    );
    assert_eq!(site.rows(&["--failed"]).len(), 1);
}

/// What is queued because of a failure causes no more of them.
#[test]
fn a_page_about_a_failure_fails_in_peace() {
    let script = r#"echo x >>"$0/told"; page admin "$PAGEBOX_PAGER failed""#;
    let site = Station::new("told-loop", &(tells(script) + &shell("default", "exit 67")));
    site.page(&["ann", "Hi"]);
    for _ in 0..3 {
        site.pass();
    }
    assert_eq!(site.scratch.read("told"), "x\n");
    assert_eq!(
        site.list(&["--failed"], &["outcome"]),
        ["admin refused", "ann refused"]
    );
}

#[test]
fn what_was_killed_before_it_was_done_is_called_again() {
    let script = r#"echo x >>"$0/told"; test -e "$0/once" || { touch "$0/once"; kill -9 $PPID; }"#;
    let site = Station::new(
        "told-again",
        &(tells(script) + &shell("default", "exit 67")),
    );
    site.page(&["ann", "Hi"]);
    site.run("page-deliver").run().expect_status(128 + 9);
    assert_eq!(site.scratch.read("told"), "x\n");
    for _ in 0..2 {
        site.pass();
        assert_eq!(site.scratch.read("told"), "x\nx\n");
    }
    assert_eq!(site.row(&["--failed"])["outcome"], "refused");
}

#[test]
fn a_duplicate_that_cannot_be_looked_for_is_said() {
    let site = Station::new("dedup-blind", &taking("default"));
    let day = Timestamp::now() - 24.hours();
    let day = day.strftime("%F").to_string();
    fs::create_dir_all(site.spool().join("sent").join(&day)).unwrap();
    site.page(&["--dedup", "2d", "ann", "Hi"]);
    let run = site.run("page-deliver").run();
    run.expect_complaint(74, "", "sent: ");
    assert_eq!(site.out(), "ann: Hi\n");
}

#[test]
fn a_page_that_was_sent_or_is_queued_is_not_sent_again() {
    let site = Station::new("dedup", &taking("default"));
    let page = |words: &[&str]| site.page(&[&["--dedup", "1h"], words].concat());
    page(&["ann", "Hi"]);
    // In one go with it, and later.
    page(&["ann,bob", "Hi"]);
    site.pass();
    page(&["bob,cid", "Hi"]);
    page(&["ann", "Ho"]);
    // Who does not ask for it, gets it.
    site.page(&["bob", "Hi"]);
    site.pass();
    let out = site.out();
    let mut out: Vec<&str> = out.lines().collect();
    out.sort_unstable();
    assert_eq!(out, ["ann: Hi", "ann: Ho", "bob: Hi", "bob: Hi", "cid: Hi"]);
    let sent = site.list(&["--sent"], &["outcome"]);
    let copies: Vec<&String> = sent
        .iter()
        .filter(|row| row.contains("duplicate"))
        .collect();
    assert_eq!(copies.len(), 2, "{sent:?}");
    // One that waits for its time is queued.
    site.page(&["--at", "1h", "dan", "Hi"]);
    page(&["--at", "2h", "dan", "Hi"]);
    site.pass();
    assert!(!site.out().contains("dan"));
    assert_eq!(site.list(&[], &["state"]), ["dan wait"]);
}

#[test]
fn a_page_that_failed_or_was_long_ago_is_sent_again() {
    let site = Station::new("dedup-failed", &shell("default", "exit 67"));
    let page = |words: &[&str]| site.page(&[&["--dedup", "1h"], words].concat());
    page(&["ann", "Hi"]);
    site.pass();
    site.configure(&taking("default"));
    page(&["ann", "Hi"]);
    site.pass();
    assert_eq!(site.out(), "ann: Hi\n");
    let before = Timestamp::now() - 2.hours();
    site.job("old", &format!("To: bob\nReceived: {before}\n\nHi\n"));
    site.pass();
    page(&["bob", "Hi"]);
    site.page(&["--dedup", "3h", "bob", "Hi"]);
    site.pass();
    assert_eq!(site.out(), "ann: Hi\nbob: Hi\nbob: Hi\n");
}
