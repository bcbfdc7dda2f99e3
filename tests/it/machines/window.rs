//! Windows: what the client makes of a server that is written ahead to.

use std::collections::BTreeMap;
use std::fmt::Write;

use pagebox::protocol::snpp::client::Together;
use pagebox::protocol::snpp::plain::Plain;

use super::*;
use crate::support::desk::{Delivered, Desk};

/// What a page of a test is refused for, if anything. Pager and text name the page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Good,
    BadPager,
    BusyPager,
    BadText,
    Full,
}

const KINDS: [Kind; 8] = [
    Kind::Good,
    Kind::Good,
    Kind::Good,
    Kind::Good,
    Kind::BadPager,
    Kind::BusyPager,
    Kind::BadText,
    Kind::Full,
];

fn words(number: usize, kind: Kind) -> (String, String) {
    let pager = match kind {
        Kind::BadPager => "bad",
        Kind::BusyPager => "busy",
        _ => "p",
    };
    let text = match kind {
        Kind::BadText => "bad",
        Kind::Full => "full",
        _ => "t",
    };
    (format!("{pager}{number}"), format!("{text} {number}"))
}

fn plain_plan(number: usize, kind: Kind) -> Plain {
    let (pager, text) = words(number, kind);
    let to = [recipient(&pager, None)];
    let plan = Plan::new(&to, &Options::default(), &text, Body::Auto, false).unwrap();
    Plain::of(&plan.into()).unwrap()
}

/// One page by itself, and windows of these many.
fn jobs(kinds: &[Kind], window: usize) -> Vec<Job> {
    let (pager, text) = words(0, kinds[0]);
    let mut jobs = vec![page(&[&pager], &Options::default(), &text)];
    let rest: Vec<usize> = (1..kinds.len()).collect();
    for chunk in rest.chunks(window) {
        let plans = chunk
            .iter()
            .map(|number| plain_plan(*number, kinds[*number]));
        jobs.push(Job::Window(plans.collect()));
    }
    jobs.push(Job::Quit);
    jobs
}

