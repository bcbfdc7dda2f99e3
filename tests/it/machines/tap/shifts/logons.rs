//! Logons said more than once, and a go-ahead before its ACK: no answer to a logon is a verdict.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::Phase;

use super::super::{
    EOT, HI, LOGON, SENT, SENT_211, UNKNOWN, WELCOME, refused, settling, temporary,
};
use super::Turn::{self, Central, Passes};
use super::{client, sent, taken_back, told};

#[test]
fn a_nak_and_a_prompt_are_one_refusal() {
    let refused = || [Central("<NAK><CR>"), client("")];
    for prompt in ["ID=", "<CR>ID= ", "<LF>Once more: ID="] {
        let [nak, hush] = refused();
        let turns = [
            nak,
            hush,
            Central(prompt),
            client(LOGON),
            // Perhaps the NAK was for noise, and both logons are answered.
            Central(WELCOME),
            client(""),
            Passes(Phase::Drain),
            client(HI),
            Central("211 OK<CR><ACK><CR>"),
            client(EOT),
        ];
        assert_eq!(told(1, &turns), (vec![(SENT_211, false)], None), "{prompt}");
    }
    // Without a prompt it is one as well.
    let [nak, hush] = refused();
    let turns = [nak, hush, Passes(Phase::Drain), client(LOGON)];
    let rest = [Central(WELCOME), Passes(Phase::Drain), client(HI)];
    let last = [Central("211 OK<CR><ACK><CR>"), client(EOT)];
    let turns: Vec<Turn> = turns.into_iter().chain(rest).chain(last).collect();
    assert_eq!(told(1, &turns), (vec![(SENT_211, false)], None));
    // A NAK for noise, and the logon's own answer behind it.
    let turns = [
        Central("<NAK><CR>"),
        client(""),
        Central("110 1.8<CR><ACK><CR>"),
        client(""),
        Central("<ESC>[p<CR>"),
        client(HI),
        Central("<ACK><CR>"),
        client(EOT),
    ];
    assert_eq!(told(1, &turns), sent());
    // Nor is it a refusal for good when the central says more of it.
    let turns = [
        Central("<NAK><CR><NAK><CR>"),
        client(""),
        Central("<NAK><CR>"),
        Passes(Phase::Drain),
        client(LOGON),
        Central(WELCOME),
        Passes(Phase::Drain),
        client(HI),
        Central("211 OK<CR><ACK><CR>"),
    ];
    assert_eq!(told(1, &turns), (vec![(SENT_211, false)], None));
}

#[test]
fn a_prompt_long_behind_a_nak_has_two_logons_answered_and_none_is_a_verdict() {
    // The third logon's answer comes when the block is out.
    let begin = || {
        vec![
            Central("<NAK><CR>"),
            Passes(Phase::Drain),
            client(LOGON),
            Central("ID="),
            Passes(Phase::Drain),
            client(LOGON),
            Central(WELCOME),
            client(""),
            Passes(Phase::Drain),
            client(HI),
            Central("<ACK><CR><ESC>[p<CR>"),
            client(""),
        ]
    };
    let nak = [
        Central("514 Checksum<CR><NAK><CR>"),
        client(""),
        Passes(Phase::Drain),
        client(HI),
        Central("211 OK<CR><ACK><CR>"),
        client(EOT),
    ];
    let turns: Vec<Turn> = begin().into_iter().chain(nak).collect();
    // The ACK may have been the block's: then it goes out twice.
    assert_eq!(told(1, &turns), (vec![(SENT_211, true)], None));
    let ack = [Central("211 OK<CR><ACK><CR>"), client(EOT)];
    let turns: Vec<Turn> = begin().into_iter().chain(ack).collect();
    assert_eq!(told(1, &turns), (vec![(SENT_211, false)], None));
    let over = [Central("<ESC><EOT><CR>"), client("")];
    let turns: Vec<Turn> = begin().into_iter().chain(over).collect();
    let temporary = (Outcome::Temporary, Exit::TempFail, None);
    assert_eq!(told(1, &turns), (vec![(temporary, true)], None));
}

/// Two logons, for want of an answer to the first.
fn twice() -> Vec<Turn> {
    vec![Passes(Phase::Logon), client(LOGON)]
}

/// And one answer, which the block follows.
fn doubtful() -> Vec<Turn> {
    let mut turns = twice();
    turns.extend([
        Central(WELCOME),
        client(""),
        Passes(Phase::Drain),
        client(HI),
    ]);
    turns
}

