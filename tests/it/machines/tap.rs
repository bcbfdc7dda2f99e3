//! TAP: the sending machine, held against the dialogues of tests/transcripts/tap-*.txt, and
//! against centrals that do anything else.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pagebox::exit::Exit;
use pagebox::outcome::{Fate, Outcome};
use pagebox::protocol::tap::page::Page;
use pagebox::protocol::tap::sender::{
    Answer, Answered, End, Escape, LAST_WORDS, LineEnd, Question, Sender, Settings,
};
use pagebox::protocol::{Action, Input, Machine, Phase, Wire};
use proptest::prelude::*;

use super::{BYTES, NOW, WHOLE, pieces};
use crate::support::Dice;
use crate::support::tap::{NOISES, Noise, Turn, bytes, opening, shown, transcript};

// ---- a call ----

fn settings() -> Settings {
    Settings {
        service: "PG1".to_owned(),
        password: None,
        prompts: 3,
        goahead: true,
        pause: false,
        escape: Escape::Auto,
    }
}

fn secret() -> Settings {
    Settings {
        password: Some("hunter2".to_owned()),
        ..settings()
    }
}

fn page(pager: &str, text: &str) -> Page {
    Page::new(pager, text, true, false).unwrap()
}

fn hi() -> Vec<Page> {
    vec![page("5550000", "Hi")]
}

const HI: &str = "<STX>5550000<CR>Hi<CR><ETX>22?<CR>";
const LOGON: &str = "<ESC>PG1<CR>";
const WELCOME: &str = "110 1.8<CR><ACK><CR><ESC>[p<CR>";
const EOT: &str = "<EOT><CR>";

/// What the machine did, in order. Waits are left out: they are what differs when a line comes in
/// pieces.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Did {
    Said(Wire),
    Heard(Wire),
    Progress,
    Asked(Option<Answered>),
    Ended(End),
}

/// A call, and the pages that are to go.
struct Call {
    sender: Sender,
    pages: VecDeque<Page>,
    did: Vec<Did>,
    /// What was said and not yet looked at.
    said: Vec<u8>,
    waits: Option<Phase>,
    now: std::time::SystemTime,
}

impl Call {
    fn new(settings: Settings, pages: Vec<Page>) -> Self {
        let mut call = Self {
            sender: Sender::new(settings),
            pages: pages.into(),
            did: Vec::new(),
            said: Vec::new(),
            waits: None,
            now: NOW,
        };
        call.step(Input::Start);
        call
    }

    /// One that has sent the first block of its first page, or EOT where there is none.
    fn sending(settings: Settings, pages: Vec<Page>) -> Self {
        let mut call = Self::new(settings, pages);
        call.hear("ID=");
        call.hear(WELCOME);
        call.calm();
        call.said.clear();
        call
    }

    /// One that has sent a page to 5550000 and waits for its verdict.
    fn at_verdict() -> Self {
        Self::sending(settings(), hi())
    }

    /// One that has sent a page and said goodbye.
    fn at_farewell() -> Self {
        let mut call = Self::at_verdict();
        call.hear("<ACK><CR>");
        assert_eq!(shown(&call.said), EOT);
        call.said.clear();
        call
    }

    fn step(&mut self, input: Input<'_, Answer>) {
        assert!(!self.ended(), "no step behind the end");
        let mut asked = false;
        self.waits = None;
        self.now += Duration::from_secs(1);
        for action in self.sender.step(self.now, input) {
            assert!(
                !self.ended() && !asked && self.waits.is_none(),
                "nothing follows a question, a wait or the end"
            );
            self.did.push(match action {
                Action::Wait(phase) => {
                    self.waits = Some(phase);
                    continue;
                }
                Action::Send(wire) => {
                    self.said.extend_from_slice(&wire.bytes);
                    Did::Said(wire)
                }
                Action::Event(wire) => Did::Heard(wire),
                Action::Progress => Did::Progress,
                Action::Done(end) => Did::Ended(end),
                Action::Ask(Question::Next(answered)) => {
                    asked = true;
                    Did::Asked(answered)
                }
            });
        }
        if asked {
            let page = self.pages.pop_front();
            self.step(Input::Answer(page.map_or(Answer::Logoff, Answer::Page)));
        }
        assert!(self.waits.is_some() != self.ended());
    }

    /// The line is quiet: what waited for that is said.
    fn calm(&mut self) {
        while self.waits == Some(Phase::Quiet) {
            self.step(Input::Timeout);
        }
    }

    /// The central says this, and then the line is quiet.
    fn hear(&mut self, text: &str) {
        self.hear_bytes(&bytes(text), BYTES);
        self.calm();
    }

