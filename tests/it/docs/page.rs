//! Reads a manual page's mdoc, as far as the tests ask for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{Program, root};

/// The first line of an example that is a file of that name.
pub(super) const CONFIGURATION: &str = "# pagebox.toml";

/// A manual page, as lines under their headings.
pub(super) struct Page {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    section: String,
    subsection: Option<String>,
    pub(super) text: String,
}

/// An item of a list: what stands behind `.It`, where, and its text.
pub(super) struct Item {
    pub(super) subsection: Option<String>,
    pub(super) head: Vec<String>,
    pub(super) body: Vec<String>,
}

impl Page {
    pub(super) fn path(name: &str, section: u8) -> PathBuf {
        root().join(format!("man/{name}.{section}"))
    }

    pub(super) fn of(program: &Program) -> Self {
        Self::read(program.name, program.section)
    }

    pub(super) fn read(name: &str, number: u8) -> Self {
        let path = Self::path(name, number);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut section, mut subsection) = (String::new(), None);
        let mut lines = Vec::new();
        for text in text.lines() {
            if let Some(heading) = text.strip_prefix(".Sh ") {
                (section, subsection) = (heading.to_owned(), None);
            } else if let Some(heading) = text.strip_prefix(".Ss ") {
                subsection = Some(heading.to_owned());
            }
            lines.push(Line {
                section: section.clone(),
                subsection: subsection.clone(),
                text: text.to_owned(),
            });
        }
        let name = format!("{name}({number})");
        Self { name, lines }
    }

    pub(super) fn section(&self, name: &str) -> Vec<&Line> {
        let lines = self.lines.iter().filter(|line| line.section == name);
        let lines: Vec<&Line> = lines.collect();
        assert!(!lines.is_empty(), "{}: no section {name}", self.name);
        lines
    }

    pub(super) fn items(&self, section: &str) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut open = false;
        for line in self.section(section) {
            if let Some(head) = line.text.strip_prefix(".It ") {
                items.push(Item {
                    subsection: line.subsection.clone(),
                    head: head.split_whitespace().map(plain).collect(),
                    body: Vec::new(),
                });
                open = true;
            } else if line.text == ".El" {
                open = false;
            } else if open {
                items.last_mut().unwrap().body.push(plain(&line.text));
            }
        }
        items
    }

    /// The words behind a macro in a section, in `.It` lines and outside of them.
    pub(super) fn words(
        &self,
        section: &str,
        subsection: Option<&str>,
        name: &str,
    ) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        for line in self.section(section) {
            let marked = line.text.strip_prefix(name);
            let marked =
                marked.or_else(|| line.text.strip_prefix(".It ")?.strip_prefix(&name[1..]));
            if subsection.is_some() && line.subsection.as_deref() != subsection {
                continue;
            }
            let all = marked.unwrap_or_default().split_whitespace();
            words.extend(all.filter(|word| *word != ",").map(str::to_owned));
        }
        words.remove(".");
        words
    }

    /// The shell sessions among the examples, and the configurations.
    pub(super) fn sessions(&self) -> Vec<Vec<String>> {
        let mut sessions = self.examples();
        // Other lines of configuration are no session.
        let is_ours = |line: &String| line == CONFIGURATION || line.starts_with("$ ");
        sessions.retain(|lines| lines.iter().any(is_ours));
        sessions
    }

    /// All that the examples show as it is.
    pub(super) fn examples(&self) -> Vec<Vec<String>> {
        let mut sessions = Vec::new();
        let mut session = None;
        for line in self.section("EXAMPLES") {
            match (&mut session, line.text.as_str()) {
                (None, text) if text.starts_with(".Bd -literal") => session = Some(Vec::new()),
                (None, text) => assert!(!text.starts_with(".Dl $"), "{}: {text}", self.name),
                (Some(_), ".Ed") => sessions.extend(session.take()),
                (Some(lines), text) => lines.push(plain(text)),
            }
        }
        sessions
    }
}

/// The characters that roff writes otherwise.
pub(super) fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (roff, character) in [
        ("\\-", "-"),
        ("\\&", ""),
        ("\\(aq", "'"),
        ("\\(dq", "\""),
        ("\\(ga", "`"),
        ("\\(ha", "^"),
        ("\\(ti", "~"),
        ("\\(:u", "ü"),
    ] {
        text = text.replace(roff, character);
    }
    assert!(!text.contains("\\("), "what is this? {text}");
    text.replace("\\e", "\\")
}
