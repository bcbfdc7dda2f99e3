//! Telnet and RFC 2217, to a real terminal server, and to ones that misbehave.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use pagebox::exit::Exit;
use pagebox::transport::fd::{Deadline, Got, Line};
use pagebox::transport::resolve::Family;
use pagebox::transport::serial::Framing;
use pagebox::transport::{tcp, telnet};
use rustix::termios::tcgetattr;

use crate::support::Pty;
use crate::support::peers::{ser2net, skip_unless};

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

fn connect(port: u16) -> Line {
    tcp::connect("127.0.0.1", port, Family::Any, soon(), None).unwrap()
}

fn read(line: &mut Line, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut at = 0;
    while at < length {
        match line.read(&mut bytes[at..], soon(), None) {
            Got::Bytes(more) => at += more,
            other => panic!("{other:?} behind {:?}", &bytes[..at]),
        }
    }
    bytes
}

/// All that a line can carry but for XON and XOFF, which stop it.
fn all_bytes() -> Vec<u8> {
    (0..=0xFF)
        .filter(|byte| !matches!(byte, 0x11 | 0x13))
        .collect()
}

#[test]
fn a_raw_connection_carries_every_byte() {
    skip_unless!("ser2net");
    let mut pty = Pty::new();
    let peer = ser2net("", pty.path(), "1200n81,xonxoff,local");
    let mut line = connect(peer.port());
    line.write(&all_bytes(), soon(), None).unwrap();
    assert_eq!(pty.read(all_bytes().len()), all_bytes());
    pty.write(&all_bytes());
    assert_eq!(read(&mut line, all_bytes().len()), all_bytes());
}

#[test]
fn telnet_carries_every_byte() {
    skip_unless!("ser2net");
    let mut pty = Pty::new();
    let peer = ser2net("telnet", pty.path(), "1200n81,xonxoff,local");
    let mut line = telnet::plain(connect(peer.port()));
    line.write(b"\r", soon(), None).unwrap();
    assert_eq!(pty.read(1), b"\r");
    pty.write(b"ID=\xff\r");
    assert_eq!(read(&mut line, 5), b"ID=\xff\r");
    // The first CR was said before binary was agreed to, and ser2net passes its NUL on.
    line.write(b"!", soon(), None).unwrap();
    pty.read_to(b'!');
    line.write(&all_bytes(), soon(), None).unwrap();
    assert_eq!(pty.read(all_bytes().len()), all_bytes());
}

#[test]
fn rfc_2217_sets_the_line_up_first() {
    skip_unless!("ser2net");
    let mut pty = Pty::new();
    let peer = ser2net("telnet(rfc2217)", pty.path(), "9600n81,local");
    let mut line =
        telnet::rfc2217(connect(peer.port()), 1200, Framing::EightEven, soon(), None).unwrap();
    let is = tcgetattr(pty.fd()).unwrap();
    assert_eq!((is.input_speed(), is.output_speed()), (1200, 1200));
    line.write(b"\x1bPG1\r", soon(), None).unwrap();
    assert_eq!(pty.read(5), b"\x1b\x50\x47\xb1\x8d");
    pty.write(b"\xc9\x44\xbd");
    assert_eq!(read(&mut line, 3), b"ID=");
    // A pseudo terminal has no DTR; the line lives on.
    telnet::drop_dtr(&mut line, Duration::ZERO, soon(), None).unwrap();
    line.write(b"\r", soon(), None).unwrap();
    assert_eq!(pty.read(1), b"\x8d");
}

/// What `telnet::rfc2217` says to a server.
fn failure(port: u16, framing: Framing, deadline: Deadline) -> (Exit, String) {
    let line = telnet::rfc2217(connect(port), 1200, framing, deadline, None);
    let error = line.unwrap_err();
    (error.exit, error.text)
}

/// A pseudo terminal has no parity, and its server does not mind.
#[test]
fn rfc_2217_asks_for_seven_bits_and_even_parity() {
    skip_unless!("ser2net");
    let mut pty = Pty::new();
    let peer = ser2net("telnet(rfc2217)", pty.path(), "9600n81,local");
    let line = telnet::rfc2217(connect(peer.port()), 300, Framing::SevenEven, soon(), None);
    let mut line = line.unwrap();
    assert_eq!(tcgetattr(pty.fd()).unwrap().input_speed(), 300);
    line.write(b"\r\n", soon(), None).unwrap();
    assert_eq!(pty.read(2), b"\r\n");
}

#[test]
fn telnet_without_rfc_2217_says_so() {
    skip_unless!("ser2net");
    let pty = Pty::new();
    let peer = ser2net("telnet(rfc2217=false)", pty.path(), "9600n81,local");
    let (exit, text) = failure(peer.port(), Framing::EightNone, soon());
    let expected = "does not speak RFC 2217: try --telnet";
    assert_eq!((exit, &*text), (Exit::Protocol, expected));
}

