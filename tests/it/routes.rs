//! Routes of a configuration as the programs that they are: our own senders, run as children,
//! against our own servers.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use pagebox::applet::APPLETS;
use pagebox::config::Config;
use pagebox::outcome::Outcome;
use pagebox::queue::route::child::{Child, Page};
use pagebox::queue::route::program::{Program, program};
use pagebox::queue::route::verdict::Verdict;
use pagebox::transport::fd::{Deadline, wait_any};
use rustix::event::{PollFd, PollFlags};

use crate::support::fake;
use crate::support::kit::link;
use crate::support::scripted::{ACCEPTED, SILENCE, said};
use crate::support::{Central, Fake, Scratch, eventually, scratch, spooled};

/// The route `r` of a file, over its device `d` if it has one.
fn route(dir: &Scratch, text: &str) -> Program {
    let path = dir.file("pagebox.toml", text);
    let config = Config::read(&path).unwrap_or_else(|error| panic!("{error}"));
    let tables = config.tables();
    let mut program = program(&tables.route["r"], tables.device.get("d"));
    if program.name.is_some() {
        // Here it would be the program of the tests.
        program.program = env!("CARGO_BIN_EXE_pagebox").into();
    }
    program
}

fn start(program: &Program) -> Child {
    let lock = File::open("/dev/null").unwrap();
    Child::start(program, lock.as_fd()).unwrap()
}

fn page<'a>(pager: &'a str, message: &'a str) -> Page<'a> {
    Page {
        id: "id",
        pager,
        message,
        ..Page::default()
    }
}

/// Waits until there is something to read, or until the pipe has room.
#[track_caller]
fn wait(child: &Child) {
    let stdin = child.stdin().filter(|_| child.wants_to_write());
    let stdin = stdin.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::OUT));
    let stdout = child.stdout().expect("it has not ended");
    let mut fds = vec![PollFd::from_borrowed_fd(stdout, PollFlags::IN)];
    fds.extend(stdin);
    let deadline = Deadline::after(Duration::from_secs(20));
    assert!(wait_any(&mut fds, deadline).unwrap(), "it says nothing");
}

/// The next so many verdicts; fewer where it ends.
#[track_caller]
fn verdicts(child: &mut Child, count: usize) -> Vec<Verdict> {
    let mut all = Vec::new();
    while all.len() < count {
        wait(child);
        child.write().unwrap();
        let read = child.read();
        all.extend(
            read.verdicts
                .into_iter()
                .map(|verdict| verdict.expect("a verdict")),
        );
        if read.ended {
            break;
        }
    }
    all
}

#[track_caller]
fn sends(child: &mut Child, row: u64, pager: &str, message: &str) {
    assert_eq!(child.give(&page(pager, message)).unwrap(), row);
    let said = verdicts(child, 1);
    let said = said.first().expect("a verdict");
    assert_eq!((said.row, said.outcome), (row, Outcome::Sent), "{said:?}");
}

/// Closes it: it says nothing more, and all went well.
#[track_caller]
fn ends(mut child: Child) {
    child.close();
    assert_eq!(verdicts(&mut child, 1), []);
    eventually("it has ended", || child.try_wait().unwrap().is_some());
    assert!(child.try_wait().unwrap().unwrap().success());
    assert_eq!(child.take_back().unwrap(), [0_u64; 0]);
}

/// All values of the file that become flags.
const WHOLE: [&str; 6] = [
    "type = 'snpp'\nserver = ['[::1]:444', 'h']\nproxy-command = '-nc -x %h %p'\nlogin = '-joe'\n\
     password-file = '/p'\ncharset = 'utf8'\nmax-length = 80\noverflow = 'truncate'\ntwo-way = true",
    "type = 'snpp'\nproxy-command = 'nc'\nlogin = 'joe'",
    "type = 'ixo'\ndevice = ['d']\ndial = '-1'\npassword-file = '/p'\npages-per-call = 5\n\
     charset = 'ascii'\nmax-length = 80\noverflow = 'split'",
    "type = 'ixo'\nconnect = 'h:1'",
    "type = 'ixo'\nproxy-command = '-nc'",
    "type = 'xtell'\nserver = ['a:1', 'b']\nproxy-command = '-nc'\ncharset = 'ascii'\n\
     max-length = 80\noverflow = 'reject'",
];

