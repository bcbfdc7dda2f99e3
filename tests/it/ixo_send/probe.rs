//! `--probe`: what it finds out about a central, and what a monitoring system hears of it.

use serde_json::Value;

use super::{ixo_send, served, to};
use crate::bulk::closed;
use crate::support::scripted::{LOST, SILENCE, said};
use crate::support::tap::bytes;
use crate::support::{Central, Fake};

#[test]
fn a_probe_logs_on_and_off_and_pages_nobody() {
    let central = Central {
        prompt: "Acme Paging<CR><LF>ID=<CR><LF>",
        logons: vec!["110 1.8<CR><LF>114 Welcome<CR><LF><ACK><CR><LF><ESC>[p<CR><LF>"],
        ..Central::default()
    };
    let fake = central.clone().on_tcp();
    let run = to(&fake, &["--probe"]).run();
    run.expect(0, &run.stdout, "");
    assert_eq!(said(&fake), ["<CR><ESC>PG1<CR><EOT><CR>"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let [up, version, ends, goahead, steps] = lines[..] else {
        panic!("{run:?}");
    };
    let up = up.strip_prefix(&format!("{} up, ", fake.addr())).unwrap();
    let (time, banner) = up.split_once(" ms: ").unwrap();
    assert!(time.parse::<f64>().unwrap() >= 0.0);
    assert_eq!(banner, "Acme Paging");
    let told = [version, ends, goahead];
    assert_eq!(
        told,
        ["TAP version: 1.8", "line ends: CR LF", "go-ahead: yes"]
    );
    let steps = steps.strip_prefix("steps: ").unwrap();
    let names: Vec<&str> = steps
        .split(", ")
        .map(|step| step.split(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["connect", "ID=", "logon", "go-ahead", "logoff"]);
    let run = to(&fake, &["--probe", "--json"]).run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    for (field, value) in [
        ("success", true.into()),
        ("host", "127.0.0.1".into()),
        ("port", fake.port().into()),
        ("banner", "Acme Paging".into()),
        ("version", "1.8".into()),
        ("lineEnds", "CR LF".into()),
        ("goAhead", "yes".into()),
        ("trouble", Value::Array(Vec::new())),
    ] {
        assert_eq!(line[field], value, "{field}: {line}");
    }
    assert!(
        line["serverInfo"]
            .as_str()
            .unwrap()
            .starts_with("Acme Paging | 110 1.8"),
        "{line}"
    );
    for step in ["connect", "id", "logon", "goahead", "logoff"] {
        assert!(line["steps"][step].is_u64(), "{step}: {line}");
    }
    assert!(line["rtt"].is_u64() && line["error"].is_null(), "{line}");
    let line = central.on_line();
    let path = line.path().to_str().unwrap();
    let run = ixo_send(&["--probe", "--device", path]).run();
    assert!(run.stdout.starts_with(&format!("{path} up, ")), "{run:?}");
    let run = ixo_send(&[&served("-- false"), "--probe"]).run();
    assert!(
        run.stdout.contains("\nTAP version: 1.8\nline ends: CR\n"),
        "{run:?}"
    );
    run.expect_status(0);
}

#[test]
fn trouble_of_the_line_is_named() {
    for (prompt, logon, status, trouble) in [
        (
            "<NUL><NUL>ID=<NUL>",
            "<ACK><CR><ESC>[p<CR>",
            0,
            "bytes were NUL: padding, or parity errors",
        ),
        (
            SILENCE,
            "",
            75,
            "silence: no central, or it did not see our CR with the parity it wants",
        ),
        ("<NUL><NUL><NUL>", "", 75, "6 of 6 bytes were NUL"),
    ] {
        let fake = Central {
            prompt,
            logons: vec![logon],
            ..Central::default()
        }
        .on_tcp();
        let flags = ["--probe", "--id-timeout", "2500ms"];
        let run = to(&fake, &flags).run();
        run.expect_status(status);
        let told = run
            .stdout
            .lines()
            .find(|line| line.starts_with("trouble: "));
        assert!(told.is_some_and(|line| line.contains(trouble)), "{run:?}");
    }
    // Parity that nobody took away.
    let even = |text: &str| -> Vec<u8> {
        let even = |byte: u8| {
            if byte.count_ones() % 2 == 0 {
                byte
            } else {
                byte | 0x80
            }
        };
        bytes(text).into_iter().map(even).collect()
    };
    let fake = Fake::lockstep(move |client| {
        for said in ["ID=", "110 1.8<CR><ACK><CR><ESC>[p<CR>", "<ESC><EOT><CR>"] {
            client.hear_through(b"\r");
            client.say(even(said));
        }
    });
    let run = to(&fake, &["--probe", "--json"]).run();
    run.expect_status(0);
    assert!(
        run.stdout
            .contains("had bit 8 set: the line carries parity"),
        "{run:?}"
    );
    // CRs that were said in vain.
    let fake = Fake::lockstep(move |client| {
        client.hear_through(b"\r");
        for said in ["ID=", "<CR><ACK><CR>", ""] {
            client.hear_through(b"\r");
            client.say(bytes(said));
        }
    });
    let run = to(
        &fake,
        &["--probe", "--goahead-timeout", "200ms", "--no-goahead"],
    )
    .run();
    for line in [
        "go-ahead: no\n",
        "TAP version: not said\n",
        "trouble: 2 CRs were sent before ID= came\n",
    ] {
        assert!(run.stdout.contains(line), "{run:?}");
    }
    run.expect_status(0);
}

#[test]
fn a_probe_that_fails_says_why_and_how() {
    let logon = "509 Invalid password<CR><NAK><CR>";
    let fake = Central::logons(&[logon]).on_tcp();
    let run = to(&fake, &["--probe"]).run();
    let text = format!("ixo-send: {}: 509 Invalid password\n", fake.addr());
    assert_eq!((run.status, run.stderr.as_str()), (77, text.as_str()));
    assert!(run.stdout.contains(" up, "), "{run:?}");
    let fake = Central::logons(&["<ACK><CR>"]).on_tcp();
    let brief = ["--probe", "--goahead-timeout", "200ms"];
    to(&fake, &brief).run().expect_status(76);
    let fake = Central {
        prompt: LOST,
        ..Central::default()
    }
    .on_tcp();
    let run = to(&fake, &["--probe", "--json"]).run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, &line["success"]), (75, &false.into()));
    assert!(
        line["error"].as_str().unwrap().contains("before ID="),
        "{line}"
    );
    assert_eq!(line["steps"]["id"], Value::Null);
    ixo_send(&["--probe", "--connect", &closed()])
        .run()
        .expect_status(75);
    let run = ixo_send(&["--probe", "--connect", "nowhere.invalid:1"]).run();
    run.expect_status(68);
}

#[test]
fn a_monitoring_system_hears_one_line() {
    let nagios = ["--probe", "--nagios"];
    let fake = Central::default().on_tcp();
    for (flags, status, word) in [
        (&[][..], 0, "OK"),
        (&["-w", "9", "-c", "10s"], 0, "OK"),
        (&["-w", "0", "-c", "10s"], 1, "WARNING"),
        (&["-w", "0", "-c", "0"], 2, "CRITICAL"),
    ] {
        let run = to(&fake, &nagios).args(flags).run();
        run.expect(status, &run.stdout, "");
        let begin = format!("TAP {word} - 0.");
        assert!(
            run.stdout.starts_with(&begin) && run.stdout.ends_with('\n'),
            "{run:?}"
        );
        assert!(
            run.stdout
                .contains(" second response time, ID= | 'time'=0."),
            "{run:?}"
        );
        assert_eq!(run.stdout.lines().count(), 1);
    }
    let refused = Central::logons(&["509 Invalid password<CR><NAK><CR>"]).on_tcp();
    let run = to(&refused, &nagios).run();
    run.expect(2, &run.stdout, "");
    assert!(run.stdout.starts_with("TAP CRITICAL - "), "{run:?}");
    assert!(run.stdout.contains("509 Invalid password"), "{run:?}");
    let silent = Central {
        prompt: SILENCE,
        ..Central::default()
    }
    .on_tcp();
    let run = to(&silent, &nagios).args(["--id-timeout", "200ms"]).run();
    run.expect(
        2,
        &format!(
            "TAP CRITICAL - {}: no ID= after 1 CRs: nothing was heard\n",
            silent.addr()
        ),
        "",
    );
    let addr = closed();
    let run = ixo_send(&nagios).args(["--connect", &addr]).run();
    assert!(
        run.stdout.starts_with(&format!("TAP CRITICAL - {addr}: ")),
        "{run:?}"
    );
    run.expect_status(2);
    // What says nothing of the central.
    for words in [
        &["--connect", "nowhere.invalid:1"][..],
        &["--connect", "127.0.0.1:1", "--baud", "fast"],
        &["--connect", "127.0.0.1:1", "-w"],
        &["--connect", "127.0.0.1"],
        &["--proxy-command", "/nowhere/program"],
        &["--device", "x", "--connect", "127.0.0.1:1"],
        &["--connect", "127.0.0.1:1", "--password-file", "/nowhere"],
        &["--connect", "127.0.0.1:1", "1", "Hi"],
        &[],
    ] {
        let run = ixo_send(&nagios).args(words).run();
        run.expect_status(3);
        assert!(
            run.stdout.starts_with("TAP UNKNOWN - "),
            "{words:?}: {run:?}"
        );
        assert_eq!(run.stdout.lines().count(), 1, "{words:?}: {run:?}");
    }
}
