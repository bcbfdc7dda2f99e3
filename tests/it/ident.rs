//! Who made a connection, by a real ident server and by faulty ones.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use pagebox::access::ident::ask;
use pagebox::transport::fd::Deadline;
use pagebox::transport::stdio::Ends;

use crate::support::peers::{oidentd, skip_unless};
use crate::support::{Cmd, Fake};

/// A connection of this process with itself, and its ends as its server sees them.
fn connection() -> (TcpStream, TcpStream, Ends) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, peer) = listener.accept().unwrap();
    let ends = Ends::new(server.local_addr().unwrap(), peer);
    (client, server, ends)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

#[test]
fn oidentd_names_the_user_who_made_a_connection() {
    skip_unless!("oidentd", "tcpserver");
    let peer = oidentd();
    let (_client, _server, ends) = connection();
    let name = Cmd::new("id").arg("-un").run().stdout;
    assert_eq!(
        ask(&ends, peer.port(), soon(), None).as_deref(),
        Ok(name.trim_end())
    );

    // An IPv4 address may come to a server in the guise of an IPv6 one.
    let mapped = |end: SocketAddr| match end {
        SocketAddr::V4(end) => SocketAddr::new(end.ip().to_ipv6_mapped().into(), end.port()),
        SocketAddr::V6(_) => end,
    };
    let guised = Ends::new(mapped(ends.local), mapped(ends.peer));
    assert_eq!(guised, ends);

    // Nobody has made this one.
    let unknown = Ends {
        peer: SocketAddr::new(ends.peer.ip(), 1),
        ..ends
    };
    let why = format!("ident at {}: NO-USER", peer.addr());
    assert_eq!(ask(&unknown, peer.port(), soon(), None), Err(why));
}

/// The ends of a connection from port 4711 to our port 4224.
fn ends() -> Ends {
    Ends::new(
        "127.0.0.1:4224".parse().unwrap(),
        "127.0.0.1:4711".parse().unwrap(),
    )
}

fn asked(server: &Fake) -> Result<String, String> {
    let answer = ask(&ends(), server.port(), soon(), None);
    let place = format!("ident at {}: ", server.addr());
    answer.map_err(|why| why.strip_prefix(&place).unwrap().to_owned())
}

#[test]
fn hostile_answers_name_nobody_and_one_line_is_enough() {
    let long = format!("4711, 4224 : USERID : UNIX : {}", "x".repeat(100_000));
    let endless = "x".repeat(1_000_000);
    // The first 1000 bytes of it name somebody else.
    let cut = format!("{:<997}joesph\r\n", "4711, 4224 : USERID : UNIX :");
    for (answer, expected) in [
        ("4711, 4224 : USERID : UNIX : joe\r\n", Ok("joe")),
        (
            "4711,4224:USERID:UNIX:joe\n4711,4224:USERID:UNIX:ann\n",
            Ok("joe"),
        ),
        ("4711, 4224 : USERID : UNIX : joe", Ok("joe")),
        ("4711, 4224 : ERROR : HIDDEN-USER\r\n", Err("HIDDEN-USER")),
        (
            "4224, 4711 : USERID : UNIX : joe\r\n",
            Err("an answer about another connection"),
        ),
        (
            "4711, 4224 : USERID : UNIX : \x1b[2J\r\n",
            Err("a name that can be no login"),
        ),
        (
            "\r\n4711, 4224 : USERID : UNIX : joe\r\n",
            Err("not an answer of ident"),
        ),
        (&long, Err("an answer without an end")),
        (&endless, Err("an answer without an end")),
        (&cut, Err("an answer without an end")),
        ("", Err("closed without an answer")),
    ] {
        let said = answer.to_owned();
        let server = Fake::lockstep(move |client| {
            client.hear();
            client.say(&said);
            client.close();
        });
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(asked(&server), expected);
        assert_eq!(server.raw(), [b"4711, 4224\r\n"]);
    }
    let binary = Fake::lockstep(|client| client.say(b"\xff\x00\x1b\n"));
    assert_eq!(asked(&binary), Err("not an answer of ident".to_owned()));
}

#[test]
fn a_name_in_pieces_is_one_name() {
    let server = Fake::lockstep(|client| {
        client.hear();
        let gap = Duration::from_millis(1);
        client.say_slowly("4711, 4224 : USERID : UNIX : joe\r\n", gap);
        client.hold(Duration::from_secs(10));
    });
    assert_eq!(asked(&server).as_deref(), Ok("joe"));
}

#[test]
fn a_server_that_says_nothing_or_is_none_costs_no_more_than_the_deadline() {
    let silent = Fake::lockstep(|client| client.hold(Duration::from_secs(10)));
    let start = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(200));
    let why = format!("ident at {}: no answer in time", silent.addr());
    assert_eq!(ask(&ends(), silent.port(), deadline, None), Err(why));
    assert!(start.elapsed() < Duration::from_secs(5));

    let lost = Fake::lockstep(|client| {
        client.hear();
        client.reset();
    });
    assert_eq!(asked(&lost), Err("closed without an answer".to_owned()));

    let addr = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let why = format!("ident at {addr}: Connection refused");
    assert_eq!(ask(&ends(), addr.port(), soon(), None), Err(why));
}

#[test]
fn it_is_asked_from_the_address_that_the_connection_came_to() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    // Never leaves this machine either.
    let local = "127.0.0.2:4224".parse().unwrap();
    let ends = Ends { local, ..ends() };
    let asking = std::thread::spawn(move || ask(&ends, port, soon(), None));
    let (socket, from) = server.accept().unwrap();
    assert_eq!(from.ip(), local.ip());
    drop(socket);
    assert!(asking.join().unwrap().is_err());
}
