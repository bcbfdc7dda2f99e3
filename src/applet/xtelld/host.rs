//! One session, and the answers to what its machine asks.
//!
//! Answers for the log, for a terminal not being flooded, and for nothing being
//! begun once a signal came. What is answered is put into words by the machine.

use std::time::Duration;

use super::clock::Clock;
use super::notice::{self, Notice};
use super::sender::{Sender, Senders};
use super::{Args, Ident};
use crate::applet::serve::LINGER;
use crate::applet::serve::dialogue::{Limits, talk};
use crate::diag::{Diag, Priority};
use crate::protocol::xtell::message::Message;
use crate::protocol::xtell::reply::Verdict;
use crate::protocol::xtell::server::{End, GOING_DOWN, Question, Server};
use crate::session::Session;
use crate::terminal::{Absent, Addressee, Found, Places, Shown};
use crate::text::escape::printable;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;

/// So many messages are shown at once; a person who talks sends no more.
const AT_ONCE: usize = 10;
/// Before each one behind them: whoever can be written to must be able to read,
/// and to say `mesg n`.
const APART: Duration = Duration::from_millis(200);
/// How long it may take to find out who is logged in.
const FIND: Duration = Duration::from_secs(5);

/// One session and what it needs.
pub(super) struct Host<'a> {
    pub(super) args: &'a Args,
    pub(super) places: Places,
    pub(super) senders: Senders,
    pub(super) clock: Clock,
    /// Messages that there were.
    pub(super) messages: usize,
    pub(super) diag: &'a Diag,
}

/// What became of a message: the login and the terminal that it was shown to,
/// or why it was not, where there is more to say than the verdict does.
type Delivery = Result<(String, String), (Verdict, Option<String>)>;

impl Host<'_> {
    /// Serves the client to the end.
    pub(super) fn talk(mut self, mut session: Session<Server>, interrupt: &Interrupt) {
        let limits = Limits {
            idle: self.args.idle_timeout,
            session: self.args.session_timeout,
        };
        let end = talk(
            &mut session,
            limits,
            End::Silent,
            interrupt,
            |Question::Deliver(message)| self.deliver(&message, interrupt),
        );
        let last_words = match end {
            // Who left waits for us to close, and has nothing more to say.
            Some(End::Left) => return,
            Some(End::Silent) => {
                self.log(Priority::Warning, "timed out");
                b""
            }
            Some(End::Enough) => {
                self.log(Priority::Warning, "too many messages");
                b""
            }
            None => GOING_DOWN,
        };
        session.part(last_words, Deadline::after(LINGER));
    }

    /// `None`: a signal came, and the message was not begun.
    fn deliver(&mut self, message: &Message, interrupt: &Interrupt) -> Option<Verdict> {
        self.messages = self.messages.saturating_add(1);
        if self.messages > AT_ONCE && !interrupt.sleep(APART) {
            return None;
        }
        let sender = self.senders.sender(&message.from, interrupt);
        // The ident server may have been waited for.
        if interrupt.exit().is_some() {
            return None;
        }
        let fate = if self.args.ident == Ident::Require && sender.doubt.is_some() {
            Err((Verdict::Unverified, None))
        } else {
            self.show(message, &sender, interrupt)
        };
        self.tell(message, &sender, &fate);
        Some(fate.map_or_else(|(verdict, _)| verdict, |_| Verdict::Shown))
    }

    /// Shows a message to whom it is for.
    fn show(&mut self, message: &Message, sender: &Sender, interrupt: &Interrupt) -> Delivery {
        let not_logged_in = || (Verdict::NotLoggedIn, None);
        let user = std::str::from_utf8(&message.user).map_err(|_| not_logged_in())?;
        let to = if user.is_empty() {
            Addressee::Console
        } else {
            Addressee::User(user)
        };
        let found = self.places.find(&to, Deadline::after(FIND));
        let (Ok(Found { warnings, .. }) | Err(Absent { warnings, .. })) = &found;
        for warning in warnings {
            self.log(Priority::Error, warning);
        }
        let found = found.map_err(|absent| {
            if absent.certain {
                not_logged_in()
            } else {
                (Verdict::Unavailable, None)
            }
        })?;
        let device = std::str::from_utf8(&message.device);
        let device = device.map_err(|_| (Verdict::NoDevice, None))?;
        let device = (!device.is_empty()).then_some(device);
        let notice = Notice {
            from: &sender.label,
            host: &self.senders.host,
            user: &found.user,
            text: &message.text,
        };
        let text = notice.at(self.clock.now());
        match (found.show(device, &text, Some(interrupt)), device) {
            (Shown::On(line), _) => Ok((found.user, line)),
            (Shown::Refused, _) => Err((Verdict::Closed, None)),
            (Shown::Failed(why), Some(_)) => Err((Verdict::NoDevice, Some(why))),
            (Shown::Failed(why), None) => Err((Verdict::Failed, Some(why))),
        }
    }

    /// One line of the log on each message.
    fn tell(&self, message: &Message, sender: &Sender, delivery: &Delivery) {
        let (priority, what, why) = match delivery {
            Ok((user, line)) => (Priority::Info, format!("shown to {user} on {line}"), None),
            Err((verdict, why)) => {
                let priority = match verdict {
                    // There may be a terminal to show it on, and we could not.
                    Verdict::Failed | Verdict::Unavailable => Priority::Error,
                    _ => Priority::Warning,
                };
                let user = match message.user.as_slice() {
                    b"" => "the console".to_owned(),
                    user => notice::name(user),
                };
                let code = verdict.code();
                let what = format!("not shown to {user} ({code})");
                (priority, what, why.clone())
            }
        };
        let from = notice::name(&sender.label);
        let line = format!("{what} from {from}, {} bytes", message.text.len());
        let text = self.args.log_text.then(|| printable(&message.text));
        let line: Vec<String> = [Some(line), sender.doubt.clone(), why, text]
            .into_iter()
            .flatten()
            .collect();
        self.log(priority, &line.join(": "));
    }

    /// A line of the log, with the other end of the line in front.
    fn log(&self, priority: Priority, text: &str) {
        self.diag
            .log(priority, &format!("{}: {text}", self.senders.host));
    }
}
