//! The smallest super-server: for a demonstration on a machine that has none.
//!
//! `listen COUNT COMMAND [ARG]...` prints an address of 127.0.0.1, gives each
//! of COUNT connections to a COMMAND of its own as standard input and output,
//! and ends after them, or when none came for ten seconds.

use std::error::Error;
use std::io::{Write, stdout};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Command;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let count = args.next().and_then(|count| count.to_str()?.parse().ok());
    let (Some(count), Some(program)) = (count, args.next()) else {
        return Err("usage: listen COUNT COMMAND [ARG]...".into());
    };
    let args: Vec<_> = args.collect();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(stdout(), "{}", listener.local_addr()?)?;
    for _ in 0_u32..count {
        let mut ready = [PollFd::new(&listener, PollFlags::IN)];
        if poll(&mut ready, Some(&PATIENCE))? == 0 {
            return Err("nobody came".into());
        }
        let input = OwnedFd::from(listener.accept()?.0);
        let output = input.try_clone()?;
        let mut command = Command::new(&program);
        command.args(&args).stdin(input).stdout(output).status()?;
    }
    Ok(())
}
