//! The results of a bulk run: a record or an object for each row, out at once.

use std::io;

use crate::cli::report::{CSV_HEADER, Output, Report};
use crate::diag::{Diag, cause};

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
    csv: csv::Writer<Output>,
    json: Output,
    diag: &'a Diag,
}

impl<'a> Results<'a> {
    /// Begins, with the header where there is one.
    pub fn new(form: Form, diag: &'a Diag) -> Self {
        let mut results = Self {
            form,
            csv: csv::Writer::from_writer(Output::default()),
            json: Output::default(),
            diag,
        };
        if form == Form::Csv {
            let written = results.csv.write_record(CSV_HEADER);
            results.flush(written);
        }
        results
    }

    /// Writes one result.
    pub fn put(&mut self, report: &Report) {
        match self.form {
            Form::Silent => {}
            Form::Csv => {
                let written = report.write_csv(&mut self.csv);
                self.flush(written);
            }
            Form::Json => match report.json(true) {
                Ok(line) => {
                    let written = self.json.put(format!("{line}\n").as_bytes());
                    self.told(written);
                }
                Err(error) => self.diag.warn(&format!("row {}: {error}", report.number)),
            },
        }
    }

    /// Are there results, and nobody to read them?
    pub fn have_no_reader(&self) -> bool {
        match self.form {
            Form::Silent => false,
            Form::Csv => self.csv.get_ref().has_no_reader(),
            Form::Json => self.json.has_no_reader(),
        }
    }

    fn flush(&mut self, written: csv::Result<()>) {
        let flushed = written
            .map_err(io::Error::from)
            .and_then(|()| self.csv.flush());
        self.told(flushed);
    }

    fn told(&self, result: io::Result<()>) {
        if let Err(error) = result {
            self.diag.warn(&format!(
                "standard output: {}; the pages go on, their results are lost",
                cause(&error)
            ));
        }
    }
}
