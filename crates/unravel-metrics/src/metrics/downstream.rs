//! Downstream accuracy: the accuracy of classifiers that predict factors from codes, trained on few and on many labels.
//!
//! For each factor a classifier is trained on 10, 100, 1,000 and 10,000 labelled points and tested on 5,000 test
//! points; scores are mean accuracies over the factors. The classifiers are disentanglement_lib's: logistic regression
//! with its penalty chosen by cross-validation ([`crate::estimators::logistic_cv`]) and gradient-boosted trees
//! ([`crate::estimators::boosting`]), on unscaled codes. Statistical efficiency is the accuracy with few labels divided
//! by the accuracy with 10,000 labels. From Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised
//! Learning of Disentangled Representations" (section 5.5).
//!
//! - Accuracies 0 to 1, higher is better; chance is 1 divided by the number of values. Efficiencies are 0 or more,
//!   higher is better, and can exceed 1 by chance. If the accuracy with 10,000 labels is 0, the efficiency is 0.
//! - Cost: boosted trees as in DCI and 51 logistic regressions per factor and number of labels: about 20 s.
//! - With 10 labels most values of a factor have no label at all. Classifiers predict only values in their training
//!   labels, so accuracy is at most the share of these values. If all labels of a factor are equal, this value is
//!   predicted. A cross-validation fold that lacks a class is scored on its other classes. (scikit-learn fails in all
//!   three cases.)
//! - For constant codes, the most frequent value is predicted. A factor with a single value is ignored. At least one
//!   factor must vary.
//!
//! Pitfalls: each number of labels draws its own points, so the accuracy can be lower with more labels. Efficiency is a
//! ratio of accuracies that are at least at chance level, so an uninformative representation has an efficiency near 1.
//! The mean is over factors with very different chance levels (3 to 40 values). On small grids, many test points are
//! also training points, which raises the accuracy of boosted trees with many labels. The penalty depends on the scale
//! of the codes.

use unravel_score::{Direction, Metric, Variant};

use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::{TRAINED, Work, logistic};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::estimators::boosting::{BoostedTrees, GradientBoosting};
use crate::estimators::logistic_cv;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::samples::{Examples, SampleSizes, Split};
use crate::sampling::Purpose;
use crate::table::CodeTable;

/// Numbers of labels.
pub(crate) const N_LABELS: [usize; 4] = [10, 100, 1_000, 10_000];

/// Their names in matrices.
const LABEL_NAMES: [&str; 4] = ["10_labels", "100_labels", "1000_labels", "10000_labels"];

/// Points to test on.
pub(crate) const N_TEST: usize = 5_000;

const fn efficiency(name: &'static str, one_line: &'static str) -> Quantity {
    Quantity::unbounded(name, Direction::HigherIsBetter, one_line)
}

/// The definition of downstream accuracy: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "Downstream accuracy",
    one_line: "accuracy of classifiers that predict the factors from the codes, for several numbers of training labels",
    paper: "Locatello et al. 2019, Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations",
    quantities: &[
        Quantity::score("gbt_10000", "boosted trees, 10,000 labels"),
        Quantity::score("gbt_1000", "boosted trees, 1,000 labels"),
        Quantity::score("gbt_100", "boosted trees, 100 labels"),
        Quantity::score("gbt_10", "boosted trees, 10 labels"),
        Quantity::score("lr_10000", "logistic regression, 10,000 labels"),
        Quantity::score("lr_1000", "logistic regression, 1,000 labels"),
        Quantity::score("lr_100", "logistic regression, 100 labels"),
        Quantity::score("lr_10", "logistic regression, 10 labels"),
        efficiency(
            "gbt_efficiency_100",
            "boosted trees: accuracy with 100 labels divided by accuracy with 10,000",
        ),
        efficiency(
            "gbt_efficiency_1000",
            "boosted trees: accuracy with 1,000 labels divided by accuracy with 10,000",
        ),
        efficiency(
            "lr_efficiency_100",
            "logistic regression: accuracy with 100 labels divided by accuracy with 10,000",
        ),
        efficiency(
            "lr_efficiency_1000",
            "logistic regression: accuracy with 1,000 labels divided by accuracy with 10,000",
        ),
    ],
    variants: &[(Variant::Study, study)],
    is_slow: |_| true,
    nanoseconds: |work, _| nanoseconds(work),
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The training points of the classifiers. The draw index is the position of the number of labels.
pub const TRAIN: Purpose = Purpose::new("downstream/train");
/// The test points.
pub const TEST: Purpose = Purpose::new("downstream/test");

/// Accuracies of both classifiers for each number of labels and factor.
struct Accuracies {
    /// `[n_factors, N_LABELS]`.
    boosted: Vec<f64>,
    /// `[n_factors, N_LABELS]`.
    logistic: Vec<f64>,
    /// Importance of each code for each factor to the boosted trees with the most labels, `[n_codes, n_factors]`.
    importance: Vec<f64>,
}

/// Downstream accuracy with the study's settings.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_sizes(table, N_LABELS, N_TEST, seed)
}

