//! The flags of `page`, and what they ask for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Parser;

use super::NAME;
use crate::access::network::Network;
use crate::applet::spool::SpoolArgs;
use crate::bulk::flags::BulkArgs;
use crate::bulk::retry::RetryArgs;
use crate::cli::message::TextArgs;
use crate::cli::options::OptionArgs;
use crate::cli::{ReportArgs, duration};
use crate::exit::Failure;
use crate::page::PageOptions;

/// Queue a page for a pager or a group
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Name of a pager or a group, or several separated by commas
    #[arg(value_name = "NAME[,NAME...]", required_unless_present_any = ["csv", "envelope", "job"])]
    pub(super) target: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE WORD")]
    pub(super) words: Vec<OsString>,
    #[command(flatten)]
    pub(super) place: SpoolArgs,
    /// Wait for at most so long: until the gateway is up, or the fate of the page is final
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day, conflicts_with_all = ["csv", "dry_run"])]
    pub(super) wait: Option<Duration>,
    /// Queue a whole job, headers and all; - reads standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = [
        "target", "csv", "envelope", "message", "tone", "max_length", "overflow", "max_parts",
        "charset", "level", "alert", "coverage", "caller", "subject", "at", "expire", "dedup",
        "pin_file",
    ])]
    pub(super) job: Option<PathBuf>,
    /// Serve these networks and no others
    #[arg(
        long,
        value_name = "CIDR",
        num_args = 1..,
        value_delimiter = ',',
        requires = "job"
    )]
    pub(super) allow: Vec<Network>,
    #[command(flatten)]
    pub(super) options: OptionArgs,
    /// Begin to deliver then: after a duration, or at a time of RFC 3339
    #[arg(long, value_name = "DUR|TIME", help_heading = "Options of a page")]
    pub(super) at: Option<String>,
    /// Drop the page if it is still queued after that
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_year, help_heading = "Options of a page")]
    pub(super) expire: Option<Duration>,
    /// Do not send it where the same text went to, or waits for, the same name within that time
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_year, help_heading = "Options of a page")]
    pub(super) dedup: Option<Duration>,
    /// File whose first line is the pager's PIN
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "csv",
        help_heading = "Options of a page"
    )]
    pub(super) pin_file: Option<PathBuf>,
    /// Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them
    #[arg(long, conflicts_with_all = ["target", "csv", "message", "tone", "pin_file"], help_heading = "Message")]
    pub(super) envelope: bool,
    #[command(flatten)]
    pub(super) text: TextArgs,
    #[command(flatten)]
    pub(super) bulk: BulkArgs,
    #[command(flatten)]
    pub(super) retry: RetryArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

impl Args {
    /// The options of a page that stand on the command line.
    pub(super) fn defaults(&self, now: SystemTime) -> Result<PageOptions, Failure> {
        self.options.page(self.at.as_deref(), self.expire, now)
    }
}
