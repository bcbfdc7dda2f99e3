//! The line itself: parity, pace, pauses, limits, and our own central at its far end.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use pagebox::transport::fd::{Deadline, Got};

use super::{ixo_send, to};
use crate::support::peers::{ser2net, skip_unless};
use crate::support::scripted::{SILENCE, said};
use crate::support::{Central, Fake, Page, Pty, applet, eventually, scratch, spooled};

#[test]
fn parity_is_made_where_the_line_has_none() {
    let even = |byte: &u8| {
        if byte.count_ones() % 2 == 0 {
            *byte
        } else {
            byte | 0x80
        }
    };
    let fake = Fake::lockstep(move |client| {
        for (heard, said) in [
            (&b"\x8d"[..], &b"ID="[..]),
            (b"\x1b\x50\x47\xb1\x8d", b"110 1.8\r\x06\r\x1b[p\r"),
            (
                b"\x82\xb1\xb2\x33\x8d\x41\x42\xc3\x8d\x03\xb1\xb7\xbb\x8d",
                b"211 OK\r\x06\r",
            ),
            (b"\x84\x8d", b"\x1b\x04\r"),
        ] {
            for line in heard.split_inclusive(|byte| *byte == 0x8D) {
                client.hear_through(line).unwrap();
            }
            let said: Vec<u8> = said.iter().map(even).collect();
            client.say(said);
        }
    });
    to(&fake, &["--framing", "8n1-even", "123", "ABC"])
        .run()
        .expect(0, "", "");
    let whole =
        b"\x8d\x1b\x50\x47\xb1\x8d\x82\xb1\xb2\x33\x8d\x41\x42\xc3\x8d\x03\xb1\xb7\xbb\x8d\x84\x8d";
    assert_eq!(fake.raw(), [whole.to_vec()]);
}

#[test]
fn a_slow_central_gets_its_characters_slowly() {
    let fake = Central::default().on_tcp();
    let begun = Instant::now();
    to(&fake, &["--pace", "10ms", "1", "Hi"])
        .run()
        .expect(0, "", "");
    // All but the first of each write wait.
    let length = u32::try_from(fake.raw()[0].len()).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(10) * (length - 4));
    let begun = Instant::now();
    to(&fake, &["--pause", "300ms", "1", "Hi"])
        .run()
        .expect(0, "", "");
    assert!(begun.elapsed() >= Duration::from_millis(600));
    assert_eq!(said(&fake)[0], said(&fake)[1]);
}

#[test]
fn the_whole_way_to_the_page_has_a_limit() {
    for central in [
        Central {
            prompt: SILENCE,
            ..Central::default()
        },
        Central::logons(&[SILENCE]),
        Central::logons(&["<ACK><CR>"]),
    ] {
        let fake = central.on_tcp();
        let run = to(&fake, &["--timeout", "400ms", "1", "Hi"]).run();
        assert!(matches!(run.status, 75 | 76), "{run:?}");
        assert!(run.took >= Duration::from_millis(390), "{run:?}");
        let why = "; the time of --timeout is over (pager 1)";
        assert!(run.stderr.contains(why), "{run:?}");
        assert!(run.took < Duration::from_secs(3), "{run:?}");
    }
    // A verdict has its own.
    let fake = Central::verdicts(&[SILENCE]).on_tcp();
    let flags = ["--timeout", "200ms", "--verdict-timeout", "600ms"];
    to(&fake, &flags)
        .args(["1", "Hi"])
        .run()
        .expect_complaint(0, "", "it may arrive twice");
    // Connected to, and never accepted.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = deaf.local_addr().unwrap().to_string();
    let run = ixo_send(&["--connect", &addr, "--id-timeout", "300ms", "1", "Hi"]).run();
    run.expect_complaint(75, "", "nothing was heard");
}

