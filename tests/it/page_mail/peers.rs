//! The lines that other people's programs are given, `scripts/mail`, with those programs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Host, MAIL, names, root};
use crate::support::kit::link;
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Output};

impl Host {
    /// A file of `scripts/mail` that calls the program under test, for this name.
    fn lines(&self, file: &str, name: &str) -> PathBuf {
        let text = fs::read_to_string(root().join("scripts/mail").join(file)).unwrap();
        let program = "/usr/local/bin/page-mail -- oncall";
        assert_eq!(text.matches(program).count(), 1, "{file}");
        let page_mail = link("page-mail").display().to_string();
        let ours = format!("{page_mail} --config {} -- {name}", self.config().display());
        let path = self.dir.file(file, text.replace(program, &ours));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }
}

/// A mail that is taken, one for somebody unknown, and one that there is no room
/// for: they end as the mail server has to know.
fn delivers(host: &Host, run: &dyn Fn(&str) -> Output) {
    run("oncall").expect_status(0);
    assert_eq!(names(&host.job()), ["oncall"]);
    run("nobody").expect_status(67);
    fs::rename(host.dir.join("spool/new"), host.dir.join("spool/old")).unwrap();
    run("oncall").expect_status(75);
    fs::rename(host.dir.join("spool/old"), host.dir.join("spool/new")).unwrap();
    host.is_empty();
}

#[test]
fn procmail_ends_as_we_do() {
    skip_unless!("procmail");
    let host = Host::new("mail-procmail", "");
    delivers(&host, &|name| {
        let rc = host.lines("procmailrc", name);
        Cmd::new("procmail").arg("-m").arg(rc).stdin(MAIL).run()
    });
}

#[test]
fn maildrop_ends_as_we_do() {
    skip_unless!("maildrop");
    let host = Host::new("mail-maildrop", "");
    delivers(&host, &|name| {
        let rc = host.lines("maildroprc", name);
        Cmd::new("maildrop").arg(rc).stdin(MAIL).run()
    });
}

#[test]
fn a_forward_line_is_a_command() {
    let host = Host::new("mail-forward", "");
    delivers(&host, &|name| {
        let text = fs::read_to_string(host.lines("forward", name)).unwrap();
        let line = text.lines().last().unwrap();
        let command = line
            .strip_prefix("\"|")
            .and_then(|line| line.strip_suffix('"'));
        Cmd::new("sh")
            .arg("-c")
            .arg(command.unwrap())
            .stdin(MAIL)
            .run()
    });
}

#[test]
fn the_line_of_the_readme_is_that_of_the_file() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## By mail\n").unwrap();
    let lines = section.split("\n```\n").nth(2).unwrap();
    let file = fs::read_to_string(root().join("scripts/mail/procmailrc")).unwrap();
    // Without the second recipe what is not taken would count as delivered.
    let rules: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.trim(), rules.join("\n").trim());
}
