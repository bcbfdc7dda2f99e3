//! What becomes of a page that a route did not deliver, and in which order pages go.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::station::{Station, TAKE, shell, taking};
use crate::support::fake::HANG_UP;
use crate::support::{Fake, eventually};

/// Seconds from now to a moment of a row.
fn ahead(row: &Value, field: &str) -> i64 {
    let at: Timestamp = row[field].as_str().unwrap().parse().unwrap();
    at.as_second() - Timestamp::now().as_second()
}

#[test]
fn a_page_is_tried_again_later_and_later_and_then_has_failed() {
    let route = shell("default", "exit 75");
    let site = Station::new("backoff", &format!("{route}retry = 2\nretry-delay = 100"));
    let id = site.page(&["5551212", "Hi"]);
    for (attempts, due) in [(1, 74..=126), (2, 149..=251)] {
        site.pass();
        let row = site.row(&[]);
        assert_eq!(
            (&row["state"], &row["attempts"]),
            (&"wait".into(), &attempts.into())
        );
        assert_eq!(
            (&row["outcome"], &row["response"]),
            (&"temporary".into(), &"sh: exit status 75".into())
        );
        assert!(due.contains(&ahead(&row, "due")), "{row}");
        // Not yet.
        site.pass();
        assert_eq!(site.row(&[]), row);
        site.pageq(&["retry", &id]);
    }
    site.pass();
    let row = site.row(&["--failed"]);
    assert_eq!(
        (&row["state"], &row["attempts"]),
        (&"failed".into(), &3.into())
    );
    assert_eq!(&row["outcome"], "temporary");
    assert_eq!(site.rows(&[]), [Value::Null; 0]);
    // By hand it begins anew.
    site.configure(&taking("default"));
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "5551212: Hi\n");
    site.is_empty();
}

#[test]
fn what_was_not_tried_is_no_try() {
    let down = "[route.default]\ntype = 'snpp'\nserver = ['127.0.0.1:1']\nretry = 0\n";
    let site = Station::new("untried", down);
    site.page(&["5551212", "Hi"]);
    for _ in 0..3 {
        site.pass();
        let row = site.row(&[]);
        assert_eq!(
            (&row["state"], &row["outcome"]),
            (&"wait".into(), &"untried".into())
        );
        assert_eq!(row["attempts"], 0);
    }
    let up = Fake::replies(&[]);
    site.configure(&down.replace("127.0.0.1:1", &up.addr()));
    site.pass();
    let row = site.row(&["--sent"]);
    assert_eq!(
        (&row["outcome"], &row["attempts"]),
        (&"sent".into(), &0.into())
    );
    site.is_empty();
}

#[test]
fn the_fallback_has_its_turn_after_the_last_try() {
    let first = shell("default", "echo a >>\"$0/tries\"; exit 75");
    let config = format!("{first}retry = 1\nfallback = 'b'\n{}", taking("b"));
    let site = Station::new("fallback-tries", &config);
    let id = site.page(&["5551212", "Hi"]);
    site.pass();
    assert_eq!(
        (site.out(), site.scratch.read("tries")),
        (String::new(), "a\n".into())
    );
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(
        (site.out(), site.scratch.read("tries")),
        ("5551212: Hi\n".into(), "a\na\n".into())
    );
    let row = site.row(&["--sent"]);
    assert_eq!(
        (&row["route"], &row["outcome"]),
        (&"b".into(), &"sent".into())
    );
}

#[test]
fn what_may_be_out_never_goes_to_the_fallback() {
    let script = "echo a >>\"$0/tries\"; [ $(wc -l <\"$0/tries\") -gt 1 ] && exit 75; exit 79";
    for on_unknown in ["retry", "hold"] {
        let keys = format!("retry = 2\nfallback = 'b'\non-unknown = '{on_unknown}'\n");
        let config = shell("default", script) + &keys + &taking("b");
        let site = Station::new(&format!("fallback-unknown-{on_unknown}"), &config);
        let id = site.page(&["5551212", "Hi"]);
        site.pass();
        while site.rows(&[]).len() == 1 {
            site.pageq(&["retry", &id]);
            site.pass();
        }
        assert_eq!(site.out(), "", "{on_unknown}");
        let row = site.row(&["--failed"]);
        let told = (&row["route"], &row["duplicate_possible"]);
        assert_eq!(told, (&"default".into(), &true.into()), "{on_unknown}");
    }
}

#[test]
fn the_fallback_does_not_wait_for_ever() {
    let config = format!(
        "[route.default]\ntype = 'snpp'\nserver = ['127.0.0.1:1']\nfallback = 'b'\n\
         fallback-after = '1s'\n{}",
        taking("b")
    );
    // By itself.
    let site = Station::new("fallback-after", &config);
    let watch = site.watch();
    site.page(&["5551212", "Hi"]);
    eventually("the fallback takes over", || !site.out().is_empty());
    drop(watch);
}

