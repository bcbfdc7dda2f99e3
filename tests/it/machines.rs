//! The machines in memory, held against the dialogues of tests/transcripts: the server hears a
//! file's `C:` lines and must answer with the codes of its `S:` lines, or with the very lines where
//! the file is the server's own; the client hears the `S:` lines and must say the `C:` lines to the
//! byte. And whatever comes, in whatever pieces, they stay within their laws.

mod tap;
mod tap_receiver;
mod window;
mod xtell;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use pagebox::exit::Exit;
use pagebox::outcome::{Fate, Outcome};
use pagebox::protocol::snpp::client::{self, Answered, Client, Job, Setup};
use pagebox::protocol::snpp::command::{Command, Verb};
use pagebox::protocol::snpp::plan::{Body, Options, Plan, Recipient, ReplyType, TwoWay};
use pagebox::protocol::snpp::progress::PageAnswer;
use pagebox::protocol::snpp::server::talk::{
    self, Answer, Credit, Forgotten, Lookup, Question, Settings, Submission,
};
use pagebox::protocol::snpp::server::{self, Server};
use pagebox::protocol::{Action, Input, Machine, Phase};
use proptest::prelude::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

// ---- the files ----

/// A line of a dialogue.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Turn {
    /// The server said it.
    S(String),
    /// The client said it.
    C(String),
    Silence,
    Closed,
}

fn transcript(name: &str) -> Vec<Turn> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(format!("snpp-{name}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut turns = Vec::new();
    for line in text.lines() {
        let words = |rest: &str| rest.strip_prefix(' ').unwrap_or(rest).to_owned();
        match (line.strip_prefix("S:"), line.strip_prefix("C:"), line) {
            (Some(rest), ..) => turns.push(Turn::S(words(rest))),
            (_, Some(rest), _) => turns.push(Turn::C(words(rest))),
            (.., "-- silence") => turns.push(Turn::Silence),
            (.., "-- closed") => turns.push(Turn::Closed),
            // A heading.
            _ => assert!(turns.is_empty(), "{name}: what is {line:?}?"),
        }
    }
    turns
}

#[test]
fn every_transcript_of_snpp_is_played_and_has_a_heading() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let played: Vec<&str> = SERVER
        .iter()
        .map(|case| case.0)
        .chain(CLIENT.iter().map(|case| case.0))
        .collect();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let Some(name) = name.strip_prefix("snpp-") else {
            continue;
        };
        assert!(played.contains(&name), "nobody plays {name}");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.starts_with("S:") && !text.starts_with("C:"), "{name}");
    }
    for number in 1..=20 {
        let begins = format!("t{number:02}");
        let mut serves = SERVER
            .iter()
            .map(|case| case.0.trim_start_matches("server-"));
        assert!(serves.any(|name| name.starts_with(&begins)), "{begins}");
    }
    for number in 1..=20 {
        let begins = format!("t{number:02}");
        assert!(
            played.iter().any(|name| name.starts_with(&begins)),
            "{begins}"
        );
    }
}

/// A text in pieces of these sizes, over and over.
fn pieces<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, more) = rest.split_at((*size).clamp(1, rest.len()));
        pieces.push(piece);
        rest = more;
    }
    pieces
}

const WHOLE: &[usize] = &[usize::MAX];
const BYTES: &[usize] = &[1];

// ---- the server ----

/// What a session with the server came to.
#[derive(Debug, Default, Eq, PartialEq)]
struct Served {
    said: String,
    asked: Vec<Question>,
    end: Option<talk::End>,
}

impl Served {
    fn step(
        &mut self,
        server: &mut Server,
        script: &mut dyn Iterator<Item = Answer>,
        input: Input<'_, Answer>,
    ) {
        let mut answer = None;
        for action in server.step(NOW, input) {
            assert!(
                self.end.is_none() && answer.is_none(),
                "nothing follows a question or the end"
            );
            match action {
                Action::Send(wire) => self.said += std::str::from_utf8(&wire.bytes).unwrap(),
                Action::Ask(question) => {
                    let next = script.next();
                    answer = Some(next.unwrap_or_else(|| panic!("no answer to {question:?}")));
                    self.asked.push(question);
                }
                Action::Done(end) => self.end = Some(end),
                Action::Wait(_) | Action::Progress | Action::Event(_) => {}
            }
        }
        if let Some(answer) = answer {
            self.step(server, script, Input::Answer(answer));
        }
    }
}

/// What the machine must ask, in order, and what it is told.
type Script = Vec<(Question, Answer)>;

/// Name, settings, script, how it ends.
type ServerCase = (
    &'static str,
    fn(&mut Settings),
    fn() -> Script,
    Option<talk::End>,
);

/// Can this pager be paged, and can its user answer?
fn reach(id: &str, two_way: Option<bool>) -> (Question, Answer) {
    let unit = two_way.map(|two_way| talk::Unit { two_way });
    (Question::Pager(id.to_owned()), Answer::Pager(unit))
}

fn known(id: &str) -> (Question, Answer) {
    reach(id, Some(false))
}

fn answers(id: &str) -> (Question, Answer) {
    reach(id, Some(true))
}

fn nobody(id: &str) -> (Question, Answer) {
    reach(id, None)
}

fn to(pager: &str) -> talk::Recipient {
    talk::Recipient {
        pager: pager.to_owned(),
        ..talk::Recipient::default()
    }
}

fn submission(recipients: Vec<talk::Recipient>, message: &str) -> Submission {
    Submission {
        recipients,
        message: message.into(),
        caller: None,
        subject: None,
        login: None,
        two_way: None,
    }
}

/// The page number `id` is safe, and is asked after by this tag and pass code.
fn safe(id: &str, ticket: Option<(&str, &str)>, page: Submission) -> (Question, Answer) {
    let verdict = talk::Verdict::Accepted {
        id: id.to_owned(),
        ticket: ticket.map(|(tag, pass)| key(tag, pass)),
    };
    (Question::Accept(page), Answer::Verdict(verdict))
}

