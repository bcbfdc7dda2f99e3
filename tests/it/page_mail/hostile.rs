//! Mail that is made to hurt: neither time nor memory runs away, and what can be
//! read pages.

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};

use super::Host;
use crate::support::{Output, eventually};

/// The most that a process has had in memory so far, in KiB.
fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// Sends a mail in pieces, and looks at the memory when it has been read; the
/// last piece comes behind that.
fn watched(host: &Host, pieces: impl Iterator<Item = Vec<u8>>) -> (Output, u64) {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let mut write = fs::File::from(write);
    let cmd = host.page_mail(&["joe"]).limit(Duration::from_secs(60));
    let running = cmd.stdin_from(read).spawn();
    for piece in pieces {
        match write.write_all(&piece) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => panic!("not read to the end"),
            Err(error) => panic!("{error}"),
        }
    }
    eventually("all is read", || {
        rustix::io::ioctl_fionread(&write).is_ok_and(|left| left == 0)
    });
    let peak = peak(running.pid());
    drop(write);
    (running.wait(), peak)
}

#[test]
fn a_mail_of_100_megabytes_takes_the_memory_of_its_beginning() {
    let host = Host::new("mail-huge", "[mail]\nmax-size = 1000000\n");
    let head = b"From: a@b\nSubject: huge\n\nthe beginning\n-- \n".to_vec();
    let line = vec![b'x'; 1 << 20];
    let pieces = std::iter::once(head).chain(std::iter::repeat_n(line, 100));
    let (small, idle) = watched(&host, std::iter::once(b"Subject: x\n\n".to_vec()));
    small.expect(0, "", "");
    host.job();
    let (output, peak) = watched(&host, pieces);
    output.expect(0, "", "");
    assert_eq!(host.job().message, b"a@b: huge: the beginning");
    // What is kept, twice while it grows.
    assert!(peak < idle + 3000, "{peak} KiB, {idle} KiB when idle");
}

#[test]
fn parts_without_number_and_depth_page_all_the_same() {
    let host = Host::new("mail-parts", "");
    let mixed =
        |boundary: &str| format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n");
    let mut many = format!("Subject: many\n{}", mixed("b"));
    for _ in 0..10_000 {
        many.push_str(
            "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n",
        );
    }
    many.push_str("--b\n\nthe last\n--b--\n");
    assert_eq!(host.text(&many), "many: the last");

    let (mut deep, mut end) = ("Subject: deep\n".to_owned(), String::new());
    for level in 0..20_000 {
        let boundary = format!("level {level}");
        let _ = writeln!(deep, "{}--{boundary}", mixed(&boundary));
        let _ = writeln!(end, "--level {}--", 19_999 - level);
    }
    assert_eq!(
        host.text(format!("{deep}\nthe core\n{end}")),
        "deep: the core"
    );

    let forwarded = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let mail = format!("Subject: forwarded\n{forwarded}Subject: inner\n\nthe core\n");
    assert_eq!(host.text(mail), "forwarded: the core");
}

#[test]
fn what_is_broken_is_read_as_far_as_it_goes() {
    let host = Host::new("mail-broken", "");
    let text = |mail: &[u8]| host.text(mail);
    for (kind, encoding, body, said) in [
        (
            "text/plain; charset=no-such",
            "8bit",
            &b"a\xffb"[..],
            "a\u{fffd}b",
        ),
        ("text/plain; charset=utf-8", "8bit", b"a\xffb", "a\u{fffd}b"),
        ("text/plain; charset=", "8bit", b"caf\xe9", "caf\u{e9}"),
        (
            "text/plain; charset=iso-2022-jp",
            "7bit",
            b"\x1b$B%O%m\x1b(B",
            "\u{30cf}\u{30ed}",
        ),
        ("text/plain", "base64", b"RGlz!ayBm\ndWxs=", "Disk full"),
        ("text/plain", "quoted-printable", b"a=ZZ=\nb=", "a=ZZb"),
        ("text/plain", "x-unknown", b"Disk full", "Disk full"),
        ("multipart/mixed", "8bit", b"Disk full", "Disk full"),
        ("\"", "8bit", b"Disk full", "Disk full"),
    ] {
        let head = format!("Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n");
        assert_eq!(
            text(&[head.as_bytes(), body].concat()),
            said,
            "{kind} {encoding}"
        );
    }
    let controls = text(b"Subject: x\n\na\0\x07\x1b[2Jb\xc2\x9bc\n");
    assert_eq!(controls, "x: a[2Jbc");
    // What is none of UTF-8 is a letter of Windows.
    assert_eq!(text(b"Subject: x\n\ndon\x92t\n"), "x: don\u{2019}t");
}
