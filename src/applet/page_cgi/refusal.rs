//! Why a request is not done: what the client is told, and what the log.

use std::fmt::Display;

use crate::cgi::answer::Answer;
use crate::cgi::request::NoBody;

/// When to come back where something is wrong with us, in seconds.
const LATER: u64 = 60;

/// The part of the form that a refusal is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    To,
    Message,
}

/// A request that is not done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// For the client: what is wrong and what to do, without a word of us.
    pub(super) text: String,
    /// For the log of the web server, where it is our affair.
    pub(super) log: Option<String>,
    pub(super) at: Option<Field>,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
}

impl Refusal {
    /// The client's error.
    pub(super) fn new(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
            log: None,
            at: None,
            retry_after: None,
            allow: None,
        }
    }

    /// Ours, of which the client is told no more than that there is one.
    pub(super) fn ours(log: impl Display) -> Self {
        Self {
            log: Some(log.to_string()),
            ..Self::new(
                503,
                "the pager is out of order, and nothing is queued: try again later",
            )
            .in_seconds(LATER)
        }
    }

    /// The same in other words for the client.
    pub(super) fn saying(self, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..self
        }
    }

    /// It may go better then.
    pub(super) fn in_seconds(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The method is none of these.
    pub(super) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(405, format!("the method must be {allow}"))
        }
    }

    /// The same, about this part of the form.
    pub(super) fn about(self, field: Field) -> Self {
        Self {
            at: Some(field),
            ..self
        }
    }

    /// An answer of it, with its headers.
    pub(super) fn answer(&self, media_type: &str, body: String) -> Answer {
        let mut answer = Answer::new(self.status, media_type, body);
        if let Some(seconds) = self.retry_after {
            answer = answer.with("Retry-After", &seconds.to_string());
        }
        if let Some(methods) = self.allow {
            answer = answer.with("Allow", methods);
        }
        answer
    }
}

impl From<NoBody> for Refusal {
    fn from(why: NoBody) -> Self {
        let (status, text) = why.answer();
        Self::new(status, text)
    }
}
