//! A site that pages: its configuration, its spool, three gateways that write
//! down what arrives, and what the deliverer says became of it. The spool is
//! read by the book of pagebox-spool(5) and not by our own code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Cmd, Running, Scratch, applet, eventually, scratch, spooled};

/// One page for one pager: pager, job and part.
pub(crate) type Key = (String, String, u64);

/// What a file of the spool says of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fate {
    /// The directory that its job lies in.
    pub(crate) place: &'static str,
    pub(crate) mark: char,
    pub(crate) duplicate_possible: bool,
    pub(crate) story: Vec<String>,
    pub(crate) route: String,
}

pub(crate) struct Site {
    pub(crate) dir: Scratch,
}

impl Site {
    /// With this configuration, in which `DIR` is the site's directory.
    pub(crate) fn new(name: &str, config: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() {
            Scratch::below(memory, name)
        } else {
            scratch(name)
        };
        let site = Self { dir };
        site.configure(config);
        for name in ["spool", "spool/tmp", "spool/new"] {
            fs::create_dir(site.dir.join(name)).unwrap();
        }
        site
    }

    pub(crate) fn configure(&self, config: &str) {
        let text = config.replace("DIR", self.dir.to_str().unwrap());
        let staged = self.dir.file("pagebox.toml.new", text);
        fs::rename(staged, self.dir.join("pagebox.toml")).unwrap();
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    /// A job file, moved into `new/` whole.
    pub(crate) fn job(&self, name: &str, text: impl AsRef<[u8]>) {
        let staged = self.dir.file("spool/tmp/staged", text);
        fs::rename(staged, self.spool().join("new").join(name)).unwrap();
    }

    pub(crate) fn deliver(&self, words: &[&str]) -> Cmd {
        let config = self.dir.join("pagebox.toml");
        let deliver = applet("page-deliver").arg("--config").arg(config);
        deliver.arg("--spool").arg(self.spool()).args(words)
    }

    pub(crate) fn watch(&self) -> Running {
        self.deliver(&["--watch", "--verbose"]).spawn()
    }

    pub(crate) fn names(&self, dir: &str) -> Vec<String> {
        let mut names = self.dir.names(&format!("spool/{dir}"));
        names.retain(|name| !name.starts_with('.'));
        names
    }

    /// A file that grows: its lines.
    pub(crate) fn lines(&self, file: &str) -> Vec<String> {
        self.dir.read(file).lines().map(str::to_owned).collect()
    }

    /// Waits until a file has so many lines.
    #[track_caller]
    pub(crate) fn wait_for_lines(&self, file: &str, count: usize) {
        let what = format!("{file} has {count} lines");
        eventually(&what, || self.lines(file).len() >= count);
    }

    /// What became of each page, and of jobs that are none, by the names of
    /// their files in the spool.
    pub(crate) fn fates(&self) -> BTreeMap<Key, Fate> {
        let mut fates = BTreeMap::new();
        for place in ["active", "wait", "failed"] {
            for name in self.names(place) {
                if name.ends_with("~file") {
                    continue;
                }
                let file = self.dir.read(&format!("spool/{place}/{name}"));
                let (marks, work) = file.split_once('\n').unwrap();
                let work: Value = serde_json::from_str(work).unwrap();
                let parts = work["parts"].as_array().unwrap();
                for (mark, part) in marks.chars().zip(parts) {
                    let story = part["story"].as_array().cloned().unwrap_or_default();
                    add(
                        &mut fates,
                        place,
                        &work["id"],
                        part,
                        &part["plan"],
                        mark,
                        &story,
                    );
                }
            }
        }
        for day in self.names("sent") {
            for line in self.lines(&format!("spool/sent/{day}")) {
                let receipt: Value = serde_json::from_str(&line).unwrap();
                for part in receipt["parts"].as_array().unwrap() {
                    let mark = part["mark"].as_str().unwrap().chars().next().unwrap();
                    let story = [part["last"].clone()];
                    add(&mut fates, "sent", &receipt["id"], part, part, mark, &story);
                }
            }
        }
        fates
    }

    /// The IDs of jobs in these directories.
    pub(crate) fn ids(&self, places: &[&str]) -> BTreeSet<String> {
        let fates = self.fates();
        let there = fates
            .iter()
            .filter(|(_, fate)| places.contains(&fate.place));
        there.map(|((_, id, _), _)| id.clone()).collect()
    }
}

fn add(
    fates: &mut BTreeMap<Key, Fate>,
    place: &'static str,
    id: &Value,
    part: &Value,
    plan: &Value,
    mark: char,
    story: &[Value],
) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pager = match text(&plan["pager"]) {
        none if none.is_empty() => text(&part["to"]),
        pager => pager,
    };
    let fate = Fate {
        place,
        mark,
        duplicate_possible: part["duplicate_possible"] == true,
        story: story.iter().map(|event| text(&event["outcome"])).collect(),
        route: text(&plan["route"]),
    };
    let key = (pager, text(id), plan["part"][0].as_u64().unwrap_or(1));
    let before = fates.insert(key.clone(), fate.clone());
    // A receipt may stand there twice, after a crash; a job is in one place.
    if let Some(before) = before {
        assert_eq!(
            (before.place, before.mark),
            ("sent", 'D'),
            "{key:?} {fate:?}"
        );
        assert_eq!(fate.place, "sent", "{key:?}: {before:?} {fate:?}");
    }
}

/// Programs that were started by this one and still run.
pub(crate) fn children(of: u32) -> Vec<Pid> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |number: &i32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
        let mut words = behind.split(' ');
        let alive = words.next().is_some_and(|state| state != "Z");
        alive && words.next() == Some(&of.to_string())
    };
    numbers.filter(is_child).filter_map(Pid::from_raw).collect()
}

pub(crate) fn kill(process: Pid) {
    // Who is gone is what we want.
    _ = kill_process(process, Signal::KILL);
}

/// Pages that a server of ours has accepted: pager and text.
pub(crate) fn at_gateway(spool: &Path) -> Vec<(String, String)> {
    let pages = spooled::accepted(spool).into_iter().map(|(_, page)| page);
    let text = |page: spooled::Page| (page.to.concat(), String::from_utf8(page.text).unwrap());
    pages.map(text).collect()
}
