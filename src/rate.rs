//! So many in so long: what a rate is as people write it, and whether one more is
//! within it.
//!
//! A token bucket that is full at first, kept as the one moment at which it will be
//! full again: each that is taken puts that moment off by its share of the time.
//! Must never know what is counted, nor the clock, nor where the moment is kept.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use crate::duration;

/// A moment in milliseconds since 1970.
pub type Millis = u64;

/// So many in so long: `5/10m`. As many may come at once, and in the long run as
/// many in that time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// How many, at least one.
    pub count: u32,
    /// In which time; at least a millisecond for each.
    pub time: Duration,
}

impl Rate {
    /// Takes one token of the bucket that is full at `full`: the moment at which it
    /// is full then. `Err`: it is empty, until that moment.
    pub fn take(self, full: Millis, now: Millis) -> Result<Millis, Millis> {
        // A clock that was set back leaves no bucket emptier than empty.
        let full = full.clamp(now, now.saturating_add(self.millis()));
        let room = self.millis() - self.share();
        if full - now > room {
            return Err(full - room);
        }
        Ok(full.saturating_add(self.share()))
    }

    /// Gives one token back.
    pub fn give_back(self, full: Millis) -> Millis {
        full.saturating_sub(self.share())
    }

    /// The time of one token.
    pub fn share(self) -> Millis {
        (self.millis() / u64::from(self.count.max(1))).max(1)
    }

    fn millis(self) -> Millis {
        let all = u64::try_from(self.time.as_millis()).unwrap_or(Millis::MAX);
        all.max(1)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = format_duration(self.time).to_string();
        write!(f, "{}/{}", self.count, time.replace(' ', ""))
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |why: &str| format!("{text:?}: {why}");
        let Some((count, time)) = text.split_once('/') else {
            return Err(wrong("no number and time, such as \"5/10m\""));
        };
        let count = count.trim().parse().ok().filter(|count| *count > 0);
        let count: u32 =
            count.ok_or_else(|| wrong("what stands before the / is no number from 1 on"))?;
        let time = duration::limit(time.trim()).map_err(|error| wrong(&error))?;
        if time < Duration::from_millis(count.into()) {
            return Err(wrong("more than one in a millisecond"));
        }
        Ok(Self { count, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(text: &str) -> Result<Rate, String> {
        text.to_owned().try_into()
    }

    #[test]
    fn it_is_written_as_a_number_and_a_time() {
        for (text, count, millis) in [
            ("5/10m", 5, 600_000),
            ("1/1s", 1, 1_000),
            (" 20 / 1day", 20, 86_400_000),
            ("60/60", 60, 60_000),
            ("1000/1s", 1000, 1_000),
        ] {
            let time = Duration::from_millis(millis);
            let read = rate(text).unwrap();
            assert_eq!(read, Rate { count, time }, "{text}");
            // And so it is shown, too.
            assert_eq!(rate(&read.to_string()), Ok(read), "{read}");
        }
        for text in [
            "", "5", "/1m", "0/1m", "-1/1m", "5/", "5/0", "5/2days", "1001/1s", "5/1m/2",
        ] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_full_bucket_gives_all_at_once_and_then_one_after_the_other() {
        let rate = rate("3/30s").unwrap();
        let mut full = 0;
        for _ in 0..3 {
            full = rate.take(full, 100_000).unwrap();
        }
        assert_eq!(rate.take(full, 100_000), Err(110_000));
        assert_eq!(rate.take(full, 109_999), Err(110_000));
        full = rate.take(full, 110_000).unwrap();
        assert_eq!(rate.take(full, 110_000), Err(120_000));
        // What was given back can be taken.
        full = rate.give_back(full);
        assert!(rate.take(full, 110_000).is_ok());
    }

    #[test]
    fn a_clock_that_goes_back_empties_no_bucket_for_longer_than_its_time() {
        let rate = rate("3/30s").unwrap();
        assert_eq!(rate.take(u64::MAX, 1_000), Err(11_000));
    }

    proptest! {
        #[test]
        fn no_more_than_the_rate_allows(
            count in 1_u32..20,
            millis in 1_u64..100_000,
            steps in prop::collection::vec(0_u64..20_000, 1..200),
        ) {
            let time = Duration::from_millis(millis.max(count.into()));
            let rate = Rate { count, time };
            let (mut full, mut now, mut taken) = (0, 0, Vec::new());
            for step in steps {
                now += step;
                match rate.take(full, now) {
                    Ok(next) => {
                        full = next;
                        taken.push(now);
                    }
                    Err(again) => prop_assert!(again > now && rate.take(full, again).is_ok()),
                }
            }
            // Between any two moments: what a full bucket has, and what comes in meanwhile.
            let share = rate.share();
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let most = u64::from(count) + (to - from) / share + 1;
                    prop_assert!((last - first) as u64 <= most);
                }
            }
        }
    }
}
