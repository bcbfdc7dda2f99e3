//! The form: what is shown, what is taken, and what is shown again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use super::{Web, is_guarded};
use crate::durability::strace_may_trace;
use crate::support::cgi::{FORM, Reply, Request};
use crate::support::peers::skip_unless;
use crate::support::{Page, Tmpfs};

#[test]
fn it_offers_the_names_that_lead_somewhere() {
    let web = Web::new("cgi-form");
    let form = web.get().run().expect(200, "<html lang=\"en\">");
    is_guarded(&form);
    let values: Vec<&str> = form.body.split("name=\"to\" value=\"").skip(1).collect();
    let values: Vec<&str> = values
        .iter()
        .map(|v| v.split('"').next().unwrap())
        .collect();
    assert_eq!(values, ["jane", "joe", "oncall"]);
    assert!(!form.body.contains("checked"));
    assert!(form.body.contains("At most 256 characters."));
    let head = web.request("HEAD").run().expect(200, "");
    assert_eq!(
        (head.body.as_str(), head.headers.len()),
        ("", form.headers.len())
    );
    // What the configuration offers, in its order; one that is alone is chosen.
    let web = Web::with(
        "cgi-names",
        "[web]\nnames = [\"oncall\", \"jane\", \"nobody\"]\nmax-length = 5\n",
    );
    let form = web.get().run();
    let (oncall, jane) = (form.body.find("\"oncall\""), form.body.find("\"jane\""));
    assert!(oncall.unwrap() < jane.unwrap() && !form.body.contains("joe"));
    assert!(form.body.contains("At most 5 characters.") && !form.body.contains("nobody"));
    let web = Web::with("cgi-name", "[web]\nnames = [\"joe\"]\n");
    web.get()
        .path("/")
        .run()
        .expect(200, "value=\"joe\" checked>");
}

#[test]
fn each_field_has_its_label() {
    let web = Web::new("cgi-labels");
    let form = web.get().run();
    let ids: Vec<&str> = form.body.split(" id=\"").skip(1).collect();
    let ids: Vec<&str> = ids.iter().map(|id| id.split('"').next().unwrap()).collect();
    for words in ["for=\"", "aria-describedby=\""] {
        for text in form.body.split(words).skip(1) {
            for id in text.split('"').next().unwrap().split(' ') {
                assert!(ids.contains(&id), "{words}{id}");
            }
        }
    }
    for id in ["to-0", "to-1", "to-2", "message"] {
        assert!(form.body.contains(&format!("for=\"{id}\">")), "{id}");
    }
    for words in [
        "<main>",
        "<h1>",
        "<legend>",
        "name=\"viewport\"",
        " required ",
        "<button>",
    ] {
        assert!(form.body.contains(words), "{words}");
    }
}

#[test]
fn what_is_filled_in_is_queued() {
    let web = Web::new("cgi-queued");
    let reply = web
        .post("to=joe&to=oncall&to=joe&message=Disk+full%0D%0Aon+db1+%C3%BC%0D%0A")
        .run();
    assert_eq!((reply.status, reply.log.as_str()), (303, ""));
    is_guarded(&reply);
    let job = fs::read_to_string(web.spool().join("new").join(&web.dir.names("spool/new")[0]));
    assert!(job.unwrap().contains("\nFrom: ?192.0.2.7\n"));
    assert_eq!(
        web.queued(),
        [Page::new(&["joe", "oncall"], "Disk full\non db1 \u{fc}")]
    );
    // Whom the web server knows is known; a token is for him alone.
    web.post("to=joe&message=x")
        .with("REMOTE_USER", "ann")
        .run()
        .expect(403, "");
    let form = web.get().with("REMOTE_USER", "ann").run();
    let token = form.between("name=\"token\" value=\"", "\"").to_owned();
    let body = format!("to=jane&message=x&token={token}&more=1");
    let request = web
        .request("POST")
        .body("Application/X-WWW-Form-Urlencoded; charset=UTF-8", &body);
    request.with("REMOTE_USER", "ann").run().expect(303, "");
    let job = fs::read_to_string(web.spool().join("new").join(&web.dir.names("spool/new")[0]));
    assert!(job.unwrap().contains("\nFrom: ann\n"));
    assert_eq!(web.queued(), [Page::new(&["jane"], "x")]);
}

