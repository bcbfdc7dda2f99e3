//! `page --csv`: rows become jobs, many of them with one sync.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use super::{Spool, names, text};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, kit};

#[test]
fn each_row_is_a_job_with_its_options() {
    let spool = Spool::new("page-csv");
    let rows = "id,pager,message,pin,level,hold,expire,caller\n\
        1,jane,\"Fire, here\",1234,0,1h,2h,Ops\n2,john,x,,,,,\n3,joe,,,,,,\n4,joe,y,,,,,\n";
    let page = spool
        .known()
        .args(["--csv", "-", "--dedup", "1m", "--level", "3"]);
    let output = page.stdin(rows).run();
    let jobs = spool.jobs();
    assert_eq!(jobs.len(), 2);
    let first = &jobs[0];
    assert_eq!((names(first), text(first)), (vec!["jane"], "Fire, here"));
    assert_eq!(first.to[0].level, Some(0));
    assert_eq!(first.to[0].pin.as_deref(), Some("1234"));
    assert!(first.to[0].hold.is_some() && first.expires.is_some());
    assert_eq!(first.caller.as_deref(), Some("Ops"));
    assert_eq!((jobs[1].to[0].level, text(&jobs[1])), (Some(3), "y"));
    assert!(jobs.iter().all(|job| job.dedup.is_some()));
    let lines: Vec<&str> = output.stdout.lines().skip(1).collect();
    let begins = [
        format!("1,1,jane,queued,,{},,1,1/1,,", jobs[0].id),
        "2,2,john,refused,,line 3: no pager or group that a route leads to: john,,0,".to_owned(),
        "3,3,joe,refused,,line 4: the message is empty".to_owned(),
        format!("4,4,joe,queued,,{},,1,1/1,,", jobs[1].id),
    ];
    assert_eq!(lines.len(), begins.len(), "{lines:?}");
    for (line, begin) in lines.iter().zip(&begins) {
        assert!(line.starts_with(begin), "{line}");
    }
    output.expect_status(67);
}

fn many(count: usize) -> String {
    let mut rows = "pager,message\n".to_owned();
    for number in 0..count {
        _ = writeln!(rows, "p{},text {number}", number % 7);
    }
    rows
}

#[test]
fn many_rows_are_all_queued_and_share_their_syncs() {
    skip_unless!("strace");
    let spool = Spool::new("page-csv-many");
    let csv = spool.scratch.file("rows.csv", many(1000));
    let log = spool.scratch.join("calls");
    let page = Cmd::new("strace").args(["-f", "-c", "-e", "trace=fsync,fdatasync,syncfs", "-o"]);
    let page = page
        .arg(&log)
        .arg(kit::link("page"))
        .arg("--spool")
        .arg(spool.dir());
    let output = page.arg("--csv").arg(&csv).run();
    output.expect_status(0);
    let jobs = spool.jobs();
    assert_eq!(jobs.len(), 1000);
    let mut texts: Vec<&str> = jobs.iter().map(text).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 1000);
    assert_eq!(output.stdout.matches(",queued,").count(), 1000);
    // Eight groups, two syncs each, where the file system can say that all is well.
    let counts: BTreeMap<String, usize> = fs::read_to_string(log)
        .unwrap()
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            Some(((*words.last()?).to_owned(), words.get(3)?.parse().ok()?))
        })
        .collect();
    let count = |call: &str| counts.get(call).copied().unwrap_or_default();
    assert!(
        count("fsync") == 8 && (count("syncfs") == 8 || count("syncfs") == 0),
        "{counts:?}"
    );
}

#[test]
fn a_row_that_comes_alone_is_queued_at_once() {
    let spool = Spool::new("page-csv-slow");
    let mut running = spool
        .page()
        .args(["--csv", "-", "--jobs", "3"])
        .stdin_open()
        .spawn();
    running.write("pager,message\njane,one\n");
    running.wait_for_stdout(",jane,queued,");
    assert_eq!(text(&spool.job()), "one");
    running.write("joe,two\n");
    running.wait_for_stdout(",joe,queued,");
    running.close_stdin();
    running.wait().expect_status(0);
    assert_eq!(spool.jobs().len(), 2);
}

#[test]
fn a_journal_keeps_a_row_from_being_queued_twice() {
    let spool = Spool::new("page-csv-journal");
    let csv = spool.scratch.file("rows.csv", many(300));
    let journal = spool.scratch.join("journal");
    let page = || {
        let page = spool.page().arg("--csv").arg(&csv);
        page.arg("--journal").arg(&journal)
    };
    page().run().expect_status(0);
    let output = page().run();
    output.expect_status(0);
    assert_eq!(output.stdout.matches(",queued,").count(), 300);
    assert_eq!(spool.jobs().len(), 300);
    // Begun and not ended: it may be queued, and only on demand it is again.
    let text = fs::read_to_string(&journal).unwrap();
    let last = text.trim_end().rfind('\n').unwrap();
    fs::write(&journal, &text[..=last]).unwrap();
    let output = page().run();
    output.expect_status(79);
    assert_eq!(
        output.stdout.matches(",unknown,").count(),
        1,
        "{}",
        output.stdout
    );
    assert_eq!(spool.jobs().len(), 300);
    page().arg("--retry-unknown").run().expect_status(0);
    assert_eq!(spool.jobs().len(), 301);
}

#[test]
fn a_dry_run_checks_every_row() {
    let spool = Spool::new("page-csv-dry");
    let page = spool.known().args(["--csv", "-", "--dry-run"]);
    let output = page.stdin("pager,message\njane,x\njohn,y\n").run();
    output.expect_status(67);
    assert_eq!(output.stdout.matches("dry run").count(), 1);
    spool.is_empty();
}
