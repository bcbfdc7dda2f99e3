//! The receiving machine of TAP in memory: the dialogues of specs/tap.md section 12 from the
//! central's side, whole, byte by byte, with parity bits and with noise; every code; what is sent
//! again while it is being answered; and bounds.

mod laws;
mod traces;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use pagebox::protocol::tap::block::{Block, Terminator};
use pagebox::protocol::tap::receiver::Receiver;
use pagebox::protocol::tap::receiver::talk::{
    Answer, End, Question, Settings, Submission, Verdict,
};
use pagebox::protocol::{Action, Input, Machine, Phase};

use crate::support::tap::{bytes as wire, shown};

const PASSWORD: &[u8] = b"secret";

/// One call: what the central was asked to say, and what came of it.
struct Call {
    receiver: Receiver,
    said: Vec<u8>,
    traced: Vec<u8>,
    pages: Vec<(String, String)>,
    logons: Vec<Option<Vec<u8>>>,
    /// What comes while a question is being answered, one piece for each.
    meanwhile: VecDeque<Vec<u8>>,
    phase: Option<Phase>,
    end: Option<End>,
    now: SystemTime,
}

impl Call {
    fn new(settings: Settings) -> Self {
        let mut call = Self {
            receiver: Receiver::new(settings),
            said: Vec::new(),
            traced: Vec::new(),
            pages: Vec::new(),
            logons: Vec::new(),
            meanwhile: VecDeque::new(),
            phase: None,
            end: None,
            now: SystemTime::UNIX_EPOCH,
        };
        call.step(Input::Start);
        call
    }

    fn step(&mut self, input: Input<'_, Answer>) {
        let mut actions = self.receiver.step(self.now, input);
        self.phase = None;
        loop {
            let mut next = None;
            for action in actions {
                assert!(self.end.is_none() && next.is_none() && self.phase.is_none());
                match action {
                    Action::Send(wire) => self.said.extend(wire.bytes),
                    Action::Event(mut wire) => {
                        wire.bytes.drain(wire.secret.unwrap_or(0..0));
                        self.traced.extend(wire.bytes);
                    }
                    Action::Ask(question) => next = Some(Input::Answer(self.answer(question))),
                    Action::Wait(Phase::Quiet) => next = Some(Input::Timeout),
                    Action::Wait(phase) => self.phase = Some(phase),
                    Action::Done(end) => self.end = Some(end),
                    Action::Progress => panic!("no progress here"),
                }
            }
            let meanwhile = match &next {
                Some(Input::Timeout) => self.meanwhile.pop_front(),
                _ => None,
            };
            let input = match (&meanwhile, next) {
                (Some(bytes), _) => Input::Bytes(bytes),
                (None, Some(input)) => input,
                (None, None) => return,
            };
            actions = self.receiver.step(self.now, input);
        }
    }

    /// What becomes of a page, its pager's name says.
    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Login { password } => {
                let good = password.as_deref() == Some(PASSWORD);
                self.logons.push(password);
                Answer::Login(good)
            }
            Question::Accept(Submission { pager, text }) => {
                let verdict = match pager.as_str() {
                    "full" => Verdict::Full,
                    "later" => Verdict::TryLater,
                    "nobody" => Verdict::NoSuchPager,
                    "refused" => Verdict::Refused,
                    "uncertain" => Verdict::Uncertain,
                    _ => Verdict::Accepted,
                };
                self.pages.push((pager, String::from_utf8(text).unwrap()));
                Answer::Verdict(verdict)
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.step(Input::Bytes(bytes));
    }

    fn said(&mut self) -> String {
        shown(&std::mem::take(&mut self.said))
    }

    /// The client says this, and this is the answer.
    #[track_caller]
    fn ask(&mut self, words: &str, answer: &str) {
        self.hear(&wire(words));
        assert_eq!(self.said(), answer, "{words}");
    }

