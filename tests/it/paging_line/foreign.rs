//! Other people's clients of TAP at our central.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{block, central, expect_spooled};
use crate::support::modem::{Answer, Modem, OK};
use crate::support::peers::{hylafax_at_modem, skip_unless};
use crate::support::{Cmd, eventually, scratch};

/// `sendpage` gives HylaFAX a page, `faxq` finds a modem for it, and `pagesend` calls our central,
/// which knows one pager. What HylaFAX says of its job in the end.
fn page_of_hylafax(spool: &Path, config: &Path, pager: &str) -> String {
    let central = central(spool);
    let config = config.to_owned();
    let central = move || central().arg("--config").arg(&config);
    let answer = |command: &str| match command {
        "AT+FCLASS=?" => Answer::Says(&["0,1", "OK"]),
        "ATDT5550000" => Answer::Connects(&["CONNECT 1200"]),
        _ => OK,
    };
    let modem = Modem::new(answer, central).without_echo().start();
    let hylafax = hylafax_at_modem(modem.path());
    Cmd::new("sendpage")
        .args(["-h", &hylafax.addr(), "-p", pager, "from HylaFAX"])
        .limit(Duration::from_secs(60))
        .run()
        .expect_status(0);
    let job = hylafax.dir().join("spool/doneq/q1");
    eventually("the job is done", || job.exists());
    let job = fs::read_to_string(job).unwrap();
    drop(hylafax);
    let heard = modem.end();
    let block = block(pager, "from HylaFAX");
    let caller = String::from_utf8(heard.caller).unwrap();
    assert_eq!(caller.matches(&block).count(), 1, "{caller:?}");
    let mut lines = job.lines();
    let status = lines.find_map(|line| line.strip_prefix("status:"));
    status.expect("a status").to_owned()
}

#[test]
fn pages_of_hylafax_arrive_over_a_modem() {
    skip_unless!("hfaxd", "faxq", "pagesend", "sendpage", "tcpserver", "root");
    let scratch = scratch("hylafax");
    let spool = scratch.join("spool");
    let config = scratch.file(
        "pagebox.toml",
        "route.r = { type = 'exec', command = ['true'] }\npager.5551234.route = 'r'\n",
    );
    let status = |pager| page_of_hylafax(&spool, &config, pager);
    let (known, unknown) = thread::scope(|scope| {
        let known = scope.spawn(|| status("5551234"));
        let unknown = status("5559999");
        (known.join().unwrap(), unknown)
    });
    assert_eq!(known, "");
    let refused = "Message block transmit failed; paging central rejected it";
    assert_eq!(unknown, refused);
    expect_spooled(&spool, &[("5551234", "from HylaFAX")]);
}
