//! `page-deliver --check`: what a page to each name would do now, and what cannot work.

use super::station::{Station, taking};

#[test]
fn a_site_that_works_is_told_and_not_touched() {
    let config = format!(
        "[pager]\nann.id = '5551212'\nbob.route = 'modem'\n[group]\noncall.members = ['ann', 'bob']\n\
         {}fallback = 'modem'\n[route.modem]\ntype = 'ixo'\nconnect = '127.0.0.1:1'\n",
        taking("default")
    );
    let site = Station::new("check", &config);
    site.page(&["ann", "x"]);
    let output = site.run("page-deliver").arg("--check").run();
    output.expect(0, &output.stdout, "");
    let about = |name: &str| {
        let mut lines = output.stdout.lines();
        let line = lines.find(|line| line.contains(name));
        line.unwrap_or_else(|| panic!("{name}: {}", output.stdout))
            .to_owned()
    };
    assert!(about("ann").contains("default"), "{output:?}");
    assert!(about("ann").contains("modem"), "{output:?}");
    assert!(about("oncall").contains("bob"), "{output:?}");
    assert_eq!(site.rows(&[])[0]["state"], "new");
}

#[test]
fn what_is_held_back_in_a_storm_is_told() {
    let config = "[pager.ann]\nrate = '5/10m'\ndedup = '90m'\n\
                  [group.all]\nmembers = ['ann']\ndedup = '1h'\n\
                  [route.default]\ntype = 'xtell'\nrate = '60/90s'\n";
    let site = Station::new("check-storm", config);
    let output = site.run("page-deliver").arg("--check").run();
    let told = "ann: default (xtell; rate 60/1m30s), rate 5/10m, dedup 1h 30m\n\
                all: ann; dedup 1h\n\
                any other ID: default (xtell; rate 60/1m30s)\n";
    output.expect(0, told, "");
}

#[test]
fn what_cannot_work_is_a_warning() {
    let config = "[pager.ann]\npin-file = '@/pin'\nhours = 'Mo-Fr 08:00-17:00 UTC'\n\
                  [group.empty]\nmembers = []\n[group.day]\nmembers = ['ann']\n\
                  [route.default]\ntype = 'ixo'\ndevice = ['line']\n[device.line]\npath = '@/line'\n\
                  [route.other]\ntype = 'exec'\ncommand = ['@/program']\n";
    let site = Station::new("check-warns", config);
    let output = site.run("page-deliver").arg("--check").run();
    output.expect(0, &output.stdout, &output.stderr);
    for words in ["/pin", "/line", "/program", "empty", "day"] {
        let told = output.stderr.lines().any(|line| line.contains(words));
        assert!(told, "{words}: {}", output.stderr);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_key() {
    for (config, told) in [
        ("[route.a]\ntype = 'snpp'\n", "pagebox.toml:3: route.a.type"),
        (
            "[route.a]\ntype = 'exec'\ncommand = ['x']\nretries = 3\n",
            "pagebox.toml:5: route.a: unknown key \"retries\"",
        ),
        (
            "[pager.ann]\nroute = 'none'\n",
            "pagebox.toml:3: pager.ann.route",
        ),
        (
            "[group.g]\nmembers = ['g']\n",
            "pagebox.toml:3: group.g.members",
        ),
        (
            "[pager.ann]\nhours = 'Mo 25:00-26:00'\n",
            "pagebox.toml:3: pager.ann.hours",
        ),
        ("[pager.ann\n", "pagebox.toml:2"),
    ] {
        let site = Station::new("check-bad", config);
        for word in ["--check", "--once"] {
            let output = site.run("page-deliver").arg(word).run();
            output.expect_complaint(78, "", told);
        }
    }
}
