//! InfoMEC: modularity, explicitness and compactness in nats instead of in models.
//!
//! With `NMI[j, k] = I(z_j; v_k) / H(v_k)`:
//!
//! - *InfoM* (modularity): for each active code the largest share of its row, `max_k NMI / Σ_k NMI`, mean over codes, rescaled so
//!   that `1/K` is 0;
//! - *InfoC* (compactness): for each factor the largest share of its column, mean over factors, rescaled so that one over the
//!   number of active codes is 0;
//! - *InfoE* (explicitness): the share of a factor's entropy that a linear classifier of all codes predicts,
//!   `1 - H(v | z) / H(v)`, mean over factors.
//!
//! From Hsu et al. 2023, "Disentanglement via Latent Quantization" (section 4). Mutual information is estimated from ten nearest
//! neighbours on standardised codes ([`SortedValues`]), prediction by multinomial logistic regression without penalty, classes
//! weighted equally, on the points it is scored on ([`balanced_logistic`]). A code is active if its range exceeds a twentieth of
//! the largest range.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//! - Cost: about a second (study), some ten seconds over 737,280 points (exact).
//! - Noise of 1e-10 standard deviations tells equal codes apart, as in scikit-learn. Under the exact variant its stream is fixed.
//! - A code or factor without any mutual information has no largest share and counts as 0 (the paper's code divides by zero).
//!   So does a constant code. If no code is active, all three are 0. With a single active code, InfoC is the share of factors it
//!   knows something of.
//! - A factor with a single value is left out. At least two factors must vary.
//!
//! Traps: InfoE needs linearity, so a code on a circle or a perfect but bent one scores lower. The paper's code stops its
//! classifier early, which matters where classes can be told apart without error: its InfoE is then up to 0.01 lower than here.
//! The paper uses points without replacement; with replacement a point may be its own neighbour's copy, which noise tells apart.
//! Shares of tiny information are shares nonetheless: a code of noise that is active counts in InfoM by chance.

use rayon::prelude::*;
use unravel_score::{Cost, Direction, Metric, Variant};

use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::balanced_logistic;
use crate::estimators::knn_information::SortedValues;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{Normals, Purpose, generator, study_points};
use crate::table::CodeTable;

/// What there is to say of InfoMEC, and what computes it.
pub const DEFINITION: Definition = Definition {
    title: "InfoMEC",
    one_line: "modularity, explicitness and compactness by nearest-neighbour mutual information and linear prediction",
    paper: "Hsu et al. 2023, Disentanglement via Latent Quantization",
    quantities: &[
        Quantity {
            name: "infom",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "modularity: how far each active code knows of one factor only",
        },
        Quantity {
            name: "infoe",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "explicitness: share of a factor's entropy that a linear classifier predicts",
        },
        Quantity {
            name: "infoc",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "compactness: how far each factor is known by one active code only",
        },
        Quantity {
            name: "n_active_codes",
            range: [0.0, f64::INFINITY],
            direction: Direction::Neither,
            one_line: "codes whose range exceeds a twentieth of the largest",
        },
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
    ],
    cost: |_| Cost::Seconds,
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("infomec/points");
/// The noise that tells equal codes apart.
pub const NOISE: Purpose = Purpose::new("infomec/noise");

const N_NEIGHBOURS: usize = 10;

/// Noise in standard deviations of a code.
const NOISE_SDS: f64 = 1e-10;

/// A code is active if its range is larger than this share of the largest range.
const ACTIVE_SHARE: f32 = 1.0 / 20.0;

/// InfoMEC of 10,000 random points.
///
/// # Errors
/// Fewer than two factors vary.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    of_points(table, &study_points(table.grid(), POINTS, seed), seed)
}

/// InfoMEC of the whole grid.
///
/// # Errors
/// Fewer than two factors vary.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    let points: Vec<u32> = (0..table.grid().n_points() as u32).collect();
    of_points(table, &points, 0)
}

