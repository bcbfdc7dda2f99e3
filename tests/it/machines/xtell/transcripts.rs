//! xtell: the dialogues of tests/transcripts/xtell-*.txt, which drive both machines.

use std::fs;
use std::path::{Path, PathBuf};

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::Input;
use pagebox::protocol::xtell::message::Message;
use pagebox::protocol::xtell::reply::Verdict;
use pagebox::protocol::xtell::server;

use super::{BYTES, Call, NO_USER, SENT, Served, Serving, Short, WHOLE, closed, message};
use crate::support::Dice;

const SYNTAX: Short = (Outcome::Refused, Exit::Protocol, Some(406));

/// A file, the messages in it, and what becomes of each of its lines.
type Case = (&'static str, fn() -> Vec<Message>, &'static [Short]);

const CASES: &[Case] = &[
    (
        "x01",
        || vec![message("garabik", "root", "", "Hello there")],
        &[SENT],
    ),
    (
        "x02",
        || vec![message("joe", "jane", "pts/3", "see 12:30, ok?")],
        &[SENT],
    ),
    (
        "x03",
        || vec![message("joe", "nobodyhere", "", "hi")],
        &[NO_USER],
    ),
    (
        "x04",
        || vec![message("joe", "jane", "", "hi")],
        &[closed(404)],
    ),
    (
        "x05",
        || vec![message("joe", "jane", "pts/9", "hi")],
        &[closed(405)],
    ),
    (
        "x06",
        || {
            let text = "second try works on the same connection";
            vec![message("joe", "jane", "", text)]
        },
        &[SYNTAX, SENT],
    ),
    (
        "x07",
        || vec![message("", "jane", "", "anonymous")],
        &[SENT],
    ),
    (
        "x08",
        || {
            vec![
                message("joe", "jane", "", "line 1"),
                message("joe", "jane", "", "line 2"),
            ]
        },
        &[SENT, SENT],
    ),
    (
        "x09",
        || vec![message("joe", "jane", "../../etc/passwd", "x")],
        &[closed(405)],
    ),
    ("x10", || vec![message("joe", "jane", "", "hi")], &[SENT]),
];

#[derive(Debug, Eq, PartialEq)]
enum Turn {
    C(String),
    S(String),
    /// The server closes.
    Closed,
    /// The client does.
    Gone,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// A dialogue, which has a heading.
fn transcript(name: &str) -> Vec<Turn> {
    let text = fs::read_to_string(folder().join(format!("xtell-{name}.txt"))).unwrap();
    let turns = text.lines().skip(1).map(|line| match line.split_at(3) {
        ("C: ", said) => Turn::C(said.to_owned()),
        ("S: ", said) => Turn::S(said.to_owned()),
        ("-- ", "closed") => Turn::Closed,
        ("-- ", "gone") => Turn::Gone,
        _ => panic!("{name}: what is {line:?}?"),
    });
    turns.collect()
}

#[test]
fn every_transcript_is_played() {
    let names = fs::read_dir(folder()).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.strip_prefix("xtell-")?.strip_suffix(".txt")?;
        Some(name.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    let played: Vec<&str> = CASES.iter().map(|case| case.0).collect();
    assert_eq!(names, played);
}

/// The verdict that the server has these words for.
fn verdict(words: &str) -> Verdict {
    let verdicts = [
        Verdict::Shown,
        Verdict::NotLoggedIn,
        Verdict::Closed,
        Verdict::NoDevice,
        Verdict::Failed,
        Verdict::Unverified,
    ];
    let line = format!("{words}\r\n");
    let mut verdicts = verdicts.into_iter();
    verdicts
        .find(|verdict| verdict.wire() == line.as_bytes())
        .unwrap_or_else(|| panic!("no verdict has the words {words}"))
}

/// The server hears what the client says in a file, and must say what the server says in it.
fn serve(case: &Case, sizes: &[usize], line_end: &str) -> Served {
    let turns = transcript(case.0);
    let verdicts = turns.iter().filter_map(|turn| match turn {
        Turn::S(words) if !words.starts_with("406") => Some(verdict(words)),
        _ => None,
    });
    let verdicts: Vec<Verdict> = verdicts.collect();
    let mut serving = Serving::new(20, &verdicts);
    let mut expected = String::new();
    for turn in &turns {
        match turn {
            Turn::C(said) => serving.hear(format!("{said}{line_end}").as_bytes(), sizes),
            Turn::S(said) => {
                expected.extend([said, "\r\n"]);
                assert_eq!(serving.did.said, expected, "{}", case.0);
            }
            Turn::Closed => assert_eq!(serving.did.end, Some(server::End::Left), "{}", case.0),
            Turn::Gone => serving.step(Input::Eof),
        }
    }
    assert_eq!(serving.did.end, Some(server::End::Left), "{}", case.0);
    assert_eq!(serving.did.said, expected, "{}", case.0);
    serving.did
}

/// The client says its lines of a file, each when the one before has its reply.
fn play(case: &Case, sizes: &[usize], line_end: &str) -> Call {
    let turns = transcript(case.0);
    let lines = turns.iter().filter_map(|turn| match turn {
        Turn::C(said) if !said.eq_ignore_ascii_case("quit") => Some(said.as_str()),
        _ => None,
    });
    let lines: Vec<&str> = lines.collect();
    let mut call = Call::new(&lines);
    let mut expected = String::new();
    for turn in &turns {
        match turn {
            Turn::C(said) => {
                call.calm();
                // A client of ours shouts it.
                let quits = said.eq_ignore_ascii_case("quit");
                expected.extend([if quits { "QUIT" } else { said }, "\r\n"]);
                assert_eq!(call.said(), expected, "{}", case.0);
            }
            Turn::S(said) => call.hear_bytes(format!("{said}{line_end}").as_bytes(), sizes),
            Turn::Closed => call.step(Input::Eof),
            // Ours never does.
            Turn::Gone => call.step(Input::Timeout),
        }
    }
    call
}

fn random_sizes(dice: &mut Dice) -> Vec<usize> {
    (0..40).map(|_| 1 + dice.below(9)).collect()
}

#[test]
fn the_server_says_what_the_transcripts_say() {
    let mut dice = Dice::new(5);
    for case in CASES {
        let whole = serve(case, WHOLE, "\r\n");
        let delivered: Vec<Message> = whole.delivered.iter().map(|it| it.0.clone()).collect();
        assert_eq!(delivered, case.1(), "{}", case.0);
        for line_end in ["\r\n", "\n", "\r\r\n"] {
            let sizes = random_sizes(&mut dice);
            for sizes in [WHOLE, BYTES, &sizes] {
                assert_eq!(serve(case, sizes, line_end), whole, "{} {sizes:?}", case.0);
            }
        }
    }
}

#[test]
fn the_client_says_what_the_transcripts_say() {
    let mut dice = Dice::new(6);
    for case in CASES {
        let whole = play(case, WHOLE, "\n");
        assert_eq!(whole.shorts(), case.2, "{}", case.0);
        assert!(!whole.doubted(), "{}", case.0);
        let sizes = random_sizes(&mut dice);
        for sizes in [BYTES, &sizes] {
            assert_eq!(play(case, sizes, "\n").did, whole.did, "{}", case.0);
        }
        let crlf = play(case, WHOLE, "\r\n");
        assert_eq!(crlf.shorts(), case.2, "{}", case.0);
        assert_eq!(play(case, BYTES, "\r\n").did, crlf.did, "{}", case.0);
    }
}
