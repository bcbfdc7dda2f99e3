//! `snpp-serve`: one session on standard input and output, and what of it reaches the spool.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use jiff::Timestamp;
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
fn an_anonymous_job_has_no_from() {
    let scratch = scratch("serve-anonymous");
    said(&scratch, "PAGE 1\nMESS x\nSEND\n").expect_status(0);
    assert!(!jobs(&scratch)[0].contains("From:"));
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
        (wrong, "", 64, &[]),
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
