//! `snpp-probe`: what it asks, what it says of the answers, and its three sets of exit statuses.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use rustix::net::{self, AddressFamily, SocketType};
use serde_json::{Value, json};

use crate::support::fake::{HANG_UP, RESET, SILENCE};
use crate::support::{Cmd, Fake, Output, applet, scratch};

fn probe(gateway: &Fake) -> Cmd {
    applet("snpp-probe").arg(gateway.addr())
}

/// A port of loopback that nobody listens on, and nobody else can take while this lives.
struct Nobody(OwnedFd, String);

fn nobody() -> Nobody {
    let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = net::getsockname(&socket).unwrap();
    let address = SocketAddr::try_from(address).unwrap();
    Nobody(socket, address.to_string())
}

impl Nobody {
    fn addr(&self) -> &str {
        &self.1
    }

    /// From now on somebody does.
    fn listen(self) -> TcpListener {
        net::listen(&self.0, 16).unwrap();
        TcpListener::from(self.0)
    }
}

/// The one object on standard output, its `rtt` looked at and taken out.
#[track_caller]
fn object(output: &Output) -> Value {
    let line = output.stdout.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "one line: {line}");
    let mut json: Value = serde_json::from_str(line).expect("JSON");
    let rtt = json.as_object_mut().unwrap().remove("rtt").expect("rtt");
    assert!(rtt.as_u64().is_some_and(|rtt| rtt < 20_000), "{rtt}");
    json
}

/// Milliseconds become `N`.
fn without_time(text: &str) -> String {
    let words = text.split_inclusive(' ').collect::<Vec<_>>();
    let mut plain = String::new();
    for (at, word) in words.iter().enumerate() {
        let is_time = words.get(at + 1).is_some_and(|next| next.starts_with("ms"));
        plain += if is_time && word.trim().parse::<f64>().is_ok() {
            "N "
        } else {
            word
        };
    }
    plain
}

#[test]
fn a_gateway_that_greets_is_up() {
    let gateway = Fake::replies(&[]);
    let output = probe(&gateway).run();
    output.expect(0, &output.stdout, "");
    let expected = format!("{} up, N ms: 220 fake gateway ready\n", gateway.addr());
    assert_eq!(without_time(&output.stdout), expected);
    assert_eq!(gateway.heard(), ["QUIT"]);
    probe(&gateway).arg("-q").run().expect(0, "", "");
    assert_eq!(gateway.connections(), 2);
}

#[test]
fn several_gateways_are_asked_in_order_and_the_worst_is_told() {
    let (one, two) = (Fake::replies(&[]), Fake::replies(&[]));
    let down = nobody();
    let output = applet("snpp-probe")
        .args([&one.addr(), down.addr(), &two.addr()])
        .run();
    output.expect_complaint(
        75,
        &output.stdout,
        &format!("snpp-probe: {}: ", down.addr()),
    );
    let up: Vec<&str> = output
        .stdout
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(up, [one.addr(), two.addr()]);
    assert_eq!(output.stderr.lines().count(), 1);
}

#[test]
fn the_environment_names_gateways_and_the_command_line_overrides_it() {
    let (one, two) = (Fake::replies(&[]), Fake::replies(&[]));
    let list = format!("{}, {}", one.addr(), two.addr());
    let output = applet("snpp-probe").env("SNPP_SERVER", &list).run();
    output.expect(0, &output.stdout, "");
    assert_eq!(output.stdout.lines().count(), 2);
    probe(&one)
        .env("SNPP_SERVER", two.addr())
        .run()
        .expect_status(0);
    assert_eq!((one.connections(), two.connections()), (2, 1));
    applet("snpp-probe")
        .run()
        .expect_complaint(64, "", "SNPP_SERVER");
    applet("snpp-probe")
        .env("SNPP_SERVER", "h:0")
        .run()
        .expect_complaint(64, "", "SNPP_SERVER: ");
}

#[test]
fn json_has_the_fields_of_the_port_of_call_api() {
    let gateway = Fake::replies(&[]);
    let output = probe(&gateway).arg("--json").run();
    output.expect(0, &output.stdout, "");
    assert_eq!(
        object(&output),
        json!({
            "success": true,
            "host": "127.0.0.1",
            "port": gateway.port(),
            "banner": "220 fake gateway ready",
            "serverInfo": "220 fake gateway ready | QUIT: 221 Goodbye",
            "transcript": ["S: 220 fake gateway ready", "C: QUIT", "S: 221 Goodbye"],
        })
    );
    // Nothing answered to QUIT: then there is nothing to tell of.
    let gateway = Fake::replies(&[("QUIT", HANG_UP)]);
    let output = probe(&gateway).arg("--json").run();
    output.expect_status(0);
    assert_eq!(object(&output)["serverInfo"], "220 fake gateway ready");
}

