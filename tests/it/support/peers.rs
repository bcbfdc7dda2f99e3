//! Other people's programs, started on free ports of 127.0.0.1 and killed when
//! their value is dropped. Each tells its port itself, once it listens, so no
//! other program can be mistaken for it and nothing waits by the clock.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, thread};

use rustix::process::{Pid, Signal, geteuid, kill_process, kill_process_group};

use super::kit::{Cmd, Scratch, find, link, scratch};

/// Returns from a test unless these peers are here; see [`need`].
macro_rules! skip_unless {
    ($($peer:expr),+ $(,)?) => {
        {
            fn here() {}
            if !$crate::support::peers::need(::std::any::type_name_of_val(&here), &[$($peer),+]) {
                return;
            }
        }
    };
}
pub(crate) use skip_unless;

/// Are these peers here: programs, Perl modules (`Net::SNPP`), or `root`?
///
/// If not, the test called `test` counts as skipped: it is named in the file
/// `$PAGEBOX_SKIPPED`. Where `PAGEBOX_REQUIRE_PEERS` is 1 it fails instead, but for want of root.
pub(crate) fn need(test: &str, peers: &[&str]) -> bool {
    let Some(missing) = peers.iter().find(|peer| !present(peer)) else {
        return true;
    };
    let test = test.trim_end_matches("::here");
    let test = test.split_once("::").map_or(test, |(_, path)| path);
    let required = env::var_os("PAGEBOX_REQUIRE_PEERS").is_some_and(|value| value == "1");
    // No package makes anyone root.
    let required = required && *missing != "root";
    assert!(
        !required,
        "{test} needs {missing}, and PAGEBOX_REQUIRE_PEERS=1"
    );
    eprintln!("skipped: {test} (needs {missing})");
    if let Some(path) = env::var_os("PAGEBOX_SKIPPED") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        // One write: other tests append at the same time.
        let line = format!("{test} (needs {missing})\n");
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("the list of the skipped");
    }
    false
}

fn present(peer: &str) -> bool {
    match peer {
        "root" => geteuid().is_root(),
        module if module.contains("::") => {
            find("perl").is_some()
                && Cmd::new("perl")
                    .arg(format!("-M{module}"))
                    .args(["-e", "1"])
                    .run()
                    .status
                    == 0
        }
        program => find(program).is_some(),
    }
}

/// Someone else's server.
pub(crate) struct Peer {
    pub(super) port: u16,
    /// In the order of starting; they are killed in the reverse order.
    pub(super) processes: Vec<Process>,
    pub(super) scratch: Scratch,
}

impl Peer {
    /// `127.0.0.1:PORT`
    pub(crate) fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its files.
    pub(crate) fn dir(&self) -> &Path {
        &self.scratch
    }

    /// The certificate that signs itself, of [`tls_in_front_of`].
    pub(crate) fn certificate(&self) -> PathBuf {
        self.scratch.join("cert.pem")
    }

    /// The pages that arrived, of [`net_snpp_server`] and [`hfaxd`].
    pub(crate) fn pages(&self) -> Vec<Arrived> {
        self.scratch
            .read("pages")
            .lines()
            .map(Arrived::parse)
            .collect()
    }
}

/// A page that arrived at a peer: one pager's, whatever the SEND said of others.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Arrived {
    pub(crate) pager: String,
    pub(crate) pin: Option<String>,
    /// Lines end in LF.
    pub(crate) text: String,
    pub(crate) alert: String,
    /// As the server read it from HOLD, without the zone; `0` if none was given.
    pub(crate) hold: String,
    pub(crate) hold_zone: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) two_way: bool,
    /// `CODE=TEXT`, sorted.
    pub(crate) responses: Vec<String>,
}

impl Arrived {
    fn parse(line: &str) -> Self {
        let mut page = Self::default();
        for field in line.split('\t') {
            let (name, value) = field.split_once('=').expect("a field has a name");
            let value = unescape(value);
            match name {
                "pager" => page.pager = value,
                "pin" => page.pin = Some(value),
                "mess" => page.text = value,
                "alert" => page.alert = value,
                "hold" => page.hold = value,
                "hold_gmt_diff" => page.hold_zone = Some(value),
                "subj" => page.subject = Some(value),
                "twoway" => page.two_way = true,
                _ => match name.strip_prefix("response ") {
                    Some(code) => page.responses.push(format!("{code}={value}")),
                    None => panic!("a field called {name}?"),
                },
            }
        }
        page
    }
}

fn unescape(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.push(match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                other => other.unwrap_or('\\'),
            },
            (c, false) => c,
        });
    }
    plain
}

