//! A client that speaks by hand, whatever the server speaks.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use super::{Cmd, Running};

/// A client that listens before it speaks again.
pub(crate) struct Caller {
    pub(crate) stream: TcpStream,
}

impl Caller {
    /// A server of ours as a child of inetd's.
    pub(crate) fn inetd(server: Cmd) -> (Self, Running) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = server.inetd(listener.accept().unwrap().0).spawn();
        (Self::over(client), server)
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub(crate) fn say(&mut self, words: impl AsRef<[u8]>) {
        self.stream.write_all(words.as_ref()).unwrap();
    }

    #[track_caller]
    pub(crate) fn hear(&mut self, answer: &str) {
        let mut heard = vec![0; answer.len()];
        let read = self.stream.read_exact(&mut heard);
        let heard = heard.escape_ascii().to_string();
        assert!(read.is_ok(), "{read:?}: {heard}, not {answer:?}");
        assert_eq!(heard, answer.as_bytes().escape_ascii().to_string());
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, words: impl AsRef<[u8]>, answer: &str) {
        self.say(words);
        self.hear(answer);
    }

    /// Says nothing more, and hears what the server still says until it closes.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        let _ = self.stream.shutdown(Shutdown::Write);
        self.end()
    }

    /// The same, with something to say still.
    #[track_caller]
    pub(crate) fn end(&mut self) -> String {
        let mut rest = String::new();
        match self.stream.read_to_string(&mut rest) {
            Ok(_) => rest,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => panic!("reset; {rest:?}"),
            Err(error) => panic!("{error}; {rest:?}"),
        }
    }
}
