//! What the receiving machine and the world say to each other: what it asks,
//! what it is told, and how it ends.

/// What a central takes, and how it speaks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The version that is told, as `1.8`. `None`: an old central, which sends
    /// control characters and no words.
    pub version: Option<String>,
    /// Blocks are taken only behind a logon.
    pub login: bool,
    /// A logon needs a password.
    pub password: bool,
    /// Blocks must have the right checksum.
    pub checked: bool,
    /// Pages of a call.
    pub max_pages: Option<usize>,
    /// Characters of a page.
    pub max_length: Option<usize>,
    /// A longer one is cut; else it is refused.
    pub truncate: bool,
    /// The pagers show no letters.
    pub numeric: bool,
    /// `ID=` is said to one who says nothing. On a serial line nobody may be there.
    pub unprompted: bool,
    /// What `ATI` is answered with: one line.
    pub identity: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Some("1.8".to_owned()),
            login: true,
            password: false,
            checked: true,
            max_pages: None,
            max_length: None,
            truncate: false,
            numeric: false,
            unprompted: true,
            identity: "pagebox".to_owned(),
        }
    }
}

/// A page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Submission {
    /// The pager ID: a name, see [`crate::text::shape::is_name`].
    pub pager: String,
    /// The text, of seven bits, its fields joined by LF; none for a tone. Any
    /// control character may be in it.
    pub text: Vec<u8>,
}

/// What the machine asks.
#[derive(Debug, Eq, PartialEq)]
pub enum Question {
    /// Is that the password? Answered by [`Answer::Login`].
    Login {
        /// What stands behind the terminal type, if anything.
        password: Option<Vec<u8>>,
    },
    /// Is this page safe with us? Answered by [`Answer::Verdict`].
    Accept(Submission),
}

/// What it is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Whether it is.
    Login(bool),
    /// The fate of the page.
    Verdict(Verdict),
}

/// What became of a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is on disk (not just on its way there), or delivered.
    Accepted,
    /// Nothing of it is left, because we keep no more than so much.
    Full,
    /// Nothing of it is left, through no fault of the client's.
    TryLater,
    /// There is no such pager.
    NoSuchPager,
    /// It was refused for good.
    Refused,
    /// Nobody knows: it may have been delivered.
    Uncertain,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The client said so.
    Goodbye,
    /// The client went without a word.
    Closed,
    /// A modem says that its call is over, or that another has begun.
    Carrier,
    /// Too many refused logons.
    Logons,
    /// Too many bad blocks in a row.
    Blocks,
    /// Too much that is neither block nor line.
    Junk,
    /// No more pages in this call.
    Pages,
    /// The client said nothing for too long.
    Timeout,
}
