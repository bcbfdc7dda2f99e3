//! Which program a route of the configuration is, and its arguments.
//!
//! Answers for every value of the file becoming one argument, whatever it
//! begins with. Must never know what the flags do.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::Path;

use clap::ValueEnum;
use humantime::format_duration;
use toml::Spanned;

use crate::config::tables::{Device, Kind, Route};
use crate::config::value::{Filled, Host, Line};
use crate::transport::serial::Framing;

/// Our own program, also once another has taken its place on disk.
const OURSELVES: &str = "/proc/self/exe";
/// What our own program is called then, which would be `exe`.
const NAME: &str = "pagebox";

/// A program that is a route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// Its file.
    pub program: OsString,
    /// What it is called instead, where the file's name says nothing.
    pub name: Option<&'static str>,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// How many of its rows may be unanswered at once (K).
    pub at_once: usize,
}

/// The program of a route; `device` is the one of its devices that is to be
/// used now, where it has any.
pub fn program(route: &Route, device: Option<&Device>) -> Program {
    let mut words = Words::default();
    let at_once = match *route.r#type.get_ref() {
        Kind::Snpp => {
            words.snpp(route);
            1
        }
        Kind::Ixo => {
            words.ixo(route, device);
            // The next block follows at once, before the line falls silent.
            2
        }
        Kind::Xtell => {
            words.xtell(route);
            1
        }
        Kind::Exec => {
            words.exec(route);
            1
        }
        Kind::Csv => return theirs(route),
    };
    Program {
        program: OURSELVES.into(),
        name: Some(NAME),
        args: words.0,
        at_once,
    }
}

fn theirs(route: &Route) -> Program {
    let mut words = command(route).iter().map(|word| word.as_str().into());
    Program {
        program: words.next().unwrap_or_default(),
        name: None,
        args: words.collect(),
        at_once: 1,
    }
}

fn command(route: &Route) -> &[Line] {
    let command = route.command.as_ref();
    command.map_or(&[], |command| command.get_ref().as_slice())
}

fn password_file(route: &Route) -> Option<&Path> {
    route
        .password_file
        .as_ref()
        .map(|file| file.get_ref().as_path())
}

