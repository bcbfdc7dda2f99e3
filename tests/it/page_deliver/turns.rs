//! Pages that change their route, verdicts that change their minds, and routes that talk too much.

use std::time::Duration;

use super::station::{Station, shell, taking};

/// A route whose program is a shell script that speaks the contract itself.
fn csv(script: &str) -> String {
    format!("[route.default]\ntype = 'csv'\ncommand = ['sh', '-c', '''{script}''', '@']\n")
}

#[test]
fn a_page_that_cannot_even_be_tried_goes_to_the_fallback_in_a_pass() {
    let missing = "[route.default]\ntype = 'exec'\ncommand = ['/nonexistent']\nfallback = 'second'\nfallback-after = 0\n";
    let dead = missing.replace("exec", "csv");
    let site = Station::new("turn-missing", &(dead + &taking("second")));
    site.page(&["5551212", "Hi"]);
    site.pass();
    assert_eq!(site.out(), "5551212: Hi\n");
    site.is_empty();
}

#[test]
fn another_route_has_its_own_words_for_a_page() {
    let first = shell("default", "exit 75") + "retry = 0\nfallback = 'second'\nmax-length = 100\n";
    let second = taking("second")
        + "max-length = 12\ncharset = 'ascii'\nfilter = ['sed', 's/secret/abc/']\n";
    let site = Station::new("turn-words", &(first + &second));
    site.page(&["5551212", "the secret is größer than that"]);
    site.pass();
    assert_eq!(
        site.out(),
        "5551212: (1/5) the\n5551212: (2/5) abc is\n5551212: (3/5) grosse\n\
         5551212: (4/5) r than\n5551212: (5/5) that\n"
    );
    site.is_empty();
}

#[test]
fn two_filters_of_one_job_have_an_end() {
    let filtered = |name: &str| {
        let script = format!("read -r x; echo \"$PAGEBOX_PAGER {name}: $x\" >>\"$0/out\"");
        shell(name, &script) + &format!("filter = ['sed', 's/^/{name} /']\n")
    };
    let names = "[pager.ann]\nroute = 'a'\n[pager.bob]\nroute = 'b'\n[group.all]\nmembers = ['ann', 'bob']\n";
    let site = Station::new("turn-filters", &(filtered("a") + &filtered("b") + names));
    site.page(&["all", "Hi"]);
    site.pass();
    let out = site.out();
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["ann a: a Hi", "bob b: b Hi"]);
    site.is_empty();
}

#[test]
fn a_second_verdict_supersedes_the_first() {
    // The page went out after all: it is not sent again, now or in an hour.
    let script = "read -r h; echo row,outcome; read -r l; echo 1,temporary; echo run >>\"$0/out\"; echo 1,sent; read -r l";
    let site = Station::new("turn-second", &(csv(script) + "retry-delay = 3600\n"));
    site.page(&["5551212", "Hi"]);
    site.pass();
    assert_eq!(site.out(), "run\n");
    site.is_empty();
    assert_eq!(site.list(&["--sent"], &["outcome"]), ["5551212 sent"]);
}

#[test]
fn a_route_that_talks_without_end_is_stopped_and_holds_up_nobody() {
    let script = "read -r h; read -r l; while :; do echo nonsense; done";
    let names = "[pager.ann]\nroute = 'good'\n";
    let site = Station::new("turn-talk", &(csv(script) + &taking("good") + names));
    site.page(&["5551212,ann", "Hi"]);
    let pass = site
        .run("page-deliver")
        .limit(Duration::from_secs(30))
        .run();
    pass.expect_status(0);
    assert_eq!(site.out(), "ann: Hi\n");
    assert!(pass.stderr.contains("make no sense"), "{}", pass.stderr);
    assert!(pass.stderr.lines().count() < 20, "{}", pass.stderr);
    // Nobody knows what it did with its page.
    let held = site.list(&[], &["outcome"]);
    assert!(held.contains(&"5551212 unknown".to_owned()), "{held:?}");
}
