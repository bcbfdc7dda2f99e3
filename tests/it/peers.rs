//! Through other people's programs: their servers behind our clients, their clients at our server.

use std::fmt::Write as _;
use std::fs;

use crate::support::peers::{
    Arrived, Peer, hfaxd, net_snpp_server, skip_unless, tcpserver_snpp_serve, tls_in_front_of,
};
use crate::support::{Cmd, applet, scratch};

const TLS: &str = "openssl s_client -quiet -connect %h:%p";

fn send(peer: &Peer) -> Cmd {
    applet("snpp-send").args(["-s", &peer.addr()])
}

fn arrived(pager: &str, text: &str) -> Arrived {
    Arrived {
        pager: pager.to_owned(),
        text: text.to_owned(),
        alert: "0".to_owned(),
        hold: "0".to_owned(),
        ..Arrived::default()
    }
}

/// What a two-way page's tag looks like on our standard output.
fn is_tag(line: &str) -> bool {
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    line.split_once('/')
        .is_some_and(|(tag, pass)| digits(tag) && digits(pass))
}

#[test]
fn net_snpp_server_gets_what_was_sent() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    let page = arrived;
    // The server keeps a line end behind each line of DATA, and no empty line.
    for (args, stdin, expected) in [
        (
            &["5551212", "Disk full"][..],
            "",
            vec![page("5551212", "Disk full")],
        ),
        (
            &["5551212", "Disk", "full"],
            "",
            vec![page("5551212", "Disk full")],
        ),
        (
            &["5551212"],
            "from stdin\n",
            vec![page("5551212", "from stdin")],
        ),
        (
            &["5551212", "Grüße|\\"],
            "",
            vec![page("5551212", "Grüße|\\")],
        ),
        (
            &["5551212,5551213", "-m", "both"],
            "",
            vec![page("5551212", "both"), page("5551213", "both")],
        ),
        (
            &["--one-send", "5551212,5551213", "-m", "both"],
            "",
            vec![page("5551212", "both"), page("5551213", "both")],
        ),
        (
            &["5551212", "-m", "-"],
            "two\nlines\n",
            vec![page("5551212", "two\nlines\n")],
        ),
        (
            &["5551212"],
            ".\n..\n.hidden\nSEND\n221 x\nlast",
            vec![page("5551212", ".\n..\n.hidden\nSEND\n221 x\nlast\n")],
        ),
        (
            &["--body", "data", "5551212", ".x"],
            "",
            vec![page("5551212", ".x\n")],
        ),
        (
            &["--subject", "Seattle Meeting", "5551212", "x"],
            "",
            vec![Arrived {
                subject: Some("Seattle Meeting".into()),
                ..page("5551212", "x")
            }],
        ),
        (
            // Both, and for each pager of several anew.
            &["--alert", "1", "5551212,5551213", "x"],
            "",
            vec![
                Arrived {
                    alert: "1".into(),
                    ..page("5551212", "x")
                },
                Arrived {
                    alert: "1".into(),
                    ..page("5551213", "x")
                },
            ],
        ),
        (
            &["--two-way", "5551212", "x"],
            "",
            vec![Arrived {
                two_way: true,
                ..page("5551212", "x")
            }],
        ),
    ] {
        let before = peer.pages().len();
        let output = send(&peer).args(args).stdin(stdin).run();
        let two_way = args.contains(&"--two-way");
        if !two_way {
            output.expect(0, &output.stdout, "");
        }
        assert!(
            output.stdout.is_empty() || two_way || expected.len() > 1,
            "{}",
            output.stdout
        );
        assert_eq!(peer.pages()[before..], expected, "{args:?}");
    }
}

#[test]
fn net_snpp_server_gets_the_pin() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    let scratch = scratch("peers-pin");
    let pin = scratch.file("pin", "0815\n");
    let output = send(&peer)
        .arg("-v")
        .arg("--pin-file")
        .arg(pin)
        .args(["5551212", "x"])
        .run();
    output.expect_status(0);
    assert!(!output.stderr.contains("0815"), "{}", output.stderr);
    assert_eq!(
        peer.pages(),
        [Arrived {
            pin: Some("0815".into()),
            ..arrived("5551212", "x")
        }]
    );
}

#[test]
fn net_snpp_server_holds_a_page_until_the_time_we_mean() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    // In UTC, whatever zone it was given in: within the year that --hold allows.
    let now = jiff::Timestamp::now();
    let time = now + jiff::SignedDuration::from_hours(24 * 30);
    let given = time.display_with_offset(jiff::tz::offset(5)).to_string();
    send(&peer)
        .args(["--hold", &given, "5551212", "later"])
        .run()
        .expect(0, "", "");
    let page = peer.pages().pop().unwrap();
    let expected = time.strftime("%y%m%d%H%M%S").to_string();
    assert!(page.hold.ends_with(&expected), "{page:?}, not {expected}");
    assert_eq!(page.hold_zone.as_deref(), Some("+0000"));
    assert_eq!(
        (page.pager.as_str(), page.text.as_str()),
        ("5551212", "later")
    );
}

