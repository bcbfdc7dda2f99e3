//! How a page goes: to which pagers, on which routes, and under whose hours.
//!
//! Answers for what the file says about a name at a time. Must never know what
//! the time is now, nor what is done with a page.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::Config;
use super::duty::shown;
use super::hours::{AHEAD, Hours};
use super::tables::{Pager, Route};
use super::value::{Absolute, Word};
use crate::rate::Rate;
use crate::text::charset::Charset;

/// A pager and the way to it.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The pager's name as configured, or else the ID itself.
    pub pager: &'a str,
    /// What the route calls it.
    pub id: &'a str,
    /// Holds its PIN.
    pub pin_file: Option<&'a Path>,
    /// The route.
    pub route: &'a str,
    /// Longest message: the smaller of the pager's and the route's.
    pub max_length: Option<usize>,
    /// ASCII if the pager shows or the route carries nothing else.
    pub charset: Option<Charset>,
    /// When its pages wait, but for those of level 0.
    pub quiet: Option<&'a Hours>,
}

/// Why a page has no way now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Nobody {
    /// There is no such name, or no route to it.
    Unknown,
    /// Off duty, and on duty again then; `None`: never.
    OffDuty(Option<SystemTime>),
    /// A group without a member that a route leads to.
    Empty,
}

impl fmt::Display for Nobody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "there is no such pager or group, or no route to it"),
            Self::OffDuty(Some(until)) => write!(f, "off duty until {}", shown(*until)),
            Self::OffDuty(None) => write!(f, "never on duty"),
            Self::Empty => write!(f, "a group of nobody that can be reached"),
        }
    }
}

impl std::error::Error for Nobody {}

impl Config {
    /// The ways of a page to this name that is due at this time: never none.
    ///
    /// The name is a pager's or a group's, or any well-formed ID if there is a
    /// `[route.default]`. Each pager comes once, in the order of the members;
    /// those off duty are left out, and so is all that is behind a group off duty.
    pub fn ways<'a>(&'a self, name: &'a str, at: SystemTime) -> Result<Vec<Way<'a>>, Nobody> {
        let is_group = self.tables.group.contains_key(name);
        if self.reach(name).is_none() {
            return Err(if is_group {
                Nobody::Empty
            } else {
                Nobody::Unknown
            });
        }
        let on_duty = |hours: Option<&Hours>| hours.is_none_or(|hours| hours.contains(at));
        let mut ways = Vec::new();
        let mut seen = BTreeSet::new();
        let mut rest = vec![name];
        while let Some(name) = rest.pop() {
            if !seen.insert(name) {
                continue;
            }
            if let Some(group) = self.tables.group.get(name) {
                let group = group.get_ref();
                if on_duty(group.hours.as_ref()) {
                    let members = group.members.iter().rev();
                    rest.extend(members.map(|link| link.get_ref().as_str()));
                }
                continue;
            }
            let pager = self.tables.pager.get(name);
            if on_duty(pager.and_then(|pager| pager.hours.as_ref())) {
                ways.extend(self.way(name, first_route(pager)));
            }
        }
        if ways.is_empty() {
            return Err(Nobody::OffDuty(self.on_duty_again(name, at)));
        }
        Ok(ways)
    }

