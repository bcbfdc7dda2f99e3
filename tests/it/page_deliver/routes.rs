//! Pages that arrive: through other people's gateways and our own, over serial lines and terminal
//! servers, on terminals, and through programs.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use super::station::{Station, shell, taking};
use crate::paging_line::{central_at, expect_spooled};
use crate::support::central::{self, OnLine};
use crate::support::login::account;
use crate::support::peers::{
    Peer, hfaxd, net_snpp_server, ser2net, skip_unless, tcpserver_snpp_serve,
};
use crate::support::utmp::utmp;
use crate::support::{Fake, NullModem, scratch};

/// A route to this gateway for all pagers.
fn gateway(addr: &str) -> String {
    format!("[route.default]\ntype = 'snpp'\nserver = ['{addr}']\n")
}

/// The fields of a row that tell what was said of it.
fn said(row: &Value) -> (String, u64, String) {
    let word = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    (
        word("outcome"),
        row["code"].as_u64().unwrap_or(0),
        word("response"),
    )
}

#[test]
fn a_perl_gateway_takes_a_page_refuses_one_and_wants_one_later() {
    skip_unless!("Net::SNPP::Server");
    let perl = net_snpp_server();
    let site = Station::new("net-snpp-route", &gateway(&perl.addr()));
    for (pager, text) in [("5551212", "Disk full"), ("joe", "x"), ("5541212", "x")] {
        site.page(&["--caller", "Ops", pager, text]);
    }
    site.pass();
    let pages = perl.pages();
    assert_eq!(pages.len(), 1);
    assert_eq!(
        (&*pages[0].pager, &*pages[0].text),
        ("5551212", "Disk full")
    );
    let receipt = site.row(&["--sent"]);
    let (outcome, code, _) = said(&receipt);
    assert_eq!((outcome.as_str(), code), ("sent", 250));
    assert_eq!(receipt["server"], perl.addr());
    let refused = site.row(&["--failed"]);
    let (outcome, code, response) = said(&refused);
    assert_eq!((outcome.as_str(), code), ("refused", 550));
    assert!(!response.is_empty(), "{refused}");
    let later = site.row(&[]);
    let (outcome, code, _) = said(&later);
    assert_eq!(
        (outcome.as_str(), code, &later["attempts"]),
        ("temporary", 554, &1.into())
    );
}

#[test]
fn hylafax_takes_a_page_and_refuses_one() {
    skip_unless!("hfaxd", "faxq", "tcpserver", "root");
    let hylafax = hfaxd();
    let site = Station::new(
        "hfaxd-route",
        &format!("{}login = 'joe'\n", gateway(&hylafax.addr())),
    );
    site.page(&["5551212", "Disk full"]);
    site.page(&["4441212", "x"]);
    site.pass();
    let pages = hylafax.pages();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(
        (&*pages[0].pager, &*pages[0].text),
        ("5551212", "Disk full")
    );
    assert_eq!(site.row(&["--sent"])["outcome"], "sent");
    let (outcome, code, _) = said(&site.row(&["--failed"]));
    assert_eq!((outcome.as_str(), code), ("refused", 550));
}

/// A gateway is gone, and comes back somewhere else.
fn arrives_later(site: &Station, gone: Peer, start: impl Fn() -> Peer) -> Peer {
    let addr = gone.addr();
    drop(gone);
    site.page(&["5551212", "Disk\nfull"]);
    site.pass();
    let row = site.row(&[]);
    assert_eq!(
        (&row["state"], &row["outcome"]),
        (&"wait".into(), &"untried".into())
    );
    assert_eq!(row["server"], addr);
    let peer = start();
    site.configure(&gateway(&peer.addr()));
    site.pass();
    assert_eq!(site.row(&["--sent"])["outcome"], "sent");
    peer
}

