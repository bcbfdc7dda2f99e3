//! Servers that mean no good. Whatever they do, the program ends in time, in
//! bounded memory, and never calls a page `sent` that may not be.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::support::fake::{Conversation, HANG_UP, RESET, SILENCE, polite};
use crate::support::{Cmd, Fake, Output, applet};

/// What a page with everything says, step by step, and what it is worth when
/// the dialogue ends there.
const STEPS: [(&str, &str, i32); 8] = [
    ("greeting", "untried", 75),
    ("LOGI", "untried", 75),
    ("LEVE", "temporary", 75),
    ("PAGE", "temporary", 75),
    ("DATA", "temporary", 75),
    (".", "temporary", 75),
    ("SEND", "unknown", 79),
    ("QUIT", "sent", 0),
];

/// A page that goes through all the steps, impatiently.
fn page(fake: &Fake) -> Cmd {
    applet("snpp-send")
        .args([
            "-s",
            &fake.addr(),
            "--timeout",
            "300ms",
            "--verdict-timeout",
            "300ms",
        ])
        .args(["--login", "joe", "--level", "0", "1", "two\nlines"])
        .env("SNPP_PASSWORD", "pw")
        .limit(Duration::from_secs(8))
}

#[track_caller]
fn only(output: &Output) -> Value {
    assert_eq!(output.stdout.lines().count(), 1, "{output:?}");
    serde_json::from_str(&output.stdout).unwrap()
}

/// Ends so, within the time that the limits allow.
#[track_caller]
fn ends(what: &str, output: &Output, outcome: &str, status: i32) {
    let line = only(output);
    assert_eq!(line["outcome"], outcome, "{what}: {output:?}");
    assert_eq!(output.status, status, "{what}: {output:?}");
    assert!(output.took < Duration::from_secs(3), "{what}: {output:?}");
}

/// All cases at once: most of their time is waiting.
fn each<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    let check = &check;
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || check(case));
        }
    });
}

/// A polite server but for one step, where it does this instead of answering.
fn at(step: &'static str, act: impl Fn(&mut Conversation) + Send + Sync + 'static) -> Fake {
    Fake::lockstep(move |client| {
        if step == "greeting" {
            return act(client);
        }
        client.say("220 ready\r\n");
        while let Some(line) = client.hear() {
            if line.starts_with(step) {
                return act(client);
            }
            if line == "DATA" {
                client.say("354 go on\r\n");
                client.hear_until_dot();
                if step == "." {
                    return act(client);
                }
            }
            client.say(polite(&line));
        }
    })
}

#[test]
fn silence_a_close_and_a_reset_are_survived_at_every_step() {
    for fault in [SILENCE, HANG_UP, RESET] {
        each(STEPS, |(step, outcome, status)| {
            let rules = [("LEVE", "250 ok")]
                .into_iter()
                .filter(|(verb, _)| *verb != step);
            let rules: Vec<(&str, &str)> = rules.chain([(step, fault)]).collect();
            let fake = Fake::replies(&rules);
            let output = page(&fake).arg("--json").run();
            ends(&format!("{fault:?} at {step}"), &output, outcome, status);
            assert_eq!(fake.connections(), 1);
        });
    }
}

#[test]
fn bytes_that_trickle_move_no_deadline() {
    each(STEPS, |(step, outcome, status)| {
        let fake = at(step, |client| {
            client.say_slowly(
                "250 this is a reply that takes its time\r\n",
                Duration::from_millis(60),
            );
        });
        let output = page(&fake).arg("--json").run();
        ends(&format!("a trickle at {step}"), &output, outcome, status);
    });
    // Whole lines, too, as long as they are no reply.
    each(STEPS, |(step, outcome, status)| {
        let fake = at(step, |client| {
            for _ in 0..40 {
                client.say("214 wait\r\n");
                client.pause(Duration::from_millis(60));
            }
        });
        let output = page(&fake).arg("--json").run();
        ends(&format!("slow lines at {step}"), &output, outcome, status);
    });
}

