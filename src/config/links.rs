//! Where the names in the configuration lead: each to a table that is there,
//! none back to itself, and so which pager can be reached at all.
//!
//! Must never know the time: who is on duty is another question.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use super::tables::{Kind, Link, Route, Tables};
use super::value::{Filled, Name};

/// How a page to someone can go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reach {
    /// Every route that may come to take the page brings answers back, the
    /// fallbacks of routes and all members of a group included.
    pub two_way: bool,
}

/// A name or a key that is wrong in its place.
#[derive(Debug)]
pub(super) struct Fault {
    /// Where in the file, in bytes.
    pub(super) at: usize,
    /// The key, from its table on.
    pub(super) key: String,
    /// What is wrong.
    pub(super) what: String,
}

/// What was found out about each name.
#[derive(Debug, Default)]
pub(super) struct Reaches {
    /// Of routes.
    pub(super) routes: BTreeMap<String, Reach>,
    /// Of the pagers and groups that can be reached.
    pub(super) names: BTreeMap<String, Reach>,
}

/// The names behind which others stand, by name.
type Graph<'a> = BTreeMap<&'a str, &'a [Link]>;

/// Follows every name. The first that leads nowhere is the error.
pub(super) fn follow(tables: &Tables) -> Result<Reaches, Fault> {
    for (name, route) in &tables.route {
        check_route(tables, name, route)?;
    }
    let fallbacks = tables
        .route
        .iter()
        .map(|(name, route)| (name.as_str(), route.fallback.as_slice()));
    let fallbacks: Graph = fallbacks.collect();
    let order = order(&fallbacks).map_err(|circle| circle.fault("route", "fallback"))?;
    let mut reaches = Reaches::default();
    for name in order {
        if let Some(route) = tables.route.get(name) {
            let fallback = route.fallback.as_ref();
            let fallback = fallback.and_then(|name| reaches.routes.get(name.get_ref()));
            let two_way = route.two_way && fallback.is_none_or(|reach| reach.two_way);
            reaches.routes.insert(name.to_owned(), Reach { two_way });
        }
    }
    for (name, pager) in &tables.pager {
        if let Some(route) = &pager.route {
            exists(&tables.route, route, "route", || {
                format!("pager.{}.route", name.as_str())
            })?;
        }
        let route = pager
            .route
            .as_ref()
            .map_or("default", |route| route.get_ref());
        if let Some(reach) = reaches.routes.get(route) {
            reaches.names.insert(name.as_str().to_owned(), *reach);
        }
    }
    follow_groups(tables, &mut reaches)?;
    let offered = tables.web.as_ref().and_then(|web| web.names.as_ref());
    for name in offered.map_or(&[][..], Filled::as_slice) {
        member(tables, name, || "web.names".to_owned())?;
    }
    Ok(reaches)
}

fn follow_groups(tables: &Tables, reaches: &mut Reaches) -> Result<(), Fault> {
    for (name, group) in &tables.group {
        let key = || format!("group.{}", name.as_str());
        if tables.pager.contains_key(name) {
            return Err(Fault {
                at: group.span().start,
                key: key(),
                what: "there is a pager of this name".to_owned(),
            });
        }
        for name in &group.get_ref().members {
            member(tables, name, || key() + ".members")?;
        }
    }
    let groups = tables.group.iter();
    let groups: Graph = groups
        .map(|(name, group)| (name.as_str(), group.get_ref().members.as_slice()))
        .collect();
    for name in order(&groups).map_err(|circle| circle.fault("group", "members"))? {
        let members = groups.get(name).copied().unwrap_or_default();
        let members = members
            .iter()
            .filter_map(|name| reaches.names.get(name.get_ref()));
        let both = |a: Reach, b: Reach| Reach {
            two_way: a.two_way && b.two_way,
        };
        if let Some(reach) = members.copied().reduce(both) {
            reaches.names.insert(name.to_owned(), reach);
        }
    }
    Ok(())
}

/// Is there such a table? The error names those there are.
fn exists<T>(
    tables: &BTreeMap<Name, T>,
    link: &Link,
    what: &str,
    key: impl Fn() -> String,
) -> Result<(), Fault> {
    if tables.contains_key(link.get_ref().as_str()) {
        return Ok(());
    }
    Err(missing(tables.keys(), link, what, key()))
}

/// Is there such a pager or group?
fn member(tables: &Tables, link: &Link, key: impl Fn() -> String) -> Result<(), Fault> {
    let name = link.get_ref().as_str();
    if tables.pager.contains_key(name) || tables.group.contains_key(name) {
        return Ok(());
    }
    let there = tables.pager.keys().chain(tables.group.keys());
    Err(missing(there, link, "pager or group", key()))
}

fn missing<'a>(
    there: impl Iterator<Item = &'a Name>,
    link: &Link,
    what: &str,
    key: String,
) -> Fault {
    const SHOWN: usize = 10;
    let mut there: Vec<&str> = there.map(Name::as_str).take(SHOWN + 1).collect();
    if let Some(last) = there.get_mut(SHOWN) {
        *last = "...";
    }
    let there = if there.is_empty() {
        String::new()
    } else {
        format!(", there is {}", there.join(", "))
    };
    Fault {
        at: link.span().start,
        key,
        what: format!("no {what} {:?}{there}", link.get_ref()),
    }
}

