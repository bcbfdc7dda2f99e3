//! `ixo-serve`: one TAP session on standard input and output, and what of it reaches the spool.

mod access;
mod command;
mod device;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use pagebox::protocol::tap::block::{Block, Terminator};
use rustix::process::Signal;

use crate::support::peers::{skip_unless, tcpserver_with};
use crate::support::{Caller, Cmd, Output, Page, Scratch, Tmpfs, applet, scratch, spooled};

pub(crate) const WELCOME: &str = "110 1.8\r\x06\r\x1b[p\r";
const ACCEPTED: &str = "211 Page accepted\r\x06\r";
const GOODBYE: &str = "115 Goodbye\r\x1b\x04\r";
const FULL: &str = "516 Message quota temporarily exceeded\r\x1e\r";
const LATER: &str = "512 Temporarily cannot deliver, try later\r\x1e\r";
const OUT_OF_SERVICE: &str = "Out of service\r\x1b\x04\r";

/// A central with a spool below the test's directory.
fn serve(scratch: &Scratch) -> Cmd {
    applet("ixo-serve")
        .arg("--spool")
        .arg(scratch.join("spool"))
}

/// A page in one block.
fn block(pager: &str, text: &str) -> String {
    let info = format!("{pager}\r{text}\r").into_bytes();
    let end = Terminator::Etx;
    String::from_utf8(Block { info, end }.wire()).unwrap()
}

/// A whole call with these blocks in it.
fn call(blocks: &[String]) -> String {
    format!("\r\x1bPG1\r{}\x04\r", blocks.concat())
}

/// What a central says to a call in which all is well but for these replies.
fn heard(replies: &[&str]) -> String {
    format!("ID={WELCOME}{}{GOODBYE}", replies.concat())
}

#[track_caller]
fn expect_pages(scratch: &Scratch, pages: &[(&str, &str)]) {
    let there = spooled::accepted(&scratch.join("spool")).into_iter();
    let there: Vec<Page> = there.map(|(_, page)| page).collect();
    let pages = pages.iter().map(|(pager, text)| Page::new(&[pager], text));
    assert_eq!(there, pages.collect::<Vec<_>>());
}

impl Caller {
    /// Logs on.
    #[track_caller]
    fn log_on(&mut self) {
        self.ask("\r", "ID=");
        self.ask("\x1bPG1\r", WELCOME);
    }
}

/// Everything a client says at once, through a pipe.
fn said(central: Cmd, words: impl AsRef<[u8]>) -> Output {
    central.stdin(words).run()
}

#[test]
fn a_call_through_a_pipe_is_a_job() {
    let scratch = scratch("tap-pipe");
    let pages = [block("5551212", "Disk full"), block("on-call", "")];
    let output = said(serve(&scratch), call(&pages));
    assert_eq!(output.stdout, heard(&[ACCEPTED, ACCEPTED]));
    output.expect_status(0);
    expect_pages(&scratch, &[("5551212", "Disk full"), ("on-call", "")]);
    let name = &scratch.names("spool/new")[0];
    let job = scratch.read(&format!("spool/new/{name}"));
    let (headers, _) = job.split_once("\n\n").unwrap();
    let headers: Vec<&str> = headers
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(headers, ["To", "Received", "Id"]);
    let logged = format!("<6>ixo-serve: unknown: accepted {name} for 5551212, 9 bytes\n");
    assert!(output.stderr.starts_with(&logged), "{}", output.stderr);
    // The text is in the log only where that is wanted.
    assert!(!output.stderr.contains("Disk full"));
    let output = said(serve(&scratch).arg("--log-text"), call(&pages));
    assert!(output.stderr.contains("9 bytes: Disk full\n"));
}

#[test]
fn a_call_through_inetd_byte_by_byte_and_with_parity() {
    let scratch = scratch("tap-inetd");
    let odd = |byte: u8| byte.count_ones() % 2 == 1;
    let even = |byte: u8| byte | if odd(byte) { 0x80 } else { 0 };
    for parity in [false, true] {
        let (mut caller, central) = Caller::inetd(serve(&scratch));
        for (words, answer) in [
            ("\r", "ID="),
            ("\x1bPG1\r", WELCOME),
            (&block("1", "one byte\x1aJat a time"), ACCEPTED),
            ("\x04\r", GOODBYE),
        ] {
            for byte in words.bytes() {
                caller.say([if parity { even(byte) } else { byte }]);
            }
            caller.hear(answer);
        }
        assert_eq!(caller.rest(), "");
        central.wait().expect(0, "", "");
    }
    let text = "one byte\nat a time";
    expect_pages(&scratch, &[("1", text), ("1", text)]);
    let name = &scratch.names("spool/new")[0];
    let job = scratch.read(&format!("spool/new/{name}"));
    assert!(job.contains("\nFrom: 127.0.0.1\n"), "{job}");
}

