//! The machines of TAP for scripts/bench: no line, and a clock that is made up.
//!
//! `calls pages COUNT LENGTH SETUP` prints, for 300 and for 1200 bit/s, the
//! seconds that so many pages take in one call and in a call each, with SETUP
//! seconds to make one.
//!
//! `calls garbage` feeds each machine 1 MB and 10 MB of each kind of garbage in
//! each of its waits, and prints what takes the most of its time for ten times
//! as much: `machine(wait)/kind  ms  ms`. `calls feed MEGABYTES` only
//! feeds them, for the memory that it takes.

use std::error::Error;
use std::io::{Write, stdout};
use std::time::{Duration, Instant, SystemTime};

use pagebox::protocol::tap::page::Page;
use pagebox::protocol::tap::receiver::{Receiver, talk};
use pagebox::protocol::tap::sender::{self, Sender};
use pagebox::protocol::{Action, Input, Machine, Phase};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["pages", count, length, setup] => {
            let (count, length) = (count.parse()?, length.parse()?);
            let setup = Duration::from_secs(setup.parse()?);
            for speed in [300, 1200] {
                let one = setup + call(count, length, speed)?;
                let each = (setup + call(1, length, speed)?) * count;
                let (one, each) = (one.as_secs_f64(), each.as_secs_f64());
                writeln!(stdout(), "{speed} {one:.1} {each:.1}")?;
            }
        }
        ["garbage"] => {
            let mut worst: Option<(String, Duration, Duration)> = None;
            for (wait, kind) in all() {
                let (one, ten) = times(wait, kind)?;
                let is_worse = |(_, a, b): &_| ratio(one, ten) > ratio(*a, *b);
                if worst.as_ref().is_none_or(is_worse) {
                    worst = Some((format!("{wait:?}/{kind:?}"), one, ten));
                }
            }
            let (name, one, ten) = worst.ok_or("nothing was measured")?;
            let (one, ten) = (one.as_secs_f64() * 1e3, ten.as_secs_f64() * 1e3);
            writeln!(stdout(), "{name} {one:.3} {ten:.3}")?;
        }
        ["feed", megabytes] => {
            for (wait, kind) in all() {
                feed(wait, kind, megabytes.parse()?)?;
            }
        }
        _ => return Err("usage: calls pages COUNT LENGTH SETUP | garbage | feed MB".into()),
    }
    Ok(())
}

/// One end of a line: a machine, and what it has said.
struct End<M: Machine> {
    machine: M,
    said: Vec<u8>,
    asked: Option<M::Question>,
    waits: Option<Phase>,
    over: bool,
}

impl<M: Machine> End<M> {
    fn new(machine: M) -> Self {
        let mut end = Self {
            machine,
            said: Vec::new(),
            asked: None,
            waits: None,
            over: false,
        };
        end.step(Input::Start);
        end
    }

    fn step(&mut self, input: Input<'_, M::Answer>) {
        self.waits = None;
        for action in self.machine.step(SystemTime::UNIX_EPOCH, input) {
            match action {
                Action::Send(wire) => self.said.extend(wire.bytes),
                Action::Ask(question) => self.asked = Some(question),
                Action::Done(_) => self.over = true,
                Action::Wait(phase) => self.waits = Some(phase),
                Action::Event(_) | Action::Progress => {}
            }
        }
    }

    /// One step, and those behind it that take no time.
    fn go(&mut self, input: Input<'_, M::Answer>) {
        self.step(input);
        while self.waits == Some(Phase::Quiet) {
            self.step(Input::Timeout);
        }
    }
}

fn settings(pause: bool) -> sender::Settings {
    sender::Settings {
        service: "PG1".to_owned(),
        password: None,
        prompts: 10,
        goahead: true,
        pause,
        escape: sender::Escape::Auto,
    }
}

fn page(length: usize) -> Result<Page> {
    let text = "x".repeat(length);
    Page::new("5551212", &text, true, false).map_err(|error| error.to_string().into())
}

/// How long the bytes of one call take, both ways, at ten bits each.
fn call(pages: u32, length: usize, speed: u32) -> Result<Duration> {
    let page = page(length)?;
    let mut client = End::new(Sender::new(settings(false)));
    let mut central = End::new(Receiver::new(talk::Settings::default()));
    let (mut sent, mut taken, mut bytes) = (0, 0, 0);
    while !client.over {
        let before = bytes;
        for_other(&mut client.said, &mut bytes, |said| {
            central.go(Input::Bytes(said));
        });
        if let Some(talk::Question::Accept(_)) = central.asked.take() {
            taken += 1;
            central.go(Input::Answer(talk::Answer::Verdict(
                talk::Verdict::Accepted,
            )));
        }
        for_other(&mut central.said, &mut bytes, |said| {
            client.go(Input::Bytes(said));
        });
        if client.asked.take().is_some() {
            let answer = if sent < pages {
                sender::Answer::Page(page.clone())
            } else {
                sender::Answer::Logoff
            };
            sent += 1;
            client.go(Input::Answer(answer));
        }
        if bytes == before && !client.over {
            return Err("both ends wait for each other".into());
        }
    }
    if taken != pages {
        return Err(format!("{taken} pages were taken, and not {pages}").into());
    }
    Ok(Duration::from_secs(10) * bytes / speed)
}

fn for_other(said: &mut Vec<u8>, bytes: &mut u32, hear: impl FnOnce(&[u8])) {
    let said = std::mem::take(said);
    *bytes += u32::try_from(said.len()).unwrap_or(u32::MAX);
    if !said.is_empty() {
        hear(&said);
    }
}

