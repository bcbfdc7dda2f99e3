//! Requests that are none: each has its answer, and nothing is queued.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{Web, is_guarded};
use crate::support::cgi::{FORM, JSON, Reply, Request};
use crate::support::{Dice, Page};

/// Where each request is made: to the form, and to one of the places for programs.
fn both(web: &Web, method: &str) -> [(Request, &'static str); 2] {
    let page = web.request(method).path("/api/page");
    [(web.request(method), FORM), (page, JSON)]
}

#[test]
fn what_is_asked_in_no_way_of_ours_is_refused() {
    let web = Web::new("cgi-method");
    for method in ["PUT", "DELETE", "OPTIONS", "post", "", "GET /"] {
        let reply = web.request(method).run().expect(405, "the method must be");
        assert_eq!(reply.header("Allow"), Some("GET, HEAD, POST"));
        is_guarded(&reply);
    }
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        for path in ["/api/page", "/api/snpp/page", "/api/snpp/probe"] {
            let reply = web.request(method).path(path).run().expect(405, "");
            assert_eq!(reply.header("Allow"), Some("POST"));
        }
    }
    for path in ["/x", "/api", "/api/", "/api/page/", "/../etc/passwd", "//"] {
        let reply = web.get().path(path).run();
        is_guarded(&reply.expect(404, "there is nothing here"));
    }
}

#[test]
fn a_body_is_as_long_as_it_says() {
    let web = Web::new("cgi-length");
    for (length, status) in [
        (None, 411),
        (Some(""), 411),
        (Some("x"), 400),
        (Some("-1"), 400),
        (Some("+5"), 400),
        (Some("5 5"), 400),
        (Some("0x10"), 400),
        (Some("16385"), 413),
        (Some("99999999999999999999999"), 413),
        // Longer than what comes.
        (Some("16384"), 400),
    ] {
        for (request, media_type) in both(&web, "POST") {
            let request = request.body(media_type, "to=joe&message=x");
            let request = match length {
                Some(length) => request.with("CONTENT_LENGTH", length),
                None => request.without("CONTENT_LENGTH"),
            };
            is_guarded(&request.run().expect(status, ""));
        }
    }
    // No more is read than it says, and its end is not waited for.
    let token = web.token();
    let body = format!("to=joe&message=x&token={token}");
    let length = body.len().to_string();
    let request = web.request("POST").body(FORM, "");
    let request = request.with("CONTENT_LENGTH", length);
    let mut running = request.changed(crate::support::Cmd::stdin_open).spawn();
    running.write(body + "&to=nobody");
    running.wait_for_stdout("Status: 303");
    assert_eq!(web.queued().len(), 1);
    // Too much of it is not even read.
    let request = web
        .request("POST")
        .body(FORM, "")
        .with("CONTENT_LENGTH", "16385");
    let running = request.changed(crate::support::Cmd::stdin_open).spawn();
    running.wait_for_stdout("Status: 413");
}

#[test]
fn the_longest_message_has_room_however_it_is_written() {
    let most = 4096;
    let names: Vec<String> = (0..1000).map(|number| format!("name-{number}")).collect();
    let more = format!("[pager.{}]\n", names.join("]\n[pager."));
    let web = Web::with(
        "cgi-longest",
        &format!("[web]\nmax-length = {most}\n{more}"),
    );
    let message = "%F0%9F%94%A5".repeat(most);
    let to = format!("to={}", names.join("&to="));
    web.post(&format!("{to}&message={message}"))
        .run()
        .expect(303, "");
    assert_eq!(web.queued().len(), 1);
    let json = "\\ud83d\\udd25".repeat(most);
    let json = format!("{{\"profile\": \"joe\", \"message\": \"{json}\"}}");
    web.json("/api/page", &json).run().expect(200, "");
    let text = "\u{1f525}".repeat(most);
    assert_eq!(web.queued(), [Page::new(&["joe"], &text)]);
    // One more is told, and not cut; what is far too long is not read.
    let longer = web.post(&format!("to=joe&message={message}x")).run();
    longer.expect(400, "the message has 4097 characters, and may have 4096");
    let request = web.request("POST").body(FORM, "");
    request
        .with("CONTENT_LENGTH", "110000")
        .run()
        .expect(413, "");
    let web = Web::with("cgi-longer", "[web]\nmax-length = 99999999999999999\n");
    for (length, status) in [("262144", 400), ("262145", 413)] {
        let request = web.request("POST").body(FORM, "");
        request
            .with("CONTENT_LENGTH", length)
            .run()
            .expect(status, "");
    }
}

