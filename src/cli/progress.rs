//! How far a bulk run is, in one line of a terminal that is written over and
//! over.
//!
//! Must never be made where nobody watches; see [`super::terminal`].

use std::time::{Duration, Instant};

use crate::diag::Diag;

/// A person sees no more than this.
const PAUSE: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    drawn: Option<Instant>,
    pages: u64,
}

impl Progress {
    /// Nothing is drawn before the first page.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            drawn: None,
            pages: 0,
        }
    }

    /// One page more.
    pub fn add(&mut self, diag: &Diag) {
        self.pages += 1;
        let now = Instant::now();
        if self.drawn.is_none_or(|drawn| now - drawn >= PAUSE) {
            self.drawn = Some(now);
            diag.status(&line(self.pages, now - self.begun));
        }
    }

    /// Leaves nothing behind.
    pub fn finish(self, diag: &Diag) {
        if self.drawn.is_some() {
            diag.status("");
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

fn line(pages: u64, elapsed: Duration) -> String {
    let millis = elapsed.as_millis().max(1);
    let rate = u128::from(pages) * 1000 / millis;
    format!("{pages} pages, {rate}/s, {}s", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_many_how_fast_and_how_long() {
        assert_eq!(
            line(4500, Duration::from_millis(2900)),
            "4500 pages, 1551/s, 2s"
        );
        assert_eq!(line(1, Duration::ZERO), "1 pages, 1000/s, 0s");
    }
}
