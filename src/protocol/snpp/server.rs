//! The server machine: one connection of a client's, many transactions.
//!
//! ```text
//! Start ─▶ 220 ─▶ command ◀──────────────────────────────┐
//!                   ├─ DATA ─▶ 354, body, lone dot ──────▶│
//!                   ├─ PAGE LOGI HOLD PING MSTA KTAG SEND │
//!                   │    ─▶ Ask, the answer, its reply ──▶│
//!                   ├─ any other, and its reply ─────────▶┘
//!                   └─ QUIT, EOF, silence, too many errors ─▶ Done
//! ```
//!
//! Answers for what may be said when, for what every argument may look like,
//! and for bounds: nothing a client says fills the memory. Must never know
//! where an accepted page goes, which pagers and logins there are, nor tell a
//! client that a page was accepted before it was told so itself.
//! Source: RFC 1861 section 4, levels 1 to 3.

mod hold;
mod say;
mod status;
pub mod talk;
mod transaction;
mod two_way;
mod verdict;
mod words;

use std::time::{Duration, SystemTime};

use self::hold::Hold;
use self::talk::{
    Answer, Credit, End, Forgotten, Login, Lookup, Question, Recipient, Settings, Ticket, Unit,
};
use self::transaction::Transaction;
use super::body::Body;
use super::command::{self, Verb};
use super::plan::TwoWay;
use crate::protocol::line::{Ending, Line, Lines};
use crate::protocol::{Action, Input, Machine, Phase, Wire};
use crate::text::escape::printable;

/// The longest command line that is obeyed, in bytes without its end; longer
/// ones only where a message may be as long.
const MAX_LINE: usize = 4096;
/// `MESS` and the blank behind it, with some to spare, in bytes.
const MESS_SPACE: usize = 16;
/// The refused logins after which a client is sent away.
const MAX_LOGINS: usize = 3;
/// Refused pagers in a row that are forgiven for each error that is: a client
/// with a long list has old numbers in it, and its good ones are to be served.
const PAGERS_PER_ERROR: usize = 10;
/// How far in the past HOLD may lie: clocks differ, and lines are slow.
const LATE: Duration = Duration::from_secs(60);

/// Said instead of a greeting to who may not speak here (RFC 1861 section 4.5.1).
pub const NOT_YOU: &[u8] = b"421 Illegal Access Attempt\r\n";
/// Said instead of a greeting where nothing could be accepted.
pub const UNAVAILABLE: &[u8] = b"421 Gateway Service Unavailable\r\n";
/// Said at any moment by a server that is told to stop.
pub const GOING_DOWN: &[u8] = b"421 SERVER DOWN, Goodbye\r\n";

/// What an answer is awaited for.
#[derive(Debug)]
enum Asked {
    Page(Recipient),
    Ping,
    Login(String),
    Hold(Hold),
    Send { wishes: Option<TwoWay> },
    Status,
    Forget,
}

#[derive(Debug)]
enum State {
    Command,
    Body(Body),
    Asking(Asked),
    Over,
}

/// See the module's text.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    lines: Lines,
    state: State,
    transaction: Transaction,
    login: Option<Login>,
    /// Errors and refused logins so far.
    errors: usize,
    logins: usize,
    /// Pagers refused since one was accepted.
    refused: usize,
}

type Actions = Vec<Action<Question, End>>;

