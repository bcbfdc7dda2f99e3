//! The manual pages, the completions and the README say what the program does.
//!
//! `UPDATE=1 cargo test` writes the completions anew. An example in a page or
//! in the README is a shell session: a line that begins with `$ ` is run, with
//! `pager.example.com` and `backup.example.com` standing for gateways of our
//! own, and `pager.example.com:1444` for one behind TLS. `$ echo $?` and the
//! number below it tell the status, which is 0 otherwise. Lines below a command
//! are what it says, on either stream; `...` stands for anything, and a number
//! with a point for any such number.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, Command};
use clap_complete::Shell;
use pagebox::applet::{self, APPLETS};
use pagebox::cli::report::CSV_HEADER;
use pagebox::exit::{Exit, TABLE};
use pagebox::outcome::Outcome;
use pagebox::page::Column;

use crate::support::fake::Conversation;
use crate::support::kit::link;
use crate::support::peers::{skip_unless, tls_in_front_of};
use crate::support::{Cmd, Fake, Scratch, applet, scratch};

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

/// A manual page, as lines under their headings.
struct Page {
    name: String,
    lines: Vec<Line>,
}

struct Line {
    section: String,
    subsection: Option<String>,
    text: String,
}

/// An item of a list: what stands behind `.It`, where, and its text.
struct Item {
    subsection: Option<String>,
    head: Vec<String>,
    body: Vec<String>,
}

impl Page {
    fn path(program: &Program) -> PathBuf {
        root().join(format!("man/{}.{}", program.name, program.section))
    }

    fn of(program: &Program) -> Self {
        let path = Self::path(program);
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
        let name = format!("{}({})", program.name, program.section);
        Self { name, lines }
    }

    fn section(&self, name: &str) -> Vec<&Line> {
        let lines = self.lines.iter().filter(|line| line.section == name);
        let lines: Vec<&Line> = lines.collect();
        assert!(!lines.is_empty(), "{}: no section {name}", self.name);
        lines
    }

