//! Blocks: what one of them may hold, its checksum, and the escapes of
//! control characters in it (TAP 1.8 sections 4 and 5).
//!
//! Must never know a dialogue: when a block is sent, and what is said to it.

use super::control::{CR, ETB, ETX, STX, SUB, US};

/// The most bytes between STX and the block's terminator: the fields, each
/// with its CR, escapes counted as the two bytes they are.
pub const MAX_INFO: usize = 250;

/// The bytes of a checksum.
const CHECKSUM: usize = 3;

/// How a block ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Terminator {
    /// The transaction ends here.
    Etx,
    /// It goes on, and the last field is complete.
    Etb,
    /// It goes on in the midst of a field.
    Us,
}

impl Terminator {
    /// Its byte on the line.
    pub fn byte(self) -> u8 {
        match self {
            Self::Etx => ETX,
            Self::Etb => ETB,
            Self::Us => US,
        }
    }

    /// The terminator that this byte is.
    pub fn of(byte: u8) -> Option<Self> {
        [Self::Etx, Self::Etb, Self::Us]
            .into_iter()
            .find(|end| end.byte() == byte)
    }
}

/// A block.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// The fields, or a part of them, as they stand on the line.
    pub info: Vec<u8>,
    /// What follows.
    pub end: Terminator,
}

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Damage {
    /// The checksum is another one, or none.
    Checksum,
    /// No STX, no terminator, or more between them than there may be.
    Format,
}

impl Block {
    /// All of it, from STX to the CR behind the checksum.
    pub fn wire(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.info.len() + 6);
        bytes.push(STX);
        bytes.extend_from_slice(&self.info);
        bytes.push(self.end.byte());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        bytes.push(CR);
        bytes
    }

    /// Reads a block without the CR behind it. Parity bits are masked.
    ///
    /// With `checked` false any checksum will do, even none.
    pub fn parse(bytes: &[u8], checked: bool) -> Result<Self, Damage> {
        let bytes: Vec<u8> = bytes.iter().map(|byte| byte & 0x7F).collect();
        let Some(rest) = bytes.strip_prefix(&[STX]) else {
            return Err(Damage::Format);
        };
        let mut places = rest.iter().enumerate();
        let end = places.find_map(|(at, byte)| Some((at, Terminator::of(*byte)?)));
        let Some((at, end)) = end else {
            return Err(Damage::Format);
        };
        let (info, tail) = rest.split_at(at);
        if info.len() > MAX_INFO {
            return Err(Damage::Format);
        }
        let summed = bytes.get(..at + 2).unwrap_or_default();
        let said = tail.get(1..).unwrap_or_default();
        if checked && said != checksum(summed) {
            return Err(Damage::Checksum);
        }
        Ok(Self {
            info: info.to_vec(),
            end,
        })
    }

    /// Fields as the blocks that carry them, each field with a CR behind it.
    /// Their bodies are escaped already; no escape is cut in two.
    pub fn split(fields: &[Vec<u8>]) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut info: Vec<u8> = Vec::new();
        for unit in fields.iter().flat_map(|field| units(field)) {
            if info.len() + unit.len() > MAX_INFO {
                let end = if info.last() == Some(&CR) {
                    Terminator::Etb
                } else {
                    Terminator::Us
                };
                let info = std::mem::take(&mut info);
                blocks.push(Self { info, end });
            }
            info.extend_from_slice(unit);
        }
        blocks.push(Self {
            info,
            end: Terminator::Etx,
        });
        blocks
    }
}

/// What may not be torn apart: a byte, an escape, and at last the CR.
fn units(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = field;
    let bytes = std::iter::from_fn(move || {
        let length = match rest {
            [] => return None,
            [SUB, _, ..] => 2,
            _ => 1,
        };
        let (unit, behind) = rest.split_at(length);
        rest = behind;
        Some(unit)
    });
    bytes.chain(std::iter::once(&[CR][..]))
}

/// The checksum of a block's bytes from STX to its terminator: the low twelve
/// bits of their sum, as three characters from `0` to `?`, the highest first.
pub fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let sum = bytes.iter().fold(0_u16, |sum, byte| {
        sum.wrapping_add(u16::from(byte & 0x7F)) & 0xFFF
    });
    let digit = |shift: u16| 0x30 | u8::try_from(sum >> shift & 0xF).unwrap_or_default();
    [digit(8), digit(4), digit(0)]
}

/// A text with each control character as SUB and a letter.
pub fn escaped(text: &[u8]) -> Vec<u8> {
    let mut field = Vec::with_capacity(text.len());
    for byte in text {
        if *byte < 0x20 {
            field.push(SUB);
            field.push(byte + 0x40);
        } else {
            field.push(*byte);
        }
    }
    field
}

