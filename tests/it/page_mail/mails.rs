//! What is kept of a mail, and which mail is dropped.

use super::{Host, fixture};

#[test]
fn cron_and_logwatch_page() {
    let host = Host::new("mail-cron", "");
    assert_eq!(
        host.text(fixture("cron.eml")),
        "Cron Daemon: Cron <root@db01> /usr/local/sbin/backup --all: \
         backup: /srv: no space left on device\n\
         backup: 3 of 17 volumes saved – see /var/log/backup.log"
    );
    let text = host.text(fixture("logwatch.eml"));
    let begin = "logwatch@db01.example.com: Logwatch for db01 (Linux): \
                 ################### Logwatch 7.5.6 (07/23/21) ####################\n\
                 Processing Initiated: Sun Nov 22 06:25:12 2026\n";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.ends_with("###################### Logwatch End #########################"));
    assert!(!text.contains("\n\n") && !text.contains("  "));
}

#[test]
fn a_person_is_read_in_every_charset() {
    let host = Host::new("mail-person", "");
    assert_eq!(
        host.text(fixture("person.eml")),
        "Jörg Müller: Kühlhaus 3: zu warm: Seit 20 Minuten über 9 °C,\nTür war offen."
    );
    assert_eq!(
        host.text(fixture("html.eml")),
        "Monitor: [ALERT] db01: db01 is down\nSince 04:05 UTC\nLoad > 90\nFrançois & Co"
    );
}

#[test]
fn a_subject_is_no_header_and_no_line_of_its_own() {
    let host = Host::new("mail-subject", "");
    let subject = "Subject: =?utf-8?q?x=0D=0ATo:_Ann=0A=0Amore=1B[2J?=\n =?utf-8?b?8J+Qtg==?=\n";
    host.mail(&["joe"], format!("From: a@b\n{subject}\n"))
        .expect(0, "", "");
    let job = host.job();
    assert_eq!(super::names(&job), ["joe"]);
    assert_eq!(job.message, "a@b: x To: Ann more[2J🐶".as_bytes());
}

#[test]
fn what_is_not_there_leaves_nothing_behind() {
    let host = Host::new("mail-empty", "");
    assert_eq!(host.text("From: a@b\nSubject: Disk\n\n"), "a@b: Disk");
    assert_eq!(host.text("From: a@b\nSubject: Disk"), "a@b: Disk");
    assert_eq!(host.text("From: a@b\n\nfull\n"), "a@b: full");
    assert_eq!(host.text("Subject: Disk\n\nfull\n"), "Disk: full");
    assert_eq!(host.text("just text\n"), "just text");
    let attached = "From: a@b\nSubject: See\nContent-Type: application/pdf\n\
                    Content-Transfer-Encoding: base64\n\nJVBERi0xLjQKJeLjz9MK\n";
    assert_eq!(host.text(attached), "a@b: See");
    for mail in [
        "",
        "\n",
        "From: a@b\n\n",
        "From: a@b\nSubject:\n\n-- \nJoe\n",
    ] {
        let output = host.mail(&["joe"], mail);
        output.expect(
            65,
            "",
            "page-mail: the mail has neither a subject nor a text\n",
        );
    }
    host.is_empty();
}

#[test]
fn a_template_says_what_is_kept() {
    let host = Host::new(
        "mail-template",
        "[mail]\ntemplate = \"{subject} [{address}]\"\n",
    );
    assert_eq!(
        host.text("From: Joe <a@b>\nSubject: Disk\n\nfull\n"),
        "Disk [a@b]"
    );
    // Nothing of it is there, and yet something to say.
    host.configure("[mail]\ntemplate = \"S: {subject}\"\n");
    assert_eq!(host.text("From: Joe <a@b>\n\nfull\n"), "Joe: full");
}

#[test]
fn a_loop_ends_in_silence_and_nothing_else_does() {
    let host = Host::new("mail-loop", "");
    let dropped = |mail: &[u8]| {
        host.mail(&["joe"], mail).expect(0, "", "");
        host.is_empty();
    };
    dropped(&fixture("vacation.eml"));
    dropped(b"From: a@b\nX-Loop: PAGEBOX@example.com\nSubject: x\n\nx\n");
    let received = |times: usize| {
        format!(
            "{}Subject: x\n\nx\n",
            "Received: by x\n\tid 1\n".repeat(times)
        )
    };
    dropped(received(26).as_bytes());
    assert_eq!(host.text(received(25)), "x: x");
    for header in [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-notified",
        "Precedence: bulk",
        "Return-Path: <>",
        "List-Id: <ops.example.com>",
        "X-Loop: joe@example.com",
        "X-Loop: root@pagebox.example.org",
    ] {
        assert_eq!(
            host.text(format!("{header}\nFrom: a@b\nSubject: x\n\n")),
            "a@b: x"
        );
    }
}

#[test]
fn what_fits_no_job_ends_visibly() {
    let host = Host::new("mail-long", "");
    let lines = "0123456789 ".repeat(6) + "\n";
    let mail = format!("From: a@b\nSubject: long\n\n{}", lines.repeat(2000));
    let text = host.text(&mail);
    assert!(text.ends_with("..."), "{}", &text[text.len() - 20..]);
    assert!((65_000..65_536).contains(&text.len()), "{}", text.len());
    // Of a mail that is longer than it may be, the beginning pages.
    host.configure("[mail]\nmax-size = 70\n");
    let begin = "a@b: long: 0123456789 0123456789 0123456789 0123456789 0...";
    assert_eq!(host.text(&mail), begin);
    // That may be the midst of a character.
    for (size, end) in [(29, "日本..."), (30, "日本\u{fffd}..."), (32, "日本語...")] {
        host.configure(&format!("[mail]\nmax-size = {size}\n"));
        let text = host.text("From: a@b\nSubject: ü\n\n日本語テスト\n");
        assert_eq!(text, format!("a@b: ü: {end}"));
    }
    // Where that has no text nobody knows whether there is one.
    host.configure("[mail]\nmax-size = 25\n");
    assert_eq!(host.text(&mail), "a@b: long: ...");
    host.configure("[mail]\nmax-size = 70\n");
    // Its text may be whole all the same.
    let signed = "From: a@b\n\nfull\n-- \nJoe\n".to_owned() + &lines;
    assert_eq!(host.text(signed), "a@b: full");
    let mixed = "From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfull\n--b\n\n";
    let mixed = format!("{mixed}{lines}--b--\n");
    host.configure(&format!("[mail]\nmax-size = {}\n", mixed.len() - 60));
    assert_eq!(host.text(mixed), "a@b: full");
}
