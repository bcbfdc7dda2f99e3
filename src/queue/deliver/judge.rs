//! What a verdict means for a part: is it done, is it tried again and when,
//! does another route take over.
//!
//! Answers for the policy of a route. Must never know a file, a child or the
//! clock: it is told the time.

use std::time::Duration;

use crate::config::tables::{OnUnknown, Route};
use crate::duration;
use crate::outcome::Outcome;
use crate::queue::work::{Mark, Millis, Part};

/// No pause between two tries is longer.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(3600);

/// A retry that is due later than that was set by a clock that was wrong.
pub(super) const TOO_FAR: Millis = 2 * 3600 * 1000;

/// What a route's configuration says of its failures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Policy {
    /// So many tries of a page count.
    pub(super) tries: u32,
    /// The first pause between two; each further one is twice as long.
    pub(super) delay: Duration,
    /// The route that takes over.
    pub(super) fallback: Option<String>,
    /// When it does, even if there are tries left.
    pub(super) after: Option<Duration>,
    /// What becomes of a page of unknown fate.
    pub(super) on_unknown: OnUnknown,
}

impl Policy {
    pub(super) fn of(route: &Route) -> Self {
        Self {
            tries: route.tries(),
            delay: route.retry_delay(),
            fallback: route.fallback.as_ref().map(|link| link.get_ref().clone()),
            after: route.takes_over_after(),
            on_unknown: route.on_unknown(),
        }
    }

    /// What becomes of a part that this was said of at `now`: its new mark,
    /// and in the part itself when and where it goes on.
    pub(super) fn judge(&self, part: &mut Part, outcome: Outcome, now: Millis) -> Mark {
        match outcome {
            Outcome::Sent | Outcome::Queued => Mark::Delivered,
            Outcome::Refused => Mark::Failed,
            Outcome::Untried => {
                self.take_over_if_late(part, now);
                Mark::ToDo
            }
            Outcome::Temporary => {
                part.tries += 1;
                let used_up = part.tries >= self.tries;
                if self.take_over_if_late(part, now) {
                    Mark::ToDo
                } else if !used_up {
                    part.due = self.again(part.tries, now);
                    Mark::ToDo
                } else if self.take_over(part, now) {
                    Mark::ToDo
                } else {
                    Mark::Failed
                }
            }
            Outcome::Unknown => {
                part.tries += 1;
                match self.on_unknown {
                    OnUnknown::Retry if part.tries < self.tries => {
                        part.duplicate_possible = true;
                        part.due = self.again(part.tries, now);
                        Mark::ToDo
                    }
                    OnUnknown::Hold => {
                        part.stopped = true;
                        Mark::Unknown
                    }
                    OnUnknown::Retry | OnUnknown::Fail => Mark::Unknown,
                }
            }
        }
    }

    /// Gives a part to the fallback, if it has waited long enough for that.
    pub(super) fn take_over_if_late(&self, part: &mut Part, now: Millis) -> bool {
        let since = part.plan.as_ref().map_or(now, |plan| plan.since);
        let Some(after) = self.after else {
            return false;
        };
        let after = Millis::try_from(after.as_millis()).unwrap_or(Millis::MAX);
        now >= since.saturating_add(after) && self.take_over(part, now)
    }

    fn take_over(&self, part: &mut Part, now: Millis) -> bool {
        // On another route nobody would notice a double.
        if part.duplicate_possible {
            return false;
        }
        let (Some(fallback), Some(plan)) = (&self.fallback, &mut part.plan) else {
            return false;
        };
        plan.route.clone_from(fallback);
        plan.since = now;
        part.tries = 0;
        part.due = now;
        true
    }

    fn again(&self, tries: u32, now: Millis) -> Millis {
        let pause = pause(self.delay, tries, MAX_PAUSE);
        now.saturating_add(u64::try_from(pause.as_millis()).unwrap_or(Millis::MAX))
    }
}

/// The pause behind so many tries.
pub(super) fn pause(first: Duration, tries: u32, most: Duration) -> Duration {
    duration::backoff(first, tries.saturating_sub(1), most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::work::Plan;

    fn policy() -> Policy {
        Policy {
            tries: 3,
            delay: Duration::from_secs(10),
            fallback: None,
            after: Some(Duration::from_secs(300)),
            on_unknown: OnUnknown::Hold,
        }
    }

    fn part() -> Part {
        Part {
            plan: Some(Plan {
                route: "a".to_owned(),
                since: 1_000,
                ..Plan::default()
            }),
            ..Part::default()
        }
    }

    fn with_fallback() -> Policy {
        Policy {
            fallback: Some("b".to_owned()),
            ..policy()
        }
    }

    #[test]
    fn what_counts_is_tried_again_later_and_later_and_then_has_failed() {
        let mut part = part();
        let judge = |part: &mut Part| policy().judge(part, Outcome::Temporary, 2_000);
        assert_eq!(judge(&mut part), Mark::ToDo);
        assert!((9_500..=14_500).contains(&part.due), "{}", part.due);
        assert_eq!(judge(&mut part), Mark::ToDo);
        assert!((17_000..=27_000).contains(&part.due), "{}", part.due);
        assert_eq!(judge(&mut part), Mark::Failed);
    }

    #[test]
    fn what_was_not_tried_does_not_count() {
        let mut part = part();
        for _ in 0..100 {
            assert_eq!(
                policy().judge(&mut part, Outcome::Untried, 1 << 40),
                Mark::ToDo
            );
        }
        assert_eq!((part.tries, part.due), (0, 0));
    }

    #[test]
    fn the_fallback_takes_over_after_tries_or_minutes() {
        for (outcome, rounds, now) in [
            (Outcome::Temporary, 3, 2_000),
            (Outcome::Temporary, 1, 301_000),
            (Outcome::Untried, 1, 301_000),
        ] {
            let mut part = part();
            for _ in 0..rounds {
                assert_eq!(part.route(), Some("a"));
                assert_eq!(with_fallback().judge(&mut part, outcome, now), Mark::ToDo);
            }
            assert_eq!(part.route(), Some("b"), "{outcome}");
            assert_eq!((part.tries, part.due), (0, now));
            assert_eq!(part.plan.unwrap().since, now);
        }
        let mut early = part();
        with_fallback().judge(&mut early, Outcome::Untried, 300_999);
        assert_eq!(early.route(), Some("a"));
    }

    #[test]
    fn the_unknown_is_never_tried_by_itself_and_never_elsewhere() {
        let mut held = part();
        let late = 1 << 40;
        assert_eq!(
            with_fallback().judge(&mut held, Outcome::Unknown, late),
            Mark::Unknown
        );
        assert!(held.stopped && !held.duplicate_possible);
        let on = |on_unknown| Policy {
            on_unknown,
            ..with_fallback()
        };
        let mut failed = part();
        assert_eq!(
            on(OnUnknown::Fail).judge(&mut failed, Outcome::Unknown, late),
            Mark::Unknown
        );
        assert!(!failed.stopped);
        let mut again = part();
        for mark in [Mark::ToDo, Mark::ToDo, Mark::Unknown] {
            assert_eq!(
                on(OnUnknown::Retry).judge(&mut again, Outcome::Unknown, late),
                mark
            );
            assert!(again.duplicate_possible && again.route() == Some("a"));
        }
    }

    #[test]
    fn refused_is_refused_by_all() {
        let mut part = part();
        assert_eq!(
            with_fallback().judge(&mut part, Outcome::Refused, 1 << 40),
            Mark::Failed
        );
    }
}
