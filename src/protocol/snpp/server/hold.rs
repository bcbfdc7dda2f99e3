//! The argument of HOLD: when a page may be delivered (RFC 1861 section 4.5.5).
//!
//! ```text
//! YYMMDDHHMMSS [+/-GMTdifference]
//! ```
//!
//! Must never know the time: whether a moment has passed is the machine's affair.

use std::time::{Duration, SystemTime};

use jiff::civil::{self, DateTime};
use jiff::tz::{Offset, TimeZone};

use crate::protocol::snpp::command::structured;

/// A time as a client wrote it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hold {
    /// Year to second, the second at most 59.
    pub(super) time: DateTime,
    /// The offset of its zone; without one it is the terminal's own time.
    offset: Option<Offset>,
    /// It is a leap second later than `time`.
    leap: bool,
}

impl Hold {
    /// Twelve digits, or ten without seconds, as the RFC's own example has
    /// them; then an offset of `+H`, `+HH` or `+HHMM`, 14 hours at most.
    /// Years 90 to 99 are 19xx, all others 20xx.
    pub(super) fn parse(argument: &[u8]) -> Option<Self> {
        let mut words = structured(argument);
        let (first, second) = (words.next()?, words.next());
        let end = first.iter().position(|byte| !byte.is_ascii_digit());
        let (digits, offset) = match (end, second, words.next()) {
            (None, second, None) => (first, second.unwrap_or_default()),
            (Some(end), None, None) => first.split_at(end),
            _ => return None,
        };
        let mut fields = digits.chunks(2).map(number);
        let mut next = || fields.next().flatten();
        let (year, month, day) = (next()?, next()?, next()?);
        let (hour, minute) = (next()?, next()?);
        let second = match digits.len() {
            10 => 0,
            12 => next()?,
            _ => return None,
        };
        let century = if year >= 90 { 1900 } else { 2000 };
        let leap = second == 60;
        let small = |number: i16| i8::try_from(number).ok();
        let date = civil::Date::new(century + year, small(month)?, small(day)?).ok()?;
        let second = if leap { 59 } else { second };
        let time = civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
        Some(Self {
            time: date.to_datetime(time),
            offset: match offset {
                [] => None,
                offset => Some(difference(offset)?),
            },
            leap,
        })
    }

    /// The moment it names. `None`: the terminal's own zone is needed.
    pub(super) fn moment(self) -> Option<SystemTime> {
        let zone = TimeZone::fixed(self.offset?);
        let at = zone.to_timestamp(self.time).ok()?;
        self.settled(SystemTime::from(at))
    }

    /// The moment, after somebody said when `time` is in the terminal's zone.
    pub(super) fn settled(self, time: SystemTime) -> Option<SystemTime> {
        time.checked_add(Duration::from_secs(u64::from(self.leap)))
    }

    /// It has an offset of its own.
    pub(super) fn has_offset(self) -> bool {
        self.offset.is_some()
    }
}

/// `+H`, `+HH` or `+HHMM`: how far the clocks of a zone are ahead of GMT.
fn difference(text: &[u8]) -> Option<Offset> {
    let (sign, digits) = text.split_first()?;
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number(digits)?, 0),
        4 => {
            let (hours, minutes) = digits.split_at(2);
            (number(hours)?, number(minutes)?)
        }
        _ => return None,
    };
    let ahead = i32::from(hours) * 60 + i32::from(minutes);
    if minutes > 59 || ahead > 14 * 60 {
        return None;
    }
    let ahead = match sign {
        b'+' => ahead,
        b'-' => -ahead,
        _ => return None,
    };
    Offset::from_seconds(ahead * 60).ok()
}

/// One or two decimal digits.
fn number(digits: &[u8]) -> Option<i16> {
    let sound = matches!(digits.len(), 1 | 2) && digits.iter().all(u8::is_ascii_digit);
    sound.then(|| {
        digits
            .iter()
            .fold(0, |number, digit| number * 10 + i16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<String> {
        let moment = Hold::parse(text.as_bytes())?.moment()?;
        let moment = jiff::Timestamp::try_from(moment).unwrap();
        Some(moment.to_string())
    }

    #[test]
    fn a_time_with_its_offset_is_a_moment() {
        for (text, moment) in [
            ("940115230000 -0600", "1994-01-16T05:00:00Z"),
            ("9401152300 -0600", "1994-01-16T05:00:00Z"),
            ("261122120000 +0000", "2026-11-22T12:00:00Z"),
            ("261122120000+0530", "2026-11-22T06:30:00Z"),
            ("261122120000 +1", "2026-11-22T11:00:00Z"),
            ("261122120000 -01", "2026-11-22T13:00:00Z"),
            ("261122120000  +1400", "2026-11-21T22:00:00Z"),
            ("261122120000 -1400", "2026-11-23T02:00:00Z"),
            ("280229000000 +0000", "2028-02-29T00:00:00Z"),
            ("161231235960 +0000", "2017-01-01T00:00:00Z"),
            ("890101000000 +0000", "2089-01-01T00:00:00Z"),
            ("900101000000 +0000", "1990-01-01T00:00:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn without_an_offset_the_terminal_decides() {
        let hold = Hold::parse(b" 261122120000 ").unwrap();
        assert_eq!((hold.has_offset(), hold.moment()), (false, None));
        assert_eq!(hold.time, civil::date(2026, 11, 22).at(12, 0, 0, 0));
    }

    #[test]
    fn what_is_on_no_calendar_or_clock_is_refused() {
        for text in [
            "",
            "soon",
            "261122",
            "26112212000",
            "2611221200000",
            "20261122120000",
            "261322120000",
            "260022120000",
            "261100120000",
            "270229120000",
            "261122240000",
            "261122126000",
            "261122120061",
            "261122120000 0600",
            "261122120000 +",
            "261122120000 +060",
            "261122120000 +06000",
            "261122120000 +0660",
            "261122120000 +1401",
            "261122120000 -1500",
            "261122120000 +06:00",
            "261122120000 Z",
            "261122120000 *0600",
            "-261122120000",
            "261122120000 +0600 x",
            "261122 120000",
            "261122120000 +06 00",
            "261122120000+0600 +0600",
        ] {
            assert_eq!(Hold::parse(text.as_bytes()), None, "{text}");
        }
    }
}
