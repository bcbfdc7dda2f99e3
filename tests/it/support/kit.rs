//! Running the real binary, by the names people run it by, and comparing
//! status, stdout and stderr every time.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use pagebox::applet::APPLETS;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long a run may take that set no limit of its own.
const LIMIT: Duration = Duration::from_secs(20);

/// What would make a program behave otherwise on this machine than on another:
/// our own variables, and where whoever runs the tests came from.
const NOT_PASSED_ON: [&str; 13] = [
    "PAGEBOX_CONFIG",
    "PAGEBOX_SPOOL",
    "PAGEBOX_FAILURE_OF",
    "IXO_PASSWORD",
    "SNPP_SERVER",
    "SNPP_PASSWORD",
    "NO_COLOR",
    "REMOTE_ADDR",
    "TCPREMOTEIP",
    "REMOTE_HOST",
    "SOCAT_PEERADDR",
    "NCAT_REMOTE_ADDR",
    "SSH_CONNECTION",
];

/// Our program under an applet's name.
pub(crate) fn applet(name: &str) -> Cmd {
    Cmd::new(link(name))
}

/// Our program under its own name.
pub(crate) fn pagebox() -> Cmd {
    applet("pagebox")
}

/// The path of a link of that name to our program.
pub(crate) fn link(name: &str) -> PathBuf {
    link_in(links(), name)
}

fn link_in(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    let exe = Path::new(env!("CARGO_BIN_EXE_pagebox"));
    if fs::read_link(&path).is_ok_and(|target| target == exe) {
        return path;
    }
    // Several tests, or several test runs, may be here at once: only a rename replaces a link whole.
    let new = dir.join(format!(".{name}.{}", unique()));
    symlink(exe, &new).expect("a link to our program");
    fs::rename(&new, &path).expect("a link to our program");
    path
}

/// The directory of the links; it comes first in the PATH of every `Cmd`, and has all applets in
/// it, for programs that call them by name.
pub(crate) fn links() -> &'static Path {
    static LINKS: OnceLock<PathBuf> = OnceLock::new();
    LINKS.get_or_init(|| {
        // One per build: debug and release share CARGO_TARGET_TMPDIR.
        let build = Path::new(env!("CARGO_BIN_EXE_pagebox"))
            .parent()
            .and_then(Path::file_name);
        let build = build.unwrap_or_default().to_string_lossy();
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("links-{build}"));
        fs::create_dir_all(&dir).expect("a directory for links");
        for applet in APPLETS {
            link_in(&dir, applet.name);
        }
        dir
    })
}

/// A word that no other test of this or a simultaneous run uses.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{}-{}",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

enum Input {
    Nothing,
    Bytes(Vec<u8>),
    Open,
    File(OwnedFd),
}

enum Sink {
    Captured,
    File(OwnedFd),
}

/// A program about to be run.
pub(crate) struct Cmd {
    program: PathBuf,
    arg0: Option<OsString>,
    args: Vec<OsString>,
    envs: Vec<(OsString, Option<OsString>)>,
    dir: Option<PathBuf>,
    stdin: Input,
    stdout: Sink,
    stderr: Sink,
    limit: Duration,
}

impl Cmd {
    /// Any program, found by path or in PATH.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arg0: None,
            args: Vec::new(),
            envs: Vec::new(),
            dir: None,
            stdin: Input::Nothing,
            stdout: Sink::Captured,
            stderr: Sink::Captured,
            limit: LIMIT,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The name the program sees, if it is not its path. Such a run keeps the controlling terminal.
    pub(crate) fn arg0(mut self, name: impl AsRef<OsStr>) -> Self {
        self.arg0 = Some(name.as_ref().to_owned());
        self
    }

    /// Run by that program, which has these arguments in front of it.
    pub(crate) fn under(mut self, program: &str, args: &[&str]) -> Self {
        let run = std::mem::replace(&mut self.program, program.into());
        let words = args.iter().map(OsString::from);
        self.args.splice(0..0, words.chain([run.into_os_string()]));
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs
            .push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    pub(crate) fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.envs.push((name.as_ref().to_owned(), None));
        self
    }