/// Perl's `Net::SNPP::Server`. Pager ids have seven digits or more; those that begin with 554 cannot be
/// delivered to. Levels 1 and 2 as far as DATA, ALER, HOLD and SUBJ, level 3 as far as 2WAY.
///
/// Needs `Net::SNPP::Server`.
pub(crate) fn net_snpp_server() -> Peer {
    let scratch = scratch("net-snpp");
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/peers/net-snpp-server.pl"
    );
    let mut perl = command("perl");
    perl.arg(script).arg(scratch.join("pages"));
    let (process, port) = Process::listening(&mut perl, &Says::Stdout);
    Peer {
        port,
        processes: vec![process],
        scratch,
    }
}

/// HylaFAX's SNPP server with its scheduler, on a private spool. Ids that begin with 555 are
/// known; where HylaFAX would dial, the page is recorded. SEND is answered after a second or two.
///
/// Needs `hfaxd`, `faxq`, `tcpserver` and `root`: it becomes the user uucp.
pub(crate) fn hfaxd() -> Peer {
    // Not in the build's directory, which the user uucp may be unable to reach.
    let scratch = Scratch::below(&env::temp_dir(), "hfaxd");
    let spool = hylafax_spool(
        &scratch,
        "SendPageCmd: bin/pagesend\nMaxConcurrentCalls: 100\n",
    );
    let pagesend = scratch.file(
        "spool/bin/pagesend",
        stand_in(&spool, &scratch.file("pages", "")),
    );
    done(command("chmod").arg("755").arg(&pagesend));
    scratch.file("spool/etc/config.ttyPAGE", "ModemType: Class1\n");
    done(
        command("chown")
            .arg("uucp:uucp")
            .args([&pagesend, &scratch.join("pages")]),
    );
    let mut processes = vec![faxq(&spool, "ttyPAGE")];
    // faxq forgets a job that comes within a second of its last round, until something else wakes
    // it: news of a modem does.
    let waker = "while sleep 0.5; do \"$0\" -q \"$1\" \"$2\"; done";
    processes.push(wake(waker, &spool, "ttyPAGE"));
    serve_with_hfaxd(scratch, processes)
}

/// The same with HylaFAX's own pagesend, a client of TAP: pages to all ids that begin with 555 are
/// for the central that it reaches with the modem at `device`, a pseudo terminal.
///
/// Needs `hfaxd`, `faxq`, `pagesend`, `tcpserver` and `root`.
pub(crate) fn hylafax_at_modem(device: &Path) -> Peer {
    let scratch = Scratch::below(&env::temp_dir(), "hylafax");
    let spool = hylafax_spool(&scratch, "");
    let line = device.strip_prefix("/dev").expect("a device");
    let line = line.display().to_string().replace('/', "_");
    // It insists on a parity that no pseudo terminal has, and would give a modem much time.
    scratch.file(
        &format!("spool/etc/config.{line}"),
        format!(
            "ModemType: Class1\nPagerTTYParity: none\nModemResetDelay: 0\n\
             ModemSoftResetCmdDelay: 0\nSessionTracing: 0xFFF\nUUCPLockDir: {}\n",
            spool.join("tmp").display()
        ),
    );
    done(command("chown").arg("uucp:uucp").arg(device));
    let mut processes = vec![faxq(&spool, &line)];
    // As above, until it is under way: the news would be that the line is free.
    let waker = "until ls \"$1\"/log/c*; do sleep 0.5; \"$0\" -q \"$1\" \"$2\"; done";
    processes.push(wake(waker, &spool, &line));
    serve_with_hfaxd(scratch, processes)
}

/// A spool like that of the system, which belongs to its user.
fn hylafax_spool(scratch: &Scratch, config: &str) -> PathBuf {
    let spool = scratch.join("spool");
    done(
        command("cp")
            .arg("-a")
            .arg("/var/spool/hylafax")
            .arg(&spool),
    );
    // The one of the system is older than what its unit copies at every start.
    done(
        command("cp")
            .arg("-a")
            .arg("/etc/hylafax/.")
            .arg(spool.join("etc")),
    );
    let hosts = scratch.file("spool/etc/hosts.hfaxd", "localhost\n127.0.0.1\n");
    scratch.file("spool/etc/pagermap", "^555.*\t5550000\n.*\treject\n");
    // All jobs go to one number, and the system's lock directory is not ours.
    let locks = spool.join("tmp");
    let config = format!("{config}UUCPLockDir: {}\n", locks.display());
    scratch.file("spool/etc/config", config);
    // It mails; there is nobody to mail to.
    let notify = scratch.file("spool/bin/notify", "#!/bin/sh\n");
    done(command("chmod").arg("755").arg(notify));
    done(command("chown").args(["-R", "uucp:uucp"]).arg(&spool));
    done(command("chmod").arg("600").arg(hosts));
    spool
}

