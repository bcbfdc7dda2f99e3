//! Is a gateway up?

use std::time::Instant;

use serde::Serialize;
use serde_json::json;

use super::Told;
use super::request::Gateway;
use crate::applet::snpp::inquiry::{Inquiry, server_info};
use crate::cli::report::millis;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    success: bool,
    host: &'a str,
    port: u16,
    banner: String,
    server_info: String,
    rtt: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Hears its greeting and says goodbye.
pub(super) fn ask(gateway: &Gateway, interrupt: &Interrupt) -> Told {
    let Gateway { peer, timeout } = gateway;
    let line = gateway.line();
    let trace = Trace::new(None, true);
    let mut inquiry = Inquiry::new(peer, &line, *timeout, trace, interrupt);
    let begun = Instant::now();
    let greeting = inquiry.connect();
    let rtt = millis(begun.elapsed());
    let (host, port) = (&peer.host, peer.port);
    let mut trouble = None;
    let banner = match greeting {
        Ok(reply) => reply.shown(),
        // No welcome, but a greeting.
        Err(fate) if fate.code.is_some() => fate.response(),
        Err(fate) => {
            let Some(line) = heard(&inquiry.transcript()) else {
                let error = fate.response();
                let trouble =
                    json!({ "success": false, "host": host, "port": port, "error": error });
                return Told::object(500, &trouble);
            };
            // It begins as a welcome does, and has no end.
            trouble = line.starts_with("220").then(|| fate.response());
            line
        }
    };
    let farewell = inquiry.part();
    let success = trouble.is_none() && banner.starts_with("220");
    let found = Found {
        success,
        host,
        port,
        server_info: server_info(&banner, farewell.as_deref()),
        rtt,
        error: trouble.or_else(|| (!success).then(|| format!("Unexpected response: {banner}"))),
        banner,
    };
    Told::object(200, &found)
}

/// What a server said that speaks something else.
fn heard(transcript: &[String]) -> Option<String> {
    let mut lines = transcript.iter();
    lines.find_map(|line| Some(line.strip_prefix("S: ")?.to_owned()))
}
