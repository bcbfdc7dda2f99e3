//! What is kept of a mail, in the words of a template.
//!
//! Must never know who is paged.

use crate::config::defaults::TEMPLATE;
use crate::config::value::{Piece, Template};
use crate::exit::{Exit, Failure};
use crate::mail::Mail;
use crate::text::split::MORE;

/// The message of a page. A template that keeps nothing of this mail gives way
/// to the one that everybody has.
pub(super) fn message(mail: &Mail, template: Option<&Template>) -> Result<String, Failure> {
    if mail.subject.is_empty() && mail.text.is_empty() {
        return Err(Failure::data("the mail has neither a subject nor a text"));
    }
    if let Some(text) = template.and_then(|template| fill(template, mail)) {
        return Ok(text);
    }
    let usual = Template::try_from(TEMPLATE.to_owned());
    let usual = usual.map_err(|error| Failure::new(Exit::Software, error))?;
    Ok(fill(&usual, mail).unwrap_or_default())
}

/// The text of a template; `None` where all that it keeps is empty.
///
/// What stands in front of the first field or behind the last one always stays.
/// What stands between two is left out where the one behind it is empty, or all
/// in front of it are.
fn fill(template: &Template, mail: &Mail) -> Option<String> {
    let mut text = String::new();
    let (mut between, mut had_field, mut has_value) = ("", false, false);
    for piece in template.pieces() {
        let value = match piece {
            Piece::Text(plain) => {
                between = plain;
                continue;
            }
            field => value(field, mail),
        };
        if !had_field || (has_value && !value.is_empty()) {
            text.push_str(between);
        }
        text.push_str(value);
        (between, had_field, has_value) = ("", true, has_value || !value.is_empty());
    }
    text.push_str(between);
    has_value.then(|| text.trim().to_owned())
}

fn value<'m>(field: &Piece, mail: &'m Mail) -> &'m str {
    let from = mail.from.first();
    let address = from.map_or("", |from| from.address.as_str());
    let name = from.map_or("", |from| from.name.as_str());
    match field {
        Piece::From if name.is_empty() => address,
        Piece::From => name,
        Piece::Address => address,
        Piece::Subject => &mail.subject,
        Piece::Body | Piece::Text(_) => &mail.text,
    }
}

/// The text, or the beginning of it that fits into so many bytes and says that
/// there is more.
pub(super) fn shorten(mut text: String, room: usize) -> String {
    if text.len() > room {
        let most = room.saturating_sub(MORE.len());
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push_str(MORE);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Mailbox;

    fn mail(name: &str, subject: &str, text: &str) -> Mail {
        Mail {
            from: vec![Mailbox {
                name: name.to_owned(),
                address: "j@x".to_owned(),
            }],
            subject: subject.to_owned(),
            text: text.to_owned(),
            ..Mail::default()
        }
    }

    fn filled(template: &str, mail: &Mail) -> String {
        let template = Template::try_from(template.to_owned()).unwrap();
        message(mail, Some(&template)).unwrap()
    }

    #[test]
    fn what_is_empty_takes_its_separator_with_it() {
        let usual = |name, subject, text| message(&mail(name, subject, text), None).unwrap();
        assert_eq!(usual("Joe", "Disk", "full"), "Joe: Disk: full");
        assert_eq!(usual("", "Disk", "full"), "j@x: Disk: full");
        assert_eq!(usual("Joe", "", "full"), "Joe: full");
        assert_eq!(usual("Joe", "Disk", ""), "Joe: Disk");
        let mut nobody = mail("", "", "full");
        nobody.from.clear();
        assert_eq!(message(&nobody, None).unwrap(), "full");
        nobody.subject = "Disk".to_owned();
        assert_eq!(message(&nobody, None).unwrap(), "Disk: full");
    }

    #[test]
    fn what_stands_at_either_end_stays() {
        let both = mail("Joe", "Disk", "full");
        assert_eq!(filled("<{subject}> {text}!", &both), "<Disk> full!");
        assert_eq!(filled("{{{subject}}} ", &both), "{Disk}");
        assert_eq!(filled("{address}{subject}", &both), "j@xDisk");
        let subject = mail("Joe", "Disk", "");
        assert_eq!(filled("M: {text}, {subject}.", &subject), "M: Disk.");
    }

    #[test]
    fn a_template_that_keeps_nothing_is_none() {
        let text = mail("Joe", "", "full");
        assert_eq!(filled("S: {subject}.", &text), "Joe: full");
        assert!(message(&mail("Joe", "", ""), None).is_err());
    }

    #[test]
    fn what_is_too_long_ends_visibly_and_in_a_whole_character() {
        let text = |text: &str, room| shorten(text.to_owned(), room);
        assert_eq!(text("abcdef", 6), "abcdef");
        assert_eq!(text("abcdefg", 6), "abc...");
        assert_eq!(text("aäöü", 6), "aä...");
        assert_eq!(text("ääää", 6), "ä...");
    }
}
