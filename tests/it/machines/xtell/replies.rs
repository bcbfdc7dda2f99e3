//! xtell: the client, and what it makes of one reply, or of none.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::xtell::client::{Answer, End};
use pagebox::protocol::{Input, Phase};
use proptest::prelude::*;

use super::{BYTES, Call, Did, EARLY, LOST, NO_USER, SENT, STRANGE, Short, UNTRIED, WHOLE, closed};

/// What one message comes to whose reply is this, and whether the connection goes on.
fn verdict(reply: &[u8]) -> (Short, String, bool) {
    let calls = [WHOLE, BYTES].map(|sizes| {
        let mut call = Call::at_reply(1);
        call.hear_bytes(reply, sizes);
        // What was strange gets its verdict when nothing more comes.
        if call.fates().is_empty() {
            call.step(Input::Eof);
        }
        call
    });
    let [whole, bytes] = calls;
    assert_eq!(whole.did, bytes.did);
    let [fate] = whole.fates()[..] else {
        panic!("{reply:?}: {:?}", whole.did);
    };
    (super::short(fate), fate.text.clone(), !whole.ended())
}

#[test]
fn the_first_digit_decides() {
    let temporary = |code| (Outcome::Temporary, Exit::TempFail, Some(code));
    let refused = |exit, code| (Outcome::Refused, exit, Some(code));
    let good = |code| (Outcome::Sent, Exit::Ok, Some(code));
    for (reply, expected, text) in [
        ("200 message sent", SENT, "message sent"),
        ("200", SENT, ""),
        ("200 ", SENT, ""),
        ("200\tsent", SENT, "sent"),
        ("200-sent", SENT, "-sent"),
        ("200sent", SENT, "sent"),
        ("299 strange", good(299), "strange"),
        ("220 sent", good(220), "sent"),
        ("400 busy", temporary(400), "busy"),
        ("401 who?", temporary(401), "who?"),
        ("402 too long", temporary(402), "too long"),
        ("403 nobody", NO_USER, "nobody"),
        ("404 mesg n", closed(404), "mesg n"),
        ("405 tty", closed(405), "tty"),
        ("406 what?", refused(Exit::Protocol, 406), "what?"),
        ("407", temporary(407), ""),
        ("499 x", temporary(499), "x"),
    ] {
        for end in ["\r\n", "\n", "\r\r\n", " \r\n"] {
            let line = format!("{reply}{end}");
            let found = verdict(line.as_bytes());
            assert_eq!(found, (expected, text.to_owned(), true), "{line:?}");
        }
    }
}

#[test]
fn what_is_no_reply_breaks_the_protocol() {
    let broken = |code| (Outcome::Refused, Exit::Protocol, Some(code));
    for (reply, expected, text) in [
        ("100 wait", broken(100), "wait"),
        ("300 go on", broken(300), "go on"),
        ("500 what?", broken(500), "what?"),
        ("000 x", broken(0), "x"),
        ("099 x", broken(99), "x"),
        ("999", broken(999), ""),
        ("2000 x", STRANGE, "no reply of xtell: 2000 x"),
        ("20", STRANGE, "no reply of xtell: 20"),
        ("2", STRANGE, "no reply of xtell: 2"),
        ("2xx", STRANGE, "no reply of xtell: 2xx"),
        ("", STRANGE, "no reply of xtell: "),
        (" 200 x", STRANGE, "no reply of xtell:  200 x"),
        ("+20 x", STRANGE, "no reply of xtell: +20 x"),
        ("-200", STRANGE, "no reply of xtell: -200"),
        ("message sent", STRANGE, "no reply of xtell: message sent"),
        ("２００ x", STRANGE, "no reply of xtell: ２００ x"),
        ("\x1b[2J", STRANGE, "no reply of xtell: ^[[2J"),
        ("\u{ff}200 x", STRANGE, "no reply of xtell: \u{ff}200 x"),
    ] {
        for end in ["\r\n", "\n"] {
            let line = format!("{reply}{end}");
            let found = verdict(line.as_bytes());
            assert_eq!(found, (expected, text.to_owned(), false), "{line:?}");
        }
    }
}

#[test]
fn what_a_server_says_cannot_move_a_cursor() {
    let (fate, text, _) = verdict(b"200 \x1b[2J\x07 \xff\xe2\x80\xae\r\n");
    assert_eq!(fate, SENT);
    assert_eq!(text, r"^[[2J^G \xff\u{202e}");
}

