//! A page as TAP carries it: a pager ID and a text, as fields.
//!
//! Answers for seven bits, for what a text loses where escapes are not
//! understood, and for what it measures on the line. Must never know a
//! dialogue, nor change a text that it was not asked to.

use super::block::{Block, MAX_INFO, escaped};

/// A page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page {
    pager: Vec<u8>,
    /// ASCII; its lines end in LF.
    text: String,
    /// Its lines are fields of their own, and it may take several blocks.
    fields: bool,
}

/// Why a page cannot be sent over a 7-bit line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadPage {
    /// The pager ID is empty, or has a character that no field 1 may have.
    Pager,
    /// The text has a character that is none of ASCII.
    Text,
    /// It takes more than one block.
    TooLong {
        /// The bytes that the text takes.
        length: usize,
        /// The bytes that there are for it.
        limit: usize,
    },
}

impl std::fmt::Display for BadPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pager => f.write_str("TAP carries pager IDs of ASCII letters, digits and signs"),
            Self::Text => f.write_str("TAP carries ASCII only"),
            Self::TooLong { length, limit } => {
                write!(f, "{length} bytes, one block has room for {limit}")
            }
        }
    }
}

/// The bytes of text that fit into one block behind this pager ID.
pub fn room(pager: &str) -> usize {
    MAX_INFO.saturating_sub(field_1(pager).len() + 2)
}

/// Is it something that a pager without letters shows?
pub fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_digit() || b" -*#".contains(&byte)
}

/// The bytes that a text takes on the line.
pub fn measure(text: &str, escapes: bool, fields: bool) -> usize {
    let controls = text.bytes().filter(|byte| *byte < 0x20);
    let doubled = match (escapes, fields) {
        (false, _) => 0,
        (true, false) => controls.count(),
        (true, true) => controls.filter(|byte| *byte != b'\n').count(),
    };
    text.len() + doubled
}

/// A pager ID as field 1: a number without the signs that people write
/// between its digits; anything else as it is.
pub fn field_1(pager: &str) -> String {
    let is_sign = |c: char| matches!(c, '-' | '.' | '(' | ')' | '/');
    let is_number = pager.chars().all(|c| c.is_ascii_digit() || is_sign(c));
    let digits: String = pager
        .chars()
        .filter(|c| !(is_number && is_sign(*c)))
        .collect();
    if digits.is_empty() {
        pager.to_owned()
    } else {
        digits
    }
}

impl Page {
    /// A page of one block, or with `fields` of as many as it takes, each line
    /// of the text a field.
    pub fn new(pager: &str, text: &str, escapes: bool, fields: bool) -> Result<Self, BadPage> {
        let pager = field_1(pager);
        if pager.is_empty() || !pager.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadPage::Pager);
        }
        if !text.bytes().all(|byte| byte.is_ascii() && byte != 0x7F) {
            return Err(BadPage::Text);
        }
        let (length, limit) = (measure(text, escapes, fields), room(&pager));
        if pager.len() + 2 > MAX_INFO {
            return Err(BadPage::Pager);
        }
        if !fields && length > limit {
            return Err(BadPage::TooLong { length, limit });
        }
        Ok(Self {
            pager: pager.into_bytes(),
            text: text.to_owned(),
            fields,
        })
    }

    /// Its blocks for a central that does, or does not, understand escapes.
    pub fn blocks(&self, escapes: bool) -> Vec<Block> {
        let field = |text: &str| {
            if escapes {
                escaped(text.as_bytes())
            } else {
                plain(text)
            }
        };
        let mut fields = vec![self.pager.clone()];
        if self.fields {
            fields.extend(self.text.split('\n').map(field));
        } else {
            fields.push(field(&self.text));
        }
        Block::split(&fields)
    }

    /// What a central that understands no escapes does not get to see.
    pub fn loses(&self) -> Option<String> {
        let count = |is: &dyn Fn(u8) -> bool| self.text.bytes().filter(|byte| is(*byte)).count();
        let blanks = count(&|byte| byte == b'\t' || (byte == b'\n' && !self.fields));
        let gone = count(&|byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n'));
        let mut said = Vec::new();
        if blanks > 0 {
            said.push(format!("{blanks} line breaks or tabs went as blanks"));
        }
        if gone > 0 {
            said.push(format!("{gone} control characters were left out"));
        }
        (!said.is_empty()).then(|| said.join(", "))
    }
}

