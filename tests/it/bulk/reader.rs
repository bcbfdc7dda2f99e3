//! The senders' side of the contract: each verdict is told before the next page is begun, and
//! nothing is begun any more once nobody reads the verdicts.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process};

use super::{HEADER, count, numbered, outcomes};
use crate::support::desk::Desk;
use crate::support::{Cmd, Fake, Running, applet, eventually, scratch};

/// A sender, and what its gateway hears and says.
struct Kind {
    applet: &'static str,
    /// In front of the gateway's address; none where it is part of the pager.
    flag: Option<&'static str>,
    greeting: &'static str,
    ending: &'static [u8],
    is_page: fn(&str) -> bool,
    answer: fn(&str) -> &'static str,
    farewell: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        applet: "snpp-send",
        flag: Some("-s"),
        greeting: "220 hi\r\n",
        ending: b"\n",
        is_page: |line| line == "SEND",
        answer: super::polite,
        farewell: "QUIT",
    },
    Kind {
        applet: "ixo-send",
        flag: Some("--connect"),
        greeting: "",
        ending: b"\r",
        is_page: |line| line.starts_with('\x03'),
        answer: |line| match line.as_bytes() {
            [] => "ID=",
            [0x1B, ..] => "110 1.8\r\x06\r\x1b[p\r",
            [0x03, ..] => "211 Page accepted\r\x06\r",
            [0x04] => "115 Goodbye\r\x1b\x04\r",
            _ => "",
        },
        farewell: "\x04",
    },
    Kind {
        applet: "xtell",
        flag: None,
        greeting: "",
        ending: b"\n",
        is_page: |line| line != "QUIT",
        answer: |_| "200 message sent\r\n",
        farewell: "QUIT",
    },
];

impl Kind {
    /// A gateway that answers the second page only when it is told to.
    fn gateway(&'static self) -> (Fake, mpsc::Sender<()>) {
        let (release, held) = mpsc::channel();
        let (held, pages) = (Mutex::new(held), AtomicUsize::new(0));
        let fake = Fake::lockstep(move |client| {
            client.say(self.greeting);
            while let Some(line) = client.hear_through(self.ending) {
                if (self.is_page)(&line) && pages.fetch_add(1, Ordering::Relaxed) == 1 {
                    // Or the test is over.
                    let _ = held.lock().unwrap().recv();
                }
                client.say((self.answer)(&line));
                if line == self.farewell {
                    return;
                }
            }
        });
        (fake, release)
    }

    fn words(&self, fake: &Fake) -> Vec<String> {
        let flag = self.flag.map(|flag| [flag.to_owned(), fake.addr()]);
        let csv = ["--csv", "-"].map(str::to_owned);
        flag.into_iter().flatten().chain(csv).collect()
    }

    fn row(&self, fake: &Fake, row: usize) -> String {
        match self.flag {
            Some(_) => format!("{row},text {row}\n"),
            None => format!("u{row}@{},text {row}\n", fake.addr()),
        }
    }

    fn rows(&self, fake: &Fake, rows: std::ops::RangeInclusive<usize>) -> String {
        rows.map(|row| self.row(fake, row)).collect()
    }

    /// Pages that are out so far.
    fn sent(&self, fake: &Fake) -> usize {
        let heard = fake.heard_so_far();
        heard.iter().filter(|line| (self.is_page)(line)).count()
    }
}

/// Whoever reads the results of a run.
struct Reader {
    lines: BufReader<File>,
    /// For a look at whether anybody reads.
    end: OwnedFd,
}

