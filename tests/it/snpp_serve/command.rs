//! `snpp-serve -- COMMAND`: what the command sees, what becomes of its status, and what it cannot
//! do to a session; and the relay that a chained `snpp-send` makes of it.

use std::fs::{self, File};
use std::io::Write;
use std::net::Shutdown;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

use super::access::{alone, on_socket, server};
use super::{Talk, codes, pair};
use crate::support::fake::{HANG_UP, RESET, SILENCE};
use crate::support::peers::{Arrived, net_snpp_server, skip_unless, tcpserver_snpp_serve};
use crate::support::{Cmd, Fake, Output, Scratch, eventually, scratch};

const PAGE: &str = "PAGE 1\r\nMESS x\r\nSEND\r\n";
const ACCEPTED: [&str; 5] = ["220", "250", "250", "250", "221"];
const UNCERTAIN: &str = "550 Outcome Unknown, May Have Been Delivered";

/// A server whose command is a shell script; `$0` is the test's directory.
fn shell(scratch: &Scratch, options: &[&str], script: &str) -> Cmd {
    server()
        .args(options)
        .args(["--", "sh", "-c", script])
        .arg(scratch)
}

/// One page, said at once and through a pipe.
fn page(server: Cmd) -> Output {
    server.stdin(format!("{PAGE}QUIT\r\n")).run()
}

/// What a command waits for: it reads a line from the FIFO `gate` of the test's directory. When
/// this is dropped, the FIFO ends.
struct Gate(File);

impl Gate {
    fn new(scratch: &Scratch) -> Self {
        let path = scratch.join("gate");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        // Opened for both, it waits for nobody.
        Self(File::options().read(true).write(true).open(path).unwrap())
    }

    fn open(&mut self) {
        self.0.write_all(b"\n").unwrap();
    }
}

/// Is the process whose number is in this file gone, or a corpse that only its parent sees?
fn is_gone(scratch: &Scratch, file: &str) -> bool {
    let pid = scratch.read(file);
    let pid = pid.trim();
    assert!(!pid.is_empty(), "the command never wrote {file}");
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.map_or(true, |stat| {
        let state = stat.rsplit(") ").next().unwrap_or_default();
        state.starts_with(['Z', 'X'])
    })
}

/// The variables of ours that a command was given, sorted; [`RECORD`] wrote them.
fn variables(scratch: &Scratch) -> Vec<String> {
    let env = scratch.read("env");
    let ours = env
        .lines()
        .filter(|line| line.starts_with("PAGEBOX_") || line.starts_with("SNPP_"));
    let mut ours: Vec<String> = ours.map(str::to_owned).collect();
    ours.sort();
    ours
}

/// Writes down all that a command is given.
const RECORD: &str = r#"set -e; env >"$0/env"; cat >"$0/message"; cat <&3 >"$0/pin"
readlink /proc/self/fd/3 >"$0/fd3""#;

#[test]
fn a_command_sees_the_whole_envelope() {
    let scratch = scratch("command-envelope");
    let output = shell(&scratch, &[], RECORD)
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(
            "LOGI joe hunter2\r\nLEVE 0\r\nALER 1\r\nCOVE 2;x=y\r\nHOLD 360102030405 +0100\r\n\
             CALL 555  9876\r\nSUBJ a=b: \"$HOME\"\r\nPAGE 5551212 s3same\r\nDATA\r\nDisk\r\n\r\n\
             full\r\n.\r\nSEND\r\nQUIT\r\n",
        )
        .run();
    output.expect_status(0);
    let sent = output.stdout.lines().rev().nth(1).unwrap();
    let id = sent
        .strip_prefix("250 Message ")
        .and_then(|rest| rest.strip_suffix(" delivered"))
        .unwrap_or_else(|| panic!("{sent}"));
    assert_eq!(
        variables(&scratch),
        [
            "PAGEBOX_ALERT=1",
            "PAGEBOX_CALLER=555  9876",
            "PAGEBOX_COVERAGE=2;x=y",
            "PAGEBOX_HOLD=2036-01-02T02:04:05Z",
            &format!("PAGEBOX_ID={id}"),
            "PAGEBOX_LEVEL=0",
            "PAGEBOX_LOGIN=?joe",
            "PAGEBOX_PAGER=5551212",
            "PAGEBOX_PEER=?127.0.0.1",
            "PAGEBOX_SUBJECT=a=b: \"$HOME\"",
        ]
    );
    assert_eq!(scratch.read("message"), "Disk\n\nfull");
    assert_eq!(scratch.read("pin"), "s3same\n");
    let env = scratch.read("env");
    for secret in ["s3same", "hunter2"] {
        assert!(!env.contains(secret), "{env}");
        assert!(!output.stderr.contains(secret), "{}", output.stderr);
    }
    let delivered = format!("delivered {id} for 5551212 from ?joe, 10 bytes\n");
    assert_eq!(
        output.stderr,
        format!("<6>snpp-serve: ?127.0.0.1: {delivered}")
    );
}