    fn items(&self, section: &str) -> Vec<Item> {
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
    fn words(&self, section: &str, subsection: Option<&str>, name: &str) -> BTreeSet<String> {
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

    /// The shell sessions among the examples.
    fn sessions(&self) -> Vec<Vec<String>> {
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
        // Lines of configuration are no session.
        sessions.retain(|lines| lines.iter().any(|line| line.starts_with("$ ")));
        sessions
    }
}

/// The characters that roff writes otherwise.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (roff, character) in [
        ("\\-", "-"),
        ("\\&", ""),
        ("\\(aq", "'"),
        ("\\(dq", "\""),
        ("\\(ga", "`"),
        ("\\(ha", "^"),
        ("\\(ti", "~"),
    ] {
        text = text.replace(roff, character);
    }
    assert!(!text.contains("\\("), "what is this? {text}");
    text.replace("\\e", "\\")
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
fn every_page_is_some_programs() {
    let known: Vec<PathBuf> = programs().iter().map(Page::path).collect();
    for entry in fs::read_dir(root().join("man")).unwrap() {
        let path = entry.unwrap().path();
        assert!(known.contains(&path), "{} is nobody's", path.display());
    }
}

#[test]
fn pages_are_clean_mdoc() {
    skip_unless!("mandoc");
    for program in programs() {
        let lint = Cmd::new("mandoc").args(["-T", "lint", "-W", "warning"]);
        lint.arg(Page::path(&program)).run().expect(0, "", "");
    }
}

#[test]
fn pages_begin_with_the_name_and_the_summary() {
    for program in programs() {
        let page = Page::of(&program);
        let text: Vec<&str> = page
            .section("NAME")
            .iter()
            .map(|line| &*line.text)
            .collect();
        assert_eq!(text[1], format!(".Nm {}", program.name));
        // whatis(1) lists summaries in lower case.
        let summary = text[2].strip_prefix(".Nd ").unwrap();
        assert_eq!(capital(summary), program.summary, "{}", page.name);
        let title = format!(".Dt {} {}", program.name.to_uppercase(), program.section);
        assert!(page.lines.iter().any(|line| line.text == title), "{title}");
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
const STATUSES: [(&str, &[u8]); 4] = [
    ("pagebox", &[0, 64, 70, 74]),
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
    ("snpp-serve", &[0, 64, 70, 71, 73, 74]),
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
        if program.name == "snpp-probe" {
            let mut plugin = vec![(0, "OK")];
            let table = TABLE.iter().filter(|(exit, ..)| is_of_plugin(*exit));
            plugin.extend(table.map(|(_, status, word)| (*status, *word)));
            let listed = statuses(&page, "MONITORING");
            let listed: Vec<(u8, &str)> = listed
                .iter()
                .map(|(number, text)| (*number, text.split(':').next().unwrap()))
                .collect();
            assert_eq!(listed, plugin);
        }
    }
}

fn page_of(name: &str) -> Page {
    let program = programs().into_iter().find(|program| program.name == name);
    Page::of(&program.unwrap())
}

fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn outcomes_and_columns_are_those_of_the_program() {
    let page = page_of("snpp-send");
    let heads = |section, subsection: Option<&str>| -> BTreeSet<String> {
        let items = page.items(section).into_iter();
        let mut items = items.filter(|item| item.subsection.as_deref() == subsection);
        let words = items.by_ref().map(|item| item.head[1].clone());
        words.collect()
    };
    assert_eq!(
        heads("OUTCOMES", None),
        set(Outcome::ALL.map(Outcome::word))
    );
    let columns = Column::ALL.map(|(_, name)| name);
    let columns = columns.into_iter().chain(["id", "pager", "message", "pin"]);
    assert_eq!(heads("BULK", Some("Columns in")), set(columns));
    assert_eq!(heads("BULK", Some("Columns out")), set(CSV_HEADER));
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
}

/// A gateway that knows all of the protocol, and everybody but `nobody`.
fn gateway(client: &mut Conversation) {
    let mut two_way = false;
    client.say("220 pager.example.com SNPP gateway ready\r\n");
    while let Some(line) = client.hear() {
        let mut words = line.split(' ');
        let reply = match (words.next().unwrap_or_default(), words.next()) {
            ("PAGE" | "LOGI" | "PING", Some("nobody")) => "550 Error, Invalid Pager ID",
            ("PAGE", Some("busy")) => "554 All lines busy",
            ("PAGE", _) => "250 Pager ID Accepted",
            ("MESS", _) => "250 Message OK",
            ("DATA", _) => {
                client.say("354 Begin Input\r\n");
                client.hear_until_dot();
                "250 Message OK"
            }
            ("SEND", _) if two_way => "960 00321 1234 Message Queued; Awaiting Delivery",
            ("SEND", _) => "250 Message sent",
            ("MSTA", Some("0")) => "550 Unknown or Illegal Message_Tag or Pass_Code",
            ("MSTA", _) => "888 3 261122040512+0 1 MCR Reply Received",
            ("PING", _) => "820 Unit Located",
            ("HELP", _) => {
                "214 PAGE MESS RESE SEND QUIT HELP\r\n\
                 214 DATA LOGI LEVE ALER COVE HOLD CALL SUBJ\r\n\
                 214 2WAY PING EXPT NOQU ACKR RTYP MCRE MSTA KTAG\r\n\
                 250 End of Help Information"
            }
            ("QUIT", _) => "221 OK, Goodbye",
            _ => "250 OK",
        };
        two_way = line == "2WAY" || (two_way && line != "SEND" && line != "RESE");
        client.say(format!("{reply}\r\n"));
        if line == "QUIT" {
            return;
        }
    }
}

/// A command of a session, what it should say, and how it should end.
#[derive(Debug, Default)]
struct Step {
    command: String,
    /// The lines shown below it; none: anything will do.
    output: Vec<String>,
    status: i32,
}

fn steps(session: &[String]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut asks_status = false;
    for line in session {
        if line == "$ echo $?" {
            asks_status = true;
        } else if asks_status {
            steps.last_mut().unwrap().status = line.parse().unwrap();
            asks_status = false;
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                ..Step::default()
            });
        } else if let Some(step) = steps.last_mut() {
            if step.output.is_empty() && !is_whole(&step.command) {
                step.command = format!("{}\n{line}", step.command);
            } else {
                step.output.push(line.clone());
            }
        }
    }
    steps
}

