//! What programs ask of a gateway through `page-cgi`: the calls of the Port of Call API, their
//! fields and their answers.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fake::{HANG_UP, RESET, SILENCE};
use crate::support::peers::{net_snpp_server, skip_unless, tcpserver_snpp_serve};
use crate::support::{Cmd, Fake, Page, Scratch, applet, scratch, spooled};

const PROBE: &str = "/api/snpp/probe";
const PAGE: &str = "/api/snpp/page";

/// A place whose programs may speak to these gateways.
fn place(allowed: &str) -> Scratch {
    configured(&format!("[web]\nrate = \"1000/1s\"\n{allowed}\n"))
}

fn configured(tables: &str) -> Scratch {
    let scratch = scratch("api");
    for dir in ["tmp", "new"] {
        fs::create_dir_all(scratch.join("spool").join(dir)).unwrap();
    }
    let spool = scratch.join("spool");
    scratch.file("conf", format!("spool = \"{}\"\n{tables}", spool.display()));
    scratch
}

/// A call as a web server hands it on.
fn calling(place: &Scratch, target: &str, body: &str) -> Cmd {
    applet("page-cgi")
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("PAGEBOX_CONFIG", place.join("conf"))
        .env("REQUEST_METHOD", "POST")
        .env("SCRIPT_NAME", "/page")
        .env("PATH_INFO", target)
        .env("QUERY_STRING", "")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("CONTENT_TYPE", "application/json")
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(body)
}

/// Its status and its object.
#[track_caller]
fn call(place: &Scratch, target: &str, body: &Value) -> (u16, Value) {
    let output = calling(place, target, &body.to_string()).run();
    output.expect_status(0);
    answer(&output.stdout)
}

