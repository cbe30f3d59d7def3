//! MIG-sup: the mutual information gap computed per code instead of per factor.
//!
//! For each code, its mutual information with each factor is divided by the factor's entropy. The gap is the largest
//! minus the second largest of these values. The score is the mean gap over codes. It is 1 if each code determines one
//! factor and has no information about the others. From Li et al. 2020, "Progressive Learning and Disentanglement of
//! Hierarchical Representations". MIG measures whether each factor is encoded by one code. MIG-sup measures whether
//! each code encodes one factor. If both are 1, codes and factors correspond one to one. Codes are binned as for MIG:
//! 20 bins of equal width.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//! - Cost: one pass over the table (exact), a millisecond (study).
//! - The gap of a constant code is 0. A factor with a single value has no entropy and is left out.
//! - With a single factor there is no second: the gap is taken to 0.
//!
//! Pitfalls: the mean is over all codes, so unused codes lower the score: with five factors and ten codes, it is at
//! most 0.5. The authors' code computes a different score: it averages over active codes only, estimates entropies from
//! the Gaussian posteriors instead of bins, and leaves out shape. Scores of both variants are not comparable with the
//! paper's numbers. Zaidi et al. 2020 divide by the entropy of the *binned code*, as `mig_sup_by_code_entropy` does,
//! and use 10 bins.

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

/// The definition of MIG-sup: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "MIG-sup",
    one_line: "difference in mutual information between the two most informative factors for a code, mean over codes",
    paper: "Li et al. 2020, Progressive Learning and Disentanglement of Hierarchical Representations",
    quantities: &[
        Quantity::score(
            "mig_sup",
            "mean gap over the codes, mutual information as a share of the factor's entropy",
        ),
        Quantity::score(
            "mig_sup_by_code_entropy",
            "mean gap over the codes, mutual information as a share of the binned code's entropy",
        ),
    ],
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
pub const POINTS: Purpose = Purpose::new("mig-sup/points");

/// MIG-sup of 10,000 random points.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let points = study_points(table.grid(), POINTS, seed);
    outcome(table, || JointCounts::of_points(table, &points))
}

/// MIG-sup of the whole grid.
///
/// # Errors
/// No factor varies.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    outcome(table, || JointCounts::of_grid(table))
}

fn outcome(table: &CodeTable, count: impl FnOnce() -> JointCounts) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::MigSup, 1)?;
    let counts = count();
    let information = counts.mutual_information();
    let factors = counts.factor_entropies();
    let n_factors = factors.len();
    let share = |nats: f64, of: f64| if of == 0.0 { 0.0 } else { (nats / of).min(1.0) };
    let shares: Vec<f64> = information
        .iter()
        .enumerate()
        .map(|(i, &nats)| share(nats, factors[i % n_factors]))
        .collect();
    let by_factor_entropy: Vec<f64> = shares
        .chunks_exact(n_factors)
        .map(|shares| gap(shares.iter().copied()).width)
        .collect();
    let by_code_entropy: Vec<f64> = information
        .chunks_exact(n_factors)
        .zip(counts.code_entropies())
        .map(|(nats, entropy)| share(gap(nats.iter().copied()).width, entropy))
        .collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let per_code = by_factor_entropy.iter().zip(&by_code_entropy);
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("mig_sup", mean(&by_factor_entropy)),
            ("mig_sup_by_code_entropy", mean(&by_code_entropy)),
        ],
        matrices: vec![
            Matrix::codes_by_factors("normalised_mutual_information", table, shares),
            Matrix::by_code(
                "gap_per_code",
                &["gap", "gap_by_code_entropy"],
                table,
                per_code.flat_map(|(a, b)| [*a, *b]).collect(),
            ),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_two_factors_has_the_gap_between_them() {
        // Code 0 is the first factor; code 1 their sum modulo 2 with the second of 2 values: it has no information
        // about either factor. Code 2 is the pair and determines both, so its gap is 0.
        let codes: Vec<f32> = (0..4)
            .flat_map(|point| {
                [
                    (point / 2) as f32,
                    ((point / 2 + point) % 2) as f32,
                    point as f32,
                ]
            })
            .collect();
        let outcome = exact(&CodeTable::new(&codes, 3, &[2, 2]).unwrap()).unwrap();
        assert!((outcome.headline() - 1.0 / 3.0).abs() < 1e-15);
        let gaps = outcome.matrix("gap_per_code").unwrap();
        assert_eq!([0, 1, 2].map(|code| gaps.at(code, 0)), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn the_two_norms_differ_by_the_entropies() {
        // A code of two bins that halves a factor of four values: ln 2 of ln 4, and all of its own entropy.
        let codes = [0.0, 0.0, 1.0, 1.0];
        let outcome = exact(&CodeTable::new(&codes, 1, &[4]).unwrap()).unwrap();
        assert!((outcome.headline() - 0.5).abs() < 1e-15);
        assert!((outcome.quantity("mig_sup_by_code_entropy").unwrap() - 1.0).abs() < 1e-15);
    }
}