#[test]
fn a_name_that_a_job_cannot_give_costs_no_page() {
    let web = Web::new("cgi-odd-user");
    for user in ["?joe", " joe", "joe "] {
        let form = web.get().with("REMOTE_USER", user).run();
        let token = form.between("name=\"token\" value=\"", "\"");
        let request = web
            .request("POST")
            .body(FORM, format!("to=jane&message={user}&token={token}"));
        request.with("REMOTE_USER", user).run().expect(303, "");
    }
    assert_eq!(web.queued().len(), 3);
    for name in web.dir.names("spool/new") {
        let job = fs::read_to_string(web.spool().join("new").join(name)).unwrap();
        assert!(job.contains("\nFrom: ?127.0.0.1\n"), "{job}");
    }
}

#[test]
fn what_is_wrong_is_told_and_what_was_written_stays() {
    let web = Web::with("cgi-again", "[web]\nmax-length = 10\n");
    let mark = "aria-invalid=\"true\" autofocus";
    for (fields, status, words) in [
        ("to=joe&message=", 400, "say something"),
        ("to=joe&message=+%0D%0A%C2%A0", 400, "say something"),
        ("to=joe", 400, "say something"),
        (
            "to=joe&message=12345678901",
            400,
            "has 11 characters, and may have 10",
        ),
        ("to=joe&message=a%1B[2J", 400, "control characters"),
        ("to=joe&message=a%0Db", 400, "control characters"),
        ("message=x", 400, "choose whom"),
        ("to=&message=x", 404, "nobody can be paged"),
        (
            "to=5551212&message=x",
            404,
            "nobody can be paged as &quot;5551212&quot;",
        ),
        ("to=joe&to=nobody&message=x", 404, "nobody can be paged"),
    ] {
        let reply = web.post(fields).run().expect(status, words);
        assert_eq!(reply.body.matches(mark).count(), 1, "{fields}");
        assert_eq!(
            reply.body.contains("value=\"joe\" checked"),
            fields.contains("to=joe")
        );
        assert!(reply.body.contains("<title>Error") && reply.body.contains("role=\"alert\""));
        is_guarded(&reply);
    }
    // A form for the text that it comes back with, which is a text and no more.
    let text = "\n</textarea><script>alert(1)</script>'\"&amp;";
    let fields = [("to", "\"><b>"), ("message", text)];
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let reply = web
        .post(&body)
        .run()
        .expect(404, "&quot;\\&quot;&gt;&lt;b&gt;&quot;");
    assert_eq!(reply.body.matches("<script>").count(), 1);
    let shown = reply.between("aria-describedby=\"hint\">\n", "</textarea>");
    assert_eq!(
        shown,
        "\n&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot;&amp;amp;"
    );
    // What is at the end does not count, and characters do, not bytes.
    let fire = "%F0%9F%94%A5".repeat(10);
    web.post(&format!("to=joe&message={fire}%0D%0A++"))
        .run()
        .expect(303, "");
    assert_eq!(web.queued(), [Page::new(&["joe"], "\u{1f525}".repeat(10))]);
}

#[test]
fn a_form_that_we_have_not_given_is_not_taken() {
    let web = Web::new("cgi-token");
    let token = web.token();
    let with = |token: &str| {
        let body = format!("to=joe&message=Fire&token={token}");
        web.request("POST").body(FORM, body)
    };
    let flipped: String = token.chars().rev().collect();
    for wrong in ["", "x", &token[1..], &flipped] {
        let reply = with(wrong)
            .run()
            .expect(403, "the form was old: send it again");
        assert!(
            reply.body.contains("Fire</textarea>") && reply.body.contains("value=\"joe\" checked")
        );
        // The one that comes with it is good.
        let fresh = reply.between("name=\"token\" value=\"", "\"");
        with(fresh).run().expect(303, "");
    }
    with(&token)
        .with("REMOTE_ADDR", "192.0.2.8")
        .run()
        .expect(403, "");
    let no_token = web.request("POST").body(FORM, "to=joe&message=x");
    no_token.run().expect(403, "");
    with(&token).run().expect(303, "");
    assert_eq!(web.queued().len(), 5);
}

