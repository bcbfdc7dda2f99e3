//! One call to a central: the line is opened, the modem dials, the machine
//! logs on, pages go, and in the end the line is hung up.
//!
//! Answers for the time that each step may take, and for a line being hung up
//! whatever happened on it.

use std::time::Duration;

use super::way::{Opened, Settings};
use crate::outcome::{Fate, Outcome};
use crate::protocol::modem::{self, Modem};
use crate::protocol::tap::page::Page;
use crate::protocol::tap::sender::{
    self, Answer, Answered, End, Findings, LAST_WORDS, Question, Sender,
};
use crate::protocol::{Input, Phase};
use crate::session::{Pause, Session};
use crate::transport::fd::{Deadline, Line};
use crate::transport::serial::Serial;
use crate::transport::trace::Trace;
use crate::transport::{What, telnet};

/// The pause between two CRs (t1 of TAP 1.8).
const PROMPT: Duration = Duration::from_secs(2);
/// How long further ID= are waited for where one was asked for more than once.
const DRAIN: Duration = Duration::from_millis(500);
/// How long a verdict on a block may take.
const VERDICT: Duration = Duration::from_secs(45);
/// How long the word to begin is waited for where none is needed.
const NO_GOAHEAD: Duration = Duration::from_secs(1);
/// How long a modem may take to answer a command.
const MODEM: Duration = Duration::from_secs(5);
/// The silence around a modem's escape sequence, a little more than its
/// second, and what it needs after a reset.
const GUARD: Duration = Duration::from_millis(1100);
/// How long DTR is off when a modem is to hang up.
const DTR_OFF: Duration = Duration::from_millis(600);
/// How long what is written may take to leave.
const WRITE: Duration = Duration::from_secs(30);
/// How long a call that is given up may take to end in order.
const ABANDON: Duration = Duration::from_secs(2);
/// Bits of a block, framing included.
const BLOCK_BITS: u32 = 2560;

/// A call that is logged on.
pub(super) struct Call {
    session: Session<Sender>,
    line: Ending,
    /// Pages that had their turn.
    pub(super) pages: usize,
}

/// What is to be hung up at the end.
struct Ending {
    serial: Option<Serial>,
    dialled: bool,
}

/// Why there is no call.
#[derive(Debug)]
pub(super) struct Down {
    /// What that makes of a page.
    pub(super) fate: Fate,
    /// It was a try: a line that is busy was none.
    pub(super) counts: bool,
    /// Nothing can be said of the central: someone else has the line, or its
    /// name could not be looked up.
    pub(super) cannot_ask: bool,
    /// What was found out about the central, where one was heard.
    pub(super) findings: Option<Findings>,
}

impl Down {
    fn new(fate: Fate) -> Self {
        Self {
            fate,
            counts: true,
            cannot_ask: false,
            findings: None,
        }
    }
}

impl Call {
    /// Opens a line, dials, and logs on.
    pub(super) fn begin(settings: &Settings<'_>, trace: &mut Trace<'_>) -> Result<Self, Down> {
        let args = settings.args;
        let deadline = args.line.timeout.map_or(Deadline::NEVER, Deadline::after);
        trace.remark(&format!("connecting to {}", settings.way.place()));
        let Opened { line, serial } =
            settings
                .way
                .open(settings, deadline, trace)
                .map_err(|error| Down {
                    counts: error.what != What::InUse,
                    cannot_ask: error.what != What::Line,
                    ..Down::new(Fate::new(Outcome::Untried, error.exit, error.text))
                })?;
        let mut line = line.with_pace(args.central.pace.unwrap_or_default());
        let mut ending = Ending {
            serial,
            dialled: false,
        };
        if let Some(number) = &args.modem.dial {
            trace.remark(&format!("dialling {number}"));
            ending.dialled = true;
            line = dial(line, number, settings, deadline, trace, &mut ending)?;
        }
        if let Some(serial) = &mut ending.serial {
            // Without it only what the modem says tells that the line is lost.
            _ = serial.watch_carrier();
        }
        let machine = Sender::new(sender::Settings {
            service: args.central.service.clone(),
            password: settings.password.clone(),
            prompts: prompts(args.central.id_timeout),
            goahead: !args.central.no_goahead,
            pause: args.central.pause.is_some(),
            escape: args.escape(),
        });
        let mut call = Self {
            session: Session::new(machine, line),
            line: ending,
            pages: 0,
        };
        match call.advance(Input::Start, settings, deadline, trace) {
            Ok(Question::Next(_)) if deadline.remaining() != Some(Duration::ZERO) => Ok(call),
            Ok(Question::Next(_)) => {
                let (_, findings) = call.log_off(settings, trace);
                Err(Down {
                    findings: Some(findings),
                    ..Down::new(Fate::untried("logged on too late, see --timeout"))
                })
            }
            Err(end) => {
                let findings = Some(call.findings().clone());
                call.hang_up(settings, trace);
                let mut fate = end.cause.unwrap_or_else(|| Fate::untried("no call"));
                fate.text += findings.as_ref().map_or("", advice);
                // What was left to be said has had no time for an answer.
                if deadline.remaining() == Some(Duration::ZERO) {
                    fate.text += "; the time of --timeout is over";
                }
                Err(Down {
                    findings,
                    ..Down::new(fate)
                })
            }
        }
    }

