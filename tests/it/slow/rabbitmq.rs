//! Pages from one machine to several over RabbitMQ, with the scripts that
//! page-deliver(8) tells under SCALING OUT. Each machine is a spool.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::process::Signal;
use serde_json::Value;

use crate::page_deliver::site::Site;
use crate::support::broker::Broker;
use crate::support::kit::link;
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Dice, Running, applet, scratch};

/// So many jobs come to the front end, some of them of several pages.
const JOBS: usize = 240;
/// How long a machine may take: the other programs pause for seconds.
const LIMIT: Duration = Duration::from_secs(120);

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts/rabbitmq")
        .join(name)
}

fn front(broker: &Broker) -> Site {
    let config = format!(
        "[pager.jane]\n[pager.joe]\n[group.both]\nmembers = ['jane', 'joe']\n\
         [route.default]\ntype = 'exec'\ncommand = ['{}', 'pages', '{}']\n\
         retry = 1000\nretry-delay = '1s'\non-unknown = 'retry'\n\
         max-length = 40\noverflow = 'split'\n",
        script("publish").display(),
        broker.url()
    );
    Site::new("front", &config)
}

/// A machine that knows jane and joe, and whose pages go out at once.
struct Worker {
    site: Site,
    running: Option<Running>,
}

impl Worker {
    fn new(name: &str) -> Self {
        let config = "[pager.jane]\nroute = 'out'\n[pager.joe]\nroute = 'out'\n\
                      [route.out]\ntype = 'exec'\ncommand = ['true']\n";
        let site = Site::new(name, config);
        let running = None;
        Self { site, running }
    }

    fn command(&self, broker: &Broker) -> Cmd {
        Cmd::new(script("worker"))
            .args(["pages", &broker.url()])
            .env("PAGEBOX_SPOOL", self.site.spool())
            .env("PAGEBOX_CONFIG", self.site.dir.join("pagebox.toml"))
            .limit(LIMIT)
    }

    fn start(&mut self, broker: &Broker) {
        self.running = Some(self.command(broker).spawn());
    }

    /// It and all that it has started, without a warning.
    fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.signal(Signal::KILL);
    }
}

