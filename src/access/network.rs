//! Networks in CIDR notation (RFC 4632, RFC 4291 section 2.3), as `--allow` takes them.
//!
//! An IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.7`) is that IPv4
//! address, here and in the peer: a socket that listens on both families shows
//! every IPv4 peer so. Must never look a name up.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What stands in front of an IPv4 address mapped into IPv6, in bits.
const MAPPED: u8 = 96;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Network {
    /// Never a mapped address, and all bits behind the prefix are 0.
    address: IpAddr,
    /// In bits, at most 32 or 128.
    prefix: u8,
}

impl Network {
    /// Whether the address is one of this network. `::/0` holds no IPv4 address,
    /// and `0.0.0.0/0` holds those that are mapped into IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && cut(address, self.prefix) == bits(self.address)
    }
}

impl FromStr for Network {
    type Err = String;

    /// Reads `ADDRESS/BITS` or a single `ADDRESS`; blanks around it do not count.
    ///
    /// Bits behind the prefix are an error, because whoever writes
    /// `10.1.2.3/8` means either one host or sixteen million. The error is
    /// one line, quotes the text and says what to write.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (host, prefix) = match text.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = host.parse().map_err(|_| not_an_address(text, host))?;
        let address = written.to_canonical();
        let whole = width(written);
        let prefix = match prefix {
            None => whole,
            Some(prefix) => length(prefix, whole).ok_or_else(|| bad_length(text, prefix, whole))?,
        };
        let prefix = if address.is_ipv4() && written.is_ipv6() {
            prefix.checked_sub(MAPPED).ok_or_else(|| {
                format!("{text:?}: the prefix of an IPv4 address in IPv6 is 96 to 128 bits long")
            })?
        } else {
            prefix
        };
        let network = Self {
            address: first(address, prefix),
            prefix,
        };
        if network.address != address {
            return Err(format!(
                "{text:?} has bits behind its prefix: write {network} for the network, {address} for the one host"
            ));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, prefix } = self;
        if *prefix == width(*address) {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{prefix}")
        }
    }
}

/// How many bits the addresses of this family have.
fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address as a number, its first bit the highest of the 128.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first bits of the address, and zeros behind them.
fn cut(address: IpAddr, prefix: u8) -> u128 {
    let mask = !u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    bits(address) & mask
}

/// The first address of the network that this one is in.
fn first(address: IpAddr, prefix: u8) -> IpAddr {
    let cut = cut(address, prefix);
    match address {
        IpAddr::V4(_) => {
            // The 96 bits that are shifted out are no part of it.
            let cut = u32::try_from(cut >> 96).unwrap_or(0);
            Ipv4Addr::from_bits(cut).into()
        }
        IpAddr::V6(_) => Ipv6Addr::from_bits(cut).into(),
    }
}

/// A prefix length: digits only, because `u8` takes a sign.
fn length(text: &str, whole: u8) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let length = text.parse().ok().filter(|_| digits);
    length.filter(|length| *length <= whole)
}

fn bad_length(text: &str, prefix: &str, whole: u8) -> String {
    // A netmask is what older programs take here.
    let mask: Option<Ipv4Addr> = prefix.parse().ok().filter(|_| whole == 32);
    let mask = mask.map(Ipv4Addr::to_bits);
    match mask.filter(|mask| mask.leading_ones() + mask.trailing_zeros() == 32) {
        Some(mask) => format!(
            "{text:?}: write /{} instead of the netmask",
            mask.leading_ones()
        ),
        None => format!("{text:?}: behind the / stands a number of bits, 0 to {whole}"),
    }
}

fn not_an_address(text: &str, host: &str) -> String {
    if host.contains('%') {
        return format!("{text:?}: a network has no zone: leave out the % and what follows");
    }
    if host.contains(['[', ']']) {
        return format!("{text:?}: write the address without brackets");
    }
    format!(
        "{text:?} is no address or network such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32; names are not looked up"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn holds(text: &str, address: &str) -> bool {
        network(text).contains(address.parse().unwrap())
    }

    #[test]
    fn every_form_is_read_and_printed() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 192.0.2.7 ", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1"),
            ("::1/128", "::1"),
            ("::/0", "::/0"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            assert_eq!(network(text).to_string(), shown);
            assert_eq!(network(shown), network(text));
        }
    }

    #[test]
    fn a_network_ends_where_its_prefix_says() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.64/26", "192.0.2.127", "192.0.2.128"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("fe80::/10", "febf::", "fec0::"),
        ] {
            assert!(holds(text, inside), "{text} {inside}");
            assert!(!holds(text, outside), "{text} {outside}");
        }
    }

    #[test]
    fn the_families_are_kept_apart_and_mapped_is_ipv4() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(holds("0.0.0.0/0", "::ffff:192.0.2.1"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(!holds("0.0.0.0/0", "::"));
        assert!(!holds("::/0", "192.0.2.1"));
        assert!(!holds("::/0", "::ffff:192.0.2.1"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn bits_behind_the_prefix_are_an_error_that_says_what_to_write() {
        for (text, network, host) in [
            ("10.1.2.3/8", "10.0.0.0/8", "10.1.2.3"),
            ("192.0.2.7/0", "0.0.0.0/0", "192.0.2.7"),
            ("2001:db8::1/32", "2001:db8::/32", "2001:db8::1"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8", "10.1.2.3"),
        ] {
            let error = text.parse::<Network>().unwrap_err();
            let cure = format!("write {network} for the network, {host} for the one host");
            assert!(error.ends_with(&cure), "{error}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "no address"),
            ("10/8", "no address"),
            ("10.0.0/24", "no address"),
            ("010.0.0.0/8", "no address"),
            ("localhost", "names are not looked up"),
            ("10.0.0.0/8,::1", "0 to 32"),
            ("10.0.0.0/", "0 to 32"),
            ("10.0.0.0/33", "0 to 32"),
            ("10.0.0.0/+8", "0 to 32"),
            ("10.0.0.0/-1", "0 to 32"),
            ("10.0.0.0/8/8", "0 to 32"),
            ("10.0.0.0/256", "0 to 32"),
            ("10.0.0.0/255.0.0.0", "write /8"),
            ("0.0.0.0/0.0.0.0", "write /0"),
            ("10.0.0.0/255.0.255.0", "0 to 32"),
            ("::1/129", "0 to 128"),
            ("::ffff:10.0.0.0/8", "96 to 128"),
            ("fe80::1%eth0", "no zone"),
            ("[::1]", "without brackets"),
        ] {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
            assert_eq!(error.lines().count(), 1);
        }
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
            any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
        ]
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in r"[0-9a-f.:/%\[\] ]{0,40}|\PC*") {
            _ = text.parse::<Network>();
        }

        /// Held against the definition, bit by bit, in the notation that is printed.
        #[test]
        fn it_holds_what_begins_with_the_same_bits(a in address(), b in address(), prefix in 0..=128u8) {
            let prefix = prefix % (width(a) + 1);
            let network = Network { address: first(a, prefix), prefix };
            prop_assert_eq!(network.to_string().parse(), Ok(network));
            prop_assert!(network.contains(a));
            let bit = |address: IpAddr, at: u8| match address {
                IpAddr::V4(address) => address.octets()[usize::from(at / 8)] >> (7 - at % 8) & 1,
                IpAddr::V6(address) => address.octets()[usize::from(at / 8)] >> (7 - at % 8) & 1,
            };
            let same = a.is_ipv4() == b.is_ipv4() && (0..prefix).all(|at| bit(a, at) == bit(b, at));
            prop_assert_eq!(network.contains(b), same);
        }
    }
}
