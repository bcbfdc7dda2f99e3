//! Hours of the day and the week: `Mo-Fr 08:00-17:00 Europe/Berlin`.
//!
//! Answers for what such a line says: which moments lie within, and when that
//! changes, over every change of the clocks. The clock that counts is the one on
//! the wall: where it skips the beginning or the end of some hours, the time that
//! would have been counts, and where it shows it twice, the first.
//! Must never know what the time is now, nor what the hours are for.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{self, Deserializer, Error, SeqAccess, Visitor};

use super::value::{Filled, Line, Text};

/// How far ahead the next change is looked for: all that a week has, even where
/// a change of the clocks swallows it once.
pub(super) const AHEAD: Duration = Duration::from_secs(15 * 86_400);

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Hours of the day and the week: one line or a list of them, of which each adds
/// its own.
#[derive(Clone, Debug)]
pub struct Hours(Vec<Rule>);

/// A time from here to there.
pub(super) type Stretch = Range<Timestamp>;

impl Hours {
    /// Whether this moment lies within.
    pub fn contains(&self, at: SystemTime) -> bool {
        let Ok(at) = Timestamp::try_from(at) else {
            return false;
        };
        self.0.iter().any(|rule| {
            let mut stretches = rule.stretches(at, at);
            stretches.any(|stretch| stretch.contains(&at))
        })
    }

    /// The next moment at which [`Hours::contains`] changes; `None`: never.
    pub fn next_change(&self, at: SystemTime) -> Option<SystemTime> {
        let until = Timestamp::try_from(at.checked_add(AHEAD)?).ok()?;
        let at = Timestamp::try_from(at).ok()?;
        let stretches = self.stretches(at, until);
        let mut changes = stretches.iter().flat_map(|next| [next.start, next.end]);
        let change = changes.find(|change| *change > at)?;
        (change <= until).then(|| change.into())
    }

    /// All that lies within and has to do with the time between these two, in
    /// order, none touching another. The first and the last may reach beyond it.
    pub(super) fn stretches(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let all = self.0.iter().flat_map(|rule| rule.stretches(from, until));
        union(all.collect())
    }
}

