//! TAP: the sending machine, held against the dialogues of tests/transcripts/tap-*.txt, and
//! against centrals that do anything else.

mod ends;
mod laws;
mod logon;
mod paging;
mod prompt;
mod shifts;
mod transcripts;
mod verdict;

use std::collections::VecDeque;
use std::time::Duration;

use pagebox::exit::Exit;
use pagebox::outcome::{Fate, Outcome};
use pagebox::protocol::tap::page::Page;
use pagebox::protocol::tap::sender::{Answer, Answered, End, Escape, Question, Sender, Settings};
use pagebox::protocol::{Action, Input, Machine, Phase, Wire};

use super::{BYTES, NOW, WHOLE, pieces};
use crate::support::tap::{bytes, shown};

fn settings() -> Settings {
    Settings {
        service: "PG1".to_owned(),
        password: None,
        prompts: 3,
        goahead: true,
        pause: false,
        escape: Escape::Auto,
    }
}

fn secret() -> Settings {
    Settings {
        password: Some("hunter2".to_owned()),
        ..settings()
    }
}

fn page(pager: &str, text: &str) -> Page {
    Page::new(pager, text, true, false).unwrap()
}

fn hi() -> Vec<Page> {
    vec![page("5550000", "Hi")]
}

const HI: &str = "<STX>5550000<CR>Hi<CR><ETX>22?<CR>";
const LOGON: &str = "<ESC>PG1<CR>";
const WELCOME: &str = "110 1.8<CR><ACK><CR><ESC>[p<CR>";
/// Why pages are taken back.
const SHIFTED: &str = "one verdict more than there were blocks: they may have been those of others";
const EOT: &str = "<EOT><CR>";

/// What the machine did, in order. Waits are left out: they are what differs when a line comes in
/// pieces.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Did {
    Said(Wire),
    Heard(Wire),
    Progress,
    Asked(Option<Answered>),
    Ended(End),
}

/// A call, and the pages that are to go.
struct Call {
    sender: Sender,
    pages: VecDeque<Page>,
    did: Vec<Did>,
    /// What was said and not yet looked at.
    said: Vec<u8>,
    waits: Option<Phase>,
    now: std::time::SystemTime,
}

impl Call {
    fn new(settings: Settings, pages: Vec<Page>) -> Self {
        let mut call = Self {
            sender: Sender::new(settings),
            pages: pages.into(),
            did: Vec::new(),
            said: Vec::new(),
            waits: None,
            now: NOW,
        };
        call.step(Input::Start);
        call
    }

    /// One that has sent the first block of its first page, or EOT where there is none.
    fn sending(settings: Settings, pages: Vec<Page>) -> Self {
        let mut call = Self::new(settings, pages);
        call.hear("ID=");
        call.hear(WELCOME);
        call.calm();
        call.said.clear();
        call
    }

    /// The central says this, and nothing more for a moment, for which we wait.
    fn hear_out(&mut self, text: &str) {
        self.hear(text);
        assert_eq!(self.waits, Some(Phase::Drain), "{text}");
        self.rest();
    }

    /// The central says nothing for a moment.
    fn rest(&mut self) {
        while self.waits == Some(Phase::Drain) {
            self.step(Input::Timeout);
        }
        self.calm();
    }

    /// One that has sent a page to 5550000 and waits for its verdict.
    fn at_verdict() -> Self {
        Self::sending(settings(), hi())
    }

    /// One that has sent a page and said goodbye.
    fn at_farewell() -> Self {
        let mut call = Self::at_verdict();
        call.hear("<ACK><CR>");
        assert_eq!(shown(&call.said), EOT);
        call.said.clear();
        call
    }

    fn step(&mut self, input: Input<'_, Answer>) {
        assert!(!self.ended(), "no step behind the end");
        let mut asked = false;
        self.waits = None;
        self.now += Duration::from_secs(1);
        for action in self.sender.step(self.now, input) {
            assert!(
                !self.ended() && !asked && self.waits.is_none(),
                "nothing follows a question, a wait or the end"
            );
            self.did.push(match action {
                Action::Wait(phase) => {
                    self.waits = Some(phase);
                    continue;
                }
                Action::Send(wire) => {
                    self.said.extend_from_slice(&wire.bytes);
                    Did::Said(wire)
                }
                Action::Event(wire) => Did::Heard(wire),
                Action::Progress => Did::Progress,
                Action::Done(end) => Did::Ended(end),
                Action::Ask(Question::Next(answered)) => {
                    asked = true;
                    Did::Asked(answered)
                }
            });
        }
        if asked {
            let page = self.pages.pop_front();
            self.step(Input::Answer(page.map_or(Answer::Logoff, Answer::Page)));
        }
        assert!(self.waits.is_some() != self.ended());
    }

    /// The line is quiet: what waited for that is said.
    fn calm(&mut self) {
        while self.waits == Some(Phase::Quiet) {
            self.step(Input::Timeout);
        }
    }

    /// The central says this, and then the line is quiet.
    fn hear(&mut self, text: &str) {
        self.hear_bytes(&bytes(text), BYTES);
        self.calm();
    }

    fn hear_bytes(&mut self, bytes: &[u8], sizes: &[usize]) {
        for piece in pieces(bytes, sizes) {
            if self.ended() {
                return;
            }
            self.step(Input::Bytes(piece));
        }
    }

