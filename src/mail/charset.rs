//! Bytes as text, by the charset that a mail names for them, or by what they look like.
//!
//! Answers for every byte being read as something: what cannot be becomes U+FFFD. Must
//! never know where the bytes stood, nor how they got through the mail.

mod shifted;
mod utf7;

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// Names that say nothing: who names ASCII and writes more has not looked.
const UNNAMED: [&str; 6] = [
    "us-ascii",
    "ascii",
    "ansi_x3.4-1968",
    "unknown-8bit",
    "x-unknown",
    "unknown",
];
/// Names of the field that the decoders do not have, and those that they do.
const ALIASES: [(&str, &str); 12] = [
    ("big5-tw", "big5"),
    ("cp874", "windows-874"),
    ("cp932", "shift_jis"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp50220", "iso-2022-jp"),
    ("cp50221", "iso-2022-jp"),
    ("cp50222", "iso-2022-jp"),
    ("mac-roman", "macintosh"),
    ("uhc", "euc-kr"),
    ("eucgb2312-cn", "gb2312"),
    ("gb18030-2000", "gb18030"),
];
/// UTF-16 whose byte order the text itself has to tell.
const UTF_16: [&str; 6] = [
    "utf-16",
    "csutf16",
    "csunicode",
    "iso-10646-ucs-2",
    "ucs-2",
    "unicode",
];

/// The text of bytes in this charset.
pub(super) fn to_text<'m>(charset: Option<&str>, bytes: &'m [u8]) -> Cow<'m, str> {
    let name = charset.unwrap_or_default().trim().to_ascii_lowercase();
    if says_nothing(&name) {
        return guess(bytes);
    }
    // As Python and others spell them.
    let name = name.replace('_', "-").replace("iso2022", "iso-2022");
    if name.ends_with("utf-7") || name.ends_with("utf7") {
        return Cow::Owned(utf7::to_text(bytes));
    }
    if let Some((wide, bytes)) = shifted::widen(&name, bytes) {
        return Cow::Owned(to_text(Some(wide), &bytes).into_owned());
    }
    let decode = if UTF_16.contains(&name.as_str()) {
        charset_decoder(byte_order(bytes))
    } else {
        charset_decoder(known(&name).as_bytes())
    };
    let Some(decode) = decode else {
        return String::from_utf8_lossy(bytes);
    };
    let text = decode(bytes);
    // It has a name, and nobody who can read it. A mark of byte order alone says nothing.
    if !text.is_empty() && text.chars().all(|c| c == char::REPLACEMENT_CHARACTER) {
        return guess(bytes);
    }
    Cow::Owned(text.chars().map(no_control).collect())
}

/// A control character of which nobody thinks: where ISO's charsets have these, Windows
/// has letters, and whoever writes one means the letter.
pub(super) fn no_control(c: char) -> char {
    let byte = Some(c).filter(|c| ('\u{80}'..='\u{9f}').contains(c));
    let byte = byte.and_then(|c| u8::try_from(u32::from(c)).ok());
    let letter = byte.and_then(|byte| charset_decoder(b"windows-1252")?(&[byte]).chars().next());
    letter.unwrap_or(c)
}

/// Is that a charset as good as none?
pub(super) fn says_nothing(name: &str) -> bool {
    let is_same = |unnamed: &&str| unnamed.eq_ignore_ascii_case(name);
    name.is_empty() || UNNAMED.iter().any(is_same)
}

/// What bytes say whose charset nobody has named: UTF-8, be it with errors, where
/// they have more of it than of anything else; or else Windows' Latin-1.
pub(super) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let (mut whole, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        let error = std::str::from_utf8(chunk.invalid()).err();
        match error.map(|error| error.error_len()) {
            Some(Some(_)) => broken += 1,
            // A character that was cut: one byte of it could be anything.
            Some(None) if chunk.invalid().len() > 1 => whole += 1,
            _ => {}
        }
    }
    match charset_decoder(b"windows-1252").filter(|_| broken >= whole) {
        Some(decode) => Cow::Owned(decode(bytes)),
        None => String::from_utf8_lossy(bytes),
    }
}

/// The charset that a header, or a tag, names in words that are hard to read.
pub(super) fn named_in(text: &str) -> Option<&str> {
    const WORD: &[u8] = b"charset";
    let at = text
        .as_bytes()
        .windows(WORD.len())
        .position(|word| word.eq_ignore_ascii_case(WORD))?;
    let value = text.get(at + WORD.len()..)?.trim_start();
    let value = value.strip_prefix(['=', ':'])?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.:+".contains(c)));
    let name = value.get(..end.unwrap_or(value.len()))?;
    (!name.is_empty()).then_some(name)
}

