//! The client machine's way through a window: transactions that are written
//! together, and their replies, read in order.
//!
//! ```text
//! C: HELP                                     S: … 214 PIPELINING … 250
//! C: RESE MESS MESS RESE MESS RESE HELP       S: 2xx 2xx 5xx 2xx 2xx 2xx 214…
//! C: RESE PAGE MESS SEND RESE PAGE MESS SEND  S: 2xx 2xx 2xx 2xx 2xx 5xx 2xx 5xx
//!    HELP                                        214…
//! ```
//!
//! Answers for which reply belongs to which command, and for what each means
//! for its page: what is written cannot be stopped any more, so the next
//! RESE must undo what a refusal left behind. The second line is a rehearsal
//! that pages nobody: a server that drops what follows a RESE or a refusal,
//! answers unasked, or forgets nothing at RESE is found out before a page
//! depends on it. And no other reply looks like the one to HELP: where it
//! comes in its place, all others did, and only then is a window believed.
//! Must never know where the pages came from.

use super::{Actions, Answered, Client, Question, SHIFTED, State};
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::command::{Command, Verb};
use crate::protocol::snpp::plain::Plain;
use crate::protocol::snpp::progress::PageAnswer;
use crate::protocol::snpp::reply::{Class, Reply};
use crate::protocol::snpp::verdict;
use crate::protocol::{Action, Phase, Wire};

/// What became of pages that were written together.
#[derive(Debug, Eq, PartialEq)]
pub struct Together {
    /// Of each, in order.
    pub pages: Vec<PageAnswer>,
    /// Why pages should be written one by one from now on.
    pub doubt: Option<String>,
}

/// What is said to try a server: a second MESS is refused (RFC 1861 section
/// 4.5.3), and none is once RESE has made the server forget the first.
const REHEARSAL: [(Verb, Class); 7] = [
    (Verb::Rese, Class::Done),
    (Verb::Mess, Class::Done),
    (Verb::Mess, Class::Failed),
    (Verb::Rese, Class::Done),
    (Verb::Mess, Class::Done),
    (Verb::Rese, Class::Done),
    (Verb::Help, Class::Done),
];
const REHEARSED_TEXT: &[u8] = b"MESS rehearsal, not sent\r\n";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Help,
    Rehearsal,
    /// Everything is ready to be written.
    Ready,
    Written,
}

/// A window under way.
#[derive(Debug)]
pub(super) struct Window {
    pages: Vec<Plain>,
    stage: Stage,
    /// Something of this stage was written.
    said: bool,
    /// What is being answered: command by command, of the rehearsal or of
    /// each transaction.
    script: Vec<(Verb, Class)>,
    at: usize,
    open: Transaction,
    answers: Vec<PageAnswer>,
    /// The reply to the HELP behind them came in its place.
    is_proven: bool,
    doubt: Option<String>,
    /// It is not sure which reply belongs to which command.
    garbled: bool,
}

/// What was answered to one page so far.
#[derive(Debug, Default)]
struct Transaction {
    answer: PageAnswer,
    refusal: Option<Fate>,
}

impl Client {
    /// Begins with what is not known yet of this connection.
    pub(super) fn begin_window(&mut self, pages: Vec<Plain>, actions: &mut Actions) {
        self.state = State::Window;
        self.window = Some(Window {
            pages,
            stage: Stage::Help,
            said: false,
            script: Vec::new(),
            at: 0,
            open: Transaction::default(),
            answers: Vec::new(),
            is_proven: false,
            doubt: None,
            garbled: false,
        });
        if self.rehearsed {
            self.ready(actions);
        } else {
            self.say(Command::bare(Verb::Help).wire(), Phase::Reply, actions);
        }
    }

    fn rehearse(&mut self, actions: &mut Actions) {
        let Some(window) = &mut self.window else {
            return;
        };
        let login = self.setup.login.as_ref();
        window.enter(Stage::Rehearsal, with_login(&REHEARSAL, login.is_some()));
        let wires = window.script.iter().map(|(verb, _)| match verb {
            Verb::Logi => login.map(Command::wire).unwrap_or_default(),
            Verb::Mess => Wire::open(REHEARSED_TEXT),
            verb => Command::bare(*verb).wire(),
        });
        let wires = wires.collect();
        self.say_all(wires, Phase::Reply, actions);
    }

    fn ready(&mut self, actions: &mut Actions) {
        let Some(window) = &mut self.window else {
            return;
        };
        let script =
            [Verb::Rese, Verb::Page, Verb::Mess, Verb::Send].map(|verb| (verb, Class::Done));
        let has_login = self.setup.login.is_some();
        window.enter(Stage::Ready, with_login(&script, has_login));
        actions.push(Action::Ask(Question::Commit));
    }

    /// Writes it all, once the line is quiet.
    pub(super) fn write_window(&mut self, actions: &mut Actions) {
        let Some(window) = &self.window else { return };
        let login = self.setup.login.as_ref();
        let wires = window.pages.iter().map(|page| page.wire(login));
        let help = Command::bare(Verb::Help).wire();
        let wires = wires.chain([help]).collect();
        self.say_all(wires, Phase::Verdict, actions);
    }