/// The arguments of one of our own applets, from its name on.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn begin(&mut self, applet: &str) {
        self.0.extend([applet, "--csv", "-"].map(OsString::from));
    }

    /// `--name=value`, because the value may begin with a `-`.
    fn flag(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        self.0.push(word);
    }

    fn maybe(&mut self, name: &str, value: Option<impl AsRef<OsStr>>) {
        if let Some(value) = value {
            self.flag(name, value);
        }
    }

    fn number(&mut self, name: &str, value: Option<impl Display>) {
        self.maybe(name, value.map(|value| value.to_string()));
    }

    fn snpp(&mut self, route: &Route) {
        self.begin("snpp-send");
        match &route.server {
            Some(servers) => self.servers("server", servers.get_ref()),
            // The command is the way; a name is asked for all the same.
            None => self.flag("server", "localhost"),
        }
        self.proxy(route);
        if let Some(login) = &route.login {
            self.flag("login", login.get_ref().as_str());
            // Without a file it would ask for the password, and wait.
            let file = password_file(route).unwrap_or(Path::new("/dev/null"));
            self.flag("password-file", file);
        }
        if route.two_way {
            self.0.push("--two-way".into());
        }
        self.text(route);
    }

    fn ixo(&mut self, route: &Route, device: Option<&Device>) {
        self.begin("ixo-send");
        if let Some(device) = device {
            self.flag("device", device.path.as_path());
            self.number("baud", device.baud);
            self.maybe("framing", device.framing.map(Framing::word));
        } else {
            let connect = route.connect.as_ref();
            self.maybe("connect", connect.map(|peer| peer.get_ref().as_str()));
            self.proxy(route);
        }
        if let Some(number) = &route.dial {
            self.flag("dial", number.get_ref().as_str());
            let init = device.and_then(|device| device.init.as_ref());
            for words in init.map_or(&[][..], Filled::as_slice) {
                self.flag("init", words.as_str());
            }
            let command = device.and_then(|device| device.dial_command.as_ref());
            self.maybe("dial-command", command.map(Line::as_str));
        }
        self.maybe("password-file", password_file(route));
        let pages = route.pages_per_call.as_ref();
        self.number("pages-per-call", pages.map(Spanned::get_ref));
        self.text(route);
    }

    fn xtell(&mut self, route: &Route) {
        self.begin("xtell");
        if let Some(servers) = &route.server {
            self.servers("host", servers.get_ref());
        }
        self.proxy(route);
        self.text(route);
    }

    fn exec(&mut self, route: &Route) {
        self.0.push("page-deliver".into());
        self.0.push("--each".into());
        let limit = format_duration(route.timeout());
        self.flag("command-timeout", limit.to_string());
        self.0.push("--".into());
        let command = command(route).iter();
        self.0.extend(command.map(|word| word.as_str().into()));
    }

    fn servers(&mut self, name: &str, servers: &Filled<Host>) {
        for server in servers.as_slice() {
            self.flag(name, server.as_str());
        }
    }

    fn proxy(&mut self, route: &Route) {
        let command = route.proxy_command.as_ref();
        self.maybe(
            "proxy-command",
            command.map(|command| command.get_ref().as_str()),
        );
    }

    fn text(&mut self, route: &Route) {
        self.value("charset", route.charset);
        self.number("max-length", route.max_length());
        self.value("overflow", Some(route.overflow()));
    }

    /// One of several words that clap knows.
    fn value(&mut self, name: &str, value: Option<impl ValueEnum>) {
        let word = value.and_then(|value| value.to_possible_value());
        self.maybe(name, word.map(|word| word.get_name().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tables::Tables;

    /// What the route `r` is, with its device `d` if there is one.
    fn of(text: &str) -> Program {
        let tables: Tables = toml::from_str(text).unwrap();
        program(&tables.route["r"], tables.device.get("d"))
    }

    fn words(program: &Program) -> Vec<&str> {
        let words = program.args.iter();
        words.map(|word| word.to_str().unwrap()).collect()
    }

    #[track_caller]
    fn is_ours(text: &str, at_once: usize, args: &[&str]) {
        let program = of(text);
        assert_eq!(words(&program), args);
        assert_eq!(program.program, "/proc/self/exe");
        assert_eq!((program.name, program.at_once), (Some("pagebox"), at_once));
    }

    #[test]
    fn a_gateway_is_given_all_that_the_file_says_of_it() {
        is_ours(
            "[route.r]\ntype = 'snpp'\nserver = ['a', 'b:1']\nproxy-command = '-nc %h'\n\
             login = '-joe'\npassword-file = '/p'\ncharset = 'ascii'\nmax-length = 80\n\
             overflow = 'reject'\ntwo-way = true\n",
            1,
            &[
                "snpp-send",
                "--csv",
                "-",
                "--server=a",
                "--server=b:1",
                "--proxy-command=-nc %h",
                "--login=-joe",
                "--password-file=/p",
                "--two-way",
                "--charset=ascii",
                "--max-length=80",
                "--overflow=reject",
            ],
        );
        is_ours(
            "[route.r]\ntype = 'snpp'\nproxy-command = 'nc'\nlogin = 'joe'\n",
            1,
            &[
                "snpp-send",
                "--csv",
                "-",
                "--server=localhost",
                "--proxy-command=nc",
                "--login=joe",
                "--password-file=/dev/null",
                "--overflow=split",
            ],
        );
    }

    #[test]
    fn a_central_is_called_over_the_device_that_is_free() {
        let route = "[route.r]\ntype = 'ixo'\ndevice = ['d']\nconnect = 'h:1'\n";
        let device = "[device.d]\npath = '/dev/ttyS0'\nbaud = 300\nframing = '8n1-even'\n\
                      init = ['ATZ', '-x']\ndial-command = 'ATDP'\n";
        let rest = "dial = '+1 5'\npassword-file = '/p'\npages-per-call = 5\n";
        is_ours(
            &format!("{route}{rest}{device}"),
            2,
            &[
                "ixo-send",
                "--csv",
                "-",
                "--device=/dev/ttyS0",
                "--baud=300",
                "--framing=8n1-even",
                "--dial=+1 5",
                "--init=ATZ",
                "--init=-x",
                "--dial-command=ATDP",
                "--password-file=/p",
                "--pages-per-call=5",
                "--overflow=split",
            ],
        );
        // Without a number there is no modem to be told anything.
        is_ours(
            &format!("{route}{device}"),
            2,
            &[
                "ixo-send",
                "--csv",
                "-",
                "--device=/dev/ttyS0",
                "--baud=300",
                "--framing=8n1-even",
                "--overflow=split",
            ],
        );
        is_ours(
            "[route.r]\ntype = 'ixo'\nconnect = 'h:1'\ndial = '5'\n",
            2,
            &[
                "ixo-send",
                "--csv",
                "-",
                "--connect=h:1",
                "--dial=5",
                "--overflow=split",
            ],
        );
    }

    #[test]
    fn terminals_are_those_of_its_hosts() {
        is_ours(
            "[route.r]\ntype = 'xtell'\nserver = ['a']\noverflow = 'truncate'\n",
            1,
            &["xtell", "--csv", "-", "--host=a", "--overflow=truncate"],
        );
        is_ours(
            "[route.r]\ntype = 'xtell'\ncharset = 'utf8'\n",
            1,
            &["xtell", "--csv", "-", "--charset=utf8", "--overflow=split"],
        );
    }

    #[test]
    fn a_program_of_anyones_is_run_as_it_stands() {
        let program = of("[route.r]\ntype = 'csv'\ncommand = ['/bin/ssh', '-q', 'a b']\n");
        assert_eq!(program.program, "/bin/ssh");
        assert_eq!(words(&program), ["-q", "a b"]);
        assert_eq!((program.name, program.at_once), (None, 1));
        is_ours(
            "[route.r]\ntype = 'exec'\ncommand = ['sms']\ntimeout = '90.5s'\n",
            1,
            &[
                "page-deliver",
                "--each",
                "--command-timeout=1m 30s 500ms",
                "--",
                "sms",
            ],
        );
        is_ours(
            "[route.r]\ntype = 'exec'\ncommand = ['/bin/sms', '--each']\n",
            1,
            &[
                "page-deliver",
                "--each",
                "--command-timeout=10m",
                "--",
                "/bin/sms",
                "--each",
            ],
        );
    }
}
