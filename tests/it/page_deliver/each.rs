//! `page-deliver --each`: any program as a route.

use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::bulk::{outcomes, results};
use crate::support::{Cmd, Scratch, applet, eventually, scratch};

/// A route whose program is a shell script; `$0` is the test's directory.
fn shell(scratch: &Scratch, script: &str) -> Cmd {
    each(&["sh", "-c", script]).arg(scratch)
}

fn each(words: &[&str]) -> Cmd {
    applet("page-deliver").args(["--each", "--"]).args(words)
}

/// A process that has written its number into a file.
fn process(scratch: &Scratch, file: &str) -> Pid {
    let pid = scratch.read(file).trim().parse().unwrap();
    Pid::from_raw(pid).unwrap()
}

#[test]
fn a_program_sees_each_page() {
    let scratch = scratch("each-envelope");
    let record =
        "out=\"$0/$PAGEBOX_PAGER\"; { env | grep ^PAGEBOX_ | sort; cat <&3; cat; } >\"$out\"
        echo \"${SNPP_PASSWORD-none}\" >>\"$0/secret\"";
    let tomorrow = format!("{:.0}", Timestamp::now() + SignedDuration::from_hours(24));
    let csv = format!(
        "id,pager,message,pin,level,alert,coverage,hold,caller,subject\n\
               a 1,5551212,\"Disk\n\nfull\",s3same,0,1,2;x=y,{tomorrow},555  9876,\"a=\"\"$HOME\"\"\"\n\
               ,jane@db1,café,,,,,,,\n"
    );
    let mut route = shell(&scratch, record)
        .env("SNPP_PASSWORD", "hunter2")
        .stdin(csv);
    for name in ["PAGER", "LEVEL", "CALLER", "LOGIN", "PEER", "ID"] {
        route = route.env(format!("PAGEBOX_{name}"), "forged");
    }
    let run = route.run();
    run.expect(0, &run.stdout, "");
    let all = results(&run);
    let expected = [("1", "a 1", "5551212"), ("2", "", "jane@db1")];
    for (row, (number, id, pager)) in all.iter().zip(expected) {
        assert_eq!((&*row["row"], &*row["id"]), (number, id));
        assert_eq!((&*row["pager"], &*row["outcome"]), (pager, "sent"));
        assert_eq!((&*row["attempts"], &*row["parts"]), ("1", "1/1"));
    }
    assert_eq!(all.len(), 2);
    let envelope = format!(
        "PAGEBOX_ALERT=1\nPAGEBOX_CALLER=555  9876\nPAGEBOX_COVERAGE=2;x=y\n\
         PAGEBOX_HOLD={tomorrow}\nPAGEBOX_ID=a 1\nPAGEBOX_LEVEL=0\n\
         PAGEBOX_PAGER=5551212\nPAGEBOX_SUBJECT=a=\"$HOME\"\ns3same\nDisk\n\nfull"
    );
    assert_eq!(scratch.read("5551212"), envelope);
    assert_eq!(scratch.read("jane@db1"), "PAGEBOX_PAGER=jane@db1\ncafé");
    assert_eq!(scratch.read("secret"), "none\nnone\n");
}

#[test]
fn its_exit_status_is_the_verdict() {
    let scratch = scratch("each-verdict");
    for (script, outcome, status, response) in [
        ("exit 0", "sent", 0, ""),
        ("exit 75", "temporary", 75, "sh: exit status 75"),
        ("exit 71", "temporary", 75, "sh: exit status 71"),
        ("exit 67", "refused", 67, "sh: exit status 67"),
        ("exit 69", "refused", 69, "sh: exit status 69"),
        ("exit 1", "refused", 69, "sh: exit status 1"),
        ("exit 79", "unknown", 79, "sh: exit status 79"),
        ("exit 137", "unknown", 79, "sh: exit status 137"),
        ("kill -9 $$", "unknown", 79, "sh: killed by signal 9"),
    ] {
        let run = shell(&scratch, script).stdin("pager,message\n1,hi\n").run();
        let row = &results(run.expect_status(status))[0];
        assert_eq!(
            (&*row["outcome"], &*row["response"], &*row["server"]),
            (outcome, response, ""),
            "{script}"
        );
        let told = format!("page-deliver: row 1: {response} (pager 1)\n");
        let told = if status == 0 { "" } else { &told };
        assert_eq!(run.stderr, told, "{script}");
    }
    // One that cannot be run says nothing of the page.
    let run = each(&["/nowhere/program"])
        .stdin("pager,message\n1,hi\n")
        .run();
    run.expect_complaint(75, &run.stdout, "cannot run /nowhere/program: No such file");
    assert_eq!(outcomes(&run), ["1:temporary"]);
    // Each page has a fate of its own.
    let run = shell(&scratch, "exit \"$(cat)\"")
        .stdin("pager,message\n1,67\n2,0\n3,75\n4,79\n5,0\n")
        .run();
    let fates = "1:refused 2:sent 3:temporary 4:unknown 5:sent";
    assert_eq!(outcomes(run.expect_status(79)).join(" "), fates);
}

