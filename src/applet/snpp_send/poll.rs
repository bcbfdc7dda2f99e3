//! What became of two-way pages: MSTA until the answer is final, and KTAG.

use std::io::Read;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Args;
use super::flags::TwoWayArgs;
use crate::applet::snpp::gateway::{CommandResult, Gateways, Settings};
use crate::cli::peer::{Peer, Place};
use crate::cli::report::{Report, answer, put};
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Tally};
use crate::protocol::snpp::command::{Command, Verb};
use crate::protocol::snpp::reply::{Class, Reply};
use crate::protocol::snpp::verdict;
use crate::transport::trace::lines;

/// The first pause before asking, and the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// A tag and its pass code.
type Tag = (String, String);

/// Reads `TAG/PASS`, or lines of them from standard input for `-`.
pub(super) fn read_tags(given: &str) -> Result<Vec<Tag>, Failure> {
    let mut input = String::new();
    let lines = if given == "-" {
        std::io::stdin()
            .lock()
            .take(64 * 1024)
            .read_to_string(&mut input)
            .map_err(|error| {
                Failure::new(Exit::NoInput, format!("standard input: {}", cause(&error)))
            })?;
        input.as_str()
    } else {
        given
    };
    let mut tags = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((tag, pass)) = line.split_once('/') else {
            return Err(Failure::data(format!("{line:?} is not TAG/PASS")));
        };
        // The command says what is wrong with a word.
        Command::words(Verb::Msta, tag, Some(pass))
            .map_err(|error| Failure::data(error.to_string()))?;
        tags.push((tag.to_owned(), pass.to_owned()));
    }
    if tags.is_empty() {
        return Err(Failure::data("no TAG/PASS given"));
    }
    Ok(tags)
}

/// What a reply to MSTA says.
#[derive(Debug, Eq, PartialEq)]
enum Status {
    /// Ask again later.
    Open,
    /// The page's user answered.
    Replied(String),
    /// Delivered, and no reply will come.
    Closed,
    /// The server does not know the tag.
    Unknown,
    /// It was not delivered, or nobody can tell.
    Failed,
}

/// The sequence number of a status.
fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Its date, `YYMMDDHHMMSS` and a difference to GMT.
fn is_date(word: &str) -> bool {
    word.get(..12).is_some_and(is_number)
}

/// Some servers leave out the number and the date: then all of it is text.
fn status(reply: &Reply, choices: &[(String, String)]) -> Status {
    let rest = || {
        let text = reply.shown_text();
        let mut words = text.splitn(3, ' ');
        match (words.next(), words.next()) {
            (Some(number), Some(date)) if is_number(number) && is_date(date) => {
                words.next().unwrap_or_default().to_owned()
            }
            _ => text,
        }
    };
    match reply.code {
        888 => {
            let text = rest();
            let code = text.split(' ').next().unwrap_or_default();
            let chosen = choices
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(code));
            Status::Replied(match chosen {
                Some((_, answer)) => format!("{code} {answer}"),
                None => code.to_owned(),
            })
        }
        889 => Status::Replied(rest()),
        880..=887 => Status::Closed,
        _ => match reply.class() {
            Class::Done => Status::Open,
            Class::Failed if reply.code == 554 => Status::Open,
            Class::Failed if reply.code == 550 => Status::Unknown,
            _ => Status::Failed,
        },
    }
}

