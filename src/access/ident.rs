//! Whom the other side's own machine takes it for (RFC 1413).
//!
//! Answers for the one question being asked from the right address, and for
//! neither it nor a flood in answer to it holding anyone up. Must never know
//! what a name is good for: it is as good as the machine that gives it, and many
//! give none.

use crate::diag::cause;
use crate::protocol::ident::{query, read};
use crate::transport::fd::{Deadline, Got};
use crate::transport::interrupt::Interrupt;
use crate::transport::stdio::Ends;
use crate::transport::tcp::connect_from;

/// The port of ident servers.
pub const PORT: u16 = 113;
/// As much of an answer as is read, in bytes.
const MAX_ANSWER: usize = 1000;

/// Asks the machine at the far end of a connection who made it: a login there.
///
/// The question comes from the address that the connection came to, because
/// that is part of what is asked. The error says where, and why there is none.
pub fn ask(
    ends: &Ends,
    port: u16,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<String, String> {
    let mut server = ends.peer;
    server.set_port(port);
    let why = |text: &str| format!("ident at {server}: {text}");
    let (theirs, ours) = (ends.peer.port(), ends.local.port());

    let line = connect_from(ends.local, server, deadline, interrupt);
    let mut line = line.map_err(|error| why(&error.text))?;
    let asked = line.write(&query(theirs, ours), deadline, interrupt);
    asked.map_err(|error| why(&cause(&error)))?;
    let mut answer = Vec::new();
    while answer.len() < MAX_ANSWER && !answer.contains(&b'\n') {
        let mut chunk = [0; MAX_ANSWER];
        match line.read(&mut chunk, deadline, interrupt) {
            Got::Bytes(length) => answer.extend(chunk.iter().take(length)),
            Got::Eof => break,
            Got::TimedOut => return Err(why("no answer in time")),
            Got::Interrupted => return Err(why("interrupted")),
        }
    }
    answer.truncate(MAX_ANSWER);
    // What is cut may be the beginning of another name.
    if answer.len() == MAX_ANSWER && !answer.contains(&b'\n') {
        return Err(why("an answer without an end"));
    }
    let line = answer.split_inclusive(|byte| *byte == b'\n').next();
    match line {
        Some(line) => read(line, theirs, ours).map_err(|text| why(&text)),
        None => Err(why("closed without an answer")),
    }
}