    #[track_caller]
    fn times_out(&mut self, phase: Phase, answer: &str) {
        assert_eq!(self.phase, Some(phase));
        self.step(Input::Timeout);
        assert_eq!(self.said(), answer);
    }
}

/// A call in which the client is logged on already.
fn logged_on(settings: Settings) -> Call {
    let mut call = Call::new(settings);
    call.hear(b"\x1bPG1\r");
    call.said.clear();
    call
}

fn block(pager: &str, text: &str) -> String {
    let info = format!("{pager}\r{text}\r").into_bytes();
    let end = Terminator::Etx;
    shown(&Block { info, end }.wire())
}

fn page(pager: &str, text: &str) -> (String, String) {
    (pager.to_owned(), text.to_owned())
}

const WELCOME: &str = "110 1.8<CR><ACK><CR><ESC>[p<CR>";
const ACCEPTED: &str = "211 Page accepted<CR><ACK><CR>";
const DOWN: &str = "<STX>5551212<CR>Server down: db01<CR><ETX>754<CR>";
const BAD: &str = "<STX>5551212<CR>Server down: db02<CR><ETX>754<CR>";
const NAKED: &str = "514 Checksum error<CR><NAK><CR>";
const GOODBYE: &str = "115 Goodbye<CR><ESC><EOT><CR>";

#[test]
fn who_says_nothing_is_asked_and_then_left() {
    let mut call = Call::new(Settings::default());
    call.times_out(Phase::Prompt, "ID=");
    call.times_out(Phase::Logon, "ID=");
    // Whoever says something begins anew.
    call.ask("<CR>", "ID=");
    call.times_out(Phase::Logon, "ID=");
    call.times_out(Phase::Logon, "ID=");
    call.times_out(Phase::Logon, "501 Timeout<CR><ESC><EOT><CR>");
    assert_eq!(call.end, Some(End::Timeout));

    let mut call = logged_on(Settings::default());
    call.times_out(Phase::Block, "501 Timeout<CR><ESC><EOT><CR>");
    assert_eq!(call.end, Some(End::Timeout));
    // A block that is not whole is none.
    let mut call = logged_on(Settings::default());
    call.ask("<STX>1<CR>x", "");
    call.times_out(Phase::Block, "501 Timeout<CR><ESC><EOT><CR>");
}

#[test]
fn on_a_device_nobody_has_to_be_there() {
    let device = || Settings {
        unprompted: false,
        login: false,
        ..Settings::default()
    };
    let mut call = Call::new(device());
    assert_eq!(call.phase, Some(Phase::Prompt));
    call.ask("<CR>", "ID=");
    call.times_out(Phase::Logon, "ID=");
    call.ask(DOWN, ACCEPTED);
    // Time runs out there only where nobody takes what is said.
    call.times_out(Phase::Prompt, "");
    assert_eq!(call.end, Some(End::Timeout));
    // Who sends blocks without a logon may send the next one tomorrow, and is not asked for any.
    let mut call = Call::new(device());
    for _ in 0..3 {
        call.ask(&format!("{DOWN}<CR>"), ACCEPTED);
        assert_eq!(call.phase, Some(Phase::Prompt));
    }
    call.ask("<CR>", "ID=");
    let mut call = Call::new(Settings {
        unprompted: true,
        ..device()
    });
    call.ask(DOWN, ACCEPTED);
    call.times_out(Phase::Block, "501 Timeout<CR><ESC><EOT><CR>");
}

