//! `xtelld`: how a session goes on, and how it ends.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::started::connected;
use super::{Machine, NO_DEVICE, NOT_LOGGED_IN, SENT, SYNTAX};
use crate::support::login::account;
use crate::support::peers::skip_unless;

const ENOUGH: &str = "400 too many messages on one connection\r\n";
const SILENT: &str = "400 silent for too long\r\n";
const GOING_DOWN: &str = "400 going down\r\n";

#[test]
fn lines_end_as_clients_end_them_and_come_as_they_come() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-lines", &jane, &terminal);
    let user = &jane.name;
    for end in ["\r\n", "\n"] {
        let (mut client, server) = connected(machine.xtelld());
        // Byte by byte.
        for byte in format!("joe:{user}::one{end}").bytes() {
            client.say([byte]);
        }
        client.hear(SENT);
        terminal.expect("?joe@127.0.0.1", user, "one");
        // Several at once, each with an answer of its own.
        let words = format!("joe:{user}::two{end}joe:nobody-here::x{end}{end}joe:{user}::a:b{end}");
        client.ask(words, &[SENT, NOT_LOGGED_IN, SYNTAX, SENT].concat());
        terminal.skip("?joe@127.0.0.1", user, "two");
        terminal.expect("?joe@127.0.0.1", user, "a:b");
        // QUIT gets no answer, and nothing behind it is looked at.
        client.say(format!("quit{end}joe:{user}::three{end}"));
        assert_eq!(client.end(), "");
        drop(client);
        server.wait().expect_status(0);
        assert!(terminal.is_clean());
    }
    // A line without its end may have lost more than that.
    let output = machine.said(format!("joe:{user}::one\njoe:{user}::tw"));
    assert_eq!(output.stdout, [SENT, SYNTAX].concat());
    terminal.expect("?joe@unknown", user, "one");
    machine.said("").expect(0, "", "");
    machine.said("QUIT\r\n").expect(0, "", "");
}

#[test]
fn who_is_silent_is_sent_away() {
    let machine = Machine::new("xtelld-silent");
    for (option, words) in [
        ("--idle-timeout", ""),
        ("--idle-timeout", "joe:jane"),
        ("--session-timeout", "\n"),
    ] {
        let began = Instant::now();
        let server = machine.xtelld().args([option, "300ms"]);
        let mut server = server.stdin_open().spawn();
        server.write(words);
        server.wait_for_stdout(SILENT);
        let output = server.wait();
        let said = if words == "\n" { SYNTAX } else { "" };
        output.expect(
            0,
            &format!("{said}{SILENT}"),
            "<4>xtelld: unknown: timed out\n",
        );
        assert!(began.elapsed() >= Duration::from_millis(300));
    }
    // Who says something all the time is no exception, a byte of a line or whole lines.
    let server = machine.xtelld().args(["--session-timeout", "500ms"]);
    let mut server = server.stdin_open().spawn();
    let began = Instant::now();
    while !server.has_ended() && began.elapsed() < Duration::from_secs(5) {
        if !server.stdout().contains("400") {
            server.write("x");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    server
        .wait()
        .expect(0, SILENT, "<4>xtelld: unknown: timed out\n");
}

#[test]
fn nobody_says_more_than_is_allowed() {
    skip_unless!("root");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-many", &jane, &terminal);
    let words = format!("joe:{}::hi\n", jane.name);
    let output = machine
        .xtelld()
        .args(["--max-messages", "3"])
        .stdin(format!("\n{}", words.repeat(5)))
        .run();
    output.expect_status(0);
    assert_eq!(output.stdout, [SYNTAX, SENT, SENT, ENOUGH].concat());
    let last = output.stderr.lines().last();
    assert_eq!(last, Some("<4>xtelld: unknown: too many messages"));
    // Whoever leaves in time is not told.
    let output = machine
        .xtelld()
        .args(["--max-messages", "1"])
        .stdin(words + "QUIT\n")
        .run();
    assert_eq!(output.stdout, SENT);
}

#[test]
fn ten_messages_come_at_once_and_more_of_them_slowly() {
    skip_unless!("root");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-rate", &jane, &terminal);
    let words = format!("joe:{}::hi\n", jane.name);
    let ten = machine.said(words.repeat(10));
    assert_eq!(ten.stdout, SENT.repeat(10));
    // A fifth of a second before each would be that much.
    assert!(ten.took < Duration::from_secs(2), "{:?}", ten.took);
    let began = Instant::now();
    assert_eq!(machine.said(words.repeat(20)).stdout, SENT.repeat(20));
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    // A signal is not kept waiting by that.
    let mut server = machine.xtelld().stdin_open().spawn();
    server.write(words.repeat(20));
    server.wait_for_stdout(&SENT.repeat(11));
    server.signal(Signal::TERM);
    let output = server.wait();
    output.expect_status(0);
    let answers = output.stdout.matches(SENT).count();
    assert_eq!(output.stdout, SENT.repeat(answers) + GOING_DOWN);
    assert!((11..20).contains(&answers), "{answers}");
}

#[test]
fn a_signal_ends_a_session_in_order() {
    skip_unless!("root");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-signal", &jane, &terminal);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (mut client, mut server) = connected(machine.xtelld());
        client.ask("x\n", SYNTAX);
        server.signal(signal);
        client.hear(GOING_DOWN);
        assert_eq!(client.rest(), "");
        drop(client);
        server.wait().expect_status(0);
    }
    // Nor is it kept waiting by a terminal that takes nothing.
    terminal.block();
    let (mut client, mut server) = connected(machine.xtelld());
    let line = terminal.line();
    client.say(format!("joe:{}:{line}:hi\njoe:nobody-here::x\n", jane.name));
    crate::support::eventually("it is at the terminal", || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid()));
        let mut open = open.into_iter().flatten().flatten();
        open.any(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == terminal.path()))
    });
    server.signal(Signal::TERM);
    client.hear(&[NO_DEVICE, GOING_DOWN].concat());
    assert_eq!(client.rest(), "");
    // Without the signal it would be "it takes nothing", 2 seconds later.
    let stopped = format!("{line}: interrupted");
    server.wait().expect_complaint(0, "", &stopped);
}

#[test]
fn the_time_that_a_terminal_takes_is_not_the_clients() {
    skip_unless!("root");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-timer", &jane, &terminal);
    terminal.block();
    let began = Instant::now();
    let (mut client, server) = connected(machine.xtelld().args(["--session-timeout", "1900ms"]));
    client.ask(
        format!("joe:{}:{}:hi\n", jane.name, terminal.line()),
        NO_DEVICE,
    );
    client.ask("x\n", SYNTAX);
    assert_eq!(client.rest(), "");
    drop(client);
    server.wait().expect_complaint(0, "", ": it takes nothing");
    // Longer than a session may last.
    assert!(began.elapsed() >= Duration::from_millis(1900));
}

#[test]
fn a_client_that_goes_without_a_word_is_no_trouble() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-gone", &jane, &terminal);
    let (mut client, server) = connected(machine.xtelld());
    client.say(format!("joe:{}::bye\n", jane.name));
    drop(client);
    server.wait().expect_status(0);
    terminal.expect("?joe@127.0.0.1", &jane.name, "bye");
}
