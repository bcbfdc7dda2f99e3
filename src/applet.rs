//! The table of applets, and the way from an argument vector to one of them.
//!
//! An applet is named by its program's name, through a link of its name, or by the first
//! word behind `pagebox`.

mod ixo_send;
mod ixo_serve;
mod page;
mod page_cgi;
mod page_deliver;
mod page_mail;
mod pageq;
mod plugin;
mod send;
mod serve;
mod snpp;
mod snpp_probe;
mod snpp_send;
mod snpp_serve;
mod spool;
mod xtell;
mod xtelld;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::path::Path;

use clap::{Args, CommandFactory, FromArgMatches};

use crate::cgi;
use crate::diag::{Diag, cause};
use crate::exit::Exit;

/// One applet.
#[derive(Debug)]
pub struct Applet {
    /// Its name: of the link, the module, the manual page.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The section of its manual page.
    pub section: u8,
    /// Its options.
    pub command: fn() -> clap::Command,
    run: fn(&clap::ArgMatches) -> Result<Exit, clap::Error>,
    /// What a server tells its client where its command line is wrong.
    turn_away: fn(),
}

macro_rules! applet {
    ($name:literal, $module:ident, 8, $summary:literal) => {
        applet!($name, $module, 8, $summary, $module::turn_away)
    };
    ($name:literal, $module:ident, $section:literal, $summary:literal) => {
        applet!($name, $module, $section, $summary, || {})
    };
    ($name:literal, $module:ident, $section:literal, $summary:literal, $turn_away:expr) => {
        Applet {
            name: $name,
            summary: $summary,
            section: $section,
            command: || $module::Args::command().about($summary),
            run: |matches| Ok($module::run(&$module::Args::from_arg_matches(matches)?)),
            turn_away: $turn_away,
        }
    };
}

/// All applets.
pub const APPLETS: [Applet; 12] = [
    applet!(
        "ixo-send",
        ixo_send,
        1,
        "Send pages to a TAP paging central"
    ),
    applet!(
        "ixo-serve",
        ixo_serve,
        8,
        "Be a paging central (TAP, IXO) on standard input and output or a serial line"
    ),
    applet!("page", page, 1, "Queue a page for a pager or a group"),
    applet!(
        "page-cgi",
        page_cgi,
        8,
        "Queue pages from the web: one CGI request",
        || {}
    ),
    applet!(
        "page-deliver",
        page_deliver,
        8,
        "Deliver the pages in the spool",
        || {}
    ),
    applet!(
        "page-mail",
        page_mail,
        8,
        "Queue the page that a mail on standard input asks for"
    ),
    applet!(
        "pageq",
        pageq,
        1,
        "Look at queued pages, and hold, release, retry or remove them"
    ),
    applet!(
        "snpp-probe",
        snpp_probe,
        1,
        "Ask an SNPP gateway whether it is up and what it can do"
    ),
    applet!(
        "snpp-send",
        snpp_send,
        1,
        "Send pages through an SNPP gateway"
    ),
    applet!(
        "snpp-serve",
        snpp_serve,
        8,
        "Serve one SNPP session on standard input and output"
    ),
    applet!(
        "xtell",
        xtell,
        1,
        "Send a message to a user's terminal on another machine"
    ),
    applet!(
        "xtelld",
        xtelld,
        8,
        "Show messages from other machines on the terminals of this one"
    ),
];

const NAME: &str = "pagebox";

fn find(name: &str) -> Option<&'static Applet> {
    APPLETS.iter().find(|applet| applet.name == name)
}

/// A program's own name: its last component, without the dash that login puts
/// in front.
fn name_of(program: &OsStr) -> Option<&str> {
    let name = Path::new(program).file_name()?.to_str()?;
    Some(name.strip_prefix('-').unwrap_or(name))
}

/// The applet that a program's own name calls for.
fn of_program(program: &OsStr) -> Option<&'static Applet> {
    name_of(program).and_then(find)
}

