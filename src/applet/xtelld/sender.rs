//! Who sends a message: by his own account, and by that of his machine.
//!
//! Answers for nobody being shown as confirmed who is not, and for the machine
//! being asked at most once. Must never know what the message says.

use std::time::Duration;

use super::{Ident, notice};
use crate::access::ident;
use crate::access::peer::Peer;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::stdio::Ends;

/// How long the sender's machine may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The senders of one session.
pub(super) struct Senders {
    ident: Ident,
    port: u16,
    /// Where they are: an address, because a name is what its owner chose.
    pub(super) host: String,
    /// What the machine said of the one who connected, or why it did not.
    answer: Option<Result<String, String>>,
}

/// One sender.
pub(super) struct Sender {
    /// Its name, marked unless it is confirmed.
    pub(super) label: Vec<u8>,
    /// Why it is not confirmed, if that was asked for.
    pub(super) doubt: Option<String>,
}

impl Senders {
    pub(super) fn new(ident: Ident, port: u16, peer: &Peer) -> Self {
        Self {
            ident,
            port,
            host: peer.to_string(),
            answer: None,
        }
    }

    /// Who it is that calls himself so.
    pub(super) fn sender(&mut self, from: &[u8], interrupt: &Interrupt) -> Sender {
        let answer = match self.ident {
            Ident::Off => None,
            Ident::Try | Ident::Require => {
                let port = self.port;
                Some(self.answer.get_or_insert_with(|| ask(port, interrupt)))
            }
        };
        let doubt = match answer {
            None => None,
            Some(Ok(name)) if from.is_empty() || from == name.as_bytes() => {
                return Sender {
                    label: name.clone().into_bytes(),
                    doubt: None,
                };
            }
            Some(Ok(name)) => Some(format!("ident says {}", notice::name(name.as_bytes()))),
            Some(Err(why)) => Some(why.clone()),
        };
        Sender {
            label: [b"?", from].concat(),
            doubt,
        }
    }
}

/// Only where the kernel knows both ends of the line is there anyone to ask.
fn ask(port: u16, interrupt: &Interrupt) -> Result<String, String> {
    let ends = Ends::of_stdin().ok_or("no machine to ask for ident")?;
    ident::ask(&ends, port, Deadline::after(ANSWER), Some(interrupt))
}
