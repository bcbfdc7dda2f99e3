//! Bytes as hexadecimal digits.

/// Two digits for each byte, in lower case.
pub fn hex<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> String {
    let digits = bytes
        .into_iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .filter_map(|digit| char::from_digit(digit.into(), 16));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(hex(&[0x00, 0x0a, 0xb4, 0xff]), "000ab4ff");
        assert_eq!(hex(&[]), "");
    }
}
