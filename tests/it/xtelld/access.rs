//! `xtelld`: who may speak to it, and what it needs to begin.

use std::os::unix::net::UnixStream;

use super::started::connected;
use super::{Machine, SENT, SYNTAX};
use crate::support::applet;
use crate::support::login::account;
use crate::support::peers::skip_unless;

const NOT_YOU: &str = "400 no messages from your address\r\n";
const UNAVAILABLE: &str = "400 service unavailable\r\n";

#[test]
fn strangers_are_turned_away() {
    let machine = Machine::new("xtelld-strangers");
    let elsewhere = || machine.xtelld().args(["--allow", "192.0.2.0/24"]);
    let (mut client, server) = connected(elsewhere());
    assert_eq!(client.rest(), NOT_YOU);
    let refused = "<4>xtelld: 127.0.0.1: refused: in no network of --allow\n";
    server.wait().expect(0, "", refused);
    // Not this machine, says whoever started us.
    let stranger = |server: crate::support::Cmd| {
        let server = server.env("REMOTE_ADDR", "192.0.2.7");
        server.stdin("x\n").run()
    };
    let refused =
        "<4>xtelld: ?192.0.2.7: refused: not this machine, and no option lets others in\n";
    stranger(machine.xtelld()).expect(0, NOT_YOU, refused);
    stranger(elsewhere()).expect(0, SYNTAX, "");
}

#[test]
fn a_peer_is_called_what_is_known_of_it() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-peers", &jane, &terminal);
    let user = &jane.name;
    let words = format!("joe:{user}::hi\n");
    let server = machine.xtelld().env("REMOTE_ADDR", "127.0.0.9");
    assert_eq!(server.stdin(&words).run().stdout, SENT);
    terminal.expect("?joe@?127.0.0.9", user, "hi");
    // One half of a pair of sockets is no address either.
    let (ours, theirs) = UnixStream::pair().unwrap();
    let out = theirs.try_clone().unwrap();
    let server = machine.xtelld().stdin_from(theirs).stdout_to(out).spawn();
    std::io::Write::write_all(&mut &ours, words.as_bytes()).unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    server.wait().expect_status(0);
    terminal.expect("?joe@unknown", user, "hi");
    // The kernel is believed before the environment.
    let (mut client, server) = connected(machine.xtelld().env("REMOTE_ADDR", "192.0.2.7"));
    client.ask(&words, SENT);
    assert_eq!(client.rest(), "");
    server.wait().expect_status(0);
    terminal.expect("?joe@127.0.0.1", user, "hi");
}

#[test]
fn a_wrong_command_line_is_told_to_the_client_in_words_of_the_protocol() {
    for words in [
        &["--max-messages", "0"][..],
        &["--ident", "maybe"],
        &["--ident-port", "0"],
        &["--ident-port", "65536"],
        &["--idle-timeout", "0"],
        &["--allow", "nowhere"],
        &["--spool", "x"],
        &["word"],
    ] {
        let (mut client, server) = connected(applet("xtelld").args(words));
        assert_eq!(client.rest(), UNAVAILABLE, "{words:?}");
        let output = server.wait();
        output.expect_complaint(64, "", "xtelld: ");
    }
}
