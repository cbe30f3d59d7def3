//! The β-VAE score: the accuracy of a linear classifier that predicts which factor the two points of each pair share.
//!
//! For each example, a factor is drawn, and then 64 pairs of points with the same value of this factor. The features
//! are the mean absolute differences of the codes over the pairs. The label is the factor. Multinomial logistic
//! regression is trained on 10,000 examples and scored on 5,000 test examples. From Higgins et al. 2017, "β-VAE:
//! Learning Basic Visual Concepts with a Constrained Variational Framework" (section 3), with the settings of Locatello
//! et al. 2019. The classifier is that of scikit-learn 1.5, trained to convergence.
//!
//! *Lin 2020*: the protocol of Lin et al. 2020 ([`crate::lin_2020`]). It uses 500 examples of 50 pairs and cycles
//! through the factors. All points of an example share the factor's value. The accuracy is measured on the training
//! examples. The classifier has one sigmoid per factor and a penalised intercept ([`crate::estimators::one_vs_rest`]).
//!
//! - Range 0 to 1, higher is better; chance is 1 divided by the number of factors.
//! - Cost: 1,920,000 table look-ups and one logistic regression: about 0.2 s of CPU time with ten codes. The regression
//!   grows with the square of the number of codes, so hundreds of codes take minutes.
//! - Features are not scaled and the classifier's weights are penalised, so the score depends on the scale of the
//!   codes.
//! - The differences of a constant code are 0, so it does not affect the score. If all codes are constant, the score is
//!   near chance.
//! - A factor with a single value is never drawn. At least two factors must vary. If the rows are not a complete grid,
//!   pairs use only factor values with at least 10 rows ([`MIN_MATCHING_ROWS`](crate::MIN_MATCHING_ROWS)).
//! - There is no exact variant. With more and more pairs, the features of an example converge to constants that depend
//!   only on its factor. These constants nearly always differ between factors, so almost every representation would
//!   score 1.
//!
//! Pitfalls: the score can be 1 even if one factor is not encoded, because the classifier can recognise this factor by
//! exclusion (Kim & Mnih 2018). The paper discards the worst half of many repetitions and excludes the factor shape of
//! dSprites. unravel does neither. If the codes are small relative to the penalty, the score varies between seeds by
//! several hundredths. With codes of very different scales scikit-learn's solver stops before it has converged; its
//! accuracy then differs by up to 0.04 from that of the converged classifier. scikit-learn before 0.22 defaulted to
//! one-versus-rest classifiers with a penalised intercept. Their scores differ by up to 0.003.

mod lin_2020;

use rayon::prelude::*;
use unravel_score::{Metric, Variant};

pub use self::lin_2020::{lin_2020, lin_2020_of_groups};
use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::{LOOKED_AT, TRAINED, Work, logistic, look_ups};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::logistic::{LogisticModel, LogisticRegression};
use crate::estimators::one_vs_rest::OneVsRest;
use crate::lin_2020::{GROUP_SIZE, N_GROUPS};
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{PointSource, PointStream, Purpose, Seeded};
use crate::table::CodeTable;

/// The definition of the β-VAE score: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "β-VAE score",
    one_line: "accuracy of a linear classifier that predicts, from code differences, which factor the points of a pair share",
    paper: "Higgins et al. 2017, β-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework",
    quantities: &[
        Quantity::score(
            "eval_accuracy",
            "accuracy on test examples; in the lin-2020 variant, on the training examples",
        ),
        Quantity::score("train_accuracy", "accuracy on the training examples"),
    ],
    variants: &[(Variant::Study, study), (Variant::Lin2020, lin_2020)],
    is_slow: |_| false,
    nanoseconds,
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The training examples.
pub const TRAIN: Purpose = Purpose::new("beta-vae-score/train");
/// The test examples.
pub const EVAL: Purpose = Purpose::new("beta-vae-score/eval");

