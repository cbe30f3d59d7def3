//! The FactorVAE score by the protocol of Lin et al. 2020.

use unravel_score::Metric;

use super::{ActiveCode, Settings, Votes, sample_variances, steadiest};
use crate::error::MetricError;
use crate::lin_2020::{self, Groups};
use crate::outcome::{Matrix, Outcome};
use crate::table::CodeTable;

/// The FactorVAE score by the protocol of Lin et al. 2020.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn lin_2020(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::FactorVaeScore, 2)?;
    let points = lin_2020::points(table.grid(), seed);
    lin_2020_of_groups(table, &Groups::draw(table.grid(), seed), &points)
}

/// The same for the given groups, each of which is a vote, with the global variances of the given points.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn lin_2020_of_groups(
    table: &CodeTable,
    groups: &Groups,
    points: &[u32],
) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::FactorVaeScore, 2)?;
    let mut variances = vec![0.0; table.n_codes()];
    sample_variances(table, points, &mut variances);
    let is_active = |variance: &&f64| Settings::STUDY.active_sd <= variance.sqrt();
    let n_active = variances.iter().filter(is_active).count();
    // Only constant codes are pruned.
    let voters: Vec<ActiveCode> = variances
        .into_iter()
        .enumerate()
        .filter(|&(_, variance)| 0.0 < variance)
        .map(|(code, global_variance)| ActiveCode {
            code,
            global_variance,
        })
        .collect();
    let mut votes = Votes::zero(table.n_codes(), table.grid().n_factors());
    if !voters.is_empty() {
        let mut variances = vec![0.0; table.n_codes()];
        for (points, &factor) in groups.points.iter().zip(&groups.factors) {
            sample_variances(table, points, &mut variances);
            votes.add(steadiest(&voters, &variances), factor);
        }
    }
    let accuracy = votes.accuracy(&votes.majority());
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("eval_accuracy", accuracy),
            ("train_accuracy", accuracy),
            ("n_active_codes", n_active as f64),
        ],
        matrices: vec![Matrix::codes_by_factors("votes", table, votes.as_f64())],
    })
}
