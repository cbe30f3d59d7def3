//! DCI: disentanglement, completeness and informativeness, computed from the importance of each code for predicting
//! each factor.
//!
//! For each factor, a predictor is trained on all codes. `R[d, k]` is the importance of code d for predicting factor k.
//! A code's disentanglement is one minus the entropy of its shares `R[d, ·]` with base K, averaged over codes weighted
//! by their total importance. A factor's completeness is one minus the entropy of `R[·, k]` with base D, averaged over
//! factors weighted in the same way. Informativeness is the accuracy of the prediction. From Eastwood & Williams 2018,
//! "A Framework for the Quantitative Evaluation of Disentangled Representations" (section 2).
//!
//! The variants measure different things and are not comparable:
//! - *Study*: the predictor of disentanglement_lib, which is gradient-boosted trees with scikit-learn's defaults
//!   ([`crate::estimators::boosting`]): one classifier per factor, trained on 10,000 points. Informativeness is its
//!   accuracy on 5,000 test points.
//! - *Lasso*: the paper's first predictor, linear regression on standardised codes with an L1 penalty of 0.02, as in
//!   the authors' code; importance is the absolute weight. The regression depends only on correlations, so it uses
//!   every point of the grid once, without sampling. Training and test informativeness are therefore equal.
//! - *Random forest*: the paper's second predictor, random forests of 100 regression trees on 10,000 points, tested on
//!   5,000 test points. The paper chooses the depth of the trees by validation; unravel grows them to full depth, as
//!   scikit-learn does by default.
//! - *Lin 2020*: lasso as above on the 73,728 points of the protocol of Lin et al. 2020 ([`crate::lin_2020`]);
//!   completeness is the plain mean over factors. The code of Lin et al. has five regressors; lasso is the first. It is
//!   unknown which one produced the table of Lin et al., so the scores may not be comparable. The authors' score is
//!   undefined if a code or a factor has no non-zero weight.
//!
//! With lasso and random forests, informativeness is `max(0, 1 - NRMSE)`. NRMSE, the paper's error, is the root mean
//! squared error divided by the standard deviation of the factor.
//!
//! - Ranges 0 to 1, higher is better. The accuracy at chance is 1 divided by the number of values of the factor.
//! - Cost: the study grows 11,300 trees on dSprites and takes seconds; forests take about as long; lasso takes less
//!   than a second with ten codes, and minutes with hundreds of nearly collinear codes.
//! - An unused code has importance 0 and weight 0 in the mean. If no code is used (constant codes), disentanglement and
//!   completeness are 0. If there is a single code and it is used, completeness is 1.
//! - A factor with a single value is ignored. At least two factors must vary.
//!
//! Pitfalls: a code of little importance still counts in proportion to it. With few points, boosted trees use noise. On
//! entangled codes, more points give higher scores. disentanglement_lib calls the accuracy an error. Lasso and random
//! forests treat factors as numbers: shapes are ordered, and orientation is not periodic. Lasso detects only linear
//! dependence. With lasso and random forests, the authors' code takes the unweighted mean of completeness over factors.
//! unravel weights factors by importance. On one representation, this gave 0.8951 instead of 0.9186. To compute the
//! unweighted mean, use the matrix `completeness_per_factor`. On small grids, many test points are also training
//! points. This raises `informativeness_test` of trees and forests, because they overfit. Boosted trees break ties
//! between equally good splits at random: scikit-learn's own scores differ by up to 0.001 between seeds, and by more on
//! small samples.

mod importance;
mod lin_2020;

use unravel_score::{Metric, Variant};

pub use self::lin_2020::{lin_2020, lin_2020_of_points};
use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::correlations::Correlations;
use crate::cost::{TRAINED, Work, products};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::boosting::GradientBoosting;
use crate::estimators::forest::RandomForest;
use crate::estimators::lasso::Lasso;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::samples::{Examples, SampleSizes, Split};
use crate::sampling::Purpose;
use crate::table::CodeTable;

/// The definition of DCI: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "DCI",
    one_line: "degree to which each code is important for predicting only one factor, and each factor is predicted from only one code",
    paper: "Eastwood & Williams 2018, A Framework for the Quantitative Evaluation of Disentangled Representations",
    quantities: &[
        Quantity::score(
            "disentanglement",
            "degree to which each code is important for only one factor, weighted by importance",
        ),
        Quantity::score(
            "completeness",
            "degree to which only one code is important for each factor",
        ),
        Quantity::score(
            "informativeness_test",
            "quality of the prediction of factors on test points: accuracy, or 1 - NRMSE for lasso and random forests",
        ),
        Quantity::score(
            "informativeness_train",
            "as `informativeness_test`, on the training points",
        ),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Lasso, |table, _| lasso(table)),
        (Variant::RandomForest, random_forest),
        (Variant::Lin2020, lin_2020),
    ],
    is_slow: |variant| !matches!(variant, Variant::Lasso | Variant::Lin2020),
    nanoseconds,
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The training points of the predictors.
pub const TRAIN: Purpose = Purpose::new("dci/train");
/// The test points.
pub const TEST: Purpose = Purpose::new("dci/test");

