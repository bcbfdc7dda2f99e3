//! Tests of the real binary, one file per applet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

mod bulk;
mod docs;
mod durability;
mod hostile;
mod house;
mod ident;
mod ixo_send;
mod ixo_serve;
mod machines;
mod modem;
mod onslaught;
mod page;
mod page_cgi;
mod page_deliver;
mod page_mail;
mod pagebox;
mod pageq;
mod paging_line;
mod peers;
mod postfix;
mod routes;
mod serial;
mod slow;
mod snpp_probe;
mod snpp_send;
mod snpp_serve;
mod superservers;
mod support;
mod telnet;
mod terminal;
mod users;
mod window;
mod xtell;
mod xtelld;
