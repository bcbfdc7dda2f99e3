//! `page`: what is queued, for whom, and what is not.

mod bulk;
mod jobs;
mod wait;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pagebox::queue::job::{self, Job, Submission};
use rustix::process::Signal;

use crate::support::peers::skip_unless;
use crate::support::{Cmd, Running, Scratch, Tmpfs, applet, eventually, scratch};

/// A spool that goes away with its test.
struct Spool {
    scratch: Scratch,
}

impl Spool {
    fn new(name: &str) -> Self {
        let scratch = scratch(name);
        for dir in ["tmp", "new", "tags"] {
            fs::create_dir_all(scratch.join("spool").join(dir)).unwrap();
        }
        Self { scratch }
    }

    fn dir(&self) -> PathBuf {
        self.scratch.join("spool")
    }

    /// `page` with this spool, for any name.
    fn page(&self) -> Cmd {
        applet("page").arg("--spool").arg(self.dir())
    }

    /// A configuration that names this spool.
    fn config(&self) -> PathBuf {
        let text = format!(
            "spool = \"{}\"\n\
             [pager.jane]\nroute = \"out\"\n[pager.joe]\nroute = \"out\"\n\
             [group.oncall]\nmembers = [\"jane\", \"joe\"]\n[group.nobody]\nmembers = []\n\
             [route.out]\ntype = \"csv\"\ncommand = [\"/bin/true\"]\n",
            self.dir().display()
        );
        self.scratch.file("pagebox.toml", text)
    }

    /// `page` with that configuration.
    fn known(&self) -> Cmd {
        applet("page").arg("--config").arg(self.config())
    }

    /// The jobs that are queued, in their order, as whoever delivers reads them. Nothing else
    /// is left.
    #[track_caller]
    fn jobs(&self) -> Vec<Job> {
        assert_eq!(self.scratch.names("spool/tmp"), [""; 0]);
        let names = self.scratch.names("spool/new").into_iter();
        let jobs = names.map(|name| {
            let file = fs::read(self.dir().join("new").join(&name)).unwrap();
            match job::read(&file, SystemTime::now(), &name).unwrap() {
                Submission::Job(job) => job,
                Submission::Forget(request) => panic!("{request:?}"),
            }
        });
        jobs.collect()
    }

    /// The only job.
    #[track_caller]
    fn job(&self) -> Job {
        let mut jobs = self.jobs();
        assert_eq!(jobs.len(), 1);
        jobs.remove(0)
    }

    #[track_caller]
    fn is_empty(&self) {
        assert!(self.jobs().is_empty());
    }
}

fn names(job: &Job) -> Vec<&str> {
    job.to.iter().map(|to| to.name.as_str()).collect()
}

fn text(job: &Job) -> &str {
    std::str::from_utf8(&job.message).unwrap()
}

fn login() -> String {
    Cmd::new("id").arg("-un").run().stdout.trim().to_owned()
}

/// From when on a SIGTERM is noted instead of obeyed.
pub(crate) fn wait_until_signals_are_noted(running: &Running) {
    eventually("SIGTERM is caught", || {
        let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:\t"));
        let caught = u64::from_str_radix(caught.unwrap(), 16).unwrap();
        caught & (1 << (Signal::TERM.as_raw() - 1)) != 0
    });
}

#[test]
fn words_become_a_job() {
    let spool = Spool::new("page-words");
    let page = spool.page().args(["oncall", "Disk", "full"]);
    page.run().expect(0, "", "");
    let job = spool.job();
    assert_eq!((names(&job), text(&job)), (vec!["oncall"], "Disk full"));
    assert_eq!(spool.scratch.names("spool/new"), [job.id.as_str()]);
    let from = job.from.unwrap();
    assert_eq!((from.name, from.verified), (login(), false));
    let age = SystemTime::now().duration_since(job.received).unwrap();
    assert!(age < Duration::from_secs(20));
    assert_eq!((job.two_way, job.failure_of, job.dedup), (None, None, None));
}

