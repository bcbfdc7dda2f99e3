//! A page as this applet sends it, built from whatever the user gave.

use std::sync::Arc;
use std::time::Duration;

use crate::bulk::sender::Receipt;
use crate::cli::moment;
use crate::cli::report::Report;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::page::PageOptions;
use crate::protocol::Wire;
use crate::protocol::snpp::command::BadArgument;
use crate::protocol::snpp::plain::Plain;
use crate::protocol::snpp::plan::{Body, Options, Plan, Recipient, ReplyType, TwoWay};

/// What holds for every page of a run.
#[derive(Clone, Debug)]
pub(in crate::applet) struct Wishes {
    pub(in crate::applet) two_way: bool,
    pub(in crate::applet) no_queue: bool,
    pub(in crate::applet) ack: bool,
    pub(in crate::applet) reply: Option<ReplyType>,
    pub(in crate::applet) choices: Vec<(String, String)>,
    pub(in crate::applet) body: Body,
    pub(in crate::applet) strict: bool,
}

/// One message to recipients who share its SEND; mostly one.
#[derive(Clone, Debug)]
pub(in crate::applet) struct Page {
    number: u64,
    id: String,
    hash: String,
    recipients: Vec<Recipient>,
    texts: Vec<String>,
    /// How many parts it has.
    pub(in crate::applet) parts: usize,
    options: Options,
    body: Body,
    strict: bool,
    /// An expiry that is no whole number of hours.
    rounded: bool,
    /// For each part, the transaction that sends it to everybody.
    plans: Vec<Arc<Plan>>,
}

impl Page {
    pub(in crate::applet) fn new(
        number: u64,
        recipients: Vec<Recipient>,
        texts: Vec<String>,
        options: &PageOptions,
        wishes: &Wishes,
    ) -> Result<Self, BadArgument> {
        let hours = options
            .expire
            .map(|expire| expire.as_secs().div_ceil(3600).max(1));
        let two_way = (wishes.two_way || hours.is_some()).then(|| TwoWay {
            no_queue: wishes.no_queue,
            expire_hours: hours,
            ack: wishes.ack,
            reply: wishes.reply,
            choices: wishes.choices.clone(),
        });
        let mut page = Self {
            number,
            id: String::new(),
            hash: String::new(),
            recipients,
            parts: texts.len(),
            texts,
            options: Options {
                level: options.level,
                alert: options.alert,
                coverage: options.coverage.clone(),
                hold: options.hold.map(moment::utc_fields),
                caller: options.caller.clone(),
                subject: options.subject.clone(),
                two_way,
            },
            body: wishes.body,
            strict: wishes.strict,
            rounded: options.expire.zip(hours).is_some_and(|(expire, hours)| {
                expire != Duration::from_secs(hours.saturating_mul(3600))
            }),
            plans: Vec::new(),
        };
        let everybody: Vec<usize> = (0..page.recipients.len()).collect();
        for part in 0..page.parts {
            page.plans.push(Arc::new(page.new_plan(part, &everybody)?));
        }
        Ok(page)
    }

    /// The same page as a row of a bulk run.
    pub(in crate::applet) fn with_row(mut self, id: &str, hash: &str) -> Self {
        id.clone_into(&mut self.id);
        hash.clone_into(&mut self.hash);
        self
    }

    /// What is not sent exactly as asked.
    pub(in crate::applet) fn remark(&self) -> Option<String> {
        let hours = self.options.two_way.as_ref()?.expire_hours?;
        self.rounded
            .then(|| format!("SNPP counts the expiry in whole hours: sent as {hours}"))
    }

    /// The transaction that sends one part to some of the recipients.
    pub(in crate::applet) fn plan(
        &self,
        part: usize,
        who: &[usize],
    ) -> Result<Arc<Plan>, BadArgument> {
        match self.plans.get(part) {
            Some(plan) if who.len() == self.recipients.len() => Ok(Arc::clone(plan)),
            _ => self.new_plan(part, who).map(Arc::new),
        }
    }

    fn new_plan(&self, part: usize, who: &[usize]) -> Result<Plan, BadArgument> {
        let recipients: Vec<Recipient> = who
            .iter()
            .filter_map(|index| self.recipients.get(*index).cloned())
            .collect();
        let text = self.texts.get(part).map_or("", String::as_str);
        Plan::new(&recipients, &self.options, text, self.body, self.strict)
    }

    /// Its transaction, if it can be written together with others.
    pub(in crate::applet) fn plain(&self) -> Option<Plain> {
        match self.plans.as_slice() {
            [plan] => Plain::of(plan),
            _ => None,
        }
    }

    /// All that would be said for it.
    pub(in crate::applet) fn dialogue(&self) -> Vec<Wire> {
        self.plans.iter().flat_map(|plan| plan.wires()).collect()
    }

    /// A report for each recipient, to which nothing has happened yet.
    pub(in crate::applet) fn untried(&self) -> Vec<Report> {
        let report = |(number, recipient): (u64, &Recipient)| {
            Report::new(
                number,
                &self.id,
                &recipient.id,
                self.parts,
                Fate::untried("not tried"),
            )
        };
        (self.number..).zip(&self.recipients).map(report).collect()
    }

    /// The report of a page that got none, which would be a bug.
    pub(in crate::applet) fn lost(&self) -> Report {
        let fate = Fate::new(Outcome::Unknown, Exit::Software, "no report");
        Report::new(self.number, &self.id, "", self.parts, fate)
    }

    /// What is kept of a recipient's accepted page.
    pub(in crate::applet) fn receipt(&self, report: &Report) -> Receipt {
        Receipt::of(report, &self.hash)
    }
}
