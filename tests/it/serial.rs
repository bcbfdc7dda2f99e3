//! Serial lines, on pseudo terminals: these have no parity and no signals, so
//! framing is seen by the bytes of software parity, and by what is granted.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pagebox::exit::Exit;
use pagebox::transport::coding::EvenParity;
use pagebox::transport::fd::{Deadline, Got, Line};
use pagebox::transport::resolve::Family;
use pagebox::transport::serial::{Framing, Serial, Settings};
use pagebox::transport::tcp;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{ControlModes, InputModes, tcgetattr};

use crate::support::pty::open_raw;
use crate::support::{Cmd, Pty, Scratch, eventually, scratch};

const NOW: Duration = Duration::from_secs(10);

fn soon() -> Deadline {
    Deadline::after(NOW)
}

/// A pseudo terminal, and a directory for its locks.
struct Desk {
    pty: Pty,
    locks: Scratch,
}

impl Desk {
    fn new() -> Self {
        Self {
            pty: Pty::new(),
            locks: scratch("locks"),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            lock_dir: self.locks.to_path_buf(),
            ..Settings::default()
        }
    }

    fn open(&self) -> Result<Serial, (Exit, String)> {
        open(self.pty.path(), &self.settings())
    }

    /// The lock of the pseudo terminal's own name.
    fn lock(&self) -> PathBuf {
        lock_of(&self.locks, self.pty.path())
    }
}

fn open(path: &Path, settings: &Settings) -> Result<Serial, (Exit, String)> {
    Serial::open(path, settings)
        .map_err(|error| (error.exit, format!("{}: {}", path.display(), error.text)))
}

fn lock_of(dir: &Path, device: &Path) -> PathBuf {
    let name = device.file_name().unwrap().to_str().unwrap();
    dir.join(format!("LCK..{name}"))
}

fn ours() -> String {
    format!("{:>10}\n", std::process::id())
}

fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn read(line: &mut Line, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut at = 0;
    while at < length {
        match line.read(&mut bytes[at..], soon(), None) {
            Got::Bytes(more) => at += more,
            other => panic!("{other:?} behind {:?}", &bytes[..at]),
        }
    }
    bytes
}

#[test]
fn every_byte_passes_both_ways() {
    let mut desk = Desk::new();
    let mut settings = desk.settings();
    settings.framing = Framing::EightNone;
    let serial = open(desk.pty.path(), &settings).unwrap();
    let mut line = serial.line().unwrap();
    // All but those that stop and start the line.
    let bytes: Vec<u8> = (0..=0xFF)
        .filter(|byte| !matches!(byte, 0x11 | 0x13))
        .collect();
    line.write(&bytes, soon(), None).unwrap();
    assert_eq!(desk.pty.read(bytes.len()), bytes);
    desk.pty.write(&bytes);
    assert_eq!(read(&mut line, bytes.len()), bytes);
}

#[test]
fn parity_is_made_in_software() {
    let mut desk = Desk::new();
    let mut settings = desk.settings();
    settings.framing = Framing::EightEven;
    let serial = open(desk.pty.path(), &settings).unwrap();
    let mut line = serial.line().unwrap();
    line.write(b"\x1bPG1\r", soon(), None).unwrap();
    assert_eq!(desk.pty.read(5), b"\x1b\x50\x47\xb1\x8d");
    desk.pty.write(b"\xc9\x44\xbd");
    assert_eq!(read(&mut line, 3), b"ID=");
}

#[test]
fn the_line_is_set_as_asked() {
    let desk = Desk::new();
    for (baud, framing) in [
        (300, Framing::SevenEven),
        (1200, Framing::EightNone),
        (9600, Framing::EightEven),
    ] {
        let settings = Settings {
            baud,
            framing,
            ..desk.settings()
        };
        let _serial = open(desk.pty.path(), &settings).unwrap();
        let is = tcgetattr(desk.pty.fd()).unwrap();
        assert_eq!((is.input_speed(), is.output_speed()), (baud, baud));
        let parity = is.input_modes.contains(InputModes::INPCK);
        assert_eq!(parity, framing == Framing::SevenEven);
        assert!(
            is.input_modes
                .contains(InputModes::IXON | InputModes::IXOFF)
        );
        let modes = ControlModes::HUPCL | ControlModes::CLOCAL | ControlModes::CREAD;
        assert!(is.control_modes.contains(modes));
        assert!(!is.control_modes.contains(ControlModes::CRTSCTS));
    }
}

