//! The receiving machine: one call of a client's, many pages.
//!
//! ```text
//! Start ─▶ [2 s: ID=] ─▶ line or block ◀──────────────────────────┐
//!                         ├─ CR, not logged on ─▶ ID= ──────────▶│
//!                         ├─ logon, page ──▶ Ask, the answer ─┐   │
//!                         │     a look at what came meanwhile ◀┘   │
//!                         │     the reply ──────────────────────▶│
//!                         ├─ any other, and its reply if any ────▶┘
//!                         └─ EOT, EOF, silence, too many errors ─▶ Done
//! ```
//!
//! Answers for what may be sent when, for what a page may look like, and for
//! bounds: nothing a client says fills the memory. Must never know where an
//! accepted page goes, which pagers there are and what the password is, nor
//! acknowledge a page before it was told so itself.
//!
//! A client that waits too long for a reply sends its block again. What came in
//! before a reply went out cannot be an answer to it; so where it is the very
//! frame that the reply is about, or is damaged, it is a resend, and the reply
//! is its reply too. What comes behind the reply is a page of its own, even if it
//! is the same again. How much of it is dropped has a bound; and the first block
//! of several is known again by itself: see `transaction`.
//!
//! On a serial line a bare CR that breaks a silence is answered as one that
//! begins a call: the client before it may have gone without a word. And a block
//! without its end is given up where nobody goes on with it, and a client is
//! waited for: an STX may be noise. In these three things it matters when bytes
//! come, and in nothing else.
//!
//! Source: TAP 1.8 sections 2 to 7.

mod again;
mod frames;
mod rules;
mod say;
pub mod talk;
mod transaction;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use self::again::Judged;
use self::frames::{Frame, Frames};
use self::say::{Reply, Sign};
use self::talk::{Answer, End, Question, Settings, Submission};
use self::transaction::{MAX_PAGE, Part, Transaction};
use super::block::{Block, Damage};
use super::code;
use super::control::{EOT, ESC};
use crate::protocol::{Action, Input, Machine, Phase, Wire};
use crate::text::escape::printable;

/// How often a client that says nothing is asked for its logon (n3).
const MAX_PROMPTS: usize = 3;
/// The refused logons after which a client is sent away.
const MAX_LOGONS: usize = 3;
/// The bad blocks in a row after which it is.
const MAX_BAD: usize = 3;
/// The lines that are none after which it is.
const MAX_JUNK: usize = 10;
/// A client in the midst of a call is not silent for so long and says a bare CR
/// then; one that begins a call says it every 2 s (t1) until it is answered.
const DESERTED: Duration = Duration::from_millis(1500);
/// Refused pages that a log hears of at once.
const MAX_REFUSALS: usize = 100;
/// Said instead of a prompt to who may not speak here.
pub const NOT_YOU: &[u8] = b"Not served\r\x1b\x04\r";
/// Said instead of a prompt where nothing could be accepted.
pub const UNAVAILABLE: &[u8] = b"Out of service\r\x1b\x04\r";
/// Said at any moment by a central that is told to stop.
pub const GOING_DOWN: &[u8] = say::HANG_UP;

/// Said while a page takes its time, by a central that sends codes or by one that does not.
pub fn please_wait(codes: bool) -> &'static [u8] {
    if codes {
        b"111 Processing, please wait\r"
    } else {
        b"Processing - Please Wait\r"
    }
}

/// What an answer is awaited for.
#[derive(Debug)]
enum Asked {
    Logon,
    /// A page, cut to so many characters.
    Page(Option<usize>),
}

#[derive(Debug)]
enum State {
    Listening,
    /// The frame is what the question is about.
    Asking(Asked, Frame),
    /// The reply is known, and what is there already is looked at first.
    Replying(Reply, Frame, usize),
    Over,
}

/// See the module's text.
#[derive(Debug)]
pub struct Receiver {
    settings: Settings,
    frames: Frames,
    /// What was looked at before a reply, and is to be dealt with behind it.
    kept: VecDeque<Frame>,
    state: State,
    transaction: Transaction,
    judged: Option<Judged>,
    /// The client is logged on.
    known: bool,
    /// It has sent blocks without that, where it may.
    begun: bool,
    /// The last frame was a block.
    behind_block: bool,
    /// The client has closed.
    closed: bool,
    /// How often it was asked for its logon since it last said anything.
    prompts: usize,
    /// Refused logons, bad blocks in a row, lines that are none, and pages.
    logons: usize,
    bad: usize,
    junk: usize,
    pages: usize,
    refusals: Vec<String>,
    /// When something was last heard, or answered.
    active: Option<SystemTime>,
    /// What has come in there came after a silence.
    broke_silence: Option<u64>,
}

