//! One deliverer and one child per route at any time, whatever routes do; and
//! what is edited or ended meanwhile.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal};

use super::site::{Site, children, kill};
use crate::support::{Output, Running, eventually};

const GOOD: &str = r#"
[pager.good]
route = "good"
[route.good]
type = "exec"
command = ["sh", "-c", 't=$(cat); echo "$t" >>"$0/good"', "DIR"]
"#;

/// A route whose program says that it has begun, and ends when somebody opens the FIFO.
const SLOW: &str = r#"
[pager.slow]
route = "slow"
[route.slow]
type = "exec"
command = ["sh", "-c", 't=$(cat); echo "$t" >>"$0/begun"; read -r x <"$0/gate"; echo "$t" >>"$0/slow"', "DIR"]
"#;

fn gate(site: &Site) {
    mknodat(CWD, site.dir.join("gate"), FileType::Fifo, Mode::RWXU, 0).unwrap();
}

/// Lets one program go on.
fn let_go(site: &Site) {
    let mut gate = fs::File::options()
        .write(true)
        .open(site.dir.join("gate"))
        .unwrap();
    gate.write_all(b"\n").unwrap();
}

fn page(site: &Site, name: &str, to: &str) {
    site.job(name, format!("To: {to}\n\n{name}\n"));
}

#[track_caller]
fn stopped(mut running: Running) -> Output {
    running.signal(Signal::TERM);
    let ended = running.wait();
    ended.expect_status(143);
    ended
}

/// Its own process, and none of its children.
fn kill_leader(running: &mut Running) {
    kill(Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap());
    eventually("it is dead", || running.has_ended());
}

#[test]
fn a_route_costs_nobody_but_its_own() {
    let header = "echo row,outcome; read -r h; ";
    // Who has answered its first page is given the second, and so awaits it: whether
    // it is given to a program that is just ending, nobody can tell.
    // A program, what becomes of its two pages, and words of the log.
    let cases = [
        (
            "read -r h; read -r l; exec sleep 100",
            "UU",
            "no answer in 1s",
        ),
        (
            "read -r h; read -r l; echo row,outcome; echo 1,sent; echo 1,sent; read -r l; echo 2,sent",
            "DD",
            "",
        ),
        (
            "read -r h; read -r l; echo row,outcome; echo 1,sent; echo 1,unknown; read -r l; echo 2,unknown",
            "UU",
            "unknown",
        ),
        (
            "read -r h; read -r l; echo row,outcome; echo 7,sent; echo 1,sent; read -r l; echo 2,sent",
            "DD",
            "not given",
        ),
        (
            "read -r h; read -r l; echo row,outcome; echo 2,sent; echo 1,sent; read -r l; echo 2,unknown",
            "DU",
            "not given",
        ),
        ("exit 64", "TT", "exit status: 64"),
        ("exit 78", "TT", "exit status: 78"),
        ("read -r h; read -r l; exit 78", "UU", "without a verdict"),
        ("exec >&-; exec sleep 100", "TT", ""),
        (
            // It may end before it has been given the second, and then is run again.
            "mkdir DIR/once || exit 64; read -r h; read -r l; echo row,outcome; echo 1,sent; sleep 8 & exit 0",
            "DT",
            "",
        ),
        ("head -c 100000 /dev/urandom; exit", "TT", "record"),
        (
            "read -r h; read -r l; head -c 100000 /dev/zero",
            "UU",
            "record",
        ),
        (
            "echo 1,sent; read -r h; read -r l; echo 1,sent",
            "UU",
            "header",
        ),
        ("while read -r l; do :; done", "UU", ""),
    ];
    let mut programs: Vec<(String, &str, &str)> = Vec::new();
    for (script, marks, words) in cases {
        programs.push((format!("'sh', '-c', '{script}'"), marks, words));
    }
    programs.push(("'/nowhere/program'".to_owned(), "TT", "cannot run"));
    programs.push(("'/etc/passwd'".to_owned(), "TT", "cannot run"));
    let both = format!("{header}while read -r l; do n=$((n+1)); echo $n,sent; done");
    programs.push((format!("'sh', '-c', '{both}'"), "DD", ""));
    thread::scope(|scope| {
        for (number, (program, marks, words)) in programs.iter().enumerate() {
            scope.spawn(move || {
                let config = format!(
                    "{GOOD}[pager.bad]\nroute = 'bad'\n[route.bad]\ntype = 'csv'\n\
                     command = [{program}]\ntimeout = '1s'\n"
                );
                let site = Site::new(&format!("deliver-bad-{number}"), &config);
                for name in ["1", "2"] {
                    page(&site, &format!("bad{name}"), "bad");
                    page(&site, &format!("good{name}"), "good");
                }
                let pass = site
                    .deliver(&["--verbose"])
                    .limit(Duration::from_secs(60))
                    .spawn();
                let begun = Instant::now();
                eventually("the good ones are out", || site.lines("good").len() == 2);
                let took = begun.elapsed();
                assert!(took < Duration::from_secs(5), "{program}: {took:?}");
                let ended = pass.wait();
                ended.expect_status(0);
                assert!(
                    ended.stderr.contains(words),
                    "{program}: {words}: {}",
                    ended.stderr
                );
                let fates = site.fates();
                let bad = fates.iter().filter(|((pager, ..), _)| pager == "bad");
                let found: String = bad.clone().map(|(_, fate)| fate.mark).collect();
                assert_eq!(&found, marks, "{program}: {fates:#?}\n{}", ended.stderr);
                for (_, fate) in bad {
                    let place = if fate.mark == 'D' { "sent" } else { "wait" };
                    assert_eq!(fate.place, place, "{program}");
                }
                assert_eq!(site.names("active"), [""; 0], "{program}");
            });
        }
    });
}

