//! One dialogue with one gateway, and what it brought.

use std::time::{Duration, Instant};

use super::features::{self, Features};
use super::{Args, Step};
use crate::applet::snpp::inquiry::Inquiry;
use crate::cli::peer::Peer;
use crate::diag::Diag;
use crate::exit::Exit;
use crate::outcome::{Fate, Outcome};
use crate::protocol::snpp::command::{Command, Verb};
use crate::protocol::snpp::reply::{Class, Reply};
use crate::protocol::snpp::verdict;
use crate::transport::interrupt::Interrupt;
use crate::transport::trace::Trace;

/// What a probe found.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) peer: Peer,
    /// The greeting was 220, and nothing failed after it.
    pub(super) success: bool,
    pub(super) banner: Option<String>,
    pub(super) farewell: Option<String>,
    /// From the beginning of the connection to the greeting.
    pub(super) rtt: Duration,
    pub(super) error: Option<String>,
    pub(super) exit: Exit,
    /// The name could not be looked up, which says nothing about the gateway.
    pub(super) name_failed: bool,
    pub(super) help: Vec<String>,
    pub(super) features: Option<Features>,
    /// The reply to PAGE, and whether it means yes.
    pub(super) pager: Option<(bool, String)>,
    /// The reply to PING, and whether it means yes.
    pub(super) ping: Option<(bool, String)>,
    pub(super) transcript: Vec<String>,
}

/// Why a dialogue stopped short.
pub(super) type Stop = Fate;

/// A gateway that is asked.
#[derive(Debug)]
pub(super) struct Gateway<'a> {
    args: &'a Args,
    peer: &'a Peer,
    login: Option<&'a Command>,
    pub(super) inquiry: Inquiry<'a>,
}

impl<'a> Gateway<'a> {
    pub(super) fn new(
        args: &'a Args,
        peer: &'a Peer,
        login: Option<&'a Command>,
        diag: &'a Diag,
        interrupt: &'a Interrupt,
    ) -> Self {
        let trace = Trace::new(args.report.verbose.then_some(diag), args.report.json);
        Self {
            args,
            peer,
            login,
            inquiry: Inquiry::new(peer, &args.line, args.timeout(), trace, interrupt),
        }
    }

    /// The whole dialogue. Everything that goes wrong is part of the finding.
    pub(super) fn ask(&mut self) -> Finding {
        let mut finding = Finding::new(self.peer);
        let result = self.steps(&mut finding);
        finding.name_failed = self.inquiry.name_failed();
        if let Err(fate) = result {
            finding.success = false;
            finding.exit = fate.exit;
            // The API's word for a greeting that is none.
            finding.error = Some(if finding.banner.is_none() && fate.code.is_some() {
                format!("Unexpected response: {}", fate.response())
            } else {
                fate.response()
            });
        }
        finding.farewell = self.inquiry.part();
        finding.transcript = self.inquiry.transcript();
        finding
    }

    fn steps(&mut self, finding: &mut Finding) -> Result<(), Stop> {
        let begun = Instant::now();
        let greeting = self.inquiry.connect()?;
        finding.rtt = begun.elapsed();
        let banner = greeting.shown();
        if greeting.code != 220 {
            let text = format!("Unexpected response: {banner}");
            finding.banner = Some(banner);
            return Err(Fate::new(Outcome::Untried, Exit::Protocol, text));
        }
        finding.banner = Some(banner);
        finding.success = true;
        self.log_in()?;
        if !self.args.reaches(Step::Help) {
            return Ok(());
        }
        if self.args.features {
            finding.features = Some(features::find(self)?);
        } else if self.args.quit_after == Some(Step::Help) {
            let reply = self.inquiry.say(&Command::bare(Verb::Help))?;
            let texts = reply
                .info
                .iter()
                .map(|line| crate::text::escape::printable(line));
            finding.help = texts.chain([reply.shown()]).collect();
        }
        if !self.args.reaches(Step::Page) {
            return Ok(());
        }
        if let Some(id) = &self.args.ping {
            let reply = self.say_word(Verb::Ping, id)?;
            finding.answer(Verb::Ping, &reply)?;
        }
        // Last, because RESE may log out.
        if let Some(id) = &self.args.pager {
            let reply = self.say_word(Verb::Page, id)?;
            finding.answer(Verb::Page, &reply)?;
            self.inquiry.say(&Command::bare(Verb::Rese))?;
        }
        Ok(())
    }

    pub(super) fn log_in(&mut self) -> Result<(), Stop> {
        let Some(login) = self.login else {
            return Ok(());
        };
        let reply = self.inquiry.say(login)?;
        if reply.class() == Class::Done {
            return Ok(());
        }
        Err(verdict::refusal(Verb::Logi, &reply))
    }

    fn say_word(&mut self, verb: Verb, word: &str) -> Result<Reply, Stop> {
        match Command::words(verb, word, None) {
            Ok(command) => self.inquiry.say(&command),
            Err(error) => Err(Fate::new(Outcome::Refused, Exit::Data, error.to_string())),
        }
    }
}

impl Finding {
    /// Nothing is known yet.
    pub(super) fn new(peer: &Peer) -> Self {
        Self {
            peer: peer.clone(),
            success: false,
            banner: None,
            farewell: None,
            rtt: Duration::ZERO,
            error: None,
            exit: Exit::Ok,
            name_failed: false,
            help: Vec::new(),
            features: None,
            pager: None,
            ping: None,
            transcript: Vec::new(),
        }
    }

    /// Notes the answer to a question about a pager. A refusal that says
    /// nothing about the pager is an error.
    fn answer(&mut self, verb: Verb, reply: &Reply) -> Result<(), Stop> {
        let says_yes = reply.class() == Class::Done;
        let says_no = matches!(reply.code, 550 | 750 | 780);
        if !says_yes && !says_no {
            return Err(verdict::refusal(verb, reply));
        }
        if says_no {
            self.exit = Exit::No;
        }
        let answer = Some((says_yes, reply.shown()));
        if verb == Verb::Ping {
            self.ping = answer;
        } else {
            self.pager = answer;
        }
        Ok(())
    }
}
