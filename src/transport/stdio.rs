//! Our own standard input and output as a line, and who is at its other end.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{AddressFamily, SocketAddrUnix, getpeername, getsockname};
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
    /// A process on this machine that found our unix socket.
    Unix,
    /// Who started us made the line: a pipe, a terminal, a file, one half of a
    /// pair of sockets. Whose words come through it, the kernel cannot know.
    Pipe,
    /// A socket that does not tell.
    Hidden,
}

impl Far {
    /// Asks the kernel; the environment is not believed.
    pub fn of_stdin() -> Self {
        match getsockname(stdin()) {
            Err(Errno::NOTSOCK) => return Self::Pipe,
            Ok(name) if name.address_family() == AddressFamily::UNIX => {
                // Who was accepted has the name of the socket that listened.
                let bound = SocketAddrUnix::try_from(name);
                let bound = bound.is_ok_and(|name| {
                    let hidden = name.abstract_name().is_some_and(|name| !name.is_empty());
                    name.path_bytes().is_some() || hidden
                });
                return if bound { Self::Unix } else { Self::Pipe };
            }
            _ => {}
        }
        let peer = getpeername(stdin()).ok().flatten();
        match peer.map(SocketAddr::try_from) {
            Some(Ok(address)) => Self::Inet(address.ip().to_canonical()),
            _ => Self::Hidden,
        }
    }
}
