//! The sending machine of TAP: blocks sent again, pages of many blocks, and waits.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::tap::page::Page;
use pagebox::protocol::{Input, Phase};

use super::{
    Call, Did, EOT, HI, SENT, SENT_211, UNKNOWN, UNTRIED, hi, long, page, refused, settings, short,
    temporary,
};
use crate::machines::{BYTES, WHOLE};
use crate::support::tap::bytes;

#[test]
fn nak_has_the_same_block_sent_again_and_then_no_more() {
    for (said, fate, text) in [
        (
            "<NAK><CR>",
            (Outcome::Temporary, Exit::TempFail, None),
            "checksum errors (NAK)",
        ),
        ("514 Sum<CR><NAK><CR>", temporary(514), "Sum"),
        ("511 Bad<CR><NAK><CR>", refused(Exit::NoUser, 511), "Bad"),
    ] {
        let mut call = Call::sending(settings(), vec![page("5550000", "Hi"); 2]);
        for resends in 1..=3 {
            call.hear(said);
            assert_eq!(call.says(), "");
            call.pass(Phase::Drain);
            assert_eq!(call.says(), HI);
            // A second one may be the first once more.
            assert_eq!(call.sender.is_worn(), resends > 1);
        }
        call.hear(said);
        assert_eq!(short(&call.verdict().fate), fate);
        assert_eq!(call.verdict().fate.text, text);
        assert!(!call.verdict().duplicate_possible);
        assert!(call.sender.is_worn());
        // The next page counts anew.
        assert_eq!(call.says(), HI);
        call.hear_out(said);
        assert_eq!(call.says(), HI);
        call.hear("<ACK><CR>");
        assert_eq!(short(&call.answered()[1].fate), SENT);
    }
    // What was said to a NAK explains nothing that comes later.
    let mut call = Call::at_verdict();
    call.hear_out("514 Sum<CR><NAK><CR>");
    call.hear("<RS><CR>");
    assert_eq!(
        short(&call.verdict().fate),
        (Outcome::Refused, Exit::NoUser, None)
    );
}

#[test]
fn silence_has_a_block_sent_again_and_then_nobody_knows() {
    let mut call = Call::at_verdict();
    for _ in 0..3 {
        call.pass(Phase::Verdict);
        assert_eq!(call.says(), HI);
        assert!(call.sender.is_worn());
    }
    call.pass(Phase::Verdict);
    assert_eq!(short(&call.verdict().fate), UNKNOWN);
    assert!(call.verdict().duplicate_possible);
    assert_eq!(call.says(), EOT);

    for (said, fate) in [
        ("211 OK<CR><ACK><CR>", SENT_211),
        ("511 Bad<CR><RS><CR>", refused(Exit::NoUser, 511)),
    ] {
        let mut call = Call::at_verdict();
        call.pass(Phase::Verdict);
        call.hear(said);
        assert_eq!(short(&call.verdict().fate), fate);
        assert!(call.verdict().duplicate_possible && call.sender.is_worn());
    }
    // Counted together with NAKs.
    let mut call = Call::at_verdict();
    call.hear_out("<NAK><CR>");
    call.pass(Phase::Verdict);
    call.hear_out("<NAK><CR>");
    assert_eq!(call.says(), HI.repeat(3));
    call.hear("<NAK><CR>");
    assert_eq!(call.verdict().fate.outcome, Outcome::Temporary);
    assert!(call.verdict().duplicate_possible);
}

#[test]
fn a_call_that_is_over_before_a_page_began_leaves_it_untried() {
    for (said, fate) in [
        ("<ESC><EOT><CR>", UNTRIED),
        (
            "112 Full<CR><ESC><EOT><CR>",
            (Outcome::Untried, Exit::TempFail, Some(112)),
        ),
        (
            "112 Full<CR><ESC><EOT>",
            (Outcome::Untried, Exit::TempFail, Some(112)),
        ),
        ("NO CARRIER<CR>", UNTRIED),
    ] {
        for sizes in [WHOLE, BYTES] {
            let mut call = Call::sending(settings(), vec![page("5550000", "Hi"); 2]);
            call.hear_bytes(&bytes(&format!("211 OK<CR><ACK><CR>{said}")), sizes);
            if !call.ended() {
                call.calm();
            }
            assert_eq!(call.says(), "", "{said}");
            assert_eq!(short(&call.verdict().fate), SENT_211);
            assert_eq!(short(call.cause()), fate, "{said}");
            assert!(call.end().answered.is_none() && !call.end().again);
        }
    }
}

