//! SAP (separated attribute predictability): the gap between the best and the second best code in predicting each
//! factor.
//!
//! For each code and factor a score measures how well the factor is predicted from only this code. The gap of a factor
//! is its best score minus its second best score. SAP is the mean gap over the factors. From Kumar et al. 2018,
//! "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations" (section 3). Two scores are in
//! use. Their scales are not comparable. Each variant computes both:
//! - `sap`: the score of disentanglement_lib, which is the accuracy of a one-versus-rest linear support vector
//!   classifier ([`crate::estimators::linear_svm`], C = 0.01, balanced).
//! - `sap_r2`: the paper's score for continuous factors, which is the squared correlation of the code with the number
//!   of the factor's value; 0 if the code's variance is at most 1e-12.
//!
//! *Lin 2020*: the protocol of Lin et al. 2020 ([`crate::lin_2020`]), on 73,728 points. `sap` uses the training
//! accuracy only for the factor *named* `shape`, and squared correlations for all other factors. Its scale is therefore
//! close to that of `sap_r2`.
//!
//! - Range 0 to 1, higher is better. Study: classifiers trained on 10,000 points drawn with replacement and scored on
//!   5,000 others; correlations over the 10,000. Exact: every point of the grid once, for both; each point weighs
//!   `10,000 / n_points` in the classifier, so that the penalty has the same effect as in the study variant.
//! - Cost: about 20 ms (study) and 1.5 s (exact, on the 737,280 points of dSprites) of CPU time. On a busy machine, up
//!   to ten seconds of wall time were measured.
//! - For a constant code, the classifier predicts one class and the correlation is 0. A factor with a single value is
//!   ignored. At least one factor must vary. With a single code, the gap is the score of this code.
//!
//! Pitfalls: `sap` depends on the offset of the codes. The classifiers penalise their intercept, as liblinear and
//! scikit-learn do, on which the reference implementation builds. Shifting all codes of a nearly perfect representation
//! by two of their standard deviations lowered the score by a tenth, and by five nearly halved it. `unravel evaluate`
//! prints a note for codes whose mean is more than two standard deviations away from 0; subtract the mean of each code
//! to make scores comparable. `sap_r2` does not depend on the offset.
//!
//! A linear classifier on one code cannot separate a middle value from the values on both sides. Accuracies
//! are therefore at most a few times chance. On dSprites, a perfect representation has a `sap` of 0.25 and a `sap_r2`
//! of 1. The paper's own score for categorical factors is the balanced error of a threshold classifier, which nobody
//! seems to use. On small grids, many test points are also training points. This matters little here, because a linear
//! classifier hardly overfits. With codes that take few values, a small change of a decision boundary can reclassify
//! all points of one factor value. The scores of different seeds then form two groups about 0.03 apart. scikit-learn
//! stops its solver early, which changes the score by up to 4e-5. A periodic factor, such as orientation, has no linear
//! correlation with a code.

mod lin_2020;

use rayon::prelude::*;
use unravel_score::{Metric, Variant};

pub use self::lin_2020::{lin_2020, lin_2020_of_points};
use super::gap::gap;
use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::correlations::Correlations;
use crate::cost::products;
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::linear_svm::SortedFeature;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::samples::{Examples, SampleSizes, Split};
use crate::sampling::Purpose;
use crate::table::CodeTable;

/// The definition of SAP: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "SAP",
    one_line: "gap between the best and the second best code in predicting a factor, mean over factors",
    paper: "Kumar et al. 2018, Variational Inference of Disentangled Latent Concepts from Unlabeled Observations",
    quantities: &[
        Quantity::score(
            "sap",
            "mean gap in the accuracy of linear classifiers on one code; in lin-2020, accuracies only for the factor `shape`, and squared correlations for the other factors",
        ),
        Quantity::score(
            "sap_r2",
            "mean gap in the squared correlation of one code with the factor",
        ),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
        (Variant::Lin2020, lin_2020),
    ],
    is_slow: |_| false,
    nanoseconds: |work, _| 180.0 * work.points * work.codes + products(work.points, work.codes),
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The training points of the classifiers.
pub const TRAIN: Purpose = Purpose::new("sap/train");
/// The test points.
pub const TEST: Purpose = Purpose::new("sap/test");

/// Weight of each row in the classifiers of the study.
const C: f64 = 0.01;

/// SAP with the study's settings.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let split = Split::draw(table.grid(), SampleSizes::STUDY, [TRAIN, TEST], seed, 0);
    of_points(table, &split)
}

/// SAP from the given points of the table; a point may occur more than once.
///
/// # Errors
/// No factor varies.
pub fn of_points(table: &CodeTable, split: &Split) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Sap, 1)?;
    let train = Examples::of_points(table, &split.train);
    let test = Examples::of_points(table, &split.test);
    let accuracies = accuracies(table, &train, &test, C);
    Ok(outcome(
        table,
        accuracies,
        &Correlations::of_points(table, &split.train),
    ))
}

