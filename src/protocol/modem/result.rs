//! What a modem says to a command (Hayes, ITU-T V.250 5.7): a word, or the
//! digits that stand for it.

/// A result that ends a command. What only tells of progress is none: RING,
/// `CARRIER 1200`, `PROTOCOL: NONE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// Done; while dialling: given up.
    Ok,
    /// There is a line to the far end.
    Connect,
    /// Nobody there who speaks as we do.
    NoCarrier,
    /// The command is wrong.
    Error,
    /// The telephone line is dead.
    NoDialtone,
    /// The number is engaged.
    Busy,
    /// It rang, and that was all.
    NoAnswer,
    /// A person answered.
    Voice,
    /// The modem will not dial this number again yet.
    Delayed,
    /// The modem will not dial this number again.
    Blacklisted,
}

/// The words; more may follow behind them.
const WORDS: [(&str, Code); 11] = [
    ("OK", Code::Ok),
    ("CONNECT", Code::Connect),
    ("NO CARRIER", Code::NoCarrier),
    ("ERROR", Code::Error),
    ("NO DIALTONE", Code::NoDialtone),
    ("NO DIAL TONE", Code::NoDialtone),
    ("BUSY", Code::Busy),
    ("NO ANSWER", Code::NoAnswer),
    ("VOICE", Code::Voice),
    ("DELAYED", Code::Delayed),
    ("BLACKLISTED", Code::Blacklisted),
];

impl Code {
    /// The result that a line is, if it is one.
    pub fn of(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii().to_ascii_uppercase();
        if !line.is_empty() && line.len() <= 3 && line.iter().all(u8::is_ascii_digit) {
            return Self::of_number(std::str::from_utf8(&line).ok()?.parse().ok()?);
        }
        let is = |word: &str| {
            let rest = line.strip_prefix(word.as_bytes())?;
            let ends = rest
                .first()
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            ends.then_some(())
        };
        let found = WORDS.iter().find(|(word, _)| is(word).is_some());
        found.map(|(_, code)| *code)
    }

    fn of_number(number: u16) -> Option<Self> {
        Some(match number {
            0 => Self::Ok,
            1 | 5 | 9..=19 => Self::Connect,
            3 => Self::NoCarrier,
            4 => Self::Error,
            6 => Self::NoDialtone,
            7 => Self::Busy,
            8 => Self::NoAnswer,
            24 => Self::Delayed,
            32 => Self::Blacklisted,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_digits() {
        for (lines, code) in [
            (&["OK", "ok", "0", " OK "][..], Some(Code::Ok)),
            (
                &[
                    "CONNECT",
                    "CONNECT 1200/NONE",
                    "CONNECT/ARQ",
                    "1",
                    "5",
                    "9",
                    "12",
                    "19",
                ],
                Some(Code::Connect),
            ),
            (&["NO CARRIER", "3"], Some(Code::NoCarrier)),
            (&["ERROR", "4"], Some(Code::Error)),
            (
                &["NO DIALTONE", "NO DIAL TONE", "6"],
                Some(Code::NoDialtone),
            ),
            (&["BUSY", "7"], Some(Code::Busy)),
            (&["NO ANSWER", "8"], Some(Code::NoAnswer)),
            (&["VOICE"], Some(Code::Voice)),
            (&["DELAYED", "DELAYED 00:10:00", "24"], Some(Code::Delayed)),
            (&["BLACKLISTED", "32"], Some(Code::Blacklisted)),
            (
                &[
                    "",
                    "RING",
                    "2",
                    "20",
                    "CARRIER 1200",
                    "PROTOCOL: NONE",
                    "COMPRESSION: NONE",
                    "ATZ",
                    "ATDT5551234",
                    "5551234",
                    "OKAY",
                    "CONNECTED",
                    "NO",
                    "65536",
                    "-1",
                ],
                None,
            ),
        ] {
            for line in lines {
                assert_eq!(Code::of(line.as_bytes()), code, "{line}");
            }
        }
    }
}
