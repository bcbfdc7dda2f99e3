//! A modem, as Hayes made them talk: told how to behave, told to dial, and
//! told to hang up.
//!
//! ```text
//!   we                            modem
//!     ATZ CR ───────────────────▶           each init string
//!         ◀───────────────────────  OK
//!            a moment: some answer before they are ready
//!     ATDT5551234 CR ───────────▶
//!         ◀───────────────────────  CONNECT 1200    from here on it is the far end
//!
//!            silence
//!     +++ ──────────────────────▶
//!         ◀───────────────────────  OK
//!     ATH0 CR ──────────────────▶
//!         ◀───────────────────────  OK
//! ```
//!
//! Answers for commands and results, in words and in digits, echoed or not.
//! Must never know what is said to the far end, nor the signals of the line.

pub mod result;

use std::convert::Infallible;
use std::time::SystemTime;

use self::result::Code;
use super::{Action, Input, Machine, Phase, Wire};
use crate::exit::Exit;
use crate::text::escape::printable;

/// The most of a line that is kept; results are short.
const MAX_LINE: usize = 256;

/// Makes a modem listen to us again. It is no line: a CR would spoil it.
const ESCAPE: &[u8] = b"+++";
const ON_HOOK: &str = "ATH0";

/// How a call is made.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What the modem is told first, in order.
    pub init: Vec<String>,
    /// What stands in front of the number.
    pub dial_command: String,
    /// The number, with all that a modem makes of it: `,` `W` `@`.
    pub number: String,
}

/// How it ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// There is a line to the far end.
    Connected {
        /// The modem's words.
        text: String,
        /// What the far end has said already, as it stood on the line.
        rest: Vec<u8>,
    },
    /// There is none.
    Failed {
        /// 75, or 78 where the modem does not understand us.
        exit: Exit,
        /// What happened.
        text: String,
        /// It counts as a try. An engaged number does not: nobody answered,
        /// nothing is paid, and the next moment it may be free.
        counts: bool,
    },
    /// Nobody answered in time, and the modem goes on dialling.
    Dialling,
    /// The modem has hung up; or, not confirmed, it may not have.
    HungUp {
        /// It said so, or the line is gone.
        confirmed: bool,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// This init string was said, for the first time or again.
    Init { at: usize, again: bool },
    /// The modem shall be ready.
    Ready,
    /// It dials.
    Dialling,
    /// Silence in front of the escape.
    Guard,
    /// The escape was said.
    Escape,
    /// ATH0 was said, for the first time or again.
    OnHook { again: bool },
    /// It is over.
    Over,
}

type Actions = Vec<Action<Infallible, End>>;

/// See the module's text. [`Phase::Modem`] is how long a modem may think,
/// [`Phase::Dial`] how long a call may take to be answered, [`Phase::Pause`]
/// a second or more of silence.
#[derive(Debug)]
pub struct Modem {
    settings: Settings,
    state: State,
    /// The line so far.
    line: Vec<u8>,
}

impl Modem {
    /// Makes a call.
    pub fn dial(settings: Settings) -> Self {
        let first = State::Init {
            at: 0,
            again: false,
        };
        Self::new(settings, first)
    }

    /// Ends one, over the line that the call is on. The far end should have
    /// been told.
    pub fn hang_up() -> Self {
        Self::new(Settings::default(), State::Guard)
    }

    fn new(settings: Settings, state: State) -> Self {
        Self {
            settings,
            state,
            line: Vec::new(),
        }
    }

    fn dial_string(&self) -> String {
        format!("{}{}", self.settings.dial_command, self.settings.number)
    }

    fn start(&mut self, actions: &mut Actions) {
        if matches!(self.state, State::Init { .. }) {
            self.init(0, false, actions);
        }
    }

    /// Says an init string, if there is one more.
    fn init(&mut self, at: usize, again: bool, actions: &mut Actions) {
        self.state = match self.settings.init.get(at) {
            Some(string) => {
                actions.push(command(string));
                State::Init { at, again }
            }
            None => State::Ready,
        };
    }

    fn on_hook(&mut self, again: bool, actions: &mut Actions) {
        actions.push(command(ON_HOOK));
        self.state = State::OnHook { again };
    }

