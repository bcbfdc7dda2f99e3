//! `kill -9` of the deliverer and of its routes, at any instant: no job is
//! lost, and what may be out twice says so.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, test_kill_process};

use super::site::{Key, Site, at_gateway, children, kill};
use crate::support::{Dice, eventually};

/// So many kills, unless the environment has `KILLS`.
const KILLS: usize = 200;
const SEED: u64 = 2143;
const WORKERS: usize = 4;

const CONFIG: &str = r#"
[pager.a]
route = "gate"
[pager.b]
route = "gate"
[pager.c]
route = "rows"
[pager.x]
route = "each"
[group.all]
members = ["a", "b", "c", "x"]

[route.gate]
type = "snpp"
proxy-command = "snpp-serve --spool DIR/gate"
max-length = 60
retry-delay = "30ms"
retry = 1000
on-unknown = "POLICY"
[route.rows]
type = "csv"
command = ["sh", "-c", 'echo row,outcome; n=0; read -r header; while IFS= read -r line; do printf "%s\n" "$line" >>"$0/rows"; n=$((n + 1)); echo "$n,sent"; done', "DIR"]
retry-delay = "30ms"
retry = 1000
on-unknown = "POLICY"
[route.each]
type = "exec"
command = ["sh", "-c", 't=$(cat); test -n "$t" || exit 75; echo "$PAGEBOX_ID,$PAGEBOX_PAGER,,$t" >>"$0/each"', "DIR"]
retry-delay = "30ms"
retry = 1000
on-unknown = "POLICY"
"#;

#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// Of a route, and not of the deliverer.
    of_routes: usize,
    pages: usize,
    unknown: usize,
    twice: usize,
    warned: usize,
}

fn kills() -> usize {
    let wanted = std::env::var("KILLS").ok();
    wanted.map_or(KILLS, |kills| kills.parse().unwrap())
}

fn id(number: usize) -> String {
    format!("1700000000-{number:09}-1-0-{number:04x}")
}

/// What came there, by pager, job and part, and how often.
fn arrived(site: &Site) -> BTreeMap<Key, usize> {
    let mut count = BTreeMap::new();
    let mut add = |pager: &str, text: &str| {
        let part = text
            .strip_prefix('(')
            .and_then(|text| text.split('/').next());
        let part = part.map_or(1, |part| part.parse().unwrap());
        let word = text
            .split(' ')
            .find_map(|word| word.strip_prefix('j'))
            .unwrap();
        let number = word.split('.').next().unwrap().parse().unwrap();
        *count
            .entry((pager.to_owned(), id(number), part))
            .or_default() += 1;
    };
    for (pager, text) in at_gateway(&site.dir.join("gate")) {
        add(&pager, &text);
    }
    for file in ["rows", "each"] {
        for line in site.lines(file) {
            let cells: Vec<&str> = line.split(',').collect();
            add(cells[1], cells[3]);
        }
    }
    count
}

/// To whom, and what.
fn job(dice: &mut Dice, number: usize) -> String {
    let mut text = String::new();
    match dice.below(3) {
        0 => text.push_str("To: all\n"),
        _ => {
            for pager in ["a", "b", "c", "x"] {
                if dice.below(2) == 0 || (pager == "x" && text.is_empty()) {
                    text.extend(["To: ", pager, "\n"]);
                }
            }
        }
    }
    let words = 1 + dice.below(25);
    let words: Vec<String> = (0..words).map(|word| format!("j{number}.{word}")).collect();
    format!("{text}\n{}\n", words.join(" "))
}

fn run(worker: usize, policy: &str, kills: usize) -> Tally {
    let mut dice = Dice::new(SEED + u64::try_from(worker).unwrap());
    let site = Site::new("deliver-kill", &CONFIG.replace("POLICY", policy));
    let mut tally = Tally::default();
    let mut jobs = 0;
    while tally.kills < kills {
        for _ in 0..=dice.below(2) {
            site.job(&id(jobs), job(&mut dice, jobs));
            jobs += 1;
        }
        let mut pass = site.deliver(&[]).spawn();
        let longest = *dice.one(&[&5_u64, &40, &100]);
        let micros = dice.below(usize::try_from(longest * 1000).unwrap());
        thread::sleep(Duration::from_micros(u64::try_from(micros).unwrap()));
        if dice.below(2) == 0 {
            if !pass.has_ended() {
                pass.kill();
                tally.kills += 1;
            }
            continue;
        }
        let mut victims = children(pass.pid());
        if !victims.is_empty() {
            let victim = victims.swap_remove(dice.below(victims.len()));
            // The program itself, or what it has started in turn.
            let below = children(u32::try_from(victim.as_raw_nonzero().get()).unwrap());
            kill(
                below
                    .first()
                    .copied()
                    .filter(|_| dice.below(3) == 0)
                    .unwrap_or(victim),
            );
            tally.kills += 1;
            tally.of_routes += 1;
        }
        let ended = pass.wait();
        ended.expect_status(0);
    }
    let mut last = site.watch();
    let said = || last.stderr();
    eventually_all_is_said(&site, &said);
    last.signal(Signal::TERM);
    last.wait().expect_status(143);
    judge(&site, policy, jobs, &mut tally);
    tally
}

