//! A server that misbehaves to order, for the faults that no healthy program
//! produces: silence, half a reply, a lost line, the wrong reply.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

/// Instead of a reply, in a table of [`Fake::replies`]: say nothing and listen on.
pub(crate) const SILENCE: &str = "\0silence";
/// Instead of a reply: close the connection in good order.
pub(crate) const HANG_UP: &str = "\0hang up";
/// Instead of a reply: lose the connection (a TCP reset).
pub(crate) const RESET: &str = "\0reset";

/// How long a script waits for a client to say something.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long [`Conversation::hold`] may last, whatever was asked for.
const LONGEST_HOLD: Duration = Duration::from_secs(30);

/// What a server says that has nothing against anyone; a table's own rules come first.
const POLITE: &[(&str, &str)] = &[
    ("greeting", "220 fake gateway ready"),
    ("", "500 Command not recognized"),
    ("PAGE", "250 Pager ID accepted"),
    ("MESS", "250 Message OK"),
    ("DATA", "354 Begin input; end with <CRLF>'.'<CRLF>"),
    (".", "250 Message OK"),
    ("SEND", "250 Message sent"),
    ("RESE", "250 Reset"),
    ("LOGI", "250 Welcome"),
    ("QUIT", "221 Goodbye"),
];

/// A server on a port of 127.0.0.1 that lives as long as this value.
pub(crate) struct Fake {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Ports of connections that only wake the listener. Held while one is being made, so that
    /// the listener cannot take it for a client.
    wakers: Mutex<Vec<u16>>,
}

#[derive(Default)]
struct State {
    stop: bool,
    woken: usize,
    connections: usize,
    active: usize,
    heard: Vec<String>,
    raw: Vec<Vec<u8>>,
    /// The only owners of the sockets but for their conversations: a socket held anywhere else
    /// would stay open when its conversation closes it.
    open: HashMap<usize, Arc<TcpStream>>,
}

impl Fake {
    /// A server that runs a script for every connection, each in a thread of its own.
    pub(crate) fn lockstep(script: impl Fn(&mut Conversation) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener on loopback");
        let addr = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let (inner, script) = (Arc::clone(&shared), Arc::new(script));
        thread::spawn(move || listen(&listener, &inner, &script));
        Self { addr, shared }
    }

    /// A server that answers from a table of command prefixes and replies.
    ///
    /// The longest prefix wins; what no rule matches is answered as a polite server would
    /// (see `POLITE`). Special prefixes: `greeting`; `.` for the end of DATA's text, which is
    /// read only after a 354; the empty one for unknown commands. A prefix given several times
    /// is answered with its replies in order, the last one for ever. A reply may have several
    /// lines, and a line end is added; or it is [`SILENCE`], [`HANG_UP`] or [`RESET`]. QUIT's
    /// reply, and any that begins with 421, closes.
    pub(crate) fn replies(rules: &[(&str, &str)]) -> Self {
        let mut table: Vec<Rule> = Vec::new();
        for &(prefix, reply) in rules {
            match table.iter_mut().find(|rule| rule.prefix == prefix) {
                Some(rule) => rule.replies.push(reply.to_owned()),
                None => table.push(Rule::new(prefix, reply)),
            }
        }
        let polite = POLITE
            .iter()
            .map(|&(prefix, reply)| Rule::new(prefix, reply));
        let table = Table {
            own: table.into(),
            polite: polite.collect::<Vec<_>>().into(),
        };
        Self::lockstep(move |client| table.serve(client))
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn addr(&self) -> String {
        self.addr.to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.settle();
        self.shared.state.lock().unwrap().connections
    }

    /// Every line heard, of all connections, without line ends; once no client is connected.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.settle();
        self.heard_so_far()
    }

    /// Every line heard, while clients may still be talking.
    pub(crate) fn heard_so_far(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().heard.clone()
    }

    /// Every byte heard, by connection; once no client is connected.
    pub(crate) fn raw(&self) -> Vec<Vec<u8>> {
        self.settle();
        self.shared.state.lock().unwrap().raw.clone()
    }

    /// Waits until some client has said this line.
    #[track_caller]
    pub(crate) fn wait_for(&self, line: &str) {
        self.wait_for_within(PATIENCE, line);
    }

