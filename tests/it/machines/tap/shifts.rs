//! The sending machine of TAP: the answer to one thing is never taken for that to another, however
//! late it comes, and where it could have been, nobody is told that a page was sent.

mod logons;

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::{Input, Phase};

use super::{
    Call, EOT, HI, LOGON, SENT, SENT_211, SHIFTED, Short, UNKNOWN, WELCOME, hi, long, page,
    refused, settings, short,
};
use crate::machines::{BYTES, WHOLE};
use crate::support::Dice;
use crate::support::tap::bytes;

/// What passes in a call, in order.
enum Turn {
    /// The central says this.
    Central(&'static str),
    /// We have said this since the last time, not counting what a quiet line lets out.
    Client(String),
    /// The time for this has run out.
    Passes(Phase),
}
use Turn::{Central, Passes};

fn client(said: &str) -> Turn {
    Turn::Client(said.to_owned())
}

/// What a page's fate is, whether it may arrive twice, and what the end takes back.
type Told = (Vec<(Short, bool)>, Option<String>);

/// Plays it whole, byte by byte and in random chunks, up to a farewell that ends with ESC EOT.
#[track_caller]
fn told(pages: usize, turns: &[Turn]) -> Told {
    let mut dice = Dice::new(7);
    let chunks: Vec<usize> = (0..40).map(|_| 1 + dice.below(5)).collect();
    let calls = [WHOLE, BYTES, &chunks].map(|sizes| {
        let mut call = Call::new(settings(), vec![page("5550000", "Hi"); pages]);
        call.hear("ID=");
        assert_eq!(call.says(), format!("<CR>{LOGON}"));
        for turn in turns {
            match turn {
                Central(said) => call.hear_bytes(&bytes(said), sizes),
                Turn::Client(said) => {
                    call.calm();
                    assert_eq!(call.says(), *said);
                }
                Passes(phase) => call.pass(*phase),
            }
        }
        if !call.ended() {
            assert_eq!(call.waits, Some(Phase::Farewell));
            call.hear("<ESC><EOT><CR>");
        }
        call
    });
    assert_eq!(calls[0].did, calls[1].did, "byte by byte");
    assert_eq!(calls[0].did, calls[2].did, "in chunks of {chunks:?}");
    let answered = calls[0].answered();
    let fates = answered.iter();
    let fates = fates.map(|it| (short(&it.fate), it.duplicate_possible));
    (fates.collect(), calls[0].end().taken_back.clone())
}

fn sent() -> Told {
    (vec![(SENT, false)], None)
}

fn taken_back() -> Told {
    (vec![(SENT, false)], Some(SHIFTED.to_owned()))
}

#[test]
fn a_page_goes_no_further_behind_a_block_that_was_sent_again_after_silence() {
    // The second copy's ACK must not be the next block's.
    for sizes in [WHOLE, BYTES] {
        let mut call = Call::sending(settings(), long());
        call.pass(Phase::Verdict);
        call.says();
        call.hear_bytes(&bytes("<ACK><CR>"), sizes);
        call.calm();
        assert_eq!(call.says(), EOT);
        assert!(call.sender.is_worn() && call.verdict().duplicate_possible);
        assert_eq!(short(&call.verdict().fate), UNKNOWN);
        // The second copy's is owed.
        call.hear("<ACK><CR><ESC><EOT><CR>");
        assert_eq!(call.end().taken_back, None);
    }
}

#[test]
fn a_positive_code_without_an_ack_is_no_verdict_and_not_sent_again() {
    for said in [
        "211 Page(s) sent<CR><ESC><EOT><CR>",
        "211 Sent<CR>112 Full<CR><ESC><EOT><CR>",
        "213 Held<ESC><EOT><CR>",
    ] {
        for sizes in [WHOLE, BYTES] {
            let mut call = Call::at_verdict();
            call.hear_bytes(&bytes(said), sizes);
            let (outcome, exit, _) = short(&call.verdict().fate);
            assert_eq!((outcome, exit), (Outcome::Unknown, Exit::Unknown), "{said}");
            assert!(!call.end().again);
            assert_eq!(short(call.cause()).0, Outcome::Untried);
        }
    }
    let mut call = Call::at_verdict();
    call.hear("211 Sent<CR>513 No<CR><ESC><EOT><CR>");
    assert_eq!(short(&call.verdict().fate), refused(Exit::Data, 513));
}

#[test]
fn a_nak_that_comes_twice_has_the_block_sent_once() {
    let turns = [
        Central(WELCOME),
        client(HI),
        Central("<NAK><CR>"),
        client(""),
        Central("514 Sum<CR><NAK><CR>"),
        client(""),
        Passes(Phase::Drain),
        client(HI),
        Central("<ACK><CR>"),
        client(HI),
        Central("511 No<CR><RS><CR>"),
        client(EOT),
    ];
    let fates = vec![(SENT, false), (refused(Exit::NoUser, 511), false)];
    assert_eq!(told(2, &turns), (fates, None));
    // The second one comes late: there is one copy more than ACKs can be told apart.
    for (late, why) in [
        ("<ACK><CR>", None),
        ("<NAK><CR>", Some(SHIFTED)),
        ("112 max<CR><ESC><EOT><CR>", Some("112 max")),
    ] {
        let turns = [
            Central(WELCOME),
            client(HI),
            Central("<NAK><CR>"),
            Passes(Phase::Drain),
            client(HI),
            Central("<NAK><CR>"),
            Passes(Phase::Drain),
            client(HI),
            Central("<ACK><CR>"),
            client(EOT),
            Central(late),
        ];
        let why = why.map(str::to_owned);
        assert_eq!(told(1, &turns), (vec![(SENT, false)], why), "{late}");
    }
}

#[test]
fn a_nak_for_noise_is_not_the_blocks() {
    // What judges the block comes at once.
    let temporary = (Outcome::Temporary, Exit::TempFail, None);
    for (said, fate) in [
        ("<ACK><CR>", SENT),
        ("211 OK<CR><ACK><CR>", SENT_211),
        ("511 No<CR><RS><CR>", refused(Exit::NoUser, 511)),
        ("<ESC><EOT><CR>", temporary),
        ("ID=<CR>", UNKNOWN),
    ] {
        let turns = [
            Central(WELCOME),
            client(HI),
            Central("514 Sum<CR><NAK><CR>"),
            client(""),
            Central(said),
        ];
        assert_eq!(told(1, &turns), (vec![(fate, false)], None), "{said}");
    }
    // Or when the block has gone out again: the second copy may be accepted too, or its ACK be
    // taken for the next page's.
    let begin = || {
        vec![
            Central(WELCOME),
            client(HI),
            Central("<NAK><CR>"),
            Passes(Phase::Drain),
            client(HI),
            Central("<ACK><CR>"),
        ]
    };
    let mut turns = begin();
    turns.extend([client(EOT), Central("<ACK><CR>")]);
    assert_eq!(told(1, &turns), sent());
    let mut turns = begin();
    turns.extend([client(HI), Central("<ACK><CR>"), client(EOT)]);
    turns.push(Central("514 Sum<CR><NAK><CR>"));
    let fates = vec![(SENT, false), (SENT, false)];
    assert_eq!(told(2, &turns), (fates, Some(SHIFTED.to_owned())));
}

#[test]
fn an_answer_that_comes_twice_is_found_out() {
    // A logon's.
    let turns = [
        Central(WELCOME),
        client(HI),
        Central("<ACK><CR>"),
        client(EOT),
        Central("<NAK><CR>"),
    ];
    assert_eq!(told(1, &turns), taken_back());
    // A page's, when the next one is out. Among nothing but ACKs it does not
    // matter whose is whose, and some centrals answer EOT with one.
    for (last, why) in [("<ACK><CR>", None), ("<NAK><CR>", Some(SHIFTED.to_owned()))] {
        let turns = [
            Central(WELCOME),
            client(HI),
            Central("<ACK><CR>"),
            client(HI),
            Central("<ACK><CR>"),
            client(EOT),
            Central(last),
        ];
        let fates = vec![(SENT, false), (SENT, false)];
        assert_eq!(told(2, &turns), (fates, why), "{last}");
    }
    // A refusal before a page began is that of another one; an ACK is only one too many.
    for (stray, why) in [
        ("<NAK><CR>", Some(SHIFTED)),
        ("<RS><CR>", Some(SHIFTED)),
        ("<ACK><CR>", None),
    ] {
        let mut call = Call::sending(settings(), [hi(), hi()].concat());
        call.hear_bytes(&bytes("<ACK><CR>"), BYTES);
        assert_eq!(call.waits, Some(Phase::Quiet));
        call.hear(stray);
        assert_eq!(call.sender.is_worn(), why.is_some());
        call.hear("<ACK><CR><ESC><EOT><CR>");
        assert_eq!(call.end().taken_back.as_deref(), why, "{stray}");
    }
    // What a block that was sent again after silence is owed, is no news.
    let turns = [
        Central(WELCOME),
        client(HI),
        Passes(Phase::Verdict),
        client(HI),
        Central("<ACK><CR>"),
        client(EOT),
        Central("<NAK><CR>"),
    ];
    assert_eq!(told(1, &turns), (vec![(SENT, true)], None));
    let mut call = Call::at_farewell();
    call.hear("<NAK><CR>");
    call.step(Input::Eof);
    assert_eq!(call.end().taken_back.as_deref(), Some(SHIFTED));
}

#[test]
fn an_ack_to_eot_takes_nothing_back_and_one_behind_a_nak_is_told() {
    let call = |turns: &[&str], twice: bool| {
        let mut call = Call::new(settings(), vec![page("5550000", "Hi"); 3]);
        call.hear("ID=");
        call.hear(WELCOME);
        for said in turns {
            if said.contains("<NAK>") {
                call.hear_out(said);
            } else {
                call.hear(said);
            }
        }
        call.hear("<ACK><CR><ESC><EOT><CR>");
        assert_eq!(call.end().taken_back, None, "{turns:?}");
        assert_eq!(call.end().may_arrive_twice, twice, "{turns:?}");
    };
    call(&["<ACK><CR>", "<ACK><CR>", "<ACK><CR>"], false);
    call(
        &[
            "211 OK<CR><ACK><CR>",
            "511 No<CR><RS><CR>",
            "211 OK<CR><ACK><CR>",
        ],
        false,
    );
    call(&["<NAK><CR>", "<ACK><CR>", "<ACK><CR>", "<ACK><CR>"], true);
}
