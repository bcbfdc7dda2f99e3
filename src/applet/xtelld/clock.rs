//! The time on this machine's wall.
//!
//! Answers for not reading more than one file for it, once, and only if there
//! is something to show: a library that knows every zone by its name would look
//! at all of them first.

use std::env;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::file;

/// The rules of this machine's time, as it is set up.
const LOCAL: &str = "/etc/localtime";

/// Tells the time.
#[derive(Default)]
pub(super) struct Clock {
    zone: Option<TimeZone>,
}

impl Clock {
    pub(super) fn now(&mut self) -> Time {
        let zone = self.zone.get_or_insert_with(zone);
        zone.to_datetime(Timestamp::now()).time()
    }
}

/// That of `TZ`, else that of this machine, else UTC, as the C library has it.
fn zone() -> TimeZone {
    if env::var_os("TZ").is_some() {
        return TimeZone::system();
    }
    let rules = file::read(Path::new(LOCAL)).ok();
    let zone = rules.and_then(|rules| TimeZone::tzif("Local", &rules).ok());
    zone.unwrap_or(TimeZone::UTC)
}
