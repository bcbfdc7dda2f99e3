//! `snpp-probe`: is this SNPP gateway up, what can it do, does it know this pager?
//!
//! Answers for its flags and for how findings are said. It pages nobody.

mod ask;
mod features;
mod say;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;

use self::ask::{Finding, Gateway};
use crate::applet::snpp;
use crate::cli::line::LineArgs;
use crate::cli::peer::Peer;
use crate::cli::{ReportArgs, duration};
use crate::diag::Diag;
use crate::exit::{Exit, Failure};
use crate::outcome::{Outcome, Tally};
use crate::page::{pager, word};
use crate::protocol::snpp::command::Command;
use crate::transport::interrupt::Interrupt;

const NAME: &str = "snpp-probe";

/// The pauses between two tries of --wait.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Ask an SNPP gateway whether it is up and what it can do
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Gateway to ask [default port: 444; default: $SNPP_SERVER]
    #[arg(value_name = "HOST[:PORT]", value_parser = snpp::peer)]
    hosts: Vec<Peer>,
    /// Which levels and commands does it know? Asks HELP, and else tries
    #[arg(long)]
    features: bool,
    /// Would it take a page for this pager? Exit 1: no
    #[arg(long, value_name = "ID")]
    pager: Option<String>,
    /// Where is this two-way pager? Exit 1: not reachable
    #[arg(long, value_name = "ID")]
    ping: Option<String>,
    /// Log in with this name; the password is in --password-file, in $SNPP_PASSWORD, or asked for
    #[arg(long, value_name = "USER")]
    login: Option<String>,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", requires = "login")]
    password_file: Option<PathBuf>,
    /// Speak and exit like a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    #[arg(long, conflicts_with_all = ["json", "dry_run"])]
    nagios: bool,
    /// WARNING when the greeting takes longer
    #[arg(short, long, value_name = "DUR", value_parser = duration::up_to_a_day, requires = "nagios")]
    warning: Option<Duration>,
    /// CRITICAL when the greeting takes longer
    #[arg(short, long, value_name = "DUR", value_parser = duration::up_to_a_day, requires = "nagios")]
    critical: Option<Duration>,
    /// Wait for at most so long: until the gateway is up, or the fate of the page is final
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day)]
    wait: Option<Duration>,
    /// Say goodbye after this step
    #[arg(long, value_name = "STEP", value_enum, ignore_case = true)]
    quit_after: Option<Step>,
    #[command(flatten)]
    line: LineArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// The steps of a probe, in order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub(crate) enum Step {
    /// The greeting
    #[value(name = "BANNER")]
    Banner,
    /// The login
    #[value(name = "LOGI")]
    Logi,
    /// HELP
    #[value(name = "HELP")]
    Help,
    /// PAGE
    #[value(name = "PAGE")]
    Page,
}

impl Args {
    fn reaches(&self, step: Step) -> bool {
        self.quit_after.is_none_or(|last| last >= step)
    }

    fn timeout(&self) -> Duration {
        self.line.timeout.unwrap_or(Duration::from_secs(10))
    }

    fn peers(&self) -> Result<Vec<Peer>, Failure> {
        let peers = snpp::servers(&self.hosts)?;
        if peers.is_empty() {
            return Err(Failure::usage("no server: name one, or set SNPP_SERVER"));
        }
        Ok(peers)
    }

    /// LOGI, where it is wanted and comes before the last step.
    fn login(&self, interrupt: &Interrupt) -> Result<Option<Command>, Failure> {
        let user = self.login.as_deref().filter(|_| self.reaches(Step::Logi));
        user.map(|user| snpp::login(user, self.password_file.as_deref(), interrupt))
            .transpose()
    }
}

/// Runs the applet.
pub(crate) fn run(args: &Args) -> Exit {
    let diag = Diag::client(NAME, args.report.quiet || args.nagios);
    let failure = match probe_all(args, &diag) {
        Ok(exit) => return exit,
        Err(failure) => failure,
    };
    if args.nagios {
        say::plugin_failure(&failure, &diag);
        return Exit::NagiosUnknown;
    }
    diag.warn(&format!("{:#}", failure.cause));
    if args.report.json && !args.report.quiet {
        say::json_failure(&failure, &diag);
    }
    failure.exit
}

fn probe_all(args: &Args, diag: &Diag) -> Result<Exit, Failure> {
    let peers = args.peers()?;
    if args.nagios && peers.len() != 1 {
        return Err(Failure::usage("--nagios asks one gateway"));
    }
    for id in [&args.pager, &args.ping].into_iter().flatten() {
        pager(id).map_err(Failure::data)?;
    }
    if let Some(user) = &args.login {
        word("login", user).map_err(Failure::data)?;
    }
    if args.quit_after == Some(Step::Page) && args.pager.is_none() {
        return Err(Failure::usage("--quit-after PAGE needs --pager"));
    }
    if args.report.dry_run {
        say::plan(args, &peers, diag)?;
        return Ok(Exit::Ok);
    }
    let interrupt = Interrupt::register()
        .map_err(|error| Failure::new(Exit::Os, format!("signals: {error}")))?;
    let login = args.login(&interrupt)?;
    let mut tally = Tally::default();
    for peer in &peers {
        let mut gateway = Gateway::new(args, peer, login.as_ref(), diag, &interrupt);
        let finding = probe(args, &mut gateway, &interrupt);
        if args.nagios {
            return Ok(say::say_plugin(args, &finding, diag));
        }
        say::finding(args, &finding, diag)?;
        tally.add(Outcome::Untried, finding.exit);
        if let Some(exit) = interrupt.exit() {
            return Ok(exit);
        }
    }
    Ok(tally.exit())
}

/// Asks once, or until the gateway is up.
fn probe(args: &Args, gateway: &mut Gateway<'_>, interrupt: &Interrupt) -> Finding {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let finding = gateway.ask();
        let left = args
            .wait
            .unwrap_or_default()
            .saturating_sub(begun.elapsed());
        // A gateway that refuses a login or a question is up.
        let may_come_up = finding.exit == Exit::TempFail;
        if !may_come_up || left.is_zero() || !interrupt.sleep(pause.min(left)) {
            return finding;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
