//! CGI/1.1 (RFC 3875), from the program's side: one request from the environment
//! and standard input, one answer on standard output.
//!
//! Answers for nothing being taken from a request that is not what it says, and
//! for an answer whose headers are its own. Must never know what is asked for:
//! no page, no spool, no configuration.

pub mod answer;
pub mod form;
pub mod request;

/// Set for a program that a web server runs for a request; some set the second alone.
const OF_A_REQUEST: [&str; 2] = ["GATEWAY_INTERFACE", "REQUEST_METHOD"];

/// Whether we are run for a request. Then no word of the command line is an option:
/// a server may hand on a query without a `=` as words (RFC 3875, section 4.4).
pub fn is_request() -> bool {
    let mut set = OF_A_REQUEST.iter().filter_map(std::env::var_os);
    set.any(|value| !value.is_empty())
}
