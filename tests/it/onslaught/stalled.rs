//! Clients that take their time: a byte now and then, or no ear for the replies.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::onslaught::{pages, pipe};
use crate::snpp_serve::{Talk, serve};
use crate::support::{Page, scratch};

/// How late an end may come on a machine that has much else to do.
const SLACK: Duration = Duration::from_secs(5);

#[test]
fn a_trickle_moves_no_deadline() {
    for (before, drop_by_drop, limits) in [
        // A line that never ends.
        ("", &b"x"[..], ["--idle-timeout", "300ms"]),
        (
            "PAGE 1\r\nMESS x\r\nSEND",
            b" ",
            ["--idle-timeout", "300ms"],
        ),
        ("PAGE 1\r\nDATA\r\n", b".", ["--idle-timeout", "300ms"]),
        ("", b"\xff", ["--idle-timeout", "300ms"]),
        ("", b"\r", ["--idle-timeout", "300ms"]),
        // A body that never ends.
        (
            "PAGE 1\r\nDATA\r\n",
            b"x\r\n",
            ["--session-timeout", "600ms"],
        ),
    ] {
        let scratch = scratch("onslaught-trickle");
        let (mut talk, server) = Talk::inetd(serve(&scratch).args(limits));
        talk.lines.get_mut().write_all(before.as_bytes()).unwrap();
        let started = Instant::now();
        let stream = talk.lines.get_mut();
        // The pause between two drops is a wait for the end.
        stream
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
        let mut heard = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            // After the 421 it may be closed to us at any moment.
            let _ = stream.write_all(drop_by_drop);
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => heard.extend_from_slice(&chunk[..length]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
                    _ => break,
                },
            }
            assert!(started.elapsed() < SLACK, "{before:?}: goes on");
        }
        let heard = String::from_utf8_lossy(&heard);
        let last = heard.lines().last().unwrap_or_default();
        assert_eq!(last, "421 Timeout, Goodbye", "{before:?}: {heard}");
        drop(talk);
        server.wait().expect(0, "", "");
        assert_eq!(pages(&scratch), [], "{before:?}");
    }
}

#[test]
fn a_slow_client_is_served_as_long_as_it_says_something_whole() {
    let scratch = scratch("onslaught-slow");
    let (mut talk, server) = Talk::inetd(serve(&scratch).args(["--idle-timeout", "2s"]));
    talk.hold("S: 220");
    // In all longer than the limit, and no single silence is.
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2500) {
        talk.ask("RESE", "250");
        std::thread::sleep(Duration::from_millis(100));
    }
    talk.hold("C: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    drop(talk);
    server.wait().expect(0, "", "");
    assert_eq!(pages(&scratch), [Page::new(&["1"], "x")]);
}

#[test]
fn a_client_that_cannot_be_told_anything_is_no_failure_of_ours() {
    let scratch = scratch("onslaught-full");
    let page = "PAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n";
    let full = std::fs::File::options().write(true).open("/dev/full");
    let output = serve(&scratch).stdin(page).stdout_to(full.unwrap()).run();
    output.expect_status(0);
    let (closed, out) = pipe();
    drop(closed);
    let output = serve(&scratch).stdin(page).stdout_to(out).run();
    output.expect_status(0);
    // Whether the page was still taken is the server's to decide.
    for page in pages(&scratch) {
        assert_eq!(page, Page::new(&["1"], "x"));
    }
}

#[test]
fn a_log_that_nobody_reads_holds_no_page_up() {
    let scratch = scratch("onslaught-log");
    let (reader, writer) = pipe();
    // Full to the brim, and nobody will read it.
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let started = Instant::now();
    let output = serve(&scratch)
        .stderr_to(writer)
        .stdin("PAGE 1\r\nMESS x\r\nSEND\r\n".repeat(100) + "QUIT\r\n")
        .run();
    output.expect_status(0);
    assert_eq!(output.stdout.matches(" queued\r\n").count(), 100);
    assert_eq!(pages(&scratch).len(), 100);
    assert!(started.elapsed() < SLACK, "{:?}", started.elapsed());
    drop(reader);
}
