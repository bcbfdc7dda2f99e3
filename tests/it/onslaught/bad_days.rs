//! Spools that are not what they should be, and a system that has nothing left to give.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::onslaught::pages;
use crate::snpp_serve::{Talk, codes, serve};
use crate::support::{Cmd, Page, Scratch, scratch};

const PAGE: &str = "PAGE 1\r\nMESS x\r\nSEND\r\n";

#[test]
fn without_descriptors_it_is_421_or_554_and_nothing_is_left_behind() {
    let (mut refused, mut served) = (0, 0);
    // Three are what it is given, and the fourth is what loads the program.
    for limit in 4..24 {
        let scratch = scratch("onslaught-descriptors");
        let output = Cmd::new("sh")
            .args(["-c", "ulimit -n $1; exec snpp-serve --spool \"$0\""])
            .arg(scratch.join("spool"))
            .arg(limit.to_string())
            .stdin(format!("{PAGE}{PAGE}QUIT\r\n"))
            .run();
        let heard = codes(&output.stdout);
        let queued = pages(&scratch).len();
        match heard[..] {
            [] | ["421"] => {
                // Its own trouble, and it says which.
                assert!(matches!(output.status, 71 | 73), "{limit}: {output:?}");
                assert!(output.stderr.contains("open files"), "{limit}: {output:?}");
                assert_eq!(queued, 0, "{limit}");
                refused += 1;
            }
            ["220", "250", "250", one, "250", "250", two, "221"] => {
                assert_eq!(output.status, 0, "{limit}: {output:?}");
                assert!([one, two].iter().all(|code| ["250", "554"].contains(code)));
                let said = [one, two].iter().filter(|code| **code == "250").count();
                assert_eq!(queued, said, "{limit}");
                served += 1;
            }
            _ => panic!("{limit}: {output:?}"),
        }
    }
    assert!(
        refused > 0 && served > 0,
        "{refused} refused, {served} served"
    );
}

#[test]
fn descriptors_that_run_out_in_a_session_cost_a_page_and_not_the_session() {
    let scratch = scratch("onslaught-run-out");
    let (mut talk, server) = Talk::inetd(serve(&scratch));
    let pid = Pid::from_raw(server.pid().try_into().unwrap());
    let limit = |current: Option<u64>| {
        let maximum = getrlimit(Resource::Nofile).maximum;
        prlimit(pid, Resource::Nofile, Rlimit { current, maximum }).unwrap()
    };
    talk.hold("S: 220\nC: PAGE 1\nS: 250\nC: MESS lost\nS: 250");
    let before = limit(Some(3));
    talk.hold("C: SEND\nS: 554\nC: SEND\nS: 503\nC: PAGE 1\nS: 250\nC: MESS kept\nS: 250");
    limit(before.current);
    talk.hold("C: SEND\nS: 250\nC: QUIT\nS: 221");
    drop(talk);
    server.wait().expect(0, "", "");
    assert_eq!(pages(&scratch), [Page::new(&["1"], "kept")]);
}

#[test]
fn whatever_the_umask_is_nobody_else_may_read_a_page() {
    for (umask, file, directory) in [("000", 0o640, 0o7770), ("077", 0o600, 0o7700)] {
        let scratch = scratch("onslaught-umask");
        Cmd::new("sh")
            .args(["-c", "umask $1; exec snpp-serve --spool \"$0\""])
            .arg(scratch.join("spool"))
            .arg(umask)
            .stdin(PAGE)
            .run()
            .expect_status(0);
        let mode = |path: &str| {
            let data = fs::metadata(scratch.join(path)).unwrap();
            data.permissions().mode() & 0o7777
        };
        let job = &scratch.names("spool/new")[0];
        assert_eq!(mode(&format!("spool/new/{job}")), file, "umask {umask}");
        for path in ["spool", "spool/tmp", "spool/new"] {
            assert_eq!(mode(path) & !directory, 0, "umask {umask}: {path}");
            assert_eq!(mode(path) & 0o700, 0o700, "umask {umask}: {path}");
        }
    }
}

