//! `page-cgi` behind other people's web servers, which are set up by the files in `scripts/web`.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::peers::{Peer, skip_unless};
use crate::support::web::{self, PAGE_CGI, Response, Web, get, post_json, request};
use crate::support::{Cmd, Fake, Page, Scratch, scratch, spooled};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// A spool, and a configuration with one name.
fn place() -> Scratch {
    let scratch = scratch("web");
    for dir in ["tmp", "new"] {
        fs::create_dir_all(scratch.join("spool").join(dir)).unwrap();
    }
    let conf = format!(
        "spool = \"{}\"\n[pager.oncall]\n[route.default]\ntype = \"exec\"\ncommand = [\"true\"]\n\
         [web]\nrate = \"1000/1s\"\nallow-hosts = [\"127.0.0.1\"]\n",
        scratch.join("spool").display()
    );
    scratch.file("pagebox.toml", conf);
    scratch
}

type Start = fn(Web<'_>) -> Peer;

/// How each of them is started.
const SERVERS: [(&str, Start); 4] = [
    ("busybox", web::busybox_httpd),
    ("lighttpd", web::lighttpd),
    ("nginx", web::nginx),
    ("apache", web::apache),
];

/// All of them, each in front of a place of its own.
fn servers() -> [(&'static str, Peer, Scratch); 4] {
    SERVERS.map(|(name, start)| {
        let place = place();
        let config = &place.join("pagebox.toml");
        (name, start(Web { config, user: None }), place)
    })
}

fn jobs(place: &Scratch) -> Vec<Page> {
    let accepted = spooled::accepted(&place.join("spool"));
    accepted.into_iter().map(|(_, page)| page).collect()
}

/// The lines in front of the message of the only job.
fn headers(place: &Scratch) -> String {
    let names = place.names("spool/new");
    assert_eq!(names.len(), 1);
    let job = place.read(&format!("spool/new/{}", names[0]));
    job.split("\n\n").next().unwrap().to_owned()
}

fn token(form: &Response) -> String {
    let (_, rest) = form
        .body
        .split_once("name=\"token\" value=\"")
        .expect("a token");
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn the_form_is_filled_in_and_its_result_is_told() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    for (name, server, place) in servers() {
        let addr = server.addr();
        let form = get(&addr, "");
        form.expect(200);
        assert_eq!(
            form.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(form.header("cache-control"), Some("no-store"));
        let filled = format!(
            "token={}&to=oncall&message=Disk+full%0D%0A100+%25",
            token(&form)
        );
        let origin = format!("Origin: http://{addr}");

        // What a browser says of where it comes from gets through.
        for foreign in [
            [
                FORM,
                "Origin: http://elsewhere.example",
                "Sec-Fetch-Site: none",
            ],
            [FORM, &origin, "Sec-Fetch-Site: cross-site"],
        ] {
            request(&addr, "POST", "", &foreign, &filled).expect(403);
        }
        assert_eq!(jobs(&place), [], "{name}");

        let ours = [FORM, &origin, "Sec-Fetch-Site: same-origin"];
        let sent = request(&addr, "POST", "", &ours, &filled);
        sent.expect(303);
        let location = sent.header("location").expect("where the result is");
        let target = location.strip_prefix(PAGE_CGI).expect("our own path");
        let result = get(&addr, target);
        result.expect(200);
        assert!(result.body.contains("Queued") && result.body.contains("oncall"));
        assert_eq!(jobs(&place), [Page::new(&["oncall"], "Disk full\n100 %")]);
        assert!(
            headers(&place).contains("\nFrom: ?127.0.0.1"),
            "{}",
            headers(&place)
        );
    }
}

#[test]
fn programs_are_answered() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    for (name, server, place) in servers() {
        let addr = server.addr();
        let queued = post_json(&addr, "/api/page", r#"{"profile":"oncall","message":"ü"}"#);
        assert_eq!(queued.expect(200).json()["success"], true);
        assert_eq!(jobs(&place), [Page::new(&["oncall"], "ü")], "{name}");
        let fake = Fake::replies(&[("PAGE 12", "550 Invalid Pager ID")]);
        let gateway = json!({ "host": "127.0.0.1", "port": fake.port() }).to_string();
        let found = post_json(&addr, "/api/snpp/probe", &gateway);
        assert_eq!(found.expect(200).json()["banner"], "220 fake gateway ready");
        let refused = json!({
            "host": "127.0.0.1", "port": fake.port(), "pagerId": "12", "message": "x",
        });
        let refused = post_json(&addr, "/api/snpp/page", &refused.to_string());
        let error = &refused.expect(200).json()["error"];
        assert_eq!(error, "PAGE command failed: 550 Invalid Pager ID");
        let wrong = get(&addr, "/api/snpp/page");
        assert_eq!(wrong.expect(405).header("allow"), Some("POST"));
        get(&addr, "/api/snpp").expect(404);
    }
}

#[test]
fn no_query_is_an_option() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    for (_, server, _place) in servers() {
        for query in [
            "?-x",
            "?--version",
            "?--spool+/tmp",
            "?-h+--help",
            "?oncall",
        ] {
            let form = get(&server.addr(), query);
            assert!(form.expect(200).body.contains("<form"), "{query}");
        }
    }
}

#[test]
fn a_head_has_no_body() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    for (name, server, _place) in servers() {
        let head = request(&server.addr(), "HEAD", "", &[], "");
        assert_eq!(head.expect(200).body, "", "{name}");
        assert_eq!(head.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn a_body_has_a_length_and_a_limit() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    for (name, server, place) in servers() {
        let addr = server.addr();
        let big = format!(
            r#"{{"profile":"oncall","message":"{}"}}"#,
            "x".repeat(100_000)
        );
        post_json(&addr, "/api/page", &big).expect(413);
        let chunked = format!(
            "POST {PAGE_CGI}/api/page HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
             22\r\n{{\"profile\":\"oncall\",\"message\":\"x\"}}\r\n0\r\n\r\n"
        );
        // Two of them put no chunks together for a program, the others do so first.
        let (status, pages) = match name {
            "busybox" | "apache" => (411, 0),
            _ => (200, 1),
        };
        web::say(&addr, chunked).expect(status);
        assert_eq!(jobs(&place).len(), pages);
    }
}

/// All that comes until the connection ends, once half of a body was sent.
fn half_a_body(addr: &str, and_then: impl FnOnce(&TcpStream)) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    let request = format!(
        "POST {PAGE_CGI}/api/page HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
         Content-Length: 34\r\n\r\n{{\"profile\":\"oncall\","
    );
    stream.write_all(request.as_bytes()).unwrap();
    and_then(&stream);
    let mut heard = Vec::new();
    match stream.read_to_end(&mut heard) {
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => drop(other.expect("it ends")),
    }
    String::from_utf8(heard).unwrap()
}

#[test]
fn a_body_that_never_comes_is_not_waited_for() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    let servers = servers();
    thread::scope(|scope| {
        for (name, server, place) in &servers {
            scope.spawn(move || {
                let heard = half_a_body(&server.addr(), |_| {});
                let expected = match *name {
                    "busybox" => "HTTP/1.1 408 Request Timeout\r\n",
                    // It hangs up on whoever is that slow.
                    _ => "",
                };
                assert!(heard.starts_with(expected), "{name}: {heard}");
                let heard = half_a_body(&server.addr(), |stream| {
                    stream.shutdown(Shutdown::Write).unwrap();
                });
                assert!(!heard.contains(" 200 "), "{name}: {heard}");
                assert_eq!(jobs(place), [], "{name}");
            });
        }
    });
}

#[test]
fn who_has_logged_in_is_who_the_page_is_from() {
    skip_unless!(
        "busybox", "lighttpd", "nginx", "fcgiwrap", "apache2", "openssl", "htpasswd"
    );
    let said = |program: &str, words: [&str; 3]| Cmd::new(program).args(words).run().stdout;
    let of_crypt = said("openssl", ["passwd", "-6", "secret"]);
    let of_apache = said("htpasswd", ["-nbB", "ann", "secret"]);
    for (name, start) in SERVERS {
        let place = &place();
        let hash = match name {
            "busybox" | "nginx" => of_crypt.trim(),
            _ => of_apache.trim().trim_start_matches("ann:"),
        };
        let server = start(Web {
            config: &place.join("pagebox.toml"),
            user: Some(("ann", hash)),
        });
        let addr = server.addr();
        let body = r#"{"profile":"oncall","message":"x"}"#;
        let json = "Content-Type: application/json";
        for login in [
            vec![json],
            // ann:wrong
            vec![json, "Authorization: Basic YW5uOndyb25n"],
        ] {
            request(&addr, "POST", "/api/page", &login, body).expect(401);
        }
        assert_eq!(jobs(place), []);
        // ann:secret
        let login = [json, "Authorization: Basic YW5uOnNlY3JldA=="];
        request(&addr, "POST", "/api/page", &login, body).expect(200);
        assert!(headers(place).contains("\nFrom: ann"), "{}", headers(place));
    }
}

#[test]
fn a_login_that_nobody_has_asked_for_is_none() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    for (name, server, place) in servers() {
        // ann:wrong
        let login = [
            "Content-Type: application/json",
            "Authorization: Basic YW5uOndyb25n",
        ];
        let body = r#"{"profile":"oncall","message":"x"}"#;
        request(&server.addr(), "POST", "/api/page", &login, body).expect(200);
        let headers = headers(&place);
        assert!(headers.contains("\nFrom: ?127.0.0.1"), "{name}: {headers}");
    }
}

#[test]
fn many_at_once_are_all_queued() {
    skip_unless!("busybox", "lighttpd", "nginx", "fcgiwrap", "apache2");
    let (clients, each) = (8, 5);
    for (name, server, place) in servers() {
        thread::scope(|scope| {
            for client in 0..clients {
                let addr = server.addr();
                scope.spawn(move || {
                    for number in 0..each {
                        let page =
                            json!({ "profile": "oncall", "message": format!("{client}-{number}") });
                        post_json(&addr, "/api/page", &page.to_string()).expect(200);
                    }
                });
            }
        });
        let mut texts: Vec<Vec<u8>> = jobs(&place).into_iter().map(|page| page.text).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), clients * each, "{name}");
    }
}
