//! `page-cgi`: queue pages from the web, one CGI/1.1 request a process.
//!
//! Answers for what a request may do, and for an answer to each. Must never
//! know how a page is delivered.

use clap::Parser;

use super::spool::SpoolArgs;
use crate::exit::Exit;

const NAME: &str = "page-cgi";

/// Queue pages from the web: one CGI request
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    place: SpoolArgs,
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    _ = args;
    Exit::Software
}
