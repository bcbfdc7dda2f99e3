//! Who is logged in and what reaches whose terminal, on pseudo terminals of
//! this machine that belong to users nobody has: other tests, and people, have
//! terminals here as well.

use std::fs::{self, File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pagebox::terminal::{Absent, Addressee, Found, Places, Shown};
use pagebox::transport::fd::{Deadline, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Timestamps, UTIME_OMIT, makedev, mknodat, utimensat,
};
use rustix::io::Errno;
use rustix::termios::{Action, tcflow};

use crate::support::login::fill;
use crate::support::peers::skip_unless;
use crate::support::utmp::utmp;
use crate::support::{Pty, Scratch, scratch};

const JOE: Addressee<'_> = Addressee::User("joe");

/// A machine of a test's own, but for its pseudo terminals.
struct Machine {
    dir: Scratch,
    places: Places,
    /// The user `joe`, if a session says so.
    uid: u32,
}

impl Machine {
    /// Nobody is logged in.
    fn new(name: &str) -> Self {
        static USERS: AtomicU32 = AtomicU32::new(0);
        let dir = scratch(name);
        let sessions = dir.join("sessions");
        fs::create_dir(&sessions).unwrap();
        let places = Places {
            utmp: Some(dir.file("utmp", "")),
            sessions,
            dev: "/dev".into(),
        };
        // Two for each: joe, and somebody else.
        let user = USERS.fetch_add(2, Ordering::Relaxed);
        let uid = 10_000 + process::id() % 500 * 100 + user;
        Self { dir, places, uid }
    }

    /// The same, where `joe` has a session without a terminal.
    fn of_joe(name: &str) -> Self {
        let machine = Self::new(name);
        let uid = machine.uid;
        machine.session(
            "1",
            &format!("UID={uid}\nUSER=joe\nSTATE=active\nCLASS=user\n"),
        );
        machine
    }

    /// With devices of its own.
    fn with_devices(mut self) -> Self {
        self.places.dev = self.dir.join("dev");
        fs::create_dir_all(self.dev("pts")).unwrap();
        self
    }

    fn dev(&self, name: &str) -> PathBuf {
        self.places.dev.join(name)
    }

    fn session(&self, name: &str, text: &str) {
        fs::write(self.places.sessions.join(name), text).unwrap();
    }

    fn utmp(&self, logins: &[(&str, &str)]) {
        self.dir.file("utmp", utmp(logins));
    }

    fn pty(&self) -> Pty {
        pty_of(self.uid)
    }

    fn find(&self, to: &Addressee<'_>) -> Result<Found, Absent> {
        self.places
            .find(to, Deadline::after(Duration::from_secs(10)))
    }

    fn joe(&self) -> Found {
        let found = self.find(&JOE).unwrap();
        assert_eq!(found.user, "joe");
        found
    }
}

/// A terminal of this user's, with messages on.
fn pty_of(uid: u32) -> Pty {
    let pty = Pty::new();
    own(pty.path(), uid);
    pty
}

fn own(path: &Path, uid: u32) {
    chown(path, Some(uid), None).unwrap();
    mode(path, 0o620);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn line(pty: &Pty) -> String {
    pty.path()
        .strip_prefix("/dev")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

fn on(pty: &Pty) -> Shown {
    Shown::On(line(pty))
}

/// Last used so many seconds ago.
fn idle(pty: &Pty, seconds: i64) {
    let last = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: last(2_000_000_000 - seconds, 0),
        last_modification: last(0, UTIME_OMIT),
    };
    utimensat(CWD, pty.path(), &times, AtFlags::empty()).unwrap();
}

fn show(found: &Found, device: Option<&str>) -> Shown {
    found.show(device, b"hello", None)
}

#[track_caller]
fn failed(shown: Shown) -> String {
    match shown {
        Shown::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

/// Is there anything to read, now?
fn has_input(fd: impl AsFd) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default())).unwrap();
    fds[0].revents().contains(PollFlags::IN)
}

#[track_caller]
fn shows_hello_once(pty: &mut Pty) {
    assert_eq!(pty.read(5), b"hello");
    assert!(!has_input(pty.fd()));
}

fn uid_of(name: &str) -> u32 {
    let user = nix::unistd::User::from_name(name).unwrap();
    user.expect("an account of every Debian").uid.as_raw()
}

#[test]
fn a_session_of_logind_alone_is_enough() {
    skip_unless!("root");
    let machine = Machine::new("terminal-logind");
    let mut pty = machine.pty();
    let (uid, line) = (machine.uid, line(&pty));
    machine.session(
        "7",
        &format!("UID={uid}\nUSER=joe\nTTY={line}\nSTATE=online\nCLASS=user\n"),
    );
    // What else is there on a machine with logind.
    machine.session(".#7abc", "UID=0\nUSER=joe\n");
    mknodat(
        CWD,
        machine.places.sessions.join("7.ref"),
        FileType::Fifo,
        Mode::RUSR,
        0,
    )
    .unwrap();
    let places = Places {
        utmp: None,
        ..machine.places.clone()
    };
    let found = places.find(&JOE, Deadline::NEVER).unwrap();
    assert_eq!(found.warnings, [""; 0]);
    assert_eq!(show(&found, None), on(&pty));
    shows_hello_once(&mut pty);
}

#[test]
fn a_session_that_is_over_proves_nothing() {
    let machine = Machine::new("terminal-closing").with_devices();
    machine.session("1", "UID=1\nUSER=joe\nSTATE=closing\nCLASS=user\n");
    machine.session(
        "2",
        &format!("UID=1\nUSER=joe\nX={}\n", "x".repeat(64 * 1024)),
    );
    let absent = machine.find(&JOE).unwrap_err();
    let sessions = machine.places.sessions.display();
    assert_eq!(
        absent.warnings,
        [format!("{sessions}/2: longer than 64 KiB")]
    );
}

#[test]
fn utmp_alone_is_enough() {
    skip_unless!("root");
    let machine = Machine::new("terminal-utmp");
    let uid = uid_of("news");
    let mut pty = pty_of(uid);
    let line = line(&pty);
    machine.utmp(&[("ann", "pts/0"), ("news", &line)]);
    let places = Places {
        sessions: "/nonexistent".into(),
        ..machine.places.clone()
    };
    let found = places
        .find(&Addressee::User("news"), Deadline::NEVER)
        .unwrap();
    assert_eq!(found.warnings, [""; 0]);
    // Another run of this test may have a terminal of the same user.
    assert_eq!(show(&found, Some(&line)), on(&pty));
    shows_hello_once(&mut pty);
}

#[test]
fn whose_a_terminal_is_is_enough() {
    skip_unless!("root");
    let machine = Machine::new("terminal-owner");
    let lp = Addressee::User("lp");
    let mut pty = pty_of(uid_of("lp"));
    assert_eq!(
        show(&machine.find(&lp).unwrap(), Some(&line(&pty))),
        on(&pty)
    );
    shows_hello_once(&mut pty);
}

#[test]
fn who_has_no_terminal_no_session_and_no_entry_is_absent() {
    let machine = Machine::new("terminal-absent").with_devices();
    let long = "x".repeat(300);
    for name in [
        "root", "joe", "nobody", "", "-x", "../root", "ro\0ot", &long,
    ] {
        let absent = machine.find(&Addressee::User(name)).unwrap_err();
        assert_eq!(absent.warnings, [""; 0], "{name}");
    }
    // A login without an account has no terminal that could be its own.
    machine.utmp(&[("no-such-login", "pts/0")]);
    assert!(machine.find(&Addressee::User("no-such-login")).is_err());
}

#[test]
fn sources_that_cannot_be_read_are_named() {
    let machine = Machine::new("terminal-sources").with_devices();
    let places = Places {
        utmp: Some(machine.dir.join("none")),
        sessions: machine.dir.join("utmp"),
        dev: machine.dir.join("no-dev"),
    };
    let absent = places
        .find(&Addressee::User("root"), Deadline::NEVER)
        .unwrap_err();
    let dir = machine.dir.display();
    let expected = [
        format!("{dir}/utmp/: Not a directory"),
        format!("{dir}/none: No such file or directory"),
        format!("{dir}/no-dev: No such file or directory"),
    ];
    assert_eq!(absent.warnings, expected);

    // A directory, a FIFO or a terminal in place of the file is not waited for.
    let fifo = machine.dir.join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
    for utmp in [fifo.as_path(), &machine.places.dev, Path::new("/dev/ptmx")] {
        let places = Places {
            utmp: Some(utmp.to_owned()),
            ..machine.places.clone()
        };
        let absent = places.find(&JOE, Deadline::NEVER).unwrap_err();
        assert_eq!(
            absent.warnings,
            [format!("{}: not a regular file", utmp.display())]
        );
    }
}

#[test]
fn a_stale_entry_of_utmp_opens_nothing() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-stale");
    // Now somebody else's, and not there at all.
    let other = pty_of(machine.uid + 1);
    machine.utmp(&[("joe", &line(&other)), ("joe", "pts/999999"), ("joe", ":0")]);
    let found = machine.joe();
    assert_eq!(
        failed(show(&found, None)),
        "joe is logged in at no terminal"
    );
    let mut pty = machine.pty();
    assert_eq!(show(&machine.joe(), None), on(&pty));
    shows_hello_once(&mut pty);
    assert!(!has_input(other.fd()));
}