#[test]
fn our_own_central_is_called_over_a_serial_line() {
    let pty = Pty::new();
    let path = pty.path().to_owned();
    let scratch = scratch("ixo-send-serial");
    let far = || pty.fd().try_clone_to_owned().unwrap();
    let mut central = applet("ixo-serve")
        .arg("--spool")
        .arg(scratch.join("spool"))
        .stdin_from(far())
        .stdout_to(far())
        .spawn();
    let path = path.to_str().unwrap();
    ixo_send(&["--device", path, "--baud", "9600", "1,2", "Disk\tfull"])
        .run()
        .expect(
            0,
            "1 sent 211 Page accepted\n2 sent 211 Page accepted\n",
            "",
        );
    eventually("the call is over", || central.has_ended());
    let pages: Vec<Page> = spooled::accepted(&scratch.join("spool"))
        .into_iter()
        .map(|(_, page)| page)
        .collect();
    assert_eq!(
        pages,
        ["1", "2"].map(|pager| Page::new(&[pager], "Disk\tfull"))
    );
}

#[test]
fn a_terminal_server_stands_between() {
    skip_unless!("ser2net");
    for (kind, flags) in [
        ("", &[][..]),
        ("telnet", &["--telnet"]),
        ("telnet(rfc2217)", &["--rfc2217", "--baud", "9600"]),
        ("telnet(rfc2217)", &["--rfc2217", "--framing", "8n1"]),
    ] {
        let line = Central::default().on_line();
        let peer = ser2net(kind, line.path(), "1200n81,local");
        let addr = format!("127.0.0.1:{}", peer.port());
        let run = ixo_send(&["--connect", &addr, "1,2", "Hi"])
            .args(flags)
            .run();
        run.expect(
            0,
            "1 sent 211 Page accepted\n2 sent 211 Page accepted\n",
            "",
        );
        let heard = line.heard().replace("<NUL>", "");
        let page = |pager: &str| format!("<STX>{pager}<CR>Hi<CR><ETX>");
        assert!(
            heard.contains(&page("1")) && heard.contains(&page("2")),
            "{kind}: {heard}"
        );
    }
}

#[test]
fn a_page_goes_through_a_modem_to_our_own_central() {
    let mut pty = Pty::new();
    let path = pty.path().to_owned();
    let scratch = scratch("ixo-send-modem");
    let spool = scratch.join("spool");
    let modem = thread::spawn(move || {
        for (command, result) in [
            ("ATZ", "OK"),
            ("ATDT5551234", "RINGING\r\n\r\nCONNECT 1200"),
        ] {
            let heard = pty.read_to(b'\r');
            assert_eq!(heard, format!("{command}\r").as_bytes());
            pty.write(&heard);
            pty.write(format!("\r\n{result}\r\n").as_bytes());
        }
        let far = || pty.fd().try_clone_to_owned().unwrap();
        let central = applet("ixo-serve").arg("--spool").arg(spool);
        let central = central.stdin_from(far()).stdout_to(far()).run();
        pty.write(b"\r\nNO CARRIER\r\n");
        (central, pty)
    });
    let path = path.to_str().unwrap();
    let run = ixo_send(&[
        "--device",
        path,
        "--dial",
        "5551234",
        "5551212",
        "Disk full",
    ])
    .run();
    run.expect(0, "", "");
    let (central, pty) = modem.join().unwrap();
    central.expect_status(0);
    // It has hung up by itself: there is nothing more to say to it.
    let mut rest = [0];
    let soon = Deadline::after(Duration::from_secs(5));
    assert_eq!(pty.into_line().read(&mut rest, soon, None), Got::Eof);
    let pages = spooled::accepted(&scratch.join("spool"));
    assert_eq!(pages[0].1, Page::new(&["5551212"], "Disk full"));
}

#[test]
fn a_modem_s_answer_decides() {
    thread::scope(|scope| {
        for (result, status) in [("NO CARRIER", 75), ("NO DIALTONE", 75), ("ERROR", 78)] {
            scope.spawn(move || {
                let line = Central {
                    dialled: vec![result],
                    ..Central::default()
                }
                .on_line();
                let path = line.path().to_str().unwrap();
                let dial = [
                    "--dial",
                    "9,555-1234",
                    "--dial-command",
                    "ATDP",
                    "--init",
                    "ATZ",
                ];
                let run = ixo_send(&["--device", path, "--init", "ATX4", "1", "Hi"]).args(dial);
                run.run().expect_complaint(status, "", result);
                assert_eq!(line.heard(), "ATX4<CR>ATZ<CR>ATDP9,555-1234<CR>");
            });
        }
    });
}
