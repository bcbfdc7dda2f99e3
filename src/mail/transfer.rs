//! The encodings that bring a text through old mail servers, undone.
//!
//! Answers for nothing being dropped that is no encoding: it stays as it stands. Must
//! never know what the bytes mean.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;

use super::header::{split_line, trim_end};

/// The bytes behind an encoding, named in small letters; behind one that is not known,
/// the same.
pub(super) fn decode<'m>(encoding: &str, content: &'m [u8]) -> Cow<'m, [u8]> {
    match encoding {
        "base64" => base64(content).map_or(Cow::Borrowed(content), Cow::Owned),
        "quoted-printable" => Cow::Owned(quoted_printable(content)),
        "x-uuencode" | "uuencode" | "x-uue" => Cow::Owned(uuencoded(content)),
        _ => Cow::Borrowed(content),
    }
}

/// What stands in base64, and behind it what somebody has added who did not look: the
/// footer of a list, say. `None`: nothing of it is base64.
fn base64(content: &[u8]) -> Option<Vec<u8>> {
    let mut letters = Vec::with_capacity(content.len());
    let (mut rest, mut whole_lines, mut has_words) = (content, false, false);
    let mut added: &[u8] = b"";
    while !rest.is_empty() {
        let (line, behind) = split_line(rest);
        let line = line.trim_ascii();
        if whole_lines && is_added(line, &letters) {
            added = rest;
            break;
        }
        whole_lines |= !line.is_empty() && line.iter().all(|byte| is_letter(*byte));
        has_words |= line.contains(&b' ');
        letters.extend(line.iter().copied().filter(|byte| is_letter(*byte)));
        rest = behind;
    }
    let mut decoded = base64_decode(&letters)?;
    // Words of one line, and no line that is base64 from end to end.
    if has_words && !whole_lines && std::str::from_utf8(&decoded).is_err() {
        return None;
    }
    if !added.is_empty() {
        decoded.push(b'\n');
        decoded.extend_from_slice(added);
    }
    Some(decoded)
}

/// Is a line behind these letters none of theirs? Behind the end of a block there can
/// be another; within one, a line may have suffered on its way.
fn is_added(line: &[u8], letters: &[u8]) -> bool {
    if letters.ends_with(b"=") {
        let goes_on = line.iter().all(|byte| is_letter(*byte)) && !line.starts_with(b"=");
        return !(goes_on && line.len() % 4 == 0);
    }
    let is_rule = line.len() > 1 && !line.iter().any(u8::is_ascii_alphanumeric);
    // A blank that has got into base64 has long words beside it.
    let words = line.split(|byte| *byte == b' ').count();
    let is_strange = |byte: &u8| *byte != b' ' && !is_letter(*byte);
    let is_prose = words > 1 && (words * 16 > line.len() + 16 || line.iter().any(is_strange));
    letters.len() % 4 == 0 && (is_rule || is_prose)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

/// What stands in quoted-printable. Where it was not encoded at all, a `=` is one.
fn quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len());
    let mut rest = content;
    // A `=` that is no escape stands right in front.
    let mut bare = false;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'=' {
            decoded.push(*byte);
            bare = false;
        } else if let Some((value, behind)) = escaped(behind) {
            decoded.push(value);
            (rest, bare) = (behind, false);
        } else {
            // At the end of a line it joins the next one, but for that of a rule.
            let next = behind_line(behind).filter(|_| !bare);
            bare = next.is_none();
            match next {
                Some(next) => rest = next,
                None => decoded.push(b'='),
            }
        }
    }
    decoded
}

/// What stands between `begin` and `end`, and all around that.
fn uuencoded(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len());
    let (mut rest, mut is_in) = (content, false);
    while !rest.is_empty() {
        let (line, behind) = split_line(rest);
        rest = behind;
        match uu_line(trim_end(line)).filter(|_| is_in) {
            Some(bytes) => decoded.extend(bytes),
            None if is_in && line.trim_ascii() == b"end" => is_in = false,
            None if !is_in && line.starts_with(b"begin ") => is_in = true,
            None => decoded.extend_from_slice(line),
        }
    }
    decoded
}

/// The bytes of a line that says how many they are; blanks at its end may have gone.
fn uu_line(line: &[u8]) -> Option<Vec<u8>> {
    let value = |letter: &u8| Some(letter.checked_sub(b' ')? & 63).filter(|_| *letter <= b'`');
    let (first, letters) = line.split_first()?;
    let length = usize::from(value(first)?);
    let values: Option<Vec<u8>> = letters.iter().map(value).collect();
    let mut values = values?;
    // Some write a sum of all behind them.
    let most = length.div_ceil(3) * 4;
    if values.len() > most + 1 {
        return None;
    }
    values.resize(most, 0);
    let groups = values.chunks_exact(4).flat_map(|group| {
        let bits = group
            .iter()
            .fold(0, |bits, six| bits << 6 | u32::from(*six));
        let [_, bytes @ ..] = bits.to_be_bytes();
        bytes
    });
    Some(groups.take(length).collect())
}

