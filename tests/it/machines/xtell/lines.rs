//! xtell: the server, and whatever a client may say to it.

use std::time::{Duration, Instant};

use pagebox::protocol::xtell::message::Message;
use pagebox::protocol::xtell::reply::Verdict;
use pagebox::protocol::xtell::server::{End, Server};
use pagebox::protocol::{Action, Input, Machine};
use proptest::prelude::*;

use super::{BYTES, Serving, WHOLE, message, serve};

const SYNTAX: &str = "406 syntax error\r\n";
const SHOWN: &str = "200 message sent\r\n";
const LONG: &str = "402 message too long\r\n";

/// What one line is taken for, and the reply to it.
fn one(line: &[u8]) -> (Option<Message>, String) {
    let mut served = serve(&[], line);
    assert_eq!(served.end, Some(End::Left));
    assert!(served.delivered.len() < 2);
    (served.delivered.pop().map(|it| it.0), served.said)
}

#[test]
fn only_the_first_three_colons_separate() {
    for (line, from, user, device, text) in [
        ("joe:jane:pts/3:hi", "joe", "jane", "pts/3", "hi"),
        (":::x", "", "", "", "x"),
        ("::::", "", "", "", ":"),
        (":::a:b::c:", "", "", "", "a:b::c:"),
        ("a:b::QUIT", "a", "b", "", "QUIT"),
        ("QUIT:b::x", "QUIT", "b", "", "x"),
        ("a:b:: ", "a", "b", "", " "),
        (" a : b : c : d ", " a ", " b ", " c ", " d "),
        ("a:b:/dev/pts/3:x", "a", "b", "/dev/pts/3", "x"),
        (
            "jos\u{e9}:j\u{e4}ne::\u{4f60}\u{597d}",
            "jos\u{e9}",
            "j\u{e4}ne",
            "",
            "\u{4f60}\u{597d}",
        ),
        ("a\x1b[2J:b\tb::c\x07", "a\x1b[2J", "b\tb", "", "c\x07"),
    ] {
        for end in ["\r\n", "\n", "\r\r\n", "\r\0\n"] {
            let (found, said) = one(format!("{line}{end}").as_bytes());
            assert_eq!(found, Some(message(from, user, device, text)), "{line}");
            assert_eq!(said, SHOWN, "{line}");
        }
    }
}

#[test]
fn what_is_no_message_is_406() {
    for line in [
        &b""[..],
        b" ",
        b"hello",
        b"joe:jane:hi",
        b":::",
        b"joe:jane::",
        b"joe:jane:pts/3:",
        b"QUIT x",
        b" QUIT",
        b"QUITE",
        b"jo\re:jane::x",
        b"jo\0e:jane::x",
        b"joe:ja\rne::x",
        b"joe:jane\0::x",
        b"joe:jane:pts\0/3:x",
        b"joe:jane:\rpts/3:x",
        b"HELO x",
        b"GET / HTTP/1.1",
    ] {
        for end in [&b"\r\n"[..], b"\n", b"\r\r\n"] {
            let (found, said) = one(&[line, end].concat());
            assert_eq!(found, None, "{line:?}");
            assert_eq!(said, SYNTAX, "{line:?}");
        }
    }
}

#[test]
fn what_a_text_has_in_it_is_for_whoever_shows_it() {
    let (found, said) = one(b"joe:jane::a\0b\rc\x1b[2J\xff\x9b\r\n");
    assert_eq!(found.unwrap().text, b"a\0b\rc\x1b[2J\xff\x9b");
    assert_eq!(said, SHOWN);
    // A telnet client's CR NUL at the end is no text.
    let (found, _) = one(b"joe:jane::hi\r\0\r\n");
    assert_eq!(found.unwrap().text, b"hi");
    let (found, said) = one(b"joe:jane::\r\0\r\n");
    assert_eq!((found, said.as_str()), (None, SYNTAX));
}

#[test]
fn quit_gets_no_answer() {
    for quit in [
        "QUIT\r\n",
        "quit\n",
        "QuIt\r\n",
        "QUIT  \r\n",
        "QUIT\t\n",
        "QUIT\r\r\n",
    ] {
        for behind in ["", "joe:jane::hi\r\n", "QUIT\r\n", "x"] {
            let served = serve(&[], format!("{quit}{behind}").as_bytes());
            assert_eq!(served.said, "", "{quit:?}");
            assert!(served.delivered.is_empty(), "{quit:?}");
            assert_eq!(served.end, Some(End::Left));
        }
    }
}

