//! The mailboxes of a header (RFC 5322, 3.4 and 4.4): all that can be read as one.
//!
//! Answers for what is sure being what every reader finds: nothing that stood in
//! quotes, in a comment or in an encoded word makes an address, nor does what looks
//! like two of them. Must never know which header it is, nor what an address may do.

use std::str::Chars;

use super::Mailbox;
use super::encoded::{self, Word};
use super::text::one_line;

/// No address of the net is longer, and what is no address is nobody's.
const MAX_ADDRESS: usize = 320;
/// What an address has in it only where it is quoted.
const SPECIALS: &str = "<>()[],;:\\\"@";

/// A mailbox as somebody has written it.
#[derive(Debug, Default)]
pub(super) struct Written {
    name: String,
    /// What is, or may be, its address; may be empty.
    address: String,
    /// All of it, as it stands there.
    raw: String,
    /// It is one beyond doubt.
    is_sure: bool,
}

impl Written {
    /// Has it a name, and no address?
    pub(super) fn is_name(&self) -> bool {
        self.address.is_empty() && !self.name.is_empty()
    }

    /// Whom it addresses, be it in doubt.
    pub(super) fn recipient(self) -> String {
        self.address
    }

    /// Whose it is: nobody's, where there is a doubt.
    pub(super) fn sender(self) -> Mailbox {
        let (name, address) = match (self.is_sure, self.name.is_empty()) {
            (true, _) => (self.name, self.address),
            (false, true) => (self.raw, String::new()),
            (false, false) => (self.name, String::new()),
        };
        Mailbox { name, address }
    }
}

/// The mailboxes of a list. One that is empty stands for what is not looked at:
/// behind a quote or a comment that does not end.
pub(super) fn read(value: &str) -> Vec<Written> {
    let mut list = List::default();
    let ends = list.read(value).is_some();
    list.draft.is_doubtful |= !ends;
    list.finish(value, value.len());
    if !ends {
        list.found.push(Written::default());
    }
    // To some, a line ends there, and to others not.
    if value.replace("\r\n", "").contains('\r') {
        list.found.iter_mut().for_each(|one| one.is_sure = false);
    }
    list.found
}

#[derive(Default)]
struct List {
    found: Vec<Written>,
    draft: Draft,
    /// Where that begins.
    begin: usize,
}

/// A mailbox, as far as it has been read.
#[derive(Default)]
struct Draft {
    /// What stands outside of angle brackets: an address, or a name.
    words: Words,
    /// What stands in them.
    angle: Option<Words>,
    comment: String,
    /// What is read stands in the square brackets of a domain.
    in_literal: bool,
    /// Others may read another one here.
    is_doubtful: bool,
}

/// Words without comments and quotes, with one blank where these or some stood.
#[derive(Default)]
struct Words {
    text: String,
    has_quotes: bool,
    /// Blanks stand in them, which are no others than its letters.
    has_quoted_blanks: bool,
    /// An `@` stands there outside of quotes.
    has_at: bool,
    /// No address has quotes there, or needs them for that.
    is_odd: bool,
}

impl List {
    /// `None`: a quote or a comment does not end.
    fn read(&mut self, value: &str) -> Option<()> {
        let mut chars = value.chars();
        let mut in_angle = false;
        loop {
            let draft = &mut self.draft;
            let rest = chars.as_str();
            let word = Word::read(rest).filter(|_| !in_angle);
            if let Some((word, behind)) = word {
                // It should be one to all; with these in it, it is not.
                draft.is_doubtful |= word.text().contains(['<', '>', '(', ')', '"', '\\', '@']);
                let written = rest.strip_suffix(behind).unwrap_or(rest);
                draft.words.text.push_str(written);
                chars = behind.chars();
                continue;
            }
            let at = value.len() - rest.len();
            let Some(c) = chars.next() else {
                draft.is_doubtful |= in_angle;
                return Some(());
            };
            let text = match &mut draft.angle {
                Some(angle) if in_angle => angle,
                _ => &mut draft.words,
            };
            match c {
                ' ' | '\t' | '\r' | '\n' => text.blank(),
                '"' => text.quoted(&mut chars)?,
                '(' => {
                    text.blank();
                    comment(&mut chars, &mut draft.comment)?;
                }
                '>' if in_angle => in_angle = false,
                '<' if !in_angle => {
                    if draft.angle.is_some() {
                        draft.is_doubtful = true;
                        self.finish(value, at);
                        self.draft.is_doubtful = true;
                    }
                    self.draft.angle = Some(Words::default());
                    in_angle = true;
                }
                ',' | ';' if !in_angle => {
                    self.finish(value, at);
                    self.begin = at + 1;
                }
                ':' if !in_angle && !draft.in_literal => {
                    // It was the name of a group, and that is none.
                    self.begin = at + 1;
                    let is_address = draft.angle.is_some() || draft.words.text.contains('@');
                    self.draft = Draft {
                        is_doubtful: draft.is_doubtful || is_address,
                        ..Draft::default()
                    };
                }
                _ => {
                    draft.in_literal |= c == '[' && text.text.ends_with('@');
                    draft.in_literal &= c != ']';
                    text.text.push(c);
                    text.has_at |= c == '@';
                    draft.is_doubtful |= matches!(c, '>' | ')');
                }
            }
        }
    }

