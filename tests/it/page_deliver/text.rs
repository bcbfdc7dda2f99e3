//! What of a message goes out: filters, lengths, parts, PINs, and pages that only beep.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use serde_json::Value;

use super::station::{Station, TAKE, shell, taking};
use crate::support::login::account;
use crate::support::peers::skip_unless;
use crate::support::utmp::utmp;
use crate::support::{Fake, eventually};

#[test]
fn a_filter_has_the_last_word() {
    let filter = "filter = ['sh', '-c', 'tr a-z A-Z | cut -c1-9']\n";
    let site = Station::new("filter", &format!("{}{filter}", taking("default")));
    site.page(&["1", "disk full on db1"]);
    site.page(&["2", "fire"]);
    site.pass();
    let out = site.out();
    let mut out: Vec<&str> = out.lines().collect();
    // Filters run beside each other.
    out.sort_unstable();
    assert_eq!(out, ["1: DISK FULL", "2: FIRE"]);
    site.is_empty();
}

#[test]
fn a_filter_costs_no_pass() {
    let config = format!(
        "{}filter = ['sh', '-c', 'sleep 0.1; cat']\n",
        taking("default")
    );
    let site = Station::new("filter-pass", &config);
    site.page(&["1", "x"]);
    site.pass();
    assert_eq!(site.out(), "1: x\n");
}

#[test]
fn more_text_than_can_be_kept_fails_with_its_reason_and_stops_nobody() {
    let config = format!("{}charset = 'ascii'\n", taking("default"));
    let site = Station::new("bulky", &config);
    // Each recipient has a text of its own, whose bytes take six of the file.
    let names: Vec<String> = (1..=200).map(|number| number.to_string()).collect();
    let text = format!("ä{}", "\u{1}".repeat(60_000));
    site.job("1-1", &format!("To: {}\n\n{text}\n", names.join(",")));
    site.page(&["201", "Hi"]);
    let out = site.run("page-deliver").run();
    out.expect_status(0);
    assert!(out.stderr.contains("failed; see pageq"), "{}", out.stderr);
    assert_eq!(site.out(), "201: Hi\n");
    let failed = site.rows(&["--failed"]);
    assert_eq!(failed.len(), 200);
    for row in &failed {
        assert_eq!(row["outcome"], "refused");
        let response = row["response"].as_str().unwrap();
        assert!(response.contains("send it to fewer"), "{response}");
    }
    assert_eq!(site.rows(&[]), [Value::Null; 0]);
}

#[test]
fn many_filters_do_not_run_at_once() {
    // Each notes how many of them there are.
    let filter =
        "echo >\"$0/f/$$\"; sleep 0.2; ls \"$0/f\" | wc -l >>\"$0/n\"; rm \"$0/f/$$\"; cat";
    let route = "[route.default]\ntype = 'csv'\ncommand = ['sh', '-c', 'echo row,outcome; n=0; read h; while read l; do n=$((n+1)); echo $n,sent; done']\n";
    let config = format!("{route}filter = ['sh', '-c', '{filter}', '@']\n");
    let site = Station::new("filters", &config);
    fs::create_dir(site.scratch.join("f")).unwrap();
    let rows: Vec<String> = (0..200).map(|row| format!("{row},x")).collect();
    let page = site.run("page").args(["--csv", "-"]);
    let page = page
        .stdin(format!("pager,message\n{}\n", rows.join("\n")))
        .run();
    page.expect_status(0);
    site.pass();
    assert_eq!(site.rows(&["--sent"]).len(), 200);
    let counts = site.scratch.read("n");
    let most = counts
        .lines()
        .map(|line| line.trim().parse::<u32>().unwrap())
        .max();
    assert!(most.is_some_and(|most| most <= 64), "{most:?}");
}

