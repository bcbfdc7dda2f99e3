//! `xtelld`: what was wrong with the program of that name before, and is not with this one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::started::connected;
use super::{Machine, NO_DEVICE, NOT_LOGGED_IN, SENT, SYNTAX, TOO_LONG, traced};
use crate::support::login::account;
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Fake};

/// Overflows through what a client says.
#[test]
fn cve_2002_0332_long_fields_of_a_message() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-0332", &jane, &terminal);
    let user = &jane.name;
    for length in [33, 64, 128, 255, 256, 257, 512, 900] {
        let long = "A".repeat(length);
        let words = [
            format!("joe:{long}::hi\n"),
            format!("joe:{user}:{long}:hi\n"),
            format!("joe:{user}:pts/{long}:hi\n"),
            format!("joe:{user}:/dev/{long}:hi\n"),
            format!("{long}\n"),
            format!("joe:{user}::{long}\n"),
        ];
        let output = machine.said(words.concat());
        let expected = [NOT_LOGGED_IN, NO_DEVICE, NO_DEVICE, NO_DEVICE, SYNTAX, SENT];
        output.expect_status(0);
        assert_eq!(output.stdout, expected.concat(), "{length}");
        terminal.expect("?joe@unknown", user, &long);
        // A name is cut where no name is as long any more.
        assert_eq!(machine.said(format!("{long}:{user}::hi\n")).stdout, SENT);
        let from = if length < 64 {
            format!("?{long}")
        } else {
            format!("?{}…", "A".repeat(63))
        };
        terminal.expect(&format!("{from}@unknown"), user, "hi");
    }
}

/// The same with lines that have no end, in little memory.
#[test]
fn cve_2002_0332_lines_without_an_end() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-endless", &jane, &terminal);
    let user = &jane.name;
    for byte in [b'A', b':', 0, 0xff, 0x1b] {
        let mut words = vec![byte; 32 * 1024 * 1024];
        words.extend(format!("\njoe:{user}::hi\n").bytes());
        // In KiB, of which the program itself is half: were the line kept, this would not do.
        let output = Cmd::new("sh")
            .args(["-c", "ulimit -v 32000; exec xtelld \"$@\"", "sh"])
            .args(machine.args())
            .stdin(words)
            .run();
        output.expect_status(0);
        assert_eq!(output.stdout, [TOO_LONG, SENT].concat());
        terminal.expect("?joe@unknown", user, "hi");
    }
}

/// The same through the answer of ident.
#[test]
fn cve_2002_0332_a_long_answer_of_ident() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-answer", &jane, &terminal);
    let user = &jane.name;
    for answer in [
        "A".repeat(100_000),
        "1, 2 : USERID : UNIX : ".to_owned() + &"A".repeat(100_000),
        "1, 2 : USERID : UNIX : \x1b[2J\u{202e}\r\n".to_owned(),
        "\r\n".repeat(50_000),
    ] {
        let fake = Fake::lockstep(move |client| {
            client.hear();
            client.say(&answer);
        });
        let port = fake.port().to_string();
        let server = machine
            .xtelld()
            .args(["--ident", "try", "--ident-port", &port]);
        let (mut client, server) = connected(server);
        client.ask(format!("joe:{user}::hi\r\n"), SENT);
        assert_eq!(client.rest(), "");
        let output = server.wait();
        output.expect_complaint(0, "", ": ident at 127.0.0.1:");
        assert!(output.stderr.len() < 300, "{output:?}");
        assert!(!output.stderr.contains('\x1b'), "{output:?}");
        terminal.expect("?joe@127.0.0.1", user, "hi");
    }
}

/// A device that climbs out of its directory.
#[test]
fn cve_2002_0333_a_device_with_dots() {
    skip_unless!("root");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-0333", &jane, &terminal);
    let precious = machine.scratch.file("precious", "as it was\n");
    fs::set_permissions(&precious, Permissions::from_mode(0o666)).unwrap();
    let path = precious.to_str().unwrap();
    for device in [
        format!("..{path}"),
        format!("../..{path}"),
        format!("/dev/..{path}"),
        format!("pts/../..{path}"),
        format!("tty/../..{path}"),
        path.to_owned(),
    ] {
        let output = machine.said(format!("joe:{}:{device}:hi\n", jane.name));
        output.expect_status(0);
        assert_eq!(output.stdout, NO_DEVICE, "{device}");
    }
    // The same in the files that say who is where.
    let lines = ["../precious", "pts/../../precious"];
    let logins = lines.map(|line| (&*jane.name, line));
    machine.logins(&logins);
    machine.session(1, &format!("USER={}\nTTY=..{path}\n", jane.name));
    for device in lines {
        let output = machine.said(format!("joe:{}:{device}:hi\n", jane.name));
        assert_eq!(output.stdout, NO_DEVICE, "{device}");
    }
    assert_eq!(machine.scratch.read("precious"), "as it was\n");
    assert!(terminal.is_clean());
}

/// A log of messages in the recipient's home, which may be a link to anywhere.
#[test]
fn cve_2002_0334_a_link_in_the_home_of_the_recipient() {
    skip_unless!("root", "strace");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-0334", &jane, &terminal);
    let precious = machine.scratch.file("precious", "as it was\n");
    fs::set_permissions(&precious, Permissions::from_mode(0o666)).unwrap();
    symlink(&precious, machine.scratch.join(".xtell-log")).unwrap();
    let words = format!("joe:{}::hi\n", jane.name);
    let server = machine.xtelld().env("HOME", &*machine.scratch);
    let output = server.dir(&*machine.scratch).stdin(&words).run();
    assert_eq!(output.stdout, SENT);
    terminal.expect("?joe@unknown", &jane.name, "hi");
    assert_eq!(machine.scratch.read("precious"), "as it was\n");
    // There is no such file to this server, in no home.
    let (said, trace) = traced(&machine, "trace=%file", &machine.args(), &words);
    assert_eq!(said, SENT);
    assert!(!trace.iter().any(|line| line.contains("xtell-log")));
}
