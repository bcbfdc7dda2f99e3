//! What is made of a text before it goes out.

use super::{at, polite, xtell};

#[test]
fn a_long_line_goes_in_parts() {
    let fake = polite();
    let long = "x".repeat(300) + " " + &"y".repeat(300);
    let run = xtell(&[
        "--json",
        &at("jane", &fake),
        "-m",
        &format!("{long}\nshort"),
    ])
    .run();
    run.expect_status(0);
    assert!(run.stdout.contains("\"parts\":\"3/3\""), "{run:?}");
    let heard = fake.heard();
    let expected = [
        format!("joe:jane::(1/2) {}", "x".repeat(300)),
        format!("joe:jane::(2/2) {}", "y".repeat(300)),
        "joe:jane::short".to_owned(),
        "QUIT".to_owned(),
    ];
    assert_eq!(heard, expected);
}

#[test]
fn the_length_is_in_bytes_and_no_character_is_cut() {
    let fake = polite();
    for (text, parts) in [
        ("ä".repeat(200), 1),
        ("ä".repeat(201), 2),
        ("a".repeat(399) + "ä", 2),
        ("\u{1f436}".repeat(150), 2),
    ] {
        let before = fake.heard().len();
        xtell(&[&at("jane", &fake), &text]).run().expect(0, "", "");
        let heard = fake.heard();
        let said: Vec<&str> = heard[before..heard.len() - 1]
            .iter()
            .map(|line| line.strip_prefix("joe:jane::").unwrap())
            .collect();
        assert_eq!(said.len(), parts, "{said:?}");
        assert!(said.iter().all(|part| part.len() <= 400));
        let whole: String = said
            .iter()
            .map(|part| part.split_once(") ").map_or(*part, |(_, text)| text))
            .collect();
        assert_eq!(whole, text);
    }
}

#[test]
fn what_controls_a_terminal_is_left_out_and_counted() {
    let fake = polite();
    let text = "a\tb\x1b[2J\rc\u{9b}1m\x7f\u{85}d\r\n\x07\n";
    let jane = at("jane", &fake);
    let warning = "xtell: control characters that were left out: 6\n";
    xtell(&[&jane, "-m", text]).run().expect(0, "", warning);
    assert_eq!(fake.heard(), ["joe:jane::a\tb[2Jc1md", "QUIT"]);
    // NUL cannot stand in an argument.
    xtell(&[&jane]).stdin("a\0b\n").run().expect(
        0,
        "",
        "xtell: control characters that were left out: 1\n",
    );
    assert_eq!(fake.heard()[2], "joe:jane::ab");
}

#[test]
fn a_text_can_be_cut_or_made_ascii() {
    let fake = polite();
    let words = [
        "--overflow",
        "truncate",
        "--max-length",
        "5",
        "--charset",
        "ascii",
    ];
    let run = xtell(&words).args([&*at("jane", &fake), "Größe 12"]).run();
    run.expect(0, "", "xtell: what was longer was cut to 5 bytes\n");
    assert_eq!(fake.heard(), ["joe:jane::Gross", "QUIT"]);
}