/// Runs what an argument vector asks for. It may be empty.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let mut args = args.into_iter();
    let program = args.next().unwrap_or_default();
    if let Some(applet) = of_program(&program) {
        return start(applet, args);
    }
    if name_of(&program) == Some(xtell::write::NAME) {
        return write(args.collect());
    }
    let word = args.next().unwrap_or_default();
    match word.to_str() {
        Some("--list") => print(&APPLETS.map(|applet| format!("{}\n", applet.name)).concat()),
        Some("--version" | "-V") => print(concat!("pagebox ", env!("CARGO_PKG_VERSION"), "\n")),
        Some("--help" | "-h" | "help") => print(&help()),
        Some("") => {
            Diag::anywhere(NAME).warn("which applet? `pagebox --list` names them");
            Exit::Usage
        }
        name => {
            if let Some(applet) = name.and_then(find) {
                return start(applet, args);
            }
            let word = word.to_string_lossy();
            let text = format!("{word}: no such applet; `pagebox --list` names them");
            Diag::anywhere(NAME).warn(&text);
            Exit::Usage
        }
    }
}

/// Stands in for write(1).
fn write(words: Vec<OsString>) -> Exit {
    match (find("xtell"), xtell::write::words(words)) {
        (Some(applet), Ok(words)) => start(applet, words.into_iter()),
        (_, Err(text)) => {
            Diag::anywhere(xtell::write::NAME).warn(text);
            Exit::Usage
        }
        (None, _) => Exit::Software,
    }
}

fn start(applet: &Applet, args: impl Iterator<Item = OsString>) -> Exit {
    // Words of a web server are a client's query, and never options.
    if applet.name == page_cgi::NAME && cgi::is_request() {
        return page_cgi::run(&page_cgi::Args::default());
    }
    let words: Vec<OsString> = std::iter::once(applet.name.into()).chain(args).collect();
    let matches = (applet.command)().try_get_matches_from(&words);
    match matches.and_then(|matches| (applet.run)(&matches)) {
        Ok(exit) => exit,
        Err(error) => match plugin(applet.name, &words) {
            Some(service) if error.use_stderr() => {
                let text = error.to_string();
                let line = text.lines().next().unwrap_or_default();
                let line = line.trim_start_matches("error: ");
                print(&plugin::unheard(service, Exit::NagiosUnknown, line));
                Exit::NagiosUnknown
            }
            _ => complain(applet, &error),
        },
    }
}

/// What an applet watches that is called as a monitoring plugin: that has exit
/// statuses of its own, even for a wrong command line.
fn plugin(name: &str, words: &[OsString]) -> Option<&'static str> {
    let mut words = words.iter().take_while(|word| *word != "--");
    let service = match name {
        "snpp-probe" => "SNPP",
        "ixo-send" => "TAP",
        _ => return None,
    };
    words.any(|word| word == "--nagios").then_some(service)
}

/// Help and version are data, and a wrong command line is talk.
fn complain(applet: &Applet, error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    if error.use_stderr() {
        Diag::anywhere(applet.name).warn(text.trim_start_matches("error: ").trim_end());
        (applet.turn_away)();
        return Exit::Usage;
    }
    print(&text)
}

fn print(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            Diag::anywhere(NAME).warn(&format!("standard output: {}", cause(&error)));
            Exit::Io
        }
    }
}

fn help() -> String {
    let lines: Vec<String> = APPLETS
        .iter()
        .map(|applet| format!("  {:<12} {}\n", applet.name, applet.summary))
        .collect();
    format!(
        "Paging for the Unix shell\n\nUsage: pagebox APPLET [ARGUMENT]...\n       pagebox --list | --help | --version\n\n\
         Applets:\n{}\nA link of an applet's name runs that applet. `pagebox APPLET --help` tells its options.\n",
        lines.concat()
    )
}

/// All applets as one command with subcommands, for completions.
pub fn command() -> clap::Command {
    #[derive(Args)]
    struct Top {
        /// Name the applets
        #[arg(long)]
        list: bool,
    }
    let top = clap::Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Paging for the Unix shell");
    Top::augment_args(top).subcommands(APPLETS.iter().map(|applet| (applet.command)()))
}

/// Says that there is a bug, and returns the status to end with.
pub fn panicked(panic: &PanicHookInfo<'_>) -> u8 {
    let mut args = std::env::args_os();
    let program = args.next().unwrap_or_default();
    let words: Vec<OsString> = args.collect();
    let named = words.first().and_then(|word| word.to_str()).and_then(find);
    let applet = of_program(&program)
        .or(named)
        .map_or(NAME, |applet| applet.name);
    Diag::anywhere(applet).warn(&format!("a bug in pagebox, please report it: {panic}"));
    let exit = if plugin(applet, &words).is_some() {
        Exit::NagiosUnknown
    } else {
        Exit::Software
    };
    exit.status()
}