#[test]
fn of_forty_logins_the_least_idle_terminal_shows_the_text() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-forty");
    let mut ptys: Vec<Pty> = (0..40).map(|_| machine.pty()).collect();
    let lines: Vec<String> = ptys.iter().map(line).collect();
    // All of them in two sources, and all in the third.
    let logins: Vec<(&str, &str)> = lines.iter().map(|line| ("joe", &line[..])).collect();
    machine.utmp(&logins);
    let uid = machine.uid;
    machine.session("2", &format!("UID={uid}\nUSER=joe\nTTY={}\n", lines[39]));
    for (at, pty) in ptys.iter().enumerate() {
        idle(pty, if at == 23 { 10 } else { 20 });
    }
    // A shut one is less idle still.
    mode(ptys[7].path(), 0o600);
    idle(&ptys[7], 0);
    let found = machine.joe();
    assert_eq!(show(&found, None), on(&ptys[23]));
    shows_hello_once(&mut ptys[23]);

    // The others have been idle for as long as one another: logind's comes first, then utmp's first.
    idle(&ptys[23], 30);
    assert_eq!(show(&machine.joe(), None), on(&ptys[39]));
    mode(ptys[39].path(), 0o600);
    assert_eq!(show(&machine.joe(), None), on(&ptys[0]));
    shows_hello_once(&mut ptys[0]);
    shows_hello_once(&mut ptys[39]);
    assert!(!ptys.iter().any(|pty| has_input(pty.fd())));
}