impl Reader {
    /// A reader, and what it reads from.
    fn new() -> (Self, OwnedFd) {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let end = writer.try_clone().unwrap();
        let lines = BufReader::new(File::from(reader));
        (Self { lines, end }, writer)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// Reads no more. A process that another test has just forked may keep it for a moment.
    fn go(self) {
        drop(self.lines);
        let mut end = [PollFd::new(&self.end, PollFlags::empty())];
        let limit = Timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        poll(&mut end, Some(&limit)).unwrap();
        assert!(end[0].revents().contains(PollFlags::ERR));
    }
}

#[test]
fn each_verdict_is_told_before_the_next_row_is_there() {
    for kind in &KINDS {
        let (fake, release) = kind.gateway();
        drop(release);
        let mut run = applet(kind.applet)
            .args(kind.words(&fake))
            .stdin_open()
            .spawn();
        run.write("pager,message\n");
        run.wait_for_stdout(HEADER);
        assert_eq!(fake.connections(), 0, "{}", kind.applet);
        for row in 1..=5 {
            run.write(kind.row(&fake, row));
            run.wait_for_stdout(&format!("\n{row},,"));
            assert_eq!(kind.sent(&fake), row, "{}", kind.applet);
        }
        let output = run.wait();
        assert_eq!(outcomes(output.expect_status(0)).len(), 5);
    }
}

/// A run that has told of its first page, and the reader of that.
fn begun(kind: &Kind, fake: &Fake) -> (Running, Reader) {
    let (mut reader, writer) = Reader::new();
    let mut run = applet(kind.applet)
        .args(kind.words(fake))
        .stdin_open()
        .stdout_to(writer)
        .spawn();
    run.write(format!("pager,message\n{}", kind.row(fake, 1)));
    for beginning in ["row,", "1,,"] {
        let line = reader.line();
        assert!(line.starts_with(beginning), "{}: {line:?}", kind.applet);
    }
    (run, reader)
}

#[test]
fn a_reader_that_goes_between_two_pages_ends_the_run() {
    for kind in &KINDS {
        let (fake, _release) = kind.gateway();
        let (mut run, reader) = begun(kind, &fake);
        reader.go();
        // Who writes them may be stopped by our end.
        run.write(kind.rows(&fake, 2..=20));
        let output = run.wait();
        let text = "nobody reads standard output";
        output.expect_complaint(79, "", text);
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        assert_eq!(kind.sent(&fake), 1, "{}", kind.applet);
    }
}

#[test]
fn a_reader_that_goes_while_a_page_is_out_gets_no_other() {
    for kind in &KINDS {
        let (fake, release) = kind.gateway();
        let (mut run, reader) = begun(kind, &fake);
        run.write(kind.rows(&fake, 2..=20));
        eventually("the second is out", || kind.sent(&fake) == 2);
        reader.go();
        release.send(()).unwrap();
        let output = run.wait();
        let text = "row 3 is the first that is left\n";
        output.expect_complaint(79, "", text);
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        assert_eq!(kind.sent(&fake), 2, "{}", kind.applet);
        // In good order.
        assert_eq!(fake.heard().last().unwrap(), kind.farewell);
    }
}

#[test]
fn a_run_that_nobody_reads_does_not_wait_for_rows() {
    for kind in &KINDS {
        let (fake, _release) = kind.gateway();
        let (run, reader) = begun(kind, &fake);
        reader.go();
        // Its standard input stays open.
        run.wait_for_stderr("rows that are still to come are not sent");
        run.wait().expect_status(79);
    }
    let fake = Fake::replies(&[]);
    let (reader, writer) = Reader::new();
    let run = super::bulk(&fake)
        .arg("-")
        .stdin_open()
        .stdout_to(writer)
        .spawn();
    reader.go();
    run.wait_for_stderr("nobody reads standard output: nothing is sent");
    run.wait().expect_status(75);
    assert_eq!(fake.connections(), 0);
}

#[test]
fn the_status_tells_whether_all_is_out() {
    // The last result is missed, and all pages are out.
    let (fake, release) = KINDS[0].gateway();
    let (mut run, reader) = begun(&KINDS[0], &fake);
    run.write("2,text\n");
    eventually("the second is out", || KINDS[0].sent(&fake) == 2);
    run.close_stdin();
    reader.go();
    release.send(()).unwrap();
    run.wait().expect(0, "", "");
    // Nobody reads from the beginning: nothing goes out, or nobody is to read.
    for (flag, status, sent) in [("--json", 75, 0), ("--csv", 75, 0), ("-q", 0, 3)] {
        let fake = Fake::replies(&[]);
        let (reader, writer) = Reader::new();
        reader.go();
        let run = super::bulk(&fake).arg("-").stdin(numbered(3));
        let run = if flag == "--csv" { run } else { run.arg(flag) };
        run.stdout_to(writer).run().expect_status(status);
        assert_eq!(count(&fake, "SEND"), sent, "{flag}");
    }
}

#[test]
fn a_pause_before_the_next_try_ends_with_the_reader() {
    let fake = Fake::replies(&[("SEND", "250 ok"), ("SEND", "554 later")]);
    let (reader, writer) = Reader::new();
    let run = super::bulk(&fake)
        .args(["-", "--retry", "9", "--retry-delay", "1h", "-v"])
        .stdin(numbered(3))
        .stdout_to(writer)
        .spawn();
    run.wait_for_stderr("next try in");
    reader.go();
    let output = run.wait();
    assert_eq!(output.expect_status(79).stdout, "");
    assert_eq!(count(&fake, "SEND"), 2);
}

#[test]
fn what_is_in_flight_is_finished() {
    // A window opens behind the first page, which is answered.
    for (flags, free, held) in [(["--jobs", "4"], 0, 4), (["--window", "4"], 1, 1)] {
        let (release, hold) = mpsc::channel::<()>();
        let (hold, sends) = (Mutex::new(hold), AtomicUsize::new(0));
        let fake = Fake::lockstep(move |client| {
            let mut desk = Desk::default();
            client.say(Desk::GREETING);
            while let Some(line) = client.hear() {
                if line == "SEND" && sends.fetch_add(1, Ordering::Relaxed) >= free {
                    let _ = hold.lock().unwrap().recv();
                }
                client.say(desk.answer(&line));
                if line == "QUIT" {
                    return;
                }
            }
        });
        let (reader, writer) = Reader::new();
        let run = super::bulk(&fake)
            .arg("-")
            .args(flags)
            .stdin(numbered(50))
            .stdout_to(writer)
            .spawn();
        let sent = || {
            let heard = fake.heard_so_far();
            heard.iter().filter(|line| *line == "SEND").count()
        };
        eventually("they are out", || sent() == free + held);
        reader.go();
        drop(release);
        let output = run.wait();
        let text = "row 5 is the first that is left\n";
        output.expect_complaint(79, "", text);
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        assert_eq!(count(&fake, "SEND"), 4, "{flags:?}");
        assert_eq!(fake.heard().last().unwrap(), "QUIT");
    }
}

#[test]
fn a_journal_knows_what_went_out_unread() {
    let scratch = scratch("unread");
    let journal = scratch.join("journal");
    let (fake, release) = KINDS[0].gateway();
    let (reader, writer) = Reader::new();
    let again = || super::bulk(&fake).args(["-", "--journal"]).arg(&journal);
    let run = again().stdin(numbered(4)).stdout_to(writer).spawn();
    eventually("the second is out", || KINDS[0].sent(&fake) == 2);
    reader.go();
    release.send(()).unwrap();
    run.wait().expect_status(79);
    let output = again().stdin(numbered(4)).run();
    let expected = ["1:sent", "2:sent", "3:sent", "4:sent"];
    assert_eq!(outcomes(output.expect_status(0)), expected);
    assert_eq!(count(&fake, "SEND"), 4);
}

#[test]
fn a_pipe_into_head_does_not_page_everybody() {
    let scratch = scratch("head");
    let csv = scratch.file("rows.csv", numbered(2000));
    let spool = scratch.join("spool");
    let serve = format!("snpp-serve --spool {}", spool.display());
    let script = "snpp-send -s h --proxy-command \"$1\" --csv \"$2\" | head -n 2";
    let output = Cmd::new("sh")
        .args(["-c", script, "sh", &serve])
        .arg(csv)
        .run();
    output.expect_status(0);
    assert_eq!(output.stdout.lines().count(), 2, "{output:?}");
    let left = "is the first that is left\n";
    assert!(output.stderr.contains(left), "{output:?}");
    assert!(scratch.names("spool/new").len() < 2000);
}

/// Has both ends of the pipes of what its arguments are, gives it a row, and then two at once.
const PARENT: &str = "mkfifo in out
    \"$@\" <in >out &
    exec 3>in 4<out
    read -r rows; printf \"pager,message\\n$rows\\n\" >&3
    read -r header <&4; read -r first <&4
    read -r rows; printf \"$rows\\n\" >&3
    read -r never";

#[test]
fn a_child_whose_parent_is_killed_ends_by_itself() {
    for kind in &KINDS {
        let scratch = scratch("orphan");
        let (fake, release) = kind.gateway();
        let mut parent = Cmd::new("sh")
            .args(["-c", PARENT, "sh", kind.applet])
            .args(kind.words(&fake))
            .dir(&*scratch)
            .stdin_open()
            .spawn();
        parent.write(kind.row(&fake, 1));
        let both = kind.rows(&fake, 2..=3).trim_end().replace('\n', "\\n");
        parent.write(format!("{both}\n"));
        eventually("the second is out", || kind.sent(&fake) == 2);
        let pid = Pid::from_raw(i32::try_from(parent.pid()).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        eventually("the parent is gone", || parent.has_ended());
        release.send(()).unwrap();
        // Its end is that of standard error.
        let output = parent.wait();
        let left = "row 3 is the first that is left\n";
        output.expect_complaint(128 + 9, "", left);
        assert_eq!(kind.sent(&fake), 2, "{}", kind.applet);
    }
}