#[test]
fn logons_of_every_kind() {
    let again = "<NAK><CR>";
    for (logon, answer) in [
        ("<ESC>pg7<CR>", WELCOME.to_owned()),
        ("<ESC>PG1whatever<CR>", WELCOME.to_owned()),
        ("<ESC><CR>", format!("507 Invalid logon<CR>{again}")),
        ("<ESC>[p<CR>", format!("507 Invalid logon<CR>{again}")),
        (
            "<ESC>PT1<CR>",
            format!("508 Service not supported<CR>{again}"),
        ),
        (
            "M<CR>",
            format!("507 Manual entry is not offered here<CR>{again}"),
        ),
        (DOWN, format!("507 Log on first<CR>{again}")),
    ] {
        Call::new(Settings::default()).ask(logon, &answer);
    }
    // A third refusal of whatever kind ends the call.
    let mut call = Call::new(Settings::default());
    call.ask("M<CR>", "507 Manual entry is not offered here<CR><NAK><CR>");
    call.ask("<ESC>XX1<CR>", "508 Service not supported<CR><NAK><CR>");
    call.ask(
        &format!("<ESC>PG{}<CR>", "x".repeat(600)),
        "507 Invalid logon<CR><ESC><EOT><CR>",
    );
    assert_eq!(call.end, Some(End::Logons));
    // With a password: none, a wrong one, and the right one; the trace has none of them.
    let mut call = Call::new(Settings {
        password: true,
        ..Settings::default()
    });
    call.ask("<ESC>PG1<CR>", "509 Invalid password<CR><NAK><CR>");
    call.ask("<ESC>PG1guess<CR>", "509 Invalid password<CR><NAK><CR>");
    call.ask("<ESC>PG1secret<CR>", WELCOME);
    assert_eq!((call.logons.len(), &call.logons[0]), (3, &None));
    assert_eq!(call.traced, b"\x1bPG1\r\x1bPG1\r\x1bPG1\r");
    // Who logs on again, has to be let in again.
    let mut call = Call::new(Settings {
        password: true,
        ..Settings::default()
    });
    call.ask("<ESC>PG1secret<CR>", WELCOME);
    call.ask("<ESC>PG1guess<CR>", "509 Invalid password<CR><NAK><CR>");
    call.ask(DOWN, "507 Log on first<CR><NAK><CR>");
}

#[test]
fn without_a_logon_any_line_and_any_checksum_will_do() {
    let mut call = Call::new(Settings {
        login: false,
        checked: false,
        ..Settings::default()
    });
    for _ in 0..100 {
        call.ask("KEEP ALIVE<CR><ESC>x<CR>", "");
    }
    call.ask(BAD, ACCEPTED);
    call.ask("<STX>1<CR>x<CR><ETX><CR>", ACCEPTED);
    call.ask("<ESC>XY1anything<CR>", WELCOME);
    call.ask("KEEP ALIVE<CR>", "");
    call.ask("ati<CR>", "pagebox<CR>");
    call.ask("<EOT><CR>", GOODBYE);
    assert_eq!(call.pages.len(), 2);
}

type Set<'a> = &'a dyn Fn(&mut Settings);

