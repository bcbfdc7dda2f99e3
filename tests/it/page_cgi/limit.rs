//! So many requests of one address.

use std::fs;

use super::{Web, is_guarded};
use crate::support::cgi::{FORM, Reply, Request};

const FEW: &str = "[web]\nrate = \"3/1h\"\n";
const PAGE: &str = "{\"profile\": \"joe\", \"message\": \"x\"}";

fn status(request: Request) -> u16 {
    request.run().status
}

#[test]
fn who_asks_for_more_is_told_when_to_come_back() {
    let web = Web::with("cgi-limit", FEW);
    // Everything that pages counts, also where it is refused.
    assert_eq!(status(web.post("to=joe&message=x")), 303);
    assert_eq!(status(web.json("/api/page", PAGE)), 200);
    assert_eq!(status(web.json("/api/snpp/probe", "{}")), 400);
    let reply = web
        .post("to=joe&message=Fire")
        .run()
        .expect(429, "Fire</textarea>");
    let seconds: u32 = reply.header("Retry-After").unwrap().parse().unwrap();
    assert!((1150..=1200).contains(&seconds), "{seconds}");
    is_guarded(&reply);
    let reply = web.json("/api/page", PAGE).run().expect(429, "");
    assert_eq!(reply.json()["success"], false);
    assert!(reply.header("Retry-After").is_some());
    // To look does not count, and others do not.
    for _ in 0..5 {
        assert_eq!(status(web.get()), 200);
    }
    let other = |address: &str| status(web.json("/api/page", PAGE).with("REMOTE_ADDR", address));
    assert_eq!(other("192.0.2.8"), 200);
    assert_eq!(other("::ffff:192.0.2.7"), 429);
    assert_eq!(other("192.0.2.7:80"), 429);
    assert_eq!(web.queued().len(), 3);
}

#[test]
fn a_network_of_ipv6_is_one_customer() {
    let web = Web::with("cgi-limit6", FEW);
    let from = |address: &str| status(web.json("/api/page", PAGE).with("REMOTE_ADDR", address));
    for address in ["2001:db8::1", "[2001:db8::2]", "2001:db8::ffff:1%eth0"] {
        assert_eq!(from(address), 200, "{address}");
    }
    assert_eq!(from("2001:db8::3"), 429);
    assert_eq!(from("2001:db8:0:1::3"), 200);
    // All who come through a server that tells no address.
    for address in ["", "unix:", "x"] {
        assert_eq!(from(address), 200, "{address}");
    }
    assert_eq!(from(""), 429);
}

#[test]
fn of_many_at_once_as_many_are_let_through_as_may() {
    let web = Web::with("cgi-limit-many", "[web]\nrate = \"20/1h\"\n");
    let all: Vec<_> = (0..60)
        .map(|_| web.json("/api/page", PAGE).spawn())
        .collect();
    let statuses: Vec<u16> = all
        .into_iter()
        .map(|one| Reply::of(&one.wait()).status)
        .collect();
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(200), count(429)), (20, 40), "{statuses:?}");
    assert_eq!(web.queued().len(), 20);
}

#[test]
fn a_spoilt_count_begins_anew_and_says_so() {
    let web = Web::with("cgi-limit-spoilt", FEW);
    assert_eq!(status(web.json("/api/page", PAGE)), 200);
    for spoilt in [
        "x",
        "192.0.2.7 ",
        "192.0.2.7 -1\n",
        "\0\0\0",
        &"x".repeat(1 << 20),
    ] {
        web.dir.file("spool/web/limits", spoilt);
        let reply = web.json("/api/page", PAGE).run().expect(200, "");
        assert!(reply.log.contains("limits: begun anew"), "{}", reply.log);
    }
    // Whoever has all again is left out, and what is ahead of all time is none.
    web.dir.file(
        "spool/web/limits",
        "192.0.2.1 5\n192.0.2.7 18446744073709551615\n",
    );
    let form = web.request("POST").body(FORM, "to=joe&message=x");
    form.run().expect(429, "");
    web.json("/api/page", PAGE)
        .with("REMOTE_ADDR", "192.0.2.9")
        .run()
        .expect(200, "");
    let limits = web.dir.read("spool/web/limits");
    assert!(
        !limits.contains("192.0.2.1 ") && limits.contains("192.0.2.9 "),
        "{limits}"
    );
}

#[test]
fn so_many_addresses_are_known_and_no_more() {
    let web = Web::with("cgi-limit-full", "[web]\nrate = \"3/1day\"\n");
    web.get().run().expect(200, "");
    let hour = 3_600_000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let soon = now.unwrap().as_millis() + hour;
    let line = |number: u128| format!("10.1.{}.{} {}\n", number / 256, number % 256, soon + number);
    let all: String = (0..10_000).map(line).collect();
    web.dir.file("spool/web/limits", all);
    web.json("/api/page", PAGE).run().expect(200, "");
    let limits = web.dir.read("spool/web/limits");
    assert_eq!(limits.lines().count(), 10_000);
    // Whose share is nearly whole again has lost the least.
    assert!(!limits.contains("10.1.0.0 ") && limits.contains("10.1.0.1 "));
    assert!(limits.contains("192.0.2.7 "));
}

#[test]
fn a_count_that_is_in_use_is_not_waited_for_forever() {
    let web = Web::with("cgi-limit-held", FEW);
    web.json("/api/page", PAGE).run().expect(200, "");
    let held = fs::File::open(web.spool().join("web/limits")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let reply = web.json("/api/page", PAGE).run().expect(503, "");
    assert_eq!(reply.header("Retry-After"), Some("1"));
    assert!(reply.log.contains("in use for more than a second"));
}
