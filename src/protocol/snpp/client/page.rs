//! The client machine's way through one transaction, from the first option to
//! the verdict on SEND.
//!
//! Answers for what each reply means for the page. How something is said and
//! heard is the connection's affair.

use super::{Actions, Answered, Client, Question, State};
use crate::exit::Exit;
use crate::outcome::Fate;
use crate::protocol::snpp::command::Verb;
use crate::protocol::snpp::plan::Role;
use crate::protocol::snpp::reply::{Class, Reply};
use crate::protocol::snpp::verdict;
use crate::protocol::{Action, Phase};

impl Client {
    /// Says the command at hand, or asks before SEND.
    pub(super) fn next_step(&mut self, actions: &mut Actions) {
        let Some(page) = &mut self.page else { return };
        let Some(step) = page.step() else { return };
        if step.role == Role::Send {
            self.state = State::Committing;
            actions.push(Action::Ask(Question::Commit));
            return;
        }
        let wire = step.command.wire();
        self.state = State::Paging;
        self.say(wire, Phase::Reply, actions);
    }

    pub(super) fn paged(&mut self, reply: &Reply, actions: &mut Actions) {
        let Some(page) = &mut self.page else { return };
        let Some(step) = page.step() else { return };
        let verb = step.command.verb();
        let role = step.role;
        let body = step.body.clone();
        let has_fallback = step.fallback.is_some();
        if let Role::Pager(index) = role {
            page.note_page_reply(index, reply.shown());
        }
        match (reply.class(), role) {
            (_, Role::Send) => self.sent(reply, actions),
            (class @ (Class::SendMore | Class::Done), Role::Message) if body.is_some() => {
                match body {
                    Some(body) if class == Class::SendMore => {
                        self.state = State::Body;
                        self.say(body, Phase::Body, actions);
                    }
                    // 250 to DATA is the reply to some earlier command.
                    _ => self.shift(verb, reply, actions),
                }
            }
            (Class::Done, role) => {
                page.accepted += usize::from(matches!(role, Role::Pager(_)));
                self.advance(1, actions);
            }
            (Class::Failed, Role::Wish) => {
                page.answer.refused_options.push((verb, reply.shown()));
                let skip = page.useless_after(verb);
                self.advance(1 + skip, actions);
            }
            (Class::Failed, Role::Pager(index)) => {
                page.refuse(index, verdict::refusal(verb, reply));
                self.needs_reset = true;
                self.after_refused_pager(verb, actions);
            }
            (Class::Failed, Role::Message) if reply.code == 500 && has_fallback => {
                page.answer.refused_options.push((verb, reply.shown()));
                page.fall_back();
                self.next_step(actions);
            }
            (Class::Failed, _) => self.stop(verb, &verdict::refusal(verb, reply), actions),
            (Class::Closing, _) => {
                page.answer.failed_at = Some(verb);
                self.fall(verdict::refusal(verb, reply), false, actions);
            }
            (Class::SendMore | Class::Undefined, _) => self.shift(verb, reply, actions),
        }
    }

    pub(super) fn body_taken(&mut self, reply: &Reply, actions: &mut Actions) {
        match reply.class() {
            Class::Done => self.advance(1, actions),
            Class::Failed => self.stop(Verb::Data, &verdict::refusal(Verb::Data, reply), actions),
            Class::Closing => self.fall(verdict::refusal(Verb::Data, reply), false, actions),
            Class::SendMore | Class::Undefined => self.shift(Verb::Data, reply, actions),
        }
    }

    /// Goes on while any pager is left that could get the message.
    fn after_refused_pager(&mut self, verb: Verb, actions: &mut Actions) {
        let Some(page) = &mut self.page else { return };
        page.answer.failed_at = Some(verb);
        if page.accepted > 0 || page.has_more_pagers() {
            self.advance(1, actions);
        } else {
            self.finish(actions);
        }
    }

    fn advance(&mut self, steps: usize, actions: &mut Actions) {
        if let Some(page) = &mut self.page {
            page.advance(steps);
        }
        self.next_step(actions);
    }

    /// The verdict.
    fn sent(&mut self, reply: &Reply, actions: &mut Actions) {
        let Some(page) = &mut self.page else { return };
        page.answer.send_reply = Some(reply.shown());
        match reply.class() {
            Class::Done => {
                if page.plan.two_way {
                    page.answer.tag = reply.tag();
                }
                page.judge(&verdict::success(reply));
                self.finish(actions);
            }
            Class::Failed | Class::Closing => {
                self.needs_reset = true;
                page.answer.failed_at = Some(Verb::Send);
                let refusal = verdict::refusal(Verb::Send, reply);
                page.judge(&page.shared(&refusal));
                if reply.class() == Class::Failed {
                    self.finish(actions);
                } else {
                    self.fall(refusal, false, actions);
                }
            }
            Class::SendMore | Class::Undefined => self.shift(Verb::Send, reply, actions),
        }
    }

    /// The page is refused, and the session stays up.
    pub(super) fn stop(&mut self, verb: Verb, fate: &Fate, actions: &mut Actions) {
        self.needs_reset = true;
        if let Some(page) = &mut self.page {
            page.answer.failed_at = Some(verb);
            page.judge(fate);
        }
        self.finish(actions);
    }

    fn finish(&mut self, actions: &mut Actions) {
        if let Some(page) = self.page.take() {
            self.ask_next(Answered::Page(page.done()), actions);
        }
    }

    /// A reply of a kind that its command cannot have.
    fn shift(&mut self, verb: Verb, reply: &Reply, actions: &mut Actions) {
        if let Some(page) = &mut self.page {
            page.answer.failed_at = Some(verb);
        }
        let text = format!("{verb} was answered {}", reply.shown());
        self.lose(Exit::Protocol, &text, true, actions);
    }
}
