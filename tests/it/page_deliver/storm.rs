//! Storms: the same page again and again, and more pages than anybody can read.

use jiff::{Timestamp, ToSpan as _};

use super::station::{Station, shell, taking};

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