/// HylaFAX's scheduler, once it knows of a line.
fn faxq(spool: &Path, line: &str) -> Process {
    let mut faxq = command("faxq");
    // -D keeps it in the foreground.
    let faxq = Process::start(faxq.args(["-D", "-q"]).arg(spool));
    super::eventually("faxq listens", || {
        // The FIFO is made before it is opened: until someone reads it, this fails.
        let told = command("faxmodem").arg("-q").arg(spool).arg(line).output();
        told.is_ok_and(|output| output.status.success())
    });
    faxq
}

/// Tells it again that there is a line: `$0` is what tells it, `$1` the spool, `$2` the line.
fn wake(script: &str, spool: &Path, line: &str) -> Process {
    let faxmodem = find("faxmodem").expect("faxmodem comes with faxq");
    let mut waker = command("sh");
    waker
        .args(["-c", script])
        .arg(faxmodem)
        .arg(spool)
        .arg(line);
    Process::start(&mut waker)
}

fn serve_with_hfaxd(scratch: Scratch, mut processes: Vec<Process>) -> Peer {
    let mut server = tcpserver();
    server
        .arg(find("hfaxd").expect("hfaxd"))
        .arg("-q")
        .arg(scratch.join("spool"))
        .arg("-S");
    let (server, port) = Process::listening(&mut server, &Says::Stdout);
    processes.push(server);
    Peer {
        port,
        processes,
        scratch,
    }
}

