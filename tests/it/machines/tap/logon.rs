//! The sending machine of TAP: the logon and the go-ahead.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::tap::sender::{Escape, LineEnd, Settings};
use pagebox::protocol::{Input, Phase};

use super::{Call, Did, HI, LOGON, SENT, UNTRIED, hi, page, secret, settings, short};
use crate::machines::WHOLE;
use crate::support::tap::shown;

#[test]
fn a_password_goes_out_in_one_write_and_is_shown_nowhere() {
    let mut call = Call::new(secret(), hi());
    call.hear("ID=");
    call.hear("<ESC>PG1hunter2<CR>114 hunter2 is no good, hunter2<CR>");
    call.hear("509 wrong: hunter2<CR><ESC><EOT><CR>");
    let shown = call.did.iter().filter_map(|did| match did {
        Did::Said(wire) | Did::Heard(wire) => Some(wire),
        _ => None,
    });
    let mut masked = Vec::new();
    for wire in shown {
        let mut bytes = wire.bytes.clone();
        if let Some(secret) = wire.secret.clone() {
            bytes.splice(secret, *b"*");
        }
        masked.push(crate::support::tap::shown(&bytes));
    }
    assert_eq!(
        masked,
        [
            "<CR>",
            "ID=",
            "<ESC>PG1*<CR>",
            "<ESC>PG1*<CR>",
            "114 *<CR>",
            "509 wrong: *<CR>",
            "<ESC><EOT><CR>"
        ]
    );
    assert_eq!(call.cause().text, "wrong: ***");
    let told = format!("{:?} {:?}", call.end(), call.sender.findings());
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn an_echo_of_a_logon_shows_no_part_of_its_password_when_the_line_breaks() {
    let mut call = Call::new(secret(), hi());
    call.hear("ID=");
    call.hear("<ESC>PG1hunt");
    call.pass(Phase::Logon);
    call.hear("er2<CR><ESC>PG1hun");
    call.step(Input::Eof);
    for did in &call.did {
        if let Did::Heard(wire) = did {
            let mut bytes = wire.bytes.clone();
            if let Some(secret) = wire.secret.clone() {
                bytes.drain(secret);
            }
            let shown = shown(&bytes);
            assert!(!shown.contains("hun") && !shown.contains("er2"), "{shown}");
        }
    }
}

#[test]
fn an_empty_password_is_none() {
    let password = Some(String::new());
    let mut call = Call::new(
        Settings {
            password,
            ..settings()
        },
        hi(),
    );
    call.says();
    call.hear("ID=");
    assert_eq!(call.says(), LOGON);
    for _ in 0..3 {
        call.hear("<NAK><CR>");
        call.rest();
    }
    assert_eq!(call.cause().exit, Exit::Protocol);
}

#[test]
fn a_logon_is_said_three_times_at_most() {
    use Outcome::{Refused, Untried};
    let refused = "the central refuses the logon";
    for (answers, password, fate, text) in [
        (
            ["<NAK><CR>"; 3],
            false,
            (Refused, Exit::Protocol, None),
            refused,
        ),
        (
            ["<NAK><CR>"; 3],
            true,
            (Refused, Exit::NoPermission, None),
            refused,
        ),
        (["ID="; 3], false, (Refused, Exit::Protocol, None), refused),
        (
            ["<CR>ID=<CR>"; 3],
            true,
            (Refused, Exit::NoPermission, None),
            refused,
        ),
        (
            ["<RS><CR>"; 3],
            false,
            (Refused, Exit::Protocol, None),
            refused,
        ),
        (
            ["507 Bad<CR><NAK><CR>"; 3],
            true,
            (Refused, Exit::Config, Some(507)),
            "Bad",
        ),
        (
            ["508 No PG1<CR>ID="; 3],
            true,
            (Refused, Exit::Config, Some(508)),
            "No PG1",
        ),
        (
            ["509 No<NAK><CR>"; 3],
            false,
            (Refused, Exit::NoPermission, Some(509)),
            "No",
        ),
        (
            ["Get lost<CR><NAK><CR>"; 3],
            false,
            (Refused, Exit::Protocol, None),
            "Get lost",
        ),
        ([""; 3], true, UNTRIED, "no answer to 3 logons"),
        (
            ["<NAK><CR>", "<NAK><CR>", ""],
            true,
            UNTRIED,
            "no answer to 3 logons",
        ),
        (
            ["", "", "<NAK><CR>"],
            false,
            (Refused, Exit::Protocol, None),
            refused,
        ),
        (
            ["<NAK><CR>", "", "Bye<CR><ESC><EOT><CR>"],
            true,
            (Refused, Exit::NoPermission, None),
            "Bye",
        ),
        (
            ["", "", "112 Full<CR><ESC><EOT><CR>"],
            true,
            (Untried, Exit::TempFail, Some(112)),
            "Full",
        ),
    ] {
        let mut call = Call::new(if password { secret() } else { settings() }, hi());
        call.hear("ID=");
        for (at, answer) in answers.iter().enumerate() {
            assert!(call.says().contains("<ESC>PG1"), "{answers:?}");
            call.hear(answer);
            assert_eq!(call.ended(), at == 2 && !answer.is_empty(), "{answers:?}");
            if answer.is_empty() {
                call.pass(Phase::Logon);
            }
            call.rest();
        }
        assert_eq!(call.says(), "");
        assert_eq!(short(call.cause()), fate, "{answers:?}");
        assert_eq!(call.cause().text, text, "{answers:?}");
    }
}

#[test]
fn an_end_during_the_logon_says_whether_another_call_would_help() {
    use Outcome::{Refused, Untried};
    for (code, fate) in [
        ("", UNTRIED),
        ("Busy<CR>", UNTRIED),
        ("112 x<CR>", (Untried, Exit::TempFail, Some(112))),
        ("113 x<CR>", (Untried, Exit::TempFail, Some(113))),
        ("501 x<CR>", (Untried, Exit::TempFail, Some(501))),
        ("502 x<CR>", (Untried, Exit::Protocol, Some(502))),
        ("509 x<CR>", (Refused, Exit::NoPermission, Some(509))),
        ("507 x<CR>", (Refused, Exit::Config, Some(507))),
        ("508 x<CR>", (Refused, Exit::Config, Some(508))),
        ("555 x<CR>", (Refused, Exit::Unavailable, Some(555))),
    ] {
        for acked in ["", "<ACK><CR>"] {
            let mut call = Call::new(secret(), hi());
            call.hear("ID=");
            call.hear(acked);
            call.hear(code);
            call.hear("<ESC><EOT><CR>");
            assert_eq!(short(call.cause()), fate, "{acked}{code}");
            assert_eq!(call.end().answered, None);
        }
    }
}

#[test]
fn the_goahead_is_waited_for_or_done_without() {
    let mut call = Call::new(settings(), hi());
    call.hear("ID=");
    call.hear("<ACK><CR>114 Hello<CR>");
    call.pass(Phase::GoAhead);
    assert_eq!(
        short(call.cause()),
        (Outcome::Untried, Exit::Protocol, None)
    );
    assert!(call.cause().text.contains("no go-ahead"));

    let without = || Settings {
        goahead: false,
        ..settings()
    };
    let mut call = Call::new(without(), hi());
    call.hear("ID=");
    call.hear("<ACK><CR>");
    call.pass(Phase::GoAhead);
    call.calm();
    assert!(call.says().ends_with(HI));
    // It comes late, and is no verdict.
    call.hear("<ESC>[p<CR>");
    assert_eq!(call.waits, Some(Phase::Verdict));
    call.hear("<ACK><CR>");
    assert_eq!(short(&call.verdict().fate), SENT);

    // The ACK without its CR, the go-ahead without its.
    for said in ["<ACK><ESC>[p<CR>", "<ACK><CR><ESC>[p", "Hello<ESC>[p<CR>"] {
        let mut call = Call::new(settings(), hi());
        call.says();
        call.hear("ID=");
        call.hear(said);
        if call.waits == Some(Phase::GoAhead) {
            call.pass(Phase::GoAhead);
        }
        call.rest();
        assert_eq!(call.says(), LOGON.to_owned() + HI, "{said}");
    }
    // A central that begins anew does not get a block for a logon.
    let mut call = Call::new(without(), hi());
    call.hear("ID=");
    call.hear("<ACK><CR><CR>ID=");
    call.pass(Phase::GoAhead);
    assert_eq!(short(call.cause()), UNTRIED);
    assert!(call.cause().text.contains("logon again"));
}

#[test]
fn an_ack_that_lost_its_cr_is_no_silence() {
    let mut call = Call::new(settings(), hi());
    call.hear("ID=");
    call.says();
    call.hear("110 1.8<CR><ACK>");
    call.pass(Phase::Logon);
    assert_eq!(call.waits, Some(Phase::GoAhead));
    assert_eq!(call.says(), "");
}

#[test]
fn a_message_or_an_echo_with_id_in_it_asks_for_no_logon() {
    let mut call = Call::new(
        Settings {
            password: Some("ID=7".to_owned()),
            ..settings()
        },
        hi(),
    );
    call.hear("ID=");
    call.says();
    call.hear("<ESC>PG1ID=7<CR>114 Welcome, terminal ID=7<CR>");
    assert_eq!(call.says(), "");
    call.hear("Say it again, ID=");
    call.pass(Phase::Drain);
    assert_eq!(call.says(), "<ESC>PG1ID=7<CR>");
}

#[test]
fn a_logon_that_was_accepted_in_the_end_was_not_refused() {
    let mut call = Call::new(secret(), hi());
    call.hear("ID=");
    call.hear_out("509 No<CR><NAK><CR>");
    call.hear("<ACK><CR>");
    call.hear("<ESC><EOT><CR>");
    assert_eq!(short(call.cause()), UNTRIED);
}

#[test]
fn escapes_are_sent_to_who_understands_them() {
    for (escape, said, escapes) in [
        (Escape::Auto, "110 1.8<CR>", true),
        (Escape::Auto, "110 1.6<CR>", true),
        (Escape::Auto, "110 1.10<CR>", true),
        (Escape::Auto, "110 2.0<CR>", true),
        (Escape::Auto, "110 1.5<CR>", false),
        (Escape::Auto, "110 1.8 or so<CR>", false),
        (Escape::Auto, "110<CR>", false),
        (Escape::Auto, "TAP 1.8<CR>", false),
        (Escape::Auto, "", false),
        (Escape::On, "", true),
        (Escape::Off, "110 1.8<CR>", false),
    ] {
        let pages = vec![page("1", "A\nB")];
        let mut call = Call::new(
            Settings {
                escape,
                ..settings()
            },
            pages,
        );
        call.hear("ID=");
        call.says();
        call.hear(&format!("{said}<ACK><CR><ESC>[p<CR>"));
        assert_eq!(call.sender.escapes(), escapes, "{escape:?} {said}");
        let text = if escapes { "A<SUB>JB" } else { "A B" };
        assert!(call.says().contains(text), "{escape:?} {said}");
    }
}

#[test]
fn what_a_call_shows_is_kept() {
    let mut call = Call::new(settings(), hi());
    call.hear("<NUL><NUL>PageCo<CR>Line 7 ID=");
    call.hear("110 1.8<CR>114 Hello<CR><ACK><CR>");
    call.hear_bytes(b"\x9b\xdb\xf0\x8d", WHOLE);
    call.calm();
    call.hear("<ACK><CR>");
    call.hear("115 Bye<CR><ESC><EOT><CR>");
    let found = call.sender.findings();
    assert_eq!(found.banner, ["PageCo", "Line 7 ID="]);
    assert_eq!(found.said, ["110 1.8", "114 Hello", "115 Bye"]);
    assert_eq!(found.version, Some((1, 8)));
    assert_eq!((found.nuls, found.high_bits, found.crs), (2, 4, 1));
    assert_eq!(found.line_end, Some(LineEnd::Cr));
    assert!(found.goahead && !found.early_goahead);
    let times = [
        found.started,
        found.prompted,
        found.logged_on,
        found.ready,
        found.ended,
    ];
    assert!(times.iter().all(Option::is_some) && times.is_sorted());
    assert!(times[0] < times[1] && times[1] < times[2] && times[2] < times[3]);
}