impl Server {
    /// A server that has said and heard nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            lines: Lines::default(),
            state: State::Command,
            transaction: Transaction::default(),
            login: None,
            errors: 0,
            logins: 0,
            refused: 0,
        }
    }

    /// Works off what is there, up to a question or the end.
    fn run(&mut self, now: SystemTime, actions: &mut Actions) {
        // Whatever may be sent with DATA may be sent with MESS.
        let longest = MAX_LINE.max(self.settings.message.saturating_add(MESS_SPACE));
        loop {
            let next = match &mut self.state {
                State::Command => self.lines.next(longest, true),
                State::Body(body) => self.lines.next(body.room(), false),
                State::Asking(_) | State::Over => return,
            };
            let Some(line) = next else {
                actions.push(Action::Wait(Phase::Command));
                return;
            };
            match &mut self.state {
                State::Body(body) => {
                    if body.take(&line) {
                        self.body_ended(actions);
                    } else if actions.last() != Some(&Action::Progress) {
                        // Who types a long message is not silent.
                        actions.push(Action::Progress);
                    }
                }
                _ => self.command(now, &line, actions),
            }
        }
    }

    fn command(&mut self, now: SystemTime, line: &Line, actions: &mut Actions) {
        let (verb, argument) = Verb::of_line(line.text());
        let Some(verb) = verb else {
            return self.strike(say::UNKNOWN, actions);
        };
        let open = matches!(verb, Verb::Logi | Verb::Rese | Verb::Help | Verb::Quit);
        if self.settings.login_first && self.login.is_none() && !open {
            return reply(actions, say::LOGIN_FIRST);
        }
        // What was cut off is lost, so the rest must not be obeyed; and who
        // writes a CR inside a line means two lines, or is up to something.
        let two = line.text().contains(&b'\r');
        match verb {
            Verb::Mess => {
                let whole = (!line.cut).then_some(argument);
                reply(actions, self.transaction.message(whole, &self.settings));
            }
            _ if line.cut => reply(actions, say::LINE),
            _ if two => self.strike(say::UNKNOWN, actions),
            Verb::Page => self.page(argument, actions),
            Verb::Data => self.data(line.ending, actions),
            Verb::Send => self.send(actions),
            Verb::Rese => {
                self.transaction = Transaction::default();
                self.login = None;
                reply(actions, say::RESET);
            }
            Verb::Help => help(actions),
            Verb::Quit => self.end(Some(say::GOODBYE), End::Quit, actions),
            Verb::Logi => self.log_in(argument, actions),
            Verb::Hold => self.hold(now, argument, actions),
            Verb::Ping => self.ping(argument, actions),
            Verb::Msta => self.ticket(argument, Asked::Status, Question::Status, actions),
            Verb::Ktag => self.ticket(argument, Asked::Forget, Question::Forget, actions),
            Verb::Leve | Verb::Aler | Verb::Cove | Verb::Call | Verb::Subj => {
                reply(actions, self.transaction.option(verb, argument));
            }
            Verb::TwoWay => reply(actions, self.transaction.begin_two_way()),
            Verb::Expt | Verb::Noqu | Verb::Ackr | Verb::Rtyp | Verb::Mcre => {
                let text = self.transaction.two_way(verb, argument, &self.settings);
                reply(actions, &text);
            }
        }
    }

    /// Refuses something that nobody tries often in good faith.
    fn strike(&mut self, text: &str, actions: &mut Actions) {
        self.errors += 1;
        if self.errors > self.settings.errors {
            self.end(Some(say::ERRORS), End::Errors, actions);
        } else {
            reply(actions, text);
        }
    }

    /// Refuses a pager. Nobody may try names for ever, either.
    fn refuse_pager(&mut self, text: &str, actions: &mut Actions) {
        self.refused += 1;
        if self.refused > self.settings.errors.saturating_mul(PAGERS_PER_ERROR) {
            self.end(Some(say::ERRORS), End::Errors, actions);
        } else {
            reply(actions, text);
        }
    }

    fn ask(&mut self, asked: Asked, question: Question, actions: &mut Actions) {
        self.state = State::Asking(asked);
        actions.push(Action::Ask(question));
    }

    fn page(&mut self, argument: &[u8], actions: &mut Actions) {
        if self.transaction.is_full_two_way() {
            return reply(actions, say::SELECTED);
        }
        let mut words = command::structured(argument);
        let pager = words.next().and_then(words::pager);
        let pin = match words.next() {
            None => Some(None),
            Some(word) => words::token(word).map(Some),
        };
        let (Some(pager), Some(pin), None) = (pager, pin, words.next()) else {
            return self.refuse_pager(say::BAD_PAGER, actions);
        };
        let recipient = self.transaction.recipient(&pager, pin);
        self.ask(Asked::Page(recipient), Question::Pager(pager), actions);
    }

    fn paged(&mut self, recipient: Recipient, unit: Option<Unit>, actions: &mut Actions) {
        let Some(unit) = unit else {
            return self.refuse_pager(say::BAD_PAGER, actions);
        };
        if !self.transaction.suits(unit) {
            return self.refuse_pager(say::BAD_MODE, actions);
        }
        let text = self.transaction.add(recipient, unit, &self.settings);
        if text != say::PAGERS {
            self.refused = 0;
        }
        reply(actions, text);
    }

    fn data(&mut self, ending: Ending, actions: &mut Actions) {
        if self.transaction.has_message() {
            return reply(actions, say::AGAIN);
        }
        self.state = State::Body(Body::new(self.settings.message, ending));
        reply(actions, say::BEGIN);
    }

    fn body_ended(&mut self, actions: &mut Actions) {
        if let State::Body(body) = std::mem::replace(&mut self.state, State::Command) {
            reply(actions, self.transaction.body(body.into_text()));
        }
    }

    fn hold(&mut self, now: SystemTime, argument: &[u8], actions: &mut Actions) {
        match Hold::parse(argument) {
            None => reply(actions, say::BAD_HOLD),
            Some(hold) if hold.has_offset() => self.held(now, hold.moment(), actions),
            Some(hold) => self.ask(Asked::Hold(hold), Question::Local(hold.time), actions),
        }
    }

    fn held(&mut self, now: SystemTime, moment: Option<SystemTime>, actions: &mut Actions) {
        let ahead = |moment: &SystemTime| {
            now.duration_since(*moment)
                .map_or(true, |behind| behind <= LATE)
        };
        match moment.filter(ahead) {
            Some(moment) => {
                self.transaction.hold(moment);
                reply(actions, say::HOLD);
            }
            None => reply(actions, say::BAD_HOLD),
        }
    }

    fn ping(&mut self, argument: &[u8], actions: &mut Actions) {
        match words::only(argument).and_then(words::pager) {
            Some(pager) => self.ask(Asked::Ping, Question::Pager(pager), actions),
            None => self.strike(say::BAD_PING, actions),
        }
    }

    fn ticket(
        &mut self,
        argument: &[u8],
        asked: Asked,
        question: fn(Ticket) -> Question,
        actions: &mut Actions,
    ) {
        let mut words = command::structured(argument).map(words::token);
        match (words.next().flatten(), words.next().flatten(), words.next()) {
            (Some(tag), Some(pass), None) => {
                self.ask(asked, question(Ticket { tag, pass }), actions);
            }
            _ => self.strike(say::BAD_TICKET, actions),
        }
    }

    fn log_in(&mut self, argument: &[u8], actions: &mut Actions) {
        match words::login(argument) {
            Some((name, password)) => self.ask(
                Asked::Login(name.clone()),
                Question::Login { name, password },
                actions,
            ),
            None => self.strike(say::BAD_LOGIN, actions),
        }
    }

    fn logged_in(&mut self, name: String, credit: Credit, actions: &mut Actions) {
        let verified = credit == Credit::Verified;
        self.login = None;
        match credit {
            Credit::Verified | Credit::Unverified => {
                self.login = Some(Login { name, verified });
                reply(actions, say::LOGIN);
            }
            Credit::NoPassword => self.strike(say::BAD_LOGIN, actions),
            Credit::Refused => {
                self.logins += 1;
                if self.logins >= MAX_LOGINS {
                    self.end(Some(say::LOGINS), End::Logins, actions);
                } else {
                    reply(actions, say::BAD_LOGIN);
                }
            }
        }
    }

    fn send(&mut self, actions: &mut Actions) {
        let Some(submission) = self.transaction.submit(self.login.clone()) else {
            return reply(actions, say::INCOMPLETE);
        };
        let wishes = submission.two_way.clone();
        let asked = Asked::Send { wishes };
        self.ask(asked, Question::Accept(submission), actions);
    }

    fn answered(&mut self, now: SystemTime, answer: Answer, actions: &mut Actions) {
        let State::Asking(asked) = std::mem::replace(&mut self.state, State::Command) else {
            return;
        };
        match (asked, answer) {
            (Asked::Page(recipient), Answer::Pager(unit)) => {
                self.paged(recipient, unit, actions);
            }
            (Asked::Ping, Answer::Pager(None)) => self.strike(say::BAD_PING, actions),
            (Asked::Ping, Answer::Pager(Some(_))) if self.settings.direct => {
                reply(actions, say::PING_ONLINE);
            }
            (Asked::Ping, Answer::Pager(Some(_))) => reply(actions, say::PING_OFFLINE),
            (Asked::Login(name), Answer::Login(credit)) => self.logged_in(name, credit, actions),
            (Asked::Hold(hold), Answer::Moment(time)) => {
                let moment = time.and_then(|time| hold.settled(time));
                self.held(now, moment, actions);
            }
            (Asked::Send { wishes }, Answer::Verdict(verdict)) => {
                let text = verdict::line(&verdict, wishes.as_ref(), self.settings.direct);
                reply(actions, &text);
            }
            (Asked::Status, Answer::Status(Lookup::Found(status))) => {
                reply(actions, &printable(status::line(&status).as_bytes()));
            }
            (Asked::Status, Answer::Status(Lookup::Failed)) => reply(actions, say::NO_STATUS),
            (Asked::Status, Answer::Status(Lookup::Unknown))
            | (Asked::Forget, Answer::Forgotten(Forgotten::Unknown)) => {
                self.strike(say::BAD_TICKET, actions);
            }
            (Asked::Forget, Answer::Forgotten(Forgotten::Gone)) => reply(actions, say::KILLED),
            (Asked::Forget, Answer::Forgotten(Forgotten::Failed)) => {
                reply(actions, say::NOT_KILLED);
            }
            // The answer to another question is none.
            _ => reply(actions, say::FAILED),
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

    fn step(&mut self, now: SystemTime, input: Input<'_, Answer>) -> Actions {
        let mut actions = Actions::new();
        if matches!(self.state, State::Over) {
            return actions;
        }
        match input {
            Input::Start => {
                let name = printable(self.settings.hostname.as_bytes());
                reply(
                    &mut actions,
                    &format!("220 {name} pagebox SNPP gateway ready"),
                );
            }
            Input::Bytes(bytes) => self.lines.push(bytes),
            Input::Answer(answer) => self.answered(now, answer, &mut actions),
            // A line without its end, a body without its dot, a transaction
            // without its SEND: all dropped.
            Input::Eof => self.end(None, End::Closed, &mut actions),
            Input::Timeout => self.end(Some(say::TIMEOUT), End::Timeout, &mut actions),
        }
        self.run(now, &mut actions);
        actions
    }
}

/// Says a reply. Replies in a row are one action: a client may ask for
/// thousands at once.
fn reply(actions: &mut Actions, text: &str) {
    if !matches!(actions.last(), Some(Action::Send(_))) {
        actions.push(Action::Send(Wire::default()));
    }
    if let Some(Action::Send(wire)) = actions.last_mut() {
        wire.bytes.extend_from_slice(text.as_bytes());
        wire.bytes.extend_from_slice(b"\r\n");
    }
}

/// The verbs, level by level, and that several may come at once.
fn help(actions: &mut Actions) {
    for level in 1..=3 {
        let verbs = Verb::ALL.iter().filter(|verb| verb.level() == level);
        let words: Vec<&str> = verbs.map(|verb| verb.word()).collect();
        reply(actions, &format!("214 Level {level}: {}", words.join(" ")));
    }
    reply(actions, say::PIPELINING);
    reply(actions, say::HELP);
}

#[cfg(test)]
mod tests {
    use super::talk::{Submission, Verdict};
    use super::*;
    use crate::protocol::snpp::plan::ReplyType;
    use proptest::prelude::*;

    /// 2033-05-18 03:33:20 GMT.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)
    }

    fn settings() -> Settings {
        Settings {
            hostname: "h".to_owned(),
            errors: 3,
            recipients: 2,
            message: 64,
            ..Settings::default()
        }
    }

    /// What the world of these tests is like: `000` is no pager, `2` has a
    /// user who answers, `sesame` is the password, a message `fail` does.
    fn world(question: Question, sent: &mut Vec<Submission>) -> Answer {
        match question {
            Question::Pager(id) => {
                Answer::Pager((id != "000").then_some(Unit { two_way: id == "2" }))
            }
            Question::Login { password, .. } => Answer::Login(match password.as_deref() {
                None => Credit::Unverified,
                Some(b"sesame") => Credit::Verified,
                Some(_) => Credit::Refused,
            }),
            // The terminal stands in GMT.
            Question::Local(time) => Answer::Moment(Some(
                jiff::tz::TimeZone::UTC.to_timestamp(time).unwrap().into(),
            )),
            Question::Accept(submission) => {
                let verdict = match submission.message.as_slice() {
                    b"fail" => Verdict::TryLater,
                    b"nobody" => Verdict::NoSuchPager,
                    b"no" => Verdict::Refused,
                    b"lost" => Verdict::Uncertain,
                    _ => Verdict::Accepted {
                        id: format!("id{}", sent.len()),
                        ticket: submission.two_way.as_ref().map(|_| Ticket {
                            tag: "00321".to_owned(),
                            pass: "1234".to_owned(),
                        }),
                    },
                };
                sent.push(submission);
                Answer::Verdict(verdict)
            }
            Question::Status(Ticket { tag, .. }) => Answer::Status(match tag.as_str() {
                "00321" => Lookup::Found(talk::Status {
                    sequence: 1,
                    code: 960,
                    at: SystemTime::UNIX_EPOCH,
                    text: String::new(),
                }),
                "5" => Lookup::Failed,
                _ => Lookup::Unknown,
            }),
            Question::Forget(Ticket { tag, .. }) => Answer::Forgotten(match tag.as_str() {
                "00321" => Forgotten::Gone,
                "5" => Forgotten::Failed,
                _ => Forgotten::Unknown,
            }),
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
            let actions = server.step(now(), input);
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
                    Action::Ask(question) => answer = Some(world(question, &mut self.sent)),
                    Action::Done(end) => self.end = Some(end),
                    Action::Wait(phase) => assert_eq!(phase, Phase::Command),
                    Action::Progress => {}
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
        feed_to(settings(), chunks)
    }

    fn feed_to<'a>(
        settings: Settings,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Session, Server) {
        let mut server = Server::new(settings);
        let mut session = Session::default();
        session.act(&mut server, Input::Start);
        for chunk in chunks {
            session.act(&mut server, Input::Bytes(chunk));
        }
        (session, server)
    }

    /// Fed whole and byte by byte: what is said after the greeting.
    fn talk(bytes: &[u8]) -> Session {
        talk_to(&settings(), bytes)
    }

    fn talk_to(settings: &Settings, bytes: &[u8]) -> Session {
        let (whole, _) = feed_to(settings.clone(), [bytes]);
        assert_eq!(whole, feed_to(settings.clone(), bytes.chunks(1)).0);
        let greeting = "220 h pagebox SNPP gateway ready\r\n";
        let said = whole.said.strip_prefix(greeting).unwrap().to_owned();
        Session { said, ..whole }
    }

    /// One line each: what is asked and the code that answers it.
    fn dialogue(settings: &Settings, lines: &[(&str, u16)]) -> Session {
        let said: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
        let said = said.join("\r\n") + "\r\n";
        let session = talk_to(settings, said.as_bytes());
        let codes: Vec<u16> = lines.iter().map(|(_, code)| *code).collect();
        assert_eq!(session.codes(), codes, "{}", session.said);
        session
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

    fn to(pager: &str) -> Recipient {
        Recipient {
            pager: pager.to_owned(),
            ..Recipient::default()
        }
    }

    fn submission(pagers: &[&str], message: &str) -> Submission {
        Submission {
            recipients: pagers.iter().map(|pager| to(pager)).collect(),
            message: message.into(),
            caller: None,
            subject: None,
            login: None,
            two_way: None,
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
        let logins: Vec<_> = session
            .sent
            .into_iter()
            .map(|submission| submission.login)
            .collect();
        let joe = Login {
            name: "joe".to_owned(),
            verified: false,
        };
        assert_eq!(logins, [Some(joe), None]);
        let all = b"LEVE 0\r\nCOVE 2\r\nPAGE 1\r\nLEVE 0\r\nCALL c\r\nSUBJ s\r\nRESE\r\nPAGE 2\r\nMESS x\r\nSEND\r\n";
        assert_eq!(talk(all).sent, [submission(&["2"], "x")]);
        let two_way = b"2WAY\r\nPAGE 1\r\nRESE\r\nPAGE 2\r\nMESS x\r\nSEND\r\n";
        assert_eq!(talk(two_way).sent, [submission(&["2"], "x")]);
    }

    #[test]
    fn t8_help_lists_what_is_there() {
        assert_eq!(
            talk(b"HELP\r\n").said,
            "214 Level 1: PAGE MESS RESE SEND QUIT HELP\r\n\
             214 Level 2: DATA LOGI LEVE ALER COVE HOLD CALL SUBJ\r\n\
             214 Level 3: 2WAY PING EXPT NOQU ACKR RTYP MCRE MSTA KTAG\r\n\
             214 PIPELINING\r\n250 End of Help Information\r\n"
        );
        for verb in Verb::ALL {
            assert_ne!(
                talk(format!("{verb} 1\r\n").as_bytes()).codes(),
                [500],
                "{verb}"
            );
        }
    }

    #[test]
    fn t9_too_many_errors() {
        let session = talk(b"FOO\r\nPAG 1\r\n\r\nBAR\r\nPAGE 1\r\n");
        assert_eq!(session.codes(), [500, 500, 500, 421]);
        assert!(session.said.ends_with("421 Too Many Errors, Goodbye\r\n"));
        assert_eq!(session.end, Some(End::Errors));
        // Nor does anybody try pagers or tags for long.
        for line in ["PING 000", "MSTA 1 2", "MSTA 1", "KTAG 1 2"] {
            let session = talk(format!("{line}\r\n").repeat(9).as_bytes());
            assert_eq!(session.codes(), [550, 550, 550, 421], "{line}");
            assert_eq!(session.end, Some(End::Errors));
        }
        for line in ["PAGE 000", "PAGE -o", "PAGE", "2WAY\r\nRTYP TEXT\r\nPAGE 1"] {
            let settings = Settings {
                two_way: true,
                ..settings()
            };
            let lines = format!("{line}\r\n").repeat(40);
            let (session, _) = feed_to(settings, [lines.as_bytes()]);
            let heard = session.codes();
            assert_eq!(heard.last(), Some(&421), "{line}");
            assert_eq!(session.end, Some(End::Errors));
            if line.starts_with("PAGE") {
                assert_eq!(heard[1..31], [550; 30], "{line}");
                assert_eq!(heard.len(), 32);
            }
        }
        // An accepted one begins the row anew; its errors stay.
        let bad = "PAGE 000\r\n".repeat(30);
        let session = talk(format!("{bad}PAGE 1\r\n{bad}FOO\r\nPAGE 000\r\n").as_bytes());
        assert_eq!(session.codes().last(), Some(&421));
        assert_eq!(session.codes().len(), 63);
        // What is merely wrong is forgiven.
        for line in ["LEVE 12", "MESS", "2WAY 1\r\nNOQU", "SEND"] {
            let session = talk(format!("{line}\r\n").repeat(40).as_bytes());
            assert_eq!(session.end, None, "{line}");
        }
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
            assert_eq!(server.step(now(), Input::Bytes(b"\r\n")), []);
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
            "C: LOGI joe sesame\nS: 250\nC: PAGE 1\nS: 250\nC: MESS x\nS: 250\nC: SEND\nS: 250\nC: SEND\nS: 503\n\
             C: PAGE 2\nS: 250\nC: MESS fail\nS: 250\nC: SEND\nS: 554\nC: SEND\nS: 503\nC: MESS y\nS: 250\nC: SEND\nS: 503",
        );
        let joe = Login {
            name: "joe".to_owned(),
            verified: true,
        };
        assert!(
            session
                .sent
                .iter()
                .all(|submission| submission.login.as_ref() == Some(&joe))
        );
        assert!(
            session
                .said
                .contains("554 Message Failed, try again later\r\n")
        );
    }

    #[test]
    fn options_go_with_the_next_pager_that_is_accepted() {
        let session = dialogue(
            &settings(),
            &[
                ("COVE 2", 250),
                ("LEVE 5", 250),
                ("LEVE 0", 250),
                ("ALER 1", 250),
                ("HOLD 330518043320 +0000", 250),
                ("PAGE 000", 550),
                ("PAGE 1 FOOBAR", 250),
                ("PAGE 3", 250),
                ("COVE 9", 250),
                ("PAGE 4", 552),
                ("CALL  555 ", 250),
                ("SUBJ Seattle", 250),
                ("MESS x", 250),
                ("SEND", 250),
                ("PAGE 5", 250),
                ("MESS x", 250),
                ("SEND", 250),
            ],
        );
        let first = Recipient {
            pin: Some("FOOBAR".to_owned()),
            level: Some(0),
            alert: Some(true),
            coverage: Some("2".to_owned()),
            hold: Some(now() + Duration::from_secs(3600)),
            ..to("1")
        };
        let options = Submission {
            recipients: vec![first, to("3")],
            caller: Some(" 555 ".to_owned()),
            subject: Some("Seattle".to_owned()),
            ..submission(&[], "x")
        };
        // What waited for a pager that was refused went with its transaction.
        assert_eq!(session.sent, [options, submission(&["5"], "x")]);
        // One pager in two areas is two.
        let twice = talk(b"COVE 1\r\nPAGE 1\r\nCOVE 2\r\nPAGE 1\r\nMESS x\r\nSEND\r\n");
        assert_eq!(twice.sent[0].recipients.len(), 2);
    }

    #[test]
    fn an_option_is_what_the_table_says_or_550() {
        for (verb, good, bad) in [
            (
                "LEVE",
                &["0", "11", "07"][..],
                &["12", "-1", "+1", "x", "", "1 2", "256"][..],
            ),
            ("ALER", &["0", "1"], &["2", "", "1 1", "yes", "01"]),
            ("COVE", &["2", "north-west", "ü"], &["", "a b", "a\u{7}"]),
            // A minute late is not late.
            (
                "HOLD",
                &[
                    "330518033320",
                    "3305180400",
                    "330518033220",
                    "330518043320 +0100",
                ],
                &[
                    "",
                    "330518033219",
                    "3305180400 -1500",
                    "331301000000",
                    "soon",
                ],
            ),
            ("CALL", &["x", " a  b "], &["", "  ", "a\0", "a\u{1b}[2J"]),
            ("SUBJ", &["x"], &[""]),
        ] {
            for argument in good {
                let line = format!("{verb} {argument}\r\n");
                assert_eq!(talk(line.as_bytes()).codes(), [250], "{line}");
            }
            for argument in bad {
                let line = format!("{verb} {argument}\r\n");
                assert_eq!(talk(line.as_bytes()).codes(), [550], "{line}");
            }
        }
    }

    #[test]
    fn two_way_into_a_queue_tells_only_what_is_known() {
        let asks = Settings {
            two_way: true,
            ..settings()
        };
        let session = dialogue(
            &asks,
            &[
                ("NOQU", 550),
                ("EXPT 1", 550),
                ("ACKR 1", 550),
                ("RTYP TEXT", 550),
                ("MCRE 01 x", 550),
                ("LEVE 0", 250),
                ("2WAY", 250),
                ("2WAY", 250),
                ("NOQU", 550),
                ("MCRE 01 Yes", 550),
                ("RTYP BOGUS", 550),
                ("RTYP multichoice", 250),
                ("2WAY", 550),
                ("RTYP TEXT", 503),
                ("MCRE 0a Yes", 250),
                ("MCRE 0A No", 502),
                ("MCRE ZZ What", 550),
                ("MCRE 02", 550),
                ("EXPT 0", 550),
                ("EXPT 721", 550),
                ("EXPT 12", 250),
                ("PAGE 1", 550),
                ("PAGE 2", 950),
                ("PAGE 2", 503),
                ("ACKR 2", 550),
                ("ACKR 1", 250),
                ("MESS Lunch?", 250),
                ("2WAY", 550),
                ("SEND", 960),
                ("MSTA 00321 1234", 960),
                ("KTAG 00321 1234", 250),
                ("MSTA 5 1", 554),
                ("KTAG 5 1", 554),
                ("PAGE 1", 250),
                ("2WAY", 550),
            ],
        );
        assert!(
            session
                .said
                .contains("960 00321 1234 OK, Message QUEUED for Delivery\r\n")
        );
        assert!(
            session
                .said
                .contains("250 Message Expiry Time Changed to '12' Hours\r\n")
        );
        let wanted = Submission {
            recipients: vec![Recipient {
                level: Some(0),
                ..to("2")
            }],
            two_way: Some(TwoWay {
                no_queue: false,
                expire_hours: Some(12),
                ack: true,
                reply: Some(ReplyType::MultiChoice),
                choices: vec![("0a".to_owned(), "Yes".to_owned())],
            }),
            ..submission(&[], "Lunch?")
        };
        assert_eq!(session.sent, [wanted]);
        // Where nobody answers, nobody can be asked to; to ask for nothing is no lie.
        dialogue(
            &settings(),
            &[
                ("2WAY", 250),
                ("ACKR 1", 550),
                ("ACKR 0", 250),
                ("RTYP YESNO", 550),
                ("RTYP NONE", 250),
                ("PAGE 1", 950),
                ("ACKR 1", 550),
                ("MESS x", 250),
                ("SEND", 960),
                ("PING 1", 920),
            ],
        );
    }

    #[test]
    fn two_way_to_a_command_is_delivered_or_refused() {
        let direct = Settings {
            direct: true,
            ..settings()
        };
        let session = dialogue(
            &direct,
            &[
                ("PING 1", 821),
                ("2WAY", 250),
                ("EXPT 1", 550),
                ("NOQU", 250),
                ("PAGE 1", 850),
                ("NOQU", 550),
                ("MESS x", 250),
                ("SEND", 880),
                ("PAGE 1", 250),
                ("MESS x", 250),
                ("SEND", 250),
                ("2WAY", 250),
                ("PAGE 1", 850),
                ("MESS fail", 250),
                ("SEND", 554),
                ("SEND", 503),
            ],
        );
        assert!(
            session
                .said
                .contains("880 00321 1234 Message Delivered\r\n")
        );
        assert!(session.said.contains("250 Message id1 delivered\r\n"));
        for (message, code) in [("nobody", 550), ("no", 550), ("lost", 550), ("fail", 554)] {
            let message = format!("MESS {message}");
            let lines = [("PAGE 1", 250), (message.as_str(), 250), ("SEND", code)];
            dialogue(&direct, &lines);
        }
    }

    #[test]
    fn logins_are_three_and_may_come_first() {
        let strict = Settings {
            login_first: true,
            ..settings()
        };
        let session = dialogue(
            &strict,
            &[
                ("PAGE 1", 530),
                ("MESS x", 530),
                ("DATA", 530),
                ("SEND", 530),
                ("MSTA 00321 1234", 530),
                ("PING 1", 530),
                ("FOO", 500),
                ("RESE", 250),
                ("LOGI joe sesame", 250),
                ("PAGE 1", 250),
                ("LOGI joe wrong", 550),
                ("MESS x", 530),
                ("LOGI", 550),
                ("LOGI joe sesame", 250),
                ("MESS x", 250),
                ("SEND", 250),
                ("RESE", 250),
                ("PAGE 1", 530),
                ("LOGI joe wrong", 550),
                ("LOGI joe wrong", 421),
            ],
        );
        assert_eq!(session.end, Some(End::Logins));
        assert!(session.said.ends_with("421 Illegal Access Attempt\r\n"));
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
            "1 2 3",
            "1 2\u{7}",
            "a\0",
            "ü",
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
    fn two_lines_in_one_are_none() {
        for line in ["PAGE 1\rMESS x", "PAGE\r1", "SEND\rQUIT", "DATA\rx"] {
            assert_eq!(
                talk(format!("{line}\r\n").as_bytes()).codes(),
                [500],
                "{line:?}"
            );
        }
        assert_eq!(talk(b"MESS a\rSEND\r\n").codes(), [550]);
    }

    #[test]
    fn a_message_stays_as_written_or_is_refused() {
        let session = talk("PAGE 1\r\nMESS  two  blänks \r\nSEND\r\n".as_bytes());
        assert_eq!(session.sent[0].message, " two  blänks ".as_bytes());
        let long = "x".repeat(65);
        for bad in [&b""[..], b"a\0b", b"a\rb", long.as_bytes()] {
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
        let mut server = Server::new(settings());
        let now = SystemTime::UNIX_EPOCH;
        let actions = server.step(now, Input::Bytes(b"PAGE 1\nMESS x\nSEND\nQUIT\n"));
        assert_eq!(actions, [Action::Ask(Question::Pager("1".to_owned()))]);
        let unit = Unit { two_way: false };
        let actions = server.step(now, Input::Answer(Answer::Pager(Some(unit))));
        assert!(matches!(
            actions.as_slice(),
            [Action::Send(_), Action::Ask(_)]
        ));
        assert_eq!(server.step(now, Input::Bytes(b"HELP\n")), []);
        let verdict = Verdict::Accepted {
            id: "7".to_owned(),
            ticket: None,
        };
        let actions = server.step(now, Input::Answer(Answer::Verdict(verdict)));
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
            b"LOGI joe x",
            b"HOLD 3305180400",
            b"COVE 2",
            b"2WAY",
            b"RTYP NONE",
            b"MSTA 00321 1",
            b"KTAG 1 1",
            b"PING 1",
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