#[test]
fn options_stand_in_the_job() {
    let spool = Spool::new("page-options");
    let page = spool.page().dir(&*spool.scratch);
    let page = page.args(["--level", "0", "--alert", "1", "--coverage", "2", "--at"]);
    let page = page.args(["1h", "--expire", "2h", "--dedup", "600", "--caller"]);
    let page = page.args([" Ops ", "--subject", "", "--pin-file", "pin"]);
    let page = page.env("PAGEBOX_FAILURE_OF", "17-1");
    let output = page.args(["a,b,a", "-m", "x\n\ny\n"]).run();
    let job = spool.job();
    let lines = format!("a queued {id}\nb queued {id}\n", id = job.id);
    output.expect(0, &lines, "");
    assert_eq!((names(&job), text(&job)), (vec!["a", "b"], "x\n\ny"));
    for to in &job.to {
        assert_eq!((to.level, to.alert), (Some(0), Some(true)));
        assert_eq!(to.coverage.as_deref(), Some("2"));
        let ahead = to.hold.unwrap().duration_since(job.received).unwrap();
        assert!((3598..=3600).contains(&ahead.as_secs()));
        let pin = fs::canonicalize(&*spool.scratch).unwrap().join("pin");
        assert_eq!(to.pin_file.as_ref(), Some(&pin));
    }
    let ahead = job.expires.unwrap().duration_since(job.received).unwrap();
    assert_eq!(ahead.as_secs(), 7200);
    assert_eq!(job.dedup, Some(Duration::from_secs(600)));
    assert_eq!(job.caller.as_deref(), Some(" Ops "));
    assert_eq!(job.subject, None);
    assert_eq!(job.failure_of.as_deref(), Some("17-1"));
}

#[test]
fn what_would_expire_before_it_is_due_is_not_queued() {
    let spool = Spool::new("page-expires");
    let why = "it would expire before it is due; its lifetime counts from now on";
    for words in [
        &["--expire", "0"][..],
        &["--expire", "900ms"],
        &["--at", "2h", "--expire", "1h"],
        &["--at", "1h", "--expire", "1h"],
    ] {
        let output = spool.page().args(words).args(["a", "x"]).run();
        output.expect_complaint(65, "", why);
    }
    let rows = "pager,message,hold,expire\na,x,2h,1h\n";
    let output = spool.page().args(["--csv", "-"]).stdin(rows).run();
    assert!(output.stdout.contains(&format!("line 2: {why}")));
    output.expect_status(65);
    assert_eq!(spool.jobs().len(), 0);
}

#[test]
fn every_name_is_looked_up_before_anything_is_queued() {
    let spool = Spool::new("page-names");
    let complaint =
        "page: no pager or group that a route leads to: john, nobody; nothing is queued\n";
    let page = |name| spool.known().args(["--", name, "Hi"]).run();
    page("jane,john,nobody").expect(67, "", complaint);
    page("a b").expect_complaint(65, "", "blank");
    page("-o").expect_complaint(65, "", "is no name");
    spool.is_empty();
    page("jane,oncall").expect_status(0);
    assert_eq!(names(&spool.job()), ["jane", "oncall"]);
}

#[test]
fn without_a_configuration_a_spool_must_be_given_by_hand() {
    let spool = Spool::new("page-no-config");
    // A file that is named must be there.
    let missing = spool.scratch.join("missing.toml");
    let page = applet("page").env("PAGEBOX_CONFIG", &missing);
    let output = page.args(["jane", "Hi"]).run();
    output.expect_complaint(78, "", "there is no such file");
    if !std::path::Path::new("/etc/pagebox.toml").exists() {
        let page = applet("page").env("PAGEBOX_SPOOL", spool.dir());
        let output = page.args(["jane", "Hi"]).run();
        output.expect_complaint(78, "", "give --spool DIR");
    }
    spool.is_empty();
    // The environment goes before the configuration, and the command line before both.
    let other = Spool::new("page-other");
    let page = || spool.known().env("PAGEBOX_SPOOL", other.dir());
    page().args(["jane", "Hi"]).run().expect(0, "", "");
    spool.is_empty();
    assert_eq!(names(&other.job()), ["jane"]);
    let page = page().arg("--spool").arg(spool.dir());
    page.args(["jane", "Hi"]).run().expect(0, "", "");
    assert_eq!(names(&spool.job()), ["jane"]);
}

