//! The manual pages and the completions say what the program does; what their
//! examples do is [`examples`]' affair. `UPDATE=1 cargo test` writes the
//! completions anew.

mod config;
mod examples;
mod page;
mod spool;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Arg, ArgAction, Command};
use clap_complete::Shell;
use pagebox::applet::{self, APPLETS};
use pagebox::cgi::answer::REASONS;
use pagebox::cli::report::CSV_HEADER;
use pagebox::exit::{Exit, TABLE};
use pagebox::outcome::Outcome;
use pagebox::page::Column;
use pagebox::protocol::tap::code;
use pagebox::queue::job::{Job, Recipient, Sender, TwoWay};
use pagebox::sink::command::VARIABLES;

use self::examples::{gateway, terminals};
use self::page::{Item, Page};
use crate::support::central::{self, OnLine};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Fake, applet, scratch};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program as its pages and completions tell it.
struct Program {
    name: &'static str,
    section: u8,
    summary: String,
    command: Command,
}

fn programs() -> Vec<Program> {
    let top = Program {
        name: "pagebox",
        section: 1,
        summary: applet::command().get_about().unwrap().to_string(),
        command: applet::command(),
    };
    let applets = APPLETS.iter().map(|applet| Program {
        name: applet.name,
        section: applet.section,
        summary: applet.summary.to_owned(),
        command: (applet.command)(),
    });
    std::iter::once(top).chain(applets).collect()
}

/// The files that have a page, in section 5.
const FORMATS: [&str; 2] = ["pagebox.toml", "pagebox-spool"];

/// Every page there is: its name and its section.
fn pages() -> Vec<(&'static str, u8)> {
    let programs = programs().into_iter();
    let programs = programs.map(|program| (program.name, program.section));
    programs.chain(FORMATS.map(|name| (name, 5))).collect()
}

/// The options of a command, help and version among them.
fn options(command: &Command) -> Vec<Arg> {
    let mut command = command.clone();
    command.build();
    let args = command.get_arguments();
    args.filter(|arg| !arg.is_positional()).cloned().collect()
}

fn flags(arg: &Arg) -> impl Iterator<Item = String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    [short, long].into_iter().flatten()
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

#[test]
fn completions_are_generated_from_the_flags() {
    let mut known = BTreeSet::new();
    for program in programs() {
        for (shell, ending) in [
            (Shell::Bash, "bash"),
            (Shell::Zsh, "zsh"),
            (Shell::Fish, "fish"),
        ] {
            let mut bytes = Vec::new();
            let mut command = program.command.clone();
            clap_complete::generate(shell, &mut command, program.name, &mut bytes);
            let name = format!("{}.{ending}", program.name);
            let path = root().join("completions").join(&name);
            if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
                fs::create_dir_all(root().join("completions")).unwrap();
                fs::write(&path, &bytes).unwrap();
            }
            let is_same = fs::read(&path).is_ok_and(|there| there == bytes);
            assert!(is_same, "completions/{name} is old: UPDATE=1 cargo test");
            known.insert(name);
        }
    }
    let there = fs::read_dir(root().join("completions")).unwrap();
    for entry in there {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "completions/{name} is nobody's");
    }
}

#[test]
fn every_page_is_some_programs_or_files() {
    let known = pages().into_iter();
    let known: Vec<PathBuf> = known
        .map(|(name, section)| Page::path(name, section))
        .collect();
    for entry in fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        assert!(known.contains(&path), "{} is nobody's", path.display());
    }
}

#[test]
fn pages_are_clean_mdoc() {
    skip_unless!("mandoc");
    for (name, section) in pages() {
        let lint = Cmd::new("mandoc").args(["-T", "lint", "-W", "warning"]);
        lint.arg(Page::path(name, section)).run().expect(0, "", "");
    }
}