/// What a machine tells of its pages.
fn rows(site: &Site) -> Vec<Value> {
    let pageq = applet("pageq").args(["--sent", "--failed", "--json", "--spool"]);
    let listed = pageq.arg(site.spool()).run();
    listed.expect_status(0);
    let rows = listed.stdout.lines().map(serde_json::from_str);
    rows.collect::<Result<_, _>>().unwrap()
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// The jobs of each origin: of several machines, as they are named alike nowhere.
fn by_origin(workers: &[&Worker]) -> BTreeMap<String, BTreeSet<String>> {
    let mut jobs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in workers.iter().flat_map(|worker| rows(&worker.site)) {
        let (origin, id) = (text(&row, "origin"), text(&row, "id"));
        assert!(!origin.is_empty(), "{row}");
        jobs.entry(origin.to_owned())
            .or_default()
            .insert(id.to_owned());
    }
    jobs
}

#[track_caller]
fn in_time(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn no_page_is_lost_and_those_that_go_twice_are_known() {
    skip_unless!("rabbitmq-server", "epmd", "amqp-consume", "amqp-publish");
    let mut broker = Broker::new();
    let front = front(&broker);
    let mut all = 0;
    for number in 0..JOBS {
        let (to, text, pages) = match number % 40 {
            7 => ("both", format!("page {number}"), 2),
            17 => ("jane", format!("{} {number}", "many words ".repeat(7)), 3),
            _ => ("jane", format!("page {number}"), 1),
        };
        front.job(
            &format!("{:010}-{number}", 1),
            format!("To: {to}\n\n{text}\n"),
        );
        all += pages;
    }
    // Without a broker they stay where they are.
    front
        .deliver(&["--verbose"])
        .limit(LIMIT)
        .run()
        .expect_status(0);
    let waiting = rows(&front);
    assert_eq!(waiting.len(), all);
    for row in &waiting {
        let first = text(row, "part").starts_with("1/");
        let outcome = if first { "temporary" } else { "" };
        assert_eq!(
            (text(row, "state"), text(row, "outcome")),
            ("wait", outcome)
        );
    }

    broker.start();
    let mut workers = [Worker::new("worker-a"), Worker::new("worker-b")];
    for worker in &mut workers {
        worker.start(&broker);
    }
    let deliverer = front.deliver(&["--watch"]).limit(LIMIT).spawn();
    let arrived = |workers: &[Worker]| -> usize {
        let new = workers.iter().map(|worker| worker.site.names("new").len());
        new.sum()
    };
    let (mut dice, mut next, mut kills) = (Dice::new(7), 0, 0);
    while next + 30 < all {
        next += 1 + dice.below(20);
        // As soon as it is there its worker may not have said so.
        in_time("more pages", || arrived(&workers) > next);
        // Who stayed away comes back.
        for worker in workers.iter_mut().filter(|worker| worker.running.is_none()) {
            worker.start(&broker);
        }
        let unlucky = &mut workers[dice.below(2)];
        unlucky.kill();
        kills += 1;
        if kills % 3 != 0 {
            unlucky.start(&broker);
        }
        if kills == 9 {
            broker.stop();
            broker.start();
        }
    }
    for worker in workers.iter_mut().filter(|worker| worker.running.is_none()) {
        worker.start(&broker);
    }
    in_time("the front has none any more", || {
        let pageq = applet("pageq").args(["--json", "--spool"]);
        pageq.arg(front.spool()).run().stdout.is_empty()
    });
    drop(deliverer);
    let out = rows(&front);
    assert_eq!(out.len(), all);
    let [a, b] = &workers;
    in_time("all have arrived", || by_origin(&[a, b]).len() >= all);
    in_time("the queue is empty", || {
        let get = Cmd::new("amqp-get").args(["-q", "pages", &broker.url()]);
        get.run().status == 2
    });
    for worker in &mut workers {
        worker.kill();
        let deliver = worker.site.deliver(&[]).limit(LIMIT);
        deliver.run().expect(0, "", "");
    }
    let [a, b] = &workers;
    let there = by_origin(&[a, b]);
    // Each page of the front, by its job, as often as the front says.
    let mut ids: Vec<&str> = there
        .keys()
        .map(|origin| &origin[..origin.len() - 17])
        .collect();
    let mut sent: Vec<&str> = out.iter().map(|row| text(row, "id")).collect();
    ids.sort_unstable();
    sent.sort_unstable();
    assert_eq!(ids, sent);
    let jobs: usize = there.values().map(BTreeSet::len).sum();
    let twice = there.values().filter(|ids| ids.len() > 1).count();
    println!("{all} pages, {kills} workers killed, {twice} twice");
    // Every other job is one of a page that is there already, and says so.
    let receipts = [a, b].map(|worker| rows(&worker.site).len());
    assert_eq!(receipts.iter().sum::<usize>(), jobs);
    // One for each worker that was killed; when the broker went, each was at one page.
    assert!(twice <= kills + 3, "{twice} of {kills}");
}

/// What page-deliver(8) has for this; `$@` are the spools.
const TWICE: &str = r#"
    for spool; do
        pageq --sent --failed --json --spool "$spool"
    done | jq -r 'select(.origin and .outcome != "duplicate") |
        .origin + " " + .id' | sort -u | cut -d ' ' -f 1 | uniq -d"#;

#[test]
fn a_page_whose_worker_dies_before_it_says_so_is_told_as_one_that_went_twice() {
    skip_unless!(
        "rabbitmq-server",
        "epmd",
        "amqp-consume",
        "amqp-publish",
        "jq"
    );
    let mut broker = Broker::new();
    broker.start();
    let front = front(&broker);
    front.job(
        "1-1",
        "To: jane; level=0 alert=1 pin=77\nSubject:  Disk \n\nfull\n\n",
    );
    front.deliver(&[]).run().expect(0, "", "");

    let mut workers = [Worker::new("worker-dies"), Worker::new("worker-lives")];
    // It ends between the one and the other.
    let page = workers[0].site.dir.file(
        "page",
        format!(
            "#!/bin/sh\n'{}' \"$@\" && kill -KILL 0\n",
            link("page").display()
        ),
    );
    fs::set_permissions(&page, fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = page.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(env::var_os("PATH").unwrap());
    let died = workers[0].command(&broker).env("PATH", path).run();
    died.expect_status(128 + 9);
    workers[1].start(&broker);
    in_time("the other has it", || {
        workers[1].site.names("new").len() == 1
    });

    let [first, second] = &workers;
    let file = |worker: &Worker| {
        let name = worker.site.names("new").pop().unwrap();
        let job = worker.site.dir.read(&format!("spool/new/{name}"));
        job.split_once("Received:").unwrap().0.to_owned()
    };
    let job = file(second);
    assert_eq!(job, file(first));
    let (said, origin) = job.split_once("Origin: ").unwrap();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(
        said,
        format!("To: jane; level=0 alert=1 pin=77\nSubject:  Disk \nFrom: ?{host}")
    );
    for worker in [first, second] {
        worker.site.deliver(&[]).run().expect(0, "", "");
        assert_eq!(rows(&worker.site)[0]["length"], "full\n".len());
    }
    let told = Cmd::new("sh").args(["-c", TWICE, "sh"]);
    let told = told.args([first.site.spool(), second.site.spool()]).run();
    let id = format!("{}-", text(&rows(&front)[0], "id"));
    assert!(origin.starts_with(&id), "{id}{origin}");
    told.expect(0, origin, "");
}

#[test]
fn what_is_no_page_stops_no_queue_and_is_not_lost() {
    skip_unless!("rabbitmq-server", "epmd", "amqp-consume", "amqp-publish");
    let mut broker = Broker::new();
    broker.start();
    let publish = |body: &str| {
        let words = ["-r", "pages", "-p", &broker.url()];
        let publish = Cmd::new("amqp-publish").args(words).stdin(body);
        publish.run().expect(0, "", "");
    };
    let declare = Cmd::new("amqp-declare-queue").args(["-d", "-q", "pages", &broker.url()]);
    declare.run().expect_status(0);
    publish("no page\n");
    publish("To: nobody\n\nx\n");
    publish(&format!("To: jane\n\n{}\n", "x".repeat(70_000)));
    publish("To: jane\n\nDisk full\n");

    // One that has no configuration can take none, and keeps none.
    let idle = Worker::new("worker-idle");
    fs::remove_file(idle.site.dir.join("pagebox.toml")).unwrap();
    let idle_runs = idle.command(&broker).spawn();
    idle_runs.wait_for_stderr("pagebox.toml");
    let mut worker = Worker::new("worker-busy");
    worker.start(&broker);
    in_time("all are there", || worker.site.names("new").len() == 4);
    assert_eq!(idle.site.names("new"), [""; 0]);

    let deliver = worker.site.deliver(&[]).run();
    deliver.expect_status(0);
    let rows = rows(&worker.site);
    let states: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|row| (text(row, "state"), text(row, "to")))
        .collect();
    let expected = [("failed", ""), ("failed", "nobody"), ("sent", "jane")];
    assert_eq!(states, expected.into());
    assert_eq!(rows.len(), 4);
    assert_eq!(worker.site.names("tmp"), [""; 0]);
}

#[test]
fn a_take_that_is_killed_gives_its_page_back() {
    let dir = scratch("take");
    fs::create_dir_all(dir.join("spool/tmp")).unwrap();
    let page = dir.file("page", "#!/bin/sh\nkill -9 $PPID\n");
    fs::set_permissions(page, fs::Permissions::from_mode(0o755)).unwrap();
    let path = env::var("PATH").unwrap();
    // Whoever consumes ends, and so the broker has the page again.
    let run = Cmd::new("sh")
        .args(["-c", "\"$0\" --take; echo it goes on"])
        .arg(script("worker"))
        .env("PATH", format!("{}:{path}", dir.display()))
        .env("PAGEBOX_SPOOL", dir.join("spool"))
        .stdin("To: jane\n\nDisk full\n")
        .run();
    run.expect_status(143);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_page_that_was_not_handed_over_is_kept() {
    skip_unless!("amqp-publish");
    // Nobody listens on a port that was just free.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let publish = |temporary: &Path| {
        let run = Cmd::new("sh").args(["-c", "exec \"$@\" 3</dev/null", "sh"]);
        let run = run.arg(script("publish")).arg("pages");
        let run = run.arg(format!("--url=amqp://127.0.0.1:{port}"));
        let run = run.env("PAGEBOX_ID", "1").env("PAGEBOX_PAGER", "jane");
        run.env("TMPDIR", temporary).stdin("Disk full").run()
    };
    let dir = scratch("publish");
    let refused = publish(&dir);
    refused.expect_status(75);
    assert!(
        refused.stderr.contains("opening socket"),
        "{}",
        refused.stderr
    );
    assert_eq!(dir.names("."), [""; 0]);
    publish(&dir.join("none")).expect_status(75);
}

#[test]
fn a_worker_uses_the_spool_of_its_configuration() {
    let site = Site::new("worker-spool", "");
    let spool = site.spool();
    let config = format!(
        "# spool = 'no'\n  spool = \"{}\"\n[pager.jane]\n[route.default]\ntype = 'exec'\ncommand = ['true']\n",
        spool.display()
    );
    let config = site.dir.file("pagebox.toml", config);
    // What does not succeed ends its parent.
    let take = Cmd::new("sh").args(["-c", "\"$0\" --take; exit $?"]);
    let take = take.arg(script("worker")).stdin("To: jane\n\nDisk full\n");
    take.env("PAGEBOX_CONFIG", config).run().expect(0, "", "");
    assert_eq!(site.dir.names("spool/new").len(), 1);
}

#[test]
fn without_a_queue_no_page_is_refused() {
    let publish = Cmd::new(script("publish")).stdin("Disk full");
    publish.run().expect_status(75);
}
