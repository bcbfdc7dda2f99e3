//! What may stand between the bytes of a dialogue and those of a line.
//!
//! A coding changes bytes one by one and knows no message.

use std::fmt::Debug;

/// A form that bytes take on a line.
pub trait Coding: Debug + Send {
    /// How these bytes are written.
    fn encode(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// Turns what was read into what was said, in place, and returns how many
    /// bytes that is: never more than there were. `answers` takes what must be
    /// said to the line itself; it must stay small, whatever is read.
    fn decode(&mut self, bytes: &mut [u8], answers: &mut Vec<u8>) -> usize;
}

/// Seven bits with an even parity that we make ourselves, for lines that
/// carry eight and a far end that wants seven: a central that checks parity
/// throws a bare CR away, and then never says `ID=`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvenParity;

impl Coding for EvenParity {
    fn encode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let odd = |byte: u8| byte.count_ones() % 2 == 1;
        let coded = bytes.iter().map(|byte| byte & 0x7F);
        let coded = coded.map(|byte| if odd(byte) { byte | 0x80 } else { byte });
        coded.collect()
    }

    /// A wrong parity is not looked for: a block has its checksum.
    fn decode(&mut self, bytes: &mut [u8], _: &mut Vec<u8>) -> usize {
        for byte in &mut *bytes {
            *byte &= 0x7F;
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parity_is_even() {
        for (plain, coded) in [
            (&b"\r"[..], &b"\x8d"[..]),
            (b"\x1bPG1\r", b"\x1b\x50\x47\xb1\x8d"),
            (b"ID=", b"\xc9\x44\xbd"),
            (b"\x1b[p\r", b"\x1b\xdb\xf0\x8d"),
            (
                b"\x02123\rABC\r\x0317;\r",
                b"\x82\xb1\xb2\x33\x8d\x41\x42\xc3\x8d\x03\xb1\xb7\xbb\x8d",
            ),
        ] {
            assert_eq!(EvenParity.encode(plain), coded);
            let mut read = coded.to_vec();
            let mut answers = Vec::new();
            assert_eq!(EvenParity.decode(&mut read, &mut answers), plain.len());
            assert_eq!((read, answers), (plain.to_vec(), vec![]));
        }
    }

    #[test]
    fn every_byte_comes_back_with_seven_bits() {
        for byte in 0..=0xFF_u8 {
            let mut coded = EvenParity.encode(&[byte]);
            assert_eq!(
                coded.iter().map(|byte| byte.count_ones()).sum::<u32>() % 2,
                0
            );
            EvenParity.decode(&mut coded, &mut Vec::new());
            assert_eq!(coded, [byte & 0x7F]);
        }
    }
}