/// Downstream accuracy with other numbers of labels, in place of 10, 100, 1,000 and 10,000, and other points to test on.
///
/// # Errors
/// No factor varies.
pub fn with_sizes(
    table: &CodeTable,
    n_labels: [usize; 4],
    n_test: usize,
    seed: u64,
) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Downstream, 1)?;
    let n_cells = table.grid().n_factors() * n_labels.len();
    let mut found = Accuracies {
        boosted: vec![0.0; n_cells],
        logistic: vec![0.0; n_cells],
        importance: vec![0.0; table.n_codes() * table.grid().n_factors()],
    };
    for (at, n_train) in n_labels.into_iter().enumerate() {
        let sizes = SampleSizes { n_train, n_test };
        let split = Split::draw(table.grid(), sizes, [TRAIN, TEST], seed, at as u64);
        let train = Examples::of_points(table, &split.train);
        let test = Examples::of_points(table, &split.test);
        for &factor in table.grid().varying() {
            let cell = factor * n_labels.len() + at;
            let model = boosted(table, &train, factor);
            found.boosted[cell] = model.accuracy(&test.codes, &test.labels[factor]);
            let rows = found.importance.chunks_exact_mut(table.grid().n_factors());
            for (row, importance) in rows.zip(model.importances()) {
                row[factor] = *importance;
            }
            found.logistic[cell] = logistic_accuracy(table, &train, &test, factor);
        }
    }
    Ok(outcome(table, found))
}

fn boosted(table: &CodeTable, train: &Examples, factor: usize) -> BoostedTrees {
    GradientBoosting::default().fit(&train.codes, table.n_codes(), &train.labels[factor])
}

fn logistic_accuracy(table: &CodeTable, train: &Examples, test: &Examples, factor: usize) -> f64 {
    let wide = |codes: &[f32]| -> Vec<f64> { codes.iter().copied().map(f64::from).collect() };
    let (model, _) = logistic_cv::fit(&wide(&train.codes), table.n_codes(), &train.labels[factor]);
    model.accuracy(&wide(&test.codes), &test.labels[factor])
}

fn outcome(table: &CodeTable, found: Accuracies) -> Outcome {
    let n_varying = table.grid().varying().len() as f64;
    let means = |accuracies: &[f64]| -> [f64; 4] {
        std::array::from_fn(|at| {
            accuracies
                .iter()
                .skip(at)
                .step_by(N_LABELS.len())
                .sum::<f64>()
                / n_varying
        })
    };
    let efficiency = |few: f64, many: f64| if many == 0.0 { 0.0 } else { few / many };
    let [gbt_10, gbt_100, gbt_1000, gbt_10000] = means(&found.boosted);
    let [lr_10, lr_100, lr_1000, lr_10000] = means(&found.logistic);
    let matrix = |name: &str, values: Vec<f64>| Matrix {
        name: name.to_owned(),
        row_names: table.grid().names().to_vec(),
        col_names: LABEL_NAMES.map(str::to_owned).to_vec(),
        values,
    };
    Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("gbt_10000", gbt_10000),
            ("gbt_1000", gbt_1000),
            ("gbt_100", gbt_100),
            ("gbt_10", gbt_10),
            ("lr_10000", lr_10000),
            ("lr_1000", lr_1000),
            ("lr_100", lr_100),
            ("lr_10", lr_10),
            ("gbt_efficiency_100", efficiency(gbt_100, gbt_10000)),
            ("gbt_efficiency_1000", efficiency(gbt_1000, gbt_10000)),
            ("lr_efficiency_100", efficiency(lr_100, lr_10000)),
            ("lr_efficiency_1000", efficiency(lr_1000, lr_10000)),
        ],
        matrices: vec![
            Matrix::codes_by_factors("importance", table, found.importance),
            matrix("gbt_accuracy_by_factor", found.boosted),
            matrix("lr_accuracy_by_factor", found.logistic),
        ],
    }
}

/// The approximate time of a score on one core, in nanoseconds: trees with 10 to 10,000 labels, and 51 logistic
/// regressions a factor with each number.
fn nanoseconds(work: &Work) -> f64 {
    let labelled = 1.111 * TRAINED;
    920.0 * labelled * work.codes * work.values + 51.0 * logistic(labelled, work.codes, work.values)
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, _: Variant) -> Bytes {
    let n_codes = scoring.n_codes();
    let n_train = N_LABELS.into_iter().max().unwrap_or(0);
    let n_held = n_train + N_TEST;
    let n_classes = scoring.n_classes(n_train);
    let boosted = GradientBoosting::bytes(n_train, n_codes, n_classes, scoring.n_threads);
    let logistic =
        array_bytes::<f64>(&[n_held, n_codes]) + logistic_cv::bytes(n_train, n_codes, n_classes);
    Examples::bytes(scoring.table, n_held) + boosted + logistic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_hold_the_factors_need_few_labels() {
        let codes: Vec<f32> = (0..12)
            .flat_map(|point| [(point / 4) as f32, (point % 4) as f32])
            .collect();
        let table = CodeTable::new(&codes, 2, &[3, 4]).unwrap();
        let outcome = with_sizes(&table, [2, 20, 60, 200], 300, 5).unwrap();
        for name in ["gbt_10000", "gbt_1000", "lr_10000"] {
            assert!(
                0.95 < outcome.quantity(name).unwrap(),
                "{name}: {outcome:?}"
            );
        }
        assert!(
            outcome.quantity("gbt_10").unwrap() < 0.7,
            "two labels are not enough"
        );
        let efficiency = outcome.quantity("lr_efficiency_100").unwrap();
        assert!((0.5..1.05).contains(&efficiency), "{efficiency}");
    }

    #[test]
    fn constant_codes_score_at_chance() {
        let codes = [0.1; 12];
        let table = CodeTable::new(&codes, 1, &[3, 1, 4]).unwrap();
        let outcome = with_sizes(&table, [1, 5, 50, 500], 1000, 0).unwrap();
        for name in ["gbt_10", "gbt_10000", "lr_10", "lr_10000"] {
            let accuracy = outcome.quantity(name).unwrap();
            assert!((accuracy - 7.0 / 24.0).abs() < 0.06, "{name}: {accuracy}");
        }
        assert_eq!(
            outcome.matrix("gbt_accuracy_by_factor").unwrap().values[4..8],
            [0.0; 4]
        );
    }
}
