//! Passwords and PINs: from a file, the environment or a prompt, never from argv.

use std::env::VarError;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::text::charset;
use crate::transport::fd::{self, Deadline, Ready};
use crate::transport::interrupt::Interrupt;

/// No secret of these protocols is longer.
const MAX_BYTES: usize = 1024;
/// How long a pipe may take to give it: a password manager may ask its user.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first line of a file or of a pipe such as the shell's `<(command)`;
/// `-` is no name for standard input here, because that may hold the message.
pub fn from_file(path: &Path, interrupt: Option<&Interrupt>) -> Result<String, Failure> {
    let name = path.display().to_string();
    match fd::open(path) {
        Ok(file) => from_fd(file.as_fd(), &name, interrupt),
        Err(error) => Err(unreadable(&name, &error)),
    }
}

/// The first line of what a descriptor gives; `name` is for errors.
pub fn from_fd(
    file: BorrowedFd<'_>,
    name: &str,
    interrupt: Option<&Interrupt>,
) -> Result<String, Failure> {
    let read = fd::read_all(file, MAX_BYTES, Deadline::after(PATIENCE), interrupt);
    let mut bytes = match (read, interrupt.and_then(Interrupt::exit)) {
        (_, Some(exit)) => return Err(Failure::new(exit, format!("{name}: interrupted"))),
        (read, None) => read.map_err(|error| unreadable(name, &error))?,
    };
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
    interrupt: &Interrupt,
) -> Result<Option<String>, Failure> {
    let given = match file {
        Some(file) => Some(from_file(file, Some(interrupt))?),
        None => match from_environment(variable)? {
            None => prompt(&format!("Password of {user}: "), interrupt)?,
            given => given,
        },
    };
    Ok(given.filter(|password| !password.is_empty()))
}

/// A secret of the environment; `None` where there is none.
pub fn from_environment(variable: &str) -> Result<Option<String>, Failure> {
    match std::env::var(variable) {
        Ok(secret) => Ok(Some(secret)),
        Err(VarError::NotUnicode(_)) => Err(Failure::data(format!("{variable} is not UTF-8"))),
        Err(VarError::NotPresent) => Ok(None),
    }
}

/// Asks on the terminal, without echo. `None`: there is no terminal to ask on.
///
/// A signal ends the process as it would without us, but first the terminal
/// gets its echo back.
fn prompt(question: &str, interrupt: &Interrupt) -> Result<Option<String>, Failure> {
    let os = |error: std::io::Error| Failure::new(Exit::Os, cause(&error));
    let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else {
        return Ok(None);
    };
    let before = tcgetattr(&terminal).map_err(|error| os(error.into()))?;
    let (answered, done) = UnixStream::pair().map_err(os)?;
    let secret = thread::scope(|scope| {
        scope.spawn(|| {
            let ready = fd::wait(
                answered.as_fd(),
                PollFlags::IN,
                Deadline::NEVER,
                Some(interrupt),
            );
            if matches!(ready, Ok(Ready::Interrupted)) {
                _ = tcsetattr(&terminal, OptionalActions::Now, &before);
                interrupt.obey();
            }
        });
        let secret = rpassword::prompt_password(question);
        drop(done);
        secret
    });
    secret.map(Some).map_err(|error| {
        Failure::new(
            Exit::NoPermission,
            format!("no password: {}", cause(&error)),
        )
    })
}
