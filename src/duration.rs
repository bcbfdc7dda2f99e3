//! Reads durations as users write them: `500ms`, `10s`, `1h 30m`, and `90` for seconds;
//! and the pauses that grow from one of them.
//!
//! It must never know what a duration is for; the option chooses its limit.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use humantime::DurationError;

/// The longest timeout.
pub const DAY: Duration = Duration::from_secs(86_400);

/// The longest time ahead: a whole leap year, so that the same date next year is allowed.
pub const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// More digits are refused before humantime sees them: its sum of seconds and
/// nanoseconds can overflow and panic, and 13 digits of weeks cannot.
const MAX_DIGITS: usize = 13;

/// A duration of any length; a bare integer counts seconds.
///
/// Months and years are refused: they have no fixed length, and whoever writes
/// `5M` means minutes. The error is one line and says what to write.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.chars().filter(char::is_ascii_digit).count() > MAX_DIGITS {
        return Err("the number is too large".to_owned());
    }
    refuse_calendar_units(text)?;
    match text.parse::<u64>() {
        // A sign is not for durations, though u64 takes one.
        Ok(seconds) if !text.starts_with('+') => Ok(Duration::from_secs(seconds)),
        _ => humantime::parse_duration(text).map_err(|error| explain(&error)),
    }
}

/// A duration of at most a day, for timeouts.
pub fn up_to_a_day(text: &str) -> Result<Duration, String> {
    up_to(text, DAY, "longer than a day (24h)")
}

/// The limit of a wait: at most a day, and not nothing, which would never do.
pub fn limit(text: &str) -> Result<Duration, String> {
    match up_to_a_day(text)? {
        Duration::ZERO => Err("a limit of no time at all would always be passed".to_owned()),
        limit => Ok(limit),
    }
}

/// A duration of at most a year, for times ahead.
pub fn up_to_a_year(text: &str) -> Result<Duration, String> {
    up_to(text, YEAR, "longer than a year (366d)")
}

fn up_to(text: &str, limit: Duration, too_long: &str) -> Result<Duration, String> {
    match parse(text)? {
        duration if duration > limit => Err(too_long.to_owned()),
        duration => Ok(duration),
    }
}

/// A pause that doubles so many times, up to a limit; give or take a quarter,
/// so that many who failed together do not return together.
pub fn backoff(first: Duration, doublings: u32, most: Duration) -> Duration {
    let times = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    let random = RandomState::new().build_hasher().finish();
    let thousandths = u16::try_from(random % 501).unwrap_or(0);
    let pause = first.saturating_mul(times).min(most);
    pause.mul_f64(0.75 + f64::from(thousandths) / 1000.0)
}

fn refuse_calendar_units(text: &str) -> Result<(), String> {
    for unit in text.split(|c: char| !c.is_alphabetic()) {
        match unit {
            "M" => return Err("`M` would be months: use `m` for minutes, `d` for days".to_owned()),
            "month" | "months" | "y" | "yr" | "yrs" | "year" | "years" => {
                return Err(format!("`{unit}` has no fixed length: use `d` for days"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// humantime's error in our words: its own offers the units that we refuse.
fn explain(error: &DurationError) -> String {
    const UNITS: &str = "ms, s, m, h, d or w";
    match error {
        DurationError::Empty => "a duration is needed, such as 10s".to_owned(),
        DurationError::UnknownUnit { unit, value, .. } if unit.is_empty() => {
            format!("{value} of what? Use {UNITS}")
        }
        DurationError::UnknownUnit { unit, .. } => {
            format!("unknown time unit `{unit}`: use {UNITS}")
        }
        DurationError::NumberOverflow => "the number is too large or too precise".to_owned(),
        DurationError::InvalidCharacter(_) | DurationError::NumberExpected(_) => {
            "not a duration such as 500ms, 10s or 1h30m".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_and_bare_numbers_are_seconds() {
        for (text, millis) in [
            ("0", 0),
            ("90", 90_000),
            (" 7 ", 7_000),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("5 min", 300_000),
            ("2weeks", 1_209_600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_reason() {
        for (text, reason) in [
            ("5M", "use `m` for minutes"),
            ("1h5M", "use `m` for minutes"),
            ("2months", "has no fixed length"),
            ("1y", "has no fixed length"),
            ("", "is needed"),
            ("-5s", "not a duration"),
            ("+5", "not a duration"),
            ("PT5m", "not a duration"),
            ("1H", "unknown time unit `H`"),
            ("1h30", "30 of what?"),
            ("99999999999999", "too large"),
            ("30500568904943w1015815s1000ms", "too large"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn the_limits_are_inclusive_and_named() {
        assert_eq!(up_to_a_day("24h"), Ok(DAY));
        assert_eq!(
            up_to_a_day("86401"),
            Err("longer than a day (24h)".to_owned())
        );
        assert_eq!(up_to_a_year("366d"), Ok(YEAR));
        assert_eq!(
            up_to_a_year("366d 1ms"),
            Err("longer than a year (366d)".to_owned())
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "([0-9]{1,9}[.]?[0-9]{0,4} ?(ns|us|ms|s|m|h|d|w|M|x)?){0,3}") {
            _ = parse(&text);
        }
    }
}
