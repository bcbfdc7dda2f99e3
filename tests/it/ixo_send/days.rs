//! Bad days: signals, lines that are lost at every step, and centrals that never stop talking.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::{ixo_send, to};
use crate::bulk::outcomes;
use crate::support::fake::Conversation;
use crate::support::scripted::{ACCEPTED, LOST, SILENCE, said};
use crate::support::{Central, Fake, eventually};

/// Centrals that stop at some step: the fate of a page then, and how the last line begins that
/// they hear before.
fn stuck() -> [(&'static str, Central, &'static str); 5] {
    let new = Central::default;
    [
        (
            "untried",
            Central {
                prompt: SILENCE,
                ..new()
            },
            "",
        ),
        ("untried", Central::logons(&[SILENCE]), "\x1bPG1"),
        ("untried", Central::logons(&["<ACK><CR>"]), "\x1bPG1"),
        ("unknown", Central::verdicts(&[SILENCE]), "\x03"),
        (
            "sent",
            Central {
                farewell: SILENCE,
                ..new()
            },
            "\x04",
        ),
    ]
}

#[test]
fn a_signal_ends_it_soon_and_the_page_s_fate_is_told() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        for (outcome, central, last) in stuck() {
            let fake = central.on_tcp();
            let mut run = to(&fake, &["--json", "1,2", "x"]).spawn();
            eventually("it is that far", || {
                let heard = fake.heard_so_far();
                heard.last().is_some_and(|line| line.starts_with(last))
            });
            run.signal(signal);
            let run = run.wait();
            run.expect_status(status);
            assert!(run.took < Duration::from_secs(8), "{run:?}");
            let fates: Vec<Value> = run
                .stdout
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!(fates[0]["outcome"], outcome, "{last:?}: {run:?}");
            let second = if outcome == "sent" { "sent" } else { "untried" };
            assert_eq!(fates[1]["outcome"], second, "{last:?}: {run:?}");
            // The central is not left waiting.
            let call = said(&fake).remove(0);
            assert!(call.ends_with("<EOT><CR>"), "{call}");
            assert_eq!(call.matches("<EOT>").count(), 1, "{call}");
        }
    }
}

/// The server that chained it is stopped too, and waits for the verdict.
#[test]
fn a_signal_to_a_chained_sender_does_not_hide_a_fate() {
    for ((outcome, central, last), status) in stuck().into_iter().zip([75, 75, 75, 79, 0]) {
        let fake = central.on_tcp();
        let run = to(&fake, &["--envelope"]).env("PAGEBOX_PAGER", "1");
        let mut run = run.stdin("x").spawn();
        eventually("it is that far", || {
            let heard = fake.heard_so_far();
            heard.last().is_some_and(|line| line.starts_with(last))
        });
        run.signal(Signal::TERM);
        let run = run.wait();
        assert_eq!(run.status, status, "{outcome}: {run:?}");
    }
}

#[test]
fn a_signal_ends_a_run_of_rows() {
    let fake = Central::verdicts(&[ACCEPTED, SILENCE]).on_tcp();
    let mut run = to(&fake, &["--csv", "-"]).stdin_open().spawn();
    run.write("pager,message\n1,a\n2,b\n3,c\n");
    fake.wait_for("\x022");
    eventually("its block is out", || fake.heard_so_far().len() == 8);
    run.signal(Signal::TERM);
    run.wait_for_stderr("interrupted; the result lines tell what went out");
    let run = run.wait();
    run.expect_status(143);
    assert_eq!(outcomes(&run), ["1:sent", "2:unknown"]);
    // While it waits for a row, with and without a call.
    let fake = Central::default().on_tcp();
    let mut run = to(&fake, &["--csv", "-"]).stdin_open().spawn();
    run.write("pager,message\n1,a\n");
    run.wait_for_stdout("1,,1,sent");
    run.signal(Signal::TERM);
    let run = run.wait();
    run.expect_status(143);
    assert!(said(&fake)[0].ends_with("<EOT><CR>"));
    // And while it waits for the next try.
    let fake = Central::verdicts(&["512 Later<CR><RS><CR>"]).on_tcp();
    let mut run = to(
        &fake,
        &["-v", "--retry", "1", "--retry-delay", "1h", "1", "Hi"],
    )
    .spawn();
    run.wait_for_stderr("next try in ");
    run.signal(Signal::INT);
    let run = run.wait();
    run.expect_complaint(130, "1 temporary 512 Later\n", "512 Later (pager 1)");
}

