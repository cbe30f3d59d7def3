//! Explicitness by the protocol of Lin et al. 2020.

use unravel_score::Metric;

use super::{mean_area, root_mean_square};
use crate::error::MetricError;
use crate::estimators::one_vs_rest::OneVsRest;
use crate::lin_2020;
use crate::outcome::{Matrix, Outcome};
use crate::samples::Examples;
use crate::table::CodeTable;

/// Explicitness by the protocol of Lin et al. 2020.
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
    let varying = table.needs_varying(Metric::Explicitness, 1)?;
    let (n_codes, n_factors) = (table.n_codes(), table.grid().n_factors());
    let examples = Examples::of_points(table, points);
    let codes: Vec<f64> = examples.codes.iter().copied().map(f64::from).collect();
    let mut areas = vec![0.0; n_factors];
    let mut weights = vec![0.0; n_codes * n_factors];
    for &factor in varying {
        let labels = &examples.labels[factor];
        let model = OneVsRest::fit(&codes, n_codes, labels);
        for (code, row) in weights.chunks_exact_mut(n_factors).enumerate() {
            let of_classes = 0..model.classes().len();
            row[factor] = root_mean_square(of_classes.map(|k| model.coefficients(k)[code]));
        }
        let probabilities = |row: &[f64]| model.probabilities(row);
        areas[factor] = mean_area(model.classes(), probabilities, &codes, n_codes, labels);
    }
    let mean = areas.iter().sum::<f64>() / varying.len() as f64;
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![("explicitness_test", mean), ("explicitness_train", mean)],
        matrices: vec![
            Matrix::codes_by_factors("classifier_weight", table, weights),
            Matrix::by_factor("area_per_factor", "area", table, areas),
        ],
    })
}
