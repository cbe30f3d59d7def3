//! Logistic regression whose penalty is chosen by cross-validation, as scikit-learn's `LogisticRegressionCV` with ten
//! penalties and five folds.
//!
//! `C` is one of ten values from 10⁻⁴ to 10⁴, evenly spaced in the exponent: the one with the highest mean accuracy over the
//! folds, the smallest of several. The folds are five runs of consecutive rows, not shuffled, whose sizes differ by one at
//! most. The model is then fitted to all rows. scikit-learn stops its L-BFGS after 100 iterations, which falls short of the
//! minimum for large `C` and features that are not standardised; here every fit gets there.
//!
//! scikit-learn fails where a fold lacks a class. Here a fold's model answers with the classes that it has seen; with fewer
//! than five rows there is a fold a row, and with a single row `C` is the smallest.

use std::ops::Range;

use rayon::prelude::*;

use super::blocked::Blocked;
use super::logistic::{LogisticModel, LogisticRegression, classes_of};
use super::newton_cg;
use super::vectors::check_rows;
use crate::bytes::{Bytes, array_bytes};

/// Number of folds.
const N_FOLDS: usize = 5;

/// Number of penalties.
const N_PENALTIES: usize = 10;

/// Exponents of ten between which `C` lies.
const EXPONENTS: [f64; 2] = [-4.0, 4.0];

/// Fits end when a step promises no more than this, in nats over all rows: no prediction hangs on less.
const TOLERANCE_NATS: f64 = 1e-3;

/// Fits finite `features` (`[n, n_features]`, row-major) to `labels` (`[n]`); the model, and its `C`.
///
/// # Panics
/// If `features` is not `[labels.len(), n_features]`.
pub fn fit(features: &[f64], n_features: usize, labels: &[usize]) -> (LogisticModel, f64) {
    check_rows(features, n_features, labels);
    let (classes, _) = classes_of(labels);
    if classes.len() < 2 {
        return (LogisticModel::blank(n_features, classes), penalties()[0]);
    }
    let accuracies: Vec<[f64; N_PENALTIES]> = folds(labels.len())
        .into_par_iter()
        .map(|fold| accuracies(features, n_features, labels, fold))
        .collect();
    let mut best = (0, f64::NEG_INFINITY);
    for penalty in 0..N_PENALTIES {
        let sum = accuracies
            .iter()
            .map(|accuracies| accuracies[penalty])
            .sum();
        if best.1 < sum {
            best = (penalty, sum);
        }
    }
    let c = penalties()[best.0];
    let mut model = LogisticModel::blank(n_features, Vec::new());
    // Coming from the stronger penalties is quicker than starting at the chosen one.
    along_penalties(features, n_features, labels, best.0 + 1, |_, fitted| {
        model = fitted.clone();
    });
    (model, c)
}

/// Bytes that [`fit`] holds at most: each fold has a copy of the rows of the others.
pub(crate) fn bytes(n_rows: usize, n_features: usize, n_classes: usize) -> Bytes {
    let of_fold = array_bytes::<f64>(&[n_rows, n_features + 2])
        + newton_cg::bytes(n_rows, n_features, n_classes);
    of_fold * N_FOLDS as Bytes
}

/// Accuracy on the rows of a fold of the models fitted to the others, by penalty.
fn accuracies(
    features: &[f64],
    n_features: usize,
    labels: &[usize],
    fold: Range<usize>,
) -> [f64; N_PENALTIES] {
    let in_features = fold.start * n_features..fold.end * n_features;
    let train_features = [&features[..in_features.start], &features[in_features.end..]].concat();
    let train_labels = [&labels[..fold.start], &labels[fold.end..]].concat();
    let mut accuracies = [0.0; N_PENALTIES];
    along_penalties(
        &train_features,
        n_features,
        &train_labels,
        N_PENALTIES,
        |penalty, model| {
            accuracies[penalty] =
                model.accuracy(&features[in_features.clone()], &labels[fold.clone()]);
        },
    );
    accuracies
}

/// Fits the first `n` penalties, each from where the one before ended.
fn along_penalties(
    features: &[f64],
    n_features: usize,
    labels: &[usize],
    n: usize,
    mut visit: impl FnMut(usize, &LogisticModel),
) {
    let (classes, targets) = classes_of(labels);
    let problem = Blocked::new(features, n_features, &targets, classes.len());
    let mut model = LogisticModel::blank(n_features, classes);
    for (penalty, c) in penalties().into_iter().enumerate().take(n) {
        if 1 < model.classes().len() {
            let settings = LogisticRegression {
                c,
                tolerance_nats: TOLERANCE_NATS,
                ..LogisticRegression::default()
            };
            settings.move_to_minimum(&problem, &mut model);
        }
        visit(penalty, &model);
    }
}

/// The values of `C`.
fn penalties() -> [f64; N_PENALTIES] {
    let [first, last] = EXPONENTS;
    std::array::from_fn(|i| {
        10_f64.powf(first + (last - first) * i as f64 / (N_PENALTIES - 1) as f64)
    })
}

/// Runs of consecutive rows, the longer ones first.
fn folds(n_rows: usize) -> Vec<Range<usize>> {
    let n_folds = N_FOLDS.min(n_rows);
    let mut start = 0;
    let fold = |fold| {
        let end = start + n_rows / n_folds + usize::from(fold < n_rows % n_folds);
        std::mem::replace(&mut start, end)..end
    };
    // A single row cannot be left out.
    if n_folds < 2 {
        Vec::new()
    } else {
        (0..n_folds).map(fold).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_consecutive_and_differ_by_one() {
        assert_eq!(folds(12), [0..3, 3..6, 6..8, 8..10, 10..12]);
        assert_eq!(folds(3), [0..1, 1..2, 2..3]);
        assert!(folds(1).is_empty());
    }

    #[test]
    fn a_separable_problem_is_solved_and_noise_is_shrunk() {
        let labels: Vec<usize> = (0..300).map(|row| row * 7 % 3).collect();
        let separable: Vec<f64> = labels
            .iter()
            .flat_map(|&label| [label as f64, (label * label) as f64])
            .collect();
        let (model, c) = fit(&separable, 2, &labels);
        assert_eq!(model.accuracy(&separable, &labels), 1.0);
        assert!(1e-4 < c);
        let (model, c) = fit(&[5.0], 1, &[3]);
        assert_eq!((model.predict(&[1.0]), c), (3, 1e-4));
        let (model, c) = fit(&[0.0; 10], 1, &[1, 1, 1, 1, 2, 1, 1, 1, 1, 1]);
        assert_eq!((model.predict(&[0.0]), c), (1, 1e-4));
    }
}
