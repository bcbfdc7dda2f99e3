//! `xtelld` as it is really started: as a child of inetd's and of systemd's, and as a user who may
//! do nothing but write to terminals.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use super::{FAILED, Machine, SENT, SYNTAX};
use crate::support::login::{Account, Terminal, account};
use crate::support::peers::{Peer, oidentd, skip_unless};
use crate::support::supers::{inetd_xtelld, log, socket_activate_with};
use crate::support::{Caller, Cmd, Running, Scratch, applet, eventually};

/// The server, with a client of another process's at its other end, and its log on standard error.
pub(super) fn connected(server: Cmd) -> (Caller, Running) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let socket = listener.accept().unwrap().0;
    let out = socket.try_clone().unwrap();
    let server = server.stdin_from(socket).stdout_to(out).spawn();
    (Caller::over(client), server)
}

/// The group that may write to all terminals on which messages are allowed.
fn group_tty() -> u32 {
    let group = fs::read_to_string("/etc/group").unwrap();
    let tty = group.lines().find_map(|line| line.strip_prefix("tty:"));
    tty.unwrap().split(':').nth(1).unwrap().parse().unwrap()
}

#[test]
fn nobody_in_group_tty_can_show_a_message() {
    skip_unless!("root", "setpriv");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-nobody-tty", &jane, &terminal);
    // Where nobody can reach it.
    let reach = Scratch::below(&env::temp_dir(), "xtelld");
    fs::set_permissions(&*reach, Permissions::from_mode(0o755)).unwrap();
    // Not by ourselves: another test's child would hold it open to be written to for a moment.
    let copy = Cmd::new("cp").arg(env!("CARGO_BIN_EXE_pagebox"));
    copy.arg(reach.join("xtelld")).run().expect(0, "", "");
    fs::copy(machine.scratch.join("utmp"), reach.join("utmp")).unwrap();
    terminal.group(group_tty());
    let run = |group: &str| {
        Cmd::new("setpriv")
            .args(["--reuid", "65534", "--regid", group, "--clear-groups"])
            .args(["--inh-caps=-all", "--bounding-set=-all"])
            .arg(reach.join("xtelld"))
            .arg("--utmp")
            .arg(reach.join("utmp"))
            .dir("/")
            .stdin(format!("joe:{}::hi\n", jane.name))
            .run()
    };
    let output = run("tty");
    assert_eq!(output.stdout, SENT, "{}", output.stderr);
    terminal.expect("?joe@unknown", &jane.name, "hi");
    // Without the group it is our own trouble, and the log says what to do.
    let output = run("65534");
    let logged = format!(
        "<3>xtelld: unknown: not shown to {} (405) from ?joe, 2 bytes: {}: Permission denied",
        jane.name,
        terminal.line()
    );
    output.expect_complaint(0, FAILED, &logged);
    assert!(terminal.is_clean());
}

/// What our own client makes of every answer, and what a client that says all at once hears.
fn messages(server: &Peer, jane: &Account, terminal: &mut Terminal) {
    let (user, line) = (&jane.name, terminal.line().to_owned());
    let xtell = |target: &str, words: &str| {
        let target = format!("{target}@{}", server.addr());
        applet("xtell").args([&*target, words]).run()
    };
    xtell(user, "Disk full").expect(0, "", "");
    terminal.expect("?root@127.0.0.1", user, "Disk full");
    xtell(&format!("{user}:{line}"), "and here: \u{e4}").expect(0, "", "");
    terminal.expect("?root@127.0.0.1", user, "and here: \u{e4}");
    xtell("nobody-here", "x").expect_complaint(67, "", "403");
    xtell(&format!("{user}:pts/999999"), "x").expect_complaint(77, "", "405");
    terminal.mode(0o600);
    xtell(user, "x").expect_complaint(77, "", "404");
    terminal.mode(0o620);
    // Line by line, and as long as they come.
    let long = "word ".repeat(150);
    let target = format!("{user}@{}", server.addr());
    let lines = applet("xtell").arg(&target).stdin(format!("one\n{long}\n"));
    lines.run().expect(0, "", "");
    let mut shown = String::new();
    while shown.matches("word").count() < 150 {
        shown += &terminal.read(1);
    }
    assert_eq!(shown.matches("| ").count(), 3, "{shown}");
    while !terminal.is_clean() {
        terminal.read(1);
    }
    let mut client = Caller::over(TcpStream::connect(server.addr()).unwrap());
    client.ask(
        format!("joe:{user}::hi\r\nhello\r\n"),
        &[SENT, SYNTAX].concat(),
    );
    terminal.expect("?joe@127.0.0.1", user, "hi");
    client.say("QUIT\r\n");
    assert_eq!(client.end(), "");
}

#[test]
fn messages_through_systemd_socket_activate() {
    skip_unless!("root", "systemd-socket-activate");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-systemd", &jane, &terminal);
    let args = machine.args();
    let args: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
    let server = socket_activate_with("xtelld", &args);
    messages(&server, &jane, &mut terminal);
    // As the journal wants it, on a standard error that is not the client's.
    let shown = format!("<6>xtelld: 127.0.0.1: shown to {} on ", jane.name);
    eventually("it is logged", || log(&server).matches(&shown).count() == 6);
}

#[test]
fn messages_through_openbsd_inetd() {
    skip_unless!("root", "inetd");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-inetd", &jane, &terminal);
    let server = inetd_xtelld(&machine.args().map(|arg| arg.into_string().unwrap()));
    messages(&server, &jane, &mut terminal);
    // Standard error is the client's socket there, and it hears nothing of the log.
    assert!(!log(&server).contains("shown"), "{}", log(&server));
}

#[test]
fn our_own_client_is_who_it_says_it_is() {
    skip_unless!("root", "systemd-socket-activate", "oidentd", "tcpserver");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-verified", &jane, &terminal);
    let ident = oidentd();
    let mut args = machine.args().to_vec();
    args.extend(["--ident", "require", "--ident-port"].map(OsString::from));
    args.push(ident.port().to_string().into());
    let args: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
    let server = socket_activate_with("xtelld", &args);
    let target = format!("{}@{}", jane.name, server.addr());
    let xtell = || applet("xtell").arg(&target).arg("hi");
    xtell().run().expect(0, "", "");
    terminal.expect("root@127.0.0.1", &jane.name, "hi");
    let refused = "400 sender cannot be verified";
    xtell()
        .args(["--from", "joe"])
        .run()
        .expect_complaint(75, "", refused);
    assert!(terminal.is_clean());
}