/// SAP of the whole grid.
///
/// # Errors
/// No factor varies.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Sap, 1)?;
    let examples = Examples::of_grid(table);
    let c = C * SampleSizes::STUDY.n_train as f64 / table.grid().n_points() as f64;
    let accuracies = accuracies(table, &examples, &examples, c);
    Ok(outcome(table, accuracies, &Correlations::of_grid(table)))
}

/// Accuracy of the classifier of each code for each factor, `[n_codes, n_factors]`; 0 for a factor that does not vary.
fn accuracies(table: &CodeTable, train: &Examples, test: &Examples, c: f64) -> Vec<f64> {
    let (n_codes, n_factors) = (table.n_codes(), table.grid().n_factors());
    let by_code = |code: usize| {
        let sorted = SortedFeature::new(&train.code(code, n_codes));
        let values = test.code(code, n_codes);
        let mut accuracies = vec![0.0; n_factors];
        for &factor in table.grid().varying() {
            let model = sorted.fit(&train.labels[factor], c);
            accuracies[factor] = model.accuracy(&values, &test.labels[factor]);
        }
        accuracies
    };
    (0..n_codes)
        .into_par_iter()
        .flat_map_iter(by_code)
        .collect()
}

fn outcome(table: &CodeTable, accuracies: Vec<f64>, correlations: &Correlations) -> Outcome {
    let r2: Vec<f64> = correlations.with_factors.iter().map(|r| r * r).collect();
    let gaps = gaps(table, &accuracies);
    let gaps_r2 = self::gaps(table, &r2);
    let mean = |gaps: &[f64]| gaps.iter().sum::<f64>() / table.grid().varying().len() as f64;
    Outcome {
        notes: Vec::new(),
        quantities: vec![("sap", mean(&gaps)), ("sap_r2", mean(&gaps_r2))],
        matrices: vec![
            Matrix::codes_by_factors("accuracy", table, accuracies),
            Matrix::codes_by_factors("r2", table, r2),
            Matrix::by_factor("gap_per_factor", "gap", table, gaps),
            Matrix::by_factor("gap_r2_per_factor", "gap", table, gaps_r2),
        ],
    }
}

/// Best minus second best score of each factor, `[n_factors]`.
fn gaps(table: &CodeTable, scores: &[f64]) -> Vec<f64> {
    let n_factors = table.grid().n_factors();
    let of_factor = |factor| gap(scores.iter().skip(factor).step_by(n_factors).copied()).width;
    (0..n_factors).map(of_factor).collect()
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
    let (n_fitted, n_held) = match variant {
        Variant::Study => (n_train, n_train + n_test),
        _ => (scoring.n_points(variant), scoring.n_points(variant)),
    };
    Examples::bytes(scoring.table, n_held)
        + scoring
            .by_code(SortedFeature::bytes(n_fitted) + array_bytes::<f32>(&[n_held]))
            .max(Correlations::bytes(scoring.table, n_fitted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_the_factor_is_told_by_both_scores() {
        // Two values can be told by a line; the second factor is in no code.
        let codes: Vec<f32> = (0..12)
            .flat_map(|point| [(point / 6) as f32, 7.0])
            .collect();
        let outcome = exact(&CodeTable::new(&codes, 2, &[2, 6]).unwrap()).unwrap();
        let accuracy = outcome.matrix("accuracy").unwrap();
        assert_eq!([accuracy.at(0, 0), accuracy.at(1, 0)], [1.0, 0.5]);
        assert_eq!(
            outcome.matrix("gap_r2_per_factor").unwrap().values,
            [1.0, 0.0]
        );
        assert_eq!(outcome.quantity("sap_r2"), Some(0.5));
    }

    #[test]
    fn the_whole_grid_scores_as_a_sample_that_holds_every_point_as_often() {
        let codes: Vec<f32> = (0..40)
            .flat_map(|point| {
                [
                    (point * 7 % 11) as f32,
                    (point / 5) as f32 + 0.1 * (point % 3) as f32,
                ]
            })
            .collect();
        let table = CodeTable::new(&codes, 2, &[8, 5]).unwrap();
        let points: Vec<u32> = (0..10_000).map(|i| i % 40).collect();
        let split = Split {
            test: points[..40].to_vec(),
            train: points,
        };
        let (a, b) = (exact(&table).unwrap(), of_points(&table, &split).unwrap());
        for ((name, a), (_, b)) in a.quantities.iter().zip(&b.quantities) {
            assert!((a - b).abs() < 1e-12, "{name}: {a} and {b}");
        }
    }

    #[test]
    fn factors_with_one_value_do_not_count() {
        let codes = [0.0, 1.0];
        let outcome = exact(&CodeTable::new(&codes, 1, &[1, 2]).unwrap()).unwrap();
        assert_eq!(outcome.quantities, [("sap", 1.0), ("sap_r2", 1.0)]);
        let error = exact(&CodeTable::new(&[0.0], 1, &[1]).unwrap()).unwrap_err();
        let expected = MetricError::TooFewFactors {
            metric: Metric::Sap,
            needed: 1,
            found: 0,
        };
        assert_eq!(error, expected);
    }
}
