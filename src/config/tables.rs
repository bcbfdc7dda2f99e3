//! The tables of `pagebox.toml` and their keys, each with its type.
//!
//! Answers for the shape of the file: a key that is not here is an error. Must
//! never know what a name in it leads to. What a later key refers to keeps its
//! place in the file, so that an error can tell its line.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use serde::Deserialize;
use toml::Spanned;

use super::hours::Hours;
use super::value::{
    Absolute, CommandLine, Delay, Filled, Host, Lifetime, Limit, Line, Name, Senders, ServerName,
    Template, Word,
};
use crate::rate::Rate;
use crate::text::charset::Charset;
use crate::text::split::Overflow;
use crate::transport::serial::Framing;

/// A name that stands for a table elsewhere.
pub type Link = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tables {
    /// Where accepted pages go.
    pub spool: Option<Absolute>,
    /// How long receipts are kept.
    pub keep_sent: Option<Lifetime>,
    /// A program that is run for each page that failed, and its arguments.
    pub on_failure: Option<Filled<Line>>,
    /// Who can be paged.
    #[serde(default)]
    pub pager: BTreeMap<Name, Pager>,
    /// Who is paged together.
    #[serde(default)]
    pub group: BTreeMap<Name, Spanned<Group>>,
    /// The ways that pages go; `default` takes pagers that name no other, and
    /// IDs that are no pager's name.
    #[serde(default)]
    pub route: BTreeMap<Name, Route>,
    /// Serial lines.
    #[serde(default)]
    pub device: BTreeMap<Name, Device>,
    /// The gateway for mail.
    pub mail: Option<Mail>,
    /// The gateway for the web.
    pub web: Option<Web>,
}

/// `[pager.NAME]`: a profile.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pager {
    /// The route; without it `default`.
    pub route: Option<Link>,
    /// What the route calls this pager; without it as we do.
    pub id: Option<Word>,
    /// Holds the PIN.
    pub pin_file: Option<Absolute>,
    /// When it is on duty.
    pub hours: Option<Hours>,
    /// When its pages wait, but for those of level 0.
    pub quiet: Option<Hours>,
    /// Not paged with the same text again within that time.
    pub dedup: Option<Delay>,
    /// So many pages are let through; the others are gathered.
    pub rate: Option<Rate>,
    /// Longest message, in characters as sent.
    pub max_length: Option<NonZeroUsize>,
    /// What it can show.
    pub charset: Option<Charset>,
}

/// `[group.NAME]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Group {
    /// Pagers and groups; none is a group that nobody is in now.
    pub members: Vec<Link>,
    /// When it is on duty.
    pub hours: Option<Hours>,
    /// Not paged with the same text again within that time.
    pub dedup: Option<Delay>,
}

/// What drives a route.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A gateway that speaks SNPP.
    Snpp,
    /// A paging central that speaks TAP.
    Ixo,
    /// Terminals of another host.
    Xtell,
    /// A program that reads pages as CSV.
    Csv,
    /// A program that is run for each page.
    Exec,
}

impl Kind {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Snpp => "snpp",
            Self::Ixo => "ixo",
            Self::Xtell => "xtell",
            Self::Csv => "csv",
            Self::Exec => "exec",
        }
    }
}

/// What becomes of a page of which nobody knows whether it arrived.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// It is sent again, and may arrive twice.
    Retry,
    /// It waits for someone to decide.
    Hold,
    /// It has failed.
    Fail,
}

/// `[route.NAME]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Route {
    /// What drives it.
    pub r#type: Spanned<Kind>,
    /// `host:port`, in order (snpp, xtell).
    pub server: Option<Spanned<Filled<Host>>>,
    /// `host:port` of a terminal server (ixo).
    pub connect: Option<Spanned<Host>>,
    /// Devices, in order (ixo).
    pub device: Option<Spanned<Filled<Link>>>,
    /// The number of the central (ixo).
    pub dial: Option<Spanned<Line>>,
    /// A program whose standard input and output are the line (snpp, ixo, xtell).
    pub proxy_command: Option<Spanned<CommandLine>>,
    /// A program and its arguments (csv, exec).
    pub command: Option<Spanned<Filled<Line>>>,
    /// Who we are to the gateway (snpp).
    pub login: Option<Spanned<Line>>,
    /// Holds the password (snpp, ixo).
    pub password_file: Option<Spanned<Absolute>>,
    /// How long it may take to answer a page.
    pub timeout: Option<Limit>,
    /// How often a page is tried again.
    pub retry: Option<u32>,
    /// The first wait before that.
    pub retry_delay: Option<Delay>,
    /// How old a page may become.
    pub expire: Option<Lifetime>,
    /// The route that takes over.
    pub fallback: Option<Link>,
    /// When it takes over, even if there are tries left.
    pub fallback_after: Option<Delay>,
    /// What becomes of a page of unknown fate.
    pub on_unknown: Option<OnUnknown>,
    /// Most pages of one call (ixo).
    pub pages_per_call: Option<Spanned<NonZeroU32>>,
    /// The least time between two pages.
    pub gap: Option<Delay>,
    /// So many pages are let through; the others are gathered.
    pub rate: Option<Rate>,
    /// Longest message, in characters as sent.
    pub max_length: Option<NonZeroUsize>,
    /// What becomes of a longer one.
    pub overflow: Option<Overflow>,
    /// What the route carries.
    pub charset: Option<Charset>,
    /// Answers come back.
    #[serde(default)]
    pub two_way: bool,
    /// A program that each message goes through, and its arguments.
    pub filter: Option<Filled<Line>>,
}

/// `[device.NAME]`: a serial line, with or without a modem. The keys are the
/// options of ixo-send(1).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Device {
    /// The serial line.
    pub path: Absolute,
    /// Bits per second.
    pub baud: Option<NonZeroU32>,
    /// Bits and parity.
    pub framing: Option<Framing>,
    /// What the modem is told first, in order.
    pub init: Option<Filled<Line>>,
    /// What stands in front of the number.
    pub dial_command: Option<Line>,
}

/// `[mail]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mail {
    /// Whose mail is taken; an empty list is nobody's, and without it it is anybody's.
    pub allow_from: Option<Vec<Senders>>,
    /// Most parts of a message.
    pub max_parts: Option<NonZeroUsize>,
    /// So many bytes of a mail are looked at.
    pub max_size: Option<NonZeroUsize>,
    /// What is kept of a mail.
    pub template: Option<Template>,
}

/// `[web]`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Web {
    /// Who can be paged from the web, in this order; without it all names there are.
    pub names: Option<Filled<Link>>,
    /// Gateways that programs may have us speak to: `host` or `host:port`.
    pub allow_hosts: Option<Vec<Host>>,
    /// The hosts that we are asked as; without it any.
    pub server_names: Option<Filled<ServerName>>,
    /// Longest message, in characters.
    pub max_length: Option<NonZeroUsize>,
    /// So many requests of one address are taken.
    pub rate: Option<Rate>,
}