#[test]
fn a_command_sees_nothing_that_was_not_given() {
    // Neither what the server's own environment had, nor a secret, nor the PIN of another page.
    let scratch = scratch("command-nothing");
    let mut server = shell(&scratch, &[], RECORD)
        .env("SNPP_PASSWORD", "hunter2")
        .env("SNPP_SERVER", "kept");
    for name in [
        "PAGER", "LEVEL", "ALERT", "COVERAGE", "HOLD", "CALLER", "SUBJECT", "LOGIN", "PEER", "ID",
    ] {
        server = server.env(format!("PAGEBOX_{name}"), "forged");
    }
    let given = "LEVE 0\r\nALER 1\r\nCOVE 2\r\nHOLD 360102030405 +0000\r\nCALL x\r\nSUBJ x\r\n\
                 PAGE 1 1234\r\nMESS x\r\nSEND\r\n";
    let output = server.stdin(format!("{given}{PAGE}")).run();
    let id = output.stdout.lines().last().unwrap();
    let id = id.split(' ').nth(2).unwrap();
    assert_eq!(
        variables(&scratch),
        [
            &format!("PAGEBOX_ID={id}"),
            "PAGEBOX_PAGER=1",
            "SNPP_SERVER=kept"
        ]
    );
    assert_eq!(scratch.read("pin"), "");
    assert_eq!(scratch.read("fd3"), "/dev/null\n");
}

#[test]
fn the_kernel_names_the_peer_where_there_is_a_socket() {
    let scratch = scratch("command-peer");
    let (mut talk, server) =
        on_socket(shell(&scratch, &[], RECORD).env("REMOTE_ADDR", "192.0.2.7"));
    talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
    let variables = variables(&scratch);
    assert!(
        variables.contains(&"PAGEBOX_PEER=127.0.0.1".to_owned()),
        "{variables:?}"
    );
}

#[test]
fn the_message_arrives_byte_for_byte_and_then_ends() {
    let scratch = scratch("command-message");
    let long = "long line ".repeat(90_000);
    for (said, message) in [
        ("MESS x\r\n", "x"),
        ("MESS  two  blanks\r\n", " two  blanks"),
        (
            "MESS -rf $(true) `true` ; | & > < \\ ' \"\r\n",
            "-rf $(true) `true` ; | & > < \\ ' \"",
        ),
        ("MESS Grüße \u{1b}[2J\r\n", "Grüße \u{1b}[2J"),
        ("DATA\r\n\r\n a\r\n..b\r\n\r\n-c\r\n.\r\n", "\n a\n.b\n\n-c"),
        (
            "DATA\r\nPAGEBOX_PAGER=2\r\nTo: 3\r\n.\r\n",
            "PAGEBOX_PAGER=2\nTo: 3",
        ),
        (
            &format!("DATA\r\n{long}\r\n{long}\r\n.\r\n"),
            &format!("{long}\n{long}"),
        ),
    ] {
        let output = shell(
            &scratch,
            &["--max-message", "2000000"],
            r#"cat >"$0/message""#,
        )
        .stdin(format!("PAGE 1\r\n{said}SEND\r\n"))
        .run();
        output.expect_status(0);
        assert_eq!(codes(&output.stdout).last(), Some(&"250"));
        let found = scratch.read("message");
        assert!(
            found == message,
            "{} bytes, not {}",
            found.len(),
            message.len()
        );
    }
}

#[test]
fn a_command_may_count_on_text() {
    let scratch = scratch("command-latin");
    for (message, text) in [(&b"caf\xe9"[..], "café"), ("café".as_bytes(), "café")] {
        let said = [
            b"SUBJ ",
            message,
            b"\r\nPAGE 1\r\nMESS ",
            message,
            b"\r\nSEND\r\n",
        ]
        .concat();
        let script = r#"cat >"$0/message"; printf %s "$PAGEBOX_SUBJECT" >"$0/subject""#;
        shell(&scratch, &[], script)
            .stdin(said)
            .run()
            .expect_status(0);
        assert_eq!(scratch.read("message"), text);
        assert_eq!(scratch.read("subject"), text);
    }
}

#[test]
fn a_command_need_not_read() {
    let scratch = scratch("command-unread");
    let message = "x".repeat(1_000_000);
    for (script, verdict) in [
        ("exit 0", "250"),
        ("exec <&-; exit 0", "250"),
        ("head -c 10 >/dev/null", "250"),
        ("exec 2>&- <&- 3<&-; exit 75", "554"),
    ] {
        let output = shell(&scratch, &["--max-message", "1000000"], script)
            .stdin(format!(
                "PAGE 1\r\nMESS x\r\nRESE\r\nPAGE 1\r\nDATA\r\n{message}\r\n.\r\nSEND\r\nQUIT\r\n"
            ))
            .run();
        output.expect_status(0);
        let heard = codes(&output.stdout);
        assert_eq!(
            heard[heard.len() - 3..],
            ["250", verdict, "221"],
            "{script}"
        );
    }
}

