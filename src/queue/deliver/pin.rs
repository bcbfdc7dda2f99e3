//! PINs from files: the administrator's for a pager, or a sender's own.
//!
//! Answers for no page going without a PIN because its file says nothing. Must
//! never quote what is in one.

use std::path::Path;

use crate::diag::cause;
use crate::file;

/// The first line of a PIN file, which has to belong to this user, if one is
/// given. The error names the file.
pub(super) fn read(path: &Path, owner: Option<u32>) -> Result<String, String> {
    let named = |why: &str| format!("PIN file {}: {why}", path.display());
    let bytes = file::read_owned(path, owner).map_err(|error| named(&cause(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| named("not UTF-8"))?;
    let pin = text.lines().next().unwrap_or_default().trim();
    if pin.is_empty() || pin.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(named("its first line is no PIN"));
    }
    Ok(pin.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_says_no_pin_is_an_error_that_does_not_quote_it() {
        let path = std::env::temp_dir().join(format!("pagebox-pin-{}", std::process::id()));
        let mut said = Vec::new();
        for bytes in [
            &b" 1234 \nmore"[..],
            b"",
            b"\n1234",
            b"12 34",
            b"\xff",
            b"1\x1b2",
        ] {
            fs::write(&path, bytes).unwrap();
            said.push(read(&path, None));
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(said.remove(0).as_deref(), Ok("1234"));
        for error in said {
            let error = error.unwrap_err();
            // The name of the file has the number of our process in it.
            let told = error.replace(&path.display().to_string(), "");
            assert!(told.contains("PIN file") && !told.contains("12"), "{error}");
        }
        assert!(read(&path, None).is_err());
    }
}
