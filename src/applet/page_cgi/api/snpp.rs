//! What programs ask of a gateway: the calls of the Port of Call API.
//!
//! Answers for which gateways are spoken to at all, for what a request must say,
//! and for an answer to each. Must never know how a request came in, nor a byte
//! of the protocol.

mod hosts;
mod page;
mod probe;
mod request;

use serde::Serialize;
use serde_json::json;

use self::request::Gateway;
use super::Told;
use crate::cli::line::LineArgs;
use crate::config::value::Host;
use crate::diag::{Diag, cause};
use crate::transport::interrupt::Interrupt;

/// `POST /api/snpp/probe`: is this gateway up? `allowed` names those that may be
/// spoken to.
pub(super) fn probe(body: &[u8], allowed: &[Host]) -> Told {
    let asked = || {
        let gateway = request::probe(body).map_err(bad)?;
        admit(&gateway, allowed)?;
        Ok(probe::ask(&gateway, &signals()?))
    };
    asked().unwrap_or_else(|told| told)
}

/// `POST /api/snpp/page`: a page through such a gateway.
pub(super) fn page(body: &[u8], allowed: &[Host], diag: &Diag) -> Told {
    let sent = || {
        let (gateway, page) = request::page(body).map_err(bad)?;
        admit(&gateway, allowed)?;
        Ok(page::send(&gateway, &page, diag, &signals()?))
    };
    sent().unwrap_or_else(|told| told)
}

impl Told {
    fn object(status: u16, object: &impl Serialize) -> Self {
        match serde_json::to_value(object) {
            Ok(value) => Self { status, value },
            Err(error) => Self::error(500, format!("JSON: {error}")),
        }
    }

    fn error(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            value: json!({ "error": text.into() }),
        }
    }
}

fn bad(text: String) -> Told {
    Told::error(400, text)
}

fn signals() -> Result<Interrupt, Told> {
    let failed = |error| Told::error(500, format!("signals: {}", cause(&error)));
    Interrupt::register().map_err(failed)
}

fn admit(gateway: &Gateway, allowed: &[Host]) -> Result<(), Told> {
    if hosts::allow(allowed, &gateway.peer) {
        return Ok(());
    }
    let text = format!("{} is not among allow-hosts of [web]", gateway.peer);
    Err(Told::error(403, text))
}

impl Gateway {
    /// How it is reached: in the time that there is for all of it.
    fn line(&self) -> LineArgs {
        LineArgs {
            ipv4: false,
            ipv6: false,
            connect_timeout: self.timeout,
            timeout: Some(self.timeout),
            verdict_timeout: Some(self.timeout),
            proxy_command: None,
        }
    }
}