    fn hear_bytes(&mut self, bytes: &[u8], sizes: &[usize]) {
        for piece in pieces(bytes, sizes) {
            if self.ended() {
                return;
            }
            self.step(Input::Bytes(piece));
        }
    }

    /// The time of this phase runs out.
    fn pass(&mut self, phase: Phase) {
        assert_eq!(self.waits, Some(phase));
        self.step(Input::Timeout);
    }

    /// What was said since this was last asked.
    fn says(&mut self) -> String {
        shown(&std::mem::take(&mut self.said))
    }

    fn ended(&self) -> bool {
        matches!(self.did.last(), Some(Did::Ended(_)))
    }

    fn end(&self) -> &End {
        match self.did.last() {
            Some(Did::Ended(end)) => end,
            _ => panic!("not ended: {:?}", self.did),
        }
    }

    /// The verdicts, and what the end makes of the page in hand.
    fn answered(&self) -> Vec<&Answered> {
        let answered = self.did.iter().filter_map(|did| match did {
            Did::Asked(answered) => answered.as_ref(),
            Did::Ended(end) => end.answered.as_ref(),
            _ => None,
        });
        answered.collect()
    }

    /// The only verdict.
    fn verdict(&self) -> &Answered {
        let answered = self.answered();
        assert_eq!(answered.len(), 1, "{answered:?}");
        answered[0]
    }

    fn cause(&self) -> &Fate {
        self.end().cause.as_ref().unwrap()
    }

    fn heard(&self) -> Vec<String> {
        let heard = self.did.iter().filter_map(|did| match did {
            Did::Heard(wire) => Some(shown(&wire.bytes)),
            _ => None,
        });
        heard.collect()
    }

    fn progress(&self) -> usize {
        let progress = self.did.iter().filter(|did| **did == Did::Progress);
        progress.count()
    }
}

type Short = (Outcome, Exit, Option<u16>);

fn short(fate: &Fate) -> Short {
    (fate.outcome, fate.exit, fate.code)
}

const SENT: Short = (Outcome::Sent, Exit::Ok, None);
const SENT_211: Short = (Outcome::Sent, Exit::Ok, Some(211));
const UNKNOWN: Short = (Outcome::Unknown, Exit::Unknown, None);
const UNTRIED: Short = (Outcome::Untried, Exit::TempFail, None);

const fn refused(exit: Exit, code: u16) -> Short {
    (Outcome::Refused, exit, Some(code))
}

const fn temporary(code: u16) -> Short {
    (Outcome::Temporary, Exit::TempFail, Some(code))
}

// ---- the files ----

/// A file, how the call is made, its pages, what becomes of them, why the call ends.
type Case = (
    &'static str,
    fn(&mut Settings),
    &'static [(&'static str, &'static str)],
    &'static [Short],
    Option<Short>,
);

const DOWN: (&str, &str) = ("5551212", "Server down: db01");
const HELLO: (&str, &str) = ("5550000", "Hi");

const CASES: &[Case] = &[
    ("x01", |_| {}, &[("123", "ABC")], &[SENT_211], None),
    ("x02", |_| {}, &[("1", "TEST")], &[SENT], None),
    (
        "x03",
        |settings| settings.password = Some("secret".to_owned()),
        &[DOWN],
        &[SENT_211],
        None,
    ),
    ("x04", |_| {}, &[DOWN], &[SENT_211], None),
    (
        "x05",
        |_| {},
        &[DOWN],
        &[temporary(503)],
        Some((Outcome::Untried, Exit::TempFail, Some(503))),
    ),
    (
        "x06",
        |_| {},
        &[DOWN, HELLO],
        &[refused(Exit::NoUser, 511), SENT_211],
        None,
    ),
    (
        "x07",
        |settings| settings.password = Some("wrong".to_owned()),
        &[DOWN],
        &[],
        Some(refused(Exit::NoPermission, 509)),
    ),
    ("x08", |_| {}, &[], &[], None),
    ("x09", |_| {}, &[("5551212", "")], &[SENT_211], None),
    ("x10", |_| {}, &[("5551212", "A\nB")], &[SENT_211], None),
    ("x11", |_| {}, &[HELLO], &[SENT], None),
    (
        "x12",
        |settings| settings.goahead = false,
        &[HELLO],
        &[SENT],
        None,
    ),
    ("x13", |_| {}, &[HELLO], &[SENT_211], None),
    ("x14", |_| {}, &[HELLO], &[SENT], None),
    (
        "x15",
        |_| {},
        &[DOWN, HELLO],
        &[SENT_211, temporary(112)],
        Some((Outcome::Untried, Exit::TempFail, Some(112))),
    ),
    (
        "x16",
        |_| {},
        &[DOWN],
        &[(Outcome::Sent, Exit::Ok, Some(214))],
        None,
    ),
    ("x17", |_| {}, &[("5551212", "")], &[SENT_211], None),
    ("x18", |_| {}, &[DOWN], &[temporary(512)], None),
    ("x19", |_| {}, &[HELLO], &[SENT], None),
    ("x20", |_| {}, &[DOWN], &[UNKNOWN], Some(UNTRIED)),
];