#[test]
fn the_status_of_the_command_is_the_verdict() {
    let scratch = scratch("command-status");
    let refused = "550 Failed, Message Refused";
    let table = [
        ("0", "250 Message ", "delivered "),
        ("75", "554 ", "exit status 75"),
        // The system's trouble: nothing is out.
        ("71", "554 ", "exit status 71"),
        ("67", "550 Failed, Illegal Pager ID", "exit status 67"),
        ("79", UNCERTAIN, "exit status 79"),
        ("1", refused, "exit status 1"),
        ("64", refused, "exit status 64"),
        ("69", refused, "exit status 69"),
        ("127", refused, "exit status 127"),
        ("128", refused, "exit status 128"),
        // What a shell says of a program that a signal ended.
        ("137", UNCERTAIN, "exit status 137"),
        ("143", UNCERTAIN, "exit status 143"),
        ("255", UNCERTAIN, "exit status 255"),
        ("KILL", UNCERTAIN, "killed by signal 9"),
        ("TERM", UNCERTAIN, "killed by signal 15"),
        // As after every SEND, the session goes on.
        ("0", "250 Message ", "delivered "),
    ];
    let script =
        r#"case $PAGEBOX_PAGER in [A-Z]*) kill -"$PAGEBOX_PAGER" $$; esac; exit "$PAGEBOX_PAGER""#;
    let (mut talk, server) = on_socket(shell(&scratch, &[], script));
    talk.hear();
    for (pager, verdict, _) in table {
        talk.hold(&format!("C: PAGE {pager}\nS: 250\nC: MESS x\nS: 250"));
        talk.ask("SEND", verdict);
        // Nothing of it is left, whatever became of it.
        talk.ask("SEND", "503");
    }
    assert_eq!(talk.rest(), "");
    let output = server.wait();
    output.expect_status(0);
    let log: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(log.len(), table.len(), "{}", output.stderr);
    for (line, (pager, _, words)) in log.iter().zip(table) {
        let right = line.contains(words) && line.contains(&format!(" for {pager}, 1 bytes"));
        assert!(right, "{line}");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_554() {
    let scratch = scratch("command-none");
    let plain = scratch.file("plain", "#!/bin/sh\n");
    for command in [
        Path::new("no-such-command-anywhere"),
        &scratch.join("no/such/command"),
        &plain,
        &scratch,
        Path::new(""),
    ] {
        let output = page(server().arg("--").arg(command).arg("word"));
        let name = command.to_str().unwrap();
        output.expect_complaint(0, &output.stdout, &format!("cannot run {name}: "));
        assert_eq!(
            codes(&output.stdout),
            ["220", "250", "250", "554", "221"],
            "{name}"
        );
    }
}

#[test]
fn out_of_descriptors_is_554_and_nobody_is_told_a_lie() {
    let scratch = scratch("command-descriptors");
    let script = r#"ulimit -n "$1" || exit 1; exec snpp-serve -- sh -c 'echo "$PAGEBOX_ID" >>"$0/ids"' "$0""#;
    let mut failed = 0;
    for limit in 9..40 {
        let output = alone(Cmd::new("sh"))
            .args(["-c", script])
            .arg(&scratch)
            .arg(limit.to_string())
            .stdin(format!("{PAGE}PAGE 1 4711\r\nMESS x\r\nSEND\r\nQUIT\r\n"))
            .run();
        if output.status == 71 {
            let last = codes(&output.stdout);
            assert!(
                matches!(last[..], [] | ["421"]),
                "{limit}: {}",
                output.stdout
            );
            continue;
        }
        output.expect_status(0);
        let heard = codes(&output.stdout);
        assert_eq!(heard.len(), 8, "{limit}: {}", output.stdout);
        let verdicts = [heard[3], heard[6]];
        let delivered = verdicts.iter().filter(|&&code| code == "250").count();
        failed += verdicts.iter().filter(|&&code| code == "554").count();
        assert_eq!(scratch.read("ids").lines().count(), delivered, "{limit}");
        let _ = fs::remove_file(scratch.join("ids"));
    }
    assert!(failed > 0, "no limit was too low");
}

#[test]
fn a_command_takes_one_pager_at_a_time() {
    let scratch = scratch("command-one");
    let script = r#"echo "$PAGEBOX_PAGER" >>"$0/pagers""#;
    for options in [&[][..], &["--max-recipients", "1"]] {
        let output = shell(&scratch, options, script)
            .stdin("PAGE 1\r\nPAGE 2\r\nMESS x\r\nSEND\r\nPAGE 3\r\nMESS x\r\nSEND\r\n")
            .run();
        assert_eq!(
            codes(&output.stdout),
            ["220", "250", "552", "250", "250", "250", "250", "250"]
        );
    }
    assert_eq!(scratch.read("pagers"), "1\n3\n1\n3\n");
    let output = page(shell(&scratch, &["--max-recipients", "2"], script));
    output.expect_complaint(64, &output.stdout, "--max-recipients");
    assert!(!output.stdout.contains("220"), "{}", output.stdout);
    assert_eq!(scratch.read("pagers"), "1\n3\n1\n3\n");
    server()
        .arg("--spool")
        .arg(scratch.join("spool"))
        .args(["--", "true"])
        .run()
        .expect_complaint(64, "", "--spool");
}

#[test]
fn a_command_that_takes_too_long_is_stopped_with_all_it_started() {
    let scripts = [
        ("obedient", "sleep 60 & echo $! >\"$0/child\"; wait"),
        (
            "with a deaf child",
            "(trap '' TERM; exec sleep 60) & echo $! >\"$0/child\"; wait",
        ),
        (
            "deaf",
            "trap '' TERM; sleep 60 & echo $! >\"$0/child\"; wait",
        ),
        ("asleep", "echo $$ >\"$0/child\"; kill -STOP $$"),
        // A status that comes too late says nothing.
        (
            "polite",
            "trap 'exit 0' TERM; sleep 60 & echo $! >\"$0/child\"; wait",
        ),
    ];
    // Side by side: their time limits pass but once.
    let running = scripts.map(|(name, script)| {
        let scratch = scratch("command-timeout");
        let script = format!("echo $$ >\"$0/self\"; {script}");
        let server = shell(&scratch, &["--command-timeout", "2s"], &script)
            .stdin(format!("{PAGE}QUIT\r\n"))
            .spawn();
        (name, scratch, server)
    });
    for (name, scratch, server) in running {
        let output = server.wait();
        output.expect_complaint(0, &output.stdout, "sh: stopped, it took too long");
        let heard = &output.stdout;
        assert!(heard.contains(UNCERTAIN), "{name}: {heard}");
        assert!(heard.ends_with("221 OK, Goodbye\r\n"), "{name}: {heard}");
        for process in ["self", "child"] {
            eventually("a stopped command is gone", || is_gone(&scratch, process));
        }
    }
}

#[test]
fn a_command_in_another_group_is_stopped_too() {
    skip_unless!("perl");
    let script = "setpgrp(0, getpgrp(getppid())); $SIG{TERM} = 'IGNORE'; sleep 60";
    let server = server().args(["--command-timeout", "500ms", "--", "perl", "-e", script]);
    let output = page(server.limit(Duration::from_secs(10)));
    output.expect_complaint(0, &output.stdout, "perl: stopped");
    assert!(output.stdout.contains(UNCERTAIN), "{}", output.stdout);
}

#[test]
fn a_server_that_is_not_told_of_its_children_looks_for_itself() {
    skip_unless!("perl");
    // Some of those that start servers leave signals blocked or ignored.
    for script in [
        "$SIG{CHLD} = 'IGNORE'; $SIG{PIPE} = 'IGNORE'; exec @ARGV",
        "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD, SIGTERM)); exec @ARGV",
    ] {
        let scratch = scratch("command-blocked");
        // Its command is none the worse for it.
        let command = "grep -E '^Sig(Blk|Ign)' /proc/self/status >\"$0/signals\"; exit 67";
        let output = page(
            alone(Cmd::new("perl"))
                .args(["-e", script, "snpp-serve", "--", "sh", "-c", command])
                .arg(&scratch),
        );
        output.expect_status(0);
        assert_eq!(codes(&output.stdout), ["220", "250", "250", "550", "221"]);
        let signals = scratch.read("signals");
        // PIPE is number 13, TERM 15, CHLD 17.
        let mask = 1 << 12 | 1 << 14 | 1 << 16;
        for line in signals.lines() {
            let set = line.split_whitespace().last().unwrap();
            let set = u64::from_str_radix(set, 16).unwrap();
            assert_eq!(set & mask, 0, "{signals}");
        }
        assert_eq!(signals.lines().count(), 2, "{signals}");
    }
}

#[test]
fn what_a_command_leaves_behind_holds_nobody_up() {
    let scratch = scratch("command-left");
    let gate = Gate::new(&scratch);
    let script = r#"(read word <"$0/gate") & echo $! >"$0/child"; exit 0"#;
    // Through a pipe the run ends only when nobody has our output any more.
    let output = page(shell(&scratch, &[], script));
    output.expect_status(0);
    assert_eq!(codes(&output.stdout), ACCEPTED);
    assert!(!is_gone(&scratch, "child"), "it was to outlive the session");
    let (mut talk, server) = on_socket(shell(&scratch, &[], script));
    talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
    assert!(!is_gone(&scratch, "child"), "it was to outlive the session");
    drop(gate);
    eventually("the child ends with the test", || {
        is_gone(&scratch, "child")
    });
}

#[test]
fn a_command_has_no_hold_of_the_clients_line() {
    let scratch = scratch("command-fds");
    let script = r#"for fd in /proc/$$/fd/*; do readlink "$fd"; done >"$0/fds"
readlink /proc/$PPID/fd/0 /proc/$PPID/fd/1 >"$0/line""#;
    let check = || {
        let (fds, line) = (scratch.read("fds"), scratch.read("line"));
        assert_eq!(line.lines().count(), 2, "{line}");
        for end in line.lines() {
            assert!(!fds.lines().any(|fd| fd == end), "{end} is one of:\n{fds}");
        }
    };
    page(shell(&scratch, &[], script)).expect_status(0);
    check();
    let (mut talk, server) = Talk::inetd(shell(&scratch, &[], script));
    talk.say("PAGE 1\r\nMESS x\r\nSEND\r\nQUIT");
    assert_eq!(codes(&talk.rest()), ACCEPTED);
    server.wait().expect(0, "", "");
    check();
}

#[test]
fn what_a_command_says_never_reaches_the_client() {
    let scratch = scratch("command-says");
    let script = "echo 250 forged; cat; echo 250 forged >&2; printf '\\033[2J' >&2";
    let output = page(shell(&scratch, &[], script));
    assert_eq!(codes(&output.stdout), ACCEPTED);
    assert!(!output.stdout.contains("forged"), "{}", output.stdout);
    // Its complaints are in the log, with the job and safe to print.
    let id = output.stdout.lines().nth(3).unwrap();
    let id = id.split(' ').nth(2).unwrap();
    let line = |text: &str| format!("<6>snpp-serve: unknown: {text}\n");
    output.expect(
        0,
        &output.stdout,
        &[
            line(&format!("{id}: 250 forged")),
            line(&format!("{id}: ^[[2J")),
            line(&format!("delivered {id} for 1, 1 bytes")),
        ]
        .concat(),
    );
    // Also where standard error is the client's socket.
    let (mut talk, server) = Talk::inetd(shell(&scratch, &[], script));
    talk.say("PAGE 1\r\nMESS x\r\nSEND\r\nQUIT");
    let heard = talk.rest();
    assert_eq!(codes(&heard), ACCEPTED);
    assert!(!heard.contains("forged"), "{heard}");
    server.wait().expect(0, "", "");
}

#[test]
fn a_command_that_never_stops_complaining_is_late_all_the_same() {
    let scratch = scratch("command-flood");
    for (script, limit, verdict) in [
        ("yes >&2", "1s", UNCERTAIN),
        ("tr '\\0' x </dev/zero >&2", "1s", UNCERTAIN),
        // One that ended does not wait for what it left behind.
        (
            "yes >&2 & echo $! >\"$0/child\"; exit 0",
            "1m",
            "250 Message ",
        ),
    ] {
        let output = page(shell(&scratch, &["--command-timeout", limit], script));
        output.expect_status(0);
        let sent = output.stdout.lines().nth(3).unwrap();
        assert!(sent.starts_with(verdict), "{script}: {sent}");
        let log: Vec<&str> = output.stderr.lines().collect();
        assert!(log.len() < 60, "{script}: {} lines", log.len());
        assert!(log.iter().all(|line| line.len() < 700), "{script}");
    }
    // Nobody listens to it any more.
    eventually("the child of the last one ends", || {
        is_gone(&scratch, "child")
    });
}

#[test]
fn the_clocks_of_the_session_stand_still_while_a_command_runs() {
    let scratch = scratch("command-clocks");
    let options = ["--idle-timeout", "700ms", "--session-timeout", "1s"];
    let (client, socket) = pair();
    let mut talk = Talk::over(client);
    // It is all there before the clocks begin to run.
    talk.say("PAGE 1\r\nMESS x\r\nSEND");
    let server = shell(&scratch, &options, "sleep 1.5").inetd(socket).spawn();
    talk.hold("S: 220\nS: 250\nS: 250\nS: 250 Message ");
    // And then they go on from where they stood, for another 700 ms.
    let verdict = Instant::now();
    assert_eq!(talk.hear(), "421 Timeout, Goodbye");
    let rest = verdict.elapsed();
    assert!(rest > Duration::from_millis(300), "{rest:?}");
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
}

#[test]
fn level_3_with_a_command_tells_the_fate_at_once() {
    let scratch = scratch("command-two-way");
    let (mut talk, server) = on_socket(shell(&scratch, &[], "exit \"$PAGEBOX_PAGER\""));
    talk.hold(
        "S: 220
        C: PING 0
        S: 821
        C: NOQU
        S: 550
        C: 2WAY
        S: 250
        C: NOQU
        S: 250
        C: EXPT 2
        S: 550 Cannot Change Expiry Time
        C: ACKR 1
        S: 550
        C: ACKR 0
        S: 250
        C: RTYP YESNO
        S: 550
        C: RTYP NONE
        S: 250
        C: PAGE 0
        S: 850
        C: PAGE 1
        S: 503
        C: MESS x
        S: 250",
    );
    let sent = talk.ask("SEND", "880 ");
    let words: Vec<&str> = sent.split(' ').collect();
    let [_, tag, pass, ..] = words[..] else {
        panic!("{sent}");
    };
    for word in [tag, pass] {
        assert!(word.bytes().all(|byte| byte.is_ascii_digit()), "{sent}");
        assert!(word.len() >= 13, "40 bits: {sent}");
    }
    let status = talk.ask(&format!("MSTA {tag} {pass}"), "880 ");
    // It has not changed, so its number has not risen.
    assert_eq!(talk.ask(&format!("MSTA {tag} {pass}"), "880 "), status);
    talk.ask(&format!("MSTA {tag} 1"), "550");
    talk.ask(&format!("KTAG {tag} {pass}"), "250");
    talk.ask(&format!("MSTA {tag} {pass}"), "550");
    // The refusal is the command's, and leaves no tag.
    for (pager, verdict) in [
        ("67", "550 Failed, Illegal Pager ID"),
        ("75", "554 "),
        ("79", UNCERTAIN),
        ("1", "550 Failed, Message Refused"),
    ] {
        talk.hold("C: 2WAY\nS: 250");
        talk.ask(&format!("PAGE {pager}"), "850");
        talk.hold("C: MESS x\nS: 250");
        talk.ask("SEND", verdict);
    }
    // After all that, a page of level 1.
    talk.hold("C: PAGE 0\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
}

/// A command that tells when it runs, waits at the gate, and tells when it is through.
const WAITING: &str =
    r#"echo "started $PAGEBOX_PAGER" >&2; read word <"$0/gate"; echo "$PAGEBOX_PAGER" >>"$0/done""#;

#[test]
fn a_signal_waits_for_the_verdict_of_the_command() {
    let scratch = scratch("command-signal");
    let mut gate = Gate::new(&scratch);
    for signal in [Signal::TERM, Signal::INT] {
        let (mut talk, mut server) = on_socket(shell(&scratch, &[], WAITING));
        talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND");
        server.wait_for_stderr("started 1");
        server.signal(signal);
        gate.open();
        talk.hold("S: 250 Message \nS: 421 ");
        assert_eq!(talk.rest(), "");
        server.wait().expect_complaint(0, "", "delivered ");
    }
    assert_eq!(scratch.read("done"), "1\n1\n");
}

#[test]
fn after_a_signal_no_further_page_is_begun() {
    let scratch = scratch("command-signal-more");
    let mut gate = Gate::new(&scratch);
    let (mut talk, mut server) = on_socket(shell(&scratch, &[], WAITING));
    talk.say("PAGE 1\r\nMESS x\r\nSEND\r\nPAGE 2\r\nMESS x\r\nSEND\r\nQUIT");
    server.wait_for_stderr("started 1");
    server.signal(Signal::TERM);
    // Enough for both.
    gate.open();
    gate.open();
    talk.hold("S: 220\nS: 250\nS: 250\nS: 250 Message ");
    let rest = talk.rest();
    assert!(codes(&rest).ends_with(&["421"]), "{rest}");
    server.wait().expect_status(0);
    assert_eq!(scratch.read("done"), "1\n");
}

#[test]
fn a_client_that_leaves_while_the_command_runs_has_sent() {
    let scratch = scratch("command-gone");
    let mut gate = Gate::new(&scratch);
    for reset in [false, true] {
        let (talk, server) = on_socket(shell(&scratch, &[], WAITING));
        let stream = talk.lines.get_ref();
        // What it never read makes its close a reset.
        let bytes = if reset {
            "PAGE 1\r\nMESS x\r\nSEND\r\n"
        } else {
            "PAGE 2\r\nMESS x\r\nSEND\r\n"
        };
        (&*stream).write_all(bytes.as_bytes()).unwrap();
        server.wait_for_stderr("started");
        if !reset {
            stream.shutdown(Shutdown::Both).unwrap();
        }
        drop(talk);
        gate.open();
        server.wait().expect_complaint(0, "", ": delivered ");
    }
    assert_eq!(scratch.read("done"), "2\n1\n");
}

#[test]
fn nothing_a_stranger_sends_is_a_word_or_is_run() {
    let scratch = scratch("command-inject");
    let words = [
        "-x",
        "$HOME; touch pwned",
        "%p {} $PAGEBOX_PAGER",
        "two\nlines",
        "",
    ];
    let script = r#"{ printf '[%s]' "$@"; echo; } >>"$0/words"; cat >>"$0/messages"; echo >>"$0/messages"
printf '%s\n' "$PAGEBOX_PAGER" "$PAGEBOX_SUBJECT" "$PAGEBOX_CALLER" "$PAGEBOX_LOGIN" >>"$0/envelopes""#;
    let evil = "-x; touch pwned; $(touch pwned) `touch pwned` | touch pwned & > pwned";
    let login = "$(touch${IFS}pwned)";
    let bad_ids = [
        "-x", "--help", ";touch", "$(touch", "`x`", "a/b", "../x", "a=b", "1\0", "a*", "ä", ".a",
        "@a",
    ];
    let bad_ids = bad_ids.map(|id| format!("PAGE {id}\r\n")).concat();
    let output = shell(&scratch, &["--max-errors", "50"], script)
        .args(words)
        .dir(&*scratch)
        .stdin(format!(
            "LOGI {login}\r\n{bad_ids}SUBJ {evil}\r\nCALL {evil}\r\nPAGE +a.b_c@d-e\r\nMESS {evil}\r\nSEND\r\n\
             PAGE 0--help\r\nDATA\r\n-x\r\n{evil}\r\n\r\nQUIT\r\n.\r\nSEND\r\n"
        ))
        .run();
    output.expect_status(0);
    let heard = codes(&output.stdout);
    assert_eq!(heard[2..15], ["550"; 13], "{}", output.stdout);
    assert_eq!(
        heard[15..],
        [
            "250", "250", "250", "250", "250", "250", "354", "250", "250"
        ]
    );
    let given = "[-x][$HOME; touch pwned][%p {} $PAGEBOX_PAGER][two\nlines][]\n";
    assert_eq!(scratch.read("words"), given.repeat(2));
    assert_eq!(
        scratch.read("envelopes"),
        format!("+a.b_c@d-e\n{evil}\n{evil}\n?{login}\n0--help\n\n\n?{login}\n")
    );
    assert_eq!(
        scratch.read("messages"),
        format!("{evil}\n-x\n{evil}\n\nQUIT\n")
    );
    assert_eq!(scratch.names("."), ["envelopes", "messages", "words"]);
}

/// A server that hands its pages on to the next one; `words` are the administrator's.
fn relay(words: &[&str]) -> Cmd {
    server().args(["--", "snpp-send", "--envelope"]).args(words)
}

/// A page with all that a page can have, and the headers of the job that it must become.
fn full() -> (String, String) {
    // Nobody holds a page for more than a year.
    let hold = Timestamp::now() + jiff::SignedDuration::from_hours(30);
    let local = hold.to_zoned(TimeZone::fixed(Offset::constant(1)));
    let said = format!(
        "LEVE 0\r\nALER 1\r\nCOVE 2\r\nHOLD {}\r\nCALL 555  9876\r\nSUBJ Seattle: Meeting\r\n\
         PAGE 5551212 s3same\r\nDATA\r\nDisk \"full\"\r\n\r\n..\r\n-x $(true)\r\n.\r\nSEND\r\nQUIT\r\n",
        local.strftime("%y%m%d%H%M%S %z")
    );
    let head = format!(
        "To: 5551212; level=0 alert=1 coverage=2 hold={hold:.0} pin=s3same\n\
         Caller: 555  9876\nSubject: Seattle: Meeting\n"
    );
    (said, head)
}

const FULL_TEXT: &str = "\nDisk \"full\"\n\n.\n-x $(true)\n";

/// The one job of the far spool, without its Received and Id.
#[track_caller]
fn far_job(scratch: &Scratch) -> String {
    let names = scratch.names("far/new");
    assert_eq!(names.len(), 1, "{names:?}");
    let job = scratch.read(&format!("far/new/{}", names[0]));
    let lines = job
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("Received: ") && !line.starts_with("Id: "));
    lines.collect()
}

#[test]
fn a_relay_hands_on_all_there_is() {
    skip_unless!("tcpserver");
    let scratch = scratch("relay-full");
    let far = tcpserver_snpp_serve(&scratch.join("far"));
    let (said, head) = full();
    let output = relay(&["-s", &far.addr()]).stdin(said).run();
    output.expect_complaint(0, &output.stdout, "delivered ");
    assert_eq!(
        codes(&output.stdout)[7..],
        ["250", "354", "250", "250", "221"]
    );
    // Who sends is the relay.
    assert_eq!(
        far_job(&scratch),
        format!("{head}From: 127.0.0.1\n{FULL_TEXT}")
    );
    assert!(!output.stderr.contains("s3same"), "{}", output.stderr);
}

#[test]
fn a_relay_needs_no_network() {
    let scratch = scratch("relay-pipe");
    let far = format!("snpp-serve --spool '{}'", scratch.join("far").display());
    let (said, head) = full();
    let output = relay(&["-s", "far", "--proxy-command", &far])
        .stdin(&said)
        .run();
    output.expect_complaint(0, &output.stdout, "delivered ");
    assert_eq!(far_job(&scratch), format!("{head}{FULL_TEXT}"));
    // The options of the first page are not the second one's.
    fs::remove_dir_all(scratch.join("far")).unwrap();
    let first = said.replace("SEND\r\nQUIT\r\n", "RESE\r\n");
    let output = relay(&["-s", "far", "--proxy-command", &far])
        .stdin(format!("{first}{PAGE}"))
        .run();
    output.expect_status(0);
    assert_eq!(far_job(&scratch), "To: 1\n\nx\n");
}

#[test]
fn a_relay_logs_in_with_its_own_password() {
    let scratch = scratch("relay-login");
    let far = format!("snpp-serve --spool '{}'", scratch.join("far").display());
    let password = scratch.file("password", "s3same\n");
    let words = [
        "-s",
        "far",
        "--proxy-command",
        &far,
        "--login",
        "relay",
        "--password-file",
    ];
    let output = relay(&words)
        .arg(&password)
        .env("SNPP_PASSWORD", "hunter2")
        .stdin(format!("LOGI joe hunter3\r\n{PAGE}"))
        .run();
    output.expect_status(0);
    assert_eq!(far_job(&scratch), "To: 1\nFrom: ?relay\n\nx\n");
    for secret in ["s3same", "hunter2", "hunter3"] {
        assert!(!output.stderr.contains(secret), "{}", output.stderr);
    }
}

#[test]
fn the_far_verdict_is_the_near_one() {
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[], "250 Message "),
        (&[("SEND", "860 1 2 delivered")], "250 Message "),
        (&[("SEND", "960 1 2 queued")], "250 Message "),
        (&[("SEND", "550 no")], "550 Failed, Message Refused"),
        (&[("SEND", UNCERTAIN)], UNCERTAIN),
        (&[("SEND", "554 later")], "554 "),
        (&[("SEND", "421 down")], "554 "),
        (&[("SEND", "750 not online")], "554 "),
        (&[("SEND", "780 expired")], "550 Failed, Message Refused"),
        (&[("SEND", "354 what?")], UNCERTAIN),
        (&[("PAGE", "550 who?")], "550 Failed, Illegal Pager ID"),
        (&[("PAGE", "554 later")], "554 "),
        (&[("PAGE", "421 down")], "554 "),
        (&[("MESS", "550 no")], "550 Failed, Message Refused"),
        (&[("greeting", "421 busy")], "554 "),
        (&[("greeting", HANG_UP)], "554 "),
        (&[("PAGE", HANG_UP)], "554 "),
        (&[("SEND", HANG_UP)], UNCERTAIN),
        (&[("SEND", RESET)], UNCERTAIN),
        (&[("QUIT", "554 shifted")], UNCERTAIN),
    ];
    for (rules, verdict) in table {
        let far = Fake::replies(rules);
        let output = page(relay(&["-s", &far.addr()]));
        output.expect_status(0);
        let sent = output.stdout.lines().nth(3).unwrap_or_default();
        assert!(
            sent.starts_with(verdict),
            "{rules:?}: {sent}\n{}",
            output.stderr
        );
        assert!(output.stdout.ends_with("221 OK, Goodbye\r\n"));
        assert_eq!(far.connections(), 1, "{rules:?}");
    }
}

