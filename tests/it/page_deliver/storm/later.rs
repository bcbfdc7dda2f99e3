//! A page of the same text is no reason not to send one that would come earlier.

use super::super::station::{Station, shell, taking};
use super::out;

const ANN: &str = "[pager.ann]\ndedup = '1h'\n";

/// The outcomes of all pages that are done or wait, without their order.
fn outcomes(site: &Station) -> Vec<String> {
    let mut all = site.list(&[], &["outcome"]);
    all.extend(site.list(&["--sent"], &["outcome"]));
    all.sort_unstable();
    all
}

#[test]
fn one_that_waits_longer_keeps_nobody_from_being_told() {
    let quiet = ANN.to_owned() + "quiet = '00:00-24:00'\n";
    let rated = ANN.to_owned() + "rate = '1/1day'\n";
    for (case, names, other, first) in [
        ("quiet", quiet.as_str(), "", "--level=1"),
        ("rated", &rated, "Lunch", "--level=1"),
        ("later", ANN, "", "--at=5h"),
    ] {
        let site = Station::new(&format!("storm-later-{case}"), &(taking("default") + names));
        if !other.is_empty() {
            site.page(&["ann", other]);
            site.pass();
        }
        site.page(&[first, "ann", "Fire"]);
        site.pass();
        assert!(!site.out().contains("Fire"), "{case}");
        site.page(&["--level=0", "ann", "Fire"]);
        // The same once more is one.
        site.page(&["--level=0", "ann", "Fire"]);
        site.pass();
        site.page(&["--level=2", "ann", "Fire"]);
        site.pass();
        assert_eq!(site.out().matches("ann: Fire").count(), 1, "{case}");
        let copies = outcomes(&site);
        let copies = copies.iter().filter(|row| *row == "ann duplicate");
        assert_eq!(copies.count(), 2, "{case}");
    }
}

#[test]
fn one_that_is_held_or_may_be_out_keeps_nobody_from_being_told() {
    let unsure = shell("default", "exit 79");
    let site = Station::new("storm-held", &(unsure + ANN));
    site.page(&["ann", "may be out"]);
    site.pass();
    assert_eq!(site.row(&[])["outcome"], "unknown");
    site.configure(&(taking("default") + ANN));
    let held = site.page(&["--at=1h", "ann", "held"]);
    site.pass();
    site.pageq(&["hold", &held]);
    for _ in 0..2 {
        site.page(&["ann", "may be out"]);
        site.page(&["--at=2h", "ann", "held"]);
        site.page(&["ann", "held"]);
    }
    site.pass();
    assert_eq!(out(&site), ["ann: held", "ann: may be out"]);
}

#[test]
fn one_that_waits_for_its_route_has_to_do_for_all() {
    let site = Station::new("storm-waits", &(shell("default", "exit 75") + ANN));
    for _ in 0..3 {
        site.page(&["ann", "Disk full"]);
        site.page(&["--at=1h", "ann", "Disk full"]);
        site.pass();
    }
    assert_eq!(site.row(&[])["outcome"], "temporary");
    // But not for what is more urgent.
    site.page(&["--level=0", "ann", "Disk full"]);
    site.pass();
    assert_eq!(site.rows(&[]).len(), 2);
}
