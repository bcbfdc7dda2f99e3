//! What servers do that break, and what is known of a message then.

use std::time::Duration;

use rustix::process::Signal;

use super::{SHOWN, answers, at, xtell};
use crate::support::Fake;
use crate::support::fake::Conversation;

/// A server that does this with a message.
fn does(what: impl Fn(&mut Conversation) + Send + Sync + 'static) -> Fake {
    Fake::lockstep(move |client| {
        if client.hear().is_some() {
            what(client);
        }
    })
}

#[test]
fn a_message_without_a_reply_is_unknown_and_not_sent_again() {
    let faults = [
        does(Conversation::close),
        does(Conversation::reset),
        does(|client| {
            client.say("200 mess");
            client.close();
        }),
        does(|client| client.hold(Duration::from_secs(20))),
        does(|client| client.say_slowly("200 ".repeat(50), Duration::from_millis(20))),
    ];
    for (number, fake) in faults.iter().enumerate() {
        let words = ["--retry", "3", "--retry-delay", "0.01s"];
        let run = xtell(&words)
            .args(["--verdict-timeout", "0.3s", &at("jane", fake), "hi"])
            .run();
        assert_eq!(run.status, 79, "{number}: {run:?}");
        assert_eq!(fake.connections(), 1, "{number}");
    }
}

#[test]
fn with_retry_unknown_it_is_sent_again_and_that_is_said() {
    let fake = Fake::lockstep(|client| {
        if client.number == 0 {
            client.hear();
        } else {
            answers(client, |_| SHOWN.to_owned());
        }
    });
    let words = ["--retry", "1", "--retry-delay", "0.01s", "--retry-unknown"];
    let run = xtell(&words)
        .args(["--json", &at("jane", &fake), "hi"])
        .run();
    run.expect_status(0);
    assert!(run.stdout.contains("\"attempts\":2"), "{run:?}");
    assert!(
        run.stdout.contains("\"duplicate_possible\":true"),
        "{run:?}"
    );
    assert_eq!(run.stderr.matches("it may arrive twice").count(), 1);
}

#[test]
fn a_reply_may_come_in_any_form() {
    for reply in ["200 ok\n", "200\r\n", "200 ok\r\r\n", "200 \x1b[2Jok\r\n"] {
        let fake = does(move |client| {
            client.say_slowly(reply, Duration::from_millis(2));
            client.hear();
        });
        let run = xtell(&["-v", &at("jane", &fake), "hi"]).run();
        run.expect_status(0);
        assert!(!run.stderr.contains('\x1b') && !run.stdout.contains('\x1b'));
    }
}

#[test]
fn a_server_that_turns_everybody_away_gets_nothing() {
    // It speaks first; whether that is heard before or behind the message, nothing is out.
    let fake = Fake::lockstep(|client| client.say("400 no messages from your address\r\n"));
    let run = xtell(&[&at("jane", &fake), "hi"]).run();
    run.expect_complaint(75, "", "400 no messages from your address");
}

#[test]
fn another_protocol_never_makes_a_message_sent() {
    let fake = Fake::lockstep(|client| {
        client.say("220 mail.example.com ESMTP\r\n");
        answers(client, |_| "500 what?\r\n".to_owned());
    });
    let run = xtell(&[&at("jane", &fake), "hi"]).run();
    assert!([76, 79].contains(&run.status), "{run:?}");
}

#[test]
fn two_replies_take_back_what_was_sent() {
    let fake = does(|client| {
        client.say("200 message sent\r\n405 no\r\n");
        answers(client, |_| SHOWN.to_owned());
    });
    let run = xtell(&[&at("jane", &fake), "hi"]).run();
    run.expect_complaint(79, "", "may not have been accepted");
    let all = format!("{},{}", at("jane", &fake), at("bob", &fake));
    let run = xtell(&[&all, "hi"]).run();
    assert!(
        run.stdout
            .starts_with(&format!("{} unknown", at("jane", &fake)))
    );
    run.expect_status(79);
}

#[test]
fn a_refusal_for_now_with_one_word_too_many_is_not_tried_again() {
    let fake = does(|client| {
        client.say("400 busy\r\n200 message sent\r\n");
        answers(client, |_| SHOWN.to_owned());
    });
    let polite = super::polite();
    let (first, second) = (fake.addr(), polite.addr());
    let hosts = ["--host", &first, "--host", &second, "--retry", "1"];
    let run = xtell(&hosts).args(["jane", "hi"]).run();
    run.expect_complaint(79, "", "400 busy, but the server said more than one line");
    assert_eq!(fake.heard(), ["joe:jane::hi", "QUIT"]);
    assert_eq!(polite.connections(), 0);
}