#[test]
fn a_job_may_say_at_how_many_parts_it_ends() {
    let site = Station::new(
        "max-parts",
        &format!("{}max-length = 14\n", taking("default")),
    );
    let text = "alarm in room 7 of the east wing, please";
    site.job("1-1", &format!("To: 1\nMax-parts: 2\n\n{text}\n"));
    site.job("1-2", &format!("To: 2\nMax-parts: 1\n\n{text}\n"));
    site.job("1-3", "To: 3\nMax-parts: 2\n\nalarm in room 7\n");
    site.pass();
    let out = site.out();
    let mut out: Vec<&str> = out.lines().collect();
    out.sort_unstable();
    let parts = [
        "1: (1/2) alarm in",
        "1: (2/2) room...",
        "2: alarm in...",
        "3: (1/2) alarm in",
        "3: (2/2) room 7",
    ];
    assert_eq!(out, parts);
    site.is_empty();
    // Without it, and where a route will not split, it holds as ever.
    site.job("2-1", &format!("To: 1\n\n{}\n", text.repeat(3)));
    site.pass();
    let failed = site.row(&["--failed"]);
    let response = failed["response"].as_str().unwrap();
    assert!(
        response.contains("do not fit into 9 parts of 14"),
        "{response}"
    );
    site.configure(&format!(
        "{}max-length = 14\noverflow = 'truncate'\n",
        taking("default")
    ));
    site.job("3-1", &format!("To: 4\nMax-parts: 2\n\n{text}\n"));
    site.pass();
    assert!(
        site.out().ends_with("4: alarm in room \n"),
        "{}",
        site.out()
    );
}

#[test]
fn a_job_that_was_cut_says_so() {
    let config = format!(
        "{}max-length = 14\non-unknown = 'hold'\n",
        shell("default", "exit 79")
    );
    let site = Station::new("max-parts-told", &config);
    site.job(
        "1-1",
        "To: 1\nMax-parts: 2\n\nalarm in room 7 of the east wing\n",
    );
    site.pass();
    let last = site.list(&[], &["outcome", "response"]);
    let cut = "1 cut cut to 2 parts of 14 characters";
    assert!(last.iter().any(|row| row == cut), "{last:?}");
}

#[test]
fn a_filter_that_fails_is_tried_again_and_then_the_page_has_failed() {
    let keys = "filter = ['sh', '-c', 'exit 3']\nretry = 1\n";
    let site = Station::new("filter-fails", &format!("{}{keys}", taking("default")));
    let id = site.page(&["1", "x"]);
    site.pass();
    let row = site.row(&[]);
    assert_eq!(
        (&row["outcome"], &row["attempts"]),
        (&"temporary".into(), &1.into())
    );
    assert_eq!(row["response"], "the filter failed: exit status: 3");
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.row(&["--failed"])["outcome"], "temporary");
    assert_eq!(site.out(), "");
}

#[test]
fn what_a_filter_makes_of_a_text_is_a_text_of_some_length() {
    for (filter, why) in [
        ("cat >/dev/null", "the filter wrote nothing"),
        ("echo", "the filter wrote nothing"),
        ("yes", "the filter: it wrote more than 262144 bytes"),
    ] {
        let keys = format!("filter = ['sh', '-c', '{filter}']\n");
        let site = Station::new("filter-length", &(taking("default") + &keys));
        site.page(&["1", "x"]);
        site.pass();
        assert_eq!(site.row(&[])["response"], why, "{filter}");
        assert_eq!(site.out(), "");
    }
}

/// What a filter does not get done keeps nobody else from anything, us from stopping least of all.
#[test]
fn a_filter_that_hangs_holds_up_nobody() {
    let config = format!(
        "pager.ann.route = 'slow'\n{}filter = ['sh', '-c', 'echo >>\"$0/begun\"; exec sleep 30', '@']\n{}",
        taking("slow"),
        taking("default")
    );
    let site = Station::new("filter-hangs", &config);
    let mut watch = site.watch();
    site.page(&["ann", "x"]);
    eventually("the filter runs", || !site.scratch.read("begun").is_empty());
    site.page(&["1", "x"]);
    eventually("the other goes", || site.out() == "1: x\n");
    watch.signal(rustix::process::Signal::TERM);
    watch.wait().expect_status(128 + 15);
    assert_eq!(site.row(&[])["attempts"], 0);
    site.configure(&config.replace("exec sleep 30", "cat"));
    site.pass();
    assert_eq!(site.out(), "1: x\nann: x\n");
}

