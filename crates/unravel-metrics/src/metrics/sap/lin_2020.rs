//! SAP by the protocol of Lin et al. 2020.

use rayon::prelude::*;
use unravel_score::Metric;

use super::{C, gaps};
use crate::correlations::Correlations;
use crate::error::MetricError;
use crate::estimators::linear_svm::SortedFeature;
use crate::lin_2020::{self, CATEGORICAL};
use crate::outcome::{Matrix, Outcome};
use crate::samples::Examples;
use crate::table::CodeTable;

/// SAP by the protocol of Lin et al. 2020.
///
/// # Errors
/// No factor varies.
pub fn lin_2020(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    lin_2020_of_points(table, &lin_2020::points(table.grid(), seed))
}

/// The same for the given points of the table. A point can occur more than once.
///
/// # Errors
/// No factor varies.
pub fn lin_2020_of_points(table: &CodeTable, points: &[u32]) -> Result<Outcome, MetricError> {
    let n_varying = table.needs_varying(Metric::Sap, 1)?.len() as f64;
    let correlations = Correlations::of_points(table, points);
    let r2: Vec<f64> = correlations.with_factors.iter().map(|r| r * r).collect();
    let mut scores = r2.clone();
    set_accuracies(table, points, &mut scores);
    let by_factor = gaps(table, &scores);
    let by_factor_r2 = gaps(table, &r2);
    let mean = |gaps: &[f64]| gaps.iter().sum::<f64>() / n_varying;
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![("sap", mean(&by_factor)), ("sap_r2", mean(&by_factor_r2))],
        matrices: vec![
            Matrix::codes_by_factors("score", table, scores),
            Matrix::codes_by_factors("r2", table, r2),
            Matrix::by_factor("gap_per_factor", "gap", table, by_factor),
            Matrix::by_factor("gap_r2_per_factor", "gap", table, by_factor_r2),
        ],
    })
}

/// Sets the scores of categorical factors, in `[n_codes, n_factors]`, to the accuracy of each code's classifier.
fn set_accuracies(table: &CodeTable, points: &[u32], scores: &mut [f64]) {
    let (grid, n_codes) = (table.grid(), table.n_codes());
    let of_categories = |&&factor: &&usize| grid.names()[factor] == CATEGORICAL;
    let categories: Vec<usize> = grid
        .varying()
        .iter()
        .filter(of_categories)
        .copied()
        .collect();
    if categories.is_empty() {
        return;
    }
    let examples = Examples::of_points(table, points);
    let by_code = scores.par_chunks_exact_mut(grid.n_factors()).enumerate();
    by_code.for_each(|(code, scores)| {
        let values = examples.code(code, n_codes);
        let sorted = SortedFeature::new(&values);
        for &factor in &categories {
            let labels = &examples.labels[factor];
            scores[factor] = sorted.fit(labels, C).accuracy(&values, labels);
        }
    });
}
