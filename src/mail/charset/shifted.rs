//! Charsets of seven bits in which marks tell what is Chinese or Korean: HZ (RFC 1843)
//! and ISO-2022-KR (RFC 1557). They become the ones of eight bits that decoders have.
//!
//! Must never drop a thing: what is no mark stays, and half a character is no ASCII.

/// What stands at the beginning of a mark, and what it does.
type Marks = [(&'static [u8], Mark)];

#[derive(Clone, Copy)]
enum Mark {
    In,
    Out,
    /// It stands for this.
    Says(&'static [u8]),
}

const HZ: [(&[u8], Mark); 5] = [
    (b"~{", Mark::In),
    (b"~}", Mark::Out),
    (b"~~", Mark::Says(b"~")),
    // The line goes on.
    (b"~\n", Mark::Says(b"")),
    (b"~\r\n", Mark::Says(b"")),
];
const KR: [(&[u8], Mark); 3] = [
    (b"\x1b$)C", Mark::Says(b"")),
    (b"\x0e", Mark::In),
    (b"\x0f", Mark::Out),
];

/// The charset of eight bits for one of these, named in small letters, and the bytes in it.
pub(super) fn widen(name: &str, bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    match name {
        "hz-gb-2312" | "hz" => Some(("gb18030", without(&HZ, bytes))),
        "iso-2022-kr" | "csiso2022kr" => Some(("euc-kr", without(&KR, bytes))),
        _ => None,
    }
}

fn without(marks: &Marks, bytes: &[u8]) -> Vec<u8> {
    let mut wide = Vec::with_capacity(bytes.len());
    // The second byte of a character may look like a mark.
    let (mut rest, mut is_in, mut is_half) = (bytes, false, false);
    while let Some((byte, behind)) = rest.split_first() {
        let mut marks = marks.iter().filter(|_| !is_half);
        let mark = marks.find_map(|(mark, does)| Some((rest.strip_prefix(*mark)?, *does)));
        if let Some((behind, does)) = mark {
            match does {
                Mark::In => is_in = true,
                Mark::Out => is_in = false,
                Mark::Says(text) => wide.extend_from_slice(text),
            }
            rest = behind;
            continue;
        }
        // Each line begins in ASCII.
        is_in &= *byte != b'\n';
        let is_wide = is_in && byte.is_ascii_graphic();
        is_half = is_wide && !is_half;
        wide.push(if is_wide { byte | 0x80 } else { *byte });
        rest = behind;
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::super::to_text;

    #[test]
    fn what_stands_between_marks_is_read() {
        for (name, bytes, text) in [
            (
                "hz-gb-2312",
                &b"Disk ~{4EEL~} 97%~~, ~\na"[..],
                "Disk 磁盘 97%~, a",
            ),
            ("HZ-GB-2312", b"~{4E\nfull ~x", "磁\nfull ~x"),
            // The second byte of the last one is a `~`.
            ("hz", b"~{0~~}a", "剥a"),
            ("hz", b"~{4E4", "磁\u{fffd}"),
            (
                "ISO-2022-KR",
                b"\x1b$)C\x0e5p=:E)\x0f 97%\n",
                "디스크 97%\n",
            ),
            ("iso-2022-kr", b"\x0e5p\na\x0f", "디\na"),
            ("iso-2022-kr", b"Disk full ~{", "Disk full ~{"),
        ] {
            assert_eq!(to_text(Some(name), bytes), text, "{name}");
        }
    }
}
