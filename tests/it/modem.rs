//! A call over a modem, which a thread plays on a pseudo terminal.

use std::path::Path;
use std::thread;
use std::time::Duration;

use pagebox::exit::Exit;
use pagebox::protocol::modem::{End, Modem, Settings};
use pagebox::protocol::{Input, Phase};
use pagebox::session::{Pause, Session};
use pagebox::transport::fd::{Deadline, Got, Line};
use pagebox::transport::serial::{self, Serial};
use pagebox::transport::trace::Trace;

use crate::support::{Pty, Scratch, scratch};

fn open(device: &Path) -> (Serial, Scratch) {
    let locks = scratch("locks");
    let settings = serial::Settings {
        lock_dir: locks.to_path_buf(),
        ..serial::Settings::default()
    };
    (Serial::open(device, &settings).unwrap(), locks)
}

fn dial() -> Modem {
    Modem::dial(Settings {
        init: vec!["ATZ".to_owned(), "ATX4".to_owned()],
        dial_command: "ATDT".to_owned(),
        number: "5551234".to_owned(),
    })
}

/// A moment for what is silence, and long enough for what is an answer.
fn patience(phase: Phase) -> Deadline {
    Deadline::after(match phase {
        Phase::Pause => Duration::from_millis(50),
        _ => Duration::from_secs(10),
    })
}

/// How a dialogue ends, and what was said in it.
fn run(modem: Modem, line: Line) -> (End, Vec<String>) {
    let mut trace = Trace::new(None, true);
    let mut session = Session::new(modem, line);
    match session.run(Input::Start, &patience, &mut trace, None) {
        Pause::Done(end) => (end, trace.take_transcript().unwrap()),
        other => panic!("{other:?}"),
    }
}

/// Hears commands, repeats and answers them: until one is not the next of these.
fn play(pty: &mut Pty, answers: &[(&str, &str)]) {
    for (command, answer) in answers {
        let heard = pty.read_to(b'\r');
        assert_eq!(heard, format!("{command}\r").as_bytes());
        pty.write(&heard);
        pty.write(format!("\r\n{answer}\r\n").as_bytes());
    }
}

#[test]
fn a_call_there_and_back() {
    let mut pty = Pty::new();
    let (serial, _locks) = open(pty.path());
    let modem = thread::spawn(move || {
        play(
            &mut pty,
            &[
                ("ATZ", "OK"),
                ("ATX4", "OK"),
                ("ATDT5551234", "CARRIER 1200\r\n\r\nCONNECT 1200"),
            ],
        );
        pty.write(b"ID=");
        assert_eq!(pty.read(5), b"\x1bPG1\r");
        // As if from the midst of a sentence.
        assert_eq!(pty.read(3), b"+++");
        pty.write(b"\r\nOK\r\n");
        play(&mut pty, &[("ATH0", "OK")]);
    });
    let (end, transcript) = run(dial(), serial.line().unwrap());
    let End::Connected { text, rest } = end else {
        panic!("{end:?}");
    };
    assert_eq!(text, "CONNECT 1200");
    assert_eq!(
        transcript,
        [
            "C: ATZ",
            "S: ATZ",
            "S: OK",
            "C: ATX4",
            "S: ATX4",
            "S: OK",
            "C: ATDT5551234",
            "S: ATDT5551234",
            "S: CARRIER 1200",
            "S: CONNECT 1200",
        ]
    );
    // Nothing of the far end is lost between the two.
    let mut line = serial.line().unwrap();
    line.unread(&rest);
    let mut heard = Vec::new();
    while heard.len() < b"\nID=".len() {
        let mut chunk = [0; 9];
        match line.read(&mut chunk, patience(Phase::Prompt), None) {
            Got::Bytes(length) => heard.extend_from_slice(&chunk[..length]),
            other => panic!("{other:?} behind {heard:?}"),
        }
    }
    assert_eq!(heard, b"\nID=");
    line.write(b"\x1bPG1\r", patience(Phase::Reply), None)
        .unwrap();
    let (end, _) = run(Modem::hang_up(), serial.line().unwrap());
    assert_eq!(end, End::HungUp { confirmed: true });
    modem.join().unwrap();
}

#[test]
fn an_engaged_number_is_no_try() {
    let mut pty = Pty::new();
    let (serial, _locks) = open(pty.path());
    let modem = thread::spawn(move || {
        let answers = [("ATZ", "OK"), ("ATX4", "OK"), ("ATDT5551234", "BUSY")];
        play(&mut pty, &answers);
        pty
    });
    let (end, _) = run(dial(), serial.line().unwrap());
    let text = "the number is engaged: BUSY".to_owned();
    let (exit, counts) = (Exit::TempFail, false);
    assert_eq!(end, End::Failed { exit, text, counts });
    drop(modem.join().unwrap());
}

#[test]
fn a_modem_that_is_pulled_out_while_it_dials_is_not_waited_for() {
    let mut pty = Pty::new();
    let (serial, _locks) = open(pty.path());
    let modem = thread::spawn(move || {
        play(&mut pty, &[("ATZ", "OK"), ("ATX4", "OK")]);
        pty.read_to(b'\r');
    });
    let (end, _) = run(dial(), serial.line().unwrap());
    let text = "the line to the modem was closed".to_owned();
    let (exit, counts) = (Exit::TempFail, true);
    assert_eq!(end, End::Failed { exit, text, counts });
    modem.join().unwrap();
}