#[test]
fn our_own_programs_take_the_flags_that_they_are_given() {
    let dir = scratch("routes-flags");
    for keys in WHOLE {
        let device = keys.contains("device").then_some(
            "[device.d]\npath = '/dev/ttyS0'\nbaud = 300\nframing = '8n1'\ninit = ['-x', 'ATZ']\n\
             dial-command = '-ATDP'\n",
        );
        let text = format!("{}[route.r]\n{keys}\n", device.unwrap_or_default());
        let program = route(&dir, &text);
        let (name, _) = program.args.split_first().unwrap();
        let applet = APPLETS.iter().find(|applet| applet.name == *name);
        let command = (applet.expect("one of ours").command)();
        let taken = command.try_get_matches_from(&program.args);
        assert!(taken.is_ok(), "{keys}: {}", taken.unwrap_err());
    }
}

fn snpp_serve(spool: &Path) -> String {
    format!(
        "[route.r]\ntype = 'snpp'\nproxy-command = '{} --spool {}'\n",
        link("snpp-serve").display(),
        spool.display()
    )
}

#[test]
fn a_gateway_has_answered_before_the_next_page_is_given() {
    let dir = scratch("routes-snpp");
    let spool = dir.join("spool");
    let program = route(&dir, &snpp_serve(&spool));
    let mut child = start(&program);
    assert_eq!(program.at_once, 1);
    for (row, text) in [(1, "Disk full"), (2, "a\nb, \"c\""), (3, "ä")] {
        sends(&mut child, row, "5551212", text);
        let there = spooled::accepted(&spool);
        assert_eq!(there.len() as u64, row);
        assert!(there.iter().any(|(_, page)| page.text == text.as_bytes()));
    }
    ends(child);
}

#[test]
fn a_page_that_is_refused_says_by_whom() {
    let dir = scratch("routes-refused");
    let fake = Fake::replies(&[("PAGE 2", "550 Invalid Pager ID"), ("SEND", "554 Busy")]);
    let text = format!("[route.r]\ntype = 'snpp'\nserver = ['{}']\n", fake.addr());
    let mut child = start(&route(&dir, &text));
    let refused = [
        ("1", Outcome::Temporary, 554, "Busy"),
        ("2", Outcome::Refused, 550, "Invalid Pager ID"),
    ];
    for (pager, outcome, code, response) in refused {
        child.give(&page(pager, "x")).unwrap();
        let verdict = verdicts(&mut child, 1).remove(0);
        assert_eq!((verdict.outcome, verdict.code), (outcome, Some(code)));
        assert_eq!(
            (&*verdict.response, verdict.server),
            (response, fake.addr())
        );
        assert_eq!((verdict.attempts, &*verdict.parts), (1, "0/1"));
    }
    // It asks nobody for a password that no file has, and two-way pages have tags.
    let fake = Fake::replies(&[("2WAY", "250 ok"), ("SEND", "960 00321 4711 queued")]);
    let text = format!(
        "[route.r]\ntype = 'snpp'\nserver = ['{}']\nlogin = 'joe'\ntwo-way = true\n",
        fake.addr()
    );
    let mut child = start(&route(&dir, &text));
    child.give(&page("1", "x")).unwrap();
    let verdict = verdicts(&mut child, 1).remove(0);
    assert_eq!(verdict.outcome, Outcome::Queued, "{verdict:?}");
    assert_eq!(verdict.tag.expect("a tag").0, "00321");
    assert_eq!(fake.heard_so_far()[0], "LOGI joe");
    child.close();
    verdicts(&mut child, 1);
}

#[test]
fn a_central_takes_two_pages_in_one_call() {
    let dir = scratch("routes-ixo");
    let central = Central::default().on_tcp();
    let text = format!("[route.r]\ntype = 'ixo'\nconnect = '{}'\n", central.addr());
    let program = route(&dir, &text);
    assert_eq!(program.at_once, 2);
    let mut child = start(&program);
    // It is there, and calls nobody yet.
    wait(&child);
    assert!(child.read().verdicts.is_empty());
    assert_eq!(central.connections(), 0);
    for pager in ["1", "2"] {
        child.give(&page(pager, "Hi")).unwrap();
    }
    // Both verdicts are out while more may come.
    let both = verdicts(&mut child, 2);
    assert_eq!(both.iter().map(|said| said.row).collect::<Vec<_>>(), [1, 2]);
    assert!(both.iter().all(|said| said.outcome == Outcome::Sent));
    ends(child);
    let calls = said(&central);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].contains("<STX>1<CR>Hi<CR>"), "{calls:?}");
    assert!(calls[0].contains("<STX>2<CR>Hi<CR>"), "{calls:?}");
}

