//! Our own standard input and output as a line, and who is at its other end.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::getpeername;
use rustix::stdio::{stdin, stdout};

use super::fd::Line;

/// The first descriptor beside the standard ones.
const FIRST: i32 = 3;

/// Standard input and output. No command that we run has a hold of them.
pub fn line() -> io::Result<Line> {
    Ok(Line::new(
        fcntl_dupfd_cloexec(stdin(), FIRST)?,
        fcntl_dupfd_cloexec(stdout(), FIRST)?,
    ))
}

/// Who is at the other end of standard input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Far {
    /// This address.
    Inet(IpAddr),
    /// A process on this machine, through a unix socket.
    Unix,
    /// Standard input is no socket: a pipe, a terminal, a file.
    NoSocket,
    /// A socket that does not tell.
    Hidden,
}

impl Far {
    /// Asks the kernel; the environment is not believed.
    pub fn of_stdin() -> Self {
        match getpeername(stdin()) {
            Ok(Some(address)) => match SocketAddr::try_from(address.clone()) {
                Ok(address) => Self::Inet(address.ip().to_canonical()),
                Err(_) if address.address_family() == rustix::net::AddressFamily::UNIX => {
                    Self::Unix
                }
                Err(_) => Self::Hidden,
            },
            Ok(None) => Self::Unix,
            Err(rustix::io::Errno::NOTSOCK) => Self::NoSocket,
            Err(_) => Self::Hidden,
        }
    }
}
