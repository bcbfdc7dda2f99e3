//! What a pager's user answered, as the sender hears it: through our own
//! server and client.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::SystemTime;

use pagebox::queue::store::Receipt;
use pagebox::queue::tags::{Status, hash, write};
use pagebox::queue::work::Mark;

use super::queue::{Queue, id};
use crate::support::kit::link;
use crate::support::{Output, applet};

const TAG: &str = "004711471147114711";
const PASS: &str = "009999888877776666";

fn job() -> String {
    let pass = hash(TAG, PASS);
    format!(
        "To: SHIRLEY\nTwo-way: {TAG} {pass} reply=multichoice\nChoice: 01 Yes, I will\nChoice: 02 No\n\nLunch?\n"
    )
}

/// What a sender is told who asks.
fn ask(queue: &Queue) -> Output {
    let config = "[pager.SHIRLEY]\nroute = \"r\"\n[route.r]\ntype = \"snpp\"\nserver = [\"h\"]\ntwo-way = true\n";
    let config = queue.scratch.file("pagebox.toml", config);
    let server = format!(
        "{} --spool {} --config {}",
        link("snpp-serve").display(),
        queue.dir().display(),
        config.display()
    );
    let ticket = format!("{TAG}/{PASS}");
    applet("snpp-send")
        .args(["--proxy-command", &server, "-s", "h", "--status", &ticket])
        .run()
}

/// The answer without the time, which differs.
fn told(output: &Output) -> String {
    output.expect_status(0);
    let words: Vec<&str> = output.stdout.trim_end().splitn(5, ' ').collect();
    let [tag, code, sequence, _, rest] = words[..] else {
        panic!("{}", output.stdout);
    };
    assert_eq!(tag, TAG);
    format!("{code} {sequence} {rest}")
}

#[test]
fn the_sender_hears_what_was_answered() {
    let queue = Queue::new("pageq-reply");
    let name = queue.wait(1, &job(), |_| {});
    let status = Status {
        sequence: 1,
        code: 860,
        at: SystemTime::now(),
        text: String::new(),
        exit: Some(0),
    };
    write(&queue.dir(), TAG, &hash(TAG, PASS), &status).unwrap();
    let reply = |text: &str| {
        queue
            .pageq(&["reply", "17", text])
            .run()
            .expect(0, "", "")
            .clone()
    };
    reply("yes, i will");
    assert_eq!(told(&ask(&queue)), "888 2 01 MCR Reply Received");
    // While it is on its way, and when it is done.
    let mut active = queue.active(&name);
    reply("02");
    assert_eq!(told(&ask(&queue)), "888 3 02 MCR Reply Received");
    queue
        .store
        .mark(&mut active, 0, Mark::Delivered, true)
        .unwrap();
    let now = SystemTime::now();
    queue
        .store
        .file_receipts(&[Receipt::of(&active.work, now)], now)
        .unwrap();
    queue.store.drop_sent(&active).unwrap();
    reply("Perhaps; ask Joe");
    let heard = told(&ask(&queue));
    assert!(
        heard.starts_with("889 4 ") && heard.contains("Perhaps; ask Joe"),
        "{heard}"
    );
    let tag = queue.dir().join("tags").join(TAG);
    let file = fs::read_to_string(&tag).unwrap();
    assert!(file.contains("\nExit: 0\n"), "{file}");
    let about = fs::metadata(&tag).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o640);
    assert_eq!(queue.names("tags"), [TAG]);
}

#[test]
fn who_asked_for_no_answer_gets_none() {
    let queue = Queue::new("pageq-reply-none");
    queue.wait(1, "To: 1\n\nx\n", |_| {});
    let none = queue.pageq(&["reply", &id(1), "Yes"]).run();
    none.expect_complaint(65, "", "nobody asks for an answer");
    queue
        .pageq(&["reply", "2", "Yes"])
        .run()
        .expect_complaint(65, "", "no such job");
    assert!(queue.names("tags").is_empty());
    // A tag that could name another file is none.
    let job = job().replace(TAG, "../new/x");
    queue.wait(2, &job, |_| {});
    queue
        .pageq(&["reply", &id(2), "Yes"])
        .run()
        .expect_complaint(65, "", "is no tag");
}

#[test]
fn the_sender_hears_that_its_page_was_removed() {
    let queue = Queue::new("pageq-removed");
    queue.wait(1, &job(), |_| {});
    queue.pageq(&["remove", "17"]).run().expect(0, "", "");
    let output = ask(&queue);
    assert!(output.stdout.contains(" 780 1 "), "{}", output.stdout);
    let tag = queue.scratch.read(&format!("spool/tags/{TAG}"));
    assert!(tag.contains("\nExit: 69\n"), "{tag}");
}
