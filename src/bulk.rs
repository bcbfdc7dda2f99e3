//! Bulk: pages as CSV in, results as CSV out, and runs that can be resumed.
//!
//! This is the contract between any program that has pages and any program
//! that sends them. Must never know how a page is sent: a [`sender::Sender`]
//! does that.

pub mod books;
pub mod flags;
mod floor;
pub mod input;
pub mod journal;
pub mod results;
pub mod retry;
pub mod rows;
pub mod run;
pub mod sender;
pub mod supply;
mod together;
