//! `snpp-send`: send pages through an SNPP gateway.
//!
//! Answers for its flags, for turning them into pages, and for saying what
//! became of each. Must never know a byte of the protocol.

mod gateway;
mod page;
mod poll;
mod rows;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Parser;

use self::gateway::{Gateways, Settings};
use self::page::{Page, Wishes};
use crate::bulk::retry::RetryArgs;
use crate::cli::line::LineArgs;
use crate::cli::message::TextArgs;
use crate::cli::peer::{self, Peer};
use crate::cli::report::{Output, Report};
use crate::cli::{ReportArgs, duration, moment, secret};
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome, Tally};
use crate::page::{PageOptions, level, one_line, pagers, word};
use crate::protocol::snpp::PORT;
use crate::protocol::snpp::command::{Command, Verb};
use crate::protocol::snpp::plan::{Body, Recipient, ReplyType};
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::{Trace, lines};

const NAME: &str = "snpp-send";

/// Send pages through an SNPP gateway
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Pager ID, or several separated by commas
    #[arg(value_name = "PAGER[,PAGER...]", required_unless_present_any = ["csv", "envelope", "status", "forget"])]
    target: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE WORD")]
    words: Vec<OsString>,
    /// Gateway to send through; further ones are tried in order [env: SNPP_SERVER, separated by commas]
    #[arg(short, long, value_name = "HOST[:PORT]", value_parser = snpp_peer)]
    server: Vec<Peer>,
    /// Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for
    #[arg(long, value_name = "USER", value_parser = |text: &str| word("login", text))]
    login: Option<String>,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", requires = "login")]
    password_file: Option<PathBuf>,
    /// File whose first line is the pager's PIN
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// Send nothing where the gateway refuses any option
    #[arg(long)]
    strict: bool,
    /// Send to all pagers with one SEND: they share one fate
    #[arg(long, conflicts_with = "csv")]
    one_send: bool,
    #[command(flatten)]
    options: OptionArgs,
    #[command(flatten)]
    two_way: TwoWayArgs,
    /// How the message is handed over: auto is DATA for several lines, MESS otherwise
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value = "auto",
        help_heading = "Message"
    )]
    body: BodyArg,
    /// Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them
    #[arg(long, conflicts_with_all = ["target", "csv", "status", "forget", "message", "pin_file"], help_heading = "Message")]
    envelope: bool,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    bulk: BulkArgs,
    #[command(flatten)]
    retry: RetryArgs,
    #[command(flatten)]
    line: LineArgs,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(clap::Args, Clone, Debug)]
struct OptionArgs {
    /// Service level, 0 to 11; 1 is normal
    #[arg(long, value_name = "N", value_parser = level, help_heading = "Options of a page")]
    level: Option<u8>,
    /// Override the alert: 0 silent, 1 alert
    #[arg(long, value_name = "0|1", value_parser = crate::page::alert, help_heading = "Options of a page")]
    alert: Option<bool>,
    /// Coverage area
    #[arg(long, value_name = "AREA", help_heading = "Options of a page")]
    coverage: Option<String>,
    /// Deliver later: after a duration, or at a time of RFC 3339
    #[arg(long, value_name = "DUR|TIME", help_heading = "Options of a page")]
    hold: Option<String>,
    /// Who calls
    #[arg(long, value_name = "TEXT", help_heading = "Options of a page")]
    caller: Option<String>,
    /// What about
    #[arg(long, value_name = "TEXT", help_heading = "Options of a page")]
    subject: Option<String>,
}

