//! `snpp-serve` as it is really started: by the super-servers that listen for it, with the line and
//! the units that we ship, and other people's clients at the other end.

mod deliverer;

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, thread};

use crate::support::peers::{Peer, skip_unless, tcpserver_snpp_serve};
use crate::support::supers::{
    Inetd, inetd, inetd_with, inetd_words, log, optional_inetd_line, shipped_inetd_line,
    socket_activate,
};
use crate::support::{Cmd, Scratch, applet, eventually, scratch};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The jobs of the spool in the order of their acceptance: their pagers, and their message.
fn jobs(scratch: &Scratch) -> Vec<(Vec<String>, String)> {
    assert_eq!(scratch.names("spool/tmp"), [""; 0], "nothing stays in tmp/");
    let jobs = scratch.names("spool/new").into_iter().map(|name| {
        let job = scratch.read(&format!("spool/new/{name}"));
        let (headers, message) = job.split_once("\n\n").expect("an empty line");
        let to = headers.lines().filter_map(|line| line.strip_prefix("To: "));
        // Options of a page follow its pager.
        let pager = |line: &str| line.split(';').next().unwrap().to_owned();
        (to.map(pager).collect(), message.to_owned())
    });
    jobs.collect()
}

fn job(pagers: &[&str], message: &str) -> (Vec<String>, String) {
    let pagers = pagers.iter().map(|pager| (*pager).to_owned());
    (pagers.collect(), message.to_owned())
}

fn connect(peer: &Peer) -> TcpStream {
    let stream = TcpStream::connect(peer.addr()).unwrap();
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).unwrap();
    stream
}