/// 50 MB of this.
fn flood(what: &'static str) -> impl Fn(&mut Conversation) + Send + Sync + 'static {
    move |client| {
        let chunk = what.repeat(64 * 1024 / what.len());
        for _ in 0..800 {
            client.say(&chunk);
        }
    }
}

#[test]
fn what_has_no_end_is_ended_in_bounded_memory() {
    let floods = [
        ("a line", "x"),
        ("a reply", "250 x"),
        ("information", "214 help yourself\r\n"),
        ("continuation", "250-more\r\n"),
        ("continuation in LF", "220-more\n"),
        ("unnumbered lines", "hello\r\n"),
        ("empty lines", "\r\n"),
        ("NULs", "\0\0\0\0"),
        ("line feeds", "\n"),
    ];
    each(floods, |(name, what)| {
        for (step, outcome) in [
            ("greeting", "untried"),
            ("LOGI", "untried"),
            ("PAGE", "temporary"),
            (".", "temporary"),
            ("SEND", "unknown"),
        ] {
            let fake = at(step, flood(what));
            // In KiB, of which the program itself is half: were the flood kept, this would be far too
            // little.
            let output = Cmd::new("sh")
                .args(["-c", "ulimit -v 32000; exec snpp-send \"$@\"", "sh"])
                .args([
                    "-s",
                    &fake.addr(),
                    "--login",
                    "joe",
                    "--level",
                    "0",
                    "--json",
                ])
                .args(["1", "two\nlines"])
                .env("SNPP_PASSWORD", "pw")
                .limit(Duration::from_secs(8))
                .run();
            let status = if outcome == "unknown" { 79 } else { 76 };
            ends(
                &format!("endless {name} at {step}"),
                &output,
                outcome,
                status,
            );
        }
    });
}

#[test]
fn a_flood_of_replies_never_makes_a_page_sent() {
    for step in ["greeting", "PAGE", "DATA", "SEND", "QUIT"] {
        let fake = at(step, flood("250 ok\r\n"));
        let output = page(&fake).arg("--json").run();
        let line = only(&output);
        assert_ne!(line["outcome"], "sent", "{step}: {output:?}");
        assert_ne!(output.status, 0, "{step}: {output:?}");
        assert!(output.took < Duration::from_secs(3), "{step}: {output:?}");
    }
}

#[test]
fn fifty_lines_without_a_code_are_borne_and_no_more() {
    let junk = |lines: usize| {
        let fake = Fake::lockstep(move |client| {
            client.say("*** hello\r\n".repeat(lines) + "220 ready\r\n");
            while let Some(line) = client.hear() {
                client.say(polite(&line));
            }
        });
        applet("snpp-send")
            .args(["-s", &fake.addr(), "1", "hi"])
            .run()
            .status
    };
    assert_eq!(junk(49), 0);
    assert_eq!(junk(60), 76);
}

#[test]
fn a_goodbye_at_every_step_may_be_tried_again() {
    for (step, _, _) in STEPS.iter().filter(|(step, ..)| *step != "QUIT") {
        let fake = at(step, |client| {
            client.say("421 Too Many Errors, Goodbye\r\n");
        });
        let output = page(&fake).arg("--json").run();
        output.expect_status(75);
        assert_eq!(only(&output)["code"], 421, "{step}: {output:?}");
        // Unasked, with the reply to the command before it.
        let fake = at(step, |client| client.say("421-Timeout\r\n421 Goodbye\r\n"));
        page(&fake).run().expect_status(75);
    }
}

#[test]
fn replies_come_in_every_shape() {
    // What is said instead of the greeting and of each 250.
    let shapes: [(&str, &str); 8] = [
        ("220 ready\n", "250 ok\n"),
        ("220\r\n", "250\r\n"),
        ("220 \r\n", "250 \r\n"),
        ("220-a\r\n220-b\r\n220 ready\r\n", "250-a\r\n250 ok\r\n"),
        (
            "214 welcome\r\n214 stranger\r\n250 ready\r\n",
            "214 a\r\n214 b\r\n250 ok\r\n",
        ),
        ("hello\r\n220 ready\r\n", "by the way\r\n250 ok\r\n"),
        ("220 ready\r\r\n", "250 ok\r\r\n"),
        ("220 \u{fc}\0\x07\r\n", "250 \u{fc}\0\x07\r\n"),
    ];
    for (greeting, done) in shapes {
        for bytewise in [false, true] {
            let fake = Fake::lockstep(move |client| {
                let say = |client: &mut Conversation, text: &str| {
                    if bytewise {
                        client.say_slowly(text, Duration::ZERO);
                    } else {
                        client.say(text);
                    }
                };
                say(client, greeting);
                while let Some(line) = client.hear() {
                    match line.as_str() {
                        "DATA" => {
                            say(client, "354 go on\r\n");
                            client.hear_until_dot();
                            say(client, done);
                        }
                        "QUIT" => return say(client, "221 bye\r\n"),
                        _ => say(client, done),
                    }
                }
            });
            applet("snpp-send")
                .args(["-s", &fake.addr(), "1,2", "two\nlines"])
                .run()
                .expect_status(0);
            assert_eq!(
                fake.heard().iter().filter(|line| *line == "SEND").count(),
                2
            );
        }
    }
    // A banner of 5000 characters is none too long.
    let fake = Fake::replies(&[("greeting", &format!("220 {}", "x".repeat(5000)))]);
    applet("snpp-send")
        .args(["-s", &fake.addr(), "1", "hi"])
        .run()
        .expect(0, "", "");
}

#[test]
fn a_canned_server_that_says_it_all_at_once_is_borne() {
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n250 ok\r\n250 ok\r\n250 sent\r\n221 bye\r\n");
        client.hold(Duration::from_secs(5));
    });
    applet("snpp-send")
        .args(["-s", &fake.addr(), "-v", "1", "hi"])
        .run()
        .expect_complaint(0, "1 sent 250 sent\n", "221 bye");
    assert_eq!(fake.heard(), ["PAGE 1", "MESS hi", "SEND", "QUIT"]);
    // With a refusal among them it is not sent.
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n250 ok\r\n250 ok\r\n550 no\r\n221 bye\r\n");
        client.hold(Duration::from_secs(5));
    });
    applet("snpp-send")
        .args(["-s", &fake.addr(), "1", "hi"])
        .run()
        .expect_status(69);
}

