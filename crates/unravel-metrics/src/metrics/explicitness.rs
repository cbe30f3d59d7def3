//! Explicitness: how well a linear classifier on all codes ranks the points of each factor value above the others.
//!
//! For each factor a multinomial logistic regression is trained on standardised codes. For each value of the factor,
//! the area under the ROC curve of its predicted probability is computed. The score is the mean over values, then over
//! factors. From Ridgeway & Mozer 2018, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (section on
//! evaluating disentanglement), with disentanglement_lib's study settings: 10,000 points to train on and 5,000 to test
//! on, drawn with replacement, and the classifier of scikit-learn 1.5 (`C = 1`), trained to convergence.
//!
//! *Lin 2020*: the protocol of Lin et al. 2020 ([`crate::lin_2020`]). It uses one sigmoid per value with a penalised
//! intercept ([`crate::estimators::one_vs_rest`]) on the unscaled codes of 73,728 points. The areas are measured on the
//! training points.
//!
//! - Range 0 to 1, higher is better; 0.5 is chance. The paper rescales chance to 0. disentanglement_lib and unravel do
//!   not.
//! - Cost: a logistic regression with up to 40 classes for each factor of dSprites, about 0.1 s; a few seconds for
//!   lin-2020.
//! - Codes are standardised by the mean and the standard deviation of the training points. A constant code is set to 0
//!   and has no effect (disentanglement_lib divides by zero and returns no score). If all codes are constant, the score
//!   is 0.5.
//! - A value that does not occur in the test sample is excluded from the sample's mean (scikit-learn fails). A value
//!   that occurs only in the test sample counts as chance (0.5). A factor with a single value is ignored. At least one
//!   factor must vary.
//!
//! The matrix `classifier_weight` shows which codes predict which factor. Each entry is the root mean square, over the
//! classes, of the weight of the standardised code.
//!
//! Pitfalls: all codes are standardised, so codes of very small scale have full weight. A rotation of the codes does
//! not change the score, so explicitness does not measure disentanglement. On small grids, many test points are also
//! training points, so `explicitness_test` is close to `explicitness_train`. The area hardly depends on the number of
//! values: with 40 values, an area of 0.98 still means poor classification. scikit-learn before 0.22 defaulted to
//! one-versus-rest classifiers: a perfect representation then has 0.93 instead of 0.98.

mod lin_2020;

use rayon::prelude::*;
use unravel_score::{Metric, Variant};

pub use self::lin_2020::{lin_2020, lin_2020_of_points};
use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::{TRAINED, Work, logistic};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::logistic::LogisticRegression;
use crate::estimators::one_vs_rest::OneVsRest;
use crate::estimators::roc::area_under_curve;
use crate::lin_2020::N_POINTS;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::samples::{Examples, SampleSizes, Split};
use crate::sampling::Purpose;
use crate::table::CodeTable;

/// The definition of explicitness: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "Explicitness",
    one_line: "how well a linear classifier on all codes ranks the points of a factor value above the others",
    paper: "Ridgeway & Mozer 2018, Learning Deep Disentangled Embeddings with the F-Statistic Loss",
    quantities: &[
        Quantity::score(
            "explicitness_test",
            "mean area under the ROC curve on test points; in the lin-2020 variant, on the training points",
        ),
        Quantity::score(
            "explicitness_train",
            "mean area under the ROC curve on the training points",
        ),
    ],
    variants: &[(Variant::Study, study), (Variant::Lin2020, lin_2020)],
    is_slow: |_| true,
    nanoseconds,
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The training points of the classifiers.
pub const TRAIN: Purpose = Purpose::new("explicitness/train");
/// The test points.
pub const TEST: Purpose = Purpose::new("explicitness/test");

/// Explicitness with the study's settings.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_sizes(table, SampleSizes::STUDY, seed)
}

