//! Who is on duty when: the hours of a pager, and those of a group together with
//! its members'.
//!
//! Must never know what the time is now, nor a route.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;

use super::Config;
use super::hours::{Hours, Stretch, union};

impl Config {
    /// When someone whom a page could reach is on duty under each of these names,
    /// and under those behind them: all stretches that have to do with the time
    /// between the two moments, in order.
    pub(super) fn duties<'a>(
        &'a self,
        names: Vec<&'a str>,
        from: Timestamp,
        until: Timestamp,
    ) -> BTreeMap<&'a str, Vec<Stretch>> {
        let always = Timestamp::MIN..Timestamp::MAX;
        let hours = |hours: Option<&Hours>| match hours {
            Some(hours) => hours.stretches(from, until),
            None => vec![always.clone()],
        };
        let mut duties: BTreeMap<&str, Vec<Stretch>> = BTreeMap::new();
        // Each name stands on those that have to be known before it. Groups may
        // nest by the thousand, so that is no recursion.
        let mut rest = names;
        while let Some(name) = rest.last().copied() {
            if duties.contains_key(name) {
                rest.pop();
                continue;
            }
            let Some(group) = self.tables.group.get(name) else {
                let pager = self.tables.pager.get(name);
                let own = pager.and_then(|pager| pager.hours.as_ref());
                let duty = self.reach(name).map(|_| hours(own));
                duties.insert(name, duty.unwrap_or_default());
                continue;
            };
            let group = group.get_ref();
            let members = || group.members.iter().map(|link| link.get_ref().as_str());
            let before = rest.len();
            rest.extend(members().filter(|member| !duties.contains_key(member)));
            if rest.len() == before {
                let members = members().filter_map(|member| duties.get(member));
                let any = union(members.flatten().cloned().collect());
                duties.insert(name, both(&any, &hours(group.hours.as_ref())));
            }
        }
        duties
    }
}

/// What lies within both.
fn both(left: &[Stretch], right: &[Stretch]) -> Vec<Stretch> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut common = Vec::new();
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let (start, end) = (one.start.max(other.start), one.end.min(other.end));
        if start < end {
            common.push(start..end);
        }
        if one.end < other.end {
            left.next();
        } else {
            right.next();
        }
    }
    common
}

/// A moment as it is shown to people: with the system's time zone.
pub(super) fn shown(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::MAX);
    let zone = jiff::tz::TimeZone::system();
    at.to_zoned(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}
