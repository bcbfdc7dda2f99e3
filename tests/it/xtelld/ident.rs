//! `xtelld`: the sender, as its machine tells it.

use std::net::TcpListener;
use std::time::Instant;

use super::started::connected;
use super::{Machine, SENT, SYNTAX};
use crate::support::login::account;
use crate::support::peers::{oidentd, skip_unless};

const UNVERIFIED: &str = "400 sender cannot be verified\r\n";

#[test]
fn a_sender_is_confirmed_by_a_real_server_or_marked() {
    skip_unless!("root", "oidentd", "tcpserver");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-ident", &jane, &terminal);
    let user = &jane.name;
    let server = oidentd();
    let port = server.port().to_string();
    // Who we are, to the server: tests that need root have that name.
    for (ident, from, shown) in [
        ("off", "root", Some("?root")),
        ("try", "root", Some("root")),
        ("try", "", Some("root")),
        ("try", "joe", Some("?joe")),
        ("try", "Root", Some("?Root")),
        ("require", "root", Some("root")),
        ("require", "", Some("root")),
        ("require", "joe", None),
    ] {
        let words = ["--ident", ident, "--ident-port", &port];
        let (mut client, running) = connected(machine.xtelld().args(words));
        let answer = if shown.is_some() { SENT } else { UNVERIFIED };
        client.ask(format!("{from}:{user}::hi\r\n"), answer);
        if let Some(shown) = shown {
            terminal.expect(&format!("{shown}@127.0.0.1"), user, "hi");
        }
        assert_eq!(client.rest(), "");
        let output = running.wait();
        output.expect_status(0);
        let doubt = ident != "off" && !["root", ""].contains(&from);
        assert_eq!(
            output.stderr.ends_with(": ident says root\n"),
            doubt,
            "{output:?}"
        );
    }
    assert!(terminal.is_clean());
}

#[test]
fn a_machine_that_does_not_answer_confirms_nobody() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-no-ident", &jane, &terminal);
    let user = &jane.name;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let show = |ident: &str, answer: &str, why: &str| {
        let began = Instant::now();
        let words = ["--ident", ident, "--ident-port", &port];
        let (mut client, running) = connected(machine.xtelld().args(words));
        // What is no message needs no sender, and it is asked once.
        let words = format!("x\r\n:{user}::hi\r\njoe:{user}::hi\r\n");
        client.ask(words, &[SYNTAX, answer, answer].concat());
        drop(client);
        let output = running.wait();
        output.expect_status(0);
        for from in ["?", "?joe"] {
            let why = format!(" from {from}, 2 bytes: ident at 127.0.0.1:{port}: {why}");
            assert!(output.stderr.contains(&why), "{why}\n{}", output.stderr);
        }
        began.elapsed()
    };
    // It is there, and says nothing. Asked for each message, it would take twice 5 seconds.
    let took = show("try", SENT, "no answer in time").as_secs_f64();
    assert!((5.0..10.0).contains(&took), "{took}");
    // It is not there.
    drop(listener);
    show("try", SENT, "");
    for _ in 0..2 {
        terminal.skip("?@127.0.0.1", user, "hi");
        terminal.skip("?joe@127.0.0.1", user, "hi");
    }
    show("require", UNVERIFIED, "");
    // Nor is anyone asked of whom the kernel knows nothing.
    let server = machine.xtelld().args(["--ident", "require"]);
    let output = server
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(format!("root:{user}::hi\n"))
        .run();
    output.expect_complaint(
        0,
        UNVERIFIED,
        "(400) from ?root, 2 bytes: no machine to ask for ident",
    );
    assert!(terminal.is_clean());
}