/// All that a client of the port sees when it says all at once.
fn said(peer: &Peer, words: &str) -> String {
    let mut stream = connect(peer);
    stream.write_all(words.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

const PAGE: &str = "PAGE 5551212\r\nMESS Disk full\r\nSEND\r\nFOO\r\nSEND\r\nQUIT\r\n";

/// Nothing but replies, each a line of its own; the codes.
fn codes(heard: &str) -> Vec<&str> {
    let reply = |line: &&str| {
        let (code, text) = line.split_at(4);
        assert!(code.ends_with(' ') && text.ends_with('\r'), "{heard}");
        assert!(code[..3].bytes().all(|byte| byte.is_ascii_digit()));
    };
    assert!(heard.ends_with("\r\n"), "{heard:?}");
    let lines = heard.split_terminator('\n').inspect(reply);
    lines.map(|line| &line[..3]).collect()
}

/// Our clients, Perl's, and one that says all at once.
fn sessions(peer: &Peer, scratch: &Scratch) {
    let heard = said(peer, PAGE);
    let expected = ["220", "250", "250", "250", "500", "503", "221"];
    assert_eq!(codes(&heard), expected, "{heard}");
    let send = || applet("snpp-send").args(["-s", &peer.addr()]);
    send()
        .args(["5551213", "from our own"])
        .run()
        .expect(0, "", "");
    send()
        .arg("5551214")
        .stdin("two\n.lines\n")
        .run()
        .expect(0, "", "");
    let probe = applet("snpp-probe").arg(peer.addr()).run();
    probe.expect(0, &probe.stdout, "");
    let script = r#"
        my $snpp = Net::SNPP->new("127.0.0.1", Port => shift) or die "no connection\n";
        $snpp->send(Pager => ["5551215", "5551216"], Message => "from perl") or die $snpp->message;
        $snpp->quit or die $snpp->message;
    "#;
    Cmd::new("perl")
        .args(["-MNet::SNPP", "-e", script, &peer.port().to_string()])
        .run()
        .expect(0, "", "");
    let expected = [
        job(&["5551212"], "Disk full\n"),
        job(&["5551213"], "from our own\n"),
        job(&["5551214"], "two\n.lines\n"),
        job(&["5551215", "5551216"], "from perl\n"),
    ];
    assert_eq!(jobs(scratch), expected);
}

#[test]
fn sessions_through_systemd_socket_activate() {
    skip_unless!("systemd-socket-activate", "perl", "Net::SNPP");
    let scratch = scratch("super-systemd");
    let peer = socket_activate(&scratch.join("spool"));
    sessions(&peer, &scratch);
    // As the journal wants it, on a standard error that is not the client's.
    let accepted = "<6>snpp-serve: 127.0.0.1: accepted ";
    eventually("it is logged", || log(&peer).matches(accepted).count() == 4);
}

#[test]
fn sessions_through_openbsd_inetd() {
    skip_unless!("inetd", "perl", "Net::SNPP");
    let scratch = scratch("super-inetd");
    let peer = inetd(&scratch.join("spool"));
    sessions(&peer, &scratch);
    assert!(!log(&peer).contains("accepted"), "{}", log(&peer));
}

#[test]
fn sessions_through_tcpserver() {
    skip_unless!("tcpserver", "perl", "Net::SNPP");
    let scratch = scratch("super-tcpserver");
    let peer = tcpserver_snpp_serve(&scratch.join("spool"));
    sessions(&peer, &scratch);
}

#[test]
fn sessions_through_a_plain_pipe() {
    let scratch = scratch("super-pipe");
    let spool = scratch.join("spool");
    let served = applet("snpp-serve").arg("--spool").arg(&spool);
    let output = served.stdin(PAGE).run();
    let expected = ["220", "250", "250", "250", "500", "503", "221"];
    assert_eq!(codes(&output.stdout), expected, "{}", output.stdout);
    let proxy = format!("snpp-serve --spool {}", spool.display());
    for (pager, words) in [("5551213", "one"), ("5551214", "two\n.lines")] {
        applet("snpp-send")
            .args(["-s", "localhost", "--proxy-command", &proxy])
            .arg(pager)
            .stdin(words)
            .run()
            .expect_status(0);
    }
    let expected = [
        job(&["5551212"], "Disk full\n"),
        job(&["5551213"], "one\n"),
        job(&["5551214"], "two\n.lines\n"),
    ];
    assert_eq!(jobs(&scratch), expected);
}

/// HylaFAX's client logs in first, asks for level 1 and gives up where either is refused.
fn sendpage(peer: &Peer, scratch: &Scratch) {
    let output = Cmd::new("sendpage")
        .args(["-h", &peer.addr(), "-p", "5551234", "from HylaFAX"])
        .run();
    output.expect_status(0);
    let expected = [job(&["5551234"], "from HylaFAX\n")];
    assert_eq!(jobs(scratch), expected, "{}", output.stderr);
}

#[test]
fn sendpage_through_systemd_socket_activate() {
    skip_unless!("systemd-socket-activate", "sendpage");
    let scratch = scratch("sendpage-systemd");
    sendpage(&socket_activate(&scratch.join("spool")), &scratch);
}

#[test]
fn sendpage_through_openbsd_inetd() {
    skip_unless!("inetd", "sendpage");
    let scratch = scratch("sendpage-inetd");
    sendpage(&inetd(&scratch.join("spool")), &scratch);
}

#[test]
fn sendpage_through_tcpserver() {
    skip_unless!("tcpserver", "sendpage");
    let scratch = scratch("sendpage-tcpserver");
    sendpage(&tcpserver_snpp_serve(&scratch.join("spool")), &scratch);
}

#[test]
fn under_inetd_the_log_is_syslogs_and_the_socket_the_clients() {
    skip_unless!("inetd", "unshare", "root");
    let scratch = scratch("super-syslog");
    // A /dev with our own syslog in it.
    let dev = scratch.join("dev");
    fs::create_dir(&dev).unwrap();
    let mount = "mount --bind \"$0\" /dev";
    let may = Cmd::new("unshare").args(["--mount", "sh", "-c", mount]);
    let may = may.arg(&dev).run();
    if may.status != 0 {
        eprintln!("skipped: no right to mount: {}", may.stderr);
        return;
    }
    let syslog = UnixDatagram::bind(dev.join("log")).unwrap();
    let limit = Some(Duration::from_secs(10));
    syslog.set_read_timeout(limit).unwrap();
    // What inetd itself has to say there is its own affair.
    let next = || {
        let mut line = [0; 4096];
        loop {
            let length = syslog.recv(&mut line).expect("a line of the log");
            let line = String::from_utf8_lossy(&line[..length]).into_owned();
            if line.contains("snpp-serve[") {
                return line;
            }
        }
    };
    let setup = Inetd {
        dev: Some(&dev),
        ..Inetd::default()
    };
    let peer = inetd_with(&setup, &scratch.join("spool"));
    let heard = said(&peer, PAGE);
    let expected = ["220", "250", "250", "250", "500", "503", "221"];
    assert_eq!(codes(&heard), expected, "{heard}");
    let line = next();
    // Facility daemon, priority info.
    assert!(line.starts_with("<30>snpp-serve["), "{line}");
    assert!(
        line.contains("]: 127.0.0.1: accepted ") && !line.contains("Disk full"),
        "{line}"
    );
    // Trouble of our own is told to the log in words, and to the client as 421.
    let taken = scratch.file("taken", "");
    let peer = inetd_with(&setup, &taken);
    assert_eq!(codes(&said(&peer, "")), ["421"]);
    let line = next();
    assert!(
        line.starts_with("<27>snpp-serve[") && line.contains("/taken: "),
        "{line}"
    );
}

/// One short session; an error where the port or the connection is closed.
fn hello(addr: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new(stream.try_clone()?);
    for (command, code) in [("", "220 "), ("QUIT\r\n", "221 ")] {
        stream.write_all(command.as_bytes())?;
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if !line.starts_with(code) {
            return Err(io::Error::other(line));
        }
    }
    Ok(())
}

/// How many of four clients' 100 connections each are served.
fn storm(peer: &Peer) -> usize {
    let addr = peer.addr();
    let client = || (0..100).filter(|_| hello(&addr).is_ok()).count();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|each| each.join().unwrap()).sum()
    })
}

