//! What each answer to a block makes of a page, and of the exit status.

use serde_json::Value;

use super::{ixo_send, served, to};
use crate::bulk::outcomes;
use crate::support::scripted::{ACCEPTED, LOST, SILENCE, play, said};
use crate::support::tap::{opening, shown, transcript};
use crate::support::{Central, Page, scratch, spooled};

const BLOCK: &str = "<STX>5551212<CR>Server down: db01<CR><ETX>754<CR>";
const LOGON: &str = "<CR><ESC>PG1<CR>";

/// The JSON of one page that a central judges so, and the exit status.
#[track_caller]
fn judged(verdicts: &[&str], flags: &[&str]) -> (i32, Value, String) {
    let fake = Central::verdicts(verdicts).on_tcp();
    let run = to(&fake, &["--json", "5551212", "Server down: db01"])
        .args(flags)
        .run();
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    (run.status, line, run.stderr)
}

#[test]
fn a_code_says_what_a_refusal_means() {
    for (verdict, outcome, code, status) in [
        ("211 Page sent<CR><ACK><CR>", "sent", Some(211), 0),
        ("<ACK><CR>", "sent", None, 0),
        ("<CR><ACK><CR><LF>", "sent", None, 0),
        ("Processing - Please Wait<CR><ACK><CR>", "sent", None, 0),
        ("glued<ACK><CR>", "sent", None, 0),
        ("213 Held<CR><ACK><CR>", "queued", Some(213), 0),
        ("212 Cut<CR><ACK><CR>", "sent", Some(212), 0),
        ("511 Invalid Pager ID<CR><RS><CR>", "refused", Some(511), 67),
        ("510 Illegal ID<CR><RS><CR>", "refused", Some(510), 67),
        ("<RS><CR>", "refused", None, 67),
        ("Unknown pager<CR><RS><CR>", "refused", None, 67),
        ("512 Try later<CR><RS><CR>", "temporary", Some(512), 75),
        ("516 Quota<CR><RS><CR>", "temporary", Some(516), 75),
        ("513 Too long<CR><RS><CR>", "refused", Some(513), 65),
        (
            "517 80 character maximum<CR><RS><CR>",
            "refused",
            Some(517),
            65,
        ),
        ("505 No letters<CR><RS><CR>", "refused", Some(505), 65),
        ("504 No characters<CR><RS><CR>", "refused", Some(504), 65),
        ("515 Format<CR><RS><CR>", "refused", Some(515), 65),
        ("599 Whatever<CR><RS><CR>", "refused", Some(599), 69),
        // The verdict says what happened, whatever the text.
        ("211 Page sent<CR><RS><CR>", "refused", None, 67),
        ("511 Invalid Pager ID<CR><ACK><CR>", "sent", None, 0),
        ("1 pages sent<CR><ACK><CR>", "sent", None, 0),
    ] {
        let (is, line, stderr) = judged(&[verdict], &[]);
        assert_eq!(
            (is, line["outcome"].as_str()),
            (status, Some(outcome)),
            "{verdict}: {line}"
        );
        assert_eq!(line["code"].as_u64(), code, "{verdict}: {line}");
        assert_eq!(line["attempts"], 1, "{verdict}");
        assert_eq!(line["success"], status == 0, "{verdict}");
        assert_eq!(line["error"].is_null(), status == 0, "{verdict}: {line}");
        // Only what is cut is accepted with a word.
        assert_eq!(
            stderr.is_empty(),
            status == 0 && code != Some(212),
            "{verdict}: {stderr}"
        );
    }
}

#[test]
fn our_own_central_is_understood_in_all_its_verdicts() {
    for (command, outcome, code, status) in [
        ("true", "sent", Some(211), 0),
        ("sh -c 'exit 75'", "temporary", Some(512), 75),
        ("sh -c 'exit 67'", "refused", Some(511), 67),
        ("sh -c 'exit 1'", "refused", Some(515), 65),
    ] {
        let central = served(&format!("-- {command}"));
        let run = ixo_send(&["--json", &central, "1", "Hi"]).run();
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, line["outcome"].as_str()),
            (status, Some(outcome)),
            "{run:?}"
        );
        assert_eq!(line["code"].as_u64(), code, "{run:?}");
        let device = line["device"].as_str().unwrap();
        assert!(device.ends_with("/ixo-serve"), "{run:?}");
    }
    let scratch = scratch("ixo-send-spool");
    let central = served(&format!("--spool {}", scratch.join("spool").display()));
    ixo_send(&[&central, "5551212", "Disk", "full"])
        .run()
        .expect_status(0);
    let pages = spooled::accepted(&scratch.join("spool"));
    assert_eq!(pages[0].1, Page::new(&["5551212"], "Disk full"));
    let short = served("--max-length 5 --overflow truncate -- true");
    let run = ixo_send(&[&short, "1", "Too long"]).run();
    run.expect_complaint(0, "", "the central cut the message");
    let digits = served("--numeric -- true");
    ixo_send(&[&digits, "1", "Hi"])
        .run()
        .expect_complaint(65, "", "505 ");
}

