//! The flags of `ixo-send`, and what they ask for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use super::NAME;
use super::page::Wishes;
use crate::bulk::flags::BulkArgs;
use crate::bulk::retry::RetryArgs;
use crate::cli::line::LineArgs;
use crate::cli::message::{TextArgs, positive};
use crate::cli::peer::Peer;
use crate::cli::serial::SerialArgs;
use crate::cli::{ReportArgs, duration, secret};
use crate::exit::{Exit, Failure};
use crate::page::one_line;
use crate::protocol::tap::sender::Escape;
use crate::transport::interrupt::Interrupt;

/// Send pages to a TAP paging central
#[derive(Debug, Parser)]
#[command(name = NAME, version, max_term_width = 100)]
pub(crate) struct Args {
    /// Pager ID, or several separated by commas
    #[arg(value_name = "PAGER[,PAGER...]", required_unless_present_any = ["csv", "envelope", "probe"])]
    pub(super) target: Option<String>,
    /// The message
    #[arg(value_name = "MESSAGE WORD")]
    pub(super) words: Vec<OsString>,
    #[command(flatten)]
    pub(super) serial: SerialArgs,
    #[command(flatten)]
    pub(super) net: NetArgs,
    #[command(flatten)]
    pub(super) modem: ModemArgs,
    #[command(flatten)]
    pub(super) central: CentralArgs,
    #[command(flatten)]
    pub(super) probe: ProbeArgs,
    /// Take pager, options and message from the environment, file descriptor 3 and standard input, as a chained command gets them
    #[arg(long, conflicts_with_all = ["target", "csv", "message", "tone", "probe"], help_heading = "Message")]
    pub(super) envelope: bool,
    #[command(flatten)]
    pub(super) text: TextArgs,
    /// Take only digits, blanks, and - * #: the pagers show no letters
    #[arg(long, help_heading = "Message")]
    pub(super) numeric: bool,
    #[command(flatten)]
    pub(super) bulk: BulkArgs,
    #[command(flatten)]
    pub(super) retry: RetryArgs,
    #[command(flatten)]
    pub(super) line: LineArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct NetArgs {
    /// Central, or serial server in front of it
    #[arg(long, value_name = "HOST:PORT", value_parser = peer, conflicts_with = "device", help_heading = "Network")]
    pub(super) connect: Option<Peer>,
    /// The connection is one of telnet
    #[arg(
        long,
        conflicts_with_all = ["device", "rfc2217"],
        help_heading = "Network"
    )]
    pub(super) telnet: bool,
    /// The connection is one of telnet, and sets speed, framing and DTR of the far serial line
    #[arg(long, conflicts_with = "device", help_heading = "Network")]
    pub(super) rfc2217: bool,
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct ModemArgs {
    /// There is a modem: let it dial this number
    #[arg(long, value_name = "NUMBER", value_parser = number, help_heading = "Modem")]
    pub(super) dial: Option<String>,
    /// Say this to the modem first; may be given several times [default: ATZ]
    #[arg(long, value_name = "STRING", value_parser = command, requires = "dial", help_heading = "Modem")]
    pub(super) init: Vec<String>,
    /// What stands in front of the number
    #[arg(long, value_name = "STRING", default_value = "ATDT", value_parser = command, help_heading = "Modem")]
    pub(super) dial_command: String,
    /// Limit for the far end to answer the telephone
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = duration::limit, help_heading = "Modem")]
    pub(super) dial_timeout: Duration,
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct CentralArgs {
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", help_heading = "Central")]
    pub(super) password_file: Option<PathBuf>,
    /// Service and terminal type of the logon
    #[arg(long, value_name = "WORD", default_value = "PG1", value_parser = service, help_heading = "Central")]
    pub(super) service: String,
    /// Pages of one call; the next call takes the rest [default: as many as the central takes]
    #[arg(long, value_name = "N", value_parser = positive(), help_heading = "Central")]
    pub(super) pages_per_call: Option<usize>,
    /// Send long messages in several blocks, and each of their lines as a field
    #[arg(long, help_heading = "Central")]
    pub(super) multiblock: bool,
    /// Escape control characters: auto does it where the central says that it speaks TAP 1.6 or later
    #[arg(long, value_enum, default_value = "auto", help_heading = "Central")]
    pub(super) escape: EscapeArg,
    /// Send the page also where the central does not say that it may come
    #[arg(long, help_heading = "Central")]
    pub(super) no_goahead: bool,
    /// Limit for ID= to appear
    #[arg(long, value_name = "DUR", default_value = "20s", value_parser = duration::limit, help_heading = "Central")]
    pub(super) id_timeout: Duration,
    /// Limit for the answer to a logon; there are three
    #[arg(long, value_name = "DUR", default_value = "15s", value_parser = duration::limit, help_heading = "Central")]
    pub(super) logon_timeout: Duration,
    /// Limit for the word to begin, after the logon
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = duration::limit, help_heading = "Central")]
    pub(super) goahead_timeout: Duration,
    /// Limit for the central to end the call
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = duration::limit, help_heading = "Central")]
    pub(super) logoff_timeout: Duration,
    /// Pause between two characters, for slow centrals
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day, help_heading = "Central")]
    pub(super) pace: Option<Duration>,
    /// Pause before the first character and before the logon, for slow centrals
    #[arg(long, value_name = "DUR", value_parser = duration::up_to_a_day, help_heading = "Central")]
    pub(super) pause: Option<Duration>,
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct ProbeArgs {
    /// Log on and off and page nobody: is the central there, and what does it speak?
    #[arg(long, conflicts_with_all = ["target", "csv", "message", "tone"], help_heading = "Probe")]
    pub(super) probe: bool,
    /// Speak and exit like a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    #[arg(long, requires = "probe", conflicts_with_all = ["json", "dry_run"], help_heading = "Probe")]
    pub(super) nagios: bool,
    /// WARNING when the greeting takes longer
    #[arg(short, long, value_name = "DUR", value_parser = duration::up_to_a_day, requires = "nagios", help_heading = "Probe")]
    pub(super) warning: Option<Duration>,
    /// CRITICAL when the greeting takes longer
    #[arg(short, long, value_name = "DUR", value_parser = duration::up_to_a_day, requires = "nagios", help_heading = "Probe")]
    pub(super) critical: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum EscapeArg {
    Auto,
    On,
    Off,
}

/// TAP has no port of its own.
fn peer(text: &str) -> Result<Peer, String> {
    let peer = Peer::parse(text, 0)?;
    if peer.port == 0 {
        return Err(format!("{text:?} has no port: TAP has none of its own"));
    }
    Ok(peer)
}

fn command(text: &str) -> Result<String, String> {
    let line = one_line("the command", text)?;
    if !line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err("a modem takes printable ASCII".to_owned());
    }
    Ok(line)
}

