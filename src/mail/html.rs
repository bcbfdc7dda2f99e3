//! HTML reduced to its text.
//!
//! Not a browser: tags go, what is never shown goes with them, entities become
//! characters, and what stands in lines of its own stays so. Must never fail,
//! whatever is not closed.

mod entity;

use super::charset;

/// Elements whose text nobody sees.
const HIDDEN: [&str; 4] = ["script", "style", "template", "title"];
/// Tags within a word; so are all with a `:`, which are not HTML's.
const INLINE: [&str; 41] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del",
    "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "ruby",
    "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
    "wbr", "rtc", "output",
];
/// Tags that part words of one line.
const CELL: [&str; 3] = ["td", "th", "img"];
/// The longest entity there is has 33 characters.
const MAX_ENTITY: usize = 40;
/// A page names its charset within so many bytes.
const HEAD: usize = 1024;

/// The text of a page.
pub(super) fn to_text(html: &str) -> String {
    let mut text = String::new();
    // Where one has no end, which is looked for but once, none behind it has.
    let mut comments_end = true;
    // Behind the last `>` there is no tag.
    let (mut rest, tail) = html
        .rfind('>')
        .and_then(|at| html.split_at_checked(at + 1))
        .unwrap_or(("", html));
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        push(&mut text, before);
        if let Some(inside) = tag.strip_prefix("<!--") {
            let behind = comments_end.then(|| behind_comment(inside)).flatten();
            comments_end = behind.is_some();
            rest = behind.unwrap_or(inside);
            continue;
        }
        let inner = tag.get(1..).unwrap_or_default();
        let is_tag = inner.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        if !is_tag || is_address(inner) {
            text.push('<');
            rest = inner;
            continue;
        }
        let inside = match split_tag(inner) {
            Ok((inside, behind)) => {
                rest = behind;
                inside
            }
            Err((plain, behind)) => {
                text.push('<');
                push(&mut text, plain);
                rest = behind;
                continue;
            }
        };
        let closes = inside.starts_with('/');
        let name = inside.trim_start_matches('/');
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == ':'));
        let name = name.get(..end.unwrap_or(name.len())).unwrap_or(name);
        let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let hides = HIDDEN.iter().find(|known| known.eq_ignore_ascii_case(name));
        if let Some(element) = hides.filter(|_| !closes && !inside.ends_with('/')) {
            rest = behind_element(rest, element).unwrap_or(rest);
        } else if is_one_of(&CELL) {
            text.push(' ');
        } else if !is_one_of(&INLINE) && !name.contains(':') {
            text.push('\n');
        }
    }
    push(&mut text, rest);
    push(&mut text, tail);
    text
}

/// Is it an address in angle brackets, by somebody who thinks of no HTML?
fn is_address(inner: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || "<>=\"'".contains(c);
    let word = inner.split(is_end).next().unwrap_or_default();
    let is_all = inner
        .strip_prefix(word)
        .is_some_and(|rest| rest.starts_with('>'));
    is_all && (word.contains('@') || word.contains("://"))
}

/// What stands in a tag, and what follows it. A `>` in a value does not end it; but
/// where a quote never closes, or others have tags in theirs, the first one does. `Err`:
/// it is a text, to the `<` of what follows.
fn split_tag(inner: &str) -> Result<(&str, &str), (&str, &str)> {
    let mut rest = inner;
    while let Some(at) = rest.find(['>', '=', '<']) {
        let (_, special) = rest.split_at(at);
        let length = inner.len() - special.len();
        let split = inner.split_at_checked(length).unwrap_or((inner, ""));
        let mut behind = special.chars();
        match behind.next() {
            Some('>') => return Ok((split.0, behind.as_str())),
            Some('<') => return Err(split),
            _ => {}
        }
        let value = behind.as_str().trim_ascii_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        rest = match quote {
            Some(quote) => match value.get(1..).and_then(|value| value.split_once(quote)) {
                Some((value, behind)) if !has_tag(value) => behind,
                _ => break,
            },
            None => value,
        };
    }
    Ok(inner.split_once('>').unwrap_or((inner, "")))
}

fn has_tag(value: &str) -> bool {
    let mut tags = value.split('<').skip(1);
    tags.any(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/'))
}

/// The charset that a page names for itself, in front of what it says.
pub(super) fn charset(page: &[u8]) -> Option<String> {
    let head = page.get(..HEAD).unwrap_or(page);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut tags = head.split("<meta").skip(1).map(|tag| match split_tag(tag) {
        Ok((inside, _)) | Err((inside, _)) => inside,
    });
    let name = tags.find_map(charset::named_in)?;
    // Who could read that far has read no UTF-16.
    (!name.starts_with("utf-16")).then(|| name.to_owned())
}

/// Text between tags: its line ends are blanks.
fn push(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\n', '\r']) {
        let (before, special) = rest.split_at(at);
        text.push_str(before);
        let entity = special
            .char_indices()
            .take(MAX_ENTITY)
            .find(|(_, c)| *c == ';');
        let length = match entity {
            Some((end, _)) if special.starts_with('&') => end + 1,
            _ => 1,
        };
        let (token, behind) = special.split_at(length);
        match token {
            "\n" | "\r" => text.push(' '),
            _ => entity::push(text, token),
        }
        rest = behind;
    }
    text.push_str(rest);
}

