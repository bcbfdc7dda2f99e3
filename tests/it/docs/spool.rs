//! The page of the spool tells its directories, its files and their letters as
//! the program has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use pagebox::queue::job::{Job, Recipient, Sender, TwoWay};
use pagebox::queue::spool::MAX_JOB;
use pagebox::queue::store::name::Why;
use pagebox::queue::store::{
    AS_FOUND, CLAIMED, DIRECTORIES, Receipt, ReceiptPart, STAGED, TAKEN, UNTOLD,
};
use pagebox::queue::tags::Forget;
use pagebox::queue::work::{Event, Gathered, HELD, Mark, Part, Plan, Ticket, Work};
use serde_json::Value;

use super::page::Page;
use super::{root, set};
use crate::support::{applet, scratch};

fn page() -> Page {
    Page::read("pagebox-spool", 5)
}

/// What stands behind a macro in the items of a section.
fn told(section: &str, subsection: Option<&str>, name: &str) -> BTreeSet<String> {
    let page = page();
    let items = page.items(section).into_iter();
    let items = items.filter(|item| item.subsection.as_deref() == subsection);
    let items = items.filter(|item| item.head[0] == name);
    let mut told = BTreeSet::new();
    for item in items {
        let is_new = told.insert(item.head[1].clone());
        assert!(is_new, "{section}: {} stands twice", item.head[1]);
    }
    told
}

fn word() -> String {
    "1".to_owned()
}

#[test]
fn directories_and_their_modes_are_those_of_the_page() {
    let known = DIRECTORIES.map(|(name, mode)| (name.to_owned(), format!("Mode {mode:04o}.")));
    let known: BTreeMap<String, String> = known.into();
    let page = page();
    let items = page.items("DIRECTORIES").into_iter();
    let told = items.map(|item| (item.head[1].clone(), item.body[0].clone()));
    assert_eq!(told.collect::<BTreeMap<_, _>>(), known);

    let conf = fs::read_to_string(root().join("scripts/tmpfiles.d/pagebox.conf")).unwrap();
    let there = conf.lines().filter_map(|line| {
        let path = line.strip_prefix("d /var/spool/pagebox/")?;
        let (name, rest) = path.split_once(' ')?;
        let mode = rest.split_whitespace().next()?;
        Some((name.to_owned(), format!("Mode {mode}.")))
    });
    assert_eq!(there.collect::<BTreeMap<_, _>>(), known);
}

#[test]
fn job_files_have_the_headers_and_options_of_the_page() {
    let recipient = |pin, pin_file| Recipient {
        name: word(),
        level: Some(0),
        alert: Some(true),
        coverage: Some(word()),
        hold: Some(SystemTime::UNIX_EPOCH),
        pin,
        pin_file,
    };
    let job = Job {
        to: vec![
            recipient(Some(word()), None),
            recipient(None, Some("/1".into())),
        ],
        from: Some(Sender {
            name: word(),
            verified: true,
        }),
        caller: Some(word()),
        subject: Some(word()),
        expires: Some(SystemTime::UNIX_EPOCH),
        dedup: Some(Duration::from_secs(1)),
        max_parts: NonZeroUsize::new(1),
        failure_of: Some(word()),
        origin: Some(word()),
        two_way: Some(TwoWay {
            tag: word(),
            pass: word(),
            ack: true,
            reply: Some("MULTICHOICE"),
            choices: vec![(word(), word())],
        }),
        received: SystemTime::UNIX_EPOCH,
        id: word(),
        message: Vec::new(),
    };
    let forget = Forget {
        tag: word(),
        pass: word(),
        received: SystemTime::UNIX_EPOCH,
        id: word(),
    };
    let files = [job.to_bytes().unwrap(), forget.to_bytes().unwrap()].concat();
    let files = String::from_utf8(files).unwrap();
    let (mut headers, mut options) = (BTreeSet::new(), BTreeSet::new());
    for line in files.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(' ').unwrap();
        headers.insert(name.to_owned());
        let words = value.split(' ').filter(|_| name == "To:");
        options.extend(words.filter_map(|word| Some(word.split_once('=')?.0.to_owned() + "=")));
    }
    assert_eq!(told("JOB FILES", None, "Li"), headers);
    assert_eq!(told("JOB FILES", None, "Cm"), options);
    let page = page();
    let bound = format!("most {MAX_JOB} bytes");
    let text: Vec<&str> = page
        .section("JOB FILES")
        .iter()
        .map(|line| &*line.text)
        .collect();
    assert!(text.join(" ").contains(&bound), "{bound}");
}

