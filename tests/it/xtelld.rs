//! `xtelld`: one session on standard input and output, and what of it is on the terminals of those
//! who are logged in.

mod access;
mod history;
mod ident;
mod session;
mod started;
mod verdicts;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::kit::link;
use crate::support::login::{Account, Terminal, account};
use crate::support::peers::skip_unless;
use crate::support::utmp::{logout, utmp};
use crate::support::{Cmd, Output, Scratch, applet, scratch};

const SENT: &str = "200 message sent\r\n";
const NOT_LOGGED_IN: &str = "403 user is not currently logged in\r\n";
const CLOSED: &str = "404 user has indicated that s/he does not want to receive messages\r\n";
const NO_DEVICE: &str = "405 error writing to specified device\r\n";
const FAILED: &str = "405 error writing to device\r\n";
const SYNTAX: &str = "406 syntax error\r\n";
const TOO_LONG: &str = "402 message too long\r\n";

/// For strace(1): whatever opens a file.
const OPENS: &str = "trace=open,openat";

/// What this machine's files tell of who is logged in: nobody, to begin with.
struct Machine {
    scratch: Scratch,
}

impl Machine {
    fn new(name: &str) -> Self {
        let scratch = scratch(name);
        scratch.file("utmp", "");
        fs::create_dir(scratch.join("sessions")).unwrap();
        Self { scratch }
    }

    /// A user at a terminal, as utmp has it, and the server that is to find it.
    fn with_login(name: &str, account: &Account, terminal: &Terminal) -> Self {
        let machine = Self::new(name);
        machine.logins(&[(&account.name, terminal.line())]);
        machine
    }

    fn logins(&self, logins: &[(&str, &str)]) -> PathBuf {
        self.scratch.file("utmp", utmp(logins))
    }

    /// A session, as logind writes it.
    fn session(&self, id: u32, lines: &str) {
        self.scratch.file(&format!("sessions/{id}"), lines);
    }

    /// What makes the server look there.
    fn args(&self) -> [OsString; 4] {
        let path = |name| self.scratch.join(name).into();
        [
            "--utmp".into(),
            path("utmp"),
            "--sessions".into(),
            path("sessions"),
        ]
    }

    fn xtelld(&self) -> Cmd {
        applet("xtelld").args(self.args())
    }

    /// What the server says to a client that says all at once through a pipe.
    fn said(&self, words: impl AsRef<[u8]>) -> Output {
        self.xtelld().stdin(words).run()
    }
}

/// What strace(1) sees of these calls while the server, with these arguments, hears these words;
/// and what it answers.
fn traced(machine: &Machine, calls: &str, args: &[OsString], words: &str) -> (String, Vec<String>) {
    let trace = machine.scratch.join("trace");
    let output = Cmd::new("strace")
        .args(["-f", "-e", calls, "-o"])
        .arg(&trace)
        .arg(link("xtelld"))
        .args(args)
        .env_remove("TZ")
        .stdin(words)
        .run();
    output.expect_status(0);
    let trace = machine.scratch.read("trace");
    (output.stdout, trace.lines().map(str::to_owned).collect())
}

impl Terminal {
    /// The next on it is this message, and nothing follows.
    #[track_caller]
    fn expect(&mut self, from: &str, user: &str, text: &str) {
        self.skip(from, user, text);
        assert!(self.is_clean(), "more than {text:?}");
    }

    /// The next on it is this message, at whatever time.
    #[track_caller]
    fn skip(&mut self, from: &str, user: &str, text: &str) {
        let head = format!("\r\n\x07Message from {from} to {user} at ");
        let tail = format!("\r\n| {text}\r\n");
        let shown = self.read(head.len() + 5 + tail.len());
        let time = shown
            .strip_prefix(&head)
            .and_then(|rest| rest.strip_suffix(&tail));
        let time = time.unwrap_or_else(|| panic!("{shown:?}, not {head:?} and {tail:?}"));
        let number = |digits: &str| digits.parse::<u8>().unwrap();
        let (hour, minute) = time.split_once(':').unwrap();
        assert!(number(hour) < 24 && number(minute) < 60, "{shown:?}");
    }
}

