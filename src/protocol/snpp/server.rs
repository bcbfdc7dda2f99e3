//! The server machine: one connection of a client's, many transactions.
//!
//! ```text
//! Start ─▶ 220 ─▶ command ◀──────────────────────────────┐
//!                   ├─ DATA ─▶ 354, body, lone dot ──────▶│
//!                   ├─ SEND ─▶ Ask(Accept), the answer ──▶│
//!                   ├─ any other, and its reply ─────────▶┘
//!                   └─ QUIT, EOF, silence, too many errors ─▶ Done
//! ```
//!
//! Answers for what may be said when, for what a pager ID and a message may
//! look like, and for bounds: nothing a client says fills the memory. Must
//! never know where an accepted page goes, nor tell a client that it was
//! accepted before it was told so itself.
//! Source: RFC 1861 section 4; this is level 1 with DATA and LOGI of level 2.

use std::time::SystemTime;

use super::command::{self, Verb};
use super::line::{Body, Ending, Line, Lines};
use crate::protocol::{Action, Input, Machine, Phase, Wire};
use crate::text::escape::printable;

/// The longest command line that is obeyed, in bytes without its end.
const MAX_LINE: usize = 4096;
/// The longest pager ID and the longest login, in bytes.
const MAX_PAGER: usize = 64;
const MAX_LOGIN: usize = 255;

/// What is there. HELP lists these and no others.
const IMPLEMENTED: &[Verb] = &[
    Verb::Page,
    Verb::Mess,
    Verb::Rese,
    Verb::Send,
    Verb::Quit,
    Verb::Help,
    Verb::Data,
    Verb::Logi,
];

/// Said instead of a greeting to who may not speak here (RFC 1861 section 4.5.1).
pub const NOT_YOU: &[u8] = b"421 Illegal Access Attempt\r\n";
/// Said instead of a greeting where nothing could be accepted.
pub const UNAVAILABLE: &[u8] = b"421 Gateway Service Unavailable\r\n";
/// Said at any moment by a server that is told to stop.
pub const GOING_DOWN: &[u8] = b"421 SERVER DOWN, Goodbye\r\n";

/// The texts of the replies, as RFC 1861 suggests them.
mod say {
    pub(super) const PAGER: &str = "250 Pager ID Accepted";
    // That an ID is unknown and that its PIN is wrong are not told apart.
    pub(super) const BAD_PAGER: &str = "550 Error, Invalid Pager ID or Password";
    pub(super) const PAGERS: &str = "552 Max Recipients Exceeded";
    pub(super) const MESSAGE: &str = "250 Message OK";
    pub(super) const BAD_MESSAGE: &str = "550 ERROR, Invalid Message";
    pub(super) const AGAIN: &str = "503 ERROR, Message Already Entered";
    pub(super) const BEGIN: &str = "354 Begin Input; End with <CRLF>'.'<CRLF>";
    pub(super) const RESET: &str = "250 RESET OK";
    pub(super) const INCOMPLETE: &str = "503 Error, Pager ID or Message Incomplete";
    pub(super) const FAILED: &str = "554 Message Failed, try again later";
    pub(super) const LOGIN: &str = "250 Login Accepted";
    pub(super) const BAD_LOGIN: &str = "550 Error, Invalid LoginID or Password";
    pub(super) const HELP: &str = "250 End of Help Information";
    pub(super) const UNKNOWN: &str = "500 Command Not Implemented, Try Again";
    pub(super) const LINE: &str = "500 Line Too Long";
    pub(super) const GOODBYE: &str = "221 OK, Goodbye";
    pub(super) const ERRORS: &str = "421 Too Many Errors, Goodbye";
    pub(super) const TIMEOUT: &str = "421 Timeout, Goodbye";
}

