//! InfoMEC: modularity, explicitness and compactness, defined by information-theoretic quantities.
//!
//! With `NMI[j, k] = I(z_j; v_k) / H(v_k)`:
//!
//! - *InfoM* (modularity): for each active code the largest share of its row, `max_k NMI / Σ_k NMI`, mean over codes,
//!   rescaled so that `1/K` is 0;
//! - *InfoC* (compactness): for each factor the largest share of its column, mean over factors, rescaled so that one
//!   over the number of active codes is 0;
//! - *InfoE* (explicitness): the share of a factor's entropy that a linear classifier on all codes predicts,
//!   `1 - H(v | z) / H(v)`, mean over factors. The classifier is a multinomial logistic regression without penalty,
//!   with classes weighted equally, scored on its training points.
//!
//! From Hsu et al. 2023, "Disentanglement via Latent Quantization" (section 4), who use two estimators. The codes
//! determine which one applies:
//!
//! - *Continuous codes*: mutual information is estimated from ten nearest neighbours on standardised codes
//!   ([`SortedValues`](crate::estimators::knn_information::SortedValues)), and the classifier uses standardised codes
//!   ([`balanced_logistic`](crate::estimators::balanced_logistic)). A code is active if its range exceeds a twentieth
//!   of the largest range.
//! - *Discrete codes*, such as quantised latents: mutual information is the plug-in estimate over the distinct values,
//!   and the classifier uses one indicator per code and value. A code is active if it varies. This estimator applies if
//!   every code whose range exceeds a twentieth of the largest range takes at most 256 distinct values, and each value
//!   has 20 points or more on average. The other estimator cannot be used then, because the ten nearest neighbours of
//!   a point would have the same value as the point and be chosen at random. Codes with a smaller range and more
//!   values, such as a dead code with some noise, are not active. A note states that this estimator was used. A note
//!   also states if the estimator for continuous codes was used although most codes take few values in at least nine
//!   of ten rows.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn without replacement, or all points if there are fewer.
//!   Exact: every point of the grid once.
//! - Cost: about 4 s (study) and 3 min (exact, on the 737,280 points of dSprites) of CPU time.
//! - With continuous codes, noise of 1e-10 standard deviations is added to break ties, as in scikit-learn. The exact
//!   variant uses a fixed seed for it.
//! - A code or factor without mutual information counts as 0 (the paper's code divides by zero). A constant code also
//!   counts as 0. If no code is active, all three scores are 0.
//! - With a single active code, InfoC is the share of factors that this code has any estimated information about. If
//!   the true information is 0, the estimate is 0 or slightly larger by chance, so this number is unreliable. A note
//!   states this. (The paper's code divides by zero.)
//! - A factor with a single value is left out. At least two factors must vary.
//!
//! Pitfalls: InfoE measures linear predictability, so a circular code or another nonlinear code scores lower, even if
//! it is perfect. The paper's code stops its classifier after at most 100 iterations. unravel trains the classifier to
//! convergence, which gives a higher InfoE if the classes are separable. Differences of up to 0.017 were measured. The
//! shares do not depend on the amount of information, so an active noise code affects InfoM by chance. Before revision
//! 1 of the study variant its points were drawn with replacement, so that copies of a point were its own nearest
//! neighbours: on grids of 10,000 to 100,000 points, InfoM and InfoC were too low by up to 50 %. The next `run`
//! computes such scores again.

mod continuous;
mod discrete;
mod levels;

use unravel_score::{Direction, Metric, Variant};

use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::{Work, products};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::balanced_logistic::{self, BalancedFit};
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{N_STUDY_POINTS, Purpose, distinct_points};
use crate::table::CodeTable;
use levels::Levels;

/// The note on a score of codes with few distinct values.
const DISCRETE: &str = "every code takes few values, so the estimator for discrete codes was used";

/// The note on a score of such codes together with dead ones that take many values.
const DISCRETE_BUT_DEAD: &str = "every active code takes few values, so the estimator for discrete codes was used; codes of \
                                 many values within a twentieth of the largest range were left out as not active";

/// The note on a score of codes most of which take few values.
const MOSTLY_DISCRETE: &str = "most codes take few values in nine of ten rows or more, but not all do in all rows, so the \
                               estimator for continuous codes was used; round the others if their many values are noise";

