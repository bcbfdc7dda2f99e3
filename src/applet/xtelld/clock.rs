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

/// That of `TZ`, else that of this machine, as the C library has it.
fn zone() -> TimeZone {
    let zone = match env::var_os("TZ") {
        None => rules(Path::new(LOCAL)),
        Some(name) => name.to_str().and_then(called),
    };
    zone.unwrap_or(TimeZone::UTC)
}

/// What `TZ` means: a file, a rule such as `CET-1CEST`, or a name.
fn called(name: &str) -> Option<TimeZone> {
    let name = name.strip_prefix(':').unwrap_or(name);
    let path = Path::new(name);
    if path.is_absolute() {
        return rules(path);
    }
    TimeZone::posix(name).or_else(|_| TimeZone::get(name)).ok()
}

/// The rules in a file, which may be anything that waits or has no end.
fn rules(path: &Path) -> Option<TimeZone> {
    let rules = file::read(path).ok()?;
    TimeZone::tzif("Local", &rules).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone that has always been 5:45 ahead, in version 2 of the format.
    fn kathmandu() -> Vec<u8> {
        let mut block = b"TZif2".to_vec();
        block.extend([0; 15]);
        // No leap seconds, no transitions, one kind of time, whose name has 4 bytes.
        for count in [0_u32, 0, 0, 0, 1, 4] {
            block.extend(count.to_be_bytes());
        }
        block.extend(20_700_i32.to_be_bytes());
        block.extend(b"\0\0NPT\0");
        [block.as_slice(), block.as_slice(), b"\n<+0545>-5:45\n"].concat()
    }

    #[test]
    fn a_zone_is_read_from_one_file_and_is_utc_where_that_is_none() {
        let path = env::temp_dir().join(format!("pagebox-zone-{}", std::process::id()));
        let epoch = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let time = rules(&path)
                .unwrap_or(TimeZone::UTC)
                .to_datetime(Timestamp::UNIX_EPOCH)
                .time();
            std::fs::remove_file(&path).unwrap();
            time
        };
        assert_eq!(epoch(&kathmandu()), Time::constant(5, 45, 0, 0));
        assert_eq!(epoch(b"no zone"), Time::midnight());
        assert_eq!(rules(&path), None);
    }
}
