//! What is shown of a page that is queued, and to whom.

use super::{Web, is_guarded};
use crate::support::cgi::Reply;
use crate::support::{Page, applet};

/// Sends a message to joe, which is the status that his route ends with; the query of its result.
#[track_caller]
fn sent(web: &Web, message: &str) -> String {
    let reply = web
        .post(&format!("to=joe&message={message}"))
        .run()
        .expect(303, "");
    let location = reply.header("Location").unwrap();
    let link = location.replace('&', "&amp;");
    assert!(reply.body.contains(&format!("<a href=\"{link}\">")));
    let (path, query) = location.split_once('?').unwrap();
    assert_eq!(path, "/cgi-bin/page-cgi");
    query.to_owned()
}

/// A field of a query.
fn value(query: &str, name: &str) -> String {
    let (_, rest) = query.split_once(&format!("{name}=")).unwrap();
    rest.split('&').next().unwrap().to_owned()
}

fn look(web: &Web, query: &str) -> Reply {
    web.get().query(query).run()
}

#[test]
fn it_is_looked_at_until_its_fate_is_final() {
    let web = Web::new("cgi-result");
    for (message, title, words) in [
        ("0", "Sent", "It was delivered."),
        ("69", "Failed", "It was not delivered"),
    ] {
        let query = sent(&web, message);
        let id = web.dir.names("spool/new").concat();
        let reply = look(&web, &query).expect(200, "<h1>Queued</h1>");
        is_guarded(&reply);
        assert!(
            reply.body.contains(&format!("<dd>{id}</dd>")) && reply.body.contains("<dd>joe</dd>")
        );
        // Each look leads to the next one.
        let again = reply
            .between("content=\"3; url=?", "\"")
            .replace("&amp;", "&");
        assert!(again.ends_with("&look=1"), "{again}");
        look(&web, &again)
            .expect(200, "look=2\"")
            .expect(200, "Look again");
        web.deliver();
        let reply = look(&web, &again).expect(200, &format!("<h1>{title}</h1>"));
        assert!(reply.body.contains(words), "{}", reply.body);
        assert!(!reply.body.contains("refresh") && !reply.body.contains("Look again"));
        let form = reply.between("<a href=\"", "\"");
        assert_eq!(form, "?");
    }
}

#[test]
fn what_is_tried_again_is_on_its_way() {
    let web = Web::new("cgi-result-later");
    let query = sent(&web, "75");
    web.deliver();
    let reply = look(&web, &query).expect(200, "<h1>Queued</h1>");
    assert!(reply.body.contains("It is on its way") && reply.body.contains("refresh"));
}

#[test]
fn what_had_failed_and_is_tried_again_by_hand_is_on_its_way_anew() {
    let web = Web::new("cgi-result-retry");
    for (message, verb, title) in [
        ("69", "retry", "Failed"),
        ("79", "retry", "Unknown"),
        ("79", "release", "Unknown"),
    ] {
        let query = sent(&web, message);
        let id = web.dir.names("spool/new").concat();
        let pageq = || applet("pageq").arg("--spool").arg(web.spool());
        for _ in 0..2 {
            web.deliver();
            look(&web, &query).expect(200, &format!("<h1>{title}</h1>"));
            pageq().args([verb, &id]).run().expect_status(0);
            let reply = look(&web, &query).expect(200, "<h1>Queued</h1>");
            let words = "It is on its way: it is tried again";
            assert!(
                reply.body.contains(words) && reply.body.contains("refresh"),
                "{}",
                reply.body
            );
        }
        // What only waits has no news.
        let status = || {
            web.dir
                .read(&format!("spool/tags/{}", value(&query, "tag")))
        };
        let before = status();
        pageq().args(["retry", &id]).run().expect_status(0);
        assert_eq!(status(), before);
    }
}

