//! Where a session leaves its pages, and the line of the log that each gets.

use std::path::{Path, PathBuf};

use super::ServeArgs;
use crate::config::{Config, Reach};
use crate::diag::{Diag, Priority};
use crate::exit::Failure;
use crate::queue::job::{Job, Sender};
use crate::sink::{Origin, Sink, Verdict};
use crate::text::escape::printable;
use crate::transport::interrupt::Interrupt;

/// The most pagers that a line of the log names.
const MAX_LOGGED: usize = 20;

/// The way of a session's pages, and what is known of the pagers.
pub(in crate::applet) struct Intake<'a> {
    sink: Sink,
    /// The spool's directory; `None`: a command delivers.
    dir: Option<PathBuf>,
    config: Option<Config>,
    peer: Option<Sender>,
    log_text: bool,
    diag: &'a Diag,
}

impl<'a> Intake<'a> {
    /// Opens the spool, or gets ready to run the command. `peer`: who sends.
    pub(in crate::applet) fn open(
        args: &ServeArgs,
        config: Option<Config>,
        peer: Option<Sender>,
        diag: &'a Diag,
    ) -> Result<Self, Failure> {
        let (sink, dir) = args.open_sink(config.as_ref())?;
        Ok(Self {
            sink,
            dir,
            config,
            peer,
            log_text: args.log_text,
            diag,
        })
    }

    /// The spool's directory. `None`: what is accepted has been delivered.
    pub(in crate::applet) fn spool(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Where pages go.
    pub(in crate::applet) fn sink(&self) -> &Sink {
        &self.sink
    }

    /// How a pager can be paged; `None`: not at all. Without a configuration
    /// every pager can be, and nobody can answer.
    pub(in crate::applet) fn reach(&self, id: &str) -> Option<Reach> {
        match &self.config {
            None => Some(Reach { two_way: false }),
            Some(config) => config.reach(id),
        }
    }

    /// Who sends: the login of a session, and the other end of its line.
    pub(in crate::applet) fn origin(&self, login: Option<Sender>) -> Origin {
        let peer = self.peer.clone();
        Origin { login, peer }
    }

    /// Takes a page, and logs what became of it.
    pub(in crate::applet) fn take(
        &self,
        job: &Job,
        origin: &Origin,
        interrupt: &Interrupt,
    ) -> Verdict {
        let mut talk = |line: &str| self.log(Priority::Info, &format!("{}: {line}", job.id));
        let (verdict, why) = self.sink.accept(job, origin, interrupt, &mut talk);
        self.tell(job, origin, verdict, why.as_deref());
        verdict
    }

    /// A line of the log, with the other end of the line in front.
    pub(in crate::applet) fn log(&self, priority: Priority, text: &str) {
        let line = match &self.peer {
            Some(peer) => format!("{peer}: {text}"),
            None => format!("unknown: {text}"),
        };
        self.diag.log(priority, &line);
    }

    /// One line on each page.
    fn tell(&self, job: &Job, origin: &Origin, verdict: Verdict, why: Option<&str>) {
        let pagers = job.to.iter().map(|to| to.name.as_str());
        let pagers: Vec<&str> = pagers.take(MAX_LOGGED).collect();
        let more = match job.to.len().saturating_sub(MAX_LOGGED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let what = match (verdict, &self.dir) {
            (Verdict::Accepted, Some(_)) => format!("accepted {}", job.id),
            (Verdict::Accepted, None) => format!("delivered {}", job.id),
            (_, Some(_)) => "not accepted".to_owned(),
            (Verdict::Uncertain, None) => format!("perhaps delivered {}", job.id),
            (_, None) => format!("not delivered {}", job.id),
        };
        let from = match &origin.login {
            Some(login) => format!(" from {login}"),
            None => String::new(),
        };
        let text = self.log_text.then(|| printable(&job.message));
        let line = format!(
            "{what} for {}{more}{from}, {} bytes",
            pagers.join(","),
            job.message.len()
        );
        let line: Vec<&str> = [Some(line.as_str()), why, text.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let priority = match verdict {
            Verdict::Accepted => Priority::Info,
            Verdict::NoSuchPager | Verdict::Refused => Priority::Warning,
            Verdict::TryLater | Verdict::Full | Verdict::Uncertain => Priority::Error,
        };
        self.log(priority, &line.join(": "));
    }
}