/// Plays a file with the machine, which must say what the client says in it.
fn play(case: &Case, sizes: &[usize], noise: Noise) -> Call {
    let (name, change, pages, ..) = case;
    let mut settings = settings();
    change(&mut settings);
    let pages = match *name {
        "x09" => vec![Page::new("5551212", &"M".repeat(300), true, true).unwrap()],
        _ => pages.iter().map(|(to, text)| page(to, text)).collect(),
    };
    let mut turns = transcript(name);
    if *name == "x19" {
        // What comes first is the modem's business.
        let begins = |turn: &Turn| *turn == Turn::Client(vec![b'\r']);
        turns.drain(..turns.iter().position(begins).unwrap());
    }
    let turns = [opening(&turns), turns].concat();
    let mut call = Call::new(settings, pages);
    for (at, turn) in turns.iter().enumerate() {
        match turn {
            Turn::Central(said) => call.hear_bytes(&noise(said), sizes),
            Turn::Client(said) => {
                if call.waits == Some(Phase::Drain) {
                    call.pass(Phase::Drain);
                }
                call.calm();
                assert_eq!(call.says(), shown(said), "{name}");
            }
            Turn::Passes(_) => {
                if matches!(turns.get(at + 1), Some(Turn::Client(_))) {
                    call.step(Input::Timeout);
                }
            }
        }
    }
    if !call.ended() {
        call.calm();
        let rest = call.says();
        assert!(rest.is_empty() || rest == EOT, "{name}: {rest}");
        call.step(Input::Eof);
    }
    call
}

fn random_sizes(dice: &mut Dice) -> Vec<usize> {
    (0..40).map(|_| 1 + dice.below(9)).collect()
}

#[test]
fn the_sender_says_what_the_transcripts_say() {
    let mut dice = Dice::new(4);
    for case in CASES {
        let (name, _, _, fates, cause) = case;
        for (noise, change) in NOISES {
            let bytes = play(case, BYTES, change);
            let end = bytes.end();
            let told: Vec<Short> = bytes.answered().iter().map(|it| short(&it.fate)).collect();
            assert_eq!(told, *fates, "{name} through {noise}");
            assert_eq!(end.cause.as_ref().map(short), *cause, "{name} {noise}");
            for sizes in [WHOLE.to_vec(), random_sizes(&mut dice)] {
                let others = play(case, &sizes, change);
                assert_eq!(others.did, bytes.did, "{name} through {noise} in {sizes:?}");
            }
        }
    }
}

#[test]
fn the_ends_of_the_transcripts_are_told() {
    let played = |name: &str| {
        let case = CASES.iter().find(|case| case.0 == name).unwrap();
        play(case, WHOLE, <[u8]>::to_vec)
    };
    assert!(played("x05").end().again);
    assert!(played("x15").end().again);
    assert!(played("x15").answered()[1].call_is_full);
    assert!(!played("x20").end().again);
    let unknown = played("x20");
    assert!(
        unknown
            .verdict()
            .fate
            .text
            .contains("lost before the verdict")
    );
    let taken_back = played("x14").end().taken_back.clone();
    assert_eq!(taken_back.unwrap(), "511 ID 5550000 unknown");
    let cut = played("x16");
    assert!(cut.verdict().is_cut && !cut.verdict().duplicate_possible);
    assert_eq!(cut.progress(), 2);
    assert_eq!(
        cut.verdict().fate.text,
        "80 character maximum, message truncated and sent"
    );
    // No code, and none was made of it.
    let old = played("x02");
    assert_eq!(old.verdict().fate.text, "Processing - Please Wait");
    assert!(!old.sender.findings().codes);
    assert_eq!(old.sender.findings().line_end, Some(LineEnd::CrLf));
    let early = played("x11");
    assert!(early.sender.findings().early_goahead && early.sender.findings().goahead);
    let late = played("x12");
    assert!(!late.sender.findings().goahead);
    assert_eq!(played("x03").sender.findings().crs, 2);
}

// ---- the call comes about ----

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
        (
            b"\xb5\xb6\x8d",
            "heard 56, 3 of 3 bytes with bit 8 set: try another --framing",
        ),
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

