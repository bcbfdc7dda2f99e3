//! What becomes of a digest: a page alone is itself, what may be out says nothing
//! more, and whoever takes over has the last word.

use std::fmt::Write as _;

use super::super::station::{Station, TAKE, shell, taking};
use super::{job, let_go, out};
use crate::support::eventually;

const RATE: &str = "[pager.ann]\nrate = '1/1day'\n";

/// Notes the subject, too.
const SUBJECT: &str = r#"echo "$PAGEBOX_SUBJECT: $(cat)" >>"$0/out""#;

#[test]
fn a_page_alone_goes_as_it_would_have_without_a_rate() {
    let words = (0..60).fold(String::new(), |mut words, number| {
        write!(words, "word{number:02} ").unwrap();
        words
    });
    let parts = format!("Max-parts: 20\n\n{words}");
    let few = format!("Max-parts: 2\nSubject: db01\n\n{words}");
    let cases = [
        ("", &*parts),
        ("", &*few),
        (
            "overflow = 'reject'\n",
            "Subject: db01\n\n12345678901234567890",
        ),
        (
            "overflow = 'truncate'\n",
            "Subject: db01\n\n123456789012345678901",
        ),
        (
            "filter = ['tr', 'a-z', 'A-Z']\n",
            "Subject: db01\n\ndisk full",
        ),
    ];
    for (keys, text) in cases {
        let config = shell("default", SUBJECT) + "max-length = 20\n" + keys;
        let outs = ["", "rate = '1/1day'\n"].map(|rate| {
            let names = format!("[pager.ann]\n{rate}");
            let site = Station::new("storm-as-it-was", &(config.clone() + &names));
            job(&site, 0, "To: ann\n\nfirst\n");
            site.pass();
            job(&site, 1, &format!("To: ann\n{text}\n"));
            site.pass();
            assert_eq!(site.rows(&[]).is_empty(), rate.is_empty(), "{keys}{text}");
            let_go(&site, &(config.clone() + "[pager.ann]\n"));
            site.is_empty();
            site.out()
        });
        assert!(outs[0].lines().count() > 1, "{}", outs[0]);
        assert_eq!(outs[0], outs[1], "{keys}{text}");
    }
}

#[test]
fn of_a_digest_that_cannot_go_somebody_is_told_why() {
    let told = "on-failure = ['sh', '-c', '''echo \"$PAGEBOX_ROUTE $PAGEBOX_OUTCOME\" >>\"$0/told\"''', '@']\n";
    let config = |keys: &str| told.to_owned() + &taking("default") + keys + RATE;
    let site = Station::new("storm-too-long", &config(""));
    job(&site, 0, "To: ann\n\nfirst\n");
    site.pass();
    job(&site, 1, "To: ann\n\n123456789012345678901\n");
    // Takes it in, and no more.
    site.configure(&(config("") + "[route.other]\ntype = 'xtell'\n"));
    let run = site.run("page-deliver").args(["--route", "other"]).run();
    run.expect_status(0);
    site.configure(&config("max-length = 20\noverflow = 'reject'\n"));
    site.pass();
    let row = site.row(&["--failed"]);
    assert_eq!(row["outcome"], "refused", "{row}");
    assert_eq!(site.scratch.read("told"), "default refused\n");
    assert_eq!(site.out(), "ann: first\n");
}

#[test]
fn what_may_be_out_takes_in_no_more() {
    let keys = "on-unknown = 'retry'\nretry-delay = '1s'\n";
    let config = taking("default") + keys;
    let site = Station::new("storm-unknown", &(config.clone() + RATE));
    for number in 0..4 {
        job(&site, number, &format!("To: ann\n\nj{number}\n"));
    }
    site.pass();
    let unknown = shell("default", &format!("{TAKE}; exit 79")) + keys;
    let_go(&site, &(unknown + "[pager.ann]\n"));
    site.configure(&(config.clone() + RATE));
    // It is tried again, and waits for its turn.
    eventually("it is paced", || {
        site.pass();
        site.row(&[])["outcome"] == "paced"
    });
    for number in 4..6 {
        job(&site, number, &format!("To: ann\n\nj{number}\n"));
    }
    site.pass();
    let fields = ["outcome", "duplicate_possible"];
    assert_eq!(
        site.list(&[], &fields),
        ["ann gathered false", "ann paced true"]
    );
    let_go(&site, &(config + "[pager.ann]\n"));
    assert_eq!(
        out(&site),
        [
            "ann: +2 more: j4, j5",
            "ann: +3 more: j1, j2, j3",
            "ann: +3 more: j1, j2, j3",
            "ann: j0"
        ]
    );
    site.is_empty();
}

#[test]
fn a_filter_of_the_route_that_takes_over_sees_all_of_a_message() {
    // It fails at first.
    let filter = "filter = ['sh', '-c', 'mkdir \"$0/once\" || exec tr a-z A-Z; exit 1', '@']\n";
    let first = "max-length = 12\nretry = 0\nfallback = 'second'\nfallback-after = 0\n";
    let config = shell("default", "exit 75") + first + &taking("second") + filter;
    let names = config.clone() + "retry-delay = '10ms'\n[pager.ann]\n";
    let site = Station::new("storm-takes-over", &names);
    job(&site, 0, "To: ann\n\none two three four\n");
    eventually("the page is out", || {
        site.pass();
        site.rows(&[]).is_empty()
    });
    assert_eq!(site.out(), "ann: ONE TWO THREE FOUR\n");
    site.is_empty();
}

#[test]
fn what_a_route_may_take_back_is_in_no_digest() {
    // It answers the second page late enough for the first one to be due again, and
    // says in the end that it has sent that one after all.
    let script = [
        r#"echo row,outcome; read -r h; read -r l; echo "$l" >>"$0/tried"; echo 1,temporary;"#,
        r#"read -r l; echo "$l" >>"$0/tried"; sleep 0.1; echo 2,sent;"#,
        r#"while read -r l; do echo "$l" >>"$0/tried"; done; echo 1,sent"#,
    ];
    let script = script.join(" ");
    let command = format!("command = ['sh', '-c', '''{script}''', '@']\n");
    let route = "[route.default]\ntype = 'csv'\nretry-delay = '10ms'\nrate = '1/1day'\n";
    let names = "[pager.ann]\n[pager.bob]\n";
    let site = Station::new("storm-late", &(route.to_owned() + &command + names));
    job(&site, 0, "To: ann,bob\n\nflaky\n");
    site.pass();
    assert_eq!(site.scratch.read("tried").lines().count(), 2);
    assert_eq!(
        site.list(&["--sent"], &["outcome"]),
        ["ann sent", "bob sent"]
    );
    site.is_empty();
}
