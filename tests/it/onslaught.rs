//! Clients of `snpp-serve` that mean no good, and days on which nothing goes right. Whatever they
//! do, the session ends in time and in little memory, and nothing is in the spool that its
//! client did not send.

mod bad_days;
mod deaf;
mod memory;
mod stalled;
mod words;

use std::io::Write;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::pipe::PipeFlags;

use crate::snpp_serve::{Talk, codes, jobs, said, serve};
use crate::support::spooled::accepted;
use crate::support::{Page, Scratch, scratch};

/// The pages of the spool, in the order in which they came; `tmp/` must be empty whenever this
/// is asked.
#[track_caller]
fn pages(scratch: &Scratch) -> Vec<Page> {
    let pages = accepted(&scratch.join("spool"));
    assert_eq!(jobs(scratch).len(), pages.len());
    pages.into_iter().map(|(_, page)| page).collect()
}

/// A pipe, to read from and to write to, that no other test's child gets hold of.
fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).unwrap()
}

/// Command by command, with the replies to each.
const DIALOGUE: &[(&str, &[&str])] = &[
    ("PAGE 1\r\n", &["250"]),
    ("MESS x\r\n", &["250"]),
    ("SEND\r\n", &["250"]),
    ("PAGE 2\n", &["250"]),
    ("PAGE 3\r\n", &["250"]),
    ("DATA\r\n", &["354"]),
    ("..a\r\n", &[]),
    ("SEND\r\n", &[]),
    (".\r\n", &["250"]),
    ("SEND\r\n", &["250"]),
    ("QUIT\r\n", &["221"]),
];

fn dialogue() -> Vec<u8> {
    DIALOGUE.iter().flat_map(|(said, _)| said.bytes()).collect()
}

/// What comes of the first bytes of the dialogue.
fn worth(length: usize) -> (Vec<&'static str>, Vec<Page>) {
    let (mut codes, mut pages) = (vec!["220"], Vec::new());
    let mut end = 0;
    for (at, (said, replies)) in DIALOGUE.iter().enumerate() {
        end += said.len();
        if end <= length {
            codes.extend(*replies);
            match at {
                2 => pages.push(Page::new(&["1"], "x")),
                9 => pages.push(Page::new(&["2", "3"], ".a\nSEND")),
                _ => {}
            }
        }
    }
    (codes, pages)
}

#[test]
fn a_line_that_ends_at_any_byte_is_worth_its_whole_lines() {
    let dialogue = dialogue();
    for length in 0..=dialogue.len() {
        let scratch = scratch("onslaught-eof");
        let output = said(&scratch, &dialogue[..length]);
        output.expect_status(0);
        let (expected, sent) = worth(length);
        assert_eq!(codes(&output.stdout), expected, "{length} bytes");
        assert_eq!(pages(&scratch), sent, "{length} bytes");
    }
}

#[test]
fn a_connection_that_is_reset_at_any_byte_queues_no_more_than_was_sent() {
    let dialogue = dialogue();
    for length in (0..=dialogue.len()).step_by(3) {
        let scratch = scratch("onslaught-reset");
        let (mut talk, server) = Talk::inetd(serve(&scratch));
        talk.lines.get_mut().write_all(&dialogue[..length]).unwrap();
        rustix::net::sockopt::set_socket_linger(talk.lines.get_ref(), Some(Duration::ZERO))
            .unwrap();
        drop(talk);
        server.wait().expect(0, "", "");
        // A reset may overtake what was sent before it.
        let sent = worth(length).1;
        let queued = pages(&scratch);
        assert!(sent.starts_with(&queued), "{length} bytes: {queued:?}");
    }
}

#[test]
fn a_dialogue_byte_by_byte_is_the_same_dialogue() {
    let scratch = scratch("onslaught-bytes");
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    talk.lines.get_ref().set_nodelay(true).unwrap();
    for byte in dialogue() {
        talk.lines.get_mut().write_all(&[byte]).unwrap();
    }
    let (expected, sent) = worth(usize::MAX);
    assert_eq!(codes(&talk.rest()), expected);
    server.wait().expect(0, "", "");
    assert_eq!(pages(&scratch), sent);
}

#[test]
fn two_sessions_at_once_know_nothing_of_each_other() {
    let scratch = scratch("onslaught-two");
    let (mut one, first) = Talk::inetd(serve(&scratch));
    let (mut two, second) = Talk::inetd(serve(&scratch));
    one.hold("S: 220\nC: PAGE 1\nS: 250");
    two.hold("S: 220\nC: SEND\nS: 503\nC: MESS two\nS: 250\nC: SEND\nS: 503");
    one.hold("C: SEND\nS: 503\nC: DATA\nS: 354\nC: one");
    two.hold("C: PAGE 2\nS: 250\nC: SEND\nS: 250\nC: PAGE 2\nS: 250\nC: MESS again\nS: 250");
    two.hold("C: RESE\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(two.rest(), "");
    second.wait().expect(0, "", "");
    one.hold("C: .\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(one.rest(), "");
    first.wait().expect(0, "", "");
    let sent = [Page::new(&["2"], "two"), Page::new(&["1"], "one")];
    assert_eq!(pages(&scratch), sent);
}

#[test]
fn sessions_that_make_the_spool_at_once_all_find_it() {
    for _ in 0..20 {
        let scratch = scratch("onslaught-race");
        let start = || {
            serve(&scratch)
                .stdin("PAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n")
                .spawn()
        };
        let sessions: Vec<_> = (0..8).map(|_| start()).collect();
        for session in sessions {
            let output = session.wait();
            output.expect_status(0);
            assert_eq!(codes(&output.stdout), ["220", "250", "250", "250", "221"]);
        }
        assert_eq!(pages(&scratch).len(), 8);
    }
}

#[test]
fn nothing_is_obeyed_after_the_last_word() {
    let scratch = scratch("onslaught-after");
    let page = "PAGE 1\r\nMESS x\r\nSEND\r\n";
    for (last, codes_of_it) in [
        ("QUIT\r\n".to_owned(), vec!["221"]),
        ("FOO\r\n".repeat(11), [&["500"; 10][..], &["421"]].concat()),
    ] {
        for end in ["", "HELP\r\n", "QUIT\r\n"] {
            let output = said(&scratch, last.clone() + page + end);
            output.expect_status(0);
            assert_eq!(codes(&output.stdout)[1..], codes_of_it, "{last}");
        }
    }
    assert_eq!(pages(&scratch), []);
}

#[test]
fn a_client_that_does_not_close_after_the_last_word_is_left() {
    let scratch = scratch("onslaught-linger");
    for last in ["QUIT".to_owned(), "FOO\r\n".repeat(10) + "FOO"] {
        let (mut talk, server) = Talk::inetd(serve(&scratch).limit(Duration::from_secs(8)));
        talk.say(&last);
        let mut writer = talk.lines.get_ref().try_clone().unwrap();
        let goes_on = std::thread::spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
        let mut heard = String::new();
        while !heard.starts_with("221") && !heard.starts_with("421") {
            heard = talk.hear();
        }
        server.wait().expect(0, "", "");
        drop(talk);
        goes_on.join().unwrap();
    }
    assert_eq!(pages(&scratch), []);
}