#[test]
fn a_relay_that_is_stopped_in_mid_send_tells_no_lies() {
    // As systemd stops a service: the command gets the signal too.
    for (rules, line, verdicts) in [
        (&[("SEND", SILENCE)], "SEND", &[UNCERTAIN][..]),
        (&[("QUIT", SILENCE)], "QUIT", &[UNCERTAIN, "250 Message "]),
    ] {
        let scratch = scratch("relay-stopped");
        let far = Fake::replies(rules);
        let script = r#"echo $$ >"$0/pid"; exec snpp-send --envelope -s "$1""#;
        let (mut talk, mut server) = on_socket(shell(&scratch, &[], script).arg(far.addr()));
        talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND");
        far.wait_for(line);
        let sender = scratch.read("pid").trim().parse().ok();
        kill_process(sender.and_then(Pid::from_raw).unwrap(), Signal::TERM).unwrap();
        server.signal(Signal::TERM);
        let heard = talk.hear();
        let right = verdicts.iter().any(|verdict| heard.starts_with(verdict));
        assert!(right, "stopped at {line}: {heard}");
        assert!(talk.hear().starts_with("421 "), "{}", talk.heard);
        server.wait().expect_status(0);
    }
}

#[test]
fn a_relay_tries_its_servers_in_order() {
    let gone = Fake::replies(&[]);
    let addr = gone.addr();
    drop(gone);
    let busy = Fake::replies(&[("greeting", "421 busy")]);
    let good = Fake::replies(&[]);
    let output = page(relay(&[
        "-s",
        &addr,
        "-s",
        &busy.addr(),
        "--server",
        &good.addr(),
    ]));
    assert_eq!(codes(&output.stdout), ACCEPTED);
    assert_eq!(good.heard(), ["PAGE 1", "MESS x", "SEND", "QUIT"]);
    let output = page(relay(&["-s", &addr, "-s", &busy.addr()]));
    assert_eq!(codes(&output.stdout)[3], "554");
    // What may be out goes to nobody else.
    let lost = Fake::replies(&[("SEND", HANG_UP)]);
    let idle = Fake::replies(&[]);
    let output = page(relay(&["-s", &lost.addr(), "-s", &idle.addr()]));
    assert!(output.stdout.contains(UNCERTAIN), "{}", output.stdout);
    assert_eq!(idle.connections(), 0);
}

