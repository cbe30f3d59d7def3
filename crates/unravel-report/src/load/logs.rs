//! A training log's loss terms, and the KL of its latents.

use crate::report_input::{LatentLog, LogRow, part_of_training};
use unravel_store::TrainLog;

/// The maximum number of points in a latent's KL curve.
const MAX_POINTS: u64 = 60;

/// The loss terms as logged, and the KL of each latent over equal parts of a training of `steps`.
pub fn split(trial: usize, steps: u64, log: &TrainLog) -> (LogRow, Option<LatentLog>) {
    let (latents, terms): (Vec<usize>, Vec<usize>) =
        (0..log.columns.len()).partition(|&i| is_per_latent(&log.columns[i]));
    let pick = |columns: &[usize], values: &[f64]| columns.iter().map(|&i| values[i]).collect();
    let row = LogRow {
        trial,
        terms: terms.iter().map(|&i| log.columns[i].clone()).collect(),
        rows: log
            .rows
            .iter()
            .map(|(step, values)| (*step, pick(&terms, values)))
            .collect(),
    };
    let latents = (!latents.is_empty()).then(|| LatentLog {
        trial,
        rows: thinned(steps, log, &latents),
    });
    (row, latents)
}

/// `kl_0`, `kl_1`, …
fn is_per_latent(column: &str) -> bool {
    column
        .strip_prefix("kl_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// The last row in each of [`MAX_POINTS`] equal parts of the training, so that all trials of a setting have the same
/// steps.
fn thinned(steps: u64, log: &TrainLog, latents: &[usize]) -> Vec<(u64, Vec<f64>)> {
    let part = |step: u64| part_of_training(step, steps, MAX_POINTS);
    let rows = &log.rows;
    let is_last = |i: usize| {
        rows.get(i + 1)
            .is_none_or(|next| part(next.0) != part(rows[i].0))
    };
    (0..rows.len())
        .filter(|&i| is_last(i))
        .map(|i| (rows[i].0, latents.iter().map(|&l| rows[i].1[l]).collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_any_size_have_a_part() {
        assert_eq!(part_of_training(u64::MAX, u64::MAX, MAX_POINTS), 59);
        assert_eq!(part_of_training(u64::MAX, 0, MAX_POINTS), u64::MAX);
        assert_eq!(part_of_training(0, 10, MAX_POINTS), 0);
    }

    #[test]
    fn latents_are_apart_and_thinned() {
        let mut log = TrainLog::new(["kl_nats", "kl_0", "kl_1"]);
        log.rows = (1..=600).map(|i| (i, vec![i as f64, 1.0, 2.0])).collect();
        let (terms, latents) = split(3, 600, &log);
        assert_eq!((terms.terms.len(), terms.rows.len()), (1, 600));
        let latents = latents.unwrap();
        assert_eq!((latents.trial, latents.rows.len()), (3, 60));
        assert_eq!(latents.rows[0], (10, vec![1.0, 2.0]));
        assert_eq!(latents.rows[59].0, 600);
    }
}
