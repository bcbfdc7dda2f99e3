//! Calls over a modem that do not come about: what it says is what becomes of the page.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{central, dial, expect_spooled, told, willing};
use crate::support::modem::{Answer, Modem, OK};
use crate::support::{Output, scratch};

/// Nobody is called: this modem answers to dialling otherwise.
fn dialled(answer: Answer) -> Modem {
    let answer = move |command: &str| if command == "ATDT5551234" { answer } else { OK };
    Modem::new(answer, || unreachable!("nobody is called"))
}

/// One page, and what the modem heard.
fn page(modem: Modem, flags: &[&str]) -> (Output, Vec<String>) {
    let modem = modem.start();
    let output = dial(&modem)
        .args(flags)
        .args(["5551212", "Disk full"])
        .run();
    let commands = modem.end().commands;
    (output, commands)
}

#[test]
fn what_the_modem_says_instead_of_connect_is_what_becomes_of_the_page() {
    const RESULTS: [(&[&str], i32, u64, &str); 19] = [
        (&["BUSY"], 75, 0, "the number is engaged: BUSY"),
        (&["7"], 75, 0, "the number is engaged: BUSY"),
        (&["NO CARRIER"], 75, 1, "no modem answered: NO CARRIER"),
        (&["3"], 75, 1, "no modem answered: NO CARRIER"),
        (&["NO ANSWER"], 75, 1, "nobody answered: NO ANSWER"),
        (&["8"], 75, 1, "nobody answered: NO ANSWER"),
        (&["NO DIALTONE"], 75, 1, "line is dead: NO DIALTONE"),
        (&["NO DIAL TONE"], 75, 1, "line is dead: NO DIALTONE"),
        (&["6"], 75, 1, "line is dead: NO DIALTONE"),
        (&["RING", "VOICE"], 75, 1, "no modem answered: VOICE"),
        (&["2", "8"], 75, 1, "nobody answered: NO ANSWER"),
        (&["OK"], 75, 1, "the modem gave up dialling: OK"),
        (&["0"], 75, 1, "the modem gave up dialling: OK"),
        (&["DELAYED"], 75, 1, "again yet: DELAYED"),
        (&["24"], 75, 1, "again yet: DELAYED"),
        (&["BLACKLISTED"], 75, 1, "again: BLACKLISTED"),
        (&["32"], 75, 1, "again: BLACKLISTED"),
        (&["ERROR"], 78, 1, "does not understand ATDT5551234: ERROR"),
        (&["4"], 78, 1, "does not understand ATDT5551234: ERROR"),
    ];
    thread::scope(|scope| {
        for (results, status, attempts, text) in RESULTS {
            scope.spawn(move || {
                let (output, commands) = page(dialled(Answer::Says(results)), &[]);
                let (outcome, tried, why) = told(&output);
                let seen = (output.status, &*outcome, tried);
                assert_eq!(seen, (status, "untried", attempts), "{results:?}: {why}");
                assert!(why.contains(text), "{results:?}: {why}");
                // Where nobody answered, there is nothing to hang up.
                assert_eq!(commands, ["ATZ", "ATDT5551234"], "{results:?}");
            });
        }
    });
}

#[test]
fn an_engaged_number_is_dialled_again_and_was_no_try() {
    for (result, attempts) in [("BUSY", 1), ("NO ANSWER", 3)] {
        let scratch = scratch("modem-busy");
        let spool = scratch.join("spool");
        let mut left = 2;
        let answer = move |command: &str| match command {
            "ATDT5551234" if left > 0 => {
                left -= 1;
                Answer::Says(if result == "BUSY" {
                    &["BUSY"]
                } else {
                    &["NO ANSWER"]
                })
            }
            command => willing(command),
        };
        let modem = Modem::new(answer, central(&spool));
        let (output, commands) = page(modem, &["--retry", "2", "--retry-delay", "10ms"]);
        output.expect(0, &output.stdout, "");
        let (outcome, tried, _) = told(&output);
        assert_eq!((&*outcome, tried), ("sent", attempts), "{result}");
        assert_eq!(commands, ["ATZ", "ATDT5551234"].repeat(3));
        expect_spooled(&spool, &[("5551212", "Disk full")]);
    }
}

