//! Other people's web servers in front of our `page-cgi`, set up by the files that we
//! ship, on free ports of 127.0.0.1; and a client of HTTP that says what it is told.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::geteuid;

use super::kit::{Scratch, link, scratch};
use super::peers::{Peer, command};
use super::supers::on_a_free_port;

/// Where our program is on every one of them.
pub(crate) const PAGE_CGI: &str = "/cgi-bin/page-cgi";

/// How a web server is started.
#[derive(Clone, Copy)]
pub(crate) struct Web<'a> {
    /// `$PAGEBOX_CONFIG` of our program.
    pub(crate) config: &'a Path,
    /// Who has to log in, and the hash of the password.
    pub(crate) user: Option<(&'a str, &'a str)>,
}

/// busybox httpd, with `scripts/web/busybox-httpd.conf`.
///
/// Needs `busybox`.
pub(crate) fn busybox_httpd(web: Web<'_>) -> Peer {
    on_a_free_port(scratch("httpd"), |scratch, port| {
        let bin = scratch.join("srv/cgi-bin");
        if !bin.exists() {
            fs::create_dir_all(&bin).expect("a directory of programs");
            symlink(link("page-cgi"), bin.join("page-cgi")).expect("a link to our program");
        }
        let shipped = shipped("busybox-httpd.conf");
        let lines = shipped.lines().map(|line| match (web.user, line) {
            (Some((name, hash)), "#/cgi-bin:NAME:$6$SALT$HASH") => {
                format!("/cgi-bin:{name}:{hash}\n")
            }
            _ => format!("{line}\n"),
        });
        let conf = scratch.file("httpd.conf", lines.collect::<String>());
        // The command that the file tells, but for its user: there is no group of the spool here.
        let told = shipped
            .lines()
            .find_map(|line| line.strip_prefix("#     busybox "));
        let mut words = told.expect("its command").split_whitespace();
        let mut httpd = command("busybox");
        httpd.env("PAGEBOX_CONFIG", web.config);
        while let Some(word) = words.next() {
            match word {
                "-p" => httpd.arg("-p").arg(format!("127.0.0.1:{port}")),
                "-h" => httpd.arg("-h").arg(scratch.join("srv")),
                "-c" => httpd.arg("-c").arg(&conf),
                "-u" => {
                    words.next();
                    continue;
                }
                _ => {
                    httpd.arg(word);
                    continue;
                }
            };
            words.next();
        }
        httpd
    })
}

/// A file that we ship, as somebody has edited it.
struct Edited(String);

impl Edited {
    fn new(name: &str) -> Self {
        Self(shipped(name))
    }

    fn replace(&mut self, from: &str, to: &str) {
        let Self(conf) = self;
        assert!(conf.contains(from), "no {from:?} in {conf}");
        *conf = conf.replace(from, to);
    }

    /// Our program, and its configuration.
    fn ours(&mut self, web: Web<'_>) {
        self.replace(
            "/usr/local/bin/page-cgi",
            &link("page-cgi").display().to_string(),
        );
        self.replace("/etc/pagebox.toml", &web.config.display().to_string());
    }

    /// The file of those who may log in.
    fn users(&mut self, scratch: &Scratch, (name, hash): (&str, &str), place: &str) {
        let file = scratch.file("htpasswd", format!("{name}:{hash}\n"));
        self.replace(place, &file.display().to_string());
    }
}

/// lighttpd, with `scripts/web/lighttpd.conf`. It waits no longer than two seconds for a body.
///
/// Needs `lighttpd`.
pub(crate) fn lighttpd(web: Web<'_>) -> Peer {
    on_a_free_port(scratch("lighttpd"), |scratch, port| {
        let mut conf = Edited::new("lighttpd.conf");
        conf.ours(web);
        conf.replace("#setenv", "setenv");
        if let Some(user) = web.user {
            conf.replace("#auth", "auth");
            conf.users(scratch, user, "/etc/lighttpd/pagebox.htpasswd");
        }
        let own = format!(
            "server.document-root = \"{dir}\"\nserver.upload-dirs = ( \"{dir}\" )\n\
             server.bind = \"127.0.0.1\"\nserver.port = {port}\nserver.max-read-idle = 2\n",
            dir = scratch.display()
        );
        let conf = scratch.file("lighttpd.conf", own + &conf.0);
        let mut lighttpd = command("lighttpd");
        lighttpd.arg("-D").arg("-f").arg(conf);
        lighttpd
    })
}

