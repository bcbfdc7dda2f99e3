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
    let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
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
        &["a", "tty1,b"],
        &["a", "tty1@b"],
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

#[test]
fn hosts_are_tried_in_order_by_targets_that_name_none() {
    let (one, other, dead) = (polite(), polite(), closed());
    let hosts = ["--host", &dead, "--host", &one.addr()];
    let run = xtell(&hosts).args(["-v", &*format!("jane,{}", at("bob", &other)), "hi"]);
    let run = run.run();
    let told = format!(
        "jane sent 200 message sent\n{} sent 200 message sent\n",
        at("bob", &other)
    );
    run.expect(0, &told, &run.stderr);
    let next = format!("{dead}: Connection refused (pager jane); trying the next host\n");
    assert!(run.stderr.contains(&next), "{run:?}");
    assert_eq!(one.heard(), ["joe:jane::hi", "QUIT"]);
    assert_eq!(other.heard(), ["joe:bob::hi", "QUIT"]);

    let rows = "pager,message\njane,1\njane,2\n";
    let run = xtell(&hosts).args(["--csv", "-"]).stdin(rows).run();
    run.expect_status(0);
    assert!(run.stdout.contains("\n2,,jane,sent,200,"), "{run:?}");
    // A host that could not be reached once is not asked again.
    assert_eq!(run.stderr.matches("trying the next host").count(), 1);
    assert_eq!(
        one.heard()[2..],
        ["joe:jane::1", "joe:jane::2", "QUIT"].map(str::to_owned)
    );
    let nobody = closed();
    let run = xtell(&["--host", &dead, "--host", &nobody, "jane", "hi"]).run();
    run.expect_status(75);
}

#[test]
fn a_user_who_is_not_there_is_not_looked_for_elsewhere() {
    const CODES: &[(&str, &str)] = &[("jane", "403 nobody"), ("bob", "400 busy")];
    let (one, other) = (serves(CODES), polite());
    let hosts = ["--host", &one.addr(), "--host", &other.addr()];
    xtell(&hosts).args(["jane", "hi"]).run().expect_status(67);
    assert!(other.heard().is_empty());
    let run = xtell(&hosts).args(["bob", "hi"]).run();
    run.expect_status(0);
    assert_eq!(other.heard(), ["joe:bob::hi", "QUIT"]);
}

#[test]
fn a_message_goes_on_where_it_began() {
    let other = polite();
    let one = crate::support::Fake::lockstep(|client| {
        let mut replies = [SHOWN, "400 busy\r\n"].into_iter();
        while client.hear().is_some_and(|line| line != "QUIT") {
            client.say(replies.next().unwrap());
        }
    });
    let hosts = ["--host", &one.addr(), "--host", &other.addr()];
    let run = xtell(&hosts).args(["jane", "-m", "line 1\nline 2"]).run();
    // Said once more in a new connection, where it is the first.
    run.expect_status(0);
    assert_eq!(
        one.heard()[..3],
        ["joe:jane::line 1", "joe:jane::line 2", "QUIT"].map(str::to_owned)
    );
    assert!(other.heard().is_empty());
}
