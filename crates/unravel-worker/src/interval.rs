//! The training curves: every row the mean over an interval of steps.
//!
//! Intervals are powers of two, and sums are taken pairwise, like the digits of a counter: two sums over one step make one
//! over two, two of those one over four. So a sum over an interval does not depend on how long the training is to be, and
//! a longer one joins the rows of a shorter one to the same bits as its own.

use std::collections::BTreeMap;

use unravel_model::cohort::StepTerms;
use unravel_store::{Checkpoint, TrainLog};

/// Rows that a trial's curves have at the most.
const MAX_ROWS: u64 = 1000;

/// The curves of one trial, with the interval that has begun.
#[derive(Clone, Debug)]
pub struct Curves {
    log: TrainLog,
    /// By the logarithm of the number of steps that they are over: the sums of the interval that has begun. One is there
    /// for every digit 1 of the number of steps in it.
    sums: Vec<Vec<f64>>,
    /// The last step taken in.
    step: u64,
    /// The trial's last step.
    steps: u64,
}

/// The logarithm of the steps of an interval: the shortest with no more than [`MAX_ROWS`] rows.
fn log_interval(steps: u64) -> u32 {
    let shortest = steps.div_ceil(MAX_ROWS).max(1);
    shortest.next_power_of_two().trailing_zeros()
}

/// Whether the curves of a checkpoint of a trial that makes `steps` end where its step says.
pub fn is_in_step(checkpoint: &Checkpoint, steps: u64) -> bool {
    let interval = 1_u64 << log_interval(steps);
    let step = checkpoint.step;
    let expected = match step == steps {
        true => step,
        false => step - step % interval,
    };
    let last = checkpoint.log.rows.last().map_or(0, |(last, _)| *last);
    last == expected
}

impl Curves {
    /// No steps yet, of a trial that makes `steps`.
    pub fn new(columns: &[String], steps: u64) -> Self {
        Self {
            log: TrainLog::new(columns.iter().cloned()),
            sums: vec![vec![0.0; columns.len()]; log_interval(steps) as usize],
            step: 0,
            steps,
        }
    }

    /// The curves as they were at a checkpoint; none where it has other columns.
    pub fn resume(checkpoint: &Checkpoint, columns: &[String], steps: u64) -> Option<Self> {
        if checkpoint.log.columns != columns {
            return None;
        }
        let mut curves = Self::new(columns, steps);
        curves.take_sums(checkpoint, curves.n_digits())?;
        curves.log = checkpoint.log.clone();
        Some(curves)
    }

    /// The curves of a trial that makes `steps`, from a checkpoint of one that makes `shorter` and is the same otherwise.
    pub fn continued(checkpoint: &Checkpoint, shorter: u64, steps: u64) -> Option<Self> {
        let mut curves = Self::new(&checkpoint.log.columns, steps);
        let n_digits = log_interval(shorter);
        let interval = 1_u64 << n_digits;
        for (step, means) in &checkpoint.log.rows {
            // The shorter one's last row may be over less than an interval; its sums are there as well.
            if step.is_multiple_of(interval) {
                // Exact, as the interval is a power of two.
                let sums = means.iter().map(|mean| mean * interval as f64).collect();
                curves.add(*step, n_digits, sums);
            }
        }
        curves.take_sums(checkpoint, n_digits.min(curves.n_digits()))?;
        Some(curves)
    }

    fn n_digits(&self) -> u32 {
        self.sums.len() as u32
    }

    /// Takes over the sums of the last `n_digits` digits of the checkpoint's step; none where one is missing.
    fn take_sums(&mut self, checkpoint: &Checkpoint, n_digits: u32) -> Option<()> {
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
            // The last interval is cut short.
            let mut total = vec![0.0; self.log.columns.len()];
            for digit in digits(terms.step, n_digits) {
                add_to(&mut total, &self.sums[digit as usize]);
            }
            self.add_row(total, terms.step % (1 << n_digits));
        }
    }

    /// Adds the sums over the `2^digit` steps up to `step`, of which `step` is a multiple.
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
            Some(place) => *place = sums,
            None => self.add_row(sums, 1 << digit),
        }
    }

    /// The row that ends at this step, from the sums over its `n_steps`.
    fn add_row(&mut self, sums: Vec<f64>, n_steps: u64) {
        let means = sums.iter().map(|sum| sum / n_steps as f64).collect();
        self.log.rows.push((self.step, means));
    }

    /// The finished rows.
    pub fn log(&self) -> &TrainLog {
        &self.log
    }

    /// Sums over the interval that has begun, by their digit and column.
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

/// The digits 1 among the last `n_digits` of a step, the largest first.
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

    fn trained(steps: u64, until: u64) -> Curves {
        let mut curves = Curves::new(&columns(), steps);
        (1..=until).for_each(|step| curves.push(&uneven(step), 0));
        curves
    }

    fn checkpoint(curves: &Curves) -> Checkpoint {
        Checkpoint {
            step: curves.step,
            arrays: Default::default(),
            log_sums: curves.sums(),
            log: curves.log().clone(),
        }
    }

    #[test]
    fn rows_are_means() {
        let mut curves = Curves::new(&columns(), 2501);
        (1..=2501).for_each(|step| curves.push(&even(step), 0));
        let rows = &curves.log().rows;
        assert_eq!(rows.len(), 626);
        assert_eq!(rows[0], (4, vec![2.5, 1.0]));
        assert_eq!(rows[624], (2500, vec![2498.5, 1.0]));
        assert_eq!(rows[625], (2501, vec![2501.0, 1.0]));
        let row_by_row = trained(1000, 1000);
        assert_eq!(row_by_row.log().rows.len(), 1000);
        assert_eq!(row_by_row.sums(), BTreeMap::new());
        assert_eq!(Curves::new(&columns(), 1).sums.len(), 0);
    }

    #[test]
    fn a_checkpoint_of_another_step_than_its_curves_is_told_from_a_right_one() {
        for (steps, at) in [
            (20, 20),
            (20, 7),
            (2501, 2501),
            (2501, 1234),
            (9000, 5),
            (3000, 0),
        ] {
            let right = checkpoint(&trained(steps, at));
            assert!(is_in_step(&right, steps), "{at} of {steps}");
            let interval = 1 << log_interval(steps);
            for step in [at + interval, at.wrapping_sub(interval)] {
                let wrong = Checkpoint {
                    step,
                    ..right.clone()
                };
                assert!(!is_in_step(&wrong, steps), "{step} for {at} of {steps}");
            }
        }
    }

    #[test]
    fn an_interruption_at_any_step_changes_no_bit() {
        let whole = trained(9000, 9000);
        for at in [0, 1, 2, 3, 1001, 4095, 4096, 8999, 9000] {
            let first = trained(9000, at);
            assert!(is_in_step(&checkpoint(&first), 9000));
            let mut second = Curves::resume(&checkpoint(&first), &columns(), 9000).unwrap();
            (at + 1..=9000).for_each(|step| second.push(&uneven(step), 0));
            assert_eq!(second.log(), whole.log(), "interrupted at {at}");
        }
        assert!(Curves::resume(&checkpoint(&whole), &columns()[..1], 9000).is_none());
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
            let mut longer = Curves::continued(&first, shorter, steps).unwrap();
            (at + 1..=steps).for_each(|step| longer.push(&uneven(step), 0));
            assert_eq!(longer.log(), whole.log(), "{shorter} at {at}, then {steps}");
            assert_eq!(longer.sums(), whole.sums());
        }
    }
}
