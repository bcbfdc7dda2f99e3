//! The rules of the house, held against the source itself: which part may import which, what a
//! file is called, what must not stand in it, and one name in all five places.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pagebox;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a directory of the package, sorted.
fn files(dir: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut rest = vec![root().join(dir)];
    while let Some(dir) = rest.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rest.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// `applet/snpp_send.rs` for a file below src.
fn within_src(path: &Path) -> String {
    let path = path.strip_prefix(root().join("src")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The code of every source file, without comments and unit tests.
fn sources() -> Vec<(String, String)> {
    let rust = files("src").into_iter();
    let rust = rust.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| (within_src(&path), code(&fs::read_to_string(&path).unwrap())))
        .collect()
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Every path that code names, in `use` groups and in the midst of an expression.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut word = String::new();
    // What stands in front of each brace that is open.
    let mut prefixes: Vec<String> = Vec::new();
    let mut end = |word: &mut String, prefixes: &[String]| {
        let whole = prefixes.concat() + word;
        if !word.is_empty() && whole.contains("::") {
            paths.push(whole.trim_start_matches("::").to_owned());
        }
        word.clear();
    };
    for c in code.chars() {
        match c {
            '{' if word.ends_with("::") => prefixes.push(std::mem::take(&mut word)),
            '}' if !prefixes.is_empty() => {
                end(&mut word, &prefixes);
                prefixes.pop();
            }
            ',' if !prefixes.is_empty() => end(&mut word, &prefixes),
            c if c.is_alphanumeric() || matches!(c, '_' | ':' | '*') => word.push(c),
            c if c.is_whitespace() && !prefixes.is_empty() => {}
            _ => end(&mut word, &prefixes),
        }
    }
    end(&mut word, &prefixes);
    paths
}

fn begins(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn paths_are_found_in_groups_and_in_expressions() {
    let code = "use std::{fs, io::{self, Read}};\nuse crate::exit::Exit;\nfn f() { std::net::connect(a::b(), 1) }\n";
    assert_eq!(
        paths(code),
        [
            "std::fs",
            "std::io::self",
            "std::io::Read",
            "crate::exit::Exit",
            "std::net::connect",
            "a::b"
        ]
    );
    let code = "use rustix::{\n    fs::{Mode, open},\n    io,\n};\nlet x = Self { a: b };";
    assert_eq!(
        paths(code),
        ["rustix::fs::Mode", "rustix::fs::open", "rustix::io"]
    );
}

/// What each part of the house may import of the others, by `crate::` path.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("protocol", &["protocol", "exit", "outcome", "text"]),
    ("transport", &["transport", "exit", "diag", "text"]),
    ("session", &["session", "protocol", "transport"]),
    (
        "sink",
        &["sink", "queue", "transport", "text", "exit", "diag"],
    ),
    (
        "access",
        // Ident is there to tell who comes in.
        &["access", "transport", "diag", "file", "protocol::ident"],
    ),
    (
        "terminal",
        &[
            "terminal",
            "accounts",
            "transport::fd",
            "transport::interrupt",
            "diag::cause",
        ],
    ),
    (
        "config",
        &[
            "config",
            "diag",
            "duration",
            "rate",
            "file",
            "text",
            // A word of the file that only a serial line can explain.
            "transport::serial::Framing",
        ],
    ),
    (
        "queue",
        // The values of a page that a job file gives, by the checks that hold for all.
        &[
            "queue",
            "exit",
            "diag",
            "text",
            // Where a page may go, by which program, and what becomes of it there.
            "config",
            "outcome",
            "transport",
            // A pager's PIN.
            "file",
            "duration",
            "rate",
            "page::level",
            "page::alert",
        ],
    ),
    ("mail", &["mail", "text"]),
    ("text", &["text"]),
    ("outcome", &["outcome", "exit"]),
    ("exit", &["exit"]),
    ("cgi", &["cgi", "transport::fd"]),
    ("file", &["file"]),
    ("accounts", &["accounts", "file", "diag", "transport::fd"]),
    ("duration", &["duration"]),
    ("rate", &["rate", "duration"]),
    ("diag", &["diag", "text", "exit"]),
];

/// What no other part of the house may import.
const MAY_NOT_IMPORT: &[(&str, &[&str])] = &[
    ("cli", &["applet", "session", "queue", "terminal"]),
    (
        "bulk",
        &["applet", "session", "queue", "protocol", "terminal"],
    ),
    (
        "page",
        &["applet", "session", "queue", "transport", "terminal"],
    ),
];

/// The parts of `protocol` that are a dialogue each: none knows another.
const DIALOGUES: &[&str] = &["snpp", "tap", "xtell", "modem", "ident"];

/// What a machine must not touch: it is told.
const NOT_PURE: &[&str] = &[
    "std::net",
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime::now",
    "SystemTime::now",
    "Instant::now",
    "rustix",
    "signal_hook",
    "jiff::Zoned",
    "jiff::fmt",
    "Timestamp::now",
    "TimeZone::get",
    "TimeZone::system",
    "TimeZone::try_system",
    "clap",
];

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let part = file.split(['/', '.']).next().unwrap();
        for path in paths(&code) {
            let Some(inner) = path.strip_prefix("crate::") else {
                if part == "protocol" && NOT_PURE.iter().any(|taboo| begins(&path, taboo)) {
                    wrong.push(format!("{file}: {path}"));
                }
                continue;
            };
            let within = |prefixes: &[&str]| prefixes.iter().any(|prefix| begins(inner, prefix));
            let find = |table: &'static [(&str, &[&str])]| {
                table
                    .iter()
                    .find(|(name, _)| *name == part)
                    .map(|(_, prefixes)| *prefixes)
            };
            let may = find(MAY_IMPORT).is_none_or(within);
            let may_not = find(MAY_NOT_IMPORT).is_some_and(within);
            // Only the thin binary runs applets, and it is no part of the library.
            let applet = part != "applet" && begins(inner, "applet");
            if !may || may_not || applet || is_of_another_dialogue(&file, inner) {
                wrong.push(format!("{file}: {path}"));
            }
        }
        // A way around: climbing out of the part.
        let depth = file.matches('/').count() + usize::from(!file.ends_with("/mod.rs"));
        let climbs = "super::".repeat(depth + 1);
        if code.contains(&climbs)
            || (depth == 1 && part == "protocol" && code.contains("use super::"))
        {
            wrong.push(format!("{file}: climbs out with super::"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_route_knows_nothing_of_files() {
    let sources = sources().into_iter();
    let routes: Vec<_> = sources
        .filter(|(file, _)| file.starts_with("queue/route"))
        .collect();
    assert!(routes.len() > 1);
    for (file, code) in routes {
        for path in paths(&code) {
            let inner = path.strip_prefix("crate::queue::");
            let is_file = begins(&path, "std::fs") || path.contains("super::super");
            assert!(
                !is_file && inner.is_none_or(|inner| begins(inner, "route")),
                "{file}: {path}"
            );
        }
    }
}

/// Does a file of one dialogue, or of what all of them share, name another?
fn is_of_another_dialogue(file: &str, path: &str) -> bool {
    let Some(own) = file.strip_prefix("protocol/") else {
        return false;
    };
    let own = own.split(['/', '.']).next();
    let named = path.split("::").nth(1);
    named.is_some_and(|named| DIALOGUES.contains(&named)) && named != own
}

#[test]
fn a_dialogue_knows_no_other() {
    for (file, path, is_wrong) in [
        ("protocol/xtell/client.rs", "protocol::xtell::reply", false),
        ("protocol/xtell/client.rs", "protocol::line::Line", false),
        ("protocol/xtell.rs", "protocol::snpp::reply", true),
        ("protocol/tap/sender.rs", "protocol::modem", true),
        ("protocol/line.rs", "protocol::snpp::body", true),
        ("applet/snpp.rs", "protocol::snpp::reply", false),
    ] {
        assert_eq!(is_of_another_dialogue(file, path), is_wrong, "{file}");
    }
}

#[test]
fn every_part_of_the_rules_is_there() {
    let sources = sources();
    for dialogue in DIALOGUES {
        let file = format!("protocol/{dialogue}.rs");
        assert!(
            sources.iter().any(|(name, _)| *name == file),
            "no src/{file}"
        );
    }
    for (part, _) in MAY_IMPORT.iter().chain(MAY_NOT_IMPORT) {
        let file = format!("{part}.rs");
        assert!(
            sources.iter().any(|(name, _)| *name == file),
            "no src/{file}"
        );
    }
}

#[test]
fn a_module_is_a_file_of_its_own_name() {
    for dir in ["src", "tests"] {
        for file in files(dir) {
            let name = file.file_name().unwrap();
            assert!(name != concat!("mod", ".rs"), "{}", file.display());
        }
    }
    // A directory of modules has its module beside it.
    for file in files("src") {
        let dir = file.parent().unwrap();
        if dir != root().join("src") {
            assert!(dir.with_extension("rs").is_file(), "{}.rs", dir.display());
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("X", "XX"),
        concat!("HA", "CK"),
        concat!("dbg", "!"),
        concat!("todo", "!("),
        concat!("unimple", "mented!"),
    ];
    let mut found = Vec::new();
    for dir in ["src", "tests", "scripts"] {
        for file in files(dir) {
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            for (number, line) in text.lines().enumerate() {
                if marks.iter().any(|mark| has_word(line, mark)) {
                    found.push(format!("{}:{}: {line}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(before) && (!letter(after) || word.ends_with(['!', '(']))
    })
}

#[test]
fn only_handles_are_written_to() {
    let mut found = Vec::new();
    for (file, code) in sources() {
        for name in ["print", "println", "eprint", "eprintln"] {
            for (number, line) in code.lines().enumerate() {
                if has_word(line, &format!("{name}!")) {
                    found.push(format!("{file}: line of code {}: {line}", number + 1));
                }
            }
        }
        if code.contains("unsafe ") && !code.contains("forbid(unsafe_code)") {
            found.push(format!("{file}: unsafe"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn one_name_in_five_places() {
    let list = pagebox().arg("--list").run();
    let names: Vec<&str> = list.stdout.lines().collect();
    assert!(!names.is_empty());
    let mut missing = Vec::new();
    for name in &names {
        let module = name.replace('-', "_");
        let section = pagebox::applet::APPLETS
            .iter()
            .find(|applet| applet.name == *name)
            .map(|applet| applet.section);
        let section = section.expect("the list is the table");
        for file in [
            format!("src/applet/{module}.rs"),
            format!("tests/it/{module}.rs"),
            format!("man/{name}.{section}"),
            format!("completions/{name}.bash"),
            format!("completions/{name}.zsh"),
            format!("completions/{name}.fish"),
        ] {
            if !root().join(&file).is_file() {
                missing.push(file);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    // And nothing is there for an applet that is not.
    let known = |stem: &str| stem == "pagebox" || names.contains(&stem);
    for dir in ["man", "completions"] {
        // Section 5 is about files.
        let of_programs = |path: &PathBuf| path.extension().is_none_or(|end| end != "5");
        for file in files(dir).into_iter().filter(of_programs) {
            let stem = file
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .trim_start_matches('_');
            assert!(known(stem), "{}", file.display());
        }
    }
}
