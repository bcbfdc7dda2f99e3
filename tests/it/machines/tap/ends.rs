//! The sending machine of TAP: every end in every state, the farewell, and what a trace shows.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::tap::sender::LAST_WORDS;
use pagebox::protocol::{Input, Machine, Phase};

use super::{
    Call, EOT, LOGON, SHIFTED, Short, UNKNOWN, UNTRIED, WELCOME, hi, settings, short, states,
};
use crate::machines::{BYTES, NOW};
use crate::support::tap::bytes;

#[test]
fn a_line_that_is_lost_is_told_in_every_state() {
    type Way = (&'static str, fn(&mut Call));
    let ways: [Way; 4] = [
        ("eof", |call| call.step(Input::Eof)),
        ("half a line", |call| {
            call.hear_bytes(b"half a li", BYTES);
            call.step(Input::Eof);
        }),
        ("modem", |call| call.hear("<CR>NO CARRIER<CR>")),
        ("modem at the end", |call| {
            call.hear_bytes(b"\r\nNO CARRIER", BYTES);
            call.step(Input::Eof);
        }),
    ];
    for (way, lose) in ways {
        for (state, mut call, page, cause) in states() {
            call.says();
            lose(&mut call);
            let answered: Vec<Short> = call.answered().iter().map(|it| short(&it.fate)).collect();
            assert_eq!(answered, Vec::from_iter(page), "{state} {way}");
            assert_eq!(call.end().cause.as_ref().map(short), cause, "{state} {way}");
            assert!(!call.end().again);
            assert_eq!(call.says(), "", "{state} {way}");
        }
    }
}

#[test]
fn a_call_can_be_given_up_in_every_state() {
    for (state, mut call, page, cause) in states() {
        let end = call.sender.give_up("stopped by SIGTERM");
        if page == Some(UNKNOWN) {
            let fate = &end.answered.as_ref().unwrap().fate;
            assert_eq!(short(fate), UNKNOWN);
            assert!(fate.text.starts_with("stopped by SIGTERM"), "{}", fate.text);
        } else {
            assert_eq!(end.answered, None, "{state}");
        }
        assert_eq!(end.cause.as_ref().map(short), cause, "{state}");
        if let Some(cause) = &end.cause {
            assert!(cause.text.starts_with("stopped by SIGTERM"));
        }
        assert_eq!(call.sender.step(NOW, Input::Bytes(b"\x06\r")), []);
    }
    assert_eq!(LAST_WORDS, bytes(EOT));
}

#[test]
fn the_central_can_end_the_call_in_every_state() {
    for (state, mut call, _, _) in states() {
        call.says();
        call.hear("<CR>bye<CR><ESC><EOT><CR>");
        let end = call.end();
        match state {
            "verdict" => {
                assert_eq!(call.verdict().fate.outcome, Outcome::Temporary);
                assert!(end.again);
            }
            // Behind a NAK nobody has it; behind an ACK that may have been its own, nobody knows.
            "resting" | "confirming" => {
                let answered = call.verdict();
                assert_eq!(answered.fate.outcome, Outcome::Temporary);
                assert_eq!(answered.duplicate_possible, state == "confirming");
                assert_eq!(end.again, state == "resting");
            }
            "farewell" => assert!(end.cause.is_none() && end.answered.is_none()),
            _ => assert!(end.answered.is_none() && !end.again, "{state}"),
        }
        if let Some(cause) = &end.cause {
            let refused = (Outcome::Refused, Exit::Protocol, None);
            let fate = if state == "renewing" {
                refused
            } else {
                UNTRIED
            };
            assert_eq!(short(cause), fate, "{state}");
            assert_eq!(cause.text, "bye");
        }
        assert_eq!(call.says(), "", "{state}");
    }
}

#[test]
fn a_word_of_the_modem_counts_only_as_a_whole_line_and_where_it_can_be_one() {
    for said in [
        "NO CARRIER to 5550000<CR>",
        "511 NO CARRIER<CR>",
        "BUSY<CR>",
        "NO ANSWER<CR>",
    ] {
        let mut call = Call::at_verdict();
        call.hear(said);
        assert_eq!(call.waits, Some(Phase::Verdict), "{said}");
    }
}

#[test]
fn the_farewell_is_heard_to_its_end() {
    for (said, taken_back) in [
        ("115 Bye<CR>", None),
        // One ACK more can only be the one block's; a NAK says no to something.
        ("<ACK><CR>ID=<CR>", None),
        ("<NAK><CR>", Some(SHIFTED)),
        ("<CR><ACK><CR><NAK>", Some(SHIFTED)),
        // What may be a verdict on a page, and what is none.
        ("511 Who<CR>", Some("511 Who")),
        ("112 Full<CR>501 Timeout<CR>514 Sum<CR>", None),
        (
            "<RS><CR>",
            Some("the central refuses a page of this call (RS after EOT)"),
        ),
        ("511 Who<CR><RS><CR>115 Bye<CR>", Some("511 Who")),
        ("Page 2 is bad<RS><CR>", Some("Page 2 is bad")),
        ("511 Who<CR><RS>", Some("511 Who")),
    ] {
        for end in ["<ESC><EOT><CR>", "eof", "silence"] {
            let mut call = Call::at_farewell();
            call.hear(said);
            assert_eq!(call.waits, Some(Phase::Farewell));
            match end {
                "eof" => call.step(Input::Eof),
                "silence" => {
                    while !call.ended() {
                        call.pass(Phase::Farewell);
                    }
                }
                // Behind its own CR.
                end => call.hear(&format!("<CR>{end}")),
            }
            assert_eq!(call.end().taken_back.as_deref(), taken_back, "{said} {end}");
            assert_eq!(call.end().cause, None);
            assert_eq!(call.says(), "");
        }
    }
}

#[test]
fn a_call_without_a_page_is_a_logon_and_a_farewell() {
    let mut call = Call::new(settings(), Vec::new());
    call.hear("ID=");
    call.hear(WELCOME);
    assert_eq!(call.says(), format!("<CR>{LOGON}{EOT}"));
    call.hear("<ESC><EOT><CR>");
    assert!(call.answered().is_empty() && call.end().cause.is_none());
}

#[test]
fn every_line_is_shown_as_it_was_heard() {
    let mut call = Call::new(settings(), hi());
    call.hear("<NUL>Hi<CR><LF>ID= <CR>");
    call.hear("<XOFF>110 1.8<XON><CR><ACK><CR><ESC>[p<CR>");
    call.hear("211 O");
    call.pass(Phase::Verdict);
    call.hear("K<CR>half");
    call.step(Input::Eof);
    assert_eq!(
        call.heard(),
        [
            "Hi<CR>",
            "ID=",
            " <CR>",
            "110 1.8<CR>",
            "<ACK><CR>",
            "<ESC>[p<CR>",
            "211 O",
            "K<CR>",
            "half"
        ]
    );
}
