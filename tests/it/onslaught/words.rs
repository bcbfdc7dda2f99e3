//! Words that would like to be something else: a command, a header, a path, an option, a shell's.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

use crate::durability::strace_may_trace;
use crate::onslaught::{pages, pipe};
use crate::snpp_serve::{Talk, codes, said, serve};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Dice, Page, eventually, scratch};

/// A pager ID as snpp-serve(8) has it.
fn is_pager(id: &str) -> bool {
    let mut chars = id.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_ascii_alphanumeric() || c == '+')
        && chars.all(|c| c.is_ascii_alphanumeric() || "._+@-".contains(c))
}

#[test]
fn a_body_ends_where_the_client_ends_it() {
    for not_the_end in [
        ".\n",
        "..\r\n",
        ". \r\n",
        " .\r\n",
        ".\t\r\n",
        "\u{b}.\r\n",
        "x.\r\n",
        ".x\r\n",
        ".\r\r\n",
        ".\0\r\n",
        "\n.\n",
        ".\n.\n",
        "x\n.\nSEND\n.\n",
    ] {
        let scratch = scratch("onslaught-dot");
        // Whoever takes that for the end runs what follows, and sends a page to 666.
        let evil = "SEND\r\nRESE\r\nPAGE 666\r\nMESS evil\r\nSEND\r\nQUIT\r\n";
        let bytes = format!("PAGE 1\r\nDATA\r\ntext\r\n{not_the_end}{evil}.\r\nHELP\r\n");
        let output = said(&scratch, bytes);
        output.expect_status(0);
        let codes = codes(&output.stdout);
        assert_eq!(codes[..3], ["220", "250", "354"], "{not_the_end:?}");
        // Then the one reply to the body, and HELP's.
        assert!(matches!(codes[3], "250" | "550"), "{not_the_end:?}");
        assert!(codes[4..codes.len() - 1].iter().all(|&code| code == "214"));
        assert_eq!(pages(&scratch), [], "{not_the_end:?}");
    }
}

#[test]
fn a_body_that_begins_with_crlf_keeps_a_bare_dot_and_all_behind_it() {
    let scratch = scratch("onslaught-bare");
    let text = "hello\n.\nSEND\nRESE\nPAGE 666\nMESS evil\nSEND";
    let output = said(
        &scratch,
        format!("PAGE 1\r\nDATA\r\n{text}\n.\r\nSEND\r\nQUIT\r\n"),
    );
    output.expect_status(0);
    let expected = ["220", "250", "354", "250", "250", "221"];
    assert_eq!(codes(&output.stdout), expected);
    assert_eq!(pages(&scratch), [Page::new(&["1"], text)]);
}

#[test]
fn every_byte_in_a_pager_id_is_taken_or_refused_never_changed() {
    let scratch = scratch("onslaught-id-bytes");
    let mut expected = BTreeSet::new();
    let mut bytes = Vec::new();
    // Blanks end the ID, and what is behind them is another word.
    let all: Vec<u8> = (0..=255)
        .filter(|byte: &u8| !byte.is_ascii_whitespace())
        .collect();
    for byte in &all {
        for id in [&[b'a', *byte, b'z'][..], &[*byte, b'z'], &[b'a', *byte]] {
            bytes.extend([b"PAGE ", id, b"\r\n"].concat());
            let id = String::from_utf8_lossy(id).into_owned();
            if is_pager(&id) {
                expected.insert(id);
            }
        }
    }
    bytes.extend(b"MESS x\r\nSEND\r\n");
    let output = serve(&scratch)
        .args(["--max-recipients", "1000", "--max-errors", "1000"])
        .stdin(bytes)
        .run();
    output.expect_status(0);
    let codes = codes(&output.stdout);
    assert_eq!(codes.len(), 1 + 3 * all.len() + 2);
    assert!(
        codes[1..]
            .iter()
            .all(|&code| code == "250" || code == "550")
    );
    let found = pages(&scratch);
    assert_eq!(found.len(), 1);
    let found = BTreeSet::from_iter(found[0].to.clone());
    assert_eq!(found, expected);
}

#[test]
fn every_byte_in_a_message_is_kept_or_refused_never_changed() {
    let scratch = scratch("onslaught-text-bytes");
    let mut sent = Vec::new();
    let mut bytes = Vec::new();
    for byte in (0..=255).filter(|byte| *byte != b'\n') {
        let text = [b"a", &[byte][..], b"z"].concat();
        bytes.extend([b"RESE\r\nPAGE 1\r\nMESS ", &text[..], b"\r\nSEND\r\n"].concat());
        sent.push(text);
    }
    let output = serve(&scratch)
        .args(["--max-errors", "1000"])
        .stdin(bytes)
        .run();
    output.expect_status(0);
    let codes = codes(&output.stdout);
    let replies: Vec<&[&str]> = codes[1..].chunks(4).collect();
    assert_eq!(replies.len(), sent.len());
    let mut expected = Vec::new();
    for (text, replies) in sent.iter().zip(replies) {
        // A NUL and a CR in the midst of a line are no text in any charset.
        if matches!(text[1], b'\0' | b'\r') {
            assert_eq!(replies, ["250", "250", "550", "503"], "{text:?}");
        } else {
            assert_eq!(replies, ["250", "250", "250", "250"], "{text:?}");
            expected.push(Page::new(&["1"], text));
        }
    }
    assert_eq!(pages(&scratch), expected);
}