    /// The mailbox ends there, if there is one.
    fn finish(&mut self, value: &str, end: usize) {
        let written = value.get(self.begin..end).unwrap_or_default().trim();
        let bare = written
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'));
        let written = bare.unwrap_or(written);
        self.begin = end;
        let draft = std::mem::take(&mut self.draft);
        // Some write the address in front of it, too; others read that one.
        let others = |angle: &Words| {
            let (words, angle) = (draft.words.text.trim_end(), angle.text.trim_end());
            draft.words.has_at && !words.eq_ignore_ascii_case(angle)
        };
        let is_doubtful = draft.is_doubtful || draft.angle.as_ref().is_some_and(others);
        let words = one_line(&encoded::decode(&draft.words.text));
        let comment = one_line(&encoded::decode(&draft.comment));
        let is_angle = draft
            .angle
            .as_ref()
            .is_some_and(|angle| !angle.text.is_empty());
        let is_empty_angle = draft.angle.is_some() && !is_angle;
        let (name, text) = match draft.angle {
            Some(angle) if is_angle => (words, angle),
            // Somebody's name, or a word that is a user of this host.
            _ if words.contains(' ') && !draft.words.text.contains('@') => {
                (words, Words::default())
            }
            _ => (String::new(), draft.words),
        };
        let name = match (name.is_empty(), comment.is_empty()) {
            (_, true) => name,
            (true, false) => comment,
            (false, false) => format!("{name} ({comment})"),
        };
        let is_word = !is_angle && !text.text.contains('@');
        let is_doubtful = is_doubtful || is_empty_angle || is_word && text.has_quotes;
        let is_sure = text.is_sure() && !is_doubtful;
        let mut address = encoded::decode(&text.text);
        if text.has_quoted_blanks {
            address = one_line(&address).replace(" @", "@").replace("@ ", "@");
        } else {
            address.retain(|c| !c.is_whitespace() && !c.is_control());
        }
        if name.is_empty() && address.is_empty() {
            return;
        }
        let mut raw = one_line(&encoded::decode(written));
        for text in [&mut address, &mut raw] {
            if text.len() > MAX_ADDRESS {
                text.clear();
            }
        }
        self.found.push(Written {
            name,
            address,
            raw,
            is_sure,
        });
    }
}

impl Words {
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// Reads on behind a quote, to the next one.
    fn quoted(&mut self, chars: &mut Chars<'_>) -> Option<()> {
        self.has_quotes = true;
        self.is_odd |= !self.text.is_empty();
        self.blank();
        loop {
            let c = match chars.next()? {
                '"' => break,
                '\\' => chars.next()?,
                c => c,
            };
            self.has_quoted_blanks |= c.is_whitespace();
            self.is_odd |= !c.is_ascii_graphic() || SPECIALS.contains(c);
            self.text.push(c);
        }
        self.blank();
        Some(())
    }

