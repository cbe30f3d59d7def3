//! DCI by lasso, one of the variants in the code of Lin et al. 2020.

use super::by_lasso;
use crate::correlations::Correlations;
use crate::error::MetricError;
use crate::lin_2020;
use crate::outcome::Outcome;
use crate::table::CodeTable;

/// DCI by lasso over the points of the protocol of Lin et al. 2020.
///
/// # Errors
/// Fewer than two factors vary.
pub fn lin_2020(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    lin_2020_of_points(table, &lin_2020::points(table.grid(), seed))
}

/// The same for the given points of the table. A point can occur more than once. Completeness is the plain mean over
/// the factors.
///
/// # Errors
/// Fewer than two factors vary.
pub fn lin_2020_of_points(table: &CodeTable, points: &[u32]) -> Result<Outcome, MetricError> {
    let mut outcome = by_lasso(table, &Correlations::of_points(table, points))?;
    let varying = table.grid().varying();
    let plain_mean = outcome.matrix("completeness_per_factor").map(|by_factor| {
        let values = varying.iter().map(|&factor| by_factor.at(0, factor));
        values.sum::<f64>() / varying.len() as f64
    });
    for (name, value) in &mut outcome.quantities {
        if let ("completeness", Some(mean)) = (*name, plain_mean) {
            *value = mean;
        }
    }
    Ok(outcome)
}
