//! `pageq list`: row by row, in memory no more than the names.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _, stdout};
use std::time::SystemTime;

use rustix::termios::tcgetwinsize;

use super::Args;
use super::row::Row;
use super::table::Table;
use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::queue::store::{Entry, Place, Store};
use crate::text::escape;

/// Where rows go.
enum Rows {
    Json(BufWriter<StdoutLock<'static>>),
    Table(Table<BufWriter<StdoutLock<'static>>>),
}

/// Why there are no more rows.
enum Stop {
    /// The spool.
    Spool(io::Error),
    /// Standard output.
    Output(io::Error),
}

impl Rows {
    fn new(json: bool) -> Self {
        let out = BufWriter::new(stdout().lock());
        if json {
            return Self::Json(out);
        }
        let size = stdout().is_terminal().then(|| tcgetwinsize(stdout()).ok());
        let width = size.flatten().map(|size| usize::from(size.ws_col));
        let width = width.filter(|width| *width > 0);
        Self::Table(Table::new(out, SystemTime::now(), width))
    }

    fn put(&mut self, row: &Row, story: bool) -> Result<(), Stop> {
        let put = match self {
            Self::Json(out) => serde_json::to_string(row)
                .map_err(io::Error::from)
                .and_then(|line| writeln!(out, "{}", escape::json(&line))),
            Self::Table(table) => table.put(row, story),
        };
        put.map_err(Stop::Output)
    }

    fn finish(&mut self) -> Result<(), Stop> {
        let flushed = match self {
            Self::Json(out) => out.flush(),
            Self::Table(table) => table.flush(),
        };
        flushed.map_err(Stop::Output)
    }
}

pub(super) fn run(args: &Args, store: &Store) -> Result<Exit, Failure> {
    let mut rows = Rows::new(args.json);
    let listed = list(args, store, &mut rows).and_then(|()| rows.finish());
    match listed {
        Ok(()) => Ok(Exit::Ok),
        // Whoever has read enough, as head(1).
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        Err(Stop::Output(error)) => {
            let text = format!("standard output: {}", cause(&error));
            Err(Failure::new(Exit::Io, text))
        }
        Err(Stop::Spool(error)) => Err(super::failed(&store.dir().display().to_string(), &error)),
    }
}

fn list(args: &Args, store: &Store, rows: &mut Rows) -> Result<(), Stop> {
    if args.failed == args.sent {
        queued(store, rows)?;
    }
    if args.failed {
        let mut failed = store.look(&[Place::Failed]).map_err(Stop::Spool)?;
        failed.sort_by(|one, other| one.id.cmp(&other.id));
        put_all(store, &failed, true, rows)?;
    }
    if args.sent {
        let mut stopped = None;
        let read = store.receipts_backwards(&mut |receipt| {
            for row in Row::of_receipt(&receipt) {
                if let Err(stop) = rows.put(&row, false) {
                    stopped = Some(stop);
                    return false;
                }
            }
            true
        });
        if let Some(stop) = stopped {
            return Err(stop);
        }
        read.map_err(Stop::Spool)?;
    }
    Ok(())
}

/// What is to be delivered: the most urgent first, and of that the oldest.
fn queued(store: &Store, rows: &mut Rows) -> Result<(), Stop> {
    let places = [Place::New, Place::Wait, Place::Active];
    let mut queued = store.look(&places).map_err(Stop::Spool)?;
    for entry in &mut queued {
        if entry.level.is_none() {
            let read = store.read(entry).map_err(Stop::Spool)?;
            entry.level = read.map(|(_, content)| content.level());
        }
    }
    let key = |entry: &Entry| (entry.level, std::cmp::Reverse(entry.place));
    queued.sort_by(|one, other| {
        let (level, place) = key(one);
        let (other_level, other_place) = key(other);
        (level, &one.id, place).cmp(&(other_level, &other.id, other_place))
    });
    // Found twice while it moved.
    queued.dedup_by(|one, other| one.id == other.id && one.level == other.level);
    put_all(store, &queued, false, rows)
}

fn put_all(
    store: &Store,
    entries: &[Entry],
    with_story: bool,
    rows: &mut Rows,
) -> Result<(), Stop> {
    for entry in entries {
        // What is gone by now is elsewhere, and delivered most likely.
        if let Some((place, content)) = store.read(entry).map_err(Stop::Spool)? {
            for row in Row::of(entry, place, &content) {
                rows.put(&row, with_story)?;
            }
        }
    }
    Ok(())
}
