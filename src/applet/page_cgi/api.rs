//! What programs ask for: JSON in, JSON out.
//!
//! Answers for the checks that hold before a body is looked at, and for every
//! answer being JSON.

mod snpp;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::route::Action;
use super::site::Site;
use super::submit::{self, Wanted};
use super::{PATIENCE, csrf};
use crate::applet::spool::SpoolArgs;
use crate::cgi::answer::Answer;
use crate::cgi::request::Request;
use crate::diag::Diag;
use crate::text::escape;
use crate::transport::fd::Deadline;

/// The media type of requests and answers.
const JSON: &str = "application/json";

/// An answer: its status, and what it says.
#[derive(Debug)]
struct Told {
    status: u16,
    value: Value,
}

/// Answers a program's request.
pub(super) fn answer(action: Action, request: &Request, place: &SpoolArgs, diag: &Diag) -> Answer {
    match serve(action, request, place, diag) {
        Ok(Told { status, value }) => Answer::new(status, JSON, text(&value)),
        Err(refusal) => {
            if let Some(log) = &refusal.log {
                diag.warn(log);
            }
            refused(&refusal)
        }
    }
}

/// The answer to a request that is not done.
pub(super) fn refused(refusal: &Refusal) -> Answer {
    let value = json!({"success": false, "error": refusal.text});
    refusal.answer(JSON, text(&value))
}

/// JSON that shows as it is on a terminal.
fn text(value: &Value) -> String {
    escape::json(&format!("{value}\n"))
}

fn serve(
    action: Action,
    request: &Request,
    place: &SpoolArgs,
    diag: &Diag,
) -> Result<Told, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method("POST"));
    }
    // No page of another site can send that without asking first.
    let media_type = request.media_type();
    if media_type != JSON
        && !(media_type.starts_with("application/") && media_type.ends_with("+json"))
    {
        let text = format!("the type of the request must be {JSON}");
        return Err(Refusal::new(415, text));
    }
    csrf::check_site(request)?;
    let site = Site::find(place, request);
    let body = request.body(Site::longest_body(&site), Deadline::after(PATIENCE))?;
    let site = site?;
    site.admit(diag)?;
    match action {
        Action::Page => page(&site, &body),
        Action::SnppProbe => Ok(snpp::probe(&body, site.gateways())),
        Action::SnppPage => Ok(snpp::page(&body, site.gateways(), diag)),
    }
}

/// The body as an object with these fields, each at most once; others do not count.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // The fields of a list would be taken in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Refusal::new(400, "a request is a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        Refusal::new(400, text.replace('`', ""))
    })
}

/// `POST /api/page`
#[derive(Debug, Deserialize)]
struct PageRequest {
    /// A name, or several separated by commas.
    profile: String,
    message: String,
}

fn page(site: &Site<'_>, body: &[u8]) -> Result<Told, Refusal> {
    let PageRequest { profile, message } = read(body)?;
    let to = profile.split(',').map(|name| name.trim().to_owned());
    let wanted = Wanted {
        to: to.filter(|name| !name.is_empty()).collect(),
        message: message.replace("\r\n", "\n"),
    };
    let id = submit::for_program(site, &wanted)?;
    Ok(Told {
        status: 200,
        value: json!({"success": true, "id": id}),
    })
}
