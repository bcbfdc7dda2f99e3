//! Calls over a modem that come about: what the modem hears, and what becomes of the pages when
//! the call is lost.

use std::thread;
use std::time::Duration;

use super::{central, dial, expect_spooled, patient_central, told, willing};
use crate::support::modem::{Answer, Mishap, Modem, OK};
use crate::support::{scratch, spooled};

const CALL: &[u8] = b"\r\x1bPG1\r\x025551212\rDisk full\r\x034>2\r\x04\r";
const SENT: &str = "211 Page accepted";

#[test]
fn a_page_goes_over_a_modem_into_a_spool() {
    type Make = fn(&std::path::Path) -> Modem;
    let makes: [(Make, &[&str]); 4] = [
        // The central hangs up, the modem says so, and there is nothing left to do.
        (
            |spool| Modem::new(willing, central(spool)),
            &["ATZ", "ATDT5551234"],
        ),
        (
            |spool| Modem::new(willing, central(spool)).without_echo(),
            &["ATZ", "ATDT5551234"],
        ),
        (
            |spool| {
                let answer = |command: &str| match command {
                    "ATZ" => Answer::Says(&["0"]),
                    _ => Answer::Connects(&["5"]),
                };
                Modem::new(answer, central(spool)).losing("3")
            },
            &["ATZ", "ATDT5551234"],
        ),
        (
            |spool| Modem::new(willing, patient_central(spool)),
            &["ATZ", "ATDT5551234", "+++", "ATH0"],
        ),
    ];
    thread::scope(|scope| {
        for (make, commands) in makes {
            scope.spawn(move || {
                let scratch = scratch("modem-page");
                let spool = scratch.join("spool");
                let modem = make(&spool).start();
                let output = dial(&modem).args(["5551212", "Disk full"]).run();
                let heard = modem.end();
                output.expect(0, &output.stdout, "");
                assert_eq!(told(&output), ("sent".into(), 1, SENT.into()));
                assert_eq!(heard.commands, commands);
                assert_eq!(
                    heard.caller.escape_ascii().to_string(),
                    CALL.escape_ascii().to_string()
                );
                expect_spooled(&spool, &[("5551212", "Disk full")]);
            });
        }
    });
}

#[test]
fn the_modem_is_told_what_the_user_says() {
    let scratch = scratch("modem-init");
    let spool = scratch.join("spool");
    let mut refused = false;
    let answer = move |command: &str| match command {
        // Some do not understand the first words after they have slept.
        "ATE0V1" if !refused => {
            refused = true;
            Answer::Says(&["ERROR"])
        }
        "ATDP0W5551234" => {
            Answer::Connects(&["CARRIER 1200", "PROTOCOL: NONE", "CONNECT 1200/NONE"])
        }
        _ => OK,
    };
    let modem = Modem::new(answer, central(&spool)).start();
    let output = super::applet("ixo-send")
        .args(["--json", "--dial", "0W5551234", "--dial-command", "ATDP"])
        .args(["--init", "ATE0V1", "--init", "AT&C1&D2X3"])
        .arg("--device")
        .arg(modem.path())
        .args(["5551212", "Disk full"])
        .run();
    let heard = modem.end();
    output.expect(0, &output.stdout, "");
    assert_eq!(
        heard.commands,
        ["ATE0V1", "ATE0V1", "AT&C1&D2X3", "ATDP0W5551234"]
    );
    expect_spooled(&spool, &[("5551212", "Disk full")]);
}

/// Pages over a modem to which this happens, at a central that keeps the line.
fn after(mishap: Mishap) -> ((String, u64, String), i32, Vec<String>, usize) {
    let scratch = scratch("modem-mishap");
    let spool = scratch.join("spool");
    let modem = Modem::new(willing, patient_central(&spool))
        .with(mishap)
        .start();
    let output = dial(&modem)
        .args(["5551212", "Disk full"])
        .limit(Duration::from_secs(10))
        .run();
    let heard = modem.end();
    let pages = spooled::accepted(&spool).len();
    (told(&output), output.status, heard.commands, pages)
}

