//! `ixo-serve` started for each call by other people's super-servers.

use std::path::Path;

use super::{expect_spooled, told};
use crate::support::peers::{Peer, skip_unless, tcpserver_with};
use crate::support::supers::{Inetd, inetd_with, log, socket_activate_with};
use crate::support::{applet, eventually, scratch};

const LONG: &str = "two\nlines, the second of which is longer than the first one";

/// Two calls, one of them with two pages, and a probe that pages nobody.
fn calls(server: &Peer, spool: &Path) {
    for (target, text) in [("5551212", "Disk full"), ("5551213,5551214", LONG)] {
        let output = applet("ixo-send")
            .args(["--connect", &server.addr(), target, text])
            .run();
        output.expect(0, &output.stdout, "");
    }
    let probe = applet("ixo-send")
        .args(["--connect", &server.addr(), "--probe"])
        .run();
    probe.expect(0, &probe.stdout, "");
    assert!(
        probe.stdout.contains("TAP version: 1.8\n"),
        "{}",
        probe.stdout
    );
    let pages = [
        ("5551212", "Disk full"),
        ("5551213", LONG),
        ("5551214", LONG),
    ];
    expect_spooled(spool, &pages);
}

#[test]
fn calls_through_tcpserver() {
    skip_unless!("tcpserver");
    let scratch = scratch("ixo-tcpserver");
    let spool = scratch.join("spool");
    let args = ["--spool".as_ref(), spool.as_os_str()];
    calls(&tcpserver_with("ixo-serve", args), &spool);
}

#[test]
fn calls_through_openbsd_inetd() {
    skip_unless!("inetd");
    let scratch = scratch("ixo-inetd");
    let spool = scratch.join("spool");
    let setup = Inetd {
        applet: Some("ixo-serve"),
        ..Inetd::default()
    };
    let server = inetd_with(&setup, &spool);
    calls(&server, &spool);
    // Standard error is the client's socket there.
    assert!(!log(&server).contains("accepted"), "{}", log(&server));
}

#[test]
fn calls_through_systemd_socket_activate() {
    skip_unless!("systemd-socket-activate");
    let scratch = scratch("ixo-systemd");
    let spool = scratch.join("spool");
    let server = socket_activate_with("ixo-serve", &["--spool".as_ref(), spool.as_os_str()]);
    calls(&server, &spool);
    let accepted = "<6>ixo-serve: 127.0.0.1: accepted ";
    eventually("it is logged", || {
        log(&server).matches(accepted).count() == 3
    });
}

#[test]
fn who_has_no_business_here_is_told_so() {
    skip_unless!("tcpserver");
    let server = tcpserver_with("ixo-serve", ["--allow", "192.0.2.0/24", "--", "true"]);
    let output = applet("ixo-send")
        .args([
            "--json",
            "--connect",
            &server.addr(),
            "5551212",
            "Disk full",
        ])
        .run();
    output.expect_status(75);
    let expected = ("untried".to_owned(), 1, "Not served".to_owned());
    assert_eq!(told(&output), expected);
}
