//! What the applets that send pages share: how results and failures are said.
//!
//! Must never know how a page is sent.

use crate::cli::ReportArgs;
use crate::cli::report::{Report, answer, put};
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome, Tally};
use crate::page::PageOptions;
use crate::transport::interrupt::Interrupt;

/// Runs one, and says why it could not, if it could not; `target` is whom it
/// was for.
pub(super) fn run(
    name: &'static str,
    flags: ReportArgs,
    target: Option<&str>,
    dispatch: impl FnOnce(&Diag) -> Result<Exit, Failure>,
) -> Exit {
    let diag = Diag::client(name, flags.quiet);
    match dispatch(&diag) {
        Ok(exit) => exit,
        Err(failure) => fail(flags, target.unwrap_or_default(), &failure, &diag),
    }
}

/// Says why nothing could be sent at all; `target` is whom it was for.
pub(super) fn fail(flags: ReportArgs, target: &str, failure: &Failure, diag: &Diag) -> Exit {
    let text = format!("{:#}", failure.cause);
    diag.warn(&text);
    if flags.json && !flags.quiet {
        let fate = Fate::new(Outcome::Refused, failure.exit, text);
        let line = json_line(&Report::new(1, "", target, 1, fate)).unwrap_or_default();
        put(&line, diag);
    }
    failure.exit
}

/// How a run of a command line ends. A server that is stopped together with a
/// `chained` one waits for the verdict.
pub(super) fn ended(interrupt: &Interrupt, chained: bool, tally: &Tally) -> Exit {
    match interrupt.exit() {
        Some(exit) if !chained => exit,
        _ => tally.exit(),
    }
}

/// Says what became of the pages of a command line: failures on standard
/// error, results on standard output. Success is silent where it is all there
/// is to say; `special` says what a report has beyond that.
pub(super) fn print(
    flags: ReportArgs,
    reports: &[Report],
    special: &dyn Fn(&Report) -> Option<String>,
    diag: &Diag,
) -> Result<(), Failure> {
    let mut text = String::new();
    for report in reports {
        if let Some(text) = report.warning() {
            diag.warn(&text);
        }
        if flags.json {
            text += &json_line(report)?;
        } else if let Some(special) = special(report) {
            text += &special;
        } else if reports.len() > 1 || flags.verbose {
            text += &report.line();
            text.push('\n');
        }
    }
    if !flags.quiet {
        put(&text, diag);
    }
    Ok(())
}

/// A report as a line of JSON.
pub(super) fn json_line(report: &Report) -> Result<String, Failure> {
    match report.json(false) {
        Ok(line) => Ok(format!("{line}\n")),
        Err(error) => Err(Failure::new(Exit::Software, format!("JSON: {error}"))),
    }
}

/// Says what would be sent: the dialogue of one page, for each of its reports.
pub(super) fn say_plan(
    flags: ReportArgs,
    reports: Vec<Report>,
    said: &[String],
) -> Result<(), Failure> {
    if flags.json {
        for mut report in reports {
            report.fate = Fate::new(Outcome::Untried, Exit::Ok, "dry run");
            report.transcript = said.to_vec();
            answer(&json_line(&report)?)?;
        }
    } else if !flags.quiet {
        answer(&format!("{}\n", said.join("\n")))?;
    }
    Ok(())
}

/// Fails for options that a protocol has no words for, and without which the
/// page would go now, elsewhere, or to someone it is not for.
pub(super) fn supports(protocol: &str, options: &PageOptions, pin: bool) -> Result<(), Failure> {
    let given = [
        (options.hold.is_some(), "hold it until later"),
        (options.coverage.is_some(), "choose its coverage area"),
        (options.expire.is_some(), "let it expire"),
        (pin, "give a PIN"),
    ];
    match given.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, what)) => {
            let text = format!("{protocol} cannot {what}: the page is not sent");
            Err(Failure::new(Exit::Unavailable, text))
        }
        None => Ok(()),
    }
}

/// Options that a protocol has no words for, and that do no harm; and what
/// tells the user.
pub(super) fn left_out(protocol: &str, options: &PageOptions) -> (Vec<String>, Option<String>) {
    let names: Vec<String> = [
        (options.level.is_some(), "level"),
        (options.alert.is_some(), "alert"),
        (options.caller.is_some(), "caller"),
        (options.subject.is_some(), "subject"),
    ]
    .into_iter()
    .filter(|(is_given, _)| *is_given)
    .map(|(_, name)| name.to_owned())
    .collect();
    let list = names.join(", ");
    let remark = format!("{protocol} has no words for {list}: the page goes without");
    let remark = (!names.is_empty()).then_some(remark);
    (names, remark)
}
