//! Paging for the Unix shell: the library behind the one binary `pagebox`.
//!
//! Data flows one way through the house:
//!
//! ```text
//! applet ─▶ session ─▶ { protocol, transport }
//!   │          └─ servers: what was accepted ─▶ sink ─▶ queue, or a command
//!   ├─▶ access: who may come in, and who it is; config: which names there are
//!   ├─▶ terminal: who is logged in, and what is shown there
//!   ├─▶ cgi: a request of a web server, and its answer
//!   ├─▶ mail: what a mail says
//!   └─▶ cli, bulk, page, outcome, text, file, accounts, duration, rate, exit, diag
//! ```
//!
//! A protocol imports no transport, a transport imports no session, and
//! neither knows an applet; a test holds the imports to that.

#![forbid(unsafe_code)]

pub mod access;
pub mod accounts;
pub mod applet;
pub mod bulk;
pub mod cgi;
pub mod cli;
pub mod config;
pub mod diag;
pub mod duration;
pub mod exit;
pub mod file;
pub mod mail;
pub mod outcome;
pub mod page;
pub mod protocol;
pub mod queue;
pub mod rate;
pub mod session;
pub mod sink;
pub mod terminal;
pub mod text;
pub mod transport;
