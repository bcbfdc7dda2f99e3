//! From the first CR to the go-ahead: what is waited for, and whose fault it is when it fails.

use super::{ixo_send, served, to};
use crate::bulk::outcomes;
use crate::support::scripted::{LOST, SILENCE, said};
use crate::support::{Central, scratch};

const WELCOME: &str = "110 1.8<CR><ACK><CR><ESC>[p<CR>";
const PAGE: &str = "<STX>1<CR>Hi<CR><ETX>";

#[test]
fn without_id_nothing_is_sent() {
    for (prompt, text) in [
        (SILENCE, "no ID= after 2 CRs: nothing was heard"),
        (
            "<NUL><NUL>",
            "only NULs were heard; try another --framing, or --baud",
        ),
        ("login: ", "heard login:"),
    ] {
        let fake = Central {
            prompt,
            ..Central::default()
        }
        .on_tcp();
        let run = to(&fake, &["--id-timeout", "2500ms", "1", "Hi"]).run();
        run.expect_complaint(75, "", text);
        // One in 2 s, as long as there is time.
        assert_eq!(said(&fake), ["<CR><CR>"], "{prompt}");
    }
}

#[test]
fn a_banner_line_ends_and_a_second_id_are_no_trouble() {
    for prompt in [
        "<CR><LF>Welcome to the ID of our house<CR><LF>ID= <CR><LF>",
        "ID=<CR>",
        "<NUL><NUL>ID=<NUL>",
        "<XOFF><XON>ID=",
    ] {
        let fake = Central {
            prompt,
            ..Central::default()
        }
        .on_tcp();
        to(&fake, &["1", "Hi"]).run().expect(0, "", "");
    }
}

#[test]
fn a_logon_is_repeated_and_refused_in_the_end() {
    for again in ["<CR><NAK><CR>", "<CR>ID=", SILENCE] {
        let fake = Central::logons(&[again, again, WELCOME]).on_tcp();
        to(&fake, &["--logon-timeout", "300ms", "1", "Hi"])
            .run()
            .expect(0, "", "");
        let (call, logon) = (&said(&fake)[0], "<ESC>PG1<CR>");
        assert!(
            call.starts_with(&format!("<CR>{}{PAGE}", logon.repeat(3))),
            "{call}"
        );
    }
    for (flags, logon, status) in [
        (&[][..], "<NAK><CR>", 76),
        (&[], "509 Invalid password<CR><NAK><CR>", 77),
        (&[], "509 Invalid password<CR><ESC><EOT><CR>", 77),
        (&[], "508 No such service<CR><NAK><CR>", 78),
        (&[], "507 What?<CR><ESC><EOT><CR>", 78),
        (&["secret"], "<NAK><CR>", 77),
        (&["secret"], "508 No such service<CR><NAK><CR>", 78),
    ] {
        let fake = Central::logons(&[logon]).on_tcp();
        let mut run = to(&fake, &["1", "Hi"]);
        if let [password] = flags {
            run = run.env("IXO_PASSWORD", password);
        }
        run.run().expect_status(status);
        assert_eq!(fake.connections(), 1, "{logon}");
        assert!(!said(&fake)[0].contains(PAGE), "{logon}");
    }
    // It may be for a moment only.
    for logon in ["<ESC><EOT><CR>", "113 Maximum time<CR><ESC><EOT><CR>", LOST] {
        let fake = Central::logons(&[logon]).on_tcp();
        to(&fake, &["1", "Hi"]).run().expect_status(75);
    }
    let fake = Central::logons(&[SILENCE]).on_tcp();
    let run = to(&fake, &["--logon-timeout", "100ms", "1", "Hi"]).run();
    run.expect_complaint(75, "", "no answer to 3 logons");
}

#[test]
fn a_refused_logon_is_no_row_s_fault() {
    for (logon, status) in [
        ("509 Invalid password<CR><NAK><CR>", 77),
        ("508 No such service<CR><NAK><CR>", 78),
        ("<NAK><CR>", 76),
    ] {
        let scratch = scratch("ixo-send-refused");
        let journal = scratch.join("journal").display().to_string();
        let csv = "pager,message\n1,a\n2,b\n3,c\n";
        let flags = ["--journal", &journal, "--csv", "-"];
        // Refused for one run, and not for the next one.
        let fake = Central::logons(&[logon, logon, logon, WELCOME]).on_tcp();
        let run = to(&fake, &flags).stdin(csv).run();
        run.expect_status(status);
        assert_eq!(
            outcomes(&run),
            ["1:refused", "2:untried", "3:untried"],
            "{logon}"
        );
        assert_eq!(fake.connections(), 1);
        let run = to(&fake, &flags).stdin(csv).run();
        run.expect_status(0);
        assert_eq!(outcomes(&run), ["1:sent", "2:sent", "3:sent"], "{logon}");
    }
}

