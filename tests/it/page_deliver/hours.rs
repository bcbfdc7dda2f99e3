//! Who is paged at which hour: groups, duty, and quiet hours.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::station::{Station, shell, taking};

/// Hours from so many minutes before or behind now to so many, each day.
fn hours(from: i64, to: i64) -> String {
    let at = |minutes: i64| {
        let now = Timestamp::now().to_zoned(TimeZone::UTC);
        now.checked_add(minutes.minutes())
            .unwrap()
            .strftime("%H:%M")
            .to_string()
    };
    format!("{}-{} UTC", at(from), at(to))
}

#[test]
fn a_page_to_a_group_is_for_those_on_duty_each_once() {
    let (on, off) = (hours(-60, 60), hours(60, 120));
    let config = format!(
        "[pager]\nann.hours = '{on}'\nbob.hours = '{off}'\ncid = {{ id = '5551212' }}\ndan = {{}}\n\
         [group]\nall.members = ['night', 'day', 'cid', 'bob', 'ann']\n\
         day = {{ members = ['ann', 'cid', 'bob'], hours = '{on}' }}\n\
         night = {{ members = ['dan'], hours = '{off}' }}\n{}",
        taking("default")
    );
    let site = Station::new("duty", &config);
    site.page(&["all", "Hi"]);
    site.pass();
    assert_eq!(site.out(), "ann: Hi\n5551212: Hi\n");
    assert_eq!(site.list(&["--sent"], &["to"]), ["ann all", "cid all"]);
    site.is_empty();
}

#[test]
fn who_is_on_duty_is_looked_up_when_the_page_is_due() {
    let group = |member: &str| {
        format!(
            "pager.ann = {{}}\npager.bob = {{}}\ngroup.oncall.members = ['{member}']\n{}",
            taking("default")
        )
    };
    let site = Station::new("duty-later", &group("ann"));
    let id = site.page(&["--at", "1h", "oncall", "Hi"]);
    site.pass();
    site.configure(&group("bob"));
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "bob: Hi\n");
}

#[test]
fn where_nobody_is_on_duty_somebody_is_told() {
    let off = hours(60, 120);
    let tell = r#"echo "$PAGEBOX_PAGER $PAGEBOX_OUTCOME $PAGEBOX_RESPONSE: $(cat)" >>"$0/told""#;
    let config = format!(
        "on-failure = ['sh', '-c', '''{tell}''', '@']\npager.ann.hours = '{off}'\n\
         group.oncall.members = ['ann']\n{}",
        taking("default")
    );
    let site = Station::new("nobody", &config);
    site.page(&["oncall", "Hi"]);
    site.pass();
    site.pass();
    assert_eq!(site.out(), "");
    let row = site.row(&["--failed"]);
    let why = row["response"].as_str().unwrap();
    assert!(why.starts_with("off duty until "), "{why}");
    assert_eq!(
        site.scratch.read("told"),
        format!("oncall refused {why}: Hi\n")
    );
}

#[test]
fn the_quiet_are_disturbed_by_the_urgent_alone() {
    let quiet = |quiet: &str| format!("pager.ann.quiet = '{quiet}'\n{}", taking("default"));
    let site = Station::new("quiet", &quiet(&hours(-60, 60)));
    let id = site.page(&["ann", "later"]);
    site.page(&["--level", "1", "ann", "later too"]);
    site.page(&["--level", "0", "ann", "now"]);
    site.pass();
    assert_eq!(site.out(), "ann: now\n");
    let rows = site.rows(&[]);
    assert_eq!(rows.len(), 2);
    for row in rows {
        let due: Timestamp = row["due"].as_str().unwrap().parse().unwrap();
        let left = due.as_second() - Timestamp::now().as_second();
        assert!((3480..=3600).contains(&left), "{row}");
        assert_eq!(row["attempts"], 0);
    }
    // That somebody hurries does not end them.
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "ann: now\n");
    site.configure(&quiet(&hours(60, 120)));
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "ann: now\nann: later\n");
}

/// The fallback counts from when the route could be tried.
#[test]
fn quiet_hours_are_no_time_that_a_route_was_tried_in_vain() {
    let config = |quiet: &str, script: &str| {
        format!(
            "pager.ann.quiet = '{quiet}'\n{}fallback = 'b'\n{}",
            shell("default", script),
            taking("b")
        )
    };
    let site = Station::new("quiet-fallback", &config(&hours(-60, 60), "exit 75"));
    let hour = Timestamp::now() - 1.hour();
    site.job("1-1", &format!("To: ann\nReceived: {hour}\n\nHi\n"));
    site.pass();
    site.configure(&config(&hours(60, 120), "exit 75"));
    let id = site.row(&[])["id"].as_str().unwrap().to_owned();
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "");
    let row = site.row(&[]);
    assert_eq!(
        (&row["route"], &row["attempts"]),
        (&"default".into(), &1.into())
    );
}
