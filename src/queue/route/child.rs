//! A route that runs: its rows on their way in, its verdicts on their way out.
//!
//! Nothing here waits: what a pipe does not take or give now is left for
//! later, and whoever polls knows when that is.
//!
//! Answers for each row entering whole and once, and for what is certain of
//! rows that a dead route leaves behind. Must never know what a verdict leads
//! to, nor how long one may take.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitStatus};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd, ioctl_fionread};
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, pipe_with};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::program::Program;
use super::verdict::{Results, Said};
use crate::diag::cause;
use crate::transport::command::SECRETS;

/// The columns of a row.
const HEADER: [&str; 9] = [
    "id", "pager", "pin", "message", "level", "alert", "coverage", "caller", "subject",
];

/// Where a route finds the lock that it holds: behind the descriptors that a
/// shell's redirections and our own commands name.
const LOCK_FROM: i32 = 10;

/// One page as a row. What is absent is an empty cell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page<'a> {
    /// Comes back with its verdict.
    pub id: &'a str,
    /// Whom it is for, as the route calls them.
    pub pager: &'a str,
    /// That one's PIN.
    pub pin: Option<&'a str>,
    /// The text.
    pub message: &'a str,
    /// Service level.
    pub level: Option<u8>,
    /// Alert override.
    pub alert: Option<bool>,
    /// Coverage area.
    pub coverage: Option<&'a str>,
    /// Who calls.
    pub caller: Option<&'a str>,
    /// What about.
    pub subject: Option<&'a str>,
}

impl Page<'_> {
    fn row(&self) -> io::Result<Vec<u8>> {
        let level = self.level.map(|level| level.to_string());
        row([
            self.id,
            self.pager,
            self.pin.unwrap_or_default(),
            self.message,
            level.as_deref().unwrap_or_default(),
            self.alert.map_or("", |on| if on { "1" } else { "0" }),
            self.coverage.unwrap_or_default(),
            self.caller.unwrap_or_default(),
            self.subject.unwrap_or_default(),
        ])
    }
}

fn row(cells: [&str; HEADER.len()]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// What a route has said since the last time.
#[derive(Debug, Default)]
pub struct Read {
    /// Its verdicts on rows that it was given and has read, and what is wrong
    /// with what else it wrote. A later verdict on the same row supersedes.
    pub verdicts: Vec<Said>,
    /// It will say nothing more.
    pub ended: bool,
}

/// A route that runs. One that is dropped goes on: it finishes its page.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    /// It was waited for: its number may be another's by now.
    is_over: bool,
    /// Our end of its standard input.
    stdin: Option<OwnedFd>,
    /// Its own end: tells what nobody has read, and makes a route that does
    /// not read a matter of patience, and not of a broken pipe.
    unread: OwnedFd,
    stdout: Option<OwnedFd>,
    /// Bytes that the pipe has not taken yet.
    waiting: Vec<u8>,
    is_closing: bool,
    /// How many bytes have entered the pipe.
    entered: u64,
    /// How many were to enter it.
    total: u64,
    /// How many rows there were.
    rows: u64,
    /// Where the last of them begin: those of which nobody has read a byte, as
    /// far as we have looked.
    starts: VecDeque<u64>,
    results: Results,
}

