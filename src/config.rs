//! The configuration, `/etc/pagebox.toml`: which names there are, and where
//! pages to them may go.
//!
//! Answers for the file: a key that is not known, a value that is none and a
//! name that leads nowhere are errors with their line. Must never know the
//! environment (but for the time zone), what the time is now, what else is on the
//! disk, or how a route is driven.

pub mod check;
pub mod defaults;
mod duty;
pub mod hours;
pub mod links;
pub mod tables;
pub mod value;
pub mod way;

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use crate::diag::cause;
use crate::file;
use crate::text::escape::printable;
use crate::text::shape::is_name;

pub use links::Reach;
use links::{Fault, Reaches};
use tables::{Kind, Route, Tables};

/// Where the configuration is if nobody says where.
pub const DEFAULT: &str = "/etc/pagebox.toml";

/// A configuration in which every name leads somewhere.
#[derive(Debug)]
pub struct Config {
    tables: Tables,
    reaches: Reaches,
}

/// Why there is no configuration; each names the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BadConfig {
    /// There is no such file.
    Missing {
        /// The file.
        file: String,
    },
    /// It is there and cannot be read: no permission, no regular file, longer than 1 MiB.
    Unreadable {
        /// The file.
        file: String,
        /// Why, in the system's words.
        cause: String,
    },
    /// What is in it is wrong.
    Wrong {
        /// The file.
        file: String,
        /// Counted from 1, where it is known.
        line: Option<usize>,
        /// The table or the key, from the top on; empty for the file itself.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { file } => write!(f, "{file}: there is no such file"),
            Self::Unreadable { file, cause } => write!(f, "{file}: {cause}"),
            Self::Wrong {
                file,
                line,
                key,
                what,
            } => {
                write!(f, "{file}:")?;
                if let Some(line) = line {
                    write!(f, "{line}:")?;
                }
                if !key.is_empty() {
                    write!(f, " {key}:")?;
                }
                write!(f, " {what}")
            }
        }
    }
}

impl std::error::Error for BadConfig {}

impl Config {
    /// The file that `--config` names, or else `$PAGEBOX_CONFIG` (an empty one
    /// counts as none), or else [`DEFAULT`], which alone may be missing: `None`.
    pub fn find(
        explicit: Option<&Path>,
        variable: Option<&OsStr>,
    ) -> Result<Option<Self>, BadConfig> {
        Self::find_or(explicit, variable, Path::new(DEFAULT))
    }

    fn find_or(
        explicit: Option<&Path>,
        variable: Option<&OsStr>,
        default: &Path,
    ) -> Result<Option<Self>, BadConfig> {
        let variable = variable.filter(|path| !path.is_empty()).map(Path::new);
        if let Some(path) = explicit.or(variable) {
            return Self::read(path).map(Some);
        }
        // A link to nowhere is not a file that nobody wanted.
        match fs::symlink_metadata(default) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Self::read(default).map(Some),
        }
    }

    /// Reads a file: a regular one, of at most 1 MiB.
    pub fn read(path: &Path) -> Result<Self, BadConfig> {
        let file = path.display().to_string();
        match file::read(path) {
            Ok(bytes) => Self::parse(&file, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(BadConfig::Missing { file })
            }
            Err(error) => Err(BadConfig::Unreadable {
                file,
                cause: cause(&error),
            }),
        }
    }

    /// Reads what is in a file; its name is for errors.
    pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Self, BadConfig> {
        let wrong = |at: Option<usize>, key: &str, what: &str| BadConfig::Wrong {
            file: file.to_owned(),
            line: at.map(|at| line(bytes, at)),
            key: printable(key.as_bytes()),
            what: printable(what.as_bytes()),
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|error| wrong(Some(error.valid_up_to()), "", "not UTF-8"))?;
        let tables: Tables = toml::from_str(text).map_err(|error| {
            let at = error.span().map(|span| span.start);
            let (key, what) = explain(error, text);
            wrong(at, &key, &what)
        })?;
        let reaches = links::follow(&tables)
            .map_err(|Fault { at, key, what }| wrong(Some(at), &key, &what))?;
        Ok(Self { tables, reaches })
    }

    /// How a page to this name can go; `None` if no route could take it.
    ///
    /// A pager goes by its route, or by `default` where it names none; a group
    /// where at least one member can be reached; any other well-formed ID by
    /// `default`, if that takes it, see [`Config::takes`].
    pub fn reach(&self, name: &str) -> Option<Reach> {
        let Tables { pager, group, .. } = &self.tables;
        if pager.contains_key(name) || group.contains_key(name) {
            return self.reaches.names.get(name).copied();
        }
        let default = self.reaches.routes.get("default").copied();
        default.filter(|_| is_name(name) && self.takes("default", name))
    }

    /// Whether this route takes a page to this name, which may be no pager's.
    ///
    /// To `xtell`, `USER@HOST` is a user of another host: which hosts there are
    /// is for the file to say, and not for whoever sends a page.
    pub fn takes(&self, route: &str, name: &str) -> bool {
        let is_xtell = |route: &Route| *route.r#type.get_ref() == Kind::Xtell;
        self.tables.pager.contains_key(name)
            || !name.contains('@')
            || !self.route(route).is_some_and(is_xtell)
    }

    /// Whether there is a route that brings answers back, with all its fallbacks.
    pub fn any_two_way(&self) -> bool {
        self.reaches.routes.values().any(|reach| reach.two_way)
    }

    /// Where accepted pages go, if the file says so; an absolute path.
    pub fn spool(&self) -> Option<&Path> {
        self.tables.spool.as_ref().map(value::Absolute::as_path)
    }

    /// What stands in the file.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }
}

