//! A paging station of a test's own: its configuration, its spool, and what can be done there.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Cmd, Output, Running, Scratch, applet, scratch};

pub(super) struct Station {
    pub(super) scratch: Scratch,
}

impl Station {
    /// `@` in the configuration is the test's directory.
    pub(super) fn new(name: &str, config: &str) -> Self {
        let scratch = scratch(name);
        for dir in ["tmp", "new"] {
            fs::create_dir_all(scratch.join("spool").join(dir)).unwrap();
        }
        let site = Self { scratch };
        site.configure(config);
        site
    }

    pub(super) fn configure(&self, config: &str) {
        let config = format!("spool = '@/spool'\n{config}");
        let config = config.replace('@', &self.scratch.display().to_string());
        self.scratch.file("pagebox.toml", config);
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.scratch.join("spool")
    }

    /// One of our programs, with this configuration.
    pub(super) fn run(&self, name: &str) -> Cmd {
        let config = self.scratch.join("pagebox.toml");
        applet(name).env("PAGEBOX_CONFIG", config)
    }

    /// Queues a page, and gives its ID.
    #[track_caller]
    pub(super) fn page(&self, words: &[&str]) -> String {
        let output = self.run("page").arg("--json").args(words).run();
        output.expect(0, &output.stdout, "");
        let line = output.stdout.lines().next().unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        line["id"].as_str().unwrap().to_owned()
    }

    /// Queues a job as it is, as whoever owns the spool may.
    pub(super) fn job(&self, id: &str, job: &str) {
        let new = self.spool().join("tmp").join(id);
        fs::write(&new, job).unwrap();
        fs::rename(new, self.spool().join("new").join(id)).unwrap();
    }

    /// One pass of `page-deliver`, which has done its own work.
    #[track_caller]
    pub(super) fn pass(&self) -> Output {
        let output = self.run("page-deliver").run();
        output.expect_status(0);
        output
    }

    /// `page-deliver --watch`, until the value is dropped.
    pub(super) fn watch(&self) -> Running {
        self.run("page-deliver").arg("--watch").spawn()
    }

    /// `pageq` with these words, which has nothing to say.
    #[track_caller]
    pub(super) fn pageq(&self, words: &[&str]) {
        self.run("pageq").args(words).run().expect(0, "", "");
    }

    /// What `pageq` lists; `flags` are `--sent` or `--failed`, or nothing.
    #[track_caller]
    pub(super) fn rows(&self, flags: &[&str]) -> Vec<Value> {
        let output = self.run("pageq").arg("--json").args(flags).run();
        output.expect(0, &output.stdout, "");
        let lines = output.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The only row.
    #[track_caller]
    pub(super) fn row(&self, flags: &[&str]) -> Value {
        let mut rows = self.rows(flags);
        assert_eq!(rows.len(), 1, "{flags:?}: {rows:?}");
        rows.remove(0)
    }

    /// Of each page: whom it was for, and these fields of what is listed, in the order of names.
    #[track_caller]
    pub(super) fn list(&self, flags: &[&str], fields: &[&str]) -> Vec<String> {
        let rows = self.rows(flags);
        let shown = rows.iter().map(|row| {
            let fields = ["pager"]
                .iter()
                .chain(fields)
                .map(|field| match &row[*field] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
            fields.collect::<Vec<_>>().join(" ")
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown
    }

    /// What routes of [`shell`] wrote with `>>"$0/out"`.
    pub(super) fn out(&self) -> String {
        self.scratch.read("out")
    }

    /// Nothing is anywhere any more but in receipts.
    #[track_caller]
    pub(super) fn is_empty(&self) {
        assert_eq!(self.rows(&[]), [Value::Null; 0]);
        assert_eq!(self.rows(&["--failed"]), [Value::Null; 0]);
    }
}

/// A route that is a shell script, run for each page; `$0` is the test's directory. Further keys
/// may follow.
pub(super) fn shell(name: &str, script: &str) -> String {
    format!("[route.{name}]\ntype = 'exec'\ncommand = ['sh', '-c', '''{script}''', '@']\n")
}

/// One that takes every page.
pub(super) fn taking(name: &str) -> String {
    shell(name, TAKE)
}

/// Notes the pager and the text.
pub(super) const TAKE: &str = r#"echo "$PAGEBOX_PAGER: $(cat)" >>"$0/out""#;
