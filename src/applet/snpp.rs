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
use crate::protocol::snpp::command::{Command, MAX_BODY_LINE, Verb};
use crate::protocol::snpp::plan::{Body, is_too_long};
use crate::text::split::{Fitted, Overflow};
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
fn length(text: &TextArgs) -> usize {
    text.max_length.unwrap_or(256)
}

/// Cuts a text to what a gateway may be sent: so many characters, and where a
/// line of them has too many bytes, so many bytes as well.
pub(super) fn fit(args: &TextArgs, text: &str, body: Body) -> Result<Fitted, Failure> {
    let charset = args.charset.unwrap_or_default();
    let length = length(args);
    let fitted = args.fit(text, charset, length, |part| part.chars().count());
    let Ok(by_length) = &fitted else {
        return fitted;
    };
    if !by_length.parts.iter().any(|part| is_too_long(part, body)) {
        return fitted;
    }
    // A dot in front is doubled.
    let room = MAX_BODY_LINE - 1;
    let (text, share) = match (args.overflow, by_length.parts.first()) {
        (Overflow::Truncate, Some(head)) => (head.as_str(), 1),
        // What costs its bytes, but at least its share of a line, keeps to both bounds.
        (Overflow::Split, _) => (text, room.div_ceil(length)),
        _ => return fitted,
    };
    let cost = |part: &str| part.chars().map(|c| c.len_utf8().max(share)).sum();
    let by_bytes = args.fit(text, charset, room, cost);
    by_bytes.map_err(|_| {
        let parts = args.max_parts;
        Failure::data(format!(
            "the message does not fit into {parts} parts of {room} bytes"
        ))
    })
}

/// The warning that a message was cut.
pub(super) fn cut_to(fitted: &Fitted) -> String {
    let length = fitted.parts.first().map_or(0, |part| part.chars().count());
    format!("the message was cut to {length} characters")
}
