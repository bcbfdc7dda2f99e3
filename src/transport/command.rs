//! A command whose standard input and output are the line.
//!
//! The command is split into words as a shell would, but no shell runs it,
//! and it inherits no secret.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::OpenError;
use super::fd::Line;
use crate::diag::cause;
use crate::exit::Exit;

/// Environment variables that hold secrets.
pub const SECRETS: [&str; 2] = ["SNPP_PASSWORD", "IXO_PASSWORD"];

/// Starts `command` with `%h` and `%p` replaced by host and port.
///
/// `%h` is replaced only by a host name or address of plain characters, so
/// that nothing a stranger chose becomes an option of the command.
pub fn spawn(command: &str, host: &str, port: u16) -> Result<Line, OpenError> {
    let wrong = |text: String| OpenError::new(Exit::Usage, text);
    let words =
        shell_words::split(command).map_err(|error| wrong(format!("--proxy-command: {error}")))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-');
    if command.contains("%h") && (host.starts_with('-') || !host.chars().all(plain)) {
        return Err(wrong(format!(
            "--proxy-command: {host:?} may not stand for %h"
        )));
    }
    let port = port.to_string();
    let mut words = words
        .iter()
        .map(|word| word.replace("%h", host).replace("%p", &port));
    let Some(program) = words.next() else {
        return Err(wrong("--proxy-command: empty".to_owned()));
    };
    let mut process = Command::new(&program);
    process
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    for secret in SECRETS {
        process.env_remove(secret);
    }
    let mut child = process.spawn().map_err(|error| {
        let exit = match error.kind() {
            // It will not be there at the next try either.
            ErrorKind::NotFound | ErrorKind::PermissionDenied => Exit::Config,
            _ => Exit::TempFail,
        };
        OpenError::new(exit, format!("cannot run {program}: {}", cause(&error)))
    })?;
    match (child.stdout.take(), child.stdin.take()) {
        (Some(input), Some(output)) => {
            Ok(Line::new(OwnedFd::from(input), OwnedFd::from(output)).with_child(child))
        }
        _ => Err(OpenError::temporary(format!(
            "{program} has no standard input or output"
        ))),
    }
}
