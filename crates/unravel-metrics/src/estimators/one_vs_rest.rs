//! Logistic regression of one class against the rest, as scikit-learn's `LogisticRegression` with its defaults before 0.22.
//!
//! For each class a sigmoid of its own is fitted: its objective is `Σ_i ln(1 + exp(-y_i (w·x_i + b))) + ½ (‖w‖² + b²)`, with
//! y of 1 for the class and -1 for the rest. The intercept is penalised like a weight, as liblinear does it. Probabilities of
//! a row are the sigmoids over their sum. liblinear stops early; here Newton's method runs until the objective is within
//! 1e-9 nats of its minimum.
//!
//! Rows are summed in fixed chunks and the chunks in order, so the result does not depend on the number of threads.

use rayon::prelude::*;

use super::cholesky::Factor;
use super::logistic::{N_LABELS, classes_of};
use super::step_halving::{halve_until_accepted, moved};
use super::vectors::{add, check_rows, dot};
use crate::bytes::{Bytes, array_bytes};

/// Rows summed by one task.
const ROWS_PER_TASK: usize = 4096;

/// Newton's method ends if the predicted decrease of the objective is at most this, in nats.
const TOLERANCE_NATS: f64 = 1e-9;

/// Maximum number of Newton steps; about ten are usual.
const MAX_STEPS: usize = 100;

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct OneVsRest {
    n_features: usize,
    classes: Vec<usize>,
    /// `[n_classes, n_features + 1]`, each row the weights of a class and its intercept.
    parameters: Vec<f64>,
}

impl OneVsRest {
    /// Fits `features` (`[n, n_features]`, row-major, finite) to `labels` (`[n]`). Only labels that occur become
    /// classes. Without rows, the model predicts 0; with one class, it always predicts this class.
    ///
    /// # Panics
    /// If `features` is not `[labels.len(), n_features]`.
    pub fn fit(features: &[f64], n_features: usize, labels: &[usize]) -> Self {
        check_rows(features, n_features, labels);
        let (classes, targets) = classes_of(labels);
        let of_class = |class: usize| -> Vec<f64> {
            let problem = Problem {
                features,
                n_features,
                targets: &targets,
                class,
            };
            problem.minimise()
        };
        let parameters = if classes.len() < 2 {
            vec![0.0; n_features + 1]
        } else {
            let by_class = (0..classes.len()).into_par_iter().map(of_class);
            by_class.collect::<Vec<_>>().concat()
        };
        Self {
            n_features,
            classes,
            parameters,
        }
    }

    /// Bytes that a fit holds at most, on so many threads. Each class at hand has the second derivatives of all tasks, and
    /// three of their sum on the way to a step; who waits for a task may take up another class.
    pub(crate) fn bytes(
        n_rows: usize,
        n_features: usize,
        n_classes: usize,
        n_threads: usize,
    ) -> Bytes {
        let n = n_features + 1;
        let n_at_hand = n_classes.min(2 * n_threads);
        array_bytes::<f64>(&[n_at_hand, n_rows.div_ceil(ROWS_PER_TASK) + 3, n, n])
            + 2 * array_bytes::<f64>(&[n_classes, n])
            + array_bytes::<usize>(&[n_rows, N_LABELS])
    }

    /// The labels that the model can predict, ascending.
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// Weights of the class at a position in [`OneVsRest::classes`], `[n_features]`.
    pub fn coefficients(&self, class: usize) -> &[f64] {
        &self.parameters[class * (self.n_features + 1)..][..self.n_features]
    }

    /// Intercept of the class at a position in [`OneVsRest::classes`].
    pub fn intercept(&self, class: usize) -> f64 {
        self.parameters[class * (self.n_features + 1) + self.n_features]
    }

    fn scores(&self, features: &[f64]) -> impl Iterator<Item = f64> {
        self.parameters
            .chunks_exact(self.n_features + 1)
            .map(|parameters| score(parameters, features))
    }

    /// The probability of each class for one row of features, in the order of [`OneVsRest::classes`]; equal where no class
    /// has any.
    pub fn probabilities(&self, features: &[f64]) -> Vec<f64> {
        let mut shares: Vec<f64> = self.scores(features).map(sigmoid).collect();
        let sum: f64 = shares.iter().sum();
        let n_classes = shares.len() as f64;
        for share in &mut shares {
            *share = if sum == 0.0 {
                n_classes.recip()
            } else {
                *share / sum
            };
        }
        shares
    }

    /// The most probable label of one row of features, the lowest on a tie.
    pub fn predict(&self, features: &[f64]) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for (class, score) in self.scores(features).enumerate() {
            if best.1 < score {
                best = (class, score);
            }
        }
        self.classes[best.0]
    }

    /// The share of rows whose label is predicted; `features` is `[n, n_features]`. 0 without rows.
    pub fn accuracy(&self, features: &[f64], labels: &[usize]) -> f64 {
        let rows = features.chunks_exact(self.n_features).zip(labels);
        let right = rows
            .filter(|(features, label)| self.predict(features) == **label)
            .count();
        right as f64 / labels.len().max(1) as f64
    }
}

/// Of a class's weights and intercept.
fn score(parameters: &[f64], features: &[f64]) -> f64 {
    let weighted = parameters.iter().zip(features).map(|(w, x)| w * x);
    weighted.sum::<f64>() + parameters[features.len()]
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// One class against the rest.
struct Problem<'a> {
    features: &'a [f64],
    n_features: usize,
    /// Position of each row's class.
    targets: &'a [usize],
    class: usize,
}

/// The objective, its gradient and its second derivatives at some parameters, over some rows.
struct Expansion {
    value: f64,
    gradient: Vec<f64>,
    /// `[n_parameters, n_parameters]`, the lower triangle.
    curvature: Vec<f64>,
}

