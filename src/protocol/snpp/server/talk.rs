//! What the server machine and the world say to each other: what it asks, what
//! it is told, and how it ends.

use std::time::SystemTime;

use jiff::civil::DateTime;

use crate::protocol::snpp::plan::TwoWay;

/// What a session may use up, what stands behind it, and the name it goes by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our name in the greeting.
    pub hostname: String,
    /// Bytes of a message.
    pub message: usize,
    /// Pagers of a transaction.
    pub recipients: usize,
    /// Errors (unknown commands, logins without a name or password, refused
    /// PINGs and tags) that are forgiven; the next one ends the session. Of
    /// refused pagers, ten times as many in a row.
    pub errors: usize,
    /// Nothing may be sent or asked before a login.
    pub login_first: bool,
    /// What SEND sends is delivered before SEND is answered; else it is queued.
    pub direct: bool,
    /// There is a pager whose user can answer.
    pub two_way: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            message: 1024,
            recipients: 50,
            errors: 10,
            login_first: false,
            direct: false,
            two_way: false,
        }
    }
}

/// One of those whom a message is for, with what was said before its PAGE.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recipient {
    /// The pager ID: a name, see [`crate::text::shape::is_name`].
    pub pager: String,
    /// The second word of PAGE.
    pub pin: Option<String>,
    /// Service level, 0 to 11.
    pub level: Option<u8>,
    /// Alert override.
    pub alert: Option<bool>,
    /// Alternate coverage area: one word.
    pub coverage: Option<String>,
    /// Not to be delivered before.
    pub hold: Option<SystemTime>,
}

/// Who sends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// The name: one word.
    pub name: String,
    /// Somebody held a password against it.
    pub verified: bool,
}

/// What a client sent with one SEND.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Submission {
    /// To whom: at least one, no two of them alike.
    pub recipients: Vec<Recipient>,
    /// The message as it was written, not empty, without NUL and CR, its lines
    /// joined by LF. Mostly UTF-8, but nobody promised that.
    pub message: Vec<u8>,
    /// Who calls: one line, as written.
    pub caller: Option<String>,
    /// What about: one line, as written.
    pub subject: Option<String>,
    /// Who the client is, if it said so.
    pub login: Option<Login>,
    /// A transaction of level 3.
    pub two_way: Option<TwoWay>,
}

/// The key to the status of a message (RFC 1861 section 4.6.9).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    /// The message tag.
    pub tag: String,
    /// The pass code.
    pub pass: String,
}

/// What became of a message so far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// Rises by one with each change.
    pub sequence: u64,
    /// The reply code.
    pub code: u16,
    /// When it came to that.
    pub at: SystemTime,
    /// 888: the code of the choice. 889: the answer. A code without a text of
    /// its own in the RFC: the text.
    pub text: String,
}

/// What the machine asks.
#[derive(Debug, Eq, PartialEq)]
pub enum Question {
    /// Can this pager be paged? Answered by [`Answer::Pager`].
    Pager(String),
    /// Is that the password? Answered by [`Answer::Login`].
    Login {
        /// One word.
        name: String,
        /// The rest of the line, if there is one.
        password: Option<Vec<u8>>,
    },
    /// When is that on the clock of the paging terminal? Answered by [`Answer::Moment`].
    Local(DateTime),
    /// Is this page safe with us? Answered by [`Answer::Verdict`].
    Accept(Submission),
    /// What became of it? Answered by [`Answer::Status`].
    Status(Ticket),
    /// Forget it. Answered by [`Answer::Forgotten`].
    Forget(Ticket),
}

/// What it is told.
#[derive(Debug)]
pub enum Answer {
    /// How the pager can be paged; `None`: not at all.
    Pager(Option<Unit>),
    /// What the login is worth.
    Login(Credit),
    /// The moment, if there is such a one.
    Moment(Option<SystemTime>),
    /// The fate of the page.
    Verdict(Verdict),
    /// Its status.
    Status(Lookup),
    /// Whether the tag is forgotten.
    Forgotten(Forgotten),
}

/// A pager that can be paged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unit {
    /// Its user can answer.
    pub two_way: bool,
}

/// What a login is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Credit {
    /// The password is right.
    Verified,
    /// Nobody could hold it against anything; the name is noted.
    Unverified,
    /// A password is needed; old clients try without one first.
    NoPassword,
    /// No such login, or another password: which of them is nobody's business.
    Refused,
}

/// What became of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is on disk (not just on its way there), or delivered, whichever
    /// [`Settings::direct`] promises.
    Accepted {
        /// What it is called.
        id: String,
        /// The key to its status, where it is a page of level 3.
        ticket: Option<Ticket>,
    },
    /// Nothing of it is left, through no fault of the client's.
    TryLater,
    /// There is no such pager.
    NoSuchPager,
    /// It was refused for good.
    Refused,
    /// Nobody knows: it may have been delivered.
    Uncertain,
}

/// What became of a question for a status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lookup {
    /// This is it.
    Found(Status),
    /// There is no such tag, or that is not its pass code.
    Unknown,
    /// That could not be found out now.
    Failed,
}

/// What became of a tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forgotten {
    /// It is gone.
    Gone,
    /// There is no such tag, or that is not its pass code.
    Unknown,
    /// That could not be done now.
    Failed,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The client said QUIT.
    Quit,
    /// The client closed without a word.
    Closed,
    /// Too many errors.
    Errors,
    /// Too many refused logins.
    Logins,
    /// The client said nothing for too long.
    Timeout,
}