/// nginx and fcgiwrap, with `scripts/web/nginx.conf`. It waits no longer than two seconds
/// for a body.
///
/// Needs `nginx` and `fcgiwrap`.
pub(crate) fn nginx(web: Web<'_>) -> Peer {
    on_a_free_port(scratch("nginx"), |scratch, port| {
        let mut conf = Edited::new("nginx.conf");
        let socket = scratch.join("fcgiwrap.socket");
        conf.replace("/run/fcgiwrap.socket", &socket.display().to_string());
        conf.ours(web);
        conf.replace("#fastcgi_param PAGEBOX", "fastcgi_param PAGEBOX");
        if let Some(user) = web.user {
            conf.replace("#auth", "auth");
            conf.replace("#fastcgi_param REMOTE_USER", "fastcgi_param REMOTE_USER");
            conf.users(scratch, user, "/etc/nginx/pagebox.htpasswd");
        }
        let dir = scratch.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|name| format!("{name}_temp_path {dir}/{name};\n"));
        let own = format!(
            "daemon off;\npid {dir}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{}\
             access_log off;\nserver {{\nlisten 127.0.0.1:{port};\nclient_body_timeout 2;\n\
             {}}}\n}}\n",
            temporary.concat(),
            conf.0
        );
        let conf = scratch.file("nginx.conf", own);
        let mut both = unprivileged("sh");
        let start = "fcgiwrap -c 4 -s unix:\"$0\" & exec nginx -e stderr -c \"$1\"";
        both.args(["-c", start]).arg(socket).arg(conf);
        both
    })
}

/// Apache, with `scripts/web/apache.conf`. It waits no longer than two seconds for a body.
///
/// Needs `apache2`.
pub(crate) fn apache(web: Web<'_>) -> Peer {
    on_a_free_port(scratch("apache"), |scratch, port| {
        let mut conf = Edited::new("apache.conf");
        conf.ours(web);
        conf.replace("#SetEnv", "SetEnv");
        if let Some(user) = web.user {
            conf.replace("    Require all granted\n", "");
            conf.replace("#Require", "Require");
            conf.replace("#Auth", "Auth");
            conf.users(scratch, user, "/etc/apache2/pagebox.htpasswd");
        }
        let modules = "mpm_event authn_core authn_file authz_core authz_user auth_basic alias \
                       env reqtimeout cgid";
        let modules = modules.split_whitespace().map(|name| {
            format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n")
        });
        let own = format!(
            "{}ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {dir}/pid\n\
             ScriptSock {dir}/cgid\nErrorLog {dir}/errors\nDocumentRoot {dir}\n\
             RequestReadTimeout header=5 body=2\n",
            modules.collect::<String>(),
            dir = scratch.display()
        );
        let conf = scratch.file("apache.conf", own + &conf.0);
        let mut apache = unprivileged("apache2");
        apache.args(["-D", "FOREGROUND", "-f"]).arg(conf);
        apache
    })
}

/// A program that would give its rights away, and with them those to the files of a test, if
/// it found that it was run by root.
fn unprivileged(program: &str) -> Command {
    if !geteuid().is_root() {
        return command(program);
    }
    let mut within = command("unshare");
    within.args(["--user", "--map-user=1", "--map-group=1"]);
    within.arg(command(program).get_program());
    within
}

fn shipped(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/web");
    fs::read_to_string(dir.join(name)).expect("a file that is shipped")
}

/// What a server has answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        let body = match head.to_ascii_lowercase() {
            head if head.contains("\r\ntransfer-encoding: chunked") => &joined(body),
            _ => body,
        };
        Self {
            status: status.and_then(|word| word.parse().ok()).expect("a status"),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert_eq!(found.next(), None, "{name} stands there twice");
        first
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The chunks of a body, up to the last that is whole.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((length, behind)) = chunks.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("the length of a chunk");
        let Some((chunk, rest)) = behind.split_at_checked(length).filter(|_| length > 0) else {
            break;
        };
        body += chunk;
        chunks = rest.trim_start();
    }
    body
}

/// Says exactly this, and hears the answer to its end.
pub(crate) fn say(addr: &str, request: impl AsRef<[u8]>) -> Response {
    let mut stream = TcpStream::connect(addr).expect("a connection");
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).expect("a limit");
    // Who refuses a request need not read all of it.
    let _ = stream.write_all(request.as_ref());
    let mut heard = Vec::new();
    if let Err(error) = stream.read_to_end(&mut heard) {
        assert!(!heard.is_empty(), "no answer: {error}");
    }
    Response::parse(&heard)
}

/// A request for our program; `target` is what stands behind its path, `headers` are whole lines.
pub(crate) fn request(
    addr: &str,
    method: &str,
    target: &str,
    headers: &[&str],
    body: &str,
) -> Response {
    let mut head = format!("{method} {PAGE_CGI}{target} HTTP/1.1\r\nHost: {addr}\r\n");
    for header in headers {
        head += header;
        head += "\r\n";
    }
    if !body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    say(addr, format!("{head}Connection: close\r\n\r\n{body}"))
}

pub(crate) fn get(addr: &str, target: &str) -> Response {
    request(addr, "GET", target, &[], "")
}

/// A program's call.
pub(crate) fn post_json(addr: &str, target: &str, body: &str) -> Response {
    request(
        addr,
        "POST",
        target,
        &["Content-Type: application/json"],
        body,
    )
}