#[test]
fn text_is_checked_and_cut_as_it_is_told() {
    let spool = Spool::new("page-text");
    for (words, input, status) in [
        (&["jane", "-m", "x", "y"][..], "", 64),
        (&["jane", "--tone", "y"], "", 64),
        (&["jane", " "], "", 65),
        (&["jane"], "\n", 65),
        (&["jane", "a\rb"], "", 65),
        (&["jane", "--max-length", "3", "long"], "", 65),
        (&["jane", "--jobs", "2", "x"], "", 64),
        (&["--csv", "-", "jane"], "", 64),
        (&[], "", 64),
        (&["jane", "--level", "12", "x"], "", 64),
        (&["jane", "--at", "2020-01-01T00:00:00Z", "x"], "", 65),
        (&["jane", "--pin-file", "a b", "x"], "", 64),
    ] {
        let page = spool.page().args(words).stdin(input);
        page.run().expect_status(status);
    }
    let page = spool.page().args(["jane", "-m", "-"]);
    let output = page.stdin("x".repeat(70_000)).run();
    output.expect_complaint(65, "", "more than a job may have");
    spool.is_empty();
    let page = spool.page().args(["jane", "--tone"]);
    page.run().expect(0, "", "");
    let page = spool.page().args(["jane", "--charset", "ascii"]);
    page.stdin("gr\u{fc}n\r\nx\n").run().expect(0, "", "");
    let page = spool.page().args(["jane", "--max-length", "3", "long"]);
    let output = page.args(["--overflow", "truncate"]).run();
    output.expect(0, "", "page: the message was cut to 3 characters\n");
    let jobs = spool.jobs();
    let texts: Vec<&str> = jobs.iter().map(text).collect();
    assert_eq!(texts, ["", "grun\nx", "lon"]);
}

#[test]
fn parts_are_jobs_in_their_order() {
    let spool = Spool::new("page-parts");
    let page = spool.page().args(["-v", "--max-length", "11"]);
    let page = page.args(["--overflow", "split", "jane", "first next last"]);
    let output = page.run();
    let jobs = spool.jobs();
    let texts: Vec<&str> = jobs.iter().map(text).collect();
    assert_eq!(texts, ["(1/3) first", "(2/3) next", "(3/3) last"]);
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    output.expect(0, &format!("jane queued {}\n", ids.join(" ")), "");
}

#[test]
fn an_envelope_is_a_page() {
    let spool = Spool::new("page-envelope");
    let page = spool.page().arg("--envelope").stdin("Fire\n");
    let page = page.env("PAGEBOX_PAGER", "jane").env("PAGEBOX_LEVEL", "2");
    page.env("PAGEBOX_CALLER", "Ops").run().expect(0, "", "");
    let job = spool.job();
    assert_eq!((names(&job), text(&job)), (vec!["jane"], "Fire"));
    let told = (job.to[0].level, job.caller.as_deref());
    assert_eq!(told, (Some(2), Some("Ops")));
    // The verdict on the near side is that of the spool.
    let serve = applet("snpp-serve").args(["--", "page", "--envelope", "--config"]);
    let session = ["john", "jane"].map(|name| format!("PAGE {name}\r\nMESS x\r\nSEND\r\n"));
    let output = serve.arg(spool.config()).stdin(session.concat()).run();
    let codes: Vec<&str> = output.stdout.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes[3], "550", "{}", output.stdout);
    assert_eq!(codes[6], "250", "{}", output.stdout);
    assert_eq!(spool.jobs().len(), 2);
}

