//! The client machine: one connection to a paging gateway, many transactions.
//!
//! ```text
//! Start ─▶ greeting ─▶ [LOGI] ─▶ ready ◀──────────────┐
//!                                  │ Ask(Next)         │
//!            page ◀────────────────┼──▶ one command ──▶│
//!   options, PAGE, message         │                   │
//!   Ask(Commit), SEND, verdict ────┼──[RESE, LOGI]────▶┘
//!                                  │
//!   HELP, rehearsal, Ask(Commit) ◀─┼─ many pages at once
//!                                  ▼
//!                          QUIT, farewell, Done
//! ```
//!
//! Answers for lock-step, for what a refusal stops, for the moment from which
//! a page may be out, and for noticing replies that have shifted: a server
//! that gave one reply too many makes every later verdict worthless. Must
//! never know where a page came from, nor retry anything.

mod ends;
mod page;
mod window;

use std::sync::Arc;
use std::time::SystemTime;

pub use self::window::Together;
use self::window::Window;
use super::command::{Command, Verb};
use super::plain::Plain;
use super::plan::Plan;
use super::progress::{PageAnswer, Progress};
use super::reply::{self, Class, Reader, Reply};
use super::verdict;
use crate::exit::Exit;
use crate::outcome::Fate;
use crate::protocol::{Action, Input, Machine, Phase, Wire};

/// How a connection is used.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// LOGI, with a password where there is one.
    pub login: Option<Command>,
    /// Several transactions share the connection: a reply that comes before
    /// its command is an error. Otherwise it is only remembered.
    pub strict: bool,
}

/// What a client is asked to do next.
#[derive(Debug)]
pub enum Job {
    /// Send a page.
    Page(Arc<Plan>),
    /// Send these pages, written together if the server can take that.
    Window(Vec<Plain>),
    /// Say one command and hear its reply.
    Command(Command),
    /// Say goodbye.
    Quit,
}

/// What became of a job.
#[derive(Debug, Eq, PartialEq)]
pub enum Answered {
    /// There was none: the session has just begun.
    Ready,
    /// Of a page.
    Page(PageAnswer),
    /// Of pages that were written together.
    Together(Together),
    /// Nothing of the pages was said: this server takes them only one by one.
    LockStep {
        /// Why.
        why: String,
        /// The rehearsal went wrong: what the server has kept of it nobody
        /// knows, so no page may follow on this connection.
        tainted: bool,
    },
    /// Of a command.
    Reply(Reply),
}

/// What the machine asks.
#[derive(Debug, Eq, PartialEq)]
pub enum Question {
    /// What became of the last job; what is the next one?
    Next(Answered),
    /// The next command is SEND, or a window of pages with theirs, and from
    /// then on the page may be out. Go?
    Commit,
}

/// What it is told.
#[derive(Debug)]
pub enum Answer {
    /// The next job.
    Job(Job),
    /// Yes: write SEND.
    Go,
    /// No: the page must not go. The reason is its fate.
    Stop(Fate),
}

/// How a connection ended.
#[derive(Debug, Eq, PartialEq)]
pub struct End {
    /// Why, where it was not a farewell.
    pub cause: Option<Fate>,
    /// What became of the job that was under way. None: nothing of it was said.
    pub answered: Option<Answered>,
    /// The server closed the connection, or said that it does.
    pub closed: bool,
    /// Replies had shifted: what this connection called sent is unknown.
    pub shifted: bool,
    /// The reply to QUIT.
    pub farewell: Option<String>,
}

#[derive(Debug)]
enum State {
    Greeting,
    Login,
    Ready,
    Reset,
    Said(Command),
    Paging,
    Body,
    Committing,
    Window,
    Farewell { again: bool },
}

/// See the module's text.
#[derive(Debug)]
pub struct Client {
    setup: Setup,
    reader: Reader,
    state: State,
    /// Waiting for silence before this is written.
    outgoing: Option<(Vec<Wire>, Phase)>,
    job: Option<Job>,
    page: Option<Progress>,
    window: Option<Window>,
    /// The server has shown that it can be written ahead to.
    rehearsed: bool,
    needs_reset: bool,
    /// A reply came before its command.
    early: bool,
    banner: Option<Reply>,
    farewell: Option<String>,
    /// The line has ended.
    closed: bool,
}

/// What a client that gives up still says: forget all of it, and goodbye.
pub const LAST_WORDS: &[u8] = b"RESE\r\nQUIT\r\n";

const SHIFTED: &str = "the server answered before it was asked: replies have shifted";

type Actions = Vec<Action<Question, End>>;

