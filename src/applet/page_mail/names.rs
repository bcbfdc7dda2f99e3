//! Whom a mail pages: names of the configuration, and nobody else.
//!
//! Answers for taking all of the names or none. Must never know who sends the mail.

use std::env;

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::mail::Mail;

use super::later;

/// Set by who delivers a mail: whom to. The first one is from before aliases.
const RECIPIENT: [&str; 2] = ["ORIGINAL_RECIPIENT", "RECIPIENT"];

const NOBODY: &str = "nobody to page: give a name as an argument, or have a table [mail] and send the mail to ANY+NAME@HOST";
const TOO_MANY: &str =
    "more addresses than are read: give a name as an argument; nothing is queued";

/// Those of a configuration.
pub(super) struct Names<'c>(pub(super) &'c Config);

/// `page@example.com` of `Page+oncall@Example.com`.
fn mailbox(address: &str) -> String {
    let (local, host) = address.rsplit_once('@').unwrap_or((address, ""));
    let local = local.split_once('+').map_or(local, |(mailbox, _)| mailbox);
    format!("{local}@{host}").to_ascii_lowercase()
}

/// The addresses, if there are not more than are looked at.
fn all(addresses: &[String]) -> Result<&[String], Failure> {
    if addresses.iter().any(String::is_empty) {
        return Err(Failure::data(TOO_MANY));
    }
    Ok(addresses)
}

impl Names<'_> {
    /// Those that a mail is for: who is given, or else, where the configuration
    /// has a table for mail, whom it was delivered or addressed to. Each is there once.
    pub(super) fn of(&self, given: &[String], mail: &Mail) -> Result<Vec<String>, Failure> {
        let wanted: Vec<String> = if !given.is_empty() {
            let name = |text: &String| self.named(text).unwrap_or_else(|| text.clone());
            given.iter().map(name).collect()
        } else if self.0.tables().mail.is_some() {
            self.told(mail)?
        } else {
            Vec::new()
        };
        if wanted.is_empty() {
            return Err(Failure::new(Exit::NoUser, NOBODY));
        }
        let (mut names, mut unknown) = (Vec::new(), Vec::new());
        for name in wanted {
            match self.known(&name) {
                Some(known) if names.contains(&known) => {}
                Some(known) => names.push(known),
                None => unknown.push(format!("{name:?}")),
            }
        }
        let unreached = names.iter().find(|name| self.0.reach(name).is_none());
        if let Some(name) = unreached {
            let text = format!("no route leads to {name:?}; nothing is queued");
            return Err(later(text));
        }
        if unknown.is_empty() {
            return Ok(names);
        }
        let tables = self.0.tables();
        if tables.pager.is_empty() && tables.group.is_empty() {
            // More likely the file is not whole than that nobody is to be paged.
            let text = "the configuration has no pager and no group; nothing is queued";
            return Err(later(text.to_owned()));
        }
        let text = format!(
            "no pager or group: {}; nothing is queued",
            unknown.join(", ")
        );
        Err(Failure::new(Exit::NoUser, text))
    }

    /// The names in the words of who delivered the mail, or else of who sent it: all
    /// of the first that has one, as one delivery may be for several.
    fn told(&self, mail: &Mail) -> Result<Vec<String>, Failure> {
        let variables = RECIPIENT.into_iter().filter_map(env::var_os);
        let variables = variables.map(|value| {
            let value = value.to_string_lossy();
            let several = value.split(',').map(str::trim);
            let several = several.filter(|one| !one.is_empty());
            several.map(str::to_owned).collect()
        });
        for delivered in variables.chain(mail.delivered_to.iter().cloned()) {
            let delivered = all(&delivered)?.iter();
            let names: Vec<String> = delivered.filter_map(|to| self.named(to)).collect();
            if !names.is_empty() {
                return Ok(names);
            }
        }
        Ok(self.addressed(all(&mail.to)?))
    }

    /// The names among those that the sender wrote to. Others have a `+`, too: beside
    /// a name of ours only the addresses of its own mailbox are held to be names.
    fn addressed(&self, to: &[String]) -> Vec<String> {
        let named = to
            .iter()
            .filter_map(|to| Some((mailbox(to), self.named(to)?)));
        let named: Vec<(String, String)> = named.collect();
        let ours = named.iter().filter(|(_, name)| self.known(name).is_some());
        let ours: Vec<&str> = ours.map(|(mailbox, _)| mailbox.as_str()).collect();
        let is_ours = |mailbox: &str| ours.is_empty() || ours.contains(&mailbox);
        let named = named.iter().filter(|(mailbox, _)| is_ours(mailbox));
        named.map(|(_, name)| name.clone()).collect()
    }

    /// The name that an address stands for: it is one itself, or has one behind a
    /// `+`, which may be unknown.
    fn named(&self, address: &str) -> Option<String> {
        if self.known(address).is_some() {
            return Some(address.to_owned());
        }
        let address = address.trim().trim_start_matches('<').trim_end_matches('>');
        let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
        let (_, name) = local.split_once('+')?;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The name as the configuration has it, wherever that leads: spelled like this, or else the only
    /// one that differs in capital letters alone, which mail servers change.
    fn known(&self, name: &str) -> Option<String> {
        let tables = self.0.tables();
        let all = tables.pager.keys().chain(tables.group.keys());
        let mut like = all.filter(|known| known.as_str().eq_ignore_ascii_case(name));
        let exact = tables.pager.contains_key(name) || tables.group.contains_key(name);
        let found = match (exact, like.next(), like.next()) {
            (true, ..) => name,
            (false, Some(only), None) => only.as_str(),
            _ => return None,
        };
        Some(found.to_owned())
    }
}