#[test]
fn a_call_through_tcpserver() {
    skip_unless!("tcpserver");
    let scratch = scratch("tap-tcpserver");
    let spool = scratch.join("spool");
    let peer = tcpserver_with("ixo-serve", ["--spool".as_ref(), spool.as_os_str()]);
    for number in ["1", "2"] {
        let mut caller = Caller::over(TcpStream::connect(peer.addr()).unwrap());
        caller.log_on();
        caller.ask(block(number, "x"), ACCEPTED);
        caller.ask("\x04\r", GOODBYE);
        assert_eq!(caller.rest(), "");
    }
    expect_pages(&scratch, &[("1", "x"), ("2", "x")]);
}

#[test]
fn what_the_flags_ask_for_is_what_a_client_hears() {
    let rs = |text: &str| format!("{text}\r\x1e\r");
    let long = rs("513 Message too long, at most 5 characters");
    let cut = "214 5 character maximum, message truncated and sent\r\x06\r";
    let letters = rs("505 Alphabetic characters not allowed");
    for (number, (flags, replies, pages)) in [
        (
            &["--max-length", "5"][..],
            [&long[..], ACCEPTED],
            &["12345"][..],
        ),
        (
            &["--max-length", "5", "--overflow", "truncate"],
            [cut, ACCEPTED],
            &["Disk ", "12345"],
        ),
        (&["--numeric"], [&letters, ACCEPTED], &["12345"]),
        (
            &["--tap-version", "none", "--numeric"],
            ["\r\x1e\r", "\r\x06\r"],
            &["12345"],
        ),
        (
            &["--max-pages", "1"],
            [
                ACCEPTED,
                "112 Maximum pages entered for session\r\x1b\x04\r",
            ],
            &["Disk full"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let scratch = scratch(&format!("tap-flags-{number}"));
        let blocks = [block("1", "Disk full"), block("1", "12345")];
        let output = said(serve(&scratch).args(flags), call(&blocks));
        let whole = heard(&replies);
        let whole = match flags {
            ["--tap-version", ..] => {
                format!("ID=\r\x06\r\x1b[p\r{}\x1b\x04\r", replies.concat())
            }
            ["--max-pages", ..] => whole.trim_end_matches(GOODBYE).to_owned(),
            _ => whole,
        };
        assert_eq!(output.stdout, whole, "{flags:?}");
        output.expect_status(0);
        let pages: Vec<_> = pages.iter().map(|text| ("1", *text)).collect();
        expect_pages(&scratch, &pages);
    }
    // Blocks without a logon, and with any checksum.
    let scratch = scratch("tap-flags-nurse");
    let central = serve(&scratch).args(["--no-login", "--no-checksum"]);
    let output = said(
        central,
        "ATI\rhello\r\x02101\rBed 3\r\x03\r\x02101\rBed 4\r\x03xxx\r",
    );
    let identity = format!("pagebox ixo-serve {}\r", env!("CARGO_PKG_VERSION"));
    assert_eq!(output.stdout, format!("{identity}{ACCEPTED}{ACCEPTED}"));
    expect_pages(&scratch, &[("101", "Bed 3"), ("101", "Bed 4")]);
}

#[test]
fn only_configured_pagers_are_known() {
    let scratch = scratch("tap-known");
    let config = scratch.file(
        "pagebox.toml",
        "route.r = { type = 'exec', command = ['true'] }\npager.ann.route = 'r'\n",
    );
    let blocks = [block("bob", "x"), block("ann", "x")];
    let output = said(serve(&scratch).arg("--config").arg(config), call(&blocks));
    let nobody = "511 Invalid pager ID\r\x1e\r";
    assert_eq!(output.stdout, heard(&[nobody, ACCEPTED]));
    let why = "<4>ixo-serve: unknown: not accepted for bob: no such pager\n";
    assert!(output.stderr.starts_with(why), "{}", output.stderr);
    expect_pages(&scratch, &[("ann", "x")]);
}

#[test]
fn a_spool_with_no_place_is_516_and_a_disk_with_none_512() {
    let scratch = scratch("tap-full");
    let blocks = [block("1", "x"), block("2", "x")];
    for flag in [["--max-queue", "1"], ["--min-free", "9999999999999999999"]] {
        let output = said(serve(&scratch).args(flag), call(&blocks));
        let first = if flag[0] == "--max-queue" {
            ACCEPTED
        } else {
            FULL
        };
        assert_eq!(output.stdout, heard(&[first, FULL]), "{flag:?}");
        output.expect_status(0);
        assert!(
            output
                .stderr
                .contains("<3>ixo-serve: unknown: not accepted for 2, 1 bytes: ")
        );
    }
    expect_pages(&scratch, &[("1", "x")]);
    // Trouble of the system's own may pass.
    let script = "ulimit -f 0; exec ixo-serve --spool \"$0\"";
    let limited = Cmd::new("sh")
        .args(["-c", script])
        .arg(scratch.join("spool"));
    assert_eq!(said(limited, call(&blocks)).stdout, heard(&[LATER, LATER]));
    let (mut caller, central) = Caller::inetd(serve(&scratch));
    caller.log_on();
    fs::remove_dir(scratch.join("spool/tmp")).unwrap();
    caller.ask(block("3", "x"), LATER);
    assert_eq!(caller.rest(), "");
    central.wait().expect_status(0);
}

#[test]
fn a_full_disk_is_512_and_leaves_nothing_behind() {
    skip_unless!("root", "mount");
    let scratch = scratch("tap-disk");
    let disk = scratch.join("spool");
    let Some(full) = Tmpfs::on(&disk) else {
        return;
    };
    let (mut caller, central) = Caller::inetd(serve(&scratch));
    caller.log_on();
    let filler = full.fill();
    caller.ask(block("1", "x"), LATER);
    expect_pages(&scratch, &[]);
    fs::remove_file(filler).unwrap();
    caller.ask(block("1", "y"), ACCEPTED);
    expect_pages(&scratch, &[("1", "y")]);
    let remount = Cmd::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk)
        .run();
    remount.expect(0, "", "");
    caller.ask(block("1", "z"), LATER);
    drop(caller);
    central.wait().expect_status(0);
}

#[test]
fn who_says_nothing_is_asked_and_sent_away_in_the_end() {
    let scratch = scratch("tap-silence");
    let started = Instant::now();
    let (mut caller, central) = Caller::inetd(serve(&scratch));
    caller.hear("ID=");
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(1900) && took < Duration::from_secs(5));
    drop(caller);
    central.wait().expect(0, "", "");
    // The longest session bounds whatever comes.
    let (mut caller, central) = Caller::inetd(serve(&scratch).args(["--session-timeout", "1"]));
    caller.log_on();
    assert_eq!(caller.end(), "501 Timeout\r\x1b\x04\r");
    drop(caller);
    central.wait().expect_status(0);
}