#[test]
fn the_first_verdict_does_not_wait_for_the_second() {
    let dir = scratch("routes-flushed");
    let central = Central::verdicts(&[ACCEPTED, SILENCE]).on_tcp();
    let text = format!("[route.r]\ntype = 'ixo'\nconnect = '{}'\n", central.addr());
    let mut child = start(&route(&dir, &text));
    for pager in ["1", "2"] {
        child.give(&page(pager, "Hi")).unwrap();
    }
    let said = verdicts(&mut child, 1);
    assert_eq!((said[0].row, said[0].outcome), (1, Outcome::Sent));
    central.wait_for("\u{2}2");
    child.kill();
    assert_eq!(verdicts(&mut child, 1), []);
    // It has read both, so nobody knows of the second.
    assert_eq!(child.take_back().unwrap(), [0_u64; 0]);
}

#[test]
fn a_central_answers_the_first_page_before_there_is_a_second() {
    let dir = scratch("routes-ixo-serve");
    let spool = dir.join("spool");
    let serve = link("ixo-serve");
    let text = format!(
        "[route.r]\ntype = 'ixo'\nproxy-command = '{} --spool {}'\n",
        serve.display(),
        spool.display()
    );
    let mut child = start(&route(&dir, &text));
    for row in 1..=3 {
        sends(&mut child, row, "5551212", &format!("page {row}"));
        assert_eq!(spooled::accepted(&spool).len() as u64, row);
    }
    ends(child);
}

#[test]
fn a_modem_dials_once_there_is_a_page() {
    let dir = scratch("routes-modem");
    let line = Central::default().on_line();
    let text = format!(
        "[route.r]\ntype = 'ixo'\ndevice = ['d']\ndial = '555-1212'\n\
         [device.d]\npath = '{}'\ninit = ['ATZ', 'ATM0']\ndial-command = 'ATDP'\n",
        line.path().display()
    );
    let mut child = start(&route(&dir, &text));
    wait(&child);
    assert!(child.read().verdicts.is_empty());
    assert_eq!(line.heard(), "");
    sends(&mut child, 1, "1", "Hi");
    ends(child);
    let heard = line.heard();
    for words in ["ATZ<CR>ATM0<CR>ATDP555-1212<CR>", "<STX>1<CR>Hi<CR>"] {
        assert!(heard.contains(words), "{heard}");
    }
    assert_eq!(heard.matches("ATDP").count(), 1);
}

#[test]
fn a_terminal_is_told_each_message_in_its_turn() {
    let dir = scratch("routes-xtell");
    let fake = Fake::lockstep(|client| {
        while let Some(line) = client.hear().filter(|line| line != "QUIT") {
            client.say(match line.split(':').nth(1) {
                Some("nobody") => "403 user is not currently logged in\r\n",
                _ => "200 message sent\r\n",
            });
        }
    });
    let text = format!("[route.r]\ntype = 'xtell'\nserver = ['{}']\n", fake.addr());
    let mut child = start(&route(&dir, &text));
    sends(&mut child, 1, "jane", "Disk full");
    child.give(&page("nobody", "x")).unwrap();
    let refused = verdicts(&mut child, 1).remove(0);
    assert!(!refused.outcome.accepted(), "{refused:?}");
    assert_eq!(refused.code, Some(403));
    sends(&mut child, 3, "jane", "Disk empty");
    child.close();
    verdicts(&mut child, 1);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn what_one_of_ours_has_not_read_comes_back() {
    let dir = scratch("routes-killed");
    let fake = Fake::replies(&[("SEND", fake::SILENCE)]);
    let text = format!("[route.r]\ntype = 'snpp'\nserver = ['{}']\n", fake.addr());
    let mut child = start(&route(&dir, &text));
    child.give(&page("1", "x")).unwrap();
    fake.wait_for("SEND");
    child.give(&page("2", "x")).unwrap();
    child.kill();
    assert_eq!(verdicts(&mut child, 1), []);
    assert_eq!(child.take_back().unwrap(), [2]);
    assert!(!fake.heard().contains(&"PAGE 2".to_owned()));
}