#[test]
fn from_spool_to_spool() {
    skip_unless!("tcpserver");
    let far = scratch("far-spool");
    let start = || tcpserver_snpp_serve(&far.join("spool"));
    let first = start();
    let site = Station::new("snpp-route", &gateway(&first.addr()));
    let _peer = arrives_later(&site, first, start);
    expect_spooled(&far.join("spool"), &[("5551212", "Disk\nfull")]);
}

#[test]
fn a_serial_line_takes_pages_to_a_central() {
    let wire = NullModem::new();
    let far = scratch("ixo-route-far");
    let central = central_at(&wire, &[], &far.join("spool"));
    let config = format!(
        "[route.default]\ntype = 'ixo'\ndevice = ['line']\n[device.line]\npath = '{}'\nbaud = 9600\nframing = '8n1'\n",
        wire.path(0).display()
    );
    let site = Station::new("ixo-route", &config);
    let pages = [
        ("5551212", "Disk full"),
        ("5551213", "Fire"),
        ("5551214", "Flood"),
    ];
    for (pager, text) in pages {
        site.page(&[pager, text]);
    }
    site.pass();
    expect_spooled(&far.join("spool"), &pages);
    drop(central);
    let sent = site.list(&["--sent"], &["outcome", "code"]);
    assert_eq!(
        sent,
        ["5551212 sent 211", "5551213 sent 211", "5551214 sent 211"]
    );
    assert_eq!(
        site.rows(&["--sent"])[0]["server"],
        wire.path(0).display().to_string()
    );
}

#[test]
fn a_terminal_server_takes_pages_to_a_central() {
    skip_unless!("ser2net");
    let wire = NullModem::new();
    let far = scratch("ser2net-route-far");
    let _central = central_at(&wire, &[], &far.join("spool"));
    let server = ser2net("", wire.path(0), "9600n81,local");
    let route = format!(
        "[route.default]\ntype = 'ixo'\nconnect = '{}'\n",
        server.addr()
    );
    let site = Station::new("ser2net-route", &route);
    let pages = [("5551212", "Disk full"), ("5551213", "Fire")];
    for (pager, text) in pages {
        site.page(&[pager, text]);
    }
    site.pass();
    expect_spooled(&far.join("spool"), &pages);
    assert_eq!(
        site.list(&["--sent"], &["outcome"]),
        ["5551212 sent", "5551213 sent"]
    );
}

#[test]
fn a_central_says_no_and_says_later() {
    let central = central::on_tcp();
    let route = format!(
        "[route.default]\ntype = 'ixo'\nconnect = '{}'\n",
        central.addr()
    );
    let site = Station::new("central-route", &route);
    for pager in ["nobody", "busy", "5551212"] {
        site.page(&[pager, "x"]);
    }
    site.pass();
    let told = |flags: &[&str]| said(&site.row(flags));
    assert_eq!(
        told(&["--failed"]),
        ("refused".into(), 511, "No such pager".into())
    );
    let later = "Cannot deliver now, try later";
    assert_eq!(told(&[]), ("temporary".into(), 512, later.into()));
    assert_eq!(
        told(&["--sent"]),
        ("sent".into(), 211, "Page accepted".into())
    );
    assert_eq!(central.connections(), 1, "one call for all");
}

#[test]
fn a_call_has_no_more_pages_than_the_central_takes() {
    let central = central::on_tcp();
    let route = format!(
        "[route.default]\ntype = 'ixo'\nconnect = '{}'\n",
        central.addr()
    );
    let site = Station::new("pages-per-call", &format!("{route}pages-per-call = 2\n"));
    for pager in ["1", "2", "3", "4", "5"] {
        site.page(&[pager, "x"]);
    }
    site.pass();
    assert_eq!(site.rows(&["--sent"]).len(), 5);
    assert_eq!(central.connections(), 3);
}

