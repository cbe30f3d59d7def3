//! Spearman's rank correlation of each pair of scores, over the trials that have both.

use crate::final_scores::Scored;
use crate::stats::rank::spearman;
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeMap;

/// One pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Positions of the two scores in the list.
    pub of: (usize, usize),
    /// −1..=1; `None` for fewer than three trials, or if one of the scores does not vary.
    pub correlation: Option<f64>,
    /// How many trials have both.
    pub n_trials: usize,
}

/// The full matrix, row by row.
pub fn pairs(scored: &[Scored]) -> Vec<Pair> {
    let by_trial: Vec<BTreeMap<usize, f64>> = scored
        .iter()
        .map(|scored| scored.values.iter().copied().collect())
        .collect();
    let pair = |a: usize, b: usize| {
        let both: Vec<(f64, f64)> = by_trial[a]
            .iter()
            .filter_map(|(trial, score)| Some((*score, *by_trial[b].get(trial)?)))
            .collect();
        Pair {
            of: (a, b),
            correlation: spearman(&both),
            n_trials: both.len(),
        }
    };
    let n = scored.len();
    (0..n * n).map(|i| pair(i / n, i % n)).collect()
}

/// One row per pair.
pub fn table(scored: &[Scored], pairs: &[Pair]) -> PolarsResult<DataFrame> {
    let slug = |place: usize| scored[place].key.slug();
    DataFrame::new_infer_height(vec![
        column("a", pairs.iter().map(|pair| slug(pair.of.0))),
        column("b", pairs.iter().map(|pair| slug(pair.of.1))),
        column("spearman", pairs.iter().map(|pair| pair.correlation)),
        column("n_trials", pairs.iter().map(|pair| pair.n_trials as u64)),
    ])
}