/// A work file with all that it can have.
fn work() -> Work {
    let event = Event {
        at: 1,
        route: word(),
        server: word(),
        outcome: word(),
        code: Some(1),
        response: word(),
    };
    let plan = Plan {
        text: Some(word()),
        ..Plan::default()
    };
    let part = Part {
        level: Some(1),
        alert: Some(true),
        coverage: Some(word()),
        pin: Some(word()),
        stopped: true,
        put_off: true,
        plan: Some(plan),
        duplicate_possible: true,
        told: true,
        story: vec![event],
        ..Part::default()
    };
    Work {
        from: Some(word()),
        expires: Some(1),
        caller: Some(word()),
        subject: Some(word()),
        ticket: Some(Ticket {
            choices: vec![(word(), word())],
            ..Ticket::default()
        }),
        max_parts: NonZeroUsize::new(1),
        failure_of: Some(word()),
        origin: Some(word()),
        source: word(),
        gathered: Some(Gathered {
            closed: true,
            count: 1,
            texts: vec![(word(), 1)],
            last: vec![word()],
        }),
        error: Some(word()),
        parts: vec![part],
        marks: vec![Mark::Unknown],
        ..Work::default()
    }
}

fn keys(value: &Value, deep: bool) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        keys.insert(key.clone());
        let inner = value.as_array().map_or(&[][..], Vec::as_slice);
        let inner = inner.iter().chain(deep.then_some(value));
        keys.extend(inner.flat_map(|value| self::keys(value, deep)));
    }
    keys
}

#[test]
fn work_files_have_the_marks_and_fields_of_the_page() {
    let file = work().to_bytes().unwrap();
    let file = String::from_utf8(file).unwrap();
    let fields: Value = serde_json::from_str(file.lines().nth(1).unwrap()).unwrap();
    let page = page();
    assert_eq!(page.words("WORK FILES", None, ".Va"), keys(&fields, true));
    let letters = Mark::ALL.iter().map(|(_, letter)| *letter).chain([HELD]);
    let marks: BTreeSet<String> = letters.map(|letter| char::from(letter).into()).collect();
    assert_eq!(told("WORK FILES", None, "Cm"), marks);
    let why = set(Why::ALL.map(|(_, letter)| letter));
    assert_eq!(told("WORK FILES", Some("Names in wait"), "Cm"), why);
    let endings = told("WORK FILES", Some("Names in failed"), "Pa");
    assert_eq!(endings, set([UNTOLD, AS_FOUND]));
}

#[test]
fn receipts_have_the_fields_of_the_page() {
    let mut receipt = Receipt::of(&work(), SystemTime::UNIX_EPOCH);
    assert_eq!(receipt.parts.len(), 1);
    // Their fields are those of the work file.
    receipt.ticket = Some(Ticket::default());
    let part = ReceiptPart {
        cut: Some(Event::default()),
        last: Event::default(),
        ..receipt.parts.remove(0)
    };
    receipt.parts.push(part);
    let fields = serde_json::to_value(receipt).unwrap();
    let page = page();
    assert_eq!(page.words("RECEIPTS", None, ".Va"), keys(&fields, false));
}

#[test]
fn files_beside_the_jobs_are_those_of_the_page() {
    let told = told("DOT FILES", None, "Pa");
    // ID, PLACE and NAME stand for what differs.
    let stems = told.iter().map(|name| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_uppercase() || c == '-');
        let ends = stem.len() + usize::from(stem.len() < name.len());
        name[..ends].to_owned()
    });
    let stems: BTreeSet<String> = stems.collect();
    for stem in [CLAIMED, STAGED, TAKEN] {
        assert!(stems.contains(stem), "{stem} is not in {stems:?}");
    }
    let scratch = scratch("dots");
    let config = scratch.file("pagebox.toml", "[route.default]\ntype = 'xtell'\n");
    let spool = scratch.join("spool");
    for words in [&["page-deliver"][..], &["pageq", "hold", "1"]] {
        let run = applet(words[0]).args(&words[1..]);
        run.arg("--config")
            .arg(&config)
            .arg("--spool")
            .arg(&spool)
            .run();
    }
    let mut seen = 0;
    for entry in fs::read_dir(spool.join("active")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(stems.contains(&name), "{name} is not in {stems:?}");
        seen += 1;
    }
    // Those of routes, of rates and of what moves are there only meanwhile.
    assert_eq!(seen + 5, told.len());
}
