//! What a page to each name would do now, and what in the file cannot work.
//!
//! Answers for the words of `page-deliver --check`. Must never look at a disk: whether
//! a device, a file or a program is there, it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use humantime::format_duration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Config;
use super::duty::shown;
use super::hours::{Hours, Stretch};
use super::tables::{Kind, Pager, Route};
use super::value::{Absolute, CommandLine, Filled, Host, Line, Name, Word};
use super::way::{Nobody, first_route};

/// What a configuration comes to.
#[derive(Debug, Default)]
pub struct Checked {
    /// One for each pager and each group, and one for all other IDs.
    pub lines: Vec<String>,
    /// What cannot work, or not at all times; each begins with its key.
    pub warnings: Vec<String>,
}

/// Something outside of the file that the file counts on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Needed<'a> {
    /// A serial line.
    Device(&'a Path),
    /// A file that has to be readable.
    File(&'a Path),
    /// A program that has to be executable; without a `/` it is searched for.
    Program(&'a str),
}

/// Says of each name where a page would go now, and collects the warnings.
///
/// `there` tells why something cannot be used: `/dev/ttyS0: no such file`.
pub fn check(
    config: &Config,
    now: SystemTime,
    there: &dyn Fn(Needed) -> Result<(), String>,
) -> Checked {
    let tables = config.tables();
    let mut checked = Checked::default();
    for (name, pager) in &tables.pager {
        let line = pager_line(config, name.as_str(), pager, now);
        checked.lines.push(line);
    }
    for name in tables.group.keys() {
        let who = match config.ways(name.as_str(), now) {
            Ok(ways) => {
                let ways = ways.iter();
                let who = ways.map(|way| match quiet(way.quiet, now) {
                    Some(quiet) => format!("{} ({quiet})", way.pager),
                    None => way.pager.to_owned(),
                });
                who.collect::<Vec<_>>().join(", ")
            }
            Err(nobody) => nobody.to_string(),
        };
        let dedup = dedup(config, name.as_str()).map(|time| format!("; {time}"));
        let dedup = dedup.unwrap_or_default();
        checked
            .lines
            .push(format!("{}: {who}{dedup}", name.as_str()));
    }
    if config.route("default").is_some() {
        let chain = chain(config, "default");
        checked.lines.push(format!("any other ID: {chain}"));
    }
    missing(config, there, &mut checked.warnings);
    routes(config, &mut checked.warnings);
    pagers(config, now, &mut checked.warnings);
    groups(config, now, &mut checked.warnings);
    checked
}

fn pager_line(config: &Config, name: &str, pager: &Pager, now: SystemTime) -> String {
    if config.reach(name).is_none() {
        return format!("{name}: {}", Nobody::Unknown);
    }
    let mut told = vec![chain(config, first_route(Some(pager)))];
    let id = pager.id.as_ref().map(Word::as_str);
    told.extend(id.filter(|id| *id != name).map(|id| format!("id {id}")));
    let off_duty = config.ways(name, now).err();
    told.extend(off_duty.map(|nobody| nobody.to_string()));
    told.extend(quiet(pager.quiet.as_ref(), now));
    told.extend(pager.rate.map(|rate| format!("rate {rate}")));
    told.extend(dedup(config, name));
    format!("{name}: {}", told.join(", "))
}

/// Within which time it is not told the same again.
fn dedup(config: &Config, name: &str) -> Option<String> {
    let time = config.dedup(name)?;
    Some(format!("dedup {}", format_duration(time)))
}

/// Until when pages wait, if they do.
fn quiet(hours: Option<&Hours>, now: SystemTime) -> Option<String> {
    let hours = hours.filter(|hours| hours.contains(now))?;
    Some(match hours.next_change(now) {
        Some(end) => format!("quiet until {}", shown(end)),
        None => "quiet for ever".to_owned(),
    })
}

/// `modem (ixo: tty1, tty2; dial 5551000) > relay (csv: ssh)`
fn chain(config: &Config, route: &str) -> String {
    let routes = config.chain(route).into_iter();
    let routes = routes.map(|name| match config.route(name) {
        Some(route) => format!("{name} ({})", told(route)),
        None => name.to_owned(),
    });
    routes.collect::<Vec<_>>().join(" > ")
}

fn told(route: &Route) -> String {
    let kind = *route.r#type.get_ref();
    let ends: Vec<&str> = match kind {
        Kind::Snpp | Kind::Xtell => {
            let servers = route.server.as_ref();
            let servers = servers.map_or(&[][..], |list| list.get_ref().as_slice());
            servers.iter().map(Host::as_str).collect()
        }
        Kind::Ixo => {
            let devices = route.device.as_ref();
            let devices = devices.map_or(&[][..], |list| list.get_ref().as_slice());
            let devices = devices.iter().map(|link| link.get_ref().as_str());
            let connect = route.connect.as_ref().map(|word| word.get_ref().as_str());
            devices.chain(connect).collect()
        }
        Kind::Csv | Kind::Exec => {
            let command = route.command.as_ref();
            command
                .and_then(|list| program(list.get_ref()))
                .into_iter()
                .collect()
        }
    };
    let mut told = kind.word().to_owned();
    if !ends.is_empty() {
        told = format!("{told}: {}", ends.join(", "));
    }
    let proxy = route.proxy_command.as_ref();
    if let Some(proxy) = proxy.and_then(|line| first_word(line.get_ref())) {
        told = format!("{told}; through {proxy}");
    }
    if let Some(dial) = &route.dial {
        told = format!("{told}; dial {}", dial.get_ref().as_str());
    }
    if let Some(rate) = route.rate {
        told = format!("{told}; rate {rate}");
    }
    told
}

fn program(list: &Filled<Line>) -> Option<&str> {
    list.as_slice().first().map(Line::as_str)
}

fn first_word(command: &CommandLine) -> Option<String> {
    shell_words::split(command.as_str())
        .ok()?
        .into_iter()
        .next()
}

/// Devices, files and programs that are not there.
fn missing(
    config: &Config,
    there: &dyn Fn(Needed) -> Result<(), String>,
    warnings: &mut Vec<String>,
) {
    let tables = config.tables();
    let mut look = |key: &str, needed: Needed| {
        if let Err(why) = there(needed) {
            warnings.push(format!("{key}: {why}"));
        }
    };
    if let Some(program) = tables.on_failure.as_ref().and_then(program) {
        look("on-failure", Needed::Program(program));
    }
    for (name, pager) in &tables.pager {
        if let Some(file) = &pager.pin_file {
            let key = format!("pager.{}.pin-file", name.as_str());
            look(&key, Needed::File(file.as_path()));
        }
    }
    for (name, route) in &tables.route {
        let key = |key: &str| format!("route.{}.{key}", name.as_str());
        let password = route.password_file.as_ref();
        if let Some(file) = password.map(|file| Absolute::as_path(file.get_ref())) {
            look(&key("password-file"), Needed::File(file));
        }
        let command = route.command.as_ref();
        if let Some(command) = command.and_then(|list| program(list.get_ref())) {
            look(&key("command"), Needed::Program(command));
        }
        let proxy = route.proxy_command.as_ref();
        if let Some(proxy) = proxy.and_then(|line| first_word(line.get_ref())) {
            look(&key("proxy-command"), Needed::Program(&proxy));
        }
        if let Some(filter) = route.filter.as_ref().and_then(program) {
            look(&key("filter"), Needed::Program(filter));
        }
    }
    for (name, device) in &tables.device {
        let key = format!("device.{}.path", name.as_str());
        look(&key, Needed::Device(device.path.as_path()));
    }
}

/// Fallbacks that never come to take a page.
fn routes(config: &Config, warnings: &mut Vec<String>) {
    for (name, route) in &config.tables().route {
        let name = name.as_str();
        if route.fallback.is_none() && route.fallback_after.is_some() {
            warnings.push(format!("route.{name}.fallback-after: there is no fallback"));
        }
        // The waits between tries only grow.
        let tried = route.retry_delay().saturating_mul(route.tries() - 1);
        let expire = route.lifetime();
        if route
            .takes_over_after()
            .is_some_and(|after| after.min(tried) >= expire)
        {
            warnings.push(format!(
                "route.{name}.fallback: never takes over: a page expires after {}",
                format_duration(expire)
            ));
        }
    }
}

/// Pagers that no route leads to, and those whose quiet hours no page outlives.
fn pagers(config: &Config, now: SystemTime, warnings: &mut Vec<String>) {
    for (name, pager) in &config.tables().pager {
        let name = name.as_str();
        let first = first_route(Some(pager));
        let Some(route) = config.route(first) else {
            warnings.push(format!(
                "pager.{name}: no route: it names none, and there is no [route.default]"
            ));
            continue;
        };
        let Some((quiet, (from, until))) = pager.quiet.as_ref().zip(week(now)) else {
            continue;
        };
        let stretches = quiet.stretches(from, until);
        let lengths = stretches.iter().map(length);
        let longest = lengths.max().unwrap_or_default();
        if longest > route.lifetime() {
            warnings.push(format!(
                "pager.{name}.quiet: as long as {}, and on route.{first} a page expires after {}",
                format_duration(longest),
                format_duration(route.lifetime())
            ));
        }
    }
}

/// Groups that reach nobody, always or at some hour of the week.
fn groups(config: &Config, now: SystemTime, warnings: &mut Vec<String>) {
    let groups = &config.tables().group;
    let Some((from, until)) = week(now) else {
        return;
    };
    let names: Vec<&str> = groups.keys().map(Name::as_str).collect();
    let duties = config.duties(names.clone(), from, until);
    let mut empty = BTreeMap::new();
    for name in &names {
        let duty = duties.get(name).map(Vec::as_slice).unwrap_or_default();
        let ends = duty.iter().map(|duty| duty.end);
        let gaps = ends.zip(duty.iter().skip(1).map(|duty| duty.start));
        // The one that we are in, or the first to come. Behind the last day, stretches
        // end where nobody looked for more.
        let mut gaps = gaps.filter(|(start, end)| *start < until && SystemTime::from(*end) > now);
        let what = if config.reach(name).is_none() {
            "no member can be reached".to_owned()
        } else if duty.is_empty() {
            "nobody is ever on duty".to_owned()
        } else if let Some((start, end)) = gaps.next() {
            format!("nobody is on duty {} to {}", weekly(start), weekly(end))
        } else {
            continue;
        };
        empty.insert(*name, what);
    }
    // A shift is empty between its hours, and that is well where others fill them.
    let mut rest = names;
    rest.retain(|name| !empty.contains_key(name));
    let mut seen = BTreeSet::new();
    while let Some(name) = rest.pop() {
        if let Some(group) = groups.get(name).filter(|_| seen.insert(name)) {
            let members = group.get_ref().members.iter();
            rest.extend(members.map(|link| link.get_ref().as_str()));
        }
    }
    let empty = empty.into_iter().filter(|(name, _)| !seen.contains(name));
    warnings.extend(empty.map(|(name, what)| format!("group.{name}: {what}")));
}

/// More than a week to either side.
fn week(now: SystemTime) -> Option<(Timestamp, Timestamp)> {
    const AROUND: Duration = Duration::from_secs(9 * 86_400);
    let from = Timestamp::try_from(now.checked_sub(AROUND)?).ok()?;
    let until = Timestamp::try_from(now.checked_add(AROUND)?).ok()?;
    Some((from, until))
}

fn length(stretch: &Stretch) -> Duration {
    let length = stretch.end.duration_since(stretch.start);
    Duration::try_from(length).unwrap_or_default()
}

/// `Sat 17:00`, by the system's clock.
fn weekly(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%a %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday, 12:00 UTC.
    fn now() -> SystemTime {
        at("2026-11-23T12:00:00Z").into()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn until(text: &str) -> String {
        shown(at(text).into())
    }

    fn checked(text: &str) -> Checked {
        let config = Config::parse("f", text.as_bytes()).unwrap();
        check(&config, now(), &|_| Ok(()))
    }

    const ROUTES: &str = "[route.default]\ntype = 'snpp'\nserver = ['a:444', 'b']\n\
        proxy-command = 'openssl s_client -connect %h:%p'\n\
        [route.modem]\ntype = 'ixo'\ndevice = ['tty1', 'tty2']\ndial = '555 1000'\nfallback = 'relay'\n\
        [route.relay]\ntype = 'csv'\ncommand = ['ssh', 'relay', 'page']\nfallback = 'desk'\n\
        [route.desk]\ntype = 'xtell'\n\
        [route.terminal]\ntype = 'ixo'\nconnect = 'ts:4001'\n\
        [device.tty1]\npath = '/dev/ttyS0'\n[device.tty2]\npath = '/dev/ttyS1'\n";

    #[test]
    fn each_name_has_its_line() {
        let text = ROUTES.to_owned()
            + "[pager.ann]\nroute = 'terminal'\nid = 'ann'\nhours = 'Mo 08:00-10:00 UTC'\n\
               [pager.bob]\nid = '5551212'\nquiet = ['Mo 10:00-14:00 UTC']\n\
               [pager.joe]\nroute = 'modem'\n\
               [pager.tom]\nquiet = 'Mo-Su'\n\
               [group.all]\nmembers = ['joe', 'ann', 'bob']\n\
               [group.early]\nmembers = ['ann']\n\
               [group.none]\nmembers = []\n";
        let central = "terminal (ixo: ts:4001)";
        let gateway = "default (snpp: a:444, b; through openssl)";
        let quiet = format!("quiet until {}", until("2026-11-23T14:00:00Z"));
        let off = format!("off duty until {}", until("2026-11-30T08:00:00Z"));
        assert_eq!(
            checked(&text).lines,
            [
                format!("ann: {central}, {off}"),
                format!("bob: {gateway}, id 5551212, {quiet}"),
                "joe: modem (ixo: tty1, tty2; dial 555 1000) > relay (csv: ssh) > desk (xtell)"
                    .to_owned(),
                format!("tom: {gateway}, quiet for ever"),
                format!("all: joe, bob ({quiet})"),
                format!("early: {off}"),
                "none: a group of nobody that can be reached".to_owned(),
                format!("any other ID: {gateway}"),
            ]
        );
        assert!(checked("").lines.is_empty());
        let lost = checked("[pager.joe]").lines;
        assert_eq!(
            lost,
            ["joe: there is no such pager or group, or no route to it"]
        );
    }

    #[test]
    fn all_that_the_file_counts_on_is_asked_for() {
        let text = ROUTES.to_owned()
            + "[pager.joe]\npin-file = '/pin'\n\
               [route.sms]\ntype = 'exec'\ncommand = ['/sms', 'x']\nfilter = ['fmt', '-w']\n\
               [route.own]\ntype = 'snpp'\nserver = ['c']\npassword-file = '/password'\n";
        let text = format!("on-failure = ['alarm', 'x']\n{text}");
        let config = Config::parse("f", text.as_bytes()).unwrap();
        let checked = check(&config, now(), &|needed| Err(format!("{needed:?}")));
        assert_eq!(
            checked.warnings,
            [
                "on-failure: Program(\"alarm\")",
                "pager.joe.pin-file: File(\"/pin\")",
                "route.default.proxy-command: Program(\"openssl\")",
                "route.own.password-file: File(\"/password\")",
                "route.relay.command: Program(\"ssh\")",
                "route.sms.command: Program(\"/sms\")",
                "route.sms.filter: Program(\"fmt\")",
                "device.tty1.path: Device(\"/dev/ttyS0\")",
                "device.tty2.path: Device(\"/dev/ttyS1\")",
            ]
        );
    }

    fn warnings(text: &str) -> Vec<String> {
        checked(&(ROUTES.to_owned() + text)).warnings
    }

    #[test]
    fn a_fallback_that_never_comes_is_told() {
        let route = "[route.x]\ntype = 'xtell'\nfallback = 'desk'\n";
        let never = |expire| {
            vec![format!(
                "route.x.fallback: never takes over: a page expires after {expire}"
            )]
        };
        for (keys, told) in [
            ("", vec![]),
            ("expire = '5m'", never("5m")),
            ("expire = '301s'", vec![]),
            ("expire = '5m'\nretry = 4", vec![]),
            ("expire = '1h'\nfallback-after = '2h'", vec![]),
            (
                "expire = '1h'\nfallback-after = '2h'\nretry = 60",
                never("1h"),
            ),
            (
                "expire = '1h'\nfallback-after = '2h'\nretry-delay = '12m'",
                never("1h"),
            ),
        ] {
            assert_eq!(warnings(&format!("{route}{keys}")), told, "{keys}");
        }
        let useless = warnings("[route.x]\ntype = 'xtell'\nfallback-after = '1m'");
        assert_eq!(useless, ["route.x.fallback-after: there is no fallback"]);
    }

    #[test]
    fn pagers_that_get_nothing_are_told() {
        let lost = checked("[pager.joe]\n[group.a]\nmembers = ['joe']\n[group.b]\nmembers = []");
        assert_eq!(
            lost.warnings,
            [
                "pager.joe: no route: it names none, and there is no [route.default]",
                "group.a: no member can be reached",
                "group.b: no member can be reached",
            ]
        );
        let short = "[route.short]\ntype = 'xtell'\nexpire = '8h'\n\
                     [pager.joe]\nroute = 'short'\nquiet = ";
        assert!(warnings(&format!("{short}'22:00-06:00 UTC'")).is_empty());
        for (quiet, told) in [
            ("'Mo-Fr 21:59-06:00 UTC'", "8h 1m"),
            ("'Sa,Su UTC'", "2days"),
        ] {
            let told = format!(
                "pager.joe.quiet: as long as {told}, and on route.short a page expires after 8h"
            );
            assert_eq!(warnings(&format!("{short}{quiet}")), [told]);
        }
    }

    #[test]
    fn hours_without_anybody_are_told() {
        let pagers = "pager.day.hours = 'Mo-Fr 08:00-20:00 UTC'\n\
                      pager.night.hours = 'Su-Fr 20:00-08:00 UTC'\n\
                      pager.both.hours = ['Sa 08:00-20:00 UTC', 'Sa 20:00-02:00 UTC']\n";
        for (group, gap) in [
            ("members = ['day', 'night', 'both', 'joe']", None),
            (
                "members = ['day', 'night', 'both']",
                // Sunday's day.
                Some(("2026-11-29T02:00:00Z", "2026-11-29T20:00:00Z")),
            ),
            (
                "members = ['day', 'both']",
                Some(("2026-11-23T20:00:00Z", "2026-11-24T08:00:00Z")),
            ),
            (
                // That we are in.
                "members = ['night']",
                Some(("2026-11-23T08:00:00Z", "2026-11-23T20:00:00Z")),
            ),
            (
                "members = ['joe']\nhours = 'Mo 09:00-13:00 Europe/Berlin'",
                Some(("2026-11-23T12:00:00Z", "2026-11-30T08:00:00Z")),
            ),
            (
                // One is over just now.
                "members = ['joe']\nhours = ['Mo 12:00-13:00 UTC', 'Tu UTC']",
                Some(("2026-11-23T13:00:00Z", "2026-11-24T00:00:00Z")),
            ),
            (
                // The hours of the group and of its member, over two weeks.
                "members = ['day']\nhours = 'Fr 18:00-21:00 UTC'",
                Some(("2026-11-20T20:00:00Z", "2026-11-27T18:00:00Z")),
            ),
        ] {
            let told = gap.map(|(start, end)| {
                let (start, end) = (weekly(at(start)), weekly(at(end)));
                format!("group.a: nobody is on duty {start} to {end}")
            });
            let text = format!("[pager.joe]\n[group.a]\n{group}\n");
            let text = format!("{pagers}{ROUTES}{text}");
            let warnings = checked(&text).warnings;
            assert_eq!(warnings, Vec::from_iter(told), "{group}");
        }
        // One zone is two days ahead of the other, and its hours are known for longer.
        let around = "[pager.east]\nhours = '14:00-02:00 Etc/GMT-14'\n\
                      [pager.west]\nhours = '00:00-12:00 Etc/GMT+12'\n\
                      [group.a]\nmembers = ['east', 'west']\n";
        let around = Config::parse("f", (ROUTES.to_owned() + around).as_bytes()).unwrap();
        let morning = at("2026-11-23T10:30:00Z").into();
        assert_eq!(check(&around, morning, &|_| Ok(())).warnings, [""; 0]);
        // Shifts fill the week together, or not.
        let shifts = "[group.c]\nmembers = ['a', 'b']\n\
                      [group.a]\nmembers = ['d']\nhours = 'Mo-Fr UTC'\n\
                      [group.d]\nmembers = ['joe']\nhours = 'Mo-Sa UTC'\n\
                      [group.b]\nmembers = ['joe']\nhours = 'Sa,Su UTC'\n[pager.joe]\n";
        assert_eq!(warnings(shifts), [""; 0]);
        assert_eq!(warnings(&shifts.replace("Sa,Su", "Su")).len(), 4);
        let never = warnings("[pager.a]\nhours = 'Mo'\n[group.b]\nmembers = ['a']\nhours = 'We'\n");
        assert_eq!(never, ["group.b: nobody is ever on duty"]);
    }
}
