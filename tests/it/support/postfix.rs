//! Postfix on a free port of 127.0.0.1, with its own configuration, queue and log,
//! whatever else of it is on this machine. What is not for a page goes nowhere.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Stdio;
use std::time::Duration;

use nix::unistd::User;

use super::kit::{Scratch, eventually};
use super::peers::{Process, command};

/// The services that a mail passes on its way to a program.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
";

/// Needs `postfix` and `root`.
pub(crate) struct Postfix {
    _master: Process,
    port: u16,
    pub(crate) dir: Scratch,
}

impl Postfix {
    /// The mail server of `pager.test`, with these lines in its two files, in
    /// which `DIR` is its directory; `prepare` puts there what they need.
    pub(crate) fn start(main: &str, services: &str, prepare: impl FnOnce(&Scratch)) -> Self {
        // Programs of other users have to reach it.
        let dir = Scratch::below(&env::temp_dir(), "postfix");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&dir);
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        for name in ["conf", "queue", "data"] {
            fs::create_dir(dir.join(name)).unwrap();
        }
        let owner = User::from_name("postfix").unwrap().expect("its user");
        chown(dir.join("data"), Some(owner.uid.as_raw()), None).unwrap();
        let own = "compatibility_level = 3.6\n\
             queue_directory = DIR/queue\ndata_directory = DIR/data\n\
             maillog_file = DIR/log\nmaillog_file_prefixes = DIR\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             myhostname = pager.test\nmydestination = pager.test\nmynetworks = 127.0.0.1\n\
             alias_maps =\nalias_database =\n\
             default_transport = discard:\nlocal_transport = discard:\n";
        let here = dir.to_str().unwrap();
        dir.file("conf/main.cf", format!("{own}{main}").replace("DIR", here));
        let listens = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
        let services = format!("{SERVICES}{listens}{services}").replace("DIR", here);
        dir.file("conf/master.cf", services);
        let mut postfix = command("postfix");
        postfix.arg("-c").arg(dir.join("conf")).arg("start-fg");
        let master = Process::spawn(postfix.stdout(Stdio::null()).stderr(Stdio::null()));
        eventually("postfix listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            _master: master,
            port,
            dir,
        }
    }

    /// Sends a mail, and gives the answer to each command up to the last.
    pub(crate) fn mail(&self, from: &str, to: &str, mail: &str) -> Vec<String> {
        let mut line = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut answers = BufReader::new(line.try_clone().unwrap()).lines();
        let mail = mail.replace('\n', "\r\n");
        let mut answered = vec![answers.next().unwrap().unwrap()];
        for said in [
            "HELO client.test".to_owned(),
            format!("MAIL FROM:<{from}>"),
            format!("RCPT TO:<{to}>"),
            "DATA".to_owned(),
            format!("{mail}\r\n."),
        ] {
            write!(line, "{said}\r\n").unwrap();
            answered.push(answers.next().unwrap().unwrap());
            if answered
                .last()
                .is_some_and(|answer| answer.starts_with('5'))
            {
                break;
            }
        }
        answered
    }

    /// Waits until the log has so many lines with these words, and gives the last.
    pub(crate) fn said(&self, words: &str, count: usize) -> String {
        let lines = || {
            let log = self.dir.read("log");
            let lines = log.lines().filter(|line| line.contains(words));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        eventually(&format!("{words} in {}/log", self.dir.display()), || {
            lines().len() >= count
        });
        lines().pop().unwrap()
    }

    /// Has it try again at once what it has kept.
    pub(crate) fn flush(&self) {
        let mut flush = command("postfix");
        let status = flush.arg("-c").arg(self.dir.join("conf")).arg("flush");
        assert!(status.status().unwrap().success());
    }
}