/// InfoMEC of the given points of the table; `seed` is that of the noise.
///
/// # Errors
/// Fewer than two factors vary.
pub fn of_points(table: &CodeTable, points: &[u32], seed: u64) -> Result<Outcome, MetricError> {
    let varying = table.needs_varying(Metric::Infomec, 2)?;
    let columns: Vec<Column> = (0..table.n_codes())
        .into_par_iter()
        .map(|code| Column::new(table, points, code))
        .collect();
    let labels: Vec<Vec<u16>> = varying
        .iter()
        .map(|&factor| labels(table, points, factor))
        .collect();
    let entropies: Vec<f64> = labels.iter().map(|labels| entropy(labels)).collect();

    let widest = columns
        .iter()
        .map(|column| column.range)
        .fold(0.0, f32::max);
    let active: Vec<bool> = columns
        .iter()
        .map(|column| widest * ACTIVE_SHARE < column.range)
        .collect();
    let shares: Vec<Vec<f64>> = columns
        .par_iter()
        .enumerate()
        .map(|(code, column)| column.information(code, &labels, &entropies, table, varying, seed))
        .collect();
    let explained = explained(&columns, &labels);

    let n_active = active.iter().filter(|&&active| active).count();
    let rows: Vec<&Vec<f64>> = shares
        .iter()
        .zip(&active)
        .filter(|(_, active)| **active)
        .map(|(row, _)| row)
        .collect();
    let by_factor = |factor: usize| -> Vec<f64> { rows.iter().map(|row| row[factor]).collect() };
    // Added to zero, since no row at all adds up to minus zero.
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
    Ok(Outcome {
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

/// One code over some points.
struct Column {
    /// Mean 0 and standard deviation 1; zeros for a constant code.
    standardised: Vec<f64>,
    range: f32,
}

impl Column {
    fn new(table: &CodeTable, points: &[u32], code: usize) -> Self {
        let values: Vec<f32> = points
            .iter()
            .map(|&point| table.row(point as usize)[code])
            .collect();
        let (lo, hi) = values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(lo, hi), &x| {
                (lo.min(x), hi.max(x))
            });
        let n = values.len() as f64;
        // From the smallest value on, so that no large mean cancels.
        let above: Vec<f64> = values
            .iter()
            .map(|&x| f64::from(x) - f64::from(lo))
            .collect();
        let mean = above.iter().sum::<f64>() / n;
        let sd = (above.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let standardised = above
            .iter()
            .map(|x| if lo < hi { (x - mean) / sd } else { 0.0 })
            .collect();
        Self {
            standardised,
            range: hi - lo,
        }
    }

    /// Mutual information with each varying factor as a share of its entropy.
    fn information(
        &self,
        code: usize,
        labels: &[Vec<u16>],
        entropies: &[f64],
        table: &CodeTable,
        varying: &[usize],
        seed: u64,
    ) -> Vec<f64> {
        if self.range == 0.0 {
            return vec![0.0; labels.len()];
        }
        let noise = Normals::new(generator(seed, NOISE, code as u64));
        let noisy: Vec<f64> = self
            .standardised
            .iter()
            .zip(noise)
            .map(|(x, noise)| x + NOISE_SDS * noise)
            .collect();
        let sorted = SortedValues::new(&noisy);
        let share = |((labels, &entropy), &factor): ((&Vec<u16>, &f64), &usize)| {
            let nats = sorted.information(labels, table.grid().sizes()[factor], N_NEIGHBOURS);
            if entropy == 0.0 { 0.0 } else { nats / entropy }
        };
        labels
            .iter()
            .zip(entropies)
            .zip(varying)
            .map(share)
            .collect()
    }
}

/// Values of a factor at some points. A grid of at most 2^32 points whose factor has more than 2^16 values has few of others;
/// values then share labels.
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

/// How far the largest of some values is all there is: 1 if the others are 0, 0 if all are equal, or if there is nothing.
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

/// The share of each factor's entropy that a linear classifier of all codes predicts.
fn explained(columns: &[Column], labels: &[Vec<u16>]) -> Vec<f64> {
    let n_codes = columns.len();
    let n_points = labels[0].len();
    let mut features: Vec<f64> = Vec::with_capacity(n_points * n_codes);
    features.extend(
        (0..n_points)
            .flat_map(|point| columns.iter().map(move |column| column.standardised[point])),
    );
    let (features, n_features) = balanced_logistic::uncorrelated(features, n_codes);
    let share = |labels: &Vec<u16>| {
        let labels: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
        let fit = balanced_logistic::fit(&features, n_features, &labels);
        // Classes weighted equally, a classifier without codes gives each the same probability.
        let nothing = (fit.n_classes as f64).ln();
        if nothing == 0.0 {
            0.0
        } else {
            (1.0 - fit.cross_entropy_nats / nothing).clamp(0.0, 1.0)
        }
    };
    labels.iter().map(share).collect()
}

/// Bytes that a score holds at most, beside the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let (n_codes, n_points) = (scoring.n_codes(), scoring.n_points(variant));
    let n_classes = scoring.n_classes(n_points);
    // The noisy values of a code, sorted, with their points; and positions by label, in vectors that grew.
    let of_code = array_bytes::<f64>(&[n_points, 3])
        + array_bytes::<u32>(&[n_points, 3])
        + array_bytes::<Vec<u32>>(&[scoring.n_classes(usize::MAX)]);
    // All codes standardised, as features, and as features that are not correlated.
    let fit = 2 * array_bytes::<f64>(&[n_points, n_codes])
        + balanced_logistic::bytes(n_points, n_codes, n_classes);
    array_bytes::<f64>(&[n_points, n_codes])
        + array_bytes::<u16>(&[n_points, scoring.n_varying()])
        + array_bytes::<u32>(&[n_points])
        + scoring.by_code(of_code).max(fit)
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
        // The third factor is in no code: nothing explains it, and nothing is compact about it but by chance.
        let explained = &outcome.matrix("explained_share_of_entropy").unwrap().values;
        assert!(
            explained[0] > 0.9999 && explained[1] > 0.9999 && explained[2] < 1e-6,
            "{explained:?}"
        );
        assert!(0.9 < outcome.headline(), "{outcome:?}");
    }

    #[test]
    fn constant_codes_score_zero() {
        let outcome = exact(&CodeTable::new(&[0.1; 24], 2, &[3, 4]).unwrap()).unwrap();
        let values: Vec<f64> = outcome.quantities.iter().map(|(_, value)| *value).collect();
        assert!(values.iter().all(|value| value.abs() < 1e-12), "{values:?}");
    }
}
