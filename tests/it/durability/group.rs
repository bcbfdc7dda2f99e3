//! Many jobs with one sync: what `page --csv` calls queued is on disk, and nothing else is left.

use std::fmt::Write as _;
use std::fs;

use pagebox::queue::spool::GROUP;

use super::disk::Disk;
use super::law::{self, Pledge, is_pledge};
use super::{line, strace_may_trace, trace};
use crate::support::peers::skip_unless;
use crate::support::spooled::accepted;
use crate::support::{Page, Scratch, scratch};

/// Rows of a run that has a fault.
const ROWS: usize = 6;

const DIRECTORIES: [&str; 3] = ["spool", "spool/tmp", "spool/new"];

/// A run of so many rows under strace: the trace, what stdout is called there, and what it said.
struct Run {
    scratch: Scratch,
    pages: Vec<Page>,
    trace: String,
    out: String,
    said: String,
}

fn run(rows: usize, options: &[String]) -> Run {
    let scratch = scratch("durability-group");
    for dir in DIRECTORIES {
        fs::create_dir(scratch.join(dir)).unwrap();
    }
    let (mut csv, mut pages) = ("pager,message\n".to_owned(), Vec::new());
    for row in 0..rows {
        let (name, text) = (format!("p{}", row % 5), format!("text {row}"));
        writeln!(csv, "{name},{text}").unwrap();
        pages.push(Page::new(&[&name], text));
    }
    let csv = scratch.file("rows.csv", csv);
    let (client, out, name) = line();
    // Behind -P stands a path of the directory that is only made here.
    let mut options = options.to_vec();
    let paths = (1..options.len()).filter(|at| options[at - 1] == "-P");
    for at in paths.collect::<Vec<_>>() {
        options[at] = scratch.join(&options[at]).display().to_string();
    }
    let page = trace::strace(&scratch.join("trace")).args(options);
    let page = page.args(["page", "--csv"]).arg(csv).arg("--spool");
    let running = page.arg(scratch.join("spool")).stdout_to(out).spawn();
    let said = std::io::read_to_string(client).unwrap();
    running.wait();
    Run {
        pages,
        trace: scratch.read("trace"),
        out: name,
        said,
        scratch,
    }
}

#[test]
fn no_crash_loses_or_tears_a_row_that_is_called_queued() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    // As the system can, and as it is where it cannot.
    for option in [&[][..], &["-e", "inject=syncfs:error=ENOSYS"]] {
        let options: Vec<String> = option.iter().map(|&word| word.to_owned()).collect();
        let run = run(GROUP + 9, &options);
        assert_eq!(run.said.matches(",queued,").count(), run.pages.len());
        let pledges = (1..).zip(&run.pages).map(|(reply, page)| Pledge {
            reply,
            page: page.clone(),
        });
        let pledges: Vec<Pledge> = pledges.collect();
        let steps = trace::steps(&run.trace, &run.scratch, &run.out);
        let disk = Disk::with(&DIRECTORIES);
        law::holds(disk, &steps, &pledges).unwrap_or_else(|wrong| panic!("{option:?}: {wrong}"));
        assert_eq!(accepted(&run.scratch.join("spool")).len(), pledges.len());
    }
}

#[test]
fn a_call_that_fails_leaves_what_is_told_and_nothing_else() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    // Which call fails, each in turn, and how many rows that costs.
    for (call, error, only_at, cost) in [
        ("renameat,renameat2", "EIO", None, 1),
        ("openat", "EMFILE", Some("spool/tmp"), 1),
        ("syncfs", "EIO", None, 0),
        ("fsync", "EIO", None, ROWS),
    ] {
        let mut hit = 0;
        for at in 1..20 {
            let inject = format!("inject={call}:error={error}:when={at}");
            let mut options = vec!["-e".to_owned(), inject];
            if let Some(path) = only_at {
                options.extend(["-P".to_owned(), path.to_owned()]);
            }
            let run = run(ROWS, &options);
            if !run.trace.contains("(INJECTED)") {
                break;
            }
            hit += 1;
            let lines = run.said.lines().skip(1).zip(&run.pages);
            let mut told: Vec<Page> = lines
                .filter(|(line, _)| is_pledge(line.as_bytes()))
                .map(|(_, page)| page.clone())
                .collect();
            let found = accepted(&run.scratch.join("spool")).into_iter();
            let mut found: Vec<Page> = found.map(|(_, page)| page).collect();
            told.sort();
            found.sort();
            let what = format!("{call} {at}\n{}\n{}", run.said, run.trace);
            assert_eq!(found, told, "{what}");
            assert_eq!(run.scratch.names("spool/tmp"), [""; 0], "{what}");
            assert_eq!(ROWS - told.len(), cost, "{what}");
        }
        assert!(hit > 0, "{call} was never called");
    }
}