/// Waits until nothing is left that could go on by itself.
pub(super) fn eventually_all_is_said(site: &Site, said: &dyn Fn() -> String) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let all = site.dir.names("spool/active").into_iter();
        let mut jobs = all.filter(|name| !name.starts_with('.') || name.starts_with(".in-"));
        let stopped = site.names("wait").iter().all(|name| name.contains("~s~"));
        if stopped && jobs.next().is_none() && site.names("new").is_empty() {
            return;
        }
        let dir = site.dir.display();
        assert!(
            Instant::now() < deadline,
            "{dir}: still at work:\n{}",
            said()
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Holds what arrived to what is said of it.
fn judge(site: &Site, policy: &str, jobs: usize, tally: &mut Tally) {
    let fates = site.fates();
    let mut arrived = arrived(site);
    let known = site.ids(&["sent", "failed", "wait"]);
    for number in 0..jobs {
        assert!(known.contains(&id(number)), "lost: {number}");
    }
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, fate) in &fates {
        let count = arrived.remove(key).unwrap_or(0);
        let context = || format!("{policy} {}: {key:?} {fate:?}: {count}", site.dir.display());
        tally.pages += 1;
        match fate.mark {
            'D' => assert!(count > 0, "lost: {}", context()),
            'U' => {
                tally.unknown += 1;
                *unknown.entry(&fate.route).or_default() += 1;
            }
            // Behind a part that is unknown.
            'T' => assert_eq!((count, fate.place), (0, "wait"), "{}", context()),
            _ => panic!("nothing fails here: {}", context()),
        }
        if count > 1 {
            tally.twice += 1;
            assert!(fate.duplicate_possible, "in silence: {}", context());
            assert_eq!(policy, "retry", "{}", context());
        }
        tally.warned += usize::from(fate.duplicate_possible);
    }
    assert!(arrived.is_empty(), "nobody's: {arrived:?}");
    // One row of a route is unanswered.
    for (route, count) in unknown {
        assert!(count <= tally.kills, "{route}: {count} of {}", tally.kills);
    }
}

#[test]
fn kills_at_any_instant_lose_nothing_and_double_nothing_in_silence() {
    let each = kills() / WORKERS;
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let policy = ["hold", "retry"][worker % 2];
                scope.spawn(move || run(worker, policy, each))
            })
            .collect();
        let all = workers.into_iter().map(|worker| worker.join().unwrap());
        all.collect()
    });
    println!("{tallies:#?}");
    // Else this has tested nothing.
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    assert!(sum(|tally| tally.kills) >= each * WORKERS);
    assert!(
        sum(|tally| tally.of_routes) > 0 && sum(|tally| tally.unknown) > 0,
        "{tallies:?}"
    );
    assert!(sum(|tally| tally.warned) > 0, "{tallies:?}");
}

/// Sends a page and says so when the file `go` is there; `try` is how often it was run.
const LATE: &str = r#"
[pager.joe]
route = "late"
[route.late]
type = "TYPE"
command = ["sh", "-c", 'echo >>"$0/try"; SCRIPT', "DIR"]
retry-delay = "30ms"
on-unknown = "POLICY"
"#;
const SEND: &str =
    r#"echo >>"$0/begun"; until test -e "$0/go"; do sleep 0.01; done; echo page >>"$0/out""#;

#[test]
fn what_went_out_behind_a_failure_is_unknown_to_who_was_killed_before_it_knew() {
    let first = format!("cat >/dev/null; {SEND}");
    let again = format!(r#"cat >/dev/null; test "$(wc -l <"$0/try")" = 2 || exit 75; {SEND}"#);
    let could_not = "read -r h; read -r l; echo row,outcome; echo 1,temporary";
    // One that tries again by itself, and one that is asked to while it still runs.
    let itself = format!("{could_not}; {SEND}; echo 1,sent");
    let asked = format!("{could_not}; read -r l; {SEND}; echo 2,sent");
    let cases = [
        ("exec", first, 1),
        ("exec", again, 2),
        ("csv", itself, 1),
        ("csv", asked, 1),
    ];
    thread::scope(|scope| {
        for (kind, script, tries) in &cases {
            for policy in ["hold", "retry"] {
                scope.spawn(|| die_behind_a_failure(kind, script, *tries, policy));
            }
        }
    });
}

fn die_behind_a_failure(kind: &str, script: &str, tries: usize, policy: &str) {
    let config = LATE.replace("TYPE", kind).replace("POLICY", policy);
    let site = Site::new("deliver-late", &config.replace("SCRIPT", script));
    site.job("job", "To: joe\n\npage\n");
    let mut killed = site.watch();
    site.wait_for_lines("begun", 1);
    assert_eq!(site.lines("try").len(), tries, "{script}");
    if tries == 2 || kind == "csv" {
        killed.wait_for_stderr("temporary");
    }
    let orphans = children(killed.pid());
    kill(Pid::from_raw(i32::try_from(killed.pid()).unwrap()).unwrap());
    eventually("it is dead", || killed.has_ended());
    // The route is not free, so nothing goes meanwhile.
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.lines("begun").len(), 1, "{script}");
    let after = LATE.replace("TYPE", "exec").replace("POLICY", policy);
    site.configure(&after.replace("SCRIPT", r#"cat >>"$0/out""#));
    fs::write(site.dir.join("go"), "").unwrap();
    let is_gone = |orphan: &Pid| test_kill_process(*orphan).is_err();
    eventually("its route has ended", || orphans.iter().all(is_gone));
    assert_eq!(site.lines("out"), ["page"], "{script}");
    let pass = site.watch();
    pass.wait_for_stderr("page-deliver was ended while the route had it");
    eventually_all_is_said(&site, &|| pass.stderr());
    let fates = site.fates();
    let said: Vec<(char, bool)> = fates
        .values()
        .map(|fate| (fate.mark, fate.duplicate_possible))
        .collect();
    let (expected, times) = match policy {
        "retry" => (('D', true), 2),
        _ => (('U', false), 1),
    };
    assert_eq!(said, [expected], "{script}: {fates:?}");
    assert_eq!(site.lines("out").len(), times, "{script}");
}
