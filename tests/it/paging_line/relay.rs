//! From SNPP to TAP: `snpp-send` to an `snpp-serve` whose command is `ixo-send`, and the verdicts
//! of the far central on their way back.

use crate::support::kit::link;
use crate::support::peers::{skip_unless, tcpserver_with};
use crate::support::{Output, applet, scratch};

/// A page on the whole way, to a central whose command is this script.
fn page(script: &str, flags: &[&str], text: &str) -> Output {
    let central = tcpserver_with("ixo-serve", ["--", "sh", "-c", script]);
    let address = central.addr();
    let relay = link("ixo-send").display().to_string();
    let mut relay = vec!["--", &relay, "--envelope", "--connect", &address];
    relay.extend(flags);
    let gateway = tcpserver_with("snpp-serve", relay);
    applet("snpp-send")
        .args(["-s", &gateway.addr(), "5551212", text])
        .run()
}

#[test]
fn what_a_central_says_is_what_the_submitter_hears() {
    skip_unless!("tcpserver");
    for (script, status, words) in [
        ("exit 0", 0, ""),
        // 511 of the central.
        ("exit 67", 69, ": 550 Failed, Illegal Pager ID ("),
        // 512.
        ("exit 75", 75, ": 554 Message Failed, try again later ("),
        // 515, whatever its words.
        ("exit 65", 69, ": 550 Failed, Message Refused ("),
        ("exit 79", 69, ": 550 Failed, Message Refused ("),
        // It dies with the page in its hands.
        (
            "kill -9 $PPID",
            79,
            ": 550 Outcome Unknown, May Have Been Delivered (",
        ),
    ] {
        page(script, &[], "Disk full").expect_complaint(status, "", words);
    }
}

#[test]
fn the_page_arrives_as_it_was_written() {
    skip_unless!("tcpserver");
    let scratch = scratch("relay-page");
    let script = format!(
        "echo \"$PAGEBOX_PAGER\" >{0}; cat >>{0}",
        scratch.join("page").display()
    );
    let output = page(&script, &[], "Disk full\non db01");
    output.expect(0, "", "");
    assert_eq!(scratch.read("page"), "5551212\nDisk full\non db01");
}
