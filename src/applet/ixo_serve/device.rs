//! Calls on a serial line, one after the other, until a signal comes.
//!
//! Answers for the line being free again behind each call, whatever became of
//! that: hung up where there is a modem, and opened anew where it was lost.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use super::host::{Limits, Parting};
use super::{Args, Ready};
use crate::applet::serve;
use crate::diag::{Diag, Priority, cause};
use crate::exit::{Exit, Failure};
use crate::protocol::tap::receiver::GOING_DOWN;
use crate::protocol::tap::receiver::talk::End;
use crate::queue::job::Sender;
use crate::transport::fd::Deadline;
use crate::transport::interrupt::Interrupt;
use crate::transport::serial::Serial;
use crate::transport::trace::Trace;

/// How long DTR stays off, so that a modem hangs up.
const HANG_UP: Duration = Duration::from_secs(1);
/// How long the last words of a call may take to leave: 300 baud are slow.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is to be done with the line behind a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    /// It is as it was.
    Listen,
    /// It is gone, or takes nothing any more.
    Reopen,
    Stop,
}

/// Serves all calls. Ends without an error only by a signal.
pub(super) fn serve(args: &Args, path: &Path, diag: &Diag) -> Result<(), Failure> {
    let interrupt = serve::signals()?;
    let peer = Sender {
        name: path.display().to_string(),
        verified: true,
    };
    let ready = Ready::new(args, Some(peer), diag)?;
    let settings = args.serial.settings();
    let open = || {
        Serial::open(path, &settings).map_err(|error| {
            let text = format!("{}: {error}", path.display());
            Failure::new(error.exit, text)
        })
    };
    let mut serial = open()?;
    if let Some(remark) = serial.remark() {
        ready.intake.log(Priority::Warning, remark);
    }
    let mut rest = Vec::new();
    loop {
        match call(args, &ready, &mut serial, &mut rest, &interrupt)? {
            Next::Listen => {}
            Next::Stop => return Ok(()),
            Next::Reopen => {
                rest.clear();
                // Closed, it has no DTR.
                drop(serial);
                if !interrupt.sleep(HANG_UP) {
                    return Ok(());
                }
                serial = open()?;
            }
        }
    }
}

/// One call, from the silence before it to the silence behind it. `rest` is
/// what came in behind the last one.
fn call(
    args: &Args,
    ready: &Ready<'_>,
    serial: &mut Serial,
    rest: &mut Vec<u8>,
    interrupt: &Interrupt,
) -> Result<Next, Failure> {
    let line = serial.line();
    let mut line = line.map_err(|error| Failure::new(Exit::Os, cause(&error)))?;
    line.unread(rest);
    let mut host = ready.host(args, line);
    let parting = {
        let serial = RefCell::new(&mut *serial);
        let begun = || {
            let mut serial = serial.borrow_mut();
            // Whoever calls next must not find this one's logon. A line that
            // cannot tell when a caller goes has the timeouts.
            _ = serial.watch_carrier();
            // It was noise: nobody has said it who could take it back.
            _ = serial.undo_xoff();
        };
        let limits = Limits::new(args.session_timeout, true, &begun);
        host.talk(&limits, interrupt)
    };
    *rest = host.session.machine().rest();
    if parting == Parting::Stopped {
        let mut trace = Trace::new(None, false);
        let limit = Deadline::after(LAST_WORDS);
        host.session.say(GOING_DOWN, limit, &mut trace);
    }
    // The call ends in words, and they should be heard; but an XOFF that was
    // noise must not keep us from the next call.
    let heard = serial.drain(Deadline::after(LAST_WORDS));
    let next = match parting {
        Parting::Stopped => return Ok(Next::Stop),
        Parting::Over(End::Closed) => Next::Reopen,
        Parting::Over(_) if heard => Next::Listen,
        Parting::Over(_) => Next::Reopen,
    };
    if next == Next::Listen && serial.has_carrier() == Some(true) {
        serial.drop_dtr(HANG_UP, Some(interrupt));
    }
    Ok(next)
}
