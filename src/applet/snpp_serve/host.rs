//! One session, and the answers to what its machine asks.
//!
//! Answers for the log, for how long a guesser has to wait, and for nothing
//! being begun once a signal came. What is answered is put into words by the
//! machine.

use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Args;
use super::tickets::Tickets;
use crate::access::users::{self, Users};
use crate::applet::serve::dialogue::{Limits, talk};
use crate::applet::serve::intake::Intake;
use crate::applet::serve::{GUESS, LINGER};
use crate::diag::{Priority, cause};
use crate::protocol::snpp::plan::ReplyType;
use crate::protocol::snpp::server::talk::{
    Answer, Credit, End, Forgotten, Lookup, Question, Recipient, Status, Submission, Ticket, Unit,
    Verdict,
};
use crate::protocol::snpp::server::{GOING_DOWN, Server};
use crate::queue::job::{self, Job, Sender};
use crate::queue::spool::new_id;
use crate::queue::tags::{self, Forget};
use crate::session::Session;
use crate::sink::{self, Sink};
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;

/// One session and those who take part in it.
pub(super) struct Host<'a> {
    pub(super) args: &'a Args,
    pub(super) intake: Intake<'a>,
    pub(super) users: Option<Users>,
    /// The last login and password that were right: RESE logs out, and whoever
    /// logs in again after it need not prove it again.
    pub(super) credential: Option<(String, Vec<u8>)>,
    pub(super) tickets: Tickets,
}

