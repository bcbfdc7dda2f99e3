//! What holds where the file says nothing: one constant for each default, and
//! what reads a key together with its own.
//!
//! Must never know what is done with a value.

use std::time::Duration;

use super::Config;
use super::tables::{OnUnknown, Route};
use super::value::{Filled, Line};
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

impl Config {
    /// How long receipts are kept.
    pub fn keep_sent(&self) -> Duration {
        self.tables.keep_sent.map_or(KEEP_SENT, |time| time.0)
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