    /// The way to a pager, or to an ID, by this route: by a fallback, say.
    /// `None`: there is no such route.
    pub fn way<'a>(&'a self, name: &'a str, route: &'a str) -> Option<Way<'a>> {
        let pager = self.tables.pager.get(name);
        let by = self.route(route)?;
        let lengths = [
            by.max_length(),
            pager.and_then(|pager| pager.max_length).map(Into::into),
        ];
        let charsets = [pager.and_then(|pager| pager.charset), by.charset];
        let charsets = || charsets.into_iter().flatten();
        let ascii = charsets().find(|charset| *charset == Charset::Ascii);
        Some(Way {
            pager: name,
            id: pager
                .and_then(|pager| pager.id.as_ref())
                .map_or(name, Word::as_str),
            pin_file: pager
                .and_then(|pager| pager.pin_file.as_ref())
                .map(Absolute::as_path),
            route,
            max_length: lengths.into_iter().flatten().min(),
            charset: ascii.or_else(|| charsets().next()),
            quiet: pager.and_then(|pager| pager.quiet.as_ref()),
        })
    }

    /// Within which time a page to this name is not sent again.
    pub fn dedup(&self, name: &str) -> Option<Duration> {
        let group = || self.tables.group.get(name)?.get_ref().dedup;
        let pager = self.tables.pager.get(name);
        let delay = pager.map_or_else(group, |pager| pager.dedup);
        delay.map(|delay| delay.0)
    }

    /// So many pages are sent to this pager.
    pub fn rate(&self, pager: &str) -> Option<Rate> {
        self.tables.pager.get(pager)?.rate
    }

    /// A route by its name.
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.tables.route.get(name)
    }

    /// A route and its fallbacks, in order; empty if there is no such route.
    pub fn chain<'a>(&'a self, route: &'a str) -> Vec<&'a str> {
        let first = self.route(route).map(|_| route);
        let next = |name: &&str| {
            let fallback = self.route(name)?.fallback.as_ref()?;
            Some(fallback.get_ref().as_str())
        };
        std::iter::successors(first, next).collect()
    }

    fn on_duty_again(&self, name: &str, at: SystemTime) -> Option<SystemTime> {
        let until = Timestamp::try_from(at.checked_add(AHEAD)?).ok()?;
        let at = Timestamp::try_from(at).ok()?;
        let mut duties = self.duties(vec![name], at, until);
        let duty = duties.remove(name).unwrap_or_default();
        let mut starts = duty.iter().map(|stretch| stretch.start);
        let start = starts.find(|start| *start > at)?;
        (start <= until).then(|| start.into())
    }
}

