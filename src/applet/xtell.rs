//! `xtell`: send a message to a user's terminal on another machine.
//!
//! Answers for its flags, for turning them into messages, and for saying what
//! became of each. Connections are [`talker`]'s affair, the dialogue is
//! [`crate::protocol::xtell::client`]'s.

mod connection;
mod flags;
mod from;
mod input;
mod lines;
mod page;
mod rows;
mod talker;
mod target;
pub(super) mod write;

pub(crate) use self::flags::Args;
use self::page::{Page, Text};
use self::talker::Talker;
use self::target::Target;
use super::send;
use crate::cli::envelope::Envelope;
use crate::cli::report::Report;
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::Tally;
use crate::page::PageOptions;
use crate::protocol::xtell::client::QUIT;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::lines as shown;

const NAME: &str = "xtell";

/// What all messages of a run have in common.
#[derive(Debug)]
struct Settings<'a> {
    args: &'a Args,
    diag: &'a Diag,
    interrupt: &'a Interrupt,
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let target = args.target.as_deref();
    send::run(NAME, args.report, target, |diag| dispatch(args, diag))
}

fn dispatch(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    args.check()?;
    if args.bulk.window > 1 {
        diag.warn("a server of xtell answers one message at a time: --window changes nothing");
    }
    let is_bulk = args.bulk.csv.is_some();
    let targets = if is_bulk || args.envelope {
        Vec::new()
    } else {
        targets(args)?
    };
    let streams = !is_bulk && args.streams();
    let pages = if is_bulk || streams {
        Vec::new()
    } else {
        pages(args, &targets, diag)?
    };
    if args.report.dry_run && !is_bulk {
        return say_plans(args, &pages);
    }
    let interrupt = Interrupt::register()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {error}")))?;
    let settings = Settings {
        args,
        diag,
        interrupt: &interrupt,
    };
    match &args.bulk.csv {
        Some(csv) => rows::run(csv, &settings),
        None if streams => lines::run(&targets, &settings),
        None => send_all(&pages, &settings),
    }
}

/// Whom the message is for; a person who named nobody is asked.
fn targets(args: &Args) -> Result<Vec<Target>, Failure> {
    let target = args.target.clone();
    let target = target.or_else(|| input::ask_target(args.report.quiet));
    match target {
        Some(list) => Target::list(&list, &args.host),
        None => Err(Failure::usage(
            "whom is it for? give a target, --csv or --envelope",
        )),
    }
}

/// The pages of a command line, all of them checked before any is sent.
fn pages(args: &Args, targets: &[Target], diag: &Diag) -> Result<Vec<Page>, Failure> {
    let (mut targets, mut options) = (targets.to_vec(), PageOptions::default());
    if args.envelope {
        let envelope = Envelope::read(&options)?;
        send::supports("xtell", &envelope.options, envelope.pin.is_some())?;
        targets.push(Target::parse(&envelope.pager, &args.host)?);
        options = envelope.options;
    }
    let text = Text::of(&args.text.text(&args.words)?, &args.text)?;
    let pages = (1..).zip(&targets);
    let pages: Result<Vec<Page>, Failure> = pages
        .map(|(number, target)| Page::new(number, target, &text, &options, args))
        .collect();
    let pages = pages?;
    let remarks = pages.iter().flat_map(|page| &page.remark);
    for text in text.remarks.iter().chain(remarks) {
        diag.warn(text);
    }
    Ok(pages)
}

fn say_plans(args: &Args, pages: &[Page]) -> Result<Exit, Failure> {
    let mut pages = pages.iter().peekable();
    while let Some(page) = pages.next() {
        let goes_on = |next: &&Page| next.target.peers == page.target.peers;
        let farewell = (!pages.peek().is_some_and(goes_on)).then_some(QUIT);
        let wires = page.wires.iter().map(Vec::as_slice).chain(farewell);
        let said = wires.flat_map(|wire| shown(wire, None));
        let said: Vec<String> = said.map(|line| format!("C: {line}")).collect();
        send::say_plan(args.report, vec![page.untried()], &said)?;
    }
    Ok(Exit::Ok)
}

/// Sends the pages of a command line.
fn send_all(pages: &[Page], settings: &Settings<'_>) -> Result<Exit, Failure> {
    let mut talker = Talker::new(settings);
    let reports = pages.iter().map(|page| match settings.interrupt.exit() {
        Some(_) => page.untried(),
        None => talker.send(page, &mut || Ok(())),
    });
    conclude(reports.collect(), std::iter::once(&mut talker), settings)
}

/// Says goodbye, and reports: nothing can change any more then.
fn conclude<'t, 's: 't>(
    mut reports: Vec<Report>,
    talkers: impl Iterator<Item = &'t mut Talker<'s>>,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    for talker in talkers {
        let peer = talker.peer().cloned();
        talker.finish();
        let closing = talker.transcript();
        let taken_back = talker.take_back();
        for report in &mut reports {
            let server = report.server.as_ref().and_then(|place| place.peer());
            if server == peer.as_ref() {
                report.transcript.extend(closing.iter().cloned());
            }
            let taken = taken_back.iter();
            let mut taken = taken.filter(|taken| taken.receipt.number == report.number);
            if let Some(taken) = taken.next() {
                let total = report.parts.1;
                taken.apply(report);
                report.parts.1 = total;
            }
        }
    }
    let mut tally = Tally::default();
    for report in &reports {
        tally.add(report.fate.outcome, report.fate.exit);
    }
    let flags = settings.args.report;
    send::print(flags, &reports, &|_| None, settings.diag)?;
    let chained = settings.args.envelope;
    Ok(send::ended(settings.interrupt, chained, &tally))
}
