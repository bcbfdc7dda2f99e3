//! What applets share on the command line: the words, what they mean, and how
//! results are said. Must never know a protocol.

pub mod envelope;
pub mod line;
pub mod login;
pub mod message;
pub mod moment;
pub mod needed;
pub mod options;
pub mod peer;
pub mod progress;
pub mod report;
pub mod secret;
pub mod serial;
pub mod terminal;

use clap::Args;

pub use crate::duration;

/// How an applet reports.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct ReportArgs {
    /// Say more: dialogues, secrets masked, and what becomes of each page
    #[arg(short, long, help_heading = "Reports")]
    pub verbose: bool,
    /// Print nothing; the exit status tells
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Reports")]
    pub quiet: bool,
    /// Print results as JSON, one object a line
    #[arg(long, help_heading = "Reports")]
    pub json: bool,
    /// Say what would be sent, and connect to nothing
    #[arg(long, help_heading = "Reports")]
    pub dry_run: bool,
}