/// Examples made by one task.
const EXAMPLES_PER_TASK: usize = 64;

/// Sample sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Number of training examples.
    pub n_train: usize,
    /// Number of test examples.
    pub n_eval: usize,
    /// Pairs of points in an example.
    pub n_pairs: usize,
}

impl Settings {
    /// The settings of disentanglement_lib's study.
    pub const STUDY: Self = Self {
        n_train: 10_000,
        n_eval: 5_000,
        n_pairs: 64,
    };
}

/// The β-VAE score with the study's settings.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_source(table, &Settings::STUDY, &Seeded::new(table.grid(), seed))
}

/// The β-VAE score with other settings, or from other draws.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn with_source(
    table: &CodeTable,
    settings: &Settings,
    source: &impl PointSource,
) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::BetaVaeScore, 2)?;
    let train = Examples::draw(table, settings.n_train, settings.n_pairs, source, TRAIN);
    let eval = Examples::draw(table, settings.n_eval, settings.n_pairs, source, EVAL);
    let model = LogisticRegression::default().fit(&train.features, table.n_codes(), &train.labels);
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            (
                "eval_accuracy",
                model.accuracy(&eval.features, &eval.labels),
            ),
            (
                "train_accuracy",
                model.accuracy(&train.features, &train.labels),
            ),
        ],
        matrices: vec![
            Matrix::codes_by_factors(
                "mean_absolute_difference",
                table,
                train.feature_means(table),
            ),
            Matrix::codes_by_factors("classifier_weights", table, weights(&model, table)),
        ],
    })
}

/// Examples of the classification problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// Mean absolute differences of the codes of each example's pairs, `[n_examples, n_codes]`.
    pub features: Vec<f64>,
    /// The factor that each example's pairs share, `[n_examples]`.
    pub labels: Vec<usize>,
}

impl Examples {
    /// Draws `n_examples` examples of `n_pairs` pairs each.
    pub fn draw(
        table: &CodeTable,
        n_examples: usize,
        n_pairs: usize,
        source: &impl PointSource,
        purpose: Purpose,
    ) -> Self {
        let n_codes = table.n_codes();
        let mut features = vec![0.0; n_examples * n_codes];
        let mut labels = vec![0; n_examples];
        features
            .par_chunks_mut(EXAMPLES_PER_TASK * n_codes)
            .zip(labels.par_chunks_mut(EXAMPLES_PER_TASK))
            .enumerate()
            .for_each(|(task, (features, labels))| {
                let (mut first, mut second) = (vec![0; n_pairs], vec![0; n_pairs]);
                for (offset, (sums, label)) in
                    features.chunks_exact_mut(n_codes).zip(labels).enumerate()
                {
                    let example = (task * EXAMPLES_PER_TASK + offset) as u64;
                    *label = source
                        .stream(purpose, example)
                        .pairs(&mut first, &mut second);
                    mean_absolute_differences(table, &first, &second, sums);
                }
            });
        Self { features, labels }
    }

    /// Mean of each feature over the examples of each factor, `[n_codes, n_factors]`; 0 for a factor without examples.
    fn feature_means(&self, table: &CodeTable) -> Vec<f64> {
        let (n_codes, n_factors) = (table.n_codes(), table.grid().n_factors());
        let mut means = vec![0.0; n_codes * n_factors];
        let mut n_examples = vec![0_u32; n_factors];
        for (features, &label) in self.features.chunks_exact(n_codes).zip(&self.labels) {
            n_examples[label] += 1;
            for (code, feature) in features.iter().enumerate() {
                means[code * n_factors + label] += feature;
            }
        }
        for by_factor in means.chunks_exact_mut(n_factors) {
            for (mean, &n) in by_factor.iter_mut().zip(&n_examples) {
                *mean /= f64::from(n.max(1));
            }
        }
        means
    }
}

