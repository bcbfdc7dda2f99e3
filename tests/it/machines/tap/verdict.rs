//! The sending machine of TAP: what a verdict makes of a page.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::{Input, Phase};

use super::{
    Call, EOT, HI, SENT, SENT_211, UNKNOWN, UNTRIED, page, refused, settings, short, temporary,
};
use crate::machines::{BYTES, WHOLE};
use crate::support::tap::bytes;

#[test]
fn a_verdict_makes_a_fate() {
    use Outcome::{Queued, Refused, Temporary};
    for (said, fate, text) in [
        ("<ACK><CR>", SENT, "accepted (ACK)"),
        ("<CR><ACK><CR>", SENT, "accepted (ACK)"),
        ("211 OK<CR><ACK><CR>", SENT_211, "OK"),
        ("211 OK<ACK><CR>", SENT_211, "OK"),
        ("211 OK<CR>and more<CR><ACK><CR>", SENT_211, "OK"),
        ("211 OK<CR>115 Bye<CR><ACK><CR>", SENT_211, "OK"),
        ("211<CR><ACK><CR>", SENT_211, ""),
        (
            "213 Held<CR><ACK><CR>",
            (Queued, Exit::Ok, Some(213)),
            "Held",
        ),
        ("1 pages sent<CR><ACK><CR>", SENT, "1 pages sent"),
        ("114 Hm<CR><ACK><CR>", SENT, "114 Hm"),
        // The verdict decides, whatever the code.
        ("511 No<CR><ACK><CR>", SENT, "511 No"),
        (
            "<RS><CR>",
            (Refused, Exit::NoUser, None),
            "the central refuses the page (RS)",
        ),
        (
            "No such ID<CR><RS><CR>",
            (Refused, Exit::NoUser, None),
            "No such ID",
        ),
        (
            "No such ID<RS><CR>",
            (Refused, Exit::NoUser, None),
            "No such ID",
        ),
        ("510 Bad<CR><RS><CR>", refused(Exit::NoUser, 510), "Bad"),
        (
            "511 Bad<CR> 980 of 3<CR><RS><CR>",
            refused(Exit::NoUser, 511),
            "Bad",
        ),
        ("511 A<CR>512 B<CR><RS><CR>", temporary(512), "B"),
        (
            "517 80 maximum<CR><RS><CR>",
            refused(Exit::Data, 517),
            "80 maximum",
        ),
        ("516 Quota<CR><RS><CR>", temporary(516), "Quota"),
        (
            "502 What<CR><RS><CR>",
            (Temporary, Exit::Protocol, Some(502)),
            "What",
        ),
        ("113 Time<CR><RS><CR>", temporary(113), "Time"),
        (
            "511 A<CR>113 B<CR><RS><CR>",
            refused(Exit::NoUser, 511),
            "A",
        ),
        ("599 x<CR><RS><CR>", refused(Exit::Unavailable, 599), "x"),
        (
            "211 OK<CR><RS><CR>",
            (Refused, Exit::NoUser, None),
            "211 OK",
        ),
        ("<ESC>[31m<CR><ACK><CR>", SENT, "^[[31m"),
    ] {
        let mut call = Call::at_verdict();
        call.hear(said);
        let answered = call.verdict();
        assert_eq!(short(&answered.fate), fate, "{said}");
        assert_eq!(answered.fate.text, text, "{said}");
        assert!(!answered.duplicate_possible && !call.sender.is_worn());
        let full = said.contains("113");
        assert_eq!(answered.call_is_full, full, "{said}");
        // The call goes on.
        assert_eq!(call.says(), EOT);
    }
}

#[test]
fn what_the_central_says_of_its_own_is_bounded_and_safe_to_print() {
    let mut call = Call::at_verdict();
    call.hear(&format!("511 {}<ESC>[2J<RS><CR>", "x".repeat(3000)));
    let text = &call.verdict().fate.text;
    assert_eq!(text.chars().count(), 200);
    assert!(text.chars().all(|c| c == 'x'));
    assert_eq!(short(&call.verdict().fate), refused(Exit::NoUser, 511));
}