#[derive(clap::Args, Clone, Debug)]
struct TwoWayArgs {
    /// Two-way transaction; prints TAG/PASS. Implied by the options below
    #[arg(long, help_heading = "Two-way")]
    two_way: bool,
    /// Deliver now or not at all
    #[arg(long, help_heading = "Two-way")]
    no_queue: bool,
    /// Drop the page if it is still queued after that; counted in whole hours
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_year, help_heading = "Two-way")]
    expire: Option<Duration>,
    /// Ask for a read acknowledgment
    #[arg(long, help_heading = "Two-way")]
    ack: bool,
    /// Ask for a reply of this kind
    #[arg(long, value_name = "KIND", value_enum, help_heading = "Two-way")]
    reply: Option<ReplyArg>,
    /// One answer of a multiple choice: 1 to 4 hexadecimal digits and a text
    #[arg(long, value_name = "CODE=TEXT", value_parser = choice, help_heading = "Two-way")]
    choice: Vec<(String, String)>,
    /// Wait for the final status and print the reply; exit 1 if none came in time
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day, conflicts_with = "csv", help_heading = "Two-way")]
    wait_reply: Option<Duration>,
    /// Ask for the status of an earlier page; - reads TAG/PASS lines
    #[arg(long, value_name = "TAG/PASS|-", conflicts_with_all = ["target", "csv", "forget"], help_heading = "Two-way")]
    status: Option<String>,
    /// Let the gateway forget an earlier page; - reads TAG/PASS lines
    #[arg(long, value_name = "TAG/PASS|-", conflicts_with_all = ["target", "csv"], help_heading = "Two-way")]
    forget: Option<String>,
}