#[test]
fn a_call_that_is_lost_is_not_waited_for_and_nothing_is_claimed() {
    let (prompt, logon, block) = (&b"ID="[..], &b"PG1\r"[..], &b"\x034>2\r"[..]);
    let (ack, goodbye) = (&b"accepted\r\x06\r"[..], &b"\x04\r"[..]);
    thread::scope(|scope| {
        for (mishap, outcome, status, pages) in [
            (Mishap::LostAfterCaller(b"\r"), "untried", 75, 0),
            (Mishap::LostAfterCentral(prompt), "untried", 75, 0),
            (Mishap::LostAfterCaller(logon), "untried", 75, 0),
            (Mishap::LostAfterCentral(b"110 1.8\r"), "untried", 75, 0),
            (Mishap::LostAfterCaller(block), "unknown", 79, 1),
            (Mishap::LostAfterCentral(b"211 Page"), "unknown", 79, 1),
            (Mishap::LostAfterCentral(ack), "sent", 0, 1),
            (Mishap::LostAfterCaller(goodbye), "sent", 0, 1),
            (Mishap::UnpluggedAfterCaller(b"\r"), "untried", 75, 0),
            (Mishap::UnpluggedAfterCentral(prompt), "untried", 75, 0),
            (Mishap::UnpluggedAfterCaller(logon), "untried", 75, 0),
            (
                Mishap::UnpluggedAfterCentral(b"110 1.8\r"),
                "untried",
                75,
                0,
            ),
            (Mishap::UnpluggedAfterCaller(block), "unknown", 79, 1),
            (Mishap::UnpluggedAfterCentral(b"211 Page"), "unknown", 79, 1),
            (Mishap::UnpluggedAfterCaller(goodbye), "sent", 0, 1),
        ] {
            scope.spawn(move || {
                let ((is, attempts, why), exit, commands, spooled) = after(mishap);
                let expected = (outcome, status, 1, pages);
                assert_eq!(
                    (&*is, exit, attempts, spooled),
                    expected,
                    "{mishap:?}: {why}"
                );
                let unplugged = matches!(
                    mishap,
                    Mishap::UnpluggedAfterCaller(_) | Mishap::UnpluggedAfterCentral(_)
                );
                let (lost, unknown) = ("NO CARRIER", "the page may have been accepted");
                match outcome {
                    "untried" => assert_eq!(why.contains(lost), !unplugged, "{mishap:?}: {why}"),
                    "unknown" => assert!(why.contains(unknown), "{mishap:?}: {why}"),
                    _ => assert_eq!(why, SENT, "{mishap:?}"),
                }
                // A modem that has lost its carrier may be told to hang up or not.
                assert_eq!(commands[..2], ["ATZ", "ATDT5551234"]);
            });
        }
    });
}

#[test]
fn a_page_about_a_lost_carrier_is_no_lost_carrier() {
    let scratch = scratch("modem-echo");
    let spool = scratch.join("spool");
    let modem = Modem::new(willing, central(&spool)).echoing_calls().start();
    let text = "NO CARRIER";
    let output = dial(&modem).args(["5551212", text]).run();
    let heard = modem.end();
    output.expect(0, &output.stdout, "");
    assert_eq!(told(&output), ("sent".into(), 1, SENT.into()));
    assert_eq!(heard.commands, ["ATZ", "ATDT5551234"]);
    expect_spooled(&spool, &[("5551212", text)]);
}

#[test]
fn each_call_is_hung_up_before_the_next() {
    let scratch = scratch("modem-calls");
    let spool = scratch.join("spool");
    let modem = Modem::new(willing, patient_central(&spool)).start();
    let output = dial(&modem)
        .args(["--pages-per-call", "1", "5551212,5551213", "Disk full"])
        .run();
    let heard = modem.end();
    output.expect(0, &output.stdout, "");
    let call = ["ATZ", "ATDT5551234", "+++", "ATH0"];
    assert_eq!(heard.commands, [call, call].concat());
    expect_spooled(
        &spool,
        &[("5551212", "Disk full"), ("5551213", "Disk full")],
    );
}
