//! SAP: how far ahead the best single code is of the second best in predicting each factor.
//!
//! For each code and factor a score says how well the factor is predicted from that code alone; a factor's gap is its best
//! score minus its second best, and SAP is the mean gap over the factors. From Kumar et al. 2018, "Variational Inference of
//! Disentangled Latent Concepts from Unlabeled Observations" (section 3). There are two scores in use, on scales that do not
//! compare, and each variant has both:
//! - `sap`: disentanglement_lib's. The accuracy of a linear support vector classifier with one class against the rest
//!   ([`crate::estimators::linear_svm`], C = 0.01, balanced).
//! - `sap_r2`: the paper's for continuous factors. The squared correlation of the code with the number of the factor's value;
//!   0 if the code's variance is at most 1e-12.
//!
//! *Lin 2020*: the protocol of Lin et al. 2020 ([`crate::lin_2020`]), on 73,728 points. `sap` takes the accuracy, on the points
//! trained on, for the factor *named* `shape` alone, and squared correlations for all others: its scale is near that of `sap_r2`.
//!
//! - Range 0 to 1, higher is better. Study: classifiers trained on 10,000 points drawn with replacement and scored on 5,000
//!   others; correlations over the 10,000. Exact: every point of the grid once, for both; each point weighs
//!   `10,000 / n_points` in the classifier, so that its penalty means what it does in the study.
//! - Cost: some twenty core milliseconds (study), about one and a half core seconds (exact, on the 737,280 points of dSprites).
//!   On a busy machine that was up to ten seconds by the clock.
//! - A constant code is answered with one class, and has no correlation. A factor with a single value is not counted. One
//!   factor must vary. With a single code the gap is its score.
//!
//! Traps: `sap` depends on the offset of the codes. The classifiers penalise their intercept as liblinear does, and
//! so does scikit-learn, on which the reference implementation builds. Moving all codes of a nearly perfect
//! representation by two of their standard deviations took a tenth off the score, by five nearly half. `unravel
//! evaluate` notes codes whose mean is more than two standard deviations away from 0; subtract the mean of each code
//! to make scores comparable. `sap_r2` has no such dependence. A line cannot single out a middle one of 40 values, so
//! accuracies are a few times chance at most and a perfect code gets 0.25 on dSprites, where `sap_r2` gives 1. The
//! paper's own score for categorical factors is the balanced error of a threshold classifier, which nobody seems to
//! use. On small grids many of the points tested on were trained on too; a line has little to learn by heart, so that
//! matters little here. Accuracies jump where all points of one factor value change sides of a border at once, as
//! with codes that take few values: then seeds fall into two groups, 0.03 apart. scikit-learn stops its solver early,
//! which moves the score by up to 4e-5. A periodic factor, as orientation, has no straight line to correlate with.

mod lin_2020;

use rayon::prelude::*;
use unravel_score::{Direction, Metric, Variant};

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

/// What there is to say of SAP, and what computes it.
pub const DEFINITION: Definition = Definition {
    title: "SAP",
    one_line: "how far the best code is ahead of the second best in predicting a factor, as a mean over factors",
    paper: "Kumar et al. 2018, Variational Inference of Disentangled Latent Concepts from Unlabeled Observations",
    quantities: &[
        Quantity {
            name: "sap",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "mean gap in the accuracy of linear classifiers of one code; in lin-2020 for shape alone, else as sap_r2",
        },
        Quantity {
            name: "sap_r2",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "mean gap in the squared correlation of one code with the factor",
        },
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

/// The points the classifiers are trained on.
pub const TRAIN: Purpose = Purpose::new("sap/train");
/// The points they are scored on.
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

/// Bytes that a score holds at most, beside the table and its outcome.
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
