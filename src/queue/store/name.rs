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
    /// Somebody has to let it go first.
    Stopped,
}

impl Why {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Hold, "h"), (Self::Retry, "r"), (Self::Stopped, "s")];

    fn word(self) -> &'static str {
        let known = Self::ALL.into_iter().find(|(why, _)| *why == self);
        known.map_or("r", |(_, word)| word)
    }
}

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
    /// Of its message; see [`super::super::work::digest`].
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
