//! `snpp-serve`: one session on standard input and output, and what of it reaches the spool.

mod access;
mod command;
mod known;

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use jiff::Timestamp;
use pagebox::queue::tags::hash;
use rustix::process::Signal;

use crate::support::peers::{self, skip_unless};
use crate::support::{Cmd, Output, Running, Scratch, Tmpfs, applet, scratch};

/// A spool below a test's directory, with its server.
pub(crate) fn serve(scratch: &Scratch) -> Cmd {
    applet("snpp-serve")
        .arg("--spool")
        .arg(scratch.join("spool"))
}

/// Everything a client says at once, through a pipe.
pub(crate) fn said(scratch: &Scratch, bytes: impl AsRef<[u8]>) -> Output {
    serve(scratch).stdin(bytes).run()
}

/// The jobs of the spool; `tmp/` must be empty whenever this is asked.
pub(crate) fn jobs(scratch: &Scratch) -> Vec<String> {
    assert_eq!(scratch.names("spool/tmp"), [""; 0], "nothing stays in tmp/");
    let names = scratch.names("spool/new");
    names
        .iter()
        .map(|name| scratch.read(&format!("spool/new/{name}")))
        .collect()
}

pub(crate) fn codes(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.get(..3).unwrap_or(line))
        .collect()
}

/// A connection of TCP on loopback: the client's end and the server's.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    (client, server)
}

/// A client that listens before it speaks again.
pub(crate) struct Talk {
    pub(crate) lines: BufReader<TcpStream>,
    pub(crate) heard: String,
}

impl Talk {
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self {
            lines: BufReader::new(stream),
            heard: String::new(),
        }
    }

    /// Our server as a child of inetd's, and a client that talks to it.
    pub(crate) fn inetd(server: Cmd) -> (Self, Running) {
        let (client, socket) = pair();
        (Self::over(client), server.inetd(socket).spawn())
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.lines
            .get_mut()
            .write_all(format!("{text}\r\n").as_bytes())
            .unwrap();
    }

    #[track_caller]
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line);
        assert!(
            read.is_ok_and(|length| length > 0),
            "silence, after:\n{}",
            self.heard
        );
        self.heard += &line;
        line.strip_suffix("\r\n")
            .expect("a line ends in CR LF")
            .to_owned()
    }

    /// One command, whose reply begins so.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str, reply: &str) -> String {
        self.say(command);
        let heard = self.hear();
        assert!(heard.starts_with(reply), "{command}: {heard}, not {reply}");
        heard
    }

    /// Says nothing more, and hears what the server still says until it closes.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        let _ = self.lines.get_ref().shutdown(Shutdown::Write);
        let mut rest = String::new();
        match self.lines.read_to_string(&mut rest) {
            Ok(_) => rest,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => panic!("reset; {rest:?}"),
            Err(error) => panic!("{error}; {rest:?}"),
        }
    }

    /// Holds a dialogue of `C:` lines, said once the `S:` lines before them are heard. An `S:`
    /// line is what a reply begins with.
    #[track_caller]
    pub(crate) fn hold(&mut self, dialogue: &str) {
        for line in dialogue.lines().map(str::trim_start) {
            if let Some(command) = line.strip_prefix("C:") {
                self.say(command.strip_prefix(' ').unwrap_or(command));
            } else if let Some(reply) = line.strip_prefix("S: ") {
                let heard = self.hear();
                assert!(
                    heard.starts_with(reply),
                    "{heard}, not {reply}, after:\n{}",
                    self.heard
                );
            }
        }
    }
}

/// A route for every pager, whose users answer.
const TWO_WAY: &str = "route.default = { type = 'exec', command = ['true'], two-way = true }\n";

/// Dialogues of specs/snpp.md section 10, as far as a spool can be told them, with our texts where
/// they matter; options; a configuration, if it takes one; and the headers and the message of each
/// job that must come of it, as [`plain`] shows them.
type Fixture = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static [(&'static [&'static str], &'static str)],
);

const FIXTURES: &[Fixture] = &[
    (
        "T1",
        &[],
        "",
        "S: 220 h \nC: PAGE 5551212\nS: 250\nC: MESS Your network is hosed\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 5551212"], "Your network is hosed")],
    ),
    (
        "T2",
        &[],
        "",
        "S: 220\nC: mess Another example\nS: 250\nC: send\nS: 503\nC: PaGeR 5551212\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 5551212"], "Another example")],
    ),
    (
        "T3",
        &[],
        "",
        "S: 220\nC: COVE 2\nS: 250\nC: PAGE 5551212 FOOBAR\nS: 250\nC: HOLD 840115230000 -0600\nS: 250\n\
         C: PAGE 5552323 XYZZY\nS: 250\nC: SUBJ Seattle Meeting\nS: 250\nC: DATA\nS: 354\n\
         C: Please meet me tomorrow at\nC: the Seattle office\nC: .\nS: 250\nC: SEND\nS: 250 Message \nC: QUIT\nS: 221",
        &[(
            &[
                "To: 5551212; coverage=2 pin=FOOBAR",
                "To: 5552323; hold=2084-01-16T05:00:00Z pin=XYZZY",
                "Subject: Seattle Meeting",
            ],
            "Please meet me tomorrow at\nthe Seattle office",
        )],
    ),
    (
        "T4",
        &[],
        "",
        "S: 220\nC: LEVE 0\nS: 250\nC: ALER 1\nS: 250\nC: PAGE 111\nS: 250\nC: PAGE 222\nS: 250\nC: MESS x\nS: 250\n\
         C: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 111; level=0 alert=1", "To: 222"], "x")],
    ),
    (
        "T5",
        &[],
        "",
        "S: 220\nC: PAGE 1\nS: 250\nC: DATA\nS: 354\nC: ..hidden\nC: .\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 1"], ".hidden")],
    ),
    (
        "T6",
        &[],
        "",
        "S: 220\nC: PAGE 111\nS: 250\nC: DATA\nS: 354\nC: QUIT\nC: SEND\nC: .\nS: 250\nC: MESS again\nS: 503\n\
         C: DATA\nS: 503\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 111"], "QUIT\nSEND")],
    ),
    (
        "T7",
        &[],
        "",
        "S: 220\nC: PAGE 111\nS: 250\nC: MESS x\nS: 250\nC: RESET\nS: 250\nC: SEND\nS: 503\nC: QUIT\nS: 221",
        &[],
    ),
    (
        "T8",
        &[],
        "",
        "S: 220\nC: HELP\nS: 214 Level 1: PAGE MESS RESE SEND QUIT HELP\n\
         S: 214 Level 2: DATA LOGI LEVE ALER COVE HOLD CALL SUBJ\n\
         S: 214 Level 3: 2WAY PING EXPT NOQU ACKR RTYP MCRE MSTA KTAG\nS: 214 PIPELINING\nS: 250 \nC: QUIT\nS: 221",
        &[],
    ),
    (
        "T9",
        &["--max-errors", "3"],
        "",
        "S: 220\nC: FOO\nS: 500\nC: PAG 1\nS: 500\nC:\nS: 500\nC: BAR\nS: 421 Too Many Errors, Goodbye",
        &[],
    ),
    (
        "T11",
        &[],
        "route.r = { type = 'exec', command = ['true'] }\npager.111.route = 'r'\n",
        "S: 220\nC: PAGE 000\nS: 550\nC: PAGE 111\nS: 250\nC: MESS hi\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 111"], "hi")],
    ),
    (
        "T12",
        &[],
        TWO_WAY,
        "S: 220\nC: 2WAY\nS: 250\nC: NOQUEUE\nS: 550 Can't Disable Queueing\nC: PAGER SHIRLEY\nS: 950\nC: ACKRead 1\nS: 250\n\
         C: DATA\nS: 354\nC: Little Bo Binary has lost\nC: her Sparcstation\nC: .\nS: 250\nC: RTYPE MULTICHOICE\nS: 250\n\
         C: MCRESP 01 In the West Pasture\nS: 250\nC: MCRESP 02 GoldiFLOCKs has it\nS: 250\nC: SEND\nS: 960 \nC: QUIT\nS: 221",
        &[(
            &[
                "To: SHIRLEY",
                "Two-way: TAG HASH ack=1 reply=multichoice",
                "Choice: 01 In the West Pasture",
                "Choice: 02 GoldiFLOCKs has it",
            ],
            "Little Bo Binary has lost\nher Sparcstation",
        )],
    ),
    (
        "T13",
        &[],
        TWO_WAY,
        "S: 220\nC: 2WAY\nS: 250\nC: EXPT 12\nS: 250 Message Expiry Time Changed to '12' Hours\nC: RTYP MULTICHOICE\nS: 250\n\
         C: PAGE 5551212\nS: 950\nC: MESS Lunch?\nS: 250\nC: MCRE 1E2C Yes please\nS: 250\nC: MCRE 0002 No thanks\nS: 250\n\
         C: SEND\nS: 960 \nC: QUIT\nS: 221",
        &[(
            &[
                "To: 5551212",
                "Expires: in 12 h",
                "Two-way: TAG HASH reply=multichoice",
                "Choice: 1E2C Yes please",
                "Choice: 0002 No thanks",
            ],
            "Lunch?",
        )],
    ),
    (
        "T14, where nobody is ever away",
        &[],
        "",
        "S: 220\nC: 2WAY\nS: 250\nC: NOQU\nS: 550 Can't Disable Queueing\nC: SEND\nS: 503\nC: PAGE 5551212\nS: 950\n\
         C: MESS x\nS: 250\nC: SEND\nS: 960 \nC: QUIT\nS: 221",
        &[(&["To: 5551212", "Two-way: TAG HASH"], "x")],
    ),
    (
        "T15",
        &[],
        TWO_WAY,
        "S: 220\nC: PAGE 111\nS: 250\nC: 2WAY\nS: 550\nC: RESE\nS: 250\nC: 2WAY\nS: 250\nC: MCRE 01 Yes\nS: 550 MCR\n\
         C: RTYP BOGUS\nS: 550\nC: RTYP multichoice\nS: 250\nC: RTYP TEXT\nS: 503\nC: MCRE 01 Yes\nS: 250\nC: MCRE 01 No\nS: 502\n\
         C: MCRE ZZ What\nS: 550 Invalid\nC: PAGE 111\nS: 950\nC: PAGE 222\nS: 503 Already\nC: QUIT\nS: 221",
        &[],
    ),
    (
        "T16",
        &[],
        "route.r = { type = 'exec', command = ['true'] }\npager.111.route = 'r'\n",
        "S: 220\nC: PING 111\nS: 920 Unit Not Online, But Can Queue Message for Later Delivery\nC: PING nobody\nS: 550 Unknown\n\
         C: QUIT\nS: 221",
        &[],
    ),
    (
        "T17, of which nobody has heard",
        &[],
        "",
        "S: 220\nC: MSTA 778 1111\nS: 550 Unknown or Illegal Message_Tag or Pass_Code\nC: QUIT\nS: 221",
        &[],
    ),
    (
        "T18",
        &[],
        TWO_WAY,
        "S: 220\nC: 2WAY\nS: 250\nC: ACKR 1\nS: 250\nC: PAGE 111\nS: 950\nC: MESS x\nS: 250\nC: SEND\nS: 960 \n\
         C: 2WAY\nS: 250\nC: PAGE 111\nS: 950\nC: MESS y\nS: 250\nC: SEND\nS: 960 \nC: QUIT\nS: 221",
        &[
            (&["To: 111", "Two-way: TAG HASH"], "y"),
            (&["To: 111", "Two-way: TAG HASH ack=1"], "x"),
        ],
    ),
    (
        "T20",
        &["--max-recipients", "2"],
        "",
        "S: 220\nC: PAGE 1\nS: 250\nC: PAGE 2\nS: 250\nC: PAGE 3\nS: 552\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 1", "To: 2"], "x")],
    ),
    (
        "two transactions of one session",
        &[],
        "",
        "S: 220\nC: PAGE 1\nS: 250\nC: MESS a\nS: 250\nC: SEND\nS: 250\nC: SEND\nS: 503\nC: PAGE 2\nS: 250\nC: MESS b\nS: 250\n\
         C: SEND\nS: 250\nC: QUIT\nS: 221",
        &[(&["To: 1"], "a"), (&["To: 2"], "b")],
    ),
];

