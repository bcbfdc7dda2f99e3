//! The program around the applets: which one is meant, what it says of itself, and how it ends
//! when it has nothing to run.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;

use crate::support::{Cmd, applet, kit, pagebox, scratch};

const NAMES: [&str; 12] = [
    "ixo-send",
    "ixo-serve",
    "page",
    "page-cgi",
    "page-deliver",
    "page-mail",
    "pageq",
    "snpp-probe",
    "snpp-send",
    "snpp-serve",
    "xtell",
    "xtelld",
];

fn version(name: &str) -> String {
    format!("{name} {}\n", env!("CARGO_PKG_VERSION"))
}

/// What a shell leaves of `| head -1` once head has gone.
fn closed_pipe() -> OwnedFd {
    rustix::pipe::pipe().expect("a pipe").1
}

#[test]
fn an_applet_is_named_by_the_program_or_by_the_first_word() {
    let scratch = scratch("dispatch");
    let elsewhere = scratch.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for name in NAMES {
        symlink(env!("CARGO_BIN_EXE_pagebox"), elsewhere.join(name)).unwrap();
        let through_a_path = elsewhere.join("../elsewhere").join(name);
        for cmd in [
            applet(name),
            pagebox().arg(name),
            Cmd::new(name).dir("/"),
            Cmd::new(&through_a_path),
            pagebox().arg0(name),
            pagebox().arg0(format!("-{name}")),
            pagebox().arg0(format!("/no/such/directory/{name}")),
            // Not the name of an applet: then the first word is.
            pagebox().arg0("").arg(name),
            pagebox().arg0("-").arg(name),
            pagebox().arg0("/").arg(name),
            pagebox().arg0("box").arg(name),
        ] {
            cmd.arg("--version").run().expect(0, &version(name), "");
        }
    }
}

#[test]
fn the_words_behind_the_name_are_the_applets_own() {
    // Its own name as an argument calls nothing, and a second name is a word.
    applet("snpp-send")
        .args(["--dry-run", "-s", "h", "snpp-serve", "snpp-probe"])
        .run()
        .expect_status(0);
    pagebox()
        .args(["snpp-probe", "--dry-run", "snpp-send"])
        .run()
        .expect(0, "snpp-send:444\nC: QUIT\n", "");
}

#[test]
fn list_names_the_applets_and_nothing_else() {
    let list: String = NAMES.join("\n") + "\n";
    pagebox().arg("--list").run().expect(0, &list, "");
}

#[test]
fn help_and_version_are_data() {
    for words in [&["--version"][..], &["-V"]] {
        pagebox()
            .args(words)
            .run()
            .expect(0, &version("pagebox"), "");
    }
    let help = pagebox().arg("--help").run();
    help.expect(0, &help.stdout, "");
    for name in NAMES {
        let lines = help.stdout.lines().filter(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(name) && words.next().is_some()
        });
        assert_eq!(lines.count(), 1, "{name} has one line of help");
    }
    for words in [&["-h"][..], &["help"]] {
        pagebox().args(words).run().expect(0, &help.stdout, "");
    }
    for name in NAMES {
        let help = applet(name).arg("--help").run();
        help.expect(0, &help.stdout, "");
        assert!(help.stdout.contains(&format!("Usage: {name}")), "{name}");
        pagebox()
            .args([name, "--help"])
            .run()
            .expect(0, &help.stdout, "");
    }
}

#[test]
fn a_wrong_command_line_is_64_and_talk() {
    for (words, complaint) in [
        (&[][..], "which applet?"),
        (&[""], "which applet?"),
        (&["no-such-applet"], "no-such-applet: no such applet"),
        (&["--no-such-option"], "--no-such-option"),
        (&["snpp"], "snpp: no such applet"),
        (&["SNPP-SEND"], "no such applet"),
        (&["./snpp-send"], "no such applet"),
        (&["pagebox", "snpp-send"], "no such applet"),
    ] {
        let output = pagebox().args(words).run();
        output.expect_complaint(64, "", complaint);
        let talk = output
            .stderr
            .lines()
            .all(|line| line.starts_with("pagebox: "));
        assert!(
            talk && output.stderr.contains("--list"),
            "{}",
            output.stderr
        );
    }
    for (name, words) in [
        ("snpp-probe", &["--no-such-option"][..]),
        ("snpp-probe", &["h:0"]),
        ("snpp-send", &[]),
        ("snpp-send", &["--level", "12", "1", "x"]),
        ("snpp-serve", &["--max-message", "0"]),
        ("snpp-serve", &["--no-such-option"]),
        ("xtelld", &["--ident", "perhaps"]),
    ] {
        let output = applet(name).args(words).run();
        output.expect_complaint(64, "", &format!("{name}: "));
        pagebox()
            .arg(name)
            .args(words)
            .run()
            .expect(64, "", &output.stderr);
    }
}

#[test]
fn a_word_that_is_no_text_is_no_applet_and_no_trouble() {
    use std::os::unix::ffi::OsStrExt;
    let word = std::ffi::OsStr::from_bytes(b"\xff\x1b[2J");
    let output = pagebox().arg(word).run();
    output.expect_complaint(64, "", "no such applet");
    assert!(!output.stderr.contains('\x1b'), "{:?}", output.stderr);
}

#[test]
fn a_full_disk_under_the_output_is_74() {
    for words in [
        &["--help"][..],
        &["--version"],
        &["--list"],
        &["snpp-send", "--help"],
        &["snpp-serve", "--version"],
        &["xtelld", "--help"],
        &["snpp-send", "--dry-run", "5551212", "x"],
        &["ixo-send", "--dry-run", "5551212", "x"],
        &[
            "page-deliver",
            "--check",
            "--config",
            "scripts/pagebox.toml",
        ],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = pagebox().args(words).stdout_to(full).run();
        output.expect_complaint(74, "", "standard output: ");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_trouble() {
    for words in [
        &["--help"][..],
        &["--version"],
        &["--list"],
        &["snpp-send", "--help"],
        &["snpp-probe", "--dry-run", "h"],
    ] {
        pagebox()
            .args(words)
            .stdout_to(closed_pipe())
            .run()
            .expect(0, "", "");
    }
}

#[test]
fn talk_that_nobody_can_hear_changes_no_status() {
    pagebox()
        .arg("none")
        .stderr_to(closed_pipe())
        .run()
        .expect(64, "", "");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    pagebox()
        .arg("none")
        .stderr_to(full)
        .run()
        .expect(64, "", "");
}

#[test]
fn links_of_a_test_are_links_to_the_program_under_test() {
    let target = std::fs::read_link(kit::link("snpp-send")).unwrap();
    assert_eq!(target.to_str(), Some(env!("CARGO_BIN_EXE_pagebox")));
}