#[test]
fn what_one_of_several_has_not_got_is_not_told_as_lost() {
    // Who reads that nobody has it would send it again to all.
    let web = Web::with(
        "cgi-result-some",
        "[pager.up]\nroute = \"up\"\n[group.all]\nmembers = [\"up\", \"joe\"]\n\
         [route.up]\ntype = \"exec\"\ncommand = [\"true\"]\n",
    );
    for (to, message, title, words) in [
        (
            "to=up&to=joe",
            "69",
            "Failed",
            "Not everybody got it: joe: ",
        ),
        ("to=all", "69", "Failed", "Not everybody got it: all: "),
        ("to=all", "79", "Unknown", "whether everybody got it: all: "),
        ("to=joe", "69", "Failed", "It was not delivered: joe: "),
        ("to=joe", "79", "Unknown", "whether it has arrived: joe: "),
        ("to=all", "0", "Sent", "It was delivered."),
    ] {
        let reply = web.post(&format!("{to}&message={message}")).run();
        let reply = reply.expect(303, "");
        let (_, query) = reply.header("Location").unwrap().split_once('?').unwrap();
        web.deliver();
        let reply = look(&web, query).expect(200, &format!("<h1>{title}</h1>"));
        assert!(reply.body.contains(words), "{to}: {}", reply.body);
    }
}

#[test]
fn nobody_looks_forever() {
    let web = Web::new("cgi-result-end");
    let query = sent(&web, "0");
    for (count, more) in [
        ("59", true),
        ("60", false),
        ("x", false),
        ("99999999999", false),
    ] {
        let query = query.replace("look=0", &format!("look={count}"));
        let reply = look(&web, &query).expect(200, "Look again");
        assert_eq!(reply.body.contains("refresh"), more, "{count}");
    }
    // Nor is a job that nobody knows any more taken for one that waits.
    web.queued();
    look(&web, &query).expect(200, "<h1>No news</h1>");
}

#[test]
fn who_was_not_sent_there_is_told_nothing() {
    let web = Web::new("cgi-result-other");
    let query = sent(&web, "0");
    let other = sent(&web, "0");
    for name in ["id", "tag", "pass"] {
        let wrong = query.replace(&value(&query, name), &value(&other, name));
        look(&web, &wrong).expect(404, "there is no such page");
    }
    for wrong in [
        query.replace("to=joe", "to=%3Cb%3Eall"),
        query.replace("id=", "id=../new/"),
        query.replace("pass=", "password="),
        "tag=".to_owned(),
    ] {
        let reply = look(&web, &wrong).expect(404, "there is no such page");
        is_guarded(&reply);
    }
    // A query that asks for no page is the way to the form.
    look(&web, "id=1&pass=%ff").expect(200, "<h1>Send a page</h1>");
}

#[test]
fn many_names_are_counted() {
    let names: Vec<String> = (0..100)
        .map(|number| format!("operator-{number:05}"))
        .collect();
    let pagers = format!("[pager.{}]\n", names.join("]\n[pager."));
    let web = Web::with("cgi-result-many", &pagers);
    let to: Vec<String> = names.iter().map(|name| format!("to={name}")).collect();
    let reply = web
        .post(&format!("{}&message=0", to.join("&")))
        .run()
        .expect(303, "");
    let location = reply.header("Location").unwrap();
    assert!(location.len() < 2000, "{location}");
    let (_, query) = location.split_once('?').unwrap();
    let reply = look(&web, query).expect(200, " more</dd>");
    assert!(reply.body.contains("operator-00000, operator-00001"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(web.queued(), [Page::new(&names, "0")]);
}

#[test]
fn what_is_dropped_for_another_page_is_told_so() {
    let web = Web::with("cgi-result-twice", "[pager.ann]\ndedup = \"1h\"\n");
    let sent = |message: &str| {
        let fields = format!("to=ann&message={message}");
        let reply = web.post(&fields).run().expect(303, "");
        let id = web.dir.names("spool/new").concat();
        web.deliver();
        let location = reply.header("Location").unwrap();
        (id, location.split_once('?').unwrap().1.to_owned())
    };
    // The first is tried again, and may fail yet.
    let (first, _) = sent("75");
    let (_, query) = sent("75");
    let told = format!("ann: the same page as {first}, which is on its way");
    look(&web, &query)
        .expect(200, "<h1>Unknown</h1>")
        .expect(200, &told);
    let (first, _) = sent("0");
    let (_, query) = sent("0");
    let told = format!("It was delivered: ann: the same page as {first}<");
    look(&web, &query)
        .expect(200, "<h1>Sent</h1>")
        .expect(200, &told);
}