/// Weight of the lasso's penalty.
const LASSO_ALPHA: f64 = 0.02;

/// The result for one factor: the importance of each code, and the quality of the prediction.
struct Predictor {
    importances: Vec<f64>,
    train: f64,
    test: f64,
}

/// DCI by gradient-boosted trees with the study's settings.
///
/// # Errors
/// Fewer than two factors vary.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_sizes(table, Variant::Study, SampleSizes::STUDY, seed)
}

/// DCI by lasso, over the whole grid.
///
/// # Errors
/// Fewer than two factors vary.
pub fn lasso(table: &CodeTable) -> Result<Outcome, MetricError> {
    by_lasso(table, &Correlations::of_grid(table))
}

fn by_lasso(table: &CodeTable, correlations: &Correlations) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Dci, 2)?;
    let n_factors = table.grid().n_factors();
    outcome(table, |factor| {
        let with_factor: Vec<f64> = correlations
            .with_factors
            .iter()
            .skip(factor)
            .step_by(n_factors)
            .copied()
            .collect();
        let weights = Lasso::new(LASSO_ALPHA).fit(&correlations.between_codes, &with_factor);
        let error = Lasso::squared_error(&correlations.between_codes, &with_factor, &weights);
        let informativeness = (1.0 - error.sqrt()).max(0.0);
        Predictor {
            importances: weights.iter().map(|weight| weight.abs()).collect(),
            train: informativeness,
            test: informativeness,
        }
    })
}

/// DCI by random forests, with the study's numbers of points.
///
/// # Errors
/// Fewer than two factors vary.
pub fn random_forest(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_sizes(table, Variant::RandomForest, SampleSizes::STUDY, seed)
}

/// A sampled variant with other numbers of points.
///
/// # Errors
/// Fewer than two factors vary, or the variant is not sampled.
pub fn with_sizes(
    table: &CodeTable,
    variant: Variant,
    sizes: SampleSizes,
    seed: u64,
) -> Result<Outcome, MetricError> {
    let split = Split::draw(table.grid(), sizes, [TRAIN, TEST], seed, 0);
    of_points(table, variant, &split, seed)
}

/// A sampled variant on the given points; `seed` seeds the forests.
///
/// # Errors
/// Fewer than two factors vary, or the variant is not sampled.
pub fn of_points(
    table: &CodeTable,
    variant: Variant,
    split: &Split,
    seed: u64,
) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Dci, 2)?;
    let train = Examples::of_points(table, &split.train);
    let test = Examples::of_points(table, &split.test);
    match variant {
        Variant::Study => outcome(table, |factor| boosted(table, &train, &test, factor)),
        Variant::RandomForest => outcome(table, |factor| grown(table, &train, &test, factor, seed)),
        Variant::Exact | Variant::Lasso | Variant::Spearman | Variant::Lin2020 => {
            Err(MetricError::NoSuchVariant {
                metric: Metric::Dci,
                variant,
            })
        }
    }
}

fn boosted(table: &CodeTable, train: &Examples, test: &Examples, factor: usize) -> Predictor {
    let model =
        GradientBoosting::default().fit(&train.codes, table.n_codes(), &train.labels[factor]);
    Predictor {
        importances: model.importances().to_vec(),
        train: model.train_accuracy(),
        test: model.accuracy(&test.codes, &test.labels[factor]),
    }
}

fn grown(
    table: &CodeTable,
    train: &Examples,
    test: &Examples,
    factor: usize,
    seed: u64,
) -> Predictor {
    let values = |examples: &Examples| -> Vec<f64> {
        examples.labels[factor]
            .iter()
            .map(|&value| value as f64)
            .collect()
    };
    let settings = RandomForest {
        seed,
        ..RandomForest::default()
    };
    let forest = settings.fit(&train.codes, table.n_codes(), &values(train));
    let informativeness =
        |examples: &Examples| one_minus_nrmse(&forest.predict(&examples.codes), &values(examples));
    Predictor {
        importances: forest.importances().to_vec(),
        train: informativeness(train),
        test: informativeness(test),
    }
}

/// One minus the root mean squared error divided by the standard deviation, at least 0; 0 if the true values do not
/// vary.
fn one_minus_nrmse(found: &[f64], truth: &[f64]) -> f64 {
    let n = truth.len().max(1) as f64;
    let mean = truth.iter().sum::<f64>() / n;
    let variance: f64 = truth.iter().map(|x| (x - mean).powi(2)).sum();
    let error: f64 = found.iter().zip(truth).map(|(a, b)| (a - b).powi(2)).sum();
    if variance == 0.0 {
        0.0
    } else {
        (1.0 - (error / variance).sqrt()).max(0.0)
    }
}

