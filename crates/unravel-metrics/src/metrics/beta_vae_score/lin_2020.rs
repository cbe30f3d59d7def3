//! The β-VAE score by the protocol of Lin et al. 2020.

use unravel_score::Metric;

use super::mean_absolute_differences;
use crate::error::MetricError;
use crate::estimators::one_vs_rest::OneVsRest;
use crate::lin_2020::Groups;
use crate::outcome::{Matrix, Outcome};
use crate::table::CodeTable;

/// The β-VAE score by the protocol of Lin et al. 2020.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn lin_2020(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::BetaVaeScore, 2)?;
    lin_2020_of_groups(table, &Groups::draw(table.grid(), seed))
}

/// The same for the given groups. Each group is an example; its points form pairs in their order.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn lin_2020_of_groups(table: &CodeTable, groups: &Groups) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::BetaVaeScore, 2)?;
    let (n_codes, n_factors) = (table.n_codes(), table.grid().n_factors());
    let mut features = vec![0.0; groups.points.len() * n_codes];
    for (means, points) in features.chunks_exact_mut(n_codes).zip(&groups.points) {
        let every_second =
            |first: usize| -> Vec<u32> { points.iter().skip(first).step_by(2).copied().collect() };
        mean_absolute_differences(table, &every_second(0), &every_second(1), means);
    }
    let model = OneVsRest::fit(&features, n_codes, &groups.factors);
    let accuracy = model.accuracy(&features, &groups.factors);
    let mut weights = vec![0.0; n_codes * n_factors];
    for (class, &factor) in model.classes().iter().enumerate() {
        for (code, &weight) in model.coefficients(class).iter().enumerate() {
            weights[code * n_factors + factor] = weight;
        }
    }
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![("eval_accuracy", accuracy), ("train_accuracy", accuracy)],
        matrices: vec![Matrix::codes_by_factors(
            "classifier_weights",
            table,
            weights,
        )],
    })
}
