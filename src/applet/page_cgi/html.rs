//! Pages of HTML: the frame of each, and what keeps a stranger's words text.
//!
//! Answers for a page that needs no JavaScript and loads nothing from anywhere.

use super::refusal::Refusal;
use crate::cgi::answer::Answer;

const STYLE: &str = include_str!("style.css");
/// Counts the characters that are left, as [`super::submit`] counts them.
pub(super) const COUNTER: &str = include_str!("counter.js");

/// The media type of a page.
const HTML: &str = "text/html";

/// A page before its frame.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) title: String,
    /// More of the head.
    pub(super) head: String,
    /// What stands in `main`, below its heading.
    pub(super) body: String,
    /// Runs at the end, where scripts do.
    pub(super) script: Option<&'static str>,
}

impl Page {
    fn render(&self) -> String {
        let Self { head, body, .. } = self;
        let title = escape(&self.title);
        let script = self
            .script
            .map(|script| format!("<script>{script}</script>\n"));
        let script = script.unwrap_or_default();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n{head}\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n{body}</main>\n{script}</body>\n</html>\n"
        )
    }

    /// As an answer to what was done.
    pub(super) fn answer(&self, status: u16) -> Answer {
        Answer::new(status, HTML, self.render())
    }

    /// As an answer to what was not.
    pub(super) fn refused(&self, refusal: &Refusal) -> Answer {
        refusal.answer(HTML, self.render())
    }
}

/// A page that says no more than why, and gives back what was written for nothing.
pub(super) fn refusal(refusal: &Refusal, written: &str) -> Answer {
    let written = match escape(written) {
        none if none.is_empty() => none,
        text => format!(
            "<label class=\"label\" for=\"message\">Message</label>\n\
             <textarea id=\"message\" rows=\"4\" readonly>\n{text}</textarea>\n"
        ),
    };
    let page = Page {
        title: "Error".to_owned(),
        body: alert(&refusal.text) + &written + BACK,
        ..Page::default()
    };
    page.refused(refusal)
}

/// The way to an empty form.
pub(super) const BACK: &str = "<p><a href=\"?\">Send a page</a></p>\n";

/// What went wrong, told at once to who cannot see it.
pub(super) fn alert(text: &str) -> String {
    let text = escape(text);
    format!("<p id=\"error\" class=\"error\" role=\"alert\"><strong>Error:</strong> {text}.</p>\n")
}

/// Text as it stands in a page, in an attribute too.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What a page may do: look as we say, count characters, and send its form to us. With
/// the digests of [`STYLE`] and [`COUNTER`].
pub(super) const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-M+WdORBbLWHSNQbsEDBhnu6sKcG676lcRKh+4mAVzck='; \
    script-src 'sha256-v56Wf7gF6bYkl3e2F6Xoer4peXI3wvuaHWAfqzxq1wo='; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policy_names_what_stands_in_a_page() {
        // printf '' | openssl dgst -sha256 -binary | base64
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(STANDARD.encode(Sha256::digest("")), empty);
        let page = Page {
            script: Some(COUNTER),
            ..Page::default()
        };
        let page = page.render();
        for (name, from, to) in [
            ("style-src", "<style>", "</style>"),
            ("script-src", "<script>", "</script>"),
        ] {
            let (_, text) = page.split_once(from).unwrap();
            let (text, _) = text.split_once(to).unwrap();
            let hash = STANDARD.encode(Sha256::digest(text));
            let allowed = format!("{name} 'sha256-{hash}';");
            assert!(POLICY.contains(&allowed), "{name}: {hash}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_text_and_can_be_read_back(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let back = escaped.replace("&lt;", "<").replace("&gt;", ">");
            let back = back.replace("&quot;", "\"").replace("&#39;", "'");
            prop_assert_eq!(back.replace("&amp;", "&"), text);
        }
    }
}