/// The value of a header.
fn value<'a>(job: &'a str, name: &str) -> &'a str {
    let head = job.split_once("\n\n").map_or(job, |(head, _)| head);
    let find = |line: &'a str| line.strip_prefix(name)?.strip_prefix(": ");
    head.lines()
        .find_map(find)
        .unwrap_or_else(|| panic!("no {name} in:\n{job}"))
}

fn seconds(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_second()
}

/// A job's headers and message, without what differs from session to session: when it came, from
/// where, and what it is called. A tag and its hash must look like that; when it expires is told
/// from when it came.
fn plain(job: &str) -> (Vec<String>, String) {
    let (head, message) = job.split_once("\n\n").expect("an empty line");
    let line = |line: &str| {
        let (name, text) = line.split_once(": ").expect("a header");
        Some(match name {
            "Received" | "Id" | "From" => return None,
            "Expires" => {
                let left = seconds(text) - seconds(value(job, "Received"));
                assert_eq!(left % 3600, 0, "{line}");
                format!("Expires: in {} h", left / 3600)
            }
            "Two-way" => {
                let words: Vec<&str> = text.splitn(3, ' ').collect();
                assert!(is_code(words[0]), "{line}");
                let hash = words[1].bytes();
                assert!(hash.len() == 64 && hash.clone().all(|byte| byte.is_ascii_hexdigit()));
                let rest = words.get(2).map(|rest| format!(" {rest}"));
                format!("Two-way: TAG HASH{}", rest.unwrap_or_default())
            }
            _ => line.to_owned(),
        })
    };
    let message = message.strip_suffix('\n').expect("the file's own LF");
    (head.lines().filter_map(line).collect(), message.to_owned())
}

