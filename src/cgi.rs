//! CGI/1.1 (RFC 3875), from the program's side: one request from the environment
//! and standard input, one answer on standard output.
//!
//! Answers for nothing being taken from a request that is not what it says, and
//! for an answer whose headers are its own. Must never know what is asked for:
//! no page, no spool, no configuration.

pub mod answer;
pub mod form;
pub mod request;

/// Set for a program that a web server runs for a request.
const GATEWAY_INTERFACE: &str = "GATEWAY_INTERFACE";

/// Whether we are run for a request. Then no word of the command line is an option:
/// a server may hand on a query without a `=` as words (RFC 3875, section 4.4).
pub fn is_request() -> bool {
    std::env::var_os(GATEWAY_INTERFACE).is_some_and(|value| !value.is_empty())
}
