//! `snpp-send`: one command line, a dialogue, and what is said of it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::fake::{HANG_UP, RESET, SILENCE, polite};
use crate::support::{Cmd, Fake, Output, applet, eventually, scratch};

type Rules<'a> = &'a [(&'a str, &'a str)];

fn send(fake: &Fake) -> Cmd {
    applet("snpp-send").args(["--server", &fake.addr()])
}

/// A server that nobody is at home at.
fn dead() -> Fake {
    Fake::replies(&[("greeting", "421 SERVER DOWN, Goodbye")])
}

/// An address that refuses connections.
fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn json(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[track_caller]
fn only(output: &Output) -> Value {
    let mut all = json(output);
    assert_eq!(all.len(), 1, "{output:?}");
    all.remove(0)
}

fn hears(fake: &Fake, verb: &str) -> bool {
    fake.heard().iter().any(|line| line.starts_with(verb))
}

#[test]
fn a_page_that_is_sent_is_silent() {
    let fake = Fake::replies(&[]);
    send(&fake)
        .args(["5551212", "Your", "network  is", "hosed"])
        .run()
        .expect(0, "", "");
    let raw = b"PAGE 5551212\r\nMESS Your network  is hosed\r\nSEND\r\nQUIT\r\n";
    assert_eq!(fake.raw(), [raw.to_vec()]);
}

#[test]
fn the_message_comes_from_words_an_option_or_standard_input() {
    let cases: [(&[&str], &str); 6] = [
        (&["1", "from", "words"], ""),
        (&["1", "-m", "from words"], "ignored"),
        (&["1", "-m", "-"], "from words\n"),
        (&["1"], "from words\r\n"),
        (&["--message=from words", "1"], ""),
        (&["1", "--", "from", "words"], ""),
    ];
    for (args, stdin) in cases {
        let fake = Fake::replies(&[]);
        send(&fake).args(args).stdin(stdin).run().expect(0, "", "");
        assert_eq!(fake.heard()[1], "MESS from words", "{args:?}");
    }
    let fake = Fake::replies(&[]);
    send(&fake).args(["1", "-m", "-v"]).run().expect(0, "", "");
    assert_eq!(fake.heard()[1], "MESS -v");
    send(&fake).args(["1", "--tone"]).run().expect(0, "", "");
    assert_eq!(fake.heard()[5].trim_end(), "MESS");
}

#[test]
fn several_pagers_have_a_result_line_each() {
    let fake = Fake::replies(&[
        ("PAGE 2", "550 Invalid Pager ID"),
        ("SEND", "250 Confirmation 77"),
    ]);
    send(&fake).args(["1,2,3", "hi"]).run().expect_complaint(
        67,
        "1 sent 250 Confirmation 77\n2 refused 550 Invalid Pager ID\n3 sent 250 Confirmation 77\n",
        "(pager 2)",
    );
    assert_eq!(fake.connections(), 1);
    let heard = fake.heard();
    let expected = [
        "PAGE 1", "MESS hi", "SEND", "PAGE 2", "RESE", "PAGE 3", "MESS hi", "SEND", "QUIT",
    ];
    assert_eq!(heard, expected);
    send(&fake)
        .args(["-q", "1,2,3", "hi"])
        .run()
        .expect(67, "", "");
}

#[test]
fn the_server_comes_from_the_environment() {
    let fake = Fake::replies(&[]);
    applet("snpp-send")
        .env("SNPP_SERVER", format!("{}, {}", closed(), fake.addr()))
        .args(["1", "hi"])
        .run()
        .expect_complaint(0, "", "next server");
    assert_eq!(fake.connections(), 1);
    applet("snpp-send")
        .args(["1", "hi"])
        .run()
        .expect_complaint(64, "", "SNPP_SERVER");
}

#[test]
fn the_dialogue_is_shown_without_its_secrets() {
    let dir = scratch("secrets");
    let pin = dir.file("pin", "0042\n");
    let fake = Fake::replies(&[("2WAY", "250 ok"), ("SEND", "860 00321 98765 Delivered")]);
    let run = |more: &str| {
        send(&fake)
            .args(["--login", "joe", "--two-way", more, "--pin-file"])
            .arg(&pin)
            .args(["5551212", "hi"])
            .env("SNPP_PASSWORD", "hunter2")
            .run()
    };
    let shown = run("-v");
    shown.expect_status(0);
    for secret in ["hunter2", "0042"] {
        assert!(!shown.stderr.contains(secret), "{shown:?}");
    }
    assert!(!shown.stderr.contains("98765"), "{shown:?}");
    for line in [
        "S: 220 fake gateway ready",
        "C: LOGI joe ****",
        "C: PAGE 5551212 ****",
        "C: SEND",
    ] {
        assert!(shown.stderr.contains(line), "{line}: {shown:?}");
    }
    let steps = shown
        .stderr
        .lines()
        .filter(|line| line.contains("C: ") || line.contains("S: "));
    for step in steps {
        let time = step.split_whitespace().next().unwrap();
        assert!(time.parse::<f64>().is_ok(), "{step}");
    }
    assert!(shown.stdout.starts_with("5551212 sent 860"), "{shown:?}");
    let kept = run("--json");
    assert!(
        !kept.stdout.contains("hunter2") && !kept.stdout.contains("0042"),
        "{kept:?}"
    );
    let heard = fake.heard();
    assert_eq!(heard[0], "LOGI joe hunter2");
    assert!(heard.contains(&"PAGE 5551212 0042".to_owned()));
}

#[test]
fn json_has_the_field_names_of_the_port_of_call_api() {
    let fake = Fake::replies(&[("PAGE 2", "550 Invalid Pager ID")]);
    let output = send(&fake).args(["--json", "1,2", "hi"]).run();
    output.expect_status(67);
    let all = json(&output);
    assert_eq!(all.len(), 2);
    let (good, bad) = (&all[0], &all[1]);
    assert_eq!(good["success"], true);
    assert_eq!(good["host"], "127.0.0.1");
    assert_eq!(good["port"], fake.port());
    assert_eq!(good["pagerId"], "1");
    assert_eq!(good["pageResponse"], "250 Pager ID accepted");
    assert_eq!(good["sendResponse"], "250 Message sent");
    assert!(good["rtt"].is_u64());
    assert!(good.get("error").is_none());
    assert_eq!(good["outcome"], "sent");
    assert_eq!(good["code"], 250);
    assert_eq!(good["attempts"], 1);
    assert_eq!(good["parts"], "1/1");
    assert_eq!(good["duplicate_possible"], false);
    assert_eq!(good["options_refused"], serde_json::json!([]));
    for field in ["tag", "pass"] {
        assert!(good[field].is_null(), "{field}");
    }
    let transcript: Vec<&str> = good["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert_eq!(
        transcript[..7],
        [
            "S: 220 fake gateway ready",
            "C: PAGE 1",
            "S: 250 Pager ID accepted",
            "C: MESS hi",
            "S: 250 Message OK",
            "C: SEND",
            "S: 250 Message sent",
        ]
    );
    assert_eq!(bad["success"], false);
    assert_eq!(bad["error"], "PAGE command failed: 550 Invalid Pager ID");
    assert_eq!(bad["code"], 550);
    assert!(bad["sendResponse"].is_null());
    // No connection at all is a line too, with an empty transcript and no code.
    let output = applet("snpp-send")
        .args(["-s", &closed(), "--json", "1", "hi"])
        .run();
    output.expect_status(75);
    let line = only(&output);
    assert_eq!(line["success"], false);
    assert_eq!(line["outcome"], "untried");
    assert_eq!(line["transcript"], serde_json::json!([]));
    assert!(line["code"].is_null() && line["error"].as_str().is_some_and(|text| !text.is_empty()));
}

#[test]
fn a_dry_run_says_what_it_would_say_and_connects_to_nothing() {
    let dir = scratch("dry");
    let pin = dir.file("pin", "0042\n");
    let fake = Fake::replies(&[]);
    let dry = || send(&fake).arg("--dry-run").arg("--pin-file").arg(&pin);
    dry()
        .args(["--level", "0", "1,2", "hi"])
        .run()
        .expect(
            0,
            "C: LEVE 0\nC: PAGE 1 ****\nC: MESS hi\nC: SEND\nC: LEVE 0\nC: PAGE 2 ****\nC: MESS hi\nC: SEND\n",
            "",
        );
    assert_eq!(
        json(dry().args(["--json", "1,2", "hi"]).run().expect_status(0)).len(),
        2
    );
    dry()
        .args(["1\n2", "hi"])
        .run()
        .expect_complaint(65, "", "pager");
    assert_eq!(fake.connections(), 0);
}

/// Exit status, arguments, and what of the complaint names the cause.
const BAD_INPUT: &[(i32, &[&str], &str)] = &[
    (65, &["555\r\nPAGE 1", "hi"], "pager"),
    (65, &["555\n", "hi"], "pager"),
    (65, &["555\r", "hi"], "pager"),
    (65, &["1,2\n3", "hi"], "pager"),
    (65, &["555 1212", "hi"], "pager"),
    (65, &["555\t1212", "hi"], "pager"),
    (65, &["1,,2", "hi"], "pager"),
    (65, &["", "hi"], "pager"),
    (65, &["5.55E+09", "hi"], "5.55E+09"),
    (65, &["1,5.55E+09", "hi"], "5.55E+09"),
    (65, &["1", "a\rb"], "CR"),
    (65, &["1", "-m", "a\rb"], "CR"),
    (65, &["1", ""], "empty"),
    (65, &["1", " ", " "], "empty"),
    (65, &["1", "-m", "\n"], "empty"),
    (65, &["1"], "empty"),
    (65, &["1", "-m", "-"], "empty"),
    (65, &["--max-length=5", "1", "123456"], "6 characters"),
    (65, &["--max-length=3", "1", "äöüß"], "4 characters"),
    (65, &["--body=mess", "1", "a\nb"], "MESS"),
    (65, &["--caller=a\rb", "1", "hi"], "caller"),
    (65, &["--caller=a\nb", "1", "hi"], "caller"),
    (65, &["--subject=a\nSEND", "1", "hi"], "subject"),
    (65, &["--coverage=a\nb", "1", "hi"], "coverage"),
    (65, &["--coverage=a b", "1", "hi"], "coverage"),
    (65, &["--hold=2001-01-01T00:00:00Z", "1", "hi"], "past"),
    (65, &["--hold=2001-01-01T00:00:00+01:00", "1", "hi"], "past"),
    (65, &["--hold=400d", "1", "hi"], "year"),
    (65, &["--hold=tomorrow", "1", "hi"], "duration"),
    (66, &["--pin-file=/nonexistent", "1", "hi"], "/nonexistent"),
    (64, &["-m", "one", "1", "two"], "quotes"),
    (64, &["-m", "one", "1", "two", "three"], "quotes"),
    (64, &["--tone", "1", "two"], "tone"),
    (64, &["--reply=multichoice", "1", "hi"], "--choice"),
    (64, &["--choice=01=a", "--choice=01=b", "1", "hi"], "twice"),
    (64, &["--choice=01=a", "--reply=text", "1", "hi"], "multich"),
    (64, &["--one-send", "--two-way", "1,2", "hi"], "recipient"),
    (64, &["--overflow=drop", "1", "hi"], "overflow"),
    (64, &["--server=a b", "1", "hi"], "a b"),
    (64, &["--server=h:0", "1", "hi"], "65535"),
    (64, &["--no-such-option", "1", "hi"], "--no-such-option"),
    (64, &[], "PAGER"),
];

/// The same, where it is open whether the command line is wrong or the data.
const BAD_VALUES: &[(&[&str], &str)] = &[
    (&["--level=12", "1", "hi"], "0 to 11"),
    (&["--level=x", "1", "hi"], "0 to 11"),
    (&["--level=-1", "1", "hi"], "0 to 11"),
    (&["--level=+1", "1", "hi"], "0 to 11"),
    (&["--alert=2", "1", "hi"], "0 nor 1"),
    (&["--login=a\nb", "1", "hi"], "login"),
    (&["--login=a b", "1", "hi"], "login"),
    (&["--choice=01=a\nb", "1", "hi"], "choice"),
    (&["--choice=XYZ=a", "1", "hi"], "XYZ"),
    (&["--choice=12345=a", "1", "hi"], "12345"),
    (&["--choice=01=", "1", "hi"], "no text"),
];

#[test]
fn bad_input_is_refused_and_nothing_is_sent() {
    let fake = Fake::replies(&[]);
    for (status, args, words) in BAD_INPUT {
        let output = send(&fake).args(*args).run();
        output.expect_complaint(*status, "", words);
        assert!(output.stderr.starts_with("snpp-send: "), "{output:?}");
    }
    for (args, words) in BAD_VALUES {
        let output = send(&fake).args(*args).run();
        assert!(matches!(output.status, 64 | 65), "{args:?}: {output:?}");
        output.expect_complaint(output.status, "", words);
    }
    for (bytes, words) in [
        (&b"a\0b"[..], "NUL"),
        (b"a\xffb", "not UTF-8"),
        (b"a\rb\n", "CR"),
        (b" \n \n", "empty"),
    ] {
        let output = send(&fake).arg("1").stdin(bytes).run();
        output.expect_complaint(65, "", words);
    }
    let latin = OsStr::from_bytes(b"caf\xe9");
    for args in [&["1"][..], &["1", "-m"]] {
        let output = send(&fake).args(args).arg(latin).run();
        output.expect_complaint(65, "", "not UTF-8");
    }
    assert_eq!(fake.connections(), 0);
}

#[test]
fn what_is_too_long_is_refused_and_nothing_is_sent() {
    let fake = Fake::replies(&[]);
    let lines = vec!["line"; 200].join("\n");
    for (args, text, words) in [
        ("", &"x".repeat(257), "257"),
        // 500 bytes are the limit of a line, 510 of a command.
        ("", &"€".repeat(250), "bytes"),
        ("--max-length=9 --overflow=split", &lines, "parts"),
        ("--max-length=5 --overflow=split", &lines, "room"),
    ] {
        let output = send(&fake)
            .args(args.split_whitespace())
            .args(["1", text])
            .run();
        output.expect_complaint(65, "", words);
    }
    let long = "x".repeat(600);
    for (option, verb) in [
        ("--caller", "CALL"),
        ("--subject", "SUBJ"),
        ("--coverage", "COVE"),
    ] {
        let output = send(&fake).args([option, &long, "1", "hi"]).run();
        output.expect_complaint(65, "", verb);
    }
    send(&fake)
        .args([&long, "hi"])
        .run()
        .expect_complaint(65, "", "PAGE");
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_secret_that_cannot_be_said_is_refused_and_not_shown() {
    let dir = scratch("bad-secrets");
    let fake = Fake::replies(&[]);
    for secret in ["00 42\n", "hunter2\rQUIT\n", "hunter2\tx\n"] {
        let file = dir.file("secret", secret);
        for option in [&["--pin-file"][..], &["--login", "joe", "--password-file"]] {
            let output = send(&fake).args(option).arg(&file).args(["1", "hi"]).run();
            output.expect_status(65);
            assert!(!output.stderr.contains(&secret[..4]), "{output:?}");
        }
    }
    let login = send(&fake).args(["--login", "joe", "1", "hi"]);
    login.env("SNPP_PASSWORD", "a\nb").run().expect_status(65);
    assert_eq!(fake.connections(), 0);
}

/// Exit status, outcome, options, and the command that is refused with its reply.
const REFUSALS: &[(i32, &str, &str, &str, &str)] = &[
    (67, "refused", "", "PAGE", "550 Error, Invalid Pager ID"),
    (65, "refused", "", "PAGE", "552 Max Recipients Exceeded"),
    (75, "temporary", "", "PAGE", "554 Equipment failure"),
    (77, "refused", "", "PAGE", "530 Please login"),
    (69, "refused", "", "PAGE", "500 What?"),
    (65, "refused", "", "MESS", "550 ERROR, Invalid Message"),
    (69, "refused", "", "MESS", "500 What?"),
    (75, "temporary", "", "MESS", "554 Disk full"),
    (76, "refused", "", "MESS", "503 Already entered"),
    (65, "refused", "", "DATA", "550 No"),
    (75, "temporary", "", "DATA", "554 No"),
    (69, "refused", "--body=data", "DATA", "500 What?"),
    (65, "refused", "", ".", "550 ERROR, Invalid Message"),
    (75, "temporary", "", ".", "554 ERROR, Failed"),
    (69, "refused", "--hold=1h", "HOLD", "550 Invalid Date"),
    (69, "refused", "--hold=1h", "HOLD", "500 What?"),
    (69, "refused", "--coverage=2", "COVE", "550 Invalid Region"),
    (69, "refused", "--two-way", "2WAY", "500 What?"),
    (69, "refused", "--no-queue", "NOQU", "550 Can't"),
    (69, "refused", "--expire=12h", "EXPT", "550 Can't"),
    (75, "temporary", "--two-way", "PAGE", "750 NOT Online"),
    (69, "refused", "--level=0 --strict", "LEVE", "550 Invalid"),
    (69, "refused", "--alert=1 --strict", "ALER", "500 What?"),
    (69, "refused", "--caller=me --strict", "CALL", "500 What?"),
    (
        69,
        "refused",
        "--subject=it --strict",
        "SUBJ",
        "550 Invalid",
    ),
];

#[test]
fn each_refusal_has_its_status_and_nothing_is_sent() {
    for (status, outcome, options, verb, reply) in REFUSALS {
        let mut rules = vec![("2WAY", "250 ok")];
        rules.retain(|(polite, _)| polite != verb);
        rules.push((verb, reply));
        let fake = Fake::replies(&rules);
        let text = if ["DATA", "."].contains(verb) {
            "two\nlines"
        } else {
            "hi"
        };
        let output = send(&fake)
            .args(options.split_whitespace())
            .args(["--json", "5551212", text])
            .run();
        output.expect_status(*status);
        let line = only(&output);
        assert_eq!(line["outcome"], *outcome, "{verb} {reply}: {output:?}");
        assert_eq!(line["success"], false);
        assert_eq!(line["code"].to_string(), reply[..3], "{output:?}");
        let failed = if *verb == "." { "DATA" } else { verb };
        assert_eq!(line["error"], format!("{failed} command failed: {reply}"));
        assert!(output.stderr.contains(reply), "{output:?}");
        assert!(output.stderr.contains("5551212"), "{output:?}");
        assert!(!hears(&fake, "SEND"), "{verb}: {:?}", fake.heard());
    }
}

#[test]
fn what_the_server_itself_does_not_know_is_unknown() {
    for (reply, status, outcome) in [
        (
            "550 Outcome Unknown, May Have Been Delivered",
            79,
            "unknown",
        ),
        ("550 OUTCOME UNKNOWN", 79, "unknown"),
        ("550 Failed: outcome unknown pager", 69, "refused"),
        ("550 Failed, Message Refused", 69, "refused"),
    ] {
        let fake = Fake::replies(&[("SEND", reply)]);
        let next = Fake::replies(&[]);
        let output = send(&fake)
            .args(["-s", &next.addr(), "--retry", "1"])
            .args(["--retry-delay", "10ms", "--json", "1", "hi"])
            .run();
        output.expect_complaint(status, &output.stdout, reply);
        let line = only(&output);
        assert_eq!(
            (&line["outcome"], &line["code"]),
            (&outcome.into(), &550.into())
        );
        assert_eq!((fake.connections(), next.connections()), (1, 0));
    }
}

#[test]
fn who_greets_in_another_protocol_is_quoted() {
    for (greeting, closes) in [
        ("SSH-2.0-OpenSSH_9.6", false),
        ("SSH-2.0-OpenSSH_9.6", true),
        ("HTTP/1.0 400 Bad Request", true),
        ("* OK IMAP4rev1", false),
    ] {
        let fake = Fake::lockstep(move |client| {
            client.say(format!("{greeting}\r\n"));
            if !closes {
                client.hold(Duration::from_secs(10));
            }
        });
        let words = format!("only \"{greeting}\"");
        let output = send(&fake)
            .args(["--timeout", "300ms", "--json", "1", "hi"])
            .run();
        output.expect_complaint(76, &output.stdout, &words);
        assert_eq!(only(&output)["outcome"], "untried");
        assert_eq!(fake.raw(), [b""]);
    }
    for greeting in [SILENCE, HANG_UP] {
        let fake = Fake::replies(&[("greeting", greeting)]);
        send(&fake)
            .args(["--timeout", "300ms", "1", "hi"])
            .run()
            .expect_complaint(75, "", "no greeting");
    }
}

#[test]
fn each_refusal_of_send_has_its_status() {
    for (status, outcome, reply) in [
        (69, "refused", "550 Failed, Illegal Pager ID"),
        (75, "temporary", "554 Message Failed"),
        (76, "refused", "503 Error, Incomplete"),
        (75, "temporary", "421 SERVER DOWN, Goodbye"),
    ] {
        let fake = Fake::replies(&[("SEND", reply)]);
        let output = send(&fake).args(["--json", "5551212", "hi"]).run();
        output.expect_status(status);
        let line = only(&output);
        assert_eq!(line["outcome"], outcome, "{output:?}");
        assert_eq!(line["sendResponse"], reply);
    }
    for reply in [
        "250 OK, confirmation 77",
        "200",
        "218 fine",
        "860 1 2 Delivered",
        "880 x",
        "960 1 2 Queued",
    ] {
        let fake = Fake::replies(&[("SEND", reply)]);
        let output = send(&fake).args(["-v", "5551212", "hi"]).run();
        output.expect_status(0);
        let outcome = if reply.starts_with('9') {
            "queued"
        } else {
            "sent"
        };
        assert_eq!(output.stdout, format!("5551212 {outcome} {reply}\n"));
    }
}

#[test]
fn a_login_that_is_refused_stops_everything() {
    for (status, reply) in [
        (77, "550 Error, Invalid LoginID or Password"),
        (77, "500 What?"),
        (77, "421 Illegal Access Attempt"),
        (75, "421 Gateway Service Unavailable"),
    ] {
        let fake = Fake::replies(&[("LOGI", reply)]);
        let output = send(&fake)
            .args(["--login", "joe", "1,2", "hi"])
            .env("SNPP_PASSWORD", "pw")
            .run();
        output.expect_status(status);
        assert!(output.stderr.contains(reply), "{output:?}");
        assert!(!hears(&fake, "PAGE"), "{reply}: {:?}", fake.heard());
        assert_eq!(output.stdout.lines().count(), 2, "{output:?}");
    }
}

#[test]
fn without_a_password_the_login_goes_alone() {
    let fake = Fake::replies(&[]);
    send(&fake)
        .args(["--login", "joe", "1", "hi"])
        .run()
        .expect(0, "", "");
    assert_eq!(fake.heard()[0], "LOGI joe");
    let dir = scratch("password");
    let file = dir.file("password", "from file\n");
    // A blank would be another argument; so it is refused.
    send(&fake)
        .args(["--login", "joe", "1", "hi", "--password-file"])
        .arg(file)
        .env("SNPP_PASSWORD", "pw")
        .run()
        .expect_status(65);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_goodbye_at_any_moment_before_the_verdict_may_be_tried_again() {
    let text = "two\nlines";
    for (step, outcome) in [
        ("greeting", "untried"),
        ("LOGI", "untried"),
        ("CALL", "temporary"),
        ("LEVE", "temporary"),
        ("HOLD", "temporary"),
        ("PAGE", "temporary"),
        ("DATA", "temporary"),
        (".", "temporary"),
        ("SEND", "temporary"),
    ] {
        let mut rules = vec![("CALL", "250 ok"), ("LEVE", "250 ok"), ("HOLD", "250 ok")];
        rules.retain(|(verb, _)| *verb != step);
        rules.push((step, "421 SERVER DOWN, Goodbye"));
        let fake = Fake::replies(&rules);
        let output = send(&fake)
            .args([
                "--json", "--login", "joe", "--caller", "me", "--level", "0", "--hold", "1h",
            ])
            .args(["1", text])
            .env("SNPP_PASSWORD", "pw")
            .run();
        output.expect_status(75);
        let line = only(&output);
        assert_eq!(line["outcome"], outcome, "{step}: {output:?}");
        assert_eq!(line["code"], 421, "{step}: {output:?}");
        assert_eq!(hears(&fake, "SEND"), step == "SEND");
    }
}

#[test]
fn an_option_that_is_refused_is_a_warning() {
    let cases: [(&str, [&str; 2]); 4] = [
        ("LEVE", ["--level", "0"]),
        ("ALER", ["--alert", "0"]),
        ("CALL", ["--caller", "me"]),
        ("SUBJ", ["--subject", "it"]),
    ];
    for (verb, option) in cases {
        for reply in ["500 What?", "550 Error, Invalid"] {
            let fake = Fake::replies(&[(verb, reply)]);
            let output = send(&fake).args(option).args(["--json", "1", "hi"]).run();
            output.expect_status(0);
            let line = only(&output);
            assert_eq!(line["outcome"], "sent");
            assert_eq!(line["options_refused"], serde_json::json!([verb]));
            assert!(
                output.stderr.contains(verb) && output.stderr.contains(reply),
                "{output:?}"
            );
            assert!(hears(&fake, "SEND"));
        }
    }
}

#[test]
fn options_are_said_again_before_every_pager() {
    let polite = [
        ("LEVE", "250 ok"),
        ("ALER", "250 ok"),
        ("COVE", "250 ok"),
        ("CALL", "250 ok"),
        ("SUBJ", "250 ok"),
    ];
    let args = [
        "--level",
        "3",
        "--alert",
        "1",
        "--coverage",
        "N",
        "--caller",
        "me  you",
        "--subject",
        "it",
    ];
    let fake = Fake::replies(&polite);
    send(&fake)
        .args(args)
        .args(["1,2", "hi"])
        .run()
        .expect_status(0);
    let heard = fake.heard();
    for pager in ["PAGE 1", "PAGE 2"] {
        let at = heard.iter().position(|line| line == pager).unwrap();
        let begin = heard[..at]
            .iter()
            .rposition(|line| line == "SEND")
            .map_or(0, |at| at + 1);
        for option in ["LEVE 3", "ALER 1", "COVE N", "CALL me  you", "SUBJ it"] {
            assert!(
                heard[begin..at].iter().any(|line| line == option),
                "{option}: {heard:?}"
            );
        }
    }
    let fake = Fake::replies(&polite);
    send(&fake)
        .args(args)
        .args(["--one-send", "1,2", "hi"])
        .run()
        .expect_status(0);
    let heard = fake.heard();
    let first = heard.iter().position(|line| line == "PAGE 1").unwrap();
    assert_eq!(
        heard[first + 1..first + 5],
        ["LEVE 3", "ALER 1", "COVE N", "PAGE 2"]
    );
    assert_eq!(heard.iter().filter(|line| *line == "SEND").count(), 1);
}

#[test]
fn a_hold_is_sent_in_utc() {
    let fake = Fake::replies(&[("HOLD", "250 ok")]);
    let soon = SystemTime::now() + Duration::from_secs(86_400 * 30);
    let soon = jiff::Timestamp::try_from(soon).unwrap();
    let there = soon.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(-5)));
    let local = there.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    send(&fake)
        .args(["--hold", &local, "1", "hi"])
        .run()
        .expect(0, "", "");
    let wire = soon.strftime("HOLD %y%m%d%H%M%S +0000").to_string();
    assert_eq!(fake.heard()[..2], [wire, "PAGE 1".to_owned()]);
}

#[test]
fn a_text_of_several_lines_goes_as_data() {
    let fake = Fake::replies(&[]);
    send(&fake)
        .arg("1")
        .stdin(".\r\n..b\n\n.c\nQUIT\n...\n")
        .run()
        .expect(0, "", "");
    let raw = String::from_utf8(fake.raw().remove(0)).unwrap();
    assert_eq!(
        raw,
        "PAGE 1\r\nDATA\r\n..\r\n...b\r\n\r\n..c\r\nQUIT\r\n....\r\n.\r\nSEND\r\nQUIT\r\n"
    );
    // MESS has no end to be mistaken for.
    let fake = Fake::replies(&[]);
    send(&fake).args(["1", "."]).run().expect(0, "", "");
    assert_eq!(fake.heard()[1], "MESS .");
    let fake = Fake::replies(&[]);
    send(&fake)
        .args(["--body", "data", "1", "."])
        .run()
        .expect(0, "", "");
    assert_eq!(
        fake.raw()[0],
        b"PAGE 1\r\nDATA\r\n..\r\n.\r\nSEND\r\nQUIT\r\n"
    );
}

#[test]
fn where_data_is_unknown_the_text_goes_as_one_line() {
    let fake = Fake::replies(&[("DATA", "500 What?")]);
    send(&fake)
        .arg("1")
        .stdin("two\nlines\n")
        .run()
        .expect_complaint(0, "", "one line");
    assert_eq!(
        fake.heard(),
        ["PAGE 1", "DATA", "MESS two lines", "SEND", "QUIT"]
    );
    // Refused is not unknown: no second try with MESS.
    for (step, reply) in [
        ("DATA", "503 Already"),
        (".", "550 Invalid"),
        (".", "500 What?"),
    ] {
        let fake = Fake::replies(&[(step, reply)]);
        let output = send(&fake).arg("1").stdin("two\nlines\n").run();
        assert_ne!(output.status, 0, "{output:?}");
        assert!(
            !hears(&fake, "MESS") && !hears(&fake, "SEND"),
            "{:?}",
            fake.heard()
        );
    }
}

#[test]
fn after_a_failure_comes_rese_and_the_login_again() {
    for (rules, failed) in [
        (
            [("MESS", "550 No"), ("MESS", "250 ok")],
            vec!["PAGE 1", "MESS hi"],
        ),
        (
            [("SEND", "550 No"), ("SEND", "250 ok")],
            vec!["PAGE 1", "MESS hi", "SEND"],
        ),
        ([("PAGE 1", "550 No"), ("PAGE 2", "250 ok")], vec!["PAGE 1"]),
    ] {
        let fake = Fake::replies(&rules);
        let output = send(&fake)
            .args(["--login", "joe", "1,2", "hi"])
            .env("SNPP_PASSWORD", "pw")
            .run();
        assert_ne!(output.status, 0, "{output:?}");
        let mut expected = vec!["LOGI joe pw"];
        expected.extend(failed);
        expected.extend(["RESE", "LOGI joe pw", "PAGE 2", "MESS hi", "SEND", "QUIT"]);
        assert_eq!(fake.heard(), expected);
    }
    // HylaFAX answers RESE with its banner.
    let fake = Fake::replies(&[("PAGE 1", "550 No"), ("RESE", "220 ready")]);
    send(&fake).args(["1,2", "hi"]).run().expect_status(67);
    assert!(hears(&fake, "SEND"));
}

#[test]
fn the_next_server_is_tried_where_nothing_went_out() {
    for rules in [
        &[("greeting", "421 Goodbye")][..],
        &[("greeting", "554 No")],
        &[("PAGE", "554 No")],
        &[("SEND", "554 No")],
        &[("MESS", HANG_UP)],
        &[("PAGE", "421 Goodbye")],
    ] {
        let first = Fake::replies(rules);
        let second = Fake::replies(&[]);
        let output = send(&first)
            .args(["-s", &second.addr(), "--json", "1", "hi"])
            .run();
        output.expect_complaint(0, &output.stdout, "trying the next server");
        let line = only(&output);
        assert_eq!(line["port"], second.port());
        assert_eq!(line["attempts"], 2);
        assert_eq!(line["duplicate_possible"], false);
        assert_eq!(second.heard(), ["PAGE 1", "MESS hi", "SEND", "QUIT"]);
    }
    let fake = Fake::replies(&[]);
    applet("snpp-send")
        .args(["-s", &closed(), "-s", &fake.addr(), "1", "hi"])
        .run()
        .expect_complaint(0, "", "trying the next server");
}

#[test]
fn no_other_server_is_tried_where_it_is_refused_or_may_be_out() {
    for (status, rules) in [
        (79, [("SEND", HANG_UP)]),
        (67, [("PAGE", "550 No")]),
        (69, [("SEND", "550 No")]),
        (79, [("QUIT", "550 What?")]),
    ] {
        let first = Fake::replies(&rules);
        let second = Fake::replies(&[]);
        let output =
            send(&first).args(["-s", &second.addr(), "--retry", "2", "--retry-delay", "1ms"]);
        output.args(["1", "hi"]).run().expect_status(status);
        assert_eq!(
            (first.connections(), second.connections()),
            (1, 0),
            "{rules:?}"
        );
    }
    let second = dead();
    applet("snpp-send")
        .args(["-s", &closed(), "-s", &second.addr(), "1", "hi"])
        .run()
        .expect_complaint(75, "", "421");
}

#[test]
fn what_is_temporary_is_tried_again_as_often_as_asked() {
    let retry = ["--retry", "2", "--retry-delay", "1ms", "--json"];
    let fake = Fake::replies(&[("PAGE", "554 No"), ("PAGE", "554 No"), ("PAGE", "250 ok")]);
    let output = send(&fake).args(retry).args(["1", "hi"]).run();
    output.expect_status(0);
    let line = only(&output);
    assert_eq!(line["attempts"], 3);
    assert_eq!(line["duplicate_possible"], false);
    assert_eq!(
        fake.heard(),
        [
            "PAGE 1", "RESE", "PAGE 1", "RESE", "PAGE 1", "MESS hi", "SEND", "QUIT"
        ]
    );

    let fake = Fake::replies(&[("PAGE", "554 No")]);
    let output = send(&fake).args(retry).args(["1", "hi"]).run();
    output.expect_status(75);
    assert_eq!(only(&output)["attempts"], 3);
    assert_eq!(
        fake.heard().iter().filter(|line| *line == "PAGE 1").count(),
        3
    );

    let fake = Fake::replies(&[("greeting", "421 Later"), ("greeting", "220 Hello")]);
    let output = send(&fake).args(retry).args(["1", "hi"]).run();
    output.expect_status(0);
    assert_eq!(fake.connections(), 2);

    // No time for a second try.
    let fake = Fake::replies(&[("PAGE", "554 No")]);
    send(&fake)
        .args([
            "--retry",
            "5",
            "--retry-delay",
            "1h",
            "--retry-max-time",
            "1s",
            "1",
            "hi",
        ])
        .run()
        .expect_status(75);
    assert_eq!(
        fake.heard().iter().filter(|line| *line == "PAGE 1").count(),
        1
    );
}

#[test]
fn only_who_asks_for_it_gets_what_may_be_out_sent_again() {
    let rules = [("SEND", HANG_UP), ("SEND", "250 ok")];
    let retry = ["--retry", "1", "--retry-delay", "1ms", "--json"];
    let fake = Fake::replies(&rules);
    let output = send(&fake).args(retry).args(["1", "hi"]).run();
    output.expect_status(79);
    let line = only(&output);
    assert_eq!(line["outcome"], "unknown");
    assert_eq!(line["success"], false);
    assert_eq!(fake.connections(), 1);

    let fake = Fake::replies(&rules);
    let output = send(&fake)
        .args(retry)
        .args(["--retry-unknown", "1", "hi"])
        .run();
    output.expect_status(0);
    let line = only(&output);
    assert_eq!(line["outcome"], "sent");
    assert_eq!(line["duplicate_possible"], true);
    assert_eq!(output.stderr.matches("it may arrive twice").count(), 1);
    assert_eq!(fake.connections(), 2);
}

#[test]
fn what_may_be_out_stays_unknown_when_the_second_try_is_refused() {
    let fake = Fake::replies(&[("SEND", HANG_UP), ("SEND", "554 No")]);
    let output = send(&fake)
        .args([
            "--retry",
            "1",
            "--retry-delay",
            "1ms",
            "--retry-unknown",
            "--json",
            "1",
            "hi",
        ])
        .run();
    output.expect_status(79);
    let line = only(&output);
    assert_eq!(line["outcome"], "unknown", "{output:?}");
    let why = "554 No; an earlier try may have been accepted (pager 1)";
    assert!(output.stderr.contains(why), "{output:?}");
}

const LONG: &str = "alpha beta gamma delta epsilon zeta";
const SPLIT: [&str; 4] = ["--max-length", "20", "--overflow", "split"];

#[test]
fn a_long_message_goes_in_marked_parts() {
    let fake = Fake::replies(&[]);
    let output = send(&fake).args(SPLIT).args(["--json", "1", LONG]).run();
    output.expect_status(0);
    assert_eq!(only(&output)["parts"], "3/3");
    let heard = fake.heard();
    let texts: Vec<&String> = heard
        .iter()
        .filter(|line| line.starts_with("MESS"))
        .collect();
    assert_eq!(
        texts,
        [
            "MESS (1/3) alpha beta",
            "MESS (2/3) gamma delta",
            "MESS (3/3) epsilon zeta"
        ]
    );
    assert_eq!(fake.connections(), 1);
}

#[test]
fn parts_stop_at_the_first_failure() {
    let cases: &[(Rules<'_>, i32, &str, &str, usize)] = &[
        (
            &[("SEND", "250 ok"), ("SEND", "554 No")],
            79,
            "unknown",
            "1/3",
            2,
        ),
        (
            &[("SEND", "250 ok"), ("SEND", "250 ok"), ("SEND", "421 Bye")],
            79,
            "unknown",
            "2/3",
            3,
        ),
        (
            &[("PAGE", "250 ok"), ("PAGE", "554 No")],
            79,
            "unknown",
            "1/3",
            1,
        ),
        (
            &[("SEND", "250 ok"), ("SEND", HANG_UP)],
            79,
            "unknown",
            "1/3",
            2,
        ),
        (
            &[("SEND", "250 ok"), ("SEND", "550 No")],
            69,
            "refused",
            "1/3",
            2,
        ),
        (&[("SEND", "554 No")], 75, "temporary", "0/3", 1),
        (&[("PAGE", "550 No")], 67, "refused", "0/3", 0),
    ];
    for (rules, status, outcome, parts, sends) in cases {
        let fake = Fake::replies(rules);
        let output = send(&fake).args(SPLIT).args(["--json", "1", LONG]).run();
        output.expect_status(*status);
        let line = only(&output);
        assert_eq!(line["outcome"], *outcome, "{rules:?}");
        assert_eq!(line["parts"], *parts, "{rules:?}");
        let heard = fake.heard();
        assert_eq!(
            heard.iter().filter(|line| *line == "SEND").count(),
            *sends,
            "{heard:?}"
        );
    }
}

#[test]
fn bytes_count_too_where_a_line_has_too_many() {
    let texts = [
        "Ж".repeat(300),
        "Жука 🐛 ".repeat(50),
        // Short enough in characters.
        "🐛".repeat(200),
        format!("{}\n{}", "Ж".repeat(30), "Ж".repeat(260)),
    ];
    let limits = [&[][..], &["--max-length", "400"], &["--body", "data"]];
    for (text, limit) in texts.iter().zip(limits.iter().cycle()) {
        let fake = Fake::replies(&[]);
        send(&fake)
            .args(*limit)
            .args(["--overflow", "split", "1", text])
            .run()
            .expect(0, "", "");
        let mut said = String::new();
        for line in fake.heard() {
            assert!(line.len() <= 505, "{}: {line}", line.len());
            assert!(line.chars().count() <= 400, "{line}");
            let text = line.strip_prefix("MESS ").unwrap_or(&line);
            said.push_str(text.strip_prefix('(').map_or(text, |text| &text[4..]));
        }
        let letters = |text: &str| text.chars().filter(|c| !c.is_ascii()).collect::<String>();
        assert_eq!(letters(&said), letters(text));
        let fake = Fake::replies(&[]);
        let output = send(&fake)
            .args(*limit)
            .args(["--overflow", "truncate", "1", text])
            .run();
        let heard = fake.heard().concat();
        let kept = letters(&heard);
        assert!(letters(text).starts_with(&kept), "{heard}");
        assert!((400..520).contains(&kept.len()), "{}", kept.len());
        output.expect_complaint(0, "", "the message was cut to ");
        // Nobody asked for it.
        let output = send(&fake).args(["--max-length", "400", "1", text]).run();
        output.expect_complaint(65, "", "DATA would be a line of ");
    }
    let fake = Fake::replies(&[]);
    let row = format!("pager,message\n1,{}\n", "Ж".repeat(300));
    send(&fake)
        .args(["--overflow", "split", "--csv", "-"])
        .stdin(row)
        .run()
        .expect_status(0);
    assert_eq!(
        fake.heard().iter().filter(|line| *line == "SEND").count(),
        2
    );
    send(&fake)
        .args(["--overflow=split", "--max-parts=2", "--max-length=400"])
        .args(["1", &"🐛".repeat(300)])
        .run()
        .expect_complaint(65, "", "does not fit into 2 parts of 499 bytes");
}

#[test]
fn a_message_is_cut_only_on_request_and_with_a_warning() {
    let fake = Fake::replies(&[]);
    send(&fake)
        .args([
            "--max-length",
            "10",
            "--overflow",
            "truncate",
            "1",
            "1234567890äöü",
        ])
        .run()
        .expect_complaint(0, "", "cut to 10");
    assert_eq!(fake.heard()[1], "MESS 1234567890");
    let fake = Fake::replies(&[]);
    send(&fake)
        .args(["1", &"ä".repeat(250)])
        .run()
        .expect(0, "", "");
    assert_eq!(fake.heard()[1], format!("MESS {}", "ä".repeat(250)));
}

#[test]
fn ascii_is_transliterated_before_it_is_measured() {
    let fake = Fake::replies(&[]);
    send(&fake)
        .args(["--charset", "ascii", "1", "Grüße 5€"])
        .run()
        .expect(0, "", "");
    assert_eq!(fake.heard()[1], "MESS Grusse 5EUR");
    send(&fake)
        .args(["--charset", "ascii", "--max-length", "4", "1", "5€"])
        .run()
        .expect(0, "", "");
    send(&fake)
        .args(["--charset", "ascii", "--max-length", "3", "1", "5€"])
        .run()
        .expect_complaint(65, "", "4 characters");
}

#[test]
fn one_send_gives_all_pagers_one_fate() {
    let fake = Fake::replies(&[]);
    send(&fake).args(["--one-send", "1,2", "hi"]).run().expect(
        0,
        "1 sent 250 Message sent\n2 sent 250 Message sent\n",
        "",
    );
    assert_eq!(
        fake.heard(),
        ["PAGE 1", "PAGE 2", "MESS hi", "SEND", "QUIT"]
    );

    let fake = Fake::replies(&[("PAGE 1", "550 No")]);
    send(&fake)
        .args(["--one-send", "1,2", "hi"])
        .run()
        .expect_complaint(67, "1 refused 550 No\n2 sent 250 Message sent\n", "pager 1");
    assert_eq!(
        fake.heard(),
        ["PAGE 1", "PAGE 2", "MESS hi", "SEND", "QUIT"]
    );

    let fake = Fake::replies(&[("PAGE 3", "552 Max Recipients Exceeded")]);
    let output = send(&fake).args(["--one-send", "1,2,3", "hi"]).run();
    output.expect_status(65);
    assert!(hears(&fake, "SEND"));

    // Nobody can know which of them a refused SEND has reached.
    for (reply, retry) in [
        ("554 No", "0"),
        ("554 No", "3"),
        ("550 No", "3"),
        (HANG_UP, "3"),
    ] {
        let fake = Fake::replies(&[("SEND", reply)]);
        let output = send(&fake)
            .args([
                "--retry",
                retry,
                "--retry-delay",
                "1ms",
                "--one-send",
                "--json",
                "1,2",
                "hi",
            ])
            .run();
        output.expect_status(79);
        for line in json(&output) {
            assert_eq!(line["outcome"], "unknown", "{output:?}");
        }
        assert_eq!(
            fake.heard().iter().filter(|line| *line == "SEND").count(),
            1
        );
    }

    // All refused: nothing to send.
    let fake = Fake::replies(&[("PAGE", "550 No")]);
    send(&fake)
        .args(["--one-send", "1,2", "hi"])
        .run()
        .expect_status(67);
    assert!(!hears(&fake, "SEND"));
}

#[test]
fn one_send_is_tried_again_only_for_those_who_got_nothing() {
    let fake = Fake::replies(&[
        ("PAGE 2", "554 Later"),
        ("PAGE 2", "250 ok"),
        ("PAGE 3", "550 No"),
    ]);
    let output = send(&fake)
        .args([
            "--retry=1",
            "--retry-delay=1ms",
            "--one-send",
            "1,2,3",
            "hi",
        ])
        .run();
    output.expect_complaint(
        67,
        "1 sent 250 Message sent\n2 sent 250 Message sent\n3 refused 550 No\n",
        "pager 3",
    );
    let heard = fake.heard();
    let again = heard.iter().position(|line| line == "SEND").unwrap() + 1;
    let mut again: Vec<&str> = heard[again..].iter().map(String::as_str).collect();
    again.retain(|line| *line != "RESE");
    assert_eq!(again, ["PAGE 2", "MESS hi", "SEND", "QUIT"]);
}

#[test]
fn a_server_that_closes_behind_its_verdict_has_sent_the_page() {
    for last in ["250 Message sent\r\n", "860 1 2 Delivered\r\n"] {
        let fake = Fake::lockstep(move |client| {
            client.say("220 ready\r\n");
            while let Some(line) = client.hear() {
                if line == "SEND" {
                    return client.say(last);
                }
                client.say("250 ok\r\n");
            }
        });
        send(&fake).args(["1", "hi"]).run().expect(0, "", "");
    }
}

#[test]
fn the_status_of_many_follows_the_precedence() {
    let cases: &[(Rules<'_>, i32)] = &[
        (&[("PAGE 2", "550 No")], 67),
        (&[("PAGE 2", "554 No")], 79),
        (&[("PAGE", "554 No")], 75),
        (&[("PAGE 1", "554 No"), ("PAGE 2", "550 No")], 67),
        (&[("PAGE 1", "550 No"), ("SEND", HANG_UP)], 79),
        (&[("PAGE 1", "550 No"), ("SEND", "550 No")], 69),
        (&[("PAGE 1", "550 No"), ("SEND", "503 No")], 76),
        (&[("PAGE 1", "552 No"), ("PAGE 2", "550 No")], 67),
        (&[("SEND", "250 ok"), ("SEND", HANG_UP)], 79),
    ];
    for (rules, status) in cases {
        let fake = Fake::replies(rules);
        let output = send(&fake).args(["1,2", "hi"]).run();
        assert_eq!(output.status, *status, "{rules:?}: {output:?}");
        assert_eq!(output.stdout.lines().count(), 2, "{output:?}");
    }
}

#[test]
fn after_a_lost_connection_the_next_pager_gets_a_new_one() {
    let fake = Fake::replies(&[("SEND", HANG_UP), ("SEND", "250 ok")]);
    let output = send(&fake).args(["1,2", "hi"]).run();
    output.expect_status(79);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines[0].starts_with("1 unknown "), "{lines:?}");
    assert_eq!(lines[1], "2 sent 250 ok");
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_connection_that_ends_between_two_pages_costs_neither() {
    let last = "421 Timeout, Goodbye";
    for (at, reply) in [
        ("PAGE 2", HANG_UP),
        ("PAGE 2", RESET),
        ("PAGE 2", last),
        ("MESS", HANG_UP),
        ("MESS", last),
    ] {
        // The second page on the first connection is where it ends.
        let fake = Fake::lockstep(move |client| {
            client.say("220 ready\r\n");
            let mut is_second = false;
            while let Some(line) = client.hear() {
                is_second |= line == "PAGE 2";
                match reply {
                    _ if client.number > 0 || !is_second || !line.starts_with(at) => {
                        client.say(polite(&line));
                    }
                    HANG_UP => return,
                    RESET => return client.reset(),
                    goodbye => return client.say(format!("{goodbye}\r\n")),
                }
            }
        });
        send(&fake).args(["1,2,3", "hi"]).run().expect(
            0,
            "1 sent 250 ok\n2 sent 250 ok\n3 sent 250 ok\n",
            "",
        );
        let sent = fake.heard().iter().filter(|line| *line == "SEND").count();
        assert_eq!((sent, fake.connections()), (3, 2), "{at}: {reply:?}");
    }
    // Once, and never after SEND.
    for (rules, outcome, connections) in [
        (&[("PAGE 2", HANG_UP)][..], "temporary", 2),
        (&[("SEND", "250 ok"), ("SEND", HANG_UP)], "unknown", 1),
        (&[("SEND", "250 ok"), ("SEND", last)], "temporary", 1),
        (&[("PAGE 2", SILENCE)], "temporary", 1),
        (&[("PAGE 2", "354 Go on")], "temporary", 1),
    ] {
        let fake = Fake::replies(rules);
        let output = send(&fake).args(["--timeout", "500ms", "1,2", "hi"]).run();
        let line = output.stdout.lines().nth(1).unwrap();
        assert!(line.starts_with(&format!("2 {outcome} ")), "{output:?}");
        assert_eq!(fake.connections(), connections, "{rules:?}");
    }
}

#[test]
fn an_envelope_comes_from_the_environment() {
    let dir = scratch("envelope");
    let pin = dir.file("pin", "0042\n");
    let fake = Fake::replies(&[
        ("LEVE", "250 ok"),
        ("ALER", "250 ok"),
        ("COVE", "250 ok"),
        ("HOLD", "250 ok"),
        ("CALL", "250 ok"),
        ("SUBJ", "250 ok"),
    ]);
    let hold = jiff::Timestamp::try_from(SystemTime::now() + Duration::from_secs(86_400)).unwrap();
    let sh = |script: &str| {
        Cmd::new("sh")
            .args(["-c", script])
            .env("SERVER", fake.addr())
            .env("PIN", &pin)
            .env("PAGEBOX_PAGER", "5551212")
            .stdin("two\nlines\n")
    };
    let envelope = "exec snpp-send -s \"$SERVER\" --envelope";
    sh(&format!("{envelope} 3<\"$PIN\""))
        .env("PAGEBOX_LEVEL", "0")
        .env("PAGEBOX_ALERT", "1")
        .env("PAGEBOX_COVERAGE", "N")
        .env(
            "PAGEBOX_HOLD",
            hold.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
        .env("PAGEBOX_CALLER", "$(reboot)  ; joe")
        .env("PAGEBOX_SUBJECT", "--help")
        .run()
        .expect(0, "", "");
    let heard = fake.heard();
    for line in [
        "PAGE 5551212 0042",
        "LEVE 0",
        "ALER 1",
        "COVE N",
        "CALL $(reboot)  ; joe",
        "SUBJ --help",
        "two",
        "lines",
        &hold.strftime("HOLD %y%m%d%H%M%S +0000").to_string(),
    ] {
        assert!(heard.iter().any(|heard| heard == line), "{line}: {heard:?}");
    }
    sh(&format!("{envelope} 3<&-")).run().expect(0, "", "");
    assert!(fake.heard().contains(&"PAGE 5551212".to_owned()));
    let connections = fake.connections();
    for (name, value) in [
        ("PAGEBOX_PAGER", "1\r\nPAGE 2"),
        ("PAGEBOX_PAGER", "1 2"),
        ("PAGEBOX_PAGER", ""),
        ("PAGEBOX_CALLER", "a\nb"),
        ("PAGEBOX_SUBJECT", "a\rb"),
        ("PAGEBOX_COVERAGE", "a\nb"),
        ("PAGEBOX_LEVEL", "12"),
        ("PAGEBOX_ALERT", "yes"),
        ("PAGEBOX_HOLD", "soon\n"),
    ] {
        sh(&format!("{envelope} 3<&-"))
            .env(name, value)
            .run()
            .expect_complaint(65, "", name);
    }
    sh(&format!("{envelope} 3<&-"))
        .env_remove("PAGEBOX_PAGER")
        .run()
        .expect_complaint(64, "", "PAGEBOX_PAGER");
    assert_eq!(fake.connections(), connections);
}

const TWO_WAY: [(&str, &str); 6] = [
    ("2WAY", "250 ok"),
    ("PAGE", "850 Unit online"),
    ("ACKR", "250 ok"),
    ("RTYP", "250 ok"),
    ("MCRE", "250 ok"),
    ("KTAG", "250 Tag Killed"),
];

fn two_way(more: Rules<'_>) -> Fake {
    Fake::replies(&[&TWO_WAY[..], more].concat())
}

#[test]
fn a_two_way_page_prints_tag_and_pass_as_they_are() {
    let fake = two_way(&[
        ("NOQU", "250 ok"),
        ("EXPT", "250 ok"),
        ("SEND", "860 00321 0234 Message Delivered"),
    ]);
    let all = [
        "--no-queue",
        "--expire",
        "12h",
        "--ack",
        "--choice",
        "1E2C=Yes please",
        "--choice",
        "0002=No",
        "1",
        "hi",
    ];
    send(&fake).args(all).run().expect(0, "00321/0234\n", "");
    assert_eq!(
        fake.heard(),
        [
            "2WAY",
            "NOQU",
            "EXPT 12",
            "ACKR 1",
            "RTYP MULTICHOICE",
            "MCRE 1E2C Yes please",
            "MCRE 0002 No",
            "PAGE 1",
            "MESS hi",
            "SEND",
            "QUIT",
        ]
    );
    let output = send(&fake).args(["--json", "--two-way", "1", "hi"]).run();
    let line = only(output.expect_status(0));
    assert_eq!(
        (&line["tag"], &line["pass"]),
        (&"00321".into(), &"0234".into())
    );
    let fake = two_way(&[
        ("PAGE", "950 Queued"),
        ("SEND", "960 777 4242 OK, Message QUEUED"),
    ]);
    let output = send(&fake).args(["--json", "--two-way", "1", "hi"]).run();
    assert_eq!(only(output.expect_status(0))["outcome"], "queued");
}

#[test]
fn waiting_for_a_reply_ends_with_the_final_status() {
    let choice: &[&str] = &["--choice", "1E2C=Yes please"];
    let text: &[&str] = &["--reply", "text"];
    let cases: &[(&str, &[&str], i32, &str)] = &[
        (
            "888 3 950925151212+7 1E2C MCR Reply Received",
            choice,
            0,
            "Yes please",
        ),
        (
            "889 3 950925151212+7 In the West Pasture",
            text,
            0,
            "In the West Pasture",
        ),
        ("889 In the west pasture", text, 0, "In the west pasture\n"),
        ("889 3 cows", text, 0, "3 cows\n"),
        ("888 1E2C", choice, 0, "1E2C Yes please\n"),
        ("881 2 950925151212+7 Delivered and Read", &["--ack"], 0, ""),
        ("882 2 950925151212+7 Deleted unread", &["--ack"], 0, ""),
        ("881 2 950925151212+7 Delivered and Read", text, 1, ""),
        ("780 2 950926023501+7 MESSAGE EXPIRED", text, 69, ""),
        ("760 2 950926023501+7 MESSAGE EXPIRED", text, 69, ""),
        ("861 2 950925150000+7 Awaiting Reply", text, 1, ""),
        ("960 1 950925143501+7 Queued", text, 1, ""),
        // Not known yet, for all we know.
        ("550 Unknown or Illegal Message_Tag", text, 1, ""),
    ];
    for (reply, args, status, words) in cases {
        let fake = two_way(&[("SEND", "960 00321 0234 Queued"), ("MSTA", reply)]);
        let output = send(&fake)
            .args(["--wait-reply", "50ms"])
            .args(*args)
            .args(["1", "hi"])
            .run();
        assert_eq!(output.status, *status, "{reply}: {output:?}");
        assert!(output.stdout.contains(words), "{reply}: {output:?}");
        assert!(
            fake.heard().contains(&"MSTA 00321 0234".to_owned()),
            "{:?}",
            fake.heard()
        );
    }
}

#[test]
fn a_status_that_is_none_is_told() {
    let fake = two_way(&[("SEND", "960 00321 0234 Queued"), ("MSTA", "500 What?")]);
    send(&fake)
        .args(["--wait-reply", "50ms", "--reply", "text", "1", "hi"])
        .run()
        .expect_complaint(1, "", "MSTA was answered 500 What? (pager 1)");
}

#[test]
fn pass_codes_are_masked_when_they_are_asked_with() {
    let fake = two_way(&[("MSTA", "880 1 950925143501+7 Delivered")]);
    for option in ["--status", "--forget"] {
        let output = send(&fake).args(["-v", option, "00321/98765"]).run();
        output.expect_status(0);
        assert!(output.stderr.contains("00321 ****"), "{output:?}");
        assert!(!output.stderr.contains("98765"), "{output:?}");
    }
}

#[test]
fn tags_of_earlier_pages_are_asked_about_and_forgotten() {
    let fake = two_way(&[
        ("MSTA 00321", "888 3 950925151212+7 1E2C MCR Reply Received"),
        (
            "MSTA 00322",
            "550 Unknown or Illegal Message_Tag or Pass_Code",
        ),
        (
            "KTAG 00322",
            "550 Unknown or Illegal Message_Tag or Pass_Code",
        ),
    ]);
    let output = send(&fake).args(["--status", "00321/0234"]).run();
    output.expect_status(0);
    assert!(output.stdout.contains("1E2C"), "{output:?}");
    let output = send(&fake)
        .args(["--status", "-"])
        .stdin("00321/0234\n00322/1\n")
        .run();
    output.expect_status(69);
    assert!(output.stdout.contains("00321"), "{output:?}");
    assert!(output.stderr.contains("00322"), "{output:?}");
    send(&fake)
        .args(["--forget", "00321/0234"])
        .run()
        .expect_status(0);
    send(&fake)
        .args(["--forget", "-"])
        .stdin("00321/0234\n00322/1\n")
        .run()
        .expect_status(69);
    let heard = fake.heard();
    let count = |line: &str| heard.iter().filter(|heard| *heard == line).count();
    assert_eq!(
        (
            count("MSTA 00321 0234"),
            count("KTAG 00321 0234"),
            count("MSTA 00322 1")
        ),
        (2, 2, 1)
    );
    assert!(!hears(&fake, "PAGE"));
    for bad in ["00321", "/", "a b/c", "1/2\rQUIT"] {
        assert_ne!(
            send(&fake).args(["--status", bad]).run().status,
            0,
            "{bad:?}"
        );
        send(&fake)
            .args(["--status", "-"])
            .stdin(bad)
            .run()
            .expect_status(65);
    }
    assert_eq!(fake.connections(), 4);
}

#[test]
fn quit_confirms_that_a_page_is_sent() {
    let cases = [
        ("221 OK, Goodbye", 0),
        ("250 Goodbye", 0),
        (HANG_UP, 0),
        (SILENCE, 0),
        ("550 What?", 79),
        ("500 What?", 79),
        ("354 Go on", 79),
        ("421 Timeout, Goodbye", 79),
    ];
    for (reply, status) in cases {
        let fake = Fake::replies(&[("QUIT", reply)]);
        let output = send(&fake)
            .args(["--timeout", "300ms", "--json", "1", "hi"])
            .run();
        output.expect_status(status);
        let outcome = if status == 0 { "sent" } else { "unknown" };
        let line = only(&output);
        assert_eq!(line["outcome"], outcome, "{reply}");
        assert_eq!(line["success"], status == 0);
        assert!(output.took < Duration::from_secs(3), "{output:?}");
    }
}

#[test]
fn a_line_lost_after_send_leaves_the_page_unknown() {
    for reply in [
        HANG_UP,
        RESET,
        SILENCE,
        "354 Go on",
        "150 What?",
        "600 What?",
    ] {
        let fake = Fake::replies(&[("SEND", reply)]);
        let output = send(&fake)
            .args(["--verdict-timeout", "200ms", "--json", "1", "hi"])
            .run();
        output.expect_status(79);
        assert_eq!(only(&output)["outcome"], "unknown", "{reply}");
        assert!(
            output.stderr.contains("may have been accepted"),
            "{output:?}"
        );
    }
}

#[test]
fn a_full_disk_changes_nothing_in_the_fate_of_a_page() {
    for args in [
        &["1,2", "hi"][..],
        &["--json", "1", "hi"],
        &["-v", "1", "hi"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let fake = Fake::replies(&[]);
        send(&fake)
            .args(args)
            .stdout_to(full)
            .run()
            .expect_complaint(0, "", "standard output");
        assert!(hears(&fake, "SEND"));
    }
    // A reader that has gone needs no warning.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let fake = Fake::replies(&[]);
    send(&fake)
        .args(["1,2", "hi"])
        .stdout_to(writer)
        .run()
        .expect_status(0);
}

#[test]
fn an_interrupt_before_send_keeps_the_page_in() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let fake = Fake::replies(&[("PAGE", SILENCE)]);
        let mut running = send(&fake).args(["--json", "1,2", "hi"]).spawn();
        fake.wait_for("PAGE 1");
        running.signal(signal);
        let output = running.wait();
        output.expect_status(status);
        let lines = json(&output);
        assert_eq!(lines.len(), 2, "{output:?}");
        for line in lines {
            let outcome = line["outcome"].as_str().unwrap();
            assert!(matches!(outcome, "untried" | "temporary"), "{output:?}");
        }
        assert!(
            !hears(&fake, "SEND") && !hears(&fake, "PAGE 2"),
            "{:?}",
            fake.heard()
        );
        assert_eq!(fake.connections(), 1);
        assert!(output.took < Duration::from_secs(6), "{output:?}");
    }
}

#[test]
fn an_interrupt_after_send_leaves_the_page_unknown() {
    let fake = Fake::replies(&[("SEND", SILENCE)]);
    let mut running = send(&fake).args(["--json", "1,2", "hi"]).spawn();
    fake.wait_for("SEND");
    running.signal(Signal::INT);
    let output = running.wait();
    output.expect_status(130);
    let lines = json(&output);
    assert_eq!(lines[0]["outcome"], "unknown", "{output:?}");
    assert_eq!(lines[1]["outcome"], "untried", "{output:?}");
    assert!(output.stderr.contains("(pager 1)"), "{output:?}");
    assert!(!hears(&fake, "PAGE 2"));
}

#[test]
fn a_verdict_that_comes_soon_after_an_interrupt_counts() {
    for (reply, outcome) in [
        ("250 ok", "sent"),
        ("550 No", "refused"),
        ("421 Bye", "temporary"),
    ] {
        let (go, gone) = mpsc::channel::<()>();
        let gone = Mutex::new(gone);
        let fake = Fake::lockstep(move |client| {
            client.say("220 ready\r\n");
            while let Some(line) = client.hear() {
                if line == "SEND" {
                    let _ = gone.lock().unwrap().recv();
                    client.say(format!("{reply}\r\n"));
                } else {
                    client.say(polite(&line));
                }
            }
        });
        let mut running = send(&fake).args(["--json", "1,2", "hi"]).spawn();
        fake.wait_for("SEND");
        running.signal(Signal::INT);
        go.send(()).unwrap();
        let output = running.wait();
        output.expect_status(130);
        let lines = json(&output);
        assert_eq!(lines[0]["outcome"], outcome, "{output:?}");
        assert_eq!(lines[1]["outcome"], "untried", "{output:?}");
        assert!(!hears(&fake, "PAGE 2"));
    }
}

#[test]
fn nobody_who_interrupts_twice_waits_for_a_verdict() {
    let fake = Fake::replies(&[("SEND", SILENCE)]);
    let mut running = send(&fake).args(["-v", "--json", "1", "hi"]).spawn();
    fake.wait_for("SEND");
    let begun = Instant::now();
    running.signal(Signal::INT);
    // Only a signal that comes later than the first one was seen is the second.
    eventually("the end", || {
        running.signal(Signal::INT);
        running.has_ended()
    });
    assert!(begun.elapsed() < Duration::from_millis(1900));
    let output = running.wait();
    output.expect_status(130);
    assert_eq!(only(&output)["outcome"], "unknown", "{output:?}");
}

#[test]
fn an_interrupt_between_two_tries_ends_the_waiting() {
    let fake = Fake::replies(&[("PAGE", "554 No")]);
    let mut running = send(&fake)
        .args(["-v", "--retry", "3", "--retry-delay", "1h", "1", "hi"])
        .spawn();
    running.wait_for_stderr("next try");
    running.signal(Signal::INT);
    let output = running.wait();
    output.expect_status(130);
    assert!(output.took < Duration::from_secs(6), "{output:?}");
}

#[test]
fn a_tag_is_told_even_if_no_reply_came_in_time() {
    let fake = two_way(&[
        ("SEND", "960 00321 0234 Queued"),
        ("MSTA", "960 1 950925143501+7 Queued"),
    ]);
    let waits = |time: &str| send(&fake).args(["--wait-reply", time, "--reply=text", "1", "hi"]);
    let output = waits("50ms").run();
    output.expect_status(1);
    assert!(output.stderr.contains("00321/0234"), "{output:?}");
    let mut running = waits("1h").spawn();
    eventually("both SENDs", || {
        fake.heard_so_far()
            .iter()
            .filter(|line| *line == "SEND")
            .count()
            == 2
    });
    running.signal(Signal::INT);
    let output = running.wait();
    output.expect_status(130);
    assert!(output.stderr.contains("00321/0234"), "{output:?}");
}

#[test]
fn one_send_has_a_limit() {
    let fake = Fake::replies(&[]);
    let pagers: Vec<String> = (0..501).map(|id| id.to_string()).collect();
    let output = send(&fake)
        .args(["--one-send", &pagers.join(","), "hi"])
        .run();
    output.expect_complaint(64, "", "at most 500 pagers");
    assert_eq!(fake.connections(), 0);
}
