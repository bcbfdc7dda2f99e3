//! `page-cgi`: queue pages from the web, one CGI/1.1 request a process.
//!
//! Answers for what a request may do, and for an answer to each: whatever a client
//! did wrong, and whatever is wrong with us, which is told to the server's log and
//! not to the client. Must never know how a page is delivered.

mod api;
mod csrf;
mod form;
mod html;
mod key;
mod limit;
mod once;
mod refusal;
mod result;
mod route;
mod shared;
mod site;
mod submit;

use std::env;
use std::time::Duration;

use clap::Parser;

use self::refusal::Refusal;
use self::route::Place;
use super::spool::SpoolArgs;
use crate::cgi;
use crate::cgi::answer::Answer;
use crate::cgi::request::{Garbled, Request};
use crate::diag::{Diag, cause};
use crate::exit::Exit;
use crate::transport::fd::Deadline;
use crate::transport::stdio;

pub(super) const NAME: &str = "page-cgi";

/// How long a body may take to come, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a body that nobody wants may take.
const LINGER: Duration = Duration::from_secs(1);

/// Queue pages from the web: one CGI request
#[derive(Debug, Default, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    place: SpoolArgs,
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::anywhere(NAME);
    if !cgi::is_request() {
        diag.warn("started by a web server, for a request: see EXAMPLES in page-cgi(8)");
        return Exit::Usage;
    }
    let request = Request::read(env::var);
    let answer = match &request {
        Ok(request) => answer(request, &args.place, &diag),
        Err(Garbled(name)) => garbled(name, &diag),
    };
    let bytes = dressed(answer).to_bytes();
    if let Err(error) = stdio::answer(&bytes, Deadline::after(PATIENCE)) {
        diag.warn(&format!("the answer was not taken: {}", cause(&error)));
        return Exit::Io;
    }
    if let Ok(request) = &request {
        request.drop_body(Deadline::after(LINGER));
    }
    Exit::Ok
}

/// What holds for every answer: it is nobody else's, and nothing but what it says.
fn dressed(answer: Answer) -> Answer {
    answer
        .with("Cache-Control", "no-store")
        .with("X-Content-Type-Options", "nosniff")
        .with("Referrer-Policy", "same-origin")
        .with("Content-Security-Policy", html::POLICY)
}

/// The answer to a request of which a variable is no line of text.
fn garbled(name: &str, diag: &Diag) -> Answer {
    diag.warn(&format!("{name} is no line of text"));
    let refusal = Refusal::new(400, "the request is garbled");
    let shown = |name| {
        let value = env::var_os(name).unwrap_or_default();
        value.to_string_lossy().into_owned()
    };
    match route::place(&shown("SCRIPT_NAME"), &shown("PATH_INFO")) {
        Place::Api(_) => api::refused(&refusal),
        Place::Form | Place::Nowhere => html::refusal(&refusal, ""),
    }
}

fn answer(request: &Request, place: &SpoolArgs, diag: &Diag) -> Answer {
    let answer = match route::place(&request.script, &request.path) {
        Place::Form => form::answer(request, place, diag),
        Place::Api(action) => api::answer(action, request, place, diag),
        Place::Nowhere => html::refusal(&Refusal::new(404, "there is nothing here"), ""),
    };
    if request.method == "HEAD" {
        return answer.without_body();
    }
    answer
}
