//! A job from a socket, as a super-server hands it over: one job, one line of an answer.
//!
//! Answers for who may send one, and for the answer: `queued ID`, or
//! `not queued: ` and why. Must never tell a client more of us than that.

use std::path::Path;

use rustix::io::Errno;
use rustix::net::getsockname;
use rustix::stdio::stdin;

use super::flags::Args;
use super::names::Names;
use super::page::{Page, Wishes};
use super::submit::Submitter;
use super::{NAME, whole};
use crate::access::peer::{Admission, Peer};
use crate::applet::serve::{self, LINGER};
use crate::applet::spool;
use crate::diag::{Diag, Priority};
use crate::exit::{Exit, Failure};
use crate::queue::job::Sender;
use crate::text::escape::printable;
use crate::transport::fd::Deadline;
use crate::transport::stdio::{self, Far};

/// What a client is told of our own troubles.
const LATER: &str = "not queued: try again later";

/// The client of a super-server or of a wrapper such as stunnel, where the job
/// comes from one. A socket alone makes none: some programs give sockets to their
/// children as others give pipes, and look at their status.
pub(super) fn client(args: &Args) -> Option<Peer> {
    let from_input = args.job.as_deref() == Some(Path::new("-"));
    let is_socket = || getsockname(stdin()).err() != Some(Errno::NOTSOCK);
    if !from_input || !is_socket() {
        return None;
    }
    let peer = Peer::new(Far::of_stdin(), |name| std::env::var(name).ok());
    peer.is_served().then_some(peer)
}

/// Takes one job, answers, and logs. Ends in 0 whatever a client did wrong.
pub(super) fn run(args: &Args, peer: &Peer) -> Exit {
    serve::run(NAME, |diag| {
        if args.wait.is_some() || args.report.dry_run {
            let text = "a client of a socket is not waited for: leave out --wait and --dry-run";
            return Err(Failure::usage(text));
        }
        let (answer, result) = match take(args, peer) {
            Ok(page) => {
                let names: Vec<&str> = page.names().collect();
                let line = format!("{peer}: accepted {} for {}", page.ids(), names.join(","));
                diag.log(Priority::Info, &line);
                (format!("queued {}", page.ids()), Ok(()))
            }
            Err(failure) => refused(peer, failure, diag),
        };
        if let Ok(mut line) = stdio::line() {
            line.part(format!("{answer}\r\n").as_bytes(), Deadline::after(LINGER));
        }
        result
    })
}

/// A client's errors are told to it; ours are told to the log.
fn refused(peer: &Peer, failure: Failure, diag: &Diag) -> (String, Result<(), Failure>) {
    let text = format!("{:#}", failure.cause);
    match failure.exit {
        Exit::Data | Exit::NoUser | Exit::NoPermission | Exit::NoInput => {
            diag.log(Priority::Warning, &format!("{peer}: not queued: {text}"));
            (
                format!("not queued: {}", printable(text.as_bytes())),
                Ok(()),
            )
        }
        Exit::Terminated | Exit::Interrupted => (LATER.to_owned(), Ok(())),
        _ => (LATER.to_owned(), Err(failure)),
    }
}

fn take(args: &Args, peer: &Peer) -> Result<Page, Failure> {
    if let Admission::Refused(why) = peer.admit(&args.allow, false) {
        return Err(Failure::new(Exit::NoPermission, why));
    }
    let interrupt = serve::signals()?;
    let config = args.place.find_config()?;
    let dir = args.place.dir(config.as_ref(), super::OTHERWISE)?;
    let spool = spool::open(&dir).map_err(|failure| Failure {
        // It is our group, not the client's, that is wrong.
        exit: Exit::CantCreate,
        ..failure
    })?;
    let mut job = whole::read(Path::new("-"), &interrupt)?;
    whole::check_stranger(&job).map_err(Failure::data)?;
    Names(config).check_all(job.to.iter().map(|to| to.name.as_str()))?;
    let mut wishes = Wishes::new(args)?;
    wishes.from = peer
        .name()
        .map(|(name, verified)| Sender { name, verified });
    wishes.complete(&mut job);
    let page = Page::of(1, vec![job], &wishes)?;
    let report = Submitter::new(&spool, &args.retry, &interrupt).send(&page);
    match report.fate.exit {
        Exit::Ok => Ok(page),
        Exit::NoPermission => Err(Failure::new(Exit::CantCreate, report.fate.text)),
        exit => Err(Failure::new(exit, report.fate.text)),
    }
}