#[test]
fn messages_off_is_a_refusal_and_with_a_device_a_failure() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-mesg");
    let (first, mut second) = (machine.pty(), machine.pty());
    idle(&first, 10);
    idle(&second, 20);
    mode(first.path(), 0o602);
    assert_eq!(show(&machine.joe(), None), on(&second));
    shows_hello_once(&mut second);
    let closed = format!("{}: messages are off", line(&first));
    assert_eq!(failed(show(&machine.joe(), Some(&line(&first)))), closed);

    // mesg n between the choice and the write.
    let found = machine.joe();
    mode(second.path(), 0o600);
    assert_eq!(show(&found, None), Shown::Refused);
    assert_eq!(show(&machine.joe(), None), Shown::Refused);
    assert!(!has_input(first.fd()) && !has_input(second.fd()));
}

#[test]
fn a_device_is_named_with_and_without_dev() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-device");
    let (mut idle_one, busy) = (machine.pty(), machine.pty());
    idle(&idle_one, 100);
    idle(&busy, 0);
    for name in [line(&idle_one), idle_one.path().display().to_string()] {
        assert_eq!(show(&machine.joe(), Some(&name)), on(&idle_one));
        shows_hello_once(&mut idle_one);
    }
    assert!(!has_input(busy.fd()));
}

