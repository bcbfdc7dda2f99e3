//! `xtell`: one command line, the lines that it says, and what is told of them.

mod bulk;
mod faults;
mod lines;
mod targets;
mod text;

use crate::support::fake::Conversation;
use crate::support::{Cmd, Fake, applet};

const SHOWN: &str = "200 message sent\r\n";

fn xtell(words: &[&str]) -> Cmd {
    applet("xtell").args(["--from", "joe"]).args(words)
}

/// Somebody at a server.
fn at(user: &str, fake: &Fake) -> String {
    format!("{user}@{}", fake.addr())
}

/// Answers each message with what `reply` makes of it.
fn answers(client: &mut Conversation, reply: impl Fn(&str) -> String) {
    while let Some(line) = client.hear().filter(|line| line != "QUIT") {
        client.say(reply(&line));
    }
}

/// A server where each user has a reply of that code.
fn serves(codes: &'static [(&str, &str)]) -> Fake {
    Fake::lockstep(move |client| {
        answers(client, |line| {
            let user = line.split(':').nth(1).unwrap_or_default();
            let known = codes.iter().find(|(name, _)| *name == user);
            known.map_or(SHOWN.to_owned(), |(_, reply)| format!("{reply}\r\n"))
        });
    })
}

fn polite() -> Fake {
    serves(&[])
}

#[test]
fn a_message_that_is_shown_is_silent() {
    let fake = polite();
    let jane = at("jane:pts/3", &fake);
    xtell(&[&jane, "see", "12:30,", "ok?"])
        .run()
        .expect(0, "", "");
    let said = b"joe:jane:pts/3:see 12:30, ok?\r\nQUIT\r\n";
    assert_eq!(fake.raw(), [said.to_vec()]);
}

#[test]
fn several_lines_are_several_messages_on_one_connection() {
    let fake = polite();
    let message = "line 1\n\n \t\r\nline 2\r\n";
    let run = xtell(&["-v", &at("jane", &fake), "-m", message]).run();
    let told = format!("{} sent 200 message sent\n", at("jane", &fake));
    run.expect(0, &told, &run.stderr);
    assert!(run.stderr.contains("  C: joe:jane::line 2\n"), "{run:?}");
    assert_eq!(
        fake.heard(),
        ["joe:jane::line 1", "joe:jane::line 2", "QUIT"]
    );
}

#[test]
fn each_code_makes_an_outcome_and_a_status() {
    const CODES: &[(&str, &str)] = &[
        ("a", "299 ok"),
        ("b", "403 user is not currently logged in"),
        (
            "c",
            "404 user has indicated that s/he does not want messages",
        ),
        ("d", "405 error writing to specified device"),
        ("e", "406 syntax error"),
        ("f", "400 busy"),
        ("g", "499"),
        ("h", "100 hm"),
        ("i", "500 hm"),
        ("j", "hello"),
        ("k", "2000 hm"),
    ];
    let fake = serves(CODES);
    for (user, outcome, status) in [
        ("a", "sent", 0),
        ("b", "refused", 67),
        ("c", "refused", 77),
        ("d", "refused", 77),
        ("e", "refused", 76),
        ("f", "temporary", 75),
        ("g", "temporary", 75),
        ("h", "refused", 76),
        ("i", "refused", 76),
        ("j", "refused", 76),
        ("k", "refused", 76),
    ] {
        let run = xtell(&["-v", &at(user, &fake), "hi"]).run();
        let told = format!("{} {outcome}", at(user, &fake));
        assert!(run.stdout.starts_with(&told), "{user}: {run:?}");
        run.expect_status(status);
    }
}

#[test]
fn who_sends_is_said_or_looked_up() {
    let fake = polite();
    let jane = at("jane", &fake);
    let login = Cmd::new("id").args(["-u", "-n"]).run().stdout;
    let from = |words: &[&str]| {
        let run = applet("xtell").args(words).args([&*jane, "hi"]);
        run.env("LOGNAME", "mallory").run().expect(0, "", "");
        let heard = fake.heard();
        heard[heard.len() - 2].clone()
    };
    assert_eq!(from(&[]), format!("{}:jane::hi", login.trim()));
    assert_eq!(from(&["--from", "a:b\r\nc\u{9b}"]), "abc:jane::hi");
    assert_eq!(from(&["--from", ""]), ":jane::hi");
}

#[test]
fn json_and_a_dry_run_tell_the_dialogue() {
    let fake = polite();
    let run = xtell(&["--json", &at("jane", &fake), "hi"]).run();
    let is: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    for (field, value) in [
        ("success", "true"),
        ("port", &*fake.port().to_string()),
        ("sendResponse", "\"200 message sent\""),
        ("pageResponse", "null"),
        ("code", "200"),
        ("parts", "\"1/1\""),
        (
            "transcript",
            "[\"C: joe:jane::hi\",\"S: 200 message sent\",\"C: QUIT\"]",
        ),
    ] {
        assert_eq!(is[field].to_string(), value, "{field}");
    }
    let two = "jane,bob:tty1@localhost,x@127.0.0.1";
    let told = "C: joe:jane::hi\nC: joe:bob:tty1:hi\nC: QUIT\nC: joe:x::hi\nC: QUIT\n";
    let told: Vec<&str> = told.split_inclusive('\n').collect();
    xtell(&["--dry-run", two, "hi"])
        .run()
        .expect(0, &told.concat(), "");
}

#[test]
fn an_envelope_is_a_message_with_options() {
    let fake = polite();
    let send = |name: &str, value: &str| {
        let run = applet("xtell").args(["--envelope", "-v"]).stdin("a\nb\n");
        let run = run.env("PAGEBOX_PAGER", at("jane", &fake));
        run.env("PAGEBOX_CALLER", "Ops desk").env(name, value).run()
    };
    let run = send("PAGEBOX_LEVEL", "2");
    run.expect_status(0);
    assert!(run.stderr.contains("has no words for level"), "{run:?}");
    assert_eq!(
        fake.heard(),
        ["Ops desk:jane::a", "Ops desk:jane::b", "QUIT"]
    );
    send("PAGEBOX_HOLD", "2h").expect_complaint(69, "", "cannot hold it until later");
    send("PAGEBOX_COVERAGE", "N").expect_complaint(69, "", "coverage area");
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_wrong_command_line_calls_nobody() {
    for (words, status, text) in [
        (&[][..], 64, "whom is it for?"),
        (
            &["jane", "-m", "hi", "there"],
            64,
            "--message takes the whole text",
        ),
        (&["jane", "--jobs", "2", "hi"], 64, "goes with --csv only"),
        (&["--tone", "jane"], 69, "leave out --tone"),
        (&["--envelope", "jane"], 64, "cannot be used with"),
        (&["jane", ""], 65, "the message is empty"),
        (&["jane", "-m", " \n\x1b\n"], 65, "the message is empty"),
        (&["jane", "--max-length", "3", "hello"], 65, "no room"),
        (
            &["jane", "--overflow", "reject", "--max-length", "3", "hello"],
            65,
            "see --overflow",
        ),
        (
            &[
                "jane",
                "--max-parts",
                "1",
                "--max-length",
                "9",
                "hello, world",
            ],
            65,
            "1 parts",
        ),
    ] {
        let run = xtell(words).arg("--proxy-command=false").run();
        assert_eq!(
            (run.status, &*run.stdout),
            (status, ""),
            "{words:?}: {run:?}"
        );
        assert!(run.stderr.contains(text), "{words:?}: {run:?}");
    }
}
