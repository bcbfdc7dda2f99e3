//! xtell: a server that says one line too many shifts its replies, and then no verdict counts.

use std::collections::VecDeque;

use pagebox::exit::Exit;
use pagebox::outcome::Outcome;
use pagebox::protocol::{Input, Phase};

use super::{BYTES, Call, EARLY, NO_USER, SENT, WHOLE};

#[test]
fn a_line_before_the_message_stops_it_and_doubts_those_before() {
    for sizes in [WHOLE, BYTES] {
        for surplus in ["200 ok\r\n", "403 no\r\n", "500 x\r\n", "\r\n", "hello\n"] {
            let mut call = Call::at_reply(1);
            call.lines.push_back(b"second\r\n".to_vec());
            call.hear_bytes(format!("200 ok\r\n{surplus}").as_bytes(), sizes);
            assert_eq!(call.shorts(), [SENT, EARLY], "{surplus}");
            assert!(call.doubted(), "{surplus}");
            assert_eq!(call.said(), "joe:jane::hi\r\n");
        }
    }
}

#[test]
fn a_line_behind_quit_is_a_farewell_only_among_good_ones() {
    for (replies, behind, doubted) in [
        (&["200 ok"][..], "200 bye\r\n", false),
        (&["200 ok"], "221 bye\n200 x\n", false),
        (&["200 ok"], "403 no\r\n", true),
        (&["200 ok"], "200 bye\r\n403 no\r\n", true),
        (&["200 ok"], "400 no\r\n", true),
        (&["200 ok"], "500 what?\r\n", true),
        (&["200 ok"], "bye\r\n", true),
        (&["200 ok"], "\r\n", true),
        (&["403 no"], "200 bye\r\n", true),
        (&["200 ok", "403 no", "200 ok"], "200 ok\r\n", true),
        (&["200 ok", "200 ok"], "200 ok\r\n", false),
    ] {
        for sizes in [WHOLE, BYTES] {
            let mut call = Call::at_farewell(replies);
            call.hear_bytes(behind.as_bytes(), sizes);
            if !call.ended() {
                call.step(Input::Eof);
            }
            assert_eq!(call.doubted(), doubted, "{replies:?} and {behind:?}");
        }
    }
}

#[test]
fn who_says_400_and_closes_has_spoken_of_the_connection() {
    let dismissed = (Outcome::Untried, Exit::TempFail, Some(400));
    let early = |more: &str, sizes: &[usize]| {
        let mut call = Call::at_reply(1);
        call.lines.push_back(b"second\r\n".to_vec());
        let said = format!("200 ok\r\n400 silent for too long\r\n{more}");
        call.hear_bytes(said.as_bytes(), sizes);
        call
    };
    for sizes in [WHOLE, BYTES] {
        let mut call = early("", sizes);
        assert_eq!(call.waits, Some(Phase::Farewell));
        call.step(Input::Eof);
        assert_eq!(call.shorts(), [SENT, dismissed]);
        assert!(!call.doubted());
        // One that stays meant the message.
        let mut call = early("", sizes);
        call.step(Input::Timeout);
        assert_eq!(call.shorts(), [SENT, dismissed]);
        assert!(call.doubted());
        // And so does one that goes on.
        assert!(early("200 ok\r\n", sizes).doubted());
        let mut call = early("2", sizes);
        call.step(Input::Eof);
        assert!(call.doubted());
    }
}

#[test]
fn a_message_that_is_sent_away_was_not_tried_and_the_rest_stands() {
    // A server that has had enough says so in place of a verdict, and closes.
    let mut call = Call::at_reply(2);
    call.lines.push_back(b"third\r\n".to_vec());
    call.hear_bytes(b"400 too many messages on one connection\r\n", WHOLE);
    assert_eq!(call.waits, Some(Phase::Quiet));
    call.step(Input::Eof);
    let temporary = (Outcome::Temporary, Exit::TempFail, Some(400));
    assert_eq!(call.shorts(), [SENT, temporary, super::UNTRIED]);
    assert!(!call.doubted());
}

