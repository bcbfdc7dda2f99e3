//! The options of a page as flags.

use std::time::{Duration, SystemTime};

use clap::Args;

use crate::exit::Failure;
use crate::page::{self, Column, PageOptions, level};

/// What every sender can say of a page.
#[derive(Args, Clone, Debug)]
pub struct OptionArgs {
    /// Service level, 0 to 11; 1 is normal
    #[arg(long, value_name = "N", value_parser = level, help_heading = "Options of a page")]
    pub level: Option<u8>,
    /// Override the alert: 0 silent, 1 alert
    #[arg(long, value_name = "0|1", value_parser = page::alert, help_heading = "Options of a page")]
    pub alert: Option<bool>,
    /// Coverage area
    #[arg(long, value_name = "AREA", help_heading = "Options of a page")]
    pub coverage: Option<String>,
    /// Who calls
    #[arg(long, value_name = "TEXT", help_heading = "Options of a page")]
    pub caller: Option<String>,
    /// What about
    #[arg(long, value_name = "TEXT", help_heading = "Options of a page")]
    pub subject: Option<String>,
}

impl OptionArgs {
    /// The options of a page, with what other flags say of its times.
    pub fn page(
        &self,
        hold: Option<&str>,
        expire: Option<Duration>,
        now: SystemTime,
    ) -> Result<PageOptions, Failure> {
        let mut options = PageOptions {
            level: self.level,
            alert: self.alert,
            expire,
            ..PageOptions::default()
        };
        for (column, value) in [
            (Column::Coverage, self.coverage.as_deref()),
            (Column::Hold, hold),
            (Column::Caller, self.caller.as_deref()),
            (Column::Subject, self.subject.as_deref()),
        ] {
            if let Some(value) = value {
                options.set(column, value, now).map_err(Failure::data)?;
            }
        }
        Ok(options)
    }
}