/// A call that said three CRs before it was asked.
fn thrice() -> Call {
    let mut call = Call::new(settings(), hi());
    call.pass(Phase::Prompt);
    call.pass(Phase::Prompt);
    call.hear("ID=");
    assert_eq!(call.says(), "<CR><CR><CR>");
    assert_eq!(call.waits, Some(Phase::Drain));
    call
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
        assert_eq!(call.says(), LOGON, "wanted again");
        call.hear(WELCOME);
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
    assert!(call.cause().text.contains("--no-goahead"));

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
            call.calm();
        }
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
    assert_eq!(call.says(), "<ESC>PG1ID=7<CR>");
}

#[test]
fn a_logon_that_was_accepted_in_the_end_was_not_refused() {
    let mut call = Call::new(secret(), hi());
    call.hear("ID=");
    call.hear("509 No<CR><NAK><CR>");
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
    assert_eq!(found.version.as_deref(), Some("1.8"));
    assert_eq!((found.nuls, found.high_bits, found.crs), (2, 4, 1));
    assert_eq!(found.line_end, Some(LineEnd::Cr));
    assert!(found.codes && found.goahead && !found.early_goahead);
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

// ---- pages ----

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
        for _ in 0..3 {
            call.hear(said);
            assert_eq!(call.says(), HI);
            assert!(!call.sender.is_worn());
        }
        call.hear(said);
        assert_eq!(short(&call.verdict().fate), fate);
        assert_eq!(call.verdict().fate.text, text);
        assert!(!call.verdict().duplicate_possible);
        assert!(call.sender.is_worn());
        // The next page counts anew.
        assert_eq!(call.says(), HI);
        call.hear(said);
        assert_eq!(call.says(), HI);
        call.hear("<ACK><CR>");
        assert_eq!(short(&call.answered()[1].fate), SENT);
    }
    // What was said to a NAK explains nothing that comes later.
    let mut call = Call::at_verdict();
    call.hear("514 Sum<CR><NAK><CR>");
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
    call.hear("<NAK><CR>");
    call.pass(Phase::Verdict);
    call.hear("<NAK><CR>");
    assert_eq!(call.says(), HI.repeat(3));
    call.hear("<NAK><CR>");
    assert_eq!(call.verdict().fate.outcome, Outcome::Temporary);
    assert!(call.verdict().duplicate_possible);
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

fn long() -> Vec<Page> {
    vec![Page::new("5551212", &"M".repeat(600), true, true).unwrap()]
}

#[test]
fn a_page_in_blocks_is_accepted_with_its_last() {
    let mut call = Call::sending(settings(), long());
    call.hear("214 200 maximum<CR><ACK><CR>");
    call.hear("<NAK><CR>");
    call.pass(Phase::Verdict);
    assert!(call.answered().is_empty());
    call.hear("<ACK><CR>");
    // The third has tries of its own.
    for _ in 0..3 {
        call.hear("<NAK><CR>");
    }
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

// ---- every end in every state ----

/// Calls in each state, with what a lost line makes of the page (if anything) and of the call.
fn states() -> Vec<(&'static str, Call, Option<Short>, Option<Short>)> {
    let new = || Call::new(settings(), hi());
    let pausing = Call::new(
        Settings {
            pause: true,
            ..settings()
        },
        hi(),
    );
    let mut logon = new();
    logon.hear("ID=");
    let mut goahead = new();
    goahead.hear("ID=");
    goahead.hear("<ACK><CR>");
    let mut quiet = new();
    quiet.hear("ID=");
    quiet.hear_bytes(&bytes(WELCOME), WHOLE);
    assert_eq!(quiet.waits, Some(Phase::Quiet));
    vec![
        ("pause", pausing, None, Some(UNTRIED)),
        ("prompt", new(), None, Some(UNTRIED)),
        ("drain", thrice(), None, Some(UNTRIED)),
        ("logon", logon, None, Some(UNTRIED)),
        ("go-ahead", goahead, None, Some(UNTRIED)),
        ("quiet", quiet, None, Some(UNTRIED)),
        ("verdict", Call::at_verdict(), Some(UNKNOWN), Some(UNTRIED)),
        ("farewell", Call::at_farewell(), Some(SENT), None),
    ]
}

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
            "farewell" => assert!(end.cause.is_none() && end.answered.is_none()),
            _ => assert!(end.answered.is_none() && !end.again, "{state}"),
        }
        if let Some(cause) = &end.cause {
            assert_eq!(short(cause), UNTRIED, "{state}");
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

// ---- the farewell ----

#[test]
fn the_farewell_is_heard_to_its_end() {
    for (said, taken_back) in [
        ("115 Bye<CR>", None),
        ("<ACK><CR><NAK><CR>ID=<CR>", None),
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

// ---- the trace ----

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

// ---- whatever comes ----

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