/// CVE-2002-0333 was `..` in the device.
#[test]
fn cve_2002_0333_dots_slashes_and_absolute_paths_as_device_open_nothing() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-paths");
    let pty = machine.pty();
    let name = line(&pty);
    let number = name.strip_prefix("pts/").unwrap();
    let file = machine.dir.file("file", "untouched");
    own(&file, machine.uid);
    let found = machine.joe();
    for device in [
        "",
        ".",
        "..",
        "/",
        "/dev",
        "/dev/",
        "pts",
        "pts/",
        "pts/.",
        "pts/..",
        "../../etc/passwd",
        "/etc/passwd",
        "/dev/../etc/passwd",
        "/dev//dev/pts/0",
        "/dev/fd/1",
        "/dev/ptmx",
        "pts/ptmx",
        "tty",
        "console",
        "null",
        number,
        &file.display().to_string(),
        &format!("../dev/{name}"),
        &format!("./{name}"),
        &format!("pts/../{name}"),
        &format!("pts//{number}"),
        &format!("pts/./{number}"),
        &format!("{name}/"),
        &format!("{name} "),
        &format!("{name}\0"),
        &format!("//dev/{name}"),
        &format!("/dev//{name}"),
        &format!("/dev/dev/{name}"),
        &format!("/DEV/{name}"),
        &"x".repeat(100_000),
    ] {
        failed(show(&found, Some(device)));
    }
    assert!(!has_input(pty.fd()));
    assert_eq!(machine.dir.read("file"), "untouched");
}

#[test]
fn terminals_of_others_as_device_open_nothing() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-others");
    let (other, roots) = (pty_of(machine.uid + 1), pty_of(0));
    // Even with a login that says so.
    machine.utmp(&[("joe", &line(&other)), ("joe", &line(&roots))]);
    for pty in [&other, &roots] {
        let why = failed(show(&machine.joe(), Some(&line(pty))));
        assert_eq!(why, format!("{}: no terminal of joe", line(pty)));
        assert!(!has_input(pty.fd()));
    }
    assert_eq!(
        failed(show(&machine.joe(), None)),
        "joe is logged in at no terminal"
    );
}

#[test]
fn a_fifo_with_a_reader_a_regular_file_and_symlinks_as_device_open_nothing() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-kinds").with_devices();
    let pty = machine.pty();
    let fifo = machine.dev("pts/1");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let reader = open(&fifo).unwrap();
    fs::write(machine.dev("pts/2"), "untouched").unwrap();
    symlink(pty.path(), machine.dev("pts/3")).unwrap();
    symlink("2", machine.dev("pts/4")).unwrap();
    symlink(&fifo, machine.dev("tty1")).unwrap();
    symlink("/dev/pts", machine.dev("pts/5")).unwrap();
    fs::create_dir(machine.dev("tty2")).unwrap();
    for name in ["pts/1", "pts/2"] {
        own(&machine.dev(name), machine.uid);
    }
    for name in ["pts/1", "pts/2", "pts/3", "pts/4", "pts/5", "tty1", "tty2"] {
        machine.utmp(&[("joe", name)]);
        let found = machine.joe();
        for device in [name.to_owned(), format!("/dev/{name}")] {
            let why = failed(show(&found, Some(&device)));
            assert_eq!(why, format!("{name}: no terminal of joe"));
        }
        assert_eq!(
            failed(show(&found, None)),
            "joe is logged in at no terminal"
        );
    }
    assert!(!has_input(&reader) && !has_input(pty.fd()));
    assert_eq!(fs::read(machine.dev("pts/2")).unwrap(), b"untouched");
}

#[test]
fn a_directory_of_terminals_that_is_a_symlink_has_none() {
    skip_unless!("root");
    let mut machine = Machine::of_joe("terminal-link");
    let pty = machine.pty();
    machine.places.dev = machine.dir.join("dev");
    fs::create_dir(&machine.places.dev).unwrap();
    symlink("/dev/pts", machine.dev("pts")).unwrap();
    let found = machine.joe();
    assert_eq!(
        found.warnings,
        [format!(
            "{}/: Not a directory",
            machine.dev("pts").display()
        )]
    );
    failed(show(&found, None));
    failed(show(&found, Some(&line(&pty))));
    assert!(!has_input(pty.fd()));
}