/// The route that a pager, or an ID, is tried on first.
pub(super) fn first_route(pager: Option<&Pager>) -> &str {
    let own = pager.and_then(|pager| pager.route.as_ref());
    own.map_or("default", |route| route.get_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use std::time::Instant;

    fn config(text: &str) -> Config {
        Config::parse("f", text.as_bytes()).unwrap()
    }

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    /// Who is paged, or why nobody.
    fn pagers<'a>(config: &'a Config, name: &'a str, time: &str) -> Result<Vec<&'a str>, Nobody> {
        let ways = config.ways(name, at(time))?;
        Ok(ways.iter().map(|way| way.pager).collect())
    }

    const MONDAY_NOON: &str = "2026-11-23T12:00:00Z";

    #[test]
    fn a_way_is_what_pager_and_route_say_together() {
        let config = config(
            "[route.default]\ntype = 'xtell'\nmax-length = 100\nfallback = 'b'\n\
             [route.b]\ntype = 'xtell'\nmax-length = 50\ncharset = 'ascii'\nfallback = 'c'\n\
             [route.c]\ntype = 'xtell'\n\
             [pager.joe]\nid = '5551212'\npin-file = '/p'\nmax-length = 80\n\
             charset = 'utf8'\nquiet = 'Mo UTC'\n\
             [pager.ann]\nroute = 'c'\ncharset = 'ascii'\n",
        );
        let way = |name| {
            let ways = config.ways(name, at(MONDAY_NOON)).unwrap();
            assert_eq!(ways.len(), 1, "{name}");
            ways[0]
        };
        let joe = way("joe");
        assert_eq!(
            (joe.pager, joe.id, joe.route),
            ("joe", "5551212", "default")
        );
        assert_eq!(joe.pin_file, Some(Path::new("/p")));
        assert_eq!(
            (joe.max_length, joe.charset),
            (Some(80), Some(Charset::Utf8))
        );
        assert!(joe.quiet.unwrap().contains(at(MONDAY_NOON)));
        let ann = way("ann");
        assert_eq!((ann.pager, ann.id, ann.route), ("ann", "ann", "c"));
        assert_eq!((ann.max_length, ann.charset), (None, Some(Charset::Ascii)));
        assert!(ann.pin_file.is_none() && ann.quiet.is_none());
        let other = way("5550000");
        assert_eq!(
            (other.id, other.route, other.max_length),
            ("5550000", "default", Some(100))
        );

        // The same by a fallback.
        let joe = config.way("joe", "b").unwrap();
        assert_eq!((joe.id, joe.route), ("5551212", "b"));
        assert_eq!(
            (joe.max_length, joe.charset),
            (Some(50), Some(Charset::Ascii))
        );
        assert!(config.way("joe", "x").is_none() && config.route("x").is_none());
        assert_eq!(config.chain("default"), ["default", "b", "c"]);
        assert_eq!(config.chain("c"), ["c"]);
        assert!(config.chain("x").is_empty());
    }

    #[test]
    fn a_group_is_those_on_duty_each_once_in_their_order() {
        let config = config(
            "route.a.type = 'xtell'\n\
             pager.ann.route = 'a'\n\
             pager.bob = { route = 'a', hours = 'Mo-Fr 08:00-17:00 UTC' }\n\
             pager.cid.route = 'a'\npager.lost = {}\n\
             group.day = { members = ['cid', 'lost', 'bob'], hours = '06:00-18:00 UTC' }\n\
             group.all = { members = ['bob', 'day', 'ann', 'cid', 'bob'] }\n\
             group.half = { members = ['lost', 'bob'] }\n\
             group.away = { members = ['lost', 'none'] }\n\
             group.none = { members = [] }\n\
             group.few = { members = ['bob', 'none'], hours = '16:00-20:00 UTC' }\n\
             group.never = { members = ['bob'], hours = 'Sa UTC' }\n",
        );
        let off = |until| Err(Nobody::OffDuty(Some(at(until))));
        for (name, time, who) in [
            ("all", MONDAY_NOON, Ok(vec!["bob", "cid", "ann"])),
            ("all", "2026-11-23T17:30:00Z", Ok(vec!["cid", "ann"])),
            ("all", "2026-11-23T19:00:00Z", Ok(vec!["ann", "cid"])),
            ("day", "2026-11-22T12:00:00Z", Ok(vec!["cid"])),
            ("day", "2026-11-23T19:00:00Z", off("2026-11-24T06:00:00Z")),
            ("bob", MONDAY_NOON, Ok(vec!["bob"])),
            ("bob", "2026-11-20T17:00:00Z", off("2026-11-23T08:00:00Z")),
            ("few", "2026-11-20T16:59:59Z", Ok(vec!["bob"])),
            ("few", "2026-11-20T17:00:00Z", off("2026-11-23T16:00:00Z")),
            ("half", "2026-11-20T17:00:00Z", off("2026-11-23T08:00:00Z")),
            ("never", MONDAY_NOON, Err(Nobody::OffDuty(None))),
            ("lost", MONDAY_NOON, Err(Nobody::Unknown)),
            ("5551212", MONDAY_NOON, Err(Nobody::Unknown)),
            ("a b", MONDAY_NOON, Err(Nobody::Unknown)),
            ("none", MONDAY_NOON, Err(Nobody::Empty)),
            ("away", MONDAY_NOON, Err(Nobody::Empty)),
        ] {
            assert_eq!(pagers(&config, name, time), who, "{name} {time}");
        }
    }

    #[test]
    fn deep_groups_take_neither_the_stack_nor_long() {
        let mut text = "route.default.type = 'xtell'\n[pager.p]\nhours = 'Mo UTC'\n\
                        [group.g0]\nmembers = ['p']\n"
            .to_owned();
        for depth in 1..10_000 {
            let under = format!("'g{}'", depth - 1);
            writeln!(text, "[group.g{depth}]\nmembers = [{under}, {under}]").unwrap();
        }
        let config = config(&text);
        let start = Instant::now();
        assert_eq!(pagers(&config, "g9999", MONDAY_NOON), Ok(vec!["p"]));
        let sunday = pagers(&config, "g9999", "2026-11-22T12:00:00Z");
        assert_eq!(
            sunday,
            Err(Nobody::OffDuty(Some(at("2026-11-23T00:00:00Z"))))
        );
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn nobody_says_why() {
        let until = at(MONDAY_NOON);
        let zone = jiff::tz::TimeZone::system();
        let local = zone.to_datetime(Timestamp::try_from(until).unwrap());
        for (nobody, said) in [
            (Nobody::Unknown, "no such pager or group".to_owned()),
            (Nobody::OffDuty(Some(until)), format!("until {local}")),
            (Nobody::OffDuty(None), "never".to_owned()),
            (Nobody::Empty, "nobody".to_owned()),
        ] {
            assert!(nobody.to_string().contains(&said), "{nobody}");
        }
    }
}
