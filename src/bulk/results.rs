//! The results of a bulk run: a record or an object for each row, out at once.

use crate::cli::report::{CSV_HEADER, Output, Report};
use crate::diag::{Diag, cause};

/// Bytes of a usual record; the writer's own default is much more, and zeroed each time.
const RECORD: usize = 256;

/// How results are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// CSV with a header.
    Csv,
    /// One JSON object a line.
    Json,
    /// Not at all.
    Silent,
}

/// Writes results to standard output.
#[derive(Debug)]
pub struct Results<'a> {
    form: Form,
    output: Output,
    diag: &'a Diag,
}

impl<'a> Results<'a> {
    /// Begins, with the header where there is one.
    pub fn new(form: Form, diag: &'a Diag) -> Self {
        let mut results = Self {
            form,
            output: Output::default(),
            diag,
        };
        if form == Form::Csv {
            results.record(&CSV_HEADER);
        }
        results
    }

    /// Writes one result.
    pub fn put(&mut self, report: &Report) {
        match self.form {
            Form::Silent => {}
            Form::Csv => self.record(&report.fields()),
            Form::Json => match report.json(true) {
                Ok(line) => self.write(format!("{line}\n").as_bytes()),
                Err(error) => self.diag.warn(&format!("row {}: {error}", report.number)),
            },
        }
    }

    fn record(&mut self, fields: &[impl AsRef<[u8]>]) {
        let mut bytes = Vec::new();
        let mut writer = csv::WriterBuilder::new()
            .buffer_capacity(RECORD)
            .from_writer(&mut bytes);
        let written = writer
            .write_record(fields)
            .and_then(|()| Ok(writer.flush()?));
        drop(writer);
        match written {
            Ok(()) => self.write(&bytes),
            Err(error) => self
                .diag
                .warn(&format!("a result could not be written: {error}")),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.output.put(bytes) {
            self.diag.warn(&format!(
                "standard output: {}; the pages go on, their results are lost",
                cause(&error)
            ));
        }
    }
}