    /// The same, where it takes longer than anything else does.
    #[track_caller]
    pub(crate) fn wait_for_within(&self, limit: Duration, line: &str) {
        let deadline = Instant::now() + limit;
        let mut state = self.shared.state.lock().unwrap();
        while !state.heard.iter().any(|heard| heard == line) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "never heard {line:?}, but {:?}",
                state.heard
            );
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until every connection made so far was accepted, and is over.
    fn settle(&self) {
        let woken = self.shared.state.lock().unwrap().woken;
        self.wake();
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state.lock().unwrap();
        // Connections are accepted in order, so whoever came before our waker is known by then.
        while state.woken == woken || state.active > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn wake(&self) {
        let mut wakers = self.shared.wakers.lock().unwrap();
        if let Ok(Ok(addr)) = TcpStream::connect(self.addr).map(|waker| waker.local_addr()) {
            wakers.push(addr.port());
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            state.stop = true;
            // A conversation may be in the middle of a long silence.
            for stream in state.open.values() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        self.wake();
    }
}

fn listen<F: Fn(&mut Conversation) + Send + Sync + 'static>(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    script: &Arc<F>,
) {
    while let Ok((stream, peer)) = listener.accept() {
        let mut wakers = shared.wakers.lock().unwrap();
        let waker = wakers.iter().position(|&port| port == peer.port());
        if let Some(at) = waker {
            wakers.swap_remove(at);
        }
        drop(wakers);
        let mut state = shared.state.lock().unwrap();
        if state.stop {
            return;
        }
        if waker.is_some() {
            state.woken += 1;
            shared.changed.notify_all();
            continue;
        }
        let _ = stream.set_nodelay(true);
        let stream = Arc::new(stream);
        let number = state.connections;
        state.connections += 1;
        state.active += 1;
        state.raw.push(Vec::new());
        state.open.insert(number, Arc::clone(&stream));
        drop(state);
        let (shared, script) = (Arc::clone(shared), Arc::clone(script));
        thread::spawn(move || {
            let mut client = Conversation {
                number,
                stream: Some(stream),
                shared,
                unread: Vec::new(),
            };
            script(&mut client);
            client.close();
        });
    }
}

/// What a server that takes everything says to a command.
pub(crate) fn polite(line: &str) -> &'static str {
    if line == "QUIT" {
        "221 bye\r\n"
    } else {
        "250 ok\r\n"
    }
}

/// One connection, as a script sees it. Its end is an orderly close.
pub(crate) struct Conversation {
    /// Which connection this is, counted from 0.
    pub(crate) number: usize,
    stream: Option<Arc<TcpStream>>,
    shared: Arc<Shared>,
    unread: Vec<u8>,
}

