//! A request: what the environment says of it, and its body.
//!
//! Answers for every value being text without control characters, and for a body
//! that is neither longer than allowed nor waited for past a deadline.

use std::cell::Cell;
use std::env::VarError;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::stdio::stdin;

use crate::transport::fd::{Deadline, Ready, wait};

/// What the web server says of a request. `HTTP_PROXY` is never looked at: any
/// client could set it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Request {
    /// `REQUEST_METHOD`
    pub method: String,
    /// `SCRIPT_NAME`, the path of this program, decoded.
    pub script: String,
    /// `PATH_INFO`, the path behind it, decoded.
    pub path: String,
    /// `QUERY_STRING`, as it came.
    pub query: String,
    /// `CONTENT_TYPE`
    pub content_type: String,
    /// `CONTENT_LENGTH`
    pub content_length: String,
    /// `REMOTE_ADDR`
    pub address: String,
    /// `REMOTE_USER`: whom the web server has made sure of; empty for nobody.
    pub user: String,
    /// The header `Host`.
    pub host: String,
    /// The header `Origin`, if it is there.
    pub origin: Option<String>,
    /// The header `Sec-Fetch-Site`, if it is there.
    pub fetch_site: Option<String>,
    /// `SERVER_PORT`
    pub port: String,
    /// So many bytes of the body nobody has read yet.
    pub unread: Cell<usize>,
}

/// A variable that is no text of one line; its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Garbled(pub &'static str);

/// Why there is no body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoBody {
    /// The request does not say how long it is.
    NoLength,
    /// Its length is no number.
    BadLength,
    /// It is longer than allowed. Nothing of it was read.
    TooLong,
    /// It did not come in time.
    Late,
    /// It ended early, or cannot be read.
    Short,
}

impl NoBody {
    /// The status and the words of an answer to that.
    pub fn answer(self) -> (u16, &'static str) {
        match self {
            Self::NoLength => (411, "the request does not say how long it is"),
            Self::BadLength => (400, "the length of the request is no number"),
            Self::TooLong => (413, "the request is too long"),
            Self::Late => (408, "the request did not come in time"),
            Self::Short => (400, "the request ended early"),
        }
    }
}

