//! `pageq`: what lies in the spool, and what is to become of it.
//!
//! Answers for its flags, for running as the spool's owner, and for saying
//! what could not be done. How a job is changed while a pass may be running is
//! [`crate::queue::store`]'s affair.

mod change;
mod find;
mod list;
mod reply;
mod row;
mod show;
mod table;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use clap::{Parser, Subcommand};
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};

use self::change::Wish;
use super::spool::SpoolArgs;
use crate::diag::{Diag, cause};
use crate::exit::{Exit, Failure};
use crate::queue::store::Store;

const NAME: &str = "pageq";

/// Look at queued pages, and hold, release, retry or remove them
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    /// What to do [default: list]
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    spool: SpoolArgs,
    /// Print results as JSON, one object a line
    #[arg(long, global = true, help_heading = "Reports")]
    json: bool,
    /// List pages that have failed, with what happened to them
    #[arg(long, global = true, help_heading = "Reports")]
    failed: bool,
    /// List receipts of pages that were sent; with --failed, list everything
    #[arg(long, global = true, help_heading = "Reports")]
    sent: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Name the jobs, the most urgent first
    List,
    /// Tell everything about a job
    Show(Job),
    /// Stop jobs until they are released
    Hold(Jobs),
    /// Let go jobs that are held
    Release(Jobs),
    /// Try jobs again now, also when they have failed
    Retry(Jobs),
    /// Remove jobs for good
    Remove(Jobs),
    /// Tell what the pager's user answered
    Reply(Reply),
}

#[derive(clap::Args, Debug)]
struct Job {
    /// A job, by its ID or the beginning of it
    #[arg(value_name = "ID", value_parser = id)]
    id: String,
}

#[derive(clap::Args, Debug)]
struct Jobs {
    /// Jobs, by their IDs or the beginnings of them
    #[arg(value_name = "ID", required = true, value_parser = id)]
    ids: Vec<String>,
}

#[derive(clap::Args, Debug)]
struct Reply {
    #[command(flatten)]
    job: Job,
    /// The answer: the code or the text of a choice, or anything
    #[arg(value_name = "TEXT", value_parser = reply::answer)]
    text: String,
}

/// An empty one would be the beginning of every ID.
fn id(text: &str) -> Result<String, String> {
    match text {
        "" => Err("an ID is a word".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::client(NAME, false);
    match dispatch(args, &diag) {
        Ok(exit) => exit,
        Err(failure) => {
            diag.warn(&format!("{:#}", failure.cause));
            failure.exit
        }
    }
}

fn dispatch(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    let command = args.command.as_ref().unwrap_or(&Command::List);
    if (args.failed || args.sent) && !matches!(command, Command::List) {
        return Err(Failure::usage("--failed and --sent are for list alone"));
    }
    let looks = matches!(command, Command::List | Command::Show(_));
    let store = args.open(if looks {
        Store::open_to_look
    } else {
        Store::open
    })?;
    match command {
        Command::List => list::run(args, &store),
        Command::Show(job) => show::run(&store, &job.id, args.json),
        Command::Hold(jobs) => change::run(&store, Wish::Hold, &jobs.ids, diag),
        Command::Release(jobs) => change::run(&store, Wish::Release, &jobs.ids, diag),
        Command::Retry(jobs) => change::run(&store, Wish::Retry, &jobs.ids, diag),
        Command::Remove(jobs) => change::run(&store, Wish::Remove, &jobs.ids, diag),
        Command::Reply(reply) => reply::run(&store, &reply.job.id, &reply.text),
    }
}

impl Args {
    fn open(&self, open: fn(&Path) -> io::Result<Store>) -> Result<Store, Failure> {
        let dir = self.spool.usual_dir()?;
        // Opening it may make what is missing of it: not where there is none.
        let new = std::fs::metadata(dir.join("new")).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(
                Exit::NoInput,
                format!(
                    "{}: no spool: there is no new/ in it; --spool names another one",
                    dir.display()
                ),
            ),
            _ => failed(&format!("{}/new", dir.display()), &error),
        })?;
        let owner = std::fs::metadata(&dir).map(|dir| dir.uid());
        let owner = owner.map_err(|error| failed(&dir.display().to_string(), &error))?;
        become_owner(owner, new.gid())?;
        open(&dir).map_err(|error| Failure::new(status(&error), cause(&error)))
    }
}

/// What root would write, the deliverer could not read.
fn become_owner(owner: u32, group: u32) -> Result<(), Failure> {
    if owner == 0 || !geteuid().is_root() {
        return Ok(());
    }
    let group = Gid::from_raw(group);
    let done = setgroups(&[group])
        .and_then(|()| setgid(group))
        .and_then(|()| setuid(Uid::from_raw(owner)));
    done.map_err(|error| {
        let text = format!(
            "cannot become the owner of the spool, who has the number {owner}: {}: run this as that user",
            error.desc()
        );
        Failure::new(Exit::Os, text)
    })
}

fn status(error: &io::Error) -> Exit {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Exit::NoPermission,
        io::ErrorKind::Unsupported => Exit::Config,
        _ => Exit::Io,
    }
}

/// A failure of the disk, or of our right to use it.
fn failed(what: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => ": this is for root and the owner of the spool",
        _ => "",
    };
    Failure::new(status(error), format!("{what}: {}{hint}", cause(error)))
}

/// What is asked for cannot be had now.
fn later(text: impl Into<String>) -> Failure {
    Failure::new(Exit::TempFail, text)
}
