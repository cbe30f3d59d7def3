//! Unsupervised scores measure the dependence between codes: Gaussian total correlation, Gaussian Wasserstein
//! correlation, and mean pairwise mutual information.
//!
//! They do not use the factors. With the covariance Σ of the codes (divisor n - 1) and its diagonal D:
//!
//! - `gaussian_total_correlation_nats` is `½ (Σ_d ln Σ_dd - ln det Σ)`, the KL divergence of a Gaussian from the
//!   product of its marginals;
//! - `gaussian_wasserstein_correlation` is `2 tr Σ - 2 tr √(D^½ Σ D^½)`, the squared Wasserstein distance between these
//!   two distributions, in squared units of the codes; `…_normalised` is this value divided by `tr Σ`;
//! - `mean_pairwise_information_nats` is the mean, over pairs of codes, of the plug-in mutual information with 20 bins
//!   per code.
//!
//! From Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations"
//! (section 5.2 and appendix), with disentanglement_lib's study settings.
//!
//! - Range: at least 0, lower is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid
//!   once.
//! - Cost: two passes over the table (exact), a few milliseconds (study), with ten codes. Pairs grow with the square of
//!   the number of codes and eigenvalues with its cube, so hundreds of codes take minutes.
//! - A constant code is independent of all others. It is excluded from the total correlation and adds 0 to the other
//!   scores. Its pairs count in the mean. If fewer than two codes vary, all scores are 0. (disentanglement_lib returns
//!   NaN if one code is constant.)
//! - Codes that determine each other linearly have infinite total correlation. Single precision cannot distinguish
//!   exact from nearly exact linear dependence. Eigenvalues of the correlation matrix are therefore clamped to at least
//!   1e-12, so each dependent direction adds 13.8 nats.
//! - With a single code, `mean_pairwise_information_nats` is 0.
//!
//! Pitfalls: these scores do not measure disentanglement: a rotation of independent Gaussian codes of equal variance
//! does not change the Gaussian scores. Total correlation of *means* can rise with regularisation while that of
//! *samples* falls. A nearly collapsed code adds almost 0 to the Wasserstein correlation, but has full weight in the
//! other two scores.

use unravel_score::{Direction, Variant};

use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::{Work, products};
use crate::counts::{bins_of, mutual_information};
use crate::definition::{Definition, Quantity};
use crate::discretise::{EqualWidthBins, N_BINS};
use crate::error::MetricError;
use crate::moments::Moments;
use crate::outcome::{Matrix, Outcome, codes_by_codes_bytes};
use crate::parallel_count::{n_accumulators, parallel_count};
use crate::sampling::{Purpose, study_points};
use crate::symmetric::eigenvalues;
use crate::table::CodeTable;

/// The definition of the unsupervised scores: their texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "Unsupervised scores",
    one_line: "dependence between codes, from their covariance and from their pairwise mutual information",
    paper: "Locatello et al. 2019, Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations",
    quantities: &[
        Quantity::unbounded(
            "gaussian_total_correlation_nats",
            Direction::LowerIsBetter,
            "total correlation of a Gaussian distribution with the codes' covariance",
        ),
        Quantity::unbounded(
            "gaussian_wasserstein_correlation",
            Direction::LowerIsBetter,
            "squared Wasserstein distance of that Gaussian from the product of its marginals",
        ),
        Quantity {
            name: "gaussian_wasserstein_correlation_normalised",
            range: [0.0, 2.0],
            direction: Direction::LowerIsBetter,
            one_line: "`gaussian_wasserstein_correlation` divided by the total variance",
        },
        Quantity::unbounded(
            "mean_pairwise_information_nats",
            Direction::LowerIsBetter,
            "mean mutual information of two codes, with 20 bins per code",
        ),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
    ],
    is_slow: |_| false,
    nanoseconds: |work, _| nanoseconds(work),
    bytes,
    outcome_bytes: codes_by_codes_bytes,
};

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("unsupervised/points");

/// Smallest eigenvalue of a correlation matrix that codes in single precision can have.
const SMALLEST_EIGENVALUE: f64 = 1e-12;

/// Rows counted by one task.
const ROWS_PER_TASK: usize = 65_536;

/// The scores of 10,000 random points.
///
/// # Errors
/// None at present: every table has these scores.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let points = study_points(table.grid(), POINTS, seed);
    let codes: Vec<f32> = points
        .iter()
        .flat_map(|&point| table.row(point as usize))
        .copied()
        .collect();
    let sample = CodeTable::new(&codes, table.n_codes(), &[points.len()])?;
    Ok(outcome(
        table,
        &Moments::of_grid(&sample),
        pairwise_information(&sample),
    ))
}

/// The scores of the whole grid.
///
/// # Errors
/// None at present: every table has these scores.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    Ok(outcome(
        table,
        &Moments::of_grid(table),
        pairwise_information(table),
    ))
}

