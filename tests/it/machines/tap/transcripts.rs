//! The sending machine of TAP: the dialogues of tests/transcripts/tap-*.txt.

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::Input;
use pagebox::protocol::tap::page::Page;
use pagebox::protocol::tap::sender::{LineEnd, Settings};

use super::{
    Call, EOT, SENT, SENT_211, Short, UNKNOWN, UNTRIED, page, refused, settings, short, temporary,
};
use crate::machines::{BYTES, WHOLE};
use crate::support::Dice;
use crate::support::tap::{NOISES, Noise, Turn, opening, shown, transcript};

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
                call.rest();
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
        call.rest();
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
    assert_eq!(old.verdict().fate.code, None);
    assert_eq!(old.sender.findings().line_end, Some(LineEnd::CrLf));
    let early = played("x11");
    assert!(early.sender.findings().early_goahead && early.sender.findings().goahead);
    let late = played("x12");
    assert!(!late.sender.findings().goahead);
    assert_eq!(played("x03").sender.findings().crs, 2);
}