#[test]
fn json_of_a_failure_tells_what_was_said_instead() {
    for (greeting, status, error) in [
        ("250 hello", 76, "Unexpected response: 250 hello"),
        ("554 no disk", 75, "Unexpected response: 554 no disk"),
        (
            "421 SERVER DOWN, Goodbye",
            75,
            "Unexpected response: 421 SERVER DOWN, Goodbye",
        ),
        ("530 not you", 77, "Unexpected response: 530 not you"),
    ] {
        let gateway = Fake::replies(&[("greeting", greeting)]);
        let output = probe(&gateway).arg("--json").run();
        output.expect_complaint(status, &output.stdout, &format!("{}: ", gateway.addr()));
        let json = object(&output);
        assert_eq!(
            (&json["success"], &json["error"]),
            (&json!(false), &json!(error)),
            "{json}"
        );
        assert_eq!(json["host"], "127.0.0.1");
        assert_eq!(json["port"], gateway.port());
    }
    // No gateway at all: an object all the same.
    let down = nobody();
    let output = applet("snpp-probe").args(["--json", down.addr()]).run();
    output.expect_complaint(75, &output.stdout, "onnection refused");
    let json = object(&output);
    assert_eq!(
        (&json["success"], &json["banner"]),
        (&json!(false), &Value::Null)
    );
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .contains("onnection refused"),
        "{json}"
    );
    assert_eq!(json["transcript"], json!([]));
    // One for each gateway, errors included.
    let output = applet("snpp-probe")
        .args(["--json", down.addr(), down.addr()])
        .run();
    assert_eq!(output.stdout.lines().count(), 2);
}

#[test]
fn each_end_has_its_status() {
    for (greeting, status, words) in [
        (
            "421 Gateway Service Unavailable",
            75,
            "421 Gateway Service Unavailable",
        ),
        (HANG_UP, 75, "closed the connection"),
        (RESET, 75, "onnection"),
        ("+OK POP3 ready", 76, "no greeting, only \"+OK POP3 ready\""),
        ("", 75, "closed the connection"),
        ("354 go on", 76, "354 go on"),
        ("199 what", 76, "199 what"),
        ("250 ready", 76, "Unexpected response: 250 ready"),
        ("550 not today", 69, "550 not today"),
        ("554 no disk", 75, "554 no disk"),
        ("530 log in first", 77, "530 log in first"),
    ] {
        // A greeting that is no reply: the line after it is none either, and then comes the end.
        let gateway = Fake::lockstep(move |client| match greeting {
            HANG_UP => client.close(),
            RESET => client.reset(),
            text => {
                client.say(format!("{text}\r\n"));
                client.close();
            }
        });
        probe(&gateway).run().expect_complaint(status, "", words);
    }
    let junk = Fake::lockstep(|client| {
        client.say("SSH-2.0-OpenSSH\r\n".repeat(60));
        client.hold(Duration::from_secs(10));
    });
    probe(&junk)
        .run()
        .expect_complaint(76, "", "without a reply code");
    let silent = Fake::replies(&[("greeting", SILENCE)]);
    probe(&silent)
        .args(["--timeout", "100ms"])
        .run()
        .expect_complaint(75, "", "no greeting in time");
    let strange = Fake::lockstep(|client| {
        client.say("\r\n* OK IMAP4 \x1b[2J\r\nmore\r\n");
        client.hold(Duration::from_secs(10));
    });
    probe(&strange)
        .args(["--timeout", "300ms"])
        .run()
        .expect_complaint(76, "", "no greeting in time, only \"* OK IMAP4 ");
    probe(&strange)
        .args(["--timeout", "300ms", "--nagios"])
        .run()
        .expect_status(2);
    let drip =
        Fake::lockstep(|client| client.say_slowly("220 ".repeat(99), Duration::from_millis(20)));
    probe(&drip)
        .args(["--timeout", "100ms"])
        .run()
        .expect_complaint(75, "", "no greeting in time");
    applet("snpp-probe")
        .arg(nobody().addr())
        .run()
        .expect_complaint(75, "", "onnection refused");
}