#[test]
fn pages_begin_with_the_name_and_the_summary() {
    for (name, section) in pages() {
        let page = Page::read(name, section);
        let title = format!(".Dt {} {section}", name.to_uppercase());
        assert!(page.lines.iter().any(|line| line.text == title), "{title}");
        let text: Vec<&str> = page
            .section("NAME")
            .iter()
            .map(|line| &*line.text)
            .collect();
        assert_eq!(text[1], format!(".Nm {name}"));
        // whatis(1) lists summaries in lower case.
        let summary = text[2].strip_prefix(".Nd ").unwrap();
        if let Some(program) = programs().iter().find(|program| program.name == name) {
            assert_eq!(capital(summary), program.summary, "{}", page.name);
        }
    }
}

#[test]
fn pages_have_each_flag_in_its_group_and_no_other() {
    for program in programs() {
        let page = Page::of(&program);
        let mut told = BTreeMap::new();
        for item in page.items("OPTIONS") {
            let heads = item.head.windows(2).filter(|pair| pair[0] == "Fl");
            let names: Vec<String> = heads.map(|pair| format!("-{}", pair[1])).collect();
            assert!(!names.is_empty(), "{}: {:?}", page.name, item.head);
            for name in &names {
                let group = item.subsection.clone();
                let twice = told.insert(name.clone(), (group, item.body.join("\n")));
                assert!(twice.is_none(), "{}: {name} stands twice", page.name);
            }
        }
        for arg in options(&program.command) {
            for flag in flags(&arg) {
                let place = format!("{}: {flag}", page.name);
                let (group, body) = told
                    .remove(&flag)
                    .unwrap_or_else(|| panic!("{place}: missing"));
                assert_eq!(group.as_deref(), arg.get_help_heading(), "{place}");
                let takes = arg.get_action().takes_values();
                let defaults = arg.get_default_values().iter();
                let defaults = defaults.map(|value| value.to_str().unwrap().to_owned());
                let values = arg.get_possible_values();
                let values = values.iter().map(|value| value.get_name().to_owned());
                for value in defaults.chain(values).filter(|_| takes) {
                    assert!(body.contains(&value), "{place}: does not tell {value}");
                }
            }
        }
        assert!(told.is_empty(), "{}: no such flags: {told:?}", page.name);
    }
}

#[test]
fn a_flag_means_the_same_everywhere() {
    let mut by_long: BTreeMap<String, (Option<char>, String, &str)> = BTreeMap::new();
    let mut by_short: BTreeMap<char, String> = BTreeMap::new();
    for program in programs() {
        for arg in options(&program.command) {
            if matches!(
                arg.get_action(),
                ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong
            ) {
                continue;
            }
            let long = arg
                .get_long()
                .expect("every flag has a long name")
                .to_owned();
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            // What goes without saying may differ.
            let help = help.split(" [default").next().unwrap().to_owned();
            assert!(!help.is_empty(), "{} --{long} has no help", program.name);
            let meaning = (arg.get_short(), help, program.name);
            let first = by_long
                .entry(long.clone())
                .or_insert_with(|| meaning.clone());
            let same = (&first.0, &first.1) == (&meaning.0, &meaning.1);
            assert!(same, "--{long}: {first:?} and {meaning:?}");
            if let Some(short) = arg.get_short() {
                let other = by_short.entry(short).or_insert_with(|| long.clone());
                assert_eq!(*other, long, "-{short} has two meanings");
            }
        }
    }
}