#[test]
fn another_site_cannot_send_it() {
    let web = Web::new("cgi-origin");
    let post = || web.post("to=joe&message=x");
    for (name, value) in [
        ("HTTP_ORIGIN", "https://evil.example.com"),
        ("HTTP_ORIGIN", "https://www.example.com.evil.example"),
        ("HTTP_ORIGIN", "http://www.example.com:8080"),
        ("HTTP_ORIGIN", "null"),
        ("HTTP_ORIGIN", ""),
        ("HTTP_ORIGIN", "www.example.com"),
        ("HTTP_SEC_FETCH_SITE", "cross-site"),
        ("HTTP_SEC_FETCH_SITE", "same-site"),
        ("HTTP_SEC_FETCH_SITE", ""),
    ] {
        let reply = post().with(name, value).run();
        reply.expect(403, "another site has asked for this");
        let page = web.json("/api/page", "{\"profile\": \"joe\", \"message\": \"x\"}");
        let reply = page.with(name, value).run().expect(403, "");
        assert_eq!(reply.json()["success"], false);
    }
    let no_host = post().with("HTTP_ORIGIN", "http://").with("HTTP_HOST", "");
    no_host.run().expect(403, "");
    assert_eq!(web.queued(), []);
    let own = post().with("HTTP_ORIGIN", "https://WWW.example.com");
    own.with("HTTP_SEC_FETCH_SITE", "same-origin")
        .run()
        .expect(303, "");
    post()
        .with("HTTP_SEC_FETCH_SITE", "none")
        .run()
        .expect(303, "");
    let elsewhere = post().with("HTTP_HOST", "[::1]:8080");
    elsewhere
        .with("HTTP_ORIGIN", "http://[::1]:8080")
        .run()
        .expect(303, "");
    // Some servers keep the port from us, and then tell their own.
    let own_port = post().with("HTTP_ORIGIN", "http://www.example.com:8080");
    own_port.with("SERVER_PORT", "8080").run().expect(303, "");
    // A browser that says so need not be believed about less.
    let redirected = post().with("HTTP_ORIGIN", "null");
    redirected
        .with("HTTP_SEC_FETCH_SITE", "same-origin")
        .run()
        .expect(303, "");
    // And some tell the port of the client, another one each time.
    let fields = format!("to=joe&message=x&token={}", {
        let form = web.get().with("REMOTE_ADDR", "192.0.2.7:1111").run();
        form.between("name=\"token\" value=\"", "\"").to_owned()
    });
    let post = web.request("POST").body(FORM, fields);
    post.with("REMOTE_ADDR", "192.0.2.7:2222")
        .run()
        .expect(303, "");
    assert_eq!(web.queued().len(), 6);
}

