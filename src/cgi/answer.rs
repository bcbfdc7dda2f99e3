//! An answer: a status, headers and a body.
//!
//! Answers for no value of a header being another header. The status comes first,
//! because some servers look for it nowhere else.

use std::fmt::Write as _;

/// Every status of an answer, and what it is called.
pub const REASONS: [(u16, &str); 13] = [
    (200, "OK"),
    (303, "See Other"),
    (400, "Bad Request"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (408, "Request Timeout"),
    (411, "Length Required"),
    (413, "Content Too Large"),
    (415, "Unsupported Media Type"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
    (503, "Service Unavailable"),
];

/// An answer to a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    /// An answer with a body of this type, in UTF-8.
    pub fn new(status: u16, media_type: &str, body: String) -> Self {
        let answer = Self {
            status,
            headers: Vec::new(),
            body,
        };
        answer.with("Content-Type", &format!("{media_type}; charset=utf-8"))
    }

    /// The same with one more header. A control character in its value is left out:
    /// it could end the header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let mut value = value.to_owned();
        value.retain(|c| !c.is_control());
        self.headers.push((name, value));
        self
    }

    /// The same without its body, as HEAD wants it.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body.clear();
        self
    }

    /// As it is written, whole.
    pub fn to_bytes(&self) -> Vec<u8> {
        let reason = REASONS.iter().find(|(status, _)| *status == self.status);
        let reason = reason.map_or("Unknown", |(_, reason)| *reason);
        let mut text = format!("Status: {} {reason}\r\n", self.status);
        for (name, value) in &self.headers {
            // Writing to a string does not fail.
            _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_status_headers_and_a_body() {
        let answer = Answer::new(404, "text/html", "no\n".to_owned()).with("Allow", "GET");
        let head =
            "Status: 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nAllow: GET\r\n\r\n";
        assert_eq!(answer.to_bytes(), format!("{head}no\n").as_bytes());
        assert_eq!(answer.without_body().to_bytes(), head.as_bytes());
    }

    #[test]
    fn no_value_is_a_header_of_its_own() {
        let answer = Answer::new(303, "text/html", String::new());
        let answer = answer.with("Location", "/a\r\nSet-Cookie: x\n\r\u{85}b");
        let text = String::from_utf8(answer.to_bytes()).unwrap();
        assert!(
            text.ends_with("\r\nLocation: /aSet-Cookie: xb\r\n\r\n"),
            "{text}"
        );
    }
}
