//! The terminals of this machine: who is logged in, at which of them, and a
//! text shown on one.
//!
//! Answers for never opening what is not a terminal of the one who was meant,
//! for leaving closed terminals alone, and for never waiting long. Must never
//! know a protocol, an applet, nor where the text comes from.

mod device;
mod files;
mod logind;
mod utmp;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use self::device::{Device, Name, Tree, Written};
use self::logind::Session;
use self::utmp::Entry;
use crate::accounts;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;

/// How long all terminals of one login together may take to accept a text.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where to look.
#[derive(Clone, Debug)]
pub struct Places {
    /// The file of logins. `None`: `/run/utmp`, else `/var/run/utmp`, and
    /// nothing is missing where neither is there.
    pub utmp: Option<PathBuf>,
    /// The session files of systemd-logind.
    pub sessions: PathBuf,
    /// The directory of devices.
    pub dev: PathBuf,
}

/// Whom a text is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Addressee<'a> {
    /// This login.
    User(&'a str),
    /// Whoever sits at the machine itself.
    Console,
}

/// Who was found.
#[derive(Debug)]
pub struct Found {
    /// The login.
    pub user: String,
    /// Sources that could not be read, for the log.
    pub warnings: Vec<String>,
    tree: Tree,
    /// Least idle first.
    terminals: Vec<Device>,
}

/// Nobody of that name is logged in.
#[derive(Debug)]
pub struct Absent {
    /// Nobody is, for sure; otherwise it could not be found out.
    pub certain: bool,
    /// Sources that could not be read, for the log.
    pub warnings: Vec<String>,
}

/// Why nobody was found.
enum Missing {
    /// Nobody is there.
    Nobody,
    /// The name service or the devices could not be asked.
    Unsure,
}

/// What became of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Shown {
    /// It is on this terminal, as `pts/3`.
    On(String),
    /// Every terminal of theirs has messages off (`mesg n`).
    Refused,
    /// It could not be shown, or not all of it, and why.
    Failed(String),
}

/// Who is meant, as far as that is known.
enum Who {
    Login(String),
    Uid(u32),
}

impl Places {
    /// Finds who is meant, and the terminals of that login.
    ///
    /// What logind and utmp say and whose the terminals are is taken together.
    /// The name service is asked at most once, and not waited for beyond the
    /// deadline.
    pub fn find(&self, to: &Addressee<'_>, deadline: Deadline) -> Result<Found, Absent> {
        let mut warnings = Vec::new();
        match self.search(to, deadline, &mut warnings) {
            Ok((user, tree, terminals)) => Ok(Found {
                user,
                warnings,
                tree,
                terminals,
            }),
            Err(missing) => Err(Absent {
                certain: matches!(missing, Missing::Nobody),
                warnings,
            }),
        }
    }

    fn search(
        &self,
        to: &Addressee<'_>,
        deadline: Deadline,
        warnings: &mut Vec<String>,
    ) -> Result<(String, Tree, Vec<Device>), Missing> {
        let sessions = logind::sessions(&self.sessions, warnings);
        let records = utmp::read(self.utmp.as_deref(), warnings);
        let entries = || utmp::entries(&records, utmp::NATIVE);
        let tree = Tree::open(&self.dev, warnings);
        let mut others = None;
        let nobody = if tree.is_open() {
            Missing::Nobody
        } else {
            Missing::Unsure
        };

        let who = match to {
            Addressee::User(name) => Who::Login((*name).to_owned()),
            Addressee::Console => {
                let present = others.insert(tree.others(warnings));
                match console(&tree, &sessions, entries(), present) {
                    Some(who) => who,
                    None => return Err(nobody),
                }
            }
        };
        let (name, uid) = match who {
            Who::Login(name) => (name, None),
            Who::Uid(uid) => {
                let name = known(accounts::name_of(uid, deadline), warnings)?;
                (name, Some(uid))
            }
        };
        if !accounts::may_be_login(&name) {
            return Err(Missing::Nobody);
        }
        let theirs = || sessions.iter().filter(|session| session.user == name);
        let logins = || entries().filter(|entry| entry.is_of(&name));
        let logged_in = theirs().next().is_some() || logins().next().is_some();
        let uid = uid.or_else(|| theirs().find_map(|session| session.uid));
        let uid = match uid {
            Some(uid) => uid,
            None => known(accounts::uid_of(&name, deadline), warnings)?,
        };

        let named = theirs().filter_map(|session| session.terminal.clone());
        let named = named.chain(logins().filter_map(|entry| entry.terminal()));
        let mut owned = tree.pseudo(warnings);
        // All consoles that nobody uses are root's.
        if uid != 0 {
            owned.append(&mut others.unwrap_or_else(|| tree.others(warnings)));
        }
        let mut seen = HashSet::new();
        let mut terminals: Vec<Device> = named
            .chain(owned)
            .filter(|name| seen.insert(name.clone()))
            .filter_map(|name| tree.look(name))
            .filter(|device| device.owner() == uid)
            .collect();
        // Whoever is known to no source but this one must have a terminal.
        if !logged_in && terminals.is_empty() {
            return Err(nobody);
        }
        terminals.sort_by_key(|device| Reverse(device.used()));
        Ok((name, tree, terminals))
    }
}

