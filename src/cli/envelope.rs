//! The envelope that a server hands to a chained command, so that nothing a
//! stranger sent is ever a word of a command line.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::event::PollFlags;
use rustix::fs::{FileType, fstat};

use super::secret;
use crate::exit::Failure;
use crate::page::{Column, PageOptions, pager};
use crate::transport::fd::{Deadline, Ready, wait};

/// A page as a server hands it to a chained command.
#[derive(Debug)]
pub struct Envelope {
    /// Whom it is for.
    pub pager: String,
    /// That one's PIN.
    pub pin: Option<String>,
    /// Its options.
    pub options: PageOptions,
}

impl Envelope {
    /// Reads `PAGEBOX_PAGER`, `_LEVEL`, `_ALERT`, `_COVERAGE`, `_HOLD`,
    /// `_CALLER`, `_SUBJECT`, and the pager's PIN from file descriptor 3.
    pub fn read(defaults: &PageOptions) -> Result<Self, Failure> {
        let now = SystemTime::now();
        let Some(id) = variable("PAGEBOX_PAGER")? else {
            return Err(Failure::usage("--envelope: PAGEBOX_PAGER is not set"));
        };
        let mut options = defaults.clone();
        for (column, name) in Column::ALL {
            if column == Column::Expire {
                continue;
            }
            let name = format!("PAGEBOX_{}", name.to_ascii_uppercase());
            if let Some(value) = variable(&name)? {
                let set = options.set(column, &value, now);
                set.map_err(|text| Failure::data(format!("{name}: {text}")))?;
            }
        }
        Ok(Self {
            pager: pager(&id).map_err(|text| Failure::data(format!("PAGEBOX_PAGER: {text}")))?,
            pin: pin()?,
            options,
        })
    }
}

fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::data(format!("{name} is not UTF-8")))
        }
    }
}

/// The PIN that may wait at file descriptor 3: a pipe or a file, never
/// something that a read could disturb or be held up by.
fn pin() -> Result<Option<String>, Failure> {
    let Ok(file) = File::open("/dev/fd/3") else {
        return Ok(None);
    };
    let kind = fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if !matches!(kind, Ok(FileType::Fifo | FileType::RegularFile)) {
        return Ok(None);
    }
    let ready = wait(
        file.as_fd(),
        PollFlags::IN,
        Deadline::after(Duration::from_secs(1)),
        None,
    );
    if !matches!(ready, Ok(Ready::Yes)) {
        return Ok(None);
    }
    let pin = secret::from_fd(file.as_fd(), "file descriptor 3", None)?;
    Ok(Some(pin).filter(|pin| !pin.is_empty()))
}
