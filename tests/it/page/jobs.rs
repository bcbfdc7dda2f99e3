//! `page --job`: whole jobs, from files, pipes and sockets; and jobs that a shell makes alone.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{Spool, login, names, text};
use crate::support::peers::{Peer, skip_unless, tcpserver_with};
use crate::support::supers::{inetd_page, log, socket_activate_with};
use crate::support::{Cmd, eventually};

#[test]
fn the_shells_own_client_makes_a_job() {
    let spool = Spool::new("page-shell");
    // As the manual page has it.
    let line = "f=$(mktemp spool/tmp/XXXXXXXXXX) && printf 'To: oncall\\n\\nDisk full\\n' >\"$f\" \
        && chmod 640 \"$f\" && sync \"$f\" && mv \"$f\" spool/new/";
    let shell = Cmd::new("sh").args(["-c", line]).dir(&*spool.scratch);
    shell.run().expect(0, "", "");
    let job = spool.job();
    assert_eq!((names(&job), text(&job)), (vec!["oncall"], "Disk full"));
}

#[test]
fn a_job_is_checked_and_named_anew() {
    let spool = Spool::new("page-job");
    let job = "to: jane; level=0\r\nFrom: ops\r\nId: 1-2\r\nReceived: 2020-01-01T00:00:00Z\r\n\
        Expires: 1h\r\nFailure-of: 3-4\r\nOrigin: 5-6\r\n\r\nDisk\r\nfull\r\n";
    let page = spool.known().args(["-v", "--job", "-"]).stdin(job);
    let output = page.run();
    let queued = spool.job();
    output.expect(0, &format!("jane queued {}\n", queued.id), "");
    assert_eq!(
        (names(&queued), text(&queued)),
        (vec!["jane"], "Disk\nfull")
    );
    assert_eq!(queued.to[0].level, Some(0));
    assert_ne!(queued.id, "1-2");
    let age = queued.received.elapsed().unwrap();
    assert!(age < Duration::from_secs(20));
    let from = queued.from.unwrap();
    assert_eq!((from.name.as_str(), from.verified), ("ops", false));
    assert_eq!(queued.failure_of.as_deref(), Some("3-4"));
    assert_eq!(queued.origin.as_deref(), Some("5-6"));
}

#[test]
fn names_and_a_text_are_a_job_too() {
    let spool = Spool::new("page-job-plain");
    let file = spool
        .scratch
        .file("job", "jane, joe\r\nTo: nobody\r\n\r\nDisk full\r\n");
    let page = spool.known().arg("--job").arg(&file);
    page.run().expect_status(0);
    let job = spool.job();
    assert_eq!(names(&job), ["jane", "joe"]);
    assert_eq!(text(&job), "To: nobody\n\nDisk full");
    assert_eq!(job.from.unwrap().name, login());
}

#[test]
fn what_is_no_job_is_told_and_not_queued() {
    let spool = Spool::new("page-job-bad");
    for (job, status, words) in [
        (
            "To: jane\nColour: red\n\nx\n",
            65,
            "page: -: line 2: unknown header \"Colour\"",
        ),
        (
            "To: jane\nSubj",
            65,
            "line 2: no empty line behind the headers",
        ),
        ("", 65, "line 1: no empty line"),
        ("jane", 65, "line 1: no empty line"),
        ("jane\n", 65, "no message behind the names"),
        (
            "To: john\n\nx\n",
            67,
            "no pager or group that a route leads to: john",
        ),
        (
            "jane,john\nx\n",
            67,
            "no pager or group that a route leads to: john",
        ),
        ("Forget: 1 2\n\n", 65, "a request to forget is no page"),
    ] {
        let page = spool.known().args(["--job", "-"]).stdin(job);
        page.run().expect_complaint(status, "", words);
    }
    let long = format!("To: jane\n\n{}", "x".repeat(70_000));
    let page = spool.known().args(["--job", "-"]).stdin(long);
    page.run()
        .expect_complaint(65, "", "more than the 65536 bytes");
    let page = spool.known().args(["--job", "missing"]);
    page.run().expect_complaint(66, "", "missing: No such file");
    let page = spool.known().args(["--job", "-", "--level", "1"]);
    page.run().expect_status(64);
    spool.is_empty();
}