/// A program in place of HylaFAX's pagesend, which would dial: it is called with the names of
/// queue files, and its status 2 says that the pages are out.
fn stand_in(spool: &Path, pages: &Path) -> String {
    format!(
        r#"#!/bin/sh
cd '{}' || exit 1
tab=$(printf '\t')
for job; do
    test -f "$job" || continue
    pager=$(sed -n 's/^!*page:[^:]*:[^:]*://p' "$job" | tail -n 1)
    data=$(sed -n 's/^!*data:[^:]*:[^:]*://p' "$job" | tail -n 1)
    text=$(sed -e 's/\r$//' -e 's/\\/\\\\/g' -e "s/$tab/\\\\t/g" "$data" | awk '
        NR > 1 {{ printf "\\n" }} {{ printf "%s", $0 }}')
    printf 'pager=%s\tmess=%s\n' "$pager" "$text" >>'{}'
done
exit 2
"#,
        spool.display(),
        pages.display()
    )
}

/// TLS, with a certificate that signs itself, in front of a server: what `stunnel` does.
///
/// Needs `socat` and `openssl`.
pub(crate) fn tls_in_front_of(addr: &str) -> Peer {
    let scratch = scratch("tls");
    let (cert, key) = (scratch.join("cert.pem"), scratch.join("key.pem"));
    done(
        command("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&cert),
    );
    let mut socat = command("socat");
    // Twice -d makes it say where it listens.
    socat.args(["-d", "-d"]).arg(format!(
        "OPENSSL-LISTEN:0,bind=127.0.0.1,fork,verify=0,cert={},key={}",
        cert.display(),
        key.display()
    ));
    socat.arg(format!("TCP:{addr}"));
    let (process, port) = Process::listening(&mut socat, &Says::Stderr);
    Peer {
        port,
        processes: vec![process],
        scratch,
    }
}

/// A serial line on the network. `mode` is what stands in front of the connection in its
/// configuration: nothing, `telnet` or `telnet(rfc2217)`; `settings` what stands behind the device.
///
/// Needs `ser2net`.
pub(crate) fn ser2net(mode: &str, device: &Path, settings: &str) -> Peer {
    let scratch = scratch("ser2net");
    let comma = if mode.is_empty() { "" } else { "," };
    let config = scratch.file(
        "ser2net.yaml",
        format!(
            "connection: &it\n  accepter: {mode}{comma}tcp,127.0.0.1,0\n  connector: serialdev,{},{settings}\n",
            device.display()
        ),
    );
    // Killed, it would leave its UUCP locks (-u: none).
    let process = Process::start(command("ser2net").args(["-n", "-u", "-c"]).arg(config));
    let mut port = None;
    super::eventually("ser2net listens", || {
        port = listens_at(process.id());
        port.is_some()
    });
    Peer {
        port: port.expect("its port"),
        processes: vec![process],
        scratch,
    }
}

/// The port of 127.0.0.1 that a process listens at, for one that does not say it.
fn listens_at(id: u32) -> Option<u16> {
    let open = fs::read_dir(format!("/proc/{id}/fd")).ok()?.flatten();
    let open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    let sockets: Vec<String> = open
        .filter_map(|to| {
            let inode = to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        // Local address, state (0A listens), inode.
        let (at, state, inode) = (words.get(1)?, words.get(3)?, words.get(9)?);
        let ours = *state == "0A" && sockets.iter().any(|socket| socket == inode);
        let port = at.strip_prefix("0100007F:").filter(|_| ours)?;
        u16::from_str_radix(port, 16).ok()
    })
}

/// Our `snpp-serve` under tcpserver, accepting into a spool.
///
/// Needs `tcpserver`.
pub(crate) fn tcpserver_snpp_serve(spool: &Path) -> Peer {
    tcpserver_with("snpp-serve", ["--spool".as_ref(), spool.as_os_str()])
}

/// Any server applet of ours under tcpserver.
///
/// Needs `tcpserver`.
pub(crate) fn tcpserver_with<S: AsRef<OsStr>>(
    applet: &str,
    args: impl IntoIterator<Item = S>,
) -> Peer {
    let scratch = scratch("tcpserver");
    let mut server = tcpserver();
    server.arg(link(applet)).args(args);
    let (process, port) = Process::listening(&mut server, &Says::Stdout);
    Peer {
        port,
        processes: vec![process],
        scratch,
    }
}

/// An ident server that hides nobody.
///
/// Needs `oidentd` and `tcpserver`.
pub(crate) fn oidentd() -> Peer {
    let scratch = Scratch::below(&env::temp_dir(), "oidentd");
    let config = scratch.file("oidentd.conf", "");
    let mut server = tcpserver();
    // It would listen on a port that it is given, and cannot say which one is free.
    server
        .arg(find("oidentd").expect("oidentd"))
        .args(["--stdio", "--nosyslog", "--config"])
        .arg(config);
    let (process, port) = Process::listening(&mut server, &Says::Stdout);
    Peer {
        port,
        processes: vec![process],
        scratch,
    }
}

/// tcpserver that says its port, without DNS and ident, up to its program's name.
fn tcpserver() -> Command {
    let mut server = command("tcpserver");
    server.args(["-1", "-H", "-R", "-l0", "127.0.0.1", "0"]);
    server
}

pub(super) fn command(program: &str) -> Command {
    let path = find(program).unwrap_or_else(|| panic!("{program} is not here: skip_unless!"));
    let mut command = Command::new(path);
    command.env("LC_ALL", "C").stdin(Stdio::null());
    // It may start a program of ours.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PAGEBOX_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a step of a preparation.
fn done(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
}

/// Where a program says its port.
enum Says {
    Stdout,
    Stderr,
}

/// A process of ours and its children, killed when it is dropped.
pub(super) struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self::spawn(command)
    }

    pub(super) fn spawn(command: &mut Command) -> Self {
        // A group of its own, so that what it forks for each client goes with it.
        command.process_group(0);
        Self(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        )
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("waiting").is_some()
    }

    /// Those of its children that have not been waited for.
    fn children(&self) -> Vec<Pid> {
        let id = self.id();
        let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let list = list.unwrap_or_default();
        let ids = list.split_whitespace().flat_map(str::parse);
        ids.filter_map(Pid::from_raw).collect()
    }

    /// Starts a server, and waits for the line that ends in its port.
    fn listening(command: &mut Command, says: &Says) -> (Self, u16) {
        match says {
            Says::Stdout => command.stdout(Stdio::piped()).stderr(Stdio::null()),
            Says::Stderr => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let mut process = Self::spawn(command);
        let pipe: Box<dyn Read + Send> = match says {
            Says::Stdout => Box::new(process.0.stdout.take().expect("its stdout")),
            Says::Stderr => Box::new(process.0.stderr.take().expect("its stderr")),
        };
        let (send, lines) = mpsc::channel();
        // It reads to the end, because a server whose log is full stands still.
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut said = String::new();
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(10)) {
            let word = line.rsplit([':', ' ']).next().unwrap_or_default();
            let listening = line.contains("listening on") || line.len() == word.len();
            if let (true, Ok(port)) = (listening, word.parse()) {
                return (process, port);
            }
            said += &line;
            said.push('\n');
        }
        panic!("{command:?} never listened:\n{said}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.0);
        // inetd gives each child a session of its own. While it stands still it starts no
        // more of them, and waits for none, so that their numbers stay theirs.
        if !self.has_ended() && kill_process(pid, Signal::STOP).is_ok() {
            for child in self.children() {
                let _ = kill_process_group(child, Signal::KILL);
            }
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.0.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        while self.processes.pop().is_some() {}
    }
}
