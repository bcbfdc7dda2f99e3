//! When to try again: exponential backoff with jitter, within a limit.

use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::duration;

/// No pause is longer.
const MAX_PAUSE: Duration = Duration::from_secs(600);

/// How often, and how long, to try again what is safe to try again.
#[derive(Args, Clone, Debug)]
pub struct RetryArgs {
    /// Try a page that was not taken, or not tried, this many times more
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Retry")]
    pub retry: u32,
    /// Pause before the first retry; each further one is twice as long
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = duration::up_to_a_day, help_heading = "Retry")]
    pub retry_delay: Duration,
    /// Begin no retry later than this after the first try
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day, help_heading = "Retry")]
    pub retry_max_time: Option<Duration>,
    /// Try again also what may be out already: it may arrive twice
    #[arg(long, help_heading = "Retry")]
    pub retry_unknown: bool,
}

/// The pauses between the tries of one page.
#[derive(Debug)]
pub struct Backoff<'a> {
    args: &'a RetryArgs,
    begun: Instant,
    tries: u32,
}

impl<'a> Backoff<'a> {
    /// Begins to count with the first try.
    pub fn new(args: &'a RetryArgs) -> Self {
        Self {
            args,
            begun: Instant::now(),
            tries: 0,
        }
    }

    /// How long to pause before the next try; `None`: no more.
    pub fn pause(&mut self) -> Option<Duration> {
        if self.tries >= self.args.retry {
            return None;
        }
        let pause = duration::backoff(self.args.retry_delay, self.tries, MAX_PAUSE);
        self.tries += 1;
        let limit = self.args.retry_max_time.unwrap_or(Duration::MAX);
        (self.begun.elapsed().saturating_add(pause) <= limit).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let args = RetryArgs {
            retry: 3,
            retry_delay: Duration::from_secs(1),
            retry_max_time: None,
            retry_unknown: false,
        };
        let mut backoff = Backoff::new(&args);
        for expected in [1.0, 2.0, 4.0] {
            let pause = backoff.pause().unwrap().as_secs_f64();
            assert!(
                (expected * 0.75..=expected * 1.25).contains(&pause),
                "{pause}"
            );
        }
        assert_eq!(backoff.pause(), None);
        let limited = RetryArgs {
            retry_max_time: Some(Duration::from_millis(500)),
            ..args
        };
        assert_eq!(Backoff::new(&limited).pause(), None);
    }
}