#[test]
fn what_it_prints_is_no_result() {
    let scratch = scratch("each-noise");
    let script = "echo 9,,9,sent,,,,1,1/1,,1; printf '1,x\\033[2J' >&2";
    // It need not read its input either, however long that is.
    let csv = format!("pager,message\n1,{}\n2,hi\n", "x".repeat(60_000));
    let run = shell(&scratch, script).stdin(csv).run();
    assert_eq!(outcomes(run.expect_status(0)), ["1:sent", "2:sent"]);
    let told = "page-deliver: row 1: 1,x^[[2J\npage-deliver: row 2: 1,x^[[2J\n";
    assert_eq!(run.stderr, told);
}

#[test]
fn what_it_leaves_running_holds_up_nobody() {
    let scratch = scratch("each-child");
    let script = "sleep 30 & echo $! >\"$0/$PAGEBOX_PAGER\"";
    let run = shell(&scratch, script)
        .stdin("pager,message\n1,hi\n2,hi\n")
        .run();
    assert_eq!(outcomes(run.expect_status(0)), ["1:sent", "2:sent"]);
    assert!(run.took < Duration::from_secs(10), "{run:?}");
    for pager in ["1", "2"] {
        kill_process(process(&scratch, pager), Signal::KILL).unwrap();
    }
}

#[test]
fn it_has_its_time_and_no_more() {
    let scratch = scratch("each-slow");
    let script = "test \"$PAGEBOX_PAGER\" = 2 || { echo $$ >\"$0/pid\"; exec sleep 30; }";
    let run = applet("page-deliver")
        .args(["--each", "--command-timeout", "300ms", "--", "sh", "-c"])
        .arg(script)
        .arg(&*scratch)
        .stdin("pager,message\n1,hi\n2,hi\n")
        .run();
    run.expect_complaint(79, &run.stdout, "row 1: sh: stopped, it took too long");
    assert_eq!(outcomes(&run), ["1:unknown", "2:sent"]);
    assert!(test_kill_process(process(&scratch, "pid")).is_err());
}

#[test]
fn a_signal_lets_the_page_be_finished_that_is_out() {
    let scratch = scratch("each-signal");
    mknodat(CWD, scratch.join("gate"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let script = "echo begun >>\"$0/log\"; read -r go <\"$0/gate\"";
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut run = shell(&scratch, script)
            .stdin("pager,message\n1,hi\n2,hi\n")
            .spawn();
        eventually("it runs", || scratch.read("log") == "begun\n");
        run.signal(signal);
        fs::write(scratch.join("gate"), "go\n").unwrap();
        let output = run.wait();
        assert_eq!(outcomes(output.expect_status(status)), ["1:sent"]);
        assert_eq!(scratch.read("log"), "begun\n");
        fs::remove_file(scratch.join("log")).unwrap();
    }
}

#[test]
fn a_page_that_no_program_can_have_is_refused() {
    let scratch = scratch("each-bad");
    let run = shell(&scratch, "echo run >>\"$0/log\"")
        .stdin("id,pager,message,expire\n,1,hi,3h\n\"a\nb\",1,hi,\n,5.55E+09,hi,\ntone,1,,\n")
        .run();
    let rows = results(run.expect_status(69));
    for (row, text) in [
        (0, "line 2: a command cannot let it expire"),
        (1, "line 3: id \"a\\nb\" has a CR, LF or NUL in it"),
        (2, "line 5: pager ID \"5.55E+09\""),
    ] {
        let is = &rows[row]["response"];
        assert!(is.starts_with(text), "{is}");
        assert_eq!(rows[row]["outcome"], "refused");
    }
    // What a page without a text means is the program's affair.
    assert_eq!(rows[3]["outcome"], "sent");
    assert_eq!(scratch.read("log"), "run\n");
}

#[test]
fn each_verdict_is_told_at_once_and_to_somebody() {
    let scratch = scratch("each-steps");
    let script = "echo run >>\"$0/log\"";
    let mut run = shell(&scratch, script).stdin_open().spawn();
    run.write("pager,message\n");
    for row in 1..=3 {
        run.write(format!("{row},hi\n"));
        run.wait_for_stdout(&format!("\n{row},,{row},sent,"));
    }
    run.wait().expect_status(0);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    shell(&scratch, script)
        .stdin("pager,message\n1,hi\n")
        .stdout_to(writer)
        .run()
        .expect_status(75);
    assert_eq!(scratch.read("log"), "run\nrun\nrun\n");
}
