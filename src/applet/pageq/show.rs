//! `pageq show`: all that is known of one job.

use std::fmt::Write as _;
use std::time::SystemTime;

use serde::Serialize;

use super::find::{Found, find};
use super::row::{Row, moment};
use super::table::{age, ahead, safe, tell};
use crate::cli::report::answer;
use crate::exit::{Exit, Failure};
use crate::queue::store::{Content, Entry, Place, Receipt, Store};
use crate::queue::work::{Event, Gathered, Part, Work};
use crate::text::escape;

/// A row, and what a list does not tell.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    row: &'a Row,
    caller: Option<&'a str>,
    subject: Option<&'a str>,
    expires: Option<String>,
    tag: Option<&'a str>,
    failure_of: Option<&'a str>,
    error: Option<&'a str>,
    gathered: Option<Vec<Page<'a>>>,
    message: Option<String>,
    story: Vec<Told<'a>>,
}

/// What was gathered in a digest: a text, and how often.
#[derive(Serialize)]
struct Page<'a> {
    text: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Told<'a> {
    at: String,
    route: &'a str,
    server: &'a str,
    outcome: &'a str,
    code: Option<u16>,
    response: &'a str,
}

impl<'a> From<&'a Event> for Told<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            at: moment(event.at),
            route: &event.route,
            server: &event.server,
            outcome: &event.outcome,
            code: event.code,
            response: &event.response,
        }
    }
}

pub(super) fn run(store: &Store, id: &str, json: bool) -> Result<Exit, Failure> {
    let text = match find(store, id)? {
        Found::File(entry, place, content) => of_file(&entry, place, &content, json),
        Found::Receipt(receipt) => of_receipt(&receipt, json),
    };
    let text = text.map_err(|error| Failure::new(Exit::Software, error.to_string()))?;
    answer(&text)?;
    Ok(Exit::Ok)
}

fn of_file(
    entry: &Entry,
    place: Place,
    content: &Content,
    json: bool,
) -> serde_json::Result<String> {
    let work = match content {
        Content::Work(work) => Some(&**work),
        Content::Spoilt(_) => None,
    };
    let rows = Row::of(entry, place, content);
    if json {
        return lines(&rows, work);
    }
    let mut text = String::new();
    head(&mut text, &rows, work);
    let parts = work.map(|work| work.parts.as_slice());
    for (at, row) in rows.iter().enumerate() {
        let part = parts.and_then(|parts| parts.get(at));
        part_of(&mut text, row, part);
    }
    if let Some(gathered) = work.and_then(|work| work.gathered.as_ref()) {
        text.push_str("\nGathered:\n");
        for Page { text: said, count } in pages(gathered) {
            push(&mut text, &format!("{count:>5} "), &safe(said));
        }
        let unlisted = Some(gathered.unlisted()).filter(|count| *count > 0);
        let more = unlisted.map(|count| format!("{count:>5} with other texts\n"));
        text.extend(more);
    }
    if let Some(work) = work {
        text.push_str("\nMessage:\n");
        for line in message(work).lines() {
            push(&mut text, "   | ", &safe(line));
        }
    }
    Ok(text)
}

fn of_receipt(receipt: &Receipt, json: bool) -> serde_json::Result<String> {
    let mut rows = Row::of_receipt(receipt);
    for (row, part) in rows.iter_mut().zip(&receipt.parts) {
        row.story = part.cut.iter().chain([&part.last]).cloned().collect();
    }
    if json {
        return lines(&rows, None);
    }
    let mut text = String::new();
    head(&mut text, &rows, None);
    for row in &rows {
        part_of(&mut text, row, None);
    }
    Ok(text)
}

fn lines(rows: &[Row], work: Option<&Work>) -> serde_json::Result<String> {
    let mut text = String::new();
    for row in rows {
        let shown = Shown {
            row,
            caller: work.and_then(|work| work.caller.as_deref()),
            subject: work.and_then(|work| work.subject.as_deref()),
            expires: work.and_then(|work| work.expires).map(moment),
            tag: work.and_then(|work| work.ticket.as_ref().map(|ticket| &*ticket.tag)),
            failure_of: work.and_then(|work| work.failure_of.as_deref()),
            error: work.and_then(|work| work.error.as_deref()),
            gathered: work.and_then(|work| work.gathered.as_ref()).map(pages),
            message: work.map(message),
            story: row.story.iter().map(Told::from).collect(),
        };
        text.push_str(&escape::json(&serde_json::to_string(&shown)?));
        text.push('\n');
    }
    Ok(text)
}