/// What would be said about each tag.
pub(super) fn say_plan(args: &Args, tags: &[Tag]) -> Result<Exit, Failure> {
    let verb = verb(args);
    for (tag, pass) in tags {
        let command = Command::words(verb, tag, Some(pass));
        let wire = command
            .map_err(|error| Failure::data(error.to_string()))?
            .wire();
        if !args.report.quiet {
            for line in lines(&wire.bytes, wire.secret.as_ref()) {
                answer(&format!("C: {line}\n"))?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn verb(args: &Args) -> Verb {
    if args.two_way.forget.is_some() {
        Verb::Ktag
    } else {
        Verb::Msta
    }
}

fn msta(tag: &Tag) -> Option<Command> {
    Command::words(Verb::Msta, &tag.0, Some(&tag.1)).ok()
}

/// Waits for the final status of every two-way page that was accepted.
/// False: a reply was asked for and did not come in time.
pub(super) fn wait(
    gateways: &mut Gateways<'_>,
    reports: &mut [Report],
    limit: Duration,
    wanted: &TwoWayArgs,
    settings: &Settings<'_>,
) -> bool {
    let begun = Instant::now();
    let mut pause = FIRST;
    let mut open: Vec<&mut Report> = reports
        .iter_mut()
        .filter(|report| report.fate.outcome.accepted())
        .collect();
    let wants_reply = wanted.reply.is_some() || !wanted.choice.is_empty();
    let mut all = open.iter().all(|report| report.tag.is_some());
    if !all {
        settings
            .diag
            .warn("the gateway gave no message tag: there is no status to wait for");
    }
    open.retain(|report| report.tag.is_some());
    while !open.is_empty() {
        let left = limit.saturating_sub(begun.elapsed());
        if !settings.interrupt.sleep(pause.min(left)) {
            all = false;
            break;
        }
        open.retain_mut(|report| {
            match ask_about(gateways, report, &wanted.choice, settings.diag) {
                // A gateway that queues may not know a tag before its
                // deliverer does, or not on this connection.
                Status::Open | Status::Unknown => return true,
                Status::Replied(reply) => report.reply = Some(reply),
                Status::Closed => all &= !wants_reply,
                Status::Failed => {
                    report.failed_at = Some(Verb::Msta.to_string());
                    all = false;
                }
            }
            false
        });
        if begun.elapsed() >= limit {
            break;
        }
        pause = (pause * 2).min(LONGEST);
    }
    for report in &open {
        let tag = report
            .tag
            .as_ref()
            .map(|(tag, pass)| format!("{tag}/{pass}"));
        settings.diag.warn(&format!(
            "no final status in time (pager {}); ask again with --status {}",
            report.pager,
            tag.unwrap_or_default()
        ));
    }
    all && open.is_empty()
}

/// Asks the server that took the page, and notes a failure in its report.
fn ask_about(
    gateways: &mut Gateways<'_>,
    report: &mut Report,
    choices: &[(String, String)],
    diag: &Diag,
) -> Status {
    let index = report
        .server
        .as_ref()
        .and_then(Place::peer)
        .and_then(|server| gateways.index_of(server));
    let (Some(index), Some(command)) = (index, report.tag.as_ref().and_then(msta)) else {
        return Status::Closed;
    };
    let result = gateways.command_at(index, &command);
    report.transcript.extend(gateways.transcript());
    // A connection that fails now may be back at the next question.
    let Ok(reply) = result else {
        return Status::Open;
    };
    let status = status(&reply, choices);
    // 7xx is a fate; anything else leaves what SEND said as it is.
    if status == Status::Failed {
        if reply.code / 100 == 7 {
            report.fate = verdict::refusal(Verb::Msta, &reply);
        } else {
            let (said, pager) = (reply.shown(), &report.pager);
            diag.warn(&format!("MSTA was answered {said} (pager {pager})"));
        }
    }
    status
}

/// `--status` and `--forget`: one command for each tag, and its reply.
pub(super) fn ask(
    args: &Args,
    tags: &[Tag],
    gateways: &mut Gateways<'_>,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    let forgets = args.two_way.forget.is_some();
    let verb = verb(args);
    let begun = Instant::now();
    let mut tally = Tally::default();
    for tag in tags {
        let command = Command::words(verb, &tag.0, Some(&tag.1))
            .map_err(|error| Failure::data(error.to_string()))?;
        let mut pause = FIRST;
        let (server, result) = loop {
            let (server, result) = gateways.command(&command);
            let left = args
                .two_way
                .wait_reply
                .map(|limit| limit.saturating_sub(begun.elapsed()));
            // An unknown tag may be one that is not known yet.
            let may_change = |reply| matches!(status(reply, &[]), Status::Open | Status::Unknown);
            let is_open = result.as_ref().is_ok_and(may_change) && !forgets;
            match left {
                Some(left)
                    if is_open && !left.is_zero() && settings.interrupt.sleep(pause.min(left)) =>
                {
                    pause = (pause * 2).min(LONGEST);
                }
                _ => break (server, result),
            }
        };
        let answer = TagAnswer::new(verb, &tag.0, server, result);
        let late = args.two_way.wait_reply.is_some() && answer.is_open;
        let exit = if late { Exit::No } else { answer.fate.exit };
        tally.add(answer.fate.outcome, exit);
        if answer.fate.exit != Exit::Ok {
            settings.diag.warn(&answer.error());
        }
        let line = answer.line(args.report.json)?;
        if !args.report.quiet && (args.report.json || !forgets) {
            put(&line, settings.diag);
        }
    }
    gateways.finish();
    Ok(settings.interrupt.exit().unwrap_or(tally.exit()))
}

/// What a server says of a tag.
struct TagAnswer<'a> {
    tag: &'a str,
    server: Option<Peer>,
    fate: Fate,
    reply: Option<String>,
    is_open: bool,
}

#[derive(Serialize)]
struct TagJson<'a> {
    success: bool,
    host: Option<&'a str>,
    port: Option<u16>,
    tag: &'a str,
    code: Option<u16>,
    response: &'a str,
    #[serde(rename = "final")]
    is_final: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> TagAnswer<'a> {
    fn new(verb: Verb, tag: &'a str, server: Option<Peer>, result: CommandResult) -> Self {
        let (fate, reply, is_open) = match result {
            Ok(reply) if reply.class() == Class::Done => {
                let status = status(&reply, &[]);
                let is_open = verb == Verb::Msta && status == Status::Open;
                let said = match status {
                    Status::Replied(said) => Some(said),
                    _ => None,
                };
                (verdict::success(&reply), said, is_open)
            }
            Ok(reply) => (verdict::refusal(verb, &reply), None, false),
            Err(fate) => (fate, None, false),
        };
        Self {
            tag,
            server,
            fate,
            reply,
            is_open,
        }
    }

    fn error(&self) -> String {
        let server = self
            .server
            .as_ref()
            .map(|server| format!("{server}: "))
            .unwrap_or_default();
        format!("{server}{} (tag {})", self.fate.response(), self.tag)
    }

    fn line(&self, json: bool) -> Result<String, Failure> {
        if !json {
            return Ok(format!("{} {}\n", self.tag, self.fate.response()));
        }
        let failed = self.fate.exit != Exit::Ok;
        let line = serde_json::to_string(&TagJson {
            success: !failed,
            host: self.server.as_ref().map(|server| server.host.as_str()),
            port: self.server.as_ref().map(|server| server.port),
            tag: self.tag,
            code: self.fate.code,
            response: &self.fate.text,
            is_final: !self.is_open && !failed,
            reply: self.reply.as_deref(),
            error: failed.then(|| self.fate.response()),
        });
        match line {
            Ok(line) => Ok(format!("{line}\n")),
            Err(error) => Err(Failure::new(Exit::Software, format!("JSON: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(line: &str) -> Reply {
        let (code, text) = line.split_once(' ').unwrap();
        Reply {
            code: code.parse().unwrap(),
            text: text.as_bytes().to_vec(),
            info: Vec::new(),
        }
    }

    #[test]
    fn only_some_statuses_are_final() {
        let choices = [("1e2c".to_owned(), "Yes please".to_owned())];
        for (line, expected) in [
            (
                "960 1 950925143501+7 Message Queued; Awaiting Delivery",
                Status::Open,
            ),
            (
                "861 2 950925150000+7 Delivered, Awaiting Reply (MCR)",
                Status::Open,
            ),
            ("870 2 950925150000+7 Read", Status::Open),
            ("880 2 950925150000+7 Message Delivered", Status::Closed),
            ("881 2 950925150000+7 Read by Recipient", Status::Closed),
            (
                "888 3 950925151212+7 1E2C MCR Reply Received",
                Status::Replied("1E2C Yes please".into()),
            ),
            (
                "888 3 950925151212+7 0002 MCR Reply Received",
                Status::Replied("0002".into()),
            ),
            (
                "889 3 950925151212+7 In the west pasture",
                Status::Replied("In the west pasture".into()),
            ),
            (
                "889 In the west pasture",
                Status::Replied("In the west pasture".into()),
            ),
            ("889 3 cows left", Status::Replied("3 cows left".into())),
            ("889 3 950925151212+7", Status::Replied(String::new())),
            ("888 1E2C", Status::Replied("1E2C Yes please".into())),
            ("882 2 950925151212+7 Deleted unread", Status::Closed),
            ("780 2 950926023501+7 EXPIRED", Status::Failed),
            ("500 What?", Status::Failed),
            ("550 Unknown", Status::Unknown),
            ("554 Busy", Status::Open),
        ] {
            assert_eq!(status(&reply(line), &choices), expected, "{line}");
        }
    }

    #[test]
    fn tags_are_tag_and_pass() {
        assert_eq!(
            read_tags("00321/1234").unwrap(),
            [("00321".into(), "1234".into())]
        );
        for bad in ["00321", "/", "a b/c", ""] {
            assert!(read_tags(bad).is_err(), "{bad}");
        }
    }
}