/// The statuses that each program can end with.
const STATUSES: [(&str, &[u8]); 13] = [
    ("ixo-serve", &[0, 64, 70, 71, 73, 74, 75, 77, 78]),
    ("pagebox", &[0, 64, 70, 74]),
    (
        "ixo-send",
        &[
            0, 64, 65, 66, 67, 68, 69, 70, 71, 73, 74, 75, 76, 77, 78, 79, 130, 143,
        ],
    ),
    (
        "page",
        &[
            0, 64, 65, 66, 67, 69, 70, 71, 73, 74, 75, 76, 77, 78, 79, 130, 143,
        ],
    ),
    (
        "page-deliver",
        &[
            0, 64, 65, 66, 67, 69, 70, 71, 73, 74, 75, 77, 78, 79, 130, 143,
        ],
    ),
    ("page-cgi", &[0, 64, 70, 74]),
    ("page-mail", &[0, 64, 65, 67, 70, 75, 77]),
    ("pageq", &[0, 64, 65, 66, 70, 71, 74, 75, 77, 78]),
    (
        "snpp-probe",
        &[0, 1, 64, 65, 66, 68, 69, 70, 71, 74, 75, 76, 77, 130, 143],
    ),
    (
        "snpp-send",
        &[
            0, 1, 64, 65, 66, 67, 68, 69, 70, 71, 73, 74, 75, 76, 77, 79, 130, 143,
        ],
    ),
    ("snpp-serve", &[0, 64, 70, 71, 73, 74, 78]),
    (
        "xtell",
        &[
            0, 64, 65, 66, 67, 68, 69, 70, 71, 73, 74, 75, 76, 77, 78, 79, 130, 143,
        ],
    ),
    ("xtelld", &[0, 64, 70, 71, 74]),
];

fn is_of_plugin(exit: Exit) -> bool {
    matches!(
        exit,
        Exit::NagiosWarning | Exit::NagiosCritical | Exit::NagiosUnknown
    )
}

/// The items of a list of statuses, with the first line of each.
fn statuses(page: &Page, section: &str) -> Vec<(u8, String)> {
    let number = |item: &Item| item.head[0].parse().unwrap();
    let items = page.items(section).into_iter();
    items
        .map(|item| (number(&item), item.body[0].clone()))
        .collect()
}

#[test]
fn exit_statuses_are_those_of_the_table() {
    for program in programs() {
        let page = Page::of(&program);
        let listed = statuses(&page, "EXIT STATUS");
        let numbers: Vec<u8> = listed.iter().map(|(number, _)| *number).collect();
        let known = STATUSES.iter().find(|(name, _)| *name == program.name);
        assert_eq!(numbers, known.unwrap().1, "{}", page.name);
        for (number, text) in listed {
            let mut table = TABLE.iter().filter(|(exit, ..)| !is_of_plugin(*exit));
            let (.., meaning) = table.find(|(_, status, _)| *status == number).unwrap();
            assert_eq!(text, capital(meaning) + ".", "{}: {number}", page.name);
        }
        let is_plugin = |arg: &Arg| arg.get_long() == Some("nagios");
        if options(&program.command).iter().any(is_plugin) {
            let mut plugin = vec![(0, "OK")];
            let table = TABLE.iter().filter(|(exit, ..)| is_of_plugin(*exit));
            plugin.extend(table.map(|(_, status, word)| (*status, *word)));
            let listed = statuses(&page, "MONITORING");
            let listed: Vec<(u8, &str)> = listed
                .iter()
                .map(|(number, text)| (*number, text.split(':').next().unwrap()))
                .collect();
            assert_eq!(listed, plugin, "{}", page.name);
        }
    }
}

#[test]
fn answers_to_the_web_are_those_of_the_page() {
    let items = page_of("page-cgi").items("ANSWERS").into_iter();
    let told: Vec<String> = items.map(|item| item.head[0].clone()).collect();
    let known = REASONS.map(|(status, _)| status.to_string());
    assert_eq!(told, known);
}

fn page_of(name: &str) -> Page {
    let program = programs().into_iter().find(|program| program.name == name);
    Page::of(&program.unwrap())
}

fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// What stands behind the macro of each item.
fn heads(page: &Page, section: &str, subsection: Option<&str>) -> BTreeSet<String> {
    let items = page.items(section).into_iter();
    let items = items.filter(|item| item.subsection.as_deref() == subsection);
    items.map(|item| item.head[1].clone()).collect()
}

#[test]
fn outcomes_and_columns_are_those_of_the_program() {
    let outcomes = set(Outcome::ALL.map(Outcome::word));
    for name in ["ixo-send", "page", "snpp-send", "xtell"] {
        assert_eq!(heads(&page_of(name), "OUTCOMES", None), outcomes, "{name}");
    }
    let page = page_of("snpp-send");
    let heads = |section, subsection| heads(&page, section, subsection);
    let columns = Column::ALL.map(|(_, name)| name);
    let columns = columns.into_iter().chain(["id", "pager", "message", "pin"]);
    assert_eq!(heads("BULK", Some("Columns in")), set(columns));
    assert_eq!(heads("BULK", Some("Columns out")), set(CSV_HEADER));
}

