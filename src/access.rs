//! Who may come in: by address, or with a login and its password.
//!
//! Answers yes or no, and why for the log. Must never know a protocol, nor
//! what the one who comes in may do.

pub mod network;
pub mod peer;
pub mod users;
