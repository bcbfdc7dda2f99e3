//! What has become of a page: where a browser is sent once it is queued, and what
//! it is shown there.
//!
//! Answers for nobody being told of a page who was not sent there: the pass code of
//! its status is our own signature of all that the address says.

use std::fmt::Write as _;

use crate::cgi::answer::Answer;
use crate::cgi::form;
use crate::diag::cause;
use crate::exit::Exit;
use crate::queue::job::Job;
use crate::queue::spool::is_id;
use crate::queue::tags::{self, Status, Ticket};
use crate::text::escape::printable;

use super::html::{BACK, Page, escape};
use super::key::Key;
use super::refusal::Refusal;
use super::site::Site;

/// How often the browser asks anew: that is three minutes.
const LOOKS: u32 = 60;
/// And the seconds between.
const PAUSE: u32 = 3;
/// No list of names is longer in an address, in bytes.
const MAX_NAMES: usize = 1000;

/// Or who has sent the form once more would think that this is another page.
const AGAIN: &str = "<p>The same form has come before, and was queued once. \
                     To page again, send a new one.</p>\n";

/// What an address asks for.
#[derive(Debug, Default, Eq, PartialEq)]
struct Asked {
    id: String,
    /// Whom it is for, for people.
    to: String,
    tag: String,
    pass: String,
    /// The form has come before, and was not taken once more.
    again: bool,
    /// How often it was asked already.
    look: u32,
}

/// Has the status of a job kept, and tells where it can be seen.
pub(super) fn ask(site: &Site<'_>, key: &Key, job: &mut Job) -> Result<String, Refusal> {
    let tag = tags::new_code().map_err(|error| Refusal::ours(cause(&error)))?;
    let names: Vec<&str> = job.to.iter().map(|to| to.name.as_str()).collect();
    let mut asked = Asked {
        id: job.id.clone(),
        to: list(&names),
        tag,
        ..Asked::default()
    };
    asked.pass = asked.sign(key);
    job.two_way = Some(asked.ticket().two_way());
    // With two slashes in front it would name another host.
    let script = site.request.script.trim_start_matches('/');
    Ok(format!("/{}?{}", form::path(script), asked.query(0)))
}

/// The same place, for who has sent the same form once more.
pub(super) fn again(location: &str) -> String {
    format!("{location}&again=1")
}

/// The names, as far as they have room.
fn list(names: &[&str]) -> String {
    let mut list = String::new();
    for (count, name) in names.iter().enumerate() {
        if list.len() + name.len() > MAX_NAMES {
            return format!("{list} and {} more", names.len() - count);
        }
        if count > 0 {
            list.push_str(", ");
        }
        list.push_str(name);
    }
    list
}

/// The page that tells the status, if that is asked for.
pub(super) fn answer(site: &Site<'_>, key: &Key) -> Result<Option<Answer>, Refusal> {
    let fields = form::fields(site.request.query.as_bytes()).unwrap_or_default();
    if !fields.iter().any(|(name, _)| name == "tag") {
        return Ok(None);
    }
    let asked = Asked::of(fields);
    if !is_id(&asked.id) || !asked.is_signed(key) {
        return Err(Refusal::new(404, "there is no such page"));
    }
    let status = tags::status(&site.dir, &asked.tag, &asked.pass).map_err(|error| {
        let refusal = Refusal::ours(cause(&error));
        refusal.saying("nobody can tell now what has become of it: try again later")
    })?;
    let is_new = || site.dir.join("new").join(&asked.id).exists();
    let is_final = status.as_ref().is_some_and(|status| status.exit.is_some());
    let (title, text) = match &status {
        Some(status) => told(status, asked.is_to_one(site)),
        None if is_new() => ("Queued", "It waits to be taken up.".to_owned()),
        None => {
            let text = "It is being taken up just now, or it was long ago.";
            ("No news", text.to_owned())
        }
    };
    let mut page = Page {
        title: title.to_owned(),
        body: format!(
            "<p role=\"status\">{}</p>\n<dl>\n<dt>To</dt><dd>{}</dd>\n<dt>Job</dt><dd>{}</dd>\n</dl>\n",
            escape(&text),
            escape(&asked.to),
            escape(&asked.id)
        ),
        ..Page::default()
    };
    if asked.again {
        page.body += AGAIN;
    }
    let next = format!("?{}", asked.query(asked.look.saturating_add(1)));
    let next = escape(&next);
    if !is_final && asked.look < LOOKS {
        page.head = format!("<meta http-equiv=\"refresh\" content=\"{PAUSE}; url={next}\">\n");
    }
    if !is_final {
        let now = escape(&format!("?{}", asked.query(0)));
        // Writing to a string does not fail.
        _ = writeln!(page.body, "<p><a href=\"{now}\">Look again</a></p>");
    }
    page.body += BACK;
    Ok(Some(page.answer(200)))
}

/// A status in words. Of several, some may have what others have not.
fn told(status: &Status, is_to_one: bool) -> (&'static str, String) {
    let text = printable(status.text.as_bytes());
    let because = |words: &str| match text.as_str() {
        "" => format!("{words}."),
        text => format!("{words}: {text}"),
    };
    match status.exit.map(Exit::of_status) {
        None => ("Queued", because("It is on its way")),
        Some(Some(Exit::Ok)) => ("Sent", because("It was delivered")),
        Some(Some(Exit::Unknown) | None) if is_to_one => {
            ("Unknown", because("Nobody knows whether it has arrived"))
        }
        Some(Some(Exit::Unknown) | None) => {
            ("Unknown", because("Nobody knows whether everybody got it"))
        }
        Some(Some(_)) if is_to_one => ("Failed", because("It was not delivered")),
        Some(Some(_)) => ("Failed", because("Not everybody got it")),
    }
}

impl Asked {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "id" => asked.id = value,
                "to" => asked.to = value,
                "tag" => asked.tag = value,
                "pass" => asked.pass = value,
                "again" => asked.again = true,
                "look" => asked.look = value.parse().unwrap_or(LOOKS),
                _ => {}
            }
        }
        asked
    }

    /// Whether it is for one pager, and not for a group or for several names.
    fn is_to_one(&self, site: &Site<'_>) -> bool {
        let mut pagers = site.config.tables().pager.keys();
        pagers.any(|name| name.as_str() == self.to)
    }

    /// The pass code: it cannot be guessed without the key.
    fn sign(&self, key: &Key) -> String {
        let code = key.code(&["result", &self.id, &self.to, &self.tag]);
        tags::code_of(code.first_chunk().copied().unwrap_or_default())
    }

    fn is_signed(&self, key: &Key) -> bool {
        use subtle::ConstantTimeEq as _;
        let right = self.sign(key);
        right.as_bytes().ct_eq(self.pass.as_bytes()).into()
    }

    fn ticket(&self) -> Ticket {
        Ticket {
            tag: self.tag.clone(),
            pass: self.pass.clone(),
        }
    }

    fn query(&self, look: u32) -> String {
        let Self {
            id, to, tag, pass, ..
        } = self;
        let look = look.to_string();
        let fields = [
            ("id", id),
            ("to", to),
            ("tag", tag),
            ("pass", pass),
            ("look", &look),
        ];
        let query = form::query(fields.map(|(name, value)| (name, value.as_str())));
        if self.again { again(&query) } else { query }
    }
}