/// Explicitness on other numbers of points.
///
/// # Errors
/// No factor varies.
pub fn with_sizes(
    table: &CodeTable,
    sizes: SampleSizes,
    seed: u64,
) -> Result<Outcome, MetricError> {
    let split = Split::draw(table.grid(), sizes, [TRAIN, TEST], seed, 0);
    of_points(table, &split)
}

/// Explicitness from the given points of the table; a point may occur more than once.
///
/// # Errors
/// No factor varies.
pub fn of_points(table: &CodeTable, split: &Split) -> Result<Outcome, MetricError> {
    let varying = table.needs_varying(Metric::Explicitness, 1)?;
    let n_codes = table.n_codes();
    let train = Examples::of_points(table, &split.train);
    let test = Examples::of_points(table, &split.test);
    let scaling = Scaling::of(&train.codes, n_codes);
    let (train_codes, test_codes) = (scaling.apply(&train.codes), scaling.apply(&test.codes));
    let n_factors = table.grid().n_factors();
    let (mut on_train, mut on_test) = (vec![0.0; n_factors], vec![0.0; n_factors]);
    let mut weights = vec![0.0; n_codes * n_factors];
    for &factor in varying {
        let labels = &train.labels[factor];
        let model = LogisticRegression::default().fit(&train_codes, n_codes, labels);
        for (code, row) in weights.chunks_exact_mut(n_factors).enumerate() {
            let of_classes = 0..model.classes().len();
            row[factor] = root_mean_square(of_classes.map(|k| model.coefficients(k)[code]));
        }
        let area = |codes: &[f64], labels: &[usize]| {
            let probabilities = |row: &[f64]| model.probabilities(row);
            mean_area(model.classes(), probabilities, codes, n_codes, labels)
        };
        on_train[factor] = area(&train_codes, labels);
        on_test[factor] = area(&test_codes, &test.labels[factor]);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / varying.len() as f64;
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("explicitness_test", mean(&on_test)),
            ("explicitness_train", mean(&on_train)),
        ],
        matrices: vec![
            Matrix::codes_by_factors("classifier_weight", table, weights),
            Matrix::by_factor("area_test_per_factor", "area", table, on_test),
            Matrix::by_factor("area_train_per_factor", "area", table, on_train),
        ],
    })
}

/// The root mean square of a code's weights for the classes of a factor.
fn root_mean_square(weights: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n_classes = weights.len() as f64;
    (weights.map(|weight| weight * weight).sum::<f64>() / n_classes).sqrt()
}

/// The mean, over the labels that occur, of the area under the ROC curve of their probability; 0.5 if no label has an
/// area. Each row has one probability for each of the `classes`, in ascending order.
fn mean_area(
    classes: &[usize],
    probabilities: impl Fn(&[f64]) -> Vec<f64> + Sync + Send,
    codes: &[f64],
    n_codes: usize,
    labels: &[usize],
) -> f64 {
    let rows: Vec<Vec<f64>> = codes.par_chunks(n_codes).map(probabilities).collect();
    let n_labels = labels.iter().max().map_or(0, |&label| label + 1);
    let area = |label: usize| {
        let is_member: Vec<bool> = labels.iter().map(|&found| found == label).collect();
        // A label that is not in the training sample has the same probability in every row.
        let class = classes.binary_search(&label);
        let scores: Vec<f64> = rows
            .iter()
            .map(|row| class.map_or(0.0, |class| row[class]))
            .collect();
        area_under_curve(&scores, &is_member)
    };
    let areas: Vec<Option<f64>> = (0..n_labels).into_par_iter().map(area).collect();
    let areas: Vec<f64> = areas.into_iter().flatten().collect();
    if areas.is_empty() {
        return 0.5;
    }
    areas.iter().sum::<f64>() / areas.len() as f64
}

/// Standardises codes to mean 0 and standard deviation 1.
struct Scaling {
    means: Vec<f64>,
    /// 1 divided by the standard deviation; 0 for constant codes.
    scales: Vec<f64>,
}

