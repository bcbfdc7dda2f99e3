//! The page of `pagebox.toml` and the example of it have every key of the program,
//! and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use pagebox::config::check::check;
use pagebox::config::tables::Route;
use pagebox::config::{Config, defaults, way::Nobody};
use pagebox::rate::Rate;
use pagebox::text::split::DEFAULT_PARTS;
use pagebox::transport::serial::Settings;

use super::page::{Item, Page};
use super::{programs, root, set};
use crate::support::{Scratch, scratch};

/// The tables, by the headings of the page.
const TABLES: [(&str, &str); 7] = [
    ("Top", ""),
    ("Pagers", "[pager.x]"),
    ("Groups", "[group.x]"),
    ("Routes", "[route.x]"),
    ("Devices", "[device.x]"),
    ("Mail", "[mail]"),
    ("Web", "[web]"),
];

fn page() -> Page {
    Page::read("pagebox.toml", 5)
}

fn config(scratch: &Scratch, text: &str) -> Result<Config, String> {
    let file = scratch.file("pagebox.toml", text);
    Config::read(&file).map_err(|error| error.to_string())
}

/// What the program would rather have, in its own words.
fn expected(scratch: &Scratch, text: &str) -> BTreeSet<String> {
    let error = config(scratch, text).unwrap_err();
    let expected = error.rsplit_once(", expected ");
    let words = expected.map(|(_, words)| words.trim_start_matches("one of "));
    let words = words.unwrap_or_default().split(", ");
    let words = words.flat_map(|word| word.split(" or "));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The keys of the program, by heading.
fn keys() -> BTreeMap<&'static str, BTreeSet<String>> {
    let scratch = scratch("keys");
    let tables = set(["pager", "group", "route", "device", "mail", "web"]);
    let keys = TABLES.map(|(heading, table)| {
        let keys = expected(&scratch, &format!("{table}\nnone-such = 1"));
        // Tables are keys of the file.
        let keys = if table.is_empty() {
            &keys - &tables
        } else {
            keys
        };
        (heading, keys)
    });
    keys.into()
}

fn item(heading: &str, key: &str) -> Item {
    let items = page().items("KEYS").into_iter();
    let mut items = items.filter(|item| {
        let is_here = item.subsection.as_deref() == Some(heading);
        is_here && item.head.get(1).is_some_and(|head| head == key)
    });
    items
        .next()
        .unwrap_or_else(|| panic!("{heading}: no {key}"))
}

/// `5m` of `Default: 5m.`
fn default(heading: &str, key: &str) -> String {
    let body = item(heading, key).body;
    let mut lines = body
        .iter()
        .filter_map(|line| line.strip_prefix("Default: "));
    let line = lines.next();
    let default = line.and_then(|line| line.strip_suffix('.'));
    default
        .unwrap_or_else(|| panic!("{key}: {body:?}"))
        .to_owned()
}

#[test]
fn the_page_has_each_key_and_no_other() {
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let page = page();
    let items = page.items("KEYS");
    for (heading, _) in TABLES {
        let here = told.entry(heading).or_default();
        for item in &items {
            if item.subsection.as_deref() == Some(heading) {
                assert_eq!(item.head[0], "Cm", "{:?}", item.head);
                let is_new = here.insert(item.head[1].clone());
                assert!(is_new, "{heading}: {} stands twice", item.head[1]);
            }
        }
    }
    assert_eq!(told, keys());
    assert_eq!(items.len(), told.values().map(BTreeSet::len).sum::<usize>());
}

#[test]
fn the_page_has_each_value_of_a_choice() {
    let scratch = scratch("values");
    let route = "[route.x]\ntype = 'xtell'";
    for (heading, key, above) in [
        ("Routes", "type", "[route.x]"),
        ("Routes", "on-unknown", route),
        ("Routes", "overflow", route),
        ("Routes", "charset", route),
        ("Pagers", "charset", "[pager.x]"),
        ("Devices", "framing", "[device.x]"),
    ] {
        let values = expected(&scratch, &format!("{above}\n{key} = 'none-such'"));
        assert!(values.len() > 1, "{key}: {values:?}");
        let body = item(heading, key).body;
        for value in values {
            let is_told = body.iter().any(|line| {
                let words = line.strip_prefix(".Cm ").unwrap_or_default();
                words.split(' ').any(|word| word == value)
            });
            assert!(is_told, "{key}: does not tell {value}");
        }
    }
}

