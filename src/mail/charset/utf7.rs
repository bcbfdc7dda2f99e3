//! UTF-7 (RFC 2152): what is not ASCII stands as UTF-16 in base64, in runs between
//! a `+` and whatever is no base64.
//!
//! Must never drop a thing: a run that is none stays as it stands.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

/// The text of all of it.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'+') {
        let (direct, run) = rest.split_at_checked(at).unwrap_or((rest, b""));
        text.push_str(&super::guess(direct));
        let letters = run.get(1..).unwrap_or_default();
        let length = letters.iter().position(|byte| value(*byte).is_none());
        let length = length.unwrap_or(letters.len());
        let (letters, behind) = letters.split_at_checked(length).unwrap_or((letters, b""));
        let closed = behind.strip_prefix(b"-");
        rest = closed.unwrap_or(behind);
        match decode(letters) {
            Some(decoded) => text.push_str(&decoded),
            None if letters.is_empty() && closed.is_some() => text.push('+'),
            None => {
                text.push('+');
                text.extend(letters.iter().copied().map(char::from));
                rest = behind;
            }
        }
    }
    text.push_str(&super::guess(rest));
    text
}

/// The characters of a run; `None`: there is not one in it.
fn decode(letters: &[u8]) -> Option<String> {
    let (mut bits, mut length) = (0_u32, 0);
    let mut units = Vec::new();
    for letter in letters {
        bits = (bits << 6) | u32::from(value(*letter)?);
        length += 6;
        if length >= 16 {
            length -= 16;
            units.push(u16::try_from(bits >> length).ok()?);
            bits &= (1 << length) - 1;
        }
    }
    if units.is_empty() {
        return None;
    }
    let characters = decode_utf16(units).map(|c| c.unwrap_or(REPLACEMENT_CHARACTER));
    // Whole letters that fill no unit, or bits that are no padding: it was cut.
    let cut = (length >= 6 || bits != 0).then_some(REPLACEMENT_CHARACTER);
    Some(characters.chain(cut).collect())
}

/// The six bits of a letter of base64.
fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::to_text;

    #[test]
    fn no_character_of_a_run_is_lost() {
        for (bytes, text) in [
            ("Disk +APw- 97%, +AOQ.5 GB +IKw", "Disk ü 97%, ä.5 GB €"),
            ("Hi Mom -+Jjo--!", "Hi Mom -☺-!"),
            ("+ZeVnLIqe-", "日本語"),
            ("+2D3dJQ-!", "🔥!"),
            ("1 +- 1 +-- 2", "1 + 1 +- 2"),
            ("+AOQ- +APY-\n+APw", "ä ö\nü"),
            // What nobody has encoded, or somebody has cut.
            ("a + b, 5+5=10, c+", "a + b, 5+5=10, c+"),
            ("+5-x", "+5-x"),
            ("+AOQA", "ä\u{fffd}"),
            ("+2D0-x", "\u{fffd}x"),
            ("Größe", "Größe"),
        ] {
            assert_eq!(to_text(bytes.as_bytes()), text, "{bytes}");
        }
    }
}