    /// What was found out about the central.
    pub(super) fn findings(&self) -> &Findings {
        self.session.machine().findings()
    }

    /// Are control characters escaped in this call?
    pub(super) fn escapes(&self) -> bool {
        self.session.machine().escapes()
    }

    /// Would a late verdict be taken for another page's?
    pub(super) fn is_worn(&self) -> bool {
        self.session.machine().is_worn()
    }

    /// Sends one page. After an error there is only [`Call::hang_up`].
    pub(super) fn send(
        &mut self,
        page: Page,
        settings: &Settings<'_>,
        trace: &mut Trace<'_>,
    ) -> Result<Answered, End> {
        let input = Input::Answer(Answer::Page(page));
        let Question::Next(answered) = self.advance(input, settings, Deadline::NEVER, trace)?;
        answered.ok_or_else(|| self.session.machine_mut().give_up("no verdict"))
    }

    /// Says goodbye and hangs up: the verdicts are final then.
    pub(super) fn log_off(
        mut self,
        settings: &Settings<'_>,
        trace: &mut Trace<'_>,
    ) -> (End, Findings) {
        let input = Input::Answer(Answer::Logoff);
        let end = match self.advance(input, settings, Deadline::NEVER, trace) {
            Err(end) => end,
            Ok(_) => self.session.machine_mut().give_up("no goodbye"),
        };
        let findings = self.findings().clone();
        self.hang_up(settings, trace);
        (end, findings)
    }

    fn advance(
        &mut self,
        input: Input<'_, Answer>,
        settings: &Settings<'_>,
        deadline: Deadline,
        trace: &mut Trace<'_>,
    ) -> Result<Question, End> {
        let pause = settings.args.central.pause.unwrap_or_default();
        let patience = patience(settings, deadline, pause);
        let interrupt = Some(settings.interrupt);
        let words = match input {
            // They are what is said then.
            Input::Answer(Answer::Logoff) => b"",
            _ => LAST_WORDS,
        };
        match self.session.run(input, &patience, trace, interrupt) {
            Pause::Asked(question) => Ok(question),
            Pause::Done(end) => Err(end),
            Pause::Stalled => Err(self.session.machine_mut().give_up("the line takes nothing")),
            Pause::Interrupted => {
                let end = self.session.machine_mut().give_up("interrupted");
                self.session.part(words, Deadline::after(ABANDON));
                Err(end)
            }
        }
    }

    /// Ends the call on the line.
    pub(super) fn hang_up(mut self, settings: &Settings<'_>, trace: &mut Trace<'_>) {
        let rest = self.session.machine_mut().take_rest();
        let mut line = self.session.into_line();
        line.unread(&rest);
        self.line.hang_up(line, settings, trace);
    }
}

impl Ending {
    /// A line without a modem ends when it is closed. A modem is told by DTR,
    /// and in its own words where that is not to be had, or did not help.
    fn hang_up(&mut self, mut line: Line, settings: &Settings<'_>, trace: &mut Trace<'_>) {
        if !self.dialled {
            return;
        }
        trace.remark("hanging up");
        if let Some(serial) = &mut self.serial {
            let dropped = serial.drop_dtr(DTR_OFF, None);
            if dropped && serial.has_carrier() != Some(true) {
                return;
            }
        }
        if settings.args.net.rfc2217 {
            let limit = Deadline::after(ABANDON);
            // The modem's own words are still to come.
            _ = telnet::drop_dtr(&mut line, DTR_OFF, limit, None);
        }
        let patience = patience(settings, Deadline::NEVER, GUARD);
        let mut session = Session::new(Modem::hang_up(), line);
        let end = session.run(Input::Start, &patience, trace, None);
        if !matches!(end, Pause::Done(modem::End::HungUp { confirmed: true })) {
            let place = settings.way.place();
            let text = format!("{place}: the modem did not say that it has hung up");
            settings.diag.warn(&text);
        }
    }
}