#[test]
fn who_asks_for_another_host_is_refused() {
    let names = "[web]\nserver-names = [\"WWW.example.com\", \"::1\"]\n";
    let web = Web::with("cgi-host", names);
    for host in [
        "www.example.com",
        "www.EXAMPLE.com.:8080",
        "[::1]",
        "[::1]:80",
    ] {
        web.get().with("HTTP_HOST", host).run().expect(200, "<form");
    }
    let body = r#"{"profile": "joe", "message": "x"}"#;
    for host in [
        "rebound.example",
        "example.com",
        "xwww.example.com",
        "127.0.0.1",
        "a b",
        "",
    ] {
        let told = "is not among server-names of [web]";
        web.get().with("HTTP_HOST", host).run().expect(403, told);
        let fields = format!("to=joe&message=x&token={}", web.token());
        let form = web.request("POST").body(FORM, fields);
        form.with("HTTP_HOST", host).run().expect(403, told);
        let program = web.json("/api/page", body).with("HTTP_HOST", host).run();
        assert_eq!(
            (program.status, program.json()["success"].as_bool()),
            (403, Some(false))
        );
    }
    web.get()
        .without("HTTP_HOST")
        .run()
        .expect(403, "server-names");
    assert_eq!(web.queued(), []);
    web.json("/api/page", body).run().expect(200, "");
    assert_eq!(web.queued().len(), 1);
}

#[test]
fn a_body_that_never_comes_is_not_waited_for_forever() {
    let web = Web::new("cgi-late");
    let running = both(&web, "POST").map(|(request, media_type)| {
        let request = request.body(media_type, "").with("CONTENT_LENGTH", "10");
        let change = |cmd: crate::support::Cmd| cmd.stdin_open().limit(Duration::from_secs(30));
        let mut running = request.changed(change).spawn();
        running.write("x");
        running
    });
    for running in running {
        running.wait_for_stdout("Status: 408");
        Reply::of(&running.wait()).expect(408, "did not come in time");
    }
}

#[test]
fn a_body_of_another_kind_is_refused() {
    let web = Web::new("cgi-kind");
    let types = [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
    ];
    for media_type in types {
        for (request, _) in both(&web, "POST") {
            let reply = request.body(media_type, "to=joe&message=x").run();
            is_guarded(&reply.expect(415, "the type of the request must be"));
        }
    }
    for (request, right) in both(&web, "POST") {
        let wrong = if right == FORM { JSON } else { FORM };
        request.body(wrong, "{}").run().expect(415, right);
    }
    assert_eq!(web.queued(), []);
}

#[test]
fn a_form_that_is_none_is_refused() {
    let web = Web::new("cgi-fields");
    for (fields, words) in [
        (&b"to=joe&message=%ff"[..], "not UTF-8"),
        (b"to=joe&message=\xff", "not UTF-8"),
        (b"to=joe&message=a%00b", "NUL"),
        (b"to=a\0b&message=x", "NUL"),
        (b"to=joe&message=a&message=b", "a field twice"),
        (b"to=joe&message=a&token=x&token=x", "a field twice"),
    ] {
        let reply = web.request("POST").body(FORM, fields).run();
        is_guarded(&reply.expect(400, words));
    }
    assert_eq!(web.queued(), []);
}