#[test]
fn what_takes_the_place_of_a_terminal_after_the_choice_gets_nothing() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-swapped").with_devices();
    let device = machine.dev("tty1");
    // /dev/null: a device, but no terminal.
    if !device_node(&device, 1, 3) {
        return;
    }
    own(&device, machine.uid);
    let gone = "tty1: not the terminal any more that it was";
    let found = machine.joe();
    assert_eq!(failed(show(&found, None)), gone);

    fs::remove_file(&device).unwrap();
    let at = "tty1: No such file or directory";
    assert_eq!(failed(show(&found, None)), at);
    mknodat(CWD, &device, FileType::Fifo, Mode::RUSR, 0).unwrap();
    own(&device, machine.uid);
    let reader = open(&device).unwrap();
    assert_eq!(failed(show(&found, None)), gone);
    assert!(!has_input(&reader));
    fs::remove_file(&device).unwrap();
    let file = machine.dir.file("file", "untouched");
    symlink(&file, &device).unwrap();
    failed(show(&found, None));
    assert_eq!(machine.dir.read("file"), "untouched");
}

/// Makes a device. False: not permitted here, as in many containers.
fn device_node(path: &Path, major: u32, minor: u32) -> bool {
    let mode = Mode::from_raw_mode(0o620);
    match mknodat(
        CWD,
        path,
        FileType::CharacterDevice,
        mode,
        makedev(major, minor),
    ) {
        Ok(()) => true,
        Err(Errno::PERM) => {
            eprintln!("skipped: no right to make devices");
            false
        }
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[test]
fn a_terminal_given_to_another_after_the_choice_gets_nothing() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-given");
    let pty = machine.pty();
    let found = machine.joe();
    own(pty.path(), machine.uid + 1);
    failed(show(&found, None));
    failed(show(&found, Some(&line(&pty))));
    assert!(!has_input(pty.fd()));
}

#[test]
fn a_terminal_that_vanishes_gives_way_to_the_next_unless_it_was_named() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-vanishes");
    let (first, mut second) = (machine.pty(), machine.pty());
    idle(&first, 0);
    idle(&second, 10);
    let found = machine.joe();
    let name = line(&first);
    drop(first);
    failed(show(&found, Some(&name)));
    assert!(!has_input(second.fd()));
    assert_eq!(show(&found, None), on(&second));
    shows_hello_once(&mut second);
    drop(second);
    failed(show(&found, None));
}

#[track_caller]
fn without_hanging<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    done
}

#[test]
fn a_terminal_that_nobody_reads_cannot_hang_us() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-full");
    let (full, mut other) = (machine.pty(), machine.pty());
    idle(&full, 0);
    idle(&other, 10);
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    fill(&rustix::fs::open(full.path(), flags, Mode::empty()).unwrap());
    let name = line(&full);
    let why = without_hanging(|| failed(show(&machine.joe(), Some(&name))));
    assert_eq!(why, format!("{name}: it takes nothing"));
    assert!(!has_input(other.fd()));
    // The next one gets one try.
    assert_eq!(without_hanging(|| show(&machine.joe(), None)), on(&other));
    shows_hello_once(&mut other);
}

#[test]
fn a_terminal_stopped_by_its_user_cannot_hang_us() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-stopped");
    let mut pty = machine.pty();
    // What control-S does, at once.
    let device = open(pty.path()).unwrap();
    tcflow(&device, Action::OOff).unwrap();
    let why = without_hanging(|| failed(show(&machine.joe(), None)));
    assert_eq!(why, format!("{}: it takes nothing", line(&pty)));
    tcflow(&device, Action::OOn).unwrap();
    assert_eq!(show(&machine.joe(), None), on(&pty));
    shows_hello_once(&mut pty);
}

#[test]
fn a_text_that_stands_there_in_part_is_shown_nowhere_else() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-torn");
    let (slow, other) = (machine.pty(), machine.pty());
    idle(&slow, 0);
    idle(&other, 10);
    let text = vec![b'x'; 1_000_000];
    let why = without_hanging(|| failed(machine.joe().show(None, &text, None)));
    let start = format!("{}: it takes nothing, ", line(&slow));
    assert!(why.starts_with(&start), "{why}");
    assert!(why.ends_with(" of 1000000 bytes not shown"), "{why}");
    assert!(!has_input(other.fd()));
}

