//! What is sent again while it is being answered, and what holds whatever comes.

use std::time::SystemTime;

use pagebox::protocol::tap::receiver::Receiver;
use pagebox::protocol::tap::receiver::talk::{Answer, End, Settings, Verdict};
use pagebox::protocol::{Action, Input, Machine, Phase};
use proptest::prelude::*;

use super::{ACCEPTED, BAD, Call, DOWN, GOODBYE, NAKED, WELCOME, block, logged_on, wire};
use crate::machines::{BYTES, pieces};

#[test]
fn what_comes_again_before_the_verdict_gets_that_verdict() {
    let other = block("1", "other");
    let accepted = |times: usize| ACCEPTED.repeat(times);
    for (meanwhile, then, answers, pages) in [
        // Once, twice, and still under way when the verdict goes out.
        (DOWN.to_owned(), "", accepted(1), 1),
        (DOWN.repeat(2), "", accepted(1), 1),
        (DOWN[..20].to_owned(), &DOWN[20..], accepted(1), 1),
        // Damaged, it cannot be anything else.
        (BAD.to_owned(), "", accepted(1), 1),
        (BAD[..20].to_owned(), &BAD[20..], accepted(1), 1),
        // Another page is one, and so is the same behind the verdict.
        (format!("{DOWN}{other}"), "", accepted(2), 2),
        (String::new(), DOWN, accepted(2), 2),
        (DOWN.to_owned(), DOWN, accepted(2), 2),
        (String::new(), BAD, format!("{ACCEPTED}{NAKED}"), 1),
        (
            format!("{DOWN}<EOT><CR>"),
            "",
            format!("{ACCEPTED}{GOODBYE}"),
            1,
        ),
    ] {
        let mut call = logged_on(Settings::default());
        call.meanwhile.push_back(wire(&meanwhile));
        call.hear(&wire(DOWN));
        call.hear(&wire(then));
        assert_eq!(call.said(), answers, "{meanwhile} {then}");
        assert_eq!(call.pages.len(), pages, "{meanwhile} {then}");
    }
    // Bad blocks that were resends are not held against anyone.
    let mut call = logged_on(Settings::default());
    call.meanwhile.push_back(wire(&BAD.repeat(5)));
    call.ask(DOWN, ACCEPTED);
    // No more is looked at than there may be; what is behind that counts as behind the verdict.
    let (few, many) = (DOWN.repeat(100), 64 * 1024 / (100 * wire(DOWN).len()));
    for times in [many, many + 1] {
        let mut call = logged_on(Settings::default());
        let pieces = std::iter::repeat_n(wire(&few), times).chain([wire(DOWN)]);
        call.meanwhile.extend(pieces);
        call.ask(DOWN, ACCEPTED);
        let left = usize::from(times > many);
        assert_eq!((call.pages.len(), call.meanwhile.len()), (1, left));
    }
}

#[test]
fn all_that_comes_again_is_heard_before_the_verdict_and_nothing_else_is_lost() {
    let other = block("1", "other");
    // Sixty copies, cut anywhere, some damaged, some with an empty line behind them.
    let copies = [DOWN, BAD, DOWN, "<CR>", DOWN, "<CR><CR>"]
        .concat()
        .repeat(15);
    for size in [1, 7, 100, 5000] {
        for login in [true, false] {
            let mut call = logged_on(Settings {
                login,
                ..Settings::default()
            });
            call.meanwhile = wire(&copies).chunks(size).map(<[u8]>::to_vec).collect();
            call.ask(DOWN, ACCEPTED);
            assert_eq!((call.pages.len(), call.meanwhile.len()), (1, 0), "{size}");
            call.ask("<EOT><CR>", GOODBYE);
        }
    }
    // Whatever else is there is heard behind the verdict, and ends the look at once.
    for (then, answers, pages) in [
        (other.as_str(), ACCEPTED, 2),
        ("<EOT><CR>", GOODBYE, 1),
        ("ATI<CR>", "pagebox<CR>", 1),
        ("<ESC>PG1<CR>", WELCOME, 1),
    ] {
        let mut call = logged_on(Settings::default());
        call.meanwhile.push_back(wire(&DOWN.repeat(3)));
        call.meanwhile
            .push_back(wire(&format!("<CR>{DOWN}<CR><CR>{then}")));
        call.meanwhile.push_back(wire(then));
        call.ask(DOWN, &format!("{ACCEPTED}{answers}"));
        // A page is answered in its turn, and comes again meanwhile.
        let left = usize::from(pages == 1);
        assert_eq!((call.pages.len(), call.meanwhile.len()), (pages, left));
    }
    // Nor are empty lines looked at for ever.
    let mut call = logged_on(Settings::default());
    call.meanwhile.push_back(wire(&"<CR>".repeat(9)));
    call.meanwhile.push_back(wire(DOWN));
    call.ask(DOWN, ACCEPTED);
    assert_eq!(call.meanwhile.len(), 1);
}

