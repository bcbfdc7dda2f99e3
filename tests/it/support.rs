//! What the tests share: running our programs, playing a broken server, and
//! starting other people's programs. Everything stays on 127.0.0.1, on ports
//! that the kernel chose.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "a tool box: not every test file needs every tool"
)]

pub(crate) mod broker;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod central;
pub(crate) mod cgi;
pub(crate) mod desk;
pub(crate) mod dice;
pub(crate) mod fake;
pub(crate) mod kit;
pub(crate) mod login;
pub(crate) mod modem;
pub(crate) mod peers;
pub(crate) mod postfix;
pub(crate) mod pty;
pub(crate) mod scripted;
pub(crate) mod spooled;
pub(crate) mod supers;
pub(crate) mod tap;
pub(crate) mod utmp;
pub(crate) mod web;

pub(crate) use caller::Caller;
pub(crate) use dice::Dice;
pub(crate) use fake::Fake;
pub(crate) use kit::{Cmd, Output, Running, Scratch, Tmpfs, applet, eventually, pagebox, scratch};
pub(crate) use pty::{NullModem, Pty};
pub(crate) use scripted::Central;
pub(crate) use spooled::Page;
