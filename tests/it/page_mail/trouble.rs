//! Our own trouble: the mail server keeps the mail, and tries again.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;

use super::{Host, MAIL};
use crate::page::wait_until_signals_are_noted;
use crate::support::peers::skip_unless;
use crate::support::{Cmd, Tmpfs, applet, eventually};

#[test]
fn a_wrong_configuration_or_spool_puts_the_mail_off() {
    let host = Host::new("mail-trouble", "");
    let later = |cmd: Cmd, words: &str| {
        let output = cmd.stdin(MAIL).run();
        output.expect_complaint(75, "", words);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert!(output.stderr.starts_with("page-mail: "));
    };
    let missing = host.dir.join("missing");
    let config = || applet("page-mail").arg("joe").arg("--config");
    later(config().arg(&missing), "there is no such file");
    later(
        config().arg(host.dir.file("bad.toml", "[pager")),
        "bad.toml:1:",
    );
    let page_mail = host.page_mail(&["joe"]).arg("--spool").arg(&missing);
    later(page_mail, "there is no spool");
    if !std::path::Path::new("/etc/pagebox.toml").exists() {
        let page_mail = applet("page-mail").args(["joe", "--spool"]);
        later(page_mail.arg(host.dir.join("spool")), "no configuration");
    }
    host.is_empty();
}

#[test]
fn a_mail_that_cannot_be_read_is_put_off() {
    let host = Host::new("mail-unread", "");
    let directory = fs::File::open(&*host.dir).unwrap();
    let output = host.page_mail(&["joe"]).stdin_from(directory).run();
    output.expect(75, "", "page-mail: standard input: Is a directory\n");
}

#[test]
fn a_full_disk_puts_the_mail_off() {
    let host = Host::new("mail-full", "");
    // No file may grow: as a disk without room, without the right to mount one.
    let script = "ulimit -f 0 && exec \"$@\"";
    let page_mail = Cmd::new("sh").args(["-c", script, "sh", "page-mail", "joe", "--config"]);
    let output = page_mail.arg(host.config()).stdin(MAIL).run();
    output.expect_complaint(75, "", "page-mail: not queued: ");
    host.is_empty();

    skip_unless!("root");
    let spool = host.dir.join("small");
    let Some(disk) = Tmpfs::on(&spool) else {
        return;
    };
    for dir in ["tmp", "new"] {
        fs::create_dir(spool.join(dir)).unwrap();
    }
    let page_mail = || host.page_mail(&["joe"]).arg("--spool").arg(&spool);
    let filler = disk.fill();
    let output = page_mail().stdin(MAIL).run();
    output.expect_complaint(75, "", "page-mail: not queued: No space left");
    fs::remove_file(filler).unwrap();
    assert_eq!(host.dir.names("small/tmp"), [""; 0]);
    page_mail().stdin(MAIL).run().expect(0, "", "");
    assert_eq!(host.dir.names("small/new").len(), 1);
}

#[test]
fn a_signal_puts_the_mail_off() {
    for signal in [Signal::TERM, Signal::INT] {
        let host = Host::new("mail-signal", "");
        let mut running = host.page_mail(&["joe"]).stdin_open().spawn();
        running.write(MAIL);
        wait_until_signals_are_noted(&running);
        running.signal(signal);
        // While the mail has no end yet.
        eventually("it ends", || running.has_ended());
        let complaint = "page-mail: interrupted; nothing is queued\n";
        running.wait().expect(75, "", complaint);
        host.is_empty();
    }
}

#[test]
fn a_mail_is_read_to_its_end_even_where_it_is_refused() {
    let host = Host::new("mail-whole", "[mail]\nallow-from = []\nmax-size = 1000\n");
    let missing = host.dir.join("missing");
    let long = format!("From: a@b\nSubject: x\n\n{}", "x\n".repeat(500_000));
    let wrong = [
        (host.page_mail(&["--no-such-option"]), 64),
        (host.page_mail(&["--max-parts", "0", "joe"]), 64),
        (host.page_mail(&["john"]), 77),
        (
            applet("page-mail").arg("joe").arg("--config").arg(&missing),
            75,
        ),
    ];
    for (cmd, status) in wrong {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let (mut read, mut write) = (fs::File::from(read), fs::File::from(write));
        let running = cmd.stdin_from(read.try_clone().unwrap()).spawn();
        let mail = long.clone();
        let writer =
            std::thread::spawn(move || std::io::Write::write_all(&mut write, mail.as_bytes()));
        running.wait().expect_status(status);
        writer.join().unwrap().unwrap();
        let mut left = Vec::new();
        read.read_to_end(&mut left).unwrap();
        assert_eq!(left.len(), 0);
    }
    host.is_empty();
}