#[test]
fn consoles_that_nobody_uses_are_not_roots() {
    skip_unless!("root");
    let machine = Machine::new("terminal-root").with_devices();
    if !device_node(&machine.dev("tty1"), 4, 1) {
        return;
    }
    // Opened, it would be a new pseudo terminal.
    assert!(device_node(&machine.dev("pts/ptmx"), 5, 2));
    let root = Addressee::User("root");
    assert!(machine.find(&root).is_err());
    assert!(machine.find(&Addressee::Console).is_err());
    // A login that says so is believed.
    mode(&machine.dev("tty1"), 0o600);
    machine.utmp(&[("root", "tty1")]);
    assert_eq!(show(&machine.find(&root).unwrap(), None), Shown::Refused);
}

#[test]
fn the_console_user_is_at_the_seat_else_in_utmp_else_has_a_console() {
    skip_unless!("root");
    let machine = Machine::new("terminal-console").with_devices();
    let user = || {
        machine
            .find(&Addressee::Console)
            .map(|found| found.user)
            .ok()
    };
    assert_eq!(user(), None);
    if device_node(&machine.dev("tty3"), 4, 3) && device_node(&machine.dev("ttyS0"), 4, 64) {
        own(&machine.dev("tty3"), uid_of("sys"));
        own(&machine.dev("ttyS0"), uid_of("bin"));
        assert_eq!(user().as_deref(), Some("sys"));
    }
    machine.utmp(&[("irc", "pts/4"), ("lp", ":0"), ("news", "tty2")]);
    assert_eq!(user().as_deref(), Some("lp"));
    // A name that is none is nobody's.
    machine.utmp(&[("\u{1b}[2J", ":0")]);
    assert_eq!(user(), None);
    machine.utmp(&[("lp", ":0")]);
    assert_eq!(user().as_deref(), Some("lp"));
    // At the seat, but not on the screen; a greeter is nobody.
    machine.session(
        "1",
        "USER=ann\nUID=4711\nSEAT=seat0\nACTIVE=0\nSTATE=online\nCLASS=user\n",
    );
    machine.session(
        "2",
        "USER=gdm\nUID=4712\nSEAT=seat0\nACTIVE=1\nCLASS=greeter\n",
    );
    assert_eq!(user().as_deref(), Some("ann"));
    machine.session(
        "3",
        "USER=joe\nUID=4713\nSEAT=seat0\nACTIVE=1\nCLASS=user\n",
    );
    assert_eq!(user().as_deref(), Some("joe"));
}

#[test]
fn of_several_at_the_console_the_least_idle_is_meant() {
    skip_unless!("root");
    let machine = Machine::new("terminal-seats");
    let ptys = [(); 2].map(|()| machine.pty());
    let mut logins = Vec::new();
    for (name, pty) in ["ann", "joe"].iter().zip(&ptys) {
        let uid = machine.uid;
        let line = line(pty);
        logins.push(format!(
            "USER={name}\nUID={uid}\nSEAT=seat0\nTTY={line}\nCLASS=user\n"
        ));
    }
    for (at, login) in logins.iter().enumerate() {
        machine.session(&at.to_string(), login);
    }
    for (times, user) in [([10, 0], "joe"), ([0, 10], "ann")] {
        for (pty, seconds) in ptys.iter().zip(times) {
            idle(pty, seconds);
        }
        assert_eq!(machine.find(&Addressee::Console).unwrap().user, user);
    }
}

#[test]
fn an_endless_utmp_is_read_only_so_far() {
    skip_unless!("root");
    let machine = Machine::of_joe("terminal-endless");
    let mut pty = machine.pty();
    let file = File::create(machine.dir.join("utmp")).unwrap();
    file.set_len(1 << 33).unwrap();
    assert_eq!(show(&machine.joe(), None), on(&pty));
    shows_hello_once(&mut pty);
}
