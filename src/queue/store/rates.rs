//! The moments at which buckets will be full again: one small file, written
//! whole and renamed.
//!
//! Answers for the file being whole at every moment. Must never know what a
//! bucket is for; who writes it holds the right to deliver.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};

use rustix::fs::{Mode, OFlags, openat, renameat};
use rustix::io::Errno;

use super::super::work::Millis;
use super::{MODE, STAGED, Store};

/// The file.
const RATES: &str = ".rates";
/// No file of ours is longer, in bytes.
const MAX: u64 = 16 * 1024 * 1024;

impl Store {
    /// The moments, by bucket; none where there is no file.
    pub fn rates(&self) -> io::Result<BTreeMap<String, Millis>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.active, RATES, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(BTreeMap::new()),
            other => File::from(other?),
        };
        let mut bytes = Vec::new();
        file.take(MAX).read_to_end(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Keeps them; they are on disk when this returns.
    pub fn keep_rates(&self, rates: &BTreeMap<String, Millis>) -> io::Result<()> {
        let beside = format!("{STAGED}rates");
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.active, &*beside, flags, MODE)?);
        file.write_all(&serde_json::to_vec(rates)?)?;
        file.sync_all()?;
        // Should a power cut bring back the old file, a bucket is fuller than it was.
        Ok(renameat(&self.active, &*beside, &self.active, RATES)?)
    }
}
