//! The examples of the manual pages and of the README do what they say.
//!
//! An example is a shell session: a line that begins with `$ ` is run, with
//! `pager.example.com` and `backup.example.com` standing for gateways of our
//! own, and `pager.example.com:1444` for one behind TLS, `db1.example.com` for
//! a machine with terminals, `central.example.com:2001` and `/dev/ttyS0` for paging
//! centrals. `$ echo $?` and the
//! number below it tell the status, which is 0 otherwise. Lines below a command
//! are what it says, on either stream; `...` stands for anything, and a number
//! with a point for any such number. An example that begins with
//! `# pagebox.toml` is that file, for the sessions behind it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::page::{CONFIGURATION, Page};
use super::{FORMATS, programs, root};
use crate::support::central::{self, OnLine};
use crate::support::fake::Conversation;
use crate::support::kit::link;
use crate::support::peers::{skip_unless, tls_in_front_of};
use crate::support::{Cmd, Fake, Scratch, scratch};

/// A gateway that knows all of the protocol, and everybody but `nobody`.
pub(super) fn gateway(client: &mut Conversation) {
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

/// A server of xtell on whose machine everybody is logged in but `nobody`.
pub(super) fn terminals(client: &mut Conversation) {
    while let Some(line) = client.hear().filter(|line| line != "QUIT") {
        client.say(match line.split(':').nth(1) {
            Some("nobody") => "403 user is not currently logged in\r\n",
            Some(_) => "200 message sent\r\n",
            None => "406 syntax error\r\n",
        });
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
    _terminals: Fake,
    _central: Fake,
    _line: OnLine,
}

impl Stage {
    fn new() -> Self {
        for program in programs() {
            link(program.name);
        }
        let gateways = [Fake::lockstep(gateway), Fake::lockstep(gateway)];
        let [pager, backup] = [gateways[0].addr(), gateways[1].addr()];
        let terminals = Fake::lockstep(terminals);
        let (central, line) = (central::on_tcp(), OnLine::new());
        // The longer name first.
        let names = vec![
            ("pager.example.com:444", pager.clone()),
            ("pager.example.com", pager),
            ("backup.example.com:444", backup.clone()),
            ("backup.example.com", backup),
            ("db1.example.com:4224", terminals.addr()),
            ("db1.example.com", terminals.addr()),
            ("central.example.com:2001", central.addr()),
            ("/dev/ttyS0", line.path().to_str().unwrap().to_owned()),
        ];
        Self {
            names,
            scratch: scratch("examples"),
            _gateways: gateways,
            _terminals: terminals,
            _central: central,
            _line: line,
        }
    }

    fn play(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, addr)| {
            // In JSON host and port stand apart.
            let json = |peer: &str| {
                let (host, port) = peer.split_once(':')?;
                Some(format!("\"host\": \"{host}\", \"port\": {port}"))
            };
            let text = match (json(name), json(addr)) {
                (Some(name), Some(addr)) => text.replace(&name, &addr),
                _ => text,
            };
            text.replace(name, addr)
        })
    }

    /// Runs one session in one shell.
    fn run(&self, place: &str, session: &[String]) {
        if session.first().is_some_and(|line| line == CONFIGURATION) {
            let text = self.play(&session.join("\n"));
            self.scratch.file("pagebox.toml", text + "\n");
            return;
        }
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
            let json = |host: &str, port: &str| format!("\"host\":\"{host}\",\"port\":{port}");
            if let (true, Some((host, port))) = (name.ends_with(":444"), addr.split_once(':')) {
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
    for name in FORMATS {
        let page = Page::read(name, 5);
        let sessions = page.sessions().into_iter();
        all.extend(sessions.map(|lines| (page.name.clone(), lines)));
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let mut block: Option<Vec<String>> = None;
    for line in readme.lines() {
        match (&mut block, line.trim_end()) {
            (None, "```sh" | "```console" | "```toml") => block = Some(Vec::new()),
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
fn the_demonstration_ends_in_a_page() {
    skip_unless!("cargo");
    let profile = Path::new(env!("CARGO_BIN_EXE_pagebox")).parent();
    let demo = Cmd::new(root().join("scripts/demo"))
        .env("CARGO_TARGET_DIR", profile.and_then(Path::parent).unwrap())
        // It may have to build what it runs.
        .limit(Duration::from_secs(300))
        .run();
    let told = [
        "terminal ",
        "\ndaemon ",
        "\ncentral ",
        "\njane: central (ixo: line)\noncall: jane\n",
        "$ pagebox page-mail oncall <mail\n",
        "\nTo: oncall\n",
        "\nFrom: ?root@db01.example.com\n",
        "\n\ndb01: Disk full on /var: 97 % of 20 GB are used.\n",
        ": for oncall from ",
        "  C: <STX>jane<CR>db01: Disk full on /var: 97 % of 20 GB are used.<CR><ETX>?;7<CR>\n",
        "  S: 211 Page accepted<CR>\n",
        ": jane: route central: sent: Page accepted\n",
        "   Message from ?central@127.0.0.1 to jane at ",
        "\n   | db01: Disk full on /var: 97 % of 20 GB are used.\n",
        "$ pagebox pageq --sent\n",
        "  sent ",
        " oncall (jane)  central ",
        " sent 211 Page accepted\n",
        "$ pagebox pageq\n",
        "  new  ",
        " oncall ",
        "\n",
    ];
    assert_eq!((demo.status, &*demo.stderr), (0, ""), "{}", demo.stdout);
    let mut rest = &*demo.stdout;
    for words in told {
        let found = rest.split_once(words);
        (_, rest) = found.unwrap_or_else(|| panic!("{words:?} is not in\n{}", demo.stdout));
    }
    assert_eq!(rest, "");
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