/// The note on a score with a single active code.
const ONE_ACTIVE: &str =
    "only one code is active, so infoc is decided by chance and does not compare with other scores";

/// The definition of InfoMEC: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "InfoMEC",
    one_line: "modularity, explicitness and compactness, from mutual information and linear prediction",
    paper: "Hsu et al. 2023, Disentanglement via Latent Quantization",
    quantities: &[
        Quantity::score(
            "infom",
            "modularity: degree to which each active code has information about only one factor",
        ),
        Quantity::score(
            "infoe",
            "explicitness: share of a factor's entropy that a linear classifier predicts",
        ),
        Quantity::score(
            "infoc",
            "compactness: degree to which only one active code has information about each factor",
        ),
        Quantity::unbounded(
            "n_active_codes",
            Direction::Neither,
            "number of codes whose range exceeds a twentieth of the largest range; for discrete codes, number of codes that vary",
        ),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
    ],
    is_slow: |_| true,
    nanoseconds: |work, _| nanoseconds(work),
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// A continuous code is active if its range is larger than this share of the largest range.
const ACTIVE_SHARE: f32 = 1.0 / 20.0;

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("infomec/points");

/// InfoMEC of 10,000 distinct random points, or of all points if there are fewer.
///
/// # Errors
/// Fewer than two factors vary.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let points = distinct_points(table.grid(), POINTS, seed, N_STUDY_POINTS);
    of_points(table, &points, seed)
}

/// InfoMEC of the whole grid.
///
/// # Errors
/// Fewer than two factors vary.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    let points: Vec<u32> = (0..table.grid().n_points() as u32).collect();
    of_points(table, &points, 0)
}

/// InfoMEC of the given points of the table; `seed` seeds the noise.
///
/// # Errors
/// Fewer than two factors vary.
pub fn of_points(table: &CodeTable, points: &[u32], seed: u64) -> Result<Outcome, MetricError> {
    let varying = table.needs_varying(Metric::Infomec, 2)?;
    let labels: Vec<Vec<u16>> = varying
        .iter()
        .map(|&factor| labels(table, points, factor))
        .collect();
    let sample = Sample {
        table,
        points,
        varying,
        entropies: labels.iter().map(|labels| entropy(labels)).collect(),
        labels,
    };
    let levels = levels::of_table(table);
    let estimator = match &levels {
        Some(levels) if levels.iter().any(Levels::is_left_out) => Some(DISCRETE_BUT_DEAD),
        Some(_) => Some(DISCRETE),
        None => levels::are_mostly_few(&sample).then_some(MOSTLY_DISCRETE),
    };
    let Estimates {
        shares,
        active,
        explained,
    } = match &levels {
        Some(levels) => discrete::estimate(&sample, levels),
        None => continuous::estimate(&sample, seed),
    };

    let n_active = active.iter().filter(|&&active| active).count();
    let rows: Vec<&Vec<f64>> = shares
        .iter()
        .zip(&active)
        .filter(|(_, active)| **active)
        .map(|(row, _)| row)
        .collect();
    let by_factor = |factor: usize| -> Vec<f64> { rows.iter().map(|row| row[factor]).collect() };
    // Zero is added, because the sum of no rows is minus zero.
    let infom =
        (0.0 + rows.iter().map(|row| concentration(row)).sum::<f64>()) / n_active.max(1) as f64;
    let infoc = (0..varying.len())
        .map(|factor| concentration(&by_factor(factor)))
        .sum::<f64>();
    let spread = |values: &[f64], n_rows: usize| -> Vec<f64> {
        let mut all = vec![0.0; n_rows * table.grid().n_factors()];
        for (row, values) in all
            .chunks_exact_mut(table.grid().n_factors())
            .zip(values.chunks_exact(varying.len()))
        {
            for (&factor, value) in varying.iter().zip(values) {
                row[factor] = *value;
            }
        }
        all
    };
    let one_active = (n_active == 1).then_some(ONE_ACTIVE);
    Ok(Outcome {
        notes: estimator.into_iter().chain(one_active).collect(),
        quantities: vec![
            ("infom", infom),
            (
                "infoe",
                explained.iter().sum::<f64>() / explained.len() as f64,
            ),
            ("infoc", infoc / varying.len() as f64),
            ("n_active_codes", n_active as f64),
        ],
        matrices: vec![
            Matrix::codes_by_factors(
                "normalised_mutual_information",
                table,
                spread(&shares.concat(), table.n_codes()),
            ),
            Matrix::by_factor(
                "explained_share_of_entropy",
                "explained",
                table,
                spread(&explained, 1),
            ),
        ],
    })
}

