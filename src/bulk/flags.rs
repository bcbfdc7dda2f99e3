//! The flags of a bulk run.

use std::path::PathBuf;

use crate::exit::Failure;

/// Where the rows come from, and how they are sent.
#[derive(clap::Args, Clone, Debug)]
pub struct BulkArgs {
    /// Send one page for each row; - reads standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["target", "message"], help_heading = "Bulk")]
    pub csv: Option<PathBuf>,
    /// Character between two columns; \t is a tab
    #[arg(long, value_name = "C", default_value = ",", value_parser = delimiter, help_heading = "Bulk")]
    pub delimiter: u8,
    /// Make the run resumable: what went out is not sent again
    #[arg(long, value_name = "FILE", help_heading = "Bulk")]
    pub journal: Option<PathBuf>,
    /// Connections to send over
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = from_1_to_256(), help_heading = "Bulk")]
    pub jobs: usize,
    /// Pages to write to a gateway before it has answered the first of them, where its HELP lists PIPELINING
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = from_1_to_256(), help_heading = "Bulk")]
    pub window: usize,
}

impl BulkArgs {
    /// Those of a route that has none: rows from standard input, one by one.
    pub fn of_a_route() -> Self {
        Self {
            csv: Some("-".into()),
            delimiter: b',',
            journal: None,
            jobs: 1,
            window: 1,
        }
    }

    /// What the flags cannot say of each other by themselves.
    pub fn check(&self) -> Result<(), Failure> {
        if self.csv.is_none() {
            let given = [
                (self.journal.is_some(), "--journal"),
                (self.jobs > 1, "--jobs"),
                (self.window > 1, "--window"),
                (self.delimiter != b',', "--delimiter"),
            ];
            if let Some((_, flag)) = given.into_iter().find(|(is_given, _)| *is_given) {
                return Err(Failure::usage(format!("{flag} goes with --csv only")));
            }
        }
        Ok(())
    }
}

/// Each job is a thread and a connection, and each page of a window is unknown
/// where the connection is lost.
fn from_1_to_256() -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser as _;
    clap::value_parser!(u16).range(1..=256).map(usize::from)
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("a delimiter is one ASCII character, and no quote".to_owned()),
    }
}
