//! xtell: both machines, held against the dialogues of tests/transcripts/xtell-*.txt, and against
//! whoever says anything else.

mod lines;
mod replies;
mod shifts;
mod transcripts;

use std::collections::VecDeque;

use pagebox::exit::Exit;
use pagebox::outcome::{Fate, Outcome};
use pagebox::protocol::xtell::client::{self, Client};
use pagebox::protocol::xtell::message::Message;
use pagebox::protocol::xtell::reply::Verdict;
use pagebox::protocol::xtell::server::{self, Server};
use pagebox::protocol::{Action, Input, Machine, Phase};

use super::{BYTES, NOW, WHOLE, pieces};

fn message(from: &str, user: &str, device: &str, text: &str) -> Message {
    Message {
        from: from.into(),
        user: user.into(),
        device: device.into(),
        text: text.into(),
    }
}

// ---- the client ----

/// What the machine did, in order. Waits are left out: they are what differs when a line comes in
/// pieces.
#[derive(Debug, Eq, PartialEq)]
enum Did {
    Said(String),
    Heard(Vec<u8>),
    Told(Option<Fate>),
    Ended(client::End),
}

/// A client, and the lines that it is to say.
struct Call {
    client: Client,
    lines: VecDeque<Vec<u8>>,
    did: Vec<Did>,
    waits: Option<Phase>,
}

impl Call {
    fn new(lines: &[&str]) -> Self {
        let mut call = Self {
            client: Client::default(),
            lines: lines
                .iter()
                .map(|line| format!("{line}\r\n").into_bytes())
                .collect(),
            did: Vec::new(),
            waits: None,
        };
        call.step(Input::Start);
        call
    }

    /// One that said this many messages, of which all but the last got a good reply.
    fn at_reply(said: usize) -> Self {
        let mut call = Self::new(&vec!["joe:jane::hi"; said]);
        call.calm();
        for _ in 1..said {
            call.hear("200 message sent\r\n");
        }
        assert_eq!(call.waits, Some(Phase::Verdict));
        call
    }

    /// One that said a message, heard these replies, and said goodbye.
    fn at_farewell(replies: &[&str]) -> Self {
        let mut call = Self::new(&vec!["joe:jane::hi"; replies.len()]);
        call.calm();
        for reply in replies {
            call.hear(&format!("{reply}\r\n"));
        }
        assert_eq!(call.waits, Some(Phase::Farewell));
        call
    }

    fn step(&mut self, input: Input<'_, client::Answer>) {
        assert!(!self.ended(), "no step behind the end");
        self.waits = None;
        let mut asked = false;
        for action in self.client.step(NOW, input) {
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
                    assert_eq!(wire.secret, None);
                    Did::Said(String::from_utf8(wire.bytes).unwrap())
                }
                Action::Event(wire) => Did::Heard(wire.bytes),
                Action::Progress => panic!("a reply has no parts"),
                Action::Done(end) => Did::Ended(end),
                Action::Ask(client::Question::Next(fate)) => {
                    asked = true;
                    Did::Told(fate)
                }
            });
        }
        if asked {
            let next = self.lines.pop_front();
            let answer = next.map_or(client::Answer::Quit, client::Answer::Say);
            self.step(Input::Answer(answer));
        }
        assert!(self.waits.is_some() != self.ended());
    }

    /// Nothing is early.
    fn calm(&mut self) {
        while self.waits == Some(Phase::Quiet) {
            self.step(Input::Timeout);
        }
    }

    fn hear_bytes(&mut self, bytes: &[u8], sizes: &[usize]) {
        for piece in pieces(bytes, sizes) {
            if self.ended() {
                return;
            }
            self.step(Input::Bytes(piece));
        }
    }

    /// The server says this, and then the line is quiet.
    fn hear(&mut self, text: &str) {
        self.hear_bytes(text.as_bytes(), WHOLE);
        self.calm();
    }

    fn ended(&self) -> bool {
        matches!(self.did.last(), Some(Did::Ended(_)))
    }

    fn end(&self) -> &client::End {
        match self.did.last() {
            Some(Did::Ended(end)) => end,
            _ => panic!("not ended: {:?}", self.did),
        }
    }

    fn doubted(&self) -> bool {
        self.end().doubt.is_some()
    }

    /// What became of each message, the one under way at the end included.
    fn fates(&self) -> Vec<&Fate> {
        let fates = self.did.iter().filter_map(|did| match did {
            Did::Told(fate) => fate.as_ref(),
            Did::Ended(end) => end.fate.as_ref(),
            _ => None,
        });
        fates.collect()
    }

    fn shorts(&self) -> Vec<Short> {
        self.fates().into_iter().map(short).collect()
    }

    /// The words on the line, those of both sides.
    fn said(&self) -> String {
        let said = self.did.iter().filter_map(|did| match did {
            Did::Said(text) => Some(text.as_str()),
            _ => None,
        });
        said.collect()
    }
}

