//! Where the spool is, and which configuration holds, for all who put pages
//! into it. Must never know what they put there.

use std::path::PathBuf;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Where pages go if nobody says where.
const DEFAULT: &str = "/var/spool/pagebox";

/// Where the spool is, and who can be paged.
#[derive(clap::Args, Clone, Debug)]
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
