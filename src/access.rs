//! Who may come in: by address, or with a login and its password; and who it
//! is that comes, as far as another machine can tell.
//!
//! Answers yes or no, and why for the log. Must never know a protocol that
//! pages travel by, nor what the one who comes in may do.

pub mod ident;
pub mod network;
pub mod peer;
pub mod users;
