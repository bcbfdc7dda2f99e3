//! Whom a job goes to, on which route and in which words, once it is due.
//!
//! Answers for groups being opened and messages being cut. Must never know
//! whether a route works.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::SystemTime;

use jiff::Timestamp;

use super::twice::DUPLICATE;
use super::{Deliverer, Said, now};
use crate::config::tables::{Kind, Route};
use crate::config::way::{Nobody, Way};
use crate::outcome::Outcome;
use crate::queue::store::Store;
use crate::queue::work::{
    CUT, Event, Gathered, Mark, Millis, NORMAL, Part, Plan, Work, millis, time,
};
use crate::text::split::{self, Limit};

/// So few parts always fit into a work file, whatever a job of 64 KiB says.
const FEW: usize = 16;
/// The longest message of a gateway that nobody has told us more of.
const SNPP_LENGTH: usize = 256;
/// The longest digest where nobody has told us more: one block of a paging line
/// takes that, and nobody wants to read more.
const DIGEST_LENGTH: usize = 200;

/// What is known of a part that was to be planned.
enum Planned {
    /// These stand in its place.
    Parts(Vec<(Mark, Part)>),
    /// The filter of this route has to see the message first.
    Filter(String),
}

impl Deliverer<'_> {
    /// Plans what is due as far as no filter is to be asked, unless its file
    /// would be too long with it: that is told when it is opened.
    pub(super) fn plan_all(&self, work: &mut Work) {
        let before = (work.marks.clone(), work.parts.clone());
        self.plan_with(work, &|_| None);
        if work.parts.len() > FEW && !Store::fits(work) {
            (work.marks, work.parts) = before;
        }
    }

    /// Plans what is due and has no plan, with what filters have made of the
    /// message, by route. Where filters are to be asked it stays as it is. Says
    /// whether anything has changed, and which filters.
    pub(super) fn plan_with(
        &self,
        work: &mut Work,
        filtered: &dyn Fn(&str) -> Option<Result<String, String>>,
    ) -> (bool, Vec<String>) {
        if !is_due(work) {
            return (false, Vec::new());
        }
        let planned = work.parts.iter().filter_map(|part| part.plan.as_ref());
        let mut pagers: BTreeSet<String> = planned.map(|plan| plan.pager.clone()).collect();
        let mut missing = Vec::new();
        let mut all = Vec::new();
        let mut is_remade = false;
        let mut at = 0;
        while let (Some(mark), Some(part)) = (work.marks.get(at), work.parts.get(at)) {
            let (planned, instead_of) = if waits_for_plan(*mark, part) {
                (self.plan(part, work, filtered, &mut pagers), 1)
            } else if is_misfit(*mark, part) {
                is_remade = true;
                self.replan(work, at, filtered)
            } else {
                (Planned::Parts(vec![(*mark, part.clone())]), 1)
            };
            match planned {
                Planned::Parts(parts) => {
                    all.extend(parts);
                    at += instead_of;
                }
                Planned::Filter(route) => {
                    missing.push(route);
                    all.push((*mark, part.clone()));
                    at += 1;
                }
            }
        }
        let changed = all.len() != work.parts.len()
            || all
                .iter()
                .zip(&work.parts)
                .any(|((_, new), old)| new != old);
        (work.marks, work.parts) = all.into_iter().unzip();
        if let Some(gathered) = work.gathered.as_mut().filter(|_| is_remade) {
            // What it took in now, that route's filter would not have seen.
            gathered.closed = true;
        }
        (changed, missing)
    }

    fn plan(
        &self,
        part: &Part,
        work: &Work,
        filtered: &dyn Fn(&str) -> Option<Result<String, String>>,
        pagers: &mut BTreeSet<String>,
    ) -> Planned {
        let at = SystemTime::now();
        let config = &self.setup.config;
        let mut ways = match config.ways(&part.to, at) {
            Ok(ways) => ways,
            Err(nobody) => return Planned::Parts(vec![refused(part, &nobody, at)]),
        };
        // Who is in two groups gets it once.
        ways.retain(|way| !pagers.contains(way.pager));
        if ways.is_empty() {
            return Planned::Parts(vec![repeated(part, at)]);
        }
        let mut parts = Vec::new();
        for way in &ways {
            let Some(route) = config.route(way.route) else {
                parts.push(refused(part, &Nobody::Unknown, at));
                continue;
            };
            let text = match (&route.filter, work.message.is_empty()) {
                (Some(_), false) => match filtered(way.route) {
                    None => return Planned::Filter(way.route.to_owned()),
                    Some(Ok(text)) => text,
                    Some(Err(why)) => {
                        parts.push(unfiltered(part, way, route, why));
                        continue;
                    }
                },
                _ => work.message.clone(),
            };
            parts.extend(cut(part, way, route, &text, work, at));
        }
        pagers.extend(ways.iter().map(|way| way.pager.to_owned()));
        Planned::Parts(parts)
    }

    /// A message that another route has taken over is cut anew for that one,
    /// unless some of it is out already. Says in place of how many parts.
    fn replan(
        &self,
        work: &Work,
        at: usize,
        filtered: &dyn Fn(&str) -> Option<Result<String, String>>,
    ) -> (Planned, usize) {
        let Some((part, plan)) = work
            .parts
            .get(at)
            .and_then(|part| Some((part, part.plan.as_ref()?)))
        else {
            return (Planned::Parts(Vec::new()), 1);
        };
        let config = &self.setup.config;
        let (number, count) = plan.part;
        let is_whole = number <= 1
            && (at..at + count.max(1)).all(|at| {
                let mark = work.marks.get(at);
                matches!(mark, Some(Mark::ToDo | Mark::Next))
            });
        let way = config.way(&plan.pager, &plan.route);
        let way = way.zip(config.route(&plan.route));
        let Some((way, route)) = way.filter(|_| is_whole) else {
            let mut part = part.clone();
            if let Some(plan) = &mut part.plan {
                plan.made.clone_from(&plan.route);
            }
            let mark = work.marks.get(at).copied().unwrap_or(Mark::ToDo);
            return (Planned::Parts(vec![(mark, part)]), 1);
        };
        let count = count.max(1);
        let text = match (&route.filter, work.message.is_empty()) {
            (Some(_), false) => match filtered(way.route) {
                None => return (Planned::Filter(way.route.to_owned()), 1),
                Some(Ok(text)) => text,
                Some(Err(why)) => {
                    // It is not cut any more, and not yet again.
                    let mut part = part.clone();
                    if let Some(plan) = &mut part.plan {
                        (plan.part, plan.text) = ((1, 1), None);
                    }
                    let part = unfiltered(&part, &way, route, why);
                    return (Planned::Parts(vec![part]), count);
                }
            },
            _ => work.message.clone(),
        };
        let parts = match &work.gathered {
            Some(gathered) => cut_digest(part, &way, route, gathered, &text, work),
            None => cut(part, &way, route, &text, work, SystemTime::now()),
        };
        (Planned::Parts(as_old(parts, plan)), count)
    }

    /// Until when a part has to wait for its pager's quiet hours to end.
    pub(super) fn quiet_until(&self, part: &Part) -> Option<Millis> {
        let plan = part.plan.as_ref()?;
        if part.level.unwrap_or(NORMAL) == 0 {
            return None;
        }
        let quiet = self.setup.config.way(&plan.pager, &plan.route)?.quiet?;
        let at = SystemTime::now();
        if !quiet.contains(at) {
            return None;
        }
        // Always quiet: then it is looked at again a day from now.
        let end = quiet.next_change(at).unwrap_or(at + crate::duration::DAY);
        Some(millis(end))
    }

    /// When a part is worthless.
    pub(super) fn expires(&self, work: &Work, part: &Part) -> Millis {
        let end = work.expires.unwrap_or(Millis::MAX);
        let Some(plan) = &part.plan else {
            return end;
        };
        let lifetime = self.setup.config.route(&plan.route).map(Route::lifetime);
        let lifetime = lifetime.map_or(Millis::MAX, |time| {
            Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX)
        });
        end.min(plan.begun.saturating_add(lifetime))
    }

    /// Has it expired? Never while the clock is behind what we have seen.
    pub(super) fn has_expired(&self, work: &Work, part: &Part) -> Option<Said> {
        let expires = self.expires(work, part);
        if now() < expires || now() < self.newest {
            return None;
        }
        let at = Timestamp::try_from(time(expires)).unwrap_or(Timestamp::MAX);
        let why = format!("it was worthless from {at:.0} on");
        Some(Said::new(Outcome::Refused, why))
    }
}

