//! MIG, the mutual information gap, on binned codes.
//!
//! For each factor, MIG takes the mutual information of the most informative code minus that of the second most
//! informative code, and divides it by the entropy of the factor. The score is the mean over factors. It is 1 if each
//! factor is determined by one code and the other codes have no information about it. From Chen et al. 2018, "Isolating
//! Sources of Disentanglement in Variational Autoencoders" (equation 6). The form is that of disentanglement_lib, which
//! puts codes into 20 bins of equal width over their range. The paper integrates over the encoder's Gaussians instead.
//! The two values differ by several hundredths, so unravel has two metrics, `mig` and `mig-chen`.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//!   Lin 2020: the 73,728 points of the protocol of Lin et al. 2020 ([`crate::lin_2020`]), otherwise as in the study
//!   variant.
//! - Cost: one pass over the table (exact), a millisecond (study).
//! - A factor with a single value has no entropy and is left out of the mean (its gap is reported as 0).
//! - A constant code has no information, because all its values are in one bin. If every code is constant, the score is
//!   0.
//! - With a single code, the mutual information of the second code is taken to be 0. (disentanglement_lib fails in this
//!   case.)
//!
//! Pitfalls: on dSprites a perfect representation scores 0.902 (exact variant), because the 20 bins merge values of the
//! factors with 32 and 40 values. The bins cover the range, so one outlier puts all other points into a few bins. The
//! study variant overestimates mutual information by about `(bins - 1)(values - 1) / 2n`, which mostly cancels in the
//! gap. A representation of pure noise scores about 3e-4 in the study variant and 4e-6 in the exact variant. The score
//! does not depend on the scale of the codes, so a collapsed code counts like any other code.

use unravel_score::{Metric, Variant};

use crate::budget::joint_counts;
use crate::cost;
use crate::counts::JointCounts;
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::lin_2020;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{PointSource, PointStream, Purpose, Seeded};
use crate::table::CodeTable;

/// The definition of MIG: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "MIG",
    one_line: "difference in mutual information between the two most informative codes for a factor, divided by the entropy of the factor",
    paper: "Chen et al. 2018, Isolating Sources of Disentanglement in Variational Autoencoders (codes in 20 bins)",
    quantities: &[Quantity::score("mig", "mean gap over the factors")],
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

/// Points of the study variant.
pub const N_STUDY_POINTS: usize = 10_000;

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("mig/points");

/// MIG of 10,000 random points.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let mut points = vec![0; N_STUDY_POINTS];
    Seeded::new(table.grid(), seed)
        .stream(POINTS, 0)
        .points(&mut points);
    of_points(table, &points)
}

/// MIG of the points of the protocol of Lin et al. 2020.
///
/// # Errors
/// No factor varies.
pub fn lin_2020(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    of_points(table, &lin_2020::points(table.grid(), seed))
}

/// MIG of the given points of the table; a point may occur more than once.
///
/// # Errors
/// No factor varies.
pub fn of_points(table: &CodeTable, points: &[u32]) -> Result<Outcome, MetricError> {
    outcome(table, || JointCounts::of_points(table, points))
}

/// MIG of the whole grid.
///
/// # Errors
/// No factor varies.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    outcome(table, || JointCounts::of_grid(table))
}

fn outcome(table: &CodeTable, count: impl FnOnce() -> JointCounts) -> Result<Outcome, MetricError> {
    let varying = table.needs_varying(Metric::Mig, 1)?;
    let counts = count();
    let information = counts.mutual_information();
    let entropies = counts.factor_entropies();
    let gaps = gaps(&information, &entropies);
    let mig = varying.iter().map(|&factor| gaps[factor]).sum::<f64>() / varying.len() as f64;
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![("mig", mig)],
        matrices: vec![
            Matrix::codes_by_factors("mutual_information_nats", table, information),
            Matrix::by_factor("gap_per_factor", "gap", table, gaps),
            Matrix::by_factor("factor_entropy_nats", "entropy", table, entropies),
        ],
    })
}

/// Best minus second best mutual information over the entropy of each factor; 0 for a factor without entropy.
fn gaps(information: &[f64], entropies: &[f64]) -> Vec<f64> {
    let n_factors = entropies.len();
    let gap = |(factor, &entropy): (usize, &f64)| {
        let (mut best, mut second) = (0.0_f64, 0.0_f64);
        for &nats in information.iter().skip(factor).step_by(n_factors) {
            second = second.max(nats.min(best));
            best = best.max(nats);
        }
        if entropy == 0.0 {
            0.0
        } else {
            // Mutual information is at most the entropy, except for rounding errors.
            ((best - second) / entropy).min(1.0)
        }
    };
    entropies.iter().enumerate().map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_best_minus_second_best() {
        // [3 codes, 2 factors]; the factors have entropies 2 and 4.
        let information = [0.5, 0.0, 1.5, 3.0, 1.0, 1.0];
        assert_eq!(gaps(&information, &[2.0, 4.0]), [0.25, 0.5]);
    }

    #[test]
    fn a_single_code_is_measured_against_nothing() {
        let codes = [0.0, 0.0, 1.0, 1.0];
        let outcome = exact(&CodeTable::new(&codes, 1, &[2, 2]).unwrap()).unwrap();
        assert_eq!(outcome.matrix("gap_per_factor").unwrap().values, [1.0, 0.0]);
        assert_eq!(outcome.headline(), 0.5);
    }

    #[test]
    fn a_factor_with_one_value_is_left_out() {
        let codes = [0.0, 5.0, 1.0, 5.0];
        let outcome = exact(&CodeTable::new(&codes, 2, &[2, 1]).unwrap()).unwrap();
        assert_eq!(outcome.headline(), 1.0);
        let error = exact(&CodeTable::new(&[0.0], 1, &[1, 1]).unwrap()).unwrap_err();
        assert_eq!(
            error,
            MetricError::TooFewFactors {
                metric: Metric::Mig,
                needed: 1,
                found: 0
            }
        );
    }
}
