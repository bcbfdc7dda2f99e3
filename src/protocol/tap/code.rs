//! The response codes of TAP (1.6 and later, Appendix A), and what each makes
//! of a page.
//!
//! A verdict's control character says what happened; the code says whether
//! trying again would help. Must never know a dialogue.

use crate::exit::Exit;
use crate::outcome::Outcome;

/// TAP version supported; its text is exactly `M.m`.
pub const VERSION: u16 = 110;
/// Still at it, please wait.
pub const WAIT: u16 = 111;
/// No more pages in this call.
pub const MAX_PAGES: u16 = 112;
/// No more time in this call.
pub const MAX_TIME: u16 = 113;
/// A farewell.
pub const GOODBYE: u16 = 115;
/// Accepted.
pub const ACCEPTED: u16 = 211;
/// Accepted, and cut.
pub const TRUNCATED: u16 = 212;
/// Accepted, and held for deferred delivery.
pub const HELD: u16 = 213;
/// Accepted, and cut to the number in front of the text.
pub const TRUNCATED_TO: u16 = 214;
/// Waited too long for input.
pub const TIMEOUT: u16 = 501;
/// Something other than STX or EOT in front of a transaction.
pub const UNEXPECTED: u16 = 502;
/// Too many attempts with a wrong checksum.
pub const ATTEMPTS: u16 = 503;
/// This pager shows no characters.
pub const NO_CHARACTERS: u16 = 504;
/// This pager shows no letters.
pub const NO_LETTERS: u16 = 505;
/// Too many invalid pages.
pub const INVALID_PAGES: u16 = 506;
/// The logon is not well formed.
pub const BAD_LOGON: u16 = 507;
/// The logon asks for a service that there is not.
pub const NO_SERVICE: u16 = 508;
/// Wrong password.
pub const BAD_PASSWORD: u16 = 509;
/// No pager ID could look like this.
pub const ILLEGAL_PAGER: u16 = 510;
/// No such pager.
pub const NO_SUCH_PAGER: u16 = 511;
/// Cannot deliver for now.
pub const TRY_LATER: u16 = 512;
/// The message is too long.
pub const TOO_LONG: u16 = 513;
/// The checksum is wrong.
pub const CHECKSUM: u16 = 514;
/// The message is not well formed.
pub const FORMAT: u16 = 515;
/// The quota is used up for now.
pub const QUOTA: u16 = 516;
/// The message is longer than the number in front of the text.
pub const LONGER_THAN: u16 = 517;

/// A line's code and text. `None`: it has none, as `1 pages sent`, or its
/// first digit means nothing.
pub fn of_line(line: &str) -> Option<(u16, &str)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = digits.parse().ok()?;
    let is_code = digits.starts_with(['1', '2', '5']) && digits.bytes().all(|b| b.is_ascii_digit());
    let text = rest.strip_prefix(' ');
    (is_code && (rest.is_empty() || text.is_some()))
        .then(|| (code, text.unwrap_or_default().trim()))
}

/// The number in front of the text of [`TRUNCATED_TO`] and [`LONGER_THAN`].
pub fn limit(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    text.get(..digits.unwrap_or(text.len()))?.parse().ok()
}

/// What becomes of a page that was not accepted for this reason; `None`: the
/// code does not say, and the verdict decides.
pub fn refusal(code: u16) -> Option<(Outcome, Exit)> {
    Some(match code {
        MAX_PAGES | MAX_TIME | TIMEOUT | ATTEMPTS | TRY_LATER | CHECKSUM | QUOTA => {
            (Outcome::Temporary, Exit::TempFail)
        }
        UNEXPECTED => (Outcome::Temporary, Exit::Protocol),
        BAD_LOGON | NO_SERVICE => (Outcome::Refused, Exit::Config),
        BAD_PASSWORD => (Outcome::Refused, Exit::NoPermission),
        ILLEGAL_PAGER | NO_SUCH_PAGER => (Outcome::Refused, Exit::NoUser),
        NO_CHARACTERS | NO_LETTERS | TOO_LONG | FORMAT | LONGER_THAN => {
            (Outcome::Refused, Exit::Data)
        }
        500..=599 => (Outcome::Refused, Exit::Unavailable),
        _ => return None,
    })
}

/// Is it the message or its pager that will never do, in whatever call?
pub fn is_for_good(code: u16) -> bool {
    code != INVALID_PAGES && refusal(code).is_some_and(|(outcome, _)| outcome == Outcome::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_of_the_right_form_has_a_code() {
        assert_eq!(of_line("211 Page accepted "), Some((211, "Page accepted")));
        assert_eq!(of_line("110 1.8"), Some((110, "1.8")));
        assert_eq!(of_line("511"), Some((511, "")));
        for plain in [
            "1 pages sent",
            " 980 x",
            "980 x",
            "21 x",
            "2111 x",
            "211x",
            "+11 x",
            "",
            "é11 x",
        ] {
            assert_eq!(of_line(plain), None, "{plain}");
        }
    }

    #[test]
    fn a_limit_ends_at_the_first_that_is_no_digit() {
        assert_eq!(limit("80 character maximum"), Some(80));
        assert_eq!(limit("200-character maximum"), Some(200));
        assert_eq!(limit("1000"), Some(1000));
        assert_eq!(limit("maximum"), None);
        assert_eq!(limit("99999999999999999999999 x"), None);
    }

    #[test]
    fn a_code_says_whether_another_try_would_help() {
        for (code, outcome, exit) in [
            (511, Outcome::Refused, Exit::NoUser),
            (510, Outcome::Refused, Exit::NoUser),
            (512, Outcome::Temporary, Exit::TempFail),
            (516, Outcome::Temporary, Exit::TempFail),
            (517, Outcome::Refused, Exit::Data),
            (509, Outcome::Refused, Exit::NoPermission),
            (508, Outcome::Refused, Exit::Config),
            (599, Outcome::Refused, Exit::Unavailable),
        ] {
            assert_eq!(refusal(code), Some((outcome, exit)), "{code}");
        }
        assert_eq!(refusal(211), None);
        assert!(is_for_good(511) && !is_for_good(506) && !is_for_good(512) && !is_for_good(115));
    }
}