type Actions = Vec<Action<Question, End>>;

impl Receiver {
    /// A central that has said and heard nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            frames: Frames::default(),
            kept: VecDeque::new(),
            state: State::Listening,
            transaction: Transaction::default(),
            judged: None,
            known: false,
            begun: false,
            behind_block: false,
            closed: false,
            prompts: 0,
            logons: 0,
            bad: 0,
            junk: 0,
            pages: 0,
            refusals: Vec::new(),
            active: None,
            broke_silence: None,
        }
    }

    /// What came in behind the end of the call: on a line that goes on, it is
    /// the next one's.
    pub fn rest(&self) -> Vec<u8> {
        let kept = self.kept.iter().flat_map(|frame| frame.wire().bytes);
        kept.chain(self.frames.rest()).collect()
    }

    /// Works off what is there, up to a question or the end.
    fn run(&mut self, actions: &mut Actions) {
        while matches!(self.state, State::Listening) {
            match self.kept.pop_front().or_else(|| self.frames.next()) {
                Some(frame) => self.frame(frame, actions),
                // A frame without its end, a transaction without its last
                // block: all dropped, and no reply said otherwise.
                None if self.closed => self.end(End::Closed, actions),
                None => return actions.push(Action::Wait(self.phase())),
            }
        }
    }

    /// What is waited for: anything at all, a logon that was asked for, or a block.
    fn phase(&self) -> Phase {
        if self.known || (self.begun && self.settings.unprompted) {
            Phase::Block
        } else if self.prompts == 0 {
            Phase::Prompt
        } else {
            Phase::Logon
        }
    }

    /// The client said nothing for as long as it may.
    fn silent(&mut self, now: SystemTime, actions: &mut Actions) {
        // Without a logon a block may be good, and still come in on a slow line.
        if self.known || self.settings.login || self.is_deserted(now) {
            self.frames.drop_block();
        }
        let timeout = Sign::Over(End::Timeout);
        match self.phase() {
            // Where nobody has to be there, a client that is must have stopped to listen.
            Phase::Prompt if !self.settings.unprompted => self.end(End::Timeout, actions),
            Phase::Prompt | Phase::Logon if self.prompts < MAX_PROMPTS => {
                self.prompts += 1;
                put(actions, say::PROMPT);
            }
            _ => self.say(&Reply::new(code::TIMEOUT, "Timeout", timeout), actions),
        }
    }

    fn frame(&mut self, frame: Frame, actions: &mut Actions) {
        if self.is_resent(&frame) {
            return;
        }
        let behind_block = std::mem::replace(&mut self.behind_block, frame.is_block);
        let is_empty = !frame.is_block && frame.bytes.is_empty();
        if frame.is_block {
            actions.push(Action::Event(frame.wire()));
            self.block(frame, actions);
        } else if !is_empty {
            actions.push(Action::Event(frame.wire()));
            self.line(frame, actions);
        } else if self.known {
            // A client may have gone without a word, and this be another one's
            // call; if it is a stray CR, nothing is lost.
            if self.broke_silence == Some(frame.start) {
                put(actions, say::PROMPT);
            }
        } else if !behind_block {
            self.prompts = 1;
            put(actions, say::PROMPT);
        }
    }

    /// Looks how long nothing was said, before what is there now. While we are
    /// busy a client's silence means nothing.
    fn note_silence(&mut self, now: SystemTime) {
        let is_long = self.is_deserted(now);
        self.active = Some(now);
        let is_listening = matches!(self.state, State::Listening) && self.kept.is_empty();
        if !is_long || !is_listening || self.settings.unprompted {
            return;
        }
        let arrived = self.frames.arrived();
        // In the midst of a block only who begins a call says a CR alone.
        let is_call = self.frames.ends_in_cr() && self.broke_silence == arrived.checked_sub(1);
        if is_call || !self.known {
            self.frames.drop_block();
        }
        self.broke_silence = Some(arrived);
    }

    fn is_deserted(&self, now: SystemTime) -> bool {
        let since = self.active.unwrap_or(now);
        now.duration_since(since).is_ok_and(|time| time >= DESERTED)
    }

    fn line(&mut self, frame: Frame, actions: &mut Actions) {
        match frame.bytes.as_slice() {
            [EOT] => self.bid_goodbye(actions),
            [ESC, ..] => self.logon(frame, actions),
            text if text.eq_ignore_ascii_case(b"ATI") => {
                let line = format!("{}\r", self.settings.identity);
                put(actions, line.as_bytes());
            }
            text if rules::is_modem(text) => {
                // Whoever calls next must not find this one's logon.
                if self.known && rules::is_other_call(text) {
                    self.end(End::Carrier, actions);
                }
            }
            _ if !self.settings.login => {}
            _ if self.known => self.unexpected(actions),
            _ => self.refuse(code::BAD_LOGON, "Manual entry is not offered here", actions),
        }
    }

    fn bid_goodbye(&mut self, actions: &mut Actions) {
        let over = Sign::Over(End::Goodbye);
        self.say(&Reply::new(code::GOODBYE, "Goodbye", over), actions);
    }

    /// Something in front of a transaction that nobody sends in good faith often.
    fn unexpected(&mut self, actions: &mut Actions) {
        let text = "Unexpected characters";
        self.junk += 1;
        if self.junk >= MAX_JUNK {
            let over = Sign::Over(End::Junk);
            self.say(&Reply::new(code::UNEXPECTED, text, over), actions);
        } else if self.settings.version.is_some() {
            let line = format!("{} {text}\r", code::UNEXPECTED);
            put(actions, line.as_bytes());
        }
    }

    fn logon(&mut self, frame: Frame, actions: &mut Actions) {
        self.transaction = Transaction::default();
        let form = match frame.bytes.as_slice() {
            [ESC, a, b, _, password @ ..] if !frame.long => Some(([*a, *b], password.to_vec())),
            _ => None,
        };
        match form {
            None if !self.settings.login => {}
            None => self.refuse(code::BAD_LOGON, "Invalid logon", actions),
            Some(_) if !self.settings.login => self.welcome(actions),
            Some((service, _)) if !service.eq_ignore_ascii_case(b"PG") => {
                self.refuse(code::NO_SERVICE, "Service not supported", actions);
            }
            Some((_, password)) if self.settings.password => {
                let password = Some(password).filter(|password| !password.is_empty());
                self.state = State::Asking(Asked::Logon, frame);
                actions.push(Action::Ask(Question::Login { password }));
            }
            Some(_) => self.welcome(actions),
        }
    }

    fn welcome(&mut self, actions: &mut Actions) {
        let reply = self.welcoming();
        self.say(&reply, actions);
    }

    fn welcoming(&mut self) -> Reply {
        self.known = true;
        let version = self.settings.version.clone().unwrap_or_default();
        Reply::new(code::VERSION, version, Sign::Welcome)
    }

    fn refuse(&mut self, code: u16, text: &'static str, actions: &mut Actions) {
        let reply = self.refusing(code, text);
        self.say(&reply, actions);
    }

    fn refusing(&mut self, code: u16, text: &'static str) -> Reply {
        self.known = false;
        self.prompts = 1;
        self.logons += 1;
        let sign = if self.logons >= MAX_LOGONS {
            Sign::Over(End::Logons)
        } else {
            Sign::Nak
        };
        Reply::new(code, text, sign)
    }

    fn block(&mut self, frame: Frame, actions: &mut Actions) {
        if self.settings.login && !self.known {
            return self.refuse(code::BAD_LOGON, "Log on first", actions);
        }
        self.begun = true;
        self.prompts = 0;
        let block = match Block::parse(&frame.bytes, self.settings.checked) {
            Ok(block) => block,
            Err(Damage::Checksum) => return self.bad(code::CHECKSUM, "Checksum error", actions),
            Err(Damage::Format) => return self.bad(code::FORMAT, "Message format error", actions),
        };
        let most = self.settings.max_pages;
        if self.transaction.is_empty() && most.is_some_and(|most| self.pages >= most) {
            let text = "Maximum pages entered for session";
            let over = Sign::Over(End::Pages);
            return self.say(&Reply::new(code::MAX_PAGES, text, over), actions);
        }
        let part = self.transaction.add(&block);
        if part == Part::Malformed {
            return self.bad(code::FORMAT, "Message format error", actions);
        }
        self.bad = 0;
        match part {
            Part::Whole(pager, text) => {
                self.pages += 1;
                self.page(frame, &pager, text, actions);
            }
            Part::TooLong => {
                let most = self.settings.max_length;
                let most = most.map_or(MAX_PAGE, |most| most.min(MAX_PAGE));
                let reply = say::too_long(most);
                self.note_refusal("a pager", &reply);
                self.say(&reply, actions);
            }
            Part::More | Part::Malformed => put(actions, say::GO_ON),
        }
    }

    fn bad(&mut self, code: u16, text: &'static str, actions: &mut Actions) {
        self.bad += 1;
        let reply = if self.bad >= MAX_BAD {
            let over = Sign::Over(End::Blocks);
            Reply::new(code::ATTEMPTS, "Too many attempts", over)
        } else {
            Reply::new(code, text, Sign::Nak)
        };
        self.say(&reply, actions);
    }

    /// Pages that were refused without a question, since the last call, as a
    /// log should know them.
    pub fn take_refusals(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refusals)
    }

    fn note_refusal(&mut self, pager: &str, reply: &Reply) {
        if self.refusals.len() < MAX_REFUSALS {
            let pager = printable(pager.as_bytes());
            let line = format!("not accepted for {pager}: {:03} {}", reply.code, reply.text);
            self.refusals.push(line);
        }
    }

    fn page(&mut self, frame: Frame, pager: &[u8], mut text: Vec<u8>, actions: &mut Actions) {
        let pager = std::str::from_utf8(pager).unwrap_or_default();
        if let Some(refusal) = rules::refusal(&self.settings, pager, &text) {
            self.note_refusal(pager, &refusal);
            return self.say(&refusal, actions);
        }
        let most = self.settings.max_length.unwrap_or(usize::MAX);
        let is_long = text.len() > most;
        text.truncate(most);
        let page = Submission {
            pager: pager.to_owned(),
            text,
        };
        self.state = State::Asking(Asked::Page(is_long.then_some(most)), frame);
        actions.push(Action::Ask(Question::Accept(page)));
    }

    fn answered(&mut self, answer: Answer, actions: &mut Actions) {
        let (asked, frame) = match std::mem::replace(&mut self.state, State::Listening) {
            State::Asking(asked, frame) => (asked, frame),
            other => {
                self.state = other;
                return;
            }
        };
        let reply = match (asked, answer) {
            (Asked::Logon, Answer::Login(true)) => self.welcoming(),
            (Asked::Logon, _) => self.refusing(code::BAD_PASSWORD, "Invalid password"),
            (Asked::Page(cut), Answer::Verdict(verdict)) => say::verdict(verdict, cut),
            // The answer to another question is none.
            (Asked::Page(_), Answer::Login(_)) => say::verdict(talk::Verdict::Uncertain, None),
        };
        self.state = State::Replying(reply, frame, 0);
        actions.push(Action::Wait(Phase::Quiet));
    }

    fn say(&mut self, reply: &Reply, actions: &mut Actions) {
        put(actions, &reply.wire(self.settings.version.is_some()));
        if let Sign::Over(end) = reply.sign {
            self.end(end, actions);
        }
    }

    fn end(&mut self, end: End, actions: &mut Actions) {
        self.state = State::Over;
        actions.push(Action::Done(end));
    }
}

