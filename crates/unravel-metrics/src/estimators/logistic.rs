//! Multinomial logistic regression with an L2 penalty, equivalent to the `LogisticRegression` of scikit-learn 1.5 with
//! defaults.
//!
//! The objective is `c · Σ_i -ln p(y_i | x_i) + ½ Σ w²` over the weights of all classes; intercepts are free.
//! scikit-learn stops its L-BFGS early (tolerance 1e-4 of the mean gradient); here Newton's method runs until the
//! objective is within 1e-9 nats of its minimum, so the result does not depend on the solver. With two classes
//! scikit-learn fits one sigmoid; the softmax over both has the same minimum with twice the penalty, which is what is
//! fitted here.
//!
//! For few classes, the equations of a step are solved directly, which costs `n · (k·p)² / 4` multiplications for n
//! rows, k classes and p features; for more, by conjugate gradients, at about `n · k·p` per iteration. Rows are summed
//! in fixed chunks and the chunks in order, so the result does not depend on the number of threads.

use super::blocked::Blocked;
use super::multinomial::Problem;
use super::newton_cg::{self, Stop};
use super::vectors::check_rows;
use crate::bytes::{Bytes, array_bytes};

/// The maximum number of parameters for which the second derivatives are stored.
const MAX_DIRECT: usize = 64;

/// Copies of the labels that a fit holds, sorted and as places among the classes.
pub(super) const N_LABELS: usize = 3;

/// The settings of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticRegression {
    /// Weight of the data against the penalty, above 0 (scikit-learn's `C`).
    pub c: f64,
    /// Maximum number of Newton steps; about ten are usual.
    pub max_iterations: usize,
    /// With many classes: the predicted decrease of a step, in nats over all rows, below which the method ends.
    pub tolerance_nats: f64,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        Self {
            c: 1.0,
            max_iterations: 100,
            tolerance_nats: 1e-6,
        }
    }
}

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticModel {
    n_features: usize,
    /// The labels that occurred, ascending.
    classes: Vec<usize>,
    /// `[n_classes, n_features + 1]`, each row the weights of a class and its intercept.
    parameters: Vec<f64>,
    n_iterations: usize,
    converged: bool,
}

impl LogisticRegression {
    /// Fits `features` (`[n, n_features]`, row-major, finite) to `labels` (`[n]`). Labels are any integers; only those
    /// that occur become classes. Without rows, the model predicts 0; with one class, it always predicts this class.
    ///
    /// # Panics
    /// If `features` is not `[labels.len(), n_features]`.
    pub fn fit(&self, features: &[f64], n_features: usize, labels: &[usize]) -> LogisticModel {
        check_rows(features, n_features, labels);
        let (classes, targets) = classes_of(labels);
        let mut model = LogisticModel::blank(n_features, classes);
        let n_classes = model.classes.len();
        if n_classes < 2 {
            return model;
        }
        if model.parameters.len() <= MAX_DIRECT {
            let problem = Problem {
                features,
                n_features,
                targets: &targets,
                n_classes,
                penalty: self.penalty(n_classes),
            };
            (model.n_iterations, model.converged) =
                problem.minimise(&mut model.parameters, self.max_iterations);
        } else {
            let problem = Blocked::new(features, n_features, &targets, n_classes);
            self.move_to_minimum(&problem, &mut model);
        }
        model
    }

    /// Bytes that a fit holds at most: next to none beside the labels where the second derivatives are written down.
    pub(crate) fn bytes(n_rows: usize, n_features: usize, n_classes: usize) -> Bytes {
        let labels = array_bytes::<usize>(&[n_rows, N_LABELS]);
        match n_classes.saturating_mul(n_features + 1) <= MAX_DIRECT {
            true => labels,
            false => labels + newton_cg::bytes(n_rows, n_features, n_classes),
        }
    }

    /// Weight of the penalty in units where the data have weight 1.
    fn penalty(&self, n_classes: usize) -> f64 {
        (if n_classes == 2 { 2.0 } else { 1.0 }) / self.c
    }

    /// Fits a model from where it is.
    pub(super) fn move_to_minimum(&self, problem: &Blocked, model: &mut LogisticModel) {
        let stop = Stop {
            max_iterations: self.max_iterations,
            tolerance_nats: self.tolerance_nats,
        };
        let penalty = self.penalty(problem.n_classes());
        (model.n_iterations, model.converged) =
            newton_cg::minimise(problem, penalty, &mut model.parameters, stop);
        model.centre_intercepts();
    }
}

/// The labels that occur, ascending (0 if there are none), and the position of each row's among them.
pub(super) fn classes_of(labels: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        classes.push(0);
    }
    let targets = labels
        .iter()
        .map(|label| classes.partition_point(|class| class < label))
        .collect();
    (classes, targets)
}

impl LogisticModel {
    /// A model with weights of zero.
    pub(super) fn blank(n_features: usize, classes: Vec<usize>) -> Self {
        Self {
            n_features,
            parameters: vec![0.0; classes.len() * (n_features + 1)],
            classes,
            n_iterations: 0,
            converged: true,
        }
    }