#[test]
fn no_field_ends_a_header() {
    let web = Web::new("cgi-header");
    let break_in = "x%0D%0ASet-Cookie: a=b%0D%0A%0D%0A<html>";
    for field in ["to", "message", "token", "id"] {
        let body = format!("to=joe&message=x&{field}={break_in}");
        let reply = web.request("POST").body(FORM, &body).run();
        assert_eq!(reply.header("Set-Cookie"), None, "{field}");
    }
    web.post(&format!("to=joe&message={break_in}"))
        .run()
        .expect(303, "");
    for query in ["tag", "id", "to", "pass", "look"] {
        let reply = web.get().query(&format!("tag=1&{query}={break_in}")).run();
        assert_eq!(
            reply
                .expect(404, "there is no such page")
                .header("Set-Cookie"),
            None
        );
    }
    // What a server has decoded for us.
    for name in [
        "SCRIPT_NAME",
        "PATH_INFO",
        "REMOTE_USER",
        "REMOTE_ADDR",
        "HTTP_HOST",
        "HTTP_ORIGIN",
        "CONTENT_TYPE",
        "REQUEST_METHOD",
    ] {
        for value in [&b"a\r\nSet-Cookie: a=b"[..], b"a\nb", b"\x1b[2J", b"\xff"] {
            let reply = web.get().with(name, OsStr::from_bytes(value)).run();
            let reply = reply.expect(400, "the request is garbled");
            assert_eq!(reply.log, format!("page-cgi: {name} is no line of text\n"));
            is_guarded(&reply);
        }
    }
    // And where it has, a path is one again, on our host.
    let post = web
        .post("to=joe&message=x")
        .with("SCRIPT_NAME", "//evil.example/a b?\u{fc}");
    let reply = post.run();
    let location = reply.header("Location").unwrap();
    assert!(
        location.starts_with("/evil.example/a%20b%3F%C3%BC?id="),
        "{location}"
    );
}

#[test]
fn noise_is_answered() {
    let web = Web::with("cgi-noise", "[web]\nrate = \"1000/1s\"\n");
    let mut dice = Dice::new(81_861);
    let words = [
        "to=",
        "joe",
        "&",
        "=",
        "message",
        "%",
        "%0",
        "%0d%0a",
        "%ff",
        "+",
        "token=",
        "\0",
        "\u{fc}",
        "{",
        "}",
        "\"profile\":",
        "\"message\":",
        "\"joe\"",
        ",",
        "\\u",
        "[",
        "1e999",
        "null",
        "tag=",
        "id=../",
        "pass=",
        "look=9",
        "\r\n",
        "<b>",
    ];
    let mut noise = || -> String { (0..dice.below(12)).map(|_| dice.one(&words)).collect() };
    for _ in 0..100 {
        let [form, json, query] = [noise(), noise(), noise()];
        let reply = web.request("POST").body(FORM, &form).run();
        assert!(
            [400, 403].contains(&reply.status),
            "{form:?}: {}",
            reply.status
        );
        let reply = web.json("/api/page", &json).run();
        let done = reply.status == 200 && json.contains("joe");
        assert!(
            done || [400, 404].contains(&reply.status),
            "{json:?}: {}",
            reply.status
        );
        let reply = web.get().query(&query.replace('\0', "")).run();
        assert!(
            [200, 400, 404].contains(&reply.status),
            "{query:?}: {}",
            reply.status
        );
    }
}

/// As mod_cgid of Apache hands a request over.
#[test]
fn an_answer_is_not_lost_for_a_body_that_nobody_wants() {
    let web = Web::new("cgi-unread");
    for (method, length, status) in [("PUT", 40, 405), ("POST", 100_000, 413)] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let request = web.request(method).with("CONTENT_TYPE", FORM);
        let request = request.with("CONTENT_LENGTH", length.to_string());
        let stdin = theirs.try_clone().unwrap();
        let running = request
            .changed(|cmd| cmd.stdin_from(stdin).stdout_to(theirs))
            .spawn();
        (&ours).write_all(&vec![b'x'; length]).unwrap();
        running.wait().expect_status(0);
        let mut answer = String::new();
        (&ours).read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with(&format!("Status: {status} ")),
            "{answer}"
        );
        assert!(answer.ends_with("</html>\n"), "{answer}");
    }
}

#[test]
fn a_program_gets_json_whatever_is_wrong() {
    let web = Web::new("cgi-garbled");
    let garbled = |request: Request| request.with("REMOTE_USER", "a\tb").run();
    let reply = garbled(web.json("/api/page", "{}")).expect(400, "the request is garbled");
    assert_eq!(reply.json()["success"], false);
    garbled(web.get()).expect(400, "<html lang=\"en\">");
}
