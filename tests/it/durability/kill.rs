//! `kill -9`, five thousand times.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Script, codes, hear, line, on, quick};
use crate::support::spooled::accepted;
use crate::support::{Dice, Page, applet, scratch};

const SEED: u64 = 1861;
const SESSIONS: usize = 5000;
/// This many at once, into one spool.
const WORKERS: usize = 4;
/// After this many the spool is looked through, and the next one is made by whoever comes first.
const ROUND: usize = 200;

/// What became of a page, as its client knows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Told {
    /// SEND was never said.
    NotSent,
    /// SEND was said, and there is no answer.
    Nothing,
    /// 250.
    Accepted,
}

/// A session that was killed.
#[derive(Debug)]
struct Session {
    number: usize,
    /// Before it was at its end.
    cut: bool,
    pages: Vec<(Page, Told)>,
}

/// How the kills fell.
#[derive(Debug, Default)]
struct Tally {
    sessions: usize,
    /// Killed in the midst of the dialogue.
    cut: usize,
    accepted: usize,
    /// In new/, and killed before the 250.
    untold: usize,
    /// In tmp/, and killed before the rename.
    unfinished: usize,
}

#[test]
fn five_thousand_kills_lose_and_tear_nothing() {
    let mut tally = Tally::default();
    for round in 0..SESSIONS / ROUND {
        // Once where a sync takes its time, so that most are killed in one.
        let scratch = match round {
            0 => scratch("durability-kill"),
            _ => quick("durability-kill"),
        };
        let spool = scratch.join("spool");
        let sessions: Vec<Session> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS)
                .map(|worker| {
                    let spool = &spool;
                    scope.spawn(move || {
                        let each = ROUND / WORKERS;
                        let first = (round * WORKERS + worker) * each;
                        let numbers = first..first + each;
                        numbers
                            .map(|number| Session::run(spool, number))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            let all = workers.into_iter().map(|worker| worker.join().unwrap());
            all.flatten().collect()
        });
        tally.look_through(&spool, sessions);
        tally.unfinished += scratch.names("spool/tmp").len();
    }
    println!("{tally:?}");
    assert_eq!(tally.sessions, SESSIONS);
    // Else this has tested nothing: most are killed while they talk, and some in the very act.
    assert!(tally.cut > SESSIONS / 2, "{tally:?}");
    assert!(tally.accepted > SESSIONS / 2, "{tally:?}");
    assert!(tally.untold > 0 && tally.unfinished > 0, "{tally:?}");
}

impl Tally {
    /// Holds what is in the spool to what its clients were told.
    fn look_through(&mut self, spool: &Path, sessions: Vec<Session>) {
        let mut told = HashMap::new();
        for session in sessions {
            self.sessions += 1;
            self.cut += usize::from(session.cut);
            for (page, what) in session.pages {
                self.accepted += usize::from(what == Told::Accepted);
                told.insert(page, (session.number, what));
            }
        }
        for (name, page) in accepted(spool) {
            let Some((number, what)) = told.remove(&page) else {
                panic!("seed {SEED}: {name} is nobody's, or there twice: {page:?}");
            };
            let sent = what != Told::NotSent;
            assert!(sent, "seed {SEED}, session {number}: never sent: {page:?}");
            self.untold += usize::from(what == Told::Nothing);
        }
        for (page, (number, what)) in told {
            let lost = what == Told::Accepted;
            assert!(!lost, "seed {SEED}, session {number}: lost: {page:?}");
        }
    }
}

/// A page that no other session sends, long or short, in one line or in several.
fn page(dice: &mut Dice, number: usize, count: usize) -> Page {
    let to = (0..=dice.below(5)).map(|at| format!("{number}.{at}"));
    let mut text = format!("session {number} page {count}");
    let lines = [" ", " ", "\n", "\n.", "\n\n"];
    let ends: &[&str] = if dice.below(2) == 0 { &lines } else { &[" "] };
    for _ in 0..dice.below(100) {
        text.push_str(dice.one(ends));
        text.push_str(dice.one(&["SEND", "Disk", "full", "QUIT", "\u{fc}ber"]));
    }
    let to = to.collect();
    let text = text.into_bytes();
    Page { to, text }
}

impl Session {
    /// Talks for a while and kills, at an instant that the dice choose.
    fn run(spool: &Path, number: usize) -> Self {
        let mut dice = Dice::new(SEED + u64::try_from(number).unwrap());
        let mut script = Script::new();
        for count in 0..=dice.below(3) {
            script.page(&page(&mut dice, number, count));
        }
        script.say("QUIT\r\n", "221");
        let (mut client, socket, _) = line();
        let mut server = on(applet("snpp-serve").arg("--spool").arg(spool), socket).spawn();
        let mut heard = Vec::new();
        // Heard by then; every other time the next one is a SEND's.
        let replies = match dice.below(2) {
            0 => script.pledges[dice.below(script.pledges.len())].reply,
            _ => dice.below(script.codes.len() + 1),
        };
        let pipelined = dice.below(4) == 0;
        let said = if pipelined {
            let all = script.commands.concat();
            client.write_all(&all).unwrap();
            script.commands.len()
        } else {
            for (at, command) in script.commands.iter().take(replies).enumerate() {
                hear(&mut client, &mut heard, at + 1);
                client.write_all(command).unwrap();
            }
            replies.min(script.commands.len())
        };
        if pipelined {
            hear(&mut client, &mut heard, replies);
        }
        spin(&mut dice);
        server.signal(rustix::process::Signal::KILL);
        let status = server.wait().status;
        let killed = 128 + rustix::process::Signal::KILL.as_raw();
        assert!(
            status == 0 || status == killed,
            "seed {SEED}, session {number}: {status}"
        );
        // What it had said is still there to be read; that it had not read all makes a reset of the end.
        if let Err(error) = client.read_to_end(&mut heard) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
        let codes = codes(&heard);
        assert!(
            script
                .codes
                .starts_with(&codes.iter().map(String::as_str).collect::<Vec<_>>()),
            "seed {SEED}, session {number}: {codes:?}, not {:?}",
            script.codes
        );
        let pages = script.pledges.iter().map(|pledge| {
            let told = match codes.get(pledge.reply) {
                Some(_) => Told::Accepted,
                None if pledge.reply <= said => Told::Nothing,
                None => Told::NotSent,
            };
            (pledge.page.clone(), told)
        });
        Self {
            number,
            cut: codes.len() < script.codes.len(),
            pages: pages.collect(),
        }
    }
}

/// Waits a moment that is too short for anything but a loop; the shorter, the more often.
fn spin(dice: &mut Dice) {
    let longest = 1 << dice.below(11);
    let time = Duration::from_micros(u64::try_from(dice.below(longest)).unwrap());
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}
