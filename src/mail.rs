//! What a mail says: who sends it, what about, its first text, whom it was
//! delivered to, and whether it is one that nobody should act upon.
//!
//! Answers for every mail having an answer, in a time and a memory that grow no
//! faster than the mail: what is broken in it is read as far as it goes. Must
//! never know the configuration, the spool, or what becomes of what it says.

mod address;
mod charset;
mod encoded;
mod header;
mod html;
mod part;
mod text;
mod transfer;

use self::address::Written;
use self::header::Headers;

/// A mail of more `Received` headers goes in circles.
const MAX_RECEIVED: usize = 25;
/// What stands in the `X-Loop` header of mail that we cause.
const LOOP: &str = "pagebox";

/// A mailbox.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mailbox {
    /// The name that is shown; may be empty.
    pub name: String,
    /// The address, which leaves no doubt, without blanks; may be empty.
    pub address: String,
}

/// Why nobody should act upon a mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unwanted {
    /// It answers another one by itself: of a vacation, say.
    Reply,
    /// It was caused by a page.
    Loop,
    /// It has come through too many hosts.
    Circle,
}

impl Unwanted {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reply => "an automatic reply",
            Self::Loop => "X-Loop: pagebox",
            Self::Circle => "more than 25 Received headers",
        }
    }
}

/// What a mail says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mail {
    /// Who says to have sent it: all of `From`, or else `Sender`, or else
    /// `Return-Path`. Nobody has made sure.
    pub from: Vec<Mailbox>,
    /// One line; may be empty.
    pub subject: String,
    /// The first text, tidied up; may be empty.
    pub text: String,
    /// The end of that text was seen. Where a mail is read in part, the text may
    /// go on behind it otherwise.
    pub text_ends: bool,
    /// The addresses that it was delivered to, in the words of who delivered it
    /// last: those of each header that tells, the surest first. An empty one stands
    /// for those that are not looked at, here and in `to`.
    pub delivered_to: Vec<Vec<String>>,
    /// All whom its sender addresses it to, openly.
    pub to: Vec<String>,
    /// Why nobody should act upon it.
    pub unwanted: Option<Unwanted>,
}

impl Mail {
    /// Reads a mail, or the beginning of one. At most `room` bytes of its text
    /// are kept, and a few more where there are more.
    pub fn read(bytes: &[u8], room: usize) -> Self {
        let (headers, body) = Headers::read(bytes);
        let addresses = |name, count| {
            let all = headers.addresses(name, count).into_iter();
            all.filter(|one| !one.is_name()).map(Written::recipient)
        };
        // The topmost is of who delivered it last.
        let delivered = |name| addresses(name, 1).collect();
        let delivered_to = ["Delivered-To", "X-Original-To", "Envelope-To"].map(delivered);
        let (text, text_ends) = part::first_text(&headers, body, room);
        Self {
            from: from(&headers),
            subject: headers.text("Subject"),
            text,
            text_ends,
            delivered_to: delivered_to.into(),
            to: ["To", "Cc"]
                .map(|name| addresses(name, usize::MAX))
                .into_iter()
                .flatten()
                .collect(),
            unwanted: unwanted(&headers),
        }
    }
}

fn from(headers: &Headers<'_>) -> Vec<Mailbox> {
    let names = ["From", "Sender", "Return-Path"];
    let all = names
        .into_iter()
        .map(|name| headers.addresses(name, usize::MAX));
    let from = all.into_iter().find(|found| !found.is_empty());
    let from = from.unwrap_or_default().into_iter();
    from.map(Written::sender).collect()
}