/// What a session may use up, and the name it goes by.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Our name in the greeting.
    pub hostname: String,
    /// Bytes of a message.
    pub message: usize,
    /// Pagers of a transaction.
    pub recipients: usize,
    /// Unknown commands that are forgiven; the next one ends the session.
    pub errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            message: 1024,
            recipients: 50,
            errors: 10,
        }
    }
}

/// What a client sent with one SEND.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Submission {
    /// To whom: at least one, none of them twice.
    pub pagers: Vec<String>,
    /// The message, not empty, its lines joined by LF.
    pub message: String,
    /// Who the client says it is. Nobody has verified that.
    pub from: Option<String>,
}

/// What the machine asks.
#[derive(Debug, Eq, PartialEq)]
pub enum Question {
    /// Is this page safe with us?
    Accept(Submission),
}

/// What it is told.
#[derive(Debug)]
pub enum Answer {
    /// Yes, and this is what it is called. It is on disk, not just on its way there.
    Accepted {
        /// The name.
        id: String,
    },
    /// No, through no fault of the client's; nothing of it is left.
    Failed,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The client said QUIT.
    Quit,
    /// The client closed without a word.
    Closed,
    /// Too many unknown commands.
    Errors,
    /// The client said nothing for too long.
    Timeout,
}

/// What SEND sends, SEND and RESE forget.
#[derive(Debug, Default)]
struct Transaction {
    pagers: Vec<String>,
    message: Option<String>,
}

#[derive(Debug)]
enum State {
    Command,
    Body(Body),
    Asking,
    Over,
}

/// See the module's text.
#[derive(Debug)]
pub struct Server {
    limits: Limits,
    lines: Lines,
    state: State,
    transaction: Transaction,
    login: Option<String>,
    /// Unknown commands so far.
    errors: usize,
}

type Actions = Vec<Action<Question, End>>;

