//! Who tells us that something has come: inotify, or where there is none,
//! nobody, and we look by ourselves.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

/// Watches `new/`, and what pageq does in `wait/`.
#[derive(Debug)]
pub(super) struct Watch(Option<OwnedFd>);

/// What has come since the last time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Something in `new/`.
    pub(super) arrived: bool,
    /// Somebody has changed what waits.
    pub(super) poked: bool,
}

impl Watch {
    /// From now on.
    pub(super) fn new(dir: &Path) -> Self {
        let watch = || {
            let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            let come = WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE | WatchFlags::ONLYDIR;
            inotify::add_watch(&fd, dir.join("new"), come)?;
            let poked = WatchFlags::ATTRIB | WatchFlags::ONLYDIR;
            inotify::add_watch(&fd, dir.join("wait"), poked)?;
            Ok::<_, rustix::io::Errno>(fd)
        };
        Self(watch().ok())
    }

    /// Readable once something came; `None`: nobody tells us.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(AsFd::as_fd)
    }

    /// What has come since the last time.
    pub(super) fn read(&self) -> Seen {
        let mut seen = Seen::default();
        let Some(fd) = &self.0 else {
            return seen;
        };
        let mut room = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(fd, &mut room);
        while let Ok(event) = events.next() {
            let flags = event.events();
            let lost = flags.contains(ReadFlags::QUEUE_OVERFLOW);
            seen.poked |= lost || flags.contains(ReadFlags::ATTRIB);
            seen.arrived |= lost || !flags.contains(ReadFlags::ATTRIB);
        }
        seen
    }
}
