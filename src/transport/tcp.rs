//! A TCP connection as a line.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect as connect_socket, ipproto, socket_with,
    sockopt,
};

use super::OpenError;
use super::fd::{Deadline, Line, Ready, wait};
use super::interrupt::Interrupt;
use super::resolve::{Family, resolve};
use crate::diag::cause;

/// Connects to the first address of `host` that answers, each getting its
/// share of the time that is left, with Nagle's algorithm turned off.
pub fn connect(
    host: &str,
    port: u16,
    family: Family,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<Line, OpenError> {
    let addresses = resolve(host, port, family, deadline, interrupt)?;
    let mut failure = OpenError::temporary("no address");
    for (tried, address) in addresses.iter().enumerate() {
        let share = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let limit = match deadline.remaining() {
            Some(left) => Deadline::after(left / share),
            None => Deadline::NEVER,
        };
        match connect_to(address, None, limit, interrupt) {
            Ok(socket) => return line(socket),
            Err(text) => failure = OpenError::temporary(text),
        }
    }
    Err(failure)
}

/// Connects to an address from an address of this machine, whatever its port.
pub fn connect_from(
    mut local: SocketAddr,
    address: SocketAddr,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<Line, OpenError> {
    local.set_port(0);
    line(connect_to(&address, Some(&local), deadline, interrupt).map_err(OpenError::temporary)?)
}

fn line(socket: OwnedFd) -> Result<Line, OpenError> {
    // Only latency is lost without it.
    _ = sockopt::set_tcp_nodelay(&socket, true);
    let output = socket
        .try_clone()
        .map_err(|error| OpenError::temporary(error.to_string()))?;
    Ok(Line::new(socket, output))
}

fn connect_to(
    address: &SocketAddr,
    local: Option<&SocketAddr>,
    deadline: Deadline,
    interrupt: Option<&Interrupt>,
) -> Result<OwnedFd, String> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP)).map_err(text)?;
    if let Some(local) = local {
        bind(&socket, local).map_err(text)?;
    }
    match connect_socket(&socket, address) {
        Ok(()) => return Ok(socket),
        Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(error) => return Err(text(error)),
    }
    match wait(socket.as_fd(), PollFlags::OUT, deadline, interrupt) {
        Ok(Ready::Yes) => {}
        Ok(Ready::TimedOut) => return Err("no connection in time".to_owned()),
        Ok(Ready::Interrupted) => return Err("interrupted".to_owned()),
        Err(error) => return Err(error.to_string()),
    }
    match sockopt::socket_error(&socket) {
        Ok(Ok(())) => Ok(socket),
        Ok(Err(error)) | Err(error) => Err(text(error)),
    }
}

fn text(error: Errno) -> String {
    cause(&error.into())
}