/// What a server does wrong, at the command with this number, HELP being 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    /// Does it, and says nothing.
    Mute,
    /// Says one more thing.
    Extra(&'static str),
    /// Does not do it, and refuses.
    Refuse(&'static str),
    /// Says 250 and does nothing.
    Pretend,
    /// Does it, and closes without a word.
    Close,
    /// Closes instead.
    Goodbye,
}

/// A whole run, and what really went out.
struct Run {
    window: usize,
    played: Played,
    delivered: Vec<Delivered>,
}

/// The client with a desk that does one thing wrong.
fn run(kinds: &[Kind], window: usize, login: bool, fault: (usize, Fault), sizes: &[usize]) -> Run {
    let mut played = Played::new(setup(true, login), jobs(kinds, window));
    let mut desk = Desk::default();
    let (mut heard, mut open) = (0, true);
    // Counted from HELP on: before that it is lock-step.
    let mut count: Option<usize> = None;
    let mut replies = Desk::GREETING.to_owned();
    while !played.ended() {
        if replies.is_empty() && !played.quiet {
            played.step(if open { Input::Timeout } else { Input::Eof });
            continue;
        }
        played.hear(std::mem::take(&mut replies).as_bytes(), sizes);
        if !played.ended() {
            played.calm();
        }
        let said = played.said();
        for line in said[heard..].lines() {
            if !open {
                break;
            }
            count = count
                .map(|count| count + 1)
                .or((line == "HELP").then_some(0));
            let fault = if count == Some(fault.0) {
                fault.1
            } else {
                Fault::None
            };
            match fault {
                // Who lies about SEND is believed.
                Fault::Pretend if line == "SEND" => replies += &desk.answer(line),
                Fault::None => replies += &desk.answer(line),
                Fault::Extra(extra) => replies += &(desk.answer(line) + extra),
                Fault::Refuse(refusal) => replies += refusal,
                Fault::Pretend => replies += "250 OK\r\n",
                Fault::Mute | Fault::Close => drop(desk.answer(line)),
                Fault::Goodbye => replies += "421 SERVER DOWN, Goodbye\r\n",
            }
            open &= !matches!(fault, Fault::Close | Fault::Goodbye);
        }
        heard = said.len();
    }
    Run {
        window,
        played,
        delivered: desk.delivered,
    }
}

impl Run {
    /// The fate of each page, by its number; none where nothing of it was said.
    fn fates(&self) -> BTreeMap<usize, Fate> {
        let mut fates = BTreeMap::new();
        let mut number = 0;
        for did in &self.played.did {
            let answered = match did {
                Did::Asked(client::Question::Next(answered)) => Some(answered),
                Did::Ended(end) => end.answered.as_ref(),
                _ => None,
            };
            match answered {
                Some(Answered::Page(answer)) => {
                    fates.insert(number, answer.fates[0].clone());
                    number += 1;
                }
                Some(Answered::Together(Together { pages, .. })) => {
                    for answer in pages {
                        fates.insert(number, answer.fates[0].clone());
                        number += 1;
                    }
                }
                Some(Answered::LockStep { .. }) => number += self.window,
                _ => {}
            }
        }
        if self.played.end().is_some_and(|end| end.shifted) {
            fates
                .values_mut()
                .filter(|fate| fate.outcome.accepted())
                .for_each(|fate| {
                    *fate = Fate::unknown("taken back");
                });
        }
        fates
    }

    fn lock_step(&self) -> Option<&str> {
        self.played.did.iter().find_map(|did| match did {
            Did::Asked(client::Question::Next(Answered::LockStep { why, .. }))
            | Did::Ended(client::End {
                answered: Some(Answered::LockStep { why, .. }),
                ..
            }) => Some(why.as_str()),
            _ => None,
        })
    }

    /// What is said of every page is true.
    #[track_caller]
    fn is_true(&self, kinds: &[Kind]) {
        for (number, fate) in self.fates() {
            let (pager, text) = words(number, kinds[number]);
            let is_own = |page: &&Delivered| page.0.contains(&pager) && page.1 == text;
            let exact = self.delivered.iter().filter(is_own).count();
            match fate.outcome {
                Outcome::Sent | Outcome::Queued => {
                    assert_eq!(exact, 1, "{number} {fate:?}: {:?}", self.delivered);
                }
                Outcome::Unknown => assert!(exact <= 1),
                _ => assert_eq!(exact, 0, "{number} {fate:?}: {:?}", self.delivered),
            }
        }
    }

    /// And nothing went to the wrong pager, or twice.
    #[track_caller]
    fn is_right(&self, kinds: &[Kind]) {
        self.is_true(kinds);
        let mut seen = self.delivered.clone();
        seen.sort();
        seen.dedup();
        assert_eq!(
            seen.len(),
            self.delivered.len(),
            "twice: {:?}",
            self.delivered
        );
        for page in &self.delivered {
            let known = (0..kinds.len()).any(|number| {
                let (pager, text) = words(number, kinds[number]);
                *page == (vec![pager], text)
            });
            assert!(known, "{page:?}");
        }
    }
}

const GOOD: [Kind; 9] = [Kind::Good; 9];

fn outcomes(run: &Run) -> Vec<Outcome> {
    run.fates().values().map(|fate| fate.outcome).collect()
}

#[test]
fn a_window_is_written_whole_behind_help_and_a_rehearsal() {
    let run = run(&GOOD[..4], 3, true, (0, Fault::None), WHOLE);
    let login = "LOGI joe hunter2\r\n";
    let rehearsed = "MESS rehearsal, not sent\r\n";
    let mut expected = format!("{login}PAGE p0\r\nMESS t 0\r\nSEND\r\nHELP\r\n");
    let _ = write!(expected, "RESE\r\n{login}{rehearsed}{rehearsed}");
    let _ = write!(
        expected,
        "RESE\r\n{login}{rehearsed}RESE\r\n{login}HELP\r\n"
    );
    for number in 1..4 {
        let page = format!("PAGE p{number}\r\nMESS t {number}\r\nSEND\r\n");
        let _ = write!(expected, "RESE\r\n{login}{page}");
    }
    assert_eq!(run.played.said(), expected + "HELP\r\nQUIT\r\n");
    assert_eq!(outcomes(&run), [Outcome::Sent; 4]);
    run.is_right(&GOOD);
    // The question comes behind the rehearsal, and once.
    let commits = run
        .played
        .did
        .iter()
        .filter(|did| matches!(did, Did::Asked(client::Question::Commit)));
    assert_eq!(commits.count(), 2);
}

#[test]
fn a_refusal_stays_with_its_page() {
    use Kind::{BadPager, BadText, BusyPager, Full, Good};
    let kinds = [
        Good, Good, BadPager, Good, BadText, Good, Full, BusyPager, Good,
    ];
    let run = run(&kinds, 8, false, (0, Fault::None), WHOLE);
    run.is_right(&kinds);
    let fates: Vec<(Outcome, Exit, Option<u16>)> = run
        .fates()
        .into_values()
        .map(|fate| (fate.outcome, fate.exit, fate.code))
        .collect();
    let sent = (Outcome::Sent, Exit::Ok, Some(250));
    assert_eq!(
        fates,
        [
            sent,
            sent,
            (Outcome::Refused, Exit::NoUser, Some(550)),
            sent,
            (Outcome::Refused, Exit::Data, Some(550)),
            sent,
            (Outcome::Temporary, Exit::TempFail, Some(554)),
            (Outcome::Temporary, Exit::TempFail, Some(554)),
            sent,
        ]
    );
}

#[test]
fn a_page_behind_a_window_begins_afresh() {
    let mut all = jobs(&[Kind::Good, Kind::Good, Kind::BadText], 2);
    let quit = all.pop().unwrap();
    all.extend([page(&["p3"], &Options::default(), "t 3"), quit]);
    let mut played = Played::new(setup(true, false), all);
    let mut desk = Desk::default();
    played.hear(Desk::GREETING.as_bytes(), WHOLE);
    played.calm();
    let mut heard = 0;
    while !played.ended() {
        let said = played.said();
        let replies: String = said[heard..]
            .lines()
            .map(|line| desk.answer(line))
            .collect();
        heard = said.len();
        played.hear(replies.as_bytes(), WHOLE);
        played.calm();
    }
    assert!(
        played
            .said()
            .ends_with("HELP\r\nRESE\r\nPAGE p3\r\nMESS t 3\r\nSEND\r\nQUIT\r\n")
    );
    assert_eq!(
        desk.delivered.last().unwrap(),
        &(vec!["p3".to_owned()], "t 3".to_owned())
    );
}

#[test]
fn a_server_that_cannot_be_written_ahead_to_is_found_out_before_a_page_depends_on_it() {
    // HELP, RESE, MESS, MESS, RESE, MESS, RESE, HELP.
    for (at, fault) in [
        (0, Fault::Refuse("500 What?\r\n")),
        (0, Fault::Pretend),
        (0, Fault::Mute),
        (0, Fault::Close),
        (0, Fault::Goodbye),
        (1, Fault::Mute),
        (1, Fault::Extra("250 again\r\n")),
        (3, Fault::Mute),
        (3, Fault::Pretend),
        (3, Fault::Refuse("354 go on\r\n")),
        // Forgets nothing.
        (4, Fault::Pretend),
        (4, Fault::Refuse("500 What?\r\n")),
        (5, Fault::Close),
        (6, Fault::Mute),
        (6, Fault::Extra("250 again\r\n")),
        (6, Fault::Goodbye),
        (7, Fault::Mute),
        (7, Fault::Refuse("500 What?\r\n")),
    ] {
        let run = run(&GOOD, 8, false, (at, fault), WHOLE);
        assert!(run.lock_step().is_some(), "{at} {fault:?}");
        assert_eq!(run.delivered.len(), 1, "{at} {fault:?}");
        run.is_right(&GOOD);
    }
}

/// The number of the first command of the first window.
const FIRST: usize = 8;

#[test]
fn what_was_written_and_not_answered_is_unknown() {
    use Outcome::{Sent, Temporary, Unknown};
    // In the second transaction of four: at RESE, PAGE, MESS and SEND.
    for at in 4..8 {
        for fault in [Fault::Close, Fault::Goodbye] {
            let run = run(&GOOD[..5], 4, false, (FIRST + at, fault), WHOLE);
            run.is_right(&GOOD);
            // 421 is an answer to SEND.
            let second = if (at, fault) == (7, Fault::Goodbye) {
                Temporary
            } else {
                Unknown
            };
            assert_eq!(
                outcomes(&run),
                [Sent, Sent, second, Unknown, Unknown],
                "{at} {fault:?}"
            );
            assert!(!run.played.end().unwrap().shifted);
        }
        // Silence may be the end of a server that dropped commands before.
        let run = run(&GOOD[..5], 4, false, (FIRST + at, Fault::Mute), WHOLE);
        run.is_right(&GOOD);
        assert_eq!(outcomes(&run), [Sent, Unknown, Unknown, Unknown, Unknown]);
    }
}

#[test]
fn a_window_that_was_not_written_is_not_unknown() {
    let mut played = Played::new(setup(true, false), jobs(&GOOD[..3], 2));
    let mut desk = Desk::default();
    let mut heard = 0;
    played.hear(Desk::GREETING.as_bytes(), WHOLE);
    // Up to the moment when it waits for silence before it writes the window.
    while !played
        .did
        .iter()
        .any(|did| *did == Did::Asked(client::Question::Commit) && played.said().contains("HELP"))
    {
        played.calm();
        let said = played.said();
        let replies: String = said[heard..]
            .lines()
            .map(|line| desk.answer(line))
            .collect();
        heard = said.len();
        played.hear(replies.as_bytes(), WHOLE);
        if said.ends_with("MESS rehearsal, not sent\r\nRESE\r\nHELP\r\n") {
            break;
        }
    }
    assert!(played.quiet);
    played.step(Input::Eof);
    let end = played.end().unwrap();
    assert_eq!(end.answered, None);
    assert_eq!(end.cause.as_ref().unwrap().outcome, Outcome::Untried);
    assert!(!played.said().contains("PAGE p1"));
}

#[test]
fn a_reset_that_is_refused_makes_its_page_unknown_and_ends_the_trust() {
    // MESS of the first is refused, and then RESE of the second, which is not done.
    let kinds = [Kind::Good, Kind::BadText, Kind::Good, Kind::Good];
    let run = run(
        &kinds,
        3,
        false,
        (FIRST + 4, Fault::Refuse("554 not now\r\n")),
        WHOLE,
    );
    // This server sent the second text to the first pager as well.
    assert_eq!(run.delivered[1].0, ["p1", "p2"]);
    assert_eq!(
        outcomes(&run),
        [
            Outcome::Sent,
            // Its pager got something.
            Outcome::Unknown,
            Outcome::Unknown,
            Outcome::Sent
        ]
    );
    let doubt = run.played.did.iter().find_map(|did| match did {
        Did::Asked(client::Question::Next(Answered::Together(together))) => together.doubt.clone(),
        _ => None,
    });
    assert_eq!(doubt.unwrap(), "RESE was answered 554 not now");
}

#[test]
fn a_text_left_over_from_a_refused_page_is_never_called_sent() {
    // The first pager is refused, its text taken; RESE of the second only says that it is done.
    let kinds = [Kind::Good, Kind::BadPager, Kind::Good, Kind::Good];
    let run = run(&kinds, 3, false, (FIRST + 4, Fault::Pretend), WHOLE);
    assert_eq!(run.delivered[1], (vec!["p2".to_owned()], "t 1".to_owned()));
    let fates = run.fates();
    assert_eq!(fates[&2].outcome, Outcome::Unknown);
    assert!(
        fates[&2].text.contains("503") && fates[&2].text.contains("another page"),
        "{fates:?}"
    );
    // Its text is out, and must not go again by itself.
    assert_eq!(fates[&1].outcome, Outcome::Unknown);
    assert_eq!(fates[&3].outcome, Outcome::Sent);
}

#[test]
fn a_login_that_is_refused_in_a_window_says_nothing_about_the_page() {
    // HELP, the rehearsal of 10 and RESE.
    let refused = (12, Fault::Refuse("550 No\r\n"));
    for (kind, outcome, exit) in [
        // It went out, though not as the one who should have sent it.
        (Kind::Good, Outcome::Unknown, Exit::Unknown),
        (Kind::Full, Outcome::Temporary, Exit::NoPermission),
        (Kind::BadPager, Outcome::Refused, Exit::NoUser),
    ] {
        let kinds = [Kind::Good, kind, Kind::Good];
        let fates = run(&kinds, 2, true, refused, WHOLE).fates();
        assert_eq!(
            (fates[&1].outcome, fates[&1].exit),
            (outcome, exit),
            "{kind:?}"
        );
        assert_eq!(fates[&2].outcome, Outcome::Sent);
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::None,
        Fault::Mute,
        Fault::Extra("250 again\r\n"),
        Fault::Extra("550 again\r\n"),
        Fault::Extra("junk\r\n"),
        Fault::Refuse("500 What?\r\n"),
        Fault::Refuse("554 Not now\r\n"),
        Fault::Refuse("354 Go on\r\n"),
        Fault::Refuse("199 Hm\r\n"),
        Fault::Pretend,
        Fault::Close,
        Fault::Goodbye,
    ])
}