#[test]
fn codes_of_tap_make_of_a_page_what_is_told() {
    let mut told: BTreeMap<u16, String> = BTreeMap::new();
    for item in page_of("ixo-send").items("CODES") {
        let outcome = item.body[0].trim_start_matches(".Cm ");
        let status = item.body[1].split(':').next().unwrap();
        told.insert(item.head[0].parse().unwrap(), format!("{outcome} {status}"));
    }
    let other = "refused , 69";
    for number in 100..=599 {
        let said = code::refusal(number)
            .map(|(outcome, exit)| format!("{} , {}", outcome.word(), exit.status()));
        let expected = told.remove(&number);
        let expected = expected.or_else(|| (number >= 500).then(|| other.to_owned()));
        assert_eq!(said, expected, "{number}");
    }
}

#[test]
fn a_command_sees_the_variables_of_the_page() {
    let told = page_of("snpp-serve").words("COMMAND", Some("Variables"), ".It Ev");
    assert_eq!(told, set(VARIABLES));
}

#[test]
fn job_files_have_the_headers_of_the_page() {
    let word = || "1".to_owned();
    let job = Job {
        to: vec![Recipient {
            name: word(),
            level: Some(0),
            alert: Some(true),
            coverage: Some(word()),
            hold: Some(SystemTime::UNIX_EPOCH),
            pin: Some(word()),
            pin_file: None,
        }],
        from: Some(Sender {
            name: word(),
            verified: true,
        }),
        caller: Some(word()),
        subject: Some(word()),
        expires: Some(SystemTime::UNIX_EPOCH),
        dedup: None,
        max_parts: None,
        failure_of: None,
        origin: None,
        two_way: Some(TwoWay {
            tag: word(),
            pass: word(),
            ack: true,
            reply: Some("MULTICHOICE"),
            choices: vec![(word(), word())],
        }),
        received: SystemTime::UNIX_EPOCH,
        id: word(),
        message: word().into_bytes(),
    };
    let file = String::from_utf8(job.to_bytes().unwrap()).unwrap();
    let headers: Vec<&str> = file.lines().take_while(|line| !line.is_empty()).collect();
    let name = |line: &&str| line.split_once(' ').unwrap().0.to_owned();
    let page = page_of("snpp-serve");
    let items = page.items("JOB FILES");
    let told: Vec<&str> = items.iter().map(|item| item.head[1].as_str()).collect();
    assert_eq!(told, headers.iter().map(name).collect::<Vec<_>>());
    // The options of a pager stand in the item of To, in their order.
    let options: Vec<&str> = headers[0].split(' ').skip(2).collect();
    let options: Vec<&str> = options
        .iter()
        .map(|word| word.split('=').next().unwrap())
        .collect();
    let named = items[0].body.iter();
    let named = named.filter_map(|line| line.strip_prefix(".Cm "));
    let named: Vec<&str> = named.map(|line| line.trim_end_matches(" ,")).collect();
    let named: Vec<&str> = named
        .iter()
        .map(|line| line.trim_end_matches(" ."))
        .collect();
    assert_eq!(named, options);
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let tables = ["dependencies", "dev-dependencies"].map(|table| manifest[table].as_table());
    let there = tables.iter().flat_map(|table| table.unwrap().keys());
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, table) = readme.split_once("\n## Dependencies\n").unwrap();
    let rows = table.lines().skip_while(|line| *line != "|---|---|");
    let rows = rows.skip(1).map_while(|line| line.strip_prefix("| "));
    let crates = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", "));
    assert_eq!(set(crates), set(there.map(String::as_str)));
}