/// A filter that fails is tried again, as a route would be.
fn unfiltered(part: &Part, way: &Way<'_>, route: &Route, why: String) -> (Mark, Part) {
    let mut part = part.clone();
    // Others of its group may have their plans.
    way.pager.clone_into(&mut part.to);
    part.tell(Event::of(SystemTime::now(), Outcome::Temporary, why));
    let mark = super::judge::Policy::of(route).judge(&mut part, Outcome::Temporary, now());
    (mark, part)
}

/// Has this part no plan, though it is due?
fn waits_for_plan(mark: Mark, part: &Part) -> bool {
    mark.is_open() && part.plan.is_none() && part.due <= now() && !part.stopped
}

/// Is anything of it due that has no plan?
pub(super) fn is_due(work: &Work) -> bool {
    work.each()
        .any(|(_, mark, part)| waits_for_plan(mark, part) || is_misfit(mark, part))
}

/// Was its text made for another route than the one that has it now?
pub(super) fn is_misfit(mark: Mark, part: &Part) -> bool {
    let other = |plan: &Plan| !plan.made.is_empty() && plan.made != plan.route;
    matches!(mark, Mark::ToDo | Mark::Next)
        && !part.stopped
        && part.plan.as_ref().is_some_and(other)
}

/// Puts down what is due and has no plan.
pub(super) fn refuse_due(work: &mut Work, why: &str) {
    let event = Event::of(SystemTime::now(), Outcome::Refused, why.to_owned());
    for (mark, part) in work.marks.iter_mut().zip(&mut work.parts) {
        if waits_for_plan(*mark, part) {
            part.tell(event.clone());
            *mark = Mark::Failed;
        }
    }
}

