//! `POST /api/page`.

use super::{Web, is_guarded};
use crate::support::Page;
use crate::support::cgi::Request;

#[test]
fn a_program_queues_a_page() {
    let web = Web::new("cgi-api");
    let body = "{\"profile\": \"joe, oncall,\", \"message\": \"Disk full\\r\\n\\u00fc\\n\", \"more\": [1]}";
    let reply = web.json("/api/page", body).run().expect(200, "");
    is_guarded(&reply);
    let id = web.dir.names("spool/new").concat();
    assert_eq!(reply.json(), serde_json::json!({"success": true, "id": id}));
    assert_eq!(
        web.queued(),
        [Page::new(&["joe", "oncall"], "Disk full\n\u{fc}")]
    );
    // Where it is mounted, and what its type is called, is all the same.
    let body = "{\"profile\": \"joe\", \"message\": \"x\"}";
    let mounted = web.json("", body).with("SCRIPT_NAME", "/api/page");
    mounted.run().expect(200, "");
    for media_type in [
        "application/json; charset=utf-8",
        "Application/Problem+JSON",
    ] {
        let request = web.request("POST").path("/pages/api/page");
        request.body(media_type, body).run().expect(200, "");
    }
    assert_eq!(web.queued().len(), 3);
}

#[test]
fn what_is_wrong_is_told_in_json() {
    let web = Web::with("cgi-api-wrong", "[web]\nmax-length = 10\n");
    let deep = "[".repeat(16_000);
    for (body, status, words) in [
        ("", 400, "EOF"),
        ("x", 400, "expected value"),
        ("[]", 400, "a JSON object"),
        ("[\"joe\", \"x\"]", 400, "a JSON object"),
        ("null", 400, ""),
        (&deep, 400, ""),
        (
            "{\"profile\": \"joe\", \"message\": \"x\"} x",
            400,
            "trailing",
        ),
        ("{\"profile\": \"joe\"}", 400, "missing field message"),
        ("{\"message\": \"x\"}", 400, "missing field profile"),
        (
            "{\"profile\": [\"joe\"], \"message\": \"x\"}",
            400,
            "expected a string",
        ),
        (
            "{\"profile\": \"joe\", \"message\": 1}",
            400,
            "expected a string",
        ),
        (
            "{\"profile\": \"joe\", \"message\": null}",
            400,
            "expected a string",
        ),
        (
            "{\"profile\": \"joe\", \"profile\": \"jane\", \"message\": \"x\"}",
            400,
            "duplicate field profile",
        ),
        (
            "{\"profile\": \"\", \"message\": \"x\"}",
            400,
            "choose whom",
        ),
        (
            "{\"profile\": \"joe\", \"message\": \" \"}",
            400,
            "say something",
        ),
        (
            "{\"profile\": \"joe\", \"message\": \"a\\u0000\"}",
            400,
            "control",
        ),
        (
            "{\"profile\": \"joe\", \"message\": \"12345678901\"}",
            400,
            "11 characters",
        ),
        ("{\"profile\": \"joe\", \"message\": \"\\ud800\"}", 400, ""),
        (
            "{\"profile\": \"5551212\", \"message\": \"x\"}",
            404,
            "nobody can be paged",
        ),
        (
            "{\"profile\": \"joe,nobody\", \"message\": \"x\"}",
            404,
            "nobody can be paged",
        ),
    ] {
        let reply = web.json("/api/page", body).run().expect(status, "");
        is_guarded(&reply);
        let told = reply.json();
        assert_eq!(told["success"], false);
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(words), "{body}: {error}");
    }
    let bytes: fn(Request) -> Request =
        |request| request.body("application/json", b"{\"profile\": \"\xff\"}");
    bytes(web.request("POST").path("/api/page"))
        .run()
        .expect(400, "");
    assert_eq!(web.queued(), []);
}