/// The text that a field stands for. A SUB at its end stands for nothing.
pub fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            &SUB => text.extend(bytes.next().map(|byte| byte.wrapping_sub(0x40) & 0x7F)),
            byte => text.push(*byte),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(info: &[u8], end: Terminator) -> Vec<u8> {
        let info = info.to_vec();
        Block { info, end }.wire()
    }

    fn sum(info: &[u8], end: Terminator) -> String {
        let wire = wire(info, end);
        String::from_utf8_lossy(&wire[wire.len() - 4..wire.len() - 1]).into_owned()
    }

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        use Terminator::{Etb, Etx, Us};
        let full = [&b"5551212\r"[..], &[b'~'; 241], b"\r"].concat();
        let all = escaped(&[13, 10, 27, 2, 3, 31, 23, 4, 26]);
        assert_eq!(all, b"\x1aM\x1aJ\x1a[\x1aB\x1aC\x1a_\x1aW\x1aD\x1aZ");
        let all = [&b"1\r"[..], &all, b"\r"].concat();
        for (info, end, expected) in [
            (&b"123\rABC\r"[..], Etx, "17;"),
            (b"1\rTEST\r", Etx, "190"),
            (b"5551212\r\r", Etx, "184"),
            (b"5551212\rServer down: db01\r", Etx, "754"),
            (b"5551212\rA\x1aJB\r", Etx, "26;"),
            (b"5551212\rABC", Us, "259"),
            (b"5551212\rABC\r", Etb, "25>"),
            (b"DEF\r", Etx, "0>1"),
            (&full, Etx, "822"),
            (b"1\r\xc1\r", Etx, "091"),
            (b"1\rA\r", Etx, "091"),
            (b"\r\r", Etx, "01?"),
            (b"12345\rHello, World!\r", Etx, "587"),
            (b"5551212\rLINE ONE\rLINE TWO\r", Etx, "5?="),
            (&all, Etx, "405"),
        ] {
            assert_eq!(sum(info, end), expected, "{info:?}");
        }
        assert_eq!(wire(&full, Etx).len(), 256);
    }

    #[test]
    fn what_was_built_is_read_back_with_and_without_parity() {
        for end in [Terminator::Etx, Terminator::Etb, Terminator::Us] {
            let block = Block {
                info: b"5551212\rA\x1aJB\r".to_vec(),
                end,
            };
            let mut wire = block.wire();
            assert_eq!(wire.pop(), Some(CR));
            assert_eq!(Block::parse(&wire, true), Ok(block.clone()));
            let parity: Vec<u8> = wire.iter().map(|byte| byte | 0x80).collect();
            assert_eq!(Block::parse(&parity, true), Ok(block));
        }
    }

    #[test]
    fn a_damaged_block_is_not_read() {
        let whole = b"\x02123\rABC\r\x0317;";
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x10;
            assert!(Block::parse(&damaged, true).is_err(), "{at}");
        }
        for bad in [&b""[..], b"\x02", b"123\r\x0317;", b"\x02123\rABC\r"] {
            assert_eq!(Block::parse(bad, false), Err(Damage::Format));
        }
        for sum in [&b""[..], b"1", b"17", b"17;x", b"???"] {
            let bytes = [b"\x02123\rABC\r\x03", sum].concat();
            assert_eq!(Block::parse(&bytes, true), Err(Damage::Checksum));
            assert!(Block::parse(&bytes, false).is_ok());
        }
        let long = [&[STX][..], &[b'x'; MAX_INFO + 1], &[ETX]].concat();
        assert_eq!(Block::parse(&long, false), Err(Damage::Format));
    }

    /// The blocks as their length, last byte of the fields, terminator and checksum.
    fn told(fields: &[&[u8]]) -> Vec<(usize, u8, u8, String)> {
        let fields: Vec<Vec<u8>> = fields.iter().map(|field| field.to_vec()).collect();
        let blocks = Block::split(&fields);
        let tell = |block: &Block| {
            let last = *block.info.last().unwrap();
            let sum = sum(&block.info, block.end);
            (block.wire().len(), last, block.end.byte(), sum)
        };
        blocks.iter().map(tell).collect()
    }

    #[test]
    fn fields_are_split_as_the_specification_says() {
        let m = |count| vec![b'M'; count];
        let id = b"5551212";
        let one = |length, last, end, sum: &str| (length, last, end, sum.to_owned());
        assert_eq!(told(&[id, &m(241)]), [one(256, CR, ETX, ":01")]);
        assert_eq!(
            told(&[id, &m(242)]),
            [one(256, b'M', US, ":5="), one(7, CR, ETX, "012")]
        );
        assert_eq!(
            told(&[id, &m(300)]),
            [one(256, b'M', US, ":5="), one(65, CR, ETX, "184")]
        );
        assert_eq!(
            told(&[id, &m(241), &[b'N'; 20]]),
            [one(256, CR, ETB, ":15"), one(27, CR, ETX, "62:")]
        );
        let escape = [m(241), escaped(b"\n")].concat();
        assert_eq!(
            told(&[id, &escape]),
            [one(255, b'M', US, ":10"), one(9, CR, ETX, "076")]
        );
    }

    #[test]
    fn escapes_lead_back_to_what_they_stand_for() {
        let all: Vec<u8> = (0..0x7F).collect();
        assert!(
            !escaped(&all)
                .iter()
                .any(|byte| *byte < 0x20 && *byte != SUB)
        );
        assert_eq!(unescaped(&escaped(&all)), all);
        assert_eq!(unescaped(b"A\x1a"), b"A");
    }
}
