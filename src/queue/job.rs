//! The job file: what is to be sent to whom, as a text that a shell can write.
//!
//! ```text
//! To: oncall
//! From: ?joe
//! Received: 2026-08-23T04:05:06Z
//! Id: 1787457906-000000000-4711-0-9f3c
//!
//! Disk full
//! ```
//!
//! Answers for the one form of a job and for the rule that no value can become
//! a header of its own. Must never know where the file lies or who reads it.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;

/// One page, to one or more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// Names or pager IDs: words, at least one.
    pub to: Vec<String>,
    /// Who the sender says it is. Nobody has verified that.
    pub from: Option<String>,
    /// When we took it.
    pub received: SystemTime,
    /// What we call it; see [`super::spool::new_id`].
    pub id: String,
    /// The message, its lines joined by LF.
    pub message: String,
}

/// Why there is no file of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadJob {
    /// It goes to nobody.
    Nobody,
    /// The value of this header would be read as something else.
    Value(&'static str),
    /// It was received at a time that no calendar has.
    Time,
}

impl fmt::Display for BadJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => write!(f, "the job has no recipient"),
            Self::Value(name) => write!(
                f,
                "the value of {name}: is empty or cannot stand in one line"
            ),
            Self::Time => write!(f, "the time of receipt is out of range"),
        }
    }
}

impl std::error::Error for BadJob {}

impl Job {
    /// The file. Its last LF is the file's and not the message's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadJob> {
        if self.to.is_empty() {
            return Err(BadJob::Nobody);
        }
        let mut file = String::with_capacity(self.message.len() + 32 * self.to.len() + 128);
        for name in &self.to {
            // What follows a semicolon is an option.
            if name.contains(|c: char| c.is_whitespace() || c == ';') {
                return Err(BadJob::Value("To"));
            }
            header(&mut file, "To", "", name)?;
        }
        if let Some(name) = &self.from {
            header(&mut file, "From", "?", name)?;
        }
        let received = Timestamp::try_from(self.received).map_err(|_| BadJob::Time)?;
        header(&mut file, "Received", "", &format!("{received:.0}"))?;
        header(&mut file, "Id", "", &self.id)?;
        file.push('\n');
        file.push_str(&self.message);
        file.push('\n');
        Ok(file.into_bytes())
    }
}

fn header(file: &mut String, name: &'static str, mark: &str, value: &str) -> Result<(), BadJob> {
    // Readers trim values, and other people's readers know more line ends than ours.
    let line_end = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if value.is_empty() || value.trim() != value || value.contains(line_end) {
        return Err(BadJob::Value(name));
    }
    for part in [name, ": ", mark, value, "\n"] {
        file.push_str(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn job() -> Job {
        Job {
            to: vec!["oncall".to_owned(), "5551212".to_owned()],
            from: Some("joe".to_owned()),
            received: SystemTime::UNIX_EPOCH + Duration::from_millis(1_787_457_906_900),
            id: "id".to_owned(),
            message: "Disk full\n\nTo: x".to_owned(),
        }
    }

    #[test]
    fn the_file_is_what_the_design_says() {
        let file = String::from_utf8(job().to_bytes().unwrap()).unwrap();
        assert_eq!(
            file,
            "To: oncall\nTo: 5551212\nFrom: ?joe\nReceived: 2026-08-23T04:05:06Z\nId: id\n\nDisk full\n\nTo: x\n"
        );
    }

    #[test]
    fn a_job_that_would_be_read_as_another_is_none() {
        for to in [
            "",
            "a\nTo: b",
            "a\rb",
            "a; level=0",
            "a b",
            " a",
            "a\u{85}b",
            "a\0",
        ] {
            assert_eq!(
                Job {
                    to: vec![to.to_owned()],
                    ..job()
                }
                .to_bytes(),
                Err(BadJob::Value("To"))
            );
        }
        for from in ["", "a\nb", "a ", "a\u{2028}b"] {
            let from = Some(from.to_owned());
            assert_eq!(Job { from, ..job() }.to_bytes(), Err(BadJob::Value("From")));
        }
        assert_eq!(
            Job {
                id: "a\nb".to_owned(),
                ..job()
            }
            .to_bytes(),
            Err(BadJob::Value("Id"))
        );
        assert_eq!(
            Job {
                to: vec![],
                ..job()
            }
            .to_bytes(),
            Err(BadJob::Nobody)
        );
        let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 60));
        assert_eq!(
            Job {
                received: far.unwrap(),
                ..job()
            }
            .to_bytes(),
            Err(BadJob::Time)
        );
    }

    proptest! {
        #[test]
        fn values_add_no_line(to: String, from: String, id: String, message: String) {
            let job = Job { to: vec![to], from: Some(from), id, message, ..job() };
            if let Ok(file) = job.to_bytes() {
                let file = String::from_utf8(file).unwrap();
                let (head, message) = file.split_once("\n\n").unwrap();
                prop_assert_eq!(head.lines().count(), 4);
                prop_assert_eq!(message, format!("{}\n", job.message));
            }
        }
    }
}