    /// The modem said a result.
    fn hear(&mut self, code: Code, line: &[u8], rest: &[u8], actions: &mut Actions) {
        match (self.state, code) {
            (State::Init { at, .. }, Code::Ok) => self.init(at + 1, false, actions),
            (State::Init { at, again: false }, Code::Error) => self.init(at, true, actions),
            (State::Init { at, again: true }, Code::Error) => {
                let string = self.settings.init.get(at).cloned().unwrap_or_default();
                self.refused(&string, actions);
            }
            (State::Dialling, code) => self.dialled(code, line, rest, actions),
            (State::Guard | State::Escape | State::OnHook { .. }, Code::NoCarrier)
            | (State::OnHook { .. }, Code::Ok) => self.hung_up(true, actions),
            (State::Escape, Code::Ok) => self.on_hook(false, actions),
            (State::OnHook { again: false }, Code::Error) => self.on_hook(true, actions),
            (State::OnHook { again: true }, Code::Error) => self.hung_up(false, actions),
            // Late, or about something else.
            _ => {}
        }
    }

    fn dialled(&mut self, code: Code, line: &[u8], rest: &[u8], actions: &mut Actions) {
        let text = match code {
            Code::Connect => {
                let text = printable(line);
                let rest = rest.to_vec();
                return self.end(End::Connected { text, rest }, actions);
            }
            Code::Error => {
                let dialled = self.dial_string();
                return self.refused(&dialled, actions);
            }
            Code::Ok => "the modem gave up dialling: OK",
            Code::NoCarrier => "no modem answered: NO CARRIER",
            Code::NoDialtone => "the telephone line is dead: NO DIALTONE",
            Code::Busy => "the number is engaged: BUSY",
            Code::NoAnswer => "nobody answered: NO ANSWER",
            Code::Voice => "no modem answered: VOICE",
            Code::Delayed => "the modem does not dial this number again yet: DELAYED",
            Code::Blacklisted => "the modem does not dial this number again: BLACKLISTED",
        };
        self.failed(Exit::TempFail, text, code != Code::Busy, actions);
    }

    fn time_out(&mut self, actions: &mut Actions) {
        match self.state {
            State::Init { at, again: false } => self.init(at, true, actions),
            State::Init { .. } => {
                self.failed(Exit::TempFail, "the modem does not answer", true, actions);
            }
            State::Ready => {
                actions.push(command(&self.dial_string()));
                self.state = State::Dialling;
            }
            State::Dialling => self.end(End::Dialling, actions),
            State::Guard => {
                actions.push(Action::Send(Wire::open(ESCAPE)));
                self.state = State::Escape;
            }
            // It may be listening to us all the same.
            State::Escape => self.on_hook(false, actions),
            State::OnHook { again: false } => self.on_hook(true, actions),
            State::OnHook { again: true } => self.hung_up(false, actions),
            State::Over => {}
        }
    }

    fn closed(&mut self, actions: &mut Actions) {
        match self.state {
            State::Init { .. } | State::Ready | State::Dialling => {
                self.failed(
                    Exit::TempFail,
                    "the line to the modem was closed",
                    true,
                    actions,
                );
            }
            State::Guard | State::Escape | State::OnHook { .. } => self.hung_up(true, actions),
            State::Over => {}
        }
    }

    fn refused(&mut self, said: &str, actions: &mut Actions) {
        let said = printable(said.as_bytes());
        let text = format!("the modem does not understand {said}: ERROR");
        self.failed(Exit::Config, &text, true, actions);
    }

    fn failed(&mut self, exit: Exit, text: &str, counts: bool, actions: &mut Actions) {
        let text = text.to_owned();
        self.end(End::Failed { exit, text, counts }, actions);
    }

    fn hung_up(&mut self, confirmed: bool, actions: &mut Actions) {
        self.end(End::HungUp { confirmed }, actions);
    }

    fn end(&mut self, end: End, actions: &mut Actions) {
        self.state = State::Over;
        actions.push(Action::Done(end));
    }

    fn read(&mut self, bytes: &[u8], actions: &mut Actions) {
        let mut rest = bytes;
        while let Some((byte, behind)) = rest.split_first() {
            rest = behind;
            match byte & 0x7F {
                b'\r' | b'\n' if self.line.is_empty() => {}
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    let code = Code::of(&line);
                    actions.push(Action::Event(Wire::open(line.clone())));
                    if let Some(code) = code {
                        self.hear(code, &line, rest, actions);
                    }
                    if self.state == State::Over {
                        return;
                    }
                }
                0 => {}
                byte if self.line.len() < MAX_LINE => self.line.push(byte),
                _ => {}
            }
        }
    }
}

fn command(words: &str) -> Action<Infallible, End> {
    Action::Send(Wire::open(format!("{words}\r")))
}

impl Machine for Modem {
    type Question = Infallible;
    type Answer = Infallible;
    type Done = End;