#[test]
fn answers_to_logons_that_come_together_are_waited_for() {
    // In time, before a block is out.
    for (late, calm) in [
        ("<ACK><CR><ESC>[p<CR>", false),
        ("<NAK><CR>", false),
        ("<RS><CR>", false),
        ("114 Hello<CR>", true),
        ("", true),
    ] {
        let mut turns = twice();
        turns.extend([Central(WELCOME), client(""), Central(late)]);
        turns.extend(calm.then_some(Passes(Phase::Drain)));
        turns.extend([client(HI), Central("211 OK<CR><ACK><CR>"), client(EOT)]);
        let fates = vec![(SENT_211, false)];
        assert_eq!(told(1, &turns), (fates, None), "{late}");
    }
    // A central that begins anew is sent no block.
    for prompt in ["ID=<CR>", "<CR>ID="] {
        let mut turns = twice();
        turns.extend([Central(WELCOME), client(""), Central(prompt)]);
        if !prompt.ends_with("<CR>") {
            turns.push(Passes(Phase::Drain));
        }
        turns.push(client(""));
        assert_eq!(told(1, &turns), (Vec::new(), None), "{prompt}");
    }
}

#[test]
fn a_logons_ack_that_comes_late_is_known_by_its_goahead() {
    // The call ends instead of a verdict, and the page was not accepted.
    let mut turns = doubtful();
    turns.extend([
        Central("<ACK><CR>"),
        client(""),
        Central("<ESC>[p<CR>"),
        client(""),
        Central("112 max<CR><ESC><EOT><CR>"),
    ]);
    let full = (Outcome::Temporary, Exit::TempFail, Some(112));
    assert_eq!(told(1, &turns), (vec![(full, true)], None));
    for (said, calm, fate, doubled) in [
        ("<ACK><CR>", false, SENT, false),
        // No NAK of the central's, but its silence.
        (
            "<RS><CR>",
            false,
            (Outcome::Refused, Exit::NoUser, None),
            true,
        ),
        (
            "511 No<CR><RS><CR>",
            false,
            refused(Exit::NoUser, 511),
            true,
        ),
        ("", true, SENT, true),
    ] {
        let mut turns = doubtful();
        turns.extend([Central("110 1.8<CR><ACK><CR><ESC>[p<CR>"), client("")]);
        if calm {
            turns.extend([Passes(Phase::Verdict), client(HI), Central("<ACK><CR>")]);
        } else {
            turns.push(Central(said));
        }
        turns.push(client(EOT));
        assert_eq!(told(1, &turns), (vec![(fate, doubled)], None), "{said}");
    }
}

#[test]
fn an_ack_that_may_be_a_logons_is_waited_behind() {
    let over = (Outcome::Temporary, Exit::TempFail, None);
    for (behind, fate, doubled) in [
        // It was the logon's, without a go-ahead.
        ("<ACK><CR>", SENT, false),
        ("211 OK<CR><ACK><CR>", SENT_211, false),
        // Or the block's, and this is something else.
        ("<ESC><EOT><CR>", over, true),
        ("<RS><CR>", (Outcome::Refused, Exit::NoUser, None), true),
        ("512 Later<CR><RS><CR>", temporary(512), true),
        ("ID=<CR>", UNKNOWN, false),
    ] {
        let mut turns = doubtful();
        turns.extend([Central("<ACK><CR>"), client(""), Central(behind)]);
        assert_eq!(told(1, &turns), (vec![(fate, doubled)], None), "{behind}");
    }
    let mut turns = doubtful();
    turns.extend([Central("<ACK><CR>"), Central("<NAK><CR>"), client("")]);
    turns.extend([Passes(Phase::Drain), client(HI)]);
    turns.extend([Central("<ACK><CR>"), client(EOT)]);
    assert_eq!(told(1, &turns), (vec![(SENT, true)], None));
    // The central has begun to talk of the page, and is heard out.
    let mut turns = doubtful();
    turns.extend([Central("<ACK><CR>211 OK<CR>"), Passes(Phase::Drain)]);
    turns.extend([client(""), Central("<ACK><CR>"), client(EOT)]);
    assert_eq!(told(1, &turns), (vec![(SENT_211, false)], None));
    // Nothing comes behind it: it was the block's, and the next page has a call of its own.
    let mut turns = doubtful();
    turns.extend([Central("<ACK><CR>"), Passes(Phase::Drain), client(EOT)]);
    assert_eq!(told(1, &turns), sent());
    // But then comes another one: only an ACK is as good as the first.
    for (late, what) in [
        ("<ACK><CR>", sent()),
        ("<NAK><CR>", taken_back()),
        ("514 Sum<CR><NAK><CR>", taken_back()),
    ] {
        let mut turns = doubtful();
        turns.extend([Central("<ACK><CR>"), Passes(Phase::Drain), client(EOT)]);
        turns.push(Central(late));
        assert_eq!(told(1, &turns), what, "{late}");
    }
    let mut turns = doubtful();
    turns.extend([Central("<ACK><CR>"), Passes(Phase::Drain), client(EOT)]);
    turns.push(Central("112 max<CR><ESC><EOT><CR>"));
    let why = Some("112 max".to_owned());
    assert_eq!(told(1, &turns), (vec![(SENT, false)], why));
}

