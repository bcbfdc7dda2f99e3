//! The options of a line, and opening one.

use std::time::Duration;

use clap::Args;

use super::duration;
use super::peer::Peer;
use crate::transport::fd::{Deadline, Line};
use crate::transport::interrupt::Interrupt;
use crate::transport::resolve::Family;
use crate::transport::{OpenError, command, tcp};

/// How a server is reached, and for how long it is waited for.
#[derive(Args, Clone, Debug)]
pub struct LineArgs {
    /// Use IPv4 only
    #[arg(short = '4', long, help_heading = "Line")]
    pub ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long, conflicts_with = "ipv4", help_heading = "Line")]
    pub ipv6: bool,
    /// Limit for name lookup and connection
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = duration::limit, help_heading = "Line")]
    pub connect_timeout: Duration,
    /// Limit for everything up to the page itself [default: SNPP and xtell 15s, a probe 10s; TAP has limits for each step]
    #[arg(long, value_name = "DUR", value_parser = duration::limit, help_heading = "Line")]
    pub timeout: Option<Duration>,
    /// Limit for the verdict on a page [default: SNPP 300s, delivery may be synchronous; TAP 45s; xtell 30s]
    #[arg(long, value_name = "DUR", value_parser = duration::limit, help_heading = "Line")]
    pub verdict_timeout: Option<Duration>,
    /// Run this command, without a shell, and use its standard input and output as the line; %h and %p are host and port
    #[arg(long, value_name = "CMD", help_heading = "Line")]
    pub proxy_command: Option<String>,
}

impl LineArgs {
    /// Opens a line to a server, by `deadline` at the latest.
    pub fn open(
        &self,
        peer: &Peer,
        deadline: Deadline,
        interrupt: Option<&Interrupt>,
    ) -> Result<Line, OpenError> {
        if let Some(command) = &self.proxy_command {
            return command::spawn(command, &peer.host, peer.port);
        }
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        };
        let deadline = Deadline::after(self.connect_timeout).earlier(deadline);
        tcp::connect(&peer.host, peer.port, family, deadline, interrupt)
    }
}