proptest! {
    #[test]
    fn a_window_does_the_same_in_any_chunks(
        kinds in prop::collection::vec(prop::sample::select(KINDS.to_vec()), 2..9),
        window in 1..9_usize,
        login: bool,
        at in 0..60_usize,
        fault in fault(),
        sizes in prop::collection::vec(1..40_usize, 1..6),
    ) {
        let whole = run(&kinds, window, login, (at, fault), BYTES);
        let pieces = run(&kinds, window, login, (at, fault), &sizes);
        // What comes too early is shown as far as it has come.
        prop_assert_eq!(whole.played.said(), pieces.played.said());
        prop_assert_eq!(whole.fates(), pieces.fates());
        prop_assert_eq!(whole.played.end(), pieces.played.end());
    }

    #[test]
    fn a_window_survives_any_server_and_always_ends(
        replies in prop::collection::vec(reply(), 0..60),
        sizes in prop::collection::vec(1..300_usize, 1..6),
        knows: bool,
        login: bool,
        silent: bool,
    ) {
        let mut played = Played::new(setup(true, login), jobs(&[Kind::Good; 6], 3));
        if knows {
            // So far a good one.
            let mut desk = Desk::default();
            played.hear(Desk::GREETING.as_bytes(), WHOLE);
            let mut heard = 0;
            while !played.said().contains("PAGE p1") {
                played.calm();
                let said = played.said();
                let lines = said[heard..].lines().take_while(|line| *line != "PAGE p1");
                let replies: String = lines.map(|line| desk.answer(line)).collect();
                heard = said.len();
                if !said.contains("PAGE p1") {
                    played.hear(replies.as_bytes(), WHOLE);
                }
            }
        }
        for reply in &replies {
            played.hear(reply, &sizes);
            if !played.ended() {
                played.calm();
            }
        }
        for _ in 0..3 {
            if !played.ended() {
                played.calm();
            }
            if !played.ended() {
                played.step(if silent { Input::Timeout } else { Input::Eof });
            }
        }
        prop_assert!(played.ended(), "{:?}", played.did);
        let fates = Run { window: 3, played, delivered: Vec::new() };
        let sends = fates.played.said().matches("SEND\r\n").count();
        let sent = fates.fates().values().filter(|fate| fate.outcome.accepted()).count();
        prop_assert!(sent <= sends);
    }

    /// Whatever a server refuses, forgets, says too often or not at all, what is said of each page
    /// in the end is true.
    #[test]
    fn no_page_is_called_sent_that_was_not(
        kinds in prop::collection::vec(prop::sample::select(KINDS.to_vec()), 2..12),
        window in 1..9_usize,
        login: bool,
        at in 0..70_usize,
        fault in fault(),
        sizes in prop::collection::vec(1..200_usize, 1..6),
    ) {
        let run = run(&kinds, window, login, (at, fault), &sizes);
        run.is_true(&kinds);
        // Only who lies about RESE can send a page to the wrong pager.
        if !matches!(fault, Fault::Pretend | Fault::Refuse(_)) {
            run.is_right(&kinds);
        }
    }
}
