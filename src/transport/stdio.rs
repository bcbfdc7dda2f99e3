//! Our own standard input and output as a line, and who is at its other end.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{AddressFamily, SocketAddrUnix, getpeername, getsockname};
use rustix::stdio::{dup2_stdout, stdin, stdout};

use super::fd::{Deadline, Line, write_all};

/// The first descriptor beside the standard ones.
const FIRST: i32 = 3;

/// Standard input and output. No command that we run has a hold of them.
pub fn line() -> io::Result<Line> {
    Ok(Line::new(
        fcntl_dupfd_cloexec(stdin(), FIRST)?,
        fcntl_dupfd_cloexec(stdout(), FIRST)?,
    ))
}

/// Writes all of it to standard output, and ends that at once: who reads it need not wait
/// until the kernel has taken the process down.
pub fn answer(bytes: &[u8], deadline: Deadline) -> io::Result<()> {
    write_all(stdout(), bytes, deadline)?;
    // Where that fails, it ends when we do.
    _ = dup2_stdout(stdin());
    Ok(())
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ends {
    /// Ours.
    pub local: SocketAddr,
    /// Theirs.
    pub peer: SocketAddr,
}

impl Ends {
    /// An IPv4 address in the guise of an IPv6 one is taken for what it is.
    pub fn new(local: SocketAddr, peer: SocketAddr) -> Self {
        let canonical = |end: SocketAddr| match end.ip().to_canonical() {
            IpAddr::V4(address) => SocketAddr::new(address.into(), end.port()),
            // With the interface that a link-local one is bound to.
            IpAddr::V6(_) => end,
        };
        Self {
            local: canonical(local),
            peer: canonical(peer),
        }
    }

    /// Of standard input. `None`: it is no socket of the Internet, or the peer
    /// is gone.
    pub fn of_stdin() -> Option<Self> {
        let local = getsockname(stdin()).ok()?;
        let peer = getpeername(stdin()).ok()??;
        Some(Self::new(local.try_into().ok()?, peer.try_into().ok()?))
    }
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
