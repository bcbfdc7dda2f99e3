//! A terminal server between `ixo-send` and the serial line of a central, or a modem.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::termios::tcgetattr;

use super::{central_at, expect_spooled, patient_central, told, willing};
use crate::support::modem::Modem;
use crate::support::peers::{Peer, ser2net, skip_unless};
use crate::support::{Cmd, NullModem, applet, scratch};

/// What ser2net is told, and what `ixo-send` is.
const MODES: [(&str, &[&str]); 3] = [
    ("", &[]),
    ("telnet", &["--telnet"]),
    ("telnet(rfc2217)", &["--rfc2217"]),
];

const PAGE: (&str, &str) = ("5551212", "Disk\nfull");

fn send(server: &Peer, flags: &[&str]) -> Cmd {
    applet("ixo-send")
        .args(["--json", "--connect", &server.addr()])
        .args(flags)
        .args(["5551212", "Disk\nfull"])
}

#[test]
fn pages_go_through_a_terminal_server() {
    skip_unless!("ser2net");
    for (mode, flags) in MODES {
        let scratch = scratch("ser2net-page");
        let spool = scratch.join("spool");
        let wire = NullModem::new();
        let _central = central_at(&wire, &[], &spool);
        let server = ser2net(mode, wire.path(0), "9600n81,local");
        let output = send(&server, flags).run();
        assert_eq!(told(&output).0, "sent", "{mode}: {output:?}");
        // The server takes a moment to see that a user has gone.
        let rows = ["--csv", "-", "--retry", "5", "--retry-delay", "200ms"];
        let mut call = applet("ixo-send")
            .args(["--baud", "300", "--connect", &server.addr()])
            .args(flags)
            .args(rows)
            .stdin_open()
            .spawn();
        call.write("pager,message\n5551212,\"Disk\nfull\"\n");
        call.wait_for_stdout(",sent,");
        // The call goes on, and whoever may set up the line has done so.
        let speed = tcgetattr(wire.fd(0)).unwrap().input_speed();
        let may = flags == ["--rfc2217"];
        assert_eq!(speed, if may { 300 } else { 9600 }, "{mode}");
        call.wait().expect_status(0);
        expect_spooled(&spool, &[PAGE, PAGE]);
    }
}

#[test]
fn calls_go_through_a_modem_behind_a_terminal_server() {
    skip_unless!("ser2net");
    thread::scope(|scope| {
        for (mode, flags) in MODES {
            scope.spawn(move || {
                let scratch = scratch("ser2net-modem");
                let spool = scratch.join("spool");
                let modem = Modem::new(willing, patient_central(&spool)).start();
                let server = ser2net(mode, modem.path(), "9600n81,local");
                let output = send(&server, flags).args(["--dial", "5551234"]).run();
                drop(server);
                let heard = modem.end();
                output.expect(0, &output.stdout, "");
                assert_eq!(told(&output).0, "sent", "{mode}: {output:?}");
                let call = ["ATZ", "ATDT5551234", "+++", "ATH0"];
                assert_eq!(heard.commands, call, "{mode}");
                expect_spooled(&spool, &[PAGE]);
            });
        }
    });
}

#[test]
fn a_second_user_of_a_terminal_server_is_told_that_there_is_one() {
    skip_unless!("ser2net");
    for (mode, flags) in MODES {
        let scratch = scratch("ser2net-second");
        let spool = scratch.join("spool");
        let wire = NullModem::new();
        let _central = central_at(&wire, &[], &spool);
        let server = ser2net(mode, wire.path(0), "9600n81,local");
        let first = TcpStream::connect(server.addr()).unwrap();
        let output = send(&server, flags).run();
        output.expect_status(75);
        let (outcome, _, why) = told(&output);
        assert_eq!(outcome, "untried", "{mode}: {why}");
        // It closes without having read our words, so its own may be lost.
        let why = why
            .strip_prefix("the line was lost before ID=")
            .or_else(|| {
                let early = "closed before its serial line was set up";
                why.strip_prefix(early)
            });
        let told_why = matches!(why, Some("" | ": Port already in use"));
        assert!(told_why, "{mode}: {output:?}");
        drop(first);
        let patient = ["--retry", "5", "--retry-delay", "200ms"];
        send(&server, flags).args(patient).run().expect_status(0);
        expect_spooled(&spool, &[PAGE]);
    }
}

/// Telnet's commands are noise before `ID=` to who does not know them, and no more than that to a
/// central; RFC 2217 is agreed upon first.
#[test]
fn the_wrong_mode_works_or_is_told() {
    skip_unless!("ser2net");
    for (mode, spoken, status, why) in [
        ("", "--telnet", 0, "211 Page accepted"),
        ("telnet", "", 0, "211 Page accepted"),
        ("telnet(rfc2217)", "", 0, "211 Page accepted"),
        ("telnet(rfc2217)", "--telnet", 0, "211 Page accepted"),
        (
            "",
            "--rfc2217",
            75,
            "no answer in RFC 2217 in time: try --telnet, or neither",
        ),
        (
            "telnet",
            "--rfc2217",
            76,
            "does not speak RFC 2217: try --telnet",
        ),
    ] {
        let scratch = scratch("ser2net-modes");
        let spool = scratch.join("spool");
        let wire = NullModem::new();
        let _central = central_at(&wire, &[], &spool);
        let server = ser2net(mode, wire.path(0), "9600n81,local");
        let flags: Vec<&str> = [spoken]
            .into_iter()
            .filter(|flag| !flag.is_empty())
            .collect();
        let output = send(&server, &flags)
            .args(["--connect-timeout", "1s"])
            .run();
        output.expect_status(status);
        assert_eq!(told(&output).2, why, "{mode:?} {spoken:?}");
        assert!(output.took < Duration::from_secs(5), "{:?}", output.took);
        let pages = [PAGE];
        expect_spooled(&spool, &pages[usize::from(status != 0)..]);
    }
}