#[test]
fn requests_share_one_key_that_nobody_else_reads() {
    let web = Web::new("cgi-key");
    let first: Vec<_> = (0..8).map(|_| web.get().spawn()).collect();
    let token = |text: &str| {
        let (_, rest) = text.split_once("name=\"token\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    for get in first {
        let token = token(&get.wait().stdout);
        let body = format!("to=joe&message=x&token={token}");
        web.request("POST").body(FORM, body).run().expect(303, "");
    }
    let mut names = web.dir.names("spool/web");
    names.retain(|name| !name.starts_with("form-"));
    assert_eq!(names, ["key", "limits"]);
    let mode = |path: &str| {
        let about = fs::metadata(web.spool().join(path)).unwrap();
        about.permissions().mode() & 0o7777
    };
    let modes = ["web", "web/key", "web/limits"].map(mode);
    assert_eq!(modes, [0o2770, 0o640, 0o660]);
}

#[test]
fn a_spool_that_is_full_is_503_and_nothing_is_lost() {
    skip_unless!("root", "mount");
    let web = Web::new("cgi-full");
    let spool = web.spool();
    fs::remove_dir_all(&spool).unwrap();
    let Some(disk) = Tmpfs::on(&spool) else {
        return;
    };
    for name in ["tmp", "new", "web"] {
        fs::create_dir(spool.join(name)).unwrap();
    }
    // Both have a file that need not grow.
    web.post("to=joe&message=x").run().expect(303, "");
    web.queued();
    let post = web.post("to=joe&message=Fire");
    let filler = disk.fill();
    let reply = post.run().expect(503, "nothing is queued");
    assert!(reply.body.contains("Fire</textarea>"));
    assert_eq!(reply.header("Retry-After"), Some("60"));
    assert!(reply.log.contains("No space left"), "{}", reply.log);
    let page = || web.json("/api/page", "{\"profile\": \"joe\", \"message\": \"Fire\"}");
    let reply = page().run().expect(503, "");
    assert_eq!(
        (reply.json()["success"].clone(), reply.header("Retry-After")),
        (false.into(), Some("60"))
    );
    assert_eq!(web.queued(), []);
    fs::remove_file(filler).unwrap();
    page().run().expect(200, "");
    assert_eq!(web.queued(), [Page::new(&["joe"], "Fire")]);
}

/// Where the results of these requests are.
fn places(requests: Vec<Request>) -> Vec<String> {
    let running: Vec<_> = requests.into_iter().map(Request::spawn).collect();
    let replies = running.into_iter().map(|one| Reply::of(&one.wait()));
    let replies = replies.map(|reply| reply.expect(303, ""));
    let place = |reply: Reply| reply.header("Location").unwrap().to_owned();
    replies.map(place).collect()
}

/// Whether that is told to one whose form has come before.
fn is_again(place: &str) -> bool {
    place.ends_with("&again=1")
}

fn without(place: &str) -> &str {
    place.strip_suffix("&again=1").unwrap_or(place)
}

#[test]
fn a_form_that_comes_again_pages_nobody_again() {
    let web = Web::new("cgi-twice");
    let token = web.token();
    let post = |fields: &str| {
        let body = format!("{fields}&token={token}");
        web.request("POST").body(FORM, body)
    };
    // Two clicks at once, a reload, and one long after it was sent.
    let fire = || post("to=joe&message=Fire");
    let mut all = places((0..4).map(|_| fire()).collect());
    assert_eq!(web.queued(), [Page::new(&["joe"], "Fire")]);
    all.extend(places(vec![fire()]));
    web.deliver();
    all.extend(places(vec![fire()]));
    let (first, again): (Vec<_>, Vec<_>) = all.iter().partition(|place| !is_again(place));
    assert_eq!(first.len(), 1, "{all:?}");
    assert!(
        again.iter().all(|place| without(place) == *first[0]),
        "{all:?}"
    );
    // To have sent it twice and to read of one page would be to think that both went.
    for (place, words) in [(first[0], 0), (again[0], 1)] {
        let (_, query) = place.split_once('?').unwrap();
        let reply = web.get().query(query).run().expect(200, "<dd>joe</dd>");
        assert_eq!(reply.body.matches("has come before").count(), words);
    }
    let first = first[0].clone();
    assert_eq!(web.queued(), []);
    // Another text or another name is another page, and so is another form.
    for other in [
        "to=joe&message=Fire!",
        "to=jane&message=Fire",
        "to=joe&to=jane&message=Fire",
    ] {
        assert!(!is_again(&places(vec![post(other)])[0]), "{other}");
    }
    assert!(!is_again(&places(vec![web.post("to=joe&message=Fire")])[0]));
    assert_eq!(web.queued().len(), 4);
    // It is the same form that is shown again where something is wrong with it.
    let reply = post("message=Fire").run().expect(400, "choose whom");
    let shown = reply.between("name=\"token\" value=\"", "\"").to_owned();
    let body = format!("to=joe&message=Fire&token={shown}");
    let again = web.request("POST").body(FORM, body);
    assert_eq!(places(vec![again]), [format!("{first}&again=1")]);
    assert_eq!(web.queued(), []);
}

#[test]
fn a_form_that_was_not_taken_can_come_again() {
    let web = Web::new("cgi-retry");
    let body = format!("to=joe&message=Fire&token={}", web.token());
    let post = || web.request("POST").body(FORM, &body);
    let (new, away) = (web.spool().join("new"), web.spool().join("away"));
    fs::rename(&new, &away).unwrap();
    post().run().expect(503, "nothing is queued");
    fs::rename(&away, &new).unwrap();
    // It is in hand.
    let forms = web.dir.names("spool/web");
    let form = forms.iter().find(|name| name.starts_with("form-")).unwrap();
    let path = web.spool().join("web").join(form);
    let held = fs::File::open(&path).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let reply = post().run().expect(503, "it is in hand");
    assert_eq!(reply.header("Retry-After"), Some("1"));
    drop(held);
    // It is not in hand where that cannot be said.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    post().run().expect(503, "nothing is queued");
    fs::remove_dir(&path).unwrap();
    assert_eq!(web.queued(), []);
    // A crash has cut off what it says.
    fs::write(&path, "/cgi-bin").unwrap();
    let place = places(vec![post()]);
    assert_eq!(web.queued(), [Page::new(&["joe"], "Fire")]);
    assert_eq!(without(&places(vec![post()])[0]), place[0]);
    assert_eq!(web.queued(), []);
}

#[test]
fn a_page_that_is_queued_is_known_even_if_its_browser_has_gone() {
    skip_unless!("strace");
    if !strace_may_trace() {
        return;
    }
    let web = Web::new("cgi-gone-at-once");
    let body = format!("to=joe&message=Fire&token={}", web.token());
    let post = || web.request("POST").body(FORM, &body);
    // As some web servers do once the connection is closed, and here as the job has its name.
    let trace = web.dir.join("trace").display().to_string();
    let signal = ["-o", &trace, "-e", "inject=renameat:signal=SIGTERM"];
    let place = places(vec![post().changed(|cmd| cmd.under("strace", &signal))]);
    assert!(web.dir.read("trace").contains("SIGTERM"));
    assert_eq!(without(&places(vec![post()])[0]), place[0]);
    assert_eq!(web.queued(), [Page::new(&["joe"], "Fire")]);
}

#[test]
fn what_was_written_comes_back_where_there_is_no_form() {
    let web = Web::new("cgi-no-form");
    let post = web.post("to=joe&message=%3CFire%3E%0D%0Aon+db1");
    // Somebody is just writing it.
    web.dir.file("pagebox.toml", "[pager.joe");
    let reply = post.run().expect(503, "nothing is queued");
    assert_eq!(
        reply.between(
            "<textarea id=\"message\" rows=\"4\" readonly>\n",
            "</textarea>"
        ),
        "&lt;Fire&gt;\non db1"
    );
    assert!(
        reply
            .body
            .contains("<label class=\"label\" for=\"message\">")
    );
    assert_eq!(web.queued(), []);
    let reply = web.get().run().expect(503, "nothing is queued");
    assert!(!reply.body.contains("textarea id"));
}

#[test]
fn forms_are_forgotten_once_they_are_too_old() {
    let web = Web::new("cgi-forget");
    web.deliver();
    web.post("to=joe&message=Fire").run().expect(303, "");
    web.post("to=jane&message=Fire").run().expect(303, "");
    let forms = || {
        let mut names = web.dir.names("spool/web");
        names.retain(|name| name.starts_with("form-"));
        names
    };
    let age = |name: &str, hours: u64| {
        let file = fs::File::open(web.spool().join(name)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_modified(then).unwrap();
    };
    let both = forms();
    assert_eq!(both.len(), 2);
    age(&format!("web/{}", both[0]), 25);
    age(&format!("web/{}", both[1]), 14);
    age("web/key", 1000);
    age("active/.tidied", 2);
    web.deliver();
    assert_eq!(forms(), both[1..]);
    assert!(web.dir.names("spool/web").contains(&"key".to_owned()));
}