#[test]
fn descriptors_that_are_closed_do_no_harm() {
    let host = Host::new("mail-closed", "");
    let run = |script: &str, name: &str| {
        let page_mail = Cmd::new("sh").args(["-c", script, "sh", "page-mail", name, "--config"]);
        page_mail.arg(host.config()).stdin(MAIL).run()
    };
    run("exec \"$@\" >&- 2>&-", "joe").expect(0, "", "");
    host.job();
    run("exec \"$@\" >&- 2>&-", "john").expect(67, "", "");
    run("exec \"$@\" 2>/dev/full", "john").expect(67, "", "");
    run("exec \"$@\" <&-", "joe").expect_status(65);
    host.is_empty();
}

#[test]
fn the_log_has_a_line_on_each_mail_and_never_its_text() {
    skip_unless!("root", "unshare");
    let host = Host::new("mail-log", "[mail]\nallow-from = [\"*@example.com\"]\n");
    let dev = host.dir.join("dev");
    fs::create_dir(&dev).unwrap();
    let socket = UnixDatagram::bind(dev.join("log")).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    host.dir.file("dev/null", "");
    let log = |name: &str, mail: &str| {
        // Its own /dev, where our socket is syslog's.
        let script = "mount --bind \"$1\" /dev && shift && exec \"$@\"";
        let cmd = Cmd::new("unshare")
            .args(["-m", "sh", "-c", script, "sh"])
            .arg(&dev);
        let cmd = cmd.args(["page-mail", name, "--config"]).arg(host.config());
        let output = cmd.stdin(mail).run();
        if output.stderr.contains("mount") || output.stderr.contains("unshare") {
            eprintln!("skipped: no right to mount: {}", output.stderr);
            return None;
        }
        let mut line = [0; 1000];
        let length = socket.recv(&mut line).unwrap();
        let line = String::from_utf8(line[..length].to_vec()).unwrap();
        let (head, text) = line.split_once("]: ").unwrap();
        Some((head.split('[').next().unwrap().to_owned(), text.to_owned()))
    };
    let Some((head, line)) = log("oncall", MAIL) else {
        return;
    };
    let id = host.job().id;
    assert_eq!(head, "<22>page-mail");
    assert_eq!(
        line,
        format!("accepted {id} for oncall, 27 bytes, from joe@example.com, 42 bytes of mail")
    );
    let vacation = format!("Auto-Submitted: auto-replied\n{MAIL}");
    let (head, line) = log("oncall", &vacation).unwrap();
    assert_eq!(head, "<22>page-mail");
    assert_eq!(
        line,
        "dropped from joe@example.com, 71 bytes of mail: an automatic reply"
    );
    let (head, line) = log("oncall", "From: x\u{1b}@evil.org\n\ntext").unwrap();
    assert_eq!(head, "<20>page-mail");
    assert_eq!(
        line,
        "refused from nobody, 23 bytes of mail: allow-from does not let a sender without an address page anybody"
    );
    let (_, line) = log("oncall", "From: x@evil.org\n\ntext").unwrap();
    assert_eq!(
        line,
        "refused from x@evil.org, 22 bytes of mail: allow-from does not let \"x@evil.org\" page anybody"
    );
    fs::remove_dir_all(host.dir.join("spool")).unwrap();
    let (head, line) = log("oncall", MAIL).unwrap();
    assert_eq!(head, "<19>page-mail");
    assert!(
        line.starts_with("put off, 42 bytes of mail: ") && !line.contains("full"),
        "{line}"
    );
}
