//! A digest: a job of our own, which holds what was gathered for one pager on
//! one route.
//!
//! Answers for what it takes over of the pages in it. Must never know where it
//! lies, nor when its turn is.

use std::time::SystemTime;

use crate::config::Config;
use crate::queue::deliver::plan::cut_digest;
use crate::queue::spool::new_id;
use crate::queue::work::{Event, GATHERED, Gathered, Mark, NORMAL, Part, Plan, Work, millis};

/// Who sends digests.
const FROM: &str = "page-deliver";

/// One that holds nothing yet, for the pager and the route of this part.
pub(super) fn begin(from: &Work, part: &Part) -> Work {
    let plan = part.plan.clone().unwrap_or_default();
    let now = SystemTime::now();
    let part = Part {
        to: plan.pager.clone(),
        level: part.level,
        alert: part.alert,
        coverage: part.coverage.clone(),
        plan: Some(Plan {
            text: None,
            begun: millis(now),
            ..plan
        }),
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
/// when the last one is, and else what all of them have. The first one's subject
/// and parts are the digest's own as long as it is alone.
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
    let Some(gathered) = &mut digest.gathered else {
        return;
    };
    match &from.subject {
        Some(subject) => gathered.add(&format!("{subject}: {text}")),
        None => gathered.add(text),
    }
    if gathered.count == 1 {
        text.clone_into(&mut digest.message);
        digest.subject.clone_from(&from.subject);
        digest.max_parts = from.max_parts;
    } else {
        digest.message = gathered.message();
        (digest.subject, digest.max_parts) = (None, None);
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

/// Cuts what it says for its way. `false`: that is not there any more.
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
    let mut parts = cut_digest(&part, &way, route, gathered, &digest.message, digest);
    for (mark, part) in &mut parts {
        // What cannot go has failed, and its last word is why.
        if mark.is_open() {
            part.tell(event.clone());
        }
        if let Some(plan) = &mut part.plan {
            plan.begun = digest.received;
        }
    }
    (digest.marks, digest.parts) = parts.into_iter().unzip();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = "[pager.ann]\n[route.a]\ntype = 'xtell'\nmax-length = 30\n\
                    [route.b]\ntype = 'xtell'\nmax-length = 12\ncharset = 'ascii'\n";
        Config::parse("f", text.as_bytes()).unwrap()
    }

    fn page(message: &str, level: Option<u8>) -> Work {
        let plan = Plan {
            pager: "ann".to_owned(),
            route: "a".to_owned(),
            made: "a".to_owned(),
            part: (1, 1),
            ..Plan::default()
        };
        Work {
            message: message.to_owned(),
            parts: vec![Part {
                level,
                plan: Some(plan),
                ..Part::default()
            }],
            marks: vec![Mark::ToDo],
            ..Work::default()
        }
    }

    fn digest(pages: &[Work]) -> Work {
        let mut digest = begin(&pages[0], &pages[0].parts[0]);
        for page in pages {
            take_in(&mut digest, page, 0, &text(page, 0, false));
        }
        assert!(compose(&mut digest, &config()));
        digest
    }

    #[test]
    fn it_is_what_all_of_its_pages_are() {
        let mut pages = [page("a", Some(3)), page("b", None), page("c", Some(5))];
        for page in &mut pages {
            page.caller = Some("5551212".to_owned());
            page.failure_of = Some("1-1".to_owned());
            page.parts[0].alert = Some(true);
        }
        pages[0].parts[0].coverage = Some("2".to_owned());
        for (page, expires) in pages.iter_mut().zip([5000, 9000, 7000]) {
            page.expires = Some(expires);
        }
        let all = digest(&pages);
        let part = &all.parts[0];
        assert_eq!((all.level(), all.expires), (NORMAL, Some(9000)));
        assert_eq!((part.alert, &part.coverage), (Some(true), &None));
        assert_eq!(all.caller.as_deref(), Some("5551212"));
        assert!(all.gathers() && all.failure_of.is_some());
        // One that is no failure's is, and so is the digest; and one never is too old.
        pages[1].failure_of = None;
        pages[2].expires = None;
        pages[2].caller = None;
        let all = digest(&pages);
        assert_eq!(
            (all.failure_of, all.expires, all.caller),
            (None, None, None)
        );
    }

    #[test]
    fn several_pages_are_one_part_and_one_is_as_many_as_it_was() {
        let long = "Der Speicher auf db01 ist wieder größer";
        let alone = digest(&[page(long, None)]);
        assert_eq!((alone.parts.len(), alone.message.as_str()), (2, long));
        assert!(alone.gathers());
        let mut two = digest(&[page(long, None), page(long, None)]);
        assert_eq!(
            (two.parts.len(), two.text(0)),
            (1, "+2 more: Der Speicher auf d...")
        );
        assert_eq!(two.message, format!("+2 more: {long} (2)"));
        // On another way it has other words, and is no younger.
        let begun = two.received;
        if let Some(plan) = &mut two.parts[0].plan {
            plan.route = "b".to_owned();
        }
        assert!(compose(&mut two, &config()));
        assert_eq!(two.text(0), "+2 more:...");
        assert_eq!(two.parts[0].plan.as_ref().unwrap().begun, begun);
        // That way is not there.
        if let Some(plan) = &mut two.parts[0].plan {
            plan.route = "c".to_owned();
        }
        assert!(!compose(&mut two, &config()));
    }

    #[test]
    fn a_message_in_parts_is_put_together_again() {
        let mut page = page("one two three", None);
        let part = page.parts[0].clone();
        let texts = ["(1/2) ONE TWO", "(2/2) THREE"];
        page.parts = texts
            .iter()
            .enumerate()
            .map(|(at, text)| {
                let mut part = part.clone();
                if let Some(plan) = &mut part.plan {
                    plan.part = (at + 1, 2);
                    plan.text = Some((*text).to_owned());
                }
                part
            })
            .collect();
        assert_eq!(text(&page, 0, false), "one two three");
        assert_eq!(text(&page, 0, true), "ONE TWO THREE");
    }
}