impl Request {
    /// Reads the variables of a request.
    pub fn read(
        variable: impl Fn(&'static str) -> Result<String, VarError>,
    ) -> Result<Self, Garbled> {
        let given = |name| match variable(name) {
            Ok(value) if value.chars().any(char::is_control) => Err(Garbled(name)),
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(Garbled(name)),
        };
        let text = |name| given(name).map(Option::unwrap_or_default);
        let request = Self {
            method: text("REQUEST_METHOD")?,
            script: text("SCRIPT_NAME")?,
            path: text("PATH_INFO")?,
            query: text("QUERY_STRING")?,
            content_type: text("CONTENT_TYPE")?,
            content_length: text("CONTENT_LENGTH")?,
            address: text("REMOTE_ADDR")?,
            user: text("REMOTE_USER")?,
            host: text("HTTP_HOST")?,
            origin: given("HTTP_ORIGIN")?,
            fetch_site: given("HTTP_SEC_FETCH_SITE")?,
            port: text("SERVER_PORT")?,
            unread: Cell::default(),
        };
        // Of what is no number, nobody knows how much there is.
        let length = request.content_length.parse();
        request.unread.set(length.unwrap_or_default());
        Ok(request)
    }

    /// The type of the body, without its parameters, in lower case.
    pub fn media_type(&self) -> String {
        let end = self.content_type.split(';').next();
        end.unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Reads the body: exactly as many bytes as the request says, and not its end,
    /// for which some servers never give one.
    pub fn body(&self, most: usize, deadline: Deadline) -> Result<Vec<u8>, NoBody> {
        let length = self.length(most)?;
        let mut body = vec![0; length];
        let mut read = 0;
        while let Some(rest) = body.get_mut(read..).filter(|rest| !rest.is_empty()) {
            read += self.read_some(rest, deadline)?;
        }
        Ok(body)
    }

    /// Reads what nobody wanted of the body, as far as it comes in time. A server that
    /// has given us one socket for the body and the answer would lose the answer if we
    /// ended with something unread (mod_cgid).
    pub fn drop_body(&self, deadline: Deadline) {
        let mut waste = [0; 1024];
        while self.unread.get() > 0 {
            let most = self.unread.get().min(waste.len());
            let Some(rest) = waste.get_mut(..most) else {
                return;
            };
            if self.read_some(rest, deadline).is_err() {
                return;
            }
        }
    }

    fn read_some(&self, rest: &mut [u8], deadline: Deadline) -> Result<usize, NoBody> {
        loop {
            match wait(stdin(), PollFlags::IN, deadline, None) {
                Ok(Ready::Yes) => {}
                Ok(Ready::TimedOut | Ready::Interrupted) => return Err(NoBody::Late),
                Err(_) => return Err(NoBody::Short),
            }
            match rustix::io::read(stdin(), &mut *rest) {
                Ok(0) => return Err(NoBody::Short),
                Ok(more) => {
                    self.unread.set(self.unread.get().saturating_sub(more));
                    return Ok(more);
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return Err(NoBody::Short),
            }
        }
    }

    fn length(&self, most: usize) -> Result<usize, NoBody> {
        let digits = self.content_length.as_str();
        if digits.is_empty() {
            return Err(NoBody::NoLength);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoBody::BadLength);
        }
        // More digits than a number has are too many in any case.
        let length = digits.parse().ok();
        length
            .filter(|length| *length <= most)
            .ok_or(NoBody::TooLong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn what_is_not_there_is_empty() {
        let request = Request::read(|name| match name {
            "REQUEST_METHOD" => Ok("GET".to_owned()),
            "HTTP_ORIGIN" => Ok(String::new()),
            _ => Err(VarError::NotPresent),
        });
        let request = request.unwrap();
        assert_eq!(
            (request.method.as_str(), request.user.as_str()),
            ("GET", "")
        );
        assert_eq!(
            (request.origin.as_deref(), request.fetch_site),
            (Some(""), None)
        );
    }

    #[test]
    fn a_value_that_is_no_line_of_text_is_no_value() {
        for value in ["a\nb", "a\r", "\u{1b}[2J", "\u{85}", "a\tb", "\u{7f}"] {
            let request = Request::read(|name| match name {
                "REMOTE_USER" => Ok(value.to_owned()),
                _ => Err(VarError::NotPresent),
            });
            assert_eq!(request, Err(Garbled("REMOTE_USER")), "{value:?}");
        }
        let request = Request::read(|_| Err(VarError::NotUnicode(OsString::from_vec(vec![0xff]))));
        assert_eq!(request, Err(Garbled("REQUEST_METHOD")));
    }

    #[test]
    fn a_length_is_a_number_within_the_limit() {
        let length = |text: &str| {
            let request = Request {
                content_length: text.to_owned(),
                ..Request::default()
            };
            request.length(100)
        };
        assert_eq!((length("0"), length("0100")), (Ok(0), Ok(100)));
        assert_eq!(length(""), Err(NoBody::NoLength));
        for text in ["-1", "+5", " 5", "5 ", "0x5", "5,5", "1e1", "many"] {
            assert_eq!(length(text), Err(NoBody::BadLength), "{text}");
        }
        for text in ["101", "18446744073709551616", &"9".repeat(400)] {
            assert_eq!(length(text), Err(NoBody::TooLong), "{text}");
        }
    }

    #[test]
    fn a_type_is_known_without_its_parameters() {
        let request = |text: &str| Request {
            content_type: text.to_owned(),
            ..Request::default()
        };
        assert_eq!(request("Text/HTML ; charset=x").media_type(), "text/html");
        assert_eq!(request("").media_type(), "");
    }
}
