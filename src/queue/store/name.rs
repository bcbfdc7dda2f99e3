//! The names of files in `wait/`: what a pass has to know of a job before it
//! opens it, so that what is not due costs nothing but its name.
//!
//! ```text
//! 1787457906900~r~01~1787457906-000000000-4711-0-9f3c~9f86d081884c7d65~modem
//! due in ms      │ │  id                             message's digest  route
//!   why it waits ┘ └ level
//! ```
//!
//! Must never be built from what a client sent, but for the route's name, which
//! the configuration knows.

use std::fmt;

use super::super::spool::is_id;
use super::super::work::{Millis, Work};

/// Why a job waits.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Why {
    /// Its sender, or quiet hours, would have it so.
    Hold,
    /// It is tried, or tried again, then.
    Retry,
    /// It takes in more until its turn within a rate comes.
    Gather,
    /// Its turn within a rate comes then.
    Paced,
    /// Somebody has to let it go first.
    Stopped,
}

impl Why {
    /// All of them, with their letters in the name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Hold, "h"),
        (Self::Retry, "r"),
        (Self::Gather, "g"),
        (Self::Paced, "p"),
        (Self::Stopped, "s"),
    ];

    fn word(self) -> &'static str {
        let known = Self::ALL.into_iter().find(|(why, _)| *why == self);
        known.map_or("r", |(_, word)| word)
    }
}

/// No turn within a rate is further ahead, in milliseconds: a day.
pub const LONGEST: Millis = 86_400_000;

/// A name in `wait/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name {
    /// Not before that.
    pub due: Millis,
    /// Why it waits.
    pub why: Why,
    /// The most urgent level in it.
    pub level: u8,
    /// The job.
    pub id: String,
    /// Of its message; see [`Work::digest`].
    pub digest: String,
    /// The route of all that is left to do, where it is one and known.
    pub route: Option<String>,
}

impl Name {
    /// The name of a job that has something left to do.
    pub fn of(work: &Work) -> Self {
        let pending = || work.each().filter(|(_, mark, part)| part.is_pending(*mark));
        // One that waits for the part in front of it is due when that one is.
        let next = pending().filter(|(at, ..)| work.is_next(*at));
        let next = next.map(|(.., part)| part);
        let next = next.min_by_key(|part| (part.stopped, part.due));
        let mut routes = pending().map(|(.., part)| part.route());
        let route = routes.next().flatten();
        let why = match next {
            Some(part) if part.stopped => Why::Stopped,
            Some(part) if part.put_off => Why::Hold,
            Some(_) if work.gathers() => Why::Gather,
            Some(part) if part.is_paced() => Why::Paced,
            Some(part) if part.is_put_off(work.received) => Why::Hold,
            _ => Why::Retry,
        };
        Self {
            due: next.map_or(0, |part| part.due),
            why,
            level: work.level(),
            id: work.id.clone(),
            digest: work.digest(),
            route: route
                .filter(|route| routes.all(|other| other == Some(*route)))
                .map(str::to_owned),
        }
    }

    /// Was it put there by a clock that was wrong? That of `now` is right, and a
    /// retry is due at `latest`.
    pub fn is_astray(&self, now: Millis, latest: Millis) -> bool {
        match self.why {
            Why::Retry => self.due > latest,
            Why::Gather | Why::Paced => self.due > now.saturating_add(LONGEST),
            Why::Hold | Why::Stopped => false,
        }
    }

    /// Reads a name; `None`: it is none of ours.
    pub fn read(text: &str) -> Option<Self> {
        let mut fields = text.split('~');
        let due = fields.next()?.parse().ok()?;
        let why = fields.next()?;
        let (why, _) = Why::ALL.into_iter().find(|(_, word)| *word == why)?;
        let level = fields.next()?.parse().ok()?;
        let id = fields.next().filter(|id| is_id(id))?.to_owned();
        let digest = fields.next()?.to_owned();
        let route = fields.next()?;
        let route = (!route.is_empty()).then(|| route.to_owned());
        let name = Self {
            due,
            why,
            level,
            id,
            digest,
            route,
        };
        fields.next().is_none().then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            due,
            why,
            level,
            id,
            digest,
            route,
        } = self;
        let (why, route) = (why.word(), route.as_deref().unwrap_or_default());
        write!(f, "{due:013}~{why}~{level:02}~{id}~{digest}~{route}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::work::{Mark, Part, Plan};
    use proptest::prelude::*;

    const ID: &str = "1787457906-000000000-4711-0-9f3c";

    fn part(due: Millis, route: &str) -> Part {
        Part {
            due,
            plan: Some(Plan {
                route: route.to_owned(),
                part: (1, 1),
                ..Plan::default()
            }),
            ..Part::default()
        }
    }

    fn work(parts: Vec<Part>, marks: &[Mark]) -> Work {
        Work {
            id: ID.to_owned(),
            received: 1000,
            message: "Disk full".to_owned(),
            parts,
            marks: marks.to_vec(),
            ..Work::default()
        }
    }

    #[test]
    fn a_name_tells_what_a_pass_has_to_know() {
        let job = work(vec![part(1000, "modem")], &[Mark::ToDo]);
        let name = Name::of(&job).to_string();
        let digest = job.digest();
        assert_eq!(name, format!("0000000001000~r~01~{ID}~{digest}~modem"));
        assert_eq!(Name::read(&name), Some(Name::of(&job)));
    }

    #[test]
    fn the_first_that_is_left_to_do_counts() {
        let (todo, done) = (Mark::ToDo, Mark::Delivered);
        let name = |parts, marks: &[Mark]| Name::of(&work(parts, marks));
        let of = name(vec![part(5000, "a"), part(7000, "a")], &[done, todo]);
        assert_eq!(
            (of.due, of.why, of.route.as_deref()),
            (7000, Why::Hold, Some("a"))
        );
        // On several routes it is nobody's.
        let of = name(vec![part(5000, "a"), part(7000, "b")], &[todo, todo]);
        assert_eq!((of.due, of.route), (5000, None));
        let tried = Part {
            tries: 1,
            ..part(9000, "a")
        };
        assert_eq!(name(vec![tried.clone()], &[todo]).why, Why::Retry);
        let held = Part {
            stopped: true,
            ..tried
        };
        let of = name(vec![held.clone(), part(9500, "a")], &[Mark::Unknown, todo]);
        assert_eq!((of.due, of.why), (9500, Why::Hold));
        assert_eq!(name(vec![held], &[Mark::Unknown]).why, Why::Stopped);
        let urgent = Part {
            level: Some(0),
            ..part(1000, "a")
        };
        assert_eq!(name(vec![part(1, "a"), urgent], &[todo, todo]).level, 0);
    }

    proptest! {
        #[test]
        fn whatever_lies_there_makes_no_panic(text in "[0-9~a-z.-]{0,60}|\\PC{0,20}") {
            if let Some(name) = Name::read(&text) {
                prop_assert_eq!(Name::read(&name.to_string()), Some(name));
            }
        }
    }
}