#[test]
fn a_fallback_has_its_turn_in_the_same_pass() {
    // Nobody is told before its child is gone, and nothing else runs then.
    for first in [
        "type = 'csv'\ncommand = ['true']",
        "type = 'snpp'\nserver = ['127.0.0.1:1']",
    ] {
        for fallback in ["a", "z"] {
            let route = format!("[route.default]\n{first}\nfallback-after = '1s'");
            let config = format!("{route}\nfallback = '{fallback}'\n{}", taking(fallback));
            let site = Station::new("fallback-later", &config);
            let hour = Timestamp::now() - jiff::SignedDuration::from_hours(1);
            site.job("1-1", &format!("To: 5551212\nReceived: {hour}\n\nHi\n"));
            site.pass();
            assert_eq!(site.out(), "5551212: Hi\n", "{config}");
            assert_eq!(site.row(&["--sent"])["route"], fallback);
        }
    }
}

#[test]
fn what_is_refused_is_refused_by_all() {
    let first = shell("default", "exit 67");
    let config = format!("{first}fallback = 'b'\nfallback-after = 0\n{}", taking("b"));
    let site = Station::new("refused", &config);
    site.page(&["5551212", "Hi"]);
    site.pass();
    assert_eq!(site.out(), "");
    let row = site.row(&["--failed"]);
    assert_eq!(
        (&row["outcome"], &row["response"]),
        (&"refused".into(), &"sh: exit status 67".into())
    );
    assert_eq!((&row["code"], &row["attempts"]), (&Value::Null, &0.into()));
}

/// A gateway that is gone after its first SEND, and then takes everything.
fn gone_once(on_unknown: &str) -> (Fake, String) {
    let gateway = Fake::replies(&[("SEND", HANG_UP), ("SEND", "250 Sent")]);
    let config = format!(
        "[route.default]\ntype = 'snpp'\nserver = ['{}']\non-unknown = '{on_unknown}'\n\
         fallback = 'b'\nfallback-after = 0\n{}",
        gateway.addr(),
        taking("b")
    );
    (gateway, config)
}

#[test]
fn what_may_be_out_waits_for_somebody_to_decide() {
    let (gateway, config) = gone_once("hold");
    let site = Station::new("unknown-hold", &config);
    let id = site.page(&["5551212", "Hi"]);
    for _ in 0..2 {
        site.pass();
        let row = site.row(&[]);
        assert_eq!((&row["state"], &row["mark"]), (&"held".into(), &"U".into()));
        assert_eq!(
            (&row["outcome"], &row["duplicate_possible"]),
            (&"unknown".into(), &false.into())
        );
        assert_eq!(gateway.connections(), 1);
    }
    site.pageq(&["release", &id]);
    assert_eq!(site.row(&[])["duplicate_possible"], true);
    site.pass();
    let row = site.row(&["--sent"]);
    assert_eq!(
        (&row["route"], &row["duplicate_possible"]),
        (&"default".into(), &true.into())
    );
    assert_eq!((gateway.connections(), site.out()), (2, String::new()));
    site.is_empty();
}

#[test]
fn what_may_be_out_is_sent_again_where_that_is_better() {
    let (gateway, config) = gone_once("retry");
    let site = Station::new("unknown-retry", &config);
    let id = site.page(&["5551212", "Hi"]);
    site.pass();
    let row = site.row(&[]);
    assert_eq!(
        (&row["state"], &row["attempts"]),
        (&"wait".into(), &1.into())
    );
    assert_eq!(
        (&row["outcome"], &row["duplicate_possible"]),
        (&"unknown".into(), &true.into())
    );
    assert!((44..=76).contains(&ahead(&row, "due")), "{row}");
    site.pageq(&["retry", &id]);
    site.pass();
    let row = site.row(&["--sent"]);
    assert_eq!(
        (&row["route"], &row["duplicate_possible"]),
        (&"default".into(), &true.into())
    );
    assert_eq!((gateway.connections(), site.out()), (2, String::new()));
}

#[test]
fn what_may_be_out_has_failed_where_nobody_is_there_to_decide() {
    let (_gateway, config) = gone_once("fail");
    let site = Station::new("unknown-fail", &config);
    site.page(&["5551212", "Hi"]);
    site.pass();
    let row = site.row(&["--failed"]);
    assert_eq!(
        (&row["outcome"], &row["mark"]),
        (&"unknown".into(), &"U".into())
    );
    assert_eq!((site.out(), site.rows(&[])), (String::new(), vec![]));
}

