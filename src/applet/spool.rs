//! Where the spool is, and which configuration holds, for all who put pages
//! into it; and what is said, with what to do about it, where it takes none.
//! Must never know what they put there.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::cli::login;
use crate::config::Config;
use crate::diag::cause;
use crate::exit::{Exit, Failure};
use crate::outcome::{Fate, Outcome};
use crate::queue::spool::{Room, Spool};

/// Where pages go if nobody says where.
const DEFAULT: &str = "/var/spool/pagebox";

/// Where the spool is, and who can be paged.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct SpoolArgs {
    /// Directory that accepted pages go into [default: $PAGEBOX_SPOOL, else the configuration's,
    /// else /var/spool/pagebox]
    #[arg(long, value_name = "DIR", global = true)]
    spool: Option<PathBuf>,
    /// Configuration: the pagers there are [default: $PAGEBOX_CONFIG, else /etc/pagebox.toml if
    /// it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl SpoolArgs {
    /// The configuration, where there is one.
    pub(super) fn find_config(&self) -> Result<Option<Config>, Failure> {
        let variable = std::env::var_os("PAGEBOX_CONFIG");
        let config = Config::find(self.config.as_deref(), variable.as_deref());
        config.map_err(|error| Failure::new(Exit::Config, error.to_string()))
    }

    /// Where the configuration is, or would be.
    pub(super) fn config_path(&self) -> PathBuf {
        let variable = std::env::var_os("PAGEBOX_CONFIG").filter(|path| !path.is_empty());
        let named = self.config.clone().or(variable.map(PathBuf::from));
        named.unwrap_or_else(|| crate::config::DEFAULT.into())
    }

    /// The spool's directory. Without a word of ours or a configuration no pager
    /// is known, and who takes nothing should not look like one who does;
    /// `otherwise` tells what to do then.
    pub(super) fn dir(&self, config: Option<&Config>, otherwise: &str) -> Result<PathBuf, Failure> {
        if let Some(dir) = &self.spool {
            return Ok(dir.clone());
        }
        let Some(config) = config else {
            let text = format!(
                "no configuration, so there are no pagers: write /etc/pagebox.toml, or {otherwise}"
            );
            return Err(Failure::new(Exit::Config, text));
        };
        Ok(variable().unwrap_or_else(|| configured(Some(config))))
    }

    /// The same for who only looks at the spool: there may be no configuration.
    pub(super) fn usual_dir(&self) -> Result<PathBuf, Failure> {
        match self.spool.clone().or_else(variable) {
            Some(dir) => Ok(dir),
            None => Ok(configured(self.find_config()?.as_ref())),
        }
    }
}

fn variable() -> Option<PathBuf> {
    let dir = std::env::var_os("PAGEBOX_SPOOL").filter(|dir| !dir.is_empty());
    dir.map(PathBuf::from)
}

fn configured(config: Option<&Config>) -> PathBuf {
    let dir = config.and_then(Config::spool);
    dir.unwrap_or(DEFAULT.as_ref()).to_owned()
}

/// Opens a spool, which must be there: who delivers has made it.
pub(super) fn open(dir: &Path) -> Result<Spool, Failure> {
    Spool::open(dir, false, Room::default()).map_err(|error| {
        let (exit, advice) = advice(&error);
        Failure::new(exit, format!("{}{advice}", cause(&error)))
    })
}

/// How it ends where a spool cannot be used at all, and what to do.
fn advice(error: &io::Error) -> (Exit, String) {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            let user = match login::name() {
                "" => "USER",
                name => name,
            };
            let text = format!(
                "; who is to queue pages must be in the spool's group: usermod -aG pagebox {user}, and log in again; for what a mail server runs it must be the user's own: usermod -g"
            );
            (Exit::NoPermission, text)
        }
        ErrorKind::NotFound => {
            let text = "; there is no spool: see FILES in page(1), or give --spool DIR";
            (Exit::CantCreate, text.to_owned())
        }
        _ => (Exit::CantCreate, String::new()),
    }
}

/// The fate of a job that was not taken; nothing of it is left.
pub(super) fn not_taken(error: &io::Error) -> Fate {
    let text = format!("not queued: {}", cause(error));
    match (error.raw_os_error(), error.kind()) {
        (None, ErrorKind::InvalidInput) => Fate::new(Outcome::Refused, Exit::Data, text),
        (_, ErrorKind::PermissionDenied | ErrorKind::NotFound | ErrorKind::ReadOnlyFilesystem) => {
            let (exit, advice) = advice(error);
            Fate::new(Outcome::Refused, exit, text + &advice)
        }
        _ => Fate::temporary(text),
    }
}
