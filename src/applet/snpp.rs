//! What the clients of an SNPP gateway share: its address, the login, how it is
//! asked something, and how a page goes through it.

pub(super) mod dialogue;
pub(super) mod gateway;
pub(super) mod inquiry;
pub(super) mod page;

use std::path::Path;

use crate::cli::message::TextArgs;
use crate::cli::peer::{self, Peer};
use crate::cli::secret;
use crate::exit::Failure;
use crate::protocol::snpp::PORT;
use crate::protocol::snpp::command::{Command, Verb};
use crate::text::split::Fitted;
use crate::transport::interrupt::Interrupt;

/// `HOST[:PORT]`, with the port of SNPP where there is none.
pub(super) fn peer(text: &str) -> Result<Peer, String> {
    Peer::parse(text, PORT)
}

/// The gateways named on the command line, or else in `SNPP_SERVER`; maybe none.
pub(super) fn servers(given: &[Peer]) -> Result<Vec<Peer>, Failure> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let variable = std::env::var("SNPP_SERVER").unwrap_or_default();
    peer::list(&variable, PORT).map_err(|text| Failure::usage(format!("SNPP_SERVER: {text}")))
}

/// LOGI, with the password from a file, the environment or a prompt. Without
/// any it goes with the name alone, as some gateways want it.
pub(super) fn login(
    user: &str,
    file: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Command, Failure> {
    let password = secret::password(user, file, "SNPP_PASSWORD", interrupt)?;
    Command::words(Verb::Logi, user, password.as_deref())
        .map_err(|error| Failure::data(error.to_string()))
}

/// The longest message, in characters.
pub(super) fn length(text: &TextArgs) -> usize {
    text.max_length.unwrap_or(256)
}

/// Cuts a text to what a gateway may be sent.
pub(super) fn fit(args: &TextArgs, text: &str) -> Result<Fitted, Failure> {
    let charset = args.charset.unwrap_or_default();
    args.fit(text, charset, length(args), |part| part.chars().count())
}