/// A server that answers all messages, and says one line too many, or none. What it says may come
/// at once, or a line at a time, as late as it can.
struct Babbler {
    /// The line too many, and before which reply it comes.
    extra: Option<(usize, &'static str)>,
    verdicts: Vec<&'static str>,
    said: VecDeque<String>,
}

impl Babbler {
    /// What it says when it hears its nth message; what it says at once is the 0th.
    fn hears(&mut self, nth: usize) {
        if nth > 0 {
            self.said
                .push_back(format!("{}\r\n", self.verdicts[nth - 1]));
        }
        if let Some((_, extra)) = self.extra.filter(|(at, _)| *at == nth) {
            self.said.push_back(format!("{extra}\r\n"));
        }
    }

    /// Plays with a client to the end.
    fn play(&mut self, late: bool) -> Call {
        let mut call = Call::new(&vec!["m"; self.verdicts.len()]);
        self.hears(0);
        let mut heard = 0;
        while !call.ended() {
            let said = call.said().matches("m\r\n").count();
            for nth in heard + 1..=said {
                self.hears(nth);
            }
            heard = said;
            let quiet = call.waits == Some(Phase::Quiet);
            let next = match (quiet, late) {
                (true, true) => None,
                (false, true) => self.said.pop_front(),
                (_, false) if self.said.is_empty() => None,
                (_, false) => Some(self.said.drain(..).collect()),
            };
            match next {
                Some(text) => call.step(Input::Bytes(text.as_bytes())),
                None if call.said().ends_with("QUIT\r\n") => call.step(Input::Eof),
                None => call.step(Input::Timeout),
            }
        }
        call
    }
}

/// Is any message called sent that was refused, or refused that was sent, and nothing is in doubt?
#[test]
fn no_verdict_without_a_doubt_is_wrong() {
    let words = ["200 ok", "403 no", "400 busy", "405 no"];
    let extras = [
        "200 hello",
        "220 x",
        "400 x",
        "403 x",
        "405 x",
        "406 x",
        "500 x",
        "100 x",
        "hello",
        "",
    ];
    let mut played = 0;
    for length in 1..=3_u32 {
        for number in 0..words.len().pow(length) {
            let digit = |at| number / words.len().pow(at) % words.len();
            let verdicts: Vec<&str> = (0..length).map(|at| words[digit(at)]).collect();
            let places = 0..=verdicts.len();
            let extras = places.flat_map(|at| extras.map(|extra| Some((at, extra))));
            for (extra, late) in extras
                .chain([None])
                .flat_map(|extra| [(extra, false), (extra, true)])
            {
                let mut server = Babbler {
                    extra,
                    verdicts: verdicts.clone(),
                    said: VecDeque::new(),
                };
                let call = server.play(late);
                let about = format!("{verdicts:?} {extra:?} {late}: {:?}", call.did);
                let fates = call.fates();
                if extra.is_none() {
                    assert!(!call.doubted() && fates.len() == verdicts.len(), "{about}");
                }
                // A doubt is about those that had a reply, the last one is about itself.
                let doubtful = match &call.end().fate {
                    _ if !call.doubted() => 0,
                    Some(_) => fates.len() - 1,
                    None => fates.len(),
                };
                for (fate, verdict) in fates.iter().zip(&verdicts).skip(doubtful) {
                    let shown = verdict.starts_with('2');
                    match fate.outcome {
                        Outcome::Sent => assert!(shown, "{about}"),
                        Outcome::Refused | Outcome::Temporary => assert!(!shown, "{about}"),
                        Outcome::Queued => panic!("{about}"),
                        Outcome::Untried | Outcome::Unknown => {}
                    }
                }
                played += 1;
            }
        }
    }
    assert!(played > 1000);
    // The test can fail: this one would be wrong.
    let mut server = Babbler {
        extra: Some((0, "200 hello")),
        verdicts: vec!["403 no"],
        said: VecDeque::new(),
    };
    let call = server.play(true);
    assert_eq!(call.shorts(), [SENT]);
    assert!(call.doubted());
    assert_ne!(call.shorts(), [NO_USER]);
}
