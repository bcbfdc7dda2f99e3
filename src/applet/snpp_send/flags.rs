//! The flags of `snpp-send`, and what they ask for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Parser;

use super::NAME;
use crate::applet::snpp;
use crate::applet::snpp::page::Wishes;
use crate::bulk::flags::BulkArgs;
use crate::bulk::retry::RetryArgs;
use crate::cli::line::LineArgs;
use crate::cli::message::TextArgs;
use crate::cli::options::OptionArgs;
use crate::cli::peer::Peer;
use crate::cli::{ReportArgs, duration};
use crate::exit::Failure;
use crate::page::{PageOptions, one_line, word};
use crate::protocol::snpp::command::Command;
use crate::protocol::snpp::plan::{Body, ReplyType};
use crate::transport::interrupt::Interrupt;

/// Send pages through an SNPP gateway
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Pager ID, or several separated by commas
    #[arg(value_name = "PAGER[,PAGER...]", required_unless_present_any = ["csv", "envelope", "status", "forget"])]
    pub(super) target: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE WORD")]
    pub(super) words: Vec<OsString>,
    /// Gateway to send through; further ones are tried in order [env: SNPP_SERVER, separated by commas]
    #[arg(short, long, value_name = "HOST[:PORT]", value_parser = snpp::peer)]
    pub(super) server: Vec<Peer>,
    /// Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for
    #[arg(long, value_name = "USER")]
    pub(super) login: Option<String>,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", requires = "login")]
    pub(super) password_file: Option<PathBuf>,
    /// File whose first line is the pager's PIN
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    pub(super) pin_file: Option<PathBuf>,
    /// Send nothing where the gateway refuses any option
    #[arg(long)]
    pub(super) strict: bool,
    /// Send to all pagers with one SEND: they share one fate
    #[arg(long, conflicts_with = "csv")]
    pub(super) one_send: bool,
    #[command(flatten)]
    pub(super) options: OptionArgs,
    /// Deliver later: after a duration, or at a time of RFC 3339
    #[arg(long, value_name = "DUR|TIME", help_heading = "Options of a page")]
    pub(super) hold: Option<String>,
    #[command(flatten)]
    pub(super) two_way: TwoWayArgs,
    /// How the message is handed over: auto is DATA for several lines, MESS otherwise
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value = "auto",
        help_heading = "Message"
    )]
    pub(super) body: BodyArg,
    /// Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them
    #[arg(long, conflicts_with_all = ["target", "csv", "status", "forget", "message", "tone", "pin_file"], help_heading = "Message")]
    pub(super) envelope: bool,
    #[command(flatten)]
    pub(super) text: TextArgs,
    #[command(flatten)]
    pub(super) bulk: BulkArgs,
    #[command(flatten)]
    pub(super) retry: RetryArgs,
    #[command(flatten)]
    pub(super) line: LineArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct TwoWayArgs {
    /// Two-way transaction; prints TAG/PASS. Implied by the options below
    #[arg(long, help_heading = "Two-way")]
    pub(super) two_way: bool,
    /// Deliver now or not at all
    #[arg(long, help_heading = "Two-way")]
    pub(super) no_queue: bool,
    /// Drop the page if it is still queued after that
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_year, help_heading = "Two-way")]
    pub(super) expire: Option<Duration>,
    /// Ask for a read acknowledgment
    #[arg(long, help_heading = "Two-way")]
    pub(super) ack: bool,
    /// Ask for a reply of this kind
    #[arg(long, value_name = "KIND", value_enum, help_heading = "Two-way")]
    pub(super) reply: Option<ReplyArg>,
    /// One answer of a multiple choice: 1 to 4 hexadecimal digits and a text
    #[arg(long, value_name = "CODE=TEXT", value_parser = choice, help_heading = "Two-way")]
    pub(super) choice: Vec<(String, String)>,
    /// Wait for the final status and print the reply; exit 1 if none came in time
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day, conflicts_with = "csv", help_heading = "Two-way")]
    pub(super) wait_reply: Option<Duration>,
    /// Ask for the status of an earlier page; - reads TAG/PASS lines
    #[arg(long, value_name = "TAG/PASS|-", conflicts_with_all = ["target", "csv", "forget", "message", "tone", "envelope", "one_send", "pin_file", "level", "alert", "coverage", "hold", "caller", "subject", "two_way", "no_queue", "expire", "ack", "reply", "choice"], help_heading = "Two-way")]
    pub(super) status: Option<String>,
    /// Let the gateway forget an earlier page; - reads TAG/PASS lines
    #[arg(long, value_name = "TAG/PASS|-", conflicts_with_all = ["target", "csv", "message", "tone", "envelope", "one_send", "pin_file", "level", "alert", "coverage", "hold", "caller", "subject", "two_way", "no_queue", "expire", "ack", "reply", "choice", "wait_reply"], help_heading = "Two-way")]
    pub(super) forget: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum BodyArg {
    Auto,
    Mess,
    Data,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum ReplyArg {
    None,
    #[value(name = "yesno")]
    YesNo,
    #[value(name = "simreply")]
    SimReply,
    #[value(name = "multichoice")]
    MultiChoice,
    Text,
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
    Ok((code.to_owned(), answer.to_owned()))
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
    /// The options of a page that stand on the command line.
    pub(super) fn defaults(&self, now: SystemTime) -> Result<PageOptions, Failure> {
        let expire = self.two_way.expire;
        self.options.page(self.hold.as_deref(), expire, now)
    }

    /// What holds for every page of the run.
    pub(super) fn wishes(&self) -> Result<Wishes, Failure> {
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
        for (at, (code, answer)) in given.choice.iter().enumerate() {
            one_line("choice", answer).map_err(Failure::data)?;
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

    /// What the flags cannot say of each other by themselves.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.bulk.check()?;
        let login = self.login.as_deref().map(|user| word("login", user));
        login.transpose().map(drop).map_err(Failure::data)
    }

    /// The gateways to send through. None are needed where nothing is sent.
    pub(super) fn servers(&self) -> Result<Vec<Peer>, Failure> {
        let servers = snpp::servers(&self.server)?;
        if servers.is_empty() && !self.report.dry_run {
            return Err(Failure::usage(
                "no server: give --server, or set SNPP_SERVER",
            ));
        }
        Ok(servers)
    }

    /// LOGI, with the password from wherever it is to be had.
    pub(super) fn login(&self, interrupt: &Interrupt) -> Result<Option<Command>, Failure> {
        let user = self.login.as_deref();
        user.map(|user| snpp::login(user, self.password_file.as_deref(), interrupt))
            .transpose()
    }
}
