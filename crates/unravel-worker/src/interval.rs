//! The training curves: every row the mean over an interval of steps.

use std::collections::BTreeMap;

use unravel_model::cohort::StepTerms;
use unravel_store::{Checkpoint, TrainLog};

/// Rows that a trial's curves have at the most.
const MAX_ROWS: u64 = 1000;

/// The curves of one trial, with the interval that has begun.
#[derive(Clone, Debug)]
pub struct Curves {
    log: TrainLog,
    sums: Vec<f64>,
    steps: u64,
    interval: u64,
}

impl Curves {
    /// No steps yet, of a trial that makes `steps`.
    pub fn new(columns: &[String], steps: u64) -> Self {
        Self {
            log: TrainLog::new(columns.iter().cloned()),
            sums: vec![0.0; columns.len()],
            steps,
            interval: steps.div_ceil(MAX_ROWS).max(1),
        }
    }

    /// The curves as they were at a checkpoint; none where it has other columns.
    pub fn resume(checkpoint: &Checkpoint, columns: &[String], steps: u64) -> Option<Self> {
        if checkpoint.log.columns != columns {
            return None;
        }
        let sum = |column: &String| checkpoint.log_sums.get(column).copied().unwrap_or(0.0);
        Some(Self {
            log: checkpoint.log.clone(),
            sums: columns.iter().map(sum).collect(),
            ..Self::new(columns, steps)
        })
    }

    /// Adds the terms of the next step of model `m`.
    pub fn push(&mut self, terms: &StepTerms, m: usize) {
        let values = terms.values[m].iter();
        self.sums
            .iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += f64::from(*value));
        if terms.step.is_multiple_of(self.interval) || terms.step == self.steps {
            let begun_after = self.log.rows.last().map_or(0, |(step, _)| *step);
            let n = (terms.step - begun_after) as f64;
            let means = self
                .sums
                .iter_mut()
                .map(|sum| std::mem::take(sum) / n)
                .collect();
            self.log.rows.push((terms.step, means));
        }
    }

    /// The finished rows.
    pub fn log(&self) -> &TrainLog {
        &self.log
    }

    /// Sums over the interval that has begun, by column.
    pub fn sums(&self) -> BTreeMap<String, f64> {
        self.log
            .columns
            .iter()
            .cloned()
            .zip(self.sums.iter().copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(step: u64) -> StepTerms {
        StepTerms {
            step,
            values: vec![vec![step as f32, 1.0]],
        }
    }

    #[test]
    fn rows_are_means_and_survive_an_interruption() {
        let columns = ["loss".to_owned(), "one".to_owned()];
        let mut whole = Curves::new(&columns, 2500);
        (1..=2500).for_each(|step| whole.push(&terms(step), 0));
        assert_eq!(whole.log().rows.len(), 834);
        assert_eq!(whole.log().rows[0], (3, vec![2.0, 1.0]));
        assert_eq!(whole.log().rows[833], (2500, vec![2500.0, 1.0]));

        let mut first = Curves::new(&columns, 2500);
        (1..=1001).for_each(|step| first.push(&terms(step), 0));
        let checkpoint = Checkpoint {
            step: 1001,
            arrays: Default::default(),
            log_sums: first.sums(),
            log: first.log().clone(),
        };
        let mut second = Curves::resume(&checkpoint, &columns, 2500).unwrap();
        (1002..=2500).for_each(|step| second.push(&terms(step), 0));
        assert_eq!(second.log(), whole.log());
    }
}