impl Machine for Receiver {
    type Question = Question;
    type Answer = Answer;
    type Done = End;

    fn step(&mut self, now: SystemTime, input: Input<'_, Answer>) -> Actions {
        let mut actions = Actions::new();
        if matches!(self.state, State::Over) {
            return actions;
        }
        match input {
            Input::Start => {}
            Input::Bytes(bytes) => {
                self.note_silence(now);
                self.frames.push(bytes);
                if let State::Replying(_, _, seen) = &mut self.state {
                    *seen += bytes.len();
                    if self.drop_resent() {
                        actions.push(Action::Wait(Phase::Quiet));
                        return actions;
                    }
                }
                self.replied(&mut actions);
            }
            Input::Answer(answer) => {
                self.active = Some(now);
                self.answered(answer, &mut actions);
            }
            Input::Eof => {
                self.closed = true;
                self.replied(&mut actions);
            }
            Input::Timeout if matches!(self.state, State::Replying(..)) => {
                self.replied(&mut actions);
            }
            Input::Timeout => self.silent(now, &mut actions),
        }
        self.run(&mut actions);
        actions
    }
}

/// Says some bytes. What is said in a row is one action: a client may ask for
/// thousands of prompts at once.
fn put(actions: &mut Actions, bytes: &[u8]) {
    if let Some(Action::Send(wire)) = actions.last_mut() {
        wire.bytes.extend_from_slice(bytes);
    } else {
        actions.push(Action::Send(Wire::open(bytes)));
    }
}
