//! The units of the deliverer, and the users and directories of all of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::{given_back, root, values};
use crate::support::peers::skip_unless;
use crate::support::{Cmd, scratch};

fn unit(name: &str) -> PathBuf {
    root().join("scripts/systemd").join(name)
}

#[test]
fn a_pass_begins_for_each_job_and_each_minute_and_never_fails_for_good() {
    let [path, timer, service] = ["path", "timer", "service"].map(|end| {
        let name = format!("page-deliver.{end}");
        unit(&name)
    });
    for (unit, key, value) in [
        (&path, "DirectoryNotEmpty", "/var/spool/pagebox/new"),
        // Its rights are not what systemd would give it.
        (&path, "MakeDirectory", "no"),
        (&path, "TriggerLimitIntervalSec", "0"),
        (&timer, "OnUnitInactiveSec", "1min"),
        (&service, "StartLimitIntervalSec", "0"),
        (&service, "Type", "oneshot"),
        // What keeps a job that stays in new/ from being tried without a pause.
        (&service, "ExecStopPost", "/bin/sleep 1"),
        (&service, "User", "pagebox"),
        (&service, "Group", "pagebox"),
        (&service, "SupplementaryGroups", "dialout"),
        // The deliverer stops its routes itself.
        (&service, "KillMode", "mixed"),
        (
            &service,
            "RestrictAddressFamilies",
            "AF_UNIX AF_INET AF_INET6",
        ),
        (&service, "DeviceAllow", "char-tty* rw"),
    ] {
        assert_eq!(values(unit, key), [value], "{key}");
    }
    // What gateways and serial lines need, the boot ID, and room for programs.
    assert_eq!(
        given_back(&service),
        [
            "ReadWritePaths=/var/spool/pagebox",
            "PrivateDevices=yes",
            "PrivateNetwork=yes",
            "RestrictAddressFamilies=none",
            "PrivateUsers=yes",
            "ProcSubset=pid",
            "LimitNOFILE=64",
            "TasksMax=8",
            "MemoryMax=64M"
        ]
    );
}

/// The users of our file, with the groups that they are in.
fn users() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("scripts/sysusers.d/pagebox.conf")).unwrap();
    let mut users = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["u", name, ..] => drop(users.insert((*name).to_owned(), vec![(*name).to_owned()])),
            ["m", name, group] => users.get_mut(*name).unwrap().push((*group).to_owned()),
            _ => {}
        }
    }
    users
}

#[test]
fn every_unit_has_its_user_and_that_may_submit() {
    let users = users();
    for name in [
        "snpp-serve@.service",
        "ixo-serve@.service",
        "page-deliver.service",
        "pagebox-worker.service",
    ] {
        let [user, group] = ["User", "Group"].map(|key| values(&unit(name), key).remove(0));
        let groups = users.get(&user).unwrap_or_else(|| panic!("{user}: nobody"));
        assert!(groups.contains(&group), "{user} is not in {group}");
    }
    assert_eq!(users.len(), 4);
}

#[test]
fn the_spool_is_made_with_its_rights() {
    skip_unless!("systemd-sysusers", "systemd-tmpfiles");
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root gives files away");
        return;
    }
    let scratch = scratch("spool-rights");
    fs::create_dir(scratch.join("etc")).unwrap();
    let at = format!("--root={}", scratch.display());
    for (program, word) in [
        ("systemd-sysusers", None),
        ("systemd-tmpfiles", Some("--create")),
    ] {
        let kind = program.trim_start_matches("systemd-");
        let file = root().join(format!("scripts/{kind}.d/pagebox.conf"));
        let run = Cmd::new(program).arg(&at).args(word).arg(file).run();
        run.expect_status(0);
    }
    let passwd = scratch.read("etc/passwd");
    let owner = passwd.lines().find(|line| line.starts_with("pagebox:"));
    let numbers: Vec<&str> = owner.unwrap().split(':').collect();
    for (directory, mode) in [
        ("", 0o750),
        ("tmp", 0o3770),
        ("new", 0o3770),
        ("tags", 0o2750),
        ("active", 0o700),
        ("wait", 0o700),
        ("failed", 0o700),
        ("sent", 0o700),
    ] {
        let made = fs::metadata(scratch.join("var/spool/pagebox").join(directory)).unwrap();
        assert_eq!(made.mode() & 0o7777, mode, "{directory}");
        let is = [made.uid().to_string(), made.gid().to_string()];
        assert_eq!(is, numbers[2..4], "{directory}");
    }
}
