//! Whom a message is for: `USER[:TTY][@HOST[:PORT]]`.
//!
//! Must never know whether such a user or host exists.

use crate::cli::peer::Peer;
use crate::exit::Failure;
use crate::page::pagers;
use crate::protocol::xtell::PORT;

/// The machine of a target that names none.
const HERE: &str = "localhost";

/// A user, one of his terminals or the best of them, and the machine.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// As it was given.
    pub(super) text: String,
    /// The login; empty is who sits at the console.
    pub(super) user: String,
    /// The terminal; empty where the server is to choose.
    pub(super) tty: String,
    pub(super) peer: Peer,
}

impl Target {
    /// Reads one of which it is known that it has no blank in it.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
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
        let peer = Peer::parse(host.unwrap_or(HERE), PORT);
        Ok(Self {
            text: text.to_owned(),
            user: user.to_owned(),
            tty: tty.to_owned(),
            peer: peer.map_err(|error| Failure::data(format!("{text:?}: {error}")))?,
        })
    }

    /// Reads several, separated by commas; one that stands there twice, in
    /// whatever form, is taken once.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, Failure> {
        let mut targets: Vec<Self> = Vec::new();
        for item in pagers(text)? {
            let target = Self::parse(&item)?;
            if !targets.iter().any(|known| known.is_same(&target)) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    fn is_same(&self, other: &Self) -> bool {
        let key = |target: &Self| {
            let Self {
                user, tty, peer, ..
            } = target.clone();
            (user, tty, peer)
        };
        key(self) == key(other)
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
            let target = Target::parse(text).unwrap();
            let read = (&*target.user, &*target.tty, target.peer.to_string());
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
            assert!(Target::list(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn one_in_two_forms_is_one() {
        let same = "jane,jane@localhost,jane:@localhost:4224,jane:pts/3";
        assert_eq!(Target::list(same).unwrap().len(), 2);
    }
}