    /// Makes the sum of the intercepts zero. Adding a constant to all of them changes no probability.
    fn centre_intercepts(&mut self) {
        let width = self.n_features + 1;
        let intercepts = self
            .parameters
            .iter_mut()
            .skip(self.n_features)
            .step_by(width);
        let mean = intercepts.map(|intercept| *intercept).sum::<f64>() / self.classes.len() as f64;
        for intercept in self
            .parameters
            .iter_mut()
            .skip(self.n_features)
            .step_by(width)
        {
            *intercept -= mean;
        }
    }

    /// The probability of each class for one row of features, in the order of [`LogisticModel::classes`].
    pub fn probabilities(&self, features: &[f64]) -> Vec<f64> {
        let scores = (0..self.classes.len()).map(|class| self.score(class, features));
        let mut scores: Vec<f64> = scores.collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for score in &mut scores {
            *score = (*score - highest).exp();
        }
        let sum: f64 = scores.iter().sum();
        scores.iter().map(|score| score / sum).collect()
    }

    fn score(&self, class: usize, features: &[f64]) -> f64 {
        let weighted = self
            .coefficients(class)
            .iter()
            .zip(features)
            .map(|(w, x)| w * x);
        weighted.sum::<f64>() + self.intercept(class)
    }

    /// The labels that the model can predict, ascending.
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// Weights of the class at a position in [`LogisticModel::classes`], `[n_features]`.
    pub fn coefficients(&self, class: usize) -> &[f64] {
        &self.parameters[class * (self.n_features + 1)..][..self.n_features]
    }

    /// Intercept of the class at a position in [`LogisticModel::classes`].
    pub fn intercept(&self, class: usize) -> f64 {
        self.parameters[class * (self.n_features + 1) + self.n_features]
    }

    /// Newton steps taken.
    pub fn n_iterations(&self) -> usize {
        self.n_iterations
    }

    /// Whether the minimum was reached. Otherwise the model is the best one found.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The most probable label of one row of features, the lowest on a tie.
    pub fn predict(&self, features: &[f64]) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for class in 0..self.classes.len() {
            let score = self.score(class, features);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_features_that_tell_the_shares_are_fitted() {
        let labels: Vec<usize> = (0..100)
            .map(|row| if row < 60 { 7 } else { 2 + row % 2 })
            .collect();
        let model = LogisticRegression::default().fit(&[0.0; 100], 1, &labels);
        assert_eq!(model.classes(), [2, 3, 7]);
        assert!((model.intercept(2) - model.intercept(0) - 3_f64.ln()).abs() < 1e-9);
        assert_eq!(model.predict(&[0.0]), 7);
        assert_eq!(model.accuracy(&[0.0; 100], &labels), 0.6);
    }

    #[test]
    fn two_classes_are_fitted_as_one_sigmoid() {
        // x = ±1 with labels that follow the sign in 3 of 4 rows. For the sigmoid with weight w the minimum of
        // 30 ln(1 + e^-w) + 10 ln(1 + e^w) + w²/2 is where 30 σ(-w) - 10 σ(w) = w.
        let rows = (0..40).map(|row| if row % 2 == 0 { 1.0 } else { -1.0 });
        let features: Vec<f64> = rows.collect();
        let labels: Vec<usize> = (0..40)
            .map(|row| usize::from((row % 2 == 0) == (8 <= row % 40 && row < 38)))
            .collect();
        let agree = features
            .iter()
            .zip(&labels)
            .filter(|(x, label)| (0.0 < **x) == (**label == 1))
            .count();
        assert_eq!(agree, 30);
        let model = LogisticRegression::default().fit(&features, 1, &labels);
        let weight = model.coefficients(1)[0] - model.coefficients(0)[0];
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        assert!(
            (30.0 * sigmoid(-weight) - 10.0 * sigmoid(weight) - weight).abs() < 1e-8,
            "{weight}"
        );
    }

    #[test]
    fn separable_and_huge_features_are_fitted_too() {
        for scale in [1e-30, 1.0, 1e6, 1e38] {
            let labels: Vec<usize> = (0..90).map(|row| row % 3).collect();
            let one_hot = |label: &usize| [0, 1].map(|k| if k == *label { scale } else { 0.0 });
            let features: Vec<f64> = labels.iter().flat_map(one_hot).collect();
            let model = LogisticRegression::default().fit(&features, 2, &labels);
            let expected = if scale < 1e-20 { 1.0 / 3.0 } else { 1.0 };
            assert_eq!(model.accuracy(&features, &labels), expected, "{scale}");
        }
    }

    #[test]
    fn one_class_and_no_rows_have_an_answer() {
        assert_eq!(
            LogisticRegression::default()
                .fit(&[1.0, 2.0], 1, &[4, 4])
                .predict(&[9.0]),
            4
        );
        assert_eq!(
            LogisticRegression::default()
                .fit(&[], 1, &[])
                .predict(&[9.0]),
            0
        );
    }
}