#[test]
fn telnet_may_negotiate_before_every_command() {
    let scratch = scratch("onslaught-telnet");
    // The third byte of a triple is no line end, whatever its value.
    for option in [0, 1, b'\n', b'\r', b'P', 0xff] {
        let triple = [0xff, 0xfb, option];
        let commands = ["PAGE 1", "MESS x", "SEND", "HELP", "QUIT"];
        let bytes: Vec<u8> = commands
            .iter()
            .flat_map(|command| [&triple, &triple, command.as_bytes(), b"\r\n"].concat())
            .collect();
        let (mut talk, server) = Talk::inetd(serve(&scratch));
        for byte in &bytes {
            talk.lines.get_mut().write_all(&[*byte]).unwrap();
        }
        let heard = talk.rest();
        let mut codes = codes(&heard);
        codes.dedup_by(|a, b| a == b && *a == "214");
        let expected = ["220", "250", "250", "250", "214", "250", "221"];
        assert_eq!(codes, expected, "{option}");
        server.wait().expect(0, "", "");
    }
    assert_eq!(pages(&scratch).len(), 6);
}

/// What a careless program would take for something else.
const EVIL: &[&str] = &[
    "../../evil",
    "/tmp/evil",
    "new/evil",
    "..",
    "-rf",
    "--spool=evil",
    "$(touch evil)",
    "`touch evil`",
    ";touch evil",
    "|touch evil",
    "&touch evil",
    ">evil",
    "<evil",
    "*",
    "~",
    "'evil",
    "\"evil",
    "%s%n",
    "To: evil",
    "Id: ../evil",
];

/// Says each of them as everything that a client may say.
fn evil_sessions() -> Vec<u8> {
    let mut bytes = Vec::new();
    for evil in EVIL {
        bytes.extend(format!("RESE\r\nLOGI {evil}\r\nCALL {evil}\r\nSUBJ {evil}\r\n").bytes());
        bytes.extend(format!("COVE {evil}\r\nPING {evil}\r\nMSTA {evil} {evil}\r\n").bytes());
        bytes.extend(format!("KTAG {evil} {evil}\r\nPAGE {evil}\r\nPAGE 1\r\n").bytes());
        bytes.extend(format!("MESS {evil}\r\nSEND\r\nPAGE 1\r\nDATA\r\n").bytes());
        let dot = if evil.starts_with('.') { "." } else { "" };
        bytes.extend(format!("{dot}{evil}\r\n\r\n{dot}{evil}\r\n.\r\nSEND\r\n").bytes());
    }
    bytes
}

#[test]
fn what_a_client_says_names_no_file_starts_no_option_and_makes_no_header() {
    let scratch = scratch("onslaught-evil");
    fs::create_dir(scratch.join("here")).unwrap();
    let output = serve(&scratch)
        .args(["--max-errors", "10000"])
        .dir(scratch.join("here"))
        .stdin(evil_sessions())
        .run();
    output.expect_status(0);
    let pages = pages(&scratch);
    // Two for each, and to 1 alone, for no such word is an ID.
    let sent = EVIL.iter().flat_map(|&evil| {
        let body = format!("{evil}\n\n{evil}");
        [Page::new(&["1"], evil), Page::new(&["1"], &body)]
    });
    assert_eq!(pages, sent.collect::<Vec<_>>());
    assert_eq!(scratch.names(""), ["here", "spool"]);
    assert_eq!(scratch.names("here"), [""; 0]);
    for name in scratch.names("spool/new") {
        let ours = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(name.chars().all(ours) && !name.starts_with('-'), "{name}");
        let job = scratch.read(&format!("spool/new/{name}"));
        let (head, _) = job.split_once("\n\n").unwrap();
        let count = |header: &str| head.lines().filter(|line| line.starts_with(header)).count();
        assert_eq!((count("To: "), count("Id: ")), (1, 1), "{head}");
    }
}

#[test]
fn nothing_that_a_client_says_is_in_a_path_or_a_process() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    let scratch = scratch("onslaught-paths");
    let trace = scratch.join("trace");
    Cmd::new("strace")
        .args(["-f", "-s", "10000", "-e", "trace=%file,%process", "-o"])
        .arg(&trace)
        .args(["snpp-serve", "--max-errors", "10000", "--spool"])
        .arg(scratch.join("spool"))
        .stdin(evil_sessions())
        .run()
        .expect_status(0);
    assert_eq!(pages(&scratch).len(), 2 * EVIL.len());
    let trace = scratch.read("trace");
    assert!(!trace.contains("evil"), "{trace}");
    // Behind the process's number; a path may have any of these words in it.
    let calls = trace
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    let count = |name: &str| calls.clone().filter(|call| call.starts_with(name)).count();
    assert_eq!(count("execve("), 1, "{trace}");
    let started = ["fork(", "vfork(", "clone(", "clone3("].map(count);
    assert_eq!(started, [0; 4], "{trace}");
}

