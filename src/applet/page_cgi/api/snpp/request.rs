//! What a call says: its fields, with their types, limits and defaults.
//!
//! What is wrong is told, and nothing is read as something else. Fields that
//! no call knows are not looked at.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::peer::Peer;
use crate::page::{one_line, pager};
use crate::protocol::snpp::PORT;

/// Longest message, in characters.
const MAX_LENGTH: usize = 256;

/// A gateway, and how long all of a call may take.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Gateway {
    pub(super) peer: Peer,
    pub(super) timeout: Duration,
}

/// A page to one pager.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Page {
    pub(super) pager: String,
    pub(super) message: String,
}

/// Reads a probe.
pub(super) fn probe(body: &[u8]) -> Result<Gateway, String> {
    let fields = Fields::parse(body)?;
    fields.gateway(fields.text("host")?, 10_000)
}

/// Reads a page.
pub(super) fn page(body: &[u8]) -> Result<(Gateway, Page), String> {
    let fields = Fields::parse(body)?;
    let host = fields.text("host")?;
    let pager = pager(fields.text("pagerId")?)?;
    let message = one_line("message", fields.text("message")?)?;
    if message.trim().is_empty() {
        return Err("message is empty".to_owned());
    }
    let length = message.chars().count();
    if length > MAX_LENGTH {
        return Err(format!(
            "message has {length} characters, the limit is {MAX_LENGTH}"
        ));
    }
    Ok((fields.gateway(host, 15_000)?, Page { pager, message }))
}

struct Fields(Map<String, Value>);

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err("the body is no JSON object".to_owned()),
            Err(error) => Err(format!("the body is no JSON: {error}")),
        }
    }

    fn gateway(&self, host: &str, timeout: u64) -> Result<Gateway, String> {
        let port = self.whole("port", u64::from(PORT), 1..=65_535)?;
        let timeout = self.whole("timeout", timeout, 1..=300_000)?;
        let port = u16::try_from(port).map_err(|error| format!("port: {error}"))?;
        Ok(Gateway {
            peer: Peer::new(host, port)?,
            timeout: Duration::from_millis(timeout),
        })
    }

    /// A text that must be there.
    fn text(&self, name: &str) -> Result<&str, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Err(format!("{name} is missing")),
            Some(Value::String(text)) if text.is_empty() => Err(format!("{name} is missing")),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(format!("{name} is no string")),
        }
    }

    /// A whole number within limits.
    fn whole(&self, name: &str, default: u64, range: RangeInclusive<u64>) -> Result<u64, String> {
        let Some(value) = self.0.get(name) else {
            return Ok(default);
        };
        let number = value.as_u64().filter(|number| range.contains(number));
        let (first, last) = (range.start(), range.end());
        number.ok_or_else(|| format!("{name} is no whole number from {first} to {last}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> String {
        page(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let gateway = probe(br#"{"host":"gate.example"}"#).unwrap();
        assert_eq!(gateway.peer.to_string(), "gate.example:444");
        assert_eq!(gateway.timeout, Duration::from_secs(10));
        let body =
            r#"{"host":"[::1]","port":1,"pagerId":"555","message":"é","timeout":300000,"x":1}"#;
        let (gateway, page) = page(body.as_bytes()).unwrap();
        assert_eq!(gateway.peer.to_string(), "[::1]:1");
        assert_eq!(gateway.timeout, Duration::from_secs(300));
        assert_eq!((page.pager.as_str(), page.message.as_str()), ("555", "é"));
        let (gateway, _) = super::page(br#"{"host":"a","pagerId":"5","message":"m"}"#).unwrap();
        assert_eq!(gateway.timeout, Duration::from_secs(15));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        for (body, expected) in [
            ("", "the body is no JSON: EOF"),
            ("[]", "the body is no JSON object"),
            ("{}", "host is missing"),
            (
                r#"{"host":"","pagerId":"5","message":"m"}"#,
                "host is missing",
            ),
            (
                r#"{"host":null,"pagerId":"5","message":"m"}"#,
                "host is missing",
            ),
            (r#"{"host":"a","message":"m"}"#, "pagerId is missing"),
            (
                r#"{"host":"a","pagerId":5,"message":"m"}"#,
                "pagerId is no string",
            ),
            (r#"{"host":"a","pagerId":"5"}"#, "message is missing"),
            (
                r#"{"host":"a","pagerId":"5","message":" "}"#,
                "message is empty",
            ),
            (
                r#"{"host":"a:444","pagerId":"5","message":"m"}"#,
                r#""a:444" is no host"#,
            ),
            (
                r#"{"host":"-a","pagerId":"5","message":"m"}"#,
                r#""-a" is no host"#,
            ),
        ] {
            let error = error(body);
            assert!(error.starts_with(expected), "{body}: {error}");
        }
    }

    #[test]
    fn no_line_end_gets_into_a_command() {
        for field in ["pagerId", "message"] {
            for end in ["\\r", "\\n", "\\u0000"] {
                let other = if field == "message" {
                    "pagerId"
                } else {
                    "message"
                };
                let body = format!(r#"{{"host":"a","{other}":"5","{field}":"5{end}QUIT"}}"#);
                let error = error(&body);
                assert!(error.contains("has a CR, LF or NUL in it"), "{error}");
            }
        }
    }

    #[test]
    fn numbers_keep_within_their_limits() {
        for (field, value, good) in [
            ("port", "1", true),
            ("port", "65535", true),
            ("port", "0", false),
            ("port", "65536", false),
            ("port", "-1", false),
            ("port", "444.5", false),
            ("port", "\"444\"", false),
            ("port", "null", false),
            ("timeout", "1", true),
            ("timeout", "300000", true),
            ("timeout", "0", false),
            ("timeout", "300001", false),
            ("timeout", "1e99", false),
        ] {
            let body = format!(r#"{{"host":"a","{field}":{value}}}"#);
            let read = probe(body.as_bytes());
            assert_eq!(read.is_ok(), good, "{body}: {read:?}");
        }
    }

    #[test]
    fn a_message_is_counted_in_characters_and_never_cut() {
        let body = |count| {
            let message = "é".repeat(count);
            format!(r#"{{"host":"a","pagerId":"5","message":"{message}"}}"#)
        };
        let (_, sent) = page(body(256).as_bytes()).unwrap();
        assert_eq!(sent.message.chars().count(), 256);
        assert_eq!(
            error(&body(257)),
            "message has 257 characters, the limit is 256"
        );
    }
}
