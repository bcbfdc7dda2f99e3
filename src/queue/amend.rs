//! What somebody decides of a job by hand, and what that makes of it.
//!
//! Answers for nothing being sent again in silence that may be out already.
//! Must never know where the job lies.

use std::time::SystemTime;

use super::store::{Receipt, ReceiptPart};
use super::work::{Event, Mark, Millis, Part, Work, millis};

/// The mark of a part, in a receipt, that nobody wanted any more.
pub const REMOVED: &str = "R";

/// Nothing of it is sent before somebody releases it. `false`: so it was.
pub fn hold(work: &mut Work) -> bool {
    let mut changed = false;
    for (part, mark) in work.parts.iter_mut().zip(&work.marks) {
        if part.is_pending(*mark) && !part.stopped {
            part.stopped = true;
            changed = true;
        }
    }
    changed
}

/// What was stopped is due. `false`: nothing was.
pub fn release(work: &mut Work, now: Millis) -> bool {
    let mut changed = false;
    for (part, mark) in work.parts.iter_mut().zip(&mut work.marks) {
        if part.is_pending(*mark) && part.stopped {
            go(part, mark, now);
            changed = true;
        }
    }
    changed
}

/// All that is left to do is due. `false`: nothing is.
pub fn hurry(work: &mut Work, now: Millis) -> bool {
    let mut changed = false;
    for (part, mark) in work.parts.iter_mut().zip(&mut work.marks) {
        if part.is_pending(*mark) {
            go(part, mark, now);
            changed = true;
        }
    }
    changed
}

/// What has failed begins anew. `false`: nothing has.
pub fn revive(work: &mut Work, now: Millis) -> bool {
    let mut changed = false;
    for (part, mark) in work.parts.iter_mut().zip(&mut work.marks) {
        if *mark == Mark::Delivered {
            continue;
        }
        go(part, mark, now);
        part.tries = 0;
        part.told = false;
        if let Some(plan) = &mut part.plan {
            plan.since = now;
            plan.begun = now;
        }
        changed = true;
    }
    changed
}

fn go(part: &mut Part, mark: &mut Mark, now: Millis) {
    // Whatever was begun and has no end may be out.
    part.duplicate_possible |= matches!(mark, Mark::Unknown | Mark::InFlight | Mark::Next);
    *mark = Mark::ToDo;
    part.stopped = false;
    part.due = now;
}

/// The receipt of a job that is removed.
pub fn removed(work: &Work, at: SystemTime) -> Receipt {
    let mut receipt = Receipt::of(work, at);
    for (part, mark) in receipt.parts.iter_mut().zip(&work.marks) {
        if *mark != Mark::Delivered {
            let before = [part.last.outcome.as_str(), &part.last.response];
            let before: Vec<&str> = before.into_iter().filter(|text| !text.is_empty()).collect();
            part.last.response = before.join(" ");
            remove(part, at);
        }
    }
    if receipt.parts.is_empty() {
        let response = work.error.clone().unwrap_or_default();
        receipt.parts.push(nothing(response, at));
    }
    receipt
}

/// The receipt of a file that was no job.
pub fn removed_spoilt(id: &str, why: &str, at: SystemTime) -> Receipt {
    Receipt {
        id: id.to_owned(),
        at: millis(at),
        parts: vec![nothing(why.to_owned(), at)],
        ..Receipt::default()
    }
}

fn nothing(response: String, at: SystemTime) -> ReceiptPart {
    let mut part = ReceiptPart {
        last: Event {
            response,
            ..Event::default()
        },
        ..ReceiptPart::default()
    };
    remove(&mut part, at);
    part
}

fn remove(part: &mut ReceiptPart, at: SystemTime) {
    REMOVED.clone_into(&mut part.mark);
    part.last.at = millis(at);
    "removed".clone_into(&mut part.last.outcome);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::work::Plan;

    /// A job with a part of each mark, each due at 1000.
    fn work() -> Work {
        let marks = [
            Mark::ToDo,
            Mark::InFlight,
            Mark::Delivered,
            Mark::Failed,
            Mark::Unknown,
        ];
        let part = |_| Part {
            due: 1000,
            tries: 3,
            told: true,
            plan: Some(Plan::default()),
            ..Part::default()
        };
        Work {
            parts: marks.iter().map(part).collect(),
            marks: marks.to_vec(),
            ..Work::default()
        }
    }

    fn seen(work: &Work) -> String {
        let part = |(_, mark, part): (_, Mark, &Part)| {
            let stopped = if part.stopped { "s" } else { "" };
            let twice = if part.duplicate_possible { "2" } else { "" };
            format!("{}{}{stopped}{twice}", char::from(mark.byte()), part.due)
        };
        let parts: Vec<String> = work.each().map(part).collect();
        parts.join(" ")
    }

    #[test]
    fn what_is_held_keeps_its_time_and_what_is_released_is_due() {
        let mut work = work();
        assert!(hold(&mut work) && !hold(&mut work));
        assert_eq!(seen(&work), "T1000s I1000s D1000 F1000 U1000");
        assert!(release(&mut work, 5) && !release(&mut work, 6));
        assert_eq!(seen(&work), "T5 T52 D1000 F1000 U1000");
        assert_eq!(work.parts[0].tries, 3);
    }

    #[test]
    fn of_unknown_fate_and_held_it_may_be_out_twice_once_it_is_released() {
        let mut work = work();
        work.parts[4].stopped = true;
        assert!(release(&mut work, 5));
        assert_eq!(seen(&work), "T1000 I1000 D1000 F1000 T52");
        work = self::work();
        work.parts[4].stopped = true;
        assert!(hurry(&mut work, 5));
        assert_eq!(seen(&work), "T5 T52 D1000 F1000 T52");
    }

    #[test]
    fn what_is_delivered_is_never_done_again() {
        let mut work = work();
        assert!(revive(&mut work, 5));
        assert_eq!(seen(&work), "T5 T52 D1000 T5 T52");
        assert_eq!((work.parts[3].tries, work.parts[2].tries), (0, 3));
        let plan = work.parts[3].plan.clone().unwrap();
        assert_eq!((plan.since, plan.begun, work.parts[3].told), (5, 5, false));
        work.marks.fill(Mark::Delivered);
        assert!(!revive(&mut work, 5) && !hurry(&mut work, 5) && !hold(&mut work));
    }

    #[test]
    fn a_removed_job_leaves_a_receipt_that_says_what_was_before() {
        let mut work = work();
        work.parts[3].tell(Event {
            outcome: "refused".to_owned(),
            code: Some(550),
            response: "Invalid".to_owned(),
            ..Event::default()
        });
        let receipt = removed(&work, SystemTime::UNIX_EPOCH);
        let marks: String = receipt.parts.iter().map(|part| &*part.mark).collect();
        assert_eq!(marks, "RRDRR");
        let last = &receipt.parts[3].last;
        assert_eq!(
            (&*last.outcome, &*last.response),
            ("removed", "refused Invalid")
        );
        let none = Work::refused("id", SystemTime::UNIX_EPOCH, b"x", "no header".to_owned());
        let receipt = removed(&none, SystemTime::UNIX_EPOCH);
        assert_eq!(receipt.parts[0].last.response, "no header");
    }
}
