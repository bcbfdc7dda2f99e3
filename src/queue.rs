//! The spool: the jobs in it, and what happens to them until their fate is known.
//!
//! Answers for durability. Must never know a protocol, nor who is asking.

pub mod amend;
pub mod deliver;
pub mod job;
pub mod route;
pub mod spool;
pub mod store;
pub mod tags;
pub mod work;
