//! One page that another machine has handed over twice.

use super::site::Site;
use crate::support::applet;

/// A site that writes pages down, once a script of these words lets it.
fn site(name: &str, before: &str) -> Site {
    let config = "\
[pager.jane]
[pager.joe]
[route.default]
type = 'exec'
command = ['sh', '-c', 'BEFORE; echo \"$PAGEBOX_PAGER: $(cat)\" >>\"$0\"', 'DIR/out']
";
    Site::new(name, &config.replace("BEFORE", before))
}

#[test]
fn it_goes_once_to_each_and_says_so() {
    let site = site("origin", "true");
    let job = |name: &str, to: &str, origin: &str| {
        let text = format!("To: {to}\nOrigin: {origin}\n\nDisk full\n");
        site.job(name, text);
    };
    // Together; once the first has a receipt; and to somebody who does not have it.
    job("0000000002-1", "jane", "1-1-a");
    job("0000000003-1", "jane", "1-1-a");
    site.deliver(&[]).run().expect(0, "", "");
    job("0000000004-1", "jane,joe", "1-1-a");
    // The same words are another page where the origin is another, or is none.
    job("0000000005-1", "jane", "1-2-a");
    site.job("0000000006-1", "To: jane\n\nDisk full\n");
    site.deliver(&[]).run().expect(0, "", "");
    let mut lines = site.lines("out");
    lines.sort();
    let jane = "jane: Disk full";
    assert_eq!(lines, [jane, jane, jane, "joe: Disk full"]);
    let pageq = applet("pageq").args(["--sent", "--json", "--spool"]);
    let told = pageq.arg(site.spool()).run().stdout;
    assert_eq!(told.matches("\"outcome\":\"duplicate\"").count(), 2);
    assert_eq!(told.matches("the same page as ").count(), 2);
}

#[test]
fn it_goes_again_where_it_has_failed() {
    let site = site("origin-failed", "test ! -e \"$0\" || exit 69");
    let job = "To: jane\nOrigin: 1-1-a\n\nDisk full\n";
    site.dir.file("out", "");
    site.job("0000000002-1", job);
    site.deliver(&[]).run().expect_status(0);
    assert_eq!(site.names("failed").len(), 1);
    std::fs::remove_file(site.dir.join("out")).unwrap();
    site.job("0000000003-1", job);
    site.deliver(&[]).run().expect(0, "", "");
    assert_eq!(site.lines("out"), ["jane: Disk full"]);
}