/// Lets the modem dial, and returns the line at whose far end the central is.
fn dial(
    line: Line,
    number: &str,
    settings: &Settings<'_>,
    deadline: Deadline,
    trace: &mut Trace<'_>,
    ending: &mut Ending,
) -> Result<Line, Down> {
    let modem = &settings.args.modem;
    let reset = vec!["ATZ".to_owned()];
    let machine = Modem::dial(modem::Settings {
        init: if modem.init.is_empty() {
            reset
        } else {
            modem.init.clone()
        },
        dial_command: modem.dial_command.clone(),
        number: number.to_owned(),
    });
    let mut session = Session::new(machine, line);
    let patience = patience(settings, deadline, GUARD);
    let interrupt = Some(settings.interrupt);
    let why = match session.run(Input::Start, &patience, trace, interrupt) {
        Pause::Done(modem::End::Connected { rest, .. }) => {
            let mut line = session.into_line();
            line.unread(&rest);
            return Ok(line);
        }
        Pause::Done(modem::End::Failed { exit, text, counts }) => {
            return Err(Down {
                counts,
                ..Down::new(Fate::new(Outcome::Untried, exit, text))
            });
        }
        Pause::Done(modem::End::HungUp { .. }) | Pause::Asked(_) => {
            return Err(Down::new(Fate::untried("the modem did not dial")));
        }
        Pause::Done(modem::End::Dialling) => "no connection in time",
        Pause::Interrupted => "interrupted",
        Pause::Stalled => "the modem takes nothing",
    };
    let mut line = session.into_line();
    // Any character ends the dialling.
    _ = line.write(b"\r", Deadline::after(ABANDON), None);
    ending.hang_up(line, settings, trace);
    Err(Down::new(Fate::untried(why)))
}

/// What the user can do where a call went wrong in this way.
fn advice(findings: &Findings) -> &'static str {
    let is_garbled = findings.nuls > 0 || findings.high_bits > 0;
    match (findings.prompted, findings.logged_on, findings.goahead) {
        (None, ..) if is_garbled => "; try another --framing, or --baud",
        (_, Some(_), false) => "; see --no-goahead",
        _ => "",
    }
}

/// So many CRs fit into the time for `ID=`.
fn prompts(limit: Duration) -> u32 {
    let count = limit.as_millis().div_ceil(PROMPT.as_millis());
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

/// Each step has a time of its own; `deadline` ends all of those before the page.
fn patience(
    settings: &Settings<'_>,
    deadline: Deadline,
    pause: Duration,
) -> impl Fn(Phase) -> Deadline {
    let args = settings.args;
    let central = args.central.clone();
    let id = central.id_timeout / prompts(central.id_timeout);
    // The verdict is waited for once the block is out.
    let bits = Duration::from_secs(1) * BLOCK_BITS / args.serial.baud;
    let is_slow = args.serial.device.is_some() || args.net.rfc2217;
    let paced = central.pace.unwrap_or_default() * 256;
    let verdict = args.line.verdict_timeout.unwrap_or(VERDICT);
    let verdict = verdict + paced + if is_slow { bits } else { Duration::ZERO };
    let dial = args.modem.dial_timeout;
    let goahead = if central.no_goahead {
        NO_GOAHEAD.min(central.goahead_timeout)
    } else {
        central.goahead_timeout
    };
    move |phase| {
        let before = |time| Deadline::after(time).earlier(deadline);
        match phase {
            Phase::Prompt => before(id),
            Phase::Drain => before(DRAIN),
            Phase::Pause => before(pause),
            Phase::Logon => before(central.logon_timeout),
            Phase::GoAhead => before(goahead),
            Phase::Modem => before(MODEM),
            Phase::Dial => before(dial),
            Phase::Verdict => Deadline::after(verdict),
            Phase::Farewell => Deadline::after(central.logoff_timeout),
            _ => Deadline::after(WRITE + paced),
        }
    }
}
