//! Rows for people: columns that stand below each other, ages instead of
//! dates, and nothing that a terminal would obey.
//!
//! Answers for showing the first rows before the last ones are known: widths
//! are those of a block of rows, and never become less.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::row::{Row, State, moment};
use crate::queue::work::{Millis, time};
use crate::text::escape::printable;

/// Rows whose widths are found out together.
const BLOCK: usize = 200;

const COLUMNS: usize = 9;

const HEADER: [&str; COLUMNS] = [
    "AGE", "ID", "STATE", "LEVEL", "PAGER", "ROUTE", "TRIES", "DUE", "LAST",
];

/// From that on, when something is due is told as a date.
const FAR: Duration = Duration::from_secs(86_400);

/// Rows that are shown as they come.
#[derive(Debug)]
pub(super) struct Table<W> {
    out: W,
    now: SystemTime,
    /// What a line may have, on a terminal.
    width: Option<usize>,
    widths: [usize; COLUMNS],
    waiting: Vec<([String; COLUMNS], Vec<String>)>,
    begun: bool,
}

impl<W: Write> Table<W> {
    pub(super) fn new(out: W, now: SystemTime, width: Option<usize>) -> Self {
        Self {
            out,
            now,
            width,
            widths: HEADER.map(str::len),
            waiting: Vec::new(),
            begun: false,
        }
    }

    /// Shows a row; with `story`, what happened to it below.
    pub(super) fn put(&mut self, row: &Row, story: bool) -> io::Result<()> {
        let below = if story { tell(row) } else { Vec::new() };
        self.waiting.push((cells(row, self.now), below));
        if self.waiting.len() < BLOCK {
            return Ok(());
        }
        self.flush()
    }

    /// Shows what there is.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.waiting);
        for (cells, _) in &block {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        if !self.begun && !block.is_empty() {
            self.begun = true;
            self.line(&HEADER.map(str::to_owned))?;
        }
        for (cells, below) in block {
            self.line(&cells)?;
            for line in below {
                self.cut(&format!("      {line}"))?;
            }
        }
        self.out.flush()
    }

    fn line(&mut self, cells: &[String; COLUMNS]) -> io::Result<()> {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(self.widths) {
            line.push_str(cell);
            let blanks = width.saturating_sub(cell.chars().count()) + 2;
            line.extend(std::iter::repeat_n(' ', blanks));
        }
        self.cut(line.trim_end())
    }

    fn cut(&mut self, line: &str) -> io::Result<()> {
        let width = self.width.unwrap_or(usize::MAX);
        let line: String = line.chars().take(width).collect();
        writeln!(self.out, "{line}")
    }
}

fn cells(row: &Row, now: SystemTime) -> [String; COLUMNS] {
    let shown = |text: Option<&String>| match text {
        Some(text) => one_word(text),
        None => "-".to_owned(),
    };
    let pager = match (&row.to, &row.pager) {
        (Some(to), Some(pager)) if to != pager => {
            format!("{} ({})", one_word(to), one_word(pager))
        }
        (to, pager) => shown(to.as_ref().or(pager.as_ref())),
    };
    let number = |number: Option<u8>| number.map_or("-".to_owned(), |number| number.to_string());
    let due = match row.due_at {
        _ if row.state == State::Held => "-".to_owned(),
        Some(due) => ahead(due, now),
        None => "-".to_owned(),
    };
    [
        row.received_at.map_or("-".to_owned(), |at| age(at, now)),
        one_word(&row.id),
        row.state.word().to_owned(),
        number(row.level),
        pager,
        shown(row.route.as_ref()),
        row.attempts.to_string(),
        due,
        last(row),
    ]
}

/// The last outcome with its code and text.
fn last(row: &Row) -> String {
    let code = row.code.map(|code| format!("{code:03}"));
    let response = row.response.as_deref().map(safe);
    let words = [row.outcome.as_deref().map(safe), code, response];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(" ")
}

/// What happened to a part, line by line.
pub(super) fn tell(row: &Row) -> Vec<String> {
    let mut lines = Vec::new();
    for event in &row.story {
        let code = event.code.map(|code| format!("{code:03}"));
        let words = [
            Some(moment(event.at)),
            Some(safe(&event.route)),
            Some(safe(&event.server)),
            Some(safe(&event.outcome)),
            code,
            Some(safe(&event.response)),
        ];
        let words = words.into_iter().flatten();
        let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
        lines.push(words.join(" "));
    }
    if row.story.is_empty() {
        lines.extend(row.response.as_deref().map(safe));
    }
    if row.mark.as_deref() == Some("U") {
        lines.push("it may have been delivered: nobody knows".to_owned());
    }
    if row.duplicate_possible {
        lines.push("it may have been delivered more than once".to_owned());
    }
    lines
}

pub(super) fn safe(text: &str) -> String {
    printable(text.as_bytes())
}

/// Columns are kept apart by blanks.
fn one_word(text: &str) -> String {
    safe(text).replace([' ', '\t'], "_")
}

/// For how long: `3m`.
pub(super) fn age(since: Millis, now: SystemTime) -> String {
    // A clock that went back makes nobody younger than just born.
    span(now.duration_since(time(since)).unwrap_or_default())
}

pub(super) fn ahead(due: Millis, now: SystemTime) -> String {
    match time(due).duration_since(now) {
        Err(_) | Ok(Duration::ZERO) => "now".to_owned(),
        Ok(ahead) if ahead < FAR => format!("in {}", span(ahead)),
        Ok(_) => format!("at {}", moment(due)),
    }
}

fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_one_unit() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (u64::MAX, "213503982334601d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn what_is_far_ahead_has_a_date_and_what_is_to_come_is_not_old() {
        let now = time(1_000_000);
        assert_eq!(ahead(1_000_000 + 240_000, now), "in 4m");
        assert_eq!(
            ahead(1_000_000 + 86_400_000, now),
            "at 1970-01-02T00:16:40Z"
        );
        assert_eq!(age(2_000_000, now), "0s");
        assert_eq!(age(880_000, now), "2m");
    }
}
