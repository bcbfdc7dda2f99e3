//! Clients that talk without end, and clients that do not listen.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::onslaught::{pages, pipe};
use crate::snpp_serve::{Talk, said, serve};
use crate::support::{Cmd, Scratch, scratch};

/// More than any pipe or socket holds.
fn many_questions() -> Vec<u8> {
    let questions = b"RESE\r\nPAGE 1\r\nHELP\r\nSEND\r\nMESS x\r\n";
    questions.repeat(20_000)
}

/// A server that is to end soon, whatever its client does.
fn impatient(scratch: &Scratch) -> Cmd {
    let server = serve(scratch).args(["--session-timeout", "500ms"]);
    server.limit(Duration::from_secs(5))
}

#[test]
fn a_client_that_never_stops_talking_is_left_when_the_session_is_over() {
    let scratch = scratch("onslaught-talker");
    let (mut talk, server) = Talk::inetd(impatient(&scratch));
    let mut writer = talk.lines.get_ref().try_clone().unwrap();
    // It listens all the while: there is always more to read, and never a moment of silence.
    let talker = thread::spawn(move || while writer.write_all(&many_questions()).is_ok() {});
    let started = Instant::now();
    let mut chunk = [0; 4096];
    loop {
        match talk.lines.read(&mut chunk) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Closed with words of ours unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
        let late = started.elapsed() > Duration::from_secs(5);
        assert!(!late, "still there after 5 s, of a session of 500 ms");
    }
    drop(talk);
    server.wait().expect(0, "", "");
    talker.join().unwrap();
    assert_eq!(pages(&scratch), []);
}

#[test]
fn a_client_that_never_listens_is_left_when_the_session_is_over() {
    let scratch = scratch("onslaught-deaf");
    let (client, socket) = UnixStream::pair().unwrap();
    let out = socket.try_clone().unwrap();
    let server = impatient(&scratch).stdin_from(socket).stdout_to(out);
    let server = server.spawn();
    let talker = thread::spawn(move || while (&client).write_all(&many_questions()).is_ok() {});
    server.wait().expect_status(0);
    talker.join().unwrap();
    assert_eq!(pages(&scratch), []);
}

#[test]
fn a_pipe_that_nobody_empties_is_left_when_the_session_is_over() {
    let scratch = scratch("onslaught-pipes");
    let (_held, out) = pipe();
    let (input, client) = pipe();
    let server = impatient(&scratch).stdin_from(input).stdout_to(out);
    let server = server.spawn();
    let questions = many_questions();
    let talker =
        thread::spawn(move || while rustix::io::write(client.as_fd(), &questions).is_ok() {});
    server.wait().expect_status(0);
    talker.join().unwrap();
    assert_eq!(pages(&scratch), []);
}

#[test]
fn replies_that_found_no_room_do_not_shift_those_behind_them() {
    let scratch = scratch("onslaught-shift");
    let questions = many_questions();
    let all = said(&scratch, &questions).stdout;
    let (client, socket) = UnixStream::pair().unwrap();
    let out = socket.try_clone().unwrap();
    let idle = ["--idle-timeout", "200ms", "--session-timeout", "3s"];
    let server = serve(&scratch).args(idle);
    let mut server = server.stdin_from(socket).stdout_to(out).spawn();
    let mut writer = client.try_clone().unwrap();
    // Unless the server has left before it came to an end.
    let talker = thread::spawn(move || writer.write_all(&questions).is_ok());
    // Deaf for longer than the server may wait for us.
    let started = Instant::now();
    while !server.has_ended() && started.elapsed() < Duration::from_secs(1) {
        thread::sleep(Duration::from_millis(10));
    }
    let mut heard = Vec::new();
    if let Err(error) = (&client).read_to_end(&mut heard) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    drop(client);
    talker.join().unwrap();
    server.wait().expect_status(0);
    // One reply lost, and a client that counts takes the next one for it: the 250 of another
    // command for the 554 of its SEND.
    let heard = String::from_utf8(heard).unwrap();
    let heard = heard
        .strip_suffix("421 Timeout, Goodbye\r\n")
        .unwrap_or(&heard);
    let same = heard.bytes().zip(all.bytes());
    let same = same.take_while(|(heard, said)| heard == said).count();
    let (before, after) = heard.split_at(same);
    assert!(
        after.is_empty(),
        "after {} replies of {}: {:?}, not {:?}",
        before.lines().count(),
        all.lines().count(),
        after.lines().take(3).collect::<Vec<_>>(),
        all[same..].lines().take(3).collect::<Vec<_>>(),
    );
}
