//! A spool with jobs in every state, made by the library itself.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pagebox::queue::job::{self, Submission};
use pagebox::queue::store::name::Name;
use pagebox::queue::store::{Active, Claim, Receipt, Store};
use pagebox::queue::work::{Event, Mark, Millis, Plan, Work, millis};

use crate::durability::quick;
use crate::support::{Cmd, Scratch, applet, scratch};

pub(super) struct Queue {
    pub(super) scratch: Scratch,
    pub(super) store: Store,
}

/// A moment so long ago.
pub(super) fn ago(time: Duration) -> Millis {
    millis(SystemTime::now() - time)
}

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// The ID of a test's job, with which names begin that sort by their numbers.
pub(super) fn id(number: usize) -> String {
    format!("17874579{number:02}-000000000-4711-0-9f3c")
}

/// A verdict.
pub(super) fn event(outcome: &str, code: u16, response: &str) -> Event {
    Event {
        at: 1_787_457_906_000,
        route: "modem".to_owned(),
        server: "/dev/ttyS0".to_owned(),
        outcome: outcome.to_owned(),
        code: Some(code),
        response: response.to_owned(),
    }
}

/// The way of the first part.
pub(super) fn plan(work: &mut Work, pager: &str, route: &str) {
    work.parts[0].plan = Some(Plan {
        pager: pager.to_owned(),
        route: route.to_owned(),
        part: (1, 1),
        ..Plan::default()
    });
}

impl Queue {
    pub(super) fn new(name: &str) -> Self {
        Self::in_scratch(scratch(name))
    }

    /// Where syncing costs nothing, for many jobs.
    pub(super) fn quick(name: &str) -> Self {
        Self::in_scratch(quick(name))
    }

    fn in_scratch(scratch: Scratch) -> Self {
        fs::create_dir(scratch.join("spool")).unwrap();
        let store = Store::open(&scratch.join("spool")).unwrap();
        Self { scratch, store }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.scratch.join("spool")
    }

    pub(super) fn pageq(&self, words: &[&str]) -> Cmd {
        applet("pageq").args(words).arg("--spool").arg(self.dir())
    }

    /// Leaves a job in `new/`.
    pub(super) fn submit(&self, name: &str, text: &str) {
        fs::write(self.dir().join("new").join(name), text).unwrap();
    }

    /// Takes a job in, as a pass would, and makes it what the test needs.
    pub(super) fn wait(&self, number: usize, text: &str, make: impl FnOnce(&mut Work)) -> Name {
        let id = id(number);
        self.submit(&id, text);
        let mut found = self.store.in_new().unwrap();
        found.retain(|candidate| format!("{candidate:?}").contains(&id));
        let arrival = self.store.take(found.pop().unwrap()).unwrap().unwrap();
        let read = job::read(arrival.file.as_ref().unwrap(), arrival.written, &id);
        let Ok(Submission::Job(job)) = read else {
            panic!("{read:?}");
        };
        let mut work = Work::new(&job, &id, millis(job.received));
        make(&mut work);
        let mut kept = self
            .store
            .keep(vec![(arrival, Claim::Job(work))], &mut || {});
        kept.pop().unwrap().unwrap().unwrap()
    }

    pub(super) fn active(&self, name: &Name) -> Active {
        self.store.activate(name).unwrap().unwrap()
    }

    /// A job that has failed, with that said of each part.
    pub(super) fn fail(&self, number: usize, text: &str, mark: Mark, untold: bool) -> String {
        let name = self.wait(number, text, |work| plan(work, "alice", "modem"));
        let mut job = self.active(&name);
        let parts = job.work.parts.len();
        for part in &mut job.work.parts {
            part.tries = 2;
            part.tell(event("temporary", 421, "No carrier"));
            part.tell(event("refused", 550, "Unknown\x1b[2J pager"));
        }
        self.store.rewrite(&mut job).unwrap();
        for at in 0..parts {
            self.store.mark(&mut job, at, mark, true).unwrap();
        }
        self.store.fail(&job, untold).unwrap()
    }

    /// A job that was delivered.
    pub(super) fn deliver(&self, number: usize, text: &str, at: SystemTime) {
        let name = self.wait(number, text, |work| plan(work, "alice", "modem"));
        let mut job = self.active(&name);
        job.work.parts[0].tries = 1;
        job.work.parts[0].tell(event("sent", 211, "Page accepted"));
        self.store.mark(&mut job, 0, Mark::Delivered, true).unwrap();
        let receipt = Receipt::of(&job.work, at);
        self.store.file_receipts(&[receipt], at).unwrap();
        self.store.drop_sent(&job).unwrap();
    }

    /// The names in a directory of the spool, but for locks and the like.
    pub(super) fn names(&self, dir: &str) -> Vec<String> {
        let mut names = self.scratch.names(&format!("spool/{dir}"));
        let ours = [".boot", ".pass", ".changes"];
        names.retain(|name| !ours.contains(&name.as_str()));
        names
    }

    /// The work files in a directory, which say nothing else than their names.
    #[track_caller]
    pub(super) fn works(&self, dir: &str) -> Vec<Work> {
        let read = |name: &String| {
            let bytes = fs::read(self.dir().join(dir).join(name)).unwrap();
            let work = Work::read(&bytes).unwrap_or_else(|| panic!("{dir}/{name} is spoilt"));
            if dir == "wait" {
                assert_eq!(Name::of(&work).to_string(), *name);
            }
            work
        };
        self.names(dir).iter().map(read).collect()
    }

    pub(super) fn receipts(&self) -> Vec<Receipt> {
        let mut all = Vec::new();
        let each = &mut |receipt| {
            all.push(receipt);
            true
        };
        self.store.receipts(0, each).unwrap();
        all
    }

    /// The lines of JSON that a command prints.
    pub(super) fn json(&self, words: &[&str]) -> Vec<serde_json::Value> {
        let output = self.pageq(words).arg("--json").run();
        output.expect_status(0);
        let lines = output.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