impl Problem<'_> {
    fn minimise(&self) -> Vec<f64> {
        let n = self.n_features + 1;
        let mut parameters = vec![0.0; n];
        let mut here = self.expand(&parameters);
        for _ in 0..MAX_STEPS {
            let mut step = here.gradient.clone();
            Factor::new_with_ridge(here.curvature, n).solve(&mut step);
            let promise = dot(&step, &here.gradient);
            if promise.is_nan() {
                return parameters;
            }
            if promise <= TOLERANCE_NATS {
                // The last step is not checked, because near the minimum it squares the error.
                return moved(&parameters, &step, 1.0);
            }
            let expand = |next: &[f64]| {
                let there = self.expand(next);
                (there.value, there)
            };
            match halve_until_accepted(&parameters, &step, here.value, promise, expand) {
                Some(accepted) => (parameters, here) = accepted,
                None => return parameters,
            }
        }
        parameters
    }

    fn expand(&self, parameters: &[f64]) -> Expansion {
        let n = parameters.len();
        let tasks = self.features.par_chunks(ROWS_PER_TASK * self.n_features);
        let tasks: Vec<Expansion> = tasks
            .zip(self.targets.par_chunks(ROWS_PER_TASK))
            .map(|(features, targets)| self.expand_rows(parameters, features, targets))
            .collect();
        let squares: f64 = parameters.iter().map(|x| x * x).sum();
        let mut total = Expansion {
            value: 0.5 * squares,
            gradient: parameters.to_vec(),
            curvature: vec![0.0; n * n],
        };
        for i in 0..n {
            total.curvature[i * n + i] = 1.0;
        }
        for task in tasks {
            total.value += task.value;
            add(&mut total.gradient, &task.gradient);
            add(&mut total.curvature, &task.curvature);
        }
        total
    }

    /// Of the data alone.
    fn expand_rows(&self, parameters: &[f64], features: &[f64], targets: &[usize]) -> Expansion {
        let n = parameters.len();
        let mut found = Expansion {
            value: 0.0,
            gradient: vec![0.0; n],
            curvature: vec![0.0; n * n],
        };
        // The intercept is the weight of a feature that is always 1.
        let mut row = vec![1.0; n];
        for (features, &target) in features.chunks_exact(self.n_features).zip(targets) {
            row[..self.n_features].copy_from_slice(features);
            let sign = if target == self.class { 1.0 } else { -1.0 };
            let margin = sign * score(parameters, features);
            let e = (-margin.abs()).exp();
            found.value += e.ln_1p() - margin.min(0.0);
            let wrong = if 0.0 < margin {
                e / (1.0 + e)
            } else {
                1.0 / (1.0 + e)
            };
            let weight = wrong * (1.0 - wrong);
            for (i, &x) in row.iter().enumerate() {
                found.gradient[i] -= sign * wrong * x;
                let scaled = weight * x;
                let products = found.curvature[i * n..][..=i].iter_mut().zip(&row);
                for (product, other) in products {
                    *product += scaled * other;
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intercept_is_penalised_like_a_weight() {
        // Without a feature that tells, the sigmoid's intercept b has 30 σ(-b) - 10 σ(b) = b for a class of 30 of 40 rows.
        let labels: Vec<usize> = (0..40).map(|row| if row < 30 { 5 } else { 2 }).collect();
        let model = OneVsRest::fit(&[0.0; 40], 1, &labels);
        assert_eq!(model.classes(), [2, 5]);
        let b = model.intercept(1);
        assert!(
            (30.0 * sigmoid(-b) - 10.0 * sigmoid(b) - b).abs() < 1e-8,
            "{b}"
        );
        assert!(
            (b + model.intercept(0)).abs() < 1e-9,
            "two classes are one sigmoid"
        );
        assert_eq!(model.accuracy(&[0.0; 40], &labels), 0.75);
    }

    #[test]
    fn a_class_in_the_middle_has_no_line_of_its_own() {
        // Equal shares at -1, 0 and 1: no line is high in the middle and low on both sides.
        let features: Vec<f64> = (0..90).map(|row| f64::from(row % 3) - 1.0).collect();
        let labels: Vec<usize> = (0..90).map(|row| row % 3).collect();
        let model = OneVsRest::fit(&features, 1, &labels);
        assert!(model.coefficients(1)[0].abs() < 1e-9);
        let [low, middle, high] = model.probabilities(&[0.0])[..] else {
            panic!("three classes")
        };
        assert!((low - high).abs() < 1e-9 && (low + middle + high - 1.0).abs() < 1e-12);
        assert_eq!(model.predict(&[1.0]), 2);
    }

    #[test]
    fn separable_and_huge_features_are_fitted_too() {
        for scale in [1.0, 1e6, 1e30] {
            let labels: Vec<usize> = (0..90).map(|row| row % 2).collect();
            let features: Vec<f64> = labels.iter().map(|&x| scale * (x as f64 - 0.5)).collect();
            let model = OneVsRest::fit(&features, 1, &labels);
            assert_eq!(model.accuracy(&features, &labels), 1.0, "{scale}");
            let probabilities = model.probabilities(&[scale]);
            assert!(probabilities.iter().all(|x| x.is_finite()), "{scale}");
        }
    }

    #[test]
    fn one_class_and_no_rows_have_an_answer() {
        let model = OneVsRest::fit(&[1.0, 2.0], 1, &[4, 4]);
        assert_eq!(
            (model.predict(&[9.0]), model.probabilities(&[9.0])),
            (4, vec![1.0])
        );
        assert_eq!(OneVsRest::fit(&[], 1, &[]).predict(&[9.0]), 0);
    }
}