fn check_route(tables: &Tables, name: &Name, route: &Route) -> Result<(), Fault> {
    let kind = *route.r#type.get_ref();
    let key = |key: &str| format!("route.{}.{key}", name.as_str());
    let wrong = |what: String| Fault {
        at: route.r#type.span().start,
        key: key("type"),
        what,
    };
    for (word, span, kinds) in of_some_kinds(route) {
        if let Some(span) = span.filter(|_| !kinds.contains(&kind)) {
            return Err(Fault {
                at: span.start,
                key: key(word),
                what: format!("a route of type {} has none", kind.word()),
            });
        }
    }
    let lines = [
        ("device", at(route.device.as_ref())),
        ("connect", at(route.connect.as_ref())),
        ("proxy-command", at(route.proxy_command.as_ref())),
    ];
    let lines = lines
        .into_iter()
        .filter_map(|(word, span)| Some((word, span?)));
    let mut lines = lines.filter(|_| kind == Kind::Ixo);
    if let Some(((first, _), (second, span))) = lines.next().zip(lines.next()) {
        return Err(Fault {
            at: span.start,
            key: key(second),
            what: format!("a route has one line: there is {first} already"),
        });
    }
    let lacks = match kind {
        Kind::Snpp if route.server.is_none() && route.proxy_command.is_none() => {
            "server or proxy-command"
        }
        Kind::Ixo
            if route.device.is_none()
                && route.connect.is_none()
                && route.proxy_command.is_none() =>
        {
            "device, connect or proxy-command"
        }
        Kind::Csv | Kind::Exec if route.command.is_none() => "command",
        _ => "",
    };
    if !lacks.is_empty() {
        let kind = kind.word();
        return Err(wrong(format!("a route of type {kind} needs {lacks}")));
    }
    let devices = route.device.as_ref();
    let devices = devices.map_or(&[][..], |list| list.get_ref().as_slice());
    for device in devices {
        exists(&tables.device, device, "device", || key("device"))?;
    }
    if let Some(fallback) = &route.fallback {
        exists(&tables.route, fallback, "route", || key("fallback"))?;
    }
    Ok(())
}

/// Where a key stands, if it does.
type Given = Option<Range<usize>>;

fn at<T>(key: Option<&Spanned<T>>) -> Given {
    key.map(Spanned::span)
}

/// The keys that only some routes have: where they stand, and which routes.
fn of_some_kinds(route: &Route) -> [(&'static str, Given, &'static [Kind]); 9] {
    const GATEWAYS: &[Kind] = &[Kind::Snpp, Kind::Xtell];
    const CENTRALS: &[Kind] = &[Kind::Ixo];
    const PROGRAMS: &[Kind] = &[Kind::Csv, Kind::Exec];
    const LINES: &[Kind] = &[Kind::Snpp, Kind::Ixo, Kind::Xtell];
    const LOGINS: &[Kind] = &[Kind::Snpp];
    const PASSWORDS: &[Kind] = &[Kind::Snpp, Kind::Ixo];
    [
        ("server", at(route.server.as_ref()), GATEWAYS),
        ("connect", at(route.connect.as_ref()), CENTRALS),
        ("device", at(route.device.as_ref()), CENTRALS),
        ("dial", at(route.dial.as_ref()), CENTRALS),
        ("proxy-command", at(route.proxy_command.as_ref()), LINES),
        ("command", at(route.command.as_ref()), PROGRAMS),
        ("login", at(route.login.as_ref()), LOGINS),
        ("password-file", at(route.password_file.as_ref()), PASSWORDS),
        (
            "pages-per-call",
            at(route.pages_per_call.as_ref()),
            CENTRALS,
        ),
    ]
}

/// A way that ends where it began.
struct Circle<'a> {
    /// The names on it, each once, in order.
    names: Vec<&'a str>,
    /// What leads from the last back to the first.
    last: &'a Link,
}

impl Circle<'_> {
    fn fault(&self, table: &str, key: &str) -> Fault {
        const SHOWN: usize = 8;
        let mut way: Vec<&str> = self.names.iter().copied().take(SHOWN).collect();
        if self.names.len() > SHOWN {
            way.push("...");
        }
        way.push(self.last.get_ref());
        let from = self.names.last().copied().unwrap_or_default();
        Fault {
            at: self.last.span().start,
            key: format!("{table}.{from}.{key}"),
            what: format!("goes in a circle: {}", way.join(" > ")),
        }
    }
}

/// All names, each behind those that it leads to. Takes no stack: a file may
/// have a chain of thousands.
fn order<'a>(graph: &Graph<'a>) -> Result<Vec<&'a str>, Circle<'a>> {
    let mut order = Vec::new();
    // False while we are on the way behind it.
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    for (start, links) in graph {
        if done.contains_key(start) {
            continue;
        }
        done.insert(start, false);
        let mut way = vec![(*start, links.iter())];
        while let Some((name, links)) = way.last_mut() {
            let Some(link) = links.next() else {
                done.insert(name, true);
                order.push(*name);
                way.pop();
                continue;
            };
            let next = link.get_ref().as_str();
            match (done.get(next), graph.get_key_value(next)) {
                (Some(true), _) | (None, None) => {}
                (Some(false), _) => {
                    let names = way.iter().map(|(name, _)| *name);
                    return Err(Circle {
                        names: names.skip_while(|name| *name != next).collect(),
                        last: link,
                    });
                }
                (None, Some((next, links))) => {
                    done.insert(next, false);
                    way.push((next, links.iter()));
                }
            }
        }
    }
    Ok(order)
}
