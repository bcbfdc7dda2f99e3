//! `snpp-send`: send pages through an SNPP gateway.
//!
//! Answers for its flags, for turning them into pages, and for saying what
//! became of each. Must never know a byte of the protocol.

mod flags;
mod poll;
mod rows;

use std::time::{Duration, SystemTime};

pub(crate) use self::flags::Args;
use super::snpp::gateway::{Gateways, LockStep, Settings};
use super::snpp::page::{Page, Wishes};
use super::{send, snpp};
use crate::cli::envelope::Envelope;
use crate::cli::report::Report;
use crate::cli::secret;
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::Tally;
use crate::page::{PageOptions, pagers};
use crate::protocol::snpp::plan::Recipient;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::{Trace, lines};

const NAME: &str = "snpp-send";

/// Most pagers under one SEND; servers take fewer.
const MAX_SHARED: usize = 500;

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let target = args.target.as_deref();
    send::run(NAME, args.report, target, |diag| dispatch(args, diag))
}

fn dispatch(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    args.check()?;
    let servers = args.servers()?;
    let wishes = args.wishes()?;
    let defaults = args.defaults(SystemTime::now())?;
    let asked = args
        .two_way
        .status
        .as_deref()
        .or(args.two_way.forget.as_deref());
    let tags = asked.map(poll::read_tags).transpose()?;
    let pages = if args.bulk.csv.is_some() || tags.is_some() {
        Vec::new()
    } else {
        pages(args, &defaults, &wishes, diag)?
    };
    if args.report.dry_run && args.bulk.csv.is_none() {
        return match tags {
            Some(tags) => poll::say_plan(args, &tags),
            None => say_plans(args, &pages),
        };
    }
    let interrupt = Interrupt::register()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {error}")))?;
    let settings = Settings {
        line: &args.line,
        timeout: args.line.timeout.unwrap_or(Duration::from_secs(15)),
        limit: Deadline::NEVER,
        login: if args.report.dry_run {
            None
        } else {
            args.login(&interrupt)?
        },
        strict: args.bulk.csv.is_some()
            || pages.len() > 1
            || pages.iter().any(|page| page.parts > 1),
        retry: &args.retry,
        lock_step: LockStep::default(),
        diag,
        interrupt: &interrupt,
    };
    let gateways = || Gateways::new(&settings, &servers, trace(args, diag));
    if let Some(csv) = &args.bulk.csv {
        return rows::run(args, csv, defaults, &wishes, &settings, &servers, &gateways);
    }
    if let Some(tags) = tags {
        return poll::ask(args, &tags, &mut gateways(), &settings);
    }
    send_all(args, &pages, gateways(), &settings)
}

fn trace<'a>(args: &Args, diag: &'a Diag) -> Trace<'a> {
    Trace::new(args.report.verbose.then_some(diag), args.report.json)
}

/// The pages of a command line, all of them checked before any is sent.
fn pages(
    args: &Args,
    defaults: &PageOptions,
    wishes: &Wishes,
    diag: &Diag,
) -> Result<Vec<Page>, Failure> {
    let (ids, options, pin, text) = if args.envelope {
        let envelope = Envelope::read(defaults)?;
        (
            vec![envelope.pager],
            envelope.options,
            envelope.pin,
            args.text.text(&[])?,
        )
    } else {
        let target = args.target.as_deref().unwrap_or_default();
        let pin = args
            .pin_file
            .as_deref()
            .map(|path| secret::from_file(path, None))
            .transpose()?;
        (
            pagers(target)?,
            defaults.clone(),
            pin,
            args.text.text(&args.words)?,
        )
    };
    let fitted = snpp::fit(&args.text, &text, wishes.body)?;
    if fitted.cut {
        diag.warn(&snpp::cut_to(&fitted));
    }
    let recipients = ids.into_iter().map(|id| Recipient {
        id,
        pin: pin.clone(),
    });
    if args.one_send && recipients.len() > MAX_SHARED {
        return Err(Failure::usage(format!(
            "--one-send takes at most {MAX_SHARED} pagers: leave it out, or use --csv"
        )));
    }
    let groups: Vec<Vec<Recipient>> = if args.one_send {
        vec![recipients.collect()]
    } else {
        recipients.map(|recipient| vec![recipient]).collect()
    };
    if wishes.two_way && groups.iter().any(|group| group.len() > 1) {
        return Err(Failure::usage(
            "a two-way page has one recipient: leave out --one-send",
        ));
    }
    let mut number = 1;
    let mut pages = Vec::new();
    for group in groups {
        let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
        let page = Page::new(number, group, fitted.parts.clone(), &options, wishes)
            .map_err(|error| Failure::data(error.to_string()))?;
        if let Some(text) = page.remark() {
            diag.warn(&text);
        }
        number += count;
        pages.push(page);
    }
    Ok(pages)
}

fn say_plans(args: &Args, pages: &[Page]) -> Result<Exit, Failure> {
    for page in pages {
        let said: Vec<String> = page
            .dialogue()
            .iter()
            .flat_map(|wire| lines(&wire.bytes, wire.secret.as_ref()))
            .map(|line| format!("C: {line}"))
            .collect();
        send::say_plan(args.report, page.untried(), &said)?;
    }
    Ok(Exit::Ok)
}

/// Sends the pages of a command line and reports once nothing can change any more.
fn send_all(
    args: &Args,
    pages: &[Page],
    mut gateways: Gateways<'_>,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    let mut reports = Vec::new();
    for page in pages {
        if settings.interrupt.exit().is_some() {
            reports.extend(page.untried());
            continue;
        }
        reports.extend(gateways.send(page, &mut || Ok(())));
    }
    let replied = match args.two_way.wait_reply {
        Some(limit) => poll::wait(&mut gateways, &mut reports, limit, &args.two_way, settings),
        None => true,
    };
    gateways.finish();
    for taken in gateways.take_back() {
        let known = |report: &&mut Report| report.number == taken.receipt.number;
        if let Some(report) = reports.iter_mut().find(known) {
            taken.apply(report);
        }
    }
    let closing = gateways.transcript();
    let mut tally = Tally::default();
    for report in &mut reports {
        report.transcript.extend(closing.iter().cloned());
        tally.add(report.fate.outcome, report.fate.exit);
    }
    let is_one_of_many = reports.len() > 1;
    let special = |report: &Report| special(args, report, is_one_of_many);
    send::print(args.report, &reports, &special, settings.diag)?;
    Ok(
        match send::ended(settings.interrupt, args.envelope, &tally) {
            Exit::Ok if !replied && settings.interrupt.exit().is_none() => Exit::No,
            exit => exit,
        },
    )
}

/// What a report has to say beyond success: a reply, or the tag to ask with.
fn special(args: &Args, report: &Report, is_one_of_many: bool) -> Option<String> {
    if let Some(reply) = &report.reply {
        let pager = format!("{} ", report.pager);
        let who = if is_one_of_many { pager.as_str() } else { "" };
        return Some(format!("{who}{reply}\n"));
    }
    if is_one_of_many || args.report.verbose || args.two_way.wait_reply.is_some() {
        return None;
    }
    let (tag, pass) = report.tag.as_ref()?;
    Some(format!("{tag}/{pass}\n"))
}