#[test]
fn a_logons_ack_is_none_of_those_that_blocks_are_owed() {
    for (acked, wait) in [
        ("<ACK><CR><ESC>[p<CR>", None),
        ("<ACK><CR>211 OK<CR>", Some(Passes(Phase::Drain))),
    ] {
        let mut turns = doubtful();
        turns.push(Central(acked));
        turns.extend(wait);
        turns.extend([Passes(Phase::Verdict), client(HI)]);
        turns.extend([Central("211 OK<CR><ACK><CR>"), client(EOT)]);
        // The second copy's.
        turns.push(Central("<NAK><CR>"));
        assert_eq!(told(1, &turns), (vec![(SENT_211, true)], None), "{acked}");
    }
}

#[test]
fn a_verdict_that_may_be_a_logons_leaves_the_call_worn() {
    for (said, worn, doubled) in [
        ("<ACK><CR>", true, false),
        ("<RS><CR>", true, true),
        // A code that only a page can have is the page's.
        ("211 OK<CR><ACK><CR>", false, false),
        ("511 No<CR><RS><CR>", false, false),
        ("507 No<CR><RS><CR>", true, true),
    ] {
        let mut call = settling();
        call.rest();
        call.hear(said);
        call.rest();
        assert_eq!(call.sender.is_worn(), worn, "{said}");
        assert_eq!(call.verdict().duplicate_possible, doubled, "{said}");
    }
    for said in ["<NAK><CR>", "514 Sum<CR><NAK><CR>"] {
        let mut call = settling();
        call.rest();
        call.hear_out(said);
        call.hear("211 OK<CR><ACK><CR>");
        assert!(call.sender.is_worn() && call.verdict().duplicate_possible);
    }
}

#[test]
fn an_ack_behind_its_goahead_is_no_verdict() {
    // In time, it is waited for.
    let turns = [
        Central("<ESC>[p<CR>"),
        client(""),
        Central("<ACK><CR>"),
        client(HI),
        Central("<NAK><CR>"),
        Passes(Phase::Drain),
        client(HI),
        Central("<ACK><CR>"),
        client(EOT),
    ];
    assert_eq!(told(1, &turns), sent());
    // Later, it is taken for the verdict, and the verdict shows that it was none.
    let begin = || {
        vec![
            Central("<ESC>[p<CR>"),
            Passes(Phase::Drain),
            client(HI),
            Central("<ACK><CR>"),
            client(EOT),
        ]
    };
    assert_eq!(told(1, &begin()), sent());
    for (late, what) in [("<NAK><CR>", taken_back()), ("<ACK><CR>", sent())] {
        let mut turns = begin();
        turns.push(Central(late));
        assert_eq!(told(1, &turns), what, "{late}");
    }
    let mut turns = begin();
    turns.push(Central("112 max<CR><ESC><EOT><CR>"));
    let why = Some("112 max".to_owned());
    assert_eq!(told(1, &turns), (vec![(SENT, false)], why));
}

#[test]
fn a_goahead_is_one_answer_only() {
    // Two logons, an early go-ahead and one ACK: the other ACK may still come.
    let mut turns = twice();
    turns.extend([Central("<ESC>[p<CR><ACK><CR>"), client("")]);
    turns.extend([Passes(Phase::Drain), client(HI)]);
    turns.extend([Central("<ACK><CR><ESC>[p<CR>"), client("")]);
    turns.extend([Central("511 No<CR><RS><CR>"), client(EOT)]);
    let fates = vec![(refused(Exit::NoUser, 511), true)];
    assert_eq!(told(1, &turns), (fates, None));
}
