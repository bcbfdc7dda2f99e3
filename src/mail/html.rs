//! HTML reduced to its text.
//!
//! Not a browser: tags go, what is never shown goes with them, entities become
//! characters, and what stands in lines of its own stays so. Must never fail,
//! whatever is not closed.

mod entity;

/// Elements whose text nobody sees.
const HIDDEN: [&str; 4] = ["script", "style", "template", "title"];
/// Tags within a word.
const INLINE: [&str; 22] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd",
    "mark", "s", "small", "span", "strong", "sub", "sup", "u",
];
/// Tags that part words of one line.
const CELL: [&str; 3] = ["td", "th", "img"];
/// The longest entity there is has 33 characters.
const MAX_ENTITY: usize = 40;

/// The text of a page.
pub(super) fn to_text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        push(&mut text, before);
        if tag.starts_with("<!--") {
            // `<!-->` is a whole one.
            rest = behind(tag.get(2..).unwrap_or_default(), "-->");
            continue;
        }
        let inner = tag.get(1..).unwrap_or_default();
        if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)) {
            text.push('<');
            rest = inner;
            continue;
        }
        let (inside, after) = inner.split_once('>').unwrap_or((inner, ""));
        rest = after;
        let closes = inside.starts_with('/');
        let name = inside.trim_start_matches('/');
        let end = name.find(|c: char| !c.is_ascii_alphanumeric());
        let name = name.get(..end.unwrap_or(name.len())).unwrap_or(name);
        let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_one_of(&HIDDEN) && !closes && !inside.ends_with('/') {
            rest = behind_element(after, name);
        } else if is_one_of(&CELL) {
            text.push(' ');
        } else if !is_one_of(&INLINE) {
            text.push('\n');
        }
    }
    push(&mut text, rest);
    text
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

/// What follows the first of these; nothing where there is none.
fn behind<'h>(text: &'h str, end: &str) -> &'h str {
    text.split_once(end).map_or("", |(_, behind)| behind)
}

/// What follows the end of an element.
fn behind_element<'h>(text: &'h str, name: &str) -> &'h str {
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once("</") {
        let found = tag.get(..name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return behind(tag, ">");
        }
        rest = tag;
    }
    ""
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
                "&lt;b&gt; &uuml;&#228; &nbsp;&amp;amp; &nosuch; &x",
                "<b> üä \u{a0}&amp; &nosuch; &x",
            ),
            ("a\nb", "a b"),
            ("a<style", "a"),
            ("a<style>b", "a"),
            ("a<b", "a"),
            ("é<é", "é<é"),
        ] {
            let text = to_text(html);
            let found: Vec<&str> = text
                .split([' ', '\n'])
                .filter(|word| !word.is_empty())
                .collect();
            assert_eq!(found.join(" "), words, "{html}");
        }
    }
}
