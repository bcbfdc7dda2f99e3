//! `page-deliver`: its command line, and pages on their way to whoever delivers them.

mod check;
mod crash;
mod disk;
mod each;
mod hours;
mod law;
mod odd;
mod origin;
mod policy;
mod routes;
pub(crate) mod site;
mod station;
mod storm;
mod story;
mod text;
mod told;
mod turns;

use crate::support::applet;

#[test]
fn a_wrong_command_line_is_64() {
    for (words, text) in [
        (&["--", "true"][..], "--each"),
        (&["--once", "--watch"], "--watch"),
        (&["--check", "--route", "a"], "--route"),
        (&["now"], "unexpected argument"),
        (&["--each"], "COMMAND"),
        (&["--each", "true"], "unexpected argument"),
        (&["--each", "--command-timeout", "0", "--", "true"], "limit"),
    ] {
        let run = applet("page-deliver").args(words).run();
        run.expect_complaint(64, "", text);
    }
}