/// The names of all fields in some lines of JSON.
fn keys(lines: &str) -> BTreeSet<String> {
    fn walk(value: &serde_json::Value, keys: &mut BTreeSet<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            keys.insert(key.clone());
            walk(value, keys);
        }
    }
    let mut all = BTreeSet::new();
    for line in lines.lines() {
        walk(&serde_json::from_str(line).unwrap(), &mut all);
    }
    all
}

#[test]
fn json_fields_are_those_of_the_page() {
    let gateway = Fake::lockstep(gateway);
    let mut seen = BTreeSet::new();
    for words in [
        &["--features", "--pager", "5551212", "--ping", "5551212"][..],
        &["--login", "nobody"],
    ] {
        let probe = applet("snpp-probe").arg("--json").arg(gateway.addr());
        seen.append(&mut keys(&probe.args(words).run().stdout));
    }
    assert_eq!(page_of("snpp-probe").words("JSON", None, ".Va"), seen);

    let scratch = scratch("json");
    let csv = scratch.file("pages.csv", "pager,message\n5551212,Hi\n");
    let csv = csv.to_str().unwrap();
    let mut seen = BTreeSet::new();
    for words in [
        &["nobody", "Hi"][..],
        &["--csv", csv],
        &["--reply", "yesno", "--wait-reply", "1m", "5551212", "Hi"],
        &["--status", "00321/1234"],
        &["--status", "0/0"],
    ] {
        let send = applet("snpp-send").args(["--json", "-s", &gateway.addr()]);
        seen.append(&mut keys(&send.args(words).run().stdout));
    }
    assert_eq!(page_of("snpp-send").words("JSON", None, ".Va"), seen);

    let (central, line) = (central::on_tcp(), OnLine::new());
    let mut seen = BTreeSet::new();
    for words in [
        &["nobody", "Hi"][..],
        &["--csv", csv],
        &["--probe"],
        &["--probe", "--service", "XX9", "--logon-timeout", "10ms"],
    ] {
        let send = applet("ixo-send").args(["--json", "--connect", &central.addr()]);
        seen.append(&mut keys(&send.args(words).run().stdout));
    }
    let send = applet("ixo-send").args(["--json", "--probe", "--device"]);
    seen.append(&mut keys(&send.arg(line.path()).run().stdout));
    assert_eq!(page_of("ixo-send").words("JSON", None, ".Va"), seen);

    let server = Fake::lockstep(terminals);
    let jane = format!("jane@{}", server.addr());
    let nobody = format!("nobody@{}", server.addr());
    let csv = scratch.file("lines.csv", format!("pager,message\n{jane},Hi\n"));
    let csv = csv.to_str().unwrap();
    let mut seen = BTreeSet::new();
    for words in [&[&*nobody, "Hi"][..], &["--csv", csv]] {
        let send = applet("xtell").arg("--json").args(words);
        seen.append(&mut keys(&send.run().stdout));
    }
    assert_eq!(page_of("xtell").words("JSON", None, ".Va"), seen);

    for dir in ["spool/tmp", "spool/new"] {
        fs::create_dir_all(scratch.join(dir)).unwrap();
    }
    let csv = scratch.file("queue.csv", "pager,message\njane,Hi\n");
    let mut seen = BTreeSet::new();
    for words in [
        &["jane", "Hi"][..],
        &["not a name", "Hi"],
        &["--csv", csv.to_str().unwrap()],
    ] {
        let page = applet("page")
            .arg("--json")
            .arg("--spool")
            .arg(scratch.join("spool"));
        seen.append(&mut keys(&page.args(words).run().stdout));
    }
    assert_eq!(page_of("page").words("JSON", None, ".Va"), seen);

    fs::create_dir_all(scratch.join("spool/new")).unwrap();
    let job = "To: 1\n\nx\n";
    scratch.file("spool/new/job", job);
    let pageq = applet("pageq").args(["show", "job", "--json", "--spool"]);
    let mut seen = keys(&pageq.arg(scratch.join("spool")).run().stdout);
    let story = ["at", "route", "server", "outcome", "code", "response"];
    seen.append(&mut set(story));
    seen.append(&mut set(["text", "count"]));
    assert_eq!(page_of("pageq").words("JSON", None, ".Va"), seen);
}