/// Combines the results of the varying factors.
fn outcome(
    table: &CodeTable,
    predictor: impl Fn(usize) -> Predictor,
) -> Result<Outcome, MetricError> {
    let varying = table.grid().varying();
    let n_factors = table.grid().n_factors();
    let mut importances = vec![0.0; table.n_codes() * n_factors];
    let (mut train, mut test) = (vec![0.0; n_factors], vec![0.0; n_factors]);
    for &factor in varying {
        let predictor = predictor(factor);
        for (row, importance) in importances
            .chunks_exact_mut(n_factors)
            .zip(predictor.importances)
        {
            row[factor] = importance;
        }
        (train[factor], test[factor]) = (predictor.train, predictor.test);
    }
    let found = importance::concentration(&importances, n_factors, varying);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / varying.len() as f64;
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("disentanglement", found.disentanglement),
            ("completeness", found.completeness),
            ("informativeness_test", mean(&test)),
            ("informativeness_train", mean(&train)),
        ],
        matrices: vec![
            Matrix::codes_by_factors("importance", table, importances),
            Matrix::by_code(
                "disentanglement_per_code",
                &["disentanglement"],
                table,
                found.by_code,
            ),
            Matrix::by_factor(
                "completeness_per_factor",
                "completeness",
                table,
                found.by_factor,
            ),
            Matrix::by_factor("informativeness_per_factor", "test", table, test),
        ],
    })
}

/// The approximate time of a score on one core, in nanoseconds.
fn nanoseconds(work: &Work, variant: Variant) -> f64 {
    let Work { codes, factors, .. } = *work;
    match variant {
        Variant::Study => 920.0 * TRAINED * codes * work.values,
        Variant::RandomForest => 9_600.0 * TRAINED * codes * factors,
        _ => products(work.points, codes) + 26_000.0 * factors * codes * codes,
    }
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let n_points = scoring.n_points(variant);
    let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
    let examples = Examples::bytes(scoring.table, n_train + n_test);
    let (n_codes, n_threads) = (scoring.n_codes(), scoring.n_threads);
    match variant {
        Variant::Study => {
            let n_classes = scoring.n_classes(n_train);
            examples + GradientBoosting::bytes(n_train, n_codes, n_classes, n_threads)
        }
        Variant::RandomForest => {
            examples
                + array_bytes::<f64>(&[n_train + n_test, 2])
                + RandomForest::bytes(n_train, n_codes, n_threads)
        }
        _ => array_bytes::<u32>(&[n_points]) + Correlations::bytes(scoring.table, n_points),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code for each of two factors, and one that is constant.
    fn perfect() -> Vec<f32> {
        (0..48)
            .flat_map(|point| [(point / 8) as f32, (point % 8) as f32, 0.3])
            .collect()
    }

    #[test]
    fn a_perfect_representation_has_them_all() {
        let codes = perfect();
        let table = CodeTable::new(&codes, 3, &[6, 8]).unwrap();
        let sizes = SampleSizes {
            n_train: 2000,
            n_test: 500,
        };
        for (variant, least) in [(Variant::Study, 0.999), (Variant::RandomForest, 0.98)] {
            let outcome = with_sizes(&table, variant, sizes, 3).unwrap();
            for (name, value) in &outcome.quantities {
                assert!(least < *value, "{} {name}: {value}", variant.name());
            }
            assert!(outcome.matrix("importance").unwrap().at(2, 0) == 0.0);
        }
    }

    #[test]
    fn the_lasso_shrinks_a_perfect_code_by_its_penalty() {
        let codes = perfect();
        let outcome = lasso(&CodeTable::new(&codes, 3, &[6, 8]).unwrap()).unwrap();
        assert!((outcome.headline() - 1.0).abs() < 1e-8);
        // The weight is 1 - alpha, so alpha² of the variance is left.
        let informativeness = outcome.quantity("informativeness_test").unwrap();
        assert!((informativeness - (1.0 - LASSO_ALPHA)).abs() < 1e-12);
    }

    #[test]
    fn constant_codes_and_a_factor_with_one_value_are_no_trouble() {
        let codes = [0.1; 12];
        let table = CodeTable::new(&codes, 1, &[3, 1, 4]).unwrap();
        let sizes = SampleSizes {
            n_train: 100,
            n_test: 50,
        };
        for outcome in [
            with_sizes(&table, Variant::Study, sizes, 0).unwrap(),
            with_sizes(&table, Variant::RandomForest, sizes, 0).unwrap(),
            lasso(&table).unwrap(),
        ] {
            assert_eq!(outcome.headline(), 0.0);
            assert_eq!(outcome.quantity("completeness"), Some(0.0));
        }
        let error = lasso(&CodeTable::new(&codes, 1, &[12]).unwrap()).unwrap_err();
        let expected = MetricError::TooFewFactors {
            metric: Metric::Dci,
            needed: 2,
            found: 1,
        };
        assert_eq!(error, expected);
    }
}