/// Puts something there that is no directory, or not the spool's own.
type Place = fn(&Scratch, &Path);

const NO_DIRECTORIES: &[(&str, Place)] = &[
    ("a file", |_, path| fs::write(path, "").unwrap()),
    ("a link to a directory", |scratch, path| {
        symlink(scratch.join("elsewhere"), path).unwrap();
    }),
    ("a link to nothing", |_, path| {
        symlink("nothing", path).unwrap();
    }),
    ("a link to itself", |_, path| symlink(path, path).unwrap()),
    ("a FIFO", |_, path| {
        Cmd::new("mkfifo").arg(path).run().expect(0, "", "");
    }),
];

#[test]
fn a_spool_whose_parts_are_no_directories_is_421_and_is_left_alone() {
    for (what, place) in NO_DIRECTORIES {
        for part in ["tmp", "new"] {
            let scratch = scratch("onslaught-parts");
            fs::create_dir(scratch.join("elsewhere")).unwrap();
            fs::create_dir(scratch.join("spool")).unwrap();
            let path = scratch.join("spool").join(part);
            place(&scratch, &path);
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let output = serve(&scratch).stdin(PAGE).run();
            let refusal = "421 Gateway Service Unavailable\r\n";
            output.expect_complaint(73, refusal, &format!("spool/{part}: "));
            assert_eq!(scratch.names("elsewhere"), [""; 0], "{part} is {what}");
            let still = fs::symlink_metadata(&path).unwrap().file_type();
            assert_eq!(still, kind, "{part} is {what}");
        }
    }
}

#[test]
fn a_directory_that_vanishes_between_two_pages_is_554_until_it_is_back() {
    for part in ["tmp", "new"] {
        let scratch = scratch("onslaught-vanish");
        let path = scratch.join("spool").join(part);
        let keep = scratch.join("kept");
        let (mut talk, server) = Talk::inetd(serve(&scratch));
        let page = |talk: &mut Talk, text: &str| {
            talk.ask("PAGE 1", "250");
            talk.ask(&format!("MESS {text}"), "250");
            talk.say("SEND");
            talk.hear()[..3].to_owned()
        };
        talk.hold("S: 220");
        assert_eq!(page(&mut talk, "first"), "250");
        // Moved away and back, it was the same one all the time.
        fs::rename(&path, &keep).unwrap();
        let away = page(&mut talk, "away");
        assert!(["250", "554"].contains(&&*away), "{part}: {away}");
        fs::rename(&keep, &path).unwrap();
        assert_eq!(page(&mut talk, "back"), "250", "{part}");
        let mut sent = vec!["first", "back"];
        if away == "250" {
            sent.insert(1, "away");
        }
        let sent: Vec<Page> = sent.iter().map(|text| Page::new(&["1"], text)).collect();
        assert_eq!(pages(&scratch), sent, "{part}");
        // Removed, it is gone, and a new one of that name is another.
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(page(&mut talk, "gone"), "554", "{part}");
        talk.ask("SEND", "503");
        let (mut next, other) = Talk::inetd(serve(&scratch));
        next.hold("S: 220");
        assert_eq!(page(&mut next, "anew"), "250", "{part}");
        let last = page(&mut talk, "last");
        let expected = |text: &str| Page::new(&["1"], text);
        let mut queued = pages(&scratch);
        if part == "tmp" {
            queued.drain(..sent.len());
        }
        let told = match &*last {
            "250" => vec![expected("anew"), expected("last")],
            "554" => vec![expected("anew")],
            _ => panic!("{part}: {last}"),
        };
        assert_eq!(queued, told, "{part}");
        drop((talk, next));
        server.wait().expect(0, "", "");
        other.wait().expect(0, "", "");
    }
}