#[test]
fn a_page_that_is_too_old_is_not_sent() {
    let ago = |hours| Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    let site = Station::new("expired", &format!("{}expire = '3h'\n", taking("default")));
    for (id, received, rest) in [
        ("1-1", ago(4), ""),
        ("1-2", ago(2), "Expires: 1h\n"),
        ("1-3", ago(2), "Expires: 3h\n"),
    ] {
        let pager = format!("555000{id}");
        site.job(
            id,
            &format!("To: {pager}\nReceived: {received}\n{rest}\nHi\n"),
        );
    }
    // Its age counts from when it was to go.
    let now = Timestamp::now();
    site.job(
        "1-4",
        &format!("To: 5550001-4; hold={now}\nReceived: {}\n\nHi\n", ago(9)),
    );
    site.pass();
    let failed = site.list(&["--failed"], &["outcome"]);
    assert_eq!(failed, ["5550001-1 expired", "5550001-2 expired"]);
    let out = site.out();
    let mut out: Vec<&str> = out.lines().collect();
    out.sort_unstable();
    assert_eq!(out, ["5550001-3: Hi", "5550001-4: Hi"]);
    // A second is soon over.
    site.configure(&format!(
        "{}retry-delay = '3s'\n",
        shell("default", "exit 75")
    ));
    let _watch = site.watch();
    site.page(&["--expire", "1s", "5551212", "Hi"]);
    eventually("it is too old for a second try", || {
        site.list(&["--failed"], &["outcome"])
            .contains(&"5551212 expired".to_owned())
    });
}

#[test]
fn a_page_goes_when_it_is_due() {
    let site = Station::new("due", &taking("default"));
    let id = site.page(&["--at", "1h", "5551212", "Hi"]);
    site.job("1-1", "To: 1\nTo: 2; hold=2100-01-01T00:00:00Z\n\nx\n");
    site.pass();
    assert_eq!(site.out(), "1: x\n");
    let rows = site.rows(&[]);
    let row = rows.iter().find(|row| row["pager"] == "5551212").unwrap();
    assert!((3500..=3600).contains(&ahead(row, "due")), "{row}");
    assert_eq!(
        site.list(&[], &["state"]),
        ["1 sent", "2 wait", "5551212 wait"]
    );
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "1: x\n5551212: Hi\n");
}

#[test]
fn the_urgent_go_first_and_then_the_older() {
    let site = Station::new("order", &taking("default"));
    for (level, pager) in [
        ("5", "a"),
        ("0", "b"),
        ("3", "c"),
        ("0", "d"),
        ("3", "e"),
        ("11", "f"),
    ] {
        site.page(&["--level", level, pager, "x"]);
    }
    // One that says nothing is of level 1.
    site.page(&["g", "x"]);
    site.pass();
    assert_eq!(site.out().replace(": x\n", ""), "bdgceaf");
}

#[test]
fn pages_keep_their_distance() {
    let script = format!("{TAKE}; date +%s%N >>\"$0/times\"");
    let site = Station::new(
        "gap",
        &format!("{}gap = '300ms'\n", shell("default", &script)),
    );
    for pager in ["1", "2", "3"] {
        site.page(&[pager, "x"]);
    }
    site.pass();
    assert_eq!(site.out(), "1: x\n2: x\n3: x\n");
    let times = site.scratch.read("times");
    let times: Vec<u64> = times.lines().map(|time| time.parse().unwrap()).collect();
    for pair in times.windows(2) {
        let gap = Duration::from_nanos(pair[1] - pair[0]);
        // The program starts a moment after the page is given.
        assert!(gap > Duration::from_millis(250), "{gap:?}");
    }
}

#[test]
fn one_route_alone_can_be_served() {
    let config = format!(
        "pager.ann.route = 'a'\npager.bob.route = 'b'\ngroup.all.members = ['ann', 'bob']\n{}{}",
        taking("a"),
        taking("b")
    );
    let site = Station::new("one-route", &config);
    let texts = [("ann", "1"), ("bob", "2"), ("all", "3")];
    for (name, text) in texts {
        site.page(&[name, text]);
    }
    let pass = site.run("page-deliver").args(["--route", "b"]).run();
    pass.expect(0, "", "");
    assert_eq!(site.out(), "bob: 2\nbob: 3\n");
    let pass = site.run("page-deliver").args(["--route", "c"]).run();
    pass.expect_complaint(78, "", "there is no route \"c\"");
    site.pass();
    assert_eq!(site.out(), "bob: 2\nbob: 3\nann: 1\nann: 3\n");
    site.is_empty();
}
