//! `page`: queue a page for a pager or a group.
//!
//! Answers for its flags, for turning them into jobs, and for saying what
//! became of each. Every name is looked up before anything is queued. Must
//! never know how a page is delivered.

mod flags;
mod names;
#[expect(clippy::module_inception, reason = "the page that this applet queues")]
mod page;
mod rows;
mod serve;
mod submit;
mod wait;
mod whole;

use std::path::Path;
use std::time::{Duration, SystemTime};

pub(crate) use self::flags::Args;
use self::names::Names;
use self::page::{Page, Wishes, fit};
use self::submit::Submitter;
use super::{send, spool};
use crate::cli::envelope::Envelope;
use crate::cli::report::Report;
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome, Tally};
use crate::page::{PageOptions, pagers};
use crate::queue::spool::Spool;
use crate::queue::tags::Status;
use crate::text::escape::printable;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;

const NAME: &str = "page";

/// What to do without a configuration.
const OTHERWISE: &str = "give --spool DIR to take any name";

/// What all pages of a run have in common.
#[derive(Debug)]
struct Settings<'a> {
    args: &'a Args,
    /// The spool's directory, and what is open of it.
    dir: &'a Path,
    spool: &'a Spool,
    diag: &'a Diag,
    interrupt: &'a Interrupt,
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    if let Some(client) = serve::client(args) {
        return serve::run(args, &client);
    }
    let target = args.target.as_deref();
    send::run(NAME, args.report, target, |diag| dispatch(args, diag))
}

fn dispatch(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    args.bulk.check()?;
    let config = args.place.find_config()?;
    let dir = args.place.dir(config.as_ref(), OTHERWISE)?;
    let names = Names(config);
    let wishes = Wishes::new(args)?;
    let defaults = args.defaults(SystemTime::now())?;
    let is_plain = args.bulk.csv.is_none() && args.job.is_none();
    // Before anybody types a text for nothing.
    let spool = spool::open(&dir)?;
    // Before signals are noted: a person who types it may think better of it.
    let typed = is_plain.then(|| of_words(args, &defaults, &names, &wishes, diag));
    let typed = typed.transpose()?;
    let interrupt = Interrupt::register()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {error}")))?;
    let settings = Settings {
        args,
        dir: &dir,
        spool: &spool,
        diag,
        interrupt: &interrupt,
    };
    match (&args.bulk.csv, &args.job, typed) {
        (Some(csv), ..) => rows::run(csv, defaults, &names, &wishes, &settings),
        (_, Some(path), _) => {
            let mut job = whole::read(path, &interrupt).map_err(|failure| named(path, &failure))?;
            names.check_all(job.to.iter().map(|to| to.name.as_str()))?;
            wishes.complete(&mut job);
            queue(&Page::of(1, vec![job], &wishes)?, &settings)
        }
        (_, _, Some(page)) => queue(&page, &settings),
        (_, _, None) => Err(Failure::usage("whom is it for? give a name")),
    }
}

/// A failure of a file, which its message names.
fn named(path: &Path, failure: &Failure) -> Failure {
    let text = format!("{}: {:#}", path.display(), failure.cause);
    Failure::new(failure.exit, text)
}

/// The page of a command line.
fn of_words(
    args: &Args,
    defaults: &PageOptions,
    names: &Names,
    wishes: &Wishes,
    diag: &Diag,
) -> Result<Page, Failure> {
    let (list, pin, options) = if args.envelope {
        let envelope = Envelope::read(defaults)?;
        (vec![envelope.pager], envelope.pin, envelope.options)
    } else {
        let list = pagers(args.target.as_deref().unwrap_or_default())?;
        (list, None, defaults.clone())
    };
    names.check_all(list.iter().map(String::as_str))?;
    let (texts, remark) = fit(&args.text.text(&args.words)?, &args.text)?;
    let page = Page::new(1, &list, pin.as_ref(), texts, &options, wishes)?;
    if let Some(text) = remark {
        diag.warn(&text);
    }
    Ok(page)
}

/// Says which files there would be, PINs masked.
fn say_plan(page: &Page, settings: &Settings<'_>) -> Result<Exit, Failure> {
    let mut said = Vec::new();
    for job in &page.jobs {
        let mut job = job.clone();
        for to in &mut job.to {
            to.pin = to.pin.as_ref().map(|_| "****".to_owned());
        }
        let file = job.to_bytes();
        let file = file.map_err(|error| Failure::data(error.to_string()))?;
        let whole = file.strip_suffix(b"\n").unwrap_or(&file);
        said.extend(whole.split(|byte| *byte == b'\n').map(printable));
    }
    let reports = each(page, &page.untried());
    send::say_plan(settings.args.report, reports, &said)?;
    Ok(Exit::Ok)
}

/// A report for each name: they share one fate.
fn each(page: &Page, report: &Report) -> Vec<Report> {
    let one = |(number, name): (u64, &str)| Report {
        number,
        pager: name.to_owned(),
        ..report.clone()
    };
    (1..).zip(page.names()).map(one).collect()
}

/// Queues the page of a command line, waits for its fate where that is wanted,
/// and reports.
fn queue(page: &Page, settings: &Settings<'_>) -> Result<Exit, Failure> {
    let args = settings.args;
    if args.report.dry_run {
        return say_plan(page, settings);
    }
    let mut report = Submitter::new(settings.spool, &args.retry, settings.interrupt).send(page);
    if let Some(limit) = args.wait.filter(|_| report.fate.exit == Exit::Ok) {
        await_fate(page, &mut report, limit, settings);
    }
    let reports = each(page, &report);
    let mut tally = Tally::default();
    for report in &reports {
        tally.add(report.fate.outcome, report.fate.exit);
    }
    send::print(args.report, &reports, &|_| None, settings.diag)?;
    // What is queued stays so, whatever stops us.
    match tally.exit() {
        Exit::Ok => Ok(Exit::Ok),
        _ => Ok(send::ended(settings.interrupt, args.envelope, &tally)),
    }
}

/// Brings the fate of a queued page into its report.
fn await_fate(page: &Page, report: &mut Report, limit: Duration, settings: &Settings<'_>) {
    let deadline = Deadline::after(limit);
    let shared = page.names().nth(1).is_some();
    for (job, ticket) in page.jobs.iter().zip(&page.tickets) {
        let status = wait::wait_for(settings.dir, ticket, deadline, settings.interrupt);
        report.fate = match status {
            Ok(Some(status)) => fate(&status, shared),
            Ok(None) => {
                let stopped = settings.interrupt.exit().map(|_| "interrupted; ");
                let stopped = stopped.unwrap_or_default();
                Fate::unknown(format!("{stopped}still queued: {}", job.id))
            }
            Err(error) => {
                let why = cause(&error);
                Fate::unknown(format!(
                    "queued, and nobody can tell its fate: {why}: {}",
                    job.id
                ))
            }
        };
        if report.fate.exit != Exit::Ok {
            return;
        }
    }
}

/// The fate that a final status tells. Of a page to several it tells that one of
/// them has failed, and not which: no more is said of any of them.
fn fate(status: &Status, shared: bool) -> Fate {
    let exit = status
        .exit
        .and_then(Exit::of_status)
        .unwrap_or(Exit::Unknown);
    let outcome = match exit {
        Exit::Ok => Outcome::Sent,
        Exit::Unknown => Outcome::Unknown,
        _ if shared => Outcome::Unknown,
        Exit::TempFail => Outcome::Temporary,
        _ => Outcome::Refused,
    };
    Fate::new(outcome, exit, printable(status.text.as_bytes())).with_code(status.code)
}
