//! Logins, from files that the real htpasswd writes.

use std::path::Path;

use pagebox::access::users::{Users, Verdict};

use crate::support::peers::skip_unless;
use crate::support::{Cmd, scratch};

fn htpasswd(file: &Path, options: &[&str], name: &str, password: &str) {
    let create = if file.exists() { "-i" } else { "-ci" };
    let run = Cmd::new("htpasswd")
        .arg(create)
        .args(options)
        .arg(file)
        .arg(name)
        .stdin(password)
        .run();
    assert_eq!(run.status, 0, "{}", run.stderr);
}

fn why(users: &Users, name: &str, password: &str) -> String {
    match users.check(name, password.as_bytes()) {
        Verdict::Bad(why) => why,
        Verdict::Good => panic!("{name} is let in with {password:?}"),
    }
}

#[test]
fn who_htpasswd_let_in_is_let_in() {
    skip_unless!("htpasswd");
    let dir = scratch("users");
    let file = dir.join("users");
    let logins = [
        ("joe", "secret", &["-B"][..]),
        ("j.doe@example.org", "with blanks $2y$: and colons", &["-B"]),
        ("mü", "Grüße", &["-B", "-C", "4"]),
        ("ann", &"x".repeat(72), &["-B", "-C", "6"]),
    ];
    for (name, password, options) in logins {
        htpasswd(&file, options, name, password);
    }
    // An entry is changed in place, and its neighbours stay.
    htpasswd(&file, &["-B", "-C", "4"], "joe", "changed");
    let users = Users::read(&file).unwrap();
    for (name, password, _) in logins {
        let password = if name == "joe" { "changed" } else { password };
        assert_eq!(users.check(name, password.as_bytes()), Verdict::Good);
        for wrong in ["", "secret", "Changed", &format!("{password}x")] {
            assert_ne!(users.check(name, wrong.as_bytes()), Verdict::Good);
        }
    }
    let file = file.display();
    assert_eq!(
        why(&users, "joe", "x"),
        format!("{file}:1: joe: wrong password")
    );
    assert_eq!(
        why(&users, "joe ", "changed"),
        format!("{file}: no such login")
    );
}

#[test]
fn other_hashes_of_htpasswd_refuse_one_login_and_no_other() {
    skip_unless!("htpasswd");
    let dir = scratch("users-other");
    let file = dir.join("users");
    htpasswd(&file, &["-m"], "md5", "secret");
    htpasswd(&file, &["-s"], "sha", "secret");
    htpasswd(&file, &["-p"], "plain", "secret");
    htpasswd(&file, &["-B", "-C", "13"], "dear", "secret");
    htpasswd(&file, &["-B", "-C", "4"], "joe", "secret");
    let users = Users::read(&file).unwrap();
    assert_eq!(users.check("joe", b"secret"), Verdict::Good);
    let file = file.display();
    for (line, name) in (1..).zip(["md5", "sha", "plain"]) {
        let said = format!(
            "{file}:{line}: {name}: not a bcrypt hash, this login is refused; use htpasswd -B"
        );
        assert_eq!(why(&users, name, "secret"), said);
    }
    assert_eq!(
        why(&users, "dear", "secret"),
        format!(
            "{file}:4: dear: bcrypt cost 13 is above 12, this login is refused; use htpasswd -B -C 12"
        )
    );
}
