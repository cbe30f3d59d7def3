//! Builds the training log: each row is the mean of the loss terms over an interval of steps.
//!
//! The length of an interval is a power of two. Sums are combined in pairs, like the digits of a binary counter: two
//! sums over one step give a sum over two steps, two of those give a sum over four. The bits of a sum therefore do not
//! depend on the trial's number of steps, and a longer trial can continue the log of a shorter one exactly.

use std::collections::BTreeMap;

use unravel_model::cohort::StepTerms;
use unravel_store::{Checkpoint, TrainLog};

/// Maximum number of rows in a trial's training log.
const MAX_ROWS: u64 = 1000;

/// The training log of one trial, with the sums of the unfinished interval.
#[derive(Clone, Debug)]
pub struct TrainLogBuilder {
    log: TrainLog,
    /// Sums of the unfinished interval: element `d` has the sums over `2^d` steps. It is valid if bit `d` of the number
    /// of steps in the interval is set.
    sums: Vec<Vec<f64>>,
    /// The last step that was added.
    step: u64,
    /// The trial's last step.
    steps: u64,
}

/// The base-2 logarithm of the interval length: the shortest interval that gives at most [`MAX_ROWS`] rows.
fn log_interval(steps: u64) -> u32 {
    let shortest = steps.div_ceil(MAX_ROWS).max(1);
    shortest.next_power_of_two().trailing_zeros()
}

/// Whether a checkpoint's training log ends at the row that its step implies, for a trial of `steps` steps.
pub fn matches_step(checkpoint: &Checkpoint, steps: u64) -> bool {
    let interval = 1_u64 << log_interval(steps);
    let step = checkpoint.step;
    let expected = if step == steps {
        step
    } else {
        step - step % interval
    };
    let last = checkpoint.log.rows.last().map_or(0, |(last, _)| *last);
    last == expected
}

impl TrainLogBuilder {
    /// An empty log for a trial of `steps` steps.
    pub fn new(columns: &[String], steps: u64) -> Self {
        Self {
            log: TrainLog::new(columns.iter().cloned()),
            sums: vec![vec![0.0; columns.len()]; log_interval(steps) as usize],
            step: 0,
            steps,
        }
    }

    /// Restores the log of a checkpoint. Returns `None` if the checkpoint has other columns or lacks sums.
    pub fn resume(checkpoint: &Checkpoint, columns: &[String], steps: u64) -> Option<Self> {
        if checkpoint.log.columns != columns {
            return None;
        }
        let mut builder = Self::new(columns, steps);
        builder.restore_sums(checkpoint, builder.n_digits())?;
        builder.log = checkpoint.log.clone();
        Some(builder)
    }

    /// The log of a trial of `steps` steps, from a checkpoint of the same trial with `shorter` steps. Returns `None` if
    /// the checkpoint lacks sums.
    pub fn from_shorter(checkpoint: &Checkpoint, shorter: u64, steps: u64) -> Option<Self> {
        let mut builder = Self::new(&checkpoint.log.columns, steps);
        let n_digits = log_interval(shorter);
        let interval = 1_u64 << n_digits;
        for (step, means) in &checkpoint.log.rows {
            // The last row of the shorter trial may cover less than an interval. The checkpoint has its sums too.
            if step.is_multiple_of(interval) {
                // Exact, because the interval is a power of two.
                let sums = means.iter().map(|mean| mean * interval as f64).collect();
                builder.add(*step, n_digits, sums);
            }
        }
        builder.restore_sums(checkpoint, n_digits.min(builder.n_digits()))?;
        Some(builder)
    }

    fn n_digits(&self) -> u32 {
        self.sums.len() as u32
    }

    /// Restores the sums for the lowest `n_digits` bits of the checkpoint's step. Returns `None` if one is missing.
    fn restore_sums(&mut self, checkpoint: &Checkpoint, n_digits: u32) -> Option<()> {
        self.step = checkpoint.step;
        for digit in digits(checkpoint.step, n_digits) {
            let sum = |column: &String| checkpoint.log_sums.get(&sum_name(digit, column)).copied();
            let sums: Option<Vec<f64>> = self.log.columns.iter().map(sum).collect();
            self.sums[digit as usize] = sums?;
        }
        Some(())
    }

    /// Adds the terms of the next step of model `m`.
    pub fn push(&mut self, terms: &StepTerms, m: usize) {
        let values = terms.values[m].iter().map(|value| f64::from(*value));
        self.add(terms.step, 0, values.collect());
        let n_digits = self.n_digits();
        if terms.step == self.steps && !terms.step.is_multiple_of(1 << n_digits) {
            // The last interval is incomplete.
            let mut total = vec![0.0; self.log.columns.len()];
            for digit in digits(terms.step, n_digits) {
                add_to(&mut total, &self.sums[digit as usize]);
            }
            self.add_row(total, terms.step % (1 << n_digits));
        }
    }

    /// Adds the sums over the `2^digit` steps that end at `step`, a multiple of `2^digit`.
    fn add(&mut self, step: u64, digit: u32, mut sums: Vec<f64>) {
        self.step = step;
        let before = step - (1 << digit);
        let mut digit = digit as usize;
        while digit < self.sums.len() && before >> digit & 1 == 1 {
            let mut total = std::mem::take(&mut self.sums[digit]);
            add_to(&mut total, &sums);
            self.sums[digit] = std::mem::replace(&mut sums, total);
            digit += 1;
        }
        match self.sums.get_mut(digit) {
            Some(slot) => *slot = sums,
            None => self.add_row(sums, 1 << digit),
        }
    }

