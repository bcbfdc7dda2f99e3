//! What holds where the file says nothing: one constant for each default, and
//! what reads a key together with its own.
//!
//! Must never know what is done with a value.

use std::time::Duration;

use super::Config;
use super::tables::{OnUnknown, Route, Tables};
use super::value::{Filled, Line, Name};
use crate::rate::Rate;
use crate::text::split::Overflow;

/// How long receipts are kept.
pub const KEEP_SENT: Duration = Duration::from_secs(7 * 86_400);
/// How often a page is tried again.
pub const RETRY: u32 = 5;
/// The first wait before that.
pub const RETRY_DELAY: Duration = Duration::from_secs(60);
/// How old a page may become.
pub const EXPIRE: Duration = Duration::from_secs(86_400);
/// When the fallback takes over, even if there are tries left.
pub const FALLBACK_AFTER: Duration = Duration::from_secs(5 * 60);
/// What becomes of a page of unknown fate.
pub const ON_UNKNOWN: OnUnknown = OnUnknown::Hold;
/// What becomes of a message that is too long: nobody is there to shorten it.
pub const OVERFLOW: Overflow = Overflow::Split;
/// How long a route may take to answer a page.
pub const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// So many bytes of a mail are looked at.
pub const MAX_MAIL: usize = 4 << 20;
/// What is kept of a mail.
pub const TEMPLATE: &str = "{from}: {subject}: {text}";
/// Longest message from the web, in characters.
pub const WEB_LENGTH: usize = 256;
/// So many requests of one address are taken.
pub const WEB_RATE: Rate = Rate {
    count: 60,
    time: Duration::from_secs(60),
};

impl Config {
    /// How long receipts are kept.
    pub fn keep_sent(&self) -> Duration {
        self.tables.keep_sent.map_or(KEEP_SENT, |time| time.0)
    }

    /// Who can be paged from the web, in the order that they are offered in.
    pub fn web_names(&self) -> Vec<&str> {
        let Tables {
            pager, group, web, ..
        } = &self.tables;
        match web.as_ref().and_then(|web| web.names.as_ref()) {
            Some(names) => {
                let names = names.as_slice().iter();
                names.map(|name| name.get_ref().as_str()).collect()
            }
            None => pager.keys().chain(group.keys()).map(Name::as_str).collect(),
        }
    }

    /// Longest message from the web, in characters.
    pub fn web_length(&self) -> usize {
        let length = self.tables.web.as_ref().and_then(|web| web.max_length);
        length.map_or(WEB_LENGTH, Into::into)
    }

    /// So many requests of one address are taken.
    pub fn web_rate(&self) -> Rate {
        let rate = self.tables.web.as_ref().and_then(|web| web.rate);
        rate.unwrap_or(WEB_RATE)
    }

    /// The program that is run for each page that failed, and its arguments.
    pub fn on_failure(&self) -> Option<&[Line]> {
        self.tables.on_failure.as_ref().map(Filled::as_slice)
    }
}

impl Route {
    /// How often a page is tried, the first time included; at least once.
    pub fn tries(&self) -> u32 {
        self.retry.unwrap_or(RETRY).saturating_add(1)
    }

    /// The wait before the second try.
    pub fn retry_delay(&self) -> Duration {
        self.retry_delay.map_or(RETRY_DELAY, |delay| delay.0)
    }

    /// How old a page may become.
    pub fn lifetime(&self) -> Duration {
        self.expire.map_or(EXPIRE, |time| time.0)
    }

    /// When the fallback takes over, even if there are tries left; `None` without one.
    pub fn takes_over_after(&self) -> Option<Duration> {
        let after = self.fallback_after.map_or(FALLBACK_AFTER, |delay| delay.0);
        self.fallback.as_ref().map(|_| after)
    }

    /// What becomes of a page of which nobody knows whether it arrived.
    pub fn on_unknown(&self) -> OnUnknown {
        self.on_unknown.unwrap_or(ON_UNKNOWN)
    }

    /// What becomes of a message that is too long.
    pub fn overflow(&self) -> Overflow {
        self.overflow.unwrap_or(OVERFLOW)
    }

    /// The least time between two pages; none without the key.
    pub fn gap(&self) -> Duration {
        self.gap.map_or(Duration::ZERO, |delay| delay.0)
    }

    /// How long it may take to answer a page; never no time at all.
    pub fn timeout(&self) -> Duration {
        self.timeout.map_or(TIMEOUT, |limit| limit.0)
    }

    /// Longest message, in characters as sent.
    pub fn max_length(&self) -> Option<usize> {
        self.max_length.map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_says_goes_before() {
        let config = |text: &str| Config::parse("f", text.as_bytes()).unwrap();
        let bare = config("route.a.type = 'xtell'\nroute.b = { type = 'xtell', fallback = 'a' }");
        let route = bare.route("a").unwrap();
        assert_eq!(bare.keep_sent(), KEEP_SENT);
        assert!(bare.on_failure().is_none());
        assert_eq!(route.tries(), RETRY + 1);
        assert_eq!(
            (route.retry_delay(), route.lifetime()),
            (RETRY_DELAY, EXPIRE)
        );
        assert_eq!((route.timeout(), route.gap()), (TIMEOUT, Duration::ZERO));
        assert_eq!(
            (route.on_unknown(), route.overflow()),
            (ON_UNKNOWN, OVERFLOW)
        );
        assert_eq!((route.takes_over_after(), route.max_length()), (None, None));
        let after = bare.route("b").unwrap().takes_over_after();
        assert_eq!(after, Some(FALLBACK_AFTER));

        let whole = config(
            "keep-sent = '1d'\non-failure = ['a', 'b']\n[route.a]\ntype = 'xtell'\n\
             retry = 0\nretry-delay = 2\nexpire = 3\ntimeout = 4\ngap = 5\n\
             on-unknown = 'retry'\noverflow = 'reject'\nmax-length = 6\n\
             fallback = 'b'\nfallback-after = 7\n[route.b]\ntype = 'xtell'\nretry = 4294967295\n",
        );
        let route = whole.route("a").unwrap();
        assert_eq!(whole.keep_sent(), Duration::from_secs(86_400));
        assert_eq!(whole.on_failure().map(<[Line]>::len), Some(2));
        let waits = [
            route.retry_delay(),
            route.lifetime(),
            route.timeout(),
            route.gap(),
        ];
        assert_eq!(waits.map(|wait| wait.as_secs()), [2, 3, 4, 5]);
        assert_eq!(route.on_unknown(), OnUnknown::Retry);
        assert_eq!(route.overflow(), Overflow::Reject);
        assert_eq!((route.tries(), route.max_length()), (1, Some(6)));
        assert_eq!(route.takes_over_after(), Some(Duration::from_secs(7)));
        assert_eq!(whole.route("b").unwrap().tries(), u32::MAX);
    }
}
