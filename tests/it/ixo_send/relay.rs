//! `snpp-serve -- ixo-send --envelope`: the paging line's verdict is that of the gateway.

use jiff::{Timestamp, ToSpan};

use super::to;
use crate::support::kit::link;
use crate::support::scripted::{LOST, said};
use crate::support::{Central, Fake, Output, applet};

/// An SNPP client's words, to a gateway that passes its pages on to this central.
fn relay(central: &Fake, words: &str) -> Output {
    let sender = link("ixo-send");
    applet("snpp-serve")
        .arg("--")
        .arg(sender)
        .args(["--envelope", "--connect", &central.addr()])
        .stdin(words)
        .run()
}

/// The codes and words of the replies to SEND.
fn verdict(run: &Output) -> String {
    let replies: Vec<&str> = run.stdout.lines().collect();
    replies[replies.len() - 2].trim_end().to_owned()
}

#[test]
fn the_far_verdict_is_the_near_one() {
    for (verdicts, code, words) in [
        (&[][..], "250", ""),
        (&["213 Held<CR><ACK><CR>"], "250", ""),
        (&["511 Nobody<CR><RS><CR>"], "550", ""),
        (&["512 Later<CR><RS><CR>"], "554", ""),
        (&["513 Too long<CR><RS><CR>"], "550", ""),
        (&[LOST], "550", "Outcome Unknown, May Have Been Delivered"),
    ] {
        let fake = Central::verdicts(verdicts).on_tcp();
        let run = relay(&fake, "PAGE 5551212\r\nMESS Disk full\r\nSEND\r\nQUIT\r\n");
        let is = verdict(&run);
        assert!(
            is.starts_with(code) && is.contains(words),
            "{verdicts:?}: {run:?}"
        );
        assert!(
            said(&fake)[0].contains("<STX>5551212<CR>Disk full<CR><ETX>"),
            "{run:?}"
        );
    }
    let fake = Central {
        prompt: LOST,
        ..Central::default()
    }
    .on_tcp();
    let run = relay(&fake, "PAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n");
    assert!(verdict(&run).starts_with("554"), "{run:?}");
}

#[test]
fn what_tap_has_no_words_for_stops_a_page_or_is_left_out() {
    let fake = Central::default().on_tcp();
    let later = Timestamp::now() + 2.hours();
    let hold = later.strftime("HOLD %y%m%d%H%M%S +0000");
    for option in [
        "PAGE 1 0042",
        "COVE N\r\nPAGE 1",
        &format!("{hold}\r\nPAGE 1"),
    ] {
        let run = relay(&fake, &format!("{option}\r\nMESS x\r\nSEND\r\nQUIT\r\n"));
        assert!(verdict(&run).starts_with("55"), "{run:?}");
        assert!(
            !run.stdout.contains("0042") && !run.stderr.contains("0042"),
            "{run:?}"
        );
    }
    assert_eq!(fake.connections(), 0);
    let run = relay(
        &fake,
        "LEVE 1\r\nCALL me\r\nPAGE 1\r\nMESS x\r\nSEND\r\nQUIT\r\n",
    );
    assert!(verdict(&run).starts_with("250"), "{run:?}");
    assert_eq!(said(&fake).len(), 1);
}

#[test]
fn an_envelope_is_no_command_line() {
    let fake = Central::default().on_tcp();
    let run = to(&fake, &["--envelope"])
        .env("PAGEBOX_PAGER", "1")
        .stdin("Hi\n")
        .run();
    run.expect(0, "", "");
    to(&fake, &["--envelope"])
        .stdin("Hi\n")
        .run()
        .expect_status(64);
    to(&fake, &["--envelope", "1", "Hi"])
        .run()
        .expect_status(64);
    let later = Timestamp::now() + 2.hours();
    let run = to(&fake, &["--envelope"])
        .env("PAGEBOX_PAGER", "1")
        .env("PAGEBOX_HOLD", later.to_string());
    run.stdin("Hi")
        .run()
        .expect_complaint(69, "", "TAP cannot hold it until later");
    let run = to(&fake, &["--envelope"])
        .env("PAGEBOX_PAGER", "1")
        .env("PAGEBOX_SUBJECT", "it");
    run.stdin("Hi")
        .run()
        .expect_complaint(0, "", "TAP has no words for subject");
    assert_eq!(fake.connections(), 2);
}
