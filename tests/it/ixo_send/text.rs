//! What of a text goes on the line, and how.

use super::{ixo_send, served, to};
use crate::support::scripted::said;
use crate::support::tap::bytes;
use crate::support::{Central, Page, scratch, spooled};

const OLD: &str = "<CR><ACK><CR><ESC>[p<CR>";

/// What the blocks of one page are, for a central that says this to a logon.
#[track_caller]
fn blocks(logon: &'static str, flags: &[&str], text: impl AsRef<[u8]>) -> (String, String) {
    let fake = Central::logons(&[logon]).on_tcp();
    let run = to(&fake, &["-m", "-", "5551212"])
        .args(flags)
        .stdin(text)
        .run();
    run.expect(0, "", &run.stderr);
    let call = said(&fake).remove(0);
    let call = call.strip_prefix("<CR><ESC>PG1<CR>").unwrap();
    (
        call.strip_suffix("<EOT><CR>").unwrap().to_owned(),
        run.stderr,
    )
}

/// The same for a central of today.
#[track_caller]
fn sent(flags: &[&str], text: impl AsRef<[u8]>) -> (String, String) {
    blocks("110 1.8<CR><ACK><CR><ESC>[p<CR>", flags, text)
}

#[test]
fn what_is_no_ascii_is_transliterated_or_marked_and_never_masked() {
    for (text, flags, on_line, marked) in [
        ("Zürich: Öl läuft", &[][..], "Zurich: Ol lauft", 0),
        ("Zürich", &["--charset", "utf8"], "Z?rich", 1),
        ("“quoted” – €5…", &[], "\"quoted\" - EUR5...", 0),
        ("a\u{8d}b", &[], "a?b", 1),
        ("a\u{8d}b", &["--charset", "utf8"], "a?b", 1),
        ("del\x7fete?", &[], "del?ete?", 1),
        ("\u{85}\u{9b}x", &["--charset", "utf8"], "??x", 2),
    ] {
        let (is, stderr) = sent(flags, text);
        let on_line = format!("<STX>5551212<CR>{on_line}<CR><ETX>");
        assert!(is.starts_with(&on_line), "{text:?}: {is}");
        let told = format!(
            "ixo-send: {marked} characters that TAP cannot carry went as ? (pager 5551212)\n"
        );
        let told = if marked > 0 { told } else { String::new() };
        assert_eq!(stderr, told, "{text:?}");
    }
    // What is no UTF-8 is not sent at all.
    let fake = Central::default().on_tcp();
    let run = to(&fake, &["-m", "-", "1"]).stdin(b"a\x8db").run();
    run.expect_complaint(65, "", "UTF-8");
    assert_eq!(fake.connections(), 0);
}

#[test]
fn a_control_character_of_a_text_is_never_one_of_the_line() {
    let controls: String = (1..0x20).filter(|c| *c != 0x0D).map(char::from).collect();
    let text = format!("a{controls}b");
    let pairs = (1..0x20_u8).filter(|c| *c != 0x0D);
    let pairs = pairs.map(|c| format!("<SUB>{}", char::from(c + 0x40)));
    let pairs = pairs.collect::<Vec<_>>().concat();
    let (is, stderr) = sent(&[], &text);
    assert!(
        is.starts_with(&format!("<STX>5551212<CR>a{pairs}b<CR><ETX>")),
        "{is}"
    );
    assert_eq!(stderr, "");
    // A central of old does not understand escapes.
    for (logon, flags) in [
        (OLD, &[][..]),
        ("110 1.5<CR><ACK><CR><ESC>[p<CR>", &[]),
        ("110 1.8<CR><ACK><CR><ESC>[p<CR>", &["--escape", "off"]),
    ] {
        let (is, stderr) = blocks(logon, flags, &text);
        assert!(is.starts_with("<STX>5551212<CR>a  b<CR><ETX>"), "{is}");
        assert!(
            stderr.contains("2 line breaks or tabs went as blanks, 28 control"),
            "{stderr}"
        );
    }
    let (is, _) = blocks(OLD, &["--escape", "on"], "A\nB");
    assert_eq!(is, "<STX>5551212<CR>A<SUB>JB<CR><ETX>26;<CR>");
    let (is, _) = blocks("110 1.6<CR><ACK><CR><ESC>[p<CR>", &[], "A\nB");
    assert_eq!(is, "<STX>5551212<CR>A<SUB>JB<CR><ETX>26;<CR>");
    // Raw, in an argument: the bytes of C-8.
    let fake = Central::default().on_tcp();
    to(&fake, &["1", "\x06\x15\x1e\x1b\x04"])
        .run()
        .expect(0, "", "");
    assert!(said(&fake)[0].contains("<STX>1<CR><SUB>F<SUB>U<SUB>^<SUB>[<SUB>D<CR><ETX>"));
}

