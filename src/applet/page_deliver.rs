//! `page-deliver`: deliver the pages in the spool.
//!
//! Answers for its flags, for one pass at a time, and for a configuration that
//! is edited meanwhile. What becomes of a page is [`crate::queue::deliver`]'s
//! affair; a program as a route is [`each`]'s.

mod each;

use std::ffi::OsString;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::spool::SpoolArgs;
use crate::accounts;
use crate::cli::needed;
use crate::cli::report::answer;
use crate::config::Config;
use crate::config::check::check;
use crate::diag::{Diag, Priority, cause};
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::queue::deliver::{self, Setup};
use crate::queue::store::{Pass, Store};
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use clap::Parser;
use rustix::process::geteuid;

const NAME: &str = "page-deliver";

/// How long the name service may take to tell whose a job is.
const NAME_SERVICE: Duration = Duration::from_secs(5);
/// How long a program may take to begin, and how often we look.
const BIRTH: Duration = Duration::from_millis(200);
const GLANCE: Duration = Duration::from_millis(10);

/// Deliver the pages in the spool
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    spool: SpoolArgs,
    /// Deliver what is due, and end; this is what is done anyway
    #[arg(long, conflicts_with_all = ["watch", "each", "check"])]
    once: bool,
    /// Deliver what comes and what comes due, until stopped
    #[arg(long, conflicts_with_all = ["each", "check"])]
    watch: bool,
    /// Only what goes by this route
    #[arg(long, value_name = "NAME", conflicts_with_all = ["each", "check"])]
    route: Option<String>,
    /// Say what a page to each name would do now, and what cannot work
    #[arg(long, conflicts_with = "each")]
    check: bool,
    /// Be a route: run the command once for each page of a CSV on standard input
    #[arg(long, requires = "command")]
    each: bool,
    /// Longest run of the command
    #[arg(long, value_name = "DUR", default_value = "120s", value_parser = duration::limit, requires = "each")]
    command_timeout: Duration,
    /// Say more: dialogues, secrets masked, and what becomes of each page
    #[arg(short, long, conflicts_with_all = ["each", "check"])]
    verbose: bool,
    /// Command that delivers a page
    #[arg(last = true, value_name = "COMMAND", requires = "each")]
    command: Vec<OsString>,
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    // Where its talk is kept in a journal, that knows priorities.
    let in_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let diag = if in_journal && !args.each {
        Diag::server(NAME)
    } else {
        Diag::client(NAME, false)
    };
    let ran = if args.each {
        each::run(&args.command, args.command_timeout, &diag)
    } else if args.check {
        say_checked(args, &diag)
    } else {
        pass(args, in_journal || args.verbose, &diag)
    };
    match ran {
        Ok(exit) => exit,
        Err(failure) => {
            diag.log(Priority::Error, &format!("{:#}", failure.cause));
            failure.exit
        }
    }
}

fn find_config(args: &Args) -> Result<Config, Failure> {
    let text = "no configuration, so there are no pagers: write /etc/pagebox.toml";
    let missing = || Failure::new(Exit::Config, text);
    args.spool.find_config()?.ok_or_else(missing)
}

fn say_checked(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    let config = find_config(args)?;
    let checked = check(&config, SystemTime::now(), &needed::look);
    let lines: Vec<&str> = checked
        .lines
        .iter()
        .flat_map(|line| {
            [
                line.as_str(),
                "
",
            ]
        })
        .collect();
    answer(&lines.concat())?;
    for warning in &checked.warnings {
        diag.warn(warning);
    }
    let dir = args.spool.dir(Some(&config), "")?;
    // Root may ask on behalf of its owner.
    let theirs = |error: &Error| error.kind() == ErrorKind::PermissionDenied && geteuid().is_root();
    if let Some(error) = Store::is_ours(&dir).err().filter(|error| !theirs(error)) {
        diag.warn(&format!("spool: {}", cause(&error)));
    }
    Ok(Exit::Ok)
}

/// Delivers what is due; or, with `--watch`, what ever comes.
fn pass(args: &Args, verbose: bool, diag: &Diag) -> Result<Exit, Failure> {
    let config = find_config(args)?;
    if let Some(route) = &args.route {
        if config.route(route).is_none() {
            return Err(Failure::new(
                Exit::Config,
                format!("there is no route {route:?}"),
            ));
        }
    }
    let dir = args.spool.dir(Some(&config), "")?;
    let store = Store::open(&dir).map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::PermissionDenied => Exit::NoPermission,
            _ => Exit::CantCreate,
        };
        Failure::new(exit, error.to_string())
    })?;
    let interrupt = Interrupt::of_a_server()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {}", cause(&error))))?;
    let mut source = Source::new(args, diag);
    let mut config = Some(config);
    let mut left = Vec::new();
    loop {
        let locked = begin_pass(&store);
        let locked = locked.map_err(|error| io(&dir, &error))?;
        let Some(lock) = locked else {
            // It looks into new/ once more when it has ended.
            if args.watch {
                let text = format!("{}: another page-deliver delivers", dir.display());
                return Err(Failure::new(Exit::TempFail, text));
            }
            return Ok(Exit::Ok);
        };
        let setup = Setup {
            store: &store,
            config: match config.take() {
                Some(config) => config,
                None => find_config(args)?,
            },
            reload: &mut || source.reload(),
            login: &login,
            only: args.route.as_deref(),
            watch: args.watch,
            diag,
            verbose,
            trace: args.verbose,
            interrupt: &interrupt,
        };
        deliver::run(setup).map_err(|error| io(&dir, &error))?;
        drop(lock);
        if let Some(exit) = interrupt.exit() {
            return Ok(exit);
        }
        // Who came while we had the lock and found it taken has left it to us;
        // what cannot be taken stays.
        let arrivals = store.arrivals().map_err(|error| io(&dir, &error))?;
        if arrivals.is_empty() || arrivals == left {
            return Ok(Exit::Ok);
        }
        left = arrivals;
    }
}

/// The right to deliver. Who was killed while it started a program leaves it for
/// an instant to a child that is not that program yet, and that looks after
/// nothing.
fn begin_pass(store: &Store) -> Result<Option<Pass>, Error> {
    let until = Instant::now() + BIRTH;
    loop {
        let pass = store.begin_pass()?;
        if pass.is_some() || Instant::now() >= until {
            return Ok(pass);
        }
        thread::sleep(GLANCE);
    }
}

fn io(dir: &Path, error: &Error) -> Failure {
    Failure::new(Exit::Io, format!("{}: {}", dir.display(), cause(error)))
}

fn login(uid: u32) -> Option<String> {
    accounts::name_of(uid, Deadline::after(NAME_SERVICE))
        .ok()
        .flatten()
}

/// The configuration's file, as it changes.
struct Source<'a> {
    args: &'a Args,
    path: PathBuf,
    seen: Option<Stamp>,
    diag: &'a Diag,
}

/// Tells one version of a file from the next.
type Stamp = (SystemTime, u64, u64);

impl<'a> Source<'a> {
    fn new(args: &'a Args, diag: &'a Diag) -> Self {
        let path = args.spool.config_path();
        let seen = stamp(&path);
        Self {
            args,
            path,
            seen,
            diag,
        }
    }

    /// A configuration that is wrong is told of once, and the one before holds.
    fn reload(&mut self) -> Option<Config> {
        let now = stamp(&self.path);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        match find_config(self.args) {
            Ok(config) => Some(config),
            Err(failure) => {
                let text = format!("{:#}; the configuration before it holds", failure.cause);
                self.diag.log(Priority::Error, &text);
                None
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.ino(), file.len()))
}
