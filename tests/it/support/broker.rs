//! RabbitMQ on free ports of 127.0.0.1, with its own files, its own cookie and its
//! own epmd, whatever else of it is on this machine.

use std::env;
use std::fs::File;
use std::net::TcpListener;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::kit::{Scratch, eventually};
use super::peers::{Process, command};

/// The server itself: what is in PATH becomes another user first.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A broker with no plugin, which guests may use.
///
/// Needs `rabbitmq-server` and `epmd`.
pub(crate) struct Broker {
    /// In this order they are dropped.
    node: Option<Process>,
    _epmd: Process,
    dir: Scratch,
    /// Of AMQP, of Erlang's nodes among themselves, of epmd.
    ports: [u16; 3],
}

impl Broker {
    /// One that is down.
    pub(crate) fn new() -> Self {
        let dir = Scratch::below(&env::temp_dir(), "rabbitmq");
        // It cannot be told to take any that is free. All three at once, so that they differ.
        let free = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = free.map(|socket| socket.local_addr().unwrap().port());
        dir.file(
            "rabbitmq.conf",
            format!(
                "listeners.tcp.local = 127.0.0.1:{}\nlog.console = true\nlog.file = false\n",
                ports[0]
            ),
        );
        dir.file("enabled_plugins", "[].\n");
        let mut epmd = command("epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &ports[2].to_string()]);
        let epmd = Process::spawn(epmd.stdout(Stdio::null()).stderr(Stdio::null()));
        Self {
            node: None,
            _epmd: epmd,
            dir,
            ports,
        }
    }

    /// Starts it, and waits until it takes connections.
    pub(crate) fn start(&mut self) {
        let dir = |name| self.dir.join(name);
        let log = File::create(dir("log")).unwrap();
        let mut server = command(SERVER);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("RABBITMQ_") || name.starts_with("ERL_") {
                server.env_remove(name);
            }
        }
        server
            .env("HOME", &*self.dir)
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.ports[2].to_string())
            .env("RABBITMQ_NODENAME", "pagebox@localhost")
            .env("RABBITMQ_DIST_PORT", self.ports[1].to_string())
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", dir("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", dir("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", dir("mnesia"))
            .env("RABBITMQ_LOG_BASE", dir("logs"))
            .env("RABBITMQ_PID_FILE", dir("pid"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.node = Some(Process::spawn(&mut server));
        for step in ["Starting RabbitMQ", "started TCP listener", "completed"] {
            eventually(&format!("the broker says {step:?}"), || {
                self.dir.read("log").contains(step)
            });
        }
    }

    /// Stops it in order; what is in it stays.
    pub(crate) fn stop(&mut self) {
        let mut node = self.node.take().expect("it runs");
        let id = Pid::from_raw(i32::try_from(node.id()).unwrap());
        kill_process(id.unwrap(), Signal::TERM).unwrap();
        eventually("the broker has ended", || node.has_ended());
    }

    /// What tells its clients where it is.
    pub(crate) fn url(&self) -> String {
        format!("--url=amqp://127.0.0.1:{}", self.ports[0])
    }
}