impl Host<'_> {
    /// Serves the client to the end.
    pub(super) fn talk(mut self, mut session: Session<Server>, interrupt: &Interrupt) {
        let limits = Limits {
            idle: self.args.idle_timeout,
            session: self.args.session_timeout,
        };
        let end = talk(&mut session, limits, End::Timeout, interrupt, |question| {
            self.answer(question, interrupt)
        });
        let last_words = match end {
            Some(end) => {
                self.ended(end);
                b""
            }
            None => GOING_DOWN,
        };
        session.part(last_words, Deadline::after(LINGER));
    }

    fn ended(&self, end: End) {
        let why = match end {
            End::Quit | End::Closed => return,
            End::Errors => "too many errors",
            End::Logins => "too many refused logins",
            End::Timeout => "timed out",
        };
        self.intake.log(Priority::Warning, why);
    }

    /// `None`: a signal came, there is no time for an answer.
    fn answer(&mut self, question: Question, interrupt: &Interrupt) -> Option<Answer> {
        Some(match question {
            Question::Pager(id) => Answer::Pager(self.unit(&id)),
            Question::Login { name, password } => {
                Answer::Login(self.credit(name, password, interrupt)?)
            }
            Question::Local(time) => Answer::Moment(self.moment(time)),
            Question::Accept(submission) => Answer::Verdict(self.accept(submission, interrupt)),
            Question::Status(ticket) => Answer::Status(self.status(&ticket)),
            Question::Forget(ticket) => Answer::Forgotten(self.forget(&ticket)),
        })
    }

    fn unit(&self, id: &str) -> Option<Unit> {
        let reach = self.intake.reach(id)?;
        Some(Unit {
            two_way: reach.two_way && self.intake.spool().is_some(),
        })
    }

    fn credit(
        &mut self,
        name: String,
        password: Option<Vec<u8>>,
        interrupt: &Interrupt,
    ) -> Option<Credit> {
        let Some(users) = &self.users else {
            return Some(Credit::Unverified);
        };
        let Some(password) = password else {
            return Some(Credit::NoPassword);
        };
        let credential = (name, password);
        if self.credential.as_ref() == Some(&credential) {
            return Some(Credit::Verified);
        }
        if !interrupt.sleep(GUESS) {
            return None;
        }
        match users.check(&credential.0, &credential.1) {
            users::Verdict::Good => {
                self.credential = Some(credential);
                Some(Credit::Verified)
            }
            users::Verdict::Bad(why) => {
                self.intake
                    .log(Priority::Warning, &format!("login refused: {why}"));
                Some(Credit::Refused)
            }
        }
    }

    /// In a gap of the clock, the time that would have been; twice there, the first.
    fn moment(&self, time: DateTime) -> Option<SystemTime> {
        let zone = self.args.hold_zone.clone();
        let zone = zone.unwrap_or_else(TimeZone::system);
        Some(zone.to_timestamp(time).ok()?.into())
    }

    fn accept(&mut self, submission: Submission, interrupt: &Interrupt) -> Verdict {
        let now = SystemTime::now();
        let is_two_way = submission.two_way.is_some();
        let ticket = match is_two_way.then(new_ticket).transpose() {
            Ok(ticket) => ticket,
            Err(error) => {
                self.intake
                    .log(Priority::Error, &format!("no random numbers: {error}"));
                return Verdict::TryLater;
            }
        };
        let login = submission.login.clone().map(|login| Sender {
            name: login.name,
            verified: login.verified,
        });
        let origin = self.intake.origin(login);
        let job = job(submission, origin.sender().cloned(), ticket.as_ref(), now);
        match self.intake.take(&job, &origin, interrupt) {
            sink::Verdict::Accepted => {
                if let Some(ticket) = &ticket {
                    let code = if self.intake.spool().is_some() {
                        960
                    } else {
                        880
                    };
                    self.tickets.issue(ticket, code, now);
                }
                Verdict::Accepted { id: job.id, ticket }
            }
            sink::Verdict::TryLater | sink::Verdict::Full => Verdict::TryLater,
            sink::Verdict::NoSuchPager => Verdict::NoSuchPager,
            sink::Verdict::Refused => Verdict::Refused,
            sink::Verdict::Uncertain => Verdict::Uncertain,
        }
    }

    fn status(&self, ticket: &Ticket) -> Lookup {
        if self.tickets.is_dead(ticket) {
            return Lookup::Unknown;
        }
        let written = match self.intake.spool() {
            Some(dir) => tags::status(dir, &ticket.tag, &ticket.pass),
            None => Ok(None),
        };
        match written {
            Ok(Some(status)) => Lookup::Found(Status {
                sequence: status.sequence,
                code: status.code,
                at: status.at,
                text: status.text,
            }),
            Ok(None) => self
                .tickets
                .status(ticket)
                .map_or(Lookup::Unknown, Lookup::Found),
            Err(error) => {
                self.intake
                    .log(Priority::Error, &format!("no status: {}", cause(&error)));
                Lookup::Failed
            }
        }
    }

    fn forget(&mut self, ticket: &Ticket) -> Forgotten {
        match self.status(ticket) {
            Lookup::Found(_) => {}
            Lookup::Unknown => return Forgotten::Unknown,
            Lookup::Failed => return Forgotten::Failed,
        }
        if let Sink::Spool(spool) = self.intake.sink() {
            let now = SystemTime::now();
            let request = Forget {
                tag: ticket.tag.clone(),
                pass: tags::hash(&ticket.tag, &ticket.pass),
                received: now,
                id: new_id(now),
            };
            if let Err(error) = spool.forget(&request) {
                let why = format!("tag {} not killed: {}", ticket.tag, cause(&error));
                self.intake.log(Priority::Error, &why);
                return Forgotten::Failed;
            }
        }
        self.tickets.kill(ticket);
        Forgotten::Gone
    }
}

fn new_ticket() -> std::io::Result<Ticket> {
    Ok(Ticket {
        tag: tags::new_code()?,
        pass: tags::new_code()?,
    })
}

fn job(
    submission: Submission,
    from: Option<Sender>,
    ticket: Option<&Ticket>,
    now: SystemTime,
) -> Job {
    let two_way = submission.two_way.as_ref();
    let expires = two_way.and_then(|wishes| wishes.expire_hours);
    let expires =
        expires.and_then(|hours| now.checked_add(Duration::from_secs(hours.saturating_mul(3600))));
    let two_way = submission
        .two_way
        .zip(ticket)
        .map(|(wishes, ticket)| job::TwoWay {
            tag: ticket.tag.clone(),
            pass: tags::hash(&ticket.tag, &ticket.pass),
            ack: wishes.ack,
            reply: wishes.reply.map(ReplyType::word),
            choices: wishes.choices,
        });
    Job {
        from,
        caller: submission.caller,
        subject: submission.subject,
        expires,
        two_way,
        ..Job::new(
            submission.recipients.into_iter().map(recipient),
            submission.message,
        )
    }
}

fn recipient(recipient: Recipient) -> job::Recipient {
    job::Recipient {
        name: recipient.pager,
        level: recipient.level,
        alert: recipient.alert,
        coverage: recipient.coverage,
        hold: recipient.hold,
        pin: recipient.pin,
        pin_file: None,
    }
}