#[test]
fn a_long_reply_is_cut_and_counts() {
    for (code, expected) in [("200", SENT), ("403", NO_USER)] {
        let line = format!("{code} {}\r\n", "x".repeat(100_000));
        let (fate, text, goes_on) = verdict(line.as_bytes());
        assert_eq!((fate, goes_on), (expected, true));
        assert!(text.len() < 1024, "{}", text.len());
    }
    let (fate, text, goes_on) = verdict(&[&b"x".repeat(100_000)[..], b"\n"].concat());
    assert_eq!((fate, goes_on), (STRANGE, false));
    assert!(text.len() < 1024, "{}", text.len());
}

#[test]
fn a_strange_reply_puts_those_before_in_doubt() {
    for strange in ["500 x\n", "x\n", "\n"] {
        let mut call = Call::at_reply(2);
        call.hear(strange);
        call.step(Input::Eof);
        assert_eq!(call.shorts()[0], SENT);
        assert_eq!(call.shorts()[1].1, Exit::Protocol);
        let doubt = format!("the server went on with {}", strange.trim_end());
        assert_eq!(call.end().doubt.as_deref(), Some(doubt.as_str()));
        // With none before, there is nothing to doubt.
        let mut first = Call::at_reply(1);
        first.hear(strange);
        first.step(Input::Timeout);
        assert_eq!(first.end().doubt, None);
    }
}

/// A banner, and behind it what may be the verdict.
#[test]
fn a_good_reply_behind_a_strange_one_leaves_the_message_unknown() {
    for (rest, expected) in [
        ("200 message sent\r\n", LOST),
        ("403 no\r\n200 bye\r\n", LOST),
        ("403 no\r\n", STRANGE),
        ("x\r\n", STRANGE),
        ("", STRANGE),
    ] {
        for together in [true, false] {
            let mut call = Call::at_reply(1);
            if together {
                call.hear(&format!("welcome\r\n{rest}"));
            } else {
                call.hear("welcome\r\n");
                call.hear(rest);
            }
            if !call.ended() {
                assert_eq!(call.waits, Some(Phase::Farewell));
                call.step(Input::Eof);
            }
            assert_eq!(call.shorts(), [expected], "{rest:?}");
            assert!(call.said().ends_with("QUIT\r\n"));
        }
    }
}

/// A state, how to get there, what the end makes of the messages, and does it put them in doubt?
type State = (&'static str, fn() -> Call, &'static [Short], bool);

/// In every state: the line is lost, and then, nothing comes in time.
#[test]
fn a_lost_line_is_unknown_only_behind_the_message() {
    let states: [State; 8] = [
        ("first message", || Call::new(&["m"]), &[UNTRIED], false),
        (
            "second message",
            || {
                let mut call = Call::new(&["m", "m"]);
                call.calm();
                call.hear_bytes(b"200 ok\r\n", WHOLE);
                assert_eq!(call.waits, Some(Phase::Quiet));
                call
            },
            &[SENT, UNTRIED],
            false,
        ),
        ("reply", || Call::at_reply(1), &[LOST], false),
        ("second reply", || Call::at_reply(2), &[SENT, LOST], false),
        (
            "half a reply",
            || {
                let mut call = Call::at_reply(1);
                call.hear("200 message s");
                call
            },
            &[LOST],
            false,
        ),
        (
            "half an early line",
            || {
                let mut call = Call::at_reply(2);
                call.lines.push_back(b"m\r\n".to_vec());
                call.hear("200 ok\r\n4");
                call
            },
            &[SENT, SENT, UNTRIED],
            true,
        ),
        (
            "farewell",
            || Call::at_farewell(&["200 ok"]),
            &[SENT],
            false,
        ),
        (
            "half a surplus",
            || {
                let mut call = Call::at_farewell(&["200 ok"]);
                call.hear("200 o");
                call
            },
            &[SENT],
            true,
        ),
    ];
    for (name, state, fates, doubted) in states {
        for eof in [true, false] {
            // Silence is what the message waits for.
            if !eof && name.ends_with("message") {
                continue;
            }
            let mut call = state();
            call.step(if eof { Input::Eof } else { Input::Timeout });
            assert_eq!(call.shorts(), fates, "{name}");
            assert_eq!(call.doubted(), doubted, "{name}");
            let lost = call.end().fate.as_ref().map(|fate| fate.text.as_str());
            let why = if eof {
                "the server closed the connection"
            } else {
                "no reply in time"
            };
            let doubt = format!("{why}; the message may have been shown");
            let unknown =
                call.end().fate.as_ref().map(|fate| fate.outcome) == Some(Outcome::Unknown);
            let told = if unknown { &doubt } else { why };
            assert!(lost.is_none_or(|text| text == told), "{name}: {lost:?}");
        }
    }
}