/// The name by which the decoders know it.
fn known(name: &str) -> Cow<'_, str> {
    let is_number = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_digit());
    if let Some((_, known)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        Cow::Borrowed(known)
    } else if let Some(number) = name.strip_prefix("windows").filter(is_number) {
        Cow::Owned(format!("windows-{number}"))
    } else if name.starts_with("iso-2022-jp") {
        // It knows the mark of what the others add.
        Cow::Borrowed("iso-2022-jp")
    } else if name.starts_with("8859") {
        Cow::Owned(format!("iso-{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The UTF-16 that this is: RFC 2781 says by a mark in front, or else big-endian;
/// some write the other one all the same, and then ASCII letters tell.
fn byte_order(bytes: &[u8]) -> &'static [u8] {
    if bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\xff\xfe") {
        return b"utf-16";
    }
    let zeros = |skip| {
        let half = bytes.iter().skip(skip).step_by(2);
        half.filter(|byte| **byte == 0).count()
    };
    if zeros(1) > zeros(0) {
        b"utf-16le"
    } else {
        b"utf-16be"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_nobody_names_are_what_most_of_them_look_like() {
        for (bytes, text) in [
            (&b"full"[..], "full"),
            ("Grüße 日本".as_bytes(), "Grüße 日本"),
            (
                b"Gr\xc3\xbc\xc3\x9fe \xe6\x97\xa5 \xff end",
                "Grüße 日 \u{fffd} end",
            ),
            // Cut within a character.
            (b"Gr\xc3\xbc\xc3\x9fe \xe6\x97", "Grüße \u{fffd}"),
            (b"5 \xe2\x82", "5 \u{fffd}"),
            (
                "5 ü \u{e9}".as_bytes().split_last().unwrap().1,
                "5 ü \u{fffd}",
            ),
            (b"Gr\xfc\xdfe", "Grüße"),
            (b"caf\xe9", "café"),
            (b"don\x92t 5\x80", "don’t 5€"),
            (b"a\x81b", "a\u{fffd}b"),
        ] {
            for name in [None, Some("US-ASCII"), Some(""), Some("unknown-8bit")] {
                assert_eq!(to_text(name, bytes), text, "{name:?}");
            }
        }
    }

    #[test]
    fn charsets_have_many_names() {
        for (name, bytes, text) in [
            ("CP932", &b"\x83n"[..], "ハ"),
            ("cp949", b"\xb0\xa1", "가"),
            ("iso-2022-jp-ms", b"\x1b$B%O\x1b(B", "ハ"),
            ("ISO-2022-JP-2", b"\x1b$B%O\x1b(B", "ハ"),
            ("iso2022_jp", b"\x1b$B%O\x1b(B", "ハ"),
            ("mac_roman", b"\x9f", "ü"),
            ("cp950", b"\xba\xcf", "磁"),
            ("eucgb2312_cn", b"\xb4\xc5", "磁"),
            ("cp874", b"\xb4", "ด"),
            ("windows1252", b"\x80", "€"),
            ("windows-1251", b"\xcf", "П"),
            ("8859-1", b"\xe4", "ä"),
            ("8859-15", b"\xa4", "€"),
            ("iso-8859-2", b"don\x92t \xb1", "don’t ą"),
            ("utf8", "ä".as_bytes(), "ä"),
            ("utf-16", b"\0a\0b", "ab"),
            ("utf-16", b"a\0b\0", "ab"),
            ("utf-16", b"\xff\xfea\0", "a"),
            ("UTF-16", b"\xfe\xff\0a", "a"),
            ("utf-16", b"\xff\xfe", ""),
            ("utf-16", b"\x65\xe5\x67\x2c", "日本"),
            ("unicode-1-1-utf-7", b"+AOQ.5", "ä.5"),
            // Nobody reads it; but most of what is said in it can be read.
            ("iso-2022-cn", b"Disk full", "Disk full"),
            ("no-such", b"a\xffb\xc3\xa4", "a\u{fffd}bä"),
        ] {
            assert_eq!(to_text(Some(name), bytes), text, "{name}");
        }
    }

    #[test]
    fn a_name_is_found_in_a_mess() {
        for (text, name) in [
            ("text/plain, charset=utf-8", Some("utf-8")),
            ("text/plain:CHARSET = \"iso-8859-2\"; x", Some("iso-8859-2")),
            (" charset='koi8-r' />", Some("koi8-r")),
            ("é; charset=", None),
            ("charset", None),
            ("text/plain", None),
        ] {
            assert_eq!(named_in(text), name, "{text}");
        }
    }
}