/// Would a shell wait for another line?
fn is_whole(command: &str) -> bool {
    !command.ends_with('\\') && Cmd::new("sh").args(["-n", "-c", command]).run().status == 0
}

/// Where examples are run, and who stands for whom.
struct Stage {
    names: Vec<(&'static str, String)>,
    scratch: Scratch,
    _gateways: [Fake; 2],
}

impl Stage {
    fn new() -> Self {
        for program in programs() {
            link(program.name);
        }
        let gateways = [Fake::lockstep(gateway), Fake::lockstep(gateway)];
        let [pager, backup] = [gateways[0].addr(), gateways[1].addr()];
        // The longer name first.
        let names = vec![
            ("pager.example.com:444", pager.clone()),
            ("pager.example.com", pager),
            ("backup.example.com:444", backup.clone()),
            ("backup.example.com", backup),
        ];
        Self {
            names,
            scratch: scratch("examples"),
            _gateways: gateways,
        }
    }

    fn play(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, addr)| {
            text.replace(name, addr)
        })
    }

    /// Runs one session in one shell.
    fn run(&self, place: &str, session: &[String]) {
        let steps = steps(session);
        // What a step says ends in a line with its number and its status.
        let mut script = String::from("exec 2>&1\n");
        for (number, step) in steps.iter().enumerate() {
            let command = self.play(&step.command);
            assert!(
                !command.contains("example.com"),
                "{place}: who is that? {command}"
            );
            script += &command;
            script += "\nprintf '\\036%d %d\\036' ";
            script += &number.to_string();
            script += " $?\n";
        }
        let shell = Cmd::new("sh").arg("-c").arg(&script);
        let run = shell
            .dir(&*self.scratch)
            .limit(Duration::from_secs(40))
            .run();
        // SNPP's own lines end in CR LF.
        let said = run.stdout.replace('\r', "");
        let mut said = said.split('\u{1e}');
        for (number, step) in steps.iter().enumerate() {
            let place = format!("{place}: {}", step.command);
            let (output, end) = (said.next().unwrap(), said.next().unwrap_or_default());
            assert_eq!(
                end,
                format!("{number} {}", step.status),
                "{place}\n{output}"
            );
            let shown = step.output.join("\n");
            assert!(
                shown.is_empty() || fits(&self.settle(&shown), &self.settle(output.trim_end())),
                "{place}\n--- told\n{shown}\n--- said\n{output}"
            );
        }
    }

    /// Takes out of an output what differs from run to run.
    fn settle(&self, text: &str) -> String {
        let mut text = self.play(text);
        for (name, addr) in &self.names {
            let (host, port) = addr.split_once(':').unwrap();
            let json = |host: &str, port: &str| format!("\"host\":\"{host}\",\"port\":{port}");
            if name.ends_with(":444") {
                text = text.replace(&json(host, port), &json(addr, "444"));
            }
        }
        let mut settled = String::new();
        let number = |c: char| c.is_ascii_digit() || c == '.';
        for word in text.split_inclusive(|c| !number(c)) {
            let digits = word.trim_end_matches(|c| !number(c));
            let is_decimal = digits.matches('.').count() == 1 && digits.parse::<f64>().is_ok();
            settled += if is_decimal { "#" } else { digits };
            settled += &word[digits.len()..];
        }
        settled
    }
}

