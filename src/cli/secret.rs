//! Passwords and PINs: from a file, the environment or a prompt, never from argv.

use std::env::VarError;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::text::charset;

/// No secret of these protocols is longer.
const MAX_BYTES: u64 = 1024;

/// The first line of a file; `-` is no name for standard input here, because
/// that may hold the message.
pub fn from_file(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(
            Exit::NoInput,
            format!("{}: {}", path.display(), cause(&error)),
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    from_reader(file).map_err(|error| match error {
        ReadError::Io(error) => unreadable(error),
        ReadError::Text(text) => Failure::data(format!("{}: {text}", path.display())),
    })
}

/// What went wrong with a secret's source.
#[derive(Debug)]
pub enum ReadError {
    /// It cannot be read.
    Io(std::io::Error),
    /// It holds no secret that could be sent.
    Text(String),
}

/// The first line of what a reader gives.
pub fn from_reader(reader: impl Read) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(ReadError::Io)?;
    let end = bytes.iter().position(|byte| *byte == b'\n');
    bytes.truncate(end.unwrap_or(bytes.len()));
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length >= MAX_BYTES) {
        return Err(ReadError::Text(
            "its first line is too long for a secret".to_owned(),
        ));
    }
    charset::decode(bytes).map_err(ReadError::Text)
}

/// The password of `user`: from a file, from the environment `variable`, or
/// from a prompt. `None`: there is none, or an empty one.
pub fn password(
    user: &str,
    file: Option<&Path>,
    variable: &str,
) -> Result<Option<String>, Failure> {
    let given = match (file, std::env::var(variable)) {
        (Some(file), _) => Some(from_file(file)?),
        (None, Ok(password)) => Some(password),
        (None, Err(VarError::NotUnicode(_))) => {
            return Err(Failure::data(format!("{variable} is not UTF-8")));
        }
        (None, Err(VarError::NotPresent)) => prompt(&format!("Password of {user}: "))?,
    };
    Ok(given.filter(|password| !password.is_empty()))
}

/// Asks on the terminal, without echo. `None`: there is no terminal to ask on.
///
/// SIGINT must be handled by the caller's [`crate::transport::interrupt`]
/// before: the prompt turns it into an error, and the terminal keeps its echo.
fn prompt(question: &str) -> Result<Option<String>, Failure> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    if terminal.is_err() {
        return Ok(None);
    }
    match rpassword::prompt_password(question) {
        Ok(secret) => Ok(Some(secret)),
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
            Err(Failure::new(Exit::Interrupted, "interrupted"))
        }
        Err(error) => Err(Failure::new(
            Exit::NoPermission,
            format!("no password: {error}"),
        )),
    }
}
