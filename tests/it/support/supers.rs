//! Super-servers of other people's, each starting one of our servers for every
//! connection to a port of 127.0.0.1. (For tcpserver see
//! [`super::peers::tcpserver_with`].)
//!
//! inetd and systemd-socket-activate take no port 0 and tell none, so they are
//! given one that was free. Who listens there is asked of the kernel: a port
//! that somebody else was quicker to take is only tried again with another.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::kit::{Cmd, Scratch, link, scratch};
use super::peers::{Peer, Process, command};

/// systemd-socket-activate, as systemd does it: standard error is not the client's, see [`log`].
///
/// Needs `systemd-socket-activate`.
pub(crate) fn socket_activate(spool: &Path) -> Peer {
    socket_activate_with("snpp-serve", &["--spool".as_ref(), spool.as_os_str()])
}

/// The same with any server applet of ours.
pub(crate) fn socket_activate_with(applet: &str, args: &[&OsStr]) -> Peer {
    on_a_free_port(scratch("socket-activate"), |_, port| {
        let mut server = command("systemd-socket-activate");
        server.args(["--inetd", "-a", "-l", &format!("127.0.0.1:{port}")]);
        server.arg(link(applet)).args(args);
        server
    })
}

/// How an inetd is started.
#[derive(Default)]
pub(crate) struct Inetd<'a> {
    /// The server, if not that of `scripts/inetd.conf`.
    pub(crate) applet: Option<&'a str>,
    /// The fourth word of its line, if not that of `scripts/inetd.conf`.
    pub(crate) wait: Option<&'a str>,
    /// A directory to be its /dev; that needs `root` and `unshare`.
    pub(crate) dev: Option<&'a Path>,
}

/// openbsd-inetd, with the line of `scripts/inetd.conf`.
///
/// Needs `inetd`.
pub(crate) fn inetd(spool: &Path) -> Peer {
    inetd_with(&Inetd::default(), spool)
}

/// The same, but for what `setup` says.
pub(crate) fn inetd_with(setup: &Inetd, spool: &Path) -> Peer {
    on_a_free_port(scratch("inetd"), |scratch, port| {
        let conf = scratch.file("inetd.conf", inetd_line(setup, spool, port) + "\n");
        let mut inetd = command("inetd");
        if let Some(dev) = setup.dev {
            let mut within = command("unshare");
            within
                .args([
                    "--mount",
                    "sh",
                    "-c",
                    "mount --bind \"$0\" /dev; exec \"$@\"",
                ])
                .arg(dev)
                .arg(inetd.get_program());
            inetd = within;
        }
        // In the foreground.
        inetd.arg("-d").arg(conf);
        inetd
    })
}

/// The same with the line for xtelld there, and further arguments.
///
/// Needs `inetd`.
pub(crate) fn inetd_xtelld(args: &[String]) -> Peer {
    on_a_free_port(scratch("inetd"), |scratch, port| {
        let mut words = optional_inetd_line("xtelld");
        ours(&mut words, port);
        words.extend_from_slice(args);
        let conf = scratch.file("inetd.conf", words.join(" ") + "\n");
        let mut inetd = command("inetd");
        inetd.arg("-d").arg(conf);
        inetd
    })
}

/// The same with the line for page there, and this spool.
///
/// Needs `inetd`.
pub(crate) fn inetd_page(spool: &Path) -> Peer {
    on_a_free_port(scratch("inetd"), |scratch, port| {
        let mut words = optional_inetd_line("page");
        ours(&mut words, port);
        *words.last_mut().expect("the spool's directory") = spool.display().to_string();
        let conf = scratch.file("inetd.conf", words.join(" ") + "\n");
        let mut inetd = command("inetd");
        inetd.arg("-d").arg(conf);
        inetd
    })
}

