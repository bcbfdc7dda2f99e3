//! A route: a program that reads pages as CSV and writes verdicts as CSV.
//!
//! Answers for which program that is, for what it is given and what it says.
//! Must never know where pages come from, nor where they are kept.

pub mod child;
pub mod program;
pub mod verdict;
