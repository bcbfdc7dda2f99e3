//! So many requests of one address: who asks for more is told when to come back.
//!
//! ```text
//! web/limits     192.0.2.7 1787457906000
//!                2001:db8:0:1:: 1787457906500
//! ```
//!
//! Each line tells when that address has its whole share again; those that have it
//! are left out. Answers for the count being right however many ask at once. A crash
//! may forget some: then they may ask again. Must never know what they ask for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

use super::refusal::Refusal;
use super::shared;
use crate::diag::{Diag, cause};
use crate::queue::work::millis;
use crate::rate::{Millis, Rate};

const NAME: &str = "limits";
/// So many addresses are known at a time.
const MOST: usize = 10_000;
/// No file of ours is longer, in bytes: an address of 45, a blank, a number of 20.
const MAX_FILE: u64 = MOST as u64 * 67;

/// Takes one request of that address.
pub(super) fn take(web: &Path, rate: Rate, address: &str, diag: &Diag) -> Result<(), Refusal> {
    let path = web.join(NAME);
    let Some(file) = shared::locked(web, &path)? else {
        return Err(shared::in_use(&path));
    };
    // Behind the lock: who waited is not counted for the past.
    let now = millis(SystemTime::now());
    let mut limits = read(&file).unwrap_or_else(|error| {
        diag.warn(&format!(
            "{}: begun anew: {}",
            path.display(),
            cause(&error)
        ));
        BTreeMap::new()
    });
    limits.retain(|_, full| *full > now);
    let key = key(address);
    let full = limits.get(&key).copied().unwrap_or_default();
    match rate.take(full, now) {
        Ok(full) => {
            make_room(&mut limits);
            limits.insert(key, full);
            write(&file, &limits).map_err(|error| shared::failed(&path, &error))
        }
        Err(until) => {
            let seconds = until.saturating_sub(now).div_ceil(1000).max(1);
            let text = format!("that was too much at once: wait {seconds} s");
            Err(Refusal::new(429, text).in_seconds(seconds))
        }
    }
}

/// Whom an address stands for: an IPv6 customer has a network of 64 bits at least.
pub(super) fn key(address: &str) -> String {
    let bare = address.trim_start_matches('[').split([']', '%']).next();
    let bare = bare.unwrap_or_default().parse::<IpAddr>();
    // Some servers tell the port, too.
    match bare.or_else(|_| address.parse().map(|peer: SocketAddr| peer.ip())) {
        Ok(address) => match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                std::net::Ipv6Addr::from_bits(network).to_string()
            }
        },
        // A server that speaks over no network: all who come through it.
        Err(_) => "-".to_owned(),
    }
}

/// Whoever has most of his share is forgotten first.
fn make_room(limits: &mut BTreeMap<String, Millis>) {
    if limits.len() < MOST {
        return;
    }
    let first = limits.iter().min_by_key(|(_, full)| **full);
    if let Some(first) = first.map(|(key, _)| key.clone()) {
        limits.remove(&first);
    }
}

fn read(file: &File) -> io::Result<BTreeMap<String, Millis>> {
    let mut text = String::new();
    let length = file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_FILE {
        return Err(io::Error::new(ErrorKind::InvalidData, "too long"));
    }
    parse(&text).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "spoilt"))
}

fn parse(text: &str) -> Option<BTreeMap<String, Millis>> {
    let line = |line: &str| {
        let (key, full) = line.split_once(' ')?;
        Some((key.to_owned(), full.parse().ok()?))
    };
    text.lines().map(line).collect()
}

/// Writes it in place.
fn write(file: &File, limits: &BTreeMap<String, Millis>) -> io::Result<()> {
    let mut text = String::new();
    for (key, full) in limits {
        // Writing to a string does not fail.
        _ = writeln!(text, "{key} {full}");
    }
    // Shorter first: what a crash leaves is the beginning of one of the two, or no text.
    file.set_len(text.len() as u64)?;
    file.write_all_at(text.as_bytes(), 0)
}