#[test]
fn the_password_stands_behind_the_service() {
    let scratch = scratch("ixo-send-password");
    let file = scratch.file("password", "secret\nmore\n");
    let file = file.to_str().unwrap();
    let fake = Central::default().on_tcp();
    to(&fake, &["--password-file", file, "1", "Hi"])
        .run()
        .expect(0, "", "");
    to(&fake, &["--service", "pg3", "1", "Hi"])
        .run()
        .expect(0, "", "");
    let calls = said(&fake);
    assert!(
        calls[0].starts_with("<CR><ESC>PG1secret<CR><STX>"),
        "{calls:?}"
    );
    assert!(calls[1].starts_with("<CR><ESC>pg3<CR><STX>"), "{calls:?}");
    let central = served(&format!("--password-file {file} -- true"));
    ixo_send(&[&central, "--password-file", file, "1", "Hi"])
        .run()
        .expect_status(0);
    ixo_send(&[&central, "1", "Hi"]).run().expect_status(77);
    to(&fake, &["--password-file", "/nowhere/password", "1", "Hi"])
        .run()
        .expect_status(66);
    for (word, status) in [("é", 65), ("a\tb", 65)] {
        to(&fake, &["1", "Hi"])
            .env("IXO_PASSWORD", word)
            .run()
            .expect_status(status);
    }
    assert_eq!(fake.connections(), 2);
}

#[test]
fn the_go_ahead_is_waited_for_unless_it_is_said_that_none_comes() {
    let brief = ["--goahead-timeout", "200ms", "1", "Hi"];
    let fake = Central::logons(&["<CR><ACK><CR>"]).on_tcp();
    let run = to(&fake, &brief).run();
    run.expect_complaint(76, "", "no go-ahead ([p) after the logon; see --no-goahead");
    assert!(!said(&fake)[0].contains(PAGE));
    to(&fake, &["--no-goahead"])
        .args(brief)
        .run()
        .expect(0, "", "");
    // Without an ACK, with words in between, and in one breath.
    for logon in [
        "<ESC>[p<CR>",
        "<CR><ACK><CR>Enter your pages<CR><ESC>[p<CR>",
        "114 Welcome<CR><ACK><CR><LF><NUL><ESC>[p<CR><LF>",
        "<ACK><CR><ESC>[p<CR>",
    ] {
        let fake = Central::logons(&[logon]).on_tcp();
        to(&fake, &brief).run().expect(0, "", "");
    }
}

#[test]
fn a_line_that_another_one_has_is_no_try() {
    let line = Central {
        prompt: SILENCE,
        ..Central::default()
    }
    .on_line();
    let path = line.path().to_str().unwrap().to_owned();
    let first = ixo_send(&["-v", "--device", &path, "1", "Hi"]).spawn();
    first.wait_for_stderr("C: <CR>");
    let text = format!("ixo-send: {path}: in use by process {} (lock ", first.pid());
    let run = ixo_send(&["--json", "--device", &path, "1", "Hi"]).run();
    assert!(run.stderr.starts_with(&text), "{run:?}");
    run.expect_status(75);
    let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&line["outcome"], &line["attempts"]),
        (&"untried".into(), &0.into())
    );
    let probe = ["--probe", "--nagios", "--device", &path];
    let run = ixo_send(&probe).run();
    assert!(
        run.stdout
            .starts_with(&format!("TAP UNKNOWN - {path}: in use by ")),
        "{run:?}"
    );
    run.expect_status(3);
    ixo_send(&["--probe", "--device", &path])
        .run()
        .expect_status(75);
    // One that is not plugged in may be so again.
    let run = ixo_send(&["--device", "/dev/nowhere", "1", "Hi"]).run();
    run.expect_complaint(75, "", "/dev/nowhere: No such file or directory (pager 1)");
}
