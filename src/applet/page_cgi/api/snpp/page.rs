//! One page through one gateway, tried once.

use std::time::Duration;

use serde::Serialize;

use super::Told;
use super::request::{self, Gateway};
use crate::applet::snpp::gateway::{Gateways, LockStep, Settings};
use crate::applet::snpp::page::{Page, Wishes};
use crate::bulk::retry::RetryArgs;
use crate::cli::peer::Peer;
use crate::cli::report::{Report, millis};
use crate::diag::Diag;
use crate::outcome::Outcome;
use crate::page::PageOptions;
use crate::protocol::snpp::command::BadArgument;
use crate::protocol::snpp::plan::{Body, Recipient};
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// Sends it.
pub(super) fn send(
    gateway: &Gateway,
    page: &request::Page,
    diag: &Diag,
    interrupt: &Interrupt,
) -> Told {
    let page = match planned(page) {
        Ok(page) => page,
        Err(error) => return Told::error(400, error.to_string()),
    };
    let line = gateway.line();
    let retry = RetryArgs {
        retry: 0,
        retry_delay: Duration::ZERO,
        retry_max_time: None,
        retry_unknown: false,
    };
    let settings = Settings {
        line: &line,
        timeout: gateway.timeout,
        limit: Deadline::after(gateway.timeout),
        login: None,
        strict: false,
        retry: &retry,
        lock_step: LockStep::default(),
        diag,
        interrupt,
    };
    let servers = [gateway.peer.clone()];
    let mut gateways = Gateways::new(&settings, &servers, Trace::new(None, true));
    let mut report = gateways
        .send(&page, &mut || Ok(()))
        .pop()
        .unwrap_or_else(|| page.lost());
    gateways.finish();
    for taken in gateways.take_back() {
        taken.apply(&mut report);
    }
    report.transcript.extend(gateways.transcript());
    told(&gateway.peer, &report)
}

fn planned(page: &request::Page) -> Result<Page, BadArgument> {
    let recipient = Recipient {
        id: page.pager.clone(),
        pin: None,
    };
    let wishes = Wishes {
        two_way: false,
        no_queue: false,
        ack: false,
        reply: None,
        choices: Vec::new(),
        body: Body::Auto,
        strict: false,
    };
    let texts = vec![page.message.clone()];
    Page::new(1, vec![recipient], texts, &PageOptions::default(), &wishes)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    success: bool,
    host: &'a str,
    port: u16,
    pager_id: &'a str,
    page_response: Option<&'a str>,
    send_response: Option<&'a str>,
    transcript: &'a [String],
    rtt: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
}

fn told(peer: &Peer, report: &Report) -> Told {
    let fate = &report.fate;
    let success = fate.outcome.accepted();
    let is_unknown = fate.outcome == Outcome::Unknown;
    // Otherwise the gateway has said no, and nothing is out.
    let is_trouble = is_unknown || (!success && fate.code.is_none());
    let error = match (report.failure(), &report.failed_at) {
        (error, _) if is_unknown => format!("{error}; it may have been delivered"),
        (error, None) if !is_trouble => format!("Unexpected response: {error}"),
        (error, _) => error,
    };
    let told = Fields {
        success,
        host: &peer.host,
        port: peer.port,
        pager_id: &report.pager,
        page_response: report.page_reply.as_deref(),
        send_response: report.send_reply.as_deref(),
        transcript: if is_trouble { &[] } else { &report.transcript },
        rtt: millis(report.rtt),
        error: (!success).then_some(error),
        outcome: is_unknown.then(|| fate.outcome.word()),
    };
    Told::object(if is_trouble { 500 } else { 200 }, &told)
}