#[test]
fn our_own_central_gets_the_text_that_was_given() {
    let scratch = scratch("ixo-send-text");
    let central = served(&format!("--spool {}", scratch.join("spool").display()));
    for text in [
        "two\nlines",
        "tab\tbed",
        "back\\slash <b> \"q\"",
        &"~".repeat(247),
    ] {
        ixo_send(&[&central, "-m", text, "1"])
            .run()
            .expect_status(0);
        let pages = spooled::accepted(&scratch.join("spool"));
        let page = Page::new(&["1"], text);
        assert!(
            pages.iter().any(|(_, is)| *is == page),
            "{text:?}: {pages:?}"
        );
    }
    // One of before 1.6 speaks no escapes.
    let script = format!("cat >{}", scratch.join("text").display());
    let old = served(&format!("--tap-version none -- sh -c '{script}'"));
    let run = ixo_send(&[&old, "-m", "A\nB", "1"]).run();
    run.expect_complaint(0, "", "1 line breaks or tabs went as blanks");
    assert_eq!(scratch.read("text"), "A B");
    ixo_send(&[&old, "--escape", "on", "-m", "A\nB", "1"])
        .run()
        .expect_status(0);
    assert_eq!(scratch.read("text"), "A\nB");
}

#[test]
fn a_block_has_250_bytes_and_not_one_more() {
    let fits = "M".repeat(241);
    let (is, _) = sent(&[], &fits);
    assert_eq!(is, format!("<STX>5551212<CR>{fits}<CR><ETX>:01<CR>"));
    let fake = Central::default().on_tcp();
    for text in [format!("{fits}M"), format!("{}\na", "M".repeat(239))] {
        let run = to(&fake, &["-m", &text, "5551212"]).run();
        run.expect_status(65);
        assert!(run.stderr.contains("242"), "{run:?}");
    }
    // Without escapes it fits.
    to(&fake, &["--escape", "off", "-m"])
        .arg(format!("{}\na", "M".repeat(239)))
        .arg("5551212")
        .run()
        .expect_status(0);
    assert_eq!(fake.connections(), 1);
    assert_eq!(fake.raw()[0].len(), 1 + 5 + 256 + 2);
}

#[test]
fn a_long_message_is_cut_or_split_and_measured_as_sent() {
    let words = "word ".repeat(100);
    let (is, stderr) = sent(&["--overflow", "truncate", "--max-length", "12"], &words);
    assert!(
        is.starts_with("<STX>5551212<CR>word word") && is.contains("<CR><ETX>"),
        "{is}"
    );
    let text = is.split("<CR>").nth(1).unwrap();
    assert!(text.len() <= 12, "{is}");
    assert!(
        stderr.contains("the message was cut to 12 characters"),
        "{stderr}"
    );
    let (is, stderr) = sent(&["--overflow", "split"], words.trim_end());
    let parts: Vec<&str> = is.split("<STX>5551212<CR>").skip(1).collect();
    assert_eq!(parts.len(), 3, "{is}");
    let mut joined = String::new();
    for (number, part) in (1..).zip(&parts) {
        let text = part.split("<CR>").next().unwrap();
        assert!(text.len() <= 241, "{text}");
        joined += text.strip_prefix(&format!("({number}/3) ")).unwrap();
        joined.push(' ');
    }
    assert_eq!((joined.trim_end(), stderr.as_str()), (words.trim_end(), ""));
    // Each line break is two bytes on the line.
    let lines = "ab\n".repeat(70);
    let (is, _) = sent(&["--overflow", "split", "--max-length", "100"], &lines);
    for part in is.split("<STX>5551212<CR>").skip(1) {
        let text = part.split("<CR>").next().unwrap().replace("<SUB>", "s");
        assert!(text.len() <= 100, "{text}");
    }
    let (is, _) = sent(&["--overflow", "truncate"], &lines);
    assert!(bytes(&is).len() <= 256, "{is}");
    // And what is transliterated is longer than it was.
    let euros = "€ ".repeat(80);
    let run = ixo_send(&["--dry-run", "5551212", &euros]).run();
    run.expect_complaint(65, "", "319 characters, the limit is 241");
    let (is, _) = sent(&["--overflow", "split"], euros.trim_end());
    assert_eq!(is.matches("EUR").count(), 80);
    // The first part that fails is the last.
    let fake = Central::verdicts(&["211 OK<CR><ACK><CR>", "512 Later<CR><RS><CR>"]).on_tcp();
    let run = to(&fake, &["--overflow", "split", "--json", "1", &words]).run();
    let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, &line["parts"]), (79, &"1/3".into()), "{run:?}");
    assert_eq!(
        line["error"],
        "512 part 2 of 3: Later; the parts before it are out"
    );
    assert_eq!(said(&fake)[0].matches("<STX>").count(), 2);
}

