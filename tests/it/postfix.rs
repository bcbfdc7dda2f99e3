//! Mail through Postfix: the lines of `scripts/mail/`, as they stand there but for
//! names of files and of the user.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use nix::unistd::User;

use crate::support::peers::skip_unless;
use crate::support::postfix::Postfix;
use crate::support::{Page, Scratch, spooled};

fn lines(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/mail");
    fs::read_to_string(dir.join(name)).unwrap()
}

/// A spool of ours to which the group of nobody may add, and a program that nobody can run.
fn gateway(dir: &Scratch) {
    let nobody = User::from_name("nobody").unwrap().unwrap();
    fs::create_dir(dir.join("spool")).unwrap();
    for name in ["spool/tmp", "spool/new"] {
        let path = dir.join(name);
        fs::create_dir(&path).unwrap();
        chown(&path, None, Some(nobody.gid.as_raw())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o3770)).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_pagebox"), dir.join("page-mail")).unwrap();
    let config = "[mail]\nallow-from = ['*@monitor.test']\n\
                  [pager.jane]\n[group.oncall]\nmembers = ['jane']\n\
                  [route.default]\ntype = 'exec'\ncommand = ['true']\n";
    let config = dir.file("pagebox.toml", config);
    fs::set_permissions(config, fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn a_mail_through_postfix_is_queued_kept_or_sent_back() {
    skip_unless!("postfix", "root");
    let program = "DIR/page-mail --config DIR/pagebox.toml --spool DIR/spool";
    let service = lines("postfix-master.cf").replace("/usr/local/bin/page-mail", program);
    let service = service.replace("pagebox-mail:pagebox", "nobody:nogroup");
    let postfix = Postfix::start(&lines("postfix-main.cf"), &service, gateway);
    let queued = || spooled::accepted(&postfix.dir.join("spool"));
    let mail = "Subject: Disk full\nFrom: Monitor <root@monitor.test>\n\non db01\n";
    let to = "page+oncall@pager.test";

    postfix.mail("root@monitor.test", to, mail);
    let said = postfix.said("status=sent (delivered via pagebox service)", 1);
    assert!(said.contains("dsn=2.0.0"), "{said}");
    let [(_, page)] = &queued()[..] else {
        panic!("one page: {:?}", queued())
    };
    assert_eq!(page.to, ["oncall"]);
    let text = String::from_utf8_lossy(&page.text);
    assert!(
        text.contains("Disk full") && text.contains("on db01"),
        "{text}"
    );

    // Nobody of that name, and a sender who may not page.
    postfix.mail("root@monitor.test", "page+nobody@pager.test", mail);
    let said = postfix.said("to=<page+nobody@pager.test>", 1);
    assert!(said.contains("dsn=5.1.1, status=bounced"), "{said}");
    assert!(said.contains("no pager or group"), "{said}");
    let stranger = mail.replace("monitor.test", "else.test");
    postfix.mail("root@else.test", to, &stranger);
    let said = postfix.said("status=bounced", 2);
    assert!(said.contains("to=<page+oncall@pager.test>"), "{said}");
    assert!(said.contains("dsn=5.7.0"), "{said}");
    // Nothing but pages is taken.
    let answers = postfix.mail("root@monitor.test", "nosuchuser@pager.test", mail);
    assert!(
        answers.last().unwrap().starts_with("550 5.1.1"),
        "{answers:?}"
    );
    assert_eq!(queued().len(), 1);

    // While the spool cannot be used the mail stays.
    let (spool, away) = (postfix.dir.join("spool"), postfix.dir.join("away"));
    fs::rename(&spool, &away).unwrap();
    postfix.mail("root@monitor.test", to, mail);
    let said = postfix.said("status=deferred", 1);
    assert!(said.contains("dsn=4.3.0"), "{said}");
    fs::rename(&away, &spool).unwrap();
    postfix.flush();
    postfix.said("status=sent (delivered via pagebox service)", 2);
    let pages: Vec<Page> = queued().into_iter().map(|(_, page)| page).collect();
    assert_eq!((pages.len(), &pages[0]), (2, &pages[1]));
}

/// Local deliverers run a program with the recipient's own group and no other one.
#[test]
fn a_program_of_a_users_or_an_alias_has_one_group() {
    skip_unless!("postfix", "maildrop", "root");
    let ours = "DIR/page-mail --config DIR/pagebox.toml --spool DIR/spool -- oncall";
    let program = |file: &str| lines(file).replace("/usr/local/bin/page-mail -- oncall", ours);
    let rules = program("maildroprc");
    let comment = rules.lines().filter_map(|line| line.strip_prefix("#     "));
    let pipe = comment
        .map(|line| line.to_owned() + "\n")
        .collect::<String>();
    let pipe = pipe.replace("pagebox-mail:pagebox", "nobody:nogroup");
    let pipe = pipe.replace("/etc/pagebox/maildroprc", "DIR/maildroprc");
    let postfix = Postfix::start(
        "local_transport = local:\nlocal_recipient_maps =\ndefault_privs = nobody\n\
         alias_maps = texthash:DIR/aliases\nforward_path = DIR/forward\n\
         transport_maps = inline:{drop@pager.test=pagerdrop:}\n",
        &format!("local unix - n n - - local\n{pipe}"),
        |dir| {
            gateway(dir);
            let here = dir.to_str().unwrap();
            let forward = program("forward").replace("DIR", here);
            dir.file(
                "aliases",
                format!("alarm {}\n", forward.lines().last().unwrap()),
            );
            dir.file("forward", forward);
            let rules = dir.file("maildroprc", rules.replace("DIR", here));
            let nobody = User::from_name("nobody").unwrap().unwrap();
            chown(&rules, Some(nobody.uid.as_raw()), None).unwrap();
            fs::set_permissions(&rules, fs::Permissions::from_mode(0o600)).unwrap();
        },
    );
    let mail = "Subject: Disk full\nFrom: Monitor <root@monitor.test>\n\non db01\n";
    let queued = || spooled::accepted(&postfix.dir.join("spool")).len();
    for (count, to) in ["nobody", "alarm", "drop"].into_iter().enumerate() {
        let to = format!("{to}@pager.test");
        postfix.mail("root@monitor.test", &to, mail);
        let said = postfix.said(&format!("to=<{to}>"), 1);
        assert!(said.contains("status=sent"), "{said}");
        assert_eq!(queued(), count + 1, "{to}");
    }

    let (spool, away) = (postfix.dir.join("spool"), postfix.dir.join("away"));
    fs::rename(&spool, &away).unwrap();
    for (count, to) in ["nobody", "alarm", "drop"].into_iter().enumerate() {
        postfix.mail("root@monitor.test", &format!("{to}@pager.test"), mail);
        postfix.said("status=deferred", count + 1);
    }
    fs::rename(&away, &spool).unwrap();
}
