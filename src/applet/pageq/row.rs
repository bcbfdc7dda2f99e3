//! What is told of one part of a job for one recipient.

use serde::Serialize;

use crate::cli::moment::rfc3339;
use crate::queue::amend::REMOVED;
use crate::queue::store::{Content, Entry, Place, Receipt};
use crate::queue::work::{Event, Mark, Millis, NORMAL, Part, Work, time};

/// Where a part stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    New,
    Wait,
    Held,
    Active,
    Failed,
    Sent,
    Removed,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Wait => "wait",
            Self::Held => "held",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Sent => "sent",
            Self::Removed => "removed",
        }
    }

    fn of(place: Place, mark: Mark, part: &Part) -> Self {
        match (mark, place) {
            (Mark::Delivered, _) => Self::Sent,
            (_, Place::Failed) => Self::Failed,
            (_, _) if !part.is_pending(mark) => Self::Failed,
            (_, Place::New) => Self::New,
            (_, _) if part.stopped => Self::Held,
            (_, Place::Active) => Self::Active,
            (_, Place::Wait) => Self::Wait,
        }
    }
}

/// One part, as JSON tells it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) pager: Option<String>,
    pub(super) route: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) code: Option<u16>,
    pub(super) attempts: u32,
    pub(super) due: Option<String>,
    pub(super) received: Option<String>,
    pub(super) to: Option<String>,
    pub(super) part: Option<String>,
    pub(super) level: Option<u8>,
    pub(super) mark: Option<String>,
    pub(super) duplicate_possible: bool,
    pub(super) from: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) length: Option<usize>,
    pub(super) response: Option<String>,
    pub(super) server: Option<String>,
    #[serde(skip)]
    pub(super) due_at: Option<Millis>,
    #[serde(skip)]
    pub(super) received_at: Option<Millis>,
    #[serde(skip)]
    pub(super) story: Vec<Event>,
}

impl Row {
    fn new(id: &str, state: State) -> Self {
        Self {
            id: id.to_owned(),
            state,
            pager: None,
            route: None,
            outcome: None,
            code: None,
            attempts: 0,
            due: None,
            received: None,
            to: None,
            part: None,
            level: None,
            mark: None,
            duplicate_possible: false,
            from: None,
            origin: None,
            length: None,
            response: None,
            server: None,
            due_at: None,
            received_at: None,
            story: Vec::new(),
        }
    }

    fn received(mut self, at: Millis) -> Self {
        self.received = Some(moment(at));
        self.received_at = Some(at);
        self
    }

    fn due(mut self, at: Option<Millis>) -> Self {
        self.due = at.map(moment);
        self.due_at = at;
        self
    }

    fn last(mut self, last: Option<&Event>) -> Self {
        let Some(last) = last else {
            return self;
        };
        self.outcome = some(&last.outcome);
        self.code = last.code;
        self.response = some(&last.response);
        self.server = some(&last.server);
        self.route = self.route.or_else(|| some(&last.route));
        self
    }

    /// The rows of a job.
    pub(super) fn of(entry: &Entry, place: Place, content: &Content) -> Vec<Self> {
        match content {
            Content::Work(work) => Self::of_work(&entry.id, place, work),
            Content::Spoilt(why) => vec![Self::of_spoilt(entry, place, why)],
        }
    }

    fn of_work(id: &str, place: Place, work: &Work) -> Vec<Self> {
        let row = |state| Self {
            from: work.from.clone(),
            origin: work.origin.clone(),
            length: Some(work.message.len()),
            ..Self::new(id, state).received(work.received)
        };
        if work.parts.is_empty() {
            let state = match place {
                Place::New => State::New,
                _ => State::Failed,
            };
            return vec![Self {
                response: work.error.clone(),
                ..row(state)
            }];
        }
        let row = |(_, mark, part): (usize, Mark, &Part)| {
            let row = row(State::of(place, mark, part));
            let due = part.is_pending(mark) && place != Place::Failed;
            let plan = part.plan.as_ref();
            Self {
                pager: some(plan.map_or(&part.to, |plan| &plan.pager)),
                route: plan.and_then(|plan| some(&plan.route)),
                attempts: part.tries,
                to: Some(part.to.clone()),
                part: plan.map(|plan| number(plan.part)),
                level: Some(part.level.unwrap_or(NORMAL)),
                mark: (place != Place::New).then(|| char::from(mark.byte()).to_string()),
                duplicate_possible: part.duplicate_possible,
                story: part.story.clone(),
                ..row
            }
            .due(due.then_some(part.due))
            .last(part.last())
        };
        work.each().map(row).collect()
    }

    /// As far as the name of its file tells.
    fn of_spoilt(entry: &Entry, place: Place, why: &str) -> Self {
        let state = match place {
            Place::New => State::New,
            Place::Wait => State::Wait,
            Place::Active => State::Active,
            Place::Failed => State::Failed,
        };
        let name = entry.waits();
        Self {
            route: name.as_ref().and_then(|name| name.route.clone()),
            level: entry.level,
            response: Some(why.to_owned()),
            ..Self::new(&entry.id, state)
        }
        .due(name.map(|name| name.due))
    }

    /// The rows of a receipt.
    pub(super) fn of_receipt(receipt: &Receipt) -> Vec<Self> {
        let parts = receipt.parts.iter().map(|part| {
            let state = match part.mark.as_str() {
                "D" => State::Sent,
                REMOVED => State::Removed,
                _ => State::Failed,
            };
            let pager = some(&part.pager).or_else(|| some(&part.to));
            Self {
                pager,
                attempts: part.tries,
                to: some(&part.to),
                part: (part.part.1 > 0).then(|| number(part.part)),
                mark: some(&part.mark),
                duplicate_possible: part.duplicate_possible,
                from: receipt.from.clone(),
                origin: receipt.origin.clone(),
                length: Some(receipt.length),
                ..Self::new(&receipt.id, state)
            }
            .received(receipt.received)
            .last(Some(&part.last))
        });
        parts.collect()
    }
}

/// As JSON tells a time.
pub(super) fn moment(at: Millis) -> String {
    rfc3339(time(at))
}

fn number((part, of): (usize, usize)) -> String {
    format!("{part}/{of}")
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