#[test]
fn nothing_that_a_server_says_reaches_the_terminal_as_a_control() {
    let evil = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{85}\u{202e}\x08\x7f\r250 forged\x0b";
    each(STEPS, |(step, ..)| {
        for code in ["250", "550", "421", "000", ""] {
            let fake = at(step, move |client| {
                let mut bytes = format!("{code} {evil}").into_bytes();
                bytes.extend_from_slice(b"\x9b2J\xff\r\n");
                client.say(bytes);
            });
            for option in ["--json", "-v"] {
                let output = page(&fake).arg(option).run();
                for text in [&output.stdout, &output.stderr] {
                    let is_bad = |c: &char| {
                        c.is_control() && !matches!(c, '\n' | '\t')
                            || matches!(c, '\u{202e}' | '\u{fffd}')
                    };
                    let bad = text.chars().find(is_bad);
                    assert_eq!(bad, None, "{step} {code} {option}: {text:?}");
                    assert!(
                        !text.lines().any(|line| line.starts_with("250 forged")),
                        "{text:?}"
                    );
                }
            }
        }
    });
}

/// A server whose every reply is the one to the command before.
fn one_ahead(client: &mut Conversation) {
    client.say("220 ready\r\n");
    let mut next = "250 READY";
    while let Some(line) = client.hear() {
        client.say(next.to_owned() + "\r\n");
        next = "250 ok";
        if line == "QUIT" {
            return client.say("221 bye\r\n");
        }
    }
}

#[test]
fn a_second_reply_to_nothing_leaves_the_page_unknown() {
    let at_once = |client: &mut Conversation| {
        client.say("220 ready\r\n250 READY\r\n");
        while let Some(line) = client.hear() {
            client.say(polite(&line));
        }
    };
    let forgets_quit = |client: &mut Conversation| {
        client.say("220 ready\r\n250 READY\r\n");
        while let Some(line) = client.hear() {
            if line != "QUIT" {
                client.say("250 ok\r\n");
            }
        }
    };
    let fakes = [
        ("in one segment", Fake::lockstep(at_once)),
        ("late", Fake::lockstep(one_ahead)),
        ("in one segment, mute at QUIT", Fake::lockstep(forgets_quit)),
    ];
    for (name, fake) in fakes {
        let output = applet("snpp-send")
            .args([
                "-s",
                &fake.addr(),
                "--timeout",
                "500ms",
                "--json",
                "1",
                "hi",
            ])
            .run();
        ends(name, &output, "unknown", 79);
        assert_eq!(only(&output)["success"], false);
        assert!(fake.heard().contains(&"SEND".to_owned()));
    }
}