/// The line of a byte, counted from 1.
fn line(text: &[u8], at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.split(|byte| *byte == b'\n').count()
}

/// The key that an error of the parser is about, and what is wrong, in the
/// words of who writes the file.
fn explain(mut error: toml::de::Error, text: &str) -> (String, String) {
    let message = error.message().to_owned();
    let span = error.span();
    // It tells its keys only when it cannot show the line.
    error.set_input(None);
    let shown = error.to_string();
    let key = shown
        .strip_prefix(&message)
        .and_then(|rest| rest.strip_prefix("\nin `"))
        .and_then(|rest| rest.strip_suffix("`\n"));
    (
        key.unwrap_or_default().to_owned(),
        reword(&message, span, text),
    )
}

fn reword(message: &str, span: Option<Range<usize>>, text: &str) -> String {
    if message == "duplicate key" {
        let word = span.and_then(|span| text.get(span)).unwrap_or_default();
        return format!("{word} is there twice");
    }
    let (found, expected) = match message.rsplit_once(", expected ") {
        Some((found, expected)) => (found, Some(expected)),
        None => (message, None),
    };
    let known = FOUND
        .iter()
        .find_map(|(theirs, ours, quote)| Some((found.strip_prefix(theirs)?, ours, quote)));
    let mut shown = match known {
        Some((rest, ours, quote)) => format!("{ours}{}", rest.replace('`', quote)),
        None => found.to_owned(),
    };
    if let Some(expected) = expected {
        let known = EXPECTED.iter().find(|(theirs, _)| *theirs == expected);
        let expected = known.map_or(expected, |(_, ours)| ours);
        shown.push_str(", expected ");
        shown.push_str(&expected.replace('`', ""));
    }
    shown
}

/// How the parser's words begin, and ours, and how we quote what follows.
const FOUND: [(&str, &str, &str); 6] = [
    ("unknown field", "unknown key", "\""),
    ("missing field", "missing key", "\""),
    ("unknown variant", "unknown value", "\""),
    ("invalid type: map", "invalid type: table", ""),
    ("invalid type: sequence", "invalid type: list", ""),
    ("invalid ", "invalid ", ""),
];