#[test]
fn the_shorter_of_two_lengths_and_the_poorer_of_two_charsets_count() {
    let config = format!(
        "pager.short = {{ max-length = 8 }}\npager.ascii = {{ charset = 'ascii' }}\n\
         pager.long = {{ max-length = 100 }}\n{}max-length = 12\noverflow = 'truncate'\n",
        taking("default")
    );
    let site = Station::new("lengths", &config);
    for pager in ["short", "long", "ascii"] {
        site.page(&[pager, "Grün ist die Heide"]);
    }
    let said = site.pass();
    assert_eq!(
        site.out(),
        "short: Grün ist\nlong: Grün ist die\nascii: Grun ist die\n"
    );
    // Nothing is cut in silence.
    for (pager, length) in [("short", 8), ("long", 12), ("ascii", 12)] {
        let cut = format!("{pager}: cut to {length} characters\n");
        assert!(said.stderr.contains(&cut), "{}", said.stderr);
    }
    for row in site.rows(&["--sent"]) {
        let shown = site
            .run("pageq")
            .args(["show", row["id"].as_str().unwrap()]);
        let shown = shown.run().stdout;
        assert!(shown.contains("cut to "), "{shown}");
    }
    let _watch = site.watch();
    let page = site
        .run("page")
        .args(["--wait=20s", "-v", "short", "Grün ist die"]);
    let told = page.run();
    told.expect_status(0);
    assert!(
        told.stdout.contains("short: cut to 8 characters"),
        "{told:?}"
    );
}

#[test]
fn a_message_that_is_too_long_is_refused_where_that_is_wanted() {
    let keys = "max-length = 3\noverflow = 'reject'\n";
    let site = Station::new("reject", &format!("{}{keys}", taking("default")));
    site.page(&["1", "four"]);
    site.pass();
    let row = site.row(&["--failed"]);
    assert_eq!(
        (&row["outcome"], &row["attempts"]),
        (&"refused".into(), &0.into())
    );
    assert!(row["response"].as_str().unwrap().contains('3'), "{row}");
    assert_eq!(site.out(), "");
}

#[test]
fn parts_go_in_order() {
    let site = Station::new("parts", &format!("{}max-length = 11\n", taking("default")));
    site.page(&["1", "first next last"]);
    site.pass();
    assert_eq!(site.out(), "1: (1/3) first\n1: (2/3) next\n1: (3/3) last\n");
    let sent = site.list(&["--sent"], &["part"]);
    assert_eq!(sent, ["1 1/3", "1 2/3", "1 3/3"]);
}

#[test]
fn parts_behind_one_that_failed_are_not_sent() {
    let script = r#"text=$(cat); case $text in *next*) exit "$(cat "$0/status")";; esac; echo "$PAGEBOX_PAGER: $text" >>"$0/out""#;
    let tell = r#"echo "$PAGEBOX_RESPONSE: $(cat)" >>"$0/told""#;
    let config = format!(
        "on-failure = ['sh', '-c', '''{tell}''', '@']\n{}max-length = 11\n",
        shell("default", script)
    );
    let site = Station::new("parts-stop", &config);
    // Later is later for the rest, too.
    site.scratch.file("status", "75");
    let id = site.page(&["1", "first next last"]);
    site.pass();
    assert_eq!(site.out(), "1: (1/3) first\n");
    assert_eq!(
        site.list(&[], &["part", "mark"]),
        ["1 1/3 D", "1 2/3 T", "1 3/3 T"]
    );
    site.scratch.file("status", "67");
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "1: (1/3) first\n");
    let failed = site.list(&["--failed"], &["part", "mark", "response"]);
    assert_eq!(
        failed,
        [
            "1 1/3 D null",
            "1 2/3 F sh: exit status 67",
            "1 3/3 F part 2 of 3 was not delivered"
        ]
    );
    assert_eq!(
        site.scratch.read("told"),
        "sh: exit status 67: (2/3) next\n",
        "once"
    );
    // What was delivered is not sent again by those who retry it.
    site.configure(&format!("{}max-length = 11\n", taking("default")));
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.out(), "1: (1/3) first\n1: (2/3) next\n1: (3/3) last\n");
    site.is_empty();
}

/// Notes the PIN as well.
const WITH_PIN: &str =
    r#"pin=$(cat <&3) 2>/dev/null; echo "$PAGEBOX_PAGER $pin: $(cat)" >>"$0/out""#;