    pub(crate) fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// These bytes and then end of file; without this, /dev/null.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Input::Bytes(bytes.as_ref().to_vec());
        self
    }

    /// A pipe that stays open, for [`Running::write`].
    pub(crate) fn stdin_open(mut self) -> Self {
        self.stdin = Input::Open;
        self
    }

    pub(crate) fn stdin_from(mut self, file: impl Into<OwnedFd>) -> Self {
        self.stdin = Input::File(file.into());
        self
    }

    /// Somewhere else than into the `Output`: `/dev/full`, a closed pipe.
    pub(crate) fn stdout_to(mut self, file: impl Into<OwnedFd>) -> Self {
        self.stdout = Sink::File(file.into());
        self
    }

    pub(crate) fn stderr_to(mut self, file: impl Into<OwnedFd>) -> Self {
        self.stderr = Sink::File(file.into());
        self
    }

    /// As inetd does it: descriptors 0, 1 and 2 are this socket.
    pub(crate) fn inetd(self, socket: TcpStream) -> Self {
        let out = socket.try_clone().expect("a copy of a socket");
        let err = socket.try_clone().expect("a copy of a socket");
        self.stdin_from(socket).stdout_to(out).stderr_to(err)
    }

    /// When to give up, kill it, and fail the test.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts it. Dropped, it is killed, with all it started.
    pub(crate) fn spawn(self) -> Running {
        let mut shown = self.program.display().to_string();
        for arg in &self.args {
            let _ = write!(shown, " {}", arg.to_string_lossy().escape_debug());
        }
        let mut command = self.command();
        let mut write = None;
        match self.stdin {
            Input::Nothing => drop(command.stdin(Stdio::null())),
            Input::File(file) => drop(command.stdin(file)),
            Input::Open => drop(command.stdin(Stdio::piped())),
            Input::Bytes(bytes) => {
                command.stdin(Stdio::piped());
                write = Some(bytes);
            }
        }
        command.stdout(self.stdout.into_stdio());
        command.stderr(self.stderr.into_stdio());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let started = Instant::now();
        // The Command holds our copies of the descriptors: a peer would never see the end of them.
        drop(command);
        let stdout = Capture::of(child.stdout.take());
        let stderr = Capture::of(child.stderr.take());
        let mut stdin = child.stdin.take();
        if let Some(bytes) = write {
            // A thread, because a program that writes before it reads would block us both.
            let pipe = stdin.take();
            thread::spawn(move || pipe.map(|mut pipe| pipe.write_all(&bytes)));
        }
        Running {
            child,
            stdin,
            stdout,
            stderr,
            started,
            limit: self.limit,
            shown,
            ended: None,
        }
    }

    fn command(&self) -> Command {
        let setsid = find("setsid").filter(|_| self.arg0.is_none());
        let mut command = if let Some(setsid) = setsid {
            // A session of its own has no controlling terminal, so nothing can prompt the
            // person who runs the tests; and the process group can be killed as a whole.
            let mut command = Command::new(setsid);
            command.arg(&self.program);
            command
        } else {
            let mut command = Command::new(&self.program);
            command.process_group(0);
            command
        };
        if let Some(name) = &self.arg0 {
            command.arg0(name);
        }
        command.args(&self.args);
        for (name, _) in env::vars_os() {
            let ours = name.as_bytes().starts_with(b"PAGEBOX_");
            if ours || NOT_PASSED_ON.iter().any(|known| name == *known) {
                command.env_remove(name);
            }
        }
        let mut path = OsString::from(links());
        if let Some(rest) = env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        command.env("PATH", path).env("LC_ALL", "C");
        for (name, value) in &self.envs {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }
}

impl Sink {
    fn into_stdio(self) -> Stdio {
        match self {
            Self::Captured => Stdio::piped(),
            Self::File(file) => file.into(),
        }
    }
}

/// What a pipe has given so far.
#[derive(Clone, Default)]
struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Default)]
struct Captured {
    text: Vec<u8>,
    ended: bool,
}

