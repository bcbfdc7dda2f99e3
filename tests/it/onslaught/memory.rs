//! What a session takes of memory, whatever its client says. `scripts/bench` has the absolute
//! figure; here it is held against a session that was said nothing to.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::snpp_serve::{Talk, serve};
use crate::support::{eventually, scratch};

/// The most that a session may take more than an idle one, in KiB.
const GROWTH: u64 = 1024;

/// The most that a process has had in memory so far, in KiB; nothing once it has ended.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
    (0..count)
        .flat_map(|number| line(number).into_bytes())
        .collect()
}

#[test]
fn nothing_that_a_client_says_fills_the_memory() {
    let scratch = scratch("onslaught-memory");
    let long = "x".repeat(4000);
    for (what, flood) in [
        ("HELP", b"HELP\r\n".repeat(50_000)),
        ("empty lines", b"\n".repeat(1_000_000)),
        ("unknown words", b"FOO\r\n".repeat(200_000)),
        ("telnet", b"\xff\xfb\x01".repeat(1_000_000)),
        (
            "a body of short lines",
            [&b"DATA\r\n"[..], &b"x\r\n".repeat(1_000_000)].concat(),
        ),
        (
            "a body of dots",
            [&b"DATA\r\n"[..], &b"..\r\n".repeat(1_000_000)].concat(),
        ),
        (
            "pagers",
            numbered(100_000, |number| format!("PAGE {number}\r\n")),
        ),
        (
            "logins",
            numbered(100_000, |number| format!("LOGI {number} pw\r\n")),
        ),
        (
            "passwords",
            numbered(1000, |number| format!("LOGI {number} {long}\r\n")),
        ),
        ("callers", numbered(1000, |_| format!("CALL {long}\r\n"))),
        ("subjects", numbered(1000, |_| format!("SUBJ {long}\r\n"))),
        (
            "options",
            numbered(50_000, |_| "LEVE 1\r\nALER 1\r\nCOVE a\r\n".to_owned()),
        ),
        (
            "answers",
            [
                &b"2WAY\r\nRTYP MULTICHOICE\r\n"[..],
                &numbered(60_000, |number| format!("MCRE {number:x} {long:.50}\r\n")),
            ]
            .concat(),
        ),
        (
            "tags",
            numbered(60_000, |number| format!("MSTA {number} 1\r\n")),
        ),
        (
            "pages",
            numbered(200, |number| {
                format!("PAGE {number}\r\nMESS {long:.1000}\r\nSEND\r\n")
            }),
        ),
    ] {
        let (mut talk, server) = Talk::inetd(serve(&scratch).args(["--max-errors", "100000000"]));
        talk.hold("S: 220\nC: RESE\nS: 250");
        let idle = peak(server.pid()).expect("a server");
        let mut writer = talk.lines.get_ref().try_clone().unwrap();
        let thread = std::thread::spawn(move || {
            writer.write_all(&flood).unwrap();
            // Wherever it is now, this is answered 503, and nothing in the flood was.
            writer.write_all(b"\r\n.\r\nRESE\r\nSEND\r\n").unwrap();
        });
        while !talk.hear().starts_with("503") {
            talk.heard.clear();
        }
        let grown = peak(server.pid()).expect("a server") - idle;
        assert!(grown < GROWTH, "{what}: {grown} KiB more");
        drop(talk);
        thread.join().unwrap();
        server.wait().expect(0, "", "");
    }
}

#[test]
fn replies_that_nobody_reads_fill_no_memory() {
    let scratch = scratch("onslaught-deaf-memory");
    let (client, socket) = UnixStream::pair().unwrap();
    let out = socket.try_clone().unwrap();
    let server = serve(&scratch).stdin_from(socket).stdout_to(out).spawn();
    eventually("it greets", || {
        rustix::io::ioctl_fionread(&client).unwrap() > 0
    });
    let idle = peak(server.pid()).expect("a server");
    client.set_nonblocking(true).unwrap();
    // For a second, unless it has taken more than any socket holds before.
    let questions = b"HELP\r\n".repeat(1000);
    let (mut most, mut taken) = (idle, 0);
    let started = Instant::now();
    while taken < 16 << 20 && started.elapsed() < Duration::from_secs(1) {
        match (&client).write(&questions) {
            Ok(length) => taken += length,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
        most = most.max(peak(server.pid()).expect("a server"));
    }
    assert!(taken > questions.len(), "{taken}");
    assert!(most - idle < GROWTH, "{} KiB more", most - idle);
    drop(client);
    server.wait().expect_status(0);
}
