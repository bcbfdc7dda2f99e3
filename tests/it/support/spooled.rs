//! What lies in a spool, read by the book of snpp-serve(8) and not by our own code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What one SEND is to bring about.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Page {
    pub(crate) to: Vec<String>,
    /// As it was written, in whatever charset.
    pub(crate) text: Vec<u8>,
}

impl Page {
    pub(crate) fn new(to: &[&str], text: impl AsRef<[u8]>) -> Self {
        Self {
            to: to.iter().map(|&to| to.to_owned()).collect(),
            text: text.as_ref().to_vec(),
        }
    }

    /// Reads the job file of this name. The error says why it is not whole.
    pub(crate) fn of_file(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let torn = |why: &str| format!("{name}: {why}: {}", bytes.escape_ascii());
        let end = bytes.windows(2).position(|pair| pair == b"\n\n");
        let (head, message) = bytes.split_at(end.ok_or_else(|| torn("no message"))?);
        let head = std::str::from_utf8(head).map_err(|_| torn("no UTF-8"))?;
        let message = message[2..].strip_suffix(b"\n");
        let message = message.ok_or_else(|| torn("no end"))?;
        let mut to = Vec::new();
        let mut id = None;
        for line in head.lines() {
            let (header, value) = line.split_once(": ").ok_or_else(|| torn("no header"))?;
            match header {
                // What follows a semicolon is how this pager is to be paged.
                "To" => to.extend(value.split(';').next().map(str::to_owned)),
                "Id" => id = Some(value),
                _ => {}
            }
        }
        if id != Some(name) {
            return Err(torn("another's ID"));
        }
        Ok(Self {
            to,
            text: message.to_vec(),
        })
    }
}

/// The jobs that lie in `new/`, by their names. The test fails where one is not whole.
#[track_caller]
pub(crate) fn accepted(spool: &Path) -> Vec<(String, Page)> {
    let entries = fs::read_dir(spool.join("new")).into_iter().flatten();
    let names: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    let job = |name: &std::ffi::OsString| {
        let bytes = fs::read(spool.join("new").join(name)).unwrap();
        let name = name.to_str().expect("a name of ours");
        let page = Page::of_file(name, &bytes).unwrap_or_else(|torn| panic!("{torn}"));
        (name.to_owned(), page)
    };
    names.iter().map(job).collect()
}

#[test]
fn a_job_is_whole_or_it_is_not() {
    let whole = "To: 1\nTo: 2; level=0\nId: a\n\nDisk\n\nfull\n";
    let page = Page::of_file("a", whole.as_bytes());
    assert_eq!(page, Ok(Page::new(&["1", "2"], "Disk\n\nfull")));
    assert!(Page::of_file("b", whole.as_bytes()).is_err());
    for torn in [
        "",
        "To: 1",
        "To: 1\nId: a\n",
        "To: 1\nId: a\n\nDisk",
        "To\nId: a\n\nx\n",
    ] {
        assert!(Page::of_file("a", torn.as_bytes()).is_err(), "{torn:?}");
    }
}
