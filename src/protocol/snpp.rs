//! SNPP, the Simple Network Paging Protocol: RFC 1861, levels 1 to 3.
//!
//! ```text
//! S: 220 SNPP Gateway Ready        C: PAGE 5551212
//! S: 250 Pager ID Accepted         C: MESS Your network is hosed
//! S: 250 Message OK                C: SEND
//! S: 250 Message Sent OK           C: QUIT
//! S: 221 OK, Goodbye
//! ```
//!
//! [`command`] and [`reply`] are the words, used by both sides; [`client`] and
//! [`server`] are the machines. Nothing here opens a socket or reads a clock.

pub mod body;
pub mod client;
pub mod command;
pub mod plain;
pub mod plan;
pub mod progress;
pub mod reply;
pub mod server;
pub mod verdict;

/// The registered port of the protocol; the RFC itself names none.
pub const PORT: u16 = 444;