#[test]
fn net_snpp_server_refuses() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    for (pager, status, words) in [
        ("123", 67, "550 Error, Invalid Pager ID (pager 123)"),
        ("5541212", 75, "554 Error, failed (pager 5541212)"),
    ] {
        send(&peer)
            .args([pager, "x"])
            .run()
            .expect_complaint(status, "", words);
        assert_eq!(peer.pages(), []);
    }
    // One of three is unknown, and the others get theirs.
    let output = send(&peer).args(["5551212,123,5551213", "x"]).run();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(output.status, 67, "{}", output.stderr);
    assert_eq!(lines.len(), 3);
    for (line, begins) in
        lines
            .iter()
            .zip(["5551212 sent 250 ", "123 refused 550 ", "5551213 sent 250 "])
    {
        assert!(line.starts_with(begins), "{line}");
    }
    assert_eq!(
        peer.pages(),
        [arrived("5551212", "x"), arrived("5551213", "x")]
    );
    // It may work later, and the other is out: not 75.
    send(&peer)
        .args(["5551212,5541212", "x"])
        .run()
        .expect_status(79);
    // What it does not know is done without, and said; unless that must not be.
    let output = send(&peer).args(["--level", "0", "5551214", "x"]).run();
    output.expect_complaint(0, "", "LEVE was refused: 500 ");
    let before = peer.pages().len();
    send(&peer)
        .args(["--level", "0", "--strict", "5551214", "x"])
        .run()
        .expect_status(69);
    send(&peer)
        .args(["--coverage", "2", "5551214", "x"])
        .run()
        .expect_status(69);
    assert_eq!(peer.pages().len(), before);
}

#[test]
fn a_two_way_page_brings_its_tag() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    let output = send(&peer).args(["--two-way", "5551212", "Lunch?"]).run();
    output.expect(0, &output.stdout, "");
    assert!(output.stdout.lines().any(is_tag), "{}", output.stdout);
    let output = send(&peer)
        .args(["--two-way", "--json", "5551212", "Lunch?"])
        .run();
    output.expect_status(0);
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let word = |name: &str| json[name].as_str().unwrap().to_owned();
    assert_eq!(word("outcome"), "queued");
    assert_eq!(json["code"], 960);
    assert!(
        is_tag(&format!("{}/{}", word("tag"), word("pass"))),
        "{json}"
    );
    let pages = peer.pages();
    assert!(
        pages.len() == 2 && pages.iter().all(|page| page.two_way),
        "{pages:?}"
    );
}

#[test]
fn two_hundred_rows_arrive_once_and_in_order_on_one_connection() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    let mut csv = String::from("pager,message,id\n");
    let mut expected = Vec::new();
    for row in 1..=200 {
        let pager = format!("555{row:04}");
        if row % 10 == 0 {
            let _ = writeln!(csv, "{pager},\"row {row}\n.second, line\",n{row}");
            expected.push(arrived(&pager, &format!("row {row}\n.second, line\n")));
        } else {
            let _ = writeln!(csv, "{pager},row {row},n{row}");
            expected.push(arrived(&pager, &format!("row {row}")));
        }
    }
    let output = send(&peer).args(["-v", "--csv", "-"]).stdin(csv).run();
    output.expect_status(0);
    assert_eq!(peer.pages(), expected);
    assert_eq!(output.stderr.matches("connecting to").count(), 1);
    let rows: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(rows.len(), 201);
    for (number, row) in rows.iter().enumerate().skip(1) {
        let begins = format!("{number},n{number},555{number:04},sent,250,");
        assert!(row.starts_with(&begins), "{row}");
    }
}

#[test]
fn a_bad_row_between_good_ones_is_refused_alone() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    let csv = "pager,message\n5551212,a\n12,b\n5541212,c\n5551213,\n5551214,d\n";
    let output = send(&peer).args(["--csv", "-"]).stdin(csv).run();
    let fates: Vec<Vec<&str>> = output
        .stdout
        .lines()
        .skip(1)
        .map(|row| row.split(',').skip(2).take(3).collect())
        .collect();
    assert_eq!(
        fates,
        [
            ["5551212", "sent", "250"],
            ["12", "refused", "550"],
            ["5541212", "temporary", "554"],
            ["5551213", "refused", ""],
            ["5551214", "sent", "250"],
        ]
    );
    assert_eq!(output.status, 79);
    assert_eq!(
        peer.pages(),
        [arrived("5551212", "a"), arrived("5551214", "d")]
    );
}