#[test]
fn pins_come_from_files() {
    let config = format!(
        "pager.ann.pin-file = '@/ann'\npager.bob = {{}}\npager.cid.pin-file = '@/none'\n{}",
        shell("default", WITH_PIN)
    );
    let site = Station::new("pins", &config);
    site.scratch.file("ann", "4711\nnothing else\n");
    let own = site.scratch.file("own", "0815\n");
    site.page(&["ann", "x"]);
    let own = own.to_str().unwrap();
    for name in ["ann", "bob"] {
        site.page(&["--pin-file", own, name, "x"]);
    }
    site.page(&["cid", "x"]);
    site.pass();
    assert_eq!(site.out(), "ann 4711: x\nann 0815: x\nbob 0815: x\n");
    let row = site.row(&[]);
    assert_eq!(
        (&row["pager"], &row["outcome"]),
        (&"cid".into(), &"temporary".into())
    );
    let why = row["response"].as_str().unwrap();
    assert!(why.contains("/none: No such file"), "{why}");
    // No PIN is where others can read it.
    let output = site.run("pageq").args(["--sent", "--json"]).run();
    assert!(!output.stdout.contains("0815"), "{}", output.stdout);
}

#[test]
fn nobody_has_a_file_read_that_is_not_its_own() {
    skip_unless!("root");
    let site = Station::new("pin-owner", &shell("default", WITH_PIN));
    let secret = site.scratch.file("secret", "hunter2\n");
    let own = site.scratch.file("own", "0815\n");
    chown(&own, Some(65534), None).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    for (id, file) in [("a", &secret), ("b", &own)] {
        let job = format!("To: {id}; pin-file={}\n\nx\n", file.display());
        let path = site.spool().join("tmp").join(id);
        fs::write(&path, job).unwrap();
        chown(&path, Some(65534), None).unwrap();
        fs::rename(path, site.spool().join("new").join(id)).unwrap();
    }
    site.pass();
    assert_eq!(site.out(), "b 0815: x\n");
    let failed = site.row(&["--failed"]);
    let why = failed["response"].as_str().unwrap();
    assert!(why.contains("it has to belong to uid"), "{why}");
}

#[test]
fn a_page_may_be_a_beep() {
    let site = Station::new("tone", &taking("default"));
    site.page(&["--tone", "1"]);
    site.page(&["2", "x"]);
    site.pass();
    assert_eq!(site.out(), "1: \n2: x\n");
    let gateway = Fake::replies(&[]);
    site.configure(&format!(
        "[route.default]\ntype = 'snpp'\nserver = ['{}']\n",
        gateway.addr()
    ));
    for words in [&["3", "x"][..], &["--tone", "4"], &["5", "y"]] {
        site.page(words);
    }
    site.pass();
    let heard = gateway.heard();
    let heard = heard.iter().filter(|line| !line.starts_with("QUIT"));
    let heard: Vec<&str> = heard.map(String::as_str).collect();
    let expected = [
        "PAGE 3", "MESS x", "SEND", "PAGE 4", "MESS", "SEND", "PAGE 5", "MESS y", "SEND",
    ];
    assert_eq!(heard, expected);
    assert_eq!(site.rows(&[]), [Value::Null; 0]);
}

#[test]
fn what_was_asked_for_a_pager_reaches_its_route() {
    let script = format!(
        "{TAKE}; env | sed -n 's/^PAGEBOX_\\(LEVEL\\|ALERT\\|COVERAGE\\|CALLER\\|SUBJECT\\)=/\\1=/p' | sort >>\"$0/out\""
    );
    let site = Station::new("options", &shell("default", &script));
    let words = [
        "--level",
        "2",
        "--alert",
        "1",
        "--coverage",
        "7",
        "--caller",
        "Ops",
    ];
    site.page(&[&words[..], &["--subject", "Disks", "1", "x"]].concat());
    site.pass();
    let expected = "1: x\nALERT=1\nCALLER=Ops\nCOVERAGE=7\nLEVEL=2\nSUBJECT=Disks\n";
    assert_eq!(site.out(), expected);
}

#[test]
fn a_beep_that_a_terminal_has_not_stops_no_other_page() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let site = Station::new("xtell-tone", "");
    site.scratch
        .file("utmp", utmp(&[(&jane.name, terminal.line())]));
    site.configure(
        "[route.default]\ntype = 'xtell'\n\
         proxy-command = 'xtelld --ident off --utmp @/utmp --sessions @/none'\n",
    );
    site.page(&["--tone", &jane.name]);
    site.page(&[&jane.name, "Disk full"]);
    site.pass();
    assert_eq!(terminal.read(3), "\r\n\x07");
    let failed = site.row(&["--failed"]);
    assert_eq!(failed["outcome"], "refused", "{failed}");
    assert_eq!(site.rows(&["--sent"]).len(), 1);
}