/// What the name service said. Without an account nobody is logged in.
fn known<T>(answer: Result<Option<T>, String>, warnings: &mut Vec<String>) -> Result<T, Missing> {
    match answer {
        Ok(known) => known.ok_or(Missing::Nobody),
        Err(why) => {
            warnings.push(why);
            Err(Missing::Unsure)
        }
    }
}

/// Who sits at the machine itself: the least idle of those whom the first
/// source that knows of anyone names.
fn console<'a>(
    tree: &Tree,
    sessions: &[Session],
    entries: impl Iterator<Item = Entry<'a>>,
    present: &[Name],
) -> Option<Who> {
    let used = |name: &Option<Name>| Some(tree.look(name.clone()?)?.used());

    let seated = || sessions.iter().filter(|session| session.at_seat);
    let active = seated().any(|session| session.active);
    let session = seated()
        .filter(|session| session.active == active)
        .min_by_key(|session| Reverse(used(&session.terminal)));
    if let Some(session) = session {
        return Some(Who::Login(session.user.clone()));
    }
    let entry = entries
        .filter(Entry::is_at_console)
        .min_by_key(|entry| Reverse(used(&entry.terminal())));
    if let Some(name) = entry.and_then(|entry| entry.login()) {
        return Some(Who::Login(name));
    }
    let consoles = present.iter().filter(|name| name.is_console());
    let console = consoles
        .filter_map(|name| tree.look(name.clone()))
        .filter(|device| device.owner() != 0)
        .min_by_key(|device| Reverse(device.used()))?;
    Some(Who::Uid(console.owner()))
}

impl Found {
    /// Shows a text on the least idle terminal that takes it, or on the one
    /// named, as `pts/3` or `/dev/pts/3`, and on no other.
    ///
    /// A terminal that cannot be had, or takes nothing in time, gives way to
    /// the next, but never one that shows a part of the text already.
    pub fn show(&self, device: Option<&str>, text: &[u8], interrupt: Option<&Interrupt>) -> Shown {
        let deadline = Deadline::after(PATIENCE);
        let named = device.map(|name| name.strip_prefix("/dev/").unwrap_or(name));
        let wanted = |terminal: &&Device| named.is_none_or(|name| terminal.line() == name);
        let mut tried = false;
        let mut failure = None;
        for terminal in self.terminals.iter().filter(wanted) {
            tried = true;
            match self.tree.write(terminal, text, deadline, interrupt) {
                Written::Shown => return Shown::On(terminal.line().to_owned()),
                Written::Torn(why) => return Shown::Failed(why),
                Written::Untouched(why) => _ = failure.get_or_insert(why),
                Written::Closed => {}
            }
        }
        let user = &self.user;
        match (failure, named) {
            (Some(why), _) => Shown::Failed(why),
            (None, None) if tried => Shown::Refused,
            (None, None) => Shown::Failed(format!("{user} is logged in at no terminal")),
            (None, Some(name)) if tried => Shown::Failed(format!("{name}: messages are off")),
            (None, Some(name)) => Shown::Failed(format!("{name}: no terminal of {user}")),
        }
    }
}