#[test]
fn a_second_user_is_told_why_there_is_no_line() {
    skip_unless!("ser2net");
    let mut pty = Pty::new();
    let peer = ser2net("telnet(rfc2217)", pty.path(), "9600n81,local");
    let first = telnet::rfc2217(connect(peer.port()), 1200, Framing::EightNone, soon(), None);
    let mut first = first.unwrap();
    let (exit, text) = failure(peer.port(), Framing::EightNone, soon());
    assert_eq!(exit, Exit::TempFail);
    // It closes without having read our words, so its own may be lost.
    let why = text.strip_prefix("closed before its serial line was set up");
    assert!(matches!(why, Some("" | ": Port already in use")), "{text}");
    first.write(b"Hi", soon(), None).unwrap();
    assert_eq!(pty.read(2), b"Hi");
}

/// A server that answers what it hears, once, and then closes or listens on.
fn fake(answer: &'static [u8], stays: bool) -> (u16, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        let mut heard = vec![0; 9];
        stream.read_exact(&mut heard).unwrap();
        stream.write_all(answer).unwrap();
        if stays {
            // Whoever gives up closes with bytes unread, which is a reset.
            _ = stream.read_to_end(&mut heard);
        }
        heard
    });
    (port, server)
}

#[test]
fn a_server_that_is_none_is_not_waited_for() {
    let soon_over = || Deadline::after(Duration::from_millis(200));
    for (answer, stays, exit, text) in [
        (
            &b""[..],
            true,
            Exit::TempFail,
            "no answer in RFC 2217 in time: try --telnet, or neither",
        ),
        (
            b"",
            false,
            Exit::TempFail,
            "closed before its serial line was set up",
        ),
        (
            b"Port \x1b[2Jis busy\r\n",
            false,
            Exit::TempFail,
            "closed before its serial line was set up: Port ^[[2Jis busy",
        ),
        (
            b"\xff\xfe\x2c",
            true,
            Exit::Protocol,
            "does not speak RFC 2217: try --telnet",
        ),
        (
            b"\xff\xfd\x2c\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0",
            true,
            Exit::Config,
            "the serial line of the server does not do baud 1200, but 9600",
        ),
    ] {
        let (port, server) = fake(answer, stays);
        let failed = failure(port, Framing::SevenEven, soon_over());
        assert_eq!(failed, (exit, text.to_owned()));
        server.join().unwrap();
    }
}

#[test]
fn endless_words_end_with_the_time() {
    for (flood, exit) in [(&b"\xff\xf1"[..], Exit::TempFail), (b"ID=", Exit::Protocol)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let flood = flood.repeat(1000);
            while stream.write_all(&flood).is_ok() {}
        });
        let began = Instant::now();
        let limit = Deadline::after(Duration::from_millis(200));
        assert_eq!(failure(port, Framing::SevenEven, limit).0, exit);
        assert!(began.elapsed() < Duration::from_secs(5));
        server.join().unwrap();
    }
}

#[test]
fn commands_alone_move_no_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut line = telnet::plain(connect(listener.local_addr().unwrap().port()));
    let (mut stream, _) = listener.accept().unwrap();
    let server = thread::spawn(move || while stream.write_all(&[0xFF, 0xF1]).is_ok() {});
    let limit = Deadline::after(Duration::from_millis(100));
    assert_eq!(line.read(&mut [0; 64], limit, None), Got::TimedOut);
    assert_eq!(line.glance(&mut [0; 64]), Got::TimedOut);
    drop(line);
    server.join().unwrap();
}

#[test]
fn what_the_device_says_early_is_kept() {
    let (port, server) = fake(
        b"I\xff\xfd\x2cD\xff\xfa\x2c\x65\x00\x00\x04\xb0\xff\xf0=\
          \xff\xfa\x2c\x66\x07\xff\xf0\xff\xfa\x2c\x67\x03\xff\xf0\
          \xff\xfa\x2c\x68\x01\xff\xf0\xff\xfa\x2c\x69\x02\xff\xf0\r\n",
        true,
    );
    let mut line = telnet::rfc2217(connect(port), 1200, Framing::SevenEven, soon(), None).unwrap();
    assert_eq!(read(&mut line, 5), b"ID=\r\n");
    telnet::drop_dtr(&mut line, Duration::ZERO, soon(), None).unwrap();
    drop(line);
    assert_eq!(
        server.join().unwrap(),
        b"\xff\xfb\x2c\xff\xfb\x00\xff\xfd\x00\
          \xff\xfa\x2c\x01\x00\x00\x04\xb0\xff\xf0\
          \xff\xfa\x2c\x02\x07\xff\xf0\
          \xff\xfa\x2c\x03\x03\xff\xf0\
          \xff\xfa\x2c\x04\x01\xff\xf0\
          \xff\xfa\x2c\x05\x02\xff\xf0\
          \xff\xfa\x2c\x05\x09\xff\xf0\
          \xff\xfa\x2c\x05\x08\xff\xf0"
    );
}