#[derive(clap::Args, Clone, Debug)]
struct BulkArgs {
    /// Send one page for each row; - reads standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["target", "message"], help_heading = "Bulk")]
    csv: Option<PathBuf>,
    /// Character between two columns; \t is a tab
    #[arg(long, value_name = "C", default_value = ",", value_parser = delimiter, requires = "csv", help_heading = "Bulk")]
    delimiter: u8,
    /// Make the run resumable: what went out is not sent again
    #[arg(long, value_name = "FILE", requires = "csv", help_heading = "Bulk")]
    journal: Option<PathBuf>,
    /// Connections to send over
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::cli::message::positive(), requires = "csv", help_heading = "Bulk")]
    jobs: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum BodyArg {
    Auto,
    Mess,
    Data,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum ReplyArg {
    None,
    #[value(name = "yesno")]
    YesNo,
    #[value(name = "simreply")]
    SimReply,
    #[value(name = "multichoice")]
    MultiChoice,
    Text,
}

fn snpp_peer(text: &str) -> Result<Peer, String> {
    Peer::parse(text, PORT)
}

fn choice(text: &str) -> Result<(String, String), String> {
    let Some((code, answer)) = text.split_once('=') else {
        return Err("a choice is CODE=TEXT".to_owned());
    };
    let is_code =
        (1..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_code {
        return Err(format!("code {code:?} is not 1 to 4 hexadecimal digits"));
    }
    if answer.trim().is_empty() {
        return Err(format!("choice {code} has no text"));
    }
    Ok((code.to_owned(), one_line("choice", answer)?))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("a delimiter is one ASCII character, and no quote".to_owned()),
    }
}

impl TwoWayArgs {
    fn is_wanted(&self) -> bool {
        self.two_way
            || self.no_queue
            || self.ack
            || self.expire.is_some()
            || self.reply.is_some()
            || !self.choice.is_empty()
            || self.wait_reply.is_some()
    }
}

impl Args {
    fn defaults(&self, now: SystemTime) -> Result<PageOptions, Failure> {
        let given = &self.options;
        let checked = |name, value: &Option<String>| {
            value
                .as_deref()
                .map(|text| one_line(name, text))
                .transpose()
        };
        let read = || -> Result<PageOptions, String> {
            Ok(PageOptions {
                level: given.level,
                alert: given.alert,
                coverage: given
                    .coverage
                    .as_deref()
                    .map(|area| word("coverage", area))
                    .transpose()?,
                hold: given
                    .hold
                    .as_deref()
                    .map(|hold| moment::parse(hold, now))
                    .transpose()?,
                expire: self.two_way.expire,
                caller: checked("caller", &given.caller)?,
                subject: checked("subject", &given.subject)?,
            })
        };
        read().map_err(Failure::data)
    }

    fn wishes(&self) -> Result<Wishes, Failure> {
        let given = &self.two_way;
        let reply = match (given.reply, given.choice.is_empty()) {
            (Some(ReplyArg::MultiChoice), true) => {
                return Err(Failure::usage(
                    "--reply multichoice needs at least one --choice",
                ));
            }
            (None | Some(ReplyArg::MultiChoice), false) => Some(ReplyType::MultiChoice),
            (Some(_), false) => {
                return Err(Failure::usage(
                    "--choice goes with --reply multichoice only",
                ));
            }
            (None, true) => None,
            (Some(ReplyArg::None), true) => Some(ReplyType::None),
            (Some(ReplyArg::YesNo), true) => Some(ReplyType::YesNo),
            (Some(ReplyArg::SimReply), true) => Some(ReplyType::SimReply),
            (Some(ReplyArg::Text), true) => Some(ReplyType::Text),
        };
        for (at, (code, _)) in given.choice.iter().enumerate() {
            if given
                .choice
                .iter()
                .skip(at + 1)
                .any(|(other, _)| other.eq_ignore_ascii_case(code))
            {
                return Err(Failure::usage(format!("--choice {code} stands twice")));
            }
        }
        Ok(Wishes {
            two_way: given.is_wanted(),
            no_queue: given.no_queue,
            ack: given.ack,
            reply,
            choices: given.choice.clone(),
            body: match self.body {
                BodyArg::Auto => Body::Auto,
                BodyArg::Mess => Body::Mess,
                BodyArg::Data => Body::Data,
            },
            strict: self.strict,
        })
    }

    fn servers(&self) -> Result<Vec<Peer>, Failure> {
        if !self.server.is_empty() {
            return Ok(self.server.clone());
        }
        let variable = std::env::var("SNPP_SERVER").unwrap_or_default();
        let servers = peer::list(&variable, PORT)
            .map_err(|text| Failure::usage(format!("SNPP_SERVER: {text}")))?;
        if servers.is_empty() && !self.report.dry_run {
            return Err(Failure::usage(
                "no server: give --server, or set SNPP_SERVER",
            ));
        }
        Ok(servers)
    }

    /// LOGI, with the password from wherever it is to be had.
    fn login(&self) -> Result<Option<Command>, Failure> {
        let Some(user) = &self.login else {
            return Ok(None);
        };
        let password = login_password(user, self.password_file.as_deref())?;
        Command::words(Verb::Logi, user, password.as_deref())
            .map(Some)
            .map_err(|error| Failure::data(error.to_string()))
    }
}

/// A password from a file, the environment or a prompt. `None`: there is none,
/// and LOGI goes without, as some gateways want it.
pub(crate) fn login_password(
    user: &str,
    file: Option<&std::path::Path>,
) -> Result<Option<String>, Failure> {
    let given = match (file, std::env::var("SNPP_PASSWORD")) {
        (Some(file), _) => Some(secret::from_file(file)?),
        (None, Ok(password)) => Some(password),
        (None, Err(std::env::VarError::NotUnicode(_))) => {
            return Err(Failure::data("SNPP_PASSWORD is not UTF-8"));
        }
        (None, Err(std::env::VarError::NotPresent)) => {
            secret::prompt(&format!("Password of {user}: "))?
        }
    };
    Ok(given.filter(|password| !password.is_empty()))
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::client(NAME, args.report.quiet);
    match dispatch(args, &diag) {
        Ok(exit) => exit,
        Err(failure) => {
            let text = format!("{:#}", failure.cause);
            diag.warn(&text);
            if args.report.json && !args.report.quiet {
                let pager = args.target.as_deref().unwrap_or_default();
                let fate = Fate::new(Outcome::Refused, failure.exit, text);
                let line = json_line(&Report::new(1, "", pager, 1, fate)).unwrap_or_default();
                put(&line, &diag);
            }
            failure.exit
        }
    }
}

fn put(text: &str, diag: &Diag) {
    if let Err(error) = Output::default().put(text.as_bytes()) {
        diag.warn(&format!(
            "standard output: {error}; what became of the pages is not changed by that"
        ));
    }
}

fn dispatch(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    let servers = args.servers()?;
    let wishes = args.wishes()?;
    let defaults = args.defaults(SystemTime::now())?;
    let pages = if args.bulk.csv.is_some()
        || args.two_way.status.is_some()
        || args.two_way.forget.is_some()
    {
        Vec::new()
    } else {
        pages(args, &defaults, &wishes, diag)?
    };
    if args.report.dry_run && args.bulk.csv.is_none() {
        return say_plans(args, &pages, diag);
    }
    let tags = match args
        .two_way
        .status
        .as_deref()
        .or(args.two_way.forget.as_deref())
    {
        Some(tags) => poll::read_tags(tags)?,
        None => Vec::new(),
    };
    let interrupt = Interrupt::register()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {error}")))?;
    let settings = Settings {
        line: &args.line,
        timeout: args.line.timeout.unwrap_or(Duration::from_secs(15)),
        login: if args.report.dry_run {
            None
        } else {
            args.login()?
        },
        strict: args.bulk.csv.is_some()
            || pages.len() > 1
            || pages.iter().any(|page| page.parts > 1),
        retry: &args.retry,
        diag,
        interrupt: &interrupt,
    };
    let gateways = || Gateways::new(&settings, &servers, trace(args, diag));
    if let Some(csv) = &args.bulk.csv {
        return rows::run(args, csv, defaults, &wishes, &settings, &servers, &gateways);
    }
    if args.two_way.status.is_some() || args.two_way.forget.is_some() {
        return poll::ask(args, &tags, &mut gateways(), &settings);
    }
    send(args, &pages, gateways(), &settings)
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
        let envelope = page::Envelope::read(defaults)?;
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
            .map(secret::from_file)
            .transpose()?;
        (
            pagers(target)?,
            defaults.clone(),
            pin,
            args.text.text(&args.words)?,
        )
    };
    let fitted = args.text.fit(&text)?;
    if fitted.cut {
        diag.warn(&format!(
            "the message was cut to {} characters",
            args.text.max_length
        ));
    }
    let recipients = ids.into_iter().map(|id| Recipient {
        id,
        pin: pin.clone(),
    });
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
        let page = Page::new(number, group, fitted.parts.clone(), &options, wishes);
        page.check()
            .map_err(|error| Failure::data(error.to_string()))?;
        page.warn(diag);
        number += count;
        pages.push(page);
    }
    Ok(pages)
}