    /// The time of this phase runs out.
    fn pass(&mut self, phase: Phase) {
        assert_eq!(self.waits, Some(phase));
        self.step(Input::Timeout);
    }

    /// What was said since this was last asked.
    fn says(&mut self) -> String {
        shown(&std::mem::take(&mut self.said))
    }

    fn ended(&self) -> bool {
        matches!(self.did.last(), Some(Did::Ended(_)))
    }

    fn end(&self) -> &End {
        match self.did.last() {
            Some(Did::Ended(end)) => end,
            _ => panic!("not ended: {:?}", self.did),
        }
    }

    /// The verdicts, and what the end makes of the page in hand.
    fn answered(&self) -> Vec<&Answered> {
        let answered = self.did.iter().filter_map(|did| match did {
            Did::Asked(answered) => answered.as_ref(),
            Did::Ended(end) => end.answered.as_ref(),
            _ => None,
        });
        answered.collect()
    }

    /// The only verdict.
    fn verdict(&self) -> &Answered {
        let answered = self.answered();
        assert_eq!(answered.len(), 1, "{answered:?}");
        answered[0]
    }

    fn cause(&self) -> &Fate {
        self.end().cause.as_ref().unwrap()
    }

    fn heard(&self) -> Vec<String> {
        let heard = self.did.iter().filter_map(|did| match did {
            Did::Heard(wire) => Some(shown(&wire.bytes)),
            _ => None,
        });
        heard.collect()
    }

    fn progress(&self) -> usize {
        let progress = self.did.iter().filter(|did| **did == Did::Progress);
        progress.count()
    }
}

type Short = (Outcome, Exit, Option<u16>);

fn short(fate: &Fate) -> Short {
    (fate.outcome, fate.exit, fate.code)
}

const SENT: Short = (Outcome::Sent, Exit::Ok, None);
const SENT_211: Short = (Outcome::Sent, Exit::Ok, Some(211));
const UNKNOWN: Short = (Outcome::Unknown, Exit::Unknown, None);
const UNTRIED: Short = (Outcome::Untried, Exit::TempFail, None);

const fn refused(exit: Exit, code: u16) -> Short {
    (Outcome::Refused, exit, Some(code))
}

const fn temporary(code: u16) -> Short {
    (Outcome::Temporary, Exit::TempFail, Some(code))
}

fn long() -> Vec<Page> {
    vec![Page::new("5551212", &"M".repeat(600), true, true).unwrap()]
}

/// A call that said three CRs before it was asked.
fn thrice() -> Call {
    let mut call = Call::new(settings(), hi());
    call.pass(Phase::Prompt);
    call.pass(Phase::Prompt);
    call.hear("ID=");
    assert_eq!(call.says(), "<CR><CR><CR>");
    assert_eq!(call.waits, Some(Phase::Drain));
    call
}

/// A call that said two logons, and heard one answer with its go-ahead.
fn settling() -> Call {
    let mut call = Call::new(settings(), hi());
    call.hear("ID=");
    call.pass(Phase::Logon);
    call.hear(WELCOME);
    assert_eq!(call.says(), format!("<CR>{LOGON}{LOGON}"));
    call
}

/// Calls in each state, with what a lost line makes of the page (if anything) and of the call.
fn states() -> Vec<(&'static str, Call, Option<Short>, Option<Short>)> {
    let new = || Call::new(settings(), hi());
    let pausing = Call::new(
        Settings {
            pause: true,
            ..settings()
        },
        hi(),
    );
    let mut logon = new();
    logon.hear("ID=");
    let mut goahead = new();
    goahead.hear("ID=");
    goahead.hear("<ACK><CR>");
    let mut quiet = new();
    quiet.hear("ID=");
    quiet.hear_bytes(&bytes(WELCOME), WHOLE);
    assert_eq!(quiet.waits, Some(Phase::Quiet));
    let mut renewing = new();
    renewing.hear("ID=");
    renewing.hear("<NAK><CR>");
    let mut resting = Call::at_verdict();
    resting.hear("<NAK><CR>");
    let mut confirming = settling();
    confirming.pass(Phase::Drain);
    confirming.calm();
    confirming.hear("<ACK><CR>");
    let states = vec![
        ("pause", pausing, None, Some(UNTRIED)),
        ("prompt", new(), None, Some(UNTRIED)),
        ("drain", thrice(), None, Some(UNTRIED)),
        ("logon", logon, None, Some(UNTRIED)),
        ("renewing", renewing, None, Some(UNTRIED)),
        ("go-ahead", goahead, None, Some(UNTRIED)),
        ("settling", settling(), None, Some(UNTRIED)),
        ("quiet", quiet, None, Some(UNTRIED)),
        ("verdict", Call::at_verdict(), Some(UNKNOWN), Some(UNTRIED)),
        ("confirming", confirming, Some(UNKNOWN), Some(UNTRIED)),
        ("resting", resting, Some(UNKNOWN), Some(UNTRIED)),
        ("farewell", Call::at_farewell(), Some(SENT), None),
    ];
    for (state, call, ..) in &states {
        let drains = ["drain", "renewing", "settling", "confirming", "resting"].contains(state);
        assert_eq!(call.waits == Some(Phase::Drain), drains, "{state}");
    }
    states
}