#[test]
fn the_page_has_the_defaults_of_the_program() {
    let scratch = scratch("defaults");
    let bare = "[route.x]\ntype = 'xtell'\nfallback = 'y'\n[route.y]\ntype = 'xtell'\n";
    let bare = config(&scratch, bare).unwrap();
    let route = bare.route("x").unwrap();
    let told = |key| pagebox::duration::parse(&default("Routes", key)).unwrap();
    assert_eq!(told("timeout"), route.timeout());
    assert_eq!(told("retry-delay"), route.retry_delay());
    assert_eq!(told("expire"), route.lifetime());
    assert_eq!(Some(told("fallback-after")), route.takes_over_after());
    assert_eq!(told("gap"), route.gap());
    let receipts = pagebox::duration::parse(&default("Top", "keep-sent")).unwrap();
    assert_eq!(receipts, bare.keep_sent());
    assert_eq!(bare.on_failure().map(<[_]>::len), None);
    let retries: u32 = default("Routes", "retry").parse().unwrap();
    assert_eq!(retries + 1, route.tries());
    assert_eq!(default("Routes", "two-way"), route.two_way.to_string());

    let choices = ["on-unknown", "overflow"];
    let choices = choices.map(|key| format!("{key} = '{}'\n", default("Routes", key)));
    let said = format!("[route.x]\ntype = 'xtell'\n{}", choices.concat());
    let said = config(&scratch, &said).unwrap();
    let choices = |route: &Route| (route.on_unknown(), route.overflow());
    assert_eq!(choices(said.route("x").unwrap()), choices(route));

    let settings = Settings::default();
    assert_eq!(default("Devices", "baud"), settings.baud.to_string());
    assert_eq!(default("Devices", "framing"), settings.framing.word());
    let ixo_send = programs().into_iter();
    let mut ixo_send = ixo_send.filter(|program| program.name == "ixo-send");
    let ixo_send = ixo_send.next().unwrap();
    for key in ["init", "dial-command"] {
        let mut args = ixo_send.command.get_arguments();
        let arg = args.find(|arg| arg.get_long() == Some(key)).unwrap();
        let help = arg.get_help().unwrap().to_string();
        let defaults = arg.get_default_values().first();
        let defaults = defaults.map(|value| value.to_str().unwrap().to_owned());
        let told = default("Devices", key);
        let is_same =
            defaults.as_ref() == Some(&told) || help.contains(&format!("[default: {told}]"));
        assert!(is_same, "{key}: {told}, {defaults:?}, {help}");
    }
    let parts: usize = default("Mail", "max-parts").parse().unwrap();
    assert_eq!(parts, DEFAULT_PARTS);
    assert_eq!(default("Mail", "template"), defaults::TEMPLATE);
    let size: usize = default("Mail", "max-size").parse().unwrap();
    assert_eq!(size, defaults::MAX_MAIL);
    let length: usize = default("Web", "max-length").parse().unwrap();
    assert_eq!(length, defaults::WEB_LENGTH);
    let rate = Rate::try_from(default("Web", "rate")).unwrap();
    assert_eq!(rate, defaults::WEB_RATE);
}

/// A Saturday night, when most are off duty.
fn night() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_906_800)
}

#[test]
fn the_examples_of_the_page_are_right() {
    let scratch = scratch("examples");
    let examples = page().examples();
    assert!(examples.len() > 2);
    for example in examples {
        let config = config(&scratch, &example.join("\n")).unwrap();
        let checked = check(&config, night(), &|_| Ok(()));
        assert_eq!(checked.warnings, [""; 0], "{example:?}");
        assert!(!checked.lines.is_empty(), "{example:?}");
    }
}

#[test]
fn the_example_has_each_key_and_is_right() {
    let path = root().join("scripts/pagebox.toml");
    let text = fs::read_to_string(&path).unwrap();
    let whole: toml::Table = text.parse().unwrap();
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (heading, table) in TABLES {
        let here = told.entry(heading).or_default();
        let name = table.trim_matches(['[', ']']);
        match name.strip_suffix(".x") {
            Some(kind) => {
                for table in whole[kind].as_table().unwrap().values() {
                    here.extend(table.as_table().unwrap().keys().cloned());
                }
            }
            None if name.is_empty() => {
                let keys = whole.iter().filter(|(_, value)| !value.is_table());
                here.extend(keys.map(|(key, _)| key.clone()));
            }
            None => here.extend(whole[name].as_table().unwrap().keys().cloned()),
        }
    }
    assert_eq!(told, keys());

    let config = Config::read(&path).unwrap();
    let checked = check(&config, night(), &|_| Ok(()));
    assert_eq!(checked.warnings, [""; 0]);
    // Who is off duty is not paged, and somebody always is.
    let ways = config.ways("oncall", night()).unwrap();
    let who: Vec<&str> = ways.iter().map(|way| way.pager).collect();
    assert_eq!(who, ["bob", "desk"]);
    let carol = config.ways("carol", night()).map(|_| ());
    assert!(matches!(carol, Err(Nobody::OffDuty(Some(_)))), "{carol:?}");
    assert_eq!(config.chain("default"), ["default", "carrier", "relay"]);
    assert_eq!(config.spool(), Some(Path::new("/var/spool/pagebox")));
}