impl Server {
    /// A server that has said and heard nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            lines: Lines::default(),
            state: State::Command,
            transaction: Transaction::default(),
            login: None,
            errors: 0,
        }
    }

    /// Works off what is there, up to a question or the end.
    fn run(&mut self, actions: &mut Actions) {
        loop {
            let next = match &mut self.state {
                State::Command => self.lines.next(MAX_LINE, true),
                State::Body(body) => self.lines.next(body.room(), false),
                State::Asking | State::Over => return,
            };
            let Some(line) = next else {
                actions.push(Action::Wait(Phase::Command));
                return;
            };
            match &mut self.state {
                State::Body(body) => {
                    if body.take(&line) {
                        self.body_ended(actions);
                    }
                }
                _ => self.command(&line, actions),
            }
        }
    }

    fn command(&mut self, line: &Line, actions: &mut Actions) {
        let (verb, argument) = Verb::of_line(line.text());
        match verb {
            None => self.unknown(actions),
            // What was cut off is lost, so the rest must not be obeyed.
            Some(Verb::Mess) if line.cut => reply(actions, say::BAD_MESSAGE),
            Some(_) if line.cut => reply(actions, say::LINE),
            Some(Verb::Page) => reply(actions, self.page(argument)),
            Some(Verb::Mess) => reply(actions, self.message(argument)),
            Some(Verb::Data) => self.data(line.ending, actions),
            Some(Verb::Send) => self.send(actions),
            Some(Verb::Logi) => reply(actions, self.log_in(argument)),
            Some(Verb::Rese) => {
                self.transaction = Transaction::default();
                self.login = None;
                reply(actions, say::RESET);
            }
            Some(Verb::Help) => help(actions),
            Some(Verb::Quit) => self.end(Some(say::GOODBYE), End::Quit, actions),
            // Of levels 2 and 3, and not here: a client that tries them is not lost.
            Some(_) => reply(actions, say::UNKNOWN),
        }
    }

    fn unknown(&mut self, actions: &mut Actions) {
        self.errors += 1;
        if self.errors > self.limits.errors {
            self.end(Some(say::ERRORS), End::Errors, actions);
        } else {
            reply(actions, say::UNKNOWN);
        }
    }

    fn page(&mut self, argument: &[u8]) -> &'static str {
        let mut words = command::structured(argument);
        // A PIN that was dropped in silence would be worse than one refused.
        let (Some(id), None) = (words.next().and_then(pager_id), words.next()) else {
            return say::BAD_PAGER;
        };
        let pagers = &mut self.transaction.pagers;
        if pagers.contains(&id) {
            return say::PAGER;
        }
        if pagers.len() >= self.limits.recipients {
            return say::PAGERS;
        }
        pagers.push(id);
        say::PAGER
    }

    fn message(&mut self, text: &[u8]) -> &'static str {
        if self.transaction.message.is_some() {
            return say::AGAIN;
        }
        if text.len() > self.limits.message {
            return say::BAD_MESSAGE;
        }
        self.transaction.message = message_text(text.to_vec());
        match self.transaction.message {
            Some(_) => say::MESSAGE,
            None => say::BAD_MESSAGE,
        }
    }

    fn data(&mut self, ending: Ending, actions: &mut Actions) {
        if self.transaction.message.is_some() {
            reply(actions, say::AGAIN);
            return;
        }
        self.state = State::Body(Body::new(self.limits.message, ending));
        reply(actions, say::BEGIN);
    }

    fn body_ended(&mut self, actions: &mut Actions) {
        let State::Body(body) = std::mem::replace(&mut self.state, State::Command) else {
            return;
        };
        self.transaction.message = body.into_text().and_then(message_text);
        let text = match self.transaction.message {
            Some(_) => say::MESSAGE,
            None => say::BAD_MESSAGE,
        };
        reply(actions, text);
    }

    fn send(&mut self, actions: &mut Actions) {
        if self.transaction.pagers.is_empty() {
            reply(actions, say::INCOMPLETE);
            return;
        }
        let Some(message) = self.transaction.message.take() else {
            reply(actions, say::INCOMPLETE);
            return;
        };
        // Cleared whatever becomes of it: after a failure the client begins anew.
        let transaction = std::mem::take(&mut self.transaction);
        self.state = State::Asking;
        actions.push(Action::Ask(Question::Accept(Submission {
            pagers: transaction.pagers,
            message,
            from: self.login.clone(),
        })));
    }

    fn answered(&mut self, answer: Answer, actions: &mut Actions) {
        if !matches!(self.state, State::Asking) {
            return;
        }
        self.state = State::Command;
        match answer {
            Answer::Accepted { id } => {
                let id = printable(id.as_bytes());
                reply(actions, &format!("250 Message {id} queued"));
            }
            Answer::Failed => reply(actions, say::FAILED),
        }
    }

    /// The password is not looked at: there is nothing to hold it against.
    fn log_in(&mut self, argument: &[u8]) -> &'static str {
        let name = command::structured(argument).next().and_then(login);
        match name {
            Some(_) => {
                self.login = name;
                say::LOGIN
            }
            None => say::BAD_LOGIN,
        }
    }

    fn end(&mut self, words: Option<&str>, end: End, actions: &mut Actions) {
        if let Some(words) = words {
            reply(actions, words);
        }
        self.state = State::Over;
        actions.push(Action::Done(end));
    }
}

impl Machine for Server {
    type Question = Question;
    type Answer = Answer;
    type Done = End;

    fn step(&mut self, _now: SystemTime, input: Input<'_, Answer>) -> Actions {
        let mut actions = Actions::new();
        if matches!(self.state, State::Over) {
            return actions;
        }
        match input {
            Input::Start => {
                let name = printable(self.limits.hostname.as_bytes());
                reply(
                    &mut actions,
                    &format!("220 {name} pagebox SNPP gateway ready"),
                );
            }
            Input::Bytes(bytes) => self.lines.push(bytes),
            Input::Answer(answer) => self.answered(answer, &mut actions),
            // A line without its end, a body without its dot, a transaction
            // without its SEND: all dropped.
            Input::Eof => self.end(None, End::Closed, &mut actions),
            Input::Timeout => self.end(Some(say::TIMEOUT), End::Timeout, &mut actions),
        }
        self.run(&mut actions);
        actions
    }
}