/// What a client of a port hears.
fn said(peer: &Peer, words: &str) -> String {
    let mut stream = TcpStream::connect(peer.addr()).unwrap();
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

/// One answer for each job, and nothing else.
fn conversations(peer: &Peer, spool: &Spool) {
    let heard = said(peer, "jane\r\nDisk full\r\n");
    let job = spool.job();
    assert_eq!(heard, format!("queued {}\r\n", job.id));
    assert_eq!((names(&job), text(&job)), (vec!["jane"], "Disk full"));
    let from = job.from.unwrap();
    assert_eq!((from.name.as_str(), from.verified), ("127.0.0.1", true));
    for (words, why) in [
        (
            "john\nx\n",
            "no pager or group that a route leads to: john; nothing is queued",
        ),
        (
            "To: jane\nColour: red\n\nx\n",
            "line 2: unknown header \"Colour\"",
        ),
        (
            "To: jane; pin-file=/etc/shadow\n\nx\n",
            "To: pin-file: not from elsewhere",
        ),
        (
            "To: jane\nTwo-way: 1 2\n\nx\n",
            "Two-way: not from elsewhere",
        ),
    ] {
        assert_eq!(said(peer, words), format!("not queued: {why}\r\n"));
    }
    assert_eq!(spool.jobs().len(), 1);
    assert!(said(peer, "To: joe\nFrom: ops\n\nx\n").starts_with("queued "));
    let job = spool.jobs().pop().unwrap();
    let from = job.from.unwrap();
    assert_eq!((from.name.as_str(), from.verified), ("ops", false));
}

#[test]
fn a_socket_gets_one_line_from_tcpserver() {
    skip_unless!("tcpserver");
    let spool = Spool::new("page-tcpserver");
    let config = spool.config();
    let args = ["--job", "-", "--config"].map(OsStr::new);
    let peer = tcpserver_with("page", args.into_iter().chain([config.as_os_str()]));
    conversations(&peer, &spool);
}

#[test]
fn a_socket_gets_one_line_from_systemd() {
    skip_unless!("systemd-socket-activate");
    let spool = Spool::new("page-systemd");
    let config = spool.config();
    let args = [OsStr::new("--job"), OsStr::new("-"), OsStr::new("--config")];
    let peer = socket_activate_with("page", &[&args[..], &[config.as_os_str()]].concat());
    conversations(&peer, &spool);
    // As the journal wants it.
    let accepted = "<6>page: 127.0.0.1: accepted ";
    eventually("it is logged", || log(&peer).matches(accepted).count() == 2);
    assert_eq!(
        log(&peer)
            .matches("<4>page: 127.0.0.1: not queued: ")
            .count(),
        4
    );
}

#[test]
fn a_socket_gets_one_line_from_inetd() {
    skip_unless!("inetd");
    let spool = Spool::new("page-inetd");
    let peer = inetd_page(&spool.dir());
    let heard = said(&peer, "jane\r\nDisk full\r\n");
    assert_eq!(heard, format!("queued {}\r\n", spool.job().id));
    // Standard error is the client's, and the log is not for it.
    let heard = said(&peer, "To: jane\nColour: red\n\nx\n");
    assert_eq!(heard, "not queued: line 2: unknown header \"Colour\"\r\n");
    assert_eq!(
        said(&peer, "jane"),
        "not queued: line 1: no empty line behind the headers: the file is not whole\r\n"
    );
    assert_eq!(spool.jobs().len(), 1);
}

#[test]
fn a_socket_that_is_nobodys_is_a_pipe() {
    let spool = Spool::new("page-pair");
    for (job, status, words) in [
        ("jane\nx\n", 0, ""),
        (
            "john\nx\n",
            67,
            "page: no pager or group that a route leads to: john",
        ),
    ] {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let page = spool.known().args(["--job", "-"]).stdin_from(theirs);
        let page = page
            .env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
            .spawn();
        ours.write_all(job.as_bytes()).unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        page.wait().expect_complaint(status, "", words);
    }
    assert_eq!(spool.jobs().len(), 1);
    // Behind a wrapper that tells whose it is, that one is served or not.
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let out = theirs.try_clone().unwrap();
    let page = spool
        .known()
        .args(["--job", "-"])
        .stdin_from(theirs)
        .stdout_to(out);
    let page = page.env("REMOTE_HOST", "192.0.2.1").spawn();
    let mut heard = String::new();
    ours.read_to_string(&mut heard).unwrap();
    assert_eq!(
        heard,
        "not queued: not this machine, and no option lets others in\r\n"
    );
    page.wait().expect_status(0);
}

#[test]
fn only_whom_allow_names_may_queue_through_a_socket() {
    skip_unless!("tcpserver");
    let spool = Spool::new("page-allow");
    let dir = spool.dir();
    let args = ["--job", "-", "--allow", "192.0.2.0/24", "--spool"].map(OsStr::new);
    let peer = tcpserver_with("page", args.into_iter().chain([dir.as_os_str()]));
    let heard = said(&peer, "jane\nx\n");
    assert_eq!(heard, "not queued: in no network of --allow\r\n");
    spool.is_empty();
    // Of our own troubles no stranger is told.
    let gone = spool.scratch.join("gone");
    let args = ["--job", "-", "--spool"].map(OsStr::new);
    let peer = tcpserver_with("page", args.into_iter().chain([gone.as_os_str()]));
    assert_eq!(said(&peer, "jane\nx\n"), "not queued: try again later\r\n");
}
