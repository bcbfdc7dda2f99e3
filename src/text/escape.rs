//! Makes foreign bytes safe to show on a terminal, in a log, and to a monitoring system.
//!
//! It must never know where the bytes come from, and nothing that it returns
//! may move a cursor, start a line or turn the direction of writing.

use std::fmt::Write as _;

/// The bytes as one line of text that a terminal shows and never obeys.
///
/// Valid UTF-8 and TAB stay. Other control characters become `^[` or `\u{9b}`,
/// and so do the invisible ones that reorder or break a line; a byte that is
/// not UTF-8 becomes `\xNN`.
pub fn printable(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        // What nearly every reply is made of.
        line.push_str(&String::from_utf8_lossy(bytes));
        return line;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_shown(&mut line, c);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            _ = write!(line, "\\x{byte:02x}");
        }
    }
    line
}

/// The bytes of a 7-bit line protocol as one line of text: control characters
/// by their names, as `<STX>`, and what is no ASCII as `<8d>`.
pub fn named(bytes: &[u8]) -> String {
    const NAMES: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF",
        "CR", "SO", "SI", "DLE", "XON", "DC2", "XOFF", "DC4", "NAK", "SYN", "ETB", "CAN", "EM",
        "SUB", "ESC", "FS", "GS", "RS", "US",
    ];
    let mut line = String::with_capacity(bytes.len());
    for byte in bytes {
        match (NAMES.get(usize::from(*byte)), byte) {
            (Some(name), _) => {
                line.push('<');
                line.push_str(name);
                line.push('>');
            }
            (None, 0x7F) => line.push_str("<DEL>"),
            // Writing to a String cannot fail.
            (None, 0x80..) => _ = write!(line, "<{byte:02x}>"),
            (None, _) => line.push(char::from(*byte)),
        }
    }
    line
}

/// The text for the one line of a monitoring plugin, of at most `max_chars` characters.
///
/// `|` goes, because performance data begin there, and TAB becomes a blank.
pub fn one_line(text: &str, max_chars: usize) -> String {
    printable(text.as_bytes())
        .chars()
        .filter(|c| *c != '|')
        .map(|c| if c == '\t' { ' ' } else { c })
        .take(max_chars)
        .collect()
}

/// A text of JSON that says the same, and shows as it is on a terminal: what
/// takes effect without being seen, and DEL, becomes `\u009b`.
///
/// JSON itself leaves no other control character as it is.
pub fn json(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\x7f' || deceives(c) {
            // Each of them is one unit of UTF-16. Writing to a String cannot fail.
            _ = write!(line, "\\u{:04x}", u32::from(c));
        } else {
            line.push(c);
        }
    }
    line
}

fn push_shown(line: &mut String, c: char) {
    match c {
        '\t' => line.push('\t'),
        '\0'..='\x1f' | '\x7f' => {
            line.push('^');
            // The caret form of a control character is its code with bit 6 turned over.
            line.extend(char::from_u32(u32::from(c) ^ 0x40));
        }
        _ if deceives(c) => line.extend(c.escape_unicode()),
        _ => line.push(c),
    }
}

/// Whether a character takes effect without being seen: C1 controls, line and
/// paragraph separators, direction marks, the byte order mark.
fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_protocol_is_shown_by_the_names_of_its_characters() {
        assert_eq!(
            named(b"\x02123\rABC\r\x0317;\r"),
            "<STX>123<CR>ABC<CR><ETX>17;<CR>"
        );
        assert_eq!(named(b"\x1b[p \x7f\x8d~"), "<ESC>[p <DEL><8d>~");
        assert!((0..=255).all(|byte| named(&[byte]).bytes().all(|b| (b' '..=b'~').contains(&b))));
    }
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_danger_has_its_form() {
        for (bytes, shown) in [
            (&b"\x1b[2J\r\n\0\x7f"[..], "^[[2J^M^J^@^?"),
            (b"a\tb|c", "a\tb|c"),
            ("Grüße 🐶".as_bytes(), "Grüße 🐶"),
            ("\u{9b}1m".as_bytes(), "\\u{9b}1m"),
            (
                "\u{202e}\u{2066}\u{2028}\u{200f}\u{feff}".as_bytes(),
                "\\u{202e}\\u{2066}\\u{2028}\\u{200f}\\u{feff}",
            ),
            (b"a\xff\xc3", "a\\xff\\xc3"),
        ] {
            assert_eq!(printable(bytes), shown);
        }
    }

    #[test]
    fn json_says_the_same_and_shows_it() {
        let said = "Grüße\x7f\u{9b}2J\u{202e}\u{feff}🐶\n\x1b\t";
        let shown = json(&serde_json::to_string(said).unwrap());
        assert_eq!(shown, r#""Grüße\u007f\u009b2J\u202e\ufeff🐶\n\u001b\t""#);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), said);
    }

    #[test]
    fn a_plugin_line_has_no_bar_and_no_tab_and_ends_in_time() {
        assert_eq!(one_line("a|b\tc\n", 99), "ab c^J");
        assert_eq!(one_line("äöü", 2), "äö");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_through(bytes: Vec<u8>) {
            let shown = printable(&bytes);
            prop_assert!(!shown.chars().any(|c| (c.is_control() && c != '\t') || deceives(c)));
        }
    }
}
