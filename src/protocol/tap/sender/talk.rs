//! What the sending machine and the world say to each other: what it asks,
//! what it is told, and how a call ends.

use crate::outcome::Fate;
use crate::protocol::tap::page::Page;

/// How a call is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The service asked for, `PG1`: printable ASCII.
    pub service: String,
    /// The password, where the central wants one: printable ASCII.
    pub password: Option<String>,
    /// So many CRs are said, each waiting [`crate::protocol::Phase::Prompt`], before there is no `ID=`.
    pub prompts: u32,
    /// The central says when to begin. Otherwise silence after its ACK will do.
    pub goahead: bool,
    /// Wait [`crate::protocol::Phase::Pause`] before the first CR, and before the logon.
    pub pause: bool,
    /// May control characters be escaped?
    pub escape: Escape,
}

/// Are control characters of a text sent as SUB and a letter?
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Escape {
    /// If the central says that it speaks TAP 1.6 or later.
    #[default]
    Auto,
    /// Yes.
    On,
    /// No: what is no blank is left out.
    Off,
}

/// What the machine asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// What became of the last page, if there was one; what is next?
    Next(Option<Answered>),
}

/// What it is told.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Send this page.
    Page(Page),
    /// Say goodbye.
    Logoff,
}

/// The verdict on one page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// What became of it.
    pub fate: Fate,
    /// A block was sent again after silence, or an ACK was heard that may have
    /// been its own: it may have been taken twice, and a refusal may be that of
    /// the second one only.
    pub duplicate_possible: bool,
    /// The central cut the message.
    pub is_cut: bool,
    /// The central takes no more pages in this call.
    pub call_is_full: bool,
}

/// How a call ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct End {
    /// What became of the page in hand. None: nothing of it was sent.
    pub answered: Option<Answered>,
    /// The central ended the call instead of judging that page: worth one try in a new call.
    pub again: bool,
    /// Why, where it was not a farewell; also the fate of a page that was never begun.
    pub cause: Option<Fate>,
    /// RS in the farewell, and what the central said to it: it refuses some
    /// page of this call after all, and nobody knows which.
    pub taken_back: Option<String>,
    /// One ACK more came than blocks were sent, and one was sent again after
    /// NAK: its page may arrive twice.
    pub may_arrive_twice: bool,
}
