//! The sending machine of TAP: what holds whatever comes.

use std::time::{Duration, Instant};

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::Input;
use pagebox::protocol::tap::page::Page;
use pagebox::protocol::tap::sender::{Escape, Settings};
use proptest::prelude::*;

use super::{Call, Did, SENT, Short, WELCOME, hi, long, secret, settings, short, states};
use crate::machines::{BYTES, WHOLE};
use crate::support::tap::{bytes, shown};

#[test]
fn a_central_that_babbles_is_hung_up_on() {
    let lines = "blah<CR>".repeat(51);
    let no_cr = "blah".repeat(1200);
    let crs = "<CR>".repeat(5000);
    for babble in [&lines, &no_cr, &crs] {
        for (state, mut call, page, _) in states() {
            call.says();
            call.hear(babble);
            if state == "farewell" {
                assert!(!call.ended());
                continue;
            }
            assert_eq!(
                short(call.cause()),
                (Outcome::Untried, Exit::Protocol, None),
                "{state}"
            );
            let answered: Vec<Short> = call.answered().iter().map(|it| short(&it.fate)).collect();
            assert_eq!(answered, Vec::from_iter(page), "{state}");
        }
    }
    // As much as that is borne.
    let mut call = Call::at_verdict();
    call.hear(&"blah<CR>".repeat(50));
    call.hear("<ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT);
}

#[test]
fn what_is_heard_takes_time_and_memory_in_proportion() {
    const MEGABYTE: usize = 1 << 20;
    let began = Instant::now();
    for pattern in [
        &b"x"[..],
        b"\0",
        b"\r",
        b"blah\r",
        b"ID=",
        b"111 x\r",
        b"\x06\r",
        b"\x02a\r",
        b"\x1e\r",
    ] {
        for (state, mut call, ..) in states() {
            // The farewell is the one that hears all of it.
            let length = match (state, pattern) {
                ("farewell", b"x") => 10 * MEGABYTE,
                ("farewell", _) => MEGABYTE,
                _ => MEGABYTE / 10,
            };
            let flood = pattern.repeat(length / pattern.len());
            call.hear_bytes(&flood, &[8 * 1024]);
            let heard: usize = call.heard().iter().map(String::len).sum();
            assert!(heard < 64 * 1024, "{state}: {heard} bytes shown");
            assert!(
                call.did.len() < 10_000,
                "{state}: {} actions",
                call.did.len()
            );
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}

fn words() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "ID=",
        "I",
        "D=",
        "<CR>",
        "<CR><LF>",
        "<ACK>",
        "<ACK><CR>",
        "<NAK><CR>",
        "<RS><CR>",
        "<ESC><EOT><CR>",
        "<ESC>",
        "<EOT>",
        "<ESC>[p<CR>",
        "110 1.8<CR>",
        "111 x<CR>",
        "112 x<CR>",
        "211 OK<CR>",
        "213 x<CR>",
        "214 9 x<CR>",
        "511 x<CR>",
        "514 x<CR>",
        "NO CARRIER<CR>",
        "BUSY<CR>",
        "<STX>",
        "<ETX>22?<CR>",
        "5550000<CR>",
        "Hi<CR>",
        "<ESC>PG1hunter2<CR>",
        "<NUL>",
        "<XOFF>",
        "some text",
        "<EOT><CR>",
    ]);
    prop_oneof![
        8 => known.prop_map(bytes),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ]
}

/// Says things to a call, the time running out now and then, and loses the line in the end.
fn talk(said: &[(Vec<u8>, u8)], sizes: &[usize]) -> Call {
    let pages = [hi(), long(), hi()].concat();
    let goahead = said.len() % 2 == 0;
    let mut call = Call::new(
        Settings {
            goahead,
            ..secret()
        },
        pages,
    );
    for (said, then) in said {
        call.hear_bytes(said, sizes);
        if !call.ended() && *then < 3 {
            call.calm();
        }
        if !call.ended() && *then == 0 {
            call.step(Input::Timeout);
        }
    }
    while !call.ended() {
        call.step(Input::Eof);
    }
    call
}

proptest! {
    #[test]
    fn a_sender_does_the_same_in_any_chunks(
        said in prop::collection::vec((words(), 0..6_u8), 0..60),
        sizes in prop::collection::vec(1..40_usize, 1..6),
        begun: bool,
    ) {
        let mut said = said;
        if begun {
            let begin = [(b"ID=".to_vec(), 1), (bytes(WELCOME), 1)];
            said.splice(0..0, begin);
        }
        let whole = talk(&said, WHOLE);
        prop_assert_eq!(&whole.did, &talk(&said, BYTES).did);
        prop_assert_eq!(&whole.did, &talk(&said, &sizes).did);
    }

    #[test]
    fn a_sender_calls_nothing_sent_that_was_not_acknowledged(
        said in prop::collection::vec((words(), 0..6_u8), 0..60),
    ) {
        let begin = [(b"ID=".to_vec(), 1), (bytes(WELCOME), 1)];
        let said: Vec<_> = begin.into_iter().chain(said).collect();
        let call = talk(&said, WHOLE);
        // Each page that was begun has one fate, and a block went out before each ACK that counts.
        let mut blocks = 0_usize;
        for did in &call.did {
            let answered = match did {
                Did::Said(wire) => {
                    blocks += usize::from(wire.bytes.first() == Some(&2));
                    continue;
                }
                Did::Asked(answered) => answered.as_ref(),
                Did::Ended(end) => end.answered.as_ref(),
                _ => continue,
            };
            if let Some(answered) = answered {
                prop_assert!(blocks > 0);
                prop_assert!(answered.fate.outcome != Outcome::Untried);
                blocks = 0;
            }
        }
        prop_assert_eq!(blocks, 0, "a page without a fate");
        let acks: usize = said.iter().map(|(said, _)| {
            said.iter().filter(|byte| **byte & 0x7F == 6).count()
        }).sum();
        let sent = call.answered().iter().filter(|it| it.fate.outcome.accepted()).count();
        prop_assert!(sent <= acks);
    }

    #[test]
    fn no_control_character_of_a_message_goes_out_raw(
        text in prop::collection::vec(0..0x7F_u8, 0..100),
        escapes: bool,
    ) {
        let text: String = [&text[..], b"\x06\x15\x1e\x1b\x04\x02"].concat().into_iter().map(char::from).collect();
        let escape = if escapes { Escape::On } else { Escape::Off };
        let pages = vec![Page::new("5550000", &text, escapes, false).unwrap()];
        let mut call = Call::new(Settings { escape, ..settings() }, pages);
        call.hear("ID=");
        call.hear(WELCOME);
        let Some(Did::Said(block)) = call.did.last() else {
            panic!("a block");
        };
        let inner = block.bytes.strip_prefix(b"\x025550000\r").unwrap();
        let inner = &inner[..inner.len() - 6];
        let raw = |byte: &u8| *byte < 0x20 && !(escapes && *byte == 0x1A);
        prop_assert!(!inner.iter().any(raw), "{}", shown(inner));
    }
}