impl Scaling {
    /// That of some codes, `[n, n_codes]`.
    fn of(codes: &[f32], n_codes: usize) -> Self {
        let of_code = |code: usize| {
            let values = || codes.iter().skip(code).step_by(n_codes).copied();
            let n = values().count().max(1) as f64;
            let mean = values().map(f64::from).sum::<f64>() / n;
            let variance = values().map(|x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
            let varies = values().any(|x| Some(x) != values().next());
            (mean, if varies { variance.sqrt().recip() } else { 0.0 })
        };
        let (means, scales) = (0..n_codes).map(of_code).unzip();
        Self { means, scales }
    }

    fn apply(&self, codes: &[f32]) -> Vec<f64> {
        let scaled = |row: &[f32]| -> Vec<f64> {
            let columns = row.iter().zip(self.means.iter().zip(&self.scales));
            columns
                .map(|(&x, (mean, scale))| (f64::from(x) - mean) * scale)
                .collect()
        };
        let mut all = Vec::with_capacity(codes.len());
        all.extend(codes.chunks_exact(self.means.len()).flat_map(scaled));
        all
    }
}

/// The approximate time of a score on one core, in nanoseconds.
fn nanoseconds(work: &Work, variant: Variant) -> f64 {
    match variant {
        Variant::Study => logistic(TRAINED, work.codes, work.values),
        _ => 0.5 * logistic(work.points, work.codes, work.values),
    }
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let n_codes = scoring.n_codes();
    let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
    let (n_fitted, n_held) = match variant {
        Variant::Lin2020 => (N_POINTS, N_POINTS),
        _ => (n_train, n_train + n_test),
    };
    let n_classes = scoring.n_classes(n_fitted);
    let fit = match variant {
        Variant::Lin2020 => OneVsRest::bytes(n_fitted, n_codes, n_classes, scoring.n_threads),
        _ => LogisticRegression::bytes(n_fitted, n_codes, n_classes),
    };
    // A vector of probabilities for each row, and the probabilities of the current label for each thread.
    let areas = array_bytes::<Vec<f64>>(&[n_fitted])
        + array_bytes::<f64>(&[n_fitted, n_classes])
        + array_bytes::<f64>(&[n_fitted, 3, n_classes.min(scoring.n_threads)]);
    Examples::bytes(scoring.table, n_held) + array_bytes::<f64>(&[n_held, n_codes]) + fit.max(areas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_of_one_code_are_told_apart_and_constants_are_not() {
        let sizes = SampleSizes {
            n_train: 400,
            n_test: 200,
        };
        let codes: Vec<f32> = (0..8).flat_map(|point| [(point / 4) as f32, 0.1]).collect();
        let outcome = with_sizes(&CodeTable::new(&codes, 2, &[2, 4]).unwrap(), sizes, 1).unwrap();
        let areas = outcome.matrix("area_test_per_factor").unwrap();
        assert_eq!(areas.at(0, 0), 1.0);
        assert!((areas.at(0, 1) - 0.5).abs() < 0.1);
        let constant = [0.1; 16];
        let outcome =
            with_sizes(&CodeTable::new(&constant, 2, &[2, 4]).unwrap(), sizes, 1).unwrap();
        assert_eq!(outcome.headline(), 0.5);
    }

    #[test]
    fn values_that_a_sample_lacks_are_left_out() {
        let codes: Vec<f32> = (0..6).map(|point| point as f32).collect();
        let table = CodeTable::new(&codes, 1, &[6]).unwrap();
        let split = Split {
            train: vec![0, 1, 2, 0, 1, 2],
            test: vec![0, 2, 5],
        };
        let outcome = of_points(&table, &split).unwrap();
        // Value 0 ranks first for its class; value 2 ranks behind 5; 5 is not in the training sample, so it counts as
        // chance.
        assert!((outcome.headline() - (1.0 + 0.5 + 0.5) / 3.0).abs() < 1e-12);
    }
}
