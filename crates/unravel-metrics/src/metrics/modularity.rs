//! Modularity: whether each code has information about only one factor.
//!
//! For a code with mutual information `I_k` with factor k, modularity is `1 - Σ_{k ≠ best} I_k² / (I_best² (K - 1))`.
//! It is 1 if the code has information about only one factor, and 0 if it has the same information about each factor.
//! The score is the plain mean over codes. From Ridgeway & Mozer 2018, "Learning Deep Disentangled Embeddings with the
//! F-Statistic Loss" (section on evaluating disentanglement), with disentanglement_lib's study settings: codes in 20
//! bins of equal width, 10,000 points.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//!   Lin 2020: the 73,728 points of the protocol of Lin et al. 2020 ([`crate::lin_2020`]).
//! - Cost: one pass over the table (exact), a millisecond (study).
//! - A *dead* code, such as a constant code, has no mutual information with any factor. Its modularity is 0, as in
//!   disentanglement_lib. In lin-2020, dead codes are excluded from the mean (the authors' code divides by zero). If
//!   all codes are dead, the score is 0. `n_dead_codes` is their number.
//! - A factor with a single value has no mutual information, and K does not include it. At least two factors must vary.
//!
//! Pitfalls: codes are not weighted by their information. A code of pure noise has a modularity of about 0.7 on
//! dSprites, from chance mutual information, and this noise then dominates the differences between scores. Entangled
//! codes can score higher than a perfect representation with unused codes. The score hardly distinguishes
//! representations. If any code is constant, disentanglement_lib returns no score, because its explicitness, which it
//! computes at the same time, divides by zero.

use unravel_score::{Direction, Metric, Variant};

use crate::budget::joint_counts;
use crate::cost;
use crate::counts::JointCounts;
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::lin_2020;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{Purpose, study_points};
use crate::table::CodeTable;

/// The definition of modularity: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "Modularity",
    one_line: "degree to which each code has mutual information with only one factor, mean over codes",
    paper: "Ridgeway & Mozer 2018, Learning Deep Disentangled Embeddings with the F-Statistic Loss",
    quantities: &[
        Quantity::score(
            "modularity",
            "mean modularity over the codes; a dead code counts as 0 (excluded in lin-2020)",
        ),
        Quantity::unbounded(
            "n_dead_codes",
            Direction::Neither,
            "number of codes without mutual information with any factor",
        ),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
        (Variant::Lin2020, lin_2020),
    ],
    is_slow: |_| false,
    nanoseconds: cost::joint_counts,
    bytes: joint_counts,
    outcome_bytes: codes_by_factors_bytes,
};

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("modularity/points");

/// Modularity of 10,000 random points.
///
/// # Errors
/// Fewer than two factors vary.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    of_points(table, &study_points(table.grid(), POINTS, seed))
}

/// Modularity by the protocol of Lin et al. 2020.
///
/// # Errors
/// Fewer than two factors vary.
pub fn lin_2020(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    lin_2020_of_points(table, &lin_2020::points(table.grid(), seed))
}

/// The same for the given points of the table. A point can occur more than once.
///
/// # Errors
/// Fewer than two factors vary.
pub fn lin_2020_of_points(table: &CodeTable, points: &[u32]) -> Result<Outcome, MetricError> {
    outcome(table, Dead::LeftOut, || {
        JointCounts::of_points(table, points)
    })
}

/// Modularity of the given points of the table; a point may occur more than once.
///
/// # Errors
/// Fewer than two factors vary.
pub fn of_points(table: &CodeTable, points: &[u32]) -> Result<Outcome, MetricError> {
    outcome(table, Dead::Zero, || JointCounts::of_points(table, points))
}

/// Modularity of the whole grid.
///
/// # Errors
/// Fewer than two factors vary.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    outcome(table, Dead::Zero, || JointCounts::of_grid(table))
}

/// How a dead code enters the mean.
#[derive(Clone, Copy, PartialEq)]
enum Dead {
    Zero,
    LeftOut,
}

fn outcome(
    table: &CodeTable,
    dead_codes: Dead,
    count: impl FnOnce() -> JointCounts,
) -> Result<Outcome, MetricError> {
    let n_varying = table.needs_varying(Metric::Modularity, 2)?.len();
    let information = count().mutual_information();
    let by_code: Vec<Option<f64>> = information
        .chunks_exact(table.grid().n_factors())
        .map(|nats| of_code(nats, n_varying))
        .collect();
    let dead = by_code.iter().filter(|found| found.is_none()).count();
    let by_code: Vec<f64> = by_code
        .into_iter()
        .map(|found| found.unwrap_or(0.0))
        .collect();
    let n_counted = match dead_codes {
        Dead::Zero => by_code.len(),
        Dead::LeftOut => (by_code.len() - dead).max(1),
    };
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("modularity", by_code.iter().sum::<f64>() / n_counted as f64),
            ("n_dead_codes", dead as f64),
        ],
        matrices: vec![
            Matrix::codes_by_factors("mutual_information_nats", table, information),
            Matrix::by_code("modularity_per_code", &["modularity"], table, by_code),
        ],
    })
}

/// Modularity of a code from its mutual information with each factor; `None` for a dead code.
fn of_code(nats: &[f64], n_varying: usize) -> Option<f64> {
    let best = nats.iter().copied().fold(0.0, f64::max);
    if best == 0.0 {
        return None;
    }
    // Relative to the largest value, so that squares of tiny values do not underflow.
    let squares: f64 = nats.iter().map(|nats| (nats / best).powi(2)).sum();
    Some((1.0 - (squares - 1.0) / (n_varying - 1) as f64).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modularity_of_hand_made_information() {
        assert_eq!(of_code(&[0.0, 2.0, 0.0], 3), Some(1.0));
        assert_eq!(of_code(&[2.0, 2.0, 2.0], 3), Some(0.0));
        assert_eq!(of_code(&[1.0, 2.0, 0.0], 3), Some(1.0 - 0.25 / 2.0));
        assert_eq!(of_code(&[1e-200, 2e-200, 0.0], 3), Some(1.0 - 0.25 / 2.0));
        assert_eq!(of_code(&[0.0; 3], 3), None);
    }

    #[test]
    fn a_dead_code_counts_as_zero_and_is_told() {
        let codes: Vec<f32> = (0..12)
            .flat_map(|point| [(point / 4) as f32, 7.0])
            .collect();
        let outcome = exact(&CodeTable::new(&codes, 2, &[3, 4, 1]).unwrap()).unwrap();
        assert_eq!(outcome.quantity("n_dead_codes"), Some(1.0));
        assert_eq!(outcome.headline(), 0.5);
    }

    #[test]
    fn lin_2020_leaves_a_dead_code_out() {
        let codes: Vec<f32> = (0..12)
            .flat_map(|point| [(point / 4) as f32, 7.0])
            .collect();
        let points: Vec<u32> = (0..12).collect();
        let table = CodeTable::new(&codes, 2, &[3, 4]).unwrap();
        let outcome = lin_2020_of_points(&table, &points).unwrap();
        assert_eq!(
            (outcome.headline(), outcome.quantity("n_dead_codes")),
            (1.0, Some(1.0))
        );
        let constant = CodeTable::new(&[7.0; 12], 1, &[3, 4]).unwrap();
        assert_eq!(
            lin_2020_of_points(&constant, &points).unwrap().headline(),
            0.0
        );
    }
}
