//! What a stranger's text must look like to stay what it is, wherever it goes
//! from here: a name that is neither option nor path, a line that is one.

/// No name is longer, in bytes.
pub const MAX_NAME: usize = 64;

/// Whether this can be a pager ID, or the name of anything that is configured:
/// `[A-Za-z0-9+][A-Za-z0-9._+@-]*`, at most 64 of them. So it is no option, no
/// path and no header.
pub fn is_name(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._+@-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '+')
        && text.chars().all(inside)
        && text.len() <= MAX_NAME
}

/// Whether a line ends at this character, or is spoilt by it. Other people's
/// readers know more line ends than ours; a tab is a blank.
pub fn breaks_line(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_plain_word() {
        for name in ["5551212", "SHIRLEY", "+49171", "a.b_c+d@e-f", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "-o", ".hidden", "a/b", "a;b", "a b", "ä", "@x", "a\0", "a\r",
        ] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name(&"1".repeat(MAX_NAME)));
        assert!(!is_name(&"1".repeat(MAX_NAME + 1)));
    }

    #[test]
    fn every_line_end_breaks_a_line() {
        for c in [
            '\n', '\r', '\0', '\x1b', '\u{b}', '\u{85}', '\u{2028}', '\u{2029}',
        ] {
            assert!(breaks_line(c), "{c:?}");
        }
        for c in [' ', '\t', 'a', 'ä', '\u{a0}'] {
            assert!(!breaks_line(c), "{c:?}");
        }
    }
}
