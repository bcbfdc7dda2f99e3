//! The form: shown, taken back, and shown again with what is wrong.
//!
//! Answers for nothing that was typed being lost because something was wrong with it.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::html::{self, alert, escape};
use super::key::Key;
use super::refusal::{Field, Refusal};
use super::result;
use super::site::Site;
use super::submit::{self, Wanted};
use super::{PATIENCE, csrf};
use crate::applet::spool::SpoolArgs;
use crate::cgi::answer::Answer;
use crate::cgi::form;
use crate::cgi::request::Request;
use crate::diag::Diag;
use crate::queue::spool::new_id;
use crate::transport::fd::Deadline;

/// The type that a form is sent as.
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// What was filled in.
#[derive(Debug, Default)]
struct Filled {
    wanted: Wanted,
    token: String,
}

/// Answers a request to the form.
pub(super) fn answer(request: &Request, place: &SpoolArgs, diag: &Diag) -> Answer {
    let mut filled = Filled::default();
    // What the form is shown again with.
    let mut around = None;
    let done = serve(request, place, diag, &mut filled, &mut around);
    done.unwrap_or_else(|refusal| {
        if let Some(log) = &refusal.log {
            diag.warn(log);
        }
        match &around {
            Some((site, key)) => page(site, key, &filled, Some(&refusal)).refused(&refusal),
            None => html::refusal(&refusal, &filled.wanted.message),
        }
    })
}

fn serve<'r>(
    request: &'r Request,
    place: &SpoolArgs,
    diag: &Diag,
    filled: &mut Filled,
    around: &mut Option<(Site<'r>, Key)>,
) -> Result<Answer, Refusal> {
    let site = Site::find(place, request);
    let posted = match request.method.as_str() {
        "GET" | "HEAD" => None,
        "POST" => {
            let read = Filled::read(&body(request, Site::longest_body(&site))?);
            Some(read.map(|read| *filled = read))
        }
        _ => return Err(Refusal::method("GET, HEAD, POST")),
    };
    let site = site?;
    let key = Key::find(&site.web())?;
    let Some(read) = posted else {
        return match result::answer(&site, &key)? {
            Some(answer) => Ok(answer),
            None => Ok(page(&site, &key, filled, None).answer(200)),
        };
    };
    let (site, key) = around.insert((site, key));
    read?;
    site.admit(diag)?;
    let Some(form) = csrf::ours(key, request, &filled.token) else {
        return Err(Refusal::new(403, "the form was old: send it again"));
    };
    submit::for_form(site, key, form, &filled.wanted, diag)
}

fn body(request: &Request, most: usize) -> Result<Vec<u8>, Refusal> {
    if request.media_type() != URLENCODED {
        let text = format!("the type of the request must be {URLENCODED}");
        return Err(Refusal::new(415, text));
    }
    csrf::check_site(request)?;
    Ok(request.body(most, Deadline::after(PATIENCE))?)
}

impl Filled {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let wrong = |text: &str| Refusal::new(400, text);
        let fields = form::fields(body).ok_or_else(|| wrong("the form is not UTF-8"))?;
        let (mut to, mut message, mut token) = (Vec::new(), None, None);
        for (name, value) in fields {
            if value.contains('\0') {
                return Err(wrong("the form has a NUL in it"));
            }
            let before = match name.as_str() {
                "to" => {
                    to.push(value);
                    None
                }
                "message" => message.replace(value),
                "token" => token.replace(value),
                _ => None,
            };
            if before.is_some() {
                return Err(wrong("the form has a field twice"));
            }
        }
        let message = message.unwrap_or_default().replace("\r\n", "\n");
        Ok(Self {
            wanted: Wanted { to, message },
            token: token.unwrap_or_default(),
        })
    }
}

/// The form, and above it why it is there again.
fn page(site: &Site<'_>, key: &Key, filled: &Filled, refusal: Option<&Refusal>) -> html::Page {
    let at = refusal.and_then(|refusal| refusal.at);
    let most = site.config.web_length();
    let mut body = refusal
        .map(|refusal| alert(&refusal.text))
        .unwrap_or_default();
    // Shown again it is the same form.
    let form = csrf::form(&filled.token);
    let form = form.map_or_else(|| new_id(SystemTime::now()), str::to_owned);
    let token = csrf::token(key, site.request, &form);
    let marks = |field: Field| match at {
        Some(at) if at == field => (" error", " aria-invalid=\"true\" autofocus"),
        _ => ("", ""),
    };
    let (told, invalid) = marks(Field::To);
    // Writing to a string does not fail.
    _ = write!(
        body,
        "<form method=\"post\" action=\"?\">\n\
         <input type=\"hidden\" name=\"token\" value=\"{token}\">\n\
         <fieldset aria-describedby=\"whom{told}\">\n<legend>To</legend>\n\
         <p id=\"whom\">One or more.</p>\n<div class=\"names\">\n"
    );
    let names = site.names();
    for (number, name) in names.iter().enumerate() {
        let checked = filled.wanted.to.iter().any(|to| to == name) || names.len() == 1;
        let checked = if checked { " checked" } else { "" };
        let invalid = if number == 0 { invalid } else { "" };
        let name = escape(name);
        _ = writeln!(
            body,
            "<div class=\"name\"><input type=\"checkbox\" id=\"to-{number}\" name=\"to\" \
             value=\"{name}\"{checked}{invalid}><label for=\"to-{number}\">{name}</label></div>"
        );
    }
    let (told, invalid) = marks(Field::Message);
    let message = escape(&filled.wanted.message);
    _ = write!(
        body,
        "</div>\n</fieldset>\n<label class=\"label\" for=\"message\">Message</label>\n\
         <p id=\"hint\">At most {most} characters. <span id=\"left\"></span></p>\n\
         <span id=\"told\" role=\"status\"></span>\n\
         <textarea id=\"message\" name=\"message\" rows=\"4\" required data-most=\"{most}\" \
         aria-describedby=\"hint{told}\"{invalid}>\n{message}</textarea>\n\
         <p><button>Send</button></p>\n</form>\n"
    );
    html::Page {
        title: if refusal.is_some() {
            "Error: send a page"
        } else {
            "Send a page"
        }
        .to_owned(),
        body,
        script: Some(html::COUNTER),
        ..html::Page::default()
    }
}
