//! `page-mail`: which mail becomes a page, for whom and in which words, and how a
//! mail server is told.

mod hostile;
mod mails;
mod names;
mod peers;
mod trouble;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pagebox::queue::job::{self, Job, Submission};

use crate::support::{Cmd, Output, Scratch, applet, scratch};

/// A configuration whose spool is in `DIR`.
const CONFIG: &str = r#"
spool = "DIR/spool"
[pager.joe]
[pager.Ann]
[pager."k+d@x"]
[group.oncall]
members = ["joe", "Ann"]
[route.default]
type = "exec"
command = ["true"]
"#;

/// A mail that says little.
const MAIL: &str = "From: joe@example.com\nSubject: Disk\n\nfull\n";

/// A host with a spool, a configuration, and mail.
struct Host {
    dir: Scratch,
}

impl Host {
    /// With this behind [`CONFIG`].
    fn new(name: &str, more: &str) -> Self {
        let host = Self { dir: scratch(name) };
        host.configure(more);
        for dir in ["spool", "spool/tmp", "spool/new"] {
            fs::create_dir(host.dir.join(dir)).unwrap();
        }
        host
    }

    fn configure(&self, more: &str) {
        let text = format!("{CONFIG}{more}\n");
        let text = text.replace("DIR", self.dir.to_str().unwrap());
        self.dir.file("pagebox.toml", text);
    }

    fn config(&self) -> PathBuf {
        self.dir.join("pagebox.toml")
    }

    fn page_mail(&self, words: &[&str]) -> Cmd {
        let page_mail = applet("page-mail").arg("--config").arg(self.config());
        let strangers = ["ORIGINAL_RECIPIENT", "RECIPIENT"];
        let page_mail = strangers.iter().fold(page_mail, Cmd::env_remove);
        page_mail.args(words)
    }

    fn mail(&self, words: &[&str], mail: impl AsRef<[u8]>) -> Output {
        self.page_mail(words).stdin(mail).run()
    }

    /// What is queued; nothing else is left.
    #[track_caller]
    fn jobs(&self) -> Vec<Job> {
        assert_eq!(self.dir.names("spool/tmp"), [""; 0]);
        let names = self.dir.names("spool/new").into_iter();
        let jobs = names.map(|name| {
            let file = fs::read(self.dir.join("spool/new").join(&name)).unwrap();
            match job::read(&file, SystemTime::now(), &name).unwrap() {
                Submission::Job(job) => job,
                Submission::Forget(request) => panic!("{request:?}"),
            }
        });
        jobs.collect()
    }

    /// The only job that is queued; then there is none.
    #[track_caller]
    fn job(&self) -> Job {
        let mut jobs = self.jobs();
        assert_eq!(jobs.len(), 1);
        let job = jobs.remove(0);
        fs::remove_file(self.dir.join("spool/new").join(&job.id)).unwrap();
        job
    }

    /// The message that this mail becomes.
    #[track_caller]
    fn text(&self, mail: impl AsRef<[u8]>) -> String {
        self.mail(&["oncall"], mail).expect(0, "", "");
        String::from_utf8(self.job().message).unwrap()
    }

    #[track_caller]
    fn is_empty(&self) {
        assert!(self.jobs().is_empty());
    }
}

fn names(job: &Job) -> Vec<&str> {
    job.to.iter().map(|to| to.name.as_str()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(root().join("tests/fixtures/mail").join(name)).unwrap()
}

#[test]
fn a_mail_becomes_a_job() {
    let host = Host::new("mail-job", "");
    host.mail(&["joe", "page+oncall@h"], MAIL).expect(0, "", "");
    let job = host.job();
    assert_eq!(names(&job), ["joe", "oncall"]);
    assert_eq!(job.message, b"joe@example.com: Disk: full");
    let from = job.from.unwrap();
    assert_eq!(
        (from.name.as_str(), from.verified),
        ("joe@example.com", false)
    );
    assert_eq!(job.max_parts.map(usize::from), Some(9));
    assert_eq!(
        (job.subject, job.caller, job.expires, job.dedup),
        (None, None, None, None)
    );
}

#[test]
fn the_flags_go_before_the_configuration() {
    let host = Host::new("mail-flags", "[mail]\nmax-parts = 3\n");
    let other = Host::new("mail-flags-other", "");
    let parts = |words: &[&str]| {
        host.mail(words, MAIL).expect(0, "", "");
        host.job().max_parts.map(usize::from)
    };
    assert_eq!(parts(&["joe"]), Some(3));
    assert_eq!(parts(&["--max-parts", "2", "joe"]), Some(2));
    let spool = other.dir.join("spool");
    let page_mail = host.page_mail(&["joe"]).arg("--spool").arg(spool);
    page_mail.stdin(MAIL).run().expect(0, "", "");
    host.is_empty();
    assert_eq!(names(&other.job()), ["joe"]);
    let page_mail = applet("page-mail").env("PAGEBOX_CONFIG", other.config());
    page_mail.arg("joe").stdin(MAIL).run().expect(0, "", "");
    assert_eq!(names(&other.job()), ["joe"]);
}
