//! JEMMIG, the joint entropy minus mutual information gap.
//!
//! For each factor v, let z* be the most and z° the second most informative code. JEMMIG is the mean over factors of
//! `H(z*, v) - I(z*, v) + I(z°, v)`. It is small if one code encodes the factor (large gap) and encodes nothing else
//! (joint entropy equal to the factor's entropy). From Do & Tran 2020, "Theory and Evaluation Metrics for Learning
//! Disentangled Representations" (section 4). The headline is the usual normalised form, for which higher is better:
//! one minus this value divided by its maximum, `H(v) + ln 20`. Codes are binned as for MIG: 20 bins of equal width
//! over their range.
//!
//! - Range 0 to 1, higher is better (`jemmig`); at least 0, lower is better (`jemmig_unnormalised_nats`).
//! - Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//! - Cost: one pass over the table (exact), a millisecond (study).
//! - A factor with a single value is excluded. With a single code, `I(z°, v)` is taken to be 0.
//! - Among equally informative codes z* is the one with the smallest joint entropy; this matters if no code has
//!   information about the factor.
//!
//! Pitfalls: **constant codes score higher than noise**. A constant code has the joint entropy `H(v)` and therefore
//! scores `ln 20 / (H(v) + ln 20)`, about 0.55 on dSprites. Noise that fills all bins scores 0. Do not interpret JEMMIG
//! without another metric. The authors' code computes a different score: it sums the probability mass of each Gaussian
//! posterior in 100 bins between fixed limits. unravel counts posterior means in 20 bins over their range. Zaidi et al.
//! 2020 use 10 bins. The normaliser counts all bins, so a code that is spread over few bins scores higher because of
//! the empty bins. A perfect code for a factor with at most 20 values scores 1. With 40 values, the maximum is
//! `1 - ln 2 / (ln 40 + ln 20)`, because two values share a bin.

use unravel_score::{Direction, Metric, Variant};

use crate::budget::joint_counts;
use crate::cost;
use crate::counts::JointCounts;
use crate::definition::{Definition, Quantity};
use crate::discretise::N_BINS;
use crate::error::MetricError;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{Purpose, study_points};
use crate::table::CodeTable;

/// The definition of JEMMIG: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "JEMMIG",
    one_line: "mutual information gap with a penalty for other information in the most informative code of a factor",
    paper: "Do & Tran 2020, Theory and Evaluation Metrics for Learning Disentangled Representations",
    quantities: &[
        Quantity::score(
            "jemmig",
            "mean over factors of one minus the unnormalised value divided by its maximum",
        ),
        Quantity::unbounded(
            "jemmig_unnormalised_nats",
            Direction::LowerIsBetter,
            "mean over factors of the joint entropy of factor and best code, minus the gap",
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
pub const POINTS: Purpose = Purpose::new("jemmig/points");

/// JEMMIG of 10,000 random points.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let points = study_points(table.grid(), POINTS, seed);
    outcome(table, || JointCounts::of_points(table, &points))
}

/// JEMMIG of the whole grid.
///
/// # Errors
/// No factor varies.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    outcome(table, || JointCounts::of_grid(table))
}

fn outcome(table: &CodeTable, count: impl FnOnce() -> JointCounts) -> Result<Outcome, MetricError> {
    let varying = table.needs_varying(Metric::Jemmig, 1)?;
    let counts = count();
    let information = counts.mutual_information();
    let factors = counts.factor_entropies();
    let codes = counts.code_entropies();
    let n_factors = factors.len();
    let joint: Vec<f64> = information
        .iter()
        .enumerate()
        .map(|(i, nats)| codes[i / n_factors] + factors[i % n_factors] - nats)
        .collect();
    let unnormalised: Vec<f64> = (0..n_factors)
        .map(|factor| {
            let column = |values: &[f64]| -> Vec<f64> {
                values
                    .iter()
                    .skip(factor)
                    .step_by(n_factors)
                    .copied()
                    .collect()
            };
            of_factor(&column(&information), &column(&joint))
        })
        .collect();
    let normalised: Vec<f64> = unnormalised
        .iter()
        .zip(&factors)
        .map(|(nats, entropy)| (1.0 - nats / (entropy + (N_BINS as f64).ln())).clamp(0.0, 1.0))
        .collect();
    let mean = |values: &[f64]| {
        varying.iter().map(|&factor| values[factor]).sum::<f64>() / varying.len() as f64
    };
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("jemmig", mean(&normalised)),
            ("jemmig_unnormalised_nats", mean(&unnormalised)),
        ],
        matrices: vec![
            Matrix::codes_by_factors("mutual_information_nats", table, information),
            Matrix::codes_by_factors("joint_entropy_nats", table, joint),
            Matrix::by_factor("jemmig_per_factor", "jemmig", table, normalised),
        ],
    })
}

/// `H(z*, v) - I(z*, v) + I(z°, v)` from the codes' mutual information and joint entropies with one factor.
fn of_factor(information: &[f64], joint: &[f64]) -> f64 {
    let better = |a: usize, b: usize| {
        let more = information[a].total_cmp(&information[b]);
        more.then_with(|| joint[b].total_cmp(&joint[a])).is_gt()
    };
    let best = (1..joint.len()).fold(0, |best, code| if better(code, best) { code } else { best });
    let others = information
        .iter()
        .enumerate()
        .filter(|&(code, _)| code != best);
    let second = others.map(|(_, &nats)| nats).fold(0.0, f64::max);
    (joint[best] - information[best] + second).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_code_is_charged_for_what_else_it_holds() {
        // Joint probabilities by hand: the factor has 2 values; code 0 is the pair with another factor of 2 values.
        let codes: Vec<f32> = (0..4).map(|point| point as f32).collect();
        let outcome = exact(&CodeTable::new(&codes, 1, &[2, 2]).unwrap()).unwrap();
        // H(z, v) = ln 4, I = ln 2, so ln 2 of at most ln 2 + ln 20.
        let nats = 2_f64.ln();
        assert!((outcome.quantity("jemmig_unnormalised_nats").unwrap() - nats).abs() < 1e-15);
        assert!((outcome.headline() - (1.0 - nats / 40_f64.ln())).abs() < 1e-15);
    }

    #[test]
    fn a_noisy_channel_has_its_closed_form() {
        // A binary factor through a binary symmetric channel that flips one time in four, and a code that is constant.
        let codes = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
            .into_iter()
            .flat_map(|z| [z, 9.0]);
        let codes: Vec<f32> = codes.collect();
        let outcome = exact(&CodeTable::new(&codes, 2, &[2, 4]).unwrap()).unwrap();
        let flip = -(0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln());
        let joint = 2_f64.ln() + flip;
        let expected = joint - (2_f64.ln() - flip);
        let maximum = 2_f64.ln() + 20_f64.ln();
        let found = outcome.matrix("jemmig_per_factor").unwrap().values[0];
        assert!(
            (found - (1.0 - expected / maximum)).abs() < 1e-14,
            "{found}"
        );
    }

    #[test]
    fn without_information_the_smallest_joint_entropy_counts() {
        assert_eq!(of_factor(&[0.0, 0.0, 0.0], &[3.0, 1.0, 2.0]), 1.0);
        assert_eq!(of_factor(&[0.5, 0.0, 0.4], &[3.0, 1.0, 2.0]), 2.9);
    }
}
