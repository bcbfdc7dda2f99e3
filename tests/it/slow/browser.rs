//! The form of `page-cgi` in a browser, behind a web server, for people: with and
//! without JavaScript, with the keyboard alone, and on a phone.

use std::fs;

use crate::page_deliver::site::Site;
use crate::support::browser::{Browser, ENTER, Settings, TAB};
use crate::support::peers::{Peer, skip_unless};
use crate::support::web::{PAGE_CGI, Web, busybox_httpd};
use crate::support::{eventually, spooled};

/// A pager of this name makes a page wide, if anything does.
const LONG: &str = "the-one-who-has-the-keys-to-the-room-with-the-second-generator";

/// A site that pages by writing to a file, and the web server in front of it.
fn site(name: &str) -> (Site, Peer) {
    let config = format!(
        "spool = 'DIR/spool'\n[pager.jane]\n[pager.{LONG}]\n\
         [group.oncall]\nmembers = ['jane']\n\
         [route.default]\ntype = 'exec'\ncommand = ['sh', '-c', 'cat >>\"$0\"', 'DIR/out']\n\
         [web]\nnames = ['jane', 'oncall', '{LONG}']\nmax-length = 40\n"
    );
    let site = Site::new(name, &config);
    let httpd = busybox_httpd(Web {
        config: &site.dir.join("pagebox.toml"),
        user: None,
    });
    (site, httpd)
}

fn url(httpd: &Peer) -> String {
    format!("http://{}{PAGE_CGI}", httpd.addr())
}

/// From the form to a page that is out, with the keyboard alone.
fn page_somebody(browser: &Browser, site: &Site, httpd: &Peer, count: &[&str; 2]) {
    browser.open(&url(httpd));
    assert_eq!(browser.title(), "Send a page");
    assert_eq!(browser.text("#left"), count[0]);
    // Nobody, then the group: one key to get to each, and one to choose it.
    browser.press(TAB);
    browser.press(TAB);
    browser.press(" ");
    browser.press(TAB);
    browser.press(TAB);
    assert_eq!(browser.focus(), "message");
    browser.press("Disk full");
    browser.press(ENTER);
    browser.paste("\u{1f525} \u{1f468}\u{200d}\u{1f692} \"db01\" <&>");
    assert_eq!(browser.text("#left"), count[1]);
    browser.press(TAB);
    assert_eq!(browser.focus(), "button");
    browser.press(ENTER);
    eventually("the page is queued", || browser.title() == "Queued");
    let queued = spooled::accepted(&site.spool());
    let [(_, page)] = &queued[..] else {
        panic!("one page: {queued:?}")
    };
    assert_eq!(page.to, ["oncall"]);
    let text = "Disk full\n\u{1f525} \u{1f468}\u{200d}\u{1f692} \"db01\" <&>";
    assert_eq!(String::from_utf8_lossy(&page.text), text);
    assert_eq!(browser.text("dd"), "oncall");
    site.deliver(&[]).run().expect(0, "", "");
    // It looks again by itself.
    eventually("the page is told as sent", || browser.title() == "Sent");
    assert_eq!(fs::read_to_string(site.dir.join("out")).unwrap(), text);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_person_pages_with_the_keyboard_alone() {
    skip_unless!("chromedriver", "chromium", "busybox");
    let (site, httpd) = site("browser");
    let browser = Browser::start(Settings::default());
    let left = ["40 characters left", "14 characters left"];
    page_somebody(&browser, &site, &httpd, &left);

    // Too much is told while it is typed, and when it is sent all the same nothing
    // of it is lost.
    browser.open(&url(&httpd));
    browser.press(&format!("{TAB} {TAB}{TAB}{TAB}"));
    browser.paste(&"\u{1f600}".repeat(41));
    assert_eq!(browser.text("#left"), "1 character too many");
    eventually("who listens is told", || {
        browser.text("#told") == "1 character too many"
    });
    browser.press(TAB);
    browser.press(ENTER);
    eventually("the form is back", || browser.title().starts_with("Error"));
    assert!(browser.text("[role=alert]").contains("41 characters"));
    assert_eq!(browser.focus(), "message");
    assert_eq!(browser.value("message.value"), "\u{1f600}".repeat(41));
    assert_eq!(
        browser.value("document.getElementById('to-0').checked"),
        true
    );
    assert_eq!(spooled::accepted(&site.spool()), []);
    let complaints = browser.complaints();
    // That the answer was 400 is all.
    assert!(complaints.len() <= 1, "{complaints:?}");
}

#[test]
fn a_person_pages_without_javascript() {
    skip_unless!("chromedriver", "chromium", "busybox");
    let (site, httpd) = site("browser-plain");
    let browser = Browser::start(Settings {
        no_scripts: true,
        ..Settings::default()
    });
    page_somebody(&browser, &site, &httpd, &["", ""]);
}

#[test]
fn a_phone_shows_all_of_it() {
    skip_unless!("chromedriver", "chromium", "busybox");
    let (_site, httpd) = site("browser-phone");
    let browser = Browser::start(Settings {
        phone: true,
        ..Settings::default()
    });
    browser.open(&url(&httpd));
    assert_eq!(browser.value("innerWidth"), 360);
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    assert_eq!(browser.value(fits), true);
    // A thumb is as wide as this, in CSS's pixels.
    let small = "Array.from(document.querySelectorAll('.name, textarea, button'))\
                 .filter(e => e.getBoundingClientRect().height < 44).length";
    assert_eq!(browser.value(small), 0);
    assert_eq!(browser.complaints(), [""; 0]);
}