/// Some points of a table, with their factor values.
struct Sample<'a> {
    table: &'a CodeTable<'a>,
    points: &'a [u32],
    /// Factors that vary.
    varying: &'a [usize],
    /// Value of each varying factor, `[n_varying][n_points]`.
    labels: Vec<Vec<u16>>,
    /// Entropy of each varying factor over the points, in nats.
    entropies: Vec<f64>,
}

impl Sample<'_> {
    /// Values that the varying factor at `position` may have.
    fn n_values(&self, position: usize) -> usize {
        self.table.grid().sizes()[self.varying[position]]
    }

    /// Mutual information with the varying factor at `position`, as a share of the factor's entropy.
    fn share(&self, nats: f64, position: usize) -> f64 {
        match self.entropies[position] {
            0.0 => 0.0,
            entropy => nats / entropy,
        }
    }
}

/// The estimates that InfoMEC is computed from.
struct Estimates {
    /// Mutual information of each code with each varying factor, as a share of the factor's entropy.
    shares: Vec<Vec<f64>>,
    /// Whether each code is active.
    active: Vec<bool>,
    /// Share of each varying factor's entropy that a linear classifier on all codes predicts.
    explained: Vec<f64>,
}

/// The share of a factor's entropy that a classifier predicts.
fn predicted(fit: &BalancedFit) -> f64 {
    // Because classes are weighted equally, a classifier without codes predicts equal probabilities.
    let nothing = (fit.n_classes as f64).ln();
    if nothing == 0.0 {
        0.0
    } else {
        (1.0 - fit.cross_entropy_nats / nothing).clamp(0.0, 1.0)
    }
}

/// Values of a factor at some points. If a factor has more than 2^16 values, several values share a label.
fn labels(table: &CodeTable, points: &[u32], factor: usize) -> Vec<u16> {
    points
        .iter()
        .map(|&point| table.grid().value(point as usize, factor) as u16)
        .collect()
}

/// Plug-in entropy of labels, in nats.
fn entropy(labels: &[u16]) -> f64 {
    let mut counts = vec![0_u32; usize::from(u16::MAX) + 1];
    for &label in labels {
        counts[usize::from(label)] += 1;
    }
    let n = labels.len() as f64;
    let share = |&count: &u32| f64::from(count) / n;
    counts
        .iter()
        .filter(|&&count| 0 < count)
        .map(|count| -share(count) * share(count).ln())
        .sum()
}

/// The concentration of some values: 1 if all but one are 0; 0 if all are equal or if there are none.
fn concentration(values: &[f64]) -> f64 {
    let total: f64 = values.iter().sum();
    let largest = values.iter().copied().fold(0.0, f64::max);
    if total == 0.0 {
        return 0.0;
    }
    if values.len() == 1 {
        return 1.0;
    }
    let chance = 1.0 / values.len() as f64;
    ((largest / total - chance) / (1.0 - chance)).clamp(0.0, 1.0)
}