#[test]
fn a_block_is_sent_again_three_times_after_nak() {
    let nak = "514 Checksum error<CR><NAK><CR>";
    let fake = Central::verdicts(&[nak, nak, nak]).on_tcp();
    let run = to(&fake, &["--json", "5551212", "Server down: db01"]).run();
    run.expect_status(0);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    // A NAK is an answer: the page was not taken before.
    assert_eq!(
        (&line["outcome"], &line["duplicate_possible"]),
        (&"sent".into(), &false.into())
    );
    assert_eq!(
        said(&fake),
        [format!("{LOGON}{}<EOT><CR>", BLOCK.repeat(4))]
    );
    let fake = Central::verdicts(&[nak; 5]).on_tcp();
    let run = to(&fake, &["5551212", "Server down: db01"]).run();
    run.expect_complaint(75, "", "514 Checksum error (pager 5551212)");
    assert_eq!(
        said(&fake),
        [format!("{LOGON}{}<EOT><CR>", BLOCK.repeat(4))]
    );
}

#[test]
fn silence_is_answered_by_the_same_block_and_in_the_end_nobody_knows() {
    let brief = ["--verdict-timeout", "100ms"];
    let fake = Central::verdicts(&[SILENCE; 4]).on_tcp();
    let run = to(&fake, &["5551212", "Server down: db01"])
        .args(brief)
        .run();
    run.expect_complaint(79, "", "no verdict on the page (pager 5551212)");
    assert_eq!(
        said(&fake),
        [format!("{LOGON}{}<EOT><CR>", BLOCK.repeat(4))]
    );
    // Not by itself is it tried again.
    let (status, line, _) = judged(&[SILENCE; 4], &[&brief[..], &["--retry", "3"]].concat());
    assert_eq!((status, line["outcome"].as_str()), (79, Some("unknown")));
    assert_eq!(line["attempts"], 1);
    let (status, line, stderr) = judged(&[SILENCE, ACCEPTED], &brief);
    assert_eq!((status, line["outcome"].as_str()), (0, Some("sent")));
    assert_eq!(line["duplicate_possible"], true);
    assert!(stderr.contains("it may arrive twice"), "{stderr}");
    // What the second one was refused for says nothing of the first.
    let refused = [SILENCE, "511 Invalid Pager ID<CR><RS><CR>"];
    let (status, line, stderr) = judged(&refused, &brief);
    assert_eq!(
        (status, line["outcome"].as_str()),
        (79, Some("unknown")),
        "{line}"
    );
    let why = "511 Invalid Pager ID; an earlier try may have been accepted (pager 5551212)";
    assert!(stderr.contains(why), "{stderr}");
    assert_eq!(line["duplicate_possible"], true);
}

#[test]
fn a_line_that_is_lost_behind_a_block_leaves_the_page_unknown() {
    for verdict in [LOST, "<CR><LF>NO CARRIER<CR><LF>", "<CR>ID="] {
        let fake = Central::verdicts(&[verdict]).on_tcp();
        let flags = ["--json", "--retry", "2", "--verdict-timeout", "300ms"];
        let run = to(&fake, &flags).args(["1", "Hi"]).run();
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, line["outcome"].as_str()),
            (79, Some("unknown")),
            "{run:?}"
        );
        assert!(
            run.stderr.contains("the page may have been accepted"),
            "{run:?}"
        );
        assert_eq!(fake.connections(), 1);
    }
    // In front of it nothing of the page was out.
    for logon in [LOST, "<CR><LF>NO CARRIER<CR><LF>"] {
        let fake = Central::logons(&[logon]).on_tcp();
        let run = to(&fake, &["--json", "1", "Hi"]).run();
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, line["outcome"].as_str()),
            (75, Some("untried")),
            "{run:?}"
        );
    }
}