/// Sends six lines to a server that takes two on a connection, and then does
/// this with the next, or without one.
fn two_on_each(end: impl Fn(&mut Conversation) + Send + Sync + 'static) -> Vec<String> {
    let fake = Fake::lockstep(move |client| {
        for _ in 0..2 {
            if client.hear().is_none_or(|line| line == "QUIT") {
                return;
            }
            client.say(SHOWN);
        }
        end(client);
    });
    let mut run = xtell(&["--json", &at("jane", &fake)]).stdin_open().spawn();
    for number in 1..=6 {
        run.write(format!("{number}\n"));
        fake.wait_for(&format!("joe:jane::{number}"));
    }
    let run = run.wait();
    run.expect_status(0);
    let told = "\"attempts\":6,\"parts\":\"6/6\"";
    assert!(run.stdout.contains(told), "{run:?}");
    assert_eq!(fake.connections(), 3);
    fake.heard()
}

#[test]
fn a_connection_that_has_served_enough_is_replaced() {
    let heard = two_on_each(|client| {
        if client.hear().is_some_and(|line| line != "QUIT") {
            client.say("400 too many messages on one connection\r\n");
        }
    });
    // Heard twice, and shown once.
    let lines = ["1", "2", "3", "3", "4", "5", "5", "6"].map(|line| format!("joe:jane::{line}"));
    let messages = heard.into_iter().filter(|line| line != "QUIT");
    assert_eq!(messages.collect::<Vec<_>>(), lines);
}

#[test]
fn what_is_refused_for_now_is_tried_again() {
    let fake = Fake::lockstep(|client| {
        let number = client.number;
        answers(client, |line| {
            let busy = number == 0 && line.ends_with("hi");
            if busy { "400 busy\r\n" } else { SHOWN }.to_owned()
        });
    });
    let run = xtell(&[
        "--retry",
        "2",
        "--retry-delay",
        "0.01s",
        &at("jane", &fake),
        "hi",
    ])
    .run();
    run.expect(0, "", "");
    assert_eq!(fake.connections(), 2);
}

#[test]
fn part_of_a_message_that_is_out_is_not_to_be_sent_again() {
    let fake = Fake::lockstep(|client| {
        answers(client, |line| {
            if line.ends_with('2') {
                "400 busy\r\n"
            } else {
                SHOWN
            }
            .to_owned()
        });
    });
    let run = xtell(&[&at("jane", &fake), "-m", "1\n2\n3"]).run();
    run.expect_complaint(79, "", "400 part 2 of 3: busy");
    assert!(!fake.heard().contains(&"joe:jane::3".to_owned()));
}

#[test]
fn a_server_that_never_answers_ends_in_time() {
    // A listener that accepts nobody: the kernel takes the message.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let jane = format!("jane@{}", listener.local_addr().unwrap());
    let run = xtell(&["--verdict-timeout", "0.2s", &jane, "hi"]).run();
    run.expect_complaint(79, "", "no reply in time; the message may have been shown");
    assert!(run.took < Duration::from_secs(5), "{run:?}");
}

#[test]
fn a_server_that_stays_after_quit_is_not_waited_for() {
    let fake = does(|client| {
        client.say(SHOWN);
        client.hold(Duration::from_secs(20));
    });
    let run = xtell(&[&at("jane", &fake), "hi"]).run();
    run.expect(0, "", "");
    assert!(run.took < Duration::from_secs(6), "{run:?}");
}

#[test]
fn a_signal_ends_it_in_order() {
    let fake = does(|client| client.hold(Duration::from_secs(20)));
    let mut run = xtell(&[&at("jane", &fake), "hi"]).spawn();
    fake.wait_for("joe:jane::hi");
    run.signal(Signal::INT);
    let run = run.wait();
    run.expect_complaint(130, "", "interrupted");
    assert!(run.took < Duration::from_secs(5), "{run:?}");
}

#[test]
fn a_connection_that_was_lost_between_two_lines_is_replaced() {
    let fake = Fake::lockstep(|client| {
        if client.hear().is_some_and(|line| line != "QUIT") {
            client.say(SHOWN);
            client.reset();
        }
    });
    let mut run = xtell(&["-v", &at("jane", &fake)]).stdin_open().spawn();
    for line in ["one", "two"] {
        run.write(format!("{line}\n"));
        fake.wait_for(&format!("joe:jane::{line}"));
        // The reset is on its way once nobody is connected any more.
        let mut messages = fake.heard().into_iter().filter(|heard| heard != "QUIT");
        assert_eq!(messages.next_back().unwrap(), format!("joe:jane::{line}"));
    }
    run.wait().expect_status(0);
    assert_eq!(fake.connections(), 2);
}
