//! `page --wait`: it ends with the fate of the page, and not before.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pagebox::queue::job::{Job, TwoWay};
use rustix::process::Signal;

use super::{Spool, wait_until_signals_are_noted};
use crate::support::{Cmd, eventually};

/// Tells the status of a job, as whoever delivers does: by renaming.
fn tell(spool: &Path, job: &Job, rest: &str) {
    let TwoWay { tag, pass, .. } = job.two_way.as_ref().expect("a ticket");
    let text = format!("Pass: {pass}\nSequence: 1\nTime: 2026-11-22T04:05:12Z\n{rest}");
    let new = spool.join("tmp").join(tag);
    fs::write(&new, text).unwrap();
    fs::rename(new, spool.join("tags").join(tag)).unwrap();
}

/// The job, once it is there.
fn queued(spool: &Spool) -> Job {
    eventually("it is queued", || {
        spool.scratch.names("spool/new").len() == 1
    });
    spool.job()
}

/// Runs a command line until these words are its page's fate; whether that was told in parts.
fn fate(spool: &Spool, page: Cmd, rest: &str) -> (i32, String, String) {
    let running = page.spawn();
    let job = queued(spool);
    tell(&spool.dir(), &job, "Code: 960\nText: on its way\n");
    tell(&spool.dir(), &job, rest);
    let output = running.wait();
    let new = spool.dir().join("new").join(&job.id);
    fs::remove_file(new).unwrap();
    (output.status, output.stdout.clone(), output.stderr.clone())
}

#[test]
fn it_ends_as_the_page_does() {
    let spool = Spool::new("page-wait");
    let page = |name: &str| spool.page().args(["--wait", "15s", name, "Hi"]);
    let ended = fate(&spool, page("jane"), "Code: 860\nExit: 0\n");
    assert_eq!(ended, (0, String::new(), String::new()));
    let ended = fate(
        &spool,
        page("jane").arg("-v"),
        "Code: 860\nText: seen\nExit: 0\n",
    );
    assert_eq!(ended, (0, "jane sent 860 seen\n".to_owned(), String::new()));
    let rest = "Code: 780\nText: 550 no such pager\x1b\nExit: 67\n";
    let ended = fate(&spool, page("jane"), rest);
    let complaint = "page: 780 550 no such pager^[ (pager jane)\n".to_owned();
    assert_eq!(ended, (67, String::new(), complaint));
    let (status, stdout, _) = fate(&spool, page("jane,joe"), rest);
    let line = |name| format!("{name} unknown 780 550 no such pager^[\n");
    assert_eq!((status, stdout), (67, line("jane") + &line("joe")));
    let (status, stdout, _) = fate(&spool, page("jane").arg("-v"), "Code: 780\nExit: 75\n");
    assert_eq!((status, stdout.as_str()), (75, "jane temporary 780\n"));
    // A status that we do not know is no success.
    let (status, ..) = fate(&spool, page("jane"), "Code: 780\nExit: 3\n");
    assert_eq!(status, 79);
}

#[test]
fn the_directory_of_the_status_may_come_later() {
    let spool = Spool::new("page-wait-later");
    fs::remove_dir(spool.dir().join("tags")).unwrap();
    let running = spool.page().args(["--wait", "15s", "jane", "Hi"]).spawn();
    let job = queued(&spool);
    fs::create_dir(spool.dir().join("tags")).unwrap();
    tell(&spool.dir(), &job, "Code: 860\nExit: 0\n");
    running.wait().expect(0, "", "");
}

#[test]
fn a_whole_job_is_waited_for_too() {
    let spool = Spool::new("page-wait-job");
    let page = spool.page().args(["--wait", "15s", "--job", "-"]);
    let ended = fate(&spool, page.stdin("To: a\n\nHi\n"), "Code: 860\nExit: 0\n");
    assert_eq!(ended, (0, String::new(), String::new()));
    let page = spool.page().args(["--wait", "15s", "--job", "-"]);
    let output = page.stdin("To: a\nTwo-way: 1 2\n\nHi\n").run();
    output.expect_complaint(65, "", "a ticket of its own");
    spool.is_empty();
}

#[test]
fn what_is_not_final_in_time_is_still_queued() {
    let spool = Spool::new("page-wait-late");
    let page = spool.page().args(["--wait", "200ms", "jane", "Hi"]);
    let output = page.run();
    let id = spool.job().id;
    output.expect(79, "", &format!("page: still queued: {id} (pager jane)\n"));
    assert!(output.took >= Duration::from_millis(200));
    let page = spool.page().args(["--wait", "1h", "jane", "Hi"]);
    let mut running = page.spawn();
    eventually("it is queued", || {
        spool.scratch.names("spool/new").len() == 2
    });
    wait_until_signals_are_noted(&running);
    running.signal(Signal::TERM);
    let output = running.wait();
    output.expect_complaint(143, "", "interrupted; still queued: ");
    // Somebody else's status is not ours, and a spoilt one is no fate.
    let page = spool.page().args(["--wait", "15s", "jane", "Hi"]);
    let running = page.spawn();
    eventually("it is queued", || {
        spool.scratch.names("spool/new").len() == 3
    });
    let job = spool.jobs().pop().unwrap();
    tell(&spool.dir(), &job, "Code: many\n");
    running
        .wait()
        .expect_complaint(79, "", "nobody can tell its fate");
}
