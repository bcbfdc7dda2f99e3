//! Who sends a message, by his own account.
//!
//! Answers for the name staying one field of a line. Must never promise that it
//! is true: a server that cares asks this machine (ident).

use crate::cli::login;
use crate::text::charset::Charset;

/// The name that is given, or that of the login. What would not stay one field
/// of a line is left out.
pub(super) fn name(given: Option<&str>, charset: Charset) -> String {
    let name = given.unwrap_or_else(|| login::name()).to_owned();
    let mut name = charset.apply(name);
    name.retain(|c| c != ':' && !c.is_control());
    name
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