impl Capture {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let capture = Self::default();
        let Some(mut pipe) = pipe else {
            capture.add(&[], true);
            return capture;
        };
        let writer = capture.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                match pipe.read(&mut buffer) {
                    Ok(0) => break writer.add(&[], true),
                    Ok(n) => writer.add(&buffer[..n], false),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break writer.add(&[], true),
                }
            }
        });
        capture
    }

    fn add(&self, bytes: &[u8], end: bool) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.text.extend_from_slice(bytes);
        state.ended |= end;
        changed.notify_all();
    }

    /// Waits until `done` says so (of the text, and whether that is all) or the deadline is past.
    fn wait(&self, deadline: Instant, done: impl Fn(&[u8], bool) -> bool) -> bool {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        loop {
            if done(&state.text, state.ended) {
                return true;
            }
            if state.ended {
                return false;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().unwrap().text).into_owned()
    }
}

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Capture,
    stderr: Capture,
    started: Instant,
    limit: Duration,
    shown: String,
    ended: Option<(ExitStatus, Duration)>,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input; `stdin_open` must have been asked for.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let pipe = self.stdin.as_mut().expect("stdin_open()");
        pipe.write_all(bytes.as_ref())
            .and_then(|()| pipe.flush())
            .expect("writing to its stdin");
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// What it has said so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has complained of so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until its standard output holds these words.
    pub(crate) fn wait_for_stdout(&self, words: &str) {
        let deadline = self.started + self.limit;
        let said = self.stdout.wait(deadline, |text, _| contains(text, words));
        assert!(
            said,
            "{}: never said {words:?}\n{}",
            self.shown,
            self.seen()
        );
    }

    /// Waits until its standard error holds these words.
    pub(crate) fn wait_for_stderr(&self, words: &str) {
        let deadline = self.started + self.limit;
        let said = self.stderr.wait(deadline, |text, _| contains(text, words));
        assert!(
            said,
            "{}: never complained {words:?}\n{}",
            self.shown,
            self.seen()
        );
    }

    /// Sends a signal to it and to all it started.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if !self.has_ended() {
            // Just started, it may not be in a group of its own yet.
            kill_process_group(self.group(), signal)
                .or_else(|_| kill_process(self.group(), signal))
                .expect("a signal to a process of ours");
        }
    }

    /// Has it ended?
    pub(crate) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            let took = self.started.elapsed();
            self.ended = self
                .child
                .try_wait()
                .expect("waiting")
                .map(|status| (status, took));
        }
        self.ended.is_some()
    }

    /// Closes its standard input and waits for its end, and for the end of what it says.
    pub(crate) fn wait(mut self) -> Output {
        self.close_stdin();
        let deadline = self.started + self.limit;
        let mut nap = Duration::from_micros(200);
        while !self.has_ended() {
            if Instant::now() > deadline {
                let seen = self.seen();
                self.kill();
                panic!(
                    "{}: still running after {:?}; killed\n{seen}",
                    self.shown, self.limit
                );
            }
            thread::sleep(nap);
            nap = (nap * 2).min(Duration::from_millis(5));
        }
        let all = |_: &[u8], end: bool| end;
        if !self.stdout.wait(deadline, all) || !self.stderr.wait(deadline, all) {
            let seen = self.seen();
            self.kill();
            panic!(
                "{}: ended, but left a process that holds its output open\n{seen}",
                self.shown
            );
        }
        let (status, took) = self.ended.expect("it has ended");
        Output {
            status: status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            took,
            shown: self.shown.clone(),
        }
    }

    /// Kills it and all it started.
    pub(crate) fn kill(&mut self) {
        // The group outlives its leader when that left children.
        let _ = kill_process_group(self.group(), Signal::KILL);
        if self.ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn seen(&self) -> String {
        format!(
            "--- stdout\n{}\n--- stderr\n{}",
            self.stdout(),
            self.stderr()
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.kill();
        }
    }
}

fn contains(text: &[u8], words: &str) -> bool {
    text.windows(words.len())
        .any(|window| window == words.as_bytes())
}

/// How a run ended. A signal's status is 128 and its number, as in the shell.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    shown: String,
}

impl Output {
    /// All three, exactly.
    #[track_caller]
    pub(crate) fn expect(&self, status: i32, stdout: &str, stderr: &str) -> &Self {
        self.check(status, Some(stdout), Some(stderr))
    }

    /// The status alone, where the words are another test's business.
    #[track_caller]
    pub(crate) fn expect_status(&self, status: i32) -> &Self {
        self.check(status, None, None)
    }

    /// Exactly this status and stdout; stderr holds these words.
    #[track_caller]
    pub(crate) fn expect_complaint(&self, status: i32, stdout: &str, words: &str) -> &Self {
        self.check(status, Some(stdout), None);
        let found = self.stderr.contains(words);
        assert!(
            found,
            "{}: stderr lacks {words:?}:\n{}",
            self.shown, self.stderr
        );
        self
    }