#[test]
fn shifted_replies_leave_no_pager_of_several_sent() {
    let fakes = [
        Fake::lockstep(one_ahead),
        Fake::lockstep(|client| {
            client.say("220 ready\r\n250 READY\r\n");
            while let Some(line) = client.hear() {
                client.say(polite(&line));
            }
        }),
        // The real verdict on the first page is a refusal.
        Fake::lockstep(|client| {
            client.say("220 ready\r\n");
            let mut next = "250 READY";
            while let Some(line) = client.hear() {
                client.say(next.to_owned() + "\r\n");
                next = if line == "SEND" {
                    "554 failed"
                } else {
                    "250 ok"
                };
            }
        }),
    ];
    each(fakes, |fake| {
        for option in ["--json", "--one-send"] {
            let output = applet("snpp-send")
                .args([
                    "-s",
                    &fake.addr(),
                    "--timeout",
                    "500ms",
                    option,
                    "1,2,3",
                    "hi",
                ])
                .run();
            assert_ne!(output.status, 0, "{output:?}");
            assert!(!output.stdout.contains("sent 250"), "{output:?}");
            assert!(
                !output.stdout.contains("\"outcome\":\"sent\""),
                "{output:?}"
            );
            assert_eq!(output.stdout.lines().count(), 3, "{output:?}");
        }
    });
}

#[test]
fn a_reply_of_the_wrong_kind_stops_the_page() {
    for (verb, reply, text) in [
        ("MESS", "354 Go on", "hi"),
        ("PAGE", "354 Go on", "hi"),
        ("PAGE", "150 What?", "hi"),
        ("PAGE", "650 What?", "hi"),
        ("DATA", "250 ok", "two\nlines"),
        ("DATA", "150 What?", "two\nlines"),
        (".", "354 Go on", "two\nlines"),
        ("greeting", "354 Go on", "hi"),
        ("greeting", "100 What?", "hi"),
    ] {
        let fake = Fake::replies(&[(verb, reply)]);
        let output = applet("snpp-send")
            .args(["-s", &fake.addr(), "--json", "1", text])
            .run();
        output.expect_status(76);
        let line = only(&output);
        assert!(
            line["outcome"]
                == if verb == "greeting" {
                    "untried"
                } else {
                    "temporary"
                },
            "{output:?}"
        );
        let heard = fake.heard();
        assert!(!heard.contains(&"SEND".to_owned()), "{heard:?}");
        if verb == "DATA" {
            assert!(!heard.contains(&"two".to_owned()), "{heard:?}");
        }
    }
}

#[test]
fn junk_instead_of_a_goodbye_confirms_nothing() {
    for junk in ["x\r\n", "\r\n", "not a reply\n"] {
        let fake = at("QUIT", move |client| client.say(junk.repeat(60)));
        let output = page(&fake).arg("--json").run();
        ends(junk, &output, "unknown", 79);
    }
}

#[test]
fn a_server_that_reads_nothing_is_not_waited_for() {
    let fake = Fake::lockstep(|client| {
        client.say("220 ready\r\n");
        client.pause(Duration::from_secs(10));
    });
    let output = page(&fake).arg("--json").run();
    ends("mute", &output, "untried", 75);
}

#[test]
fn a_connection_that_never_comes_about_is_given_up() {
    use std::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    // Nobody accepts: the second or third of them fills the queue, and later ones hang.
    let short = Duration::from_millis(100);
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&addr, short) {
        queue.push(stream);
        if queue.len() > 64 {
            // This system lets everybody in: nothing to see.
            return;
        }
    }
    for option in ["--connect-timeout", "--timeout"] {
        let output = applet("snpp-send")
            .args([
                "-s",
                &addr.to_string(),
                option,
                "200ms",
                "--json",
                "1",
                "hi",
            ])
            .run();
        ends("a full queue", &output, "untried", 75);
    }
}

#[test]
fn two_way_answers_are_no_less_suspect() {
    let mut long = String::from("860 ");
    write!(long, "{} {}", "9".repeat(3000), "8".repeat(900)).unwrap();
    for reply in ["860", "860 ", "860 tag", "860 a/b\x1b[2J c", long.as_str()] {
        let reply = reply.to_owned();
        let fake = Fake::replies(&[("2WAY", "250 ok"), ("SEND", &reply)]);
        let output = applet("snpp-send")
            .args(["-s", &fake.addr(), "--two-way", "1", "hi"])
            .run();
        output.expect_status(0);
        assert!(
            !output.stdout.chars().any(|c| c.is_control() && c != '\n'),
            "{output:?}"
        );
        assert!(output.stdout.lines().count() < 2, "{output:?}");
    }
}

#[test]
fn a_bad_row_cannot_speak_to_the_terminal() {
    let fake = Fake::replies(&[]);
    let csv = "pager,message\n\"1\x1b[2J\nsnpp-send: all is well\",hi\n";
    let output = applet("snpp-send")
        .args(["-s", &fake.addr(), "--csv", "-"])
        .stdin(csv)
        .run();
    output.expect_status(65);
    assert!(!output.stderr.contains('\x1b'), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
}