#[test]
fn goodbye_without_a_message_is_no_more_than_that() {
    let mut call = Call::new(&[]);
    assert_eq!(call.said(), "QUIT\r\n");
    assert_eq!(call.waits, Some(Phase::Farewell));
    call.step(Input::Eof);
    let end = End {
        fate: None,
        doubt: None,
    };
    assert_eq!(call.end(), &end);
    // Nothing was said that could be in doubt.
    let mut call = Call::new(&[]);
    call.hear("403 x\r\n");
    assert_eq!(call.end(), &end);
}

#[test]
fn who_sends_us_away_leaves_the_message_untried() {
    for (greeting, expected) in [
        ("400 no\r\n", (Outcome::Untried, Exit::TempFail, Some(400))),
        ("404 no\r\n", (Outcome::Untried, Exit::TempFail, Some(404))),
        ("200 hello\r\n", EARLY),
        ("220 ready\r\n", EARLY),
        ("500 no\r\n", EARLY),
        ("hello\r\n", EARLY),
        ("\n", EARLY),
    ] {
        for sizes in [WHOLE, BYTES] {
            let mut call = Call::new(&["m"]);
            call.hear_bytes(greeting.as_bytes(), sizes);
            assert_eq!(call.shorts(), [expected], "{greeting}");
            assert_eq!(call.said(), "");
            assert!(!call.doubted());
        }
    }
}

#[test]
fn the_rest_of_an_early_line_is_no_verdict() {
    let mut call = Call::new(&["m"]);
    call.hear("4");
    assert_eq!(call.waits, Some(Phase::Reply));
}

#[test]
fn an_endless_line_takes_no_memory_and_a_flood_no_stack() {
    for state in [|| Call::at_reply(1), || Call::at_farewell(&["200 ok"])] {
        let mut call = state();
        for _ in 0..1000 {
            call.hear_bytes(&[b'x'; 8192], WHOLE);
        }
        assert!(!call.ended());
        assert_eq!(call.did, state().did);
    }
    let mut call = Call::at_farewell(&["200 ok"]);
    call.hear_bytes(&b"200\n".repeat(500_000), WHOLE);
    assert!(!call.ended());
    call.step(Input::Eof);
    assert!(!call.doubted());
}

#[test]
fn bytes_between_a_question_and_its_answer_are_early() {
    use pagebox::protocol::xtell::client::Client;
    use pagebox::protocol::{Action, Machine};
    let mut client = Client::default();
    client.step(super::NOW, Input::Start);
    assert_eq!(client.step(super::NOW, Input::Bytes(b"403 x\r\n")), []);
    let actions = client.step(super::NOW, Input::Answer(Answer::Say(b"m\r\n".to_vec())));
    let [Action::Event(_), Action::Done(end)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(end.fate.as_ref().unwrap().outcome, Outcome::Untried);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "200 ok\r\n", "200\n", "220 x\r\n", "400 no\r\n", "403 no\r\n", "404 no\r\n", "406 no\n",
        ]).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::sample::select(vec!["500 x\r\n", "hello\r\n", "\r\n", "20\n", "2000 x\n", "20"])
            .prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ]
}

proptest! {
    #[test]
    fn in_any_chunks_it_does_the_same(
        replies in prop::collection::vec(line(), 0..8),
        messages in 0..5_usize,
        sizes in prop::collection::vec(1..40_usize, 1..6),
        lock_step: bool,
        eof: bool,
    ) {
        let lines = vec!["joe:jane::hi"; messages];
        let [whole, other] = [WHOLE, &sizes].map(|sizes| {
            let mut call = Call::new(&lines);
            call.calm();
            if lock_step {
                for reply in &replies {
                    call.hear_bytes(reply, sizes);
                    call.calm();
                }
            } else {
                call.hear_bytes(&replies.concat(), sizes);
            }
            call.calm();
            if !call.ended() {
                call.step(if eof { Input::Eof } else { Input::Timeout });
            }
            call
        });
        prop_assert_eq!(&whole.did, &other.did);
        // However it went, it ended, and each message that was said has one fate.
        prop_assert!(whole.ended());
        let said = whole.said().matches("joe:jane::hi\r\n").count();
        let fates = whole.fates();
        let tried = fates.iter().filter(|fate| fate.outcome != Outcome::Untried).count();
        prop_assert_eq!(tried, said);
        prop_assert!(fates.len() <= said + 1);
        // None is called sent without a line that says so.
        let sent = fates.iter().filter(|fate| fate.outcome == Outcome::Sent).count();
        let good = whole.did.iter().filter(|did| matches!(did, Did::Heard(line) if line.starts_with(b"2")));
        prop_assert!(sent <= good.count());
    }
}