fn unwanted(headers: &Headers<'_>) -> Option<Unwanted> {
    let is_ours = |word: String| {
        let address = word.trim_matches(['<', '>', ',']);
        // Others name whom they are, at a host that may be called like us.
        address.split('@').next() == Some(LOOP)
    };
    if headers.word("Auto-Submitted") == "auto-replied" {
        Some(Unwanted::Reply)
    } else if headers.words("X-Loop").any(is_ours) {
        Some(Unwanted::Loop)
    } else if headers.all("Received").count() > MAX_RECEIVED {
        Some(Unwanted::Circle)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;
    use std::time::{Duration, Instant};

    fn read(mail: &str) -> Mail {
        let unix = Mail::read(mail.as_bytes(), 1000);
        let net = Mail::read(mail.replace('\n', "\r\n").as_bytes(), 1000);
        assert_eq!(unix, net);
        unix
    }

    fn from(name: &str, address: &str) -> Mailbox {
        let (name, address) = (name.to_owned(), address.to_owned());
        Mailbox { name, address }
    }

    #[test]
    fn a_plain_mail_says_all_of_it() {
        let mail = read(
            "From root Thu Jan  1 00:00:00 1970\nReturn-Path: <root@h>\nTo: page+a@h, B <page+b@h>\n\
             Cc: g: page+c@h;\nFrom: Joe User <joe@example.com>\nSubject: Disk\n  full\n\nfirst\nsecond\n",
        );
        assert_eq!(mail.from, [from("Joe User", "joe@example.com")]);
        assert_eq!(
            (mail.subject.as_str(), mail.text.as_str()),
            ("Disk full", "first\nsecond")
        );
        assert_eq!(mail.to, ["page+a@h", "page+b@h", "page+c@h"]);
        assert!(mail.delivered_to.concat().is_empty());
        assert_eq!(mail.unwanted, None);
    }

    #[test]
    fn a_sender_is_read_in_all_its_forms() {
        for (header, name, address) in [
            ("From: joe@x", "", "joe@x"),
            ("from : JOE@X (Joe)", "Joe", "JOE@X"),
            ("From: root (Cron Daemon)", "Cron Daemon", "root"),
            ("From: root", "", "root"),
            ("From: =?iso-8859-1?q?J=F6?= <j@x>", "Jö", "j@x"),
            ("From: \"a\\\"b, c\" <j@x>", "a\"b, c", "j@x"),
            ("From: j\u{1b}[1m <j @ x>", "j[1m", "j@x"),
            ("Sender: s@x", "", "s@x"),
            ("Return-Path: <r@x>\nSender: s@x", "", "s@x"),
            ("Return-Path: <r@x>", "", "r@x"),
        ] {
            let mail = read(&format!("{header}\n\n"));
            assert_eq!(mail.from, [from(name, address)], "{header}");
        }
        for nobody in ["Return-Path: <>", "From:", "X: y"] {
            assert_eq!(read(&format!("{nobody}\n\nx")).from, []);
        }
        let two = read("From: a@x, b@x\nSender: a@x\n\n").from;
        assert_eq!(two, [from("", "a@x"), from("", "b@x")]);
        let long = format!("From: {}@x\n\n", "a".repeat(400));
        assert_eq!(read(&long).from, [from("", "")]);
        // One that is not looked at is there all the same.
        let hidden = format!("From: a@x{}, b@x\n\n", " ".repeat(20_000));
        assert_eq!(read(&hidden).from, [from("", "a@x"), from("", "")]);
        let twice = read("From: a@x\nTo: page+a@h\nFrom: b@x\nTo: page+b@h\n\n");
        assert_eq!(twice.from, two);
        assert_eq!(twice.to, ["page+a@h", "page+b@h"]);
        let quoted = read("From: a@x, \"b\nFrom: c@x\n\n").from;
        assert_eq!(quoted[0], from("", "a@x"));
        assert_eq!(quoted[1].address, "");
        assert_eq!(read("To: Joe User, a@x\n\n").to, ["a@x"]);
        let many = read(&format!("To: page+a@h{}\n\n", ", b@x".repeat(4000))).to;
        assert_eq!(
            (many[0].as_str(), many.last().unwrap().as_str()),
            ("page+a@h", "")
        );
    }

    #[test]
    fn a_subject_is_one_line_whatever_is_encoded_in_it() {
        for (written, subject) in [
            ("=?utf-8?q?a=0D=0ATo:_b?=", "a To: b"),
            ("=?utf-8?B?w7w=?=\n =?utf-8?q?=C3=A4?= x", "üä x"),
            ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
            ("=?no-such?q?a=FFb?=", "a\u{fffd}b"),
            ("=?utf-8?b?***?=", "=?utf-8?b?***?="),
            ("=?utf-8?B?8J+U?= =?utf-8?B?pQ?= up", "🔥 up"),
            ("Gr\u{fc}\u{df}e", "Grüße"),
            ("a\tb\u{0}\u{1b}[2J\u{2028}c", "a b[2J c"),
            ("", ""),
        ] {
            assert_eq!(read(&format!("Subject: {written}\n\n")).subject, subject);
        }
        assert_eq!(Mail::read(b"Subject: Gr\xfc\xdfe\n\n", 9).subject, "Grüße");
        assert_eq!(read("Subject: x").subject, "x");
        // The first is one that a program had nothing for.
        let twice = "Subject:\nsubject: =?utf-8?q?_?=\nSubject: x\nSubject: y\n\n";
        assert_eq!(read(twice).subject, "x");
        let long = read(&format!("Subject: {}\n\n", "a ".repeat(9000))).subject;
        assert!(long.len() < 16_400 && long.ends_with("..."));
    }

    #[test]
    fn only_replies_loops_and_circles_are_unwanted() {
        let unwanted = |headers: &str| read(&format!("{headers}\n\nx")).unwanted;
        for header in [
            "Auto-Submitted: auto-replied",
            "auto-submitted:\tAUTO-Replied; owner=x",
            "Auto-Submitted: auto-replied (vacation)",
        ] {
            assert_eq!(unwanted(header), Some(Unwanted::Reply), "{header}");
        }
        for header in [
            "X-Loop: pagebox",
            "X-Loop: pagebox; of db1",
            "X-Loop: a@b\nX-Loop: Pagebox@host",
            "x-loop:\n <PageBox@host> (no more)",
        ] {
            assert_eq!(unwanted(header), Some(Unwanted::Loop), "{header}");
        }
        let received = |times: usize| format!("{}Subject: x", "Received: by x\n y\n".repeat(times));
        assert_eq!(unwanted(&received(26)), Some(Unwanted::Circle));
        for header in [
            "Auto-Submitted: auto-generated",
            "Auto-Submitted: auto-notified; auto-replied",
            "Auto-Submitted: no",
            "Precedence: bulk",
            "Return-Path: <>",
            "List-Id: <auto-replied>",
            "X-Loop: joe@example.com",
            "X-Loop: root@pagebox.example.org",
            "X-Loop: not-pagebox",
            "X-Loop: pagebox.example.org",
            "X-Loop: of pagebox",
            "X-Loop:",
            &received(25),
        ] {
            assert_eq!(unwanted(header), None, "{header}");
        }
    }

    /// A part with this type and text.
    fn part(kind: &str, text: &str) -> String {
        format!("Content-Type: {kind}\n\n{text}\n")
    }

    /// The same, encoded.
    fn bytes(kind: &str, text: &str) -> String {
        let base64 = "Content-Transfer-Encoding: base64\n";
        base64.to_owned() + &part(kind, text)
    }

    fn multipart(kind: &str, parts: &[String]) -> String {
        let mut text =
            format!("Content-Type: multipart/{kind}; boundary=\"=_{kind}\"\n\npreamble\n");
        for part in parts {
            let _ = write!(text, "--=_{kind}\n{part}\n");
        }
        text + &format!("--=_{kind}--\nepilogue\n")
    }

    #[test]
    fn the_first_text_is_found_wherever_it_is() {
        let plain = part("text/plain", "plain");
        let html = part("text/html; charset=utf-8", "<p>html</p>");
        let empty = part("text/plain", " \n");
        let binary = bytes("application/pdf", "JVBERi0xLjQKJeLjz9MK");
        let mut attached = part("text/plain; name=x.log", "attached");
        attached.insert_str(0, "Content-Disposition: ATTACHMENT; filename=x.log\n");
        let forwarded = part("message/rfc822", &format!("Subject: x\n{plain}"));
        let page = part("message/rfc822", &html);
        let all = [
            (plain.clone(), "plain"),
            (html.clone(), "html"),
            ("\njust text".to_owned(), "just text"),
            (part("text", "old"), "old"),
            (part("", "none"), "none"),
            (part("multipart/mixed", "no boundary"), "no boundary"),
            (part("multipart/mixed; boundary=b", "--B\nno"), "--B\nno"),
            (
                part("text/plain charset=utf-8", "no semicolon"),
                "no semicolon",
            ),
            (" no header\n x".to_owned(), "no header\nx"),
            ("From here on\nnone".to_owned(), "From here on\nnone"),
            (binary.clone(), ""),
            // It is all that there is.
            (attached.clone(), "attached"),
            (multipart("mixed", std::slice::from_ref(&attached)), ""),
            (
                multipart("alternative", &[html.clone(), plain.clone()]),
                "plain",
            ),
            (multipart("alternative", &[empty, html.clone()]), "html"),
            (
                multipart("mixed", &[attached, binary, plain.clone()]),
                "plain",
            ),
            (
                multipart(
                    "mixed",
                    &[multipart("related", std::slice::from_ref(&html))],
                ),
                "html",
            ),
            (
                multipart(
                    "mixed",
                    &[
                        multipart("mixed", std::slice::from_ref(&html)),
                        plain.clone(),
                    ],
                ),
                "html",
            ),
            (forwarded.clone(), "plain"),
            (
                format!("Content-Disposition: attachment\n{forwarded}"),
                "plain",
            ),
            (
                multipart("mixed", &[forwarded.clone(), html.clone()]),
                "html",
            ),
            (
                multipart("mixed", &[page.clone(), forwarded.clone()]),
                "html",
            ),
            (multipart("mixed", &[page, part("image/png", "x")]), "html"),
            (multipart("digest", &[format!("\n{plain}")]), "plain"),
            (
                multipart(
                    "mixed",
                    &[part(
                        "message/rfc822",
                        &multipart("alternative", &[html, plain]),
                    )],
                ),
                "plain",
            ),
        ];
        for (mail, text) in all {
            assert_eq!(read(&mail).text, text, "{mail}");
        }
    }

    #[test]
    fn parts_are_found_whatever_parts_them() {
        let plain = part("text/plain; charset=utf-8", "plain \u{e4}");
        let png = part("image/png", "x");
        let long = "b".repeat(2000);
        for boundary in ["b", "=_\u{e4}\u{20ac}", "\u{100}", &long, &"b".repeat(9000)] {
            let mail = multipart("mixed", &[png.clone(), plain.clone()]);
            let mail = mail.replace("=_mixed", boundary);
            assert_eq!(read(&mail).text, "plain \u{e4}", "{boundary}");
        }
        let latin =
            b"Content-Type: multipart/mixed; boundary=\"\xe4 \x80\"\n\n--\xe4 \x80\n\nplain\n";
        assert_eq!(Mail::read(latin, 99).text, "plain");
        // What stands in the header is not what parts them, or nothing stands there.
        let inner = multipart("related", &[png.clone(), plain.clone()]);
        let wrong = inner.replace("boundary=", "boundary=x");
        let none = inner.replace("boundary=", "x=");
        for (mail, text) in [
            (wrong.clone(), "plain \u{e4}"),
            (none.clone(), "plain \u{e4}"),
            (multipart("mixed", &[wrong, png.clone()]), "plain \u{e4}"),
            (multipart("mixed", &[none, part("", "x")]), "plain \u{e4}"),
            // No part at all.
            (multipart("mixed", &[]), "preamble"),
            (part("multipart/mixed; boundary=b", "a\n-- \nb\n--\nc"), "a"),
            (part("multipart/mixed", "a\n--\nb"), "a\n--\nb"),
            (
                bytes("multipart/mixed; boundary=b", "RGlzayBmdWxs"),
                "Disk full",
            ),
            (
                multipart(
                    "mixed",
                    &[part("multipart/related; boundary=b", "--c\n\nraw"), png],
                ),
                "--c\nraw",
            ),
        ] {
            assert_eq!(read(&mail).text, text, "{mail}");
        }
    }

    #[test]
    fn plain_text_goes_before_html_only_where_both_say_the_same() {
        let plain = || part("text/plain", "plain");
        let html = || part("text/html", "<p>html</p>");
        let footer = || part("text/plain", "____\nA list");
        let mixed = |one, other| multipart("mixed", &[one, other]);
        let either = |one, other| multipart("alternative", &[one, other]);
        let related = multipart("related", &[html()]);
        let alone = multipart("alternative", &[plain()]);
        for (mail, text) in [
            (mixed(html(), footer()), "html"),
            (mixed(either(html(), plain()), footer()), "plain"),
            (mixed(html(), alone), "html"),
            (either(related, plain()), "plain"),
            (either(mixed(html(), footer()), plain()), "plain"),
        ] {
            assert_eq!(read(&mail).text, text, "{mail}");
        }
    }

    #[test]
    fn what_is_a_text_counts_whatever_it_is_called() {
        let plain = part("text/plain", "plain");
        let html = part("text/html; charset=utf-8", "<p>html</p>");
        let csv = part("text/csv", "disk,full");
        let forwarded = part("message/rfc822", &format!("Subject: x\n{plain}"));
        let all = [
            (csv.clone(), "disk,full"),
            (multipart("mixed", &[csv.clone(), html.clone()]), "html"),
            (
                multipart("mixed", &[csv.clone(), forwarded.clone()]),
                "disk,full",
            ),
            (multipart("alternative", &[csv, plain.clone()]), "plain"),
            (part("text/xml", "<a b='c'/>"), "<a b='c'/>"),
            (part("text/calendar", "BEGIN:VCALENDAR"), ""),
            (part("x-alert/x-disk", "full"), "full"),
            (
                part("message/partial; number=1", &format!("Subject: x\n{plain}")),
                "plain",
            ),
            (part("message/news", &plain), "plain"),
            (
                multipart(
                    "report",
                    &[
                        part("message/delivery-status", "Action: failed"),
                        forwarded.clone(),
                    ],
                ),
                "Action: failed",
            ),
            (
                multipart(
                    "report",
                    &[
                        part("message/delivery-status", "Action: failed"),
                        plain.clone(),
                    ],
                ),
                "plain",
            ),
            (
                bytes("application/octet-stream", "ZGlzawBmdWxsCg=="),
                "diskfull",
            ),
            (bytes("application/octet-stream", "ZGlza8M="), "disk\u{c3}"),
            (bytes("application/octet-stream", "G1sybQ=="), ""),
            (bytes("image/png", "ZGlzaw=="), ""),
            (
                multipart("mixed", &[bytes("application/octet-stream", "ZGlzaw==")]),
                "",
            ),
            (part("plain/text", "plain"), "plain"),
            (part("text/*", "plain"), "plain"),
            (part("text/plain/utf-8", "plain"), "plain"),
            (part("text/html, charset=utf-8", "<p>html</p>"), "html"),
            (
                format!(
                    "Content-Transfer-Encoding: 8bit\n{}",
                    part("TEXT/Plain:charset=utf-7", "+AOQ")
                ),
                "ä",
            ),
            // A mail that is encoded as a whole; and one of these in such a one.
            (bytes("message/rfc822", "U3ViamVjdDogeAoKaW5uZXIK"), "inner"),
            (
                multipart(
                    "mixed",
                    &[
                        bytes("message/global", "U3ViamVjdDogeAoKaW5uZXIK"),
                        html.clone(),
                    ],
                ),
                "html",
            ),
            (
                bytes("message/rfc822", "Subject: x\n\nnot encoded"),
                "not encoded",
            ),
            (
                format!(
                    "Content-Transfer-Encoding: quoted-printable\n{}",
                    part(
                        "message/rfc822",
                        "Content-Type: text/plain; charset=3Dutf-8\n\n=C3=A4"
                    )
                ),
                "ä",
            ),
            (
                format!(
                    "Content-Transfer-Encoding: quoted-printable\n{}",
                    part(
                        "message/rfc822",
                        &bytes("message/rfc822", "U3ViamVjdDogeAoKaW5uZXIK")
                    )
                ),
                "",
            ),
        ];
        for (mail, text) in all {
            assert_eq!(read(&mail).text, text, "{mail}");
        }
    }

    #[test]
    fn a_part_ends_at_the_boundary_of_any_that_is_open() {
        let inner =
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\n\nx\n";
        let mail = format!(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n{inner}--a\n\ntext\n--a--\n"
        );
        assert_eq!(read(&mail).text, "text");
        // The end of the outer part, the same boundary inside, blanks behind one, no end at all.
        assert_eq!(read(&mail.replace("--a\n\ntext", "--a--\n\ntext")).text, "");
        assert_eq!(read(&mail.replace("boundary=b", "boundary=a")).text, "text");
        assert_eq!(
            read(&mail.replace("--a\n\ntext", "--a \t\n\ntext")).text,
            "text"
        );
        assert_eq!(read(mail.strip_suffix("--a--\n").unwrap()).text, "text");
        assert_eq!(read(&mail.replace("--b\n", "--b--x\n")).text, "text");
        let twice = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n\
                     --a\n\n\n--a--\n--a\n\ntext\n--a--\n";
        assert_eq!(read(twice).text, "text");
        assert_eq!(
            read(&mail.replace("=a\n", "=a--\n").replace("--a", "--a--")).text,
            "text"
        );
    }

    #[test]
    fn a_text_is_decoded_as_far_as_it_goes() {
        let decoded = |headers: &str, body: &[u8]| {
            let mail = [headers.as_bytes(), b"\n\n", body].concat();
            Mail::read(&mail, 1000).text
        };
        let qp = "Content-Transfer-Encoding: Quoted-Printable (x)";
        let base64 = "Content-Transfer-Encoding: BASE64";
        let charset = |name: &str| format!("Content-Type: text/plain; charset={name}");
        for (headers, body, text) in [
            (qp.to_owned(), &b"=C3=A4 a=\nb =3D"[..], "ä ab ="),
            (qp.to_owned(), b"a=ZZ=", "a=ZZ"),
            (base64.to_owned(), b"w6Qg\nYQ==", "ä a"),
            (base64.to_owned(), b"w6*Qg-Y", "ä"),
            (base64.replace("BASE64", "\"base64\";"), b"w6Q=", "ä"),
            (charset("iso-8859-15"), b"\xa4", "€"),
            (charset("\"Shift_JIS\""), b"\x83n", "ハ"),
            (charset("utf-16le"), b"a\0b\0", "ab"),
            (charset("utf-7"), b"5 +IKw", "5 €"),
            (
                "Content-Type: text/html".to_owned(),
                b"<meta charset=koi8-r>\xf0",
                "П",
            ),
            (
                "Content-Type: text/html; charset=iso-8859-1".to_owned(),
                b"<meta charset=koi8-r>\xe4",
                "ä",
            ),
            (charset("utf-8"), b"a\xffb", "a\u{fffd}b"),
            (charset("no-such"), b"a\xffb\xc3\xa4", "a\u{fffd}bä"),
            (charset("us-ascii"), "ä".as_bytes(), "ä"),
            (charset("US-ASCII"), b"\xe4", "ä"),
            (String::new(), b"\xe4", "ä"),
        ] {
            let found = decoded(&headers, body);
            assert_eq!(found, text, "{headers}");
        }
    }

    #[test]
    fn a_text_is_tidied_up() {
        let tidied = |text: &str| read(&format!("\n{text}")).text;
        assert_eq!(tidied("\n\n a  b\t\tc \n\n\n d\n\n"), "a b c\nd");
        assert_eq!(tidied("text\n-- \nJoe\nUser"), "text");
        assert_eq!(tidied("text\n--\nmore\n--  \nx"), "text\n--\nmore\n--\nx");
        assert_eq!(tidied("-- \nJoe"), "");
        assert_eq!(
            tidied("a\u{7}\u{1b}[1mb\u{9b}c\u{feff}\u{a0}d\u{2028}e"),
            "a[1mbc d\ne"
        );
        let long = Mail::read("\nab cd\nef\n".repeat(99).as_bytes(), 4).text;
        assert_eq!(long, "ab cd");
        let word = Mail::read(["\n", &"x".repeat(9999)].concat().as_bytes(), 40).text;
        assert!((41..=80).contains(&word.len()) || word.len() == 40);
    }

    #[test]
    fn lines_that_were_cut_are_joined_again() {
        let joined = |kind: &str, text: &str| {
            let kind = format!("text/plain; charset=utf-8; {kind}");
            read(&part(&kind, text)).text
        };
        let text = "日本 \n語  \nx\n  y \n-- \nJoe";
        assert_eq!(joined("format=flowed; DelSp=Yes", text), "日本語 x\ny");
        assert_eq!(joined("format=flowed", text), "日本\n語\nx\ny");
        assert_eq!(joined("delsp=yes", text), "日本\n語\nx\ny");
    }

    /// Is a mail of one megabyte, which repeats something, read in time, and right?
    fn in_time(head: &str, again: &str, tail: &str, text: Option<&str>) {
        let times = ((1 << 20) - head.len() - tail.len()) / again.len();
        let mail = [head, &again.repeat(times), tail].concat();
        let begun = Instant::now();
        let read = Mail::read(mail.as_bytes(), 1000).text;
        let what = format!("{head}{again}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        if let Some(text) = text {
            assert_eq!(read, text, "{what}");
        }
    }

    #[test]
    fn no_parts_take_long_however_they_are_made() {
        let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
        let wrong = "Content-Type: multipart/mixed; boundary=x\n\n--y\n";
        let qp = "Content-Transfer-Encoding: quoted-printable\n\n";
        let encoded = format!("Content-Type: message/rfc822\n{qp}");
        let image = "--b\nContent-Type: a/b\n\nx\n";
        let equal = "--b\nContent-Transfer-Encoding: base64\n\n=\n";
        let last = "--b\n\ntext\n--b--\n";
        for (head, again, tail, text) in [
            (mixed, image, last, Some("text")),
            (mixed, "--b\n\n\n", last, Some("text")),
            (
                "",
                "Content-Type: message/rfc822\n\n",
                "\ntext",
                Some("text"),
            ),
            ("", &format!("{mixed}--b\n"), "\ntext", Some("text")),
            ("", mixed, "text", None),
            ("", wrong, "\ntext", None),
            (mixed, &format!("--b\n{wrong}"), "", None),
            (mixed, equal, "", None),
            (mixed, &format!("--b\n{encoded}"), "", None),
            ("", &encoded, "", Some("")),
        ] {
            in_time(head, again, tail, text);
        }
        let mut deep = String::new();
        for level in 0..10_000 {
            let boundary = format!("b{level}");
            deep += &mixed.replace("=b", &format!("={boundary}"));
            let _ = writeln!(deep, "--{boundary}");
        }
        in_time(&deep, "\n", "text", Some("text"));
    }

    #[test]
    fn no_text_takes_long_however_it_is_made() {
        let html = "Content-Type: text/html\n\n";
        let qp = "Content-Transfer-Encoding: quoted-printable\n\n";
        let base64 = "Content-Transfer-Encoding: base64\n\n";
        let utf7 = "Content-Type: text/plain; charset=utf-7\n\n";
        for (head, again, tail, text) in [
            ("Subject: ", "=?aa?q?x", "\n\nx", Some("x")),
            ("From: ", "=?aa?b?x ", "\n\nx", Some("x")),
            ("To: ", "a@b, ", "\n\nx", Some("x")),
            ("From: ", "((", "\n\nx", Some("x")),
            ("Content-Type: text/plain", "; a*1*=b", "\n\nx", Some("x")),
            ("", "Content-Type: x/y; a=b\n", "\nx", Some("x")),
            ("", "a:\n", "\nx", Some("x")),
            (html, "<style>", "x", Some("x")),
            (html, "<style><title>", "x", Some("x")),
            (html, "<a b=\"<a\"", "<>", None),
            (html, "<a b=\"<p>'", "\"", None),
            (html, "<style>", "<title></style>", Some("")),
            (html, "<", "x", None),
            (html, "<", ">x", None),
            (html, "<!--", "x", None),
            (html, "<!--", ">x", None),
            (html, "<!--", "-->x", Some("x")),
            (html, "&", "x", None),
            (html, "</style", "x", None),
            (qp, "=x", "", None),
            (qp, "=   ", "", None),
            (base64, "YQ==\n", "", None),
            (base64, "Y Q\n", "", None),
            (utf7, "+", "", None),
            (utf7, "+AA.", "", None),
            (html, "<a b=\"", "x", None),
            (html, "<a b='>", "\"x", None),
            (html, "<a b='c' ", "d=\"x", None),
            (html, "<a b=", "x", None),
        ] {
            in_time(head, again, tail, text);
        }
    }

    #[test]
    fn no_header_takes_long_however_often_it_is_there() {
        for (head, again, tail) in [
            ("From: \"", " ", "\"@x\n"),
            ("From: ", "g@:", "\n"),
            ("From: ", "a . ", "\n"),
            ("Subject: ", "=?a?b?*?=", "\n"),
            ("", "Cc: \"\n", ""),
            ("", "Subject:\n", ""),
            ("", "X-Loop:\n", ""),
        ] {
            let mail = [head, &again.repeat(100_000), tail, "\nx"].concat();
            let begun = Instant::now();
            assert_eq!(Mail::read(mail.as_bytes(), 1000).text, "x", "{head}{again}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{head}{again}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            _ = Mail::read(&bytes, 100);
        }

        #[test]
        fn no_mail_makes_it_panic(
            words in prop::collection::vec(prop::sample::select(&[
                "From: ", "Subject: ", "To:", "Content-Type: ", "multipart/mixed", "; boundary=b",
                "message/rfc822", "text/html", "; charset=", "utf-7", "utf-16", "iso-2022-jp", "\n",
                "\n\n", "\r\n", "--b", "--", "\"", "(", ")", "<", ">", ":", ";", ",", "\\", "=?utf-8?q?",
                "=?utf-8?b?", "?=", "=C3", "=", "*0*=", "'", "%E4", "a", "é", "\u{0}", "<style", "<!--", "-->",
                "&", "&amp;", "&#x41;", "&#xFFFFFFFF;", "-- ", "Content-Transfer-Encoding: ", "base64",
                "quoted-printable", "Content-Disposition: attachment", " ", "@", "+",
                "multipart/alternative", "application/octet-stream", "text/csv", "; format=flowed; delsp=yes",
                "<meta charset=", "+AOQ", "YQ==", "____",
            ][..]), 0..40),
            room in 0_usize..50,
        ) {
            let mail = Mail::read(words.concat().as_bytes(), room);
            let is_clean = |text: &str| !text.contains(|c: char| c.is_control() && c != '\n');
            prop_assert!(is_clean(&mail.text) && is_clean(&mail.subject));
            prop_assert!(!mail.subject.contains('\n'));
            prop_assert!(!mail.text.contains("\n\n") && mail.text.trim() == mail.text);
        }
    }
}
