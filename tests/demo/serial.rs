//! The smallest serial cable: for a demonstration on a machine that has none.
//!
//! `serial COMMAND [ARG]...` prints the path of a terminal, gives what is
//! written there to COMMAND as standard input and brings its standard output
//! there, and ends with it. After thirty seconds, and after SIGTERM, it ends
//! COMMAND instead.

use std::error::Error;
use std::io::{Write, stdout};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, exit};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::retry_on_intr;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use signal_hook::{
    consts::{SIGCHLD, SIGTERM},
    low_level::pipe,
};

const PATIENCE: Timespec = Timespec {
    tv_sec: 30,
    tv_nsec: 0,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let Some(program) = args.next() else {
        return Err("usage: serial COMMAND [ARG]...".into());
    };
    let near: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&near)?;
    unlockpt(&near)?;
    let path = ptsname(&near, Vec::new())?;
    // As long as someone has it open the line does not hang up, call after call.
    let far = open(
        &path,
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut settings = tcgetattr(&far)?;
    settings.make_raw();
    tcsetattr(&far, OptionalActions::Now, &settings)?;
    writeln!(stdout(), "{}", path.to_str()?)?;

    let (told, tell) = UnixStream::pair()?;
    for signal in [SIGCHLD, SIGTERM] {
        pipe::register(signal, tell.try_clone()?)?;
    }
    let mut command = Command::new(program);
    command.args(args).stdin(near.try_clone()?).stdout(near);
    let mut child = command.spawn()?;
    let mut ready = [PollFd::new(&told, PollFlags::IN)];
    retry_on_intr(|| poll(&mut ready, Some(&PATIENCE)))?;
    if let Some(status) = child.try_wait()? {
        exit(status.code().unwrap_or(1));
    }
    child.kill()?;
    child.wait()?;
    Err("the command was killed".into())
}