/// The words of a line in `scripts/inetd.conf` that whoever wants it has to
/// uncomment, by its program.
pub(crate) fn optional_inetd_line(program: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/inetd.conf");
    let conf = fs::read_to_string(path).expect("scripts/inetd.conf");
    let lines = conf
        .lines()
        .filter_map(|line| line.strip_prefix("#127.0.0.1:"));
    let lines = lines.map(|line| format!("127.0.0.1:{line}"));
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
    let mut lines = words.filter(|words: &Vec<String>| words[6] == program);
    let words = lines.next().expect("a line");
    assert_eq!(lines.next(), None, "{program} has one line");
    words
}

/// The seven words of the line in `scripts/inetd.conf`, argv from its name on.
pub(crate) fn shipped_inetd_line() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/inetd.conf");
    inetd_words(&fs::read_to_string(path).expect("scripts/inetd.conf"))
}

/// The words of the only line that is no comment.
pub(crate) fn inetd_words(conf: &str) -> Vec<String> {
    let mut lines = conf.lines().filter(|line| !line.starts_with('#'));
    let words = lines.next().expect("a line").split_whitespace();
    let words: Vec<String> = words.map(str::to_owned).collect();
    assert_eq!((words.len(), lines.next()), (9, None), "{conf}");
    words
}

/// The shipped line with what differs here, see [`ours`], and the spool.
fn inetd_line(setup: &Inetd, spool: &Path, port: u16) -> String {
    let mut words = shipped_inetd_line();
    if let Some(wait) = setup.wait {
        wait.clone_into(&mut words[3]);
    }
    if let Some(applet) = setup.applet {
        applet.clone_into(&mut words[6]);
    }
    ours(&mut words, port);
    let last = words.last_mut().expect("the spool's directory");
    assert_eq!(last, "/var/spool/pagebox");
    *last = spool.display().to_string();
    assert!(
        !words.iter().any(|word| word.contains(char::is_whitespace)),
        "no word of an inetd.conf can have a blank: {words:?}"
    );
    words.join(" ")
}

/// Puts in what differs here: the port, who we are, where the program is.
fn ours(words: &mut [String], port: u16) {
    let (address, _) = words[0].split_once(':').expect("an address and a port");
    words[0] = format!("{address}:{port}");
    let id = |option| Cmd::new("id").arg(option).run().stdout.trim().to_owned();
    words[4] = format!("{}:{}", id("-un"), id("-gn"));
    words[5] = link(&words[6]).display().to_string();
}

/// What the super-server and, unless it is the client's socket, our server have said on standard error.
pub(crate) fn log(peer: &Peer) -> String {
    peer.scratch.read("log")
}

/// Starts what `make` makes for a port, until one of them listens there.
pub(super) fn on_a_free_port(scratch: Scratch, make: impl Fn(&Scratch, u16) -> Command) -> Peer {
    for _ in 0..5 {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let log = File::create(scratch.join("log")).expect("a log");
        let mut command = make(&scratch, port);
        command.stdout(Stdio::null()).stderr(log);
        let mut process = Process::spawn(&mut command);
        if listens(&mut process, port) {
            return Peer {
                port,
                processes: vec![process],
                scratch,
            };
        }
    }
    panic!("it never listened:\n{}", scratch.read("log"));
}

/// Does the process listen on this port of 127.0.0.1 soon? It must listen nowhere else.
fn listens(process: &mut Process, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(5);
    let here = u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets());
    while !process.has_ended() && Instant::now() < deadline {
        let found = listeners(process.id());
        if !found.is_empty() {
            assert_eq!(found, [format!("{here:08X}:{port:04X}")]);
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// The addresses that a process listens on, as /proc writes them.
fn listeners(id: u32) -> Vec<String> {
    let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten();
    let links = open.flatten().flat_map(|entry| fs::read_link(entry.path()));
    let open: Vec<String> = links.map(|path| path.display().to_string()).collect();
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = fs::read_to_string(table).unwrap_or_default();
        for line in table.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (Some(local), Some(state), Some(inode)) =
                (words.get(1), words.get(3), words.get(9))
            else {
                continue;
            };
            if *state == "0A" && open.contains(&format!("socket:[{inode}]")) {
                found.push((*local).to_owned());
            }
        }
    }
    found
}