#[test]
fn net_snpp_server_is_probed() {
    skip_unless!("perl", "Net::SNPP::Server");
    let peer = net_snpp_server();
    let probe = || applet("snpp-probe").arg(peer.addr());
    let output = probe().arg("--features").run();
    output.expect(0, &output.stdout, "");
    assert!(
        output.stdout.contains("\nlevels: 1 2 3\n"),
        "{}",
        output.stdout
    );
    let commands = output
        .stdout
        .lines()
        .find(|line| line.starts_with("commands: "))
        .unwrap();
    for verb in ["PAGE", "DATA", "ALER", "HOLD", "SUBJ", "2WAY", "MCRE"] {
        assert!(commands.contains(verb), "{commands} lacks {verb}");
    }
    assert!(output.stdout.ends_with("\npipelining: no\n"));
    for (args, status, words) in [
        (["--pager", "5551212"], 0, "5551212 known: 250 "),
        (["--pager", "12"], 1, "12 not known: 550 "),
    ] {
        let output = probe().args(args).run();
        output.expect(status, &output.stdout, "");
        assert!(output.stdout.contains(words), "{}", output.stdout);
    }
    assert_eq!(peer.pages(), []);
}

#[test]
fn hfaxd_wants_a_login_and_forgets_it() {
    skip_unless!("hfaxd", "faxq", "faxmodem", "tcpserver", "root");
    let peer = hfaxd();
    let output = send(&peer).args(["5551212", "x"]).run();
    output.expect_complaint(77, "", "530 Please login with LOGIN. (pager 5551212)");
    let output = send(&peer).args(["--login", "joe", "1234567", "x"]).run();
    output.expect_complaint(67, "", "550 Invalid pager ID 1234567. (pager 1234567)");
    assert_eq!(peer.pages(), []);
    // RESE behind the refusal logs out there: the second page needs LOGI again.
    let output = send(&peer)
        .args(["-v", "--login", "joe", "1234567,5551212", "Disk", "full"])
        .run();
    output.expect_status(67);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines[0].starts_with("1234567 refused 550 "), "{lines:?}");
    assert!(lines[1].starts_with("5551212 sent 250 "), "{lines:?}");
    assert_eq!(
        output.stderr.matches("C: LOGI joe").count(),
        2,
        "{}",
        output.stderr
    );
    assert_eq!(output.stderr.matches("connecting to").count(), 1);
    let pages: Vec<(String, String)> = peer
        .pages()
        .into_iter()
        .map(|page| (page.pager, page.text))
        .collect();
    assert_eq!(pages, [("5551212".to_owned(), "Disk full".to_owned())]);
}

#[test]
fn hfaxd_is_probed() {
    skip_unless!("hfaxd", "faxq", "faxmodem", "tcpserver", "root");
    let peer = hfaxd();
    let probe = || applet("snpp-probe").arg(peer.addr());
    let commands = "commands: PAGE MESS RESE SEND QUIT HELP DATA LOGI LEVE HOLD SUBJ PING";
    for login in [&[][..], &["--login", "joe"]] {
        let output = probe().arg("--features").args(login).run();
        output.expect(0, &output.stdout, "");
        let lines: Vec<&str> = output.stdout.lines().skip(1).collect();
        assert_eq!(lines, ["levels: 1 2", commands, "pipelining: no"]);
    }
    for (args, status, words) in [
        (
            &["--pager", "5551212"][..],
            77,
            "530 Please login with LOGIN.",
        ),
        (
            &["--login", "joe", "--pager", "5551212"],
            0,
            "5551212 known: 250 ",
        ),
        (
            &["--login", "joe", "--pager", "1234567"],
            1,
            "1234567 not known: 550 ",
        ),
        (
            &["--login", "joe", "--ping", "5551212"],
            0,
            "5551212 reachable: 821 ",
        ),
        (
            &["--login", "joe", "--pager", "1234567", "--ping", "5551212"],
            1,
            "5551212 reachable: 821 ",
        ),
        (
            &["--login", "joe", "--ping", "1234567"],
            1,
            "1234567 not reachable: 550 ",
        ),
    ] {
        let output = probe().args(args).run();
        output.expect_status(status);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains(words), "{args:?}: {said}");
    }
    assert_eq!(peer.pages(), []);
}

