//! A web server's part of CGI/1.1: a request in the environment and on standard input, and the
//! answer taken apart as RFC 3875 says.

use std::ffi::OsStr;
use std::path::Path;

use super::kit::{Cmd, Output, Running, applet};

/// The type that a form is sent as.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";

/// A request about to be made.
pub(crate) struct Request(Cmd);

impl Request {
    /// To `page-cgi`, with this configuration and spool.
    pub(crate) fn new(method: &str, config: &Path, spool: &Path) -> Self {
        let cmd = applet("page-cgi").env("PAGEBOX_CONFIG", config);
        let request = Self(cmd.env("PAGEBOX_SPOOL", spool));
        request
            .with("GATEWAY_INTERFACE", "CGI/1.1")
            .with("REQUEST_METHOD", method)
            .with("SCRIPT_NAME", "/cgi-bin/page-cgi")
            .with("QUERY_STRING", "")
            .with("REMOTE_ADDR", "192.0.2.7")
            .with("HTTP_HOST", "www.example.com")
    }

    pub(crate) fn with(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        Self(self.0.env(name, value))
    }

    pub(crate) fn without(self, name: &str) -> Self {
        Self(self.0.env_remove(name))
    }

    pub(crate) fn path(self, path: &str) -> Self {
        self.with("PATH_INFO", path)
    }

    pub(crate) fn query(self, query: &str) -> Self {
        self.with("QUERY_STRING", query)
    }

    /// A body of this type, and its length.
    pub(crate) fn body(self, media_type: &str, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        let request = self.with("CONTENT_TYPE", media_type);
        let Self(cmd) = request.with("CONTENT_LENGTH", length);
        Self(cmd.stdin(body))
    }

    /// What else a run can be given.
    pub(crate) fn changed(self, change: impl FnOnce(Cmd) -> Cmd) -> Self {
        Self(change(self.0))
    }

    #[track_caller]
    pub(crate) fn run(self) -> Reply {
        Reply::of(&self.0.run())
    }

    pub(crate) fn spawn(self) -> Running {
        self.0.spawn()
    }
}

/// What was answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// What the log of the web server got.
    pub(crate) log: String,
}

impl Reply {
    /// The test fails where the answer is none, or the program did not end in 0.
    #[track_caller]
    pub(crate) fn of(output: &Output) -> Self {
        output.expect_status(0);
        let (head, body) = output.stdout.split_once("\r\n\r\n").expect("an empty line");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_owned(), value.to_owned())
        };
        let mut headers: Vec<(String, String)> = head.split("\r\n").map(header).collect();
        assert!(
            !head.replace("\r\n", "").contains(char::is_control),
            "{head:?}"
        );
        // Some servers look for it nowhere else.
        let (name, status) = headers.remove(0);
        assert_eq!(name, "Status");
        let status = status.split(' ').next().unwrap().parse().unwrap();
        Self {
            status,
            headers,
            body: body.to_owned(),
            log: output.stderr.clone(),
        }
    }

    /// The value of a header that is there at most once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16, words: &str) -> Self {
        let Self { body, log, .. } = &self;
        assert_eq!(self.status, status, "{body}\n{log}");
        assert!(body.contains(words), "no {words:?} in\n{body}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(
            self.header("Content-Type"),
            Some("application/json; charset=utf-8")
        );
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// What stands in an attribute or between tags, from `before` to `after`.
    #[track_caller]
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.body.split_once(before).expect(before);
        rest.split_once(after).expect(after).0
    }
}
