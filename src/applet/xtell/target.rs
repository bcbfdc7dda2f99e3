//! Whom a message is for: `USER[:TTY][@HOST[:PORT]]`.
//!
//! Answers for which machines are tried. Must never know whether such a user or
//! host exists.

use crate::cli::peer::Peer;
use crate::exit::Failure;
use crate::page::word;
use crate::protocol::xtell::PORT;

/// The machine where neither the target nor the command line names one.
const HERE: &str = "localhost";

/// `HOST[:PORT]`, with the port of xtell where there is none.
pub(super) fn host(text: &str) -> Result<Peer, String> {
    Peer::parse(text, PORT)
}

/// A user, one of his terminals or the best of them, and the machine.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// As it was given.
    pub(super) text: String,
    /// The login; empty is who sits at the console.
    pub(super) user: String,
    /// The terminal; empty where the server is to choose.
    pub(super) tty: String,
    /// The machines to try, in order; never empty.
    pub(super) peers: Vec<Peer>,
}

impl Target {
    /// Reads one of which it is known that it has no blank in it. `hosts` are
    /// those of a target that names none.
    pub(super) fn parse(text: &str, hosts: &[Peer]) -> Result<Self, Failure> {
        let (who, host) = match text.rsplit_once('@') {
            Some((who, host)) => (who, Some(host)),
            None => (text, None),
        };
        let (user, tty) = who.split_once(':').unwrap_or((who, ""));
        if tty.contains(':') {
            return Err(Failure::data(format!(
                "{text:?}: the terminal has a colon in it"
            )));
        }
        if user.is_empty() && tty.is_empty() && host.is_none() {
            return Err(Failure::data(format!("{text:?} names nobody")));
        }
        let peers = match host {
            None if !hosts.is_empty() => Ok(hosts.to_vec()),
            named => self::host(named.unwrap_or(HERE)).map(|peer| vec![peer]),
        };
        Ok(Self {
            text: text.to_owned(),
            user: user.to_owned(),
            tty: tty.to_owned(),
            peers: peers.map_err(|error| Failure::data(format!("{text:?}: {error}")))?,
        })
    }

    /// Reads several, separated by commas; one that stands there twice, in
    /// whatever form, is taken once.
    pub(super) fn list(text: &str, hosts: &[Peer]) -> Result<Vec<Self>, Failure> {
        let mut targets: Vec<Self> = Vec::new();
        for item in text.split(',') {
            let item = word("target", item).map_err(Failure::data)?;
            let target = Self::parse(&item, hosts)?;
            if !targets.iter().any(|known| known.is_same(&target)) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    fn is_same(&self, other: &Self) -> bool {
        // Not the text: one can be written in several ways.
        (&self.user, &self.tty, &self.peers) == (&other.user, &other.tty, &other.peers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, user, tty, peer) in [
            ("jane", "jane", "", "localhost:4224"),
            ("jane:pts/3", "jane", "pts/3", "localhost:4224"),
            ("jane@db1", "jane", "", "db1:4224"),
            ("jane:tty1@db1:99", "jane", "tty1", "db1:99"),
            ("jane@[::1]:99", "jane", "", "[::1]:99"),
            ("jane@::1", "jane", "", "[::1]:4224"),
            ("jane@corp.example@db1", "jane@corp.example", "", "db1:4224"),
            ("@db1", "", "", "db1:4224"),
            (":console@db1", "", "console", "db1:4224"),
        ] {
            let target = Target::parse(text, &[]).unwrap();
            let read = (&*target.user, &*target.tty, target.peers[0].to_string());
            assert_eq!(read, (user, tty, peer.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_names_nobody_or_no_machine_is_refused() {
        for text in [
            "",
            ":",
            "jane@",
            "@",
            "a:b:c@db1",
            "jane@db1:0",
            "a b",
            "a,,b",
        ] {
            assert!(Target::list(text, &[]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn one_in_two_forms_is_one() {
        let same = "jane,jane@localhost,jane:@localhost:4224,jane:pts/3";
        assert_eq!(Target::list(same, &[]).unwrap().len(), 2);
    }

    #[test]
    fn hosts_are_for_targets_that_name_none() {
        let hosts = [host("db1").unwrap(), host("[::1]:99").unwrap()];
        assert_eq!(Target::parse("jane", &hosts).unwrap().peers, hosts);
        let named = Target::parse("jane@db2", &hosts).unwrap();
        assert_eq!(named.peers, [host("db2").unwrap()]);
        assert!(Target::parse("jane@", &hosts).is_err());
    }
}