impl Conversation {
    /// Says exactly these bytes, in one write. A client that has gone is no error.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        if let Some(mut stream) = self.stream.as_deref() {
            let _ = stream.write_all(bytes.as_ref());
        }
    }

    /// Says them one at a time.
    pub(crate) fn say_slowly(&mut self, bytes: impl AsRef<[u8]>, gap: Duration) {
        for byte in bytes.as_ref() {
            self.say([*byte]);
            self.pause(gap);
        }
    }

    /// One line without its end; none when the client has closed or said nothing for 10 s.
    pub(crate) fn hear(&mut self) -> Option<String> {
        self.hear_through(b"\n")
    }

    /// What comes up to and with this ending, given (and recorded) without CR and LF at its end:
    /// `b"\r"` for protocols whose lines end so.
    pub(crate) fn hear_through(&mut self, ending: &[u8]) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        let length = loop {
            if let Some(at) = self
                .unread
                .windows(ending.len())
                .position(|bytes| bytes == ending)
            {
                break at + ending.len();
            }
            if !self.read(deadline) {
                return None;
            }
        };
        let bytes: Vec<u8> = self.unread.drain(..length).collect();
        Some(self.record(&bytes))
    }

    /// The lines up to the lone dot, which is not among them; none if it never comes.
    pub(crate) fn hear_until_dot(&mut self) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            match self.hear()? {
                dot if dot == "." => return Some(lines),
                line => lines.push(line),
            }
        }
    }

    /// Drops what came behind the last line that was heard, as far as it is there.
    pub(crate) fn swallow(&mut self) {
        self.unread.clear();
    }

    /// Lets time pass; no longer than the test lasts.
    pub(crate) fn pause(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        let mut state = self.shared.state.lock().unwrap();
        while !state.stop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Says nothing, and listens, until the client closes or the time is over.
    pub(crate) fn hold(&mut self, time: Duration) {
        let deadline = Instant::now() + time.min(LONGEST_HOLD);
        while self.read(deadline) {}
    }

    /// Closes in good order: the client sees the end of file after all that was said.
    pub(crate) fn close(&mut self) {
        let Some(stream) = self.stream.as_deref() else {
            return;
        };
        let _ = stream.shutdown(Shutdown::Write);
        // A close with bytes unread would be a reset, and the client might lose our last words.
        let deadline = Instant::now() + Duration::from_secs(2);
        while self.read(deadline) {}
        self.leave();
    }

    /// Loses the connection: the client sees a reset.
    pub(crate) fn reset(&mut self) {
        if let Some(stream) = self.stream.as_deref() {
            let _ = set_socket_linger(stream, Some(Duration::ZERO));
        }
        self.leave();
    }

    /// Takes in what comes before the deadline; false when nothing more will.
    fn read(&mut self, deadline: Instant) -> bool {
        let Some(mut stream) = self.stream.as_deref() else {
            return false;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return false;
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(n) => {
                self.unread.extend_from_slice(&buffer[..n]);
                self.shared.state.lock().unwrap().raw[self.number].extend_from_slice(&buffer[..n]);
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }

    fn record(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        self.shared.state.lock().unwrap().heard.push(text.clone());
        self.shared.changed.notify_all();
        text
    }

    fn leave(&mut self) {
        if self.stream.take().is_none() {
            return;
        }
        // What no script asked for was heard nevertheless.
        let rest = std::mem::take(&mut self.unread);
        for line in rest.split_inclusive(|&byte| byte == b'\n') {
            self.record(line);
        }
        let mut state = self.shared.state.lock().unwrap();
        state.open.remove(&self.number);
        state.active -= 1;
        self.shared.changed.notify_all();
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // A script that panicked, too, must not leave its client waiting.
        self.leave();
    }
}

struct Rule {
    prefix: String,
    replies: Vec<String>,
    used: usize,
}

impl Rule {
    fn new(prefix: &str, reply: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            replies: vec![reply.to_owned()],
            used: 0,
        }
    }

    fn next(&mut self) -> String {
        let reply = self.replies[self.used.min(self.replies.len() - 1)].clone();
        self.used += 1;
        reply
    }
}

struct Table {
    own: Mutex<Vec<Rule>>,
    polite: Mutex<Vec<Rule>>,
}

impl Table {
    fn serve(&self, client: &mut Conversation) {
        if !Self::answer(client, &self.exactly("greeting")) {
            return;
        }
        while let Some(line) = client.hear() {
            let reply = self.choose(&line);
            let mut go_on = Self::answer(client, &reply);
            if go_on && reply.starts_with("354") {
                if client.hear_until_dot().is_none() {
                    return;
                }
                go_on = Self::answer(client, &self.exactly("."));
            }
            if !go_on || line.starts_with("QUIT") && reply != SILENCE {
                return;
            }
        }
    }

    /// The reply of the longest prefix, one of our own before a polite one of any length.
    fn choose(&self, line: &str) -> String {
        let special = |prefix: &str| prefix == "greeting" || prefix == ".";
        let find = |rules: &Mutex<Vec<Rule>>, unknown: bool| {
            let mut rules = rules.lock().unwrap();
            rules
                .iter_mut()
                .filter(|rule| line.starts_with(&rule.prefix) && !special(&rule.prefix))
                .filter(|rule| rule.prefix.is_empty() == unknown)
                .max_by_key(|rule| rule.prefix.len())
                .map(Rule::next)
        };
        find(&self.own, false)
            .or_else(|| find(&self.polite, false))
            .or_else(|| find(&self.own, true))
            .or_else(|| find(&self.polite, true))
            .unwrap_or_default()
    }

    fn exactly(&self, prefix: &str) -> String {
        let find = |rules: &Mutex<Vec<Rule>>| {
            let mut rules = rules.lock().unwrap();
            rules
                .iter_mut()
                .find(|rule| rule.prefix == prefix)
                .map(Rule::next)
        };
        find(&self.own)
            .or_else(|| find(&self.polite))
            .unwrap_or_default()
    }

    /// Gives a reply; false when it was the last.
    fn answer(client: &mut Conversation, reply: &str) -> bool {
        match reply {
            SILENCE => return true,
            HANG_UP => client.close(),
            RESET => client.reset(),
            _ => {
                let lines: Vec<&str> = reply
                    .lines()
                    .map(|line| line.trim_end_matches('\r'))
                    .collect();
                client.say(lines.join("\r\n") + "\r\n");
                return !reply.starts_with("421");
            }
        }
        false
    }
}
