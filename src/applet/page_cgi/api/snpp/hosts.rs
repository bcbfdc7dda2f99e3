//! Which gateways may be spoken to.
//!
//! Names are compared as they are written: whom one leads to is for who wrote it
//! into the configuration, and for nobody who asks.

use crate::cli::peer::Peer;
use crate::config::value::Host;
use crate::text::host::host_and_port;

/// Is this gateway among them? `host` is any port of it, `host:port` this one.
pub(super) fn allow(allowed: &[Host], peer: &Peer) -> bool {
    allowed.iter().any(|entry| {
        let Ok((host, port)) = host_and_port(entry.as_str()) else {
            return false;
        };
        host.eq_ignore_ascii_case(&peer.host) && port.is_none_or(|port| port == peer.port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_itself_and_nothing_else() {
        let allowed = [
            "Gate.example",
            "other.example:445",
            "[::1]:444",
            "2001:db8::1",
        ];
        let allowed = allowed.map(|text| Host::try_from(text.to_owned()).unwrap());
        let is_allowed = |host: &str, port| {
            let host = host.to_owned();
            allow(&allowed, &Peer { host, port })
        };
        for (host, port) in [
            ("gate.EXAMPLE", 444),
            ("gate.example", 1),
            ("other.example", 445),
            ("::1", 444),
            ("2001:DB8::1", 9),
        ] {
            assert!(is_allowed(host, port), "{host} {port}");
        }
        for (host, port) in [
            ("other.example", 444),
            ("::1", 445),
            ("x.gate.example", 444),
            ("gate.example.", 444),
            ("gate", 444),
            ("0:0:0:0:0:0:0:1", 444),
            ("", 444),
        ] {
            assert!(!is_allowed(host, port), "{host} {port}");
        }
        assert!(!allow(&[], &Peer::parse("gate.example", 444).unwrap()));
    }
}
