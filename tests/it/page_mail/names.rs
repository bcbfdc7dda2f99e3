//! Who may page whom.

use std::fs;

use super::{Host, MAIL, names};

const OPEN: &str = "[mail]\n";

#[test]
fn names_are_those_of_the_configuration() {
    let host = Host::new("mail-names", "");
    let to = |words: &[&str]| {
        host.mail(words, MAIL).expect(0, "", "");
        names(&host.job()).join(" ")
    };
    assert_eq!(to(&["joe", "Ann", "joe", "page+joe@h"]), "joe Ann");
    assert_eq!(to(&["JOE", "x+ann@h", "<x+OnCall@h>"]), "joe Ann oncall");
    // What looks like an address may be a name, and goes before what it ends in.
    assert_eq!(to(&["k+d@x", "page+k+d@x@h"]), "k+d@x");
    for (words, unknown) in [
        (&["joe", "john"][..], "\"john\""),
        (&["5551212"], "\"5551212\""),
        (&["page+5551212@h", "page@h"], "\"5551212\", \"page@h\""),
        (&[""], "\"\""),
        (&["page+@h"], "\"page+@h\""),
        (&["--", "-joe"], "\"-joe\""),
        (&["joe\u{1b}[2J"], "\"joe\\u{1b}[2J\""),
    ] {
        let complaint = format!("page-mail: no pager or group: {unknown}; nothing is queued\n");
        host.mail(words, MAIL).expect(67, "", &complaint);
    }
    host.is_empty();
}

#[test]
fn two_names_that_differ_in_capitals_are_two() {
    let host = Host::new("mail-case", "[pager.Joe]\n");
    let to = |name: &str| host.mail(&[name], MAIL);
    to("Joe").expect(0, "", "");
    assert_eq!(names(&host.job()), ["Joe"]);
    to("joe").expect(0, "", "");
    assert_eq!(names(&host.job()), ["joe"]);
    to("JOE").expect_complaint(67, "", "\"JOE\"");
}

#[test]
fn a_name_that_leads_nowhere_and_an_empty_file_are_our_own_trouble() {
    let host = Host::new("mail-nowhere", "[group.nobody]\nmembers = []\n");
    let complaint = "no route leads to \"nobody\"; nothing is queued";
    host.mail(&["joe", "nobody"], MAIL)
        .expect_complaint(75, "", complaint);
    fs::write(host.config(), "").unwrap();
    let complaint = "the configuration has no pager and no group; nothing is queued";
    host.mail(&["joe"], MAIL)
        .expect_complaint(75, "", complaint);
    host.is_empty();
}

#[test]
fn without_a_table_nobody_is_paged_who_is_not_named() {
    let host = Host::new("mail-no-table", "");
    let mail = format!("Delivered-To: page+joe@h\nTo: page+joe@h\n{MAIL}");
    let page_mail = host.page_mail(&[]).env("RECIPIENT", "page+joe@h");
    let complaint = "give a name as an argument, or have a table [mail]";
    page_mail
        .stdin(&mail)
        .run()
        .expect_complaint(67, "", complaint);
    host.is_empty();
    host.configure(OPEN);
    host.mail(&[], &mail).expect(0, "", "");
    assert_eq!(names(&host.job()), ["joe"]);
    host.mail(&[], MAIL).expect_complaint(67, "", complaint);
}

