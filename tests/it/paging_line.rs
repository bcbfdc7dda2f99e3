//! A page on its whole way: from `ixo-send`, or from somebody else's program, over a modem, a
//! terminal server or a super-server to `ixo-serve`, and into a spool.

mod dialled;
mod foreign;
mod relay;
mod results;
mod super_servers;
mod terminal_server;
mod wire;

use std::fs;
use std::path::Path;
use std::thread;

use pagebox::protocol::tap::block::{Block, Terminator};
use rustix::process::Signal;
use rustix::termios::{ControlModes, tcgetattr};
use serde_json::Value;

use crate::support::modem::{Answer, OK, Playing};
use crate::support::{Cmd, NullModem, Output, Page, Running, applet, eventually, spooled};

/// A central with this spool.
fn central(spool: &Path) -> impl Fn() -> Cmd + Send + 'static + use<> {
    let spool = spool.to_owned();
    move || applet("ixo-serve").arg("--spool").arg(&spool)
}

/// A central that does not hang up: that is left to the modem.
fn patient_central(spool: &Path) -> impl Fn() -> Cmd + Send + 'static + use<> {
    let spool = spool.to_owned();
    move || {
        Cmd::new("sh")
            .args(["-c", "cat | ixo-serve --spool \"$0\" | cat; true"])
            .arg(&spool)
    }
}

/// A modem does what it is told, and whoever it dials answers.
fn willing(command: &str) -> Answer {
    if command.starts_with("ATD") {
        Answer::Connects(&["CONNECT 1200"])
    } else {
        OK
    }
}

/// `ixo-send` at this modem.
fn dial(modem: &Playing) -> Cmd {
    applet("ixo-send")
        .args(["--json", "--dial", "5551234", "--device"])
        .arg(modem.path())
}

/// What the JSON says of the only page: its outcome, its attempts, and why or what came.
#[track_caller]
fn told(output: &Output) -> (String, u64, String) {
    let page: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let word = |name: &str| page[name].as_str().unwrap_or_default().to_owned();
    let text = match word("error") {
        error if error.is_empty() => word("sendResponse"),
        error => error,
    };
    (
        word("outcome"),
        page["attempts"].as_u64().unwrap_or(99),
        text,
    )
}

/// A page in one block.
fn block(pager: &str, text: &str) -> String {
    let info = format!("{pager}\r{text}\r").into_bytes();
    let end = Terminator::Etx;
    String::from_utf8(Block { info, end }.wire()).unwrap()
}

/// A central on a serial line. Dropped, it is stopped, and takes its lock along.
pub(crate) struct Central(Option<Running>);

impl Central {
    fn running(&mut self) -> &mut Running {
        self.0.as_mut().expect("it runs")
    }

    fn wait(mut self) -> Output {
        self.0.take().expect("it runs").wait()
    }
}

impl Drop for Central {
    fn drop(&mut self) {
        if let Some(mut central) = self.0.take() {
            central.signal(Signal::TERM);
            if !thread::panicking() {
                central.wait().expect_status(0);
            }
        }
    }
}

/// A central at end 1 of a wire, once it listens: what is said before is for nobody.
pub(crate) fn central_at(wire: &NullModem, flags: &[&str], spool: &Path) -> Central {
    let device = wire.path(1);
    let central = central(spool)()
        .args(flags)
        .arg("--device")
        .arg(device)
        .spawn();
    let stat = format!("/proc/{}/stat", central.pid());
    eventually("the central listens", || {
        let modes = tcgetattr(wire.fd(1)).unwrap().control_modes;
        let stat = fs::read_to_string(&stat).unwrap_or_default();
        modes.contains(ControlModes::HUPCL) && stat.contains(") S ")
    });
    Central(Some(central))
}

#[track_caller]
pub(crate) fn expect_spooled(spool: &Path, pages: &[(&str, &str)]) {
    let there = spooled::accepted(spool).into_iter();
    let there: Vec<Page> = there.map(|(_, page)| page).collect();
    let pages = pages.iter().map(|(pager, text)| Page::new(&[pager], text));
    assert_eq!(there, pages.collect::<Vec<_>>());
}