#[test]
fn what_an_orphan_has_is_left_alone_until_it_ends() {
    let site = Site::new("deliver-orphan", &format!("{GOOD}{SLOW}"));
    gate(&site);
    page(&site, "first", "slow");
    let mut killed = site.watch();
    site.wait_for_lines("begun", 1);
    let orphans = children(killed.pid());
    kill_leader(&mut killed);
    assert_eq!(orphans.len(), 1);
    for round in 0..3 {
        page(&site, &format!("good{round}"), "good");
        page(&site, &format!("slow{round}"), "slow");
        site.deliver(&[]).run().expect_status(0);
        assert_eq!(site.lines("good").len(), round + 1);
    }
    assert_eq!(site.lines("begun"), ["first"]);
    let marks: Vec<(char, &str)> = site
        .fates()
        .values()
        .map(|fate| (fate.mark, fate.place))
        .collect();
    assert_eq!(
        marks
            .iter()
            .filter(|fate| **fate == ('I', "active"))
            .count(),
        1,
        "{marks:?}"
    );
    // One that waits sees its end by itself.
    let watch = site.watch();
    let_go(&site);
    watch.wait_for_stderr("page-deliver was ended while the route had it");
    for count in 2..=4 {
        site.wait_for_lines("begun", count);
        let_go(&site);
    }
    site.wait_for_lines("slow", 4);
    eventually("all have receipts", || site.names("active").is_empty());
    stopped(watch);
    let fates = site.fates();
    let marks: String = fates.values().map(|fate| fate.mark).collect();
    assert_eq!(marks.matches('D').count(), 6, "{fates:#?}");
    assert_eq!(marks.matches('U').count(), 1, "{fates:#?}");
}

#[test]
fn ten_passes_at_once_are_one() {
    let site = Site::new("deliver-ten", GOOD);
    let mut jobs = 0;
    for _ in 0..15 {
        let passes: Vec<Running> = (0..10)
            .map(|_| {
                page(&site, &format!("job{jobs:03}"), "good");
                jobs += 1;
                site.deliver(&[]).spawn()
            })
            .collect();
        for pass in passes {
            pass.wait().expect(0, "", "");
        }
        // Whoever came last, or whoever that one found at work, has taken it.
        assert_eq!(site.dir.names("spool/new"), [""; 0]);
        assert_eq!(site.names("wait"), [""; 0]);
    }
    let mut good = site.lines("good");
    good.sort();
    let all: Vec<String> = (0..jobs).map(|job| format!("job{job:03}")).collect();
    assert_eq!(good, all);
    assert_eq!(site.fates().len(), jobs);
}

#[test]
fn who_finds_a_pass_at_its_end_has_not_come_in_vain() {
    // A pass that has nothing to take, and is held up at its very end.
    let site = Site::new("deliver-end", GOOD);
    let mut left = Vec::new();
    for round in 0..40_u64 {
        let first = site.deliver(&[]).spawn();
        thread::sleep(Duration::from_micros(250 * round));
        page(&site, &format!("job{round:02}"), "good");
        let second = site.deliver(&[]).spawn();
        first.wait().expect(0, "", "");
        second.wait().expect(0, "", "");
        left.extend(site.dir.names("spool/new"));
    }
    assert_eq!(left, [""; 0]);
    assert_eq!(site.lines("good").len(), 40);
}

