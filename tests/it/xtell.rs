//! `xtell`: one command line, the lines that it says, and what is told of them.

use crate::support::{Cmd, Fake, applet};

fn xtell(words: &[&str]) -> Cmd {
    applet("xtell").args(["--from", "joe"]).args(words)
}

/// Answers each message with what `reply` makes of it.
fn serves(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> Fake {
    Fake::lockstep(move |client| {
        while let Some(line) = client.hear().filter(|line| line != "QUIT") {
            client.say(reply(&line));
        }
    })
}

fn polite() -> Fake {
    serves(|_| "200 message sent\r\n".to_owned())
}

#[test]
fn a_message_that_is_shown_is_silent() {
    let fake = polite();
    xtell(&[&format!("jane@{}", fake.addr()), "see", "12:30,", "ok?"])
        .run()
        .expect(0, "", "");
    assert_eq!(
        fake.raw(),
        [b"joe:jane::see 12:30, ok?\r\nQUIT\r\n".to_vec()]
    );
}