#[test]
fn a_line_has_1024_bytes_at_most() {
    let line = |length: usize, end: &str| {
        let mut line = b"joe:jane::".to_vec();
        line.resize(length, b'x');
        line.extend_from_slice(end.as_bytes());
        line
    };
    for end in ["\r\n", "\n"] {
        let (found, said) = one(&line(1024, end));
        assert_eq!(found.unwrap().text.len(), 1014);
        assert_eq!(said, SHOWN);
        for length in [1025, 1026, 2048, 8191, 8192, 8193, 100_000] {
            let (found, said) = one(&line(length, end));
            assert_eq!(found, None, "{length}");
            assert_eq!(said, LONG, "{length}");
        }
    }
    // None of it is kept for the next line, and the next one stands.
    let served = serve(
        &[],
        &[&line(5000, "\r\n")[..], b"a:b::c\r\nQUIT\r\n"].concat(),
    );
    assert_eq!(served.said, format!("{LONG}{SHOWN}"));
    assert_eq!(served.delivered, [(message("a", "b", "", "c"), 1)]);
    // Nor is a long QUIT one.
    let quit = [b"QUIT", &b" ".repeat(2000)[..], b"\r\n"].concat();
    assert_eq!(serve(&[], &quit).said, LONG);
}

#[test]
fn an_endless_line_takes_time_in_proportion_and_is_not_kept() {
    let began = Instant::now();
    for pattern in [&b"x"[..], b":", b"\r", b"\0", b"a:b::c"] {
        let mut serving = Serving::new(20, &[]);
        let chunk = pattern.repeat(8192 / pattern.len());
        for _ in 0..2000 {
            serving.hear(&chunk, WHOLE);
        }
        assert_eq!(serving.did.said, "");
        // What it holds shows in its text: no more than a line.
        assert!(format!("{:?}", serving.server).len() < 100_000);
        serving.hear(b"\nQUIT\n", WHOLE);
        assert_eq!(serving.did.said, LONG);
        assert_eq!(serving.did.end, Some(End::Left));
    }
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_connection_has_so_many_lines_whatever_they_are() {
    for line in ["a:b::c\r\n", "\r\n", "x\n"] {
        let served = [WHOLE, BYTES].map(|sizes| {
            let mut serving = Serving::new(3, &[]);
            serving.hear(line.repeat(10).as_bytes(), sizes);
            serving.did
        });
        for served in served {
            let replies: Vec<&str> = served.said.lines().collect();
            assert_eq!(replies.len(), 4, "{line:?}");
            assert_eq!(replies[3], "400 too many messages on one connection");
            assert_eq!(served.end, Some(End::Enough));
            assert!(served.delivered.len() <= 3);
        }
    }
    // Who has said them all may still leave.
    let mut serving = Serving::new(1, &[]);
    serving.hear(b"a:b::c\r\nQUIT\r\n", WHOLE);
    assert_eq!(serving.did.said, SHOWN);
    assert_eq!(serving.did.end, Some(End::Left));
    let mut serving = Serving::new(0, &[]);
    serving.hear(b"a:b::c\r\n", BYTES);
    assert!(serving.did.delivered.is_empty());
    assert_eq!(serving.did.end, Some(End::Enough));
}

#[test]
fn silence_and_the_end_of_the_line_end_it() {
    for (before, said) in [(&b""[..], ""), (b"a:b::c\r\n", SHOWN), (b"x\r\n", SYNTAX)] {
        for half in [&b""[..], b"a:b::half", b"Q", b"\r"] {
            let serving = || {
                let mut serving = Serving::new(20, &[]);
                serving.hear(&[before, half].concat(), BYTES);
                serving
            };
            let mut silent = serving();
            silent.step(Input::Timeout);
            let expected = format!("{said}400 silent for too long\r\n");
            assert_eq!(silent.did.said, expected);
            assert_eq!(silent.did.end, Some(End::Silent));
            // What has no end may have lost more than that: it is not delivered.
            let mut left = serving();
            left.step(Input::Eof);
            let reply = if half.is_empty() { "" } else { SYNTAX };
            assert_eq!(left.did.said, format!("{said}{reply}"), "{half:?}");
            assert_eq!(left.did.end, Some(End::Left));
            assert_eq!(left.did.delivered.len(), before.len() / 8);
        }
    }
}

#[test]
fn replies_come_in_the_order_of_the_lines() {
    let verdicts = [
        Verdict::Closed,
        Verdict::Shown,
        Verdict::NotLoggedIn,
        Verdict::NoDevice,
        Verdict::Failed,
        Verdict::Unverified,
    ];
    let long = "y".repeat(2000);
    let lines = format!(
        "a:1::x\r\nwhat\r\na:2::x\n{long}\r\na:3::x\r\n\r\na:4::x\na:5::x\r\na:6::x\r\nQUIT\r\na:7::x\r\n"
    );
    let served = serve(&verdicts, lines.as_bytes());
    let codes: Vec<&str> = served.said.lines().map(|line| &line[..3]).collect();
    assert_eq!(
        codes,
        [
            "404", "406", "200", "402", "403", "406", "405", "405", "400"
        ]
    );
    // And no question is asked before what stands in front of it has its reply.
    let asked = served.delivered.iter();
    let asked: Vec<(u8, usize)> = asked
        .map(|(message, replies)| (message.user[0], *replies))
        .collect();
    assert_eq!(
        asked,
        [
            (b'1', 0),
            (b'2', 2),
            (b'3', 4),
            (b'4', 6),
            (b'5', 7),
            (b'6', 8)
        ]
    );
}

#[test]
fn nothing_is_said_while_a_question_is_open() {
    let now = super::NOW;
    let mut server = Server::new(20);
    server.step(now, Input::Start);
    let asked = server.step(now, Input::Bytes(b"a:b::1\r\n"));
    assert!(matches!(asked[..], [Action::Ask(_)]), "{asked:?}");
    assert_eq!(
        server.step(now, Input::Bytes(b"what\r\na:b::2\r\nQUIT\r\n")),
        []
    );
    let actions = server.step(now, Input::Answer(Verdict::Closed));
    let [Action::Send(first), Action::Send(second), Action::Ask(_)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(first.bytes, Verdict::Closed.wire());
    assert_eq!(second.bytes, SYNTAX.as_bytes());
    let actions = server.step(now, Input::Answer(Verdict::Shown));
    assert!(
        matches!(actions[..], [Action::Send(_), Action::Done(End::Left)]),
        "{actions:?}"
    );
}

fn said() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "a:b::c\r\n", "a:b:pts/1:c\n", "::: \r\n", "what\r\n", "\n", "QUIT x\n", "\r\r\n", "a:b::half",
        ]).prop_map(|line| line.as_bytes().to_vec()),
        1 => Just([&b"a:b::"[..], &b"x".repeat(1100)[..], b"\r\n"].concat()),
        1 => Just(b"QUIT\r\n".to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

fn field(pattern: &'static str) -> impl Strategy<Value = Vec<u8>> {
    pattern.prop_map(String::into_bytes)
}

proptest! {
    #[test]
    fn in_any_chunks_it_does_the_same(
        lines in prop::collection::vec(said(), 0..12),
        most in 0..8_usize,
        sizes in prop::collection::vec(1..40_usize, 1..6),
        eof: bool,
    ) {
        let lines = lines.concat();
        let verdicts = [Verdict::NotLoggedIn, Verdict::Shown, Verdict::Closed];
        let [whole, bytes, other] = [WHOLE, BYTES, &sizes].map(|sizes| {
            let mut serving = Serving::new(most, &verdicts);
            serving.hear(&lines, sizes);
            if serving.did.end.is_none() {
                serving.step(if eof { Input::Eof } else { Input::Timeout });
            }
            serving.did
        });
        prop_assert_eq!(&whole, &bytes);
        prop_assert_eq!(&whole, &other);
        // One reply to a line, and none said twice.
        let ends = lines.split(|byte| *byte == b'\n').count() - 1;
        prop_assert!(whole.said.lines().count() <= ends.min(most) + 1);
        let shown = whole.said.matches(SHOWN).count();
        prop_assert!(shown <= whole.delivered.len());
    }

    /// What a client may say is what the server reads.
    #[test]
    fn a_message_arrives_as_it_was(
        from in field("[^:\r\n\0]{0,30}"),
        user in field("[^:\r\n\0]{0,30}"),
        device in field("[^:\r\n\0]{0,30}"),
        text in field("[^\r\n\0]{1,200}"),
    ) {
        let sent = Message { from, user, device, text };
        let line = sent.wire().unwrap();
        let served = serve(&[], &line);
        prop_assert_eq!(served.said, SHOWN);
        prop_assert_eq!(served.delivered, [(sent, 0)]);
    }

    /// And whatever it is, it arrives as it was or is not said at all.
    #[test]
    fn no_message_arrives_as_another(
        from in prop::collection::vec(any::<u8>(), 0..6),
        user in prop::collection::vec(any::<u8>(), 0..6),
        device in prop::collection::vec(any::<u8>(), 0..6),
        text in prop::collection::vec(any::<u8>(), 0..12),
    ) {
        let sent = Message { from, user, device, text };
        if let Ok(line) = sent.wire() {
            let served = serve(&[], &line);
            prop_assert_eq!(served.delivered, [(sent, 0)]);
        }
    }
}