/// All whom it is for get the same page under another name.
fn repeated(part: &Part, at: SystemTime) -> (Mark, Part) {
    let mut part = part.clone();
    part.tell(Event {
        at: millis(at),
        outcome: DUPLICATE.to_owned(),
        response: "the same pager under another name".to_owned(),
        ..Event::default()
    });
    (Mark::Delivered, part)
}

fn refused(part: &Part, nobody: &Nobody, at: SystemTime) -> (Mark, Part) {
    let mut part = part.clone();
    part.tell(Event::of(at, Outcome::Refused, nobody.to_string()));
    (Mark::Failed, part)
}

/// Parts that are as old as those of this plan.
fn as_old(mut parts: Vec<(Mark, Part)>, plan: &Plan) -> Vec<(Mark, Part)> {
    for (_, new) in &mut parts {
        if let Some(new) = &mut new.plan {
            (new.since, new.begun) = (plan.since, plan.begun);
        }
    }
    parts
}

/// The parts of a digest: one, unless it holds one page alone.
pub(super) fn cut_digest(
    part: &Part,
    way: &Way<'_>,
    route: &Route,
    gathered: &Gathered,
    text: &str,
    work: &Work,
) -> Vec<(Mark, Part)> {
    let text = way.charset.unwrap_or_default().apply(text.to_owned());
    let length = longest(way, route).unwrap_or(DIGEST_LENGTH);
    let text = gathered.fitted(&text, length);
    cut(part, way, route, &text, work, SystemTime::now())
}

/// The longest message on a way, in characters as sent.
fn longest(way: &Way<'_>, route: &Route) -> Option<usize> {
    let is_snpp = *route.r#type.get_ref() == Kind::Snpp;
    way.max_length.or(is_snpp.then_some(SNPP_LENGTH))
}

/// The parts of a message for one pager.
fn cut(
    part: &Part,
    way: &Way<'_>,
    route: &Route,
    text: &str,
    work: &Work,
    at: SystemTime,
) -> Vec<(Mark, Part)> {
    let length = longest(way, route);
    let charset = way.charset.unwrap_or_default();
    let text = charset.apply(text.to_owned());
    let limit = Limit {
        length: length.unwrap_or(usize::MAX),
        overflow: route.overflow(),
        parts: work
            .max_parts
            .map_or(split::DEFAULT_PARTS, NonZeroUsize::get),
        shorten: work.max_parts.is_some(),
    };
    let mut part = part.clone();
    let fitted = match split::fit(&text, &limit, |text| text.chars().count()) {
        Ok(fitted) => fitted,
        Err(error) => {
            part.tell(Event {
                route: way.route.to_owned(),
                ..Event::of(at, Outcome::Refused, error.to_string())
            });
            return vec![(Mark::Failed, part)];
        }
    };
    if fitted.cut {
        let told = match fitted.parts.len() {
            1 => format!("cut to {} characters", limit.length),
            parts => format!("cut to {parts} parts of {} characters", limit.length),
        };
        part.tell(Event {
            at: millis(at),
            outcome: CUT.to_owned(),
            response: told,
            ..Event::default()
        });
    }
    let count = fitted.parts.len();
    let planned = |(number, text): (usize, String)| {
        let plan = Plan {
            pager: way.pager.to_owned(),
            id: way.id.to_owned(),
            route: way.route.to_owned(),
            made: way.route.to_owned(),
            since: part.due,
            begun: part.due,
            part: (number + 1, count),
            text: (text != work.message).then_some(text),
        };
        let plan = Some(plan);
        (
            Mark::ToDo,
            Part {
                plan,
                ..part.clone()
            },
        )
    };
    fitted.parts.into_iter().enumerate().map(planned).collect()
}