#[test]
fn a_storm_of_connections_does_not_stop_inetd() {
    skip_unless!("inetd");
    let scratch = scratch("super-storm");
    let peer = inetd(&scratch.join("spool"));
    assert_eq!(storm(&peer), 400);
    assert!(hello(&peer.addr()).is_ok());
    // This is what the number in our line is for.
    let setup = Inetd {
        wait: Some("nowait"),
        ..Inetd::default()
    };
    let peer = inetd_with(&setup, &scratch.join("spool"));
    assert!(storm(&peer) < 400, "inetd has no limit any more?");
    assert!(hello(&peer.addr()).is_err());
}

#[test]
fn the_line_for_inetd_is_for_this_machine_and_for_storms() {
    let words = shipped_inetd_line();
    let (wait, most) = words[3].split_once('.').expect("nowait.N");
    assert!(wait == "nowait" && most.parse::<u32>().unwrap() >= 100_000);
    assert_eq!(words[0], "127.0.0.1:444");
    assert_eq!(words[4], "pagebox-snpp:pagebox");
    assert_eq!(
        words[5..],
        [
            "/usr/local/bin/snpp-serve",
            "snpp-serve",
            "--spool",
            "/var/spool/pagebox"
        ]
    );
}

#[test]
fn the_line_for_a_paging_central_is_like_it() {
    let gateway = shipped_inetd_line().join(" ");
    let gateway = gateway.strip_prefix("127.0.0.1:444 ").unwrap();
    let central = optional_inetd_line("ixo-serve").join(" ");
    let (_, central) = central.split_once(' ').unwrap();
    assert_eq!(
        central,
        gateway
            .replace("snpp-serve", "ixo-serve")
            .replace("pagebox-snpp", "pagebox-ixo")
    );
}

#[test]
fn the_line_for_messages_is_for_nobody_in_group_tty() {
    let gateway = shipped_inetd_line();
    let mut expected = vec!["127.0.0.1:4224".to_owned()];
    expected.extend_from_slice(&gateway[1..4]);
    expected.extend(["nobody:tty", "/usr/local/bin/xtelld", "xtelld"].map(str::to_owned));
    assert_eq!(optional_inetd_line("xtelld"), expected);
}

/// Runs `scripts/install` with the program that is being tested.
fn install(scratch: &Scratch, destdir: &Path, prefix: &Path) {
    installer(scratch, destdir, prefix).run().expect(0, "", "");
}