/// The approximate time of a score on one core, in nanoseconds.
fn nanoseconds(work: &Work) -> f64 {
    let Work {
        points,
        codes,
        factors,
        values,
        ..
    } = *work;
    points * (200.0 * (codes + 1.0) * values + 200.0 * codes * factors)
        + 4.0 * products(points, codes)
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let (n_codes, n_points) = (scoring.n_codes(), scoring.n_points(variant));
    let n_classes = scoring.n_classes(n_points);
    let n_labels = scoring.n_classes(usize::MAX);
    let sample =
        array_bytes::<u16>(&[n_points, scoring.n_varying()]) + array_bytes::<u32>(&[n_points]);
    if let Some(levels) = levels::of_table(scoring.table) {
        let of_classes = [n_classes, n_labels];
        return sample + discrete::bytes(n_points, &levels, of_classes, scoring.n_threads);
    }
    // The sorted noisy values of a code with their points, and positions by label, in vectors with up to twice the
    // needed capacity.
    let of_code = array_bytes::<f64>(&[n_points, 3])
        + array_bytes::<u32>(&[n_points, 3])
        + array_bytes::<Vec<u32>>(&[n_labels]);
    // All codes three times: standardised, as features, and as decorrelated features.
    let fit = 2 * array_bytes::<f64>(&[n_points, n_codes])
        + balanced_logistic::bytes(n_points, n_codes, n_classes);
    sample + array_bytes::<f64>(&[n_points, n_codes]) + scoring.by_code(of_code).max(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concentration_of_hand_made_shares() {
        assert_eq!(concentration(&[0.0, 2.0, 0.0]), 1.0);
        assert_eq!(concentration(&[1.0, 1.0]), 0.0);
        assert!((concentration(&[3.0, 1.0]) - 0.5).abs() < 1e-15);
        assert_eq!(concentration(&[0.0, 0.0]), 0.0);
        assert_eq!((concentration(&[0.3]), concentration(&[0.0])), (1.0, 0.0));
        assert_eq!(concentration(&[]), 0.0);
    }

    #[test]
    fn a_perfect_code_beside_a_dead_one_scores_one() {
        let codes: Vec<f32> = (0..600)
            .flat_map(|point| [(point / 100) as f32, (point % 100 / 20) as f32, 0.5])
            .collect();
        let table = CodeTable::new(&codes, 3, &[6, 5, 20]).unwrap();
        let outcome = exact(&table).unwrap();
        assert_eq!(outcome.quantity("n_active_codes"), Some(2.0));
        // No code encodes the third factor, so its explicitness is 0 and its compactness is due to chance.
        let explained = &outcome.matrix("explained_share_of_entropy").unwrap().values;
        assert!(
            explained[0] > 0.9999 && explained[1] > 0.9999 && explained[2] < 1e-6,
            "{explained:?}"
        );
        assert!(0.9 < outcome.headline(), "{outcome:?}");
    }

    #[test]
    fn a_score_of_one_active_code_says_that_infoc_is_left_to_chance() {
        let codes: Vec<f32> = (0..600)
            .flat_map(|point| [(point / 100) as f32, 0.5, 1e-3 * (point % 7) as f32])
            .collect();
        let notes = |codes: &[f32], n_codes| {
            let table = CodeTable::new(codes, n_codes, &[6, 5, 20]).unwrap();
            exact(&table).unwrap().notes
        };
        assert_eq!(notes(&codes, 3), [DISCRETE]);
        let one: Vec<f32> = codes.iter().copied().step_by(3).collect();
        assert_eq!(notes(&one, 1), [DISCRETE, ONE_ACTIVE]);
        let continuous = |spare: f32| -> Vec<f32> {
            let value = |point: usize| (point as f32 * 0.37).sin();
            (0..600)
                .flat_map(|point| [value(point), spare * value(7 * point)])
                .collect()
        };
        assert_eq!(notes(&continuous(1e-3), 2), [ONE_ACTIVE]);
        assert_eq!(notes(&continuous(1.0), 2), [""; 0]);
    }

    #[test]
    fn a_study_of_few_points_takes_each_of_them_once() {
        // Copies of a point would be its nearest neighbours, and noise codes would then seem to have all information.
        let hash = |point: usize| (point * 2_654_435_761 % 1_000_003) as f32;
        let codes: Vec<f32> = (0..6000).map(|point| hash(point + 17)).collect();
        let table = CodeTable::new(&codes, 1, &[10, 20, 30]).unwrap();
        let (study, exact) = (study(&table, 1).unwrap(), exact(&table).unwrap());
        let information = |outcome: &Outcome| {
            outcome
                .matrix("normalised_mutual_information")
                .unwrap()
                .values
                .clone()
        };
        let all = information(&study).into_iter().zip(information(&exact));
        assert!(
            all.into_iter()
                .all(|(study, exact)| (study - exact).abs() < 0.01)
        );
    }

    #[test]
    fn constant_codes_score_zero() {
        let outcome = exact(&CodeTable::new(&[0.1; 24], 2, &[3, 4]).unwrap()).unwrap();
        let values: Vec<f64> = outcome.quantities.iter().map(|(_, value)| *value).collect();
        assert!(values.iter().all(|value| value.abs() < 1e-12), "{values:?}");
    }
}