#[test]
fn tls_needs_nothing_but_openssl() {
    skip_unless!("perl", "Net::SNPP::Server", "socat", "openssl");
    let peer = net_snpp_server();
    let tls = tls_in_front_of(&peer.addr());
    let verified = format!(
        "{TLS} -verify_return_error -CAfile {}",
        tls.certificate().display()
    );
    for proxy in [TLS, &verified] {
        // openssl tells of the certificate on standard error, which is ours too.
        let output = send(&tls)
            .args(["--proxy-command", proxy, "5551212", "secret"])
            .run();
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (0, ""),
            "{}",
            output.stderr
        );
    }
    let csv = "pager,message\n5551213,a\n5551214,\"b\n.c\"\nQ,R\n5551215,Q\n";
    let output = send(&tls)
        .args(["--proxy-command", TLS, "--csv", "-"])
        .stdin(csv)
        .run();
    output.expect_status(67);
    assert_eq!(
        peer.pages(),
        [
            arrived("5551212", "secret"),
            arrived("5551212", "secret"),
            arrived("5551213", "a"),
            arrived("5551214", "b\n.c\n"),
            arrived("5551215", "Q"),
        ]
    );
    let output = applet("snpp-probe")
        .args(["--proxy-command", TLS, &tls.addr()])
        .run();
    output.expect_status(0);
    assert!(
        output.stdout.contains(" up, ") && output.stdout.ends_with(": 220 SNPP Gateway Ready\n")
    );
    // A certificate that nobody vouches for: nothing was said, so again is safe.
    let wary = format!("{TLS} -verify_return_error");
    send(&tls)
        .args(["--proxy-command", &wary, "5551212", "x"])
        .run()
        .expect_status(75);
    assert_eq!(peer.pages().len(), 5);
}

#[test]
fn tls_in_front_of_hfaxd() {
    skip_unless!(
        "hfaxd",
        "faxq",
        "faxmodem",
        "tcpserver",
        "root",
        "socat",
        "openssl"
    );
    let peer = hfaxd();
    let tls = tls_in_front_of(&peer.addr());
    let args = [
        "--proxy-command",
        TLS,
        "--login",
        "joe",
        "5551212",
        "over TLS",
    ];
    send(&tls).args(args).run().expect_status(0);
    let pages = peer.pages();
    assert_eq!((pages.len(), pages[0].text.as_str()), (1, "over TLS"));
}

#[test]
fn net_snpp_pages_through_our_server() {
    skip_unless!("tcpserver", "perl", "Net::SNPP");
    let scratch = scratch("peers-serve");
    let spool = scratch.join("spool");
    let peer = tcpserver_snpp_serve(&spool);
    let script = r#"
        my $snpp = Net::SNPP->new("127.0.0.1", Port => shift) or die "no connection\n";
        $snpp->send(Pager => ["5551212", "5551213"], Message => "Disk  full") or die $snpp->message;
        $snpp->reset or die $snpp->message;
        $snpp->pager_id("5551214") or die $snpp->message;
        $snpp->data("two\n", ".lines\n", "..\n", "\n", "SEND\n") or die $snpp->message;
        $snpp->send_message or die $snpp->message if $snpp->can("send_message");
        $snpp->_SEND or die $snpp->message unless $snpp->can("send_message");
        $snpp->quit or die $snpp->message;
    "#;
    let port = peer.port().to_string();
    Cmd::new("perl")
        .args(["-MNet::SNPP", "-e", script, &port])
        .run()
        .expect(0, "", "");
    let names = scratch.names("spool/new");
    let jobs: Vec<String> = names
        .iter()
        .map(|name| fs::read_to_string(spool.join("new").join(name)).unwrap())
        .map(|job| {
            job.lines()
                .filter(|line| !line.starts_with("Received: ") && !line.starts_with("Id: "))
                .fold(String::new(), |all, line| all + line + "\n")
        })
        .collect();
    assert_eq!(
        jobs,
        [
            "To: 5551212\nTo: 5551213\nFrom: 127.0.0.1\n\nDisk  full\n",
            "To: 5551214\nFrom: 127.0.0.1\n\ntwo\n.lines\n..\n\nSEND\n",
        ]
    );
    assert_eq!(scratch.names("spool/tmp"), [""; 0]);
}

#[test]
fn telnet_pages_through_our_server() {
    skip_unless!("telnet", "tcpserver");
    let scratch = scratch("telnet");
    let spool = scratch.join("spool");
    let peer = tcpserver_snpp_serve(&spool);
    // What it reads as CR LF, telnet writes as CR NUL CR LF.
    for ends in ["\n", "\r\n"] {
        let mut telnet = Cmd::new("telnet")
            .args(["127.0.0.1", &peer.port().to_string()])
            .stdin_open()
            .spawn();
        telnet.wait_for_stdout("220 ");
        let lines = ["page 111", "data", "by", "hand", ".", "send", "quit", ""];
        telnet.write(lines.join(ends));
        telnet.wait_for_stdout(" queued");
        telnet.wait_for_stdout("221 ");
        telnet.wait();
    }
    assert_eq!(scratch.names("spool/new").len(), 2);
    for name in scratch.names("spool/new") {
        let job = fs::read_to_string(spool.join("new").join(name)).unwrap();
        assert!(job.ends_with("\n\nby\nhand\n"), "{job:?}");
    }
}
