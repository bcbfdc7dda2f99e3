//! Who is at the other end, and whether that one may come in.
//!
//! The kernel is asked first. The environment is believed only where whoever
//! started us made the line, and then what it says is marked: a super-server, a
//! TLS wrapper or ssh wrote it, and we cannot hold it against anything.

use std::fmt;
use std::net::IpAddr;

use super::network::Network;
use crate::transport::stdio::Far;

/// Where super-servers and wrappers write the address of a peer: systemd,
/// ucspi-tcp, xinetd and stunnel, socat, ncat.
const VARIABLES: [&str; 5] = [
    "REMOTE_ADDR",
    "TCPREMOTEIP",
    "REMOTE_HOST",
    "SOCAT_PEERADDR",
    "NCAT_REMOTE_ADDR",
];
/// Where sshd does: address, port, and more.
const SSH: &str = "SSH_CONNECTION";

/// Who is at the other end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer {
    far: Far,
    /// The address that the environment names.
    said: Option<IpAddr>,
    /// It came through a super-server, not through a login on this machine.
    forwarded: bool,
}

/// May it come in?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Yes.
    Free,
    /// Yes, but nothing is taken from it before a login.
    WithLogin,
    /// No, and why.
    Refused(&'static str),
}

impl Peer {
    /// `variable` reads the environment.
    pub fn new(far: Far, variable: impl Fn(&str) -> Option<String>) -> Self {
        let address = |text: String| {
            let word = text.split_whitespace().next()?;
            // fe80::1%eth0: a zone is no part of the address.
            let word = word.split('%').next()?;
            // socat writes an IPv6 address in brackets.
            let word = word.trim_start_matches('[').trim_end_matches(']');
            Some(word.parse::<IpAddr>().ok()?.to_canonical())
        };
        // Where the kernel knows, nobody else is asked.
        let variable = |name: &str| variable(name).filter(|_| far == Far::Pipe);
        let named = VARIABLES.into_iter().find_map(variable);
        Self {
            far,
            forwarded: named.is_some(),
            said: named.or_else(|| variable(SSH)).and_then(address),
        }
    }

    /// Its name, and whether the kernel vouches for it. `None`: nobody knows.
    pub fn name(&self) -> Option<(String, bool)> {
        match (self.far, self.said) {
            (Far::Inet(address), _) => Some((address.to_string(), true)),
            (Far::Unix, _) => Some(("unix".to_owned(), true)),
            (Far::Pipe, Some(address)) => Some((address.to_string(), false)),
            (Far::Pipe, None) | (Far::Hidden, _) => None,
        }
    }

    /// Does it come through a super-server or a wrapper, as far as can be told?
    pub fn is_served(&self) -> bool {
        self.far != Far::Pipe || self.forwarded
    }

    /// May it come in, where these networks may, and who else has a login?
    ///
    /// With networks, nobody else may: a peer without an address cannot be
    /// held against them. Without, this machine's own processes may, and
    /// others if there are `logins` for them to prove who they are.
    pub fn admit(&self, allow: &[Network], logins: bool) -> Admission {
        let address = match self.far {
            Far::Inet(address) => Some(address),
            _ => self.said,
        };
        if !allow.is_empty() {
            return match address {
                Some(address) if allow.iter().any(|network| network.contains(address)) => {
                    Admission::Free
                }
                Some(_) => Admission::Refused("in no network of --allow"),
                None => Admission::Refused("no address to hold against --allow"),
            };
        }
        if self.is_local() {
            Admission::Free
        } else if logins {
            Admission::WithLogin
        } else {
            Admission::Refused(match self.far {
                Far::Hidden => "no address: gone already, or no peer of a network",
                _ => "not this machine, and no option lets others in",
            })
        }
    }

