//! `snpp-serve` and the configuration: which pagers there are, and where their pages go.

use std::path::{Path, PathBuf};

use super::access::{on_socket, server};
use super::{codes, expect_jobs, jobs};
use crate::support::kit::link;
use crate::support::{Cmd, Scratch, applet, scratch};

const UNAVAILABLE: &str = "421 Gateway Service Unavailable\r\n";
const PAGE: &str = "MESS x\r\nSEND\r\n";

/// Pagers and groups, and a pager and a group that no page can reach.
const NAMES: &str = r#"
[route.lab]
type = "exec"
command = ["true"]

[pager.ann]
route = "lab"

[pager."5551212"]
route = "lab"

[pager.orphan]

[group.oncall]
members = ["ann", "orphan"]

[group.nobody]
members = []

[group.lost]
members = ["orphan", "nobody"]
"#;

fn config(scratch: &Scratch, text: &str) -> PathBuf {
    scratch.file("pagebox.toml", text)
}

/// A server with this configuration and a spool below the test's directory.
fn configured(scratch: &Scratch, text: &str) -> Cmd {
    server()
        .arg("--config")
        .arg(config(scratch, text))
        .arg("--spool")
        .arg(scratch.join("spool"))
}

/// There may be one on a developer's machine.
fn there_is_a_default() -> bool {
    let there = Path::new("/etc/pagebox.toml").exists();
    if there {
        eprintln!("skipped: this machine has an /etc/pagebox.toml");
    }
    there
}

