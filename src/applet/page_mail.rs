//! `page-mail`: queue the page that a mail on standard input asks for.
//!
//! Answers for its flags, and for an exit status that a mail server understands.
//! Must never know how a page is delivered.

use clap::Parser;

use super::spool::SpoolArgs;
use crate::exit::Exit;

const NAME: &str = "page-mail";

/// Queue the page that a mail on standard input asks for
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Names of pagers or groups, or addresses page+NAME@...
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    place: SpoolArgs,
    /// Most parts of a split message
    #[arg(long, value_name = "N")]
    max_parts: Option<std::num::NonZeroUsize>,
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    _ = args;
    Exit::Software
}
