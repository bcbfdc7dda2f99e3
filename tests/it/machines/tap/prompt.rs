//! The sending machine of TAP: from the first CR to `ID=`.

use pagebox::protocol::tap::sender::Settings;
use pagebox::protocol::{Input, Phase};

use super::{Call, HI, LOGON, UNTRIED, WELCOME, hi, settings, short, thrice};
use crate::machines::BYTES;

#[test]
fn so_many_crs_are_said_and_no_more() {
    let mut call = Call::new(settings(), hi());
    for _ in 0..3 {
        assert_eq!(call.says(), "<CR>");
        call.pass(Phase::Prompt);
    }
    assert_eq!(call.says(), "");
    assert_eq!(short(call.cause()), UNTRIED);
    assert_eq!(call.cause().text, "no ID= after 3 CRs: nothing was heard");
    assert_eq!(call.end().answered, None);
    // One is always said.
    let mut call = Call::new(
        Settings {
            prompts: 0,
            ..settings()
        },
        hi(),
    );
    assert_eq!(call.says(), "<CR>");
    call.pass(Phase::Prompt);
    assert!(call.ended());
}

#[test]
fn a_central_that_never_asks_is_diagnosed() {
    for (heard, text) in [
        (&b"\0\0\0\0"[..], "only NULs were heard"),
        (b"\x80\0", "2 CRs: only NULs were heard"),
        (b"\r\n\r\n", "heard 4 bytes without text"),
        (b"Welcome\rlogin: ", "heard login:"),
        (b"\xb5\xb6\x8d", "heard 56, 3 of 3 bytes with bit 8 set"),
        (b"\x1b[2J\r", "heard ^[[2J"),
    ] {
        let prompts = 2;
        let mut call = Call::new(
            Settings {
                prompts,
                ..settings()
            },
            hi(),
        );
        call.pass(Phase::Prompt);
        call.hear_bytes(heard, BYTES);
        call.pass(Phase::Prompt);
        assert_eq!(short(call.cause()), UNTRIED);
        assert!(call.cause().text.contains(text), "{}", call.cause().text);
    }
}

#[test]
fn who_turns_the_call_away_before_id_is_quoted() {
    for (said, text) in [
        ("All ports busy", "before ID=: All ports busy"),
        ("Port in use<CR>", "before ID=: Port in use"),
        ("<CR>NO CARRIER<CR>", "before ID=: NO CARRIER"),
        ("BUSY<CR>", "before ID=: BUSY"),
        ("NO DIAL TONE", "before ID=: NO DIAL TONE"),
        ("", "before ID="),
    ] {
        let mut call = Call::new(settings(), hi());
        call.hear(said);
        if !call.ended() {
            call.step(Input::Eof);
        }
        assert_eq!(short(call.cause()), UNTRIED, "{said}");
        assert!(call.cause().text.ends_with(text), "{}", call.cause().text);
    }
    let mut call = Call::new(settings(), hi());
    call.hear("System full<CR><ESC><EOT><CR>");
    assert_eq!(short(call.cause()), UNTRIED);
    assert_eq!(call.cause().text, "System full");
}

#[test]
fn id_is_found_in_any_stream_and_however_it_is_split() {
    for said in [
        "ID=",
        "ID= ",
        "ID=<CR>",
        "<LF><CR>Welcome to PageCo<CR><CR>ID= <CR><LF>",
        "114 Welcome ID=",
        "IID=",
        "<ACK><CR><NAK><CR>noise<RS><CR>ID=",
    ] {
        let mut call = Call::new(settings(), hi());
        call.says();
        call.hear(said);
        assert_eq!(call.says(), LOGON, "{said}");
        assert_eq!(call.waits, Some(Phase::Logon));
    }
    // Also by the wait for it.
    let mut call = Call::new(settings(), hi());
    call.hear("I");
    call.pass(Phase::Prompt);
    call.hear("D=");
    assert_eq!(call.says(), "<CR><CR>");
    call.pass(Phase::Drain);
    assert_eq!(call.says(), LOGON);
}

#[test]
fn as_many_more_prompts_are_ignored_as_crs_were_said() {
    // Before the logon, behind it, and both.
    for (early, late) in [("ID=ID=", ""), ("ID= <CR>", "<CR>ID="), ("", "ID=<CR>ID=")] {
        let mut call = thrice();
        call.hear(early);
        call.pass(Phase::Drain);
        assert_eq!(call.says(), LOGON);
        call.hear(late);
        assert_eq!(call.says(), "");
        call.hear("ID=");
        call.pass(Phase::Drain);
        assert_eq!(call.says(), LOGON, "wanted again");
        call.hear_out(WELCOME);
        assert_eq!(call.says(), HI);
    }
    // Those that come behind the ACK even.
    let mut call = thrice();
    call.pass(Phase::Drain);
    call.hear("<ACK><CR>ID=<CR>ID=<CR><ESC>[p<CR>");
    assert_eq!(call.says(), LOGON.to_owned() + HI);
}

#[test]
fn a_pause_is_kept_before_the_first_cr_and_before_the_logon() {
    let pauses = || Settings {
        pause: true,
        ..settings()
    };
    let mut call = Call::new(pauses(), hi());
    assert_eq!(call.says(), "");
    call.pass(Phase::Pause);
    assert_eq!(call.says(), "<CR>");
    call.hear("ID=");
    call.hear(" <CR>");
    assert_eq!(call.says(), "");
    call.pass(Phase::Pause);
    assert_eq!(call.says(), LOGON);
    // Asked already: no CR is needed, nor another pause.
    let mut call = Call::new(pauses(), hi());
    call.hear("Hello<CR>ID=");
    assert_eq!(call.says(), "");
    call.pass(Phase::Pause);
    assert_eq!(call.says(), LOGON);
    let mut call = Call::new(pauses(), hi());
    call.pass(Phase::Pause);
    call.pass(Phase::Prompt);
    call.hear("ID=");
    call.pass(Phase::Drain);
    assert_eq!(call.says(), "<CR><CR>");
    call.pass(Phase::Pause);
    assert_eq!(call.says(), LOGON);
}
