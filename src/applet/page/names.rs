//! Which names can be paged.

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::page::pager;
use crate::text::shape::is_name;

/// Those of a configuration; without one, all that could be a name.
#[derive(Debug)]
pub(super) struct Names(pub(super) Option<Config>);

impl Names {
    /// The same for all those that a page is for.
    pub(super) fn check_all<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(), Failure> {
        self.check(names).map_err(|failure| {
            let text = format!("{:#}; nothing is queued", failure.cause);
            Failure::new(failure.exit, text)
        })
    }

    /// Fails where one of them cannot be paged, and names all of those.
    pub(super) fn check<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), Failure> {
        let mut unknown = Vec::new();
        for name in names {
            pager(name).map_err(Failure::data)?;
            if !is_name(name) {
                let text = format!(
                    "{name:?} is no name: letters and digits, and any of . _ + @ - behind the first"
                );
                return Err(Failure::data(text));
            }
            let reached = |config: &Config| config.reach(name).is_some();
            if !self.0.as_ref().is_none_or(reached) {
                unknown.push(name);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let text = format!(
            "no pager or group that a route leads to: {}",
            unknown.join(", ")
        );
        Err(Failure::new(Exit::NoUser, text))
    }
}
