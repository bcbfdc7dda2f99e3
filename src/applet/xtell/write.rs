//! The words of write(1), as xtell's.
//!
//! Answers for two words being one user's terminal, and never an option or
//! several targets.

use std::ffi::OsString;

/// The name under which they are understood.
pub(in crate::applet) const NAME: &str = "write";

const USAGE: &str = "usage: write USER[@HOST] [TTY]; xtell has options";

/// `USER TTY` as one target. A single word, or none, is xtell's to read, as
/// `--help`; more than two are wrong.
pub(in crate::applet) fn words(words: Vec<OsString>) -> Result<Vec<OsString>, &'static str> {
    let [user, tty] = words.as_slice() else {
        return if words.len() > 1 {
            Err(USAGE)
        } else {
            Ok(words)
        };
    };
    let (Some(user), Some(tty)) = (user.to_str(), tty.to_str()) else {
        return Err(USAGE);
    };
    // One user, and a terminal that names neither another one nor a machine.
    if user.starts_with('-') || tty.starts_with('-') {
        return Err(USAGE);
    }
    if user.contains(',') || tty.contains([',', '@']) {
        return Err(USAGE);
    }
    let target = match user.rsplit_once('@') {
        Some((user, host)) => format!("{user}:{tty}@{host}"),
        None => format!("{user}:{tty}"),
    };
    Ok(vec![target.into()])
}