#[test]
fn a_client_that_closes_at_any_point_leaves_no_page_and_no_trouble() {
    let scratch = scratch("tap-closes");
    let words = call(&[block("1", "x")]);
    for end in 0..words.len() - 3 {
        let output = said(serve(&scratch), &words[..end]);
        output.expect(0, &output.stdout, "");
        assert!(
            heard(&[]).starts_with(&output.stdout),
            "{end}: {}",
            output.stdout
        );
    }
    expect_pages(&scratch, &[]);
}

#[test]
fn a_signal_ends_the_call_in_the_words_of_the_protocol() {
    let scratch = scratch("tap-signal");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        for logged_on in [false, true] {
            let (mut caller, mut central) = Caller::inetd(serve(&scratch));
            caller.ask("\r", "ID=");
            if logged_on {
                caller.ask("\x1bPG1\r", WELCOME);
            }
            central.signal(signal);
            assert_eq!(caller.end(), "\x1b\x04\r");
            drop(caller);
            central.wait().expect(0, "", "");
        }
    }
}

#[test]
fn ten_megabytes_of_anything_end_in_a_few_words() {
    let scratch = scratch("tap-garbage");
    let size = 10 << 20;
    for garbage in [
        &b"x"[..],
        b"\x02",
        b"\x02x",
        b"x\r",
        b"\x02x\x03000\r",
        b"\xff\xfb\x01",
    ] {
        // 64 MiB of everything it maps, its libraries included.
        let script = "ulimit -v 65536; exec ixo-serve --spool \"$0\"";
        let central = Cmd::new("sh")
            .args(["-c", script])
            .arg(scratch.join("spool"));
        let (mut caller, central) = Caller::inetd(central);
        caller.ask("\x1bPG1\r", WELCOME);
        let mut writer = caller.stream.try_clone().unwrap();
        let flood = garbage.repeat(size / garbage.len());
        let thread = std::thread::spawn(move || {
            // It is cut off in the midst of it, or never answered.
            let _ = writer.write_all(&flood);
            let _ = writer.shutdown(Shutdown::Write);
        });
        let mut said = Vec::new();
        let _ = caller.stream.read_to_end(&mut said);
        thread.join().unwrap();
        assert!(said.len() < 1024, "{}", said.len());
        central.wait().expect_status(0);
    }
    expect_pages(&scratch, &[]);
}
