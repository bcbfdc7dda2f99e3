//! Storms: the same page again and again, and more pages than anybody can read.

mod fate;
mod later;
mod trouble;

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::station::{Station, shell, taking};
use crate::support::eventually;

/// What a route of [`taking`] has written, in no order.
fn out(site: &Station) -> Vec<String> {
    let mut out: Vec<String> = site.out().lines().map(str::to_owned).collect();
    out.sort_unstable();
    out
}

#[test]
fn a_name_that_is_told_nothing_twice_is_told_each_text_once() {
    let names = "[pager.ann]\ndedup = '1h'\n[pager.bob]\n\
                 [group.all]\nmembers = ['bob']\ndedup = '1h'\n";
    let site = Station::new("storm-dedup", &(taking("default") + names));
    for number in 0..1000 {
        site.job(&format!("j{number}"), "To: ann\n\nDisk full\n");
    }
    for number in 0..3 {
        site.job(&format!("k{number}"), "To: ann,bob\n\nLink down\n");
        site.job(&format!("l{number}"), "To: all\n\nLunch\n");
    }
    // Long ago, and with a shorter time of its own.
    let before = Timestamp::now() - 2.hours();
    site.job("old", &format!("To: ann\nReceived: {before}\n\nLunch\n"));
    site.pass();
    site.job("own", "To: ann\nDedup: 0\n\nDisk full\n");
    site.job("more", "To: ann,bob\n\nLunch\n");
    site.pass();
    for number in 0..300 {
        site.job(&format!("m{number}"), "To: ann\n\nDisk full\n");
        if number % 100 == 0 {
            site.pass();
        }
    }
    site.pass();
    let once = [
        "ann: Disk full",
        "ann: Disk full",
        "ann: Link down",
        "ann: Lunch",
        "ann: Lunch",
    ];
    let all = [
        "bob: Link down",
        "bob: Link down",
        "bob: Link down",
        "bob: Lunch",
        "bob: Lunch",
    ];
    assert_eq!(out(&site), [once, all].concat());
    site.is_empty();
}

#[test]
fn what_has_failed_keeps_nobody_from_being_told() {
    let names = "[pager.ann]\ndedup = '1h'\n";
    let site = Station::new("storm-failed", &(shell("default", "exit 67") + names));
    site.job("one", "To: ann\n\nDisk full\n");
    site.pass();
    site.configure(&(taking("default") + names));
    site.job("two", "To: ann\n\nDisk full\n");
    site.pass();
    // Nor is a copy a reason for long after the page itself.
    site.job("three", "To: ann\n\nDisk full\n");
    site.pass();
    assert_eq!(out(&site), ["ann: Disk full"]);
}

#[test]
fn what_is_said_of_something_else_is_no_copy() {
    let site = Station::new(
        "storm-about",
        &(taking("default") + "[pager.ann]\ndedup = '1h'\n"),
    );
    for (number, head) in [
        "",
        "Subject: db01\n",
        "Subject: db02\n",
        "Caller: 555\n",
        "Caller: db01\n",
    ]
    .repeat(2)
    .into_iter()
    .enumerate()
    {
        job(&site, number, &format!("To: ann\n{head}\nDisk full\n"));
        if number % 3 == 0 {
            site.pass();
        }
    }
    site.pass();
    assert_eq!(out(&site), ["ann: Disk full"; 5]);
}

#[test]
fn what_was_in_a_digest_that_was_removed_can_be_told() {
    let names = "[pager.ann]\ndedup = '1h'\n";
    let rated = names.to_owned() + "rate = '1/1h'\n";
    for fails in [false, true] {
        let site = Station::new("storm-removed", &(taking("default") + &rated));
        for number in 0..3 {
            job(&site, number, &format!("To: ann\n\nj{number}\n"));
        }
        site.pass();
        let digest = site.row(&[])["id"].as_str().unwrap().to_owned();
        if fails {
            let_go(&site, &(shell("default", "exit 67") + names));
        }
        site.pageq(&["remove", &digest]);
        site.configure(&(taking("default") + names));
        for number in 0..3 {
            job(&site, 3 + number, &format!("To: ann\n\nj{number}\n"));
            job(&site, 6 + number, &format!("To: ann\n\nj{number}\n"));
        }
        site.pass();
        assert_eq!(out(&site), ["ann: j0", "ann: j1", "ann: j2"], "{fails}");
    }
}

const DISK: &str = "Disk full on db01";
const LINK: &str = "Link down on eth0";

/// The alerts of one fault, of which every tenth says something else.
fn flood(site: &Station, numbers: Range<usize>) {
    for number in numbers {
        let text = if number % 10 == 9 { LINK } else { DISK };
        job(site, number, &format!("To: ann\n\n{text}\n"));
    }
}

/// Jobs whose order is that of their numbers.
fn job(site: &Station, number: usize, text: &str) {
    site.job(&format!("1700000000-{number:09}-1-0-aaaa"), text);
}

/// Has no other rate, so that what waits for its turn can go.
fn let_go(site: &Station, config: &str) {
    site.configure(config);
    for row in site.rows(&[]) {
        site.pageq(&["retry", row["id"].as_str().unwrap()]);
    }
    site.pass();
}

