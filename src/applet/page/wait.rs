//! Waiting for the fate of a page: until its status is final.
//!
//! Answers for a limit to the wait, and for nobody being woken without need:
//! the directory of the status files is watched, or looked at now and then
//! where that cannot be.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

use crate::queue::tags::{self, Status, Ticket};
use crate::transport::fd::{Deadline, Ready, wait};
use crate::transport::interrupt::Interrupt;

/// The first pause between two looks, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// No watch is trusted for longer: what it watches may have been replaced.
const TRUST: Duration = Duration::from_secs(5);

/// The final status of one job; `None`: a signal, or it did not come in time.
pub(super) fn wait_for(
    dir: &Path,
    ticket: &Ticket,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> io::Result<Option<Status>> {
    let (first, longest) = PAUSES;
    let (mut watch, mut pause) = (None, first);
    loop {
        // Before the look: what comes behind it is not missed.
        watch = watch.or_else(|| watch_tags(dir));
        let status = tags::status(dir, &ticket.tag, &ticket.pass)?;
        if let Some(status) = status.filter(|status| status.exit.is_some()) {
            return Ok(Some(status));
        }
        let over = deadline.remaining() == Some(Duration::ZERO);
        if over || interrupt.exit().is_some() {
            return Ok(None);
        }
        let (fd, span) = match &watch {
            Some(watch) => (watch.as_fd(), TRUST),
            None => (interrupt.fd(), pause),
        };
        pause = pause.saturating_mul(2).min(longest);
        let until = Deadline::after(span).earlier(deadline);
        if wait(fd, PollFlags::IN, until, Some(interrupt))? == Ready::Yes {
            if let Some(watch) = &watch {
                // That something happened is all that counts.
                _ = rustix::io::read(watch, &mut [0; 4096]);
            }
        }
    }
}

/// `None`: there is no such directory yet, or no watch to be had.
fn watch_tags(dir: &Path) -> Option<OwnedFd> {
    let fd = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
    let events = WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE | WatchFlags::ONLYDIR;
    add_watch(&fd, dir.join(tags::TAGS), events).ok()?;
    Some(fd)
}