/// What follows the end of a comment: `<!-->` and `<!--->` are whole ones.
fn behind_comment(text: &str) -> Option<&str> {
    let whole = text.strip_prefix('>').or_else(|| text.strip_prefix("->"));
    whole.or_else(|| {
        let ends = text.match_indices('>').map(|(at, _)| text.split_at(at));
        let mut ends = ends.filter(|(inside, _)| inside.ends_with("--") || inside.ends_with("--!"));
        ends.next().and_then(|(_, end)| end.get(1..))
    })
}

/// What follows the end of an element. It has none where another one of its kind begins
/// in front of that: better too much is read than too little.
fn behind_element<'h>(text: &'h str, name: &str) -> Option<&'h str> {
    let is_named = |tag: &str| {
        let found = tag.get(..name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        match tag.strip_prefix('/') {
            Some(end) if is_named(end) => return end.split_once('>').map(|(_, behind)| behind),
            None if is_named(tag) => return None,
            _ => rest = tag,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_stays_and_what_parts_words_parts_them() {
        for (html, words) in [
            ("<p>Disk</p><p>full</p>", "Disk full"),
            ("<td>a</td><td>b</td>", "a b"),
            ("<B>a</B>b<span style='x'>c</span>", "abc"),
            ("a<br/>b<br>c", "a b c"),
            ("a<style>x{}</style>b<SCRIPT>y</script >c", "abc"),
            ("<html><head><title>t</title></head><body>b", "b"),
            ("a<!-- <b>x</b> -- > -->b", "ab"),
            ("a<!-->b<!--->c<!-- -->d", "abcd"),
            ("<!--[if !mso]><!--><p>a</p><!--<![endif]-->b", "a b"),
            ("<noscript>a</noscript>", "a"),
            ("a<!DOCTYPE x>b", "a b"),
            ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
            (
                "Joe <j.u@x.org>, <http://x/y?z>",
                "Joe <j.u@x.org>, <http://x/y?z>",
            ),
            ("<a href=j@x>b</a> <x:y@z c> <q/x='@'>d", "b d"),
            (
                "&lt;b&gt; &uuml;&#228; &nbsp;&amp;amp; &nosuch; &x",
                "<b> üä \u{a0}&amp; &nosuch; &x",
            ),
            ("a\nb", "a b"),
            ("a<style", "a<style"),
            ("a<b", "a<b"),
            (
                "<p>a</p>5 <limit of db1 &amp; db2",
                "a 5 <limit of db1 & db2",
            ),
            // What hides and never ends hides nothing.
            ("a<style>p{}<p>b</p>", "ap{} b"),
            ("a<style>p{}</style <b", "ap{}</style <b"),
            ("a<title>b<p>c", "ab c"),
            ("a<script>b</SCRIPT>c<script>d</style>", "acd"),
            ("a<style>p{}<p>b</p><style>c</style>d", "ap{} b d"),
            ("load <limit of db1 <br> up", "load <limit of db1 up"),
            (r#"<a href="x>a</a> b <a href="y">c</a>"#, "a b c"),
            ("<!-- a <p>b</p> c", "a b c"),
            ("a<!-- b --!>c<!-- d<br>e", "ac d e"),
            ("<!--[if mso]><p>a</p><style>b", "[if mso]> a b"),
            ("é<é", "é<é"),
            (
                r#"<a href="x" title="97% > 90%">Disk full</a>"#,
                "Disk full",
            ),
            (r#"<img alt="load > 5" src="http://x/p.png">Disk"#, "Disk"),
            (
                "<a onclick='if(a>b){c(\"\")}' href = \"x>\" >Disk</a>",
                "Disk",
            ),
            ("<a href=it's title=x=>y'>z", "y'>z"),
            (r#"<a title="x>Disk</a> full"#, "Disk full"),
            (r#"<a title="x>y" class='z>Disk</a>"#, r#"y" class='z>Disk"#),
            (r#"<a title="97% > 90%" hr"#, r#"90%" hr"#),
            (r#"<style media="a>b">x</style>c"#, "c"),
            ("a<wbr>b<o:p></o:p>c<TT>d</TT>e<q>f</q>", "abcdef"),
            (
                "12<time>:</time>00<st1:place w:st='on'>x</st1:place>",
                "12:00x",
            ),
        ] {
            let text = to_text(html);
            let found: Vec<&str> = text
                .split([' ', '\n'])
                .filter(|word| !word.is_empty())
                .collect();
            assert_eq!(found.join(" "), words, "{html}");
        }
    }

    #[test]
    fn a_page_names_its_charset_in_its_head() {
        let far = [&" ".repeat(HEAD), "<meta charset=koi8-r>"].concat();
        for (page, name) in [
            ("<html><META CharSet='KOI8-R'><p>", Some("koi8-r")),
            (
                "<meta name=x><meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-2\">",
                Some("iso-8859-2"),
            ),
            ("<meta charset=utf-16>", None),
            ("<meta name=\"a>\">charset=x", None),
            ("<script charset=x>", None),
            (&far, None),
        ] {
            assert_eq!(charset(page.as_bytes()).as_deref(), name, "{page}");
        }
    }
}
