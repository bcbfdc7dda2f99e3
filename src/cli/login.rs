//! Who runs us, by login name. Must never promise that it is true to anybody who
//! cannot ask the kernel.

use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::getuid;

use crate::accounts;
use crate::transport::fd::Deadline;

/// How long the name service may take.
const LOOKUP: Duration = Duration::from_secs(5);

/// The login name, looked up once; else what `$LOGNAME` says, or nothing.
pub fn name() -> &'static str {
    static LOGIN: OnceLock<String> = OnceLock::new();
    LOGIN.get_or_init(|| {
        let known = accounts::name_of(getuid().as_raw(), Deadline::after(LOOKUP));
        let known = known.ok().flatten();
        known.unwrap_or_else(|| std::env::var("LOGNAME").unwrap_or_default())
    })
}