/// Digits, and what modems take between them; `;` would leave the modem
/// waiting for more commands.
fn number(text: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_digit() || "ABCDabcdPTWRptwr*#,@!$+-() ./".contains(c);
    if !text.chars().all(known) || !text.contains(|c: char| c.is_ascii_digit()) {
        return Err(format!("{text:?} is no telephone number"));
    }
    Ok(text.to_owned())
}

fn service(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a service is a word of ASCII, such as PG1".to_owned());
    }
    Ok(text.to_owned())
}

impl Args {
    /// What the flags cannot say of each other by themselves.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.bulk.check()?;
        // For clap a pager, which rules out a probe, makes it not required.
        if self.probe.nagios && !self.probe.probe {
            return Err(Failure::usage("--nagios goes with --probe only"));
        }
        let net = self.net.connect.is_some() || self.line.proxy_command.is_some();
        if self.serial.device.is_some() && net {
            return Err(Failure::usage(
                "one line only: --device, or --connect, or --proxy-command",
            ));
        }
        if (self.net.telnet || self.net.rfc2217) && !net && !self.report.dry_run {
            return Err(Failure::usage("--telnet and --rfc2217 need --connect"));
        }
        if self.serial.device.is_some() && self.bulk.jobs > 1 {
            return Err(Failure::usage(
                "a serial line carries one call at a time: leave out --jobs",
            ));
        }
        Ok(())
    }

    /// How its pages are made.
    pub(super) fn wishes(&self) -> Wishes {
        Wishes {
            multiblock: self.central.multiblock,
            escapes: self.central.escape != EscapeArg::Off,
            numeric: self.numeric,
        }
    }

    /// Which control characters are escaped, once it is known who listens.
    pub(super) fn escape(&self) -> Escape {
        match self.central.escape {
            EscapeArg::Auto => Escape::Auto,
            EscapeArg::On => Escape::On,
            EscapeArg::Off => Escape::Off,
        }
    }

    /// The password of the logon, from a file or the environment; most
    /// centrals want none.
    pub(super) fn password(&self, interrupt: &Interrupt) -> Result<Option<String>, Failure> {
        let password = match &self.central.password_file {
            Some(_) if self.report.dry_run => None,
            Some(path) => Some(secret::from_file(path, Some(interrupt))?),
            None => secret::from_environment("IXO_PASSWORD")?,
        };
        let password = password.filter(|password| !password.is_empty());
        match password {
            Some(word) if !word.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
                Err(Failure::new(
                    Exit::Data,
                    "the password has a character that no 7-bit line carries",
                ))
            }
            password => Ok(password),
        }
    }
}