impl Child {
    /// Starts a route, in a process group of its own. It inherits `lock`, which
    /// stays open in it and in all that it starts until the last of them has
    /// ended, and no secret of the environment.
    pub fn start(program: &Program, lock: BorrowedFd<'_>) -> io::Result<Self> {
        let (unread, stdin) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stdout, results) = pipe_with(PipeFlags::CLOEXEC)?;
        // Those of the route stay as programs know them.
        for ours in [&stdin, &stdout] {
            fcntl_setfl(ours, OFlags::NONBLOCK)?;
        }
        let mut command = Command::new(&program.program);
        command
            .args(&program.args)
            .stdin(unread.try_clone()?)
            .stdout(results)
            .process_group(0);
        if let Some(name) = program.name {
            command.arg0(name);
        }
        for name in SECRETS {
            command.env_remove(name);
        }
        let header = row(HEADER)?;
        // Open to whatever is started until it is closed again, and that is the
        // route alone: a function that std calls in the child would do as well, but
        // for that std copies our whole memory, which a long queue makes large.
        let inherited = fcntl_dupfd_cloexec(lock, LOCK_FROM)?;
        fcntl_setfd(&inherited, FdFlags::empty())?;
        let process = command.spawn();
        drop(inherited);
        Ok(Self {
            process: process?,
            is_over: false,
            stdin: Some(stdin),
            unread,
            stdout: Some(stdout),
            is_closing: false,
            entered: 0,
            total: length(&header),
            waiting: header,
            rows: 0,
            starts: VecDeque::new(),
            results: Results::default(),
        })
    }

    /// Gives it a row, and returns the row's number, from 1 on. What the pipe
    /// does not take now is kept: see [`Child::write`]. An error: it was not
    /// given the row.
    pub fn give(&mut self, page: &Page<'_>) -> io::Result<u64> {
        if self.is_closing {
            return Err(io::Error::other("it was told that no more rows will come"));
        }
        let row = page.row()?;
        self.starts.push_back(self.total);
        self.rows += 1;
        self.total += length(&row);
        self.waiting.extend(row);
        // What goes wrong is told by the next one.
        _ = self.write();
        Ok(self.rows)
    }

    /// Is there something that the pipe has not taken yet?
    pub fn wants_to_write(&self) -> bool {
        self.stdin.is_some() && !self.waiting.is_empty()
    }

    /// Its standard input, until it is closed: to be polled for room where it
    /// [wants that](Self::wants_to_write).
    pub fn stdin(&self) -> Option<BorrowedFd<'_>> {
        self.stdin.as_ref().map(AsFd::as_fd)
    }

    /// Its standard output, until that has ended: to be polled for something to read.
    pub fn stdout(&self) -> Option<BorrowedFd<'_>> {
        self.stdout.as_ref().map(AsFd::as_fd)
    }

    /// Writes what the pipe takes now.
    pub fn write(&mut self) -> io::Result<()> {
        while let (Some(stdin), false) = (&self.stdin, self.waiting.is_empty()) {
            match rustix::io::write(stdin, &self.waiting) {
                Ok(taken) => {
                    self.entered += length(self.waiting.drain(..taken).as_slice());
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        if self.is_closing {
            self.stdin = None;
        }
        Ok(())
    }

    /// No more rows: it sees the end of its standard input behind the last one.
    pub fn close(&mut self) {
        self.is_closing = true;
        _ = self.write();
    }

    /// Reads what it has said by now.
    pub fn read(&mut self) -> Read {
        let mut verdicts = Vec::new();
        let Some(stdout) = &self.stdout else {
            return Read {
                verdicts,
                ended: true,
            };
        };
        let mut chunk = [0; 8192];
        match rustix::io::read(stdout, &mut chunk) {
            Ok(length @ 1..) => {
                let bytes = chunk.get(..length).unwrap_or_default();
                self.results.feed(bytes, &mut verdicts);
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            end => {
                self.stdout = None;
                self.results.end(&mut verdicts);
                let error = end.err().map(io::Error::from);
                verdicts.extend(error.map(|error| Err(format!("its results: {}", cause(&error)))));
            }
        }
        self.check(&mut verdicts);
        Read {
            verdicts,
            ended: self.stdout.is_none(),
        }
    }

    /// A verdict on a row that it has not read is none.
    fn check(&mut self, said: &mut [Said]) {
        if !said.iter().any(Result::is_ok) {
            return;
        }
        let read = self.rows_read();
        for said in said {
            if let Ok(verdict) = said {
                let row = verdict.row;
                if row == 0 || row > self.rows {
                    *said = Err(format!("a verdict on row {row}, which it was not given"));
                } else if row > read {
                    *said = Err(format!("a verdict on row {row}, which it has not read"));
                }
            }
        }
    }

    /// How many rows somebody has read a byte of.
    fn rows_read(&mut self) -> u64 {
        // Where nobody can tell, all of them.
        let inside = ioctl_fionread(&self.unread).unwrap_or(0);
        let read = self.entered.saturating_sub(inside);
        while self.starts.front().is_some_and(|start| *start < read) {
            self.starts.pop_front();
        }
        self.rows - u64::try_from(self.starts.len()).unwrap_or(u64::MAX)
    }

    /// Takes back the rows of which nobody has read a byte, and tells their
    /// numbers: nobody ever will, so they were certainly not sent. Its standard
    /// input is closed.
    pub fn take_back(&mut self) -> io::Result<Vec<u64>> {
        self.is_closing = true;
        // Without a writer an empty pipe is at its end, and no read waits.
        self.stdin = None;
        self.waiting.clear();
        let mut all = vec![0; fcntl_getpipe_size(&self.unread)?];
        // One call: what others read, they read before or never.
        let taken = rustix::io::retry_on_intr(|| rustix::io::read(&self.unread, &mut all))?;
        let taken = length(all.get(..taken).unwrap_or_default());
        self.entered = self.entered.saturating_sub(taken);
        let first = self.rows_read() + 1;
        Ok((first..=self.rows).collect())
    }

    /// Asks it, and all that it has started, to end.
    pub fn stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it, and all that it has started.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if self.is_over && self.stdout.is_none() {
            // Nobody that we know of is left, and the number may be another's.
            return;
        }
        let process = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        let Some(process) = process else { return };
        // Who is gone is what we want.
        _ = kill_process_group(process, signal);
        if !self.is_over {
            // Should it have left its group.
            _ = kill_process(process, signal);
        }
    }

    /// How it ended, once it has. What it started may still go on, and hold
    /// the lock.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.process.try_wait()?;
        self.is_over = status.is_some();
        Ok(status)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::route::verdict::MAX_RECORD;
    use crate::queue::spool::new_id;
    use crate::transport::fd::{Deadline, pause, wait_any};
    use rustix::event::{PollFd, PollFlags};
    use rustix::fs::{FlockOperation, flock};
    use std::ffi::OsString;
    use std::fs::{self, File};
    use std::os::unix::process::ExitStatusExt;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    /// Reads the header, and answers each line that it reads.
    const POLITE: &str = "read -r header; echo row,outcome; n=0; \
        while read -r line; do n=$((n + 1)); echo $n,sent; done";

    fn sh(words: &[&str]) -> Program {
        let args = ["-c"].iter().chain(words);
        Program {
            program: "/bin/sh".into(),
            name: None,
            args: args.map(OsString::from).collect(),
            at_once: 1,
        }
    }

    fn start(script: &str) -> Child {
        let lock = File::open("/dev/null").unwrap();
        Child::start(&sh(&[script]), lock.as_fd()).unwrap()
    }

    fn page(message: &str) -> Page<'_> {
        Page {
            id: "id",
            pager: "joe",
            message,
            ..Page::default()
        }
    }

    /// As the queue does it: until it has said so much, or all.
    #[track_caller]
    fn until(child: &mut Child, count: usize) -> Vec<Said> {
        let deadline = Deadline::after(Duration::from_secs(20));
        let mut all = Vec::new();
        while all.len() < count {
            let stdin = child.stdin().filter(|_| child.wants_to_write());
            let mut fds: Vec<PollFd<'_>> = stdin
                .into_iter()
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::OUT))
                .collect();
            let stdout = child.stdout().expect("it has not ended");
            fds.push(PollFd::from_borrowed_fd(stdout, PollFlags::IN));
            assert!(wait_any(&mut fds, deadline).unwrap(), "only {all:?}");
            child.write().unwrap();
            let read = child.read();
            all.extend(read.verdicts);
            if read.ended {
                assert!(child.stdout().is_none());
                break;
            }
        }
        all
    }

    #[track_caller]
    fn to_the_end(child: &mut Child) -> Vec<Said> {
        until(child, usize::MAX)
    }

    /// `row:outcome`, or what is wrong.
    fn shown(said: &[Said]) -> Vec<String> {
        let shown = said.iter().map(|said| match said {
            Ok(verdict) => format!("{}:{}", verdict.row, verdict.outcome),
            Err(text) => text.clone(),
        });
        shown.collect()
    }

    #[track_caller]
    fn status(child: &mut Child) -> ExitStatus {
        eventually("it has ended", || child.try_wait().unwrap().is_some());
        child.try_wait().unwrap().unwrap()
    }

    #[track_caller]
    fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..2000 {
            if is_so() {
                return;
            }
            pause(Duration::from_millis(5), None).unwrap();
        }
        panic!("still not so: {what}");
    }

    fn path() -> PathBuf {
        std::env::temp_dir().join(format!("pagebox-route-{}", new_id(SystemTime::now())))
    }

    #[test]
    fn rows_are_answered_one_by_one() {
        let mut child = start(POLITE);
        for row in 1..=3 {
            assert_eq!(child.give(&page("Disk full")).unwrap(), row);
            assert_eq!(shown(&until(&mut child, 1)), [format!("{row}:sent")]);
        }
        assert_eq!(child.try_wait().unwrap(), None);
        child.close();
        assert!(child.give(&page("one more")).is_err());
        assert_eq!(shown(&to_the_end(&mut child)), [""; 0]);
        assert!(status(&mut child).success());
        assert_eq!(child.take_back().unwrap(), [0; 0]);
        assert!(child.read().ended);
    }

    #[test]
    fn a_later_word_on_a_row_is_told_as_well() {
        let mut child = start("read -r h; read -r r; printf 'row,outcome\n1,sent\n1,unknown\n'");
        child.give(&page("x")).unwrap();
        assert_eq!(shown(&to_the_end(&mut child)), ["1:sent", "1:unknown"]);
    }

    #[test]
    fn a_verdict_on_a_row_that_it_was_not_given_is_an_error() {
        let mut child =
            start("read -r h; read -r r; printf 'row,outcome\n0,sent\n2,sent\n1,sent\n'");
        child.give(&page("x")).unwrap();
        assert_eq!(
            shown(&to_the_end(&mut child)),
            [
                "a verdict on row 0, which it was not given",
                "a verdict on row 2, which it was not given",
                "1:sent",
            ]
        );
    }

    #[test]
    fn a_verdict_on_a_row_that_it_has_not_read_is_an_error() {
        let mut child = start("read -r h; read -r r; printf 'row,outcome\n2,sent\n1,sent\n'");
        child.give(&page("x")).unwrap();
        child.give(&page("y")).unwrap();
        assert_eq!(
            shown(&to_the_end(&mut child)),
            ["a verdict on row 2, which it has not read", "1:sent"]
        );
        assert_eq!(child.take_back().unwrap(), [2]);
    }

    #[test]
    fn a_route_that_never_reads_holds_up_nobody() {
        let mut child = start("exec sleep 60");
        let message = "x".repeat(60_000);
        for _ in 0..3 {
            child.give(&page(&message)).unwrap();
        }
        assert!(child.wants_to_write());
        child.kill();
        assert_eq!(shown(&to_the_end(&mut child)), [""; 0]);
        assert_eq!(status(&mut child).signal(), Some(9));
        assert_eq!(child.take_back().unwrap(), [1, 2, 3]);
        // It is said again, and nothing is left to be written.
        assert_eq!(child.take_back().unwrap(), [1, 2, 3]);
        assert!(!child.wants_to_write() && child.stdin().is_none());
    }

    #[test]
    fn what_a_dead_route_has_not_read_was_not_sent() {
        for (script, back) in [
            ("exit 3", &[1, 2, 3][..]),
            ("read -r h; exit 3", &[1, 2, 3]),
            // It may have sent what it has read.
            ("read -r h; read -r r; exit 3", &[2, 3]),
            ("read -r h; dd bs=1 count=1 2>/dev/null; exit 3", &[2, 3]),
            ("exec 0</dev/null; exit 3", &[1, 2, 3]),
        ] {
            let mut child = start(script);
            for _ in 0..3 {
                child.give(&page("x")).unwrap();
            }
            to_the_end(&mut child);
            assert_eq!(status(&mut child).code(), Some(3));
            assert_eq!(child.take_back().unwrap(), back, "{script}");
        }
    }

    #[test]
    fn what_is_taken_back_nobody_reads_any_more() {
        let path = path();
        let script = "read -r h; exec 1>&-; (read -r go <\"$1\"; cat >\"$1.read\") <&0 & exit 0";
        let fifo = path.with_extension("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        let lock = File::create(&path).unwrap();
        let program = sh(&[script, "sh", fifo.to_str().unwrap()]);
        let mut child = Child::start(&program, lock.as_fd()).unwrap();
        child.give(&page("x")).unwrap();
        to_the_end(&mut child);
        // Only the one that it has left behind could read the row still.
        assert!(status(&mut child).success());
        assert_eq!(child.take_back().unwrap(), [1]);
        fs::write(&fifo, "go\n").unwrap();
        let read = fifo.with_extension("fifo.read");
        let other = File::open(&path).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        drop(lock);
        eventually("the other one has ended", || is_free(&other));
        assert_eq!(fs::read(&read).unwrap(), b"");
        for path in [path, fifo, read] {
            fs::remove_file(path).unwrap();
        }
    }

    fn is_free(lock: &File) -> bool {
        flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    #[test]
    fn the_lock_is_held_as_long_as_anyone_is_left() {
        let path = path();
        let lock = File::create(&path).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        // The descriptors that it might redirect are not ours.
        let script = "exec 3</dev/null 9</dev/null; sleep 60 & exit 0";
        let mut child = Child::start(&sh(&[script]), lock.as_fd()).unwrap();
        assert!(status(&mut child).success());
        drop(lock);
        let other = File::open(&path).unwrap();
        assert!(!is_free(&other));
        assert!(!child.read().ended);
        child.kill();
        assert_eq!(shown(&to_the_end(&mut child)), [""; 0]);
        eventually("the lock is free", || is_free(&other));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn one_that_is_dropped_goes_on() {
        let path = path();
        let lock = File::create(&path).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let script = "read -r h; read -r r; while read -r more; do :; done; echo \"$r\" >\"$1\"";
        let words = [script, "sh", path.to_str().unwrap()];
        let mut child = Child::start(&sh(&words), lock.as_fd()).unwrap();
        child.give(&page("x")).unwrap();
        drop(lock);
        let other = File::open(&path).unwrap();
        assert!(!is_free(&other));
        drop(child);
        eventually("it has ended", || is_free(&other));
        assert_eq!(fs::read_to_string(&path).unwrap(), "id,joe,,x,,,,,\n");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_route_that_writes_anything_writes_errors() {
        let long = "head -c 1000000 /dev/zero | tr '\\0' x; echo;";
        let none = "its results do not begin with a header that has the columns row and outcome";
        for (script, said) in [
            ("", &[][..]),
            (
                "echo row,outcome; echo 1,sen",
                &["record 2 of its results: no outcome"],
            ),
            (
                "echo row,outcome; printf '1,sent'",
                &["record 2 of its results: it has no end"],
            ),
            (
                "echo hello; echo 1,sent",
                &[none, "record 2 of its results: there was no header"],
            ),
            (
                &format!("echo row,outcome; {long} echo 1,sent"),
                &["record 2 of its results: longer than 65536 bytes", "1:sent"],
            ),
            (
                "echo row,outcome; echo '\"'; echo 1,sent",
                &["record 2 of its results: it has no end"],
            ),
            // A page that comes back is not shown.
            (
                "echo \"$h\"; echo \"$r\"",
                &[none, "record 2 of its results: there was no header"],
            ),
        ] {
            let mut child = start(&format!("read -r h; read -r r; {script}"));
            child.give(&page("x")).unwrap();
            assert_eq!(shown(&to_the_end(&mut child)), said, "{script}");
        }
        assert_eq!(MAX_RECORD, 65_536);
        let mut child = start("exec head -c 300000 /dev/urandom");
        to_the_end(&mut child);
    }

    #[test]
    fn one_that_does_not_end_is_stopped_or_killed() {
        let mut child = start("cat >/dev/null; sleep 60; echo row,outcome");
        child.close();
        child.stop();
        assert_eq!(shown(&to_the_end(&mut child)), [""; 0]);
        assert_eq!(status(&mut child).signal(), Some(15));
        // Who does not hear is not asked; nor is what it has started.
        let mut child =
            start("trap '' TERM; echo row,outcome; echo 1,sent; while :; do sleep 60; done");
        child.close();
        until(&mut child, 1);
        child.stop();
        child.kill();
        assert_eq!(shown(&to_the_end(&mut child)), [""; 0]);
        assert_eq!(status(&mut child).signal(), Some(9));
        // Nobody is meant any more.
        child.kill();
    }

    #[test]
    fn a_row_that_no_pipe_takes_at_once_arrives_whole() {
        let path = path();
        let script = "dd bs=512 of=\"$1\" 2>/dev/null; echo row,outcome; echo 1,sent; echo 2,sent";
        let words = [script, "sh", path.to_str().unwrap()];
        let lock = File::open("/dev/null").unwrap();
        let mut child = Child::start(&sh(&words), lock.as_fd()).unwrap();
        let message = "a \"b\",\r\nä\n".repeat(20_000);
        let first = Page {
            pin: Some("1234"),
            level: Some(0),
            alert: Some(true),
            coverage: Some("2"),
            caller: Some("555, 9876"),
            subject: Some("Seattle"),
            ..page(&message)
        };
        child.give(&first).unwrap();
        let second = Page {
            alert: Some(false),
            ..page("x")
        };
        child.give(&second).unwrap();
        child.close();
        assert_eq!(shown(&to_the_end(&mut child)), ["1:sent", "2:sent"]);
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_path(&path)
            .unwrap();
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        assert_eq!(
            rows,
            [
                csv::StringRecord::from(HEADER.to_vec()),
                vec![
                    "id",
                    "joe",
                    "1234",
                    &message,
                    "0",
                    "1",
                    "2",
                    "555, 9876",
                    "Seattle"
                ]
                .into(),
                vec!["id", "joe", "", "x", "", "0", "", "", ""].into(),
            ]
        );
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_route_is_a_process_like_any_other() {
        let mut child = start("kill -PIPE $$");
        to_the_end(&mut child);
        assert_eq!(status(&mut child).signal(), Some(13));
        // Its output waits where we do not read.
        let long = "head -c 200000 /dev/zero | tr '\\0' x | fold -w 1000";
        let mut child = start(&format!("echo row,outcome; {long}; echo"));
        assert_eq!(to_the_end(&mut child).len(), 200);
        // It has its ends of the pipes, and not ours.
        let own = "\"$(readlink /proc/$$/fd/0; readlink /proc/$$/fd/1)\"";
        let count = format!("ls -l /proc/$$/fd | grep -cF {own}");
        let mut child = start(&format!(
            "echo row,outcome,response; read -r h; read -r r; echo 1,sent,$({count})"
        ));
        child.give(&page("x")).unwrap();
        let said = to_the_end(&mut child);
        assert_eq!(said[0].as_ref().unwrap().response, "2");
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let lock = File::open("/dev/null").unwrap();
        let program = Program {
            program: "/nonexistent".into(),
            ..sh(&[])
        };
        let error = Child::start(&program, lock.as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