#[test]
fn a_name_that_does_not_exist_is_68() {
    // Some resolvers do not answer at all, or only late: then nobody can be sure.
    let output = applet("snpp-probe").arg("no-such-host.invalid").run();
    let tolerated = output.status == 75 && output.stderr.contains("name");
    if !tolerated {
        output.expect(
            68,
            "",
            "snpp-probe: no-such-host.invalid:444: no such host\n",
        );
    }
    applet("snpp-probe")
        .args(["-6", "127.0.0.1:1"])
        .run()
        .expect_complaint(68, "", "family");
}

#[test]
fn a_pager_is_known_or_not() {
    for (reply, status, words) in [
        (
            "250 Pager ID accepted",
            0,
            "77 known: 250 Pager ID accepted",
        ),
        ("850 Online", 0, "77 known: 850 Online"),
        (
            "550 Invalid Pager ID",
            1,
            "77 not known: 550 Invalid Pager ID",
        ),
    ] {
        let gateway = Fake::replies(&[("PAGE", reply)]);
        let output = probe(&gateway).args(["--pager", "77"]).run();
        output.expect(status, &output.stdout, "");
        assert!(
            output.stdout.ends_with(&format!("\n{words}\n")),
            "{}",
            output.stdout
        );
        assert_eq!(
            gateway.heard()[..],
            ["PAGE 77", "RESE", "QUIT"],
            "nobody is paged"
        );
        let output = probe(&gateway).args(["--json", "--pager", "77"]).run();
        output.expect_status(status);
        let json = object(&output);
        assert_eq!(
            json["pager"],
            json!({"id": "77", "known": status == 0, "response": reply})
        );
        // The gateway is up, whatever it thinks of the pager.
        assert_eq!(json["success"], true);
    }
    // What says nothing of the pager answers no question.
    for (reply, status) in [
        ("554 no disk", 75),
        ("421 Goodbye", 75),
        ("530 log in first", 77),
        ("500 what?", 69),
        (HANG_UP, 75),
    ] {
        let gateway = Fake::replies(&[("PAGE", reply)]);
        let output = probe(&gateway).args(["--pager", "77"]).run();
        output.expect_status(status);
        assert!(!output.stdout.contains("known"), "{}", output.stdout);
    }
}

#[test]
fn a_ping_is_answered_in_five_ways() {
    for (reply, status, word) in [
        ("820 DFW3 Unit On System, This Area", 0, "reachable"),
        ("821 Unit On System", 0, "reachable"),
        ("920 Unit Not Online, But Can Queue", 0, "reachable"),
        ("750 Unit Valid But Not Online", 1, "not reachable"),
        ("550 Unknown or Illegal ID", 1, "not reachable"),
    ] {
        let gateway = Fake::replies(&[("PING", reply)]);
        let output = probe(&gateway).args(["--ping", "joe"]).run();
        output.expect(status, &output.stdout, "");
        assert!(
            output.stdout.ends_with(&format!("\njoe {word}: {reply}\n")),
            "{}",
            output.stdout
        );
        assert_eq!(gateway.heard(), ["PING joe", "QUIT"]);
        let json = object(&probe(&gateway).args(["--json", "--ping", "joe"]).run());
        assert_eq!(
            json["ping"],
            json!({"id": "joe", "known": status == 0, "response": reply})
        );
    }
    let gateway = Fake::replies(&[]);
    probe(&gateway)
        .args(["--ping", "joe"])
        .run()
        .expect_complaint(69, "", "500 ");
}

#[test]
fn only_sound_ids_are_asked_for() {
    let gateway = Fake::replies(&[]);
    for option in ["--pager", "--ping"] {
        for id in ["", "1 2", "1\r\nSEND", "1\n", "\x1b[2J"] {
            let output = probe(&gateway).arg(format!("{option}={id}")).run();
            assert!(
                matches!(output.status, 64 | 65),
                "{id:?}: {}",
                output.status
            );
            let talk = output.stderr;
            assert!(!talk.contains(['\x1b', '\r']), "{talk:?}");
        }
    }
    assert_eq!(gateway.connections(), 0);
}

