//! A digest: a job of our own, which holds what was gathered for one pager on
//! one route.
//!
//! Answers for what it takes over of the pages in it. Must never know where it
//! lies, nor when its turn is.

use std::time::SystemTime;

use crate::config::Config;
use crate::queue::deliver::plan::cut_digest;
use crate::queue::spool::new_id;
use crate::queue::work::{
    Event, GATHERED, Gathered, Mark, Millis, NORMAL, Part, Plan, Work, millis,
};

/// Who sends digests.
const FROM: &str = "page-deliver";

/// One that holds nothing yet, for the pager and the route of this part.
pub(super) fn begin(from: &Work, part: &Part, due: Millis) -> Work {
    let plan = part.plan.clone().unwrap_or_default();
    let now = SystemTime::now();
    let part = Part {
        to: plan.pager.clone(),
        level: part.level,
        alert: part.alert,
        coverage: part.coverage.clone(),
        due,
        plan: Some(Plan { text: None, ..plan }),
        ..Part::default()
    };
    Work {
        id: new_id(now),
        from: Some(FROM.to_owned()),
        received: millis(now),
        expires: from.expires,
        caller: from.caller.clone(),
        failure_of: from.failure_of.clone(),
        gathered: Some(Gathered::default()),
        parts: vec![part],
        marks: vec![Mark::ToDo],
        ..Work::default()
    }
}

/// Takes in the message whose first part is `at`: the most urgent of all, worthless
/// when the last one is, and else what all of them have.
pub(super) fn take_in(digest: &mut Work, from: &Work, at: usize, text: &str) {
    let Some(page) = from.parts.get(at) else {
        return;
    };
    if let Some(part) = digest.parts.first_mut() {
        let level = |part: &Part| part.level.unwrap_or(NORMAL);
        if level(page) < level(part) {
            part.level = page.level;
        }
        agree(&mut part.alert, page.alert.as_ref());
        agree(&mut part.coverage, page.coverage.as_ref());
    }
    agree(&mut digest.caller, from.caller.as_ref());
    digest.expires = digest
        .expires
        .zip(from.expires)
        .map(|(one, other)| one.max(other));
    if from.failure_of.is_none() {
        digest.failure_of = None;
    }
    if let Some(gathered) = &mut digest.gathered {
        match &from.subject {
            Some(subject) => gathered.add(&format!("{subject}: {text}")),
            None => gathered.add(text),
        }
    }
}

fn agree<T: PartialEq>(ours: &mut Option<T>, theirs: Option<&T>) {
    if ours.as_ref() != theirs {
        *ours = None;
    }
}

/// What the message says whose first part is `at`, in one piece. What a filter
/// has made of it is only there in parts.
pub(super) fn text(from: &Work, at: usize, filtered: bool) -> String {
    let plan = from.parts.get(at).and_then(|part| part.plan.as_ref());
    let count = plan.map_or(1, |plan| plan.part.1);
    if count <= 1 {
        return from.text(at).to_owned();
    }
    if !filtered {
        return from.message.clone();
    }
    let part = |number: usize| {
        let text = from.text(at + number - 1);
        let mark = format!("({number}/{count}) ");
        text.strip_prefix(&mark).unwrap_or(text)
    };
    (1..=count).map(part).collect::<Vec<_>>().join(" ")
}

/// Says anew what it holds, cut for its way. `false`: that is not there any more.
pub(super) fn compose(digest: &mut Work, config: &Config) -> bool {
    let Some(part) = digest.parts.first().cloned() else {
        return false;
    };
    let plan = part.plan.clone().unwrap_or_default();
    let way = config.way(&plan.pager, &plan.route);
    let (Some(way), Some(route)) = (way, config.route(&plan.route)) else {
        return false;
    };
    let Some(gathered) = &digest.gathered else {
        return false;
    };
    digest.message = gathered.message();
    let event = Event {
        at: millis(SystemTime::now()),
        outcome: GATHERED.to_owned(),
        response: match gathered.count {
            1 => "1 page so far".to_owned(),
            count => format!("{count} pages so far"),
        },
        ..Event::default()
    };
    let part = Part {
        story: Vec::new(),
        ..part
    };
    let mut parts = cut_digest(&part, &way, route, gathered, digest);
    for (_, part) in &mut parts {
        part.tell(event.clone());
        if let Some(plan) = &mut part.plan {
            plan.begun = digest.received;
        }
    }
    (digest.marks, digest.parts) = parts.into_iter().unzip();
    true
}
