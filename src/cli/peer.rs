//! Reads and prints the name of the other side: a host and a port.
//!
//! It must never look a name up: whether the host exists is for the transport.

use std::fmt;

use crate::text::host::host_and_port;

/// A host and a port, not looked up yet.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Peer {
    /// A name or an address; an IPv6 address stands here without brackets.
    pub host: String,
    /// The port, never 0 when it was parsed.
    pub port: u16,
}

impl Peer {
    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
    ///
    /// A host has only letters, digits, `.`, `-` and `_`, and begins with no
    /// `-`: it may end in the argv of a proxy command. Errors quote the text.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, String> {
        let (host, port) = host_and_port(text)?;
        Ok(Self {
            host: host.to_owned(),
            port: port.unwrap_or(default_port),
        })
    }

    /// The same of a host alone, with its port beside it.
    pub fn new(host: &str, port: u16) -> Result<Self, String> {
        match host_and_port(host) {
            Ok((name, None)) => Ok(Self {
                host: name.to_owned(),
                port,
            }),
            _ => Err(format!("{host:?} is no host name and no address")),
        }
    }
}

/// Where a page goes, as errors and results name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// A host and a port.
    Net(Peer),
    /// A device, or a command that is the line.
    Line(String),
}

impl Place {
    /// The place that [`fmt::Display`] has printed.
    pub fn read(text: &str) -> Self {
        let peer = text.contains(':').then(|| Peer::parse(text, 1));
        match peer {
            Some(Ok(peer)) => Self::Net(peer),
            _ => Self::Line(text.to_owned()),
        }
    }

    /// Host and port, where it has them.
    pub fn peer(&self) -> Option<&Peer> {
        match self {
            Self::Net(peer) => Some(peer),
            Self::Line(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(peer) => peer.fmt(f),
            Self::Line(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// Reads a comma separated list, as in `$SNPP_SERVER`; empty items are skipped.
///
/// The first item that is no peer is the error.
pub fn list(text: &str, default_port: u16) -> Result<Vec<Peer>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Peer::parse(item, default_port))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_printed() {
        for (text, host, port, shown) in [
            ("h.example", "h.example", 444, "h.example:444"),
            ("h:1", "h", 1, "h:1"),
            ("192.0.2.1:65535", "192.0.2.1", 65535, "192.0.2.1:65535"),
            (
                "bücher.example",
                "bücher.example",
                444,
                "bücher.example:444",
            ),
            ("::1", "::1", 444, "[::1]:444"),
            ("[::1]", "::1", 444, "[::1]:444"),
            ("[2001:db8::2]:25", "2001:db8::2", 25, "[2001:db8::2]:25"),
            ("fe80::1%eth0", "fe80::1%eth0", 444, "[fe80::1%eth0]:444"),
        ] {
            let peer = Peer::parse(text, 444).unwrap();
            assert_eq!((peer.host.as_str(), peer.port), (host, port));
            assert_eq!(peer.to_string(), shown);
            assert_eq!(Peer::parse(shown, 1).unwrap(), peer);
        }
    }

    #[test]
    fn what_is_no_peer_is_refused() {
        for text in [
            "", ":444", "[]:444", "a b", "a\n", "a/b", "a%b", "-oProxy", "a;b", "[h]:1", "[::1",
            "[::1]1", "::g", "a:b:c", "::1%", "::1%-x", "h:", "h:0", "h:65536", "h:+1", "h:-1",
            "h:x", "[::1]:",
        ] {
            assert!(Peer::parse(text, 444).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_bad_port_is_told_from_a_bad_host() {
        assert!(
            Peer::parse("h:0", 444)
                .unwrap_err()
                .contains("from 1 to 65535")
        );
        assert!(
            Peer::parse("a b:1", 444)
                .unwrap_err()
                .contains("is not HOST")
        );
    }

    #[test]
    fn a_place_is_read_as_it_was_printed() {
        for text in [
            "h.example:444",
            "[::1]:4444",
            "/dev/ttyS0",
            "socat",
            "/dev/a:1",
        ] {
            let place = Place::read(text);
            assert_eq!(place.to_string(), text);
            assert_eq!(
                place.peer().is_some(),
                !text.contains('/') && text != "socat"
            );
        }
    }

    #[test]
    fn a_list_skips_what_is_empty_and_keeps_the_order() {
        let shown: Vec<String> = list(" a, ,b:2,[::1]:3,", 444)
            .unwrap()
            .iter()
            .map(Peer::to_string)
            .collect();
        assert_eq!(shown, ["a:444", "b:2", "[::1]:3"]);
        assert_eq!(list("", 444), Ok(Vec::new()));
        assert!(list("a,b:0", 444).is_err());
    }
}