type Short = (Outcome, Exit, Option<u16>);

fn short(fate: &Fate) -> Short {
    (fate.outcome, fate.exit, fate.code)
}

const SENT: Short = (Outcome::Sent, Exit::Ok, Some(200));
const NO_USER: Short = (Outcome::Refused, Exit::NoUser, Some(403));
const LOST: Short = (Outcome::Unknown, Exit::Unknown, None);
const STRANGE: Short = (Outcome::Refused, Exit::Protocol, None);
const UNTRIED: Short = (Outcome::Untried, Exit::TempFail, None);
const EARLY: Short = (Outcome::Untried, Exit::Protocol, None);

const fn closed(code: u16) -> Short {
    (Outcome::Refused, Exit::NoPermission, Some(code))
}

// ---- the server ----

/// A session of the server's, with a world that gives these verdicts.
struct Serving {
    server: Server,
    verdicts: VecDeque<Verdict>,
    did: Served,
}

/// What it came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Served {
    said: String,
    /// What was to be delivered, each with what had been said by then.
    delivered: Vec<(Message, usize)>,
    end: Option<server::End>,
}

impl Serving {
    fn new(messages: usize, verdicts: &[Verdict]) -> Self {
        let mut serving = Self {
            server: Server::new(messages),
            verdicts: verdicts.to_vec().into(),
            did: Served::default(),
        };
        serving.step(Input::Start);
        serving
    }

    fn step(&mut self, input: Input<'_, Verdict>) {
        assert_eq!(self.did.end, None, "no step behind the end");
        let mut asked = false;
        let mut waits = false;
        for action in self.server.step(NOW, input) {
            assert!(
                self.did.end.is_none() && !asked && !waits,
                "nothing follows a question, a wait or the end"
            );
            match action {
                Action::Wait(phase) => {
                    assert_eq!(phase, Phase::Command);
                    waits = true;
                }
                Action::Send(wire) => {
                    assert!(wire.bytes.ends_with(b"\r\n"));
                    self.did.said += std::str::from_utf8(&wire.bytes).unwrap();
                }
                Action::Ask(server::Question::Deliver(message)) => {
                    asked = true;
                    let replies = self.did.said.lines().count();
                    self.did.delivered.push((message, replies));
                }
                Action::Done(end) => self.did.end = Some(end),
                Action::Event(_) | Action::Progress => panic!("a server has no news"),
            }
        }
        if asked {
            let verdict = self.verdicts.pop_front().unwrap_or(Verdict::Shown);
            self.step(Input::Answer(verdict));
        } else {
            assert!(waits != self.did.end.is_some());
        }
    }

    fn hear(&mut self, bytes: &[u8], sizes: &[usize]) {
        for piece in pieces(bytes, sizes) {
            if self.did.end.is_some() {
                return;
            }
            self.step(Input::Bytes(piece));
        }
    }
}

/// A session in which a client says this and leaves, whole and byte by byte.
fn serve(verdicts: &[Verdict], said: &[u8]) -> Served {
    let served = [WHOLE, BYTES].map(|sizes| {
        let mut serving = Serving::new(20, verdicts);
        serving.hear(said, sizes);
        if serving.did.end.is_none() {
            serving.step(Input::Eof);
        }
        serving.did
    });
    let [whole, bytes] = served;
    assert_eq!(whole, bytes);
    whole
}