#[test]
fn an_xoff_holds_the_line_and_an_xon_frees_it() {
    let mark = b'!';
    for (framing, xoff) in [
        (Framing::SevenEven, 0x13),
        // With a parity.
        (Framing::EightEven, 0x93),
    ] {
        let mut desk = Desk::new();
        let settings = Settings {
            framing,
            ..desk.settings()
        };
        let serial = open(desk.pty.path(), &settings).unwrap();
        let mut line = serial.line().unwrap();
        desk.pty.write(&[xoff, mark]);
        // What is behind it is here, so it was obeyed.
        assert_eq!(read(&mut line, 1), [mark]);
        let limit = Deadline::after(Duration::from_millis(50));
        let error = line.write(b"!", limit, None).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        desk.pty.write(&[0x11, mark]);
        assert_eq!(read(&mut line, 1), [mark]);
        line.write(b"0", soon(), None).unwrap();
        assert_eq!(desk.pty.read(1), b"0");
        // Held for ever, it holds up nobody who closes it.
        desk.pty.write(&[xoff, mark]);
        assert_eq!(read(&mut line, 1), [mark]);
        let began = Instant::now();
        drop((line, serial));
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_line_that_was_left_stopped_goes_on_when_it_is_opened() {
    let mark = b'!';
    let mut desk = Desk::new();
    let first = desk.open().unwrap();
    // As long as somebody has it open, a line stays as it is.
    let _held = open_raw(desk.pty.path());
    drop(first);
    for _ in 0..2 {
        let serial = desk.open().unwrap();
        let mut line = serial.line().unwrap();
        line.write(b"0", soon(), None).unwrap();
        assert_eq!(desk.pty.read(1), b"0");
        desk.pty.write(&[0x13, mark]);
        assert_eq!(read(&mut line, 1), [mark]);
    }
}

#[test]
fn a_second_one_is_refused_until_the_first_is_gone() {
    let desk = Desk::new();
    let first = desk.open().unwrap();
    let (exit, text) = desk.open().unwrap_err();
    assert_eq!(exit, Exit::TempFail);
    let path = desk.pty.path().display();
    let lock = desk.lock();
    assert_eq!(
        text,
        format!(
            "{path}: in use by this process itself (lock {})",
            lock.display()
        )
    );
    // The first has lost nothing by that.
    assert_eq!(fs::read_to_string(&lock).unwrap(), ours());
    // And where lock files are not looked at, the kernel is.
    let elsewhere = scratch("locks");
    let settings = Settings {
        lock_dir: elsewhere.to_path_buf(),
        ..Settings::default()
    };
    for _ in 0..2 {
        let (exit, text) = open(desk.pty.path(), &settings).unwrap_err();
        assert_eq!(
            (exit, text),
            (Exit::TempFail, format!("{path}: in use by another process"))
        );
        assert_eq!(names(&elsewhere), [""; 0]);
    }
    drop(first);
    assert_eq!(names(&desk.locks), [""; 0]);
    desk.open().unwrap();
}

#[test]
fn a_lock_is_a_file_as_uucp_wrote_it() {
    let desk = Desk::new();
    let serial = desk.open().unwrap();
    assert_eq!(serial.remark(), None);
    let lock = desk.lock();
    assert_eq!(fs::read_to_string(&lock).unwrap(), ours());
    assert_eq!(
        fs::metadata(&lock).unwrap().permissions().mode() & 0o777,
        0o444
    );
    assert_eq!(names(&desk.locks).len(), 1);
}

#[test]
fn a_link_is_locked_under_both_names() {
    let desk = Desk::new();
    let by_id = desk.locks.join("usb-modem-if00");
    symlink(desk.pty.path(), &by_id).unwrap();
    let link_lock = lock_of(&desk.locks, &by_id);
    let serial = open(&by_id, &desk.settings()).unwrap();
    for lock in [&link_lock, &desk.lock()] {
        assert_eq!(fs::read_to_string(lock).unwrap(), ours());
    }
    drop(serial);
    assert_eq!(names(&desk.locks), ["usb-modem-if00"]);
    // Where the second is held, the first is given back.
    fs::write(desk.lock(), "         1\n").unwrap();
    let (exit, text) = open(&by_id, &desk.settings()).unwrap_err();
    assert_eq!(exit, Exit::TempFail);
    assert!(text.contains("in use by process 1 (lock "), "{text}");
    assert!(!link_lock.exists());
}

/// A process that is gone.
fn gone() -> i32 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    i32::try_from(child.id()).unwrap()
}

#[test]
fn a_lock_of_nobody_is_replaced() {
    for stale in [
        format!("{:>10}\n", gone()).into_bytes(),
        format!("{} minicom root", gone()).into_bytes(),
        gone().to_ne_bytes().to_vec(),
        b"".to_vec(),
        b"garbage\n".to_vec(),
        b"        -1\n".to_vec(),
    ] {
        let desk = Desk::new();
        fs::write(desk.lock(), &stale).unwrap();
        let serial = desk.open().unwrap();
        assert_eq!(serial.remark(), None, "{stale:?}");
        assert_eq!(fs::read_to_string(desk.lock()).unwrap(), ours());
        assert_eq!(names(&desk.locks).len(), 1);
    }
    // Nor is a link followed.
    let desk = Desk::new();
    let target = desk.locks.file("target", "keep");
    symlink(&target, desk.lock()).unwrap();
    desk.open().unwrap();
    assert_eq!(fs::read_to_string(target).unwrap(), "keep");
}

#[test]
fn a_lock_of_the_living_is_left_alone() {
    let parent = rustix::process::getppid().unwrap().as_raw_pid();
    for (held, who) in [
        (
            format!("{parent:>10}\n").into_bytes(),
            format!("process {parent}"),
        ),
        (parent.to_ne_bytes().to_vec(), format!("process {parent}")),
        (b"         1\n".to_vec(), "process 1".to_owned()),
        (b"         0\n".to_vec(), "another process".to_owned()),
        (ours().into_bytes(), "this process itself".to_owned()),
    ] {
        let desk = Desk::new();
        fs::write(desk.lock(), &held).unwrap();
        let (exit, text) = desk.open().unwrap_err();
        assert_eq!(exit, Exit::TempFail);
        assert!(
            text.contains(&format!(": in use by {who} (lock ")),
            "{text}"
        );
        assert_eq!(fs::read(desk.lock()).unwrap(), held);
        assert_eq!(names(&desk.locks).len(), 1);
    }
}

#[test]
fn a_lock_that_became_someone_elses_is_not_removed() {
    let desk = Desk::new();
    let serial = desk.open().unwrap();
    fs::remove_file(desk.lock()).unwrap();
    fs::write(desk.lock(), "         1\n").unwrap();
    drop(serial);
    assert_eq!(fs::read_to_string(desk.lock()).unwrap(), "         1\n");
}

#[test]
fn without_a_lock_directory_there_is_a_remark_and_a_line() {
    let mut desk = Desk::new();
    let settings = Settings {
        lock_dir: desk.locks.join("none"),
        ..Settings::default()
    };
    let serial = open(desk.pty.path(), &settings).unwrap();
    let lock = lock_of(&settings.lock_dir, desk.pty.path());
    let expected = format!("no lock {}: No such file or directory", lock.display());
    assert_eq!(serial.remark(), Some(&*expected));
    serial.line().unwrap().write(b"Hi", soon(), None).unwrap();
    assert_eq!(desk.pty.read(2), b"Hi");
    // Those who ask the kernel are kept out all the same.
    assert_eq!(
        open(desk.pty.path(), &settings).unwrap_err().0,
        Exit::TempFail
    );
}

#[test]
fn what_is_no_line_is_refused() {
    let desk = Desk::new();
    let plain = desk.locks.file("plain", "");
    let settings = desk.settings();
    for (path, exit, text) in [
        (&*plain, Exit::Config, "not a serial line"),
        (Path::new("/dev/null"), Exit::Config, "not a serial line"),
        (&*desk.locks, Exit::Config, "Is a directory"),
        (
            Path::new("/dev/nowhere0"),
            Exit::TempFail,
            "No such file or directory",
        ),
        (
            Path::new("/dev/null/ttyS0"),
            Exit::Config,
            "Not a directory",
        ),
    ] {
        let (said, error) = open(path, &settings).unwrap_err();
        assert_eq!((said, error), (exit, format!("{}: {text}", path.display())));
    }
    assert_eq!(names(&desk.locks), ["plain"]);
}

#[test]
fn a_line_that_is_pulled_out_ends() {
    let desk = Desk::new();
    let mut serial = desk.open().unwrap();
    let mut line = serial.line().unwrap();
    drop(desk.pty);
    assert_eq!(line.read(&mut [0; 9], soon(), None), Got::Eof);
    assert!(line.write(b"Hi", soon(), None).is_err());
    assert_eq!(serial.has_carrier(), Some(false));
    let began = Instant::now();
    drop((line, serial));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(names(&desk.locks), [""; 0]);
}

#[test]
fn a_pseudo_terminal_has_no_signals() {
    let desk = Desk::new();
    let mut serial = desk.open().unwrap();
    assert_eq!(serial.has_carrier(), None);
    serial.watch_carrier().unwrap();
    assert!(!serial.drop_dtr(Duration::from_secs(60), None));
    // It is a line as before.
    let mut line = serial.line().unwrap();
    assert_eq!(line.glance(&mut [0; 9]), Got::TimedOut);
}

#[test]
fn the_last_words_are_not_lost_when_the_line_is_closed() {
    let mut desk = Desk::new();
    let serial = desk.open().unwrap();
    let mut line = serial.line().unwrap();
    line.write(b"\x1b\x04\r", soon(), None).unwrap();
    drop((line, serial));
    assert_eq!(desk.pty.read(3), b"\x1b\x04\r");
}

#[test]
fn a_paced_line_takes_its_time_and_no_more() {
    let desk = Desk::new();
    let serial = desk.open().unwrap();
    let pace = Duration::from_millis(20);
    let mut line = serial.line().unwrap().with_pace(pace);
    let began = Instant::now();
    line.write(b"123456", soon(), None).unwrap();
    assert!(began.elapsed() >= pace * 5, "{:?}", began.elapsed());
    // Half of it is written when the time is over.
    let limit = Deadline::after(pace * 3);
    let error = line.write(&[b'x'; 100], limit, None).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    // One character needs no pause.
    line.write(b"7", Deadline::after(Duration::ZERO), None)
        .unwrap();
}

#[test]
fn a_connection_takes_codings_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = tcp::connect("127.0.0.1", port, Family::Any, soon(), None).unwrap();
    let mut line = line.with_coding(Box::new(EvenParity));
    let (mut far, _) = listener.accept().unwrap();
    line.write(b"\r", soon(), None).unwrap();
    let mut byte = [0];
    far.read_exact(&mut byte).unwrap();
    assert_eq!(byte, [0x8D]);
    far.write_all(b"\xc9\x44\xbd").unwrap();
    assert_eq!(read(&mut line, 3), b"ID=");
    // What was put back comes first, however it is asked for.
    line.unread(b"D=");
    line.unread(b"I");
    let mut two = [0; 2];
    assert_eq!(line.glance(&mut two), Got::Bytes(2));
    assert_eq!(&two, b"ID");
    assert_eq!(
        line.read(&mut two, Deadline::after(Duration::ZERO), None),
        Got::Bytes(1)
    );
    assert_eq!(line.glance(&mut two), Got::TimedOut);
}

/// A program that has been running for a while when the line is opened, such
/// as a getty: it has the line open, and no lock.
#[test]
fn whoever_has_the_line_for_itself_keeps_it() {
    let desk = Desk::new();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let other = rustix::fs::open(desk.pty.path(), flags, Mode::empty()).unwrap();
    rustix::fs::flock(&other, rustix::fs::FlockOperation::NonBlockingLockShared).unwrap();
    rustix::termios::ioctl_tiocexcl(&other).unwrap();
    let (exit, text) = desk.open().unwrap_err();
    assert_eq!(exit, Exit::TempFail);
    assert!(text.ends_with(": in use by another process"), "{text}");
    // Root is let through, so only someone else can tell: it stayed exclusive.
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(desk.pty.path(), fs::Permissions::from_mode(0o666)).unwrap();
        let look = Cmd::new("setpriv")
            .args(["--reuid=65534", "--clear-groups", "sh", "-c"])
            .arg(format!(": <{}", desk.pty.path().display()))
            .run();
        assert!(look.stderr.contains("busy"), "{}", look.stderr);
    }
    drop(other);
    eventually("the line is free", || desk.open().is_ok());
}