    /// Appends the row that ends at the current step, from the sums over its `n_steps` steps.
    fn add_row(&mut self, sums: Vec<f64>, n_steps: u64) {
        let means = sums.iter().map(|sum| sum / n_steps as f64).collect();
        self.log.rows.push((self.step, means));
    }

    /// The finished rows.
    pub fn log(&self) -> &TrainLog {
        &self.log
    }

    /// The sums of the unfinished interval, by digit and column.
    pub fn sums(&self) -> BTreeMap<String, f64> {
        let mut named = BTreeMap::new();
        for digit in digits(self.step, self.n_digits()) {
            let sums = self.sums[digit as usize].iter().copied();
            let names = self
                .log
                .columns
                .iter()
                .map(|column| sum_name(digit, column));
            named.extend(names.zip(sums));
        }
        named
    }
}

/// The positions of the set bits among the lowest `n_digits` bits of a step, highest first.
fn digits(step: u64, n_digits: u32) -> impl Iterator<Item = u32> {
    (0..n_digits)
        .rev()
        .filter(move |digit| step >> digit & 1 == 1)
}

fn sum_name(digit: u32, column: &str) -> String {
    format!("{digit}/{column}")
}

fn add_to(total: &mut [f64], sums: &[f64]) {
    total
        .iter_mut()
        .zip(sums)
        .for_each(|(total, sum)| *total += sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [String; 2] {
        ["loss".to_owned(), "one".to_owned()]
    }

    /// Values whose sums depend on the order in which they are added.
    fn uneven(step: u64) -> StepTerms {
        let value = (step as f32).sin() * 10_f32.powi((step % 31) as i32 - 15);
        StepTerms {
            step,
            values: vec![vec![value, 1.0]],
        }
    }

    fn even(step: u64) -> StepTerms {
        StepTerms {
            step,
            values: vec![vec![step as f32, 1.0]],
        }
    }

    fn trained(steps: u64, until: u64) -> TrainLogBuilder {
        let mut builder = TrainLogBuilder::new(&columns(), steps);
        (1..=until).for_each(|step| builder.push(&uneven(step), 0));
        builder
    }

    fn checkpoint(builder: &TrainLogBuilder) -> Checkpoint {
        Checkpoint {
            step: builder.step,
            arrays: Default::default(),
            log_sums: builder.sums(),
            log: builder.log().clone(),
        }
    }

    #[test]
    fn rows_are_means() {
        let mut builder = TrainLogBuilder::new(&columns(), 2501);
        (1..=2501).for_each(|step| builder.push(&even(step), 0));
        let rows = &builder.log().rows;
        assert_eq!(rows.len(), 626);
        assert_eq!(rows[0], (4, vec![2.5, 1.0]));
        assert_eq!(rows[624], (2500, vec![2498.5, 1.0]));
        assert_eq!(rows[625], (2501, vec![2501.0, 1.0]));
        let row_by_row = trained(1000, 1000);
        assert_eq!(row_by_row.log().rows.len(), 1000);
        assert_eq!(row_by_row.sums(), BTreeMap::new());
        assert_eq!(TrainLogBuilder::new(&columns(), 1).sums.len(), 0);
    }

    #[test]
    fn a_checkpoint_of_another_step_than_its_builder_is_told_from_a_right_one() {
        for (steps, at) in [
            (20, 20),
            (20, 7),
            (2501, 2501),
            (2501, 1234),
            (9000, 5),
            (3000, 0),
        ] {
            let right = checkpoint(&trained(steps, at));
            assert!(matches_step(&right, steps), "{at} of {steps}");
            let interval = 1 << log_interval(steps);
            for step in [at + interval, at.wrapping_sub(interval)] {
                let wrong = Checkpoint {
                    step,
                    ..right.clone()
                };
                assert!(!matches_step(&wrong, steps), "{step} for {at} of {steps}");
            }
        }
    }

    #[test]
    fn an_interruption_at_any_step_changes_no_bit() {
        let whole = trained(9000, 9000);
        for at in [0, 1, 2, 3, 1001, 4095, 4096, 8999, 9000] {
            let first = trained(9000, at);
            assert!(matches_step(&checkpoint(&first), 9000));
            let mut second =
                TrainLogBuilder::resume(&checkpoint(&first), &columns(), 9000).unwrap();
            (at + 1..=9000).for_each(|step| second.push(&uneven(step), 0));
            assert_eq!(second.log(), whole.log(), "interrupted at {at}");
        }
        assert!(TrainLogBuilder::resume(&checkpoint(&whole), &columns()[..1], 9000).is_none());
    }

    #[test]
    fn more_steps_give_the_same_bits_as_all_of_them_at_once() {
        for (shorter, at, steps) in [
            (20, 20, 40),
            (900, 900, 7000),
            (1500, 1500, 3000),
            (1501, 1501, 3000),
            (2999, 2999, 60_001),
            (3000, 1777, 100_000),
            (5000, 5000, 5001),
        ] {
            let whole = trained(steps, steps);
            let first = checkpoint(&trained(shorter, at));
            let mut longer = TrainLogBuilder::from_shorter(&first, shorter, steps).unwrap();
            (at + 1..=steps).for_each(|step| longer.push(&uneven(step), 0));
            assert_eq!(longer.log(), whole.log(), "{shorter} at {at}, then {steps}");
            assert_eq!(longer.sums(), whole.sums());
        }
    }
}