#[test]
fn a_verdict_needs_no_cr_if_nothing_follows_it() {
    // In time to save the page from going out twice.
    let mut call = Call::at_verdict();
    call.hear("211 OK<CR><ACK>");
    call.pass(Phase::Verdict);
    assert_eq!(short(&call.verdict().fate), SENT_211);
    assert!(!call.sender.is_worn());
    assert_eq!(call.says(), EOT);
    // And the line may take the CR with it.
    let mut call = Call::at_verdict();
    call.hear("112 Full<CR><ESC><EOT>");
    call.step(Input::Eof);
    assert_eq!(short(&call.verdict().fate), temporary(112));
    assert!(call.end().again);
}

#[test]
fn a_verdict_that_was_there_before_is_not_that_of_the_page() {
    let mut call = Call::sending(settings(), vec![page("5550000", "Hi"); 2]);
    // Behind the verdict, in one read with it and by itself.
    call.hear_bytes(&bytes("<ACK><CR><ACK><CR>211 OK<CR><AC"), WHOLE);
    assert_eq!(call.waits, Some(Phase::Quiet));
    call.hear_bytes(&bytes("<NAK><CR>211 again<CR><ACK>"), BYTES);
    assert_eq!(call.says(), "");
    call.calm();
    assert_eq!(call.says(), HI);
    // The CR of what was thrown away.
    call.hear("<CR>");
    assert_eq!(call.answered().len(), 1);
    assert_eq!(call.waits, Some(Phase::Verdict));
    call.hear("512 Later<CR><RS><CR>");
    assert_eq!(short(&call.answered()[1].fate), temporary(512));
    // Nor is a code that was.
    let mut call = Call::sending(settings(), vec![page("5550000", "Hi"); 2]);
    call.hear_bytes(&bytes("<ACK><CR>512 Later<CR>"), WHOLE);
    call.calm();
    call.hear("<RS><CR>");
    assert_eq!(
        short(&call.answered()[1].fate),
        (Outcome::Refused, Exit::NoUser, None)
    );
}

#[test]
fn an_end_of_the_call_instead_of_a_verdict_is_worth_another_call_or_not() {
    for (said, fate, again) in [
        ("", (Outcome::Temporary, Exit::TempFail, None), true),
        ("112 Full<CR>", temporary(112), true),
        (
            "115 Bye<CR>",
            (Outcome::Temporary, Exit::TempFail, None),
            true,
        ),
        ("511 Bad<CR>", refused(Exit::NoUser, 511), false),
        ("506 Many<CR>", refused(Exit::Unavailable, 506), true),
        ("503 Sums<CR>", temporary(503), true),
    ] {
        let mut call = Call::at_verdict();
        call.hear(said);
        call.hear("<ESC><EOT><CR>");
        assert_eq!(short(&call.verdict().fate), fate, "{said}");
        assert_eq!(call.end().again, again, "{said}");
        assert_eq!(call.cause().outcome, Outcome::Untried);
        assert_eq!(call.says(), "", "no EOT is sent");
    }
    // One that may be out already never goes again by itself.
    let mut call = Call::at_verdict();
    call.pass(Phase::Verdict);
    call.hear("<ESC><EOT><CR>");
    assert!(!call.end().again && call.verdict().duplicate_possible);
}

#[test]
fn a_central_that_begins_anew_has_not_judged_the_page() {
    for said in ["ID=<CR>", "<CR>ID= <LF><CR>", "PageCo 2<CR>ID=ID=<CR>"] {
        let mut call = Call::at_verdict();
        call.hear(said);
        assert_eq!(short(&call.verdict().fate), UNKNOWN, "{said}");
        assert_eq!(short(call.cause()), UNTRIED);
        assert_eq!(call.says(), "");
    }
    // Not before its silence shows that nothing follows.
    let mut call = Call::at_verdict();
    call.hear("<CR>ID=");
    assert!(!call.ended());
    call.pass(Phase::Verdict);
    assert_eq!(short(&call.verdict().fate), UNKNOWN);
    assert_eq!(call.says(), "", "no block is sent for a logon");
    let mut call = Call::at_verdict();
    call.hear("ID=5550000 paged<CR><ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT);
}