    fn step(&mut self, _: SystemTime, input: Input<'_, Infallible>) -> Actions {
        let mut actions = Actions::new();
        match input {
            Input::Start => self.start(&mut actions),
            Input::Bytes(bytes) => self.read(bytes, &mut actions),
            Input::Eof => self.closed(&mut actions),
            Input::Timeout => self.time_out(&mut actions),
            Input::Answer(never) => match never {},
        }
        actions.extend(match self.state {
            State::Init { .. } | State::Escape | State::OnHook { .. } => {
                Some(Action::Wait(Phase::Modem))
            }
            State::Ready | State::Guard => Some(Action::Wait(Phase::Pause)),
            State::Dialling => Some(Action::Wait(Phase::Dial)),
            State::Over => None,
        });
        actions
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn settings(init: &[&str]) -> Settings {
        Settings {
            init: init.iter().map(|&string| string.to_owned()).collect(),
            dial_command: "ATDT".to_owned(),
            number: "5551234".to_owned(),
        }
    }

    /// What the world does to a modem's machine.
    #[derive(Clone, Copy, Debug)]
    enum Turn<'a> {
        Says(&'a [u8]),
        Silence,
        Closes,
    }
    use Turn::{Closes, Says, Silence};

    /// What the machine said, what it heard, what it waits for, how it ended.
    #[derive(Debug, Default, Eq, PartialEq)]
    struct Seen {
        said: Vec<u8>,
        heard: Vec<Vec<u8>>,
        waits: Option<Phase>,
        end: Option<End>,
    }

    /// Plays to the end, in chunks of so many bytes. What is left of the bytes
    /// then is the far end's, however they came.
    fn play(mut modem: Modem, turns: &[Turn<'_>], step: usize) -> Seen {
        let mut seen = Seen::default();
        let mut take = |actions: Actions| {
            for action in actions {
                match action {
                    Action::Send(wire) => seen.said.extend(wire.bytes),
                    Action::Event(wire) => seen.heard.push(wire.bytes),
                    Action::Wait(phase) => seen.waits = Some(phase),
                    Action::Done(end) => {
                        seen.waits = None;
                        seen.end = Some(end);
                    }
                    Action::Ask(never) => match never {},
                    Action::Progress => panic!("a deadline was moved"),
                }
            }
            seen.end.is_some()
        };
        let mut over = take(modem.step(NOW, Input::Start));
        let mut unread = Vec::new();
        for turn in turns {
            match turn {
                Says(bytes) => {
                    for chunk in bytes.chunks(step) {
                        if over {
                            unread.extend_from_slice(chunk);
                        } else {
                            over = take(modem.step(NOW, Input::Bytes(chunk)));
                        }
                    }
                }
                Silence if !over => over = take(modem.step(NOW, Input::Timeout)),
                Closes if !over => over = take(modem.step(NOW, Input::Eof)),
                Silence | Closes => {}
            }
        }
        if let Some(End::Connected { rest, .. }) = &mut seen.end {
            rest.extend(unread);
        }
        seen
    }

    fn in_all_chunks(modem: impl Fn() -> Modem, turns: &[Turn<'_>]) -> Seen {
        let whole = play(modem(), turns, usize::MAX);
        for step in 1..=3 {
            assert_eq!(play(modem(), turns, step), whole, "{turns:?} by {step}");
        }
        whole
    }

    fn dial(init: &[&str], turns: &[Turn<'_>]) -> Seen {
        in_all_chunks(|| Modem::dial(settings(init)), turns)
    }

    fn hang_up(turns: &[Turn<'_>]) -> Seen {
        in_all_chunks(Modem::hang_up, turns)
    }

    fn connected(text: &str, rest: &[u8]) -> End {
        let (text, rest) = (text.to_owned(), rest.to_vec());
        End::Connected { text, rest }
    }

    /// Trace X19 of the specification, up to the far end and from there on.
    #[test]
    fn a_call_as_it_was_recorded() {
        let seen = dial(
            &["ATZ"],
            &[
                Says(b"ATZ\r\r\nOK\r\n"),
                Silence,
                Says(b"ATDT5551234\r\r\nCONNECT 1200\r\n"),
            ],
        );
        assert_eq!(seen.said, b"ATZ\rATDT5551234\r");
        let heard: [&[u8]; 4] = [b"ATZ", b"OK", b"ATDT5551234", b"CONNECT 1200"];
        assert_eq!(seen.heard, heard);
        assert_eq!(seen.end, Some(connected("CONNECT 1200", b"\n")));

        let seen = hang_up(&[Says(b"\r\nNO CARRIER\r\n")]);
        assert_eq!(seen.said, b"");
        assert_eq!(seen.end, Some(End::HungUp { confirmed: true }));
    }

    #[test]
    fn every_init_string_is_answered_before_the_next() {
        let init = ["ATZ", "ATE0V1Q0X4", "AT&C1&D2"];
        let seen = dial(&init, &[Says(b"OK\r\n")]);
        assert_eq!(seen.said, b"ATZ\rATE0V1Q0X4\r");
        assert_eq!(seen.waits, Some(Phase::Modem));
        let seen = dial(&init, &[Says(b"OK\r\n0\rOK\r\n")]);
        assert_eq!(seen.waits, Some(Phase::Pause));
        // What is late is no answer to the number.
        let seen = dial(&init, &[Says(b"0\r0\r0\r"), Says(b"OK\r\n"), Silence]);
        assert_eq!(seen.said, b"ATZ\rATE0V1Q0X4\rAT&C1&D2\rATDT5551234\r");
        assert_eq!((seen.waits, seen.end), (Some(Phase::Dial), None));
        // Nothing to be told is no reason to be faster.
        let seen = dial(&[], &[]);
        assert_eq!((&*seen.said, seen.waits), (&b""[..], Some(Phase::Pause)));
    }

    #[test]
    fn an_init_string_gets_two_tries() {
        let failed = |exit, text: &str| {
            let (text, counts) = (text.to_owned(), true);
            Some(End::Failed { exit, text, counts })
        };
        let silent = failed(Exit::TempFail, "the modem does not answer");
        let wrong = failed(Exit::Config, "the modem does not understand ATZ: ERROR");
        for (turns, said, end) in [
            (&[Silence, Says(b"OK\r")][..], &b"ATZ\rATZ\r"[..], None),
            (&[Says(b"ERROR\r\n"), Says(b"OK\r")], b"ATZ\rATZ\r", None),
            (&[Silence, Silence], b"ATZ\rATZ\r", silent.clone()),
            (&[Says(b"4\r"), Silence], b"ATZ\rATZ\r", silent),
            (&[Says(b"ERROR\r\nERROR\r\n")], b"ATZ\rATZ\r", wrong.clone()),
            (&[Silence, Says(b"ERROR\r")], b"ATZ\rATZ\r", wrong),
            (
                &[Closes],
                b"ATZ\r",
                failed(Exit::TempFail, "the line to the modem was closed"),
            ),
        ] {
            let seen = dial(&["ATZ"], turns);
            assert_eq!((&*seen.said, seen.end), (said, end), "{turns:?}");
        }
    }

    #[test]
    fn every_result_of_dialling() {
        for (line, exit, counts, part) in [
            (&b"BUSY\r\n"[..], Exit::TempFail, false, "BUSY"),
            (b"7\r", Exit::TempFail, false, "BUSY"),
            (b"NO CARRIER\r\n", Exit::TempFail, true, "NO CARRIER"),
            (b"3\r", Exit::TempFail, true, "NO CARRIER"),
            (b"NO ANSWER\r\n", Exit::TempFail, true, "NO ANSWER"),
            (b"8\r", Exit::TempFail, true, "NO ANSWER"),
            (b"NO DIALTONE\r\n", Exit::TempFail, true, "line is dead"),
            (b"NO DIAL TONE\r\n", Exit::TempFail, true, "line is dead"),
            (b"6\r", Exit::TempFail, true, "line is dead"),
            (b"VOICE\r\n", Exit::TempFail, true, "VOICE"),
            (b"OK\r\n", Exit::TempFail, true, "gave up"),
            (b"0\r", Exit::TempFail, true, "gave up"),
            (b"DELAYED\r\n", Exit::TempFail, true, "DELAYED"),
            (b"24\r", Exit::TempFail, true, "DELAYED"),
            (b"BLACKLISTED\r\n", Exit::TempFail, true, "BLACKLISTED"),
            (b"32\r", Exit::TempFail, true, "BLACKLISTED"),
            (b"ERROR\r\n", Exit::Config, true, "ATDT5551234"),
            (b"4\r", Exit::Config, true, "ATDT5551234"),
        ] {
            let seen = dial(&[], &[Silence, Says(b"RING\r\n"), Says(line)]);
            let Some(End::Failed {
                exit: said,
                text,
                counts: counted,
            }) = seen.end
            else {
                panic!("{line:?}: {:?}", seen.end);
            };
            assert_eq!((said, counted), (exit, counts), "{line:?}");
            assert!(text.contains(part), "{text}");
        }
        let seen = dial(&[], &[Silence, Silence]);
        assert_eq!(seen.end, Some(End::Dialling));
        let seen = dial(&[], &[Silence, Closes]);
        let failed = matches!(
            seen.end,
            Some(End::Failed {
                exit: Exit::TempFail,
                counts: true,
                ..
            })
        );
        assert!(failed, "{:?}", seen.end);
    }

    #[test]
    fn behind_connect_it_is_the_far_end() {
        for (line, text) in [
            (&b"\r\nCONNECT\r"[..], "CONNECT"),
            (
                b"CARRIER 1200\r\nPROTOCOL: NONE\r\nCONNECT 1200/NONE\r",
                "CONNECT 1200/NONE",
            ),
            (b"2\r2\r5\r", "5"),
            (b"19\r", "19"),
            // Parity that nobody took off, and padding.
            (b"\x8d\x0a\xc3\xcfN\0NE\xc3\xd4\x8d", "CONNECT"),
        ] {
            // Which keeps its parity.
            let far = b"\n\xc9\x44\xbdNO CARRIER\r\n";
            let seen = dial(&[], &[Silence, Says(line), Says(far)]);
            assert_eq!(seen.end, Some(connected(text, far)));
            let seen = dial(&[], &[Silence, Says(&[line, far].concat())]);
            assert_eq!(seen.end, Some(connected(text, far)));
        }
    }

    #[test]
    fn a_modem_hangs_up() {
        let done = |confirmed| Some(End::HungUp { confirmed });
        let ok = Says(b"\r\nOK\r\n");
        for (turns, said, end) in [
            (&[Silence, ok, ok][..], &b"+++ATH0\r"[..], done(true)),
            (&[Silence, ok, Says(b"ATH0\r0\r")], b"+++ATH0\r", done(true)),
            (&[Silence, Says(b"3\r")], b"+++", done(true)),
            (&[Silence, ok, Closes], b"+++ATH0\r", done(true)),
            (&[Silence, ok, Silence, ok], b"+++ATH0\rATH0\r", done(true)),
            (&[Silence, Silence, ok], b"+++ATH0\r", done(true)),
            (&[Silence; 4], b"+++ATH0\rATH0\r", done(false)),
            (
                &[Silence, ok, Says(b"ERROR\r\nERROR\r\n")],
                b"+++ATH0\rATH0\r",
                done(false),
            ),
            // The far end has more to say, and that is no answer.
            (&[Says(b"OK\r115 Bye\r"), Silence], b"+++", None),
        ] {
            let seen = hang_up(turns);
            assert_eq!((&*seen.said, seen.end), (said, end), "{turns:?}");
        }
        assert_eq!(hang_up(&[]).waits, Some(Phase::Pause));
        assert_eq!(hang_up(&[Silence]).waits, Some(Phase::Modem));
    }

    #[test]
    fn endless_text_is_not_kept() {
        let mut modem = Modem::dial(settings(&[]));
        modem.step(NOW, Input::Start);
        modem.step(NOW, Input::Timeout);
        for _ in 0..1000 {
            modem.step(NOW, Input::Bytes(&[b'x'; 4096]));
        }
        assert!(modem.line.capacity() <= 2 * MAX_LINE);
        let actions = modem.step(NOW, Input::Bytes(b"\rBUSY\r"));
        assert!(matches!(
            actions.last(),
            Some(Action::Done(End::Failed { .. }))
        ));
    }

    const WORDS: &[&[u8]] = &[
        b"OK\r\n",
        b"ERROR\r\n",
        b"NO CARRIER\r",
        b"0\r",
        b"CONNECT 1200\r\n",
        b"RING\r\n",
        b"\r",
        b"\0x\xff",
    ];

    proptest! {
        #[test]
        fn chunks_change_nothing(
            words in prop::collection::vec(prop::sample::select(WORDS), 0..12),
            silences in prop::collection::vec(any::<bool>(), 12),
            dials in any::<bool>(),
            step in 1_usize..20,
        ) {
            let mut turns = Vec::new();
            for (word, silent) in words.iter().zip(silences) {
                turns.push(Says(word));
                if silent {
                    turns.push(Silence);
                }
            }
            let modem = || if dials { Modem::dial(settings(&["ATZ", "ATX3"])) } else { Modem::hang_up() };
            prop_assert_eq!(play(modem(), &turns, step), play(modem(), &turns, usize::MAX));
        }
    }
}