#[test]
fn who_delivers_a_mail_is_heard_before_who_sends_it() {
    let host = Host::new("mail-delivered", OPEN);
    let to = |environment: &[(&str, &str)], headers: &str| {
        let page_mail = host.page_mail(&[]);
        let set = |cmd: crate::support::Cmd, (name, value): &(&str, &str)| cmd.env(name, value);
        let page_mail = environment.iter().fold(page_mail, set);
        let output = page_mail.stdin(format!("{headers}{MAIL}")).run();
        match output.status {
            0 => names(&host.job()).join(" "),
            status => format!("{status} {}", output.stderr),
        }
    };
    let all = "Delivered-To: page+joe@h\nDelivered-To: page+no@h\nX-Original-To: page+ann@h\nTo: page+oncall@h\n";
    let original = ("ORIGINAL_RECIPIENT", "page+oncall@h");
    assert_eq!(to(&[original, ("RECIPIENT", "page+ann@h")], all), "oncall");
    assert_eq!(to(&[("RECIPIENT", "page+ann@h")], all), "Ann");
    assert_eq!(to(&[("RECIPIENT", "page@h")], all), "joe");
    assert_eq!(to(&[("RECIPIENT", "")], all), "joe");
    assert_eq!(to(&[], "Envelope-to: page+ann@h\nTo: page+joe@h\n"), "Ann");
    assert_eq!(to(&[], "Delivered-To: page@h\nTo: page+joe@h\n"), "joe");
    // Exim with batch_max, or anybody else who delivers to several at once.
    let batch = "Envelope-to: env+joe@h.test,\n env+ann@h.test, env+JOE@h.test\n";
    assert_eq!(to(&[], &format!("{batch}To: page+oncall@h\n")), "joe Ann");
    assert_eq!(
        to(&[("RECIPIENT", "page+ann@h, page+joe@h")], all),
        "Ann joe"
    );
    let half = "Delivered-To: page+joe@h, page+no@h\n";
    assert!(to(&[], half).starts_with("67 "));
    let many = "To: \"x, y\" <page+joe@h>, bob@h\nCc: team: page+JOE@h, page+ann@h;\n";
    assert_eq!(to(&[], many), "joe Ann");
    // One that is unknown, and nobody is paged.
    assert!(to(&[("RECIPIENT", "page+no@h")], all).starts_with("67 "));
    assert!(to(&[], "To: page+joe@h, page+no@h\n").starts_with("67 "));
    // What others do with their `+` is their affair, where one of ours is there.
    assert_eq!(
        to(&[], "To: bob+news@x, page+joe@h\nCc: page+no@x\n"),
        "joe"
    );
    assert!(to(&[], "To: bob+news@x\n").starts_with("67 "));
    // Nor where there may be more whom it is addressed to.
    let crowd = format!("To: page+joe@h{}, page+ann@h\n", ", bob@h".repeat(4000));
    assert!(to(&[], &crowd).starts_with("65 "));
    assert!(to(&[], "To: page+joe@h, \"Ann <page+ann@h>\n").starts_with("65 "));
    let crowd = crowd.replace("To:", "Envelope-To:");
    assert!(to(&[], &format!("{crowd}To: page+oncall@h\n")).starts_with("65 "));
    assert_eq!(to(&[("RECIPIENT", "page+joe@h")], &crowd), "joe");
    host.is_empty();
    // An argument goes before all of them.
    let page_mail = host.page_mail(&["joe"]).env("RECIPIENT", "page+ann@h");
    page_mail.stdin(MAIL).run().expect(0, "", "");
    assert_eq!(names(&host.job()), ["joe"]);
}

#[test]
fn only_senders_of_the_list_may_page() {
    let list = "[mail]\nallow-from = [\"*@example.com\", \"root@*.example.org\"]\n";
    let host = Host::new("mail-senders", list);
    let status = |headers: &str| {
        let output = host.mail(&["joe"], format!("{headers}Subject: x\n\n"));
        match output.status {
            0 => drop(host.job()),
            _ => drop(output.expect_complaint(77, "", "page-mail: allow-from does not let ")),
        }
        output.status
    };
    assert_eq!(status("From: Joe <JOE@Example.COM>\n"), 0);
    assert_eq!(status("From: root@db01.example.org\n"), 0);
    assert_eq!(status("From: a@example.com, b@example.com\n"), 0);
    assert_eq!(status("From: joe@example.com.evil.org\n"), 77);
    assert_eq!(status("From: \"joe@example.com\" <joe@evil.org>\n"), 77);
    assert_eq!(status("From: a@example.com, b@evil.org\n"), 77);
    assert_eq!(status("From: a@example.com\nFrom: b@evil.org\n"), 77);
    assert_eq!(status("From: joe@evil.org\nSender: joe@example.com\n"), 77);
    assert_eq!(status("Return-Path: <>\n"), 77);
    // What is no address, or may be another one to others, is nobody's.
    for from in [
        "\"root@example.com\" <>",
        "(root@example.com)",
        "\"root@example.com\"",
        "=?utf-8?q?root=40example.com?=",
        "<=?utf-8?q?root=40example.com?=>",
        "<ro> <ot@example.com>",
        "root@exam\0ple.com",
        "root@exam ple.com",
        "root@exam\u{3000}ple.com",
        "eve@evil.org\rFrom: root@example.com",
        "\"root@evil.org\"@example.com",
    ] {
        assert_eq!(status(&format!("From: {from}\n")), 77, "{from}");
    }
    assert_eq!(status("From: =?utf-8?q?J=C3=B6?= <joe@example.com>\n"), 0);
    assert_eq!(status("From: \"a, b\" <joe@example.com>\n"), 0);
    assert_eq!(status("From: joe@example.com (Joe)\n"), 0);
    assert_eq!(status("From: ops: joe@example.com;\n"), 0);
    // A stranger is not told which names there are.
    host.mail(&["john"], "From: joe@evil.org\n\nx")
        .expect_status(77);
    host.configure("[mail]\nallow-from = []\n");
    assert_eq!(status("From: joe@example.com\n"), 77);
    host.configure("[mail]\nallow-from = [\"root\"]\n");
    assert_eq!(status("From: root (Cron Daemon)\n"), 0);
    assert_eq!(status("From: \"root\"\n"), 77);
    host.configure("[mail]\nallow-from = [\"*\"]\n");
    assert_eq!(status("Return-Path: <>\n"), 0);
    assert_eq!(status("From: joe@evil.org\n"), 0);
}
