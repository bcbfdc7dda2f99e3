//! What a page may look like, and which lines are no client's.

use super::say::{self, Reply, Sign};
use super::talk::Settings;
use crate::protocol::tap::code;
use crate::protocol::tap::page::is_numeric;
use crate::text::shape::is_name;

/// Why a page is not even asked about, whoever its pager is.
pub(super) fn refusal(settings: &Settings, pager: &str, text: &[u8]) -> Option<Reply> {
    let rs = |code, text: &'static str| Some(Reply::new(code, text, Sign::Rs));
    if !is_name(pager) {
        return rs(code::ILLEGAL_PAGER, "Illegal pager ID");
    }
    if settings.numeric && !text.iter().copied().all(is_numeric) {
        return rs(code::NO_LETTERS, "Alphabetic characters not allowed");
    }
    let most = settings.max_length.filter(|most| text.len() > *most);
    most.filter(|_| !settings.truncate).map(say::too_long)
}

/// What a modem says, or is told, where it stands between a client and us.
pub(super) fn is_modem(line: &[u8]) -> bool {
    begins(line, b"AT") || line.eq_ignore_ascii_case(b"OK") || is_other_call(line)
}

/// What a modem says where a call ends or another begins.
pub(super) fn is_other_call(line: &[u8]) -> bool {
    let is = |word: &[u8]| line.eq_ignore_ascii_case(word);
    is(b"RING") || is(b"NO CARRIER") || begins(line, b"CONNECT")
}

fn begins(line: &[u8], word: &[u8]) -> bool {
    let head = line.get(..word.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(word))
}