#[test]
fn json_tells_the_job() {
    let spool = Spool::new("page-json");
    let told = |page: Cmd, status| {
        let output = page.args(["--json", "--", "jane,john", "Hi"]).run();
        output.expect_status(status);
        let lines = output.stdout.lines();
        let lines = lines.map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let lines = told(spool.page(), 0);
    assert_eq!(lines.len(), 2);
    let id = spool.job().id;
    for (line, name) in lines.iter().zip(["jane", "john"]) {
        assert_eq!(line["id"], id.as_str());
        assert_eq!(
            (&line["outcome"], &line["pagerId"]),
            (&"queued".into(), &name.into())
        );
    }
    let lines = told(spool.known(), 67);
    assert_eq!(lines[0]["success"], false);
    assert_eq!(lines[0]["pagerId"], "jane,john");
    assert_eq!((lines.len(), lines[0].get("id")), (1, None));
}

#[test]
fn a_dry_run_shows_the_job_and_queues_nothing() {
    let spool = Spool::new("page-dry");
    let page = spool
        .page()
        .args(["--dry-run", "--level", "1", "jane", "Hi"]);
    let output = page.run();
    let shown = &output.stdout;
    assert!(shown.starts_with("To: jane; level=1\nFrom: ?"), "{shown}");
    assert!(shown.ends_with("\n\nHi\n"), "{shown}");
    spool.is_empty();
    let page = spool.known().args(["--dry-run", "john", "Hi"]);
    page.run().expect_status(67);
}

#[test]
fn a_spool_that_cannot_be_used_is_told_with_what_to_do() {
    let spool = Spool::new("page-no-spool");
    let page = |dir: &str| {
        let page = applet("page").arg("--spool").arg(spool.scratch.join(dir));
        page.args(["jane", "Hi"]).run()
    };
    page("none").expect_complaint(73, "", "there is no spool");
    fs::create_dir(spool.scratch.join("half")).unwrap();
    page("half").expect_complaint(73, "", "there is no spool");
    assert_eq!(spool.scratch.names("half"), [""; 0], "nothing is made");
    spool.scratch.file("file", "");
    page("file").expect_complaint(73, "", "Not a directory");
}

#[test]
fn who_is_not_in_the_group_is_told_so() {
    skip_unless!("root", "setpriv");
    let open = Scratch::below(&std::env::temp_dir(), "page-group");
    for dir in ["tmp", "new"] {
        fs::create_dir_all(open.join("spool").join(dir)).unwrap();
    }
    fs::set_permissions(&*open, Permissions::from_mode(0o755)).unwrap();
    let binary = open.join("page");
    fs::copy(env!("CARGO_BIN_EXE_pagebox"), &binary).unwrap();
    // It cannot be opened; it cannot be written to.
    for mode in [0o700, 0o755] {
        let spool = open.join("spool");
        fs::set_permissions(&spool, Permissions::from_mode(mode)).unwrap();
        let page = Cmd::new("setpriv").args(["--reuid", "65534", "--regid", "65534"]);
        let page = page.arg("--clear-groups").arg(&binary).arg("--spool");
        let output = page.arg(&spool).args(["jane", "Hi"]).run();
        output.expect_complaint(77, "", "usermod -aG pagebox ");
        assert_eq!(open.names("spool/tmp").len(), 0);
    }
}

#[test]
fn who_delivers_can_read_a_job_whatever_the_umask_is() {
    let spool = Spool::new("page-umask");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for (directory, file) in [(0o3770, 0o640), (0o770, 0o600)] {
        let tmp = spool.dir().join("tmp");
        fs::set_permissions(&tmp, Permissions::from_mode(directory)).unwrap();
        assert_eq!(mode(tmp), directory, "the group is one of ours");
        let shell = Cmd::new("sh").args(["-c", "umask 077; page --spool \"$0\" jane Hi"]);
        shell.arg(spool.dir()).run().expect(0, "", "");
        let job = spool.dir().join("new").join(spool.job().id);
        assert_eq!(mode(job.clone()), file);
        fs::remove_file(job).unwrap();
    }
}

#[test]
fn a_full_disk_is_75_and_queues_nothing() {
    skip_unless!("root", "mount");
    let spool = Spool::new("page-full");
    let disk = spool.scratch.join("disk");
    let Some(full) = Tmpfs::on(&disk) else {
        return;
    };
    for dir in ["tmp", "new"] {
        fs::create_dir_all(disk.join("spool").join(dir)).unwrap();
    }
    let filler = full.fill();
    let page = || applet("page").arg("--spool").arg(disk.join("spool"));
    let left = |dir: &str| spool.scratch.names(&format!("disk/spool/{dir}")).len();
    let output = page().args(["jane", "Hi"]).run();
    let complaint = "page: not queued: No space left on device (pager jane)\n";
    output.expect(75, "", complaint);
    // Rows behind one that found no room are not tried.
    let rows = "pager,message\na,x\nb,y\n";
    let output = page().args(["--csv", "-"]).stdin(rows).run();
    output.expect_status(75);
    assert_eq!(output.stdout.matches("No space left").count(), 2);
    assert_eq!((left("tmp"), left("new")), (0, 0));
    // It is tried again as long as that is wanted, and a signal ends that.
    let retry = [
        "--retry",
        "2000",
        "--retry-delay",
        "20ms",
        "--retry-max-time",
        "15s",
    ];
    let running = page().args(retry).args(["jane", "Hi"]).spawn();
    fs::remove_file(filler).unwrap();
    running.wait().expect(0, "", "");
    assert_eq!((left("tmp"), left("new")), (0, 1));
    full.fill();
    let page = page().args(["--retry", "9", "--retry-delay", "1h"]);
    let mut running = page.args(["jane", "Hi"]).spawn();
    wait_until_signals_are_noted(&running);
    running.signal(Signal::TERM);
    running.wait().expect(143, "", complaint);
    assert_eq!((left("tmp"), left("new")), (0, 1));
}
