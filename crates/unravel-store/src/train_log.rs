//! `train.csv`: the loss terms over the steps, each row the mean of the interval that ends at its step.

use std::path::Path;

use crate::error::StoreError;

/// The training curves of one trial.
///
/// The file's first column is `step`; the others are loss terms in nats per image (`reconstruction_nats`, `kl_nats`, …,
/// `kl_0` to `kl_{d-1}`). Numbers have the shortest form that reads back to the same bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainLog {
    /// Names of the values of each row, `step` not among them.
    pub columns: Vec<String>,
    /// Step (strictly rising) and one value per column.
    pub rows: Vec<(u64, Vec<f64>)>,
}

impl TrainLog {
    /// A log with no rows yet.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Forgets every row after this step, as if training had just come to it.
    pub fn truncate_after(&mut self, step: u64) {
        self.rows.retain(|(row_step, _)| *row_step <= step);
    }

    /// The values of one column with their steps; `None` when there is no such column.
    pub fn column(&self, name: &str) -> Option<Vec<(u64, f64)>> {
        let index = self.columns.iter().position(|column| column == name)?;
        Some(
            self.rows
                .iter()
                .map(|(step, values)| (*step, values[index]))
                .collect(),
        )
    }

    /// Why this log cannot be written, if so: a column named `step`, a row of another length, a step that does not rise.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.columns.iter().any(|column| column == STEP) {
            return Some(format!("`{STEP}` is not among the columns of a log"));
        }
        for (step, values) in &self.rows {
            if values.len() != self.columns.len() {
                let (found, expected) = (values.len(), self.columns.len());
                return Some(format!(
                    "step {step} has {found} values for {expected} columns"
                ));
            }
        }
        let (earlier, later) = (self.rows.iter(), self.rows.iter().skip(1));
        let (_, (step, _)) = earlier.zip(later).find(|((a, _), (b, _))| b <= a)?;
        Some(format!(
            "step {step} does not come after the step before it"
        ))
    }

    /// The text of `train.csv`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for rows that do not fit the columns.
    pub(crate) fn to_csv(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        if let Some(what) = self.fault() {
            return Err(StoreError::unwritable(path, what));
        }
        let failed = |error: csv::Error| StoreError::unwritable(path, error.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = std::iter::once(STEP).chain(self.columns.iter().map(String::as_str));
        writer.write_record(header).map_err(failed)?;
        for (step, values) in &self.rows {
            writer.write_field(step.to_string()).map_err(failed)?;
            // `Debug` is the shortest form that reads back the same, with an exponent where that is shorter.
            let fields = values.iter().map(|value| format!("{value:?}"));
            writer.write_record(fields).map_err(failed)?;
        }
        writer
            .into_inner()
            .map_err(|error| StoreError::unwritable(path, error.to_string()))
    }

    /// Reads what [`to_csv`](Self::to_csv) wrote.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the line.
    pub(crate) fn from_csv(path: &Path, text: &[u8]) -> Result<Self, StoreError> {
        let damaged = |what: String| StoreError::damaged(path, what);
        if text.last() != Some(&b'\n') {
            return Err(damaged("it ends within a line".to_owned()));
        }
        let mut reader = csv::Reader::from_reader(text);
        let header = reader
            .headers()
            .map_err(|error| damaged(error.to_string()))?;
        let mut names = header.iter();
        if names.next() != Some(STEP) {
            return Err(damaged(format!("its first column is not `{STEP}`")));
        }
        let mut log = Self::new(names);
        for record in reader.records() {
            let record = record.map_err(|error| damaged(error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            log.rows.push(
                row(&record)
                    .ok_or_else(|| damaged(format!("line {line} is not a step and numbers")))?,
            );
        }
        match log.fault() {
            Some(what) => Err(damaged(what)),
            None => Ok(log),
        }
    }
}

const STEP: &str = "step";

fn row(record: &csv::StringRecord) -> Option<(u64, Vec<f64>)> {
    let mut fields = record.iter();
    let step = fields.next()?.parse().ok()?;
    let values = fields
        .map(|field| field.parse().ok())
        .collect::<Option<Vec<f64>>>()?;
    Some((step, values))
}