    fn is_local(&self) -> bool {
        match (self.far, self.said) {
            (Far::Inet(address), _) => address.is_loopback(),
            (Far::Unix, _) => true,
            // Who came with ssh has logged in to this machine.
            (Far::Pipe, Some(address)) => !self.forwarded || address.is_loopback(),
            (Far::Pipe, None) => !self.forwarded,
            (Far::Hidden, _) => false,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some((name, true)) => f.write_str(&name),
            Some((name, false)) => write!(f, "?{name}"),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(far: Far, variables: &[(&str, &str)]) -> Peer {
        Peer::new(far, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn inet(address: &str) -> Peer {
        peer(Far::Inet(address.parse().unwrap()), &[])
    }

    const SAYS: [(&str, &str); 2] = [
        ("TCPREMOTEIP", "192.0.2.7"),
        ("SSH_CONNECTION", "192.0.2.8 1 127.0.0.1 22"),
    ];

    #[test]
    fn the_kernel_is_believed_and_the_environment_noted() {
        for (peer, name) in [
            (inet("192.0.2.1"), "192.0.2.1"),
            (peer(Far::Inet([127, 0, 0, 1].into()), &SAYS), "127.0.0.1"),
            (peer(Far::Unix, &SAYS), "unix"),
            (peer(Far::Hidden, &SAYS), "unknown"),
            (peer(Far::Pipe, &[]), "unknown"),
            (peer(Far::Pipe, &SAYS), "?192.0.2.7"),
            (peer(Far::Pipe, &SAYS[1..]), "?192.0.2.8"),
            (
                peer(Far::Pipe, &[("REMOTE_HOST", "::ffff:192.0.2.9")]),
                "?192.0.2.9",
            ),
            (
                peer(Far::Pipe, &[("SOCAT_PEERADDR", "[fe80::1%eth0]")]),
                "?fe80::1",
            ),
            (peer(Far::Pipe, &[("REMOTE_ADDR", "a host")]), "unknown"),
        ] {
            assert_eq!(peer.to_string(), name);
        }
    }

    #[test]
    fn only_this_machine_comes_in_unasked() {
        let stranger = Admission::Refused("not this machine, and no option lets others in");
        for (peer, admission) in [
            (inet("127.0.0.1"), Admission::Free),
            (inet("::1"), Admission::Free),
            (inet("192.0.2.1"), stranger),
            (peer(Far::Unix, &SAYS), Admission::Free),
            (
                peer(Far::Hidden, &[]),
                Admission::Refused("no address: gone already, or no peer of a network"),
            ),
            (peer(Far::Pipe, &[]), Admission::Free),
            (peer(Far::Pipe, &SAYS), stranger),
            (peer(Far::Pipe, &SAYS[1..]), Admission::Free),
            (
                peer(Far::Pipe, &[("REMOTE_ADDR", "127.0.0.1")]),
                Admission::Free,
            ),
            (peer(Far::Pipe, &[("REMOTE_ADDR", "a host")]), stranger),
        ] {
            assert_eq!(peer.admit(&[], false), admission, "{peer}");
            let with_logins = match admission {
                Admission::Free => Admission::Free,
                _ => Admission::WithLogin,
            };
            assert_eq!(peer.admit(&[], true), with_logins, "{peer}");
        }
    }

    #[test]
    fn with_networks_nobody_else_comes_in() {
        let allow: [Network; 2] = ["192.0.2.0/29".parse().unwrap(), "::1".parse().unwrap()];
        for (peer, free) in [
            (inet("192.0.2.1"), true),
            (inet("::1"), true),
            (inet("192.0.2.9"), false),
            (inet("127.0.0.1"), false),
            (peer(Far::Pipe, &SAYS), true),
            (peer(Far::Pipe, &[]), false),
            (peer(Far::Unix, &SAYS), false),
            (peer(Far::Hidden, &SAYS), false),
        ] {
            for logins in [false, true] {
                assert_eq!(
                    peer.admit(&allow, logins) == Admission::Free,
                    free,
                    "{peer}"
                );
            }
        }
    }
}
