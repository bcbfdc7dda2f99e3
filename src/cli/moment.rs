//! Reads a moment to come, as a duration from now or as RFC 3339, and prints it in UTC.
//!
//! It must never know a time zone: users write an offset, the wire gets UTC.

use std::time::SystemTime;

use jiff::Timestamp;

use super::duration;

/// A moment from now to a year ahead (`--hold`, `--at`).
///
/// Either a duration from `now` or RFC 3339 with an offset or `Z`. A moment in
/// the past, or more than a year ahead, is an error that says so.
pub fn parse(text: &str, now: SystemTime) -> Result<SystemTime, String> {
    let text = text.trim();
    if !is_date(text) {
        let ahead = duration::up_to_a_year(text)?;
        return now.checked_add(ahead).ok_or_else(too_far);
    }
    let at = text
        .parse::<Timestamp>()
        .map(SystemTime::from)
        .map_err(|_| {
            "not RFC 3339 with an offset, such as 2030-12-24T18:00:00+01:00 or …Z".to_owned()
        })?;
    match at.duration_since(now) {
        Err(_) => Err(format!("{} is in the past", rfc3339(at))),
        Ok(ahead) if ahead > duration::YEAR => Err(too_far()),
        Ok(_) => Ok(at),
    }
}

/// `YYMMDDHHMMSS` in UTC, as HOLD wants it (RFC 1861, 4.5.5); fractions of a second are dropped.
pub fn utc_fields(at: SystemTime) -> String {
    timestamp(at).strftime("%y%m%d%H%M%S").to_string()
}

/// RFC 3339 in UTC with a `Z`; fractions of a second are dropped.
pub fn rfc3339(at: SystemTime) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn too_far() -> String {
    "more than a year (366d) ahead".to_owned()
}

/// Whether the text is meant as a date: digits and a hyphen begin no duration.
fn is_date(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('-')
        && !text.starts_with('-')
}

/// A clock beyond the years that have a notation counts as the last one of them:
/// no moment that [`parse`] allows is near it.
fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp::try_from(at).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// 2026-12-31T23:00:00.25Z
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(1_798_758_000_250)
    }

    #[test]
    fn durations_and_dates_are_read_and_printed_in_utc() {
        for (text, shown, fields) in [
            ("0", "2026-12-31T23:00:00Z", "261231230000"),
            ("2h", "2027-01-01T01:00:00Z", "270101010000"),
            (
                "2027-01-01T01:00:00Z",
                "2027-01-01T01:00:00Z",
                "270101010000",
            ),
            (
                "2027-01-01T01:00:00+01:00",
                "2027-01-01T00:00:00Z",
                "270101000000",
            ),
            (
                "2026-12-31T20:00:00.5-05:00",
                "2027-01-01T01:00:00Z",
                "270101010000",
            ),
        ] {
            let at = parse(text, now()).unwrap();
            assert_eq!(
                (rfc3339(at).as_str(), utc_fields(at).as_str()),
                (shown, fields)
            );
        }
    }

    #[test]
    fn the_past_and_the_far_future_are_refused() {
        for (text, error) in [
            (
                "2026-12-31T23:00:00Z",
                "2026-12-31T23:00:00Z is in the past",
            ),
            (
                "2027-01-01T00:00:00+02:00",
                "2026-12-31T22:00:00Z is in the past",
            ),
            ("2028-01-02T00:00:00Z", "more than a year (366d) ahead"),
            ("367d", "longer than a year (366d)"),
        ] {
            assert_eq!(parse(text, now()), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_date_needs_its_offset() {
        for text in [
            "2027-01-01T01:00:00",
            "2027-01-01",
            "2027-13-01T00:00:00Z",
            "tomorrow",
            "-1h",
            "",
        ] {
            assert!(parse(text, now()).is_err(), "{text}");
        }
    }
}