#[test]
fn esc_eot_for_a_block_is_one_more_call_and_then_temporary() {
    let (end, full) = ("<ESC><EOT><CR>", "112 Maximum pages<CR><ESC><EOT><CR>");
    for verdict in [end, full, "501 Timeout<CR><ESC><EOT><CR>"] {
        let fake = Central::verdicts(&[verdict]).on_tcp();
        let run = to(&fake, &["--json", "5551212", "Server down: db01"]).run();
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.status, &line["attempts"]), (0, &2.into()), "{run:?}");
        let (first, second) = (
            format!("{LOGON}{BLOCK}"),
            format!("{LOGON}{BLOCK}<EOT><CR>"),
        );
        assert_eq!(said(&fake), [first.clone(), second]);
        let fake = Central::verdicts(&[verdict; 3]).on_tcp();
        let run = to(&fake, &["--json", "5551212", "Server down: db01"]).run();
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, line["outcome"].as_str()),
            (75, Some("temporary")),
            "{run:?}"
        );
        assert_eq!(said(&fake), [first.clone(), first]);
    }
    // What will never do is not tried again.
    let (status, line, _) = judged(&["513 Too long<CR><ESC><EOT><CR>"], &[]);
    assert_eq!((status, &line["attempts"]), (65, &1.into()));
}

#[test]
fn one_pager_is_refused_and_the_call_goes_on() {
    let fake = Central::verdicts(&["511 Invalid Pager ID<CR><RS><CR>"]).on_tcp();
    let run = to(&fake, &["5551212,5550000", "Hi"]).run();
    let told = "5551212 refused 511 Invalid Pager ID\n5550000 sent 211 Page accepted\n";
    run.expect_complaint(67, told, "511 Invalid Pager ID (pager 5551212)");
    assert_eq!(fake.connections(), 1);
    let fake = Central::verdicts(&["512 Try later<CR><RS><CR>"]).on_tcp();
    // Something is out, and not everything.
    to(&fake, &["1,2", "Hi"]).run().expect_status(79);
}

#[test]
fn a_refusal_behind_eot_makes_every_page_of_the_call_unknown() {
    let central = Central {
        farewell: "511 ID 5550000 unknown<CR><RS><CR><ESC><EOT><CR>",
        ..Central::default()
    };
    let fake = central.clone().on_tcp();
    let run = to(&fake, &["1,2", "Hi"]).run();
    let why = "511 ID 5550000 unknown; the page may not have been accepted";
    let told = format!("1 unknown {why}\n2 unknown {why}\n");
    run.expect_complaint(79, &told, "(pager 2)");
    // Those of another call keep theirs.
    let fake = Central {
        verdicts: vec![ACCEPTED.into(), "512 Later<CR><RS><CR>".into()],
        ..central
    };
    let run = to(&fake.on_tcp(), &["1,2", "Hi"]).run();
    let told = format!("1 unknown {why}\n2 temporary 512 Later\n");
    run.expect_complaint(79, &told, "512 Later (pager 2)");
}

/// What became of the page in each transcript that a whole program can play without waiting.
#[test]
fn the_transcripts_of_the_specification_are_played() {
    let (down, hi) = (["5551212", "Server down: db01"], ["5550000", "Hi"]);
    for (name, words, status, flags) in [
        ("x01", ["123", "ABC"], 0, &[][..]),
        ("x02", ["1", "TEST"], 0, &[]),
        ("x04", down, 0, &[]),
        ("x05", down, 75, &[]),
        ("x10", ["5551212", "A\nB"], 0, &[]),
        ("x11", hi, 0, &[]),
        ("x12", hi, 0, &["--no-goahead"]),
        ("x13", hi, 0, &[]),
        ("x14", hi, 79, &[]),
        ("x16", down, 0, &[]),
        ("x18", down, 75, &[]),
        ("x20", down, 79, &[]),
    ] {
        let turns = transcript(name);
        let turns = [opening(&turns), turns].concat();
        let fake = play(turns);
        let run = to(&fake, &["-m", words[1], words[0]]).args(flags).run();
        assert_eq!(run.status, status, "{name}: {run:?} {:?}", said(&fake));
    }
    let turns = transcript("x06");
    let fake = play([opening(&turns), turns].concat());
    let csv = "pager,message\n5551212,Server down: db01\n5550000,Hi\n";
    let run = to(&fake, &["--csv", "-"]).stdin(csv).run();
    assert_eq!(outcomes(&run), ["1:refused", "2:sent"], "{run:?}");
    let turns = transcript("x17");
    let fake = play([opening(&turns), turns].concat());
    to(&fake, &["--tone", "5551212"]).run().expect_status(0);
    let turns = transcript("x09");
    let fake = play([opening(&turns), turns].concat());
    let long = "M".repeat(300);
    to(&fake, &["--multiblock", "5551212", &long])
        .run()
        .expect_status(0);
    assert!(shown(&fake.raw()[0]).contains("<US>:5=<CR><STX>MMM"));
}