#[test]
fn a_logon_that_comes_again_is_judged_once() {
    let mut call = Call::new(Settings {
        password: true,
        ..Settings::default()
    });
    call.meanwhile.push_back(wire("<ESC>PG1wrong<CR>"));
    call.ask("<ESC>PG1wrong<CR>", "509 Invalid password<CR><NAK><CR>");
    call.meanwhile.push_back(wire("<ESC>PG1secret<CR>"));
    call.ask("<ESC>PG1secret<CR>", WELCOME);
    assert_eq!(call.logons.len(), 2);
    // A damaged block is none of it.
    let mut call = Call::new(Settings {
        password: true,
        ..Settings::default()
    });
    call.meanwhile.push_back(wire(BAD));
    call.ask("<ESC>PG1secret<CR>", &format!("{WELCOME}{NAKED}"));
}

#[test]
fn a_client_that_closes_gets_the_verdict_of_what_it_sent() {
    for words in ["", "<CR>", "<ESC>PG1<CR>", "<ESC>PG1<CR><STX>1<CR>x"] {
        let mut call = Call::new(Settings::default());
        call.hear(&wire(words));
        call.step(Input::Eof);
        assert_eq!((call.end, call.pages.len()), (Some(End::Closed), 0));
    }
    // The end comes while the page is being taken.
    let mut receiver = Receiver::new(Settings {
        login: false,
        ..Settings::default()
    });
    let mut step = |input| receiver.step(SystemTime::UNIX_EPOCH, input);
    let words = wire(&format!("{DOWN}<EOT><CR>"));
    step(Input::Bytes(&words));
    let actions = step(Input::Answer(Answer::Verdict(Verdict::Accepted)));
    assert_eq!(actions, [Action::Wait(Phase::Quiet)]);
    let said: Vec<u8> = step(Input::Eof)
        .into_iter()
        .filter_map(|action| match action {
            Action::Send(wire) => Some(wire.bytes),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(said, wire(&format!("{ACCEPTED}{GOODBYE}")));
}

#[test]
fn what_stands_behind_the_end_of_a_call_is_the_next_ones() {
    let mut call = Call::new(Settings::default());
    call.hear(&wire("<EOT><CR><CR><ESC>PG1"));
    call.hear(&wire("<CR>"));
    assert_eq!(
        (call.said(), call.end),
        (GOODBYE.to_owned(), Some(End::Goodbye))
    );
    assert_eq!(call.receiver.rest(), wire("<CR><ESC>PG1"));
    // Also what was looked at before the last reply, whole lines and the beginning of one.
    let mut call = Call::new(Settings {
        password: true,
        ..Settings::default()
    });
    for _ in 0..2 {
        call.hear(&wire("<ESC>PG1wrong<CR>"));
    }
    let next = "<CR>NO CARRIER<CR>RING<CR><ESC>PG1";
    call.meanwhile
        .push_back(wire("<ESC>PG1wrong<CR><CR>NO CARR"));
    call.meanwhile.push_back(wire("IER<CR>RING<CR><ESC>PG1"));
    call.hear(&wire("<ESC>PG1wrong<CR>"));
    assert_eq!(call.end, Some(End::Logons));
    assert_eq!(call.receiver.rest(), wire(next));
    let mut call = Call::new(Settings {
        password: true,
        ..Settings::default()
    });
    for _ in 0..2 {
        call.hear(&wire("<ESC>PG1wrong<CR>"));
    }
    call.meanwhile.push_back(wire("<STX>1<CR>x"));
    call.hear(&wire("<ESC>PG1wrong<CR>"));
    assert_eq!(call.receiver.rest(), wire("<STX>1<CR>x"));
}

#[test]
fn ten_megabytes_of_garbage_take_no_memory_and_little_time() {
    let garbage: [(&[u8], usize); 8] = [
        (b"x", 10),
        (b"\x02x", 10),
        (b"\x02", 1),
        (b"\x02x\r", 1),
        (b"\r", 1),
        (b"x\r", 1),
        (b"\x02\x03\r", 1),
        (b"\x1b", 1),
    ];
    for (garbage, megabytes) in garbage {
        for login in [true, false] {
            let mut receiver = Receiver::new(Settings {
                login,
                ..Settings::default()
            });
            let chunk = garbage.repeat(8192 / garbage.len());
            for _ in 0..megabytes * 128 {
                let actions = receiver.step(SystemTime::UNIX_EPOCH, Input::Bytes(&chunk));
                if matches!(actions.last(), Some(Action::Done(_))) {
                    break;
                }
            }
            // What was read at once with the end of a call is kept for the next.
            let held = format!("{receiver:?}").len();
            assert!(held < 8 * chunk.len(), "{held} characters of it are kept");
        }
    }
}

/// Pieces of dialogues, in good and in bad order, of which none is damaged and none with a question
/// comes twice: what is a resend depends on when it comes.
fn dialogue() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("<CR>".to_owned()),
        Just("<EOT><CR>".to_owned()),
        Just("<ESC>PX1<CR>".to_owned()),
        Just("<ESC>PG#secret<CR>".to_owned()),
        Just("noise<CR>".to_owned()),
        Just("ATI<CR>".to_owned()),
        Just("NO CARRIER<CR>".to_owned()),
        Just("block".to_owned()),
        Just("nobody".to_owned()),
        "[ -~]{0,600}",
    ];
    let numbered = |(number, piece): (usize, String)| {
        let sign = char::from(b'A' + u8::try_from(number).unwrap());
        match piece.as_str() {
            "block" => wire(&block("1", &number.to_string())),
            "nobody" => wire(&block("nobody", &number.to_string())),
            words => wire(&words.replace('#', &sign.to_string())),
        }
    };
    proptest::collection::vec(piece, 0..12)
        .prop_map(move |pieces| pieces.into_iter().enumerate().flat_map(numbered).collect())
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        words in dialogue(),
        sizes in proptest::collection::vec(1_usize..50, 1..20),
        password in any::<bool>(),
        login in any::<bool>(),
    ) {
        let run = |pieces: Vec<&[u8]>| {
            let mut call = Call::new(Settings { password, login, ..Settings::default() });
            for piece in pieces {
                call.hear(piece);
            }
            (call.said(), call.pages, call.traced, call.end, call.phase)
        };
        let whole = run(vec![&words]);
        prop_assert_eq!(whole.3.is_some(), whole.4.is_none());
        prop_assert_eq!(&whole, &run(pieces(&words, &sizes)));
        prop_assert_eq!(&whole, &run(pieces(&words, BYTES)));
    }

    #[test]
    fn no_bytes_make_a_page_that_was_not_asked_about(
        words in proptest::collection::vec(any::<u8>(), 0..2000),
        checked in any::<bool>(),
    ) {
        let mut call = Call::new(Settings { login: false, checked, ..Settings::default() });
        call.hear(&words);
        let accepted = call.said().matches("211 ").count();
        prop_assert_eq!(accepted, call.pages.len());
    }
}
