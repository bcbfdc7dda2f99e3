//! How far a transaction has come, and what was answered so far.
//!
//! The client machine's notebook for one page; it must never know the line.

use std::sync::Arc;

use super::command::Verb;
use super::plan::{Plan, Role, Step};
use crate::outcome::{Fate, Outcome};

/// What a server answered to a page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PageAnswer {
    /// One fate for each recipient.
    pub fates: Vec<Fate>,
    /// The reply to each recipient's PAGE.
    pub page_replies: Vec<Option<String>>,
    /// The reply to SEND.
    pub send_reply: Option<String>,
    /// Message tag and pass code of a two-way page.
    pub tag: Option<(String, String)>,
    /// Verbs that the server refused and the page went without, with the reply to each.
    pub refused_options: Vec<(Verb, String)>,
    /// The command whose refusal, or whose missing reply, decided the fate.
    pub failed_at: Option<Verb>,
    /// The replies to its commands, where they were written together with others.
    pub heard: Vec<String>,
}

impl PageAnswer {
    /// SEND was not said: where it was, and not answered, the page is unknown.
    pub fn is_before_send(&self) -> bool {
        let is_unknown = |fate: &Fate| fate.outcome == Outcome::Unknown;
        self.send_reply.is_none() && !self.fates.iter().any(is_unknown)
    }
}

#[derive(Debug)]
pub(super) struct Progress {
    pub(super) plan: Arc<Plan>,
    at: usize,
    /// Said in the place of the step at hand.
    instead: Option<Step>,
    pub(super) answer: PageAnswer,
    fates: Vec<Option<Fate>>,
    /// How many pagers the server took.
    pub(super) accepted: usize,
    /// Something of the page was written.
    pub(super) said: bool,
    /// SEND was written.
    pub(super) sending: bool,
}

impl Progress {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let recipients = plan.recipients;
        Self {
            plan,
            at: 0,
            instead: None,
            answer: PageAnswer {
                page_replies: vec![None; recipients],
                ..PageAnswer::default()
            },
            fates: vec![None; recipients],
            accepted: 0,
            said: false,
            sending: false,
        }
    }

    pub(super) fn step(&self) -> Option<&Step> {
        self.instead
            .as_ref()
            .or_else(|| self.plan.steps.get(self.at))
    }

    pub(super) fn note_page_reply(&mut self, index: usize, reply: String) {
        if let Some(slot) = self.answer.page_replies.get_mut(index) {
            *slot = Some(reply);
        }
    }

    pub(super) fn refuse(&mut self, index: usize, fate: Fate) {
        if let Some(slot) = self.fates.get_mut(index) {
            *slot = Some(fate);
        }
    }

    /// Gives every pager that has no fate of its own this one.
    pub(super) fn judge(&mut self, fate: &Fate) {
        for slot in &mut self.fates {
            slot.get_or_insert_with(|| fate.clone());
        }
    }

    /// The fate that a refused SEND gives: with several pagers under it,
    /// nobody can know which of them it reached.
    pub(super) fn shared(&self, refusal: &Fate) -> Fate {
        if self.accepted < 2 {
            return refusal.clone();
        }
        Fate {
            code: refusal.code,
            ..Fate::unknown(refusal.text.clone())
        }
    }

    pub(super) fn has_more_pagers(&self) -> bool {
        let rest = self.plan.steps.iter().skip(self.at + 1);
        rest.into_iter()
            .any(|step| matches!(step.role, Role::Pager(_)))
    }

    /// How many of the next steps make no sense once this verb was refused:
    /// the choices, where multiple choice was.
    pub(super) fn useless_after(&self, verb: Verb) -> usize {
        if verb != Verb::Rtyp {
            return 0;
        }
        let rest = self.plan.steps.iter().skip(self.at + 1);
        rest.take_while(|step| step.command.verb() == Verb::Mcre)
            .count()
    }

    /// Goes on by some steps.
    pub(super) fn advance(&mut self, steps: usize) {
        self.at += steps;
        self.instead = None;
    }

    /// Puts MESS in the place of DATA.
    pub(super) fn fall_back(&mut self) {
        let fallback = self.step().and_then(|step| step.fallback.clone());
        self.instead = fallback.map(|command| Step::new(command, Role::Message));
    }

    pub(super) fn done(mut self) -> PageAnswer {
        let nothing = || Fate::new(Outcome::Temporary, crate::exit::Exit::TempFail, "not sent");
        let fates = self.fates.into_iter();
        self.answer.fates = fates.map(|fate| fate.unwrap_or_else(nothing)).collect();
        self.answer
    }
}