/// What the parser would rather have, in its words and in ours.
const EXPECTED: [(&str, &str); 5] = [
    ("a map", "a table"),
    ("a sequence", "a list"),
    ("u32", "a whole number"),
    ("a nonzero u32", "a whole number from 1 on"),
    ("a nonzero usize", "a whole number from 1 on"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;

    /// Every table and every key.
    const WHOLE: &str = r#"# Who is paged how.
spool = "/var/spool/pagebox"
keep-sent = "30d"
on-failure = ["/usr/local/bin/alarm", "-x"]

[pager.joe]
route = "modem"
id = "5551212"
pin-file = "/etc/pagebox/joe.pin"
hours = "Mo-Fr 08:00-17:00 Europe/Berlin"
quiet = ["22:00-06:00", "Su"]
max-length = 80
charset = "ascii"
dedup = "5m"
rate = "5/10m"

[pager.ann]

[pager."k.d@x"]
route = "gateway"

[group.oncall]
members = ["joe", "all"]
hours = "Mo-Fr"
dedup = 300

[group.all]
members = ["ann", "k.d@x"]

[group.nobody]
members = []

[route.default]
type = "snpp"
server = ["snpp.example.com:444", "192.0.2.7", "[2001:db8::1]:444"]
login = "hospital"
password-file = "/etc/pagebox/password"
two-way = true

[route.gateway]
type = "snpp"
server = ["h:444"]
two-way = true
fallback = "default"

[route.modem]
type = "ixo"
device = ["tty1", "tty2"]
dial = "0 555-1212"
timeout = "2m"
retry = 3
retry-delay = "30s"
expire = "2h"
fallback = "relay"
fallback-after = 600
on-unknown = "hold"
pages-per-call = 5
gap = "500ms"
max-length = 240
overflow = "split"
charset = "ascii"
filter = ["/usr/local/bin/shorten", "-w"]

[route.relay]
type = "csv"
command = ["ssh", "relay", "ixo-send --csv -"]

[route.terminal]
type = "ixo"
connect = "ts.example.com:4001"

[route.tunnel]
type = "snpp"
proxy-command = "openssl s_client -quiet -connect %h:%p"

[route.desk]
type = "xtell"

[route.sms]
type = "exec"
command = ["/usr/local/bin/sms"]
rate = "100/1day"

[device.tty1]
path = "/dev/ttyS0"
baud = 1200
framing = "7e1"
init = ["ATZ", "ATM0"]
dial-command = "ATDT"

[device.tty2]
path = "/dev/ttyS1"

[mail]
allow-from = ["*@example.com"]
max-parts = 3
max-size = 1000000
template = "{from}: {subject}"

[web]
names = ["oncall", "joe"]
allow-hosts = ["snpp.example.com", "192.0.2.7:444"]
server-names = ["pager.example.com", "[::1]"]
max-length = 160
rate = "30/1m"
"#;

    fn config(text: &str) -> Config {
        match parsed(text) {
            Ok(config) => config,
            Err(error) => panic!("{error}"),
        }
    }

    fn parsed(text: &str) -> Result<Config, String> {
        Config::parse("f", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_known() {
        let config = config(WHOLE);
        assert_eq!(config.spool(), Some(Path::new("/var/spool/pagebox")));
        let tables = config.tables();
        assert_eq!((tables.pager.len(), tables.group.len()), (3, 3));
        let modem = &tables.route["modem"];
        assert_eq!(modem.fallback_after.unwrap().0.as_secs(), 600);
        assert_eq!(modem.expire.unwrap().0.as_secs(), 7200);
        let joe = &tables.pager["joe"];
        assert!(joe.quiet.is_some() && joe.hours.is_some());
    }

    #[test]
    fn an_empty_file_reaches_nobody() {
        for text in [
            "",
            "# nothing\n",
            "spool = '/s'",
            "\u{feff}spool = '/s'\r\n",
        ] {
            let config = config(text);
            assert_eq!(config.reach("joe"), None);
            assert!(!config.any_two_way());
        }
        assert_eq!(config("").spool(), None);
    }

    #[test]
    fn a_name_is_reached_where_a_route_could_take_it() {
        let two_way = |two_way| Some(Reach { two_way });
        let whole = config(WHOLE);
        for (name, reach) in [
            // By a modem, with no answers.
            ("joe", two_way(false)),
            ("ann", two_way(true)),
            ("k.d@x", two_way(true)),
            ("all", two_way(true)),
            ("oncall", two_way(false)),
            ("nobody", None),
            // By the default route.
            ("5551212", two_way(true)),
            ("modem", two_way(true)),
            ("+49.30-1@x", two_way(true)),
            ("", None),
            ("-x", None),
            ("a b", None),
            ("a/b", None),
            ("ä", None),
            (&"x".repeat(64), two_way(true)),
            (&"x".repeat(65), None),
        ] {
            assert_eq!(whole.reach(name), reach, "{name}");
        }
        assert!(whole.any_two_way());

        // Without a default route only those are reached that name their own.
        let some = config(
            "[route.a]\ntype = 'xtell'\n[pager.joe]\nroute = 'a'\n[pager.ann]\n\
             [group.both]\nmembers = ['ann', 'joe']\n[group.ann2]\nmembers = ['ann']\n\
             [group.outer]\nmembers = ['ann2', 'both']",
        );
        for (name, reach) in [
            ("joe", two_way(false)),
            ("ann", None),
            ("both", two_way(false)),
            ("ann2", None),
            ("outer", two_way(false)),
            ("5551212", None),
        ] {
            assert_eq!(some.reach(name), reach, "{name}");
        }
        assert!(!some.any_two_way());
    }

    #[test]
    fn who_sends_a_page_does_not_choose_the_host() {
        let file = config(
            "[route.default]\ntype = 'xtell'\n[route.snpp]\ntype = 'snpp'\nserver = ['h']\n\
             [pager.joe]\nid = 'joe@h'\n[pager.'ann@h']\n",
        );
        let once = Some(Reach { two_way: false });
        for (name, reach) in [
            ("root", once),
            ("root@10.0.0.1", None),
            ("x@", None),
            // As the file says.
            ("joe", once),
            ("ann@h", once),
        ] {
            assert_eq!(file.reach(name), reach, "{name}");
        }
        // To others it is a name like any other.
        assert!(file.takes("snpp", "root@10.0.0.1") && !file.takes("default", "root@10.0.0.1"));
    }

    #[test]
    fn answers_come_back_only_if_every_route_brings_them() {
        let text = "route.a = { type = 'xtell', two-way = true, fallback = 'b' }\n\
                    route.b = { type = 'xtell', two-way = true, fallback = 'c' }\n\
                    route.c = { type = 'xtell' }\n\
                    pager.x.route = 'a'\n";
        assert_eq!(config(text).reach("x"), Some(Reach { two_way: false }));
        assert!(!config(text).any_two_way());
        let text = text.replace(
            "c = { type = 'xtell'",
            "c = { type = 'xtell', two-way = true",
        );
        assert_eq!(config(&text).reach("x"), Some(Reach { two_way: true }));
    }

    fn refused(cases: &[(&str, &str)]) {
        for (text, error) in cases {
            let said = parsed(text).map(|_| ());
            assert_eq!(said, Err((*error).to_owned()), "{text}");
        }
    }

    #[test]
    fn errors_of_form_name_line_and_key() {
        refused(&[
            (
                "\n\nx = 1",
                "f:3: unknown key \"x\", expected one of spool, keep-sent, on-failure, pager, group, route, device, mail, web",
            ),
            (
                "[pager.joe]\nroutes = 'a'",
                "f:2: pager.joe: unknown key \"routes\", expected one of route, id, pin-file, hours, quiet, dedup, rate, max-length, charset",
            ),
            (
                "[group.a]\nhours = 'Mo'",
                "f:1: group.a: missing key \"members\"",
            ),
            (
                "[route.a]\ntype = 'tap'",
                "f:2: route.a.type: unknown value \"tap\", expected one of snpp, ixo, xtell, csv, exec",
            ),
            (
                "[web]\nport = 1",
                "f:2: web: unknown key \"port\", expected one of names, allow-hosts, server-names, max-length, rate",
            ),
            (
                "[web]\nserver-names = ['pager', 'pager:80']",
                "f:2: web.server-names: \"pager:80\" has a port: any port of a host is meant",
            ),
            (
                "[web]\nserver-names = []",
                "f:2: web.server-names: an empty list",
            ),
            (
                "[mail]\nmax-parts = 0",
                "f:2: mail.max-parts: invalid value: integer 0, expected a whole number from 1 on",
            ),
            (
                "route = 3",
                "f:1: route: invalid type: integer 3, expected a table",
            ),
            (
                "[[route]]",
                "f:1: route: invalid type: list, expected a table",
            ),
            (
                "spool = 1",
                "f:1: spool: invalid type: integer 1, expected a string",
            ),
            ("spool = '/a'\nspool = '/b'", "f:2: spool is there twice"),
            ("[pager.a]\n\n[pager.a]", "f:3: a is there twice"),
            ("\n[pager", "f:2: unclosed table, expected ]"),
            ("x", "f:1: key with no value, expected ="),
        ]);
        let error = Config::parse("f", b"a = 1\n\n# \xff").unwrap_err();
        assert_eq!(error.to_string(), "f:3: not UTF-8");
        // Nothing in it moves a cursor.
        let error = parsed("[pager.a.\"\\u001b[2J\\n\"]").unwrap_err();
        assert!(!error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn errors_of_values_name_line_and_key() {
        refused(&[
            (
                "spool = 'spool'",
                "f:1: spool: \"spool\" does not begin with a /",
            ),
            (
                "\n[pager.'a b']",
                "f:2: pager: \"a b\" is no name: letters, digits and . _ + @ - behind the first, at most 64",
            ),
            (
                "[pager.a]\nid = '-x'",
                "f:2: pager.a.id: \"-x\" begins with a -",
            ),
            (
                "[pager.a]\nid = 'x y'",
                "f:2: pager.a.id: \"x y\" has blanks",
            ),
            ("[pager.a]\nhours = ''", "f:2: pager.a.hours: an empty text"),
            ("[pager.a]\nhours = []", "f:2: pager.a.hours: an empty list"),
            (
                "[pager.a]\nhours = 8",
                "f:2: pager.a.hours: invalid type: integer 8, expected a string or a list of strings",
            ),
            (
                "[pager.a]\nquiet = ['Mo',\n\"a\\nb\"]",
                "f:3: pager.a.quiet: \"a\\nb\" has control characters",
            ),
            (
                "[route.a]\ntype = 'exec'\ncommand = 'run me'",
                "f:3: route.a.command: invalid type: string \"run me\", expected a list",
            ),
            (
                "[route.a]\ntype = 'exec'\ncommand = []",
                "f:3: route.a.command: an empty list",
            ),
            (
                "[route.a]\ntype = 'exec'\ntwo-way = 'yes'",
                "f:3: route.a.two-way: invalid type: string \"yes\", expected a boolean",
            ),
            (
                "[route.a]\ntype = 'exec'\nretry = -1",
                "f:3: route.a.retry: invalid value: integer -1, expected a whole number",
            ),
            (
                "[route.a]\ntype = 'exec'\ngap = '5M'",
                "f:3: route.a.gap: \"5M\": `M` would be months: use `m` for minutes, `d` for days",
            ),
            (
                "[route.a]\ntype = 'exec'\ngap = '25h'",
                "f:3: route.a.gap: \"25h\": longer than a day (24h)",
            ),
            (
                "[route.a]\ntype = 'exec'\ngap = -1",
                "f:3: route.a.gap: \"-1\": not a duration such as 500ms, 10s or 1h30m",
            ),
            (
                "[route.a]\ntype = 'exec'\ngap = true",
                "f:3: route.a.gap: invalid type: boolean true, expected a duration such as \"10m\"",
            ),
            (
                "[route.a]\ntype = 'exec'\ntimeout = 0",
                "f:3: route.a.timeout: \"0\": a limit of no time at all would always be passed",
            ),
            (
                "\nkeep-sent = 0",
                "f:2: keep-sent: \"0\": no time at all: everything would be too old",
            ),
            ("on-failure = []", "f:1: on-failure: an empty list"),
            (
                "[group.a]\nmembers = []\nhours = ['Mo',\n'Mo 08:00-17:00 Europe/Berlim']",
                "f:4: group.a.hours: \"Mo 08:00-17:00 Europe/Berlim\": \"Europe/Berlim\" is no time zone of this system, such as Europe/Berlin or UTC",
            ),
            (
                "[route.a]\ntype = 'exec'\nexpire = '0'",
                "f:3: route.a.expire: \"0\": no time at all: everything would be too old",
            ),
            (
                "[route.a]\ntype = 'ixo'\nproxy-command = '\"a'",
                "f:3: route.a.proxy-command: \"\\\"a\": missing closing quote",
            ),
        ]);
    }

    #[test]
    fn names_that_lead_nowhere_are_told_with_those_there_are() {
        refused(&[
            (
                "[pager.a]\nroute = 'b'",
                "f:2: pager.a.route: no route \"b\"",
            ),
            (
                "[pager.a]\nroute = 'd'\n[route.b]\ntype = 'xtell'\n[route.c]\ntype = 'xtell'",
                "f:2: pager.a.route: no route \"d\", there is b, c",
            ),
            (
                "[route.a]\ntype = 'xtell'\nfallback = 'b'",
                "f:3: route.a.fallback: no route \"b\", there is a",
            ),
            (
                "[route.a]\ntype = 'ixo'\ndevice = [\n'b']",
                "f:4: route.a.device: no device \"b\"",
            ),
            (
                "[pager.b]\n[group.a]\nmembers = [\n'a2',\n]",
                "f:4: group.a.members: no pager or group \"a2\", there is b, a",
            ),
            (
                "[pager.a]\n[group.a]\nmembers = []",
                "f:2: group.a: there is a pager of this name",
            ),
            // Circles.
            (
                "[group.a]\nmembers = ['a']",
                "f:2: group.a.members: goes in a circle: a > a",
            ),
            (
                "[group.z]\nmembers = ['b']\n[group.b]\nmembers = ['c']\n[group.c]\nmembers = ['b']",
                "f:6: group.c.members: goes in a circle: b > c > b",
            ),
            (
                "route.a = { type = 'xtell', fallback = 'b' }\nroute.b = { type = 'xtell', fallback = 'a' }",
                "f:2: route.b.fallback: goes in a circle: a > b > a",
            ),
        ]);
    }

    #[test]
    fn a_route_has_what_its_type_needs() {
        refused(&[
            (
                "[route.a]\ntype = 'ixo'\nserver = ['h']",
                "f:3: route.a.server: a route of type ixo has none",
            ),
            (
                "[route.a]\ntype = 'snpp'\ndial = '1'",
                "f:3: route.a.dial: a route of type snpp has none",
            ),
            (
                "[route.a]\ntype = 'snpp'\ncommand = ['x']",
                "f:3: route.a.command: a route of type snpp has none",
            ),
            (
                "[route.a]\ntype = 'xtell'\nlogin = 'x'",
                "f:3: route.a.login: a route of type xtell has none",
            ),
            (
                "[route.a]\ntype = 'csv'\npassword-file = '/x'",
                "f:3: route.a.password-file: a route of type csv has none",
            ),
            (
                "[route.a]\ntype = 'snpp'\npages-per-call = 2",
                "f:3: route.a.pages-per-call: a route of type snpp has none",
            ),
            (
                "[route.a]\ntype = 'exec'\nproxy-command = 'x'",
                "f:3: route.a.proxy-command: a route of type exec has none",
            ),
            (
                "[route.a]\ntype = 'ixo'\ndevice = ['b']\nconnect = 'c:1'",
                "f:4: route.a.connect: a route has one line: there is device already",
            ),
            (
                "[route.a]\ntype = 'ixo'\nproxy-command = 'x'\nconnect = 'c:1'",
                "f:3: route.a.proxy-command: a route has one line: there is connect already",
            ),
            (
                "[route.a]\n\ntype = 'snpp'",
                "f:3: route.a.type: a route of type snpp needs server or proxy-command",
            ),
            (
                "[route.a]\ntype = 'ixo'\ndial = '1'",
                "f:2: route.a.type: a route of type ixo needs device, connect or proxy-command",
            ),
            (
                "[route.a]\ntype = 'exec'",
                "f:2: route.a.type: a route of type exec needs command",
            ),
        ]);
    }

    #[test]
    fn groups_may_nest_as_deep_and_as_often_as_the_file_allows() {
        let mut text =
            "route.default.type = 'xtell'\n[pager.p]\n[group.g0]\nmembers = ['p']\n".to_owned();
        for depth in 1..10_000 {
            let under = format!("'g{}'", depth - 1);
            writeln!(text, "[group.g{depth}]\nmembers = [{under}, {under}]").unwrap();
        }
        assert!(text.len() < 1024 * 1024);
        assert_eq!(config(&text).reach("g9999"), Some(Reach { two_way: false }));
        let text = text.replace("['p']", "['g9999']");
        let error = parsed(&text).unwrap_err();
        assert!(
            error.contains("goes in a circle: ") && error.len() < 200,
            "{error}"
        );
        // Neither do tables in tables cost a stack.
        for open in ["[", "{a=", "[a.", "a."] {
            assert!(parsed(&format!("x = {}", open.repeat(100_000))).is_err());
            assert!(parsed(&open.repeat(100_000)).is_err());
        }
    }

    #[test]
    fn the_nearest_file_counts_and_only_the_default_may_be_missing() {
        let dir = std::env::temp_dir().join(format!("pagebox-config-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let spool = |found: Result<Option<Config>, BadConfig>| {
            let spool = |config: Config| config.spool().map(|path| path.display().to_string());
            found.map(|config| config.and_then(spool))
        };
        let [a, b, c] = ["a", "b", "c"].map(|name| file(name, &format!("spool = '/{name}'")));
        let (link, astray, none) = (dir.join("link"), dir.join("astray"), dir.join("none"));
        std::os::unix::fs::symlink(&a, &link).unwrap();
        std::os::unix::fs::symlink(&none, &astray).unwrap();
        let found = [
            spool(Config::find_or(Some(&a), Some(b.as_os_str()), &c)),
            spool(Config::find_or(None, Some(b.as_os_str()), &c)),
            spool(Config::find_or(None, Some(OsStr::new("")), &c)),
            spool(Config::find_or(None, None, &link)),
            spool(Config::find_or(None, None, &none)),
        ];
        let lost = [
            Config::find_or(Some(&none), None, &c),
            Config::find_or(None, Some(none.as_os_str()), &c),
            Config::find_or(None, None, &astray),
        ];
        let directory = Config::find_or(None, None, &dir);
        fs::remove_dir_all(&dir).unwrap();

        for (found, spool) in
            found
                .into_iter()
                .zip([Some("/a"), Some("/b"), Some("/c"), Some("/a"), None])
        {
            assert_eq!(found, Ok(spool.map(str::to_owned)));
        }
        for (lost, path) in lost.into_iter().zip([&none, &none, &astray]) {
            let error = lost.unwrap_err();
            assert!(matches!(error, BadConfig::Missing { .. }));
            assert_eq!(
                error.to_string(),
                format!("{}: there is no such file", path.display())
            );
        }
        let error = directory.unwrap_err();
        assert!(matches!(error, BadConfig::Unreadable { .. }));
        assert!(error.to_string().ends_with(": not a regular file"));
    }

    /// Whatever it is, it ends, and an error has its line.
    fn holds(bytes: &[u8]) -> Result<(), TestCaseError> {
        match Config::parse("f", bytes) {
            Ok(config) => {
                for name in config.tables().pager.keys() {
                    _ = config.reach(name.as_str());
                }
            }
            Err(BadConfig::Wrong { line, what, .. }) => {
                let lines = bytes.split(|byte| *byte == b'\n').count();
                prop_assert!(
                    line.is_some_and(|line| (1..=lines).contains(&line)),
                    "{line:?} {what}"
                );
                prop_assert!(!what.is_empty() && !what.contains('\n'));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn no_input_makes_it_panic(bytes: Vec<u8>) {
            holds(&bytes)?;
        }

        #[test]
        fn no_table_makes_it_panic(
            text in r"(\[{1,2}(pager|group|route|device|mail|web)(\.[ab])?\]{1,2}\n|(type|route|members|hours|retry|gap|server|device|fallback) = ('a'|'xtell'|\['a', 'b'\]|\[\]|-?[0-9]{1,20}|[0-9]e[0-9]{1,3}|nan|1979-05-27|07:32:00|true|\{\}|\{a = 1\})\n){0,8}",
        ) {
            holds(text.as_bytes())?;
        }

        /// A slip of the hand, anywhere in a whole configuration.
        #[test]
        fn no_slip_makes_it_panic(at in 0..WHOLE.len(), gone in 0..40_usize, new in r#"[\PC\n"'\[\]{}=,.#\\]{0,3}"#) {
            let end = (at + gone).min(WHOLE.len());
            let bytes = [&WHOLE.as_bytes()[..at], new.as_bytes(), &WHOLE.as_bytes()[end..]];
            holds(&bytes.concat())?;
        }
    }
}