    #[track_caller]
    fn check(&self, status: i32, stdout: Option<&str>, stderr: Option<&str>) -> &Self {
        let mut wrong = String::new();
        if status != self.status {
            let _ = writeln!(wrong, "status: {}, not {status}", self.status);
        }
        for (name, want, got) in [
            ("stdout", stdout, &self.stdout),
            ("stderr", stderr, &self.stderr),
        ] {
            if want.is_some_and(|want| want != got) {
                let _ = write!(
                    wrong,
                    "{name} (- expected, + got):\n{}",
                    diff(want.unwrap(), got)
                );
            }
        }
        if wrong.is_empty() {
            return self;
        }
        if stdout.is_none() {
            let _ = writeln!(wrong, "stdout:\n{}", self.stdout);
        }
        if stderr.is_none() {
            let _ = writeln!(wrong, "stderr:\n{}", self.stderr);
        }
        panic!("{}\n{wrong}", self.shown);
    }
}

/// The lines that differ, between those at the start and at the end that do not.
fn diff(want: &str, got: &str) -> String {
    let mut want: VecDeque<&str> = want.split_inclusive('\n').collect();
    let mut got: VecDeque<&str> = got.split_inclusive('\n').collect();
    let mut before = String::new();
    while !want.is_empty() && want.front() == got.front() {
        show(&mut before, ' ', want.pop_front());
        got.pop_front();
    }
    let mut same = VecDeque::new();
    while !want.is_empty() && want.back() == got.back() {
        if let Some(line) = want.pop_back() {
            same.push_front(line);
        }
        got.pop_back();
    }
    for (mark, lines) in [('-', want), ('+', got), (' ', same)] {
        for line in lines {
            show(&mut before, mark, Some(line));
        }
    }
    before
}

/// One line, with what the eye would miss made visible.
fn show(text: &mut String, mark: char, line: Option<&str>) {
    let line = line.unwrap_or_default();
    let (line, end) = match line.strip_suffix('\n') {
        Some(line) => (line, ""),
        None => (line, "  (no newline)"),
    };
    let mut shown = String::new();
    for c in line.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    let _ = writeln!(text, "{mark} {shown}{end}");
}

/// A directory of a test's own. It goes when it is dropped; a failed test's is kept, and named.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

/// A fresh directory whose name begins with `name`.
pub(crate) fn scratch(name: &str) -> Scratch {
    Scratch::below(Path::new(env!("CARGO_TARGET_TMPDIR")), name)
}

impl Scratch {
    /// A fresh directory below another: `std::env::temp_dir()` for programs that are not root.
    pub(crate) fn below(parent: &Path, name: &str) -> Self {
        let dir = parent.join(format!("pagebox-{name}-{}", unique()));
        fs::create_dir_all(parent).expect("a scratch directory");
        // A leftover of an earlier run that had our process id.
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).expect("a scratch directory");
        Self(dir)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).expect("a scratch file");
        path
    }

    /// What a file holds; nothing if there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read(self.0.join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The names in a directory below this one, sorted.
    pub(crate) fn names(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(dir))
            .into_iter()
            .flatten()
            .flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<OsStr> for Scratch {
    fn as_ref(&self) -> &OsStr {
        self.0.as_os_str()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("kept: {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Waits for something that another process is about to do; fails the test if it never does.
#[track_caller]
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "still not so after 10 s: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Where a program is: in PATH, or where the system keeps its servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

/// A small file system of a test's own, gone when it is dropped.
pub(crate) struct Tmpfs<'a>(&'a Path);

impl<'a> Tmpfs<'a> {
    /// None where this is not permitted, as in a container without the right to mount.
    pub(crate) fn on(dir: &'a Path) -> Option<Self> {
        fs::create_dir(dir).unwrap();
        let mount = Cmd::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(dir)
            .run();
        if mount.status != 0 {
            eprintln!("skipped: no right to mount a tmpfs: {}", mount.stderr);
            return None;
        }
        Some(Self(dir))
    }
}

impl Tmpfs<'_> {
    /// Leaves no room on it, until the file that it names is removed.
    pub(crate) fn fill(&self) -> PathBuf {
        let filler = self.0.join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        filler
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Cmd::new("umount").arg(self.0).run();
    }
}
