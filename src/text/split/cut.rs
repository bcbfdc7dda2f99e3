//! Chooses where a text that is too long ends its line.
//!
//! It must never know whether the rest is sent or lost; it only finds the place.

/// Where to cut a text to fill the room: at the last blank that has at least
/// `blanks_from` in front of it, else where the room ends; 0 if nothing fits.
pub(super) fn cut_point(
    text: &str,
    room: usize,
    blanks_from: usize,
    measure: &impl Fn(&str) -> usize,
) -> usize {
    let (mut used, mut previous) = (0, ' ');
    let (mut start_of_cluster, mut blank, mut blank_before) = (0, None, None);
    for (at, c) in text.char_indices() {
        if !clings(previous, c) {
            start_of_cluster = at;
            blank = blank_before.or(blank);
        }
        let cost = measure(c.encode_utf8(&mut [0; 4]));
        if cost > room - used {
            return match (blank, start_of_cluster) {
                _ if is_blank(c) => at,
                (Some(blank), _) => blank,
                // One cluster fills the whole room: better torn than never sent.
                (None, 0) => at,
                (None, start) => start,
            };
        }
        // A cut at 0 would make no progress.
        blank_before = (is_blank(c) && at > 0 && used >= blanks_from).then_some(at);
        used += cost;
        previous = c;
    }
    text.len()
}

/// Whether a character belongs to the one before it, as far as that can be told
/// without the tables of Unicode: combining marks, variation selectors, joiners, skin tones.
fn clings(previous: char, c: char) -> bool {
    const JOINER: char = '\u{200d}';
    previous == JOINER
        || matches!(
            c,
            '\u{300}'..='\u{36f}'
                | '\u{483}'..='\u{489}'
                | '\u{591}'..='\u{5bd}'
                | '\u{610}'..='\u{61a}'
                | '\u{64b}'..='\u{65f}'
                | '\u{1ab0}'..='\u{1aff}'
                | '\u{1dc0}'..='\u{1dff}'
                | JOINER
                | '\u{20d0}'..='\u{20ff}'
                | '\u{3099}'..='\u{309a}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{fe20}'..='\u{fe2f}'
                | '\u{1f3fb}'..='\u{1f3ff}'
                | '\u{e0020}'..='\u{e007f}'
                | '\u{e0100}'..='\u{e01ef}'
        )
}

/// Where a part may end: not at a no-break space, which says so.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str, room: usize, blanks_from: usize) -> &str {
        let at = cut_point(text, room, blanks_from, &|t: &str| t.chars().count());
        text.get(..at).unwrap()
    }

    #[test]
    fn a_late_blank_wins_over_an_early_one_and_over_none() {
        assert_eq!(head("a bc de fgh", 9, 4), "a bc de");
        assert_eq!(head("a bcdefgh", 6, 3), "a bcde");
        assert_eq!(head("abc def", 3, 3), "abc");
        assert_eq!(head("abc", 3, 0), "abc");
        assert_eq!(head(" ab", 1, 0), " ");
    }

    #[test]
    fn clusters_stay_whole_unless_they_fill_the_room() {
        for cluster in ["e\u{301}", "👍\u{1f3fd}", "❤\u{fe0f}", "👩\u{200d}🚀"] {
            let text = format!("x{cluster}y");
            assert_eq!(head(&text, 2, 9), "x", "{cluster}");
            assert_eq!(head(cluster, 1, 9).chars().count(), 1, "{cluster}");
        }
    }

    #[test]
    fn no_room_is_told_by_zero() {
        assert_eq!(cut_point("äb", 1, 0, &str::len), 0);
    }
}
