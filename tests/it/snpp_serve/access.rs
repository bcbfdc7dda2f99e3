//! `snpp-serve`: who may speak to it, by address and by login.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Talk, codes, jobs, pair};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Running, Scratch, applet, scratch};

const PAGE: &str = "PAGE 1\r\nMESS x\r\nSEND\r\n";
const REFUSED: &str = "421 Illegal Access Attempt\r\n";
const BAD_LOGIN: &str = "550 Error, Invalid LoginID or Password";

/// Where the environment may name a peer.
const VARIABLES: [&str; 6] = [
    "REMOTE_ADDR",
    "TCPREMOTEIP",
    "REMOTE_HOST",
    "SOCAT_PEERADDR",
    "NCAT_REMOTE_ADDR",
    "SSH_CONNECTION",
];

/// A program to which the environment says nothing of a peer, whoever runs the tests.
pub(super) fn alone(program: Cmd) -> Cmd {
    VARIABLES.iter().fold(program, Cmd::env_remove)
}

/// The server, without a word on its peer.
pub(super) fn server() -> Cmd {
    alone(applet("snpp-serve"))
}

/// As systemd does it: standard input and output are the socket, standard error is the log.
pub(super) fn on_socket(server: Cmd) -> (Talk, Running) {
    let (client, socket) = pair();
    (Talk::over(client), on(server, socket))
}

fn on(server: Cmd, socket: TcpStream) -> Running {
    let out = socket.try_clone().unwrap();
    server.stdin_from(socket).stdout_to(out).spawn()
}

/// A server with a spool below the test's directory.
fn spooling(scratch: &Scratch) -> Cmd {
    server().arg("--spool").arg(scratch.join("spool"))
}

/// What htpasswd -B -C 4 wrote, and what it could have written.
const USERS: &str = "\
# Who may send
joe:$2y$04$d4YQ8BXf0jUG/5fzH8gGWO8hox6RZA3gmwawOEFDkjJ2mlka6EojO
md:$apr1$rIxaLbBO$631qELg7JkcPSm3ZGCqqt0
dear:$2y$13$Z6vqTWdyEhTkYWS4mKSAJOgvKNexscMdGkyyjytePoE2htWMrHAbu
ann:$2y$04$NucDjC/O/nF.vDCtpxbvPOCqlvA5W7FDjjPR9Cmq9FKpKmgBF1f7q
";
/// Joe's; those of md and dear are `secret`, and ann's is 72 times x.
const PASSWORD: &str = "open sesame";

fn users(scratch: &Scratch) -> PathBuf {
    scratch.file("users", USERS)
}

/// A server that knows the logins of [`USERS`].
fn with_users(scratch: &Scratch) -> Cmd {
    spooling(scratch).arg("--users").arg(users(scratch))
}

/// The From of each job.
fn senders(scratch: &Scratch) -> Vec<String> {
    let from = |job: &String| {
        let line = job.lines().find_map(|line| line.strip_prefix("From: "));
        line.unwrap_or("nobody").to_owned()
    };
    jobs(scratch).iter().map(from).collect()
}

#[test]
fn a_login_of_the_file_is_a_verified_one() {
    let scratch = scratch("access-login");
    let long = "x".repeat(72);
    let output = with_users(&scratch)
        .arg("--log-text")
        .stdin(format!(
            "{PAGE}LOGI joe {PASSWORD}\r\n{PAGE}RESE\r\n{PAGE}LOGI  ann {long} \r\n{PAGE}QUIT\r\n"
        ))
        .run();
    output.expect_status(0);
    assert!(
        codes(&output.stdout)[1..16]
            .iter()
            .all(|&code| code == "250")
    );
    // This machine's own processes need no login, but are nobody without.
    assert_eq!(senders(&scratch), ["nobody", "joe", "nobody", "ann"]);
    let all = output.stderr + &output.stdout + &jobs(&scratch).concat();
    assert!(!all.contains(PASSWORD) && !all.contains(&long), "{all}");
    assert!(all.contains(" for 1 from joe, 1 bytes"), "{all}");
}

