//! TAP 1.8 (the Telocator Alphanumeric Protocol of 4 February 1997, once
//! called IXO): blocks with a checksum over a 7-bit line, from an entry device
//! to a paging central.
//!
//! ```text
//!   client                         central
//!     CR  ───────────────────────▶
//!         ◀───────────────────────  ID=
//!     ESC PG1 [password] CR ─────▶
//!         ◀───────────────────────  [messages] ACK CR
//!         ◀───────────────────────  ESC [p CR
//!     STX pager CR text CR ETX nnn CR ▶        once for each page
//!         ◀───────────────────────  [messages] ACK | NAK | RS CR
//!     EOT CR ────────────────────▶
//!         ◀───────────────────────  [messages] [RS CR] ESC EOT CR
//! ```
//!
//! Answers for both ends of that dialogue, byte by byte. Must never know what
//! the bytes travel on, nor what becomes of a page.

pub mod block;
pub mod code;
pub mod page;
pub mod receiver;
pub mod sender;

/// The control characters of the line.
pub mod control {
    /// A block begins.
    pub const STX: u8 = 0x02;
    /// The transaction ends in this block.
    pub const ETX: u8 = 0x03;
    /// No more transactions; behind ESC: the call is over.
    pub const EOT: u8 = 0x04;
    /// Accepted.
    pub const ACK: u8 = 0x06;
    /// Noise, before or behind a CR.
    pub const LF: u8 = 0x0A;
    /// The end of every line and every field.
    pub const CR: u8 = 0x0D;
    /// Go on sending.
    pub const XON: u8 = 0x11;
    /// Stop sending.
    pub const XOFF: u8 = 0x13;
    /// Say it again.
    pub const NAK: u8 = 0x15;
    /// The transaction goes on behind a complete field.
    pub const ETB: u8 = 0x17;
    /// The next character stands for a control character.
    pub const SUB: u8 = 0x1A;
    /// In front of a logon, of a go-ahead, and of an EOT that ends the call.
    pub const ESC: u8 = 0x1B;
    /// This transaction is given up; the next may come.
    pub const RS: u8 = 0x1E;
    /// The transaction goes on in the midst of a field.
    pub const US: u8 = 0x1F;
    /// Padding, and what a parity error turns into.
    pub const NUL: u8 = 0x00;
    /// Padding.
    pub const DEL: u8 = 0x7F;
}

/// What a receiver makes of a byte: seven bits, and nothing where it is only
/// padding or flow control (TAP 1.8 section 3; LF beside CR is ignored).
pub fn received(byte: u8) -> Option<u8> {
    use control::{DEL, LF, NUL, XOFF, XON};
    let byte = byte & 0x7F;
    (!matches!(byte, NUL | DEL | XON | XOFF | LF)).then_some(byte)
}
