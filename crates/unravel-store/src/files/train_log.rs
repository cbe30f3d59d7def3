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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_damaged(text: &str) {
        let error = TrainLog::from_csv(Path::new("train.csv"), text.as_bytes()).unwrap_err();
        assert!(error.is_damaged(), "{text:?}: {error}");
    }

    #[test]
    fn the_text_is_plain_csv_with_the_shortest_numbers() {
        let mut log = TrainLog::new(["reconstruction_nats", "kl_0"]);
        log.rows = vec![(100, vec![0.1, 1e-300]), (200, vec![-0.0, 2.0])];
        let text = log.to_csv(Path::new("train.csv")).unwrap();
        let expected = "step,reconstruction_nats,kl_0\n100,0.1,1e-300\n200,-0.0,2.0\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        assert_eq!(log.column("kl_0").unwrap(), [(100, 1e-300), (200, 2.0)]);
        assert_eq!(log.column("kl_1"), None);
    }

    #[test]
    fn truncation_keeps_what_was_known_at_that_step() {
        let mut log = TrainLog::new(["kl_nats"]);
        log.rows = (1..=5).map(|i| (i * 10, vec![i as f64])).collect();
        log.truncate_after(30);
        assert_eq!(log.rows.last(), Some(&(30, vec![3.0])));
        log.truncate_after(29);
        assert_eq!(log.rows.len(), 2);
    }

    #[test]
    fn text_that_was_not_written_is_refused() {
        check_damaged("");
        check_damaged("step,kl_nats\n1,2.0");
        check_damaged("stop,kl_nats\n1,2.0\n");
        check_damaged("step,kl_nats\n1,2.0,3.0\n");
        check_damaged("step,kl_nats\n1,two\n");
        check_damaged("step,kl_nats\n2,2.0\n2,2.0\n");
        check_damaged("step,kl_nats\n-1,2.0\n");
    }

    #[test]
    fn rows_that_do_not_fit_are_not_written() {
        let path = Path::new("train.csv");
        let log = |rows| TrainLog {
            columns: vec!["kl_nats".to_owned()],
            rows,
        };
        assert!(log(vec![(1, vec![])]).to_csv(path).is_err());
        assert!(
            log(vec![(2, vec![1.0]), (1, vec![1.0])])
                .to_csv(path)
                .is_err()
        );
        assert!(TrainLog::new(["step"]).to_csv(path).is_err());
    }

    proptest! {
        #[test]
        fn every_number_reads_back_to_the_same_bits(
            rows in prop::collection::btree_map(any::<u64>(), prop::collection::vec(any::<f64>(), 3), 0..20),
        ) {
            let mut log = TrainLog::new(["a, \"quoted\"", "b", "c"]);
            log.rows = rows.into_iter().collect();
            let path = Path::new("train.csv");
            let read = TrainLog::from_csv(path, &log.to_csv(path).unwrap()).unwrap();
            prop_assert_eq!(&read.columns, &log.columns);
            let bits = |log: &TrainLog| -> Vec<(u64, Vec<u64>)> {
                // There are many NaNs, and one text for them.
                let bits = |value: &f64| if value.is_nan() { u64::MAX } else { value.to_bits() };
                log.rows.iter().map(|(step, values)| (*step, values.iter().map(bits).collect())).collect()
            };
            prop_assert_eq!(bits(&read), bits(&log));
        }
    }
}