#[test]
fn a_configuration_that_is_edited_holds_from_the_next_page_on() {
    let before = format!("{GOOD}{SLOW}");
    let site = Site::new("deliver-edited", &before);
    gate(&site);
    let watch = site.watch();
    page(&site, "one", "good");
    site.wait_for_lines("good", 1);
    // Good, while a route is at work.
    page(&site, "two", "slow");
    page(&site, "three", "slow");
    site.wait_for_lines("begun", 1);
    let other = before
        .replace("/begun", "/other")
        .replace("/good", "/better");
    site.configure(&other);
    watch.wait_for_stderr("read anew");
    let_go(&site);
    site.wait_for_lines("other", 1);
    let_go(&site);
    page(&site, "four", "good");
    site.wait_for_lines("better", 1);
    // Bad: what held before holds on.
    site.configure("[pager.good]\nroute = 'none'\n");
    watch.wait_for_stderr("the configuration before it holds");
    page(&site, "five", "good");
    site.wait_for_lines("better", 2);
    assert_eq!(watch.stderr().matches("before it holds").count(), 1);
    // Its route is gone, and it goes by the other one; its pager is gone, and it fails.
    let away = "[pager.away]\nroute = 'away'\n[pager.gone]\nroute = 'away'\n\
                [route.away]\ntype = 'csv'\ncommand = ['/nowhere']\nretry-delay = '1m'\n";
    site.configure(&format!("{other}{away}"));
    eventually("it is read", || {
        watch.stderr().matches("read anew").count() == 2
    });
    page(&site, "six", "away");
    page(&site, "seven", "gone");
    watch.wait_for_stderr("cannot run /nowhere");
    site.configure(&format!("{other}[pager.away]\nroute = 'good'\n"));
    site.wait_for_lines("better", 3);
    eventually("it has failed", || site.names("failed").len() == 1);
    assert!(site.dir.read("better").ends_with("six\n"));
    stopped(watch);
}

#[test]
fn a_signal_ends_it_in_order_in_each_phase() {
    let config = format!(
        "on-failure = ['sh', '-c', 'echo >>$0/told; read -r x <$0/gate; echo >>$0/done', 'DIR']\n{GOOD}{SLOW}"
    );
    // Idle.
    let site = Site::new("deliver-term", &config);
    gate(&site);
    let watch = site.watch();
    page(&site, "idle", "good");
    site.wait_for_lines("good", 1);
    let begun = Instant::now();
    stopped(watch);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // A page is in flight: it is waited for, and the next one is not begun.
    let mut watch = site.watch();
    page(&site, "flight1", "slow");
    page(&site, "flight2", "slow");
    site.wait_for_lines("begun", 1);
    watch.signal(Signal::TERM);
    page(&site, "late", "good");
    let_go(&site);
    watch.wait().expect_status(143);
    assert_eq!(site.lines("begun").len(), 1);
    assert_eq!(site.lines("slow").len(), 1);
    assert_eq!(site.names("active"), [""; 0]);
    assert_eq!(site.lines("good").len(), 1);
    // The next one goes on.
    let pass = site.deliver(&[]).spawn();
    site.wait_for_lines("begun", 2);
    let_go(&site);
    pass.wait().expect_status(0);
    assert_eq!(site.lines("good").len(), 2);
    assert_eq!(site.lines("slow").len(), 2);
    // Somebody is being told of a failure.
    let mut watch = site.watch();
    page(&site, "nobody", "stranger");
    site.wait_for_lines("told", 1);
    watch.signal(Signal::TERM);
    assert!(!watch.has_ended());
    let_go(&site);
    watch.wait().expect_status(143);
    assert_eq!(site.lines("done").len(), 1);
    assert_eq!(site.names("failed").len(), 1);
    assert!(!site.names("failed").concat().contains("untold"));
    let marks: String = site.fates().values().map(|fate| fate.mark).collect();
    assert_eq!(marks.matches('D').count(), 4, "{marks}");
}

#[test]
fn who_waits_for_the_next_page_of_a_paced_route_does_not_spin() {
    let config = GOOD.replace("type =", "gap = '1s'\ntype =");
    let site = Site::new("deliver-gap", &config);
    // So many that it is still at it when a busy machine lets us look.
    for number in 0..30 {
        page(&site, &number.to_string(), "good");
    }
    let pass = site.deliver(&[]).spawn();
    site.wait_for_lines("good", 1);
    let cpu = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pass.pid())).unwrap();
        let behind = stat.rsplit_once(") ").unwrap().1;
        let mut fields = behind
            .split(' ')
            .skip(11)
            .map(|field| field.parse::<u64>().unwrap());
        fields.next().unwrap() + fields.next().unwrap()
    };
    let before = cpu();
    site.wait_for_lines("good", 2);
    // Of a hundred ticks.
    let spent = cpu() - before;
    assert!(spent < 30, "{spent}");
    stopped(pass);
    let gone = site.lines("good").len();
    assert_eq!(gone + site.names("wait").len(), 30);
}

#[test]
fn a_part_that_is_tried_again_is_waited_for_by_the_next_and_not_by_us() {
    let config = "[pager.long]\nroute = 'busy'\nmax-length = 30\n[route.busy]\ntype = 'exec'\n\
                  command = ['sh', '-c', 'exit 75']\nretry-delay = '10m'\n";
    let site = Site::new("deliver-parts", config);
    page(&site, &"words and more words ".repeat(4), "long");
    let run = site.deliver(&[]).run();
    run.expect_status(0);
    let fates = site.fates();
    let tried: Vec<usize> = fates.values().map(|fate| fate.story.len()).collect();
    assert!(tried.len() > 2 && tried[0] == 1 && tried[1..].iter().all(|tries| *tries == 0));
}