    /// Is it an address to everybody?
    fn is_sure(&self) -> bool {
        let text = self.text.trim_end_matches(' ');
        if self.is_odd || text.len() > MAX_ADDRESS {
            return false;
        }
        let (local, domain) = match text.split_once('@') {
            Some((local, domain)) => (
                local.trim_end_matches(' '),
                Some(domain.trim_start_matches(' ')),
            ),
            None => (text, None),
        };
        let is_plain = |part: &str| {
            let is_wrong =
                |c: char| c.is_control() || SPECIALS.contains(c) || c.is_whitespace() && c != ' ';
            !part.is_empty() && !part.contains(is_wrong) && !part.contains("=?")
        };
        let is_domain = |domain: &str| {
            let literal = domain
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            literal.map_or_else(
                || is_plain(domain),
                |literal| is_plain(&literal.replace(':', "")),
            )
        };
        // Obsolete, but clear.
        let is_clear = text.match_indices(' ').all(|(at, _)| {
            let around = text.split_at_checked(at);
            around.is_some_and(|(front, behind)| {
                front.ends_with(['@', '.'])
                    || behind.trim_start_matches(' ').starts_with(['@', '.'])
            })
        });
        is_plain(local) && domain.is_none_or(is_domain) && is_clear
    }
}

/// Reads on behind the beginning of a comment, to its end.
fn comment(chars: &mut Chars<'_>, comment: &mut String) -> Option<()> {
    let mut depth = 1;
    if !comment.is_empty() {
        comment.push(' ');
    }
    loop {
        let c = match chars.next()? {
            '\\' => chars.next()?,
            c => {
                depth += i32::from(c == '(') - i32::from(c == ')');
                c
            }
        };
        if depth == 0 {
            return Some(());
        }
        comment.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(value: &str) -> Vec<(String, String)> {
        let all = read(value).into_iter().map(Written::sender);
        all.map(|one| (one.name, one.address)).collect()
    }

    fn recipients(value: &str) -> Vec<String> {
        let all = read(value).into_iter().filter(|one| !one.is_name());
        all.map(Written::recipient).collect()
    }

    #[test]
    fn an_address_is_read_in_all_its_forms() {
        for (value, name, address) in [
            ("joe@x", "", "joe@x"),
            ("Joe <joe@x>", "Joe", "joe@x"),
            ("joe@x (Joe)", "Joe", "joe@x"),
            ("Joe User <joe@x> (at home)", "Joe User (at home)", "joe@x"),
            ("<joe@x> Joe", "Joe", "joe@x"),
            ("JOE@x <joe@x>", "JOE@x", "joe@x"),
            ("\"joe@x (Joe)\" <joe@x>", "joe@x (Joe)", "joe@x"),
            ("\"a, b\" <j@x>", "a, b", "j@x"),
            ("\"a \\\" (b\" <j@x>", "a \" (b", "j@x"),
            ("\"joe\"@x", "", "joe@x"),
            ("<\"joe\"@x>", "", "joe@x"),
            ("root", "", "root"),
            ("root (Cron Daemon)", "Cron Daemon", "root"),
            ("Cron Daemon <root>", "Cron Daemon", "root"),
            ("(a (b) \\) c)root@x(d)", "a (b) ) c d", "root@x"),
            ("joe(at)@(home)x . y", "at home", "joe@x.y"),
            ("<joe @ x>", "", "joe@x"),
            ("=?utf-8?q?J=C3=B6?= <j@x>", "J\u{f6}", "j@x"),
            ("=?utf-8?Q?User, Joe?= <j@x>", "User, Joe", "j@x"),
            ("\"=?utf-8?B?SsO2?=\" <j@x>", "J\u{f6}", "j@x"),
            ("j@x (=?utf-8?B?SsO2?=)", "J\u{f6}", "j@x"),
            ("g: joe@x;", "", "joe@x"),
            ("joe@[IPv6:::1]", "", "joe@[IPv6:::1]"),
            ("joe+a=b'c/d@x", "", "joe+a=b'c/d@x"),
            ("j\u{f6}@x.example", "", "j\u{f6}@x.example"),
        ] {
            let one = (name.to_owned(), address.to_owned());
            assert_eq!(senders(value), [one], "{value}");
        }
        for (value, names) in [
            ("", &[][..]),
            ("<>", &[]),
            (" , ;, ", &[]),
            ("undisclosed-recipients:;", &[]),
            ("a@x, b@x; c@x", &["a@x", "b@x", "c@x"]),
            ("g: a@x, b@x;, h: c@x;", &["a@x", "b@x", "c@x"]),
            ("(x, y) a@x,\r\n\tb@x", &["a@x", "b@x"]),
        ] {
            let found: Vec<String> = senders(value).into_iter().map(|one| one.1).collect();
            assert_eq!(found, names, "{value}");
            assert_eq!(recipients(value), names, "{value}");
        }
    }

    #[test]
    fn what_may_be_no_address_is_nobodys() {
        for value in [
            "\"root@example.org\" <>",
            "(root@example.org)",
            "\"root@example.org\"",
            "\"root\"",
            "root <>",
            "=?utf-8?q?root=40example.org?=",
            "=?utf-8?q?root?=",
            "=?utf-8?q?root?=@example.org",
            "<=?utf-8?q?root=40example.org?=>",
            "<ro> <ot@example.org>",
            "<eve@evil> <root@example.org>",
            "<eve@evil> root@example.org",
            "root@example.org <eve@evil> eve@evil",
            "<root@example.org",
            "<eve@evil <root@example.org>",
            "root@exam\0ple.org",
            "root@exam ple.org",
            "root@exam\tple.org",
            "root@exam\u{3000}ple.org",
            "root@example.org\u{3000}",
            "root\u{a0}@example.org",
            "ro(x)ot@example.org",
            "ro ot@example.org",
            "eve@evil\rFrom: root@example.org",
            "\"eve\r\" <root@example.org>",
            "\"root@evil\"@example.org",
            "\"eve root\"@example.org",
            "\"<root\"@example.org",
            "root@\"example.org\"",
            "eve@evil root@example.org",
            "root@evil@example.org",
            "<eve@evil,root@example.org>",
            "<eve,root@example.org>",
            "<eve:root@example.org>",
            "<@example.org:eve@evil>",
            "eve@evil: root@example.org",
            "eve@evil <root@example.org>",
            "(eve@evil) joe eve@evil <root@example.org>",
            "@<root@example.org>",
            ") <root@example.org>",
            "Joe>: root@example.org",
            "root@example.org[127.0.0.1]",
            "@example.org",
            "\"\"@example.org",
            "root@",
            "root\\@example.org",
            "=?x?q?(?= <root@example.org>",
            "=?x?q?, <eve@evil>, ?= <root@example.org>",
            "(root@example.org",
            "\"root@example.org",
            "root@example.org (",
            "root@example.org \"",
        ] {
            let found = senders(value);
            assert!(
                found.iter().all(|one| one.1.is_empty()),
                "{value} {found:?}"
            );
            assert!(!found.is_empty(), "{value}");
        }
        // A name that would do for an address is still shown.
        let cut = "\"root@example.org\" <>";
        assert_eq!(senders(cut)[0].0, cut);
        for written in [
            "\"joe u\"@x",
            "\"<joe\"@x",
            "\"\"@x",
            "\"joe\\\" u\"@x",
            "joe u@x",
        ] {
            for value in [written.to_owned(), format!(" <{written}>")] {
                assert_eq!(senders(&value), [(written.to_owned(), String::new())]);
            }
            let several = senders(&format!("g: a@x, {written};,b@x"));
            assert_eq!(several[1].0, written);
        }
        let long = format!("{}@x", "a".repeat(400));
        assert_eq!(senders(&long), [(String::new(), String::new())]);
    }

    #[test]
    fn who_may_be_meant_is_a_recipient() {
        for (value, found) in [
            ("<page+a@h> <page+b@h>", &["page+a@h", "page+b@h"][..]),
            ("\"page+a\"@h", &["page+a@h"]),
            ("\"page+a b\" @ h", &["page+a b@h"]),
            ("=?utf-8?q?page+a=40h?=", &["page+a@h"]),
            ("<@x,@y:page+a@h>", &["@x,@y:page+a@h"]),
            ("<page+a@h", &["page+a@h"]),
            ("Joe User, page+a@h", &["page+a@h"]),
            (
                "page+a@h, \"Joe <page+b@h>",
                &["page+a@h", "Joe <page+b@h>", ""],
            ),
            ("page+a@h (x, page+b@h", &["page+a@h", ""]),
        ] {
            assert_eq!(recipients(value), found, "{value}");
        }
    }
}
