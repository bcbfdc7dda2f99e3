//! Is a person watching, and does the terminal take more than plain text?

use std::io::{IsTerminal, stderr, stdin, stdout};

/// May a progress bar be drawn on standard error? Not beside result lines on
/// the same terminal, nor where the user asked for plain text.
pub fn shows_progress() -> bool {
    stderr().is_terminal()
        && !stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Is a person at standard input?
pub fn asks_person() -> bool {
    stdin().is_terminal()
}