/// The first page of a session, to plain pagers.
fn first(pagers: &[&str], message: &str) -> (Question, Answer) {
    let recipients = pagers.iter().map(|pager| to(pager)).collect();
    safe("1", None, submission(recipients, message))
}

fn key(tag: &str, pass: &str) -> talk::Ticket {
    talk::Ticket {
        tag: tag.to_owned(),
        pass: pass.to_owned(),
    }
}

fn moment(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn found(tag: &str, pass: &str, status: (u64, u16, &str, &str)) -> (Question, Answer) {
    let (sequence, code, at, text) = status;
    let status = talk::Status {
        sequence,
        code,
        at: moment(at),
        text: text.to_owned(),
    };
    let found = Lookup::Found(status);
    (Question::Status(key(tag, pass)), Answer::Status(found))
}

fn lost(tag: &str, pass: &str, lookup: Lookup) -> (Question, Answer) {
    (Question::Status(key(tag, pass)), Answer::Status(lookup))
}

fn forget(tag: &str, pass: &str, forgotten: Forgotten) -> (Question, Answer) {
    let answer = Answer::Forgotten(forgotten);
    (Question::Forget(key(tag, pass)), answer)
}

fn login(name: &str, password: Option<&str>, credit: Credit) -> (Question, Answer) {
    let question = Question::Login {
        name: name.to_owned(),
        password: password.map(|word| word.as_bytes().to_owned()),
    };
    (question, Answer::Login(credit))
}

fn choices(choices: &[(&str, &str)]) -> Vec<(String, String)> {
    let choice = |(code, text): &(&str, &str)| ((*code).to_owned(), (*text).to_owned());
    choices.iter().map(choice).collect()
}

/// T12, which is the same in both orders.
fn sheep() -> Script {
    let page = Submission {
        two_way: Some(TwoWay {
            no_queue: true,
            ack: true,
            reply: Some(ReplyType::MultiChoice),
            choices: choices(&[("01", "In the West Pasture"), ("02", "GoldiFLOCKs has it")]),
            ..TwoWay::default()
        }),
        ..submission(
            vec![to("SHIRLEY")],
            "Little Bo Binary has lost\nher Sparcstation",
        )
    };
    vec![answers("SHIRLEY"), safe("1", Some(("00321", "1234")), page)]
}

/// T13, likewise.
fn lunch() -> Script {
    let page = Submission {
        two_way: Some(TwoWay {
            expire_hours: Some(12),
            reply: Some(ReplyType::MultiChoice),
            choices: choices(&[("1E2C", "Yes please"), ("0002", "No thanks")]),
            ..TwoWay::default()
        }),
        ..submission(vec![to("5551212")], "Lunch?")
    };
    vec![
        answers("5551212"),
        safe("1", Some(("777", "4242")), page),
        found("777", "4242", (1, 960, "1995-09-25T07:35:01Z", "")),
        found("777", "4242", (2, 861, "1995-09-25T08:00:00Z", "")),
        found("777", "4242", (3, 888, "1995-09-25T08:12:12Z", "1E2C")),
        forget("777", "4242", Forgotten::Gone),
        lost("777", "4242", Lookup::Unknown),
    ]
}

/// A two-way page to 111 that asks for this.
fn asks(id: &str, ticket: (&str, &str), wishes: TwoWay) -> (Question, Answer) {
    let page = Submission {
        two_way: Some(wishes),
        ..submission(vec![to("111")], "x")
    };
    safe(id, Some(ticket), page)
}

/// Every dialogue of the sheet, in the order of the RFC where it is not our client's: that is
/// what `server-` is for, and its words are ours to the byte.
const SERVER: &[ServerCase] = &[
    (
        "t01-one-line",
        |_| {},
        || {
            vec![
                known("5551212"),
                first(&["5551212"], "Your network is hosed"),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "t02-message-first",
        |_| {},
        || vec![known("5551212"), first(&["5551212"], "Another example")],
        Some(talk::End::Quit),
    ),
    (
        "t03-two-recipients",
        |_| {},
        || {
            let with = |pager, pin: &str| talk::Recipient {
                pin: Some(pin.to_owned()),
                coverage: Some("2".to_owned()),
                hold: Some(moment("2030-11-22T10:15:00Z")),
                ..to(pager)
            };
            let recipients = vec![with("5551212", "FOOBAR"), with("5552323", "XYZZY")];
            vec![
                known("5551212"),
                known("5552323"),
                safe("1", None, seattle(recipients)),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "server-t03-two-recipients",
        |_| {},
        || {
            let first = talk::Recipient {
                pin: Some("FOOBAR".to_owned()),
                coverage: Some("2".to_owned()),
                ..to("5551212")
            };
            let second = talk::Recipient {
                pin: Some("XYZZY".to_owned()),
                hold: Some(moment("1994-01-16T05:00:00Z")),
                ..to("5552323")
            };
            vec![
                known("5551212"),
                known("5552323"),
                safe("1", None, seattle(vec![first, second])),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "t04-options-of-one-page",
        |_| {},
        || {
            vec![
                known("111"),
                safe("1", None, submission(vec![urgent("111")], "x")),
                known("222"),
                safe("2", None, submission(vec![to("222")], "x")),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "server-t04-options-of-one-page",
        |_| {},
        || {
            let recipients = vec![urgent("111"), to("222")];
            vec![
                known("111"),
                known("222"),
                safe("1", None, submission(recipients, "x")),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "t05-dots",
        |_| {},
        || vec![known("111"), first(&["111"], ".hidden\n.\n..")],
        Some(talk::End::Quit),
    ),
    (
        "t06-commands-in-a-body",
        |_| {},
        || vec![known("111"), first(&["111"], "QUIT\nSEND")],
        None,
    ),
    ("t07-reset", |_| {}, || vec![known("111")], None),
    ("server-t08-help", |_| {}, Vec::new, Some(talk::End::Quit)),
    (
        "t09-bad-commands",
        |settings| settings.errors = 3,
        Vec::new,
        Some(talk::End::Errors),
    ),
    (
        "t10b-idle",
        |_| {},
        || vec![known("111")],
        Some(talk::End::Timeout),
    ),
    (
        "t11-some-refused",
        |_| {},
        || vec![known("111"), first(&["111"], "hi")],
        Some(talk::End::Quit),
    ),
    (
        "server-t11-some-refused",
        |_| {},
        || {
            let third = talk::Recipient {
                level: Some(3),
                ..to("111")
            };
            vec![
                nobody("000"),
                known("111"),
                safe("1", None, submission(vec![third], "hi")),
            ]
        },
        Some(talk::End::Quit),
    ),
    ("t12-two-way", at_once, sheep, Some(talk::End::Quit)),
    ("server-t12-two-way", at_once, sheep, Some(talk::End::Quit)),
    (
        "server-t12-two-way-command",
        |settings| settings.direct = true,
        || {
            let page = Submission {
                two_way: Some(TwoWay {
                    no_queue: true,
                    ..TwoWay::default()
                }),
                ..submission(
                    vec![to("SHIRLEY")],
                    "Little Bo Binary has lost\nher Sparcstation",
                )
            };
            vec![known("SHIRLEY"), safe("1", Some(("00321", "1234")), page)]
        },
        Some(talk::End::Quit),
    ),
    (
        "t13-queued-polled-killed",
        |settings| settings.two_way = true,
        lunch,
        Some(talk::End::Quit),
    ),
    (
        "server-t13-queued-polled-killed",
        |settings| settings.two_way = true,
        lunch,
        Some(talk::End::Quit),
    ),
    (
        "server-t14-must-queue",
        |settings| settings.two_way = true,
        || {
            let page = Submission {
                two_way: Some(TwoWay::default()),
                ..submission(vec![to("5551212")], "x")
            };
            vec![
                nobody("000"),
                answers("5551212"),
                safe("1", Some(("777", "4242")), page),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "t15-two-way-errors",
        at_once,
        || vec![answers("111"), answers("111")],
        Some(talk::End::Quit),
    ),
    (
        "server-t16-ping",
        at_once,
        || vec![answers("5551213"), nobody("nobody")],
        Some(talk::End::Quit),
    ),
    (
        "server-t16-ping-queue",
        |_| {},
        || {
            vec![
                known("111"),
                known("5551215"),
                nobody("nobody"),
                answers("5551215"),
                first(&["111"], "x"),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "t17-expired",
        |_| {},
        || vec![found("778", "1111", (2, 780, "1995-09-25T19:35:01Z", ""))],
        Some(talk::End::Quit),
    ),
    (
        "server-t17-statuses",
        |_| {},
        || {
            let statuses = [
                (2, 780, ""),
                (1, 860, ""),
                (1, 861, ""),
                (2, 870, ""),
                (2, 880, ""),
                (2, 881, ""),
                (3, 888, "1E2C"),
                (3, 889, "on my  way"),
                (1, 960, ""),
            ];
            let mut script = statuses
                .map(|(sequence, code, text)| {
                    let status = (sequence, code, "1995-09-25T19:35:01Z", text);
                    found("778", "1111", status)
                })
                .into_iter()
                .collect::<Script>();
            script.push(lost("778", "1111", Lookup::Failed));
            script.push(lost("778", "1112", Lookup::Unknown));
            script.push(lost("779", "1111", Lookup::Unknown));
            script.push(forget("778", "1112", Forgotten::Unknown));
            script
        },
        Some(talk::End::Quit),
    ),
    (
        "t18-acknowledged",
        at_once,
        || {
            let acknowledged = TwoWay {
                ack: true,
                ..TwoWay::default()
            };
            vec![
                answers("111"),
                asks("1", ("5", "99"), acknowledged),
                found("5", "99", (1, 860, "1995-09-25T07:35:01Z", "")),
                found("5", "99", (2, 881, "1995-09-25T07:36:01Z", "")),
                answers("111"),
                asks("2", ("6", "98"), TwoWay::default()),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "server-t18-answer-awaited",
        at_once,
        || {
            let reply = |kind| TwoWay {
                reply: Some(kind),
                ..TwoWay::default()
            };
            vec![
                answers("111"),
                asks("1", ("5", "99"), reply(ReplyType::YesNo)),
                answers("111"),
                asks("2", ("6", "98"), reply(ReplyType::None)),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "t19-login-required",
        |settings| settings.login_first = true,
        || {
            vec![
                login("joe", None, Credit::Refused),
                login("joe", Some("secret"), Credit::Verified),
            ]
        },
        Some(talk::End::Quit),
    ),
    (
        "server-t19-login-required",
        |settings| settings.login_first = true,
        || {
            let page = Submission {
                login: Some(talk::Login {
                    name: "joe".to_owned(),
                    verified: true,
                }),
                ..submission(vec![to("1")], "x")
            };
            vec![
                login("joe", None, Credit::Refused),
                login("joe", Some("secret"), Credit::Verified),
                known("1"),
                safe("1", None, page),
                login("joe", Some("secret"), Credit::Verified),
                login("joe", Some("wrong"), Credit::Refused),
                login("ann", Some("wrong"), Credit::Refused),
            ]
        },
        Some(talk::End::Logins),
    ),
    (
        "t20-too-many-recipients",
        |settings| settings.recipients = 2,
        || vec![known("1"), known("2"), known("3"), first(&["1", "2"], "x")],
        Some(talk::End::Quit),
    ),
];

/// What SEND sends is delivered at once, and its user can answer.
fn at_once(settings: &mut Settings) {
    settings.direct = true;
    settings.two_way = true;
}

fn urgent(pager: &str) -> talk::Recipient {
    talk::Recipient {
        level: Some(0),
        alert: Some(true),
        ..to(pager)
    }
}

/// T3's message.
fn seattle(recipients: Vec<talk::Recipient>) -> Submission {
    Submission {
        subject: Some("Seattle Meeting".to_owned()),
        ..submission(recipients, "Please meet me tomorrow at\nthe Seattle office")
    }
}

fn serve(case: &ServerCase, sizes: &[usize], line_end: &str) -> Served {
    let mut settings = Settings::default();
    case.1(&mut settings);
    let mut machine = Server::new(settings);
    let mut served = Served::default();
    let mut script = case.2().into_iter().map(|(_, answer)| answer);
    served.step(&mut machine, &mut script, Input::Start);
    let mut bytes = String::new();
    let turns = transcript(case.0);
    for (at, turn) in turns.iter().enumerate() {
        if let Turn::C(line) = turn {
            bytes += line;
            bytes += line_end;
        }
        if *turn == Turn::Silence || at + 1 == turns.len() {
            for piece in pieces(bytes.as_bytes(), sizes) {
                served.step(&mut machine, &mut script, Input::Bytes(piece));
            }
            bytes.clear();
        }
        if *turn == Turn::Silence {
            served.step(&mut machine, &mut script, Input::Timeout);
        }
    }
    assert_eq!(script.count(), 0, "{}: never asked", case.0);
    served
}

/// The code, and the numbers behind an 8xx or 9xx: a tag and its pass code, or how often a status
/// has changed.
fn meaning(line: &str) -> Vec<&str> {
    let numbers = line
        .split(' ')
        .take_while(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    numbers.collect()
}

#[test]
fn the_server_answers_as_the_transcripts_say() {
    for case in SERVER {
        let (name, _, script, end) = case;
        let turns = transcript(name);
        let replies: Vec<&str> = turns
            .iter()
            .filter_map(|turn| match turn {
                Turn::S(line) => Some(line.as_str()),
                _ => None,
            })
            .collect();
        let questions: Vec<Question> = script().into_iter().map(|(asked, _)| asked).collect();
        for (sizes, line_end) in [
            (WHOLE, "\r\n"),
            (WHOLE, "\n"),
            (BYTES, "\r\n"),
            (BYTES, "\n"),
        ] {
            let served = serve(case, sizes, line_end);
            let said: Vec<&str> = served.said.split_terminator("\r\n").collect();
            if name.starts_with("server-") {
                assert_eq!(said, replies, "{name}");
            } else {
                assert_eq!(
                    said.iter().copied().map(meaning).collect::<Vec<_>>(),
                    replies.iter().copied().map(meaning).collect::<Vec<_>>(),
                    "{name}:\n{}",
                    served.said
                );
            }
            assert_eq!(served.asked, questions, "{name}");
            assert_eq!(served.end, *end, "{name}");
            assert_eq!(
                turns.last() == Some(&Turn::Closed),
                matches!(
                    end,
                    Some(talk::End::Errors | talk::End::Logins | talk::End::Timeout)
                )
            );
        }
    }
    // No session comes about, so there is no machine yet.
    let down = [Turn::S("421 SERVER DOWN, Goodbye".to_owned()), Turn::Closed];
    assert_eq!(transcript("t10a-down"), down);
    assert_eq!(server::GOING_DOWN, b"421 SERVER DOWN, Goodbye\r\n");
}

// ---- the client ----

/// What the client did, in order. Waits are left out: they are what differs when a reply comes in
/// pieces.
#[derive(Debug, Eq, PartialEq)]
enum Did {
    Said(String),
    Heard(String),
    Asked(client::Question),
    Ended(client::End),
}

/// A client and the jobs it is given.
struct Played {
    client: Client,
    jobs: Vec<Job>,
    did: Vec<Did>,
    /// It waits for the line to be quiet.
    quiet: bool,
}

impl Played {
    fn new(setup: Setup, jobs: Vec<Job>) -> Self {
        let mut played = Self {
            client: Client::new(setup),
            jobs,
            did: Vec::new(),
            quiet: false,
        };
        played.jobs.reverse();
        played.step(Input::Start);
        played
    }

    fn step(&mut self, input: Input<'_, client::Answer>) {
        let mut answer = None;
        self.quiet = false;
        for action in self.client.step(NOW, input) {
            assert!(
                !self.ended() && answer.is_none(),
                "nothing follows a question or the end"
            );
            self.did.push(match action {
                Action::Wait(phase) => {
                    self.quiet = phase == Phase::Quiet;
                    continue;
                }
                Action::Send(wire) => Did::Said(String::from_utf8_lossy(&wire.bytes).into_owned()),
                Action::Event(wire) => {
                    Did::Heard(String::from_utf8_lossy(&wire.bytes).into_owned())
                }
                Action::Progress => continue,
                Action::Done(end) => Did::Ended(end),
                Action::Ask(question) => {
                    answer = match question {
                        client::Question::Commit => Some(client::Answer::Go),
                        client::Question::Next(_) => self.jobs.pop().map(client::Answer::Job),
                    };
                    Did::Asked(question)
                }
            });
        }
        if let Some(answer) = answer {
            self.step(Input::Answer(answer));
        }
    }

    /// The line is quiet: what waited for that is said.
    fn calm(&mut self) {
        while self.quiet {
            self.step(Input::Timeout);
        }
    }

    fn hear(&mut self, bytes: &[u8], sizes: &[usize]) {
        for piece in pieces(bytes, sizes) {
            if self.ended() {
                return;
            }
            self.step(Input::Bytes(piece));
        }
    }

    fn ended(&self) -> bool {
        matches!(self.did.last(), Some(Did::Ended(_)))
    }

    fn end(&self) -> Option<&client::End> {
        match self.did.last() {
            Some(Did::Ended(end)) => Some(end),
            _ => None,
        }
    }

    fn said(&self) -> String {
        let said = self.did.iter().filter_map(|did| match did {
            Did::Said(text) => Some(text.as_str()),
            _ => None,
        });
        said.collect()
    }

    /// What became of each page: in answer to a question, or at the end.
    fn pages(&self) -> Vec<&PageAnswer> {
        let answered = self.did.iter().filter_map(|did| match did {
            Did::Asked(client::Question::Next(answered)) => Some(answered),
            Did::Ended(end) => end.answered.as_ref(),
            _ => None,
        });
        let pages = answered.filter_map(|answered| match answered {
            Answered::Page(answer) => Some(answer),
            _ => None,
        });
        pages.collect()
    }

    /// The replies to commands.
    fn replies(&self) -> Vec<u16> {
        let replies = self.did.iter().filter_map(|did| match did {
            Did::Asked(client::Question::Next(Answered::Reply(reply))) => Some(reply.code),
            _ => None,
        });
        replies.collect()
    }

    /// Is any page called sent that nothing took back?
    fn says_sent(&self) -> bool {
        let taken_back = self.end().is_some_and(|end| end.shifted);
        let mut fates = self.pages().into_iter().flat_map(|page| &page.fates);
        !taken_back && fates.any(|fate| fate.outcome.accepted())
    }
}

fn recipient(id: &str, pin: Option<&str>) -> Recipient {
    Recipient {
        id: id.to_owned(),
        pin: pin.map(str::to_owned),
    }
}

fn page(ids: &[&str], options: &Options, text: &str) -> Job {
    let recipients: Vec<Recipient> = ids.iter().map(|id| recipient(id, None)).collect();
    Job::Page(
        Plan::new(&recipients, options, text, Body::Auto, false)
            .unwrap()
            .into(),
    )
}

fn plain(ids: &[&str], text: &str) -> Vec<Job> {
    vec![page(ids, &Options::default(), text), Job::Quit]
}

fn two_way(two_way: TwoWay) -> Options {
    Options {
        two_way: Some(two_way),
        ..Options::default()
    }
}

fn status(verb: Verb, tag: &str, pass: &str) -> Job {
    Job::Command(Command::words(verb, tag, Some(pass)).unwrap())
}

/// Every `C:` line as a command by itself.
fn commands(name: &str) -> Vec<Job> {
    let turns = transcript(name).into_iter();
    let job = |turn| match turn {
        Turn::C(line) if line == "QUIT" => Some(Job::Quit),
        Turn::C(line) => {
            let (verb, argument) = Verb::of_line(line.as_bytes());
            let argument = std::str::from_utf8(argument).unwrap();
            Some(Job::Command(
                Command::text(verb.unwrap(), argument).unwrap(),
            ))
        }
        _ => None,
    };
    turns.filter_map(job).collect()
}

/// Name, jobs, and of each page: outcome, exit status and code for each pager; then what else is
/// to be looked at.
type ClientCase = (
    &'static str,
    fn() -> Vec<Job>,
    &'static [&'static [(Outcome, Exit, u16)]],
    fn(&Played),
);

const SENT: (Outcome, Exit, u16) = (Outcome::Sent, Exit::Ok, 250);

const CLIENT: &[ClientCase] = &[
    (
        "t01-one-line",
        || plain(&["5551212"], "Your network is hosed"),
        &[&[SENT]],
        |played| {
            assert_eq!(
                played.pages()[0].page_replies,
                [Some("250 Pager ID Accepted".to_owned())]
            );
            assert_eq!(
                played.pages()[0].send_reply.as_deref(),
                Some("250 Message Sent OK")
            );
            assert_eq!(
                played.end().unwrap().farewell.as_deref(),
                Some("221 OK, Goodbye")
            );
        },
    ),
    (
        "t03-two-recipients",
        || {
            let recipients = [
                recipient("5551212", Some("FOOBAR")),
                recipient("5552323", Some("XYZZY")),
            ];
            let options = Options {
                coverage: Some("2".to_owned()),
                hold: Some("301122101500".to_owned()),
                subject: Some("Seattle Meeting".to_owned()),
                ..Options::default()
            };
            let text = "Please meet me tomorrow at\nthe Seattle office";
            vec![
                Job::Page(
                    Plan::new(&recipients, &options, text, Body::Auto, false)
                        .unwrap()
                        .into(),
                ),
                Job::Quit,
            ]
        },
        &[&[SENT, SENT]],
        |_| {},
    ),
    (
        "t04-options-of-one-page",
        || {
            let options = Options {
                level: Some(0),
                alert: Some(true),
                ..Options::default()
            };
            vec![
                page(&["111"], &options, "x"),
                page(&["222"], &Options::default(), "x"),
                Job::Quit,
            ]
        },
        &[&[SENT], &[SENT]],
        |_| {},
    ),
    (
        "t05-dots",
        || plain(&["111"], ".hidden\n.\n.."),
        &[&[SENT]],
        |_| {},
    ),
    (
        "t08-help",
        || commands("t08-help"),
        &[],
        |played| assert_eq!(played.replies(), [250]),
    ),
    ("t10a-down", Vec::new, &[], |played| {
        let cause = played.end().unwrap().cause.as_ref().unwrap();
        assert_eq!(
            (cause.outcome, cause.exit, cause.code),
            (Outcome::Untried, Exit::TempFail, Some(421))
        );
    }),
    (
        "t11-some-refused",
        || plain(&["a;b", "111"], "hi"),
        &[&[(Outcome::Refused, Exit::NoUser, 550), SENT]],
        |_| {},
    ),
    (
        "t12-two-way",
        || {
            let options = two_way(TwoWay {
                no_queue: true,
                ack: true,
                reply: Some(ReplyType::MultiChoice),
                choices: vec![
                    ("01".into(), "In the West Pasture".into()),
                    ("02".into(), "GoldiFLOCKs has it".into()),
                ],
                ..TwoWay::default()
            });
            vec![
                page(
                    &["SHIRLEY"],
                    &options,
                    "Little Bo Binary has lost\nher Sparcstation",
                ),
                Job::Quit,
            ]
        },
        &[&[(Outcome::Sent, Exit::Ok, 860)]],
        // Strings: a leading zero is no number's.
        |played| {
            assert_eq!(
                played.pages()[0].tag,
                Some(("00321".to_owned(), "1234".to_owned()))
            );
        },
    ),
    (
        "t13-queued-polled-killed",
        || {
            let options = two_way(TwoWay {
                expire_hours: Some(12),
                reply: Some(ReplyType::MultiChoice),
                choices: vec![
                    ("1E2C".into(), "Yes please".into()),
                    ("0002".into(), "No thanks".into()),
                ],
                ..TwoWay::default()
            });
            let mut jobs = vec![page(&["5551212"], &options, "Lunch?")];
            jobs.extend(
                [Verb::Msta, Verb::Msta, Verb::Msta, Verb::Ktag, Verb::Msta]
                    .map(|verb| status(verb, "777", "4242")),
            );
            jobs.push(Job::Quit);
            jobs
        },
        &[&[(Outcome::Queued, Exit::Ok, 960)]],
        |played| {
            assert_eq!(
                played.pages()[0].tag,
                Some(("777".to_owned(), "4242".to_owned()))
            );
            assert_eq!(played.replies(), [960, 861, 888, 250, 550]);
        },
    ),
    (
        "t14-away",
        || {
            vec![
                page(
                    &["5551212"],
                    &two_way(TwoWay {
                        no_queue: true,
                        ..TwoWay::default()
                    }),
                    "x",
                ),
                Job::Quit,
            ]
        },
        &[&[(Outcome::Temporary, Exit::TempFail, 750)]],
        |played| assert_eq!(played.pages()[0].failed_at, Some(Verb::Page)),
    ),
    (
        "t15-two-way-errors",
        || commands("t15-two-way-errors"),
        &[],
        |played| {
            assert_eq!(
                played.replies(),
                [
                    250, 550, 250, 250, 550, 550, 250, 503, 250, 502, 550, 850, 503
                ]
            );
        },
    ),
    (
        "t16-ping",
        || commands("t16-ping"),
        &[],
        |played| {
            assert_eq!(played.replies(), [820, 821, 750, 920, 550]);
        },
    ),
    (
        "t17-expired",
        || vec![status(Verb::Msta, "778", "1111"), Job::Quit],
        &[],
        |played| {
            assert_eq!(played.replies(), [780]);
        },
    ),
    (
        "t18-acknowledged",
        || {
            let acknowledged = two_way(TwoWay {
                ack: true,
                ..TwoWay::default()
            });
            vec![
                page(&["111"], &acknowledged, "x"),
                status(Verb::Msta, "5", "99"),
                status(Verb::Msta, "5", "99"),
                page(&["111"], &two_way(TwoWay::default()), "x"),
                Job::Quit,
            ]
        },
        &[
            &[(Outcome::Sent, Exit::Ok, 860)],
            &[(Outcome::Sent, Exit::Ok, 880)],
        ],
        |played| {
            let tags: Vec<_> = played
                .pages()
                .iter()
                .map(|page| page.tag.clone().unwrap().0)
                .collect();
            assert_eq!(tags, ["5", "6"]);
        },
    ),
    (
        "t19-login-required",
        || commands("t19-login-required"),
        &[],
        |played| {
            assert_eq!(played.replies(), [530, 550, 250]);
        },
    ),
    (
        "t20-too-many-recipients",
        || plain(&["1", "2", "3"], "x"),
        &[&[SENT, SENT, (Outcome::Refused, Exit::Data, 552)]],
        |_| {},
    ),
];

/// Plays a transcript in lock-step: what the server says next is heard once the client has said
/// all that stands before it.
fn play(case: &ClientCase, strict: bool, sizes: &[usize], line_end: &str) -> Played {
    let mut played = Played::new(
        Setup {
            strict,
            ..Setup::default()
        },
        case.1(),
    );
    let mut expected = String::new();
    for turn in transcript(case.0) {
        match turn {
            Turn::C(line) => expected.extend([line.as_str(), "\r\n"]),
            Turn::S(line) => {
                played.calm();
                assert_eq!(played.said(), expected, "{}: before {line}", case.0);
                played.hear(format!("{line}{line_end}").as_bytes(), sizes);
            }
            Turn::Silence | Turn::Closed if played.ended() => {}
            Turn::Silence => played.step(Input::Timeout),
            Turn::Closed => played.step(Input::Eof),
        }
    }
    assert_eq!(played.said(), expected, "{}", case.0);
    played
}

#[test]
fn the_client_says_what_the_transcripts_say() {
    for case in CLIENT {
        let (name, _, fates, look) = case;
        for strict in [false, true] {
            let whole = play(case, strict, WHOLE, "\r\n");
            let end = whole.end().unwrap_or_else(|| panic!("{name}: no end"));
            assert!(!end.shifted, "{name}");
            let found: Vec<Vec<(Outcome, Exit, u16)>> = whole
                .pages()
                .iter()
                .map(|page| {
                    page.fates
                        .iter()
                        .map(|fate| (fate.outcome, fate.exit, fate.code.unwrap()))
                        .collect()
                })
                .collect();
            assert_eq!(found, *fates, "{name}");
            look(&whole);
            // The first law, and replies that end in LF alone.
            for (sizes, line_end) in [
                (BYTES, "\r\n"),
                (WHOLE, "\n"),
                (BYTES, "\n"),
                (&[2, 3], "\r\n"),
            ] {
                assert_eq!(play(case, strict, sizes, line_end).did, whole.did, "{name}");
            }
        }
    }
}

#[test]
fn a_server_that_says_all_it_has_at_once_is_believed_for_one_page() {
    // The canned servers of tests: nothing is lock-step, but every command has its reply.
    for sizes in [WHOLE, BYTES, &[7, 100]] {
        let mut played = Played::new(Setup::default(), plain(&["1"], "x"));
        played.hear(b"220 r\r\n250 p\r\n250 m\r\n250 s\r\n221 b\r\n", sizes);
        assert!(played.says_sent(), "{:?}", played.did);
        // Where several pages share a connection it is not.
        let strict = Setup {
            strict: true,
            ..Setup::default()
        };
        let mut played = Played::new(strict, plain(&["1"], "x"));
        played.hear(b"220 r\r\n250 p\r\n250 m\r\n250 s\r\n221 b\r\n", sizes);
        played.calm();
        assert!(!played.says_sent(), "{:?}", played.did);
        assert!(!played.said().contains("SEND"));
    }
}

// ---- whatever comes ----

fn reply() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"220 ready\r\n"[..],
        b"250 OK\r\n",
        b"250 OK\r\n",
        b"250 OK\r\n",
        b"250\n",
        b"354 go on\r\n",
        b"421 Goodbye\r\n",
        b"500 what?\r\n",
        b"503 again\r\n",
        b"550 no\r\n",
        b"554 disk\r\n",
        b"750 away\r\n",
        b"850 here\r\n",
        b"860 1 2 x\r\n",
        b"960 1 2 x\r\n",
        b"221 bye\r\n",
        b"214 line\r\n",
        b"250-more\r\n",
        b"199 what\r\n",
        b"600 what\r\n",
        b"junk\r\n",
        b"25",
    ]);
    prop_oneof![
        12 => known.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..50),
        1 => (any::<u8>(), 0..9000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

/// Two pages, one of them with everything, a command, and the end.
fn many_jobs() -> Vec<Job> {
    let options = Options {
        level: Some(0),
        alert: Some(false),
        coverage: Some("2".into()),
        hold: Some("301122101500".into()),
        caller: Some("c".into()),
        subject: Some("s".into()),
        two_way: Some(TwoWay {
            no_queue: true,
            expire_hours: Some(1),
            ack: true,
            reply: Some(ReplyType::MultiChoice),
            choices: vec![("01".into(), "a".into())],
        }),
    };
    vec![
        page(&["1", "2"], &Options::default(), "two\nlines"),
        page(&["3"], &options, "x"),
        status(Verb::Msta, "1", "2"),
        Job::Quit,
    ]
}

fn setup(strict: bool, login: bool) -> Setup {
    let login = login.then(|| Command::words(Verb::Logi, "joe", Some("hunter2")).unwrap());
    Setup { login, strict }
}

/// A server that answers each command rightly, and says one line too many behind reply `extra_at`
/// (0 is the greeting). `together`: in one segment with it. It dies before reply `dies_at`.
fn one_ahead(
    strict: bool,
    extra_at: usize,
    extra: &str,
    together: bool,
    dies_at: usize,
    farewell: bool,
) -> Played {
    let replies = [
        "220 ready\r\n",
        "250 pager\r\n",
        "250 message\r\n",
        "250 sent\r\n",
        "221 bye\r\n",
    ];
    let mut played = Played::new(
        Setup {
            strict,
            ..Setup::default()
        },
        plain(&["1"], "x"),
    );
    for (at, reply) in replies.iter().enumerate() {
        if played.ended() || at == dies_at {
            break;
        }
        if at == extra_at && together {
            played.hear(format!("{reply}{extra}").as_bytes(), WHOLE);
        } else {
            played.hear(reply.as_bytes(), WHOLE);
            if at == extra_at && !played.ended() {
                // Behind it, but before the next command is on the line.
                played.hear(extra.as_bytes(), WHOLE);
            }
        }
        if !played.ended() {
            played.calm();
        }
    }
    if !played.ended() {
        played.step(if farewell { Input::Eof } else { Input::Timeout });
    }
    while !played.ended() && !farewell {
        played.step(Input::Timeout);
    }
    played
}

#[test]
fn a_server_one_ahead_never_has_a_page_sent() {
    for strict in [false, true] {
        for extra in [
            "250 again\r\n",
            "220 again\r\n",
            "250\n",
            "960 1 2 queued\r\n",
        ] {
            for extra_at in 0..3 {
                for together in [true, false] {
                    let played = one_ahead(strict, extra_at, extra, together, usize::MAX, true);
                    assert!(
                        !played.says_sent(),
                        "{strict} {extra:?} {extra_at} {together}: {:?}",
                        played.did
                    );
                }
            }
        }
    }
}

#[test]
fn a_server_one_ahead_that_dies_while_it_delivers_has_sent_nothing() {
    // Whether it closes or falls silent, QUIT has confirmed nothing.
    for strict in [false, true] {
        for extra_at in 0..3 {
            for eof in [true, false] {
                let played = one_ahead(strict, extra_at, "250 again\r\n", true, 3, eof);
                assert!(
                    !played.says_sent(),
                    "{strict} {extra_at} {eof}: {:?}",
                    played.did
                );
            }
        }
    }
}

#[test]
fn a_refused_send_one_ahead_is_not_sent() {
    let mut played = Played::new(Setup::default(), plain(&["1"], "x"));
    for reply in [
        "220 ready\r\n250 ahead\r\n",
        "250 pager\r\n",
        "250 message\r\n",
        "554 no disk\r\n",
        "221 bye\r\n",
    ] {
        if !played.ended() {
            played.hear(reply.as_bytes(), WHOLE);
        }
    }
    assert!(!played.says_sent(), "{:?}", played.did);
}

#[test]
fn a_lost_line_is_unknown_from_send_on_and_not_before() {
    let replies = [
        "220 ready\r\n",
        "250 pager\r\n",
        "250 message\r\n",
        "250 sent\r\n",
        "221 bye\r\n",
    ];
    for strict in [false, true] {
        for dies_at in 0..=4 {
            for eof in [true, false] {
                let mut played = Played::new(
                    Setup {
                        strict,
                        ..Setup::default()
                    },
                    plain(&["1"], "x"),
                );
                for reply in &replies[..dies_at] {
                    played.hear(reply.as_bytes(), WHOLE);
                    played.calm();
                }
                played.step(if eof { Input::Eof } else { Input::Timeout });
                let end = played.end().expect("an end");
                let fate: Option<Fate> = played.pages().first().map(|page| page.fates[0].clone());
                let outcome = fate.or(end.cause.clone()).map(|fate| fate.outcome);
                let expected = match dies_at {
                    0 => Outcome::Untried,
                    1 | 2 => Outcome::Temporary,
                    3 => Outcome::Unknown,
                    _ => Outcome::Sent,
                };
                assert_eq!(outcome, Some(expected), "{strict} {dies_at} {eof}");
            }
        }
    }
}

proptest! {
    #[test]
    fn the_server_does_the_same_in_any_chunks(case in 0..SERVER.len(), sizes in prop::collection::vec(1..40_usize, 1..6)) {
        let case = &SERVER[case];
        prop_assert_eq!(serve(case, WHOLE, "\r\n"), serve(case, &sizes, "\r\n"));
    }

    #[test]
    fn the_client_does_the_same_in_any_chunks(
        case in 0..CLIENT.len(),
        strict: bool,
        sizes in prop::collection::vec(1..40_usize, 1..6),
    ) {
        let case = &CLIENT[case];
        prop_assert_eq!(play(case, strict, WHOLE, "\r\n").did, play(case, strict, &sizes, "\r\n").did);
    }

    #[test]
    fn the_client_survives_any_server_and_always_ends(
        replies in prop::collection::vec(reply(), 0..60),
        sizes in prop::collection::vec(1..300_usize, 1..6),
        lock_step: bool,
        strict: bool,
        login: bool,
    ) {
        let jobs = many_jobs();
        let most: usize = jobs.iter().map(|job| match job {
            Job::Page(plan) => plan.wires().map(|wire| wire.bytes.len()).sum::<usize>(),
            _ => 20,
        }).sum();
        let mut played = Played::new(setup(strict, login), jobs);
        if lock_step {
            for reply in &replies {
                played.hear(reply, &sizes);
                if !played.ended() {
                    played.calm();
                }
            }
        } else {
            played.hear(&replies.concat(), &sizes);
        }
        // The end of the line is the end, whatever it waited for.
        if !played.ended() {
            played.step(Input::Eof);
        }
        prop_assert!(played.ended(), "{:?}", played.did);
        // No more than the jobs, and RESE and LOGI for each, and what stands in for DATA.
        prop_assert!(played.said().len() <= most + 200, "{}", played.said());
        for did in &played.did {
            if let Did::Said(text) = did {
                prop_assert!(text.ends_with("\r\n"));
                // A command is one line; only a body is several, and ends in its dot.
                prop_assert!(text.matches('\n').count() == 1 || text.ends_with("\r\n.\r\n"), "{text:?}");
            }
        }
        // SEND is said only after the question, once for each.
        let commits = played.did.iter().filter(|did| matches!(did, Did::Asked(client::Question::Commit))).count();
        prop_assert!(played.said().matches("SEND\r\n").count() <= commits);
        // And a page is called sent only where SEND was said.
        let sent = played.pages().iter().filter(|page| page.fates.iter().any(|fate| fate.outcome.accepted())).count();
        prop_assert!(sent <= played.said().matches("SEND\r\n").count());
    }

    #[test]
    fn the_client_ends_in_silence_too(replies in prop::collection::vec(reply(), 0..40), strict: bool) {
        let mut played = Played::new(setup(strict, false), many_jobs());
        played.hear(&replies.concat(), WHOLE);
        // A timeout ends the dialogue, unless it is only that the line is quiet.
        for _ in 0..3 {
            if !played.ended() {
                played.calm();
            }
            if !played.ended() {
                played.step(Input::Timeout);
            }
        }
        prop_assert!(played.ended(), "{:?}", played.did);
    }

    #[test]
    fn a_shifted_dialogue_is_never_sent(
        extra_at in 0..3_usize,
        extra in prop::sample::select(vec!["250 x\r\n", "250\r\n", "220 x\r\n", "860 1 2\r\n"]),
        verdict in prop::sample::select(vec!["250 sent\r\n", "550 no\r\n", "554 no\r\n", "503 no\r\n"]),
        sizes in prop::collection::vec(1..20_usize, 1..4),
        strict: bool,
    ) {
        let replies = ["220 ready\r\n", "250 pager\r\n", "250 message\r\n", verdict, "221 bye\r\n"];
        let mut played = Played::new(setup(strict, false), plain(&["1"], "x"));
        for (at, reply) in replies.iter().enumerate() {
            let extra = if at == extra_at { extra } else { "" };
            if !played.ended() {
                played.hear(format!("{reply}{extra}").as_bytes(), &sizes);
            }
            if !played.ended() {
                played.calm();
            }
        }
        if !played.ended() {
            played.step(Input::Eof);
        }
        prop_assert!(!played.says_sent(), "{:?}", played.did);
    }
}