/// The same time in order and in as few stretches as can be.
pub(super) fn union(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable_by_key(|stretch| stretch.start);
    let mut merged: Vec<Stretch> = Vec::new();
    for next in stretches {
        match merged.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    merged
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// From Monday on.
    days: [bool; 7],
    /// In minutes from the midnight at which the day begins; the end may belong to
    /// the day that follows.
    times: Vec<Range<u16>>,
    /// Without it the system's.
    zone: Option<TimeZone>,
}

impl Rule {
    /// Its stretches between these two and around them, in no order.
    fn stretches(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Stretch> {
        let zone = self.zone.clone().unwrap_or_else(TimeZone::system);
        let date = |at| zone.to_datetime(at).date();
        // What began yesterday may last. A clock that skips a day lets it last for
        // another, and one put back over midnight has seen tomorrow begin.
        let first = earlier(earlier(date(from)));
        let last = date(until).tomorrow().unwrap_or(Date::MAX);
        let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
        let dates = dates.take_while(move |date| *date <= last);
        let dates = dates.filter(|date| self.has(date.weekday()));
        dates.flat_map(move |date| {
            let zone = zone.clone();
            let stretches = self.times.iter().filter_map(move |time| {
                let [start, end] = [time.start, time.end].map(|minute| moment(&zone, date, minute));
                Some(start?..end?)
            });
            // A clock put forward may swallow it.
            stretches.filter(|stretch| stretch.start < stretch.end)
        })
    }

    fn has(&self, day: Weekday) -> bool {
        let mut days = self.days.iter().zip(WEEK);
        days.any(|(has, (other, _))| *has && other == day)
    }
}

fn earlier(date: Date) -> Date {
    date.yesterday().unwrap_or(Date::MIN)
}

/// When the clock on the wall shows this minute of this day.
fn moment(zone: &TimeZone, date: Date, minute: u16) -> Option<Timestamp> {
    let (date, minute) = match minute.checked_sub(DAY) {
        Some(minute) => (date.tomorrow().ok()?, minute),
        None => (date, minute),
    };
    let [hour, minute] = [minute / 60, minute % 60].map(i8::try_from);
    let time = Time::new(hour.ok()?, minute.ok()?, 0, 0).ok()?;
    zone.to_timestamp(date.to_datetime(time)).ok()
}

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

impl TryFrom<String> for Rule {
    type Error = String;

    /// Days, times and a zone, each at most once and in this order.
    fn try_from(text: String) -> Result<Self, String> {
        let text = Line::try_from(text)?;
        let text = text.as_str();
        let wrong = |what: String| format!("{text:?}: {what}");
        // A list may have blanks behind its commas.
        let packed: Vec<&str> = text.split(',').map(str::trim).collect();
        let packed = packed.join(",");
        let mut words = packed.split_whitespace().peekable();
        let is_time = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
        let days = words.next_if(|word| !is_time(word));
        let times = words.next_if(is_time);
        let zone = words.next();
        if let Some(word) = words.next() {
            return Err(wrong(format!(
                "what is {word:?}? First days, then times, then a time zone"
            )));
        }
        let times = times.unwrap_or("00:00-24:00").split(',').map(read_time);
        Ok(Self {
            days: days.map_or(Ok([true; 7]), read_days).map_err(wrong)?,
            times: times.collect::<Result<_, _>>().map_err(wrong)?,
            zone: zone.map(read_zone).transpose().map_err(wrong)?,
        })
    }
}

/// `Mo-Fr,Su`: a range may go over the end of the week.
fn read_days(text: &str) -> Result<[bool; 7], String> {
    let mut days = [false; 7];
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (read_day(first)?, read_day(last)?);
        for (day, has) in days.iter_mut().enumerate() {
            let within = if first <= last {
                first <= day && day <= last
            } else {
                first <= day || day <= last
            };
            *has |= within;
        }
    }
    Ok(days)
}

fn read_day(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let is_long_enough = (2..=3).contains(&lower.len());
    WEEK.iter()
        .position(|(_, name)| is_long_enough && name.starts_with(&lower))
        .ok_or_else(|| {
            format!("{text:?} is no day: write days such as Mo-Fr or Sa,Su, and times such as 08:00-17:00")
        })
}

/// `22:00-06:00`
fn read_time(text: &str) -> Result<Range<u16>, String> {
    let wrong = || format!("{text:?} are no times such as 08:00-17:00");
    let (start, end) = text.split_once('-').ok_or_else(wrong)?;
    let start = read_minute(start).filter(|start| *start < DAY);
    let (start, end) = start.zip(read_minute(end)).ok_or_else(wrong)?;
    match start.cmp(&end) {
        std::cmp::Ordering::Less => Ok(start..end),
        std::cmp::Ordering::Equal => Err(format!(
            "{text:?} is no time at all: a whole day is 00:00-24:00"
        )),
        std::cmp::Ordering::Greater => Ok(start..end + DAY),
    }
}

/// `08:00` as minutes, up to `24:00`.
fn read_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str, lengths: Range<usize>| {
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = lengths.contains(&digits.len()) && is_number;
        number.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let minute = number(minute, 2..3).filter(|minute| *minute < 60)?;
    let minutes = number(hour, 1..3)? * 60 + minute;
    (minutes <= DAY).then_some(minutes)
}

fn read_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        format!("{name:?} is no time zone of this system, such as Europe/Berlin or UTC")
    })
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text::new())
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Rules;

        impl<'de> Visitor<'de> for Rules {
            type Value = Hours;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a string or a list of strings")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Hours, E> {
                let rule = Rule::try_from(text.to_owned()).map_err(E::custom)?;
                Ok(Hours(vec![rule]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Hours, A::Error> {
                let list = de::value::SeqAccessDeserializer::new(list);
                Filled::deserialize(list).map(|rules| Hours(rules.into_vec()))
            }
        }

        from.deserialize_any(Rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    fn hours(lines: &[&str]) -> Hours {
        let rules = lines.iter().map(|line| (*line).to_owned().try_into());
        Hours(rules.collect::<Result<_, _>>().unwrap())
    }

    fn utc(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    /// The moments at which it changes, from one to another.
    fn changes(hours: &Hours, from: &str, until: &str) -> Vec<String> {
        let from = utc(from);
        let changes = std::iter::successors(hours.next_change(from), |at| hours.next_change(*at));
        let changes = changes.take_while(|at| *at < utc(until));
        let shown = changes.map(|at| {
            let sign = if hours.contains(at) { '+' } else { '-' };
            format!("{sign}{}", Timestamp::try_from(at).unwrap())
        });
        shown.collect()
    }

    #[test]
    fn a_line_says_days_and_times_and_a_zone() {
        // Monday.
        let week = ["2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"];
        for (lines, told) in [
            (
                &["Sa UTC"][..],
                &["+2026-11-21T00:00:00Z", "-2026-11-22T00:00:00Z"][..],
            ),
            (&["sa-SUN utc"], &["+2026-11-21T00:00:00Z"]),
            (
                // Over the end of the week.
                &["Sun-Tue UTC"],
                &["-2026-11-18T00:00:00Z", "+2026-11-22T00:00:00Z"],
            ),
            (
                &["Th 8:00-12:00, 13:00-24:00 Europe/Berlin"],
                &[
                    "+2026-11-19T07:00:00Z",
                    "-2026-11-19T11:00:00Z",
                    "+2026-11-19T12:00:00Z",
                    "-2026-11-19T23:00:00Z",
                ],
            ),
            (
                // What is behind midnight belongs to the day that it began on.
                &["Fr 22:00-06:00 UTC"],
                &["+2026-11-20T22:00:00Z", "-2026-11-21T06:00:00Z"],
            ),
            (
                &["Su 22:00-06:00 UTC"],
                &["-2026-11-16T06:00:00Z", "+2026-11-22T22:00:00Z"],
            ),
            (
                &["Mo,We 12:00-00:00 UTC"],
                &[
                    "+2026-11-16T12:00:00Z",
                    "-2026-11-17T00:00:00Z",
                    "+2026-11-18T12:00:00Z",
                    "-2026-11-19T00:00:00Z",
                ],
            ),
            (
                // One goes on where another ends, and both may be of other zones.
                &[
                    "Mo 01:00-03:00 UTC",
                    "Mo 03:00-04:00 UTC",
                    "Mo 04:30-06:00 Europe/Berlin",
                ],
                &["+2026-11-16T01:00:00Z", "-2026-11-16T05:00:00Z"],
            ),
            (&["Mo-Su UTC"], &[]),
            (&["00:00-24:00 UTC"], &[]),
            (&["00:00-12:00 UTC", "12:00-00:00 UTC"], &[]),
        ] {
            assert_eq!(changes(&hours(lines), week[0], week[1]), told, "{lines:?}");
        }
        assert!(hours(&["00:00-24:00"]).contains(utc(week[0])));
    }

    #[test]
    fn what_the_clock_skips_would_have_been_and_what_it_repeats_counts_once() {
        for (line, from, told) in [
            (
                // 02:00 is 03:00, so 02:15 is 03:15.
                "02:15-02:45 Europe/Berlin",
                "2026-03-29T00:00:00Z",
                &["+2026-03-29T01:15:00Z", "-2026-03-29T01:45:00Z"][..],
            ),
            (
                // It begins behind its end.
                "02:45-03:15 Europe/Berlin",
                "2026-03-29T00:00:00Z",
                &[],
            ),
            (
                // 03:00 is 02:00 again.
                "02:15-02:45 Europe/Berlin",
                "2026-10-25T00:00:00Z",
                &["+2026-10-25T00:15:00Z", "-2026-10-25T00:45:00Z"],
            ),
            (
                "02:30-03:30 Europe/Berlin",
                "2026-10-25T00:00:00Z",
                &["+2026-10-25T00:30:00Z", "-2026-10-25T02:30:00Z"],
            ),
            (
                // Midnight is 01:00.
                "Sa America/Santiago",
                "2026-09-05T12:00:00Z",
                &["-2026-09-06T04:00:00Z"],
            ),
            (
                // A Friday that never was.
                "Fr Pacific/Apia",
                "2011-12-30T00:00:00Z",
                &[],
            ),
            (
                // Its morning would have been that of Saturday.
                "Th 22:00-06:00 Pacific/Apia",
                "2011-12-30T12:00:00Z",
                &["-2011-12-30T16:00:00Z"],
            ),
        ] {
            let until = Timestamp::try_from(utc(from) + Duration::from_secs(86_400)).unwrap();
            let changes = changes(&hours(&[line]), from, &until.to_string());
            assert_eq!(changes, told, "{line} {from}");
        }
        // Sunday has begun, and a minute later it is Saturday again.
        let sunday = hours(&["Su America/St_Johns"]);
        for (at, within) in [("02:29", false), ("02:30", true), ("02:40", true)] {
            let at = utc(&format!("2009-11-01T{at}:00Z"));
            assert_eq!(sunday.contains(at), within);
        }
    }

    #[test]
    fn what_is_no_line_is_refused_with_a_reason() {
        for (line, reason) in [
            ("", "an empty text"),
            ("\t", "an empty text"),
            ("Mx", "\"Mx\" is no day"),
            ("M", "\"M\" is no day"),
            ("Mond", "\"Mond\" is no day"),
            ("Mo-", "\"\" is no day"),
            ("Mo-We-Fr", "\"We-Fr\" is no day"),
            ("Mo, 08:00-09:00", "\"08:00\" is no day"),
            ("Europe/Berlin", "\"Europe/Berlin\" is no day"),
            ("8-17", "\"8-17\" are no times"),
            ("08:00", "\"08:00\" are no times"),
            ("08:00-24:01", "\"08:00-24:01\" are no times"),
            ("24:00-08:00", "\"24:00-08:00\" are no times"),
            ("08:60-09:00", "\"08:60-09:00\" are no times"),
            ("008:00-09:00", "\"008:00-09:00\" are no times"),
            ("08:00-+9:00", "\"08:00-+9:00\" are no times"),
            ("08:00-9:0", "\"08:00-9:0\" are no times"),
            ("08:00-09:00,", "\"\" are no times"),
            ("08:00-08:00", "a whole day is 00:00-24:00"),
            ("Mo 08:00-09:00 Mars/Base", "\"Mars/Base\" is no time zone"),
            ("Mo ../../../etc/passwd", "is no time zone"),
            ("Mo Tu", "\"Tu\" is no time zone"),
            ("Mo 08:00-09:00 UTC x", "what is \"x\"?"),
        ] {
            let error = Rule::try_from(line.to_owned()).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }

    #[test]
    fn clocks_beyond_the_calendar_are_no_trouble() {
        let hours = hours(&["Mo 08:00-17:00"]);
        for at in [Timestamp::MIN, Timestamp::MAX].map(SystemTime::from) {
            assert!(!hours.contains(at));
            _ = hours.next_change(at);
        }
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX) * 1000);
        assert!(!hours.contains(far) && hours.next_change(far).is_none());
    }

    /// Eleven days by the clock on a wall, minute by minute.
    struct Wall {
        minutes: Vec<(i64, DateTime)>,
    }

    impl Wall {
        fn new(zone: &str, middle: &str) -> Self {
            let zone = TimeZone::get(zone).unwrap();
            let middle = middle.parse::<Timestamp>().unwrap().as_second() / 60;
            let minutes = middle - 5 * 1440..middle + 6 * 1440;
            let minutes = minutes.map(|minute| {
                let at = Timestamp::from_second(minute * 60).unwrap();
                (minute, zone.to_datetime(at))
            });
            Self {
                minutes: minutes.collect(),
            }
        }

        /// The first minute that shows this, or would have without a jump.
        fn find(&self, time: DateTime) -> Option<i64> {
            let shows = self.minutes.iter().find(|(_, shown)| *shown == time);
            let jumps = || {
                self.minutes
                    .windows(2)
                    .find(|pair| pair[0].1 < time && time < pair[1].1)
                    .map(|pair| pair[0].0 + time.duration_since(pair[0].1).as_mins())
            };
            shows.map(|(minute, _)| *minute).or_else(jumps)
        }

        /// Whether each minute is within, by a look at every day and time.
        fn within(&self, days: [bool; 7], times: &[(u16, u16)]) -> Vec<bool> {
            let mut within = vec![false; self.minutes.len()];
            let mut dates: Vec<Date> = self.minutes.iter().map(|(_, at)| at.date()).collect();
            dates.dedup();
            for date in dates {
                if !days[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap()] {
                    continue;
                }
                for (start, end) in times {
                    let at = |minute: u16, later: bool| {
                        let date = if later {
                            date.tomorrow().unwrap()
                        } else {
                            date
                        };
                        let hour = i8::try_from(minute / 60).unwrap();
                        self.find(date.at(hour, i8::try_from(minute % 60).unwrap(), 0, 0))
                    };
                    let end = at(*end, end < start);
                    let Some((start, end)) = at(*start, false).zip(end) else {
                        continue;
                    };
                    let index = |minute: i64| usize::try_from(minute - self.minutes[0].0).unwrap();
                    if start < end {
                        within[index(start)..index(end)].fill(true);
                    }
                }
            }
            within
        }
    }

    const ZONES: [(&str, &str); 8] = [
        ("UTC", "2026-06-01T00:00:00Z"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"),
        // Half an hour.
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        // At midnight, forward and back.
        ("America/Santiago", "2026-09-06T04:00:00Z"),
        ("America/Santiago", "2026-04-05T03:00:00Z"),
        // One minute after midnight.
        ("America/St_Johns", "2009-11-01T02:31:00Z"),
    ];

    fn written(days: [bool; 7], times: &[(u16, u16)], zone: &str) -> String {
        let days = days.iter().zip(WEEK).filter(|(has, _)| **has);
        let days: Vec<&str> = days.map(|(_, (_, name))| name).collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let times = times.iter();
        let times: Vec<String> = times
            .map(|(start, end)| format!("{}-{}", clock(*start), clock(*end)))
            .collect();
        format!("{} {} {zone}", days.join(","), times.join(","))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_minute_is_as_the_clock_on_the_wall_says(
            zone in 0..ZONES.len(),
            days: [bool; 7],
            times in prop::collection::vec((0..DAY, 0..DAY), 1..4),
        ) {
            let times: Vec<(u16, u16)> = times.into_iter().filter(|(a, b)| a != b).collect();
            prop_assume!(days.contains(&true) && !times.is_empty());
            let (zone, middle) = ZONES[zone];
            let line = written(days, &times, zone);
            let hours = hours(&[&line]);
            let wall = Wall::new(zone, middle);
            let within = wall.within(days, &times);
            let at = |minute: i64| SystemTime::from(Timestamp::from_second(minute * 60).unwrap());
            // Two days of room at either end, for what lasts over midnight.
            let inner = 2 * 1440..wall.minutes.len() - 2 * 1440;
            let mut next = hours.next_change(at(wall.minutes[inner.start - 1].0));
            for index in inner {
                let place = || format!("{line} {:?}", wall.minutes[index]);
                let now = at(wall.minutes[index].0);
                for now in [now, now + Duration::from_secs(59)] {
                    prop_assert_eq!(hours.contains(now), within[index], "{}", place());
                }
                if within[index] != within[index - 1] {
                    prop_assert_eq!(next, Some(now), "{}", place());
                    next = hours.next_change(now);
                }
                prop_assert!(next.is_none_or(|next| next > now), "{}", place());
            }
        }

        #[test]
        fn no_line_makes_it_panic(line in r"((Mo|tue|Fr|x|,|-| |[0-9]{1,3}:[0-9]{0,3}|UTC|Asia/Tokyo|\PC){0,8})") {
            _ = Rule::try_from(line);
        }
    }
}