/// What a machine waits for when the garbage comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wait {
    Sender(Phase),
    Receiver(Phase),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Random,
    TextWithoutCr,
    Crs,
    Stxs,
}

fn all() -> impl Iterator<Item = (Wait, Kind)> {
    let senders = [
        Phase::Pause,
        Phase::Prompt,
        Phase::Drain,
        Phase::Logon,
        Phase::GoAhead,
        Phase::Quiet,
        Phase::Verdict,
        Phase::Farewell,
    ];
    let receivers = [Phase::Prompt, Phase::Logon, Phase::Block, Phase::Quiet];
    let waits = senders.map(Wait::Sender).into_iter();
    let waits = waits.chain(receivers.map(Wait::Receiver));
    let kinds = [Kind::Random, Kind::TextWithoutCr, Kind::Crs, Kind::Stxs];
    waits.flat_map(move |wait| kinds.map(|kind| (wait, kind)))
}

/// As a line hands it over.
const CHUNK: usize = 4096;

/// Some garbage, the same each time.
fn garbage(kind: Kind, state: &mut u64, chunk: &mut [u8; CHUNK]) {
    match kind {
        Kind::Random => {
            for byte in chunk {
                // Xorshift, as Marsaglia has published it.
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                *byte = state.to_le_bytes()[3];
            }
        }
        Kind::TextWithoutCr => chunk.fill(b'x'),
        Kind::Crs => chunk.fill(b'\r'),
        Kind::Stxs => chunk.fill(2),
    }
}

/// What a machine hears on its way into a wait; nothing: for some time.
fn way(wait: Wait) -> &'static [&'static [u8]] {
    match wait {
        Wait::Sender(Phase::Pause | Phase::Prompt) | Wait::Receiver(Phase::Prompt) => &[],
        Wait::Sender(Phase::Drain) => &[b"", b"ID="],
        Wait::Sender(Phase::Logon) => &[b"ID="],
        Wait::Sender(Phase::GoAhead) => &[b"ID=", b"\x06\r"],
        Wait::Sender(_) => &[b"ID=", b"\x06\r\x1b[p\r"],
        Wait::Receiver(Phase::Logon) => &[b"\r"],
        Wait::Receiver(Phase::Block) => &[b"\x1bPG1\r\x025551212\rABC\x1f259\r"],
        Wait::Receiver(_) => &[b"\x1bPG1\r\x02123\rABC\r\x0317;\r"],
    }
}

/// The times for 1 MB, out of ten in a row, and for 10 MB at once, measured
/// again where they do not show yet that one is ten times the other: the
/// processor has other things to do as well.
fn times(wait: Wait, kind: Kind) -> Result<(Duration, Duration)> {
    let mut best = (Duration::ZERO, Duration::MAX);
    for _ in 0..10 {
        let begun = Instant::now();
        for _ in 0..10 {
            feed(wait, kind, 1)?;
        }
        let one = begun.elapsed() / 10;
        let begun = Instant::now();
        feed(wait, kind, 10)?;
        let ten = begun.elapsed();
        if ratio(one, ten) < ratio(best.0, best.1) {
            best = (one, ten);
        }
        if ratio(one, ten) < 11.0 {
            break;
        }
    }
    Ok(best)
}

fn ratio(one: Duration, ten: Duration) -> f64 {
    ten.as_secs_f64() / one.as_secs_f64()
}

fn feed(wait: Wait, kind: Kind, megabytes: usize) -> Result<()> {
    if let Wait::Receiver(_) = wait {
        return drown(wait, kind, megabytes, &|| {
            let mut end = begin(Receiver::new(talk::Settings::default()), wait);
            if end.asked.take().is_some() {
                let verdict = talk::Verdict::Accepted;
                end.step(Input::Answer(talk::Answer::Verdict(verdict)));
            }
            Ok(end)
        });
    }
    drown(wait, kind, megabytes, &|| {
        let pause = wait == Wait::Sender(Phase::Pause);
        let mut end = begin(Sender::new(settings(pause)), wait);
        if end.asked.take().is_some() {
            end.step(Input::Answer(match wait {
                Wait::Sender(Phase::Farewell) => sender::Answer::Logoff,
                _ => sender::Answer::Page(page(80)?),
            }));
        }
        if wait == Wait::Sender(Phase::Verdict) {
            end.step(Input::Timeout);
        }
        Ok(end)
    })
}

fn begin<M: Machine>(machine: M, wait: Wait) -> End<M> {
    let mut end = End::new(machine);
    for bytes in way(wait) {
        end.step(match bytes {
            [] => Input::Timeout,
            bytes => Input::Bytes(bytes),
        });
    }
    end
}

/// Feeds so much garbage. Where a machine has had enough, another one in the
/// same wait gets the rest.
fn drown<M: Machine>(
    wait: Wait,
    kind: Kind,
    megabytes: usize,
    fresh: &dyn Fn() -> Result<End<M>>,
) -> Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let mut chunk = [0; CHUNK];
    let mut end = fresh()?;
    let (Wait::Sender(phase) | Wait::Receiver(phase)) = wait;
    if end.waits != Some(phase) {
        return Err(format!("{wait:?}: it waits for {:?}", end.waits).into());
    }
    for _ in 0..megabytes * 1_000_000 / CHUNK {
        garbage(kind, &mut state, &mut chunk);
        end.step(Input::Bytes(&chunk));
        end.said.clear();
        if end.over || end.asked.is_some() {
            end = fresh()?;
        }
    }
    Ok(())
}
