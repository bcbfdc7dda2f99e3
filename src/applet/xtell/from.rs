//! Who sends a message, by his own account.
//!
//! Answers for the name staying one field of a line. Must never promise that it
//! is true: a server that cares asks this machine (ident).

use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::getuid;

use crate::accounts;
use crate::text::charset::Charset;
use crate::transport::fd::Deadline;

/// How long the name service may take.
const LOOKUP: Duration = Duration::from_secs(5);

/// The name that is given, or that of the login. What would not stay one field
/// of a line is left out.
pub(super) fn name(given: Option<&str>, charset: Charset) -> String {
    let name = given.map_or_else(|| login().to_owned(), str::to_owned);
    let mut name = charset.apply(name);
    name.retain(|c| c != ':' && !c.is_control());
    name
}

/// The login name of who runs us, looked up once.
fn login() -> &'static str {
    static LOGIN: OnceLock<String> = OnceLock::new();
    LOGIN.get_or_init(|| {
        let known = accounts::name_of(getuid().as_raw(), Deadline::after(LOOKUP));
        let known = known.ok().flatten();
        known.unwrap_or_else(|| std::env::var("LOGNAME").unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_field() {
        let name = |given| name(Some(given), Charset::Ascii);
        assert_eq!(name("a:b\r\n\u{1b}c\u{9b}"), "abc?");
        assert_eq!(name("J\u{fc}rgen\u{ff1a}"), "Jurgen");
    }
}