#[track_caller]
fn answer(text: &str) -> (u16, Value) {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let status = status.expect("a status").get(..3).expect("three digits");
    let json = head.contains("Content-Type: application/json");
    assert!(json, "{text}");
    (status.parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn anybody_here() -> Scratch {
    place("allow-hosts = [\"127.0.0.1\"]")
}

fn a_page(port: u16) -> Value {
    json!({ "host": "127.0.0.1", "port": port, "pagerId": "5551212", "message": "Disk full" })
}

/// Takes the time out of an answer: it is a whole number of milliseconds.
#[track_caller]
fn without_time(mut answer: Value) -> Value {
    let time = answer.as_object_mut().unwrap().remove("rtt");
    let time = time.and_then(|time| time.as_u64()).expect("a time");
    assert!(time < 20_000, "{time} ms");
    answer
}

#[test]
fn a_probe_tells_greeting_and_goodbye() {
    let place = anybody_here();
    let fake = Fake::replies(&[("greeting", "220 gate ready"), ("QUIT", "221 OK, bye")]);
    let asked = json!({ "host": "127.0.0.1", "port": fake.port() });
    let (status, found) = call(&place, PROBE, &asked);
    assert_eq!(status, 200);
    let expected = json!({
        "success": true,
        "host": "127.0.0.1",
        "port": fake.port(),
        "banner": "220 gate ready",
        "serverInfo": "220 gate ready | QUIT: 221 OK, bye",
    });
    assert_eq!(without_time(found), expected);
    assert_eq!(fake.heard(), ["QUIT"]);
}

/// Probes a gateway that says this first: its port, the status and the answer.
fn greeted(place: &Scratch, greeting: &str) -> (u16, u16, Value) {
    let fake = Fake::replies(&[("greeting", greeting)]);
    let asked = json!({ "host": "127.0.0.1", "port": fake.port(), "timeout": 500 });
    let (status, found) = call(place, PROBE, &asked);
    (fake.port(), status, without_time(found))
}

#[test]
fn only_a_banner_of_220_is_success() {
    let place = anybody_here();
    for (greeting, info) in [
        ("250 Ready", "250 Ready | QUIT: 221 Goodbye"),
        ("554 Closed for today", "554 Closed for today"),
        ("421 Too busy", "421 Too busy"),
        ("SSH-2.0-OpenSSH_9.2", "SSH-2.0-OpenSSH_9.2"),
    ] {
        let (port, status, found) = greeted(&place, greeting);
        let expected = json!({
            "success": false,
            "host": "127.0.0.1",
            "port": port,
            "banner": greeting,
            "serverInfo": info,
            "error": format!("Unexpected response: {greeting}"),
        });
        assert_eq!((status, found), (200, expected), "{greeting}");
    }
}

#[test]
fn a_banner_without_an_end_is_no_success() {
    let place = anybody_here();
    let endless = "220-x\r\n".repeat(600);
    for (greeting, error) in [
        (endless.trim_end(), "the server sent a reply without end"),
        ("220-x", "no greeting in time"),
    ] {
        let (port, status, found) = greeted(&place, greeting);
        let expected = json!({
            "success": false,
            "host": "127.0.0.1",
            "port": port,
            "banner": "220-x",
            "serverInfo": "220-x",
            "error": error,
        });
        assert_eq!((status, found), (200, expected));
    }
}

#[test]
fn a_gateway_that_is_not_there_is_trouble() {
    let place = anybody_here();
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let silent = Fake::replies(&[("greeting", SILENCE)]);
    let gone = Fake::replies(&[("greeting", HANG_UP)]);
    for port in [port, silent.port(), gone.port()] {
        let asked = json!({ "host": "127.0.0.1", "port": port, "timeout": 300 });
        let (status, mut found) = call(&place, PROBE, &asked);
        let error = found["error"].take();
        let expected =
            json!({ "success": false, "host": "127.0.0.1", "port": port, "error": null });
        assert_eq!((status, found), (500, expected));
        assert!(!error.as_str().unwrap().is_empty());

        let mut asked = a_page(port);
        asked["timeout"] = 300.into();
        let (status, mut found) = call(&place, PAGE, &asked);
        let error = found["error"].take();
        let expected = json!({
            "success": false, "host": "127.0.0.1", "port": port, "pagerId": "5551212",
            "pageResponse": null, "sendResponse": null, "transcript": [], "error": null,
        });
        assert_eq!((status, without_time(found)), (500, expected));
        assert!(!error.as_str().unwrap().is_empty());
    }
}

#[test]
fn a_page_tells_its_dialogue() {
    let place = anybody_here();
    let fake = Fake::replies(&[("SEND", "250 Sent as 4711")]);
    let mut asked = a_page(fake.port());
    asked["message"] = "Größe: 100 % voll — jetzt".into();
    let (status, told) = call(&place, PAGE, &asked);
    let expected = json!({
        "success": true,
        "host": "127.0.0.1",
        "port": fake.port(),
        "pagerId": "5551212",
        "pageResponse": "250 Pager ID accepted",
        "sendResponse": "250 Sent as 4711",
        "transcript": [
            "S: 220 fake gateway ready",
            "C: PAGE 5551212",
            "S: 250 Pager ID accepted",
            "C: MESS Größe: 100 % voll — jetzt",
            "S: 250 Message OK",
            "C: SEND",
            "S: 250 Sent as 4711",
            "C: QUIT",
            "S: 221 Goodbye",
        ],
    });
    assert_eq!((status, without_time(told)), (200, expected));
    let said = "PAGE 5551212\r\nMESS Größe: 100 % voll — jetzt\r\nSEND\r\nQUIT\r\n";
    assert_eq!(fake.raw(), [said.as_bytes()]);
}

#[test]
fn every_reply_that_means_yes_is_success() {
    let place = anybody_here();
    for reply in [
        "250 Sent",
        "208 Odd",
        "860 Delivered, awaiting read",
        "960 Queued",
    ] {
        let fake = Fake::replies(&[("SEND", reply)]);
        let (status, told) = call(&place, PAGE, &a_page(fake.port()));
        assert_eq!((status, &told["success"]), (200, &true.into()), "{reply}");
        assert_eq!(told["sendResponse"], reply);
    }
}

#[test]
fn a_refused_command_is_named() {
    let place = anybody_here();
    for (verb, reply, error) in [
        (
            "PAGE",
            "550 Invalid Pager ID",
            "PAGE command failed: 550 Invalid Pager ID",
        ),
        ("PAGE", "421 Down", "PAGE command failed: 421 Down"),
        ("MESS", "552 Too long", "MESS command failed: 552 Too long"),
        (
            "SEND",
            "554 Try later",
            "SEND command failed: 554 Try later",
        ),
        (
            "SEND",
            "780 No such pager",
            "SEND command failed: 780 No such pager",
        ),
        ("greeting", "554 Closed", "Unexpected response: 554 Closed"),
    ] {
        let fake = Fake::replies(&[(verb, reply)]);
        let (status, told) = call(&place, PAGE, &a_page(fake.port()));
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["success"], false);
        assert_eq!(told["error"], error);
        assert_eq!(told.get("outcome"), None);
        let heard = format!("S: {reply}");
        assert!(
            told["transcript"]
                .as_array()
                .unwrap()
                .contains(&heard.into()),
            "{told}"
        );
        let sent = fake.heard().iter().filter(|line| *line == "SEND").count();
        assert_eq!(sent, usize::from(verb == "SEND"));
        assert_eq!(fake.connections(), 1);
    }
}

#[test]
fn a_line_that_is_lost_before_send_is_trouble() {
    let place = anybody_here();
    for fault in [HANG_UP, RESET, SILENCE] {
        for verb in ["PAGE", "MESS"] {
            let fake = Fake::replies(&[(verb, fault)]);
            let mut asked = a_page(fake.port());
            asked["timeout"] = 400.into();
            let (status, told) = call(&place, PAGE, &asked);
            assert_eq!(
                (status, &told["success"]),
                (500, &false.into()),
                "{verb} {told}"
            );
            assert_eq!(
                (&told["transcript"], told.get("outcome")),
                (&json!([]), None)
            );
            assert_eq!(fake.connections(), 1);
        }
    }
}

#[test]
fn a_page_of_unknown_fate_says_so_and_is_never_sent_again() {
    let place = anybody_here();
    for (verb, fault) in [
        ("SEND", HANG_UP),
        ("SEND", RESET),
        ("SEND", SILENCE),
        ("SEND", "199 What?"),
        // What it called sent was the reply to something else.
        ("QUIT", "554 Not sent"),
    ] {
        let fake = Fake::replies(&[(verb, fault)]);
        let mut asked = a_page(fake.port());
        asked["timeout"] = 500.into();
        let (status, told) = call(&place, PAGE, &asked);
        assert_eq!(
            (status, &told["success"]),
            (500, &false.into()),
            "{verb} {told}"
        );
        assert_eq!(
            (&told["outcome"], &told["transcript"]),
            (&"unknown".into(), &json!([]))
        );
        let error = told["error"].as_str().unwrap();
        assert!(error.contains("may have been delivered"), "{error}");
        let sent = fake.heard().iter().filter(|line| *line == "SEND").count();
        assert_eq!((sent, fake.connections()), (1, 1));
    }
}

#[test]
fn the_verdict_has_the_time_of_the_whole_and_silence_at_the_end_changes_nothing() {
    let place = anybody_here();
    let fake = Fake::replies(&[("QUIT", SILENCE)]);
    let mut asked = a_page(fake.port());
    asked["timeout"] = 700.into();
    let output = calling(&place, PAGE, &asked.to_string()).run();
    assert_eq!(answer(&output.stdout).1["success"], true);
    let slow = Fake::replies(&[("SEND", SILENCE)]);
    asked["port"] = slow.port().into();
    let late = calling(&place, PAGE, &asked.to_string()).run();
    assert_eq!(answer(&late.stdout).1["outcome"], "unknown");
    for output in [output, late] {
        assert!(output.took < Duration::from_secs(4), "{:?}", output.took);
    }
}

#[test]
fn nobody_is_spoken_to_who_is_not_allowed() {
    let fake = Fake::replies(&[]);
    let port = fake.port();
    for allowed in [
        String::new(),
        "allow-hosts = []".to_owned(),
        format!(
            "allow-hosts = [\"127.0.0.1:{}\", \"localhost\", \"[::1]\"]",
            port ^ 1
        ),
    ] {
        let place = place(&allowed);
        for target in [PROBE, PAGE] {
            let (status, told) = call(&place, target, &a_page(port));
            assert_eq!(status, 403, "{allowed}");
            let error = format!("127.0.0.1:{port} is not among allow-hosts of [web]");
            assert_eq!(told, json!({ "error": error }));
        }
    }
    assert_eq!(call(&configured(""), PAGE, &a_page(port)).0, 403);
    assert_eq!(fake.connections(), 0);
    let allowed = place(&format!("allow-hosts = [\"127.0.0.1:{port}\"]"));
    assert_eq!(call(&allowed, PAGE, &a_page(port)).0, 200);
}

#[test]
fn what_is_wrong_with_a_request_is_told() {
    let place = anybody_here();
    let fake = Fake::replies(&[]);
    let good = a_page(fake.port());
    for (field, value, error) in [
        ("host", json!(null), "host is missing"),
        ("pagerId", json!(""), "pagerId is missing"),
        ("message", json!(7), "message is no string"),
        (
            "message",
            json!("a\r\nSEND"),
            "message \"a\\r\\nSEND\" has a CR, LF or NUL in it",
        ),
        (
            "message",
            json!("x".repeat(257)),
            "message has 257 characters, the limit is 256",
        ),
        ("port", json!(0), "port is no whole number from 1 to 65535"),
        (
            "timeout",
            json!(300_001),
            "timeout is no whole number from 1 to 300000",
        ),
    ] {
        let mut asked = good.clone();
        asked[field] = value;
        let (status, told) = call(&place, PAGE, &asked);
        assert_eq!((status, told), (400, json!({ "error": error })));
    }
    let (status, told) = call(&place, PAGE, &json!([1]));
    assert_eq!(
        (status, told),
        (400, json!({ "error": "the body is no JSON object" }))
    );
    // No server takes a line of more bytes, and nothing is cut.
    let mut asked = good;
    asked["message"] = "ß".repeat(256).into();
    let (status, told) = call(&place, PAGE, &asked);
    let error = "DATA would be a line of 512 bytes; servers take 500";
    assert_eq!((status, told), (400, json!({ "error": error })));
    assert_eq!(fake.connections(), 0);
    let whole = "ß".repeat(249) + "7 ascii";
    asked["message"] = whole.clone().into();
    assert_eq!(call(&place, PAGE, &asked).0, 200);
    assert!(fake.heard().contains(&format!("MESS {whole}")));
}

#[test]
fn what_a_gateway_says_is_escaped() {
    let place = anybody_here();
    let fake = Fake::replies(&[("greeting", "220 \u{1b}[2J\u{202e}\"<b>")]);
    let asked = json!({ "host": "127.0.0.1", "port": fake.port() }).to_string();
    let output = calling(&place, PROBE, &asked).run();
    let (_, found) = answer(&output.stdout);
    assert!(
        !output.stdout.contains(['\u{1b}', '\u{202e}']),
        "{}",
        output.stdout
    );
    assert!(found["banner"].as_str().unwrap().starts_with("220 ^[[2J"));
}

#[test]
fn our_own_server_takes_it() {
    skip_unless!("tcpserver");
    let place = anybody_here();
    let spool = scratch("api-spool");
    let server = tcpserver_snpp_serve(&spool.join("spool"));
    let asked = json!({ "host": "127.0.0.1", "port": server.port() });
    let (status, found) = call(&place, PROBE, &asked);
    assert_eq!((status, &found["success"]), (200, &true.into()), "{found}");
    assert!(
        found["serverInfo"]
            .as_str()
            .unwrap()
            .contains(" | QUIT: 221 ")
    );
    let (status, told) = call(&place, PAGE, &a_page(server.port()));
    assert_eq!((status, &told["success"]), (200, &true.into()), "{told}");
    let pages: Vec<Page> = spooled::accepted(&spool.join("spool"))
        .into_iter()
        .map(|(_, page)| page)
        .collect();
    assert_eq!(pages, [Page::new(&["5551212"], "Disk full")]);
}

#[test]
fn net_snpp_server_takes_it_or_says_why_not() {
    skip_unless!("Net::SNPP::Server");
    let place = anybody_here();
    let server = net_snpp_server();
    let (status, told) = call(&place, PAGE, &a_page(server.port()));
    assert_eq!((status, &told["success"]), (200, &true.into()), "{told}");
    let mut asked = a_page(server.port());
    asked["pagerId"] = "12".into();
    let (status, told) = call(&place, PAGE, &asked);
    assert_eq!((status, &told["success"]), (200, &false.into()), "{told}");
    let error = told["error"].as_str().unwrap();
    assert!(error.starts_with("PAGE command failed: 550 "), "{error}");
    let pages = server.pages();
    assert_eq!(pages.len(), 1);
    assert_eq!(
        (pages[0].pager.as_str(), pages[0].text.as_str()),
        ("5551212", "Disk full")
    );
}
