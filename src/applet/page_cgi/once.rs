//! A form that comes once more, because its button was pressed twice or its answer was
//! lost: its page is queued once, and each is told of that one.
//!
//! ```text
//! web/form-9f86d081884c7d65…     /cgi-bin/page-cgi?id=…
//! ```
//!
//! A file for each form that was taken, by a name that stands for the form and for all
//! that was filled in: the same form with another text is another page. It says where
//! the page's result is. [`crate::queue::store`] removes it when its form has long been
//! too old. A crash may forget it, and then its form can come again: better twice than
//! never. Must never know what the page says.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::key::Key;
use super::refusal::Refusal;
use super::shared;
use super::site::Site;
use super::submit::Wanted;
use crate::diag::{Diag, cause};
use crate::queue::store::FORM;
use crate::text::hex::hex;

/// No place of a result is longer, in bytes.
const MAX: u64 = 8192;

/// A form that is being taken, and by nobody else meanwhile.
#[derive(Debug)]
pub(super) struct Once {
    file: File,
    path: PathBuf,
}

impl Once {
    /// That form, filled in like that.
    pub(super) fn of(
        site: &Site<'_>,
        key: &Key,
        form: &str,
        wanted: &Wanted,
    ) -> Result<Self, Refusal> {
        let to = wanted.to.iter().map(String::as_str);
        let words: Vec<&str> = ["once", form, &wanted.message]
            .into_iter()
            .chain(to)
            .collect();
        let code = hex(key.code(&words).iter().take(16));
        let path = site.web().join(format!("{FORM}{code}"));
        match shared::locked(&site.web(), &path)? {
            Some(file) => Ok(Self { file, path }),
            None => Err(shared::in_use(&path)
                .saying("send this once more to see what has become of it: it is in hand")),
        }
    }

    /// Where the result of its page is, if that is queued already.
    pub(super) fn location(&self) -> Result<Option<String>, Refusal> {
        let mut text = String::new();
        let read = (&self.file).take(MAX).read_to_string(&mut text);
        read.map_err(|error| shared::failed(&self.path, &error))?;
        // One that a crash has cut off leads nowhere.
        Ok(text.strip_suffix('\n').map(str::to_owned))
    }

    /// Its page is queued, whatever comes of this.
    pub(super) fn note(self, location: &str, diag: &Diag) {
        let text = format!("{location}\n");
        let emptied = self.file.set_len(0);
        let noted = emptied.and_then(|()| self.file.write_all_at(text.as_bytes(), 0));
        if let Err(error) = noted {
            let (path, cause) = (self.path.display(), cause(&error));
            diag.warn(&format!(
                "{path}: {cause}; if its form comes again, its page goes twice"
            ));
        }
    }
}