impl Client {
    /// A client that has said and heard nothing yet.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            reader: Reader::default(),
            state: State::Greeting,
            outgoing: None,
            job: None,
            page: None,
            window: None,
            rehearsed: false,
            needs_reset: false,
            early: false,
            banner: None,
            farewell: None,
            closed: false,
        }
    }

    /// The server's greeting, once heard.
    pub fn banner(&self) -> Option<&Reply> {
        self.banner.as_ref()
    }

    /// Has it written SEND, of one page or of many, and waits for the verdict?
    pub fn awaits_verdict(&self) -> bool {
        self.window.as_ref().is_some_and(Window::is_written)
            || self.page.as_ref().is_some_and(|page| page.sending)
    }

    /// Says this once the line is quiet, and listens for the answer. A reply
    /// that is there already is an error in strict use, and otherwise noted.
    fn say(&mut self, wire: Wire, phase: Phase, actions: &mut Actions) {
        self.say_all(vec![wire], phase, actions);
    }

    /// The same with several commands at once.
    fn say_all(&mut self, wires: Vec<Wire>, phase: Phase, actions: &mut Actions) {
        if !self.reader.has_more() {
            self.outgoing = Some((wires, phase));
            actions.push(Action::Wait(Phase::Quiet));
        } else if self.is_strict() {
            self.outgoing = Some((wires, phase));
            self.overhear(actions);
        } else {
            self.early = true;
            self.write(wires, phase, actions);
        }
    }

    fn is_strict(&self) -> bool {
        self.setup.strict || self.window.is_some()
    }

    /// Bytes came while the line should have been quiet.
    fn hear_early(&mut self, actions: &mut Actions) {
        if self.is_strict() {
            self.overhear(actions);
        } else if let Some((wires, phase)) = self.outgoing.take() {
            self.say_all(wires, phase, actions);
        }
    }

    fn write(&mut self, wires: Vec<Wire>, phase: Phase, actions: &mut Actions) {
        if let Some(page) = &mut self.page {
            page.said = true;
            // From here on the page may be out.
            page.sending |= phase == Phase::Verdict;
        }
        if let Some(window) = &mut self.window {
            window.written();
        }
        actions.extend(wires.into_iter().map(Action::Send));
        self.listen(phase, actions);
    }

    /// Takes the next reply if it is there already, and waits for it otherwise.
    fn listen(&mut self, phase: Phase, actions: &mut Actions) {
        if self.window.is_some() {
            return self.listen_window(actions);
        }
        let mut heard = Vec::new();
        let next = self.reader.next(&mut heard);
        self.mask(&mut heard, next.as_ref());
        actions.extend(heard.into_iter().map(Action::Event));
        match next {
            None => actions.push(Action::Wait(phase)),
            Some(Ok(reply)) => self.hear(reply, actions),
            Some(Err(error)) => {
                // As an answer to QUIT it confirms nothing.
                let shifted = matches!(self.state, State::Farewell { .. });
                self.lose(Exit::Protocol, &error.to_string(), shifted, actions);
            }
        }
    }

    /// Bytes came where none may be: only a server that is closing has an excuse.
    fn overhear(&mut self, actions: &mut Actions) {
        let mut heard = Vec::new();
        let next = self.reader.next(&mut heard);
        actions.extend(heard.into_iter().map(Action::Event));
        match next {
            None if self.reader.may_be_closing() => actions.push(Action::Wait(Phase::Reply)),
            Some(Ok(reply)) if reply.class() == Class::Closing => {
                self.outgoing = None;
                let fate = verdict::refusal(Verb::Send, &reply);
                self.fall(fate, false, actions);
            }
            _ => {
                self.outgoing = None;
                self.lose(Exit::Protocol, SHIFTED, true, actions);
            }
        }
    }

    /// Hides the pass code that a two-way SEND is answered with.
    fn mask(&self, heard: &mut [Wire], next: Option<&Result<Reply, reply::ReplyError>>) {
        let two_way = self
            .page
            .as_ref()
            .is_some_and(|page| page.plan.two_way && page.sending);
        if let (true, Some(Ok(reply)), Some(last)) = (two_way, next, heard.last_mut()) {
            if matches!(reply.code / 100, 8 | 9) {
                last.secret = reply::pass_code(&last.bytes);
            }
        }
    }

    fn hear(&mut self, reply: Reply, actions: &mut Actions) {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Greeting => self.greeted(&reply, actions),
            State::Login if reply.class() == Class::Done => self.begin(actions),
            State::Login => {
                let fate = verdict::refusal(Verb::Logi, &reply);
                self.leave(&reply, fate, actions);
            }
            State::Reset if reply.class() == Class::Done => {
                self.needs_reset = false;
                self.log_in(actions);
            }
            State::Reset => {
                let fate = Fate::untried(format!("RESE was answered {}", reply.shown()));
                self.leave(&reply, fate, actions);
            }
            State::Said(command) => {
                if matches!(reply.class(), Class::Closing) {
                    let cause = verdict::refusal(command.verb(), &reply);
                    self.end(Some(cause), Some(Answered::Reply(reply)), false, actions);
                } else {
                    self.ask_next(Answered::Reply(reply), actions);
                }
            }
            State::Paging => self.paged(&reply, actions),
            State::Body => self.body_taken(&reply, actions),
            State::Farewell { again } => self.parted(&reply, again, actions),
            // No reply is read while a question is open, and a window reads its own.
            state @ (State::Ready | State::Committing | State::Window) => self.state = state,
        }
    }

    fn greeted(&mut self, reply: &Reply, actions: &mut Actions) {
        let welcome = reply.class() == Class::Done;
        let fate = verdict::greeting(reply);
        self.banner = Some(reply.clone());
        if welcome {
            self.log_in(actions);
        } else {
            self.leave(reply, fate, actions);
        }
    }

    fn log_in(&mut self, actions: &mut Actions) {
        match self.setup.login.clone() {
            Some(login) => {
                self.state = State::Login;
                self.say(login.wire(), Phase::Reply, actions);
            }
            None => self.begin(actions),
        }
    }

    /// Starts the job that waits, or asks for one.
    fn begin(&mut self, actions: &mut Actions) {
        match self.job.take() {
            None => self.ask_next(Answered::Ready, actions),
            Some(Job::Quit) => {
                self.state = State::Farewell { again: false };
                self.say(Command::bare(Verb::Quit).wire(), Phase::Farewell, actions);
            }
            Some(Job::Command(command)) => {
                let wire = command.wire();
                self.state = State::Said(command);
                self.say(wire, Phase::Reply, actions);
            }
            Some(Job::Page(plan)) => {
                self.page = Some(Progress::new(plan));
                self.next_step(actions);
            }
            Some(Job::Window(pages)) => self.begin_window(pages, actions),
        }
    }

    fn ask_next(&mut self, answered: Answered, actions: &mut Actions) {
        self.state = State::Ready;
        actions.push(Action::Ask(Question::Next(answered)));
    }

    fn answered(&mut self, answer: Answer, actions: &mut Actions) {
        match answer {
            Answer::Job(job) => {
                // Each transaction of a window begins with a RESE of its own.
                let resets = self.needs_reset && !matches!(job, Job::Quit | Job::Window(_));
                self.job = Some(job);
                if resets {
                    self.state = State::Reset;
                    self.say(Command::bare(Verb::Rese).wire(), Phase::Reply, actions);
                } else {
                    self.begin(actions);
                }
            }
            Answer::Go if self.window.is_some() => self.write_window(actions),
            Answer::Stop(fate) if self.window.is_some() => self.stop_window(&fate, actions),
            Answer::Go => {
                self.state = State::Paging;
                self.say(Command::bare(Verb::Send).wire(), Phase::Verdict, actions);
            }
            Answer::Stop(fate) => self.stop(Verb::Send, &fate, actions),
        }
    }

    fn timed_out(&mut self, actions: &mut Actions) {
        match self.outgoing.take() {
            Some((wires, phase)) if !self.reader.has_more() => self.write(wires, phase, actions),
            Some(_) => self.lose(Exit::Protocol, SHIFTED, true, actions),
            None => {
                // A server that is silent may have dropped commands, and then
                // its replies were those to others.
                self.garble();
                let text = format!("{} in time", self.awaited());
                self.fell_silent(&text, actions);
            }
        }
    }

    /// What the line is waited for.
    fn phase(&self) -> Phase {
        match self.state {
            State::Greeting => Phase::Greeting,
            State::Body => Phase::Body,
            State::Farewell { .. } => Phase::Farewell,
            State::Paging if self.page.as_ref().is_some_and(|page| page.sending) => Phase::Verdict,
            _ => Phase::Reply,
        }
    }
}

impl Machine for Client {
    type Question = Question;
    type Answer = Answer;
    type Done = End;

    fn step(&mut self, _now: SystemTime, input: Input<'_, Answer>) -> Actions {
        let mut actions = Vec::new();
        match input {
            Input::Start => actions.push(Action::Wait(Phase::Greeting)),
            Input::Bytes(bytes) => {
                self.reader.push(bytes);
                if self.outgoing.is_some() {
                    self.hear_early(&mut actions);
                } else {
                    let phase = self.phase();
                    self.listen(phase, &mut actions);
                }
            }
            Input::Eof => {
                self.closed = true;
                let text = match self.outgoing.take() {
                    // What was about to be said was not.
                    Some(_) => "the server closed the connection".to_owned(),
                    None => format!("the server closed the connection: {}", self.awaited()),
                };
                self.fell_silent(&text, &mut actions);
            }
            Input::Timeout => self.timed_out(&mut actions),
            Input::Answer(answer) => self.answered(answer, &mut actions),
        }
        actions
    }
}
