//! What happens to text on its way through: held against what it must look
//! like, made safe to show, put into another character set, fitted into a length.
//!
//! Nothing here knows a protocol, a file or a socket: text goes in, text comes out.

pub mod charset;
pub mod escape;
pub mod hex;
pub mod host;
pub mod shape;
pub mod split;