fn installer(scratch: &Scratch, destdir: &Path, prefix: &Path) -> Cmd {
    for dir in ["bin", "target/release", "target/x-y-z/release"] {
        fs::create_dir_all(scratch.join(dir)).unwrap();
        let _ = symlink(
            env!("CARGO_BIN_EXE_pagebox"),
            scratch.join(dir).join("pagebox"),
        );
    }
    // It would build the program first; this one is built.
    for (name, script) in [
        (
            "cargo",
            "echo \"$RUSTFLAGS $*\" >>\"$CARGO_TARGET_DIR/built\"",
        ),
        ("rustc", "echo host: x-y-z"),
    ] {
        let file = scratch.file(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
    }
    let mut path = scratch.join("bin").into_os_string();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    Cmd::new(root().join("scripts/install"))
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env("DESTDIR", destdir)
        .env("PREFIX", prefix)
        .env("RUSTFLAGS", "")
}

#[test]
fn page_cgi_can_be_a_program_of_its_own() {
    let scratch = scratch("install-static");
    let stage = scratch.join("stage");
    let page_cgi = stage.join("usr/bin/page-cgi");
    let install = || installer(&scratch, &stage, Path::new("/usr"));
    let is_link = || fs::symlink_metadata(&page_cgi).unwrap().is_symlink();
    // Either takes the place of the other.
    for _ in 0..2 {
        install().env("STATIC", "1").run().expect(0, "", "");
        assert!(!is_link());
        let help = Cmd::new(&page_cgi).arg("--version").run();
        help.expect_status(0);
        assert!(help.stdout.starts_with("page-cgi "), "{help:?}");
        install().run().expect(0, "", "");
        assert!(is_link());
    }
    let built = scratch.read("target/built");
    let line = "-C target-feature=+crt-static build --quiet --release --locked --target x-y-z\n";
    assert_eq!(built.matches(line).count(), 2, "{built}");
}

/// The units below a prefix.
fn units(prefix: &Path) -> [PathBuf; 9] {
    let dir = prefix.join("lib/systemd/system");
    [
        "snpp-serve.socket",
        "snpp-serve@.service",
        "ixo-serve@.service",
        "xtelld.socket",
        "xtelld@.service",
        "page-deliver.path",
        "page-deliver.timer",
        "page-deliver.service",
        "pagebox-worker.service",
    ]
    .map(|name| dir.join(name))
}

/// The values of a key of a unit.
fn values(unit: &Path, key: &str) -> Vec<String> {
    let text = fs::read_to_string(unit).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let values = lines.filter(|(name, _)| *name == key);
    values.map(|(_, value)| value.to_owned()).collect()
}

#[test]
fn what_is_installed_calls_what_is_installed() {
    let scratch = scratch("install");
    let stage = scratch.join("stage");
    install(&scratch, &stage, Path::new("/usr"));
    let usr = stage.join("usr");
    let served = usr.join("bin/snpp-serve");
    assert_eq!(
        fs::read_link(served).unwrap().display().to_string(),
        "pagebox"
    );
    let [_, service, central, _, messages, .., deliverer, worker] = units(&usr);
    assert_eq!(
        values(&service, "ExecStart"),
        ["/usr/bin/snpp-serve --spool /var/spool/pagebox"]
    );
    assert_eq!(
        values(&central, "ExecStart"),
        ["/usr/bin/ixo-serve --device /dev/%I --spool /var/spool/pagebox"]
    );
    assert_eq!(values(&messages, "ExecStart"), ["/usr/bin/xtelld"]);
    let example = usr.join("share/doc/pagebox/pagebox.toml");
    assert!(example.is_file() && usr.join("share/man/man5/pagebox.toml.5").is_file());
    assert_eq!(
        values(&deliverer, "ExecStart"),
        ["/usr/bin/page-deliver --once"]
    );
    let [script] = &values(&worker, "ExecStart")[..] else {
        panic!("one line")
    };
    let script = script.split(' ').next().unwrap().trim_start_matches('/');
    let mode = fs::metadata(stage.join(script)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o755, "{script}");
    for kind in ["sysusers", "tmpfiles"] {
        let installed = usr.join(format!("lib/{kind}.d/pagebox.conf"));
        assert!(installed.is_file(), "{}", installed.display());
    }
    let conf = usr.join("share/doc/pagebox/inetd.conf");
    let words = inetd_words(&fs::read_to_string(conf).unwrap());
    assert_eq!(words[5..7], ["/usr/bin/snpp-serve", "snpp-serve"]);
    for name in ["lighttpd.conf", "busybox-httpd.conf"] {
        let conf = fs::read_to_string(usr.join("share/doc/pagebox/web").join(name)).unwrap();
        assert!(
            conf.contains("/usr/bin/page-cgi") && !conf.contains("/usr/local"),
            "{conf}"
        );
    }
    // Where the tree has it, all is as in the tree.
    let local = stage.join("usr/local");
    install(&scratch, &stage, Path::new("/usr/local"));
    for unit in units(&local) {
        let name = unit.file_name().unwrap();
        let ours = root().join("scripts/systemd").join(name);
        assert_eq!(fs::read(&unit).unwrap(), fs::read(ours).unwrap());
    }
}

#[test]
fn systemd_takes_the_units_without_a_warning() {
    skip_unless!("systemd-analyze");
    let scratch = scratch("units");
    let prefix = scratch.join("prefix");
    install(&scratch, Path::new(""), &prefix);
    // Other units of this machine are not ours to judge, and there may be no man(1).
    Cmd::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(units(&prefix))
        .run()
        .expect(0, "", "");
}

#[test]
fn a_session_under_systemd_cannot_do_more_than_it_must() {
    let [socket, service] = ["snpp-serve.socket", "snpp-serve@.service"]
        .map(|name| root().join("scripts/systemd").join(name));
    for (unit, key, value) in [
        (&socket, "ListenStream", "127.0.0.1:444"),
        (&socket, "Accept", "yes"),
        // Never failed for good by a storm.
        (&socket, "TriggerLimitIntervalSec", "0"),
        (&service, "StandardInput", "socket"),
        (&service, "StandardError", "journal"),
        (&service, "CollectMode", "inactive-or-failed"),
        (&service, "User", "pagebox-snpp"),
        (&service, "Group", "pagebox"),
    ] {
        assert_eq!(values(unit, key), [value], "{key}");
    }
    let most = |key| values(&socket, key)[0].parse::<u32>().unwrap();
    assert!(most("MaxConnectionsPerSource") < most("MaxConnections"));

    skip_unless!("systemd-analyze");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, told) = readme
        .split_once("systemd-analyze security, offline: ")
        .expect("the README tells the score");
    let (score, rest) = told.split_once(" (systemd ").unwrap();
    let (version, _) = rest.split_once(')').unwrap();
    let run = |words: &[&str]| {
        let output = Cmd::new("systemd-analyze").args(words).arg(&service).run();
        output.expect_status(0);
        output.stdout
    };
    let measured = run(&["security", "--offline=true", "--no-pager"]);
    let (_, measured) = measured
        .rsplit_once("Overall exposure level for ")
        .expect("a verdict");
    let measured = measured.split_whitespace().nth(1).unwrap();
    // Each version of systemd counts in its own way.
    if run(&["--version"]).starts_with(&format!("systemd {version} ")) {
        assert_eq!(measured, score, "the README's figure is old");
    } else {
        assert!(measured.parse::<f64>().unwrap() < 2.0, "{measured}");
    }
}