/// Says a reply. Replies in a row become one write.
fn reply(actions: &mut Actions, text: &str) {
    if !matches!(actions.last(), Some(Action::Send(_))) {
        actions.push(Action::Send(Wire::default()));
    }
    if let Some(Action::Send(wire)) = actions.last_mut() {
        wire.bytes.extend_from_slice(text.as_bytes());
        wire.bytes.extend_from_slice(b"\r\n");
    }
}

fn help(actions: &mut Actions) {
    for level in 1..=3 {
        let words: Vec<&str> = IMPLEMENTED
            .iter()
            .filter(|verb| verb.level() == level)
            .map(|verb| verb.word())
            .collect();
        if !words.is_empty() {
            reply(actions, &format!("214 Level {level}: {}", words.join(" ")));
        }
    }
    reply(actions, say::HELP);
}

/// A pager ID, if it is one: `[A-Za-z0-9+][A-Za-z0-9._+@-]*`. So it cannot be
/// an option, a path or a header, wherever it goes from here.
fn pager_id(word: &[u8]) -> Option<String> {
    let (first, rest) = word.split_first()?;
    let sound = (first.is_ascii_alphanumeric() || *first == b'+')
        && rest
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._+@-".contains(byte))
        && word.len() <= MAX_PAGER;
    sound.then(|| word.iter().copied().map(char::from).collect())
}

/// A login, if it can be recorded as one word of text.
fn login(word: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(word).ok()?;
    let foul = |c: char| c.is_control() || c.is_whitespace();
    let sound = name.len() <= MAX_LOGIN && !name.contains(foul);
    sound.then(|| name.to_owned())
}