#[test]
fn a_terminal_shows_a_page() {
    skip_unless!("root");
    let jane = account();
    let mut terminal = jane.terminal(0);
    let site = Station::new("xtell-route", "");
    site.scratch
        .file("utmp", utmp(&[(&jane.name, terminal.line())]));
    site.configure(&format!(
        "pager.jane = {{ id = '{}' }}\n[route.default]\ntype = 'xtell'\n\
         proxy-command = 'xtelld --ident off --utmp @/utmp --sessions @/none'\n",
        jane.name
    ));
    site.page(&["jane", "Disk full"]);
    site.page(&["nobody-here", "x"]);
    site.pass();
    let shown = terminal.read("\r\n\x07Message from ".len());
    assert_eq!(shown, "\r\n\x07Message from ");
    assert_eq!(
        site.list(&["--sent"], &["outcome", "code"]),
        ["jane sent 200"]
    );
    let (outcome, code, _) = said(&site.row(&["--failed"]));
    assert_eq!((outcome.as_str(), code), ("refused", 403));
}

#[test]
fn who_sends_a_page_does_not_choose_the_host() {
    let touch = "proxy-command = 'touch @/out'\n";
    let default = format!("[route.default]\ntype = 'xtell'\n{touch}");
    let site = Station::new("xtell-host", &default);
    let page = site.run("page").args(["root@127.0.0.1", "x"]).run();
    page.expect_status(67);
    site.job("first", "To: root@127.0.0.1\n\nx\n");
    site.pass();
    let row = site.row(&["--failed"]);
    let (outcome, _, why) = said(&row);
    assert_eq!(outcome, "refused");
    assert!(why.contains("no route to it"), "{why}");
    site.pageq(&["remove", row["id"].as_str().unwrap()]);

    // Nor where that route stands in for another one.
    let first = shell("default", "exit 75");
    site.configure(&format!(
        "{first}retry = 0\nfallback = 'x'\n[route.x]\ntype = 'xtell'\n{touch}"
    ));
    site.page(&["root@127.0.0.1", "x"]);
    site.pass();
    let (outcome, _, why) = said(&site.row(&["--failed"]));
    assert_eq!(outcome, "refused");
    assert!(why.contains("no ID with an @"), "{why}");
    assert!(!site.scratch.join("out").exists());

    // What stands in the configuration is its affair.
    site.configure(&format!("pager.joe.id = \"root\\u0040h\"\n{default}"));
    site.page(&["joe", "x"]);
    site.pass();
    assert!(site.scratch.join("out").exists());
}

/// A program of one's own that reads pages as CSV, once for all of them.
#[test]
fn a_shell_is_a_route() {
    let script = r#"echo row,outcome,code,response; row=0; read head; echo run >>"$0/runs"; while read line; do row=$((row + 1)); echo "$line" >>"$0/out"; case $line in *joe*) echo $row,refused,42,not today;; *) echo $row,sent,,;; esac; done"#;
    let route =
        format!("[route.default]\ntype = 'csv'\ncommand = ['sh', '-c', '''{script}''', '@']\n");
    let site = Station::new("csv-route", &route);
    for pager in ["ann", "joe", "bob"] {
        site.page(&[pager, "Hi"]);
    }
    site.pass();
    assert_eq!(site.scratch.read("runs"), "run\n", "one child for all");
    assert_eq!(site.out().matches("Hi").count(), 3);
    assert_eq!(
        site.list(&["--sent"], &["outcome"]),
        ["ann sent", "bob sent"]
    );
    assert_eq!(
        said(&site.row(&["--failed"])),
        ("refused".into(), 42, "not today".into())
    );
}

/// What another program has locked, as serial programs do.
fn locked(line: &OnLine) -> File {
    let device = File::options()
        .read(true)
        .write(true)
        .open(line.path())
        .unwrap();
    flock(&device, FlockOperation::NonBlockingLockExclusive).unwrap();
    device
}

/// Two lines for one route.
fn two_lines(one: &OnLine, two: &OnLine) -> String {
    let device = |name: &str, line: &OnLine| {
        format!(
            "[device.{name}]\npath = '{}'\nframing = '8n1'\n",
            line.path().display()
        )
    };
    format!(
        "[route.default]\ntype = 'ixo'\ndevice = ['one', 'two']\n{}{}",
        device("one", one),
        device("two", two)
    )
}

