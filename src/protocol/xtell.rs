//! xtell: a line of text to a user's terminal on another machine.
//!
//! ```text
//! C: joe:jane:pts/3:see 12:30, ok?
//! S: 200 message sent
//! C: QUIT
//! ```
//!
//! The client speaks first, and there is no greeting. Each line but QUIT is one
//! [`message`], and each message gets one [`reply`]; QUIT gets none. [`client`]
//! and [`server`] are the machines. Nothing here opens a socket or reads a clock.
//! Source: the file PROTOCOL of xtell 2.9, the only text that there is.

pub mod client;
pub mod message;
pub mod reply;
pub mod server;

/// The port of the protocol.
pub const PORT: u16 = 4224;
