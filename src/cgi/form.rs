//! `application/x-www-form-urlencoded`, as forms and queries are written.
//!
//! Reads it as the URL standard says, but for one thing: what is not UTF-8 is an
//! error, and is not replaced in silence.

/// The fields, in their order, or `None` where one is not UTF-8.
pub fn fields(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let pairs = bytes.split(|byte| *byte == b'&');
    let pairs = pairs.filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default());
            Some((half()?, half()?))
        })
        .collect()
}

/// The fields as a query.
pub fn query<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields);
    query.finish()
}

/// A path as it stands in a URL.
pub fn path(text: &str) -> String {
    // Serialized as a form is, but for what a path keeps.
    let pieces = text.split('/').map(|piece| {
        let encoded: String = form_urlencoded::byte_serialize(piece.as_bytes()).collect();
        encoded.replace('+', "%20")
    });
    pieces.collect::<Vec<_>>().join("/")
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        text.push(match first {
            b'+' => b' ',
            b'%' => match behind {
                [high, low, behind @ ..] if is_hex(*high) && is_hex(*low) => {
                    rest = behind;
                    value(*high) << 4 | value(*low)
                }
                _ => b'%',
            },
            other => *other,
        });
    }
    String::from_utf8(text).ok()
}

fn is_hex(digit: u8) -> bool {
    digit.is_ascii_hexdigit()
}

/// Of a hexadecimal digit.
fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<Vec<(String, String)>> {
        fields(text.as_bytes())
    }

    #[test]
    fn a_percent_that_is_none_is_itself() {
        let pairs = [
            ("", ""),
            ("a=1&&b", "a:1 b:"),
            ("a=1=2&a=%3d", "a:1=2 a:="),
            ("x=a+b%2B%c3%BC", "x:a b+\u{fc}"),
            ("x=%&y=%4&z=%4g&%=%%41", "x:% y:%4 z:%4g %:%A"),
            ("x=%00", "x:\0"),
        ];
        for (text, told) in pairs {
            let found = read(text).unwrap();
            let found: Vec<String> = found.iter().map(|(k, v)| format!("{k}:{v}")).collect();
            assert_eq!(found.join(" "), told, "{text}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_an_error() {
        for text in ["x=%ff", "%c3=x", "x=%ed%a0%80"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(fields(b"x=\xff"), None);
    }

    #[test]
    fn a_path_stays_one() {
        assert_eq!(path("/cgi-bin/page-cgi"), "/cgi-bin/page-cgi");
        assert_eq!(path("/a b/\u{fc}+?#"), "/a%20b/%C3%BC%2B%3F%23");
    }

    proptest! {
        #[test]
        fn a_query_is_read_as_it_was_meant(pairs in prop::collection::vec(any::<(String, String)>(), 0..5)) {
            let text = query(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            prop_assert_eq!(read(&text), Some(pairs));
        }

        #[test]
        fn valid_text_is_read_as_others_read_it(text in "[a-c%=&+0-9é\u{0}]{0,40}") {
            let theirs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            if let Some(ours) = read(&text) {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
