//! The options of a page as every sender takes them, and the checks that hold
//! for all of them.
//!
//! Must never know how a page is spelled on a wire.

use std::time::{Duration, SystemTime};

use crate::cli::{duration, moment};
use crate::exit::Failure;

/// The options of a page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PageOptions {
    /// Service level, 0 to 11.
    pub level: Option<u8>,
    /// Alert override.
    pub alert: Option<bool>,
    /// Alternate coverage area.
    pub coverage: Option<String>,
    /// Not to be delivered before.
    pub hold: Option<SystemTime>,
    /// Worthless after that time.
    pub expire: Option<Duration>,
    /// Who calls.
    pub caller: Option<String>,
    /// What about.
    pub subject: Option<String>,
}

impl PageOptions {
    /// Sets one option by its column's name. Fails where the value is none.
    pub fn set(&mut self, name: Column, value: &str, now: SystemTime) -> Result<(), String> {
        match name {
            Column::Level => self.level = Some(level(value)?),
            Column::Alert => self.alert = Some(alert(value)?),
            Column::Coverage => self.coverage = Some(word("coverage", value)?),
            Column::Hold => {
                let parsed = moment::parse(value, now);
                self.hold = Some(parsed.map_err(|text| format!("hold time: {text}"))?);
            }
            Column::Expire => {
                let parsed = duration::up_to_a_year(value);
                self.expire = Some(parsed.map_err(|text| format!("expiry: {text}"))?);
            }
            Column::Caller => self.caller = Some(one_line("caller", value)?),
            Column::Subject => self.subject = Some(one_line("subject", value)?),
        }
        Ok(())
    }
}

/// The options that have a column in CSV.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Column {
    /// `level`
    Level,
    /// `alert`
    Alert,
    /// `coverage`
    Coverage,
    /// `hold`
    Hold,
    /// `expire`
    Expire,
    /// `caller`
    Caller,
    /// `subject`
    Subject,
}

impl Column {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Level, "level"),
        (Self::Alert, "alert"),
        (Self::Coverage, "coverage"),
        (Self::Hold, "hold"),
        (Self::Expire, "expire"),
        (Self::Caller, "caller"),
        (Self::Subject, "subject"),
    ];
}

/// A service level.
pub fn level(value: &str) -> Result<u8, String> {
    match value.parse() {
        Ok(level @ 0..=11) if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(level),
        _ => Err(format!("level {value:?} is no number from 0 to 11")),
    }
}

/// An alert override.
pub fn alert(value: &str) -> Result<bool, String> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(format!("alert {value:?} is neither 0 nor 1")),
    }
}

/// A text that must be one line.
pub fn one_line(name: &str, value: &str) -> Result<String, String> {
    if value.contains(['\r', '\n', '\0']) {
        return Err(format!("{name} {value:?} has a CR, LF or NUL in it"));
    }
    Ok(value.to_owned())
}

/// A text that must be one word.
pub fn word(name: &str, value: &str) -> Result<String, String> {
    if value.is_empty() {
        return Err(format!("{name} is empty"));
    }
    one_line(name, value)?;
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "{name} {value:?} has a blank or a control character in it"
        ));
    }
    Ok(value.to_owned())
}

/// A pager ID. A number that a spreadsheet has turned into `5.55E+09` is refused:
/// its digits are lost, and it would page a stranger.
pub fn pager(value: &str) -> Result<String, String> {
    let id = word("pager ID", value)?;
    if is_scientific(&id) {
        return Err(format!(
            "pager ID {id:?} is a number that a spreadsheet has shortened: format the column as text"
        ));
    }
    Ok(id)
}

fn is_scientific(id: &str) -> bool {
    let Some((mantissa, exponent)) = id.split_once(['e', 'E']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = exponent.strip_prefix(['+', '-']);
    let fraction = mantissa.split_once(['.', ',']);
    let mantissa_is_number = match fraction {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    // 12E5 may be somebody's ID; a sign or a fraction is a spreadsheet's.
    let is_shortened = unsigned.is_some() || fraction.is_some();
    is_shortened && mantissa_is_number && digits(unsigned.unwrap_or(exponent))
}

/// A comma-separated list of pager IDs; one that stands there twice is taken once.
pub fn pagers(list: &str) -> Result<Vec<String>, Failure> {
    let mut pagers = Vec::new();
    for item in list.split(',') {
        let id = pager(item).map_err(Failure::data)?;
        if !pagers.contains(&id) {
            pagers.push(id);
        }
    }
    Ok(pagers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_spreadsheet_shortened_is_refused() {
        for id in ["5.55E+09", "5,55E+09", "5E+9", "5.5e3"] {
            assert!(pager(id).is_err(), "{id}");
        }
        for id in ["5551212", "SHIRLEY", "E12", "5E", "12E5", "a1e5", "1.2.3E4"] {
            assert_eq!(pager(id).as_deref(), Ok(id));
        }
    }

    #[test]
    fn a_list_names_each_pager_once() {
        assert_eq!(pagers("1,2").unwrap(), ["1", "2"]);
        assert_eq!(pagers("1,2,1").unwrap(), ["1", "2"]);
        for list in ["1,,2", "", "1 2", "1\r\n2"] {
            assert!(pagers(list).is_err(), "{list:?}");
        }
    }

    #[test]
    fn options_have_their_ranges() {
        assert_eq!(level("11"), Ok(11));
        for bad in ["12", "-1", "+1", "", "x"] {
            assert!(level(bad).is_err(), "{bad}");
        }
        assert!(alert("2").is_err());
    }
}