/// How many pages a line of [`out`] stands for.
fn count(line: &str) -> usize {
    let digest = line
        .split_once(": +")
        .and_then(|(_, text)| text.split_once(" more: "));
    digest.map_or(1, |(count, _)| count.parse().unwrap())
}

#[test]
fn what_is_more_than_the_rate_is_one_page_that_says_how_many() {
    for passes in [1, 5] {
        let config = taking("default") + "[pager.ann]\n";
        let site = Station::new("storm-flood", &format!("{config}rate = '3/1day'\n"));
        for pass in 0..passes {
            let each = 500 / passes;
            flood(&site, pass * each..(pass + 1) * each);
            site.pass();
        }
        assert_eq!(site.out(), format!("ann: {DISK}\n").repeat(3));
        let row = site.row(&[]);
        assert_eq!(
            [
                &row["state"],
                &row["outcome"],
                &row["response"],
                &row["attempts"]
            ],
            [
                &json!("wait"),
                &json!("gathered"),
                &json!("497 pages so far"),
                &json!(0)
            ]
        );
        let id = row["id"].as_str().unwrap();
        let shown = site.run("pageq").args(["show", "--json", id]).run().stdout;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let texts = json!([{"text": DISK, "count": 447}, {"text": LINK, "count": 50}]);
        assert_eq!(shown["gathered"], texts);
        let shown = site.run("pageq").args(["show", id]).run().stdout;
        assert!(
            shown.contains(&format!("\nGathered:\n  447 {DISK}\n   50 {LINK}\n")),
            "{shown}"
        );
        let gathered = site.list(&["--sent"], &["outcome", "response"]);
        let of_this = format!("ann gathered in the digest {id}");
        assert_eq!(gathered.iter().filter(|row| **row == of_this).count(), 497);
        let_go(&site, &config);
        let last = format!("ann: +497 more: {DISK} (447), {LINK} (50)");
        assert_eq!(site.out().lines().last(), Some(&*last));
        assert_eq!(site.out().lines().count(), 4);
        site.is_empty();
    }
}

#[test]
fn a_digest_goes_by_itself_when_its_turn_comes() {
    let names = "[pager.ann]\nrate = '2/1s'\n";
    let site = Station::new("storm-watch", &(taking("default") + names));
    flood(&site, 0..40);
    let _watch = site.watch();
    let sum = || site.out().lines().map(count).sum::<usize>();
    eventually("all was told", || sum() >= 40);
    eventually("nothing is left", || site.rows(&[]).is_empty());
    assert_eq!(sum(), 40);
    assert!(site.out().contains(" more: "), "{}", site.out());
    site.is_empty();
}

#[test]
fn a_page_that_was_gathered_alone_is_itself() {
    let config = taking("default") + "max-length = 20\n[pager.ann]\n";
    let site = Station::new("storm-alone", &format!("{config}rate = '1/1day'\n"));
    let text = "one two three four five six seven";
    for number in 0..2 {
        job(&site, number, &format!("To: ann\n\n{text}\n"));
    }
    site.pass();
    let once = site.out();
    assert!(
        once.starts_with("ann: (1/3) one two three\nann: (2/3)"),
        "{once}"
    );
    let_go(&site, &config);
    assert_eq!(site.out(), once.repeat(2));
    site.is_empty();
}

#[test]
fn a_digest_fits_into_one_part_of_whatever_way_it_takes() {
    let names = "[pager.ann]\n";
    let first =
        shell("default", "exit 75") + "retry = 0\nfallback = 'second'\nfallback-after = 0\n";
    let config =
        first + &taking("second") + "max-length = 20\nfilter = ['sed', 's/^/filtered /']\n" + names;
    let site = Station::new("storm-fallback", &format!("{config}rate = '1/1day'\n"));
    site.job("a", "To: ann; level=0\n\nfirst\n");
    site.pass();
    for number in 0..30 {
        job(
            &site,
            number,
            &format!("To: ann\nSubject: Oh\n\ntext {number}\n"),
        );
    }
    site.pass();
    let_go(&site, &config);
    assert_eq!(
        site.out(),
        "ann: filtered first\nann: filtered +30 more...\n"
    );
    site.is_empty();
}

#[test]
fn a_digest_is_no_longer_than_anybody_reads() {
    let config = taking("default") + "[pager.ann]\n";
    let site = Station::new("storm-long", &format!("{config}rate = '1/1day'\n"));
    for number in 0..150 {
        job(
            &site,
            number,
            &format!("To: ann\n\nDisk {number} is full\n"),
        );
    }
    site.pass();
    let id = site.row(&[])["id"].as_str().unwrap().to_owned();
    let shown = site.run("pageq").args(["show", &id]).run().stdout;
    assert!(
        shown.contains("\n    1 Disk 100 is full\n   49 with other texts\n"),
        "{shown}"
    );
    let_go(&site, &config);
    let out = site.out();
    let last = out.lines().last().unwrap();
    assert!(
        last.starts_with("ann: +149 more: Disk 1 is full, Disk 2 is full, "),
        "{last}"
    );
    assert!(
        last.ends_with("...") && last.len() <= "ann: ".len() + 200,
        "{last}"
    );
}

