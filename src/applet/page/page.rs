//! A page as this applet queues it, built from whatever the user gave.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::flags::Args;
use crate::cli::login;
use crate::cli::message::TextArgs;
use crate::cli::report::Report;
use crate::exit::{Exit, Failure};
use crate::outcome::Fate;
use crate::page::PageOptions;
use crate::queue::job::{Job, Recipient, Sender};
use crate::queue::tags::Ticket;

/// Set for a program that reports a failed page: that page's job.
const FAILURE_OF: &str = "PAGEBOX_FAILURE_OF";

/// What holds for every page of a run.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub(super) from: Option<Sender>,
    dedup: Option<Duration>,
    pin_file: Option<PathBuf>,
    failure_of: Option<String>,
    /// The fate of each is asked for.
    ticket: bool,
}

/// One message to those who share its fate, as one job for each part of it.
#[derive(Clone, Debug)]
pub(super) struct Page {
    number: u64,
    id: String,
    pub(super) jobs: Vec<Job>,
    /// One for each job, where they are asked for.
    pub(super) tickets: Vec<Ticket>,
}

impl Wishes {
    pub(super) fn new(args: &Args) -> Result<Self, Failure> {
        let pin_file = args.pin_file.as_deref().map(|path| {
            let absolute = std::path::absolute(path).ok();
            let is_word = |path: &PathBuf| {
                let text = path.to_str();
                text.is_some_and(|text| {
                    !text.contains(|c: char| c.is_whitespace() || c.is_control())
                })
            };
            absolute.filter(is_word).ok_or_else(|| {
                let path = path.display();
                Failure::usage(format!(
                    "--pin-file {path}: a job cannot name it: its path has a blank in it"
                ))
            })
        });
        Ok(Self {
            from: sender(),
            dedup: args.dedup,
            pin_file: pin_file.transpose()?,
            failure_of: failure_of()?,
            ticket: args.wait.is_some(),
        })
    }

    /// What holds for a job that says the rest itself.
    pub(super) fn complete(&self, job: &mut Job) {
        job.failure_of = job.failure_of.take().or_else(|| self.failure_of.clone());
        let given = job.from.take().map(|from| Sender {
            verified: false,
            ..from
        });
        job.from = given.or_else(|| self.from.clone());
    }
}

/// Who runs us. Not even that is sure before the owner of the file is looked at.
fn sender() -> Option<Sender> {
    let name = Some(login::name().trim()).filter(|name| !name.is_empty());
    name.map(|name| Sender {
        name: name.to_owned(),
        verified: false,
    })
}

fn failure_of() -> Result<Option<String>, Failure> {
    match std::env::var(FAILURE_OF) {
        Ok(id) => Ok(Some(id).filter(|id| !id.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::data(format!("{FAILURE_OF} is not UTF-8")))
        }
    }
}

/// A text as it is queued, and what was left out of it.
pub(super) fn fit(text: &str, args: &TextArgs) -> Result<(Vec<String>, Option<String>), Failure> {
    let length = args.max_length.unwrap_or(usize::MAX);
    let charset = args.charset.unwrap_or_default();
    let fitted = args.fit(text, charset, length, |text| text.chars().count())?;
    let remark = format!("the message was cut to {length} characters");
    Ok((fitted.parts, fitted.cut.then_some(remark)))
}

impl Page {
    /// Fails where a value of it cannot stand in a job.
    pub(super) fn new(
        number: u64,
        names: &[String],
        pin: Option<&String>,
        texts: Vec<String>,
        options: &PageOptions,
        wishes: &Wishes,
    ) -> Result<Self, Failure> {
        let recipient = |name: &String| Recipient {
            name: name.clone(),
            level: options.level,
            alert: options.alert,
            coverage: options.coverage.clone(),
            hold: options.hold,
            pin: pin.cloned(),
            pin_file: wishes.pin_file.clone(),
        };
        let to: Vec<Recipient> = names.iter().map(recipient).collect();
        let now = SystemTime::now();
        let expires = options.expire.and_then(|expire| now.checked_add(expire));
        // A job tells its times in whole seconds.
        let due = options.hold.unwrap_or(now) + Duration::from_secs(1);
        if expires.is_some_and(|expires| expires < due) {
            let why = "it would expire before it is due; its lifetime counts from now on";
            return Err(Failure::data(why));
        }
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let job = |text: String| {
            let job = Job::new(to.clone(), text);
            let expires = |expire| job.received.checked_add(expire);
            Job {
                from: wishes.from.clone(),
                caller: said(&options.caller),
                subject: said(&options.subject),
                expires: options.expire.and_then(expires),
                dedup: wishes.dedup,
                failure_of: wishes.failure_of.clone(),
                ..job
            }
        };
        Self::of(number, texts.into_iter().map(job).collect(), wishes)
    }

    /// The page that these jobs are.
    pub(super) fn of(number: u64, mut jobs: Vec<Job>, wishes: &Wishes) -> Result<Self, Failure> {
        let mut tickets = Vec::new();
        for job in &mut jobs {
            if wishes.ticket {
                tickets.push(ticket(job)?);
            }
            job.to_bytes()
                .map_err(|error| Failure::data(error.to_string()))?;
        }
        Ok(Self {
            number,
            id: String::new(),
            jobs,
            tickets,
        })
    }

    /// The same page as a row of a bulk run.
    pub(super) fn with_row(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// Whom it is for.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let to = self.jobs.first().map(|job| job.to.as_slice());
        to.unwrap_or_default().iter().map(|to| to.name.as_str())
    }

    /// What the spool calls it.
    pub(super) fn ids(&self) -> String {
        let ids: Vec<&str> = self.jobs.iter().map(|job| job.id.as_str()).collect();
        ids.join(" ")
    }

    /// A report to which nothing has happened yet; that of all it is for.
    pub(super) fn untried(&self) -> Report {
        let names: Vec<&str> = self.names().collect();
        let fate = Fate::untried("not tried");
        let pager = names.join(",");
        Report::new(self.number, &self.id, &pager, self.jobs.len(), fate)
    }
}

/// Has the status of a job kept.
fn ticket(job: &mut Job) -> Result<Ticket, Failure> {
    if job.two_way.is_some() {
        return Err(Failure::data(
            "the job has a ticket of its own: leave out --wait, or Two-way",
        ));
    }
    let ticket = Ticket::new()
        .map_err(|error| Failure::new(Exit::Os, format!("no random numbers: {error}")))?;
    job.two_way = Some(ticket.two_way());
    Ok(ticket)
}
