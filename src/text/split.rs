//! Fits a message into the length that a network takes: refused, cut, or sent in parts.
//!
//! It must never know a protocol: the caller says what a character costs. And
//! it must never lose a character in silence.

use std::borrow::Cow;
use std::fmt;

use self::cut::{cut_point, is_blank};

mod cut;

/// The number of parts that a message may have unless the user says otherwise.
pub const DEFAULT_PARTS: usize = 9;

/// What stands at the end of a text whose end was left out.
pub const MORE: &str = "...";

/// What becomes of a message that is too long (`--overflow`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// Send nothing
    Reject,
    /// Send the beginning
    Truncate,
    /// Send parts, marked (1/3)
    Split,
}

/// How long a message may be, and what to do when it is longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// What one part may measure, its mark included.
    pub length: usize,
    /// What to do with a longer message.
    pub overflow: Overflow,
    /// The most parts that a message may become.
    pub parts: usize,
    /// One of more parts ends with the last of them, and with [`MORE`], instead of
    /// being refused.
    pub shorten: bool,
}

/// A message that fits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fitted {
    /// What to send, in this order; never empty.
    pub parts: Vec<String>,
    /// Text was lost: the user must be told.
    pub cut: bool,
}

/// Why a message cannot be sent within its limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TooLong {
    /// It is too long, and nothing else was allowed.
    Rejected {
        /// What the message measures.
        length: usize,
        /// What it may measure.
        limit: usize,
    },
    /// It would become too many parts.
    Parts {
        /// What the message measures.
        length: usize,
        /// What one part may measure.
        limit: usize,
        /// How many parts there may be.
        parts: usize,
    },
    /// The limit has no room for one character, or for one behind the mark of a part.
    Room {
        /// What one part may measure.
        limit: usize,
    },
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { length, limit } => {
                write!(
                    f,
                    "{length} characters, the limit is {limit}; see --overflow"
                )
            }
            Self::Parts {
                length,
                limit,
                parts,
            } => {
                write!(
                    f,
                    "{length} characters do not fit into {parts} parts of {limit}"
                )
            }
            Self::Room { limit } => write!(f, "a limit of {limit} has no room for any text"),
        }
    }
}

impl std::error::Error for TooLong {}

/// The message as it may be sent.
///
/// `measure` says what a text costs as sent. It must be additive over
/// characters, and all digits must cost the same. A message that fits stays as
/// it is. Parts are cut at blanks where there is one late enough, and those
/// blanks are dropped, as are blanks at the end; no cut goes through a
/// character, nor in front of a combining mark unless its letter and it fill a part.
pub fn fit(text: &str, limit: &Limit, measure: impl Fn(&str) -> usize) -> Result<Fitted, TooLong> {
    let length = measure(text);
    if length <= limit.length {
        return Ok(whole(text));
    }
    match limit.overflow {
        Overflow::Reject => Err(TooLong::Rejected {
            length,
            limit: limit.length,
        }),
        Overflow::Truncate => truncate(text, limit.length, &measure),
        Overflow::Split => split(text, length, limit, &measure),
    }
}

fn whole(text: &str) -> Fitted {
    Fitted {
        parts: vec![text.to_owned()],
        cut: false,
    }
}

fn truncate(text: &str, room: usize, measure: &impl Fn(&str) -> usize) -> Result<Fitted, TooLong> {
    // No blank lies beyond usize::MAX: keep as much as there is room for.
    match cut_point(text, room, usize::MAX, measure) {
        0 => Err(TooLong::Room { limit: room }),
        at => Ok(Fitted {
            cut: true,
            ..whole(text.split_at(at).0)
        }),
    }
}

fn split(
    text: &str,
    length: usize,
    limit: &Limit,
    measure: &impl Fn(&str) -> usize,
) -> Result<Fitted, TooLong> {
    let body = text.trim_end_matches(is_blank);
    if !body.is_empty() && measure(body) <= limit.length {
        return Ok(whole(body));
    }
    let too_many = TooLong::Parts {
        length,
        limit: limit.length,
        parts: limit.parts,
    };
    // The mark of the first part tells how many there are, and its width decides
    // how many there are: so leave room for one digit, then for two, and so on.
    for digits in 1..=decimal_digits(limit.parts) {
        let pieces = pieces(body, digits, limit, measure)?.ok_or(too_many)?;
        if pieces.is_empty() {
            // Nothing but blanks: dropping them all would send another message.
            return Err(TooLong::Rejected {
                length,
                limit: limit.length,
            });
        }
        if decimal_digits(pieces.len()) <= digits {
            let cut = matches!(pieces.last(), Some(Cow::Owned(_)));
            return Ok(Fitted {
                parts: marked(&pieces),
                cut,
            });
        }
    }
    Err(too_many)
}