/// A text without control characters; a line break or a tab is a blank.
fn plain(text: &str) -> Vec<u8> {
    let bytes = text.bytes();
    bytes
        .filter_map(|byte| match byte {
            b'\n' | b'\t' => Some(b' '),
            0..0x20 => None,
            _ => Some(byte),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::control::CR;
    use super::*;

    fn wire(text: &str, escapes: bool, fields: bool) -> Vec<Vec<u8>> {
        let page = Page::new("5551212", text, escapes, fields).unwrap();
        page.blocks(escapes).iter().map(Block::wire).collect()
    }

    #[test]
    fn a_page_is_what_the_specification_sends() {
        assert_eq!(
            wire("Server down: db01", false, false),
            [b"\x025551212\rServer down: db01\r\x03754\r".to_vec()]
        );
        assert_eq!(
            wire("", true, false),
            [b"\x025551212\r\r\x03184\r".to_vec()]
        );
        assert_eq!(
            wire("A\nB", true, false),
            [b"\x025551212\rA\x1aJB\r\x0326;\r".to_vec()]
        );
        let lines = wire("LINE ONE\nLINE TWO", true, true);
        assert_eq!(
            lines,
            [b"\x025551212\rLINE ONE\rLINE TWO\r\x035?=\r".to_vec()]
        );
    }

    #[test]
    fn no_control_character_of_a_text_is_one_of_the_line() {
        let all: String = (0..0x7F_u8).map(char::from).collect();
        for escapes in [true, false] {
            let blocks = Page::new("1", &all, escapes, false)
                .unwrap()
                .blocks(escapes);
            let [block] = blocks.as_slice() else {
                panic!("one block")
            };
            let inner = block.info.strip_prefix(b"1\r").unwrap();
            let inner = inner.strip_suffix(&[CR]).unwrap();
            let control = |byte: &&u8| **byte < 0x20 && !(escapes && **byte == 0x1A);
            assert_eq!(inner.iter().find(control), None);
        }
    }

    #[test]
    fn one_block_has_room_for_so_much() {
        assert_eq!(room("5551212"), 241);
        let fits = "M".repeat(241);
        assert!(Page::new("5551212", &fits, true, false).is_ok());
        let long = "M".repeat(242);
        let bad = Page::new("5551212", &long, true, false).unwrap_err();
        assert_eq!(
            bad,
            BadPage::TooLong {
                length: 242,
                limit: 241
            }
        );
        assert_eq!(wire(&long, true, true).len(), 2);
        assert_eq!(measure("a\nb\t", true, false), 6);
        assert_eq!(measure("a\nb\t", true, true), 5);
        assert_eq!(measure("a\nb\t", false, false), 4);
    }

    #[test]
    fn what_is_no_ascii_is_refused_and_never_masked() {
        assert_eq!(Page::new("1", "\u{8d}", true, false), Err(BadPage::Text));
        assert_eq!(Page::new("1", "ä", true, false), Err(BadPage::Text));
        assert_eq!(Page::new("1", "\x7f", true, false), Err(BadPage::Text));
        for pager in ["", "ä", "1 2", "1\r", &"1".repeat(249)] {
            assert_eq!(
                Page::new(pager, "x", true, false),
                Err(BadPage::Pager),
                "{pager}"
            );
        }
    }

    #[test]
    fn a_number_loses_its_signs_and_a_name_nothing() {
        assert_eq!(field_1("(0)555-12.12"), "05551212");
        assert_eq!(field_1("on-call.1"), "on-call.1");
        assert_eq!(field_1("--"), "--");
    }

    #[test]
    fn what_gets_lost_is_told() {
        let told = |text, fields| Page::new("1", text, true, fields).unwrap().loses();
        assert_eq!(told("a b", false), None);
        assert_eq!(told("a\nb", true), None);
        assert_eq!(
            told("a\nb\tc\x07", false).unwrap(),
            "2 line breaks or tabs went as blanks, 1 control characters were left out"
        );
    }
}