#[test]
fn every_refused_login_sounds_the_same_and_the_log_says_why() {
    let scratch = scratch("access-refused");
    let users = users(&scratch);
    let line = |line: usize| format!("{}:{line}: ", users.display());
    let long = "x".repeat(73);
    for (login, why) in [
        ("joe open", line(2) + "joe: wrong password"),
        ("joe OPEN SESAME", line(2) + "joe: wrong password"),
        ("jo 0pen", format!("{}: no such login", users.display())),
        (
            "Joe open sesame",
            format!("{}: no such login", users.display()),
        ),
        ("md secret", line(3) + "md: not a bcrypt hash"),
        ("dear secret", line(4) + "dear: bcrypt cost 13 is above 12"),
        (
            &format!("ann {long}"),
            line(5) + "ann: a password over 72 bytes",
        ),
    ] {
        let output = with_users(&scratch)
            .arg("--log-text")
            .stdin(format!("LOGI {login}\r\n{PAGE}"))
            .run();
        output.expect_complaint(0, &output.stdout, &format!("login refused: {why}"));
        let heard: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(heard[1], BAD_LOGIN, "{login}");
        // Neither a password nor a name that may be one.
        let (name, password) = login.split_once(' ').unwrap_or((login, "no such word"));
        assert!(!output.stderr.contains(password), "{}", output.stderr);
        let known = why.contains(name);
        assert!(known || !output.stderr.contains(name), "{}", output.stderr);
    }
    assert!(senders(&scratch).iter().all(|from| from == "nobody"));
}

#[test]
fn three_refused_logins_end_the_session() {
    let scratch = scratch("access-three");
    for dialogue in [
        "LOGI joe a\r\nLOGI jim b\r\nLOGI dear c\r\nLOGI joe open sesame\r\nQUIT",
        // There is no way around it.
        "LOGI joe a\r\nRESE\r\nLOGI joe open sesame\r\nRESE\r\nLOGI joe b\r\nRESE\r\nLOGI joe c\r\nQUIT",
    ] {
        let (mut talk, server) = on_socket(with_users(&scratch));
        talk.say(dialogue);
        let heard = talk.rest();
        assert_eq!(heard.matches("\r\n550 ").count(), 2, "{heard}");
        assert!(heard.ends_with(&format!("\r\n{REFUSED}")), "{heard}");
        server
            .wait()
            .expect_complaint(0, "", "127.0.0.1: too many refused logins\n");
    }
}

#[test]
fn who_names_no_password_has_not_guessed_but_erred() {
    // Old clients try without one first.
    let scratch = scratch("access-no-password");
    let options = ["--require-login", "--max-errors", "4"];
    let (mut talk, server) = on_socket(with_users(&scratch).args(options));
    talk.hear();
    for login in ["LOGI joe", "LOGI jim", "LOGI dear ", "LOGI"] {
        talk.ask(login, BAD_LOGIN);
        talk.ask("PAGE 1", "530");
    }
    talk.hold(
        "C: LOGI joe open sesame\nS: 250\nC: PAGE 1\nS: 250\nC: LOGI joe\nS: 421 Too Many Errors",
    );
    assert_eq!(talk.rest(), "");
    server.wait().expect_complaint(0, "", "too many errors");
}