/// The pieces of a text, with room for marks whose total has so many digits;
/// `None` if there are more than the limit allows. One that was shortened owns
/// its text.
fn pieces<'a>(
    text: &'a str,
    digits: u32,
    limit: &Limit,
    measure: &impl Fn(&str) -> usize,
) -> Result<Option<Vec<Cow<'a, str>>>, TooLong> {
    let no_room = TooLong::Room {
        limit: limit.length,
    };
    let widest = 10_usize.saturating_pow(digits) - 1;
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let number = pieces.len() + 1;
        // The only one has no mark.
        let mark = match limit.parts {
            1 => 0,
            _ => measure(&mark(number, widest)),
        };
        let room = limit.length.checked_sub(mark).ok_or(no_room)?;
        let at = cut_point(rest, room, room / 2, measure);
        if at == 0 {
            return Err(no_room);
        }
        let (head, tail) = rest.split_at(at);
        let head = head.trim_end_matches(is_blank);
        let tail = tail.trim_start_matches(is_blank);
        if number == limit.parts && !tail.is_empty() {
            if !limit.shorten {
                return Ok(None);
            }
            let rest = rest.trim_start_matches(is_blank);
            pieces.push(Cow::Owned(shortened(rest, room, measure)));
            break;
        }
        if !head.is_empty() {
            pieces.push(Cow::Borrowed(head));
        }
        rest = tail;
    }
    Ok(Some(pieces))
}

/// The beginning of a text that does not fit, and [`MORE`] where that leaves room
/// for some of it.
fn shortened(text: &str, room: usize, measure: &impl Fn(&str) -> usize) -> String {
    let less = room.saturating_sub(measure(MORE));
    let (at, more) = match cut_point(text, less, less / 2, measure) {
        0 => (cut_point(text, room, room / 2, measure), ""),
        at => (at, MORE),
    };
    text.split_at(at).0.trim_end_matches(is_blank).to_owned() + more
}

fn mark(number: usize, total: usize) -> String {
    format!("({number}/{total}) ")
}