/// Mean of |a - b| over pairs of points, for each code; `means` starts at zero.
fn mean_absolute_differences(table: &CodeTable, first: &[u32], second: &[u32], means: &mut [f64]) {
    for (&a, &b) in first.iter().zip(second) {
        let pair = table.row(a as usize).iter().zip(table.row(b as usize));
        for (sum, (&a, &b)) in means.iter_mut().zip(pair) {
            *sum += (f64::from(a) - f64::from(b)).abs();
        }
    }
    let n_pairs = first.len().max(1) as f64;
    for mean in means {
        *mean /= n_pairs;
    }
}

/// The classifier's weight of each code for each factor, `[n_codes, n_factors]`; 0 for a factor without examples.
fn weights(model: &LogisticModel, table: &CodeTable) -> Vec<f64> {
    let n_factors = table.grid().n_factors();
    let mut weights = vec![0.0; table.n_codes() * n_factors];
    for (class, &factor) in model.classes().iter().enumerate() {
        for (code, &weight) in model.coefficients(class).iter().enumerate() {
            weights[code * n_factors + factor] = weight;
        }
    }
    weights
}

/// The approximate time of a score on one core, in nanoseconds.
fn nanoseconds(work: &Work, variant: Variant) -> f64 {
    if variant == Variant::Lin2020 {
        let pairs = (N_GROUPS * GROUP_SIZE) as f64;
        return look_ups(pairs, work.codes) + logistic(N_GROUPS as f64, work.codes, work.factors);
    }
    // 64 pairs of points an example.
    look_ups(128.0 * LOOKED_AT, work.codes) + logistic(TRAINED, work.codes, work.factors)
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let (n_codes, n_classes) = (scoring.n_codes(), scoring.n_varying());
    if variant == Variant::Lin2020 {
        return array_bytes::<f64>(&[N_GROUPS, n_codes])
            + array_bytes::<u32>(&[N_GROUPS, GROUP_SIZE])
            + OneVsRest::bytes(N_GROUPS, n_codes, n_classes, scoring.n_threads);
    }
    let sizes = Settings::STUDY;
    array_bytes::<f64>(&[sizes.n_train + sizes.n_eval, n_codes + 1])
        + LogisticRegression::bytes(sizes.n_train, n_codes, n_classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_mean_absolute_differences() {
        let codes = [0.0, 10.0, 1.0, 8.0, 4.0, 2.0];
        let table = CodeTable::new(&codes, 2, &[3]).unwrap();
        let mut means = [0.0; 2];
        mean_absolute_differences(&table, &[0, 2], &[1, 0], &mut means);
        assert_eq!(means, [2.5, 5.0]);
    }

    #[test]
    fn the_shared_factor_shows_as_a_difference_of_zero() {
        let codes: Vec<f32> = (0..24)
            .flat_map(|point| [(point / 6) as f32, (point % 6) as f32])
            .collect();
        let outcome = study(&CodeTable::new(&codes, 2, &[4, 6]).unwrap(), 3).unwrap();
        let differences = outcome.matrix("mean_absolute_difference").unwrap();
        assert_eq!([differences.at(0, 0), differences.at(1, 1)], [0.0; 2]);
        // Mean distance of two of 4 and of 6 equidistant values: (n² - 1) / 3n = 1.25 and 1.944.
        assert!((differences.at(0, 1) - 1.25).abs() < 0.01);
        assert!((differences.at(1, 0) - 35.0 / 18.0).abs() < 0.01);
        assert_eq!(outcome.headline(), 1.0);
    }

    #[test]
    fn a_single_varying_factor_cannot_be_told_from_others() {
        let error = study(&CodeTable::new(&[0.0, 1.0], 1, &[2, 1]).unwrap(), 0).unwrap_err();
        assert_eq!(
            error,
            MetricError::TooFewFactors {
                metric: Metric::BetaVaeScore,
                needed: 2,
                found: 1
            }
        );
    }
}