/// Does a text fit a pattern in which `...` stands for anything?
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split("...");
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap()) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The sessions of all pages and of the README, with their places.
fn sessions() -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for program in programs() {
        let page = Page::of(&program);
        let sessions = page.sessions();
        assert!(!sessions.is_empty(), "{} has no examples", page.name);
        all.extend(sessions.into_iter().map(|lines| (page.name.clone(), lines)));
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let mut block: Option<Vec<String>> = None;
    for line in readme.lines() {
        match (&mut block, line.trim_end()) {
            (None, "```sh" | "```console") => block = Some(Vec::new()),
            (Some(_), "```") => all.extend(block.take().map(|lines| ("README.md".into(), lines))),
            (Some(lines), line) => lines.push(line.to_owned()),
            (None, _) => {}
        }
    }
    all
}

/// What is for the reader to run; here it must only be there.
fn is_exempt(command: &str) -> bool {
    let is_setting = |word: &&str| *word == "sudo" || word.contains('=');
    let program = command.split(' ').find(|word| !is_setting(word));
    let program = program.unwrap_or_default();
    if program == "cargo" {
        return true;
    }
    let program = program.trim_start_matches("./");
    if !program.starts_with("scripts/") {
        return false;
    }
    let there = fs::metadata(root().join(program)).map(|file| file.permissions().mode() & 0o111);
    assert!(there.is_ok_and(|mode| mode != 0), "{program} cannot be run");
    true
}

/// The lines of a session but those that belong to commands that are exempt.
fn to_run(lines: Vec<String>) -> Vec<String> {
    let mut exempt = false;
    let keep = |line: &String| {
        if let Some(command) = line.strip_prefix("$ ") {
            exempt = is_exempt(command);
        }
        !exempt
    };
    lines.into_iter().filter(keep).collect()
}

/// A program that is not everywhere, and that some examples call.
fn guest(lines: &[String]) -> Option<&'static str> {
    let calls = |program: &&str| lines.iter().any(|line| line.contains(program));
    ["openssl s_client", "| jq "].into_iter().find(calls)
}

#[test]
fn examples_do_what_they_say() {
    let mut stages: BTreeMap<String, Stage> = BTreeMap::new();
    for (place, lines) in sessions() {
        if guest(&lines).is_none() {
            let stage = stages.entry(place.clone()).or_insert_with(Stage::new);
            stage.run(&place, &to_run(lines));
        }
    }
}

#[test]
fn examples_with_jq_do_what_they_say() {
    skip_unless!("jq");
    let stage = Stage::new();
    for (place, lines) in sessions() {
        if guest(&lines) == Some("| jq ") {
            stage.run(&place, &to_run(lines));
        }
    }
}

#[test]
fn examples_with_tls_do_what_they_say() {
    skip_unless!("openssl", "socat");
    let mut stage = Stage::new();
    let tls = tls_in_front_of(&stage.names[0].1);
    fs::copy(tls.certificate(), stage.scratch.join("gateway.pem")).unwrap();
    // The name that the certificate has.
    let addr = format!("localhost:{}", tls.port());
    stage.names.insert(0, ("pager.example.com:1444", addr));
    for (place, lines) in sessions() {
        if guest(&lines) == Some("openssl s_client") {
            stage.run(&place, &to_run(lines));
        }
    }
}

#[test]
fn a_session_is_read_as_a_shell_would() {
    let lines = [
        "$ false \\",
        "  x",
        "told",
        "$ echo $?",
        "1",
        "$ echo '",
        "'",
    ];
    let lines = lines.map(str::to_owned);
    let steps = steps(&lines);
    let told: Vec<(&str, usize, i32)> = steps
        .iter()
        .map(|step| (&*step.command, step.output.len(), step.status))
        .collect();
    assert_eq!(told, [("false \\\n  x", 1, 1), ("echo '\n'", 0, 0)]);
    assert!(fits("a...c", "abc") && fits("a...", "a") && fits("...b...d", "abcd"));
    assert!(!fits("a...c", "ab") && !fits("ab", "abc") && !fits("a...a", "a"));
}
