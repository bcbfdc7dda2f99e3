//! Passwords and PINs: from a file, the environment or a prompt, never from argv.

use std::env::VarError;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::text::charset;
use crate::transport::fd::{self, Deadline};

/// No secret of these protocols is longer.
const MAX_BYTES: usize = 1024;
/// How long a pipe may take to give it: a password manager may ask its user.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first line of a file or of a pipe such as the shell's `<(command)`;
/// `-` is no name for standard input here, because that may hold the message.
pub fn from_file(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    match fd::open(path) {
        Ok(file) => from_fd(file.as_fd(), &name),
        Err(error) => Err(unreadable(&name, &error)),
    }
}

/// The first line of what a descriptor gives; `name` is for errors.
pub fn from_fd(file: BorrowedFd<'_>, name: &str) -> Result<String, Failure> {
    let mut bytes = fd::read_all(file, MAX_BYTES, Deadline::after(PATIENCE))
        .map_err(|error| unreadable(name, &error))?;
    let end = bytes.iter().position(|byte| *byte == b'\n');
    bytes.truncate(end.unwrap_or(bytes.len()));
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    if bytes.len() >= MAX_BYTES {
        return Err(Failure::data(format!(
            "{name}: its first line is too long for a secret"
        )));
    }
    charset::decode(bytes).map_err(|text| Failure::data(format!("{name}: {text}")))
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::NoInput, format!("{name}: {}", cause(error)))
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