/// Digits, as clients in the field read no more, and enough of them for 40 bits.
fn is_code(word: &str) -> bool {
    word.len() >= 13 && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[track_caller]
fn expect_jobs(name: &str, scratch: &Scratch, expected: &[(&[&str], &str)]) {
    let mut found: Vec<_> = jobs(scratch).iter().map(|job| plain(job)).collect();
    found.sort();
    let expected: Vec<(Vec<String>, String)> = expected
        .iter()
        .map(|(head, message)| {
            let head = head.iter().map(|&line| line.to_owned());
            (head.collect(), (*message).to_owned())
        })
        .collect();
    assert_eq!(found, expected, "{name}");
}

/// The arguments of a server that plays a fixture.
fn arguments(scratch: &Scratch, options: &[&'static str], config: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["--hostname", "h"].map(OsString::from).into();
    arguments.extend(options.iter().map(OsString::from));
    if !config.is_empty() {
        arguments.push("--config".into());
        arguments.push(scratch.file("pagebox.toml", config).into());
    }
    arguments
}

#[test]
fn the_dialogues_of_the_sheet_through_a_pipe() {
    for (name, options, config, dialogue, expected) in FIXTURES {
        let scratch = scratch("serve-pipe");
        let side = |mark: &str| -> Vec<&str> {
            let lines = dialogue.lines().map(str::trim_start);
            lines
                .filter_map(|line| line.strip_prefix(mark).map(str::trim_start))
                .collect()
        };
        let output = serve(&scratch)
            .args(arguments(&scratch, options, config))
            .stdin(side("C:").join("\r\n") + "\r\n")
            .run();
        output.expect_status(0);
        let heard: Vec<&str> = output.stdout.lines().collect();
        let replies = side("S:");
        assert_eq!(heard.len(), replies.len(), "{name}:\n{}", output.stdout);
        for (heard, reply) in heard.iter().zip(replies) {
            assert!(heard.starts_with(reply), "{name}: {heard}, not {reply}");
        }
        expect_jobs(name, &scratch, expected);
    }
}

#[test]
fn the_dialogues_of_the_sheet_on_the_socket_of_inetd() {
    for (name, options, config, dialogue, expected) in FIXTURES {
        let scratch = scratch("serve-inetd");
        let (mut talk, server) =
            Talk::inetd(serve(&scratch).args(arguments(&scratch, options, config)));
        talk.hold(dialogue);
        assert_eq!(talk.rest(), "", "{name}");
        server.wait().expect(0, "", "");
        expect_jobs(name, &scratch, expected);
    }
}

#[test]
fn the_dialogues_of_the_sheet_under_tcpserver() {
    skip_unless!("tcpserver");
    let scratch = scratch("serve-tcpserver");
    let spool = scratch.join("spool");
    for (name, options, config, dialogue, expected) in FIXTURES {
        let mut args = arguments(&scratch, options, config);
        args.extend(["--spool".into(), spool.clone().into()]);
        let peer = peers::tcpserver_with("snpp-serve", args);
        let mut talk = Talk::over(TcpStream::connect(peer.addr()).unwrap());
        talk.hold(dialogue);
        assert_eq!(talk.rest(), "", "{name}");
        expect_jobs(name, &scratch, expected);
        let _ = fs::remove_dir_all(&spool);
    }
}

#[test]
fn a_unix_socket_is_a_line_like_any_other() {
    let scratch = scratch("serve-unix");
    let (client, server) = UnixStream::pair().unwrap();
    let out = server.try_clone().unwrap();
    let running = serve(&scratch).stdin_from(server).stdout_to(out).spawn();
    (&client)
        .write_all(b"PAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n")
        .unwrap();
    let mut said = String::new();
    (&client).read_to_string(&mut said).unwrap();
    drop(client);
    running.wait().expect_status(0);
    assert_eq!(codes(&said), ["220", "250", "250", "250", "221"]);
    assert_eq!(jobs(&scratch).len(), 1);
}

#[test]
fn a_job_file_says_all_there_is() {
    let scratch = scratch("serve-job");
    let script = "umask 0; exec snpp-serve --spool \"$0\"";
    let said = Cmd::new("sh")
        .args(["-c", script])
        .arg(scratch.join("spool"))
        .stdin("LOGI joe hunter2\r\nPAGE 1\r\nPAGE +49.30\r\nDATA\r\nDisk full\r\n\r\nTo: x\r\n.\r\nSEND\r\nQUIT\r\n")
        .run();
    said.expect_status(0);
    let names = scratch.names("spool/new");
    assert_eq!(names.len(), 1);
    let name = &names[0];
    // The name is ours, and the client was told it.
    assert!(
        said.stdout
            .contains(&format!("250 Message {name} queued\r\n")),
        "{}",
        said.stdout
    );
    let job = scratch.read(&format!("spool/new/{name}"));
    let (head, message) = job.split_once("\n\n").unwrap();
    let head: Vec<&str> = head.lines().collect();
    assert_eq!(head[..3], ["To: 1", "To: +49.30", "From: ?joe"]);
    let time = head[3].strip_prefix("Received: ").unwrap();
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    assert_eq!(shape, "9999-99-99T99:99:99Z");
    assert_eq!(head[4..], [format!("Id: {name}")]);
    assert_eq!(message, "Disk full\n\nTo: x\n");
    let mode = |path: &str| {
        fs::metadata(scratch.join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!(mode(&format!("spool/new/{name}")), 0o640, "the umask was 0");
    assert_eq!((mode("spool/new"), mode("spool/tmp")), (0o770, 0o770));
    // The password is nowhere.
    assert!(!format!("{job}{}{}", said.stdout, said.stderr).contains("hunter2"));
}

#[test]
fn a_job_is_from_the_login_or_else_the_peer() {
    let scratch = scratch("serve-from");
    let page = "PAGE 1\r\nMESS x\r\nSEND\r\n";
    let anonymous = || serve(&scratch).stdin(page);
    let login = || serve(&scratch).stdin(format!("LOGI joe secret\r\n{page}"));
    let check = |server: Cmd, from: Option<&str>| {
        server.run().expect_status(0);
        let job = take_job(&scratch);
        let (head, _) = job.split_once("\n\n").unwrap();
        let found = head.lines().find_map(|line| line.strip_prefix("From: "));
        assert_eq!(found, from, "{job}");
    };
    check(anonymous(), None);
    // Whoever starts us says so, and nobody can make sure of it.
    let here = "127.0.0.1";
    check(anonymous().env("TCPREMOTEIP", here), Some("?127.0.0.1"));
    check(login().env("TCPREMOTEIP", here), Some("?joe"));
    check(login(), Some("?joe"));
    let (client, socket) = pair();
    (&client).write_all(page.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    // A socket speaks for itself.
    let server = serve(&scratch).env("TCPREMOTEIP", "203.0.113.1");
    check(server.inetd(socket), Some(here));
    // So does one of a unix listener, which only a process of this machine finds.
    let path = scratch.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let client = UnixStream::connect(&path).unwrap();
    let socket = listener.accept().unwrap().0;
    check(over(&scratch, &client, socket, page), Some("unix"));
    // Half of a pair is whoever made the pair, and so is what it says.
    let (client, socket) = UnixStream::pair().unwrap();
    check(over(&scratch, &client, socket, page), None);
    let (client, socket) = UnixStream::pair().unwrap();
    let server = over(&scratch, &client, socket, page);
    check(server.env("REMOTE_HOST", here), Some("?127.0.0.1"));
}

/// A server on a unix socket, whose client has said all it says.
fn over(scratch: &Scratch, client: &UnixStream, socket: UnixStream, said: &str) -> Cmd {
    (&*client).write_all(said.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let out = socket.try_clone().unwrap();
    serve(scratch).stdin_from(socket).stdout_to(out)
}

#[test]
fn a_pair_of_sockets_vouches_for_nobody() {
    // So stunnel runs us: a pair of sockets, and the far end in the environment.
    let scratch = scratch("serve-pair");
    for (peer, expected) in [
        ("203.0.113.1", &["421"][..]),
        ("127.0.0.1", &["220", "250", "250", "250"]),
    ] {
        let (mut client, socket) = UnixStream::pair().unwrap();
        over(&scratch, &client, socket, "PAGE 1\r\nMESS x\r\nSEND\r\n")
            .env("REMOTE_HOST", peer)
            .run()
            .expect_status(0);
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(codes(&heard), expected, "{peer}: {heard}");
    }
}

#[test]
fn a_login_outlives_send_and_not_rese() {
    let scratch = scratch("serve-login");
    let page = "PAGE 1\r\nMESS x\r\nSEND\r\n";
    said(&scratch, format!("LOGI joe\r\n{page}{page}RESE\r\n{page}")).expect_status(0);
    let from: Vec<bool> = jobs(&scratch)
        .iter()
        .map(|job| job.contains("\nFrom: ?joe\n"))
        .collect();
    assert_eq!(from, [true, true, false]);
}

#[test]
fn a_client_hears_the_protocol_and_nothing_else() {
    let wrong = |scratch: &Scratch| serve(scratch).arg("--no-such-option");
    let missing = |scratch: &Scratch| {
        applet("snpp-serve")
            .arg("--spool")
            .arg(scratch.join("no/such/spool"))
    };
    let good = |scratch: &Scratch| serve(scratch);
    let foul = |scratch: &Scratch| serve(scratch).args(["--max-errors", "1"]);
    for (make, bytes, status, expected) in [
        (
            good as fn(&Scratch) -> Cmd,
            "PAGE 1\r\nMESS secret words\r\nSEND\r\nQUIT\r\n",
            0,
            &["220", "250", "250", "250", "221"][..],
        ),
        (foul, "FOO\r\nFOO\r\n", 0, &["220", "500", "421"]),
        (missing, "PAGE 1\r\n", 73, &["421"]),
        (wrong, "", 64, &["421"]),
    ] {
        let scratch = scratch("serve-fd2");
        let (mut talk, server) = Talk::inetd(make(&scratch));
        talk.lines.get_mut().write_all(bytes.as_bytes()).unwrap();
        let heard = talk.rest();
        assert_eq!(codes(&heard), expected, "{heard}");
        server.wait().expect(status, "", "");
    }
}

#[test]
fn the_end_of_the_line_queues_nothing_in_any_state() {
    let scratch = scratch("serve-eof");
    for (bytes, expected) in [
        ("", &["220"][..]),
        ("PAGE 1\r\n", &["220", "250"]),
        ("MESS x\r\n", &["220", "250"]),
        ("PAGE 1\r\nMESS x\r\n", &["220", "250", "250"]),
        (
            "PAGE 1\r\nMESS x\r\nQUIT\r\n",
            &["220", "250", "250", "221"],
        ),
        ("PAGE 1\r\nDATA\r\n", &["220", "250", "354"]),
        ("PAGE 1\r\nDATA\r\ntext\r\n", &["220", "250", "354"]),
        (
            "PAGE 1\r\nDATA\r\ntext\r\n.\r\n",
            &["220", "250", "354", "250"],
        ),
        (
            "PAGE 1\r\nDATA\r\ntext\r\nSEND\r\nQUIT\r\n",
            &["220", "250", "354"],
        ),
        // A last line without its end is never executed.
        ("PAGE 1", &["220"]),
        ("PAGE 1\r\nMESS x\r\nSEND", &["220", "250", "250"]),
        ("PAGE 1\r\nMESS x\r\nSEND\r", &["220", "250", "250"]),
        ("PAGE 1\r\nDATA\r\ntext\r\n.", &["220", "250", "354"]),
        ("PAGE 1\r\nDATA\r\ntext\r\n.\r", &["220", "250", "354"]),
    ] {
        let output = said(&scratch, bytes);
        output.expect_status(0);
        assert_eq!(codes(&output.stdout), expected, "{bytes:?}");
        let none: [String; 0] = [];
        assert_eq!(jobs(&scratch), none, "{bytes:?}");
    }
}

#[test]
fn a_client_that_vanishes_after_send_has_sent() {
    // Nobody reads the 250: the page is on disk all the same, and the server no failure.
    let scratch = scratch("serve-vanish");
    let (client, socket) = pair();
    (&client)
        .write_all(b"PAGE 1\r\nMESS x\r\nSEND\r\n")
        .unwrap();
    drop(client);
    serve(&scratch).inetd(socket).run().expect(0, "", "");
    assert_eq!(jobs(&scratch).len(), 1);
}

#[test]
fn bad_words_are_refused_and_the_session_goes_on() {
    let scratch = scratch("serve-bad");
    for (bytes, expected) in [
        (&b"PAGE -o\r\n"[..], "550"),
        (b"PAGE ../x\r\n", "550"),
        (b"PAGE a;b\r\n", "550"),
        (b"PAGE\r\n", "550"),
        (b"PAGE5551212\r\n", "550"),
        (b"PAGE 1\0\r\n", "550"),
        (b"MESS\r\n", "550"),
        (b"MESS a\0b\r\n", "550"),
        (b"MESS a\rb\r\n", "550"),
        (b"PAGE \xff\xfe\r\n", "550"),
        (b"PAGE 1 \xff\xfe\r\n", "550"),
        (b"LOGI \xff\xfe\r\n", "550"),
        (b"LOGI\r\n", "550"),
        (b"2WAY5551212 1\r\nRESE\r\n", "250"),
        (b"SITE HELP NOTIFY\r\n", "500"),
        (b"XWHO\r\n", "500"),
        (b"LEVE 12\r\n", "550"),
        (b"ALER 2\r\n", "550"),
        (b"COVE\r\n", "550"),
        (b"COVE a b\r\n", "550"),
        (b"CALL\r\n", "550"),
        (b"CALL \x1b[2J\r\n", "550"),
        (b"SUBJ  \r\n", "550"),
        (b"HOLD soon\r\n", "550"),
        (b"EXPT 12\r\n", "550"),
        (b"NOQU\r\n", "550"),
        (b"ACKR 1\r\n", "550"),
        (b"RTYP TEXT\r\n", "550"),
        (b"MCRE 01 x\r\n", "550"),
        (b"  \r\n", "500"),
        (b"SEND \r\n", "503"),
        (b"\xff\xfd\x01HELP\r\n", "214"),
        (b"rese\n", "250"),
    ] {
        let all = [bytes, b"PAGE 1\r\nMESS ok\r\nSEND\r\n"].concat();
        let output = said(&scratch, all);
        output.expect_status(0);
        let codes = codes(&output.stdout);
        assert_eq!(codes[1], expected, "{}", bytes.escape_ascii());
        assert_eq!(
            codes[codes.len() - 3..],
            ["250"; 3],
            "{}",
            bytes.escape_ascii()
        );
    }
    assert!(
        jobs(&scratch)
            .iter()
            .all(|job| job.starts_with("To: 1\nReceived: ") && job.ends_with("\n\nok\n"))
    );
}

#[test]
fn limits_are_those_of_the_command_line() {
    let scratch = scratch("serve-limits");
    let output = serve(&scratch)
        .args(["--max-message", "5"])
        .stdin("MESS 123456\r\nMESS 12345\r\nRESE\r\nDATA\r\n12\r\n345\r\n.\r\nDATA\r\n12\r\n34\r\n.\r\nPAGE 1\r\nSEND\r\n")
        .run();
    assert_eq!(
        codes(&output.stdout),
        [
            "220", "550", "250", "250", "354", "550", "354", "250", "250", "250"
        ]
    );
    assert!(jobs(&scratch)[0].ends_with("\n\n12\n34\n"));
    for (option, value) in [
        ("--max-message", "0"),
        ("--max-recipients", "x"),
        ("--max-errors", "-1"),
        ("--idle-timeout", "2 months"),
        ("--session-timeout", "2d"),
        ("--hostname", "a b"),
        ("--hostname", ""),
    ] {
        serve(&scratch)
            .arg(format!("{option}={value}"))
            .run()
            .expect_complaint(64, "", option);
    }
}

#[test]
fn the_log_has_no_text_unless_it_is_asked_for() {
    let scratch = scratch("serve-log");
    let page = "PAGE 5551212\r\nMESS secret \x1b[2J words\r\nSEND\r\n";
    let output = said(&scratch, page);
    let id = &scratch.names("spool/new")[0];
    output.expect(
        0,
        &output.stdout,
        &format!("<6>snpp-serve: unknown: accepted {id} for 5551212, 17 bytes\n"),
    );
    let output = serve(&scratch).arg("--log-text").stdin(page).run();
    output.expect_complaint(0, &output.stdout, "17 bytes: secret ^[[2J words\n");
}

#[test]
fn a_full_disk_is_554_and_leaves_nothing_behind() {
    skip_unless!("root", "mount");
    let scratch = scratch("serve-full");
    let disk = scratch.join("spool");
    let Some(full) = Tmpfs::on(&disk) else {
        return;
    };
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250");
    let filler = full.fill();
    talk.ask("SEND", "554");
    assert_eq!(jobs(&scratch).len(), 0);
    // The page is gone with it, and the client begins anew when there is room.
    talk.ask("SEND", "503");
    fs::remove_file(&filler).unwrap();
    talk.hold("C: PAGE 1\nS: 250\nC: MESS y\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
    expect_jobs("after the full disk", &scratch, &[(&["To: 1"], "y")]);
}

#[test]
fn a_spool_on_a_read_only_disk_is_554_or_421() {
    skip_unless!("root", "mount");
    let scratch = scratch("serve-ro");
    let disk = scratch.join("disk");
    let Some(_disk) = Tmpfs::on(&disk) else {
        return;
    };
    let serve = |spool: &str| applet("snpp-serve").arg("--spool").arg(disk.join(spool));
    serve("spool").run().expect_status(0);
    Cmd::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk)
        .run()
        .expect(0, "", "");
    let page = "PAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n";
    let output = serve("spool").stdin(page).run();
    output.expect_complaint(0, &output.stdout, "Read-only file system");
    assert_eq!(codes(&output.stdout), ["220", "250", "250", "554", "221"]);
    assert_eq!(
        scratch.names("disk/spool/new").len() + scratch.names("disk/spool/tmp").len(),
        0
    );
    let output = serve("another").stdin(page).run();
    output.expect_complaint(
        73,
        "421 Gateway Service Unavailable\r\n",
        "Read-only file system",
    );
}

#[test]
fn a_spool_that_is_none_is_421_and_our_own_trouble() {
    let scratch = scratch("serve-none");
    scratch.file("file", "");
    fs::create_dir(scratch.join("link")).unwrap();
    std::os::unix::fs::symlink("/tmp", scratch.join("link/tmp")).unwrap();
    for spool in ["no/such", "file", "link"] {
        let output = applet("snpp-serve")
            .arg("--spool")
            .arg(scratch.join(spool))
            .run();
        output.expect_complaint(73, "421 Gateway Service Unavailable\r\n", "<3>snpp-serve: ");
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_554() {
    let scratch = scratch("serve-ulimit");
    let script = "ulimit -f 0; exec snpp-serve --spool \"$0\"";
    let output = Cmd::new("sh")
        .args(["-c", script])
        .arg(scratch.join("spool"))
        .stdin("PAGE 1\r\nMESS x\r\nSEND\r\nHELP\r\nQUIT\r\n")
        .run();
    output.expect_complaint(0, &output.stdout, "not accepted for 1");
    assert_eq!(
        codes(&output.stdout),
        [
            "220", "250", "250", "554", "214", "214", "214", "214", "250", "221"
        ]
    );
    assert_eq!(jobs(&scratch).len(), 0);
}

#[test]
fn silence_is_421() {
    let scratch = scratch("serve-idle");
    for (option, before) in [
        ("--idle-timeout", ""),
        ("--idle-timeout", "PAGE 1\r\nMESS x\r\nSEND"),
        ("--idle-timeout", "PAGE 1\r\nDATA\r\ntext\r\n"),
        ("--session-timeout", ""),
    ] {
        let (mut talk, server) = Talk::inetd(serve(&scratch).args([option, "50ms"]));
        talk.hold("S: 220");
        talk.lines.get_mut().write_all(before.as_bytes()).unwrap();
        let mut last = String::new();
        while !last.starts_with("421") {
            last = talk.hear();
        }
        assert_eq!(last, "421 Timeout, Goodbye");
        assert_eq!(talk.rest(), "");
        server.wait().expect(0, "", "");
        assert_eq!(jobs(&scratch).len(), 0);
    }
}

#[test]
fn a_session_that_never_pauses_ends_too() {
    let scratch = scratch("serve-session");
    let (mut talk, server) = Talk::inetd(serve(&scratch).args(["--session-timeout", "100ms"]));
    talk.hear();
    let mut heard = String::new();
    while !heard.starts_with("421") {
        talk.say("RESE");
        heard = talk.hear();
        assert!(
            heard.starts_with("250") || heard.starts_with("421"),
            "{heard}"
        );
    }
    drop(talk);
    server.wait().expect(0, "", "");
}

#[test]
fn a_signal_is_421_and_status_0() {
    let scratch = scratch("serve-signal");
    for (signal, before) in [
        (Signal::TERM, "S: 220"),
        (Signal::TERM, "S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250"),
        (
            Signal::TERM,
            "S: 220\nC: PAGE 1\nS: 250\nC: DATA\nS: 354\nC: text",
        ),
        (Signal::INT, "S: 220\nC: PAGE 1\nS: 250"),
        (Signal::HUP, "S: 220\nC: PAGE 1\nS: 250"),
    ] {
        let (mut talk, mut server) = Talk::inetd(serve(&scratch));
        talk.hold(before);
        server.signal(signal);
        assert!(talk.hear().starts_with("421 "), "{}", talk.heard);
        assert_eq!(talk.rest(), "");
        server.wait().expect(0, "", "");
        assert_eq!(jobs(&scratch).len(), 0);
    }
}

#[test]
fn all_of_ten_thousand_commands_in_one_write_are_answered() {
    let scratch = scratch("serve-pipelined");
    let commands = b"RESE\r\nPAGE 1\r\n".repeat(5000);
    let piped = said(&scratch, &commands);
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    let mut writer = talk.lines.get_ref().try_clone().unwrap();
    let thread = std::thread::spawn(move || {
        writer.write_all(&commands).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut socket = String::new();
    talk.lines.read_to_string(&mut socket).unwrap();
    thread.join().unwrap();
    server.wait().expect(0, "", "");
    for heard in [&piped.stdout, &socket] {
        let replies: Vec<&str> = heard.lines().skip(1).collect();
        assert_eq!(replies.len(), 10_000);
        for two in replies.chunks(2) {
            assert_eq!(two, ["250 RESET OK", "250 Pager ID Accepted"]);
        }
    }
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let scratch = scratch("serve-endless");
    for (before, after, replies) in [
        ("PAGE ", "", &["500"][..]),
        ("MESS ", "", &["550"]),
        ("", "", &["500"]),
        ("DATA\r\n", "\r\n.", &["354", "550"]),
    ] {
        let (mut talk, server) = Talk::inetd(serve(&scratch));
        talk.hold("S: 220\nC: RESE\nS: 250");
        let peak = || {
            let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmHWM:"))
                .unwrap();
            line.split_whitespace()
                .nth(1)
                .unwrap()
                .parse::<u64>()
                .unwrap()
        };
        let base = peak();
        talk.lines.get_mut().write_all(before.as_bytes()).unwrap();
        for _ in 0..64 {
            talk.lines
                .get_mut()
                .write_all(&b"x".repeat(64 * 1024))
                .unwrap();
        }
        talk.say(after);
        for reply in replies {
            assert!(talk.hear().starts_with(reply), "{before}: {}", talk.heard);
        }
        talk.hold("C: PAGE 1\nS: 250");
        let grown = peak() - base;
        assert!(
            grown < 1024,
            "{before:?}: {grown} KiB more for a line of 4 MiB"
        );
        talk.rest();
    }
}

#[test]
fn two_fifty_comes_after_the_disk() {
    skip_unless!("strace");
    let scratch = scratch("serve-strace");
    let trace = scratch.join("trace");
    let probe = Cmd::new("strace")
        .args(["-o"])
        .arg(&trace)
        .arg("true")
        .run();
    if probe.status != 0 {
        eprintln!("skipped: strace may not trace: {}", probe.stderr);
        return;
    }
    let spool = scratch.join("spool");
    fs::create_dir(&spool).unwrap();
    for dir in ["tmp", "new"] {
        fs::create_dir(spool.join(dir)).unwrap();
        fs::set_permissions(spool.join(dir), Permissions::from_mode(0o770)).unwrap();
    }
    Cmd::new("strace")
        .args([
            "-f",
            "-y",
            "-s",
            "200",
            "-e",
            "trace=/^(p?writev?(64)?|send.*|f(data)?sync|rename.*)$",
            "-o",
        ])
        .arg(&trace)
        .args(["snpp-serve", "--spool"])
        .arg(&spool)
        .stdin("PAGE 1\r\nMESS Disk full\r\nSEND\r\nQUIT\r\n")
        .run()
        .expect_status(0);
    let trace = scratch.read("trace");
    // The number of the process, the call, and what it is done to.
    let steps: Vec<&str> = trace
        .lines()
        .filter_map(|line| {
            let call = line.split_once(' ')?.1.trim_start();
            let at = |what: &str| call.contains(what);
            Some(match call.split('(').next()? {
                "fsync" | "fdatasync" if at("/spool/tmp/") => "sync the file",
                "fsync" | "fdatasync" if at("/spool/new>") => "sync the directory",
                name if name.starts_with("rename") => "rename",
                _ if at("Disk full") && at("/spool/tmp/") => "write the file",
                _ if at("\"250 Message ") && at(" queued") => "250",
                _ => return None,
            })
        })
        .collect();
    assert_eq!(
        steps,
        [
            "write the file",
            "sync the file",
            "rename",
            "sync the directory",
            "250"
        ],
        "{trace}"
    );
}

#[test]
fn our_own_client_talks_to_our_own_server() {
    let scratch = scratch("serve-own");
    let spool = scratch.join("spool");
    let spool = spool.to_str().unwrap();
    let send = || applet("snpp-send").args(["-s", "nowhere"]);
    for proxy in [
        format!("snpp-serve --spool '{spool}'"),
        format!("pagebox snpp-serve --spool '{spool}'"),
        format!(
            "{} --spool '{spool}' --hostname %h.%p",
            crate::support::kit::link("snpp-serve").display()
        ),
    ] {
        // What the server logs is on our standard error, which it inherits.
        let output = send()
            .arg("--proxy-command")
            .arg(&proxy)
            .args(["5551212", "Disk", "full"])
            .run();
        output.expect_complaint(0, "", "accepted ");
        expect_jobs(&proxy, &scratch, &[(&["To: 5551212"], "Disk full")]);
        fs::remove_dir_all(spool).unwrap();
    }
    let text = ".\n..\nQUIT\n\nlast";
    send()
        .args([
            "--proxy-command",
            &format!("snpp-serve --spool '{spool}'"),
            "-q",
            "--login",
            "joe",
            "1,2",
            "-m",
            text,
        ])
        .env("SNPP_PASSWORD", "hunter2")
        .run()
        .expect_status(0);
    expect_jobs(
        "several lines",
        &scratch,
        &[(&["To: 1"], text), (&["To: 2"], text)],
    );
    assert!(
        jobs(&scratch)
            .iter()
            .all(|job| job.contains("\nFrom: ?joe\n") && !job.contains("hunter2"))
    );
}

// ---- level 2 ----

/// A session through a pipe, and the lines that it answered after the greeting.
fn replies(server: Cmd, lines: &[&str]) -> Vec<String> {
    let output = server.stdin(lines.join("\r\n") + "\r\n").run();
    output.expect_status(0);
    output.stdout.lines().skip(1).map(str::to_owned).collect()
}

/// The one job of the spool, which goes with its file.
#[track_caller]
fn take_job(scratch: &Scratch) -> String {
    let found = jobs(scratch);
    assert_eq!(found.len(), 1, "{found:?}");
    fs::remove_file(
        scratch
            .join("spool/new")
            .join(&scratch.names("spool/new")[0]),
    )
    .unwrap();
    found.into_iter().next().unwrap()
}

#[test]
fn a_job_of_level_2_to_the_byte() {
    let scratch = scratch("serve-level-2");
    let lines = [
        "CALL to be overruled",
        "CALL   Dr.  Who\t(555; x=1) ",
        "SUBJ Seattle:  Meeting \u{e9}",
        "LEVE 11",
        "LEVE  0 ",
        "ALERT 1",
        "COVE zone;7=b",
        "HOLD 840115230000 -0600",
        "PAGER 5551212  FOOBAR",
        "ALER 0",
        "PAGE 5552323",
        "PAGE 5553434 x;y=z",
        "LEVE 7",
        "DATA",
        "To: me",
        "",
        "  two  blanks ",
        ".",
        "SEND",
    ];
    let heard = replies(serve(&scratch), &lines);
    assert_eq!(
        codes(&heard.join("\n")),
        [["250"; 13].as_slice(), &["354", "250", "250"],].concat()
    );
    let job = take_job(&scratch);
    let (received, id) = (value(&job, "Received"), value(&job, "Id"));
    assert_eq!(heard[15], format!("250 Message {id} queued"));
    assert!((Timestamp::now().as_second() - seconds(received)).abs() < 60);
    assert_eq!(
        job,
        format!(
            "To: 5551212; level=0 alert=1 coverage=zone;7=b hold=2084-01-16T05:00:00Z pin=FOOBAR\n\
             To: 5552323; alert=0\n\
             To: 5553434; pin=x;y=z\n\
             Caller:   Dr.  Who\t(555; x=1) \n\
             Subject: Seattle:  Meeting \u{e9}\n\
             Received: {received}\n\
             Id: {id}\n\
             \n\
             To: me\n\
             \n  two  blanks \n"
        )
    );
}

#[test]
fn nothing_of_a_page_is_left_for_the_next() {
    let scratch = scratch("serve-next");
    for between in [
        "MESS x\r\nPAGE 1\r\nSEND",
        "RESE",
        // All is gone after a failure too.
        "MESS x\r\nPAGE 2\r\nPAGE 1\r\nSEND",
    ] {
        let before =
            "CALL joe\r\nSUBJ s\r\nPAGE 1\r\nLEVE 0\r\nALER 1\r\nCOVE 2\r\nHOLD 840115230000";
        let after = "PAGE 9\r\nMESS last\r\nSEND";
        replies(serve(&scratch), &[before, between, "LEVE 3", "RESE", after]);
        let last = jobs(&scratch)
            .into_iter()
            .find(|job| job.ends_with("\n\nlast\n"));
        let (head, _) = plain(&last.unwrap());
        assert_eq!(head, ["To: 9"], "{between}");
        fs::remove_dir_all(scratch.join("spool")).unwrap();
    }
}

#[test]
fn a_pager_named_twice_is_paged_once_unless_it_is_paged_otherwise() {
    let scratch = scratch("serve-twice");
    let lines = [
        "PAGE 1",
        "PAGE 1",
        "LEVE 0",
        "PAGE 1",
        "PAGE 1 77",
        "PAGE 1 77",
        "MESS x",
        "SEND",
    ];
    let heard = replies(serve(&scratch), &lines);
    assert_eq!(codes(&heard.join("\n")), ["250"; 8]);
    let to = plain(&take_job(&scratch)).0;
    assert_eq!(to, ["To: 1", "To: 1; level=0", "To: 1; pin=77"]);
    // Who is named again takes no place; who is one too many leaves the options said for it.
    let server = serve(&scratch).args(["--max-recipients", "2"]);
    let lines = [
        "PAGE 1", "PAGE 1", "PAGE 2", "LEVE 5", "PAGE 3", "PAGE 2", "PAGE 1", "MESS x", "SEND",
    ];
    let heard = replies(server, &lines);
    assert_eq!(
        codes(&heard.join("\n")),
        [
            "250", "250", "250", "250", "552", "552", "552", "250", "250"
        ]
    );
    assert_eq!(plain(&take_job(&scratch)).0, ["To: 1", "To: 2"]);
    // Fifty unless another number is given, and a two-way page has one.
    let many: Vec<String> = (0..51).map(|pager| format!("PAGE {pager}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let heard = replies(serve(&scratch), &[&many[..], &["MESS x", "SEND"]].concat());
    let expected = [&["250"; 50][..], &["552", "250", "250"]].concat();
    assert_eq!(codes(&heard.join("\n")), expected);
    assert_eq!(plain(&take_job(&scratch)).0.len(), 50);
    let heard = replies(serve(&scratch), &["2WAY", "PAGE 1", "PAGE 1", "PAGE 2"]);
    assert_eq!(codes(&heard.join("\n")), ["250", "950", "503", "503"]);
}

/// The page of a session with this HOLD: when it may be delivered, or what HOLD was answered.
fn held(scratch: &Scratch, server: Cmd, argument: &str) -> Result<String, String> {
    let hold = format!("HOLD {argument}");
    let heard = replies(server, &[&hold, "PAGE 1", "MESS x", "SEND"]);
    assert_eq!(codes(&heard[1..].join("\n")), ["250"; 3], "{argument}");
    let job = take_job(scratch);
    match value(&job, "To").strip_prefix("1; hold=") {
        Some(time) => {
            assert_eq!(heard[0], "250 Delayed Messaging Selected");
            Ok(time.to_owned())
        }
        None => Err(heard[0].clone()),
    }
}

#[test]
fn a_hold_is_a_moment_in_utc() {
    let scratch = scratch("serve-hold");
    let berlin = "Europe/Berlin";
    for (zone, argument, moment) in [
        ("UTC", "801122101500", "2080-11-22T10:15:00Z"),
        ("UTC", "8011221015", "2080-11-22T10:15:00Z"),
        (berlin, "801122101500", "2080-11-22T09:15:00Z"),
        (berlin, "8011221015", "2080-11-22T09:15:00Z"),
        (berlin, "800722101500", "2080-07-22T08:15:00Z"),
        (berlin, "801231235960", "2080-12-31T23:00:00Z"),
        // In the gap of spring, the time that would have been.
        (berlin, "800331015959", "2080-03-31T00:59:59Z"),
        (berlin, "800331023000", "2080-03-31T01:30:00Z"),
        (berlin, "800331030000", "2080-03-31T01:00:00Z"),
        ("America/Chicago", "800310023000", "2080-03-10T08:30:00Z"),
        // In the hour that comes twice, the first.
        (berlin, "801027023000", "2080-10-27T00:30:00Z"),
        (berlin, "801027030000", "2080-10-27T02:00:00Z"),
        ("America/Chicago", "801103013000", "2080-11-03T06:30:00Z"),
        // What has an offset needs no zone, nor does its gap count.
        (berlin, "801122101500 -0600", "2080-11-22T16:15:00Z"),
        (berlin, "8011221015 -0600", "2080-11-22T16:15:00Z"),
        (berlin, "801122101500 +0000", "2080-11-22T10:15:00Z"),
        (berlin, "801122101500+0530", "2080-11-22T04:45:00Z"),
        (berlin, "801122101500 +1", "2080-11-22T09:15:00Z"),
        (berlin, "801122101500 -01", "2080-11-22T11:15:00Z"),
        (berlin, "801122101500 +1400", "2080-11-21T20:15:00Z"),
        (berlin, "800331023000 +0000", "2080-03-31T02:30:00Z"),
        (berlin, "801122101560 +0000", "2080-11-22T10:16:00Z"),
    ] {
        let server = serve(&scratch).args(["--hold-zone", zone]);
        let held = held(&scratch, server, argument);
        assert_eq!(held.as_deref(), Ok(moment), "{zone} {argument}");
    }
    // Without the option, where this machine is.
    let server = serve(&scratch).env("TZ", "Asia/Kathmandu");
    let there = held(&scratch, server, "801122101500");
    assert_eq!(there.as_deref(), Ok("2080-11-22T04:30:00Z"));
    for zone in ["Mars/Olympus", "", "../../etc/passwd", "+0100"] {
        serve(&scratch)
            .arg(format!("--hold-zone={zone}"))
            .run()
            .expect_complaint(64, "", "--hold-zone");
    }
}

#[test]
fn a_hold_that_is_no_moment_or_is_past_is_550_and_the_page_goes_now() {
    let scratch = scratch("serve-past");
    let ago = |seconds: i64| {
        let at = Timestamp::from_second(Timestamp::now().as_second() - seconds).unwrap();
        at.strftime("%y%m%d%H%M%S").to_string()
    };
    for argument in [
        "",
        "soon",
        "801322101500",
        "800230101500",
        "801122241500",
        "801122106000",
        "801122101561",
        "80112210150",
        "20801122101500",
        "801122101500 +1401",
        "801122101500 0600",
        "801122101500 +0600 x",
        "801122101500 +06:00",
        // Years from 90 on are of the last century.
        "991231235959 +0000",
        "260101000000 +0000",
        "2601010000",
        &ago(120),
        &format!("{} +0000", ago(120)),
    ] {
        let server = serve(&scratch).args(["--hold-zone", "UTC"]);
        let answer = held(&scratch, server, argument);
        let expected = "550 Error, Invalid Delivery Date/Time".to_owned();
        assert_eq!(answer, Err(expected), "{argument}");
    }
    // Clocks differ by a few seconds.
    for argument in [ago(20), format!("{} +0000", ago(20)), ago(-20)] {
        let server = serve(&scratch).args(["--hold-zone", "UTC"]);
        assert!(held(&scratch, server, &argument).is_ok(), "{argument}");
    }
    // A HOLD that is refused takes none back; one that is not takes the last one's place.
    let lines = [
        "HOLD 801122101500 +0000",
        "HOLD soon",
        "PAGE 1",
        "HOLD 801122101500 +0000",
        "HOLD 811122101500 +0000",
        "PAGE 2",
        "MESS x",
        "SEND",
    ];
    let heard = replies(serve(&scratch), &lines);
    assert_eq!(
        codes(&heard.join("\n")),
        ["250", "550", "250", "250", "250", "250", "250", "250"]
    );
    assert_eq!(
        plain(&take_job(&scratch)).0,
        [
            "To: 1; hold=2080-11-22T10:15:00Z",
            "To: 2; hold=2081-11-22T10:15:00Z"
        ]
    );
}

// ---- level 3 ----

/// Our server with a configuration in which users answer.
fn serve_two_way(scratch: &Scratch) -> Cmd {
    let config = scratch.file("pagebox.toml", TWO_WAY);
    serve(scratch).arg("--config").arg(config)
}

/// Tag and pass code of the answer to SEND.
#[track_caller]
fn ticket(reply: &str) -> (String, String) {
    let words: Vec<&str> = reply.splitn(4, ' ').collect();
    let [code, tag, pass, text] = words[..] else {
        panic!("{reply}");
    };
    assert_eq!((code, text), ("960", "OK, Message QUEUED for Delivery"));
    assert!(is_code(tag) && is_code(pass), "{reply}");
    (tag.to_owned(), pass.to_owned())
}

/// What a deliverer writes of a page.
fn put_status(scratch: &Scratch, tag: &str, pass: &str, rest: &str) {
    let hash = hash(tag, pass);
    put_file(scratch, tag, &format!("Pass: {hash}\n{rest}"));
}

fn put_file(scratch: &Scratch, tag: &str, text: &str) {
    fs::create_dir_all(scratch.join("spool/tags")).unwrap();
    scratch.file(&format!("spool/tags/{tag}"), text);
}

const TAG: &str = "004711471147114711";
const PASS: &str = "009999888877776666";
const UNKNOWN: &str = "550 Unknown or Illegal Message_Tag or Pass_Code";
const QUEUED: &str = "Message Queued; Awaiting Delivery";

#[test]
fn a_job_of_level_3_to_the_byte() {
    let scratch = scratch("serve-level-3");
    let lines = [
        "LOGI joe",
        "2WAY",
        "2WAY",
        "EXPT 1",
        "EXPT 720",
        "SUBJ Lunch",
        "LEVE 2",
        "HOLD 840115230000 -0600",
        "PAGE SHIRLEY 1234",
        "ACKR 1",
        "RTYP MULTICHOICE",
        "MCRE 1e2C  Yes;  please ",
        "MCRE 2 No",
        "MESS Lunch?",
        "SEND",
    ];
    let heard = replies(serve_two_way(&scratch), &lines);
    let expected = [&["250"; 8][..], &["950"], &["250"; 5], &["960"]].concat();
    assert_eq!(codes(&heard.join("\n")), expected);
    assert_eq!(heard[4], "250 Message Expiry Time Changed to '720' Hours");
    let (tag, pass) = ticket(&heard[14]);
    let job = take_job(&scratch);
    let (received, id) = (value(&job, "Received"), value(&job, "Id"));
    let expires = Timestamp::from_second(seconds(received) + 720 * 3600).unwrap();
    assert_eq!(
        job,
        format!(
            "To: SHIRLEY; level=2 hold=2084-01-16T05:00:00Z pin=1234\n\
             Subject: Lunch\n\
             Expires: {expires:.0}\n\
             Two-way: {tag} {} ack=1 reply=multichoice\n\
             Choice: 1e2C  Yes;  please \n\
             Choice: 2 No\n\
             From: ?joe\n\
             Received: {received}\n\
             Id: {id}\n\
             \n\
             Lunch?\n",
            hash(&tag, &pass)
        )
    );
    // Who reads the spool cannot ask in the sender's name.
    assert!(!job.contains(&pass));
}

#[test]
fn a_page_is_asked_after_with_its_tag_and_pass_code() {
    let scratch = scratch("serve-msta");
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    talk.hold("S: 220\nC: 2WAY\nS: 250\nC: PAGE 1\nS: 950\nC: MESS a\nS: 250");
    let first = ticket(&talk.ask("SEND", "960 "));
    talk.hold("C: 2WAY\nS: 250\nC: PAGE 1\nS: 950\nC: MESS b\nS: 250");
    let second = ticket(&talk.ask("SEND", "960 "));
    assert!(first.0 != second.0 && first.1 != second.1 && first.0 != first.1);
    let job = jobs(&scratch)
        .into_iter()
        .find(|job| job.ends_with("\n\na\n"));
    let job = job.unwrap();
    assert!(value(&job, "Two-way").starts_with(&first.0));
    // Asking changes nothing, in the midst of the next page neither, and RESE forgets no tag.
    let ask = format!("MSTA {} {}", first.0, first.1);
    let at: Timestamp = value(&job, "Received").parse().unwrap();
    let status = format!("960 1 {} {QUEUED}", at.strftime("%y%m%d%H%M%S+0000"));
    for _ in 0..2 {
        assert_eq!(talk.ask(&ask, "960"), status);
    }
    talk.hold("C: 2WAY\nS: 250");
    assert_eq!(talk.ask(&ask, "960"), status);
    talk.hold("C: RESE\nS: 250");
    assert_eq!(talk.ask(&ask, "960"), status);
    // What is not there and what is not yours is answered alike.
    let twisted = |(tag, pass): &(String, String)| format!("MSTA {tag} {pass}0");
    for (tag, pass) in [
        (&first.0, &second.1),
        (&second.0, &first.1),
        (&first.1, &first.0),
    ] {
        assert_eq!(talk.ask(&format!("MSTA {tag} {pass}"), "550"), UNKNOWN);
    }
    for command in [
        twisted(&first),
        format!("MSTA 123456789012345678 {}", first.1),
        "MSTA ../new/x 1".to_owned(),
        "MSTA".to_owned(),
        format!("MSTA {}", first.0),
    ] {
        assert_eq!(talk.ask(&command, "550"), UNKNOWN, "{command}");
    }
    // The deliverer's word counts for more than ours.
    put_status(
        &scratch,
        &first.0,
        &first.1,
        "Sequence: 2\nCode: 880\nTime: 2026-08-23T04:05:06Z\n",
    );
    assert_eq!(
        talk.ask(&ask, "880"),
        "880 2 260823040506+0000 Message Delivered (No Reply Pending)"
    );
    talk.hold("C: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
    // Another session knows what was written, and no more.
    let other = format!("MSTA {} {}", second.0, second.1);
    let heard = replies(serve(&scratch), &[&ask, &other]);
    assert_eq!(codes(&heard.join("\n")), ["880", "550"]);
}

#[test]
fn a_status_is_told_as_its_file_has_it() {
    let scratch = scratch("serve-tags");
    let ask = format!("MSTA {TAG} {PASS}");
    let wrong = format!("MSTA {TAG} {PASS}1");
    serve(&scratch).run().expect_status(0);
    for (rest, told) in [
        (
            "Sequence: 1\nCode: 860\n",
            "860 1 AT Delivered, Awaiting Read Confirmation",
        ),
        (
            "Sequence: 1\nCode: 861\n",
            "861 1 AT Delivered, Awaiting Reply (MCR)",
        ),
        (
            "Sequence: 2\nCode: 870\n",
            "870 2 AT Delivered, Read, Awaiting Reply (MCR)",
        ),
        (
            "Sequence: 2\nCode: 880\n",
            "880 2 AT Message Delivered (No Reply Pending)",
        ),
        (
            "Sequence: 3\nCode: 881\n",
            "881 3 AT Message Delivered and Read by Recipient",
        ),
        (
            "Sequence: 3\nCode: 888\nText: 1e2C\n",
            "888 3 AT 1e2C MCR Reply Received",
        ),
        (
            "Sequence: 3\nCode: 888\nText: YES\n",
            "888 3 AT YES MCR Reply Received",
        ),
        (
            "Sequence: 4\nCode: 889\nText: on my  way, 10 min\n",
            "889 4 AT on my  way, 10 min",
        ),
        (
            "Sequence: 18446744073709551615\nCode: 960\n",
            "960 18446744073709551615 AT Message Queued; Awaiting Delivery",
        ),
        (
            "Sequence: 2\nCode: 780\n",
            "780 2 AT MESSAGE EXPIRED Before Delivery!",
        ),
        // What a user answered moves nobody's cursor and is one line.
        (
            "Sequence: 4\nCode: 889\nText: \x1b[2J\r250 ok\n",
            "889 4 AT ^[[2J^M250 ok",
        ),
    ] {
        put_status(
            &scratch,
            TAG,
            PASS,
            &format!("Time: 2026-08-23T04:05:06Z\n{rest}"),
        );
        let told = told.replace("AT", "260823040506+0000");
        let heard = replies(serve(&scratch), &[&ask, &wrong, "PAGE 1"]);
        assert_eq!(
            heard,
            [told.as_str(), UNKNOWN, "250 Pager ID Accepted"],
            "{rest}"
        );
    }
}

#[test]
fn a_status_that_cannot_be_read_is_554_and_the_session_goes_on() {
    let scratch = scratch("serve-spoilt");
    let whole = "Sequence: 1\nCode: 880\nTime: 2026-08-23T04:05:06Z\n";
    serve(&scratch).run().expect_status(0);
    put_status(&scratch, TAG, PASS, whole);
    let tag = scratch.join("spool/tags").join(TAG);
    let good = fs::read_to_string(&tag).unwrap();
    let lines = [format!("MSTA {TAG} {PASS}"), format!("KTAG {TAG} {PASS}")];
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .chain(["HELP", "QUIT"])
        .collect();
    let check = |what: &str| {
        let output = serve(&scratch).stdin(lines.join("\n") + "\n").run();
        output.expect_complaint(0, &output.stdout, "<3>snpp-serve: unknown: no status: ");
        let heard: Vec<&str> = output.stdout.lines().skip(1).collect();
        assert_eq!(
            heard[..2],
            [
                "554 No Status, try again later",
                "554 Tag Not Killed, try again later"
            ],
            "{what}"
        );
        assert_eq!(heard.last(), Some(&"221 OK, Goodbye"), "{what}");
        assert_eq!(jobs(&scratch).len(), 0, "{what}");
    };
    for spoilt in [
        String::new(),
        good.replace("Pass", "Past"),
        good.replace("Sequence: 1", "Sequence: one"),
        good.replace("Sequence: 1", "Sequence: -1"),
        good.replace("Code: 880", "Code: 70000"),
        // No reply, or one that says something else of the session.
        good.replace("Code: 880", "Code: 88"),
        good.replace("Code: 880", "Code: 1000"),
        good.replace("Code: 880", "Code: 421"),
        good.replace("Code: 880", "Code: 250"),
        good.replace("Code: 880\n", ""),
        good.replace("2026-08-23", "2026-13-23"),
        good.replace("Time: ", "Time:"),
    ] {
        put_file(&scratch, TAG, &spoilt);
        check(&spoilt);
    }
    fs::write(&tag, b"\xff\xfe").unwrap();
    check("no text");
    // Only a file of its own is a status: no link, no directory, no pipe that nobody writes to.
    let elsewhere = scratch.file("elsewhere", &good);
    fs::remove_file(&tag).unwrap();
    std::os::unix::fs::symlink(elsewhere, &tag).unwrap();
    check("a link");
    fs::remove_file(&tag).unwrap();
    fs::create_dir(&tag).unwrap();
    check("a directory");
    fs::remove_dir(&tag).unwrap();
    Cmd::new("mkfifo").arg(&tag).run().expect_status(0);
    check("a pipe");
    fs::remove_file(&tag).unwrap();
    fs::write(&tag, &good).unwrap();
    let heard = replies(serve(&scratch), &lines[..1]);
    assert_eq!(codes(&heard[0]), ["880"]);
}

#[test]
fn a_killed_tag_leaves_a_request_and_is_unknown_from_then_on() {
    let scratch = scratch("serve-ktag");
    serve(&scratch).run().expect_status(0);
    put_status(
        &scratch,
        TAG,
        PASS,
        "Sequence: 1\nCode: 880\nTime: 2026-08-23T04:05:06Z\n",
    );
    let (ask, kill) = (format!("MSTA {TAG} {PASS}"), format!("KTAG {TAG} {PASS}"));
    let wrong = format!("KTAG {TAG} {PASS}1");
    let heard = replies(
        serve(&scratch),
        &[
            &wrong, "KTAG 1 2", "KTAG", &ask, &kill, &ask, &kill, "RESE", &ask,
        ],
    );
    let told = "880 1 260823040506+0000 Message Delivered (No Reply Pending)";
    assert_eq!(
        heard,
        [
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
            told,
            "250 Tag Killed",
            UNKNOWN,
            UNKNOWN,
            "250 RESET OK",
            UNKNOWN
        ]
    );
    let request = take_job(&scratch);
    let (received, id) = (value(&request, "Received"), value(&request, "Id"));
    assert!((Timestamp::now().as_second() - seconds(received)).abs() < 60);
    assert_eq!(
        request,
        format!(
            "Forget: {TAG} {}\nReceived: {received}\nId: {id}\n\n",
            hash(TAG, PASS)
        )
    );
    // The file is its deliverer's: we only ask.
    assert_eq!(scratch.names("spool/tags"), [TAG]);
    // The tag of a page that nobody has looked at yet.
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    talk.hold("S: 220\nC: 2WAY\nS: 250\nC: PAGE 1\nS: 950\nC: MESS a\nS: 250");
    let (tag, pass) = ticket(&talk.ask("SEND", "960 "));
    let page = take_job(&scratch);
    assert_eq!(
        talk.ask(&format!("KTAG {tag} {pass}"), "250"),
        "250 Tag Killed"
    );
    assert_eq!(talk.ask(&format!("MSTA {tag} {pass}"), "550"), UNKNOWN);
    talk.hold("C: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
    let request = take_job(&scratch);
    // The deliverer finds both by the same words.
    assert_eq!(
        value(&request, "Forget"),
        value(&page, "Two-way")
            .splitn(3, ' ')
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    );
}

#[test]
fn a_spool_tells_only_what_is_known() {
    let scratch = scratch("serve-known");
    let all = [
        "EXPT 12",
        "NOQU",
        "ACKR 1",
        "ACKR 0",
        "RTYP YESNO",
        "MCRE 1 a",
        "2WAY",
        "EXPT 0",
        "EXPT 721",
        "EXPT",
        "EXPT 12",
        "NOQU",
        "ACKR 2",
        "ACKR 1",
        "RTYP YESNO",
        "RTYP SIMREPLY",
        "RTYP MULTICHOICE",
        "RTYP TEXT",
        "MCRE 1 a",
        "PAGE 1",
        "NOQU",
        "ACKR 1",
        "RTYP TEXT",
        "PING 1",
        "PING -x",
        "PING",
        "MESS x",
        "SEND",
    ];
    let expected = [
        "550", "550", "550", "550", "550", "550", "250", "550", "550", "550", "250", "550", "550",
        "550", "550", "550", "550", "550", "550", "950", "550", "550", "550", "920", "550", "550",
        "250", "960",
    ];
    let heard = replies(serve(&scratch), &all);
    assert_eq!(codes(&heard.join("\n")), expected);
    for (at, text) in [
        (11, "550 Can't Disable Queueing"),
        (13, "550 Cannot modify Read Acknowledgment"),
        (14, "550 Illegal Reply Type"),
        (18, "550 MCResponses Not Enabled"),
        (
            23,
            "920 Unit Not Online, But Can Queue Message for Later Delivery",
        ),
        (24, "550 Unknown or Illegal ID"),
    ] {
        assert_eq!(heard[at], text);
    }
    assert_eq!(
        plain(&take_job(&scratch)).0,
        ["To: 1", "Expires: in 12 h", "Two-way: TAG HASH"]
    );
}

#[test]
fn answers_are_asked_for_where_the_route_brings_them_back() {
    let scratch = scratch("serve-routes");
    let config = scratch.file(
        "pagebox.toml",
        "[route.answers]\ntype = 'csv'\ncommand = ['true']\ntwo-way = true\n\
         [route.mute]\ntype = 'exec'\ncommand = ['true']\n\
         [pager.ann]\nroute = 'answers'\n[pager.joe]\nroute = 'mute'\n\
         [group.both]\nmembers = ['ann', 'joe']\n[group.nobody]\nmembers = []\n",
    );
    for (lines, expected) in [
        (
            &["ACKR 1", "RTYP TEXT", "PAGE ann", "NOQU"][..],
            &["250", "250", "950", "550"][..],
        ),
        (
            &["PAGE ann", "ACKR 1", "RTYP YESNO"],
            &["950", "250", "250"],
        ),
        (
            &["PAGE joe", "ACKR 1", "RTYP YESNO"],
            &["950", "550", "550"],
        ),
        // One that cannot answer is refused, and another may be asked instead.
        (
            &["ACKR 1", "PAGE joe", "PAGE ann", "PAGE ann"],
            &["250", "550", "950", "503"],
        ),
        (
            &["RTYP TEXT", "PAGE both", "ACKR 0", "PAGE nobody"],
            &["250", "550", "250", "550"],
        ),
        (&["ACKR 1", "ACKR 0", "PAGE joe"], &["250", "250", "950"]),
        (
            &["PING ann", "PING joe", "PING both", "PING 5551212"],
            &["920", "920", "920", "550"],
        ),
        (&["PAGE 5551212", "PAGE nobody"], &["550", "550"]),
        (
            &[
                "RTYP MULTICHOICE",
                "MCRE 1 a",
                "MCRE 01 b",
                "MCRE 1 c",
                "MCRE ab d",
                "MCRE AB e",
                "MCRE 12345 f",
                "MCRE 2 ",
            ],
            &["250", "250", "250", "502", "250", "502", "550", "550"],
        ),
    ] {
        let lines = [&["2WAY"][..], lines].concat();
        let server = serve(&scratch).arg("--config").arg(&config);
        let heard = replies(server, &lines);
        assert_eq!(codes(&heard[1..].join("\n")), expected, "{lines:?}");
    }
    let lines = ["2WAY", "RTYP TEXT", "PAGE joe"];
    let heard = replies(serve(&scratch).arg("--config").arg(&config), &lines);
    assert_eq!(heard[2], "550 Error, RTYPe Mode Invalid for This Unit");
    // Sixteen choices and no more.
    let choices: Vec<String> = (0..17).map(|code| format!("MCRE {code:x} text")).collect();
    let mut lines = vec!["2WAY", "RTYP MULTICHOICE"];
    lines.extend(choices.iter().map(String::as_str));
    let heard = replies(serve_two_way(&scratch), &lines);
    assert_eq!(heard[17], "250 Response Added to Transaction");
    assert_eq!(heard[18], "552 Too Many MCResponses Entered");
}

#[test]
fn what_is_refused_counts() {
    let scratch = scratch("serve-counts");
    let config = scratch.file(
        "pagebox.toml",
        "route.r = { type = 'exec', command = ['true'] }\npager.a.route = 'r'\n",
    );
    for line in [
        "PING b", "PING -o", "MSTA 1 2", "MSTA 1", "KTAG 1 2", "KTAG", "FOO",
    ] {
        let server = serve(&scratch)
            .args(["--max-errors", "2"])
            .arg("--config")
            .arg(&config);
        // Neither RESE nor a page that was taken wipes it out.
        let page = "PAGE a\r\nMESS x\r\nSEND";
        let heard = replies(
            server,
            &[line, page, "RESE", line, "PAGE a", line, "PAGE a"],
        );
        let code = if line == "FOO" { "500" } else { "550" };
        assert_eq!(
            codes(&heard.join("\n")),
            [code, "250", "250", "250", "250", code, "250", "421"],
            "{line}"
        );
        assert_eq!(heard[7], "421 Too Many Errors, Goodbye");
        take_job(&scratch);
    }
}

#[test]
fn refused_pagers_count_until_one_is_accepted() {
    let scratch = scratch("serve-pagers");
    let config = scratch.file(
        "pagebox.toml",
        "route.r = { type = 'exec', command = ['true'] }\npager.a.route = 'r'\n",
    );
    for line in ["PAGE b", "PAGE -o", "PAGE"] {
        let server = serve(&scratch)
            .args(["--max-errors", "1"])
            .arg("--config")
            .arg(&config);
        let bad = [line; 10].join("\r\n");
        let lines = [&bad, "PAGE a", &bad, "RESE", "FOO", line, "PAGE a"];
        let heard = replies(server, &lines);
        let bad = ["550"; 10];
        let expected = [&bad[..], &["250"], &bad, &["250", "500", "421"]].concat();
        assert_eq!(codes(&heard.join("\n")), expected, "{line}");
    }
}

#[test]
fn the_dot_of_a_telnet_client_ends_a_full_body_too() {
    let scratch = scratch("serve-telnet-full");
    for (length, code) in [
        (1, "250"),
        (1022, "250"),
        (1023, "250"),
        (1024, "250"),
        (1025, "550"),
        (1026, "550"),
        (3000, "550"),
    ] {
        let text = "x".repeat(length);
        let output = serve(&scratch)
            .args(["--max-message", "1024"])
            .stdin(format!("DATA\r\n{text}\r\0\r\n.\r\0\r\nSEND\r\n"))
            .run();
        output.expect_status(0);
        let heard = codes(&output.stdout);
        assert_eq!(heard[1..], ["354", code, "503"], "{length}");
    }
}

// ---- room ----

#[test]
fn a_full_queue_is_554_until_there_is_room() {
    let scratch = scratch("serve-queue");
    let server = serve(&scratch).args(["--max-queue", "2"]);
    let (mut talk, server) = Talk::inetd(server);
    let page = "C: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: ";
    talk.hold("S: 220\nC: 2WAY\nS: 250\nC: PAGE 1\nS: 950\nC: MESS x\nS: 250");
    let (tag, pass) = ticket(&talk.ask("SEND", "960 "));
    talk.hold(&format!("{page}250\n{page}554\n{page}554"));
    assert_eq!(jobs(&scratch).len(), 2);
    // The request to forget is a file like any other, and is not lost either.
    let kill = format!("KTAG {tag} {pass}");
    assert_eq!(
        talk.ask(&kill, "554"),
        "554 Tag Not Killed, try again later"
    );
    talk.ask(&format!("MSTA {tag} {pass}"), "960 1 ");
    // A two-way page that was not taken has no tag.
    talk.hold(
        "C: 2WAY\nS: 250\nC: PAGE 1\nS: 950\nC: MESS x\nS: 250\nC: SEND\nS: 554 Message Failed",
    );
    assert_eq!(jobs(&scratch).len(), 2);
    let names = scratch.names("spool/new");
    fs::remove_file(scratch.join("spool/new").join(&names[1])).unwrap();
    talk.ask(&kill, "250");
    talk.hold(&format!("{page}554"));
    fs::remove_file(scratch.join("spool/new").join(&names[0])).unwrap();
    talk.hold(&format!("{page}250\nC: QUIT\nS: 221"));
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
    assert_eq!(jobs(&scratch).len(), 2);
    let output = serve(&scratch)
        .args(["--max-queue", "2"])
        .stdin("PAGE 1\r\nMESS x\r\nSEND\r\n")
        .run();
    output.expect_complaint(0, &output.stdout, "2 jobs are waiting");
    serve(&scratch)
        .arg("--max-queue=0")
        .run()
        .expect_complaint(64, "", "--max-queue");
}

#[test]
fn bytes_that_are_to_stay_free_stay_free() {
    let scratch = scratch("serve-free");
    let all = u64::MAX.to_string();
    let output = serve(&scratch)
        .args(["--min-free", &all])
        .stdin("PAGE 1\r\nMESS x\r\nSEND\r\nSEND\r\nPAGE 2\r\nQUIT\r\n")
        .run();
    output.expect_complaint(
        0,
        &output.stdout,
        &format!("bytes free, {all} are to stay so"),
    );
    assert_eq!(
        codes(&output.stdout),
        ["220", "250", "250", "554", "503", "250", "221"]
    );
    assert_eq!(jobs(&scratch).len(), 0);
    for wrong in ["-1", "x", "18446744073709551616"] {
        serve(&scratch)
            .arg(format!("--min-free={wrong}"))
            .run()
            .expect_complaint(64, "", "--min-free");
    }
}

#[test]
fn a_disk_that_is_nearly_full_takes_pages_again_once_there_is_room() {
    skip_unless!("root", "mount");
    let scratch = scratch("serve-nearly");
    let disk = scratch.join("spool");
    let Some(_disk) = Tmpfs::on(&disk) else {
        return;
    };
    let (mut talk, server) = Talk::inetd(serve(&scratch).args(["--min-free", "32768"]));
    talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250");
    let filler = scratch.file("spool/filler", vec![0; 40 * 1024]);
    talk.ask("SEND", "554");
    assert_eq!(jobs(&scratch).len(), 0);
    fs::remove_file(filler).unwrap();
    talk.hold("C: PAGE 1\nS: 250\nC: MESS y\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
    expect_jobs("there is room", &scratch, &[(&["To: 1"], "y")]);
}

// ---- clients ----

/// Our own client, in front of our own server.
fn send(scratch: &Scratch) -> Cmd {
    let config = scratch.file("pagebox.toml", TWO_WAY);
    let proxy = format!(
        "snpp-serve --spool '{}' --config '{}'",
        scratch.join("spool").display(),
        config.display()
    );
    applet("snpp-send").args(["-s", "h", "--proxy-command", &proxy])
}

#[test]
fn our_own_client_sends_options_and_pins() {
    let scratch = scratch("serve-own-options");
    let pin = scratch.file("pin", "1234\n");
    let options = |send: Cmd| {
        send.args([
            "--level",
            "0",
            "--alert",
            "1",
            "--coverage",
            "2",
            "--hold",
            "2h",
        ])
        .args(["--caller", " Dr.  Who", "--subject", "s", "--pin-file"])
        .arg(&pin)
    };
    let before = Timestamp::now().as_second();
    let output = options(send(&scratch))
        .args(["--one-send", "1,2,3", "-m", "x"])
        .run();
    output.expect_status(0);
    let id = scratch.names("spool/new").concat();
    let lines = ["1", "2", "3"].map(|pager| format!("{pager} sent 250 Message {id} queued\n"));
    assert_eq!(output.stdout, lines.concat());
    let after = Timestamp::now().as_second();
    let (head, message) = plain(&take_job(&scratch));
    let hold = head[0]
        .strip_prefix("To: 1; level=0 alert=1 coverage=2 hold=")
        .and_then(|rest| rest.strip_suffix(" pin=1234"))
        .unwrap_or_else(|| panic!("{head:?}"))
        .to_owned();
    assert!(
        (before + 7200..=after + 7200).contains(&seconds(&hold)),
        "{hold}"
    );
    let rest = format!("; level=0 alert=1 coverage=2 hold={hold} pin=1234");
    let to = ["1", "2", "3"].map(|pager| format!("To: {pager}{rest}"));
    assert_eq!(head[..3], to);
    assert_eq!(head[3..], ["Caller:  Dr.  Who", "Subject: s"]);
    assert_eq!(message, "x");
    // Each by itself, and nobody is sent what another refused.
    options(send(&scratch))
        .args(["1,-,2", "-m", "x"])
        .run()
        .expect_status(67);
    let found = jobs(&scratch);
    assert_eq!(found.len(), 2);
    for job in &found {
        assert_eq!(job.matches("To: ").count(), 1, "{job}");
        assert!(
            value(job, "To").contains("; level=0 alert=1 coverage=2 hold="),
            "{job}"
        );
    }
}

#[test]
fn our_own_client_asks_for_an_answer_and_gets_it() {
    let scratch = scratch("serve-own-two-way");
    let output = send(&scratch)
        .args([
            "--two-way",
            "--ack",
            "--reply",
            "multichoice",
            "--choice",
            "01=Yes, I will",
        ])
        .args(["--choice", "02=No", "--expire", "90m", "SHIRLEY", "Lunch?"])
        .run();
    output.expect_complaint(0, &output.stdout, "accepted ");
    let (tag, pass) = output.stdout.trim_end().split_once('/').expect("TAG/PASS");
    assert!(is_code(tag) && is_code(pass), "{}", output.stdout);
    let job = take_job(&scratch);
    assert_eq!(
        value(&job, "Two-way"),
        format!("{tag} {} ack=1 reply=multichoice", hash(tag, pass))
    );
    assert_eq!(
        plain(&job).0,
        [
            "To: SHIRLEY",
            "Expires: in 2 h",
            "Two-way: TAG HASH ack=1 reply=multichoice",
            "Choice: 01 Yes, I will",
            "Choice: 02 No"
        ]
    );
    // Another session knows nothing of it before a deliverer has written something.
    let ask = |option: &str, ticket: &str| send(&scratch).args([option, ticket]).run();
    let ticket = format!("{tag}/{pass}");
    let unknown = |output: Output| {
        output.expect_complaint(69, &format!("{tag} {UNKNOWN}\n"), UNKNOWN);
    };
    unknown(ask("--status", &ticket));
    for (rest, told) in [
        (
            "Sequence: 1\nCode: 960\n",
            "960 1 260823040506+0000 Message Queued; Awaiting Delivery",
        ),
        (
            "Sequence: 2\nCode: 870\n",
            "870 2 260823040506+0000 Delivered, Read, Awaiting Reply (MCR)",
        ),
        (
            "Sequence: 3\nCode: 888\nText: 01\n",
            "888 3 260823040506+0000 01 MCR Reply Received",
        ),
    ] {
        put_status(
            &scratch,
            tag,
            pass,
            &format!("Time: 2026-08-23T04:05:06Z\n{rest}"),
        );
        ask("--status", &ticket).expect(0, &format!("{tag} {told}\n"), "");
    }
    unknown(ask("--status", &format!("{tag}/1")));
    ask("--forget", &format!("{tag}/1")).expect_complaint(69, "", UNKNOWN);
    assert_eq!(jobs(&scratch).len(), 0);
    ask("--forget", &ticket).expect_status(0);
    let request = take_job(&scratch);
    assert_eq!(
        value(&request, "Forget"),
        format!("{tag} {}", hash(tag, pass))
    );
    // What a spool cannot promise stops the page.
    send(&scratch)
        .args(["--no-queue", "1", "x"])
        .run()
        .expect_complaint(69, "", "550 Can't Disable Queueing");
    assert_eq!(jobs(&scratch).len(), 0);
}

#[test]
fn our_own_client_waits_for_a_reply_within_its_session() {
    skip_unless!("tcpserver");
    let scratch = scratch("serve-own-wait");
    fs::create_dir(scratch.join("spool")).unwrap();
    let spool = scratch.join("spool");
    let config = scratch.file("pagebox.toml", TWO_WAY);
    let arguments: [OsString; 4] = [
        "--spool".into(),
        spool.into(),
        "--config".into(),
        config.into(),
    ];
    let peer = peers::tcpserver_with("snpp-serve", arguments);
    let waiting = applet("snpp-send")
        .args([
            "-s",
            &peer.addr(),
            "--wait-reply",
            "3s",
            "--reply",
            "yesno",
            "1",
            "x",
        ])
        .spawn();
    crate::support::eventually("the page is in the spool", || {
        scratch.names("spool/new").len() == 1
    });
    let job = take_job(&scratch);
    let words: Vec<&str> = value(&job, "Two-way").split(' ').collect();
    put_file(
        &scratch,
        words[0],
        &format!(
            "Pass: {}\nSequence: 2\nCode: 889\nTime: 2026-08-23T04:05:06Z\nText: on my  way\n",
            words[1]
        ),
    );
    let output = waiting.wait();
    output.expect_status(0);
    assert!(output.stdout.ends_with("on my  way\n"), "{}", output.stdout);
}

#[test]
fn net_snpp_has_its_two_way_methods_answered() {
    skip_unless!("tcpserver", "perl", "Net::SNPP");
    let scratch = scratch("serve-net-snpp");
    serve(&scratch).run().expect_status(0);
    put_status(
        &scratch,
        TAG,
        PASS,
        "Sequence: 3\nCode: 888\nTime: 2026-08-23T04:05:06Z\nText: 01\n",
    );
    let spool = scratch.join("spool");
    let config = scratch.file("pagebox.toml", TWO_WAY);
    let arguments: [OsString; 4] = [
        "--spool".into(),
        spool.into(),
        "--config".into(),
        config.into(),
    ];
    let peer = peers::tcpserver_with("snpp-serve", arguments);
    // Its reply_type() says RTYP 1, whatever it is given, and the methods that end in CMD_OK take
    // neither 920 nor 950 for a success.
    let script = r#"
        my ($port, $tag, $pass) = @ARGV;
        my $snpp = Net::SNPP->new("127.0.0.1", Port => $port) or die "no connection\n";
        sub good { my ($what, $is) = @_; die "$what: ", $snpp->code, " ", $snpp->message unless $is }
        $snpp->ping("1");
        good("ping", $snpp->code == 920);
        good("two_way", $snpp->two_way);
        good("noqueue", !$snpp->noqueue && $snpp->code == 550);
        good("expire_time", $snpp->expire_time(12));
        good("read_ack", $snpp->read_ack(1));
        good("RTYP", $snpp->command("RTYP", "MULTICHOICE")->response == 2);
        good("message_response", $snpp->message_response("01", "Yes  please"));
        good("service_level", $snpp->service_level(2));
        good("hold", $snpp->hold(3600000000));
        good("subject", $snpp->subject("Lunch"));
        good("caller_id", $snpp->caller_id("joe"));
        $snpp->pager_id("SHIRLEY");
        good("pager_id", $snpp->code == 950);
        good("content", $snpp->content("Lunch?"));
        my @sent = $snpp->send_two_way;
        good("send_two_way", $sent[3] == 9 && $sent[0] =~ /^\d{13,}$/ && $sent[1] =~ /^\d{13,}$/);
        my @status = $snpp->message_status($sent[0], $sent[1]);
        good("message_status", $status[4] == 960 && $status[0] == 1 && $status[1] =~ /^\d{12}$/ && $status[2] eq "+0000");
        @status = $snpp->message_status($tag, $pass);
        good("message_status of 888", "@status" eq "3 260823040506 +0000 01 MCR Reply Received 888");
        good("KTAG", $snpp->command("KTAG", $sent[0], $sent[1])->response == 2);
        @status = $snpp->message_status($sent[0], $sent[1]);
        good("message_status of a killed tag", $status[4] == 550);
        good("help", $snpp->help);
        good("reset", $snpp->reset);
        good("quit", $snpp->quit);
        print "$sent[0]";
    "#;
    let port = peer.port().to_string();
    let output = Cmd::new("perl")
        .args(["-MNet::SNPP", "-e", script, &port, TAG, PASS])
        .run();
    output.expect(0, &output.stdout, "");
    let found = jobs(&scratch);
    assert_eq!(found.len(), 2, "{found:?}");
    let tag = &output.stdout;
    assert!(is_code(tag), "{tag}");
    assert!(value(&found[0], "Two-way").starts_with(tag));
    assert!(value(&found[1], "Forget").starts_with(tag));
    assert_eq!(
        plain(&found[0]),
        (
            [
                "To: SHIRLEY; level=2 hold=2084-01-29T16:00:00Z",
                "Caller: joe",
                "Subject: Lunch",
                "Expires: in 12 h",
                "Two-way: TAG HASH ack=1 reply=multichoice",
                "Choice: 01 Yes  please",
            ]
            .map(str::to_owned)
            .into(),
            "Lunch?".to_owned()
        )
    );
}