#[test]
fn a_relay_in_front_of_net_snpp() {
    skip_unless!("perl", "Net::SNPP::Server");
    let far = net_snpp_server();
    let output = relay(&["-s", &far.addr()])
        .stdin(
            "ALER 1\r\nSUBJ Seattle\r\nPAGE 5551212 4711\r\nMESS Disk full\r\nSEND\r\n\
             PAGE 5541212\r\nMESS x\r\nSEND\r\nPAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n",
        )
        .run();
    output.expect_status(0);
    let heard: Vec<&str> = output.stdout.lines().collect();
    assert!(heard[5].starts_with("250 Message "), "{}", output.stdout);
    // It says 554 of pages that it cannot deliver, and 550 of a pager that it does not know.
    assert!(heard[8].starts_with("554 "), "{}", output.stdout);
    assert_eq!(heard[11], "550 Failed, Illegal Pager ID");
    let [page] = &far.pages()[..] else {
        panic!("{:?}", far.pages());
    };
    let expected = Arrived {
        pager: "5551212".to_owned(),
        pin: Some("4711".to_owned()),
        text: "Disk full".to_owned(),
        alert: "1".to_owned(),
        hold: "0".to_owned(),
        subject: Some("Seattle".to_owned()),
        ..Arrived::default()
    };
    assert_eq!(*page, expected);
}
