//! A person at a headless Chromium, by the WebDriver protocol: it looks, types and
//! presses keys. It knows no host but 127.0.0.1.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{Scratch, eventually};
use super::peers::{Process, command};

/// The name of an element's reference, as the protocol has it.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that make no character.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// How the browser is set.
#[derive(Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) no_scripts: bool,
    /// The width of a phone.
    pub(crate) phone: bool,
}

/// Needs `chromedriver` and `chromium`.
pub(crate) struct Browser {
    session: String,
    addr: String,
    _driver: Process,
    _dir: Scratch,
}

impl Browser {
    pub(crate) fn start(settings: Settings) -> Self {
        let dir = Scratch::below(&env::temp_dir(), "browser");
        let mut driver = command("chromedriver");
        driver
            .arg("--port=0")
            .env("HOME", &*dir)
            .env("TMPDIR", &*dir)
            .stdout(File::create(dir.join("said")).unwrap())
            .stderr(Stdio::null());
        let driver = Process::spawn(&mut driver);
        let mut port = None;
        eventually("the driver says its port", || {
            let said = dir.read("said");
            let rest = said.split_once("successfully on port ");
            port = rest.and_then(|(_, rest)| Some(rest.split_once('.')?.0.to_owned()));
            port.is_some()
        });
        let mut browser = Self {
            session: String::new(),
            addr: format!("127.0.0.1:{}", port.unwrap()),
            _driver: driver,
            _dir: dir,
        };
        let args = [
            "--headless=new",
            // There is no other user here for it to become.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ];
        let mut options = json!({ "args": args });
        if settings.no_scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        if settings.phone {
            let metrics = json!({ "width": 360, "height": 640, "pixelRatio": 3.0 });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = browser.call("POST", "/session", &wanted);
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, mut json) = self.exchange(method, path, body).unwrap();
        assert!(status.contains(" 200 "), "{method} {path}: {json}");
        json["value"].take()
    }

    /// One request on a connection of its own: the line of its status, and the answer.
    fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<(String, Value)> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut stream = TcpStream::connect(&self.addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.addr,
            body.len()
        )?;
        // It keeps the connection: its answer ends where it says so.
        let mut answer = BufReader::new(stream);
        let (mut status, mut length) = (String::new(), 0);
        answer.read_line(&mut status)?;
        let mut line = String::new();
        while answer.read_line(&mut line)? > 0 && line != "\r\n" {
            let field = line.to_ascii_lowercase();
            if let Some(value) = field.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            line.clear();
        }
        let mut json = vec![0; length];
        answer.read_exact(&mut json)?;
        Ok((status, serde_json::from_slice(&json)?))
    }

    fn get(&self, path: &str) -> Value {
        self.call("GET", &format!("{}{path}", self.session), &Value::Null)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{path}", self.session), body)
    }

    /// Goes to an address, and comes back when it is shown.
    pub(crate) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub(crate) fn title(&self) -> String {
        self.get("/title").as_str().unwrap().to_owned()
    }

    /// What a person reads in the first element that a selector names.
    pub(crate) fn text(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.post("/element", &wanted);
        let element = found[ELEMENT].as_str().expect("an element");
        let text = self.get(&format!("/element/{element}/text"));
        text.as_str().unwrap().to_owned()
    }

    /// The ID, or else the name, of what has the focus.
    pub(crate) fn focus(&self) -> String {
        let active = self.get("/element/active");
        let element = active[ELEMENT].as_str().expect("an element");
        let id = self.get(&format!("/element/{element}/attribute/id"));
        let name = self.get(&format!("/element/{element}/name"));
        id.as_str().or(name.as_str()).unwrap().to_owned()
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|stroke| json!({ "type": stroke, "value": key }))
            })
            .collect();
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": strokes }]);
        self.post("/actions", &json!({ "actions": actions }));
    }

    /// Puts a text where the focus is, as from the clipboard.
    pub(crate) fn paste(&self, text: &str) {
        let command = json!({ "cmd": "Input.insertText", "params": { "text": text } });
        self.post("/goog/cdp/execute", &command);
    }

    /// What an expression of JavaScript is there.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.post("/execute/sync", &script)
    }

    /// What the page has complained of since this was asked last.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let lines = log.as_array().unwrap().iter();
        lines.map(|line| line["message"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser has processes that its driver does not know; it ends them itself.
        // Where it cannot be told so any more, it has ended.
        _ = self.exchange("DELETE", &self.session, &Value::Null);
    }
}