/// The next line, where nothing but blanks is left of this one.
fn behind_line(bytes: &[u8]) -> Option<&[u8]> {
    let is_blank = |byte: &u8| b" \t\r".contains(byte);
    let blanks = bytes.iter().take_while(|byte| is_blank(byte)).count();
    match bytes.get(blanks..)?.split_first() {
        None => Some(b""),
        Some((b'\n', next)) => Some(next),
        Some(_) => None,
    }
}

/// The byte that two hexadecimal digits stand for, and what follows them.
pub(super) fn escaped(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, behind) = bytes.split_first_chunk::<2>()?;
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    let value = u8::try_from(high? * 16 + low?).ok()?;
    Some((value, behind))
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn decoded(encoding: &str, content: &str) -> String {
        let unix = decode(encoding, content.as_bytes()).into_owned();
        let net = content.replace('\n', "\r\n");
        let net = String::from_utf8_lossy(&decode(encoding, net.as_bytes())).into_owned();
        let unix = String::from_utf8_lossy(&unix).into_owned();
        assert_eq!(net.replace("\r\n", "\n"), unix);
        unix
    }

    #[test]
    fn what_is_no_escape_stays_as_it_is() {
        for (content, text) in [
            ("Gr=C3=bcn =3D a=\nb=  \nc=", "Grün = abc"),
            (
                "up\n=======\nGr=C3=BCn\n=======",
                "up\n=======\nGrün\n=======",
            ),
            ("http://x/?b==2", "http://x/?b==2"),
            ("=C=C3=BC", "=Cü"),
            ("5=3=2 =C3=BC", "5=3=2 ü"),
            ("==C3=BC=\nx", "=üx"),
            ("x=C3=B", "x\u{fffd}=B"),
            ("=0", "=0"),
            ("a=ZZ b=+1", "a=ZZ b=+1"),
            ("blanks \n-- \nJoe", "blanks \n-- \nJoe"),
            ("", ""),
        ] {
            assert_eq!(decoded("quoted-printable", content), text);
        }
    }

    #[test]
    fn what_is_no_uuencode_stays_as_it_is() {
        for (content, text) in [
            ("begin 644 x.txt\n)1&ES:R!F=6QL\n`\nend\n", "Disk full"),
            ("a\nbegin 644 x\n)1&ES:R!F=6QL\n \nend\nb", "a\nDisk fullb"),
            // Zeros whose blanks have gone, a sum, and a line of somebody else's.
            ("begin 644 x\n#00\n#04)#X\nText\n", "A\0\0ABCText\n"),
            ("just text", "just text"),
        ] {
            assert_eq!(decoded("x-uuencode", content), text, "{content}");
        }
    }

    #[test]
    fn what_is_no_base64_stays_as_it_is() {
        for (content, text) in [
            ("RGlz\nayBm\ndWxs", "Disk full"),
            ("RGlzayBm\n\ndWw=\nbA==\n", "Disk full"),
            ("RGlzayBmdWw", "Disk ful"),
            // Letters that came in on the way.
            ("RGlz!ayBm\ndWxs", "Disk full"),
            ("RGlz\nay.Bm\ndWxs", "Disk full"),
            ("RG lz ay Bm", "Disk f"),
            (
                "RGlzayBmdWxs\nRGlzayBm dWxsIG9u\nRGlz",
                "Disk fullDisk full onDis",
            ),
            // Something that was added behind.
            (
                "RGlzayBmdWw=\n_____\nlist footer\nhttp://x/",
                "Disk ful\n_____\nlist footer\nhttp://x/",
            ),
            ("RGlzayBmdWw=\n\nRegards\n", "Disk ful\nRegards\n"),
            ("RGlzayBmdWw=\n=====\nlist", "Disk ful\n=====\nlist"),
            ("RGlzayBmdWxs\n____\nlist", "Disk full\n____\nlist"),
            ("RGlzayBmdWxs\nA list of x\n", "Disk full\nA list of x\n"),
            (
                "RGlzayBmdWxs\nsee http://lists.example.org/",
                "Disk full\nsee http://lists.example.org/",
            ),
            // Nothing of it.
            ("Disk full on db1!\n", "Disk full on db1!\n"),
            ("Disk\u{fc}: full", "Disk\u{fc}: full"),
        ] {
            assert_eq!(decoded("base64", content), text, "{content}");
        }
        assert_eq!(decoded("8bit", "=3D"), "=3D");
    }
}
