//! `ixo-send`: send pages to a TAP paging central over a modem, a serial line,
//! TCP, or a command.
//!
//! Answers for its flags, for turning them into pages, and for saying what
//! became of each. Calls are [`caller`]'s affair, the dialogue is
//! [`crate::protocol::tap::sender`]'s.

mod call;
mod caller;
mod flags;
mod page;
mod probe;
mod rows;
mod way;

use std::collections::HashSet;

use self::caller::Caller;
pub(crate) use self::flags::Args;
use self::page::Page;
use self::way::{Settings, Way};
use super::send;
use crate::cli::envelope::Envelope;
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::Tally;
use crate::page::{PageOptions, pagers};
use crate::protocol::tap::page::field_1;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::{Trace, named_line};

const NAME: &str = "ixo-send";

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::client(NAME, args.report.quiet || args.probe.nagios);
    match dispatch(args, &diag) {
        Ok(exit) => exit,
        Err(failure) if args.probe.probe || args.probe.nagios => probe::fail(args, &failure, &diag),
        Err(failure) => {
            let target = args.target.as_deref().unwrap_or_default();
            send::fail(args.report, target, &failure, &diag)
        }
    }
}

fn dispatch(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    args.check()?;
    if args.bulk.window > 1 {
        diag.warn("TAP takes one page at a time: --window changes nothing");
    }
    let way = Way::of(args)?;
    let pages = if args.bulk.csv.is_some() || args.probe.probe {
        Vec::new()
    } else {
        pages(args, diag)?
    };
    if args.report.dry_run && args.bulk.csv.is_none() {
        return say_plans(args, &pages);
    }
    let Some(way) = way.or_else(|| args.report.dry_run.then(Way::nowhere)) else {
        return Err(Failure::usage(
            "no line: give --device, --connect or --proxy-command",
        ));
    };
    let interrupt = Interrupt::register()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {error}")))?;
    let settings = Settings {
        args,
        way,
        password: args.password(&interrupt)?,
        diag,
        interrupt: &interrupt,
    };
    let trace = || Trace::new(args.report.verbose.then_some(diag), args.report.json).with_names();
    if args.probe.probe {
        return probe::run(&settings, trace());
    }
    if let Some(csv) = &args.bulk.csv {
        return rows::run(csv, &settings, &|| Caller::new(&settings, trace()));
    }
    send_all(&pages, Caller::new(&settings, trace()), &settings)
}

/// The pages of a command line, all of them checked before any is sent.
fn pages(args: &Args, diag: &Diag) -> Result<Vec<Page>, Failure> {
    let wishes = args.wishes();
    let (ids, options, pin, text) = if args.envelope {
        let envelope = Envelope::read(&PageOptions::default())?;
        let text = args.text.text(&[])?;
        (vec![envelope.pager], envelope.options, envelope.pin, text)
    } else {
        let target = args.target.as_deref().unwrap_or_default();
        let text = args.text.text(&args.words)?;
        (pagers(target)?, PageOptions::default(), None, text)
    };
    send::supports("TAP", &options, pin.is_some())?;
    let mut pages = Vec::new();
    // What is only spelled otherwise is the same pager.
    let mut known = HashSet::new();
    let ids = ids.into_iter().filter(|id| known.insert(field_1(id)));
    for (number, id) in (1..).zip(ids) {
        let page = Page::new(number, &id, &text, &options, &args.text, wishes)?;
        for text in page.remarks() {
            diag.warn(&format!("{text} (pager {id})"));
        }
        pages.push(page);
    }
    Ok(pages)
}

fn say_plans(args: &Args, pages: &[Page]) -> Result<Exit, Failure> {
    if args.probe.probe {
        return Err(Failure::usage("--probe sends nothing: leave out --dry-run"));
    }
    for page in pages {
        let said: Vec<String> = page
            // As a central of today would get it.
            .blocks(args.wishes().escapes)
            .iter()
            .flat_map(|block| named_line(&block.wire(), None))
            .map(|line| format!("C: {line}"))
            .collect();
        send::say_plan(args.report, vec![page.untried()], &said)?;
    }
    Ok(Exit::Ok)
}

/// Sends the pages of a command line and reports once nothing can change any more.
fn send_all(
    pages: &[Page],
    mut caller: Caller<'_>,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    let mut reports: Vec<Report> = Vec::new();
    for page in pages {
        let report = match settings.interrupt.exit() {
            Some(_) => page.untried(),
            None => caller.send(page, &mut || Ok(())),
        };
        reports.push(report);
    }
    caller.finish();
    for taken in caller.take_back() {
        let known = |report: &&mut Report| report.number == taken.receipt.number;
        if let Some(report) = reports.iter_mut().find(known) {
            taken.apply(report);
        }
    }
    let closing = caller.transcript();
    let mut tally = Tally::default();
    for report in &mut reports {
        report.transcript.extend(closing.iter().cloned());
        tally.add(report.fate.outcome, report.fate.exit);
    }
    let flags = settings.args.report;
    send::print(flags, &reports, &|_| None, settings.diag)?;
    let chained = settings.args.envelope;
    Ok(send::ended(settings.interrupt, chained, &tally))
}