#[test]
fn a_message_is_on_the_terminal_of_a_login() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-utmp", &jane, &terminal);
    let (user, line) = (&*jane.name, terminal.line().to_owned());
    let output = machine.said(format!("joe:{user}::see 12:30, ok?\r\nQUIT\r\n"));
    let logged = format!("shown to {user} on {line} from ?joe, 14 bytes");
    output.expect(0, SENT, &format!("<6>xtelld: unknown: {logged}\n"));
    terminal.expect("?joe@unknown", user, "see 12:30, ok?");
    // The terminal may be named, with its directory and without it.
    for device in [line.clone(), format!("/dev/{line}")] {
        let output = machine.said(format!("joe:{user}:{device}:hi\r\n"));
        assert_eq!(output.stdout, SENT);
        terminal.expect("?joe@unknown", user, "hi");
    }
    // A sender need not say who it is, and the text is in the log only where that is wanted.
    let output = machine
        .xtelld()
        .arg("--log-text")
        .stdin(format!(":{user}::\x1b[2J\r\n"))
        .run();
    terminal.expect("?@unknown", user, "^[[2J");
    let logged = format!("shown to {user} on {line} from ?, 4 bytes: ^[[2J");
    output.expect(0, SENT, &format!("<6>xtelld: unknown: {logged}\n"));
}

#[test]
fn a_message_is_on_the_terminal_of_a_session_of_logind() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::new("xtelld-logind");
    let user = &jane.name;
    let session = format!("USER={user}\nSTATE=active\nCLASS=user\nTTY=");
    machine.session(1, &format!("{session}{}\n", terminal.line()));
    // A session that is of another kind, or over, or at no terminal, does no harm.
    machine.session(2, "USER=gdm\nCLASS=greeter\nTTY=tty1\n");
    machine.session(3, &format!("{session}:0\n"));
    machine.session(4, &format!("{session}../../etc/passwd\n"));
    assert_eq!(machine.said(format!("joe:{user}::hi\n")).stdout, SENT);
    terminal.expect("?joe@unknown", user, "hi");
}

#[test]
fn a_message_is_on_the_terminal_of_who_is_in_no_file() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::new("xtelld-owner");
    let user = &jane.name;
    assert_eq!(machine.said(format!("joe:{user}::hi\n")).stdout, SENT);
    terminal.expect("?joe@unknown", user, "hi");
    // A file that is asked for and is not there is missed, and does no harm either.
    let gone = machine.scratch.join("gone");
    let output = applet("xtelld")
        .arg("--utmp")
        .arg(&gone)
        .arg("--sessions")
        .arg(&gone)
        .stdin(format!("joe:{user}::hi\n"))
        .run();
    let missed = format!("<3>xtelld: unknown: {}: No such file", gone.display());
    output.expect_complaint(0, SENT, &missed);
    terminal.expect("?joe@unknown", user, "hi");
}

#[test]
fn the_least_idle_of_forty_logins_gets_the_message() {
    skip_unless!("root");
    let jane = account();
    let mut terminals: Vec<Terminal> = (0..40).map(|at| jane.terminal(10_000 - 100 * at)).collect();
    terminals.swap(17, 39);
    let machine = Machine::new("xtelld-forty");
    let user = &*jane.name;
    let logins: Vec<(&str, &str)> = terminals.iter().map(|it| (user, it.line())).collect();
    let path = machine.logins(&logins);
    // Whoever has logged out from one is not at it.
    let whole = [fs::read(&path).unwrap(), logout(user, logins[3].1)].concat();
    fs::write(&path, whole).unwrap();
    let show = |terminals: &mut [Terminal], at: usize| {
        assert_eq!(machine.said(format!("joe:{user}::hi\n")).stdout, SENT);
        terminals[at].expect("?joe@unknown", user, "hi");
        assert!(terminals.iter().all(Terminal::is_clean));
    };
    show(&mut terminals, 17);
    // Nobody can be seen to have typed there since, but messages are off now.
    terminals[17].mode(0o600);
    show(&mut terminals, 38);
    // A terminal that goes, goes out of the choice.
    terminals.remove(38);
    show(&mut terminals, 37);
}

