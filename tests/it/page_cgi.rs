//! `page-cgi`: what a request is answered, and what is queued.

mod api;
mod bad;
mod form;
mod limit;
mod queue;
mod result;
mod servers;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use crate::support::cgi::{FORM, JSON, Reply, Request};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Page, Scratch, applet, scratch, spooled};

/// Two pagers, a group, and a name that leads nowhere.
const CONFIG: &str = "\
[pager.jane]
[pager.joe]
[group.oncall]
members = [\"jane\", \"joe\"]
[group.nobody]
members = []
[route.default]
type = \"exec\"
command = [\"sh\", \"-c\", \"exit $(cat)\"]
";

/// A configuration and a spool that go away with their test.
struct Web {
    dir: Scratch,
}

impl Web {
    fn new(name: &str) -> Self {
        Self::with(name, "")
    }

    /// With more of a configuration.
    fn with(name: &str, more: &str) -> Self {
        let dir = scratch(name);
        dir.file("pagebox.toml", format!("{CONFIG}{more}"));
        for name in ["spool", "spool/tmp", "spool/new"] {
            fs::create_dir(dir.join(name)).unwrap();
        }
        Self { dir }
    }

    fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    fn request(&self, method: &str) -> Request {
        Request::new(method, &self.dir.join("pagebox.toml"), &self.spool())
    }

    fn get(&self) -> Request {
        self.request("GET")
    }

    /// A form with a token of ours.
    fn post(&self, fields: &str) -> Request {
        let token = self.token();
        self.request("POST")
            .body(FORM, format!("{fields}&token={token}"))
    }

    fn token(&self) -> String {
        let form = self.get().run();
        form.between("name=\"token\" value=\"", "\"").to_owned()
    }

    /// What a program sends.
    fn json(&self, path: &str, body: &str) -> Request {
        self.request("POST").path(path).body(JSON, body)
    }

    /// What is queued: each is removed, and nothing else is left.
    #[track_caller]
    fn queued(&self) -> Vec<Page> {
        let jobs = spooled::accepted(&self.spool());
        assert_eq!(self.dir.names("spool/tmp"), [""; 0]);
        for (name, _) in &jobs {
            fs::remove_file(self.spool().join("new").join(name)).unwrap();
        }
        jobs.into_iter().map(|(_, page)| page).collect()
    }

    fn deliver(&self) {
        let deliver = applet("page-deliver").arg("--spool").arg(self.spool());
        let deliver = deliver.arg("--config").arg(self.dir.join("pagebox.toml"));
        deliver.run().expect_status(0);
    }
}

/// What holds for every answer.
#[track_caller]
fn is_guarded(reply: &Reply) {
    for (name, value) in [
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let policy = reply.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    let media_type = reply.header("Content-Type").unwrap();
    assert!(media_type.ends_with("; charset=utf-8"), "{media_type}");
}

#[test]
fn no_web_server_is_64() {
    let output = applet("page-cgi").run();
    output.expect_complaint(64, "", "started by a web server");
    applet("page-cgi")
        .env("GATEWAY_INTERFACE", "")
        .run()
        .expect_status(64);
    applet("page-cgi").arg("--help").run().expect_status(0);
}

#[test]
fn words_are_a_query_and_never_options() {
    let web = Web::new("cgi-words");
    for words in [
        &["-x"][..],
        &["--help"],
        &["--config", "/nowhere"],
        &["--spool=/tmp", "x"],
    ] {
        let reply = web
            .get()
            .query(words[0])
            .changed(|cmd| cmd.args(words))
            .run();
        reply.expect(200, "<h1>Send a page</h1>");
    }
    assert_eq!(web.queued(), []);
}

#[test]
fn what_we_have_wrong_is_told_to_the_log_alone() {
    let web = Web::new("cgi-ours");
    let expect = |request: Request, log: &str| {
        let reply = request.run().expect(503, "try again later");
        assert!(reply.log.contains(log), "{}", reply.log);
        assert_eq!(reply.log.lines().count(), 1);
        assert_eq!(reply.header("Retry-After"), Some("60"));
        assert!(!reply.body.contains("spool/") && !reply.body.contains("toml"));
        is_guarded(&reply);
    };
    let page = "{\"profile\": \"joe\", \"message\": \"x\"}";
    let missing = web.dir.join("none.toml");
    let config = |request: Request| request.with("PAGEBOX_CONFIG", &missing);
    expect(config(web.get()), "there is no such file");
    expect(config(web.json("/api/page", page)), "there is no such file");
    fs::remove_dir(web.spool().join("new")).unwrap();
    expect(web.post("to=joe&message=x"), "there is no spool");
    expect(web.json("/api/page", page), "there is no spool");
    web.dir.file("spool/web/key", "short");
    expect(web.get(), "web/key: spoilt");
    fs::remove_dir_all(web.spool().join("web")).unwrap();
    web.dir.file("spool/web", "");
    expect(web.get(), "spool/web/key: Not a directory");
}

#[test]
fn an_answer_that_nobody_takes_is_74() {
    let web = Web::new("cgi-gone");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let running = web.get().changed(|cmd| cmd.stdout_to(full)).spawn();
    running.wait().expect_complaint(74, "", "was not taken");
}

#[test]
fn who_is_in_the_group_serves_whoever_else_does() {
    skip_unless!("root", "setpriv");
    let open = Scratch::below(&std::env::temp_dir(), "cgi-group");
    open.file("pagebox.toml", CONFIG);
    let binary = open.join("page-cgi");
    fs::copy(env!("CARGO_BIN_EXE_pagebox"), &binary).unwrap();
    let mode = |name: &str, mode| {
        fs::set_permissions(open.join(name), Permissions::from_mode(mode)).unwrap();
    };
    for name in ["", "spool", "spool/tmp", "spool/new"] {
        fs::create_dir_all(open.join(name)).unwrap();
        mode(name, 0o755);
    }
    let get = |user: &str| {
        let cmd = Cmd::new("setpriv").args(["--reuid", user, "--regid", "65533"]);
        let cmd = cmd.arg("--clear-groups").arg(&binary);
        let cmd = cmd.env("PAGEBOX_CONFIG", open.join("pagebox.toml"));
        let cmd = cmd.env("PAGEBOX_SPOOL", open.join("spool"));
        let cmd = cmd.env("GATEWAY_INTERFACE", "CGI/1.1");
        cmd.env("REQUEST_METHOD", "GET")
    };
    let reply = Reply::of(&get("65534").run()).expect(503, "");
    let told = "spool/web: Permission denied; see FILES in page-cgi(8) for who must have it";
    assert!(reply.log.contains(told), "{}", reply.log);
    // As the deliverer makes it.
    fs::create_dir(open.join("spool/web")).unwrap();
    chown(open.join("spool/web"), None, Some(65533)).unwrap();
    mode("spool/web", 0o2770);
    let page = "{\"profile\": \"joe\", \"message\": \"x\"}";
    for user in ["65534", "65532"] {
        Reply::of(&get(user).run()).expect(200, "");
        let post = get(user)
            .env("REQUEST_METHOD", "POST")
            .env("PATH_INFO", "/api/page");
        let post = post.env("CONTENT_TYPE", JSON).stdin(page);
        let reply = Reply::of(&post.env("CONTENT_LENGTH", page.len().to_string()).run());
        // It has counted, and then found a spool that is not its own.
        assert!(reply.log.contains("not queued: "), "{}", reply.log);
    }
    let limits = fs::read_to_string(open.join("spool/web/limits")).unwrap();
    assert_eq!(limits.lines().count(), 1);
}
