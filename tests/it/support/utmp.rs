//! Files of logins, as login(1) and its like write them: utmp(5).

/// The length of a record; the times in it have 32 bits or 64.
const RECORD: usize = if cfg!(any(
    target_arch = "aarch64",
    target_arch = "loongarch64",
    target_arch = "s390x"
)) {
    400
} else {
    384
};
/// Somebody's login.
const USER_PROCESS: i16 = 7;
/// A login that is over.
const DEAD_PROCESS: i16 = 8;

/// A file with these logins, each a user and a terminal, in this order.
pub(crate) fn utmp(logins: &[(&str, &str)]) -> Vec<u8> {
    let login = |(user, line): &(&str, &str)| record(USER_PROCESS, user, line);
    logins.iter().flat_map(login).collect()
}

/// The record of a login that is over.
pub(crate) fn logout(user: &str, line: &str) -> Vec<u8> {
    record(DEAD_PROCESS, user, line)
}

fn record(kind: i16, user: &str, line: &str) -> Vec<u8> {
    let mut record = vec![0; RECORD];
    record[..2].copy_from_slice(&kind.to_ne_bytes());
    for (at, text) in [(8, line), (44, user)] {
        assert!(text.len() <= 32, "{text}: too long for utmp");
        record[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    record
}