#[test]
fn several_blocks_are_split_as_the_specification_does() {
    let (m, n) = ("M".repeat(241), "N".repeat(20));
    let full = format!("<STX>5551212<CR>{m}");
    for (text, told) in [
        (m.clone(), format!("{full}<CR><ETX>:01<CR>")),
        (
            format!("{m}M"),
            format!("{full}M<US>:5=<CR><STX><CR><ETX>012<CR>"),
        ),
        (
            "M".repeat(300),
            format!("{full}M<US>:5=<CR><STX>{}<CR><ETX>184<CR>", "M".repeat(58)),
        ),
        (
            format!("{m}\n{n}"),
            format!("{full}<CR><ETB>:15<CR><STX>{n}<CR><ETX>62:<CR>"),
        ),
        (
            "LINE ONE\nLINE TWO".to_owned(),
            "<STX>5551212<CR>LINE ONE<CR>LINE TWO<CR><ETX>5?=<CR>".to_owned(),
        ),
        // A SUB pair is not torn.
        (
            format!("{m}\t"),
            format!("{full}<US>:10<CR><STX><SUB>I<CR><ETX>075<CR>"),
        ),
    ] {
        let (is, stderr) = sent(&["--multiblock"], &text);
        assert_eq!((is, stderr), (told, String::new()), "{text}");
    }
    let (is, _) = blocks(OLD, &["--multiblock"], "LINE ONE\nLINE TWO");
    assert_eq!(is, "<STX>5551212<CR>LINE ONE<CR>LINE TWO<CR><ETX>5?=<CR>");
    // Each block has its verdict; one that is refused is the last.
    let fake = Central::verdicts(&["513 Too long<CR><RS><CR>"]).on_tcp();
    let long = "M".repeat(300);
    to(&fake, &["--multiblock", "5551212,1", &long])
        .run()
        .expect_status(65);
    assert_eq!(said(&fake)[0].matches("<STX>").count(), 3);
    let scratch = scratch("ixo-send-blocks");
    let central = served(&format!("--spool {}", scratch.join("spool").display()));
    ixo_send(&[&central, "--multiblock", "1", &long])
        .run()
        .expect_status(0);
    assert_eq!(
        spooled::accepted(&scratch.join("spool"))[0].1,
        Page::new(&["1"], &long)
    );
}

#[test]
fn a_page_may_be_digits_a_tone_or_to_an_id_with_dashes() {
    let fake = Central::default().on_tcp();
    to(&fake, &["--numeric", "1", "555-1212 *9 #3"])
        .run()
        .expect(0, "", "");
    to(&fake, &["--numeric", "1", "Call 5"])
        .run()
        .expect_complaint(65, "", "shows no letters");
    to(&fake, &["--numeric", "--csv", "-"])
        .stdin("pager,message\n1,5a\n")
        .run()
        .expect_status(65);
    to(&fake, &["--tone", "5551212"]).run().expect(0, "", "");
    for (pager, field) in [
        ("555-1212", "5551212"),
        ("(0)555.12/12", "05551212"),
        ("on-call", "on-call"),
    ] {
        let run = to(&fake, &["-v", pager, "Hi"]).run();
        // Results name the pager as the user does.
        run.expect_complaint(
            0,
            &format!("{pager} sent 211 Page accepted\n"),
            &format!("<STX>{field}<CR>Hi<CR>"),
        );
    }
    let calls = said(&fake);
    assert!(
        calls[0].contains("<STX>1<CR>555-1212 *9 #3<CR>"),
        "{calls:?}"
    );
    assert!(
        calls[1].contains("<STX>5551212<CR><CR><ETX>184<CR>"),
        "{calls:?}"
    );
    assert_eq!(calls.len(), 5);
    // Blanks at the end only cost time; they are neither sent nor measured.
    for end in ["   \n\n", " \r\n \r\n", " "] {
        let (is, _) = sent(&[], format!("{}{end}", "M".repeat(241)));
        assert!(is.ends_with("M<CR><ETX>:01<CR>"), "{is}");
    }
}