#[test]
fn a_guesser_waits_and_who_was_let_in_does_not_wait_again() {
    let scratch = scratch("access-wait");
    let (mut talk, server) = on_socket(with_users(&scratch).arg("--require-login"));
    talk.hear();
    let mut timed = |login: &str, reply: &str| {
        let start = Instant::now();
        talk.ask(&format!("LOGI {login}"), reply);
        let took = start.elapsed();
        talk.ask("RESE", "250");
        talk.ask("PAGE 1", "530");
        took
    };
    let wait = Duration::from_millis(500);
    assert!(timed("joe wrong", "550") >= wait);
    assert!(timed("joe open sesame", "250") >= wait);
    let again = (0..5).map(|_| timed("joe open sesame", "250")).min();
    assert!(again < Some(wait), "{again:?}");
    // It is the password that is remembered, not the name.
    assert!(timed("joe sesame", "550") >= wait);
    talk.hold("C: LOGI joe open sesame\nS: 250\nC: PAGE 1\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
}

#[test]
fn a_signal_does_not_wait_for_a_guess() {
    let scratch = scratch("access-signal");
    let (mut talk, mut server) = on_socket(with_users(&scratch));
    talk.hear();
    talk.say("LOGI joe wrong");
    server.signal(Signal::TERM);
    assert!(talk.hear().starts_with("421 "), "{}", talk.heard);
    assert_eq!(talk.rest(), "");
    server.wait().expect(0, "", "");
}

#[test]
fn before_a_login_there_is_nothing_but_logi_rese_help_and_quit() {
    let scratch = scratch("access-first");
    let (mut talk, server) = on_socket(with_users(&scratch).arg("--require-login"));
    talk.hear();
    for command in [
        "PAGE 1",
        "PAGE -o",
        "MESS x",
        "DATA",
        "SEND",
        "LEVE 1",
        "ALER 1",
        "COVE 2",
        "HOLD 360102030405",
        "CALL x",
        "SUBJ x",
        "2WAY",
        "PING 1",
        "EXPT 2",
        "NOQU",
        "ACKR 1",
        "RTYP NONE",
        "MCRE 01 x",
        "MSTA 1 2",
        "KTAG 1 2",
    ] {
        talk.ask(command, "530 ");
    }
    talk.hold("C: RESE\nS: 250\nC: FOO\nS: 500\nC: HELP\nS: 214");
    while !talk.hear().starts_with("250") {}
    talk.hold(
        "C: LOGI joe\nS: 550\nC: PAGE 1\nS: 530\nC: LOGI joe open sesame\nS: 250\nC: SEND\nS: 503\n\
         C: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: RESE\nS: 250\nC: PAGE 1\nS: 530\n\
         C: QUIT\nS: 221",
    );
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
    assert_eq!(senders(&scratch), ["joe"]);
    spooling(&scratch)
        .arg("--require-login")
        .run()
        .expect_complaint(64, "", "--users");
}

#[test]
fn without_a_file_every_login_is_taken_and_none_believed() {
    let scratch = scratch("access-unverified");
    let output = spooling(&scratch)
        .arg("--log-text")
        .stdin(format!(
            "LOGI joe\r\n{PAGE}LOGI ann hunter2\r\n{PAGE}LOGI ?joe x\r\n{PAGE}"
        ))
        .run();
    output.expect_complaint(0, &output.stdout, " from ?ann, ");
    assert_eq!(senders(&scratch), ["?joe", "?ann", "??joe"]);
    let all = output.stderr + &jobs(&scratch).concat();
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn a_file_of_logins_that_cannot_be_used_is_our_own_trouble() {
    let scratch = scratch("access-file");
    let torn = scratch.file("torn", format!("{USERS}jim\n"));
    let fifo = scratch.join("fifo");
    Cmd::new("mkfifo").arg(&fifo).run().expect(0, "", "");
    for (file, words) in [
        (scratch.join("missing"), "missing: No such file"),
        (torn, "torn:6: no colon"),
        (scratch.to_path_buf(), ": not a regular file"),
        (fifo, "fifo: not a regular file"),
    ] {
        let output = spooling(&scratch).arg("--users").arg(file).run();
        output.expect_complaint(78, "421 Gateway Service Unavailable\r\n", words);
    }
    // An empty one lets nobody in.
    let empty = scratch.file("empty", "");
    let output = spooling(&scratch)
        .arg("--users")
        .arg(empty)
        .stdin("LOGI joe open sesame\r\n")
        .run();
    assert_eq!(codes(&output.stdout), ["220", "550"]);
}

/// A file of logins with this one in it, as the real htpasswd writes it.
fn htpasswd(scratch: &Scratch, name: &str, password: &str) -> PathBuf {
    let entry = Cmd::new("htpasswd")
        .args(["-bnBC", "4", name, password])
        .run();
    entry.expect_status(0);
    scratch.file("users", entry.stdout)
}

#[test]
fn a_password_may_have_blanks_and_colons_and_72_bytes() {
    skip_unless!("htpasswd");
    let scratch = scratch("access-htpasswd");
    for password in [
        "open sesame",
        "a:b:",
        ": two  blanks, \"q\" $2y$04$",
        "Grüße",
        "-x",
        &"x".repeat(72),
    ] {
        let users = htpasswd(&scratch, "joe", password);
        let output = spooling(&scratch)
            .arg("--users")
            .arg(users)
            .stdin(format!(
                "LOGI joe {password}y\r\nLOGI joe {password}\r\nLOGI joe y{password}\r\n"
            ))
            .run();
        output.expect_status(0);
        assert_eq!(
            codes(&output.stdout),
            ["220", "550", "250", "550"],
            "{password}"
        );
        assert!(!output.stderr.contains(password), "{}", output.stderr);
    }
}

#[test]
fn our_own_client_logs_in_and_nobody_sees_the_password() {
    skip_unless!("htpasswd");
    let scratch = scratch("access-client");
    let spool = scratch.join("spool");
    let users = htpasswd(&scratch, "joe", "0pen:Sesame");
    let server = format!(
        "snpp-serve --users '{}' --require-login --spool '{}'",
        users.display(),
        spool.display()
    );
    let send = |password: &str| {
        applet("snpp-send")
            .args(["-v", "-s", "far", "--proxy-command", &server])
            .args(["--login", "joe", "--password-file"])
            .arg(scratch.file("password", format!("{password}\n")))
            .args(["1", "text"])
            .run()
    };
    let good = send("0pen:Sesame");
    good.expect_status(0);
    let bad = send("0pen:SesamE");
    bad.expect_complaint(77, &bad.stdout, "Invalid LoginID");
    assert_eq!(senders(&scratch), ["joe"]);
    for said in [&good.stderr, &good.stdout, &bad.stderr, &bad.stdout] {
        assert!(!said.to_lowercase().contains("0pen"), "{said}");
    }
}

#[test]
fn a_command_is_told_who_logged_in() {
    let scratch = scratch("access-command");
    let output = server()
        .arg("--users")
        .arg(users(&scratch))
        .args(["--", "sh", "-c", "env | grep PAGEBOX_LOGIN >>\"$0/logins\""])
        .arg(&scratch)
        .stdin(format!("LOGI joe {PASSWORD}\r\n{PAGE}RESE\r\n{PAGE}"))
        .run();
    // grep finds nothing the second time, and says so with a status.
    assert_eq!(
        codes(&output.stdout),
        [
            "220", "250", "250", "250", "250", "250", "250", "250", "550"
        ]
    );
    assert_eq!(scratch.read("logins"), "PAGEBOX_LOGIN=joe\n");
}

/// Where a client listens for its server, and so how the server sees it.
const V4: &str = "127.0.0.1:0";
const V6: &str = "[::1]:0";
const MAPPED: &str = "[::ffff:127.0.0.1]:0";

#[test]
fn the_networks_of_allow_come_in_and_nobody_else() {
    let scratch = scratch("access-allow");
    for (at, options, served) in [
        (V4, &[][..], true),
        (V6, &[], true),
        (MAPPED, &[], true),
        (V4, &["--allow", "127.0.0.0/8"], true),
        (V4, &["--allow", "127.0.0.1"], true),
        (V4, &["--allow", "::ffff:127.0.0.1"], true),
        (V4, &["--allow", "10.0.0.0/8,127.0.0.1"], true),
        (V4, &["--allow", "10.0.0.0/8", "127.0.0.1"], true),
        (V4, &["--allow", "::1", "--allow", "127.0.0.0/8"], true),
        (V4, &["--allow=127.0.0.0/8", "--allow=::1"], true),
        (V4, &["--allow", "127.0.0.2"], false),
        (
            V4,
            &["--allow", "127.0.0.2/31,10.0.0.0/8", "--allow", "::/0"],
            false,
        ),
        (V6, &["--allow", "::1"], true),
        (V6, &["--allow", "127.0.0.0/8,::/0"], true),
        (V6, &["--allow", "127.0.0.0/8"], false),
        (V6, &["--allow", "0.0.0.0/0"], false),
        (MAPPED, &["--allow", "127.0.0.0/8"], true),
        (MAPPED, &["--allow", "::ffff:127.0.0.0/104"], true),
        (MAPPED, &["--allow", "::/0"], false),
        (MAPPED, &["--allow", "::1"], false),
    ] {
        let Ok(listener) = TcpListener::bind(at) else {
            eprintln!("skipped: this machine has no {at}");
            continue;
        };
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = listener.accept().unwrap().0;
        let peer = if at == V6 { "::1" } else { "127.0.0.1" };
        let mut talk = Talk::over(client);
        // A word that is not read in time must not cost it the answer.
        talk.say("PAGE 1\r\nMESS x\r\nSEND\r\nQUIT");
        let heard = {
            let server = on(spooling(&scratch).args(options), socket);
            let heard = talk.rest();
            let output = server.wait();
            output.expect_status(0);
            let words = if served {
                ": accepted "
            } else {
                ": refused: in no network of --allow\n"
            };
            assert!(
                output.stderr.contains(&format!("{peer}{words}")),
                "{}",
                output.stderr
            );
            heard
        };
        if served {
            assert_eq!(
                codes(&heard),
                ["220", "250", "250", "250", "221"],
                "{at} {options:?}"
            );
            // Nobody logged in, but the kernel knows who it was.
            assert_eq!(senders(&scratch), [peer]);
            fs::remove_dir_all(scratch.join("spool")).unwrap();
        } else {
            assert_eq!(heard, REFUSED, "{at} {options:?}");
            assert!(!scratch.join("spool").exists(), "{at} {options:?}");
        }
    }
}

#[test]
fn a_network_that_is_none_is_an_error() {
    let scratch = scratch("access-cidr");
    for (networks, words) in [
        ("10.0.0.0/33", "0 to 32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("localhost", "names are not looked up"),
        ("10.0.0.0/255.0.0.0", "write /8"),
        ("127.0.0.1,nonsense", "nonsense"),
        ("127.0.0.1,", "--allow"),
        ("", "--allow"),
    ] {
        let output = spooling(&scratch).args(["--allow", networks]).run();
        output.expect_complaint(64, "", words);
        assert!(output.stderr.contains("--allow"), "{}", output.stderr);
    }
}

#[test]
fn on_a_pipe_the_environment_names_the_peer() {
    let scratch = scratch("access-environment");
    let far = |name: &'static str| (name, "192.0.2.7");
    let ssh = ("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22");
    let none = ("SOMETHING_ELSE", "192.0.2.7");
    let allow = &["--allow", "10.0.0.0/8,192.0.2.0/24"][..];
    let other = &["--allow", "198.51.100.0/24", "::/0", "127.0.0.0/8"][..];
    for (variable, options, peer, served) in [
        (none, &[][..], "unknown", true),
        (far("REMOTE_ADDR"), &[], "?192.0.2.7", false),
        (far("TCPREMOTEIP"), &[], "?192.0.2.7", false),
        (far("REMOTE_HOST"), &[], "?192.0.2.7", false),
        (far("SOCAT_PEERADDR"), &[], "?192.0.2.7", false),
        (far("NCAT_REMOTE_ADDR"), &[], "?192.0.2.7", false),
        (
            ("SOCAT_PEERADDR", "[2001:db8::7]"),
            &[],
            "?2001:db8::7",
            false,
        ),
        (("REMOTE_ADDR", "fe80::7%eth0"), &[], "?fe80::7", false),
        (("REMOTE_ADDR", "2001:db8::7"), &[], "?2001:db8::7", false),
        (("REMOTE_ADDR", "127.0.0.1"), &[], "?127.0.0.1", true),
        (("REMOTE_ADDR", "::1"), &[], "?::1", true),
        (("TCPREMOTEIP", "::ffff:127.0.0.1"), &[], "?127.0.0.1", true),
        // Somebody came from somewhere, and cannot tell.
        (("REMOTE_HOST", "a.host.example"), &[], "unknown", false),
        (far("REMOTE_ADDR"), allow, "?192.0.2.7", true),
        (far("TCPREMOTEIP"), allow, "?192.0.2.7", true),
        (far("REMOTE_HOST"), allow, "?192.0.2.7", true),
        (
            ("REMOTE_ADDR", "::ffff:192.0.2.7"),
            allow,
            "?192.0.2.7",
            true,
        ),
        (ssh, allow, "?192.0.2.7", true),
        (none, allow, "unknown", false),
        (
            ("REMOTE_ADDR", "192.0.2.7 x\n127.0.0.1"),
            other,
            "?192.0.2.7",
            false,
        ),
        (far("REMOTE_ADDR"), other, "?192.0.2.7", false),
        (ssh, other, "?192.0.2.7", false),
        (("REMOTE_HOST", "a.host.example"), other, "unknown", false),
        (none, other, "unknown", false),
    ] {
        let output = spooling(&scratch)
            .args(options)
            .env(variable.0, variable.1)
            .stdin(PAGE)
            .run();
        let words = if served { "accepted " } else { "refused: " };
        output.expect_complaint(0, &output.stdout, &format!("snpp-serve: {peer}: {words}"));
        if served {
            assert_eq!(codes(&output.stdout), ["220", "250", "250", "250"]);
            let from = if peer == "unknown" { "nobody" } else { peer };
            assert_eq!(senders(&scratch), [from]);
            fs::remove_dir_all(scratch.join("spool")).unwrap();
        } else {
            assert_eq!(output.stdout, REFUSED, "{variable:?} {options:?}");
            assert!(!scratch.join("spool").exists());
        }
    }
}

#[test]
fn where_there_is_a_socket_the_environment_is_not_believed() {
    let scratch = scratch("access-socket");
    for (options, said, served) in [
        (&[][..], "192.0.2.7", true),
        (&["--allow", "192.0.2.0/24"], "192.0.2.7", false),
        (&["--allow", "127.0.0.1"], "192.0.2.7", true),
    ] {
        let server = spooling(&scratch).args(options);
        let server = VARIABLES
            .iter()
            .fold(server, |server, name| server.env(name, said));
        let (mut talk, server) = on_socket(server);
        talk.hear();
        assert_eq!(talk.heard.starts_with("220"), served, "{}", talk.heard);
        assert_eq!(talk.rest(), "");
        server.wait().expect_status(0);
    }
    // A process that found our unix socket is of this machine, but has no address to hold against
    // a network. One half of a pair is somebody's pipe, and so the environment tells.
    let path = scratch.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let found = || {
        let client = UnixStream::connect(&path).unwrap();
        (client, listener.accept().unwrap().0)
    };
    let made = || UnixStream::pair().unwrap();
    for (pair, options, peer, served) in [
        (
            &found as &dyn Fn() -> (UnixStream, UnixStream),
            &[][..],
            "unix",
            true,
        ),
        (&found, &["--allow", "0.0.0.0/0,::/0"], "unix", false),
        (&made, &[], "?192.0.2.7", false),
        (&made, &["--allow", "192.0.2.7"], "?192.0.2.7", true),
    ] {
        let (client, socket) = pair();
        let out = socket.try_clone().unwrap();
        let server = spooling(&scratch)
            .args(options)
            .env("REMOTE_ADDR", "192.0.2.7")
            .stdin_from(socket)
            .stdout_to(out)
            .spawn();
        (&client)
            .write_all(format!("{PAGE}QUIT\r\n").as_bytes())
            .unwrap();
        let mut heard = String::new();
        (&client).read_to_string(&mut heard).unwrap();
        drop(client);
        let words = if served { "accepted " } else { "refused: " };
        server
            .wait()
            .expect_complaint(0, "", &format!("snpp-serve: {peer}: {words}"));
        assert_eq!(heard == REFUSED, !served, "{heard}");
    }
}

#[test]
fn with_logins_a_stranger_comes_in_and_logs_in_first() {
    let scratch = scratch("access-stranger");
    let said = format!("{PAGE}PING 1\r\nHELP\r\nLOGI joe {PASSWORD}\r\n{PAGE}RESE\r\nPAGE 1\r\n");
    let stranger = |options: &[&str]| {
        with_users(&scratch)
            .args(options)
            .env("REMOTE_ADDR", "192.0.2.7")
            .stdin(&said)
            .run()
    };
    let output = stranger(&[]);
    output.expect_complaint(0, &output.stdout, "snpp-serve: ?192.0.2.7: accepted ");
    let heard = codes(&output.stdout);
    assert_eq!(heard[1..5], ["530"; 4], "{}", output.stdout);
    let (_, after) = heard.split_at(heard.len() - 6);
    assert_eq!(after, ["250", "250", "250", "250", "250", "530"]);
    assert_eq!(senders(&scratch), ["joe"]);
    fs::remove_dir_all(scratch.join("spool")).unwrap();
    // Whom --allow names needs none, unless all do; whom it does not name has no use for one.
    let output = stranger(&["--allow", "192.0.2.7"]);
    assert_eq!(codes(&output.stdout)[1..4], ["250"; 3]);
    assert_eq!(senders(&scratch), ["?192.0.2.7", "joe"]);
    let output = stranger(&["--allow", "192.0.2.7", "--require-login"]);
    assert_eq!(codes(&output.stdout)[1..4], ["530"; 3]);
    let output = stranger(&["--allow", "192.0.2.8"]);
    assert_eq!(output.stdout, REFUSED);
}