/// A message, if there is one in these bytes. A CR inside a line is refused
/// with NUL and what is no UTF-8: no server further on could be trusted to
/// see one line in it, so our own clients will not send it.
fn message_text(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let empty = text.bytes().all(|byte| byte == b'\n');
    (!empty && !text.contains(['\0', '\r'])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits() -> Limits {
        Limits {
            hostname: "h".to_owned(),
            errors: 3,
            recipients: 2,
            message: 64,
        }
    }

    /// What a session came to.
    #[derive(Debug, Default, Eq, PartialEq)]
    struct Session {
        said: String,
        sent: Vec<Submission>,
        end: Option<End>,
    }

    impl Session {
        fn act(&mut self, server: &mut Server, input: Input<'_, Answer>) {
            let mut answer = None;
            let actions = server.step(SystemTime::UNIX_EPOCH, input);
            let quiet = actions.is_empty();
            for action in actions {
                assert!(
                    self.end.is_none() && answer.is_none(),
                    "nothing follows a question or the end"
                );
                match action {
                    Action::Send(wire) => {
                        self.said.push_str(&String::from_utf8(wire.bytes).unwrap());
                    }
                    Action::Ask(Question::Accept(submission)) => {
                        answer = Some(match submission.message.as_str() {
                            "fail" => Answer::Failed,
                            _ => Answer::Accepted {
                                id: format!("id{}", self.sent.len()),
                            },
                        });
                        self.sent.push(submission);
                    }
                    Action::Done(end) => self.end = Some(end),
                    Action::Wait(phase) => assert_eq!(phase, Phase::Command),
                    Action::Event(_) => panic!("no events"),
                }
            }
            assert!(
                !quiet || self.end.is_some(),
                "only the end is followed by nothing"
            );
            if let Some(answer) = answer {
                self.act(server, Input::Answer(answer));
            }
        }

        fn codes(&self) -> Vec<u16> {
            self.said.lines().map(code).collect()
        }
    }

    fn code(line: &str) -> u16 {
        line.split(' ').next().unwrap().parse().unwrap()
    }

    fn feed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Session, Server) {
        let mut server = Server::new(limits());
        let mut session = Session::default();
        session.act(&mut server, Input::Start);
        for chunk in chunks {
            session.act(&mut server, Input::Bytes(chunk));
        }
        (session, server)
    }

    /// Fed whole and byte by byte: what is said after the greeting.
    fn talk(bytes: &[u8]) -> Session {
        let (whole, _) = feed([bytes]);
        assert_eq!(whole, feed(bytes.chunks(1)).0);
        let greeting = "220 h pagebox SNPP gateway ready\r\n";
        let said = whole.said.strip_prefix(greeting).unwrap().to_owned();
        Session { said, ..whole }
    }

    /// Holds a fixture of `S:` and `C:` lines; the texts of the replies are ours.
    fn transcript(text: &str) -> Session {
        let side = |mark: &str| -> Vec<String> {
            let lines = text.lines().map(str::trim_start);
            lines
                .filter_map(|line| {
                    line.strip_prefix(mark)
                        .map(|line| line.trim_start().to_owned())
                })
                .collect()
        };
        let session = talk(format!("{}\r\n", side("C:").join("\r\n")).as_bytes());
        let codes: Vec<u16> = side("S:").iter().map(|line| code(line)).collect();
        assert_eq!(session.codes(), codes, "{}", session.said);
        session
    }

    fn submission(pagers: &[&str], message: &str) -> Submission {
        Submission {
            pagers: pagers.iter().map(|&pager| pager.to_owned()).collect(),
            message: message.to_owned(),
            from: None,
        }
    }

    #[test]
    fn t1_level_1() {
        let session = transcript(
            "C: PAGE 5551212\nS: 250\nC: MESS Your network is hosed\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        );
        assert_eq!(
            session.sent,
            [submission(&["5551212"], "Your network is hosed")]
        );
        assert_eq!(session.end, Some(End::Quit));
        assert!(session.said.contains("250 Message id0 queued\r\n"));
    }

    #[test]
    fn t2_incomplete_loses_nothing() {
        let session = transcript(
            "C: mess Another example\nS: 250\nC: send\nS: 503\nC: PaGeR 5551212\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221",
        );
        assert_eq!(session.sent, [submission(&["5551212"], "Another example")]);
    }

    #[test]
    fn t5_and_t6_bodies() {
        let session = transcript(
            "C: PAGE 111\nS: 250\nC: DATA\nS: 354\nC: QUIT\nC: SEND\nC: ..hidden\nC: .\nS: 250\n\
             C: MESS again\nS: 503\nC: DATA\nS: 503\nC: SEND\nS: 250",
        );
        assert_eq!(session.sent, [submission(&["111"], "QUIT\nSEND\n.hidden")]);
    }

    #[test]
    fn t7_reset_forgets_everything() {
        transcript("C: PAGE 111\nS: 250\nC: MESS x\nS: 250\nC: RESET\nS: 250\nC: SEND\nS: 503");
        let session =
            talk(b"LOGI joe\r\nPAGE 1\r\nMESS x\r\nSEND\r\nRESE\r\nPAGE 1\r\nMESS x\r\nSEND\r\n");
        let from: Vec<_> = session
            .sent
            .into_iter()
            .map(|submission| submission.from)
            .collect();
        assert_eq!(from, [Some("joe".to_owned()), None]);
    }

    #[test]
    fn t8_help_lists_what_is_there() {
        assert_eq!(
            talk(b"HELP\r\n").said,
            "214 Level 1: PAGE MESS RESE SEND QUIT HELP\r\n214 Level 2: DATA LOGI\r\n250 End of Help Information\r\n"
        );
        for verb in Verb::ALL {
            let known = talk(format!("{verb} 1\r\n").as_bytes()).codes() != [500];
            assert_eq!(known, IMPLEMENTED.contains(verb), "{verb}");
        }
    }

    #[test]
    fn t9_too_many_errors() {
        let session = talk(b"FOO\r\nPAG 1\r\n\r\nBAR\r\nPAGE 1\r\n");
        assert_eq!(session.codes(), [500, 500, 500, 421]);
        assert!(session.said.ends_with("421 Too Many Errors, Goodbye\r\n"));
        assert_eq!(session.end, Some(End::Errors));
        // A command of another level is no error of that kind.
        assert_eq!(talk(&b"LEVE 1\r\n".repeat(9)).codes(), [500; 9]);
    }

    #[test]
    fn t10_silence_and_the_end_of_the_line() {
        for (said, input, end) in [
            ("421 Timeout, Goodbye\r\n", Input::Timeout, End::Timeout),
            ("", Input::Eof, End::Closed),
        ] {
            let (mut session, mut server) = feed([&b"PAGE 1\r\nMESS x\r\nSEND"[..]]);
            session.said.clear();
            session.act(&mut server, input);
            assert_eq!((session.said.as_str(), session.end), (said, Some(end)));
            assert_eq!(session.sent, [], "an unfinished line is never executed");
            assert_eq!(
                server.step(SystemTime::UNIX_EPOCH, Input::Bytes(b"\r\n")),
                []
            );
        }
        let (mut session, mut server) = feed([&b"PAGE 1\r\nDATA\r\ntext\r\n."[..]]);
        session.act(&mut server, Input::Eof);
        assert_eq!((session.sent, session.end), (vec![], Some(End::Closed)));
    }

    #[test]
    fn t20_too_many_recipients_and_none_twice() {
        let session = transcript(
            "C: PAGE 1\nS: 250\nC: PAGE 2\nS: 250\nC: PAGE 3\nS: 552\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250",
        );
        assert_eq!(session.sent, [submission(&["1", "2"], "x")]);
    }

    #[test]
    fn after_send_everything_is_forgotten_but_the_login() {
        let session = transcript(
            "C: LOGI joe secret\nS: 250\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: SEND\nS: 503\n\
             C: PAGE 2\nS: 250\nC: MESS fail\nS: 250\nC: SEND\nS: 554\nC: SEND\nS: 503\nC: MESS y\nS: 250\nC: SEND\nS: 503",
        );
        assert!(
            session
                .sent
                .iter()
                .all(|submission| submission.from.as_deref() == Some("joe"))
        );
        assert!(
            session
                .said
                .contains("554 Message Failed, try again later\r\n")
        );
    }

    #[test]
    fn a_pager_is_one_sound_word() {
        let long = "1".repeat(64);
        for id in ["5551212", "SHIRLEY", "+49.30", "a_b@c-d", long.as_str()] {
            assert_eq!(
                talk(format!("PAGE  {id} \r\n").as_bytes()).codes(),
                [250],
                "{id}"
            );
        }
        let long = "1".repeat(65);
        for id in [
            "",
            "-o",
            "../x",
            "a;b",
            "1 2",
            "a\0",
            "ü",
            "1\rMESS",
            long.as_str(),
        ] {
            assert_eq!(
                talk(format!("PAGE {id}\r\n").as_bytes()).codes(),
                [550],
                "{id}"
            );
        }
        assert_eq!(talk(b"PAGE5551212\r\n").codes(), [550]);
    }

    #[test]
    fn a_message_stays_as_written_or_is_refused() {
        let session = talk("PAGE 1\r\nMESS  two  blänks \r\nSEND\r\n".as_bytes());
        assert_eq!(session.sent[0].message, " two  blänks ");
        let long = "x".repeat(65);
        for bad in [&b""[..], b"a\0b", b"a\rb", b"\xff\xfe", long.as_bytes()] {
            for (before, after, codes) in [
                ("MESS ", "\r\n", &[550][..]),
                ("DATA\r\n", "\r\n.\r\n", &[354, 550]),
            ] {
                let bytes = [before.as_bytes(), bad, after.as_bytes()].concat();
                assert_eq!(talk(&bytes).codes(), codes, "{bad:?}");
            }
        }
        assert_eq!(talk(b"DATA\r\n.\r\n").codes(), [354, 550]);
        // A refused message is none: another may follow.
        assert_eq!(
            talk(b"MESS \r\nMESS x\r\nMESS y\r\n").codes(),
            [550, 250, 503]
        );
    }

    #[test]
    fn a_line_without_end_is_answered_at_its_end() {
        let tail = "x".repeat(MAX_LINE);
        assert_eq!(
            talk(format!("PAGE {tail}\r\nPAGE 1\r\n").as_bytes()).codes(),
            [500, 250]
        );
        assert_eq!(
            talk(format!("MESS {tail}\r\nPAGE 1\r\n").as_bytes()).codes(),
            [550, 250]
        );
        assert_eq!(
            talk(format!("{tail}x\r\nPAGE 1\r\n").as_bytes()).codes(),
            [500, 250]
        );
    }

    #[test]
    fn a_body_in_crlf_is_not_ended_by_a_dot_in_lf() {
        let session = talk(b"PAGE 1\r\nDATA\r\na\r\n.\nPAGE 2\nSEND\n.\r\nSEND\r\n");
        assert_eq!(session.codes(), [250, 354, 250, 250]);
        assert_eq!(session.sent, [submission(&["1"], "a\n.\nPAGE 2\nSEND")]);
        assert_eq!(
            talk(b"PAGE 1\nDATA\na\n.\nSEND\n").sent,
            [submission(&["1"], "a")]
        );
    }

    #[test]
    fn nothing_is_consumed_while_a_question_is_open() {
        let mut server = Server::new(limits());
        let now = SystemTime::UNIX_EPOCH;
        let actions = server.step(now, Input::Bytes(b"PAGE 1\nMESS x\nSEND\nQUIT\n"));
        assert!(matches!(
            actions.as_slice(),
            [Action::Send(_), Action::Ask(_)]
        ));
        assert_eq!(server.step(now, Input::Bytes(b"HELP\n")), []);
        let actions = server.step(now, Input::Answer(Answer::Accepted { id: "7".to_owned() }));
        let said = Wire::open("250 Message 7 queued\r\n221 OK, Goodbye\r\n");
        assert_eq!(actions, [Action::Send(said), Action::Done(End::Quit)]);
    }

    fn fragment() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            &b"PAGE 1"[..],
            b"PAGE 22",
            b"MESS text",
            b"MESS fail",
            b"DATA",
            b"SEND",
            b"RESE",
            b"HELP",
            b"LOGI joe",
            b".",
            b"..",
            b"\r\n",
            b"\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"\xff\xfd\x0a",
            b"\0",
        ]);
        prop_oneof![
            8 => word.prop_map(<[u8]>::to_vec),
            1 => prop::collection::vec(any::<u8>(), 0..100),
            1 => (any::<u8>(), 0..9000_usize).prop_map(|(byte, count)| vec![byte; count]),
        ]
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference_and_memory_is_bounded(
            fragments in prop::collection::vec(fragment(), 0..60),
            sizes in prop::collection::vec(1..700_usize, 1..8),
        ) {
            let bytes = fragments.concat();
            let (whole, _) = feed([&bytes[..]]);
            let mut rest = &bytes[..];
            let mut chunks = Vec::new();
            for size in sizes.iter().cycle() {
                if rest.is_empty() { break; }
                let (chunk, more) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = more;
            }
            let (chunked, server) = feed(chunks);
            prop_assert_eq!(whole, chunked);
            let body = match &server.state { State::Body(body) => body.held(), _ => 0 };
            prop_assert!(server.lines.held() + body < 4 * MAX_LINE);
        }
    }
}