#[test]
fn who_is_not_named_is_who_sits_at_the_machine() {
    skip_unless!("root");
    let (jane, john) = (account(), account());
    let (mut janes, johns) = (jane.terminal(50), john.terminal(0));
    let machine = Machine::new("xtelld-console");
    machine.logins(&[
        (&john.name, johns.line()),
        (&jane.name, janes.line()),
        (&jane.name, "tty1"),
    ]);
    let output = machine.said("joe:::the door\n");
    assert_eq!(output.stdout, SENT, "{}", output.stderr);
    janes.expect("?joe@unknown", &jane.name, "the door");
    let logged = format!("shown to {} on {}", jane.name, janes.line());
    assert!(output.stderr.contains(&logged), "{}", output.stderr);
    // What logind says counts more.
    machine.session(
        1,
        &format!("USER={}\nCLASS=user\nSEAT=seat0\nACTIVE=1\n", john.name),
    );
    let mut johns = johns;
    assert_eq!(machine.said("joe:::the door\n").stdout, SENT);
    johns.expect("?joe@unknown", &john.name, "the door");
    assert!(janes.is_clean());
    // Nobody is there.
    let machine = Machine::new("xtelld-nobody");
    machine.logins(&[(&john.name, johns.line())]);
    let output = machine.said("joe:::the door\n");
    let logged = "<4>xtelld: unknown: not shown to the console (403) from ?joe, 8 bytes\n";
    output.expect(0, NOT_LOGGED_IN, logged);
}

#[test]
fn the_time_is_that_of_the_machine() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-time", &jane, &terminal);
    let minute = || jiff::Timestamp::now().as_second().div_euclid(60);
    // A file that waits for who writes it, and one without an end.
    let fifo = machine.scratch.join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let fifo = fifo.to_str().unwrap();
    for (zone, offset) in [
        (None, None),
        (Some("XST-05:45"), Some(345)),
        (Some("UTC0"), Some(0)),
        (Some(":XST5"), Some(-300)),
        (Some(""), Some(0)),
        (Some("nowhere"), Some(0)),
        (Some(fifo), Some(0)),
        (Some("/dev/zero"), Some(0)),
    ] {
        let mut server = machine.xtelld().env_remove("TZ");
        if let Some(zone) = zone {
            server = server.env("TZ", zone);
        }
        let before = minute();
        server
            .stdin(format!("joe:{}::x\n", jane.name))
            .run()
            .expect_status(0);
        let after = minute();
        let shown = terminal.read(
            format!(
                "\r\n\x07Message from ?joe@unknown to {} at HH:MM\r\n| x\r\n",
                jane.name
            )
            .len(),
        );
        let (_, time) = shown.split_once(" at ").unwrap();
        // Without TZ it is whatever this machine's zone is; date(1) knows.
        let local = |minute: i64| {
            let offset = offset.unwrap_or_else(offset_of_date);
            let minute = (minute + offset).rem_euclid(24 * 60);
            format!("{:02}:{:02}", minute / 60, minute % 60)
        };
        let times = [local(before), local(after)];
        assert!(
            times.iter().any(|known| known == &time[..5]),
            "{time:?}, not {times:?}"
        );
    }
}

/// How many minutes this machine's time is ahead of UTC.
fn offset_of_date() -> i64 {
    let said = Cmd::new("date").arg("+%z").env_remove("TZ").run().stdout;
    let number: i64 = said.trim().parse().unwrap();
    number / 100 * 60 + number % 100
}

#[test]
fn nothing_is_read_that_is_not_needed() {
    skip_unless!("root", "strace");
    let jane = account();
    let terminal = jane.terminal(0);
    let machine = Machine::with_login("xtelld-reads", &jane, &terminal);
    let opened = |words: &str| {
        let (_, mut lines) = traced(&machine, OPENS, &machine.args(), words);
        lines.retain(|line| !line.contains("ENOENT"));
        lines
    };
    let count =
        |lines: &[String], words: &str| lines.iter().filter(|line| line.contains(words)).count();
    let lines = opened(&format!("joe:{0}::1\njoe:{0}::2\nhello\n", jane.name));
    // The rules of one zone, once, and the terminal itself, each time.
    assert_eq!(
        count(&lines, "localtime"),
        usize::from(PathBuf::from("/etc/localtime").exists())
    );
    assert_eq!(count(&lines, "zoneinfo"), 0, "{lines:#?}");
    assert_eq!(count(&lines, "O_WRONLY"), 2, "{lines:#?}");
    // No message, no reading.
    let lines = opened("hello\n");
    assert_eq!(
        count(&lines, "utmp") + count(&lines, "localtime") + count(&lines, "/dev"),
        0
    );
}