#[test]
fn only_whom_a_route_can_reach_is_accepted() {
    let scratch = scratch("known-names");
    let (mut talk, server) = on_socket(configured(&scratch, NAMES).args(["--max-errors", "50"]));
    talk.hear();
    for (id, page, ping) in [
        ("ann", "250", "920"),
        ("5551212", "250", "920"),
        ("oncall", "250", "920"),
        ("orphan", "550", "550"),
        ("nobody", "550", "550"),
        ("lost", "550", "550"),
        ("ANN", "550", "550"),
        ("5551213", "550", "550"),
        ("lab", "550", "550"),
        ("default", "550", "550"),
    ] {
        talk.ask(&format!("PAGE {id}"), page);
        talk.ask(&format!("PING {id}"), ping);
    }
    talk.hold("C: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
    expect_jobs(
        "known",
        &scratch,
        &[(&["To: ann", "To: 5551212", "To: oncall"], "x")],
    );
}

#[test]
fn a_run_with_many_bad_rows_learns_the_truth_about_each() {
    let scratch = scratch("known-many");
    let proxy = format!(
        "{} snpp-serve --config {} --spool {}",
        env!("CARGO_BIN_EXE_pagebox"),
        config(&scratch, NAMES).display(),
        scratch.join("spool").display()
    );
    let mut rows = "pager,message\n".to_owned();
    for row in 0..30 {
        rows += if row % 6 == 0 {
            "ann,x\n"
        } else {
            "nobody,x\n"
        };
    }
    // More than ten refused pagers are 421 to whoever stays.
    let output = applet("snpp-send")
        .args(["-s", "far", "--proxy-command", &proxy, "--csv", "-"])
        .stdin(rows)
        .run();
    output.expect_status(67);
    let count = |outcome: &str| output.stdout.matches(outcome).count();
    assert_eq!(
        (count(",sent,250,"), count(",refused,550,")),
        (5, 25),
        "{}",
        output.stdout
    );
    assert_eq!(jobs(&scratch).len(), 5);
}

#[test]
fn a_default_route_takes_every_well_formed_id() {
    let scratch = scratch("known-default");
    let text = NAMES
        .replace("route.lab", "route.default")
        .replace("\"lab\"", "\"default\"");
    let (mut talk, server) = on_socket(configured(&scratch, &text).args(["--max-errors", "50"]));
    talk.hear();
    let longest = "1".repeat(64);
    for (id, page, ping) in [
        ("ann", "250", "920"),
        ("orphan", "250", "920"),
        ("lost", "250", "920"),
        ("5551213", "250", "920"),
        (&longest, "250", "920"),
        ("nobody", "550", "550"),
        ("-o", "550", "550"),
        (&format!("{longest}1"), "550", "550"),
    ] {
        talk.ask(&format!("PAGE {id}"), page);
        talk.ask(&format!("PING {id}"), ping);
    }
    talk.hold("C: MESS x\nS: 250\nC: SEND\nS: 250\nC: QUIT\nS: 221");
    assert_eq!(talk.rest(), "");
    server.wait().expect_status(0);
    let longest = format!("To: {longest}");
    let to = ["To: ann", "To: orphan", "To: lost", "To: 5551213", &longest];
    expect_jobs("default", &scratch, &[(&to, "x")]);
}

#[test]
fn whoever_asks_for_names_that_there_are_not_is_sent_away() {
    let scratch = scratch("known-errors");
    for (line, most) in [("PING a", 3), ("PAGE a", 30)] {
        let lines = format!("{line}\r\n").repeat(most + 1);
        let output = configured(&scratch, NAMES)
            .args(["--max-errors", "3"])
            .stdin(format!("{lines}PAGE ann\r\n"))
            .run();
        output.expect_complaint(0, &output.stdout, "too many errors");
        let heard = codes(&output.stdout);
        assert_eq!(heard[1..=most], vec!["550"; most], "{line}");
        assert_eq!(heard[most + 1..], ["421"], "{line}");
    }
}

#[test]
fn old_numbers_in_a_list_cost_the_good_ones_nothing() {
    link("pagebox");
    let scratch = scratch("known-list");
    config(&scratch, NAMES);
    let server = "pagebox snpp-serve --spool spool --config pagebox.toml";
    let send = || {
        applet("snpp-send")
            .args(["-s", "localhost", "--proxy-command", server])
            .dir(&*scratch)
    };
    let old: Vec<String> = (0..12).map(|number| format!("old{number}")).collect();
    let output = send()
        .args(["--one-send", &format!("{},ann", old.join(",")), "hi"])
        .run();
    output.expect_status(67);
    assert_eq!(output.stdout.matches(" refused 550 ").count(), 12);
    assert!(output.stdout.contains("\nann sent 250 "), "{output:?}");
    expect_jobs("one SEND", &scratch, &[(&["To: ann"], "hi")]);
    let rows = (0..60).map(|row| format!("ann,{row}\nold{row},{row}\n"));
    let csv = format!("pager,message\n{}", rows.collect::<String>());
    for window in ["1", "50"] {
        let before = jobs(&scratch).len();
        let output = send()
            .args(["--csv", "-", "--window", window])
            .stdin(&csv)
            .run();
        output.expect_status(67);
        assert_eq!(output.stdout.matches(",sent,250,").count(), 60, "{window}");
        assert_eq!(jobs(&scratch).len() - before, 60, "{window}");
    }
}

#[test]
fn a_command_is_run_only_for_whom_the_configuration_knows() {
    let scratch = scratch("known-command");
    let file = config(&scratch, NAMES);
    let chained = |server: Cmd| {
        server
            .args(["--", "sh", "-c", "echo \"$PAGEBOX_PAGER\" >>\"$0/pagers\""])
            .arg(&scratch)
            .stdin(format!(
                "PAGE bob\r\nPING bob\r\nPING ann\r\nPAGE ann\r\n{PAGE}"
            ))
            .run()
    };
    for output in [
        chained(server().arg("--config").arg(&file)),
        chained(server().env("PAGEBOX_CONFIG", &file)),
    ] {
        output.expect_status(0);
        assert_eq!(
            codes(&output.stdout),
            ["220", "550", "550", "821", "250", "250", "250"]
        );
    }
    // With a command by hand and no configuration any ID is taken.
    if !there_is_a_default() {
        assert_eq!(
            codes(&chained(server()).stdout),
            ["220", "250", "821", "821", "552", "250", "250"]
        );
        assert_eq!(scratch.read("pagers"), "ann\nann\nbob\n");
    }
}

#[test]
fn a_configuration_that_is_wrong_is_our_own_trouble() {
    let scratch = scratch("known-wrong");
    for (text, words) in [
        (
            "[pager.ann]\nroute = \"nowhere\"\n",
            ":2: pager.ann.route: no route \"nowhere\"",
        ),
        (
            "[route.lab]\ntype = \"exec\"\ncommand = [\"true\"]\nspeed = 3\n",
            ":4: route.lab: unknown key \"speed\"",
        ),
        ("colour = \"red\"\n", ":1: unknown key \"colour\""),
        ("\n[pagers.ann]\n", ":2: unknown key \"pagers\""),
        (
            "[group.oncall]\nmembers = [\"ann\"]\n",
            ":2: group.oncall.members: no pager or group \"ann\"",
        ),
        ("[route.lab]\ntype = \"exec\"\n", ":2: route.lab.type: "),
        ("spool = \"relative\"\n", ":1: spool: "),
        ("[pager.ann\n", ":1: "),
        ("spool = \"/a\"\nspool = \"/b\"\n", ":2: "),
    ] {
        let file = config(&scratch, text);
        let words = format!("{}{words}", file.display());
        for output in [
            configured(&scratch, text).run(),
            server()
                .arg("--config")
                .arg(&file)
                .args(["--", "true"])
                .run(),
            server().env("PAGEBOX_CONFIG", &file).run(),
        ] {
            output.expect_complaint(78, UNAVAILABLE, &words);
            assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        }
    }
    let missing = scratch.join("missing.toml");
    let words = format!("{}: there is no such file", missing.display());
    for output in [
        server()
            .arg("--config")
            .arg(&missing)
            .args(["--", "true"])
            .run(),
        server()
            .env("PAGEBOX_CONFIG", &missing)
            .args(["--", "true"])
            .run(),
    ] {
        output.expect_complaint(78, UNAVAILABLE, &words);
    }
    assert!(!scratch.join("spool").exists());
}

#[test]
fn the_configuration_names_the_spool_unless_the_command_line_does() {
    let scratch = scratch("known-spool");
    let text = format!("spool = \"{}\"\n{NAMES}", scratch.join("spool").display());
    let file = config(&scratch, &text);
    let other = scratch.file("other.toml", NAMES.replace("ann", "bob"));
    let page = |server: Cmd| {
        let output = server.stdin(format!("PAGE ann\r\n{PAGE}")).run();
        output.expect_status(0);
        codes(&output.stdout).join(" ")
    };
    let accepted = "220 250 250 250";
    assert_eq!(page(server().arg("--config").arg(&file)), accepted);
    assert_eq!(page(server().env("PAGEBOX_CONFIG", &file)), accepted);
    // The option goes before the variable.
    let both = server()
        .arg("--config")
        .arg(&file)
        .env("PAGEBOX_CONFIG", &other);
    assert_eq!(page(both), accepted);
    assert_eq!(jobs(&scratch).len(), 3);
    let elsewhere = scratch.join("elsewhere");
    let by_hand = server()
        .arg("--config")
        .arg(&file)
        .arg("--spool")
        .arg(&elsewhere);
    assert_eq!(page(by_hand), accepted);
    assert_eq!(scratch.names("elsewhere/new").len(), 1);
    assert_eq!(jobs(&scratch).len(), 3);
    // The names count with a spool by hand too.
    let unknown = server()
        .env("PAGEBOX_CONFIG", &other)
        .arg("--spool")
        .arg(&elsewhere);
    assert_eq!(page(unknown), "220 550 250 503");
    // One of the file that cannot be used is our own trouble.
    let file = config(&scratch, &format!("spool = \"/dev/null/x\"\n{NAMES}"));
    server()
        .arg("--config")
        .arg(file)
        .run()
        .expect_complaint(73, UNAVAILABLE, "/dev/null/x");
}

#[test]
fn without_a_configuration_somebody_has_to_say_where_pages_go() {
    if there_is_a_default() {
        return;
    }
    for server in [server(), server().env("PAGEBOX_CONFIG", "")] {
        let output = server.stdin(format!("PAGE 1\r\n{PAGE}")).run();
        output.expect_complaint(78, UNAVAILABLE, "/etc/pagebox.toml");
        for cure in ["--spool", "-- COMMAND"] {
            assert!(output.stderr.contains(cure), "{}", output.stderr);
        }
    }
    let scratch = scratch("known-none");
    let output = server()
        .arg("--spool")
        .arg(scratch.join("spool"))
        .env("PAGEBOX_CONFIG", "")
        .stdin(format!("PAGE anyone\r\n{PAGE}"))
        .run();
    assert_eq!(codes(&output.stdout), ["220", "250", "250", "250"]);
}
