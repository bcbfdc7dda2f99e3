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

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, fchmod, flock, openat};
use rustix::io::Errno;

use super::refusal::Refusal;
use super::site::within;
use crate::diag::{Diag, cause};
use crate::rate::{Millis, Rate};
use crate::transport::fd::{Deadline, pause};

const NAME: &str = "limits";
const MODE: Mode = Mode::RUSR
    .union(Mode::WUSR)
    .union(Mode::RGRP)
    .union(Mode::WGRP);
/// So many addresses are known at a time.
const MOST: usize = 10_000;
/// No file of ours is longer, in bytes: an address of 45, a blank, a number of 20.
const MAX_FILE: u64 = MOST as u64 * 67;
/// How long to wait for others, and between two looks.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// Takes one request of that address.
pub(super) fn take(web: &Path, rate: Rate, address: &str, diag: &Diag) -> Result<(), Refusal> {
    let path = web.join(NAME);
    let file = within(web, || open(&path))?;
    let failed = |error: &io::Error| Refusal::ours(format!("{}: {}", path.display(), cause(error)));
    let locked = lock(&file).map_err(|error| failed(&error))?;
    if !locked {
        let text = format!("{}: in use for more than a second", path.display());
        return Err(Refusal::ours(text).in_seconds(1));
    }
    // Behind the lock: who waited is not counted for the past.
    let now = now();
    let mut limits = read(&file).unwrap_or_else(|error| {
        diag.warn(&format!(
            "{}: begun anew: {}",
            path.display(),
            cause(&error)
        ));
        HashMap::new()
    });
    limits.retain(|_, full| *full > now);
    let key = key(address);
    let full = limits.get(&key).copied().unwrap_or_default();
    match rate.take(full, now) {
        Ok(full) => {
            make_room(&mut limits);
            limits.insert(key, full);
            write(&file, &limits).map_err(|error| failed(&error))
        }
        Err(until) => {
            let seconds = until.saturating_sub(now).div_ceil(1000).max(1);
            let text = format!("that was too much at once: wait {seconds} s");
            Err(Refusal::new(429, text).in_seconds(seconds))
        }
    }
}

/// Whom an address stands for: an IPv6 customer has a network of 64 bits at least.
fn key(address: &str) -> String {
    let bare = address.trim_start_matches('[').split([']', '%']).next();
    match bare.unwrap_or_default().parse::<IpAddr>() {
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

fn now() -> Millis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Millis::try_from(now.unwrap_or_default().as_millis()).unwrap_or(Millis::MAX)
}

/// Whoever has most of his share is forgotten first.
fn make_room(limits: &mut HashMap<String, Millis>) {
    if limits.len() < MOST {
        return;
    }
    let first = limits.iter().min_by_key(|(_, full)| **full);
    if let Some(first) = first.map(|(key, _)| key.clone()) {
        limits.remove(&first);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Err(Errno::NOENT) => {
            let file = openat(CWD, path, flags | OFlags::CREATE, MODE)?;
            // Another user may serve the next request; whose file it is has been first.
            _ = fchmod(&file, MODE);
            file
        }
        other => other?,
    };
    Ok(file.into())
}

/// Nothing tells when a lock is free but waiting for it, and that has no deadline: so it
/// is looked at again and again. False: it was not to be had in time.
fn lock(file: &File) -> io::Result<bool> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) if deadline.remaining() != Some(Duration::ZERO) => {
                pause(PAUSE, None)?;
            }
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(file: &File) -> io::Result<HashMap<String, Millis>> {
    let mut text = String::new();
    let length = file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_FILE {
        return Err(io::Error::new(ErrorKind::InvalidData, "too long"));
    }
    parse(&text).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "spoilt"))
}

fn parse(text: &str) -> Option<HashMap<String, Millis>> {
    let line = |line: &str| {
        let (key, full) = line.split_once(' ')?;
        Some((key.to_owned(), full.parse().ok()?))
    };
    text.lines().map(line).collect()
}

/// Writes it in place.
fn write(file: &File, limits: &HashMap<String, Millis>) -> io::Result<()> {
    let mut text = String::new();
    for (key, full) in limits {
        // Writing to a string does not fail.
        _ = writeln!(text, "{key} {full}");
    }
    // Shorter first: what a crash leaves is the beginning of one of the two, or no text.
    file.set_len(text.len() as u64)?;
    file.write_all_at(text.as_bytes(), 0)
}