/// The pieces with their marks; a single one needs none.
fn marked(pieces: &[Cow<'_, str>]) -> Vec<String> {
    if let [only] = pieces {
        return vec![only.to_string()];
    }
    (1..)
        .zip(pieces)
        .map(|(number, piece)| mark(number, pieces.len()) + piece)
        .collect()
}

fn decimal_digits(number: usize) -> u32 {
    number.max(1).ilog10() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    fn chars(text: &str) -> usize {
        text.chars().count()
    }

    fn by(overflow: Overflow, length: usize, text: &str) -> Result<Fitted, TooLong> {
        fit(
            text,
            &Limit {
                length,
                overflow,
                parts: DEFAULT_PARTS,
                shorten: false,
            },
            chars,
        )
    }

    fn parts(length: usize, text: &str) -> Vec<String> {
        by(Overflow::Split, length, text).unwrap().parts
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        for overflow in [Overflow::Reject, Overflow::Truncate, Overflow::Split] {
            assert_eq!(by(overflow, 4, " ab "), Ok(whole(" ab ")));
        }
    }

    #[test]
    fn a_refusal_names_both_lengths_and_the_cure() {
        let error = by(Overflow::Reject, 256, &"x".repeat(300)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "300 characters, the limit is 256; see --overflow"
        );
    }

    #[test]
    fn a_truncation_says_so_and_keeps_what_fits() {
        let fitted = by(Overflow::Truncate, 7, "one two three").unwrap();
        assert_eq!(
            (fitted.parts, fitted.cut),
            (vec!["one two".to_owned()], true)
        );
        assert_eq!(
            by(Overflow::Truncate, 6, "one two three").unwrap().parts,
            ["one tw"]
        );
        assert_eq!(
            by(Overflow::Truncate, 2, "xe\u{301}e").unwrap().parts,
            ["x"]
        );
    }

    #[test]
    fn parts_are_marked_and_cut_at_words_where_they_can() {
        let marked = ["(1/3) alarm in", "(2/3) room 7", "(3/3) please"];
        assert_eq!(parts(14, "alarm in room 7\nplease"), marked);
        let hard = ["(1/3) abcd", "(2/3) efgh", "(3/3) ij"];
        assert_eq!(parts(10, "abcdefgh  ij"), hard);
    }

    #[test]
    fn blanks_at_either_end_make_no_parts() {
        assert_eq!(parts(6, "abcdef    "), ["abcdef"]);
        assert_eq!(parts(7, "                  x"), ["x"]);
        assert!(by(Overflow::Split, 7, "          ").is_err());
    }

    #[test]
    fn a_combining_mark_stays_with_its_letter() {
        let clusters = [
            "(1/5) x",
            "(2/5) e\u{301}",
            "(3/5) y",
            "(4/5) e\u{301}",
            "(5/5) zz",
        ];
        assert_eq!(parts(8, "xe\u{301}ye\u{301}   zz"), clusters);
    }

    #[test]
    fn the_ninth_part_is_the_last_one_allowed() {
        assert_eq!(parts(7, "abcdefghi").len(), 9);
        let error = by(Overflow::Split, 7, "abcdefghij").unwrap_err();
        assert_eq!(
            error.to_string(),
            "10 characters do not fit into 9 parts of 7"
        );
    }

    fn shorten(length: usize, parts: usize, text: &str) -> Fitted {
        let limit = Limit {
            length,
            overflow: Overflow::Split,
            parts,
            shorten: true,
        };
        fit(text, &limit, chars).unwrap()
    }

    #[test]
    fn what_would_be_too_many_parts_ends_visibly() {
        let fitted = shorten(14, 2, "alarm in room 7 of the east wing");
        assert_eq!(fitted.parts, ["(1/2) alarm in", "(2/2) room..."]);
        assert!(fitted.cut);
        // The only part has no mark, and its end counts.
        let fitted = shorten(14, 1, "alarm in room 7");
        assert_eq!(
            (fitted.parts, fitted.cut),
            (vec!["alarm in...".to_owned()], true)
        );
        assert_eq!(shorten(5, 1, "abcdefg").parts, ["ab..."]);
        // Better some text than none.
        assert_eq!(shorten(3, 1, "abcdefg").parts, ["abc"]);
        assert_eq!(
            shorten(9, 2, "abcdefghij").parts,
            ["(1/2) abc", "(2/2) def"]
        );
    }

    #[test]
    fn what_is_no_more_parts_than_allowed_loses_nothing() {
        let fitted = shorten(14, 3, "alarm in room 7 please   ");
        assert_eq!(
            fitted.parts,
            ["(1/3) alarm in", "(2/3) room 7", "(3/3) please"]
        );
        assert!(!fitted.cut);
        assert_eq!(shorten(9, 1, "alarm in    ").parts, ["alarm in"]);
        assert!(!shorten(9, 1, "alarm in    ").cut);
        let ten = shorten(10, 10, &"x".repeat(40));
        assert_eq!((ten.parts.len(), ten.cut), (10, true));
        assert_eq!(ten.parts.last().unwrap(), "(10/10) xx");
    }

    #[test]
    fn ten_parts_leave_room_for_two_digits() {
        let limit = Limit {
            length: 10,
            overflow: Overflow::Split,
            parts: 99,
            shorten: false,
        };
        let fitted = fit(&"x".repeat(40), &limit, chars).unwrap();
        assert_eq!(fitted.parts.first().unwrap(), "(1/16) xxx");
        assert_eq!(fitted.parts.last().unwrap(), "(16/16) x");
    }

    #[test]
    fn a_limit_without_room_is_an_error_and_no_loop() {
        for length in 0..7 {
            assert_eq!(
                by(Overflow::Split, length, "abcdefgh"),
                Err(TooLong::Room { limit: length })
            );
        }
        assert_eq!(
            by(Overflow::Truncate, 0, "a"),
            Err(TooLong::Room { limit: 0 })
        );
    }

    #[test]
    fn a_long_message_is_measured_a_few_times_only() {
        for text in [
            "x".repeat(1 << 20),
            "ab c".repeat(1 << 18),
            "e\u{301}".repeat(1 << 18),
        ] {
            let measured = Cell::new(0);
            let limit = Limit {
                length: 256,
                overflow: Overflow::Split,
                parts: usize::MAX,
                shorten: false,
            };
            let count = |t: &str| {
                measured.set(measured.get() + t.len());
                t.len()
            };
            assert!(fit(&text, &limit, count).is_ok());
            assert!(measured.get() < 16 * text.len());
        }
    }

    proptest! {
        #[test]
        fn what_is_shortened_fits_and_says_so(
            text in "[ab \né\u{301}\u{200d}🐶]{0,300}",
            length in 14_usize..40,
            parts in 1_usize..12,
        ) {
            let limit = Limit { length, overflow: Overflow::Split, parts, shorten: true };
            let Ok(fitted) = fit(&text, &limit, chars) else {
                prop_assert!(text.trim().is_empty());
                return Ok(());
            };
            prop_assert!(fitted.parts.len() <= parts);
            prop_assert!(fitted.parts.iter().all(|part| chars(part) <= length));
            prop_assert_eq!(fitted.cut, fitted.parts.last().unwrap().ends_with(MORE));
        }

        #[test]
        fn parts_fit_and_nothing_is_lost(
            text in "[ab \né\u{301}\u{200d}🐶]{0,300}",
            length in 14_usize..40,
            bytes: bool,
        ) {
            let measure = |t: &str| if bytes { t.len() } else { chars(t) };
            let limit = Limit { length, overflow: Overflow::Split, parts: 999, shorten: false };
            let Ok(fitted) = fit(&text, &limit, measure) else {
                prop_assert!(text.trim().is_empty());
                return Ok(());
            };
            prop_assert!(!fitted.cut);
            let mut rest = text.trim_start_matches(is_blank);
            for (at, part) in fitted.parts.iter().enumerate() {
                prop_assert!(measure(part) <= length);
                let mark = mark(at + 1, fitted.parts.len());
                let piece = if fitted.parts.len() > 1 { part.strip_prefix(&mark) } else { Some(part.as_str()) };
                let after = piece.and_then(|piece| rest.strip_prefix(piece.trim_start_matches(is_blank)));
                prop_assert!(after.is_some());
                rest = after.unwrap().trim_start_matches(is_blank);
            }
            prop_assert_eq!(rest, "");
        }
    }
}