fn pages(gathered: &Gathered) -> Vec<Page<'_>> {
    let texts = gathered.texts.iter();
    texts
        .map(|(text, count)| Page {
            text,
            count: *count,
        })
        .collect()
}

/// Of a file that was no job, all of it, but for the PINs in it.
fn message(work: &Work) -> String {
    const PIN: &str = "pin=";
    if work.error.is_none() {
        return work.message.clone();
    }
    let mut shown = String::new();
    let mut rest = work.message.as_str();
    let lower = rest.to_ascii_lowercase();
    for (at, _) in lower.match_indices(PIN) {
        let done = work.message.len() - rest.len();
        let before = (at + PIN.len()).checked_sub(done);
        let Some((before, behind)) = before.and_then(|before| rest.split_at_checked(before)) else {
            continue;
        };
        shown.push_str(before);
        shown.push_str("****");
        rest = behind.trim_start_matches(|c: char| !c.is_whitespace());
    }
    shown + rest
}

/// What is the same for all parts.
fn head(text: &mut String, rows: &[Row], work: Option<&Work>) {
    let Some(first) = rows.first() else {
        return;
    };
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            push(text, &format!("{:<10}", format!("{name}:")), &safe(&value));
        }
    };
    line("ID", Some(first.id.clone()));
    let now = SystemTime::now();
    let old = |at| format!("{}, {} ago", moment(at), age(at, now));
    line("Received", first.received_at.map(old));
    line("From", first.from.clone());
    line("Origin", first.origin.clone());
    line(
        "Length",
        first.length.map(|length| format!("{length} bytes")),
    );
    let Some(work) = work else {
        return;
    };
    line("Caller", work.caller.clone());
    line("Subject", work.subject.clone());
    line("Expires", work.expires.map(moment));
    if let Some(ticket) = &work.ticket {
        line("Tag", Some(ticket.tag.clone()));
        for (code, text) in &ticket.choices {
            line("Choice", Some(format!("{code} {text}")));
        }
    }
    line(
        "Failure of",
        work.failure_of.as_ref().map(|id| format!(" {id}")),
    );
    line("Error", work.error.clone());
}

fn part_of(text: &mut String, row: &Row, part: Option<&Part>) {
    let mut words = vec![row.state.word().to_owned()];
    words.extend(row.level.map(|level| format!("level {level}")));
    words.extend(row.route.as_ref().map(|route| format!("route {route}")));
    words.extend(row.part.as_ref().map(|part| format!("part {part}")));
    words.push(match row.attempts {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    });
    words.extend(
        row.due_at
            .map(|due| format!("due {}", ahead(due, SystemTime::now()))),
    );
    if let Some(part) = part {
        words.extend(part.alert.map(|on| format!("alert {}", u8::from(on))));
        words.extend(
            part.coverage
                .as_ref()
                .map(|area| format!("coverage {area}")),
        );
        words.extend(part.pin.as_ref().map(|_| "with a PIN".to_owned()));
    }
    let to = row.to.as_deref().unwrap_or("nobody");
    let pager = row.pager.as_deref().filter(|pager| *pager != to);
    let pager = pager.map_or(String::new(), |pager| format!(" ({pager})"));
    let words = words.join(", ");
    push(text, "\n", &safe(&format!("{to}{pager}: {words}")));
    for line in tell(row) {
        push(text, "   ", &line);
    }
    if let Some(said) = part.and_then(|part| part.plan.as_ref()?.text.as_deref()) {
        push(text, "   it says: ", &safe(said));
    }
}

fn push(text: &mut String, before: &str, line: &str) {
    // Writing to a string does not fail.
    _ = writeln!(text, "{before}{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_not_shown_though_its_job_is_none() {
        let shown = |file: &str, error: Option<&str>| {
            message(&Work {
                message: file.to_owned(),
                error: error.map(str::to_owned),
                ..Work::default()
            })
        };
        for (file, safe) in [
            ("To: a; pin=1\n\nx\n", "To: a; pin=****\n\nx\n"),
            ("pin=pin=1 PIN=2;x", "pin=**** PIN=****"),
            ("ä pin=", "ä pin=****"),
            ("none", "none"),
        ] {
            assert_eq!(shown(file, Some("line 1")), safe);
            // What is a message is shown as it is.
            assert_eq!(shown(file, None), file);
        }
    }
}
