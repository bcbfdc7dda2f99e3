//! What a digest holds of the pages that were gathered in it: which texts, how
//! often, and how many pages that were.
//!
//! Answers for the count being exact, however many texts have no room. Must
//! never know whom it is for, nor on which way it goes.

use serde::{Deserialize, Serialize};

/// So many texts are kept, in so many bytes; but the first one, whatever it is.
const MAX_TEXTS: usize = 100;
const MAX_LENGTH: usize = 32 * 1024;
/// Where texts, or the end of one, had no room.
const CUT: &str = "...";

/// See the module's text.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Gathered {
    /// So many pages.
    pub count: u64,
    /// What they said, in the order in which it came, and how often.
    pub texts: Vec<(String, u64)>,
    /// The jobs of the last of them: those may not be marked yet, or not tell so,
    /// and are not to be counted twice.
    pub last: Vec<String>,
    /// It takes in no more: its text was made anew for another route.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

impl Gathered {
    /// One more page.
    pub fn add(&mut self, text: &str) {
        self.count += 1;
        if let Some((_, count)) = self.texts.iter_mut().find(|(known, _)| known == text) {
            *count += 1;
            return;
        }
        let length: usize = self.texts.iter().map(|(text, _)| text.len()).sum();
        let has_room = self.texts.len() < MAX_TEXTS && length + text.len() <= MAX_LENGTH;
        if has_room || self.texts.is_empty() {
            self.texts.push((text.to_owned(), 1));
        }
    }

    /// How many pages said what has no room.
    pub fn unlisted(&self) -> u64 {
        let listed: u64 = self.texts.iter().map(|(_, count)| count).sum();
        self.count.saturating_sub(listed)
    }

    /// All of it: how many there are and what they say.
    pub fn message(&self) -> String {
        let text = |(text, count): &(String, u64)| {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match count {
                1 => line,
                _ => format!("{line} ({count})"),
            }
        };
        let texts: Vec<String> = self.texts.iter().map(text).collect();
        let more = if self.unlisted() > 0 { CUT } else { "" };
        format!("{}: {}{more}", self.head(), texts.join(", "))
    }

    /// The same, which `text` is as it can be sent, in so many characters: a
    /// page alone is as long as it is, and of several the count comes whole,
    /// wherever a filter has put it.
    pub fn fitted(&self, text: &str, length: usize) -> String {
        if self.count == 1 || text.chars().count() <= length {
            return text.to_owned();
        }
        let count = format!("+{}", self.count);
        let room = length.checked_sub(CUT.len());
        let room = room.filter(|room| *room >= self.head().len());
        let beginning: String = text.chars().take(room.unwrap_or_default()).collect();
        if beginning.contains(&count) {
            format!("{}{CUT}", beginning.trim_end())
        } else {
            count
        }
    }

    fn head(&self) -> String {
        format!("+{} more", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(texts: &[&str]) -> Gathered {
        let mut gathered = Gathered::default();
        for text in texts {
            gathered.add(text);
        }
        gathered
    }

    #[test]
    fn pages_are_counted() {
        for (texts, message) in [
            (&["Disk\nfull", "Lunch"][..], "+2 more: Disk full, Lunch"),
            (&["a", "b", "a", "a"], "+4 more: a (3), b"),
            (&["a", "a"], "+2 more: a (2)"),
        ] {
            assert_eq!(of(texts).message(), message);
        }
    }

    #[test]
    fn what_has_no_room_is_cut_behind_the_count() {
        let gathered = of(&["Disk full on db01", "Link down", "Disk full on db01"]);
        let message = gathered.message();
        for (length, fitted) in [
            (100, "+3 more: Disk full on db01 (2), Link down"),
            (30, "+3 more: Disk full on db01..."),
            (17, "+3 more: Disk..."),
            (10, "+3 more..."),
            (9, "+3"),
            (1, "+3"),
        ] {
            assert_eq!(gathered.fitted(&message, length), fitted, "{length}");
        }
        let filtered = format!("page: {message}");
        assert_eq!(gathered.fitted(&filtered, 17), "page: +3 more:...");
        assert_eq!(gathered.fitted(&filtered, 10), "+3");
        let alone = of(&["Disk full on db01"]);
        assert_eq!(alone.fitted("Disk full on db01", 5), "Disk full on db01");
    }

    #[test]
    fn many_texts_and_long_ones_are_counted_and_not_kept() {
        let many: Vec<String> = (0..500).map(|number| format!("j{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let gathered = of(&many);
        assert_eq!((gathered.texts.len(), gathered.unlisted()), (100, 400));
        assert!(gathered.message().ends_with("j99..."));
        let long = "x".repeat(60_000);
        let gathered = of(&[&long, "a", &long]);
        assert_eq!(gathered.texts, [(long, 2)]);
        assert_eq!((gathered.count, gathered.unlisted()), (3, 1));
    }

    proptest! {
        #[test]
        fn no_page_is_forgotten(
            texts in prop::collection::vec("[a-c]{1,2}|\\PC{0,300}", 2..300),
            length in 1_usize..300,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let gathered = of(&texts);
            prop_assert_eq!(gathered.count, texts.len() as u64);
            let size: usize = gathered.texts.iter().map(|(text, _)| text.len()).sum();
            prop_assert!(size <= MAX_LENGTH && gathered.texts.len() <= MAX_TEXTS);
            let count = format!("+{}", texts.len());
            let fitted = gathered.fitted(&gathered.message(), length);
            prop_assert!(fitted.starts_with(&count));
            prop_assert!(fitted.chars().count() <= length || fitted == count);
        }
    }
}