#[test]
fn every_code_that_a_page_can_have() {
    let long = |settings: &mut Settings| settings.max_length = Some(5);
    let cut = |settings: &mut Settings| {
        settings.max_length = Some(5);
        settings.truncate = true;
    };
    let numeric = |settings: &mut Settings| settings.numeric = true;
    let plain = |_: &mut Settings| {};
    let cases: [(Set<'_>, &str, &str, &str); 16] = [
        (&plain, "1", "x", "211 Page accepted<CR><ACK><CR>"),
        (&long, "1", "12345", "211 Page accepted<CR><ACK><CR>"),
        (&cut, "1", "12345", "211 Page accepted<CR><ACK><CR>"),
        (
            &cut,
            "1",
            "123456",
            "214 5 character maximum, message truncated and sent<CR><ACK><CR>",
        ),
        (
            &cut,
            "later",
            "123456",
            "512 Temporarily cannot deliver, try later<CR><RS><CR>",
        ),
        (
            &long,
            "1",
            "123456",
            "513 Message too long, at most 5 characters<CR><RS><CR>",
        ),
        (&numeric, "1", "0123 456-789*#", ACCEPTED),
        (&numeric, "1", "", ACCEPTED),
        (
            &numeric,
            "1",
            "123a",
            "505 Alphabetic characters not allowed<CR><RS><CR>",
        ),
        (&plain, "", "x", "510 Illegal pager ID<CR><RS><CR>"),
        (&plain, "-x", "x", "510 Illegal pager ID<CR><RS><CR>"),
        (&plain, "a b", "x", "510 Illegal pager ID<CR><RS><CR>"),
        (&plain, "nobody", "x", "511 Invalid pager ID<CR><RS><CR>"),
        (
            &plain,
            "full",
            "x",
            "516 Message quota temporarily exceeded<CR><RS><CR>",
        ),
        (&plain, "refused", "x", "515 Message refused<CR><RS><CR>"),
        (
            &plain,
            "uncertain",
            "x",
            "515 Outcome unknown, may have been delivered<CR><RS><CR>",
        ),
    ];
    for (set, pager, text, answer) in cases {
        let mut settings = Settings::default();
        set(&mut settings);
        let mut call = logged_on(settings);
        call.ask(&block(pager, text), answer);
        assert_eq!(call.end, None);
        let is_cut = answer.starts_with("214");
        assert!(!is_cut || call.pages == [page("1", "12345")]);
        // A refusal abandons one page, and the next may follow.
        call.ask(&block("1", "1"), ACCEPTED);
    }
}

#[test]
fn a_page_of_several_blocks() {
    let fields = [b"5551212".to_vec(), vec![b'M'; 300], b"end".to_vec()];
    let blocks = Block::split(&fields);
    let mut call = logged_on(Settings::default());
    let (last, first) = blocks.split_last().unwrap();
    for block in first {
        call.ask(&shown(&block.wire()), "<ACK><CR>");
    }
    call.ask(&shown(&last.wire()), ACCEPTED);
    assert_eq!(call.pages, [page("5551212", &("M".repeat(300) + "\nend"))]);
    // A damaged one in their midst is sent again alone.
    let mut call = logged_on(Settings::default());
    call.ask(&shown(&blocks[0].wire()), "<ACK><CR>");
    let mut damaged = last.wire();
    damaged[3] ^= 1;
    call.ask(&shown(&damaged), NAKED);
    call.ask(&shown(&last.wire()), ACCEPTED);
    assert_eq!(call.pages.len(), 1);
    // They are one page, where there may be one, and none of a client that begins anew.
    let mut call = logged_on(Settings {
        max_pages: Some(1),
        ..Settings::default()
    });
    call.ask(&shown(&blocks[0].wire()), "<ACK><CR>");
    call.ask("<ESC>PG1<CR>", WELCOME);
    call.ask(&shown(&blocks[0].wire()), "<ACK><CR>");
    call.ask(&shown(&last.wire()), ACCEPTED);
    assert_eq!(call.pages, [page("5551212", &("M".repeat(300) + "\nend"))]);
    // Each comes twice, for want of its ACK, and once damaged between.
    let mut call = logged_on(Settings::default());
    for block in first {
        let block = shown(&block.wire());
        call.ask(&block, "<ACK><CR>");
        call.ask(&block, "<ACK><CR>");
        call.ask(BAD, NAKED);
        call.ask(&block, "<ACK><CR>");
    }
    call.ask(&shown(&last.wire()), ACCEPTED);
    assert_eq!(call.pages, [page("5551212", &("M".repeat(300) + "\nend"))]);
    // But the same block begins another page.
    for block in &blocks {
        let is_last = block == last;
        let reply = if is_last { ACCEPTED } else { "<ACK><CR>" };
        call.ask(&shown(&block.wire()), reply);
    }
    assert_eq!(call.pages[0], call.pages[1]);
    // Without an end, it is given up once, and what follows is another page.
    let endless = [b'x', b'y'].map(|byte| {
        let info = vec![byte; 250];
        let end = Terminator::Us;
        shown(&Block { info, end }.wire())
    });
    let mut call = logged_on(Settings::default());
    for _ in 0..16 {
        call.ask(&endless[0], "<ACK><CR>");
        call.ask(&endless[1], "<ACK><CR>");
    }
    call.ask(
        &endless[0],
        "513 Message too long, at most 8192 characters<CR><RS><CR>",
    );
    call.ask(DOWN, ACCEPTED);
}

#[test]
fn blocks_that_are_none() {
    let format = "515 Message format error<CR><NAK><CR>";
    let huge = format!("<STX>1<CR>{}<CR><ETX>123<CR>", "x".repeat(300));
    let one = Block {
        info: b"1\r".to_vec(),
        end: Terminator::Etx,
    };
    let one = shown(&one.wire());
    // More behind the checksum than there can be.
    let behind = format!("<STX>5551212<CR>{}<CR><ETX>822x<CR>", "~".repeat(241));
    for (bad, answer) in [
        (BAD, NAKED),
        (huge.as_str(), format),
        (one.as_str(), format),
        (behind.as_str(), NAKED),
    ] {
        let mut call = logged_on(Settings::default());
        call.ask(bad, answer);
        call.ask(bad, answer);
        // A good one forgives them.
        call.ask(DOWN, ACCEPTED);
        call.ask(bad, answer);
        call.ask(bad, answer);
        call.ask(bad, "503 Too many attempts<CR><ESC><EOT><CR>");
        assert_eq!((call.end, call.pages.len()), (Some(End::Blocks), 1));
    }
    // One that lost its end, and came again.
    let mut call = logged_on(Settings::default());
    call.ask("<STX>5551212<CR>Server down: db01<CR>754<CR>", "");
    call.ask(DOWN, ACCEPTED);
    assert_eq!(call.pages.len(), 1);
}

#[test]
fn noise_in_front_of_a_transaction_is_told_and_counted() {
    let told = "502 Unexpected characters<CR>";
    let mut call = logged_on(Settings::default());
    call.ask(&format!("noise{DOWN}"), &format!("{told}{ACCEPTED}"));
    call.ask(&format!("{}<CR>", "x".repeat(600)), told);
    call.ask("<CR><CR>ATI<CR>AT<CR>OK<CR>", "pagebox<CR>");
    for _ in 0..7 {
        call.ask("x<CR>", told);
    }
    call.ask("x<CR>", "502 Unexpected characters<CR><ESC><EOT><CR>");
    assert_eq!(call.end, Some(End::Junk));
}

#[test]
fn on_a_serial_line_a_bare_cr_after_a_silence_is_another_clients_call() {
    let on_device = Settings {
        unprompted: false,
        ..Settings::default()
    };
    for (settings, prompts) in [(on_device, 2), (Settings::default(), 1)] {
        let mut call = Call::new(settings);
        call.hear(b"\r\x1bPG1\r\r");
        call.now += Duration::from_secs(1);
        call.hear(b"\r");
        call.hear(&wire("<STX>1<CR>TEST<CR><ETX>190<CR><CR>"));
        assert_eq!(shown(&call.said).matches("ID=").count(), 1);
        call.now += Duration::from_secs(2);
        call.hear(b"\r");
        assert_eq!(shown(&call.said).matches("ID=").count(), prompts);
        // Who goes on as if nothing had happened, may.
        call.hear(&wire("<STX>1<CR>TEST<CR><ETX>190<CR>"));
        assert_eq!(call.pages.len(), 2);
    }
}

#[test]
fn a_block_without_its_end_swallows_nobodys_call() {
    let pieces = |words: &[u8]| {
        [
            vec![words.to_vec()],
            words.chunks(1).map(Vec::from).collect(),
        ]
    };
    // Noise on an idle line, or the beginning of a block: whatever stands in
    // it, the next CR behind a silence is answered.
    for words in ["<STX>", "<STX>1<CR>half", "<STX><CR>RING<CR><CR>"] {
        for login in [true, false] {
            for pieces in pieces(&wire(words)) {
                let mut call = Call::new(Settings {
                    unprompted: false,
                    login,
                    ..Settings::default()
                });
                for piece in pieces {
                    call.hear(&piece);
                }
                call.now += Duration::from_secs(2);
                call.said.clear();
                call.ask("<CR>", "ID=");
                call.ask("<ESC>PG1<CR>", WELCOME);
                call.ask(DOWN, ACCEPTED);
            }
        }
    }
    // A block that only takes its time is one.
    let (head, tail) = DOWN.split_at(20);
    for (known, unprompted) in [(true, false), (true, true), (false, true)] {
        let login = known;
        let mut call = Call::new(Settings {
            unprompted,
            login,
            ..Settings::default()
        });
        if known {
            call.hear(b"\x1bPG1\r");
            call.said.clear();
        }
        call.ask(head, "");
        call.now += Duration::from_secs(if known { 2 } else { 1 });
        if !known {
            call.times_out(Phase::Prompt, "ID=");
        }
        call.ask(tail, ACCEPTED);
    }
    // Nor is it one where a CR comes alone, and again: that is how a call begins.
    for (pause, answer) in [(2, "ID="), (1, "")] {
        let mut call = logged_on(Settings {
            unprompted: false,
            ..Settings::default()
        });
        call.ask("<STX>1<CR>half", "");
        for answer in ["", answer] {
            call.now += Duration::from_secs(pause);
            call.ask("<CR>", answer);
        }
    }
    // Who is asked for a logon may send one, whatever was there before.
    for login in [true, false] {
        let mut call = Call::new(Settings {
            login,
            ..Settings::default()
        });
        call.ask("<STX><CR>", "");
        call.now += Duration::from_secs(2);
        call.times_out(Phase::Prompt, "ID=");
        call.ask("<ESC>PG1<CR>", WELCOME);
    }
    // Nor does what timed out reach into the next call.
    let mut call = logged_on(Settings::default());
    call.ask("<STX>1<CR>half", "");
    call.times_out(Phase::Block, "501 Timeout<CR><ESC><EOT><CR>");
    assert_eq!(call.receiver.rest(), b"");
}

#[test]
fn a_log_hears_of_pages_that_are_refused_without_a_question() {
    let settings = Settings {
        numeric: true,
        ..Settings::default()
    };
    let mut call = Call::new(settings);
    call.hear(b"\r\x1bPG1\r");
    for (pager, text) in [("1", "A"), ("a\x1a[b", "1"), ("1", "1")] {
        let info = format!("{pager}\r{text}\r").into_bytes();
        let end = Terminator::Etx;
        call.hear(&Block { info, end }.wire());
    }
    assert_eq!(
        call.receiver.take_refusals(),
        [
            "not accepted for 1: 505 Alphabetic characters not allowed",
            "not accepted for a^[b: 510 Illegal pager ID",
        ]
    );
    assert_eq!(call.receiver.take_refusals(), [""; 0]);
}

#[test]
fn a_silence_in_front_of_a_block_says_nothing_of_the_empty_line_behind_it() {
    let block = wire("<STX>1<CR>TEST<CR><ETX>190<CR><CR>");
    let (head, tail) = block.split_at(block.len() - 1);
    for pieces in [
        &[&block[..]][..],
        &[head, tail],
        &[&block[..1], &block[1..]],
    ] {
        let mut call = Call::new(Settings {
            unprompted: false,
            ..Settings::default()
        });
        call.hear(b"\r\x1bPG1\r");
        for _ in 0..2 {
            call.now += Duration::from_secs(2);
            for piece in pieces {
                call.hear(piece);
            }
        }
        let said = shown(&call.said);
        assert_eq!(said.matches("ID=").count(), 1, "{said}");
        assert_eq!(call.pages.len(), 2, "{said}");
    }
}
