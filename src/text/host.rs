//! A host and a port, as people write them.
//!
//! Must never look a name up: whether the host exists is for the transport.

use std::net::Ipv6Addr;

/// The host, without brackets, of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare
/// IPv6 address, and the port where it has one.
///
/// A host has only letters, digits, `.`, `-` and `_`, and begins with no `-`: it may
/// end in the argv of a proxy command. Errors quote the text.
pub fn host_and_port(text: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = split_port(text)
        .ok_or_else(|| format!("{text:?} is not HOST, HOST:PORT or [IPV6]:PORT"))?;
    let number = port.map(|digits| {
        parse_port(digits)
            .ok_or_else(|| format!("{text:?}: the port is not a number from 1 to 65535"))
    });
    Ok((host, number.transpose()?))
}

/// The host and the text of its port; `None` if the host is not well formed.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        let port = if after.is_empty() {
            None
        } else {
            Some(after.strip_prefix(':')?)
        };
        return is_ipv6(host).then_some((host, port));
    }
    if is_ipv6(text) {
        return Some((text, None));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    // A second colon is a broken IPv6 address, not a bad port.
    let one_colon = !port.is_some_and(|port| port.contains(':'));
    (is_name(host) && one_colon).then_some((host, port))
}

/// An IPv6 address, with or without a zone (`fe80::1%eth0`).
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(is_name)
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

/// A port from 1 on; `u16` would take a sign.
fn parse_port(digits: &str) -> Option<u16> {
    let port = digits.parse().ok().filter(|port| *port != 0);
    port.filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_there_or_not() {
        for (text, host, port) in [
            ("h.example", "h.example", None),
            ("h:444", "h", Some(444)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[fe80::1%eth0]:1", "fe80::1%eth0", Some(1)),
        ] {
            assert_eq!(host_and_port(text), Ok((host, port)));
        }
        for text in ["", "*", "http://h", "h:0", "h:65536", ":444", "-h"] {
            assert!(host_and_port(text).is_err(), "{text}");
        }
    }
}