fn say_plans(args: &Args, pages: &[Page], diag: &Diag) -> Result<Exit, Failure> {
    for page in pages {
        let plan = page
            .dialogue()
            .map_err(|error| Failure::data(error.to_string()))?;
        let said: Vec<String> = plan
            .iter()
            .flat_map(lines)
            .map(|line| format!("C: {line}"))
            .collect();
        if args.report.json {
            for mut report in page.untried() {
                report.fate = Fate::new(Outcome::Untried, Exit::Ok, "dry run");
                report.transcript.clone_from(&said);
                put(&json_line(&report)?, diag);
            }
        } else if !args.report.quiet {
            put(&format!("{}\n", said.join("\n")), diag);
        }
    }
    Ok(Exit::Ok)
}

fn json_line(report: &Report) -> Result<String, Failure> {
    match report.json(false) {
        Ok(line) => Ok(format!("{line}\n")),
        Err(error) => Err(Failure::new(Exit::Software, format!("JSON: {error}"))),
    }
}

/// Sends the pages of a command line and reports once nothing can change any more.
fn send(
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
    for (receipt, server) in gateways.take_back() {
        if let Some(report) = reports
            .iter_mut()
            .find(|report| report.number == receipt.number)
        {
            report.fate = receipt.taken_back(&server).fate;
        }
    }
    let closing = gateways.transcript();
    let mut tally = Tally::default();
    for report in &mut reports {
        report.transcript.extend(closing.iter().cloned());
        tally.add(report.fate.outcome, report.fate.exit);
    }
    print(args, &reports, settings.diag)?;
    Ok(match settings.interrupt.exit() {
        Some(exit) => exit,
        None if tally.exit() == Exit::Ok && !replied => Exit::No,
        None => tally.exit(),
    })
}

fn print(args: &Args, reports: &[Report], diag: &Diag) -> Result<(), Failure> {
    let mut text = String::new();
    for report in reports {
        if report.fate.exit != Exit::Ok {
            diag.warn(&report.error());
        }
        text += &result(args, report, reports.len() > 1)?;
    }
    if !args.report.quiet {
        put(&text, diag);
    }
    Ok(())
}

/// What standard output says of one page: nothing where success is all there is to say.
fn result(args: &Args, report: &Report, is_one_of_many: bool) -> Result<String, Failure> {
    Ok(if args.report.json {
        json_line(report)?
    } else if let Some(reply) = &report.reply {
        let pager = format!("{} ", report.pager);
        let who = if is_one_of_many { pager.as_str() } else { "" };
        format!("{who}{reply}\n")
    } else if is_one_of_many || args.report.verbose {
        format!("{}\n", report.line())
    } else if let (Some((tag, pass)), None) = (&report.tag, args.two_way.wait_reply) {
        format!("{tag}/{pass}\n")
    } else {
        String::new()
    })
}
