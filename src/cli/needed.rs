//! Whether what a configuration counts on is on this machine, and may be used by
//! whoever asks.
//!
//! Opens nothing: a modem would hang up, a FIFO would wait. Must never know which
//! key it stands in.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::config::check::Needed;
use crate::diag::cause;

/// Where programs are if `PATH` does not say, as in execvp(3).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Why something cannot be used: what, and the system's words.
pub fn look(needed: Needed) -> Result<(), String> {
    look_in(needed, env::var_os("PATH").as_deref())
}

fn look_in(needed: Needed, path: Option<&OsStr>) -> Result<(), String> {
    let (file, found) = match needed {
        Needed::Device(file) => (file, device(file)),
        Needed::File(file) => (file, readable(file)),
        Needed::Program(name) if name.contains('/') => (Path::new(name), executable(name.as_ref())),
        Needed::Program(name) => {
            let dirs = path.unwrap_or(OsStr::new(DEFAULT_PATH));
            let mut files = env::split_paths(dirs).map(|dir: PathBuf| dir.join(name));
            return if files.any(|file| executable(&file).is_ok()) {
                Ok(())
            } else {
                Err(format!("{name}: no such program in PATH"))
            };
        }
    };
    found.map_err(|error| format!("{}: {}", file.display(), cause(&error)))
}

fn device(file: &Path) -> io::Result<()> {
    if !fs::metadata(file)?.file_type().is_char_device() {
        return Err(io::Error::other("not a serial line"));
    }
    may(file, Access::READ_OK | Access::WRITE_OK)
}

fn readable(file: &Path) -> io::Result<()> {
    if fs::metadata(file)?.is_dir() {
        return Err(io::Error::other("a directory"));
    }
    may(file, Access::READ_OK)
}

fn executable(file: &Path) -> io::Result<()> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("not a program"));
    }
    may(file, Access::EXEC_OK)
}

fn may(file: &Path, access: Access) -> io::Result<()> {
    Ok(accessat(CWD, file, access, AtFlags::EACCESS)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_there_and_may_be_used_is_found() {
        let dir = env::temp_dir().join(format!("pagebox-needed-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let file = |name: &str, mode| {
            let path = dir.join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (text, program) = (file("text", 0o644), file("program", 0o755));
        let none = dir.join("none");
        let search = Some(dir.as_os_str());
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let (there, here) = (path(&program), path(&text));
        let cases = [
            (Needed::Device(Path::new("/dev/null")), None),
            (Needed::Device(&text), Some("text: not a serial line")),
            (Needed::Device(&none), Some("none: No such file")),
            (Needed::File(&text), None),
            (Needed::File(&dir), Some(": a directory")),
            (Needed::File(&none), Some("none: No such file")),
            (Needed::Program(&there), None),
            (Needed::Program("program"), None),
            (
                Needed::Program("text"),
                Some("text: no such program in PATH"),
            ),
            (
                Needed::Program("none"),
                Some("none: no such program in PATH"),
            ),
            (Needed::Program(&here), Some("text: Permission denied")),
            (Needed::Program("/"), Some("/: not a program")),
        ];
        let found = cases.map(|(needed, _)| look_in(needed, search));
        let shell = look_in(Needed::Program("sh"), None);
        fs::remove_dir_all(&dir).unwrap();

        for ((needed, error), found) in cases.into_iter().zip(found) {
            match (error, &found) {
                (None, Ok(())) => {}
                (Some(error), Err(said)) if said.contains(error) => {}
                _ => panic!("{needed:?}: {found:?}, not {error:?}"),
            }
        }
        assert_eq!(shell, Ok(()));
        assert_eq!(look(Needed::Program("sh")), Ok(()));
    }
}
