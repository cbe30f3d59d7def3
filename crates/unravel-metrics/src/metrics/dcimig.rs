//! DCIMIG (3CharM): the mutual information gap of each code, with the best code for each factor.
//!
//! Each code is assigned to the factor with which it has the most mutual information. Its gap is this value minus its
//! second largest mutual information. Each factor gets the largest gap of its codes. The score is the sum over factors
//! divided by the sum of their entropies. From Sepliarskaia et al. 2019, "How to Not Measure Disentanglement" (named
//! 3CharM in the paper). The paper shows that the score satisfies all three criteria of Eastwood & Williams:
//! disentanglement, completeness and informativeness. Codes are binned as for MIG: 20 bins of equal width over their
//! range.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//! - Cost: one pass over the table (exact), a millisecond (study).
//! - A constant code has a gap of 0. A factor with a single value adds 0.
//! - With a single factor, the second value is taken to be 0. A tie has no gap, so ties do not matter.
//!
//! Pitfalls: factors with many values have more weight, because the entropies are summed before the division: dSprites'
//! orientation counts three times as much as shape. With 20 bins, a code cannot distinguish 40 values, as in MIG. Zaidi
//! et al. 2020 use 10 bins, and bin continuous factors as well.

use unravel_score::{Metric, Variant};

use crate::budget::joint_counts;
use crate::cost;
use crate::counts::JointCounts;
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::metrics::gap::gap;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{Purpose, study_points};
use crate::table::CodeTable;

/// The definition of DCIMIG: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "DCIMIG",
    one_line: "sum over factors of the largest gap in mutual information of a code between its two most informative factors, divided by the sum of the factors' entropies",
    paper: "Sepliarskaia et al. 2019, How to Not Measure Disentanglement",
    quantities: &[Quantity::score(
        "dcimig",
        "sum of the factors' largest gaps, divided by the sum of their entropies",
    )],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
    ],
    is_slow: |_| false,
    nanoseconds: cost::joint_counts,
    bytes: joint_counts,
    outcome_bytes: codes_by_factors_bytes,
};

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("dcimig/points");

/// DCIMIG of 10,000 random points.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let points = study_points(table.grid(), POINTS, seed);
    outcome(table, || JointCounts::of_points(table, &points))
}

/// DCIMIG of the whole grid.
///
/// # Errors
/// No factor varies.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    outcome(table, || JointCounts::of_grid(table))
}

fn outcome(table: &CodeTable, count: impl FnOnce() -> JointCounts) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Dcimig, 1)?;
    let counts = count();
    let information = counts.mutual_information();
    let entropies = counts.factor_entropies();
    let credits = credits(&information, entropies.len());
    let best: Vec<f64> = (0..entropies.len())
        .map(|factor| {
            credits
                .iter()
                .skip(factor)
                .step_by(entropies.len())
                .copied()
                .fold(0.0, f64::max)
        })
        .collect();
    let entropy: f64 = entropies.iter().sum();
    // A sample can contain a single value of every factor; then all entropies are 0.
    let dcimig = if entropy == 0.0 {
        0.0
    } else {
        (best.iter().sum::<f64>() / entropy).min(1.0)
    };
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![("dcimig", dcimig)],
        matrices: vec![
            Matrix::codes_by_factors("mutual_information_nats", table, information),
            Matrix::codes_by_factors("credit_nats", table, credits),
            Matrix::by_factor("best_credit_nats", "best credit", table, best),
            Matrix::by_factor("factor_entropy_nats", "entropy", table, entropies),
        ],
    })
}

/// The gap of each code, in the column of its most informative factor, `[n_codes, n_factors]`.
fn credits(information: &[f64], n_factors: usize) -> Vec<f64> {
    let mut credits = vec![0.0; information.len()];
    for (nats, credits) in information
        .chunks_exact(n_factors)
        .zip(credits.chunks_exact_mut(n_factors))
    {
        let gap = gap(nats.iter().copied());
        credits[gap.best] = gap.width;
    }
    credits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_credited_to_the_factor_it_knows_most_of() {
        assert_eq!(
            credits(&[3.0, 1.0, 0.5, 2.0, 1.0, 1.0], 2),
            [2.0, 0.0, 0.0, 1.5, 0.0, 0.0]
        );
    }

    #[test]
    fn two_codes_of_one_factor_count_once_and_entropies_weigh() {
        // Both codes are the first factor (3 values); no code encodes the second (4 values).
        let codes: Vec<f32> = (0..12).flat_map(|point| [(point / 4) as f32; 2]).collect();
        let outcome = exact(&CodeTable::new(&codes, 2, &[3, 4]).unwrap()).unwrap();
        let expected = 3_f64.ln() / 12_f64.ln();
        assert!((outcome.headline() - expected).abs() < 1e-15);
    }
}