#[test]
fn a_signal_while_a_modem_dials_hangs_up() {
    let line = Central {
        dialled: vec!["RINGING"],
        ..Central::default()
    }
    .on_line();
    let path = line.path().to_str().unwrap().to_owned();
    let mut run = ixo_send(&["-v", "--device", &path, "--dial", "5551234", "1", "Hi"]).spawn();
    run.wait_for_stderr("RINGING");
    run.signal(Signal::TERM);
    let run = run.wait();
    run.expect_complaint(143, "1 untried interrupted\n", "hanging up");
    assert!(line.heard().ends_with("+++ATH0<CR>"), "{run:?}");
    assert!(run.took < Duration::from_secs(15), "{run:?}");
}

#[test]
fn a_line_that_is_lost_at_any_step_leaves_no_page_untold() {
    let fine = Central::default;
    for (status, central) in [
        (
            75,
            Central {
                prompt: LOST,
                ..fine()
            },
        ),
        (
            75,
            Central {
                prompt: "ser2net: in use<CR>",
                ..fine()
            },
        ),
        (75, Central::logons(&[LOST])),
        (75, Central::logons(&["<NAK><CR>", LOST])),
        (79, Central::verdicts(&[LOST])),
        (79, Central::verdicts(&["<NAK><CR>", LOST])),
        // All is said by then.
        (
            0,
            Central {
                farewell: LOST,
                ..fine()
            },
        ),
        (
            0,
            Central {
                farewell: "PAGING EXCHANGE DISCONNECT<CR>",
                ..fine()
            },
        ),
        (
            0,
            Central {
                farewell: SILENCE,
                ..fine()
            },
        ),
    ] {
        let limits = ["--id-timeout", "500ms", "--logoff-timeout", "300ms"];
        let fake = central.clone().on_tcp();
        let run = to(&fake, &limits).args(["1", "Hi"]).run();
        run.expect_status(status);
        assert_eq!(run.stderr.is_empty(), status == 0, "{run:?}");
        assert_eq!(fake.connections(), 1);
        if central.prompt == LOST || central.prompt.starts_with("ser2net") {
            continue;
        }
        // The same where a device is pulled out.
        let line = central.on_line();
        let path = line.path().to_str().unwrap();
        let run = ixo_send(&limits).args(["--device", path, "1", "Hi"]).run();
        run.expect_status(status);
    }
}

/// Goes on for as long as someone listens.
fn babble(client: &mut Conversation, words: &[u8]) {
    let flood = words.repeat(4096 / words.len());
    for _ in 0..2560 {
        client.say(&flood);
    }
}

#[test]
fn a_central_that_talks_on_and_on_is_left() {
    for words in [&b"x"[..], b"hello\r", b"\x1b", b"211 OK\r", b"\xff\xfd\x03"] {
        for step in 0..4 {
            let words = words.to_vec();
            let fake = Fake::lockstep(move |client| {
                client.hear_through(b"\r");
                let answers = [&b"ID="[..], b"110 1.8\r\x06\r", b"\x1b[p\r"];
                client.say(answers[..step.min(answers.len())].concat());
                babble(client, &words);
            });
            let run = to(
                &fake,
                &["--id-timeout", "2", "--verdict-timeout", "2", "1", "Hi"],
            )
            .args(["--logon-timeout", "1", "--goahead-timeout", "2"])
            .run();
            assert!(matches!(run.status, 75 | 76 | 79), "{step}: {run:?}");
            assert!(run.took < Duration::from_secs(10), "{step}: {run:?}");
            assert!(run.stderr.len() < 1000, "{step}: {run:?}");
        }
    }
}
