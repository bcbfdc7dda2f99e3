//! Pages from their beginning to their end: queued by a shell, a socket, a gateway of ours or a
//! central of ours; asked for, answered, and waited for.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::station::{Station, shell, taking};
use crate::support::fake::HANG_UP;
use crate::support::peers::{skip_unless, tcpserver_with};
use crate::support::{Cmd, Fake, Output, eventually};

#[test]
fn a_line_of_shell_is_a_client() {
    let config = format!(
        "group.oncall.members = ['ann']\npager.ann = {{}}\n{}",
        taking("default")
    );
    let site = Station::new("shell", &config);
    let line = r#"f=$(mktemp spool/tmp/XXXXXXXXXX) && printf 'To: oncall\n\nDisk full\n' >"$f" && chmod 640 "$f" && sync "$f" && mv "$f" spool/new/"#;
    for _ in 0..2 {
        let shell = Cmd::new("sh").args(["-c", line]).dir(&*site.scratch);
        shell.run().expect(0, "", "");
    }
    site.pass();
    assert_eq!(site.out(), "ann: Disk full\nann: Disk full\n");
    site.is_empty();
}

#[test]
fn a_whole_job_comes_through_a_socket() {
    skip_unless!("tcpserver");
    let site = Station::new(
        "socket",
        &format!("pager.ann = {{}}\n{}", taking("default")),
    );
    let config = site.scratch.join("pagebox.toml");
    let args = [
        "--job".as_ref(),
        "-".as_ref(),
        "--config".as_ref(),
        config.as_os_str(),
    ];
    let peer = tcpserver_with("page", args);
    for job in ["ann\r\nDisk full\r\n", "To: ann; level=0\n\nFire\n"] {
        let mut stream = TcpStream::connect(peer.addr()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(job.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert!(heard.starts_with("queued "), "{heard}");
    }
    site.pass();
    assert_eq!(site.out(), "ann: Fire\nann: Disk full\n");
    assert_eq!(site.rows(&["--sent"])[0]["from"], "127.0.0.1");
}

/// What our servers take in is delivered as it comes.
#[test]
fn servers_and_a_deliverer_share_a_spool() {
    let site = Station::new(
        "shared-spool",
        &format!("pager.ann = {{}}\n{}", taking("default")),
    );
    let mut watch = site.watch();
    let snpp = ["-s", "x", "--proxy-command", "snpp-serve", "ann", "by SNPP"];
    site.run("snpp-send").args(snpp).run().expect_status(0);
    eventually("it is delivered", || site.out() == "ann: by SNPP\n");
    let tap = ["--proxy-command", "ixo-serve", "ann", "by TAP"];
    site.run("ixo-send").args(tap).run().expect_status(0);
    eventually("it is delivered", || site.out().ends_with("ann: by TAP\n"));
    site.page(&["ann", "by hand"]);
    eventually("it is delivered", || site.out().ends_with("ann: by hand\n"));
    watch.signal(Signal::TERM);
    watch.wait();
    site.is_empty();
    assert_eq!(site.rows(&["--sent"]).len(), 3);
}

/// A two-way page by SNPP, and its tag and pass code with a slash between.
fn two_way(site: &Station, words: &[&str]) -> String {
    let send = site
        .run("snpp-send")
        .args(["-s", "x", "--proxy-command", "snpp-serve"]);
    let output = send.args(["--two-way", "--json"]).args(words).run();
    output.expect_status(0);
    let page: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        (&page["outcome"], &page["code"]),
        (&"queued".into(), &960.into()),
        "{page}"
    );
    format!(
        "{}/{}",
        page["tag"].as_str().unwrap(),
        page["pass"].as_str().unwrap()
    )
}

fn ask(site: &Station, flag: &str, tag: &str) -> Output {
    let send = site
        .run("snpp-send")
        .args(["-s", "x", "--proxy-command", "snpp-serve"]);
    send.args([flag, tag]).run()
}

/// The code and the text that MSTA reports.
fn status(site: &Station, tag: &str) -> String {
    ask(site, "--status", tag).stdout
}

fn answering(script: &str) -> String {
    shell("default", script) + "two-way = true\n"
}

#[test]
fn who_asks_hears_what_became_of_a_page() {
    let site = Station::new("msta", &answering("true"));
    let plain = two_way(&site, &["5551212", "Hi"]);
    let asks = [
        "--reply",
        "multichoice",
        "--choice",
        "1=Yes",
        "--choice",
        "2=No",
    ];
    let asking = two_way(&site, &[&asks[..], &["5551213", "Come?"]].concat());
    site.pass();
    let told = |tag: &str| {
        status(&site, tag)
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(told(&plain), "880");
    assert_eq!(told(&asking), "861");
    let rows = site.rows(&["--sent"]);
    let row = rows.iter().find(|row| row["pager"] == "5551213").unwrap();
    site.pageq(&["reply", row["id"].as_str().unwrap(), "Yes"]);
    let answer = status(&site, &asking);
    assert!(
        answer.contains(" 888 ") && answer.contains(" 1 "),
        "{answer}"
    );
    // Nobody asks for one that was forgotten.
    ask(&site, "--forget", &plain).expect_status(0);
    site.pass();
    assert_ne!(ask(&site, "--status", &plain).status, 0);
    assert!(status(&site, &asking).contains(" 888 "));
}

#[test]
fn who_asks_hears_that_a_page_did_not_arrive() {
    let site = Station::new("msta-failed", &answering("exit 75"));
    // It has to wait, and then it is too old: an hour has passed, so to speak.
    let waits = two_way(&site, &["--expire", "1h", "5551212", "Hi"]);
    site.pass();
    assert!(
        status(&site, &waits).contains(" 960 "),
        "{}",
        status(&site, &waits)
    );
    site.configure(&(answering("true") + "expire = '1ms'\n"));
    let id = site.row(&[])["id"].as_str().unwrap().to_owned();
    site.pageq(&["retry", &id]);
    site.pass();
    assert_eq!(site.row(&["--failed"])["outcome"], "expired");
    assert!(
        status(&site, &waits).contains(" 780 "),
        "{}",
        status(&site, &waits)
    );
    // It can be tried again.
    site.configure(&answering("true"));
    site.pageq(&["retry", &id]);
    site.pass();
    assert!(
        status(&site, &waits).contains(" 880 "),
        "{}",
        status(&site, &waits)
    );
}

#[test]
fn a_page_is_waited_for() {
    let gone = Fake::replies(&[("SEND", HANG_UP)]);
    let config = format!(
        "pager.gone.route = 'gone'\ngroup.nobody.members = ['off']\n\
         pager.off.hours = 'Mo 00:00-00:01 UTC'\npager.long.max-length = 1\n\
         [route.gone]\ntype = 'snpp'\nserver = ['{}']\n{}retry = 0\noverflow = 'reject'\n",
        gone.addr(),
        shell(
            "default",
            "case $PAGEBOX_PAGER in no) exit 69;; later) exit 75;; esac"
        )
    );
    let monday = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let minute = monday.strftime("%a %H:%M").to_string();
    assert_ne!(
        minute, "Mon 00:00",
        "once a week this test cannot tell anything"
    );
    let site = Station::new("wait-fate", &config);
    let _watch = site.watch();
    for (name, fate, words) in [
        ("yes", 0, ""),
        ("long", 65, "2 characters, the limit is 1"),
        ("no", 69, "sh: exit status 69"),
        ("off", 67, "off duty until "),
        ("nobody", 67, "off duty until "),
        ("later", 75, "sh: exit status 75"),
        ("gone", 79, ""),
        ("yes,no", 69, ""),
        ("yes,later", 79, ""),
    ] {
        let page = site.run("page").args(["--wait", "15s", name, "Hi"]);
        let output = page.run();
        output.expect_status(fate);
        assert!(output.stderr.contains(words), "{name}: {}", output.stderr);
    }
}
