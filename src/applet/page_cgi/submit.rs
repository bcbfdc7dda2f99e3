//! From what is wanted to a job in the spool.
//!
//! Answers for the checks that hold for forms and for programs alike: who can be
//! paged, and with which text.

use super::html::escape;
use super::key::Key;
use super::once::Once;
use super::refusal::{Field, Refusal};
use super::result;
use super::site::Site;
use crate::applet::spool::{not_taken, open};
use crate::cgi::answer::Answer;
use crate::diag::{Diag, cause};
use crate::queue::job::{Job, Sender};
use crate::transport::interrupt;

/// A page that somebody wants to be sent.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Names, as they were given.
    pub(super) to: Vec<String>,
    pub(super) message: String,
}

/// Queues it, if that form has not had it queued before, and sends the browser to where
/// it can see what becomes of it.
pub(super) fn for_form(
    site: &Site<'_>,
    key: &Key,
    form: &str,
    wanted: &Wanted,
    diag: &Diag,
) -> Result<Answer, Refusal> {
    let mut job = job(site, wanted)?;
    let once = Once::of(site, key, form, wanted)?;
    if let Some(location) = once.location()? {
        return Ok(see_other(&result::again(&location)));
    }
    let location = result::ask(site, key, &mut job)?;
    // A server ends a program whose browser has gone, as it does at a second click.
    interrupt::ignore().map_err(|error| Refusal::ours(cause(&error)))?;
    queue(site, &job)?;
    once.note(&location, diag);
    Ok(see_other(&location))
}

fn see_other(location: &str) -> Answer {
    // For who is shown it: a server may make 200 of the status.
    let note = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<title>Queued</title>\n\
         <p>Queued. <a href=\"{}\">What has become of it</a></p>\n</html>\n",
        escape(location)
    );
    Answer::new(303, "text/html", note).with("Location", location)
}

/// Queues it. The job's ID.
pub(super) fn for_program(site: &Site<'_>, wanted: &Wanted) -> Result<String, Refusal> {
    let job = job(site, wanted)?;
    queue(site, &job)?;
    Ok(job.id)
}

fn job(site: &Site<'_>, wanted: &Wanted) -> Result<Job, Refusal> {
    let names = names(site, &wanted.to).map_err(|refusal| refusal.about(Field::To))?;
    let text = text(&wanted.message, site.config.web_length());
    let text = text.map_err(|text| Refusal::new(400, text).about(Field::Message))?;
    let mut job = Job::new(names, text);
    let sender = |name: &String, verified| {
        let name = Some(name.clone()).filter(|name| !name.is_empty());
        name.map(|name| Sender { name, verified })
    };
    let (user, address) = (&site.request.user, &site.request.address);
    // A name that a job cannot give as it is would be another one: then it goes by the address.
    for from in [sender(user, true), sender(address, false), None] {
        job.from = from;
        if job.from.is_some() && job.to_bytes().is_ok() {
            break;
        }
    }
    Ok(job)
}

/// Each once, and only those that are offered: a number that a route would take is
/// no name of ours.
fn names(site: &Site<'_>, wanted: &[String]) -> Result<Vec<String>, Refusal> {
    let offered = site.names();
    let mut names: Vec<String> = Vec::new();
    for name in wanted {
        if !offered.contains(&name.as_str()) {
            return Err(Refusal::new(
                404,
                format!("nobody can be paged as {name:?}"),
            ));
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        return Err(Refusal::new(400, "choose whom to page"));
    }
    Ok(names)
}

/// The text as it is sent, or what is wrong with it.
fn text(message: &str, most: usize) -> Result<&str, String> {
    let is_stray = |c: char| c.is_control() && c != '\n' && c != '\t';
    if message.contains(is_stray) {
        return Err("the message has control characters in it".to_owned());
    }
    if message.trim().is_empty() {
        return Err("say something".to_owned());
    }
    let text = message.trim_end_matches([' ', '\t', '\n']);
    let length = text.chars().count();
    if length > most {
        return Err(format!(
            "the message has {length} characters, and may have {most}"
        ));
    }
    Ok(text)
}

fn queue(site: &Site<'_>, job: &Job) -> Result<(), Refusal> {
    let spool = open(&site.dir).map_err(|failure| Refusal::ours(format!("{:#}", failure.cause)))?;
    let taken = spool.accept(job);
    taken.map_err(|error| Refusal::ours(not_taken(&error).text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_can_be_read() {
        assert_eq!(
            text("Disk\tfull\n\u{fc}  \n\n", 11),
            Ok("Disk\tfull\n\u{fc}")
        );
        assert!(
            text("Disk\tfull\n\u{fc}", 10)
                .unwrap_err()
                .contains("11 characters")
        );
        for wrong in [
            "",
            " \n\t",
            "\u{a0}",
            "a\0",
            "a\rb",
            "\u{1b}[2J",
            "a\u{85}b",
            "\u{7f}",
        ] {
            assert!(text(wrong, 100).is_err(), "{wrong:?}");
        }
        assert_eq!(text(&"\u{1f525}".repeat(5), 5).map(str::len), Ok(20));
    }
}