#[test]
fn a_page_in_blocks_is_accepted_with_its_last() {
    let mut call = Call::sending(settings(), long());
    call.hear("214 200 maximum<CR><ACK><CR>");
    call.hear_out("<NAK><CR>");
    assert!(call.answered().is_empty());
    call.hear("<ACK><CR>");
    // The third has tries of its own.
    for _ in 0..2 {
        call.hear_out("<NAK><CR>");
    }
    call.pass(Phase::Verdict);
    call.hear("211 OK<CR><ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT_211);
    assert!(call.verdict().is_cut && call.verdict().duplicate_possible);
    assert!(call.says().ends_with(EOT));

    for (said, fate) in [
        ("511 Bad<CR><RS><CR>", refused(Exit::NoUser, 511)),
        ("<RS><CR>", (Outcome::Refused, Exit::NoUser, None)),
    ] {
        let mut call = Call::sending(settings(), long());
        call.says();
        call.hear("211 OK<CR><ACK><CR>");
        assert!(call.says().starts_with("<STX>MMM"));
        call.hear(said);
        assert_eq!(short(&call.verdict().fate), fate);
        assert_eq!(call.says(), EOT);
    }
    // The end of the call between two blocks, and at the second.
    for said in [
        "<ACK><CR><ESC><EOT><CR>",
        "<ACK><CR>513 Long<CR><ESC><EOT><CR>",
    ] {
        for calm in [false, true] {
            let mut call = Call::sending(settings(), long());
            let (ack, rest) = said.split_at("<ACK><CR>".len());
            call.hear_bytes(&bytes(ack), BYTES);
            if calm {
                call.calm();
            }
            call.hear(rest);
            let fate = short(&call.verdict().fate);
            if said.contains("513") {
                assert_eq!(fate, refused(Exit::Data, 513));
            } else {
                assert_eq!(fate, (Outcome::Temporary, Exit::TempFail, None));
            }
            assert_eq!(call.end().again, !said.contains("513"));
        }
    }
    let mut call = Call::sending(settings(), long());
    call.hear_bytes(b"\x06\r", BYTES);
    assert_eq!(call.waits, Some(Phase::Quiet));
    call.step(Input::Eof);
    assert_eq!(short(&call.verdict().fate), UNKNOWN);
}

#[test]
fn please_wait_is_waited_for_and_not_for_ever() {
    let mut call = Call::at_verdict();
    for number in 1..=120 {
        call.hear("111 Wait<CR>");
        assert_eq!(call.progress(), number);
        assert_eq!(call.waits, Some(Phase::Verdict));
    }
    call.hear("111 Wait<CR>");
    assert_eq!(short(&call.verdict().fate), UNKNOWN);
    assert!(!call.verdict().duplicate_possible && call.sender.is_worn());
    assert_eq!(call.says(), EOT);

    // For each page anew.
    let mut call = Call::sending(settings(), vec![page("5550000", "Hi"); 2]);
    for number in 0..2 {
        call.hear(&"111 Wait<CR>".repeat(120));
        call.hear("211 OK<CR><ACK><CR>");
        assert_eq!(short(&call.answered()[number].fate), SENT_211);
    }

    // During the logon and the go-ahead as well.
    for acked in ["", "<ACK><CR>"] {
        let mut call = Call::new(settings(), hi());
        call.hear("ID=");
        call.hear(acked);
        call.hear(&"111 Wait<CR>".repeat(120));
        assert_eq!(call.progress(), 120);
        assert!(!call.ended());
        call.hear("111 Wait<CR>");
        assert_eq!(short(call.cause()), UNTRIED);
    }
    // Where nothing is under way it is a text like any other.
    let mut call = Call::new(settings(), hi());
    call.hear("111 Wait<CR>");
    assert_eq!(call.progress(), 0);
}

#[test]
fn nothing_in_an_echo_is_a_verdict_or_a_code() {
    let text = "511 No\nNO CARRIER\n111 Wait\nID=";
    let echoing = || {
        let page = Page::new("5550000", text, true, true).unwrap();
        Call::sending(settings(), vec![page])
    };
    let mut call = echoing();
    let Some(Did::Said(block)) = call.did.last().cloned() else {
        panic!("a block");
    };
    call.hear_bytes(&block.bytes, BYTES);
    assert_eq!(call.waits, Some(Phase::Verdict));
    assert_eq!(call.progress(), 0);
    call.hear("<ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT);
    assert_eq!(call.verdict().fate.text, "accepted (ACK)");
    // That of EOT says nothing, and is waited behind.
    call.hear(EOT);
    assert_eq!(call.waits, Some(Phase::Farewell));
    // One that is damaged does not swallow the verdict.
    let mut call = echoing();
    call.hear_bytes(&block.bytes[..20], BYTES);
    call.hear("<CR><ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT);
    // One of each transmission.
    let mut call = echoing();
    call.hear_bytes(&block.bytes, WHOLE);
    call.hear("<NAK><CR>");
    call.hear_bytes(&block.bytes, WHOLE);
    call.hear("211 OK<CR><ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT_211);
}