    /// None of it may go.
    pub(super) fn stop_window(&mut self, fate: &Fate, actions: &mut Actions) {
        let Some(mut window) = self.window.take() else {
            return;
        };
        window.fill(fate);
        self.ask_next(Answered::Together(window.together()), actions);
    }

    /// Takes all replies that are there, and waits for the next.
    pub(super) fn listen_window(&mut self, actions: &mut Actions) {
        while let Some(phase) = self.window.as_ref().map(Window::phase) {
            let mut heard = Vec::new();
            let next = self.reader.next(&mut heard);
            actions.extend(heard.into_iter().map(Action::Event));
            match next {
                None => return actions.push(Action::Wait(phase)),
                Some(Err(error)) => {
                    self.garble();
                    return self.lose(Exit::Protocol, &error.to_string(), false, actions);
                }
                Some(Ok(reply)) => {
                    if !self.window_heard(&reply, actions) {
                        return;
                    }
                }
            }
        }
    }

    /// No reply of this window can be trusted to be the one to its command.
    pub(super) fn garble(&mut self) {
        if let Some(window) = &mut self.window {
            window.garbled = true;
        }
    }

    /// One reply. True: another one may be there already.
    fn window_heard(&mut self, reply: &Reply, actions: &mut Actions) -> bool {
        let Some(window) = &mut self.window else {
            return false;
        };
        let verb = window.awaited();
        match reply.class() {
            Class::SendMore | Class::Undefined => {
                self.garble();
                let text = format!("{verb} was answered {}", reply.shown());
                self.lose(Exit::Protocol, &text, true, actions);
                return false;
            }
            Class::Closing => {
                if window.stage == Stage::Written {
                    window.take(reply);
                }
                self.fall(verdict::refusal(verb, reply), false, actions);
                return false;
            }
            Class::Done | Class::Failed => {}
        }
        let is_help = reply.lists_pipelining();
        if window.stage != Stage::Help && is_help != (verb == Verb::Help) {
            self.garble();
            // A reply too few is one of this window, one too many may be older.
            self.lose(Exit::Protocol, SHIFTED, !is_help, actions);
            return false;
        }
        match window.stage {
            Stage::Help if reply.lists_pipelining() => {
                self.rehearse(actions);
                return false;
            }
            Stage::Help => {
                window.doubt = Some("HELP does not list PIPELINING".to_owned());
            }
            Stage::Rehearsal => window.compare(reply),
            Stage::Ready | Stage::Written => {
                window.take(reply);
                if verb == Verb::Send {
                    // Each page has a time of its own.
                    actions.push(Action::Progress);
                }
            }
        }
        if !window.is_over() {
            return true;
        }
        self.window_over(actions);
        false
    }

    /// All of a stage was answered.
    fn window_over(&mut self, actions: &mut Actions) {
        let Some(window) = &mut self.window else {
            return;
        };
        let tried = window.stage == Stage::Rehearsal;
        // RESE may have logged out, and the last page may have been refused.
        self.needs_reset |= window.stage != Stage::Help;
        if tried && window.doubt.is_none() {
            self.rehearsed = true;
            return self.ready(actions);
        }
        if let Some(window) = self.window.take() {
            let answered = match (window.stage, window.doubt) {
                (Stage::Help | Stage::Rehearsal, doubt) => Answered::LockStep {
                    why: doubt.unwrap_or_default(),
                    tainted: tried,
                },
                (_, doubt) => Answered::Together(Together {
                    pages: window.answers,
                    doubt,
                }),
            };
            self.ask_next(answered, actions);
        }
    }
}

impl Window {
    fn enter(&mut self, stage: Stage, script: Vec<(Verb, Class)>) {
        self.stage = stage;
        self.script = script;
        self.said = false;
        self.at = 0;
    }

    /// What was to be said is on the line.
    pub(super) fn written(&mut self) {
        self.said = true;
        if self.stage == Stage::Ready {
            self.stage = Stage::Written;
        }
    }

    pub(super) fn is_written(&self) -> bool {
        self.stage == Stage::Written
    }

    /// The command whose reply comes next.
    pub(super) fn awaited(&self) -> Verb {
        let next = self.script.get(self.at);
        match next {
            Some((verb, _)) if self.stage == Stage::Rehearsal || !self.is_answered() => *verb,
            _ => Verb::Help,
        }
    }

    /// Has every page its verdict?
    fn is_answered(&self) -> bool {
        self.answers.len() >= self.pages.len()
    }

    fn phase(&self) -> Phase {
        match self.stage {
            Stage::Help | Stage::Rehearsal => Phase::Reply,
            // Every SEND is written.
            Stage::Ready | Stage::Written => Phase::Verdict,
        }
    }

    fn is_over(&self) -> bool {
        match self.stage {
            Stage::Help => true,
            Stage::Rehearsal => self.at >= self.script.len(),
            Stage::Ready | Stage::Written => self.is_proven,
        }
    }

    /// Holds a reply of the rehearsal against the script.
    fn compare(&mut self, reply: &Reply) {
        if let Some((verb, class)) = self.script.get(self.at) {
            if *class != reply.class() {
                let text = format!("in a rehearsal, it answered {verb} with {}", reply.shown());
                self.doubt.get_or_insert(text);
            }
        }
        self.at += 1;
    }