/// `information` is `[n_codes, n_codes]`, with a diagonal of zeros.
fn outcome(table: &CodeTable, moments: &Moments, information: Vec<f64>) -> Outcome {
    let n_codes = table.n_codes();
    let variances = moments.variances();
    let wasserstein = wasserstein_correlation(&moments.covariance, &variances);
    let total: f64 = variances.iter().sum();
    let n_pairs = (n_codes * (n_codes - 1)).max(1) as f64;
    let normalised = if total == 0.0 {
        0.0
    } else {
        wasserstein / total
    };
    let between_codes = |name: &str, values| Matrix {
        name: name.to_owned(),
        row_names: table.code_names(),
        col_names: table.code_names(),
        values,
    };
    Outcome {
        notes: Vec::new(),
        quantities: vec![
            (
                "gaussian_total_correlation_nats",
                total_correlation(&moments.covariance, &variances),
            ),
            ("gaussian_wasserstein_correlation", wasserstein),
            ("gaussian_wasserstein_correlation_normalised", normalised),
            (
                "mean_pairwise_information_nats",
                information.iter().sum::<f64>() / n_pairs,
            ),
        ],
        matrices: vec![
            between_codes("covariance", moments.covariance.clone()),
            between_codes("mutual_information_nats", information),
        ],
    }
}

/// Half the sum of `-ln λ` over the eigenvalues of the correlation matrix of the codes that vary.
fn total_correlation(covariance: &[f64], variances: &[f64]) -> f64 {
    let n_codes = variances.len();
    let varying: Vec<usize> = (0..n_codes).filter(|&code| 0.0 < variances[code]).collect();
    let correlation = varying
        .iter()
        .flat_map(|&a| varying.iter().map(move |&b| (a, b)));
    let correlation: Vec<f64> = correlation
        .map(|(a, b)| match a == b {
            true => 1.0,
            false => covariance[a * n_codes + b] / variances[a].sqrt() / variances[b].sqrt(),
        })
        .collect();
    let logs = eigenvalues(correlation, varying.len())
        .into_iter()
        .map(|lambda| -lambda.max(SMALLEST_EIGENVALUE).ln());
    (0.5 * logs.sum::<f64>()).max(0.0)
}

fn wasserstein_correlation(covariance: &[f64], variances: &[f64]) -> f64 {
    let n_codes = variances.len();
    let scaled: Vec<f64> = covariance
        .iter()
        .enumerate()
        .map(|(at, value)| value * variances[at / n_codes].sqrt() * variances[at % n_codes].sqrt())
        .collect();
    let roots = eigenvalues(scaled, n_codes)
        .into_iter()
        .map(|lambda| lambda.max(0.0).sqrt());
    let total: f64 = variances.iter().sum();
    // Without correlation, it is zero up to rounding errors.
    (2.0 * total - 2.0 * roots.sum::<f64>()).max(0.0)
}

/// Plug-in mutual information of each pair of binned codes, in nats, `[n_codes, n_codes]`; zero on the diagonal.
fn pairwise_information(table: &CodeTable) -> Vec<f64> {
    let n_codes = table.n_codes();
    let mut pairs: Vec<(usize, usize)> = Vec::with_capacity(n_pairs(n_codes));
    pairs.extend((0..n_codes).flat_map(|a| (0..a).map(move |b| (a, b))));
    let bins = bins_of(table.ranges());
    let counts = parallel_count(
        table.codes(),
        ROWS_PER_TASK * n_codes,
        || vec![[0_u32; N_BINS * N_BINS]; pairs.len()],
        |counts, _, rows| count_pairs(rows, &bins, counts),
        |mut sum, counts| {
            for (sum, count) in sum.iter_mut().flatten().zip(counts.iter().flatten()) {
                *sum += count;
            }
            sum
        },
    );
    let mut information = vec![0.0; n_codes * n_codes];
    for (&(a, b), counts) in pairs.iter().zip(&counts) {
        let nats = mutual_information(counts, table.grid().n_points() as u64);
        information[a * n_codes + b] = nats;
        information[b * n_codes + a] = nats;
    }
    information
}

/// Adds up the joint bin counts of each pair of codes, in the order (1, 0), (2, 0), (2, 1), …
fn count_pairs(rows: &[f32], bins: &[EqualWidthBins], counts: &mut [[u32; N_BINS * N_BINS]]) {
    let mut found = vec![0; bins.len()];
    for row in rows.chunks_exact(bins.len()) {
        for ((found, &x), bins) in found.iter_mut().zip(row).zip(bins) {
            *found = bins.bin(x);
        }
        let mut tables = counts.iter_mut();
        for (code, bin) in found.iter().enumerate() {
            for (other, table) in found[..code].iter().zip(&mut tables) {
                table[bin * N_BINS + other] += 1;
            }
        }
    }
}