#[test]
fn a_login_comes_first_and_its_password_is_never_seen() {
    let scratch = scratch("probe-login");
    let file = scratch.file("password", "hunter2\nsecond line\n");
    let file = file.to_str().unwrap();
    let gateway = Fake::replies(&[]);
    let login = || probe(&gateway).args(["--login", "joe"]);
    for (cmd, said) in [
        (login().args(["--password-file", file]), "LOGI joe hunter2"),
        (login().env("SNPP_PASSWORD", "hunter2"), "LOGI joe hunter2"),
        (
            login()
                .args(["--password-file", file])
                .env("SNPP_PASSWORD", "other"),
            "LOGI joe hunter2",
        ),
        // No terminal to ask on: some gateways want the name alone.
        (login(), "LOGI joe"),
    ] {
        let before = gateway.heard().len();
        let output = cmd.args(["-v", "--json"]).run();
        output.expect_status(0);
        assert_eq!(gateway.heard()[before..], [said, "QUIT"]);
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(
            shown.contains("LOGI joe") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
    let output = login()
        .env("SNPP_PASSWORD", "hunter2")
        .arg("--dry-run")
        .run();
    assert!(
        !output.stdout.contains("hunter2") && output.stdout.contains("C: LOGI joe"),
        "{}",
        output.stdout
    );
    for (reply, status) in [
        ("550 Login incorrect.", 77),
        ("500 what?", 77),
        ("421 Illegal Access Attempt", 77),
        ("421 SERVER DOWN", 75),
        ("554 no disk", 75),
    ] {
        let gateway = Fake::replies(&[("LOGI", reply)]);
        let output = probe(&gateway)
            .args(["--login", "joe", "--pager", "1"])
            .run();
        output.expect_complaint(status, &output.stdout, reply);
        assert!(!gateway.heard().iter().any(|line| line.starts_with("PAGE")));
    }
    let missing = scratch.join("none");
    login()
        .arg("--password-file")
        .arg(missing)
        .run()
        .expect_complaint(66, "", "none: ");
    probe(&gateway)
        .args(["--password-file", file])
        .run()
        .expect_complaint(64, "", "--login");
    probe(&gateway)
        .args(["--login", "a b"])
        .run()
        .expect_complaint(65, "", "login");
}

#[test]
fn a_password_is_in_no_argument_of_a_child() {
    let scratch = scratch("probe-argv");
    let seen = scratch.join("seen");
    let script = scratch.file(
        "spy",
        format!(
            "#!/bin/sh\nenv >'{0}'\ntr '\\0' ' ' </proc/$PPID/cmdline >>'{0}'\nprintf '220 x\\r\\n'\nread login; printf '250 x\\r\\n'\nread quit; printf '221 x\\r\\n'\n",
            seen.display()
        ),
    );
    let output = applet("snpp-probe")
        .args(["h", "--login", "joe", "--proxy-command"])
        .arg(format!("sh {}", script.display()))
        .env("SNPP_PASSWORD", "hunter2")
        .run();
    output.expect(0, &output.stdout, "");
    let seen = scratch.read("seen");
    assert!(
        seen.contains("--login joe") && !seen.contains("hunter2"),
        "{seen}"
    );
}

#[test]
fn quit_after_says_goodbye_there() {
    let gateway = Fake::replies(&[("HELP", "214 PAGE SEND\r\n250 End")]);
    let all = [
        "--login",
        "joe",
        "--features",
        "--pager",
        "1",
        "--ping",
        "2",
    ];
    for (step, expected) in [
        ("BANNER", &["QUIT"][..]),
        ("LOGI", &["LOGI joe", "QUIT"]),
        ("HELP", &["LOGI joe", "HELP", "QUIT"]),
        ("help", &["LOGI joe", "HELP", "QUIT"]),
    ] {
        let before = gateway.heard().len();
        let output = probe(&gateway).args(all).args(["--quit-after", step]).run();
        output.expect(0, &output.stdout, "");
        assert_eq!(gateway.heard()[before..], *expected, "{step}");
    }
    let before = gateway.heard().len();
    probe(&gateway)
        .args(["--pager", "1", "--quit-after", "PAGE"])
        .run()
        .expect_status(0);
    assert_eq!(gateway.heard()[before..], ["PAGE 1", "RESE", "QUIT"]);
    // HELP alone shows what was said.
    let output = probe(&gateway).args(["--quit-after", "HELP"]).run();
    assert!(
        output.stdout.ends_with("\nPAGE SEND\n250 End\n"),
        "{}",
        output.stdout
    );
    for args in [&["--quit-after", "SEND"][..], &["--quit-after", "PAGE"]] {
        probe(&gateway)
            .args(args)
            .run()
            .expect_complaint(64, "", "--quit-after");
    }
}

#[test]
fn dry_run_says_what_a_run_says_and_connects_to_nothing() {
    let gateway = Fake::replies(&[("HELP", "214 PAGE SEND\r\n250 End"), ("PING", "821 On")]);
    for args in [
        &[][..],
        &["--features"],
        &["--pager", "7"],
        &["--features", "--pager", "7", "--ping", "8"],
        &["--pager", "7", "--quit-after", "BANNER"],
        &["--features", "--pager", "7", "--quit-after", "HELP"],
    ] {
        let connections = gateway.connections();
        let output = probe(&gateway).arg("--dry-run").args(args).run();
        assert_eq!(gateway.connections(), connections);
        let before = gateway.heard().len();
        probe(&gateway).args(args).run().expect_status(0);
        let said: Vec<String> = gateway.heard()[before..]
            .iter()
            .map(|line| format!("C: {line}\n"))
            .collect();
        let expected = format!("{}\n{}", gateway.addr(), said.concat());
        output.expect(0, &expected, "");
    }
}

#[test]
fn help_tells_the_features() {
    for (help, levels, commands, pipelining) in [
        (
            "214 Level 1: PAGE MESS RESE SEND QUIT HELP\r\n250 End",
            "1",
            "PAGE MESS RESE SEND QUIT HELP",
            "no",
        ),
        (
            "214 PAGEr MESSage RESEt SEND QUIT HELP DATA 2WAY ALER* PIPELINING\r\n250 End",
            "1 2 3",
            "PAGE MESS RESE SEND QUIT HELP DATA 2WAY",
            "yes",
        ),
    ] {
        let gateway = Fake::replies(&[("HELP", help)]);
        let output = probe(&gateway).arg("--features").run();
        output.expect(0, &output.stdout, "");
        let expected =
            format!("levels: {levels}\ncommands: {commands}\npipelining: {pipelining}\n");
        assert!(
            output.stdout.ends_with(&format!("\n{expected}")),
            "{}",
            output.stdout
        );
        assert_eq!(gateway.heard(), ["HELP", "QUIT"]);
        let json = object(&probe(&gateway).args(["--json", "--features"]).run());
        let levels: Vec<u8> = levels
            .split(' ')
            .map(|level| level.parse().unwrap())
            .collect();
        let commands: Vec<&str> = commands.split(' ').collect();
        let expected =
            json!({"levels": levels, "commands": commands, "pipelining": pipelining == "yes"});
        assert_eq!(json["features"], expected);
    }
}

/// What one connection said, in lines.
fn said(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn features_are_tried_where_help_says_nothing() {
    for help in [
        "500 no help",
        "250 no details",
        "214 ask the operator\r\n250 End",
    ] {
        let gateway = Fake::replies(&[
            ("HELP", help),
            ("SUBJ", "250 OK"),
            ("LEVE", "550 Invalid Service Level"),
            ("2WAY", "250 OK"),
            ("RTYP", "550 Illegal Reply Type"),
        ]);
        let output = probe(&gateway).arg("--features").run();
        output.expect(0, &output.stdout, "");
        let commands = output
            .stdout
            .lines()
            .find(|line| line.starts_with("commands: "))
            .unwrap();
        for known in [
            "PAGE", "MESS", "RESE", "SEND", "QUIT", "DATA", "LEVE", "SUBJ", "2WAY", "RTYP",
        ] {
            assert!(commands.contains(known), "{commands} lacks {known}");
        }
        for unknown in [
            "ALER", "COVE", "HOLD", "CALL", "PING", "EXPT", "NOQU", "ACKR", "MCRE", "MSTA", "KTAG",
        ] {
            assert!(!commands.contains(unknown), "{commands} has {unknown}");
        }
        assert_eq!(commands.contains("HELP"), !help.starts_with("500"));
        assert!(
            output.stdout.contains("\nlevels: 1 2 3\n"),
            "{}",
            output.stdout
        );
        // Nobody is paged, and no connection collects more than five refusals.
        for (number, connection) in gateway.raw().iter().enumerate() {
            let lines = said(connection);
            assert!(
                !lines
                    .iter()
                    .any(|line| line.starts_with("SEND") || line.starts_with("PAGE")),
                "{lines:?}"
            );
            let accepted = ["SUBJ", "2WAY", "DATA", "RESE", "QUIT", "MESS", "PROB", "."];
            let refused = lines.iter().filter(|line| {
                let is_help = line.starts_with("HELP");
                let begins = |word: &&str| line.to_uppercase().starts_with(word);
                (is_help && help.starts_with("500")) || (!is_help && !accepted.iter().any(begins))
            });
            let refused: Vec<&String> = refused.collect();
            assert!(refused.len() <= 5, "connection {number}: {refused:?}");
        }
        assert!(gateway.connections() > 1);
    }
}

#[test]
fn a_gateway_that_hangs_up_after_a_few_errors_is_tried_nevertheless() {
    // It gives five 500s a connection, and then it is offended.
    let gateway = Fake::lockstep(|client| {
        client.say("220 touchy\r\n");
        let mut errors = 0;
        while let Some(line) = client.hear() {
            match line.get(..4).unwrap_or(&line) {
                "QUIT" => return client.say("221 bye\r\n"),
                "PAGE" | "MESS" | "RESE" | "SEND" => client.say("250 OK\r\n"),
                _ if errors == 5 => return client.say("421 Too Many Errors\r\n"),
                _ => {
                    errors += 1;
                    client.say("500 unknown\r\n");
                }
            }
        }
    });
    let output = probe(&gateway).arg("--features").run();
    output.expect(0, &output.stdout, "");
    assert!(
        output
            .stdout
            .ends_with("levels: 1\ncommands: PAGE MESS RESE SEND QUIT\npipelining: no\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn trying_features_logs_in_on_every_connection() {
    let gateway = Fake::replies(&[]);
    probe(&gateway)
        .args(["--features", "--login", "joe"])
        .run()
        .expect_status(0);
    let raw = gateway.raw();
    assert!(raw.len() > 1);
    assert!(
        raw.iter()
            .all(|connection| connection.starts_with(b"LOGI joe\r\n")),
        "{:?}",
        gateway.heard()
    );
}

/// State, server's words and the end of the performance data of a plugin's line.
#[track_caller]
fn plugin(output: &Output) -> (String, String, String) {
    assert_eq!(output.stderr, "", "a plugin has one line of output");
    assert_eq!(
        output.stdout.matches('\n').count(),
        1,
        "{:?}",
        output.stdout
    );
    let line = output
        .stdout
        .trim_end()
        .strip_prefix("SNPP ")
        .expect("SNPP in front");
    let (state, rest) = line.split_once(" - ").expect("a dash");
    let (text, perf) = rest.split_once(" | ").unwrap_or((rest, ""));
    assert!(!perf.contains('|'), "{line}");
    (state.to_owned(), text.to_owned(), perf.to_owned())
}

#[test]
fn a_monitoring_system_gets_its_four_states() {
    let nagios = |gateway: &Fake| probe(gateway).arg("--nagios");
    let good = Fake::replies(&[("greeting", "220 host ready")]);
    let output = nagios(&good)
        .args(["-w", "9", "-c", "9.5s", "--timeout", "11s"])
        .run();
    let (state, text, perf) = plugin(&output);
    assert_eq!((output.status, state.as_str()), (0, "OK"));
    let seconds = text
        .strip_suffix(" second response time, 220 host ready")
        .unwrap_or_else(|| panic!("{text}"));
    let time = perf
        .strip_suffix("s;9.000;9.500;0.000;11.000")
        .and_then(|perf| perf.strip_prefix("'time'="));
    let time: f64 = time.unwrap_or_else(|| panic!("{perf}")).parse().unwrap();
    let seconds: f64 = seconds.parse().unwrap();
    assert!((time - seconds).abs() < 0.001, "{time} and {seconds}");
    // No thresholds: empty fields.
    let (_, _, perf) = plugin(&nagios(&good).run());
    assert!(perf.ends_with("s;;;0.000;10.000"), "{perf}");

    for (args, status, state) in [
        (&["-w", "0"][..], 1, "WARNING"),
        (&["-c", "0"], 2, "CRITICAL"),
        (&["-w", "0", "-c", "0"], 2, "CRITICAL"),
        (&["-w", "9", "-c", "0"], 2, "CRITICAL"),
        (&["--warning", "9", "--critical", "9"], 0, "OK"),
    ] {
        let output = nagios(&good).args(args).run();
        assert_eq!(
            (output.status, plugin(&output).0.as_str()),
            (status, state),
            "{args:?}"
        );
    }
    for (greeting, status, state, words) in [
        ("250 ready", 1, "WARNING", "250 ready"),
        (
            "421 SERVER DOWN, Goodbye",
            2,
            "CRITICAL",
            "421 SERVER DOWN, Goodbye",
        ),
        ("550 not today", 2, "CRITICAL", "550 not today"),
        ("199 what", 2, "CRITICAL", "199 what"),
        (HANG_UP, 2, "CRITICAL", "closed the connection"),
    ] {
        let gateway = Fake::replies(&[("greeting", greeting)]);
        let output = nagios(&gateway).run();
        let (said, text, _) = plugin(&output);
        assert_eq!(
            (output.status, said.as_str()),
            (status, state),
            "{}",
            output.stdout
        );
        assert!(text.contains(words), "{text}");
    }
    let silent = Fake::replies(&[("greeting", SILENCE)]);
    let output = nagios(&silent).args(["--timeout", "50ms"]).run();
    assert_eq!((output.status, plugin(&output).0.as_str()), (2, "CRITICAL"));
    let output = applet("snpp-probe")
        .args(["--nagios", nobody().addr()])
        .run();
    let (state, text, _) = plugin(&output);
    assert_eq!((output.status, state.as_str()), (2, "CRITICAL"));
    assert!(text.contains("onnection refused"), "{text}");
    // Whether the resolver says no or says nothing: the gateway was not asked.
    let output = applet("snpp-probe")
        .args(["--nagios", "no-such-host.invalid"])
        .run();
    assert_eq!((output.status, plugin(&output).0.as_str()), (3, "UNKNOWN"));
    let refuses = Fake::replies(&[("PAGE", "550 nobody")]);
    let output = nagios(&refuses).args(["--pager", "1"]).run();
    let (state, text, _) = plugin(&output);
    assert_eq!((output.status, state.as_str()), (2, "CRITICAL"));
    assert!(text.contains("550 nobody"), "{text}");
}

#[test]
fn a_wrong_command_line_is_unknown_to_a_monitoring_system() {
    for args in [
        &["--nagios"][..],
        &["--nagios", "--no-such-option"],
        &["--nagios", "h:0"],
        &["--nagios", "h|x\x1b[2J:0"],
        &["--nagios", "-w", "soon", "h"],
        &["--nagios", "--json", "h"],
        &["--nagios", "a", "b"],
        &["--nagios", "--quit-after", "PAGE", "h"],
        &["--nagios", "--login", "a b", "h"],
        &[
            "--nagios",
            "--login",
            "joe",
            "--password-file",
            "/no/such/file",
            "h",
        ],
    ] {
        let output = applet("snpp-probe").args(args).run();
        let (state, text, _) = plugin(&output);
        assert_eq!((output.status, state.as_str()), (3, "UNKNOWN"), "{args:?}");
        assert!(
            !text.is_empty() && !text.contains(['\x1b', '|']),
            "{text:?}"
        );
    }
    // Without it, thresholds have no meaning; help and version are no error.
    for args in [["-w", "1"], ["-c", "1"]] {
        applet("snpp-probe")
            .args(args)
            .arg("h")
            .run()
            .expect_complaint(64, "", "--nagios");
    }
    for arg in ["--help", "--version"] {
        applet("snpp-probe")
            .args(["--nagios", arg])
            .run()
            .expect_status(0);
    }
}

#[test]
fn a_servers_words_are_cleaned() {
    let evil = "220 \x1b[2Jup|'time'=0s \x07\u{202e}end";
    let gateway = Fake::replies(&[("greeting", evil), ("PAGE", evil), ("QUIT", evil)]);
    let output = probe(&gateway).arg("--nagios").run();
    let (state, text, _) = plugin(&output);
    assert_eq!((output.status, state.as_str()), (0, "OK"));
    assert!(
        text.ends_with("220 ^[[2Jup'time'=0s ^G\\u{202e}end"),
        "{text}"
    );
    for args in [&[][..], &["-v"], &["--json"], &["--pager", "1"]] {
        let output = probe(&gateway).args(args).run();
        output.expect_status(0);
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown:?}");
    }
    let long = format!("220 {}", "x".repeat(2000));
    let gateway = Fake::replies(&[("greeting", &long)]);
    let (_, text, _) = plugin(&probe(&gateway).arg("--nagios").run());
    assert!(text.matches('x').count() <= 80, "{text}");
}

#[test]
fn wait_goes_on_until_the_gateway_is_up() {
    // It refuses connections, then it is down politely, and then it is up.
    let server = nobody();
    let addr = server.addr().to_owned();
    let gateway = move || {
        let listener = server.listen();
        for greeting in ["421 SERVER DOWN, Goodbye\r\n", "220 up at last\r\n"] {
            let (mut client, _) = listener.accept().unwrap();
            client.write_all(greeting.as_bytes()).unwrap();
            let mut quit = [0; 16];
            let _ = client.read(&mut quit);
            let _ = client.write_all(b"221 bye\r\n");
        }
    };
    let probe = applet("snpp-probe")
        .args(["-v", "--wait", "19s", &addr])
        .spawn();
    probe.wait_for_stderr("connecting to");
    let gateway = thread::spawn(gateway);
    let output = probe.wait();
    output.expect_status(0);
    gateway.join().unwrap();
    assert!(
        output.stdout.ends_with("220 up at last\n"),
        "{}",
        output.stdout
    );
    assert_eq!(output.stdout.lines().count(), 1);
    // And no longer than that.
    let output = applet("snpp-probe")
        .args(["--wait", "100ms", nobody().addr()])
        .run();
    output.expect_complaint(75, "", "onnection refused");
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    assert!(
        output.took >= Duration::from_millis(100),
        "{:?}",
        output.took
    );
    // A pager that is not known will not become so.
    let gateway = Fake::replies(&[("PAGE", "550 nobody")]);
    applet("snpp-probe")
        .args([&gateway.addr(), "--wait", "10s", "--pager", "1"])
        .run()
        .expect_status(1);
    assert_eq!(gateway.connections(), 1);
}

#[test]
fn wait_ends_with_a_signal() {
    let gateway = Fake::replies(&[("greeting", "421 down")]);
    let mut probe = probe(&gateway).args(["-v", "--wait", "1m"]).spawn();
    probe.wait_for_stderr("421 down");
    probe.signal(rustix::process::Signal::TERM);
    probe.wait().expect_status(143);
}

#[test]
fn verbose_shows_the_dialogue() {
    let gateway = Fake::replies(&[("HELP", "214 PAGE SEND\r\n250 End")]);
    let output = probe(&gateway).args(["-v", "--features"]).run();
    output.expect_status(0);
    let lines: Vec<&str> = output
        .stderr
        .lines()
        .map(|line| {
            line.split_once("  ")
                .map_or(line, |(_, line)| line.trim_start())
        })
        .collect();
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| line.split_once("  ").map_or(*line, |(_, line)| line))
        .collect();
    let connecting = format!("connecting to {}", gateway.addr());
    assert_eq!(
        lines,
        [
            connecting.as_str(),
            "S: 220 fake gateway ready",
            "C: HELP",
            "S: 214 PAGE SEND",
            "S: 250 End",
            "C: QUIT",
            "S: 221 Goodbye",
        ]
    );
    probe(&gateway)
        .args(["-q", "-v"])
        .run()
        .expect_complaint(64, "", "--");
}

#[test]
fn a_command_is_a_line_too() {
    let script = "printf '220 %s %s\\r\\n' \"$1\" \"$2\"; read quit; printf '221 bye\\r\\n'";
    let scratch = scratch("probe-proxy");
    let script = scratch.file("gateway", script);
    let command = format!("sh {} %h %p", script.display());
    let output = applet("snpp-probe")
        .args(["pager.example:7777", "--proxy-command", &command])
        .run();
    output.expect(0, &output.stdout, "");
    assert!(
        output.stdout.ends_with(": 220 pager.example 7777\n"),
        "{}",
        output.stdout
    );
    let probe = |command: &str| {
        applet("snpp-probe")
            .args(["h", "--proxy-command", command])
            .run()
    };
    probe("/no/such/program").expect_complaint(78, "", "/no/such/program");
    probe("").expect_complaint(64, "", "--proxy-command");
    probe("'").expect_complaint(64, "", "--proxy-command");
    probe("false").expect_complaint(75, "", "closed the connection");
}

#[test]
fn a_missing_farewell_is_no_failure() {
    for farewell in [HANG_UP, RESET, "500 no", "250 yes"] {
        let gateway = Fake::replies(&[("QUIT", farewell)]);
        probe(&gateway).run().expect_status(0);
    }
}

#[test]
fn nothing_is_asked_behind_rese_which_may_log_out() {
    let gateway = Fake::replies(&[("PING", "821 Unit On System")]);
    let args = ["--login", "joe", "--pager", "1", "--ping", "2"];
    probe(&gateway).args(args).run().expect_status(0);
    let expected = ["LOGI joe", "PING 2", "PAGE 1", "RESE", "QUIT"];
    assert_eq!(gateway.heard(), expected);
}

#[test]
fn a_gateway_cannot_choose_its_own_state() {
    let fake = Fake::replies(&[("greeting", "421 the name service is down")]);
    let output = applet("snpp-probe").args(["--nagios", &fake.addr()]).run();
    output.expect_status(2);
    assert!(output.stdout.starts_with("SNPP CRITICAL - "), "{output:?}");
}
