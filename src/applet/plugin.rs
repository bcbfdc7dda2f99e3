//! How a monitoring plugin speaks: one line, and exit statuses of its own.

use std::time::Duration;

use crate::exit::Exit;
use crate::text::escape::one_line;

/// What a monitoring system shows of a text that is not ours.
const TEXT: usize = 80;

/// When an answer takes too long.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) warning: Option<Duration>,
    pub(super) critical: Option<Duration>,
}

impl Limits {
    /// The state of what answered after `time`.
    pub(super) fn state(self, time: Duration) -> Exit {
        let over = |limit: Option<Duration>| limit.is_some_and(|limit| time > limit);
        if over(self.critical) {
            Exit::NagiosCritical
        } else if over(self.warning) {
            Exit::NagiosWarning
        } else {
            Exit::Ok
        }
    }
}

/// The line for what was heard, with its time. It could have taken `most`.
pub(super) fn heard(
    service: &str,
    exit: Exit,
    text: &str,
    time: Duration,
    limits: Limits,
    most: Duration,
) -> String {
    let threshold = |limit: Option<Duration>| {
        limit.map_or(String::new(), |limit| format!("{:.3}", limit.as_secs_f64()))
    };
    let seconds = time.as_secs_f64();
    format!(
        "{service} {} - {seconds:.3} second response time, {} | 'time'={seconds:.6}s;{};{};0.000;{:.3}\n",
        word(exit),
        one_line(text, TEXT),
        threshold(limits.warning),
        threshold(limits.critical),
        most.as_secs_f64(),
    )
}

/// The line where nothing was heard.
pub(super) fn unheard(service: &str, exit: Exit, text: &str) -> String {
    format!("{service} {} - {}\n", word(exit), one_line(text, TEXT))
}

/// Is it that the question cannot be asked from here?
pub(super) fn is_ours(exit: Exit) -> bool {
    matches!(
        exit,
        Exit::NoHost | Exit::Usage | Exit::Config | Exit::Software | Exit::Os
    )
}

fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Ok => "OK",
        Exit::NagiosWarning => "WARNING",
        Exit::NagiosUnknown => "UNKNOWN",
        _ => "CRITICAL",
    }
}
