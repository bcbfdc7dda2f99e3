//! Whom a message is for, and where that is.

use super::{SHOWN, at, polite, serves, xtell};
use crate::bulk::closed;
use crate::support::applet;

#[test]
fn what_names_nobody_is_65() {
    for target in [
        "",
        ":",
        "@",
        "jane@",
        "jane,",
        "a:b:c",
        "a b",
        "a\nb",
        "jane@h:0",
        "jane@a b",
        "jane@[::1",
    ] {
        let run = xtell(&[target, "hi"]).run();
        assert_eq!((run.status, &*run.stdout), (65, ""), "{target:?}: {run:?}");
    }
}

#[test]
fn targets_of_one_server_share_a_connection() {
    const CODES: &[(&str, &str)] = &[("bob", "403 user is not currently logged in")];
    let (one, other) = (serves(CODES), polite());
    let [jane, bob, zoe] = [at("jane", &one), at("bob", &one), at("", &other)];
    let all = format!("{jane},{bob},{jane},{zoe},{}", at("jane:", &one));
    let told = format!(
        "{jane} sent 200 message sent\n{bob} refused 403 user is not currently logged in\n\
         {zoe} sent 200 message sent\n"
    );
    let error = format!(
        "xtell: {}: 403 user is not currently logged in (pager {bob})\n",
        one.addr()
    );
    xtell(&[&all, "hi"]).run().expect(67, &told, &error);
    assert_eq!(one.heard(), ["joe:jane::hi", "joe:bob::hi", "QUIT"]);
    assert_eq!(other.heard(), ["joe:::hi", "QUIT"]);
}

#[test]
fn a_server_that_cannot_be_reached_is_tried_once_and_others_go_on() {
    let (fake, dead) = (polite(), closed());
    let all = format!("a@{dead},b@{dead},{}", at("c", &fake));
    let run = xtell(&["--json", &all, "hi"]).run();
    run.expect_status(79);
    let attempts: Vec<&str> = run
        .stdout
        .lines()
        .map(|line| line.split("\"attempts\":").nth(1).unwrap())
        .map(|rest| &rest[..1])
        .collect();
    assert_eq!(attempts, ["1", "0", "1"], "{run:?}");
    let alone = xtell(&[&format!("a@{dead}"), "hi"]).run();
    alone.expect_complaint(75, "", "Connection refused");
    let unknown = xtell(&["a@no-such-host.invalid", "hi"]).run();
    assert!([68, 75].contains(&unknown.status), "{unknown:?}");
}

#[test]
fn an_address_of_ipv6_stands_in_brackets() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("SKIPPED: no IPv6");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 14];
        stream.read_exact(&mut bytes).unwrap();
        stream.write_all(SHOWN.as_bytes()).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap_or_default();
        [&bytes[..], &rest].concat()
    });
    xtell(&[&format!("jane@[::1]:{port}"), "hi"])
        .run()
        .expect(0, "", "");
    assert_eq!(server.join().unwrap(), b"joe:jane::hi\r\nQUIT\r\n");
}

#[test]
fn without_a_host_it_is_this_one() {
    // A command stands for the server, and says where it should be.
    let run = xtell(&[
        "-v",
        "--proxy-command",
        "printf '403 %h:%p\\r\\n'",
        "jane",
        "hi",
    ])
    .run();
    assert!(
        run.stderr.contains("connecting to localhost:4224\n"),
        "{run:?}"
    );
    assert!(run.stderr.contains("403 localhost:4224"), "{run:?}");
}

#[test]
fn it_stands_in_for_write() {
    let fake = polite();
    let write = |words: &[&str]| applet("write").args(words).stdin("hi\n").run();
    write(&[&at("jane", &fake), "pts/3"]).expect(0, "", "");
    write(&[&at("jane", &fake)]).expect(0, "", "");
    let heard = fake.heard();
    assert!(heard[0].ends_with(":jane:pts/3:hi") && heard[2].ends_with(":jane::hi"));
    for words in [
        &["a", "b", "c"][..],
        &["-v", "a"],
        &["a", "-v"],
        &["a,b", "tty1"],
    ] {
        write(words).expect_complaint(64, "", "write: usage: write USER[@HOST] [TTY]");
    }
    write(&["--version"]).expect(0, &applet("xtell").arg("-V").run().stdout, "");
}

#[test]
fn a_proxy_command_is_a_server_too() {
    let script = "read -r line; echo '200 shown'; read -r line";
    let command = format!("sh -c \"{script}\"");
    let run = xtell(&["-v", "--proxy-command", &command, "a@h1,b@h2", "hi"]).run();
    run.expect(0, "a@h1 sent 200 shown\nb@h2 sent 200 shown\n", &run.stderr);
    let missing = xtell(&["--proxy-command", "/no/such/program", "a", "hi"]).run();
    missing.expect_complaint(78, "", "cannot run /no/such/program");
}