    /// A reply to the command that is its turn.
    fn take(&mut self, reply: &Reply) {
        let verb = self.awaited();
        self.is_proven = verb == Verb::Help;
        if self.is_proven {
            return;
        }
        let doubt = self.open.take(verb, reply);
        self.at += 1;
        if verb == Verb::Send {
            if let Some(doubt) = &doubt {
                self.may_be_out(doubt);
            }
            self.answers.push(std::mem::take(&mut self.open).answer);
            self.at = 0;
        }
        self.doubt = self.doubt.take().or(doubt);
    }

    /// What went out in the place of a page is one that was not taken before
    /// it, and that RESE did not undo.
    fn may_be_out(&mut self, why: &str) {
        let accepted =
            |answer: &PageAnswer| answer.fates.iter().any(|fate| fate.outcome.accepted());
        let before = self.answers.iter_mut().rev();
        for answer in before.take_while(|answer| !accepted(answer)) {
            answer.fates = vec![Fate::unknown(format!("the next one's {why}"))];
        }
    }

    /// Gives every page without a verdict this fate.
    fn fill(&mut self, fate: &Fate) {
        while self.answers.len() < self.pages.len() {
            let mut open = std::mem::take(&mut self.open);
            open.answer.fates = vec![fate.clone()];
            open.answer.page_replies.resize(1, None);
            self.answers.push(open.answer);
        }
    }

    fn together(self) -> Together {
        Together {
            pages: self.answers,
            doubt: self.doubt,
        }
    }

    /// What an end in the midst of it means: each page that was written and
    /// not answered is unknown, and where replies cannot be told apart, all.
    pub(super) fn ended(mut self, fate: &Fate, shifted: bool) -> Option<Answered> {
        if self.stage != Stage::Written {
            let is_its_fault = match self.stage {
                Stage::Help | Stage::Rehearsal => self.said,
                Stage::Ready | Stage::Written => shifted,
            };
            return is_its_fault.then(|| Answered::LockStep {
                why: fate.text.clone(),
                tainted: true,
            });
        }
        let unknown = Fate::unknown(format!("{}; the page may have been accepted", fate.text));
        if shifted || self.garbled {
            for answer in &mut self.answers {
                answer.fates = vec![unknown.clone()];
                answer.failed_at = None;
            }
        }
        self.fill(&unknown);
        self.doubt.get_or_insert_with(|| fate.text.clone());
        Some(Answered::Together(self.together()))
    }
}

impl Transaction {
    /// Notes a reply; with the one to SEND, the page's fate. Returns why the
    /// server should not be written ahead to any more.
    fn take(&mut self, verb: Verb, reply: &Reply) -> Option<String> {
        let answer = &mut self.answer;
        answer.heard.push(reply.shown());
        match verb {
            Verb::Page => answer.page_replies = vec![Some(reply.shown())],
            Verb::Send => answer.send_reply = Some(reply.shown()),
            _ => {}
        }
        let done = reply.class() == Class::Done;
        if !done {
            self.refuse(verb, reply);
        }
        if verb != Verb::Send {
            let is_reset = verb == Verb::Rese && !done;
            return is_reset.then(|| format!("RESE was answered {}", reply.shown()));
        }
        let fate = match self.refusal.take() {
            None => verdict::success(reply),
            Some(refusal) if !done => refusal,
            // What is out is not what was meant, or not for whom.
            Some(refusal) => {
                let text = format!(
                    "SEND was answered {} behind a refusal: {}; another page may be out in its place",
                    reply.shown(),
                    refusal.response()
                );
                self.answer.fates = vec![Fate::unknown(text.clone())];
                return Some(text);
            }
        };
        self.answer.fates = vec![fate];
        None
    }

    /// The worst refusal stands; of equals, the first. That a sequence is
    /// wrong (503) is only what an earlier refusal leads to.
    fn refuse(&mut self, verb: Verb, reply: &Reply) {
        let fate = match verb {
            Verb::Rese => Fate::temporary(format!("RESE was answered {}", reply.shown())),
            verb => verdict::refusal(verb, reply),
        };
        // A refused login says nothing about a page.
        let fate = match fate.exit {
            Exit::NoPermission => Fate {
                outcome: Outcome::Temporary,
                ..fate
            },
            _ => fate,
        };
        let is_worse = self.refusal.as_ref().is_none_or(|known| {
            reply.code != 503 && known.outcome.may_retry() && !fate.outcome.may_retry()
        });
        if is_worse {
            self.answer.failed_at = Some(verb);
            self.refusal = Some(fate);
        }
    }
}

/// LOGI behind each RESE, which may log out.
fn with_login(script: &[(Verb, Class)], login: bool) -> Vec<(Verb, Class)> {
    let logi = (Verb::Logi, Class::Done);
    let steps = script.iter().flat_map(|step| {
        let behind = (login && step.0 == Verb::Rese).then_some(logi);
        [Some(*step), behind]
    });
    steps.flatten().collect()
}