#[test]
fn a_modem_that_is_silent_is_not_waited_for_longer_than_it_is_said() {
    let limits = Duration::from_millis(400)..Duration::from_secs(5);
    // While it dials, which a character ends.
    let flags = ["--dial-timeout", "500ms"];
    let (output, commands) = page(dialled(Answer::Nothing), &flags);
    output.expect_status(75);
    let (outcome, tried, why) = told(&output);
    assert_eq!((&*outcome, tried), ("untried", 1));
    assert!(why.contains("no connection in time"), "{why}");
    assert_eq!(commands, ["ATZ", "ATDT5551234", "any character"]);
    assert!(limits.contains(&output.took), "{:?}", output.took);
    // From the beginning on.
    let silent = Modem::new(|_| Answer::Nothing, || unreachable!("nobody is called"));
    let (output, commands) = page(silent, &["--timeout", "500ms"]);
    output.expect_status(75);
    let (outcome, tried, why) = told(&output);
    assert_eq!((&*outcome, tried), ("untried", 1));
    assert!(why.contains("the modem does not answer"), "{why}");
    assert_eq!(commands, ["ATZ", "ATZ"]);
    assert!(limits.contains(&output.took), "{:?}", output.took);
}

#[test]
fn a_modem_that_understands_nothing_is_a_matter_of_configuration() {
    let strange = Modem::new(
        |_| Answer::Says(&["ERROR"]),
        || unreachable!("nobody is called"),
    );
    let (output, commands) = page(strange, &["--init", "AT%Q"]);
    output.expect_status(78);
    let (outcome, _, why) = told(&output);
    assert_eq!(outcome, "untried");
    assert!(why.contains("does not understand AT%Q: ERROR"), "{why}");
    assert_eq!(commands, ["AT%Q", "AT%Q"]);
}

#[test]
fn a_modem_that_is_pulled_out_is_not_waited_for() {
    for (at, commands) in [
        ("ATZ", &["ATZ"][..]),
        ("ATDT5551234", &["ATZ", "ATDT5551234"]),
    ] {
        let answer = move |command: &str| if command == at { Answer::Unplugged } else { OK };
        let modem = Modem::new(answer, || unreachable!("nobody is called"));
        let (output, heard) = page(modem, &[]);
        output.expect_status(75);
        let (outcome, _, why) = told(&output);
        assert_eq!(outcome, "untried", "{at}");
        assert!(why.contains("the line to the modem was closed"), "{why}");
        assert_eq!(heard, commands);
        assert!(output.took < Duration::from_secs(5), "{:?}", output.took);
    }
}

#[test]
fn whoever_is_stopped_while_the_modem_dials_stops_the_modem() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut modem = dialled(Answer::Nothing).start();
        let mut sending = dial(&modem).args(["5551212", "Disk full"]).spawn();
        modem.wait_for("ATDT5551234");
        sending.signal(signal);
        let output = sending.wait();
        let commands = modem.end().commands;
        output.expect_status(128 + signal.as_raw());
        assert_eq!(told(&output).0, "untried");
        assert_eq!(commands, ["ATZ", "ATDT5551234", "any character"]);
        assert!(output.took < Duration::from_secs(8), "{:?}", output.took);
    }
}

#[test]
fn a_modem_that_is_in_use_is_left_alone() {
    let mut modem = dialled(Answer::Nothing).start();
    let mut sending = dial(&modem).args(["5551212", "Disk full"]).spawn();
    modem.wait_for("ATDT5551234");
    let output = dial(&modem).args(["5551212", "Disk full"]).run();
    output.expect_status(75);
    let (outcome, tried, why) = told(&output);
    assert_eq!((&*outcome, tried), ("untried", 0));
    let expected = format!("in use by process {}", sending.pid());
    assert!(why.contains(&expected), "{why}");
    sending.signal(Signal::TERM);
    sending.wait().expect_status(128 + Signal::TERM.as_raw());
    let commands = modem.end().commands;
    assert_eq!(commands, ["ATZ", "ATDT5551234", "any character"]);
}