#[test]
fn the_urgent_go_at_once_and_those_that_somebody_waits_for_have_their_turn() {
    let config = taking("default") + "two-way = true\n[pager.ann]\n";
    let site = Station::new("storm-never", &format!("{config}rate = '6/1day'\n"));
    for number in 10..16 {
        job(&site, number, "To: ann; level=0\n\nfire\n");
    }
    site.pass();
    job(&site, 1, "To: ann; level=0\n\nflood\n");
    job(&site, 2, "To: ann; pin=1\n\nwith a PIN\n");
    job(&site, 3, "To: ann\n\n");
    let tag = "004711471147114711";
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    job(
        &site,
        4,
        &format!("To: ann\nTwo-way: {tag} {hash}\n\nwaited for\n"),
    );
    job(&site, 5, "To: ann\n\nplain\n");
    site.pass();
    assert_eq!(site.out(), "ann: fire\n".repeat(6) + "ann: flood\n");
    let outcomes = site.list(&[], &["outcome", "state"]);
    assert_eq!(
        outcomes,
        [
            "ann gathered wait",
            "ann paced wait",
            "ann paced wait",
            "ann paced wait"
        ]
    );
    // One behind the other, and not all at the same time.
    let due = site.list(&[], &["due"]);
    assert_eq!(
        due.iter().collect::<BTreeSet<_>>().len(),
        due.len(),
        "{due:?}"
    );
    let_go(&site, &config);
    let mut out = out(&site);
    out.retain(|line| !line.starts_with("ann: f"));
    assert_eq!(
        out,
        ["ann: ", "ann: plain", "ann: waited for", "ann: with a PIN"]
    );
    site.is_empty();
}

#[test]
fn a_route_has_a_rate_for_all_its_pagers_together() {
    let names = "[pager.ann]\nrate = '2/1day'\n[pager.bob]\n";
    let config = taking("default");
    let site = Station::new("storm-route", &format!("{config}rate = '3/1day'\n{names}"));
    for number in 0..6 {
        job(&site, number, "To: ann,bob\n\nHi\n");
    }
    site.pass();
    // One after the other took a token of the route, as long as there were any.
    assert_eq!(out(&site), ["ann: Hi", "ann: Hi", "bob: Hi"]);
    let rates = site.scratch.read("spool/active/.rates");
    assert!(
        rates.contains("pager ann") && rates.contains("route default"),
        "{rates}"
    );
    let_go(&site, &(config + "[pager.ann]\n[pager.bob]\n"));
    let digests = [
        "ann: +4 more: Hi (4)",
        "ann: Hi",
        "ann: Hi",
        "bob: +5 more: Hi (5)",
        "bob: Hi",
    ];
    assert_eq!(out(&site), digests);
    site.is_empty();
}

#[test]
fn a_turn_is_put_off_by_nothing_but_pages_that_go() {
    let config = taking("default") + "[pager.ann]\nrate = '1/1h'\n";
    let site = Station::new("storm-turns", &config);
    let watch = site.watch();
    // When its turn is, and which job it is.
    let turn = |outcome: &str| {
        let (mut turn, mut id) = (Timestamp::MIN, String::new());
        eventually(outcome, || {
            let rows = site.rows(&[]);
            let [row] = &rows[..] else { return false };
            let due = row["due"].as_str().and_then(|due| due.parse().ok());
            turn = due.unwrap_or_default();
            id = row["id"].as_str().unwrap_or_default().to_owned();
            row["outcome"] == outcome && turn > Timestamp::now() + 10.minutes()
        });
        (turn, id)
    };
    let told = |number, text| job(&site, number, &format!("To: ann{text}\n"));
    told(0, "\n\nfirst");
    eventually("the first is out", || out(&site).len() == 1);
    // One that waits for its own, and then two digests; each is removed.
    for (number, text, outcome) in [
        (1, "; pin=1\n\nx", "paced"),
        (2, "\n\nsome", "gathered"),
        (3, "\n\nothers", "gathered"),
    ] {
        told(number, text);
        let (before, id) = turn(outcome);
        for _ in 0..3 {
            site.pageq(&["retry", &id]);
            assert_eq!(turn(outcome).0, before, "{text}");
        }
        site.pageq(&["remove", &id]);
    }
    told(4, "\n\nthe last");
    assert!(turn("gathered").0 < Timestamp::now() + 70.minutes());
    drop(watch);
}

#[test]
fn what_expires_before_its_turn_has_failed_then() {
    let names = "expire = '1s'\n[pager.ann]\nrate = '1/1h'\n";
    let site = Station::new("storm-expired", &(taking("default") + names));
    let watch = site.watch();
    for (number, to) in ["ann", "ann", "ann; pin=1"].iter().enumerate() {
        job(&site, number, &format!("To: {to}\n\nj{number}\n"));
    }
    eventually("both have failed", || {
        site.list(&["--failed"], &["outcome"]) == ["ann expired", "ann expired"]
    });
    drop(watch);
}