#[test]
fn the_fifty_first_pager_is_552_and_the_fifty_are_paged() {
    let scratch = scratch("onslaught-fifty");
    let ids: Vec<String> = (1..=52).map(|number| format!("+49.{number}")).collect();
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    talk.hold("S: 220");
    for (number, id) in (1..).zip(&ids) {
        talk.ask(
            &format!("PAGE {id}"),
            if number > 50 { "552" } else { "250" },
        );
    }
    talk.hold("C: MESS x\nS: 250\nC: SEND\nS: 250\nC: PAGE 1\nS: 250\nC: QUIT\nS: 221");
    drop(talk);
    server.wait().expect(0, "", "");
    let fifty: Vec<&str> = ids[..50].iter().map(String::as_str).collect();
    assert_eq!(pages(&scratch), [Page::new(&fifty, "x")]);
}

#[test]
fn a_message_that_is_too_long_is_550_after_the_dot_and_not_before() {
    let scratch = scratch("onslaught-long");
    let (input, output) = pipe();
    let server = serve(&scratch).stdin_from(input).spawn();
    let say = |bytes: &[u8]| {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = rustix::io::write(&output, rest).unwrap();
            rest = &rest[length..];
        }
    };
    say(b"PAGE 1\r\nDATA\r\n");
    server.wait_for_stdout("354");
    for _ in 0..200 {
        say(b"a line of many, which are more than a message may have\r\n");
    }
    // It has read all, and waits: if it had something to say by now, it would have said it.
    eventually("the server waits for more", || {
        let status = fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
        let sleeps = status.rsplit(") ").next().unwrap().starts_with('S');
        rustix::io::ioctl_fionread(&output).unwrap() == 0 && sleeps
    });
    assert_eq!(codes(&server.stdout()), ["220", "250", "354"]);
    say(b".\r\n");
    server.wait_for_stdout("550");
    // Only the message is gone; PAGE need not be said again.
    say(b"SEND\r\nMESS short\r\nSEND\r\nQUIT\r\n");
    drop(output);
    let output = server.wait();
    output.expect_status(0);
    let expected = ["220", "250", "354", "550", "503", "250", "250", "221"];
    assert_eq!(codes(&output.stdout), expected);
    assert_eq!(pages(&scratch), [Page::new(&["1"], "short")]);
}

/// What a client that has lost its wits may say next.
const SCRAPS: &[&[u8]] = &[
    b"PAGE ",
    b"page 1\r\n",
    b"MESS ",
    b"MESS x\r\n",
    b"SEND\r\n",
    b"SEND",
    b"DATA\r\n",
    b"DATA\n",
    b"RESE\r\n",
    b"LOGI joe pw\r\n",
    b"HELP\r\n",
    b"2WAY\r\n",
    b"LEVE 1\r\n",
    b"HOLD 1\r\n",
    b"MCRE 01 x\r\n",
    b"RTYP NONE\r\n",
    b"NOQU\r\n",
    b"CALL x\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b".\r\n",
    b".\n",
    b"..",
    b" ",
    b"\t",
    b"\0",
    b"\xff",
    b"\xff\xfb\x01",
    b"\x1b[2J",
    b"\xc3\xbc",
    b"\xe2",
    b"1",
    b"+49",
    b"-",
    b"/",
    b"$(",
    b"\x7f",
    b"\x04",
    b"\x1a",
];

#[test]
fn whatever_comes_is_answered_in_the_protocol() {
    const SEED: u64 = 1645;
    for number in 0..200 {
        let scratch = scratch("onslaught-scraps");
        let mut dice = Dice::new(SEED + number);
        let mut bytes = Vec::new();
        for _ in 0..=dice.below(400) {
            bytes.extend_from_slice(dice.one(SCRAPS));
        }
        if dice.below(10) == 0 {
            bytes.extend(b"x".repeat(dice.below(20_000)));
        }
        let what = format!("seed {SEED}, session {number}: {}", bytes.escape_ascii());
        let output = said(&scratch, &bytes);
        assert_eq!(output.status, 0, "{what}");
        for line in output.stdout.split_inclusive('\n') {
            let text = line.strip_suffix("\r\n").unwrap_or("");
            let (code, words) = text.split_at_checked(3).unwrap_or_default();
            let printable = words.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            let good = code.bytes().all(|byte| byte.is_ascii_digit())
                && words.starts_with(' ')
                && printable;
            assert!(good, "{line:?}: {what}");
        }
        for page in pages(&scratch) {
            let known = page.to.iter().all(|id| is_pager(id));
            assert!(
                known && !page.text.iter().any(|byte| b"\0\r".contains(byte)),
                "{page:?}: {what}"
            );
        }
    }
}
