//! What a request is done with: the configuration, and where the spool is.
//!
//! Answers for the names that can be paged from the web, and for the directory in
//! which requests leave something to each other, `SPOOL/web`.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::limit;
use super::refusal::Refusal;
use crate::applet::spool::SpoolArgs;
use crate::cgi::request::Request;
use crate::config::Config;
use crate::config::value::Host;
use crate::diag::{Diag, cause};

/// Below the spool: what outlives a request.
const WEB: &str = "web";
/// A body may be so long whatever the configuration says, in bytes, and no body longer.
const BODY: usize = 16 * 1024;
const MAX_BODY: usize = 256 * 1024;
/// A character takes so many bytes of it at most, percent-encoded or as JSON has it.
const CHARACTER: usize = 12;
/// So much is for names of fields, and for those that are no names and no message.
const FIELDS: usize = 1024;
/// For all who serve requests, whoever they are: its files have its group.
const MODE: u32 = 0o2770;

/// What a request is done with.
#[derive(Debug)]
pub(super) struct Site<'r> {
    pub(super) request: &'r Request,
    /// Left to the process, which ends with its request and need not take it apart.
    pub(super) config: &'static Config,
    /// The spool's directory.
    pub(super) dir: PathBuf,
}

impl<'r> Site<'r> {
    /// Finds the configuration and the spool.
    pub(super) fn find(place: &SpoolArgs, request: &'r Request) -> Result<Self, Refusal> {
        let ours = |failure: crate::exit::Failure| Refusal::ours(format!("{:#}", failure.cause));
        let config = place.find_config().map_err(ours)?;
        let dir = place.dir(config.as_ref(), "name one in PAGEBOX_CONFIG");
        let (dir, Some(config)) = (dir.map_err(ours)?, config) else {
            return Err(Refusal::ours(
                "no configuration: without one there are no names",
            ));
        };
        let site = Self {
            request,
            config: Box::leak(Box::new(config)),
            dir,
        };
        site.check_host()?;
        Ok(site)
    }

    /// A page of another site, whose name leads here by now, is of the same origin for a
    /// browser; but the host that it asks for is still that name.
    fn check_host(&self) -> Result<(), Refusal> {
        let web = self.config.tables().web.as_ref();
        let names = web.and_then(|web| web.server_names.as_ref());
        let host = self.request.host.as_str();
        if names.is_none_or(|names| names.as_slice().iter().any(|name| name.is(host))) {
            return Ok(());
        }
        let text = format!("{host:?} is not among server-names of [web]");
        Err(Refusal::new(403, text))
    }

    /// Who can be paged, in the order of the form.
    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.config.web_names().into_iter();
        names
            .filter(|name| self.config.reach(name).is_some())
            .collect()
    }

    /// The longest body of a request, in bytes: it has room for the longest message
    /// and for each name, however they are written.
    pub(super) fn longest_body(found: &Result<Self, Refusal>) -> usize {
        let Ok(Self { config, .. }) = found else {
            return BODY;
        };
        let message = config.web_length().saturating_mul(CHARACTER);
        let names = config.web_names().into_iter();
        let names: usize = names.map(|name| 3 * name.len() + "to=&".len()).sum();
        let most = message.saturating_add(names + FIELDS);
        most.clamp(BODY, MAX_BODY)
    }

    /// The gateways that programs may have us speak to.
    pub(super) fn gateways(&self) -> &[Host] {
        let web = self.config.tables().web.as_ref();
        let named = web.and_then(|web| web.allow_hosts.as_deref());
        named.unwrap_or_default()
    }

    /// Counts a request that pages or probes against the limit of its address.
    pub(super) fn admit(&self, diag: &Diag) -> Result<(), Refusal> {
        let rate = self.config.web_rate();
        limit::take(&self.web(), rate, &self.request.address, diag)
    }

    /// Where requests leave something to each other.
    pub(super) fn web(&self) -> PathBuf {
        self.dir.join(WEB)
    }
}

/// Does something with a file in that directory, which is made where it is missing.
pub(super) fn within<T>(
    web: &Path,
    file: &Path,
    mut work: impl FnMut() -> io::Result<T>,
) -> Result<T, Refusal> {
    let (mut at, mut result) = (file, work());
    if matches!(&result, Err(error) if error.kind() == ErrorKind::NotFound) {
        result = match make(web) {
            Ok(()) => work(),
            Err(error) => {
                at = web;
                Err(error)
            }
        };
    }
    result.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied => {
                "; see FILES in page-cgi(8) for who must have it"
            }
            _ => "",
        };
        Refusal::ours(format!("{}: {}{advice}", at.display(), cause(&error)))
    })
}

fn make(web: &Path) -> io::Result<()> {
    match fs::create_dir(web) {
        Ok(()) => fs::set_permissions(web, Permissions::from_mode(MODE)),
        // Another request was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
