//! The flags of `xtell`, and what they ask for.

use std::ffi::OsString;

use clap::Parser;

use super::NAME;
use super::target;
use crate::bulk::flags::BulkArgs;
use crate::bulk::retry::RetryArgs;
use crate::cli::ReportArgs;
use crate::cli::line::LineArgs;
use crate::cli::message::TextArgs;
use crate::cli::peer::Peer;
use crate::exit::{Exit, Failure};

/// Send a message to a user's terminal on another machine
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    version,
    max_term_width = 100,
    mut_arg("overflow", |overflow| overflow.default_value("split"))
)]
pub(crate) struct Args {
    /// User to be told, or several separated by commas; asked for where a person can be
    #[arg(value_name = "USER[:TTY][@HOST[:PORT]][,...]")]
    pub(super) target: Option<String>,
    /// The message; without it each line of standard input is sent as it comes
    #[arg(value_name = "MESSAGE WORD")]
    pub(super) words: Vec<OsString>,
    /// Host of targets that name none; further ones are tried in order [default: localhost]
    #[arg(long, value_name = "HOST[:PORT]", value_parser = target::host)]
    pub(super) host: Vec<Peer>,
    /// Who sends it [default: the login name]
    #[arg(long, value_name = "NAME", help_heading = "Message")]
    pub(super) from: Option<String>,
    /// Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them
    #[arg(long, conflicts_with_all = ["target", "csv", "message", "tone"], help_heading = "Message")]
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

impl Args {
    /// What the flags cannot say of each other by themselves.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.bulk.check()?;
        if self.text.tone {
            let text = "a message of xtell has a text: leave out --tone";
            return Err(Failure::new(Exit::Unavailable, text));
        }
        Ok(())
    }

    /// Is each line of standard input sent as it comes?
    pub(super) fn streams(&self) -> bool {
        let message = self.text.message.as_ref();
        let is_input = message.is_none_or(|message| message == "-");
        is_input && self.words.is_empty() && !self.envelope && !self.report.dry_run
    }
}