fn n_pairs(n_codes: usize) -> usize {
    n_codes * (n_codes - 1) / 2
}

/// The maximum number of bytes for the scores of this number of points and threads: the moments, plus the larger of the
/// count tables of all pairs and the resulting matrices for the eigenvalues.
fn counting_bytes(n_codes: usize, n_points: usize, n_threads: usize) -> Bytes {
    let square = array_bytes::<f64>(&[n_codes, n_codes]);
    let n_tables = n_accumulators(n_points.div_ceil(ROWS_PER_TASK), n_threads);
    let n_pairs = n_pairs(n_codes);
    let counting = array_bytes::<(usize, usize)>(&[n_pairs])
        + array_bytes::<[u32; N_BINS * N_BINS]>(&[n_pairs, n_tables])
        + square;
    let moments = Moments::bytes(n_codes, n_points);
    moments.max(Moments::bytes_kept(n_codes) + counting.max(3 * square))
}

/// The approximate time of a score on one core, in nanoseconds: counting every pair in bins, and the eigenvalues of two
/// matrices by Jacobi rotations.
fn nanoseconds(work: &Work) -> f64 {
    let Work { points, codes, .. } = *work;
    1.2 * points * codes * codes + products(points, codes) + 270.0 * codes.powi(3)
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let (n_codes, n_points) = (scoring.n_codes(), scoring.n_points(variant));
    let sample = match variant {
        // Twice, because a growing vector has up to twice the needed capacity.
        Variant::Study => 2 * array_bytes::<u32>(&[n_points, n_codes + 1]),
        _ => 0,
    };
    sample + counting_bytes(n_codes, n_points, scoring.n_threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(codes: &[f32], n_codes: usize) -> [f64; 4] {
        let table = CodeTable::new(codes, n_codes, &[codes.len() / n_codes]).unwrap();
        let outcome = exact(&table).unwrap();
        let values: Vec<f64> = outcome.quantities.iter().map(|(_, value)| *value).collect();
        values.try_into().unwrap()
    }

    #[test]
    fn two_correlated_codes_have_their_closed_forms() {
        // Variance 4/3 each and covariance 2/3: correlation ½.
        let codes = [1.0, 1.0, 1.0, 0.0, -1.0, 0.0, -1.0, -1.0];
        let codes: Vec<f32> = codes.into_iter().collect();
        let table = CodeTable::new(&codes, 2, &[4]).unwrap();
        let moments = Moments::of_grid(&table);
        let rho = moments.covariance[1] / (moments.covariance[0] * moments.covariance[3]).sqrt();
        let [total, wasserstein, normalised, _] = scores(&codes, 2);
        assert!((total + 0.5 * (1.0 - rho * rho).ln()).abs() < 1e-14);
        // Of codes with variances a and b, √(D^½ Σ D^½) has trace √(a² + b² + 2 a b √(1 - ρ²)).
        let (a, b) = (moments.covariance[0], moments.covariance[3]);
        let root = (a * a + b * b + 2.0 * a * b * (1.0 - rho * rho).sqrt()).sqrt();
        assert!((wasserstein - 2.0 * (a + b - root)).abs() < 1e-14);
        assert!((normalised - wasserstein / (a + b)).abs() < 1e-15);
    }

    #[test]
    fn independent_codes_score_zero() {
        let codes: Vec<f32> = (0..12)
            .flat_map(|x| [(x / 4) as f32, (x % 4) as f32])
            .collect();
        let found = scores(&codes, 2);
        assert!(found.iter().all(|score| score.abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn constant_codes_are_independent_of_all_others() {
        assert_eq!(scores(&[0.1; 30], 3), [0.0; 4]);
        let codes: Vec<f32> = (0..12).flat_map(|x| [x as f32, (x * x) as f32]).collect();
        let with_constant: Vec<f32> = codes
            .chunks(2)
            .flat_map(|row| [row[0], 0.1, row[1]])
            .collect();
        let (without, with) = (scores(&codes, 2), scores(&with_constant, 3));
        assert!((0..3).all(|k| (without[k] - with[k]).abs() < 1e-12 * without[k]));
        // One pair of three.
        assert!((without[3] - 3.0 * with[3]).abs() < 1e-15);
    }

    #[test]
    fn a_copied_code_has_a_large_total_correlation_and_not_an_infinite_one() {
        let codes: Vec<f32> = (0..50).flat_map(|x| [(x as f32).sin(); 2]).collect();
        let [total, wasserstein, normalised, _] = scores(&codes, 2);
        assert!((13.4..13.9).contains(&total), "{total}");
        assert!((normalised - (2.0 - 2_f64.sqrt())).abs() < 1e-9 && 0.0 < wasserstein);
    }
}