#[test]
fn a_line_in_use_leaves_its_pages_to_the_next_one() {
    let (one, two) = (OnLine::new(), OnLine::new());
    let site = Station::new("devices", &two_lines(&one, &two));
    let servers = || -> Vec<String> {
        let rows = site.rows(&["--sent"]);
        rows.iter()
            .map(|row| row["server"].as_str().unwrap().to_owned())
            .collect()
    };
    let [first, second] = [&one, &two].map(|line| line.path().display().to_string());
    site.page(&["1", "x"]);
    site.pass();
    assert_eq!(servers(), [&*first], "in order");
    let in_use = locked(&one);
    for pager in ["2", "3", "4"] {
        site.page(&[pager, "x"]);
    }
    site.pass();
    let mut all = servers();
    all.sort();
    let mut expected = [&*first, &*second, &*second, &*second];
    expected.sort_unstable();
    assert_eq!(all, expected);
    // Both.
    let both = locked(&two);
    site.page(&["5", "x"]);
    site.pass();
    let row = site.row(&[]);
    assert_eq!(
        (&row["state"], &row["attempts"]),
        (&"wait".into(), &0.into())
    );
    let (outcome, _, why) = said(&row);
    assert!(outcome == "untried" && why.contains("in use"), "{row}");
    drop((in_use, both));
    site.pass();
    assert_eq!(site.rows(&["--sent"]).len(), 5);
    site.is_empty();
}

#[test]
fn two_routes_take_turns_on_one_line() {
    let line = OnLine::new();
    let route = |name: &str| format!("[route.{name}]\ntype = 'ixo'\ndevice = ['line']\n");
    let config = format!(
        "pager.ann.route = 'a'\npager.bob.route = 'b'\n{}{}[device.line]\npath = '{}'\nframing = '8n1'\n",
        route("a"),
        route("b"),
        line.path().display()
    );
    let site = Station::new("shared-line", &config);
    for _ in 0..2 {
        for name in ["ann", "bob"] {
            site.page(&[name, "x"]);
        }
    }
    site.pass();
    let sent = site.list(&["--sent"], &["route", "outcome"]);
    assert_eq!(
        sent,
        ["ann a sent", "ann a sent", "bob b sent", "bob b sent"]
    );
    site.is_empty();
}

/// What one route does is nothing to the others.
#[test]
fn a_gateway_that_is_silent_holds_up_nobody_else() {
    let silent = Fake::replies(&[("greeting", crate::support::fake::SILENCE)]);
    let config = format!(
        "pager.ann.route = 'a'\npager.bob.route = 'b'\n[route.a]\ntype = 'snpp'\nserver = ['{}']\n{}",
        silent.addr(),
        taking("b")
    );
    let site = Station::new("silent-route", &config);
    let _watch = site.watch();
    site.page(&["ann", "x"]);
    crate::support::eventually("it is asked", || {
        site.rows(&[]).iter().any(|row| row["state"] == "active")
    });
    site.page(&["bob", "x"]);
    crate::support::eventually("the other goes", || site.out() == "bob: x\n");
}

#[test]
fn an_exec_route_says_by_its_status() {
    let script = r"case $PAGEBOX_PAGER in joe) exit 67;; late) exit 75;; lost) exit 79;; esac";
    let site = Station::new("exec-route", &shell("default", script));
    for pager in ["ann", "joe", "late", "lost"] {
        site.page(&[pager, "x"]);
    }
    site.pass();
    assert_eq!(site.list(&["--sent"], &["outcome"]), ["ann sent"]);
    assert_eq!(site.list(&["--failed"], &["outcome"]), ["joe refused"]);
    let waiting = site.list(&[], &["state", "outcome"]);
    assert_eq!(waiting, ["late wait temporary", "lost held unknown"]);
}