#[test]
fn a_central_under_systemd_has_its_line_and_the_spool() {
    let name = "scripts/systemd/ixo-serve@.service";
    let central = root().join(name);
    for (key, value) in [
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("BindsTo", "dev-%i.device"),
        ("DevicePolicy", "closed"),
        ("DeviceAllow", "/dev/%I rw"),
        ("SupplementaryGroups", "dialout"),
        ("ReadWritePaths", "/var/spool/pagebox -/run/lock"),
        ("PrivateNetwork", "yes"),
        ("User", "pagebox-ixo"),
        ("Group", "pagebox"),
    ] {
        assert_eq!(values(&central, key), [value], "{key}");
    }
    // What a line needs.
    assert_eq!(
        given_back(&central),
        [
            "ReadWritePaths=/var/spool/pagebox",
            "PrivateDevices=yes",
            "PrivateUsers=yes"
        ]
    );
}

/// What the gateway may not do, and this unit may.
fn given_back(unit: &Path) -> Vec<String> {
    let hardening = |unit: &Path| -> Vec<String> {
        let text = fs::read_to_string(unit).unwrap();
        let (_, below) = text.split_once("\nNoNewPrivileges=").unwrap();
        let lines = below.lines().take_while(|line| !line.starts_with('['));
        let lines = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    let gateway = root().join("scripts/systemd/snpp-serve@.service");
    let there = hardening(unit);
    let mut missing = hardening(&gateway);
    missing.retain(|line| !there.contains(line));
    missing
}

#[test]
fn messages_under_systemd_reach_terminals_and_nothing_else() {
    let [socket, service] =
        ["xtelld.socket", "xtelld@.service"].map(|name| root().join("scripts/systemd").join(name));
    for (unit, key, value) in [
        (&socket, "ListenStream", "127.0.0.1:4224"),
        (&socket, "Accept", "yes"),
        (&socket, "TriggerLimitIntervalSec", "0"),
        (&service, "StandardInput", "socket"),
        (&service, "StandardError", "journal"),
        (&service, "CollectMode", "inactive-or-failed"),
        // nobody
        (&service, "User", "65534"),
        (&service, "Group", "tty"),
        // More than a message may take, and hearing what became of it.
        (&service, "TimeoutStopSec", "10s"),
        (&service, "DevicePolicy", "closed"),
        (&service, "RestrictAddressFamilies", "AF_UNIX"),
    ] {
        assert_eq!(values(unit, key), [value], "{key}");
    }
    assert_eq!(
        values(&service, "DeviceAllow"),
        ["char-pts w", "char-tty* w"]
    );
    // Terminals, those whose they are, the name service, and what others leave as nobody.
    assert_eq!(
        given_back(&service),
        [
            "ReadWritePaths=/var/spool/pagebox",
            "PrivateDevices=yes",
            "RestrictAddressFamilies=none",
            "PrivateUsers=yes",
            "RemoveIPC=yes"
        ]
    );
    let gateway = root().join("scripts/systemd/snpp-serve.socket");
    for key in ["MaxConnections", "MaxConnectionsPerSource", "NoDelay"] {
        assert_eq!(values(&socket, key), values(&gateway, key), "{key}");
    }
}
