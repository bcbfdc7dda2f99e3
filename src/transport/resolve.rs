//! Host names to addresses, within a deadline.
//!
//! getaddrinfo(3) knows no deadline, so it runs in a thread of its own, which
//! is left behind when it takes too long.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use rustix::event::PollFlags;

use super::OpenError;
use super::fd::{Deadline, Ready, wait};
use super::interrupt::Interrupt;
use crate::diag::cause;
use crate::exit::Exit;

/// Which addresses are wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Family {
    /// Any.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    fn takes(self, address: &SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// The addresses of `host`, in the order of the name service. Never empty.
pub fn resolve(
    host: &str,
    port: u16,
    family: Family,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<Vec<SocketAddr>, OpenError> {
    let mut addresses = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => look_up(host, port, deadline, interrupt)?,
    };
    addresses.retain(|address| family.takes(address));
    if addresses.is_empty() {
        return Err(OpenError::of_name(
            Exit::NoHost,
            "the host has no address of the family asked for",
        ));
    }
    Ok(addresses)
}

type Answer = Result<Vec<SocketAddr>, LookupError>;

fn look_up(
    host: &str,
    port: u16,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<Vec<SocketAddr>, OpenError> {
    let (answer, receiver) = mpsc::channel::<Answer>();
    let start = || -> io::Result<UnixStream> {
        let (bell, ring) = UnixStream::pair()?;
        let host = host.to_owned();
        thread::Builder::new().spawn(move || {
            let found = ask(&host, port);
            // Nobody listens any more once the deadline has passed.
            _ = answer.send(found);
            drop(ring);
        })?;
        Ok(bell)
    };
    let bell = start().map_err(|error| {
        OpenError::of_name(
            Exit::Os,
            format!("cannot look up the name: {}", cause(&error)),
        )
    })?;
    match wait(bell.as_fd(), PollFlags::IN, deadline, interrupt) {
        Ok(Ready::Yes) => {}
        Ok(Ready::TimedOut) => {
            return Err(OpenError::of_name(
                Exit::TempFail,
                "the name did not resolve in time",
            ));
        }
        Ok(Ready::Interrupted) => return Err(OpenError::temporary("interrupted")),
        Err(error) => return Err(OpenError::temporary(error.to_string())),
    }
    match receiver.recv() {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(OpenError::of_name(Exit::TempFail, "the name lookup failed")),
    }
}

fn ask(host: &str, port: u16) -> Answer {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for found in getaddrinfo(Some(host), None, Some(hints))?.flatten() {
        let mut address = found.sockaddr;
        address.set_port(port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Only an answer that says there is no such name is for good.
fn refused(error: &LookupError) -> OpenError {
    let (exit, text) = match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => (Exit::NoHost, "no such host"),
        _ => (Exit::TempFail, "the name service does not answer"),
    };
    OpenError::of_name(exit, text)
}
